//! POCSAG as sound for a transmitter of one's own: a file, a stream to a program or over TCP. For the hospital that keeps its
//! paging alive when nothing outside the house answers any more.
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one transmitter is told in `channels/paging.yaml` |
//! | `codec` | code words, frames, batches, letters |
//! | `audio` | the same as samples |
//! | `out` | hands them over |
//!
//! All pages of a text go in one transmission: none of them can get lost between two files. Accepted means that the sound was
//! handed over; whether it went on the air, nobody tells us.
//!
//! Must not: key a transmitter, respell, name an address or a text in a file's name.

mod audio;
mod codec;
mod config;
mod out;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub use config::{Audio, PocsagConfig};

use super::in_turn::{self, Station};
use super::pager;
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::domain::text::Charset;
use crate::gateways::{Boxed, Events, Gateway, Health, Job, Jobs, Stop};

/// One transmitter.
pub struct PocsagGateway {
    id: GatewayId,
    config: PocsagConfig,
    handed: AtomicU32,
}

impl PocsagGateway {
    /// From its configuration. Touches nothing.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(id: GatewayId, config: PocsagConfig) -> Result<Self, String> {
        config.checked()?;
        Ok(Self { id, config, handed: AtomicU32::new(0) })
    }

    fn within(&self) -> Duration {
        Duration::from_secs(self.config.timeout_s.max(1).into())
    }

    async fn hand_over(&self, job: &Job) -> Result<Accepted, SendError> {
        let config = &self.config;
        let pager = codec::pager(&job.to.0, config.function())
            .ok_or_else(|| SendError::permanent("the address is not a radio identity code (8 to 2097151)"))?;
        let pages = pager::wire(job, &config.page_rules())?;
        let calls: Vec<(codec::Pager, codec::Text<'_>)> = pages
            .iter()
            .map(|page| match config.charset {
                Charset::Numeric => (pager, codec::Text::Numeric(page)),
                _ => (pager, codec::Text::Alpha(page)),
            })
            .collect();
        let words =
            codec::transmission(&calls).map_err(|_| SendError::permanent("the pager lacks a character of the text"))?;
        let samples = audio::samples(&words, config.baud()?, config.inverted, config.lead_ms);
        // The delivery is the key; a repeat after a crash must not meet the file of the first try half taken.
        let n = self.handed.fetch_add(1, Ordering::Relaxed);
        let delivery = job.delivery.to_string();
        let plain: String = delivery.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let name = format!("{}-{plain}-{}-{n}", self.id, std::process::id());
        out::put(config, &name, samples, self.within()).await?;
        let units = u16::try_from(pages.len()).unwrap_or(u16::MAX);
        Ok(Accepted { gateway_ref: String::new(), delivered: false, units })
    }
}

struct Keying<'g> {
    gateway: &'g PocsagGateway,
    down: Option<String>,
}

impl Station for Keying<'_> {
    fn send<'a>(&'a mut self, job: &'a Job) -> Boxed<'a, Result<Accepted, SendError>> {
        Box::pin(async move {
            let result = self.gateway.hand_over(job).await;
            self.down = match &result {
                Err(SendError::Temporary { cause, .. } | SendError::Unknown { cause }) => Some(cause.clone()),
                Ok(_) | Err(SendError::Permanent { .. }) => None,
            };
            result
        })
    }

    fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }

    fn close(&mut self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
}

impl Gateway for PocsagGateway {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let mut keying = Keying { gateway: self, down: None };
            in_turn::serve(&mut keying, &self.id, jobs, &out, stop).await;
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            match out::probe(&self.config, self.within()).await {
                Ok(detail) => Health { ok: true, detail },
                Err(detail) => Health { ok: false, detail },
            }
        })
    }
}
