//! What the public page looks like. It changes as a whole with the state of the region (INCIDENTS lesson 28): heading, band
//! and background, never a small notice on a page that looks as always. It is true by itself: it says when it was checked,
//! until when it is valid, and whom to call after that (RULES D9), so that a dead server's copy misleads nobody. No script,
//! no request to anywhere, one file below [`PAGE_BYTES_MAX`] besides its texts.
//!
//! It does not load anew by itself. A page that does, by `<meta>` or by the header `Refresh`, takes the place from whoever has it read
//! out and can't be stopped by its reader (WCAG 2.1, 2.2.1, 2.2.4 and technique failures F40 and F41), and without script there is no
//! other way. Its own words say how old it is, and a link beside them fetches the newest.
//!
//! What it says is [`crate::domain::public_view`]'s; here it only gets its form.

mod embed;
mod look;
mod statement;

use askama::Template;

use crate::config::Statement;
use crate::domain::ids::SiteId;
use crate::domain::incident::render::{investigating, sentences};
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::public_view::{PublicMessage, PublicState, PublicView, Stands};
use crate::domain::time::At;
use crate::words::{self, Section, Word, public as w};

pub use embed::render_embed;
pub use statement::render_statement;

/// One whole page, style included, without the texts themselves.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "a test holds every page to it"))]
pub const PAGE_BYTES_MAX: usize = 16 * 1024;

/// What stands around the view.
#[derive(Clone, Copy, Debug)]
pub struct PageFrame<'a> {
    /// Names, zone, languages.
    pub plan: &'a Plan,
    /// The region does not exist.
    pub fictional: bool,
    /// It is run in training.
    pub training: bool,
    /// What it says of its accessibility.
    pub statement: &'a Statement,
    /// Where readers reach this program (`https://lage.region.example`); empty: not known.
    pub public_url: &'a str,
}

/// Where links lead from a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// On this program's own listener: `/sv`.
    Own,
    /// In a mirror, from so many folders below its top: `../sv/index.html`. Relative and to files, so that they hold wherever the
    /// mirror lies and whatever serves it.
    Mirror { depth: u8 },
}

impl Links {
    /// Leads to a file of the mirror, or to what lies there on our own listener.
    fn to(self, file: &str) -> String {
        match self {
            Links::Own => format!("/{}", file.strip_suffix("/index.html").unwrap_or(file)),
            Links::Mirror { depth } => format!("{}{file}", "../".repeat(depth.into())),
        }
    }
}

/// A text as a page shows it.
struct Text<'a> {
    lang: Lang,
    message: &'a PublicMessage,
    parts: Vec<String>,
    print: String,
}

impl Text<'_> {
    fn headline(&self) -> &str {
        self.parts.first().map_or("", String::as_str)
    }
}

/// The language of what stands around the texts: a page's own, or English where no catalogue has it, and then the page says so
/// in its `lang`.
pub fn words_of(lang: Lang) -> Lang {
    if Section::Public.languages().any(|has| has == lang) { lang } else { Lang::EN }
}

/// The heading of one state.
pub(crate) fn heading(stands: Stands) -> Word {
    match stands {
        Stands::Normal => w::HEADING_NORMAL,
        Stands::Over => w::HEADING_OVER,
        Stands::Withdrawn => w::HEADING_WITHDRAWN,
        Stands::Investigated => w::HEADING_DISTURBANCE_INVESTIGATED,
        Stands::Disturbance => w::HEADING_DISTURBANCE,
        Stands::CrisisInvestigated => w::HEADING_CRISIS_INVESTIGATED,
        Stands::Crisis => w::HEADING_CRISIS,
    }
}

/// A site's name as people read it; never its code (RULES A1).
pub fn site_name<'a>(plan: &'a Plan, id: &SiteId, lang: Lang) -> &'a str {
    if *id == plan.region.whole {
        return &plan.region.name;
    }
    let site = plan.region.sites.iter().find(|s| s.id == *id);
    site.map_or(&plan.region.name, |s| s.name.get(lang))
}

/// A telephone number as a link has it.
fn dialled(number: &str) -> String {
    number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// What every page of the public has: a region, a language, links.
#[derive(Clone, Copy)]
struct Around<'a> {
    view: &'a PublicView,
    lang: Lang,
    /// The language of the words around the texts.
    words: Lang,
    frame: &'a PageFrame<'a>,
    links: Links,
}

