//! Frozen forms of what people write after an incident: improvements, remarks, feedback, ratings.

use super::frozen::{frozen_enum, frozen_struct};
use super::values::Sealed1;
use crate::domain::incident::after;
use crate::domain::report;

frozen_enum! {
    /// What an improvement is about.
    Element1 of after::Element { Plan = 0, Organisation = 1, Equipment = 2, Training = 3, Exercise = 4 }
    /// How far it is.
    Progress1 of after::Progress { Open = 0, Done = 1, Dropped = 2 }
    /// What a remark is.
    RemarkKind1 of after::RemarkKind { Strength = 0, Improve = 1, Observation = 2 }
    /// How an objective is rated.
    Rating1 of report::Rating { Performed = 0, SomeChallenges = 1, MajorChallenges = 2, Unable = 3 }
    /// What was written.
    AfterChange2 of after::AfterChange {
        Improvement(Improvement1) = 0,
        NoneNeeded(Sealed1) = 1,
        Remark(Remark2) = 2,
        Feedback(Feedback1) = 3,
        Rated(ByHand1) = 4,
        PlanMissing(u32) = 5,
        Forgotten = 6,
    }
}

frozen_struct! {
    /// An improvement; its days as people write them.
    Improvement1 of after::Improvement {
        id: u32,
        capability: Sealed1,
        issue: Sealed1,
        action: Sealed1,
        element: Element1,
        owner: String,
        start: Option<String>,
        due: String,
        progress: Progress1,
        verified: Sealed1,
    }
    /// A remark, with more of what can be better.
    Remark2 of after::Remark {
        kind: RemarkKind1,
        text: Sealed1,
        reference: Sealed1,
        analysis: Sealed1,
        recommendation: Sealed1,
    }
    /// How it went, as one function says.
    Feedback1 of after::Feedback { went_well: Sealed1, went_badly: Sealed1, change: Sealed1 }
    /// An objective that somebody rates.
    ByHand1 of after::ByHand { objective: u32, rating: Rating1, reason: Sealed1 }
}
