//! Configuration to begin with, and what is printed of one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::config_print;
use super::context::Context;
use super::terminal::Hue;
use crate::config::{minimal, shipped};
use crate::error::{Error, Kind};
use crate::words::cli as words;

/// Write a configuration to begin with, or print one to take along.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase config init region/             a small commented region, to be filled in\n  \
    vardkase config init region/ --built-in  the whole fictional region, to take from\n  \
    vardkase config print directory --pdf directory.pdf --config region/\n  \
    vardkase config print plan --html plan.html --language en --config region/\n  \
    vardkase config print directory --pdf safe.pdf --with-numbers --config region/")]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Write the files of a region into a folder that is empty or not there.
    Init {
        /// The folder.
        dir: PathBuf,
        /// The whole fictional region that is built in, instead of a small one with comments.
        #[arg(long)]
        built_in: bool,
    },
    /// Print the directory or the plan of readiness: files to take along, made without a server.
    Print(config_print::PrintArgs),
}

impl ConfigArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.what {
            What::Init { dir, built_in } => init(cx, &dir, built_in),
            What::Print(print) => print.run(cx),
        }
    }
}

fn init(cx: &mut Context<'_>, dir: &Path, built_in: bool) -> Result<(), Error> {
    let lang = cx.term.lang();
    let cannot = |path: &Path, e: &std::io::Error| {
        Error::new(Kind::Configuration, format!("{}: {e}", path.display()), words::NAME_FREE_FOLDER.say(lang))
    };
    match std::fs::read_dir(dir) {
        Ok(mut there) => {
            if there.next().is_some() {
                let why = words::folder_not_empty(lang, dir.display());
                return Err(Error::new(Kind::Configuration, why, words::NAME_FREE_FOLDER.say(lang)));
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(cannot(dir, &e)),
    }
    let files = if built_in { shipped() } else { minimal() };
    for (name, text) in &files {
        let path = dir.join(name);
        let folder = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).map_err(|e| cannot(folder, &e))?;
        // What somebody else put there meanwhile stays.
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut f| f.write_all(text.as_bytes())).map_err(|e| cannot(&path, &e))?;
    }
    if cx.json() {
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        cx.term.json(&json!({ "folder": dir, "files": names }));
        return Ok(());
    }
    for (name, _) in &files {
        cx.term.line(&format!("  {name}"));
    }
    cx.term.line_in(Hue::Good, &words::config_written(lang, files.len(), dir.display()));
    cx.term.line(&format!("  vardkase check --config {}", dir.display()));
    cx.term.line(&format!("  vardkase demo --config {}", dir.display()));
    Ok(())
}
