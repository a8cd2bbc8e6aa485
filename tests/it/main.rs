//! The one integration-test binary.

// What a test says plainly may be longer than it must be.
#![allow(
    clippy::collapsible_match,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::large_enum_variant,
    clippy::type_complexity,
    clippy::unnecessary_to_owned,
    clippy::useless_format,
    clippy::useless_vec
)]
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod bytes;
mod cli;
mod config;
mod copies;
mod courier;
mod demo;
mod docs;
mod engine;
mod gateways;
mod kills;
mod limits;
mod loopback;
mod mirrors;
mod peers;
mod record;
mod reload;
mod replays;
mod rules;
mod simulation;
mod tidy;
mod tls;
mod training;
mod verifier;
mod web;
mod words;

// The simulation happens in the region of the rules' timelines; its example finds it under the same name.
use rules::region;
