//! Answers that people write by e-mail. No IO.
//!
//! A sender's address can be made up by anybody. An answer counts only when it refers to a mail of ours (In-Reply-To,
//! References) and comes from the very address that this mail went to: both are in its Message-ID, signed (`token`).
//! What a machine answers (`machine`) is never an answer of a person.
//!
//! What a yes is in the region's languages is not known here. `written` finds the lines that may be one; they go on in order,
//! one below the other, and the first that reads as an answer is it.

use super::super::token::Tokens;
use super::html;
use super::machine::sign_of_a_machine;
use super::mime::Entity;
use super::written::{answer_in_subject, answer_lines, with_number};
use crate::domain::ids::DeliveryId;
use crate::gateways::Address;

/// Characters of an answer that are given on; whoever writes more did not mean a code.
const ANSWER_CHARS_MAX: usize = 500;
/// Message-IDs that are looked at.
const REFERENCES_MAX: usize = 50;
/// Texts of one mail that are read: banners, what was written, footers.
const TEXTS_MAX: usize = 10;

/// Somebody answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// The mail that was answered.
    pub delivery: DeliveryId,
    pub from: Address,
    /// The lines that may be the answer, the likeliest first.
    pub text: String,
}

/// Why a mail is not an answer, for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoAnswer {
    /// A machine wrote it; by which sign it is known.
    Machine(&'static str),
    /// It answers no mail of ours, or not from where that went.
    Stranger,
    /// Nothing stands in it.
    Empty,
}

impl Answer {
    pub fn read(mail: &Entity<'_>, tokens: &Tokens) -> Result<Self, NoAnswer> {
        if let Some(sign) = sign_of_a_machine(mail) {
            return Err(NoAnswer::Machine(sign));
        }
        // Two senders are none: the mail server may have looked at the other one.
        let mut from = mail.fields.all("from");
        let from = from.next().filter(|_| from.next().is_none()).and_then(one_address).ok_or(NoAnswer::Stranger)?;
        let named = mail.fields.all("in-reply-to").chain(mail.fields.all("references"));
        let mut ids = named.flat_map(str::split_whitespace).take(REFERENCES_MAX);
        let delivery = ids.find_map(|id| tokens.answered_by(id, &from)).ok_or(NoAnswer::Stranger)?;
        let text = answer(mail, delivery);
        if text.is_empty() {
            return Err(NoAnswer::Empty);
        }
        Ok(Self { delivery, from: Address(from.into()), text })
    }
}

/// The lines that may be the answer: of the plain text, or of the HTML when that has none, or what the subject says.
fn answer(mail: &Entity<'_>, delivery: DeliveryId) -> String {
    let incident = delivery.incident;
    let subject = mail.fields.words("subject").unwrap_or_default();
    let mut lines = Vec::new();
    for html in [false, true] {
        if lines.is_empty() {
            let mut texts = Vec::new();
            shown_texts(mail, html, &mut texts);
            lines = answer_lines(&texts.join("\n\n"), incident);
        }
    }
    if lines.is_empty() {
        lines.extend(answer_in_subject(&subject, incident));
    }
    let numbered: Vec<String> = lines.iter().map(|line| with_number(line, &subject, incident)).collect();
    numbered.join("\n").chars().take(ANSWER_CHARS_MAX).collect()
}

/// The texts that a person sees, in order; of the same in several forms the plain one, or the HTML. What is attached is not one.
fn shown_texts(entity: &Entity<'_>, html: bool, texts: &mut Vec<String>) {
    if texts.len() >= TEXTS_MAX || is_attached(entity) {
        return;
    }
    match entity.kind().as_str() {
        "multipart/alternative" => {
            let parts = entity.parts();
            let of_form = |part: &&Entity<'_>| (part.kind() != "text/plain") == html;
            let wanted = parts.iter().find(of_form);
            let before = texts.len();
            wanted.into_iter().for_each(|part| shown_texts(part, html, texts));
            // One form alone, or an empty one beside it.
            if texts.len() == before {
                parts.iter().for_each(|part| shown_texts(part, html, texts));
            }
        }
        kind if kind.starts_with("multipart/") => entity.parts().iter().for_each(|part| shown_texts(part, html, texts)),
        "text/plain" => texts.extend(Some(entity.text()).filter(|t| !t.trim().is_empty())),
        "text/html" => texts.push(html::own_lines(&entity.text())),
        _ => {}
    }
}

fn is_attached(entity: &Entity<'_>) -> bool {
    let disposition = entity.fields.first("content-disposition").unwrap_or_default();
    disposition.trim_start().get(..10).is_some_and(|d| d.eq_ignore_ascii_case("attachment"))
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

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
