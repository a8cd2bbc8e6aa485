//! Reads a mail as a mail reader does: headers unfolded and decoded (RFC 2047), parts found and decoded (RFC 2045, 2046).
//! Understands what any well-formed mail may hold, not what one sender happens to write.

/// Parts within parts; more is an attack.
const DEPTH_MAX: u8 = 8;

/// A mail as its reader sees it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Mail {
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO.
    pub to: Vec<String>,
    /// As it arrived, dots undoubled.
    pub raw: Vec<u8>,
    /// Names as written, values unfolded and decoded, in order.
    pub headers: Vec<(String, String)>,
    /// The first text/plain part.
    pub plain: String,
    /// The first text/html part.
    pub html: String,
    /// The first application/pdf part.
    pub pdf: Vec<u8>,
    /// The kinds of the leaf parts, in order.
    pub kinds: Vec<String>,
}

impl Mail {
    /// Reads a mail.
    pub fn read(from: &str, to: &[String], raw: &[u8]) -> Self {
        let mut mail = Mail { from: from.into(), to: to.to_vec(), raw: raw.to_vec(), ..Mail::default() };
        let (headers, _) = headers_and_body(raw);
        mail.headers = headers.iter().map(|(n, v)| (n.clone(), decoded_words(v))).collect();
        mail.read_part(raw, 0);
        mail
    }

    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    fn read_part(&mut self, part: &[u8], depth: u8) {
        let (headers, body) = headers_and_body(part);
        let content_type = find(&headers, "content-type").unwrap_or("text/plain").to_owned();
        let kind = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if kind.starts_with("multipart/") && depth < DEPTH_MAX {
            if let Some(boundary) = parameter(&content_type, "boundary") {
                for part in parts(body, &boundary) {
                    self.read_part(part, depth + 1);
                }
            }
            return;
        }
        let encoding = find(&headers, "content-transfer-encoding").unwrap_or("7bit").trim().to_ascii_lowercase();
        let bytes = match encoding.as_str() {
            "quoted-printable" => quoted_printable(body),
            "base64" => base64(body),
            _ => body.to_vec(),
        };
        if kind == "application/pdf" {
            if self.pdf.is_empty() {
                self.pdf = bytes;
            }
            self.kinds.push(kind);
            return;
        }
        let charset = parameter(&content_type, "charset").unwrap_or_default();
        let text = match charset.to_ascii_lowercase().as_str() {
            "iso-8859-1" => bytes.iter().map(|b| char::from(*b)).collect(),
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let text = text.replace("\r\n", "\n");
        match kind.as_str() {
            "text/plain" if self.plain.is_empty() => self.plain = text,
            "text/html" if self.html.is_empty() => self.html = text,
            _ => {}
        }
        self.kinds.push(kind);
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn headers_and_body(part: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = part;
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let line = String::from_utf8_lossy(&rest[..end]).trim_end_matches('\r').to_owned();
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push_str(&line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }
    (headers, rest)
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|p| {
        let (n, v) = p.split_once('=')?;
        n.trim().eq_ignore_ascii_case(name).then(|| v.trim().trim_matches('"').to_owned())
    })
}

/// Between `--boundary` lines, up to `--boundary--`; the line end before a boundary belongs to the boundary.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let open = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut begin: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        if let Some(rest) = line.strip_prefix(open.as_bytes()) {
            if let Some(begin) = begin {
                let part = &body[begin..at];
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            if rest.starts_with(b"--") {
                break;
            }
            begin = Some(at + line.len());
        }
        at += line.len();
    }
    parts
}

fn hex(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// RFC 2045 6.7: soft line breaks vanish, white space at a line's end is not part of it.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let end = if line.ends_with(b"\r\n") { 2 } else { usize::from(line.ends_with(b"\n")) };
        let (mut text, line_end) = line.split_at(line.len() - end);
        while let Some(shorter) = text.strip_suffix(b" ").or_else(|| text.strip_suffix(b"\t")) {
            text = shorter;
        }
        let soft = text.ends_with(b"=");
        let text = text.strip_suffix(b"=").unwrap_or(text);
        out.extend(equals_decoded(text, false));
        if !soft {
            out.extend_from_slice(line_end);
        }
    }
    out
}

fn equals_decoded(text: &[u8], underscore_is_space: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        let pair = (text.get(i + 1).copied().and_then(hex), text.get(i + 2).copied().and_then(hex));
        match (text[i], pair) {
            (b'=', (Some(high), Some(low))) => {
                out.push(high << 4 | low);
                i += 3;
                continue;
            }
            (b'_', _) if underscore_is_space => out.push(b' '),
            (b, _) => out.push(b),
        }
        i += 1;
    }
    out
}

fn base64(body: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(body.len() * 3 / 4), 0u32, 0u8);
    for &b in body {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap_or(0));
        }
    }
    out
}

/// `=?utf-8?b?…?=`: encoded words, the space between two of them not shown (RFC 2047 6.2).
fn decoded_words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let mut fields = word[2..].splitn(4, '?');
        let (charset, encoding, text, tail) = (fields.next(), fields.next(), fields.next(), fields.next());
        let (Some(_), Some(encoding), Some(text), Some(tail)) = (charset, encoding, text, tail) else { break };
        let Some(tail) = tail.strip_prefix('=') else { break };
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        let bytes = if encoding.eq_ignore_ascii_case("b") {
            base64(text.as_bytes())
        } else {
            equals_decoded(text.as_bytes(), true)
        };
        out.push_str(&String::from_utf8_lossy(&bytes));
        after_word = true;
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_of_other_senders_are_read() {
        let raw = b"Subject: =?UTF-8?Q?L=C3=A4get_nu?=\r\n =?utf-8?b?OiDDpQ==?= x\r\nContent-Type: multipart/mixed;\r\n boundary=\"q\"\r\n\r\n\
            preamble\r\n--q\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\nw6U8L2I+\r\n\
            --q\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            bl=E5 b=\r\n=E4r \r\nrad 2\r\n--q--\r\n";
        let mail = Mail::read("a@b", &[], raw);
        assert_eq!(mail.header("subject"), Some("Läget nu: å x"));
        assert_eq!(mail.html, "<b>å</b>");
        assert_eq!(mail.plain, "blå bär\nrad 2");
        assert_eq!(mail.kinds, ["text/html", "text/plain"]);
    }

    #[test]
    fn broken_mails_are_shown_as_they_are() {
        for raw in
            [&b""[..], b"\n", b"=?utf-8?b", b"Content-Type: multipart/x; boundary=\r\n\r\n--\r\n--", b"a\r\n\r\n=4"]
        {
            let _ = Mail::read("", &[], raw);
        }
        assert_eq!(Mail::read("", &[], b"A: b\r\n\r\nhej").plain, "hej");
        assert_eq!(decoded_words("=?utf-8?b?x"), "=?utf-8?b?x");
    }
}
