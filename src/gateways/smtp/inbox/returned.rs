//! Reports of failure that only people can read: of qmail, Exim, Yahoo, Notes and many others, a mail that says in words that
//! another one was not delivered. Nothing but signs tells them, so three must come together: a mailer wrote it, it says so, and
//! it quotes a number that we signed. What says that it will be tried again is no failure, whatever else it says. No IO.

use super::super::codec::cleaned;
use super::super::token::Tokens;
use super::machine::local_part;
use super::mime::Entity;
use super::report::the_one_quoted;
use crate::domain::delivery::SendError;
use crate::domain::ids::DeliveryId;

/// Lines of the mailer's own words that are looked at: what it sends back comes behind them.
const LINES_MAX: usize = 120;
/// Characters of those lines.
const CHARS_MAX: usize = 12_000;
/// So many headers in a row are those of the mail that comes back.
const HEADERS_IN_A_ROW: usize = 3;

/// What stands in the name or the address of whoever writes such reports, in small letters.
const MAILERS: &[&str] = &[
    "mailer-daemon",
    "mailer daemon",
    "mail daemon",
    "mail delivery",
    "mail.delivery",
    "delivery subsystem",
    "delivery system",
    "mail system",
    "mail_service",
    "mail service",
    "mail administrator",
    "mailserver",
    "mail server",
    "system administrator",
    "systemadministrat",
    "microsoft outlook",
    "postmaster",
    "mdaemon",
    "mail router",
    "internet mail",
    "smtp gateway",
    "smtp_gateway",
    "antivirus",
];

/// What stands before the @ of such an address.
const MAILBOXES: &[&str] = &["mailer-daemon", "mailerdaemon", "maildaemon", "mail-daemon", "mdaemon", "postmaster"];

/// How the subject of an answer of a person begins, in small letters.
const ANSWERS: &[&str] = &["re:", "sv:", "svar:", "vs:", "aw:", "antw:"];

/// Words of a subject that say it, in small letters.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "undelivered",
    "non-deliver",
    "nondeliver",
    "not delivered",
    "not be delivered",
    "could not be deliver",
    "delivery fail",
    "delivery has failed",
    "delivery problem",
    "delivery error",
    "permanent delivery",
    "failure notice",
    "failure delivery",
    "failed mail",
    "mail failed",
    "mail failure",
    "mail delivery fail",
    "mail error",
    "mail system error",
    "message rejected",
    "rejected mail",
    "returned mail",
    "returned to sender",
    "returning to sender",
    "returning message",
    "returned message",
    "user unknown",
    "user not found",
    "processing error",
    "error report",
    "non remis",
    "kunde inte leverera",
    "kan inte leverera",
    "inte levererats",
    "går inte att leverera",
    "misslyckad leverans",
    "olevererbar",
    "kunne ikke leveres",
    "kan ikke leveres",
    "ei voitu toimittaa",
    "ei voi toimittaa",
    "unzustellbar",
    "nicht zugestellt",
    "nicht zustellbar",
];

/// What a mailer says when it gives up, in small letters and one space between words.
const FAILURES: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "could not be sent",
    "cannot be delivered",
    "can't be delivered",
    "can not be delivered",
    "not be delivered",
    "was not delivered",
    "were not delivered",
    "has not been delivered",
    "not deliverable",
    "undeliverable",
    "undelivered",
    "unable to deliver",
    "wasn't able to deliver",
    "was unable to deliver",
    "could not deliver",
    "couldn't deliver",
    "cannot deliver",
    "failed to deliver",
    "did not reach",
    "didn't reach",
    "did not receive",
    "delivery failed",
    "delivery failure",
    "delivery has failed",
    "delivery to the following recipient",
    "failed permanently",
    "failed recipient",
    "permanent error",
    "permanent failure",
    "permanent fatal error",
    "permanent delivery error",
    "had delivery errors",
    "cannot send message",
    "unsent message",
    "permanently failed",
    "giving up",
    "given up",
    "gave up",
    "been rejected",
    "was rejected",
    "is rejected",
    "automatically rejected",
    "rejected your message",
    "being returned",
    "been returned",
    "returned to you",
    "user unknown",
    "unknown user",
    "unknown recipient",
    "unknown address",
    "unknown or illegal alias",
    "user not found",
    "recipient not found",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no mailbox here",
    "not a valid user",
    "not a valid mailbox",
    "invalid recipient",
    "invalid address",
    "invalid mailbox",
    "invalid user",
    "not listed in",
    "not found in directory",
    "does not exist",
    "doesn't exist",
    "doesn't have a",
    "mailbox unavailable",
    "mailbox not found",
    "mailbox is full",
    "mailbox full",
    "over quota",
    "exceeded quota",
    "quota exceeded",
    "account is disabled",
    "account has been disabled",
    "relaying denied",
    "not accepting mail",
    "too many hops",
    "host unknown",
    "unrouteable address",
    "bad destination",
    "kunde inte levereras",
    "kan inte levereras",
    "inte att leverera",
    "kunde inte leverera",
    "inte levererats",
    "okänd mottagare",
    "finns inte",
    "kunne ikke leveres",
    "kan ikke leveres",
    "ei voitu toimittaa",
    "nicht zugestellt werden",
    "konnte nicht zugestellt",
    "konnte nicht an",
];

