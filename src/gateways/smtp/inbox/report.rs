//! Reports on delivery (RFC 3464 in RFC 6522) to what became of a delivery. Strict: what is not said in the machine-readable
//! part is not said, and "delivered" needs a status that begins with 2. No IO.

use super::super::codec::cleaned;
use super::mime::{Entity, Fields};
use crate::domain::delivery::SendError;

/// Groups of fields in one report: one a receiver, and the first.
const GROUPS_MAX: usize = 100;

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
    /// Reads a report. `None`: the mail is not a report.
    pub fn read(mail: &Entity<'_>) -> Option<Self> {
        if mail.kind() != "multipart/report" {
            return None;
        }
        if mail.parameter("report-type").is_some_and(|t| !t.eq_ignore_ascii_case("delivery-status")) {
            return None;
        }
        let parts = mail.parts();
        // RFC 6533 has names of its own for reports with addresses beyond ASCII.
        let status = parts
            .iter()
            .find(|p| matches!(p.kind().as_str(), "message/delivery-status" | "message/global-delivery-status"))?;
        let decoded = status.decoded();
        let mut rest: &[u8] = &decoded;
        let mut groups = Vec::new();
        while !rest.is_empty() && groups.len() < GROUPS_MAX {
            let (group, after) = Fields::read(rest);
            rest = after;
            if !group.is_empty() {
                groups.push(group);
            }
        }
        let (of_message, of_receivers) = groups.split_first()?;
        let fates: Vec<_> = of_receivers.iter().filter_map(fate).collect();
        let delivered = fates.iter().find(|f| f.is_ok());
        let fate = delivered.or_else(|| fates.iter().find(|f| f.is_err())).cloned();
        Some(Self {
            envelope_id: of_message.first("original-envelope-id").map(from_xtext),
            message_id: parts.iter().filter_map(returned_id).next(),
            fate,
        })
    }
}

/// Message-ID of a mail, or of its headers, that came back.
fn returned_id(part: &Entity<'_>) -> Option<String> {
    let kind = part.kind();
    if !matches!(
        kind.as_str(),
        "message/rfc822"
            | "text/rfc822-headers"
            | "message/rfc822-headers"
            | "message/global"
            | "message/global-headers"
    ) {
        return None;
    }
    let decoded = part.decoded();
    Fields::read(&decoded).0.first("message-id").map(str::to_owned)
}

/// Of one receiver (RFC 3464 2.3). Action, Status and Final-Recipient must stand there.
fn fate(receiver: &Fields) -> Option<Result<(), SendError>> {
    receiver.first("final-recipient")?;
    let action = without_comment(receiver.first("action")?).to_ascii_lowercase();
    let status = without_comment(receiver.first("status")?);
    let class = is_status(&status)?;
    match (action.as_str(), class) {
        ("delivered", '2') => Some(Ok(())),
        // 4: it was tried for as long as that server tries.
        ("failed", '4' | '5') => {
            let said = receiver.words("diagnostic-code").unwrap_or_default();
            // `smtp; 550 …`: which protocol said it helps nobody.
            let said = said.split_once(';').map_or(said.as_str(), |(_, words)| words).trim();
            Some(Err(SendError::permanent(cleaned(&format!("came back: {status} {said}"), ""))))
        }
        _ => None,
    }
}

/// The class of a status (RFC 3463 2): 5 of `5.1.1`.
fn is_status(status: &str) -> Option<char> {
    let numbers: Vec<&str> = status.split('.').collect();
    let digits = |n: &&str| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit());
    let good = numbers.len() == 3 && numbers.iter().all(digits) && numbers.first().is_some_and(|n| n.len() == 1);
    status.chars().next().filter(|_| good)
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

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
        for cut in 0..whole.len() {
            let _ = read(&whole[..cut]);
        }
    }

    #[test]
    fn an_id_that_came_back_encoded_is_the_id() {
        assert_eq!(from_xtext(" 14.17+2Bx+3D "), "14.17+x=");
        assert_eq!(from_xtext("a+zz+2"), "a+zz+2");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_words_make_it_panic(receivers in "(\\PC{0,30}\n){0,6}", returned in "\\PC{0,40}") {
            let _ = read(&report(&receivers, &returned));
        }
    }
}
