//! Answers in all their forms: by reply, by link, by console, by telephone; passing on; "our fallback failed".

use super::{Decider, ids};
use crate::domain::ids::{DeliveryId, FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::{Ask, AskState};
use crate::domain::incident::asks::served_by;
use crate::domain::incident::event::Change;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::state::Incident;
use crate::domain::incident::values::{Item, Phase, Via};
use crate::domain::private::Private;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// How an answer came to whoever enters it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is one's own.
    Here,
    /// By telephone.
    Phone,
    /// On a sheet that was carried there and back.
    Paper,
}

impl Decider<'_> {
    /// `ack`: a function has it, said by itself, by one asked for it, or told by telephone.
    pub(super) fn ack(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        message: Option<u32>,
        function: &FunctionId,
        told: Told,
        at: Option<At>,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let (actor, f) = (self.duty(&plan, by)?, self.duty(&plan, function)?);
        let Some(id) = self.ask_id(no, f, message) else {
            return Err(refuse!(NothingAsked { incident: no, function }));
        };
        let ask = &self.inc(no).asks[id as usize];
        if let AskState::Answered { by, .. } = &ask.state {
            return Err(refuse!(AnsweredAlready { by: &plan.function(*by).id, function }));
        }
        let noted = told != Told::Here;
        if !noted && !self.acts_for(&plan, actor, &ask.asked) && actor != f {
            return Err(refuse!(NotYoursAnswer { by, function, asked: ids(&plan, &ask.asked) }));
        }
        let who = if noted { f } else { actor };
        if ask.answers.iter().any(|a| a.by == who) {
            let (have, needs) = (ask.answers.len(), ask.needs);
            return Err(refuse!(AnsweredAlreadyMore { by: &plan.function(who).id, function, have, needs }));
        }
        let at = at.unwrap_or(self.now);
        if at > self.now || at < self.inc(no).opened {
            return Err(refuse!(BadTime));
        }
        let via = match told {
            Told::Here => Via::Console,
            Told::Phone => Via::Phone { noted_by: actor },
            Told::Paper => Via::Paper { noted_by: actor },
        };
        self.answered(no, &[id], who, at, via);
        Ok(())
    }

    /// The ask of a function: the one that counts, or that of a message.
    fn ask_id(&self, no: IncidentNo, f: FunctionIx, message: Option<u32>) -> Option<u32> {
        let inc = self.inc(no);
        match message {
            None => inc.asks.current().get(&f).copied(),
            Some(m) => {
                // An answer to an older number answers what is asked now: it is the same duty and the same incident.
                let asked = inc.message(m).is_some() && inc.asks.iter().any(|a| a.function == f && a.message >= m);
                if asked { inc.asks.current().get(&f).copied() } else { None }
            }
        }
    }

    pub(super) fn answered(&mut self, no: IncidentNo, asks: &[u32], by: FunctionIx, at: At, via: Via) {
        let open: Vec<u32> = asks
            .iter()
            .copied()
            .filter(|id| {
                self.inc(no).asks.get(*id as usize).is_some_and(|a| {
                    // Twice the same is one answer, where two are wanted above all.
                    !matches!(a.state, AskState::Answered { .. }) && a.answers.iter().all(|g| g.by != by)
                })
            })
            .collect();
        if open.is_empty() {
            return;
        }
        let functions: Vec<FunctionIx> = open.iter().map(|id| self.inc(no).asks[*id as usize].function).collect();
        let arrivals = self.arrivals_after(no, &open, by, at);
        self.emit(no, Change::Answered { asks: open, by, at, via, arrivals });
        self.expect_arrival(no, by, &functions);
    }

    /// An answer from a duty point covers every function whose request went there (RULES C1, C2). The confirmation lists them
    /// and says who owns each (C4).
    pub(super) fn answer_from(&mut self, no: IncidentNo, p: PointIx, via: Via) -> bool {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let ids = served_by(inc, p);
        if ids.is_empty() {
            return false;
        }
        let at_point = plan.point(p).functions.clone();
        let mut mine: Vec<(u32, FunctionIx, FunctionIx)> = Vec::new();
        let mut taken: Vec<(FunctionIx, FunctionIx)> = Vec::new();
        let mut second: Vec<(u32, FunctionIx)> = Vec::new();
        for id in ids {
            let ask = &inc.asks[id as usize];
            let Some(me) = ask.asked.iter().copied().find(|f| at_point.contains(f)) else { continue };
            match &ask.state {
                AskState::Answered { by, .. } if !at_point.contains(by) => taken.push((ask.function, *by)),
                // One of several answers: the first owns it, the others confirm.
                s if s.is_open() && ask.answers.first().is_some_and(|g| !at_point.contains(&g.by)) => {
                    taken.extend(ask.answers.first().map(|g| (ask.function, g.by)));
                    second.push((id, me));
                }
                AskState::Answered { .. } => mine.push((id, ask.function, me)),
                _ => mine.push((id, ask.function, me)),
            }
        }
        let title = inc.headline();
        let answerers: std::collections::BTreeSet<FunctionIx> = mine.iter().map(|m| m.2).collect();
        for who in answerers {
            let asks: Vec<u32> = mine.iter().filter(|m| m.2 == who).map(|m| m.0).collect();
            self.answered(no, &asks, who, self.now, via.clone());
        }
        for (id, who) in second {
            self.answered(no, &[id], who, self.now, via.clone());
        }
        // One confirmation with all of them, and with who leads: nobody else owns anything by answering (RULES C4, C14).
        let functions: Vec<FunctionIx> = mine.iter().map(|m| m.1).chain(taken.iter().map(|t| t.0)).collect();
        let to = at_point.first().copied().unwrap_or(plan.region.switchboard);
        let leader = self.inc(no).leader;
        let next = self.inc(no).facts.next;
        let word = match leader {
            // A test of ways is led by nobody who answers it.
            _ if self.inc(no).tests_ways() => NoteWord::Noted,
            Some(leader) if at_point.contains(&leader) => NoteWord::YouOwnIt,
            Some(_) => NoteWord::YouConfirm,
            None => NoteWord::Noted,
        };
        self.note_to(no, to, &[p], word, &|n| {
            vec![
                ("title", title.get(n.lang).to_owned()),
                ("functions", n.titles(&functions)),
                ("owner", leader.map_or_else(String::new, |f| n.title(f))),
                ("due", n.time(next)),
            ]
        });
        true
    }

    /// `NEJ code`: the next one is asked at once (RULES C5), also by one who said yes before.
    pub(super) fn pass_on_from(&mut self, no: IncidentNo, p: PointIx) -> bool {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        // An answer taken back to a text that was stopped since leaves nothing open: nobody must get that text (RULES D2).
        let goes_on = |ask: &Ask| match &ask.state {
            AskState::Answered { by, .. } => at_point.contains(by) && !text_is_stopped(inc, ask),
            state => state.is_open(),
        };
        let open: Vec<u32> = served_by(inc, p).into_iter().filter(|id| goes_on(&inc.asks[*id as usize])).collect();
        for id in &open {
            self.take_back(no, *id, p);
            self.pass_on_now(no, *id);
        }
        !open.is_empty()
    }

    /// One of several answers, taken back by a no.
    fn take_back(&mut self, no: IncidentNo, id: u32, p: PointIx) {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        let Some(ask) = inc.asks.get(id as usize).filter(|a| a.state.is_open()) else { return };
        let due = ask.due;
        if let Some(by) = ask.answers.iter().map(|g| g.by).find(|f| at_point.contains(f)) {
            self.emit(no, Change::Unanswered { ask: id, by, reason: Private::default(), due });
        }
    }

    pub(super) fn pass_on_command(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        function: &FunctionId,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let (actor, f) = (self.duty(&plan, by)?, self.duty(&plan, function)?);
        let Some(id) = self.ask_id(no, f, None).filter(|id| self.inc(no).asks[*id as usize].state.is_open()) else {
            return Err(refuse!(NothingAsked { incident: no, function }));
        };
        if !self.acts_for(&plan, actor, &self.inc(no).asks[id as usize].asked) && actor != f {
            let asked = ids(&plan, &self.inc(no).asks[id as usize].asked);
            return Err(refuse!(NotYoursPassOn { by, function, asked }));
        }
        self.pass_on_now(no, id);
        Ok(())
    }

    /// The button behind a link (DESIGN §5: 128-bit, one delivery, dead at close).
    pub(super) fn link(&mut self, delivery: DeliveryId, yes: bool) -> Result<(), Refused> {
        let inc = self.open(delivery.incident)?;
        let Some(d) = inc.deliveries.get(delivery.ordinal as usize).copied() else {
            return Err(refuse!(UnknownLink));
        };
        let Item::Message(_) = d.item() else {
            return Err(refuse!(UnknownLinkNoAnswer));
        };
        let done = if yes {
            self.answer_from(delivery.incident, d.point, Via::Link)
        } else {
            self.pass_on_from(delivery.incident, d.point)
        };
        if done { Ok(()) } else { Err(refuse!(NothingAskedAnyMore)) }
    }

    pub(super) fn unack(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        function: &FunctionId,
        reason: &Private,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let (actor, f) = (self.duty(&plan, by)?, self.duty(&plan, function)?);
        let answered = self.ask_id(no, f, None).and_then(|id| match &self.inc(no).asks[id as usize].state {
            AskState::Answered { by, via, .. } => Some((id, *by, via.clone())),
            _ => None,
        });
        let Some((id, who, via)) = answered else {
            return Err(refuse!(NotAnswered { function, incident: no }));
        };
        let noted = matches!(via, Via::Phone { noted_by } | Via::Paper { noted_by } if noted_by == actor);
        if actor != f && actor != who && !noted {
            self.lead(no, by)?;
        }
        if reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        if text_is_stopped(self.inc(no), &self.inc(no).asks[id as usize]) {
            return Err(refuse!(StoppedAlreadyAnswered { function, incident: no }));
        }
        // It goes on where it stood: at its deadline, or at once when that has passed.
        let due = self.inc(no).asks[id as usize].due.max(self.now);
        self.emit(no, Change::Unanswered { ask: id, by: actor, reason: reason.clone(), due });
        Ok(())
    }

    pub(super) fn fallback_failed_command(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        function: &FunctionId,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        self.duty(&plan, by)?;
        let f = self.duty(&plan, function)?;
        self.fallback_failed(no, &[f]);
        Ok(())
    }

    /// `FEL code`: the owner and TiB are told at once (RULES C5, INCIDENTS lesson 34).
    pub(super) fn fallback_failed(&mut self, no: IncidentNo, whose: &[FunctionIx]) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let title = inc.headline();
        let mut to: Vec<FunctionIx> =
            inc.book().systems.iter().filter_map(|s| plan.system(s)).map(|s| s.owner).collect();
        to.extend(plan.region.last_resort.first());
        let mut told = Vec::new();
        for t in to {
            let holder = self.holds(&plan, t);
            if !told.contains(&holder) {
                told.push(holder);
                self.note(no, t, NoteWord::FallbackFailed, &|n| {
                    vec![("title", title.get(n.lang).to_owned()), ("function", n.titles(whose))]
                });
            }
        }
    }

    pub(super) fn errand_done(&mut self, by: &FunctionId, no: IncidentNo, errand: u32) -> Result<(), Refused> {
        let inc = self.known(no)?;
        let plan = inc.plan.clone();
        let actor = self.duty(&plan, by)?;
        let Some(found) = inc.errands.get(errand as usize).cloned() else {
            return Err(refuse!(UnknownErrand { incident: no, errand }));
        };
        if !self.acts_for(&plan, actor, &[found.owner]) {
            self.lead(no, by)?;
        }
        if found.done.is_some() {
            return Err(refuse!(DoneAlready { errand }));
        }
        self.emit(no, Change::ErrandDone { errand, by: actor });
        Ok(())
    }

    /// Whether an incident still takes answers.
    pub(super) fn takes_answers(&self, no: IncidentNo) -> bool {
        self.state.incidents.get(&no).is_some_and(|i| i.phase != Phase::Closed)
    }
}

/// Nobody may be asked with that text any more.
fn text_is_stopped(inc: &Incident, ask: &Ask) -> bool {
    inc.message(ask.message).is_some_and(|m| m.stopped)
}