/// What a mailer says that goes on trying, or that is done. Each stands before every sign of a failure.
const NO_FAILURES: &[&str] = &[
    "not yet been delivered",
    "not yet delivered",
    "not been delivered yet",
    "is delayed",
    "been delayed",
    "was delayed",
    "delivery delay",
    "delivery is delayed",
    "been postponed",
    "message delayed",
    "mail delayed",
    "delayed mail",
    "notification (delay)",
    "will be retried",
    "be retried for",
    "still being retried",
    "will retry",
    "will keep trying",
    "keep trying to deliver",
    "will continue to try",
    "will continue trying",
    "will continue to attempt",
    "will continue to be made",
    "delivery attempts will continue",
    "will be attempted again",
    "will try again",
    "will be tried again",
    "further delivery attempts",
    "no action is required",
    "no action required",
    "do not need to take any action",
    "do not need to resend",
    "don't need to resend",
    "please do not resend",
    "this is a warning",
    "this is just a warning",
    "warning message only",
    "only a warning",
    "advisory-only",
    "successfully delivered",
    "been successfully",
    "was delivered to",
    "been delivered to the following",
    "successfully relayed",
    "out of office",
    "out of the office",
    "awaits moderator approval",
    "försenad",
    "fördröjd",
    "försöker igen",
    "nya försök",
    "inte levererats än",
    "ännu inte levererats",
    "forsinket",
    "prøver igen",
    "prøver igjen",
    "viivästy",
    "verzögert",
    "weitere zustellversuche",
];

/// Of a mail that came back: which of ours, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Returned {
    pub delivery: DeliveryId,
    pub why: SendError,
}

impl Returned {
    /// `None`: it is no report of failure on a mail of ours.
    pub fn read(mail: &Entity<'_>, tokens: &Tokens) -> Option<Self> {
        let why = said(mail)?;
        Some(Self { delivery: the_one_quoted(mail, tokens)?, why })
    }
}

/// Why, if the mail is of a mailer and says that it gave up.
fn said(mail: &Entity<'_>) -> Option<SendError> {
    let subject = mail.fields.words("subject").unwrap_or_default().to_lowercase();
    if ANSWERS.iter().any(|a| subject.starts_with(a)) {
        return None;
    }
    let by_subject = SUBJECTS.iter().any(|s| subject.contains(s));
    let sender = Sender::of(mail);
    if sender == Sender::Somebody && !by_subject {
        return None;
    }
    let lines = own_words(mail);
    let all = one_spaced(&lines.join(" "));
    if NO_FAILURES.iter().any(|f| all.contains(f) || subject.contains(f)) {
        return None;
    }
    let line = lines.iter().find(|l| has_refusal(l));
    let by_text = line.is_some() || FAILURES.iter().any(|f| all.contains(f));
    let enough = match sender {
        Sender::Mailer => by_subject || by_text,
        // Who is away answers so too, and may say that something does not exist.
        Sender::Nobody => by_subject,
        Sender::Somebody => by_subject && by_text,
    };
    if !enough {
        return None;
    }
    let telling = || lines.iter().find(|l| FAILURES.iter().any(|f| one_spaced(l).contains(f)));
    let words = line.or_else(telling).map_or_else(|| subject.clone(), Clone::clone);
    Some(SendError::permanent(cleaned(&format!("came back: {}", words.trim()), "")))
}

