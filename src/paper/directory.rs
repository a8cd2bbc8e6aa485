//! The directory on paper: what helps a person with a working telephone and nothing else.

use super::{Occasion, Sheet, channel, names, span};
use crate::domain::ids::{FunctionId, FunctionIx, InfraId, PointIx};
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::domain::view::{DutyView, PointView, TurnView, directory as duties, turns};
use crate::words::paper as words;

/// Weeks of turns that are printed.
const WEEKS: u32 = 4;
/// Turns of one duty that are printed; that there are more is said.
const TURNS_PRINTED_MAX: usize = 60;

/// Numbers and addresses that may not stand in texts. Whoever makes these has read the configuration on the machine itself; no page of
/// the console has them.
pub struct Numbers<'n> {
    /// The address of a duty point.
    pub address: &'n dyn Fn(PointIx) -> Option<String>,
    /// The duty telephone of a function.
    pub telephone: &'n dyn Fn(FunctionIx) -> Option<String>,
}

/// The paper.
pub fn directory(plan: &Plan, on: Occasion, numbers: Option<&Numbers<'_>>) -> Sheet {
    let lang = on.lang;
    let mut sheet = Sheet::new(plan, on, words::DIRECTORY.say(lang));
    if numbers.is_some() {
        sheet.marks.insert(0, words::CONFIDENTIAL.say(lang).to_owned());
    }
    let all = duties(plan, on.now, "");
    let page = Page { plan, on, numbers };
    sheet.heading(2, words::IMPORTANT_NUMBERS.say(lang));
    sheet.pair(words::EMERGENCY.say(lang), &*plan.region.emergency);
    sheet.pair(words::CALL_PUBLIC.say(lang), &*plan.region.call);
    sheet.pair(words::CALL_OUTSIDE.say(lang), &*plan.region.outside_call);
    let switchboard = plan.functions.get(plan.region.switchboard.ix()).map(|f| &f.id);
    if let Some(duty) = all.iter().find(|d| Some(&d.id) == switchboard) {
        sheet.pair(duty.title.get(lang), page.telephone(duty).unwrap_or_default());
    }
    for site in &plan.region.sites {
        let mut here = all.iter().filter(|d| d.site == site.id).peekable();
        if here.peek().is_some() {
            sheet.heading(2, site.name.get(lang));
        }
        for duty in here {
            page.duty(&mut sheet, duty);
        }
    }
    sheet
}

/// What a duty point is called within its duty: `SMS 2`.
pub fn point_name(lang: Lang, point: &PointView) -> String {
    let channel = channel(lang, point.channel);
    point.nth.map_or_else(|| channel.to_owned(), |n| format!("{channel} {n}"))
}

/// Who has the turn, by the places of points.
pub fn turn_name(lang: Lang, duty: &DutyView, points: &[usize]) -> String {
    if points.is_empty() {
        return words::NOBODYS_TURN.say(lang).to_owned();
    }
    let all = points.iter().filter_map(|p| duty.points.get(*p)).map(|p| point_name(lang, p));
    all.collect::<Vec<_>>().join(" + ")
}

struct Page<'p> {
    plan: &'p Plan,
    on: Occasion,
    numbers: Option<&'p Numbers<'p>>,
}

impl Page<'_> {
    fn ix(&self, id: &FunctionId) -> Option<FunctionIx> {
        self.plan.function_ix(id.as_str())
    }
    fn names(&self, all: &[FunctionId]) -> String {
        let all: Vec<FunctionIx> = all.iter().filter_map(|id| self.ix(id)).collect();
        names(self.plan, self.on.lang, &all)
    }
    fn time(&self, at: At) -> String {
        self.plan.words(self.on.lang).time(&self.plan.calendar, at.timestamp(), self.on.now.timestamp())
    }

    /// The number, or that there is one.
    fn telephone(&self, duty: &DutyView) -> Option<String> {
        let phone = duty.phone.as_ref()?;
        let given = || (self.numbers?.telephone)(self.ix(&duty.id)?);
        let number = phone.number.clone().or_else(given);
        Some(number.unwrap_or_else(|| words::NOT_PUBLISHED.say(self.on.lang).to_owned()))
    }

    fn point(&self, point: &PointView) -> String {
        let name = point_name(self.on.lang, point);
        let address = self.numbers.and_then(|n| (n.address)(point.point));
        let name = address.map_or_else(|| name.clone(), |address| format!("{name} {address}"));
        match point.proven {
            Some(date) => words::proven_on(self.on.lang, name, date),
            None => words::never_proven(self.on.lang, name),
        }
    }

    fn duty(&self, sheet: &mut Sheet, duty: &DutyView) {
        let lang = self.on.lang;
        sheet.heading(3, duty.title.get(lang));
        sheet.pair(words::TELEPHONE.say(lang), self.telephone(duty).unwrap_or_default());
        let points: Vec<String> = duty.points.iter().map(|p| self.point(p)).collect();
        sheet.pair(words::COURIER_SITE.say(lang), duty.place.get(lang));
        sheet.pair(words::REACHED_BY.say(lang), points.join("; "));
        let within = span(duty.answer_within_s);
        sheet.pair(
            words::ANSWERS_WITHIN.say(lang),
            if duty.answers > 1 { words::answers_needed(lang, within, duty.answers) } else { within },
        );
        sheet.pair(words::DEPUTIES.say(lang), self.names(&duty.deputies));
        if let Some(by) = &duty.covered_by {
            sheet.pair(words::OFF_HOURS.say(lang), words::answers_instead(lang, self.names(std::slice::from_ref(by))));
        }
        sheet.pair(words::ALSO_FOR.say(lang), self.names(&duty.covers));
        if let Some(turn) = &duty.turn {
            self.turns(sheet, duty, turn);
        }
        sheet.pair(words::DEPENDS_ON.say(lang), infra(&duty.needs));
        sheet.pair(words::FALLS_WITH.say(lang), infra(&duty.falls_with));
        let groups: Vec<&str> = duty.groups.iter().map(|g| g.as_str()).collect();
        let ids = [&[duty.id.as_str()][..], &groups].concat();
        sheet.pair(words::ID.say(lang), ids.join(", "));
    }

    /// Who has it now, and what follows.
    fn turns(&self, sheet: &mut Sheet, duty: &DutyView, now: &TurnView) {
        let lang = self.on.lang;
        let who = turn_name(lang, duty, &now.points);
        let text = now.until.map_or_else(|| who.clone(), |until| words::turn_until(lang, &who, self.time(until)));
        sheet.pair(words::TURN_NOW.say(lang), text);
        let Some(fx) = self.ix(&duty.id) else { return };
        let today = self.plan.calendar.local(self.on.now.timestamp()).date();
        let Some(four) = turns(self.plan, fx, today, WEEKS) else { return };
        let after: Vec<_> = four.shifts.iter().filter(|s| s.from > self.on.now).collect();
        let lines = after
            .iter()
            .take(TURNS_PRINTED_MAX)
            .map(|s| words::turn_from(lang, self.time(s.from), turn_name(lang, duty, &s.points)));
        let mut text = lines.collect::<Vec<_>>().join("; ");
        let last = four.days.last().map_or(today, |d| d.date);
        if after.len() > TURNS_PRINTED_MAX || four.cut {
            text.push_str(words::AND_MORE.say(lang));
        }
        let label = words::turns_till(lang, last);
        sheet.pair(&label, text);
    }
}

fn infra(all: &[InfraId]) -> String {
    all.iter().map(InfraId::as_str).collect::<Vec<_>>().join(", ")
}
