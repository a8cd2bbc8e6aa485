//! What is true now. Changed only by [`super::apply`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::addresses::Addresses;
use super::after::After;
use super::ask_list::{Ask, AskList};
use super::codes::{CodeFor, OwnCode, STRANGERS_FOR_S, Started, Strangers, Tries};
use super::facts::Facts;
use super::gateways::{GatewayTest, Proof, Ways};
use super::steps::{Arrival, Step};
use super::system_notes::SystemNotes;
use super::values::{Approval, Draft, Dropped, Item, Kind, PendingReport, Phase, Rejection, ReleasedBy, Send, Source};
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::drills::{Drill, DrillEnd, DrillKind, Drills, Objective};
use crate::domain::ids::{
    DeliveryId, FunctionId, FunctionIx, GatewayId, IncidentNo, InfraId, MessageNo, PlaybookId, PointIx, SiteId, Status,
};
use crate::domain::ladder::{LevelIx, ModeIx, Propose};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{AnswerRule, ApprovalRule, Audience, Channel, DeputyRule, Plan, Playbook};
use crate::domain::private::Private;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// All that rules decide by.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub struct State {
    /// For new incidents.
    #[serde(with = "super::saved::by_hash")]
    pub plan: Arc<Plan>,
    /// Every plan that an event may name, by its hash. Put there before the event is applied.
    #[serde(skip)]
    pub plans: BTreeMap<String, Arc<Plan>>,
    /// Open ones, and closed ones whose answers and modes still matter.
    pub incidents: BTreeMap<IncidentNo, Incident>,
    /// Closed and out of memory.
    pub archived: BTreeMap<IncidentNo, Summary>,
    /// The actual mode of each site: the highest of its actual incidents, lowered only by decision.
    pub modes: BTreeMap<SiteId, ModeIx>,
    /// When a function last got a drill text (RULES D1).
    pub drilled: BTreeMap<FunctionId, At>,
    /// Reports by SMS that wait for `JA code`, and drills that turned real (RULES E2, D1).
    pub pending: BTreeMap<Private, PendingReport>,
    /// Notes that belong to no incident: answers to reports by SMS, tests of gateways.
    pub system_notes: SystemNotes,
    /// Points of the plan for new incidents whose last answers changed nothing (RULES C13).
    pub in_vain: BTreeMap<PointIx, InVain>,
    /// Functions from whose addresses wrong codes came of late (RULES C16).
    pub tries: BTreeMap<FunctionId, Tries>,
    /// Reports by SMS that were started, the oldest first.
    pub started: VecDeque<Started>,
    /// Answers from nobody known, of late (RULES C15).
    pub strangers: Option<Strangers>,
    /// Commands with an ID that were carried out of late, the oldest first (RULES D11).
    pub carried: VecDeque<Carried>,
    /// Real incidents so far.
    pub actual_count: u32,
    /// Drills so far.
    pub exercise_count: u32,
    /// The newest tests of gateways, the oldest first.
    pub tests: VecDeque<GatewayTest>,
    /// Per gateway the newest test that came through.
    pub proofs: BTreeMap<GatewayId, Proof>,
    /// How gateways stand.
    pub ways: Ways,
    /// Which addresses there are, and what proves each (RULES G8).
    pub addresses: Addresses,
    /// Drills that were planned, and those that ended.
    pub drills: Drills,
    /// What was written after incidents, or of those that go on (RULES D20).
    pub after: BTreeMap<IncidentNo, After>,
    /// Every report is a drill, whatever it says: so the program is run in training. It follows from no event: whoever starts the
    /// program says it each time.
    #[serde(skip)]
    pub drills_only: bool,
}

