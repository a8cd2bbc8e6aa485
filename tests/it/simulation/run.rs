//! One run: the real loop, workers, rules and journal in one thread on virtual time, through several lives of the program.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use vardkase::clock::VirtualClock;
use vardkase::config::{Contacts, Loaded};
use vardkase::dispatch::effects::Env;
use vardkase::dispatch::engine::{self, Failed, Handle, Parts};
use vardkase::dispatch::links::LinkKey;
use vardkase::dispatch::record::{Decoder, Entry, unseal};
use vardkase::dispatch::recover::{Recovered, frozen, recover, recover_from};
use vardkase::dispatch::replay::{build, replay_from};
use vardkase::dispatch::retry::Jitter;
use vardkase::dispatch::worker::{WORKER_EVENTS_MAX, Worker, WorkerHandle};
use vardkase::dispatch::worker_limits::WorkerLimits;
use vardkase::domain::delivery::SendError;
use vardkase::domain::ids::{FunctionId, GatewayId};
use vardkase::domain::incident::event::Event;
use vardkase::domain::incident::input::Input;
use vardkase::domain::incident::state::State;
use vardkase::domain::plan::{Channel, Plan};
use vardkase::domain::time::At;
use vardkase::gateways::{Address, GatewayEvent};
use vardkase::journal::*;

use super::auditor::{self, Config, Record};
use super::coverage::Coverage;
use super::ends::{Disk, SimGateway, SimStore, cut, scratch, write};
use super::operator;
use super::rng::Rng;
use super::world::{DiskIs, Happening, Seen, Shared, Torn, Way, World};

/// After that much calm every deadline has passed.
const CALM_S: u32 = 6 * 3600;
/// A life that takes more steps than this has run away.
const STEPS_MAX: u32 = 200_000;

pub struct Ran {
    pub violations: Vec<String>,
    pub records: Vec<Record>,
    pub log: Vec<(At, Seen)>,
    pub coverage: Coverage,
    pub lives: u32,
}

/// The configurations of a run: the first is the one it starts with, the others come by `reload` and `adopt`.
fn configs() -> Vec<Loaded> {
    let base = crate::region::plan().plan;
    let mut slower = base.clone();
    for f in &mut slower.functions {
        f.answer_within_s = f.answer_within_s * 2 / 3;
    }
    if let Some(book) = slower.playbooks.values_mut().find(|p| p.id.as_str() == "ehr-down") {
        book.update_every_s = Some(1800);
    }
    let mut other_ways = base.clone();
    for p in other_ways.points.iter_mut().filter(|p| p.gateways.len() > 1) {
        p.gateways.reverse();
    }
    let lab = other_ways.function_ix("lab").unwrap();
    let tib = other_ways.function_ix("tib").unwrap();
    other_ways.functions[lab.ix()].deputies = vec![tib];
    let make = |plan: Plan, moved: usize| {
        let address = |(i, p): (usize, &vardkase::domain::plan::DutyPoint)| -> Arc<str> {
            let n = if i % 5 == moved { i + 40 * moved } else { i };
            match p.channel {
                Channel::Sms | Channel::Fax => format!("+4670174{:04}", 600 + n).into(),
                Channel::Email => format!("duty{n}@region.example").into(),
                _ => format!("pager-{n}").into(),
            }
        };
        let contacts = Contacts::new(plan.points.iter().enumerate().map(address).collect());
        Loaded {
            plan,
            contacts,
            gateways: Vec::new(),
            watch: None,
            turns: Vec::new(),
            webhooks: Vec::new(),
            printers: Vec::new(),
            retention_months: 24,
            statement: vardkase::config::Statement::default(),
            around: vardkase::domain::reach::left::Around::default(),
            accepted: Vec::new(),
            drills: Vec::new(),
            warnings: Vec::new(),
            fictional: true,
            tests: Vec::new(),
        }
    };
    vec![make(base, 0), make(slower, 1), make(other_ways, 2)]
}

