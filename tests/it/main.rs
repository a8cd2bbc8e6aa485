//! The one integration-test binary.

mod channels;
mod config;
mod demo;
mod owner;
mod rules;
mod tidy;
