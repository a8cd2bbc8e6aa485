//! Frozen forms of what several events share. The digit at the end of a name is the version of that form; format 0 (see
//! [`super::format0`]) wrote the same bytes where a form is the same.

use serde::{Deserialize, Serialize};

use super::frozen::{Damaged, Frozen, Words, frozen_enum, frozen_struct};
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::ids::{self, IncidentNo, MessageNo};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::codes;
use crate::domain::incident::facts;
use crate::domain::incident::{event, values};
use crate::domain::ladder;
use crate::domain::plan;
use crate::domain::private::Private;
use crate::domain::step;
use crate::domain::words::NoteWord;

/// What stands in the chain for a private value: the commitment to it. The value itself is sealed beside the chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Sealed1 {
    /// 1: a commitment of sixteen bytes. There is no other; a clear text has no form here.
    pub form: u8,
    pub commitment: [u8; 16],
}

impl Frozen<Private> for Sealed1 {
    /// Whoever writes seals first. A value that was not sealed is lost rather than written into the chain.
    fn freeze(from: &Private) -> Self {
        match from {
            Private::Sealed(commitment) => Self { form: 1, commitment: *commitment },
            Private::Clear(_) => Self { form: 1, commitment: [0; 16] },
        }
    }
    fn thaw(self) -> Result<Private, Damaged> {
        match self.form {
            1 => Ok(Private::Sealed(self.commitment)),
            form => Err(Damaged(format!("a private value has form {form}"))),
        }
    }
}

impl Frozen<Actor> for Sealed1 {
    fn freeze(from: &Actor) -> Self {
        Self::freeze(&from.0)
    }
    fn thaw(self) -> Result<Actor, Damaged> {
        Frozen::<Private>::thaw(self).map(Actor)
    }
}

frozen_enum! {
    /// Real or drill.
    Status1 of ids::Status { Actual = 0, Exercise = 1 }
}

frozen_struct! {
    /// The number of an incident.
    Number1 of IncidentNo { status: Status1, n: u32 }
    /// The number of a message.
    MessageNumber1 of MessageNo { incident: Number1, seq: u32 }
}

frozen_enum! {
    /// How a delivery stands.
    DeliveryState1 of DeliveryState {
        Queued = 0, Attempting = 1, Accepted = 2, Delivered = 3, Failed = 4, Unknown = 5, Expired = 6, Withdrawn = 7,
    }

    /// What a code answers.
    CodeFor1 of codes::CodeFor { Approval = 0, Decision = 1 }

    /// How a gateway stands.
    Standing1 of values::Standing { Healthy = 0, Suspect = 1, Down = 2 }

    /// Who a text is for.
    #[serde(rename_all = "lowercase")]
    Audience1 of plan::Audience { Internal = 0, Public = 1, Outside = 2 }
    #[serde(rename_all = "lowercase")]
    Channel1 of plan::Channel { Sms = 0, Email = 1, Fax = 2, Paging = 3, Web = 4, Manual = 5 }
    /// Whether an answer is wanted.
    #[serde(rename_all = "lowercase")]
    AnswerRule1 of plan::AnswerRule { None = 0, Wanted = 1, Required = 2 }
    /// When deputies are asked.
    #[serde(rename_all = "lowercase")]
    DeputyRule1 of plan::DeputyRule { Beside = 0, After = 1 }
    /// What happens when an approval's time is up.
    #[serde(rename_all = "lowercase")]
    Then1 of plan::Then { Release = 0, Escalate = 1, Hold = 2 }
}

frozen_struct! {
    /// Who must approve.
    ApprovalRule1 of plan::ApprovalRule { by: u32, within_s: u32, then: Then1, finally: Then1 }
    /// A row of a playbook.
    RowId1 of plan::RowId { level: u8, row: u16 }
    /// A mode that somebody must decide on.
    Propose1 of ladder::Propose { mode: u8, decides: u32, within_s: u32 }
}

frozen_enum! {
    /// When it is expected back.
    Restore1 of facts::Restore { At(i64) = 0, Unknown { forecast: i64 } = 1 }
    /// Whether patients are in danger.
    Safety1 of facts::Safety { Yes = 0, No = 1, Unknown = 2 }
}

