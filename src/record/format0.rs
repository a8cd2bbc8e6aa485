//! Format 0: what was written before each change had a kind of its own. Kinds 1 to 8, version 1; one nested enum, whose
//! variants count by their place. Only read.
//!
//! Its events lack what a rule decided: how many answers an ask needs, until when who answered is to be there, which positions
//! of a plan an incident moved to, what stood after a text. [`complete`] adds them while a journal is replayed, before the
//! event is applied. It uses the rules of that time, which stand here and never change; trailers alone are worded by the rule
//! of today, since no journal of that time holds one: they are what a delivery gets that has not left yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::changes::{self as now, FrozenChange};
use super::events;
use super::frozen::{Damaged, Frozen};
use super::older;
use super::values::{
    AnswerRule1, Approval1, ApprovalRule1, Audience1, Channel1, DeputyRule1, Draft1, Dropped1, DroppedPath1, Item1,
    Kind1, NoteWord1, Number1, ReleasedBy1, Sealed1, Send1, Source1, Via1,
};
use crate::domain::ids::FunctionIx;
use crate::domain::incident::event::{
    Batch, BatchTrailers, Change, Event, MovedGateway, NewArrival, NewAsk, NewEntry, NewMessage, Renumbering,
};
use crate::domain::incident::state::{Incident, State};
use crate::domain::incident::steps::ArrivalState;
use crate::domain::incident::trailers;
use crate::domain::incident::values::Source;
use crate::domain::plan::{AnswerRule, Plan, Row};
use crate::domain::time::At;

/// The version that all its records have.
pub const VERSION: u16 = 1;

/// Whether format 0 had records of that kind.
pub fn is_kind(kind: u16) -> bool {
    (1..=8).contains(&kind)
}

/// Reads an event. What it lacks is empty: see [`complete`].
///
/// # Errors
/// Bytes that are not of that form, or of another kind than they say.
pub fn read(kind: u16, bytes: &[u8]) -> Result<Event, Damaged> {
    let event: Event0 = super::from_bytes(bytes)?;
    let (is, event) = match event {
        Event0::Incident { no, change } => (1, Event::Incident { no: no.thaw()?, change: Box::new(change.thaw()?) }),
        Event0::PlanSet(form) => (2, events::thaw(form)?),
        Event0::ReportPending(form) => (3, events::thaw(form)?),
        Event0::ReportGone(form) => (4, events::thaw(form)?),
        Event0::StrangerWrote(form) => (5, events::thaw(form)?),
        Event0::SystemNote(form) => (6, events::thaw(form)?),
        Event0::SystemNoteResults(form) => (7, events::thaw(form)?),
        Event0::Gateway(Gateway0::TestSent(form)) => (8, events::thaw(form)?),
        Event0::Gateway(Gateway0::TestAnswered(form)) => (8, events::thaw(form)?),
        Event0::Gateway(Gateway0::AlarmTold(form)) => (8, events::thaw(form)?),
    };
    if is != kind {
        return Err(Damaged(format!("it says it is of kind {kind}, and is of kind {is}")));
    }
    Ok(event)
}

#[derive(Deserialize)]
enum Event0 {
    Incident { no: Number1, change: Box<Change0> },
    PlanSet(events::PlanSet1),
    ReportPending(events::ReportPending1),
    ReportGone(older::ReportGone1),
    StrangerWrote(events::StrangerWrote1),
    SystemNote(events::SystemNote1),
    SystemNoteResults(older::SystemNoteResults1),
    Gateway(Gateway0),
}

#[derive(Deserialize)]
enum Gateway0 {
    TestSent(events::TestSent1),
    TestAnswered(events::TestAnswered1),
    AlarmTold(events::AlarmTold1),
}

/// The changes of format 0 in their order, each with its form. Most have the form that version 1 of their own kind has.
macro_rules! changes0 {
    ($($variant:ident($form:ty)),* $(,)?) => {
        #[derive(Deserialize)]
        enum Change0 { $($variant($form)),* }
        impl Change0 {
            fn thaw(self) -> Result<Change, Damaged> {
                match self { $(Self::$variant(form) => form.thaw()),* }
            }
        }
    };
}

