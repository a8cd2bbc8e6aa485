//! The rows of a playbook: whom they address, and how their texts start.

use std::collections::BTreeSet;

use super::Decider;
use super::report::{addressed, care_at_once, wanted, wanted_with};
use crate::domain::ids::{FunctionIx, IncidentNo, SiteId, Status};
use crate::domain::incident::event::{Change, NewEntry};
use crate::domain::incident::state::{Entry, EntryState};
use crate::domain::incident::values::{Kind, Phase, ReleasedBy, Source};
use crate::domain::ladder::{LevelIx, ModeIx};
use crate::domain::plan::{
    AnswerRule, ApprovalRule, Audience, Channel, DeputyRule, NightRule, PublicRule, Row, RowId, To,
};

/// What of an incident is new, so that rows fire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Newly<'a> {
    /// All of it.
    All,
    /// The levels above this one.
    Above(LevelIx),
    /// These sites.
    At(&'a [SiteId]),
    /// That patients may be in danger.
    Danger,
}

impl Decider<'_> {
    /// Drafts what the rows of the incident's levels need and starts them, for whoever the new part addresses (RULES D5).
    pub(super) fn fire_rows(&mut self, no: IncidentNo, newly: Newly<'_>) {
        let plan = self.plan(no);
        let inc = self.inc(no);
        let book = inc.book().clone();
        let at_once = care_at_once(inc);
        let danger = inc.facts.safety.counts_as_unsafe();
        let raised = self.raised_by_danger(no).is_some();
        let sites: &[SiteId] = if let Newly::At(sites) = newly { sites } else { &[] };
        let mut wanted: Vec<(RowId, Row)> = Vec::new();
        for level in book.levels.iter().filter(|l| l.level <= inc.level) {
            for (i, row) in level.notify.iter().enumerate() {
                let fires = match newly {
                    Newly::All | Newly::At(_) => danger || !row.if_unsafe,
                    Newly::Above(from) => level.level > from && (danger || !row.if_unsafe),
                    Newly::Danger => row.if_unsafe,
                };
                if fires {
                    let id = RowId { level: level.level, row: u16::try_from(i).unwrap_or(u16::MAX) };
                    wanted.push((id, row.clone()));
                }
            }
        }
        // One canonical text per audience: drafted once, shared by the rows.
        let mut messages: std::collections::BTreeMap<Audience, u32> = std::collections::BTreeMap::new();
        let mut added: Vec<u32> = Vec::new();
        let mut night: Vec<(u32, NightRule)> = Vec::new();
        // More of an open incident: everybody who was addressed gets the update, not the alert again (RULES D5).
        let more = !matches!(newly, Newly::All);
        let told = self.addressed_before(no);
        let public_before = self
            .inc(no)
            .entries
            .iter()
            .any(|e| e.public && e.source != Source::Holding && !matches!(e.state, EntryState::Dropped { .. }));
        let mut addressing: Vec<(RowId, Row, Vec<FunctionIx>)> = Vec::new();
        for (id, row) in wanted {
            if no.status == Status::Exercise && row.audience == Audience::Outside {
                // A drill never reaches outside groups (invariant 6).
                continue;
            }
            let mut to = match &row.to {
                To::Public if book.public == PublicRule::Never => continue,
                To::Public => Vec::new(),
                To::Functions(all) => addressed(&plan, self.inc(no), all, sites),
            };
            if more {
                to.retain(|f| !told.contains(f));
            }
            addressing.push((id, row, to));
        }
        // Whom danger demands gets the first text at once and answers it (RULES D15): by a row that asks so much, else beside the rows.
        let mut demanded = self.demanded(no, sites);
        let enough = |row: &Row| row.approval.is_none() && row.answer.is_none_or(|a| a == AnswerRule::Required);
        for (_, _, to) in addressing.iter().filter(|(_, row, _)| enough(row)) {
            demanded.retain(|f| !to.contains(f));
        }
        demanded.retain(|f| !(more && told.contains(f)));
        let at_night = |row: &Row| if raised { NightRule::Page } else { row.night };
        if !demanded.is_empty() {
            let message = self.draft(no, Kind::Alert, Audience::Internal);
            messages.insert(Audience::Internal, message);
            let channels = addressing.iter().filter(|(_, r, _)| r.audience == Audience::Internal);
            let channels: BTreeSet<Channel> = channels.flat_map(|(_, row, _)| row.channels.iter().copied()).collect();
            let row = Row {
                channels: channels.into_iter().collect(),
                approval: None,
                answer: Some(AnswerRule::Required),
                ..self.row_of(no, Source::Followers, Audience::Internal, false)
            };
            let to: Vec<FunctionIx> = demanded.iter().copied().collect();
            added.push(self.add_row_entry(no, Source::Followers, &row, to, None, message, Kind::Alert));
        }
        for (id, row, mut to) in addressing {
            let public = row.to == To::Public;
            if row.audience == Audience::Internal {
                to.retain(|f| !demanded.contains(f));
            }
            let first_public = !more || !public_before && matches!(newly, Newly::Above(_));
            if to.is_empty() && !(public && first_public) {
                continue;
            }
            let message = match messages.get(&row.audience) {
                Some(m) => *m,
                None => {
                    let m = self.draft(no, Kind::Alert, row.audience);
                    messages.insert(row.audience, m);
                    m
                }
            };
            let (care, rest): (Vec<FunctionIx>, Vec<FunctionIx>) =
                if at_once && row.approval.is_some() && row.audience == Audience::Internal {
                    to.into_iter().partition(|f| plan.function(*f).care)
                } else {
                    (Vec::new(), to)
                };
            if !care.is_empty() {
                let entry = self.add_row_entry(no, Source::Row(id), &row, care, None, message, Kind::Alert);
                added.push(entry);
                night.push((entry, NightRule::Page));
            }
            if !rest.is_empty() || public {
                let entry =
                    self.add_row_entry(no, Source::Row(id), &row, rest, row.approval.clone(), message, Kind::Alert);
                added.push(entry);
                night.push((entry, at_night(&row)));
            }
        }
        self.start(no, &added, &night);
        if book.public == PublicRule::Holding && !self.inc(no).holding_sent && !self.inc(no).is_drill() {
            self.release_holding(no);
        }
    }

    /// The mode that an incident asks for only because patients may be in danger, while it stands at one of its sites (RULES D15).
    pub(super) fn raised_by_danger(&self, no: IncidentNo) -> Option<ModeIx> {
        let inc = self.inc(no);
        let (mode, _) = wanted(inc);
        let stands = inc.sites.iter().any(|s| self.state.mode_of(s, inc) >= mode);
        (mode > wanted_with(inc, false).0 && stands).then_some(mode)
    }

    /// Whom a mode tells that was raised only because patients may be in danger: they must answer (RULES D15).
    pub(super) fn demanded(&self, no: IncidentNo, sites: &[SiteId]) -> BTreeSet<FunctionIx> {
        let inc = self.inc(no);
        let mode = self.raised_by_danger(no).and_then(|mode| inc.plan.ladders.mode_at(mode));
        mode.map(|m| addressed(&inc.plan, inc, &m.tell, sites)).into_iter().flatten().collect()
    }

    /// What was to wait for the morning starts (RULES D6).
    pub(super) fn end_quiet(&mut self, no: IncidentNo, entry: u32) {
        if self.inc(no).entry(entry).is_some_and(|e| e.rule.is_some()) {
            self.ask_approvals(no, &[entry]);
        } else {
            self.release(no, entry, ReleasedBy::Playbook);
        }
    }

    /// Functions that an entry told, or that wait for the approval of their text.
    pub(super) fn addressed_before(&self, no: IncidentNo) -> BTreeSet<FunctionIx> {
        let told = |e: &&Entry| matches!(e.state, EntryState::Released { .. } | EntryState::Waiting(_));
        self.inc(no).entries.iter().filter(told).flat_map(|e| e.to.iter().copied()).collect()
    }

    /// An entry made from a row.
    #[expect(clippy::too_many_arguments, reason = "an entry is what its row, its source and its message say")]
    pub(super) fn add_row_entry(
        &mut self,
        no: IncidentNo,
        source: Source,
        row: &Row,
        to: Vec<FunctionIx>,
        rule: Option<ApprovalRule>,
        message: u32,
        kind: Kind,
    ) -> u32 {
        let inc = self.inc(no);
        let beside = inc.plan.ladders.level_at(inc.level).is_some_and(|l| l.deputies_beside);
        let by_level = if beside { DeputyRule::Beside } else { DeputyRule::After };
        let answer = match kind {
            // What is over asks for nothing: nobody would take the answer.
            _ if inc.phase == Phase::Closed => AnswerRule::None,
            Kind::Alert => row.answer.unwrap_or(kind.default_answer()),
            // A row may ask for less than the kind does, never for more: updates ask for nothing (RULES C7).
            _ => kind.default_answer().min(row.answer.unwrap_or(AnswerRule::Required)),
        };
        let entry = NewEntry {
            id: u32::try_from(inc.entries.len()).unwrap_or(u32::MAX),
            source,
            audience: row.audience,
            public: row.to == To::Public,
            to,
            channels: row.channels.clone(),
            answer,
            answer_within_s: row.answer_within_s,
            deputies: row.deputies.unwrap_or(by_level),
            rule,
            message,
        };
        let id = entry.id;
        self.emit(no, Change::EntryAdded { entry });
        id
    }

    /// Releases what needs no approval, first of all; then asks for the approvals, all entries of one approver together.
    pub(super) fn start(&mut self, no: IncidentNo, entries: &[u32], night: &[(u32, NightRule)]) {
        let mut ask = Vec::new();
        for id in entries {
            let quiet = night.iter().find(|n| n.0 == *id).map_or(NightRule::Page, |n| n.1);
            let plan = self.plan(no);
            if let NightRule::QuietUntil(minute) = quiet
                && plan.calendar.is_night(self.now.timestamp())
            {
                let until = plan.calendar.next_at(minute, self.now.timestamp()).into();
                self.emit(no, Change::Quieted { entry: *id, until });
                continue;
            }
            match self.inc(no).entry(*id).map(|e| e.rule.is_some()) {
                Some(true) => ask.push(*id),
                Some(false) => self.release(no, *id, ReleasedBy::Playbook),
                None => {}
            }
        }
        self.ask_approvals(no, &ask);
    }
}
