//! Gateways on loopback that speak the real protocols: for the demo, drills and tests. They share no codec with
//! `gateways` (else their mistakes would cancel out) and know only the domain.
//!
//! A gateway here keeps what arrived as the far device would show it, and can be told to misbehave.

mod display;
pub mod espa;
pub mod far_end;
mod http;
pub mod hylafax;
pub mod paging_http;
pub mod pocsag;
pub mod relay;
pub mod smpp;
pub mod sms_http;
pub mod sms_spool;
pub mod smtp;
pub mod snpp;
pub mod tap;
mod two_way;

use std::sync::{Arc, Mutex};

pub use crate::domain::text::verify::{self, Shown};

/// Everything that arrived at the far ends.
#[derive(Clone, Default, Debug)]
pub struct Far(Arc<Mutex<Vec<Shown>>>);

impl Far {
    /// Notes a unit that a far device shows.
    pub fn show(&self, gateway: &str, to: &str, text: &str) {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let order = all.len() as u64;
        all.push(Shown { to: to.into(), text: text.into(), order, gateway: gateway.into() });
    }
    /// All units so far.
    pub fn all(&self) -> Vec<Shown> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
