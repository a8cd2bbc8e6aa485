//! Names and numbers that the whole program shares. IDs go into logs; addresses and texts never do.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Arc<str>);
        impl $name {
            /// The ID as text.
            #[cfg_attr(not(feature = "internals"), allow(dead_code, reason = "not of every ID"))]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl From<&str> for $name { fn from(s: &str) -> Self { Self(s.into()) } }
        impl From<String> for $name { fn from(s: String) -> Self { Self(s.into()) } }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) } }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) } }
    };
}

string_id!(/** A key function: a duty that somebody always holds (`tib`, `iva`). */ FunctionId);
string_id!(/** A site (`FS`); also the region as a whole (`REG`). ASCII, short: it stands in texts. */ SiteId);
string_id!(/** One configured gateway (`sms-api`). */ GatewayId);
string_id!(/** An IT system (`journal`). */ SystemId);
string_id!(/** Infrastructure that systems and gateways hang on (`hall-a`). */ InfraId);
string_id!(/** A fallback routine (`paper-record`). */ RoutineId);
string_id!(/** A playbook (`ehr-down`). */ PlaybookId);
string_id!(/** A named list of functions. */ GroupId);
string_id!(/** A drill of `playbooks/drills.yaml` (`ways-by-day`). */ DrillId);

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
        #[serde(transparent)]
        pub struct $name(pub u32);
        impl $name {
            /// As a position in the plan's list.
            pub fn ix(self) -> usize { self.0 as usize }
        }
    };
}

index!(/** Position of a function in one [`Plan`](crate::domain::plan::Plan). Meaningless without that plan. */ FunctionIx);
index!(/** Position of a duty point in one plan. */ PointIx);
index!(/** Position of a gateway in one plan. */ GatewayIx);

/// Whether something is meant. A drill carries its status in every type that can leave the house.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Real.
    Actual,
    /// A drill: marked on every unit, with ladders of its own.
    Exercise,
}

/// Number of an incident: `14`, or `Ö-3` for a drill (RULES D1: drill numbers look different).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IncidentNo {
    /// Real or drill; the two are counted apart.
    pub status: Status,
    /// Counted from 1.
    pub n: u32,
}

impl IncidentNo {
    /// A real incident's number.
    pub const fn actual(n: u32) -> Self {
        Self { status: Status::Actual, n }
    }
    /// A drill's number.
    pub const fn exercise(n: u32) -> Self {
        Self { status: Status::Exercise, n }
    }
    /// As it stands in a text. A transmitter without Ö gets the text of a language that has no Ö in its drill prefix,
    /// so the prefix goes with the language (`drill_prefix` in `messages.yaml`); both forms are understood in answers.
    pub fn written(self, drill_prefix: &str) -> String {
        match self.status {
            Status::Actual => self.n.to_string(),
            Status::Exercise => format!("{drill_prefix}-{}", self.n),
        }
    }
}

impl fmt::Display for IncidentNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written("Ö"))
    }
}

/// Why a number was not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadNumber(pub String);
impl fmt::Display for BadNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not the number of an incident or a message; write 14, 14-2, or Ö-3 for a drill", self.0)
    }
}
impl std::error::Error for BadNumber {}

/// Splits off a drill prefix: `Ö-3`, `ö3`, `O-3`, `X-3` (people type what their phone has).
fn drill_prefix(s: &str) -> Option<&str> {
    let mut chars = s.chars();
    matches!(chars.next()?, 'Ö' | 'ö' | 'O' | 'o' | 'Ø' | 'ø' | 'X' | 'x')
        .then(|| chars.as_str().trim_start_matches('-'))
}

impl FromStr for IncidentNo {
    type Err = BadNumber;
    fn from_str(s: &str) -> Result<Self, BadNumber> {
        let s = s.trim();
        let (status, digits) = match drill_prefix(s) {
            Some(rest) => (Status::Exercise, rest),
            None => (Status::Actual, s),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadNumber(s.into()));
        }
        match digits.parse() {
            Ok(n) if n > 0 => Ok(Self { status, n }),
            _ => Err(BadNumber(s.into())),
        }
    }
}

