//! The words of one language (`messages.yaml`): what texts and notes are made of.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;

/// Everything that stands in a text in one language, but what the playbook and the report say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Words {
    /// One word; begins and ends each unit of a drill (`ÖVNING`).
    pub mark: String,
    /// Before the number of a drill (`Ö` gives `Ö-3`); ASCII in a language meant for ASCII transmitters.
    pub drill_prefix: String,
    /// First words (RULES A4).
    pub kinds: Kinds,
    /// What stands before each field.
    pub labels: Labels,
    /// How times are written.
    #[serde(default)]
    pub times: Times,
    /// `okänt`: when it is expected back, where the forecast comes with the next update.
    #[serde(default)]
    pub not_known: String,
    /// `okänt, prognos {time}`: where the forecast comes at another time.
    pub restore_unknown: String,
    /// `{text}, till {time}`: a redirection with its end.
    #[serde(default)]
    pub redirection_until: String,
    /// Which mode stands after an all clear, and why: `{mode} kvarstår: {why}` (RULES D4).
    pub mode_stays: String,
    /// Why it stands when no incident holds it: `beslut väntar`.
    pub mode_until_decided: String,
    /// What each text is made of, by [`TextWord`]: parts, each of which falls out when something that it names is empty.
    #[serde(default)]
    pub texts: BTreeMap<TextWord, Vec<String>>,
    /// The first real message after a drill begins with it (RULES D1).
    pub real_not_drill: String,
    /// Stands before a reminder (RULES C8).
    pub reminder: String,
    /// Stands before what may be there already, and goes out once more (RULES G4).
    #[serde(default)]
    pub repeated: String,
    /// What asks for the answer: `Svara JA {code}`.
    pub answer_by_reply: String,
    /// The same where no answer comes back: `Ring {phone} och säg {code}`.
    pub answer_by_phone: String,
    /// To a deputy, before the text: `DU SVARAR NU FÖR: {functions}`.
    pub you_answer_for: String,
    /// `slut på tiden`: what released a text that nobody approved.
    pub deadline: String,
    /// `allmänheten`: who a public text is for.
    pub public: String,
    /// Monday first, short.
    pub weekdays: [String; 7],
    /// What people write (RULES C5).
    pub replies: Replies,
    /// Templates of the notes, by [`NoteWord`].
    pub notes: BTreeMap<NoteWord, String>,
}

/// The first words of a text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Kinds {
    /// LARM
    pub alert: String,
    /// NU
    pub mode: String,
    /// UPPDATERING
    pub update: String,
    /// RÄTTELSE av {number}
    pub correction: String,
    /// ÅTER I DRIFT
    pub restored: String,
    /// FARAN ÖVER
    pub all_clear: String,
    /// OMLEDNING
    #[serde(default)]
    pub redirection: String,
    /// OMLEDNING UPPHÖR
    #[serde(default)]
    pub redirection_over: String,
}

/// What stands before each field, without the colon.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Labels {
    /// Gör nu
    pub do_now: String,
    /// Gäller
    pub scope: String,
    /// Sedan
    pub since: String,
    /// Åter i drift
    pub restore: String,
    /// Nästa besked
    pub next: String,
    /// Kontakt
    pub contact: String,
    /// Ring
    pub call: String,
    /// Vi vet
    pub known: String,
    /// Vi vet inte
    pub unknown: String,
    /// Omledning
    #[serde(default)]
    pub redirection: String,
    /// För er
    #[serde(default)]
    pub for_you: String,
}

/// How times are written in one language.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Times {
    /// `{hour}.{minute}`
    pub time: String,
    /// On another day than today: `{weekday} {day} {month} {time}`.
    pub day: String,
    /// In a text for the public: `klockan {time}`.
    pub public_time: String,
    /// The same on another day: `{weekday} {day} {month} klockan {time}`.
    pub public_day: String,
    /// jan, feb, …
    pub months: [String; 12],
    /// In full, for the public; Monday first.
    pub public_weekdays: [String; 7],
    /// In full, for the public.
    pub public_months: [String; 12],
}

/// As times were written before there was a way to say how: `09.45`, `tors 18/12 09.45`.
impl Default for Times {
    fn default() -> Self {
        let months: [String; 12] = std::array::from_fn(|m| format!("/{}", m + 1));
        let day = "{weekday} {day}{month} {time}".to_owned();
        let time = "{hour}.{minute}".to_owned();
        Self {
            public_time: "{time}".to_owned(),
            public_day: day.clone(),
            time,
            day,
            public_months: months.clone(),
            months,
            public_weekdays: Default::default(),
        }
    }
}