/// Who wrote it, as far as that says that it is a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sender {
    /// A name that is known for it.
    Mailer,
    /// No answer goes there (RFC 5321 4.5.5).
    Nobody,
    Somebody,
}

impl Sender {
    fn of(mail: &Entity<'_>) -> Self {
        let nobody = |value: &str| value.rsplit_once('<').is_some_and(|(_, rest)| rest.trim_start().starts_with('>'));
        let by = |from: &str| {
            let lower = from.to_lowercase();
            MAILBOXES.contains(&local_part(from).as_str()) || MAILERS.iter().any(|m| lower.contains(m))
        };
        let from = || mail.fields.all("from").chain(mail.fields.all("sender"));
        if mail.fields.has("x-failed-recipients") || from().any(by) {
            Self::Mailer
        } else if mail.fields.all("return-path").any(nobody) || from().any(nobody) {
            Self::Nobody
        } else {
            Self::Somebody
        }
    }
}

/// A line that quotes a refusal: `550 5.1.1 …`, `#5.1.1`.
fn has_refusal(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|w| !w.is_empty());
    words.any(|word| {
        let word = word.trim_end_matches('.');
        let digits = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit());
        let code =
            word.len() == 3 && digits(word) && matches!(word.as_bytes(), [b'5', b'0' | b'2' | b'3' | b'5' | b'7', _]);
        let status = word.strip_prefix("5.").is_some_and(|rest| {
            rest.split_once('.').is_some_and(|(a, b)| a.len() == 1 && b.len() <= 3 && digits(a) && digits(b))
        });
        code || status
    })
}

/// What the mailer wrote itself: its texts up to the mail that comes back, which may say anything.
fn own_words(mail: &Entity<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut chars, mut parts) = (0, 0);
    mail.visit(&mut |part| {
        let kind = part.kind();
        let html = kind == "text/html";
        parts += 1;
        // Some put it into a part that does not say what it is.
        if part.is_mail() || (parts > 1 && part.fields.has("received")) {
            return true;
        }
        if !(html || kind == "text/plain" || kind == "message/disposition-notification") {
            return false;
        }
        let text = part.text();
        let text = if html { super::html::own_lines(&text) } else { text };
        let (mut headers, mut of_transport) = (0, false);
        for line in text.lines() {
            match header(line) {
                Some(name) => {
                    headers += 1;
                    // A list of To, Subject and Date is the mailer's own word on what it is about.
                    of_transport |=
                        !["from", "to", "cc", "date", "subject", "message-id", "sender"].contains(&name.as_str());
                }
                None if line.starts_with([' ', '\t']) && headers > 0 => {}
                None => (headers, of_transport) = (0, false),
            }
            if (headers >= HEADERS_IN_A_ROW && of_transport) || lines.len() >= LINES_MAX || chars >= CHARS_MAX {
                return true;
            }
            if !line.trim_start().starts_with('>') && !line.trim().is_empty() {
                let line: String = line.chars().take(CHARS_MAX - chars).collect();
                chars += line.chars().count();
                lines.push(line);
            }
        }
        false
    });
    lines
}

/// The name of a header, if the line is one as mails begin with: `> Message-ID: …`.
fn header(line: &str) -> Option<String> {
    const KNOWN: [&str; 11] = [
        "received",
        "return-path",
        "message-id",
        "date",
        "from",
        "to",
        "cc",
        "reply-to",
        "sender",
        "mime-version",
        "subject",
    ];
    let name = line.trim_start_matches(['>', '|', ' ']).split_once(':')?.0.to_lowercase();
    let is = KNOWN.contains(&name.as_str()) || ["x-", "content-", "list-"].iter().any(|p| name.starts_with(p));
    (is && !name.contains(' ')).then_some(name)
}

fn one_spaced(text: &str) -> String {
    text.to_lowercase().replace('’', "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "returned_tests.rs"]
mod tests;
