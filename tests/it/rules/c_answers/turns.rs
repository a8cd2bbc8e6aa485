//! C7 to C11: what asks for an answer, until when, and who is next.

use super::*;
use vardkase::domain::incident::codes::CodeFor;

fn slow(t: &mut Timeline) -> IncidentNo {
    t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() })
}

/// The playbook `dictation-slow` with one row to these.
fn rows(rows: impl FnOnce(&Builder) -> Vec<Row>) -> Plan {
    region_with(|b| {
        let notify = rows(b);
        let book = b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap();
        book.levels = vec![LevelPlan { level: LevelIx(0), mode: None, propose: vec![], notify }];
    })
}

/// The newest message to a function, over the channel that brings answers back if it has it.
fn newest_to(t: &Timeline, f: &str) -> String {
    let all = t.messages_to(f);
    let sms = all.iter().rev().find(|s| s.channel == Channel::Sms).copied();
    sms.or(all.last().copied()).unwrap_or_else(|| panic!("nothing to {f}")).whole.clone()
}

#[test]
fn rule_c7_none_wanted_and_required_per_row() {
    let of = |answer| {
        let plan = rows(|b| vec![Row { answer: Some(answer), ..b.row(&["it"], &[Channel::Sms]) }]);
        let mut t = Timeline::starting(DAY, plan);
        let no = slow(&mut t);
        (t, no)
    };
    let (t, no) = of(AnswerRule::None);
    assert!(!newest_to(&t, "it").contains("JA"), "no trailer stands");
    assert!(t.inc(no).asks.is_empty());

    let (mut t, no) = of(AnswerRule::Wanted);
    assert!(newest_to(&t, "it").ends_with("Svara JA 1"));
    t.advance(3000);
    assert_eq!(asked(&t, no, "it"), ["it"], "silence escalates to nobody");
    assert_eq!(t.messages_to("it").len(), 1, "and nobody is reminded");
    t.reply("it", Channel::Sms, "ja 1");
    assert_eq!(stands(&t, no, "it"), "answered by it");

    let (mut t, no) = of(AnswerRule::Required);
    t.advance(301);
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
}

#[test]
fn rule_c7_alert_correction_and_running_again_require_an_answer_updates_and_all_clear_none() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    assert!(newest_to(&t, "it").ends_with("Svara JA 1"));
    t.reply("it", Channel::Sms, "JA 1");

    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    let update = newest_to(&t, "it");
    assert!(update.contains("UPPDATERING") && !update.contains("JA 1"), "{update}");
    assert_eq!(stands(&t, no, "it"), "answered by it");

    t.act("it-led", Action::Correct { number: "1-1".parse().unwrap(), news: News::default() }).unwrap();
    assert!(newest_to(&t, "it").ends_with("Svara JA 1"));
    assert_eq!(stands(&t, no, "it"), "waiting");

    t.act("it-led", Action::Restored { incident: no, news: News::default() }).unwrap();
    let restored = newest_to(&t, "it");
    assert!(restored.contains("ÅTER I DRIFT") && restored.ends_with("Svara JA 1"), "{restored}");

    t.act("it-led", Action::AllClear { incident: no, override_reason: Some("klart".into()) }).unwrap();
    let clear = newest_to(&t, "it");
    assert!(clear.contains("FARAN ÖVER") && !clear.contains("JA 1"), "{clear}");
}

#[test]
fn rule_c7_a_raised_level_requires_an_answer() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "JA 1");
    t.act("it-led", Action::Update { incident: no, news: News { level: Some("D3".into()), ..News::default() } })
        .unwrap();
    let raised = newest_to(&t, "it");
    assert!(raised.contains("UPPDATERING") && raised.ends_with("Svara JA 1"), "{raised}");
    assert_eq!(stands(&t, no, "it"), "waiting");
    t.reply("it", Channel::Sms, "JA 1");
    // Down again asks for nothing.
    t.act("it-led", Action::Update { incident: no, news: News { level: Some("D2".into()), ..News::default() } })
        .unwrap();
    assert!(!newest_to(&t, "it").contains("JA 1"));
}

