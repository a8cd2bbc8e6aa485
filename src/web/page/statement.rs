//! The statement of accessibility: how the page is made, what the region says of it, where faults are reported, and who supervises.
//! Law (2018:1937) on accessibility of digital public services, sections 13 to 18; Commission implementing decision (EU)
//! 2018/1523 has the model. The government names who supervises (section 16), and has moved it before: the region writes it.

use askama::Template;

use super::{Around, Links, PageFrame, around, dialled, look, words_of};
use crate::domain::lang::Lang;
use crate::domain::public_view::{PublicView, Stands};
use crate::words::{Word, public as w};

#[derive(Template)]
#[template(path = "public_accessibility.html")]
struct Page<'a> {
    around: Around<'a>,
    call: &'a str,
    lang: Lang,
    words: Lang,
    frame: &'a PageFrame<'a>,
}

around!(Page<'_>);

impl Page<'_> {
    /// That of no state: it is not about one.
    fn style(&self) -> String {
        look::style(Stands::Withdrawn)
    }
    fn dialled(&self, number: &str) -> String {
        dialled(number)
    }
    fn others(&self) -> Vec<Lang> {
        self.around.others()
    }
    fn lang_name(&self, lang: &Lang) -> String {
        self.around.lang_name(*lang)
    }
    fn accessibility_in(&self, lang: &Lang) -> String {
        self.around.accessibility(*lang)
    }
    fn own_text(&self) -> &str {
        self.frame.statement.text.exact(self.lang).unwrap_or_default()
    }
    fn authority(&self) -> &str {
        self.frame.statement.authority.exact(self.lang).unwrap_or_default()
    }
    /// `check` has looked at it: a mail address, an https address, or a telephone number.
    fn contact_link(&self) -> String {
        let contact = &self.frame.statement.contact;
        if contact.contains("://") {
            contact.clone()
        } else if contact.contains('@') {
            format!("mailto:{contact}")
        } else {
            format!("tel:{}", dialled(contact))
        }
    }
}

/// The statement, in one language.
pub fn render_statement(view: &PublicView, lang: Lang, frame: &PageFrame<'_>, links: Links) -> String {
    let words = words_of(lang);
    let around = Around { view, lang, words, frame, links };
    // Writing into memory fails only if a field's own writing does; none of these can.
    (Page { around, call: &view.call, lang, words, frame }).render().unwrap_or_default()
}
