//! What one paging terminal is told.

use super::super::line::Place;
use super::super::{Secret, pager};
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;

/// One paging terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TapConfig {
    /// Where it is.
    pub place: Place,
    /// The password behind `PG1`, six characters at most in the specification; terminals differ.
    pub password: Option<Secret>,
    /// What it puts on the air: a set of seven bits.
    pub charset: Charset,
    /// Characters of one pager page.
    pub chars_max: u32,
    /// Pages of one text.
    pub pages_max: u32,
    /// Connecting, seconds.
    pub connect_timeout_s: u16,
    /// Between one CR and the next until `ID=` comes, seconds (7.0: 2).
    pub wake_every_s: u16,
    /// So many CR (7.0: 3).
    pub wakes_max: u16,
    /// One answer, seconds. After the last block of a page, the outcome is unknown then.
    pub reply_timeout_s: u16,
    /// So often a block is sent that the terminal did not understand (7.0: 3).
    pub sends_max: u16,
}

impl Default for TapConfig {
    fn default() -> Self {
        Self {
            place: Place::Tcp { host: "127.0.0.1".into(), port: 0 },
            password: None,
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            connect_timeout_s: 10,
            wake_every_s: 2,
            wakes_max: 3,
            reply_timeout_s: 15,
            sends_max: 3,
        }
    }
}

impl TapConfig {
    /// What fits: for `check` and for drafts.
    pub fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Says which setting can't work, and what to write instead.
    pub(super) fn checked(&self) -> Result<(), String> {
        if !pager::is_seven_bit(self.charset) {
            return Err("charset: TAP carries seven bits; write ascii7 or a variant of iso646".into());
        }
        if self.password.as_ref().is_some_and(|p| pager::word(p.expose()).is_none()) {
            return Err("password: printable ASCII without spaces".into());
        }
        Ok(())
    }
}
