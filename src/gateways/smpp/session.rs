//! What a bound session knows: the window, the jobs in it, what to write next. No IO; time comes in as an argument.
//!
//! A submit that was not answered is Unknown, for it may have gone out; one whose bytes never left is Temporary. A text of
//! several SMS is accepted when all are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::config::SmppConfig;
use super::inbound::Joiner;
use super::pace::Pace;
use super::pdu::{self, Header, RESP, id};
use super::receipts::{self, Book};
use super::status;
use super::submit::{From, Prepared, Renderer};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::gateways::{AckToken, Address, GatewayEvent, Job};

/// `ESME_RINVCMDID`: what we answer to a command that we don't know.
const UNKNOWN_COMMAND: u32 = 0x03;
/// Answers of people that wait to be on disk; above that the gateway keeps them.
const HELD_MAX: usize = 1_000;
/// An answer that is not on disk by then is given back to the gateway, which brings it again.
const HELD_S: u64 = 8;
/// So long one of several parts is sent again when the gateway says "too fast" and others were accepted. Then, and where none was, the
/// text goes back whole: what is as urgent as an alert waits for no gateway longer than that (RULES G2).
const AGAIN_WITHIN: Duration = Duration::from_secs(10);
/// Sequence numbers end here (SMPP 3.4, 5.1.4).
const SEQUENCE_MAX: u32 = 0x7fff_ffff;

/// A submit that waits for its answer.
#[derive(Debug)]
struct Flight {
    slot: usize,
    part: usize,
    /// Where its first byte stands in all that this session writes.
    begins: u64,
}

/// A delivery that was taken and has no outcome yet.
#[derive(Debug)]
struct InHand {
    job: Prepared,
    /// Parts without an answer, sent or not.
    left: usize,
    refs: Vec<String>,
    worst: Option<SendError>,
    /// In the book of receipts, when there are several parts.
    group: Option<u64>,
    /// A part came back as too fast, then for the first time.
    throttled_since: Option<Instant>,
}

/// A text of a person that the gateway is not told yet that we have.
#[derive(Debug)]
struct Held {
    command: u32,
    sequence: u32,
    until: Instant,
}

/// Why a session can't go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken(pub String);

/// The session.
#[derive(Debug)]
pub struct Session {
    gateway: GatewayId,
    config: Arc<SmppConfig>,
    from: From,
    book: Arc<Mutex<Book>>,
    renderer: Renderer,
    joiner: Joiner,
    pace: Pace,
    sequence: u32,
    window: HashMap<u32, Flight>,
    deadlines: VecDeque<(Instant, u32)>,
    taken: Vec<Option<InHand>>,
    free: Vec<usize>,
    unsent: VecDeque<(usize, usize)>,
    /// Bytes to write; the IO clears it when all of it is written.
    pub out: Vec<u8>,
    /// All bytes before those of `out`.
    before: u64,
    pub events: VecDeque<GatewayEvent>,
    enquired: Option<(u32, Instant)>,
    heard_at: Instant,
    held: VecDeque<Held>,
    let_go: Option<mpsc::UnboundedSender<u32>>,
    unbind: Option<u32>,
    /// The answer to our `unbind` came.
    pub unbound: bool,
}

/// Worst first: what may have gone out counts more than what was refused.
fn rank(error: &SendError) -> u8 {
    match error {
        SendError::Unknown { .. } => 0,
        SendError::Permanent { .. } => 1,
        SendError::Temporary { .. } => 2,
    }
}

impl Session {
    /// A session that was just bound; `sequence` was the last number used.
    pub fn new(
        gateway: GatewayId,
        config: Arc<SmppConfig>,
        book: Arc<Mutex<Book>>,
        sequence: u32,
        now: Instant,
    ) -> Self {
        Self {
            gateway,
            from: From::new(&config),
            pace: Pace::new(config.per_second_max, now),
            config,
            book,
            renderer: Renderer::default(),
            joiner: Joiner::default(),
            sequence,
            window: HashMap::new(),
            deadlines: VecDeque::new(),
            taken: Vec::new(),
            free: Vec::new(),
            unsent: VecDeque::new(),
            out: Vec::new(),
            before: 0,
            events: VecDeque::new(),
            enquired: None,
            heard_at: now,
            held: VecDeque::new(),
            let_go: None,
            unbind: None,
            unbound: false,
        }
    }

