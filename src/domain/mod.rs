//! Every rule, and nothing else: no IO, no clock, no randomness. `decide(state, input, now)` gives events, `apply` carries
//! them out; time, codes and zone rules come in as arguments.
//!
//! Knows only std, serde, sha2, unicode-normalization and jiff's types; a test reads the imports and holds it.

pub mod audit;
pub mod calendar;
pub mod day;
pub mod delivery;
pub mod drills;
pub mod holder;
pub mod ids;
pub mod incident;
pub mod ladder;
pub mod lang;
pub mod personal_number;
pub mod plan;
pub mod private;
pub mod public_view;
pub mod reach;
pub mod report;
pub mod roster;
pub mod step;
pub mod text;
pub mod time;
pub mod view;
pub mod words;
