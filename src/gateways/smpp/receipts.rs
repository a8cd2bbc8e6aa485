//! Delivery receipts: reading them in the notations that gateways use, and which delivery they belong to. No IO.

use std::collections::{HashMap, VecDeque};

use super::config::ReceiptIds;
use super::pdu::Delivered;
use crate::domain::delivery::SendError;
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::gateways::{GatewayEvent, PriorAccept};

/// How many SMS may wait for their receipt; the oldest are forgotten (their receipt is then told without its delivery).
pub const WAITING_MAX: usize = 200_000;
/// UCS-2 (SMPP 3.4, 5.2.19).
const UCS2: u8 = 0x08;
/// How many receipts that came before the answer to their submit are kept.
pub const EARLY_MAX: usize = 1_000;

/// What a receipt says of the far device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// The telephone has it.
    Delivered,
    /// Not yet.
    Underway,
    /// It never will, or nobody knows.
    Failed(SendError),
}

/// A receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The number, as the gateway writes it here.
    pub id: String,
    /// What became of it.
    pub state: State,
}

/// How gateways say in a word what became of it: Appendix B's own, with what vendors write in their place. The longest beginning that
/// fits counts, so that `DELIVERY_FAILED` is no `DELIV`.
const WORDS: [(&str, Said); 36] = [
    ("DELIV", Said::Delivered),
    ("DLVRD", Said::Delivered),
    ("SUCCESS", Said::Delivered),
    ("ACCEP", Said::Underway),
    ("ENROU", Said::Underway),
    ("EN_ROUTE", Said::Underway),
    ("BUFF", Said::Underway),
    ("SCHED", Said::Underway),
    ("QUEUE", Said::Underway),
    ("PENDING", Said::Underway),
    ("SENT", Said::Underway),
    ("SUBMIT", Said::Underway),
    ("RETRY", Said::Underway),
    ("DELAY", Said::Underway),
    ("DELIVERY_PENDING", Said::Underway),
    ("DELIVERING", Said::Underway),
    ("EXPIR", Said::Failed),
    ("DELET", Said::Failed),
    ("UNDEL", Said::Failed),
    ("UNDLV", Said::Failed),
    ("NOT_DELIV", Said::Failed),
    ("NOTDELIV", Said::Failed),
    ("NON_DELIV", Said::Failed),
    ("DELIVERY_FAIL", Said::Failed),
    ("DELIVERYFAIL", Said::Failed),
    ("DELIVERY_ERR", Said::Failed),
    ("DELIVERY_IMP", Said::Failed),
    ("REJ", Said::Failed),
    ("FAIL", Said::Failed),
    ("SKIP", Said::Failed),
    ("ERROR", Said::Failed),
    ("CANCEL", Said::Failed),
    ("BLOCK", Said::Failed),
    ("BLACKLIST", Said::Failed),
    ("BARRED", Said::Failed),
    ("INVALID", Said::Failed),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Delivered,
    Underway,
    Failed,
}

fn said(word: &str) -> Option<Said> {
    WORDS.iter().filter(|(w, _)| word.starts_with(w)).max_by_key(|(w, _)| w.len()).map(|(_, said)| *said)
}

/// Reads a receipt. The parameters count (SMPP 3.4, 5.3.2.12 and 5.3.2.35); where they are missing, the text does
/// (Appendix B, `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`), in whichever letters it is written, and behind a
/// user data header. `None`: a text that somebody wrote, or a receipt that names no message.
pub fn read(delivered: &Delivered<'_>) -> Option<Receipt> {
    // 5.2.12: 1 is a receipt, 8 an intermediate notification. Some gateways set neither: then the whole grammar must stand there.
    let flagged = matches!(delivered.esm_class & 0x3c, 0x04 | 0x20);
    let text = text(delivered);
    if !flagged && delivered.receipted_message_id.is_none() && !is_whole(&text) {
        return None;
    }
    let given = delivered.receipted_message_id.map(|id| String::from_utf8_lossy(id).into_owned());
    let given = given.as_deref().map(bare_id).filter(|id| !id.is_empty());
    let id = given.or_else(|| field(&text, "id").map(bare_id)).unwrap_or_default().to_owned();
    if id.is_empty() {
        return None;
    }
    let word = field(&text, "stat").or_else(|| field(&text, "status")).unwrap_or_default();
    let word = word.trim_matches(['"', '\'']).to_ascii_uppercase().replace('-', "_");
    let number = word.parse().ok();
    let error = field(&text, "err").filter(|e| !e.is_empty() && e.bytes().any(|b| b != b'0'));
    let cause = |name: &str| match error {
        Some(error) => format!("receipt {name}, error {error}"),
        None => format!("receipt {name}"),
    };
    let state = match (delivered.message_state.or(number), said(&word)) {
        (Some(2), _) => State::Delivered,
        (Some(0 | 1 | 6), _) => State::Underway,
        (Some(3), _) => State::Failed(SendError::permanent(cause("EXPIRED"))),
        (Some(4), _) => State::Failed(SendError::permanent(cause("DELETED"))),
        (Some(5), _) => State::Failed(SendError::permanent(cause("UNDELIV"))),
        (Some(8 | 9), _) => State::Failed(SendError::permanent(cause("REJECTD"))),
        (None, Some(Said::Delivered)) => State::Delivered,
        (None, Some(Said::Underway)) => State::Underway,
        (None, Some(Said::Failed)) => State::Failed(SendError::permanent(cause(&word))),
        (None, None) if word.is_empty() && delivered.esm_class & 0x20 != 0 => State::Underway,
        _ => State::Failed(SendError::unknown(cause("UNKNOWN"))),
    };
    Some(Receipt { id, state })
}