impl State {
    /// Nothing has happened yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            plans: BTreeMap::from([(plan.hash.clone(), plan.clone())]),
            plan,
            incidents: BTreeMap::new(),
            archived: BTreeMap::new(),
            modes: BTreeMap::new(),
            drilled: BTreeMap::new(),
            pending: BTreeMap::new(),
            system_notes: SystemNotes::default(),
            in_vain: BTreeMap::new(),
            tries: BTreeMap::new(),
            started: VecDeque::new(),
            strangers: None,
            carried: VecDeque::new(),
            actual_count: 0,
            exercise_count: 0,
            tests: VecDeque::new(),
            proofs: BTreeMap::new(),
            ways: Ways::default(),
            addresses: Addresses::default(),
            drills: Drills::default(),
            after: BTreeMap::new(),
            drills_only: false,
        }
    }
    /// What came from nobody known, while it is counted together.
    pub fn strangers_of_late(&self, now: At) -> Option<Strangers> {
        self.strangers.filter(|s| s.since + STRANGERS_FOR_S > now)
    }
    /// The gateway that a delivery was handed to.
    pub fn handed_to(&self, delivery: DeliveryId) -> Option<&GatewayId> {
        let (plan, point, gateway) = if delivery.incident == SYSTEM_NOTES {
            let note = self.system_notes.get(delivery.ordinal)?;
            (
                self.plans.get(&note.plan).or(Some(&self.plan).filter(|p| p.hash == note.plan))?,
                note.send.point,
                note.send.gateway,
            )
        } else {
            let inc = self.incidents.get(&delivery.incident)?;
            let d = inc.deliveries.get(delivery.ordinal as usize)?;
            (&inc.plan, d.point, d.gateway)
        };
        let point = plan.points.get(point.ix())?;
        Some(&plan.gateways.get(point.gateways.get(usize::from(gateway))?.ix())?.id)
    }
    /// The mode of a site as its people know it; for a drill, the drill's own.
    pub fn mode_of(&self, site: &SiteId, inc: &Incident) -> ModeIx {
        if inc.no.status == Status::Exercise {
            return inc.modes.get(site).copied().unwrap_or(ModeIx::NORMAL);
        }
        self.modes.get(site).copied().unwrap_or(ModeIx::NORMAL)
    }
    /// The incident's sites with their modes.
    pub fn modes_for(&self, inc: &Incident) -> Vec<(SiteId, ModeIx)> {
        inc.sites.iter().map(|s| (s.clone(), self.mode_of(s, inc))).collect()
    }
    /// Incidents that are not closed.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().filter(|i| i.phase != Phase::Closed)
    }
}

/// A command that was carried out.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Carried {
    pub key: [u8; 16],
    pub body: [u8; 8],
    pub incident: Option<IncidentNo>,
    pub message: Option<u32>,
    pub at: At,
}

/// A command that comes again is known for so long, in seconds.
pub const CARRIED_FOR_S: u32 = 24 * 3600;
/// So many commands are known; the oldest gives way.
pub const CARRIED_MAX: usize = 10_000;

/// Answers that changed nothing, in a row.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct InVain {
    pub count: u32,
    /// The last one.
    pub at: At,
}

impl InVain {
    /// Whoever writes there is a machine, or does not read what it gets: no more notes in return until it says something valid, or
    /// for a day (RULES C13).
    pub fn is_silenced(&self, now: At) -> bool {
        self.count >= IN_VAIN_MAX && self.at + IN_VAIN_FOR_S > now
    }
}

/// So many notes in return that change nothing go to an address in a row (RULES C13).
pub const IN_VAIN_MAX: u32 = 3;
/// After that time they are counted anew, in seconds.
pub const IN_VAIN_FOR_S: u32 = 24 * 3600;

/// What is left of an incident that left memory.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Summary {
    pub playbook: PlaybookId,
    /// When it was reported.
    pub opened: At,
    pub closed: At,
    /// Into which other one it was merged.
    pub merged_into: Option<IncidentNo>,
}

/// A note that belongs to no incident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct SystemNote {
    /// Where to, in the plan with that hash.
    pub send: Send,
    /// The plan that the point belongs to.
    pub plan: String,
    /// The addresses that it goes to, by their book; 0 where there is none.
    pub book: u32,
    pub word: NoteWord,
    pub text: Private,
    pub at: At,
    pub state: DeliveryState,
    /// Why, when it did not go well.
    pub cause: Option<Cause>,
}

/// The number under which notes of no incident are delivered.
pub const SYSTEM_NOTES: IncidentNo = IncidentNo::actual(0);

/// So many noes of one incident are kept in memory; the journal has all of them.
pub const REJECTIONS_MAX: usize = 100;

