//! SNPP's bytes (RFC 1861): commands, replies, and the letters that a transmitter puts on the air. No IO.

use super::config::Login;
use crate::domain::delivery::SendError;
use crate::domain::text::Charset;

/// Bytes of one reply, all its lines together.
pub(super) const REPLY_BYTES_MAX: usize = 16 * 1024;
/// Characters of a pager's number.
const PAGER_CHARS_MAX: usize = 64;
/// Characters of a transmitter's words that go into the journal and onto screens.
const CAUSE_CHARS_MAX: usize = 200;

/// One command line, or the text between DATA and its dot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Command<'a> {
    Login(&'a Login),
    /// HylaFAX: don't wait for the end of the job.
    QueueOnly,
    Alert,
    Caller(&'a str),
    Page(&'a str),
    Message(&'a [u8]),
    Data,
    Text(&'a [u8]),
    Send,
    Reset,
    Quit,
}

impl Command<'_> {
    /// As it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut line = match self {
            Command::Login(login) => match &login.password {
                Some(password) => format!("LOGI {} {}", login.user, password.expose()).into_bytes(),
                None => format!("LOGI {}", login.user).into_bytes(),
            },
            Command::QueueOnly => b"SITE JQUEUE YES".to_vec(),
            Command::Alert => b"ALER 1".to_vec(),
            Command::Caller(id) => format!("CALL {id}").into_bytes(),
            Command::Page(pager) => format!("PAGE {pager}").into_bytes(),
            Command::Message(text) => [b"MESS ", *text].concat(),
            Command::Data => b"DATA".to_vec(),
            // A line of its own, a dot at its start doubled as in SMTP.
            Command::Text(text) if text.starts_with(b".") => [b".", *text, b"\r\n."].concat(),
            Command::Text(text) => [*text, b"\r\n."].concat(),
            Command::Send => b"SEND".to_vec(),
            Command::Reset => b"RESE".to_vec(),
            Command::Quit => b"QUIT".to_vec(),
        };
        line.extend_from_slice(b"\r\n");
        line
    }

    /// Its name, for causes.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Login(_) => "LOGI",
            Command::QueueOnly => "SITE",
            Command::Alert => "ALER",
            Command::Caller(_) => "CALL",
            Command::Page(_) => "PAGE",
            Command::Message(_) => "MESS",
            Command::Data | Command::Text(_) => "DATA",
            Command::Send => "SEND",
            Command::Reset => "RESE",
            Command::Quit => "QUIT",
        }
    }

    /// Whether the page goes without it.
    pub fn is_extra(&self) -> bool {
        matches!(self, Command::QueueOnly | Command::Alert | Command::Caller(_))
    }

    /// Whether a reply says yes to this command. 8xx and 9xx are what two-way transmitters answer to SEND: 860 delivered,
    /// 960 queued (RFC 1861 level 3); here they mean "accepted", no more.
    pub fn is_yes(&self, reply: &Reply) -> bool {
        match self {
            Command::Data => reply.code == 354,
            Command::Send => matches!(reply.code / 100, 2 | 8 | 9),
            _ => reply.code / 100 == 2,
        }
    }
}

/// One reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    /// Three digits.
    pub code: u16,
    /// The words of each line.
    pub lines: Vec<String>,
}

/// The far end does not speak SNPP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Garbage;

impl Reply {
    /// Takes one whole reply from the front of what was read. `None`: more must be read.
    pub fn take(read: &mut Vec<u8>) -> Result<Option<Self>, Garbage> {
        let mut lines = Vec::new();
        let mut at = 0;
        let mut first = None;
        while let Some(len) = read[at..].iter().position(|b| *b == b'\n') {
            let line = &read[at..at + len];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            at += len + 1;
            let code = code(line);
            let expected = first.or(code).ok_or(Garbage)?;
            first = Some(expected);
            let rest = if code == Some(expected) { line.get(3..).unwrap_or_default() } else { line };
            let more = rest.starts_with(b"-") || code != Some(expected);
            let words = if code == Some(expected) { rest.get(1..).unwrap_or_default() } else { rest };
            lines.push(String::from_utf8_lossy(words).into_owned());
            if !more {
                read.drain(..at);
                return Ok(Some(Self { code: expected, lines }));
            }
        }
        if read.len() > REPLY_BYTES_MAX { Err(Garbage) } else { Ok(None) }
    }

