//! Starts every part in the right order, and ends them in the other one: journal, state, workers, loop, pages, listeners.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::answers::{Answers, Backs};
use super::checkpoints::{self, Checkpoints};
use super::cluster::{Reached, Settings};
use super::doors::{Doors, Shut, StandIn};
use super::files;
use super::publish::{Places, Publisher};
use super::reload::Reloader;
use super::seat::{Seat, Sits};
use super::sign_in::{NoProvider, SignIn};
use super::term::{House, Term};
use super::training::{Ends, NotForThis, Operation, keep_apart};
use crate::accounts::Accounts;
use crate::clock::{SharedClock, SystemClock};
use crate::config::{Loaded, Source};
use crate::dispatch::engine::{Desk, Handle};
use crate::dispatch::links::LinkKey;
use crate::dispatch::recover::{CannotRecover, recover_from};
use crate::dispatch::system_record::{ClockStep, SystemRecord};
use crate::dispatch::worker::MaySend;
use crate::domain::lang::Lang;
use crate::journal::{Journal, JournalError, OpenOptions, RESERVE_BYTES, SealKey, Unusable, copy_side_keys};
use crate::web::auth::{Auth, ConsoleUrl};
use crate::web::public::{Public, PublicSite, spawn_thread};
use crate::yaml::diagnostics::Diagnostic;

/// How the program is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// For real, or in training.
    pub operation: Operation,
    /// The state folder.
    pub state: PathBuf,
    /// A second copy of the journal, on another disk.
    pub second_copy: Option<PathBuf>,
    /// The public page, answer links and callbacks.
    pub public_listen: SocketAddr,
    /// Console, API, metrics: loopback unless somebody says otherwise.
    pub listen: SocketAddr,
    /// Where the public listener is reached from outside: links and QR codes need it.
    pub public_url: Option<String>,
    /// Where browsers reach the console: passkeys need it.
    pub console_url: Option<ConsoleUrl>,
    /// The file of the house's own sign-in, beside accounts of this machine; it leads back to `console_url`.
    pub sign_in: Option<PathBuf>,
    /// Start although the key of private values is lost.
    pub accept_lost_key: bool,
    /// Begin a new journal where one was and is gone.
    pub new: bool,
    /// Where the configuration was read, to read it anew; `None`: it was made up for a demo.
    pub source: Option<Source>,
    /// How both listeners are entered.
    pub doors: Doors,
    /// One node of several: which, and where their common journal is.
    pub cluster: Option<Settings>,
}

/// Why the program does not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration has errors.
    Config(Vec<Diagnostic>),
    /// The state folder is one of training, or training would begin in another.
    State(NotForThis),
    /// The journal can't be opened.
    Journal(JournalError),
    /// It can't be carried out again.
    Recover(CannotRecover),
    /// A listener would be open to whoever is on the way.
    Doors(Vec<Shut>),
    /// It can't be one of several nodes.
    #[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "there are no others"))]
    Cluster {
        why: String,
        /// What to do next.
        next: String,
    },
    /// A port or a file.
    Io {
        /// What was to be done.
        what: String,
        /// What the system said.
        error: std::io::Error,
    },
}
impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(list) => write!(f, "the configuration has {} mistakes", list.len()),
            Self::State(e) => write!(f, "{e}"),
            Self::Journal(e) => write!(f, "{e}"),
            Self::Recover(e) => write!(f, "{e}"),
            Self::Doors(all) => {
                let all: Vec<_> = all.iter().map(|shut| shut.why(Lang::EN)).collect();
                write!(f, "{}", all.join("\n"))
            }
            Self::Cluster { why, .. } => f.write_str(why),
            Self::Io { what, error } => write!(f, "{what}: {error}"),
        }
    }
}
impl std::error::Error for StartError {}
impl StartError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Config(_) => "run `vardkase check` and mend what it names".into(),
            Self::State(e) => e.hint().into(),
            Self::Journal(e) => e.hint(),
            Self::Recover(_) => {
                "run `vardkase verify`; start with the program that wrote it, or on the second copy".into()
            }
            Self::Doors(all) => all.first().map(|shut| shut.next(Lang::EN)).unwrap_or_default(),
            Self::Cluster { next, .. } => next.clone(),
            Self::Io { .. } => "choose another port or folder, or end what uses it".into(),
        }
    }
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

