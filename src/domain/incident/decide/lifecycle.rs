//! Updates, corrections, level and sites, running again, relapse, all clear, merge, adopt.

use std::collections::BTreeSet;

use super::report::{beat_s, contact_named, known_infra, level_named, sites_named, stands};
use super::rows::Newly;
use super::{Decider, ids};
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, MessageNo};
use crate::domain::incident::event::Change;
use crate::domain::incident::facts::{Facts, Restore};
use crate::domain::incident::input::News;
use crate::domain::incident::public_news::waiting;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::state::{Entry, EntryState, Incident};
use crate::domain::incident::values::{ClosedBy, Dropped, Item, Kind, Phase, ReleasedBy, Source};
use crate::domain::plan::{
    AnswerRule, ApprovalRule, Audience, Channel, DeputyRule, NightRule, PublicRule, Row, Then, To,
};
use crate::domain::private::Private;
use crate::domain::reach;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    pub(super) fn update(&mut self, by: &FunctionId, no: IncidentNo, news: &News) -> Result<(), Refused> {
        let inc = self.open(no)?;
        self.room_for(&inc.plan, inc.deliveries.len())?;
        let fx = self.lead(no, by)?;
        self.apply_news(no, Some(fx), news, Kind::Update)
    }

    pub(super) fn correct(&mut self, by: &FunctionId, number: MessageNo, news: &News) -> Result<(), Refused> {
        let inc = self.open(number.incident)?;
        if inc.message(number.seq).is_none_or(|m| m.released_at.is_none()) {
            return Err(refuse!(NotReleased { message: number }));
        }
        let fx = self.lead(number.incident, by)?;
        self.apply_news(number.incident, Some(fx), news, Kind::Correction { of: number })
    }

    /// New facts, level and sites; then a text of that kind to whoever was told, and the alert to whoever is told first.
    pub(super) fn apply_news(
        &mut self,
        no: IncidentNo,
        by: Option<FunctionIx>,
        news: &News,
        kind: Kind,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let level = match &news.level {
            Some(name) => level_named(&plan, name)?,
            None => inc.level,
        };
        let sites = match &news.sites {
            Some(sites) => sites_named(&plan, sites, &inc.sites)?,
            None => inc.sites.clone(),
        };
        let facts = self.facts_with(inc, news, level, matches!(kind, Kind::Correction { .. }))?;
        self.check_typed(&facts)?;
        let (old_level, old_sites, old_danger) = (inc.level, inc.sites.clone(), inc.facts.safety.counts_as_unsafe());

        let beat = Some(facts.next);
        if let (Some(infra), Some(by)) = (news.down.clone(), by) {
            self.emit(no, Change::DownNamed { infra, by });
        }
        self.emit(no, Change::FactsSet { facts, by, beat });
        if level != old_level || sites != old_sites {
            self.emit(no, Change::ScopeSet { level, sites: sites.clone(), by });
        }
        let endangers = !old_danger && self.inc(no).facts.safety.counts_as_unsafe();
        // Only what is new raises by itself: what was lowered by decision stays so (RULES D3).
        self.raise_by_level(no, &|s| endangers || level > old_level || !old_sites.contains(s));
        match kind {
            Kind::Correction { of } => self.tell_correction(no, of),
            _ => self.tell_update(no, kind, level > old_level),
        }
        self.redraw_waiting(no);
        // Up: entries newly included fire; a site added runs the entries for it (RULES D5).
        if level > old_level {
            self.fire_rows(no, Newly::Above(old_level));
        }
        let added: Vec<_> = sites.into_iter().filter(|s| !old_sites.contains(s)).collect();
        if !added.is_empty() {
            self.fire_rows(no, Newly::At(&added));
        }
        if endangers {
            self.fire_rows(no, Newly::Danger);
        }
        if level > old_level {
            self.tell_dependents(no);
        }
        self.drop_told_quiet(no);
        if endangers && self.raised_by_danger(no).is_some() {
            self.end_quiet_alerts(no);
        }
        self.propose_by_level(no);
        if level > old_level {
            self.open_steps(no, Some(old_level));
        }
        Ok(())
    }

    /// A function that was to hear in the morning and was told meanwhile, by a row of a higher level, needs no alert then.
    fn drop_told_quiet(&mut self, no: IncidentNo) {
        let told = self.addressed_before(no);
        let inc = self.inc(no);
        let over = |e: &&Entry| {
            matches!(e.state, EntryState::Quiet { .. })
                && inc.message(e.message).is_some_and(|m| m.kind == Kind::Alert)
                && e.to.iter().all(|f| told.contains(f))
        };
        let entries: Vec<u32> = inc.entries.iter().filter(over).map(|e| e.id).collect();
        for entry in entries {
            self.emit(no, Change::EntryDropped { entry, why: Dropped::Told });
        }
    }

    /// Danger waits for no morning (RULES D15).
    fn end_quiet_alerts(&mut self, no: IncidentNo) {
        let quiet = |e: &&Entry| matches!(e.state, EntryState::Quiet { .. });
        let entries: Vec<u32> = self.inc(no).entries.iter().filter(quiet).map(|e| e.id).collect();
        for entry in entries {
            self.end_quiet(no, entry);
        }
    }

    /// What is known with these news; with `corrects` they say what is right.
    fn facts_with(
        &self,
        inc: &Incident,
        news: &News,
        level: crate::domain::ladder::LevelIx,
        corrects: bool,
    ) -> Result<Facts, Refused> {
        let plan = &inc.plan;
        let next = news.next.unwrap_or(self.now + beat_s(plan, inc.book(), level));
        if next <= self.now {
            return Err(refuse!(NextInPast));
        }
        let old = &inc.facts;
        let restore = match (news.restore, old.restore) {
            (Some(given), _) => given,
            // An unknown restoration is forecast anew with each update (INCIDENTS lesson 29).
            (None, Restore::Unknown { .. }) => Restore::Unknown { forecast: next },
            (None, at) => at,
        };
        let named = news.down.as_deref().unwrap_or(&inc.down);
        known_infra(plan, named)?;
        let down = reach::down_by(plan, inc.book(), named);
        for routine in news.routines.iter().flatten() {
            if !plan.routines.contains_key(routine) {
                return Err(refuse!(UnknownRoutine { routine }));
            }
        }
        Ok(Facts {
            what: news.what.clone().unwrap_or_else(|| old.what.clone()),
            scope: news.scope.clone().unwrap_or_else(|| old.scope.clone()),
            routines: news.routines.clone().unwrap_or_else(|| old.routines.clone()),
            since: old.since,
            restore,
            next,
            contact: match &news.contact {
                Some(typed) => contact_named(plan, typed, &down)?,
                None if stands(plan, &old.contact, &down) => old.contact.clone(),
                // A text must not name a telephone that is down.
                None => self.default_contact(plan, &inc.book().systems, &down),
            },
            safety: news.safety.unwrap_or(old.safety),
            // What is known is news of this text alone: the next one has news of its own (RULES A11).
            known: news.known.clone().unwrap_or_default(),
            unknown: news.unknown.clone().unwrap_or_else(|| old.unknown.clone()),
            public_news: waiting(inc, news.public_news.as_ref(), corrects, self.now),
        })
    }

    /// An update goes to everybody who was told, by the rows that told them: KiB gates what follows (RULES B1). Where an
    /// earlier text of a row still waits, that draft is rendered anew instead ([`Self::redraw_waiting`]).
    fn tell_update(&mut self, no: IncidentNo, kind: Kind, raised: bool) {
        for audience in [Audience::Internal, Audience::Outside, Audience::Public] {
            let inc = self.inc(no);
            let told: Vec<Entry> = inc
                .entries
                .iter()
                .filter(|e| e.audience == audience && matches!(e.state, EntryState::Released { .. }))
                .cloned()
                .collect();
            // One new entry per source row; the newest entry of a row tells whom it reached.
            let waits = |s: Source, public: bool| {
                inc.entries.iter().any(|e| {
                    e.source == s
                        && e.public == public
                        && e.audience == audience
                        && matches!(e.state, EntryState::Waiting(_))
                })
            };
            let mut seen = BTreeSet::new();
            let mut rows: Vec<(Source, Vec<FunctionIx>, bool)> = Vec::new();
            // A playbook's own rows come before what told everybody (a mode, a correction): they say who needs an approval.
            let (all, own): (Vec<&Entry>, Vec<&Entry>) = told.iter().rev().partition(|e| e.source == Source::Followers);
            for e in own.into_iter().chain(all) {
                if !(e.source.is_told_on()) || waits(e.source, e.public) && e.public {
                    continue;
                }
                // Those who wait for an earlier update by the same row get that one, rendered anew.
                let waits_for = |f: &FunctionIx| {
                    inc.entries.iter().any(|w| {
                        w.source == e.source
                            && w.audience == audience
                            && w.to.contains(f)
                            && matches!(w.state, EntryState::Waiting(_))
                    })
                };
                let fresh: Vec<FunctionIx> =
                    e.to.iter().copied().filter(|f| seen.insert(*f) && !waits_for(f)).collect();
                if !fresh.is_empty() || e.public && !rows.iter().any(|r| r.2) {
                    rows.push((e.source, fresh, e.public));
                }
            }
            if rows.is_empty() {
                continue;
            }
            rows.reverse();
            let message = self.draft(no, kind, audience);
            // A raised level asks for answers like an alert (RULES C7).
            let answered_as = if raised { Kind::Alert } else { kind };
            let (mut added, mut night) = (Vec::new(), Vec::new());
            for (source, to, public) in rows {
                let row = self.row_of(no, source, audience, public);
                let rule = row.approval.clone();
                let entry = self.add_row_entry(no, source, &row, to, rule, message, answered_as);
                added.push(entry);
                night.push((entry, row.night));
            }
            self.start(no, &added, &night);
        }
    }

    /// A correction goes to everybody who was ever attempted, outside groups and the public included; internal ones need no
    /// approval (RULES A8). Each audience is told which number of its own no longer holds.
    fn tell_correction(&mut self, no: IncidentNo, of: MessageNo) {
        for audience in [Audience::Internal, Audience::Outside, Audience::Public] {
            let inc = self.inc(no);
            let same = inc.message(of.seq).is_some_and(|m| m.audience == audience);
            let seq = if same { Some(of.seq) } else { inc.newest(audience).map(|m| m.seq) };
            if let Some(seq) = seq {
                let of = inc.number(seq);
                self.tell_everybody(no, Kind::Correction { of }, &[audience]);
            }
        }
    }

    /// Everybody who was ever attempted, deputies included, and the public where it was told (RULES A8).
    pub(super) fn tell_everybody(&mut self, no: IncidentNo, kind: Kind, audiences: &[Audience]) {
        for audience in audiences {
            if *audience == Audience::Public {
                let told =
                    self.inc(no).entries.iter().any(|e| e.public && matches!(e.state, EntryState::Released { .. }));
                if told && self.inc(no).book().public != PublicRule::Never && !self.inc(no).is_drill() {
                    let message = self.draft(no, kind, Audience::Public);
                    let row = self.row_of(no, Source::Followers, Audience::Public, true);
                    let page_valid_s = self.inc(no).plan.region.page_valid_s;
                    let rule = match kind {
                        Kind::Stopped { .. } => None,
                        // The pre-approved closing text goes within the page's beat, unless another is approved (RULES D10).
                        Kind::AllClear => row.approval.clone().map(|rule| ApprovalRule {
                            within_s: rule.within_s.min(page_valid_s),
                            then: Then::Release,
                            finally: Then::Release,
                            ..rule
                        }),
                        _ => row.approval.clone(),
                    };
                    let entry = self.add_row_entry(no, Source::Followers, &row, Vec::new(), rule, message, kind);
                    self.start(no, &[entry], &[]);
                }
                continue;
            }
            let to = self.followers(no, *audience);
            if to.is_empty() {
                continue;
            }
            let message = self.draft(no, kind, *audience);
            if *audience == Audience::Outside {
                // What leaves the region is approved as its first text was.
                let never = self.never_asked(no);
                let answer = to.iter().all(|f| never.contains(f)).then_some(AnswerRule::None);
                let row = Row { answer, ..self.row_of(no, Source::Followers, *audience, false) };
                let rule = row.approval.clone();
                let entry = self.add_row_entry(no, Source::Followers, &row, to, rule, message, kind);
                self.start(no, &[entry], &[]);
            } else {
                self.tell_followers(no, message, *audience, to);
            }
        }
    }

    /// Functions that were told something of that audience, or were attempted as deputies.
    pub(super) fn followers(&self, no: IncidentNo, audience: Audience) -> Vec<FunctionIx> {
        let inc = self.inc(no);
        let entries =
            inc.entries.iter().filter(|e| e.audience == audience && matches!(e.state, EntryState::Released { .. }));
        let mut all: BTreeSet<FunctionIx> = entries.flat_map(|e| e.to.iter().copied()).collect();
        if !all.is_empty() {
            // Deputies and holders were attempted without standing in an entry: with a text of that audience, or asked for one.
            let of = |seq: u32| inc.message(seq).is_some_and(|m| m.audience == audience);
            all.extend(inc.asks.iter().filter(|a| of(a.message)).flat_map(|a| a.asked.iter().copied()));
            for d in &inc.deliveries {
                if let Item::Message(seq) = d.item()
                    && of(seq)
                {
                    let here = &inc.plan.point(d.point).functions;
                    all.extend(here.iter().copied().filter(|f| inc.attempted.contains(f)));
                }
            }
        }
        all.into_iter().collect()
    }

    /// Releases a message to functions at once, over the channels that the audience's entries used.
    pub(super) fn tell_followers(&mut self, no: IncidentNo, message: u32, audience: Audience, to: Vec<FunctionIx>) {
        let kind = self.inc(no).message(message).map_or(Kind::Update, |m| m.kind);
        let mut row = self.row_of(no, Source::Followers, audience, false);
        row.approval = None;
        // Whose rows ask for nothing are asked for nothing here either (RULES C7).
        let never = self.never_asked(no);
        let (silent, asked): (Vec<FunctionIx>, Vec<FunctionIx>) = to.into_iter().partition(|f| never.contains(f));
        for (to, answer) in [(asked, None), (silent, Some(AnswerRule::None))] {
            if !to.is_empty() {
                let row = Row { answer, ..row.clone() };
                let entry = self.add_row_entry(no, Source::Followers, &row, to, None, message, kind);
                self.release(no, entry, ReleasedBy::Playbook);
            }
        }
    }

    /// The same with nothing asked for: what ended needs no answer.
    pub(super) fn tell_without_answer(
        &mut self,
        no: IncidentNo,
        message: u32,
        audience: Audience,
        to: Vec<FunctionIx>,
    ) {
        let kind = self.inc(no).message(message).map_or(Kind::Update, |m| m.kind);
        let row = self.row_of(no, Source::Followers, audience, false);
        let row = Row { answer: Some(AnswerRule::None), approval: None, ..row };
        let entry = self.add_row_entry(no, Source::Followers, &row, to, None, message, kind);
        self.release(no, entry, ReleasedBy::Playbook);
    }

    /// Functions that stand in rows with `answer: none` and in no other, unless danger demands their answer.
    fn never_asked(&self, no: IncidentNo) -> BTreeSet<FunctionIx> {
        let inc = self.inc(no);
        let (mut never, mut asked) = (BTreeSet::new(), BTreeSet::new());
        for e in &inc.entries {
            let Source::Row(id) = e.source else { continue };
            let none = inc.plan.row(inc.book(), id).is_some_and(|r| r.answer == Some(AnswerRule::None));
            if none { &mut never } else { &mut asked }.extend(e.to.iter().copied());
        }
        &(&never - &asked) - &self.demanded(no, &[])
    }

    /// The row of a source; for followers one made of all channels that the audience was told over.
    pub(super) fn row_of(&self, no: IncidentNo, source: Source, audience: Audience, public: bool) -> Row {
        let inc = self.inc(no);
        if let Source::Row(id) = source
            && let Some(row) = inc.plan.row(inc.book(), id)
        {
            return row.clone();
        }
        let mut channels: Vec<Channel> =
            inc.entries.iter().filter(|e| e.audience == audience).flat_map(|e| e.channels.iter().copied()).collect();
        // A function without any listed channel was told over what it has.
        let over = |d: &crate::domain::incident::state::Delivery| match d.item() {
            Item::Message(m) => inc.message(m).is_some_and(|m| m.audience == audience),
            Item::Note(_) => false,
        };
        channels.extend(inc.deliveries.iter().filter(|d| over(d)).map(|d| inc.plan.point(d.point).channel));
        channels.sort_unstable();
        channels.dedup();
        let approval =
            inc.entries.iter().filter(|e| e.audience == audience && e.public == public).find_map(|e| e.rule.clone());
        // Owners who are told because their system depends on the failed one need no approval, first or later (RULES D8).
        let approval = approval.filter(|_| source != Source::Dependents);
        Row {
            to: if public { To::Public } else { To::Functions(Vec::new()) },
            audience,
            channels,
            approval,
            // Outside groups are asked for no more than their rows ask for.
            answer: inc
                .entries
                .iter()
                .filter(|e| e.audience == audience && audience == Audience::Outside)
                .map(|e| e.answer)
                .max(),
            answer_within_s: None,
            deputies: Some(DeputyRule::After),
            night: NightRule::Page,
            answers: None,
            arrive_within_s: None,
            if_unsafe: false,
        }
    }

    /// It runs again; data are being checked (INCIDENTS lesson 33). The owners are asked whether data are complete.
    pub(super) fn restored(&mut self, by: &FunctionId, no: IncidentNo, news: &News) -> Result<(), Refused> {
        let inc = self.open(no)?;
        if inc.phase == Phase::Restored {
            return Err(refuse!(RestoredAlready { incident: no }));
        }
        let fx = self.lead(no, by)?;
        let facts = self.facts_with(self.inc(no), news, self.inc(no).level, false)?;
        self.check_typed(&facts)?;
        let beat = Some(facts.next);
        self.emit(no, Change::FactsSet { facts, by: Some(fx), beat });
        self.emit(no, Change::PhaseSet { phase: Phase::Restored, by: Some(fx), reason: Private::default() });
        self.drop_waiting(no, Dropped::Closed);
        self.tell_everybody(no, Kind::Restored, &[Audience::Internal, Audience::Outside, Audience::Public]);
        let plan = self.plan(no);
        let title = self.inc(no).headline();
        let owners: BTreeSet<FunctionIx> =
            self.inc(no).book().systems.iter().filter_map(|s| plan.system(s)).map(|s| s.owner).collect();
        for owner in owners {
            self.note(no, owner, NoteWord::DataComplete, &|n| {
                vec![("title", title.get(n.lang).to_owned()), ("code", n.incident(no))]
            });
        }
        Ok(())
    }

    /// It was not over: from restored back to alert (RULES D4).
    pub(super) fn relapse(&mut self, by: &FunctionId, no: IncidentNo, news: &News) -> Result<(), Refused> {
        let inc = self.open(no)?;
        if inc.phase != Phase::Restored {
            return Err(refuse!(NotRestored { incident: no }));
        }
        let fx = self.lead(no, by)?;
        let facts = self.facts_with(self.inc(no), news, self.inc(no).level, false)?;
        self.check_typed(&facts)?;
        let beat = Some(facts.next);
        self.emit(no, Change::FactsSet { facts, by: Some(fx), beat });
        self.emit(no, Change::PhaseSet { phase: Phase::Open, by: Some(fx), reason: Private::default() });
        self.drop_waiting(no, Dropped::Closed);
        self.raise_by_level(no, &|_| true);
        self.tell_everybody(no, Kind::Alert, &[Audience::Internal, Audience::Outside, Audience::Public]);
        self.alert_unreached(no);
        self.propose_by_level(no);
        Ok(())
    }

    /// Whose alert still waited when it ran again gets it now, by the same rows.
    fn alert_unreached(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let told: BTreeSet<FunctionIx> = inc
            .entries
            .iter()
            .filter(|e| !matches!(e.state, EntryState::Dropped { .. }))
            .flat_map(|e| e.to.iter().copied())
            .collect();
        let public = inc.entries.iter().any(|e| e.public && !matches!(e.state, EntryState::Dropped { .. }));
        let mut again: Vec<Entry> = inc
            .entries
            .iter()
            .filter(|e| matches!((&e.state, e.source), (EntryState::Dropped { why: Dropped::Closed }, Source::Row(_))))
            .cloned()
            .collect();
        let mut seen = BTreeSet::new();
        let mut public_seen = public;
        again.retain_mut(|e| {
            e.to.retain(|f| !told.contains(f) && seen.insert(*f));
            !e.to.is_empty() || e.public && !std::mem::replace(&mut public_seen, true)
        });
        let (mut added, mut night) = (Vec::new(), Vec::new());
        for e in again {
            let now = self.now;
            let fresh = |m: &crate::domain::incident::state::Message| {
                m.audience == e.audience
                    && m.kind == Kind::Alert
                    && !m.stopped
                    && m.released_at.is_none_or(|at| at == now)
            };
            let waits = |seq: u32| {
                self.inc(no).entries.iter().any(|x| x.message == seq && !matches!(x.state, EntryState::Dropped { .. }))
            };
            let there = self.inc(no).messages.iter().rev().find(|m| fresh(m) && waits(m.seq)).map(|m| m.seq);
            let message = match there {
                Some(seq) => seq,
                None => self.draft(no, Kind::Alert, e.audience),
            };
            let row = self.row_of(no, e.source, e.audience, e.public);
            let rule = row.approval.clone();
            let id = self.add_row_entry(no, e.source, &row, e.to, rule, message, Kind::Alert);
            added.push(id);
            night.push((id, row.night));
        }
        self.start(no, &added, &night);
    }

    pub(super) fn data_complete(&mut self, by: &FunctionId, no: IncidentNo) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let fx = self.duty(&plan, by)?;
        let owners: Vec<FunctionIx> =
            inc.book().systems.iter().filter_map(|s| plan.system(s)).map(|s| s.owner).collect();
        if inc.phase != Phase::Restored {
            return Err(refuse!(NotRestoredData { incident: no }));
        }
        if !self.acts_for(&plan, fx, &owners) {
            return Err(refuse!(NotYoursOwner { by, owners: ids(&plan, &owners) }));
        }
        self.emit(no, Change::DataConfirmed { by: fx });
        Ok(())
    }

    /// It is over: closes the incident, not the mode (RULES D4).
    pub(super) fn all_clear(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        override_reason: Option<&Private>,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let confirmed = inc.phase == Phase::Restored && inc.data_confirmed.is_some();
        let fx = self.lead(no, by)?;
        let reason = match override_reason {
            Some(r) if r.is_empty() => {
                return Err(refuse!(NoReason));
            }
            Some(r) => r.clone(),
            None if confirmed => Private::default(),
            None => {
                return Err(refuse!(DataNotConfirmed { incident: no }));
            }
        };
        self.drop_waiting(no, Dropped::Closed);
        self.close_asks(no, ClosedBy::AllClear);
        self.moot_proposals(no);
        self.tell_everybody(no, Kind::AllClear, &[Audience::Internal, Audience::Outside, Audience::Public]);
        self.end_steps(no, Some(fx), false);
        self.drill_all_clear(no, fx);
        self.emit(no, Change::PhaseSet { phase: Phase::Closed, by: Some(fx), reason });
        self.drill_cleared(no);
        self.propose_lowering(no);
        Ok(())
    }

    /// Drafts that wait for something that is over.
    pub(super) fn drop_waiting(&mut self, no: IncidentNo, why: Dropped) {
        let waiting: Vec<u32> = self
            .inc(no)
            .entries
            .iter()
            .filter(|e| matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. } | EntryState::Ready))
            .map(|e| e.id)
            .collect();
        for entry in waiting {
            self.emit(no, Change::EntryDropped { entry, why });
        }
    }

    pub(super) fn close_asks(&mut self, no: IncidentNo, by: ClosedBy) {
        let inc = self.inc(no);
        let asks: Vec<u32> = (0u32..).zip(&inc.asks).filter(|(_, a)| a.state.is_open()).map(|(i, _)| i).collect();
        if !asks.is_empty() {
            self.emit(no, Change::AsksClosed { asks, by });
        }
    }

    pub(super) fn moot_proposals(&mut self, no: IncidentNo) {
        for proposal in self.open_proposals(no) {
            self.emit(no, Change::ProposalMoot { proposal });
        }
    }

    /// The same fault: one number goes on (RULES D5).
    pub(super) fn merge(&mut self, by: &FunctionId, no: IncidentNo, into: IncidentNo) -> Result<(), Refused> {
        let (from, to) = (self.open(no)?, self.open(into)?);
        if no == into || no.status != into.status {
            return Err(refuse!(CannotMerge { incident: no, into }));
        }
        let fx = self.lead(no, by)?;
        let told: Vec<FunctionId> =
            self.followers(no, Audience::Internal).iter().map(|f| from.plan.function(*f).id.clone()).collect();
        let mut sites = to.sites.clone();
        sites.extend(from.sites.iter().filter(|s| !to.sites.contains(s)).cloned());
        let from_level = from.plan.ladders.level_at(from.level).map(|l| l.id.clone());
        let level = from_level.as_deref().and_then(|l| to.plan.ladders.level(l)).unwrap_or(to.level).max(to.level);
        let news = News {
            sites: Some(sites),
            level: to.plan.ladders.level_at(level).map(|l| l.id.clone()),
            ..News::default()
        };
        self.facts_with(self.inc(into), &news, level, false)?;
        self.drop_waiting(no, Dropped::Closed);
        self.close_asks(no, ClosedBy::Merged(into));
        self.moot_proposals(no);
        self.end_steps(no, Some(fx), false);
        self.emit(no, Change::Merged { into, by: fx });
        let plan = self.plan(into);
        let by_into = plan.function_ix(by.as_str());
        self.apply_news(into, by_into, &news, Kind::Update)?;
        // Those who were told of the merged one only hear of the one that goes on.
        let known = self.followers(into, Audience::Internal);
        let new: Vec<FunctionIx> =
            told.iter().filter_map(|id| plan.function_ix(id.as_str())).filter(|f| !known.contains(f)).collect();
        if let Some(message) = self.inc(into).newest(Audience::Internal).map(|m| m.seq)
            && !new.is_empty()
        {
            self.tell_followers(into, message, Audience::Internal, new);
        }
        Ok(())
    }

    /// An open incident goes on with the plan for new ones, on record (DESIGN §5).
    pub(super) fn adopt(&mut self, by: &FunctionId, no: IncidentNo) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = self.state.plan.clone();
        if inc.plan.hash == plan.hash {
            return Err(refuse!(SamePlan { incident: no }));
        }
        let fx = self.lead(no, by)?;
        let moved = crate::domain::incident::adopt::moved(inc, &plan)?;
        self.emit(no, Change::Adopted { plan: plan.hash.clone(), by: fx, moved });
        Ok(())
    }
}

impl Source {
    /// Whether those who were told by such an entry are told what comes after.
    pub(super) fn is_told_on(self) -> bool {
        !matches!(self, Source::Holding)
    }
}
