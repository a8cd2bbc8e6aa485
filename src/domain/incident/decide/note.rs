//! Notes: operational texts to one function, over all its duty points that a person carries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Decider;
use super::release::{Sender, count};
use crate::domain::ids::{FunctionIx, GatewayId, GatewayIx, IncidentNo, MessageNo, PointIx, SiteId};
use crate::domain::incident::asks;
use crate::domain::incident::event::{Batch, BatchTrailers, Change, Event};
use crate::domain::incident::render::mode_line;
use crate::domain::incident::state::IN_VAIN_FOR_S;
use crate::domain::incident::values::Item;
use crate::domain::incident::values::Send;
use crate::domain::ladder::ModeIx;
use crate::domain::lang::Lang;
use crate::domain::plan::{Channel, Plan};
use crate::domain::time::At;
use crate::domain::words::{NoteWord, fill};

/// What a note's words are filled from, in one language.
pub(super) struct NoteCtx<'a> {
    pub plan: &'a Plan,
    pub lang: Lang,
    pub now: At,
}

impl NoteCtx<'_> {
    pub fn number(&self, n: MessageNo) -> String {
        n.written(&self.plan.words(self.lang).drill_prefix)
    }
    pub fn incident(&self, n: IncidentNo) -> String {
        n.written(&self.plan.words(self.lang).drill_prefix)
    }
    pub fn time(&self, at: At) -> String {
        self.plan.words(self.lang).time(&self.plan.calendar, at.timestamp(), self.now.timestamp())
    }
    pub fn title(&self, f: FunctionIx) -> String {
        self.plan.function(f).title.get(self.lang).to_owned()
    }
    pub fn titles(&self, all: &[FunctionIx]) -> String {
        let names: Vec<String> = all.iter().map(|f| self.title(*f)).collect();
        names.join(", ")
    }
    pub fn mode(&self, mode: ModeIx) -> String {
        self.plan.ladders.mode_at(mode).map_or_else(String::new, |m| m.label.get(self.lang).to_owned())
    }
    pub fn modes(&self, modes: &[(SiteId, ModeIx)]) -> String {
        mode_line(self.plan, modes, self.lang)
    }
    pub fn sites(&self, sites: &[SiteId]) -> String {
        let names: Vec<&str> = sites.iter().map(SiteId::as_str).collect();
        names.join(" ")
    }
}

