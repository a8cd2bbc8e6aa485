//! One timeline per rule of the house, named after it.

#![allow(dead_code, reason = "the vocabulary of the timelines is used by different files")]

pub mod region;
mod timeline;

mod a_texts;
mod b_approval;
mod c_answers;
mod d_incidents;
mod danish;
mod directory;
mod e_reporting;
mod g_proofs;
mod g_standing;
mod g_ways;
mod laws;
mod left;
mod public_feeds;
mod steps;
