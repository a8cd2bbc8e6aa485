//! Which rules of the house a run reached, by what stands in its journal.

use std::collections::BTreeMap;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::drills::DrillEnd;
use vardkase::domain::ids::{FunctionIx, IncidentNo, Status};
use vardkase::domain::incident::after::{AfterChange, Progress};
use vardkase::domain::incident::event::{ApprovalEnd, Change, Event, GatewayChange, NewEntry};
use vardkase::domain::incident::state::Delivery;
use vardkase::domain::incident::values::{ClosedBy, Item, Kind, Phase, ReleasedBy, Source, Via};
use vardkase::domain::plan::{AnswerRule, Audience};
use vardkase::domain::words::NoteWord;

use super::auditor::{Config, Record};
use super::world::Seen;
use vardkase::domain::time::At;

/// Everything that a long run must reach.
pub const RULES: [&str; 68] = [
    "A1 audiences have texts of their own",
    "A4 update",
    "A4 restored",
    "A4 all clear",
    "A5 a path drops out",
    "A5 people walk",
    "A7 holding text for a language nobody read",
    "A8 correction",
    "A9 a change of mode is told",
    "B1 care at once, KiB gates the rest",
    "B2 approved by code",
    "B2 an approver's change moves the entry",
    "C16 wrong code",
    "C16 a code of its own",
    "B2 more time",
    "B3 rejected",
    "B3 escalated",
    "B3 held in a standing alarm",
    "B4 facts change while a draft waits",
    "B5 the deputy is asked beside",
    "B5 too late",
    "B6 four eyes",
    "B7 holding text",
    "7 break-glass",
    "7 deadline releases",
    "H3 who acted",
    "H3 one pair of eyes is refused",
    "C1 a deputy answers for another",
    "C3 bare answer is not bound",
    "C4 confirmations",
    "C5 fallback failed",
    "C5 not understood",
    "C6 by telephone",
    "C6 taken back",
    "C7 no answer asked",
    "C8 reminder",
    "C9 deputy after",
    "C9 standing alarm",
    "C9 superseded",
    "C9 withdrawn",
    "C11 shift",
    "C12 told later for whom it answers",
    "C13 no more notes to whom answers in vain",
    "D1 drill",
    "D1 a drill turned real",
    "D16 a drill is over",
    "D16 a drill is broken off",
    "D2 stop",
    "D2 told that it does not hold",
    "D3 decided",
    "D4 data complete",
    "D4 relapse",
    "D5 merged",
    "D5 level and sites",
    "D6 quiet until morning",
    "D8 owners of dependents",
    "D9 page read back, and not",
    "D14 infrastructure named as down",
    "D20 an improvement",
    "D20 an improvement is done",
    "D20 feedback",
    "E2 report by SMS",
    "G1 a gateway stands otherwise",
    "G1 given back and moved",
    "G1 waits where nothing is better",
    "G3 beside a silent gateway, marked",
    "G6 taken out by hand",
    "5 adopted",
];

#[derive(Clone, Default)]
pub struct Coverage {
    pub reached: BTreeMap<&'static str, u64>,
    /// Faults that the run met.
    pub met: BTreeMap<String, u64>,
}

