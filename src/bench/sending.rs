//! From the report to the first hand-off, and to the last acceptance.

use std::sync::{Arc, OnceLock};

use super::machine::{cores, cpu_s, ms, resident_bytes};
use super::region::{EMAIL, MIXED, Region, SMS, Size, generate, report};
use super::rig::{Rig, Taker, Way};
use super::{Figure, SEED};
use crate::clock::mono;
use crate::config::{Source, load};
use crate::domain::ids::GatewayId;
use crate::domain::plan::Channel;
use crate::gateways::Gateway;
use crate::gateways::smpp::{Smpp, SmppConfig};
use crate::gateways::smtp::{SmtpConfig, SmtpGateway};
use crate::sim::{Far, smpp as sim_smpp, smtp as sim_smtp};

/// Connections to the mail server.
const CONNECTIONS: u16 = 10;
/// Submits without an answer, as SPEED compares.
const WINDOW: u16 = 10;

pub(super) fn region(points: u32, over: &'static [Channel]) -> Result<Region, String> {
    let shipped = load(&Source::Shipped).map_err(|_| "the shipped region has mistakes".to_owned())?;
    Ok(generate(shipped, Size { points, over, answers: true }, SEED))
}

pub(super) fn wait<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(work)
}

/// With gateways that take everything at once.
///
/// # Errors
/// The machine does not give what it needs, or deliveries are not accepted.
pub fn handoff(n: u32) -> Result<Vec<Figure>, String> {
    wait(async {
        let first = Arc::new(OnceLock::new());
        let taker = |id: &str| -> Way { (GatewayId::from(id), Arc::new(Taker::noting(first.clone())), 256) };
        let region = region(n, MIXED)?;
        let input = report(&region.reporter);
        let rig = Rig::start(region, vec![taker(SMS), taker(EMAIL)]).await?;
        let at_rest = resident_bytes("self");
        let from = mono();
        let done = rig.handle.input(input).await.map_err(|e| e.to_string())?;
        let answered = from.elapsed();
        if !done.on_record {
            return Err("the report is not on record: the journal refused it".into());
        }
        drop(done);
        rig.until(|rig| rig.accepted() >= u64::from(n), "not all deliveries were accepted").await?;
        let all = from.elapsed();
        let handed = first.get().map(|at| at.duration_since(from)).unwrap_or_default();
        rig.until_known(n as usize).await?;
        let known = from.elapsed();
        let resident = resident_bytes("self");
        rig.stop().await;
        let named = |what: &str| format!("report → {what}, {n} deliveries");
        Ok(vec![
            Figure::new(named("first hand-off"), ms(handed), "ms").gate(250.0),
            Figure::new(named("answer to the reporter"), ms(answered), "ms"),
            Figure::new(named("all accepted by a gateway that does nothing"), ms(all), "ms"),
            Figure::new(named("all outcomes known to the loop"), ms(known), "ms"),
            Figure::new(format!("resident, {n} deliveries"), resident as f64 / 1e6, "MB")
                .note(format!("{:.1} MB of it before the report, the region itself among them", at_rest as f64 / 1e6)),
        ])
    })
}

/// By a loopback mail server that keeps nothing.
///
/// # Errors
/// As [`handoff`].
pub fn smtp(n: u32) -> Result<Vec<Figure>, String> {
    wait(async {
        let options = sim_smtp::Options { sink: true, ..sim_smtp::Options::default() };
        let sim = sim_smtp::start(Far::default(), EMAIL, options).await.map_err(|e| e.to_string())?;
        let config = SmtpConfig {
            host: sim.addr.ip().to_string().into(),
            port: sim.addr.port(),
            from: "larm@region.example".into(),
            connections_max: CONNECTIONS,
            ..SmtpConfig::default()
        };
        let gateway = SmtpGateway::new(GatewayId::from(EMAIL), config, Arc::new(jiff::Timestamp::now), [14; 32])?;
        through("SMTP", n, &[Channel::Email], EMAIL, Arc::new(gateway), CONNECTIONS.into()).await
    })
}

/// By a loopback short-message centre that keeps nothing.
///
/// # Errors
/// As [`handoff`].
pub fn smpp(n: u32) -> Result<Vec<Figure>, String> {
    wait(async {
        let opts = sim_smpp::Opts { by_ending: false, sink: true, ..sim_smpp::Opts::default() };
        let (system_id, password) = (opts.system_id.clone(), opts.password.clone());
        let sim = sim_smpp::SimSmsc::start(Far::default(), SMS, opts).await.map_err(|e| e.to_string())?;
        let config = SmppConfig {
            host: sim.addr.ip().to_string().into(),
            port: sim.addr.port(),
            system_id,
            password: Some(crate::gateways::Secret::new(password)),
            from: "72112".into(),
            window_max: WINDOW,
            receipts: false,
            ..SmppConfig::default()
        };
        let gateway = Arc::new(Smpp::new(GatewayId::from(SMS), config));
        through("SMPP", n, &[Channel::Sms], SMS, gateway, WINDOW.into()).await
    })
}

async fn through(
    protocol: &str,
    n: u32,
    over: &'static [Channel],
    id: &str,
    gateway: Arc<dyn Gateway>,
    in_flight_max: usize,
) -> Result<Vec<Figure>, String> {
    let region = region(n, over)?;
    let input = report(&region.reporter);
    let rig = Rig::start(region, vec![(GatewayId::from(id), gateway, in_flight_max)]).await?;
    let (from, cpu) = (mono(), cpu_s());
    rig.handle.input(input).await.map_err(|e| e.to_string())?;
    rig.until(|rig| rig.accepted() >= u64::from(n), "not all deliveries were accepted").await?;
    let all = from.elapsed();
    rig.until_known(n as usize).await?;
    let cpu = cpu_s() - cpu;
    rig.stop().await;
    let what = |what: &str| format!("{protocol}: {what}, {n} deliveries");
    Ok(vec![
        Figure::new(what("report → all accepted"), ms(all), "ms"),
        Figure::new(what("deliveries a second"), f64::from(n) / all.as_secs_f64().max(1e-9), "/s")
            .note(format!("planned, journaled, sent and answered; {} cores, the far end on them too", cores())),
        Figure::new(what("CPU a delivery"), cpu * 1e6 / f64::from(n), "µs").note("with that of the far end"),
    ])
}
