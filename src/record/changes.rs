//! What happened to an incident: one frozen struct a change, with its kind and the version that is written now. Versions that
//! are only read stand in [`super::older`].

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Written;
use super::drills::{Drill1, DrillEnd1, Figures1};
use super::frozen::{Damaged, Frozen};
use super::values::{
    Approval1, ApprovalEnd1, Batch1, ClosedBy1, CodeFor1, Dropped1, DroppedPath1, Facts2, NewArrival1, NewAsk1,
    NewEntry1, NewMessage1, NewStep1, NoteWord1, Number1, Outcome2, Phase1, Propose1, ReleasedBy1, Renumbering1,
    Sealed1, StepAsk1, StepEnd1, Via1,
};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::Change;

/// A frozen form of one change.
pub trait FrozenChange: DeserializeOwned {
    /// As the domain has it.
    ///
    /// # Errors
    /// A value that the domain's type can't have.
    fn thaw(self) -> Result<Change, Damaged>;
}

/// The bytes of a change: the incident's number, and what happened to it.
#[derive(Serialize, Deserialize)]
struct OfIncident<T> {
    no: Number1,
    change: T,
}

/// Reads the bytes of a change.
///
/// # Errors
/// Bytes that are not of that form.
pub fn read<T: FrozenChange>(bytes: &[u8]) -> Result<(IncidentNo, Change), Damaged> {
    let OfIncident { no, change } = super::from_bytes::<OfIncident<T>>(bytes)?;
    Ok((no.thaw()?, change.thaw()?))
}

