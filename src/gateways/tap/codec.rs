//! TAP's bytes (Telocator Alphanumeric Protocol 1.8, automatic mode): logon, blocks with their check characters, answers. No IO.

pub(super) const STX: u8 = 0x02;
pub(super) const ETX: u8 = 0x03;
pub(super) const EOT: u8 = 0x04;
pub(super) const ACK: u8 = 0x06;
pub(super) const CR: u8 = 0x0d;
pub(super) const NAK: u8 = 0x15;
pub(super) const ETB: u8 = 0x17;
pub(super) const ESC: u8 = 0x1b;
pub(super) const RS: u8 = 0x1e;
pub(super) const US: u8 = 0x1f;

/// Characters of one block between STX and the check characters: 256 with these (3.0, step 8).
pub(super) const BLOCK_CHARS_MAX: usize = 250;
/// Characters of one line of an answer.
const LINE_CHARS_MAX: usize = 1024;

/// What the terminal said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// `ID=`: who is there?
    Prompt,
    /// A line of words, often with a code before them.
    Words(String),
    /// Taken.
    Ack,
    /// Not understood: again.
    Nak,
    /// Given up: the next, please.
    Abandon,
    /// `ESC EOT`: it hangs up.
    Leave,
    /// `ESC [ p`: go ahead.
    Go,
}

/// The far end does not speak TAP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Garbage;

/// `ESC PG1 [password] CR`: a pager's service (PG), fields of one message in one transaction (1) (3.0, step 5A).
pub(super) fn logon(password: &str) -> Vec<u8> {
    [&[ESC], b"PG1".as_slice(), password.as_bytes(), &[CR]].concat()
}

/// `EOT CR`: nothing more to send (3.0, step 9).
pub(super) const LOGOFF: [u8; 2] = [EOT, CR];

/// Three printable characters for the sum of all bytes, twelve bits of it, four a character (5.0).
pub(super) fn checksum(block: &[u8]) -> [u8; 3] {
    let sum = block.iter().fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(byte & 0x7f)));
    [8, 4, 0].map(|shift| b'0' + ((sum >> shift) & 0xf) as u8)
}

/// One message, pager and text, as the blocks that carry it. ETX ends a block that ends the transaction, ETB one that ends
/// with a whole field, US one whose last field goes on in the next (3.0, step 8).
pub(super) fn blocks(pager: &[u8], text: &[u8]) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut body = [pager, &[CR]].concat();
    let mut rest = text;
    loop {
        // CR behind the field, and what ends the block.
        let room = BLOCK_CHARS_MAX.saturating_sub(body.len() + 2);
        if rest.len() <= room {
            body.extend_from_slice(rest);
            body.push(CR);
            blocks.push(closed(&body, ETX));
            return blocks;
        }
        if room == 0 {
            blocks.push(closed(&body, ETB));
        } else {
            let (now, later) = rest.split_at(room);
            body.extend_from_slice(now);
            blocks.push(closed(&body, US));
            rest = later;
        }
        body.clear();
    }
}

fn closed(body: &[u8], end: u8) -> Vec<u8> {
    let mut block = [&[STX], body, &[end]].concat();
    let sum = checksum(&block);
    block.extend_from_slice(&sum);
    block.push(CR);
    block
}

/// Takes one thing from the front of what was read. `None`: more must be read.
pub(super) fn take(read: &mut Vec<u8>) -> Result<Option<Heard>, Garbage> {
    let skip = read.iter().take_while(|b| matches!(**b, CR | b'\n' | 0)).count();
    read.drain(..skip);
    let Some(first) = read.first().copied() else { return Ok(None) };
    let one = match first {
        ACK => Some(Heard::Ack),
        NAK => Some(Heard::Nak),
        RS => Some(Heard::Abandon),
        // Some leave without the escape before it.
        EOT => Some(Heard::Leave),
        _ => None,
    };
    if let Some(heard) = one {
        read.drain(..1);
        return Ok(Some(heard));
    }
    if first == ESC {
        return match read.get(1..3) {
            _ if read.get(1) == Some(&EOT) => {
                read.drain(..2);
                Ok(Some(Heard::Leave))
            }
            Some(b"[p") => {
                read.drain(..3);
                Ok(Some(Heard::Go))
            }
            Some(_) => Err(Garbage),
            None if matches!(read.get(1), None | Some(b'[')) => Ok(None),
            None => Err(Garbage),
        };
    }
    // A line of words ends with CR, or where an answer begins without one before it.
    if let Some(at) = read.iter().position(|b| matches!(*b, CR | b'\n' | ACK | NAK | RS | ESC | EOT)) {
        let line: Vec<u8> = read.drain(..at).collect();
        // A line of noise is not an answer: a modem's garbage, a wrong speed.
        if line.iter().any(|b| !(0x20..0x7f).contains(b) && *b != b'\t') {
            return Err(Garbage);
        }
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        return Ok(Some(if line == "ID=" { Heard::Prompt } else { Heard::Words(line) }));
    }
    if read.ends_with(b"ID=") {
        read.clear();
        return Ok(Some(Heard::Prompt));
    }
    if read.len() > LINE_CHARS_MAX { Err(Garbage) } else { Ok(None) }
}

