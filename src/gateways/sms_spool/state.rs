//! What lies in the spool without an outcome, and which SMS wait for their status report. No IO; time comes in as an argument.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::folder::{Place, Recalled, Sought};
use super::incoming::{self, Report};
use super::outgoing::{Files, Tail, ours, tail};
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::gateways::GatewayEvent;

/// SMS that wait for their report; the oldest are forgotten.
pub const WAITING_MAX: usize = 20_000;
/// Reports whose SMS has not been seen in `sent` yet.
pub const EARLY_MAX: usize = 1_000;
/// Looks in a row that find a file nowhere before it counts as gone: daemons write headers into a copy and swap it.
const NOWHERE_MAX: u32 = 10;
/// Looks that wait for a header that the daemon writes after the move.
const HEADER_MAX: u32 = 4;

/// One file of a text.
#[derive(Debug)]
struct Part {
    name: String,
    place: Place,
    nowhere: u32,
    headless: u32,
    end: Option<Result<Option<u8>, SendError>>,
}

/// A text in the spool.
#[derive(Debug)]
struct Text {
    parts: Vec<Part>,
    units: u16,
    tail: Tail,
    until: Instant,
    expires: Instant,
    /// It was told that nobody knows; what comes of it is still looked for.
    told_unknown: bool,
}

/// An SMS that waits for its report.
#[derive(Debug)]
struct Waiting {
    delivery: DeliveryId,
    message_id: u8,
    tail: Tail,
    /// Its text has failed: the report's file is to go, and what it says is not news.
    is_void: bool,
}

/// The state of a spool.
#[derive(Debug)]
pub struct State {
    gateway: GatewayId,
    receipts: bool,
    accept_timeout: Duration,
    texts: BTreeMap<DeliveryId, Text>,
    /// The newest last: the network counts to 255 and begins anew.
    waiting: VecDeque<Waiting>,
    /// SMS of a text that have no report yet.
    left: HashMap<DeliveryId, usize>,
    early: VecDeque<(Report, PathBuf)>,
    /// Failed files whose reason was told.
    pub forget: Vec<String>,
    /// Files that were understood.
    pub gone: Vec<PathBuf>,
    pub events: VecDeque<GatewayEvent>,
}

/// Worst first: what may have gone out counts more than what was refused.
fn rank(error: &SendError) -> u8 {
    match error {
        SendError::Unknown { .. } => 0,
        SendError::Permanent { .. } => 1,
        SendError::Temporary { .. } => 2,
    }
}

