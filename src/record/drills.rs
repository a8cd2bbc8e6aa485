//! Frozen forms of drills: how one was ordered, how it ended, what became of a planned moment.

use super::frozen::{Words, frozen_enum, frozen_struct};
use super::values::Number1;
use crate::domain::drills;

frozen_enum! {
    /// What kind of drill.
    DrillKind1 of drills::DrillKind { CommunicationTest = 0, Tabletop = 1, Functional = 2, GatewayTest = 3 }
    /// How it ended.
    DrillEnd1 of drills::DrillEnd { Done = 0, Aborted = 1, BrokenOff(Number1) = 2, TurnedReal = 3 }
    /// What became of a planned moment.
    Fate1 of drills::Fate {
        Started(Number1) = 0,
        Tested(u32) = 1,
        RealOpen(Number1) = 2,
        Clock = 3,
        Excluded = 4,
        NearShift = 5,
        Missed = 6,
        Refused(String) = 7,
    }
}

frozen_struct! {
    /// What a drill is to show.
    Objective1 of drills::Objective { capability: Words, percent: u8, within_s: u32 }
    /// What a tabletop is told.
    Inject1 of drills::Inject { after_s: u32, text: Words, to: Vec<String> }
    /// How a drill was ordered.
    Drill1 of drills::Drill {
        id: Option<String>,
        title: Words,
        kind: DrillKind1,
        announced: bool,
        leads: Vec<String>,
        observers: Vec<String>,
        to: Vec<String>,
        gateway: Option<String>,
        without: Vec<String>,
        gateways_away: Vec<String>,
        objectives: Vec<Objective1>,
        injects: Vec<Inject1>,
        lasts_s: Option<u32>,
    }
    /// What it came to.
    Figures1 of drills::Figures { asked: u32, answered: u32, half_s: Option<u32> }
}
