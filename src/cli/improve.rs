//! What is written after a drill or an incident: improvements, remarks, ratings by hand, how it went.

use clap::{ArgGroup, Args};

use super::context::Context;
use super::typed::Target;
use crate::domain::day::Day;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::after::{Element, RemarkKind};
use crate::domain::incident::input::{Action, Improving};
use crate::domain::private::Private;
use crate::domain::report::Rating;
use crate::error::Error;

/// An improvement: planned, changed, done or not made; or that none is needed.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("end").args(["done", "drop", "none"]))]
pub struct ImproveArgs {
    /// The number of the drill or the incident.
    #[arg(value_name = "NUMBER")]
    incident: Target,
    /// Which improvement, as the report counts them; a new one unless given.
    #[arg(value_name = "IMPROVEMENT", conflicts_with = "none", value_parser = clap::value_parser!(u32).range(1..))]
    id: Option<u32>,
    /// What is to be done.
    #[arg(long, value_name = "TEXT", conflicts_with = "end")]
    action: Option<String>,
    /// Who sees to it.
    #[arg(long, value_name = "FUNCTION", conflicts_with = "end")]
    owner: Option<String>,
    /// By which day: 2026-12-20.
    #[arg(long, value_name = "DAY", conflicts_with = "end")]
    due: Option<Day>,
    /// What people are to be able to do.
    #[arg(long, value_name = "TEXT", conflicts_with = "end")]
    capability: Option<String>,
    /// What went wrong.
    #[arg(long, value_name = "TEXT", conflicts_with = "end")]
    issue: Option<String>,
    /// What it is about: plan, organisation, equipment, training or exercise.
    #[arg(long, value_parser = element, conflicts_with = "end")]
    element: Option<Element>,
    /// On which day it begins.
    #[arg(long, value_name = "DAY", conflicts_with = "end")]
    start: Option<Day>,
    /// It is done: how that was verified.
    #[arg(long, value_name = "TEXT", requires = "id")]
    done: Option<String>,
    /// It will not be made: why.
    #[arg(long, value_name = "REASON", requires = "id")]
    drop: Option<String>,
    /// No improvement is needed: why.
    #[arg(long, value_name = "REASON")]
    none: Option<String>,
}

/// A remark: what went well, what can be better, what was seen.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").args(["strength", "improve", "observation"]).required(true))]
pub struct RemarkArgs {
    /// The number of the drill or the incident.
    #[arg(value_name = "NUMBER")]
    incident: Target,
    /// It went well.
    #[arg(long, value_name = "TEXT")]
    strength: Option<String>,
    /// It can be better.
    #[arg(long, value_name = "TEXT")]
    improve: Option<String>,
    /// It was seen.
    #[arg(long, value_name = "TEXT")]
    observation: Option<String>,
    /// Of what can be better: the rule or the line of a playbook that it is about.
    #[arg(long, value_name = "TEXT", requires = "improve")]
    reference: Option<String>,
    /// Of what can be better: why it went as it did.
    #[arg(long, value_name = "TEXT", requires = "improve")]
    analysis: Option<String>,
    /// Of what can be better: what should be done.
    #[arg(long, value_name = "TEXT", requires = "improve")]
    recommendation: Option<String>,
}

/// A rating by hand, beside what was computed.
#[derive(Args, Debug)]
pub struct RateArgs {
    /// The number of the drill or the incident.
    #[arg(value_name = "NUMBER")]
    incident: Target,
    /// Which objective, as the report counts them.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    objective: u32,
    /// P, S, M or U.
    #[arg(value_parser = letter)]
    rating: Rating,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

/// How it went, for the function of --as.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("said").args(["well", "badly", "change"]).required(true).multiple(true))]
pub struct FeedbackArgs {
    /// The number of the drill or the incident.
    #[arg(value_name = "NUMBER")]
    incident: Target,
    /// What went well.
    #[arg(long, value_name = "TEXT")]
    well: Option<String>,
    /// What went badly.
    #[arg(long, value_name = "TEXT")]
    badly: Option<String>,
    /// What should be changed.
    #[arg(long, value_name = "TEXT")]
    change: Option<String>,
}

fn element(text: &str) -> Result<Element, String> {
    let named = Element::ALL.into_iter().find(|e| e.as_str() == text.trim().to_lowercase());
    named.ok_or_else(|| format!("write {}", Element::ALL.map(Element::as_str).join(", ")))
}

fn letter(text: &str) -> Result<Rating, String> {
    Rating::of_letter(text).ok_or_else(|| "write P, S, M or U".into())
}

fn words(text: Option<String>) -> Private {
    text.unwrap_or_default().into()
}

impl ImproveArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let incident = self.incident.parts().0;
        cx.act(&self.action(incident))
    }

    fn action(self, incident: IncidentNo) -> Action {
        if let Some(reason) = self.none {
            return Action::NoImprovement { incident, reason: reason.into() };
        }
        match (self.id, self.done, self.drop) {
            (Some(id), Some(verified), _) => Action::ImprovementDone { incident, id, verified: verified.into() },
            (Some(id), None, Some(reason)) => Action::ImprovementDropped { incident, id, reason: reason.into() },
            (id, ..) => Action::Improve {
                incident,
                id,
                improvement: Improving {
                    capability: self.capability.map(Private::from),
                    issue: self.issue.map(Private::from),
                    action: self.action.map(Private::from),
                    element: self.element,
                    owner: self.owner.map(Into::into),
                    start: self.start,
                    due: self.due,
                },
            },
        }
    }
}

impl RemarkArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let incident = self.incident.parts().0;
        let (kind, text) = match (self.strength, self.improve) {
            (Some(text), _) => (RemarkKind::Strength, Some(text)),
            (None, Some(text)) => (RemarkKind::Improve, Some(text)),
            (None, None) => (RemarkKind::Observation, self.observation),
        };
        cx.act(&Action::Remark {
            incident,
            kind,
            text: words(text),
            reference: words(self.reference),
            analysis: words(self.analysis),
            recommendation: words(self.recommendation),
        })
    }
}

impl RateArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let reason = cx.need_reason(self.reason)?;
        let incident = self.incident.parts().0;
        let (objective, rating) = (self.objective, self.rating);
        cx.act(&Action::Rate { incident, objective, rating, reason: reason.into() })
    }
}

impl FeedbackArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let incident = self.incident.parts().0;
        let (went_well, went_badly, change) = (words(self.well), words(self.badly), words(self.change));
        cx.act(&Action::Feedback { incident, went_well, went_badly, change })
    }
}
