//! What the state tells, by what was found where and when.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::outgoing::Part as FilePart;
use super::*;
use crate::domain::ids::IncidentNo;

const ID: DeliveryId = DeliveryId { incident: IncidentNo::actual(14), ordinal: 1 };

fn state() -> (State, Instant) {
    (State::new("modem".into(), true, Duration::from_secs(120)), Instant::now())
}

fn files(n: usize) -> Files {
    let part = |k| FilePart { name: format!("vk-14.1-{k}of{n}-00000000"), octets: Vec::new() };
    Files { parts: (1..=n).map(part).collect(), units: n as u16, tail: *b"740605" }
}

fn told(state: &mut State) -> Vec<String> {
    let line = |event| match event {
        GatewayEvent::Outcome { result: Ok(a), .. } => format!("accepted {} ×{}", a.gateway_ref, a.units),
        GatewayEvent::Outcome { result: Err(e), .. } => e.to_string().rsplit('(').next().unwrap().to_owned(),
        GatewayEvent::Receipt { result: Ok(()), .. } => "delivered".into(),
        GatewayEvent::Receipt { result: Err(e), .. } => format!("not delivered: {e}"),
        other => panic!("{other:?}"),
    };
    state.events.drain(..).map(line).collect()
}

fn report(message_id: u8, result: Option<Result<(), SendError>>) -> Report {
    Report { message_id, tail: *b"740605", result }
}

#[test]
fn a_text_is_accepted_and_delivered_when_all_of_its_parts_are() {
    let (mut s, now) = state();
    s.put(ID, &files(2), 3_600, now);
    s.found(ID, 0, Place::Sent(Some(7)));
    s.settle(now);
    assert_eq!((told(&mut s), s.pending()), (vec![], 1));
    s.report(report(8, Some(Ok(()))), "early".into());
    assert!(s.gone.is_empty(), "its SMS is not known to be sent");
    s.found(ID, 1, Place::Sent(Some(8)));
    s.settle(now);
    assert_eq!((told(&mut s), s.pending()), (vec!["accepted 14.1 7 8 ×2".to_owned()], 0));
    s.report(report(7, None), "trying".into());
    assert_eq!(told(&mut s), Vec::<String>::new());
    s.report(report(7, Some(Ok(()))), "seven".into());
    assert_eq!(told(&mut s), ["delivered"]);
    s.report(report(7, Some(Ok(()))), "again".into());
    s.settle(now);
    assert_eq!(told(&mut s), Vec::<String>::new(), "a repeat is not news");
    assert_eq!(s.gone, [PathBuf::from("early"), "trying".into(), "seven".into()]);
}

#[test]
fn a_report_is_told_behind_the_outcome() {
    let (mut s, now) = state();
    s.put(ID, &files(2), 3_600, now);
    s.found(ID, 0, Place::Sent(Some(7)));
    s.report(report(7, Some(Err(SendError::permanent("status 65")))), "seven".into());
    s.settle(now);
    assert_eq!(told(&mut s), Vec::<String>::new());
    s.found(ID, 1, Place::Sent(Some(8)));
    s.settle(now);
    assert_eq!(told(&mut s), ["accepted 14.1 7 8 ×2", "not delivered: status 65 (for good)"]);
    // The one on the other part is not news, and its file goes: the next start would find and tell it.
    s.report(report(8, Some(Err(SendError::permanent("status 65")))), "eight".into());
    s.settle(now);
    assert_eq!((told(&mut s), s.gone), (vec![], vec![PathBuf::from("seven"), "eight".into()]));
}

#[test]
fn a_report_on_a_try_that_failed_says_nothing_of_the_next() {
    let (mut s, now) = state();
    s.put(ID, &files(2), 3_600, now);
    s.found(ID, 0, Place::Sent(Some(7)));
    s.found(ID, 1, Place::Failed(Some(SendError::temporary("busy"))));
    s.settle(now);
    s.put(ID, &files(2), 3_600, now);
    s.found(ID, 0, Place::Sent(Some(8)));
    s.found(ID, 1, Place::Sent(Some(9)));
    s.settle(now);
    told(&mut s);
    s.report(report(7, Some(Ok(()))), "seven".into());
    s.report(report(8, Some(Ok(()))), "eight".into());
    assert_eq!(told(&mut s), Vec::<String>::new(), "the second part has not arrived");
    s.report(report(9, Some(Ok(()))), "nine".into());
    assert_eq!(told(&mut s), ["delivered"]);
    assert_eq!(s.gone.len(), 3);
}