    /// Texts of people are acknowledged to the gateway when their sequence number comes back to [`Session::let_go`], not
    /// before. Parts of a text that is not whole yet are acknowledged at once: gateways with a window of one would wait for
    /// ever.
    pub fn hold(&mut self, let_go: mpsc::UnboundedSender<u32>) {
        self.let_go = Some(let_go);
    }

    /// The text that came with this sequence number is on disk.
    pub fn let_go(&mut self, sequence: u32) {
        if let Some(at) = self.held.iter().position(|h| h.sequence == sequence)
            && let Some(held) = self.held.remove(at)
        {
            pdu::delivered_resp(&mut self.out, held.command, 0, sequence);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = if self.sequence >= SEQUENCE_MAX { 1 } else { self.sequence + 1 };
        self.sequence
    }

    /// How many jobs may be taken now: none while parts of others wait, the window is full, or the pace says so.
    pub fn room(&self, now: Instant) -> usize {
        if !self.unsent.is_empty() || self.pace.wait_until(now).is_some() {
            return 0;
        }
        let room = usize::from(self.config.window_max.max(1)).saturating_sub(self.window.len());
        match self.config.per_second_max {
            0 => room,
            // Taken jobs that wait for the pace could go another way meanwhile.
            per_second => room.min(per_second as usize / 10 + 1),
        }
    }

    /// When the pace allows the next, if it is what we wait for.
    pub fn wait_until(&self, now: Instant) -> Option<Instant> {
        self.pace.wait_until(now)
    }

    /// Nothing is taken that has no outcome.
    pub fn idle(&self) -> bool {
        self.window.is_empty() && self.unsent.is_empty()
    }

    /// Every text of a person is acknowledged or given back.
    pub fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes a job.
    pub fn take(&mut self, job: &Job) {
        let prepared = match Prepared::new(job, &mut self.renderer, &self.config) {
            Ok(prepared) => prepared,
            Err(why) => return self.tell(job.delivery, Err(why)),
        };
        let left = prepared.text.len();
        let group = (left > 1 && self.config.receipts).then(|| self.book().open_group(left));
        let taken =
            InHand { job: prepared, left, refs: vec![String::new(); left], worst: None, group, throttled_since: None };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.taken.push(None);
                self.taken.len() - 1
            }
        };
        self.taken[slot] = Some(taken);
        self.unsent.extend((0..left).map(|part| (slot, part)));
    }

    /// Writes as many submits as window and pace allow.
    pub fn pump(&mut self, now: Instant) {
        while self.window.len() < usize::from(self.config.window_max.max(1)) {
            let Some(&(slot, part)) = self.unsent.front() else { return };
            let failed = self.taken[slot].as_ref().is_none_or(|t| t.worst.is_some());
            if !failed && self.pace.wait_until(now).is_some() {
                return;
            }
            self.unsent.pop_front();
            if failed {
                // One part was refused: the rest of the text would reach nobody whole.
                self.answered(slot, part, Ok(String::new()));
                continue;
            }
            let sequence = self.next_sequence();
            let begins = self.before + self.out.len() as u64;
            if let Some(taken) = &self.taken[slot] {
                taken.job.write(part, &mut self.out, sequence, &self.from, &self.config);
            }
            self.window.insert(sequence, Flight { slot, part, begins });
            let timeout = self.config.response_timeout.duration();
            self.deadlines.push_back((now + timeout, sequence));
            self.pace.submitted(now);
        }
    }

    /// All of `out` was written.
    pub fn written(&mut self) {
        self.before += self.out.len() as u64;
        self.out.clear();
    }

    /// Reads every whole PDU of `input`; gives how many bytes that were.
    pub fn heard(&mut self, input: &[u8], now: Instant) -> Result<usize, Broken> {
        let mut used = 0;
        while let Some((header, body)) =
            pdu::next(&input[used..]).map_err(|l| Broken(format!("the gateway sent a PDU of {} octets", l.0)))?
        {
            self.heard_at = now;
            used += header.len;
            self.one(header, body, now)?;
        }
        if self.deadlines.len() > 4 * self.window.len() + 256 {
            let window = &self.window;
            self.deadlines.retain(|(_, sequence)| window.contains_key(sequence));
        }
        Ok(used)
    }

    fn one(&mut self, header: Header, body: &[u8], now: Instant) -> Result<(), Broken> {
        const SUBMIT_RESP: u32 = id::SUBMIT_SM | RESP;
        match header.id {
            SUBMIT_RESP | id::GENERIC_NACK => {
                let Some(flight) = self.window.remove(&header.sequence) else { return Ok(()) };
                let pause_s = if status::slow_down(header.status) { self.pace.throttled(now) } else { 0 };
                if status::slow_down(header.status) && self.sends_again(&flight, now, pause_s) {
                    return Ok(());
                }
                let result = match header.status {
                    0 if header.id == SUBMIT_RESP => Ok(pdu::message_id(body)),
                    status if status::slow_down(status) => Err(status::refused(status, pause_s)),
                    status => Err(status::refused(status, 0)),
                };
                self.answered(flight.slot, flight.part, result);
            }
            id::DELIVER_SM | id::DATA_SM => {
                if self.held.len() >= HELD_MAX {
                    pdu::delivered_resp(&mut self.out, header.id, status::NOT_KEPT, header.sequence);
                } else if !self.delivered(&header, body, now) {
                    pdu::delivered_resp(&mut self.out, header.id, 0, header.sequence);
                }
            }
            id::ENQUIRE_LINK => pdu::bare(&mut self.out, id::ENQUIRE_LINK | RESP, 0, header.sequence),
            id::UNBIND => {
                pdu::bare(&mut self.out, id::UNBIND | RESP, 0, header.sequence);
                return Err(Broken("the gateway ended the session".into()));
            }
            other if other & RESP != 0 => {
                if self.enquired.is_some_and(|(sequence, _)| sequence == header.sequence) {
                    self.enquired = None;
                }
                self.unbound |= self.unbind == Some(header.sequence);
            }
            id::ALERT_NOTIFICATION | id::OUTBIND => {}
            _ => pdu::bare(&mut self.out, id::GENERIC_NACK, UNKNOWN_COMMAND, header.sequence),
        }
        Ok(())
    }

    /// Puts one of several parts back in line, before all others. `false`: the text goes back as a whole.
    fn sends_again(&mut self, flight: &Flight, now: Instant, pause_s: u32) -> bool {
        let others_fly = self.window.values().any(|f| f.slot == flight.slot);
        let Some(taken) = self.taken.get_mut(flight.slot).and_then(Option::as_mut) else { return false };
        let since = *taken.throttled_since.get_or_insert(now);
        let others = others_fly || taken.left < taken.refs.len();
        let in_time = now + Duration::from_secs(u64::from(pause_s)) <= since + AGAIN_WITHIN;
        if !others || !in_time || taken.worst.is_some() {
            return false;
        }
        self.unsent.push_front((flight.slot, flight.part));
        true
    }

    /// `true`: acknowledged later, when what a person wrote is on disk.
    fn delivered(&mut self, header: &Header, body: &[u8], now: Instant) -> bool {
        let delivered = pdu::delivered(header.id, body);
        if let Some(receipt) = receipts::read(&delivered) {
            let event = self.book().receipt(receipt, delivered.source);
            self.events.extend(event);
            return false;
        }
        // A receipt that names no message, or an acknowledgement by a device, is not a text by a person; what a person
        // keyed in to acknowledge (5.2.12, type 4) is.
        if matches!(delivered.esm_class & 0x3c, 0x00 | 0x10) {
            let told = self.joiner.heard(&delivered, self.config.sms.alphabet, now);
            let let_go = self.let_go.clone().filter(|_| !told.is_empty());
            let held = let_go.is_some();
            let ack = match let_go {
                Some(let_go) => {
                    let sequence = header.sequence;
                    let until = now + Duration::from_secs(HELD_S);
                    self.held.push_back(Held { command: header.id, sequence, until });
                    AckToken::new(move || {
                        // A session that is gone has nothing to acknowledge: the gateway brings it again.
                        let _ = let_go.send(sequence);
                    })
                }
                None => AckToken::default(),
            };
            self.replies(told, &ack);
            return held;
        }
        false
    }

    fn replies(&mut self, told: Vec<(Address, String)>, ack: &AckToken) {
        for (from, text) in told {
            let (gateway, ack) = (self.gateway.clone(), ack.clone());
            self.events.push_back(GatewayEvent::Reply { gateway, from, text, ack });
        }
    }

    fn answered(&mut self, slot: usize, part: usize, result: Result<String, SendError>) {
        let Some(taken) = self.taken.get_mut(slot).and_then(Option::as_mut) else { return };
        taken.left -= 1;
        let mut expected = None;
        match result {
            Ok(id) => {
                if self.config.receipts && !id.is_empty() {
                    expected = Some((taken.job.delivery, taken.job.to, taken.group.map(|g| (g, part)), id.clone()));
                }
                taken.refs[part] = id;
            }
            Err(why) => {
                if taken.worst.as_ref().is_none_or(|worst| rank(&why) < rank(worst)) {
                    taken.worst = Some(why);
                }
            }
        }
        if taken.left == 0 {
            self.outcome(slot);
        }
        // After the outcome: a receipt that came early is told behind it.
        if let Some((delivery, to, group, id)) = expected {
            let early = self.book().accepted(delivery, to.digits(), &id, group);
            self.events.extend(early);
        }
    }

    /// All parts are answered.
    fn outcome(&mut self, slot: usize) {
        let Some(taken) = self.taken[slot].take() else { return };
        self.free.push(slot);
        // Without all numbers, not all receipts can be known.
        let untold = taken.worst.is_some() || taken.refs.iter().any(String::is_empty);
        if let Some(group) = taken.group.filter(|_| untold) {
            self.book().drop_group(group);
        }
        let result = match taken.worst {
            Some(why) => Err(why),
            None => {
                let units = u16::try_from(taken.refs.len()).unwrap_or(u16::MAX);
                Ok(Accepted { gateway_ref: taken.refs.join(" "), delivered: false, units })
            }
        };
        self.tell(taken.job.delivery, result);
    }

    fn tell(&mut self, delivery: crate::domain::ids::DeliveryId, result: Result<Accepted, SendError>) {
        self.events.push_back(GatewayEvent::Outcome { delivery, result });
    }

    /// Looks after what takes too long.
    pub fn tick(&mut self, now: Instant) -> Result<(), Broken> {
        self.pace.tick(now);
        while let Some(&(until, sequence)) = self.deadlines.front() {
            if self.window.contains_key(&sequence) && until > now {
                break;
            }
            self.deadlines.pop_front();
            if let Some(flight) = self.window.remove(&sequence) {
                let cause = format!("no answer within {} s", self.config.response_timeout.0);
                self.answered(flight.slot, flight.part, Err(SendError::unknown(cause)));
            }
        }
        let overdue = self.joiner.overdue(now);
        self.replies(overdue, &AckToken::default());
        while let Some(held) = self.held.pop_front_if(|h| h.until <= now) {
            pdu::delivered_resp(&mut self.out, held.command, status::NOT_KEPT, held.sequence);
        }
        match self.enquired {
            Some((_, since)) if now - since >= self.config.response_timeout.duration() => {
                return Err(Broken("the gateway is silent".into()));
            }
            None if now - self.heard_at >= self.config.enquire_every.duration() => {
                let sequence = self.next_sequence();
                pdu::bare(&mut self.out, id::ENQUIRE_LINK, 0, sequence);
                self.enquired = Some((sequence, now));
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives back what was taken and not yet written: the program is going down.
    pub fn give_back(&mut self) {
        let begun: Vec<usize> = self.window.values().map(|f| f.slot).collect();
        let mut unsent = std::mem::take(&mut self.unsent);
        while let Some((slot, part)) = unsent.pop_front() {
            let some_sent = self.taken[slot].as_ref().is_some_and(|t| t.left < t.refs.len()) || begun.contains(&slot);
            if some_sent && self.taken[slot].as_ref().is_some_and(|t| t.worst.is_none()) {
                self.unsent.push_back((slot, part));
            } else {
                self.answered(slot, part, Err(SendError::temporary("the program is going down")));
            }
        }
    }

    /// Says good-bye.
    pub fn say_unbind(&mut self) {
        if self.unbind.is_none() {
            let sequence = self.next_sequence();
            pdu::bare(&mut self.out, id::UNBIND, 0, sequence);
            self.unbind = Some(sequence);
        }
    }

    /// The connection is gone; `written` bytes of `out` had left. Everything taken gets its outcome.
    pub fn broken(&mut self, written: usize, why: &str) {
        let left = self.before + written as u64;
        let mut flights: Vec<Flight> = self.window.drain().map(|(_, flight)| flight).collect();
        flights.sort_by_key(|f| f.begins);
        for flight in flights {
            let result = match flight.begins < left {
                true => SendError::unknown(format!("the connection broke before the answer: {why}")),
                false => SendError::temporary(format!("the connection broke before it was sent: {why}")),
            };
            self.answered(flight.slot, flight.part, Err(result));
        }
        while let Some((slot, part)) = self.unsent.pop_front() {
            let why = SendError::temporary(format!("the connection broke before it was sent: {why}"));
            self.answered(slot, part, Err(why));
        }
        let rest = self.joiner.overdue(Instant::now() + Duration::from_secs(super::inbound::JOINING_S));
        self.replies(rest, &AckToken::default());
        self.held.clear();
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
pub(super) mod tests;
