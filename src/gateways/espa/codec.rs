//! ESPA 4.4.4's bytes (November 1984): the signals of its link (ISO 1745), blocks of records with their check character
//! (ISO 1155). No IO.

pub(super) const SOH: u8 = 0x01;
pub(super) const STX: u8 = 0x02;
pub(super) const ETX: u8 = 0x03;
pub(super) const EOT: u8 = 0x04;
pub(super) const ENQ: u8 = 0x05;
pub(super) const ACK: u8 = 0x06;
pub(super) const NAK: u8 = 0x15;
pub(super) const ETB: u8 = 0x17;
pub(super) const RS: u8 = 0x1e;
pub(super) const US: u8 = 0x1f;

/// Headers (4.2): what a block is.
pub(super) const CALL_TO_PAGER: u8 = b'1';
pub(super) const STATUS_INFORMATION: u8 = b'2';

/// Data identifiers (4.3): what a record is.
pub(super) const CALL_ADDRESS: u8 = b'1';
pub(super) const DISPLAY: u8 = b'2';
pub(super) const BEEP: u8 = b'3';
pub(super) const CALL_TYPE: u8 = b'4';
pub(super) const TRANSMISSIONS: u8 = b'5';
pub(super) const PRIORITY: u8 = b'6';
pub(super) const CALL_STATUS: u8 = b'7';
pub(super) const SYSTEM_STATUS: u8 = b'8';

/// Bytes of one block that comes in, check character included.
pub(super) const BLOCK_BYTES_MAX: usize = 1024;

/// What came over the line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// Somebody is polled or selected: the address before it.
    Enq(Option<u8>),
    /// Ready; taken.
    Ack,
    /// Not ready; not taken. The digit before it says why: 1 is a transmission error (2.4).
    Nak(Option<u8>),
    /// Nothing to send; the end.
    Eot,
    Block(Block),
    /// A block that was damaged on the way.
    Damaged,
}

/// A block of records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Block {
    pub header: u8,
    /// Identifier and data, in order.
    pub records: Vec<(u8, Vec<u8>)>,
}

impl Block {
    /// The first record of a kind.
    pub fn record(&self, id: u8) -> Option<&[u8]> {
        self.records.iter().find(|(i, _)| *i == id).map(|(_, data)| data.as_slice())
    }

    /// As it goes over the line: SOH, header, STX, records, ETX, check character. The data must hold no control characters;
    /// whoever builds it has looked.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![SOH, self.header, STX];
        for (i, (id, data)) in self.records.iter().enumerate() {
            if i > 0 {
                bytes.push(RS);
            }
            bytes.extend_from_slice(&[*id, US]);
            bytes.extend_from_slice(data);
        }
        bytes.push(ETX);
        bytes.push(check(&bytes[1..]));
        bytes
    }

    fn read(header: &[u8], body: &[u8]) -> Option<Self> {
        let [header] = header else { return None };
        let mut records = Vec::new();
        for record in body.split(|b| *b == RS).filter(|r| !r.is_empty()) {
            match record {
                [id, US, data @ ..] => records.push((*id, data.to_vec())),
                _ => return None,
            }
        }
        Some(Self { header: *header, records })
    }
}

/// The sum without carry of all that stands behind SOH, the ETX included (ISO 1155).
pub(super) fn check(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Takes one thing from the front of what was read. `None`: more must be read. Noise between two signals is skipped.
pub(super) fn take(read: &mut Vec<u8>) -> Option<Heard> {
    loop {
        let heard = match *read.as_slice() {
            [] => return None,
            [EOT, ..] => Some((1, Heard::Eot)),
            [ACK, ..] => Some((1, Heard::Ack)),
            [NAK, ..] => Some((1, Heard::Nak(None))),
            [ENQ, ..] => Some((1, Heard::Enq(None))),
            [SOH, ..] => match block(read) {
                Some(taken) => Some(taken),
                None if read.len() > BLOCK_BYTES_MAX => Some((1, Heard::Damaged)),
                None => return None,
            },
            [prefix, ENQ, ..] if prefix.is_ascii_graphic() => Some((2, Heard::Enq(Some(prefix)))),
            [prefix, NAK, ..] if prefix.is_ascii_graphic() => Some((2, Heard::Nak(Some(prefix)))),
            [prefix, ACK, ..] if prefix.is_ascii_graphic() => Some((2, Heard::Ack)),
            [prefix] if prefix.is_ascii_graphic() => return None,
            _ => None,
        };
        match heard {
            Some((len, heard)) => {
                read.drain(..len);
                return Some(heard);
            }
            None => {
                read.drain(..1);
            }
        }
    }
}

/// The block at the front, with its length. A block that the sender gave up (EOT, another SOH) is damaged up to there; one that
/// goes on in a further block (ETB) says nothing that we wait for.
fn block(read: &[u8]) -> Option<(usize, Heard)> {
    let end = 1 + read[1..].iter().position(|b| matches!(*b, ETX | ETB | EOT | SOH))?;
    if matches!(read[end], EOT | SOH) {
        return Some((end, Heard::Damaged));
    }
    let sum = *read.get(end + 1)?;
    let whole = &read[1..=end];
    let stx = whole.iter().position(|b| *b == STX);
    let good = read[end] == ETX && check(whole) == sum;
    let block = match stx {
        Some(stx) if good => Block::read(&whole[..stx], &whole[stx + 1..whole.len() - 1]),
        _ => None,
    };
    Some((end + 2, block.map_or(Heard::Damaged, Heard::Block)))
}

/// What became of a call (record 7). Of a person it says nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallStatus {
    Busy,
    InQueue,
    Paged,
    Absent,
    Other,
}

