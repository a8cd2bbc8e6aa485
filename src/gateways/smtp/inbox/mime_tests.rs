//! Mails as programs write them, and as no program should.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn texts(mail: &[u8]) -> Vec<String> {
    Entity::read(mail).parts().iter().map(Entity::text).collect()
}

/// The body of a mail with these headers.
fn text(headers: &str, body: &[u8]) -> String {
    Entity::read(&[headers.as_bytes(), b"\n\n", body].concat()).text()
}

#[test]
fn parts_are_found_and_decoded() {
    let mail = b"Subject: x\r\n  y\r\nContent-Type: Multipart/Mixed; charset=x;\r\n\tboundary=\"a \\\"=b\"\r\n\r\n\
        preamble\r\n--a \"=b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        J=C3=A5 =\r\n14  \r\n--a \"=bzz\r\nx=3\r\n--a \"=b  \r\ncontent-transfer-encoding: BASE64\r\n\r\nw6\r\nU\r\n\
        --a \"=b--\r\n--a \"=b\r\nnever";
    let mail = Entity::read(mail);
    assert_eq!((mail.fields.first("SUBJECT"), mail.kind().as_str()), (Some("x  y"), "multipart/mixed"));
    let parts = mail.parts();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].text(), "Jå 14\n--a \"=bzz\nx=3");
    assert_eq!((parts[1].text().as_str(), parts[1].kind().as_str()), ("å", "text/plain"));
    assert!(parts[1].parts().is_empty());
}

#[test]
fn a_mail_that_ends_early_has_the_parts_that_it_has() {
    assert_eq!(texts(b"Content-Type: multipart/report; boundary=q\n\n--q\n\none\n--q\n\ntw"), ["one", "tw"]);
    let many = format!("Content-Type: multipart/x; boundary=q\n\n{}", "--q\n\nx\n".repeat(200));
    assert_eq!(Entity::read(many.as_bytes()).parts().len(), PARTS_MAX);
    let whole = "Content-Type: multipart/x; boundary=q\n\n--q\nContent-Transfer-Encoding: base64\n\nSkEgMTQ=\n--q--\n";
    for cut in 0..whole.len() {
        let parts = texts(&whole.as_bytes()[..cut]).concat();
        assert!("JA 14".starts_with(&parts), "{parts:?}");
    }
}

#[test]
fn a_delimiter_is_a_line_of_its_own() {
    let head = "Content-Type: multipart/mixed; boundary=q";
    for (body, parts) in [
        ("--q\n\nsee --q here\n--q--\n", &["see --q here"][..]),
        ("--q\n\n> --q\n --q\n--q-\n--q--x\n--qq\n--q--\n", &["> --q\n --q\n--q-\n--q--x\n--qq"]),
        ("--q \t\r\n\r\none\r\n--q\r\n\r\ntwo\r\n--q-- \r\nepilogue\r\n", &["one", "two"]),
        ("\n--q\n--q\n\none\n--q--", &["", "one"]),
        ("--Q\n\nnone\n--Q--\n", &[]),
    ] {
        assert_eq!(texts(format!("{head}\n\n{body}").as_bytes()), parts, "{body:?}");
    }
    let quoted = "--q\nContent-Transfer-Encoding: quoted-printable\n\na =\n--q =\n14\n--q--\n";
    assert_eq!(texts(format!("{head}\n\n{quoted}").as_bytes()), ["a --q 14"]);
}

#[test]
fn a_boundary_may_begin_with_the_one_around_it() {
    let mail = b"Content-Type: multipart/mixed; boundary=\"==1\"\n\n--==1\nContent-Type: multipart/alternative; boundary=\"==12\"\n\n\
        --==12\n\nplain\n--==12\nContent-Type: text/html\n\n<b>\n--==12--\n\n--==1\n\nlast\n--==1--\n";
    let mail = Entity::read(mail);
    let parts = mail.parts();
    let inner: Vec<_> = parts[0].parts().iter().map(|p| (p.kind(), p.text())).collect();
    assert_eq!(inner, [("text/plain".into(), "plain".into()), ("text/html".into(), "<b>".into())]);
    assert_eq!((parts.len(), parts[1].text().as_str()), (2, "last"));
}

/// What a report is about may lie in other parts, and in a mail that is a part.
#[test]
fn a_mail_within_a_mail_is_read_as_one() {
    let inner = "Content-Type: multipart/report; boundary=i\n\n--i\n\nwords\n--i\nContent-Type: message/delivery-status\n\n\
        Reporting-MTA: dns; mx.example\n\nAction: failed\n--i--\n";
    let mail = format!(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\n\nlist\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    );
    let mail = Entity::read(mail.as_bytes());
    let parts = mail.parts();
    assert_eq!(parts[1].kind(), "message/rfc822");
    let within = parts[1].decoded();
    let within = Entity::read(&within);
    let parts = within.parts();
    assert_eq!(parts[1].kind(), "message/delivery-status");
    let status = parts[1].decoded();
    let (first, rest) = Fields::read(&status);
    let (second, rest) = Fields::read(rest);
    assert_eq!((first.first("Reporting-MTA"), second.first("action")), (Some("dns; mx.example"), Some("failed")));
    assert!(rest.is_empty());
}

