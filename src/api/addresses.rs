//! Which addresses are proven, and the same for a `check` elsewhere.

use serde::{Deserialize, Serialize};

use crate::domain::ids::FunctionId;
use crate::domain::incident::addresses::ProvenBy;
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// An address of duties, without the address.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AddressProofView {
    /// Whom it reaches.
    pub functions: Vec<FunctionId>,
    pub channel: Channel,
    /// Which of the first function's addresses of that channel, from 1; nothing where it has one alone.
    pub nth: Option<u32>,
    /// By what it was last proven; nothing: never.
    pub proven_by: Option<ProvenBy>,
    /// The day of that, in the region's time: `2026-11-24`.
    pub proven_on: Option<String>,
    /// The moment; nothing where a day was typed.
    pub proven_at: Option<At>,
    /// Days since then.
    pub age_days: Option<u32>,
    /// It was never proven, or longer ago than 90 days.
    pub waits: bool,
    /// The last text to it failed, then; nothing proved it after that.
    pub failed_at: Option<At>,
    /// A test went to it then, and its answer may still come.
    pub asked_at: Option<At>,
}

/// The form of what is exported.
pub const PROOFS_FORM: u32 = 1;

/// What proves addresses, for a `check` of another configuration: addresses stand as marks. Whoever tries all numbers finds them: keep it
/// as you keep the contact book.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProofExport {
    pub form: u32,
    pub made: At,
    /// What marks are made with: HMAC-SHA-256 of channel, blank and address, cut to 16 bytes, in hex.
    pub salt: String,
    pub proofs: Vec<ExportedProof>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExportedProof {
    pub mark: String,
    pub proven_by: ProvenBy,
    /// The day, in the region's time: `2026-11-24`.
    pub proven_on: String,
}
