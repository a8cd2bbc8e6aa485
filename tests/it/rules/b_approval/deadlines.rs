//! Rejecting, escalating, changed facts, late answers, four eyes, the holding text (B3 to B7).

use super::*;

#[test]
fn rule_b3_a_reject_without_text_passes_to_the_deputy_and_the_first_deadline_runs_on() {
    let mut t = day();
    let no = t.ehr_down("major");
    let (_, before) = t.waiting(no, "icu").unwrap();
    t.advance(60);
    t.reply("kib", SMS, &format!("NEJ {}", before.code.as_str()));
    assert_eq!(asked(&t, no, "icu"), ["kib"], "a no needs a reason");
    t.reply("kib", SMS, &format!("NEJ {} fel sjukhus", before.code.as_str()));
    assert_eq!(asked(&t, no, "icu"), ["kib", "press"]);
    assert_eq!(t.waiting(no, "icu").unwrap().1.due, before.due);
    assert_eq!(t.notes_to("kib", NoteWord::RejectedNoted).len(), 1, "to where the answer came from");
    assert_eq!(t.notes_to("press", NoteWord::ApprovalWanted).len(), 1);
    assert!(t.events.iter().any(|(_, e)| e.name() == "approval-ended"), "the reason is on record");
    // The deputy has a code that holds from its own address.
    t.reply("press", SMS, &format!("OK {}", code_of(&t, no, "icu", "press")));
    assert_eq!(icu_got(&t), 2);
    assert_eq!(t.notes_to("press", NoteWord::ApprovedNoted).len(), 1, "understood");
    assert_eq!(t.notes_to("kib", NoteWord::ApprovalTaken).len(), 2, "KiB needs not read on");
}

#[test]
fn rule_b3_a_reject_with_a_replacement_asks_nobody_else() {
    let mut t = day();
    let no = t.ehr_down("major");
    let (_, before) = t.waiting(no, "icu").unwrap();
    let n = number(&t, no, "icu");
    let text = t.text(no, 1, SV).replace("sjukhusen", "bara FS");
    let reject = |reason: &str, text: Option<&str>| Action::Reject {
        number: n,
        reason: reason.into(),
        replacement: text.map(|x| BTreeMap::from([(SV, x.to_owned())])),
    };
    assert_eq!(t.act("kib", reject("", Some(&text))).unwrap_err().code, "no-reason");
    assert_eq!(t.act("kib", reject("fel", Some("a\u{202e}b"))).unwrap_err().code, "bad-text");
    t.act("kib", reject("fel omfattning", Some(&text))).unwrap();
    let (entry, after) = t.waiting(no, "icu").unwrap();
    assert_eq!(t.text(no, entry.message, SV), text);
    assert_eq!(asked(&t, no, "icu"), ["kib"]);
    assert_eq!((after.due, after.rejected), (before.due, false));
    assert!(t.notes_to("press", NoteWord::ApprovalWanted).is_empty());
}

#[test]
fn rule_b3_release_at_the_end_of_the_time() {
    let mut t = day();
    let no = t.ehr_down("major");
    t.advance(599);
    assert_eq!(icu_got(&t), 0);
    t.advance(1);
    assert_eq!(icu_got(&t), 2);
    assert_eq!(released_by(&t, no, "icu").unwrap().1, ReleasedBy::Deadline);
}

