//! Puts together what far devices show and says whether it is the canonical text, byte for byte (invariant 2).
//!
//! Written from the grammar of the text alone, and calls none of the code that cuts, marks or joins texts: a mistake there
//! must not cancel itself out here.
//!
//! ```text
//! unit     = header part [SP mark]                the mark begins and ends each unit of a drill, and no other
//! header   = [mark SP] [lead SP] number SP [fingerprint SP] [k/n SP]   a message has a fingerprint, a note has none
//! lead     = words                                of a message; in its first unit, and on paper above the text
//! last     = … [SP trailer [SP mark]]             behind the text, or on last units of its own
//! ```
//!
//! | kind | units | `k/n` |
//! |---|---|---|
//! | joined SMS | one | never |
//! | pager, separate SMS | each a unit | when there are several |
//! | fax | each page, parted by a form feed | always |
//! | mail | the first paragraph; trailer, link and closing mark are paragraphs of their own | never |

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::plan::Capability;

/// What a far device shows: one unit, exactly as a person would read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The far address.
    pub to: String,
    /// The unit's text: one joined SMS, one pager page, the text part of a mail, the text of a fax.
    pub text: String,
    /// When it arrived, in order of arrival over all gateways.
    pub order: u64,
    /// The gateway's name.
    pub gateway: String,
}

/// How a text lies on a far device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// One SMS, joined by the telephone.
    Joined,
    /// Pager pages, and SMS that stand alone.
    Apart,
    /// The pages of a fax.
    Fax,
    /// The text part of a mail.
    Mail,
}

impl Kind {
    /// How a gateway's units lie there.
    pub fn of(capability: &Capability) -> Self {
        match capability {
            Capability::Sms { separate: false, .. } => Kind::Joined,
            Capability::Sms { .. } | Capability::Pages { .. } => Kind::Apart,
            Capability::Fax { .. } => Kind::Fax,
            Capability::Whole { .. } => Kind::Mail,
        }
    }
}

/// What was given out to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent<'a> {
    /// The exercise mark, in a drill.
    pub mark: Option<&'a str>,
    /// The number in the header.
    pub number: &'a str,
    /// The fingerprint; a note has none.
    pub fingerprint: Option<&'a str>,
    /// The canonical text.
    pub text: &'a str,
    /// What asks for the answer.
    pub trailer: Option<&'a str>,
}

/// What does not agree with the grammar, or with what was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong(pub String);
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Wrong {}

fn wrong<T>(why: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong(why.into()))
}

/// One text as a person at the far device puts it together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The gateway over which it came.
    pub gateway: String,
    /// The far address.
    pub to: String,
    /// The exercise mark, in a drill.
    pub mark: Option<String>,
    /// What stood before the number of its first unit.
    pub lead: Option<String>,
    pub number: String,
    /// The fingerprint; a note has none.
    pub fingerprint: Option<String>,
    /// What the units hold between header and closing mark, in order; `None` for one that has not come.
    parts: Vec<Option<String>>,
    /// Paragraphs under a mail's text.
    apart: Vec<String>,
}

/// A unit, taken apart.
struct Unit {
    mark: Option<String>,
    lead: Option<String>,
    number: String,
    fingerprint: Option<String>,
    /// From 1.
    k: usize,
    n: usize,
    part: String,
    apart: Vec<String>,
}

/// The first six Crockford characters of SHA-256 over number, audience, language and text, parted by NUL.
pub fn fingerprint(number: &str, audience: &str, language: &str, text: &str) -> String {
    let digest = Sha256::digest([number, audience, language, text].join("\0").as_bytes());
    let bits: String = digest.iter().take(4).map(|octet| format!("{octet:08b}")).collect();
    let letter = |five: usize| {
        let value = usize::from_str_radix(&bits[five * 5..five * 5 + 5], 2).unwrap_or(0);
        char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value])
    };
    (0..6).map(letter).collect()
}

fn is_fingerprint(word: &str) -> bool {
    word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() && !b"ILOU".contains(&b))
}

/// What a number says of itself: of a drill, and of a message.
fn number_form(word: &str) -> Option<(bool, bool)> {
    let pieces: Vec<&str> = word.split('-').collect();
    let digits = |piece: &&str| !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit());
    let (drill, rest) = match pieces.split_first()? {
        (first, rest) if !first.is_empty() && first.chars().all(char::is_alphabetic) => (true, rest),
        _ => (false, &pieces[..]),
    };
    ((1..=2).contains(&rest.len()) && rest.iter().all(digits)).then_some((drill, rest.len() == 2))
}

fn counted(word: &str) -> Option<(usize, usize)> {
    let (k, n) = word.split_once('/')?;
    let number = |s: &str| if s.starts_with('0') || s.starts_with('+') { None } else { s.parse().ok() };
    let (k, n): (usize, usize) = (number(k)?, number(n)?);
    (k >= 1 && k <= n && n <= 999).then_some((k, n))
}

