//! What people make of an incident or a drill (RULES D20): remarks and feedback while it goes on and later, and when it is over a plan of
//! what is to be better. It stays when the incident leaves memory; what people wrote is private of the incident, and forgotten with it.
//!
//! Must not: ask a rule. What may be written, when and by whom is [`super::decide`]'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{Incident, State};
use crate::domain::day::Day;
use crate::domain::drills::DrillEnd;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::lang::L10n;
use crate::domain::private::Private;
use crate::domain::report::Rating;
use crate::domain::time::At;

/// Improvements of one incident.
pub const IMPROVEMENTS_MAX: usize = 100;
/// Remarks on one incident.
pub const REMARKS_MAX: usize = 200;
/// Functions that say of one incident how it went.
pub const FEEDBACK_MAX: usize = 500;
/// Characters of each text that is written after an incident.
pub const AFTER_CHARS_MAX: usize = 2_000;
/// Incidents of which is at hand what was written after them; of more the oldest without an open improvement gives way. The journal has
/// all.
pub const AFTER_INCIDENTS_MAX: usize = 500;

/// What an improvement is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// The plan: playbooks, who is told, texts.
    #[default]
    Plan,
    /// Who does what.
    Organisation,
    /// Things: gateways, telephones, power.
    Equipment,
    /// What people can do.
    Training,
    /// It must be drilled.
    Exercise,
}

impl Element {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Plan, Self::Organisation, Self::Equipment, Self::Training, Self::Exercise];
    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Organisation => "organisation",
            Self::Equipment => "equipment",
            Self::Training => "training",
            Self::Exercise => "exercise",
        }
    }
}

/// How far an improvement is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    #[default]
    Open,
    /// It is done, and somebody has seen that it is.
    Done,
    /// It will not be done.
    Dropped,
}

/// Something that is to be better next time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Improvement {
    /// Its place in the incident's list, counted from 1.
    pub id: u32,
    /// What people are to be able to do.
    pub capability: Private,
    /// What went wrong.
    pub issue: Private,
    /// What is to be done.
    pub action: Private,
    pub element: Element,
    /// Who sees to it.
    pub owner: FunctionId,
    pub start: Option<Day>,
    pub due: Day,
    pub progress: Progress,
    /// How it was verified that it is done; why it was dropped.
    pub verified: Private,
}

impl Improvement {
    /// Its day has passed, and it is still to be done.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.progress == Progress::Open && self.due < today
    }
}

/// What a remark is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemarkKind {
    /// It went well.
    Strength,
    /// It can be better.
    Improve,
    /// What was seen, without a judgement.
    Observation,
}

impl RemarkKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Strength, Self::Improve, Self::Observation];
    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::Improve => "improve",
            Self::Observation => "observation",
        }
    }
}

/// What somebody saw.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    pub kind: RemarkKind,
    pub text: Private,
}

/// How it went, as one function says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Feedback {
    pub went_well: Private,
    pub went_badly: Private,
    /// What should be otherwise.
    pub change: Private,
}

/// How somebody rates an objective. It stands beside what was computed, and never in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ByHand {
    /// Which objective, counted from 1.
    pub objective: u32,
    pub rating: Rating,
    pub reason: Private,
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum AfterChange {
    /// An improvement, as it is from now on.
    Improvement(Improvement),
    /// None is needed: why.
    NoneNeeded(Private),
    Remark(Remark),
    /// Of the function that says it; a later one takes its place.
    Feedback(Feedback),
    Rated(ByHand),
    /// Who led it was told that the plan is missing; so often by now.
    PlanMissing(u32),
    /// What is private of it is about to be forgotten.
    Forgotten,
}

impl AfterChange {
    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Improvement(_) => "improvement",
            Self::NoneNeeded(_) => "no-improvement",
            Self::Remark(_) => "remark",
            Self::Feedback(_) => "feedback",
            Self::Rated(_) => "rated",
            Self::PlanMissing(_) => "plan-missing",
            Self::Forgotten => "after-forgotten",
        }
    }
    /// The private values, in a fixed order.
    pub fn private_mut(&mut self) -> Vec<&mut Private> {
        match self {
            Self::Improvement(i) => i.private_mut(),
            Self::NoneNeeded(words) => vec![words],
            Self::Remark(r) => vec![&mut r.text],
            Self::Feedback(f) => f.private_mut(),
            Self::Rated(r) => vec![&mut r.reason],
            Self::PlanMissing(_) | Self::Forgotten => Vec::new(),
        }
    }
}

impl Improvement {
    fn private_mut(&mut self) -> Vec<&mut Private> {
        vec![&mut self.capability, &mut self.issue, &mut self.action, &mut self.verified]
    }
}
impl Feedback {
    fn private_mut(&mut self) -> Vec<&mut Private> {
        vec![&mut self.went_well, &mut self.went_badly, &mut self.change]
    }
}

/// Something that a function wrote, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Said<T> {
    pub at: At,
    pub by: Option<FunctionId>,
    pub what: T,
}

/// What an incident was, for those who see to what follows: it may have left memory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ended {
    pub at: At,
    /// What it was called.
    pub title: L10n,
    /// Who led the work, or was to lead it.
    pub led_by: FunctionId,
    /// Who reported, owns what was down, or was to lead the drill: besides those in command.
    pub leads: Vec<FunctionId>,
    /// So many objectives it had.
    pub objectives: u32,
    /// It was carried out to its end: a plan is due.
    pub whole: bool,
}

