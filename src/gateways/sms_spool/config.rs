//! One modem spool as an operator configures it.

use std::path::PathBuf;

use crate::domain::text::sms::SmsLimits;

/// Whose folders they are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Daemon {
    /// SMS Server Tools 3 (`smsd`).
    #[default]
    Smstools,
    /// `gammu-smsd` with its FILES backend.
    Gammu,
}

/// The spool of a modem's daemon on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpoolConfig {
    /// Whose folders.
    pub daemon: Daemon,
    /// Where files to send go.
    pub outgoing: PathBuf,
    /// Where the daemon keeps what it has taken and not sent (`checked/` and queues of smstools; gammu has none).
    pub queued: Vec<PathBuf>,
    /// Where the daemon puts what it sent.
    pub sent: PathBuf,
    /// Where the daemon puts what it could not send.
    pub failed: PathBuf,
    /// Where answers come in; `None`: they are not read.
    pub incoming: Option<PathBuf>,
    /// Where status reports come in; `None`: none are asked for. smstools writes them among the answers when it has no
    /// `report` folder: then it is the same path.
    pub reports: Option<PathBuf>,
    /// The queue of smstools that a text goes to (`Queue:`); empty: by its own rules.
    pub queue: String,
    /// Alphabet, splitting, parts.
    pub sms: SmsLimits,
    /// Texts that may lie in the spool without an outcome.
    pub window_max: u16,
    /// After that a text that the daemon has not sent goes another way. A modem needs some 5 s for each SMS.
    pub accept_timeout_s: u32,
    /// How often the folders are looked at.
    pub poll_interval_ms: u32,
    /// Our files in `sent` are kept that long: they tell after a crash what went out, and which receipt is whose.
    pub keep_s: u32,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self {
            daemon: Daemon::Smstools,
            outgoing: PathBuf::new(),
            queued: Vec::new(),
            sent: PathBuf::new(),
            failed: PathBuf::new(),
            incoming: None,
            reports: None,
            queue: String::new(),
            sms: SmsLimits::default(),
            window_max: 8,
            accept_timeout_s: 120,
            poll_interval_ms: 500,
            keep_s: 7 * 86_400,
        }
    }
}
