//! The table of upcasters: versions of events that are read and no longer written. Each keeps its frozen struct, here, for as
//! long as a journal may hold it, and says what stands for the facts that it lacks.

use super::frozen::Damaged;
use crate::domain::incident::event::Event;

/// Reads an event of an older version; `None` when there never was one of that kind and version. So far each kind of event has
/// one version.
pub fn read(_kind: u16, _version: u16, _bytes: &[u8]) -> Option<Result<Event, Damaged>> {
    None
}

/// Kinds with the versions that are only read.
pub const KINDS: &[(u16, u16)] = &[];
