//! Laws that hold whatever happens, under random inputs: reports, answers, codes, outcomes, time, decisions. A failing case is
//! kept as a timeline of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::ask_list::ask_due;
use vardkase::domain::incident::ask_list::*;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::state::*;
use vardkase::domain::incident::steps::ArrivalState;
use vardkase::domain::incident::values::*;
use vardkase::domain::ladder::{LevelIx, ModeIx};
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{AnswerRule, Audience, Channel, Plan};
use vardkase::domain::private::Private;
use vardkase::domain::step::{Beat, StepKind, StepRule, Within};
use vardkase::domain::text::Canonical;
use vardkase::domain::time::At;

/// One random step: what is done, and three numbers that choose with what.
#[derive(Clone, Copy, Debug)]
struct Step(u8, u16, u16, u16);

fn step() -> impl Strategy<Value = Step> {
    // Reports, time and outcomes come more often than the rest.
    let kind = prop_oneof![3 => Just(0u8), 5 => Just(1), 3 => Just(2), 4 => Just(3), 12 => 4u8..32];
    (kind, any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(k, a, b, c)| Step(k, a, b, c))
}

const LEVELS: [&str; 4] = ["degraded", "outage", "major", "critical"];
const WHO: [&str; 9] = ["it", "it-led", "tib", "kib", "press", "cl", "owner", "icu", "desk"];
const SITES: [&[&str]; 4] = [&[], &["FS"], &["HS", "LS"], &["REG"]];
const OUTCOMES: [DeliveryState; 6] = [
    DeliveryState::Accepted,
    DeliveryState::Delivered,
    DeliveryState::Failed,
    DeliveryState::Unknown,
    DeliveryState::Expired,
    DeliveryState::Attempting,
];

fn pick<T: Clone>(all: &[T], n: u16) -> Option<T> {
    if all.is_empty() { None } else { all.get(usize::from(n) % all.len()).cloned() }
}

fn sites(n: u16) -> Vec<SiteId> {
    SITES[usize::from(n) % 4].iter().map(|s| SiteId::from(*s)).collect()
}

fn words(n: u16) -> L10n {
    let all = ["Allt nere", "Labbet nere", "Strömavbrott på LS", "Pris 5 $ – “helt”"];
    L10n::same(&[Lang::SV, Lang::EN], all[usize::from(n) % 4])
}

fn news(a: u16, b: u16) -> News {
    News {
        what: a.is_multiple_of(3).then(|| words(b)),
        level: (a % 4 == 1).then(|| LEVELS[usize::from(b) % 4].to_owned()),
        sites: (a % 5 == 2).then(|| sites(b)),
        safety: (a % 7 == 3).then_some(if b.is_multiple_of(2) { Safety::Yes } else { Safety::No }),
        ..News::default()
    }
}

/// A number that waits, or any.
fn waiting_number(t: &Timeline, n: u16) -> MessageNo {
    let waiting: Vec<MessageNo> = t
        .state
        .incidents
        .values()
        .flat_map(|i| {
            i.entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_))).map(|e| i.number(e.message))
        })
        .collect();
    pick(&waiting, n).unwrap_or(MessageNo { incident: IncidentNo::actual(1), seq: u32::from(n % 9) + 1 })
}

fn codes(t: &Timeline) -> Vec<String> {
    let mut all: Vec<String> = t.state.pending.keys().map(|c| c.as_str().to_owned()).collect();
    for i in t.state.incidents.values() {
        all.extend(i.codes.keys().map(|c| c.as_str().to_owned()).filter(|c| !c.is_empty()));
        all.extend(i.steps.iter().map(|s| s.new.code.as_str().to_owned()));
        all.extend(i.proposals.iter().map(|p| p.code.as_str().to_owned()));
    }
    all
}

/// Each duty is a person of its own, or one who holds several of them at night (RULES H3).
fn eyes(by: &str, c: u16) -> Option<Actor> {
    Some(Actor::account(if c.is_multiple_of(4) { "natt" } else { by }))
}

