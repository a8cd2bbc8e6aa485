//! What people make of an incident or a drill (RULES D20): remarks and feedback while it goes on and later, and when it is over a plan of
//! what is to be better. It stays when the incident leaves memory; what people wrote is private of the incident, and forgotten with it.
//!
//! Must not: know a rule. What may be written, when and by whom is [`super::decide`]'s; how it is carried out, `apply_after`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::day::Day;
use crate::domain::ids::FunctionId;
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
/// So often a function says how one incident went: a later one takes the place of the one before, and the journal keeps both.
pub const FEEDBACK_AGAIN_MAX: u32 = 20;
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

/// What somebody saw. Of what can be better it may say more; of anything else the rest is empty.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remark {
    pub kind: RemarkKind,
    pub text: Private,
    /// The rule or the line of a playbook that it is about.
    pub reference: Private,
    /// Why it went as it did.
    pub analysis: Private,
    /// What should be done.
    pub recommendation: Private,
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
            Self::Improvement(Improvement { progress: Progress::Open, .. }) => "improvement",
            Self::Improvement(Improvement { progress: Progress::Done, .. }) => "improvement-done",
            Self::Improvement(Improvement { progress: Progress::Dropped, .. }) => "improvement-dropped",
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
            Self::Remark(r) => r.private_mut(),
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
impl Remark {
    fn private_mut(&mut self) -> Vec<&mut Private> {
        vec![&mut self.text, &mut self.reference, &mut self.analysis, &mut self.recommendation]
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
    /// How often each said it.
    pub feedback_times: BTreeMap<FunctionId, u32>,
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
    pub(super) fn has_open(&self) -> bool {
        !self.forgotten && self.improvements.iter().any(|i| i.what.progress == Progress::Open)
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
        self.remarks.iter_mut().flat_map(|r| r.what.private_mut()).try_for_each(&mut *change)?;
        self.feedback.values_mut().flat_map(|f| f.what.private_mut()).try_for_each(&mut *change)?;
        self.ratings.values_mut().try_for_each(|r| change(&mut r.what.reason))
    }
}