/// The three digits that a line begins with (appendix A).
pub(super) fn code(words: &str) -> Option<u16> {
    let digits = words.get(..3)?;
    let ends = words[3..].chars().next().is_none_or(|c| !c.is_ascii_digit());
    (ends && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_characters() {
        // Summed by hand: 02+31+32+33+0d+41+42+43+0d+03 = 17b, hexadecimal.
        assert_eq!(checksum(b"\x02123\rABC\r\x03"), *b"17;");
        assert_eq!(checksum(&[]), *b"000");
        assert_eq!(checksum(&[0x7f; 100]), *b"19<", "twelve bits of 319c");
        assert_eq!(checksum(&[0xff; 100]), *b"19<", "of seven bits each");
    }

    #[test]
    fn a_short_message_is_one_block() {
        assert_eq!(blocks(b"123", b"ABC"), [b"\x02123\rABC\r\x0317;\r".to_vec()]);
        assert_eq!(logon(""), b"\x1bPG1\r");
        assert_eq!(logon("hem"), b"\x1bPG1hem\r");
    }

    #[test]
    fn what_a_terminal_says() {
        let cases: [(&[u8], &[Heard]); 8] = [
            (b"ID=", &[Heard::Prompt]),
            (b"\r\nWELCOME\r\nID=", &[Heard::Words("WELCOME".into()), Heard::Prompt]),
            (b"110 1.8\r\x06\r\x1b[p\r", &[Heard::Words("110 1.8".into()), Heard::Ack, Heard::Go]),
            (b"211 Page(s) sent\r\n\x06\r", &[Heard::Words("211 Page(s) sent".into()), Heard::Ack]),
            (b"514 Checksum\x15\r", &[Heard::Words("514 Checksum".into()), Heard::Nak]),
            (b"511 No\r\x1e\r", &[Heard::Words("511 No".into()), Heard::Abandon]),
            (b"115 Bye\r\x1b\x04\r", &[Heard::Words("115 Bye".into()), Heard::Leave]),
            (b"\x04\r\x06", &[Heard::Leave, Heard::Ack]),
        ];
        for (bytes, expected) in cases {
            let mut read = bytes.to_vec();
            let mut heard = Vec::new();
            while let Some(one) = take(&mut read).unwrap() {
                heard.push(one);
            }
            assert_eq!(heard, expected, "{bytes:?}");
            // The same, a byte at a time.
            let (mut read, mut slowly) = (Vec::new(), Vec::new());
            for byte in bytes {
                read.push(*byte);
                while let Some(one) = take(&mut read).unwrap() {
                    slowly.push(one);
                }
            }
            assert_eq!(slowly, expected, "{bytes:?} slowly");
        }
    }

    #[test]
    fn noise_is_no_terminal() {
        for noise in [&b"\x1bX\r"[..], b"\x01\x02\x7f\r", &[b'a'; LINE_CHARS_MAX + 1]] {
            assert_eq!(take(&mut noise.to_vec()), Err(Garbage), "{noise:?}");
        }
        assert_eq!(take(&mut b"\x1b".to_vec()), Ok(None));
        assert_eq!(take(&mut b"\x1b[".to_vec()), Ok(None));
    }

    #[test]
    fn codes_stand_at_the_start() {
        assert_eq!(code("211 Page(s) sent"), Some(211));
        assert_eq!(code("511"), Some(511));
        for none in ["5110 x", "51", "Page 511", "", "åäö"] {
            assert_eq!(code(none), None, "{none}");
        }
    }

    /// Reads blocks as a terminal does: written from the specification, calls nothing above but its constants.
    fn read_back(blocks: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
        let mut fields = vec![Vec::new()];
        for (i, block) in blocks.iter().enumerate() {
            assert!(block.len() <= 256, "a block has 256 characters at most, this one {}", block.len());
            let (body, tail) = block.split_at(block.len() - 5);
            let total: usize = body.iter().chain(&tail[..1]).map(|b| usize::from(*b)).sum();
            let sum = format!("{}{}{}", nibble(total >> 8), nibble(total >> 4), nibble(total));
            assert_eq!(&tail[1..4], sum.as_bytes());
            assert_eq!((body[0], tail[4]), (2, 13));
            let last = i + 1 == blocks.len();
            assert_eq!(tail[0] == 3, last, "only the last ends with ETX");
            for byte in &body[1..] {
                if *byte == 13 { fields.push(Vec::new()) } else { fields.last_mut().unwrap().push(*byte) }
            }
            match tail[0] {
                0x17 => assert!(body.ends_with(&[13]), "ETB stands behind a whole field"),
                0x1f => assert!(!body.ends_with(&[13]), "US stands within a field"),
                _ => {}
            }
        }
        assert_eq!(fields.len(), 3, "two fields and nothing behind them");
        (fields[0].clone(), fields[1].clone())
    }

    fn nibble(n: usize) -> char {
        char::from(b'0' + (n % 16) as u8)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn blocks_put_together_are_the_message(pager in "[0-9]{1,64}", text in "[ -~]{0,900}") {
            let (p, t) = read_back(&blocks(pager.as_bytes(), text.as_bytes()));
            prop_assert_eq!(p, pager.as_bytes());
            prop_assert_eq!(t, text.as_bytes());
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut turns = 0;
            while let Ok(Some(heard)) = take(&mut bytes) {
                if let Heard::Words(words) = heard {
                    code(&words);
                }
                turns += 1;
                prop_assert!(turns <= 300, "each turn takes something");
            }
        }
    }
}
