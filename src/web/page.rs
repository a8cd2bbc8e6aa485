//! stub
use crate::domain::{lang::Lang, plan::Plan, public_view::PublicView};
/// stub
pub struct PageFrame<'a> {
    /// plan
    pub plan: &'a Plan,
    /// fictional
    pub fictional: bool,
}
/// stub
pub fn render_public(v: &PublicView, l: Lang, _: &PageFrame<'_>) -> String {
    v.messages.iter().filter_map(|m| m.text.get(&l)).cloned().collect::<Vec<_>>().join("\n")
}
