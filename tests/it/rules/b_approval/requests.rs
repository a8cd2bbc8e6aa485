//! What an approval is bound to, codes, the approver's change (B2).

use super::*;

#[test]
fn rule_b2_a_waiting_draft_pages_its_approver_at_once_with_all_entries_and_deadlines() {
    let mut t = day();
    let no = t.ehr_down("major");
    let notes = t.notes_to("kib", NoteWord::ApprovalWanted);
    let called = t.notes_to("kib", NoteWord::CallIn);
    assert_eq!(
        notes.iter().chain(&called).map(|s| s.channel).collect::<Vec<_>>(),
        [SMS, Channel::Paging],
        "all duty points, one request; to a pager, whom to call"
    );
    assert!(notes.iter().all(|s| s.at == t.now));
    let text = &notes[0].whole;
    for (to, name, seq, deadline) in
        [("icu", "icu-sv, ed-sv", 1, "09.55"), ("public", "allmänheten", 2, "10.05"), ("town", "town-sv", 3, "10.00")]
    {
        let print = t.inc(no).message(seq).unwrap().texts[&SV].fingerprint;
        let line =
            format!("number=1-{seq}; fingerprint={print}; to={name}; deadline={deadline}; code={}", code(&t, no, to));
        assert!(text.contains(&line), "{line}\n{text}");
    }
}

#[test]
fn rule_b2_an_approval_is_bound_to_number_fingerprint_and_entry() {
    let mut t = day();
    let no = t.ehr_down("major");
    let n = number(&t, no, "icu");
    let wrong: vardkase::domain::text::Fingerprint = "000000".parse().unwrap();
    let refused =
        t.act("kib", Action::Approve { number: n, fingerprint: wrong, entry: None, works: true }).unwrap_err();
    let now = t.inc(no).message(1).unwrap().texts[&SV].fingerprint;
    assert_eq!(refused.code, "stale-fingerprint");
    let given = |name: &str| refused.given(name).to_string();
    assert_eq!((given("message"), given("now")), ("1-1".into(), now.to_string()));
    let refused =
        t.act("kib", Action::Approve { number: n, fingerprint: now, entry: Some(99), works: true }).unwrap_err();
    assert_eq!(refused.code, "unknown-entry");
    let refused = approve(&mut t, "lab", n).unwrap_err();
    assert_eq!((refused.code, refused.given("asked").to_string()), ("not-yours", "kib".into()));
    let public = t.inc(no).message(2).unwrap().texts[&SV].fingerprint;
    let refused =
        t.act("kib", Action::Approve { number: n, fingerprint: public, entry: None, works: true }).unwrap_err();
    assert_eq!(refused.code, "stale-fingerprint", "the yes to one text is not a yes to another");
    assert_eq!(icu_got(&t), 0);
    let entry = t.waiting(no, "icu").unwrap().0.id;
    t.act("kib", Action::Approve { number: n, fingerprint: now, entry: Some(entry), works: true }).unwrap();
    assert_eq!(icu_got(&t), 2);
    assert!(t.waiting(no, "public").is_some());
}

#[test]
fn rule_b2_a_stale_fingerprint_is_refused_with_the_difference() {
    let mut t = day();
    let no = t.ehr_down("major");
    let old = number(&t, no, "icu");
    let fingerprint = t.inc(no).message(1).unwrap().texts[&SV].fingerprint;
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    let new = number(&t, no, "icu");
    assert_ne!(old, new);
    // 1-1 went to it and tib without approval: that must not look as if it had been released to icu.
    let refused = t.act("kib", Action::Approve { number: old, fingerprint, entry: None, works: true }).unwrap_err();
    assert_eq!(refused.code, "stale-fingerprint");
    let given = |name: &str| refused.given(name).to_string();
    assert_eq!((refused.key(), given("new")), ("stale-fingerprint--replaced", new.to_string()));
    assert_eq!((&*given("was"), &*given("is")), ("STABSLÄGE FS", "FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE"));
    let refused = t.act("kib", Action::Approve { number: new, fingerprint, entry: None, works: true }).unwrap_err();
    let given = |name: &str| refused.given(name).to_string();
    assert_eq!((&*given("earlier"), &*given("was")), ("1-1", "STABSLÄGE FS"), "{refused}");
    assert_eq!(icu_got(&t), 0);
    approve(&mut t, "kib", new).unwrap();
    assert_eq!(icu_got(&t), 2);
}

