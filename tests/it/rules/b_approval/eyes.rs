//! H3: what the public sees takes two accounts, devices or addresses.

use super::*;
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::event::{Change, Event};

/// One that signs in for a duty.
fn account(id: &str) -> Option<Actor> {
    Some(Actor::account(id))
}

fn approve_as(t: &mut Timeline, who: Option<Actor>, by: &str, number: MessageNo) -> Result<(), Refused> {
    let fingerprint = t.inc(number.incident).message(number.seq).unwrap().texts[&SV].fingerprint;
    t.act_as(who, by, Action::Approve { number, fingerprint, entry: None, works: true }).map(|_| ())
}

/// Reported for `by` by that one.
fn reported(t: &mut Timeline, who: Option<Actor>, by: &str) -> IncidentNo {
    t.act_as(who, by, Action::Report(ehr_down("major"))).unwrap();
    IncidentNo::actual(1)
}

fn public_is_out(t: &Timeline, no: IncidentNo) -> bool {
    t.inc(no)
        .messages
        .iter()
        .any(|m| m.audience == Audience::Public && m.kind == Kind::Alert && m.released_at.is_some())
}

#[test]
fn rule_h3_two_accounts_are_two_pairs_of_eyes() {
    let mut t = day();
    let no = reported(&mut t, account("it-1"), "it");
    let n = number(&t, no, "public");
    approve_as(&mut t, account("kom-1"), "kib", n).unwrap();
    assert!(public_is_out(&t, no));
}

#[test]
fn rule_h3_one_account_with_two_functions_is_refused_and_the_deputy_is_asked_at_once() {
    let mut t = day();
    let no = reported(&mut t, account("natt"), "it");
    let n = number(&t, no, "public");
    assert_eq!(asked(&t, no, "public"), ["kib"]);
    t.clear();
    let refused = approve_as(&mut t, account("natt"), "kib", n).unwrap_err();
    assert_eq!((refused.code, refused.given("other").to_string()), ("same-eyes", "press".into()));
    assert_eq!(refused.given("decides").to_string(), "10.05");
    assert!(!public_is_out(&t, no));
    assert_eq!(asked(&t, no, "public"), ["kib", "press"]);
    assert!(!t.notes_to("press", NoteWord::ApprovalWanted).is_empty());
    // Again and again: who was asked beside has it.
    approve_as(&mut t, account("natt"), "kib", n).unwrap_err();
    assert_eq!(asked(&t, no, "public"), ["kib", "press"]);
    // For the deputy it is the same pair of eyes, and the next is asked.
    approve_as(&mut t, account("natt"), "press", n).unwrap_err();
    assert_eq!(asked(&t, no, "public"), ["kib", "press", "tib"]);
    // What stays inside asks for four eyes of functions alone (B6).
    let inside = number(&t, no, "icu");
    approve_as(&mut t, account("natt"), "kib", inside).unwrap();
    assert_eq!(icu_got(&t), 2);
    // Another account of the same duty is another pair of eyes.
    approve_as(&mut t, account("kom-1"), "kib", n).unwrap();
    assert!(public_is_out(&t, no));
}

#[test]
fn rule_h3_when_nobody_else_is_there_the_deadline_decides() {
    let mut t = with(|plan| {
        let rows = plan.playbooks.get_mut(&"ehr-down".into()).unwrap().levels.iter_mut().flat_map(|l| &mut l.notify);
        for rule in rows.filter_map(|row| row.approval.as_mut()) {
            (rule.then, rule.finally) = (Then::Release, Then::Release);
        }
    });
    let no = reported(&mut t, account("natt"), "it");
    let n = number(&t, no, "public");
    approve_as(&mut t, account("natt"), "kib", n).unwrap_err();
    t.advance(1199);
    assert!(!public_is_out(&t, no));
    t.advance(1);
    assert!(public_is_out(&t, no), "the end of the deadline");
}

#[test]
fn rule_h3_break_glass_needs_no_second_pair_of_eyes() {
    let mut t = day();
    let no = reported(&mut t, account("natt"), "it");
    let n = number(&t, no, "public");
    t.act_as(account("natt"), "tib", Action::BreakGlass { number: n, reason: "ensam".into() }).unwrap();
    assert!(public_is_out(&t, no));
}

#[test]
fn rule_h3_a_token_is_an_account_and_a_device_is_one() {
    for one in [Actor::token("t1"), Actor::device("d1"), Actor::machine(), Actor::address("5f")] {
        let mut t = day();
        let no = reported(&mut t, Some(one.clone()), "it");
        let n = number(&t, no, "public");
        assert_eq!(approve_as(&mut t, Some(one), "kib", n).unwrap_err().code, "same-eyes");
        approve_as(&mut t, Some(Actor::device("d2")), "kib", n).unwrap();
        assert!(public_is_out(&t, no));
    }
}

#[test]
fn rule_h3_a_monitor_is_nobody_it_reports_and_never_approves() {
    let mut t = day();
    let no = reported(&mut t, None, "it");
    let n = number(&t, no, "public");
    let refused = approve_as(&mut t, None, "kib", n).unwrap_err();
    assert_eq!(refused.key(), "same-eyes--program");
    // Whoever it was that read the monitor's report is the first pair of eyes.
    approve_as(&mut t, account("kom-1"), "kib", n).unwrap();
    assert!(public_is_out(&t, no));
}

