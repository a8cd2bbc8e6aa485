//! What stands around each page: made here, once, and not within each page's own template, where it would be compiled as often as
//! there are pages.

use askama::Template;

use super::ui::Ui;
use crate::words::console as w;

#[derive(Template)]
#[template(path = "base_bands.html")]
struct Bands<'a> {
    ui: &'a Ui,
}

#[derive(Template)]
#[template(path = "base_top.html")]
struct Top<'a> {
    ui: &'a Ui,
}

#[derive(Template)]
#[template(path = "base_foot.html")]
struct Foot<'a> {
    ui: &'a Ui,
}

impl Ui {
    /// What is not well, before everything else.
    pub fn bands(&self) -> String {
        written(&Bands { ui: self })
    }
    /// Who one is, the languages, and where to go.
    pub fn top(&self) -> String {
        written(&Top { ui: self })
    }
    /// As of when.
    pub fn foot(&self) -> String {
        written(&Foot { ui: self })
    }
}

/// Writing into memory does not fail.
fn written(part: &impl Template) -> String {
    part.render().unwrap_or_default()
}
