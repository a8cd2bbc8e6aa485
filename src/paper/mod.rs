//! What is set on paper to be taken along: the directory and the plan of readiness, as PDF and as HTML, and the faces that fax pages
//! are set in too.
//!
//! Must not: decide a rule, know who asks, or come by an address itself: numbers that may not stand in texts are handed in by the one
//! command that may.

pub mod courier;
pub mod directory;
pub mod face;
pub mod forms;
mod html;
pub mod loss;
pub mod net;
mod pdf;
pub mod picture;
pub mod plan;
pub mod report;
mod sheet;
mod text;

pub use html::{Style, html, parts};
pub use pdf::{PAGES_MAX, TooLong, pdf};
pub use sheet::{Block, Occasion, Part, Qr, Sheet, Table};
pub use text::text;

use crate::domain::ids::FunctionIx;
use crate::domain::lang::Lang;
use crate::domain::plan::{Channel, Plan};
use crate::words::paper as words;

/// `30 s`, `5 min`, `2 h`, `2 h 30 min`, `3 d`.
pub fn span(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..5_400 => format!("{} min", seconds / 60),
        _ if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if (seconds / 60).is_multiple_of(60) => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// What a channel is called within a sentence.
pub fn channel(lang: Lang, c: Channel) -> &'static str {
    match c {
        Channel::Sms => words::CHANNEL_SMS,
        Channel::Email => words::CHANNEL_EMAIL,
        Channel::Fax => words::CHANNEL_FAX,
        Channel::Paging => words::CHANNEL_PAGER,
        Channel::Web => words::CHANNEL_WEB,
        Channel::Manual => words::CHANNEL_MANUAL,
    }
    .say(lang)
}

/// What duties are called, one after the other.
fn names(plan: &Plan, lang: Lang, all: &[FunctionIx]) -> String {
    all.iter().map(|f| plan.function(*f).title.get(lang)).collect::<Vec<_>>().join(", ")
}
