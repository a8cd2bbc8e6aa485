//! Replays an outage: what was lost and regained when, who noticed what and who answers, against a region's own plan. The rules are the
//! real ones, the clock is virtual, gateways fail as what they hang on is lost, people answer late or nonsense by a seed. At the end stands
//! what each duty *got*, beside what history did; and whether all holds that the scenario expects.
//!
//! ```text
//! form (YAML) ─► scenario (names looked up) ─► run (domain + world + people) ─► expect (judge) ─► outcome (table, JSON, page)
//! ```
//!
//! Must not: do IO, know a protocol, or read a real clock. A test reads the imports.

mod book;
mod dice;
mod expect;
mod form;
mod judge;
mod measure;
mod outcome;
mod page;
mod people;
mod run;
mod scenario;
mod seen;
mod shipped;
mod ways;
mod world;

use std::sync::Arc;

use crate::domain::plan::Plan;
use crate::domain::reach::left::Around;
use crate::yaml::Diagnostic;

pub use form::Form;
pub use outcome::{Beside, Held, Measured, Outcome, Shown, Told, ToldTo};
pub use page::page;
pub(crate) use page::{in_history, in_ours, question, way};
pub use scenario::Scenario;
pub use shipped::shipped;

/// What a scenario is replayed against.
#[derive(Clone, Copy, Debug)]
pub struct Region<'r> {
    pub plan: &'r Arc<Plan>,
    /// What the program itself stands on, and where its pages are.
    pub around: &'r Around,
}

/// Reads a scenario and looks up its names.
///
/// # Errors
/// Every mistake, by line.
pub fn read(path: &str, text: &str, region: Region<'_>) -> Result<Scenario, Vec<Diagnostic>> {
    scenario::read(path, text, region)
}

/// Replays it. Deterministic: the same seed gives the same.
pub fn replay(scenario: &Scenario, region: Region<'_>, seed: u64) -> Outcome {
    let run = run::run(scenario, region, seed);
    outcome::of(scenario, region, &run, seed)
}
