//! What the public page says, and until when (RULES D9): nothing false. Between raise and approval it says that a disturbance
//! is being investigated, never "normal"; a text that was stopped is gone and its correction stands; after that a dead server's
//! mirror shows by its own words that it is old.
//!
//! Must not: know of drills (they never appear), of internal or outside texts, of codes and addresses, or how a page looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{MessageNo, SiteId, Status};
use super::incident::render::{public_tail, sentences};
use super::incident::state::{EntryState, Incident, Message, State};
use super::incident::timers::ARCHIVE_AFTER_S;
use super::incident::values::{Draft, Kind, Phase};
use super::ladder::{LevelIx, ModeIx};
use super::lang::Lang;
use super::plan::{Audience, PublicRule};
use super::text::Fingerprint;
use super::time::At;

/// From this rung a mode shows as a disturbance: `staff`.
const STAFF: ModeIx = ModeIx(1);
/// From this rung a mode shows as a crisis: `reinforced`.
const REINFORCED: ModeIx = ModeIx(2);
/// From this rung an incident shows without any public text: `outage`.
const OUTAGE: LevelIx = LevelIx(1);
/// The most earlier messages that one names, the newest of them: an incident with an update an hour goes on for more than a day.
pub const EARLIER_MAX: usize = 32;

/// How the region, or a site, is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum PublicState {
    /// Nothing is known to be wrong.
    Normal,
    /// Something is, or is being investigated.
    Disturbance,
    /// Reinforced mode or above.
    Crisis,
}

/// How the page as a whole stands: what its heading, band and background say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stands {
    /// Nothing is known to be wrong, and nothing was just now.
    Normal,
    /// An all clear still stands, and nothing else is wrong.
    Over,
    /// What was told did not hold; that is all there is to tell.
    Withdrawn,
    /// Something is being investigated, and nothing is approved yet.
    Investigated,
    Disturbance,
    /// Reinforced mode or above, and nothing is approved yet.
    CrisisInvestigated,
    Crisis,
}

impl Stands {
    /// All of them.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests look at each"))]
    pub const ALL: [Stands; 7] = [
        Stands::Normal,
        Stands::Over,
        Stands::Withdrawn,
        Stands::Investigated,
        Stands::Disturbance,
        Stands::CrisisInvestigated,
        Stands::Crisis,
    ];
    /// Its name in files that programs read.
    pub fn as_str(self) -> &'static str {
        match self {
            Stands::Normal => "normal",
            Stands::Over => "over",
            Stands::Withdrawn => "withdrawn",
            Stands::Investigated => "investigated",
            Stands::Disturbance => "disturbance",
            Stands::CrisisInvestigated => "crisis-investigated",
            Stands::Crisis => "crisis",
        }
    }
}

/// A text for the public, in the languages that somebody read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct PublicMessage {
    pub number: MessageNo,
    /// Which sites it is about; the site that means all of the region may be among them.
    pub sites: Vec<SiteId>,
    /// How it is where the text is about.
    pub state: PublicState,
    /// What the public was told of the same incident before, and when; the oldest first, at most [`EARLIER_MAX`]. What a stop
    /// withdrew is not among them.
    pub earlier: Vec<(MessageNo, At)>,
    /// Per language, at which byte of the text begins what the reader should do; after the end: nowhere.
    pub instruction: BTreeMap<Lang, usize>,
    /// Its kind: an all clear is shown as one.
    pub kind: Kind,
    /// The text's fingerprint in each language.
    pub fingerprint: BTreeMap<Lang, Fingerprint>,
    /// Per language, byte for byte the canonical text.
    pub text: BTreeMap<Lang, String>,
    /// When it was released.
    pub released: At,
    /// When the next update is due; none after an all clear or a stop.
    pub next_update: Option<At>,
}

