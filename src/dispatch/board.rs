//! What every screen must show besides the state: alarms of the program's own parts, how the pages of mirrors stand, when
//! the auditor last looked. Parts of the program write on it, screens read it; nobody waits for it.
//!
//! Must not: decide who is told ([`crate::domain::incident::decide`] does), or keep anything over a start: what is still
//! wrong is found again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use crate::domain::ids::GatewayId;
use crate::domain::lang::L10n;
use crate::domain::time::At;
use crate::gateways::trainee::Inbox;

/// Alarms that stand at one time. More than that is one alarm: that there are more.
pub const ALARMS_MAX: usize = 100;

/// A part of the program that is not well.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct Alarm {
    /// A word for programs, with the ID of what it concerns (`gateway-down sms-api`).
    pub name: String,
    /// For people, in Swedish and English. IDs only.
    pub what: L10n,
    pub since: At,
    /// Somebody is told by a note, not by screens alone.
    pub tell: bool,
}

/// How the page at a mirror stands.
#[derive(Clone, PartialEq, Eq, Serialize, Debug, Default)]
pub struct PageState {
    /// It was read back and was equal.
    pub equal: bool,
    /// What happened last, or why it is not equal.
    pub detail: String,
    /// Last read back and equal.
    pub proven_at: Option<At>,
    /// Pages that were put there since the start.
    pub published_total: u64,
    /// What the far end says it can do.
    pub far_end: Vec<(String, String)>,
}

#[derive(Default, Debug)]
struct Inner {
    alarms: BTreeMap<String, Alarm>,
    pages: BTreeMap<GatewayId, PageState>,
    audited_at: Option<At>,
    heartbeat: Option<HeartbeatState>,
    webhooks: BTreeMap<String, WebhookState>,
    cluster: Option<ClusterState>,
}

/// How the sign of life to a watcher outside stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct HeartbeatState {
    /// The last one was taken.
    pub taken_at: Option<At>,
    /// Why the last one was withheld or not taken; empty when it was taken.
    pub why: String,
}

/// How far a program of others was told what happens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
pub struct WebhookState {
    /// It took the last call that it took.
    pub taken_at: Option<At>,
    /// Records that it was not told of yet.
    pub behind: u64,
    /// Why it did not take the last call; empty when it did.
    pub why: String,
}

/// Cheap to clone; all clones are one board.
#[derive(Clone, Default, Debug)]
pub struct Board(Arc<Mutex<Inner>>, Arc<OnceLock<Inbox>>);

impl Board {
    /// The program is run in training: every page and terminal says so, and texts end here.
    pub fn train(&self, inbox: Inbox) {
        // Said once, at the start.
        let _ = self.1.set(inbox);
    }

    /// Where texts end in training; `None`: gateways carry them.
    pub fn inbox(&self) -> Option<&Inbox> {
        self.1.get()
    }

