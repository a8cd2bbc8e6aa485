//! A job as files of a spool: their names, from which a delivery is recognised after a crash, and their contents. No IO.
//!
//! The name is made from the delivery, its number and its text alone, so that the same delivery always has the same file:
//! what lies in any folder of the spool is not written again.
//!
//! smstools cuts a long text at the 153rd septet even when that falls into an escape sequence or a surrogate pair: the
//! telephone then shows `<` for `[`. So the parts are cut here and go as files of their own with their user data header;
//! each has a number of its own for its status report, too.
//!
//! gammu takes the parts in one file. In a plain text file it would choose the alphabet by its own `transmitformat`, and that
//! is seven bits when nothing is said, whatever its manual says: another script arrives as question marks. Its backup
//! format names the alphabet of each part.

use sha2::{Digest, Sha256};

use super::config::{Daemon, SpoolConfig};
use crate::domain::delivery::SendError;
use crate::domain::ids::{DeliveryId, Status};
use crate::domain::text::sms::{self, Alphabet, Encoding, Split};
use crate::gateways::Job;

/// More parts than that overrun a table of gammu-smsd (`GSM_MAX_MULTI_SMS`).
const GAMMU_PARTS_MAX: u16 = 50;
/// As many hexadecimal digits as gammu itself writes on a line.
const GAMMU_LINE_MAX: usize = 200;
/// The most digits of a number (3GPP TS 23.040, 9.1.2.5: ten octets).
const DIGITS_MAX: usize = 20;
/// What the names of our files have in common.
const PREFIX: &str = "vk-";
/// smstools knows no shorter validity (3GPP TS 23.040, 9.2.3.12.1).
const VALIDITY_MIN_MIN: u32 = 5;

/// One file to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Its name, in every folder of the spool.
    pub name: String,
    /// Its contents.
    pub octets: Vec<u8>,
}

/// A job as files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files {
    /// In order; never empty.
    pub parts: Vec<Part>,
    /// SMS on the air.
    pub units: u16,
    /// The last digits of the number.
    pub tail: Tail,
}

/// The last digits of a telephone number, right-aligned: networks rewrite the first.
pub type Tail = [u8; 6];

/// The last digits of a number.
pub fn tail(number: &str) -> Tail {
    let mut tail = [0; 6];
    for (place, digit) in tail.iter_mut().rev().zip(number.bytes().rev().filter(u8::is_ascii_digit)) {
        *place = digit;
    }
    tail
}

/// What a name of ours says: the delivery, which part it is, and of how many.
pub fn ours(name: &str) -> Option<(DeliveryId, usize, usize)> {
    let at = if name.starts_with(PREFIX) { 0 } else { name.find("_vk-").filter(|_| name.starts_with("OUT"))? + 1 };
    let mut words = name[at + PREFIX.len()..].split('-');
    let delivery = words.next()?.parse().ok()?;
    let (k, n) = words.next()?.split_once("of")?;
    let (k, n): (usize, usize) = (k.parse().ok()?, n.parse().ok()?);
    (k >= 1 && k <= n && n <= usize::from(sms::PARTS_MAX)).then_some((delivery, k, n))
}

/// A number as it may stand in a header and in a file name: digits, with `+` in front for an international one.
fn number(address: &str) -> Option<String> {
    let (plus, rest) = address.trim().strip_prefix('+').map_or(("", address.trim()), |rest| ("+", rest));
    let digits: String = rest.chars().filter(|c| !" -()/".contains(*c)).collect();
    let good = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| format!("{plus}{digits}"))
}

/// Makes the files of a job.
///
/// # Errors
/// Permanent: no number, or a text that the gateway can't carry; both are known when a text is drafted, here it is a last
/// guard.
pub fn files(job: &Job, config: &SpoolConfig) -> Result<Files, SendError> {
    let to = number(&job.to.0).ok_or_else(|| SendError::permanent("the address is not a telephone number"))?;
    let no = |why| SendError::permanent(format!("this gateway {why}"));
    let split = match config.sms.split {
        // The daemon writes the header; what a part holds is the same.
        Split::Payload | Split::Sar => Split::Udh8,
        split => split,
    };
    let limits = sms::SmsLimits { split, ..config.sms.clone() };
    let parts = sms::parts(&job.out, job.trailer.as_deref(), &limits).map_err(no)?;
    let units = u16::try_from(parts.texts.len()).unwrap_or(u16::MAX);
    let key = key(job, &to, &parts.texts);
    if config.daemon == Daemon::Gammu && units > GAMMU_PARTS_MAX {
        return Err(SendError::permanent(format!(
            "{units} SMS are more than gammu-smsd takes, which is {GAMMU_PARTS_MAX}"
        )));
    }
    let one_by_one: Vec<&[String]> = match (config.daemon, split) {
        (Daemon::Gammu, Split::Udh8 | Split::Udh16) => vec![&parts.texts],
        _ => parts.texts.chunks(1).collect(),
    };
    let n = one_by_one.len();
    let part = |(k, texts): (usize, &[String])| -> Result<Part, SendError> {
        let short =
            format!("{PREFIX}{}-{k}of{n}-{:02x}{:02x}{:02x}{:02x}", job.delivery, key[0], key[1], key[2], key[3]);
        Ok(match config.daemon {
            Daemon::Smstools => {
                let header = (n > 1).then(|| concat(split, &key, n, k)).flatten();
                Part { octets: smstools(job, config, &to, &texts.concat(), parts.encoding, header)?, name: short }
            }
            Daemon::Gammu => {
                let octets = gammu(config, &to, texts, parts.encoding, |k| concat(split, &key, texts.len(), k))?;
                Part { octets, name: gammu_name(job, &to, &short) }
            }
        })
    };
    let parts = (1..).zip(one_by_one).map(part).collect::<Result<_, _>>()?;
    Ok(Files { parts, units, tail: tail(&to) })
}

