//! Who holds what in each of the 168 hours of the week: gaps, circles, and deputies who turn out to be the same duty.

use std::collections::BTreeMap;

use jiff::civil::date;

use crate::config::places::Places;
use crate::domain::calendar::Calendar;
use crate::domain::holder::{deputies_when, holder_when};
use crate::domain::ids::{FunctionIx, PlaybookId};
use crate::domain::incident::steps::is_outside;
use crate::domain::plan::{Audience, Plan, To};
use crate::yaml::diagnostics::Found;

/// Nobody can hold more duties than that at one time (RULES F).
const FUNCTIONS_PER_HOLDER_MAX: usize = 5;
/// Hours of a week.
const WEEK_H: u32 = 168;

/// The two states of a week, with the hours of each: only office hours decide who holds a duty.
pub(super) fn states(calendar: &Calendar) -> Vec<(bool, u32)> {
    let plain = Calendar { holidays: Vec::new(), ..calendar.clone() };
    // A week without a change of the clocks.
    let Ok(monday) = date(2024, 6, 3).to_zoned(calendar.zone.0.clone()) else { return vec![(false, WEEK_H)] };
    let day =
        (0..WEEK_H).filter(|h| plain.is_day(monday.timestamp() + jiff::SignedDuration::from_hours(i64::from(*h))));
    let day_h = u32::try_from(day.count()).unwrap_or(0);
    [(true, day_h), (false, WEEK_H - day_h)].into_iter().filter(|(_, hours)| *hours > 0).collect()
}

fn name(is_day: bool) -> &'static str {
    if is_day { "in office hours" } else { "outside office hours" }
}

pub(super) fn check(plan: &Plan, places: &Places, found: &mut Found) {
    let states = states(&plan.calendar);
    let all: Vec<FunctionIx> =
        (0..plan.functions.len()).filter_map(|i| u32::try_from(i).ok()).map(FunctionIx).collect();
    for &f in &all {
        // Nobody outside is asked for an answer.
        if plan.function(f).deputies.is_empty() && !is_outside(plan, f) {
            let message = format!("\"{}\" has no deputy: silence goes to the last resort", plan.function(f).id);
            found.warning(places.functions[f.ix()], "no-deputy", message);
        }
    }
    for &(is_day, hours) in &states {
        let when = name(is_day);
        let held = |f: FunctionIx| holder_when(plan, f, is_day).unwrap_or(f);
        own_deputy(plan, places, found, &all, (is_day, hours));
        for site in plan.region.sites.iter().filter(|s| s.id != plan.region.whole) {
            let own = all.iter().any(|f| plan.function(*f).site == site.id && plan.function(held(*f)).site == site.id);
            if !own {
                let at = all.iter().find(|f| plan.function(**f).site == site.id);
                let place = at.map_or(places.office_hours, |f| places.functions[f.ix()]);
                let message = format!("{} has nobody of its own {when}, {hours} of {WEEK_H} hours", site.id);
                found.warning(place, "site-alone", message).help("every duty there is covered from elsewhere");
            }
        }
        let mut carried: BTreeMap<FunctionIx, Vec<FunctionIx>> = BTreeMap::new();
        for &f in &all {
            carried.entry(held(f)).or_default().push(f);
        }
        for (holder, functions) in carried {
            if functions.len() > FUNCTIONS_PER_HOLDER_MAX {
                let message = format!(
                    "{when} \"{}\" holds {} functions at once: {}",
                    plan.function(holder).id,
                    functions.len(),
                    ids(plan, &functions)
                );
                found.warning(places.functions[holder.ix()], "too-many-functions", message);
            }
        }
    }
    decisions(plan, places, found, &states);
}