/// The first word, and what stands behind its space.
fn word(text: &str) -> Result<(&str, &str), Wrong> {
    text.split_once(' ').filter(|(word, _)| !word.is_empty()).ok_or_else(|| Wrong(format!("no header: “{text}”")))
}

/// Takes one unit apart. `marks` are the exercise marks of all languages.
fn unit(kind: Kind, shown: &str, marks: &[&str]) -> Result<Unit, Wrong> {
    let mut paragraphs = shown.split("\n\n").map(|p| p.trim_end_matches('\n').to_owned());
    let (whole, mut apart) = match kind {
        Kind::Mail => (paragraphs.next().unwrap_or_default(), paragraphs.collect::<Vec<_>>()),
        _ => (shown.to_owned(), Vec::new()),
    };
    if let Some(c) = whole.chars().find(|c| c.is_control() || *c == '\u{fffd}' || *c == '▯') {
        return wrong(format!("U+{:04X} stands in the unit: “{whole}”", u32::from(c)));
    }
    let (first, behind) = word(&whole)?;
    let mark = marks.iter().find(|m| **m == first).map(|m| (*m).to_owned());
    let behind_mark = if mark.is_some() { behind } else { whole.as_str() };
    let (lead, behind_lead) = led(behind_mark);
    let (number, mut rest) = word(behind_lead)?;
    let Some((of_drill, of_message)) = number_form(number) else {
        return wrong(format!("“{number}” is not a number: “{whole}”"));
    };
    if of_drill != mark.is_some() {
        let what = if of_drill { "a drill's number and no mark" } else { "a mark and a real number" };
        return wrong(format!("{what}: “{whole}”"));
    }
    let mut fingerprint = None;
    if of_message {
        let (six, behind) = word(rest)?;
        if !is_fingerprint(six) {
            return wrong(format!("“{six}” is not a fingerprint: “{whole}”"));
        }
        (fingerprint, rest) = (Some(six.to_owned()), behind);
    }
    let (mut k, mut n) = (1, 1);
    if matches!(kind, Kind::Apart | Kind::Fax) {
        match word(rest).ok().and_then(|(w, behind)| Some((counted(w)?, behind))) {
            Some((count, behind)) => ((k, n), rest) = (count, behind),
            None if kind == Kind::Fax => return wrong(format!("a page without k/n: “{whole}”")),
            None => {}
        }
    }
    if let Some(mark) = &mark {
        let closing = format!(" {mark}");
        rest = rest.strip_suffix(&closing).ok_or_else(|| Wrong(format!("does not end with its mark: “{whole}”")))?;
        if !apart.is_empty() && apart.pop().as_ref() != Some(mark) {
            return wrong(format!("the mail of a drill does not end with its mark: “{shown}”"));
        }
    }
    let lead = lead.map(str::to_owned);
    if lead.is_some() && k > 1 {
        return wrong(format!("a later unit has words before its number: “{whole}”"));
    }
    Ok(Unit { mark, lead, number: number.into(), fingerprint, k, n, part: rest.into(), apart })
}

/// What stands before the number: words, up to a number with its fingerprint; before the number of a note, which has none,
/// words in capitals alone.
fn led(text: &str) -> (Option<&str>, &str) {
    let of_message = |rest: &str| {
        let Ok((number, behind)) = word(rest) else { return false };
        number_form(number).is_some_and(|(_, of_message)| of_message)
            && word(behind).is_ok_and(|(w, _)| is_fingerprint(w))
    };
    let begins = |rest: &str| word(rest).is_ok_and(|(first, _)| number_form(first).is_some());
    if begins(text) {
        return (None, text);
    }
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let capitals = |text: &str| !text.chars().any(char::is_lowercase);
    let message = spaces.clone().find(|at| of_message(&text[at + 1..]));
    let note = spaces.clone().find(|at| begins(&text[at + 1..])).filter(|at| capitals(&text[..*at]));
    // A note may name a message: then small letters stand between its own number and that one.
    let at = match (note, message) {
        (Some(note), Some(message)) if capitals(&text[note..message]) => Some(message),
        (note, message) => note.or(message),
    };
    at.map_or((None, text), |at| (Some(&text[..at]), &text[at + 1..]))
}