#[test]
fn what_lies_too_deep_is_left() {
    let mut deep = String::new();
    for level in 0..10_000 {
        deep.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}x\n\n--b{level}x\n"));
    }
    let (mut inner, mut levels) = (Entity::read(deep.as_bytes()), 0);
    while let Some(part) = inner.parts().pop() {
        (inner, levels) = (part, levels + 1);
    }
    assert_eq!((levels, inner.kind().as_str()), (DEPTH_MAX, "multipart/mixed"));
    let same = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(10_000);
    assert_eq!(Entity::read(same.as_bytes()).parts().len(), PARTS_MAX);
}

#[test]
fn texts_of_every_alphabet() {
    for (charset, body, expected) in [
        ("windows-1252", &b"J\xc5 14 \x80 \x96"[..], "JÅ 14 € –"),
        ("iso-8859-1", b"J\xc5 14", "JÅ 14"),
        ("\"ISO-8859-15\"", b"J\xc5 14 \xa4", "JÅ 14 €"),
        ("iso-8859-4", b"\xa9", "Š"),
        ("macintosh", b"J\x81 14", "JÅ 14"),
        ("cp850", b"J\x8f 14", "JÅ 14"),
        ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
        ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("utf-16", b"\xff\xfeJ\0\xc5\0\r\0\n\0", "JÅ\n"),
        ("utf-16", b"\xfe\xff\0J\0\xc5", "JÅ"),
        ("utf-16be", b"\0J\0\xc5", "JÅ"),
        ("utf-16le", b"J\0\xc5\0", "JÅ"),
        ("utf-7", b"J+AMU- 14", "JÅ 14"),
        ("iso-2022-jp", b"\x1b$B%O\x1b(B 14", "ハ 14"),
        ("shift_jis", b"\x83n 14", "ハ 14"),
        ("gb2312", b"\xc4\xe3 14", "你 14"),
        ("big5", b"\xa7A 14", "你 14"),
        ("euc-kr", b"\xbe\xc8 14", "안 14"),
        ("UTF-8", b"\xef\xbb\xbfJ\xc3\x85 14", "JÅ 14"),
        ("utf-8", b"J\xc3\x85 \xff", "JÅ \u{fffd}"),
        ("us-ascii", b"J\xc3\x85 14", "JÅ 14"),
        ("us-ascii", b"J\xc5 14", "JÅ 14"),
        ("x-of-nobody", b"J\xc3\x85 14", "JÅ 14"),
        ("\"\"", b"J\xc5 14", "JÅ 14"),
    ] {
        assert_eq!(text(&format!("Content-Type: text/plain; charset={charset}"), body), expected, "{charset}");
    }
    assert_eq!(text("Subject: x", b"J\xc3\x85"), "JÅ");
    assert_eq!(text("Subject: x", b"J\xc5"), "JÅ");
}

#[test]
fn kinds_and_parameters_as_programs_write_them() {
    let kind = |value: &str| {
        let mail = format!("Content-Type: {value}\n\n");
        let mail = Entity::read(mail.as_bytes());
        (mail.kind(), mail.parameter("x").map(str::to_owned))
    };
    for (value, expected, x) in [
        ("TEXT/HTML", "text/html", None),
        ("", "text/plain", None),
        ("text", "text/plain", None),
        ("text/plain (a; x=comment); X=Y (z)", "text/plain", Some("Y")),
        ("text/plain; a=b ;x = \"y;z=\\\"\" ; c", "text/plain", Some("y;z=\"")),
        ("text/plain;\n\tx=\n \"y\"", "text/plain", Some("y")),
        ("text/plain; x=\"y", "text/plain", Some("y")),
        ("text/plain; x=\"y \"", "text/plain", Some("y")),
        ("text/plain; x=y; x=z", "text/plain", Some("y")),
        // RFC 2231
        ("a/b; x*0=\"one\"; x*1=\"two\";\n x*2=three", "a/b", Some("onetwothree")),
        ("a/b; x*1=two; x*0=one", "a/b", Some("onetwo")),
        ("a/b; x*=iso-8859-1'sv'J%C5%2014", "a/b", Some("JÅ 14")),
        ("a/b; x*0*=utf-8''J%C3%85; x*1=\" 14\"", "a/b", Some("JÅ 14")),
        ("a/b; x=\"=?utf-8?q?J=C3=85?=\"", "a/b", Some("JÅ")),
    ] {
        assert_eq!(kind(value), (expected.to_owned(), x.map(str::to_owned)), "{value}");
    }
    let split = "Content-Type: multipart/mixed; boundary*0=\"a \"; boundary*1=b\n\n--a b\n\none\n--a b--";
    assert_eq!(texts(split.as_bytes()), ["one"]);
}

