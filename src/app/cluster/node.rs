//! The life of a node: it follows until it is its turn, decides for as long as the turn lasts, and follows again.
//!
//! Nothing is taken over from one to the other but the state that was read from the journal: what a node decided and could not record is
//! gone, and has been told to nobody, since nothing leaves before it is on record.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::bus::{Bus, Calls};
use super::turn::{Turn, Turns};
use crate::app::checkpoints;
use crate::app::term::{House, Term};
use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::dispatch::engine::{Desk, Left};
use crate::dispatch::follow::{Following, Next};
use crate::dispatch::follower::Follower;
use crate::dispatch::pass_on::{PassesOn, nobody};
use crate::dispatch::recover::{CannotRecover, Recovered};
use crate::dispatch::replay::replay_from;
use crate::domain::plan::Plan;
use crate::journal::JournalError;
use crate::words::{alarm, in_all};

/// A node that could not catch up lets others have the turn, and tries again after that.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// What is on the wire is waited for so long when the program goes down.
const ENDED_WITHIN: Duration = Duration::from_secs(15);

/// A node of a cluster.
pub struct Node {
    pub house: Arc<House>,
    pub machine: Arc<SystemClock>,
    pub turns: Turns,
    pub bus: Arc<Bus>,
    /// What gateways' calls are carried out by that reached other nodes.
    pub calls: Arc<dyn Calls>,
    /// What new incidents follow when the journal says nothing.
    pub plan: Arc<Plan>,
}

/// How a turn came, or why none will.
enum Came {
    Ours(Turn, u64),
    Never,
}

/// How a turn ended.
enum Ended {
    /// The program goes down.
    Told,
    /// The lease was lost.
    Lost,
    /// The journal refused what the loop decided.
    ByItself(Option<Left>),
}

impl Node {
    /// Goes on until `stop` turns true.
    pub async fn run(self, mut desk: Desk, mut follower: Follower, mut loaded: Loaded, stop: watch::Receiver<bool>) {
        let leader: PassesOn = self.bus.clone();
        loop {
            let (elect, elected) = watch::channel(None);
            let (rest, resting) = watch::channel(false);
            let following = Following {
                desk,
                follower,
                loaded: loaded.clone(),
                journal: self.house.journal.clone(),
                clock: self.house.clock.clone(),
                leader: leader.clone(),
            };
            let mut turn = None;
            let next = {
                let followed = following.run(elected, stop.clone());
                let came = self.turn(resting.clone());
                tokio::pin!(followed, came);
                let mut waits = true;
                loop {
                    tokio::select! {
                        next = &mut followed => break next,
                        came = &mut came, if waits => {
                            waits = false;
                            if let Came::Ours(ours, seq) = came {
                                turn = Some(ours);
                                elect.send_replace(Some(seq));
                            }
                        }
                    }
                }
            };
            match (next, turn) {
                (Next::Decide { desk: at, recovered, loaded: with }, Some(turn)) => {
                    loaded = *with;
                    let Some(left) = self.decide(turn, at, *recovered, loaded.clone(), rest, stop.clone()).await else {
                        return;
                    };
                    if *stop.borrow() {
                        return;
                    }
                    desk = left.desk;
                    follower = match self.read_anew().await {
                        Ok(follower) => follower,
                        Err(why) => return self.stuck(desk, &why, stop).await,
                    };
                }
                // The turn was lost before the journal was known up to its end.
                (Next::Decide { .. } | Next::Ended, _) => return,
                (Next::Stuck { desk, why }, _) => {
                    rest.send_replace(true);
                    return self.stuck(desk, &why, stop).await;
                }
            }
        }
    }

    /// Waits for a turn, and reads up to the journal's end. The turn is kept from its first moment on.
    async fn turn(&self, rest: watch::Receiver<bool>) -> Came {
        loop {
            let turn = self.turns.wait().await;
            let (turns, rest) = (self.turns.clone(), rest.clone());
            tokio::spawn(async move { turns.keep(turn, rest).await });
            match self.house.journal.caught_up().await {
                Ok(head) if self.turns.fence.held().is_some() => {
                    self.house.handle.board().clear("node-behind");
                    return Came::Ours(turn, head.seq);
                }
                Ok(_) => {}
                Err(error) => self.cannot(&error),
            }
            self.turns.fence.lose("the journal could not be read up to its end");
            self.turns.give_back(turn).await;
            tokio::time::sleep(AGAIN_AFTER).await;
            if matches!(self.house.journal.caught_up().await, Err(JournalError::Apart { .. })) {
                return Came::Never;
            }
        }
    }