struct Run {
    world: Shared,
    disk: Disk,
    configs: Vec<Loaded>,
    current: usize,
    at: At,
    calm_from: At,
    life: u32,
    seed: u64,
    look_every: Duration,
    queue_len_max: usize,
    violations: Vec<String>,
    checkpoints: Checkpoints,
}

/// What lies beside the journal as its checkpoint, in some of the runs; half-written or flipped now and then.
struct Checkpoints {
    /// Of its own, so that a seed's other events stay as they were.
    rng: Rng,
    wanted: bool,
    bytes: Option<Vec<u8>>,
}

/// What a life ended with.
enum End {
    Crash,
    Stopped,
    /// The run is over; what stood in memory then.
    Over(Box<State>),
}

/// Runs a seed. `files`: the journal lies in real files, torn below the level of SQLite.
pub fn run(seed: u64, files: bool) -> Ran {
    let mut rng = Rng::seeded(seed);
    let starts = ["2008-12-18T03:12:00+01:00", "2008-12-18T09:45:00+01:00", "2009-03-28T23:40:00+01:00"];
    let at: At = rng.pick(&starts).parse::<jiff::Timestamp>().unwrap().into();
    let clock = VirtualClock::stepped(at.timestamp());
    let mut world = World::new(rng.split(), clock);
    let calm_from = at + *rng.pick(&[1800_u32, 5400, 3 * 3600, 7 * 3600]);
    agenda(&mut world, &mut rng, at, calm_from);
    let disk = if files { Disk::Files(scratch()) } else { Disk::Memory(MemoryDisk::new().unwrap()) };
    let mut run = Run {
        world: Shared::new(world),
        disk,
        configs: configs(),
        current: 0,
        at,
        calm_from,
        life: 0,
        seed,
        look_every: Duration::from_secs(*rng.pick(&[1, 10, 10, 30])),
        queue_len_max: *rng.pick(&[2, 20, 20_000, 20_000]),
        violations: Vec::new(),
        checkpoints: Checkpoints { rng: Rng::seeded(!seed), wanted: seed.is_multiple_of(3), bytes: None },
    };
    let over = loop {
        run.life += 1;
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let left = Arc::new(std::sync::Mutex::new(None));
        // The clock follows the runtime's time, and only there.
        let (end, now) = rt.block_on(async {
            let end = run.live(left.clone()).await;
            (end, run.world.lock().now())
        });
        run.world.lock().clock = VirtualClock::stepped(now.timestamp());
        let orderly = matches!(end, End::Stopped);
        let durable = run.world.lock().durable;
        run.world.lock().see(Seen::End { orderly, durable });
        if let (Disk::Files(dir), false) = (&run.disk, orderly) {
            let left = left.lock().unwrap().take();
            run.disk = Disk::Files(left.unwrap_or_else(|| cut(dir.path(), None)));
        }
        drop(rt);
        let down = match rng.below(10) {
            0..5 => rng.between(1_000, 20_000),
            5..9 => rng.between(20_000, 2_400_000),
            _ => rng.between(3_600_000, 12_000_000),
        };
        run.at = At(now.0 + down as i64);
        if let End::Over(state) = end {
            break state;
        }
    };
    run.finish(*over)
}

