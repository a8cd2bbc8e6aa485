//! What people write after an incident or a drill, or of one that goes on (RULES D20): who may, when, and what it must say.

use super::{Decider, closed, ids};
use crate::domain::day::Day;
use crate::domain::holder::holder;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::after::{
    AFTER_CHARS_MAX, After, AfterChange, ByHand, Ended, FEEDBACK_AGAIN_MAX, FEEDBACK_MAX, Feedback, IMPROVEMENTS_MAX,
    Improvement, Progress, REMARKS_MAX, Remark, RemarkKind,
};
use crate::domain::incident::event::Event;
use crate::domain::incident::input::Improving;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::timers::{PLAN_TOLD_HOUR, PLAN_TOLD_MAX, plan_due};
use crate::domain::plan::{Channel, Plan};
use crate::domain::private::Private;
use crate::domain::report::Rating;
use crate::domain::text::reorders;
use crate::domain::time::At;
use crate::domain::words::NoteWord;

/// A missing plan is told so many days late at most: after a long stop nobody hears of what was due long ago.
const TOLD_LATE_DAYS: u16 = 7;

/// An improvement is due within so many days: ten years.
pub const IMPROVEMENT_DAYS_MAX: u16 = 3_653;

/// What somebody wrote, without white space around it.
fn typed(text: &Private) -> Result<Private, Refused> {
    let text = text.as_str().replace("\r\n", "\n");
    let text = text.trim();
    let chars = text.chars().count();
    if chars > AFTER_CHARS_MAX {
        return Err(refuse!(BadTextLong { chars, max: AFTER_CHARS_MAX }));
    }
    let bad = |c: char| reorders(c) || (c.is_control() && c != '\n' && c != '\t');
    if let Some((at, c)) = (1_usize..).zip(text.chars()).find(|(_, c)| bad(*c)) {
        return Err(refuse!(BadTextCharacter { at, character: format!("U+{:04X}", u32::from(c)) }));
    }
    Ok(text.into())
}

/// The same of something that must be there.
fn needed(text: &Private, missing: impl FnOnce() -> Refused) -> Result<Private, Refused> {
    let text = typed(text)?;
    if text.is_empty() { Err(missing()) } else { Ok(text) }
}

