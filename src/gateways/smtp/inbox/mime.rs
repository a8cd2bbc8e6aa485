//! What a received mail is made of (RFC 5322, RFC 2045 to 2047, RFC 2231), as far as reports and answers need it. Strangers write
//! these mails: everything is bounded, nothing panics, and what is not understood is absent. No IO.
//!
//! Which lines are headers and which are delimiters is decided here. The crate `mail-parser` would take a boundary within a line,
//! or one that only begins like it, for a delimiter, read `Fr om:` as From, and leave all of a text quoted-printable for one wrong
//! code in it. What stands in one header, base64 and character sets are its work.

use std::borrow::Cow;

use mail_parser::ContentType;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;

/// Headers of one part.
const HEADERS_MAX: usize = 500;
/// Bytes of one header, its folded lines together.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one header in which parameters and encoded words are looked for.
const HEADER_BYTES_DECODED_MAX: usize = 2 * 1024;
/// Encoded words of one header: from each that does not end, the header is read once more.
const WORDS_MAX: usize = 30;
/// Parts of one multipart.
const PARTS_MAX: usize = 50;
/// Multiparts and mails within each other: a report within a list's mail within a forwarded one.
const DEPTH_MAX: u8 = 6;
/// Parts of a mail that are looked at in all, those of the mails within it too.
const VISITED_MAX: usize = 200;
/// Characters of a boundary (RFC 2046 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// Headers of a mail or a part, or a group of fields of a report, in the order in which they stand.
pub(in crate::gateways::smtp) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads up to the first empty line, and gives what follows it.
    pub fn read(bytes: &[u8]) -> (Self, &[u8]) {
        let mut all: Vec<(String, String)> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            rest = after;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let line = guessed(line);
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = all.last_mut()
                    && value.len() + line.len() <= HEADER_BYTES_MAX
                {
                    value.push_str(&line);
                }
            } else if let Some((name, value)) = line.split_once(':')
                && all.len() < HEADERS_MAX
                && value.len() <= HEADER_BYTES_MAX
                && name.trim_end().bytes().all(|b| b.is_ascii_graphic())
            {
                all.push((name.trim_end().to_owned(), value.trim().to_owned()));
            }
        }
        (Self(all), rest)
    }

    /// Whether a field of that name is there.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// Every value, unfolded and otherwise as written.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }

    /// Several groups, one of which begins with each field of which `begins` says so, by its name and by what stands before
    /// it in its group.
    pub fn split_before(self, begins: impl Fn(&str, &Self) -> bool) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for (name, value) in self.0 {
            match groups.last_mut().filter(|last| !begins(&name, last)) {
                Some(last) => last.0.push((name, value)),
                None => groups.push(Self(vec![(name, value)])),
            }
        }
        groups
    }

    /// Puts the fields of another group behind these.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Every value of that name, unfolded and otherwise as written.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim())
    }

    /// The first value of that name.
    pub fn first<'f>(&'f self, name: &'f str) -> Option<&'f str> {
        self.all(name).next()
    }

    /// The first value of that name for people to read: encoded words (RFC 2047) are decoded.
    pub fn words(&self, name: &str) -> Option<String> {
        let line = one_line(self.first(name)?);
        MessageStream::new(line.as_bytes()).parse_unstructured().into_text().map(Cow::into_owned)
    }
}

/// Headers and a body: a mail, or a part of one.
pub(in crate::gateways::smtp) struct Entity<'m> {
    pub fields: Fields,
    content_type: Option<ContentType<'static>>,
    body: &'m [u8],
    /// So many multiparts are around it.
    depth: u8,
}

impl<'m> Entity<'m> {
    /// Reads the headers. The body begins after the first empty line.
    pub fn read(bytes: &'m [u8]) -> Self {
        Self::read_within(bytes, 0)
    }

