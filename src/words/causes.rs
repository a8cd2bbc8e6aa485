//! Why a text did not come further, and how a gateway is, in the language of a screen. On record and in JSON both stand in the
//! words they were made of: ours in English, a gateway's own as it said them. Ours are known by their form, so that what an older
//! program wrote is understood too; a gateway's own stay as they are.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::pairs;
use crate::domain::lang::Lang;

const SV: &str = include_str!("../../assets/causes/sv.txt");
/// In the pairs: what the line names.
const HOLE: &str = "{}";
/// Between parts that are each said by somebody else: `RCPT: no answer in time`.
const JOINTS: [&str; 2] = ["; ", ": "];

/// One of our lines: the words around what it names, in English and in the other language.
struct Form {
    english: Vec<&'static str>,
    said: Vec<&'static str>,
}

/// Those with the most words of their own first.
static FORMS_SV: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let form = |(english, said): (&'static str, &'static str)| Form {
        english: english.split(HOLE).collect(),
        said: said.split(HOLE).collect(),
    };
    let mut forms: Vec<Form> = pairs::of(SV).map(form).collect();
    forms.sort_by_key(|f| std::cmp::Reverse(f.english.iter().map(|words| words.len()).sum::<usize>()));
    forms
});

/// A cause, or the state of a gateway, as people read it in that language.
pub(crate) fn cause(lang: Lang, line: &str) -> Cow<'_, str> {
    if lang == Lang::SV { translated(&FORMS_SV, line).map_or(Cow::Borrowed(line), Cow::Owned) } else { line.into() }
}

/// `None`: nothing of it is ours.
fn translated(forms: &[Form], line: &str) -> Option<String> {
    forms.iter().find_map(|form| form.of(forms, line)).or_else(|| {
        // Each part of a joint is said for itself; one that nobody knows stays.
        let (before, joint, after) =
            JOINTS.iter().find_map(|joint| line.split_once(joint).map(|(before, after)| (before, *joint, after)))?;
        let (b, a) = (translated(forms, before), translated(forms, after));
        if b.is_none() && a.is_none() {
            return None;
        }
        Some(format!("{}{joint}{}", b.as_deref().unwrap_or(before), a.as_deref().unwrap_or(after)))
    })
}

impl Form {
    fn of(&self, forms: &[Form], line: &str) -> Option<String> {
        let (first, rest) = self.english.split_first()?;
        let mut named = Vec::with_capacity(rest.len());
        if !holes(line.strip_prefix(first)?, rest, &mut named) {
            return None;
        }
        let mut out = String::new();
        for (at, words) in self.said.iter().enumerate() {
            if let Some(of) = at.checked_sub(1).and_then(|at| named.get(at)) {
                out.push_str(&translated(forms, of).unwrap_or_else(|| (*of).to_owned()));
            }
            out.push_str(words);
        }
        Some(out)
    }
}

/// What stands in the holes before each of `words`, if the line can be read so: as little in each as goes.
fn holes<'l>(line: &'l str, words: &[&str], named: &mut Vec<&'l str>) -> bool {
    let Some((next, rest)) = words.split_first() else { return line.is_empty() };
    if rest.is_empty() {
        let Some(hole) = line.strip_suffix(next).filter(|hole| !hole.is_empty()) else { return false };
        named.push(hole);
        return true;
    }
    let at = line.match_indices(next).map(|(at, _)| at).filter(|at| *at > 0);
    for at in at {
        named.push(&line[..at]);
        if holes(&line[at + next.len()..], rest, named) {
            return true;
        }
        named.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_said_in_swedish_and_a_gateways_own_stay() {
        for (line, said) in [
            ("no answer within 10 s", "svarade inte inom 10 s"),
            ("RCPT: no answer in time", "RCPT: svarade inte i tid"),
            ("RCPT: 550 5.1.1 <…>: Recipient address rejected", "RCPT: 550 5.1.1 <…>: Recipient address rejected"),
            ("HTTP 503: busy; try again", "HTTP 503: busy; try again"),
            (
                "it asks us to wait: HTTP 401: no; check user, password or token",
                "den ber oss vänta: HTTP 401: no; kontrollera användare, lösenord eller token",
            ),
            (
                "0x00000058 ESME_RTHROTTLED, too fast; set per_second_max",
                "0x00000058 ESME_RTHROTTLED, för snabbt; ange per_second_max",
            ),
            (
                "its password is missing: the environment variable PW is not set; set it and start the program again",
                "lösenordet saknas: miljövariabeln PW är inte satt; sätt den och starta om programmet",
            ),
            (
                "the connection broke before the answer: reading: connection reset",
                "förbindelsen bröts före svaret: läsning: förbindelsen bröts av motparten",
            ),
            (
                "no session: connecting: Connection refused (os error 111); asked again in 3 s",
                "ingen förbindelse: anslutning: anslutningen avvisades (os error 111); nytt försök om 3 s",
            ),
            (
                "page 2 of 3: block: the paging system refuses it (NAK 4)",
                "sökning 2 av 3: block: sökarsystemet avvisar den (NAK 4)",
            ),
            ("connected; TLS: yes; pipelining: no", "ansluten; TLS: ja; flera frågor åt gången: nej"),
            ("", ""),
        ] {
            assert_eq!(cause(Lang::SV, line), said);
            assert_eq!(cause(Lang::EN, line), line);
        }
    }

    #[test]
    fn every_form_names_in_swedish_what_it_names_in_english() {
        for form in FORMS_SV.iter() {
            assert_eq!(form.english.len(), form.said.len(), "{:?}", form.english);
        }
    }
}
