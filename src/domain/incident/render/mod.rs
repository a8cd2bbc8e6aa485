//! From facts to the canonical text (DESIGN 3a). Each kind has words of its own, made of parts; what is true in this phase fills
//! them, and a part that names something that is not true any more falls out (RULES A11). The order is for short screens
//! (RULES A3): kind, mode, site, then what is new. What the public reads has a grammar of its own (RULES A12).

mod changes;
mod fields;
mod own;
mod public;

pub use own::{Own, sentences};
pub use public::{investigating, public_tail};

use crate::domain::ids::{IncidentNo, MessageNo, SiteId};
use crate::domain::ladder::{LevelIx, ModeIx};
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Plan, Playbook};
use crate::domain::text::{BadText, Canonical, Fingerprint};
use crate::domain::time::At;
use crate::domain::words::{NoteWord, TextWord, Words, fill, variables};

use super::facts::{Facts, PublicNews};
use super::standing::Standing;
use super::values::Kind;

/// How far an incident is, as texts tell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Telling {
    /// Going on.
    Open,
    /// Running again since then.
    Restored(At),
    /// It is over: as it always was, since then.
    Closed(At),
    /// All that was said was stopped: nobody says how it is.
    Stopped,
}

/// What a message said before: what a correction corrects, what an update adds to.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    pub facts: &'a Facts,
    pub sites: &'a [SiteId],
    pub level: LevelIx,
}

/// A mode that was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ModeChange {
    /// From that mode.
    pub from: ModeIx,
    /// To this one.
    pub to: ModeIx,
    /// Nothing else goes on there: people work as always.
    pub all_well: bool,
}

/// What a stop says besides which number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StopWords {
    pub reason: String,
    /// There was nothing: who stops it says so.
    pub false_alarm: bool,
}

/// What a text is rendered from, besides the words.
#[derive(Clone, Copy)]
pub struct Brief<'a> {
    /// The plan of the incident.
    pub plan: &'a Plan,
    pub book: &'a Playbook,
    pub facts: &'a Facts,
    /// The sites concerned.
    pub sites: &'a [SiteId],
    pub level: LevelIx,
    pub phase: Telling,
    /// The sites with their modes, as they stand now.
    pub modes: &'a [(SiteId, ModeIx)],
    /// Alert, update, …
    pub kind: Kind,
    pub audience: Audience,
    /// Now: decides whether a time needs its day (RULES A4).
    pub now: At,
    /// Said first after a drill (RULES D1).
    pub real_not_drill: bool,
    /// Redirections that hold, each with its end (INCIDENTS lesson 35): they stand in every text but the public's.
    pub standing: &'a [Standing<'a>],
    /// The one that a text of kind redirection is about.
    pub redirection: Option<Standing<'a>>,
    /// Why a mode stands after the all clear (RULES D4); incident numbers, or empty.
    pub stays: &'a [IncidentNo],
    /// What was said before.
    pub before: Option<Before<'a>>,
    /// News that the public has read.
    pub public_told: &'a [PublicNews],
    /// When the public was told what is corrected or stopped.
    pub sent: Option<At>,
    /// What holds in place of a message that was stopped.
    pub other: Option<MessageNo>,
    /// The mode that a text of kind mode is about.
    pub mode: Option<ModeChange>,
    /// What a stop says.
    pub stop: Option<&'a StopWords>,
    /// What the playbook says that works does.
    pub works: bool,
    /// It is a test of ways, and says nothing else (RULES D18).
    pub tests_ways: bool,
    /// What an approver wrote in a language (RULES A13).
    pub own: &'a [(Lang, Own)],
}

/// The text in one language.
///
/// # Errors
/// When what people typed can't be made canonical (invisible characters, too long).
pub fn text(brief: &Brief<'_>, lang: Lang) -> Result<Canonical, BadText> {
    let words = brief.plan.words(lang);
    if brief.audience == Audience::Public {
        return Canonical::from_typed(&public::text(brief, words, lang));
    }
    if let Some(asked) =
        words.notes.get(&NoteWord::WaysTested).filter(|_| brief.tests_ways && brief.kind == Kind::Alert)
    {
        return Canonical::from_typed(asked);
    }
    let mut head = String::new();
    if brief.real_not_drill {
        head.push_str(&words.real_not_drill);
        head.push_str(". ");
    }
    head.push_str(&kind_word(brief.kind, words));
    let modes = mode_line(brief.plan, brief.modes, lang);
    if !modes.is_empty() {
        head.push(' ');
        head.push_str(&modes);
    }
    let values = fields::values(brief, words, lang);
    let body = joined(words, word_of(brief), &values);
    Canonical::from_typed(&if body.is_empty() { format!("{head}.") } else { format!("{head}: {body}") })
}

/// A plan that was frozen before there was such a text does without.
fn has(brief: &Brief<'_>, word: TextWord) -> bool {
    brief.plan.words(brief.plan.lang()).texts.contains_key(&word)
}

