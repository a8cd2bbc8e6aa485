//! Runs the playbooks' `tests:` blocks: what a region wants to happen is written beside the playbook, and `check` says by day
//! when it no longer does.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::rehearsal::Rehearsal;
use crate::config::tests_block::{After, Expect, Safety, TestCase};
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::facts;
use crate::domain::incident::input::{IfShared, Report};
use crate::domain::incident::state::EntryState;
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::words;
use crate::yaml::diagnostics::Found;

/// Approvers answer after this.
const APPROVED_AFTER_S: u32 = 60;
/// A test looks that far ahead.
const HORIZON_S: u32 = 24 * 3600;

/// Runs all of them.
pub(super) fn check(plan: &Arc<Plan>, tests: &[TestCase], found: &mut Found) {
    for test in tests {
        let answered = match run(plan, test, true) {
            Ok(run) => run,
            Err(why) => {
                found
                    .error(test.place, "test-fails", format!("the report is refused: {why}"))
                    .help("change the test, or what the playbook asks for");
                continue;
            }
        };
        let silent = test.expect.iter().any(|e| e.after == Some(After::Escalation)).then(|| run(plan, test, false));
        for expect in &test.expect {
            let run = match (expect.after, &silent) {
                (Some(After::Escalation), Some(Ok(silent))) => silent,
                _ => &answered,
            };
            if let Some(why) = run.judge(plan, expect) {
                let whom = expect.to.map_or("the public", |f| plan.function(f).id.as_str());
                let message = format!("{whom} over {}: {why}", expect.over);
                found.error(expect.place, "test-fails", message).help(run.came(plan, expect.to));
            }
        }
    }
}

/// What a test saw.
struct Run {
    rehearsal: Rehearsal,
    reported: At,
    approved: At,
    /// Functions that wait for the morning, and until when.
    quiet: Vec<(FunctionIx, At)>,
}

fn run(plan: &Arc<Plan>, test: &TestCase, answers: bool) -> Result<Run, String> {
    let reported = At::from(test.at);
    let mut rehearsal = Rehearsal::new(plan, reported);
    rehearsal.answers = answers;
    let level = test.level.and_then(|l| plan.ladders.level_at(l)).map(|l| l.id.clone());
    let report = Report {
        exercise: test.exercise,
        playbook: test.playbook.to_string(),
        level,
        sites: test.sites.clone(),
        safety: match test.safety {
            Safety::Yes => facts::Safety::Yes,
            Safety::No => facts::Safety::No,
            Safety::Unknown => facts::Safety::Unknown,
        },
        shared: IfShared::Separate,
        ..Report::default()
    };
    let no: IncidentNo = rehearsal.report(&report).map_err(|r| words::refused(Lang::EN, &r).0)?;
    let quiet = rehearsal.state.incidents.get(&no).map(|inc| {
        let until = |e: &crate::domain::incident::state::Entry| match e.state {
            EntryState::Quiet { until } => Some((e.to.clone(), until)),
            _ => None,
        };
        inc.entries.iter().filter_map(until).flat_map(|(to, until)| to.into_iter().map(move |f| (f, until))).collect()
    });
    let approved = reported + APPROVED_AFTER_S;
    rehearsal.until(approved);
    rehearsal.approve_all(no);
    rehearsal.until(reported + HORIZON_S);
    Ok(Run { rehearsal, reported, approved, quiet: quiet.unwrap_or_default() })
}

impl Run {
    /// When such a text left.
    fn times(&self, plan: &Plan, expect: &Expect) -> Vec<At> {
        let to = |gone: &&super::rehearsal::Gone| match expect.to {
            Some(f) => gone.to.contains(&f) || gone.to.iter().any(|g| covers(plan, *g, f, gone.at)),
            None => gone.to.is_empty(),
        };
        let all = self.rehearsal.gone.iter().filter(|g| g.over == expect.over);
        all.filter(to).map(|g| g.at).collect()
    }

    /// What is wrong, if anything is.
    fn judge(&self, plan: &Plan, expect: &Expect) -> Option<String> {
        let times = self.times(plan, expect);
        let after_s = |at: At, from: At| (at.0 - from.0).max(0) / 1000;
        if expect.never {
            return times
                .first()
                .map(|at| format!("it left {} s after the report, and never should", after_s(*at, self.reported)));
        }
        let (from, what) = match expect.after {
            None => (self.reported, "the report"),
            Some(After::Approval) => (self.approved, "the approval"),
            Some(After::Escalation) => match self.rehearsal.escalated.first() {
                Some((_, at)) => (*at, "the first escalation"),
                None => return Some("nobody was asked in anybody's place".into()),
            },
            Some(After::Night) => match self.quiet.iter().find(|(f, _)| Some(*f) == expect.to) {
                Some((_, until)) => (*until, "the night"),
                None => return Some("nothing waits for the morning".into()),
            },
        };
        let Some(first) = times.first() else { return Some("it did not leave within 24 hours".into()) };
        if *first < from {
            return Some(format!("it left {} s before {what}", after_s(from, *first)));
        }
        let late = after_s(*first, from);
        match expect.within_s {
            Some(within) if late > i64::from(within) => {
                Some(format!("it left {late} s after {what}, not within {within} s"))
            }
            _ => None,
        }
    }

    /// Over what the receiver got anything at all.
    fn came(&self, plan: &Plan, to: Option<FunctionIx>) -> String {
        let got = |gone: &&super::rehearsal::Gone| match to {
            Some(f) => gone.to.contains(&f) || gone.to.iter().any(|g| covers(plan, *g, f, gone.at)),
            None => gone.to.is_empty(),
        };
        let mut seen = BTreeSet::new();
        let gone = self.rehearsal.gone.iter().filter(got).filter(|g| seen.insert(g.over));
        let told: Vec<String> =
            gone.map(|g| format!("{} after {} s", g.over, (g.at.0 - self.reported.0).max(0) / 1000)).collect();
        match told.is_empty() {
            true => "nothing went there in 24 hours; is it among the playbook's addressees?".into(),
            false => format!("what went there: {}", told.join(", ")),
        }
    }
}

/// Whether `holder` holds the duty of `f` then: what goes to a duty goes to its holder.
fn covers(plan: &Plan, holder: FunctionIx, f: FunctionIx, at: At) -> bool {
    crate::domain::holder::holder(plan, f, at.timestamp()).unwrap_or_else(|c| c.last) == holder
}