/// Does one step. A refusal changes nothing.
fn take(t: &mut Timeline, Step(kind, a, b, c): Step) {
    let numbers: Vec<IncidentNo> = t.state.incidents.keys().copied().collect();
    let no = pick(&numbers, a).unwrap_or(IncidentNo::actual(7));
    let by = WHO[usize::from(b) % WHO.len()];
    let reason = || Private::from(if c % 5 == 0 { "" } else { "skäl" });
    let act = |action: Action| Input::Command { who: eyes(by, c), by: by.into(), action: Box::new(action) };
    let function = FunctionId::from(WHO[usize::from(c) % WHO.len()]);
    let input = match kind {
        0 => act(Action::Report(Report {
            exercise: b % 4 == 0,
            playbook: ["ehr-down", "malware", "dictation-slow"][usize::from(a) % 3].into(),
            level: Some(LEVELS[usize::from(c) % 4].into()),
            sites: sites(b / 4),
            safety: [Safety::Yes, Safety::No, Safety::No, Safety::Unknown][usize::from(c / 4) % 4],
            what: (c % 7 == 0).then(|| words(a)),
            shared: if c % 3 == 0 { IfShared::Ask } else { IfShared::Separate },
            ..Report::default()
        })),
        1 => {
            t.advance(u32::from(a) % 2500);
            return;
        }
        2 => {
            let ids = (0..8u16).filter_map(|i| {
                let inc = t.state.incidents.get(&no)?;
                let n = u32::try_from(inc.deliveries.len()).unwrap();
                let ordinal = (u32::from(b) + u32::from(i) * 13).checked_rem(n)?;
                Some((DeliveryId { incident: no, ordinal }, OUTCOMES[usize::from(c.wrapping_add(i)) % 6]))
            });
            Input::outcomes(ids)
        }
        3 => {
            let code = pick(&codes(t), c).unwrap_or_else(|| "123456".into());
            let text = match c % 19 {
                0..=2 => format!("OK {code}"),
                3 => format!("NEJ {code} fel text"),
                4 => format!("VÄNTA {code}"),
                5 => format!("JA {no}"),
                6 => format!("NEJ {no}"),
                7 => format!("FEL {no}"),
                8 => "JA".into(),
                9 => "OK 111111".into(),
                10 => "SKARPT".into(),
                11 => "larm journal D3 FS".into(),
                12 => format!("STOPP {code} nej"),
                13 => format!("KLAR {code} dnr 1"),
                14 => "STOPP".into(),
                15 => format!("FRAMME {no}"),
                16 => format!("KLAR {no}"),
                17 => format!("JA {code}"),
                _ => "👍".into(),
            };
            t.reply(WHO[usize::from(a ^ b) % WHO.len()], Channel::Sms, &text);
            return;
        }
        4 | 5 => {
            let number = waiting_number(t, a);
            let text = t.state.incidents.get(&number.incident).and_then(|i| i.message(number.seq));
            let fingerprint = text.map_or("000000".parse().unwrap(), |m| m.texts[&Lang::SV].fingerprint);
            let by = ["kib", "press", "tib", "cl"][usize::from(b) % 4];
            Input::Command {
                who: eyes(by, c),
                by: by.into(),
                action: Box::new(Action::Approve { number, fingerprint, entry: None, works: true }),
            }
        }
        6 => {
            let replacement = (c % 2 == 0).then(|| BTreeMap::from([(Lang::SV, "LARM: annan text".to_owned())]));
            let by = ["kib", "press"][usize::from(b) % 2];
            let action = Action::Reject { number: waiting_number(t, a), reason: reason(), replacement };
            Input::Command { who: eyes(by, c), by: by.into(), action: Box::new(action) }
        }
        7 => {
            let lang = if c % 2 == 0 { Lang::SV } else { Lang::EN };
            let texts = BTreeMap::from([(lang, "LARM FS: så  här\u{301} ".to_owned())]);
            let action = Action::Change { number: waiting_number(t, a), texts };
            Input::Command { who: eyes("kib", c), by: "kib".into(), action: Box::new(action) }
        }
        8 | 9 => act(Action::Update { incident: no, news: news(b, c) }),
        10 => act(Action::Correct {
            number: MessageNo { incident: no, seq: u32::from(c % 6) + 1 },
            news: News { what: Some(words(b)), ..News::default() },
        }),
        11 => act(Action::Stop {
            incident: no,
            message: (c % 2 == 0).then_some(u32::from(c % 5) + 1),
            false_alarm: false,
            reason: reason(),
        }),
        12 => act(Action::Mode {
            site: SITES[usize::from(a % 3) + 1][0].into(),
            mode: ["normal", "staff", "reinforced", "disaster"][usize::from(c) % 4].into(),
            reason: reason(),
        }),
        13 => act(Action::Decide { incident: no, proposal: None, yes: c % 2 == 0, reason: reason() }),
        14 => act(Action::Restored { incident: no, news: News::default() }),
        15 => act(Action::Relapse { incident: no, news: news(b, c) }),
        16 => act(Action::DataComplete { incident: no }),
        17 => act(Action::AllClear { incident: no, override_reason: (c % 2 == 0).then(reason) }),
        18 => act(Action::Merge { incident: no, into: pick(&numbers, c).unwrap_or(no) }),
        19 => Input::Shift { functions: vec![function] },
        20 => act(Action::BreakGlass { number: waiting_number(t, a), reason: reason() }),
        21 => act(Action::Ack { incident: no, message: None, function, phone: c % 2 == 0, paper: false, at: None }),
        22 => act(Action::Unack { incident: no, function, reason: reason() }),
        23 => act(Action::PassOn { incident: no, function }),
        24 => Input::PageChecked { messages: vec![waiting_number(t, a)], equal: c % 2 == 0 },
        25 => {
            let start = StepStart {
                rule: (c % 3 == 0).then(|| ["divert", "clean", "patch"][usize::from(c / 3) % 3].to_owned()),
                kind: pick(&StepKind::ALL, c),
                title: (c % 11 != 0).then(|| words(a)),
                to: [vec![], vec!["icu".into(), "ed".into()], vec!["town".into(), "lab".into()]][usize::from(c) % 3]
                    .clone(),
                due: (c % 4 != 0).then_some(t.now + u32::from(c)),
                every_s: (c % 2 == 0).then_some(u32::from(b)),
                ..StepStart::default()
            };
            act(Action::StepStart { incident: no, start })
        }
        26 => act(Action::StepDone { incident: no, step: u32::from(c % 4), reference: reason() }),
        27 => act(Action::StepStop { incident: no, step: u32::from(c % 4), reason: reason() }),
        28 => {
            let due = t.now + u32::from(c);
            act(Action::StepMove { incident: no, step: u32::from(b % 4), due, reason: reason() })
        }
        29 => act(Action::StepHave {
            incident: no,
            step: u32::from(b % 4),
            function: (c % 2 == 0).then_some(function),
            yes: c % 3 != 0,
            phone: c % 5 == 0,
            reason: reason(),
        }),
        30 => act(Action::Arrived { incident: no, function, phone: c % 2 == 0, at: None }),
        _ => {
            let said =
                [None, Some(DeliveryState::Accepted), Some(DeliveryState::Delivered), Some(DeliveryState::Failed)];
            t.gateways_say = said[usize::from(a) % 4];
            return;
        }
    };
    let before = t.state.clone();
    if let Err(refused) = t.input(input) {
        assert!(t.state == before, "a refusal changes nothing: {refused:?}");
    }
}