/// Which words a text is made of.
fn word_of(brief: &Brief<'_>) -> TextWord {
    let public = brief.audience == Audience::Public;
    match brief.kind {
        Kind::Alert if public => TextWord::PublicAlert,
        Kind::Alert => TextWord::Alert,
        Kind::Mode => match brief.phase {
            Telling::Open => TextWord::Mode,
            Telling::Restored(_) => TextWord::ModeRestored,
            Telling::Closed(_) | Telling::Stopped => TextWord::ModeClosed,
        },
        Kind::Update | Kind::Correction { .. } if public && matches!(brief.phase, Telling::Restored(_)) => {
            TextWord::PublicRestored
        }
        Kind::Update if public => TextWord::PublicUpdate,
        Kind::Update => TextWord::Update,
        Kind::Correction { .. } if public => TextWord::PublicCorrection,
        Kind::Correction { .. } => TextWord::Correction,
        Kind::Stopped { .. } => match (brief.stop.is_some_and(|s| s.false_alarm), public) {
            (true, true) => TextWord::PublicFalseAlarm,
            (false, true) => TextWord::PublicStopped,
            (true, false) if brief.audience == Audience::Outside && has(brief, TextWord::OutsideFalseAlarm) => {
                TextWord::OutsideFalseAlarm
            }
            (true, false) => TextWord::FalseAlarm,
            (false, false) => TextWord::Stopped,
        },
        Kind::Restored if public => TextWord::PublicRestored,
        Kind::Restored => TextWord::Restored,
        Kind::AllClear if public => TextWord::PublicAllClear,
        Kind::AllClear => TextWord::AllClear,
        Kind::Holding if public => TextWord::PublicHolding,
        Kind::Holding => TextWord::Holding,
        Kind::Redirection { over: true, .. } => TextWord::RedirectionOver,
        Kind::Redirection { over: false, .. } => TextWord::Redirection,
    }
}

/// What fills the words, by name; empty where it is not true in this phase.
type Values = Vec<(&'static str, String)>;

/// A text's parts, filled and joined by one space. A part that names something empty falls out.
fn joined(words: &Words, word: TextWord, values: &Values) -> String {
    let given: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let empty = |name: &str| given.iter().any(|(k, v)| *k == name && v.is_empty());
    let parts = words.texts.get(&word).map(Vec::as_slice).unwrap_or_default();
    let said = parts.iter().filter(|p| !variables(p).into_iter().any(empty)).map(|p| ended_once(&fill(p, &given)));
    said.filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

/// With one end: what was typed may bring its own.
fn ended_once(sentence: &str) -> String {
    let mut s = sentence.trim();
    while let Some(shorter) = s.strip_suffix('.').filter(|x| x.ends_with(['.', '?', '!'])) {
        s = shorter;
    }
    s.to_owned()
}

/// The first word (RULES A4).
fn kind_word(kind: Kind, words: &Words) -> String {
    let of = |of: MessageNo| fill(&words.kinds.correction, &[("number", &of.written(&words.drill_prefix))]);
    match kind {
        Kind::Alert | Kind::Holding => words.kinds.alert.clone(),
        Kind::Mode => words.kinds.mode.clone(),
        Kind::Update => words.kinds.update.clone(),
        Kind::Correction { of: number } | Kind::Stopped { of: number } => of(number),
        // Plans that were frozen before there were redirections have no word of their own for them.
        Kind::Redirection { over, .. } => {
            let own = if over { &words.kinds.redirection_over } else { &words.kinds.redirection };
            if own.is_empty() { words.kinds.update.clone() } else { own.clone() }
        }
        Kind::Restored => words.kinds.restored.clone(),
        Kind::AllClear => words.kinds.all_clear.clone(),
    }
}

/// `STABSLÄGE FS HS`, highest mode first. All of the region stands without a site: its own name is for those who set sites.
pub fn mode_line(plan: &Plan, modes: &[(SiteId, ModeIx)], lang: Lang) -> String {
    let mut rungs: Vec<ModeIx> = modes.iter().map(|m| m.1).collect();
    rungs.sort_unstable_by(|a, b| b.cmp(a));
    rungs.dedup();
    let mut line = String::new();
    for rung in rungs {
        let sites: Vec<&SiteId> = modes.iter().filter(|m| m.1 == rung).map(|m| &m.0).collect();
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(plan.ladders.mode_at(rung).map_or("", |m| m.label.get(lang)));
        if !is_everywhere(plan, &sites) {
            for site in sites {
                line.push(' ');
                line.push_str(site.as_str());
            }
        }
    }
    line
}

/// Whether these are all sites of the region.
fn is_everywhere(plan: &Plan, sites: &[&SiteId]) -> bool {
    let whole = &plan.region.whole;
    sites.contains(&whole) || plan.region.sites.iter().filter(|s| s.id != *whole).all(|s| sites.contains(&&s.id))
}

/// The fingerprint of a text of that message.
pub fn fingerprint(plan: &Plan, number: MessageNo, audience: Audience, lang: Lang, text: &Canonical) -> Fingerprint {
    Fingerprint::of(&number.written(&plan.words(lang).drill_prefix), audience.as_str(), lang.as_str(), text.as_str())
}

/// Without the full stop at the end, which the sentence brings.
fn trimmed(s: &str) -> &str {
    s.trim().trim_end_matches('.')
}
