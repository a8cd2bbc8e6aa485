//! Timelines on virtual time: report, expect an SMS, advance five minutes, expect a fax. Every send is kept; a test says what
//! must have been sent and what must not.

use std::sync::Arc;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::ask_list::*;
use vardkase::domain::incident::asks;
use vardkase::domain::incident::decide::decide;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::refused::Refused;
use vardkase::domain::incident::state::*;
use vardkase::domain::incident::trailers::around;
use vardkase::domain::incident::values::*;
use vardkase::domain::plan::{Channel, Plan};
use vardkase::domain::time::At;
use vardkase::domain::words::NoteWord;

/// One thing that was handed to a gateway.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: At,
    pub id: DeliveryId,
    /// The functions reached at that point.
    pub to: Vec<String>,
    pub channel: Channel,
    pub gateway: String,
    /// Header, text, mark and trailer as one.
    pub whole: String,
    /// The message's number, if it is one.
    pub message: Option<u32>,
    pub kind: Option<Kind>,
    /// The note's word, if it is one.
    pub note: Option<NoteWord>,
    pub flags: u8,
}

pub struct Timeline {
    pub state: State,
    pub now: At,
    pub sent: Vec<Sent>,
    pub events: Vec<(At, Event)>,
    /// What gateways say at once; `None` leaves deliveries queued.
    pub gateways_say: Option<DeliveryState>,
    nonce: u8,
}