/// `101 v1 Opened1 of Opened { … }`: kind, version, form, and the change that it is the form of.
macro_rules! changes {
    ($(
        $(#[$meta:meta])*
        $kind:literal v $version:literal $name:ident of $variant:ident { $($field:ident : $type:ty),* $(,)? }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
            pub struct $name { $(pub $field: $type),* }
            impl FrozenChange for $name {
                fn thaw(self) -> Result<Change, Damaged> {
                    let Self { $($field),* } = self;
                    Ok(Change::$variant { $($field: Frozen::thaw($field)?),* })
                }
            }
        )*

        /// The record of a change, in the version that is written now.
        pub fn write(no: IncidentNo, change: &Change) -> Written {
            let no = Number1::freeze(&no);
            match change { $(
                Change::$variant { $($field),* } => {
                    let change = $name { $($field: Frozen::freeze($field)),* };
                    super::written($kind, $version, &OfIncident { no, change })
                }
            )* }
        }

        /// Reads a change that was written in the version of now; `None` when it is of another kind or version.
        pub fn read_current(kind: u16, version: u16, bytes: &[u8]) -> Option<Result<(IncidentNo, Change), Damaged>> {
            match (kind, version) {
                $(($kind, $version) => Some(read::<$name>(bytes)),)*
                _ => None,
            }
        }

        /// Kinds with the version that is written now.
        pub const KINDS: &[(u16, u16, &str)] = &[$(($kind, $version, stringify!($variant))),*];
    };
}

changes! {
    /// It was reported.
    101 v 2 Opened2 of Opened {
        plan: String,
        playbook: String,
        level: u8,
        sites: Vec<String>,
        facts: Facts2,
        by: u32,
    }
    /// New facts.
    102 v 2 FactsSet2 of FactsSet { facts: Facts2, by: Option<u32>, beat: Option<i64> }
    /// Another level or other sites.
    103 v 1 ScopeSet1 of ScopeSet { level: u8, sites: Vec<String>, by: Option<u32> }
    /// Modes of sites.
    104 v 1 ModeSet1 of ModeSet { sites: Vec<String>, mode: u8, by: Option<u32>, reason: Sealed1, lower: bool }
    /// A text was rendered or typed.
    105 v 1 Drafted1 of Drafted { message: NewMessage1 }
    /// Somebody read a language.
    106 v 1 Reviewed1 of Reviewed { message: u32, lang: String, by: u32 }
    /// Receivers of a message.
    107 v 1 EntryAdded1 of EntryAdded { entry: NewEntry1 }
    /// An entry that waited goes on with another message.
    108 v 1 EntryMoved1 of EntryMoved { entry: u32, message: u32 }
    /// Somebody is asked to approve.
    109 v 1 ApprovalAsked1 of ApprovalAsked { entry: u32, approval: Approval1 }
    /// An approval ended or went back.
    110 v 1 ApprovalEnded1 of ApprovalEnded { entry: u32, end: ApprovalEnd1 }
    /// Break-glass or release with a reason.
    111 v 1 ReasonGiven1 of ReasonGiven { entry: u32, by: u32, reason: Sealed1 }
    /// A wrong code came.
    112 v 1 WrongCode1 of WrongCode { entries: Vec<u32>, blocked: bool }
    /// An entry waits for the morning.
    113 v 1 Quieted1 of Quieted { entry: u32, until: i64 }
    /// An entry went out.
    114 v 1 Released1 of Released {
        entry: u32,
        by: ReleasedBy1,
        batches: Vec<Batch1>,
        asks: Vec<NewAsk1>,
        dropped: Vec<DroppedPath1>,
        also: Vec<u32>,
    }
    /// An entry never goes out.
    115 v 1 EntryDropped1 of EntryDropped { entry: u32, why: Dropped1 }
    /// A note leaves.
    116 v 1 NoteSent1 of NoteSent { id: u32, to: u32, word: NoteWord1, text: Sealed1, batch: Batch1 }
    /// What gateways told.
    117 v 2 Results2 of Results { results: Vec<Outcome2> }
    /// A gateway failed for good.
    118 v 1 Rerouted1 of Rerouted { from: u32, batch: Batch1 }
    /// Waiting deliveries were called back.
    119 v 1 Withdrawn1 of Withdrawn { ordinals: Vec<u32> }
    /// Somebody answered.
    120 v 1 Answered1 of Answered { asks: Vec<u32>, by: u32, at: i64, via: Via1, arrivals: Vec<NewArrival1> }
    /// An answer was taken back.
    121 v 1 Unanswered1 of Unanswered { ask: u32, by: u32, reason: Sealed1, due: i64 }
    /// Somebody else is asked.
    122 v 1 Escalated1 of Escalated { ask: u32, to: Vec<u32>, stage: u32, due: i64, batch: Batch1 }
    /// Half of the time is gone.
    123 v 1 Reminded1 of Reminded { asks: Vec<u32>, batch: Batch1 }
    /// Nobody is left to ask.
    124 v 1 NotReached1 of NotReached { asks: Vec<u32> }
    /// Asks end without an answer.
    125 v 1 AsksClosed1 of AsksClosed { asks: Vec<u32>, by: ClosedBy1 }
    /// The function is asked anew.
    126 v 1 AskedAgain1 of AskedAgain { message: u32, entry: u32, asks: Vec<NewAsk1>, batch: Batch1 }
    /// A mode must be decided.
    127 v 1 Proposed1 of Proposed {
        mode: u8,
        sites: Vec<String>,
        lower: bool,
        asked: Vec<u32>,
        within_s: u32,
        due: i64,
        code: Sealed1,
        next: Vec<Propose1>,
    }
    /// It is asked again.
    128 v 1 ProposedAgain1 of ProposedAgain { proposal: u32, to: Option<u32>, due: i64 }
    /// The step after it is asked.
    129 v 1 NextProposed1 of NextProposed { proposal: u32 }
    /// A mode was decided.
    130 v 1 Decided1 of Decided { proposal: u32, yes: bool, by: u32, reason: Sealed1, again: i64 }
    /// No longer asked.
    131 v 1 ProposalMoot1 of ProposalMoot { proposal: u32 }
    /// It was told that an update is overdue.
    132 v 1 OverdueTold1 of OverdueTold { count: u32 }
    /// It was told that the restoration did not come.
    133 v 1 RestoreMissed1 of RestoreMissed {}
    /// A message no longer holds.
    134 v 1 Stopped1 of Stopped { message: u32, by: u32, reason: Sealed1 }
    /// Another phase.
    135 v 1 PhaseSet1 of PhaseSet { phase: Phase1, by: Option<u32>, reason: Sealed1 }
    /// Data are complete.
    136 v 1 DataConfirmed1 of DataConfirmed { by: u32 }
    /// It goes on under another number.
    137 v 1 Merged1 of Merged { into: Number1, by: u32 }
    /// People must walk.
    138 v 1 ErrandAdded1 of ErrandAdded { owner: u32, functions: Vec<u32>, message: u32, why: String }
    /// They did.
    139 v 1 ErrandDone1 of ErrandDone { errand: u32, by: u32 }
    /// The public page was read back.
    140 v 1 PageChecked1 of PageChecked { message: u32, equal: bool }
    /// It goes on with another plan.
    141 v 1 Adopted1 of Adopted { plan: String, by: u32, moved: Renumbering1 }
    /// Out of memory.
    142 v 1 Archived1 of Archived {}
    /// A step begins.
    143 v 1 StepOpened1 of StepOpened { step: NewStep1 }
    /// Somebody was asked or told.
    144 v 1 StepTold1 of StepTold { step: u32, asked: Vec<StepAsk1>, notes: Vec<u32>, late: u32, next_check: i64 }
    /// A conference is called.
    145 v 1 StepRound1 of StepRound {
        step: u32,
        at: i64,
        code: Sealed1,
        called: Vec<StepAsk1>,
        notes: Vec<u32>,
        next_check: i64,
    }
    /// Its owner was told who is missing.
    146 v 1 StepRolled1 of StepRolled { step: u32, due: i64, next_check: i64 }
    /// Somebody has it, has read it, attends; or does not.
    147 v 1 StepAnswered1 of StepAnswered { step: u32, functions: Vec<u32>, by: u32, yes: bool, at: i64, via: Via1 }
    /// An intervention began.
    148 v 1 StepBegun1 of StepBegun { step: u32, next_check: i64 }
    /// Its time was moved.
    149 v 1 StepMoved1 of StepMoved { step: u32, due: i64, next_check: i64, by: u32, reason: Sealed1 }
    /// It ended.
    150 v 1 StepEnded1 of StepEnded { step: u32, end: StepEnd1, by: Option<u32>, words: Sealed1 }
    /// Who answered is there.
    151 v 1 Arrived1 of Arrived { functions: Vec<u32>, by: u32, at: i64, via: Via1 }
    /// Who answered was not there in time.
    152 v 1 ArrivalMissed1 of ArrivalMissed { functions: Vec<u32> }
    /// Who is asked for others is told so later.
    153 v 1 Untold1 of Untold { who: u32, asks: Vec<u32>, at: i64 }
    /// It is told.
    154 v 1 Told1 of Told { who: u32, asks: Vec<u32>, batch: Batch1 }
    /// The standing alarm named these.
    155 v 1 AlarmNamed1 of AlarmNamed { asks: Vec<u32> }
    /// Infrastructure that people named as down.
    156 v 1 DownNamed1 of DownNamed { infra: Vec<String>, by: u32 }
    /// One who is asked got a code of its own.
    157 v 1 CodeGiven1 of CodeGiven { of: CodeFor1, id: u32, to: u32, code: Sealed1 }
    /// Who stood behind what was decided just now.
    158 v 1 Acted1 of Acted { by: Option<u32>, who: Sealed1, told: bool }
    /// It is a drill that was ordered as such.
    159 v 1 DrillSet1 of DrillSet { drill: Drill1 }
    /// The drill is over.
    160 v 1 DrillOver1 of DrillOver { end: DrillEnd1, by: Option<u32>, figures: Figures1 }
    /// A tabletop was told more.
    161 v 1 InjectGiven1 of InjectGiven { inject: u32 }
}