/// One disruption, from report to all clear.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub struct Incident {
    pub no: IncidentNo,
    /// The plan that it began with.
    #[serde(with = "super::saved::by_hash")]
    pub plan: Arc<Plan>,
    /// The addresses that its texts go to, by their book; 0 where there is none.
    pub book: u32,
    /// The first delivery that went to these: those before it went to the addresses of a plan that it left.
    pub book_from: u32,
    pub playbook: PlaybookId,
    /// Disruption level.
    pub level: LevelIx,
    /// Sites concerned.
    pub sites: Vec<SiteId>,
    pub facts: Facts,
    /// Who reported it.
    pub reporter: FunctionIx,
    pub opened: At,
    /// How far it is.
    pub phase: Phase,
    /// When the phase began.
    pub phase_at: At,
    /// Who confirmed that data are complete.
    pub data_confirmed: Option<FunctionIx>,
    /// The mode that this incident asks of each site.
    pub modes: BTreeMap<SiteId, ModeIx>,
    /// Texts, by number from 1.
    pub messages: Vec<Message>,
    /// Who gets what, from when on.
    pub entries: Vec<Entry>,
    /// Answers that are waited for.
    pub asks: AskList,
    /// Modes to decide.
    pub proposals: Vec<Proposal>,
    /// Notes sent.
    pub notes: Vec<Note>,
    /// Its deliveries, by ordinal.
    pub deliveries: Vec<Delivery>,
    /// Why deliveries did not go well, by their ordinal.
    pub causes: BTreeMap<u32, Cause>,
    /// Deliveries that took over from another, by ordinal: from which.
    pub before: BTreeMap<u32, u32>,
    /// Infrastructure that people named as down, beside the playbook's (RULES D14).
    pub down: Vec<InfraId>,
    /// What stands around texts, as it was planned; deliveries name them by their place, counted from 1.
    pub trailers: Vec<Arc<str>>,
    /// What people must walk.
    pub errands: Vec<Errand>,
    /// What must be done beside telling.
    pub steps: Vec<Step>,
    /// Who answered and is to be there, by function.
    pub arrivals: BTreeMap<FunctionIx, Arrival>,
    /// When the next update is due.
    pub update_due: At,
    /// How often it was told that it is overdue.
    pub overdue_told: u32,
    /// The missed restoration was told.
    pub restore_told: bool,
    /// The holding text went out.
    pub holding_sent: bool,
    /// Into which other one it was merged.
    pub merged_into: Option<IncidentNo>,
    /// Everybody who was ever attempted (RULES A8).
    pub attempted: BTreeSet<FunctionIx>,
    /// Every approval code that was given out, and for which entry: one that was used or voided does not count as a guess
    /// (RULES B2, B5).
    pub codes: BTreeMap<Private, u32>,
    /// Codes that one duty alone was given; who has none of its own answers with the one of all (RULES C16).
    pub own_codes: BTreeMap<Private, OwnCode>,
    /// Entries that went on with another message: which, and with which it had waited (RULES B2, B4).
    pub moved: Vec<(u32, u32)>,
    /// What approvers said no to, the oldest first; of many the newest [`REJECTIONS_MAX`].
    pub rejections: Vec<Rejection>,
    /// When a duty point was last told for whom else it answers (RULES C12).
    pub named: BTreeMap<PointIx, At>,
    /// Who is asked for others and is told so later, since its points were told of some a moment ago (RULES C12).
    pub untold: BTreeMap<FunctionIx, Untold>,
    /// Asks that nobody is left for, and that the standing alarm has not named yet.
    pub alarm_untold: BTreeSet<u32>,
    /// When the standing alarm was last told.
    pub alarm_told: Option<At>,
    /// Who leads the work: the first who answered and may (RULES C14).
    pub leader: Option<FunctionIx>,
    /// Who stood behind the report; nobody when a program reported (RULES H3).
    pub reported_by: Option<Actor>,
    /// Who stood behind the newest news since.
    pub news_by: Option<Actor>,
    /// As it was ordered; a drill that was reported by hand has none.
    pub drill: Option<Arc<Drill>>,
    /// How a drill ended.
    pub drill_end: Option<DrillEnd>,
    /// So many injects were given.
    pub injects_given: u32,
}

/// What one that stands in for others is told later.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Untold {
    /// Asks that it does not know of yet.
    pub asks: BTreeSet<u32>,
    /// It is told then.
    pub at: At,
}

impl Incident {
    /// Whether `f` has not been told yet that it is asked with that ask.
    pub fn is_untold(&self, f: FunctionIx, ask: u32) -> bool {
        self.untold.get(&f).is_some_and(|u| u.asks.contains(&ask))
    }

