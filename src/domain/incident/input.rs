//! What can come in: commands with an acting function, answers, outcomes, time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::day::Day;
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::drills::{Drill, HeldBack};
use crate::domain::ids::DrillId;
use crate::domain::ids::{
    DeliveryId, FunctionId, GatewayId, IncidentNo, InfraId, MessageNo, PlaybookId, PointIx, RoutineId, SiteId, Status,
};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Channel, Plan, Playbook};
use crate::domain::private::Private;
use crate::domain::report::Rating;
use crate::domain::step::StepKind;
use crate::domain::text::Fingerprint;
use crate::domain::time::At;

use super::actor::Actor;
use super::addresses::AddressKey;
use super::after::{Element, RemarkKind};
use super::facts::{Restore, Safety};
use super::refused::{List, Refused, refuse};
use super::values::{Doubt, Standing};

/// What a gateway told of a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The delivery.
    pub delivery: DeliveryId,
    /// How it stands now. [`DeliveryState::Queued`]: the gateway gave it back, for its own sake, and it waits for another way.
    pub state: DeliveryState,
    /// Why, when it did not go well.
    pub cause: Option<Cause>,
}

impl From<(DeliveryId, DeliveryState)> for Told {
    fn from((delivery, state): (DeliveryId, DeliveryState)) -> Self {
        Self { delivery, state, cause: None }
    }
}

impl Input {
    /// Outcomes of which no more is known.
    pub fn outcomes(all: impl IntoIterator<Item = (DeliveryId, DeliveryState)>) -> Self {
        Self::Outcomes(all.into_iter().map(Told::from).collect())
    }

    /// What follows at once from a refusal: where the public would have been told by one pair of eyes, the next is asked (RULES H3).
    pub fn after(&self, refused: &Refused) -> Option<Self> {
        let (Self::Command { by, action, .. } | Self::Once { by, action, .. }) = self else { return None };
        match &**action {
            Action::Approve { number, .. } if refused.code == "same-eyes" => {
                Some(Self::AskBeside { number: *number, by: by.clone() })
            }
            _ => None,
        }
    }
}

/// What tells a command that is sent again from a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandId {
    /// Of the duty and the key that the sender chose.
    pub key: [u8; 16],
    /// Of what is wanted: a key stands for one command.
    pub body: [u8; 8],
}

/// What comes in. With the time and a nonce it is all that a decision depends on, besides the state.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody wants something done.
    Command {
        /// Who stands behind it; nobody's when a program does.
        who: Option<Actor>,
        /// The duty that acts (`--as kib`).
        by: FunctionId,
        action: Box<Action>,
    },
    /// The same with an ID of whoever wants it: it is carried out once, however often it comes (RULES D11).
    Once { id: CommandId, who: Option<Actor>, by: FunctionId, action: Box<Action> },
    /// What gateways told of deliveries.
    Outcomes(Vec<Told>),
    /// Whoever was asked for a text may not say yes to it alone (RULES H3): who comes after is asked beside, at once.
    AskBeside { number: MessageNo, by: FunctionId },
    /// Somebody wrote back. The edge found out which duty points have that sender's address, per open incident's plan.
    Reply {
        /// The address that it came from, as one pair of eyes.
        who: Option<Actor>,
        /// The points of open incidents.
        from: Vec<(IncidentNo, PointIx)>,
        /// The point in the plan for new incidents: a report by SMS (RULES E2).
        known: Option<PointIx>,
        /// What was written.
        text: Private,
    },
    /// The button behind a delivery's link.
    Link {
        /// The address that the link was sent to, as one pair of eyes; the owner of the state knows it.
        who: Option<Actor>,
        delivery: DeliveryId,
        /// Yes, or "pass on".
        yes: bool,
    },
    /// The shift of these functions begins (RULES C11).
    Shift { functions: Vec<FunctionId> },
    /// The program stood still since then, for a day and more (RULES D12).
    StoodStill { since: At },
    /// The published page was read back.
    PageChecked {
        /// The messages on it.
        messages: Vec<MessageNo>,
        equal: bool,
    },
    /// The journal's last seal goes to the function that the organisation names for it, if any. The text is the same in every
    /// language.
    SendSeal {
        /// `Journal 1234 7K4F-…`.
        text: String,
    },
    /// What is private of a closed incident is to be forgotten: it leaves memory now, if it has not yet.
    LeaveMemory {
        /// The incident.
        incident: IncidentNo,
        /// On whose word; nobody's when its time is over.
        by: Option<FunctionId>,
    },
    /// A checked configuration for new incidents (`reload`).
    NewPlan(Arc<Plan>),
    /// The addresses of the plan for new incidents, by keyed marks in the order of its points (RULES G8).
    Addresses(Vec<AddressKey>),
    /// Somebody did something by the link of that delivery: what it was is an input of its own.
    LinkUsed { delivery: DeliveryId },
    /// Time has passed: whatever is due.
    Due,
    /// Parts of the program are not well: somebody must be told.
    ProgramAlarm {
        alarms: Vec<ProgramAlarm>,
        /// Gateways that are out.
        avoid: Vec<GatewayId>,
    },
    /// A gateway stands otherwise than before.
    GatewayStands {
        gateway: GatewayId,
        standing: Standing,
        /// Why it is not trusted although it answers.
        doubt: Option<Doubt>,
        /// What was said of it.
        why: Option<Cause>,
    },
    /// A moment has come at which a drill was planned (RULES D17).
    DrillDue {
        planned: At,
        /// Who orders it: whoever leads it.
        by: FunctionId,
        order: Box<DrillOrder>,
        /// Why that moment is not used.
        held_back: Option<HeldBack>,
    },
    /// Functions are to be told that a drill will begin then.
    DrillSoon { drill: DrillId, title: L10n, planned: At, to: Vec<FunctionId> },
    /// A sign of life is due to a function that watches from outside.
    SignOfLife {
        to: FunctionId,
        /// The journal's head, for people to compare.
        head: String,
    },
}

