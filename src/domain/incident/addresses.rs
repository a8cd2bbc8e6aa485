//! What proves that an address reaches somebody (RULES G8): a receipt of the far device, an answer that came from it. An address is
//! known by a keyed mark alone, so that it keeps its proof when the configuration around it changes, and has none when it is another.
//!
//! Must not: hold an address. The edge makes marks, with a key that the journal does not have.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::state::{Incident, State};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::PointIx;
use crate::domain::time::At;

/// A proof is old after so many days (INCIDENTS lesson 5): a test is due.
pub const PROOF_OLD_DAYS: u32 = 90;
/// An address that no configuration has any more is remembered for so many days after its last proof.
const REMEMBERED_DAYS: u32 = 400;
/// So many addresses are remembered; those whose last proof is oldest give way.
pub const PROOFS_MAX: usize = 100_000;
/// Seconds of a day.
const DAY_S: u32 = 24 * 3600;

/// A keyed mark of a channel and an address: the same however the address is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressKey(pub u64);

/// Never shown by Debug: it is another in each journal, and tells nobody anything.
impl fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressKey(…)")
    }
}

/// What is known of an address.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct AddressProof {
    /// The far device last said that it had a text.
    pub delivered: Option<At>,
    /// Somebody last answered what had been sent there.
    pub answered: Option<At>,
    /// A text to it last failed.
    pub failed: Option<At>,
}

impl AddressProof {
    /// When it was last proven, by whatever.
    pub fn last(&self) -> Option<At> {
        self.delivered.max(self.answered)
    }
}

/// The addresses of one plan's points, at one time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
struct Book {
    /// The plan's hash.
    plan: String,
    /// By point.
    keys: Vec<AddressKey>,
}

/// Which addresses there are, and what proves each.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Addresses {
    books: BTreeMap<u32, Book>,
    proofs: BTreeMap<AddressKey, AddressProof>,
}

impl Addresses {
    /// The newest book, where it is of that plan; 0 is none.
    pub fn newest(&self, plan: &str) -> u32 {
        self.books.last_key_value().filter(|(_, b)| b.plan == plan).map_or(0, |(n, _)| *n)
    }

    /// Whether the newest book says this.
    pub fn are(&self, plan: &str, keys: &[AddressKey]) -> bool {
        self.books.last_key_value().is_some_and(|(_, b)| b.plan == plan && b.keys == keys)
    }

    /// The mark of a point's address, by a book.
    pub fn key(&self, book: u32, point: PointIx) -> Option<AddressKey> {
        self.books.get(&book)?.keys.get(point.ix()).copied()
    }

    /// What is known of an address.
    pub fn proof(&self, key: AddressKey) -> Option<&AddressProof> {
        self.proofs.get(&key)
    }

    /// A new book; of those before it, the ones that are used stay.
    pub(super) fn open(&mut self, at: At, plan: &str, keys: &[AddressKey], used: impl Fn(u32) -> bool) {
        let next = self.books.last_key_value().map_or(1, |(n, _)| n + 1);
        self.books.retain(|n, _| used(*n));
        self.books.insert(next, Book { plan: plan.to_owned(), keys: keys.to_vec() });
        let here: std::collections::BTreeSet<AddressKey> =
            self.books.values().flat_map(|b| b.keys.iter().copied()).collect();
        let young = |p: &AddressProof| p.last().is_some_and(|last| last + REMEMBERED_DAYS * DAY_S > at);
        self.proofs.retain(|key, p| here.contains(key) || young(p));
    }

    /// What a gateway told of a delivery to a point.
    pub(super) fn told(&mut self, at: At, book: u32, point: PointIx, state: DeliveryState) {
        let Some(key) = self.key(book, point) else { return };
        match state {
            DeliveryState::Delivered => self.of(key).delivered = Some(at),
            DeliveryState::Failed => self.of(key).failed = Some(at),
            _ => {}
        }
    }

    /// Somebody answered what was sent there.
    pub(super) fn answered(&mut self, at: At, key: AddressKey) {
        self.of(key).answered = Some(at);
    }

    fn of(&mut self, key: AddressKey) -> &mut AddressProof {
        if self.proofs.len() >= PROOFS_MAX && !self.proofs.contains_key(&key) {
            let oldest = self.proofs.iter().min_by_key(|(_, p)| p.last()).map(|(key, _)| *key);
            self.proofs.remove(&oldest.unwrap_or(key));
        }
        self.proofs.entry(key).or_default()
    }
}

/// By what an address was proven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProvenBy {
    /// Somebody wrote `proven:` into the configuration.
    Configuration,
    /// The far device said that it had a text.
    Receipt,
    /// Somebody answered what had been sent there.
    Answer,
}

/// When an address was last proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proven {
    pub by: ProvenBy,
    /// The day in the region's time.
    pub date: Date,
    /// The moment; the configuration knows days alone.
    pub at: Option<At>,
    /// Days since then; 0 is today.
    pub age_days: u32,
}

impl Proven {
    /// A test is due.
    pub fn is_old(&self) -> bool {
        self.age_days > PROOF_OLD_DAYS
    }
}

impl Incident {
    /// Where a delivery went: the book of addresses, and the point there.
    pub fn addressed_at(&self, ordinal: u32) -> Option<(u32, PointIx)> {
        let of_this_book = ordinal >= self.book_from;
        self.deliveries.get(ordinal as usize).filter(|_| of_this_book).map(|d| (self.book, d.point))
    }
}

impl State {
    /// What the program knows of the address of a point of the plan for new incidents.
    pub fn address_proof(&self, point: PointIx) -> Option<&AddressProof> {
        self.addresses.proof(self.addresses.key(self.addresses.newest(&self.plan.hash), point)?)
    }

    /// When the address of a point of the plan for new incidents was last proven: by the program itself, or by what is typed.
    pub fn proven(&self, point: PointIx, now: At) -> Option<Proven> {
        let day = |at: At| self.plan.calendar.local(at.timestamp()).date();
        let today = day(now);
        let known = self.address_proof(point).copied().unwrap_or_default();
        let typed = self.plan.points.get(point.ix())?.proven.map(|date| (date, None, ProvenBy::Configuration));
        let told = known.delivered.map(|at| (day(at), Some(at), ProvenBy::Receipt));
        let answered = known.answered.map(|at| (day(at), Some(at), ProvenBy::Answer));
        let (date, at, by) = [typed, told, answered].into_iter().flatten().max_by_key(|(date, _, by)| (*date, *by))?;
        let age_days = today.since(date).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0));
        Some(Proven { by, date, at, age_days })
    }
}