    /// The playbook it follows.
    pub fn book(&self) -> &Playbook {
        &self.plan.playbooks[&self.playbook]
    }
    /// A message by its number.
    pub fn message(&self, seq: u32) -> Option<&Message> {
        self.messages.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }
    /// An entry by its ID.
    pub fn entry(&self, id: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(id).ok()?)
    }
    /// Full number of a message.
    pub fn number(&self, seq: u32) -> MessageNo {
        MessageNo { incident: self.no, seq }
    }
    /// The number that the next message gets.
    pub fn next_seq(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX - 1) + 1
    }
    /// The newest released text of an audience that was not stopped.
    pub fn newest(&self, audience: Audience) -> Option<&Message> {
        // By release, not by number: an approved text may follow a holding text that was numbered later (RULES B7).
        let holds = self.messages.iter().filter(|m| m.audience == audience && m.released_at.is_some() && !m.stopped);
        holds.max_by_key(|m| (m.released_at, m.seq))
    }
    /// The ask that counts for a function.
    pub fn ask(&self, f: FunctionIx) -> Option<&Ask> {
        self.asks.get(*self.asks.current().get(&f)? as usize)
    }
    /// What stands around the text of a delivery, if anything (see [`super::trailers::around`]).
    pub fn trailer(&self, d: &Delivery) -> Option<&Arc<str>> {
        self.trailers.get((d.trailer as usize).checked_sub(1)?)
    }
    /// What it is called in notes: a sentence that is true in this phase (RULES A11).
    pub fn headline(&self) -> L10n {
        let book = self.book();
        if let Some(drill) = self.drill.as_ref().filter(|_| self.tests_ways()) {
            return drill.title.clone();
        }
        let said = match self.phase {
            Phase::Open if self.is_stopped() => &book.title,
            Phase::Open => &self.facts.what,
            // A drill says nothing of how it is: while it goes on it plays, when it is over it was one.
            Phase::Closed if self.is_drill() => &book.title,
            Phase::Restored => &book.after.up,
            Phase::Closed => &book.after.well,
        };
        if said.0.values().all(String::is_empty) { book.title.clone() } else { said.clone() }
    }
    /// All that was said was stopped: nobody says any more how it is (RULES D2).
    pub fn is_stopped(&self) -> bool {
        let said = self.messages.iter().filter(|m| !matches!(m.kind, Kind::Stopped { .. }) && m.released_at.is_some());
        let mut all = said.filter(|m| m.audience == Audience::Internal).peekable();
        self.phase == Phase::Open && all.peek().is_some() && all.all(|m| m.stopped)
    }
    /// The gateways, by their places at the point, that a delivery and those before it have tried. What a gateway gave back for its
    /// own sake was not tried there (RULES G1).
    pub fn tried(&self, ordinal: u32) -> Vec<u8> {
        let own = self.deliveries.get(ordinal as usize).map(|d| d.gateway);
        self.tried_before(ordinal).into_iter().chain(own).collect()
    }
    /// The same without its own.
    pub fn tried_before(&self, ordinal: u32) -> Vec<u8> {
        let mut tried = Vec::new();
        let mut at = ordinal;
        while let Some(before) = self.before.get(&at).copied() {
            let (here, there) = (self.deliveries.get(at as usize), self.deliveries.get(before as usize));
            if here.is_some_and(|d| d.flags & Delivery::MOVED == 0) {
                tried.extend(there.map(|d| d.gateway));
            }
            at = before;
        }
        tried
    }
    /// The gateways where a delivery and those before it have been, tried or not.
    pub fn been(&self, ordinal: u32) -> Vec<u8> {
        let chain = std::iter::successors(Some(ordinal), |at| self.before.get(at).copied());
        chain.filter_map(|o| self.deliveries.get(o as usize)).map(|d| d.gateway).collect()
    }
    /// Whether it is a drill.
    pub fn is_drill(&self) -> bool {
        self.no.status == Status::Exercise
    }
    /// What it is to show: a drill as it was ordered, a real one as the plan has it that it follows.
    pub fn objectives(&self) -> &[Objective] {
        match self.drill.as_deref() {
            Some(drill) => &drill.objectives,
            None if self.is_drill() => &[],
            None => &self.plan.objectives,
        }
    }
    /// Whether no text of it leaves the program (RULES D18).
    pub fn stays_here(&self) -> bool {
        self.is_drill() && self.drill.as_ref().is_some_and(|d| d.stays_here())
    }
    /// Whether a drill does without that gateway (RULES D18).
    pub fn is_away(&self, gateway: &GatewayId) -> bool {
        self.drill.as_ref().is_some_and(|d| d.gateways_away.contains(gateway))
    }
    /// It belongs to what was said as the incident closed, or since.
    pub fn is_last_word(&self, item: Item) -> bool {
        match item {
            Item::Message(m) => self.message(m).is_some_and(|m| {
                // What a drill said in the moment in which it ended is over with it, but for its all clear.
                let over = self.drill_end.is_some() && m.kind != Kind::AllClear;
                !over && m.released_at.is_some_and(|at| at >= self.phase_at)
            }),
            Item::Note(n) => self.notes.get(n as usize).is_some_and(|n| n.at >= self.phase_at && n.word.ends_a_drill()),
        }
    }
    /// It tests whether functions are reached, and nothing else.
    pub fn tests_ways(&self) -> bool {
        self.drill.as_ref().is_some_and(|d| d.kind == DrillKind::CommunicationTest)
    }
}

