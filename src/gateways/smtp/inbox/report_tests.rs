//! Reports as servers write them, one kind a test.

#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;
use crate::domain::ids::IncidentNo;

fn report(receivers: &str, returned: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example (Mail Delivery System)\nTo: larm@region.example\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"q/q\"\n\n\
         This is a MIME-encapsulated message.\n\n--q/q\nContent-Description: Notification\nContent-Type: text/plain\n\n\
         I'm sorry; Action: delivered\n\n--q/q\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example\nOriginal-Envelope-Id: 14.17.ab.cd\nArrival-Date: Sun, 22 Nov 2026 03:12:00 +0100\n\n\
         {receivers}\n--q/q\nContent-Type: text/rfc822-headers\n\n{returned}\n--q/q--\n"
    )
}
fn read(mail: &str) -> Option<Report> {
    Report::read(&Entity::read(mail.as_bytes()))
}
fn receiver(action: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "Final-Recipient: rfc822; tib@fs.example\nOriginal-Recipient: rfc822;tib@fs.example\nAction: {action}\n\
         Status: {status}\nDiagnostic-Code: {diagnostic}\n"
    )
}

#[test]
fn delivered_failed_and_neither() {
    let id = "Message-ID: <14.17.ab.cd.ef@region.example>\nSubject: x\n";
    let arrived = read(&report(&receiver("delivered", "2.0.0", "smtp; 250 ok"), id)).unwrap();
    assert_eq!(arrived.fate, Some(Ok(())));
    assert_eq!(arrived.envelope_id.as_deref(), Some("14.17.ab.cd"));
    assert_eq!(arrived.message_id.as_deref(), Some("<14.17.ab.cd.ef@region.example>"));

    let gone = receiver("Failed (no such user)", "5.1.1", "smtp; 550 5.1.1 <tib@fs.example>: User\n    unknown");
    let gone = read(&report(&gone, id)).unwrap().fate.unwrap().unwrap_err();
    assert_eq!(gone, SendError::permanent("came back: 5.1.1 550 5.1.1 … User unknown"), "no address in it");
    let said = "smtp; 550 =?iso-8859-1?q?ok=E4nd_tib=40fs.example?=\n =?utf-8?b?IG1vdHRhZ2FyZQ==?=";
    let gone = read(&report(&receiver("failed", "5.1.1", said), id)).unwrap().fate.unwrap().unwrap_err();
    assert_eq!(gone, SendError::permanent("came back: 5.1.1 550 okänd … mottagare"));

    for (action, status) in [
        ("delayed", "4.4.1"),
        ("relayed", "2.0.0"),
        ("expanded", "2.0.0"),
        ("delivered", "5.1.1"),
        ("delivered", "2"),
        ("delivered", "2.0.0.0"),
        ("failed", "2.0.0"),
        ("", "2.0.0"),
    ] {
        assert_eq!(read(&report(&receiver(action, status, "x"), id)).unwrap().fate, None, "{action} {status}");
    }
    let nobody = "Action: delivered\nStatus: 2.0.0\n";
    assert_eq!(read(&report(nobody, id)).unwrap().fate, None, "of whom?");
}

#[test]
fn of_several_one_that_has_it_counts() {
    let both = format!("{}\n{}", receiver("failed", "5.2.2", "x"), receiver("delivered", "2.0.0", "x"));
    assert_eq!(read(&report(&both, "")).unwrap().fate, Some(Ok(())));
}

#[test]
fn what_is_no_report_is_none() {
    assert_eq!(read("Subject: hej\n\nAction: delivered\nStatus: 2.0.0\n"), None);
    let whole = report(&receiver("delivered", "2.0.0", "x"), "");
    assert_eq!(read(&whole.replace("delivery-status", "disposition-notification")), None);
    assert_eq!(read(&whole.replace("message/delivery-status", "text/plain")), None);
    let nothing = report("", "").replace("Reporting-MTA: dns; mx.example", "X: y");
    assert_eq!(read(&nothing), None, "nothing is said of anybody");
    for cut in 0..whole.len() {
        let _ = read(&whole[..cut]);
    }
}

#[test]
fn an_id_that_came_back_encoded_is_the_id() {
    assert_eq!(from_xtext(" 14.17+2Bx+3D "), "14.17+x=");
    assert_eq!(from_xtext("a+zz+2"), "a+zz+2");
}