#[test]
fn rule_c7_a_row_that_asks_for_nothing_asks_for_nothing_in_corrections_either() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("major"));
    approve_all(&mut t, no);
    let of = t.inc(no).messages.iter().find(|m| m.audience == Audience::Outside).unwrap().seq;
    t.act("it-led", Action::Correct { number: t.inc(no).number(of), news: News::default() }).unwrap();
    approve_all(&mut t, no);
    let corrected = newest_to(&t, "town");
    assert!(corrected.contains("RÄTTELSE") && !corrected.contains("och säg"), "{corrected}");
    let town = t.plan().function_ix("town").unwrap();
    assert!(t.inc(no).ask(town).is_none());
}

#[test]
fn rule_c8_a_playbook_may_only_shorten_the_answer_time() {
    for (row, within) in [(None, 300), (Some(60), 60), (Some(900), 300)] {
        let plan = rows(|b| vec![Row { answer_within_s: row, ..b.row(&["it"], &[Channel::Sms]) }]);
        let mut t = Timeline::starting(DAY, plan);
        let no = slow(&mut t);
        assert_eq!(t.ask(no, "it").due, t.now + within);
        t.advance(within - 1);
        assert_eq!(asked(&t, no, "it").len(), 1);
        t.advance(1);
        assert_eq!(asked(&t, no, "it").len(), 2);
    }
}

#[test]
fn rule_c8_the_clock_starts_when_a_gateway_accepted() {
    for level in ["outage", "major"] {
        let mut t = Timeline::by_day();
        t.gateways_say = None;
        let no = t.report("desk", ehr_down(level));
        let released = t.now;
        assert_eq!(t.ask(no, "it").due, released + 300, "at release, while none has");
        let first = t.sent.iter().find(|s| s.to == ["it"] && s.message.is_some()).unwrap().id;
        t.advance(100);
        t.input(Input::outcomes(vec![(first, DeliveryState::Accepted)])).unwrap();
        assert_eq!(t.ask(no, "it").due, released + 400, "{level}");
        assert_eq!(t.ask(no, "it").remind_at, Some(released + 250), "{level}");
        // Another gateway's word does not start it anew.
        let other = t.sent.iter().find(|s| s.to == ["it"] && s.message.is_some() && s.id != first).unwrap().id;
        t.advance(50);
        t.input(Input::outcomes(vec![(other, DeliveryState::Accepted)])).unwrap();
        assert_eq!(t.ask(no, "it").due, released + 400, "{level}");
    }
}

#[test]
fn rule_c8_one_reminder_at_half_time_with_the_same_number() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.clear();
    t.advance(149);
    assert!(t.messages_to("it").is_empty());
    t.advance(1);
    let reminded = t.messages_to("it");
    assert_eq!(reminded.len(), 2, "sms and pager");
    for r in &reminded {
        assert_eq!((r.message, r.flags), (Some(1), Delivery::REMINDER));
        assert!(r.whole.starts_with("PÅMINNELSE 1-1 "), "before the number, outside the text: {}", r.whole);
    }
    t.advance(149);
    assert_eq!(t.messages_to("it").len(), 2, "one reminder");
    t.reply("it", Channel::Sms, "ja 1");
    t.advance(600);
    assert_eq!(t.messages_to("it").len(), 2, "nothing after the answer");
    assert_eq!(stands(&t, no, "it"), "answered by it");
}

#[test]
fn rule_c9_all_channels_together_and_gateways_one_after_another() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("desk", Report { safety: Default::default(), ..ehr_down("major") });
    let icu: Vec<_> = t.messages_to("icu").iter().map(|s| (s.channel, s.gateway.clone(), s.at)).collect();
    assert_eq!(icu, [(Channel::Sms, "sms".into(), t.now), (Channel::Fax, "fax".into(), t.now)]);
    let sms = t.messages_to("icu")[0].id;
    t.clear();
    t.input(Input::outcomes(vec![(sms, DeliveryState::Failed)])).unwrap();
    let next = only(&t.messages_to("icu"));
    assert_eq!((next.channel, next.gateway.as_str(), next.message), (Channel::Sms, "modem", Some(1)));
    assert!(next.whole.contains("Svara JA 1"));
    let modem = next.id;
    t.clear();
    t.input(Input::outcomes(vec![(modem, DeliveryState::Failed)])).unwrap();
    assert!(t.messages_to("icu").is_empty(), "the fax still may");
    assert!(t.inc(no).errands.is_empty());
}

