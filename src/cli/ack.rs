//! Answers for a function.

use clap::{Args, ValueEnum};

use super::context::Context;
use super::times::Side;
use super::typed::Target;
use crate::domain::ids::FunctionId;
use crate::domain::incident::input::Action;
use crate::error::Error;
use crate::words::cli as words;

/// Answer that a function has it, for oneself, as told by telephone, or from a sheet.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase ack 14 icu --as icu\n  \
    vardkase ack 14-1 icu --via phone --by switchboard --at 03:25\n  \
    vardkase ack 14-1 icu --via paper --by switchboard --at 03:40   from a courier sheet\n  \
    vardkase ack 14 icu --pass-on --as icu      can't: the deputy is asked at once\n  \
    vardkase ack 14 icu --fallback-failed       our fallback failed: owner and TiB are told\n  \
    vardkase ack 14 icu --arrived --as icu      who answered is there\n  \
    vardkase ack 14 --errand 3 --as switchboard   somebody has walked there")]
pub struct AckArgs {
    /// The incident, or its message.
    #[arg(value_name = "NUMBER")]
    target: Target,
    /// The function that has it; the one that acts, when missing.
    function: Option<String>,
    /// How it was told.
    #[arg(long, value_enum)]
    via: Option<Via>,
    /// Who took the call: the duty that acts.
    #[arg(long, value_name = "FUNCTION", requires = "via")]
    by: Option<String>,
    /// When it was told.
    #[arg(long, value_name = "TIME", requires = "via")]
    at: Option<String>,
    /// The function can't: pass it on at once.
    #[arg(long, conflicts_with_all = ["via", "fallback_failed", "errand"])]
    pass_on: bool,
    /// The function's fallback failed.
    #[arg(long, conflicts_with_all = ["via", "errand"])]
    fallback_failed: bool,
    /// Who answered for the function is there.
    #[arg(long, conflicts_with_all = ["pass_on", "fallback_failed", "errand"])]
    arrived: bool,
    /// An errand is done, not an answer given.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["via", "function"])]
    errand: Option<u32>,
}

/// How an answer was told.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Via {
    /// By telephone.
    Phone,
    /// On a sheet that was carried there and back; --at is the time on it.
    Paper,
}

impl AckArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (incident, message) = self.target.parts();
        if let Some(errand) = self.errand {
            return cx.act(&Action::ErrandDone { incident, errand });
        }
        if let Some(by) = self.by {
            match &cx.global.acting {
                Some(acting) if *acting != by => {
                    let why = words::two_act(cx.term.lang(), &by, acting);
                    return Err(Error::usage(why, cx.say(words::LEAVE_AS_OUT)));
                }
                _ => cx.global.acting = Some(by),
            }
        }
        let at = cx.time_of(self.at.as_deref(), Side::Past)?;
        let (phone, paper) = (self.via == Some(Via::Phone), self.via == Some(Via::Paper));
        if paper && at.is_none() {
            return Err(Error::usage(cx.say(words::PAPER_NO_TIME), cx.say(words::PAPER_GIVE_TIME)).coded("missing"));
        }
        let function = match self.function {
            Some(function) => FunctionId::from(function),
            None if phone || paper => {
                let (why, help) = (cx.say(words::NOT_SAID_WHO), cx.say(words::NAME_CALLER));
                return Err(Error::usage(why, help).coded("missing"));
            }
            None => cx.acting()?,
        };
        if self.arrived {
            return cx.act(&Action::Arrived { incident, function, phone, at });
        }
        cx.act(&match (self.pass_on, self.fallback_failed) {
            (true, _) => Action::PassOn { incident, function },
            (_, true) => Action::FallbackFailed { incident, function },
            _ => Action::Ack { incident, message, function, phone, paper, at },
        })
    }
}
