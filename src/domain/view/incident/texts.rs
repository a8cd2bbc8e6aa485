//! Texts, and for whom they are or wait.

use super::super::{id, ids, mode_rung};
use super::shown::*;
use crate::domain::incident::state::{Entry, EntryState, Incident, ProposalState};
use crate::domain::incident::values::{Approval, Dropped, Kind, ReleasedBy, Source};
use crate::domain::plan::{Plan, Then};

pub(super) fn message(inc: &Incident, m: &crate::domain::incident::state::Message) -> MessageView {
    let (kind, of) = match m.kind {
        Kind::Alert => ("alert", None),
        Kind::Mode => ("mode", None),
        Kind::Update => ("update", None),
        Kind::Correction { of } => ("correction", Some(of)),
        Kind::Stopped { of } => ("stopped", Some(of)),
        Kind::Restored => ("restored", None),
        Kind::AllClear => ("all_clear", None),
        Kind::Holding => ("holding", None),
        Kind::Redirection { over: false, .. } => ("redirection", None),
        Kind::Redirection { over: true, .. } => ("redirection_over", None),
    };
    let released = inc.entries.iter().filter(|e| e.message == m.seq).filter_map(|e| match &e.state {
        EntryState::Released { at, by } => Some((*at, *by)),
        _ => None,
    });
    MessageView {
        number: inc.number(m.seq),
        kind: kind.into(),
        of,
        audience: m.audience,
        texts: m
            .texts
            .iter()
            .map(|(l, d)| {
                let view = TextView { text: d.text.as_str().into(), fingerprint: d.fingerprint, reviewed: d.reviewed };
                (*l, view)
            })
            .collect(),
        replaces: m.replaces.map(|r| inc.number(r)),
        released_at: m.released_at,
        released_by: released.min_by_key(|r| r.0).map(|(_, by)| released_by(&inc.plan, by)),
        stopped: m.stopped,
        page_equal: m.page_equal,
    }
}

pub(in crate::domain::view) fn released_by(plan: &Plan, by: ReleasedBy) -> ReleasedView {
    match by {
        ReleasedBy::Playbook => ReleasedView::Playbook,
        ReleasedBy::Approval(f) => ReleasedView::Approval(id(plan, f)),
        ReleasedBy::Deadline => ReleasedView::Deadline,
        ReleasedBy::BreakGlass(f) => ReleasedView::BreakGlass(id(plan, f)),
    }
}

pub(super) fn entry(inc: &Incident, e: &Entry) -> EntryView {
    let plan = &inc.plan;
    EntryView {
        id: e.id,
        source: match e.source {
            Source::Row(_) => "row",
            Source::Dependents => "dependents",
            Source::Followers => "followers",
            Source::Holding => "holding",
        }
        .into(),
        audience: e.audience,
        to: ids(plan, &e.to),
        public: e.public,
        channels: e.channels.clone(),
        answer: e.answer,
        message: inc.number(e.message),
        state: match &e.state {
            EntryState::Ready => EntryStateView::Ready,
            EntryState::Waiting(a) => EntryStateView::Waiting { approval: approval(plan, e, a) },
            EntryState::Quiet { until } => EntryStateView::Quiet { until: *until },
            EntryState::Released { at, by } => EntryStateView::Released { at: *at, word: released_by(plan, *by) },
            EntryState::Dropped { why } => EntryStateView::Dropped {
                why: match why {
                    Dropped::Stopped => "stopped",
                    Dropped::Closed => "closed",
                    Dropped::DrillStopped => "drill_stopped",
                    Dropped::Told => "told",
                }
                .into(),
            },
        },
    }
}

pub(in crate::domain::view) fn approval(plan: &Plan, e: &Entry, a: &Approval) -> ApprovalState {
    ApprovalState {
        asked: ids(plan, &a.asked),
        asked_at: a.asked_at,
        due: a.due,
        then: e.rule.as_ref().map_or(Then::Hold, |r| r.then),
        finally: e.rule.as_ref().map_or(Then::Hold, |r| r.finally),
        extended: a.extended,
        delivered: a.delivered,
        held: a.held,
        rejected: a.rejected,
        blocked: a.blocked,
    }
}

pub(in crate::domain::view) fn proposal(inc: &Incident, p: &crate::domain::incident::state::Proposal) -> ProposalView {
    let plan = &inc.plan;
    ProposalView {
        id: p.id,
        mode: mode_rung(plan, p.mode),
        sites: p.sites.clone(),
        lower: p.lower,
        asked: ids(plan, &p.asked),
        due: p.due,
        state: match &p.state {
            ProposalState::Asked => ProposalStateView::Asked,
            ProposalState::Accepted { by, at } => ProposalStateView::Accepted { by: id(plan, *by), at: *at },
            ProposalState::Declined { by, again, .. } => {
                ProposalStateView::Declined { by: id(plan, *by), again: *again }
            }
            ProposalState::Moot => ProposalStateView::Moot,
        },
    }
}