/// A part of the program that is not well. IDs only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramAlarm {
    /// A word for programs (`gateway-down sms-api`).
    pub name: String,
    /// What people read.
    pub what: L10n,
}

/// A drill that is to begin: what it is of, and how it is held.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillOrder {
    /// As it would be reported; that it is a drill need not be said.
    pub report: Report,
    pub drill: Drill,
}

/// What a report says. `None` takes the playbook's default (RULES E1).
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// Drill or real.
    pub exercise: bool,
    /// Which playbook; by ID, system, alias or title word.
    pub playbook: String,
    pub level: Option<String>,
    pub sites: Vec<SiteId>,
    pub what: Option<L10n>,
    pub scope: Option<L10n>,
    /// Routines besides the playbook's.
    pub routines: Option<Vec<RoutineId>>,
    /// Since when; now.
    pub since: Option<At>,
    /// Expected back; unknown.
    pub restore: Option<Restore>,
    /// Next update; by the beat.
    pub next: Option<At>,
    /// The number to call; the owner's duty phone.
    pub contact: Option<String>,
    /// Patient safety; unknown.
    pub safety: Safety,
    /// Infrastructure that is down with it, beside the playbook's (RULES D14).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<InfraId>,
    /// What if an open incident shares a system (RULES D5).
    pub shared: IfShared,
    /// Meant, though one function reports much in a short time (RULES D11).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
}

/// What to do when the same fault is reported twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfShared {
    /// Refuse, and offer both.
    #[default]
    Ask,
    /// A number of its own.
    Separate,
    /// It is news of that one.
    AddTo(IncidentNo),
}

/// What an update says; `None` leaves it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct News {
    pub what: Option<L10n>,
    pub scope: Option<L10n>,
    /// Routines to use now.
    pub routines: Option<Vec<RoutineId>>,
    /// Expected back.
    pub restore: Option<Restore>,
    pub next: Option<At>,
    /// The number to call.
    pub contact: Option<String>,
    /// Patient safety.
    pub safety: Option<Safety>,
    pub known: Option<L10n>,
    /// Not known.
    pub unknown: Option<L10n>,
    /// What the public is told is new, or in a correction what is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_news: Option<L10n>,
    /// Another level.
    pub level: Option<String>,
    /// Other sites: all that are concerned now.
    pub sites: Option<Vec<SiteId>>,
    /// Infrastructure that is down with it: all of it now (RULES D14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<Vec<InfraId>>,
}

