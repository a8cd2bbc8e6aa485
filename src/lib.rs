//! **Vårdkase**: from a reported disruption to every key function reached, the same text on every channel.
//!
//! ```text
//! report ─► playbook ─► staff mode ─► message ─► approval ─► release ─► deliveries ─► gateways
//!    ▲                                                                                   │
//!    └── update, correction, restored, all clear ◄── timers ◄── accepted/delivered/acknowledged
//! ```
//!
//! # The map
//!
//! | module | owns |
//! |---|---|
//! | [`domain`] | every rule; pure: `decide(state, input, now) -> events`, `apply` |
//! | [`yaml`] | what configuration files are written in; what is wrong where |
//! | [`config`] | YAML to a checked [`domain::plan::Plan`], the shipped region |
//! | [`record`] | the written form of events, plan and contacts: frozen structs, a version each |
//! | [`journal`] | append, read, verify; the hash chain; what is encrypted per incident |
//! | [`gateways`] | one protocol a folder: its configuration, codec and sessions; a line each in their registry |
//! | [`dispatch`] | the loop that owns the state; a worker per gateway |
//! | [`api`] | what the JSON API takes and answers, as types for both of its ends |
//! | [`bounded`] | reads what comes from outside up to a limit |
//! | [`intake`] | answers, receipts and alerts that come from outside |
//! | [`web`] | public page, console, API |
//! | [`drill`] | scheduled drills and their reports |
//! | [`sim`] | gateways on loopback for demo, drills and tests; shares no codec with `gateways` |
//! | [`app`] | the only wiring |
//! | [`bench`] | figures of speed and memory; never a judgement |
//! | [`cli`] | one command a file |
//! | `words` | what the screens say, from the catalogues in `assets/words/` |
//!
//! # Invariants
//!
//! Nothing is announced as sent before it is on disk. What a receiver puts together from any channel is the canonical
//! text byte for byte. Every addressed function ends as acknowledged, as a visible "not reached" with a next step, or as
//! closed by something that is named. A drill can't be taken for real. The domain does no IO. `ARCHITECTURE.md` has all
//! eleven, and the test that holds each.
//!
//! # Where to read on
//!
//! `docs/develop/` has the rules (a comment names one as “RULES B2”), eight outages with their lessons (“INCIDENTS B”,
//! “lesson 33”), the design (“DESIGN §5”), the style, figures of speed, and a glossary. A test finds a name that leads
//! nowhere.
//!
//! Deliberately absent: people. There is no field for a person anywhere; duties are addressed.

pub mod api;
pub mod app;
pub mod bench;
pub mod bounded;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod drill;
pub mod error;
pub mod gateways;
pub mod intake;
pub mod journal;
pub mod record;
pub mod sim;
pub mod web;
mod words;
pub mod yaml;