    fn cannot(&self, error: &JournalError) {
        tracing::error!(%error, "it was this node's turn to decide, and it could not");
        if matches!(error, JournalError::Behind { .. }) {
            let now = self.house.clock.now().into();
            self.house.handle.board().raise("node-behind", alarm::NODE_BEHIND.in_all(), now, true);
        }
    }

    /// Decides for as long as the turn lasts. `None`: the desk is lost.
    async fn decide(
        &self,
        turn: Turn,
        desk: Desk,
        recovered: Recovered,
        loaded: Loaded,
        rest: watch::Sender<bool>,
        mut stop: watch::Receiver<bool>,
    ) -> Option<Left> {
        let since = recovered.last_at.map_or(self.house.clock.now(), |at| at.timestamp());
        self.not_before(since);
        tracing::warn!(node = %self.turns.name, seq = recovered.head.seq, "this node decides from now on");
        let mut fence = self.turns.fence.changed();
        // It may be lost by now.
        fence.mark_changed();
        let (lose, lost) = watch::channel(false);
        let mut term = Term::begin(&self.house, desk, recovered, loaded, since, |engine| engine.one_of_several(lost));
        let (serve, served) = watch::channel(false);
        let serving = tokio::spawn(self.bus.clone().serve(self.house.handle.clone(), self.calls.clone(), served));
        let ended = loop {
            tokio::select! {
                left = term.over() => break Ended::ByItself(left),
                _ = stop.changed() => break Ended::Told,
                _ = fence.changed() => if self.turns.fence.held().is_none() { break Ended::Lost },
            }
        };
        tracing::warn!(node = %self.turns.name, "this node does not decide any more");
        serve.send_replace(true);
        let left = match ended {
            // What was decided is written, and what is on the wire waited for, while the turn lasts.
            Ended::Told => tokio::time::timeout(ENDED_WITHIN, term.end()).await.ok().flatten(),
            Ended::ByItself(left) => term.lost(Some(left)).await,
            Ended::Lost => {
                lose.send_replace(true);
                term.lost(None).await
            }
        };
        if let Some(why) = left.as_ref().and_then(|left| left.why.as_ref()) {
            tracing::warn!(error = %why, "the journal took no more of what was decided here");
        }
        self.turns.fence.lose("the turn is over");
        rest.send_replace(true);
        self.turns.give_back(turn).await;
        let _ = serving.await;
        left
    }

    /// Time goes on from the last record, whatever this machine's clock says.
    fn not_before(&self, at: Timestamp) {
        self.machine.not_before(at);
    }

    async fn read_anew(&self) -> Result<Follower, CannotRecover> {
        let (journal, plan, state) = (self.house.journal.clone(), self.plan.clone(), self.house.state.clone());
        let read = tokio::task::spawn_blocking(move || follower(&journal, plan, &[state]));
        read.await.unwrap_or_else(|why| Err(CannotRecover::Record { seq: 0, why: why.to_string() }))
    }

    /// Somebody has to look: nobody is answered from a state that is not the journal's.
    async fn stuck(&self, mut desk: Desk, why: &CannotRecover, mut stop: watch::Receiver<bool>) {
        tracing::error!(%why, "this node does not follow the journal any more");
        let now = self.house.clock.now().into();
        self.house.handle.board().raise("node-stuck", in_all(|lang| alarm::node_stuck(lang, why)), now, true);
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                request = desk.rx.recv() => match request {
                    Some(request) => nobody(request),
                    None => return,
                }
            }
        }
    }
}

/// The state of a node that follows, from its checkpoint and journal.
///
/// # Errors
/// As [`replay_from`].
pub fn follower(
    journal: &crate::journal::Journal,
    plan: Arc<Plan>,
    dirs: &[std::path::PathBuf],
) -> Result<Follower, CannotRecover> {
    let reader = journal.reader()?;
    let (replay, _) = replay_from(&*reader, plan, checkpoints::newest(dirs))?;
    Follower::of(replay, reader)
}
