//! What the program keeps of itself in the journal, beside what happened to incidents: seals of its head, rehearsals of the
//! restore, jumps of the machine's clock, numbers that gateways gave to deliveries. No rule decides by it; screens show it, and
//! auditors read it.
//!
//! Kinds from [`KINDS_FROM`] on are of this module; those of incidents stay below. As with events, a published kind and version
//! never changes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gateway_refs::{GatewayRef, GatewayRefs};
use crate::domain::ids::{DeliveryId, IncidentNo};
use crate::domain::time::At;
use crate::journal::HeadSeal;

/// Kinds of records from here on are no events.
pub const KINDS_FROM: u16 = 1_000;
/// A restore that was not rehearsed for so long is overdue (INCIDENTS lesson 47).
pub const REHEARSAL_DAYS_MAX: u32 = 30;
const DAY_S: u32 = 24 * 3600;

/// One such record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SystemRecord {
    /// The head was sealed.
    Sealed(HeadSeal),
    /// A restore was rehearsed.
    Rehearsed(Rehearsal),
    /// The machine's clock jumped.
    ClockStepped(ClockStep),
    /// Gateways accepted deliveries under these numbers.
    GatewayRefs(Vec<GatewayRef>),
}

/// How a rehearsal of the restore ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Rehearsal {
    /// The restored journal is whole, and gave the same state.
    pub ok: bool,
    /// What was found, in words.
    pub what: String,
    /// Records that were restored.
    pub records: u64,
    /// When the backup was made that was restored.
    pub backup_at: At,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// The machine's clock was set, or the machine slept.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct ClockStep {
    /// By how many milliseconds it was ahead of (or, negative, behind) where it should have been.
    pub by_ms: i64,
}

impl SystemRecord {
    /// Its number in the journal. Never reused, never changed.
    pub fn kind(&self) -> u16 {
        match self {
            SystemRecord::Sealed(_) => 1_001,
            SystemRecord::Rehearsed(_) => 1_002,
            SystemRecord::ClockStepped(_) => 1_003,
            SystemRecord::GatewayRefs(_) => 1_004,
        }
    }

    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            SystemRecord::Sealed(_) => "sealed",
            SystemRecord::Rehearsed(_) => "restore-rehearsed",
            SystemRecord::ClockStepped(_) => "clock-stepped",
            SystemRecord::GatewayRefs(_) => "gateway-refs",
        }
    }

    /// What it says, for the log.
    pub fn json(&self) -> serde_json::Value {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        match self {
            SystemRecord::Sealed(seal) => serde_json::json!({
                "seq": seal.seq, "hash": hex(&seal.hash), "at": At(seal.at_ms), "region": seal.region,
                "key": hex(&seal.key), "signature": hex(&seal.signature),
            }),
            SystemRecord::Rehearsed(rehearsal) => serde_json::to_value(rehearsal).unwrap_or_default(),
            SystemRecord::ClockStepped(step) => serde_json::to_value(step).unwrap_or_default(),
            SystemRecord::GatewayRefs(refs) => {
                let one = |(delivery, name): &GatewayRef| (delivery.to_string(), name.clone().into());
                serde_json::Value::Object(refs.iter().map(one).collect())
            }
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let bytes = match self {
            SystemRecord::Sealed(seal) => postcard::to_stdvec(seal),
            SystemRecord::Rehearsed(rehearsal) => postcard::to_stdvec(rehearsal),
            SystemRecord::ClockStepped(step) => postcard::to_stdvec(step),
            SystemRecord::GatewayRefs(refs) => {
                let flat: Vec<(IncidentNo, u32, &str)> =
                    refs.iter().map(|(id, name)| (id.incident, id.ordinal, name.as_str())).collect();
                postcard::to_stdvec(&flat)
            }
        };
        // Writing into memory can't fail for these types.
        bytes.unwrap_or_default()
    }

    pub(super) fn read(kind: u16, bytes: &[u8]) -> Result<Self, String> {
        let words = |e: postcard::Error| e.to_string();
        match kind {
            1_001 => postcard::from_bytes(bytes).map(SystemRecord::Sealed).map_err(words),
            1_002 => postcard::from_bytes(bytes).map(SystemRecord::Rehearsed).map_err(words),
            1_003 => postcard::from_bytes(bytes).map(SystemRecord::ClockStepped).map_err(words),
            1_004 => {
                let flat: Vec<(IncidentNo, u32, String)> = postcard::from_bytes(bytes).map_err(words)?;
                let one = |(incident, ordinal, name)| (DeliveryId { incident, ordinal }, name);
                Ok(SystemRecord::GatewayRefs(flat.into_iter().map(one).collect()))
            }
            other => Err(format!("this program knows no records of kind {other}")),
        }
    }
}

/// What of it is known now.
#[derive(Clone, Default, Debug)]
pub struct SystemState {
    /// The last seal, and the number of the record that holds it.
    pub seal: Option<(u64, Arc<HeadSeal>)>,
    /// The last rehearsal, and when it was.
    pub rehearsal: Option<(At, Arc<Rehearsal>)>,
    /// The last jump of the clock, and when it was.
    pub clock_step: Option<(At, ClockStep)>,
    /// The numbers under which gateways accepted what has no receipt yet.
    pub refs: GatewayRefs,
    /// When the first record was written: nothing is overdue before there was time to do it.
    pub since: Option<At>,
}

impl SystemState {
    /// Takes note of a record.
    pub fn apply(&mut self, seq: u64, at: At, keeping: &SystemRecord) {
        match keeping {
            SystemRecord::Sealed(seal) => self.seal = Some((seq, Arc::new(seal.clone()))),
            SystemRecord::Rehearsed(rehearsal) => self.rehearsal = Some((at, Arc::new(rehearsal.clone()))),
            SystemRecord::ClockStepped(step) => self.clock_step = Some((at, *step)),
            SystemRecord::GatewayRefs(refs) => {
                refs.iter().for_each(|(delivery, name)| self.refs.insert(*delivery, name.clone()));
            }
        }
    }

    /// A restore has not been rehearsed for too long, or the last rehearsal failed.
    pub fn rehearsal_overdue(&self, now: At) -> bool {
        let last_good = self.rehearsal.as_ref().filter(|(_, r)| r.ok).map(|(at, _)| *at);
        let failed = self.rehearsal.as_ref().is_some_and(|(_, r)| !r.ok);
        let since = last_good.or(self.since);
        failed || since.is_some_and(|at| now.seconds_since(at) > REHEARSAL_DAYS_MAX * DAY_S)
    }

    /// What stands at the foot of mails and faxes; empty as long as nothing was sealed.
    pub fn foot(&self) -> String {
        self.seal.as_ref().map(|(_, seal)| format!("Journal {}", seal.foot())).unwrap_or_default()
    }
}
