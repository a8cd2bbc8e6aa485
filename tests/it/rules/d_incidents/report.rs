//! D19, and the figures of the report after a drill or an incident: from what gateways and people said, in whatever order.

use super::*;
use proptest::prelude::*;
use vardkase::domain::drills::*;
use vardkase::domain::incident::event::Outcome;
use vardkase::domain::lang::L10n;
use vardkase::domain::report::*;
use vardkase::domain::time::At;

/// What the journal has of an incident, read as its report reads it.
pub(super) fn read(t: &Timeline, no: IncidentNo) -> AfterReport {
    read_of(t, no, &t.events)
}

/// The same of other records.
fn read_of(t: &Timeline, no: IncidentNo, events: &[(At, Event)]) -> AfterReport {
    let mut reading = Reading::new(no, t.plan());
    for (at, event) in events {
        if let Event::Incident { no: of, change } = event
            && *of == no
        {
            reading.see(*at, change).unwrap();
        }
    }
    reading.report(RecordSeal::default()).unwrap()
}

pub(super) fn objective(percent: u8, within_s: u32) -> Objective {
    Objective { capability: L10n::of([(Lang::SV, "Nås"), (Lang::EN, "Reached")]), percent, within_s }
}

/// A test of ways to four functions, with what it is to show.
pub(super) fn test_of_ways(t: &mut Timeline, objectives: Vec<Objective>) -> IncidentNo {
    let title = L10n::of([(Lang::SV, "Prov"), (Lang::EN, "Trial")]);
    let drill = Drill {
        id: Some("trial".into()),
        title,
        kind: DrillKind::CommunicationTest,
        announced: true,
        leads: vec!["it".into()],
        to: ["it", "desk", "kib", "tib"].map(FunctionId::from).to_vec(),
        objectives,
        lasts_s: Some(3600),
        ..Drill::default()
    };
    let order = DrillOrder { report: ehr_down("outage"), drill };
    let events = t.act("it", Action::DrillStart(Box::new(order))).unwrap();
    events.iter().find_map(Event::incident).unwrap()
}

pub(super) fn end(no: IncidentNo) -> Action {
    Action::DrillEnd { incident: no, abort: false }
}

fn rated(objective: &Objective, answered: &[u32], never: usize, had_s: u32) -> ObjectiveResult {
    let asked = |answered_s| Asked { answered_s, had_s };
    let all: Vec<Asked> =
        answered.iter().map(|s| asked(Some(*s))).chain(std::iter::repeat_n(asked(None), never)).collect();
    rate(objective, &all)
}

#[test]
fn rule_d19_an_objective_is_rated_by_what_was_answered_in_time() {
    let aim = objective(75, 900);
    for (answered, never, rating) in [
        (&[10, 20, 900][..], 1, Rating::Performed),
        (&[10, 20, 901], 1, Rating::SomeChallenges),
        (&[10, 20, 1800], 1, Rating::SomeChallenges),
        (&[10, 20, 1801], 1, Rating::MajorChallenges),
        (&[10, 1700], 2, Rating::MajorChallenges),
        (&[10], 3, Rating::Unable),
        (&[1801, 1802, 1803, 1804], 0, Rating::Unable),
        (&[], 4, Rating::Unable),
    ] {
        let result = rated(&aim, answered, never, 7200);
        assert_eq!((result.rating, result.unrated), (Some(rating), None), "{answered:?}");
        assert_eq!(result.asked, 4);
    }
    // A target of all of them is missed by one.
    assert_eq!(rated(&objective(100, 60), &[1, 2, 3], 1, 7200).rating, Some(Rating::MajorChallenges));
}

