//! From the start of the program to ready, and what it then holds: with an empty journal, and with a long one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::machine::{ms, resident_bytes, scratch};
use super::region::{MIXED, Size, generate, report};
use super::{Figure, SEED};
use crate::clock::mono;
use crate::config::{Source, load};
use crate::dispatch::record::encode;
use crate::dispatch::recover::{frozen, recover_from};
use crate::dispatch::replay::{build, replay_from};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, FunctionId, IncidentNo};
use crate::domain::incident::decide::decide;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::state::State;
use crate::domain::incident::timers::ARCHIVE_AFTER_S;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::journal::{Batch, CHECKPOINT_FILE, Checkpoint, Journal, OpenOptions, Unusable, write_checkpoint};

/// A program that is not ready by then never will be.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// It is asked that often.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// What a start allocates and gives back has settled by then.
const SETTLES_IN: Duration = Duration::from_millis(500);
/// Starts of which the median counts.
const STARTS: usize = 5;
/// Deliveries of each incident in the long journal.
const PER_INCIDENT: u32 = 100;
/// Records in one batch of it.
const RECORDS_PER_BATCH: usize = 4_096;

/// A running server; ended when this is dropped.
struct Server(Child);
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.map_err(|e| format!("no free port: {e}"))
}

fn is_ready(at: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut tcp = TcpStream::connect_timeout(&at, Duration::from_secs(1))?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(tcp, "GET /readyz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        tcp.read_exact(&mut status)?;
        Ok(&status == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// Milliseconds to ready, and resident bytes once it is at rest.
fn once(exe: &Path, state: &Path) -> Result<(f64, u64), String> {
    let (public, console) = (free()?, free()?);
    let mut command = Command::new(exe);
    command.args(["serve", "--public-listen", &public.to_string(), "--listen", &console.to_string(), "--state"]);
    command.arg(state).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let from = mono();
    let child = command.spawn().map_err(|e| format!("{} does not start: {e}", exe.display()))?;
    let mut server = Server(child);
    while !is_ready(console) {
        if let Ok(Some(status)) = server.0.try_wait() {
            return Err(format!("`serve` ended with {status}"));
        }
        if from.elapsed() > READY_WITHIN {
            return Err(format!("`serve` was not ready within {} s", READY_WITHIN.as_secs()));
        }
        std::thread::sleep(ASK_EVERY);
    }
    let ready = ms(from.elapsed());
    std::thread::sleep(SETTLES_IN);
    Ok((ready, resident_bytes(&server.0.id().to_string())))
}

/// The median of several starts; the folder is as the last left it.
fn starts(exe: &Path, state: &Path, with: &str, gate_ms: f64, gate_mb: Option<f64>) -> Vec<Figure> {
    let (to_ready, idle) = (format!("start → ready, {with}"), format!("resident idle, {with}"));
    let mut all = Vec::new();
    for _ in 0..STARTS {
        match once(exe, state) {
            Ok(one) => all.push(one),
            Err(why) => return vec![Figure::none(to_ready, "ms", why.clone()), Figure::none(idle, "MB", why)],
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ready, _) = all[STARTS / 2];
    let most = all.iter().map(|a| a.1).max().unwrap_or(0);
    let idle = Figure::new(idle, most as f64 / 1e6, "MB").note("the largest of all starts");
    vec![
        Figure::new(to_ready, ready, "ms").gate(gate_ms).note(format!("median of {STARTS} starts")),
        gate_mb.map_or(idle.clone(), |g| idle.gate(g)),
    ]
}

/// With an empty journal.
///
/// # Errors
/// No folder.
pub fn empty(exe: &Path) -> Result<Vec<Figure>, String> {
    let dir = scratch()?;
    Ok(starts(exe, dir.path(), "empty journal", 50.0, Some(15.0)))
}

/// With a journal of that many events.
///
/// # Errors
/// It can't be written, or not read back.
pub fn full(exe: &Path, events: u32) -> Result<Vec<Figure>, String> {
    let dir = scratch()?;
    let written = write(dir.path(), events)?;
    let with = format!("{written} events");
    let plan = Arc::new(load(&Source::Shipped).map_err(|_| "the shipped region has mistakes".to_owned())?.plan);
    let mut figures = replays(dir.path(), &plan, &with)?;
    let file = std::fs::metadata(dir.path().join("journal.db")).map_or(0, |m| m.len());
    figures.push(Figure::new(format!("journal, {with}"), file as f64 / written as f64, "bytes an event"));
    let kept = dir.path().join(CHECKPOINT_FILE);
    let bytes = std::fs::read(&kept).map_err(|e| e.to_string())?;
    figures.push(Figure::new(format!("checkpoint, {with}"), bytes.len() as f64 / 1e3, "kB"));
    figures.extend(starts(exe, dir.path(), &format!("{with}, from a checkpoint"), 200.0, None));
    std::fs::remove_file(&kept).map_err(|e| e.to_string())?;
    figures.extend(starts(exe, dir.path(), &format!("{with}, without"), 1_000.0, None));
    Ok(figures)
}

/// The whole journal carried out again, and a checkpoint of it written and taken over.
fn replays(dir: &Path, plan: &Arc<Plan>, with: &str) -> Result<Vec<Figure>, String> {
    let journal = Journal::open(dir, OpenOptions::default()).map_err(|e| e.to_string())?;
    let reader = journal.reader().map_err(|e| e.to_string())?;
    let from = mono();
    let (replay, _) = replay_from(&*reader, plan.clone(), Err(Unusable::Missing)).map_err(|e| e.to_string())?;
    let (took, events) = (ms(from.elapsed()), replay.events());
    let from = mono();
    let bytes = replay.checkpoint().ok_or("there is nothing to be kept")?.to_bytes();
    write_checkpoint(dir, &bytes).map_err(|e| e.to_string())?;
    let written = ms(from.elapsed());
    let from = mono();
    let found = Checkpoint::read(dir, &build());
    let (again, not_used) = recover_from(&*reader, plan.clone(), found).map_err(|e| e.to_string())?;
    if let Some(why) = not_used {
        return Err(format!("the checkpoint is not used: {why}"));
    }
    let note = format!("{events} events, {} incidents kept in short", again.state.archived.len());
    let figures = vec![
        Figure::new(format!("replay, {with}"), took, "ms").gate(1_000.0).note(note),
        Figure::new(format!("checkpoint written, {with}"), written, "ms"),
        Figure::new(format!("recovered from a checkpoint, {with}"), ms(from.elapsed()), "ms").gate(100.0),
    ];
    drop(reader);
    journal.close();
    Ok(figures)
}

/// Makes a long journal.
struct Writer {
    state: State,
    journal: Journal,
    batch: Batch,
    contacts: Vec<u8>,
    now: At,
    /// Events so far, those in the batch included.
    events: usize,
    /// Records on disk.
    on_disk: u64,
}

impl Writer {
    fn decide(&mut self, input: Input) -> Result<(), String> {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&(self.events as u64).to_le_bytes());
        let events = decide(&mut self.state, &input, self.now, nonce).map_err(|e| e.to_string())?;
        for event in &events {
            let opens = matches!(event, Event::Incident { change, .. } if matches!(**change, Change::Opened { .. }));
            let attached = opens.then_some(self.contacts.as_slice());
            let record = encode(self.now, event, attached, self.journal.sealer());
            self.batch.records.push(record.map_err(|e| e.to_string())?);
        }
        self.events += events.len();
        if self.batch.records.len() >= RECORDS_PER_BATCH { self.put() } else { Ok(()) }
    }

    fn put(&mut self) -> Result<(), String> {
        let batch = std::mem::take(&mut self.batch);
        let pending = self.journal.submit_blocking(self.on_disk, batch).map_err(|e| e.to_string())?;
        self.on_disk = pending.wait().map_err(|e| e.to_string())?.seq;
        Ok(())
    }

    /// Reported, accepted one by one, answered, ended, out of memory.
    fn incident(&mut self, reporter: &FunctionId) -> Result<(), String> {
        self.decide(report(reporter))?;
        let newest = self.state.incidents.keys().next_back();
        let no: IncidentNo = *newest.ok_or("the report opened nothing")?;
        for ordinal in 0..PER_INCIDENT {
            self.now = self.now + 1;
            let outcome = (DeliveryId { incident: no, ordinal }, DeliveryState::Accepted);
            self.decide(Input::outcomes(vec![outcome]))?;
        }
        for n in 0..PER_INCIDENT / 2 {
            self.now = self.now + 1;
            let function = FunctionId::from(format!("duty-{n}"));
            // Who reported has answered by that (RULES C14).
            if function == *reporter {
                continue;
            }
            let ack = Action::Ack {
                incident: no,
                message: None,
                function: function.clone(),
                phone: false,
                paper: false,
                at: None,
            };
            self.decide(Input::Command { who: None, by: function, action: Box::new(ack) })?;
        }
        let over = Action::AllClear { incident: no, override_reason: Some("measured".to_owned().into()) };
        self.decide(Input::Command { who: None, by: reporter.clone(), action: Box::new(over) })?;
        self.now = self.now + ARCHIVE_AFTER_S;
        self.decide(Input::Due)
    }
}

/// Incident after incident, as the rules decide them. Gives the number of events.
fn write(dir: &Path, events: u32) -> Result<usize, String> {
    let shipped = load(&Source::Shipped).map_err(|_| "the shipped region has mistakes".to_owned())?;
    let region = generate(shipped, Size { points: PER_INCIDENT, over: MIXED, answers: true }, SEED);
    let contacts = crate::record::contacts::encode(region.loaded.contacts.addresses());
    let reporter = region.reporter;
    let (bytes, plan) = frozen(region.loaded.plan);
    let plan = Arc::new(plan);
    let state = State::new(plan.clone());
    let journal = Journal::open(dir, OpenOptions::default()).map_err(|e| e.to_string())?;
    let mut batch = Batch::default();
    batch.put_blob(bytes);
    // As long ago as it takes: the newest of these incidents lies in the past of whoever starts on it.
    let now = At::from(jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 365 * 20));
    let mut writer = Writer { state, journal, batch, contacts, now, events: 0, on_disk: 0 };
    writer.decide(Input::NewPlan(plan))?;
    while writer.events < events as usize {
        writer.incident(&reporter)?;
    }
    if !writer.batch.is_empty() {
        writer.put()?;
    }
    writer.journal.close();
    Ok(writer.events)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_made_journal_is_replayed_whole() {
        let dir = scratch().unwrap();
        let written = write(dir.path(), 2_000).unwrap();
        assert!(written >= 2_000);
        let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
        let plan = load(&Source::Shipped).unwrap().plan;
        let recovered = crate::dispatch::recover::recover(&*journal.reader().unwrap(), Arc::new(plan)).unwrap();
        assert_eq!(recovered.events, written as u64);
        assert!(recovered.state.incidents.is_empty() && !recovered.state.archived.is_empty());
        journal.close();
    }
}
