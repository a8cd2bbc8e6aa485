//! D16 to D18: how drills end, when they begin, which there are.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use vardkase::domain::drills::*;
use vardkase::domain::lang::L10n;
use vardkase::domain::time::At;

fn drill(level: &str) -> Report {
    Report { exercise: true, ..ehr_down(level) }
}

fn order(kind: DrillKind) -> DrillOrder {
    let title = L10n::of([(Lang::SV, "Prov"), (Lang::EN, "Trial")]);
    let drill = Drill { id: Some("trial".into()), title, kind, leads: vec!["it".into()], ..Drill::default() };
    DrillOrder { report: ehr_down("outage"), drill }
}

fn begin(t: &mut Timeline, order: &DrillOrder) -> IncidentNo {
    let events = t.act("it", Action::DrillStart(Box::new(order.clone()))).unwrap();
    events.iter().find_map(Event::incident).unwrap()
}

fn end(no: IncidentNo, abort: bool) -> Action {
    Action::DrillEnd { incident: no, abort }
}

/// How often each duty point got a text that says it is over.
fn over(t: &Timeline, word: NoteWord) -> BTreeMap<PointIx, usize> {
    let mut points = BTreeMap::new();
    for s in t.sent.iter().filter(|s| s.note == Some(word)) {
        let d = t.inc(s.id.incident).deliveries[s.id.ordinal as usize];
        *points.entry(d.point).or_default() += 1;
    }
    points
}

fn told(t: &Timeline, no: IncidentNo) -> BTreeSet<PointIx> {
    t.inc(no).deliveries.iter().filter(|d| d.state == DeliveryState::Accepted).map(|d| d.point).collect()
}

#[test]
fn rule_d16_the_end_is_told_once_to_every_point_that_was_told() {
    for abort in [false, true] {
        let mut t = Timeline::by_day();
        let no = t.report("it", drill("major"));
        t.advance(300);
        let told = told(&t, no);
        assert!(told.len() > 3);
        t.clear();
        t.act("it", end(no, abort)).unwrap();
        assert_eq!(t.inc(no).phase, Phase::Closed);
        let over = over(&t, NoteWord::DrillIsOver);
        assert_eq!(over.keys().copied().collect::<BTreeSet<_>>(), told);
        assert!(over.values().all(|n| *n == 1), "{over:?}");
        assert_eq!(t.sent.len(), told.len(), "and nothing else");
        let text = &t.notes_to("it", NoteWord::DrillIsOver)[0].whole;
        assert!(text == "ÖVNING Ö-1 drill_is_over sv at=09.50 ÖVNING", "{text}");
        let was = &t.state.drills.past[0];
        assert_eq!((was.no, was.end), (no, if abort { DrillEnd::Aborted } else { DrillEnd::Done }));
        // It is over: nothing more comes, and no answer is taken.
        t.clear();
        t.advance(7200);
        assert!(t.sent.is_empty(), "{:?}", t.sent);
        assert!(t.act("it", end(no, false)).is_err());
    }
}

#[test]
fn rule_d16_the_all_clear_of_a_drill_says_that_it_was_one() {
    let mut t = Timeline::by_day();
    let no = t.report("it", drill("outage"));
    let told = told(&t, no);
    t.clear();
    t.act("it", clear(no)).unwrap();
    let over = over(&t, NoteWord::DrillIsOver);
    assert_eq!(over.keys().copied().collect::<BTreeSet<_>>(), told);
    assert!(over.values().all(|n| *n == 1));
    assert!(!t.got("it", Kind::AllClear).is_empty());
    // A real one has none.
    let real = t.ehr_down("outage");
    t.clear();
    t.act("it", clear(real)).unwrap();
    assert!(over_is_empty(&t));
}

fn over_is_empty(t: &Timeline) -> bool {
    over(t, NoteWord::DrillIsOver).is_empty() && over(t, NoteWord::DrillBrokenOff).is_empty()
}

