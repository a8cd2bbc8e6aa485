//! POCSAG's bits (ITU-R M.584, radiopaging code no. 1): code words with their check bits, batches, frames, letters. No IO.

/// Begins each batch.
pub(super) const SYNC: u32 = 0x7CD2_15D8;
/// Fills what nobody needs.
pub(super) const IDLE: u32 = 0x7A89_C197;
/// Code words of a batch after SYNC: eight frames of two.
const WORDS_A_BATCH: usize = 16;
/// The generator of BCH(31,21): x¹⁰+x⁹+x⁸+x⁶+x⁵+x³+1.
const GENERATOR: u32 = 0b111_0110_1001;
/// 576 reversals before the first batch, so that a pager finds the bit clock.
pub(super) const PREAMBLE_BITS: usize = 576;
/// The highest radio identity code: 21 bits.
pub(super) const RIC_MAX: u32 = (1 << 21) - 1;
/// Ends an alphanumeric text; what follows it in the last code word is nothing.
const END_OF_TEXT: u8 = 0x04;
/// What a numeric pager shows, by its four bits. Ten is spare: we never send it.
const DIGITS: &[u8; 16] = b"0123456789*U -)(";

/// A pager, and what it does with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pager {
    /// Radio identity code.
    pub ric: u32,
    /// One of four: which tone, which memory; by custom 0 is numeric and 3 alphanumeric.
    pub function: u8,
}

/// How a text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Text<'t> {
    /// Seven bits a letter.
    Alpha(&'t [u8]),
    /// Four bits a digit.
    Numeric(&'t [u8]),
}

/// 21 bits with ten check bits and even parity over all.
pub(super) fn word(data: u32) -> u32 {
    let data = data & 0x1f_ffff;
    let mut rest = data << 10;
    for bit in (10..31).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= GENERATOR << (bit - 10);
        }
    }
    let coded = (data << 10 | rest) << 1;
    coded | coded.count_ones() & 1
}

