//! The plan: everything that configuration says, resolved and checked, without a single address. An incident keeps the plan
//! it began with (invariant 5). Positions ([`FunctionIx`], [`PointIx`], [`GatewayIx`]) hold within one plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::drills::Objective;
use super::ids::{
    FunctionId, FunctionIx, GatewayId, GatewayIx, GroupId, InfraId, PlaybookId, PointIx, RoutineId, SiteId, SystemId,
};
use super::ladder::{Class, Ladders, LevelIx, ModeIx, Propose};
use super::lang::{L10n, Lang};
use super::roster::Roster;
use super::step::StepRule;
use super::text::Charset;
use super::time::At;
use super::words::Words;

/// Who a text is for. Each audience has a canonical text and a fingerprint of its own, and it is identical over all channels
/// of that audience (RULES A1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Key functions of the region.
    Internal,
    /// Everybody: the public page.
    Public,
    /// Other providers and municipalities (INCIDENTS lesson 41).
    Outside,
}

impl Audience {
    /// As it stands in the fingerprint.
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Internal => "internal",
            Audience::Public => "public",
            Audience::Outside => "outside",
        }
    }
}
impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A kind of gateway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text to a telephone.
    Sms,
    /// Mail to a functional mailbox.
    Email,
    /// A sheet in a ward.
    Fax,
    /// A pager.
    Paging,
    /// The public page.
    Web,
    /// People walk it: a task for the switchboard.
    Manual,
}

impl Channel {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Channel; 6] =
        [Channel::Sms, Channel::Paging, Channel::Fax, Channel::Email, Channel::Web, Channel::Manual];
    /// As in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Sms => "sms",
            Channel::Email => "email",
            Channel::Fax => "fax",
            Channel::Paging => "paging",
            Channel::Web => "web",
            Channel::Manual => "manual",
        }
    }
}
impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Everything that configuration says.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug, Default)]
pub struct Plan {
    /// What it is named by, in hex: SHA-256 over the YAML it came from; once it is frozen, over the bytes that the journal keeps.
    pub hash: String,
    pub region: Region,
    /// Office hours, zone, holidays.
    pub calendar: Calendar,
    /// Levels and modes.
    pub ladders: Ladders,
    /// What things hang on.
    pub infra: Vec<Infra>,
    /// What can be disrupted.
    pub systems: Vec<System>,
    /// Fallback routines.
    pub routines: BTreeMap<RoutineId, Routine>,
    /// The duties.
    pub functions: Vec<Function>,
    /// Where duties are reached; an address that serves several functions is one point (RULES C2).
    pub points: Vec<DutyPoint>,
    /// Named lists.
    pub groups: BTreeMap<GroupId, Vec<FunctionIx>>,
    /// Gateways, in the order in which they are tried within a channel.
    pub gateways: Vec<GatewayInfo>,
    pub playbooks: BTreeMap<PlaybookId, Playbook>,
    /// The words of each language.
    pub words: BTreeMap<Lang, Words>,
    /// What each real incident is to show (RULES D19).
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// Who covers whom; made by [`Plan::index`].
    #[serde(default)]
    pub covered: Vec<Vec<FunctionIx>>,
}

/// The region.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Region {
    /// `fjallmark`.
    pub id: String,
    /// `Region Fjällmark`.
    pub name: String,
    /// Languages; the first is the default.
    pub languages: Vec<Lang>,
    /// The site that means all of it (`REG`).
    pub whole: SiteId,
    /// The sites, the whole region among them.
    pub sites: Vec<Site>,
    /// Asked when a function and its deputies are silent, in this order (RULES B3, C9).
    pub last_resort: Vec<FunctionIx>,
    /// May lead any incident: update, correct, stop, all clear. Besides these, the reporter and the system's owner may.
    pub command: Vec<FunctionIx>,
    /// Walks the manual gateways, and is paged by a standing alarm (RULES A5, C9).
    pub switchboard: FunctionIx,
    /// Gets the journal's last seal by mail or fax, hourly while something happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seals_to: Option<FunctionIx>,
    /// The number for the public, in each public text (RULES A10).
    pub call: String,
    /// The emergency number: in each public text, and on the page.
    pub emergency: String,
    /// The number for other providers and municipalities, in each text to them; `call` when empty.
    #[serde(default)]
    pub outside_call: String,
    /// The country's calling code, without `+`: a sender may write its number without it (RULES C15). Empty: not given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// The holding text comes after that long without an approved public text (RULES B7), in seconds.
    pub holding_after_s: u32,
    /// The public page is valid that long after each publication (RULES D9), in seconds.
    pub page_valid_s: u32,
    /// Other values that have defaults in YAML.
    pub limits: Limits,
}