#[test]
fn rule_b3_escalate_asks_deputies_then_the_last_resort_then_does_what_finally_says() {
    // kib -> press -> tib -> tib-2 -> cl: each holder once, each with its own time.
    for finally in [Then::Release, Then::Hold] {
        let mut t = with(|plan| care_row(plan, Then::Escalate, finally));
        let no = t.ehr_down("major");
        let mut chain = asked(&t, no, "icu");
        for _ in 0..4 {
            t.advance(599);
            assert_eq!(asked(&t, no, "icu"), chain);
            t.advance(1);
            chain = asked(&t, no, "icu");
        }
        assert_eq!(chain, ["kib", "press", "tib", "tib-2", "cl"]);
        for who in &chain {
            assert!(!t.notes_to(who, NoteWord::ApprovalWanted).is_empty(), "{who}");
        }
        assert!(t.notes_to("desk", NoteWord::ApprovalHeld).is_empty());
        t.clear();
        t.advance(600);
        if finally == Then::Release {
            assert_eq!(icu_got(&t), 2);
            continue;
        }
        // A standing alarm, and the question again each `within`.
        assert_eq!(icu_got(&t), 0);
        assert_eq!(t.notes_to("desk", NoteWord::ApprovalHeld).len(), 1);
        for who in ["tib", "cl"] {
            assert!(!t.notes_to(who, NoteWord::ApprovalWanted).is_empty(), "{who} is asked, and knows by that");
        }
        for _ in 0..3 {
            t.clear();
            t.advance(599);
            assert!(t.notes_to("kib", NoteWord::ApprovalWanted).is_empty());
            t.advance(1);
            for who in &chain {
                assert!(!t.notes_to(who, NoteWord::ApprovalWanted).is_empty(), "{who} is asked again");
            }
            assert!(t.waiting(no, "icu").unwrap().1.held);
        }
        t.reply("cl", SMS, &format!("OK {}", code_of(&t, no, "icu", "cl")));
        assert_eq!(icu_got(&t), 2, "a late yes still releases what is held");
    }
}

#[test]
fn rule_b3_hold_is_a_standing_alarm_and_break_glass_is_always_possible() {
    let mut t = with(|plan| care_row(plan, Then::Hold, Then::Hold));
    let no = t.ehr_down("major");
    t.advance(600);
    assert!(t.waiting(no, "icu").unwrap().1.held);
    let n = number(&t, no, "icu");
    let glass = |reason: &str| Action::BreakGlass { number: n, reason: reason.into() };
    assert_eq!(t.act("tib", glass("")).unwrap_err().code, "no-reason");
    assert_eq!(t.act("lab", glass("patienter i fara")).unwrap_err().code, "not-yours");
    t.act("tib", glass("patienter i fara")).unwrap();
    assert_eq!(icu_got(&t), 2);
    assert!(matches!(released_by(&t, no, "icu").unwrap().1, ReleasedBy::BreakGlass(_)));
}

#[test]
fn rule_b4_a_changed_fact_renders_anew_voids_codes_shows_the_difference_and_keeps_the_deadline() {
    let restore = |t: &Timeline| Some(Restore::At(t.now + 5400));
    type Change = Box<dyn Fn(&mut Timeline, IncidentNo)>;
    let changes: [(Change, &str); 2] = [
        (
            Box::new(|t, no| {
                t.act("tib", Action::Decide { incident: no, proposal: None, yes: true, reason: "".into() }).unwrap();
            }),
            "'STABSLÄGE' -> 'FÖRSTÄRKNINGSLÄGE'",
        ),
        (
            Box::new(move |t, no| {
                let next = Some(at("2008-12-18T10:45:00+01:00"));
                let news = News { restore: restore(t), next, ..News::default() };
                t.act("it-led", Action::Update { incident: no, news }).unwrap();
            }),
            "'okänt.' -> '11.16.'",
        ),
    ];
    for (change, shown) in changes {
        let mut t = day();
        let no = t.ehr_down("major");
        t.advance(60);
        let (entry, before) = t.waiting(no, "icu").unwrap();
        t.clear();
        change(&mut t, no);
        let (moved, after) = t.waiting(no, "icu").unwrap();
        assert!(moved.message > entry.message);
        assert_eq!(after.due, before.due, "the deadline stays");
        let note = t.notes_to("kib", NoteWord::ApprovalWanted);
        let (a, b) = shown.split_once(" -> ").unwrap();
        assert!(note[0].whole.contains(a) && note[0].whole.contains(b) || note[0].whole.contains(shown), "{note:?}");
        assert!(note[0].whole.contains("1-1: '"), "{note:?}");
        assert_eq!(note.len(), 1, "one request; the pager was called a minute ago");
        // The old code does nothing, does not count as a guess, and brings the new request again.
        t.clear();
        t.reply("kib", SMS, &format!("OK {}", before.code.as_str()));
        assert_eq!(icu_got(&t), 0);
        assert_eq!(t.waiting(no, "icu").unwrap().1.wrong, 0);
        let again = t.notes_to("kib", NoteWord::ApprovalWanted);
        assert!(again[0].whole.contains(after.code.as_str()), "{again:?}");
        t.reply("kib", SMS, &format!("OK {}", after.code.as_str()));
        let number = t.inc(no).message(moved.message).unwrap().texts[&SV].fingerprint.to_string();
        assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains(&number)));
    }
}

