//! Approval: a state machine over (number, fingerprint, entry). Each request has a deadline and what happens then; none can
//! deadlock (invariant 7).

use std::collections::BTreeMap;

use super::draft::own_message;
use super::eyes::same_eyes;
use super::stale::{clock, not_waiting, stale, unknown_number, what_changed};
use super::{Decider, bad_text};
use crate::domain::holder::{deputies_in_turn, holder};
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, MessageNo};
use crate::domain::incident::claims::claims;
use crate::domain::incident::codes::CodeFor;
use crate::domain::incident::event::{ApprovalEnd, Change};
use crate::domain::incident::facts::{Facts, Restore};
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::state::{Entry, EntryState, Incident, Message};
use crate::domain::incident::values::{Approval, ReleasedBy};
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Plan, Then};
use crate::domain::private::Private;
use crate::domain::text::{Canonical, Fingerprint};
use crate::domain::time::At;
use crate::domain::words::{NoteWord, TextWord, fill};

impl Decider<'_> {
    /// Asks for the approval of entries that are ready; all entries of one approver in one request (RULES B2).
    pub(super) fn ask_approvals(&mut self, no: IncidentNo, entries: &[u32]) {
        let mut approvers: Vec<FunctionIx> = Vec::new();
        for id in entries {
            let Some(rule) = self.inc(no).entry(*id).and_then(|e| e.rule.clone()) else { continue };
            let plan = self.plan(no);
            let by = self.first_approver(no, &plan, rule.by);
            let approval = Approval {
                asked: vec![by],
                asked_at: self.now,
                due: self.now + rule.within_s,
                code: self.code().into(),
                wrong: 0,
                blocked: false,
                extended: false,
                delivered: false,
                beside: false,
                held: false,
                rejected: false,
                note: None,
            };
            self.emit(no, Change::ApprovalAsked { entry: *id, approval });
            if !approvers.contains(&by) {
                approvers.push(by);
            }
        }
        for by in approvers {
            self.page_approver(no, by, false);
        }
        for id in entries {
            // One holds both duties: who comes after is asked beside at once, since one pair of eyes is not enough (RULES H3).
            let inc = self.inc(no);
            let both = |e: &Entry| match &e.state {
                EntryState::Waiting(a) => {
                    for_public(e) && a.asked.last().is_some_and(|f| one_holder(inc, *f, self.now))
                }
                _ => false,
            };
            if inc.entry(*id).is_some_and(both) {
                self.ask_next_approver(no, *id, false);
            }
        }
    }

    /// The holder of the approver's duty; where the playbook asks for four eyes and that one reported, the next who did
    /// not. When nobody is left the approver is told all the same, and the end of the deadline decides (RULES B6).
    fn first_approver(&self, no: IncidentNo, plan: &Plan, by: FunctionIx) -> FunctionIx {
        let holder = self.holds(plan, by);
        if self.four_eyes(no, holder).is_ok() {
            return holder;
        }
        next_in_chain(self.inc(no), by, &[], self.now).unwrap_or(holder)
    }

    /// Who is asked after an approver: its deputies, then the last resort (RULES B3).
    pub(super) fn chain(&self, plan: &Plan, by: FunctionIx) -> Vec<FunctionIx> {
        chain(plan, by, self.now)
    }

    /// New codes for entries that moved to another message, and a new request to everybody who was asked.
    pub(super) fn ask_moved(&mut self, no: IncidentNo, entries: &[u32]) {
        let mut approvers: Vec<FunctionIx> = Vec::new();
        for id in entries {
            let Some(EntryState::Waiting(old)) = self.inc(no).entry(*id).map(|e| e.state.clone()) else { continue };
            let code: Private = self.code().into();
            // This request must arrive too, else the deputy is asked beside (RULES B5); the deadline stays.
            let approval = Approval { code, rejected: false, asked_at: self.now, delivered: false, ..*old };
            let asked = approval.asked.clone();
            approvers.extend(asked.iter().copied().filter(|f| !approvers.contains(f)).collect::<Vec<_>>());
            self.emit(no, Change::ApprovalAsked { entry: *id, approval });
            for f in asked.into_iter().skip(1) {
                self.give_code(no, CodeFor::Approval, *id, f);
            }
        }
        for by in approvers {
            self.page_approver(no, by, true);
        }
    }

    /// Pages an approver as soon as the decision is made; with what changed, where an entry `moved` to another text.
    pub(super) fn page_approver(&mut self, no: IncidentNo, by: FunctionIx, moved: bool) {
        match self.requests.iter_mut().find(|r| (r.0, r.1) == (no, by)) {
            Some(request) => request.2 |= moved,
            None => self.requests.push((no, by, moved)),
        }
    }

    /// Sends the requests of this decision.
    pub(super) fn send_requests(&mut self) {
        for (no, by, moved) in std::mem::take(&mut self.requests) {
            if self.state.incidents.contains_key(&no) {
                self.send_request(no, by, moved);
            }
        }
    }

    /// One note with every entry that this approver was asked for, each with its deadline and its code; and with what changed,
    /// where an entry `moved` to another text (RULES B4).
    fn send_request(&mut self, no: IncidentNo, by: FunctionIx, moved: bool) {
        let inc = self.inc(no);
        let mine: Vec<(Entry, Approval)> = inc
            .entries
            .iter()
            .filter_map(|e| match &e.state {
                EntryState::Waiting(a) if a.asked.contains(&by) => Some((e.clone(), (**a).clone())),
                _ => None,
            })
            .collect();
        if mine.is_empty() {
            return;
        }
        let title = inc.headline();
        type Line = (MessageNo, BTreeMap<Lang, Fingerprint>, Entry, Approval, Private, BTreeMap<Lang, String>, Vec<At>);
        let lines: Vec<Line> = mine
            .into_iter()
            .map(|(e, a)| {
                let prints = inc.message(e.message).map(fingerprints).unwrap_or_default();
                let changed = if moved { what_changed(inc, &e) } else { BTreeMap::new() };
                let old = inc.message(e.message).map(|m| times_before(inc, m)).unwrap_or_default();
                let code = inc.code_of(CodeFor::Approval, e.id, by, &a.code).clone();
                (inc.number(e.message), prints, e, a, code, changed, old)
            })
            .collect();
        let asked: Vec<u32> = lines.iter().map(|l| l.2.id).collect();
        let texts: BTreeMap<(MessageNo, Lang), String> = lines
            .iter()
            .filter_map(|l| inc.message(l.0.seq).map(|m| (l.0, m)))
            .flat_map(|(number, m)| m.texts.iter().map(move |(lang, d)| ((number, *lang), d.text.to_string())))
            .collect();
        let text_of = |number: MessageNo, lang: Lang| texts.get(&(number, lang)).map_or("", String::as_str);
        let note = self.note(no, by, NoteWord::ApprovalWanted, &|n| {
            let template = n.plan.words(n.lang).notes.get(&NoteWord::ApprovalEntry).cloned().unwrap_or_default();
            let default = n.plan.lang();
            let entries: Vec<String> = lines
                .iter()
                .map(|(number, prints, entry, a, code, changed, old)| {
                    let print = prints.get(&default).or(prints.values().next());
                    let line = fill(
                        &template,
                        &[
                            ("number", &n.number(*number)),
                            ("fingerprint", print.map_or("", |p| p.as_str())),
                            ("to", &entry_name(n.plan, entry, n.lang)),
                            ("deadline", &n.time(a.due)),
                            ("code", code.as_str()),
                        ],
                    );
                    let mut line = match changed.get(&n.lang) {
                        Some(change) => format!("{line} ({change})"),
                        None => line,
                    };
                    // A plan that was frozen before there were words for it says nothing.
                    let words = n.plan.words(n.lang).texts.get(&TextWord::OldInText).into_iter().flatten();
                    let still = old.iter().map(|at| n.time(*at)).filter(|t| text_of(*number, n.lang).contains(t));
                    for old in still {
                        line.extend(words.clone().map(|part| format!(" {}", fill(part, &[("old", &old)]))));
                    }
                    line
                })
                .collect();
            vec![("title", title.get(n.lang).to_owned()), ("entries", entries.join(" "))]
        });
        for id in asked {
            if let Some(EntryState::Waiting(a)) = self.inc(no).entry(id).map(|e| e.state.clone())
                && a.asked.last() == Some(&by)
            {
                self.emit(no, Change::ApprovalAsked { entry: id, approval: Approval { note, ..*a } });
            }
        }
    }

    pub(super) fn approve(
        &mut self,
        by: &FunctionId,
        number: MessageNo,
        fingerprint: Fingerprint,
        entry: Option<u32>,
        works: bool,
    ) -> Result<(), Refused> {
        let no = number.incident;
        let (fx, waiting) = self.asked_for(by, number)?;
        let inc = self.inc(no);
        let message = inc.message(number.seq).ok_or_else(|| unknown_number(inc, number))?;
        if !message.texts.values().any(|d| d.fingerprint == fingerprint) {
            return Err(stale(inc, message, fingerprint));
        }
        let chosen: Vec<u32> = waiting.iter().copied().filter(|id| entry.is_none_or(|e| e == *id)).collect();
        if chosen.is_empty() {
            return Err(refuse!(UnknownEntry {
                entry: entry.unwrap_or_default(),
                message: number,
                entries: List::of(waiting)
            }));
        }
        self.four_eyes(no, fx)?;
        self.other_eyes(no, &chosen, fx)?;
        let claims = claims(inc, message);
        if let Some(claim) = claims.get(&inc.plan.lang()).or(claims.values().next()).filter(|_| !works) {
            return Err(refuse!(WorksNotTicked { message: number, claim }));
        }
        self.approved(no, &chosen, fx);
        Ok(())
    }

    /// Yes to these entries, by one who may.
    pub(super) fn approved(&mut self, no: IncidentNo, entries: &[u32], by: FunctionIx) {
        let mut told: Vec<FunctionIx> = Vec::new();
        for id in entries {
            if let Some(EntryState::Waiting(a)) = self.inc(no).entry(*id).map(|e| e.state.clone()) {
                told.extend(a.asked.iter().copied().filter(|f| *f != by && !told.contains(f)).collect::<Vec<_>>());
            }
            self.emit(no, Change::ApprovalEnded { entry: *id, end: ApprovalEnd::Released(ReleasedBy::Approval(by)) });
            self.release(no, *id, ReleasedBy::Approval(by));
        }
        // Whoever was asked beside need not read on.
        let number = entries.first().and_then(|id| self.inc(no).entry(*id)).map(|e| self.inc(no).number(e.message));
        if let Some(number) = number {
            for f in told {
                self.note(no, f, NoteWord::ApprovalTaken, &|n| vec![("number", n.number(number)), ("by", n.title(by))]);
            }
        }
    }

    /// Who reported can't approve where the playbook says so, unless nobody else is left (RULES B6).
    pub(super) fn four_eyes(&self, no: IncidentNo, by: FunctionIx) -> Result<(), Refused> {
        let inc = self.inc(no);
        if reported_itself(inc, by, self.now) {
            return Err(refuse!(FourEyes { by: &inc.plan.function(by).id, incident: no }));
        }
        Ok(())
    }

    /// What the public sees takes two pairs of eyes (RULES H3).
    pub(super) fn other_eyes(&self, no: IncidentNo, entries: &[u32], by: FunctionIx) -> Result<(), Refused> {
        let inc = self.inc(no);
        let Some(same) = same_eyes(inc, entries, by, self.actor.as_ref(), self.now) else { return Ok(()) };
        let message = inc.number(same.message);
        if same.program {
            return Err(refuse!(SameEyesProgram { message }));
        }
        let other = same.other.map_or_else(String::new, |f| inc.plan.function(f).id.to_string());
        Err(refuse!(SameEyes { message, other, decides: clock(inc, same.decides) }))
    }

    /// Asks who comes after, for each entry of that number for which the one who was refused was the last to be asked (RULES H3).
    pub(super) fn ask_beside(&mut self, number: MessageNo, by: &FunctionId) {
        let no = number.incident;
        let Some(inc) = self.state.incidents.get(&no) else { return };
        let Some(by) = inc.plan.function_ix(by.as_str()) else { return };
        let of_number = |e: &&Entry| e.message == number.seq && for_public(e);
        for entry in inc.entries.iter().filter(of_number).map(|e| e.id).collect::<Vec<_>>() {
            self.ask_if_last(no, entry, by);
        }
    }

    /// Asks who comes after, unless somebody was asked beside that one already.
    pub(super) fn ask_if_last(&mut self, no: IncidentNo, entry: u32, by: FunctionIx) {
        let inc = self.inc(no);
        let Some(EntryState::Waiting(a)) = inc.entry(entry).map(|e| &e.state) else { return };
        let last = a.asked.last().copied();
        if last.is_some_and(|last| self.acts_for(&inc.plan, by, &[last])) {
            self.ask_next_approver(no, entry, false);
        }
    }

    pub(super) fn reject(
        &mut self,
        by: &FunctionId,
        number: MessageNo,
        reason: &Private,
        replacement: Option<&BTreeMap<Lang, String>>,
    ) -> Result<(), Refused> {
        let (fx, waiting) = self.asked_for(by, number)?;
        if reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        let typed = replacement.map(|texts| self.typed(number, texts)).transpose()?;
        match typed {
            // A replacement is the approver's change: it goes on with a new number, and nobody else needs to be asked.
            Some(texts) => {
                for entry in waiting {
                    let end = ApprovalEnd::Rejected { by: fx, reason: reason.clone() };
                    self.emit(number.incident, Change::ApprovalEnded { entry, end });
                }
                self.replace(number, texts);
            }
            None => self.rejected(number.incident, &waiting, fx, reason),
        }
        Ok(())
    }

    /// No to these entries: without a replacement the deputy is asked; the first deadline keeps running (RULES B3).
    pub(super) fn rejected(&mut self, no: IncidentNo, entries: &[u32], by: FunctionIx, reason: &Private) {
        for id in entries {
            let end = ApprovalEnd::Rejected { by, reason: reason.clone() };
            self.emit(no, Change::ApprovalEnded { entry: *id, end });
            self.ask_next_approver(no, *id, false);
        }
    }

    /// Asks the next of the chain beside. `new_time`: the deadline starts anew; else it stays. Tells whether there was one.
    pub(super) fn ask_next_approver(&mut self, no: IncidentNo, entry: u32, new_time: bool) -> bool {
        let Some(e) = self.inc(no).entry(entry).cloned() else { return false };
        let (EntryState::Waiting(a), Some(rule)) = (e.state, e.rule) else { return false };
        let Some(next) = next_in_chain(self.inc(no), rule.by, &a.asked, self.now) else { return false };
        let mut approval = Approval { asked_at: self.now, delivered: false, beside: false, ..*a };
        approval.asked.push(next);
        if new_time {
            approval.due = self.now + rule.within_s;
        }
        self.emit(no, Change::ApprovalAsked { entry, approval });
        self.give_code(no, CodeFor::Approval, entry, next);
        self.page_approver(no, next, false);
        true
    }

    /// One who is asked beside the first has a code of its own: whoever knows another's does not know it (RULES C16).
    pub(super) fn give_code(&mut self, no: IncidentNo, of: CodeFor, id: u32, to: FunctionIx) {
        let code = self.code().into();
        self.emit(no, Change::CodeGiven { of, id, to, code });
    }

    pub(super) fn change(
        &mut self,
        by: &FunctionId,
        number: MessageNo,
        texts: &BTreeMap<Lang, String>,
    ) -> Result<(), Refused> {
        self.asked_for(by, number)?;
        let typed = self.typed(number, texts)?;
        self.replace(number, typed);
        Ok(())
    }

    /// What was typed, made canonical; the other languages stay and count as unreviewed (RULES A7).
    fn typed(
        &self,
        number: MessageNo,
        texts: &BTreeMap<Lang, String>,
    ) -> Result<BTreeMap<Lang, (Canonical, bool)>, Refused> {
        let inc = self.open(number.incident)?;
        let message = inc.message(number.seq).ok_or_else(|| unknown_number(inc, number))?;
        if texts.is_empty() {
            return Err(refuse!(NoText));
        }
        let mut all: BTreeMap<Lang, (Canonical, bool)> =
            message.texts.iter().map(|(l, d)| (*l, (d.text.clone(), false))).collect();
        for (lang, typed) in texts {
            if !all.contains_key(lang) {
                return Err(refuse!(UnknownLanguage {
                    message: number,
                    language: lang,
                    languages: List::of(all.keys())
                }));
            }
            let text = Canonical::from_typed(typed).map_err(|bad| bad_text(&bad))?;
            all.insert(*lang, (text, true));
        }
        Ok(all)
    }

    /// A new number; open releases move to it with their first deadline (RULES B2).
    fn replace(&mut self, number: MessageNo, texts: BTreeMap<Lang, (Canonical, bool)>) {
        let no = number.incident;
        let Some(old) = self.inc(no).message(number.seq).cloned() else { return };
        let new = self.draft_with(no, old.kind, old.audience, texts, Some(old.seq));
        let waiting: Vec<u32> = self
            .inc(no)
            .entries
            .iter()
            .filter(|e| e.message == old.seq && matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. }))
            .map(|e| e.id)
            .collect();
        for entry in &waiting {
            self.move_entry(no, *entry, new);
        }
        self.ask_moved(no, &waiting);
    }

    pub(super) fn reviewed(&mut self, by: &FunctionId, number: MessageNo, lang: Lang) -> Result<(), Refused> {
        let (fx, _) = self.asked_for(by, number)?;
        let inc = self.inc(number.incident);
        let message = inc.message(number.seq).ok_or_else(|| unknown_number(inc, number))?;
        if !message.texts.contains_key(&lang) {
            let languages = List::of(message.texts.keys());
            return Err(refuse!(UnknownLanguage { message: number, language: lang, languages }));
        }
        self.emit(number.incident, Change::Reviewed { message: number.seq, lang, by: fx });
        Ok(())
    }

    pub(super) fn wait(&mut self, by: &FunctionId, number: MessageNo) -> Result<(), Refused> {
        let (_, waiting) = self.asked_for(by, number)?;
        let no = number.incident;
        let fresh: Vec<u32> = waiting
            .into_iter()
            .filter(|id| {
                self.inc(no).entry(*id).is_some_and(|e| matches!(&e.state, EntryState::Waiting(a) if !a.extended))
            })
            .collect();
        if fresh.is_empty() {
            return Err(refuse!(ExtendedAlready { message: number }));
        }
        self.extend(no, &fresh);
        Ok(())
    }

    /// More time, once (RULES B2).
    pub(super) fn extend(&mut self, no: IncidentNo, entries: &[u32]) {
        let by_s = self.inc(no).plan.region.limits.wait_extends_s;
        for id in entries {
            if let Some(EntryState::Waiting(a)) = self.inc(no).entry(*id).map(|e| e.state.clone())
                && !a.extended
            {
                let approval = Approval { due: a.due + by_s, extended: true, ..*a };
                self.emit(no, Change::ApprovalAsked { entry: *id, approval });
            }
        }
    }

    pub(super) fn break_glass(&mut self, by: &FunctionId, number: MessageNo, reason: &Private) -> Result<(), Refused> {
        let no = number.incident;
        let fx = self.lead(no, by)?;
        if reason.is_empty() {
            return Err(refuse!(NoReason));
        }
        let inc = self.inc(no);
        let waiting: Vec<u32> = inc
            .entries
            .iter()
            .filter(|e| e.message == number.seq && matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. }))
            .map(|e| e.id)
            .collect();
        if waiting.is_empty() {
            return Err(not_waiting(inc, number));
        }
        for entry in waiting {
            self.emit(no, Change::ReasonGiven { entry, by: fx, reason: reason.clone() });
            self.release(no, entry, ReleasedBy::BreakGlass(fx));
        }
        Ok(())
    }

    /// The time of an approval is up, or its request did not arrive.
    pub(super) fn approval_due(&mut self, no: IncidentNo, entry: u32) {
        let Some(e) = self.inc(no).entry(entry).cloned() else { return };
        let (EntryState::Waiting(a), Some(rule)) = (&e.state, &e.rule) else { return };
        if a.due > self.now {
            // The request did not reach a device: the deputy is asked beside (RULES B5), the deadline stays.
            self.emit(no, Change::ApprovalAsked { entry, approval: Approval { beside: true, ..(**a).clone() } });
            if self.ask_next_approver(no, entry, false)
                && let Some(EntryState::Waiting(now)) = self.inc(no).entry(entry).map(|e| e.state.clone())
            {
                self.emit(no, Change::ApprovalAsked { entry, approval: Approval { beside: true, ..*now } });
            }
            return;
        }
        let then = if a.held { Then::Hold } else { rule.then };
        match then {
            Then::Release => self.release(no, entry, ReleasedBy::Deadline),
            Then::Escalate => {
                if !self.ask_next_approver(no, entry, true) {
                    if rule.finally == Then::Release {
                        self.release(no, entry, ReleasedBy::Deadline);
                    } else {
                        self.hold(no, entry, rule.within_s);
                    }
                }
            }
            Then::Hold => self.hold(no, entry, rule.within_s),
        }
    }

    /// A standing alarm, and the question again each `within` (RULES B3).
    fn hold(&mut self, no: IncidentNo, entry: u32, within_s: u32) {
        let Some(e) = self.inc(no).entry(entry).cloned() else { return };
        let EntryState::Waiting(a) = e.state else { return };
        let (number, title) = (self.inc(no).number(e.message), self.inc(no).headline());
        let first = !a.held;
        let asked = a.asked.clone();
        let approval = Approval { held: true, due: self.now + within_s.max(60), ..*a };
        self.emit(no, Change::ApprovalAsked { entry, approval });
        let plan = self.plan(no);
        if first {
            // Whoever gets the question again below knows by it; everybody else hears it once (RULES C12).
            let mut told: Vec<FunctionIx> = asked.clone();
            for f in plan.region.last_resort.iter().chain([&plan.region.switchboard]) {
                let holder = self.holds(&plan, *f);
                if told.contains(&holder) {
                    continue;
                }
                told.push(holder);
                self.note(no, *f, NoteWord::ApprovalHeld, &|n| {
                    vec![("number", n.number(number)), ("title", title.get(n.lang).to_owned())]
                });
            }
        }
        for f in asked {
            self.page_approver(no, f, false);
        }
    }

    /// The entries of that number that wait for `by`.
    fn asked_for(&self, by: &FunctionId, number: MessageNo) -> Result<(FunctionIx, Vec<u32>), Refused> {
        let inc = self.known(number.incident)?;
        let plan: &Plan = &inc.plan;
        let fx = self.duty(plan, by)?;
        if inc.message(number.seq).is_none() {
            return Err(unknown_number(inc, number));
        }
        let waiting: Vec<&Entry> = inc
            .entries
            .iter()
            .filter(|e| e.message == number.seq && matches!(e.state, EntryState::Waiting(_)))
            .collect();
        if waiting.is_empty() {
            return Err(not_waiting(inc, number));
        }
        let mine = |e: &&&Entry| matches!(&e.state, EntryState::Waiting(a) if self.acts_for(plan, fx, &a.asked));
        let ids: Vec<u32> = waiting.iter().filter(mine).map(|e| e.id).collect();
        if ids.is_empty() {
            let asked: Vec<&str> = waiting
                .iter()
                .filter_map(|e| match &e.state {
                    EntryState::Waiting(a) => a.asked.last(),
                    _ => None,
                })
                .map(|f| plan.function(*f).id.as_str())
                .collect();
            return Err(refuse!(NotYoursApprove { by, message: number, asked: List::of(asked) }));
        }
        Ok((fx, ids))
    }
}

