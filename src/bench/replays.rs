//! The eight outages that are built in, replayed together against the shipped region.

use std::sync::Arc;

use super::machine::ms;
use super::{Figure, SEED};
use crate::clock::mono;
use crate::config::{Source, load};
use crate::replay::{Region, read, replay, shipped};

/// All of them, one after the other.
///
/// # Errors
/// The shipped region or a scenario can't be read.
pub fn all() -> Result<Vec<Figure>, String> {
    let loaded = load(&Source::Shipped).map_err(|_| "the shipped region has mistakes".to_owned())?;
    let plan = Arc::new(loaded.plan);
    let region = Region { plan: &plan, around: &loaded.around };
    let mut figures = Vec::new();
    let (mut texts, from) = (0, mono());
    for (name, text) in shipped() {
        let began = mono();
        let scenario = read(&name, &text, region).map_err(|_| format!("{name} has mistakes"))?;
        let outcome = replay(&scenario, region, SEED);
        let got = |t: &crate::replay::ToldTo| t.sms + t.notes + t.paging + t.fax + t.email;
        texts += outcome.told.iter().map(got).sum::<u32>();
        let state = if outcome.passed { "holds" } else { "does not hold" };
        figures.push(Figure::new(format!("replay of {name}"), ms(began.elapsed()), "ms").note(state));
    }
    let note = format!("{texts} texts over one way of each kind to each duty");
    figures.push(Figure::new("all replays together", ms(from.elapsed()), "ms").gate(1_000.0).note(note));
    Ok(figures)
}