    fn read_within(bytes: &'m [u8], depth: u8) -> Self {
        let (fields, body) = Fields::read(bytes);
        let content_type = fields.first("content-type").and_then(|value| {
            let line = one_line(value);
            MessageStream::new(line.as_bytes()).parse_content_type().into_owned().into_content_type()
        });
        Self { fields, content_type, body, depth }
    }

    /// `text/plain`, in small letters; what says nothing, or half of it, is that (RFC 2045 5.2).
    pub fn kind(&self) -> String {
        let both = self.content_type.as_ref().and_then(|c| Some((c.ctype(), c.subtype()?)));
        both.map_or_else(|| "text/plain".to_owned(), |(kind, subtype)| format!("{kind}/{subtype}"))
    }

    /// A parameter of Content-Type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.content_type.as_ref()?.attribute(name).map(str::trim)
    }

    /// The parts of a multipart, in order. Empty when it is none, or too deep within others.
    pub fn parts(&self) -> Vec<Entity<'m>> {
        if self.depth >= DEPTH_MAX || !self.kind().starts_with("multipart/") {
            return Vec::new();
        }
        match self.parameter("boundary") {
            Some(b) if !b.is_empty() && b.len() <= BOUNDARY_BYTES_MAX => {
                between(self.body, b).into_iter().map(|part| Entity::read_within(part, self.depth + 1)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Looks at this and at everything within it, mails that are parts too, in the order in which they stand; until `visit`
    /// says that it has what it wants.
    pub fn visit(&self, visit: &mut dyn FnMut(&Entity<'_>) -> bool) {
        let mut left = VISITED_MAX;
        self.visit_some(&mut left, visit);
    }

    /// `false`: enough.
    fn visit_some(&self, left: &mut usize, visit: &mut dyn FnMut(&Entity<'_>) -> bool) -> bool {
        if *left == 0 || visit(self) {
            return false;
        }
        *left -= 1;
        if self.is_mail() && self.depth < DEPTH_MAX {
            let decoded = self.decoded();
            // Some programs leave an empty line before the mail that is a part.
            return Entity::read_within(decoded.trim_ascii_start(), self.depth + 1).visit_some(left, visit);
        }
        self.parts().iter().all(|part| part.visit_some(left, visit))
    }

    /// Whether the body is a mail, whole or its headers alone.
    pub fn is_mail(&self) -> bool {
        let kind = self.kind();
        matches!(
            kind.as_str(),
            "message/rfc822"
                | "text/rfc822"
                | "text/rfc822-headers"
                | "text/rfc822-header"
                | "message/rfc822-headers"
                | "message/global"
                | "message/global-headers"
        )
    }

    /// The body as its sender wrote it.
    pub fn decoded(&self) -> Cow<'m, [u8]> {
        let encoding = self.fields.first("content-transfer-encoding").unwrap_or_default();
        if encoding.eq_ignore_ascii_case("quoted-printable") {
            Cow::Owned(quoted_printable(self.body))
        } else if encoding.eq_ignore_ascii_case("base64") {
            // Rubbish between the letters is to be passed over (RFC 2045 6.8).
            let letter = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
            let clean: Vec<u8> = self.body.iter().copied().filter(letter).collect();
            Cow::Owned(base64_decode(&clean).unwrap_or_default())
        } else {
            Cow::Borrowed(self.body)
        }
    }

    /// The body as text, lines ended by `\n`.
    pub fn text(&self) -> String {
        let bytes = self.decoded();
        let charset = self.parameter("charset").unwrap_or_default().to_ascii_lowercase();
        if let Some(text) = utf16(&bytes, &charset) {
            return text.replace("\r\n", "\n");
        }
        let text = match (charset.as_str(), charset_decoder(charset.as_bytes())) {
            ("utf-8" | "utf8", _) => String::from_utf8_lossy(&bytes).into_owned(),
            // Programs that know nothing of charsets say ASCII, or nothing, whatever it is.
            ("us-ascii" | "ascii", _) | (_, None) => guessed(&bytes).into_owned(),
            (_, Some(decode)) => decode(&bytes),
        };
        text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
    }
}

/// UTF-16 in either order (RFC 2781), with its mark or without, whatever the charset says of it: programs say “unicode”,
/// “utf-16” without a mark, or nothing. Without a mark the zeros of our alphabet tell the order.
fn utf16(bytes: &[u8], charset: &str) -> Option<String> {
    let named = charset.contains("utf-16")
        || charset.contains("utf16")
        || charset.contains("unicode")
        || charset.contains("ucs-2");
    let (body, big) = match bytes {
        [0xfe, 0xff, rest @ ..] => (rest, true),
        [0xff, 0xfe, rest @ ..] => (rest, false),
        _ => {
            let zeros = |from: usize| bytes.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
            let (high, low) = (zeros(0), zeros(1));
            // Text of other charsets has no zeros at all.
            if high == low || (!named && (high + low) * 3 < bytes.len()) {
                return None;
            }
            (bytes, high > low)
        }
    };
    let units = body.chunks_exact(2).map(|c| {
        let [a, b] = [c[0], c[1]];
        if big { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) }
    });
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>();
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// UTF-8, or else what Windows writes in the west.
fn guessed(bytes: &[u8]) -> Cow<'_, str> {
    match (std::str::from_utf8(bytes), charset_decoder(b"windows-1252")) {
        (Ok(text), _) => Cow::Borrowed(text),
        (Err(_), Some(decode)) => Cow::Owned(decode(bytes)),
        (Err(_), None) => String::from_utf8_lossy(bytes),
    }
}

/// The beginning of a value, as `mail-parser` reads it: it wants a line's end.
fn one_line(value: &str) -> String {
    let end = value.floor_char_boundary(HEADER_BYTES_DECODED_MAX);
    let end = value[..end].match_indices("=?").nth(WORDS_MAX).map_or(end, |(at, _)| at);
    format!("{}\n", &value[..end])
}

/// Between the delimiter lines (RFC 2046 5.1.1). The line end before a delimiter belongs to the delimiter; a last one that
/// is missing is the end of the mail.
fn between<'m>(body: &'m [u8], boundary: &str) -> Vec<&'m [u8]> {
    let mut parts = Vec::new();
    let mut begin: Option<usize> = None;
    let mut at = 0;
    let mut closed = false;
    let mut take = |from: usize, to: usize| {
        let part = &body[from..to];
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        parts.push(part.strip_suffix(b"\r").unwrap_or(part));
        parts.len() >= PARTS_MAX
    };
    for line in body.split_inclusive(|b| *b == b'\n') {
        let delimiter = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes()));
        if let Some(rest) = delimiter {
            let last = rest.starts_with(b"--");
            let rest = if last { &rest[2..] } else { rest };
            if rest.iter().all(u8::is_ascii_whitespace) {
                let full = begin.take().is_some_and(|from| take(from, at));
                if last || full {
                    closed = true;
                    break;
                }
                begin = Some(at + line.len());
            }
        }
        at += line.len();
    }
    if let (Some(from), false) = (begin, closed) {
        take(from, body.len());
    }
    parts
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// RFC 2045 6.7: soft line breaks vanish, white space at a line's end is not part of it; what is no code stays as it is.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.trim_ascii_end();
        let soft = text.ends_with(b"=");
        let text = text.strip_suffix(b"=").unwrap_or(text);
        let mut i = 0;
        while let Some(&byte) = text.get(i) {
            let pair = (text.get(i + 1).copied().and_then(hex), text.get(i + 2).copied().and_then(hex));
            if let (b'=', (Some(high), Some(low))) = (byte, pair) {
                out.push(high << 4 | low);
                i += 3;
            } else {
                out.push(byte);
                i += 1;
            }
        }
        if !soft && line.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}

#[cfg(test)]
#[path = "mime_tests.rs"]
mod tests;
