//! What one mail tells: what became of one of ours, what a person answered, or nothing. A report is looked for first: its
//! sender is a machine, and it answers our mail as a person's does. No IO.

use super::super::token::Tokens;
use super::answer::{Answer, NoAnswer};
use super::mime::Entity;
use super::report::Report;
use super::returned::Returned;
use crate::domain::delivery::SendError;
use crate::domain::ids::{DeliveryId, IncidentNo};

/// What a mail tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// What became of a mail of ours.
    Fate(DeliveryId, Result<(), SendError>),
    /// A report on a mail of ours that decides nothing yet: it is tried again, or was handed on.
    Waits(DeliveryId),
    /// A report, on no mail of ours.
    OfAnother,
    /// A person answered.
    Answer(Answer),
    /// Nothing to go by.
    NoAnswer(NoAnswer),
}

impl Told {
    pub fn by(mail: &Entity<'_>, tokens: &Tokens) -> Self {
        if let Some(report) = Report::read(mail) {
            return match (report.delivery(mail, tokens), report.fate) {
                (None, _) => Self::OfAnother,
                (Some(delivery), None) => Self::Waits(delivery),
                (Some(delivery), Some(fate)) => Self::Fate(delivery, fate),
            };
        }
        if let Some(returned) = Returned::read(mail, tokens) {
            return Self::Fate(returned.delivery, Err(returned.why));
        }
        Answer::read(mail, tokens).map_or_else(Self::NoAnswer, Self::Answer)
    }
}

/// The key and the delivery of the functions below.
const KEY: [u8; 32] = [7; 32];
const DELIVERY: DeliveryId = DeliveryId { incident: IncidentNo::actual(14), ordinal: 17 };
const RECEIVER: &str = "iva@fs.example";

/// What a server keeps of a mail of ours, to be put into reports of others: ENVID and Message-ID.
pub(super) fn sample_ids() -> [String; 2] {
    let tokens = Tokens::new(KEY);
    let token = tokens.token(DELIVERY, "ab");
    let message_id = tokens.message_id(&token, RECEIVER, "region.example");
    [token, message_id]
}

/// What a mail tells that names the mail of [`sample_ids`], in a word.
pub(super) fn judged(bytes: &[u8]) -> &'static str {
    match Told::by(&Entity::read(bytes), &Tokens::new(KEY)) {
        Told::Fate(_, Ok(())) => "delivered",
        Told::Fate(_, Err(why)) => {
            assert!(!why.cause().contains('@'), "an address stays out of what is logged");
            "failed"
        }
        Told::Waits(_) => "waits",
        Told::OfAnother => "of another",
        Told::Answer(_) => "answer",
        Told::NoAnswer(NoAnswer::Machine(_)) => "machine",
        Told::NoAnswer(NoAnswer::Stranger) => "stranger",
        Told::NoAnswer(NoAnswer::Empty) => "empty",
    }
}
