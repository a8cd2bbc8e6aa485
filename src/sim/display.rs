//! What a pager's display makes of the bytes that come on the air; what it has no letter for is a box.

use crate::domain::text::Charset;

const BOX: char = '\u{fffd}';

/// The text as a person reads it.
pub fn displayed(text: &[u8], charset: Charset) -> String {
    match charset {
        Charset::Utf8 | Charset::Gsm7 => String::from_utf8_lossy(text).into_owned(),
        Charset::Latin1 => text.iter().map(|b| char::from(*b)).collect(),
        _ => text.iter().map(|b| if b.is_ascii() { letter(*b, charset) } else { BOX }).collect(),
    }
}

/// Code positions as the national standards print them, in columns 4, 5, 6 and 7 of the code table.
fn letter(byte: u8, charset: Charset) -> char {
    let row: &str = match charset {
        Charset::Iso646Se => "¤ÉÄÖÅÜéäöåü",
        Charset::Iso646No => "$@ÆØÅ^`æøå~",
        Charset::Iso646Dk => "¤ÉÆØÅÜéæøåü",
        Charset::Iso646De => "$§ÄÖÜ^`äöüß",
        Charset::Numeric if !b"0123456789 -()U*".contains(&byte) => return BOX,
        _ => return char::from(byte),
    };
    let places = [0x24, 0x40, 0x5b, 0x5c, 0x5d, 0x5e, 0x60, 0x7b, 0x7c, 0x7d, 0x7e];
    match places.iter().position(|p| *p == byte) {
        Some(at) => row.chars().nth(at).unwrap_or(BOX),
        None => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_displays() {
        assert_eq!(displayed(b"\\VNING l{get p} sjukhuset |", Charset::Iso646Se), "ÖVNING läget på sjukhuset ö");
        assert_eq!(displayed(b"\\VELSE p} sykehuset {", Charset::Iso646No), "ØVELSE på sykehuset æ");
        assert_eq!(displayed(b"\\VELSE p} sygehuset {", Charset::Iso646Dk), "ØVELSE på sygehuset æ");
        assert_eq!(displayed(b"\\bung ] ~ @", Charset::Iso646De), "Öbung Ü ß §");
        assert_eq!(displayed(b"\xe5", Charset::Latin1), "å");
        assert_eq!(displayed(b"\xe5", Charset::Ascii7), "\u{fffd}");
        assert_eq!(displayed(b"112A", Charset::Numeric), "112\u{fffd}");
    }
}