    /// What a refusal means for the delivery: 5xx is for good, all else is worth another try. 554 after SEND is a failure of
    /// the transmitter and not of the page ("failed, technical reason", RFC 1861), so it is worth one too; 530 says that we are
    /// not logged in (HylaFAX): a setting is wrong, not the pager.
    pub fn refusal(&self, at: &Command<'_>, pager: &str) -> SendError {
        let cause = format!("{}: {}", at.name(), self.words(pager));
        let technical = self.code == 554 && *at == Command::Send;
        if self.code / 100 == 5 && !technical && self.code != 530 {
            SendError::permanent(cause)
        } else {
            SendError::temporary(cause)
        }
    }

    /// Code and words, without the pager's number, short.
    pub fn words(&self, pager: &str) -> String {
        let all = self.lines.join(" ");
        let shown = all.split_whitespace().map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            if word.contains('@') || (!pager.is_empty() && bare == pager) { "…" } else { word }
        });
        let mut words = self.code.to_string();
        for word in shown {
            words.push(' ');
            words.push_str(word);
        }
        words.chars().filter(|c| !c.is_control()).take(CAUSE_CHARS_MAX).collect()
    }
}

/// Three digits at the start, followed by a space, a hyphen or nothing.
fn code(line: &[u8]) -> Option<u16> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !matches!(rest.first(), None | Some(b' ' | b'-')) {
        return None;
    }
    match digits {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// A word that can stand in a command line: no space and no line end can hide in it.
pub(super) fn word(text: &str) -> Option<&str> {
    (!text.is_empty() && text.chars().count() <= PAGER_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic()))
        .then_some(text)
}

