//! What waits for one duty: texts to approve, modes to decide, texts to answer, errands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StepView;
use super::incident::{ApprovalState, ErrandView, approval};
use super::{ProposalView, acts_for, holds, id, ids, incident, is_drill};
use crate::domain::ids::{FunctionId, IncidentNo, MessageNo, SiteId};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::claims::claims;
use crate::domain::incident::decide::{next_approver, same_eyes};
use crate::domain::incident::state::{EntryState, Incident, ProposalState, State};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Audience, Channel};
use crate::domain::report::{OverdueImprovement, overdue};
use crate::domain::text::Fingerprint;
use crate::domain::time::At;

/// An entry that waits for one approver.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ApprovalView {
    pub incident: IncidentNo,
    /// It is a drill.
    pub exercise: bool,
    /// What the incident is called.
    pub title: L10n,
    pub number: MessageNo,
    /// Which entry of it.
    pub entry: u32,
    /// For whom it is written.
    pub audience: Audience,
    /// The fingerprint of each language; a yes names one of them.
    pub fingerprints: BTreeMap<Lang, Fingerprint>,
    pub texts: BTreeMap<Lang, String>,
    /// Languages that nobody read since another was edited (RULES A7).
    pub unreviewed: Vec<Lang>,
    /// Who gets it.
    pub to: Vec<FunctionId>,
    /// The public page.
    pub public: bool,
    pub channels: Vec<Channel>,
    /// How the approval stands: deadline, what then.
    pub approval: ApprovalState,
    /// What the text says works, in each language: a yes says that it does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub works: BTreeMap<Lang, String>,
    /// This duty reported, and the playbook asks for four eyes: a yes would be refused (RULES B6).
    pub four_eyes: bool,
    /// Who is asked when nobody who was asked says anything in time; none: the chain ends there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<FunctionId>,
}

/// A mode that one duty decides.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct DecisionView {
    pub incident: IncidentNo,
    /// What it is called.
    pub title: L10n,
    pub proposal: ProposalView,
}

/// A text that one duty has not answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct AnswerView {
    pub message: MessageNo,
    /// What the incident is called.
    pub title: L10n,
    pub function: FunctionId,
    pub site: SiteId,
    /// The time is up then; nothing when it is a standing alarm.
    pub due: Option<At>,
}

/// An errand.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ErrandTodoView {
    pub incident: IncidentNo,
    pub errand: ErrandView,
}

/// A step that waits for one duty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct StepTodoView {
    pub incident: IncidentNo,
    pub step: StepView,
    /// It owns it; otherwise it was asked, called or told.
    pub owns: bool,
}

/// Everything that waits for one duty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
pub struct TodoView {
    /// Texts to approve, the first deadline first.
    pub approvals: Vec<ApprovalView>,
    /// Modes to decide.
    pub decisions: Vec<DecisionView>,
    /// Texts to answer.
    pub answers: Vec<AnswerView>,
    pub errands: Vec<ErrandTodoView>,
    /// Steps that it owns, or was asked in and has not answered; the first deadline first.
    #[serde(default)]
    pub steps: Vec<StepTodoView>,
    /// Improvements whose day has passed, that it sees to or that follow from what it led (RULES D20).
    #[serde(default)]
    pub improvements: Vec<OverdueImprovement>,
}

/// Every entry that waits for this function's yes, the first deadline first (RULES B2: one request shows all of them).
pub fn approvals_for(state: &State, function: &FunctionId, now: At) -> Vec<ApprovalView> {
    let mut all: Vec<ApprovalView> = state.incidents.values().flat_map(|i| of_incident(i, function, now)).collect();
    all.sort_by_key(|a| (a.exercise, a.approval.due, a.number, a.entry));
    all
}

/// Why the yes of one who acts for a function would be refused: he told of it, and the public's text takes two (RULES H3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EyesView {
    /// A program says yes to nothing that the public sees.
    pub program: bool,
    /// Who is asked instead, or can be; `None`: nobody is left.
    pub other: Option<FunctionId>,
    /// That one was asked already.
    pub asked: bool,
    /// The deadline decides then.
    pub decides: At,
}

/// Whether `who`, acting for that function, would be refused a yes to what waits under that number, and what goes on instead.
pub fn same_eyes_of(
    state: &State,
    number: MessageNo,
    function: &FunctionId,
    who: Option<&Actor>,
    now: At,
) -> Option<EyesView> {
    let inc = state.incidents.get(&number.incident)?;
    let by = inc.plan.function_ix(function.as_str())?;
    let waits = |e: &&crate::domain::incident::state::Entry| match &e.state {
        EntryState::Waiting(a) => e.message == number.seq && acts_for(&inc.plan, by, &a.asked, now),
        _ => false,
    };
    let entries: Vec<u32> = inc.entries.iter().filter(waits).map(|e| e.id).collect();
    let same = same_eyes(inc, &entries, by, who, now)?;
    let other = same.other.map(|f| id(&inc.plan, f));
    Some(EyesView { program: same.program, other, asked: same.asked, decides: same.decides })
}

