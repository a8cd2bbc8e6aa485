//! Who belongs to the cluster, how far each is, and whether a quorum is reached: what every node says of itself, and what it sees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::turn::Turns;
use crate::clock::{SharedClock, mono};
use crate::dispatch::board::{ClusterMember, ClusterState};
use crate::dispatch::engine::Handle;
use crate::domain::time::At;
use crate::journal::etcd::{Act, Keys, Kv, KvError, Txn, When, trim};
use crate::journal::{Journal, JournalError};
use crate::record;
use crate::words::{alarm, in_all};

/// Each node says how far it is that often: who is cut off says so on its screens within twice that.
const SAY_EVERY: Duration = Duration::from_secs(2);
/// So long nothing may be heard of etcd until a node calls itself cut off.
const CUT_OFF_AFTER: Duration = Duration::from_secs(4);
/// What all have is let go of that often.
const TRIM_EVERY: Duration = Duration::from_secs(60);
/// A node that was not heard for so long holds nothing back: it copies from another when it returns, in milliseconds.
const HOLDS_BACK_MS: i64 = 24 * 3600 * 1000;
/// A node that was not heard for so long is shown as away, in milliseconds.
const AWAY_MS: i64 = 10_000;
/// Clocks that are further apart than this are warned of, in milliseconds.
const CLOCKS_APART_MS: i64 = 2_000;
/// Nodes of one cluster.
const MEMBERS_MAX: usize = 64;

/// What a node says of itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Member {
    pub name: String,
    /// The site that it stands at; empty: not said.
    #[serde(default)]
    pub site: String,
    /// Where its console is reached.
    #[serde(default)]
    pub console: String,
    /// Of the program.
    pub version: String,
    /// The newest format of records that it reads.
    pub format: u32,
    /// The last record in its own journal.
    pub holds: u64,
    /// Its clock.
    pub at_ms: i64,
    /// The configuration that it would decide with.
    #[serde(default)]
    pub plan: String,
}

/// Says how this node is, sees how the others are, and lets go of what all have.
pub struct Members {
    pub kv: Arc<dyn Kv>,
    pub keys: Keys,
    pub turns: Turns,
    pub handle: Handle,
    pub journal: Journal,
    pub clock: SharedClock,
    pub site: String,
    pub console: String,
    pub plan: watch::Receiver<String>,
}

/// What was seen of the others, and when.
#[derive(Default)]
struct Seen {
    /// The value that was last seen of each, and our clock then: a node is heard when it says something new.
    heard: BTreeMap<String, (Member, i64)>,
}

