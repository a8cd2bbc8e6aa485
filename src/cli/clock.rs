//! The machine's clock, when it was set and is not followed.

use clap::{Args, Subcommand};

use super::context::Context;
use super::terminal::Hue;
use crate::api::{ClockView, calls};
use crate::error::Error;
use crate::words::cli as words;

/// Look at the server's time, or say that the machine's clock is right.
///
/// A clock that is set by more than a minute is not followed until it is right again, or has gone well for ten minutes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase clock show                    the server's time, and whether it follows the machine's clock\n  \
    vardkase clock accept --as it-duty     the machine's clock is right: follow it now")]
pub struct ClockArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// The server's time, and how far the machine's clock is off.
    Show,
    /// The machine's clock is right: it is followed now.
    Accept,
}

impl ClockArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let answer = match self.what {
            What::Show => cx.call(&calls::clock())?,
            What::Accept => {
                let acting = cx.acting()?;
                cx.call(&calls::clock_accept(&acting))?
            }
        };
        if cx.json() {
            cx.term.json(&answer);
            return Ok(());
        }
        let ClockView { now, off_s } = answer.read()?;
        let lang = cx.term.lang();
        match off_s {
            None => cx.term.line_in(Hue::Good, &words::clock_followed(lang, now)),
            Some(s) => cx.term.line_in(Hue::Wait, &words::clock_off(lang, now, s)),
        }
        Ok(())
    }
}
