//! SMTP's bytes (RFC 5321): commands, replies, what the server offers, the dot at the end. No IO.

use std::fmt::Write;

use lettre::Address;

use crate::domain::delivery::SendError;

/// Bytes of one reply, all its lines together; RFC 5321 4.5.3.1.5 asks for 512 a line.
pub(super) const REPLY_BYTES_MAX: usize = 16 * 1024;
/// Characters of a server's words that go into the journal and onto screens.
const CAUSE_CHARS_MAX: usize = 200;

/// One reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    /// Three digits.
    pub code: u16,
    /// The words of each line.
    pub lines: Vec<String>,
}

/// The far end does not speak SMTP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Garbage;

impl Reply {
    /// Takes one whole reply from the front of what was read. `None`: more must be read.
    pub fn take(read: &mut Vec<u8>) -> Result<Option<Self>, Garbage> {
        let mut lines = Vec::new();
        let mut at = 0;
        while let Some(len) = read[at..].iter().position(|b| *b == b'\n') {
            let line = read[at..at + len].strip_suffix(b"\r").unwrap_or(&read[at..at + len]);
            at += len + 1;
            let (code, rest) = line.split_at_checked(3).ok_or(Garbage)?;
            let code = digits(code).ok_or(Garbage)?;
            let more = match rest.first() {
                None | Some(b' ') => false,
                Some(b'-') => true,
                Some(_) => return Err(Garbage),
            };
            lines.push((code, String::from_utf8_lossy(rest.get(1..).unwrap_or_default()).into_owned()));
            if !more {
                if lines.iter().any(|(c, _)| *c != code) {
                    return Err(Garbage);
                }
                read.drain(..at);
                return Ok(Some(Self { code, lines: lines.into_iter().map(|(_, words)| words).collect() }));
            }
        }
        if read.len() > REPLY_BYTES_MAX { Err(Garbage) } else { Ok(None) }
    }

    /// Whether it is 2xx: yes.
    pub fn is_yes(&self) -> bool {
        self.code / 100 == 2
    }

    /// What a refusal means for the delivery. Anything that is neither 4xx nor 5xx at this place is out of step, and not a
    /// yes: worth another try. So is 530, which says that we are not logged in or not protected: a setting is wrong, not the
    /// address.
    pub fn refusal(&self, at: &str, address: &str) -> SendError {
        let cause = format!("{at}: {}", self.words(address));
        if self.code / 100 == 5 && self.code != 530 { SendError::permanent(cause) } else { SendError::temporary(cause) }
    }

    /// Code and words, without any address, short.
    pub fn words(&self, address: &str) -> String {
        cleaned(&format!("{} {}", self.code, self.lines.join(" ")), address)
    }
}

/// A far end's words for journal and screens: no address, no control character, short.
pub(super) fn cleaned(words: &str, address: &str) -> String {
    let words = if address.is_empty() { words.to_owned() } else { words.replace(address, "…") };
    let words: Vec<&str> = words.split_whitespace().map(|w| if w.contains('@') { "…" } else { w }).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(CAUSE_CHARS_MAX).collect()
}

fn digits(code: &[u8]) -> Option<u16> {
    match code {
        [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// What a server said it can do in its answer to EHLO.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Offers {
    pub pipelining: bool,
    pub starttls: bool,
    pub smtputf8: bool,
    /// BDAT (RFC 3030).
    pub chunking: bool,
    /// Reports can be asked for (RFC 3461).
    pub dsn: bool,
    pub auth_plain: bool,
    pub auth_login: bool,
    pub auth_cram_md5: bool,
    pub auth_xoauth2: bool,
}

impl Offers {
    pub fn of(ehlo: &Reply) -> Self {
        let mut offers = Self::default();
        for line in ehlo.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']);
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("STARTTLS") => offers.starttls = true,
                Some("SMTPUTF8") => offers.smtputf8 = true,
                Some("CHUNKING") => offers.chunking = true,
                Some("DSN") => offers.dsn = true,
                Some("AUTH") => words.for_each(|mechanism| match mechanism {
                    "PLAIN" => offers.auth_plain = true,
                    "LOGIN" => offers.auth_login = true,
                    "CRAM-MD5" => offers.auth_cram_md5 = true,
                    "XOAUTH2" => offers.auth_xoauth2 = true,
                    _ => {}
                }),
                _ => {}
            }
        }
        offers
    }
}

/// MAIL and RCPT of one message, each with its line end, so that they can go in one write or in several. With an
/// `envelope_id`, reports are asked for (RFC 3461 4): of arrival and of failure, with the headers alone.
pub(super) fn envelope(from: &Address, to: &Address, smtputf8: bool, envelope_id: Option<&str>) -> [String; 2] {
    let mut mail = format!("MAIL FROM:<{from}>");
    let mut rcpt = format!("RCPT TO:<{to}>");
    if smtputf8 {
        mail.push_str(" SMTPUTF8");
    }
    if let Some(id) = envelope_id {
        let _ = write!(mail, " RET=HDRS ENVID={}", xtext(id));
        rcpt.push_str(" NOTIFY=SUCCESS,FAILURE");
        let to: &str = to.as_ref();
        if to.is_ascii() {
            let _ = write!(rcpt, " ORCPT=rfc822;{}", xtext(to));
        }
    }
    [mail, rcpt].map(|mut line| {
        line.push_str("\r\n");
        line
    })
}

