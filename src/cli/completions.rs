//! Completions for shells.

use clap::Args;
use clap_complete::Shell;

use super::context::Context;
use crate::error::Error;

/// Print completions for a shell.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase completions bash > /etc/bash_completion.d/vardkase\n  \
    vardkase completions zsh > ~/.zfunc/_vardkase")]
pub struct CompletionsArgs {
    /// Which shell.
    shell: Shell,
}

impl CompletionsArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "vardkase", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        if cx.json() {
            cx.term.json(&serde_json::json!({ "shell": self.shell.to_string(), "script": script }));
        } else {
            cx.term.raw(&script);
        }
        Ok(())
    }
}
