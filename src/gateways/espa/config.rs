//! What one ESPA 4.4.4 link is told.

use super::super::line::Place;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;

/// Who says whose turn it is on the link.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Role {
    /// We do (the control station): point to point, as most paging systems expect.
    #[default]
    Control,
    /// The paging system does, and polls us.
    Polled,
}

/// One paging system behind an ESPA 4.4.4 link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EspaConfig {
    /// Where it is.
    pub place: Place,
    /// Who polls.
    pub role: Role,
    /// Our address on the link, one character.
    pub own: char,
    /// The paging system's.
    pub system: char,
    /// What its pagers show. Latin-1 wants a line of eight bits.
    pub charset: Charset,
    /// Characters of one pager page.
    pub chars_max: u32,
    /// Pages of one text.
    pub pages_max: u32,
    /// Bytes of one block; systems differ, 128 is what all take.
    pub block_bytes_max: u32,
    /// Beep coding (record 3), as the paging system numbers it. `None`: the record is left out.
    pub beep: Option<u8>,
    /// Call type (record 4): 3 is a call without speech.
    pub call_type: Option<u8>,
    /// Number of transmissions (record 5).
    pub transmissions: Option<u8>,
    /// Priority (record 6): 1 is an alarm, 3 is normal. `None`: an alert goes with 1, all else with 2.
    pub priority: Option<u8>,
    /// Connecting, seconds.
    pub connect_timeout_s: u16,
    /// One answer, seconds.
    pub reply_timeout_s: u16,
    /// So long we wait to be polled, seconds.
    pub poll_timeout_s: u16,
    /// So often we poll for status, seconds. 0: never.
    pub poll_every_s: u16,
    /// Control station: nothing comes for so long before we begin a turn, milliseconds.
    pub quiet_ms: u16,
    /// So often a block is sent that was not understood.
    pub sends_max: u16,
    /// So often the system is selected that was not ready.
    pub tries_max: u16,
}

impl Default for EspaConfig {
    fn default() -> Self {
        Self {
            place: Place::Tcp { host: "127.0.0.1".into(), port: 0 },
            role: Role::Control,
            own: '1',
            system: '2',
            charset: Charset::Ascii7,
            chars_max: 80,
            pages_max: 8,
            block_bytes_max: 128,
            beep: None,
            call_type: Some(3),
            transmissions: None,
            priority: None,
            connect_timeout_s: 10,
            reply_timeout_s: 5,
            poll_timeout_s: 30,
            poll_every_s: 5,
            quiet_ms: 50,
            sends_max: 3,
            tries_max: 3,
        }
    }
}

impl EspaConfig {
    /// What fits: for `check` and for drafts.
    pub fn page_rules(&self) -> PageRules {
        PageRules { chars_max: self.chars_max, pages_max: self.pages_max, charset: self.charset }
    }

    /// Says which setting can't work, and what to write instead.
    pub(super) fn checked(&self) -> Result<(), String> {
        if matches!(self.charset, Charset::Utf8 | Charset::Gsm7) {
            return Err(
                "charset: ESPA 4.4.4 carries one byte a letter; write ascii7, a variant of iso646, or latin1".into()
            );
        }
        if !self.own.is_ascii_graphic() || !self.system.is_ascii_graphic() || self.own == self.system {
            return Err("own, system: two different characters, such as 1 and 2".into());
        }
        Ok(())
    }
}
