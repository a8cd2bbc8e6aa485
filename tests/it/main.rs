//! The one integration-test binary.

mod channels;
mod config;
mod demo;
mod rules;
mod tidy;
mod web;
