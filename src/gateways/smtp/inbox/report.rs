//! Reports on delivery that a machine can read (RFC 3464 in RFC 6522) to what became of a delivery. Strict about what is
//! said: a delay is no failure, "delivered" needs a status that begins with 2. Lenient about where it stands: servers leave out
//! the line between groups, the status, or the mail that comes back, and lists and gateways wrap the report. No IO.

use super::super::codec::cleaned;
use super::super::token::Tokens;
use super::mime::{Entity, Fields};
use crate::domain::delivery::SendError;
use crate::domain::ids::DeliveryId;

/// Groups of fields in one report: one a receiver, and the first.
const GROUPS_MAX: usize = 100;
/// Parts with groups in one mail.
const STATUS_PARTS_MAX: usize = 10;

/// What a report says. Each of our mails has one receiver; a list behind its address may make several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Report {
    /// What we gave as ENVID, if a server kept it.
    pub envelope_id: Option<String>,
    /// Message-ID of the mail that comes back, if it does.
    pub message_id: Option<String>,
    /// What became of it; `None`: a delay, or handed on to where no report comes from.
    pub fate: Option<Result<(), SendError>>,
}

impl Report {
    /// Reads a report. `None`: the mail has no part that says what became of a receiver.
    pub fn read(mail: &Entity<'_>) -> Option<Self> {
        let (mut parts, mut groups) = (0, Vec::new());
        let mut message_id = None;
        mail.visit(&mut |part| {
            // RFC 6533 has names of its own for reports with addresses beyond ASCII.
            if matches!(part.kind().as_str(), "message/delivery-status" | "message/global-delivery-status") {
                parts += 1;
                groups.extend(read_groups(&part.decoded(), GROUPS_MAX - groups.len()));
            } else if part.is_mail() && message_id.is_none() {
                message_id = returned_id(part);
            }
            parts >= STATUS_PARTS_MAX || groups.len() >= GROUPS_MAX
        });
        if !groups.iter().any(|g| g.first("action").is_some() || g.first("status").is_some()) {
            return None;
        }
        let fates: Vec<_> = groups.iter().filter_map(fate).collect();
        let delivered = fates.iter().find(|f| f.is_ok());
        let fate = delivered.or_else(|| fates.iter().find(|f| f.is_err())).cloned();
        let envelope_id = groups.iter().find_map(|g| g.first("original-envelope-id")).map(from_xtext);
        Some(Self { envelope_id, message_id, fate })
    }

    /// Which of our mails it is about: by what we gave as ENVID, by the Message-ID of what comes back, or by the one number of
    /// ours that stands anywhere in it.
    pub fn delivery(&self, mail: &Entity<'_>, tokens: &Tokens) -> Option<DeliveryId> {
        let by_envelope = self.envelope_id.as_deref().and_then(|id| tokens.delivery(id));
        let by_message = || tokens.of_message_id(self.message_id.as_deref()?);
        by_envelope.or_else(by_message).or_else(|| the_one_quoted(mail, tokens))
    }
}

/// The delivery whose number stands anywhere in the mail: in its own headers, in what comes back, in its texts. Two of them are
/// none: it may be about either.
pub(super) fn the_one_quoted(mail: &Entity<'_>, tokens: &Tokens) -> Option<DeliveryId> {
    let mut found: Vec<DeliveryId> = Vec::new();
    mail.visit(&mut |part| {
        for value in part.fields.values() {
            found.extend(tokens.quoted_in(value));
        }
        if part.parts().is_empty() {
            found.extend(tokens.quoted_in(&part.text()));
        }
        found.sort_unstable();
        found.dedup();
        found.len() > 1
    });
    found.pop().filter(|_| found.is_empty())
}

