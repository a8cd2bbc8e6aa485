//! Every 10 s somebody who trusts no rule looks: is a step late, is anybody without a next step, is a gateway out, does a
//! queue not hold what comes, can nothing be written. What it finds stands on every screen, and somebody is told by a note.
//!
//! Decides nothing about incidents: [`audit`] finds, the domain tells.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::{SharedClock, mono};
use crate::dispatch::board::{Alarm, Board};
use crate::dispatch::engine::{Handle, Meta};
use crate::dispatch::health::Standing;
use crate::domain::audit::{Finding, audit};
use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::incident::codes::STRANGERS_FOR_S;
use crate::domain::incident::input::{Input, ProgramAlarm};
use crate::domain::incident::state::State;
use crate::domain::incident::values::Doubt;
use crate::domain::lang::L10n;
use crate::domain::time::At;
use crate::words::{alarm, in_all};

/// How often it looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The loop answers within this time, or it is not well. Above the time after which it goes on without a disk.
pub const LOOP_TIMEOUT: Duration = Duration::from_secs(12);
/// A gateway that is out for so long is an alarm: a restart at the far end is not one.
const GATEWAY_OUT: Duration = Duration::from_secs(60);
/// The same alarm is told by a note again after so long, in seconds: screens show it all the time.
const TELL_AGAIN_S: u32 = 1800;
/// An alarm that ended is forgotten after so long, in seconds: one that comes and goes pages nobody each time.
const FORGET_S: u32 = 1800;

/// Alarms of gateways that are told by a note.
const TOLD: [&str; 4] = ["gateway-down", "gateway-later", "gateway-silent", "gateway-refuses"];

/// The loop does not answer.
pub const LOOP: &str = "loop";
/// Steps are late.
pub const OVERDUE: &str = "step-overdue";
/// Somebody has no next step.
pub const NO_NEXT_STEP: &str = "no-next-step";
/// The machine's clock was set, and is not followed.
pub const CLOCK: &str = "clock-not-followed";
/// Nothing can be written.
pub const NOT_ON_RECORD: &str = "not-on-record";

/// What one look gives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// What the state shows.
    pub findings: Vec<Finding>,
    /// Everything is on disk.
    pub on_record: bool,
    /// Gateways that are out.
    pub out: BTreeSet<GatewayId>,
    /// Gateways that refuse whatever comes, with what they say.
    pub refusing: BTreeMap<GatewayId, String>,
    /// Gateways whose line is full.
    pub full: BTreeMap<GatewayId, usize>,
    /// Gateways whose allowance of a minute is used up while more waits.
    pub slowed: BTreeSet<GatewayId>,
    /// Functions from whose address the last answers changed nothing, so that it gets no notes any more.
    pub silenced: BTreeSet<FunctionId>,
    /// Functions from whose addresses five wrong codes came a moment ago.
    pub tried: BTreeSet<FunctionId>,
    /// So many answers came of late from nobody known.
    pub strangers: Option<u32>,
    /// The machine's clock is ahead by so many seconds (or behind, negative), and is not followed.
    pub clock: Option<i64>,
    /// Gateways that are not trusted although they answer, with what is held against them.
    pub doubted: BTreeMap<GatewayId, (Doubt, String)>,
}

