//! What people wrote after it (RULES D20), as reports show it: beside what the program counted, and never in its place.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::count;
use super::objective::Rating;
use super::shown::AfterReport;
use crate::domain::day::Day;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::after::{After, Element, Feedback, Improvement, Progress, Remark, RemarkKind, Said};
use crate::domain::incident::state::State;
use crate::domain::incident::timers::plan_due;
use crate::domain::plan::Plan;
use crate::domain::private::Private;
use crate::domain::time::At;

/// What people wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Written {
    /// By which day a plan of improvements is due; none: none is, since it goes on or was broken off.
    pub plan_due: Option<Day>,
    /// Why none is needed, where somebody says so.
    pub none_needed: Option<NoneNeeded>,
    pub improvements: Vec<PlannedImprovement>,
    pub remarks: Vec<WrittenRemark>,
    /// By function.
    pub feedback: Vec<WrittenFeedback>,
    /// What people wrote was forgotten.
    pub forgotten: bool,
}

/// Who says that no improvement is needed, and why.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct NoneNeeded {
    pub at: At,
    pub by: Option<FunctionId>,
    pub reason: Private,
}

/// An improvement.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct PlannedImprovement {
    /// Counted from 1.
    pub id: u32,
    pub capability: Private,
    pub issue: Private,
    pub action: Private,
    pub element: Element,
    /// Who sees to it.
    pub owner: FunctionId,
    pub start: Option<Day>,
    pub due: Day,
    pub progress: Progress,
    /// Its day has passed, and it is not done.
    pub overdue: bool,
    /// How it was verified that it is done; why it was dropped.
    pub verified: Private,
    /// When it was last written.
    pub at: At,
    pub by: Option<FunctionId>,
}

/// A remark.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct WrittenRemark {
    pub kind: RemarkKind,
    pub text: Private,
    /// Of what can be better: the rule or the line of a playbook that it is about.
    #[serde(default, skip_serializing_if = "Private::is_empty")]
    pub reference: Private,
    /// Of what can be better: why it went as it did.
    #[serde(default, skip_serializing_if = "Private::is_empty")]
    pub analysis: Private,
    /// Of what can be better: what should be done.
    #[serde(default, skip_serializing_if = "Private::is_empty")]
    pub recommendation: Private,
    pub at: At,
    pub by: Option<FunctionId>,
}

/// How it went, as a function says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct WrittenFeedback {
    pub function: FunctionId,
    pub went_well: Private,
    pub went_badly: Private,
    /// What should be otherwise.
    pub change: Private,
    pub at: At,
}

/// How somebody rates an objective.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct RatedByHand {
    pub rating: Rating,
    pub reason: Private,
    pub at: At,
    pub by: Option<FunctionId>,
}

/// An improvement whose day has passed, without its words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct OverdueImprovement {
    /// After which incident or drill.
    pub incident: IncidentNo,
    pub id: u32,
    pub owner: FunctionId,
    pub due: Day,
}

/// Improvements whose day has passed, the oldest day first.
pub fn overdue(state: &State, now: At) -> Vec<OverdueImprovement> {
    let today = Day::of(now, &state.plan.calendar);
    let late = |(no, after): (&IncidentNo, &After)| -> Vec<OverdueImprovement> {
        let late = after.improvements.iter().map(|i| &i.what).filter(|i| i.is_overdue(today));
        late.map(|i| OverdueImprovement { incident: *no, id: i.id, owner: i.owner.clone(), due: i.due }).collect()
    };
    // Of what was forgotten nobody knows any more what is to be done.
    let mut all: Vec<OverdueImprovement> = state.after.iter().filter(|(_, a)| !a.forgotten).flat_map(late).collect();
    all.sort_by_key(|i| (i.due, i.incident, i.id));
    all
}

impl Written {
    /// So many improvements: all, those still to be made, and of these those whose day has passed.
    pub fn counts(&self) -> (u32, u32, u32) {
        let open = self.improvements.iter().filter(|i| i.progress == Progress::Open);
        let overdue = self.improvements.iter().filter(|i| i.overdue);
        (count(self.improvements.len()), count(open.count()), count(overdue.count()))
    }
}

impl AfterReport {
    /// With what people wrote, as it is now. `plan` is that of new incidents: it names those who see to improvements.
    #[must_use]
    pub fn with_written(mut self, after: &After, plan: &Plan, now: At) -> Self {
        let today = Day::of(now, &plan.calendar);
        let due = after.ended.as_ref().filter(|e| e.whole).map(|ended| plan_due(ended, &plan.calendar));
        self.written = Written {
            plan_due: due,
            none_needed: after.none_needed.as_ref().map(|n| NoneNeeded {
                at: n.at,
                by: n.by.clone(),
                reason: n.what.clone(),
            }),
            improvements: after.improvements.iter().map(|i| planned(i, today, after.forgotten)).collect(),
            remarks: after.remarks.iter().map(remark).collect(),
            feedback: after.feedback.iter().map(|(function, said)| feedback(function, said)).collect(),
            forgotten: after.forgotten,
        };
        for (n, objective) in (1_u32..).zip(&mut self.objectives) {
            objective.by_hand = after.ratings.get(&n).map(|r| RatedByHand {
                rating: r.what.rating,
                reason: r.what.reason.clone(),
                at: r.at,
                by: r.by.clone(),
            });
        }
        let w = &self.written;
        let hands = self.objectives.iter().filter_map(|o| o.by_hand.as_ref()?.by.as_ref());
        let named: BTreeSet<&FunctionId> = w
            .improvements
            .iter()
            .flat_map(|i| i.by.iter().chain([&i.owner]))
            .chain(w.remarks.iter().filter_map(|r| r.by.as_ref()))
            .chain(w.feedback.iter().map(|f| &f.function))
            .chain(w.none_needed.iter().filter_map(|n| n.by.as_ref()))
            .chain(hands)
            .collect();
        for id in named {
            if let Some(f) = plan.function_ix(id.as_str()) {
                let title = || plan.function(f).title.clone();
                self.names.functions.entry(id.clone()).or_insert_with(title);
            }
        }
        self
    }
}

fn planned(said: &Said<Improvement>, today: Day, forgotten: bool) -> PlannedImprovement {
    let i = &said.what;
    PlannedImprovement {
        id: i.id,
        capability: i.capability.clone(),
        issue: i.issue.clone(),
        action: i.action.clone(),
        element: i.element,
        owner: i.owner.clone(),
        start: i.start,
        due: i.due,
        progress: i.progress,
        overdue: i.is_overdue(today) && !forgotten,
        verified: i.verified.clone(),
        at: said.at,
        by: said.by.clone(),
    }
}

fn remark(said: &Said<Remark>) -> WrittenRemark {
    let Remark { kind, text, reference, analysis, recommendation } = said.what.clone();
    WrittenRemark { kind, text, reference, analysis, recommendation, at: said.at, by: said.by.clone() }
}

fn feedback(function: &FunctionId, said: &Said<Feedback>) -> WrittenFeedback {
    let Feedback { went_well, went_badly, change } = said.what.clone();
    WrittenFeedback { function: function.clone(), went_well, went_badly, change, at: said.at }
}