/// What was written after an incident, or of one that goes on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct After {
    /// None: it goes on.
    pub ended: Option<Ended>,
    /// In the order in which they were planned.
    pub improvements: Vec<Said<Improvement>>,
    /// Somebody wrote that none is needed.
    pub none_needed: Option<Said<Private>>,
    pub remarks: Vec<Said<Remark>>,
    pub feedback: BTreeMap<FunctionId, Said<Feedback>>,
    /// By the number of the objective.
    pub ratings: BTreeMap<u32, Said<ByHand>>,
    /// So often it was told that the plan is missing.
    pub told_missing: u32,
    /// What people wrote was forgotten: nothing more is taken.
    pub forgotten: bool,
}

impl After {
    /// An improvement by its number.
    pub fn improvement(&self, id: u32) -> Option<&Improvement> {
        let place = usize::try_from(id.checked_sub(1)?).ok()?;
        self.improvements.get(place).map(|said| &said.what)
    }
    /// Nothing is planned, and nobody has said that nothing is needed.
    pub fn lacks_plan(&self) -> bool {
        self.improvements.is_empty() && self.none_needed.is_none() && !self.forgotten
    }
    fn has_open(&self) -> bool {
        self.improvements.iter().any(|i| i.what.progress == Progress::Open)
    }

    /// Gives every private value to `change`, in a fixed order.
    ///
    /// # Errors
    /// What `change` says.
    pub(super) fn change_private<E>(
        &mut self,
        change: &mut impl FnMut(&mut Private) -> Result<(), E>,
    ) -> Result<(), E> {
        self.improvements.iter_mut().flat_map(|i| i.what.private_mut()).try_for_each(&mut *change)?;
        self.none_needed.iter_mut().try_for_each(|n| change(&mut n.what))?;
        self.remarks.iter_mut().try_for_each(|r| change(&mut r.what.text))?;
        self.feedback.values_mut().flat_map(|f| f.what.private_mut()).try_for_each(&mut *change)?;
        self.ratings.values_mut().try_for_each(|r| change(&mut r.what.reason))
    }

    fn apply(&mut self, at: At, by: Option<&FunctionId>, change: &AfterChange) {
        let by = by.cloned();
        match change {
            AfterChange::Improvement(new) => {
                let place = usize::try_from(new.id).unwrap_or(usize::MAX).saturating_sub(1);
                let said = Said { at, by, what: new.clone() };
                match self.improvements.get_mut(place) {
                    Some(before) => *before = said,
                    None => self.improvements.push(said),
                }
            }
            AfterChange::NoneNeeded(why) => self.none_needed = Some(Said { at, by, what: why.clone() }),
            AfterChange::Remark(remark) => self.remarks.push(Said { at, by, what: remark.clone() }),
            AfterChange::Feedback(feedback) => {
                if let Some(function) = by {
                    let said = Said { at, by: Some(function.clone()), what: feedback.clone() };
                    self.feedback.insert(function, said);
                }
            }
            AfterChange::Rated(rated) => drop(self.ratings.insert(rated.objective, Said { at, by, what: rated.clone() })),
            AfterChange::PlanMissing(count) => self.told_missing = *count,
            // What it was stays, and what is planned by when; no word that somebody wrote does.
            AfterChange::Forgotten => {
                let forget = &mut |value: &mut Private| -> Result<(), std::convert::Infallible> {
                    *value = Private::default();
                    Ok(())
                };
                let Ok(()) = self.change_private(forget);
                self.forgotten = true;
            }
        }
    }
}

impl State {
    /// Carries out what was written.
    pub(super) fn apply_after(&mut self, at: At, no: IncidentNo, by: Option<&FunctionId>, change: &AfterChange) {
        self.after_of(no).apply(at, by, change);
    }

    /// It is over: what it was is kept for what follows.
    pub(super) fn keep_after(&mut self, at: At, no: IncidentNo) {
        if let Some(inc) = self.incidents.get(&no) {
            let ended = ended(at, inc);
            self.after_of(no).ended = Some(ended);
        }
    }

    fn after_of(&mut self, no: IncidentNo) -> &mut After {
        if self.after.len() >= AFTER_INCIDENTS_MAX && !self.after.contains_key(&no) {
            let age = |(no, a): (&IncidentNo, &After)| {
                (a.ended.is_none() || a.has_open(), a.ended.as_ref().map_or(At(i64::MAX), |e| e.at), *no)
            };
            if let Some((.., oldest)) = self.after.iter().map(age).min() {
                self.after.remove(&oldest);
            }
        }
        self.after.entry(no).or_default()
    }
}

fn ended(at: At, inc: &Incident) -> Ended {
    let plan = &inc.plan;
    let id = |f: FunctionIx| plan.functions.get(f.ix()).map(|f| f.id.clone());
    let ordered = inc.drill.as_deref().map_or(&[][..], |d| &d.leads[..]);
    let owners = inc.book().systems.iter().filter_map(|s| plan.system(s)).filter_map(|s| id(s.owner));
    let reporter = id(inc.reporter);
    let mut leads: Vec<FunctionId> = reporter.iter().cloned().chain(owners).chain(ordered.iter().cloned()).collect();
    leads.sort_unstable();
    leads.dedup();
    let led_by = inc.leader.and_then(id).or_else(|| ordered.first().cloned()).or(reporter);
    let objectives = inc.drill.as_deref().map_or(0, |d| d.objectives.len());
    Ended {
        at,
        title: inc.drill.as_deref().map_or_else(|| inc.book().title.clone(), |d| d.title.clone()),
        led_by: led_by.unwrap_or_else(|| FunctionId::from("")),
        leads,
        objectives: u32::try_from(objectives).unwrap_or(u32::MAX),
        whole: matches!(inc.drill_end, None | Some(DrillEnd::Done)),
    }
}

