//! The client protocol of `hfaxd`: bytes to types and back, no IO. It is FTP (RFC 959, 4.2 for replies) with commands for
//! jobs (hfaxd(8)).

/// Bytes that one reply may have.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;
/// Bytes that one listing of a queue may have.
pub const LISTING_BYTES_MAX: usize = 8 << 20;

/// A reply: its code, and its lines without codes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// 100 to 599.
    pub code: u16,
    /// What the server said.
    pub text: String,
}

impl Reply {
    /// 1yz: more is coming.
    pub fn preliminary(&self) -> bool {
        self.code / 100 == 1
    }
    /// Whether it is 2yz: done.
    pub fn done(&self) -> bool {
        self.code / 100 == 2
    }
}

/// What came is not a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Garbled;

/// Takes one reply off the front of what was received: the reply and how many bytes it took. `None`: more bytes are needed.
///
/// # Errors
/// [`Garbled`] when no further byte can make it a reply, or it grows past [`REPLY_BYTES_MAX`].
pub fn take_reply(received: &[u8]) -> Result<Option<(Reply, usize)>, Garbled> {
    let mut first: Option<u16> = None;
    let mut text = String::new();
    let mut at = 0;
    while let Some(length) = received[at..].iter().position(|b| *b == b'\n') {
        let line = &received[at..at + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += length + 1;
        if at > REPLY_BYTES_MAX {
            return Err(Garbled);
        }
        let head = split_code(line);
        match (first, head) {
            (None, Some((code, last, rest))) => {
                text.push_str(&String::from_utf8_lossy(rest));
                if last {
                    return Ok(Some((Reply { code, text }, at)));
                }
                first = Some(code);
            }
            (None, None) => return Err(Garbled),
            (Some(code), head) => {
                text.push('\n');
                match head {
                    Some((again, last, rest)) if again == code => {
                        text.push_str(&String::from_utf8_lossy(rest));
                        if last {
                            return Ok(Some((Reply { code, text }, at)));
                        }
                    }
                    _ => text.push_str(&String::from_utf8_lossy(line)),
                }
            }
        }
    }
    if received.len() > REPLY_BYTES_MAX { Err(Garbled) } else { Ok(None) }
}

/// `226 text` or `226-text`: code, whether it is the last line, text.
fn split_code(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return None };
    let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    match rest {
        [] => Some((code, true, rest)),
        [b' ', rest @ ..] => Some((code, true, rest)),
        [b'-', rest @ ..] => Some((code, false, rest)),
        _ => None,
    }
}

/// The port of `227 Entering passive mode (127,0,0,1,159,195)`. The address in it is not used: data goes where the control
/// connection goes, so that no server (or anybody in between) can send us elsewhere.
pub fn passive_port(reply: &Reply) -> Option<u16> {
    let inside = reply.text.split_once('(')?.1.split_once(')')?.0;
    let numbers: Vec<u8> = inside.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
    match numbers[..] {
        [_, _, _, _, high, low] if high != 0 || low != 0 => Some(u16::from_be_bytes([high, low])),
        _ => None,
    }
}

/// The name in `150 FILE: /tmp/doc2.ps (Opening new data connection).` or `226 Transfer complete (FILE: /tmp/doc1.ps).`
pub fn stored_name(reply: &Reply) -> Option<&str> {
    let after = reply.text.split_once("FILE: ")?.1;
    let name = after.split([' ', ')', '\n']).next()?;
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'"')).then_some(name)
}

/// The number in `200 New job created: jobid: 9 groupid: 9.`
pub fn job_id(reply: &Reply) -> Option<&str> {
    let after = reply.text.split_once("jobid: ")?.1;
    let id = after.split(|c: char| !c.is_ascii_digit()).next()?;
    (!id.is_empty() && id.len() <= 10).then_some(id)
}

/// `"value"` for a command. What could end the string or the line is refused.
pub fn quoted(value: &str) -> Option<String> {
    let clean = value.bytes().all(|b| b >= b' ' && b != 0x7f && b != b'"' && b != b'\\');
    clean.then(|| format!("\"{value}\""))
}

/// `DDHHMM` for LASTTIME, rounded up: a job lives at least a minute, at most 99 days.
pub fn last_time(ttl_s: u32) -> String {
    let minutes = u64::from(ttl_s).div_ceil(60).clamp(1, 99 * 24 * 60);
    format!("{:02}{:02}{:02}", minutes / 1440, minutes / 60 % 24, minutes % 60)
}

/// `MMSS` for RETRYTIME.
pub fn retry_time(after_s: u32) -> String {
    let after_s = after_s.clamp(1, 99 * 60 + 59);
    format!("{:02}{:02}", after_s / 60, after_s % 60)
}

/// How a listing of a queue shall look: number, state, pages sent, pages in all, our tag, what went wrong.
pub const JOB_FORMAT: &str = "JOBFMT \"%j|%a|%p|%y|%J|%s\"";

/// One job in a queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobLine {
    /// The server's number.
    pub id: String,
    /// One letter: T, P, S, B, W, R on its way; D done; F failed.
    pub state: char,
    /// Pages that went out.
    pub pages_sent: u32,
    /// Pages that there are.
    pub pages: u32,
    /// What we gave it as JOBINFO.
    pub tag: String,
    /// The server's words.
    pub status: String,
}

