//! People at the console: whatever somebody may want done at 03.12, in any order, by the right duty or a wrong one.

use std::collections::BTreeMap;

use vardkase::domain::calendar::Calendar;
use vardkase::domain::day::Day;
use vardkase::domain::ids::*;
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::facts::{Restore, Safety};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::state::*;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::private::Private;
use vardkase::domain::time::At;

use super::rng::Rng;

const LEVELS: [&str; 4] = ["degraded", "outage", "major", "critical"];
const WHO: [&str; 10] = ["it", "it-led", "tib", "kib", "press", "cl", "owner", "icu", "desk", "cl-fs"];
const LEADS: [&str; 4] = ["tib", "it-led", "cl", "kib"];
const SITES: [&[&str]; 5] = [&[], &["FS"], &["HS", "LS"], &["REG"], &["FS", "LS"]];

fn sites(rng: &mut Rng) -> Vec<SiteId> {
    rng.pick(&SITES).iter().map(|s| SiteId::from(*s)).collect()
}

fn words(rng: &mut Rng) -> L10n {
    let all =
        ["Allt nere", "Labbet nere", "Strömavbrott på LS", "Pris 5 $ – “helt”", "Läget är oklart [på] två sjukhus"];
    L10n::same(&[Lang::SV, Lang::EN], rng.word(&all))
}

fn news(rng: &mut Rng, now: At) -> News {
    News {
        what: rng.percent(40).then(|| words(rng)),
        level: rng.percent(25).then(|| rng.word(&LEVELS).to_owned()),
        sites: rng.percent(20).then(|| sites(rng)),
        safety: rng.percent(20).then(|| *rng.pick(&[Safety::Yes, Safety::No, Safety::Unknown])),
        restore: rng.percent(20).then(|| Restore::At(now + rng.between(600, 9000) as u32)),
        down: rng.percent(10).then(|| vec!["net".into()]),
        ..News::default()
    }
}

fn report(rng: &mut Rng) -> Report {
    Report {
        exercise: rng.percent(25),
        playbook: rng.word(&["ehr-down", "ehr-down", "malware", "dictation-slow", "journal nere"]).into(),
        level: rng.percent(90).then(|| rng.word(&LEVELS).into()),
        sites: sites(rng),
        safety: *rng.pick(&[Safety::Yes, Safety::No, Safety::No, Safety::Unknown]),
        what: rng.percent(15).then(|| words(rng)),
        down: if rng.percent(10) { vec!["hall".into()] } else { Vec::new() },
        shared: if rng.percent(30) { IfShared::Ask } else { IfShared::Separate },
        ..Report::default()
    }
}

/// A message that waits for approval, or any number.
fn waiting(state: &State, rng: &mut Rng) -> MessageNo {
    let all: Vec<MessageNo> = state
        .incidents
        .values()
        .flat_map(|i| {
            let waits = |e: &&Entry| matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. });
            i.entries.iter().filter(waits).map(|e| i.number(e.message))
        })
        .collect();
    rng.one_of(&all).unwrap_or(MessageNo { incident: IncidentNo::actual(1), seq: rng.between(1, 9) as u32 })
}

/// Who signed in for a duty: mostly one of its own, at times one who holds several of them.
fn who(by: &FunctionId, rng: &mut Rng) -> Option<Actor> {
    Some(Actor::account(if rng.percent(25) { "natt" } else { by.as_str() }))
}

/// The next thing that somebody does, seen what stands on the screen.
pub fn choose(state: &State, now: At, rng: &mut Rng) -> Option<Input> {
    let mut input = wanted(state, now, rng)?;
    if let Input::Command { who: behind, by, .. } = &mut input {
        *behind = who(by, rng);
    }
    Some(input)
}