#[test]
fn rule_b2_the_approvers_change_is_a_new_number_for_those_who_got_the_earlier_one_too() {
    let mut t = day();
    let no = t.ehr_down("major");
    let (_, before) = t.waiting(no, "icu").unwrap();
    t.advance(120);
    let text = t.text(no, 1, SV).replace("sjukhusen", "bara Fjällsjukhuset");
    let n = number(&t, no, "icu");
    let texts = BTreeMap::from([(SV, text.clone())]);
    t.act("kib", Action::Change { number: n, texts }).unwrap();
    let (entry, after) = t.waiting(no, "icu").unwrap();
    assert!(entry.message > 1);
    assert_eq!(after.due, before.due, "the first deadline");
    assert_ne!(after.code.as_str(), before.code.as_str());
    assert_eq!(t.got("it", Kind::Alert).len(), 2, "not before it is approved");
    t.reply("kib", SMS, &format!("OK {}", after.code.as_str()));
    for who in ["icu", "it", "tib"] {
        assert!(t.got(who, Kind::Alert).iter().any(|s| s.whole.contains(&text)), "{who}");
    }
    assert!(t.inc(no).message(entry.message).unwrap().replaces == Some(1));
}

#[test]
fn rule_b2_five_wrong_codes_block_sms_and_raise_an_alarm() {
    let mut t = day();
    let no = t.ehr_down("major");
    let right = code(&t, no, "icu");
    let wrong = |n: u32| {
        let w = format!("{}", 100_000 + n);
        assert_ne!(w, right);
        w
    };
    for n in 0..4 {
        t.reply("kib", SMS, &format!("OK {}", wrong(n)));
        let left = t.notes_to("kib", NoteWord::WrongCode);
        assert!(left.last().unwrap().whole.contains(&format!("left={}", 4 - n)), "{left:?}");
    }
    assert!(t.notes_to("desk", NoteWord::TriesOver).is_empty());
    t.reply("kib", SMS, &format!("OK {}", wrong(4)));
    for who in ["desk", "tib", "kib"] {
        assert!(!t.notes_to(who, NoteWord::TriesOver).is_empty(), "{who}");
    }
    t.clear();
    t.reply("kib", SMS, &format!("OK {right}"));
    assert_eq!(icu_got(&t), 0, "the right code comes too late for SMS");
    assert_eq!(t.notes_to("kib", NoteWord::TriesOver).len(), 1, "and it is said why");
    // The console still takes it.
    let n = number(&t, no, "icu");
    approve(&mut t, "kib", n).unwrap();
    assert_eq!(icu_got(&t), 2);
}

#[test]
fn rule_b2_codes_are_single_use_and_apart_from_answer_codes() {
    let mut t = day();
    let no = t.ehr_down("major");
    let codes: Vec<String> = ["icu", "public", "town"].iter().map(|to| code(&t, no, to)).collect();
    assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    assert!(codes.iter().all(|c| c.len() == 6 && c.parse::<u32>().is_ok()), "six digits, unlike an incident's number");
    t.reply("kib", SMS, &format!("OK {}", codes[0]));
    assert_eq!(icu_got(&t), 2);
    assert!(t.waiting(no, "public").is_some(), "one code, one entry");
    t.clear();
    t.reply("kib", SMS, &format!("OK {}", codes[0]));
    assert_eq!(icu_got(&t), 0);
    assert_eq!(t.waiting(no, "public").unwrap().1.wrong, 0, "a code that was used does not count as a guess");
    let note = t.notes_to("kib", NoteWord::AlreadyReleased);
    assert!(note[0].whole.contains("number=1-1; time=09.45; by=kib-sv"), "{note:?}");
    // The incident's number answers; it never approves.
    t.reply("kib", SMS, "OK 1");
    assert!(t.waiting(no, "public").is_some());
}

