//! What programs read of the public page: CAP 1.2 for each text ([`cap`]), Atom in each language ([`atom`]), and the whole state as
//! JSON ([`state`]). All are made of the same [`PublicView`] as the page, in the same publication, so that none says what another does
//! not; links within them are relative to where they lie, so that a mirror's copies are the same bytes.
//!
//! Must not: say more than the page (no drill, no site's code, nothing internal), or cut a text.

mod atom;
mod cap;
mod state;
mod xml;

use crate::domain::ids::MessageNo;
use crate::domain::plan::Plan;
use crate::domain::public_view::{PublicMessage, PublicView};
use crate::domain::time::At;
use crate::web::page::PageFrame;
use crate::yaml::addresses::host_of;

pub use atom::{atom_name, render_atom};
pub use cap::render_cap;
pub use state::{StateFile, render_state};

/// The most texts that have a CAP file, a page by their incident's number and a place in the feeds: the newest.
pub const ENTRIES_MAX: usize = 100;

/// The texts that feeds have: those that the page shows, the newest first.
pub fn entries(view: &PublicView) -> impl Iterator<Item = &PublicMessage> {
    view.messages.iter().filter(|m| !m.text.is_empty()).take(ENTRIES_MAX)
}

/// Where the CAP file of a text lies, from the top.
pub fn cap_name(message: &PublicMessage) -> String {
    format!("cap/{}.xml", message.number)
}

/// A moment as CAP wants it: local time with its offset, never `Z` (CAP 1.2, 3.3.2). Atom takes it too (RFC 3339).
fn moment(plan: &Plan, at: At) -> String {
    plan.calendar.local(at.timestamp()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Who sends, as the name of a host: where readers reach the program; where nobody has said that, the region's ID below a name that
/// belongs to nobody (RFC 2606). It holds letters, digits, dots and hyphens alone (CAP 1.2, 3.2.1 forbids spaces, commas, < and &).
fn authority(frame: &PageFrame<'_>) -> String {
    let host = host_of(frame.public_url).map(|h| h.split(':').next().unwrap_or(h));
    let good = |h: &&str| !h.is_empty() && h.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    host.filter(good).map_or_else(|| format!("{}.invalid", plain(&frame.plan.region.id)), str::to_lowercase)
}

/// Letters, digits, dots and hyphens of a name.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect()
}

/// A text's own name among all that were ever sent: region, moment of its release in UTC, number, in the manner of MET Norway
/// (metalerts CAP v2 profile, identifier). The moment keeps it apart from the same number in a journal that was begun anew.
fn identifier(plan: &Plan, number: MessageNo, released: At) -> String {
    format!("{}.{}.{number}", plain(&plan.region.id), released.timestamp().strftime("%Y%m%d%H%M%S"))
}

#[cfg(test)]
mod tests;
