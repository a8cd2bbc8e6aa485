//! What a drill is made of, as it was ordered, and what became of drills that were planned (RULES D16 to D19).
//!
//! Must not: know a calendar. When a drill is due comes in as a moment.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::ids::{DrillId, FunctionId, GatewayId, IncidentNo};
use super::lang::L10n;
use super::time::At;

/// What kind of drill.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DrillKind {
    /// Every function gets one short text and answers it.
    CommunicationTest,
    /// People at a table: no text leaves the program.
    Tabletop,
    /// As in earnest, over the gateways of the house.
    #[default]
    Functional,
    /// A TEST over one gateway; nobody is asked to do anything but answer.
    GatewayTest,
}

/// What a drill is to show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// What people are to be able to do.
    pub capability: L10n,
    /// So many of a hundred functions that are asked answer…
    pub percent: u8,
    /// …within so many seconds.
    pub within_s: u32,
}

/// What a tabletop is told while it goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// Seconds after its beginning.
    pub after_s: u32,
    pub text: L10n,
    /// To whom; those who lead it when nobody is named.
    pub to: Vec<FunctionId>,
}

/// A drill as it is ordered, beside what its report says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// Its name in `playbooks/drills.yaml`; none when it was made up by hand.
    #[serde(default)]
    pub id: Option<DrillId>,
    pub title: L10n,
    pub kind: DrillKind,
    /// People were told before.
    #[serde(default)]
    pub announced: bool,
    /// Who leads it, beside those who lead such an incident.
    #[serde(default)]
    pub leads: Vec<FunctionId>,
    /// Who observes it.
    #[serde(default)]
    pub observers: Vec<FunctionId>,
    /// Whom a test addresses.
    #[serde(default)]
    pub to: Vec<FunctionId>,
    /// The gateway that is tested.
    #[serde(default)]
    pub gateway: Option<GatewayId>,
    /// What was taken away, by its names.
    #[serde(default)]
    pub without: Vec<String>,
    /// The gateways that fall with it: nothing of this drill is handed to them.
    #[serde(default)]
    pub gateways_away: Vec<GatewayId>,
    #[serde(default)]
    pub objectives: Vec<Objective>,
    #[serde(default)]
    pub injects: Vec<Inject>,
    /// It is over by itself after so many seconds; when somebody ends it, where none are given.
    #[serde(default)]
    pub lasts_s: Option<u32>,
}

impl Drill {
    /// No text of it leaves the program: whoever carries texts out asks this, and nothing else.
    pub fn stays_here(&self) -> bool {
        self.kind == DrillKind::Tabletop
    }
}

/// How a drill ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DrillEnd {
    /// It was carried out.
    Done,
    /// Whoever leads it broke it off.
    Aborted,
    /// A real incident came.
    BrokenOff(IncidentNo),
    /// Somebody answered that it is real.
    TurnedReal,
}

/// What became of a moment at which a drill was planned.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It began under that number.
    Started(IncidentNo),
    /// So many tests were sent over a gateway.
    Tested(u32),
    /// A real incident is open.
    RealOpen(IncidentNo),
    /// The clock was not trusted.
    Clock,
    /// The moment lies in a time in which no drill is held.
    Excluded,
    /// It lies close to a change of shift.
    NearShift,
    /// The program did not run then.
    Missed,
    /// The rules refused it, by their word for programs.
    Refused(String),
}

impl Fate {
    /// It was carried out.
    pub fn is_run(&self) -> bool {
        matches!(self, Self::Started(_) | Self::Tested(_))
    }
}

/// Why a moment is not used, as whoever knows the calendar and the clock sees it. Whether a real incident is open the rules know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeldBack {
    Clock,
    Excluded,
    NearShift,
    Missed,
}

impl From<HeldBack> for Fate {
    fn from(why: HeldBack) -> Self {
        match why {
            HeldBack::Clock => Self::Clock,
            HeldBack::Excluded => Self::Excluded,
            HeldBack::NearShift => Self::NearShift,
            HeldBack::Missed => Self::Missed,
        }
    }
}

/// The last moment of a planned drill, and what became of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Moment {
    /// When it was planned.
    pub planned: At,
    /// When that was decided.
    pub at: At,
    pub fate: Fate,
}

/// A drill that has ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct PastDrill {
    pub no: IncidentNo,
    /// As it was planned; none for one that was reported by hand.
    pub id: Option<DrillId>,
    pub title: L10n,
    pub kind: DrillKind,
    pub announced: bool,
    pub begun: At,
    pub ended: At,
    pub end: DrillEnd,
    pub figures: Figures,
}

/// What a drill came to.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
pub struct Figures {
    /// Functions that were asked for an answer.
    pub asked: u32,
    /// Of these, for which one came.
    pub answered: u32,
    /// So many seconds until half of those who were asked had answered; none: that never came.
    pub half_s: Option<u32>,
}

/// So many ended drills are at hand; the journal has all of them.
pub const PAST_DRILLS_MAX: usize = 200;
/// So many drills are remembered by the name that they are planned under.
pub const DRILL_MOMENTS_MAX: usize = 500;

/// What is known of drills beside those that go on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Drills {
    /// By name: what became of the last moment.
    pub moments: BTreeMap<DrillId, Moment>,
    /// By name: the moment that people were told of before.
    pub announced: BTreeMap<DrillId, At>,
    /// Those that ended, the oldest first.
    pub past: VecDeque<PastDrill>,
}

impl Drills {
    /// Keeps one that ended.
    pub fn keep(&mut self, past: PastDrill) {
        if self.past.len() >= PAST_DRILLS_MAX {
            self.past.pop_front();
        }
        self.past.push_back(past);
    }

    /// Whether that moment was decided on, or a later one: no moment is used twice.
    pub fn is_settled(&self, id: &DrillId, planned: At) -> bool {
        self.moments.get(id).is_some_and(|m| m.planned >= planned)
    }

    /// Notes that people were told of a moment. The same holds of names here.
    pub fn announce(&mut self, id: &DrillId, planned: At) {
        if self.announced.len() >= DRILL_MOMENTS_MAX && !self.announced.contains_key(id) {
            let oldest = self.announced.iter().min_by_key(|(_, at)| **at).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                self.announced.remove(&oldest);
            }
        }
        self.announced.insert(id.clone(), planned);
    }

    /// Notes what became of a moment. Of more names than there is room for, the one that was longest ago gives way.
    pub fn settle(&mut self, id: &DrillId, moment: Moment) {
        if self.moments.len() >= DRILL_MOMENTS_MAX && !self.moments.contains_key(id) {
            let oldest = self.moments.iter().min_by_key(|(_, m)| m.planned).map(|(id, _)| id.clone());
            oldest.inspect(|id| drop(self.moments.remove(id)));
        }
        self.moments.insert(id.clone(), moment);
    }
}
