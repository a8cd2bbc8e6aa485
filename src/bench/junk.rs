//! Machines that answer everything, in a second and for long: how long the next alert waits for them (RULES C13).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Figure;
use super::machine::ms;
use super::region::{SMS, report};
use super::rig::{Rig, Taker, Way};
use super::sending::{region, wait};
use crate::clock::mono;
use crate::domain::ids::{GatewayId, PointIx};
use crate::domain::plan::Channel;

/// So many of the region's telephones answer everything.
const MACHINES: usize = 20;
/// What they say, in turn: an automatic reply, a doubt, a wrong code, a yes to nothing.
const SAID: [&str; 4] = ["Autosvar: i bilen", "OK, vad?", "JA 123456", "JA 4711"];
/// Deliveries of the alert.
const ALERT: u32 = 100;
/// They come at this pace: a thousand a second.
const TICK: Duration = Duration::from_millis(10);
const PER_TICK: u32 = 10;

/// An incident is open, `n` junk answers come at a thousand a second, and in the midst of them another one is reported.
///
/// # Errors
/// The machine does not give what it needs, or deliveries are not accepted.
pub fn answers(n: u32) -> Result<Vec<Figure>, String> {
    let quiet = alert_within(0)?;
    let loud = alert_within(n)?;
    let what = |how: &str| format!("report → first hand-off, {ALERT} deliveries, {how}");
    Ok(vec![
        Figure::new(what("nobody answers"), ms(quiet), "ms"),
        Figure::new(what(&format!("{n} junk answers in {} s", n / 1_000)), ms(loud), "ms"),
        Figure::new("junk answers delay the next alert by", ms(loud.saturating_sub(quiet)), "ms").gate(1_000.0),
    ])
}

fn alert_within(junk: u32) -> Result<Duration, String> {
    wait(async {
        let first = Arc::new(OnceLock::new());
        let way: Way = (GatewayId::from(SMS), Arc::new(Taker::noting(first.clone())), 256);
        let region = region(ALERT, &[Channel::Sms])?;
        let address =
            |i: usize| region.loaded.contacts.address(PointIx(u32::try_from(i).ok()?)).map(ToString::to_string);
        let machines: Vec<String> = (0..MACHINES).filter_map(address).collect();
        let input = report(&region.reporter);
        let rig = Rig::start(region, vec![way]).await?;
        let handle = rig.handle.clone();
        let answering = tokio::spawn(async move {
            let mut pace = tokio::time::interval(TICK);
            for i in 0..junk {
                if i % PER_TICK == 0 {
                    pace.tick().await;
                }
                let from = machines.get(i as usize % machines.len().max(1)).cloned().unwrap_or_default();
                handle.reply(Channel::Sms, from, SAID[i as usize % SAID.len()].to_owned()).await;
            }
        });
        // In the midst of them.
        tokio::time::sleep(TICK * (junk / PER_TICK / 2)).await;
        let from = mono();
        rig.handle.input(input).await.map_err(|e| e.to_string())?;
        rig.until(|_| first.get().is_some(), "nothing was handed over").await?;
        let handed = first.get().map(|at: &tokio::time::Instant| at.duration_since(from)).unwrap_or_default();
        answering.await.map_err(|e| e.to_string())?;
        rig.until_known(ALERT as usize).await?;
        rig.stop().await;
        Ok(handed)
    })
}