/// Who is asked next about an entry that waits, when the one whose time runs says no or nothing (RULES B3, B6).
pub fn next_approver(inc: &Incident, entry: &Entry, now: At) -> Option<FunctionIx> {
    let (EntryState::Waiting(a), Some(rule)) = (&entry.state, &entry.rule) else { return None };
    next_in_chain(inc, rule.by, &a.asked, now)
}

/// The first of those who are asked after an approver that was not asked yet and may say yes: its deputies, then the last resort.
fn next_in_chain(inc: &Incident, by: FunctionIx, asked: &[FunctionIx], now: At) -> Option<FunctionIx> {
    chain(&inc.plan, by, now).into_iter().find(|f| !asked.contains(f) && !reported_itself(inc, *f, now))
}

fn chain(plan: &Plan, by: FunctionIx, now: At) -> Vec<FunctionIx> {
    let last = plan.region.last_resort.iter().map(|l| held_by(plan, *l, now));
    deputies_in_turn(plan, by, now.timestamp()).into_iter().chain(last).collect()
}

/// The playbook asks for four eyes, and these two would be of one.
fn reported_itself(inc: &Incident, by: FunctionIx, now: At) -> bool {
    inc.book().four_eyes && one_holder(inc, by, now)
}

/// Whoever holds that duty now holds the one that reported.
fn one_holder(inc: &Incident, by: FunctionIx, now: At) -> bool {
    held_by(&inc.plan, inc.reporter, now) == held_by(&inc.plan, by, now)
}

