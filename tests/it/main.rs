//! The one integration-test binary.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod channels;
mod cli;
mod config;
mod demo;
mod limits;
mod loopback;
mod mirrors;
mod owner;
mod peers;
mod reload;
mod rules;
mod tidy;
mod verifier;
mod web;
