//! What one transmitter is told.

use serde::Deserialize;

use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::gateways::{Secret, pager};

/// How much of RFC 1861 a transmitter speaks.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Default, Debug)]
#[serde(try_from = "u8")]
pub enum Level {
    /// PAGE, MESS, SEND, RESE, QUIT.
    #[default]
    One,
    /// And LOGI, DATA, ALER, CALL.
    Two,
    /// And two-way transactions.
    Three,
}

impl TryFrom<u8> for Level {
    type Error = String;
    fn try_from(level: u8) -> Result<Self, String> {
        match level {
            1 => Ok(Level::One),
            2 => Ok(Level::Two),
            3 => Ok(Level::Three),
            _ => Err(format!("level {level} is not spoken here; write 1, 2 or 3")),
        }
    }
}

/// Who we are to the transmitter.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Secret, if it wants one.
    #[serde(default)]
    pub password: Option<Secret>,
}

impl Login {
    /// Whether both go into one command line.
    pub(super) fn is_sendable(&self) -> bool {
        let password = self.password.as_ref().map(Secret::expose);
        [Some(self.user.as_str()), password].into_iter().flatten().all(|w| pager::word(w).is_some())
    }
}

/// Pagers that answer (RFC 1861, level 3).
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct TwoWay {
    /// The answers to choose from on a page that asks for one, such as JA and NEJ; the incident's number is added when one
    /// comes back. None: the pager writes what it wants.
    pub replies: Vec<String>,
    /// The pager tells when the page was read. It is shown as delivered: reading is no answer.
    pub read_ack: bool,
    /// Each page is preceded by a look whether the pager is in reach.
    pub ping: bool,
    /// What became of the pages is asked that often, seconds.
    pub status_every_s: u16,
    /// So long it is asked, seconds; a page that is still queued then is taken back.
    pub follow_s: u32,
}

impl Default for TwoWay {
    fn default() -> Self {
        let replies = ["JA", "NEJ"].map(str::to_owned).to_vec();
        Self { replies, read_ack: false, ping: false, status_every_s: 15, follow_s: 3_600 }
    }
}

/// One transmitter.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct SnppConfig {
    /// Host name or IP address.
    pub host: String,
    /// 444 by RFC 1861.
    pub port: u16,
    /// How much it speaks, 1 to 3.
    pub level: Level,
    /// Sent as LOGI when given.
    pub login: Option<Login>,
    /// What it puts on the air.
    pub charset: Charset,
    /// Characters of one pager page.
    pub chars_max: u32,
    /// Pages of one text.
    pub pages_max: u32,
    /// Bytes of one MESS line. A longer page goes by DATA at level 2, else not at all.
    pub mess_bytes_max: u32,
    /// `SITE JQUEUE YES` before each page: HylaFAX's SEND waits for the end of the job otherwise.
    pub jqueue: bool,
    /// ALER 1: the pager sounds even when it is set to silent. Level 2.
    pub alert: bool,
    /// Who calls, as CALL. Level 2.
    pub caller: Option<String>,
    /// Its pagers answer. Level 3.
    pub two_way: Option<TwoWay>,
    /// Connections at the same time.
    pub connections_max: u16,
    /// Connecting, seconds.
    pub connect_timeout_s: u16,
    /// One answer to one command, seconds.
    pub reply_timeout_s: u16,
    /// The answer to SEND, seconds. After it the outcome is unknown, and the text is repeated.
    pub send_timeout_s: u16,
    /// A connection without work is closed after that, seconds.
    pub idle_s: u16,
}

impl Default for SnppConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 444,
            level: Level::default(),
            login: None,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            mess_bytes_max: 128,
            jqueue: false,
            alert: false,
            caller: None,
            two_way: None,
            connections_max: 1,
            connect_timeout_s: 10,
            reply_timeout_s: 20,
            send_timeout_s: 60,
            idle_s: 30,
        }
    }
}

impl SnppConfig {
    /// What fits: for `check` and for drafts.
    pub fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_password_never_shows() {
        let text = r#"{"level":2,"charset":"iso646-se","login":{"user":"larm","password":"hemligt"}}"#;
        let config: SnppConfig = serde_json::from_str(text).unwrap();
        assert_eq!((config.level, config.charset), (Level::Two, Charset::Iso646Se));
        assert!(!format!("{config:?}").contains("hemligt"));
        assert!(serde_json::from_str::<SnppConfig>(r#"{"prot":25}"#).is_err());
    }
}
