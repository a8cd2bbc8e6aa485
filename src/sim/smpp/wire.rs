//! The far side's reading and writing of SMPP 3.4, and of a handset's letters. Written from the specifications alone.

use std::collections::BTreeMap;

/// GSM 03.38 by septet, as the table in 3GPP TS 23.038 6.2.1 has it, column by column. `¬` stands for the escape.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ¬ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                   ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// What data coding 0 means here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Letters {
    /// GSM 03.38, unpacked.
    #[default]
    Gsm,
    /// ISO 8859-1.
    Latin1,
    Ascii,
}

/// What a handset shows of these octets. What it can't read shows as `▯`.
pub fn shows(data_coding: u8, letters: Letters, octets: &[u8]) -> String {
    match (data_coding, letters) {
        (8, _) => {
            let wide: Vec<u16> = octets.chunks(2).map(|c| c.iter().fold(0, |w, b| w << 8 | u16::from(*b))).collect();
            char::decode_utf16(wide).map(|c| c.unwrap_or('▯')).collect()
        }
        (0, Letters::Gsm) => gsm(octets),
        (0, Letters::Ascii) => octets.iter().map(|b| if b.is_ascii() { *b as char } else { '▯' }).collect(),
        (0 | 3, _) => octets.iter().map(|b| *b as char).collect(),
        _ => "▯".repeat(octets.len()),
    }
}

fn gsm(octets: &[u8]) -> String {
    let table: Vec<char> = GSM.chars().collect();
    let mut text = String::new();
    let mut escaped = false;
    for octet in octets {
        let c = match (escaped, octet) {
            (false, 0x1b) => {
                escaped = true;
                continue;
            }
            (true, 0x0a) => '\u{c}',
            (true, 0x14) => '^',
            (true, 0x28) => '{',
            (true, 0x29) => '}',
            (true, 0x2f) => '\\',
            (true, 0x3c) => '[',
            (true, 0x3d) => '~',
            (true, 0x3e) => ']',
            (true, 0x40) => '|',
            (true, 0x65) => '€',
            (true, _) => '▯',
            (false, _) => table.get(usize::from(*octet)).copied().unwrap_or('▯'),
        };
        escaped = false;
        text.push(c);
    }
    // An escape whose character went into the next part.
    if escaped {
        text.push('▯');
    }
    text
}

/// What a person's phone sends: GSM 03.38 where it can, UCS-2 where not. Gives data coding and octets.
pub fn typed(text: &str, letters: Letters) -> (u8, Vec<u8>) {
    let table: Vec<char> = GSM.chars().collect();
    let one = |c: char| match letters {
        Letters::Gsm => table.iter().position(|t| *t == c && c != '¬').map(|at| at as u8),
        Letters::Latin1 => u8::try_from(u32::from(c)).ok(),
        Letters::Ascii => c.is_ascii().then_some(c as u8),
    };
    match text.chars().map(one).collect::<Option<Vec<u8>>>() {
        Some(octets) => (0, octets),
        None => (8, text.encode_utf16().flat_map(|u| [(u >> 8) as u8, u as u8]).collect()),
    }
}

/// One PDU as it came.
#[derive(Clone, Debug)]
pub struct Frame {
    pub command: u32,
    /// Sequence number.
    pub sequence: u32,
    /// The rest.
    pub body: Vec<u8>,
}

/// Cuts the first PDU off a buffer. `Err`: this is not SMPP.
pub fn cut(buffer: &mut Vec<u8>) -> Result<Option<Frame>, ()> {
    let word = |at: usize| -> u32 { buffer[at..at + 4].iter().fold(0, |w, b| w << 8 | u32::from(*b)) };
    if buffer.len() < 16 {
        return Ok(None);
    }
    let len = word(0) as usize;
    if !(16..100_000).contains(&len) {
        return Err(());
    }
    if buffer.len() < len {
        return Ok(None);
    }
    let (command, sequence) = (word(4), word(12));
    let body = buffer[16..len].to_vec();
    buffer.drain(..len);
    Ok(Some(Frame { command, sequence, body }))
}

