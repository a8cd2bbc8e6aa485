//! What went wrong, said so that somebody can act on it; and the one list of exit codes.

use std::fmt;

use serde_json::{Value, json};

use crate::domain::ids::IncidentNo;
use crate::journal::JournalError;

/// The kinds of failure. A script decides by the exit code, so that a kind never changes its code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A rule says no; nothing has changed.
    Refused,
    /// Something else; nothing has changed.
    Other,
    /// The command line was not understood, or something was not said.
    Usage,
    /// The configuration has errors.
    Configuration,
    /// The server did not take the request; nothing has changed.
    Unreachable,
    /// The server does not know who asks.
    NotSignedIn,
    /// The state folder is in use, damaged, newer than this program, or its proof does not hold.
    Journal,
    /// The request left and no answer came: it may have been carried out.
    Unknown,
    /// The journal is not the one that was noted elsewhere, whole as it may be by itself: its end was cut off, or its chain was
    /// computed anew.
    Contradicted,
}

/// Every kind with its exit code and the word that programs read. 0 is success.
pub const EXIT_CODES: [(Kind, u8, &str); 9] = [
    (Kind::Refused, 1, "refused"),
    (Kind::Other, 1, "failed"),
    (Kind::Usage, 2, "usage"),
    (Kind::Configuration, 2, "configuration"),
    (Kind::Unreachable, 3, "not-reachable"),
    (Kind::NotSignedIn, 4, "not-signed-in"),
    (Kind::Journal, 5, "journal"),
    (Kind::Unknown, 6, "outcome-unknown"),
    (Kind::Contradicted, 7, "contradicted"),
];

impl Kind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        self.row().1
    }
    /// The word for programs, where nothing more exact is known.
    pub fn code(self) -> &'static str {
        self.row().2
    }
    fn row(self) -> (Kind, u8, &'static str) {
        EXIT_CODES.into_iter().find(|(kind, ..)| *kind == self).unwrap_or((Kind::Other, 1, "failed"))
    }
}

/// A failure as it is shown: what, and what to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// A word for programs (`stale-fingerprint`).
    pub code: String,
    /// What failed, for whom, where.
    pub why: String,
    /// What to do next.
    pub help: String,
    /// The open incident that the same fault was reported as.
    pub already: Option<IncidentNo>,
}

impl Error {
    /// Of a kind, with that kind's word.
    pub fn new(kind: Kind, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, code: kind.code().into(), why: why.into(), help: help.into(), already: None }
    }
    /// The command line was not understood, or something was not said.
    pub fn usage(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Kind::Usage, why, help)
    }
    /// Something else.
    pub fn other(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Kind::Other, why, help)
    }
    /// With a more exact word for programs.
    #[must_use]
    pub fn coded(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }
    /// For programs.
    pub fn json(&self) -> Value {
        json!({ "error": { "code": self.code, "why": self.why, "help": self.help } })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}
impl std::error::Error for Error {}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        Self::new(Kind::Journal, error.to_string(), error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_promised_to_scripts() {
        let promised = [
            (Kind::Refused, 1),
            (Kind::Other, 1),
            (Kind::Usage, 2),
            (Kind::Configuration, 2),
            (Kind::Unreachable, 3),
            (Kind::NotSignedIn, 4),
            (Kind::Journal, 5),
            (Kind::Unknown, 6),
            (Kind::Contradicted, 7),
        ];
        assert_eq!(EXIT_CODES.len(), promised.len());
        for (kind, code) in promised {
            assert_eq!(kind.exit_code(), code, "{kind:?}");
        }
    }

    #[test]
    fn a_program_reads_what_went_wrong_and_what_to_do_next() {
        let error = Error::new(Kind::Refused, "a no needs a reason", "give it with --reason").coded("no-reason");
        let json =
            json!({"error": {"code": "no-reason", "why": "a no needs a reason", "help": "give it with --reason"}});
        assert_eq!(error.json(), json);
    }
}
