//! What must be done beside telling: tasks, clocks of the authorities, interventions, redirections, conferences.

use clap::{Args, Subcommand};

use super::context::Context;
use super::incident_show;
use super::times::{self, Side};
use super::typed::{Worded, l10n};
use crate::api::calls;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::input::{Action, StepStart};
use crate::domain::step::StepKind;
use crate::error::Error;

/// Steps beside the texts: each has an owner, a deadline and an end.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase step list 14\n  \
    vardkase step start 14 divert --at 18:00 --as tib        what the playbook prepared\n  \
    vardkase step start 14 --kind task --what 'Install the patch' --at 'in 4h' --owner it-led\n  \
    vardkase step start 14 --kind intervention --what 'IT takes over PCs on ward 7' --at 14:00 --to iva,op-koord\n  \
    vardkase step start 14 --kind conference --what 'Bridge 2' --to lead,sites --every 60m\n  \
    vardkase step have 14 3 --as it-led                      I have it; we have read it; we attend\n  \
    vardkase step have 14 3 --for iva --via phone --as vaxel\n  \
    vardkase step done 14 3 --reference 'dnr 2026-17'\n  \
    vardkase step stop 14 3 --reason 'patient on the table' --as iva\n  \
    vardkase step move 14 3 --at 20:00")]
pub struct StepArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Show the steps of an incident.
    List {
        /// The incident.
        incident: IncidentNo,
    },
    /// Begin a step: one that the playbook prepared, or one of your own.
    Start(Box<Start>),
    /// Say that you have it, have read it, or attend.
    Have {
        /// The incident.
        incident: IncidentNo,
        /// The step: 3 for S3.
        #[arg(value_parser = step_number)]
        step: u32,
        /// You can't: the deputy is asked; an intervention is stopped.
        #[arg(long)]
        no: bool,
        /// For which function; all that you were asked for, when missing.
        #[arg(long = "for", value_name = "FUNCTION")]
        function: Option<String>,
        /// How it was told.
        #[arg(long, value_enum, requires = "function")]
        via: Option<Via>,
        /// Why not.
        #[arg(long)]
        reason: Option<String>,
    },
    /// It is done.
    Done {
        /// The incident.
        incident: IncidentNo,
        /// The step: 3 for S3.
        #[arg(value_parser = step_number)]
        step: u32,
        /// The number of the case; needed for the clock of an authority.
        #[arg(long)]
        reference: Option<String>,
    },
    /// It shall not be done, or no longer holds. Any duty may stop an intervention.
    Stop {
        /// The incident.
        incident: IncidentNo,
        /// The step: 3 for S3.
        #[arg(value_parser = step_number)]
        step: u32,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Give it another deadline, beginning or end. Not the clock of an authority.
    Move {
        /// The incident.
        incident: IncidentNo,
        /// The step: 3 for S3.
        #[arg(value_parser = step_number)]
        step: u32,
        /// Until when, or when.
        #[arg(long, value_name = "TIME")]
        at: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// How it was told.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum, Debug)]
enum Via {
    /// By telephone.
    Phone,
}

#[derive(Args, Debug)]
struct Start {
    /// The incident.
    incident: IncidentNo,
    /// Its name in the playbook.
    #[arg(value_name = "NAME", required_unless_present = "kind")]
    rule: Option<String>,
    /// What kind, for one of your own: task, clock, intervention, redirection, conference.
    #[arg(long, value_parser = kind, conflicts_with = "rule")]
    kind: Option<StepKind>,
    /// What is to be done, said or talked about: TEXT, or sv=TEXT once per language.
    #[arg(long, value_name = "TEXT")]
    what: Vec<Worded>,
    /// Who sees to it; the duty that acts, when missing.
    #[arg(long, value_name = "FUNCTION")]
    owner: Option<String>,
    /// Functions and groups that it concerns.
    #[arg(long, value_delimiter = ',', value_name = "FUNCTION")]
    to: Vec<String>,
    /// Its deadline; when an intervention begins; until when a redirection holds; the first round of a conference.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How often a conference meets: 60m.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    every: Option<u32>,
    /// How long an intervention may take: 2h.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    lasts: Option<u32>,
}

impl StepArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.what {
            What::List { incident } => list(cx, incident),
            What::Start(start) => start.run(cx),
            What::Have { incident, step, no, function, via, reason } => cx.act(&Action::StepHave {
                incident,
                step,
                function: function.map(FunctionId::from),
                yes: !no,
                phone: via == Some(Via::Phone),
                reason: reason.unwrap_or_default().into(),
            }),
            What::Done { incident, step, reference } => {
                cx.act(&Action::StepDone { incident, step, reference: reference.unwrap_or_default().into() })
            }
            What::Stop { incident, step, reason } => {
                let reason = cx.need_reason(reason)?.into();
                cx.act(&Action::StepStop { incident, step, reason })
            }
            What::Move { incident, step, at, reason } => {
                let due = cx.time(&at, Side::Future)?;
                cx.act(&Action::StepMove { incident, step, due, reason: reason.unwrap_or_default().into() })
            }
        }
    }
}

impl Start {
    fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let start = StepStart {
            rule: self.rule,
            kind: self.kind,
            title: l10n(&self.what, cx.term.lang()),
            owner: self.owner.map(FunctionId::from),
            to: self.to.into_iter().map(FunctionId::from).collect(),
            due: cx.time_of(self.at.as_deref(), Side::Future)?,
            every_s: self.every,
            lasts_s: self.lasts,
        };
        cx.act(&Action::StepStart { incident: self.incident, start })
    }
}

fn list(cx: &mut Context<'_>, incident: IncidentNo) -> Result<(), Error> {
    let seen = cx.call(&calls::incident(incident))?;
    if cx.json() {
        cx.term.json(&seen.lists(&["steps", "prepared"]));
        return Ok(());
    }
    let view = seen.read()?;
    incident_show::steps(cx, &view, true);
    Ok(())
}

/// `3`, or `S3` as it stands in texts.
fn step_number(text: &str) -> Result<u32, String> {
    let digits = text.trim().trim_start_matches(['S', 's']);
    digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| "write the number of the step: 3, or S3".into())
}

fn kind(text: &str) -> Result<StepKind, String> {
    let all: Vec<&str> = StepKind::ALL.iter().map(|k| k.as_str()).collect();
    StepKind::named(&text.trim().to_lowercase()).ok_or_else(|| format!("write one of {}", all.join(", ")))
}

/// `60m`, `2h`, `1h30m`; in seconds.
fn span(text: &str) -> Result<u32, String> {
    times::seconds(text).ok_or_else(|| "write a span such as 60m or 2h".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_named_as_people_read_them() {
        assert_eq!(step_number("S3"), Ok(3));
        assert_eq!(step_number("3"), Ok(3));
        assert!(step_number("0").is_err() && step_number("S").is_err() && step_number("14-3").is_err());
        assert_eq!(kind("Task"), Ok(StepKind::Task));
        assert!(kind("meeting").is_err());
        assert_eq!(span("1h30m"), Ok(5400));
        assert!(span("soon").is_err());
    }
}
