//! IMAP's bytes (RFC 9051), the little of it that reads new mails: answers with their literals, tags, quoted words. No IO.

use super::super::codec::{Garbage, cleaned};
use super::MAIL_BYTES_MAX;

/// Bytes of one line outside literals.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Literals in one answer.
const LITERALS_MAX: usize = 8;
/// Bytes of one literal: what we asked for, and a little that servers add.
const LITERAL_BYTES_MAX: usize = MAIL_BYTES_MAX + 4096;

/// One answer of the server: a line, with the literals that belong to it taken out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Response {
    pub text: String,
    pub literals: Vec<Vec<u8>>,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum End {
    Ok,
    /// NO or BAD, in the server's words, without addresses.
    Refused(String),
}

impl Response {
    /// Takes one whole answer from the front of what was read. `None`: more must be read.
    pub fn take(read: &mut Vec<u8>) -> Result<Option<Self>, Garbage> {
        let mut text = String::new();
        let mut literals = Vec::new();
        let mut at = 0;
        loop {
            let Some(len) = read[at..].iter().position(|b| *b == b'\n') else {
                return if read.len() - at > LINE_BYTES_MAX { Err(Garbage) } else { Ok(None) };
            };
            let line = read[at..at + len].strip_suffix(b"\r").unwrap_or(&read[at..at + len]);
            at += len + 1;
            text.push_str(&String::from_utf8_lossy(line));
            if text.len() > LINE_BYTES_MAX {
                return Err(Garbage);
            }
            let Some(octets) = literal(line)? else {
                read.drain(..at);
                return Ok(Some(Self { text, literals }));
            };
            if octets > LITERAL_BYTES_MAX || literals.len() >= LITERALS_MAX {
                return Err(Garbage);
            }
            let Some(bytes) = read.get(at..at + octets) else { return Ok(None) };
            literals.push(bytes.to_vec());
            at += octets;
        }
    }

    /// `* …`, without the star.
    pub fn untagged(&self) -> Option<&str> {
        self.text.strip_prefix("* ")
    }

    /// How the command with that tag ended, if this is its end.
    pub fn end(&self, tag: &str) -> Option<End> {
        let rest = self.text.strip_prefix(tag)?.strip_prefix(' ')?;
        let word = rest.split(' ').next().unwrap_or_default();
        Some(if word.eq_ignore_ascii_case("OK") { End::Ok } else { End::Refused(cleaned(rest, "")) })
    }

    /// The capabilities that it names, in capitals.
    pub fn capabilities(&self) -> Option<Vec<String>> {
        let rest = self.untagged()?.to_ascii_uppercase();
        let rest = rest.strip_prefix("CAPABILITY ")?;
        Some(rest.split_whitespace().map(str::to_owned).collect())
    }

    /// The numbers of `* SEARCH …`.
    pub fn found(&self) -> Option<Vec<u32>> {
        let rest = self.untagged()?;
        let (word, numbers) = rest.split_once(' ').unwrap_or((rest, ""));
        word.eq_ignore_ascii_case("SEARCH").then(|| numbers.split_whitespace().filter_map(|n| n.parse().ok()).collect())
    }

    /// The mail of `* 3 FETCH (… {n}`, empty when the server gave it in another form than it was asked for.
    pub fn mail(self) -> Option<Vec<u8>> {
        let mut words = self.untagged()?.split(' ').skip(1);
        let is_fetch = words.next().is_some_and(|w| w.eq_ignore_ascii_case("FETCH"));
        (is_fetch && self.text.to_ascii_uppercase().contains("BODY[]"))
            .then(|| self.literals.into_iter().next().unwrap_or_default())
    }
}

/// `{123}` at the end of a line: so many octets follow it.
fn literal(line: &[u8]) -> Result<Option<usize>, Garbage> {
    let Some(inside) = line.strip_suffix(b"}") else { return Ok(None) };
    let Some(begin) = inside.iter().rposition(|b| *b == b'{') else { return Ok(None) };
    let digits = std::str::from_utf8(&inside[begin + 1..]).map_err(|_| Garbage)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    digits.parse().map(Some).map_err(|_| Garbage)
}

/// A word in quotes. `None`: it can't stand in them.
pub(super) fn quoted(word: &str) -> Option<String> {
    let plain = word.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
    plain.then(|| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn one(bytes: &[u8]) -> Response {
        Response::take(&mut bytes.to_vec()).unwrap().unwrap()
    }

    #[test]
    fn answers_are_taken_with_their_literals() {
        let mut read = b"* 3 FETCH (UID 7 BODY[]<0> {7}\r\nA: b\r\n) FLAGS ())\r\nv4 OK done\r\n* SEA".to_vec();
        let fetched = Response::take(&mut read).unwrap().unwrap();
        assert_eq!(fetched.text, "* 3 FETCH (UID 7 BODY[]<0> {7} FLAGS ())");
        assert_eq!(fetched.mail().unwrap(), b"A: b\r\n)");
        assert_eq!(Response::take(&mut read).unwrap().unwrap().end("v4"), Some(End::Ok));
        assert_eq!(Response::take(&mut read), Ok(None));
        assert_eq!(Response::take(&mut b"* 1 FETCH (BODY[] {9}\r\nabc".to_vec()), Ok(None), "the rest is on its way");
        assert_eq!(one(b"* SEARCH 4 7 x\r\n").found().unwrap(), [4, 7]);
        assert_eq!(one(b"* search\r\n").found(), Some(Vec::new()));
        let no = one(b"v2 NO [AUTHENTICATIONFAILED] larm@region.example: wrong\r\n").end("v2");
        assert_eq!(no, Some(End::Refused("NO [AUTHENTICATIONFAILED] … wrong".into())));
        assert_eq!(one(b"v22 OK\r\n").end("v2"), None);
        assert_eq!(one(b"* Capability imap4rev1 Starttls\r\n").capabilities().unwrap(), ["IMAP4REV1", "STARTTLS"]);
        assert_eq!(one(b"* 3 FETCH (UID 7 BODY[] NIL)\r\n").mail().unwrap(), b"");
        assert_eq!(quoted("a\"b\\c").as_deref(), Some("\"a\\\"b\\\\c\""));
        assert_eq!((quoted("å"), quoted("a\r\nb")), (None, None));
    }

    #[test]
    fn endless_is_garbage() {
        assert_eq!(Response::take(&mut b"* 1 FETCH (BODY[] {99999999}\r\n".to_vec()), Err(Garbage));
        assert_eq!(Response::take(&mut b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n".to_vec()), Err(Garbage));
        assert_eq!(Response::take(&mut vec![b'x'; LINE_BYTES_MAX + 1]), Err(Garbage));
        assert_eq!(Response::take(&mut b"{0}\r\n".repeat(LITERALS_MAX + 1)), Err(Garbage));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_bytes_make_it_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..100),
            words in proptest::collection::vec(prop_oneof!["\\{[0-9]{1,3}\\}", "\r\n", "\\* ", "FETCH ", "BODY\\[\\]", "[a-z ]{1,5}"], 0..20),
        ) {
            let mut text = words.concat().into_bytes();
            for read in [&mut bytes, &mut text] {
                while let Ok(Some(response)) = Response::take(read) {
                    let _ = (response.capabilities(), response.found(), response.end("v1"), response.mail());
                }
            }
        }
    }
}
