//! What configuration gives: the plan, the addresses beside it, and how gateways are spoken to.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use sha2::Sha256;

use super::drills::PlannedDrill;
use super::tests_block::TestCase;
use crate::domain::ids::{FunctionId, FunctionIx, InfraId, PointIx};
use crate::domain::lang::L10n;
use crate::domain::plan::{Channel, DutyPoint, Plan};
use crate::domain::reach::left::Around;
use crate::domain::reach::worst::Cut;
use crate::gateways::registry::GatewayConfig;
use crate::yaml::{Diagnostic, Secret, telephone};

/// Bytes of a mark.
const MARK_BYTES: usize = 16;

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
    /// Addresses as keyed marks, by point: who does not have them can know one again that it has.
    pub fn marks(&self, plan: &Plan, salt: &[u8]) -> Vec<String> {
        let country = plan.region.country.as_str();
        let mark = |(address, point): (&Arc<str>, &DutyPoint)| {
            let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(salt) else { return String::new() };
            mac.update(format!("{} {}", point.channel, same_as(point.channel, address, country)).as_bytes());
            hex::encode(&mac.finalize().into_bytes()[..MARK_BYTES])
        };
        self.addresses.iter().zip(&plan.points).map(mark).collect()
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
        let country = plan.region.country.as_str();
        let wanted = same_as(channel, address, country);
        // A national number without its leading 0 may as well be one of another country: the whole number goes first.
        let short = (!country.is_empty() && matches!(channel, Channel::Sms | Channel::Fax) && is_bare(address))
            .then(|| format!("{country}{wanted}"));
        let with = |wanted: &str| {
            let mut points = self.addresses.iter().zip(&plan.points);
            points.position(|(a, p)| p.channel == channel && same_as(channel, a, country) == wanted)
        };
        let hit = with(&wanted).or_else(|| with(&short?));
        hit.and_then(|i| u32::try_from(i).ok()).map(PointIx)
    }
}
impl fmt::Debug for Contacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contacts({} addresses)", self.addresses.len())
    }
}

/// What two ways of writing one address have in common (RULES C15). Gateways and people give a number with `+`, with `00`, with the
/// leading 0 of the country, or with none of them; as `tel:` (RFC 3966), with parameters; and with a `(0)` that nobody dials.
pub fn same_as(channel: Channel, address: &str, country: &str) -> String {
    if !matches!(channel, Channel::Sms | Channel::Fax) {
        return normal(channel, address);
    }
    let written = written_number(address);
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    if written.starts_with('+') {
        return digits;
    }
    match (digits.strip_prefix("00"), digits.strip_prefix('0')) {
        (Some(whole), _) => whole.to_owned(),
        (None, Some(national)) if !country.is_empty() => format!("{country}{national}"),
        _ => digits,
    }
}

/// A number without the scheme before it, the parameters behind it, and a `(0)` within.
fn written_number(address: &str) -> String {
    let address = address.trim();
    let scheme =
        ["tel:", "sms:"].into_iter().find(|s| address.get(..s.len()).is_some_and(|a| a.eq_ignore_ascii_case(s)));
    let number =
        scheme.map_or(address, |s| &address[s.len()..]).split([';', '?', '@']).next().unwrap_or_default().trim();
    if number.starts_with('+') || number.starts_with("00") { number.replacen("(0)", "", 1) } else { number.to_owned() }
}

/// It begins with neither `+` nor 0.
fn is_bare(address: &str) -> bool {
    written_number(address).chars().next().is_some_and(|c| matches!(c, '1'..='9'))
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

/// What a printer prints by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Printed {
    /// A sheet for each function that somebody walks to.
    Couriers,
    /// The list of those to call.
    Calls,
}

impl Printed {
    /// All of it.
    pub const ALL: [Self; 2] = [Self::Couriers, Self::Calls];
    /// As in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Couriers => "couriers",
            Self::Calls => "calls",
        }
    }
}