/// A number as it stands in a receipt: some quote it, some end it with a NUL.
fn bare_id(id: &str) -> &str {
    id.trim_matches(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '{' | '}'))
}

/// The whole grammar of Appendix B: what no person writes.
fn is_whole(text: &str) -> bool {
    let has = |name: &str| field(text, name).is_some();
    has("id") && has("stat") && (has("sub") || has("dlvrd") || has("date"))
}

/// The text of a receipt: without a header before it, from UCS-2 where it is in that.
fn text(delivered: &Delivered<'_>) -> String {
    let (all, body) = (delivered.message, super::inbound::without_header(delivered.esm_class, delivered.message));
    let letters = |octets: &[u8]| {
        let wide = delivered.data_coding == UCS2 || octets.first() == Some(&0);
        if wide && octets.len().is_multiple_of(2) {
            let units: Vec<u16> = octets.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect();
            return String::from_utf16_lossy(&units);
        }
        String::from_utf8_lossy(octets).into_owned()
    };
    // A header that is claimed and not there: the text begins at once.
    let text = letters(body);
    if body.len() == all.len() || field(&text, "id").is_some() { text } else { letters(all) }
}

/// The value of `name:` in a receipt's text, which ends at a space. What stands after `text:` is the message itself.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    for (at, _) in text.match_indices(':') {
        let before = &text[..at];
        let key = before.rsplit([' ', ',', '\n', '\r', '\t']).next().unwrap_or(before);
        if key.eq_ignore_ascii_case("text") {
            return None;
        }
        if key.eq_ignore_ascii_case(name) {
            let value = text[at + 1..].split([' ', ',', '\n', '\r', '\t']).find(|v| !v.is_empty());
            return value.filter(|v| !v.contains(':'));
        }
    }
    None
}

/// One SMS that waits for its receipt.
#[derive(Debug)]
struct Waiting {
    delivery: DeliveryId,
    /// The last digits of the far number: gateways rewrite the first.
    tail: [u8; 6],
    /// The text that it is a part of, when there are several.
    group: Option<u64>,
}

/// A text of several SMS: delivered when all are.
#[derive(Debug)]
struct Group {
    left: usize,
    refs: Vec<String>,
}

/// Which SMS wait for a receipt.
#[derive(Debug)]
pub struct Book {
    gateway: GatewayId,
    ids: ReceiptIds,
    waiting: HashMap<String, Waiting>,
    order: VecDeque<String>,
    groups: HashMap<u64, Group>,
    groups_made: u64,
    early: VecDeque<(Receipt, [u8; 6])>,
}

/// The last six digits of a number, right-aligned.
fn tail(number: &[u8]) -> [u8; 6] {
    let mut tail = [0; 6];
    let digits = number.iter().rev().filter(|b| b.is_ascii_digit());
    for (place, digit) in tail.iter_mut().rev().zip(digits) {
        *place = *digit;
    }
    tail
}

/// Leading zeros and the case of hexadecimal digits differ between answer and receipt.
fn key(id: &str) -> String {
    let trimmed = id.trim().trim_start_matches('0');
    if trimmed.is_empty() { "0".into() } else { trimmed.to_ascii_lowercase() }
}
fn from_decimal(key: &str) -> Option<String> {
    key.parse::<u128>().ok().map(|n| format!("{n:x}"))
}
fn from_hex(key: &str) -> Option<String> {
    u128::from_str_radix(key, 16).ok().map(|n| n.to_string())
}

impl Book {
    /// An empty book.
    pub fn new(gateway: GatewayId, ids: ReceiptIds) -> Self {
        Self {
            gateway,
            ids,
            waiting: HashMap::new(),
            order: VecDeque::new(),
            groups: HashMap::new(),
            groups_made: 0,
            early: VecDeque::new(),
        }
    }

    /// A text of that many SMS is being sent.
    pub fn open_group(&mut self, parts: usize) -> u64 {
        self.groups_made += 1;
        self.groups.insert(self.groups_made, Group { left: parts, refs: vec![String::new(); parts] });
        self.groups_made
    }

    /// That text was refused after all: receipts for parts of it say nothing.
    pub fn drop_group(&mut self, group: u64) {
        self.groups.remove(&group);
    }

