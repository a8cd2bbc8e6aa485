//! How each gateway stands, what it can do, what last proved it, and tests of it.

use serde::{Deserialize, Serialize};

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::incident::gateways::Reached;
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// What a gateway can do, or its far end: name and value.
pub type Can = Vec<(String, String)>;

/// Whether a gateway can be handed deliveries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It takes deliveries.
    Healthy,
    /// It failed several times in a row and is probed; or it asks us to wait, gives no receipts, or answers what nobody understands.
    Suspect,
    /// The probe failed too.
    Down,
    /// Somebody took it out by hand: used only where no other way is left.
    Out,
    /// It has no worker: what it was configured with can't be used.
    Unusable,
    /// People walk it: it needs no worker.
    Manual,
    /// The page of this program: it needs no worker.
    Page,
    /// A word that only a newer server knows.
    #[serde(other)]
    Unknown,
}

/// How a gateway is.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GatewayView {
    /// Its name in the configuration.
    pub id: GatewayId,
    pub channel: Channel,
    /// Whether it can be handed deliveries.
    pub standing: Standing,
    /// What it last said of itself, or why it can't be used.
    pub detail: String,
    /// Who took it out by hand, and when. The reason is in the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<OutView>,
    /// In line, waiting retries included.
    pub queue_len: usize,
    /// Waiting for room in that line.
    #[serde(default)]
    pub waiting: usize,
    /// Handed over, without an outcome yet.
    pub in_flight: usize,
    /// Handed over since the start, repeats included.
    pub handed_over_total: u64,
    /// Accepted since the start.
    pub accepted_total: u64,
    /// Receipts since the start that belong to no delivery that was handed to it.
    #[serde(default)]
    pub unmatched_total: u64,
    /// Seconds since something was accepted.
    pub last_accepted_s: Option<u64>,
    /// Seconds since anything was proven: a probe, a session, an accepted delivery.
    pub last_proof_s: Option<u64>,
    /// The newest test that came through.
    #[serde(default)]
    pub test: Option<TestProof>,
    /// What it carries, by the configuration.
    #[serde(default)]
    pub can: Can,
    /// What the far end said it can do.
    #[serde(default)]
    pub far_end: Can,
}

impl GatewayView {
    /// It should be handed deliveries, and is not.
    pub fn in_trouble(&self) -> bool {
        matches!(self.standing, Standing::Suspect | Standing::Down | Standing::Out | Standing::Unusable)
            || self.waiting > 0
    }
}

/// Who took a gateway out.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OutView {
    pub by: FunctionId,
    pub at: At,
}

/// The newest test that came through.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TestProof {
    /// When it was sent.
    pub at: At,
    /// Seconds since then.
    pub age_s: u32,
    pub function: FunctionId,
    /// How far it came.
    pub how_far: Reached,
}

/// What a probe gave.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Probed {
    /// Connected and logged in.
    pub ok: bool,
    /// What the far end said, or why not; what to do next.
    pub detail: String,
    /// What the far end said it can do.
    pub far_end: Can,
}

/// `POST /gateways/{id}/test`: a marked test goes to a duty.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRequest {
    /// The duty that acts.
    #[serde(rename = "as")]
    pub by: FunctionId,
    pub function: FunctionId,
}

/// The tests that were sent.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TestsSent {
    /// It is on disk.
    pub on_record: bool,
    /// The tests, one per duty point.
    pub tests: Vec<u32>,
}

/// How a test stands.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TestView {
    pub id: u32,
    pub gateway: GatewayId,
    pub function: FunctionId,
    /// Who wanted it.
    pub by: FunctionId,
    pub at: At,
    pub state: DeliveryState,
    /// Why, when it did not go well.
    pub why: String,
    /// Accepted or delivered then, whichever is known last.
    pub taken_at: Option<At>,
    /// When somebody answered it.
    pub answered_at: Option<At>,
    /// Receipts come over this gateway: delivered can be waited for.
    pub receipts: bool,
    /// Answers come over it, otherwise by telephone.
    pub answers: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_newer_server_is_unknown() {
        for (standing, word) in
            [(Standing::Healthy, "healthy"), (Standing::Unusable, "unusable"), (Standing::Page, "page")]
        {
            let json = format!("\"{word}\"");
            assert_eq!(serde_json::to_string(&standing).ok(), Some(json.clone()));
            assert_eq!(serde_json::from_str::<Standing>(&json).ok(), Some(standing));
        }
        assert_eq!(serde_json::from_str::<Standing>("\"resting\"").ok(), Some(Standing::Unknown));
    }
}