/// Puts together what arrived, text by text, in the order in which their first units came. `kind` says how a gateway's units
/// lie there; what it does not know is left out. Units that came twice count once; a text that came twice stands twice.
///
/// # Errors
/// The first unit that is not of the grammar.
pub fn received(shown: &[Shown], marks: &[&str], kind: impl Fn(&str) -> Option<Kind>) -> Result<Vec<Received>, Wrong> {
    let mut all: Vec<Received> = Vec::new();
    for shown in shown {
        let Some(kind) = kind(&shown.gateway) else { continue };
        let texts: Vec<&str> = match kind {
            Kind::Fax => shown.text.split('\u{c}').collect(),
            _ => vec![&shown.text],
        };
        let pages = texts.len();
        for (i, text) in texts.into_iter().enumerate() {
            let unit = unit(kind, text, marks).map_err(|w| Wrong(format!("{}: {w}", shown.gateway)))?;
            if kind == Kind::Fax && (unit.k, unit.n) != (i + 1, pages) {
                return wrong(format!("{}: page {} of {pages} says {}/{}", shown.gateway, i + 1, unit.k, unit.n));
            }
            let waits = |r: &&mut Received| {
                (&r.gateway, &r.to, &r.mark, &r.number, &r.fingerprint)
                    == (&shown.gateway, &shown.to, &unit.mark, &unit.number, &unit.fingerprint)
                    && r.parts.len() == unit.n
                    && r.parts.iter().any(Option::is_none)
                    && r.parts[unit.k - 1].as_ref().is_none_or(|there| *there == unit.part)
            };
            match all.iter_mut().rev().find(waits) {
                Some(open) => open.parts[unit.k - 1] = Some(unit.part),
                None => {
                    let mut parts = vec![None; unit.n];
                    parts[unit.k - 1] = Some(unit.part);
                    all.push(Received {
                        gateway: shown.gateway.clone(),
                        to: shown.to.clone(),
                        mark: unit.mark,
                        lead: unit.lead,
                        number: unit.number,
                        fingerprint: unit.fingerprint,
                        parts,
                        apart: unit.apart,
                    });
                }
            }
        }
    }
    Ok(all)
}

impl Received {
    /// Whether every unit has come.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn is_whole(&self) -> bool {
        self.parts.iter().all(Option::is_some)
    }

    /// Compares with a canonical text and gives what stands outside it: the trailer, if there is one.
    ///
    /// # Errors
    /// Where it departs from the text.
    pub fn trailer_after(&self, text: &str) -> Result<Option<String>, Wrong> {
        let about = format!("{} over {}", self.number, self.gateway);
        let parts: Vec<&str> = self.parts.iter().flatten().map(String::as_str).collect();
        if parts.len() < self.parts.len() {
            return wrong(format!("{about}: {} of {} units came", parts.len(), self.parts.len()));
        }
        let joined = parts.concat();
        let Some(rest) = joined.strip_prefix(text) else {
            let same = joined.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            return wrong(format!("{about}: departs from the text at byte {same}: “{joined}”"));
        };
        // Last units that hold no byte of the text hold the trailer, alone.
        let alone = !rest.is_empty() && (1..parts.len()).any(|from| parts[from..].concat() == rest);
        let behind = match &self.mark {
            _ if alone || rest.is_empty() => Some(rest),
            Some(mark) => rest.strip_prefix(&format!(" {mark} ")),
            None => rest.strip_prefix(' '),
        };
        let Some(behind) = behind else {
            return wrong(format!("{about}: behind the text stands “{rest}”"));
        };
        let behind = (!rest.is_empty()).then_some(behind);
        let trailers: Vec<&str> = behind.into_iter().chain(self.apart.iter().map(String::as_str)).collect();
        if trailers.iter().any(|t| t.is_empty() || t.trim() != *t) {
            return wrong(format!("{about}: a trailer with nothing in it, or with loose spaces: {trailers:?}"));
        }
        Ok((!trailers.is_empty()).then(|| trailers.join("\n")))
    }

    /// Compares with all that was given out.
    ///
    /// # Errors
    /// The first difference.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn is(&self, sent: &Sent<'_>) -> Result<(), Wrong> {
        let header = (self.mark.as_deref(), self.number.as_str(), self.fingerprint.as_deref());
        if header != (sent.mark, sent.number, sent.fingerprint) {
            return wrong(format!("the header is {header:?}"));
        }
        let trailer = self.trailer_after(sent.text)?;
        if trailer.as_deref() != sent.trailer {
            return wrong(format!("{} over {}: the trailer is {trailer:?}", self.number, self.gateway));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_number_is_told_from_the_text() {
        for (text, lead) in [
            ("14-1 7K4F2A LARM", None),
            ("UPPREPAS 14-1 7K4F2A LARM", Some("UPPREPAS")),
            ("DU SVARAR NU FÖR: Labb, avd 4 14-1 7K4F2A LARM", Some("DU SVARAR NU FÖR: Labb, avd 4")),
            ("DU SVARAR NU FÖR: IVA 4 14-1 7K4F2A LARM", Some("DU SVARAR NU FÖR: IVA 4")),
            ("14 Godkänn före 10.59: 14-8 NMST7M till", None),
            ("UPPREPAS 14 Godkänn före 10.59: 14-8 NMST7M till", Some("UPPREPAS")),
            ("UPPREPAS Ö-1 Tack.", Some("UPPREPAS")),
        ] {
            assert_eq!(led(text).0, lead, "{text}");
        }
    }
}
