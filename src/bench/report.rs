//! The report after an incident, from the journal, of a large one.

use std::sync::Arc;

use super::Figure;
use super::machine::ms;
use super::region::{EMAIL, MIXED, SMS, report};
use super::rig::{Rig, Taker, Way};
use super::sending::{region, wait};
use crate::clock::mono;
use crate::dispatch::after::after_report;
use crate::domain::ids::GatewayId;
use crate::domain::incident::event::Event;
use crate::journal::Head;

/// Sends that many, and makes the report of it.
///
/// # Errors
/// The machine does not give what it needs, or there is no report.
pub fn made(n: u32) -> Result<Vec<Figure>, String> {
    wait(async {
        let taker = |id: &str| -> Way { (GatewayId::from(id), Arc::new(Taker::default()), 256) };
        let region = region(n, MIXED)?;
        let input = report(&region.reporter);
        let rig = Rig::start(region, vec![taker(SMS), taker(EMAIL)]).await?;
        let done = rig.handle.input(input).await.map_err(|e| e.to_string())?;
        let no = done.events.iter().find_map(Event::incident).ok_or("nothing was reported")?;
        rig.until_known(n as usize).await?;
        let reader = rig.reader()?;
        let from = mono();
        let report = after_report(&*reader, Head::START, no)?.ok_or("there is no report")?;
        let took = from.elapsed();
        drop(reader);
        rig.stop().await;
        let what = format!("report after an incident of {} texts", report.totals.attempted);
        Ok(vec![Figure::new(what, ms(took), "ms").gate(1_000.0).note("from the journal's first record on")])
    })
}
