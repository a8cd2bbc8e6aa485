//! Reports that only people can read, as mailers write them, and what is none.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::IncidentNo;

const ID: DeliveryId = DeliveryId { incident: IncidentNo::actual(14), ordinal: 17 };

fn tokens() -> Tokens {
    Tokens::new([7; 32])
}
fn message_id(id: DeliveryId) -> String {
    tokens().message_id(&tokens().token(id, "ab"), "iva@fs.example", "region.example")
}
fn copy() -> String {
    format!(
        "Return-Path: <larm@region.example>\nReceived: from a by b\nFrom: larm@region.example\nTo: iva@fs.example\nSubject: 14-1\n\
         Message-ID: <{}>\n\n14-1 7K4F2A LARM: e-posten är försenad och kan inte levereras.\n",
        message_id(ID)
    )
}
/// The cause, when it came back.
fn cause(mail: &str) -> Option<String> {
    let returned = Returned::read(&Entity::read(mail.as_bytes()), &tokens())?;
    assert_eq!(returned.delivery, ID);
    Some(returned.why.cause().to_owned())
}

/// TRIALS I10: of each mailer its own way to say it.
#[test]
fn trial_i10_a_mail_that_a_mailer_sends_back_is_returned() {
    let copy = copy();
    for (mail, said) in [
        // qmail
        (
            format!(
                "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nThis is the qmail-send program at mx.example.\n\
                 I'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n\
                 <iva@fs.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{copy}"
            ),
            "came back: Sorry, no mailbox here by that name. (#5.1.1)",
        ),
        // Exim
        (
            format!(
                "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: iva@fs.example\n\
                 Subject: Mail delivery failed: returning message to sender\n\nA message that you sent could not be delivered to one or more of its\n\
                 recipients. This is a permanent error. The following address(es) failed:\n\n  iva@fs.example\n    550 unknown user\n\n\
                 ------ This is a copy of the message, including all the headers. ------\n\n{copy}"
            ),
            "came back: 550 unknown user",
        ),
        // Yahoo
        (
            format!(
                "From: MAILER-DAEMON@yahoo.example\nSubject: Delivery failure\n\nMessage from yahoo.example.\nUnable to deliver message to the \
                 following address(es).\n\n<iva@fs.example>:\nThis user does not exist\n\n--- Original message follows.\n\n{copy}"
            ),
            "came back: Unable to deliver message to the following address(es).",
        ),
        // Notes and Domino, in a language that nobody here reads
        (
            format!(
                "Return-Path: <>\nFrom: postmaster@n.example\nSubject: Undeliverable message\n\n------- Failure Reasons  --------\n\n\
                 \u{30c7}\u{30a3}\niva@fs.example\n\n------- Returned Message --------\n{copy}"
            ),
            "came back: undeliverable message",
        ),
        // Exchange 5.5, whose copy is a part
        (
            format!(
                "From: System Administrator <admin@fs.example>\nSubject: Undeliverable: 14-1\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\n\
                 Your message\n\n  To:      iva@fs.example\n  Subject: 14-1\n  Date:    x\n\ndid not reach the following recipient(s):\n\n\
                 iva@fs.example\n    The recipient name is not recognized\n\n--q\nContent-Type: message/rfc822\n\n{copy}\n--q--"
            ),
            "came back: did not reach the following recipient(s):",
        ),
        // sendmail of old, with a part that does not say what it is
        (
            format!(
                "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\nSubject: Returned mail: User unknown\n\
                 Content-Type: multipart/mixed; boundary=q\n\n--q\n\n   ----- Transcript of session follows -----\n550 iva... User unknown\n--q\n\
                 {copy}\n--q--"
            ),
            "came back: 550 iva... User unknown",
        ),
        // one that quotes our number in its own words alone
        (
            format!(
                "From: <>\nSubject: Undeliverable mail\nReferences: <{}>\n\nUnknown user: iva@fs.example\n",
                message_id(ID)
            ),
            "came back: Unknown user: …",
        ),
        // HTML alone, of a Swedish server
        (
            format!(
                "From: Microsoft Outlook <x@fs.example>\nSubject: =?utf-8?q?Olevererbart=3A?= 14-1\nIn-Reply-To: <{}>\n\
                 Content-Type: text/html; charset=utf-8\n\n<style>a > b</style><p>Det gick inte att leverera till iva@fs.example</p>",
                message_id(ID)
            ),
            "came back: Det gick inte att leverera till …",
        ),
    ] {
        assert_eq!(cause(&mail).as_deref(), Some(said), "{mail}");
    }
}

