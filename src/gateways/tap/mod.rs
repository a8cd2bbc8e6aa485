//! Paging over TAP 1.8 (Telocator Alphanumeric Protocol), automatic mode: how most paging terminals are fed, over TCP or a
//! serial line. Each job is one call: log on, a transaction a page, log off.
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one terminal is told in `channels/paging.yaml` |
//! | `codec` | blocks with their check characters, answers |
//! | `verdict` | what an answer means for the page |
//! | `session` | one call: writes and reads, with a limit on every wait |
//!
//! ACK says that the terminal took the page. Nobody knows whether the pager got it: there is no "delivered" here. A terminal
//! that says it cut the text (212, 214) has failed.
//!
//! Must not: retry a page by itself (a block that was not understood is another matter), respell, log an address or a text.

mod codec;
mod config;
mod session;
mod verdict;

use tokio::sync::Mutex;

pub use config::TapConfig;

use super::in_turn::{self, Station};
use super::pager;
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::GatewayId;
use crate::gateways::{Boxed, Events, Gateway, Health, Job, Jobs, Stop};

/// One paging terminal.
pub struct TapGateway {
    id: GatewayId,
    config: TapConfig,
    /// A terminal has one line: a probe waits until a call is over.
    line: Mutex<()>,
}

impl TapGateway {
    /// From its configuration. Connects nowhere.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(id: GatewayId, config: TapConfig) -> Result<Self, String> {
        config.checked()?;
        Ok(Self { id, config, line: Mutex::new(()) })
    }
}

struct Caller<'g> {
    gateway: &'g TapGateway,
    down: Option<String>,
}

impl Station for Caller<'_> {
    fn send<'a>(&'a mut self, job: &'a Job) -> Boxed<'a, Result<Accepted, SendError>> {
        Box::pin(async move {
            let config = &self.gateway.config;
            let number = pager::number(job)?;
            let pages = pager::wire(job, &config.page_rules())?;
            let _line = self.gateway.line.lock().await;
            let mut session = match session::Session::open(config).await {
                Ok(session) => session,
                Err(e) => {
                    self.down = Some(e.cause().to_owned());
                    return Err(e);
                }
            };
            self.down = None;
            let mut gateway_ref = String::new();
            let mut failed = None;
            for (k, page) in (1..).zip(&pages) {
                match session.page(number, page).await {
                    Ok(words) => gateway_ref = words,
                    Err(e) => {
                        failed = Some(pager::at_page(k, pages.len(), e));
                        break;
                    }
                }
            }
            let parting = session.log_off().await;
            match (failed, parting) {
                (Some(e), _) | (None, Err(e)) => Err(e),
                (None, Ok(())) => {
                    let units = u16::try_from(pages.len()).unwrap_or(u16::MAX);
                    Ok(Accepted { gateway_ref, delivered: false, units })
                }
            }
        })
    }

    fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }

    fn close(&mut self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
}

impl Gateway for TapGateway {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let mut caller = Caller { gateway: self, down: None };
            in_turn::serve(&mut caller, &self.id, jobs, &out, stop).await;
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            let _line = self.line.lock().await;
            match session::Session::open(&self.config).await {
                Ok(session) => {
                    let _ = session.log_off().await;
                    Health { ok: true, detail: "logged on".into() }
                }
                Err(e) => Health { ok: false, detail: e.cause().to_owned() },
            }
        })
    }
}
