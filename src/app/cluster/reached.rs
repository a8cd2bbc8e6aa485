//! A node's own ends of the cluster, made before anything is opened: nothing here waits for etcd, so that a node starts and says so while
//! nobody is reached.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use super::access::Access;
use super::bus::{Bus, Calls};
use super::envelope::Envelopes;
use super::members::Members;
use super::node::{Node, follower};
use super::settings::Settings;
use super::turn::Turns;
use crate::app::answers::{Answers, Elsewhere};
use crate::app::running::StartError;
use crate::app::seat::{Seat, Sits};
use crate::dispatch::pass_on::{Called, PassOn, Passed, Wanted};
use crate::dispatch::recover::frozen;
use crate::dispatch::worker::MaySend;
use crate::gateways::Boxed;
use crate::journal::etcd::{Client, Fence, Keys, Kv};
use crate::journal::{Journal, JournalError, OpenOptions, cluster_id};
use crate::web::public::{Answer, Call};

/// A gateway that calls waits so long for the node that decides; gateways give up after some 10 s.
const CALLED_WITHIN: std::time::Duration = std::time::Duration::from_secs(8);

/// A node's ends.
#[derive(Clone)]
pub struct Reached {
    settings: Settings,
    id: String,
    kv: Arc<dyn Kv>,
    keys: Keys,
    fence: Fence,
    bus: Arc<std::sync::OnceLock<Arc<Bus>>>,
}

impl Reached {
    /// As the file says that the command line named.
    ///
    /// # Errors
    /// The state folder belongs to no cluster; a certificate can't be read.
    pub fn of(settings: Option<&Settings>, state: &Path) -> Result<Option<Self>, StartError> {
        let Some(settings) = settings else { return Ok(None) };
        let failed = |why: String, next: &str| StartError::Cluster { why, next: next.into() };
        let id = match cluster_id(state) {
            Ok(Some(id)) => id,
            Ok(None) => {
                let why = format!("the state folder {} belongs to no cluster", state.display());
                let next = "on the first node: `vardkase cluster found --cluster FILE`; on every other one restore a backup of a node \
                            that is in it: `vardkase restore BACKUP --state DIR`";
                return Err(failed(why, next));
            }
            Err(error) => return Err(StartError::Journal(error)),
        };
        let kv = Client::new(&settings.etcd)
            .map_err(|bad| failed(bad.to_string(), "mend what it names in the file that --cluster names"))?;
        let (kv, keys) = (Arc::new(kv), Keys::new(&settings.etcd.prefix));
        Ok(Some(Self { settings: settings.clone(), id, kv, keys, fence: Fence::new(), bus: Arc::default() }))
    }

    /// Opens the state folder as a part of the common journal.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(&self, dir: &Path, options: OpenOptions) -> Result<Journal, JournalError> {
        Journal::open_shared(dir, options, self.kv.clone(), self.keys.clone(), self.fence.clone())
    }

    fn bus(&self, journal: &Journal) -> Arc<Bus> {
        let new = || {
            let envelopes = Envelopes::new(journal.sealer());
            Arc::new(Bus::new(self.kv.clone(), self.keys.clone(), self.settings.node.clone(), envelopes))
        };
        self.bus.get_or_init(new).clone()
    }

    /// A node sends for as long as its lease lasts, whatever its tasks know of that by now.
    pub fn may_send(&self) -> MaySend {
        let fence = self.fence.clone();
        Arc::new(move || fence.held().is_some())
    }

    /// Where gateways' calls go while another node decides.
    pub fn elsewhere(&self, journal: &Journal) -> Arc<dyn Elsewhere> {
        Arc::new(Passes { bus: self.bus(journal), fence: self.fence.clone() })
    }

    /// Takes its place among the nodes.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn sit(self, sits: Sits) -> Result<Seat, StartError> {
        let Sits { house, desk, loaded, machine, accounts, answers, console, dirs, stop } = sits;
        let plan = Arc::new(loaded.plan.clone());
        let follower = follower(&house.journal, plan.clone(), &dirs).map_err(StartError::Recover)?;
        let bus = self.bus(&house.journal);
        let Self { settings, id, kv, keys, fence, .. } = self;
        let turns = Turns { kv: kv.clone(), keys: keys.clone(), fence, name: settings.node.clone(), cluster: id };
        let (_, named) = frozen(loaded.plan.clone());
        let access =
            Access { kv: kv.clone(), keys: keys.clone(), envelopes: Envelopes::new(house.journal.sealer()), accounts };
        let members = Members {
            kv,
            keys,
            turns: turns.clone(),
            handle: house.handle.clone(),
            journal: house.journal.clone(),
            clock: house.clock.clone(),
            site: settings.site,
            console,
            plan: watch::Sender::new(named.hash).subscribe(),
        };
        let node = Node { house, machine, turns, bus: bus.clone(), calls: Arc::new(Carries(answers)), plan };
        let fetching = tokio::spawn(bus.fetch(stop.clone()));
        let said = tokio::spawn(members.run(stop.clone()));
        let living = tokio::spawn(node.run(desk, follower, loaded, stop.clone()));
        let shared = tokio::spawn(access.run(stop.clone()));
        Ok(Seat::Among(vec![living, said, fetching, shared]))
    }
}

/// Passes gateways' calls on to the node that decides.
struct Passes {
    bus: Arc<Bus>,
    fence: Fence,
}

impl Elsewhere for Passes {
    fn call<'a>(&'a self, call: &'a Call) -> Boxed<'a, Option<Answer>> {
        Box::pin(async move {
            if self.fence.held().is_some() {
                return None;
            }
            let headers = call.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            let called = Called {
                path: call.path.clone(),
                query: call.query.clone(),
                headers: headers.collect(),
                body: call.body.to_vec(),
            };
            let passed = tokio::time::timeout(CALLED_WITHIN, self.bus.pass_on(Wanted::Call(called))).await;
            let later = || Answer::text(hyper::StatusCode::SERVICE_UNAVAILABLE, "no node decides; come again\n");
            Some(match passed {
                Ok(Passed::Answered { status, body }) => {
                    let status = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::SERVICE_UNAVAILABLE);
                    let slowed = status == hyper::StatusCode::NOT_FOUND;
                    Answer { slowed, ..Answer::text(status, String::from_utf8_lossy(&body).into_owned()) }
                }
                _ => later(),
            })
        })
    }
}

/// Carries out calls that reached another node.
struct Carries(Arc<Answers>);

impl Calls for Carries {
    fn call(&self, called: Called) -> Boxed<'_, (u16, Vec<u8>)> {
        Box::pin(async move {
            let Called { path, query, headers, body } = called;
            let mut all = hyper::HeaderMap::new();
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) =
                    (hyper::header::HeaderName::try_from(name), hyper::header::HeaderValue::from_bytes(&value))
                {
                    all.append(name, value);
                }
            }
            let call = Call { method: hyper::Method::POST, path, query, headers: all, body: body.into() };
            let answer = self.0.here(&call).await;
            (answer.status.as_u16(), answer.body.to_vec())
        })
    }
}
