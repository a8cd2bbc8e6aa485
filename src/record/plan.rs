//! The frozen plan: JSON, with its format. The journal keeps it beside the chain, and events name it by the hash of these
//! bytes. There is no address in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CannotRead;
use super::drills::Objective1;
use super::frozen::{Damaged, Frozen, Words, frozen_enum, frozen_struct};
use super::values::{AnswerRule1, ApprovalRule1, Audience1, Beat1, Channel1, DeputyRule1, Propose1, StepKind1};
use super::wording::Wording1;
use crate::domain::calendar::{self, Zone};
use crate::domain::plan::Plan;
use crate::domain::roster::{self, Roster};
use crate::domain::{ladder, plan, step, text};

/// The format that is written now. Format 0 had no number in it, and is otherwise as format 1. Format 2 has words by kind,
/// phase and audience; what an older plan lacks of them is made from what it has (see [`super::wording`]).
pub const FORMAT: u32 = 2;

/// The plan, format 1.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Plan1 {
    #[serde(default)]
    format: u32,
    region: Region1,
    calendar: Calendar1,
    ladders: Ladders1,
    infra: Vec<Infra1>,
    systems: Vec<System1>,
    routines: BTreeMap<String, Routine1>,
    functions: Vec<Function1>,
    points: Vec<DutyPoint1>,
    groups: BTreeMap<String, Vec<u32>>,
    gateways: Vec<GatewayInfo1>,
    playbooks: BTreeMap<String, Playbook1>,
    words: BTreeMap<String, Wording1>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    objectives: Vec<Objective1>,
}

/// What only tells the format.
#[derive(Deserialize)]
struct OfFormat {
    #[serde(default)]
    format: u32,
}

/// A plan as it is kept. Its hash and what [`Plan::index`] works out are not in it.
pub fn encode(of: &Plan) -> Vec<u8> {
    let Plan {
        hash: _,
        region,
        calendar,
        ladders,
        infra,
        systems,
        routines,
        functions,
        points,
        groups,
        gateways,
        playbooks,
        words,
        objectives,
        covered: _,
    } = of;
    let form = Plan1 {
        format: FORMAT,
        region: Frozen::freeze(region),
        calendar: Frozen::freeze(calendar),
        ladders: Frozen::freeze(ladders),
        infra: Frozen::freeze(infra),
        systems: Frozen::freeze(systems),
        routines: Frozen::freeze(routines),
        functions: Frozen::freeze(functions),
        points: Frozen::freeze(points),
        groups: Frozen::freeze(groups),
        gateways: Frozen::freeze(gateways),
        playbooks: Frozen::freeze(playbooks),
        words: Frozen::freeze(words),
        objectives: Frozen::freeze(objectives),
    };
    // Writing JSON into memory can't fail for a plan: all its keys are strings.
    serde_json::to_vec(&form).unwrap_or_default()
}

/// Reads a plan of any format that there ever was. Its hash is left to the caller, who knows the name that it was kept under.
///
/// # Errors
/// A newer format, or damaged bytes.
pub fn decode(bytes: &[u8]) -> Result<Plan, CannotRead> {
    let damaged = |e: serde_json::Error| CannotRead::Damaged(format!("its plan: {e}"));
    let OfFormat { format } = serde_json::from_slice(bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(CannotRead::NewerPart { what: "its plan", format, known: FORMAT });
    }
    let form: Plan1 = serde_json::from_slice(bytes).map_err(damaged)?;
    let mut plan = form.thaw()?;
    plan.index();
    Ok(plan)
}

impl Plan1 {
    fn thaw(self) -> Result<Plan, Damaged> {
        Ok(Plan {
            hash: String::new(),
            region: self.region.thaw()?,
            calendar: self.calendar.thaw()?,
            ladders: self.ladders.thaw()?,
            infra: self.infra.thaw()?,
            systems: self.systems.thaw()?,
            routines: self.routines.thaw()?,
            functions: self.functions.thaw()?,
            points: self.points.thaw()?,
            groups: self.groups.thaw()?,
            gateways: self.gateways.thaw()?,
            playbooks: self.playbooks.thaw()?,
            words: self.words.thaw()?,
            objectives: self.objectives.thaw()?,
            covered: Vec::new(),
        })
    }
}

/// Infrastructure. How long its battery holds stands in whole minutes, as it always did, and besides in seconds where those say more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Infra1 {
    id: String,
    needs: Vec<Vec<String>>,
    holds_min: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holds_s: Option<u32>,
}

impl Frozen<plan::Infra> for Infra1 {
    fn freeze(from: &plan::Infra) -> Self {
        let plan::Infra { id, needs, holds_s } = from;
        let holds_min = holds_s.map(|s| s / 60);
        let holds_s = holds_s.filter(|s| s % 60 != 0);
        Self { id: Frozen::freeze(id), needs: Frozen::freeze(needs), holds_min, holds_s }
    }
    fn thaw(self) -> Result<plan::Infra, Damaged> {
        let minutes = self.holds_min.map(|min| min.saturating_mul(60));
        Ok(plan::Infra { id: self.id.thaw()?, needs: self.needs.thaw()?, holds_s: self.holds_s.or(minutes) })
    }
}

