//! Everything at a glance, or one incident.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::api::quoted;
use super::context::{Context, read};
use super::status_show;
use crate::dispatch::journal_view::JournalView;
use crate::domain::ids::IncidentNo;
use crate::domain::view::{IncidentView, StatusView};
use crate::error::Error;

/// How often a watched screen is drawn anew.
const WATCH_S: u64 = 2;

/// Show modes and open incidents; of one incident, who is reached over what, who answered, and what is next.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase status\n  \
    vardkase status 14 --watch")]
pub struct StatusArgs {
    /// The incident.
    incident: Option<IncidentNo>,
    /// Draw it anew each 2 seconds, on a terminal, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

impl StatusArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        if !self.watch {
            let seen = self.look(cx)?;
            return self.show(cx, &seen);
        }
        if !cx.term.screen() || cx.json() {
            let help = "leave --watch out, or follow the journal with `vardkase log --follow`";
            return Err(Error::usage("--watch needs a terminal", help));
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
    fn look(&self, cx: &mut Context<'_>) -> Result<(Value, Option<Value>), Error> {
        let Some(no) = self.incident else {
            let status = cx.api()?.get("/api/v1/status")?;
            cx.learn_zone(&status);
            return Ok((status, None));
        };
        let status = if cx.json() { Value::Null } else { cx.api()?.get("/api/v1/status")? };
        cx.learn_zone(&status);
        let incident = cx.api()?.get(&format!("/api/v1/incidents/{}", quoted(&no.written("X"))))?;
        Ok((status, Some(incident)))
    }

    fn show(&self, cx: &mut Context<'_>, (status, incident): &(Value, Option<Value>)) -> Result<(), Error> {
        if cx.json() {
            cx.term.json(incident.as_ref().unwrap_or(status));
            return Ok(());
        }
        let said = |key| status.get(key).and_then(Value::as_bool);
        status_show::warnings(cx, said("on_record") == Some(false), said("fictional") == Some(true));
        let journal: Option<JournalView> = status.get("journal").map(read).transpose()?;
        if let Some(journal) = &journal {
            status_show::journal_alarms(cx, journal);
        }
        status_show::alarms(cx, status);
        match incident {
            None => {
                let view: StatusView = read(status.get("status").unwrap_or(status))?;
                status_show::region(cx, &view);
                if let Some(journal) = &journal {
                    status_show::journal(cx, journal, view.now);
                }
            }
            Some(incident) => status_show::incident(cx, &read::<IncidentView>(incident)?),
        }
        Ok(())
    }
}