impl Coverage {
    pub fn add(&mut self, other: &Coverage) {
        for (k, n) in &other.reached {
            *self.reached.entry(k).or_default() += n;
        }
        for (k, n) in &other.met {
            *self.met.entry(k.clone()).or_default() += n;
        }
    }
    pub fn missing(&self) -> Vec<&'static str> {
        RULES.into_iter().filter(|r| !self.reached.contains_key(r)).collect()
    }
    fn hit(&mut self, rule: &str) {
        let rule = RULES.iter().find(|r| **r == rule).unwrap_or_else(|| panic!("no rule is called {rule}"));
        *self.reached.entry(rule).or_default() += 1;
    }

    pub fn of(configs: &BTreeMap<String, Config>, records: &[Record], log: &[(At, Seen)]) -> Self {
        let mut c = Self::default();
        for (_, seen) in log {
            let met = match seen {
                Seen::End { orderly: false, .. } => "crash".to_owned(),
                Seen::End { .. } => "orderly end".into(),
                Seen::Weather { way, .. } => format!("gateway {way:?}"),
                Seen::Disk(disk) => format!("disk {disk:?}"),
                Seen::Told { what, .. } => format!("outcome {what}"),
                Seen::Refused { code } => {
                    if *code == "already-released" {
                        c.hit("B5 too late");
                    }
                    if *code == "same-eyes" {
                        c.hit("H3 one pair of eyes is refused");
                    }
                    format!("refused {code}")
                }
                Seen::Took { repeat: true, .. } => "repeat".into(),
                Seen::Took { excused: true, .. } => "take with a bad disk".into(),
                _ => continue,
            };
            *c.met.entry(met).or_default() += 1;
        }
        let mut entries: BTreeMap<(IncidentNo, u32), NewEntry> = BTreeMap::new();
        let mut reporters: BTreeMap<IncidentNo, FunctionIx> = BTreeMap::new();
        for r in records {
            match &r.event {
                Event::Incident { no, change } => {
                    if let Change::Opened { by, .. } = &**change {
                        reporters.insert(*no, *by);
                    }
                    if let Change::ApprovalAsked { approval, .. } = &**change
                        && let Some(config) = configs.values().next()
                        && let Some(kib) = config.plan.function_ix("kib").filter(|f| reporters.get(no) == Some(f))
                        && !approval.asked.contains(&kib)
                    {
                        c.hit("B6 four eyes");
                    }
                    if no.status == Status::Exercise {
                        c.hit("D1 drill");
                    }
                    if let Change::EntryAdded { entry } = &**change {
                        entries.insert((*no, entry.id), entry.clone());
                    }
                    if let Change::Released { entry, by: ReleasedBy::Playbook, .. } = &**change
                        && let Some(e) = entries.get(&(*no, *entry))
                        && let Some(config) = configs.values().next()
                        && e.to.iter().any(|f| config.plan.functions.get(f.ix()).is_some_and(|f| f.care))
                        && matches!(e.source, Source::Row(_))
                    {
                        c.hit("B1 care at once, KiB gates the rest");
                    }
                    c.change(change);
                }
                Event::ReportPending { .. } => c.hit("E2 report by SMS"),
                Event::CodeTried { count: 1.., .. } => c.hit("C16 wrong code"),
                Event::InVain { count: 3, .. } => c.hit("C13 no more notes to whom answers in vain"),
                Event::Gateway { change } => match &**change {
                    GatewayChange::Stands { .. } => c.hit("G1 a gateway stands otherwise"),
                    GatewayChange::TakenOut { .. } => c.hit("G6 taken out by hand"),
                    _ => {}
                },
                Event::After { change, .. } => match &**change {
                    AfterChange::Improvement(i) if i.progress == Progress::Done => c.hit("D20 an improvement is done"),
                    AfterChange::Improvement(_) => c.hit("D20 an improvement"),
                    AfterChange::Feedback(_) => c.hit("D20 feedback"),
                    _ => {}
                },
                Event::SystemNote { .. } | Event::StrangerWrote => {
                    *c.met.entry(r.event.name().into()).or_default() += 1
                }
                _ => {}
            }
        }
        c
    }

    fn change(&mut self, change: &Change) {
        for batch in change.batches() {
            if batch.flags & Delivery::OTHER_TEXT != 0 {
                self.hit("A7 holding text for a language nobody read");
            }
        }
        match change {
            Change::Drafted { message } => {
                if message.audience != Audience::Internal {
                    self.hit("A1 audiences have texts of their own");
                }
                match message.kind {
                    Kind::Update => self.hit("A4 update"),
                    Kind::Restored => self.hit("A4 restored"),
                    Kind::AllClear => self.hit("A4 all clear"),
                    Kind::Correction { .. } => self.hit("A8 correction"),
                    Kind::Mode => self.hit("A9 a change of mode is told"),
                    Kind::Stopped { .. } => self.hit("D2 told that it does not hold"),
                    Kind::Holding => self.hit("B7 holding text"),
                    Kind::Alert | Kind::Redirection { .. } => {}
                }
            }
            Change::EntryAdded { entry } => {
                if entry.source == Source::Dependents {
                    self.hit("D8 owners of dependents");
                }
                if entry.answer == AnswerRule::None {
                    self.hit("C7 no answer asked");
                }
            }
            Change::EntryMoved { .. } => {
                self.hit("B2 an approver's change moves the entry");
                self.hit("B4 facts change while a draft waits");
            }
            Change::ApprovalAsked { approval, .. } => {
                if approval.beside {
                    self.hit("B5 the deputy is asked beside");
                }
                if approval.held {
                    self.hit("B3 held in a standing alarm");
                }
                if approval.extended {
                    self.hit("B2 more time");
                }
                if approval.asked.len() > 1 && !approval.beside {
                    self.hit("B3 escalated");
                }
            }
            Change::ApprovalEnded { end: ApprovalEnd::Rejected { .. }, .. } => self.hit("B3 rejected"),
            Change::ApprovalEnded { .. } => self.hit("B2 approved by code"),
            Change::WrongCode { .. } => {}
            Change::CodeGiven { .. } => self.hit("C16 a code of its own"),
            Change::Acted { .. } => self.hit("H3 who acted"),
            Change::Released { by, dropped, .. } => {
                match by {
                    ReleasedBy::BreakGlass(_) => self.hit("7 break-glass"),
                    ReleasedBy::Deadline => self.hit("7 deadline releases"),
                    _ => {}
                }
                if !dropped.is_empty() {
                    self.hit("A5 a path drops out");
                }
            }
            Change::Answered { via, .. } => {
                if matches!(via, Via::Phone { .. }) {
                    self.hit("C6 by telephone");
                }
            }
            Change::Unanswered { .. } => self.hit("C6 taken back"),
            Change::Escalated { .. } => {
                self.hit("C9 deputy after");
                self.hit("C1 a deputy answers for another");
            }
            Change::Reminded { .. } => self.hit("C8 reminder"),
            Change::Told { batch, .. } if !batch.sends.is_empty() => self.hit("C12 told later for whom it answers"),
            Change::NotReached { .. } => self.hit("C9 standing alarm"),
            Change::AsksClosed { by, .. } => match by {
                ClosedBy::Superseded(_) => self.hit("C9 superseded"),
                ClosedBy::ShiftChange => self.hit("C11 shift"),
                _ => {}
            },
            Change::AskedAgain { .. } => self.hit("C11 shift"),
            Change::Withdrawn { .. } => self.hit("C9 withdrawn"),
            Change::DrillOver { end: DrillEnd::BrokenOff(_), .. } => self.hit("D16 a drill is broken off"),
            Change::DrillOver { end: DrillEnd::TurnedReal, .. } => self.hit("D1 a drill turned real"),
            Change::DrillOver { .. } => self.hit("D16 a drill is over"),
            Change::Stopped { .. } => self.hit("D2 stop"),
            Change::Decided { .. } => self.hit("D3 decided"),
            Change::DataConfirmed { .. } => self.hit("D4 data complete"),
            Change::PhaseSet { phase: Phase::Open, .. } => self.hit("D4 relapse"),
            Change::Merged { .. } => self.hit("D5 merged"),
            Change::ScopeSet { .. } => self.hit("D5 level and sites"),
            Change::Quieted { .. } => self.hit("D6 quiet until morning"),
            Change::PageChecked { .. } => self.hit("D9 page read back, and not"),
            Change::ErrandAdded { .. } => self.hit("A5 people walk"),
            Change::Adopted { .. } => self.hit("5 adopted"),
            Change::NoteSent { word, .. } => match word {
                NoteWord::WhichCode => self.hit("C3 bare answer is not bound"),
                NoteWord::YouOwnIt | NoteWord::YouConfirm | NoteWord::Noted => self.hit("C4 confirmations"),
                NoteWord::FallbackFailed => self.hit("C5 fallback failed"),
                NoteWord::NotUnderstood => self.hit("C5 not understood"),
                NoteWord::DrillStopped => self.hit("D1 a drill turned real"),
                NoteWord::AlreadyReleased => self.hit("B5 too late"),
                _ => {}
            },
            Change::Results { results } => {
                for r in results {
                    *self.met.entry(format!("delivery {}", super::world::short(r.state))).or_default() += 1;
                    if r.state == DeliveryState::Unknown {
                        *self.met.entry("unknown outcome on record".into()).or_default() += 1;
                    }
                }
            }
            Change::DownNamed { .. } => self.hit("D14 infrastructure named as down"),
            Change::Rerouted { batch, .. } if matches!(batch.item, Item::Message(_)) => {
                if batch.flags & Delivery::WAITS != 0 {
                    self.hit("G1 waits where nothing is better");
                } else if batch.flags & Delivery::MOVED != 0 {
                    self.hit("G1 given back and moved");
                } else if batch.flags & Delivery::REPEAT != 0 {
                    self.hit("G3 beside a silent gateway, marked");
                }
                *self.met.entry("another gateway takes over".into()).or_default() += 1;
            }
            _ => {}
        }
    }
}
