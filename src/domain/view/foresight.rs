//! What a report will do, before it is made: tried on a copy of the state by the functions that do it, so that what is shown is what
//! happens: the mode, the texts as phones show them, who gets them at once, what waits for whom, what the public reads meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::obligations::{Silence, unapproved};
use super::previews::shown;
use super::{PreviewView, ProposalView, RungView, id, ids, incident, level_rung, mode_rung, previews};
use crate::domain::ids::{FunctionId, IncidentNo, SiteId};
use crate::domain::incident::decide::{DryRun, told, told_by, tried};
use crate::domain::incident::facts::Facts;
use crate::domain::incident::input::{IfShared, Report, find_playbook};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::state::{EntryState, ProposalState, State};
use crate::domain::ladder::LevelIx;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel};
use crate::domain::public_view::{PublicView, public_view};
use crate::domain::time::At;

/// What a report will do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForesightView {
    /// The number that it gets, or that of the incident that it is more of.
    pub incident: IncidentNo,
    pub level: RungView,
    /// The highest mode that is raised at once.
    pub mode: RungView,
    /// Where.
    pub raised: Vec<SiteId>,
    /// All that stands in the texts, with what nobody typed.
    pub facts: Facts,
    /// Who gets something at once.
    pub at_once: Vec<FunctionId>,
    /// The text that goes out first, as an SMS shows it, in each language that somebody gets.
    pub sms: BTreeMap<Lang, PreviewView>,
    /// What waits for somebody's yes.
    pub waits: Vec<WaitView>,
    /// Modes that somebody is asked to decide.
    pub proposals: Vec<ProposalView>,
    /// What the public page says meanwhile; nothing in a drill.
    pub page: Option<PublicView>,
}

/// A text that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitView {
    pub audience: Audience,
    /// The public page.
    pub public: bool,
    /// Who gets it.
    pub to: Vec<FunctionId>,
    /// Who was asked; nobody: it waits for the morning.
    pub asked: Vec<FunctionId>,
    pub until: At,
    /// What happens then.
    pub silence: Silence,
}

/// What a report will do.
///
/// # Errors
/// What the report itself would be refused for.
pub fn foresee(state: &State, by: &FunctionId, report: &Report, now: At) -> Result<ForesightView, Refused> {
    let (copy, events) = tried(state, by, report, now)?;
    let DryRun { mode, sites, .. } = told_by(&copy, &events);
    // A report that is taken is of an incident: a new one, or the one that it is more of.
    let named = events.iter().find_map(|e| e.incident());
    let Some((no, inc)) = named.and_then(|no| Some((no, copy.incidents.get(&no)?))) else {
        return Err(refuse!(NoPlaybook {
            playbooks: crate::domain::incident::refused::List::of(state.plan.playbooks.keys())
        }));
    };
    let plan = inc.plan.clone();
    let mut seen = ForesightView {
        incident: no,
        level: level_rung(&plan, inc.level),
        mode: mode_rung(&plan, mode),
        raised: sites,
        facts: inc.facts.clone(),
        at_once: told(&copy, &events).into_iter().map(|f| id(&plan, f)).collect(),
        sms: BTreeMap::new(),
        waits: Vec::new(),
        proposals: Vec::new(),
        page: None,
    };
    let had = state.incidents.get(&no).map_or(0, |before| before.messages.len());
    for m in inc.messages.iter().skip(had).filter(|m| m.audience == Audience::Internal) {
        // What left at once; where nothing does, what would leave with a yes.
        let sent = shown(inc, m.seq, 0);
        let waits = sent.is_empty().then(|| previews(&copy, no, m.seq, now)).flatten();
        for shown in sent.into_iter().chain(waits.into_iter().flat_map(|p| p.shown)) {
            // What most get stands for all: they differ in what asks for an answer.
            let best = seen.sms.get(&shown.lang).map_or(0, |s| s.points);
            if shown.channel == Channel::Sms && !shown.other_text && shown.points > best {
                seen.sms.insert(shown.lang, shown);
            }
        }
    }
    let before: BTreeSet<u32> = state.incidents.get(&no).into_iter().flat_map(|i| &i.entries).map(|e| e.id).collect();
    for e in inc.entries.iter().filter(|e| !before.contains(&e.id)) {
        let (asked, until) = match &e.state {
            EntryState::Waiting(a) => (ids(&plan, &a.asked), a.due),
            EntryState::Quiet { until } => (Vec::new(), *until),
            _ => continue,
        };
        let silence = if asked.is_empty() { Silence::Release } else { unapproved(inc, e.id, now) };
        let to = ids(&plan, &e.to);
        seen.waits.push(WaitView { audience: e.audience, public: e.public, to, asked, until, silence });
    }
    seen.waits.sort_by_key(|w| w.until);
    let open = inc.proposals.iter().filter(|p| p.state == ProposalState::Asked);
    seen.proposals = open.map(|p| incident::proposal(inc, p)).collect();
    seen.page = (!inc.is_drill()).then(|| public_view(&copy, now));
    Ok(seen)
}

/// What a level brings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consequence {
    pub level: RungView,
    /// `D2`.
    pub alias: String,
    /// Nothing: a report as typed would be refused at this level.
    pub seen: Option<Brought>,
}

/// The same, in short.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brought {
    /// So many duties are told at once.
    pub duties: usize,
    /// The highest mode that is raised at once.
    pub mode: RungView,
    /// Where.
    pub sites: Vec<SiteId>,
    pub public: PublicThen,
}

/// When the public is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicThen {
    /// Nothing by itself.
    Nothing,
    AfterApproval,
    AtOnce,
}

/// What each level would bring, were the rest as reported; and what the texts would say at the level that is reported. An incident of
/// its own: what it has in common with an open one is asked later (RULES D5).
pub fn consequences(state: &State, by: &FunctionId, report: &Report, now: At) -> (Vec<Consequence>, Option<Facts>) {
    let ladders = &state.plan.ladders;
    let own = Report { shared: IfShared::Separate, confirmed: true, ..report.clone() };
    let default = find_playbook(&state.plan, &report.playbook).ok().map(|id| state.plan.playbooks[&id].level);
    let wanted = report.level.as_deref().and_then(|name| ladders.level(name)).or(default);
    let mut facts = None;
    let levels = (0u8..).map(LevelIx).zip(&ladders.levels).map(|(ix, level)| {
        let at = Report { level: Some(level.id.clone()), ..own.clone() };
        let seen = tried(state, by, &at, now).ok().map(|(copy, events)| {
            let DryRun { mode, sites, duties, .. } = told_by(&copy, &events);
            let inc = events.iter().find_map(|e| e.incident()).and_then(|no| copy.incidents.get(&no));
            if Some(ix) == wanted {
                facts = inc.map(|i| i.facts.clone());
            }
            let entries = || inc.into_iter().flat_map(|i| &i.entries).filter(|e| e.public);
            let public = if entries().any(|e| matches!(e.state, EntryState::Released { .. })) {
                PublicThen::AtOnce
            } else if entries().any(|e| matches!(e.state, EntryState::Waiting(_))) {
                PublicThen::AfterApproval
            } else {
                PublicThen::Nothing
            };
            Brought { duties, mode: mode_rung(&state.plan, mode), sites, public }
        });
        Consequence { level: level_rung(&state.plan, ix), alias: level.alias.clone(), seen }
    });
    (levels.collect(), facts)
}