#[test]
fn rule_b4_a_raised_level_renders_waiting_drafts_anew() {
    let mut t = with(|plan| {
        plan.ladders.levels[3].care_at_once = false;
        plan.playbooks.get_mut(&"ehr-down".into()).unwrap().levels[2].mode = None;
    });
    let no = t.ehr_down("major");
    let (before, a) = t.waiting(no, "public").unwrap();
    t.act(
        "it-led",
        Action::Update {
            incident: no,
            news: News { level: Some("D4".into()), next: Some(t.now + 1800), ..News::default() },
        },
    )
    .unwrap();
    let (after, b) = t.waiting(no, "public").unwrap();
    assert!(after.message > before.message, "the next update moved, so the text did");
    assert_eq!(a.due, b.due);
    assert_ne!(a.code.as_str(), b.code.as_str());
}

#[test]
fn rule_b5_a_request_that_is_not_delivered_asks_the_deputy_beside() {
    for (said, beside) in [
        (Some(DeliveryState::Accepted), true),
        (Some(DeliveryState::Failed), true),
        (None, true),
        (Some(DeliveryState::Delivered), false),
    ] {
        let mut t = day();
        t.gateways_say = said;
        let no = t.ehr_down("major");
        let (_, before) = t.waiting(no, "icu").unwrap();
        t.advance(179);
        assert_eq!(asked(&t, no, "icu"), ["kib"]);
        t.advance(1);
        let expected: &[&str] = if beside { &["kib", "press"] } else { &["kib"] };
        assert_eq!(asked(&t, no, "icu"), expected, "{said:?}");
        assert_eq!(t.waiting(no, "icu").unwrap().1.due, before.due, "beside: the deadline stays");
        t.advance(200);
        assert_eq!(asked(&t, no, "icu"), expected, "once");
        if beside {
            assert!(!t.notes_to("press", NoteWord::ApprovalWanted).is_empty());
            t.reply("kib", SMS, &format!("OK {}", code(&t, no, "icu")));
            assert!(released_by(&t, no, "icu").is_some(), "KiB may still say yes");
        }
    }
}

#[test]
fn rule_b5_a_new_request_must_arrive_too() {
    let mut t = day();
    let no = t.ehr_down("major");
    t.gateways_say = None;
    t.advance(10);
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    t.advance(180);
    assert_eq!(asked(&t, no, "icu"), ["kib", "press"], "the codes that KiB has are void");
}

