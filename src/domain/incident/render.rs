//! From facts to the canonical text (DESIGN 3a), in the order for short screens (RULES A3): kind, mode, site, what, *do now*,
//! scope, since, expected back, next update, contact.

use crate::domain::ids::{IncidentNo, MessageNo, SiteId};
use crate::domain::ladder::ModeIx;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Plan};
use crate::domain::text::{BadText, Canonical, Fingerprint};
use crate::domain::time::At;
use crate::domain::words::{Words, fill};

use super::facts::{Facts, Restore};
use super::standing::Standing;
use super::values::Kind;

/// What a text is rendered from, besides the words.
pub struct Brief<'a> {
    /// The plan of the incident.
    pub plan: &'a Plan,
    pub facts: &'a Facts,
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
}

/// The text in one language.
///
/// # Errors
/// When what people typed can't be made canonical (invisible characters, too long).
pub fn text(brief: &Brief<'_>, lang: Lang) -> Result<Canonical, BadText> {
    let words = brief.plan.words(lang);
    let mut t = Sentences::default();
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
    head.push_str(": ");
    head.push_str(&what(brief, words, lang));
    t.add(&head);
    if matches!(brief.kind, Kind::AllClear | Kind::Stopped { .. } | Kind::Holding) {
        if brief.audience == Audience::Public && !brief.plan.region.call.is_empty() && brief.kind != Kind::Holding {
            t.field(&words.labels.call, &brief.plan.region.call);
        }
        return Canonical::from_typed(&t.0);
    }
    let facts = brief.facts;
    if brief.audience != Audience::Public {
        let told = brief.redirection.map(|r| r.step);
        for standing in brief.standing.iter().filter(|s| Some(s.step) != told) {
            t.field(&words.labels.redirection, &until(brief, *standing, words, lang));
        }
    }
    let routines: Vec<String> = facts
        .routines
        .iter()
        .filter_map(|r| brief.plan.routines.get(r))
        .filter_map(|r| if brief.audience == Audience::Internal { Some(&r.text) } else { r.outside.as_ref() })
        .map(|l| trimmed(l.get(lang)).to_owned())
        .collect();
    t.field(&words.labels.do_now, &routines.join(". "));
    t.field(&words.labels.known, trimmed(facts.known.get(lang)));
    t.field(&words.labels.unknown, trimmed(facts.unknown.get(lang)));
    t.field(&words.labels.scope, trimmed(facts.scope.get(lang)));
    let time = |at: At| brief.plan.calendar.written(at.timestamp(), brief.now.timestamp(), &words.weekdays);
    t.field(&words.labels.since, &time(facts.since));
    if !matches!(brief.kind, Kind::Restored) {
        let restore = match facts.restore {
            Restore::At(at) => time(at),
            Restore::Unknown { forecast } => fill(&words.restore_unknown, &[("time", &time(forecast))]),
        };
        t.field(&words.labels.restore, &restore);
    }
    t.field(&words.labels.next, &time(facts.next));
    if brief.audience == Audience::Internal {
        t.field(&words.labels.contact, &facts.contact);
    } else {
        t.field(&words.labels.call, &brief.plan.region.call);
    }
    Canonical::from_typed(&t.0)
}

/// What stands after the colon.
fn what(brief: &Brief<'_>, words: &Words, lang: Lang) -> String {
    let said = trimmed(brief.facts.what.get(lang));
    match brief.kind {
        Kind::Restored => format!("{said}. {}", words.restored),
        Kind::AllClear => {
            let mut all = format!("{said}. {}", words.all_clear);
            let highest = brief.modes.iter().map(|m| m.1).max().unwrap_or(ModeIx::NORMAL);
            if highest > ModeIx::NORMAL {
                let raised: Vec<_> = brief.modes.iter().filter(|m| m.1 > ModeIx::NORMAL).cloned().collect();
                let numbers: Vec<String> = brief.stays.iter().map(|n| n.written(&words.drill_prefix)).collect();
                let why = if numbers.is_empty() { words.mode_until_decided.clone() } else { numbers.join(", ") };
                all.push_str(". ");
                let mode = mode_line(brief.plan, &raised, lang);
                all.push_str(&fill(&words.mode_stays, &[("mode", &mode), ("why", &why)]));
            }
            if brief.audience != Audience::Public {
                for standing in brief.standing {
                    all.push_str(&format!(". {}: {}", words.kinds.redirection_over, trimmed(standing.text.get(lang))));
                }
            }
            all
        }
        Kind::Stopped { of } => fill(&words.stopped, &[("number", &of.written(&words.drill_prefix))]),
        Kind::Holding => {
            let time =
                brief.plan.calendar.written(brief.facts.next.timestamp(), brief.now.timestamp(), &words.weekdays);
            fill(&words.holding, &[("time", &time), ("call", &brief.plan.region.call)])
        }
        Kind::Alert | Kind::Mode | Kind::Update | Kind::Correction { .. } => said.to_owned(),
        // Where patients go comes first: it must stand on a pager's first page.
        Kind::Redirection { over, .. } => match brief.redirection {
            Some(r) if over => format!("{}. {said}", trimmed(r.text.get(lang))),
            Some(r) => format!("{}. {said}", until(brief, r, words, lang)),
            None => said.to_owned(),
        },
    }
}

/// A redirection with its end.
fn until(brief: &Brief<'_>, standing: Standing<'_>, words: &Words, lang: Lang) -> String {
    let text = trimmed(standing.text.get(lang));
    let time = brief.plan.calendar.written(standing.until.timestamp(), brief.now.timestamp(), &words.weekdays);
    if words.redirection_until.is_empty() {
        return text.to_owned();
    }
    fill(&words.redirection_until, &[("text", text), ("time", &time)])
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

/// `STABSLÄGE FS HS`, highest mode first; all sites together are the region's own short name.
pub fn mode_line(plan: &Plan, modes: &[(SiteId, ModeIx)], lang: Lang) -> String {
    let whole = &plan.region.whole;
    let mut rungs: Vec<ModeIx> = modes.iter().map(|m| m.1).collect();
    rungs.sort_unstable_by(|a, b| b.cmp(a));
    rungs.dedup();
    let mut line = String::new();
    for rung in rungs {
        let sites: Vec<&SiteId> = modes.iter().filter(|m| m.1 == rung).map(|m| &m.0).collect();
        let everywhere = sites.contains(&whole)
            || plan.region.sites.iter().filter(|s| s.id != *whole).all(|s| sites.contains(&&s.id));
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(plan.ladders.mode_at(rung).map_or("", |m| m.label.get(lang)));
        if everywhere {
            line.push(' ');
            line.push_str(whole.as_str());
        } else {
            for site in sites {
                line.push(' ');
                line.push_str(site.as_str());
            }
        }
    }
    line
}

/// The fingerprint of a text of that message.
pub fn fingerprint(plan: &Plan, number: MessageNo, audience: Audience, lang: Lang, text: &Canonical) -> Fingerprint {
    Fingerprint::of(&number.written(&plan.words(lang).drill_prefix), audience.as_str(), lang.as_str(), text.as_str())
}

/// Without the full stop at the end, which the sentence brings.
fn trimmed(s: &str) -> &str {
    s.trim().trim_end_matches('.')
}

/// Sentences, each ended once.
#[derive(Default)]
struct Sentences(String);

impl Sentences {
    fn add(&mut self, sentence: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(sentence);
        if !sentence.ends_with(['.', '?', '!']) {
            self.0.push('.');
        }
    }
    fn field(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            self.add(&format!("{label}: {value}"));
        }
    }
}
