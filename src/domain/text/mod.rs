//! The text that is sent: its grammar (DESIGN 3a), its fingerprint, its units per channel.
//!
//! ```text
//! canonical = one NFC paragraph, printable, single spaces, nothing of its own that changes per receiver
//! sent      = header SP text [SP mark] [SP trailer]
//! header    = [mark SP] [lead SP] number SP fingerprint SP [k/n SP]
//! ```
//!
//! Must not: know an address, a gateway's protocol, or how a text came about ([`super::incident`] does).

mod canonical;
pub mod fit;
pub mod gsm7;
pub mod iso646;
mod outgoing;
pub mod pages;
pub mod readable;
pub mod sms;
pub mod verify;

pub use canonical::{BadText, Canonical, Fingerprint, TEXT_CHARS_MAX, reorders};
pub use outgoing::{Actual, Exercise, Mark, MarkedBy, NO_MARK, NoMark, Outgoing, Text};

/// At most so many characters of the beginning, cut before a word.
pub fn beginning(text: &str, chars_max: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(chars_max) else { return text };
    &text[..text[..end].rfind(' ').unwrap_or(end)]
}

/// What a gateway can put on the wire.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Charset {
    /// Everything.
    Utf8,
    /// GSM 03.38 with its extension table; what it lacks goes as UCS-2 over SMS.
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    /// ISO 646-SE: å ä ö in the places of brackets and braces, which it therefore lacks.
    Iso646Se,
    /// Seven-bit ASCII.
    Ascii7,
    // What stands below came later: the frozen plan of an open incident names a set by its place.
    /// ISO 646-NO: æ ø å in the places of brackets.
    Iso646No,
    /// ISO 646-DK: æ ø å in the places of brackets.
    Iso646Dk,
    /// ISO 646-DE: ä ö ü ß in the places of brackets.
    Iso646De,
    /// What a numeric pager shows: digits, space, hyphen, brackets and U. It carries no text of ours; that it doesn't is then
    /// known by day.
    Numeric,
}

impl Charset {
    /// The first character that this set lacks.
    pub fn first_missing(self, text: &str) -> Option<char> {
        text.chars().find(|c| !self.has(*c))
    }

    /// Whether the set has that character.
    pub fn has(self, c: char) -> bool {
        let printable_ascii = (' '..='~').contains(&c);
        match self {
            Charset::Utf8 => true,
            Charset::Gsm7 => gsm7::septets(c).is_some(),
            Charset::Latin1 => printable_ascii || ('\u{a0}'..='\u{ff}').contains(&c),
            Charset::Iso646Se | Charset::Iso646No | Charset::Iso646Dk | Charset::Iso646De => {
                iso646::byte(self, c).is_some()
            }
            Charset::Numeric => "0123456789 -()U".contains(c),
            Charset::Ascii7 => printable_ascii,
        }
    }
}

/// Why a text can't go whole over a gateway (invariant 2). Known when the text is drafted, never found out by cutting.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, Debug, schemars::JsonSchema)]
pub enum DoesNotFit {
    /// The character set lacks this.
    Lacks(char),
    /// It would take more units (SMS parts, pager pages, fax pages, characters) than the gateway allows.
    TooLong {
        /// What it would take.
        needs: u32,
        /// What is allowed.
        max: u32,
        /// In what: `sms parts`, `pages`, `characters`.
        unit: String,
    },
    /// The header alone fills the unit.
    NoRoom,
}

impl std::fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DoesNotFit::Lacks(c) => write!(f, "has no “{c}”"),
            DoesNotFit::TooLong { needs, max, unit } => write!(f, "needs {needs} {unit}, at most {max} go"),
            DoesNotFit::NoRoom => f.write_str("the header alone fills a unit"),
        }
    }
}
