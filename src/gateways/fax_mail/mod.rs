//! Fax by mail: the page as a PDF to `NUMBER@gateway`, for providers that turn mails into calls.
//!
//! Owns the letter. Must not: speak to a mail server (the session that mails use carries it, see [`super::letter`]), lay out
//! the page ([`super::fax_page`]), or promise more than it knows: a mail server's yes says that the provider has the mail,
//! and nothing of the machine that is called. Such a gateway therefore never tells that a fax was delivered.
//!
//! The letter has the PDF and nothing else: what stands in the body many providers send as a cover sheet, in a type of
//! their own, and then the far machine would show a text that is not the page's.

mod config;

use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, MultiPartKind};
use sha2::{Digest, Sha256};

pub use config::{FaxMailConfig, NUMBER};

use super::Job;
use super::fax_number::dial_string;
use super::fax_page::{FaxDocument, FaxPages};
use super::letter::{Letter, Letters};
use crate::domain::delivery::SendError;
use crate::domain::text::DoesNotFit;

/// Makes the letters of one provider.
pub struct FaxMail {
    config: FaxMailConfig,
    from: lettre::Address,
    pages: FaxPages,
}

impl FaxMail {
    /// From its configuration.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(config: FaxMailConfig) -> Result<Self, String> {
        let from =
            config.smtp.from.parse().map_err(|_| "from: no mail address; write one such as fax@region.example")?;
        if address(&config.to, "46980319200").is_none() {
            return Err(format!("to: write the provider's address with {NUMBER}, such as {NUMBER}@fax.example"));
        }
        Ok(Self { config, from, pages: FaxPages::default() })
    }
}

/// The address of a number.
fn address(template: &str, number: &str) -> Option<lettre::Address> {
    let (before, after) = template.split_once(NUMBER)?;
    // Once, and before the @: the number is a mailbox, never a part of the provider's domain.
    if after.contains(NUMBER) || before.contains('@') {
        return None;
    }
    format!("{before}{number}{after}").parse().ok()
}

impl Letters for FaxMail {
    fn letter(&self, job: &Job, now: Timestamp) -> Result<Letter, SendError> {
        let cannot = |why: &DoesNotFit| SendError::permanent(format!("the fax page {why}"));
        let document = self.pages.get(job).map_err(|why| cannot(&why))?;
        if document.pages > self.config.pages_max {
            let (needs, max) = (document.pages.into(), self.config.pages_max.into());
            return Err(cannot(&DoesNotFit::TooLong { needs, max, unit: "pages".into() }));
        }
        let number = dial_string(&job.to.0, self.config.dial_prefix.as_deref())
            .ok_or_else(|| SendError::permanent("no number that can be dialled"))?;
        let to = address(&self.config.to, &number)
            .ok_or_else(|| SendError::permanent("the number makes no mail address"))?;
        let message = self
            .message(job, &to, &document, now)
            .map_err(|e| SendError::permanent(format!("the letter could not be made: {e}")))?;
        Ok(Letter { to: to.to_string(), message, units: document.pages })
    }
}

impl FaxMail {
    fn message(
        &self,
        job: &Job,
        to: &lettre::Address,
        document: &Arc<FaxDocument>,
        now: Timestamp,
    ) -> Result<Vec<u8>, String> {
        let text = |e: lettre::error::Error| e.to_string();
        let subject = match &self.config.subject {
            Some(subject) => one_line(subject),
            // A list of mails shows it alone: in a drill it begins and ends with the mark (invariant 6).
            None => format!("{}{}{}", job.out.header(None), one_line(&job.head.title), job.out.footer()),
        };
        let key = key(job, to);
        let name = format!("{}.pdf", ascii(job.out.number()));
        let pdf = ContentType::parse("application/pdf").map_err(|e| e.to_string())?;
        let raw = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let repeat = if job.repeat { "; possible repeat" } else { "" };
        let body = MultiPart::builder()
            .kind(MultiPartKind::Mixed)
            .boundary(format!("vardkase.{key}"))
            .singlepart(Attachment::new(name).body(document.pdf.clone(), pdf));
        let message = Message::builder()
            .date(SystemTime::from(now))
            .from(Mailbox::new(Some(one_line(&job.head.sender)).filter(|s| !s.is_empty()), self.from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(subject)
            .message_id(Some(format!("<{}.{key}@{}>", ascii(&job.delivery.to_string()), domain(&self.from))))
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Vardkase-Delivery", &format!("{}{repeat}", job.delivery)))
            .multipart(body)
            .map_err(text)?;
        Ok(message.formatted())
    }
}

/// The same for a repeat, so that servers recognise it; another when deliveries are counted anew.
fn key(job: &Job, to: &lettre::Address) -> String {
    let mut hash = Sha256::new();
    for part in [&job.head.thread, &job.out.whole(job.trailer.as_deref()), &to.to_string()] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..6])
}

fn domain(from: &lettre::Address) -> &str {
    if from.domain().is_ascii() { from.domain() } else { "vardkase.invalid" }
}

/// `Ö-3-1` is `X-3-1` where only ASCII goes.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { 'X' }).collect()
}

