//! A job to the bytes of a message: text/plain first, then HTML with its language, both with the canonical text unchanged.
//!
//! ```text
//! Date, To, Message-ID             per receiver
//! From, Subject, threading, …      shared
//! text/plain   header text mark            ← the sent text, whole, one line when decoded
//!              (blank) trailer, link       ← per receiver, apart
//!              (blank) journal's seal      ← where there is one
//!              (blank) mark                ← in a drill the unit ends with its mark
//! text/html    the same; <p id="text"> carries the canonical text alone
//! ```
//!
//! Quoted-printable wraps lines in transit and restores them exactly; `format=flowed` would not. What is shared by all
//! receivers of a text is built once by lettre and kept; a receiver costs a few copies.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use sha2::{Digest, Sha256};

use super::inbox::mime::Entity;
use super::token::Tokens;
use crate::domain::ids::DeliveryId;
use crate::domain::incident::state::SYSTEM_NOTES;
use crate::domain::text::Outgoing;
use crate::gateways::{Job, MessageContext};

/// Texts whose shared parts are kept. More at the same time only cost time.
const KEPT_MAX: usize = 32;

/// Builds messages of one gateway.
pub(super) struct Composer {
    from: Address,
    reply_to: Option<Mailbox>,
    domain: String,
    tokens: Tokens,
    kept: Mutex<VecDeque<SharedBody>>,
}

/// The shared parts of a text, and what they were built from: as long as both are held, no other text has their place in
/// memory.
struct SharedBody {
    out: Arc<Outgoing>,
    head: Arc<MessageContext>,
    shared: Arc<Shared>,
}

/// A message without what is per receiver: after `before_plain` and `before_html` stand the trailer and the link.
struct Shared {
    before_plain: Vec<u8>,
    before_html: Vec<u8>,
    after_html: Vec<u8>,
}

impl Composer {
    pub fn new(from: &Address, reply_to: Option<&str>, tokens: Tokens) -> Result<Self, String> {
        let reply_to = match reply_to {
            None => None,
            Some(text) => Some(Mailbox::new(None, text.parse().map_err(|_| "reply_to: no mail address".to_owned())?)),
        };
        let domain = if from.domain().is_ascii() { from.domain().to_owned() } else { "vardkase.invalid".to_owned() };
        Ok(Self { from: from.clone(), reply_to, domain, tokens, kept: Mutex::default() })
    }

    /// The whole message, dots not yet doubled, and the word by which reports name it.
    pub fn message(&self, job: &Job, to: &Address, now: Timestamp) -> Result<(Vec<u8>, String), String> {
        let shared = self.shared(job)?;
        let token = self.tokens.token(job.delivery, &text_hash(job));
        let mut message = Vec::with_capacity(shared.len() + 768);
        message.extend_from_slice(self.receiver_headers(job, to, &token, now).as_bytes());
        message.extend_from_slice(&shared.before_plain);
        message.extend_from_slice(&quoted(plain_block(job)));
        message.extend_from_slice(&shared.before_html);
        message.extend_from_slice(&quoted(html_block(job)));
        message.extend_from_slice(&shared.after_html);
        Ok((message, token))
    }

    fn receiver_headers(&self, job: &Job, to: &Address, token: &str, now: Timestamp) -> String {
        let date = DateTimePrinter::new().zoned_to_string(&now.to_zoned(TimeZone::UTC)).unwrap_or_default();
        let mut headers = String::with_capacity(256);
        if !date.is_empty() {
            let _ = write!(headers, "Date: {date}\r\n");
        }
        let repeat = if job.repeat { "; possible repeat" } else { "" };
        let _ = write!(
            headers,
            "To: {to}\r\nMessage-ID: <{}>\r\nX-Vardkase-Delivery: {}{repeat}\r\n",
            self.tokens.message_id(token, to.as_ref(), &self.domain),
            job.delivery
        );
        headers
    }

