//! Who has the turn, so that a person can compare it with the calendar program.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use super::context::Context;
use super::gateway;
use super::table::{self, hued, said};
use super::terminal::Hue;
use crate::config::Loaded;
use crate::domain::ids::{FunctionIx, PointIx};
use crate::domain::lang::Lang;
use crate::domain::roster::Roster;
use crate::error::Error;
use crate::words::cli as words;
use crate::yaml::diagnostics::nearest;

/// The most weeks that are shown.
const WEEKS_MAX: i64 = 520;

/// Show who has the turn by the roster of a function, to compare it with the calendar program.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase roster show tib --config region/\n  \
    vardkase roster show tib --weeks 8 --from 2026-12-21 --config region/   over Christmas")]
pub struct RosterArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Turns and gaps, in the region's time.
    Show {
        /// The function whose duty points take turns.
        function: String,
        /// How many weeks.
        #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(i64).range(1..=WEEKS_MAX))]
        weeks: i64,
        /// The first day; today when missing.
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
        #[arg(long, value_name = "DIR")]
        config: Option<PathBuf>,
    },
}

impl RosterArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let What::Show { function, weeks, from, config } = self.what;
        let loaded = gateway::loaded(cx, cx.source(config)?)?;
        let (ix, roster) = wanted(cx.term.lang(), &loaded, &function)?;
        let zone = &loaded.plan.calendar;
        let first = from.unwrap_or_else(|| zone.local(cx.now().timestamp()).date());
        let last = first.saturating_add((weeks * 7).days());
        let midnight = |day: Date| day.to_zoned(zone.zone.0.clone()).map_or(0, |z| z.timestamp().as_second());
        let stretches = roster.stretches(midnight(first), midnight(last));
        let names = |points: &[PointIx]| -> Vec<&str> {
            let known = loaded.turns.iter().filter(|(f, _, p)| *f == ix && points.contains(p));
            known.map(|(_, name, _)| name.as_str()).collect()
        };
        let local = |second: i64| zone.local(Timestamp::from_second(second).unwrap_or_default());
        if cx.json() {
            let moment = |second| local(second).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            let turns: Vec<_> = stretches
                .iter()
                .map(|s| json!({ "from": moment(s.from), "to": moment(s.to), "points": names(&s.points), "gap": s.points.is_empty() }))
                .collect();
            cx.term.json(&json!({ "function": function, "zone": zone.zone.name(), "turns": turns }));
            return Ok(());
        }
        let lang = cx.term.lang();
        let days: Vec<&str> = words::WEEKDAYS.say(lang).split(' ').collect();
        let shown = |second| {
            let at = local(second);
            let day =
                days.get(usize::from(at.weekday().to_monday_zero_offset().unsigned_abs())).copied().unwrap_or_default();
            format!("{day} {}", at.strftime("%Y-%m-%d %H.%M"))
        };
        let rows = stretches.iter().map(|s| {
            let who = match s.points.is_empty() {
                true => hued(Hue::Wait, words::NOBODYS_TURN.say(lang)),
                false => said(names(&s.points).join(", ")),
            };
            vec![said(shown(s.from)), said(shown(s.to)), who]
        });
        let heads = [words::TURN_FROM, words::TURN_TO, words::TURN_OF].map(|w| w.say(lang));
        table::show(cx.term, &heads, rows.collect());
        Ok(())
    }
}

/// The function and its roster, or what there is instead.
fn wanted<'l>(lang: Lang, loaded: &'l Loaded, function: &str) -> Result<(FunctionIx, &'l Roster), Error> {
    let functions = &loaded.plan.functions;
    let with: Vec<&str> = functions.iter().filter(|f| !f.roster.is_empty()).map(|f| f.id.as_str()).collect();
    let Some((ix, found)) = (0..).map(FunctionIx).zip(functions).find(|(_, f)| f.id.as_str() == function) else {
        let help = match nearest(function, functions.iter().map(|f| f.id.as_str())) {
            Some(near) => words::did_you_mean(lang, near),
            None if with.is_empty() => words::WRITE_ROSTER.say(lang).into(),
            None => words::there_are(lang, with.join(", ")),
        };
        return Err(Error::usage(words::no_function(lang, function), help));
    };
    if found.roster.is_empty() {
        let help = match with.is_empty() {
            true => words::write_roster_of(lang, function),
            false => format!("{}; {}", words::write_roster_of(lang, function), words::there_are(lang, with.join(", "))),
        };
        return Err(Error::usage(words::no_roster(lang, function), help));
    }
    Ok((ix, &found.roster))
}
