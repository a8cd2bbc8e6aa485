//! What would hurt at night, found by day (RULES F).

mod carry;
mod drills;
mod duties;
mod expect;
mod holders;
mod infra;
mod ladders;
mod page;
mod rehearsal;
mod single;
mod spoken;
mod steps;
mod texts;

use std::sync::Arc;

pub(super) use holders::ids;
pub use spoken::{Spoken, Typed, report_of, spoken};
pub use texts::Avoid;

use super::loaded::Loaded;
use super::places::Places;
use crate::domain::plan::Plan;
use crate::yaml::Found;

/// How closely a configuration is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Whether it can be used: a start at night must not wait for more, nor fail for a test that somebody forgot.
    Start,
    /// Everything: playbooks are carried through, their tests run, each text measured on each gateway.
    Check,
}

/// Where the plan goes round in circles.
#[derive(Clone, Copy)]
pub(super) struct Circles {
    /// Of those who cover each other: nobody holds the duty then.
    covering: bool,
    /// Of what needs each other: nothing of it can start.
    needs: bool,
}

/// Says every circle, also of a plan that has other errors.
pub(super) fn circles(plan: &Plan, places: &Places, found: &mut Found) -> Circles {
    let covering = holders::circles_of_covering(plan, places, found);
    // A circle of deputies is a warning: it can wait for the files that are missing.
    if !covering && !found.lacks_files() {
        holders::circles_of_deputies(plan, places, found);
    }
    Circles { covering, needs: infra::circles(plan, places, found) }
}

/// Looks at a plan that has no broken file and no name that leads nowhere.
pub(super) fn run(loaded: &Loaded, depth: Depth, places: &Places, circles: Circles, found: &mut Found) {
    let plan = &loaded.plan;
    if !circles.covering {
        holders::check(plan, places, found);
    }
    infra::check(loaded, places, circles.needs, found);
    ladders::check(plan, places, found);
    duties::check(plan, places, found);
    steps::check(plan, places, found);
    page::check(loaded, places, found);
    drills::check(loaded, places, found);
    if depth == Depth::Check {
        let plan = Arc::new(plan.clone());
        carry::check(&plan, places, found);
        texts::check(&plan, places, found);
        expect::check(&plan, &loaded.tests, found);
    }
}