#[test]
fn rule_c9_deputies_beside_from_major_and_after_each_deadline_below() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    assert_eq!(asked(&t, no, "it"), ["it"]);
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("major"));
    assert_eq!(asked(&t, no, "it"), ["it", "it-led"]);
    assert!(t.messages_to("it-led")[0].whole.starts_with("DU SVARAR NU FÖR: it-sv "));
}

#[test]
fn rule_c9_deputies_then_last_resort_then_a_standing_alarm_that_a_late_answer_closes() {
    // it 5 min, it-led 10, tib 5, tib-2 5, cl 10; the last resort (tib, cl) is among them.
    let mut t = Timeline::starting(DAY, rows(|b| vec![b.row(&["it"], &[Channel::Sms])]));
    let no = slow(&mut t);
    let chain = [(300, "it-led"), (600, "tib"), (300, "tib-2"), (300, "cl")];
    for (i, (after, next)) in chain.iter().enumerate() {
        t.advance(after - 1);
        assert_eq!(asked(&t, no, "it").len(), i + 1, "before {next}");
        t.advance(1);
        assert_eq!(asked(&t, no, "it").last().unwrap(), next);
        assert!(newest_to(&t, next).starts_with("DU SVARAR NU FÖR: it-sv "));
    }
    t.clear();
    t.advance(600);
    assert_eq!(stands(&t, no, "it"), "not reached");
    for who in ["desk", "tib"] {
        let alarm = t.notes_to(who, NoteWord::NotReached);
        assert!(alarm[0].whole.contains("functions=it-sv"), "{who}");
    }
    t.reply("it", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it"), "answered by it");
}

#[test]
fn rule_c9_the_last_resort_is_asked_when_no_deputy_is_left() {
    let plan = region_with(|b| b.deputies("it", &[]));
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    t.advance(301);
    assert_eq!(asked(&t, no, "it"), ["it", "tib"]);
    t.advance(301);
    assert_eq!(asked(&t, no, "it"), ["it", "tib", "cl"]);
}

#[test]
fn rule_c9_escalation_goes_on_with_the_newest_text() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.advance(60);
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    let newest = t.inc(no).newest(Audience::Internal).unwrap().seq;
    assert!(newest > 1);
    t.clear();
    t.advance(240);
    // Reminded and escalated with what is true now, not with the alert of five minutes ago.
    let all: Vec<_> = t.sent.iter().filter(|s| s.message.is_some()).collect();
    assert!(!all.is_empty() && all.iter().all(|s| s.message == Some(newest)), "{all:#?}");
    let deputy: Vec<_> = t.messages_to("it-led").into_iter().filter(|s| s.flags == 0).collect();
    assert!(only(&deputy).whole.contains("UPPDATERING"));
    // An answer to either number closes it.
    t.reply("it-led", Channel::Sms, "JA 1-1");
    assert_eq!(stands(&t, no, "it"), "answered by it-led");
}

#[test]
fn rule_c9_an_answer_to_the_newer_closes_the_older() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.advance(200);
    t.act("it-led", Action::Correct { number: "1-1".parse().unwrap(), news: News::default() }).unwrap();
    let tib = t.plan().function_ix("tib").unwrap();
    let old = t.inc(no).asks.iter().find(|a| a.function == tib).unwrap().clone();
    assert!(matches!(old.state, AskState::Closed { by: ClosedBy::Superseded(_), .. }), "{:?}", old.state);
    assert_eq!(t.ask(no, "tib").due, old.due, "no deadline moves later");
    t.reply("tib", Channel::Sms, "JA 1");
    t.advance(900);
    assert_eq!(asked(&t, no, "tib"), ["tib"]);
}

