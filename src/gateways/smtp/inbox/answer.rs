//! Answers that people write by e-mail. No IO.
//!
//! A sender's address can be made up by anybody. An answer counts only when it refers to a mail of ours (In-Reply-To,
//! References) and comes from the very address that this mail went to: both are in its Message-ID, signed (`token`).
//! What a machine answers (out of office, a list, a ticket system) is never an answer of a person.

use super::super::token::Tokens;
use super::mime::Entity;
use crate::domain::ids::DeliveryId;
use crate::gateways::Address;

/// Characters of an answer that are given on; whoever writes more did not mean a code.
const ANSWER_CHARS_MAX: usize = 300;
/// Message-IDs that are looked at.
const REFERENCES_MAX: usize = 50;

/// Somebody answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// The mail that was answered.
    pub delivery: DeliveryId,
    pub from: Address,
    /// What stands above the quoted mail.
    pub text: String,
}

/// Why a mail is not an answer, for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoAnswer {
    /// A machine wrote it.
    Machine,
    /// It answers no mail of ours, or not from where that went.
    Stranger,
    /// Nothing stands in it.
    Empty,
}

impl Answer {
    pub fn read(mail: &Entity<'_>, tokens: &Tokens) -> Result<Self, NoAnswer> {
        if is_machine(mail) {
            return Err(NoAnswer::Machine);
        }
        // Two senders are none: the mail server may have looked at the other one.
        let mut from = mail.fields.all("from");
        let from = from.next().filter(|_| from.next().is_none()).and_then(one_address).ok_or(NoAnswer::Stranger)?;
        let named = mail.fields.all("in-reply-to").chain(mail.fields.all("references"));
        let mut ids = named.flat_map(str::split_whitespace).take(REFERENCES_MAX);
        let delivery = ids.find_map(|id| tokens.answered_by(id, &from)).ok_or(NoAnswer::Stranger)?;
        let text = written(&first_text(mail).unwrap_or_default());
        if text.is_empty() {
            return Err(NoAnswer::Empty);
        }
        Ok(Self { delivery, from: Address(from.into()), text })
    }
}

/// RFC 3834 2, and what is seen in the wild.
fn is_machine(mail: &Entity<'_>) -> bool {
    let says = |name: &str, what: fn(&str) -> bool| mail.fields.all(name).any(|v| what(&v.to_ascii_lowercase()));
    says("auto-submitted", |v| v != "no")
        || says("precedence", |v| matches!(v, "bulk" | "junk" | "list" | "auto_reply"))
        || ["x-autoreply", "x-autorespond", "x-auto-response-suppress-reply", "list-id"]
            .iter()
            .any(|n| says(n, |_| true))
        || says("return-path", |v| v == "<>")
        || mail.kind() == "multipart/report"
}

/// The address of `Anna Ek <iva@fs.example>`, in small letters. Two addresses count as none.
fn one_address(value: &str) -> Option<String> {
    // A quoted name may hold anything, another address too.
    let mut bare = String::with_capacity(value.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            c => bare.push(c),
        }
    }
    let address = match (bare.matches('<').count(), bare.split_once('<')) {
        (0, _) => bare.trim(),
        (1, Some((_, rest))) => rest.split_once('>').filter(|(_, after)| !after.contains('@'))?.0.trim(),
        _ => return None,
    };
    let good = address.matches('@').count() == 1 && !address.contains([',', ' ', '\t', ';', ':', '(', ')']);
    good.then(|| address.to_lowercase())
}

/// The first text that a person would see. Telephones always send plain text beside HTML.
fn first_text(entity: &Entity<'_>) -> Option<String> {
    match entity.kind().as_str() {
        kind if kind.starts_with("multipart/") => entity.parts().iter().find_map(first_text),
        "text/plain" => Some(entity.text()).filter(|t| !t.trim().is_empty()),
        "text/html" => Some(without_tags(&entity.text())),
        _ => None,
    }
}

/// Enough for `<div>JA 14</div>`: breaks and blocks end a line, other tags vanish.
fn without_tags(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, after)) = after.split_once('>') else { return text };
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match name.to_ascii_lowercase().as_str() {
            "br" | "p" | "div" | "tr" | "blockquote" => text.push('\n'),
            "style" | "script" | "head" if !tag.starts_with('/') => {
                let end = format!("</{}", name.to_ascii_lowercase());
                let from = html.len() - after.len();
                rest = lower[from..].find(&end).map_or("", |at| &after[at..]);
                continue;
            }
            _ => {}
        }
        rest = after;
    }
    text.push_str(rest);
    text.replace("&nbsp;", " ").replace("&amp;", "&")
}

/// The first paragraph that was not there before: what a person wrote above the mail it answers, or below it.
fn written(text: &str) -> String {
    let mut words = String::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|p| !p.is_empty()) {
        let mut own: Vec<&str> =
            paragraph.lines().map(str::trim).filter(|l| !l.starts_with('>') && !l.is_empty()).collect();
        // "On … wrote:", "Den … skrev …:" stand before a quotation and say nothing by themselves.
        if own.last().is_some_and(|l| l.ends_with(':')) {
            own.pop();
        }
        if !own.is_empty() {
            words = own.join("\n");
            break;
        }
    }
    // Line by line, since a signature is told from an answer by the line end between them.
    let lines = words.lines().map(|line| {
        let words = line.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty());
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n").chars().take(ANSWER_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
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
            ("\n ja 14 \nMvh Anna\n\n> 14-1 ABCDEF LARM\n> Svara JA 14\n", "ja 14\nMvh Anna"),
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
        let shown = "<STYLE>a</style>".repeat(20_000) + "<p>JA 14";
        assert_eq!(mail(html, &shown).unwrap().text, "JA 14");
    }

    #[test]
    fn a_stranger_and_a_machine_answer_nothing() {
        assert_eq!(mail("From: tib@fs.example\n", "JA 14"), Err(NoAnswer::Stranger), "not the address it went to");
        assert_eq!(mail("From: iva@fs.example, tib@fs.example\n", "JA 14"), Err(NoAnswer::Stranger));
        assert_eq!(
            mail("From: iva@fs.example\nFrom: tib@fs.example\n", "JA 14"),
            Err(NoAnswer::Stranger),
            "who of both?"
        );
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
            assert_eq!(mail(&headers, "JA 14"), Err(NoAnswer::Machine), "{header}");
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
}
