//! Corrects what was sent.

use clap::Args;

use super::context::Context;
use super::news::NewsArgs;
use crate::domain::ids::MessageNo;
use crate::domain::incident::input::Action;
use crate::error::Error;

/// Correct a message that was sent: everybody who was told it gets the correction.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase correct 14-2 --contact 0980-319200 --as it-duty\n  \
    vardkase correct 14-2 --what sv='Journalen går att läsa' --what en='The records can be read'")]
pub struct CorrectArgs {
    /// The message.
    number: MessageNo,
    #[command(flatten)]
    news: NewsArgs,
}

impl CorrectArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let news = self.news.read(cx)?;
        cx.act(&Action::Correct { number: self.number, news })
    }
}