/// Number of a message: incident 14, second message: `14-2`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageNo {
    pub incident: IncidentNo,
    /// Counted from 1 within the incident.
    pub seq: u32,
}

impl MessageNo {
    /// As it stands in a text of a language with that drill prefix.
    pub fn written(self, drill_prefix: &str) -> String {
        format!("{}-{}", self.incident.written(drill_prefix), self.seq)
    }
}

impl fmt::Display for MessageNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written("Ö"))
    }
}

impl FromStr for MessageNo {
    type Err = BadNumber;
    fn from_str(s: &str) -> Result<Self, BadNumber> {
        let bad = || BadNumber(s.into());
        let (incident, seq) = s.trim().rsplit_once('-').ok_or_else(bad)?;
        if seq.is_empty() || !seq.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let seq = seq.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?;
        Ok(Self { incident: incident.parse().map_err(|_| bad())?, seq })
    }
}

/// One message or note × one duty point × one gateway. The key that gateways are given, so that a repeat is recognisable
/// (INCIDENTS lesson 46).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeliveryId {
    pub incident: IncidentNo,
    /// Counted from 0 within the incident.
    pub ordinal: u32,
}

impl fmt::Display for DeliveryId {
    /// `14.17`, `X3.17` for a drill: ASCII, since gateways get it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drill = if self.incident.status == Status::Exercise { "X" } else { "" };
        write!(f, "{drill}{}.{}", self.incident.n, self.ordinal)
    }
}

impl FromStr for DeliveryId {
    type Err = BadNumber;
    fn from_str(s: &str) -> Result<Self, BadNumber> {
        let bad = || BadNumber(s.into());
        let (incident, ordinal) = s.split_once('.').ok_or_else(bad)?;
        Ok(Self { incident: incident.parse().map_err(|_| bad())?, ordinal: ordinal.parse().map_err(|_| bad())? })
    }
}

/// Numbers are written for people (`14-2`) in formats that people read, and flat in the journal.
macro_rules! written_for_people {
    ($name:ident, $flat:ty, $pattern:literal, $to:expr, $from:expr) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() {
                    return s.collect_str(self);
                }
                let to: fn(&$name) -> $flat = $to;
                to(self).serialize(s)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    return String::deserialize(d)?.parse().map_err(serde::de::Error::custom);
                }
                let from: fn($flat) -> $name = $from;
                Ok(from(<$flat>::deserialize(d)?))
            }
        }
    };
}
written_for_people!(IncidentNo, (Status, u32), r"^([ÖX]-)?[1-9][0-9]{0,8}$", |i| (i.status, i.n), |(status, n)| {
    IncidentNo { status, n }
});
written_for_people!(
    MessageNo,
    (IncidentNo, u32),
    r"^([ÖX]-)?[1-9][0-9]{0,8}-[1-9][0-9]{0,8}$",
    |m| (m.incident, m.seq),
    |(incident, seq)| MessageNo { incident, seq }
);
written_for_people!(
    DeliveryId,
    (IncidentNo, u32),
    r"^X?[1-9][0-9]{0,8}\.[0-9]{1,9}$",
    |d| (d.incident, d.ordinal),
    |(incident, ordinal)| DeliveryId { incident, ordinal }
);

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        for text in ["14-2", "Ö-3-1", "1-1"] {
            assert_eq!(text.parse::<MessageNo>().unwrap().to_string(), text);
        }
        for text in ["14.17", "X3.0"] {
            assert_eq!(text.parse::<DeliveryId>().unwrap().to_string(), text);
        }
        for same in ["Ö-3", "ö3", "O-3", "X-3", " x3 "] {
            assert_eq!(same.parse::<IncidentNo>().unwrap(), IncidentNo::exercise(3));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in ["", "-", "0", "14", "14-", "-2", "14-0", "14-2-", "99999999999-1", "+1-1", "14-+1", "å-2"] {
            assert!(bad.parse::<MessageNo>().is_err(), "{bad}");
        }
    }
}
