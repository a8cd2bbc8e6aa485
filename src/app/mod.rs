//! The only wiring: from a configuration to running parts. Decides nothing.

pub mod gateways;
pub mod loopback;
