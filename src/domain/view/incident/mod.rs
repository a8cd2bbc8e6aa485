//! One incident: who has it, on what it hangs, what was said, and what waits.

mod reached;
mod rows;
mod shown;
mod texts;

use super::steps::{self, StepStateView, StepView};
use super::{id, ids, summary};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::public_news;
use crate::domain::incident::state::{Incident, State};
use crate::domain::time::At;

use reached::dropped;
pub(super) use reached::{Best, addressed, cannot};
use rows::row;
pub use shown::*;
pub(super) use texts::{approval, proposal, released_by};
use texts::{entry, message};

/// One incident, if it is in memory.
pub fn incident(state: &State, no: IncidentNo, now: At) -> Option<IncidentView> {
    let inc = state.incidents.get(&no)?;
    let plan = &inc.plan;
    let best = Best::of(inc);
    let told = addressed(inc);
    let f = &inc.facts;
    Some(IncidentView {
        now,
        summary: summary(state, inc, now),
        headline: inc.headline(),
        facts: FactsView {
            what: f.what.clone(),
            scope: f.scope.clone(),
            routines: f.routines.clone(),
            since: f.since,
            restore: f.restore,
            next: f.next,
            contact: f.contact.clone(),
            safety: f.safety,
            known: f.known.clone(),
            unknown: f.unknown.clone(),
            down: inc.down.clone(),
            public_news: {
                let told = public_news::told(inc);
                f.public_news.iter().filter(|n| !told.contains(n)).map(|n| n.said.clone()).collect()
            },
        },
        data_confirmed: inc.data_confirmed.map(|f| id(plan, f)),
        rows: told.iter().map(|t| row(inc, t, &best, now)).collect(),
        messages: inc.messages.iter().map(|m| message(inc, m)).collect(),
        entries: inc.entries.iter().map(|e| entry(inc, e)).collect(),
        proposals: inc.proposals.iter().map(|p| proposal(inc, p)).collect(),
        errands: inc
            .errands
            .iter()
            .map(|t| ErrandView {
                id: t.id,
                owner: id(plan, t.owner),
                functions: ids(plan, &t.functions),
                message: inc.number(t.message),
                why: t.why.clone(),
                done_at: t.done.map(|d| d.0),
                done_by: t.done.map(|d| id(plan, d.1)),
            })
            .collect(),
        steps: steps_of(inc, now),
        prepared: prepared(inc),
        notes: inc
            .notes
            .iter()
            .map(|n| NoteView {
                id: n.id,
                to: id(plan, n.to),
                word: n.word,
                at: n.at,
                state: best.notes.get(&n.id).copied(),
            })
            .collect(),
        dropped: dropped(inc, &told, &best),
    })
}

fn steps_of(inc: &Incident, now: At) -> Vec<StepView> {
    let mut all: Vec<StepView> = inc.steps.iter().map(|s| steps::step(inc, s, now)).collect();
    all.sort_by_key(|s| (matches!(s.state, StepStateView::Ended { .. }), s.due));
    all
}

fn prepared(inc: &Incident) -> Vec<PreparedView> {
    let begun = |rule: &str| inc.steps.iter().any(|s| s.new.rule == rule && s.is_open());
    let rules = inc.book().steps.iter().filter(|r| !r.at_once && r.level <= inc.level && !begun(&r.id));
    rules
        .map(|r| PreparedView {
            rule: r.id.clone(),
            kind: r.kind,
            title: r.title.clone(),
            owner: id(&inc.plan, r.owner),
        })
        .collect()
}