/// What somebody wants done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// A disruption.
    Report(Report),
    /// Yes to a waiting text.
    Approve {
        number: MessageNo,
        /// The fingerprint of the text that was read.
        fingerprint: Fingerprint,
        /// For one entry only; all that this approver was asked when none.
        entry: Option<u32>,
        /// What the text says works does: whoever approves ticks it (RULES A12).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        works: bool,
    },
    /// No to a waiting text.
    Reject {
        number: MessageNo,
        reason: Private,
        /// What instead, per language.
        replacement: Option<BTreeMap<Lang, String>>,
    },
    /// Another wording of a waiting text (the approver's change).
    Change {
        number: MessageNo,
        /// The new wording, per language.
        texts: BTreeMap<Lang, String>,
    },
    /// A language that somebody else edited was read (RULES A7).
    Reviewed { number: MessageNo, lang: Lang },
    /// More time for an approval, once.
    Wait { number: MessageNo },
    /// Release in spite of all, on record (invariant 7).
    BreakGlass { number: MessageNo, reason: Private },
    /// A function has it.
    Ack {
        /// Of which incident, or message.
        incident: IncidentNo,
        /// Which message; the newest when none.
        message: Option<u32>,
        function: FunctionId,
        /// Told by telephone.
        phone: bool,
        /// Written on a sheet that somebody carried there and back.
        #[serde(default)]
        paper: bool,
        /// When, as claimed.
        at: Option<At>,
    },
    /// "I can't": pass on at once.
    PassOn { incident: IncidentNo, function: FunctionId },
    /// Our fallback failed (RULES C5).
    FallbackFailed { incident: IncidentNo, function: FunctionId },
    /// An answer was wrong.
    Unack { incident: IncidentNo, function: FunctionId, reason: Private },
    /// News.
    Update { incident: IncidentNo, news: News },
    /// What was said is wrong.
    Correct {
        number: MessageNo,
        /// What is right.
        news: News,
    },
    /// It no longer holds.
    Stop {
        incident: IncidentNo,
        /// Which message; all of them when none.
        message: Option<u32>,
        /// There was nothing: the text says so, and that it works as it always did.
        #[serde(default)]
        false_alarm: bool,
        reason: Private,
    },
    /// Raise or lower a site.
    Mode {
        site: SiteId,
        /// The mode to set.
        mode: String,
        reason: Private,
    },
    /// Yes or no to a proposal.
    Decide {
        incident: IncidentNo,
        /// Which; the only open one when none.
        proposal: Option<u32>,
        yes: bool,
        /// Why (needed for a no).
        reason: Private,
    },
    /// It is the same fault.
    Merge {
        /// This one ends.
        incident: IncidentNo,
        /// That one goes on.
        into: IncidentNo,
    },
    /// The shift of a function changes now (RULES C11).
    Handover { function: FunctionId },
    /// It runs again; data are being checked.
    Restored {
        incident: IncidentNo,
        /// What else is new.
        news: News,
    },
    /// It was not over.
    Relapse { incident: IncidentNo, news: News },
    /// The owner says that data are complete.
    DataComplete { incident: IncidentNo },
    /// It is over.
    AllClear {
        incident: IncidentNo,
        /// Without the owner's word (RULES D4).
        override_reason: Option<Private>,
    },
    /// Somebody walked.
    ErrandDone { incident: IncidentNo, errand: u32 },
    /// Go on with the plan for new incidents.
    Adopt { incident: IncidentNo },
    /// Send a marked test over a gateway.
    TestGateway {
        /// The gateway that is tested.
        gateway: GatewayId,
        function: FunctionId,
    },
    /// Send a marked test to each address that was not proven for long (RULES G8).
    TestAddresses {
        /// Those whose last proof is older than so many days, and those that were never proven.
        older_than_days: u32,
        /// Of this channel alone.
        #[serde(default)]
        channel: Option<Channel>,
        /// At night too.
        #[serde(default)]
        at_night: bool,
    },
    /// Somebody called and said the code of a test.
    TestAnswered { code: Private },
    /// Take a gateway out by hand: it is used only where no other way is left (RULES G6).
    GatewayOut { gateway: GatewayId, reason: Private },
    /// Use it again.
    GatewayIn { gateway: GatewayId, reason: Private },
    /// Who answered is there (INCIDENTS lesson 4).
    Arrived {
        /// At which incident.
        incident: IncidentNo,
        function: FunctionId,
        /// Told by telephone.
        phone: bool,
        /// When, as claimed.
        at: Option<At>,
    },
    /// A step begins: one that the playbook prepared, or one that is typed.
    StepStart { incident: IncidentNo, start: StepStart },
    /// Somebody has a step, has read it, attends; or does not.
    StepHave {
        incident: IncidentNo,
        /// Which, as people count: from 1.
        step: u32,
        /// For which function; all that this duty was asked for when none.
        function: Option<FunctionId>,
        yes: bool,
        /// Told by telephone.
        phone: bool,
        reason: Private,
    },
    /// A step is done.
    StepDone {
        incident: IncidentNo,
        step: u32,
        /// The number of the case, or what was done.
        reference: Private,
    },
    /// A step shall not be done.
    StepStop { incident: IncidentNo, step: u32, reason: Private },
    /// A step gets another deadline, beginning or end.
    StepMove {
        incident: IncidentNo,
        step: u32,
        /// Until when, or when.
        due: At,
        reason: Private,
    },
    /// Begin a drill (RULES D18).
    DrillStart(Box<DrillOrder>),
    /// End a drill, or break it off: everybody who was told hears it (RULES D16).
    DrillEnd {
        incident: IncidentNo,
        /// It was not carried out to its end.
        #[serde(default)]
        abort: bool,
    },
    /// Plan an improvement after an incident, or change one: then it is open again (RULES D20).
    Improve {
        incident: IncidentNo,
        /// Which, counted from 1; a new one when none.
        #[serde(default)]
        id: Option<u32>,
        improvement: Improving,
    },
    /// An improvement is done.
    ImprovementDone {
        incident: IncidentNo,
        id: u32,
        /// How it was verified.
        verified: Private,
    },
    /// An improvement will not be made.
    ImprovementDropped { incident: IncidentNo, id: u32, reason: Private },
    /// None is needed.
    NoImprovement { incident: IncidentNo, reason: Private },
    /// What somebody saw; while it goes on, too.
    Remark {
        incident: IncidentNo,
        kind: RemarkKind,
        text: Private,
        /// Of what can be better: the rule or the line of a playbook that it is about.
        #[serde(default)]
        reference: Private,
        /// Of what can be better: why it went as it did.
        #[serde(default)]
        analysis: Private,
        /// Of what can be better: what should be done.
        #[serde(default)]
        recommendation: Private,
    },
    /// How it went, as the acting function says; what it said before is replaced.
    Feedback {
        incident: IncidentNo,
        #[serde(default)]
        went_well: Private,
        #[serde(default)]
        went_badly: Private,
        /// What should be otherwise.
        #[serde(default)]
        change: Private,
    },
    /// Rate an objective of a drill by hand, beside what was computed.
    Rate {
        incident: IncidentNo,
        /// Which, counted from 1.
        objective: u32,
        rating: Rating,
        reason: Private,
    },
}