frozen_struct! {
    /// The region.
    Region1 of plan::Region {
        id: String,
        name: String,
        languages: Vec<String>,
        whole: String,
        sites: Vec<Site1>,
        last_resort: Vec<u32>,
        command: Vec<u32>,
        switchboard: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archive as seals_to: Option<u32>,
        call: String,
        #[serde(default = "emergency")]
        emergency: String,
        #[serde(default)]
        outside_call: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        country: String,
        holding_after_s: u32,
        page_valid_s: u32,
        limits: Limits1,
    }
    /// Deadlines and bounds of the rules.
    Limits1 of plan::Limits {
        approval_delivered_s: u32,
        wrong_codes_max: u32,
        bare_answer_s: u32,
        after_drill_s: u32,
        wait_extends_s: u32,
        delivery_ttl_s: u32,
        open_incidents_max: u32,
        deliveries_max: u32,
        restored_within_s: u32,
    }
    /// A site.
    Site1 of plan::Site { id: String, name: Words }
    /// An IT system.
    System1 of plan::System {
        id: String,
        title: Words,
        aliases: Vec<String>,
        class: Class1,
        owner: u32,
        needs: Vec<Vec<String>>,
        needs_systems: Vec<String>,
        routine: String,
    }
    /// A fallback routine.
    Routine1 of plan::Routine { text: Words, outside: Option<Words>, urgent: bool }
    /// A duty telephone.
    Phone1 of plan::Phone { number: String, publishable: bool, needs: Vec<Vec<String>> }
    /// A duty.
    Function1 of plan::Function {
        id: String,
        title: Words,
        #[serde(default)]
        short: Words,
        site: String,
        #[serde(default, skip_serializing_if = "Words::is_empty")]
        place: Words,
        hours: Hours1,
        answer_within_s: u32,
        #[serde(default = "one")]
        answers: u8,
        deputies: Vec<u32>,
        points: Vec<u32>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roster: Vec<Turn1>,
        lang: String,
        care: bool,
        shifts: Vec<String>,
        phone: Option<Phone1>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        may_own: Option<bool>,
    }
    /// One turn of a roster.
    Turn1 of roster::Turn { from: i64, to: i64, points: Vec<u32> }
    /// Where a duty is reached.
    DutyPoint1 of plan::DutyPoint {
        channel: Channel1,
        gateways: Vec<u32>,
        languages: Vec<String>,
        functions: Vec<u32>,
        proven: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        needs: Vec<Vec<String>>,
    }
    /// A gateway.
    GatewayInfo1 of plan::GatewayInfo {
        id: String,
        channel: Channel1,
        #[serde(rename = "carry")]
        capability: Capability1,
        answers: bool,
        receipts: bool,
        needs: Vec<Vec<String>>,
    }
    /// A playbook.
    Playbook1 of plan::Playbook {
        id: String,
        title: Words,
        aliases: Vec<String>,
        systems: Vec<String>,
        infra: Vec<String>,
        sites: Vec<String>,
        what: Words,
        scope: Words,
        routines: Vec<String>,
        #[serde(default)]
        after: Afterwards2,
        #[serde(default)]
        outside: OutsideWords2,
        #[serde(default)]
        public_words: Option<PublicWords2>,
        level: u8,
        levels: Vec<LevelPlan1>,
        update_every_s: Option<u32>,
        overdue_tell: Option<u32>,
        public: PublicRule1,
        four_eyes: bool,
        #[serde(default)]
        steps: Vec<StepRule1>,
    }
    /// What a playbook says when it runs again, and when it is over.
    #[derive(Default)]
    Afterwards2 of plan::Afterwards { up: Words, keep: Words, well: Words, after: Words }
    /// What it means outside of the region.
    #[derive(Default)]
    OutsideWords2 of plan::OutsideWords { open: Words, restored: Words, closed: Words }
    /// What the public reads.
    PublicWords2 of plan::PublicWords {
        heading: Words,
        place: Words,
        means: Words,
        todo: Words,
        works: Words,
        works_needs: Vec<String>,
        up: Words,
        still: Words,
        well: Words,
        after: Words,
    }
    /// What one level brings.
    LevelPlan1 of plan::LevelPlan { level: u8, mode: Option<u8>, propose: Vec<Propose1>, notify: Vec<Row1> }
    /// One row of `notify`.
    Row1 of plan::Row {
        to: To1,
        audience: Audience1,
        channels: Vec<Channel1>,
        approval: Option<ApprovalRule1>,
        answer: Option<AnswerRule1>,
        answer_within_s: Option<u32>,
        deputies: Option<DeputyRule1>,
        night: NightRule1,
        #[serde(default)]
        answers: Option<u8>,
        #[serde(default)]
        arrive_within_s: Option<u32>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        if_unsafe: bool,
    }
    /// A step as a playbook describes it.
    StepRule1 of step::StepRule {
        id: String,
        level: u8,
        kind: StepKind1,
        title: Words,
        #[serde(default)]
        over: Words,
        #[serde(default)]
        concerns: Words,
        owner: u32,
        to: Vec<u32>,
        within: Within1,
        lasts_s: u32,
        beat: Option<Beat1>,
        at_once: bool,
    }
    /// Office hours and holidays.
    Calendar1 of calendar::Calendar {
        zone: String,
        day_from_min: u16,
        day_to_min: u16,
        night_from_min: u16,
        night_to_min: u16,
        holidays: Vec<String>,
    }
    /// Levels and modes.
    Ladders1 of ladder::Ladders { levels: Vec<Level1>, modes: Vec<Mode1>, least: Vec<Least1> }
    /// A disruption level.
    Level1 of ladder::Level {
        id: String,
        alias: String,
        label: Words,
        beat_s: u32,
        deputies_beside: bool,
        care_at_once: bool,
    }
    /// A staff mode.
    Mode1 of ladder::Mode {
        id: String,
        label: Words,
        #[serde(default)]
        line: Words,
        #[serde(default)]
        ended: Words,
        tell: Vec<u32>,
        rights: Vec<Right1>,
    }
    /// Who may raise into a mode and lower out of it.
    Right1 of ladder::Right { sites: Vec<String>, raise_by: Vec<u32>, lower_by: Vec<u32>, deputy_after_s: u32 }
    /// What a level means for a system of a class.
    Least1 of ladder::Least { level: u8, class: Class1, mode: u8, propose: Vec<Propose1>, if_unsafe: bool }
}