impl Decider<'_> {
    /// An improvement is planned or changed, by whoever leads the incident.
    pub(super) fn improve(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        id: Option<u32>,
        new: &Improving,
    ) -> Result<(), Refused> {
        let (after, _) = self.over(no)?;
        let before = id.map(|id| known_improvement(after, no, id)).transpose()?.cloned();
        let next = after.improvements.len();
        self.leads_after(by, no)?;
        if before.is_none() && next >= IMPROVEMENTS_MAX {
            return Err(refuse!(AfterFull { incident: no, max: IMPROVEMENTS_MAX }));
        }
        if before.is_some() && *new == Improving::default() {
            return Err(refuse!(ImprovementLacksChange));
        }
        let today = Day::of(self.now, &self.state.plan.calendar);
        let last = today.later(IMPROVEMENT_DAYS_MAX);
        if let Some(day) =
            new.due.filter(|due| before.as_ref().is_none_or(|b| b.due != *due) && !(today..=last).contains(due))
        {
            return Err(refuse!(BadInputDue { day, from: today, to: last }));
        }
        let words = |typed_now: &Option<Private>, was: Option<&Private>| match (typed_now, was) {
            (Some(text), _) => typed(text),
            (None, was) => Ok(was.cloned().unwrap_or_default()),
        };
        let was = before.as_ref();
        let action = words(&new.action, was.map(|w| &w.action))?;
        if action.is_empty() {
            return Err(refuse!(ImprovementLacksAction));
        }
        let owner = new.owner.as_ref().or(was.map(|w| &w.owner)).ok_or_else(|| refuse!(ImprovementLacksOwner))?;
        self.duty(&self.state.plan, owner)?;
        let due = new.due.or(was.map(|w| w.due)).ok_or_else(|| refuse!(ImprovementLacksDue))?;
        let start = new.start.or(was.and_then(|w| w.start));
        if let Some(start) = start.filter(|start| *start > due) {
            return Err(refuse!(DueBeforeStart { start, due }));
        }
        let improvement = Improvement {
            id: id.unwrap_or_else(|| u32::try_from(next + 1).unwrap_or(u32::MAX)),
            capability: words(&new.capability, was.map(|w| &w.capability))?,
            issue: words(&new.issue, was.map(|w| &w.issue))?,
            action,
            element: new.element.or(was.map(|w| w.element)).unwrap_or_default(),
            owner: owner.clone(),
            start,
            due,
            progress: Progress::Open,
            verified: Private::default(),
        };
        self.write_after(no, Some(by), AfterChange::Improvement(improvement));
        Ok(())
    }

    /// It is done: whoever sees to it says so, or whoever leads.
    pub(super) fn improvement_done(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        id: u32,
        verified: &Private,
    ) -> Result<(), Refused> {
        let (after, _) = self.over(no)?;
        let improvement = known_improvement(after, no, id)?.clone();
        let plan = self.state.plan.clone();
        let owner = plan.function_ix(improvement.owner.as_str());
        let fx = self.duty(&plan, by)?;
        if !self.acts_for(&plan, fx, owner.as_slice()) {
            self.leads_after(by, no)?;
        }
        let verified = needed(verified, || refuse!(NotVerified))?;
        let done = Improvement { progress: Progress::Done, verified, ..improvement };
        self.write_after(no, Some(by), AfterChange::Improvement(done));
        Ok(())
    }

    pub(super) fn improvement_dropped(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        id: u32,
        reason: &Private,
    ) -> Result<(), Refused> {
        let (after, _) = self.over(no)?;
        let improvement = known_improvement(after, no, id)?.clone();
        self.leads_after(by, no)?;
        let verified = needed(reason, || refuse!(NoReason))?;
        let dropped = Improvement { progress: Progress::Dropped, verified, ..improvement };
        self.write_after(no, Some(by), AfterChange::Improvement(dropped));
        Ok(())
    }

    pub(super) fn no_improvement(&mut self, by: &FunctionId, no: IncidentNo, reason: &Private) -> Result<(), Refused> {
        let (after, _) = self.over(no)?;
        let planned = after.improvements.len();
        self.leads_after(by, no)?;
        if planned > 0 {
            return Err(refuse!(ImprovementsPlanned { incident: no, count: planned }));
        }
        let reason = needed(reason, || refuse!(NoReason))?;
        self.write_after(no, Some(by), AfterChange::NoneNeeded(reason));
        Ok(())
    }

    /// Whoever saw something writes it, while it goes on as well. `more` of what can be better: what it is about, why, what should be
    /// done.
    pub(super) fn remark(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        kind: RemarkKind,
        text: &Private,
        more: [&Private; 3],
    ) -> Result<(), Refused> {
        let remarks = self.may_be_written_of(no)?.map_or(0, |a| a.remarks.len());
        self.duty(&self.state.plan, by)?;
        if remarks >= REMARKS_MAX {
            return Err(refuse!(AfterFull { incident: no, max: REMARKS_MAX }));
        }
        let text = needed(text, || refuse!(BadTextEmpty))?;
        let [reference, analysis, recommendation] = more.map(typed);
        let remark = Remark { kind, text, reference: reference?, analysis: analysis?, recommendation: recommendation? };
        let more = [&remark.reference, &remark.analysis, &remark.recommendation];
        if kind != RemarkKind::Improve && !more.into_iter().all(Private::is_empty) {
            return Err(refuse!(RemarkSaysMore {}));
        }
        self.write_after(no, Some(by), AfterChange::Remark(remark));
        Ok(())
    }

    /// A function says how it went. One that nobody told has something to say, too.
    pub(super) fn feedback(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        went_well: &Private,
        went_badly: &Private,
        change: &Private,
    ) -> Result<(), Refused> {
        let after = self.may_be_written_of(no)?;
        let full = after.is_some_and(|a| a.feedback.len() >= FEEDBACK_MAX && !a.feedback.contains_key(by));
        let before = after.and_then(|a| Some((a.feedback.get(by)?.what.clone(), *a.feedback_times.get(by)?)));
        self.duty(&self.state.plan, by)?;
        if full {
            return Err(refuse!(AfterFull { incident: no, max: FEEDBACK_MAX }));
        }
        let feedback =
            Feedback { went_well: typed(went_well)?, went_badly: typed(went_badly)?, change: typed(change)? };
        if [&feedback.went_well, &feedback.went_badly, &feedback.change].into_iter().all(Private::is_empty) {
            return Err(refuse!(BadTextEmpty));
        }
        match before {
            // Sent once more: it stands there.
            Some((said, _)) if said == feedback => return Ok(()),
            // A link is enough to say it, and it fills no disk.
            Some((_, times)) if times >= FEEDBACK_AGAIN_MAX => {
                return Err(refuse!(AfterFull { incident: no, max: FEEDBACK_AGAIN_MAX }));
            }
            _ => {}
        }
        self.write_after(no, Some(by), AfterChange::Feedback(feedback));
        Ok(())
    }

    /// Stands beside what was computed (RULES D19), and needs a reason.
    pub(super) fn rate_by_hand(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        objective: u32,
        rating: Rating,
        reason: &Private,
    ) -> Result<(), Refused> {
        let (_, ended) = self.over(no)?;
        let last = ended.objectives;
        self.leads_after(by, no)?;
        if !(1..=last).contains(&objective) {
            return Err(refuse!(UnknownObjective { objective, incident: no, last }));
        }
        let reason = needed(reason, || refuse!(NoReason))?;
        self.write_after(no, Some(by), AfterChange::Rated(ByHand { objective, rating, reason }));
        Ok(())
    }

    /// Nobody has planned anything: who led it hears it, unless that is long past.
    pub(super) fn plan_is_missing(&mut self, no: IncidentNo) {
        let Some(after) = self.state.after.get(&no) else { return };
        let (told, ended) = (after.told_missing, after.ended.clone());
        let plan = self.state.plan.clone();
        let due = ended.as_ref().map(|ended| plan_due(ended, &plan.calendar));
        // Whoever was to be told twice by now is told once.
        let last = due.and_then(|due| due.at_hour(PLAN_TOLD_HOUR, &plan.calendar)).is_some_and(|at| at <= self.now);
        self.write_after(no, None, AfterChange::PlanMissing(if last { PLAN_TOLD_MAX } else { told + 1 }));
        let (Some(ended), Some(due)) = (ended, due) else { return };
        let late = Day::of(self.now, &plan.calendar) > due.later(TOLD_LATE_DAYS);
        let Some(to) = plan.function_ix(ended.led_by.as_str()).filter(|_| !late) else { return };
        // It can wait until somebody reads mail; where there is none, it goes to what people carry.
        let points = plan.points_at(self.holds(&plan, to), self.now);
        let over = |all: &[Channel]| -> Vec<PointIx> {
            points.iter().copied().filter(|p| all.contains(&plan.point(*p).channel)).collect()
        };
        let mails = over(&[Channel::Email]);
        // Told late, it may be night: nobody is woken for it.
        let night = plan.calendar.is_night(self.now.timestamp());
        let chosen = if mails.is_empty() && !night { over(&[Channel::Sms, Channel::Paging]) } else { mails };
        for p in chosen {
            self.system_note(p, NoteWord::PlanMissing, &|n| {
                vec![
                    ("title", ended.title.get(n.lang).to_owned()),
                    ("number", n.incident(no)),
                    ("day", due.to_string()),
                ]
            });
        }
    }

    /// What is private of it goes with the rest.
    pub(super) fn forget_after(&mut self, no: IncidentNo) {
        if self.state.after.get(&no).is_some_and(|a| !a.forgotten) {
            self.write_after(no, None, AfterChange::Forgotten);
        }
    }

    fn write_after(&mut self, incident: IncidentNo, by: Option<&FunctionId>, change: AfterChange) {
        let who = by.and_then(|_| self.actor.clone());
        self.emit_event(Event::After { incident, by: by.cloned(), who, change: Box::new(change) });
    }

    /// What was written of an incident so far, of which more may be written.
    fn may_be_written_of(&self, no: IncidentNo) -> Result<Option<&After>, Refused> {
        let merged = match (self.state.incidents.get(&no), self.state.archived.get(&no)) {
            (Some(inc), _) => inc.merged_into,
            (None, Some(summary)) => summary.merged_into,
            (None, None) => return Err(self.unknown(no)),
        };
        if merged.is_some() {
            return Err(closed(no, merged));
        }
        let after = self.state.after.get(&no);
        match after {
            Some(after) if after.forgotten => Err(refuse!(AfterForgotten { incident: no })),
            None if !self.state.incidents.contains_key(&no) => Err(refuse!(AfterNotKept { incident: no })),
            after => Ok(after),
        }
    }

    /// The same of one that is over.
    fn over(&self, no: IncidentNo) -> Result<(&After, &Ended), Refused> {
        let after = self.may_be_written_of(no)?;
        let ended = after.and_then(|a| a.ended.as_ref().map(|ended| (a, ended)));
        ended.ok_or_else(|| refuse!(NotOver { incident: no }))
    }

    /// Whoever led it, might have, or is in command.
    fn leads_after(&self, by: &FunctionId, no: IncidentNo) -> Result<(), Refused> {
        let (_, ended) = self.over(no)?;
        may_plan(&self.state.plan, ended, no, by, self.now)
    }
}

