//! It was not over.

use clap::Args;

use super::context::Context;
use super::news::NewsArgs;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Go back from running again to alert: it was not over.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase relapse 14 --what 'the records are down again' --as it-duty")]
pub struct RelapseArgs {
    /// The incident.
    incident: IncidentNo,
    #[command(flatten)]
    news: NewsArgs,
}

impl RelapseArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let news = self.news.read(cx)?;
        cx.act(&Action::Relapse { incident: self.incident, news })
    }
}