#[test]
fn rule_d19_what_could_not_be_measured_stays_unrated() {
    let nobody = rated(&objective(90, 900), &[], 0, 7200);
    assert_eq!((nobody.rating, nobody.unrated, nobody.reached_percent()), (None, Some(Unrated::NobodyAsked), None));
    // It ended after ten minutes of fifteen: who was silent then might have answered yet.
    let early = rated(&objective(90, 900), &[10, 20], 2, 600);
    assert_eq!((early.rating, early.unrated), (None, Some(Unrated::TimeNotUp)));
    // Yet what is reached already is reached.
    assert_eq!(rated(&objective(50, 900), &[10, 20], 2, 600).rating, Some(Rating::Performed));
}

#[test]
fn rule_d19_a_drill_is_rated_by_its_own_record() {
    let mut t = Timeline::by_day();
    let no = test_of_ways(&mut t, vec![objective(50, 300), objective(100, 300)]);
    t.advance(60);
    t.reply("it", Channel::Sms, "JA Ö-1");
    t.advance(60);
    t.reply("desk", Channel::Sms, "JA Ö-1");
    t.advance(3600);
    let report = read(&t, no);
    let ratings: Vec<_> = report.objectives.iter().map(|o| (o.within, o.asked, o.rating)).collect();
    assert_eq!(ratings[0], (2, 4, Some(Rating::Performed)), "{:?}", report.objectives);
    assert_eq!(ratings[1].2, Some(Rating::MajorChallenges));
    // As the list of drills has it.
    let past = &t.state.drills.past[0];
    assert_eq!((past.figures.asked, past.figures.answered), (report.totals.asked, report.totals.answered));
    assert_eq!(past.figures.half_s, report.reached.answered.half_s());
    let answered: Vec<_> = report.reached.answered.points.iter().map(|p| (p.s, p.n)).collect();
    assert_eq!(answered, [(60, 1), (120, 2)]);
    assert_eq!((report.totals.never_answered, report.identity.announced), (2, Some(true)));
    assert_eq!(report.identity.ended, Some(past.ended));
    assert_eq!(report.functions[0].answered_s, None, "who never answered stands first");
    assert_eq!(report.milestones.public_page_s, None);
}

#[test]
fn a_report_when_nobody_answers_and_nothing_was_told_by_gateways() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = test_of_ways(&mut t, vec![objective(90, 900)]);
    t.advance(3700);
    let report = read(&t, no);
    assert_eq!((report.totals.asked, report.totals.answered, report.totals.accepted), (4, 0, 0));
    assert_eq!(report.objectives[0].rating, Some(Rating::Unable));
    assert_eq!(report.reached.answered.half_s(), None);
    assert_eq!(report.milestones.first_answer_s, None);
    assert!(report.functions.iter().all(|f| f.accepted_s.is_none() && f.answered_s.is_none()));
    assert_eq!(report.totals.withdrawn, report.totals.attempted, "what never left was called back");
}

/// The first delivery of a function over a channel.
fn delivery(t: &Timeline, no: IncidentNo, function: &str, channel: Channel) -> DeliveryId {
    let point = t.point(function, channel);
    let place = t.inc(no).deliveries.iter().position(|d| d.point == point).unwrap();
    DeliveryId { incident: no, ordinal: u32::try_from(place).unwrap() }
}

#[test]
fn late_repeated_and_contradictory_receipts_change_nothing_that_was_known() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = test_of_ways(&mut t, Vec::new());
    let sms = delivery(&t, no, "it", Channel::Sms);
    let (mut events, mut now) = (t.events.clone(), t.now);
    for (seconds, state) in [
        (5, DeliveryState::Delivered),
        (10, DeliveryState::Accepted),
        (10, DeliveryState::Delivered),
        (10, DeliveryState::Failed),
    ] {
        now = now + seconds;
        // Straight from a gateway, as it comes, whatever the rules would make of it.
        let outcome = Outcome { ordinal: sms.ordinal, state, cause: None };
        events.push((now, Event::Incident { no, change: Box::new(Change::Results { results: vec![outcome] }) }));
    }
    let report = read_of(&t, no, &events);
    let it = report.functions.iter().find(|f| f.function.as_str() == "it").unwrap();
    assert_eq!((it.accepted_s, it.delivered_s), (Some(5), Some(5)));
    assert_eq!((report.totals.accepted, report.totals.delivered), (1, Some(1)));
    assert_eq!((report.totals.contradicted, report.totals.failed), (1, 0));
    assert!(report.dead.is_empty());
}

