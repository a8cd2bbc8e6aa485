//! Texts that people write back: reading their letters, joining their parts. No IO.

use std::time::Duration;

use tokio::time::Instant;

use super::pdu::Delivered;
use crate::domain::text::gsm7;
use crate::domain::text::sms::Alphabet;
use crate::gateways::Address;

/// How many texts may wait for further parts; the oldest is told as it is.
pub const JOINING_MAX: usize = 500;
/// How long a part waits for the others. Then what has come is told: an answer is worth more than its missing end.
pub const JOINING_S: u64 = 120;
/// Stands where a part is missing.
const MISSING: &str = "[…]";
/// IA5, which is ASCII (SMPP 3.4, 5.2.19).
const IA5: u8 = 0x01;

/// A text from a phone, as far as it has come.
#[derive(Debug)]
struct Joining {
    from: Address,
    reference: (bool, u16),
    parts: Vec<Option<String>>,
    until: Instant,
}

/// Joins the parts of texts.
#[derive(Debug, Default)]
pub struct Joiner {
    waiting: Vec<Joining>,
    /// This gateway has shown that its data_coding 1 is the GSM alphabet.
    ia5_is_gsm: bool,
}

impl Joiner {
    /// A text or a part of one came. Gives every text that is told now.
    pub fn heard(&mut self, delivered: &Delivered<'_>, alphabet: Alphabet, now: Instant) -> Vec<(Address, String)> {
        let from = sender(delivered);
        let (concat, body) = match delivered.esm_class & 0x40 {
            0 => (None, delivered.message),
            _ => header(delivered.message),
        };
        self.ia5_is_gsm |= delivered.data_coding == IA5 && can_only_be_gsm(body);
        let text = match delivered.data_coding {
            IA5 if self.ia5_is_gsm && body.is_ascii() => gsm7::decode(body),
            data_coding => letters(data_coding, alphabet, body),
        };
        let concat = concat.or(delivered.sar.map(|(r, n, k)| ((true, r), n, k)));
        let Some((reference, n, k)) = concat.filter(|(_, n, k)| *n > 1 && (1..=*n).contains(k)) else {
            return vec![(from, text)];
        };
        let same = |j: &Joining| j.from == from && j.reference == reference && j.parts.len() == usize::from(n);
        let at = match self.waiting.iter().position(same) {
            Some(at) => at,
            None => {
                let until = now + Duration::from_secs(JOINING_S);
                self.waiting.push(Joining { from, reference, parts: vec![None; usize::from(n)], until });
                self.waiting.len() - 1
            }
        };
        self.waiting[at].parts[usize::from(k) - 1] = Some(text);
        if self.waiting[at].parts.iter().all(Option::is_some) {
            return vec![told(self.waiting.remove(at))];
        }
        if self.waiting.len() > JOINING_MAX { vec![told(self.waiting.remove(0))] } else { Vec::new() }
    }

    /// Texts whose parts did not all come in time.
    pub fn overdue(&mut self, now: Instant) -> Vec<(Address, String)> {
        self.waiting.extract_if(.., |j| j.until <= now).map(told).collect()
    }
}

fn told(joining: Joining) -> (Address, String) {
    (joining.from, joining.parts.into_iter().map(|p| p.unwrap_or_else(|| MISSING.into())).collect())
}

/// The sender as the gateway gave it; an international number with its `+`.
fn sender(delivered: &Delivered<'_>) -> Address {
    let text = String::from_utf8_lossy(delivered.source);
    let text = text.trim();
    let international = delivered.source_ton == 1 && text.starts_with(|c: char| c.is_ascii_digit());
    Address(if international { format!("+{text}").into() } else { text.into() })
}

/// What a user data header says about joining: reference with its width, total, number.
type Concat = ((bool, u16), u8, u8);

/// A message without its user data header, where it says that it has one.
pub(super) fn without_header(esm_class: u8, message: &[u8]) -> &[u8] {
    if esm_class & 0x40 == 0 { message } else { header(message).1 }
}

