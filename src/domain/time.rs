//! A moment: milliseconds since 1970, UTC. Small and flat in the journal.

use std::fmt;
use std::ops::{Add, Sub};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At(pub i64);

impl At {
    /// As jiff has it. What lies outside of jiff's years becomes 1970: it can only come from a damaged record.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
    /// Seconds from an earlier moment to this one; 0 when it is later.
    pub fn seconds_since(self, earlier: At) -> u32 {
        u32::try_from((self.0 - earlier.0).max(0) / 1000).unwrap_or(u32::MAX)
    }
}

impl From<Timestamp> for At {
    fn from(t: Timestamp) -> Self {
        At(t.as_millisecond())
    }
}
impl Serialize for At {
    /// RFC 3339 in formats that people read, a number in the journal.
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { s.serialize_i64(self.0) }
    }
}
impl<'de> Deserialize<'de> for At {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if !d.is_human_readable() {
            return i64::deserialize(d).map(At);
        }
        let text = String::deserialize(d)?;
        text.parse::<Timestamp>().map(At::from).map_err(serde::de::Error::custom)
    }
}
impl schemars::JsonSchema for At {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "At".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time", "description": "A moment (RFC 3339); answers have it in UTC." })
    }
}
/// A u32 of seconds always fits.
fn milliseconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1000
}

/// Plus seconds.
impl Add<u32> for At {
    type Output = At;
    fn add(self, seconds: u32) -> At {
        At(self.0.saturating_add(milliseconds(seconds)))
    }
}
/// Minus seconds.
impl Sub<u32> for At {
    type Output = At;
    fn sub(self, seconds: u32) -> At {
        At(self.0.saturating_sub(milliseconds(seconds)))
    }
}
impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}
