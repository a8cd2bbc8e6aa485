//! Drills: ordered as such or reported by hand (RULES D18), begun at their time or not (D17), ended for everybody who was told (D16). A
//! real incident breaks them off; SKARPT stops one and opens a report (D1).

use std::collections::{BTreeMap, BTreeSet};

use super::{Decider, leaders};
use crate::domain::delivery::DeliveryState;
use crate::domain::drills::{Drill, DrillEnd, DrillKind, Fate, Figures, HeldBack};
use crate::domain::ids::{DrillId, FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::Report;
use crate::domain::incident::reading::{Code, Reading};
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::state::Incident;
use crate::domain::incident::steps::is_outside;
use crate::domain::incident::values::{ClosedBy, Dropped, Item, Kind, PendingReport, Phase, ReleasedBy, Source};
use crate::domain::lang::L10n;
use crate::domain::plan::{AnswerRule, Audience, Channel, DeputyRule, NightRule, Plan, Row, To};
use crate::domain::private::Private;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// The filled-in report form waits that long, in seconds.
const FORM_S: u32 = 1800;
/// The channels that a communication test goes over: all that carry a text by themselves.
const TESTED: [Channel; 4] = [Channel::Sms, Channel::Paging, Channel::Email, Channel::Fax];

/// A drill that a real incident comes upon, and the duty points that have its texts.
pub(super) type BrokenOff = Vec<(IncidentNo, BTreeSet<PointIx>)>;

impl Decider<'_> {
    /// Begins a drill as it is ordered.
    pub(super) fn drill_start(&mut self, by: &FunctionId, report: &Report, drill: &Drill) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        self.known_to_drill(&plan, by, drill)?;
        if let Some(incident) = self.real_open() {
            return Err(refuse!(RealIsOpen { incident }));
        }
        let same = |i: &&Incident| i.drill.as_ref().is_some_and(|d| d.id == drill.id);
        if let (Some(id), Some(inc)) = (&drill.id, self.state.open().filter(|i| i.phase == Phase::Open).find(same)) {
            return Err(refuse!(DrillGoesOn { drill: id, incident: inc.no }));
        }
        if drill.kind == DrillKind::GatewayTest {
            return self.drill_gateway(by, drill).map(|_| ());
        }
        let report = Report { exercise: true, ..report.clone() };
        let before = self.events.len();
        self.report_as(by, &report, Some(drill))?;
        if let Some(no) = self.events[before..].iter().find_map(Event::incident) {
            self.tell_observers(no, drill);
        }
        Ok(())
    }

    /// Who observes hears that it has begun, and by that also when it is over; those who are in it read its texts.
    fn tell_observers(&mut self, no: IncidentNo, drill: &Drill) {
        let plan = self.plan(no);
        let observers = drill.observers.iter().filter_map(|id| plan.function_ix(id.as_str()));
        let observers: BTreeSet<FunctionIx> = observers.filter(|f| !self.inc(no).attempted.contains(f)).collect();
        for f in observers {
            self.note(no, f, NoteWord::DrillSoon, &|n| {
                vec![("title", drill.title.get(n.lang).to_owned()), ("time", n.time(n.now))]
            });
        }
    }

    fn known_to_drill(&self, plan: &Plan, by: &FunctionId, drill: &Drill) -> Result<(), Refused> {
        self.duty(plan, by)?;
        let injected = drill.injects.iter().flat_map(|i| &i.to);
        for f in drill.leads.iter().chain(&drill.observers).chain(&drill.to).chain(injected) {
            self.duty(plan, f)?;
        }
        for gateway in drill.gateways_away.iter().chain(&drill.gateway) {
            if !plan.gateways.iter().any(|g| g.id == *gateway) {
                let gateways = List::of(plan.gateways.iter().map(|g| &g.id));
                return Err(refuse!(UnknownGateway { gateway, gateways }));
            }
        }
        match drill.kind {
            DrillKind::CommunicationTest if !self.addressed_by(plan, drill).any(|_| true) => {
                Err(refuse!(DrillToNobody))
            }
            DrillKind::GatewayTest if drill.to.is_empty() || drill.gateway.is_none() => Err(refuse!(DrillToNobody)),
            _ => Ok(()),
        }
    }

    /// Whom a communication test addresses: never those outside (invariant 6).
    fn addressed_by<'p>(&self, plan: &'p Plan, drill: &'p Drill) -> impl Iterator<Item = FunctionIx> + use<'p> {
        drill.to.iter().filter_map(|id| plan.function_ix(id.as_str())).filter(|f| !is_outside(plan, *f))
    }

    /// A TEST over one gateway to each function that it reaches. Gives how many.
    fn drill_gateway(&mut self, by: &FunctionId, drill: &Drill) -> Result<u32, Refused> {
        let Some(gateway) = &drill.gateway else { return Err(refuse!(DrillToNobody)) };
        // What can't be reached by it is refused before the first event, and only where nobody can.
        let mut tested = 0;
        let mut why = None;
        for f in &drill.to {
            match self.test_gateway(by, gateway, f) {
                Ok(()) => tested += 1,
                Err(refused) => why = Some(refused),
            }
        }
        match why {
            Some(refused) if tested == 0 => Err(refused),
            _ => Ok(tested),
        }
    }

    /// A communication test: one text to each function over all of its ways, and an answer is wanted. Nobody is asked in another's
    /// place: the test is to show who does not answer.
    pub(super) fn test_ways(&mut self, no: IncidentNo) {
        let plan = self.plan(no);
        let Some(drill) = self.inc(no).drill.clone() else { return };
        let to: Vec<FunctionIx> = self.addressed_by(&plan, &drill).collect();
        let message = self.draft(no, Kind::Alert, Audience::Internal);
        let row = Row {
            to: To::Functions(to.clone()),
            audience: Audience::Internal,
            channels: TESTED.to_vec(),
            approval: None,
            answer: Some(AnswerRule::Wanted),
            answer_within_s: None,
            deputies: Some(DeputyRule::After),
            night: NightRule::Page,
            answers: None,
            arrive_within_s: None,
            if_unsafe: false,
        };
        let entry = self.add_row_entry(no, Source::Followers, &row, to, None, message, Kind::Alert);
        self.release(no, entry, ReleasedBy::Playbook);
    }

    /// A planned moment has come: it is used once, whatever becomes of it (RULES D17).
    pub(super) fn drill_due(
        &mut self,
        planned: At,
        by: &FunctionId,
        report: &Report,
        drill: &Drill,
        held_back: Option<HeldBack>,
    ) {
        let Some(id) = drill.id.clone() else { return };
        if self.state.drills.is_settled(&id, planned) {
            return;
        }
        let real = self.real_open();
        let fate = match (held_back, real) {
            (Some(why), _) => Fate::from(why),
            (None, Some(no)) => Fate::RealOpen(no),
            (None, None) => {
                let before = self.events.len();
                let tried = match drill.kind {
                    DrillKind::GatewayTest => self
                        .known_to_drill(&self.state.plan.clone(), by, drill)
                        .and_then(|()| self.drill_gateway(by, drill))
                        .map(Fate::Tested),
                    _ => self.drill_start(by, report, drill).map(|()| {
                        let no = self.events[before..].iter().find_map(Event::incident);
                        no.map_or(Fate::Tested(0), Fate::Started)
                    }),
                };
                tried.unwrap_or_else(|refused| Fate::Refused(refused.code.to_owned()))
            }
        };
        if !fate.is_run() {
            self.tell_not_run(drill, planned, &fate);
        }
        self.emit_event(Event::DrillMoment { drill: id, planned, fate });
    }

    fn tell_not_run(&mut self, drill: &Drill, planned: At, fate: &Fate) {
        let real = if let Fate::RealOpen(no) = fate { Some(*no) } else { None };
        let word = if real.is_some() { NoteWord::DrillPostponed } else { NoteWord::DrillNotRun };
        self.tell_of_drill(&drill.leads, word, &drill.title, planned, real);
    }

    /// Functions are told once that a drill will begin.
    pub(super) fn drill_soon(&mut self, id: &DrillId, title: &L10n, planned: At, to: &[FunctionId]) {
        if self.state.drills.announced.get(id).is_some_and(|at| *at >= planned)
            || self.state.drills.is_settled(id, planned)
            || self.real_open().is_some()
        {
            return;
        }
        self.emit_event(Event::DrillAnnounced { drill: id.clone(), planned });
        self.tell_of_drill(to, NoteWord::DrillSoon, title, planned, None);
    }

    /// A note of no incident to the duty points that people carry, one a point. Nobody outside hears of drills.
    fn tell_of_drill(
        &mut self,
        to: &[FunctionId],
        word: NoteWord,
        title: &L10n,
        planned: At,
        real: Option<IncidentNo>,
    ) {
        let plan = self.state.plan.clone();
        let mut told = BTreeSet::new();
        for f in to.iter().filter_map(|id| plan.function_ix(id.as_str())).filter(|f| !is_outside(&plan, *f)) {
            let carried =
                |p: &PointIx| matches!(plan.point(*p).channel, Channel::Sms | Channel::Paging | Channel::Email);
            for p in plan.points_at(self.holds(&plan, f), self.now).into_iter().filter(carried) {
                if told.insert(p) {
                    self.system_note(p, word, &|n| {
                        let number = real.map_or_else(String::new, |no| n.incident(no));
                        vec![("title", title.get(n.lang).to_owned()), ("time", n.time(planned)), ("number", number)]
                    });
                }
            }
        }
    }

    /// A real incident that is open: beside it no drill is held (RULES D17).
    pub(super) fn real_open(&self) -> Option<IncidentNo> {
        self.state.open().find(|i| !i.is_drill()).map(|i| i.no)
    }

    /// More of a tabletop is told, or a drill's time is over.
    pub(super) fn drill_timer(&mut self, no: IncidentNo) {
        let inc = self.inc(no);
        let Some(drill) = inc.drill.clone() else { return };
        let next = drill.injects.get(inc.injects_given as usize);
        match next.filter(|i| inc.opened + i.after_s <= self.now) {
            Some(inject) => {
                let given = inc.injects_given;
                let plan = inc.plan.clone();
                let named = if inject.to.is_empty() { &drill.leads } else { &inject.to };
                let mut to: Vec<FunctionIx> = named.iter().filter_map(|id| plan.function_ix(id.as_str())).collect();
                if to.is_empty() {
                    to.push(inc.reporter);
                }
                self.emit(no, Change::InjectGiven { inject: given });
                for f in to {
                    self.note(no, f, NoteWord::Inject, &|n| vec![("what", inject.text.get(n.lang).to_owned())]);
                }
            }
            None => self.close_drill(no, DrillEnd::Done, None),
        }
    }

    /// A real incident comes: what drills have waiting is called back, before anything real is planned.
    pub(super) fn withdraw_drills(&mut self) -> BrokenOff {
        let drills: Vec<IncidentNo> = self.state.open().filter(|i| i.is_drill()).map(|i| i.no).collect();
        let told: BrokenOff = drills.into_iter().map(|no| (no, have_it(self.inc(no)))).collect();
        for (no, _) in &told {
            self.withdraw_queued(*no, |_| true);
        }
        told
    }

    /// The drills end, and everybody who has their texts is told, after the real alert (RULES D16).
    pub(super) fn break_off(&mut self, drills: BrokenOff, real: IncidentNo) {
        for (no, told) in drills {
            self.end_of(no, DrillEnd::BrokenOff(real), None);
            self.tell_over(no, NoteWord::DrillBrokenOff, &told);
        }
    }

    /// `drill end`, `drill abort`: by whoever leads it.
    pub(super) fn drill_end(&mut self, by: &FunctionId, no: IncidentNo, abort: bool) -> Result<(), Refused> {
        if !self.open(no)?.is_drill() {
            return Err(refuse!(NotADrill { incident: no }));
        }
        let fx = self.lead(no, by)?;
        self.close_drill(no, if abort { DrillEnd::Aborted } else { DrillEnd::Done }, Some(fx));
        Ok(())
    }

    /// `AVBRYT Ö-14` from an address of whoever leads it; anybody else is told who does.
    pub(super) fn abort_reply(&mut self, from: &[(IncidentNo, PointIx)], r: &Reading) {
        let is_open =
            |no: IncidentNo| self.state.incidents.get(&no).is_some_and(|i| i.is_drill() && i.phase != Phase::Closed);
        let open: Vec<(IncidentNo, PointIx)> = from.iter().copied().filter(|f| is_open(f.0)).collect();
        let hit = match (&r.code, open.as_slice()) {
            (Code::Number(named, _), _) => open.iter().find(|f| f.0 == *named).copied(),
            (Code::Bare, [one]) => Some(*one),
            _ => None,
        };
        let Some((no, p)) = hit else {
            match &r.code {
                Code::Number(named, _) => self.nothing_open(from, *named),
                _ => self.not_understood(from),
            }
            return;
        };
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let lead = leaders(inc);
        let here = &plan.point(p).functions;
        let Some(by) = here.iter().copied().find(|f| self.acts_for(&plan, *f, &lead)) else {
            let Some(to) = here.first().copied() else { return };
            let mut lead = lead;
            lead.sort_unstable();
            lead.dedup();
            self.note_to(no, to, &[p], NoteWord::AbortRefused, &|n| {
                vec![("number", n.incident(no)), ("functions", n.titles(&lead))]
            });
            return;
        };
        self.acts_by_reply(no, by);
        let mut told = have_it(self.inc(no));
        // Whoever broke it off reads that it was understood, whether it was told of the drill or not.
        told.insert(p);
        self.withdraw_queued(no, |_| true);
        self.end_of(no, DrillEnd::Aborted, Some(by));
        self.tell_over(no, NoteWord::DrillIsOver, &told);
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
        let Some((no, p)) = hit else { return self.real_without_drill(from, known, named) };
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
        let mut told = have_it(inc);
        let (title, reporter) = (inc.headline(), inc.reporter);
        self.withdraw_queued(no, |_| true);
        self.end_of(no, DrillEnd::TurnedReal, Some(by));
        // Who said so stands in the text of whoever reported it: that one gets no second text.
        let first = self.inc(no).deliveries.len();
        self.note(no, reporter, NoteWord::DrillStopped, &|n| {
            vec![("title", title.get(n.lang).to_owned()), ("by", n.title(by))]
        });
        for d in &self.inc(no).deliveries[first..] {
            told.remove(&d.point);
        }
        self.tell_over(no, NoteWord::DrillBrokenOff, &told);
        // A test of ways has no report to fill in: what is real is reported anew.
        if let Some(known) = known.filter(|_| !self.inc(no).tests_ways()) {
            self.keep_pending(known, report);
        }
    }

    /// `SKARPT` when no drill goes on any more: the same form, filled in from the drill that is over; without one it is said what can be
    /// reported. Never silence: something may be real.
    fn real_without_drill(
        &mut self,
        from: &[(IncidentNo, PointIx)],
        known: Option<PointIx>,
        named: Option<IncidentNo>,
    ) {
        let Some(known) = known else { return };
        let over = from.iter().filter_map(|(no, p)| Some((self.state.incidents.get(no)?, *p)));
        let over = over.filter(|(inc, _)| inc.is_drill() && !inc.tests_ways() && named.is_none_or(|no| no == inc.no));
        let newest = over.max_by_key(|(inc, _)| inc.opened);
        let filled = newest.and_then(|(inc, p)| {
            let by = *inc.plan.point(p).functions.first()?;
            Some(PendingReport {
                playbook: inc.playbook.clone(),
                level: inc.level,
                sites: inc.sites.clone(),
                by: inc.plan.function(by).id.clone(),
                until: self.now + FORM_S,
            })
        });
        match filled {
            Some(report) => self.keep_pending(known, report),
            None => self.report_note(known, None),
        }
    }

    fn close_drill(&mut self, no: IncidentNo, end: DrillEnd, by: Option<FunctionIx>) {
        let told = have_it(self.inc(no));
        self.withdraw_queued(no, |_| true);
        self.end_of(no, end, by);
        self.tell_over(no, NoteWord::DrillIsOver, &told);
    }

    /// Nothing of it waits any more, and it is closed.
    fn end_of(&mut self, no: IncidentNo, end: DrillEnd, by: Option<FunctionIx>) {
        self.drop_waiting(no, Dropped::DrillStopped);
        let figures = figures(self.inc(no));
        self.close_asks(no, ClosedBy::DrillStopped);
        self.moot_proposals(no);
        self.end_steps(no, by, true);
        self.emit(no, Change::DrillOver { end, by, figures });
        self.emit(no, Change::PhaseSet { phase: Phase::Closed, by, reason: Private::default() });
    }

    /// The all clear of a drill has gone out: the drill is over too. Before its phase is set.
    pub(super) fn drill_all_clear(&mut self, no: IncidentNo, by: FunctionIx) {
        if self.inc(no).is_drill() {
            let figures = figures(self.inc(no));
            self.emit(no, Change::DrillOver { end: DrillEnd::Done, by: Some(by), figures });
        }
    }

    /// What stands behind the all clear of a drill: that it was one. To whoever has its texts, or will.
    pub(super) fn drill_cleared(&mut self, no: IncidentNo) {
        if self.inc(no).is_drill() {
            let gone = |s| matches!(s, DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withdrawn);
            let told = self.inc(no).deliveries.iter().filter(|d| !gone(d.state)).map(|d| d.point).collect();
            self.tell_over(no, NoteWord::DrillIsOver, &told);
        }
    }

    /// A text of the drill turns out to have gone out after all: its point is told as well.
    pub(super) fn drill_told_late(&mut self, no: IncidentNo, late: &[u32]) {
        let inc = self.inc(no);
        let word = match inc.drill_end {
            None => return,
            Some(DrillEnd::BrokenOff(_) | DrillEnd::TurnedReal) => NoteWord::DrillBrokenOff,
            Some(DrillEnd::Done | DrillEnd::Aborted) => NoteWord::DrillIsOver,
        };
        let says = |d: &&crate::domain::incident::state::Delivery| match d.item() {
            Item::Note(n) => inc.notes.get(n as usize).is_some_and(|n| n.word.ends_a_drill()),
            Item::Message(_) => false,
        };
        let knows: BTreeSet<PointIx> = inc.deliveries.iter().filter(says).map(|d| d.point).collect();
        let late = late.iter().filter_map(|o| inc.deliveries.get(*o as usize)).map(|d| d.point);
        let late: BTreeSet<PointIx> = late.filter(|p| !knows.contains(p)).collect();
        self.tell_over(no, word, &late);
    }

    /// One text a duty point (RULES C12), by the functions that are reached there.
    fn tell_over(&mut self, no: IncidentNo, word: NoteWord, points: &BTreeSet<PointIx>) {
        let plan = self.plan(no);
        let mut by_function: BTreeMap<FunctionIx, Vec<PointIx>> = BTreeMap::new();
        for p in points {
            if let Some(f) = plan.point(*p).functions.first() {
                by_function.entry(*f).or_default().push(*p);
            }
        }
        for (f, points) in by_function {
            self.note_to(no, f, &points, word, &|n| vec![("at", n.time(n.now))]);
        }
    }
}

/// Duty points that have a text of it, or may.
fn have_it(inc: &Incident) -> BTreeSet<PointIx> {
    inc.deliveries.iter().filter(|d| d.may_be_out()).map(|d| d.point).collect()
}

/// What a drill came to: functions that were asked, and when they answered first.
pub fn figures(inc: &Incident) -> Figures {
    let mut first: BTreeMap<FunctionIx, Option<At>> = BTreeMap::new();
    for ask in inc.asks.iter() {
        let answered = match &ask.state {
            AskState::Answered { at, .. } => Some(*at),
            _ => None,
        };
        let known = first.entry(ask.function).or_default();
        *known = match (*known, answered) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let mut times: Vec<u32> = first.values().flatten().map(|at| at.seconds_since(inc.opened)).collect();
    times.sort_unstable();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let half = first.len().div_ceil(2).checked_sub(1).and_then(|n| times.get(n)).copied();
    Figures { asked: count(first.len()), answered: count(times.len()), half_s: half }
}
