//! The options by which an update, a correction, "running again" and a relapse say what is new.

use clap::Args;

use super::context::Context;
use super::times::Side;
use super::typed::{self, Worded};
use crate::domain::ids::{InfraId, RoutineId, SiteId};
use crate::domain::incident::facts::{Restore, Safety};
use crate::domain::incident::input::News;
use crate::domain::lang::L10n;
use crate::error::Error;
use crate::words::cli as words;

/// What is new; what is not given stays.
#[derive(Args, PartialEq, Debug, Default)]
pub struct NewsArgs {
    /// What happened, as TEXT or sv=TEXT, once per language.
    #[arg(long, value_name = "TEXT")]
    what: Vec<Worded>,
    /// Who is affected.
    #[arg(long, value_name = "TEXT")]
    scope: Vec<Worded>,
    /// A fallback routine to use now; all of them, once each.
    #[arg(long = "do", value_name = "ROUTINE")]
    routines: Vec<String>,
    /// Expected back: a time, or `unknown`.
    #[arg(long, value_name = "TIME")]
    restore: Option<String>,
    /// With `--restore unknown`: when the next forecast comes.
    #[arg(long, value_name = "TIME", requires = "restore")]
    forecast: Option<String>,
    /// When the next update comes.
    #[arg(long, value_name = "TIME")]
    next: Option<String>,
    /// The number to call.
    #[arg(long, value_name = "NUMBER")]
    contact: Option<String>,
    /// Patients in danger: yes, no, unknown.
    #[arg(long, value_parser = typed::safety, value_name = "YES|NO|UNKNOWN")]
    safety: Option<Safety>,
    /// What else is known.
    #[arg(long, value_name = "TEXT")]
    known: Vec<Worded>,
    /// What is not known.
    #[arg(long, value_name = "TEXT")]
    unknown: Vec<Worded>,
    /// What the public is told is new, or in a correction what is right (`none` takes back what waits).
    #[arg(long, value_name = "TEXT")]
    public_news: Vec<Worded>,
    /// Another disruption level.
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// All sites that are concerned now, with commas.
    #[arg(long, value_name = "SITES", value_delimiter = ',')]
    sites: Vec<String>,
    /// All infrastructure that is down now, with commas (`none`: nothing beside the playbook's): other ways are taken first.
    #[arg(long, value_name = "INFRASTRUCTURE", value_delimiter = ',')]
    down: Vec<String>,
}

impl NewsArgs {
    /// In the domain's words.
    pub fn read(self, cx: &mut Context<'_>) -> Result<News, Error> {
        let lang = cx.term.lang();
        let next = cx.time_of(self.next.as_deref(), Side::Future)?;
        let mut restore = restore(cx, self.restore.as_deref(), self.forecast.as_deref())?;
        if self.restore.is_some() && restore.is_none() {
            // What was promised before would stay, if nothing took its place.
            let Some(forecast) = next else {
                let (why, help) = (cx.say(words::NEEDS_FORECAST), cx.say(words::GIVE_FORECAST));
                return Err(Error::usage(why, help).coded("missing"));
            };
            restore = Some(Restore::Unknown { forecast });
        }
        Ok(News {
            what: typed::l10n(&self.what, lang),
            scope: typed::l10n(&self.scope, lang),
            routines: routines(&self.routines),
            restore,
            next,
            contact: self.contact,
            safety: self.safety,
            known: typed::l10n(&self.known, lang),
            unknown: typed::l10n(&self.unknown, lang),
            public_news: typed::l10n(&self.public_news, lang).map(|said| match said.0.values().all(|t| t == "none") {
                true => L10n::default(),
                false => said,
            }),
            level: self.level,
            sites: Some(sites(&self.sites)).filter(|s| !s.is_empty()),
            down: (!self.down.is_empty()).then(|| infra(&self.down)),
        })
    }
}

/// When it is expected back. "Unknown" without a forecast goes by the beat of updates, which the server knows.
pub fn restore(cx: &mut Context<'_>, text: Option<&str>, forecast: Option<&str>) -> Result<Option<Restore>, Error> {
    let forecast = cx.time_of(forecast, Side::Future)?;
    match text {
        None => Ok(None),
        Some(text) if typed::is_unknown(text) => Ok(forecast.map(|forecast| Restore::Unknown { forecast })),
        Some(_) if forecast.is_some() => {
            Err(Error::usage(cx.say(words::FORECAST_IF_UNKNOWN), cx.say(words::GIVE_ONE_OF_THEM)))
        }
        Some(text) => cx.time(text, Side::Future).map(|at| Some(Restore::At(at))),
    }
}

/// Sites as typed.
pub fn sites(given: &[String]) -> Vec<SiteId> {
    given.iter().map(|s| s.trim()).filter(|s| !s.is_empty()).map(SiteId::from).collect()
}

/// Infrastructure as typed; `none` names nothing.
pub fn infra(given: &[String]) -> Vec<InfraId> {
    given.iter().map(|s| s.trim()).filter(|s| !s.is_empty() && *s != "none").map(InfraId::from).collect()
}

/// Routines as typed.
pub fn routines(given: &[String]) -> Option<Vec<RoutineId>> {
    (!given.is_empty()).then(|| given.iter().map(|r| RoutineId::from(r.trim())).collect())
}
