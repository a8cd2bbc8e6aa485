//! Who holds a duty at a moment. A function with office hours is covered by another for the rest of the week, which may be
//! covered itself; the chain is followed to the one who really answers.
//!
//! Must not: know who was asked, or who is silent (escalation does), or what time it is.

use jiff::Timestamp;

use super::ids::FunctionIx;
use super::plan::{Hours, Plan};

/// A covers for B and B for A: nobody is there. `check` finds it by day; at night the text still has to go somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Circle {
    /// The last function on the way that was not seen before: text goes there, an alarm in the wrong place beats silence.
    pub last: FunctionIx,
    /// The way, from the function that was asked for.
    pub path: Vec<FunctionIx>,
}

impl Circle {
    /// The functions that cover for each other, without the way that leads to them.
    pub fn members(&self, plan: &Plan) -> Vec<FunctionIx> {
        let back_to = match plan.function(self.last).hours {
            Hours::Day { covered_by } => covered_by,
            Hours::Always => self.last,
        };
        let from = self.path.iter().position(|f| *f == back_to).unwrap_or(0);
        self.path[from..].to_vec()
    }
}

/// Who holds `f` at that moment.
///
/// # Errors
/// A circle of covering; [`Circle::last`] says whom to address nevertheless.
pub fn holder(plan: &Plan, f: FunctionIx, at: Timestamp) -> Result<FunctionIx, Circle> {
    if plan.function(f).hours == Hours::Always {
        // Most duties: no need to ask the calendar, which has to work out the local time.
        return Ok(f);
    }
    holder_when(plan, f, plan.calendar.is_day(at))
}

/// The same when it is known whether the hour is an office hour: `check` walks all 168 hours with it.
///
/// # Errors
/// As [`holder`].
pub fn holder_when(plan: &Plan, f: FunctionIx, is_day: bool) -> Result<FunctionIx, Circle> {
    let mut path = vec![f];
    let mut now = f;
    loop {
        let next = match plan.function(now).hours {
            Hours::Day { covered_by } if !is_day => covered_by,
            Hours::Day { .. } | Hours::Always => return Ok(now),
        };
        if path.contains(&next) {
            return Err(Circle { last: now, path });
        }
        path.push(next);
        now = next;
    }
}

/// Who is asked after `f`, in this order, each holder once and never the holder of `f` itself: its deputies, theirs, and so
/// on. Covering is not escalation (RULES C10): a deputy who is held by somebody already asked is passed over.
pub fn deputies_in_turn(plan: &Plan, f: FunctionIx, at: Timestamp) -> Vec<FunctionIx> {
    deputies_when(plan, f, plan.calendar.is_day(at))
}

/// The same when it is known whether the hour is an office hour.
pub fn deputies_when(plan: &Plan, f: FunctionIx, is_day: bool) -> Vec<FunctionIx> {
    let held = |x: FunctionIx| holder_when(plan, x, is_day).unwrap_or_else(|circle| circle.last);
    let mut asked = vec![held(f)];
    let mut visited = vec![f];
    let mut at = 0;
    while let Some(&current) = visited.get(at) {
        at += 1;
        for &deputy in &plan.function(current).deputies {
            if visited.contains(&deputy) {
                continue;
            }
            visited.push(deputy);
            let who = held(deputy);
            if !asked.contains(&who) {
                asked.push(who);
            }
            if !visited.contains(&who) {
                visited.push(who);
            }
        }
    }
    asked.remove(0);
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{FunctionId, SiteId};
    use crate::domain::lang::{L10n, Lang};
    use crate::domain::plan::Function;

    /// (hours: covered by, deputies) per function.
    fn plan(of: &[(Option<u32>, &[u32])]) -> Plan {
        let functions = of
            .iter()
            .enumerate()
            .map(|(i, (covered_by, deputies))| Function {
                id: FunctionId::from(format!("f{i}")),
                title: L10n::default(),
                short: L10n::default(),
                site: SiteId::from("REG"),
                place: L10n::default(),
                hours: covered_by.map_or(Hours::Always, |by| Hours::Day { covered_by: FunctionIx(by) }),
                answer_within_s: 300,
                answers: 1,
                may_own: None,
                deputies: deputies.iter().map(|d| FunctionIx(*d)).collect(),
                points: Vec::new(),
                roster: Default::default(),
                lang: Lang::SV,
                care: false,
                shifts: Vec::new(),
                phone: None,
            })
            .collect();
        Plan { functions, ..Plan::default() }
    }

    #[test]
    fn covering_is_followed_to_the_one_who_answers() {
        let p = plan(&[(None, &[]), (Some(0), &[]), (Some(1), &[])]);
        assert_eq!(holder_when(&p, FunctionIx(2), false), Ok(FunctionIx(0)));
        assert_eq!(holder_when(&p, FunctionIx(2), true), Ok(FunctionIx(2)));
    }

    #[test]
    fn a_circle_of_covering_is_said_and_still_names_somebody() {
        let p = plan(&[(Some(1), &[]), (Some(2), &[]), (Some(1), &[])]);
        let circle = holder_when(&p, FunctionIx(0), false).expect_err("a circle");
        assert_eq!(circle, Circle { last: FunctionIx(2), path: vec![FunctionIx(0), FunctionIx(1), FunctionIx(2)] });
        assert_eq!(circle.members(&p), [FunctionIx(1), FunctionIx(2)]);
    }

    #[test]
    fn rule_c10_escalation_visits_each_holder_once() {
        // tib, tib-2, regdir (night: tib), cl-reg: the circle of the fictional region.
        let p = plan(&[(None, &[1, 3]), (None, &[2]), (Some(0), &[3]), (None, &[])]);
        assert_eq!(deputies_when(&p, FunctionIx(1), true), [FunctionIx(2), FunctionIx(3)]);
        assert_eq!(deputies_when(&p, FunctionIx(1), false), [FunctionIx(0), FunctionIx(3)]);
        assert_eq!(deputies_when(&p, FunctionIx(0), false), [FunctionIx(1), FunctionIx(3)]);
        // A function that is its own only deputy at night has nobody.
        let own = plan(&[(None, &[]), (Some(0), &[0])]);
        assert_eq!(deputies_when(&own, FunctionIx(1), false), []);
        assert_eq!(deputies_when(&own, FunctionIx(1), true), [FunctionIx(0)]);
        // A circle of deputies ends where it began: the deputies of whoever covers at night are asked no more than without it.
        let circle = plan(&[(None, &[3]), (Some(0), &[2]), (None, &[1]), (None, &[])]);
        assert_eq!(deputies_when(&circle, FunctionIx(1), false), [FunctionIx(2)]);
    }
}
