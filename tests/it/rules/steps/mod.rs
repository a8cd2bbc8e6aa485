//! What must be done beside telling: one timeline per lesson.

#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod arrivals;
mod conferences;
mod faults;
mod interventions;
mod redirections;
mod tasks;

use super::c_answers::*;
use super::region::Builder;
use super::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::steps::{Step, StepState};
use vardkase::domain::incident::values::StepEnd;
use vardkase::domain::incident::values::*;
use vardkase::domain::ladder::LevelIx;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::*;
use vardkase::domain::step::{Beat, StepKind, StepRule, Within};
use vardkase::domain::time::At;
use vardkase::domain::words::NoteWord;

fn said(sv: &str) -> L10n {
    L10n::same(&[Lang::SV, Lang::EN], sv)
}

/// A rule of a playbook.
fn rule(b: &Builder, id: &str, kind: StepKind, owner: &str, to: &[&str], within_s: u32) -> StepRule {
    StepRule {
        id: id.into(),
        level: LevelIx(0),
        kind,
        title: said(id),
        over: said(&format!("{id} är över")),
        concerns: said("alla"),
        owner: b.function_ix(owner),
        to: to.iter().map(|f| b.function_ix(f)).collect(),
        within: Within::Seconds(within_s),
        lasts_s: 3600,
        beat: (kind == StepKind::Conference).then_some(Beat::Every(3600)),
        at_once: !matches!(kind, StepKind::Intervention | StepKind::Redirection),
    }
}

/// The region, where `ehr-down` and `dictation-slow` have these steps.
fn with_steps(steps: impl FnOnce(&Builder) -> Vec<StepRule>) -> Plan {
    region_with(|b| {
        let steps = steps(b);
        for book in ["ehr-down", "dictation-slow"] {
            b.plan.playbooks.get_mut(&book.into()).unwrap().steps = steps.clone();
        }
    })
}

fn start(no: IncidentNo, rule: &str) -> Action {
    Action::StepStart { incident: no, start: StepStart { rule: Some(rule.into()), ..StepStart::default() } }
}

/// A step that somebody types.
fn own(no: IncidentNo, kind: StepKind, what: &str, to: &[&str], due: At) -> Action {
    let start = StepStart {
        kind: Some(kind),
        title: Some(said(what)),
        to: to.iter().map(|f| FunctionId::from(*f)).collect(),
        due: Some(due),
        ..StepStart::default()
    };
    Action::StepStart { incident: no, start }
}

fn done(no: IncidentNo, step: u32, reference: &str) -> Action {
    Action::StepDone { incident: no, step, reference: reference.into() }
}

fn stop_step(no: IncidentNo, step: u32) -> Action {
    Action::StepStop { incident: no, step, reason: "patient i maskinen".into() }
}

fn have(no: IncidentNo, step: u32, yes: bool) -> Action {
    Action::StepHave { incident: no, step, function: None, yes, phone: false, reason: "kan inte".into() }
}

fn clear(no: IncidentNo) -> Action {
    Action::AllClear { incident: no, override_reason: Some("ägaren nås inte".into()) }
}

fn step_of(t: &Timeline, no: IncidentNo, number: u32) -> Step {
    t.inc(no).steps[number as usize - 1].clone()
}

fn code(t: &Timeline, no: IncidentNo, number: u32) -> String {
    step_of(t, no, number).new.code.as_str().to_owned()
}

/// `open`, `begun`, `done`, `stopped`, `over`, `closed`.
fn how(t: &Timeline, no: IncidentNo, number: u32) -> &'static str {
    match step_of(t, no, number).state {
        StepState::Open => "open",
        StepState::Begun { .. } => "begun",
        StepState::Ended { end: StepEnd::Done, .. } => "done",
        StepState::Ended { end: StepEnd::Stopped, .. } => "stopped",
        StepState::Ended { end: StepEnd::Over, .. } => "over",
        StepState::Ended { end: StepEnd::Closed, .. } => "closed",
    }
}

/// Who got a note of a kind since the last `clear`, each once, in order.
fn noted(t: &Timeline, word: NoteWord) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for s in t.sent.iter().filter(|s| s.note == Some(word)) {
        for f in &s.to {
            if !all.contains(f) {
                all.push(f.clone());
            }
        }
    }
    all
}

fn slow(t: &mut Timeline) -> IncidentNo {
    t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() })
}

fn refused(t: &mut Timeline, by: &str, action: Action) -> &'static str {
    t.act(by, action).unwrap_err().code
}
