//! The page that others show in a frame: how it stands, the heading of each text, and a link that opens the whole page in the
//! place of the one around the frame. Small, without script, and true by itself as the page is.

use askama::Template;

use super::{Around, Links, PageFrame, Text, around, look, words_of};
use crate::domain::lang::Lang;
use crate::domain::public_view::PublicView;
use crate::domain::time::At;
use crate::words::{Word, public as w};

#[derive(Template)]
#[template(path = "public_embed.html")]
struct Embed<'a> {
    around: Around<'a>,
    view: &'a PublicView,
    lang: Lang,
    words: Lang,
    frame: &'a PageFrame<'a>,
}

around!(Embed<'_>);

impl<'a> Embed<'a> {
    fn style(&self) -> String {
        look::style(self.view.stands())
    }
    fn when_old(&self) -> String {
        self.around.when_old()
    }
    fn sign(&self) -> &'static str {
        look::sign(self.view.stands())
    }
    fn heading(&self) -> &'static str {
        self.around.heading()
    }
    fn texts(&self) -> Vec<Text<'a>> {
        self.around.texts()
    }
    fn time(&self, at: &At) -> String {
        self.around.time(*at)
    }
}

/// The page for a frame, in one language.
pub fn render_embed(view: &PublicView, lang: Lang, frame: &PageFrame<'_>, links: Links) -> String {
    let words = words_of(lang);
    let around = Around { view, lang, words, frame, links };
    // Writing into memory fails only if a field's own writing does; none of these can.
    (Embed { around, view, lang, words, frame }).render().unwrap_or_default()
}
