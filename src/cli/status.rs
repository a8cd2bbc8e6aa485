//! Everything at a glance, or one incident.

use std::time::Duration;

use clap::Args;

use super::client::Answer;
use super::context::Context;
use super::table::{self, said};
use super::{incident_show, status_show};
use crate::api::{StatusAnswer, Zone, calls};
use crate::dispatch::forgotten::{ClosedView, instead};
use crate::domain::ids::IncidentNo;
use crate::domain::view::IncidentView;
use crate::error::Error;
use crate::words::cli as words;

/// How often a watched screen is drawn anew.
const WATCH_S: u64 = 2;

/// Show modes and open incidents; of one incident, who is reached over what, who answered, and what is next.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase status\n  \
    vardkase status 14 --watch\n  \
    vardkase status --closed")]
pub struct StatusArgs {
    /// The incident.
    incident: Option<IncidentNo>,
    /// Draw it anew each 2 seconds, on a terminal, until Ctrl-C.
    #[arg(long)]
    watch: bool,
    /// Closed incidents instead: when they were, and whose private values were forgotten.
    #[arg(long, conflicts_with_all = ["incident", "watch"])]
    closed: bool,
}

impl StatusArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        if self.closed {
            return closed(cx);
        }
        cx.says_training();
        if !self.watch {
            let seen = self.look(cx)?;
            return self.show(cx, &seen);
        }
        if !cx.term.screen() || cx.json() {
            return Err(Error::usage(cx.say(words::WATCH_NEEDS), cx.say(words::WATCH_ELSE)));
        }
        // The first look may fail for good; later ones show that they fail and go on: the server may be starting again.
        let mut seen = Ok(self.look(cx)?);
        while !cx.term.gone() {
            cx.term.raw("\x1b[H\x1b[2J");
            match &seen {
                Ok(seen) => self.show(cx, seen)?,
                Err(error) => cx.term.problem(error),
            }
            std::thread::sleep(Duration::from_secs(WATCH_S));
            seen = self.look(cx);
        }
        Ok(())
    }

    /// The region, and the incident if one is asked for. A screen wants the region in any case: its warnings stand on every
    /// one, and it knows the zone of the clocks.
    fn look(&self, cx: &mut Context<'_>) -> Result<Seen, Error> {
        let region = match self.incident {
            Some(_) if cx.json() => None,
            _ => Some(cx.call(&calls::status())?),
        };
        let incident = self.incident.map(|no| cx.call(&calls::incident(no))).transpose()?;
        Ok(Seen { region, incident })
    }

    fn show(&self, cx: &mut Context<'_>, seen: &Seen) -> Result<(), Error> {
        if cx.json() {
            match (&seen.incident, &seen.region) {
                (Some(incident), _) => cx.term.json(incident),
                (None, region) => cx.term.json(region),
            }
            return Ok(());
        }
        let status = seen.region.as_ref().map(Answer::read).transpose()?;
        if let Some(status) = &status {
            cx.learn_zone(Zone { zone: Some(status.status.zone.clone()) });
            status_show::warnings(cx, status);
        }
        match (&seen.incident, status) {
            (Some(incident), _) => {
                let view = incident.read()?;
                incident_show::incident(cx, &view);
            }
            (None, Some(StatusAnswer { status, journal, .. })) => {
                status_show::region(cx, &status);
                status_show::journal(cx, &journal, status.now);
            }
            (None, None) => {}
        }
        Ok(())
    }
}

/// What the server told at one look.
struct Seen {
    region: Option<Answer<StatusAnswer>>,
    incident: Option<Answer<IncidentView>>,
}

/// Closed incidents, the newest first.
fn closed(cx: &mut Context<'_>) -> Result<(), Error> {
    let answer = cx.call(&calls::closed())?;
    if cx.json() {
        cx.term.json(&answer);
        return Ok(());
    }
    let all = answer.read()?;
    let row = |c: ClosedView| {
        let note = match (&c.forgotten, c.merged_into) {
            (Some(f), _) => instead(f.at),
            (None, Some(into)) => format!("→ {into}"),
            (None, None) => String::new(),
        };
        vec![
            said(c.no.to_string()),
            said(c.playbook.as_str()),
            said(c.opened.to_string()),
            said(c.closed.to_string()),
            said(note),
        ]
    };
    let rows = all.into_iter().map(row).collect();
    let names =
        [words::INCIDENT, words::PLAYBOOK, words::REPORTED_AT, words::CLOSED_AT, words::REMARK].map(|w| cx.say(w));
    table::show(cx.term, &names, rows);
    Ok(())
}