changes0! {
    Opened(older::Opened1),
    FactsSet(older::FactsSet1),
    ScopeSet(now::ScopeSet1),
    ModeSet(now::ModeSet1),
    Drafted(Drafted0),
    Reviewed(now::Reviewed1),
    EntryAdded(EntryAdded0),
    EntryMoved(now::EntryMoved1),
    ApprovalAsked(now::ApprovalAsked1),
    ApprovalEnded(now::ApprovalEnded1),
    ReasonGiven(now::ReasonGiven1),
    WrongCode(now::WrongCode1),
    Quieted(now::Quieted1),
    Released(Released0),
    EntryDropped(now::EntryDropped1),
    NoteSent(NoteSent0),
    Results(older::Results1),
    Rerouted(Rerouted0),
    Withdrawn(now::Withdrawn1),
    Answered(Answered0),
    Unanswered(now::Unanswered1),
    Escalated(Escalated0),
    Reminded(Reminded0),
    NotReached(now::NotReached1),
    AsksClosed(now::AsksClosed1),
    AskedAgain(AskedAgain0),
    Proposed(now::Proposed1),
    ProposedAgain(now::ProposedAgain1),
    NextProposed(now::NextProposed1),
    Decided(now::Decided1),
    ProposalMoot(now::ProposalMoot1),
    OverdueTold(now::OverdueTold1),
    RestoreMissed(now::RestoreMissed1),
    Stopped(now::Stopped1),
    PhaseSet(now::PhaseSet1),
    DataConfirmed(now::DataConfirmed1),
    Merged(now::Merged1),
    ErrandAdded(now::ErrandAdded1),
    ErrandDone(now::ErrandDone1),
    PageChecked(now::PageChecked1),
    Adopted(Adopted0),
    Archived(now::Archived1),
    StepOpened(now::StepOpened1),
    StepTold(now::StepTold1),
    StepRound(now::StepRound1),
    StepRolled(now::StepRolled1),
    StepAnswered(now::StepAnswered1),
    StepBegun(now::StepBegun1),
    StepMoved(now::StepMoved1),
    StepEnded(now::StepEnded1),
    Arrived(now::Arrived1),
    ArrivalMissed(now::ArrivalMissed1),
}

#[derive(Deserialize)]
struct Drafted0 {
    message: Message0,
}
/// The state of a message was written with it, when it had none yet.
#[derive(Deserialize)]
struct Message0 {
    seq: u32,
    kind: Kind1,
    audience: Audience1,
    texts: BTreeMap<String, Draft1>,
    replaces: Option<u32>,
    _released_at: Option<i64>,
    _stopped: bool,
    _page_equal: Option<bool>,
}
impl FrozenChange for Drafted0 {
    fn thaw(self) -> Result<Change, Damaged> {
        let Message0 { seq, kind, audience, texts, replaces, .. } = self.message;
        let (kind, audience, texts) = (kind.thaw()?, audience.thaw()?, texts.thaw()?);
        Ok(Change::Drafted { message: NewMessage { seq, kind, audience, texts, replaces } })
    }
}

#[derive(Deserialize)]
struct EntryAdded0 {
    entry: Entry0,
}
/// The state of an entry was written with it, and was always the first.
#[derive(Deserialize)]
struct Entry0 {
    id: u32,
    source: Source1,
    audience: Audience1,
    to: Vec<u32>,
    public: bool,
    channels: Vec<Channel1>,
    answer: AnswerRule1,
    answer_within_s: Option<u32>,
    deputies: DeputyRule1,
    rule: Option<ApprovalRule1>,
    message: u32,
    _state: EntryState0,
}
#[derive(Deserialize)]
#[expect(dead_code, reason = "read past: an entry began as ready")]
enum EntryState0 {
    Ready,
    Waiting(Approval1),
    Quiet { until: i64 },
    Released { at: i64, by: ReleasedBy1 },
    Dropped { why: Dropped1 },
}
impl FrozenChange for EntryAdded0 {
    fn thaw(self) -> Result<Change, Damaged> {
        let e = self.entry;
        let entry = NewEntry {
            id: e.id,
            source: e.source.thaw()?,
            audience: e.audience.thaw()?,
            to: e.to.thaw()?,
            public: e.public,
            channels: e.channels.thaw()?,
            answer: e.answer.thaw()?,
            answer_within_s: e.answer_within_s,
            deputies: e.deputies.thaw()?,
            rule: e.rule.thaw()?,
            message: e.message,
        };
        Ok(Change::EntryAdded { entry })
    }
}

#[derive(Deserialize)]
struct Batch0 {
    item: Item1,
    flags: u8,
    first: u32,
    sends: Vec<Send1>,
}
impl Batch0 {
    fn thaw(self) -> Result<Batch, Damaged> {
        let Self { item, flags, first, sends } = self;
        Ok(Batch { item: item.thaw()?, flags, first, sends: sends.thaw()?, trailers: BatchTrailers::default() })
    }
}

