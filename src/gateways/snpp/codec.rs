//! SNPP's bytes (RFC 1861): commands, replies, and the letters that a transmitter puts on the air. No IO.

use std::fmt;

use crate::domain::delivery::SendError;
use crate::gateways::{Secret, pager};

/// Bytes of one reply, all its lines together.
pub(super) const REPLY_BYTES_MAX: usize = 16 * 1024;
/// Characters of a transmitter's words that go into the journal and onto screens.
const CAUSE_CHARS_MAX: usize = 200;

/// One command line, or the text between DATA and its dot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Command<'a> {
    Login(&'a str, Option<&'a Secret>),
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
    /// Level 3: what follows is a two-way transaction.
    TwoWay,
    /// Is that pager in reach? It does not sound.
    Ping(&'a str),
    /// The pager tells when the page was read.
    AckRead,
    /// What the pager may answer.
    ReplyType(ReplyType),
    /// An answer to choose, with its code.
    Choice(u8, &'a str),
    /// A page that is still queued after so many hours goes nowhere.
    Expire(u32),
    /// What became of a page?
    Status(&'a Ticket),
    /// Forget a page.
    Kill(&'a Ticket),
}

/// RTYP (RFC 1861, 4.6.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReplyType {
    None,
    Choices,
    Words,
}

impl Command<'_> {
    /// As it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut line = match self {
            Command::Login(user, password) => match password {
                Some(password) => format!("LOGI {user} {}", password.expose()).into_bytes(),
                None => format!("LOGI {user}").into_bytes(),
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
            Command::TwoWay => b"2WAY".to_vec(),
            Command::Ping(pager) => format!("PING {pager}").into_bytes(),
            Command::AckRead => b"ACKR 1".to_vec(),
            Command::ReplyType(ReplyType::None) => b"RTYP NONE".to_vec(),
            Command::ReplyType(ReplyType::Choices) => b"RTYP MULTICHOICE".to_vec(),
            Command::ReplyType(ReplyType::Words) => b"RTYP TEXT".to_vec(),
            Command::Choice(code, words) => format!("MCRE {code:02} {words}").into_bytes(),
            Command::Expire(hours) => format!("EXPT {hours}").into_bytes(),
            Command::Status(ticket) => format!("MSTA {} {}", ticket.tag, ticket.pass).into_bytes(),
            Command::Kill(ticket) => format!("KTAG {} {}", ticket.tag, ticket.pass).into_bytes(),
        };
        line.extend_from_slice(b"\r\n");
        line
    }

    /// Its name, for causes.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Login(..) => "LOGI",
            Command::QueueOnly => "SITE",
            Command::Alert => "ALER",
            Command::Caller(_) => "CALL",
            Command::Page(_) => "PAGE",
            Command::Message(_) => "MESS",
            Command::Data | Command::Text(_) => "DATA",
            Command::Send => "SEND",
            Command::Reset => "RESE",
            Command::Quit => "QUIT",
            Command::TwoWay => "2WAY",
            Command::Ping(_) => "PING",
            Command::AckRead => "ACKR",
            Command::ReplyType(_) => "RTYP",
            Command::Choice(..) => "MCRE",
            Command::Expire(_) => "EXPT",
            Command::Status(_) => "MSTA",
            Command::Kill(_) => "KTAG",
        }
    }

    /// Whether the page goes without it: what a transmitter does not offer is done without.
    pub fn is_extra(&self) -> bool {
        use Command::{AckRead, Alert, Caller, Choice, Expire, Ping, QueueOnly, ReplyType, TwoWay};
        matches!(
            self,
            QueueOnly | Alert | Caller(_) | TwoWay | Ping(_) | AckRead | ReplyType(_) | Choice(..) | Expire(_)
        )
    }

    /// Whether a no to it says that this pager can't be reached now: it answers a PING with 7xx.
    pub fn is_out_of_reach(&self, reply: &Reply) -> bool {
        matches!(self, Command::Ping(_)) && reply.code / 100 == 7
    }

    /// Whether a reply says yes to this command. 8xx and 9xx are what two-way transmitters answer: to SEND 860 delivered, 960
    /// queued, to PAGE and PING 850 in reach, 950 later (RFC 1861, 4.6).
    pub fn is_yes(&self, reply: &Reply) -> bool {
        match self {
            Command::Data => reply.code == 354,
            Command::Send | Command::Page(_) | Command::Ping(_) => matches!(reply.code / 100, 2 | 8 | 9),
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

    /// What a refusal means for the delivery: 5xx is for good, all else is worth another try. 554 is a failure of the
    /// transmitter and not of pager or page ("failed, technical reason", RFC 1861, at every command), so it is worth one too:
    /// HylaFAX says it at PAGE when it can't make a job. 530 says that we are not logged in (HylaFAX): a setting is wrong, not
    /// the pager.
    pub fn refusal(&self, at: &Command<'_>, pager: &str) -> SendError {
        let cause = format!("{}: {}", at.name(), self.words(pager));
        if self.code / 100 == 5 && !matches!(self.code, 530 | 554) {
            SendError::permanent(cause)
        } else {
            SendError::temporary(cause)
        }
    }

    /// Code and words, without the pager's number, short.
    pub fn words(&self, pager: &str) -> String {
        let words = pager::shown(&self.lines.join(" "), pager, CAUSE_CHARS_MAX);
        format!("{} {words}", self.code).trim_end().to_owned()
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

/// How a two-way transmitter names a page (RFC 1861, 4.6.9).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub tag: String,
    pub pass: String,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({})", self.tag)
    }
}

/// The ticket in a two-way yes to SEND: message tag and pass code, then words. A 250 has none that we could ask after.
pub(super) fn ticket(reply: &Reply) -> Option<Ticket> {
    if !matches!(reply.code / 100, 8 | 9) {
        return None;
    }
    let mut words = reply.lines.first()?.split_whitespace();
    let (tag, pass) = (pager::word(words.next()?)?, pager::word(words.next()?)?);
    Some(Ticket { tag: tag.into(), pass: pass.into() })
}

/// What became of a two-way page (4.6.9, 4.6.10).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Status {
    /// 96x: it waits for the pager to come into reach.
    Queued,
    /// 86x, 87x: the pager has it; something that was asked for is still to come. A read page is not an answer.
    Delivered,
    /// 88x: the pager has it, nothing more will come.
    Final,
    /// 888: one of the answers that went with it, by its code.
    Choice(String),
    /// 889: an answer in words.
    Words(String),
    /// 7xx: it expired before it came to the pager, or the pager is not there.
    Expired,
    /// 5xx: the transmitter does not know it any more.
    Lost,
    /// Anything else: ask again later.
    Later,
}