#[test]
fn one_part_that_fails_takes_the_rest_back() {
    let (mut s, now) = state();
    s.put(ID, &files(3), 3_600, now);
    s.found(ID, 0, Place::Sent(Some(7)));
    s.found(ID, 1, Place::Failed(Some(SendError::permanent("+CMS ERROR: 21"))));
    s.settle(now);
    let sought = s.sought(now);
    assert_eq!(sought.iter().map(|(_, k, f)| (*k, f.is_late)).collect::<Vec<_>>(), [(2, true)]);
    s.found(ID, 2, Place::Withdrawn);
    s.settle(now);
    assert_eq!(told(&mut s), ["for good)"]);
    assert_eq!(s.forget, ["vk-14.1-2of3-00000000"]);
    s.report(report(7, Some(Ok(()))), "late".into());
    assert_eq!(told(&mut s), Vec::<String>::new(), "a part says nothing of the text");
}

#[test]
fn a_header_is_waited_for_but_not_for_ever() {
    let (mut s, now) = state();
    s.put(ID, &files(1), 3_600, now);
    for _ in 1..HEADER_MAX {
        s.found(ID, 0, Place::Failed(None));
        s.settle(now);
        assert_eq!(told(&mut s), Vec::<String>::new());
    }
    s.found(ID, 0, Place::Failed(None));
    s.settle(now);
    assert_eq!(told(&mut s), ["outcome unknown)"]);
}

#[test]
fn what_the_daemon_keeps_is_unknown_and_may_still_be_accepted() {
    let (mut s, now) = state();
    s.put(ID, &files(1), 3_600, now);
    s.found(ID, 0, Place::Queued);
    let late = now + Duration::from_secs(120);
    s.settle(late - Duration::from_secs(1));
    assert_eq!(told(&mut s), Vec::<String>::new());
    s.settle(late);
    s.settle(late);
    assert_eq!((told(&mut s), s.pending()), (vec!["outcome unknown)".to_owned()], 0));
    assert!(!s.sought(late)[0].2.is_expired);
    assert!(s.sought(now + Duration::from_secs(3_600))[0].2.is_expired, "after its time it is taken back");
    s.found(ID, 0, Place::Sent(Some(9)));
    s.settle(late);
    assert_eq!(told(&mut s), ["accepted 14.1 9 ×1"]);
}

#[test]
fn a_file_that_is_gone_is_unknown_after_a_while() {
    let (mut s, now) = state();
    s.put(ID, &files(1), 3_600, now);
    for n in 1..=NOWHERE_MAX {
        assert_eq!(told(&mut s), Vec::<String>::new(), "{n}");
        s.found(ID, 0, Place::Nowhere);
        s.settle(now);
    }
    assert_eq!(told(&mut s), ["outcome unknown)"]);
}

#[test]
fn reports_for_what_an_earlier_run_sent_find_their_delivery() {
    let (mut s, now) = state();
    let recalled = |name: &str, id| (name.to_owned(), id, "46701740605".to_owned());
    s.recall(vec![
        recalled("vk-14.1-1of2-00000000", 3),
        recalled("vk-14.1-2of2-00000000", 4),
        recalled("vk-14.2-1of2-00000000", 5),
    ]);
    s.report(report(3, Some(Ok(()))), "a".into());
    s.report(report(4, Some(Err(SendError::permanent("status 65")))), "b".into());
    s.report(report(5, Some(Ok(()))), "c".into());
    s.settle(now);
    assert_eq!(told(&mut s), ["not delivered: status 65 (for good)"]);
    assert_eq!(s.gone.len(), 2, "half a text is nobody's");
}
