//! What the public page says. It changes as a whole with the state of the region (INCIDENTS lesson 28): a word in the
//! heading, a band and a background, never a small notice on a page that looks as always. It is true by itself: it says when
//! it was checked, until when it is valid, and whom to call after that (RULES D9), so that a dead server's copy misleads
//! nobody. No script, no request to anywhere, one file below [`PAGE_BYTES_MAX`].

use askama::Template;

use crate::domain::lang::Lang;

/// One whole page, style included, without the texts beyond their own length.
pub const PAGE_BYTES_MAX: usize = 16 * 1024;

/// How the region is, as the public is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicState {
    /// Nothing is known to be wrong.
    Normal,
    /// Something is being looked into, or disturbed.
    Disturbance,
    /// A raised mode that the public needs to know of.
    Crisis,
}

/// One text for the public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicText {
    /// `14-2`.
    pub number: String,
    /// Of this language's text.
    pub fingerprint: String,
    /// The canonical text, byte for byte; it stands alone in one element.
    pub text: String,
    /// Released, as it is written.
    pub released: String,
}

/// What a page shows, in one language. Times are written as people read them, in the region's zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicPage {
    /// Of the page.
    pub lang: Lang,
    /// Other languages of the same page, with their paths.
    pub others: Vec<(Lang, String)>,
    /// `Region Fjällmark`.
    pub region: String,
    /// It does not exist.
    pub fictional: bool,
    /// How the region is.
    pub state: PublicState,
    /// Something is known, and no text about it was approved yet.
    pub investigating: bool,
    /// Names of the sites concerned, in full; empty: the whole region.
    pub sites: Vec<String>,
    /// The newest first.
    pub texts: Vec<PublicText>,
    /// The next update, if one was promised.
    pub next_update: Option<String>,
    /// The number for the public.
    pub call: String,
    /// Checked at.
    pub checked: String,
    /// Valid until.
    pub valid: String,
    /// Loaded anew by the browser after so many seconds.
    pub refresh_s: u32,
}

#[derive(Template)]
#[template(path = "public.html")]
struct Page<'a> {
    p: &'a PublicPage,
}

impl Page<'_> {
    fn t<'a>(&self, sv: &'a str, en: &'a str) -> &'a str {
        if self.p.lang == Lang::SV { sv } else { en }
    }
    fn class(&self) -> &'static str {
        match self.p.state {
            PublicState::Normal => "normal",
            PublicState::Disturbance => "disturbance",
            PublicState::Crisis => "crisis",
        }
    }
    fn sign(&self) -> &'static str {
        match self.p.state {
            PublicState::Normal => "✓",
            PublicState::Disturbance => "▲",
            PublicState::Crisis => "■",
        }
    }
    fn heading(&self) -> &'static str {
        let sv = self.p.lang == Lang::SV;
        match (self.p.state, self.p.investigating && self.p.texts.is_empty()) {
            (PublicState::Normal, _) => if sv { "Inga kända störningar" } else { "No known disruptions" },
            (PublicState::Disturbance, true) => if sv { "Störning utreds" } else { "A disruption is being investigated" },
            (PublicState::Disturbance, false) => if sv { "Störning i vården" } else { "Disruption in health care" },
            (PublicState::Crisis, true) => if sv { "Allvarlig störning utreds" } else { "A serious disruption is being investigated" },
            (PublicState::Crisis, false) => if sv { "Allvarlig störning i vården" } else { "Serious disruption in health care" },
        }
    }
    fn lang_name(&self, lang: &Lang) -> String {
        match lang.as_str() {
            "sv" => "Svenska".into(),
            "en" => "English".into(),
            other => other.to_owned(),
        }
    }
}

/// The page as HTML, for the public listener to keep ready.
pub fn render_public(page: &PublicPage) -> String {
    // Writing into memory fails only if a field's own writing does; none of these can.
    (Page { p: page }).render().unwrap_or_default()
}
