//! An outage on a virtual clock, against a configuration: offline, nothing is sent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::gateway;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::bounded::{read_file, why};
use crate::domain::lang::Lang;
use crate::error::{Error, Kind};
use crate::replay::{Beside, Outcome, Region, in_history, in_ours, page, question, read, replay, shipped, way};
use crate::words::cli as words;
use crate::yaml::FILE_BYTES_MAX;
use crate::yaml::diagnostics::render_text;

/// So many duties stand in the table of texts; JSON and the page have all of them.
const DUTIES_SHOWN_MAX: usize = 12;

/// Replay an outage on a virtual clock, against a configuration: who would have been told when, beside what history did. Nothing is sent.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase replay b-records-stockholm                    an outage that is built in\n  \
    vardkase replay outage.yaml --config region/ --html outage.html\n  \
    vardkase replay outage.yaml --seed 17 --json")]
pub struct ReplayArgs {
    /// The scenario, or the name of one that is built in; `vardkase schema scenario` says how one is written.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Write a page with the timeline, history beside ours, and what each duty got.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Where chance begins: the same number gives the same replay.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only read the scenario, and say what is wrong with it.
    #[arg(long, conflicts_with = "html")]
    check: bool,
}

impl ReplayArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let lang = cx.term.lang();
        let source = cx.source(self.config)?;
        let (path, text) = text_of(lang, &self.file)?;
        let loaded = gateway::loaded(cx, source)?;
        let plan = Arc::new(loaded.plan);
        let region = Region { plan: &plan, around: &loaded.around };
        let scenario = match read(&path, &text, region) {
            Ok(scenario) => scenario,
            Err(found) => {
                if cx.json() {
                    cx.term.json(&json!({ "diagnostics": found }));
                } else {
                    cx.term.raw(&format!("{}\n{}\n", render_text(&found), words::replay_mistakes(lang, found.len())));
                }
                return Ok(Kind::Configuration.exit_code());
            }
        };
        if self.check {
            cx.term.line(words::REPLAY_FINE.say(lang));
            return Ok(0);
        }
        let outcome = replay(&scenario, region, self.seed);
        if let Some(path) = &self.html {
            let made = page(&outcome, &plan, lang).map_err(|e| Error::other(e.to_string(), ""))?;
            std::fs::write(path, made).map_err(|e| {
                let why = words::paper_can_not_write(lang, path.display(), why(&e));
                Error::new(Kind::Configuration, why, words::PAPER_OTHER_PLACE.say(lang))
            })?;
        }
        if cx.json() {
            cx.term.json(&outcome);
        } else {
            show(cx, &outcome);
            if let Some(path) = &self.html {
                cx.term.line_in(Hue::Good, &words::paper_written(lang, path.display()));
            }
        }
        Ok(if outcome.passed { 0 } else { Kind::Other.exit_code() })
    }
}

/// The file; or the outage that is built in under that name.
fn text_of(lang: Lang, file: &Path) -> Result<(String, String), Error> {
    let name = file.to_string_lossy().into_owned();
    if !file.exists()
        && let Some((known, text)) = shipped().into_iter().find(|(known, _)| *known == name)
    {
        return Ok((known, text));
    }
    let bytes = read_file(file, FILE_BYTES_MAX as u64).map_err(|e| {
        let why = words::replay_not_read(lang, file.display(), why(&e));
        let names: Vec<String> = shipped().into_iter().map(|(known, _)| known).collect();
        Error::new(Kind::Usage, why, words::replay_name_file(lang, names.join(", "))).coded("no-scenario")
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let why = words::replay_not_read(lang, file.display(), "UTF-8");
        Error::new(Kind::Usage, why, words::REPLAY_NOT_TEXT.say(lang))
    })?;
    Ok((name, text))
}

fn show(cx: &mut Context<'_>, outcome: &Outcome) {
    let lang = cx.term.lang();
    cx.term.line_in(Hue::Strong, outcome.title.get(lang));
    if outcome.assumed {
        cx.term.line_in(Hue::Faint, words::REPLAY_ASSUMED.say(lang));
    }
    let rows = outcome.beside.iter().map(|b| beside(lang, b)).collect();
    let heads = [words::REPLAY_QUESTION, words::REPLAY_HISTORY, words::REPLAY_OURS, words::REPLAY_OVER];
    table::show(cx.term, &heads.map(|w| w.say(lang)), rows);
    cx.term.line("");
    let rows: Vec<Vec<Said>> = outcome
        .expectations
        .iter()
        .map(|e| {
            let held = match e.held {
                true => hued(Hue::Good, words::REPLAY_HOLDS.say(lang)),
                false => hued(Hue::Bad, words::REPLAY_FAILS.say(lang)),
            };
            vec![held, said(e.that.get(lang)), said(&e.seen)]
        })
        .collect();
    let heads = [words::REPLAY_STATE, words::REPLAY_EXPECTED, words::REPLAY_SEEN].map(|w| w.say(lang));
    table::show(cx.term, &heads, rows);
    cx.term.line("");
    let mut told: Vec<_> = outcome.told.iter().filter(|t| t.first_min.is_some() || t.sms + t.notes > 0).collect();
    told.sort_by_key(|t| std::cmp::Reverse(t.sms + t.notes));
    let rows = told.iter().take(DUTIES_SHOWN_MAX).map(|t| {
        let first = t.first_min.map_or_else(|| "–".to_owned(), |m| format!("{m:.1}"));
        let numbers = [t.sms, t.notes, t.paging, t.fax, t.email].map(|n| said(n.to_string()));
        [said(t.title.get(lang)), said(first)].into_iter().chain(numbers).collect()
    });
    let heads = [
        words::FUNCTION,
        words::REPLAY_FIRST,
        words::REPLAY_SMS,
        words::REPLAY_NOTES,
        words::REPLAY_PAGES,
        words::REPLAY_FAX,
        words::REPLAY_MAIL,
    ];
    let rows = rows.collect();
    table::show(cx.term, &heads.map(|w| w.say(lang)), rows);
    if !outcome.failures.is_empty() {
        cx.term.line("");
        cx.term.raw(&render_text(&outcome.failures));
        cx.term.line("");
    }
    let (hue, line) = match outcome.passed {
        true => (Hue::Good, words::replay_passed(lang, outcome.expectations.len())),
        false => (Hue::Bad, words::replay_failed(lang, outcome.failures.len())),
    };
    cx.term.line_in(hue, &line);
}

fn beside(lang: Lang, b: &Beside) -> Vec<Said> {
    vec![said(question(lang, b.question)), said(in_history(lang, b)), said(in_ours(lang, b)), said(way(lang, b))]
}