/// A printer that sheets to walk with come out of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printer {
    /// Its name in the configuration.
    pub id: String,
    /// `ipp://…` or `ipps://…`.
    pub url: String,
    /// What comes out of it.
    pub prints: Vec<Printed>,
    /// A CA file for TLS.
    pub ca_file: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout_s: u32,
}

/// A program that is told by a call what happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Webhook {
    /// Its name in the configuration.
    pub id: String,
    /// Where it is called.
    pub url: String,
    /// What calls are signed with.
    pub secret: Secret,
    /// And the secret before it, as long as the far end changes.
    pub secret_before: Option<Secret>,
    /// Names of the events that it is told.
    pub events: Vec<&'static str>,
    /// A CA file for TLS.
    pub ca_file: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout_s: u32,
    /// What relative paths of secrets count from.
    pub base: Option<PathBuf>,
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
    /// What rosters call duty points: of which function, and which.
    pub turns: Vec<(FunctionIx, String, PointIx)>,
    /// Who watches this program from outside, if anybody.
    pub watch: Option<Watch>,
    /// Programs that are told what happens.
    pub webhooks: Vec<Webhook>,
    /// Printers of sheets to walk with.
    pub printers: Vec<Printer>,
    /// What is private of an incident is forgotten so many months after it closed.
    pub retention_months: u32,
    /// What the public page says of its accessibility.
    pub statement: Statement,
    /// What the program itself stands on, and which of its gateways are public pages.
    pub around: Around,
    /// Single points of failure that are known and stay.
    pub accepted: Vec<Accepted>,
    /// Drills, in the order of their file.
    pub drills: Vec<PlannedDrill>,
}

/// A single point of failure that somebody has accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    pub infra: InfraId,
    /// What its loss silences: names of [`Target`](crate::domain::reach::targets::Target).
    pub cuts: Vec<String>,
    pub reason: String,
}

impl Accepted {
    /// Somebody has accepted all that a set of losses silences.
    pub fn covers(&self, plan: &Plan, cut: &Cut) -> bool {
        cut.nodes == [self.infra.clone()] && cut.silences.iter().all(|t| self.cuts.contains(&t.name(plan)))
    }
}

/// What the region says of the public page's accessibility. It is no part of the plan: no incident depends on it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Statement {
    /// A mail address, a telephone number or an https address; empty: none is given.
    pub contact: String,
    /// The region's own assessment; empty: none is given.
    pub text: L10n,
    /// When it was assessed.
    pub assessed: Option<Date>,
    /// Who supervises; empty: not given.
    pub authority: L10n,
}

/// Where `contacts/organisation.yaml` says nothing of `retention`.
pub const RETENTION_MONTHS: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_c15_a_sender_is_known_in_every_notation_of_its_number() {
        let home = "46701740616";
        for said in [
            "+46701740616",
            "46701740616",
            "0046701740616",
            "0701740616",
            "701740616",
            "070-174 06 16",
            "tel:+46701740616",
            "tel:070-174-06-16;phone-context=+46",
            "+46 (0)70-174 06 16",
            "+46701740616@sms.example",
            " (070) 174 06 16 ",
        ] {
            let plain = same_as(Channel::Sms, said, "46");
            assert!(plain == home || is_bare(said) && format!("46{plain}") == home, "{said}: {plain}");
        }
        // No country: what is not whole is another number.
        assert_eq!(same_as(Channel::Sms, "0701740616", ""), "0701740616");
        for other in ["+45701740616", "0701740617", "+4670174061", "0047701740616", "anna@fs.example", ""] {
            assert_ne!(same_as(Channel::Sms, other, "46"), home, "{other}");
        }
        assert_eq!(same_as(Channel::Email, " Iva@FS.example ", "46"), "iva@fs.example");
    }

    #[test]
    fn contacts_show_nothing() {
        let contacts = Contacts::new(vec!["+46701740605".into()]);
        assert_eq!(format!("{contacts:?}"), "Contacts(1 addresses)");
    }
}