#[test]
fn rule_d16_a_real_incident_breaks_the_drill_off_with_one_text_behind_the_real_alert() {
    let mut t = Timeline::by_day();
    let no = t.report("it", drill("major"));
    let told = told(&t, no);
    t.clear();
    let real = t.ehr_down("outage");
    assert_eq!((t.inc(no).phase, t.inc(no).drill_end), (Phase::Closed, Some(DrillEnd::BrokenOff(real))));
    let over = over(&t, NoteWord::DrillBrokenOff);
    assert_eq!(over.keys().copied().collect::<BTreeSet<_>>(), told);
    assert!(over.values().all(|n| *n == 1), "{over:?}");
    let first_of_drill = t.sent.iter().position(|s| s.id.incident == no).unwrap();
    let last_of_real = t.sent.iter().rposition(|s| s.id.incident == real).unwrap();
    assert!(last_of_real < first_of_drill, "the real alert goes first");
    let text = &t.notes_to("it", NoteWord::DrillBrokenOff)[0].whole;
    assert!(text == "ÖVNING Ö-1 drill_broken_off sv at=09.45 ÖVNING", "{text}");
    // What comes after is of the real one alone.
    t.clear();
    t.advance(3600);
    assert!(t.sent.iter().all(|s| s.id.incident != no), "{:?}", t.sent);
}

#[test]
fn rule_d16_what_never_left_is_withdrawn_and_what_did_after_all_is_told_of() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("it", drill("outage"));
    let (first, second) = (t.sent[0].id, t.sent[1].id);
    t.clear();
    t.act("it", end(no, false)).unwrap();
    assert!(t.sent.is_empty(), "nobody has a text yet: {:?}", t.sent);
    // Its gateway was faster, and tells so twice; the other did not have it.
    for _ in 0..2 {
        t.input(Input::outcomes(vec![(first, DeliveryState::Accepted), (second, DeliveryState::Withdrawn)])).unwrap();
    }
    let point = t.inc(no).deliveries[first.ordinal as usize].point;
    assert_eq!(over(&t, NoteWord::DrillIsOver), BTreeMap::from([(point, 1)]));
    t.input(Input::outcomes(vec![(first, DeliveryState::Delivered)])).unwrap();
    assert_eq!(over(&t, NoteWord::DrillIsOver), BTreeMap::from([(point, 1)]));
}

#[test]
fn rule_d16_a_drill_that_is_over_takes_no_other_way() {
    let mut t = Timeline::by_day();
    t.gateways_say = Some(DeliveryState::Attempting);
    let no = t.report("it", drill("outage"));
    let sent: Vec<DeliveryId> = t.sent.iter().map(|s| s.id).collect();
    t.act("it", end(no, false)).unwrap();
    t.clear();
    t.input(Input::outcomes(sent.into_iter().map(|id| (id, DeliveryState::Failed)))).unwrap();
    assert!(t.sent.iter().all(|s| s.note.is_some_and(|n| n != NoteWord::ReadOut)), "{:?}", t.sent);
}

#[test]
fn rule_d16_whoever_leads_it_breaks_it_off_by_a_reply_and_nobody_else_does() {
    let mut t = Timeline::by_day();
    let no = t.report("it", drill("major"));
    t.clear();
    // The ICU leads nothing: it is told who does.
    t.reply("icu", Channel::Sms, "AVBRYT Ö-1");
    assert_eq!(t.inc(no).phase, Phase::Open);
    let said = t.notes_to("icu", NoteWord::AbortRefused);
    assert!(said.len() == 1 && said[0].whole.contains("number=Ö-1"), "{said:?}");
    // Nobody known: refused, logged, never answered.
    let stranger = Input::Reply { who: None, from: Vec::new(), known: None, text: "AVBRYT Ö-1".into() };
    let events = t.input(stranger).unwrap();
    assert!(matches!(events[..], [Event::StrangerAnswered { .. }]), "{events:?}");
    // A doubt is none, and no real incident is broken off.
    for doubt in ["AVBRYT inte Ö-1", "avbryt?", "AVBRYT 14"] {
        t.reply("it", Channel::Sms, doubt);
        assert_eq!(t.inc(no).phase, Phase::Open, "{doubt}");
    }
    t.clear();
    t.reply("it", Channel::Sms, "Avbryt o-1");
    assert_eq!((t.inc(no).phase, t.inc(no).drill_end), (Phase::Closed, Some(DrillEnd::Aborted)));
    assert_eq!(t.notes_to("icu", NoteWord::DrillIsOver).len(), told_points(&t, "icu"));
}

