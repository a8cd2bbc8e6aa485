//! The one integration-test binary.

mod channels;
mod config;
mod loopback;
mod rules;
mod verifier;