/// Lines of a listing in [`JOB_FORMAT`]. Other lines are left out: jobs of others may have anything in them.
pub fn job_lines(listing: &[u8]) -> Vec<JobLine> {
    String::from_utf8_lossy(listing)
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(6, '|');
            let id = fields.next()?.trim();
            let state = fields.next()?.trim().chars().next()?;
            let pages_sent = fields.next()?.trim().parse().ok()?;
            let pages = fields.next()?.trim().parse().ok()?;
            let tag = fields.next()?.trim().to_owned();
            let status = fields.next().unwrap_or_default().trim().to_owned();
            let id = id.bytes().all(|b| b.is_ascii_digit()).then(|| id.to_owned())?;
            Some(JobLine { id, state, pages_sent, pages, tag, status })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(bytes: &str) -> Reply {
        take_reply(bytes.as_bytes()).expect("a reply").expect("a whole reply").0
    }

    #[test]
    fn replies_of_one_line_and_of_several() {
        let got = take_reply(b"220 vm ready.\r\n230 rest").expect("a reply");
        assert_eq!(got, Some((Reply { code: 220, text: "vm ready.".into() }, 15)));
        let many = b"211-Status:\r\n    220 odd\r\n211-more\r\n211 End.\r\n";
        let text = "Status:\n    220 odd\nmore\nEnd.".to_owned();
        assert_eq!(take_reply(many), Ok(Some((Reply { code: 211, text }, many.len()))));
        for part in ["", "2", "220 vm", "220-x\r\n", "220-x\r\n220-y\r\n"] {
            assert_eq!(take_reply(part.as_bytes()), Ok(None), "{part:?}");
        }
        for bad in ["HTTP/1.1 200 OK\r\n", "\r\n", "99 x\r\n", "2200 x\r\n", "620 x\r\n"] {
            assert_eq!(take_reply(bad.as_bytes()), Err(Garbled), "{bad:?}");
        }
        assert_eq!(take_reply(&vec![b'x'; REPLY_BYTES_MAX + 1]), Err(Garbled));
    }

    #[test]
    fn what_a_real_server_says() {
        assert_eq!(passive_port(&reply("227 Entering passive mode (127,0,0,1,159,195)\r\n")), Some(40_899));
        assert_eq!(passive_port(&reply("227 Entering passive mode (127,0,0,1,159)\r\n")), None);
        assert_eq!(passive_port(&reply("227 Entering passive mode (127,0,0,1,999,1)\r\n")), None);
        let stored = reply("150 FILE: /tmp/doc2.ps (Opening new data connection).\r\n");
        assert_eq!(stored_name(&stored), Some("/tmp/doc2.ps"));
        let stored = reply("226 Transfer complete (FILE: /tmp/doc1.ps).\r\n");
        assert_eq!(stored_name(&stored), Some("/tmp/doc1.ps"));
        assert_eq!(job_id(&reply("200 New job created: jobid: 9 groupid: 8.\r\n")), Some("9"));
        assert_eq!(job_id(&reply("200 New job created: jobid: x.\r\n")), None);
        let lines = job_lines(
            b"5|D| 1| 1|14.17 14-2.7K4F2A|\r\n6|F|0|1||Busy signal detected; too many attempts to dial\r\nx|y\r\n",
        );
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].state, lines[0].pages_sent, lines[0].tag.as_str()), ('D', 1, "14.17 14-2.7K4F2A"));
        assert_eq!(lines[1].status, "Busy signal detected; too many attempts to dial");
    }

    #[test]
    fn times_round_up_and_stay_in_bounds() {
        for (s, written) in
            [(0, "000001"), (60, "000001"), (61, "000002"), (5400, "000130"), (90_000, "010100"), (u32::MAX, "990000")]
        {
            assert_eq!(last_time(s), written);
        }
        assert_eq!(
            (retry_time(0), retry_time(90), retry_time(u32::MAX)),
            ("0001".into(), "0130".into(), "9959".into())
        );
    }

    #[test]
    fn what_would_end_a_string_is_not_quoted() {
        assert_eq!(quoted("a\"b"), None);
        assert_eq!(quoted("a\r\nb"), None);
        assert_eq!(quoted("å b").as_deref(), Some("\"å b\""));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((reply, used))) = take_reply(&bytes) {
                prop_assert!(used <= bytes.len());
                let _ = (passive_port(&reply), stored_name(&reply), job_id(&reply));
            }
            let _ = job_lines(&bytes);
        }

        #[test]
        fn a_reply_is_read_the_same_however_it_is_cut(lines in proptest::collection::vec("[ -~]{0,30}", 0..5), code in 100u16..600) {
            let mut bytes = Vec::new();
            for line in &lines {
                bytes.extend_from_slice(format!("{code}-{line}\r\n").as_bytes());
            }
            bytes.extend_from_slice(format!("{code} end\r\n").as_bytes());
            for cut in 0..bytes.len() {
                prop_assert_eq!(take_reply(&bytes[..cut]), Ok(None));
            }
            let (reply, used) = take_reply(&bytes).expect("a reply").expect("whole");
            prop_assert_eq!((reply.code, used), (code, bytes.len()));
        }
    }
}
