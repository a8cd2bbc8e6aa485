//! The one integration-test binary.

mod channels;
mod cli;
mod config;
mod rules;
mod tidy;
