//! No to a waiting text, or another wording of it.

use clap::Args;

use super::context::Context;
use super::typed::{self, Worded};
use crate::domain::ids::MessageNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Reject a waiting text with a reason, or change its wording.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase reject 14-2 --reason 'wrong number to call' --as kib\n  \
    vardkase reject 14-2 --reason 'too long' --text sv='LARM STABSLÄGE FS: …' --as kib\n  \
    vardkase reject 14-2 --text sv='LARM STABSLÄGE FS: …'      the approver's own change: a new number")]
pub struct RejectArgs {
    /// The message.
    number: MessageNo,
    /// Why; it goes on record.
    #[arg(long)]
    reason: Option<String>,
    /// What instead, as sv=TEXT, once per language. Languages that are not given must be read again.
    #[arg(long = "text", value_name = "LANG=TEXT")]
    texts: Vec<Worded>,
}

impl RejectArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (number, texts) = (self.number, typed::texts(&self.texts, cx.term.lang())?);
        if self.reason.is_none() && !texts.is_empty() {
            return cx.act(&Action::Change { number, texts });
        }
        let reason = cx.need_reason(self.reason)?.into();
        cx.act(&Action::Reject { number, reason, replacement: Some(texts).filter(|t| !t.is_empty()) })
    }
}
