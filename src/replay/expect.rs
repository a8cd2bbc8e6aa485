//! What a scenario expects, looked up: what must hold, from when, until when.

use std::collections::BTreeMap;

use super::book::Book;
use super::form::{ExpectEntry, StepExpect, TextExpect};
use super::scenario::Lost;
use crate::domain::ids::{FunctionIx, SiteId};
use crate::domain::incident::values::{Kind, Phase, StepEnd};
use crate::domain::ladder::ModeIx;
use crate::domain::lang::L10n;
use crate::domain::plan::Channel;
use crate::domain::time::At as Moment;
use crate::yaml::{At, Clock, Name, Place};

/// Something that must hold.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub that: L10n,
    pub place: Place,
    pub from: Moment,
    pub to: Moment,
    /// It must come by `to`; otherwise it must hold from `from` to `to`.
    pub by_then: bool,
    pub what: Expected,
}

/// What it is.
#[derive(Clone, Debug)]
pub enum Expected {
    Mode { mode: ModeIx, sites: Vec<SiteId> },
    Told { who: Vec<FunctionIx>, over: Vec<Channel> },
    Uncounted(Lost),
    Text(TextWanted),
    Beat { at_most_s: u32 },
    Public { told: bool },
    Stage(Phase),
    Order(Vec<Mark>),
    Step(StepWanted),
    AskedAgain(ModeIx),
    Corrected,
    Flat,
    Few { to: Vec<FunctionIx>, sms: u32 },
}

/// A moment that has a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    Restored,
    Complete,
    Closed,
    /// Something that happens.
    Happens(Moment),
}

/// Whose texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Every internal text.
    Internal,
    Public,
    Functions(Vec<FunctionIx>),
}

/// What texts say.
#[derive(Clone, Debug)]
pub struct TextWanted {
    pub to: Whose,
    /// Empty: all.
    pub kinds: Vec<KindWord>,
    pub has: Vec<String>,
    pub always: Vec<String>,
    pub never: Vec<String>,
}

/// A kind of text by its word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KindWord {
    Alert,
    Update,
    Correction,
    Restored,
    AllClear,
    Mode,
    Redirection,
    Holding,
    Stopped,
}

impl KindWord {
    const ALL: [(&'static str, KindWord); 9] = [
        ("alert", KindWord::Alert),
        ("update", KindWord::Update),
        ("correction", KindWord::Correction),
        ("restored", KindWord::Restored),
        ("all_clear", KindWord::AllClear),
        ("mode", KindWord::Mode),
        ("redirection", KindWord::Redirection),
        ("holding", KindWord::Holding),
        ("stopped", KindWord::Stopped),
    ];

    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Alert => Self::Alert,
            Kind::Mode => Self::Mode,
            Kind::Update => Self::Update,
            Kind::Correction { .. } => Self::Correction,
            Kind::Stopped { .. } => Self::Stopped,
            Kind::Restored => Self::Restored,
            Kind::AllClear => Self::AllClear,
            Kind::Holding => Self::Holding,
            Kind::Redirection { .. } => Self::Redirection,
        }
    }
    /// As in files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, k)| *k == self).map_or("", |(w, _)| w)
    }
}

/// What becomes of a step.
#[derive(Clone, Debug)]
pub struct StepWanted {
    pub step: String,
    pub open: bool,
    pub late: Option<u32>,
    pub ended: Option<StepEnd>,
    /// Minutes after midnight.
    pub daily: Vec<u16>,
    pub count: Option<u32>,
}

/// Looks one up.
pub fn of(
    entry: &At<ExpectEntry>,
    from: Moment,
    until: Moment,
    ids: &BTreeMap<String, Vec<Moment>>,
    book: &mut Book<'_, '_>,
) -> Option<Expectation> {
    let that = book.said(&entry.that);
    let after = entry.after.as_ref().and_then(|a| mark(a, ids, book));
    let start = after.unwrap_or(from);
    let end = entry.until.as_ref().and_then(|u| mark(u, ids, book));
    if let (Some(within), Some(until)) = (entry.within, &entry.until) {
        let _ = within;
        book.found.error(until.place, "several", "\"within\" and \"until\" do not go together");
    }
    let (to, by_then) = match (entry.within, end) {
        (Some(within), _) => (start + within.0, true),
        (None, Some(end)) => (end, false),
        (None, None) => (until, false),
    };
    if to < start {
        book.found.error(entry.place, "time-order", "it ends before it begins");
        return None;
    }
    let mut all = whats(entry, ids, book);
    let what = match all.len() {
        1 => all.pop()?,
        0 => {
            let told = book.found.error(entry.place, "expects-nothing", "nothing is expected here");
            told.help("say what: mode, told, uncounted, text, beat, public, stage, order, step, asked_again, …");
            return None;
        }
        _ => {
            let told = book.found.error(entry.place, "several", "several things are expected here");
            told.help("write each as an entry of its own");
            return None;
        }
    };
    Some(Expectation { that, place: entry.place, from: start, to, by_then, what })
}

/// The moment of what happens under a name, or a time on the wall.
fn mark(name: &Name, ids: &BTreeMap<String, Vec<Moment>>, book: &mut Book<'_, '_>) -> Option<Moment> {
    if let Some(times) = ids.get(&name.value) {
        return times.first().copied();
    }
    if name.value.starts_with(|c: char| c.is_ascii_digit()) {
        return book.time(name);
    }
    let message = format!("nothing happens under the name \"{}\"", name.value);
    book.found.error(name.place, "unknown-name", message).nearest(name, ids.keys().map(String::as_str));
    None
}