/// What will happen, by the seed.
fn agenda(world: &mut World, rng: &mut Rng, from: At, until: At) {
    let span = (until.0 - from.0) as u64;
    let gateways = ["sms", "modem", "mail", "fax", "pager", "pager-ls"];
    world.plan_at(At(from.0 + 1_500), Happening::Operator);
    for _ in 0..rng.between(6, 40) {
        world.plan_at(At(from.0 + rng.below(span) as i64), Happening::Operator);
    }
    for _ in 0..rng.between(0, 8) {
        let gateway = GatewayId::from(*rng.pick(&gateways));
        let way = *rng.pick(&[
            Way::Flaky,
            Way::Flaky,
            Way::Slow,
            Way::Down,
            Way::Hung,
            Way::Liar,
            Way::Drops,
            Way::Later,
            Way::Unclear,
            Way::Well,
            Way::Well,
        ]);
        world.plan_at(At(from.0 + rng.below(span) as i64), Happening::Weather { gateway, way });
    }
    for gateway in gateways {
        if rng.percent(25) {
            let bad = [Way::Flaky, Way::Slow, Way::Down, Way::Hung, Way::Liar, Way::Drops, Way::Later, Way::Unclear];
            world.ways.insert(gateway.into(), *rng.pick(&bad));
        }
    }
    if rng.percent(25) {
        for _ in 0..rng.between(1, 3) {
            let at = At(from.0 + rng.below(span) as i64);
            world.plan_at(at, Happening::Disk(*rng.pick(&[DiskIs::Slow, DiskIs::Held, DiskIs::Full])));
            world.plan_at(At(at.0 + rng.between(1_000, 300_000) as i64), Happening::Disk(DiskIs::Fine));
        }
    }
    for _ in 0..*rng.pick(&[0, 1, 1, 2, 3, 5]) {
        let at = At(from.0 + rng.below(span) as i64);
        let what = match rng.below(10) {
            0..3 => Happening::Crash,
            3..6 => Happening::CrashInAppend(*rng.pick(&[Torn::Nothing, Torn::Part, Torn::All])),
            6..9 => Happening::CrashAtTake,
            _ => Happening::Stop,
        };
        world.plan_at(at, what);
    }
    for _ in 0..*rng.pick(&[0, 0, 0, 1, 2]) {
        world.plan_at(At(from.0 + rng.below(span) as i64), Happening::Config(rng.below(3) as usize));
    }
    if rng.percent(40) {
        world.plan_at(At(from.0 + rng.below(span) as i64), Happening::Shift);
    }
    for n in 1..=span / 60_000 {
        world.plan_at(At(from.0 + n as i64 * 60_000), Happening::Page);
    }
}

impl Run {
    async fn live(&mut self, left: Arc<std::sync::Mutex<Option<tempfile::TempDir>>>) -> End {
        let clock = VirtualClock::with_runtime(self.at.timestamp());
        let (store, sealer) = self.disk.open();
        let store =
            SimStore { inner: store, world: self.world.clone(), left, folder: self.disk.folder().map(Into::into) };
        let loaded = self.configs[self.current].clone();
        let recovered = self.recovered(&loaded.plan);
        {
            let mut w = self.world.lock();
            w.clock = clock.clone();
            (w.dead, w.disk, w.excused) = (false, DiskIs::Fine, false);
            let seq = recovered.head.seq;
            if seq < w.durable {
                self.violations.push(format!("record {} was on disk, and the start finds {seq}", w.durable));
            }
            w.durable = seq;
            w.see(Seen::Start { life: self.life, seq });
        }
        let (journal, hand) = Journal::by_hand(store, sealer);
        tokio::spawn(write(hand, self.world.clone()));
        let (stop, stopped) = watch::channel(false);
        let (events, news) = mpsc::channel(WORKER_EVENTS_MAX);
        let mut workers = BTreeMap::new();
        for (n, g) in loaded.plan.gateways.iter().enumerate().filter(|(_, g)| g.channel != Channel::Web) {
            let gateway = SimGateway { id: g.id.clone(), capability: g.capability.clone(), world: self.world.clone() };
            let limits = WorkerLimits {
                queue_len_max: self.queue_len_max,
                drain_s: 2,
                receipts_promised: g.receipts && matches!(g.channel, Channel::Sms | Channel::Paging),
                ..WorkerLimits::default()
            };
            let jitter = Jitter::seeded(self.seed ^ n as u64);
            let worker =
                Worker::start(g.id.clone(), Arc::new(gateway), limits, events.clone(), jitter, stopped.clone());
            workers.insert(g.id.clone(), worker);
        }
        drop(events);
        let link_key = Arc::new(LinkKey::from_bytes([1; 32]));
        let (engine, handle) = engine::build(Parts {
            journal,
            recovered,
            loaded: loaded.clone(),
            env: Env { public_url: "https://lage.region.example".into(), link_key },
            clock: Arc::new(clock.clone()),
            workers: workers.clone(),
            unusable: BTreeMap::from([("page".into(), "a page".to_owned())]),
            news,
        });
        let mut nonces = self.world.lock().rng.split();
        let engine = engine.with_nonces(Box::new(move || Ok(nonces.bytes()))).looking_every(self.look_every);
        let task = tokio::spawn(engine.run(loaded.plan, stopped));
        let end = self.go_on(&handle, &workers, &stop).await;
        if matches!(end, End::Stopped) {
            let ended = tokio::time::timeout(Duration::from_secs(60), task).await;
            if ended.is_err() {
                self.violations.push("it does not end when it is told to".into());
            }
            if self.world.is_dead() {
                return End::Crash;
            }
        }
        end
    }

