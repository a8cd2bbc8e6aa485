//! What a terminal's answer to a block means. Pure.

use super::super::pager;
use super::codec::code;
use crate::domain::delivery::SendError;

/// Characters of a terminal's own words that are kept.
const CAUSE_CHARS_MAX: usize = 120;

/// How a terminal ends its answer to a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Ack,
    Nak,
    Abandon,
    Leave,
}

/// What follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The block is taken.
    Taken,
    /// The same block again.
    Again(SendError),
    /// This page failed; the terminal stays.
    Failed(SendError),
    /// This page failed, and the terminal hangs up.
    Gone(SendError),
}

/// Codes of appendix A that speak of this moment and not of this page: time-outs, checksums, quota, a full queue, the logon.
fn is_passing(code: u16) -> bool {
    matches!(code, 501..=503 | 506..=509 | 512 | 514 | 516)
}

/// Codes of 2xx with which a terminal says that it cut the text (212, 214). Accepted by its lights; for us the page failed:
/// nothing is ever cut.
fn is_cut(code: u16) -> bool {
    matches!(code, 212 | 214)
}

/// Reads the lines before the end, and the end.
pub(super) fn verdict(words: &[String], end: End, pager: &str) -> Verdict {
    let told = words.iter().rev().find(|w| code(w).is_some()).or(words.last());
    let code = told.and_then(|w| code(w));
    let cause = |otherwise: &str| match told {
        Some(words) => pager::shown(words, pager, CAUSE_CHARS_MAX),
        None => otherwise.to_owned(),
    };
    let by_code = |otherwise: &str, unknown: fn(String) -> SendError| match code {
        Some(c) if is_passing(c) => SendError::temporary(cause(otherwise)),
        Some(500..=599) => SendError::permanent(cause(otherwise)),
        _ => unknown(cause(otherwise)),
    };
    match end {
        End::Ack => match code {
            Some(c) if is_cut(c) => {
                Verdict::Failed(SendError::permanent(format!("the terminal cut the text: {}", cause(""))))
            }
            // Taken and refused at once: it is refused.
            Some(500..=599) => Verdict::Failed(by_code("", SendError::permanent)),
            _ => Verdict::Taken,
        },
        End::Nak => Verdict::Again(by_code("the terminal did not understand the block", SendError::temporary)),
        End::Abandon => Verdict::Failed(by_code("the terminal gave the page up", SendError::permanent)),
        End::Leave => Verdict::Gone(by_code("the terminal hung up", SendError::temporary)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str], end: End) -> Verdict {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        verdict(&words, end, "5551234")
    }

    #[test]
    fn each_answer_has_its_meaning() {
        use End::{Abandon, Ack, Leave, Nak};
        assert_eq!(of(&[], Ack), Verdict::Taken);
        assert_eq!(of(&["211 Page(s) sent"], Ack), Verdict::Taken);
        assert_eq!(of(&["213 Held"], Ack), Verdict::Taken);
        assert_eq!(
            of(&["214 80 character maximum"], Ack),
            Verdict::Failed(SendError::permanent("the terminal cut the text: 214 80 character maximum"))
        );
        assert_eq!(of(&["511 no 5551234"], Ack), Verdict::Failed(SendError::permanent("511 no …")), "200 but failed");
        assert_eq!(of(&["514 Checksum"], Nak), Verdict::Again(SendError::temporary("514 Checksum")));
        assert_eq!(of(&["511 Unknown"], Abandon), Verdict::Failed(SendError::permanent("511 Unknown")));
        assert_eq!(of(&["512 Try later"], Abandon), Verdict::Failed(SendError::temporary("512 Try later")));
        assert_eq!(of(&[], Abandon), Verdict::Failed(SendError::permanent("the terminal gave the page up")));
        assert_eq!(of(&["509 Password"], Leave), Verdict::Gone(SendError::temporary("509 Password")));
        assert_eq!(of(&["Bye"], Leave), Verdict::Gone(SendError::temporary("Bye")));
        // The code counts, wherever it stands among the lines.
        assert_eq!(of(&["511 Unknown", "sorry"], Abandon), Verdict::Failed(SendError::permanent("511 Unknown")));
    }
}