    fn shared(&self, job: &Job) -> Result<Arc<Shared>, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(k) = kept.iter().find(|k| Arc::ptr_eq(&k.out, &job.out) && Arc::ptr_eq(&k.head, &job.head)) {
            return Ok(k.shared.clone());
        }
        let shared = Arc::new(self.build(&job.out, &job.head)?);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(SharedBody { out: job.out.clone(), head: job.head.clone(), shared: shared.clone() });
        Ok(shared)
    }

    fn build(&self, out: &Outgoing, head: &MessageContext) -> Result<Shared, String> {
        let cut = mark_for_cuts(out, head);
        let plain = format!("{}\r\n{cut}\r\n", out.whole(None));
        let html = html(out, head, &cut);
        let thread = thread_id(&head.thread, &self.domain);
        let mut builder = Message::builder()
            .from(Mailbox::new(Some(one_line(&head.sender)).filter(|s| !s.is_empty()), self.from.clone()))
            .subject(subject(out, head))
            .in_reply_to(thread.clone())
            .references(thread)
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            // Exchange answers for people who are away whatever Auto-Submitted says; reports it still sends.
            .raw_header(raw("X-Auto-Response-Suppress", "OOF, AutoReply"))
            .raw_header(raw("Content-Language", head.lang.as_str()));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        // Alerts come first in the mail reader too; ordinary news carry nothing, so that an alert stands out.
        if let Some((importance, x_priority)) = match head.priority {
            0 => Some(("high", "1 (Highest)")),
            1 => Some(("high", "2 (High)")),
            _ => None,
        } {
            builder = builder.raw_header(raw("Importance", importance)).raw_header(raw("X-Priority", x_priority));
        }
        // lettre wants receivers; ours stand in the headers of each message.
        let nobody = lettre::address::Envelope::new(Some(self.from.clone()), vec![self.from.clone()])
            .map_err(|e| e.to_string())?;
        let mut message = builder
            .envelope(nobody)
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, plain)?)
                    .singlepart(part(ContentType::TEXT_HTML, html)?),
            )
            .map_err(|e| e.to_string())?;
        message.headers_mut().remove_raw("Date");
        Shared::cut(&message.formatted(), &cut).ok_or_else(|| "the message could not be built".to_owned())
    }
}

/// What a reader shows of a mail with that text: it is composed, and its text part read back. Without a link: that is another for each
/// receiver, and stands apart.
///
/// # Errors
/// It can't be composed; in words.
pub fn shown(out: &Outgoing, head: MessageContext, trailer: Option<&str>) -> Result<String, String> {
    let nobody: Address = "report@vardkase.invalid".parse().map_err(|_| "no address".to_owned())?;
    let composer = Composer::new(&nobody, None, Tokens::new([0; 32]))?;
    let job = Job {
        delivery: DeliveryId { incident: SYSTEM_NOTES, ordinal: 0 },
        to: crate::gateways::Address(nobody.to_string().into()),
        out: Arc::new(out.clone()),
        head: Arc::new(head),
        trailer: trailer.map(Arc::from),
        link: None,
        repeat: false,
        ttl_s: 0,
    };
    let (mail, _) = composer.message(&job, &nobody, Timestamp::UNIX_EPOCH)?;
    let mut text = None;
    Entity::read(&mail).visit(&mut |part| {
        if text.is_none() && part.parts().is_empty() && part.kind() == "text/plain" {
            text = Some(part.text());
        }
        text.is_some()
    });
    text.map(|text| text.trim_end_matches('\n').to_owned()).ok_or_else(|| "the mail has no text part".into())
}

impl Shared {
    /// Cuts where the line `cut` stands: twice, once in each part.
    fn cut(message: &[u8], cut: &str) -> Option<Self> {
        let line = format!("{cut}\r\n");
        let find =
            |from: usize| message[from..].windows(line.len()).position(|w| w == line.as_bytes()).map(|at| from + at);
        let first = find(0)?;
        let second = find(first + line.len())?;
        Some(Self {
            before_plain: message[..first].to_vec(),
            before_html: message[first + line.len()..second].to_vec(),
            after_html: message[second + line.len()..].to_vec(),
        })
    }

    fn len(&self) -> usize {
        self.before_plain.len() + self.before_html.len() + self.after_html.len()
    }
}

/// Part of the Message-ID: the same for a repeat, so that mail readers and servers recognise it. Incidents are counted anew
/// when somebody begins with an empty state folder: the hash keeps a server from taking the new alert for the old one and
/// dropping it.
fn text_hash(job: &Job) -> String {
    let mut hash = Sha256::new();
    for part in [&job.head.thread, &job.out.whole(job.trailer.as_deref()), &*job.to.0] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..6])
}

/// A word that nothing in the message contains.
fn mark_for_cuts(out: &Outgoing, head: &MessageContext) -> String {
    let mut n = 0u32;
    loop {
        let cut = format!("CUT{n}CUT");
        if ![out.text(), &head.title, &head.sender, &head.mode_line, &head.page_url].iter().any(|t| t.contains(&cut)) {
            return cut;
        }
        n += 1;
    }
}

