//! Tokens of programs: a monitor that reports, a dashboard that reads.

use clap::{Args, Subcommand};

use super::access::{change, functions, in_a_row, look, rights};
use super::context::Context;
use super::table::{said, show};
use super::terminal::Hue;
use crate::accounts::{Change, TOKEN_DAYS_MAX};
use crate::error::Error;
use crate::words::cli as words;

const DAY_S: u32 = 24 * 3600;

/// Make, list and revoke tokens for programs that use the API, each with the rights and functions that it needs.
///
/// The token is shown once; the server keeps its hash. A program sends it as `Authorization: Bearer`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase token add --right read --expires 365\n  \
    vardkase token add --right report --function it-bered --expires 90\n  \
    vardkase token list\n  \
    vardkase token revoke t-k3x7pq2a")]
pub struct TokenArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// One more.
    Add {
        /// What it may; once for each.
        #[arg(long = "right", value_name = "RIGHT", required = true)]
        rights: Vec<String>,
        /// For which function it may act; once for each, '*' for all.
        #[arg(long = "function", value_name = "FUNCTION")]
        functions: Vec<String>,
        /// After so many days it comes in no more.
        #[arg(long, value_name = "DAYS")]
        expires: u32,
    },
    /// All that are good.
    List,
    /// It comes in no more.
    Revoke {
        /// The token's ID.
        id: String,
    },
}

impl TokenArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let lang = cx.term.lang();
        let wanted = match &self.what {
            What::Add { rights: typed, functions: of, expires } => {
                let expires = cx.now() + (*expires).min(TOKEN_DAYS_MAX + 1) * DAY_S;
                Some(Change::TokenAdd { rights: rights(cx, typed)?, functions: functions(of), expires })
            }
            What::Revoke { id } => Some(Change::TokenRevoke { id: id.clone() }),
            What::List => None,
        };
        let (view, online) = look(cx)?;
        let Some(wanted) = wanted else {
            if cx.json() {
                cx.term.json(&view.tokens);
                return Ok(());
            }
            let row = |t: &crate::accounts::TokenView| {
                [t.id.clone(), in_a_row(&t.rights), in_a_row(&t.functions.0), t.expires.to_string()].map(said).to_vec()
            };
            let rows = view.tokens.iter().map(row).collect();
            let heads = [words::HEAD_ID, words::HEAD_RIGHTS, words::HEAD_FUNCTIONS, words::HEAD_UNTIL];
            show(cx.term, &heads.map(|w| w.say(lang)), rows);
            return Ok(());
        };
        let changed = change(cx, &wanted, online)?;
        if cx.json() {
            cx.term.json(&changed);
            return Ok(());
        }
        match &changed.token {
            Some(token) => {
                cx.term.line_in(Hue::Good, &words::token_added(lang, &changed.id));
                cx.term.line(token);
                cx.term.line_in(Hue::Wait, words::TOKEN_ONCE.say(lang));
            }
            None => cx.term.line_in(Hue::Good, &words::token_revoked(lang, &changed.id)),
        }
        Ok(())
    }
}
