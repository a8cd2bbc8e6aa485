//! What programs are told as it happens: that something did, of which incident. No text, no address, nobody.

use std::borrow::Cow;

use serde::Serialize;

use crate::domain::ids::IncidentNo;
use crate::domain::time::At;

/// Something happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, schemars::JsonSchema)]
pub struct Happened {
    /// Its number in the journal; also the ID of the event. Numbers grow, and some are of no event.
    pub seq: u64,
    /// When it went on record.
    pub at: At,
    /// The incident that it concerns, if any.
    pub incident: Option<IncidentNo>,
    /// It is of a drill, and nothing of it is real.
    pub exercise: bool,
    /// The event's name, as `/log` has it (`released`, `answered`, `closed`, …).
    pub kind: Cow<'static, str>,
}

/// `event: begin`: everything after that number will be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, schemars::JsonSchema)]
pub struct EventsBegin {
    pub after: u64,
}

/// `event: gap`: what lies between is not told here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, schemars::JsonSchema)]
pub struct EventsGap {
    /// From where it was to go on.
    pub asked: u64,
    /// Why not: `too-much` came since, or the number is `unknown` to this journal.
    pub why: Cow<'static, str>,
    /// Where what lies between can be read.
    pub log: String,
}

/// `event: end`: the stream ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, schemars::JsonSchema)]
pub struct EventsEnd {
    /// `time`: open another. `access`: the token is over. `slow`: it was not read. `down`: the program goes down or can't read its journal.
    pub reason: Cow<'static, str>,
}
