//! News of an incident.

use clap::Args;

use super::context::Context;
use super::news::NewsArgs;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Tell what is new; what is not given stays as it was.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase update 14 --restore 06:00 --next 04:30 --as it-duty\n  \
    vardkase update 14 --known 'backup is whole' --unknown cause\n  \
    vardkase update 14 --restore unknown --forecast 'in 1h'")]
pub struct UpdateArgs {
    /// The incident.
    incident: IncidentNo,
    #[command(flatten)]
    news: NewsArgs,
}

impl UpdateArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let news = self.news.read(cx)?;
        cx.act(&Action::Update { incident: self.incident, news })
    }
}
