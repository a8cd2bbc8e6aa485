//! Reads what the journal has of one incident, record by record, and keeps what its state alone does not tell: when gateways told what,
//! whether news came in time, what happened in which order.
//!
//! It carries the records out as a replay does, so that nothing here knows what an event means for the incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::seen::Seen;
use super::shown::{DeadAddress, NotCarried, RecordSeal, StoryLine, Updates};
use super::{AfterReport, MakeForm, identical, made, story};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::event::{ApplyError, Change, Event};
use crate::domain::incident::state::{Incident, State};
use crate::domain::ladder::ModeIx;
use crate::domain::plan::Plan;
use crate::domain::time::At;

/// Lines of the story in one report; the log has all of them.
pub const STORY_LINES_MAX: usize = 2_000;
/// Dead addresses in one report, and texts that could not be carried.
pub const REPORT_LIST_MAX: usize = 1_000;

/// What was read so far of one incident.
#[derive(Debug)]
pub struct Reading {
    state: State,
    no: IncidentNo,
    /// It left memory: nothing comes after that.
    over: bool,
    pub(super) last_at: At,
    pub(super) seen: Vec<Seen>,
    /// When each function was told first, and with which messages it was told.
    pub(super) told: BTreeMap<FunctionId, (At, BTreeSet<u32>)>,
    /// For which a deputy was asked.
    pub(super) deputies: BTreeSet<FunctionId>,
    pub(super) taken_back: u32,
    pub(super) contradicted: u32,
    pub(super) rerouted: u32,
    pub(super) updates: Updates,
    pub(super) public_at: Option<At>,
    pub(super) proven_at: Option<At>,
    pub(super) mode_at: Option<At>,
    pub(super) closed_at: Option<At>,
    pub(super) not_carried: BTreeSet<NotCarried>,
    pub(super) story: Vec<StoryLine>,
    pub(super) story_cut: bool,
}

impl Reading {
    /// Nothing of it was read yet. `plan` is what its first event names.
    pub fn new(no: IncidentNo, plan: Arc<Plan>) -> Self {
        Self {
            state: State::new(plan),
            no,
            over: false,
            last_at: At(0),
            seen: Vec::new(),
            told: BTreeMap::new(),
            deputies: BTreeSet::new(),
            taken_back: 0,
            contradicted: 0,
            rerouted: 0,
            updates: Updates::default(),
            public_at: None,
            proven_at: None,
            mode_at: None,
            closed_at: None,
            not_carried: BTreeSet::new(),
            story: Vec::new(),
            story_cut: false,
        }
    }

    /// A plan that an event is about to name.
    pub fn knows(&mut self, plan: Arc<Plan>) {
        self.state.plans.insert(plan.hash.clone(), plan);
    }

