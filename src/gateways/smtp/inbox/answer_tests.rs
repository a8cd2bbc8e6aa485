//! Mails of people and of machines in answer to ours.

#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;
use crate::domain::ids::IncidentNo;

const ID: DeliveryId = DeliveryId { incident: IncidentNo::actual(14), ordinal: 17 };

fn tokens() -> Tokens {
    Tokens::new([7; 32])
}
fn message_id() -> String {
    tokens().message_id(&tokens().token(ID, "ab"), "iva@fs.example", "region.example")
}
fn mail(headers: &str, body: &str) -> Result<Answer, NoAnswer> {
    let mail = format!("{headers}In-Reply-To: <{}>\n\n{body}", message_id());
    Answer::read(&Entity::read(mail.as_bytes()), &tokens())
}

#[test]
fn what_stands_above_the_quotation_is_the_answer() {
    for (body, text) in [
        ("JA 14\n", "JA 14"),
        ("\n ja 14 \nMvh Anna\n\n> 14-1 ABCDEF LARM\n> Svara JA 14\n", "ja 14"),
        ("> 14-1 ABCDEF LARM\n> Svara NEJ 14\n\nJA 14\n", "JA 14"),
        ("JA 14\nDen 22 nov skrev Region <x@y>:\n> Svara NEJ 14\n", "JA 14"),
        ("Den 22 nov skrev Region <x@y>:\n> Svara JA 14\n\nNEJ 14 är sjuk", "NEJ 14 är sjuk"),
    ] {
        let answer = mail("From: \"Ek, Anna <tib@fs.example>\" <IVA@fs.example>\n", body).unwrap();
        assert_eq!((answer.text.as_str(), answer.delivery, &*answer.from.0), (text, ID, "iva@fs.example"));
    }
    let html = "From: iva@fs.example\nContent-Type: text/html; charset=utf-8\n";
    let body =
        "<html><head><style>p { x: y }</style></head><body><div>JA&nbsp;14</div><br><blockquote>Svara</blockquote>";
    assert_eq!(mail(html, body).unwrap().text, "JA 14");
    let both = "From: iva@fs.example\nContent-Type: multipart/alternative; boundary=q\n";
    let body = "--q\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nJ=C5\n--q\n\
                Content-Type: text/html\n\n<b>nej</b>\n--q--\n";
    assert_eq!(mail(both, body).unwrap().text, "JÅ");
    let empty = "--q\n\n \n--q\nContent-Type: text/html\n\n<b>JA 14</b>\n--q--\n";
    assert_eq!(mail(both, empty).unwrap().text, "JA 14", "the plain one is empty");
    let quotes = "--q\n\n> Svara NEJ 14\n--q\nContent-Type: text/html\n\n<b>JA 14</b>\n--q--\n";
    assert_eq!(mail(both, quotes).unwrap().text, "JA 14", "the plain one only quotes");
    let shown = "<STYLE>a</style>".repeat(20_000) + "<p>JA 14";
    assert_eq!(mail(html, &shown).unwrap().text, "JA 14");
}