#[test]
fn an_address_that_takes_nothing_is_named_by_its_function_and_never_itself() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = test_of_ways(&mut t, Vec::new());
    let ids: Vec<DeliveryId> = (0..t.inc(no).deliveries.len())
        .map(|n| DeliveryId { incident: no, ordinal: u32::try_from(n).unwrap() })
        .collect();
    let dead = t.point("kib", Channel::Sms);
    let say = |id: &DeliveryId| {
        let failed = t.inc(no).deliveries[id.ordinal as usize].point == dead;
        (*id, if failed { DeliveryState::Failed } else { DeliveryState::Accepted })
    };
    let said: Vec<_> = ids.iter().map(say).collect();
    t.gateways_say = Some(DeliveryState::Failed);
    t.input(Input::outcomes(said)).unwrap();
    t.gateways_say = Some(DeliveryState::Accepted);
    let report = read(&t, no);
    let named: Vec<_> = report.dead.iter().map(|d| (d.functions.clone(), d.channel)).collect();
    assert_eq!(named, [(vec![FunctionId::from("kib")], Channel::Sms)]);
    assert!(report.totals.rerouted > 0, "it was tried over another gateway first");
    let sms = report.channels.iter().find(|c| c.channel == Channel::Sms).unwrap();
    assert_eq!(sms.failed, 1, "once, however often it was tried");
    assert!(report.story.iter().any(|l| l.event == "failed" && l.functions.contains(&"kib".into())));
}

#[test]
fn a_real_incident_has_its_milestones_its_texts_and_its_story() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.advance(120);
    let plan = t.plan();
    let waits = t.inc(no).asks.iter().find(|a| a.state == AskState::Waiting && a.asked[0] == a.function).unwrap();
    let who = plan.function(waits.function);
    let channel = plan.point(who.points[0]).channel;
    t.reply(who.id.as_str(), channel, "JA 1");
    t.advance(30);
    t.act("it", update(no, News::default())).unwrap();
    t.advance(4000);
    t.act("it", update(no, News::default())).unwrap();
    t.act("it", clear(no)).unwrap();
    let report = read(&t, no);
    assert!(!report.is_drill() && report.objectives.is_empty());
    let m = report.milestones;
    assert_eq!(m.first_reached_s, Some(0));
    assert_eq!(m.first_answer_s, Some(120));
    assert_eq!((m.owners.of, m.owners.first_s, m.owners.all_s), (1, Some(0), Some(0)));
    assert_eq!((report.updates.in_time, report.updates.late), (1, 1), "{:?}", report.updates);
    assert!(report.updates.worst_late_s > 0 && report.updates.overdue_told > 0);
    assert!(report.totals.deputies_asked > 0 || report.totals.never_answered > 0);
    let alert = &report.texts[0];
    assert_eq!(alert.text, t.text(no, 1, alert.lang));
    assert_eq!(alert.fingerprint, t.inc(no).message(1).unwrap().texts[&alert.lang].fingerprint);
    assert_eq!(report.story.first().map(|l| l.event.as_str()), Some("opened"));
    assert!(report.story.iter().any(|l| l.event == "phase"));
    assert!(report.story.windows(2).all(|w| w[0].at <= w[1].at));
    assert_eq!(report.identity.ended, Some(t.now));
    for line in &report.story {
        assert!(line.functions.iter().chain(&line.by).all(|f| report.names.functions.contains_key(f)), "{line:?}");
    }
}