/// What people write back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default)]
pub struct Replies {
    /// ja, ok, jag tar det
    pub yes: Vec<String>,
    /// nej
    pub no: Vec<String>,
    /// fel: "our fallback failed"
    pub failed: Vec<String>,
    /// vänta
    pub wait: Vec<String>,
    /// skarpt: a drill turned real
    pub real: Vec<String>,
    /// larm: a report by SMS
    pub report: Vec<String>,
    /// framme: who answered is there
    #[serde(default)]
    pub arrived: Vec<String>,
    /// klar: a step is done
    #[serde(default)]
    pub done: Vec<String>,
    /// stopp: an intervention must not begin
    #[serde(default)]
    pub stop: Vec<String>,
    /// avbryt: a drill is broken off by whoever leads it
    #[serde(default)]
    pub abort: Vec<String>,
}

macro_rules! note_words {
    ($($(#[$doc:meta])* $name:ident = $key:literal [$($var:literal),*]),* $(,)?) => {
        /// The notes that there are: operational texts to one function. Each has a template per language.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum NoteWord { $($(#[$doc])* $name),* }
        impl NoteWord {
            /// All of them.
            pub const ALL: &[NoteWord] = &[$(NoteWord::$name),*];
            /// As in YAML.
            pub fn key(self) -> &'static str { match self { $(NoteWord::$name => $key),* } }
            /// What its template may and should use.
            pub fn vars(self) -> &'static [&'static str] { match self { $(NoteWord::$name => &[$($var),*]),* } }
        }
    };
}

note_words! {
    /// A draft waits for approval; one line per entry follows.
    ApprovalWanted = "approval_wanted" ["title", "entries"],
    /// One entry of it: `{number} {fingerprint} till {to}, senast {deadline}: svara OK {code}`.
    ApprovalEntry = "approval_entry" ["number", "fingerprint", "to", "deadline", "code"],
    /// An approval came too late: the text went out.
    AlreadyReleased = "already_released" ["number", "time", "by"],
    /// Somebody else has approved.
    ApprovalTaken = "approval_taken" ["number", "by"],
    /// A mode must be decided.
    DecisionWanted = "decision_wanted" ["mode", "site", "title", "deadline", "code"],
    /// The decision has been made.
    DecisionTaken = "decision_taken" ["mode", "site", "decision", "by"],
    YouOwnIt = "you_own_it" ["title", "functions", "due"],
    /// You confirm; somebody else owns it.
    YouConfirm = "you_confirm" ["title", "functions", "owner"],
    /// An update is overdue.
    Overdue = "overdue" ["title", "due"],
    /// A standing alarm: somebody was not reached.
    NotReached = "not_reached" ["title", "functions"],
    /// A path dropped out; the switchboard is asked to read the text out.
    ReadOut = "read_out" ["number", "functions", "why"],
    /// A ward's fallback failed.
    FallbackFailed = "fallback_failed" ["title", "function"],
    /// Which codes there are.
    WhichCode = "which_code" ["codes"],
    /// The answer was not understood.
    NotUnderstood = "not_understood" ["codes"],
    /// Nothing is open under that number.
    NothingOpen = "nothing_open" ["number"],
    /// A report by SMS is summed up.
    ReportSummary = "report_summary" ["title", "level", "sites", "mode", "count", "code"],
    /// A wrong approval code.
    WrongCode = "wrong_code" ["left"],
    /// SMS is blocked for that approval.
    CodesBlocked = "codes_blocked" ["number"],
    /// The state at a shift change.
    ShiftState = "shift_state" ["title", "mode", "since", "open"],
    /// A text without answer, for the record (RULES D6: TiB at degraded).
    ForInformation = "for_information" ["title", "level"],
    /// The system's owner is asked to confirm that data are complete.
    DataComplete = "data_complete" ["title", "code"],
    /// A system that depends on the failed one.
    DependentDown = "dependent_down" ["system", "title", "number"],
    /// The drill was stopped by SKARPT.
    DrillStopped = "drill_stopped" ["title", "by"],
    /// The public text could not be read back.
    PageNotProven = "page_not_proven" ["number"],
    /// Shown in a note when an approval ends in a standing alarm.
    ApprovalHeld = "approval_held" ["number", "title"],
    /// A test of a gateway; it begins with `TEST`.
    Test = "test" ["gateway", "function", "time", "answer"],
    /// Parts of the program are not well.
    ProgramAlarm = "program_alarm" ["what"],
    /// A sign of life to a watcher outside, with the journal's head.
    SignOfLife = "sign_of_life" ["time", "head"],
    /// Who answered is on the way, and says when he is there.
    ArriveBy = "arrive_by" ["title", "functions", "deadline", "code"],
    /// It is noted that somebody is there.
    ArrivedNoted = "arrived_noted" ["title", "functions"],
    /// He is not.
    NotArrived = "not_arrived" ["title", "functions", "who", "code"],
    /// A task or a clock of an authority: somebody must see to it.
    StepWanted = "step_wanted" ["number", "title", "what", "deadline", "code"],
    /// It is not done yet.
    StepReminder = "step_reminder" ["number", "title", "what", "deadline", "code"],
    StepLate = "step_late" ["number", "title", "what", "deadline", "owner", "code"],
    /// What was said to a step was understood.
    StepNoted = "step_noted" ["number", "what", "state"],
    /// The step has ended already.
    StepOver = "step_over" ["number", "what"],
    /// Somebody takes over what you may be using, unless you stop it.
    InterventionNotice = "intervention_notice" ["number", "what", "time", "owner", "phone", "code"],
    /// Everybody was reached and nobody stopped it.
    InterventionGo = "intervention_go" ["number", "what", "code"],
    /// Not everybody was reached: it must not begin.
    InterventionHeld = "intervention_held" ["number", "what", "functions", "code"],
    /// It was stopped.
    InterventionStopped = "intervention_stopped" ["number", "what", "by", "reason"],
    /// Somebody wants it stopped after it began.
    InterventionStopLate = "intervention_stop_late" ["number", "what", "by", "reason"],
    /// It is over: what was taken may be used again.
    InterventionDone = "intervention_done" ["number", "what"],
    /// A redirection will end soon.
    RedirectionEnds = "redirection_ends" ["number", "what", "time"],
    /// A conference begins soon.
    ConferenceCall = "conference_call" ["number", "what", "time", "code"],
    /// Who has not said that he is there.
    ConferenceMissing = "conference_missing" ["number", "what", "time", "functions"],
    /// To a yes while nobody leads the work yet.
    Noted = "noted" ["functions"],
    /// What was reported is open already, and nothing is new.
    AlreadyOpen = "already_open" ["number"],
    /// The program stood still for a day and more, and the incident is open.
    StoodStill = "stood_still" ["title", "since"],
    /// To who approved by a reply: it was understood.
    ApprovedNoted = "approved_noted" ["number", "to"],
    /// To who said no to a text by a reply: it was understood.
    RejectedNoted = "rejected_noted" ["number"],
    /// To a pager that carries nothing back, in place of a note that asks for an answer.
    CallIn = "call_in" ["phone", "title"],
    /// To the code of a report that was started.
    ReportStarted = "report_started" ["number", "time"],
    /// Five wrong codes came from an address of a function: none from there is tried for a while.
    TriesOver = "tries_over" ["function", "until"],
    /// To who reported and would approve for the public by a reply: another pair of eyes is wanted, and is asked.
    OtherEyes = "other_eyes" ["number"],
    /// The drill is over; to everybody who was told of it (RULES D16).
    DrillIsOver = "drill_is_over" ["at"],
    /// A real event breaks it off.
    DrillBrokenOff = "drill_broken_off" ["at"],
    /// To who wants to break off a drill that he does not lead.
    AbortRefused = "abort_refused" ["number", "functions"],
    /// What a tabletop is told while it goes on.
    Inject = "inject" ["what"],
    /// A drill will begin.
    DrillSoon = "drill_soon" ["title", "time"],
    /// A planned drill did not begin; why stands on screens.
    DrillNotRun = "drill_not_run" ["title", "time"],
    /// It did not begin since a real incident is open.
    DrillPostponed = "drill_postponed" ["title", "time", "number"],
    /// The text of a communication test: a message of its own, and no note. It stands here since what a region does not have is taken
    /// from the built-in one.
    WaysTested = "ways_tested" [],
    /// Nobody has planned what is to be better after an incident or a drill; to who led it (RULES D20).
    PlanMissing = "plan_missing" ["title", "number", "day"],
}

impl NoteWord {
    /// It asks for an answer with a code, and names no telephone beside it: where nothing can be sent back, it asks for what nobody can
    /// do there. What names one says all that must be known before somebody stops it (an intervention).
    pub fn asks_back(self) -> bool {
        let names = |what: &[&str]| self.vars().iter().any(|v| what.contains(v));
        names(&["code", "codes", "entries"]) && !names(&["phone"])
    }

    /// It says that a drill is over.
    pub fn ends_a_drill(self) -> bool {
        matches!(self, Self::DrillIsOver | Self::DrillBrokenOff | Self::DrillStopped)
    }

    /// It only says what became of an answer: it stands below everything that tells or asks (RULES C13).
    pub fn is_in_return(self) -> bool {
        use NoteWord as N;
        matches!(
            self,
            N::AlreadyReleased
                | N::YouOwnIt
                | N::YouConfirm
                | N::Noted
                | N::WhichCode
                | N::NotUnderstood
                | N::NothingOpen
                | N::AlreadyOpen
                | N::WrongCode
                | N::ArrivedNoted
                | N::StepNoted
                | N::StepOver
                | N::ApprovedNoted
                | N::RejectedNoted
                | N::ReportStarted
                | N::OtherEyes
                | N::AbortRefused
        )
    }
}

macro_rules! text_words {
    ($($(#[$doc:meta])* $name:ident = $key:literal [$($need:literal),*] [$($var:literal),*]),* $(,)?) => {
        /// What texts are made of. Each is a list of parts; a part falls out when something that it names is empty, as what
        /// broke is once it works again: so one list serves every phase.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
        #[serde(rename_all = "snake_case")]
        pub enum TextWord { $($(#[$doc])* $name),* }
        impl TextWord {
            /// All of them.
            pub const ALL: &[TextWord] = &[$(TextWord::$name),*];
            /// As in YAML.
            pub fn key(self) -> &'static str { match self { $(TextWord::$name => $key),* } }
            /// What it must name: a text without would not say what it is about.
            pub fn needs(self) -> &'static [&'static str] { match self { $(TextWord::$name => &[$($need),*]),* } }
            /// What it may name besides.
            pub fn vars(self) -> &'static [&'static str] { match self { $(TextWord::$name => &[$($var),*]),* } }
        }
    };
}

text_words! {
    /// Something broke.
    Alert = "alert" ["what", "core"] [],
    /// News of it, or of how it is after it runs again.
    Update = "update" ["news", "what", "up", "core"] ["at", "keep"],
    /// A mode was raised or lowered while it goes on.
    Mode = "mode" ["ended", "line", "what"] ["at", "core"],
    /// The same after it runs again.
    ModeRestored = "mode_restored" ["ended", "line", "up"] ["at", "keep", "next"],
    /// The same when it is over.
    ModeClosed = "mode_closed" ["ended", "line"] ["at", "well"],
    /// What was said was wrong.
    Correction = "correction" ["new", "old", "what", "up", "core"] ["at", "keep"],
    /// There was nothing: says so only where who stops it does.
    FalseAlarm = "false_alarm" ["reason"] ["since", "well", "stays"],
    /// One message, or all of them, no longer hold.
    Stopped = "stopped" ["number", "reason"] ["other", "what", "next", "contact", "stays"],
    /// It runs again; data are being checked.
    Restored = "restored" ["up"] ["at", "news", "keep", "core"],
    /// It is over.
    AllClear = "all_clear" ["well", "after"] ["at", "over", "stays"],
    /// Patients go elsewhere.
    Redirection = "redirection" ["redirection"] ["what", "up", "at", "for", "next", "contact", "call"],
    /// They no longer do.
    RedirectionOver = "redirection_over" ["over", "text"] ["at"],
    /// A language that nobody read since an edit.
    Holding = "holding" ["next"] ["contact", "call"],
    /// News that a changed fact makes: `{label}: {new}, förut {old}`.
    Changed = "changed" ["label", "new", "old"] [],
    /// To an approver whose own words name a time that holds no longer (RULES A13).
    OldInText = "old_in_text" ["old"] [],
    /// An update without news.
    NothingNew = "nothing_new" [] [],
    /// What broke, for those outside of the region.
    OutsideWhat = "outside_what" ["what"] ["region"],
    /// The first text for the public, and each that renders everything anew.
    PublicAlert = "public_alert" ["heading", "next", "tail"]
        ["news", "where", "since", "means", "do", "works", "fixed"],
    /// News for the public.
    PublicUpdate = "public_update" ["heading", "news", "next", "tail"]
        ["where", "since", "means", "do", "works", "fixed"],
    /// What the public was told was wrong.
    PublicCorrection = "public_correction" ["sent", "heading", "next", "tail"]
        ["right", "where", "since", "means", "do", "works", "fixed"],
    /// It runs again.
    PublicRestored = "public_restored" ["up", "next", "tail"] ["at", "news", "still"],
    /// It is over.
    PublicAllClear = "public_all_clear" ["well", "tail"] ["at", "after"],
    /// The public was told of what never was.
    PublicFalseAlarm = "public_false_alarm" ["sent", "tail"] ["well"],
    /// What the public was told no longer holds.
    PublicStopped = "public_stopped" ["sent", "tail"] [],
    /// The pre-approved text (RULES B7).
    PublicHolding = "public_holding" ["next", "tail"] [],
    /// While nothing is approved.
    PublicInvestigating = "public_investigating" ["tail"] ["next"],
    /// Ends each text for the public: whom to call, who says so.
    PublicTail = "public_tail" ["emergency", "call", "region"] [],
    /// When it is expected back.
    PublicFixedAt = "public_fixed_at" ["back"] [],
    /// Nobody knows when.
    PublicFixedUnknown = "public_fixed_unknown" [] [],
    /// Where, when it is all of the region.
    PublicWhere = "public_where" ["where"] ["region"],
    /// What somebody typed for the public: `{now}` is when.
    PublicNews = "public_news" ["news"] ["now"],
    /// There was nothing, for those outside: no routine was given to them.
    OutsideFalseAlarm = "outside_false_alarm" ["well"] ["since", "after", "call", "stays"],
}

impl Words {
    /// A time as it stands in texts; with its day when that is not today (RULES A4).
    pub fn time(&self, calendar: &Calendar, at: Timestamp, today: Timestamp) -> String {
        let t = &self.times;
        written(calendar, at, today, [&t.time, &t.time, &t.day], &self.weekdays, &t.months)
    }

    /// The same in a text for the public.
    pub fn public_time(&self, calendar: &Calendar, at: Timestamp, today: Timestamp) -> String {
        let t = &self.times;
        // Words that were frozen before the public had days of its own have the short ones alone.
        let weekdays = if t.public_weekdays[0].is_empty() { &self.weekdays } else { &t.public_weekdays };
        written(calendar, at, today, [&t.time, &t.public_time, &t.public_day], weekdays, &t.public_months)
    }

    /// With its day and year, on what is kept and printed: `ons 18 nov 2026 09.45`. The year stands before the time, wherever the
    /// language has that.
    pub fn dated_time(&self, calendar: &Calendar, at: Timestamp) -> String {
        let (t, local) = (&self.times, calendar.local(at));
        let time = format!("{} {}", local.year(), clock(&local, &t.time));
        on_its_day(&local, &t.day, &time, &self.weekdays, &t.months)
    }
}

fn clock(local: &Zoned, template: &str) -> String {
    let (hour, minute) = (format!("{:02}", local.hour()), format!("{:02}", local.minute()));
    fill(template, &[("hour", &hour), ("minute", &minute)])
}

fn written(
    calendar: &Calendar,
    at: Timestamp,
    today: Timestamp,
    [time, this_day, other_day]: [&String; 3],
    weekdays: &[String; 7],
    months: &[String; 12],
) -> String {
    let local = calendar.local(at);
    let time = clock(&local, time);
    if local.date() == calendar.local(today).date() {
        return if this_day.contains("{time}") { fill(this_day, &[("time", &time)]) } else { time };
    }
    on_its_day(&local, other_day, &time, weekdays, months)
}

fn on_its_day(local: &Zoned, template: &str, time: &str, weekdays: &[String; 7], months: &[String; 12]) -> String {
    let weekday = &weekdays[local.weekday().to_monday_zero_offset().unsigned_abs() as usize % 7];
    let month = &months[usize::from(local.month().unsigned_abs()).saturating_sub(1) % 12];
    let day = local.day().to_string();
    fill(template, &[("weekday", weekday), ("day", &day), ("month", month), ("time", time)])
}

/// Fills `{name}` with its value. What is not named stays, so that a mistake is seen; `check` finds it by day.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let tail = &rest[open..];
        let hit = tail.find('}').and_then(|close| {
            values.iter().find(|(name, _)| *name == &tail[1..close]).map(|(_, value)| (*value, close + 1))
        });
        match hit {
            Some((value, next)) => {
                out.push_str(value);
                rest = &tail[next..];
            }
            None => {
                out.push('{');
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The `{names}` that a template uses.
pub fn variables(template: &str) -> Vec<&str> {
    template.split('{').skip(1).filter_map(|s| s.split_once('}')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_once() {
        assert_eq!(fill("a {x} b {y} {z", &[("x", "{y}"), ("y", "2")]), "a {y} b 2 {z");
        assert_eq!(variables("a {x} b {y} {z"), ["x", "y"]);
    }
}