/// Groups of fields. An empty line stands between them, but some servers leave it out, and others put one within a group: a group
/// begins with its receiver, and what has no receiver of its own belongs to the one before.
fn read_groups(status: &[u8], groups_max: usize) -> Vec<Fields> {
    let mut groups: Vec<Fields> = Vec::new();
    let mut rest = status;
    for _ in 0..groups_max {
        let (group, after) = Fields::read(rest.trim_ascii_start());
        rest = after;
        for group in group.split_before(begins_receiver) {
            match groups.last_mut().filter(|last| of_receiver(last) && !last.has("action") && !of_receiver(&group)) {
                Some(last) => last.append(group),
                None => groups.push(group),
            }
        }
    }
    groups.truncate(groups_max);
    groups
}

fn of_receiver(group: &Fields) -> bool {
    group.has("final-recipient") || group.has("original-recipient")
}

/// Whether the next field is the first of another receiver.
fn begins_receiver(name: &str, so_far: &Fields) -> bool {
    let is = |n: &str| name.eq_ignore_ascii_case(n);
    let of_message = so_far.has("reporting-mta") && !of_receiver(so_far) && !so_far.has("action");
    match (is("final-recipient"), is("original-recipient"), is("action")) {
        (true, ..) => of_message || so_far.has("final-recipient"),
        (_, true, _) => {
            let complete = ["final-recipient", "action", "status"].iter().all(|n| so_far.has(n));
            of_message || so_far.has("original-recipient") || complete
        }
        (.., true) => of_message || so_far.has("action"),
        _ => false,
    }
}

/// Message-ID of a mail, or of its headers, that came back.
fn returned_id(part: &Entity<'_>) -> Option<String> {
    let decoded = part.decoded();
    Fields::read(decoded.trim_ascii_start()).0.first("message-id").map(str::to_owned)
}

/// Of one receiver (RFC 3464 2.3).
fn fate(receiver: &Fields) -> Option<Result<(), SendError>> {
    let action = without_comment(receiver.first("action").unwrap_or_default()).to_ascii_lowercase();
    let status = without_comment(receiver.first("status").unwrap_or_default());
    // "5.1.1", and "5" or "550" of those who write what they like.
    let class = status.chars().next();
    match action.as_str() {
        // Its receiver must stand there, and all of the status: it ends an alert.
        "delivered" if of_receiver(receiver) && is_status(&status) && class == Some('2') => Some(Ok(())),
        // 4: it was tried for as long as that server tries. OpenSMTPD says "error".
        "failed" | "fail" | "failure" | "error" if class != Some('2') => Some(Err(came_back(receiver, &status))),
        // Without an action a status for good does.
        "" if of_receiver(receiver) && is_status(&status) && class == Some('5') => {
            Some(Err(came_back(receiver, &status)))
        }
        _ => None,
    }
}

fn came_back(receiver: &Fields, status: &str) -> SendError {
    let said = receiver.words("diagnostic-code").unwrap_or_default();
    // `smtp; 550 …`: which protocol said it helps nobody.
    let said = said.split_once(';').map_or(said.as_str(), |(_, words)| words).trim();
    let both = format!("{status} {said}");
    let both = if both.trim().is_empty() { "failed" } else { both.trim() };
    SendError::permanent(cleaned(&format!("came back: {both}"), ""))
}

/// A status (RFC 3463 2): `5.1.1`.
fn is_status(status: &str) -> bool {
    let numbers: Vec<&str> = status.split('.').collect();
    let digits = |n: &&str| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3 && numbers.iter().all(digits) && numbers.first().is_some_and(|n| n.len() == 1)
}

/// `failed (unable to deliver)` → `failed`.
fn without_comment(value: &str) -> String {
    value.split('(').next().unwrap_or_default().trim().to_owned()
}

/// Some servers give the envelope's ID back as it stood on the wire (RFC 3461 4).
fn from_xtext(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let bytes = value.trim().as_bytes();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let code = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match code.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| byte == b'+') {
            Some(decoded) => {
                out.push(decoded);
                i += 3;
            }
            None => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
