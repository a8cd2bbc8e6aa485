//! What the JSON API takes and answers, as types: the server writes them, the command line reads them, and both are compiled
//! from this one place. Beside them stand the shapes of [`crate::domain::view`], which are answered as they are.
//!
//! A reader takes what it knows and passes over the rest: a newer server may tell more. Whoever sends a request is held to its
//! exact shape: nothing that was meant is passed over in silence.
//!
//! Must not: know HTTP's framing, or decide anything.

mod addresses;
mod after;
pub mod calls;
mod cluster;
mod command;
mod config;
mod drills;
mod events;
mod gateways;
mod log;
mod reach;
mod records;
mod refusal;
mod status;

pub use addresses::{AddressProofView, ExportedProof, PROOFS_FORM, ProofExport};
pub use after::{ReportAnswer, TrendsView};
pub use cluster::ClusterView;
pub use command::{CommandDone, CommandRequest, DryRunRequest, DryRunView};
pub use config::{Acting, Adoption, ClockView, Reloaded};
pub use drills::{DrillRequest, DrillsView, MomentView, PlannedView};
pub use events::{EventsBegin, EventsEnd, EventsGap, Happened};
pub use gateways::{Can, GatewayView, OutView, Probed, Standing, TestProof, TestRequest, TestView, TestsSent};
pub use log::{LogPart, LogRecord};
pub use reach::{Answerable, LeftThen, ReachAnswer, ReachCuts, ReachWithout, ReachedOver};
pub use records::{ForgetDone, ForgetRequest};
pub use refusal::{PROBLEM_JSON, ProblemKind, Refusal};
pub use status::{RegionZone, StatusAnswer, Zone};

/// Every path of the API begins with it.
pub const ROOT: &str = "/api/v1";
/// The header in which every answer of the API names the version of its server.
pub const VERSION_HEADER: &str = "vardkase-version";
/// In every answer of a server that is run in training, and in no other.
pub const TRAINING_HEADER: &str = "vardkase-training";
/// The header with the ID of a command: one that comes again under it is carried out once
/// (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