/// Outside text, on one line: no line end can become a header of its own.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use base64::Engine;

    use super::*;
    use crate::domain::ids::{DeliveryId, IncidentNo};
    use crate::domain::lang::Lang;
    use crate::domain::text::{Canonical, Exercise, Fingerprint, Mark, Outgoing, Text};
    use crate::gateways::smtp::SmtpConfig;
    use crate::gateways::{Address, MessageContext, fax_page};

    fn config() -> FaxMailConfig {
        FaxMailConfig {
            to: "{number}@fax.example".into(),
            dial_prefix: Some("00".into()),
            smtp: SmtpConfig { from: "larm@region.example".into(), ..SmtpConfig::default() },
            pages_max: 1,
            ..FaxMailConfig::default()
        }
    }

    fn job(to: &str, text: &str) -> Job {
        let fingerprint = Fingerprint::of("Ö-3-1", "internal", "sv", text);
        let text = Text::<Exercise>::new("Ö-3-1", fingerprint, Canonical::new(text).unwrap());
        Job {
            delivery: DeliveryId { incident: IncidentNo::exercise(3), ordinal: 7 },
            to: Address(to.into()),
            out: Arc::new(Outgoing::message(&text, Mark::new("ÖVNING").unwrap())),
            head: Arc::new(MessageContext {
                sender: "Region\r\nBcc: x@y.example".into(),
                lang: Lang::SV,
                title: "Journalen".into(),
                mode_line: String::new(),
                page_url: String::new(),
                thread: "incident-x3@region".into(),
                foot: String::new(),
                priority: 0,
            }),
            trailer: Some("Svara JA Ö-3".into()),
            link: None,
            repeat: false,
            ttl_s: 600,
        }
    }

    fn now() -> Timestamp {
        "2008-12-18T09:45:00Z".parse().unwrap()
    }

    #[test]
    fn a_letter_has_the_page_and_nothing_else() {
        let mail = FaxMail::new(config()).unwrap();
        let job = job("+46 980-319 200", "LARM: Läget är allvarligt.");
        let letter = mail.letter(&job, now()).unwrap();
        assert_eq!((letter.to.as_str(), letter.units), ("0046980319200@fax.example", 1));
        let message = String::from_utf8(letter.message.clone()).unwrap();
        assert!(message.is_ascii() && message.lines().all(|l| l.len() <= 998));
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        let key = key(&job, &letter.to.parse().unwrap());
        for line in [
            "Date: Thu, 18 Dec 2008 09:45:00 +0000".to_owned(),
            "To: 0046980319200@fax.example".to_owned(),
            format!("Message-ID: <X3.7.{key}@region.example>"),
            "Auto-Submitted: auto-generated".to_owned(),
            format!("Content-Type: multipart/mixed; boundary=\"vardkase.{key}\""),
        ] {
            let unfolded = head.replace("\r\n ", " ").replace("  ", " ");
            assert!(unfolded.lines().any(|l| l == line), "{line} in\n{unfolded}");
        }
        assert!(!head.lines().any(|l| l.starts_with("Bcc")));
        let parts: Vec<&str> = body.split(&format!("--vardkase.{key}")).collect();
        assert_eq!((parts.len(), parts[0].trim(), parts[2].trim()), (3, "", "--"), "one part");
        let (part, content) = parts[1].split_once("\r\n\r\n").unwrap();
        assert!(part.contains("Content-Type: application/pdf") && part.contains("filename=\"X-3-1.pdf\""), "{part}");
        let content: String = content.split_whitespace().collect();
        let pdf = base64::engine::general_purpose::STANDARD.decode(content).unwrap();
        assert!(pdf == fax_page::render(&job).unwrap().pdf, "the page as it is");

        let repeat = mail.letter(&Job { repeat: true, ..job.clone() }, now()).unwrap().message;
        let repeat = String::from_utf8(repeat).unwrap();
        assert!(repeat.contains(&format!("Message-ID: <X3.7.{key}@")) && repeat.contains("; possible repeat"));
    }

    #[test]
    fn what_can_not_go_is_refused_before_any_mail_server_is_asked() {
        let mail = FaxMail::new(config()).unwrap();
        for (to, text) in [
            ("växeln", "Läge"),
            ("a@b.example", "Läge"),
            ("0980319200@evil.example,", "Läge"),
            ("0980319200", "Läge 🚑"),
            ("0980319200", &["ö"; 2_000].join(" ")),
        ] {
            let refused = mail.letter(&job(to, text), now());
            assert!(matches!(refused, Err(SendError::Permanent { .. })), "{to}: {refused:?}");
        }
    }

    #[test]
    fn the_subject_is_the_providers_or_the_unit_of_the_message() {
        let with = |subject: Option<&str>| {
            let mail = FaxMail::new(FaxMailConfig { subject: subject.map(Into::into), ..config() }).unwrap();
            let message = String::from_utf8(mail.letter(&job("1234", "Text"), now()).unwrap().message).unwrap();
            message.lines().find_map(|l| l.strip_prefix("Subject: ").map(str::to_owned)).unwrap()
        };
        assert_eq!(with(Some("PIN 12\r\n34")), "PIN 12 34");
        assert!(with(None).starts_with("=?utf-8?b?"), "mark and number, encoded");
    }

    #[test]
    fn an_address_that_is_none_is_told_at_the_start() {
        for to in ["fax@fax.example", "{number}", "{number}@{number}.example", "fax@{number}.example", "{number}@"] {
            let refused = FaxMail::new(FaxMailConfig { to: to.into(), ..config() });
            assert!(refused.is_err_and(|e| e.starts_with("to: ")), "{to}");
        }
        for to in ["fax={number}@fax.example", "{number}@fax.example", "acct1.{number}@fax.example"] {
            assert!(FaxMail::new(FaxMailConfig { to: to.into(), ..config() }).is_ok(), "{to}");
        }
        let smtp = SmtpConfig { from: "x".into(), ..SmtpConfig::default() };
        let bad_from = FaxMailConfig { smtp, ..config() };
        assert!(FaxMail::new(bad_from).is_err_and(|e| e.starts_with("from: ")));
    }
}
