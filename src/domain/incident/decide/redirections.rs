//! Redirections (INCIDENTS lesson 35: "only hospital X can receive"). A text of its own to everybody who was told and to all
//! who send patients; from then on a part of every text, until its end, which is told too.

use std::collections::BTreeSet;

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::steps::{Step, is_outside};
use crate::domain::incident::values::StepEnd;
use crate::domain::incident::values::{Kind, Source};
use crate::domain::plan::{ApprovalRule, Audience, Row};
use crate::domain::private::Private;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    /// Tells that it holds, or that it no longer does.
    pub(super) fn tell_redirection(&mut self, no: IncidentNo, step: u32, over: bool) {
        let plan = self.plan(no);
        let send = self.inc(no).steps.get(step as usize).map(|s| s.new.to.clone()).unwrap_or_default();
        let (outside, inside): (BTreeSet<FunctionIx>, BTreeSet<FunctionIx>) =
            send.into_iter().partition(|f| is_outside(&plan, *f));
        let kind = Kind::Redirection { step, over };
        for (audience, more) in [(Audience::Internal, inside), (Audience::Outside, outside)] {
            let mut to: BTreeSet<FunctionIx> = self.followers(no, audience).into_iter().collect();
            to.extend(more);
            if to.is_empty() {
                continue;
            }
            let to: Vec<FunctionIx> = to.into_iter().collect();
            let message = self.draft(no, kind, audience);
            if audience == Audience::Internal {
                self.tell_followers(no, message, audience, to);
                continue;
            }
            // What leaves the region is approved as the texts of its rows are.
            let rule = self.outside_rule(no);
            let row = Row { approval: rule.clone(), ..self.row_of(no, Source::Followers, audience, false) };
            let entry = self.add_row_entry(no, Source::Followers, &row, to, rule, message, kind);
            self.start(no, &[entry], &[]);
        }
        // It is a fact of every text that still waits (RULES B4).
        self.redraw_waiting(no);
    }

    /// Whose approval a text needs that leaves the region: as this playbook says, or else any that addresses the outside.
    fn outside_rule(&self, no: IncidentNo) -> Option<ApprovalRule> {
        let inc = self.inc(no);
        let books = std::iter::once(inc.book()).chain(inc.plan.playbooks.values());
        let rows = books.flat_map(|b| &b.levels).flat_map(|l| &l.notify);
        rows.filter(|r| r.audience == Audience::Outside).find_map(|r| r.approval.clone())
    }

    pub(super) fn redirection_due(&mut self, no: IncidentNo, step: &Step) {
        if self.now >= step.new.due {
            self.end_step(no, step.id, StepEnd::Over, None, &Private::default());
            return;
        }
        let plan = self.plan(no);
        let owner = self.holds(&plan, step.new.owner);
        let notes = self.step_note(no, step.id, owner, NoteWord::RedirectionEnds, &[], "");
        let change = Change::StepTold { step: step.id, asked: Vec::new(), notes, late: 0, next_check: step.new.due };
        self.emit(no, change);
    }
}