impl Look {
    /// What the auditor looks at, of the loop's state.
    pub fn at(state: &State, meta: &Meta) -> Self {
        let with = |so: fn(&crate::dispatch::worker::Snapshot) -> bool| {
            let all = meta.workers.iter().filter(|(_, w)| so(&w.snapshot()));
            all.map(|(id, _)| id.clone()).collect()
        };
        Self {
            findings: audit(state, meta.now),
            on_record: meta.on_record,
            out: with(|s| s.standing == Standing::Down),
            refusing: meta
                .workers
                .iter()
                .filter_map(|(id, w)| Some((id.clone(), w.snapshot().refuses?.to_string())))
                .collect(),
            full: meta.waiting.clone(),
            slowed: with(|s| s.minute_full),
            silenced: state
                .in_vain
                .iter()
                .filter(|(_, v)| v.is_silenced(meta.now))
                .filter_map(|(p, _)| state.plan.point(*p).functions.first())
                .map(|f| state.plan.function(*f).id.clone())
                .collect(),
            tried: state.tries.iter().filter(|(_, t)| t.are_over(meta.now)).map(|(f, _)| f.clone()).collect(),
            strangers: state.strangers.filter(|s| s.count > 0 && s.at + STRANGERS_FOR_S > meta.now).map(|s| s.count),
            clock: None,
            doubted: meta
                .workers
                .iter()
                .filter_map(|(id, w)| {
                    let s = w.snapshot();
                    s.doubt.map(|doubt| (id.clone(), (doubt, s.detail.to_string())))
                })
                .collect(),
        }
    }
}

/// What it remembers between two looks.
#[derive(Debug, Default)]
pub struct Memory {
    out_since: BTreeMap<GatewayId, Instant>,
    /// Since when gateways have asked us to wait.
    later_since: BTreeMap<GatewayId, Instant>,
    /// When each alarm was last told by a note, and last seen.
    told: BTreeMap<String, (At, At)>,
}

/// Looks until it is stopped.
pub async fn run(handle: Handle, clock: SharedClock, mut stop: watch::Receiver<bool>) {
    let mut memory = Memory::default();
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let look = tokio::time::timeout(LOOP_TIMEOUT, handle.query(Look::at)).await;
        let (now, board) = (At::from(clock.now()), handle.board().clone());
        let Ok(look) = look else {
            // No note can leave: screens that still answer, the log, and the watcher outside say it.
            board.raise(LOOP, alarm::CORE_SILENT.in_all(), now, false);
            continue;
        };
        let Ok(mut look) = look else { return };
        look.clock = clock.distrusted().map(|by| by.as_secs());
        board.clear(LOOP);
        memory.show(&look, &board, now, mono());
        board.audited(now);
        let alarms = memory.not_yet_told(&board.alarms(), now);
        if !alarms.is_empty() {
            let avoid = look.out.into_iter().collect();
            let told = handle.input(Input::ProgramAlarm { alarms, avoid });
            match tokio::time::timeout(LOOP_TIMEOUT, told).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!(%error, "an alarm could not be told"),
                Err(_) => tracing::error!(error = "the loop is late", "an alarm could not be told"),
            }
        }
    }
}