/// Everything that the page says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct PublicView {
    /// The region: the worst of its sites and incidents.
    pub region: PublicState,
    /// Each site.
    pub sites: Vec<(SiteId, PublicState)>,
    /// The texts that hold, newest first; one per incident.
    pub messages: Vec<PublicMessage>,
    /// Something is going on that no approved text speaks of yet.
    pub investigating: bool,
    /// When the holding text comes at the latest, while nothing is approved.
    pub more_by: Option<At>,
    /// The number for the public.
    pub call: String,
    /// The emergency number.
    pub emergency: String,
    /// As of when.
    pub checked_at: At,
    /// After that the reader should call.
    pub valid_until: At,
}

impl PublicView {
    /// How the page as a whole stands.
    pub fn stands(&self) -> Stands {
        let told = !self.messages.is_empty();
        match (self.region, self.investigating && !told) {
            (PublicState::Normal, _) if self.messages.iter().any(|m| m.kind == Kind::AllClear) => Stands::Over,
            (PublicState::Normal, _) if told => Stands::Withdrawn,
            (PublicState::Normal, _) => Stands::Normal,
            (PublicState::Disturbance, true) => Stands::Investigated,
            (PublicState::Disturbance, false) => Stands::Disturbance,
            (PublicState::Crisis, true) => Stands::CrisisInvestigated,
            (PublicState::Crisis, false) => Stands::Crisis,
        }
    }
}

impl PublicMessage {
    /// Nothing is wrong any more, or never was.
    pub fn is_over(&self) -> bool {
        matches!(self.kind, Kind::AllClear | Kind::Stopped { .. })
    }
    /// The text for a reader of that language: in it, or else in the first of these languages that it exists in. What nobody read
    /// in a language exists in none.
    pub fn text_for(&self, lang: Lang, languages: &[Lang]) -> Option<(Lang, &str)> {
        let mut wanted = std::iter::once(lang).chain(languages.iter().copied());
        wanted.find_map(|l| Some((l, self.text.get(&l)?.as_str())))
    }
    /// The text of a language in its parts.
    pub fn parts(&self, lang: Lang) -> Option<Parts<'_>> {
        let text = self.text.get(&lang)?;
        Some(Parts::of(text, self.instruction.get(&lang).copied().unwrap_or(text.len())))
    }
}

/// A text in three: joined by one space, those that are not empty are the text again, byte for byte (invariant 2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts<'a> {
    /// Its first sentence: the heading, by the public grammar (RULES A12).
    pub headline: &'a str,
    /// What happened, where, since when, what it means.
    pub description: &'a str,
    /// What to do, what works, when the next word comes, whom to call.
    pub instruction: &'a str,
}

impl<'a> Parts<'a> {
    /// Cut at spaces alone. `at`: where the instruction begins; another place than after a space cuts nothing.
    pub fn of(text: &'a str, at: usize) -> Self {
        let head = sentences(text).first().map_or(text.len(), String::len);
        // A space at the end would be lost between two parts.
        if head + 1 >= text.len() || text.as_bytes()[head] != b' ' {
            return Self { headline: text, description: "", instruction: "" };
        }
        let (headline, rest) = (&text[..head], &text[head + 1..]);
        if at == head + 1 {
            return Self { headline, description: "", instruction: rest };
        }
        if at < head + 3 || at >= text.len() || text.as_bytes()[at - 1] != b' ' {
            return Self { headline, description: rest, instruction: "" };
        }
        Self { headline, description: &text[head + 1..at - 1], instruction: &text[at..] }
    }
}