#[derive(Deserialize)]
struct NewAsk0 {
    function: u32,
    asked: Vec<u32>,
    stage: u32,
    due: i64,
    remind_at: Option<i64>,
    rule: AnswerRule1,
    before_shift: Option<u32>,
}
impl NewAsk0 {
    fn thaw(self) -> Result<NewAsk, Damaged> {
        Ok(NewAsk {
            function: self.function.thaw()?,
            asked: self.asked.thaw()?,
            stage: self.stage,
            due: At(self.due),
            remind_at: self.remind_at.map(At),
            rule: self.rule.thaw()?,
            needs: 1,
            before_shift: self.before_shift.thaw()?,
        })
    }
}

#[derive(Deserialize)]
struct Released0 {
    entry: u32,
    by: ReleasedBy1,
    batches: Vec<Batch0>,
    asks: Vec<NewAsk0>,
    dropped: Vec<DroppedPath1>,
    also: Vec<u32>,
}
impl FrozenChange for Released0 {
    fn thaw(self) -> Result<Change, Damaged> {
        Ok(Change::Released {
            entry: self.entry,
            by: self.by.thaw()?,
            batches: self.batches.into_iter().map(Batch0::thaw).collect::<Result<_, _>>()?,
            asks: self.asks.into_iter().map(NewAsk0::thaw).collect::<Result<_, _>>()?,
            dropped: self.dropped.thaw()?,
            also: self.also.thaw()?,
        })
    }
}

#[derive(Deserialize)]
struct NoteSent0 {
    id: u32,
    to: u32,
    word: NoteWord1,
    text: Sealed1,
    batch: Batch0,
}
impl FrozenChange for NoteSent0 {
    fn thaw(self) -> Result<Change, Damaged> {
        let Self { id, to, word, text, batch } = self;
        let (to, word, text, batch) = (to.thaw()?, word.thaw()?, text.thaw()?, batch.thaw()?);
        Ok(Change::NoteSent { id, to, word, text, batch })
    }
}

#[derive(Deserialize)]
struct Rerouted0 {
    from: u32,
    batch: Batch0,
}
impl FrozenChange for Rerouted0 {
    fn thaw(self) -> Result<Change, Damaged> {
        Ok(Change::Rerouted { from: self.from, batch: self.batch.thaw()? })
    }
}

#[derive(Deserialize)]
struct Answered0 {
    asks: Vec<u32>,
    by: u32,
    at: i64,
    via: Via1,
}
impl FrozenChange for Answered0 {
    fn thaw(self) -> Result<Change, Damaged> {
        let Self { asks, by, at, via } = self;
        Ok(Change::Answered { asks, by: by.thaw()?, at: At(at), via: via.thaw()?, arrivals: Vec::new() })
    }
}

#[derive(Deserialize)]
struct Escalated0 {
    ask: u32,
    to: Vec<u32>,
    stage: u32,
    due: i64,
    batch: Batch0,
}
impl FrozenChange for Escalated0 {
    fn thaw(self) -> Result<Change, Damaged> {
        let Self { ask, to, stage, due, batch } = self;
        Ok(Change::Escalated { ask, to: to.thaw()?, stage, due: At(due), batch: batch.thaw()? })
    }
}

#[derive(Deserialize)]
struct Reminded0 {
    asks: Vec<u32>,
    batch: Batch0,
}
impl FrozenChange for Reminded0 {
    fn thaw(self) -> Result<Change, Damaged> {
        Ok(Change::Reminded { asks: self.asks, batch: self.batch.thaw()? })
    }
}

#[derive(Deserialize)]
struct AskedAgain0 {
    message: u32,
    entry: u32,
    asks: Vec<NewAsk0>,
    batch: Batch0,
}
impl FrozenChange for AskedAgain0 {
    fn thaw(self) -> Result<Change, Damaged> {
        let Self { message, entry, asks, batch } = self;
        let asks = asks.into_iter().map(NewAsk0::thaw).collect::<Result<_, _>>()?;
        Ok(Change::AskedAgain { message, entry, asks, batch: batch.thaw()? })
    }
}

#[derive(Deserialize)]
struct Adopted0 {
    plan: String,
    by: u32,
}
impl FrozenChange for Adopted0 {
    fn thaw(self) -> Result<Change, Damaged> {
        Ok(Change::Adopted { plan: self.plan, by: self.by.thaw()?, moved: Renumbering::default() })
    }
}

