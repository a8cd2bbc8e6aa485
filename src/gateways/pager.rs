//! What every way to a pager has in common: a job's pages in the letters of the transmitter, and an address that hides no
//! command. Shared by the protocols of paging; knows none of them.

use super::Job;
use crate::domain::delivery::SendError;
use crate::domain::text::pages::{PageRules, pages};
use crate::domain::text::{Charset, iso646};

/// Characters of a pager's number.
const PAGER_CHARS_MAX: usize = 64;

/// A word that can stand in a command line: no space, no control and no line end can hide in it.
pub(super) fn word(text: &str) -> Option<&str> {
    (!text.is_empty() && text.chars().count() <= PAGER_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic()))
        .then_some(text)
}

/// The pager's number.
///
/// # Errors
/// Permanent: no transmitter has such a one.
pub(super) fn number(job: &Job) -> Result<&str, SendError> {
    word(&job.to.0).ok_or_else(|| SendError::permanent("the address is not a pager number"))
}

/// The page in the transmitter's letters.
///
/// # Errors
/// The first character that it lacks. Nothing is respelled.
pub(super) fn letters(text: &str, charset: Charset) -> Result<Vec<u8>, char> {
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(c);
    }
    let latin = |c: char| u8::try_from(u32::from(c)).map_err(|_| c);
    match charset {
        Charset::Utf8 => Ok(text.as_bytes().to_vec()),
        Charset::Latin1 => text.chars().map(latin).collect(),
        Charset::Iso646Se | Charset::Iso646No | Charset::Iso646Dk | Charset::Iso646De => {
            text.chars().map(|c| iso646::byte(charset, c).ok_or(c)).collect()
        }
        Charset::Ascii7 | Charset::Numeric => {
            text.chars().map(|c| if charset.has(c) { latin(c) } else { Err(c) }).collect()
        }
        // No transmitter speaks it; the constructors refuse it.
        Charset::Gsm7 => Err(text.chars().next().unwrap_or(' ')),
    }
}

/// Whether every letter of the set fits seven bits: what a serial line with parity carries.
pub(super) fn is_seven_bit(charset: Charset) -> bool {
    !matches!(charset, Charset::Utf8 | Charset::Latin1 | Charset::Gsm7)
}

/// All pages of a job, in order, each as it goes on the air. What can't go whole is refused before the first page.
///
/// # Errors
/// Permanent: the transmitter can't carry the text.
pub(super) fn wire(job: &Job, rules: &PageRules) -> Result<Vec<Vec<u8>>, SendError> {
    let pages = pages(&job.out, job.trailer.as_deref(), rules)
        .map_err(|e| SendError::permanent(format!("the transmitter can't carry the text: it {e}")))?;
    let encoded = |page: &String| {
        letters(page, rules.charset)
            .map_err(|c| SendError::permanent(format!("the transmitter has no “{}”", c.escape_debug())))
    };
    pages.iter().map(encoded).collect()
}

/// The same failure, with the page at which it happened. A single page says nothing of it.
pub(super) fn at_page(k: usize, n: usize, e: SendError) -> SendError {
    if n <= 1 {
        return e;
    }
    let at = |cause: String| format!("page {k} of {n}: {cause}");
    match e {
        SendError::Temporary { cause, retry_after_s } => SendError::Temporary { cause: at(cause), retry_after_s },
        SendError::Permanent { cause } => SendError::Permanent { cause: at(cause) },
        SendError::Unknown { cause } => SendError::Unknown { cause: at(cause) },
    }
}

/// A far end's own words for the journal and for screens: printable, short, without the pager's number and without anything
/// that looks like an address.
pub(super) fn shown(words: &str, pager: &str, chars_max: usize) -> String {
    // What can not be seen goes first: it could part a number that is then seen whole.
    let words: String =
        words.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control()).collect();
    let kept = words.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if word.contains('@') || (!pager.is_empty() && bare == pager) { "…" } else { word }
    });
    let line = kept.collect::<Vec<_>>().join(" ");
    line.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    const SETS: [Charset; 8] = [
        Charset::Utf8,
        Charset::Latin1,
        Charset::Iso646Se,
        Charset::Iso646No,
        Charset::Iso646Dk,
        Charset::Iso646De,
        Charset::Ascii7,
        Charset::Numeric,
    ];

    #[test]
    fn letters_go_exactly_or_not_at_all() {
        let se = |t| letters(t, Charset::Iso646Se);
        assert_eq!(se("ÅÄÖ åäö").unwrap(), b"][\\ }{|");
        assert_eq!(se("a{b"), Err('{'), "it would be shown as ä");
        assert_eq!(se("æ"), Err('æ'));
        assert_eq!(letters("æ", Charset::Iso646No).unwrap(), b"{");
        assert_eq!(letters("å", Charset::Latin1).unwrap(), [0xe5]);
        assert_eq!(letters("€", Charset::Latin1), Err('€'));
        assert_eq!(letters("å", Charset::Utf8).unwrap(), "å".as_bytes());
        assert_eq!(letters("å", Charset::Ascii7), Err('å'));
        assert_eq!(letters("112", Charset::Numeric).unwrap(), b"112");
        assert_eq!(letters("LARM", Charset::Numeric), Err('L'));
        assert_eq!(letters("a\r\nSEND", Charset::Utf8), Err('\r'), "no command hides in a text");
        assert_eq!(letters("a", Charset::Gsm7), Err('a'));
    }

    #[test]
    fn a_pager_number_is_one_word() {
        assert_eq!(word("5551234"), Some("5551234"));
        for bad in ["", "5 5", "5\r\nSEND", "å", "5\u{3}", &"5".repeat(65)] {
            assert_eq!(word(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn words_of_a_far_end_give_no_address_away() {
        assert_eq!(
            shown("511 Invalid pager 5551234, ask x@y.example\u{7}", "5551234", 40),
            "511 Invalid pager … ask …"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_the_domain_says_fits_is_what_can_be_encoded(c in any::<char>()) {
            prop_assume!(!c.is_control());
            for charset in SETS {
                prop_assert_eq!(charset.has(c), letters(&c.to_string(), charset).is_ok(), "{:?} {:?}", charset, c);
            }
        }

        #[test]
        fn seven_bit_sets_stay_in_seven_bits(text in "[ -~åäöÅÄÖæøÆØüéÉß§¤]{0,40}") {
            for charset in SETS.into_iter().filter(|c| is_seven_bit(*c)) {
                if let Ok(bytes) = letters(&text, charset) {
                    prop_assert!(bytes.iter().all(|b| (0x20..0x7f).contains(b)), "{:?}", charset);
                    prop_assert_eq!(bytes.len(), text.chars().count());
                }
            }
        }
    }
}