fn told_points(t: &Timeline, function: &str) -> usize {
    let over = over(t, NoteWord::DrillIsOver);
    let f = t.state.plan.function_ix(function).unwrap();
    over.keys().filter(|p| t.state.plan.point(**p).functions.contains(&f)).count()
}

#[test]
fn rule_d16_skarpt_tells_everybody_and_whoever_reported_who_said_so() {
    let mut t = Timeline::by_day();
    let no = t.report("tib-2", drill("outage"));
    let told = told(&t, no);
    t.clear();
    t.reply("it", Channel::Sms, "SKARPT");
    let broken = over(&t, NoteWord::DrillBrokenOff);
    let stopped = over(&t, NoteWord::DrillStopped);
    assert!(broken.keys().all(|p| !stopped.contains_key(p)), "one text a point");
    let both: BTreeSet<PointIx> = broken.keys().chain(stopped.keys()).copied().collect();
    assert!(told.is_subset(&both));
    assert_eq!(t.inc(no).drill_end, Some(DrillEnd::TurnedReal));
}

#[test]
fn rule_d17_no_drill_begins_beside_a_real_incident() {
    let mut t = Timeline::by_day();
    let real = t.ehr_down("outage");
    t.clear();
    let refused = t.act("it", Action::Report(drill("outage"))).unwrap_err();
    assert_eq!((refused.code, refused.given("incident").to_string()), ("real-is-open", real.to_string()));
    assert_eq!(
        t.act("it", Action::DrillStart(Box::new(order(DrillKind::Functional)))).unwrap_err().code,
        "real-is-open"
    );
    let mut test = order(DrillKind::GatewayTest);
    (test.drill.gateway, test.drill.to) = (Some("sms".into()), vec!["it".into()]);
    assert_eq!(t.act("it", Action::DrillStart(Box::new(test))).unwrap_err().code, "real-is-open");
    assert!(t.sent.is_empty());
    t.act("it", clear(real)).unwrap();
    t.report("it", drill("outage"));
}

#[test]
fn rule_d18_a_planned_drill_that_goes_on_does_not_begin_a_second_time() {
    let mut t = Timeline::by_day();
    let order = order(DrillKind::CommunicationTest);
    let order = DrillOrder { drill: Drill { to: vec!["owner".into()], ..order.drill }, ..order };
    let first = begin(&mut t, &order);
    let sent = t.sent.len();
    let refused = t.act("it", Action::DrillStart(Box::new(order.clone()))).unwrap_err();
    assert_eq!((refused.code, refused.given("incident").to_string()), ("drill-goes-on", first.to_string()));
    assert_eq!(t.sent.len(), sent);
    t.act("it", end(first, false)).unwrap();
    assert_ne!(begin(&mut t, &order), first);
}

fn due(planned: At, held_back: Option<HeldBack>) -> Input {
    Input::DrillDue { planned, by: "it".into(), order: Box::new(order(DrillKind::Functional)), held_back }
}

#[test]
fn rule_d17_a_planned_moment_is_used_once_over_restarts_and_clocks() {
    let mut t = Timeline::by_day();
    let planned = t.now;
    t.input(due(planned, None)).unwrap();
    let no = IncidentNo::exercise(1);
    assert_eq!(t.state.drills.moments[&"trial".into()].fate, Fate::Started(no));
    t.act("it", end(no, false)).unwrap();
    // The same look again, after a restart, and with the clock set back by an hour.
    t.state = {
        let replayed = t.replayed();
        State { plan: t.state.plan.clone(), ..replayed }
    };
    for _ in 0..2 {
        assert!(t.input(due(planned, None)).unwrap().is_empty());
        assert!(t.input(due(At(planned.0 - 3_600_000), None)).unwrap().is_empty());
    }
    assert_eq!(t.state.exercise_count, 1);
    t.advance(3600);
    let next = t.now;
    t.input(due(next, None)).unwrap();
    assert_eq!(t.state.exercise_count, 2);
}