/// What stood in every page and text before a plan said it.
fn emergency() -> String {
    "112".to_owned()
}

/// Plans that were frozen before a function could ask for more than one answer.
fn one() -> u8 {
    1
}

frozen_enum! {
    /// How much a system's loss hurts.
    Class1 of ladder::Class { A = 0, B = 1, C = 2 }
    /// When a function is held by itself.
    Hours1 of plan::Hours { Always = 0, Day { covered_by: u32 } = 1 }
    /// What may be said to the public.
    #[serde(rename_all = "lowercase")]
    PublicRule1 of plan::PublicRule { Never = 0, Holding = 1, Approved = 2 }
    /// Who a row addresses.
    To1 of plan::To { Functions(Vec<u32>) = 0, Public = 1 }
    /// What a row does at night.
    NightRule1 of plan::NightRule { Page = 0, QuietUntil(u16) = 1 }
    /// A span until a deadline.
    #[serde(rename_all = "lowercase")]
    Within1 of step::Within { Seconds(u32) = 0, Months(u8) = 1 }
    /// What bounds a text over a gateway.
    Capability1 of plan::Capability {
        Sms { charset: Charset1, ucs2: bool, ref16: bool, separate: bool, parts_max: u32 } = 0,
        Pages { charset: Charset1, chars_max: u32, pages_max: u32 } = 1,
        Fax { pages_max: u32, chars_max: u32 } = 2,
        Whole { chars_max: Option<u32> } = 3,
    }
    /// What a gateway can put on the wire.
    #[serde(rename_all = "kebab-case")]
    Charset1 of text::Charset {
        Utf8 = 0,
        Gsm7 = 1,
        Latin1 = 2,
        Iso646Se = 3,
        Ascii7 = 4,
        Iso646No = 5,
        Iso646Dk = 6,
        Iso646De = 7,
        Numeric = 8,
    }
}

/// By its IANA name.
impl Frozen<Zone> for String {
    fn freeze(from: &Zone) -> Self {
        from.name().to_owned()
    }
    fn thaw(self) -> Result<Zone, Damaged> {
        Zone::named(&self).ok_or_else(|| Damaged(format!("there is no time zone “{self}”")))
    }
}

/// `2026-12-24`.
impl Frozen<jiff::civil::Date> for String {
    fn freeze(from: &jiff::civil::Date) -> Self {
        from.to_string()
    }
    fn thaw(self) -> Result<jiff::civil::Date, Damaged> {
        self.parse().map_err(|_| Damaged(format!("“{self}” is not a date")))
    }
}

/// By its turns.
impl Frozen<Roster> for Vec<Turn1> {
    fn freeze(from: &Roster) -> Self {
        from.turns().iter().map(Turn1::freeze).collect()
    }
    fn thaw(self) -> Result<Roster, Damaged> {
        self.into_iter().map(Turn1::thaw).collect::<Result<Vec<_>, _>>().map(Roster::new)
    }
}
