//! What happened, a line for each thing that people did or that was done to them. What is private stays out: people's own words are
//! sealed in the journal.

use super::reading::ids;
use super::shown::StoryLine;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::FunctionIx;
use crate::domain::incident::event::{ApprovalEnd, Change};
use crate::domain::incident::state::Incident;
use crate::domain::incident::values::ReleasedBy;
use crate::domain::ladder::ModeIx;
use crate::domain::lang::L10n;
use crate::domain::time::At;

/// Functions that one line names.
pub const STORY_NAMES_MAX: usize = 50;

/// One line, as the incident stands after it; `None`: it is the program's own step.
pub(super) fn line(inc: &Incident, at: At, change: &Change) -> Option<StoryLine> {
    let mut line = StoryLine {
        at,
        event: change.name().to_owned(),
        functions: Vec::new(),
        by: change.doer().and_then(|f| ids(inc, &[f]).pop()),
        message: None,
        what: None,
        texts: None,
        yes: None,
    };
    let of_asks = |asks: &[u32]| -> Vec<FunctionIx> {
        asks.iter().filter_map(|id| inc.asks.get(*id as usize)).map(|a| a.function).collect()
    };
    let mode = |ix: ModeIx| inc.plan.ladders.mode_at(ix).map(|m| m.label.clone());
    let sent = || change.batches().iter().map(|b| super::curve::count(b.sends.len())).sum::<u32>();
    let functions: Vec<FunctionIx> = match change {
        Change::Opened { .. } => {
            // A test of ways is no disruption, whatever its report is filled in with.
            let what = if inc.is_drill() { &inc.book().title } else { &inc.facts.what };
            line.what = Some(what.clone());
            Vec::new()
        }
        Change::FactsSet { by: Some(_), .. } => Vec::new(),
        Change::ScopeSet { level, .. } => {
            line.what = inc.plan.ladders.level_at(*level).map(|l| l.label.clone());
            Vec::new()
        }
        Change::ModeSet { mode: ix, .. } => {
            line.what = mode(*ix);
            Vec::new()
        }
        Change::ApprovalAsked { entry, approval } => {
            line.message = inc.entry(*entry).map(|e| inc.number(e.message));
            approval.asked.clone()
        }
        Change::ApprovalEnded { entry, end } => {
            line.message = inc.entry(*entry).map(|e| inc.number(e.message));
            line.yes = Some(matches!(end, ApprovalEnd::Released(ReleasedBy::Approval(_) | ReleasedBy::BreakGlass(_))));
            match end {
                // That nobody answered in time is said by the release.
                ApprovalEnd::Released(ReleasedBy::Deadline | ReleasedBy::Playbook) => return None,
                _ => Vec::new(),
            }
        }
        Change::Released { entry, .. } => {
            let e = inc.entry(*entry)?;
            line.message = Some(inc.number(e.message));
            line.texts = Some(sent());
            e.to.clone()
        }
        Change::Results { results } => {
            let gone = |s| matches!(s, DeliveryState::Failed | DeliveryState::Expired);
            let failed: Vec<_> = results.iter().filter(|r| gone(r.state)).collect();
            if failed.is_empty() {
                return None;
            }
            line.event = "failed".to_owned();
            line.texts = Some(super::curve::count(failed.len()));
            let points = failed.iter().filter_map(|r| inc.deliveries.get(r.ordinal as usize)).map(|d| d.point);
            let mut all: Vec<FunctionIx> = points.flat_map(|p| inc.plan.point(p).functions.clone()).collect();
            all.sort_unstable();
            all.dedup();
            all
        }
        Change::Withdrawn { ordinals } => {
            line.texts = Some(super::curve::count(ordinals.len()));
            Vec::new()
        }
        Change::Answered { asks, .. } | Change::Reminded { asks, .. } | Change::NotReached { asks } => of_asks(asks),
        Change::Unanswered { ask, .. } => of_asks(&[*ask]),
        Change::Escalated { to, .. } => to.clone(),
        Change::AskedAgain { asks, .. } => asks.iter().map(|a| a.function).collect(),
        Change::Proposed { mode: ix, asked, .. } => {
            line.what = mode(*ix);
            asked.clone()
        }
        Change::Decided { proposal, yes, .. } => {
            line.what = inc.proposals.get(*proposal as usize).and_then(|p| mode(p.mode));
            line.yes = Some(*yes);
            Vec::new()
        }
        Change::Stopped { message, .. } => {
            line.message = Some(inc.number(*message));
            Vec::new()
        }
        Change::ErrandAdded { owner, functions, .. } => {
            line.by = ids(inc, &[*owner]).pop();
            functions.clone()
        }
        Change::ErrandDone { .. }
        | Change::PhaseSet { .. }
        | Change::DataConfirmed { .. }
        | Change::Adopted { .. }
        | Change::Merged { .. }
        | Change::DrillSet { .. }
        | Change::DrillOver { .. } => Vec::new(),
        Change::InjectGiven { inject } => {
            line.what = inc.drill.as_ref().and_then(|d| d.injects.get(*inject as usize)).map(|i| i.text.clone());
            Vec::new()
        }
        Change::StepOpened { step } => {
            line.what = Some(step.title.clone());
            vec![step.owner]
        }
        Change::StepAnswered { step, functions, yes, .. } => {
            line.what = title(inc, *step);
            line.yes = Some(*yes);
            functions.clone()
        }
        Change::StepBegun { step, .. } | Change::StepMoved { step, .. } | Change::StepEnded { step, .. } => {
            line.what = title(inc, *step);
            Vec::new()
        }
        Change::Arrived { functions, .. } => functions.clone(),
        _ => return None,
    };
    line.functions = ids(inc, functions.get(..STORY_NAMES_MAX).unwrap_or(&functions));
    Some(line)
}

fn title(inc: &Incident, step: u32) -> Option<L10n> {
    inc.steps.get(step as usize).map(|s| s.new.title.clone())
}
