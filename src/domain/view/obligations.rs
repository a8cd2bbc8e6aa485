//! What one duty must do now, as people see it: one obligation is one thing to decide, by when, and what happens if nobody does it.
//! What one `JA` by SMS would answer is one obligation, for however many functions it answers.

use std::collections::BTreeMap;

use super::{ApprovalView, DecisionView, ErrandTodoView, RungView, StepTodoView, id, mode_rung, todo_for};
use crate::domain::holder::deputies_in_turn;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, MessageNo, Status};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks::next_to_ask;
use crate::domain::incident::state::{EntryState, Incident, ProposalState, State};
use crate::domain::ladder::{Mode, ModeIx};
use crate::domain::lang::L10n;
use crate::domain::plan::{AnswerRule, Plan, Then};
use crate::domain::report::OverdueImprovement;
use crate::domain::time::At;

/// Something that a duty must do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Obligation {
    pub incident: IncidentNo,
    /// It is a drill.
    pub exercise: bool,
    /// What the incident is called now.
    pub title: L10n,
    /// Until when; nothing when the time is over and nobody is left to ask, or when there is none.
    pub due: Option<At>,
    /// What happens then.
    pub silence: Silence,
    pub what: What,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Answer a text, for these functions.
    Answer {
        message: MessageNo,
        functions: Vec<FunctionId>,
    },
    /// Decide on a mode.
    Decide(Box<DecisionView>),
    /// Approve a text: all entries of one number.
    Approve {
        number: MessageNo,
        to: usize,
        public: bool,
        four_eyes: bool,
    },
    /// Walk, call, read out.
    Errand(Box<ErrandTodoView>),
    Step(Box<StepTodoView>),
    /// See to it that an improvement is made.
    Improvement(OverdueImprovement),
}

/// What happens if nobody does anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Silence {
    /// That duty is asked.
    Ask(FunctionId),
    /// The same duty is asked once more.
    AskAgain,
    /// The text goes out.
    Release,
    /// The text stays; an alarm, and the question again.
    Hold,
    /// Nobody is left to ask: a standing alarm.
    Alarm,
    /// It is one already.
    Alarmed,
    /// It counts as late.
    Late,
    /// Nothing: no answer is required.
    Nothing,
}

/// Everything that this duty must do: real before drills, the first deadline first.
pub fn obligations(state: &State, function: &FunctionId, now: At) -> Vec<Obligation> {
    let todo = todo_for(state, function, now);
    let mut all: Vec<Obligation> = Vec::new();
    let mut answers: BTreeMap<MessageNo, Vec<FunctionId>> = BTreeMap::new();
    for a in todo.answers {
        answers.entry(a.message).or_default().push(a.function);
    }
    for (message, functions) in answers {
        let Some(inc) = state.incidents.get(&message.incident) else { continue };
        let (due, silence) = answer_by(inc, &functions, now);
        all.push(of(inc, due, silence, What::Answer { message, functions }));
    }
    for d in todo.decisions {
        let Some(inc) = state.incidents.get(&d.incident) else { continue };
        let silence = undecided(inc, d.proposal.id);
        all.push(of(inc, Some(d.proposal.due), silence, What::Decide(Box::new(d))));
    }
    let mut waiting: BTreeMap<MessageNo, Vec<ApprovalView>> = BTreeMap::new();
    for a in todo.approvals {
        waiting.entry(a.number).or_default().push(a);
    }
    for (number, entries) in waiting {
        let Some(inc) = state.incidents.get(&number.incident) else { continue };
        let first = entries.iter().min_by_key(|a| a.approval.due);
        let silence = first.map_or(Silence::Hold, |a| unapproved(inc, a.entry, now));
        let what = What::Approve {
            number,
            to: entries.iter().map(|a| a.to.len()).sum(),
            public: entries.iter().any(|a| a.public),
            four_eyes: entries.iter().any(|a| a.four_eyes),
        };
        all.push(of(inc, first.map(|a| a.approval.due), silence, what));
    }
    for e in todo.errands {
        let Some(inc) = state.incidents.get(&e.incident) else { continue };
        all.push(of(inc, None, Silence::Nothing, What::Errand(Box::new(e))));
    }
    for s in todo.steps {
        let Some(inc) = state.incidents.get(&s.incident) else { continue };
        all.push(of(inc, Some(s.step.due), Silence::Late, What::Step(Box::new(s))));
    }
    for i in todo.improvements {
        let title = state.after.get(&i.incident).and_then(|a| a.ended.as_ref()).map(|e| e.title.clone());
        let (incident, exercise) = (i.incident, i.incident.status == Status::Exercise);
        // Its day has passed, and no clock runs: it comes after all that has one.
        let (title, what) = (title.unwrap_or_default(), What::Improvement(i));
        all.push(Obligation { incident, exercise, title, due: None, silence: Silence::Nothing, what });
    }
    // Whom nobody reaches any more comes before all that still has time.
    all.sort_by_key(|o| (o.exercise, o.silence != Silence::Alarmed, o.due.unwrap_or(At(i64::MAX)), o.incident));
    all
}

