//! The national variants of ISO 646 that pager transmitters speak: seven bits, the letters of a country in the places of
//! brackets and braces, which that variant therefore lacks.
//!
//! Where the editions of a country's standard disagree about a place (Norway's `#` and `~`, Denmark's `$`, `@`, `^`, `` ` ``
//! and `~`), that place carries nothing here: a text with such a character goes in the next language or drops out (RULES A5),
//! and no pager shows another character than was sent.
//!
//! Must not: know what a transmitter's protocol looks like.

use super::Charset;

/// What a variant has beside ASCII, by its place.
struct Variant {
    /// Byte and letter.
    letters: &'static [(u8, char)],
    /// ASCII that is not there, or not everywhere.
    lacks: &'static str,
}

/// SEN 85 02 00 annex C (ISO 646-SE2), which SFS 4017 shares.
const SE: Variant = Variant {
    letters: &[
        (b'$', '¤'),
        (b'@', 'É'),
        (b'[', 'Ä'),
        (b'\\', 'Ö'),
        (b']', 'Å'),
        (b'^', 'Ü'),
        (b'`', 'é'),
        (b'{', 'ä'),
        (b'|', 'ö'),
        (b'}', 'å'),
        (b'~', 'ü'),
    ],
    lacks: "$@[\\]^`{|}~",
};

const NORDIC: &[(u8, char)] = &[(b'[', 'Æ'), (b'\\', 'Ø'), (b']', 'Å'), (b'{', 'æ'), (b'|', 'ø'), (b'}', 'å')];

/// DS 2089.
const DK: Variant = Variant { letters: NORDIC, lacks: "$@[\\]^`{|}~" };

/// NS 4551, both editions.
const NO: Variant = Variant { letters: NORDIC, lacks: "#[\\]{|}~" };

/// DIN 66003.
const DE: Variant = Variant {
    letters: &[(b'@', '§'), (b'[', 'Ä'), (b'\\', 'Ö'), (b']', 'Ü'), (b'{', 'ä'), (b'|', 'ö'), (b'}', 'ü'), (b'~', 'ß')],
    lacks: "@[\\]{|}~",
};

/// The byte of a printable character in a variant. `None`: it lacks the character, or the set is not a variant of ISO 646.
pub fn byte(charset: Charset, c: char) -> Option<u8> {
    let variant = match charset {
        Charset::Iso646Se => &SE,
        Charset::Iso646Dk => &DK,
        Charset::Iso646No => &NO,
        Charset::Iso646De => &DE,
        _ => return None,
    };
    if let Some((byte, _)) = variant.letters.iter().find(|(_, letter)| *letter == c) {
        return Some(*byte);
    }
    let plain = (' '..='~').contains(&c) && !variant.lacks.contains(c);
    plain.then_some(c as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_where_the_standards_put_them() {
        let bytes = |charset, text: &str| text.chars().map(|c| byte(charset, c)).collect::<Option<Vec<u8>>>();
        assert_eq!(bytes(Charset::Iso646Se, "ÅÄÖ åäö É é Ü ü ¤"), Some(b"][\\ }{| @ ` ^ ~ $".to_vec()));
        assert_eq!(bytes(Charset::Iso646No, "ÆØÅ æøå $@"), Some(b"[\\] {|} $@".to_vec()));
        assert_eq!(bytes(Charset::Iso646Dk, "ÆØÅ æøå #"), Some(b"[\\] {|} #".to_vec()));
        assert_eq!(bytes(Charset::Iso646De, "ÄÖÜ äöüß §"), Some(b"[\\] {|}~ @".to_vec()));
        assert_eq!(bytes(Charset::Ascii7, "a"), None);
    }

    #[test]
    fn no_two_characters_share_a_byte() {
        for charset in [Charset::Iso646Se, Charset::Iso646Dk, Charset::Iso646No, Charset::Iso646De] {
            let mut seen = std::collections::BTreeMap::new();
            for c in (0..=0x2fff).filter_map(char::from_u32) {
                if let Some(b) = byte(charset, c) {
                    assert!((0x20..0x7f).contains(&b), "{charset:?}: {c} is {b:#x}");
                    assert_eq!(seen.insert(b, c), None, "{charset:?}: {c}");
                }
            }
        }
    }
}