impl<'a> Around<'a> {
    fn t(&self, word: Word) -> &'static str {
        word.say(self.words)
    }
    fn region(&self) -> &'a str {
        &self.frame.plan.region.name
    }
    fn heading(&self) -> &'static str {
        self.t(heading(self.view.stands()))
    }
    fn page(&self, lang: Lang) -> String {
        self.links.to(&format!("{lang}/index.html"))
    }
    fn accessibility(&self, lang: Lang) -> String {
        self.links.to(&format!("{lang}/accessibility/index.html"))
    }
    fn others(&self) -> Vec<Lang> {
        self.frame.plan.region.languages.iter().copied().filter(|l| *l != self.lang).collect()
    }
    fn lang_name(&self, lang: Lang) -> String {
        words::own_name(lang).map_or_else(|| lang.to_string(), str::to_owned)
    }
    fn element(&self, at: At, said: &str) -> String {
        let local = self.frame.plan.calendar.local(at.timestamp());
        let said = askama::filters::escape(said, askama::filters::Html).map_or_else(|e| match e {}, |s| s.to_string());
        format!("<time datetime=\"{}\">{said}</time>", local.strftime("%Y-%m-%dT%H:%M:%S%:z"))
    }
    /// A page is kept by mirrors and printed: the time by which it must be judged has its day and year.
    fn time(&self, at: At) -> String {
        let plan = self.frame.plan;
        self.element(at, &plan.words(self.lang).dated_time(&plan.calendar, at.timestamp()))
    }
    /// As short as it may be read today.
    fn time_soon(&self, at: At) -> String {
        let plan = self.frame.plan;
        let now = self.view.checked_at.timestamp();
        self.element(at, &plan.words(self.lang).time(&plan.calendar, at.timestamp(), now))
    }
    /// What a reader of an old page is told: whom to call, where there is a number.
    fn when_old(&self) -> String {
        match self.view.call.as_str() {
            "" => format!("{}.", self.t(w::DO_NOT_RELY_ALONE)),
            call => format!("{} {call}.", self.t(w::DO_NOT_RELY)),
        }
    }
    /// Each text in this language; one that is not there, in the first language of the region that it has. What nobody read in a
    /// language is in none.
    fn texts(&self) -> Vec<Text<'a>> {
        let mut texts = Vec::new();
        for message in &self.view.messages {
            let Some((lang, text)) = message.text_for(self.lang, &self.frame.plan.region.languages) else { continue };
            let print = message.fingerprint.get(&lang).map_or_else(String::new, ToString::to_string);
            texts.push(Text { lang, message, parts: sentences(text), print });
        }
        texts
    }
}

/// Methods of [`Around`] as templates ask for them: by reference.
macro_rules! around {
    ($page:ty) => {
        impl $page {
            fn t(&self, word: Word) -> &'static str {
                self.around.t(word)
            }
            fn region(&self) -> &str {
                self.around.region()
            }
            fn page(&self, lang: &Lang) -> String {
                self.around.page(*lang)
            }
        }
    };
}
use around;

#[derive(Template)]
#[template(path = "public.html")]
struct Page<'a> {
    around: Around<'a>,
    view: &'a PublicView,
    lang: Lang,
    words: Lang,
    frame: &'a PageFrame<'a>,
}

around!(Page<'_>);

impl<'a> Page<'a> {
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
    fn time_soon(&self, at: &At) -> String {
        self.around.time_soon(*at)
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
    fn accessibility(&self) -> String {
        self.around.accessibility(self.lang)
    }
    fn to(&self, file: &str) -> String {
        self.around.links.to(file)
    }
    fn feed(&self) -> String {
        self.to(&format!("feed.{}.atom", self.lang))
    }
    fn feed_title(&self) -> String {
        w::feed_title(self.words, self.region())
    }
    /// What has a CAP file.
    fn alerts(&self) -> Vec<&'a PublicMessage> {
        self.view.messages.iter().filter(|m| !m.text.is_empty()).collect()
    }
    fn cap(&self, message: &PublicMessage) -> String {
        self.to(&format!("cap/{}.xml", message.number))
    }
    /// Sites with their state, in the region's order; none while all is normal.
    fn sites(&self) -> Vec<(&'a str, &'static str, &'static str)> {
        if self.view.region == PublicState::Normal {
            return Vec::new();
        }
        let said = |s: PublicState| match s {
            PublicState::Normal => (look::sign(Stands::Normal), self.t(w::SITE_NORMAL)),
            PublicState::Disturbance => (look::sign(Stands::Disturbance), self.t(w::SITE_DISTURBANCE)),
            PublicState::Crisis => (look::sign(Stands::Crisis), self.t(w::SITE_CRISIS)),
        };
        let site = |(id, state): &'a (SiteId, PublicState)| {
            let (sign, word) = said(*state);
            (site_name(self.frame.plan, id, self.lang), sign, word)
        };
        self.view.sites.iter().map(site).collect()
    }
    /// What the page says while nothing is approved: as messages.yaml words it.
    fn investigated(&self) -> Vec<String> {
        sentences(&investigating(self.frame.plan, self.lang, self.view.more_by, self.view.checked_at))
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

/// The page in one language, with its links as the place wants them.
pub fn render_page(view: &PublicView, lang: Lang, frame: &PageFrame<'_>, links: Links) -> String {
    let words = words_of(lang);
    let around = Around { view, lang, words, frame, links };
    // Writing into memory fails only if a field's own writing does; none of these can.
    (Page { around, view, lang, words, frame }).render().unwrap_or_default()
}

/// The page in one language, for the public listener.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn render_public(view: &PublicView, lang: Lang, frame: &PageFrame<'_>) -> String {
    render_page(view, lang, frame, Links::Own)
}
