//! Staff modes: raised at once, lowered only by decision, each change told (RULES A9); proposals that are asked until decided.

use super::Decider;
use super::report::wanted;
use crate::domain::holder::deputies_in_turn;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, SiteId, Status};
use crate::domain::incident::codes::CodeFor;
use crate::domain::incident::event::Change;
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::render::ModeChange;
use crate::domain::incident::state::{Proposal, ProposalState};
use crate::domain::incident::timers::SAID_AGAIN_MOST_S;
use crate::domain::incident::values::{Kind, Phase};
use crate::domain::ladder::{ModeIx, Propose};
use crate::domain::plan::{Audience, Plan};
use crate::domain::private::Private;
use crate::domain::words::NoteWord;

/// A lowering is asked for that long before the deputy is asked beside, in seconds.
const LOWER_WITHIN_S: u32 = 900;

impl Decider<'_> {
    /// Proposes what the level and the playbook ask to be decided: a list; step n+1 comes when n was accepted or passed.
    pub(super) fn propose_by_level(&mut self, no: IncidentNo) {
        let (_, list) = wanted(self.inc(no));
        self.propose_list(no, &list);
    }

    /// The first step of a list that would still raise something, if it is not asked already.
    fn propose_list(&mut self, no: IncidentNo, list: &[Propose]) {
        let inc = self.inc(no);
        for (i, step) in list.iter().enumerate() {
            let sites: Vec<SiteId> =
                inc.sites.iter().filter(|s| self.state.mode_of(s, inc) < step.mode).cloned().collect();
            let asked = inc.proposals.iter().any(|p| !p.lower && p.mode == step.mode && p.state != ProposalState::Moot);
            if sites.is_empty() || asked {
                continue;
            }
            self.propose(no, step, sites, false, &list[i + 1..]);
            return;
        }
    }

    fn propose(&mut self, no: IncidentNo, step: &Propose, sites: Vec<SiteId>, lower: bool, next: &[Propose]) {
        let plan = self.plan(no);
        let holder = self.holds(&plan, step.decides);
        let change = Change::Proposed {
            mode: step.mode,
            sites,
            lower,
            asked: vec![holder],
            within_s: step.within_s,
            due: self.now + step.within_s,
            code: self.code().into(),
            next: next.to_vec(),
        };
        self.emit(no, change);
        let id = super::release::count(self.inc(no).proposals.len()) - 1;
        self.page_decider(no, id, holder);
    }

    pub(super) fn page_decider(&mut self, no: IncidentNo, proposal: u32, to: FunctionIx) {
        let inc = self.inc(no);
        let Some(p) = inc.proposals.get(proposal as usize).cloned() else { return };
        let code = inc.code_of(CodeFor::Decision, proposal, to, &p.code).clone();
        let title = inc.headline();
        self.note(no, to, NoteWord::DecisionWanted, &|n| {
            vec![
                ("mode", n.mode(p.mode)),
                ("site", n.sites(&p.sites)),
                ("title", title.get(n.lang).to_owned()),
                ("deadline", n.time(p.due)),
                ("code", code.as_str().to_owned()),
            ]
        });
    }

    /// The time of a proposal is up: the next who may decide is asked beside, and everybody again; the next step is asked too
    /// when all deputies have passed.
    pub(super) fn proposal_due(&mut self, no: IncidentNo, id: u32) {
        let Some(p) = self.inc(no).proposals.get(id as usize).cloned() else { return };
        let plan = self.plan(no);
        let within = p.within_s.max(60);
        let due = self.now + within;
        if matches!(p.state, ProposalState::Declined { .. }) {
            self.emit(no, Change::ProposedAgain { proposal: id, to: None, due });
            for f in p.asked {
                self.page_decider(no, id, f);
            }
            return;
        }
        let first = p.asked.first().copied().unwrap_or(plan.region.switchboard);
        let next = deputies_in_turn(&plan, first, self.now.timestamp()).into_iter().find(|f| !p.asked.contains(f));
        // With nobody left to ask beside, each time twice as late (RULES D3).
        let ever_later = || self.now + p.waited_s.saturating_mul(2).clamp(within, SAID_AGAIN_MOST_S.max(within));
        let due = if next.is_some() { due } else { ever_later() };
        self.emit(no, Change::ProposedAgain { proposal: id, to: next, due });
        for f in p.asked.iter().copied() {
            if self.may_ask_again(no, f, NoteWord::DecisionWanted) {
                self.page_decider(no, id, f);
            }
        }
        if let Some(next) = next {
            self.give_code(no, CodeFor::Decision, id, next);
            self.page_decider(no, id, next);
        }
        if next.is_none() && !p.next_asked && !p.next.is_empty() {
            self.emit(no, Change::NextProposed { proposal: id });
            self.propose_list(no, &p.next);
        }
    }

    pub(super) fn decide_proposal(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        proposal: Option<u32>,
        yes: bool,
        reason: &Private,
    ) -> Result<(), Refused> {
        let inc = self.known(no)?;
        let plan = inc.plan.clone();
        let fx = self.duty(&plan, by)?;
        let open = self.open_proposals(no);
        let id = match (proposal, open.as_slice()) {
            (Some(id), _) if inc.proposals.len() > id as usize => id,
            (None, [only]) => *only,
            (_, []) => {
                return Err(refuse!(NothingToDecide { incident: no }));
            }
            (_, many) => {
                return Err(refuse!(WhichProposal { incident: no, count: many.len(), proposals: List::of(many) }));
            }
        };
        let p = &inc.proposals[id as usize];
        match &p.state {
            // A later raise beats a decline (RULES D3).
            ProposalState::Declined { .. } if yes && !p.lower => {}
            ProposalState::Asked => {}
            ProposalState::Accepted { by, .. } | ProposalState::Declined { by, .. } => {
                return Err(refuse!(DecidedAlready { by: &plan.function(*by).id }));
            }
            ProposalState::Moot => {
                return Err(refuse!(DecidedAlreadyStands));
            }
        }
        let rights = if p.lower {
            p.sites.iter().all(|s| self.may_change(&plan, fx, s, self.state.mode_of(s, inc), false))
        } else {
            p.sites.iter().all(|s| self.may_change(&plan, fx, s, p.mode, true))
        };
        if !rights && !self.acts_for(&plan, fx, &p.asked) {
            let asked: Vec<&str> = p.asked.iter().map(|f| plan.function(*f).id.as_str()).collect();
            return Err(refuse!(NotYoursDecide { by, asked: List::of(asked) }));
        }
        if !yes && reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        self.decided(no, id, yes, fx, reason);
        Ok(())
    }

    /// Whether a duty may raise a site into a mode, or lower it out of one: by its right, for whom it holds, or as the deputy of
    /// one who has been silent for long enough (RULES D3).
    fn may_change(&self, plan: &Plan, by: FunctionIx, site: &SiteId, mode: ModeIx, raise: bool) -> bool {
        plan.ladders.rights(site, mode).any(|r| {
            let who = if raise { &r.raise_by } else { &r.lower_by };
            raise && who.is_empty()
                || who.iter().any(|f| {
                    self.acts_for(plan, by, &[*f])
                        || deputies_in_turn(plan, *f, self.now.timestamp()).contains(&by)
                            && self.silent(&plan.function(*f).id, r.deputy_after_s)
                })
        })
    }

    /// Asked for an answer or a decision by an open incident that long ago, and nothing came.
    fn silent(&self, id: &FunctionId, after_s: u32) -> bool {
        let long_ago = |at: crate::domain::time::At| at + after_s <= self.now;
        self.state.open().filter(|i| !i.is_drill()).any(|i| {
            let Some(f) = i.plan.function_ix(id.as_str()) else { return false };
            let holder = self.holds(&i.plan, f);
            let ask = i.ask(f).is_some_and(|a| a.state.is_open() && long_ago(a.since));
            let decision = i.proposals.iter().any(|p| {
                p.state == ProposalState::Asked
                    && p.asked.contains(&holder)
                    && i.notes.iter().any(|n| {
                        n.word == NoteWord::DecisionWanted
                            && n.to == holder
                            && long_ago(n.at)
                            && n.text.as_str().contains(i.code_of(CodeFor::Decision, p.id, holder, &p.code).as_str())
                    })
            });
            ask || decision
        })
    }

    /// Yes or no, by one who may. Declining needs a reason and is asked again (INCIDENTS lesson 13).
    pub(super) fn decided(&mut self, no: IncidentNo, id: u32, yes: bool, by: FunctionIx, reason: &Private) {
        let Some(p) = self.inc(no).proposals.get(id as usize).cloned() else { return };
        let open = match &p.state {
            ProposalState::Asked => true,
            ProposalState::Declined { .. } => yes,
            _ => false,
        };
        if !open {
            // The first recorded decision stands; a late one hears of it.
            let decided = match &p.state {
                ProposalState::Accepted { by, .. } => Some((true, *by)),
                ProposalState::Declined { by, .. } => Some((false, *by)),
                _ => None,
            };
            match decided {
                Some((yes, who)) => self.tell_decision(no, &p, yes, who, &[by]),
                None => {
                    self.note(no, by, NoteWord::NothingOpen, &|n| vec![("number", n.incident(no))]);
                }
            }
            return;
        }
        if !yes && reason.is_empty() {
            self.page_decider(no, id, by);
            return;
        }
        let again = self.now + p.within_s.max(60);
        self.emit(no, Change::Decided { proposal: id, yes, by, reason: reason.clone(), again });
        let told: Vec<FunctionIx> = p.asked.iter().copied().filter(|f| *f != by).collect();
        self.tell_decision(no, &p, yes, by, &told);
        if !yes {
            return;
        }
        self.change_mode(no, p.sites.clone(), p.mode, Some(by), reason, p.lower);
        if !p.lower && !p.next_asked && !p.next.is_empty() {
            self.emit(no, Change::NextProposed { proposal: id });
            self.propose_list(no, &p.next);
        }
    }

    fn tell_decision(&mut self, no: IncidentNo, p: &Proposal, yes: bool, by: FunctionIx, to: &[FunctionIx]) {
        for f in to {
            self.note(no, *f, NoteWord::DecisionTaken, &|n| {
                let words = n.plan.words(n.lang);
                let word = if yes { words.replies.yes.first() } else { words.replies.no.first() };
                vec![
                    ("mode", n.mode(p.mode)),
                    ("site", n.sites(&p.sites)),
                    ("decision", word.cloned().unwrap_or_default().to_uppercase()),
                    ("by", n.title(by)),
                ]
            });
        }
    }

    /// Proposals that ask for what stands by now, of all incidents, are asked no more; everybody who was asked is told
    /// (RULES D3). A proposal to lower ends too when a new incident holds the mode.
    pub(super) fn settle_proposals(&mut self, status: Status, by: Option<&FunctionId>, raised: &[SiteId]) {
        let mut settled: Vec<(IncidentNo, Proposal)> = Vec::new();
        for i in self.state.incidents.values().filter(|i| i.no.status == status) {
            for p in &i.proposals {
                let stands = p.sites.iter().all(|s| {
                    let now = self.state.mode_of(s, i);
                    if p.lower { now <= p.mode } else { now >= p.mode }
                });
                let held = p.lower && p.sites.iter().any(|s| raised.contains(s) && self.state.mode_of(s, i) > p.mode);
                let open = matches!(p.state, ProposalState::Asked | ProposalState::Declined { .. });
                if open && (stands || held) {
                    settled.push((i.no, p.clone()));
                }
            }
        }
        for (no, p) in settled {
            self.emit(no, Change::ProposalMoot { proposal: p.id });
            let inc = self.inc(no);
            let who = by.and_then(|id| inc.plan.function_ix(id.as_str())).unwrap_or(inc.reporter);
            let told: Vec<FunctionIx> = p.asked.iter().copied().filter(|f| *f != who).collect();
            let stands = p.sites.iter().all(|s| {
                let now = self.state.mode_of(s, inc);
                if p.lower { now <= p.mode } else { now >= p.mode }
            });
            self.tell_decision(no, &p, stands, who, &told);
        }
    }

    /// Sets the mode and tells it: to all functions already addressed and those that readiness names (RULES A9). Waiting
    /// drafts are rendered anew.
    pub(super) fn change_mode(
        &mut self,
        no: IncidentNo,
        sites: Vec<SiteId>,
        mode: ModeIx,
        by: Option<FunctionIx>,
        reason: &Private,
        lower: bool,
    ) {
        let inc = self.inc(no);
        // One decision for several sites moves none of them the other way: what stands higher stays, and what was lowered further.
        let moves = |s: &SiteId| match lower {
            true => self.state.mode_of(s, inc) > mode,
            false => inc.modes.get(s).copied().unwrap_or_default() < mode,
        };
        let sites: Vec<SiteId> = sites.into_iter().filter(moves).collect();
        if sites.is_empty() {
            return;
        }
        let from = sites.iter().map(|s| self.state.mode_of(s, inc)).max().unwrap_or_default();
        self.emit(no, Change::ModeSet { sites: sites.clone(), mode, by, reason: reason.clone(), lower });
        let who = by.map(|f| self.inc(no).plan.function(f).id.clone());
        self.settle_proposals(no.status, who.as_ref(), &[]);
        if self.inc(no).messages.iter().any(|m| m.released_at.is_some()) {
            let all_well = mode == ModeIx::NORMAL && self.nothing_goes_on(&sites);
            self.tell_mode(no, ModeChange { from, to: mode, all_well });
        }
        self.redraw_waiting(no);
        self.redraw_others(no);
    }

    /// No real incident is open at these sites.
    fn nothing_goes_on(&self, sites: &[SiteId]) -> bool {
        let mut open = self.state.open().filter(|i| !i.is_drill() && !i.is_stopped());
        !open.any(|i| i.sites.iter().any(|s| sites.contains(s)))
    }

    /// A message of kind mode. One that was lowered asks for no answer.
    pub(super) fn tell_mode(&mut self, no: IncidentNo, change: ModeChange) {
        let plan = self.plan(no);
        let mut to: Vec<FunctionIx> = self.followers(no, Audience::Internal);
        if let Some(m) = plan.ladders.mode_at(change.to) {
            to.extend(m.tell.iter().copied().filter(|f| !to.contains(f)).collect::<Vec<_>>());
        }
        if to.is_empty() {
            return;
        }
        self.mode_change = Some(change);
        let message = self.draft(no, Kind::Mode, Audience::Internal);
        self.mode_change = None;
        if change.to < change.from {
            self.tell_without_answer(no, message, Audience::Internal, to);
        } else {
            self.tell_followers(no, message, Audience::Internal, to);
        }
    }

    /// `mode SITE MODE`: a decision with an incident to hang it on (RULES D3).
    pub(super) fn set_mode(
        &mut self,
        by: &FunctionId,
        site: &SiteId,
        mode: &str,
        reason: &Private,
    ) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        let fx = self.duty(&plan, by)?;
        let named = mode;
        let Some(mode) = plan.ladders.mode(named) else {
            let modes = List::of(plan.ladders.modes.iter().map(|m| &m.id));
            return Err(refuse!(UnknownMode { mode: named, modes }));
        };
        let sites = super::report::sites_named(&plan, std::slice::from_ref(site), &[])?;
        let now = |s: &SiteId| self.state.modes.get(s).copied().unwrap_or_default();
        let (up, down): (Vec<SiteId>, Vec<SiteId>) =
            sites.into_iter().filter(|s| now(s) != mode).partition(|s| now(s) < mode);
        if up.is_empty() && down.is_empty() {
            return Err(refuse!(ModeStands { site, mode: named }));
        }
        for s in &up {
            if !self.may_change(&plan, fx, s, mode, true) {
                return Err(not_allowed(&plan, by, s, mode, true));
            }
        }
        for s in &down {
            if !self.may_change(&plan, fx, s, now(s), false) {
                return Err(not_allowed(&plan, by, s, now(s), false));
            }
        }
        if !down.is_empty() && reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        let touched = |i: &&crate::domain::incident::state::Incident| {
            i.no.status == Status::Actual && up.iter().chain(&down).any(|s| i.sites.contains(s))
        };
        let open = self.state.open().filter(touched).last().or_else(|| self.state.incidents.values().rfind(touched));
        let Some(no) = open.map(|i| i.no) else {
            return Err(refuse!(NoIncident { site }));
        };
        // The incident keeps the plan it began with; the duty must be there too.
        let fx = self.duty(&self.plan(no), by)?;
        if !up.is_empty() {
            self.change_mode(no, up, mode, Some(fx), reason, false);
        }
        if !down.is_empty() {
            self.change_mode(no, down, mode, Some(fx), reason, true);
        }
        Ok(())
    }

    /// After an all clear or a stop: whether the raised mode may go (RULES D2, D4). Asked where no other open incident holds it.
    pub(super) fn propose_lowering(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        if inc.is_drill() {
            return;
        }
        let plan = inc.plan.clone();
        let held = |s: &SiteId| -> ModeIx {
            let others = self.state.open().filter(|o| o.no != no && !o.is_drill() && o.phase != Phase::Closed);
            others.filter_map(|o| o.modes.get(s).copied()).max().unwrap_or(ModeIx::NORMAL)
        };
        let sites: Vec<SiteId> = inc.sites.iter().filter(|s| self.state.mode_of(s, inc) > held(s)).cloned().collect();
        // Sites that others hold at different modes are asked for apart.
        let mut floors: std::collections::BTreeMap<ModeIx, Vec<SiteId>> = std::collections::BTreeMap::new();
        for s in sites {
            floors.entry(held(&s)).or_default().push(s);
        }
        let mut ask: Vec<(Propose, Vec<SiteId>)> = Vec::new();
        for (floor, sites) in floors {
            let top = sites.iter().map(|s| self.state.mode_of(s, inc)).max().unwrap_or_default();
            let may =
                sites.first().and_then(|s| plan.ladders.rights(s, top).flat_map(|r| r.lower_by.iter().copied()).next());
            let Some(decides) = may.or(plan.region.last_resort.first().copied()) else { continue };
            let asked = inc
                .proposals
                .iter()
                .any(|p| p.lower && p.state == ProposalState::Asked && sites.iter().all(|s| p.sites.contains(s)));
            if !asked {
                ask.push((Propose { mode: floor, decides, within_s: LOWER_WITHIN_S }, sites));
            }
        }
        for (step, sites) in ask {
            self.propose(no, &step, sites, true, &[]);
        }
    }
}

fn not_allowed(plan: &Plan, by: &FunctionId, site: &SiteId, mode: ModeIx, raise: bool) -> Refused {
    let rights = plan.ladders.rights(site, mode).flat_map(|r| if raise { &r.raise_by } else { &r.lower_by });
    let may = List::of(rights.map(|f| &plan.function(*f).id));
    let mode = plan.ladders.mode_at(mode).map_or("", |m| m.id.as_str());
    if raise { refuse!(NotYoursRaise { by, site, mode, may }) } else { refuse!(NotYoursLower { by, site, mode, may }) }
}