impl Default for Region {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            languages: vec![Lang::SV],
            whole: SiteId::from("REG"),
            sites: Vec::new(),
            last_resort: Vec::new(),
            command: Vec::new(),
            switchboard: FunctionIx(0),
            seals_to: None,
            call: String::new(),
            emergency: String::new(),
            outside_call: String::new(),
            country: String::new(),
            holding_after_s: 600,
            page_valid_s: 1800,
            limits: Limits::default(),
        }
    }
}

/// Deadlines and bounds of the rules; the numbers are RULES' own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Limits {
    /// The deputy is asked beside when the request to approve is not delivered by then (RULES B5).
    pub approval_delivered_s: u32,
    /// So many wrong codes end the trying of an address (RULES C16).
    pub wrong_codes_max: u32,
    /// A bare JA binds to the one request to that address in this time (RULES C3).
    pub bare_answer_s: u32,
    /// The first real message to a function within this time of a drill says that it is real (RULES D1).
    pub after_drill_s: u32,
    /// How much VÄNTA gives, once (RULES B2).
    pub wait_extends_s: u32,
    /// A delivery is of no use after that.
    pub delivery_ttl_s: u32,
    /// Open incidents at one time; one more is refused, with the reason.
    pub open_incidents_max: u32,
    /// Deliveries of one incident.
    pub deliveries_max: u32,
    /// "Running again" is due that long after the restoration was forecast (INCIDENTS lesson 32).
    pub restored_within_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            approval_delivered_s: 180,
            wrong_codes_max: 5,
            bare_answer_s: 3600,
            after_drill_s: 24 * 3600,
            wait_extends_s: 600,
            delivery_ttl_s: 4 * 3600,
            open_incidents_max: 100,
            deliveries_max: 4_000_000,
            restored_within_s: 900,
        }
    }
}

/// A site.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct Site {
    /// Short and ASCII: it stands in texts (RULES A5).
    pub id: SiteId,
    /// The site's name in full.
    pub name: L10n,
}

/// Needs: all of the list, any one of each entry. `[[a], [b, c]]` = a and (b or c).
pub type Needs = Vec<Vec<InfraId>>;

/// Infrastructure.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Infra {
    /// `hall-a`.
    pub id: InfraId,
    /// What it hangs on.
    pub needs: Needs,
    /// Battery: seconds that it holds without what it needs (INCIDENTS lesson 48).
    pub holds_s: Option<u32>,
}

/// An IT system.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct System {
    /// `journal`.
    pub id: SystemId,
    /// What people call it.
    pub title: L10n,
    /// Other words it is found by.
    pub aliases: Vec<String>,
    /// How much its loss hurts.
    pub class: Class,
    pub owner: FunctionIx,
    /// The infrastructure it needs.
    pub needs: Needs,
    /// The systems it needs.
    pub needs_systems: Vec<SystemId>,
    /// What care does without it.
    pub routine: RoutineId,
}

/// A fallback routine, in the words of the clinic (INCIDENTS lesson 31).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Routine {
    /// One or two short sentences, without the last full stop.
    pub text: L10n,
    /// The same for outside and public texts, if it may be said there (RULES A1: internal routines never leave).
    pub outside: Option<L10n>,
    /// Care can't wait for an approval (RULES B1).
    pub urgent: bool,
}

/// When a function is held by itself.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Hours {
    Always,
    /// In office hours; the rest of the week it is covered by another.
    Day {
        covered_by: FunctionIx,
    },
}

/// A duty telephone that may stand in a text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Phone {
    /// As people dial it.
    pub number: String,
    /// It may stand in texts (RULES A10).
    pub publishable: bool,
    /// What it hangs on.
    pub needs: Needs,
}