#[test]
fn rule_d17_what_does_not_begin_is_on_record_and_told_to_whoever_leads_it() {
    let cases = [
        (Some(HeldBack::Clock), Fate::Clock),
        (Some(HeldBack::Excluded), Fate::Excluded),
        (Some(HeldBack::NearShift), Fate::NearShift),
        (Some(HeldBack::Missed), Fate::Missed),
    ];
    for (held_back, fate) in cases {
        let mut t = Timeline::by_day();
        let planned = t.now;
        t.input(due(planned, held_back)).unwrap();
        assert_eq!(t.state.drills.moments[&"trial".into()].fate, fate);
        assert_eq!(t.state.exercise_count, 0);
        assert!(!t.notes_to("it", NoteWord::DrillNotRun).is_empty());
        assert!(t.sent.iter().all(|s| s.to.iter().any(|f| f == "it")), "{:?}", t.sent);
        assert!(t.input(due(planned, None)).unwrap().is_empty(), "it is not made up for");
    }
    let mut t = Timeline::by_day();
    let real = t.ehr_down("outage");
    t.clear();
    let planned = t.now;
    t.input(due(planned, None)).unwrap();
    assert_eq!(t.state.drills.moments[&"trial".into()].fate, Fate::RealOpen(real));
    let said = &t.notes_to("it", NoteWord::DrillPostponed)[0].whole;
    assert!(said.contains("number=1"), "{said}");
    assert_eq!(t.state.exercise_count, 0);
}

#[test]
fn rule_d17_who_is_to_know_before_is_told_once_and_nobody_outside() {
    let mut t = Timeline::by_day();
    let planned = t.now + 3600;
    let title = order(DrillKind::Functional).drill.title;
    let soon = || Input::DrillSoon {
        drill: "trial".into(),
        title: title.clone(),
        planned,
        to: vec!["it".into(), "tib".into(), "town".into()],
    };
    t.input(soon()).unwrap();
    assert!(!t.notes_to("tib", NoteWord::DrillSoon).is_empty());
    assert!(t.notes_to("town", NoteWord::DrillSoon).is_empty());
    assert!(t.input(soon()).unwrap().is_empty());
}

#[test]
fn rule_d18_a_communication_test_asks_each_function_and_does_nothing_else() {
    let mut t = Timeline::by_day();
    let mut asked = order(DrillKind::CommunicationTest);
    asked.drill.to = vec!["it".into(), "icu".into(), "tib".into(), "town".into()];
    asked.drill.lasts_s = Some(3600);
    let no = begin(&mut t, &asked);
    assert!(t.messages_to("town").is_empty(), "nobody outside");
    let text = &t.messages_to("icu")[0].whole;
    assert!(text.starts_with("ÖVNING Ö-1-1 ") && text.ends_with(" ÖVNING"), "{text}");
    assert!(text.contains(" ways_tested sv ") && text.contains("Svara JA Ö-1"), "{text}");
    assert!(!text.contains("Journalen"), "{text}");
    let inc = t.inc(no);
    assert!(inc.modes.is_empty() && inc.proposals.is_empty() && inc.steps.is_empty() && inc.messages.len() == 1);
    t.clear();
    t.reply("icu", Channel::Sms, "JA Ö-1");
    assert_eq!(t.notes_to("icu", NoteWord::Noted).len(), 1);
    // Nobody is asked in another's place or reminded, nothing is overdue, and after its time it is over.
    t.clear();
    t.advance(3599);
    assert!(t.sent.is_empty(), "{:?}", t.sent);
    t.advance(1);
    assert_eq!(t.inc(no).phase, Phase::Closed);
    assert!(!t.notes_to("icu", NoteWord::DrillIsOver).is_empty());
    let figures = t.state.drills.past[0].figures;
    assert_eq!((figures.asked, figures.answered, figures.half_s), (3, 1, None));
    // To nobody, or to those outside alone, is refused.
    asked.drill.to = vec!["town".into()];
    assert_eq!(t.act("it", Action::DrillStart(Box::new(asked))).unwrap_err().code, "drill-to-nobody");
}