impl Members {
    /// Goes on until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut seen, mut reached, mut cut_off) = (Seen::default(), mono(), None);
        let mut trimmed = mono();
        loop {
            let state = match self.look(&mut seen).await {
                Ok(state) => {
                    (reached, cut_off) = (mono(), None);
                    state
                }
                Err(error) => {
                    let before = self.handle.board().cluster().unwrap_or_default();
                    if mono().duration_since(reached) >= CUT_OFF_AFTER {
                        let now: At = self.clock.now().into();
                        cut_off.get_or_insert(now);
                    }
                    ClusterState { cut_off, trouble: error.to_string(), decides: false, ..before }
                }
            };
            self.tell(&state);
            self.follows();
            if state.decides && mono().duration_since(trimmed) >= TRIM_EVERY {
                trimmed = mono();
                self.trim(&seen).await;
            }
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(SAY_EVERY) => {}
            }
        }
    }

    fn now_ms(&self) -> i64 {
        At::from(self.clock.now()).0
    }

    fn me(&self) -> Member {
        Member {
            name: self.turns.name.clone(),
            site: self.site.clone(),
            console: self.console.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            format: record::FORMAT,
            holds: self.journal.head().seq,
            at_ms: self.now_ms(),
            plan: self.plan.borrow().clone(),
        }
    }

    async fn look(&self, seen: &mut Seen) -> Result<ClusterState, KvError> {
        let me = self.me();
        let value = serde_json::to_vec(&me).unwrap_or_default();
        let put = Act::Put(self.keys.node(&me.name), value, None);
        let there = When::Absent(self.keys.gone(&me.name));
        let ours = When::Value(self.keys.cluster(), self.turns.cluster.clone().into_bytes());
        let said = self.kv.commit(Txn { when: vec![there, ours], acts: vec![put] }).await?;
        let (from, to) = self.keys.nodes();
        let found = self.kv.range(from, to, MEMBERS_MAX).await?;
        let leader = self.turns.whose().await?;
        let status = self.kv.status().await.unwrap_or_default();
        let now = self.now_ms();
        let all: Vec<Member> = found.pairs.iter().filter_map(|pair| serde_json::from_slice(&pair.value).ok()).collect();
        seen.heard.retain(|name, _| all.iter().any(|m| m.name == *name));
        for member in all {
            match seen.heard.get_mut(&member.name) {
                Some((before, _)) if *before == member => {}
                _ => drop(seen.heard.insert(member.name.clone(), (member, now))),
            }
        }
        let newest = seen.heard.values().map(|(m, _)| m.holds).max().unwrap_or(0);
        let shown = |(m, at): &(Member, i64)| ClusterMember {
            name: m.name.clone(),
            site: m.site.clone(),
            console: m.console.clone(),
            version: m.version.clone(),
            format: m.format,
            holds: m.holds,
            behind: newest.saturating_sub(m.holds),
            heard: At(*at),
            away: now - *at > AWAY_MS,
            // What it says is as old as the pause between two looks.
            clock_ms: (m.at_ms - *at).clamp(-i64::MAX, i64::MAX),
            same_plan: m.plan == me.plan,
        };
        Ok(ClusterState {
            node: me.name.clone(),
            decides: leader.as_deref() == Some(&*me.name),
            leader,
            members: seen.heard.values().map(shown).collect(),
            cut_off: None,
            trouble: String::new(),
            etcd_version: status.version,
            etcd_bytes: status.size,
            no_space: status.no_space,
            out: !said.held,
            checked: At(now),
        })
    }

    fn tell(&self, state: &ClusterState) {
        let (board, now) = (self.handle.board(), At::from(self.clock.now()));
        board.set_cluster(state.clone());
        match state.cut_off {
            Some(since) => board.raise("cut-off", in_all(|lang| alarm::cut_off(lang, since)), now, false),
            None => board.clear("cut-off"),
        }
        let away: Vec<&str> = state.members.iter().filter(|m| m.away).map(|m| &*m.name).collect();
        match away.is_empty() || state.cut_off.is_some() {
            true => board.clear("nodes-away"),
            false => board.raise("nodes-away", in_all(|lang| alarm::nodes_away(lang, away.join(", "))), now, true),
        }
        let apart = state
            .members
            .iter()
            .filter(|m| !m.away && m.clock_ms.abs() > CLOCKS_APART_MS + SAY_EVERY.as_millis() as i64);
        let apart: Vec<&str> = apart.map(|m| &*m.name).collect();
        match apart.is_empty() {
            true => board.clear("clocks-apart"),
            false => board.raise("clocks-apart", in_all(|lang| alarm::clocks_apart(lang, apart.join(", "))), now, true),
        }
        let other: Vec<&str> = state.members.iter().filter(|m| !m.same_plan).map(|m| &*m.name).collect();
        match other.is_empty() {
            true => board.clear("plans-differ"),
            false => {
                board.raise("plans-differ", in_all(|lang| alarm::plans_differ(lang, other.join(", "))), now, false)
            }
        }
        match state.out {
            false => board.clear("node-out"),
            true => board.raise("node-out", alarm::NODE_OUT.in_all(), now, false),
        }
        match state.no_space {
            false => board.clear("etcd-full"),
            true => board.raise("etcd-full", alarm::ETCD_FULL.in_all(), now, true),
        }
    }

    /// A journal that does not fit the others' is not read on.
    fn follows(&self) {
        let board = self.handle.board();
        let error = self.journal.following().and_then(|following| following.borrow().error.clone());
        match error.filter(|e| !matches!(e, JournalError::CutOff { .. } | JournalError::NotLeader)) {
            None => board.clear("not-following"),
            Some(why) => {
                let what = in_all(|lang| alarm::node_stuck(lang, &why));
                board.raise("not-following", what, self.clock.now().into(), true);
            }
        }
    }

    /// Lets go of what every node has that was heard within a day.
    async fn trim(&self, seen: &Seen) {
        let now = self.now_ms();
        let held = seen.heard.values().filter(|(_, at)| now - *at < HOLDS_BACK_MS).map(|(m, _)| m.holds).min();
        let (Some(held), Some(turn)) = (held, self.turns.fence.held()) else { return };
        if let Err(error) = trim(&*self.kv, &self.keys, turn.created, held).await {
            tracing::warn!(%error, "what all nodes have could not be let go of in etcd; it is tried again");
        }
    }
}