/// The actual ladder: the highest of the actual incidents, lowered only by decision; drills have ladders of their own.
fn ladder_law(t: &Timeline, before: &BTreeMap<SiteId, ModeIx>, seen: usize) {
    let mut highest: BTreeMap<SiteId, ModeIx> = BTreeMap::new();
    for i in t.state.incidents.values().filter(|i| !i.is_drill()) {
        for (site, mode) in &i.modes {
            let top = highest.entry(site.clone()).or_default();
            *top = (*top).max(*mode);
        }
    }
    for (site, mode) in &t.state.modes {
        let asked = highest.get(site).copied().unwrap_or_default();
        if t.state.archived.is_empty() {
            assert_eq!(*mode, asked, "{site}");
        } else {
            assert!(*mode >= asked, "{site}");
        }
    }
    let mut lowered = BTreeSet::new();
    let mut raised = BTreeSet::new();
    for (_, e) in &t.events[seen..] {
        let Event::Incident { no, change } = e else { continue };
        if let Change::ModeSet { sites, lower, by, .. } = &**change
            && no.status == Status::Actual
        {
            assert!(!lower || by.is_some(), "only somebody lowers");
            if *lower { &mut lowered } else { &mut raised }.extend(sites.iter().cloned());
        }
    }
    for (site, mode) in &t.state.modes {
        let was = before.get(site).copied().unwrap_or_default();
        assert!(*mode >= was || lowered.contains(site), "{site} fell without a decision");
        assert!(*mode <= was || raised.contains(site), "{site} rose without a real incident");
    }
}

