//! Between the session with a mail server and what travels by mail without being a mail to a person: whoever makes such
//! letters knows nothing of SMTP, and the session nothing of them.

use jiff::Timestamp;

use super::Job;
use crate::domain::delivery::SendError;

/// A message, ready for a mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The mail address that it goes to.
    pub to: String,
    /// Headers and body (RFC 5322), dots not doubled.
    pub message: Vec<u8>,
    /// What the far end will count, such as pages.
    pub units: u16,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({} units, {} bytes)", self.units, self.message.len())
    }
}

/// Makes letters of jobs.
pub trait Letters: Send + Sync {
    /// The letter of a job; the same for a repeat but for its date.
    ///
    /// # Errors
    /// Permanent: why this job can't travel so.
    fn letter(&self, job: &Job, now: Timestamp) -> Result<Letter, SendError>;
}