/// A duty that somebody always holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Function {
    /// `tib`.
    pub id: FunctionId,
    /// What it is called.
    pub title: L10n,
    /// What it is called in ten characters, where many are listed; its title when it has none.
    #[serde(default)]
    pub short: L10n,
    pub site: SiteId,
    /// Where at the site somebody finds it: house, floor, ward. Nothing when nobody said.
    #[serde(default, skip_serializing_if = "L10n::is_empty")]
    pub place: L10n,
    pub hours: Hours,
    /// Its answer time, in seconds.
    pub answer_within_s: u32,
    /// So many of those who are asked for it must answer; 1 unless it says more.
    #[serde(default = "one")]
    pub answers: u8,
    /// Asked beside it or after it, in this order.
    pub deputies: Vec<FunctionIx>,
    /// Where it is reached.
    pub points: Vec<PointIx>,
    /// Which of its points take turns, and when.
    #[serde(default, skip_serializing_if = "Roster::is_empty")]
    pub roster: Roster,
    pub lang: Lang,
    /// It belongs to care: `clin` and `sites` (RULES B1).
    pub care: bool,
    /// Shift changes, in cron notation, local time (RULES C11).
    pub shifts: Vec<String>,
    /// Its duty telephone.
    pub phone: Option<Phone>,
    /// Whether it may lead the work by answering first (RULES C14); unless it says, those of `command` may.
    #[serde(default)]
    pub may_own: Option<bool>,
}

impl Function {
    /// What it is called where many are listed.
    pub fn short_name(&self, lang: Lang) -> &str {
        let short = self.short.get(lang);
        if short.is_empty() { self.title.get(lang) } else { short }
    }
}

/// An address that goes with a duty. The address itself is kept apart from the plan.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct DutyPoint {
    pub channel: Channel,
    /// The gateways that can reach it, in the order they are tried.
    pub gateways: Vec<GatewayIx>,
    /// Its languages: the first that a gateway can carry whole goes (DESIGN 3a).
    pub languages: Vec<Lang>,
    pub functions: Vec<FunctionIx>,
    /// When a test last proved it, if ever (INCIDENTS lesson 5).
    pub proven: Option<jiff::civil::Date>,
    /// What it hangs on itself, whichever gateway reaches it (RULES G7).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Needs,
}

/// How a gateway carries a text: what bounds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Capability {
    Sms {
        /// What data_coding 0 means there.
        charset: Charset,
        /// UCS-2 may be used for what the alphabet lacks.
        ucs2: bool,
        /// 16-bit reference: 152 septets a part.
        ref16: bool,
        /// Each part a message of its own, with header.
        separate: bool,
        /// The most parts.
        parts_max: u32,
    },
    /// Pages of a pager.
    Pages {
        /// Of the transmitter.
        charset: Charset,
        /// Characters of one page.
        chars_max: u32,
        /// The most pages.
        pages_max: u32,
    },
    /// A fax machine.
    Fax {
        /// The most pages.
        pages_max: u32,
        /// The most characters of the text.
        chars_max: u32,
    },
    /// As one whole.
    Whole {
        /// The most characters of the text; `None` = no bound.
        chars_max: Option<u32>,
    },
}

/// What the domain knows of a gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct GatewayInfo {
    /// `sms-api`.
    pub id: GatewayId,
    pub channel: Channel,
    /// What it can carry.
    #[serde(rename = "carry")]
    pub capability: Capability,
    /// Answers come back over it (RULES C6).
    pub answers: bool,
    /// A receipt says that the far device has it; without, accepted is all that is known.
    pub receipts: bool,
    /// What it hangs on.
    pub needs: Needs,
}

/// What may be said to the public (RULES B7).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublicRule {
    /// Nothing by itself (`privacy`).
    Never,
    /// The holding text at once; the rest after approval.
    Holding,
    /// What was approved, and the holding text when the time is up.
    #[default]
    Approved,
}

/// What a playbook says when it runs again, and when it is over: nothing is told in the present after it has ended (RULES A11).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Afterwards {
    /// It runs again: `Journalen fungerar igen`.
    pub up: L10n,
    /// What to go on with until all clear.
    pub keep: L10n,
    /// It is as it always was: all clear, and false alarm.
    pub well: L10n,
    /// What to do after the all clear.
    pub after: L10n,
}

