//! Paging over ESPA 4.4.4, the serial interface of on-site paging systems, over TCP or a device of this machine. We are the
//! calling station; which side polls is configured.
//!
//! | file | owns |
//! |---|---|
//! | `config` | what one link is told in `channels/paging.yaml` |
//! | `codec` | signals, blocks, records, the check character |
//! | `link` | select, block, end; poll and be polled |
//!
//! ACK belongs to the link: the paging system has the call. It is never a person's answer, nor the pager's. A status record
//! "absent" (the pager hangs in its rack) makes a failure of an accepted delivery; "paged" says that it went on the air, no more.
//!
//! Must not: respell, log an address or a text.

mod codec;
mod config;
mod link;

use std::collections::VecDeque;
use std::future::pending;
use std::sync::PoisonError;

use tokio::sync::Mutex;

pub use config::{EspaConfig, Role};

use self::codec::{Block, CallStatus};
use self::link::Link;
use super::in_turn::{self, Station};
use super::pager;
use crate::domain::delivery::{Accepted, SendError};
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::gateways::{Address, Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, Stop};

/// Accepted deliveries that a status record can still speak of.
const RECENT_MAX: usize = 256;

/// One paging system.
pub struct EspaGateway {
    id: GatewayId,
    config: EspaConfig,
    /// A device has one reader: `run` holds it while it has the line open, `probe` tries it.
    line: Mutex<()>,
    /// Why the link that is open does not work, if it does not.
    trouble: std::sync::Mutex<Option<String>>,
}

impl EspaGateway {
    /// From its configuration. Connects nowhere.
    ///
    /// # Errors
    /// Says which setting is wrong, and what to write instead.
    pub fn new(id: GatewayId, config: EspaConfig) -> Result<Self, String> {
        config.checked()?;
        Ok(Self { id, config, line: Mutex::new(()), trouble: std::sync::Mutex::default() })
    }
}

struct Calling<'g> {
    gateway: &'g EspaGateway,
    link: Option<(Link, tokio::sync::MutexGuard<'g, ()>)>,
    down: Option<String>,
    recent: VecDeque<(Address, DeliveryId)>,
}

impl<'g> Calling<'g> {
    async fn link(&mut self) -> Result<&mut Link, SendError> {
        if self.link.is_none() {
            let guard = self.gateway.line.lock().await;
            let link = Link::open(&self.gateway.config).await?;
            self.link = Some((link, guard));
        }
        match &mut self.link {
            Some((link, _)) => Ok(link),
            None => Err(SendError::temporary("connect: no line")),
        }
    }

    fn set_down(&mut self, cause: Option<String>) {
        self.gateway.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&cause);
        self.down = cause;
    }

    async fn drop_lost(&mut self) {
        if self.link.as_ref().is_some_and(|(link, _)| link.lost.is_some()) {
            self.hang_up().await;
        }
    }

    async fn hang_up(&mut self) {
        if let Some((link, _guard)) = self.link.take() {
            link.close().await;
        }
    }

    async fn call(&mut self, job: &Job) -> Result<Accepted, SendError> {
        let config = &self.gateway.config;
        let number = pager::number(job)?;
        let pages = pager::wire(job, &config.page_rules())?;
        let blocks: Vec<Block> = pages.iter().map(|page| block(config, job, number, page)).collect();
        if let Some(long) = blocks.iter().map(|b| b.bytes().len()).find(|n| *n > config.block_bytes_max as usize) {
            let max = config.block_bytes_max;
            let cause = format!("a page makes a block of {long} bytes, the paging system takes {max}: lower chars_max");
            return Err(SendError::permanent(cause));
        }
        let mut result = Ok(());
        for (k, block) in (1..).zip(&blocks) {
            let sent = match self.link().await {
                Ok(link) => link.send(block).await,
                Err(e) => Err(e),
            };
            if let Err(e) = sent {
                let is_lost = self.link.as_ref().is_none_or(|(l, _)| l.lost.is_some());
                self.set_down(is_lost.then(|| e.cause().to_owned()));
                result = Err(pager::at_page(k, blocks.len(), e));
                break;
            }
            self.set_down(None);
        }
        self.drop_lost().await;
        result?;
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((job.to.clone(), job.delivery));
        let units = u16::try_from(blocks.len()).unwrap_or(u16::MAX);
        Ok(Accepted { gateway_ref: String::new(), delivered: false, units })
    }

    /// What status records say of what was accepted.
    async fn told(&mut self, blocks: Vec<Block>, out: &Events) {
        for block in blocks.iter().filter(|b| b.header == codec::STATUS_INFORMATION) {
            if block.record(codec::SYSTEM_STATUS).is_some() {
                tracing::warn!(gateway = %self.gateway.id, "the paging system reports a system status");
            }
            let address = block.record(codec::CALL_ADDRESS).map(|a| String::from_utf8_lossy(a).into_owned());
            let status = block.record(codec::CALL_STATUS).map(CallStatus::of);
            let (Some(address), Some(CallStatus::Absent)) = (address, status) else { continue };
            let mut absent = Vec::new();
            self.recent.retain(|(to, delivery)| {
                let hit = *to.0 == *address;
                if hit {
                    absent.push(*delivery);
                }
                !hit
            });
            for delivery in absent {
                let event = GatewayEvent::Receipt {
                    gateway: self.gateway.id.clone(),
                    delivery: Some(delivery),
                    gateway_ref: String::new(),
                    result: Err(SendError::permanent("the pager is absent")),
                };
                let _ = out.send(event).await;
            }
        }
    }
}