#[test]
fn the_same_record_gives_the_same_report_and_a_clock_that_steps_gives_no_nonsense() {
    let mut t = Timeline::by_day();
    let no = test_of_ways(&mut t, vec![objective(50, 300)]);
    t.advance(60);
    t.reply("it", Channel::Sms, "JA Ö-1");
    t.advance(60);
    t.act("it", end(no)).unwrap();
    assert_eq!(read(&t, no), read(&t, no));
    // The machine's clock was set back by an hour after the first minute: nothing took less than no time.
    let (mut events, begun) = (t.events.clone(), t.events[0].0);
    for (at, _) in &mut events {
        if *at > begun {
            *at = At(at.0 - 3_600_000);
        }
    }
    let report = read_of(&t, no, &events);
    let it = report.functions.iter().find(|f| f.function.as_str() == "it").unwrap();
    assert!(it.answered_s.is_some() && it.accepted_s.is_some());
    assert_eq!(report.totals.answered, 1);
}

/// The report as text and as figures, word for word.
#[test]
fn the_text_and_the_figures_are_as_they_were() {
    use vardkase::paper::report::{csv, sheet};
    use vardkase::paper::{Occasion, text};
    let mut t = Timeline::by_day();
    let no = test_of_ways(&mut t, vec![objective(50, 300), objective(100, 300)]);
    t.advance(75);
    t.reply("desk", Channel::Sms, "JA Ö-1");
    t.advance(600);
    t.act("it", end(no)).unwrap();
    let report = read(&t, no);
    for (lang, name) in [(Lang::SV, "report-sv.txt"), (Lang::EN, "report-en.txt"), (Lang::EN, "report.csv")] {
        let on = Occasion { lang, now: t.now, fictional: true, training: false };
        let made = if name.ends_with(".csv") { csv(&report) } else { text(&sheet(&report, on)) };
        let path = format!("{}/tests/golden/report/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(made, golden, "{name}: see what changed with UPDATE_GOLDEN=1 and git diff");
    }
}

const STATES: [DeliveryState; 6] = [
    DeliveryState::Accepted,
    DeliveryState::Delivered,
    DeliveryState::Failed,
    DeliveryState::Unknown,
    DeliveryState::Expired,
    DeliveryState::Attempting,
];

fn whole(curve: &Curve) {
    assert!(curve.points.windows(2).all(|w| w[0].s < w[1].s && w[0].n < w[1].n), "{curve:?} falls");
    assert!(curve.total() <= curve.of, "{curve:?} has more than there are");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    /// Whatever gateways say and whoever answers, when and how often: nothing is counted that was not attempted.
    #[test]
    fn counts_never_pass_what_was_attempted(
        real in any::<bool>(),
        steps in proptest::collection::vec((0_u32..400, 0_usize..6, 0_usize..40, 0_usize..4), 1..40),
    ) {
        let mut t = Timeline::by_day();
        t.gateways_say = None;
        let no = if real { t.ehr_down("outage") } else { test_of_ways(&mut t, vec![objective(90, 900)]) };
        for (seconds, state, which, who) in steps {
            t.advance(seconds);
            let count = t.inc(no).deliveries.len();
            let id = DeliveryId { incident: no, ordinal: u32::try_from(which % count).unwrap() };
            t.input(Input::outcomes([(id, STATES[state])])).unwrap();
            if who < 3 {
                t.reply(["it", "desk", "kib"][who], Channel::Sms, if real { "JA 1" } else { "JA Ö-1" });
            }
        }
        let report = read(&t, no);
        let n = report.totals;
        prop_assert!(n.answered <= n.asked && n.asked <= n.told && n.in_own_time <= n.answered);
        prop_assert_eq!(n.never_answered + n.answered, n.asked);
        let delivered = n.delivered.unwrap_or(0);
        prop_assert!(delivered <= n.accepted && n.accepted <= n.attempted);
        prop_assert!(delivered + n.failed + n.withdrawn <= n.attempted);
        prop_assert_eq!(report.functions.len(), n.told as usize);
        let r = &report.reached;
        for curve in r.delivered.iter().chain([&r.accepted, &r.answered]) {
            whole(curve);
        }
        for c in &report.channels {
            c.delivered.iter().chain([&c.accepted]).for_each(whole);
        }
    }
}
