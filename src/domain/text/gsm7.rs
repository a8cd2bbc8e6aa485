//! GSM 03.38, the default alphabet of SMS (3GPP TS 23.038, 6.2.1) with its extension table (6.2.1.1), one septet a byte,
//! and the packing of eight septets into seven octets (6.1.2.1).
//!
//! Must not: replace a character. What the alphabet lacks is an error that names it; the caller takes UCS-2 or says so.

/// Announces a character of the extension table.
pub const ESCAPE: u8 = 0x1b;

/// The default alphabet by septet. The place of [`ESCAPE`] holds U+00A0, which TS 23.038 gives as its reading when no
/// extension table is known; it is never encoded.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{a0}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The extension table: what stands after [`ESCAPE`].
const EXTENDED: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Most of a text is ASCII: one look instead of a search. Bit 7 says "extension table", 0xff "not in the alphabet".
const ASCII: [u8; 128] = {
    let mut table = [0xff; 128];
    let mut septet = 0;
    while septet < 128 {
        let c = BASIC[septet] as usize;
        if c < 128 {
            table[c] = septet as u8;
        }
        septet += 1;
    }
    let mut i = 0;
    while i < EXTENDED.len() {
        let c = EXTENDED[i].1 as usize;
        if c < 128 {
            table[c] = EXTENDED[i].0 | 0x80;
        }
        i += 1;
    }
    table
};

/// The septet of a character, with bit 7 set when it belongs to the extension table.
fn find(c: char) -> Option<u8> {
    if c.is_ascii() {
        return Some(ASCII[c as usize]).filter(|s| *s != 0xff);
    }
    if c == '\u{a0}' {
        return None;
    }
    match BASIC.iter().position(|b| *b == c) {
        Some(at) => Some(at as u8),
        None => EXTENDED.iter().find(|(_, e)| *e == c).map(|(septet, _)| septet | 0x80),
    }
}

/// How many septets a character takes: 1, or 2 when it is in the extension table. `None`: not in the alphabet.
pub fn septets(c: char) -> Option<u8> {
    find(c).map(|s| 1 + (s >> 7))
}

/// How many septets a text takes.
///
/// # Errors
/// The first character that the alphabet lacks.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn count(text: &str) -> Result<usize, char> {
    text.chars().try_fold(0, |sum, c| septets(c).map(|n| sum + usize::from(n)).ok_or(c))
}

/// One septet a byte, as SMPP carries them.
///
/// # Errors
/// The first character that the alphabet lacks.
pub fn encode(text: &str) -> Result<Vec<u8>, char> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        let septet = find(c).ok_or(c)?;
        if septet & 0x80 != 0 {
            out.push(ESCAPE);
        }
        out.push(septet & 0x7f);
    }
    Ok(out)
}

/// Reads one septet a byte. What comes from outside is read as far as it goes: an unknown extension shows the character of
/// the default alphabet (TS 23.038, 6.2.1.1), an escape at the end nothing, a byte above 0x7f U+FFFD.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut bytes = septets.iter().copied();
    while let Some(byte) = bytes.next() {
        let basic = |b: u8| BASIC.get(usize::from(b)).copied().unwrap_or('\u{fffd}');
        if byte != ESCAPE {
            text.push(basic(byte));
        } else if let Some(next) = bytes.next() {
            text.push(EXTENDED.iter().find(|(s, _)| *s == next).map_or_else(|| basic(next), |(_, c)| *c));
        }
    }
    text
}

/// Packs septets into octets, least significant bit first, after `fill_bits` zero bits (which bring the text after a user
/// data header to a septet boundary, 3GPP TS 23.040, 9.2.3.24).
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn pack(septets: &[u8], fill_bits: u8) -> Vec<u8> {
    let fill = usize::from(fill_bits % 7);
    let mut out = vec![0; (septets.len() * 7 + fill).div_ceil(8)];
    for (i, septet) in septets.iter().enumerate() {
        let bit = i * 7 + fill;
        let wide = u16::from(septet & 0x7f) << (bit % 8);
        out[bit / 8] |= wide as u8;
        if wide > 0xff {
            out[bit / 8 + 1] |= (wide >> 8) as u8;
        }
    }
    out
}

/// Unpacks at most `count` septets after `fill_bits`. The count can't be told from the octets (seven octets hold seven or
/// eight), so it comes from the length field.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn unpack(octets: &[u8], count: usize, fill_bits: u8) -> Vec<u8> {
    let fill = usize::from(fill_bits % 7);
    let there = (octets.len() * 8).saturating_sub(fill) / 7;
    (0..count.min(there))
        .map(|i| {
            let bit = i * 7 + fill;
            let high = octets.get(bit / 8 + 1).copied().unwrap_or(0);
            let wide = u16::from_le_bytes([octets[bit / 8], high]);
            (wide >> (bit % 8)) as u8 & 0x7f
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_vectors() {
        // The classic: 10 septets of "hellohello" are E8329BFD4697D9EC37.
        let septets = encode("hellohello").unwrap();
        assert_eq!(pack(&septets, 0), [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37]);
        assert_eq!(encode("@åÖ€[").unwrap(), [0x00, 0x0f, 0x5c, 0x1b, 0x65, 0x1b, 0x3c]);
        assert_eq!(count("ÅÄÖ åäö {}"), Ok(12));
        assert_eq!(count("a“b"), Err('“'));
        for not in ['`', 'ç', 'á', '\u{a0}', '\u{1b}', '\t', '–', '…', '😀'] {
            assert_eq!(septets_of(not), None, "{not:?}");
        }
    }

    fn septets_of(c: char) -> Option<u8> {
        super::septets(c)
    }

    #[test]
    fn what_comes_from_outside_is_read_as_far_as_it_goes() {
        assert_eq!(decode(&[0x4a, 0x41, 0x1b]), "JA");
        assert_eq!(decode(&[0x1b, 0x41]), "A");
        assert_eq!(decode(&[0xff]), "\u{fffd}");
        assert!(unpack(&[], 5, 0).is_empty());
        assert_eq!(unpack(&[0xff], 5, 1), [0x7f]);
    }

    proptest! {
        #[test]
        fn packing_and_unpacking_give_the_septets_back(septets in prop::collection::vec(0u8..128, 0..200), fill in 0u8..7) {
            let packed = pack(&septets, fill);
            prop_assert_eq!(packed.len(), (septets.len() * 7 + usize::from(fill)).div_ceil(8));
            prop_assert_eq!(unpack(&packed, septets.len(), fill), septets);
        }

        #[test]
        fn decoding_gives_the_text_back(text in "[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ -~¡ÄÖÑÜ§¿äöñüà€]{0,200}") {
            let text = text.replace('`', "");
            let septets = encode(&text).unwrap();
            prop_assert_eq!(septets.len(), count(&text).unwrap());
            prop_assert_eq!(decode(&septets), text);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0usize..400, fill in any::<u8>()) {
            decode(&bytes);
            unpack(&bytes, count, fill);
            pack(&bytes, fill);
        }
    }
}