/// `[mark SP] number SP fingerprint SP title [SP mark]`: a list of mails shows it alone, so in a drill it ends with the mark
/// too (invariant 6).
fn subject(out: &Outgoing, head: &MessageContext) -> String {
    format!("{}{}{}", out.header(None), one_line(&head.title), out.footer())
}

/// Outside text, on one line: no line end can become a header of its own.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// All messages of an incident refer to the same ID, so that mail readers show them as one conversation (RFC 5322 3.6.4).
fn thread_id(thread: &str, domain: &str) -> String {
    let mut id = String::from("<");
    for c in thread.chars() {
        if c.is_ascii_alphanumeric() || "-._@+".contains(c) {
            id.push(c);
        } else {
            let _ = write!(id, "_{:x}_", u32::from(c));
        }
    }
    if !id.contains('@') {
        id.push('@');
        id.push_str(domain);
    }
    id.push('>');
    id
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn part(content_type: ContentType, text: String) -> Result<SinglePart, String> {
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| "the text has no quoted-printable form".to_owned())?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

/// A piece that begins and ends with a line, encoded by itself.
fn quoted(text: String) -> Vec<u8> {
    if text.is_empty() {
        return Vec::new();
    }
    Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable).map(Body::into_vec).unwrap_or_default()
}

/// What stands apart under the text: how to answer, and at the end of a drill its mark.
fn plain_block(job: &Job) -> String {
    let mut block = String::new();
    for line in [&job.trailer, &job.link].into_iter().flatten() {
        if block.is_empty() {
            block.push_str("\r\n");
        }
        block.push_str(line);
        block.push_str("\r\n");
    }
    if !job.head.foot.is_empty() {
        let _ = write!(block, "\r\n{}\r\n", job.head.foot);
    }
    if let (Some(mark), false) = (job.out.mark(), block.is_empty()) {
        let _ = write!(block, "\r\n{}\r\n", mark.as_str());
    }
    block
}

fn html(out: &Outgoing, head: &MessageContext, cut: &str) -> String {
    let mark = out.footer();
    format!(
        "<!doctype html>\r\n<html lang=\"{}\">\r\n<head><meta charset=\"utf-8\"><title>{}</title></head>\r\n<body>\r\n\
         <p>{}</p>\r\n<p id=\"text\">{}</p>\r\n{}{cut}\r\n</body>\r\n</html>\r\n",
        head.lang,
        escaped(&subject(out, head)),
        escaped(out.header(None).trim_end()),
        escaped(out.text()),
        if mark.is_empty() { String::new() } else { format!("<p>{}</p>\r\n", escaped(mark.trim_start())) },
    )
}

fn html_block(job: &Job) -> String {
    let mut block = String::new();
    if let Some(trailer) = &job.trailer {
        let _ = write!(block, "<p>{}</p>\r\n", escaped(trailer));
    }
    if let Some(link) = &job.link {
        let _ = write!(block, "<p><a href=\"{0}\">{0}</a></p>\r\n", escaped(link));
    }
    if !job.head.foot.is_empty() {
        let _ = write!(block, "<p><small>{}</small></p>\r\n", escaped(&job.head.foot));
    }
    if let (Some(mark), false) = (job.out.mark(), block.is_empty()) {
        let _ = write!(block, "<p>{}</p>\r\n", escaped(mark.as_str()));
    }
    block
}