/// `2008-12-18T09:45:00+01:00`
pub fn at(text: &str) -> At {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

impl Timeline {
    /// Thursday 18 December 2008, 09.45: by day.
    pub fn by_day() -> Self {
        Self::starting("2008-12-18T09:45:00+01:00", super::region::plan().plan)
    }
    /// The same day at 03.12: by night.
    pub fn by_night() -> Self {
        Self::starting("2008-12-18T03:12:00+01:00", super::region::plan().plan)
    }

    pub fn starting(when: &str, plan: Plan) -> Self {
        Self {
            state: State::new(Arc::new(plan)),
            now: at(when),
            sent: Vec::new(),
            events: Vec::new(),
            gateways_say: Some(DeliveryState::Accepted),
            nonce: 0,
        }
    }

    pub fn plan(&self) -> Arc<Plan> {
        self.state.plan.clone()
    }

    /// Anything that comes in. Sends are answered by the gateways at once, as `gateways_say`.
    pub fn input(&mut self, input: Input) -> Result<Vec<Event>, Refused> {
        self.nonce = self.nonce.wrapping_add(1);
        let events = decide(&mut self.state, &input, self.now, [self.nonce; 16])?;
        let mut new = Vec::new();
        for event in &events {
            self.events.push((self.now, event.clone()));
            if let Event::SystemNote { send, text, word, .. } = event {
                let plan = self.plan();
                let point = plan.point(send.point);
                self.sent.push(Sent {
                    at: self.now,
                    id: DeliveryId { incident: SYSTEM_NOTES, ordinal: 0 },
                    to: point.functions.iter().map(|f| plan.function(*f).id.to_string()).collect(),
                    channel: point.channel,
                    gateway: String::new(),
                    whole: text.as_str().to_owned(),
                    message: None,
                    kind: None,
                    note: Some(*word),
                    flags: 0,
                });
            }
            let Event::Incident { no, change } = event else { continue };
            for batch in change.batches() {
                for (i, _) in batch.sends.iter().enumerate() {
                    let id = DeliveryId { incident: *no, ordinal: batch.first + u32::try_from(i).unwrap() };
                    new.push(id);
                    let sent = self.describe(id);
                    self.sent.push(sent);
                }
            }
        }
        if let Some(state) = self.gateways_say
            && !new.is_empty()
        {
            self.input(Input::outcomes(new.into_iter().map(|id| (id, state)))).unwrap();
        }
        Ok(events)
    }

    fn describe(&self, id: DeliveryId) -> Sent {
        let inc = &self.state.incidents[&id.incident];
        let plan = &inc.plan;
        let d = inc.deliveries[id.ordinal as usize];
        let point = plan.point(d.point);
        let gateway = point.gateways[usize::from(d.gateway)];
        let lang = plan.region.languages[usize::from(d.lang)];
        let out = asks::outgoing(inc, d.item(), lang).unwrap();
        let (lead, trailer) = inc.trailer(&d).map(|chosen| around(chosen)).unwrap_or_default();
        let out = lead.map_or(out.clone(), |lead| out.led_by(lead));
        let (message, note) = match d.item() {
            Item::Message(m) => (Some(m), None),
            Item::Note(n) => (None, Some(inc.notes[n as usize].word)),
        };
        Sent {
            at: self.now,
            id,
            to: point.functions.iter().map(|f| plan.function(*f).id.to_string()).collect(),
            channel: point.channel,
            gateway: plan.gateway(gateway).id.to_string(),
            whole: out.whole(trailer),
            message,
            kind: message.and_then(|m| inc.message(m)).map(|m| m.kind),
            note,
            flags: d.flags,
        }
    }

    /// A command by a duty.
    pub fn act(&mut self, by: &str, action: Action) -> Result<Vec<Event>, Refused> {
        self.act_as(Some(Actor::account(by)), by, action)
    }

    /// The same, with who stands behind it.
    pub fn act_as(&mut self, who: Option<Actor>, by: &str, action: Action) -> Result<Vec<Event>, Refused> {
        let input = Input::Command { who, by: by.into(), action: Box::new(action) };
        let done = self.input(input.clone());
        // What follows at once from a refusal, as the owner of the state does it.
        if let Some(next) = done.as_ref().err().and_then(|refused| input.after(refused)) {
            self.input(next)?;
        }
        done
    }

    /// A report; gives the number.
    pub fn report(&mut self, by: &str, report: Report) -> IncidentNo {
        let events = self.act(by, Action::Report(report)).unwrap();
        events
            .iter()
            .find_map(|e| match e {
                Event::Incident { no, change } if matches!(**change, Change::Opened { .. }) => Some(*no),
                _ => None,
            })
            .unwrap()
    }

    /// `ehr-down` at a level, patient safety "no" (so that approvals show), at FS and HS.
    pub fn ehr_down(&mut self, level: &str) -> IncidentNo {
        self.report("it", ehr_down(level))
    }

    /// Time passes; everything that falls due is carried out at its own moment.
    pub fn advance(&mut self, seconds: u32) {
        let until = self.now + seconds;
        while let Some(due) = self.state.next_due().filter(|d| *d <= until) {
            self.now = self.now.max(due);
            self.input(Input::Due).unwrap();
        }
        self.now = until;
        self.input(Input::Due).unwrap();
        self.audited();
    }

    /// Nothing is late and nobody forgotten, as one sees it who trusts no rule. Gateways that say nothing, and pages that
    /// nobody reads back, are late by the test's own wish.
    fn audited(&self) {
        use vardkase::domain::audit::{Finding, audit};
        let found = audit(&self.state, self.now);
        let wrong: Vec<&Finding> =
            found.iter().filter(|f| !matches!(f, Finding::Overdue { step: "delivery" | "page", .. })).collect();
        assert!(wrong.is_empty(), "at {}: {wrong:?}", self.now);
    }

    /// A reply from a function's point of that channel.
    pub fn reply(&mut self, function: &str, channel: Channel, text: &str) {
        let p = self.point(function, channel);
        let from: Vec<(IncidentNo, PointIx)> = self.state.incidents.keys().map(|no| (*no, p)).collect();
        // Each point has an address of its own.
        let who = Some(Actor::address(&format!("{p:?}")));
        self.input(Input::Reply { who, from, known: Some(p), text: text.into() }).unwrap();
    }

    pub fn point(&self, function: &str, channel: Channel) -> PointIx {
        let plan = &self.state.plan;
        let f = plan.function_ix(function).unwrap();
        *plan.function(f).points.iter().find(|p| plan.point(**p).channel == channel).unwrap()
    }

    pub fn inc(&self, no: IncidentNo) -> &Incident {
        &self.state.incidents[&no]
    }

    pub fn ask(&self, no: IncidentNo, function: &str) -> &Ask {
        let f = self.state.plan.function_ix(function).unwrap();
        self.inc(no).ask(f).unwrap_or_else(|| panic!("{no} asks nothing of {function}"))
    }

    /// Messages sent to a function since a moment, oldest first.
    pub fn messages_to(&self, function: &str) -> Vec<&Sent> {
        self.sent.iter().filter(|s| s.message.is_some() && s.to.iter().any(|t| t == function)).collect()
    }

    pub fn notes_to(&self, function: &str, word: NoteWord) -> Vec<&Sent> {
        self.sent.iter().filter(|s| s.note == Some(word) && s.to.iter().any(|t| t == function)).collect()
    }

    /// What one function got of one kind.
    pub fn got(&self, function: &str, kind: Kind) -> Vec<&Sent> {
        self.messages_to(function).into_iter().filter(|s| s.kind == Some(kind)).collect()
    }

    /// Forgets what was sent so far, so that a test can look at what comes next.
    pub fn clear(&mut self) {
        self.sent.clear();
    }

    /// The entry that waits for approval and addresses a function (`public` for the page), with its code.
    pub fn waiting(&self, no: IncidentNo, to: &str) -> Option<(Entry, Approval)> {
        let inc = self.inc(no);
        inc.entries.iter().find_map(|e| match &e.state {
            EntryState::Waiting(a) if to == "public" && e.public => Some((e.clone(), (**a).clone())),
            EntryState::Waiting(a) if e.to.iter().any(|f| inc.plan.function(*f).id.as_str() == to) => {
                Some((e.clone(), (**a).clone()))
            }
            _ => None,
        })
    }

    /// The canonical text of a message.
    pub fn text(&self, no: IncidentNo, seq: u32, lang: vardkase::domain::lang::Lang) -> String {
        self.inc(no).message(seq).unwrap().texts[&lang].text.to_string()
    }

    /// What the journal would give: the same state again.
    pub fn replayed(&self) -> State {
        let mut state = State::new(self.state.plan.clone());
        state.plans = self.state.plans.clone();
        for (at, event) in &self.events {
            state.apply(*at, event).unwrap();
        }
        state
    }
}

impl Drop for Timeline {
    /// Whatever a timeline did, replay gives the same state (DESIGN: recovery is replay).
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let mut replayed = self.replayed();
            replayed.plan = self.state.plan.clone();
            assert!(replayed == self.state, "replay gives another state");
        }
    }
}

/// `ehr-down` at a level, patient safety "no".
pub fn ehr_down(level: &str) -> Report {
    Report {
        playbook: "ehr-down".into(),
        level: Some(level.into()),
        safety: vardkase::domain::incident::facts::Safety::No,
        ..Report::default()
    }
}
