//! The table of upcasters: versions of events that are read and no longer written. Each keeps its frozen struct, here, for as
//! long as a journal may hold it, and says what stands for the facts that it lacks.

use serde::{Deserialize, Serialize};

use super::after::{ByHand1, Feedback1, Improvement1, RemarkKind1};
use super::changes::{self, FrozenChange};
use super::events::FrozenEvent;
use super::frozen::{Damaged, Frozen, Words};
use super::values::{DeliveryState1, Number1, Restore1, Safety1, Sealed1};
use crate::domain::incident::after::{AfterChange, Remark};
use crate::domain::incident::event::{Change, Event, Outcome};
use crate::domain::incident::facts::Facts;
use crate::domain::private::Private;

/// Reads an event of an older version; `None` when there never was one of that kind and version.
pub fn read(kind: u16, version: u16, bytes: &[u8]) -> Option<Result<Event, Damaged>> {
    Some(match (kind, version) {
        (12, 1) => super::from_bytes::<ReportGone1>(bytes).and_then(FrozenEvent::thaw),
        (34, 1) => super::from_bytes::<After1>(bytes).and_then(FrozenEvent::thaw),
        (15, 1) => super::from_bytes::<SystemNoteResults1>(bytes).and_then(FrozenEvent::thaw),
        (101, 1) => of_incident::<Opened1>(bytes),
        (102, 1) => of_incident::<FactsSet1>(bytes),
        (117, 1) => of_incident::<Results1>(bytes),
        _ => return None,
    })
}

/// Kinds with the versions that are only read.
pub const KINDS: &[(u16, u16)] = &[(12, 1), (15, 1), (34, 1), (101, 1), (102, 1), (117, 1)];

fn of_incident<T: FrozenChange>(bytes: &[u8]) -> Result<Event, Damaged> {
    let (no, change) = changes::read::<T>(bytes)?;
    Ok(Event::Incident { no, change: Box::new(change) })
}

/// What became of a delivery. Why it failed was kept nowhere: nothing stands for it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outcome1 {
    ordinal: u32,
    state: DeliveryState1,
}
impl Outcome1 {
    fn thaw(self) -> Result<Outcome, Damaged> {
        Ok(Outcome { ordinal: self.ordinal, state: self.state.thaw()?, cause: None })
    }
}

/// Kind 117 until format 1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Results1 {
    results: Vec<Outcome1>,
}
impl FrozenChange for Results1 {
    fn thaw(self) -> Result<Change, Damaged> {
        let results = self.results.into_iter().map(Outcome1::thaw).collect::<Result<_, _>>()?;
        Ok(Change::Results { results })
    }
}

/// Kind 12 until format 5: what it started was kept nowhere.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReportGone1 {
    code: Sealed1,
}
impl FrozenEvent for ReportGone1 {
    fn thaw(self) -> Result<Event, Damaged> {
        Ok(Event::ReportGone { code: self.code.thaw()?, started: None })
    }
}

/// Kind 15 until format 1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SystemNoteResults1 {
    results: Vec<Outcome1>,
}
impl FrozenEvent for SystemNoteResults1 {
    fn thaw(self) -> Result<Event, Damaged> {
        let results = self.results.into_iter().map(Outcome1::thaw).collect::<Result<_, _>>()?;
        Ok(Event::SystemNoteResults { results })
    }
}

/// A remark, until format 9: it said nothing beside what was seen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Remark1 {
    kind: RemarkKind1,
    text: Sealed1,
}
impl Remark1 {
    fn thaw(self) -> Result<Remark, Damaged> {
        let (kind, text, none) = (self.kind.thaw()?, self.text.thaw()?, Private::default);
        Ok(Remark { kind, text, reference: none(), analysis: none(), recommendation: none() })
    }
}

/// What was written after an incident, until format 9.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum AfterChange1 {
    Improvement(Improvement1),
    NoneNeeded(Sealed1),
    Remark(Remark1),
    Feedback(Feedback1),
    Rated(ByHand1),
    PlanMissing(u32),
    Forgotten,
}

/// Kind 34 until format 9.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct After1 {
    incident: Number1,
    by: Option<String>,
    who: Option<Sealed1>,
    change: Box<AfterChange1>,
}
impl FrozenEvent for After1 {
    fn thaw(self) -> Result<Event, Damaged> {
        let change = match *self.change {
            AfterChange1::Improvement(improvement) => AfterChange::Improvement(improvement.thaw()?),
            AfterChange1::NoneNeeded(why) => AfterChange::NoneNeeded(why.thaw()?),
            AfterChange1::Remark(remark) => AfterChange::Remark(remark.thaw()?),
            AfterChange1::Feedback(feedback) => AfterChange::Feedback(feedback.thaw()?),
            AfterChange1::Rated(rated) => AfterChange::Rated(rated.thaw()?),
            AfterChange1::PlanMissing(count) => AfterChange::PlanMissing(count),
            AfterChange1::Forgotten => AfterChange::Forgotten,
        };
        let (incident, by, who) = (self.incident.thaw()?, self.by.thaw()?, self.who.thaw()?);
        Ok(Event::After { incident, by, who, change: Box::new(change) })
    }
}

/// What was known of a disruption, until format 4: nothing was typed for the public.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts1 {
    what: Words,
    scope: Words,
    routines: Vec<String>,
    since: i64,
    restore: Restore1,
    next: i64,
    contact: String,
    safety: Safety1,
    known: Words,
    unknown: Words,
}
impl Facts1 {
    fn thaw(self) -> Result<Facts, Damaged> {
        Ok(Facts {
            what: self.what.thaw()?,
            scope: self.scope.thaw()?,
            routines: self.routines.thaw()?,
            since: self.since.thaw()?,
            restore: self.restore.thaw()?,
            next: self.next.thaw()?,
            contact: self.contact,
            safety: self.safety.thaw()?,
            known: self.known.thaw()?,
            unknown: self.unknown.thaw()?,
            public_news: Vec::new(),
        })
    }
}

/// Kind 101 until format 4.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Opened1 {
    plan: String,
    playbook: String,
    level: u8,
    sites: Vec<String>,
    facts: Facts1,
    by: u32,
}
impl FrozenChange for Opened1 {
    fn thaw(self) -> Result<Change, Damaged> {
        Ok(Change::Opened {
            plan: self.plan.thaw()?,
            playbook: self.playbook.thaw()?,
            level: self.level.thaw()?,
            sites: self.sites.thaw()?,
            facts: self.facts.thaw()?,
            by: self.by.thaw()?,
        })
    }
}

/// Kind 102 until format 4.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FactsSet1 {
    facts: Facts1,
    by: Option<u32>,
    beat: Option<i64>,
}
impl FrozenChange for FactsSet1 {
    fn thaw(self) -> Result<Change, Damaged> {
        Ok(Change::FactsSet { facts: self.facts.thaw()?, by: self.by.thaw()?, beat: self.beat.thaw()? })
    }
}