fn escaped(text: &str) -> String {
    askama::filters::escape(text, askama::filters::Html).map_or_else(|never| match never {}, |text| text.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::ids::{DeliveryId, IncidentNo};
    use crate::domain::lang::Lang;
    use crate::domain::text::{Canonical, Exercise, Fingerprint, Mark, Text};
    use crate::gateways::Address as To;

    fn job(title: &str) -> Job {
        let text = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: Skriv på papper <bums> & \"ring\".";
        let f = Fingerprint::of("Ö-3-1", "internal", "sv", text);
        let text = Text::<Exercise>::new("Ö-3-1", f, Canonical::new(text).unwrap());
        Job {
            delivery: DeliveryId { incident: IncidentNo::exercise(3), ordinal: 17 },
            to: To("tib@fs.example".into()),
            out: Arc::new(Outgoing::message(&text, Mark::new("ÖVNING").unwrap())),
            head: Arc::new(MessageContext {
                sender: "Region Fjällmark".into(),
                lang: Lang::SV,
                title: title.into(),
                mode_line: String::new(),
                page_url: String::new(),
                thread: "incident-Ö-3".into(),
                priority: 0,
                foot: String::new(),
            }),
            trailer: Some("Svara JA Ö-3".into()),
            link: Some("https://larm.example/a/x?y=1&z=2".into()),
            repeat: false,
            ttl_s: 600,
        }
    }

    fn composed(composer: &Composer, job: &Job) -> String {
        let now = "2008-12-18T09:45:00Z".parse().unwrap();
        String::from_utf8(composer.message(job, &job.to.0.parse().unwrap(), now).unwrap().0).unwrap()
    }

    fn composer() -> Composer {
        Composer::new(&"larm@region.example".parse().unwrap(), None, Tokens::new([7; 32])).unwrap()
    }

    #[test]
    fn headers_say_what_it_is() {
        let message = composed(&composer(), &job("Journalen"));
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        let id = headers.lines().find(|l| l.starts_with("Message-ID: ")).unwrap();
        assert!(id.starts_with("Message-ID: <X3.17.") && id.ends_with("@region.example>"), "{id}");
        for line in [
            "Date: Thu, 18 Dec 2008 09:45:00 +0000",
            "To: tib@fs.example",
            "In-Reply-To: <incident-_d6_-3@region.example>",
            "References: <incident-_d6_-3@region.example>",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: OOF, AutoReply",
            "Importance: high",
            "X-Priority: 1 (Highest)",
            "Content-Language: sv",
            "MIME-Version: 1.0",
        ] {
            assert_eq!(headers.lines().filter(|l| *l == line).count(), 1, "{line} in\n{headers}");
        }
        assert_eq!(headers.lines().filter(|l| l.starts_with("Date:")).count(), 1);
        assert!(!headers.lines().any(|l| l.starts_with("List-") || l.starts_with("Precedence")), "no list");
        assert!(message.is_ascii(), "carried by every server");
        assert!(message.lines().all(|l| l.len() <= 998), "RFC 5322 2.1.1");
        assert!(!message.contains("CUT"));
    }

    #[test]
    fn a_repeat_has_the_same_id_and_another_text_another() {
        let composer = composer();
        let mut job = job("Journalen");
        let id = |job: &Job| {
            let message = composed(&composer, job);
            message.lines().find(|l| l.starts_with("Message-ID: ")).unwrap().to_owned()
        };
        let first = id(&job);
        job.repeat = true;
        assert_eq!(id(&job), first);
        assert!(composed(&composer, &job).contains("X-Vardkase-Delivery: X3.17; possible repeat\r\n"));
        job.trailer = None;
        assert_ne!(id(&job), first);
    }

    #[test]
    fn the_journals_seal_stands_last_and_a_drill_still_ends_with_its_mark() {
        let mut job = job("Journalen");
        let without = composed(&composer(), &job);
        Arc::make_mut(&mut job.head).foot = "Journal 1234 7K4F-2A9B-3C5D-8E1F".into();
        let with = composed(&composer(), &job);
        let plain = with.split("\r\n--").find(|p| p.contains("text/plain")).unwrap();
        let foot = "\r\n\r\nJournal 1234 7K4F-2A9B-3C5D-8E1F\r\n\r\n=C3=96VNING";
        assert!(plain.trim_end().ends_with(foot), "{plain}");
        assert!(
            with.contains("<p><small>Journal 1234 7K4F-2A9B-3C5D-8E1F</small></p>\r\n<p>=C3=96VNING</p>"),
            "{with}"
        );
        let head = |m: &str| m.split("\r\n\r\n").next().unwrap().lines().take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(head(&with), head(&without), "a repeat after a seal has the same ID");
    }

    #[test]
    fn a_title_cannot_become_a_header() {
        let message = composed(&composer(), &job("Nere\r\nBcc: alla@fs.example\r\n\r\nhej"));
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|l| l.starts_with("Bcc")), "{headers}");
    }

    #[test]
    fn what_is_shared_is_built_once() {
        let composer = composer();
        let mut job = job("CUT0CUT");
        let first = composer.shared(&job).unwrap();
        job.trailer = None;
        job.to = To("icu@fs.example".into());
        assert!(Arc::ptr_eq(&first, &composer.shared(&job).unwrap()));
        job.out = Arc::new(Outgoing::clone(&job.out));
        assert!(!Arc::ptr_eq(&first, &composer.shared(&job).unwrap()));
        for _ in 0..2 * KEPT_MAX {
            job.out = Arc::new(Outgoing::clone(&job.out));
            composer.shared(&job).unwrap();
        }
        assert_eq!(composer.kept.lock().unwrap().len(), KEPT_MAX);
    }
}