#[test]
fn rule_b5_a_late_answer_is_told_so_and_changes_nothing() {
    let mut t = day();
    let no = t.ehr_down("major");
    let old = code(&t, no, "icu");
    let n = number(&t, no, "icu");
    t.advance(600);
    let before = t.state.clone();
    let fingerprint = t.inc(no).message(1).unwrap().texts[&SV].fingerprint;
    let refused = t.act("kib", Action::Approve { number: n, fingerprint, entry: None, works: true }).unwrap_err();
    assert_eq!(refused.code, "already-released");
    assert_eq!(refused.to_string(), "already-released--deadline, message: 1-1, at: 09.55");
    assert!(t.state == before);
    t.clear();
    for late in [format!("OK {old}"), format!("NEJ {old} för sent"), format!("VÄNTA {old}")] {
        t.reply("kib", SMS, &late);
    }
    let notes = t.notes_to("kib", NoteWord::AlreadyReleased);
    assert_eq!(notes.len(), 3);
    assert!(notes[0].whole.contains("number=1-1; time=09.55; by=tidens slut"), "{notes:?}");
    assert_eq!(icu_got(&t), 0, "nothing goes out twice");
    assert_eq!(t.waiting(no, "public").unwrap().1.wrong, 0, "nor is it a guess at what still waits");
}

#[test]
fn rule_b6_who_reported_cannot_approve_and_another_is_asked() {
    let mut t = day();
    let no = t.report("kib", ehr_down("major"));
    assert_eq!(asked(&t, no, "icu"), ["press"], "the first who may");
    let n = number(&t, no, "icu");
    assert_eq!(approve(&mut t, "kib", n).unwrap_err().code, "not-yours");
    // Even when KiB comes to be asked.
    t.reply("kib", SMS, &format!("OK {}", code(&t, no, "icu")));
    assert_eq!(icu_got(&t), 0);
    approve(&mut t, "press", n).unwrap();
    assert_eq!(icu_got(&t), 2);
}

#[test]
fn rule_b6_where_the_playbook_does_not_say_so_the_reporter_may() {
    let mut t = with(|plan| plan.playbooks.get_mut(&"ehr-down".into()).unwrap().four_eyes = false);
    let no = t.report("kib", ehr_down("major"));
    let n = number(&t, no, "icu");
    approve(&mut t, "kib", n).unwrap();
    assert_eq!(icu_got(&t), 2);
}

#[test]
fn rule_b6_the_approvers_own_edit_is_not_an_own_draft() {
    let mut t = day();
    let no = t.ehr_down("major");
    let n = number(&t, no, "icu");
    let text = t.text(no, 1, SV).replace("sjukhusen", "FS");
    t.act("kib", Action::Change { number: n, texts: BTreeMap::from([(SV, text)]) }).unwrap();
    let n = number(&t, no, "icu");
    approve(&mut t, "kib", n).unwrap();
    assert_eq!(icu_got(&t), 2);
}

#[test]
fn rule_b6_where_nobody_is_left_the_end_of_the_deadline_decides() {
    let mut t = with(|plan| {
        let (kib, press) = (plan.function_ix("kib").unwrap(), plan.function_ix("press").unwrap());
        // One holder carries it all.
        plan.functions[press.ix()].hours = vardkase::domain::plan::Hours::Day { covered_by: kib };
        plan.functions[kib.ix()].deputies = vec![press];
        plan.functions[press.ix()].deputies = vec![kib];
        plan.region.last_resort = vec![kib];
        plan.index();
    });
    t.now = at("2008-12-18T03:12:00+01:00");
    let no = t.report("kib", ehr_down("major"));
    let n = number(&t, no, "icu");
    let refused = approve(&mut t, "kib", n).unwrap_err();
    assert_eq!((refused.code, refused.given("by").to_string()), ("four-eyes", "kib".into()));
    t.advance(600);
    assert_eq!(icu_got(&t), 2);
    assert_eq!(released_by(&t, no, "icu").unwrap().1, ReleasedBy::Deadline);
}

fn public_texts(t: &Timeline, no: IncidentNo) -> Vec<(Kind, String)> {
    let mut all: Vec<&Message> =
        t.inc(no).messages.iter().filter(|m| m.audience == Audience::Public && m.released_at.is_some()).collect();
    all.sort_by_key(|m| m.released_at);
    assert_eq!(t.inc(no).newest(Audience::Public).map(|m| m.seq), all.last().map(|m| m.seq), "what the page shows");
    all.iter().map(|m| (m.kind, m.texts[&SV].text.to_string())).collect()
}