/// Depends on the delivery, the number and the text: after a state folder was lost, numbers of incidents come again, and an
/// old file must not be taken for a new text.
fn key(job: &Job, to: &str, texts: &[String]) -> [u8; 6] {
    let mut hash = Sha256::new();
    for word in [&*job.delivery.to_string(), to].into_iter().chain(texts.iter().map(String::as_str)) {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    std::array::from_fn(|i| digest[i])
}

/// The user data header of one of several parts (3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8), as smstools writes octets.
/// A repeat has the same reference, so that a telephone joins the old parts with the new.
fn concat(split: Split, key: &[u8; 6], n: usize, k: usize) -> Option<String> {
    match split {
        Split::Udh8 => Some(format!("05 00 03 {:02X} {n:02X} {k:02X}", key[4])),
        Split::Udh16 => Some(format!("06 08 04 {:02X} {:02X} {n:02X} {k:02X}", key[4], key[5])),
        _ => None,
    }
}

/// Headers, an empty line, the text as octets. Always in the GSM alphabet or in UCS-2, which smstools leaves as they are: with
/// `Alphabet: ISO` it trims, and a part that ends with a space would lose it.
fn smstools(
    job: &Job,
    config: &SpoolConfig,
    to: &str,
    text: &str,
    encoding: Encoding,
    header: Option<String>,
) -> Result<Vec<u8>, SendError> {
    let body = octets_of(text, encoding)?;
    let mut lines = match to.strip_prefix('+') {
        Some(digits) => vec![format!("To: {digits}")],
        None => vec![format!("To: {to}"), "To_TOA: unknown".into()],
    };
    lines.push(format!("Alphabet: {}", if encoding == Encoding::Ucs2 { "UCS" } else { "GSM" }));
    lines.push("Autosplit: 0".into());
    if let Some(octets) = header {
        lines.extend(["UDH: true".into(), format!("UDH-DATA: {octets}")]);
    }
    lines.push(format!("Report: {}", if config.folders.reports.is_some() { "yes" } else { "no" }));
    if job.ttl_s > 0 {
        lines.push(format!("Validity: {} min", job.ttl_s.div_ceil(60).max(VALIDITY_MIN_MIN)));
    }
    if job.head.priority == 0 {
        lines.push("Priority: High".into());
    }
    if !config.queue.is_empty() {
        lines.push(format!("Queue: {}", config.queue));
    }
    let mut octets = lines.join("\n").into_bytes();
    octets.extend_from_slice(b"\n\n");
    octets.extend(body);
    Ok(octets)
}

/// The octets on the air, whoever writes them.
fn octets_of(text: &str, encoding: Encoding) -> Result<Vec<u8>, SendError> {
    sms::octets(text, encoding, Alphabet::Gsm7)
        .map_err(|c| SendError::permanent(format!("this gateway has no U+{:04X}", u32::from(c))))
}

/// A backup file of gammu: a section for each SMS, in order; the text always as UTF-16, in hexadecimal digits.
fn gammu(
    config: &SpoolConfig,
    to: &str,
    texts: &[String],
    encoding: Encoding,
    header: impl Fn(usize) -> Option<String>,
) -> Result<Vec<u8>, SendError> {
    let mut file = String::new();
    for (k, text) in texts.iter().enumerate() {
        octets_of(text, encoding)?;
        // A section that calls itself a status report asks for one.
        let kind = if config.folders.reports.is_some() { "Status_Report" } else { "Submit" };
        file.push_str(&format!("[SMSBackup{k:03}]\nPDU = {kind}\nNumber = \"{to}\"\nClass = -1\n"));
        if let Some(octets) = header(k + 1).filter(|_| texts.len() > 1) {
            file.push_str(&format!("UDH = {}\n", octets.replace(' ', "")));
        }
        let digits: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        let mut rest = digits.as_str();
        for line in 0.. {
            let (now, later) = rest.split_at(rest.len().min(GAMMU_LINE_MAX));
            file.push_str(&format!("Text{line:02} = {now}\n"));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let coding = if encoding == Encoding::Ucs2 { "Unicode" } else { "Default" };
        file.push_str(&format!("Coding = {coding}_No_Compression\nLength = {}\n\n", text.encode_utf16().count()));
    }
    Ok(file.into_bytes())
}

/// `OUT<priority><date>_<time>_<serial>_<recipient>_<note>.smsbackup`. gammu sends in the order of names: so in the place of
/// date and time stand incident and ordinal.
fn gammu_name(job: &Job, to: &str, note: &str) -> String {
    let DeliveryId { incident, ordinal } = job.delivery;
    let priority = char::from(b'A' + job.head.priority.min(25));
    let drill = u8::from(incident.status == Status::Exercise);
    format!("OUT{priority}{:08}_{ordinal:06}_{drill:02}_{to}_{note}.smsbackup", incident.n)
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;