    /// It left memory: its report changes no more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// What is carried out so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn incident(&self) -> Option<&Incident> {
        self.state.incidents.get(&self.no)
    }

    /// The next record of the incident.
    ///
    /// # Errors
    /// It does not fit what came before.
    pub fn see(&mut self, at: At, change: &Change) -> Result<(), ApplyError> {
        if self.over {
            return Ok(());
        }
        if let Change::Archived = change {
            self.over = true;
            return Ok(());
        }
        self.before(at, change);
        let event = Event::Incident { no: self.no, change: Box::new(change.clone()) };
        self.state.apply(at, &event)?;
        self.last_at = self.last_at.max(at);
        self.after(at, change);
        Ok(())
    }

    /// What only the state before it tells.
    fn before(&mut self, at: At, change: &Change) {
        let Some(inc) = self.state.incidents.get(&self.no) else { return };
        match change {
            Change::FactsSet { beat: Some(_), .. } => {
                let late_s = at.seconds_since(inc.update_due);
                if late_s == 0 {
                    self.updates.in_time += 1;
                } else {
                    self.updates.late += 1;
                    self.updates.worst_late_s = self.updates.worst_late_s.max(late_s);
                }
            }
            Change::OverdueTold { .. } => self.updates.overdue_told += 1,
            Change::Unanswered { .. } => self.taken_back += 1,
            _ => {}
        }
    }

    fn after(&mut self, at: At, change: &Change) {
        let Some(inc) = self.state.incidents.get(&self.no) else { return };
        let planned = inc.deliveries.len().saturating_sub(self.seen.len());
        self.seen.extend(std::iter::repeat_n(Seen::new(at), planned));
        match change {
            Change::Results { results } => {
                for r in results {
                    if let Some(seen) = self.seen.get_mut(r.ordinal as usize) {
                        self.contradicted += u32::from(seen.told(at, r.state));
                    }
                }
            }
            Change::Released { entry, dropped, .. } => {
                let Some(e) = inc.entry(*entry) else { return };
                if e.public && !inc.is_drill() {
                    self.public_at.get_or_insert(at);
                }
                for f in &e.to {
                    let told = self.told.entry(inc.plan.function(*f).id.clone());
                    told.or_insert_with(|| (at, BTreeSet::new())).1.insert(e.message);
                }
                for path in dropped {
                    if self.not_carried.len() >= REPORT_LIST_MAX {
                        break;
                    }
                    self.not_carried.insert(NotCarried {
                        message: inc.number(e.message),
                        functions: at_point(inc, path.point),
                        channel: inc.plan.point(path.point).channel,
                        why: path.why.clone(),
                    });
                }
            }
            Change::Escalated { ask, .. } => {
                if let Some(ask) = inc.asks.get(*ask as usize) {
                    self.deputies.insert(inc.plan.function(ask.function).id.clone());
                }
            }
            Change::Rerouted { .. } => self.rerouted += 1,
            Change::PageChecked { equal: true, .. } => drop(self.proven_at.get_or_insert(at)),
            Change::ModeSet { mode, lower: false, .. } if *mode > ModeIx::NORMAL => {
                self.mode_at.get_or_insert(at);
            }
            Change::PhaseSet { .. } | Change::Merged { .. } => {
                let closed = inc.phase == crate::domain::incident::values::Phase::Closed;
                self.closed_at = closed.then_some(self.closed_at.unwrap_or(at));
            }
            _ => {}
        }
        if let Some(line) = story::line(inc, at, change) {
            if self.story.len() < STORY_LINES_MAX {
                self.story.push(line);
            } else {
                self.story_cut = true;
            }
        }
    }

    /// The report, as of a head of the journal; `None`: the journal has no such incident. Of mails and faxes it can't say whether they
    /// hold their text: see [`Self::report_with`].
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn report(&self, seal: RecordSeal) -> Option<AfterReport> {
        self.report_with(seal, &identical::cut)
    }

    /// The same. `make` makes what was handed over once more.
    pub fn report_with(&self, seal: RecordSeal, make: MakeForm<'_>) -> Option<AfterReport> {
        Some(made::report(self, self.incident()?, seal, make))
    }

    /// Duty points that took nothing of all that was sent to them.
    pub(super) fn dead(&self, inc: &Incident) -> Vec<DeadAddress> {
        /// Texts that were sent there, whether one of them may have come, what was said last.
        type Came<'a> = (u32, bool, Option<&'a crate::domain::delivery::Cause>);
        let mut points: BTreeMap<PointIx, Came<'_>> = BTreeMap::new();
        for ((ordinal, d), seen) in (0_u32..).zip(&inc.deliveries).zip(&self.seen) {
            let (texts, came, cause) = points.entry(d.point).or_default();
            let failed = matches!(d.state, DeliveryState::Failed | DeliveryState::Expired);
            *texts += 1;
            *came |= !failed || seen.delivered.is_some();
            *cause = inc.causes.get(&ordinal).or(*cause);
        }
        let dead = points.into_iter().filter(|(_, (_, came, _))| !came).map(|(point, (texts, _, cause))| DeadAddress {
            functions: at_point(inc, point),
            channel: inc.plan.point(point).channel,
            texts,
            cause: cause.cloned(),
        });
        let mut dead: Vec<DeadAddress> = dead.collect();
        dead.sort();
        dead.truncate(REPORT_LIST_MAX);
        dead
    }
}

/// The functions that are reached at a duty point.
pub(super) fn at_point(inc: &Incident, point: PointIx) -> Vec<FunctionId> {
    ids(inc, &inc.plan.point(point).functions)
}

pub(super) fn ids(inc: &Incident, all: &[FunctionIx]) -> Vec<FunctionId> {
    all.iter().filter_map(|f| inc.plan.functions.get(f.ix())).map(|f| f.id.clone()).collect()
}
