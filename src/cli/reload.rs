//! The server reads its configuration anew.

use clap::Args;
use serde_json::json;

use super::context::Context;
use crate::error::Error;

/// Take the changed configuration for new incidents, if it checks clean.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase reload --as it-duty      the server says what is wrong, and goes on with the old one")]
pub struct ReloadArgs {}

impl ReloadArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let acting = cx.acting()?;
        let answer = cx.api()?.post("/api/v1/reload", &json!({ "as": acting }))?;
        cx.show_done(&answer);
        Ok(())
    }
}