impl CallStatus {
    pub fn of(data: &[u8]) -> Self {
        match data {
            b"1" => Self::Busy,
            b"2" => Self::InQueue,
            b"3" => Self::Paged,
            b"4" => Self::Absent,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn call(address: &[u8], text: &[u8]) -> Block {
        let records = vec![(CALL_ADDRESS, address.to_vec()), (DISPLAY, text.to_vec()), (PRIORITY, b"1".to_vec())];
        Block { header: CALL_TO_PAGER, records }
    }

    #[test]
    fn a_block_byte_for_byte() {
        let bytes = call(b"5551234", b"L[GE").bytes();
        let body = b"1\x021\x1f5551234\x1e2\x1fL[GE\x1e6\x1f1\x03";
        assert_eq!(bytes[0], 1);
        assert_eq!(&bytes[1..bytes.len() - 1], body);
        // The sum, by hand: each bit is set when it is set in an odd count of bytes.
        let mut sum = 0;
        for bit in 0..8 {
            sum |= ((body.iter().filter(|b| *b & (1 << bit) != 0).count() % 2) as u8) << bit;
        }
        assert_eq!(*bytes.last().unwrap(), sum);
    }

    #[test]
    fn signals_of_the_link() {
        let cases: [(&[u8], &[Heard]); 7] = [
            (b"1\x05", &[Heard::Enq(Some(b'1'))]),
            (b"\x06", &[Heard::Ack]),
            (b"1\x15\x04", &[Heard::Nak(Some(b'1')), Heard::Eot]),
            (b"\x15", &[Heard::Nak(None)]),
            (b"\xff\x00xy\x06\x04", &[Heard::Ack, Heard::Eot]),
            (b"1\x052\x05", &[Heard::Enq(Some(b'1')), Heard::Enq(Some(b'2'))]),
            (b"\x04\x05", &[Heard::Eot, Heard::Enq(None)]),
        ];
        for (bytes, expected) in cases {
            let mut read = bytes.to_vec();
            let heard: Vec<Heard> = std::iter::from_fn(|| take(&mut read)).collect();
            assert_eq!(heard, expected, "{bytes:?}");
            assert!(read.is_empty());
        }
        assert_eq!(take(&mut b"1".to_vec()), None, "a digit alone waits for what follows");
    }

    #[test]
    fn what_is_damaged_is_seen() {
        let good = call(b"550", b"LARM").bytes();
        for at in 1..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            let mut read = [bad, vec![EOT]].concat();
            while let Some(heard) = take(&mut read) {
                assert!(!matches!(heard, Heard::Block(_)), "a changed byte {at} goes unseen");
            }
        }
        let cut = [&good[..6], &[EOT]].concat();
        let mut read = cut;
        assert_eq!(take(&mut read), Some(Heard::Damaged));
        assert_eq!(take(&mut read), Some(Heard::Eot));
        let mut endless = vec![SOH; 1];
        endless.resize(BLOCK_BYTES_MAX + 2, b'a');
        assert_eq!(take(&mut endless), Some(Heard::Damaged));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_block_comes_back(address in "[0-9]{1,16}", text in "[ -~]{0,160}", cut in any::<prop::sample::Index>()) {
            let block = call(address.as_bytes(), text.as_bytes());
            let bytes = block.bytes();
            // In two reads, wherever the first ends.
            let (first, second) = bytes.split_at(cut.index(bytes.len()));
            let mut read = first.to_vec();
            prop_assert_eq!(take(&mut read), None);
            read.extend_from_slice(second);
            prop_assert_eq!(take(&mut read), Some(Heard::Block(block)));
            prop_assert!(read.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(0_u8..0x20, 0..200)) {
            while take(&mut bytes).is_some() {}
        }

        #[test]
        fn nor_do_any(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            while take(&mut bytes).is_some() {}
        }
    }
}