#[test]
fn rule_d18_a_tabletop_is_told_more_at_its_times() {
    let mut t = Timeline::by_day();
    let mut asked = order(DrillKind::Tabletop);
    let inject = |after_s, text, to: &[&str]| Inject {
        after_s,
        text: L10n::of([(Lang::SV, text), (Lang::EN, text)]),
        to: to.iter().map(|f| (*f).into()).collect(),
    };
    asked.drill.injects = vec![inject(600, "Ett", &["kib"]), inject(600, "Tva", &[]), inject(1200, "Tre", &["tib"])];
    asked.drill.lasts_s = Some(1500);
    let no = begin(&mut t, &asked);
    assert!(t.inc(no).stays_here());
    t.advance(599);
    let injects =
        |t: &Timeline, f: &str| t.notes_to(f, NoteWord::Inject).iter().map(|s| s.whole.clone()).collect::<Vec<_>>();
    assert!(injects(&t, "kib").is_empty());
    t.advance(1);
    assert!(injects(&t, "kib").iter().all(|s| s.contains("what=Ett")) && !injects(&t, "kib").is_empty());
    assert!(injects(&t, "it").iter().any(|s| s.contains("what=Tva")), "who leads it, where nobody is named");
    t.advance(600);
    assert!(injects(&t, "tib").iter().any(|s| s.contains("what=Tre")));
    assert_eq!(t.inc(no).injects_given, 3);
    t.advance(300);
    assert_eq!((t.inc(no).phase, t.inc(no).drill_end), (Phase::Closed, Some(DrillEnd::Done)));
}

#[test]
fn rule_d18_ways_that_are_taken_away_are_used_for_nothing_of_that_drill() {
    let mut t = Timeline::by_day();
    let used = |t: &Timeline, no: IncidentNo| -> BTreeSet<String> {
        t.sent.iter().filter(|s| s.id.incident == no).map(|s| s.gateway.clone()).collect()
    };
    let plain = begin(&mut t, &order(DrillKind::Functional));
    t.advance(900);
    let all = used(&t, plain);
    t.act("it", end(plain, false)).unwrap();
    for gone in all {
        let mut asked = order(DrillKind::Functional);
        asked.drill.gateways_away = vec![gone.as_str().into()];
        let no = begin(&mut t, &asked);
        // Those that are left fail too: what takes over is none that was taken away.
        let sent: Vec<DeliveryId> = t.sent.iter().filter(|s| s.id.incident == no).map(|s| s.id).collect();
        t.input(Input::outcomes(sent.into_iter().map(|id| (id, DeliveryState::Failed)))).unwrap();
        t.advance(900);
        t.act("it", end(no, false)).unwrap();
        assert!(!used(&t, no).contains(&gone), "{gone}");
        t.advance(600);
    }
}

#[test]
fn rule_d16_who_observes_hears_of_the_beginning_and_of_the_end() {
    let mut t = Timeline::by_day();
    let mut asked = order(DrillKind::Functional);
    asked.drill.observers = vec!["press".into(), "it".into()];
    let no = begin(&mut t, &asked);
    let told: Vec<String> = t.notes_to("press", NoteWord::DrillSoon).iter().map(|s| s.whole.clone()).collect();
    assert_eq!(told, ["ÖVNING Ö-1 drill_soon sv title=Prov; time=09.45 ÖVNING"]);
    assert!(t.notes_to("it", NoteWord::DrillSoon).is_empty(), "who is in it reads its texts");
    t.act("it", end(no, false)).unwrap();
    assert_eq!(t.notes_to("press", NoteWord::DrillIsOver).len(), 1);
}
