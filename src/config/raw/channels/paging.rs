//! `channels/paging.yaml`: transmitters and paging systems. Each is spoken to in one protocol.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CharsetWord, LimitsEntry, SecretEntry};
use crate::config::raw::{At, List, Name, Need, Ordered, Secs};

/// `channels/paging.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagingFile {
    /// In the order in which they are tried.
    pub gateways: Ordered<PagingGateway>,
}

/// A paging transmitter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagingGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// What it can show.
    pub charset: At<CharsetWord>,
    /// Characters of one page.
    pub chars_max: At<u32>,
    /// The most pages of one text.
    pub pages_max: At<u32>,
    /// The pagers can answer.
    #[serde(default)]
    pub answers: bool,
    /// It tells when the pager has it.
    #[serde(default)]
    pub receipts: bool,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// SNPP (RFC 1861).
    #[serde(default)]
    pub snpp: Option<SnppEntry>,
    /// TAP 1.8.
    #[serde(default)]
    pub tap: Option<TapEntry>,
    /// ESPA 4.4.4.
    #[serde(default)]
    pub espa: Option<EspaEntry>,
    /// POCSAG as sound.
    #[serde(default)]
    pub pocsag: Option<PocsagEntry>,
}

/// SNPP (RFC 1861).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnppEntry {
    /// Name or address.
    pub host: Name,
    /// Port.
    pub port: u16,
    /// The login, if the server wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// SNPP level 1 to 3. Default: 1.
    #[serde(default)]
    pub level: Option<u8>,
    /// Bytes of one MESS line; a longer page goes by DATA (level 2). Default: 128.
    #[serde(default)]
    pub mess_bytes_max: Option<u32>,
    /// The transmitter is HylaFAX: it answers when a page is queued, not when it was sent (SITE JQUEUE YES). Default: false.
    #[serde(default)]
    pub jqueue: bool,
    /// The pager sounds even when it is set to silent (ALER 1, level 2). Default: false.
    #[serde(default)]
    pub alert: bool,
    /// The number that pagers show as caller (CALL, level 2).
    #[serde(default)]
    pub caller: Option<String>,
    /// How long connecting may take. Default: 10s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// How long the answer to SEND may take: after it the outcome is unknown, and the page is repeated. Default: 60s.
    #[serde(default)]
    pub send_timeout: Option<Secs>,
    /// A connection without work is closed after that. Default: 30s.
    #[serde(default)]
    pub idle_max: Option<Secs>,
    /// The pagers answer (level 3).
    #[serde(default)]
    pub two_way: Option<TwoWayEntry>,
}

/// Pagers that answer (SNPP level 3).
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwoWayEntry {
    /// The answers to choose from, in ASCII. Default: JA, NEJ. An empty list: the pager writes what it wants.
    #[serde(default)]
    pub replies: Option<List<String>>,
    /// The pager tells when a page was read; that shows as delivered, it is no answer. Default: false.
    #[serde(default)]
    pub read_ack: bool,
    /// Looks before each page whether the pager is in reach (PING). Default: false.
    #[serde(default)]
    pub ping: bool,
    /// How often it is asked what became of the pages. Default: 15s.
    #[serde(default)]
    pub status_every: Option<Secs>,
    /// How long; a page that is still queued then is taken back. Default: 1h.
    #[serde(default)]
    pub follow: Option<Secs>,
}

/// A line to a paging terminal: host and port, or a serial device of this machine.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineEntry {
    /// Name or address, with port.
    #[serde(default)]
    pub host: Option<Name>,
    /// Port.
    #[serde(default)]
    pub port: Option<u16>,
    /// A serial device, such as /dev/ttyS0.
    #[serde(default)]
    pub device: Option<Name>,
    /// Bits a second. Default: 9600.
    #[serde(default)]
    pub baud: Option<u32>,
    /// 7e1 or 8n1. Default: 7e1.
    #[serde(default)]
    pub framing: FramingWord,
    /// none or rtscts. Default: none.
    #[serde(default)]
    pub flow: FlowWord,
}

/// Bits of a character on a serial line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
pub enum FramingWord {
    /// Seven bits, even parity.
    #[default]
    #[serde(rename = "7e1")]
    SevenEven,
    /// Eight bits, no parity.
    #[serde(rename = "8n1")]
    EightNone,
}