/// What the page says now. It is published anew on the beat of `page_valid_s`, and whenever this changes.
pub fn public_view(state: &State, now: At) -> PublicView {
    let region = &state.plan.region;
    let actual = || state.incidents.values().filter(|i| i.no.status == Status::Actual);
    let mut sites: BTreeMap<&SiteId, PublicState> = BTreeMap::new();
    let mut worst = PublicState::Normal;
    for (site, mode) in &state.modes {
        if is_silent(state, site) {
            continue;
        }
        let shown = match *mode {
            m if m >= REINFORCED => PublicState::Crisis,
            m if m >= STAFF => PublicState::Disturbance,
            _ => PublicState::Normal,
        };
        sites.insert(site, shown);
        worst = worst.max(shown);
    }
    let mut investigating = false;
    let mut more_by = None;
    let mut messages = Vec::new();
    for inc in actual() {
        let shown = holds(state, inc, now);
        let over = shown.is_none_or(|m| matches!(m.kind, Kind::AllClear | Kind::Stopped { .. }));
        if goes_on(state, inc) || !over {
            worst = worst.max(PublicState::Disturbance);
            for site in &inc.sites {
                let s = sites.entry(site).or_insert(PublicState::Normal);
                *s = (*s).max(PublicState::Disturbance);
            }
        }
        investigating |= goes_on(state, inc) && shown.is_none_or(|m| m.kind == Kind::Holding);
        let holding_at = inc.opened + inc.plan.region.holding_after_s;
        if shown.is_none() && goes_on(state, inc) && holding_at > now {
            more_by = Some(more_by.map_or(holding_at, |other: At| other.min(holding_at)));
        }
        messages.extend(shown.map(|m| written(inc, m)));
    }
    for m in messages.iter_mut().filter(|m| !m.is_over()) {
        let of = |site: &SiteId| if *site == region.whole { worst } else { sites.get(site).copied().unwrap_or(worst) };
        m.state = m.sites.iter().map(of).max().unwrap_or(worst).max(PublicState::Disturbance);
    }
    messages.sort_by_key(|m| std::cmp::Reverse((m.released, m.number)));
    PublicView {
        region: worst,
        sites: region
            .sites
            .iter()
            .filter(|s| s.id != region.whole)
            .map(|s| (s.id.clone(), sites.get(&s.id).copied().unwrap_or(PublicState::Normal)))
            .collect(),
        messages,
        investigating,
        more_by,
        call: region.call.clone(),
        emergency: region.emergency.clone(),
        checked_at: now,
        valid_until: now + region.page_valid_s,
    }
}

/// A site's mode was raised by incidents that are never told, and by no other: the page says nothing of it (RULES D10).
fn is_silent(state: &State, site: &SiteId) -> bool {
    let raised =
        |i: &&Incident| i.no.status == Status::Actual && i.modes.get(site).is_some_and(|m| *m > ModeIx::NORMAL);
    let mut raising = state.incidents.values().filter(raised).peekable();
    raising.peek().is_some() && raising.all(|i| i.book().public == PublicRule::Never)
}

/// Whether an incident makes the page say more than "normal": not closed, not one that is never told (RULES B7), and from
/// outage up, with a raised mode, or with a released public text.
fn goes_on(state: &State, inc: &Incident) -> bool {
    inc.phase != Phase::Closed
        && inc.book().public != PublicRule::Never
        && (inc.level >= OUTAGE
            || inc.sites.iter().any(|s| state.modes.get(s).is_some_and(|m| *m >= STAFF))
            || released(inc).next().is_some())
}

/// Public texts that went out and were not stopped, newest first.
fn released(inc: &Incident) -> impl Iterator<Item = &Message> {
    inc.messages.iter().rev().filter(|m| m.audience == Audience::Public && m.released_at.is_some() && !m.stopped)
}

/// The text of an incident that holds: the newest that was approved, else the holding text.
fn holds<'a>(state: &State, inc: &'a Incident, now: At) -> Option<&'a Message> {
    let newest = released(inc).find(|m| m.kind != Kind::Holding).or_else(|| released(inc).next())?;
    if inc.phase != Phase::Closed {
        return Some(newest);
    }
    if let Some(into) = inc.merged_into {
        // It goes on under another number: its text stands until that one has its own.
        let other = state.incidents.get(&into).filter(|i| i.phase != Phase::Closed)?;
        return released(other).next().is_none().then_some(newest);
    }
    // What was last approved stands until the all clear is approved; that stands until the incident is archived.
    let waits = inc.entries.iter().any(|e| e.public && matches!(e.state, EntryState::Waiting(_)));
    let fresh = newest.released_at.is_some_and(|at| now.seconds_since(at) < ARCHIVE_AFTER_S);
    (waits || fresh && matches!(newest.kind, Kind::AllClear | Kind::Stopped { .. })).then_some(newest)
}