/// The program, running.
pub struct Running {
    /// Speaks to the loop.
    pub handle: Handle,
    /// Where console and API are.
    pub console: SocketAddr,
    /// Where the public page is.
    pub public: SocketAddr,
    console_tls: bool,
    public_tls: bool,
    /// Reads the journal beside the running program.
    pub state_dir: PathBuf,
    /// Who may come in.
    pub accounts: Arc<Accounts>,
    /// The path of the link that makes the first account, as long as there is none. For a terminal, never for a log.
    pub first: Option<String>,
    /// What is wrong and keeps nothing from running.
    pub wrong: Wrong,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    threads: Vec<std::thread::JoinHandle<()>>,
    seat: Seat,
    checkpoints: Arc<Checkpoints>,
    journal: Journal,
}

/// What is wrong with files that the command line names. The program runs all the same: alerts matter more.
#[derive(Default, Debug)]
pub struct Wrong {
    /// Listeners that show a certificate of this run.
    pub certificates: Vec<StandIn>,
    /// There is no button of the provider.
    pub provider: Option<NoProvider>,
}

/// Parts that take longer to end than this are left behind.
const END_WITHIN: Duration = Duration::from_secs(15);
/// What mirrors tell may wait for the publisher.
const MIRROR_NEWS_MAX: usize = 64;

