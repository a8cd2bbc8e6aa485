//! What the public page looks like. It changes as a whole with the state of the region (INCIDENTS lesson 28): heading, band
//! and background, never a small notice on a page that looks as always. It is true by itself: it says when it was checked,
//! until when it is valid, and whom to call after that (RULES D9), so that a dead server's copy misleads nobody. No script,
//! no request to anywhere, one file below [`PAGE_BYTES_MAX`] besides its texts.
//!
//! What it says is [`crate::domain::public_view`]'s; here it only gets its form.

use askama::Template;

use crate::domain::ids::SiteId;
use crate::domain::incident::render::{investigating, sentences};
use crate::domain::incident::values::Kind;
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::public_view::{PublicMessage, PublicState, PublicView};
use crate::domain::time::At;
use crate::words::{self, Word, public as w};

/// One whole page, style included, without the texts themselves.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "a test holds every page to it"))]
pub const PAGE_BYTES_MAX: usize = 16 * 1024;
/// Browsers load the page anew after so many seconds.
const REFRESH_S: u32 = 60;

/// What stands around the view.
#[derive(Clone, Copy, Debug)]
pub struct PageFrame<'a> {
    /// Names, zone, languages.
    pub plan: &'a Plan,
    /// The region does not exist.
    pub fictional: bool,
}

#[derive(Template)]
#[template(path = "public.html")]
struct Page<'a> {
    view: &'a PublicView,
    lang: Lang,
    frame: &'a PageFrame<'a>,
    links: Links,
}

/// Where a page's links to its other languages lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// On this program's own listener: `/sv`.
    Own,
    /// In a mirror, so many folders below its top: `../sv/index.html`. Relative and to files, so that they hold wherever the
    /// mirror lies and whatever serves it.
    Mirror { depth: u8 },
}

/// The words of one state.
const fn heading(state: PublicState, investigating: bool) -> Word {
    match (state, investigating) {
        (PublicState::Normal, _) => w::HEADING_NORMAL,
        (PublicState::Disturbance, true) => w::HEADING_DISTURBANCE_INVESTIGATED,
        (PublicState::Disturbance, false) => w::HEADING_DISTURBANCE,
        (PublicState::Crisis, true) => w::HEADING_CRISIS_INVESTIGATED,
        (PublicState::Crisis, false) => w::HEADING_CRISIS,
    }
}

impl Page<'_> {
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn class(&self) -> &'static str {
        match self.view.region {
            PublicState::Normal => "normal",
            PublicState::Disturbance => "disturbance",
            PublicState::Crisis => "crisis",
        }
    }
    fn sign(&self) -> &'static str {
        sign(self.view.region)
    }
    fn heading(&self) -> &'static str {
        self.t(heading(self.view.region, self.view.investigating && self.view.messages.is_empty()))
    }
    fn region(&self) -> &str {
        &self.frame.plan.region.name
    }
    fn refresh_s(&self) -> u32 {
        REFRESH_S
    }
    /// Sites with their state, in the region's order; none while all is normal.
    fn sites(&self) -> Vec<(&str, &'static str, &'static str)> {
        if self.view.region == PublicState::Normal {
            return Vec::new();
        }
        let word = |s: PublicState| match s {
            PublicState::Normal => self.t(w::SITE_NORMAL),
            PublicState::Disturbance => self.t(w::SITE_DISTURBANCE),
            PublicState::Crisis => self.t(w::SITE_CRISIS),
        };
        self.view.sites.iter().map(|(id, s)| (self.site(id), sign(*s), word(*s))).collect()
    }
    fn site<'a>(&'a self, id: &'a SiteId) -> &'a str {
        let site = self.frame.plan.region.sites.iter().find(|s| s.id == *id);
        site.map_or(id.as_str(), |s| s.name.get(self.lang))
    }
    fn time(&self, at: &At) -> String {
        let plan = self.frame.plan;
        plan.words(self.lang).time(&plan.calendar, at.timestamp(), self.view.checked_at.timestamp())
    }
    /// A page is kept by mirrors and printed: the time by which it must be judged has its date.
    fn full(&self, at: &At) -> String {
        self.frame.plan.words(self.lang).full_time(&self.frame.plan.calendar, at.timestamp())
    }
    /// A text in this language; what nobody read in it stays away.
    fn texts(&self) -> Vec<(&PublicMessage, Vec<String>, String)> {
        let mut texts = Vec::new();
        for m in &self.view.messages {
            if let Some(text) = m.text.get(&self.lang) {
                let print = m.fingerprint.get(&self.lang).map_or_else(String::new, ToString::to_string);
                texts.push((m, sentences(text), print));
            }
        }
        texts
    }
    /// What the page says while nothing is approved: as messages.yaml words it.
    fn investigated(&self) -> Vec<String> {
        sentences(&investigating(self.frame.plan, self.lang, self.view.more_by, self.view.checked_at))
    }
    /// Which languages a text exists in besides this one, when not in this.
    fn only_in_another(&self) -> bool {
        self.view.messages.iter().any(|m| !m.text.contains_key(&self.lang))
    }
    fn is_over(&self, m: &PublicMessage) -> bool {
        matches!(m.kind, Kind::AllClear)
    }
    fn link(&self, lang: &Lang) -> String {
        match self.links {
            Links::Own => format!("/{lang}"),
            Links::Mirror { depth } => format!("{}{lang}/index.html", "../".repeat(depth.into())),
        }
    }
    fn others(&self) -> Vec<Lang> {
        self.frame.plan.region.languages.iter().copied().filter(|l| *l != self.lang).collect()
    }
    fn lang_name(&self, lang: &Lang) -> String {
        words::own_name(*lang).map_or_else(|| lang.to_string(), str::to_owned)
    }
}

/// A sign besides the word and the colour, for people who don't see colours.
fn sign(state: PublicState) -> &'static str {
    match state {
        PublicState::Normal => "✓",
        PublicState::Disturbance => "▲",
        PublicState::Crisis => "■",
    }
}

/// The texts that a page shows, as it has them: each with its parts joined by one space, escaped as HTML is. Equality with the
/// canonical text is judged on this (RULES A12).
pub fn shown_texts(html: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(TEXT_BEGINS) {
        let after = &rest[at..];
        let Some(begin) = after.find('>') else { break };
        let Some(end) = after.find("</div>") else { break };
        let mut text = String::new();
        let mut inside = false;
        for c in after[begin + 1..end.max(begin + 1)].chars() {
            match c {
                '<' => inside = true,
                '>' if inside => inside = false,
                c if !inside => text.push(c),
                _ => {}
            }
        }
        texts.push(text);
        rest = &after[end..];
    }
    texts
}

/// What the element of a text begins with.
const TEXT_BEGINS: &str = "<div class=\"text\"";

/// The page in one language, for the public listener to keep ready.
pub fn render_public(view: &PublicView, lang: Lang, frame: &PageFrame<'_>) -> String {
    render_linked(view, lang, frame, Links::Own)
}

/// The page in one language, with its links to others as the place wants them.
pub fn render_linked(view: &PublicView, lang: Lang, frame: &PageFrame<'_>, links: Links) -> String {
    // Writing into memory fails only if a field's own writing does; none of these can.
    (Page { view, lang, frame, links }).render().unwrap_or_default()
}
