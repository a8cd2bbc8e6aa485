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
//! | [`paper`] | what is set on paper: directory and plan of readiness as PDF and HTML, and the faces of fax pages |
//! | [`private_files`] | makes files that hold records or secrets: new, for their owner alone, through no link |
//! | [`replay`] | outages on a virtual clock against a region: what each duty got, beside what history did |
//! | [`web`] | public page, console, API |
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

// The program is `main`; the modules are shut, so that rustc says what nothing in it calls. Tests, examples and fuzzing look
// inside: for them alone the feature `internals` opens the modules.

// What a module shows to tests by its short name.
#![cfg_attr(not(feature = "internals"), allow(unused_imports))]
// What several nodes need is written for them alone. `tests/run` looks for what nobody calls with the feature.
#![cfg_attr(not(feature = "cluster"), allow(dead_code))]

pub use cli::main;

#[cfg(not(feature = "internals"))]
mod accounts;
#[cfg(not(feature = "internals"))]
mod api;
#[cfg(not(feature = "internals"))]
mod app;
#[cfg(not(feature = "internals"))]
mod bench;
#[cfg(not(feature = "internals"))]
mod bounded;
#[cfg(not(feature = "internals"))]
mod cli;
#[cfg(not(feature = "internals"))]
mod clock;
#[cfg(not(feature = "internals"))]
mod config;
#[cfg(not(feature = "internals"))]
mod dispatch;
#[cfg(not(feature = "internals"))]
mod domain;
#[cfg(not(feature = "internals"))]
mod error;
#[cfg(not(feature = "internals"))]
mod gateways;
#[cfg(not(feature = "internals"))]
mod journal;
#[cfg(not(feature = "internals"))]
mod paper;
#[cfg(not(feature = "internals"))]
mod private_files;
#[cfg(not(feature = "internals"))]
mod record;
#[cfg(not(feature = "internals"))]
mod replay;
#[cfg(not(feature = "internals"))]
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "what far ends do wrong is for tests"))]
mod sim;
#[cfg(not(feature = "internals"))]
mod web;
#[cfg(not(feature = "internals"))]
mod yaml;

#[cfg(feature = "internals")]
pub mod accounts;
#[cfg(feature = "internals")]
pub mod api;
#[cfg(feature = "internals")]
pub mod app;
#[cfg(feature = "internals")]
pub mod bench;
#[cfg(feature = "internals")]
pub mod bounded;
#[cfg(feature = "internals")]
pub mod cli;
#[cfg(feature = "internals")]
pub mod clock;
#[cfg(feature = "internals")]
pub mod config;
#[cfg(feature = "internals")]
pub mod dispatch;
#[cfg(feature = "internals")]
pub mod domain;
#[cfg(feature = "internals")]
pub mod error;
#[cfg(feature = "internals")]
pub mod gateways;
#[cfg(feature = "internals")]
pub mod journal;
#[cfg(feature = "internals")]
pub mod paper;
#[cfg(feature = "internals")]
pub mod private_files;
#[cfg(feature = "internals")]
pub mod record;
#[cfg(feature = "internals")]
pub mod replay;
#[cfg(feature = "internals")]
pub mod sim;
#[cfg(feature = "internals")]
pub mod web;
#[cfg(feature = "internals")]
pub mod yaml;

mod words;