#[test]
fn rule_c9_unsent_parts_are_withdrawn_only_where_the_newer_goes_to_the_same_point() {
    let mut t = Timeline::by_day();
    t.gateways_say = None;
    let no = t.report("desk", ehr_down("outage"));
    let state = |t: &Timeline, f: &str, m: u32| -> Vec<DeliveryState> {
        let ids: Vec<_> = t.messages_to(f).iter().filter(|s| s.message == Some(m)).map(|s| s.id.ordinal).collect();
        ids.into_iter().map(|o| t.inc(no).deliveries[o as usize].state).collect()
    };
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    assert!(state(&t, "it", 1).iter().all(|s| *s == DeliveryState::Withdrawn));
    let newest = t.inc(no).newest(Audience::Internal).unwrap().seq;
    assert!(state(&t, "it", newest).iter().all(|s| *s == DeliveryState::Queued));
    // The chief physician, asked as a deputy, has only the older text: a newer one to others takes nothing from it.
    let mut t = Timeline::starting(DAY, rows(|b| vec![b.row(&["it", "lab"], &[Channel::Sms, Channel::Email])]));
    let no = slow(&mut t);
    t.gateways_say = None;
    t.advance(600);
    assert_eq!(asked(&t, no, "lab"), ["lab", "cl"]);
    let cl = t.messages_to("cl")[0].id.ordinal as usize;
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    assert_eq!(t.inc(no).deliveries[cl].state, DeliveryState::Queued);
}

#[test]
fn rule_c10_covering_at_night_is_no_escalation() {
    // At night `it` holds the owner's duty. Its deputies are it itself and then it-led.
    let plan = region_with(|b| {
        b.deputies("owner", &["it", "it-led"]);
        let row = b.row(&["owner"], &[Channel::Sms]);
        let book = b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap();
        book.levels = vec![LevelPlan { level: LevelIx(0), mode: None, propose: vec![], notify: vec![row] }];
    });
    let mut t = Timeline::starting(NIGHT, plan.clone());
    let no = slow(&mut t);
    assert_eq!(asked(&t, no, "owner"), ["it"], "its holder now");
    assert!(t.messages_to("it")[0].whole.starts_with("DU SVARAR NU FÖR: owner-sv "));
    assert!(t.messages_to("owner").is_empty(), "nobody is there");
    t.advance(901);
    assert_eq!(asked(&t, no, "owner"), ["it", "it-led"], "the next different duty");
    t.reply("it", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "owner"), "answered by it");
    // By day the owner itself, then it.
    let mut t = Timeline::starting(DAY, plan);
    let no = slow(&mut t);
    t.advance(901);
    assert_eq!(asked(&t, no, "owner"), ["owner", "it"]);
}

#[test]
fn rule_c11_the_new_shift_gets_the_state_and_answers_for_itself() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.reply("it", Channel::Sms, "JA 1");
    t.advance(1800);
    t.clear();
    t.input(Input::Shift { functions: vec!["it".into(), "icu".into()] }).unwrap();
    let state = t.notes_to("it", NoteWord::ShiftState);
    assert!(state[0].whole.contains("title=Journalen ligger nere; mode=STABSLÄGE FS HS; since=09.45; open=0"));
    assert!(t.messages_to("it").iter().any(|s| s.whole.ends_with("Svara JA 1")));
    assert_eq!(stands(&t, no, "it"), "waiting", "an answer of its own");
    let it = t.plan().function_ix("it").unwrap();
    assert_eq!(t.ask(no, "it").before_shift, Some(it), "the old answer shows");
    assert!(t.sent.iter().all(|s| s.to.contains(&"it".to_owned())), "the ICU is not concerned");
    t.reply("it", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it"), "answered by it");
}

#[test]
fn rule_c11_deadlines_stay() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("major"));
    let (ask, decision) = (t.ask(no, "tib").due, t.inc(no).proposals[0].due);
    let (_, approval) = t.waiting(no, "icu").unwrap();
    t.advance(100);
    t.clear();
    t.input(Input::Shift { functions: vec!["tib".into(), "kib".into()] }).unwrap();
    assert_eq!(t.ask(no, "tib").due, ask);
    assert_eq!(t.inc(no).proposals[0].due, decision);
    let wanted = t.notes_to("tib", NoteWord::DecisionWanted);
    let (inc, tib) = (t.inc(no), t.plan().function_ix("tib").unwrap());
    let code = inc.code_of(CodeFor::Decision, 0, tib, &inc.proposals[0].code);
    assert!(wanted[0].whole.contains(&format!("code={}", code.as_str())) && *code != inc.proposals[0].code);
    // KiB got no text of its own but has approvals open: they are sent anew, with codes that hold.
    let (_, again) = t.waiting(no, "icu").unwrap();
    assert_eq!(again.due, approval.due);
    let wanted = t.notes_to("kib", NoteWord::ApprovalWanted);
    assert!(wanted[0].whole.contains(again.code.as_str()), "{}", wanted[0].whole);
    assert!(t.notes_to("kib", NoteWord::ShiftState)[0].whole.contains("open=3"));
}

