//! What a running server knows of addresses, read into a configuration that is checked (RULES G8): a proof dates the address that it is
//! of, and no other that stands in its place now.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::check::ids;
use super::loaded::Contacts;
use super::places::Places;
use crate::domain::incident::addresses::PROOF_OLD_DAYS;
use crate::domain::plan::Plan;
use crate::yaml::diagnostics::Found;

/// When addresses were last proven, by their marks.
#[derive(Debug)]
pub struct Proofs {
    /// What marks are made with.
    pub salt: String,
    pub days: BTreeMap<String, Date>,
    /// The day that ages are counted to.
    pub today: Date,
}

impl Proofs {
    /// Dates points by what is known of their addresses; what is typed stays where it is newer.
    pub(super) fn date(&self, plan: &mut Plan, contacts: &Contacts) {
        let marks = contacts.marks(plan, self.salt.as_bytes());
        for (point, mark) in plan.points.iter_mut().zip(&marks) {
            point.proven = point.proven.max(self.days.get(mark).copied());
        }
    }

    /// Warns of addresses whose proof is old.
    pub(super) fn judge(&self, plan: &Plan, places: &Places, found: &mut Found) {
        for (point, place) in plan.points.iter().zip(&places.points) {
            let Some(day) = point.proven else { continue };
            let days = self.today.since(day).map_or(0, |span| span.get_days());
            if days > i32::try_from(PROOF_OLD_DAYS).unwrap_or(i32::MAX) {
                let who = ids(plan, &point.functions);
                let message =
                    format!("this {} address of {who} was last proven on {day}, {days} days ago", point.channel);
                found.warning(*place, "proof-is-old", message).help("vardkase addresses test sends it a test");
            }
        }
    }
}
