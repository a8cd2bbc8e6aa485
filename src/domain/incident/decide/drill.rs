//! Drills give way: a real incident withdraws what they have waiting; SKARPT stops one and opens a report (RULES D1).

use super::Decider;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::event::Change;
use crate::domain::incident::reading::{Code, Reading};
use crate::domain::incident::values::{ClosedBy, Dropped, PendingReport, Phase};
use crate::domain::words::NoteWord;

/// The filled-in report form waits that long, in seconds.
const FORM_S: u32 = 1800;

impl Decider<'_> {
    /// A real incident comes: waiting deliveries of drills are called back.
    pub(super) fn withdraw_drills(&mut self) {
        let drills: Vec<IncidentNo> = self.state.open().filter(|i| i.is_drill()).map(|i| i.no).collect();
        for no in drills {
            self.withdraw_queued(no, |_| true);
        }
    }

    /// `SKARPT` in answer to a drill.
    pub(super) fn drill_turned_real(&mut self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>, r: &Reading) {
        let named = match &r.code {
            Code::Number(no, _) => Some(*no),
            _ => None,
        };
        let drill = |f: &&(IncidentNo, PointIx)| {
            self.state.incidents.get(&f.0).is_some_and(|i| i.is_drill() && i.phase != Phase::Closed)
        };
        let hit = from.iter().filter(drill).find(|f| named.is_none_or(|n| n == f.0)).copied();
        let Some((no, p)) = hit else { return };
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let Some(by) = plan.point(p).functions.first().copied() else { return };
        let report = PendingReport {
            playbook: inc.playbook.clone(),
            level: inc.level,
            sites: inc.sites.clone(),
            by: plan.function(by).id.clone(),
            until: self.now + FORM_S,
        };
        self.end_drill(no, by);
        if let Some(known) = known {
            self.keep_pending(known, report);
        }
    }

    fn end_drill(&mut self, no: IncidentNo, by: FunctionIx) {
        self.withdraw_queued(no, |_| true);
        self.drop_waiting(no, Dropped::DrillStopped);
        self.close_asks(no, ClosedBy::DrillStopped);
        self.moot_proposals(no);
        self.end_steps(no, Some(by), true);
        let title = self.inc(no).headline();
        let reporter = self.inc(no).reporter;
        self.note(no, reporter, NoteWord::DrillStopped, &|n| {
            vec![("title", title.get(n.lang).to_owned()), ("by", n.title(by))]
        });
        self.emit(no, Change::PhaseSet { phase: Phase::Closed, by: Some(by), reason: String::new().into() });
    }
}