/// Starts everything. When this returns, the program takes reports.
///
/// # Errors
/// [`StartError`]: nothing was started, no port is bound.
pub async fn start(loaded: Loaded, options: Options) -> Result<Running, StartError> {
    // Whoever came first is as good: there is one provider in the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let machine = Arc::new(SystemClock::default());
    let clock: SharedClock = machine.clone();
    let steps = machine.steps();
    let doors = options.doors.open(options.listen, options.public_listen).map_err(StartError::Doors)?;
    let ends = Ends::of(options.operation);
    keep_apart(&options.state, options.operation).map_err(StartError::State)?;
    let (accept_lost_key, new) = (options.accept_lost_key, options.new);
    let open = OpenOptions { accept_lost_key, reserve_bytes: RESERVE_BYTES, new };
    let state_dir = options.state.clone();
    let among = Reached::of(options.cluster.as_ref(), &state_dir)?;
    let journal = {
        let (dir, second_copy, among) = (state_dir.clone(), options.second_copy.clone(), among.clone());
        let opened = move || match (among, second_copy) {
            (Some(among), _) => among.open(&dir, open),
            // What was repaired in the state folder is told by the journal itself.
            (None, Some(second)) => Journal::open_with_second_copy(&dir, &second, open).map(|(journal, _)| journal),
            (None, None) => Journal::open(&dir, open),
        };
        tokio::task::spawn_blocking(opened)
            .await
            .map_err(|e| StartError::Io { what: "opening the journal".into(), error: std::io::Error::other(e) })?
            .map_err(StartError::Journal)?
    };
    let plan = Arc::new(loaded.plan.clone());
    let dirs: Vec<PathBuf> = [Some(&state_dir), options.second_copy.as_ref()].into_iter().flatten().cloned().collect();
    let ((recovered, not_used), checkpoint) = {
        let (reader, dirs, plan) = (journal.reader().map_err(StartError::Journal)?, dirs.clone(), plan.clone());
        tokio::task::spawn_blocking(move || {
            let found = checkpoints::newest(&dirs);
            let seq = found.as_ref().map_or(0, |checkpoint| checkpoint.head.seq);
            Ok::<_, CannotRecover>((recover_from(&*reader, plan, found)?, seq))
        })
        .await
        .map_err(|e| StartError::Io { what: "reading the journal".into(), error: std::io::Error::other(e) })?
        .map_err(StartError::Recover)?
    };
    let (events, seq) = (recovered.events, recovered.head.seq);
    let checkpoint = match not_used {
        None => {
            tracing::info!(events, seq, checkpoint, "the journal was carried out again, from its checkpoint on");
            checkpoint
        }
        Some(Unusable::Missing) => {
            tracing::info!(events, seq, "the journal was carried out again from its start: it has no checkpoint");
            0
        }
        Some(why @ Unusable::NotInJournal(_)) => {
            tracing::error!(
                seq,
                "the checkpoint was made of records that the journal does not have: {why}. Its end was cut off, or it was put \
                 back; run `vardkase verify --foot`"
            );
            0
        }
        Some(why) => {
            tracing::warn!(
                events,
                seq,
                "the checkpoint is not used: {why}. The journal was carried out again from its start"
            );
            0
        }
    };
    let checkpoints = Arc::new(Checkpoints::new(journal.clone(), plan, dirs.clone(), checkpoint));
    let last_written = recovered.last_at.map(|at| at.timestamp());
    if let Some(at) = last_written {
        machine.not_before(at);
    }
    let seal_key = SealKey::load_or_create(&state_dir).map_err(StartError::Journal)?;
    // In training nobody is asked over a network.
    let sign_in = ends.outward().zip(options.sign_in);
    let sign_in = sign_in.map(|(_outward, file)| SignIn { file, console: options.console_url.clone(), _outward });
    let (provider, no_provider) = match sign_in.as_ref().map(|sign_in| sign_in.provider(&loaded.plan)) {
        Some(Ok(provider)) => (Some(provider), None),
        Some(Err(wrong)) => (None, Some(wrong)),
        None => (None, None),
    };
    let console_url = options.console_url.as_ref().map_or(String::new(), |url| url.origin().to_owned());
    let auth = Auth::load_or_create(&state_dir, options.second_copy.as_deref())
        .map_err(StartError::io("the console's token and accounts"))?
        .beside(provider)
        .reached_at(options.console_url);
    let first = auth.accounts.first_link().map_err(StartError::io("the link of the first account"))?;
    let auth = Arc::new(auth);
    let key = Arc::new(LinkKey::load_or_create(&state_dir).map_err(StartError::io("the key of answer links"))?);
    if let Some(second_copy) = &options.second_copy {
        copy_side_keys(&state_dir, second_copy);
    }

    let console =
        TcpListener::bind(options.listen).await.map_err(StartError::io(format!("listening on {}", options.listen)))?;
    let public = std::net::TcpListener::bind(options.public_listen)
        .map_err(StartError::io(format!("listening on {}", options.public_listen)))?;
    let console_at = console.local_addr().map_err(StartError::io("the console's address"))?;
    let public_at = public.local_addr().map_err(StartError::io("the public address"))?;

    let (console_tls, public_tls) = (doors.console.tls.is_some(), doors.public.tls.is_some());
    let reader = doors.public.tls.as_ref().map(|certificates| certificates.reader()).transpose();
    let reader = reader.map_err(|e| StartError::io("reading our own page")(std::io::Error::other(e)))?;

    let (stop, stopped) = watch::channel(false);
    let site = Arc::new(PublicSite::new());
    let mut tasks = JoinSet::new();
    let published = watch::Sender::new(Arc::default());
    let (tell, told) = mpsc::channel(MIRROR_NEWS_MAX);
    let (places, seen_at) = watch::channel(Places::default());
    let (decides, leads) = watch::channel(false);
    let (desk, handle) = Desk::new();
    let backs = Backs::default();
    let house = Arc::new(House {
        ends: ends.clone(),
        handle: handle.clone(),
        journal: journal.clone(),
        clock: clock.clone(),
        state: state_dir.clone(),
        public_url: options.public_url.clone(),
        own: format!("{}://{public_at}", scheme(public_tls)),
        link_key: key.clone(),
        seal_key: Arc::new(seal_key),
        may_send: among.as_ref().map_or_else(|| Arc::new(|| true) as MaySend, Reached::may_send),
        backs: backs.clone(),
        published: published.clone(),
        tell,
        places,
        decides,
        now: Mutex::default(),
    });
    let elsewhere = among.as_ref().map(|among| among.elsewhere(&journal));
    let answers = Arc::new(Answers::new(handle.clone(), key, backs, elsewhere));
    let seat = match among {
        None => {
            let since = last_written.unwrap_or(clock.now());
            Seat::Alone(Box::new(Term::begin(&house, desk, recovered, loaded, since, |engine| engine)))
        }
        Some(among) => {
            house.places.send_replace(house.at_home());
            let (house, machine, answers, stop) = (house.clone(), machine.clone(), answers.clone(), stopped.clone());
            let accounts = auth.accounts.clone();
            among.sit(Sits { house, desk, loaded, machine, accounts, answers, console: console_url, dirs, stop })?
        }
    };
    let publisher = Publisher {
        handle: handle.clone(),
        site: site.clone(),
        public_url: options.public_url.clone().unwrap_or_default(),
        clock: clock.clone(),
        places: seen_at,
        reader,
        outward: ends.outward(),
        told,
        published,
        leads,
    };
    let limits = crate::web::public::Limits::default();
    let connections_max = files::public_connections(files::raise_limit(), limits.connections_max);
    if let (Some(sign_in), Some(wrong)) = (sign_in, &no_provider) {
        tracing::error!("{}", wrong.said(Lang::EN));
        tasks.spawn(sign_in.until_right(auth.clone(), handle.clone(), clock.clone(), stopped.clone()));
    }
    let wrong = Wrong { certificates: doors.stand_ins.clone(), provider: no_provider };
    tasks.spawn(doors.watched(handle.board(), &clock, state_dir.clone()).run(stopped.clone()));
    let limits = crate::web::public::Limits { connections_max, ..limits };
    let service = Public { site, dynamic: answers, limits, door: doors.public };
    let threads = vec![spawn_thread(public, service, stopped.clone()).map_err(StartError::io("the public listener"))?];
    tasks.spawn(publisher.run(stopped.clone()));
    tasks.spawn(checkpoints.clone().run(stopped.clone()));
    tasks.spawn(keep_steps(handle.clone(), steps, stopped.clone()));
    let accounts = auth.accounts.clone();
    let ctx = crate::web::Ctx {
        handle: handle.clone(),
        auth,
        clock: clock.clone(),
        log: Arc::new(crate::web::log::JournalLog(journal.clone())),
        drafts: Arc::new(crate::web::Drafts::load(&state_dir)),
        reload: Arc::new(Reloader::new(options.source.clone(), house)),
    };
    let router = crate::web::router(ctx);
    tasks.spawn(crate::web::serve(console, doors.console, router, stopped.clone()));
    Ok(Running {
        handle,
        console: console_at,
        public: public_at,
        console_tls,
        public_tls,
        state_dir,
        accounts,
        first,
        wrong,
        stop,
        tasks,
        threads,
        seat,
        checkpoints,
        journal,
    })
}

