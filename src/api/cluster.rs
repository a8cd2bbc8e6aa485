//! How the nodes of a cluster stand.

use serde::{Deserialize, Serialize};

use crate::dispatch::board::ClusterState;

/// The nodes that have one journal.
#[derive(Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ClusterView {
    /// As this node sees them; nothing: it is alone.
    pub cluster: Option<ClusterState>,
}