frozen_struct! {
    /// What somebody typed for the public.
    PublicNews1 of facts::PublicNews { at: i64, said: Words, right: bool }
    Facts2 of facts::Facts {
        what: Words,
        scope: Words,
        routines: Vec<String>,
        since: i64,
        restore: Restore1,
        next: i64,
        contact: String,
        safety: Safety1,
        known: Words,
        unknown: Words,
        public_news: Vec<PublicNews1>,
    }
}

frozen_enum! {
    /// What kind of text.
    Kind1 of values::Kind {
        Alert = 0,
        Mode = 1,
        Update = 2,
        Correction { of: MessageNumber1 } = 3,
        Stopped { of: MessageNumber1 } = 4,
        Restored = 5,
        AllClear = 6,
        Holding = 7,
        Redirection { step: u32, over: bool } = 8,
    }
    /// Where an entry comes from.
    Source1 of values::Source { Row(RowId1) = 0, Dependents = 1, Followers = 2, Holding = 3 }
    /// Why an entry was given up.
    Dropped1 of values::Dropped { Stopped = 0, Closed = 1, DrillStopped = 2, Told = 3 }
    /// By whose word a text went out.
    ReleasedBy1 of values::ReleasedBy { Playbook = 0, Approval(u32) = 1, Deadline = 2, BreakGlass(u32) = 3 }
    /// What closed an ask that nobody answered.
    ClosedBy1 of values::ClosedBy {
        Superseded(u32) = 0,
        NewerAnswer(u32) = 1,
        Stopped = 2,
        AllClear = 3,
        Merged(Number1) = 4,
        ShiftChange = 5,
        DrillStopped = 6,
    }
    /// How an answer came.
    Via1 of values::Via { Reply = 0, Link = 1, Console = 2, Phone { noted_by: u32 } = 3, Paper { noted_by: u32 } = 4 }
    /// What is delivered.
    Item1 of values::Item { Message(u32) = 0, Note(u32) = 1 }
    /// How far an incident is.
    Phase1 of values::Phase { Open = 0, Restored = 1, Closed = 2 }
    /// How an approval ended.
    ApprovalEnd1 of event::ApprovalEnd { Released(ReleasedBy1) = 0, Rejected { by: u32, reason: Sealed1 } = 1 }
}

frozen_struct! {
    /// A text in one language.
    Draft1 of values::Draft { text: String, fingerprint: String, reviewed: bool }
    /// A text that was rendered or typed.
    NewMessage1 of event::NewMessage {
        seq: u32,
        kind: Kind1,
        audience: Audience1,
        texts: std::collections::BTreeMap<String, Draft1>,
        replaces: Option<u32>,
    }
    /// A group of receivers.
    NewEntry1 of event::NewEntry {
        id: u32,
        source: Source1,
        audience: Audience1,
        to: Vec<u32>,
        public: bool,
        channels: Vec<Channel1>,
        answer: AnswerRule1,
        answer_within_s: Option<u32>,
        deputies: DeputyRule1,
        rule: Option<ApprovalRule1>,
        message: u32,
    }
    /// A text that waits for a yes.
    Approval1 of values::Approval {
        asked: Vec<u32>,
        asked_at: i64,
        due: i64,
        code: Sealed1,
        wrong: u32,
        blocked: bool,
        extended: bool,
        delivered: bool,
        beside: bool,
        held: bool,
        rejected: bool,
        note: Option<u32>,
    }
    /// A report that waits for its code.
    PendingReport1 of values::PendingReport {
        playbook: String,
        level: u8,
        sites: Vec<String>,
        by: String,
        until: i64,
    }
    /// One thing that is sent.
    Send1 of values::Send { point: u32, gateway: u8, lang: u8 }
    /// What stands after the text of each send of a batch.
    BatchTrailers1 of event::BatchTrailers { texts: Vec<String>, of: Vec<u32> }
    /// What leaves together.
    Batch1 of event::Batch { item: Item1, flags: u8, first: u32, sends: Vec<Send1>, trailers: BatchTrailers1 }
    /// A path that a text can't take.
    DroppedPath1 of event::DroppedPath { point: u32, why: String }
    /// An answer that is waited for from now on.
    NewAsk1 of event::NewAsk {
        function: u32,
        asked: Vec<u32>,
        stage: u32,
        due: i64,
        remind_at: Option<i64>,
        rule: AnswerRule1,
        needs: u8,
        before_shift: Option<u32>,
    }
    /// Who answered is to come.
    NewArrival1 of event::NewArrival { ask: u32, due: i64 }
    /// What became of a delivery.
    Outcome2 of event::Outcome { ordinal: u32, state: DeliveryState1, cause: Option<String> }
    /// Which positions of one plan are which of another.
    Renumbering1 of event::Renumbering {
        functions: Vec<(u32, u32)>,
        points: Vec<(u32, u32)>,
        gateways: Vec<MovedGateway1>,
    }
    /// A gateway of a point that has another place in another plan.
    MovedGateway1 of event::MovedGateway { point: u32, from: u8, to: u8 }
}