/// DATA with its line end.
pub(super) const DATA: &str = "DATA\r\n";

/// The one chunk of a message (RFC 3030): its octets follow as they are, no dot.
pub(super) fn bdat_last(octets: usize) -> String {
    format!("BDAT {octets} LAST\r\n")
}

/// RFC 3461 4: everything but printable ASCII without `+` and `=` as `+XX`.
fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (b'!'..=b'~').contains(&byte) && byte != b'+' && byte != b'=' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "+{byte:02X}");
        }
    }
    out
}

/// Whether an address needs SMTPUTF8 (RFC 6531).
pub(super) fn needs_smtputf8(address: &Address) -> bool {
    let text: &str = address.as_ref();
    !text.is_ascii()
}

/// The message as it goes over the wire: dots at the start of a line doubled (RFC 5321 4.5.2), the final dot behind it, all
/// for one write.
pub(super) fn with_dot(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn replies_are_taken_one_by_one() {
        let mut read =
            b"250-mx.example\r\n250-PIPELINING\r\n250-auth=PLAIN Login CRAM-MD5 XOAUTH2\r\n250-CHUNKING\r\n250-DSN\r\n\
              250 STARTTLS\r\n354 go\r\n25"
                .to_vec();
        let ehlo = Reply::take(&mut read).unwrap().unwrap();
        assert_eq!(ehlo.code, 250);
        let all = Offers {
            pipelining: true,
            starttls: true,
            smtputf8: false,
            chunking: true,
            dsn: true,
            auth_plain: true,
            auth_login: true,
            auth_cram_md5: true,
            auth_xoauth2: true,
        };
        assert_eq!(Offers::of(&ehlo), all);
        assert_eq!(Reply::take(&mut read).unwrap().unwrap().code, 354);
        assert_eq!(Reply::take(&mut read), Ok(None));
        read.extend_from_slice(b"0\n");
        assert_eq!(Reply::take(&mut read).unwrap().unwrap(), Reply { code: 250, lines: vec![String::new()] });
    }

    #[test]
    fn garbage_is_no_reply() {
        for bytes in
            ["SSH-2.0-OpenSSH\r\n", "99\r\n", "250_ok\r\n", "250-a\r\n550 b\r\n", "\r\n", "\u{0}\u{1}\n", "199 x\r\n"]
        {
            assert_eq!(Reply::take(&mut bytes.as_bytes().to_vec()), Err(Garbage), "{bytes:?}");
        }
        assert_eq!(Reply::take(&mut vec![b'2'; REPLY_BYTES_MAX + 1]), Err(Garbage), "endless line");
    }

    #[test]
    fn a_refusal_shows_no_address() {
        let reply = |words: &str, code| Reply { code, lines: vec![words.into()] };
        let no = reply("5.1.1 <tib@fs.example>: Recipient address rejected", 550).refusal("RCPT", "tib@fs.example");
        assert_eq!(no, SendError::permanent("RCPT: 550 5.1.1 <…>: Recipient address rejected"));
        let later = reply("busy", 450).refusal("RCPT", "");
        assert!(matches!(later, SendError::Temporary { .. }));
        assert!(matches!(reply("log in first", 530).refusal("MAIL", ""), SendError::Temporary { .. }));
        assert!(matches!(reply("what?", 250).refusal("DATA", ""), SendError::Temporary { .. }));
    }

    #[test]
    fn commands_byte_for_byte() {
        let a = |s: &str| s.parse::<Address>().unwrap();
        let (larm, tib) = (a("larm@region.example"), a("tib+x=y@fs.example"));
        assert_eq!(
            envelope(&larm, &tib, false, None).concat(),
            "MAIL FROM:<larm@region.example>\r\nRCPT TO:<tib+x=y@fs.example>\r\n"
        );
        assert_eq!(
            envelope(&larm, &tib, true, Some("14.17+ö")).concat(),
            "MAIL FROM:<larm@region.example> SMTPUTF8 RET=HDRS ENVID=14.17+2B+C3+B6\r\n\
             RCPT TO:<tib+x=y@fs.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;tib+2Bx+3Dy@fs.example\r\n"
        );
        assert_eq!(bdat_last(17), "BDAT 17 LAST\r\n");
        assert_eq!(with_dot(b".a\r\n..\r\nb"), b"..a\r\n...\r\nb\r\n.\r\n");
        assert_eq!(with_dot(b""), b"\r\n.\r\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            while let Ok(Some(reply)) = Reply::take(&mut bytes) {
                let _ = (Offers::of(&reply), reply.words("x"));
            }
        }
    }
}