/// An improvement as somebody plans it. What is not said stays as it was.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Improving {
    /// What people are to be able to do.
    pub capability: Option<Private>,
    /// What went wrong.
    pub issue: Option<Private>,
    /// What is to be done. A new one needs it.
    pub action: Option<Private>,
    /// What it is about; the plan, unless given.
    pub element: Option<Element>,
    /// Who sees to it. A new one needs it.
    pub owner: Option<FunctionId>,
    pub start: Option<Day>,
    /// By which day. A new one needs it.
    pub due: Option<Day>,
}

/// A step that somebody begins. What is not said comes from the playbook's rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StepStart {
    /// Its name in the playbook.
    pub rule: Option<String>,
    /// What kind, when it has none.
    pub kind: Option<StepKind>,
    /// What is to be done, said or talked about.
    pub title: Option<L10n>,
    /// Who sees to it; the function that acts, unless given.
    pub owner: Option<FunctionId>,
    /// Functions and groups that it concerns.
    pub to: Vec<FunctionId>,
    /// The deadline; the beginning of an intervention; the end of a redirection; the first round of a conference.
    pub due: Option<At>,
    /// So many seconds between rounds of a conference.
    pub every_s: Option<u32>,
    /// So many seconds an intervention may take.
    pub lasts_s: Option<u32>,
}

/// Status of a report.
pub(crate) fn status(exercise: bool) -> Status {
    if exercise { Status::Exercise } else { Status::Actual }
}

/// A playbook found by what was typed (RULES E1, D11): by ID, alias, system or a word of its title, in this order.
///
/// # Errors
/// None has it, or several have: the word alone does not say which.
pub fn find_playbook(plan: &Plan, typed: &str) -> Result<PlaybookId, Refused> {
    let low = typed.trim().to_lowercase();
    if low.is_empty() {
        return Err(refuse!(NoPlaybook { playbooks: List::of(plan.playbooks.keys()) }));
    }
    let is_it = |text: &String| text.to_lowercase() == low;
    let system = plan
        .systems
        .iter()
        .find(|s| s.id.as_str() == low || s.aliases.iter().any(is_it) || s.title.0.values().any(is_it));
    let has_word = |text: &String| text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == low);
    let ways: [&dyn Fn(&Playbook) -> bool; 5] = [
        &|p| p.id.as_str() == low,
        &|p| p.aliases.iter().any(is_it),
        &|p| system.is_some_and(|s| p.systems.first() == Some(&s.id)),
        &|p| system.is_some_and(|s| p.systems.contains(&s.id)),
        &|p| p.title.0.values().any(has_word),
    ];
    for way in ways {
        let hits: Vec<&Playbook> = plan.playbooks.values().filter(|p| way(p)).collect();
        match hits.as_slice() {
            [] => {}
            [one] => return Ok(one.id.clone()),
            several => {
                let playbooks = List::of(several.iter().map(|p| &p.id));
                return Err(refuse!(AmbiguousPlaybook { playbook: typed.trim(), playbooks }));
            }
        }
    }
    Err(refuse!(UnknownPlaybook { playbook: typed.trim(), playbooks: List::of(plan.playbooks.keys()) }))
}