/// A text with its number, in every language.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Message {
    /// Its place in the incident: `14-2` is 2.
    pub seq: u32,
    pub kind: Kind,
    pub audience: Audience,
    pub texts: BTreeMap<Lang, Draft>,
    /// The earlier number that it replaces before release, if any.
    pub replaces: Option<u32>,
    /// It was first released then.
    pub released_at: Option<At>,
    /// It no longer holds (RULES D2).
    pub stopped: bool,
    /// What it was rendered from: a correction says what was wrong in it, an update what is new since (RULES A11).
    pub facts: Facts,
    /// The sites of then.
    pub sites: Vec<SiteId>,
    /// The level of then.
    pub level: LevelIx,
    /// The public page was read back: equal or not (invariant 3: `public` ends as read back and equal, or as an alarm).
    pub page_equal: Option<bool>,
}

/// One group of receivers with its channels and its approval.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Entry {
    /// Its place in the incident's list.
    pub id: u32,
    /// Where it comes from.
    pub source: Source,
    pub audience: Audience,
    pub to: Vec<FunctionIx>,
    /// The public page.
    pub public: bool,
    pub channels: Vec<Channel>,
    /// Whether an answer is wanted.
    pub answer: AnswerRule,
    /// May shorten the answer times, in seconds.
    pub answer_within_s: Option<u32>,
    /// When deputies are asked.
    pub deputies: DeputyRule,
    /// Who must approve.
    pub rule: Option<ApprovalRule>,
    /// The message that it waits with or was released with.
    pub message: u32,
    /// How far it is.
    pub state: EntryState,
}

/// How far an entry is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum EntryState {
    /// It will be released at once: the decision is being carried out.
    Ready,
    /// It waits for approval.
    Waiting(Box<Approval>),
    /// It waits for the morning (RULES D6).
    Quiet {
        /// When the time for it ends.
        until: At,
    },
    /// It went out.
    Released {
        at: At,
        /// By whose word.
        by: ReleasedBy,
    },
    /// It will never go out.
    Dropped { why: Dropped },
}

/// A mode to decide on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Proposal {
    /// Its place in the incident's list.
    pub id: u32,
    pub mode: ModeIx,
    /// At which sites.
    pub sites: Vec<SiteId>,
    /// Whether it lowers the mode.
    pub lower: bool,
    /// Who was asked, in order.
    pub asked: Vec<FunctionIx>,
    /// Each has that long, in seconds.
    pub within_s: u32,
    /// So long it was waited since they were asked last, or is now, in seconds.
    pub waited_s: u32,
    pub due: At,
    /// The code for an answer by SMS.
    pub code: Private,
    /// What is proposed after it.
    pub next: Vec<Propose>,
    /// The next step was asked already.
    pub next_asked: bool,
    pub state: ProposalState,
}

/// How a proposal stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum ProposalState {
    /// Waited for; asked again until it is decided.
    Asked,
    /// Yes. The first recorded decision stands.
    Accepted { by: FunctionIx, at: At },
    /// No, with a reason; asked again then (INCIDENTS lesson 13).
    Declined {
        by: FunctionIx,
        reason: Private,
        /// When it is asked again.
        again: At,
    },
    /// The mode stands already, or the incident is over.
    Moot,
}

/// A note: an operational text to one function, outside identical content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Note {
    /// Its place in the incident's list.
    pub id: u32,
    /// To whom (the function, not its deputy).
    pub to: FunctionIx,
    pub word: NoteWord,
    pub text: Private,
    /// When it was sent.
    pub at: At,
}

