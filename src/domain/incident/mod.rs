//! The incident: what it is ([`state`]), what happens to it ([`event`], [`apply`]), and what follows from what ([`decide`]).

pub mod adopt;
pub mod apply;
mod apply_steps;
mod apply_telling;
pub mod ask_list;
pub mod asks;
pub mod better;
pub mod claims;
pub mod decide;
pub mod event;
pub mod facts;
pub mod gateways;
pub mod input;
pub mod public_news;
pub mod reading;
pub mod recall;
pub mod refused;
pub mod render;
mod renumber;
pub mod saved;
pub mod standing;
pub mod state;
pub mod steps;
pub mod system_notes;
pub mod timers;
pub mod trailers;
pub mod values;