fn whats(entry: &ExpectEntry, ids: &BTreeMap<String, Vec<Moment>>, book: &mut Book<'_, '_>) -> Vec<Expected> {
    let mut all = Vec::new();
    if let Some(mode) = &entry.mode {
        let mode = book.mode(mode);
        let sites = book.sites(&entry.sites);
        all.extend(mode.map(|mode| Expected::Mode { mode, sites }));
    }
    if !entry.told.is_empty() {
        let over = channels(&entry.over, book);
        all.push(Expected::Told { who: book.functions(&entry.told), over });
    }
    if !entry.uncounted.is_empty() {
        all.push(Expected::Uncounted(book.lost(&entry.uncounted)));
    }
    if let Some(text) = &entry.text {
        all.push(Expected::Text(text_of(text, entry.place(), book)));
    }
    if let Some(beat) = entry.beat {
        all.push(Expected::Beat { at_most_s: beat.0 });
    }
    if let Some(public) = &entry.public {
        match public.value.as_str() {
            "told" => all.push(Expected::Public { told: true }),
            "never" => all.push(Expected::Public { told: false }),
            _ => {
                let message = format!("\"{}\" is not told or never", public.value);
                book.found.error(public.place, "unknown-word", message);
            }
        }
    }
    if let Some(stage) = &entry.stage {
        let phase = match stage.value.as_str() {
            "open" => Some(Phase::Open),
            "restored" => Some(Phase::Restored),
            "closed" => Some(Phase::Closed),
            _ => {
                let message = format!("\"{}\" is not open, restored or closed", stage.value);
                book.found.error(stage.place, "unknown-word", message);
                None
            }
        };
        all.extend(phase.map(Expected::Stage));
    }
    if !entry.order.is_empty() {
        let of = |name: &Name| match name.value.as_str() {
            "restored" if !ids.contains_key("restored") => Some(Mark::Restored),
            "complete" if !ids.contains_key("complete") => Some(Mark::Complete),
            "closed" if !ids.contains_key("closed") => Some(Mark::Closed),
            _ => None,
        };
        let marks: Vec<Mark> = entry
            .order
            .iter()
            .filter_map(|name| of(name).or_else(|| mark(name, ids, book).map(Mark::Happens)))
            .collect();
        all.push(Expected::Order(marks));
    }
    if let Some(step) = &entry.step {
        all.extend(step_of(step, book).map(Expected::Step));
    }
    if let Some(mode) = &entry.asked_again {
        all.extend(book.mode(mode).map(Expected::AskedAgain));
    }
    if entry.corrected {
        all.push(Expected::Corrected);
    }
    if entry.flat {
        all.push(Expected::Flat);
    }
    if let Some(few) = &entry.few {
        all.push(Expected::Few { to: book.functions(&few.to), sms: few.sms });
    }
    all
}

impl ExpectEntry {
    fn place(&self) -> Place {
        self.that.first().map_or_else(Place::default, |(name, _)| name.place)
    }
}

fn channels(names: &[Name], book: &mut Book<'_, '_>) -> Vec<Channel> {
    let mut all = Vec::new();
    for name in names {
        match Book::channel(name) {
            Some(channel) => all.push(channel),
            None => {
                let message = format!("no channel is called \"{}\"", name.value);
                let known = Channel::ALL.iter().map(|c| c.as_str());
                book.found.error(name.place, "unknown-channel", message).nearest(name, known);
            }
        }
    }
    all
}

fn text_of(text: &TextExpect, place: Place, book: &mut Book<'_, '_>) -> TextWanted {
    let mut kinds = Vec::new();
    for name in text.kinds.iter() {
        match KindWord::ALL.iter().find(|(word, _)| *word == name.value) {
            Some((_, kind)) => kinds.push(*kind),
            None => {
                let message = format!("no kind of text is called \"{}\"", name.value);
                let known = KindWord::ALL.iter().map(|(word, _)| *word);
                book.found.error(name.place, "unknown-kind", message).nearest(name, known);
            }
        }
    }
    let to = match text.to.first() {
        None => Whose::Internal,
        Some(name) if name.value == "public" => Whose::Public,
        Some(_) => Whose::Functions(book.functions(&text.to)),
    };
    let words = |names: &[Name]| names.iter().map(|n| n.value.clone()).collect::<Vec<_>>();
    let wanted =
        TextWanted { to, kinds, has: words(&text.has), always: words(&text.always), never: words(&text.never) };
    if wanted.has.is_empty() && wanted.always.is_empty() && wanted.never.is_empty() {
        book.wants(place, "nothing is expected of these texts", "say what they have, always have, or never have");
    }
    wanted
}

fn step_of(step: &StepExpect, book: &mut Book<'_, '_>) -> Option<StepWanted> {
    book.step(&step.step);
    let ended = match step.ended.as_ref().map(|e| (e, e.value.as_str())) {
        None => None,
        Some((_, "done")) => Some(StepEnd::Done),
        Some((_, "stopped")) => Some(StepEnd::Stopped),
        Some((_, "over")) => Some(StepEnd::Over),
        Some((name, word)) => {
            let message = format!("\"{word}\" is not done, stopped or over");
            book.found.error(name.place, "unknown-word", message);
            return None;
        }
    };
    let mut daily = Vec::new();
    for time in step.daily.iter() {
        match time.parse::<Clock>() {
            Ok(clock) => daily.push(clock.0),
            Err(why) => {
                book.found.error(time.place, "value", why);
            }
        }
    }
    let wanted =
        StepWanted { step: step.step.value.clone(), open: step.open, late: step.late, ended, daily, count: step.count };
    let any = wanted.open || wanted.late.is_some() || ended.is_some() || wanted.count.is_some();
    if !any && wanted.daily.is_empty() {
        let help = "say that it is open, late, how it ended, when it meets daily, or how many there are";
        book.wants(step.step.place, "nothing is expected of this step", help);
        return None;
    }
    Some(wanted)
}
