//! The sender of an SMS: what telephones can show, and what they can answer.

use super::protocol::Entry;
use crate::yaml::{Found, Name};

/// Characters of a sender in letters (3GPP TS 23.040, 9.1.2.5): telephones show no more.
const LETTERS_MAX: usize = 11;
/// Digits of a sender that is a number (E.164).
const DIGITS_MAX: usize = 15;
/// Digits of the shortest number that anybody answers to.
const DIGITS_MIN: usize = 3;

/// Says when telephones can't show the sender, or nobody can answer it though the entry says that somebody does.
pub fn check(from: &Name, entry: &Entry<'_>, found: &mut Found) {
    let text = from.as_str();
    if text.is_empty() {
        return;
    }
    let (digits, plus) = text.strip_prefix('+').map_or((text, false), |digits| (digits, true));
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let why = match digits {
            _ if digits.len() > DIGITS_MAX => format!("has {} digits; a number has at most {DIGITS_MAX}", digits.len()),
            _ if digits.len() < DIGITS_MIN => {
                format!("has {} digits; a short number has at least {DIGITS_MIN}", digits.len())
            }
            _ if digits.starts_with("00") => {
                "begins with 00, which telephones do not show as a number from abroad".into()
            }
            _ if plus && digits.starts_with('0') => "has a 0 behind the +".into(),
            _ => return,
        };
        wrong(from, why, "write +46701740605, or the short number as the operator gave it", found);
        return;
    }
    // Letters that every alphabet of SMS has in the same place.
    let shown = |c: char| c.is_ascii_alphanumeric() || " !\"#%&'()*+,-./:;<=>?_".contains(c);
    let chars = text.chars().count();
    if let Some(c) = text.chars().find(|c| !shown(*c)) {
        wrong(
            from,
            format!("has “{}”, which not every telephone shows in a sender", c.escape_debug()),
            "letters A to Z, digits and spaces go",
            found,
        );
    } else if chars > LETTERS_MAX {
        wrong(
            from,
            format!("has {chars} characters; telephones show {LETTERS_MAX}"),
            "shorten it, or write a number",
            found,
        );
    } else if text.trim() != text {
        wrong(from, "begins or ends with a space".into(), "leave it out", found);
    } else if entry.answers {
        let help = "write the number that answers go to, or leave answers: true out";
        wrong(from, "is a name, which nobody can answer, and the gateway says answers: true".into(), help, found);
    }
}

fn wrong(from: &Name, why: String, help: &str, found: &mut Found) {
    found.error(from.place, "sender", format!("the sender \"{}\" {why}", from.value)).help(help);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{At, Place};

    fn check_one(from: &str, answers: bool) -> Option<String> {
        let name = Name::from("sms");
        let entry = Entry { name: &name, place: Place::default(), answers, receipts: false, pages: None };
        let mut found = Found::default();
        check(&At::from(from), &entry, &mut found);
        found.into_sorted().pop().map(|d| d.message)
    }

    #[test]
    fn senders_are_numbers_or_short_names() {
        for good in ["71700", "112", "+46701740605", "0701740605", "460701234567890"] {
            assert_eq!(check_one(good, true), None, "{good}");
        }
        for name in ["Region", "Vardkase", "Sjukhus 112", "A", "larm-fs"] {
            assert_eq!(check_one(name, false), None, "{name}");
            assert!(check_one(name, true).is_some_and(|why| why.contains("nobody can answer")), "{name}");
        }
        for (bad, why) in [
            ("RegionFictiveSjukhuset24", "has 24 characters; telephones show 11"),
            ("Vårdkase", "“å”"),
            ("Larm{1}", "“{”"),
            ("a\tb", "“\\t”"),
            ("+4670174060512345678", "has 19 digits"),
            ("71", "has 2 digits"),
            ("0046701740605", "begins with 00"),
            ("+0701740605", "a 0 behind the +"),
            (" Region", "a space"),
        ] {
            assert!(check_one(bad, false).is_some_and(|said| said.contains(why)), "{bad}: {:?}", check_one(bad, false));
        }
    }
}