/// Puts a PDU together.
pub fn frame(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(16 + body.len());
    for word in [16 + body.len() as u32, command, status, sequence] {
        all.extend(word.to_be_bytes());
    }
    all.extend(body);
    all
}

/// Text fields up to their NUL, one after the other.
pub fn texts<const N: usize>(body: &[u8]) -> [String; N] {
    let mut parts = body.split(|b| *b == 0);
    std::array::from_fn(|_| parts.next().map(|t| String::from_utf8_lossy(t).into_owned()).unwrap_or_default())
}

/// A `submit_sm` as the gateway understands it.
#[derive(Clone, Debug, Default)]
pub struct Submitted {
    pub from: String,
    pub to: String,
    /// Whether a receipt is asked for.
    pub receipt: bool,
    pub data_coding: u8,
    /// Octets of the text.
    pub text: Vec<u8>,
    /// Reference, total and number of this part.
    pub part: Option<(u32, u8, u8)>,
}

/// Reads a `submit_sm`. `None`: it is cut off.
pub fn submitted(body: &[u8]) -> Option<Submitted> {
    let mut at = 0;
    let text = |at: &mut usize| -> Option<String> {
        let len = body.get(*at..)?.iter().position(|b| *b == 0)?;
        let text = String::from_utf8_lossy(&body[*at..*at + len]).into_owned();
        *at += len + 1;
        Some(text)
    };
    text(&mut at)?;
    at += 2;
    let from = text(&mut at)?;
    at += 2;
    let to = text(&mut at)?;
    let esm = *body.get(at)?;
    at += 3;
    text(&mut at)?;
    text(&mut at)?;
    let [registered, _, data_coding, _, len] = *body.get(at..at + 5)?.first_chunk::<5>()?;
    at += 5;
    let mut octets = body.get(at..at + usize::from(len))?.to_vec();
    at += usize::from(len);
    let mut options = BTreeMap::new();
    while let Some(head) = body.get(at..at + 4) {
        let (tag, len) = (u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]]));
        options.insert(tag, body.get(at + 4..at + 4 + usize::from(len))?);
        at += 4 + usize::from(len);
    }
    if let Some(payload) = options.get(&0x0424) {
        octets = payload.to_vec();
    }
    let number = |tag| options.get(&tag).map(|v: &&[u8]| v.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)));
    let mut part = match (number(0x020c), number(0x020e), number(0x020f)) {
        (Some(reference), Some(n), Some(k)) => Some((reference, n as u8, k as u8)),
        _ => None,
    };
    if esm & 0x40 != 0 {
        let len = usize::from(*octets.first()?);
        let header = octets.get(1..1 + len)?.to_vec();
        octets.drain(..1 + len);
        part = match header[..] {
            [0, 3, reference, n, k] => Some((u32::from(reference), n, k)),
            // A reference of 16 bits is another name space.
            [8, 4, high, low, n, k] => Some((0x1_0000 + (u32::from(high) << 8) + u32::from(low), n, k)),
            _ => None,
        };
    }
    Some(Submitted { from, to, receipt: registered & 1 == 1, data_coding, text: octets, part })
}

/// The body of a `deliver_sm`.
pub fn deliver(from: &str, to: &str, esm: u8, data_coding: u8, text: &[u8], options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = vec![0];
    let international = from.strip_prefix('+');
    body.extend([u8::from(international.is_some()), 1]);
    body.extend(international.unwrap_or(from).bytes());
    body.extend([0, 0, 1]);
    body.extend(to.bytes());
    body.extend([0, esm, 0, 0, 0, 0, 0, 0, data_coding, 0, text.len() as u8]);
    body.extend(text);
    for (tag, value) in options {
        body.extend(tag.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(*value);
    }
    body
}
