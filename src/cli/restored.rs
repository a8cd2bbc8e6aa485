//! It runs again.

use clap::Args;

use super::context::Context;
use super::news::NewsArgs;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::input::Action;
use crate::error::Error;
use crate::words::cli as words;

/// Tell that it runs again while data are checked, or that the data are complete.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase restored 14 --next 07:00 --as it-duty\n  \
    vardkase restored 14 --data-complete --as app-line     the owner's word; all clear can follow")]
pub struct RestoredArgs {
    /// The incident.
    incident: IncidentNo,
    /// The owner says that data are complete; nothing is sent.
    #[arg(long)]
    data_complete: bool,
    #[command(flatten)]
    news: NewsArgs,
}

impl RestoredArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let incident = self.incident;
        if !self.data_complete {
            let news = self.news.read(cx)?;
            return cx.act(&Action::Restored { incident, news });
        }
        if self.news != NewsArgs::default() {
            return Err(Error::usage(cx.say(words::SENDS_NOTHING), cx.say(words::NEWS_FIRST)));
        }
        cx.act(&Action::DataComplete { incident })
    }
}