/// Several pages, each to its pager, as the code words of one transmission: whole batches, SYNC included.
///
/// # Errors
/// The first byte that a page can't carry.
pub(super) fn transmission(pages: &[(Pager, Text<'_>)]) -> Result<Vec<u32>, u8> {
    let mut slots: Vec<u32> = Vec::new();
    for (pager, text) in pages {
        // An address is only heard in the frame that its last three bits name.
        let frame = (pager.ric & 7) as usize * 2;
        while slots.len() % WORDS_A_BATCH != frame {
            slots.push(IDLE);
        }
        slots.push(word((pager.ric >> 3 & 0x3_ffff) << 2 | u32::from(pager.function & 3)));
        slots.extend(message(*text)?);
        // Without a word between them a pager would read the next message on.
        slots.push(IDLE);
    }
    while !slots.len().is_multiple_of(WORDS_A_BATCH) {
        slots.push(IDLE);
    }
    let mut words = Vec::with_capacity(slots.len() + slots.len() / WORDS_A_BATCH);
    for batch in slots.chunks(WORDS_A_BATCH) {
        words.push(SYNC);
        words.extend_from_slice(batch);
    }
    Ok(words)
}

/// Bits go out least significant first within a letter, and fill twenty of each code word (3.3).
fn message(text: Text<'_>) -> Result<Vec<u32>, u8> {
    let mut bits: Vec<bool> = Vec::new();
    match text {
        Text::Alpha(letters) => {
            for letter in letters.iter().chain(&[END_OF_TEXT]) {
                if *letter > 0x7f {
                    return Err(*letter);
                }
                bits.extend((0..7).map(|i| letter >> i & 1 == 1));
            }
            bits.resize(bits.len().next_multiple_of(20), false);
        }
        Text::Numeric(digits) => {
            let spaces = digits.len().next_multiple_of(5) - digits.len();
            for digit in digits.iter().chain(std::iter::repeat_n(&b' ', spaces)) {
                let four = DIGITS.iter().position(|d| d == digit).filter(|n| *n != 10).ok_or(*digit)?;
                bits.extend((0..4).map(|i| four >> i & 1 == 1));
            }
        }
    }
    let twenty = |chunk: &[bool]| chunk.iter().fold(1_u32, |word, bit| word << 1 | u32::from(*bit));
    Ok(bits.chunks(20).map(|chunk| word(twenty(chunk))).collect())
}

/// `1234567` or `1234567:3`: the radio identity code, and the function where it is not the usual one.
pub(super) fn pager(address: &str, function: u8) -> Option<Pager> {
    let (ric, function) = match address.split_once(':') {
        Some((ric, "0" | "A" | "a")) => (ric, 0),
        Some((ric, "1" | "B" | "b")) => (ric, 1),
        Some((ric, "2" | "C" | "c")) => (ric, 2),
        Some((ric, "3" | "D" | "d")) => (ric, 3),
        Some(_) => return None,
        None => (address, function),
    };
    let plain = !ric.is_empty() && ric.len() <= 7 && ric.bytes().all(|b| b.is_ascii_digit());
    let ric: u32 = if plain { ric.parse().ok()? } else { return None };
    // 0 to 7 would be code words that no pager has; 2 007 664 to 2 007 671 are IDLE's.
    let is_idle = (2_007_664..=2_007_671).contains(&ric);
    ((8..=RIC_MAX).contains(&ric) && !is_idle).then_some(Pager { ric, function })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_of_the_recommendation() {
        // The recommendation gives SYNC and IDLE whole; both are code words themselves.
        for known in [SYNC, IDLE] {
            assert_eq!(word(known >> 11), known, "{known:08x}");
        }
        assert_eq!(word(0), 0);
    }

    #[test]
    fn a_call_byte_for_byte() {
        // Decoded and encoded by hand: identity 8 is frame 0, address 1, function 3.
        let pager = Pager { ric: 8, function: 3 };
        let words = transmission(&[(pager, Text::Alpha(b"A"))]).unwrap();
        assert_eq!(words.len(), 17);
        let bits = |text: &str| u32::from_str_radix(&text.replace(' ', ""), 2).unwrap();
        assert_eq!((words[0], words[1] >> 11), (SYNC, bits("0 000000000000000001 11")));
        // A is 1000001, then 0010000 for the end, least significant first; six zeros fill up.
        assert_eq!(words[2] >> 11, bits("1 1000001 0010000 000000"));
        assert!(words[3..].iter().all(|w| *w == IDLE));
        let digits = transmission(&[(pager, Text::Numeric(b"112"))]).unwrap();
        assert_eq!(digits[2] >> 11, bits("1 1000 1000 0100 0011 0011"));
    }

    #[test]
    fn an_address_stands_in_its_frame() {
        for ric in 1_000_000..1_000_016 {
            let words = transmission(&[(Pager { ric, function: 0 }, Text::Alpha(b"x"))]).unwrap();
            let at = words.iter().position(|w| *w >> 31 == 0 && *w != SYNC && *w != IDLE).unwrap();
            assert_eq!(at, 1 + (ric % 8) as usize * 2, "{ric}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(pager("1234567", 3), Some(Pager { ric: 1_234_567, function: 3 }));
        assert_eq!(pager("1234567:A", 3), Some(Pager { ric: 1_234_567, function: 0 }));
        for bad in ["", "7", "2097152", "12345678", "+123456", "123:4", "123:", "12x", "2007664", "٣٣٣"] {
            assert_eq!(pager(bad, 3), None, "{bad}");
        }
        assert_eq!(transmission(&[(Pager { ric: 8, function: 0 }, Text::Numeric(b"1*"))]), Err(b'*'));
        assert_eq!(transmission(&[(Pager { ric: 8, function: 0 }, Text::Alpha(&[0xe5]))]), Err(0xe5));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Any two code words differ in five bits at least, so that two wrong ones are always put right; with the parity six.
        #[test]
        fn code_words_are_far_apart(a in 0_u32..1 << 21, b in 0_u32..1 << 21) {
            prop_assert!(a == b || (word(a) ^ word(b)).count_ones() >= 6);
            prop_assert_eq!(word(a).count_ones() % 2, 0);
            prop_assert_eq!(word(a) >> 11, a);
        }
    }
}