pub(in crate::config) fn ids(plan: &Plan, functions: &[FunctionIx]) -> String {
    functions.iter().map(|f| plan.function(*f).id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Says who covers whom in a circle. `true`: somebody does.
pub(super) fn circles_of_covering(plan: &Plan, places: &Places, found: &mut Found) -> bool {
    let mut said: Vec<Vec<FunctionIx>> = Vec::new();
    for i in 0..plan.functions.len() {
        let f = FunctionIx(u32::try_from(i).unwrap_or(0));
        let Err(circle) = holder_when(plan, f, false) else { continue };
        let members = circle.members(plan);
        let mut sorted = members.clone();
        sorted.sort();
        if said.contains(&sorted) {
            continue;
        }
        said.push(sorted);
        let way: Vec<&str> = members.iter().chain(&members[..1]).map(|f| plan.function(*f).id.as_str()).collect();
        let message = format!("nobody is there outside office hours: {}", way.join(" is covered by "));
        found
            .error(places.functions[members[0].ix()], "covering-circle", message)
            .help("one of them must be held always");
    }
    !said.is_empty()
}

/// Of nobody who covers each other in a circle.
pub(super) fn circles_of_deputies(plan: &Plan, places: &Places, found: &mut Found) {
    let all: Vec<FunctionIx> =
        (0..plan.functions.len()).filter_map(|i| u32::try_from(i).ok()).map(FunctionIx).collect();
    for (is_day, _) in states(&plan.calendar) {
        circle_of_deputies(plan, places, found, &all, is_day);
    }
}

/// Holder = only deputy: the deputy is asked after itself.
fn own_deputy(plan: &Plan, places: &Places, found: &mut Found, all: &[FunctionIx], (is_day, hours): (bool, u32)) {
    let held = |f: FunctionIx| holder_when(plan, f, is_day).unwrap_or(f);
    for &f in all {
        let function = plan.function(f);
        let holder = held(f);
        if !function.deputies.is_empty() && function.deputies.iter().all(|d| held(*d) == holder) {
            let message = format!(
                "{} \"{}\" is its own only deputy: \"{}\" holds it and is asked after it, {hours} of {WEEK_H} hours",
                name(is_day),
                function.id,
                plan.function(holder).id
            );
            found.warning(places.functions[f.ix()], "own-only-deputy", message).help("name a second, different deputy");
        }
    }
}

/// Escalation that comes back because a deputy is covered. Deputies may be mutual; that alone is not a mistake.
fn circle_of_deputies(plan: &Plan, places: &Places, found: &mut Found, all: &[FunctionIx], is_day: bool) {
    let held = |f: FunctionIx| holder_when(plan, f, is_day).unwrap_or(f);
    for &f in all.iter().filter(|f| held(**f) == **f) {
        for &deputy in &plan.function(f).deputies {
            let by = held(deputy);
            if by == deputy || by == f {
                continue;
            }
            if plan.function(by).deputies.iter().any(|d| held(*d) == f) {
                let message = format!(
                    "{} escalation goes in a circle: \"{}\" passes on to \"{}\", which \"{}\" covers, which passes on to \"{}\"",
                    name(is_day),
                    plan.function(f).id,
                    plan.function(deputy).id,
                    plan.function(by).id,
                    plan.function(f).id
                );
                let help = "each is asked once, then the last resort; name a deputy who is not covered";
                found.warning(places.functions[f.ix()], "deputy-circle", message).help(help);
            }
        }
    }
}

/// Approvals and decisions that nobody but one holder can take, and four eyes that are two.
fn decisions(plan: &Plan, places: &Places, found: &mut Found, states: &[(bool, u32)]) {
    let chain = |f: FunctionIx, is_day: bool| -> Vec<FunctionIx> {
        let held = |f: FunctionIx| holder_when(plan, f, is_day).unwrap_or(f);
        let mut chain = vec![held(f)];
        for next in deputies_when(plan, f, is_day).into_iter().chain(plan.region.last_resort.iter().map(|l| held(*l))) {
            if !chain.contains(&next) {
                chain.push(next);
            }
        }
        chain
    };
    for (place, decides, playbook) in &places.proposals {
        for &(is_day, _) in states {
            if chain(*decides, is_day).len() < 2 {
                let of = playbook.as_ref().map(|p: &PlaybookId| format!(" of {p}")).unwrap_or_default();
                let message =
                    format!("{} nobody but \"{}\" can decide this{of}", name(is_day), plan.function(*decides).id);
                found.warning(*place, "nobody-distinct", message);
            }
        }
    }
    for ((playbook, row), place) in &places.approvals {
        let Some(book) = plan.playbooks.get(playbook) else { continue };
        let Some(row) = plan.row(book, *row) else { continue };
        let Some(approval) = row.approval.as_ref() else { continue };
        // What the public sees takes two, whatever the playbook says (RULES H3).
        let takes_two = book.four_eyes || row.to == To::Public || row.audience == Audience::Public;
        for &(is_day, _) in states {
            if chain(approval.by, is_day).len() < 2 {
                let by = &plan.function(approval.by).id;
                let (code, message) = match takes_two {
                    true => ("four-eyes", format!("{} four eyes have nobody left when \"{by}\" reports", name(is_day))),
                    false => ("nobody-distinct", format!("{} nobody but \"{by}\" can approve this", name(is_day))),
                };
                found.warning(*place, code, message).help("give it a deputy, or the organisation a last resort");
            }
        }
    }
}
