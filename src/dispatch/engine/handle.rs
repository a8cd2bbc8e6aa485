//! What others hold of the owner: a handle that takes inputs and questions, and what comes back.

use serde::{Deserialize, Serialize};

use super::*;
use crate::config::{Accepted, PlannedDrill};
use crate::dispatch::system_record::Forgotten;
use crate::domain::incident::refused::refuse;
use crate::domain::reach::left::Around;

/// Answered when a decision is on disk.
pub(crate) type Answer = oneshot::Sender<Result<Done, Refused>>;
/// Answers, each with which of the events are its own.
pub(crate) type Answers = Vec<(Answer, std::ops::Range<usize>)>;
/// Looks at the state between two inputs.
pub(crate) type Look = Box<dyn FnOnce(&State, &Meta) + Send>;

/// What comes to the loop.
pub(crate) enum Request {
    Input {
        input: Box<Input>,
        /// The delivery whose link it came by.
        link: Option<DeliveryId>,
        reply: Option<Answer>,
    },
    Reply {
        channel: Channel,
        from: String,
        text: String,
    },
    Query(Look),
    /// Who has the address that a delivery went to.
    Asked {
        delivery: DeliveryId,
        reply: oneshot::Sender<Option<Actor>>,
    },
    Config {
        loaded: Box<Loaded>,
        swap: Swap,
        reply: Answer,
    },
    System {
        record: Box<SystemRecord>,
        reply: Answer,
    },
    Forget {
        forgotten: Box<Forgotten>,
        reply: Answer,
    },
}

/// What was decided, once it is on disk.
#[derive(Clone, Debug)]
pub struct Done {
    pub events: Arc<Vec<Event>>,
    /// They are on disk. When not, nothing can be written and the incident goes on from memory (invariant 1).
    pub on_record: bool,
    /// Where they stand in the journal.
    pub place: Place,
}

/// Where in the journal something stands that was decided.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, Debug)]
pub struct Place {
    /// The last record before those that it was written with.
    pub after: u64,
    /// The last of them.
    pub last: u64,
    /// Which of the events among them.
    pub events: std::ops::Range<usize>,
}

impl Done {
    /// Nothing had to be recorded.
    pub(crate) fn nothing(on_record: bool) -> Self {
        Self { events: Arc::default(), on_record, place: Place::default() }
    }
}

/// Why an input got no answer.
#[derive(Clone, Debug)]
pub enum Failed {
    /// The domain refused it; nothing changed.
    Refused(Refused),
    /// The program is going down.
    GoingDown,
}
impl Failed {
    /// As what it is told to people and programs.
    pub fn refused(&self) -> Refused {
        match self {
            Self::Refused(refused) => refused.clone(),
            Self::GoingDown => refuse!(GoingDown),
        }
    }
}
impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(r) => write!(f, "{r}"),
            Self::GoingDown => f.write_str("the program is going down"),
        }
    }
}

/// What the loop knows besides the state.
#[derive(Clone, Debug)]
pub struct Meta {
    pub now: At,
    /// The last record.
    pub seq: u64,
    /// Everything is on disk.
    pub on_record: bool,
    /// Why not, when it is not.
    pub trouble: Option<String>,
    /// How the disks under the journal are.
    pub disks: Disks,
    /// Seals, rehearsals, jumps of the clock.
    pub kept: SystemState,
    /// Gateways with a worker, by ID.
    pub workers: BTreeMap<GatewayId, WorkerHandle>,
    /// Gateways without one, and why.
    pub unusable: BTreeMap<GatewayId, String>,
    /// What each gateway last said of itself.
    pub health: BTreeMap<GatewayId, (bool, String)>,
    /// The region does not exist.
    pub fictional: bool,
    /// What is private of an incident is forgotten so many months after it closed.
    pub retention_months: u32,
    /// What the public page says of its accessibility.
    pub statement: Statement,
    /// Drills that are planned.
    pub drills: Arc<[PlannedDrill]>,
    /// What the plan has not and ways hang on.
    pub around: Arc<Around>,
    /// Single points of failure that are known and stay.
    pub accepted: Arc<[Accepted]>,
    /// The addresses of the plan for new incidents, as marks that may leave the program.
    pub marks: Arc<Marks>,
    /// What `check` warns of.
    pub warnings: usize,
    /// Deliveries per gateway that wait for room in its queue.
    pub waiting: BTreeMap<GatewayId, usize>,
    /// Alarms of the program's own parts, and how mirrors stand.
    pub board: Board,
}