/// One message or note × one duty point × one gateway. Flat and small: there may be a million.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Delivery {
    pub point: PointIx,
    /// What; the high bit tells a note.
    item: u32,
    /// Seconds after the incident opened when it was planned; of one that took over from another, when that one was: its time
    /// counts from there (RULES D13).
    pub planned_s: u32,
    /// Seconds after the incident opened when the state last changed.
    pub changed_s: u32,
    /// Which of the incident's trailers stands after the text, counted from 1; 0: none.
    pub trailer: u32,
    /// Which of the point's gateways.
    pub gateway: u8,
    /// Which of the region's languages.
    pub lang: u8,
    pub state: DeliveryState,
    /// Reminder, possible repeat.
    pub flags: u8,
}

impl Delivery {
    const NOTE: u32 = 1 << 31;
    /// A reminder (RULES C8).
    pub const REMINDER: u8 = 1;
    /// Its outcome was unknown once: what goes out again may be there twice, and a later refusal does not say that it is not.
    pub const REPEAT: u8 = 2;
    /// The text is another one than the entry's: holding text for an unreviewed language (RULES A7).
    pub const OTHER_TEXT: u8 = 4;
    /// Another gateway took over.
    pub const PASSED_ON: u8 = 8;
    /// Its worker gave it back: what was withdrawn had not left. Without this nobody knows (RULES D2).
    pub const RECALLED: u8 = 16;
    /// The gateway before gave it back for its own sake: it may come to that one again (RULES G1).
    pub const MOVED: u8 = 32;
    /// No better way was left: it waits with its gateway until that one takes it, or another gets better.
    pub const WAITS: u8 = 64;
    /// Flags that belong to one delivery, not to the one that takes over from it.
    pub const OWN: u8 = Self::PASSED_ON | Self::RECALLED | Self::MOVED | Self::WAITS;

    /// A delivery in the queue.
    pub fn new(point: PointIx, item: Item, gateway: u8, lang: u8, flags: u8, planned_s: u32) -> Self {
        let item = match item {
            Item::Message(n) => n,
            Item::Note(n) => n | Self::NOTE,
        };
        Self {
            point,
            item,
            planned_s,
            changed_s: planned_s,
            trailer: 0,
            gateway,
            lang,
            state: DeliveryState::Queued,
            flags,
        }
    }
    /// The text is out, or may be, whatever came of a later attempt.
    pub fn may_be_out(&self) -> bool {
        self.state.may_be_out() || self.called_back_unheard() || self.flags & Self::REPEAT != 0
    }
    /// Called back, and no worker has said that it had not left: a gateway may have been faster, or the program ended first.
    pub fn called_back_unheard(&self) -> bool {
        self.state == DeliveryState::Withdrawn && self.flags & Self::RECALLED == 0
    }
    /// What is delivered.
    pub fn item(&self) -> Item {
        if self.item & Self::NOTE == 0 { Item::Message(self.item) } else { Item::Note(self.item & !Self::NOTE) }
    }
}

/// Something that people must walk (RULES A5).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Errand {
    /// Its place in the incident's list.
    pub id: u32,
    pub owner: FunctionIx,
    pub functions: Vec<FunctionIx>,
    pub message: u32,
    /// Why no channel could.
    pub why: String,
    /// When it was walked, and by whom.
    pub done: Option<(At, FunctionIx)>,
}

impl Incident {
    /// The code by which a duty answers: its own, or else the one that stands for all who were asked.
    pub fn code_of<'a>(&'a self, of: CodeFor, id: u32, to: FunctionIx, common: &'a Private) -> &'a Private {
        let own = OwnCode { of, id, to };
        self.own_codes.iter().find(|(_, o)| **o == own).map_or(common, |(code, _)| code)
    }

    /// Codes of an entry that hold no longer: they are remembered, since nobody guessed who sends one.
    pub(super) fn void_codes(&mut self, gone: impl Fn(&OwnCode) -> bool) {
        let (void, live): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.own_codes).into_iter().partition(|(_, o)| gone(o));
        self.own_codes = live;
        let of_entries = |(code, o): (Private, OwnCode)| (o.of == CodeFor::Approval).then_some((code, o.id));
        self.codes.extend(void.into_iter().filter_map(of_entries));
    }
}