/// TRIALS I5: what the mail systems on the way put around an answer, as parts and as other encodings.
#[test]
fn trial_i5_an_answer_is_found_in_every_wrapping() {
    let from = "From: iva@fs.example\n";
    let mixed = format!("{from}Content-Type: multipart/mixed; boundary=o\n");
    let inner = "Content-Type: multipart/alternative; boundary=i\n\n--i\n\nHej,\n\nJA 14\n--i\nContent-Type: text/html\n\n<p>nej</p>\n--i--";
    let banner = format!("--o\n\nCAUTION: external sender\n--o\n{inner}\n--o\n\nFooter of a list\n--o--");
    assert_eq!(mail(&mixed, &banner).unwrap().text, "JA 14\nFooter of a list");
    let attached = format!("--o\nContent-Disposition: attachment; filename=x.txt\n\nNEJ 14\n--o\n{inner}\n--o--");
    assert_eq!(mail(&mixed, &attached).unwrap().text, "JA 14");
    let sent_on = "--o\n\nJA 14\n--o\nContent-Type: message/rfc822\n\nSubject: x\n\nNEJ 14\n--o--";
    assert_eq!(mail(&mixed, sent_on).unwrap().text, "JA 14");

    // UTF-16 in either order, with its mark and without, and in base64.
    let little = "Hej,\r\n\r\nJÅ 14\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = "Hej,\r\n\r\nJÅ 14\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = |mark: [u8; 2], text: &[u8]| [&mark[..], text].concat();
    for (charset, body) in [
        ("utf-16", little.clone()),
        ("utf-16", big.clone()),
        ("utf-16", marked([0xff, 0xfe], &little)),
        ("utf-16", marked([0xfe, 0xff], &big)),
        ("utf-16le", little.clone()),
        ("utf-16be", big.clone()),
        ("utf-16le", marked([0xff, 0xfe], &little)),
        ("unicode", little.clone()),
        ("us-ascii", marked([0xff, 0xfe], &little)),
        ("utf-8", little.clone()),
    ] {
        let head = format!(
            "{from}In-Reply-To: <{}>\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n",
            message_id()
        );
        let whole = format!("{head}{}\n", base64(&body));
        let answer = Answer::read(&Entity::read(whole.as_bytes()), &tokens()).unwrap();
        assert_eq!(answer.text, "JÅ 14", "{charset}");
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(n >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// TRIALS I4, I5: a bare yes is one to the message that our subject names; what is more than a yes goes on as it was written.
#[test]
fn trial_i4_what_thanks_for_a_mail_is_given_on_as_it_is() {
    let from = "From: iva@fs.example\nSubject: Re: 14-1 7K4F2A LARM\n";
    assert_eq!(mail(from, "Hej,\n\nja\n\n> 14-1").unwrap().text, "ja 14-1");
    assert_eq!(mail(from, "OK, tack för ditt mejl!\n").unwrap().text, "OK, tack för ditt mejl!");
    assert_eq!(mail(from, "Ok vad?\n").unwrap().text, "Ok vad?");
    assert_eq!(mail(from, "Ok. Your ticket 4711\n").unwrap().text, "Ok. Your ticket 4711");
    assert_eq!(mail(from, "\n\n"), Err(NoAnswer::Empty));
    assert_eq!(mail("From: iva@fs.example\nSubject: JA 14\n", "").unwrap().text, "JA 14");
}

/// TRIALS I3: an out-of-office answer of Exchange without its headers, which begins with a yes and quotes our number.
#[test]
fn trial_i3_who_is_away_does_not_answer() {
    for head in [
        "Subject: Automatiskt svar: 14-1 7K4F2A LARM\nThread-Topic: x\n",
        "Subject: Re: 14-1\nX-MS-Exchange-Inbox-Rules-Loop: iva@fs.example\n",
        "Subject: 14-1\nX-Apple-Action: VACATION\n",
        "Subject: 14-1\nX-Precedence: bulk\n",
        "Subject: 14-1\nX-Autogenerated: Reply\n",
    ] {
        let answer = mail(&format!("From: iva@fs.example\n{head}"), "Ja, jag är ledig till fredag. JA 14\n");
        assert!(matches!(answer, Err(NoAnswer::Machine(_))), "{head} {answer:?}");
    }
}

#[test]
fn a_stranger_and_a_machine_answer_nothing() {
    assert_eq!(mail("From: tib@fs.example\n", "JA 14"), Err(NoAnswer::Stranger), "not the address it went to");
    assert_eq!(mail("From: iva@fs.example, tib@fs.example\n", "JA 14"), Err(NoAnswer::Stranger));
    assert_eq!(mail("From: iva@fs.example\nFrom: tib@fs.example\n", "JA 14"), Err(NoAnswer::Stranger), "who of both?");
    assert_eq!(mail("", "JA 14"), Err(NoAnswer::Stranger));
    let nothing = Entity::read(b"From: iva@fs.example\n\nJA 14");
    assert_eq!(Answer::read(&nothing, &tokens()), Err(NoAnswer::Stranger), "refers to nothing");
    for header in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: no\nAuto-Submitted: auto-generated",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "List-Id: x",
    ] {
        let headers = format!("From: iva@fs.example\n{header}\n");
        assert_eq!(mail(&headers, "JA 14"), Err(NoAnswer::Machine(header.split(':').next().unwrap())), "{header}");
    }
    assert!(mail("From: iva@fs.example\nAuto-Submitted: no\n", "JA 14").is_ok());
    assert_eq!(mail("From: iva@fs.example\n", "> Svara JA 14\n"), Err(NoAnswer::Empty));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_words_make_it_panic(from in "\\PC{0,30}", body in "(\\PC|[<>\n:/a]){0,60}") {
        let _ = mail(&format!("From: {from}\n"), &body);
        let _ = mail("From: iva@fs.example\nContent-Type: text/html\n", &body);
    }
}