fn wanted(state: &State, now: At, rng: &mut Rng) -> Option<Input> {
    let open: Vec<IncidentNo> = state.open().map(|i| i.no).collect();
    let any: Vec<IncidentNo> = state.incidents.keys().copied().collect();
    let from = if rng.percent(90) { &open } else { &any };
    let no = rng.one_of(from);
    let reason = |rng: &mut Rng| Private::from(if rng.percent(12) { "" } else { "skäl" });
    let lead = if rng.percent(80) { rng.word(&LEADS) } else { rng.word(&WHO) };
    let by = |who: &str, action: Action| Some(Input::Command { who: None, by: who.into(), action: Box::new(action) });
    let many = open.len() >= 4;
    if rng.percent(4) {
        let gateway = GatewayId::from(rng.word(&["sms", "modem", "mail", "pager"]));
        let reason = reason(rng);
        return match state.ways.out.keys().next().cloned() {
            Some(gateway) => by("it", Action::GatewayIn { gateway, reason }),
            None => by("it", Action::GatewayOut { gateway, reason }),
        };
    }
    if let Some(no) = rng.one_of(&any).filter(|_| rng.percent(5)) {
        return Some(Input::Command {
            who: None,
            by: lead.into(),
            action: Box::new(afterwards(no, now, &state.plan.calendar, rng)),
        });
    }
    let Some(no) = no.filter(|_| !(rng.percent(if many { 2 } else { 12 }))) else {
        if many {
            return None;
        }
        return by(rng.word(&["it", "it-led", "tib", "desk", "icu", "kib"]), Action::Report(report(rng)));
    };
    let inc = &state.incidents[&no];
    let function = FunctionId::from(rng.word(&WHO));
    let seq = rng.between(1, inc.messages.len().max(1) as u64) as u32;
    match rng.below(100) {
        0..10 => {
            let number = waiting(state, rng);
            let draft = state.incidents.get(&number.incident).and_then(|i| i.message(number.seq));
            let print = draft.and_then(|m| m.texts.get(&Lang::SV)).map_or("000000".parse().unwrap(), |d| d.fingerprint);
            let print = if rng.percent(10) { "7K4F2A".parse().unwrap() } else { print };
            by(
                rng.word(&["kib", "press", "tib", "cl", "it"]),
                Action::Approve { number, fingerprint: print, entry: None, works: true },
            )
        }
        10..14 => {
            let text = || "LARM: annan text".to_owned();
            let replacement = rng.percent(50).then(|| BTreeMap::from([(Lang::SV, text())]));
            let action = Action::Reject { number: waiting(state, rng), reason: reason(rng), replacement };
            by(rng.word(&["kib", "press"]), action)
        }
        14..17 => {
            let lang = if rng.percent(60) { Lang::SV } else { Lang::EN };
            let texts = BTreeMap::from([(lang, "LARM FS: så  här\u{301} ".to_owned())]);
            by("kib", Action::Change { number: waiting(state, rng), texts })
        }
        17 => by("kib", Action::Reviewed { number: waiting(state, rng), lang: Lang::EN }),
        18 => by(rng.word(&["kib", "press"]), Action::Wait { number: waiting(state, rng) }),
        19..21 => by(lead, Action::BreakGlass { number: waiting(state, rng), reason: reason(rng) }),
        21..33 => by(lead, Action::Update { incident: no, news: news(rng, now) }),
        33..38 => {
            let number = MessageNo { incident: no, seq };
            by(lead, Action::Correct { number, news: News { what: Some(words(rng)), ..News::default() } })
        }
        38..43 => {
            let message = rng.percent(60).then_some(seq);
            by(lead, Action::Stop { incident: no, message, false_alarm: false, reason: reason(rng) })
        }
        43..48 => {
            let site = rng.word(&["FS", "HS", "LS", "REG"]);
            let mode = rng.word(&["normal", "staff", "reinforced", "disaster"]).to_owned();
            by(rng.word(&["tib", "cl", "cl-fs", "it"]), Action::Mode { site: site.into(), mode, reason: reason(rng) })
        }
        48..54 => {
            let yes = rng.percent(50);
            let proposal = rng.one_of(&inc.proposals).map(|p| p.id);
            let who = rng.word(&["tib", "cl", "tib-2"]);
            by(who, Action::Decide { incident: no, proposal, yes, reason: reason(rng) })
        }
        54..60 => by(lead, Action::Restored { incident: no, news: News::default() }),
        60..64 => by(lead, Action::Relapse { incident: no, news: news(rng, now) }),
        64..67 => by(rng.word(&["owner", "it", "lab"]), Action::DataComplete { incident: no }),
        67..72 => {
            let override_reason = if rng.percent(60) { Some(reason(rng)) } else { None };
            by(lead, Action::AllClear { incident: no, override_reason })
        }
        72..75 => {
            let into = rng.one_of(&open).unwrap_or(no);
            by(lead, Action::Merge { incident: no, into })
        }
        75..78 => by(lead, Action::Handover { function }),
        78..86 => {
            let who = if rng.percent(70) { function.to_string() } else { rng.word(&WHO).to_owned() };
            let phone = rng.percent(30);
            let at = rng.percent(20).then(|| now - rng.between(0, 600) as u32);
            let message = rng.percent(20).then_some(seq);
            by(&who, Action::Ack { incident: no, message, function, phone, paper: false, at })
        }
        86..89 => by(lead, Action::Unack { incident: no, function, reason: reason(rng) }),
        89..92 => by(&function.to_string(), Action::PassOn { incident: no, function: function.clone() }),
        92..94 => by(&function.to_string(), Action::FallbackFailed { incident: no, function: function.clone() }),
        94..96 => by(rng.word(&["desk", "tib"]), Action::ErrandDone { incident: no, errand: rng.below(4) as u32 }),
        96..98 => by(lead, Action::Adopt { incident: no }),
        _ => {
            let n = inc.deliveries.len().max(1) as u64;
            Some(Input::Link {
                who: None,
                delivery: DeliveryId { incident: no, ordinal: rng.below(n) as u32 },
                yes: rng.percent(80),
            })
        }
    }
}

/// What people write afterwards, and some of it too early or of what is not there (RULES D20).
fn afterwards(incident: IncidentNo, now: At, calendar: &Calendar, rng: &mut Rng) -> Action {
    let words = |rng: &mut Rng| Private::from(if rng.percent(12) { "" } else { "ett modem till" });
    let id = rng.between(1, 3) as u32;
    match rng.below(10) {
        0..4 => {
            let some = |rng: &mut Rng| rng.percent(90);
            let due = Day::of(now + rng.between(0, 40) as u32 * 86_400, calendar);
            let improvement = Improving {
                action: some(rng).then(|| words(rng)),
                owner: some(rng).then(|| rng.word(&WHO).into()),
                due: some(rng).then_some(due),
                ..Improving::default()
            };
            Action::Improve { incident, id: rng.percent(30).then_some(id), improvement }
        }
        4..6 => Action::ImprovementDone { incident, id, verified: words(rng) },
        6 => Action::ImprovementDropped { incident, id, reason: words(rng) },
        7 => Action::NoImprovement { incident, reason: words(rng) },
        _ => Action::Feedback { incident, went_well: words(rng), went_badly: words(rng), change: Private::default() },
    }
}

/// Public texts that are out and were not read back yet.
pub fn pages(state: &State) -> Vec<MessageNo> {
    let mut all = Vec::new();
    for i in state.incidents.values() {
        for e in i.entries.iter().filter(|e| e.public && matches!(e.state, EntryState::Released { .. })) {
            if i.message(e.message).is_some_and(|m| m.page_equal.is_none()) {
                all.push(i.number(e.message));
            }
        }
    }
    all
}