/// Everybody or an alarm: each addressed function has an end or a next timer (invariant 3), each approval a deadline.
fn nobody_is_forgotten(t: &Timeline) {
    let next = t.state.next_due();
    let timed = |at: At, what: &dyn std::fmt::Debug| {
        assert!(next.is_some_and(|n| n <= at), "no timer by {at}: {what:?}");
    };
    for inc in t.state.incidents.values() {
        let closed = inc.phase == Phase::Closed;
        for e in &inc.entries {
            match &e.state {
                EntryState::Ready => panic!("{} entry {} is neither asked about nor released", inc.no, e.id),
                EntryState::Waiting(a) => timed(a.due, e),
                EntryState::Quiet { until } => timed(*until, e),
                EntryState::Released { .. } if e.answer == AnswerRule::Required && !closed => {
                    for f in &e.to {
                        assert!(inc.ask(*f).is_some(), "{}: nothing is asked of {f:?}, entry {}", inc.no, e.id);
                    }
                }
                EntryState::Released { .. } | EntryState::Dropped { .. } => {}
            }
        }
        let due = inc.asks.current().values().filter_map(|id| Some((ask_due(&inc.asks[*id as usize])?, *id))).min();
        assert_eq!(inc.asks.first_due(), due, "{}: the first deadline of all asks", inc.no);
        for (id, ask) in (0u32..).zip(&inc.asks) {
            let newest = inc.asks.current().get(&ask.function) == Some(&id);
            assert!(!ask.state.is_open() || newest, "{}: an old ask of {:?} is open", inc.no, ask.function);
            assert!(!(closed && ask.state.is_open()), "{}: {ask:?} is open after the end", inc.no);
            if ask.state == AskState::Waiting && ask.rule == AnswerRule::Required {
                timed(ask.due, ask);
            }
        }
        for p in inc.proposals.iter().filter(|p| p.state == ProposalState::Asked) {
            timed(p.due, p);
        }
        for s in inc.steps.iter().filter(|s| s.is_open()) {
            assert!(
                !closed || s.kind().outlives_the_incident() && !inc.is_drill(),
                "{}: {s:?} is open after the end",
                inc.no
            );
            timed(s.new.next_check, s);
        }
        for a in inc.arrivals.values().filter(|a| !closed && a.state == ArrivalState::Expected) {
            timed(a.due, a);
        }
        if !closed {
            assert!(next.is_some(), "an open incident always has a beat");
        }
    }
    assert!(next.is_none_or(|n| n > t.now), "what is due was carried out");
}

/// What left since then: canonical, marked in drills, and nothing inner to outer audiences.
fn what_leaves(t: &Timeline, from: usize) {
    let codes = codes(t);
    for s in &t.sent[from..] {
        let drill = s.id.incident.status == Status::Exercise && s.id.incident != SYSTEM_NOTES;
        let mark = |m: &str| s.whole.starts_with(&format!("{m} ")) && s.whole.ends_with(&format!(" {m}"));
        assert_eq!(drill, mark("ÖVNING") || mark("EXERCISE"), "{}", s.whole);
        assert!(Canonical::new(&s.whole).is_ok(), "{}", s.whole);
        let (Some(seq), Some(inc)) = (s.message, t.state.incidents.get(&s.id.incident)) else { continue };
        let m = inc.message(seq).unwrap();
        let held = |x: &&Draft| s.whole.contains(&format!("{} {}", x.fingerprint, x.text));
        let texts: Vec<&Draft> = m.texts.values().filter(held).collect();
        assert_eq!(texts.len(), 1, "one canonical text, whole: {}", s.whole);
        assert!(Canonical::new(texts[0].text.as_str()).is_ok());
        if m.audience != Audience::Internal {
            assert!(!drill, "a drill reaches no outside group");
            assert!(codes.iter().all(|c| !s.whole.contains(c.as_str())), "{}", s.whole);
        }
    }
}

