//! SMTP's bytes (RFC 5321): commands, replies, what the server offers, the dot at the end. No IO.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};

use super::config::Login;
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

    /// 2xx.
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
        let words = format!("{} {}", self.code, self.lines.join(" "));
        let words = if address.is_empty() { words } else { words.replace(address, "…") };
        let words: Vec<&str> = words.split_whitespace().map(|w| if w.contains('@') { "…" } else { w }).collect();
        words.join(" ").chars().filter(|c| !c.is_control()).take(CAUSE_CHARS_MAX).collect()
    }
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
    pub auth_plain: bool,
    pub auth_login: bool,
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
                Some("AUTH") => words.for_each(|mechanism| match mechanism {
                    "PLAIN" => offers.auth_plain = true,
                    "LOGIN" => offers.auth_login = true,
                    _ => {}
                }),
                _ => {}
            }
        }
        offers
    }
}

/// MAIL, RCPT and DATA of one message, each with its line end, so that they can go in one write or in three.
pub(super) fn envelope(from: &Address, to: &Address, smtputf8: bool) -> [String; 3] {
    let parameters = if smtputf8 { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
    [
        Mail::new(Some(from.clone()), parameters).to_string(),
        Rcpt::new(to.clone(), Vec::new()).to_string(),
        Data.to_string(),
    ]
}

/// Whether an address needs SMTPUTF8 (RFC 6531).
pub(super) fn needs_smtputf8(address: &Address) -> bool {
    let text: &str = address.as_ref();
    !text.is_ascii()
}

/// The name of [`Extension::SmtpUtfEight`], for the message that it is missing.
pub(super) fn smtputf8_name() -> String {
    Extension::SmtpUtfEight.to_string()
}

/// AUTH PLAIN in one line (RFC 4616).
pub(super) fn auth_plain(login: &Login) -> String {
    format!("AUTH PLAIN {}\r\n", BASE64.encode(format!("\0{}\0{}", login.user, login.password.expose())))
}

/// The two answers of AUTH LOGIN, whatever the server asks in between.
pub(super) fn auth_login(login: &Login) -> [String; 2] {
    [login.user.as_str(), login.password.expose()].map(|word| format!("{}\r\n", BASE64.encode(word)))
}

/// The message as it goes over the wire: dots at the start of a line doubled (RFC 5321 4.5.2), the final dot behind it, all
/// for one write.
pub(super) fn with_dot(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 16);
    let mut line_start = true;
    for &byte in message {
        if line_start && byte == b'.' {
            wire.push(b'.');
        }
        wire.push(byte);
        line_start = byte == b'\n';
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
    use crate::channels::Secret;

    #[test]
    fn replies_are_taken_one_by_one() {
        let mut read =
            b"250-mx.example\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n354 go\r\n25".to_vec();
        let ehlo = Reply::take(&mut read).unwrap().unwrap();
        assert_eq!(ehlo.code, 250);
        let all = Offers { pipelining: true, starttls: true, auth_plain: true, auth_login: true, smtputf8: false };
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
        assert_eq!(
            envelope(&a("larm@region.example"), &a("tib@fs.example"), false).concat(),
            "MAIL FROM:<larm@region.example>\r\nRCPT TO:<tib@fs.example>\r\nDATA\r\n"
        );
        let login = Login { user: "larm".into(), password: Secret::new("å") };
        assert_eq!(auth_plain(&login), "AUTH PLAIN AGxhcm0Aw6U=\r\n");
        assert_eq!(auth_login(&login), ["bGFybQ==\r\n", "w6U=\r\n"]);
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