impl State {
    /// An empty spool.
    pub fn new(gateway: GatewayId, receipts: bool, accept_timeout: Duration) -> Self {
        Self {
            gateway,
            receipts,
            accept_timeout,
            texts: BTreeMap::new(),
            waiting: VecDeque::new(),
            left: HashMap::new(),
            early: VecDeque::new(),
            forget: Vec::new(),
            gone: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Texts that were taken and have no outcome yet.
    pub fn pending(&self) -> usize {
        self.texts.values().filter(|t| !t.told_unknown).count()
    }

    /// Status reports of these are still to come.
    pub fn recall(&mut self, sent: Vec<Recalled>) {
        let mut found: BTreeMap<DeliveryId, (usize, Vec<Waiting>)> = BTreeMap::new();
        for (name, message_id, to) in sent {
            let Some((delivery, _, n)) = ours(&name) else { continue };
            let (_, all) = found.entry(delivery).or_insert((n, Vec::new()));
            all.push(Waiting { delivery, message_id, tail: tail(&to), is_void: false });
        }
        // Without all parts there is no saying when all are delivered.
        for (delivery, (n, all)) in found {
            if all.len() == n {
                self.left.insert(delivery, n);
                self.waiting.extend(all);
            }
        }
    }

    /// The files of a delivery lie in the spool.
    pub fn put(&mut self, delivery: DeliveryId, files: &Files, ttl_s: u32, now: Instant) {
        let part =
            |name: &str| Part { name: name.to_owned(), place: Place::Outgoing, nowhere: 0, headless: 0, end: None };
        let text = Text {
            parts: files.parts.iter().map(|p| part(&p.name)).collect(),
            units: files.units,
            tail: files.tail,
            until: now + self.accept_timeout,
            expires: now + Duration::from_secs(u64::from(ttl_s.max(1))).max(self.accept_timeout),
            told_unknown: false,
        };
        self.texts.insert(delivery, text);
    }

    /// What to look for now.
    pub fn sought(&self, now: Instant) -> Vec<(DeliveryId, usize, Sought)> {
        let mut all = Vec::new();
        for (delivery, text) in &self.texts {
            let doomed = text.parts.iter().any(|p| matches!(p.end, Some(Err(_))));
            for (k, part) in text.parts.iter().enumerate().filter(|(_, p)| p.end.is_none()) {
                all.push((
                    *delivery,
                    k,
                    Sought {
                        name: part.name.clone(),
                        // The rest of a text of which a part was refused would reach nobody whole.
                        is_late: doomed || (!text.told_unknown && now >= text.until),
                        is_expired: now >= text.expires,
                    },
                ));
            }
        }
        all
    }

    /// A file was found there.
    pub fn found(&mut self, delivery: DeliveryId, k: usize, place: Place) {
        let Some(text) = self.texts.get_mut(&delivery) else { return };
        let receipts = self.receipts;
        let Some(part) = text.parts.get_mut(k).filter(|p| p.end.is_none()) else { return };
        part.nowhere = if place == Place::Nowhere { part.nowhere + 1 } else { 0 };
        let headless = matches!(place, Place::Failed(None)) || (receipts && place == Place::Sent(None));
        part.headless = if headless { part.headless + 1 } else { 0 };
        part.end = match &place {
            _ if headless && part.headless < HEADER_MAX => None,
            Place::Sent(id) => Some(Ok(*id)),
            Place::Failed(why) => Some(Err(why.clone().unwrap_or_else(incoming::no_reason))),
            Place::Withdrawn => Some(Err(SendError::temporary(
                "the modem's daemon did not take it in time, and it was taken back; is the daemon running?",
            ))),
            Place::Nowhere if part.nowhere >= NOWHERE_MAX => Some(Err(SendError::unknown(
                "its file is gone from the spool; does the daemon have folders for sent and failed?",
            ))),
            Place::Nowhere | Place::Outgoing | Place::Queued => None,
        };
        part.place = place;
        if let Some(Ok(Some(message_id))) = part.end
            && receipts
        {
            let (tail, n) = (text.tail, text.parts.len());
            self.left.entry(delivery).or_insert(n);
            self.waiting.push_back(Waiting { delivery, message_id, tail, is_void: false });
            if self.waiting.len() > WAITING_MAX
                && let Some(oldest) = self.waiting.pop_front()
            {
                self.left.remove(&oldest.delivery);
            }
        }
    }

    /// Tells what is decided by now.
    pub fn settle(&mut self, now: Instant) {
        let ids: Vec<DeliveryId> = self.texts.keys().copied().collect();
        for delivery in ids {
            self.settle_one(delivery, now);
        }
        for (report, path) in std::mem::take(&mut self.early) {
            self.report(report, path);
        }
    }

    fn settle_one(&mut self, delivery: DeliveryId, now: Instant) {
        let Some(text) = self.texts.get_mut(&delivery) else { return };
        let mut worst: Option<SendError> = None;
        let mut open = 0;
        for part in &text.parts {
            match &part.end {
                Some(Err(why)) => {
                    if worst.as_ref().is_none_or(|w| rank(why) < rank(w)) {
                        worst = Some(why.clone());
                    }
                }
                Some(Ok(_)) => {}
                None => open += 1,
            }
        }
        if open > 0 && now < text.until {
            return;
        }
        if open > 0 {
            if now >= text.expires {
                // It could not be taken back, and nothing more is heard of it: whoever sees it later sees its number.
                self.texts.remove(&delivery);
            } else if !text.told_unknown {
                text.told_unknown = true;
                let s = self.accept_timeout.as_secs();
                let why = SendError::unknown(format!("the modem has it and did not send it within {s} s"));
                self.events.push_back(GatewayEvent::Outcome { delivery, result: Err(why) });
            }
            return;
        }
        let Some(text) = self.texts.remove(&delivery) else { return };
        let result = match worst {
            None => {
                let ids = text.parts.iter().filter_map(|p| p.end.as_ref()?.as_ref().ok().copied().flatten());
                let gateway_ref = ids.map(|id| id.to_string()).collect::<Vec<_>>().join(" ");
                Ok(Accepted { gateway_ref: reference(delivery, &gateway_ref), delivered: false, units: text.units })
            }
            Some(why) => {
                self.void(delivery);
                let failed = |p: &&Part| matches!(p.place, Place::Failed(_));
                self.forget.extend(text.parts.iter().filter(failed).map(|p| p.name.clone()));
                Err(why)
            }
        };
        // What was told as unknown is not told a second time unless it is known now.
        if !(text.told_unknown && matches!(result, Err(SendError::Unknown { .. }))) {
            self.events.push_back(GatewayEvent::Outcome { delivery, result });
        }
    }

    /// A text has its end. Reports on others of its SMS may still come.
    fn void(&mut self, delivery: DeliveryId) {
        self.left.remove(&delivery);
        self.waiting.iter_mut().filter(|w| w.delivery == delivery).for_each(|w| w.is_void = true);
    }

    /// A status report came, in that file, which may go once the report is understood. One that comes before its SMS lies in
    /// `sent` is kept.
    pub fn report(&mut self, report: Report, path: PathBuf) {
        let is_it = |w: &Waiting| w.message_id == report.message_id && w.tail == report.tail;
        // A report on the first part can come before the last part is sent: it is told behind the outcome.
        let at = self.waiting.iter().rposition(is_it);
        let told = |w: &Waiting| w.is_void || !self.texts.contains_key(&w.delivery);
        let Some(at) = at.filter(|at| told(&self.waiting[*at])) else {
            if self.early.len() >= EARLY_MAX {
                self.early.pop_front();
            }
            return self.early.push_back((report, path));
        };
        self.gone.push(path);
        // Without a result the network goes on trying: no news.
        let Some(result) = report.result else { return };
        let Some(Waiting { delivery, is_void: false, .. }) = self.waiting.remove(at) else { return };
        let Some(left) = self.left.get_mut(&delivery) else { return };
        *left = left.saturating_sub(1);
        if *left > 0 && result.is_ok() {
            return;
        }
        self.void(delivery);
        let (gateway, gateway_ref) = (self.gateway.clone(), delivery.to_string());
        self.events.push_back(GatewayEvent::Receipt { gateway, delivery: Some(delivery), gateway_ref, result });
    }
}

/// Numbers of the network repeat after 255 SMS: with the delivery's key in front they are one of a kind.
fn reference(delivery: DeliveryId, ids: &str) -> String {
    if ids.is_empty() { delivery.to_string() } else { format!("{delivery} {ids}") }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
