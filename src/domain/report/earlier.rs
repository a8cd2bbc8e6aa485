//! Earlier ones of the same kind, to be laid beside a report: which they are, and what of them is compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::shown::AfterReport;
use crate::domain::drills::DrillEnd;
use crate::domain::ids::{DrillId, IncidentNo, PlaybookId, Status};
use crate::domain::incident::state::State;
use crate::domain::incident::values::Phase;
use crate::domain::lang::L10n;
use crate::domain::time::At;

/// So many earlier ones are laid beside a report, the newest: a drawing tells four lines apart.
pub const EARLIER_MAX: usize = 3;

/// What of an earlier one is compared.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct Earlier {
    pub no: IncidentNo,
    pub title: L10n,
    pub begun: At,
    /// Functions that had their text handed over.
    pub accepted: Curve,
    /// Functions that had answered, of those that were asked.
    pub answered: Curve,
}

impl Earlier {
    /// Of its report.
    pub fn of(report: AfterReport) -> Self {
        Self {
            no: report.no,
            title: report.identity.title,
            begun: report.identity.begun,
            accepted: report.reached.accepted,
            answered: report.reached.answered,
        }
    }
}

/// What an incident is known by, when earlier ones of its kind are looked for.
struct Known {
    no: IncidentNo,
    opened: At,
    playbook: PlaybookId,
}

fn known(state: &State) -> impl Iterator<Item = Known> {
    let in_memory = state.incidents.values().filter(|i| i.phase == Phase::Closed && i.merged_into.is_none());
    let in_memory = in_memory.map(|i| Known { no: i.no, opened: i.opened, playbook: i.playbook.clone() });
    let archived = state.archived.iter().filter(|(_, s)| s.merged_into.is_none());
    in_memory.chain(archived.map(|(no, s)| Known { no: *no, opened: s.opened, playbook: s.playbook.clone() }))
}

/// Earlier ones that a report is compared with, the newest first, with when they began: drills of the same plan that were carried out to
/// their end, or else of the same kind and playbook; real incidents of the same playbook.
pub fn earlier(state: &State, no: IncidentNo) -> Vec<(At, IncidentNo)> {
    let (opened, playbook) = match (state.incidents.get(&no), state.archived.get(&no)) {
        (Some(inc), _) => (inc.opened, &inc.playbook),
        (None, Some(summary)) => (summary.opened, &summary.playbook),
        (None, None) => return Vec::new(),
    };
    let before = |k: &Known| k.no.status == no.status && (k.opened, k.no) < (opened, no) && k.playbook == *playbook;
    let mut found: Vec<(At, IncidentNo)> = match no.status {
        Status::Actual => known(state).filter(before).map(|k| (k.opened, k.no)).collect(),
        Status::Exercise => {
            let of_memory = state.incidents.get(&no).and_then(|i| i.drill.as_deref()).map(|d| (d.id.as_ref(), d.kind));
            let of_past = || state.drills.past.iter().find(|p| p.no == no).map(|p| (p.id.as_ref(), p.kind));
            let Some((id, kind)) = of_memory.or_else(of_past) else { return Vec::new() };
            let past = || {
                let whole = state.drills.past.iter().filter(|p| p.end == DrillEnd::Done);
                whole.filter(move |p| (p.begun, p.no) < (opened, no))
            };
            let same = |id: &DrillId| past().filter(|p| p.id.as_ref() == Some(id)).map(|p| (p.begun, p.no)).collect();
            let same: Vec<(At, IncidentNo)> = id.map(same).unwrap_or_default();
            if same.is_empty() {
                let of_book: Vec<IncidentNo> = known(state).filter(before).map(|k| k.no).collect();
                past().filter(|p| p.kind == kind && of_book.contains(&p.no)).map(|p| (p.begun, p.no)).collect()
            } else {
                same
            }
        }
    };
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.truncate(EARLIER_MAX);
    found
}
