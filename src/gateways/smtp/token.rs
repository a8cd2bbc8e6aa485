//! The word by which a report or an answer names one of our mails, and which nobody can make up.
//!
//! ```text
//! token      = delivery "." text-hash "." mac        X3.17.0a1b2c3d4e5f.0123456789abcdef     (ENVID)
//! Message-ID = "<" token "." address-mac "@" domain ">"
//! ```
//!
//! Anybody can send a mail to the mailbox in which reports come in. Without the mac a stranger could say that a mail has
//! arrived, or that it has not; without the mac of the address somebody who got a mail could answer as another duty.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::ids::DeliveryId;

/// Longest token that is looked at; ENVID holds 100 (RFC 3461 4.4).
const TOKEN_BYTES_MAX: usize = 100;
/// Words of one text that look like tokens and are tried: each costs a mac.
const TRIED_MAX: usize = 64;
/// Bytes of the mac that are written.
const MAC_BYTES: usize = 8;
/// Bytes of the address's mac that are written: whoever guesses has a valid token already.
const ADDRESS_MAC_BYTES: usize = 4;

/// Makes and knows tokens.
#[derive(Clone)]
pub(super) struct Tokens(Hmac<Sha256>);

impl Tokens {
    /// With a key that stays the same over restarts: reports come late.
    pub fn new(key: [u8; 32]) -> Self {
        // RFC 2104: a key shorter than SHA-256's block of 64 bytes is filled up with zeros.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        Self(<Hmac<Sha256> as KeyInit>::new(&block.into()))
    }

    fn mac<const N: usize>(&self, purpose: &str, word: &str, address: &str) -> String {
        let mut mac = self.0.clone();
        for part in [purpose, word, address] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        hex::encode(&mac.finalize().into_bytes()[..N])
    }

    /// The token of a delivery; `text_hash` tells texts apart when incidents are counted anew.
    pub fn token(&self, delivery: DeliveryId, text_hash: &str) -> String {
        let word = format!("{delivery}.{text_hash}");
        format!("{word}.{}", self.mac::<MAC_BYTES>("report", &word, ""))
    }

    /// The Message-ID of the mail with that token to that address, without angle brackets.
    pub fn message_id(&self, token: &str, to: &str, domain: &str) -> String {
        format!("{token}.{}@{domain}", self.mac::<ADDRESS_MAC_BYTES>("address", token, &to.to_lowercase()))
    }

    /// The delivery that a token names, if we made it.
    pub fn delivery(&self, token: &str) -> Option<DeliveryId> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (word, mac) = token.rsplit_once('.')?;
        if !same(&self.mac::<MAC_BYTES>("report", word, ""), mac) {
            return None;
        }
        word.rsplit_once('.')?.0.parse().ok()
    }

    /// The delivery that a Message-ID names, if we made it, with or without angle brackets.
    pub fn of_message_id(&self, id: &str) -> Option<DeliveryId> {
        self.delivery(local(id)?.rsplit_once('.')?.0)
    }

    /// The same, if the mail went to that very address.
    pub fn answered_by(&self, id: &str, from: &str) -> Option<DeliveryId> {
        let (token, mac) = local(id)?.rsplit_once('.')?;
        let delivery = self.delivery(token)?;
        same(&self.mac::<ADDRESS_MAC_BYTES>("address", token, &from.to_lowercase()), mac).then_some(delivery)
    }

    /// The deliveries whose token or Message-ID stands anywhere in a text, each once, in the order in which they stand.
    pub fn quoted_in(&self, text: &str) -> Vec<DeliveryId> {
        let mut found = Vec::new();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|w| looks_like_a_token(w));
        for word in words.take(TRIED_MAX) {
            // Some servers write the part before the @ in small letters; the mark of a drill is a large one.
            let word = word.strip_prefix('x').map_or_else(|| word.to_owned(), |rest| format!("X{rest}"));
            let of_message_id = word.rsplit_once('.').and_then(|(token, _)| self.delivery(token));
            if let Some(delivery) = self.delivery(&word).or(of_message_id)
                && !found.contains(&delivery)
            {
                found.push(delivery);
            }
        }
        found
    }
}

/// Whether a mac could end the word, or stand before the address's mac at its end.
fn looks_like_a_token(word: &str) -> bool {
    let pieces = || word.rsplit('.').take(2);
    let is_mac = |piece: &str| piece.len() == 2 * MAC_BYTES && piece.bytes().all(|b| b.is_ascii_hexdigit());
    word.len() <= TOKEN_BYTES_MAX && pieces().any(is_mac)
}

fn local(id: &str) -> Option<&str> {
    id.trim().trim_start_matches('<').trim_end_matches('>').rsplit_once('@').map(|(local, _)| local)
}

/// In a time that does not depend on where they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::IncidentNo;

    fn id(n: u32) -> DeliveryId {
        DeliveryId { incident: IncidentNo::exercise(3), ordinal: n }
    }

    #[test]
    fn a_token_comes_back_and_a_made_up_one_does_not() {
        let tokens = Tokens::new([7; 32]);
        let token = tokens.token(id(17), "0a1b2c3d4e5f");
        assert!(token.starts_with("X3.17.0a1b2c3d4e5f.") && token.len() <= TOKEN_BYTES_MAX, "{token}");
        assert_eq!(tokens.delivery(&token), Some(id(17)));
        let message_id = tokens.message_id(&token, "Tib@fs.example", "region.example");
        assert_eq!(tokens.of_message_id(&format!("<{message_id}>")), Some(id(17)));
        assert_eq!(tokens.answered_by(&message_id, "tib@FS.example"), Some(id(17)));
        assert_eq!(tokens.answered_by(&message_id, "kib@fs.example"), None, "not the one it went to");
        assert_eq!(Tokens::new([8; 32]).delivery(&token), None);
        assert_eq!(tokens.delivery(&token.replace("17", "18")), None);
        assert_eq!(tokens.of_message_id(&format!("<{token}@region.example>")), None);
    }

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        let tokens = Tokens::new([7; 32]);
        let (token, other) = (tokens.token(id(17), "0a1b2c3d4e5f"), tokens.token(id(18), "0a1b2c3d4e5f"));
        let message_id = tokens.message_id(&token, "tib@fs.example", "region.example");
        for text in [
            format!("Message-ID: <{message_id}>"),
            format!("> Message-Id:{message_id}\n> x"),
            format!("your mail {token}, of"),
            format!("id=<{}>", message_id.to_lowercase()),
            format!("{token} {message_id} \u{e5}{token}"),
        ] {
            assert_eq!(tokens.quoted_in(&text), [id(17)], "{text}");
        }
        assert_eq!(tokens.quoted_in(&format!("{token} {other}")), [id(17), id(18)]);
        assert_eq!(tokens.quoted_in(&token.replace("17", "18")), []);
        let tried = format!("{}{token}", "1.2.ab.0123456789abcdef ".repeat(TRIED_MAX));
        assert_eq!(tokens.quoted_in(&tried), [], "so many words cost enough");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_words_make_it_panic_or_believe(word in "\\PC{0,120}", other in "[0-9a-f.@<>X]{0,60}") {
            let tokens = Tokens::new([7; 32]);
            for w in [&word, &other] {
                prop_assert_eq!(tokens.delivery(w), None);
                prop_assert_eq!(tokens.of_message_id(w), None);
                prop_assert_eq!(tokens.answered_by(w, "a@b"), None);
                prop_assert!(tokens.quoted_in(w).is_empty());
            }
        }
    }
}