/// Jumps of the machine's clock go on record: whoever reads the times later must know.
async fn keep_steps(handle: Handle, mut steps: watch::Receiver<SignedDuration>, mut stop: watch::Receiver<bool>) {
    // One that was found at the start counts too.
    if !steps.borrow_and_update().is_zero() {
        steps.mark_changed();
    }
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            changed = steps.changed() => if changed.is_err() { return },
        }
        let by = steps.borrow_and_update().as_millis();
        let by_ms = i64::try_from(by).unwrap_or(if by < 0 { i64::MIN } else { i64::MAX });
        if handle.record_system(SystemRecord::ClockStepped(ClockStep { by_ms })).await.is_err() {
            return;
        }
    }
}

fn scheme(tls: bool) -> &'static str {
    if tls { "https" } else { "http" }
}

impl Running {
    /// Where the console is asked.
    pub fn console_url(&self) -> String {
        format!("{}://{}", scheme(self.console_tls), self.console)
    }

    /// Where the public page is read.
    pub fn public_url(&self) -> String {
        format!("{}://{}", scheme(self.public_tls), self.public)
    }

    /// Ends everything: what is on the wire is waited for, what was decided is written.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let seat = self.seat;
        let ended = async {
            seat.end().await;
            while self.tasks.join_next().await.is_some() {}
        };
        if tokio::time::timeout(END_WITHIN, ended).await.is_err() {
            tracing::warn!("some parts did not end in time");
        }
        let (journal, checkpoints, threads) = (self.journal, self.checkpoints, self.threads);
        let closed = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
            // Everything is written: the next start reads nothing of the journal.
            checkpoints.renew();
            drop(checkpoints);
            journal.close();
        });
        let _ = closed.await;
    }
}