    /// An SMS was accepted under this number; `group` and its place there when it is one of several. Each is noted at once,
    /// since receipts for the first parts come before the answer to the last. Gives what early receipts said.
    pub fn accepted(
        &mut self,
        delivery: DeliveryId,
        to: &[u8],
        id: &str,
        group: Option<(u64, usize)>,
    ) -> Option<GatewayEvent> {
        if let Some((group, part)) = group
            && let Some(place) = self.groups.get_mut(&group).and_then(|g| g.refs.get_mut(part))
        {
            *place = id.to_owned();
        }
        if id.is_empty() {
            return None;
        }
        let key = key(id);
        self.order.push_back(key.clone());
        self.waiting.insert(key, Waiting { delivery, tail: tail(to), group: group.map(|(group, _)| group) });
        self.forget();
        if self.early.is_empty() {
            return None;
        }
        let early = std::mem::take(&mut self.early);
        let mut event = None;
        for (receipt, source) in early {
            match self.find(&receipt.id, source) {
                Some(key) => event = event.or(self.settle(&key, receipt)),
                None => self.early.push_back((receipt, source)),
            }
        }
        event
    }

    /// A receipt came, from that far number. A receipt that belongs to nothing known is told without a delivery: it may be
    /// of a session before this one.
    pub fn receipt(&mut self, receipt: Receipt, source: &[u8]) -> Option<GatewayEvent> {
        if receipt.state == State::Underway {
            return None;
        }
        let source = tail(source);
        if let Some(key) = self.find(&receipt.id, source) {
            return self.settle(&key, receipt);
        }
        if self.early.len() == EARLY_MAX {
            self.early.pop_front();
        }
        self.early.push_back((receipt.clone(), source));
        Some(self.event(None, receipt.id, receipt.state))
    }

    /// Deliveries of an earlier run, with their numbers as they were told. Receipts that come now are theirs; gives what those
    /// said that had come before. A text of several SMS, some of which were delivered before the restart, stays accepted: which
    /// ones is not known any more, and "delivered" needs them all.
    pub fn reclaim(&mut self, earlier: &[PriorAccept]) -> Vec<GatewayEvent> {
        let mut events = Vec::new();
        for PriorAccept { delivery, to, gateway_ref } in earlier {
            let ids: Vec<&str> = gateway_ref.split(' ').filter(|id| !id.is_empty()).collect();
            let group = (ids.len() > 1).then(|| self.open_group(ids.len()));
            for (part, id) in ids.into_iter().enumerate() {
                events.extend(self.accepted(*delivery, to.0.as_bytes(), id, group.map(|g| (g, part))));
            }
        }
        events
    }

    /// How many SMS wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    fn find(&self, id: &str, source: [u8; 6]) -> Option<String> {
        let key = key(id);
        let candidates = match self.ids {
            ReceiptIds::AsGiven => [Some(key), None, None],
            ReceiptIds::HexInAnswer => [from_decimal(&key), None, None],
            ReceiptIds::HexInReceipt => [from_hex(&key), None, None],
            ReceiptIds::Auto => {
                let (decimal, hex) = (from_decimal(&key), from_hex(&key));
                [Some(key), decimal, hex]
            }
        };
        // Small numbers mean one thing in decimal and another in hexadecimal: there the far number tells which.
        let fits = |key: &String| self.waiting.get(key).is_some_and(|w| w.tail == source);
        let mut known = candidates.into_iter().flatten().filter(|key| self.waiting.contains_key(key));
        if self.ids != ReceiptIds::Auto {
            return known.next();
        }
        let all: Vec<String> = known.collect();
        // The very same number is enough, whoever the receipt says it comes from: gateways leave sender and receiver as they were
        // sent, mask the number, or give none.
        all.iter().find(|k| fits(k)).cloned().or_else(|| all.into_iter().find(|k| *k == self::key(id)))
    }

    fn settle(&mut self, key: &str, receipt: Receipt) -> Option<GatewayEvent> {
        let waiting = self.waiting.remove(key)?;
        let Some(number) = waiting.group else {
            return Some(self.event(Some(waiting.delivery), receipt.id, receipt.state));
        };
        // A group that is gone has failed already.
        let group = self.groups.get_mut(&number)?;
        group.left -= 1;
        if group.left > 0 && receipt.state == State::Delivered {
            return None;
        }
        let group = self.groups.remove(&number)?;
        Some(self.event(Some(waiting.delivery), group.refs.join(" "), receipt.state))
    }

    fn event(&self, delivery: Option<DeliveryId>, gateway_ref: String, state: State) -> GatewayEvent {
        let result = match state {
            State::Failed(why) => Err(why),
            State::Delivered | State::Underway => Ok(()),
        };
        GatewayEvent::Receipt { gateway: self.gateway.clone(), delivery, gateway_ref, result }
    }

    fn forget(&mut self) {
        while self.waiting.len() > WAITING_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(Waiting { group: Some(group), .. }) = self.waiting.remove(&oldest) {
                self.groups.remove(&group);
            }
        }
        if self.order.len() > 2 * self.waiting.len() + 1_000 {
            let waiting = &self.waiting;
            self.order.retain(|key| waiting.contains_key(key));
        }
    }
}

#[cfg(test)]
#[path = "receipts_tests.rs"]
mod tests;
