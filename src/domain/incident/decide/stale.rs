//! What an approver is told when a text is no longer what was read: it went out, or moved on, and in what it differs.

use std::collections::BTreeMap;

use crate::domain::ids::MessageNo;
use crate::domain::incident::input::Refused;
use crate::domain::incident::state::{Entry, EntryState, Incident, Message};
use crate::domain::incident::values::ReleasedBy;
use crate::domain::lang::Lang;
use crate::domain::text::Fingerprint;

pub(super) fn unknown_number(inc: &Incident, number: MessageNo) -> Refused {
    let last = inc.messages.len();
    Refused::new(
        "unknown-number",
        format!("there is no message {number}"),
        format!("{} has messages 1 to {last}", inc.no),
    )
}

pub(super) fn waiting_list(inc: &Incident) -> String {
    let waiting: Vec<String> = inc
        .entries
        .iter()
        .filter(|e| matches!(e.state, EntryState::Waiting(_)))
        .filter_map(|e| {
            let print = inc.message(e.message)?.texts.get(&inc.plan.lang())?.fingerprint;
            Some(format!("{} {print} (entry {})", inc.number(e.message), e.id))
        })
        .collect();
    if waiting.is_empty() { "nothing waits".into() } else { format!("waiting: {}", waiting.join("; ")) }
}

/// It went out already, or moved on to another number.
pub(super) fn not_waiting(inc: &Incident, number: MessageNo) -> Refused {
    let clock = |at: crate::domain::time::At| {
        let local = inc.plan.calendar.local(at.timestamp());
        format!("{:02}.{:02}", local.hour(), local.minute())
    };
    // What waited with that number waits with a newer one now: the same number may have gone to others without approval.
    let moved_to = inc.moved.iter().rev().filter(|m| m.1 == number.seq).find_map(|m| {
        let e = inc.entry(m.0).filter(|e| matches!(e.state, EntryState::Waiting(_)))?;
        inc.message(e.message)
    });
    if let (Some(old), Some(new)) = (inc.message(number.seq), moved_to) {
        let lang = inc.plan.lang();
        let text = |m: &Message| m.texts.get(&lang).map_or_else(String::new, |d| d.text.to_string());
        return Refused::new(
            "stale-fingerprint",
            format!("{number} was replaced by {}: {}", inc.number(new.seq), difference(&text(old), &text(new))),
            waiting_list(inc),
        );
    }
    // The entries that were asked about come first: the same number may have gone to others by the playbook.
    let of_number = || inc.entries.iter().rev().filter(|e| e.message == number.seq);
    let released = of_number().filter(|e| e.rule.is_some()).chain(of_number()).find_map(|e| match &e.state {
        EntryState::Released { at, by } => Some((*at, *by)),
        _ => None,
    });
    if let Some((at, by)) = released {
        let by = match by {
            ReleasedBy::Playbook => "the playbook".to_owned(),
            ReleasedBy::Deadline => "the end of the deadline".to_owned(),
            ReleasedBy::Approval(f) | ReleasedBy::BreakGlass(f) => inc.plan.function(f).id.to_string(),
        };
        return Refused::new(
            "already-released",
            format!("{number} was already released {} by {by}", clock(at)),
            "correct it with `vardkase correct`",
        );
    }
    Refused::new("nothing-waits", format!("{number} does not wait for approval"), waiting_list(inc))
}

/// A longer difference is not written into a note: an approver reads the text itself. In characters.
const DIFFERENCE_CHARS_MAX: usize = 160;

/// What changed in an entry's text since the one that it waited with, per language, in words that every transmitter has.
pub(super) fn what_changed(inc: &Incident, entry: &Entry) -> BTreeMap<Lang, String> {
    let before = inc.moved.iter().rev().find(|m| m.0 == entry.id).and_then(|m| inc.message(m.1));
    let (Some(old), Some(new)) = (before, inc.message(entry.message)) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for (lang, draft) in &new.texts {
        let Some(was) = old.texts.get(lang) else { continue };
        let (was, is) = changed_words(was.text.as_str(), draft.text.as_str());
        let number = inc.number(old.seq).written(&inc.plan.words(*lang).drill_prefix);
        let short = was.chars().count() + is.chars().count() <= DIFFERENCE_CHARS_MAX;
        let change = if short { format!("{number}: '{was}' -> '{is}'") } else { format!("{number} -> !") };
        all.insert(*lang, change);
    }
    all
}

pub(super) fn stale(inc: &Incident, message: &Message, given: Fingerprint) -> Refused {
    let lang = inc.plan.lang();
    let now = message.texts.get(&lang).map_or_else(String::new, |d| d.fingerprint.to_string());
    // The fingerprint of an earlier number: show what changed since.
    let earlier = inc.messages.iter().find(|m| m.texts.values().any(|d| d.fingerprint == given));
    let text = |m: &Message| m.texts.get(&lang).map_or_else(String::new, |d| d.text.to_string());
    let diff = earlier.map_or_else(
        || "the fingerprint belongs to no text of this incident".to_owned(),
        |m| format!("it belongs to {}: {}", inc.number(m.seq), difference(&text(m), &text(message))),
    );
    Refused::new(
        "stale-fingerprint",
        format!("{given} is not the fingerprint of {}: {diff}", inc.number(message.seq)),
        format!("read {} again, then approve {now}", inc.number(message.seq)),
    )
}

/// The words in which two texts differ, with what stood before: `“A” became “B”`.
pub(crate) fn difference(old: &str, new: &str) -> String {
    let (was, is) = changed_words(old, new);
    match (was.is_empty(), is.is_empty()) {
        (true, true) => "nothing changed".into(),
        (true, false) => format!("“{is}” was added"),
        (false, true) => format!("“{was}” was taken out"),
        (false, false) => format!("“{was}” became “{is}”"),
    }
}

/// From the first to the last word in which two texts differ: what stood there, and what stands there.
fn changed_words(old: &str, new: &str) -> (String, String) {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split(' ').collect(), new.split(' ').collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
    (a[start..a.len() - end].join(" "), b[start..b.len() - end].join(" "))
}
