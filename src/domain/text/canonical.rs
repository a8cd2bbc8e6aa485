//! The canonical text and its fingerprint.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A text that is sent whole and unchanged on every channel: NFC, one paragraph, printable characters, single spaces
/// (DESIGN 3a). It can't be built otherwise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Canonical(Arc<str>);

/// The most characters that one text may have. A fax page of 14 pt holds about 2 500; eight pager pages about 500.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// Why a text is not canonical.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadText {
    /// Nothing in it.
    Empty,
    /// More than [`TEXT_CHARS_MAX`].
    TooLong(usize),
    /// A newline, tab, control, bidirectional or invisible character, at this position (counted in characters from 1).
    Unprintable(char, usize),
    /// Two spaces in a row, or one at an end.
    Spaces(usize),
    /// Not NFC: the same letters could be written in two ways and would have two fingerprints.
    NotNfc,
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadText::Empty => f.write_str("the text is empty"),
            BadText::TooLong(n) => write!(f, "the text has {n} characters, at most {TEXT_CHARS_MAX} go"),
            BadText::Unprintable(c, at) => {
                write!(f, "character {at} is U+{:04X}, which no receiver can see; remove it", u32::from(*c))
            }
            BadText::Spaces(at) => write!(f, "two spaces, or one at an end, at character {at}"),
            BadText::NotNfc => f.write_str("the text is not in Unicode normal form C"),
        }
    }
}
impl std::error::Error for BadText {}

/// Characters that a receiver can't see or that reorder what he sees.
fn unprintable(c: char) -> bool {
    c.is_control()
        || reorders(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
        || (c.is_whitespace() && c != ' ')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

/// A character that nobody sees, and that shows what stands around it in another order (UAX 9, 2).
pub fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Canonical {
    /// Accepts what is canonical already.
    ///
    /// # Errors
    /// [`BadText`] says what and where.
    pub fn new(text: &str) -> Result<Self, BadText> {
        if text.is_empty() {
            return Err(BadText::Empty);
        }
        let count = text.chars().count();
        if count > TEXT_CHARS_MAX {
            return Err(BadText::TooLong(count));
        }
        let mut before = ' ';
        for (i, c) in text.chars().enumerate() {
            if unprintable(c) {
                return Err(BadText::Unprintable(c, i + 1));
            }
            if c == ' ' && before == ' ' {
                return Err(BadText::Spaces(i + 1));
            }
            before = c;
        }
        if before == ' ' {
            return Err(BadText::Spaces(count));
        }
        if !composed(text) && !is_nfc(text) {
            return Err(BadText::NotNfc);
        }
        Ok(Self(text.into()))
    }

    /// Makes what people type canonical: NFC, every run of white space one space, no space at the ends. It changes no
    /// letter: curly quotes and dashes stay and are shown with what they cost (RULES A6).
    ///
    /// # Errors
    /// Invisible and control characters are not removed in silence: they are an error.
    pub fn from_typed(text: &str) -> Result<Self, BadText> {
        let words = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        if composed(text) {
            return Self::new(&words(text));
        }
        let nfc: String = text.nfc().collect();
        Self::new(&words(&nfc))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl TryFrom<String> for Canonical {
    type Error = BadText;
    fn try_from(s: String) -> Result<Self, BadText> {
        Self::new(&s)
    }
}
impl From<Canonical> for String {
    fn from(c: Canonical) -> String {
        c.0.as_ref().into()
    }
}
impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// NFC by nothing but letters that stand alone: below U+0300 nothing combines with what is before it, and nothing is written in two ways
/// (UAX #15, 1.3 and 9). All that is typed in Swedish, English and Danish is.
fn composed(text: &str) -> bool {
    text.chars().all(|c| c < '\u{300}')
}

/// Crockford's base 32: no I, L, O, U, so that it survives being read aloud.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The first six Crockford-base32 characters of SHA-256(number NUL audience NUL language NUL text): what a receiver of
/// two channels compares, and what an approval is bound to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 6]);

impl Fingerprint {
    /// Of a text. `number` is the number as it is written in that text's header (`14-2`).
    pub fn of(number: &str, audience: &str, language: &str, text: &str) -> Self {
        let mut hash = Sha256::new();
        for (i, part) in [number, audience, language, text].into_iter().enumerate() {
            if i > 0 {
                hash.update([0]);
            }
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        // 30 bits, most significant first.
        let bits = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 2;
        let mut out = [0; 6];
        for (i, c) in out.iter_mut().enumerate() {
            *c = CROCKFORD[(bits >> (25 - 5 * i)) as usize & 31];
        }
        Self(out)
    }

    /// Six characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??????")
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = String;
    /// Reads what people type: small letters, and I L O for 1 1 0 (Crockford).
    fn from_str(s: &str) -> Result<Self, String> {
        let read: Vec<u8> = s
            .trim()
            .bytes()
            .map(|b| match b.to_ascii_uppercase() {
                b'I' | b'L' => b'1',
                b'O' => b'0',
                b => b,
            })
            .collect();
        match <[u8; 6]>::try_from(read) {
            Ok(six) if six.iter().all(|b| CROCKFORD.contains(b)) => Ok(Self(six)),
            _ => Err(format!("“{s}” is not a fingerprint; it has six letters and digits, such as 7K4F2A")),
        }
    }
}
impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
impl schemars::JsonSchema for Fingerprint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fingerprint".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{6}$", "description": "Of a text: what an approval is bound to." })
    }
}
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn canonical_is_one_visible_paragraph() {
        assert!(Canonical::new("LARM STABSLÄGE FS: Journalen ligger nere.").is_ok());
        let bad = [
            ("", BadText::Empty),
            ("a  b", BadText::Spaces(3)),
            (" a", BadText::Spaces(1)),
            ("a ", BadText::Spaces(2)),
            ("a\nb", BadText::Unprintable('\n', 2)),
            ("a\u{202e}b", BadText::Unprintable('\u{202e}', 2)),
            ("a\u{200b}", BadText::Unprintable('\u{200b}', 2)),
            ("a\u{a0}b", BadText::Unprintable('\u{a0}', 2)),
            ("a\u{30a}", BadText::NotNfc),
        ];
        for (text, why) in bad {
            assert_eq!(Canonical::new(text), Err(why), "{text:?}");
        }
        assert_eq!(Canonical::from_typed("  a\u{30a}\n b\t c ").unwrap().as_str(), "å b c");
        assert!(Canonical::from_typed("a\u{200b}b").is_err());
    }

    #[test]
    fn fingerprint_is_the_first_thirty_bits() {
        // printf '14-2\0internal\0sv\0x' | sha256sum, first 30 bits in Crockford's alphabet.
        let f = Fingerprint::of("14-2", "internal", "sv", "x");
        let digest = Sha256::digest(b"14-2\0internal\0sv\0x");
        let bits: String = digest.iter().take(4).map(|b| format!("{b:08b}")).collect();
        let by_hand: String =
            (0..6).map(|i| CROCKFORD[usize::from_str_radix(&bits[i * 5..i * 5 + 5], 2).unwrap()] as char).collect();
        assert_eq!(f.as_str(), by_hand);
        assert_eq!(by_hand.to_lowercase().parse::<Fingerprint>().unwrap(), f);
        assert_eq!("olI000".parse::<Fingerprint>().unwrap().as_str(), "011000");
        assert!("U00000".parse::<Fingerprint>().is_err());
        assert!("åäö".parse::<Fingerprint>().is_err());
    }
}
