//! SMS parts: one text joined by the far device, or numbered SMS that each stand alone (DESIGN 3a).
//!
//! A far device's unit carries header and, in a drill, the mark at both ends. Parts joined by a user data header, by `sar`
//! parameters or sent as one payload are *one* unit. `separate` is for gateways or devices that can't join: there each SMS
//! is a unit with `k/n` in its header, and the chunks, one after the other, are the text byte for byte.
//!
//! Must not: shorten, respell, or split a character (an escape sequence of GSM 03.38, a surrogate pair of UTF-16).

use serde::{Deserialize, Serialize};

use super::{DoesNotFit, Outgoing, gsm7};

/// The most parts that an 8-bit part number can count (3GPP TS 23.040, 9.2.3.24.1).
pub const PARTS_MAX: u16 = 255;

/// What goes on the wire. Chosen by what the text needs, never by transliterating it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Seven bits a character: data coding 0, whatever the gateway takes that to mean ([`Alphabet`]).
    Gsm7,
    /// Two octets a character: data coding 8, UTF-16 big endian.
    Ucs2,
}

/// What data coding 0 means at a gateway ("SMSC default alphabet", SMPP 3.4, 5.2.19). The handset gets GSM 03.38 in every
/// case: so only characters that are in both go that way, and lengths are counted in septets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// GSM 03.38, one septet an octet.
    #[default]
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    Ascii,
}

impl Alphabet {
    /// Septets on the air, or `None` when the character can't go with data coding 0.
    pub fn septets(self, c: char) -> Option<u8> {
        let there = match self {
            Alphabet::Gsm7 => true,
            Alphabet::Latin1 => u32::from(c) < 0x100,
            Alphabet::Ascii => c.is_ascii(),
        };
        if there { gsm7::septets(c) } else { None }
    }
}

/// How a text that is longer than one SMS is carried.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// User data header with an 8-bit reference: 153 septets or 67 UCS-2 characters a part. Every handset knows it.
    #[default]
    Udh8,
    /// User data header with a 16-bit reference: 152 or 66.
    Udh16,
    /// The SMPP parameters `sar_*`; the gateway makes the header (16-bit reference: 152 or 66).
    Sar,
    /// One `message_payload`; the gateway splits (counted as 153 or 67).
    Payload,
    /// Numbered SMS that each stand alone.
    Separate,
}

impl Split {
    /// Septets or UTF-16 units that one of several parts holds.
    pub const fn part_units(self, encoding: Encoding) -> usize {
        match (self, encoding) {
            (Split::Udh8 | Split::Payload, Encoding::Gsm7) => 153,
            (Split::Udh8 | Split::Payload, Encoding::Ucs2) => 67,
            (Split::Udh16 | Split::Sar, Encoding::Gsm7) => 152,
            (Split::Udh16 | Split::Sar, Encoding::Ucs2) => 66,
            (Split::Separate, _) => single_units(encoding),
        }
    }
}

/// Septets or UTF-16 units of an SMS on its own: 140 octets (3GPP TS 23.040, 9.2.3.16).
pub const fn single_units(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 160,
        Encoding::Ucs2 => 70,
    }
}

/// What a gateway can carry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct SmsLimits {
    /// What data coding 0 means there.
    pub alphabet: Alphabet,
    /// Whether the gateway takes UCS-2 for what the alphabet lacks.
    pub ucs2: bool,
    /// How longer texts are carried.
    pub split: Split,
    /// The most parts of one text, 1 to [`PARTS_MAX`].
    pub parts_max: u16,
    /// The most characters of one text with header, mark and trailer; 0 for no limit but `parts_max`.
    pub chars_max: u32,
}

impl Default for SmsLimits {
    fn default() -> Self {
        Self { alphabet: Alphabet::Gsm7, ucs2: true, split: Split::Udh8, parts_max: 6, chars_max: 0 }
    }
}

/// What a text takes at a gateway.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Fit {
    /// How it goes.
    pub encoding: Encoding,
    /// How many SMS are sent (and paid).
    pub parts: u16,
    /// Characters with header, mark and trailer.
    pub chars: u32,
}

/// The texts of the SMS, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// How all of them go.
    pub encoding: Encoding,
    /// Without user data header.
    pub texts: Vec<String>,
}

/// Which encoding a text needs.
///
/// # Errors
/// [`DoesNotFit::Lacks`] when the alphabet has it not and UCS-2 is not taken.
pub fn encoding(text: &str, limits: &SmsLimits) -> Result<Encoding, DoesNotFit> {
    match text.chars().find(|c| limits.alphabet.septets(*c).is_none()) {
        None => Ok(Encoding::Gsm7),
        Some(_) if limits.ucs2 => Ok(Encoding::Ucs2),
        Some(c) => Err(DoesNotFit::Lacks(c)),
    }
}

/// What a text with its trailer takes, or why it can't go.
///
/// # Errors
/// [`DoesNotFit`].
pub fn fit(out: &Outgoing, trailer: Option<&str>, limits: &SmsLimits) -> Result<Fit, DoesNotFit> {
    let parts = parts(out, trailer, limits)?;
    let chars = out.whole(trailer).chars().count();
    Ok(Fit { encoding: parts.encoding, parts: parts.texts.len() as u16, chars: chars as u32 })
}