/// TRIALS I10: what is tried again has not failed, whatever else stands there.
#[test]
fn trial_i10_a_delay_is_never_returned() {
    for (subject, text) in [
        (
            "Warning: message delayed 24 hours",
            "A message that you sent has not yet been delivered to one or more of its recipients.",
        ),
        ("Delivery failure", "550 x. Delivery attempts will continue to be made for 5 days."),
        ("Delayed Mail (still being retried)", "could not be delivered"),
        (
            "Delivery Status Notification (Delay)",
            "THIS IS A WARNING MESSAGE ONLY.\nDelivery to the following recipient failed",
        ),
        (
            "Returned mail",
            "Your message could not be delivered.\nYou do not need to take any action, it\nwill be\nretried.",
        ),
        ("Mail Delivery Warning", "could not be delivered yet; we will continue to try to deliver your message"),
        ("Undeliverable: 14-1", "Leveransen är försenad. Nya försök görs."),
        ("Undeliverable: 14-1", "Your message was successfully delivered."),
    ] {
        let mail =
            format!("Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: {subject}\n\n{text}\n\n{}", copy());
        assert_eq!(cause(&mail), None, "{subject}");
    }
}

#[test]
fn trial_i10_what_no_mailer_sent_or_what_is_not_ours_is_left_alone() {
    let (copy, no) = (copy(), message_id(DeliveryId { ordinal: 18, ..ID }));
    let failed = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\ncould not be delivered\n\n";
    assert!(cause(&format!("{failed}{copy}")).is_some());
    let others = Tokens::new([8; 32]).token(ID, "ab");
    for mail in [
        failed.to_owned(),
        format!("{failed}Message-ID: <{others}.00000000@region.example>\n"),
        // Of which of the two?
        format!("{failed}{copy}\nMessage-ID: <{no}>\n"),
        // People who write of it.
        format!("From: iva@fs.example\nSubject: Re: 14-1\n\ncould not be delivered, 550 5.1.1\n\n{copy}"),
        format!("From: iva@fs.example\nSubject: Sv: undeliverable\n\n550 5.1.1\n\n{copy}"),
        format!(
            "From: Mail Service Desk <iva@fs.example>\nSubject: Re: 14-1\n\nJA 14, the server does not exist\n\n{copy}"
        ),
        format!("From: Systemadministratör Ek <iva@fs.example>\nSubject: SV: 14-1\n\nJA 14, 550 5.1.1\n\n{copy}"),
        // Who is away answers with a null sender too, and quotes our number.
        format!(
            "Return-Path: <>\nFrom: iva@fs.example\nSubject: Automatiskt svar: 14-1\n\nAdressen finns inte, it does not exist.\n\n{copy}"
        ),
        format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: Delivery Status Notification\n\nOK\n\n{copy}"
        ),
    ] {
        assert_eq!(cause(&mail), None, "{mail}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_words_make_it_panic(head in "\\PC{0,30}", body in "(\\PC|[\n>:]|Received: |X-|550 |5\\.1\\.1|<p>){0,60}") {
        let mail = format!("Return-Path: <>\nSubject: undeliverable {head}\nReferences: <{}>\n", message_id(ID));
        for kind in ["plain", "html"] {
            if let Some(cause) = cause(&format!("{mail}Content-Type: text/{kind}\n\n{body}")) {
                prop_assert!(!cause.contains('@') && cause.chars().count() <= 200);
            }
        }
    }
}