/// Who holds the other side back on a serial line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlowWord {
    /// Nobody.
    #[default]
    None,
    /// RTS and CTS.
    Rtscts,
}

/// TAP 1.8 (Telocator Alphanumeric Protocol), automatic mode.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TapEntry {
    /// The line.
    pub line: LineEntry,
    /// The password behind PG1, if the terminal wants one.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
    /// How long connecting may take. Default: 10s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// How often a block is sent that was not understood. Default: 3.
    #[serde(default)]
    pub sends_max: Option<u32>,
}

/// Who polls on an ESPA 4.4.4 link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleWord {
    /// We do.
    #[default]
    Control,
    /// The paging system polls us.
    Polled,
}

/// ESPA 4.4.4, the serial interface of on-site paging systems.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EspaEntry {
    /// The line.
    pub line: LineEntry,
    /// control: we poll; polled: the paging system does. Default: control.
    #[serde(default)]
    pub role: RoleWord,
    /// Our address on the link, one character. Default: "1".
    #[serde(default)]
    pub own: Option<char>,
    /// The paging system's. Default: "2".
    #[serde(default)]
    pub system: Option<char>,
    /// Bytes of one block that the paging system takes. Default: 128.
    #[serde(default)]
    pub block_bytes_max: Option<u32>,
    /// Beep coding (record 3), as the paging system numbers it. Default: not sent.
    #[serde(default)]
    pub beep: Option<u8>,
    /// Call type (record 4). Default: 3, a call without speech.
    #[serde(default)]
    pub call_type: Option<u8>,
    /// Number of transmissions (record 5). Default: not sent.
    #[serde(default)]
    pub transmissions: Option<u8>,
    /// Priority (record 6). Default: 1 (alarm) for an alert, 2 for all else.
    #[serde(default)]
    pub priority: Option<u8>,
    /// How long connecting may take. Default: 10s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
    /// role polled: how long we wait for our turn. Default: 30s.
    #[serde(default)]
    pub poll_timeout: Option<Secs>,
    /// role control: how often the paging system is asked for status; 0s for never. Default: 5s.
    #[serde(default)]
    pub poll_every: Option<Secs>,
    /// role control: so many milliseconds of silence before we begin; more for a paging system that is slow to end its turn.
    /// Default: 50.
    #[serde(default)]
    pub quiet_ms: Option<u16>,
    /// How often a block is sent that was damaged on the way. Default: 3.
    #[serde(default)]
    pub sends_max: Option<u32>,
    /// How often a paging system is selected that was not ready. Default: 3.
    #[serde(default)]
    pub tries_max: Option<u32>,
}

/// What a file of sound begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AudioWord {
    /// Nothing: bare samples, signed 16 bits, little-endian (`.s16`).
    #[default]
    Raw,
    /// A RIFF header (`.wav`).
    Wav,
}

/// POCSAG as sound for a transmitter: 22 050 samples a second, one channel. One of folder, command, and host with port.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PocsagEntry {
    /// A file for each text goes into this folder; relative paths count from the configuration folder.
    #[serde(default)]
    pub folder: Option<Name>,
    /// raw or wav, for folder. Default: raw.
    #[serde(default)]
    pub format: AudioWord,
    /// More files than these in the folder: nobody takes them, and the gateway fails. Default: 100.
    #[serde(default)]
    pub files_max: Option<u32>,
    /// A program and its arguments; it gets the samples as its input, and exit code 0 is its yes.
    #[serde(default)]
    pub command: Option<List<String>>,
    /// A name or address that takes the samples over TCP.
    #[serde(default)]
    pub host: Option<Name>,
    /// Its port.
    #[serde(default)]
    pub port: Option<u16>,
    /// 512, 1200 or 2400 bits a second. Default: 1200.
    #[serde(default)]
    pub baud: Option<At<u32>>,
    /// The function of a pager whose address does not say it (1234567:3), 0 to 3. Default: 3; 0 for numeric pagers.
    #[serde(default)]
    pub function: Option<u8>,
    /// The transmitter turns the signal round. Default: false.
    #[serde(default)]
    pub inverted: bool,
    /// Silence before the preamble, for a transmitter that is keyed by sound, in milliseconds. Default: 0.
    #[serde(default)]
    pub lead_ms: Option<u32>,
}