/// Adds what an event of format 0 lacks, from the state that it is about to be applied to. The plans that it names must be in
/// that state. What does not fit the state is left as it is: applying it says so.
pub fn complete(event: &mut Event, state: &State) {
    let Event::Incident { no, change } = event else { return };
    let Some(inc) = state.incidents.get(no) else { return };
    match &mut **change {
        Change::Released { entry, asks, batches, .. } => {
            asks.iter_mut().for_each(|a| a.needs = answers_needed(inc, *entry, a.function));
            batches.iter_mut().for_each(|b| trailers::add(inc, b, asks));
        }
        Change::AskedAgain { entry, asks, batch, .. } => {
            asks.iter_mut().for_each(|a| a.needs = answers_needed(inc, *entry, a.function));
            trailers::add(inc, batch, asks);
        }
        Change::Escalated { ask, to, batch, .. } => {
            let asks: Vec<NewAsk> = again(inc, *ask, to).into_iter().collect();
            trailers::add(inc, batch, &asks);
        }
        Change::Reminded { asks, batch } => {
            let asks: Vec<NewAsk> = asks.iter().filter_map(|ask| again(inc, *ask, &[])).collect();
            trailers::add(inc, batch, &asks);
        }
        Change::Rerouted { batch, .. } => trailers::add(inc, batch, &[]),
        Change::Answered { asks, by, at, arrivals, .. } => *arrivals = expected(inc, asks, *by, *at),
        Change::Adopted { plan, moved, .. } => {
            if let Some(plan) = state.plans.get(plan) {
                *moved = renumbering(&inc.plan, plan);
            }
        }
        _ => {}
    }
}

/// An ask as it goes on: with `to` beside those who were asked.
fn again(inc: &Incident, ask: u32, to: &[FunctionIx]) -> Option<NewAsk> {
    let ask = inc.asks.get(ask as usize)?;
    Some(NewAsk {
        function: ask.function,
        asked: ask.asked.iter().chain(to).copied().collect(),
        stage: ask.stage,
        due: ask.due,
        remind_at: None,
        rule: AnswerRule::Required,
        needs: ask.needs,
        before_shift: None,
    })
}

fn row(inc: &Incident, entry: u32) -> Option<&Row> {
    match inc.entry(entry)?.source {
        Source::Row(id) => inc.plan.row(inc.book(), id),
        _ => None,
    }
}

/// As many as the function itself asks for, or its row where that is more.
fn answers_needed(inc: &Incident, entry: u32, f: FunctionIx) -> u8 {
    let own = inc.plan.functions.get(f.ix()).map_or(1, |f| f.answers);
    own.max(row(inc, entry).and_then(|r| r.answers).unwrap_or(1)).max(1)
}

/// The functions that are to come after an answer: where a row says so, for each ask that has all its answers now, from the
/// first of them on.
fn expected(inc: &Incident, asks: &[u32], by: FunctionIx, at: At) -> Vec<NewArrival> {
    let mut arrivals = Vec::new();
    for id in asks {
        let Some(ask) = inc.asks.get(*id as usize) else { continue };
        let new = usize::from(ask.answers.iter().all(|a| a.by != by));
        let there = inc.arrivals.get(&ask.function).is_some_and(|a| matches!(a.state, ArrivalState::Arrived { .. }));
        if ask.answers.len() + new < usize::from(ask.needs) || there {
            continue;
        }
        if let Some(within) = row(inc, ask.entry).and_then(|r| r.arrive_within_s) {
            let first = ask.answers.first().map_or(at, |a| a.at);
            arrivals.push(NewArrival { ask: *id, due: first + within });
        }
    }
    arrivals
}

/// Functions are the same by their ID; a point by its place among the points of that channel of one of its functions; a gateway
/// by its ID, and what went over one that is gone stands under the first.
fn renumbering(old: &Arc<Plan>, new: &Arc<Plan>) -> Renumbering {
    use crate::domain::ids::PointIx;
    let nth = |plan: &Plan, f: FunctionIx, p: PointIx| {
        let channel = plan.point(p).channel;
        plan.function(f).points.iter().filter(|q| plan.point(**q).channel == channel).position(|q| *q == p)
    };
    let mut moved = Renumbering::default();
    let functions: BTreeMap<FunctionIx, FunctionIx> = (0u32..)
        .zip(&old.functions)
        .filter_map(|(i, f)| new.function_ix(f.id.as_str()).map(|n| (FunctionIx(i), n)))
        .collect();
    for (i, point) in (0u32..).zip(&old.points) {
        let found = point.functions.iter().find_map(|f| {
            let place = nth(old, *f, PointIx(i))?;
            let there = &new.functions.get(functions.get(f)?.ix())?.points;
            there.iter().copied().filter(|q| new.point(*q).channel == point.channel).nth(place)
        });
        let Some(to) = found else { continue };
        moved.points.push((PointIx(i), to));
        for (from, g) in (0u8..).zip(&point.gateways) {
            let same = new.point(to).gateways.iter().position(|n| new.gateway(*n).id == old.gateway(*g).id);
            let to = same.and_then(|place| u8::try_from(place).ok()).unwrap_or(0);
            moved.gateways.push(MovedGateway { point: PointIx(i), from, to });
        }
    }
    moved.functions = functions.into_iter().collect();
    moved
}
