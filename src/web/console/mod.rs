//! stub
use super::Ctx;
pub fn router() -> axum::Router<Ctx> {
    axum::Router::new()
}
pub fn is_browser(_: &str, _: &axum::http::HeaderMap) -> bool {
    false
}
