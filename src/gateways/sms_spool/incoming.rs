//! What the daemons write: sent and failed files, status reports, answers. Reads bytes from outside; whatever can't be read
//! reads as far as it goes. No IO.

use super::config::Daemon;
use super::outgoing::{Tail, tail};
use crate::domain::delivery::SendError;
use crate::domain::text::gsm7;
use crate::gateways::Address;

/// The longest cause that is passed on.
const CAUSE_CHARS_MAX: usize = 120;

/// A file of smstools: headers, an empty line, a body.
struct Headed<'a> {
    head: String,
    body: &'a [u8],
}

impl<'a> Headed<'a> {
    fn read(octets: &'a [u8]) -> Self {
        let empty = octets.windows(2).position(|w| w == b"\n\n").map(|at| (at, at + 2));
        let crlf = octets.windows(4).position(|w| w == b"\r\n\r\n").map(|at| (at, at + 4));
        let (head, body) = match [empty, crlf].into_iter().flatten().min() {
            Some((head, body)) => (&octets[..head], &octets[body..]),
            None => (octets, &octets[octets.len()..]),
        };
        Self { head: String::from_utf8_lossy(head).into_owned(), body }
    }
    fn get(&self, name: &str) -> Option<&str> {
        line_of(&self.head, name)
    }
}

/// The value of `Name: value`. Names are case-sensitive in smstools; the first counts.
fn line_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim).filter(|v| !v.is_empty())
}

/// The number that the network gave an SMS, from a file that lies in `sent`: status reports name it.
pub fn message_id(octets: &[u8]) -> Option<u8> {
    Headed::read(octets).get("Message_id")?.parse().ok()
}

/// Whom a sent file went to.
pub fn receiver(octets: &[u8]) -> Option<String> {
    Headed::read(octets).get("To").map(str::to_owned)
}

/// Why a file lies in `failed`; `None` when that is not written there yet. Only smstools says why.
pub fn fail_reason(daemon: Daemon, octets: &[u8]) -> Option<SendError> {
    match daemon {
        Daemon::Smstools => Headed::read(octets).get("Fail_reason").map(reason),
        // gammu-smsd moves a file there after the modem refused it or said nothing in time: nobody can tell.
        Daemon::Gammu => Some(SendError::unknown("gammu-smsd could not send it; its log says why")),
    }
}

/// A reason without one: the daemon wrote none, or the file was cut.
pub fn no_reason() -> SendError {
    SendError::unknown("the modem's daemon could not send it, and does not say why")
}

fn reason(text: &str) -> SendError {
    let mut cause: String = text.chars().filter(|c| !c.is_control()).take(CAUSE_CHARS_MAX).collect();
    // Some reasons name the destination: no numbers in the journal.
    if let Some(at) = cause.find("estination ") {
        cause.truncate(at + "estination".len());
    }
    let code = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        rest.trim_start_matches([':', ' ']).split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()
    };
    if let Some(code) = code("CMS ERROR") {
        return match code {
            // 3GPP TS 24.011, E.2: the network refuses this number, this card or this text, and will again.
            1 | 8 | 10 | 21 | 28..=30 | 50 | 69 | 81 | 95..=99 | 111 => SendError::permanent(cause),
            // 3GPP TS 27.005, 3.2.5: the network did not answer: it may have gone out.
            332 => SendError::unknown(cause),
            _ => SendError::temporary(cause),
        };
    }
    if code("CME ERROR").is_some() || text.contains("not registered") || text.contains("PIN") {
        return SendError::temporary(cause);
    }
    let lower = text.to_lowercase();
    let for_good = ["blacklist", "whitelist", "too long", "no destination", "destination", "alphabet", "queue"];
    if for_good.iter().any(|word| lower.contains(word)) {
        return SendError::permanent(cause);
    }
    SendError::unknown(cause)
}

/// A status report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The number that the network gave the SMS.
    pub message_id: u8,
    /// The last digits of the receiver.
    pub tail: Tail,
    /// Delivered, or why not; `None`: the network goes on trying.
    pub result: Option<Result<(), SendError>>,
}

/// What lies in `incoming` or `report`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Came {
    /// The network says what became of an SMS.
    Report(Report),
    /// Somebody wrote.
    Text { from: Address, text: String },
    /// Neither: no sender, no text, a report without its number.
    Nothing,
}