/// Takes the user data header off (3GPP TS 23.040, 9.2.3.24). A header that claims more than is there is no header.
fn header(message: &[u8]) -> (Option<Concat>, &[u8]) {
    let Some((len, rest)) = message.split_first() else { return (None, message) };
    let Some((mut elements, body)) = rest.split_at_checked(usize::from(*len)) else { return (None, message) };
    let mut concat = None;
    while let [element, len, after @ ..] = elements {
        let Some((value, next)) = after.split_at_checked(usize::from(*len)) else { break };
        match (*element, value) {
            (0x00, [reference, n, k]) => concat = Some(((false, u16::from(*reference)), *n, *k)),
            (0x08, [high, low, n, k]) => concat = Some(((true, u16::from_be_bytes([*high, *low])), *n, *k)),
            _ => {}
        }
        elements = next;
    }
    (concat, body)
}

/// Whether octets that are called IA5 are GSM 03.38 all the same: some centres' libraries write 1 for "seven bits". `å` is the
/// control octet 0x0f there, and an escape stands before `€` and brackets; no text in IA5 has a control octet but tab and
/// line ends, nor one above 0x7f. A text without such an octet says nothing: it reads as the standard has it, or as the
/// same gateway's earlier texts have shown.
fn can_only_be_gsm(octets: &[u8]) -> bool {
    octets.is_ascii() && octets.iter().any(|b| *b < 0x20 && !b"\t\n\r".contains(b))
}