frozen_enum! {
    /// What kind of step.
    #[serde(rename_all = "lowercase")]
    StepKind1 of step::StepKind { Task = 0, Clock = 1, Intervention = 2, Redirection = 3, Conference = 4 }
    /// How often a conference meets.
    #[serde(rename_all = "lowercase")]
    Beat1 of step::Beat { Every(u32) = 0, Daily(Vec<u16>) = 1 }
    /// How a step ended.
    StepEnd1 of values::StepEnd { Done = 0, Stopped = 1, Over = 2, Closed = 3 }
}

frozen_struct! {
    /// A step as it begins.
    NewStep1 of values::NewStep {
        rule: String,
        kind: StepKind1,
        title: Words,
        owner: u32,
        to: Vec<u32>,
        due: i64,
        lasts_s: u32,
        beat: Option<Beat1>,
        code: Sealed1,
        next_check: i64,
        by: Option<u32>,
    }
    /// Who was asked for which function.
    StepAsk1 of values::StepAsk { function: u32, who: u32 }
}

frozen_enum! {
    /// Which note.
    #[serde(rename_all = "snake_case")]
    NoteWord1 of NoteWord {
        ApprovalWanted = 0,
        ApprovalEntry = 1,
        AlreadyReleased = 2,
        ApprovalTaken = 3,
        DecisionWanted = 4,
        DecisionTaken = 5,
        YouOwnIt = 6,
        YouConfirm = 7,
        Overdue = 8,
        NotReached = 9,
        ReadOut = 10,
        FallbackFailed = 11,
        WhichCode = 12,
        NotUnderstood = 13,
        NothingOpen = 14,
        ReportSummary = 15,
        WrongCode = 16,
        CodesBlocked = 17,
        ShiftState = 18,
        ForInformation = 19,
        DataComplete = 20,
        DependentDown = 21,
        DrillStopped = 22,
        PageNotProven = 23,
        ApprovalHeld = 24,
        Test = 25,
        ProgramAlarm = 26,
        SignOfLife = 27,
        ArriveBy = 28,
        ArrivedNoted = 29,
        NotArrived = 30,
        StepWanted = 31,
        StepReminder = 32,
        StepLate = 33,
        StepNoted = 34,
        StepOver = 35,
        InterventionNotice = 36,
        InterventionGo = 37,
        InterventionHeld = 38,
        InterventionStopped = 39,
        InterventionStopLate = 40,
        InterventionDone = 41,
        RedirectionEnds = 42,
        ConferenceCall = 43,
        ConferenceMissing = 44,
        Noted = 45,
        AlreadyOpen = 46,
        ApprovedNoted = 47,
        RejectedNoted = 48,
        StoodStill = 49,
        CallIn = 50,
        ReportStarted = 51,
        TriesOver = 52,
        OtherEyes = 53,
        DrillIsOver = 54,
        DrillBrokenOff = 55,
        AbortRefused = 56,
        Inject = 57,
        DrillSoon = 58,
        DrillNotRun = 59,
        DrillPostponed = 60,
        WaysTested = 61,
        PlanMissing = 62,
    }
}

/// It was made short when it was written.
impl Frozen<Cause> for String {
    fn freeze(from: &Cause) -> Self {
        from.as_str().to_owned()
    }
    fn thaw(self) -> Result<Cause, Damaged> {
        Cause::as_written(&self).ok_or_else(|| Damaged("a cause is empty".into()))
    }
}
