//! Drills in words: kinds, what became of a planned moment, what one would do, what one came to.

use crate::domain::drills::{DrillEnd, DrillKind, Fate, Figures, PastDrill};
use crate::domain::lang::Lang;
use crate::domain::plan::Channel;
use crate::domain::view::{DrillForesight, GatewayTested};
use crate::words::{drill as w, paper as p};

/// What kind of drill.
pub(crate) fn kind(lang: Lang, kind: DrillKind) -> &'static str {
    match kind {
        DrillKind::CommunicationTest => w::KIND_COMMUNICATION,
        DrillKind::Tabletop => w::KIND_TABLETOP,
        DrillKind::Functional => w::KIND_FUNCTIONAL,
        DrillKind::GatewayTest => w::KIND_GATEWAY,
    }
    .say(lang)
}

/// What became of a moment at which one was planned.
pub(crate) fn fate(lang: Lang, fate: &Fate) -> String {
    match fate {
        Fate::Started(no) => w::fate_started(lang, no),
        Fate::Tested(count) => w::fate_tested(lang, *count),
        Fate::RealOpen(no) => w::fate_real(lang, no),
        Fate::Clock => w::FATE_CLOCK.say(lang).to_owned(),
        Fate::Excluded => w::FATE_EXCLUDED.say(lang).to_owned(),
        Fate::NearShift => w::FATE_SHIFT.say(lang).to_owned(),
        Fate::Missed => w::FATE_MISSED.say(lang).to_owned(),
        Fate::Refused(code) => w::fate_refused(lang, code),
    }
}

/// How one stands that goes on.
pub(crate) fn stands(lang: Lang, begun: &str, figures: Figures) -> String {
    w::stands(lang, begun, figures.answered, figures.asked)
}

/// What a test of a gateway came to, in a line; `names` are those who were silent.
pub(crate) fn tested(lang: Lang, at: &str, tested: &GatewayTested, names: &str) -> String {
    let GatewayTested { addresses, handed_over, answered, last_answer_s, .. } = tested;
    let line = w::tested_line(lang, at, *addresses, *handed_over, *answered);
    let last = last_answer_s.map(|s| format!(", {}", w::last_answer(lang, s.div_ceil(60)))).unwrap_or_default();
    let silent = if names.is_empty() { String::new() } else { format!(". {}: {names}", w::SILENT.say(lang)) };
    format!("{line}{last}{silent}")
}

/// What one came to, in a line.
pub(crate) fn result(lang: Lang, past: &PastDrill) -> String {
    let Figures { asked, answered, half_s } = past.figures;
    let end = match past.end {
        DrillEnd::Done => w::END_DONE.say(lang).to_owned(),
        DrillEnd::Aborted => w::END_ABORTED.say(lang).to_owned(),
        DrillEnd::BrokenOff(no) => w::end_broken_off(lang, no),
        DrillEnd::TurnedReal => w::END_REAL.say(lang).to_owned(),
    };
    let half = half_s.map(|s| w::half(lang, s.div_ceil(60))).map_or_else(String::new, |half| format!(", {half}"));
    format!("{end}; {}{half}", w::answered(lang, answered, asked))
}

fn channel(lang: Lang, channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => p::CHANNEL_SMS,
        Channel::Email => p::CHANNEL_EMAIL,
        Channel::Fax => p::CHANNEL_FAX,
        Channel::Paging => p::CHANNEL_PAGER,
        Channel::Web => p::CHANNEL_WEB,
        Channel::Manual => p::CHANNEL_MANUAL,
    }
    .say(lang)
}

/// What one will do: whom it reaches and over what, and that nothing goes to the public.
pub(crate) fn foreseen(lang: Lang, seen: &DrillForesight) -> Vec<String> {
    let mut lines = Vec::new();
    if seen.stays_here {
        lines.push(w::STAYS_HERE.say(lang).to_owned());
    } else {
        let over: Vec<String> = seen.over.iter().map(|(c, count)| format!("{} {count}", channel(lang, *c))).collect();
        lines.push(w::reaches(lang, seen.reaches.len(), over.join(", ")));
    }
    if seen.waits > 0 {
        lines.push(w::waits(lang, seen.waits));
    }
    if !seen.without.is_empty() {
        lines.push(w::without(lang, seen.without.join(", ")));
    }
    if seen.near_shift {
        lines.push(w::NEAR_SHIFT.say(lang).to_owned());
    }
    lines.push(w::NOTHING_PUBLIC.say(lang).to_owned());
    lines
}