/// Reads octets by their data coding (SMPP 3.4, 5.2.19; the groups from 0xc0 on are those of 3GPP TS 23.038, 4).
fn letters(data_coding: u8, alphabet: Alphabet, octets: &[u8]) -> String {
    let latin1 = || octets.iter().map(|b| char::from(*b)).collect();
    let default = || match alphabet {
        Alphabet::Gsm7 => gsm7::decode(octets),
        Alphabet::Latin1 | Alphabet::Ascii => latin1(),
    };
    let ucs2 = || {
        let units: Vec<u16> =
            octets.chunks(2).map(|p| u16::from_be_bytes([p[0], p.get(1).copied().unwrap_or(0)])).collect();
        String::from_utf16_lossy(&units)
    };
    match data_coding {
        0x08 | 0x18 | 0xe0..=0xef => ucs2(),
        0x01..=0x04 => latin1(),
        0xf4..=0xf7 | 0xfc..=0xff => latin1(),
        _ => default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(esm_class: u8, data_coding: u8, message: &'a [u8]) -> Delivered<'a> {
        Delivered { source_ton: 1, source: b"46701740605", esm_class, data_coding, message, ..Delivered::default() }
    }
    fn texts(list: Vec<(Address, String)>) -> Vec<String> {
        assert!(list.iter().all(|(from, _)| &*from.0 == "+46701740605"));
        list.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn letters_by_data_coding_and_alphabet() {
        let cases: [(u8, Alphabet, &[u8], &str); 8] = [
            (0, Alphabet::Gsm7, b"JA \x0f\x7b\x7c\x1b\x65", "JA åäö€"),
            (0, Alphabet::Latin1, b"JA \xe5\xe4\xf6", "JA åäö"),
            (0, Alphabet::Ascii, b"JA 14", "JA 14"),
            (3, Alphabet::Gsm7, b"JA \xe5", "JA å"),
            (1, Alphabet::Gsm7, b"JA @", "JA @"),
            (8, Alphabet::Gsm7, b"\0J\0A\xd8\x3d\xde\x00", "JA😀"),
            (8, Alphabet::Gsm7, b"\0J\0", "J\0"),
            (0xf0, Alphabet::Gsm7, b"\0", "@"),
        ];
        for (data_coding, alphabet, octets, text) in cases {
            let now = Instant::now();
            assert_eq!(texts(Joiner::default().heard(&one(0, data_coding, octets), alphabet, now)), [text]);
        }
    }

    #[test]
    fn a_centre_that_calls_the_gsm_alphabet_ia5_is_understood() {
        let (mut joiner, now) = (Joiner::default(), Instant::now());
        let mut read = |octets| texts(joiner.heard(&one(0, 1, octets), Alphabet::Latin1, now)).remove(0);
        assert_eq!(read(b"h|r inte @"), "h|r inte @", "IA5 until it is shown to be something else");
        assert_eq!(read(b"JA\t14\r\n"), "JA\t14\r\n", "IA5 has tab and line ends");
        assert_eq!(read(b"JA \xe5"), "JA å", "eight bits: Latin-1 under a wrong name, not GSM");
        assert_eq!(read(b"\x0f\xe5"), "\u{f}å");
        assert_eq!(read(b"NEJ 14 v\x0fr reserv {|"), "NEJ 14 vår reserv äö");
        assert_eq!(read(b"h|r inte \0"), "hör inte @", "shown once, it holds");
        assert_eq!(texts(Joiner::default().heard(&one(0, 1, b"2 \x1b\x65"), Alphabet::Gsm7, now)), ["2 €"]);
    }

    #[test]
    fn parts_are_joined_in_any_order_and_twice_does_no_harm() {
        let (mut joiner, now) = (Joiner::default(), Instant::now());
        let second = one(0x40, 0, b"\x05\x00\x03\x07\x02\x02 14");
        assert!(joiner.heard(&second, Alphabet::Gsm7, now).is_empty());
        assert!(joiner.heard(&second, Alphabet::Gsm7, now).is_empty());
        let other = one(0x40, 0, b"\x06\x08\x04\x00\x07\x02\x01X");
        assert!(joiner.heard(&other, Alphabet::Gsm7, now).is_empty(), "another reference");
        let first = one(0x40, 0, b"\x05\x00\x03\x07\x02\x01JA");
        assert_eq!(texts(joiner.heard(&first, Alphabet::Gsm7, now)), ["JA 14"]);
        let sar = |k, message| Delivered { sar: Some((9, 2, k)), ..one(0, 0, message) };
        assert!(joiner.heard(&sar(2, b"2"), Alphabet::Gsm7, now).is_empty());
        assert_eq!(texts(joiner.heard(&sar(1, b"1"), Alphabet::Gsm7, now)), ["12"]);
    }

    #[test]
    fn a_missing_part_does_not_hold_an_answer_for_ever() {
        let (mut joiner, now) = (Joiner::default(), Instant::now());
        joiner.heard(&one(0x40, 0, b"\x05\x00\x03\x07\x02\x01JA 14"), Alphabet::Gsm7, now);
        assert!(joiner.overdue(now + Duration::from_secs(JOINING_S - 1)).is_empty());
        assert_eq!(texts(joiner.overdue(now + Duration::from_secs(JOINING_S))), ["JA 14[…]"]);
        for reference in 0..=JOINING_MAX as u16 {
            let [high, low] = reference.to_be_bytes();
            let part = [6, 8, 4, high, low, 2, 1, b'J'];
            let told = joiner.heard(&one(0x40, 0, &part), Alphabet::Gsm7, now);
            assert_eq!(told.len(), usize::from(usize::from(reference) == JOINING_MAX));
        }
    }

    #[test]
    fn a_broken_header_costs_the_header_only() {
        let now = Instant::now();
        for (message, text) in [
            (&b"\x7fJA"[..], "àJA"),
            (b"", ""),
            (b"\x05\x00\x03\x07\x02\x03JA", "JA"),
            (b"\x05\x00\x03\x07\x00\x00JA", "JA"),
            (b"\x03\x00\x09\x07JA", "JA"),
        ] {
            assert_eq!(texts(Joiner::default().heard(&one(0x40, 0, message), Alphabet::Gsm7, now)), [text]);
        }
    }
}