/// What it means for other providers and municipalities, by phase.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct OutsideWords {
    /// While it goes on.
    pub open: L10n,
    /// When it runs again.
    pub restored: L10n,
    /// When it is over.
    pub closed: L10n,
}

/// What the public reads of a playbook (RULES A12): whole sentences; headings without their full stop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct PublicWords {
    /// What happened.
    pub heading: L10n,
    /// Where, for the playbook's own sites.
    pub place: L10n,
    /// What it means for the reader.
    pub means: L10n,
    /// What the reader is to do.
    pub todo: L10n,
    /// What works in spite of it.
    pub works: L10n,
    /// Systems that `works` is about: when one of them is hit too, it is not said.
    pub works_needs: Vec<SystemId>,
    /// It runs again.
    pub up: L10n,
    /// What still holds then.
    pub still: L10n,
    /// It is over.
    pub well: L10n,
    /// What to do then.
    pub after: L10n,
}

/// A playbook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Playbook {
    /// `ehr-down`.
    pub id: PlaybookId,
    /// What it is called.
    pub title: L10n,
    /// Other words it is found by.
    pub aliases: Vec<String>,
    pub systems: Vec<SystemId>,
    /// The infrastructure that is down.
    pub infra: Vec<InfraId>,
    /// Concerned unless the report says otherwise.
    pub sites: Vec<SiteId>,
    pub what: L10n,
    pub scope: L10n,
    /// Routines to use now.
    pub routines: Vec<RoutineId>,
    /// What is true when it runs again, and when it is over.
    #[serde(default)]
    pub after: Afterwards,
    /// What it means for other providers and municipalities.
    #[serde(default)]
    pub outside: OutsideWords,
    /// What the public reads.
    #[serde(default)]
    pub public_words: Option<PublicWords>,
    /// Reported at, unless the report says otherwise.
    pub level: LevelIx,
    /// What each level brings, from the mildest; a level includes those below.
    pub levels: Vec<LevelPlan>,
    /// How often an update is due; `None`: the level's beat.
    pub update_every_s: Option<u32>,
    /// Told when an update is overdue.
    pub overdue_tell: Option<FunctionIx>,
    /// What may be said to the public.
    pub public: PublicRule,
    /// Who reported can't approve (RULES B6).
    pub four_eyes: bool,
    /// What must be done beside telling: tasks, clocks of the authorities, conferences; prepared interventions and redirections.
    #[serde(default)]
    pub steps: Vec<StepRule>,
}

/// What one level brings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct LevelPlan {
    pub level: LevelIx,
    /// The mode raised at once, if any.
    pub mode: Option<ModeIx>,
    /// Proposed in this order.
    pub propose: Vec<Propose>,
    /// Who is told, and how.
    pub notify: Vec<Row>,
}

/// Who a row addresses.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum To {
    /// Key functions.
    Functions(Vec<FunctionIx>),
    /// The public page.
    Public,
}

/// What happens when an approval's time is up.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The text goes out.
    Release,
    /// The approver's deputies are asked, then the last resort.
    Escalate,
    /// A standing alarm, and the question again each `within` (RULES B3).
    Hold,
}

/// Who must approve, and until when (invariant 7: no approval can deadlock).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct ApprovalRule {
    /// The approver.
    pub by: FunctionIx,
    /// Its time, in seconds.
    pub within_s: u32,
    pub then: Then,
    /// What when the last of the chain is silent: release or hold.
    pub finally: Then,
}

/// Whether an answer is wanted (RULES C7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnswerRule {
    /// No trailer stands.
    None,
    /// Asked for; silence escalates to nobody.
    Wanted,
    /// Silence escalates.
    Required,
}

/// When deputies are asked (RULES C9).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum DeputyRule {
    /// At once, side by side.
    Beside,
    /// After each missed deadline.
    After,
}

/// What a row does at night (RULES D6).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum NightRule {
    /// As by day.
    Page,
    /// It waits until that minute after midnight.
    QuietUntil(u16),
}

