//! What a received mail is made of (RFC 5322, RFC 2045 to 2047), as far as reports and answers need it. Strangers write these
//! mails: everything is bounded, nothing panics, and what is not understood is absent. No IO.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Headers of one part.
const HEADERS_MAX: usize = 500;
/// Bytes of one header, its folded lines together.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Parts of one multipart.
const PARTS_MAX: usize = 50;
/// Characters of a boundary (RFC 2046 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// Padding is often missing or doubled in the wild.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Headers and a body: a mail, a part of one, or a group of fields of a report.
pub(super) struct Entity<'m> {
    /// Names as written, values unfolded.
    headers: Vec<(String, String)>,
    body: &'m [u8],
}

impl<'m> Entity<'m> {
    /// Reads the headers. The body begins after the first empty line.
    pub fn read(bytes: &'m [u8]) -> Self {
        let (headers, body) = fields(bytes);
        Self { headers, body }
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// `text/plain`, in small letters; what says nothing is that (RFC 2045 5.2).
    pub fn kind(&self) -> String {
        let value = self.header("content-type").unwrap_or("text/plain");
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.is_empty() { "text/plain".into() } else { kind }
    }

    /// A parameter of Content-Type.
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameters(self.header("content-type")?).into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The parts of a multipart, in order. Empty when it is none.
    pub fn parts(&self) -> Vec<Entity<'m>> {
        if !self.kind().starts_with("multipart/") {
            return Vec::new();
        }
        match self.parameter("boundary") {
            Some(b) if !b.is_empty() && b.len() <= BOUNDARY_BYTES_MAX => between(self.body, &b),
            _ => Vec::new(),
        }
    }

    /// The body as its sender wrote it.
    pub fn decoded(&self) -> Cow<'m, [u8]> {
        let encoding = self.header("content-transfer-encoding").unwrap_or("").trim().to_ascii_lowercase();
        match encoding.as_str() {
            "quoted-printable" => Cow::Owned(quoted_printable(self.body)),
            "base64" => {
                let clean: Vec<u8> =
                    self.body.iter().copied().filter(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)).collect();
                Cow::Owned(BASE64.decode(clean).unwrap_or_default())
            }
            _ => Cow::Borrowed(self.body),
        }
    }

    /// The body as text, lines ended by `\n`.
    pub fn text(&self) -> String {
        let bytes = self.decoded();
        let charset = self.parameter("charset").unwrap_or_default().to_ascii_lowercase();
        let text = match charset.as_str() {
            "iso-8859-1" | "latin1" | "windows-1252" | "iso-8859-15" => bytes.iter().map(|b| char::from(*b)).collect(),
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        text.replace("\r\n", "\n")
    }
}

/// Fields up to the first empty line, and what follows it.
pub(super) fn fields(bytes: &[u8]) -> (Vec<(String, String)>, &[u8]) {
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
        let line = String::from_utf8_lossy(line);
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
    (all, rest)
}

/// `a=b; c="d e"` after the first word, names in small letters.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut name, mut word) = (String::new(), String::new());
    let (mut quoted, mut escaped, mut in_value, mut begun) = (false, false, false, false);
    let mut take = |name: &mut String, word: &mut String| {
        let pair = (std::mem::take(name).trim().to_ascii_lowercase(), std::mem::take(word).trim().to_owned());
        if !pair.0.is_empty() {
            found.push(pair);
        }
    };
    for c in value.chars() {
        match c {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                if begun {
                    take(&mut name, &mut word);
                }
                (name, word, in_value, begun) = (String::new(), String::new(), false, true);
            }
            '=' if !quoted && !in_value => in_value = true,
            _ if in_value => word.push(c),
            _ => name.push(c),
        }
    }
    if begun {
        take(&mut name, &mut word);
    }
    found
}

/// Between the delimiter lines (RFC 2046 5.1.1). The line end before a delimiter belongs to the delimiter; a last one that
/// is missing is the end of the mail.
fn between<'m>(body: &'m [u8], boundary: &str) -> Vec<Entity<'m>> {
    let mut parts = Vec::new();
    let mut begin: Option<usize> = None;
    let mut at = 0;
    let mut closed = false;
    let mut take = |from: usize, to: usize| {
        let part = &body[from..to];
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        parts.push(Entity::read(part.strip_suffix(b"\r").unwrap_or(part)));
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_found_and_decoded() {
        let mail = b"Subject: x\r\n  y\r\nContent-Type: Multipart/Mixed; charset=x;\r\n\tboundary=\"a \\\"=b\"\r\n\r\n\
            preamble\r\n--a \"=b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            J=C3=A5 =\r\n14  \r\n--a \"=bzz\r\nx=3\r\n--a \"=b  \r\ncontent-transfer-encoding: BASE64\r\n\r\nw6\r\nU\r\n\
            --a \"=b--\r\n--a \"=b\r\nnever";
        let mail = Entity::read(mail);
        assert_eq!((mail.header("SUBJECT"), mail.kind().as_str()), (Some("x  y"), "multipart/mixed"));
        let parts = mail.parts();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].text(), "Jå 14\n--a \"=bzz\nx=3");
        assert_eq!((parts[1].text().as_str(), parts[1].kind().as_str()), ("å", "text/plain"));
        assert!(parts[1].parts().is_empty());
    }

    #[test]
    fn a_mail_that_ends_early_has_the_parts_that_it_has() {
        let mail = Entity::read(b"Content-Type: multipart/report; boundary=q\n\n--q\n\none\n--q\n\ntw");
        let texts: Vec<String> = mail.parts().iter().map(Entity::text).collect();
        assert_eq!(texts, ["one", "tw"]);
        let many = format!("Content-Type: multipart/x; boundary=q\n\n{}", "--q\n\nx\n".repeat(200));
        assert_eq!(Entity::read(many.as_bytes()).parts().len(), PARTS_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            lines in proptest::collection::vec(prop_oneof![
                Just("Content-Type: multipart/x; boundary=q".to_owned()), Just("--q".to_owned()), Just("--q--".to_owned()),
                Just(String::new()), Just("Content-Transfer-Encoding: base64".to_owned()), "\\PC{0,20}"], 0..20),
        ) {
            for bytes in [bytes, lines.join("\r\n").into_bytes()] {
                let mail = Entity::read(&bytes);
                for part in mail.parts() {
                    let _ = (part.text(), part.parts().len());
                }
                let _ = mail.text();
            }
        }
    }
}
