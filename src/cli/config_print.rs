//! The directory and the plan of readiness as files to take along, from a configuration and without a server.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::context::Context;
use super::gateway;
use super::terminal::Hue;
use crate::config::{Loaded, Source};
use crate::dispatch::recover::frozen;
use crate::domain::lang::Lang;
use crate::error::{Error, Kind};
use crate::paper::directory::Numbers;
use crate::paper::{self, Occasion, Sheet, Style};
use crate::private_files;
use crate::words::cli as words;

/// Which file to take along.
#[derive(Clone, Copy, ValueEnum, Debug)]
pub enum Paper {
    /// The duties, where they are reached, who has the turn.
    Directory,
    /// Levels, modes, who decides, playbooks in short.
    Plan,
}

/// Print the directory or the plan of readiness: files to take along, made without a server.
#[derive(Args, Debug)]
pub struct PrintArgs {
    /// What to print.
    paper: Paper,
    /// Write a PDF.
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Write a page that prints well.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// In that language; that of the screen when missing.
    #[arg(long, value_name = "LANG", value_parser = ["sv", "en"])]
    language: Option<String>,
    /// With every number and address, marked CONFIDENTIAL, in new files for their owner alone.
    #[arg(long)]
    with_numbers: bool,
}

impl PrintArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let lang = cx.term.lang();
        if self.pdf.is_none() && self.html.is_none() {
            return Err(Error::usage(words::PAPER_NOWHERE.say(lang), words::PAPER_WHICH.say(lang)));
        }
        if self.with_numbers && self.config.is_none() {
            return Err(Error::usage(words::PAPER_NO_NUMBERS.say(lang), words::PAPER_NAME_CONFIG.say(lang)));
        }
        let source = self.config.clone().map_or(Source::Shipped, Source::Dir);
        let loaded = gateway::loaded(cx, source)?;
        let language = self.language.as_ref().and_then(|l| Lang::try_from(l.clone()).ok()).unwrap_or(lang);
        let on = Occasion { lang: language, now: cx.now(), fictional: loaded.fictional, training: false };
        let sheet = self.sheet(loaded, on);
        let mut written = Vec::new();
        if let Some(path) = &self.pdf {
            let made = paper::pdf(&sheet).map_err(|paper::TooLong| {
                let why = words::paper_too_long(lang, paper::PAGES_MAX);
                Error::new(Kind::Configuration, why, words::PAPER_SHORTER.say(lang))
            })?;
            self.write(lang, path, &made)?;
            written.push(path);
        }
        if let Some(path) = &self.html {
            let made = paper::html(&sheet, Style::Within).map_err(|e| Error::other(e.to_string(), ""))?;
            self.write(lang, path, made.as_bytes())?;
            written.push(path);
        }
        if cx.json() {
            cx.term.json(&json!({ "files": written, "with_numbers": self.with_numbers }));
            return Ok(());
        }
        for path in written {
            cx.term.line_in(Hue::Good, &words::paper_written(lang, path.display()));
        }
        Ok(())
    }

    fn sheet(&self, loaded: Loaded, on: Occasion) -> Sheet {
        let Loaded { plan: whole, contacts, .. } = loaded;
        // The plan as the server runs it: its hash, and no number that may not stand in texts.
        let (_, plan) = frozen(whole.clone());
        match self.paper {
            Paper::Plan => paper::plan::plan(&plan, on),
            Paper::Directory => {
                let address = |p| contacts.address(p).map(|a| a.to_string());
                let telephone = |f| whole.function(f).phone.as_ref().map(|p| p.number.clone());
                let numbers = Numbers { address: &address, telephone: &telephone };
                paper::directory::directory(&plan, on, self.with_numbers.then_some(&numbers))
            }
        }
    }

    fn write(&self, lang: Lang, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let done = match self.with_numbers {
            true => private_files::write_new(path, bytes),
            false => std::fs::write(path, bytes),
        };
        done.map_err(|e| {
            let why = words::paper_can_not_write(lang, path.display(), e);
            Error::new(Kind::Configuration, why, words::PAPER_OTHER_PLACE.say(lang))
        })
    }
}