/// Reads a file of smstools.
pub fn smstools(octets: &[u8]) -> Came {
    let file = Headed::read(octets);
    let Some(from) = file.get("From") else { return Came::Nothing };
    if file.body.starts_with(b"SMS STATUS REPORT") {
        let body = String::from_utf8_lossy(file.body);
        let Some(message_id) = line_of(&body, "Message_id").and_then(|v| v.parse().ok()) else { return Came::Nothing };
        let status = line_of(&body, "Status").unwrap_or_default();
        return Came::Report(Report { message_id, tail: tail(from), result: status_of(status) });
    }
    let international = file.get("From_TOA").is_some_and(|toa| toa.starts_with("91") || toa.contains("international"));
    let digits = from.starts_with(|c: char| c.is_ascii_digit());
    let from = if international && digits { format!("+{from}") } else { from.to_owned() };
    let text = letters(file.get("Alphabet").unwrap_or("ISO"), file.body);
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Came::Nothing } else { Came::Text { from: Address(from.into()), text: text.into() } }
}

/// `0,Ok,short message received by the SME`: TP-Status of 3GPP TS 23.040, 9.2.3.15.
fn status_of(status: &str) -> Option<Result<(), SendError>> {
    let code = status.split(',').next().and_then(|c| c.trim().parse::<u8>().ok());
    Some(match code {
        Some(0) => Ok(()),
        // Forwarded without a confirmation, or replaced: nobody knows whether the telephone has it.
        Some(1..=31) => Err(SendError::unknown(format!("receipt, status {}", code.unwrap_or_default()))),
        Some(32..=63) => return None,
        Some(code) => Err(SendError::permanent(format!("receipt, status {code}"))),
        None => Err(SendError::unknown("receipt without a status")),
    })
}

/// The octets of a body by `Alphabet:`, of which smstools looks at the first three letters.
fn letters(alphabet: &str, octets: &[u8]) -> String {
    match alphabet.get(..3).unwrap_or_default().to_ascii_lowercase().as_str() {
        "ucs" | "chi" | "uni" => utf16(octets, true),
        "gsm" => gsm7::decode(octets),
        "utf" => String::from_utf8_lossy(octets).into_owned(),
        _ => octets.iter().map(|b| iso_8859_15(*b)).collect(),
    }
}

/// ISO 8859-15, which smstools calls ISO: eight places differ from ISO 8859-1.
fn iso_8859_15(octet: u8) -> char {
    match octet {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        other => char::from(other),
    }
}

/// UTF-16 up to the first NUL: gammu counts the length of its files wrongly and writes NULs behind the text.
fn utf16(octets: &[u8], big_endian: bool) -> String {
    let pair = |p: &[u8]| [p[0], p.get(1).copied().unwrap_or(0)];
    let unit = |p: &[u8]| if big_endian { u16::from_be_bytes(pair(p)) } else { u16::from_le_bytes(pair(p)) };
    let units: Vec<u16> = octets.chunks(2).map(unit).take_while(|u| *u != 0).collect();
    String::from_utf16_lossy(&units)
}

/// The name of a file in gammu's inbox, `IN<date>_<time>_<serial>_<sender>_<sequence>.txt`: what its parts share, the sender,
/// and which part it is.
pub fn gammu_name(name: &str) -> Option<(&str, &str, usize)> {
    let stem = name.strip_suffix(".txt")?;
    let (text, sequence) = stem.strip_prefix("IN").and(stem.rsplit_once('_'))?;
    let sender = text.splitn(4, '_').nth(3)?;
    Some((text, sender, sequence.parse().ok()?))
}

/// Reads a file of gammu's inbox: UTF-16 with its mark, or the characters of its locale.
pub fn gammu_text(octets: &[u8]) -> String {
    match octets {
        [0xfe, 0xff, rest @ ..] => utf16(rest, true),
        [0xff, 0xfe, rest @ ..] => utf16(rest, false),
        _ => match std::str::from_utf8(octets) {
            Ok(text) => text.to_owned(),
            Err(_) => octets.iter().map(|b| char::from(*b)).collect(),
        },
    }
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
