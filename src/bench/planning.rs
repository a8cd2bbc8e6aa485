//! Deciding alone: who gets what over which gateway, without disk or network.

use std::sync::Arc;

use super::machine::{ms, resident_bytes};
use super::region::{MIXED, Size, generate, report};
use super::{Figure, SEED};
use crate::clock::mono;
use crate::config::{Source, load};
use crate::dispatch::recover::frozen;
use crate::domain::incident::decide::decide;
use crate::domain::incident::state::{Delivery, State};
use crate::domain::time::At;

/// Plans that many deliveries in one report; with or without asks for answers.
///
/// # Errors
/// The report is refused.
pub fn plan(n: u32, answers: bool) -> Result<Vec<Figure>, String> {
    let shipped = load(&Source::Shipped).map_err(|_| "the shipped region has mistakes".to_owned())?;
    let region = generate(shipped, Size { points: n, over: MIXED, answers }, SEED);
    let input = report(&region.reporter);
    let (bytes, plan) = frozen(region.loaded.plan);
    drop(bytes);
    let mut state = State::new(Arc::new(plan));
    let (before, from) = (resident_bytes("self"), mono());
    let events = decide(&mut state, &input, At::from(jiff::Timestamp::now()), [14; 16]).map_err(|e| e.to_string())?;
    let took = from.elapsed();
    let grown = resident_bytes("self").saturating_sub(before);
    let planned: usize = state.incidents.values().map(|i| i.deliveries.len()).sum();
    drop(events);
    let asked = if answers { "with an ask for every second" } else { "without asks" };
    let figure = Figure::new(format!("planning {planned} deliveries {asked}"), ms(took), "ms");
    Ok(vec![
        if answers { figure } else { figure.gate(400.0) },
        Figure::new("bytes of a planned delivery", size_of::<Delivery>() as f64, "bytes").gate(24.0),
        Figure::new(format!("resident growth a delivery {asked}"), grown as f64 / planned.max(1) as f64, "bytes")
            .note("with the events that go to the journal"),
    ])
}