#[test]
fn headers_are_kept_in_order_and_as_they_are() {
    let mail =
        b"From nobody Sun Nov 22 03:12:00 2026\nReceived: one\nno header\n folded\nreceived : two\r\n\tand more\r\n\
        Fr om: a@fs.example\n: nothing\nX-8: \xe5\nRECEIVED:\n three  \nx\xe5: y\n\nReceived: body";
    let mail = Entity::read(mail);
    assert_eq!(mail.fields.all("Received").collect::<Vec<_>>(), ["one folded", "two\tand more", "three"]);
    assert_eq!((mail.fields.first("from"), mail.fields.first("x-8")), (None, Some("å")));
    assert_eq!(mail.text(), "Received: body");

    let many = "A: b\n".repeat(HEADERS_MAX + 1);
    assert_eq!(Fields::read(many.as_bytes()).0.all("a").count(), HEADERS_MAX);
    let line = format!(" {}\n", "x".repeat(1_000));
    let long = format!("References: <a@b>\n{}To: c@d\n", line.repeat(100));
    let (long, _) = Fields::read(long.as_bytes());
    assert_eq!(long.first("to"), Some("c@d"));
    let references = long.first("references").unwrap();
    assert!(references.starts_with("<a@b> xx") && references.len() <= HEADER_BYTES_MAX);
    let long = format!("Content-Type: a/b; x=y; z=\"{}\"\n", "å".repeat(HEADER_BYTES_DECODED_MAX));
    let long = Entity::read(long.as_bytes());
    assert_eq!((long.kind().as_str(), long.parameter("x")), ("a/b", Some("y")));
}

#[test]
fn encoded_words_are_read() {
    for (value, expected) in [
        ("550 5.1.1 unknown", "550 5.1.1 unknown"),
        ("=?iso-8859-1?Q?ok=E4nd?= =?utf-8?B?IG1vdHRhZ2FyZQ==?=", "okänd mottagare"),
        ("550 =?windows-1252?q?ok=E4nd_mot?=\r\n\t=?windows-1252?q?tagare?=\r\n x", "550 okänd mottagare x"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?utf-8?q?=ZZ?= =?utf-8?x?a?= =?", "=?utf-8?q?=ZZ?= =?utf-8?x?a?= =?"),
    ] {
        let fields = format!("Diagnostic-Code: {value}\n");
        assert_eq!(Fields::read(fields.as_bytes()).0.words("diagnostic-code").unwrap(), expected);
    }
    assert_eq!(Fields::read(b"Subject:\n").0.words("subject"), None);
}

#[test]
fn rubbish_in_an_encoding_costs_no_more_than_itself() {
    for body in
        ["SkEg\r\nMTQ=\r\n", "S k!E-g*M\0TQ", "\u{e5}SkEgMTQ==\n", "SkE=\nIDE=\nNA==\n", "SkEgMTQ=N", "SkEgMTQ\n====\n"]
    {
        assert_eq!(text("Content-Transfer-Encoding: base64", body.as_bytes()), "JA 14", "{body:?}");
    }
    for (body, expected) in
        [("J=c3=85 == =zz =4", "JÅ == =zz =4"), ("J=C3=85=20 \n 14=\n", "JÅ \n 14"), ("Jå =C3=85", "Jå Å")]
    {
        assert_eq!(text("Content-Transfer-Encoding:\n Quoted-Printable", body.as_bytes()), expected);
    }
    assert_eq!(text("Content-Transfer-Encoding: x-none", b"=C3=85"), "=C3=85");
}

/// Names of character sets that are decoded, each by other code.
const CHARSETS: &str = "utf-8|utf-7|utf-16|utf-16be|utf-16le|iso-8859-[1-9]|iso-8859-1[0-6]|windows-125[0-8]|koi8-[ru]|cp850|\
    cp866|macintosh|x-mac-cyrillic|tis-620|dos-874|iso-2022-jp|iso-2022-kr|hz-gb-2312|shift_jis|euc-jp|euc-kr|gbk|gb18030|big5|\
    x-user-defined|replacement|\\PC{0,60}";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        lines in proptest::collection::vec(prop_oneof![
            Just("Content-Type: multipart/x; boundary=q".to_owned()), Just("--q".to_owned()), Just("--q--".to_owned()),
            Just(String::new()), Just("Content-Transfer-Encoding: base64".to_owned()), "\\PC{0,20}"], 0..20),
    ) {
        for bytes in [bytes, lines.join("\r\n").into_bytes()] {
            let mail = Entity::read(&bytes);
            for part in mail.parts() {
                let _ = (part.text(), part.parts().len());
            }
            let _ = mail.text();
        }
    }

    #[test]
    fn no_charset_makes_it_panic(charset in CHARSETS, body in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = text(&format!("Content-Type: text/plain; charset={charset}"), &body);
    }

    #[test]
    fn no_header_makes_it_panic(value in "([a/;=*'%\"\\\\() \t?q0-9_å-]|\n |=\\?utf-8\\?[qb]\\?|\\?=|\r|\\PC){0,60}") {
        let fields = format!("Content-Type: {value}\n\n");
        let mail = Entity::read(fields.as_bytes());
        let _ = (mail.kind(), mail.parameter("boundary"), mail.parts().len(), mail.fields.words("content-type"));
    }
}
