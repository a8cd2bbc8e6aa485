//! Everything at a glance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::gateways::GatewayView;
use crate::dispatch::board::{Alarm, HeartbeatState, WebhookState};
use crate::dispatch::journal_view::JournalView;
use crate::domain::view::StatusView;

/// `GET /status`: the region, with what the engine knows besides.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StatusAnswer {
    /// What happens is on disk. When not, nothing can be written, and incidents go on from memory.
    pub on_record: bool,
    /// The configuration is of a region that does not exist.
    pub fictional: bool,
    /// It is run in training: no text leaves the machine, and every report is a drill.
    #[serde(default)]
    pub training: bool,
    /// How many warnings `check` has.
    pub warnings: usize,
    /// The journal's newest record.
    pub journal_seq: u64,
    /// Copies, seals, the last rehearsal.
    pub journal: JournalView,
    /// Modes and incidents.
    pub status: StatusView,
    /// Parts of the program that are not well.
    pub alarms: Vec<Alarm>,
    /// Gateways that should be handed deliveries, and are not.
    pub trouble: Vec<GatewayView>,
    /// The sign of life to a watcher outside, when one is configured.
    pub heartbeat: Option<HeartbeatState>,
    /// Programs that are told what happens, by their IDs.
    #[serde(default)]
    pub webhooks: BTreeMap<String, WebhookState>,
}

/// Of the same answer only the region's time zone: times can be read and shown whatever else a newer server tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegionZone {
    /// The part of [`StatusAnswer`] that has the zone.
    pub status: Zone,
}

/// Of [`StatusView`] only this.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Zone {
    /// `Europe/Stockholm`; empty when the server does not tell.
    #[serde(default)]
    pub zone: Option<String>,
}
