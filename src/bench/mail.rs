//! E-mail into a mail server that somebody else started: for comparing with other programs in one run.

use std::sync::Arc;

use super::Figure;
use super::machine::{cpu_s, ms};
use super::region::EMAIL;
use super::rig::Rig;
use super::sending::{region, wait};
use crate::clock::mono;
use crate::domain::ids::GatewayId;
use crate::domain::plan::Channel;
use crate::gateways::smtp::mails_in_hand_max;
use crate::gateways::smtp::{SmtpConfig, SmtpGateway};

/// Where to, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Host name or IP address.
    pub host: String,
    pub port: u16,
    /// Mails; each is a delivery of one report.
    pub mails: u32,
    /// Connections at the same time.
    pub connections: u16,
    /// One command at a time.
    pub sequential: bool,
}

/// Plans, journals, sends, and waits until every outcome is on disk.
///
/// # Errors
/// The server is not there, or does not take every mail.
pub fn to(target: &Target) -> Result<Vec<Figure>, String> {
    wait(async {
        let config = SmtpConfig {
            host: target.host.clone().into(),
            port: target.port,
            from: "larm@region.example".into(),
            connections_max: target.connections,
            pipelining: !target.sequential,
            // As many as smtp-source sends over one.
            messages_per_connection_max: u32::MAX,
            ..SmtpConfig::default()
        };
        let gateway = SmtpGateway::new(GatewayId::from(EMAIL), config, Arc::new(jiff::Timestamp::now), [14; 32])?;
        let region = region(target.mails, &[Channel::Email])?;
        let input = super::region::report(&region.reporter);
        let in_hand_max = usize::from(target.connections) * mails_in_hand_max(target.connections) as usize;
        let rig = Rig::start(region, vec![(GatewayId::from(EMAIL), Arc::new(gateway), in_hand_max)]).await?;
        let (from, cpu) = (mono(), cpu_s());
        rig.handle.input(input).await.map_err(|e| e.to_string())?;
        rig.until(|rig| rig.accepted() >= u64::from(target.mails), "not all mails were accepted").await?;
        let accepted = from.elapsed();
        rig.until_known(target.mails as usize).await?;
        let (recorded, cpu) = (from.elapsed(), cpu_s() - cpu);
        rig.stop().await;
        let manner = if target.sequential { "sequential" } else { "pipelined" };
        let what = |what: &str| {
            format!("e-mail: {what}, {} mails, {} connections, {manner}", target.mails, target.connections)
        };
        Ok(vec![
            Figure::new(what("report → all accepted"), ms(accepted), "ms"),
            Figure::new(what("report → all outcomes on record"), ms(recorded), "ms"),
            Figure::new(what("CPU a mail"), cpu * 1e6 / f64::from(target.mails), "µs").note("ours alone"),
        ])
    })
}