    /// Whether this is training.
    pub fn is_training(&self) -> bool {
        self.1.get().is_some()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An alarm stands from now on; one that stands already keeps its time.
    pub fn raise(&self, name: &str, what: L10n, now: At, tell: bool) {
        let mut inner = self.inner();
        let since = inner.alarms.get(name).map_or(now, |a| a.since);
        if inner.alarms.len() >= ALARMS_MAX && !inner.alarms.contains_key(name) {
            tracing::error!(alarm = name, "more alarms than the board holds");
            return;
        }
        if inner.alarms.insert(name.to_owned(), Alarm { name: name.to_owned(), what, since, tell }).is_none() {
            tracing::error!(alarm = name, "an alarm begins");
        }
    }

    /// The alarm is over.
    pub fn clear(&self, name: &str) {
        if self.inner().alarms.remove(name).is_some() {
            tracing::warn!(alarm = name, "the alarm is over");
        }
    }

    /// All that stand, the oldest first.
    pub fn alarms(&self) -> Vec<Alarm> {
        let mut all: Vec<Alarm> = self.inner().alarms.values().cloned().collect();
        all.sort_by(|a, b| (a.since, &a.name).cmp(&(b.since, &b.name)));
        all
    }

    /// One of them stands.
    pub fn stands(&self, name: &str) -> bool {
        self.inner().alarms.contains_key(name)
    }

    /// How a mirror's page stands.
    pub fn set_page(&self, gateway: &GatewayId, page: PageState) {
        self.inner().pages.insert(gateway.clone(), page);
    }
    /// How a mirror's page stands, if the gateway has one.
    pub fn page(&self, gateway: &GatewayId) -> Option<PageState> {
        self.inner().pages.get(gateway).cloned()
    }

    /// That gateway is a mirror no longer.
    pub fn forget_page(&self, gateway: &GatewayId) {
        self.inner().pages.remove(gateway);
    }
    /// The mirrors whose pages are shown.
    pub fn paged(&self) -> Vec<GatewayId> {
        self.inner().pages.keys().cloned().collect()
    }

    /// The auditor has looked.
    pub fn audited(&self, now: At) {
        self.inner().audited_at = Some(now);
    }
    /// When it last did.
    pub fn audited_at(&self) -> Option<At> {
        self.inner().audited_at
    }

    /// How the sign of life stands.
    pub fn set_heartbeat(&self, state: HeartbeatState) {
        self.inner().heartbeat = Some(state);
    }
    /// None is configured any more, or another.
    pub fn forget_heartbeat(&self) {
        self.inner().heartbeat = None;
    }
    /// How the sign of life stands, when one is configured.
    pub fn heartbeat(&self) -> Option<HeartbeatState> {
        self.inner().heartbeat.clone()
    }

    /// How a webhook stands.
    pub fn set_webhook(&self, id: &str, state: WebhookState) {
        self.inner().webhooks.insert(id.to_owned(), state);
    }
    /// That one is configured no longer.
    pub fn forget_webhook(&self, id: &str) {
        self.inner().webhooks.remove(id);
    }
    /// How each webhook stands, by its ID.
    pub fn webhooks(&self) -> BTreeMap<String, WebhookState> {
        self.inner().webhooks.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lang::Lang;

    fn what(text: &str) -> L10n {
        L10n::of([(Lang::SV, text)])
    }

    #[test]
    fn an_alarm_keeps_the_time_at_which_it_began() {
        let board = Board::default();
        board.raise("loop", what("1 steg"), At(10), true);
        board.raise("loop", what("2 steg"), At(20), true);
        board.raise("gateway-down a", what("a"), At(5), false);
        let all = board.alarms();
        assert_eq!(
            all.iter().map(|a| (a.name.as_str(), a.since.0)).collect::<Vec<_>>(),
            [("gateway-down a", 5), ("loop", 10)]
        );
        assert_eq!(all[1].what.get(Lang::SV), "2 steg");
        board.clear("loop");
        assert!(!board.stands("loop") && board.stands("gateway-down a"));
    }

    #[test]
    fn the_board_is_bounded() {
        let board = Board::default();
        for n in 0..2 * ALARMS_MAX {
            board.raise(&n.to_string(), what("x"), At(0), false);
        }
        assert_eq!(board.alarms().len(), ALARMS_MAX);
    }
}

/// How the nodes of a cluster stand, as this one sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
pub struct ClusterState {
    /// This one.
    pub node: String,
    /// This one decides.
    pub decides: bool,
    /// Which decides; nothing: none.
    pub leader: Option<String>,
    pub members: Vec<ClusterMember>,
    /// No quorum is reached from here, since then: nothing new is decided here.
    pub cut_off: Option<At>,
    /// What etcd said last, when it did not do as asked.
    pub trouble: String,
    pub etcd_version: String,
    /// What its database takes up on disk.
    pub etcd_bytes: u64,
    /// Its quota is used up.
    pub no_space: bool,
    /// This node was taken out, or another cluster has the same place in etcd: it takes no turn.
    pub out: bool,
    /// When that was seen.
    pub checked: At,
}

/// One node of a cluster.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct ClusterMember {
    pub name: String,
    /// The site that it stands at.
    pub site: String,
    /// Where its console is.
    pub console: String,
    /// Of its program.
    pub version: String,
    /// The newest format of records that it reads.
    pub format: u32,
    /// The last record that it has.
    pub holds: u64,
    /// Records that it has not yet.
    pub behind: u64,
    /// When it said something last.
    pub heard: At,
    /// It has not been heard for a while.
    pub away: bool,
    /// So much its clock is ahead of ours, in milliseconds; as old as the pause between two looks.
    pub clock_ms: i64,
    /// It would decide with the same configuration.
    pub same_plan: bool,
}

impl Board {
    /// How the nodes stand; `None`: this node is alone.
    pub fn cluster(&self) -> Option<ClusterState> {
        self.inner().cluster.clone()
    }

    /// Shows how they stand.
    #[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "there are no others"))]
    pub fn set_cluster(&self, state: ClusterState) {
        self.inner().cluster = Some(state);
    }
}