/// The public sees it.
pub(super) fn for_public(entry: &Entry) -> bool {
    entry.public || entry.audience == Audience::Public
}

pub(super) fn held_by(plan: &Plan, f: FunctionIx, now: At) -> FunctionIx {
    holder(plan, f, now.timestamp()).unwrap_or_else(|circle| circle.last)
}

/// What an entry is called for its approver.
pub(super) fn entry_name(plan: &Plan, entry: &Entry, lang: Lang) -> String {
    if entry.public {
        return plan.words(lang).public.clone();
    }
    let names: Vec<&str> = entry.to.iter().take(3).map(|f| plan.function(*f).short_name(lang)).collect();
    let more = entry.to.len().saturating_sub(3);
    if more == 0 { names.join(", ") } else { format!("{} +{more}", names.join(", ")) }
}

fn fingerprints(m: &Message) -> BTreeMap<Lang, Fingerprint> {
    m.texts.iter().map(|(l, d)| (*l, d.fingerprint)).collect()
}

/// Times of the facts that an approver's own words were written over, and that hold no longer: where one still stands in the text, it
/// stands in those words (RULES A13).
fn times_before(inc: &Incident, m: &Message) -> Vec<At> {
    let times = |facts: &Facts| {
        let back = match facts.restore {
            Restore::At(at) => at,
            Restore::Unknown { forecast } => forecast,
        };
        [back, facts.next]
    };
    let now = [&times(&m.facts)[..], &[m.facts.since]].concat();
    let then = own_message(inc, m.kind, m.audience).map_or_else(Vec::new, |own| times(&own.facts).to_vec());
    then.into_iter().filter(|at| !now.contains(at)).collect()
}