impl Memory {
    /// Puts what was found on the board, and takes off what is over.
    pub fn show(&mut self, look: &Look, board: &Board, now: At, instant: Instant) {
        let overdue: Vec<(String, &'static str)> = look
            .findings
            .iter()
            .filter_map(|f| match f {
                Finding::Overdue { incident, step, .. } => Some((incident.to_string(), *step)),
                Finding::NoNextStep { .. } => None,
            })
            .collect();
        set(board, OVERDUE, overdue.first(), now, |(incident, step)| {
            let n = overdue.len();
            in_all(|lang| alarm::steps_late(lang, n, step, incident))
        });
        let alone: Vec<(String, String)> = look
            .findings
            .iter()
            .filter_map(|f| match f {
                Finding::NoNextStep { incident, function } => Some((incident.to_string(), function.to_string())),
                Finding::Overdue { .. } => None,
            })
            .collect();
        set(board, NO_NEXT_STEP, alone.first(), now, |(incident, function)| {
            let n = alone.len();
            in_all(|lang| alarm::no_next_step(lang, n, function, incident))
        });
        let lost = (!look.on_record).then_some(());
        set(board, NOT_ON_RECORD, lost.as_ref(), now, |()| alarm::NOTHING_ON_DISK.in_all());
        self.out_since.retain(|id, _| look.out.contains(id));
        for id in &look.out {
            self.out_since.entry(id.clone()).or_insert(instant);
        }
        let long: BTreeSet<&str> =
            self.out_since.iter().filter(|(_, at)| instant >= **at + GATEWAY_OUT).map(|(id, _)| id.as_str()).collect();
        each(board, "gateway-down", &long, now, |id| in_all(|lang| alarm::gateway_down(lang, id)));
        let held = |which: Doubt| look.doubted.iter().filter(move |(_, (d, _))| *d == which).map(|(id, _)| id.as_str());
        self.later_since.retain(|id, _| held(Doubt::Later).any(|h| h == id.as_str()));
        for (id, _) in look.doubted.iter().filter(|(_, (d, _))| *d == Doubt::Later) {
            self.later_since.entry(id.clone()).or_insert(instant);
        }
        let later = self.later_since.iter().filter(|(_, at)| instant >= **at + GATEWAY_OUT).map(|(id, _)| id.as_str());
        each(board, "gateway-later", &later.collect(), now, |id| in_all(|lang| alarm::gateway_later(lang, id)));
        let silent = held(Doubt::Silent).collect();
        each(board, "gateway-silent", &silent, now, |id| in_all(|lang| alarm::gateway_silent(lang, id)));
        let unclear = held(Doubt::Unclear).collect();
        let said = |id: &str| look.doubted.iter().find(|(g, _)| g.as_str() == id).map_or("", |(_, (_, said))| said);
        each(board, "gateway-unclear", &unclear, now, |id| in_all(|lang| alarm::gateway_unclear(lang, id, said(id))));
        let refusing = look.refusing.keys().map(GatewayId::as_str).collect();
        let words = |id: &str| look.refusing.iter().find(|(g, _)| g.as_str() == id).map_or("", |(_, said)| said);
        each(board, "gateway-refuses", &refusing, now, |id| in_all(|lang| alarm::gateway_refuses(lang, id, words(id))));
        let full = look.full.keys().map(GatewayId::as_str).collect();
        each(board, "queue-full", &full, now, |id| in_all(|lang| alarm::line_full(lang, id)));
        let slowed = look.slowed.iter().map(GatewayId::as_str).collect();
        each(board, "minute-full", &slowed, now, |id| in_all(|lang| alarm::minute_full(lang, id)));
        let silenced = look.silenced.iter().map(FunctionId::as_str).collect();
        each(board, "answers-in-vain", &silenced, now, |id| in_all(|lang| alarm::answers_in_vain(lang, id)));
        let tried = look.tried.iter().map(FunctionId::as_str).collect();
        each(board, "wrong-codes", &tried, now, |id| in_all(|lang| alarm::wrong_codes(lang, id)));
        set(board, "stranger-answered", look.strangers.as_ref(), now, |count| {
            in_all(|lang| alarm::stranger_answered(lang, *count))
        });
        set(board, CLOCK, look.clock.as_ref(), now, |s| in_all(|lang| alarm::clock_not_followed(lang, *s)));
    }

    /// Alarms that somebody must be told of by a note now.
    pub fn not_yet_told(&mut self, standing: &[Alarm], now: At) -> Vec<ProgramAlarm> {
        let mut tell = Vec::new();
        for alarm in standing.iter().filter(|a| a.tell) {
            let (told, seen) = self.told.entry(alarm.name.clone()).or_insert((At(i64::MIN), now));
            *seen = now;
            if told.0 == i64::MIN || now.seconds_since(*told) >= TELL_AGAIN_S {
                *told = now;
                tell.push(ProgramAlarm { name: alarm.name.clone(), what: alarm.what.clone() });
            }
        }
        self.told.retain(|_, (_, seen)| now.seconds_since(*seen) < FORGET_S);
        tell
    }
}

fn set<T>(board: &Board, name: &str, found: Option<&T>, now: At, what: impl FnOnce(&T) -> L10n) {
    match found {
        Some(found) => board.raise(name, what(found), now, true),
        None => board.clear(name),
    }
}

/// One alarm each. What only slows texts down, or is for the console to read, is shown, and pages nobody.
fn each(board: &Board, name: &str, stand: &BTreeSet<&str>, now: At, what: impl Fn(&str) -> L10n) {
    for alarm in board.alarms() {
        if let Some(id) = alarm.name.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '))
            && !stand.contains(id)
        {
            board.clear(&alarm.name);
        }
    }
    for id in stand {
        board.raise(&format!("{name} {id}"), what(id), now, TOLD.contains(&name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentNo;
    use crate::domain::lang::Lang;

    fn names(board: &Board) -> Vec<String> {
        board.alarms().into_iter().map(|a| a.name).collect()
    }

    #[test]
    fn what_is_found_stands_until_it_is_gone() {
        let (board, mut memory, start) = (Board::default(), Memory::default(), Instant::now());
        let incident = IncidentNo::actual(14);
        let look = Look {
            findings: vec![
                Finding::Overdue { incident, step: "answer", id: 3, due: At(0) },
                Finding::NoNextStep { incident, function: "iva".into() },
            ],
            refusing: [("mail-int".into(), "HTTP 402".to_owned())].into(),
            full: [("sms-api".into(), 7)].into(),
            ..Look::default()
        };
        memory.show(&look, &board, At(1_000), start);
        assert!(
            board.alarms().iter().any(|a| a.name == "gateway-refuses mail-int"
                && a.tell
                && a.what.get(Lang::EN).ends_with(": HTTP 402"))
        );
        assert_eq!(
            names(&board),
            ["gateway-refuses mail-int", NO_NEXT_STEP, NOT_ON_RECORD, "queue-full sms-api", OVERDUE]
        );
        let what = board.alarms().into_iter().find(|a| a.name == OVERDUE).map(|a| a.what.get(Lang::EN).to_owned());
        assert_eq!(what.as_deref(), Some("1 steps are late, first answer of 14"));
        memory.show(&Look { on_record: true, ..Look::default() }, &board, At(2_000), start);
        assert!(names(&board).is_empty());
    }

    #[test]
    fn a_gateway_is_an_alarm_when_it_is_out_for_a_minute_on_end() {
        let (board, mut memory, start) = (Board::default(), Memory::default(), Instant::now());
        let out = Look { on_record: true, out: ["sms-api".into()].into(), ..Look::default() };
        let well = Look { on_record: true, ..Look::default() };
        let s = Duration::from_secs;
        memory.show(&out, &board, At(0), start);
        memory.show(&out, &board, At(0), start + s(50));
        memory.show(&well, &board, At(0), start + s(55));
        memory.show(&out, &board, At(0), start + s(60));
        assert!(names(&board).is_empty(), "it was back in between");
        memory.show(&out, &board, At(0), start + s(120));
        assert_eq!(names(&board), ["gateway-down sms-api"]);
        memory.show(&well, &board, At(0), start + s(130));
        assert!(names(&board).is_empty());
    }

    #[test]
    fn an_alarm_is_told_once_and_again_after_half_an_hour() {
        let (board, mut memory) = (Board::default(), Memory::default());
        board.raise("a", L10n::default(), At(0), true);
        board.raise("quiet", L10n::default(), At(0), false);
        let at = |s: i64| At(s * 1000);
        let told =
            |m: &mut Memory, now| m.not_yet_told(&board.alarms(), now).into_iter().map(|a| a.name).collect::<Vec<_>>();
        assert_eq!(told(&mut memory, at(10)), ["a"]);
        assert!(told(&mut memory, at(20)).is_empty());
        // It comes and goes: nobody is paged each time.
        assert!(memory.not_yet_told(&[], at(30)).is_empty());
        assert!(told(&mut memory, at(40)).is_empty());
        assert_eq!(told(&mut memory, at(1810)), ["a"]);
        // Gone for long: the next one is a new one.
        assert!(memory.not_yet_told(&[], at(1820 + 1800)).is_empty());
        assert_eq!(told(&mut memory, at(1830 + 1800)), ["a"]);
    }
}
