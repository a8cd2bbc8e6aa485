//! What would hurt at night, found by day (RULES F).

mod carry;
mod duties;
mod expect;
mod holders;
mod infra;
mod rehearsal;
mod spoken;
mod steps;
mod texts;

use std::sync::Arc;

pub use spoken::{Spoken, Typed, report_of, spoken};
pub use texts::Avoid;

use super::loaded::Loaded;
use super::places::Places;
use crate::yaml::Found;

/// How closely a configuration is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Whether it can be used: a start at night must not wait for more, nor fail for a test that somebody forgot.
    Start,
    /// Everything: playbooks are carried through, their tests run, each text measured on each gateway.
    Check,
}

/// Looks at a plan that has no errors so far.
pub(super) fn run(loaded: &Loaded, depth: Depth, places: &Places, found: &mut Found) {
    let plan = &loaded.plan;
    holders::check(plan, places, found);
    infra::check(plan, &loaded.gateways, places, found);
    duties::check(plan, places, found);
    steps::check(plan, places, found);
    if depth == Depth::Check {
        let plan = Arc::new(plan.clone());
        carry::check(&plan, places, found);
        texts::check(&plan, places, found);
        expect::check(&plan, &loaded.tests, found);
    }
}