/// The page in the transmitter's letters.
///
/// # Errors
/// The first character that it lacks. Nothing is respelled.
pub(super) fn encoded(text: &str, charset: Charset) -> Result<Vec<u8>, char> {
    let byte = |c: char| u8::try_from(u32::from(c)).map_err(|_| c);
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(c);
    }
    match charset {
        Charset::Utf8 => Ok(text.as_bytes().to_vec()),
        Charset::Latin1 => text.chars().map(byte).collect(),
        Charset::Ascii7 => text.chars().map(|c| if c.is_ascii() { byte(c) } else { Err(c) }).collect(),
        // SEN 85 02 00 annex C (ISO 646-SE2).
        Charset::Iso646Se => text
            .chars()
            .map(|c| match c {
                'É' => Ok(b'@'),
                'Ä' => Ok(b'['),
                'Ö' => Ok(b'\\'),
                'Å' => Ok(b']'),
                'Ü' => Ok(b'^'),
                'é' => Ok(b'`'),
                'ä' => Ok(b'{'),
                'ö' => Ok(b'|'),
                'å' => Ok(b'}'),
                'ü' => Ok(b'~'),
                '¤' => Ok(b'$'),
                '@' | '[' | '\\' | ']' | '^' | '`' | '{' | '|' | '}' | '~' | '$' => Err(c),
                c if c.is_ascii() => byte(c),
                c => Err(c),
            })
            .collect(),
        // The constructor refuses it.
        Charset::Gsm7 => Err(text.chars().next().unwrap_or(' ')),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::channels::Secret;

    #[test]
    fn commands_byte_for_byte() {
        let login = Login { user: "larm".into(), password: Some(Secret::new("x1")) };
        let open = Login { user: "larm".into(), password: None };
        let cases: [(Command<'_>, &[u8]); 12] = [
            (Command::Login(&login), b"LOGI larm x1\r\n"),
            (Command::Login(&open), b"LOGI larm\r\n"),
            (Command::QueueOnly, b"SITE JQUEUE YES\r\n"),
            (Command::Alert, b"ALER 1\r\n"),
            (Command::Caller("0980319200"), b"CALL 0980319200\r\n"),
            (Command::Page("5551234"), b"PAGE 5551234\r\n"),
            (Command::Message(b"l{ge"), b"MESS l{ge\r\n"),
            (Command::Data, b"DATA\r\n"),
            (Command::Text(b".a"), b"..a\r\n.\r\n"),
            (Command::Text(b"a"), b"a\r\n.\r\n"),
            (Command::Send, b"SEND\r\n"),
            (Command::Reset, b"RESE\r\n"),
        ];
        for (command, bytes) in cases {
            assert_eq!(command.bytes(), bytes, "{command:?}");
        }
    }

    #[test]
    fn replies_of_one_and_of_several_lines() {
        let mut read = b"220 hej\r\n214-a\r\n free\r\n214 b\r\n250\n25".to_vec();
        assert_eq!(Reply::take(&mut read).unwrap().unwrap(), Reply { code: 220, lines: vec!["hej".into()] });
        let help = Reply::take(&mut read).unwrap().unwrap();
        assert_eq!((help.code, help.lines.len()), (214, 3));
        assert_eq!(Reply::take(&mut read).unwrap().unwrap().code, 250);
        assert_eq!(Reply::take(&mut read), Ok(None));
        for garbage in ["hej\r\n", "\r\n", "25\n", "2500 x\n", "0x0 a\n"] {
            assert_eq!(Reply::take(&mut garbage.as_bytes().to_vec()), Err(Garbage), "{garbage:?}");
        }
        assert_eq!(Reply::take(&mut vec![b'2'; REPLY_BYTES_MAX + 1]), Err(Garbage));
    }

    #[test]
    fn what_a_refusal_means() {
        let refusal = |code, at: Command<'_>| {
            Reply { code, lines: vec!["pager 550 is unknown, 550!".into()] }.refusal(&at, "550")
        };
        assert_eq!(refusal(550, Command::Page("550")), SendError::permanent("PAGE: 550 pager … is unknown, …"));
        assert!(matches!(refusal(554, Command::Page("550")), SendError::Permanent { .. }));
        assert!(matches!(refusal(554, Command::Send), SendError::Temporary { .. }));
        assert!(matches!(refusal(530, Command::Page("550")), SendError::Temporary { .. }));
        assert!(matches!(refusal(421, Command::Send), SendError::Temporary { .. }));
        for code in [250, 860, 960] {
            assert!(Command::Send.is_yes(&Reply { code, lines: Vec::new() }));
        }
        assert!(!Command::Send.is_yes(&Reply { code: 354, lines: Vec::new() }));
        assert!(!Command::Page("1").is_yes(&Reply { code: 960, lines: Vec::new() }));
    }

    #[test]
    fn letters_go_exactly_or_not_at_all() {
        let se = |t| encoded(t, Charset::Iso646Se);
        assert_eq!(se("ÅÄÖ åäö É é Ü ü ¤").unwrap(), b"][\\ }{| @ ` ^ ~ $");
        assert_eq!(se("a{b"), Err('{'), "it would be shown as ä");
        assert_eq!(se("æ"), Err('æ'));
        assert_eq!(encoded("å", Charset::Latin1).unwrap(), [0xe5]);
        assert_eq!(encoded("€", Charset::Latin1), Err('€'));
        assert_eq!(encoded("å", Charset::Utf8).unwrap(), "å".as_bytes());
        assert_eq!(encoded("å", Charset::Ascii7), Err('å'));
        assert_eq!(encoded("a\r\nSEND", Charset::Utf8), Err('\r'), "no command hides in a text");
        assert_eq!(encoded("a", Charset::Gsm7), Err('a'));
    }

    #[test]
    fn a_pager_number_is_one_word() {
        assert_eq!(word("5551234"), Some("5551234"));
        for bad in ["", "5 5", "5\r\nSEND", "å", &"5".repeat(65)] {
            assert_eq!(word(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            while let Ok(Some(reply)) = Reply::take(&mut bytes) {
                let _ = reply.words("1");
            }
        }

        #[test]
        fn what_the_domain_says_fits_is_what_can_be_encoded(c in any::<char>()) {
            for charset in [Charset::Utf8, Charset::Latin1, Charset::Iso646Se, Charset::Ascii7] {
                prop_assume!(!c.is_control());
                prop_assert_eq!(charset.has(c), encoded(&c.to_string(), charset).is_ok(), "{:?} {:?}", charset, c);
            }
        }
    }
}