/// The region with steps of every kind, arrivals and two answers.
fn with_steps() -> Plan {
    super::c_answers::region_with(|b| {
        let rule = |id: &str, kind, owner: &str, to: &[&str], level| StepRule {
            id: id.into(),
            level: LevelIx(level),
            kind,
            title: words(0),
            over: L10n::default(),
            concerns: L10n::default(),
            owner: b.function_ix(owner),
            to: to.iter().map(|f| b.function_ix(f)).collect(),
            within: Within::Seconds(3600),
            lasts_s: 1800,
            beat: (kind == StepKind::Conference).then_some(Beat::Every(1800)),
            at_once: !matches!(kind, StepKind::Intervention | StepKind::Redirection),
        };
        let steps = vec![
            rule("patch", StepKind::Task, "owner", &[], 0),
            rule("gdpr", StepKind::Clock, "it", &[], 1),
            rule("bridge", StepKind::Conference, "tib", &["icu", "press"], 2),
            rule("divert", StepKind::Redirection, "tib", &["ed", "town"], 0),
            rule("clean", StepKind::Intervention, "it", &["icu", "ed"], 0),
        ];
        let icu = b.function_ix("icu");
        b.plan.functions[icu.ix()].answers = 2;
        for book in b.plan.playbooks.values_mut() {
            book.steps = steps.clone();
            for row in &mut book.levels[0].notify {
                row.arrive_within_s = Some(1200);
            }
        }
    })
}

/// Few cases in the gate, more with `PROPTEST_CASES`. A failure prints its steps and becomes a named timeline; no file of seeds
/// is kept.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(96);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() }
}

#[test]
fn a_mode_told_after_the_end_asks_for_no_answer() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("it-led", Action::AllClear { incident: no, override_reason: Some("data är kompletta".into()) }).unwrap();
    t.act("tib", Action::Mode { site: "HS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    let told = t.got("tib", Kind::Mode);
    assert!(!told.is_empty(), "it is told all the same");
    assert!(told.iter().all(|s| !s.whole.contains("Svara")), "a closed incident takes no answers: {told:?}");
    nobody_is_forgotten(&t);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn laws_hold_whatever_comes(night in any::<bool>(), steps in prop::collection::vec(step(), 1..45)) {
        let mut t = Timeline::starting(if night { super::c_answers::NIGHT } else { super::c_answers::DAY }, with_steps());
        for step in steps {
            let (modes, events, sent) = (t.state.modes.clone(), t.events.len(), t.sent.len());
            take(&mut t, step);
            // Answers may have opened a moment that is due at once.
            t.advance(0);
            ladder_law(&t, &modes, events);
            nobody_is_forgotten(&t);
            what_leaves(&t, sent);
        }
        // Replay equals state: the timeline's end asserts it.
    }

    #[test]
    fn left_alone_every_incident_comes_to_rest(level in 0usize..4, night in any::<bool>(), exercise in any::<bool>()) {
        // Nobody answers anything for a day: everybody who had to answer is visibly not reached, every text is out or held.
        let mut t = if night { Timeline::by_night() } else { Timeline::by_day() };
        let no = t.report("desk", Report { exercise, ..ehr_down(LEVELS[level]) });
        t.advance(24 * 3600);
        let inc = t.inc(no);
        for ask in inc.asks.current().values().map(|id| &inc.asks[*id as usize]).filter(|a| a.rule == AnswerRule::Required) {
            prop_assert!(matches!(ask.state, AskState::NotReached { .. }), "{ask:?}");
        }
        for e in &inc.entries {
            let rests = match &e.state {
                EntryState::Released { .. } => true,
                EntryState::Waiting(a) => a.held,
                _ => false,
            };
            prop_assert!(rests, "{e:?}");
        }
    }
}