impl Meta {
    /// What a configuration says of it.
    pub(crate) fn of(loaded: &Loaded) -> Self {
        let mut meta = Self {
            now: At(0),
            seq: 0,
            on_record: true,
            trouble: None,
            disks: Disks::default(),
            kept: SystemState::default(),
            workers: BTreeMap::new(),
            unusable: BTreeMap::new(),
            health: BTreeMap::new(),
            fictional: false,
            retention_months: 0,
            statement: Statement::default(),
            drills: Arc::default(),
            around: Arc::default(),
            accepted: Arc::default(),
            marks: Arc::default(),
            warnings: 0,
            waiting: BTreeMap::new(),
            board: Board::default(),
        };
        meta.take_up(loaded);
        meta
    }

    /// The same, when another configuration comes.
    pub(crate) fn take_up(&mut self, loaded: &Loaded) {
        self.fictional = loaded.fictional;
        self.retention_months = loaded.retention_months;
        self.statement = loaded.statement.clone();
        self.drills = loaded.drills.clone().into();
        self.around = Arc::new(loaded.around.clone());
        self.accepted = loaded.accepted.clone().into();
        self.warnings = loaded.warnings.len();
    }
}

/// Addresses as marks, by point.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// What they are made with.
    pub salt: String,
    pub of: Vec<String>,
}

/// What the last commit was about, for screens that are looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// So many commits were carried out.
    pub n: u64,
    /// What happened, by the name of the event; empty: nothing of an incident.
    pub kind: &'static str,
    /// The incident, when it was one alone.
    pub incident: Option<IncidentNo>,
}

impl Touched {
    pub(crate) fn add(&mut self, events: &[Event]) {
        let mut all = events.iter().filter_map(Event::incident);
        let first = all.next();
        self.n += 1;
        self.kind = events.iter().find(|e| e.incident().is_some()).map_or("", Event::name);
        self.incident = first.filter(|no| all.all(|other| other == *no));
    }
}

/// Where requests come in, and what is told without being asked. One loop at a time sits at it; when that ends another can go on, and
/// nobody who speaks to it notices more than a pause.
pub struct Desk {
    pub(crate) rx: mpsc::Receiver<Request>,
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) touched: watch::Sender<Touched>,
    pub(crate) closed: watch::Sender<u64>,
    pub(crate) board: Board,
    /// Whoever asks to look at the state, and has not got to.
    pub(crate) looks: Vec<Look>,
}

/// What a loop leaves behind that has ended.
pub struct Left {
    /// Another can go on there.
    #[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "one loop for as long as the program runs"))]
    pub desk: Desk,
    /// Why another node decides from now on; nothing: it was told to end.
    #[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "one loop for as long as the program runs"))]
    pub why: Option<JournalError>,
}

impl Desk {
    /// A desk that nobody sits at yet, and a handle to it.
    pub fn new() -> (Self, Handle) {
        let (tx, rx) = mpsc::channel(INPUTS_MAX);
        let (changed, watch_changed) = watch::channel(0);
        let (touched, watch_touched) = watch::channel(Touched::default());
        let (closed, watch_closed) = watch::channel(0);
        let board = Board::default();
        let handle =
            Handle { tx, changed: watch_changed, touched: watch_touched, closed: watch_closed, board: board.clone() };
        (Self { rx, changed, touched, closed, board, looks: Vec::new() }, handle)
    }
}

