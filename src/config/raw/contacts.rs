//! `contacts/`: organisation, functions, groups. There is no field for a person.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{At, Clock, Day, Lapse, List, Months, Name, Need, Ordered, Secs, Texts};

/// `contacts/organisation.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// The region or hospital.
    pub region: RegionName,
    /// Languages of texts; the first is the default.
    pub languages: List<Name>,
    /// IANA time zone: Europe/Stockholm.
    pub time_zone: Name,
    /// When daytime functions are held by themselves (Monday to Friday).
    pub office_hours: At<Hours>,
    /// When `night:` holds. It may pass midnight.
    pub night: At<Hours>,
    /// Days on which nobody is in the office.
    #[serde(default)]
    pub holidays: List<At<Day>>,
    /// The site that means all of it.
    pub whole: Name,
    /// Sites by their short ASCII name.
    pub sites: Ordered<SiteEntry>,
    /// Functions or groups that belong to care: they get the first text without approval where it can't wait.
    #[serde(default)]
    pub care: List<Name>,
    /// Asked, in this order, when a function and its deputies are silent.
    pub last_resort: List<Name>,
    /// May lead any incident: update, correct, stop, all clear.
    #[serde(default)]
    pub command: List<Name>,
    /// Gets the journal's last seal by mail or fax, hourly while something happens: an archive, a registry, somebody elsewhere.
    #[serde(default)]
    pub seals_to: Option<Name>,
    /// Walks the manual gateways and is paged by a standing alarm.
    pub switchboard: Name,
    /// The number for the public, in each public text.
    #[serde(default)]
    pub call: Option<Name>,
    /// The emergency number, in each public text and on the page.
    #[serde(default)]
    pub emergency: Option<Name>,
    /// The number for other providers and municipalities, in each text to them. Default: call.
    #[serde(default)]
    pub outside_call: Option<Name>,
    /// The country's calling code, as 46: an answer counts also when its sender is given as 070-… or 70…
    #[serde(default)]
    pub country: Option<Name>,
    /// The holding text goes to the public after that long without an approved text.
    #[serde(default)]
    pub holding_after: Option<Lapse>,
    /// The public page is valid that long after each publication.
    #[serde(default)]
    pub page_valid: Option<Secs>,
    /// What is private of an incident (addresses, notes, codes, reasons, contacts) is forgotten that long after it closed, in both
    /// copies of the journal: 24mo unless given. Texts, times and who answered stay.
    #[serde(default)]
    pub retention: Option<Months>,
    /// What the public page's statement of accessibility says, and where a reader reports that the page can't be read.
    #[serde(default)]
    pub accessibility: Option<At<Accessibility>>,
    /// Deadlines and bounds that have defaults.
    #[serde(default)]
    pub limits: Limits,
}

/// The statement of accessibility, besides what the program says of its own pages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accessibility {
    /// Where a reader reports faults: a mail address, a telephone number, or the https address of a form.
    pub contact: Name,
    /// Your own assessment: how far the page meets the law, known shortcomings, how it was judged.
    #[serde(default)]
    pub text: Option<Texts>,
    /// When it was last assessed.
    #[serde(default)]
    pub assessed: Option<At<Day>>,
    /// Who supervises, and where to complain there.
    #[serde(default)]
    pub authority: Option<Texts>,
}

/// The region's name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionName {
    /// Short, for journals and mail threads.
    pub id: Name,
    /// As it stands on pages.
    pub name: Name,
    /// Shown on every page: this region does not exist.
    #[serde(default)]
    pub fictional: bool,
}

/// From one time of day to another.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// When they begin.
    pub from: Clock,
    /// When they end.
    pub to: Clock,
}

/// A site.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteEntry {
    /// The site's name in full.
    pub name: Texts,
}

