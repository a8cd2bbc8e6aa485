//! The one integration-test binary.

mod channels;
mod cli;
mod config;
mod demo;
mod rules;
mod tidy;
