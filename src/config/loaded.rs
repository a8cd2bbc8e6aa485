//! What configuration gives: the plan, the addresses beside it, and how gateways are spoken to.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::tests_block::TestCase;
use crate::domain::ids::{FunctionId, PointIx};
use crate::domain::plan::{Channel, Plan};
use crate::gateways::registry::GatewayConfig;
use crate::yaml::{Diagnostic, telephone};

/// The addresses of duty points. Kept apart from the plan, never shown by Debug, never in a log.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contacts {
    addresses: Vec<Arc<str>>,
}

impl Contacts {
    /// Addresses, by duty point.
    pub fn new(addresses: Vec<Arc<str>>) -> Self {
        Self { addresses }
    }
    /// All of them, by duty point.
    pub fn addresses(&self) -> &[Arc<str>] {
        &self.addresses
    }
    /// The address of a duty point of the same plan.
    pub fn address(&self, p: PointIx) -> Option<&Arc<str>> {
        self.addresses.get(p.ix())
    }
    /// How many there are.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn len(&self) -> usize {
        self.addresses.len()
    }
    /// Whether there is none.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }
    /// The duty point of a channel with that address, for answers that come in.
    pub fn find(&self, plan: &Plan, channel: Channel, address: &str) -> Option<PointIx> {
        let wanted = same_as(channel, address);
        let hit = self
            .addresses
            .iter()
            .zip(&plan.points)
            .position(|(a, p)| p.channel == channel && same_as(channel, a) == wanted);
        hit.and_then(|i| u32::try_from(i).ok()).map(PointIx)
    }
}
impl fmt::Debug for Contacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contacts({} addresses)", self.addresses.len())
    }
}

/// What two ways of writing one address have in common: gateways give numbers with `+`, with `00`, or with neither.
fn same_as(channel: Channel, address: &str) -> String {
    let normal = normal(channel, address);
    match channel {
        Channel::Sms | Channel::Fax => {
            let digits = normal.strip_prefix('+').or_else(|| normal.strip_prefix("00")).unwrap_or(&normal);
            digits.to_owned()
        }
        _ => normal,
    }
}

/// One way of writing an address: without spaces and hyphens in numbers, small letters in mail.
pub(super) fn normal(channel: Channel, address: &str) -> String {
    match channel {
        Channel::Email => address.trim().to_lowercase(),
        Channel::Sms | Channel::Fax => telephone::plain(address),
        Channel::Paging | Channel::Web | Channel::Manual => address.trim().to_owned(),
    }
}

/// A watcher outside, and the signs of life that it gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watch {
    /// Called by GET for each sign of life.
    pub url: Option<String>,
    /// How often it is called, in seconds.
    pub url_every_s: u32,
    /// A function outside that gets a note.
    pub sms_to: Option<FunctionId>,
    /// How often it gets one, in seconds.
    pub sms_every_s: u32,
    /// A CA file for TLS.
    pub ca_file: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout_s: u32,
}

/// A configuration that was read and checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Everything but addresses.
    pub plan: Plan,
    /// The addresses, by duty point.
    pub contacts: Contacts,
    /// How to speak to the gateways of the plan, in its order.
    pub gateways: Vec<GatewayConfig>,
    /// What would hurt at night.
    pub warnings: Vec<Diagnostic>,
    /// The region does not exist: every page and terminal says so.
    pub fictional: bool,
    /// What the playbooks' `tests:` blocks expect.
    pub tests: Vec<TestCase>,
    /// Who watches this program from outside, if anybody.
    pub watch: Option<Watch>,
    /// What is private of an incident is forgotten so many months after it closed.
    pub retention_months: u32,
}

/// Where `contacts/organisation.yaml` says nothing of `retention`.
pub const RETENTION_MONTHS: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_show_nothing() {
        let contacts = Contacts::new(vec!["+46701740605".into()]);
        assert_eq!(format!("{contacts:?}"), "Contacts(1 addresses)");
    }
}
