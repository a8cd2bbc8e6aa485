//! Who decides: this node from its start to its end, or one of several in turn.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::answers::Answers;
use super::term::{House, Term};
use crate::accounts::Accounts;
use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::dispatch::engine::Desk;

/// Who decides.
pub enum Seat {
    /// This node.
    Alone(Box<Term>),
    /// One of several: what keeps this one among them.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "there are no others"))]
    Among(Vec<JoinHandle<()>>),
}

/// What a node brings that is one of several.
#[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "there are no others"))]
pub struct Sits {
    pub house: Arc<House>,
    pub desk: Desk,
    pub loaded: Loaded,
    pub machine: Arc<SystemClock>,
    /// Who may come in.
    pub accounts: Arc<Accounts>,
    /// Carries out gateways' calls.
    pub answers: Arc<Answers>,
    /// Where its console is reached, for the other nodes.
    pub console: String,
    /// Where checkpoints lie.
    pub dirs: Vec<PathBuf>,
    pub stop: watch::Receiver<bool>,
}

impl Seat {
    /// Ends it; who is among several ends by the same word as all other parts.
    pub async fn end(self) {
        match self {
            Self::Alone(term) => drop(term.end().await),
            Self::Among(all) => {
                for one in all {
                    let _ = one.await;
                }
            }
        }
    }
}
