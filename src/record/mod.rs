//! The written form of everything that is kept: events, the program's own records, the frozen plan and contacts. A contract:
//! what was written once is read by every later version.
//!
//! * Each kind of record has a frozen struct a version. Frozen structs hold numbers, strings and each other; a type of the
//!   domain never stands in one, so that the domain can change without changing a byte.
//! * [`decode`] is the table of kinds and versions. What is older goes through its upcaster ([`older`]), what was written
//!   before there were kinds goes through [`format0`]; what is newer is refused, with what it needs.
//! * A golden file for each kind and version (`tests/golden/record/`) is made once and compared byte for byte, both ways.
//!
//! How to add a version of an event stands in `docs/develop/journal.md`.
//!
//! Must not: do IO, seal, know the chain, or decide anything but what stands for a fact that an old record lacks.

mod after;
mod changes;
pub mod contacts;
mod drills;
mod events;
pub mod format0;
mod frozen;
mod older;
pub mod plan;
pub mod system;
mod values;
mod wording;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::incident::event::Event;
use frozen::Damaged;

/// Goes up by one with every new kind and every new version of one. A journal says which format it is written in
/// ([`system::Format1`]), so that an older program can say what it needs.
pub const FORMAT: u32 = 10;

/// Kinds from here on are not events: they are about the journal itself ([`system`]).
pub const SYSTEM_KINDS_FROM: u16 = 1_000;

/// A record as the journal takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// What kind. Never reused, never changed.
    pub kind: u16,
    /// Which version of it.
    pub version: u16,
    /// The frozen form.
    pub bytes: Vec<u8>,
}

/// An event that was read.
#[derive(Clone, PartialEq, Debug)]
pub struct Decoded {
    /// The event. Private values are commitments.
    pub event: Event,
    /// It was written in format 0 and lacks what a rule decided: [`format0::complete`] adds it before the event is applied.
    pub incomplete: bool,
}

/// Why a record can't be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CannotRead {
    /// A newer program wrote it.
    Newer {
        kind: u16,
        version: u16,
        /// The newest version of that kind that this program reads; none when it does not know the kind.
        known: Option<u16>,
    },
    /// The journal says that it goes on in a newer format.
    NewerFormat {
        format: u32,
        /// The program that wrote it.
        program: String,
    },
    /// A plan or contacts that a newer program wrote.
    NewerPart {
        /// What it is: a plan, or contacts.
        what: &'static str,
        /// In which format.
        format: u32,
        /// The newest that this program reads.
        known: u32,
    },
    /// These bytes are not of the form that they should be of.
    Damaged(String),
}

impl fmt::Display for CannotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let this = env!("CARGO_PKG_VERSION");
        match self {
            Self::Newer { kind, version, known: Some(known) } => write!(
                f,
                "a newer vardkase wrote it: kind {kind} version {version}, and this one ({this}, format {FORMAT}) reads up \
                 to version {known}"
            ),
            Self::Newer { kind, version, known: None } => write!(
                f,
                "a newer vardkase wrote it: kind {kind} version {version}, and this one ({this}, format {FORMAT}) does not \
                 know that kind"
            ),
            Self::NewerFormat { format, program } => write!(
                f,
                "from here on it is written by vardkase {program} in format {format}: it needs at least that version, and \
                 this one ({this}) reads up to format {FORMAT}"
            ),
            Self::NewerPart { what, format, known } => write!(
                f,
                "a newer vardkase wrote {what}: format {format}, and this one ({this}) reads up to format {known}"
            ),
            Self::Damaged(why) => write!(f, "its bytes are damaged: {why}"),
        }
    }
}
impl std::error::Error for CannotRead {}

impl From<Damaged> for CannotRead {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged.0)
    }
}

/// The record of an event, in the version that is written now. Private values must be sealed.
pub fn encode(event: &Event) -> Written {
    events::write(event)
}

/// Reads an event of any version that there ever was.
///
/// # Errors
/// A kind or version that this program does not know, or damaged bytes.
pub fn decode(kind: u16, version: u16, bytes: &[u8]) -> Result<Decoded, CannotRead> {
    if format0::is_kind(kind) && version == format0::VERSION {
        return Ok(Decoded { event: format0::read(kind, bytes)?, incomplete: true });
    }
    let of_incident = |(no, change)| Event::Incident { no, change: Box::new(change) };
    let event = events::read_current(kind, version, bytes)
        .or_else(|| changes::read_current(kind, version, bytes).map(|read| read.map(of_incident)))
        .or_else(|| older::read(kind, version, bytes));
    match event {
        Some(event) => Ok(Decoded { event: event?, incomplete: false }),
        None => Err(CannotRead::Newer { kind, version, known: newest(kind) }),
    }
}

/// Kinds of events with the version that is written now, and what they are of.
pub fn kinds() -> impl Iterator<Item = (u16, u16, &'static str)> {
    events::KINDS.iter().chain(changes::KINDS).copied()
}

/// Kinds of events with the versions that are only read.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn older_versions() -> impl Iterator<Item = (u16, u16)> {
    older::KINDS.iter().copied()
}

fn newest(kind: u16) -> Option<u16> {
    let format0 = format0::is_kind(kind).then_some(format0::VERSION);
    kinds().find(|(k, ..)| *k == kind).map(|(_, version, _)| version).or(format0)
}

/// Writing into memory can't fail for frozen forms; were it to, an empty record would be found by the next start.
fn written(kind: u16, version: u16, form: &impl Serialize) -> Written {
    Written { kind, version, bytes: postcard::to_stdvec(form).unwrap_or_default() }
}

/// All of the bytes are of that form: what is left over was not written by it.
fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Damaged> {
    match postcard::take_from_bytes(bytes) {
        Ok((form, [])) => Ok(form),
        Ok((_, rest)) => Err(Damaged(format!("{} bytes stand behind its end", rest.len()))),
        Err(e) => Err(Damaged(e.to_string())),
    }
}