/// The functions of an incident that nobody was reached for and nobody is left to ask, in the order of the plan.
pub fn not_reached(inc: &Incident) -> Vec<FunctionId> {
    let current = inc.asks.current().keys().filter_map(|f| inc.ask(*f));
    current.filter(|a| matches!(a.state, AskState::NotReached { .. })).map(|a| id(&inc.plan, a.function)).collect()
}

/// What an incident waits for first: how many functions have not answered by then, and who is asked for them.
pub fn next_unanswered(inc: &Incident, now: At) -> Option<(At, usize, Silence)> {
    let waiting = || {
        let asks = inc.asks.current().keys().filter_map(|f| inc.ask(*f));
        asks.filter(|a| a.state == AskState::Waiting && a.rule == AnswerRule::Required)
    };
    let due = waiting().map(|a| a.due).min()?;
    let functions: Vec<FunctionId> = waiting().filter(|a| a.due == due).map(|a| id(&inc.plan, a.function)).collect();
    let (_, silence) = answer_by(inc, &functions, now);
    Some((due, functions.len(), silence))
}

/// What a mode means, and whom it tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModeMeaning {
    pub mode: RungView,
    /// What happens in it, as the texts say it.
    pub line: L10n,
    /// Told with it, and not told of this incident before.
    pub also: Vec<FunctionId>,
    /// So many were told of this incident: they hear of the mode too (RULES A9).
    pub told: usize,
}

/// The modes as they would be told of in an incident.
pub fn mode_meanings(state: &State, no: IncidentNo) -> Vec<ModeMeaning> {
    let Some(inc) = state.incidents.get(&no) else { return Vec::new() };
    let plan = &inc.plan;
    let modes = (0u8..).map(ModeIx).zip(&plan.ladders.modes);
    let meaning = |(ix, m): (ModeIx, &Mode)| ModeMeaning {
        mode: mode_rung(plan, ix),
        line: m.line.clone(),
        also: m.tell.iter().filter(|f| !inc.attempted.contains(f)).map(|f| id(plan, *f)).collect(),
        told: inc.attempted.len(),
    };
    modes.map(meaning).collect()
}

fn of(inc: &Incident, due: Option<At>, silence: Silence, what: What) -> Obligation {
    let exercise = inc.no.status == Status::Exercise;
    Obligation { incident: inc.no, exercise, title: inc.headline(), due, silence, what }
}

/// The first deadline of these functions' asks, and who is asked then.
fn answer_by(inc: &Incident, functions: &[FunctionId], now: At) -> (Option<At>, Silence) {
    let fx = functions.iter().filter_map(|f| inc.plan.function_ix(f.as_str()));
    let asks: Vec<_> = fx.filter_map(|f| inc.ask(f)).collect();
    let Some(first) = asks.iter().filter(|a| a.state == AskState::Waiting).min_by_key(|a| a.due) else {
        return (None, Silence::Alarmed);
    };
    if first.rule != AnswerRule::Required {
        return (Some(first.due), Silence::Nothing);
    }
    let next = next_to_ask(&inc.plan, first.function, &first.asked, first.due.max(now));
    (Some(first.due), next.map_or(Silence::Alarm, |f| Silence::Ask(id(&inc.plan, f))))
}

/// Who is asked after those who were asked to decide.
fn undecided(inc: &Incident, id_of: u32) -> Silence {
    let Some(p) = inc.proposals.get(id_of as usize).filter(|p| p.state == ProposalState::Asked) else {
        return Silence::Nothing;
    };
    let next = p.asked.first().and_then(|first| next_in_turn(&inc.plan, *first, &p.asked, p.due));
    next.map_or(Silence::AskAgain, |f| Silence::Ask(id(&inc.plan, f)))
}

/// What happens to an entry that nobody approves.
pub(super) fn unapproved(inc: &Incident, entry: u32, now: At) -> Silence {
    let Some(e) = inc.entry(entry) else { return Silence::Nothing };
    let (EntryState::Waiting(a), Some(rule)) = (&e.state, &e.rule) else { return Silence::Nothing };
    let of_rule = |then: Then| if then == Then::Release { Silence::Release } else { Silence::Hold };
    match rule.then {
        Then::Release => Silence::Release,
        Then::Hold => Silence::Hold,
        Then::Escalate => match next_to_ask(&inc.plan, rule.by, &a.asked, a.due.max(now)) {
            Some(next) => Silence::Ask(id(&inc.plan, next)),
            None => of_rule(rule.finally),
        },
    }
}

fn next_in_turn(plan: &Plan, first: FunctionIx, asked: &[FunctionIx], at: At) -> Option<FunctionIx> {
    deputies_in_turn(plan, first, at.timestamp()).into_iter().find(|f| !asked.contains(f))
}
