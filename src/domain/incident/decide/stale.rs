//! What an approver is told when a text is no longer what was read: it went out, or moved on, and in what it differs.

use std::collections::BTreeMap;

use crate::domain::ids::MessageNo;
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::state::{Entry, EntryState, Incident, Message};
use crate::domain::incident::values::ReleasedBy;
use crate::domain::lang::Lang;
use crate::domain::text::{Fingerprint, beginning};
use crate::domain::time::At;

pub(super) fn unknown_number(inc: &Incident, number: MessageNo) -> Refused {
    refuse!(UnknownNumber { message: number, incident: inc.no, last: inc.messages.len() })
}

/// The texts that wait, each with its fingerprint.
fn waiting(inc: &Incident) -> Vec<String> {
    let waiting = inc.entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_)));
    let shown = waiting.filter_map(|e| {
        let print = inc.message(e.message)?.texts.get(&inc.plan.lang())?.fingerprint;
        Some(format!("{} {print}", inc.number(e.message)))
    });
    let mut all: Vec<String> = shown.collect();
    all.dedup();
    all
}

/// The time of day, for a refusal.
pub(super) fn clock(inc: &Incident, at: At) -> String {
    let local = inc.plan.calendar.local(at.timestamp());
    format!("{:02}.{:02}", local.hour(), local.minute())
}

/// It went out already, or moved on to another number.
pub(super) fn not_waiting(inc: &Incident, number: MessageNo) -> Refused {
    // What waited with that number waits with a newer one now: the same number may have gone to others without approval.
    let moved_to = inc.moved.iter().rev().filter(|m| m.1 == number.seq).find_map(|m| {
        let e = inc.entry(m.0).filter(|e| matches!(e.state, EntryState::Waiting(_)))?;
        inc.message(e.message)
    });
    if let (Some(old), Some(new)) = (inc.message(number.seq), moved_to) {
        let ((was, is), now) = (difference(inc, old, new), print(inc, new));
        return refuse!(StaleFingerprintReplaced { message: number, new: inc.number(new.seq), was, is, now });
    }
    // The entries that were asked about come first: the same number may have gone to others by the playbook.
    let of_number = || inc.entries.iter().rev().filter(|e| e.message == number.seq);
    let released = of_number().filter(|e| e.rule.is_some()).chain(of_number()).find_map(|e| match &e.state {
        EntryState::Released { at, by } => Some((*at, *by)),
        _ => None,
    });
    if let Some((at, by)) = released {
        let at = clock(inc, at);
        return match by {
            ReleasedBy::Playbook => refuse!(AlreadyReleasedPlaybook { message: number, at }),
            ReleasedBy::Deadline => refuse!(AlreadyReleasedDeadline { message: number, at }),
            ReleasedBy::Approval(f) | ReleasedBy::BreakGlass(f) => {
                refuse!(AlreadyReleased { message: number, at, by: &inc.plan.function(f).id })
            }
        };
    }
    match waiting(inc) {
        none if none.is_empty() => refuse!(NothingWaitsAtAll { message: number }),
        waiting => refuse!(NothingWaits { message: number, waiting: List::of(waiting) }),
    }
}

/// What stood there and what stands there is written into a note as far as this, each: an approver reads the text itself. In
/// characters.
const DIFFERENCE_CHARS_MAX: usize = 80;

/// What changed in an entry's text since the one that it waited with, per language, in words that every transmitter has.
pub(super) fn what_changed(inc: &Incident, entry: &Entry) -> BTreeMap<Lang, String> {
    let before = inc.moved.iter().rev().find(|m| m.0 == entry.id).and_then(|m| inc.message(m.1));
    let (Some(old), Some(new)) = (before, inc.message(entry.message)) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for (lang, draft) in &new.texts {
        let Some(was) = old.texts.get(lang) else { continue };
        let (was, is) = changed_words(was.text.as_str(), draft.text.as_str());
        let number = inc.number(old.seq).written(&inc.plan.words(*lang).drill_prefix);
        all.insert(*lang, format!("{number}: '{}' -> '{}'", in_brief(&was), in_brief(&is)));
    }
    all
}

pub(super) fn stale(inc: &Incident, message: &Message, given: Fingerprint) -> Refused {
    let (number, now) = (inc.number(message.seq), print(inc, message));
    // The fingerprint of an earlier number: show what changed since.
    match inc.messages.iter().find(|m| m.texts.values().any(|d| d.fingerprint == given)) {
        Some(m) => {
            let ((was, is), earlier) = (difference(inc, m, message), inc.number(m.seq));
            refuse!(StaleFingerprintEarlier { given, earlier, was, is, message: number, now })
        }
        None => refuse!(StaleFingerprint { given, message: number, now }),
    }
}

/// The fingerprint of the text that everybody's screen shows.
fn print(inc: &Incident, message: &Message) -> String {
    message.texts.get(&inc.plan.lang()).map_or_else(String::new, |d| d.fingerprint.to_string())
}

/// The words in which two texts differ: what stood there, and what stands there. Nothing is an ellipsis.
fn difference(inc: &Incident, old: &Message, new: &Message) -> (String, String) {
    let text = |m: &Message| m.texts.get(&inc.plan.lang()).map_or_else(String::new, |d| d.text.to_string());
    let (was, is) = changed_words(&text(old), &text(new));
    let shown = |words: String| if words.is_empty() { "…".to_owned() } else { words };
    (shown(was), shown(is))
}

/// Three dots, which every transmitter has, for what does not stand here.
fn in_brief(words: &str) -> String {
    let begins = beginning(words, DIFFERENCE_CHARS_MAX);
    if begins.len() < words.len() || words.is_empty() { format!("{begins}...") } else { words.to_owned() }
}

/// From the first to the last word in which two texts differ: what stood there, and what stands there.
fn changed_words(old: &str, new: &str) -> (String, String) {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split(' ').collect(), new.split(' ').collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
    (a[start..a.len() - end].join(" "), b[start..b.len() - end].join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_difference_is_told_by_its_beginning() {
        assert_eq!(in_brief("okänt."), "okänt.");
        assert_eq!(in_brief(""), "...", "a word that was not there");
        let long = in_brief(&"läkemedelslista ".repeat(20));
        assert!(long.ends_with("läkemedelslista...") && long.chars().count() <= DIFFERENCE_CHARS_MAX + 3, "{long}");
    }
}
