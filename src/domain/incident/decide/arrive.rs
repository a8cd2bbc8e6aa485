//! Answering and arriving are two timers (INCIDENTS lesson 4: attendance times of 45 min to 2 h). Who answered a row with
//! `arrive_within` says when that is; whoever is not there in time is passed over visibly, and the next one is asked.

use super::{Decider, ids};
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks::{arrive_within_s, served_by};
use crate::domain::incident::event::{Change, NewArrival};
use crate::domain::incident::reading::{Code, Reading};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::steps::{Arrival, ArrivalState};
use crate::domain::incident::values::Via;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

impl Decider<'_> {
    /// Whoever has just answered is told until when to be there, and how to say so.
    pub(super) fn expect_arrival(&mut self, no: IncidentNo, by: FunctionIx, functions: &[FunctionIx]) {
        let inc = self.inc(no);
        let fresh = |a: &Arrival| a.state == ArrivalState::Expected && a.by == by && a.since == self.now;
        let mine: Vec<FunctionIx> =
            functions.iter().copied().filter(|f| inc.arrivals.get(f).is_some_and(fresh)).collect();
        let Some(due) = mine.iter().filter_map(|f| inc.arrivals.get(f)).map(|a| a.due).min() else { return };
        let title = inc.headline();
        self.note(no, by, NoteWord::ArriveBy, &|n| {
            vec![
                ("title", title.get(n.lang).to_owned()),
                ("functions", n.titles(&mine)),
                ("deadline", n.time(due)),
                ("code", n.incident(no)),
            ]
        });
    }

    /// The functions that are to come after an answer: where a row says so, for each ask that has all its answers with this
    /// one, counted from the first of them.
    pub(super) fn arrivals_after(&self, no: IncidentNo, asks: &[u32], by: FunctionIx, at: At) -> Vec<NewArrival> {
        let inc = self.inc(no);
        let arrival = |id: &u32| {
            let ask = inc.asks.get(*id as usize)?;
            let within = arrive_within_s(inc, ask.entry)?;
            let new = usize::from(ask.answers.iter().all(|a| a.by != by));
            let complete = ask.answers.len() + new >= usize::from(ask.needs);
            let first = ask.answers.first().map_or(at, |a| a.at);
            (complete && !self.there(no, ask.function)).then(|| NewArrival { ask: *id, due: first + within })
        };
        asks.iter().filter_map(arrival).collect()
    }

    /// `ack 14 icu --arrived`.
    pub(super) fn arrived_command(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        function: &FunctionId,
        phone: bool,
        at: Option<At>,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        let plan = inc.plan.clone();
        let (actor, f) = (self.duty(&plan, by)?, self.duty(&plan, function)?);
        let opened = inc.opened;
        let Some(id) = inc.asks.current().get(&f).copied().filter(|id| self.comes(no, *id)) else {
            return Err(refuse!(NobodyComes { incident: no, function }));
        };
        let asked = self.inc(no).asks[id as usize].asked.clone();
        if !phone && actor != f && !self.acts_for(&plan, actor, &asked) {
            return Err(refuse!(NotYoursAnswer { by, function, asked: ids(&plan, &asked) }));
        }
        if self.there(no, f) {
            return Err(refuse!(ArrivedAlready { function }));
        }
        let at = at.unwrap_or(self.now);
        if at > self.now || at < opened {
            return Err(refuse!(BadTime));
        }
        let (who, via) = if phone { (f, Via::Phone { noted_by: actor }) } else { (actor, Via::Console) };
        self.arrived(no, &[id], who, at, via);
        Ok(())
    }

    /// `FRAMME 14`, or bare where only one can be meant.
    pub(super) fn arrived_reply(&mut self, from: &[(IncidentNo, PointIx)], r: &Reading) {
        let named = match &r.code {
            Code::Number(no, _) => Some(*no),
            _ => None,
        };
        let coming: Vec<(IncidentNo, PointIx)> = from
            .iter()
            .copied()
            .filter(|(no, p)| {
                named.is_none_or(|n| n == *no)
                    && self.takes_answers(*no)
                    && served_by(self.inc(*no), *p).iter().any(|id| self.comes(*no, *id))
            })
            .collect();
        // Whoever comes to two incidents must say to which: a drill and an actual one above all (RULES C3).
        let (no, p) = match coming.as_slice() {
            [one] => *one,
            [] => return self.not_understood(from),
            many => return self.which_code(from, many),
        };
        let inc = self.inc(no);
        let at_point = inc.plan.point(p).functions.clone();
        let ids: Vec<u32> = served_by(inc, p).into_iter().filter(|id| self.comes(no, *id)).collect();
        let functions: Vec<FunctionIx> = ids.iter().map(|id| inc.asks[*id as usize].function).collect();
        let who = ids.iter().flat_map(|id| &inc.asks[*id as usize].asked).copied().find(|f| at_point.contains(f));
        let title = inc.headline();
        if let Some(who) = who {
            self.arrived(no, &ids, who, self.now, Via::Reply);
            self.note_to(no, who, &[p], NoteWord::ArrivedNoted, &|n| {
                vec![("title", title.get(n.lang).to_owned()), ("functions", n.titles(&functions))]
            });
        }
    }

    /// Whether somebody is to come for that ask.
    fn comes(&self, no: IncidentNo, id: u32) -> bool {
        let inc = self.inc(no);
        inc.asks
            .get(id as usize)
            .is_some_and(|a| inc.arrivals.contains_key(&a.function) || arrive_within_s(inc, a.entry).is_some())
    }

    fn there(&self, no: IncidentNo, f: FunctionIx) -> bool {
        self.inc(no).arrivals.get(&f).is_some_and(|a| matches!(a.state, ArrivalState::Arrived { .. }))
    }

    /// Whoever is there has it, also one who never answered, or was passed over for being late.
    fn arrived(&mut self, no: IncidentNo, ids: &[u32], by: FunctionIx, at: At, via: Via) {
        let inc = self.inc(no);
        let functions: Vec<FunctionIx> =
            ids.iter().filter_map(|id| inc.asks.get(*id as usize)).map(|a| a.function).collect();
        let functions: Vec<FunctionIx> = functions.into_iter().filter(|f| !self.there(no, *f)).collect();
        let inc = self.inc(no);
        let unanswered: Vec<u32> = ids
            .iter()
            .copied()
            .filter(|id| {
                inc.asks.get(*id as usize).is_some_and(|a| {
                    functions.contains(&a.function)
                        && !matches!(a.state, AskState::Answered { .. })
                        && a.answers.iter().all(|g| g.by != by)
                })
            })
            .collect();
        if !unanswered.is_empty() {
            let arrivals = self.arrivals_after(no, &unanswered, by, at);
            self.emit(no, Change::Answered { asks: unanswered, by, at, via: via.clone(), arrivals });
        }
        // With more answers wanted nobody is expected yet; whoever stands there is recorded when the last of them came.
        let inc = self.inc(no);
        let functions: Vec<FunctionIx> = functions.into_iter().filter(|f| inc.arrivals.contains_key(f)).collect();
        if !functions.is_empty() {
            self.emit(no, Change::Arrived { functions, by, at, via });
        }
    }

    /// Not there in time: told to whoever is late, to the switchboard and the last resort; the next one is asked.
    pub(super) fn arrival_due(&mut self, no: IncidentNo, f: FunctionIx) {
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let Some(arrival) = inc.arrivals.get(&f).cloned() else { return };
        let title = inc.headline();
        self.emit(no, Change::ArrivalMissed { functions: vec![f] });
        let mut tell = vec![arrival.by, plan.region.switchboard];
        tell.extend(plan.region.last_resort.first());
        let mut told: Vec<FunctionIx> = Vec::new();
        for t in tell {
            let holder = self.holds(&plan, t);
            if told.contains(&holder) {
                continue;
            }
            told.push(holder);
            self.note(no, t, NoteWord::NotArrived, &|n| {
                vec![
                    ("title", title.get(n.lang).to_owned()),
                    ("functions", n.titles(&[f])),
                    ("who", n.title(arrival.by)),
                    ("code", n.incident(no)),
                ]
            });
        }
        if let Some(id) = self.inc(no).asks.current().get(&f).copied() {
            self.pass_on_now(no, id);
        }
    }
}