fn of_incident(inc: &Incident, function: &FunctionId, now: At) -> Vec<ApprovalView> {
    let plan = &inc.plan;
    let Some(by) = plan.function_ix(function.as_str()) else { return Vec::new() };
    let reported = inc.book().four_eyes && holds(plan, inc.reporter, now) == holds(plan, by, now);
    let waiting = inc.entries.iter().filter_map(|e| match &e.state {
        EntryState::Waiting(a) if acts_for(plan, by, &a.asked, now) => Some((e, &**a)),
        _ => None,
    });
    waiting
        .filter_map(|(e, a)| {
            let m = inc.message(e.message)?;
            Some(ApprovalView {
                incident: inc.no,
                exercise: is_drill(inc.no),
                title: inc.book().title.clone(),
                number: inc.number(e.message),
                entry: e.id,
                audience: e.audience,
                fingerprints: m.texts.iter().map(|(l, d)| (*l, d.fingerprint)).collect(),
                texts: m.texts.iter().map(|(l, d)| (*l, d.text.as_str().to_owned())).collect(),
                unreviewed: m.texts.iter().filter(|(_, d)| !d.reviewed).map(|(l, _)| *l).collect(),
                to: ids(plan, &e.to),
                public: e.public,
                channels: e.channels.clone(),
                approval: approval(plan, e, a),
                works: claims(inc, m),
                four_eyes: reported,
                next: next_approver(inc, e, now).map(|f| id(plan, f)),
            })
        })
        .collect()
}

/// Everything that waits for this function.
pub fn todo_for(state: &State, function: &FunctionId, now: At) -> TodoView {
    let mut todo = TodoView { approvals: approvals_for(state, function, now), ..TodoView::default() };
    if let Some(by) = state.plan.function_ix(function.as_str()) {
        let mine =
            |id: &FunctionId| state.plan.function_ix(id.as_str()).is_some_and(|f| acts_for(&state.plan, by, &[f], now));
        todo.improvements = overdue(state, now);
        todo.improvements.retain(|i| {
            let ended = state.after.get(&i.incident).and_then(|a| a.ended.as_ref());
            mine(&i.owner) || ended.is_some_and(|e| mine(&e.led_by))
        });
    }
    for inc in state.incidents.values() {
        let plan = &inc.plan;
        let Some(by) = plan.function_ix(function.as_str()) else { continue };
        let title = &inc.book().title;
        for p in inc.proposals.iter().filter(|p| p.state == ProposalState::Asked) {
            if acts_for(plan, by, &p.asked, now) {
                let proposal = incident::proposal(inc, p);
                todo.decisions.push(DecisionView { incident: inc.no, title: title.clone(), proposal });
            }
        }
        for ask in inc.asks.current().keys().filter_map(|f| inc.ask(*f)).filter(|a| a.state.is_open()) {
            if ask.answers.iter().any(|g| g.by == by) {
                // One of several answers was given; the others are for others.
                continue;
            }
            if ask.asked.contains(&by) || ask.function == by || holds(plan, ask.function, now) == by {
                todo.answers.push(AnswerView {
                    message: inc.number(ask.message),
                    title: title.clone(),
                    function: id(plan, ask.function),
                    site: plan.function(ask.function).site.clone(),
                    due: (ask.state == AskState::Waiting).then_some(ask.due),
                });
            }
        }
        for t in inc.errands.iter().filter(|t| t.done.is_none() && acts_for(plan, by, &[t.owner], now)) {
            todo.errands.push(ErrandTodoView {
                incident: inc.no,
                errand: ErrandView {
                    id: t.id,
                    owner: id(plan, t.owner),
                    functions: ids(plan, &t.functions),
                    message: inc.number(t.message),
                    why: t.why.clone(),
                    done_at: None,
                    done_by: None,
                },
            });
        }
        for s in inc.steps.iter().filter(|s| s.is_open()) {
            let asked_for_owner = s.asked.iter().filter(|a| a.function == s.new.owner).map(|a| a.who);
            let owners: Vec<_> = asked_for_owner.chain([s.new.owner]).collect();
            let owns = acts_for(plan, by, &owners, now);
            let answered = match s.rounds.last() {
                Some(round) => &round.answers,
                None => &s.answers,
            };
            let asked =
                s.asked.iter().any(|a| acts_for(plan, by, &[a.who], now) && !answered.contains_key(&a.function));
            if owns || asked {
                todo.steps.push(StepTodoView { incident: inc.no, step: super::steps::step(inc, s, now), owns });
            }
        }
    }
    todo.steps.sort_by_key(|s| (s.incident.status, s.step.due));
    todo
}