/// Speaks to the loop. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) tx: mpsc::Sender<Request>,
    pub(super) changed: watch::Receiver<u64>,
    pub(super) touched: watch::Receiver<Touched>,
    pub(super) closed: watch::Receiver<u64>,
    pub(super) board: Board,
}

impl Handle {
    /// Carries an input out and waits until it is on disk.
    ///
    /// # Errors
    /// The domain's refusal, or the program is going down.
    pub async fn input(&self, input: Input) -> Result<Done, Failed> {
        self.carry_out(input, None).await
    }

    /// The same for what came by a delivery's link: whoever has the address that it was sent to stands behind it.
    ///
    /// # Errors
    /// As for [`Self::input`].
    pub async fn input_by_link(&self, delivery: DeliveryId, input: Input) -> Result<Done, Failed> {
        self.carry_out(input, Some(delivery)).await
    }

    async fn carry_out(&self, input: Input, link: Option<DeliveryId>) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Input { input: Box::new(input), link, reply: Some(reply) };
        self.tx.send(request).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)?.map_err(Failed::Refused)
    }

    /// Somebody wrote back over a channel.
    pub async fn reply(&self, channel: Channel, from: String, text: String) {
        // When the loop is gone there is nobody left to tell; the gateway was not told "done" either.
        let _ = self.tx.send(Request::Reply { channel, from, text }).await;
    }

    /// Looks at the state between two inputs.
    ///
    /// # Errors
    /// The program is going down.
    pub async fn query<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State, &Meta) -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let (reply, answer) = oneshot::channel();
        let query = Box::new(move |state: &State, meta: &Meta| {
            let _ = reply.send(look(state, meta));
        });
        self.tx.send(Request::Query(query)).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)
    }

    /// Who has the address that a delivery went to, as one pair of eyes (RULES H3): what its link does is the doing of that one.
    ///
    /// # Errors
    /// The program is going down.
    pub async fn asked_at(&self, delivery: DeliveryId) -> Result<Option<Actor>, Failed> {
        let (reply, answer) = oneshot::channel();
        self.tx.send(Request::Asked { delivery, reply }).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)
    }

    /// A checked configuration for new incidents, with the workers of gateways that are new in it or have changed.
    ///
    /// # Errors
    /// It could not be kept.
    pub async fn config(&self, loaded: Loaded, swap: Swap) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        self.tx.send(Request::Config { loaded: Box::new(loaded), swap, reply }).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)?.map_err(Failed::Refused)
    }

    /// Records something about the journal itself.
    ///
    /// # Errors
    /// The program is going down.
    pub async fn record_system(&self, record: SystemRecord) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        self.tx.send(Request::System { record: Box::new(record), reply }).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)?.map_err(Failed::Refused)
    }

    /// Forgets what is private of a closed incident, on record.
    ///
    /// # Errors
    /// It is not closed, or was forgotten already; or the program is going down.
    pub async fn forget(&self, forgotten: Forgotten) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Forget { forgotten: Box::new(forgotten), reply };
        self.tx.send(request).await.map_err(|_| Failed::GoingDown)?;
        answer.await.map_err(|_| Failed::GoingDown)?.map_err(Failed::Refused)
    }

    /// Counts up with each incident that closes.
    pub fn closed(&self) -> watch::Receiver<u64> {
        self.closed.clone()
    }

    /// What every screen shows besides the state.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// What the last commit was about.
    pub fn touched(&self) -> watch::Receiver<Touched> {
        self.touched.clone()
    }

    /// Counts up with each commit.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

/// Workers that a configuration brings.
#[derive(Clone, Debug, Default)]
pub struct Swap {
    /// Of gateways that are new, or take the place of one that ran: that one is ended afterwards, and what waits in it goes
    /// over the new one.
    pub workers: BTreeMap<GatewayId, WorkerHandle>,
    /// Gateways that can't be used, and why.
    pub unusable: BTreeMap<GatewayId, String>,
}