/// One row of `notify`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Row {
    /// Whom it tells.
    pub to: To,
    /// For which audience.
    pub audience: Audience,
    pub channels: Vec<Channel>,
    /// Who must approve first.
    pub approval: Option<ApprovalRule>,
    /// Whether an answer is wanted; `None`: by the kind of message.
    pub answer: Option<AnswerRule>,
    /// May only shorten a function's own answer time (RULES C8).
    pub answer_within_s: Option<u32>,
    /// When deputies are asked; `None`: by the level.
    pub deputies: Option<DeputyRule>,
    /// What happens at night.
    pub night: NightRule,
    /// So many must answer for each of its functions; `None`: as many as the function itself asks for.
    #[serde(default)]
    pub answers: Option<u8>,
    /// Whoever answers is there so many seconds later, and says so (INCIDENTS lesson 4).
    #[serde(default)]
    pub arrive_within_s: Option<u32>,
    /// It fires only where patient safety is yes or unknown (RULES D15).
    #[serde(default)]
    pub if_unsafe: bool,
}

/// Which entry of a playbook: the row of a level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
pub struct RowId {
    /// The level that it stands under.
    pub level: LevelIx,
    /// Its place there, from 0.
    pub row: u16,
}

impl std::fmt::Display for RowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", (b'a' + self.level.0.min(25)) as char, self.row + 1)
    }
}

/// Plans that were frozen before a function could ask for more.
fn one() -> u8 {
    1
}

impl Plan {
    /// The function with that ID.
    pub fn function_ix(&self, id: &str) -> Option<FunctionIx> {
        self.functions.iter().position(|f| f.id.as_str() == id).and_then(|i| u32::try_from(i).ok()).map(FunctionIx)
    }
    /// A function. Positions come from this plan, so it is there.
    pub fn function(&self, f: FunctionIx) -> &Function {
        &self.functions[f.ix()]
    }
    /// A duty point.
    pub fn point(&self, p: PointIx) -> &DutyPoint {
        &self.points[p.ix()]
    }
    /// Where a function is reached at a moment: all its points but those whose turn it is not.
    pub fn points_at(&self, f: FunctionIx, at: At) -> Vec<PointIx> {
        let f = self.function(f);
        f.points.iter().copied().filter(|p| f.roster.reaches(*p, at)).collect()
    }
    /// A gateway.
    pub fn gateway(&self, g: GatewayIx) -> &GatewayInfo {
        &self.gateways[g.ix()]
    }
    /// The default language.
    pub fn lang(&self) -> Lang {
        self.region.languages.first().copied().unwrap_or(Lang::SV)
    }
    /// The words of a language, or of the default one.
    pub fn words(&self, lang: Lang) -> &Words {
        static NO_WORDS: std::sync::LazyLock<Words> = std::sync::LazyLock::new(Words::default);
        self.words.get(&lang).or_else(|| self.words.get(&self.lang())).unwrap_or(&NO_WORDS)
    }
    /// A system.
    pub fn system(&self, id: &SystemId) -> Option<&System> {
        self.systems.iter().find(|s| s.id == *id)
    }
    /// The functions that `f` covers outside of office hours, directly or through another.
    pub fn covers(&self, f: FunctionIx) -> &[FunctionIx] {
        self.covered.get(f.ix()).map_or(&[], Vec::as_slice)
    }
    /// Whether it may lead the work by answering first (RULES C14).
    pub fn may_own(&self, f: FunctionIx) -> bool {
        self.function(f).may_own.unwrap_or_else(|| self.region.command.contains(&f))
    }
    /// Works out what is looked up often: who covers whom. Called once when a plan is made or read.
    pub fn index(&mut self) {
        let mut covered = vec![Vec::new(); self.functions.len()];
        for (i, _) in self.functions.iter().enumerate() {
            let (mut at, mut seen) = (i, vec![i]);
            while let Hours::Day { covered_by } = self.functions[at].hours {
                at = covered_by.ix();
                if at >= self.functions.len() || seen.contains(&at) {
                    break;
                }
                seen.push(at);
                covered[at].extend(u32::try_from(i).ok().map(FunctionIx));
            }
        }
        self.covered = covered;
    }
    /// A row of a playbook.
    pub fn row<'a>(&'a self, playbook: &'a Playbook, id: RowId) -> Option<&'a Row> {
        playbook.levels.iter().find(|l| l.level == id.level)?.notify.get(usize::from(id.row))
    }
}