/// TRIALS I9: as servers write them that have read half of the document.
#[test]
fn trial_i9_reports_of_every_kind_are_read() {
    let failed = SendError::permanent("came back: 5.1.1 550 unknown");
    let (id, receiver) = ("Message-ID: <a@b>\n", receiver("failed", "5.1.1", "smtp; 550 unknown"));
    let whole = report(&receiver, id);
    let fate = |mail: &str| read(mail).unwrap().fate.unwrap().unwrap_err();
    assert_eq!(fate(&whole), failed);
    let kinds = [
        ("no empty line between the groups", whole.replace("+0100\n\nFinal", "+0100\nFinal")),
        ("an empty line within a group", whole.replace("Action:", "\nAction:")),
        ("multipart/mixed", whole.replace("multipart/report; report-type=delivery-status;", "multipart/mixed;")),
        ("another type of report", whole.replace("report-type=delivery-status", "report-type=x")),
        ("no headers returned", whole.replace("--q/q\nContent-Type: text/rfc822-headers\n\nMessage-ID: <a@b>\n\n", "")),
        ("no Final-Recipient", whole.replace("Final-Recipient: rfc822; tib@fs.example\n", "")),
        (
            "the action first",
            whole.replace("Action: failed\n", "").replace("Final-Recipient:", "Action: failed\nFinal-Recipient:"),
        ),
        ("windows", whole.replace('\n', "\r\n")),
        ("a line before the groups", whole.replace("\n\nReporting-MTA", "\n\n\n\nReporting-MTA")),
        ("an error", whole.replace("Action: failed", "Action: ERROR (x)")),
        (
            "wrapped by a list that puts its footer below",
            format!("Subject: x\nContent-Type: multipart/mixed; boundary=l\n\n--l\n{whole}\n--l\n\n___\nlist\n--l--\n"),
        ),
        (
            "sent on as a mail within a mail",
            format!(
                "Content-Type: multipart/mixed; boundary=l\n\n--l\nContent-Type: message/rfc822\n\n{whole}\n--l--\n"
            ),
        ),
    ];
    for (kind, mail) in kinds {
        assert_ne!(mail, whole, "{kind}");
        assert_eq!(fate(&mail), failed, "{kind}");
    }
    let bare = whole.replace("Status: 5.1.1\n", "");
    assert_eq!(fate(&bare), SendError::permanent("came back: 550 unknown"), "no status");
    let bare = bare.replace("Diagnostic-Code: smtp; 550 unknown\n", "");
    assert_eq!(fate(&bare), SendError::permanent("came back: failed"), "no status, no word");
    let bare = whole.replace("Action: failed\n", "");
    assert_eq!(fate(&bare), failed, "no action, a status for good");
    assert_eq!(read(&bare.replace("5.1.1", "4.4.1")).unwrap().fate, None, "no action, a status for now");

    let status = "--q/q\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n";
    let several =
        whole.replace("--q/q\nContent-Description: Delivery", &format!("{status}--q/q\nContent-Description: Delivery"));
    assert_eq!(fate(&several), failed, "several parts, the first without a receiver");
    let two = format!("Original-Recipient: rfc822;a@b\nAction: delayed\nStatus: 4.4.1\n{receiver}");
    assert_eq!(fate(&report(&two, id).replace("+0100\n\nOri", "+0100\nOri")), failed, "all receivers in one group");
}

/// TRIALS I9: which mail it is about, when the server gives back little.
#[test]
fn trial_i9_our_number_is_found_wherever_it_stands() {
    let tokens = Tokens::new([7; 32]);
    let id = DeliveryId { incident: IncidentNo::exercise(3), ordinal: 17 };
    let token = tokens.token(id, "ab");
    let message_id = tokens.message_id(&token, "tib@fs.example", "region.example");
    let other = tokens.token(DeliveryId { ordinal: 18, ..id }, "ab");
    let delivery = |mail: &str| {
        let mail = Entity::read(mail.as_bytes());
        Report::read(&mail).unwrap().delivery(&mail, &tokens)
    };
    let receiver = receiver("failed", "5.1.1", "x");
    let none = report(&receiver, "Subject: x");
    assert_eq!(delivery(&none), None);
    for mail in [
        none.replace("14.17.ab.cd", &token),
        none.replace("Subject: x", &format!("Message-ID: <{message_id}>")),
        none.replace("I'm sorry", &format!("I'm sorry for {message_id}")),
        format!("References: <{message_id}>\n{none}"),
        none.replace("Status:", &format!("X-Original-Message-ID: <{message_id}>\nStatus:")),
    ] {
        assert_eq!(delivery(&mail), Some(id), "{mail}");
    }
    assert_eq!(delivery(&format!("References: <{message_id}> <{other}.00000000@x>\n{none}")), None, "about which?");
}

#[test]
fn trial_i9_groups_cost_no_more_than_their_length() {
    let began = std::time::Instant::now();
    for piece in [
        "x: y\n\n",
        "Final-Recipient: rfc822; a@b\n\n",
        "Action: x\n",
        "\n",
        "Original-Recipient: x\nAction: delayed\n",
    ] {
        let _ = read(&report(&piece.repeat(100_000 / piece.len()), ""));
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_words_make_it_panic(receivers in "(\\PC{0,30}\n){0,6}", returned in "\\PC{0,40}") {
        let _ = read(&report(&receivers, &returned));
    }
}