#[test]
fn rule_h3_an_address_that_was_asked_is_a_device_over_sms_and_link() {
    // One telephone for two duties: reported from it, approved from it.
    let telephone = || Some(Actor::address("5f"));
    let mut t = day();
    let no = reported(&mut t, telephone(), "it");
    let ok = |t: &Timeline| format!("OK {}", code(t, no, "public"));
    let from = |t: &Timeline| vec![(no, t.point("kib", SMS))];
    let text = ok(&t);
    t.clear();
    let reply = Input::Reply { who: telephone(), from: from(&t), known: None, text: text.as_str().into() };
    t.input(reply).unwrap();
    assert!(!public_is_out(&t, no));
    assert_eq!(t.notes_to("kib", NoteWord::OtherEyes).len(), 1, "it says why");
    assert_eq!(asked(&t, no, "public"), ["kib", "press"]);
    // The link that was sent to it is the same device.
    let n = number(&t, no, "public");
    assert_eq!(approve_as(&mut t, telephone(), "kib", n).unwrap_err().code, "same-eyes");
    // Another telephone is another.
    let text = ok(&t);
    let who = Some(Actor::address("a0"));
    let reply = Input::Reply { who, from: from(&t), known: None, text: text.as_str().into() };
    t.input(reply).unwrap();
    assert!(public_is_out(&t, no));
}

#[test]
fn rule_h3_who_gave_the_newest_news_does_not_approve_it_and_an_own_wording_is_no_news() {
    let mut t = day();
    let no = reported(&mut t, account("it-1"), "it");
    let news = News { level: Some("D4".into()), next: Some(t.now + 1800), ..News::default() };
    t.act_as(account("led-1"), "it-led", Action::Update { incident: no, news }).unwrap();
    let n = number(&t, no, "public");
    for told in ["it-1", "led-1"] {
        assert_eq!(approve_as(&mut t, account(told), "kib", n).unwrap_err().code, "same-eyes", "{told}");
    }
    let text = t.text(no, n.seq, SV).replace("sjukhus", "sjukhusen");
    t.act_as(account("kom-1"), "kib", Action::Change { number: n, texts: BTreeMap::from([(SV, text)]) }).unwrap();
    let n = number(&t, no, "public");
    approve_as(&mut t, account("kom-1"), "kib", n).unwrap();
    assert!(t.inc(no).message(n.seq).unwrap().released_at.is_some());
}

#[test]
fn rule_h3_where_one_holds_both_duties_the_deputy_is_asked_beside_from_the_start() {
    let mut t = with(|plan| plan.playbooks.get_mut(&"ehr-down".into()).unwrap().four_eyes = false);
    let no = reported(&mut t, account("kom-1"), "kib");
    assert_eq!(asked(&t, no, "public"), ["kib", "press"]);
    assert_eq!(asked(&t, no, "icu"), ["kib"], "what stays inside is not the public's");
    let n = number(&t, no, "public");
    assert_eq!(approve_as(&mut t, account("kom-1"), "kib", n).unwrap_err().code, "same-eyes");
    // Two accounts of one duty are two.
    approve_as(&mut t, account("kom-2"), "kib", n).unwrap();
    assert!(public_is_out(&t, no));
}

#[test]
fn rule_h3_who_acted_is_kept_beside_what_was_done_and_replayed() {
    let mut t = day();
    let no = reported(&mut t, account("it-1"), "it");
    let n = number(&t, no, "public");
    approve_as(&mut t, account("kom-1"), "kib", n).unwrap();
    t.advance(60);
    let acts: Vec<(Option<FunctionIx>, Actor, bool)> = t
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Incident { change, .. } => match &**change {
                Change::Acted { by, who, told } => Some((*by, who.clone(), *told)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let f = |id: &str| t.plan().function_ix(id);
    assert_eq!(acts, [(f("it"), Actor::account("it-1"), true), (f("kib"), Actor::account("kom-1"), false)]);
    assert!(t.replayed() == t.state, "with it the state comes back");
}

#[test]
fn rule_h3_who_passes_on_or_tells_of_a_failed_fallback_by_a_reply_is_sealed_too() {
    for (text, done) in [("NEJ 1", true), ("FEL 1", true), ("NEJ 2", false), ("kanske", false)] {
        let mut t = day();
        let no = t.report("desk", ehr_down("major"));
        t.advance(60);
        let from = vec![(no, t.point("it", SMS))];
        let telephone = Actor::address("5f");
        t.input(Input::Reply { who: Some(telephone.clone()), from, known: None, text: text.into() }).unwrap();
        let is_it = |event: &Event| match event {
            Event::Incident { change, .. } => matches!(&**change, Change::Acted { who, .. } if *who == telephone),
            _ => false,
        };
        let sealed = t.events.iter().filter(|(_, event)| is_it(event)).count();
        assert_eq!(sealed, usize::from(done), "{text}");
        assert!(t.replayed() == t.state, "{text}");
    }
}
