//! What an act would send, before it is done: tried on a copy by the rules themselves, so that what is read is what leaves
//! (RULES A14).

use std::collections::BTreeSet;

use super::previews::{PreviewView, previews, sent};
use super::{EntryStateView, EntryView, MessageView, PreviewsView, id, incident};
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo};
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::refused::Refused;
use crate::domain::incident::state::State;
use crate::domain::time::At;

/// A text that an act would make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialMessage {
    pub message: MessageView,
    /// What devices would show of it to those who get it at once; nothing when all of it waits.
    pub at_once: Vec<PreviewView>,
    /// The same for those whose text waits for a yes or for the morning.
    pub later: PreviewsView,
    /// Who gets it at once.
    pub to: Vec<FunctionId>,
    /// What of it waits.
    pub waiting: Vec<EntryView>,
}

/// What an act would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialView {
    /// The texts that it would make, by number.
    pub messages: Vec<TrialMessage>,
    /// Who would get any of them at once.
    pub told: Vec<FunctionId>,
    /// The next update, as it would then be promised.
    pub next: At,
}

impl TrialView {
    /// Number and fingerprint of each text in each language: whoever has read these has read all that would leave.
    pub fn prints(&self) -> String {
        let one = |m: &TrialMessage| {
            let prints = m.message.texts.values().map(|t| t.fingerprint.to_string()).collect::<Vec<_>>();
            format!("{}:{}", m.message.number, prints.join(","))
        };
        self.messages.iter().map(one).collect::<Vec<_>>().join(";")
    }
}

/// Tries an act on an incident, on a copy of the state.
///
/// # Errors
/// What the act itself would be refused for.
pub fn trial(state: &State, no: IncidentNo, by: &FunctionId, action: &Action, now: At) -> Result<TrialView, Refused> {
    let mut copy = state.clone();
    let before = copy.incidents.get(&no).map_or(0, |i| i.messages.len());
    let events = decide(
        &mut copy,
        &Input::Command { who: None, by: by.clone(), action: Box::new(action.clone()) },
        now,
        [0; 16],
    )?;
    let mut told: BTreeSet<(u32, FunctionIx)> = BTreeSet::new();
    for event in &events {
        let Event::Incident { no: of, change } = event else { continue };
        let Change::Released { entry, also, .. } = &**change else { continue };
        if let Some(e) = copy.incidents.get(of).filter(|_| *of == no).and_then(|inc| inc.entry(*entry)) {
            told.extend(e.to.iter().chain(also).map(|f| (e.message, *f)));
        }
    }
    let Some((inc, view)) = copy.incidents.get(&no).zip(incident::incident(&copy, no, now)) else {
        return Ok(TrialView { messages: Vec::new(), told: Vec::new(), next: now });
    };
    let names = |of: Option<u32>| -> Vec<FunctionId> {
        let all: BTreeSet<FunctionIx> = told.iter().filter(|t| of.is_none_or(|of| of == t.0)).map(|t| t.1).collect();
        all.into_iter().map(|f| id(&inc.plan, f)).collect()
    };
    let waits = |e: &&EntryView| matches!(e.state, EntryStateView::Waiting { .. } | EntryStateView::Quiet { .. });
    let new = view.messages.iter().skip(before).filter_map(|m| {
        let seq = m.number.seq;
        Some(TrialMessage {
            at_once: sent(inc, seq),
            later: previews(&copy, no, seq, now)?,
            to: names(Some(seq)),
            waiting: view.entries.iter().filter(|e| e.message == m.number).filter(waits).cloned().collect(),
            message: m.clone(),
        })
    });
    let messages = new.collect();
    Ok(TrialView { messages, told: names(None), next: inc.facts.next })
}