#[test]
fn rule_b2_codes_count_only_from_the_addresses_that_were_asked() {
    let mut t = day();
    let no = t.ehr_down("major");
    let right = code(&t, no, "icu");
    for other in ["press", "tib", "it", "icu"] {
        t.reply(other, SMS, &format!("OK {right}"));
        assert_eq!(icu_got(&t), 0, "{other} was not asked");
    }
    assert_eq!(t.waiting(no, "icu").unwrap().1.wrong, 0, "and can't use up KiB's tries");
    let from = vec![];
    t.input(Input::Reply { who: None, from, known: None, text: format!("OK {right}").as_str().into() }).unwrap();
    assert_eq!(icu_got(&t), 0, "a stranger");
    t.reply("kib", SMS, &format!("ok {right}. /Anna"));
    assert_eq!(icu_got(&t), 2);
}

#[test]
fn rule_b2_a_bare_ok_yes_or_thumbs_up_never_approves() {
    let mut t = day();
    let no = t.ehr_down("major");
    for bare in ["OK", "ok!", "Ja", "yes", "JAG TAR DET", "👍", "OK 1", "ja 1-1", "1", ""] {
        t.reply("kib", SMS, bare);
        assert_eq!(icu_got(&t), 0, "{bare:?}");
        for to in ["icu", "public", "town"] {
            let (_, a) = t.waiting(no, to).unwrap();
            assert_eq!((a.wrong, a.extended, a.rejected), (0, false, false), "{bare:?}");
        }
    }
}

#[test]
fn rule_b2_wait_extends_once() {
    let mut t = day();
    let no = t.ehr_down("major");
    let (_, before) = t.waiting(no, "icu").unwrap();
    t.clear();
    t.reply("kib", SMS, &format!("VÄNTA {}", before.code.as_str()));
    let (_, after) = t.waiting(no, "icu").unwrap();
    assert_eq!(after.due, before.due + 600);
    let shown = t.notes_to("kib", NoteWord::ApprovalWanted);
    assert!(shown[0].whole.contains("deadline=10.05"), "the new deadline is told: {shown:?}");
    t.reply("kib", SMS, &format!("vänta {}", before.code.as_str()));
    assert_eq!(t.waiting(no, "icu").unwrap().1.due, after.due, "once");
    let n = number(&t, no, "icu");
    let refused = t.act("kib", Action::Wait { number: n }).unwrap_err();
    assert_eq!(refused.code, "extended-already");
    t.reply("kib", SMS, &format!("OK {}", before.code.as_str()));
    assert_eq!(icu_got(&t), 2, "the code still holds");
}

#[test]
fn rule_b2_one_request_per_approver_when_more_comes_to_wait() {
    let mut t = day();
    let no = t.ehr_down("outage");
    assert!(t.notes_to("kib", NoteWord::ApprovalWanted).is_empty());
    t.act("it-led", Action::Update { incident: no, news: News { level: Some("D3".into()), ..News::default() } })
        .unwrap();
    let notes = t.notes_to("kib", NoteWord::ApprovalWanted);
    assert_eq!((notes.len(), t.notes_to("kib", NoteWord::CallIn).len()), (1, 1), "sms and pager, once each");
    let alert = newest_of(&t, no, Audience::Internal, |k| k == Kind::Alert);
    assert!(notes[0].whole.contains(&format!("number=1-{alert};")), "{notes:?}");
}
