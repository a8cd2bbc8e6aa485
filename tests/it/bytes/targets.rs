//! What reads bytes from outside, one function each. The tests feed them a corpus and what becomes of it; `fuzz/` feeds them
//! under coverage guidance.

use std::str;

use vardkase::config::{Source, load, rosters};
use vardkase::domain::private::Private;
use vardkase::gateways::hylafax::wire;
use vardkase::gateways::{smpp, sms_http, smtp, snpp};
use vardkase::journal::any_frame;
use vardkase::record;

/// Each with the folder of its corpus in `fuzz/corpus/`.
pub const TARGETS: [(&str, fn(&[u8])); 13] = [
    ("smpp", smpp::any_bytes),
    ("snpp", snpp::any_bytes),
    ("smtp", smtp::any_bytes),
    ("mail", mail),
    ("mail_answer", mail_answer),
    ("mail_report", mail_report),
    ("hylafax", hylafax),
    ("callback", callback),
    ("answer", answer),
    ("yaml", yaml),
    ("icalendar", icalendar),
    ("record", record),
    ("frame", frame),
];

/// A mail of a stranger.
pub fn mail(bytes: &[u8]) {
    let _ = smtp::any_mail(bytes);
}

/// An answer to a mail of ours.
pub fn mail_answer(bytes: &[u8]) {
    let _ = smtp::any_mail_answer(bytes);
}

/// A mailer's report on a mail of ours.
pub fn mail_report(bytes: &[u8]) {
    let told = smtp::any_mail_report(bytes);
    assert!(told != "answer", "a mailer is no person");
}

/// Replies and listings of a fax server.
pub fn hylafax(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some((reply, taken))) = wire::take_reply(rest) {
        assert!(taken > 0 && taken <= rest.len());
        let _ = (wire::passive_port(&reply), wire::stored_name(&reply), wire::job_id(&reply), reply.done());
        rest = &rest[taken..];
    }
    let _ = wire::job_lines(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = wire::quoted(text);
    }
}

/// A callback: the query up to the first line break, the body behind it.
pub fn callback(bytes: &[u8]) {
    let at = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let query = String::from_utf8_lossy(&bytes[..at]);
    sms_http::any_callback(&query, bytes.get(at + 1..).unwrap_or_default());
}

/// The answer of an HTTP gateway.
pub fn answer(bytes: &[u8]) {
    let status = 100 + u16::from(bytes.first().copied().unwrap_or(100)) * 2;
    sms_http::any_answer(status, &String::from_utf8_lossy(bytes.get(1..).unwrap_or_default()));
}

/// A file of the configuration: mistakes are told, never a panic.
pub fn yaml(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for path in ["playbooks/ehr-down.yaml", "contacts/functions.yaml", "channels/sms.yaml", "playbooks/messages.yaml"] {
        let _ = load(&Source::Files(vec![(path.to_owned(), text.to_owned())]));
    }
}

/// A roster: every time in it has a length and a name.
pub fn icalendar(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(times) = rosters::parse(text, "Europe/Stockholm") {
        assert!(times.iter().all(|t| t.from < t.to && !t.names.is_empty()));
    }
}

/// A record of the journal, of any kind: what can be read is written and read as the same.
pub fn record(bytes: &[u8]) {
    let format0 = (1..=8).map(|kind| (kind, record::format0::VERSION));
    for (kind, version) in record::kinds().map(|(k, v, _)| (k, v)).chain(record::older_versions()).chain(format0) {
        let Ok(read) = record::decode(kind, version, bytes) else { continue };
        let mut event = read.event;
        // Whoever writes seals first: what an older version did not say is in the clear, and empty.
        for private in event.private_mut().into_iter().filter(|p| matches!(p, Private::Clear(_))) {
            assert!(private.is_empty(), "kind {kind} version {version} holds words in the clear");
            *private = Private::Sealed([0; 16]);
        }
        let written = record::encode(&event);
        let again = record::decode(written.kind, written.version, &written.bytes).expect("what was written is read");
        assert!(again.event == event, "{} is read as another event", event.name());
    }
    for (kind, version, _) in record::system::KINDS {
        let Ok(form) = record::system::decode(*kind, *version, bytes) else { continue };
        let written = record::system::encode(&form);
        assert!(record::system::decode(*kind, *version, &written.bytes).expect("what was written is read") == form);
    }
    frozen_plan(bytes);
}

/// A frozen plan and frozen contacts.
fn frozen_plan(bytes: &[u8]) {
    if let Ok(plan) = record::plan::decode(bytes) {
        let again = record::plan::decode(&record::plan::encode(&plan)).expect("what was written is read");
        assert!(again == plan);
    }
    let _ = record::contacts::decode(bytes);
}

/// A frame of the journal.
pub fn frame(bytes: &[u8]) {
    any_frame(bytes);
}