    /// From the checkpoint on, if there is one; the whole journal must give the same.
    fn recovered(&mut self, plan: &Plan) -> Recovered {
        let (reader, plan) = (self.disk.reader(), Arc::new(plan.clone()));
        let whole = recover(&*reader, plan.clone()).expect("starts after any crash");
        let Some(bytes) = &self.checkpoints.bytes else { return whole };
        let found = Checkpoint::from_bytes(bytes, &build());
        let (recovered, _) = recover_from(&*reader, plan, found).expect("starts from a checkpoint as well");
        let mut state = recovered.state.clone();
        state.plans.clone_from(&whole.state.plans);
        if state != whole.state {
            let parts = differs(&whole.state, &state);
            self.violations.push(format!("a checkpoint and what came after it give another state: {parts}"));
        }
        if recovered.contacts != whole.contacts || recovered.kept != whole.kept || recovered.head != whole.head {
            self.violations.push("a checkpoint gives other contacts, or other things on record".into());
        }
        recovered
    }

    /// What the program does beside the loop: at any moment, and torn by a crash now and then.
    fn keep_checkpoint(&mut self) {
        if !self.checkpoints.wanted || !self.checkpoints.rng.percent(20) {
            return;
        }
        let before =
            self.checkpoints.bytes.as_ref().map_or(Err(Unusable::Missing), |b| Checkpoint::from_bytes(b, &build()));
        let plan = Arc::new(self.configs[self.current].plan.clone());
        match replay_from(&*self.disk.reader(), plan, before) {
            Ok((replay, _)) => {
                let Some(mut bytes) = replay.checkpoint().map(|c| c.to_bytes()) else { return };
                let at = self.checkpoints.rng.below(bytes.len() as u64) as usize;
                match self.checkpoints.rng.below(10) {
                    0 => bytes.truncate(at),
                    1 => bytes[at] ^= 1,
                    _ => {}
                }
                self.checkpoints.bytes = Some(bytes);
            }
            Err(e) => self.violations.push(format!("no checkpoint can be made: {e}")),
        }
    }

