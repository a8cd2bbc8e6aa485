//! The report after a drill or a real incident, in whatever form it is wanted; and what many of them came to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::context::Context;
use super::terminal::Hue;
use super::typed::Target;
use crate::api::{ReportAnswer, calls};
use crate::error::{Error, Kind};
use crate::paper::report::{csv, sheet, trends, xlsx};
use crate::paper::{self, Occasion, PAGES_MAX, Style};
use crate::words::{after as w, cli as words};

/// The form of a report.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum Format {
    Text,
    Html,
    Pdf,
    Csv,
    Xlsx,
    Json,
}

/// Which report, and in which form.
#[derive(Args, Debug)]
pub struct ReportOf {
    /// The number of the drill or the incident.
    #[arg(value_name = "NUMBER")]
    incident: Target,
    /// In which form; text on a terminal and JSON elsewhere unless given.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Into that file; pdf and xlsx need one.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ReportOf {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let lang = cx.term.lang();
        let format = self.format.unwrap_or(if cx.term.screen() && !cx.json() { Format::Text } else { Format::Json });
        if self.out.is_none() && matches!(format, Format::Pdf | Format::Xlsx) {
            return Err(Error::usage(w::NEEDS_FILE.say(lang), w::GIVE_FILE.say(lang)).coded("missing"));
        }
        let answer = cx.call(&calls::after_report(self.incident.parts().0))?;
        if format == Format::Json && self.out.is_none() {
            cx.term.json(&answer);
            return Ok(());
        }
        let ReportAnswer { report, made_at, fictional, training } = answer.read()?;
        let on = Occasion { lang, now: made_at, fictional, training };
        let broken = |e: askama::Error| Error::other(e.to_string(), "");
        let bytes = match format {
            Format::Text => paper::text(&sheet(&report, on)).into_bytes(),
            Format::Html => paper::html(&sheet(&report, on), Style::Within).map_err(broken)?.into_bytes(),
            Format::Csv => csv(&report).into_bytes(),
            Format::Xlsx => xlsx(&report, lang),
            Format::Json => serde_json::to_vec_pretty(&ReportAnswer { report, made_at, fictional, training })
                .map_err(|e| Error::other(e.to_string(), ""))?,
            Format::Pdf => paper::pdf(&sheet(&report, on))
                .map_err(|_| Error::other(w::too_long(lang, PAGES_MAX), w::TAKE_ANOTHER.say(lang)))?,
        };
        let Some(path) = self.out else {
            cx.term.raw(&String::from_utf8_lossy(&bytes));
            return Ok(());
        };
        std::fs::write(&path, bytes).map_err(|e| {
            let why = words::paper_can_not_write(lang, path.display(), e);
            Error::new(Kind::Configuration, why, words::PAPER_OTHER_PLACE.say(lang))
        })?;
        if !cx.json() {
            cx.term.line_in(Hue::Good, &words::paper_written(lang, path.display()));
        }
        Ok(())
    }
}

/// Drills and incidents over time.
pub fn show_trends(cx: &mut Context<'_>) -> Result<(), Error> {
    let answer = cx.call(&calls::trends())?;
    if cx.json() {
        cx.term.json(&answer);
        return Ok(());
    }
    let seen = answer.read()?;
    let on = Occasion { lang: cx.term.lang(), now: seen.made_at, fictional: seen.fictional, training: seen.training };
    let sheet = trends(&seen.region, &seen.zone, on, &seen.rows, seen.older);
    cx.term.raw(&paper::text(&sheet));
    Ok(())
}
