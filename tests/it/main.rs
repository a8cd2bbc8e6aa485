//! The one integration-test binary.

mod channels;
mod config;
mod rules;
mod tidy;