/// Deadlines and bounds; what is left out keeps its default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The deputy is asked beside when the request to approve is not delivered by then.
    #[serde(default)]
    pub approval_delivered: Option<Lapse>,
    /// So many wrong codes in a row end the trying of an address for ten minutes.
    #[serde(default)]
    pub wrong_codes_max: Option<u32>,
    /// A bare yes binds to the one request to that address in this time.
    #[serde(default)]
    pub bare_answer: Option<Lapse>,
    /// The first real message within this time of a drill says that it is real.
    #[serde(default)]
    pub after_drill: Option<Lapse>,
    /// How much "wait" gives, once.
    #[serde(default)]
    pub wait_extends: Option<Lapse>,
    /// A delivery is of no use after that.
    #[serde(default)]
    pub delivery_ttl: Option<Secs>,
    /// Open incidents at one time.
    #[serde(default)]
    pub open_incidents_max: Option<u32>,
    /// Deliveries of one incident.
    #[serde(default)]
    pub deliveries_max: Option<u32>,
    /// "Running again" is due that long after the restoration was forecast.
    #[serde(default)]
    pub restored_within: Option<Lapse>,
}

/// `contacts/functions.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    /// The duties, by ID.
    pub functions: Ordered<FunctionEntry>,
}

/// When a function is held by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HoursWord {
    /// All 168 hours of the week.
    #[default]
    Always,
    /// Office hours; `covered_by` holds it the rest of the week.
    Day,
}

/// A key function.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionEntry {
    /// What it is called.
    pub title: Texts,
    /// The same in at most 10 characters, where many are listed.
    #[serde(default)]
    pub short: Option<Texts>,
    /// The site it belongs to.
    pub site: Name,
    /// Where at the site, for whoever carries a sheet there: house, floor, ward.
    #[serde(default)]
    pub place: Option<Texts>,
    /// When it is held by itself.
    #[serde(default)]
    pub hours: HoursWord,
    /// Who holds it outside office hours.
    #[serde(default)]
    pub covered_by: Option<Name>,
    /// How long it has to answer.
    pub answer_within: At<Secs>,
    /// So many of those who are asked for it must answer. Default: 1.
    #[serde(default)]
    pub answers: Option<At<u32>>,
    /// Whether it may lead the work by answering first. Default: the functions of `command` may.
    #[serde(default)]
    pub may_own: Option<bool>,
    /// Asked beside it or after it, in this order.
    #[serde(default)]
    pub deputies: List<Name>,
    /// Its languages; the first that a gateway can carry goes. Default: the region's first.
    #[serde(default)]
    pub languages: List<Name>,
    /// Shift changes, in cron notation: "0 7 * * *".
    #[serde(default)]
    pub shifts: List<Name>,
    /// Its duty telephone.
    #[serde(default)]
    pub phone: Option<PhoneEntry>,
    /// Where it is reached.
    #[serde(default)]
    pub reach: List<At<PointEntry>>,
}

/// A duty telephone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneEntry {
    /// As people dial it.
    pub number: Name,
    /// It may stand in texts.
    #[serde(default)]
    pub publishable: bool,
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
}

/// A duty point: exactly one of `sms`, `pager`, `fax`, `email`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointEntry {
    /// What contacts/rosters/*.ics calls it, when duty points take turns: phone-a.
    #[serde(default)]
    pub id: Option<Name>,
    /// A duty mobile, in quotes: "+46701740605".
    #[serde(default)]
    pub sms: Option<Name>,
    /// A pager's code, in quotes; `via` names its transmitter.
    #[serde(default)]
    pub pager: Option<Name>,
    /// A fax machine, in quotes.
    #[serde(default)]
    pub fax: Option<Name>,
    /// A functional mailbox.
    #[serde(default)]
    pub email: Option<Name>,
    /// The gateways that can reach it, in this order. Default: all of the channel.
    #[serde(default)]
    pub via: List<Name>,
    /// Languages of this point. Default: the function's.
    #[serde(default)]
    pub languages: List<Name>,
    /// When a test message last proved it.
    #[serde(default)]
    pub proven: Option<Day>,
    /// What it hangs on itself, whichever gateway reaches it: the mobile network of a duty mobile, the exchange of a fax machine.
    #[serde(default)]
    pub needs: List<At<Need>>,
}

/// `contacts/groups.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// Lists of functions, by name.
    pub groups: Ordered<List<Name>>,
}