    async fn go_on(
        &mut self,
        handle: &Handle,
        workers: &BTreeMap<GatewayId, WorkerHandle>,
        stop: &watch::Sender<bool>,
    ) -> End {
        for _ in 0..STEPS_MAX {
            let (next, calm, now) = {
                let w = self.world.lock();
                (w.next_at(), w.calm, w.now())
            };
            if self.world.is_dead() {
                return End::Crash;
            }
            let calm_at = if calm { self.calm_from + CALM_S } else { self.calm_from };
            let until = next.filter(|n| *n <= calm_at).unwrap_or(calm_at);
            if until > now {
                let wait = Duration::from_millis((until.0 - now.0) as u64);
                tokio::select! {
                    biased;
                    () = self.world.1.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
                continue;
            }
            if next.is_none_or(|n| n > calm_at) {
                if calm {
                    return self.over(handle).await;
                }
                self.calm_from = now;
                self.world.lock().calm_down();
                continue;
            }
            let Some(what) = self.world.lock().take_next() else { continue };
            if let Some(end) = self.happen(what, handle, workers, stop).await {
                return end;
            }
        }
        self.violations.push(format!("more than {STEPS_MAX} steps in one life"));
        End::Over(Box::new(State::new(Arc::new(self.configs[0].plan.clone()))))
    }

    async fn over(&mut self, handle: &Handle) -> End {
        for _ in 0..100 {
            let seen = handle.query(|state, meta| (state.clone(), meta.seq, meta.on_record)).await;
            let Ok((state, seq, on_record)) = seen else { break };
            if on_record && seq == self.world.lock().durable {
                return End::Over(Box::new(state));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.violations.push("it never came to rest with everything on disk".into());
        End::Over(Box::new(State::new(Arc::new(self.configs[0].plan.clone()))))
    }

    fn input(&self, handle: &Handle, input: Input) {
        let (world, handle) = (self.world.clone(), handle.clone());
        world.lock().see(Seen::Asked { what: name(&input) });
        tokio::spawn(async move {
            let answer = handle.input(input).await;
            let mut w = world.lock();
            if w.dead {
                return;
            }
            let durable = w.durable;
            match answer {
                Ok(done) => w.see(Seen::Done { events: done.events, on_record: done.on_record, durable }),
                Err(Failed::Refused(r)) => w.see(Seen::Refused { code: r.code }),
                Err(Failed::GoingDown) => {}
            }
        });
    }

    async fn happen(
        &mut self,
        what: Happening,
        handle: &Handle,
        workers: &BTreeMap<GatewayId, WorkerHandle>,
        stop: &watch::Sender<bool>,
    ) -> Option<End> {
        match what {
            Happening::Operator => {
                let (mut rng, now) = {
                    let mut w = self.world.lock();
                    (w.rng.split(), w.now())
                };
                let look = handle.query(move |state, _| operator::choose(state, now, &mut rng));
                // A loop that waits for a silent disk answers nobody; neither does the operator wait for ever.
                if let Ok(Ok(Some(input))) = tokio::time::timeout(Duration::from_secs(30), look).await {
                    self.input(handle, input);
                }
            }
            Happening::Page => {
                self.keep_checkpoint();
                let look =
                    tokio::time::timeout(Duration::from_secs(30), handle.query(|state, _| operator::pages(state)));
                let Ok(Ok(messages)) = look.await else { return None };
                let dice = self.world.lock().rng.below(100);
                if !messages.is_empty() && dice < 80 {
                    self.input(handle, Input::PageChecked { messages, equal: dice < 70 });
                }
            }
            Happening::Shown { gateway, to, id, units, link } => {
                let channel = self.configs[0].plan.gateways.iter().find(|g| g.id == gateway).map(|g| g.channel)?;
                let mut w = self.world.lock();
                w.shown.insert(id);
                w.read(channel, &to, id, &units, link);
                w.see(Seen::Shown { gateway, to, id, units });
            }
            Happening::Reply { channel, from, text } => {
                self.world.lock().see(Seen::Reply { from: from.clone(), text: text.clone() });
                let gateway = GatewayId::from("sms");
                match workers.get(&gateway) {
                    Some(w) if channel == Channel::Sms => {
                        w.tell(GatewayEvent::Reply {
                            gateway,
                            from: Address(from.into()),
                            text,
                            ack: Default::default(),
                        });
                    }
                    _ => {}
                }
            }
            Happening::Link { id, yes } => self.input(handle, Input::Link { who: None, delivery: id, yes }),
            Happening::Receipt { gateway, id, gateway_ref, ok } => {
                let result = if ok { Ok(()) } else { Err(SendError::permanent("undeliverable")) };
                if let Some(w) = workers.get(&gateway) {
                    w.tell(GatewayEvent::Receipt { gateway, delivery: id, gateway_ref, result });
                }
            }
            Happening::Weather { gateway, way } => {
                let down = (way == Way::Down).then(|| "the line is down".to_owned());
                if let Some(w) = workers.get(&gateway) {
                    w.tell(GatewayEvent::Down { gateway: gateway.clone(), cause: down });
                }
                let mut w = self.world.lock();
                w.ways.insert(gateway.clone(), way);
                w.see(Seen::Weather { gateway, way });
            }
            Happening::Disk(disk) => {
                let mut w = self.world.lock();
                w.disk = disk;
                w.excused |= matches!(disk, DiskIs::Held | DiskIs::Full | DiskIs::Slow);
                w.see(Seen::Disk(disk));
            }
            Happening::Config(n) => {
                self.current = n;
                self.world.lock().see(Seen::Config(n));
                let (handle, loaded) = (handle.clone(), self.configs[n].clone());
                tokio::spawn(async move {
                    let _ = handle.config(loaded, Default::default()).await;
                });
            }
            Happening::Shift => {
                let functions = ["it", "icu", "tib"].map(FunctionId::from).to_vec();
                self.input(handle, Input::Shift { functions });
            }
            Happening::Crash => {
                self.world.die();
                return Some(End::Crash);
            }
            Happening::CrashInAppend(torn) => {
                let mut w = self.world.lock();
                let n = w.rng.below(6);
                w.torn = Some((n, torn));
            }
            Happening::CrashAtTake => {
                let mut w = self.world.lock();
                let n = w.rng.between(1, 12);
                w.crash_at_take = Some(n);
            }
            Happening::Stop => {
                let _ = stop.send(true);
                return Some(End::Stopped);
            }
        }
        None
    }

    /// Reads everything back and lets the auditor judge.
    fn finish(mut self, state: State) -> Ran {
        let reader = self.disk.reader();
        let mut records = Vec::new();
        let (mut read, mut decoder) = (Vec::new(), Decoder::default());
        let chain = reader.read(Head::START, &mut |r| {
            match decoder.next(&r) {
                Ok(Entry::Event { at, event, .. }) => read.push((r.seq, Ok((at, event)))),
                Ok(Entry::System(..) | Entry::Part) => {}
                Err(e) => read.push((r.seq, Err(e.to_string()))),
            }
            ControlFlow::Continue(())
        });
        if let Err(e) = chain {
            self.violations.push(format!("the chain does not hold: {e}"));
        }
        for (seq, decoded) in read {
            match decoded {
                Ok((at, mut event)) => {
                    if let Err(e) = unseal(&mut event, |c| reader.unseal(c)) {
                        self.violations.push(format!("record {seq}: {e}"));
                    }
                    records.push(Record { seq, at, event });
                }
                Err(e) => self.violations.push(e),
            }
        }
        if state.actual_count + state.exercise_count > 0 || state.seq_known() {
            match recover(&*reader, Arc::new(self.configs[self.current].plan.clone())) {
                Ok(again) => {
                    let mut replayed = again.state;
                    replayed.plans.clone_from(&state.plans);
                    if replayed != state {
                        self.violations.push(format!("replay gives another state: {}", differs(&state, &replayed)));
                    }
                }
                Err(e) => self.violations.push(format!("it can't start again: {e}")),
            }
        }
        if let Disk::Files(dir) = &self.disk {
            match verify(dir.path(), VerifyOptions::default()) {
                Ok(report) if report.fault.is_none() => {}
                other => self.violations.push(format!("verify: {other:?}")),
            }
        }
        let configs: BTreeMap<String, Config> = self
            .configs
            .iter()
            .map(|l| {
                let (_, plan) = frozen(l.plan.clone());
                let addresses = (0..plan.points.len() as u32).map(|p| {
                    l.contacts.address(vardkase::domain::ids::PointIx(p)).map_or(String::new(), |a| a.to_string())
                });
                let addresses = addresses.collect();
                (plan.hash.clone(), Config { plan: Arc::new(plan), addresses })
            })
            .collect();
        let world = self.world.lock();
        let end = world.now();
        let mut violations = std::mem::take(&mut self.violations);
        violations.extend(auditor::audit(&configs, &records, &world.log, end));
        let coverage = Coverage::of(&configs, &records, &world.log);
        let log = world.log.clone();
        drop(world);
        Ran { violations, records, log, coverage, lives: self.life }
    }
}

trait Known {
    fn seq_known(&self) -> bool;
}
impl Known for State {
    /// A state of nothing is what stands in for one that could not be asked for.
    fn seq_known(&self) -> bool {
        self.system_notes.next() > 0 || !self.modes.is_empty()
    }
}

/// Where two states part, in a few words.
fn differs(a: &State, b: &State) -> String {
    let mut all = Vec::new();
    if a.plan.hash != b.plan.hash {
        all.push("plan".to_owned());
    }
    for (no, x) in &a.incidents {
        match b.incidents.get(no) {
            None => all.push(format!("{no} is missing")),
            Some(y) if x != y => {
                let parts = [
                    ("deliveries", x.deliveries != y.deliveries),
                    ("asks", x.asks != y.asks),
                    ("entries", x.entries != y.entries),
                    ("messages", x.messages != y.messages),
                    ("notes", x.notes != y.notes),
                    ("proposals", x.proposals != y.proposals),
                    ("plan", x.plan != y.plan),
                    ("codes", x.codes != y.codes),
                    ("own codes", x.own_codes != y.own_codes),
                ];
                let which: Vec<&str> = parts.iter().filter(|p| p.1).map(|p| p.0).collect();
                all.push(format!("{no}: {}", which.join(", ")));
            }
            _ => {}
        }
    }
    for (what, is) in [
        ("archived", a.archived != b.archived),
        ("modes", a.modes != b.modes),
        ("drilled", a.drilled != b.drilled),
        ("pending", a.pending != b.pending),
        ("desk", a.system_notes != b.system_notes),
        ("ways", a.ways != b.ways),
        ("in vain", a.in_vain != b.in_vain),
        ("tries", a.tries != b.tries),
        ("started", a.started != b.started),
        ("strangers", a.strangers != b.strangers),
        ("carried", a.carried != b.carried),
    ] {
        if is {
            all.push(what.to_owned());
        }
    }
    all.join("; ")
}

fn name(input: &Input) -> String {
    match input {
        Input::Command { by, action, .. } => {
            let text = format!("{action:?}");
            format!("{by}: {}", text.chars().take(150).collect::<String>())
        }
        Input::Link { delivery, yes, .. } => format!("link {delivery} {yes}"),
        Input::PageChecked { messages, equal } => format!("page {messages:?} equal: {equal}"),
        Input::Shift { functions } => format!("shift {functions:?}"),
        _ => "input".into(),
    }
}

/// A readable timeline of what happened: the journal and the world, by time.
pub fn timeline(ran: &Ran) -> String {
    let mut lines: Vec<(At, u8, u64, String)> = Vec::new();
    for r in &ran.records {
        let what = match &r.event {
            Event::Incident { no, change } => {
                let text = format!("{change:?}");
                format!("{no} {}: {}", change.name(), text.chars().take(260).collect::<String>())
            }
            e => format!("{}: {:.100}", e.name(), format!("{e:?}")),
        };
        lines.push((r.at, 0, r.seq, format!("#{:<4} {what}", r.seq)));
    }
    for (n, (at, seen)) in ran.log.iter().enumerate() {
        let text = match seen {
            Seen::Done { events, on_record, durable } => {
                format!("done: {} events, on record: {on_record}, durable {durable}", events.len())
            }
            other => format!("{other:?}"),
        };
        lines.push((*at, 1, n as u64, format!("      {}", text.chars().take(300).collect::<String>())));
    }
    lines.sort();
    lines.into_iter().map(|(at, _, _, l)| format!("{at} {l}\n")).collect()
}