#[test]
fn rule_b7_the_public_gets_the_holding_text_after_ten_minutes_never_silence() {
    let mut t = day();
    let no = t.ehr_down("major");
    t.advance(599);
    assert_eq!(public_texts(&t, no), []);
    t.advance(1);
    let texts = public_texts(&t, no);
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0].0, Kind::Holding);
    assert!(
        texts[0].1.ends_with("Vi vet inte ännu hur. Nästa besked kommer klockan 10.45. Vid fara för liv: ring 112. För råd om vård: ring 0980-319 200. Avsändare: Region Små."),
        "{}",
        texts[0].1
    );
    assert!(t.waiting(no, "public").is_some(), "the question goes on");
    t.advance(3600);
    assert_eq!(public_texts(&t, no).len(), 1, "once");
    approve_all(&mut t, no);
    assert_eq!(public_texts(&t, no).last().unwrap().0, Kind::Alert, "the approved text follows");
}

#[test]
fn rule_b7_a_rejected_public_text_does_not_leave_the_public_in_silence() {
    let mut t = day();
    let no = t.ehr_down("major");
    t.reply("kib", SMS, &format!("NEJ {} inte så", code(&t, no, "public")));
    t.reply("press", SMS, &format!("NEJ {} inte så", code(&t, no, "public")));
    t.advance(600);
    assert_eq!(public_texts(&t, no).iter().map(|x| x.0).collect::<Vec<_>>(), [Kind::Holding]);
    // The chain: press, tib, tib-2, cl; then it is held, and the holding text stands.
    t.advance(4 * 3600);
    assert!(t.waiting(no, "public").unwrap().1.held);
    assert_eq!(public_texts(&t, no).iter().map(|x| x.0).collect::<Vec<_>>(), [Kind::Holding]);
}

#[test]
fn rule_b7_an_approved_text_in_time_needs_no_holding_text() {
    let mut t = day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.advance(1200);
    assert_eq!(public_texts(&t, no).iter().map(|x| x.0).collect::<Vec<_>>(), [Kind::Alert]);
}

#[test]
fn rule_b7_public_never_says_nothing_and_holding_speaks_at_once() {
    let set = |rule| move |plan: &mut Plan| plan.playbooks.get_mut(&"ehr-down".into()).unwrap().public = rule;
    let mut t = with(set(PublicRule::Never));
    let no = t.ehr_down("major");
    t.advance(3600);
    t.act("it-led", Action::Update { incident: no, news: News { level: Some("critical".into()), ..News::default() } })
        .unwrap();
    t.advance(3600);
    t.act("it-led", Action::AllClear { incident: no, override_reason: Some("över".into()) }).unwrap();
    assert!(t.inc(no).messages.iter().all(|m| m.audience != Audience::Public));
    let mut t = with(set(PublicRule::Holding));
    let no = t.ehr_down("major");
    assert_eq!(public_texts(&t, no).iter().map(|x| x.0).collect::<Vec<_>>(), [Kind::Holding]);
    assert!(t.waiting(no, "public").is_some(), "the rest after approval");
}

#[test]
fn rule_b7_no_holding_text_after_a_stop_nor_in_a_drill() {
    let mut t = day();
    let no = t.ehr_down("major");
    t.act("it-led", Action::Stop { incident: no, message: None, false_alarm: false, reason: "falsklarm".into() })
        .unwrap();
    t.advance(3600);
    assert_eq!(public_texts(&t, no), [], "nothing false is told");
    for rule in [PublicRule::Approved, PublicRule::Holding] {
        let mut t = with(|plan| plan.playbooks.get_mut(&"ehr-down".into()).unwrap().public = rule);
        let no = t.report("it", Report { exercise: true, ..ehr_down("major") });
        t.advance(3600);
        assert_eq!(public_texts(&t, no), []);
        assert!(t.messages_to("town").is_empty(), "nor are outside groups drilled");
    }
}