/// Whether a duty may plan what is to be better after something that ended: it led, might have, or is in command; itself, or for whom it
/// covers.
///
/// # Errors
/// It may not, with those who may.
pub fn may_plan(plan: &Plan, ended: &Ended, no: IncidentNo, by: &FunctionId, now: At) -> Result<(), Refused> {
    let fx = plan.function_ix(by.as_str()).ok_or_else(|| refuse!(UnknownFunction { function: by }))?;
    let named = ended.leads.iter().chain([&ended.led_by]).filter_map(|id| plan.function_ix(id.as_str()));
    let mut all: Vec<FunctionIx> = plan.region.command.iter().copied().chain(named).collect();
    let held_by = |f: FunctionIx| holder(plan, f, now.timestamp()).unwrap_or_else(|circle| circle.last);
    if all.iter().any(|f| *f == fx || held_by(*f) == fx) {
        return Ok(());
    }
    all.sort_unstable();
    all.dedup();
    Err(refuse!(NotYours { by, incident: no, may: ids(plan, &all) }))
}

fn known_improvement(after: &After, no: IncidentNo, id: u32) -> Result<&Improvement, Refused> {
    let last = after.improvements.len();
    after.improvement(id).ok_or_else(|| refuse!(UnknownImprovement { id, incident: no, last }))
}