fn block(config: &EspaConfig, job: &Job, number: &str, page: &[u8]) -> Block {
    let priority = config.priority.unwrap_or(if job.head.priority == 0 { 1 } else { 2 });
    let mut records = vec![(codec::CALL_ADDRESS, number.as_bytes().to_vec()), (codec::DISPLAY, page.to_vec())];
    let optional = [
        (codec::BEEP, config.beep),
        (codec::CALL_TYPE, config.call_type),
        (codec::TRANSMISSIONS, config.transmissions),
        (codec::PRIORITY, Some(priority)),
    ];
    records.extend(optional.into_iter().filter_map(|(id, n)| Some((id, n?.to_string().into_bytes()))));
    Block { header: codec::CALL_TO_PAGER, records }
}

impl Station for Calling<'_> {
    fn send<'a>(&'a mut self, job: &'a Job) -> Boxed<'a, Result<Accepted, SendError>> {
        Box::pin(self.call(job))
    }

    fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }

    fn wait(&mut self) -> Boxed<'_, ()> {
        let config = &self.gateway.config;
        Box::pin(async move {
            match (config.role, &mut self.link) {
                (Role::Control, _) if config.poll_every.0 > 0 => {
                    tokio::time::sleep(config.poll_every.duration()).await;
                }
                (Role::Control, _) => pending().await,
                (Role::Polled, Some((link, _))) => link.listen().await,
                (Role::Polled, None) => {
                    tokio::time::sleep(config.poll_every.at_least_a_second()).await;
                }
            }
        })
    }

    fn attend<'a>(&'a mut self, out: &'a Events) -> Boxed<'a, ()> {
        Box::pin(async move {
            let role = self.gateway.config.role;
            let link = match self.link().await {
                Ok(link) => link,
                Err(e) => {
                    let cause = e.cause().to_owned();
                    self.set_down(Some(cause));
                    return;
                }
            };
            let heard = match role {
                Role::Control => link.ask().await,
                Role::Polled => link.respond().await.map(Some),
            };
            let cause = match &heard {
                Ok(Some(_)) => None,
                Ok(None) => Some("the paging system does not answer a poll".to_owned()),
                Err(lost) => Some(lost.as_str().to_owned()),
            };
            self.set_down(cause);
            if let Ok(Some(blocks)) = heard {
                self.told(blocks, out).await;
            }
            self.drop_lost().await;
        })
    }

    fn close(&mut self) -> Boxed<'_, ()> {
        Box::pin(self.hang_up())
    }
}

impl Gateway for EspaGateway {
    fn run(&self, jobs: Jobs, out: Events, stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            let mut calling = Calling { gateway: self, link: None, down: None, recent: VecDeque::new() };
            in_turn::serve(&mut calling, &self.id, jobs, &out, stop).await;
        })
    }

    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async move {
            // The line has one user: what it is while it runs, its worker tells.
            let Ok(_line) = self.line.try_lock() else {
                let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let ok = trouble.is_none();
                return Health { ok, detail: trouble.unwrap_or_else(|| "the line is open and in use".into()) };
            };
            let mut link = match Link::open(&self.config).await {
                Ok(link) => link,
                Err(e) => return Health { ok: false, detail: e.cause().to_owned() },
            };
            let health = match self.config.role {
                Role::Control => match link.ask().await {
                    Ok(Some(_)) => Health { ok: true, detail: "the paging system answers".into() },
                    Ok(None) => Health { ok: false, detail: "the paging system does not answer a poll".into() },
                    Err(lost) => Health { ok: false, detail: lost.as_str().into() },
                },
                Role::Polled => match link.respond().await {
                    Ok(_) => Health { ok: true, detail: "the line is open".into() },
                    Err(lost) => Health { ok: false, detail: lost.as_str().into() },
                },
            };
            link.close().await;
            health
        })
    }
}
