//! Tests of gateways, alarms of the program's own parts, and signs of life: notes that belong to no incident.

use super::Decider;
use super::note::NoteCtx;
use crate::domain::ids::{FunctionId, GatewayId, PointIx};
use crate::domain::incident::asks;
use crate::domain::incident::event::Event;
use crate::domain::incident::event::GatewayChange;
use crate::domain::incident::gateways::{GatewayTest, TEST_ANSWER_WITHIN_S};
use crate::domain::incident::input::ProgramAlarm;
use crate::domain::incident::reading::{Code, Reading, Verb};
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::values::Send;
use crate::domain::lang::Lang;
use crate::domain::plan::Channel;
use crate::domain::text::fit;
use crate::domain::words::{NoteWord, fill};

/// Alarms that one note names; the rest is on every screen.
const ALARMS_PER_NOTE_MAX: usize = 3;
/// Functions that a refusal names to choose from.
const REACHED_SHOWN_MAX: usize = 12;

/// The one test there is; none where there are several.
fn single<'t>(mut tests: impl Iterator<Item = &'t GatewayTest>) -> Option<u32> {
    let first = tests.next()?.ordinal;
    tests.next().is_none().then_some(first)
}

impl Decider<'_> {
    /// Sends a marked test over one gateway to every point of a function that is reached by it.
    pub(super) fn test_gateway(
        &mut self,
        by: &FunctionId,
        gateway: &GatewayId,
        function: &FunctionId,
    ) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        self.duty(&plan, by)?;
        let f = self.duty(&plan, function)?;
        let Some(g) = plan.gateways.iter().find(|g| g.id == *gateway) else {
            return Err(refuse!(UnknownGateway { gateway, gateways: List::of(plan.gateways.iter().map(|g| &g.id)) }));
        };
        if matches!(g.channel, Channel::Web | Channel::Manual) {
            return Err(refuse!(NoWayPage { gateway }));
        }
        let mut sends = Vec::new();
        let mut cannot = false;
        for p in &plan.function(f).points {
            let point = plan.point(*p);
            let Some(place) = point.gateways.iter().position(|at| plan.gateway(*at).id == *gateway) else { continue };
            let code = self.code();
            match self.test_text(*p, place, gateway, function, &code) {
                Some((send, text)) => sends.push((send, code, text)),
                None => cannot = true,
            }
        }
        if sends.is_empty() {
            let reached = plan.functions.iter().filter(|f| {
                f.points.iter().any(|p| plan.point(*p).gateways.iter().any(|at| plan.gateway(*at).id == *gateway))
            });
            let functions = List::of(reached.map(|f| &f.id).take(REACHED_SHOWN_MAX));
            return Err(match cannot {
                true => refuse!(NoWayText { gateway, function, functions }),
                false => refuse!(NoWay { gateway, function, functions }),
            });
        }
        for (send, code, text) in sends {
            self.ways(GatewayChange::TestSent {
                send,
                plan: plan.hash.clone(),
                gateway: gateway.clone(),
                function: function.clone(),
                by: by.clone(),
                code: code.into(),
                text: text.into(),
            });
        }
        Ok(())
    }

    pub(super) fn test_text(
        &self,
        p: PointIx,
        place: usize,
        gateway: &GatewayId,
        function: &FunctionId,
        code: &str,
    ) -> Option<(Send, String)> {
        let plan = &self.state.plan;
        let (point, f) = (plan.point(p), plan.function_ix(function.as_str())?);
        let info = plan.gateway(*point.gateways.get(place)?);
        let switchboard = plan.functions.get(plan.region.switchboard.ix()).and_then(|f| f.phone.as_ref());
        let number = switchboard.map_or("", |p| p.number.as_str());
        point.languages.iter().find_map(|lang| {
            let words = plan.words(*lang);
            let answer = if info.answers {
                fill(&words.answer_by_reply, &[("code", code)])
            } else {
                fill(&words.answer_by_phone, &[("code", code), ("phone", number)])
            };
            let n = NoteCtx { plan, lang: *lang, now: self.now };
            let template = words.notes.get(&NoteWord::Test).cloned().unwrap_or_default();
            let (title, time) = (n.title(f), n.time(self.now));
            let values =
                [("gateway", gateway.as_str()), ("function", &title), ("time", &time), ("answer", answer.as_str())];
            let out = asks::system_note_outgoing(NoteWord::Test, &fill(&template, &values))?;
            fit::units(&out, None, &info.capability).ok()?;
            Some((self.system_note_send(p, place, *lang)?, out.text().to_string()))
        })
    }

    fn system_note_send(&self, p: PointIx, place: usize, lang: Lang) -> Option<Send> {
        let lang = self.state.plan.region.languages.iter().position(|l| *l == lang)?;
        Some(Send { point: p, gateway: u8::try_from(place).ok()?, lang: u8::try_from(lang).ok()? })
    }

    pub(super) fn ways(&mut self, change: GatewayChange) {
        self.emit_event(Event::Gateway { change: Box::new(change) });
    }

    /// Whether a reply from that point answers a test. A bare yes does only where nothing else was asked.
    pub(super) fn test_reply(&mut self, known: Option<PointIx>, r: &Reading, alone: bool) -> bool {
        let plan = self.state.plan.clone();
        let Some(p) = known else { return false };
        if r.said != Verb::Yes {
            return false;
        }
        let here = |function: &FunctionId| plan.point(p).functions.iter().any(|f| plan.function(*f).id == *function);
        let of_test = |t: &&GatewayTest| {
            t.answered_at.is_none() && self.now.seconds_since(t.at) <= TEST_ANSWER_WITHIN_S && here(&t.function)
        };
        let open = || self.state.tests.iter().filter(of_test);
        let hit = match &r.code {
            Code::Six(code) => open().find(|t| t.code.as_str() == code).map(|t| t.ordinal),
            Code::Bare if alone => {
                // Several addresses of a duty may be tested together: the answer is to the one that went to its own.
                let own = self.state.addresses.key(self.state.addresses.newest(&plan.hash), p);
                let mine = |t: &&GatewayTest| t.key.is_some() && t.key == own;
                single(open().filter(mine)).or_else(|| single(open()))
            }
            _ => None,
        };
        hit.inspect(|ordinal| self.ways(GatewayChange::TestAnswered { ordinal: *ordinal })).is_some()
    }

    /// Somebody called and said the code.
    pub(super) fn test_answered(&mut self, by: &FunctionId, code: &str) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        self.duty(&plan, by)?;
        let test = self.state.tests.iter().find(|t| t.code.as_str() == code && !code.is_empty());
        match test.map(|t| (t.ordinal, t.answered_at)) {
            Some((ordinal, None)) => {
                self.ways(GatewayChange::TestAnswered { ordinal });
                Ok(())
            }
            Some((_, Some(_))) => Err(refuse!(AnsweredAlreadyTest)),
            None => Err(refuse!(UnknownCode)),
        }
    }

    /// Parts of the program are not well: the switchboard and the last resort are told, over ways that are not out.
    pub(super) fn program_alarm(&mut self, alarms: &[ProgramAlarm], avoid: &[GatewayId]) {
        if alarms.is_empty() {
            return;
        }
        let plan = self.state.plan.clone();
        let mut tell = vec![plan.region.switchboard];
        tell.extend(plan.region.last_resort.first());
        let mut told: Vec<PointIx> = Vec::new();
        for f in tell {
            let holder = self.holds(&plan, f);
            let carried =
                |p: &PointIx| matches!(plan.point(*p).channel, Channel::Sms | Channel::Paging | Channel::Email);
            let points: Vec<PointIx> = plan.points_at(holder, self.now).into_iter().filter(carried).collect();
            for p in points {
                if told.contains(&p) {
                    continue;
                }
                told.push(p);
                self.system_note_avoiding(p, NoteWord::ProgramAlarm, avoid, &|n| {
                    let what: Vec<&str> = alarms.iter().take(ALARMS_PER_NOTE_MAX).map(|a| a.what.get(n.lang)).collect();
                    let more = alarms.len().saturating_sub(ALARMS_PER_NOTE_MAX);
                    let more = if more > 0 { format!("; +{more}") } else { String::new() };
                    vec![("what", format!("{}{more}", what.join("; ")))]
                });
            }
        }
        let names = alarms.iter().map(|a| a.name.clone()).collect();
        self.ways(GatewayChange::AlarmTold { alarms: names });
    }

    /// A sign of life to a function that watches from outside.
    pub(super) fn sign_of_life(&mut self, to: &FunctionId, head: &str) {
        let plan = self.state.plan.clone();
        let Some(f) = plan.function_ix(to.as_str()) else { return };
        let points = plan.points_at(f, self.now);
        let sms: Vec<PointIx> = points.into_iter().filter(|p| plan.point(*p).channel == Channel::Sms).collect();
        for p in sms {
            self.system_note(p, NoteWord::SignOfLife, &|n| vec![("time", n.time(n.now)), ("head", head.to_owned())]);
        }
    }
}
