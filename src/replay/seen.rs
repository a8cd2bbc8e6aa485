//! What was seen of a replay, in the order of time: what each duty got, what stood on the page, what modes and stages there were. What is
//! expected is judged by this alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::audit::Finding;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx, SiteId};
use crate::domain::incident::values::{Kind, Phase, StepEnd};
use crate::domain::ladder::ModeIx;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel};
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::words::NoteWord;
use crate::yaml::Place;

/// One text on its way to one duty point.
#[derive(Clone, Debug)]
pub struct Got {
    pub planned: At,
    /// A gateway took it.
    pub handed: Option<At>,
    /// It is there: the far device has it, or a transmitter without receipts took it. Mail never counts (RULES G5).
    pub arrived: Option<At>,
    pub no: IncidentNo,
    pub point: PointIx,
    pub functions: Vec<FunctionIx>,
    pub channel: Channel,
    pub gateway: String,
    pub lang: Lang,
    pub what: Item,
    /// All of it as it leaves.
    pub text: Arc<str>,
}

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    Message { seq: u32, kind: Kind, audience: Audience },
    Note(NoteWord),
}

/// A message as it was first released.
#[derive(Clone, Debug)]
pub struct Said {
    pub at: At,
    pub no: IncidentNo,
    pub seq: u32,
    pub kind: Kind,
    pub audience: Audience,
    pub texts: BTreeMap<Lang, String>,
}

/// What became of a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    First,
    Again,
    Yes,
    No,
}

/// What became of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepSeen {
    Opened,
    /// So often it was told that it is late.
    Late(u32),
    /// A conference met.
    Round(At),
    Ended(StepEnd),
}

/// Something became of a step.
#[derive(Clone, Debug)]
pub struct StepLine {
    pub at: At,
    pub no: IncidentNo,
    pub id: u32,
    pub rule: String,
    pub kind: StepKind,
    pub seen: StepSeen,
}

/// Something that could not be done.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub at: At,
    pub place: Place,
    pub why: String,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub got: Vec<Got>,
    pub said: Vec<Said>,
    /// The public read that message.
    pub page: Vec<(At, IncidentNo, u32)>,
    /// The page said more than "normal" from then on, or no longer.
    pub page_says: Vec<(At, bool)>,
    pub modes: Vec<(At, SiteId, ModeIx)>,
    pub phases: Vec<(At, IncidentNo, Phase)>,
    pub complete: Vec<At>,
    pub proposals: Vec<(At, ModeIx, Asked)>,
    pub steps: Vec<StepLine>,
    /// An update was told to be overdue.
    pub overdue: Vec<At>,
    /// Which function was answered for, by whom, and whether by telephone.
    pub answers: Vec<(At, FunctionIx, FunctionIx, bool)>,
    /// Nobody was left to ask.
    pub not_reached: Vec<(At, FunctionIx)>,
    /// What was carried out, by its place in the scenario.
    pub done: Vec<(At, usize)>,
    pub refused: Vec<Refusal>,
    /// Something was late, or somebody forgotten.
    pub findings: Vec<(At, Finding)>,
    /// What was down from then on.
    pub down: Vec<(At, Vec<String>)>,
}

impl Seen {
    /// What was down at a moment.
    pub fn down_at(&self, at: At) -> &[String] {
        let last = self.down.iter().rev().find(|(since, _)| *since <= at);
        last.map_or(&[], |(_, names)| names.as_slice())
    }
}