/// Reads a reply to MSTA: code, sequence number, date and time (some write the zone apart), then what there is to say.
pub(super) fn status(reply: &Reply) -> Status {
    match reply.code {
        960..=969 => Status::Queued,
        860..=879 => Status::Delivered,
        888 => match told(reply).split_whitespace().next() {
            Some(code) => Status::Choice(code.into()),
            None => Status::Final,
        },
        889 => Status::Words(told(reply)),
        880..=889 => Status::Final,
        700..=799 => Status::Expired,
        500..=599 => Status::Lost,
        _ => Status::Later,
    }
}

fn told(reply: &Reply) -> String {
    let all = reply.lines.join(" ");
    let mut rest = all.trim_start();
    let next = |rest: &mut &str| match rest.split_once(char::is_whitespace) {
        Some((_, after)) => *rest = after.trim_start(),
        None => *rest = "",
    };
    next(&mut rest);
    let word = |rest: &str| rest.split_whitespace().next().unwrap_or("").to_owned();
    if word(rest).len() >= 10 && word(rest).starts_with(|c: char| c.is_ascii_digit()) {
        next(&mut rest);
        let zone = word(rest);
        let is_zone =
            zone.strip_prefix(['+', '-']).is_some_and(|z| !z.is_empty() && z.bytes().all(|b| b.is_ascii_digit()));
        if is_zone {
            next(&mut rest);
        }
    }
    rest.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_byte_for_byte() {
        let password = Secret::new("x1");
        let cases: [(Command<'_>, &[u8]); 12] = [
            (Command::Login("larm", Some(&password)), b"LOGI larm x1\r\n"),
            (Command::Login("larm", None), b"LOGI larm\r\n"),
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
        for at in [Command::Page("550"), Command::Message(b"a"), Command::Data, Command::Send] {
            assert!(matches!(refusal(554, at.clone()), SendError::Temporary { .. }), "{at:?}");
        }
        assert!(matches!(refusal(530, Command::Page("550")), SendError::Temporary { .. }));
        assert!(matches!(refusal(421, Command::Send), SendError::Temporary { .. }));
        for code in [250, 860, 960] {
            assert!(Command::Send.is_yes(&Reply { code, lines: Vec::new() }));
        }
        assert!(!Command::Send.is_yes(&Reply { code: 354, lines: Vec::new() }));
        assert!(Command::Page("1").is_yes(&Reply { code: 950, lines: Vec::new() }));
        assert!(!Command::Page("1").is_yes(&Reply { code: 750, lines: Vec::new() }));
        assert!(!Command::Message(b"1").is_yes(&Reply { code: 960, lines: Vec::new() }));
    }

    #[test]
    fn two_way_commands_byte_for_byte() {
        let ticket = Ticket { tag: "4711".into(), pass: "0815".into() };
        let cases: [(Command<'_>, &[u8]); 10] = [
            (Command::TwoWay, b"2WAY\r\n"),
            (Command::Ping("550"), b"PING 550\r\n"),
            (Command::AckRead, b"ACKR 1\r\n"),
            (Command::ReplyType(ReplyType::None), b"RTYP NONE\r\n"),
            (Command::ReplyType(ReplyType::Choices), b"RTYP MULTICHOICE\r\n"),
            (Command::ReplyType(ReplyType::Words), b"RTYP TEXT\r\n"),
            (Command::Choice(1, "JA"), b"MCRE 01 JA\r\n"),
            (Command::Expire(2), b"EXPT 2\r\n"),
            (Command::Status(&ticket), b"MSTA 4711 0815\r\n"),
            (Command::Kill(&ticket), b"KTAG 4711 0815\r\n"),
        ];
        for (command, bytes) in cases {
            assert_eq!(command.bytes(), bytes, "{command:?}");
        }
    }

    #[test]
    fn two_way_replies() {
        let reply = |code, line: &str| Reply { code, lines: vec![line.into()] };
        let cases = [
            (960, "7 081218094512+01 OK, queued", Status::Queued),
            (860, "7 081218094512+01 Delivered, awaiting read ack", Status::Delivered),
            (870, "7 081218094512+01 Read, awaiting reply", Status::Delivered),
            (880, "7 081218094512+01 Delivered", Status::Final),
            (881, "7 081218094512+01 Delivered and read", Status::Final),
            (888, "7 081218094512+01 01 MCR reply received", Status::Choice("01".into())),
            (888, "7 081218094512 +0100 02 MCR reply received", Status::Choice("02".into())),
            (888, "7", Status::Final),
            (889, "7 081218094512+01 JA jag  tar 14", Status::Words("JA jag  tar 14".into())),
            (780, "7 081218094512+01 Expired", Status::Expired),
            (550, "Unknown tag", Status::Lost),
            (421, "Bye", Status::Later),
            (250, "", Status::Later),
        ];
        for (code, line, expected) in cases {
            assert_eq!(status(&reply(code, line)), expected, "{code} {line}");
        }
        let given = ticket(&reply(960, "4711 0815 OK")).unwrap();
        assert_eq!((given.tag.as_str(), given.pass.as_str()), ("4711", "0815"));
        assert_eq!(format!("{given:?}"), "Ticket(4711)", "the pass code never shows");
        for none in [reply(250, "4711 0815 OK"), reply(960, "4711"), reply(960, ""), reply(860, "å 1")] {
            assert_eq!(ticket(&none), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            while let Ok(Some(reply)) = Reply::take(&mut bytes) {
                let _ = (reply.words("1"), status(&reply), ticket(&reply));
            }
        }
    }
}