/// Values for a note's template.
pub(super) type Values = Vec<(&'static str, String)>;

impl Decider<'_> {
    /// Sends a note to whoever holds a function, over every point that he carries. Gives the note's number.
    pub(super) fn note(
        &mut self,
        no: IncidentNo,
        to: FunctionIx,
        word: NoteWord,
        values: &dyn Fn(&NoteCtx<'_>) -> Values,
    ) -> Option<u32> {
        let plan = self.plan(no);
        let holder = self.holds(&plan, to);
        let all = plan.points_at(holder, self.now);
        let carried = |p: &&PointIx| matches!(plan.point(**p).channel, Channel::Sms | Channel::Paging | Channel::Email);
        let mut points: Vec<PointIx> = all.iter().filter(carried).copied().collect();
        if points.is_empty() {
            points = all
                .iter()
                .copied()
                .filter(|p| !matches!(plan.point(*p).channel, Channel::Web | Channel::Manual))
                .collect();
        }
        self.note_to(no, holder, &points, word, values)
    }

    /// Sends a note to these points only: a confirmation goes to where the answer came from. Where nothing can be sent back, a note
    /// that asks for an answer is one page: whom to call (RULES A14).
    pub(super) fn note_to(
        &mut self,
        no: IncidentNo,
        to: FunctionIx,
        points: &[PointIx],
        word: NoteWord,
        values: &dyn Fn(&NoteCtx<'_>) -> Values,
    ) -> Option<u32> {
        let plan = self.plan(no);
        let switchboard = plan.functions.get(plan.region.switchboard.ix()).and_then(|f| f.phone.as_ref());
        let phone = switchboard.map_or_else(String::new, |p| p.number.clone());
        let may_call = word.asks_back() && !phone.is_empty();
        let one_way = |p: &PointIx| {
            let point = plan.point(*p);
            let carries = matches!(point.channel, Channel::Sms | Channel::Paging);
            may_call && carries && point.gateways.iter().all(|g| !plan.gateway(*g).answers)
        };
        let (called, written): (Vec<PointIx>, Vec<PointIx>) = points.iter().copied().partition(one_way);
        let first = self.write_note(no, to, &written, word, values);
        // Who is asked several things at once is called once.
        if called.is_empty() || first.is_some() && !self.may_ask_again(no, to, NoteWord::CallIn) {
            return first;
        }
        let title = self.inc(no).headline();
        let call = |n: &NoteCtx<'_>| vec![("title", title.get(n.lang).to_owned()), ("phone", phone.clone())];
        let page = self.write_note(no, to, &called, NoteWord::CallIn, &call);
        first.or(page)
    }

    fn write_note(
        &mut self,
        no: IncidentNo,
        to: FunctionIx,
        points: &[PointIx],
        word: NoteWord,
        values: &dyn Fn(&NoteCtx<'_>) -> Values,
    ) -> Option<u32> {
        if self.is_silenced() {
            return None;
        }
        let plan = self.plan(no);
        let id = count(self.inc(no).notes.len());
        let text = |lang: Lang| {
            let given = values(&NoteCtx { plan: &plan, lang, now: self.now });
            let given: Vec<(&str, &str)> = given.iter().map(|(k, v)| (*k, v.as_str())).collect();
            match plan.words(lang).notes.get(&word) {
                Some(template) => fill(template, &given),
                None => bare(word, &given),
            }
        };
        let mut out = BTreeMap::new();
        for lang in &plan.region.languages {
            if let Some(o) = asks::note_outgoing(self.inc(no), &text(*lang), *lang) {
                out.insert(*lang, o);
            }
        }
        // A note has one text, so each language that some point needs is a note of its own.
        let mut by_lang: BTreeMap<u8, Vec<Send>> = BTreeMap::new();
        {
            let mut sender =
                Sender::new(&self.state.ways, self.now, self.inc(no), Item::Note(id), &[]).with_text(out.clone());
            for p in points {
                if let Ok(send) = sender.choose(*p, &[]) {
                    by_lang.entry(send.lang).or_default().push(send);
                }
            }
        }
        let mut first_id = None;
        for (lang, sends) in by_lang {
            let Some(text) =
                plan.region.languages.get(usize::from(lang)).and_then(|l| out.get(l)).map(|o| o.text().to_owned())
            else {
                continue;
            };
            let id = count(self.inc(no).notes.len());
            let first = count(self.inc(no).deliveries.len());
            let batch = Batch {
                item: Item::Note(id),
                flags: 0,
                first,
                sends: Arc::new(sends),
                trailers: BatchTrailers::default(),
            };
            self.emit(no, Change::NoteSent { id, to, word, text: text.into(), batch });
            first_id.get_or_insert(id);
        }
        first_id
    }

    /// This is an answer from where the last ones changed nothing, and it has changed nothing yet: no note goes back (RULES C13).
    fn is_silenced(&self) -> bool {
        let before = self.answering.and_then(|p| self.state.in_vain.get(&p));
        before.is_some_and(|b| b.is_silenced(self.now)) && !self.events.iter().any(changes_something)
    }

    /// Counts an answer that got a note back and changed nothing; one that changed something begins anew.
    pub(super) fn was_it_in_vain(&mut self) {
        let Some(point) = self.answering else { return };
        let before = self.state.in_vain.get(&point).copied();
        if self.events.iter().any(changes_something) {
            if before.is_some() && self.was_valid() {
                self.emit_event(Event::InVain { point, count: 0 });
            }
        } else if self.events.iter().any(is_note) {
            let fresh = before.filter(|b| b.at + IN_VAIN_FOR_S > self.now);
            self.emit_event(Event::InVain { point, count: fresh.map_or(0, |b| b.count) + 1 });
        }
    }

    /// An answer that changed something, and no wrong code: those are bounded by themselves.
    pub(super) fn was_valid(&self) -> bool {
        let wrong = |e: &Event| matches!(e, Event::CodeTried { count: 1.., .. });
        self.events.iter().any(changes_something) && !self.events.iter().any(wrong)
    }

    /// Sends the journal's seal to the function that gets seals: to its mailbox, or else its fax. Somebody must be able to keep it, and
    /// nobody is woken by it.
    pub(super) fn send_seal(&mut self, text: &str) {
        let plan = self.state.plan.clone();
        let Some(f) = plan.region.seals_to else { return };
        let points = plan.points_at(f, self.now);
        let over = |channel| points.iter().copied().find(|p| plan.point(*p).channel == channel);
        if let Some(p) = over(Channel::Email).or_else(|| over(Channel::Fax)) {
            self.system_note_text(p, NoteWord::ForInformation, &[], &|_| text.to_owned());
        }
    }

    /// Sends a note that belongs to no incident to one point of the plan for new incidents.
    pub(super) fn system_note(&mut self, p: PointIx, word: NoteWord, values: &dyn Fn(&NoteCtx<'_>) -> Values) {
        self.system_note_avoiding(p, word, &[], values);
    }

    /// The same over the first gateway that is none of these; over one of them when there is no other.
    pub(super) fn system_note_avoiding(
        &mut self,
        p: PointIx,
        word: NoteWord,
        avoid: &[GatewayId],
        values: &dyn Fn(&NoteCtx<'_>) -> Values,
    ) {
        self.system_note_text(p, word, avoid, &|n| {
            let template = n.plan.words(n.lang).notes.get(&word).cloned().unwrap_or_default();
            let given = values(n);
            let given: Vec<(&str, &str)> = given.iter().map(|(k, v)| (*k, v.as_str())).collect();
            fill(&template, &given)
        });
    }

    /// The same with a text made by `said`.
    fn system_note_text(
        &mut self,
        p: PointIx,
        word: NoteWord,
        avoid: &[GatewayId],
        said: &dyn Fn(&NoteCtx<'_>) -> String,
    ) {
        if self.is_silenced() {
            return;
        }
        let plan = self.state.plan.clone();
        let point = plan.point(p);
        let mut ways: Vec<(u8, GatewayIx)> = (0u8..).zip(point.gateways.iter().copied()).collect();
        let rank = |g: &GatewayIx| (avoid.contains(&plan.gateway(*g).id), self.state.ways.rank(&plan.gateway(*g).id));
        ways.sort_by_key(|(_, g)| rank(g));
        for (place, g) in ways {
            for lang in &point.languages {
                let text = said(&NoteCtx { plan: &plan, lang: *lang, now: self.now });
                let Some(out) = asks::system_note_outgoing(word, &text) else { continue };
                let Some(l) = plan.region.languages.iter().position(|r| r == lang) else { continue };
                if crate::domain::text::fit::units(&out, None, &plan.gateway(g).capability).is_ok() {
                    let send = Send { point: p, gateway: place, lang: u8::try_from(l).unwrap_or(0) };
                    let text = out.text().to_string().into();
                    self.emit_event(Event::SystemNote { send, plan: plan.hash.clone(), word, text });
                    return;
                }
            }
        }
    }
}

fn is_note(event: &Event) -> bool {
    match event {
        Event::SystemNote { .. } => true,
        Event::Incident { change, .. } => matches!(**change, Change::NoteSent { .. }),
        _ => false,
    }
}

fn changes_something(event: &Event) -> bool {
    !is_note(event) && !matches!(event, Event::StrangerWrote | Event::StrangerAnswered { .. } | Event::InVain { .. })
}

/// A note whose words the frozen plan does not have yet: its name and its values, since plain words beat silence.
fn bare(word: NoteWord, given: &[(&str, &str)]) -> String {
    let said = word.vars().iter().filter_map(|v| given.iter().find(|(k, t)| k == v && !t.is_empty()));
    let said: Vec<String> = said.map(|(k, t)| format!("{k} {t}")).collect();
    format!("{}: {}", word.key().replace('_', " "), said.join(", "))
}