#[test]
fn rule_c11_tasks_are_sent_anew() {
    let plan = region_with(|b| {
        let f = b.function_ix("ward-ls");
        b.plan.functions[f.ix()].points.clear();
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("desk", Report { sites: vec!["LS".into()], safety: Default::default(), ..ehr_down("major") });
    assert_eq!(t.notes_to("desk", NoteWord::ReadOut).len(), 1);
    t.clear();
    t.input(Input::Shift { functions: vec!["desk".into()] }).unwrap();
    assert!(t.notes_to("desk", NoteWord::ShiftState)[0].whole.contains("open=1"));
    let task = only(&t.notes_to("desk", NoteWord::ReadOut)).whole.clone();
    assert!(task.contains("functions=ward-ls-sv"), "{task}");
    assert_eq!(t.inc(no).errands.len(), 1, "it is the same task");
}

#[test]
fn rule_c11_handover_does_it_at_once() {
    let mut t = Timeline::by_day();
    assert_eq!(t.act("it", Action::Handover { function: "it".into() }).unwrap_err().code, "nothing-open");
    let no = t.report("desk", ehr_down("major"));
    let not_yours = t.act("lab", Action::Handover { function: "it".into() }).unwrap_err();
    assert_eq!((not_yours.key(), not_yours.given("function").to_string()), ("not-yours--handover", "it".into()));
    t.reply("it", Channel::Sms, "JA 1");
    t.act("it", Action::Handover { function: "it".into() }).unwrap();
    assert_eq!(stands(&t, no, "it"), "waiting");
    t.act("kib", Action::Handover { function: "kib".into() }).unwrap();
    assert_eq!(t.notes_to("kib", NoteWord::ShiftState).len(), 2, "sms and pager");
    let again = t
        .events
        .iter()
        .filter(|(_, e)| matches!(e, Event::Incident { change, .. } if matches!(**change, Change::AskedAgain { .. })))
        .count();
    assert_eq!(again, 1);
}

#[test]
fn rule_c9_and_c11_who_takes_turns_is_reached_where_the_turn_is_and_everywhere_when_it_is_nobodys() {
    use vardkase::domain::roster::{Roster, Turn};
    let from = at(DAY).0 / 1000;
    let (mut first, mut second) = (PointIx(0), PointIx(0));
    let plan = region_with(|b| {
        let f = b.function_ix("it");
        first = b.plan.functions[f.ix()].points[0];
        second = b.point(f, "sms");
        b.plan.functions[f.ix()].points.push(second);
        b.plan.functions[f.ix()].roster = Roster::new(vec![
            Turn { from: from - 60, to: from + 1800, points: vec![first] },
            Turn { from: from + 1800, to: from + 3600, points: vec![second] },
        ]);
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("desk", ehr_down("outage"));
    let told = |t: &Timeline| {
        let to = |p: PointIx| t.sent.iter().any(|s| t.inc(no).deliveries[s.id.ordinal as usize].point == p);
        (to(first), to(second))
    };
    assert_eq!(told(&t), (true, false), "the second telephone is in a drawer");
    let pager = t.sent.iter().any(|s| s.to.contains(&"it".to_owned()) && s.channel == Channel::Paging);
    assert!(pager, "the pager takes no turns");
    // The reminder comes to the same telephone; from the change on everything to the other one.
    t.advance(1800);
    assert_eq!(told(&t), (true, false));
    t.clear();
    t.input(Input::Shift { functions: vec!["it".into()] }).unwrap();
    assert_eq!(told(&t), (false, true));
    assert!(
        !t.notes_to("it", NoteWord::ShiftState).is_empty() && !t.messages_to("it").is_empty(),
        "with the state and the text"
    );
    // Nobody has the turn: all of them.
    t.advance(1800);
    t.clear();
    t.input(Input::Shift { functions: vec!["it".into()] }).unwrap();
    assert_eq!(told(&t), (true, true));
}