/// The texts of a message as the page shows them, by language.
pub fn as_published(inc: &Incident, m: &Message) -> BTreeMap<Lang, String> {
    drafts(inc, m).into_iter().map(|(lang, d)| (lang, d.text.to_string())).collect()
}

/// A language that nobody read since an edit is not shown; the holding text of that language stands instead (RULES A7).
fn drafts<'a>(inc: &'a Incident, m: &'a Message) -> BTreeMap<Lang, &'a Draft> {
    let holding = released(inc).find(|h| h.kind == Kind::Holding);
    let shown = |(lang, d): (&Lang, &'a Draft)| {
        if d.reviewed { Some((*lang, d)) } else { holding?.texts.get(lang).map(|h| (*lang, h)) }
    };
    m.texts.iter().filter_map(shown).collect()
}

/// What the public was told before this message and was not withdrawn since. A stop withdraws all that stood.
fn earlier(inc: &Incident, m: &Message) -> Vec<(MessageNo, At)> {
    let public = inc.messages.iter().filter(|b| b.audience == Audience::Public);
    let mut before: Vec<_> = public.filter_map(|b| Some((b.released_at?, b.seq, b.kind))).collect();
    // As they went out: a holding text goes out before the draft in whose place it stands, and has the later number.
    before.retain(|(at, seq, _)| m.released_at.is_some_and(|own| (*at, *seq) < (own, m.seq)));
    before.sort_unstable_by_key(|(at, seq, _)| (*at, *seq));
    let mut told = Vec::new();
    for (at, seq, kind) in before {
        match kind {
            Kind::Stopped { .. } => told.clear(),
            _ => told.push((inc.number(seq), at)),
        }
    }
    told.split_off(told.len().saturating_sub(EARLIER_MAX))
}

/// Where what the reader should do begins: at the playbook's words for it, where they stand in the text; else at the numbers to
/// call. What an approver wrote replaces the playbook's words, and the numbers are always there.
fn instruction_at(inc: &Incident, m: &Message, lang: Lang, text: &str) -> usize {
    let words = inc.book().public_words.as_ref();
    let todo = match m.kind {
        Kind::Restored | Kind::Stopped { .. } | Kind::Holding => None,
        Kind::AllClear => words.map(|w| &w.after),
        _ => words.map(|w| &w.todo),
    };
    let todo = todo.and_then(|l| l.exact(lang)).map(str::trim).unwrap_or_default();
    let tail = public_tail(&inc.plan, lang);
    let begins = |part: &str| {
        let found = (!part.is_empty()).then(|| text.find(&format!(" {part}"))).flatten()?;
        let ends = found + 1 + part.len();
        (ends == text.len() || text[ends..].starts_with(' ')).then_some(found + 1)
    };
    begins(todo).or_else(|| begins(tail.trim())).unwrap_or(text.len())
}

fn written(inc: &Incident, m: &Message) -> PublicMessage {
    let drafts = drafts(inc, m);
    PublicMessage {
        number: inc.number(m.seq),
        sites: if m.sites.is_empty() { inc.sites.clone() } else { m.sites.clone() },
        state: PublicState::Normal,
        earlier: earlier(inc, m),
        instruction: drafts.iter().map(|(l, d)| (*l, instruction_at(inc, m, *l, d.text.as_str()))).collect(),
        kind: m.kind,
        fingerprint: drafts.iter().map(|(l, d)| (*l, d.fingerprint)).collect(),
        text: drafts.iter().map(|(l, d)| (*l, d.text.to_string())).collect(),
        released: m.released_at.unwrap_or(inc.opened),
        next_update: (!matches!(m.kind, Kind::AllClear | Kind::Stopped { .. })).then_some(inc.update_due),
    }
}