/// The SMS of a text with its trailer.
///
/// # Errors
/// [`DoesNotFit`]: nothing is ever cut.
pub fn parts(out: &Outgoing, trailer: Option<&str>, limits: &SmsLimits) -> Result<Parts, DoesNotFit> {
    let whole = out.whole(trailer);
    let encoding = encoding(&whole, limits)?;
    if limits.chars_max > 0 {
        within(whole.chars().count(), limits.chars_max, "characters")?;
    }
    let texts = if units(&whole, encoding) <= single_units(encoding) {
        vec![whole]
    } else if limits.split == Split::Separate {
        separate(out, trailer, encoding)?
    } else {
        joined(&whole, encoding, limits.split.part_units(encoding))
    };
    within(texts.len(), u32::from(limits.parts_max.clamp(1, PARTS_MAX)), "SMS parts")?;
    Ok(Parts { encoding, texts })
}

/// The octets of a part, as [`encoding`] chose: without packing and without user data header.
///
/// # Errors
/// The first character that does not go that way.
pub fn octets(text: &str, encoding: Encoding, alphabet: Alphabet) -> Result<Vec<u8>, char> {
    match (encoding, alphabet) {
        (Encoding::Ucs2, _) => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        (Encoding::Gsm7, Alphabet::Gsm7) => gsm7::encode(text),
        (Encoding::Gsm7, _) => {
            text.chars().map(|c| alphabet.septets(c).and_then(|_| u8::try_from(u32::from(c)).ok()).ok_or(c)).collect()
        }
    }
}

fn within(needs: usize, max: u32, unit: &str) -> Result<(), DoesNotFit> {
    let needs = u32::try_from(needs).unwrap_or(u32::MAX);
    if needs <= max { Ok(()) } else { Err(DoesNotFit::TooLong { needs, max, unit: unit.into() }) }
}

/// Septets or UTF-16 units. A character that is not in the alphabet does not come here with [`Encoding::Gsm7`].
fn units_of(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => usize::from(gsm7::septets(c).unwrap_or(2)),
        Encoding::Ucs2 => c.len_utf16(),
    }
}

fn units(text: &str, encoding: Encoding) -> usize {
    text.chars().map(|c| units_of(c, encoding)).sum()
}

/// The longest prefix, in bytes, that takes at most `room` units. Ends between characters, so that neither an escape
/// sequence nor a surrogate pair is split.
fn prefix(text: &str, encoding: Encoding, room: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += units_of(c, encoding);
        if used > room {
            return at;
        }
    }
    text.len()
}

/// Parts that the far device joins: filled to the last unit.
fn joined(whole: &str, encoding: Encoding, room: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = whole;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(prefix(rest, encoding, room));
        texts.push(part.to_owned());
        rest = after;
    }
    texts
}

/// SMS that stand alone. `k/n` needs to be known to measure the room, and the room gives `n`: so it is tried with one,
/// two and three digits.
fn separate(out: &Outgoing, trailer: Option<&str>, encoding: Encoding) -> Result<Vec<String>, DoesNotFit> {
    for widest in [9, 99, u32::from(PARTS_MAX)] {
        let chunks = chunks(out, trailer, encoding, widest)?;
        let Some(n) = u32::try_from(chunks.len()).ok().filter(|n| *n <= widest) else { continue };
        let footer = out.footer();
        let texts = chunks.iter().zip(1..).map(|(chunk, k)| {
            let mut text = out.header(Some((k, n)));
            text.push_str(chunk);
            text.push_str(&footer);
            if let Some(trailer) = trailer.filter(|_| k == n) {
                text.push(' ');
                text.push_str(trailer);
                text.push_str(&footer);
            }
            text
        });
        return Ok(texts.collect());
    }
    Err(DoesNotFit::TooLong { needs: u32::from(PARTS_MAX) + 1, max: u32::from(PARTS_MAX), unit: "SMS parts".into() })
}

/// Cuts the text into chunks for SMS of which there are at most `widest`; gives up as soon as there are more.
fn chunks<'a>(
    out: &'a Outgoing,
    trailer: Option<&str>,
    encoding: Encoding,
    widest: u32,
) -> Result<Vec<&'a str>, DoesNotFit> {
    let footer = units(&out.footer(), encoding);
    let last_extra = trailer.map_or(0, |t| 1 + units(t, encoding) + footer);
    let mut rest = out.text();
    let mut chunks = Vec::new();
    for k in 1..=widest + 1 {
        let around = units(&out.header(Some((k, widest))), encoding) + footer;
        let room = single_units(encoding).saturating_sub(around);
        if units(rest, encoding) + last_extra <= room {
            chunks.push(rest);
            return Ok(chunks);
        }
        // Something must stay for the last SMS, which carries the trailer.
        let last_char = rest.char_indices().next_back().map_or(0, |(at, _)| at);
        let cut = cut(rest, prefix(rest, encoding, room).min(last_char)).ok_or(DoesNotFit::NoRoom)?;
        let (chunk, after) = rest.split_at(cut);
        chunks.push(chunk);
        rest = after;
    }
    Ok(chunks)
}

/// Where to cut at the latest at `longest`: before a space, so that the next chunk begins with it, when there is one in the
/// second half; else in the word. A chunk never ends with a space, since gateways trim.
fn cut(text: &str, longest: usize) -> Option<usize> {
    let at = if text[longest..].starts_with(' ') {
        longest
    } else {
        text[..longest].rfind(' ').filter(|at| *at >= longest.div_ceil(2)).unwrap_or(longest)
    };
    (!text[..at].trim_end_matches(' ').is_empty()).then(|| text[..at].trim_end_matches(' ').len())
}

#[cfg(test)]
mod tests;
