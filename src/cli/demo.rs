//! Shows all of it on this machine.

use std::path::PathBuf;

use clap::Args;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::context::Context;
use super::incident_show::channel;
use super::serve::{logging, runtime, start_error, until_told};
use super::table::{said, show};
use super::terminal::Hue;
use crate::app::demo::{DemoError, DemoEvent, DemoOptions, DemoReport, demo};
use crate::domain::delivery::DeliveryState;
use crate::domain::lang::Lang;
use crate::domain::view::{AskView, IncidentView};
use crate::error::{Error, Kind};
use crate::private_files::Scratch;
use crate::words::cli as words;

/// Show all of it on this machine: gateways on loopback, a disruption, who is reached over what.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase demo\n  \
    vardkase demo --once --playbook malware --level critical --json\n  \
    vardkase demo --config region/")]
pub struct DemoArgs {
    /// End after the table; 0 only if somebody answered, every function was reached or passed on, and every text was identical.
    #[arg(long)]
    once: bool,
    /// Which playbook. Default: ehr-down, or the first that tells the public.
    #[arg(long)]
    playbook: Option<String>,
    /// At which disruption level. Default: major, or the playbook's own.
    #[arg(long)]
    level: Option<String>,
    /// Another configuration; every gateway in it must be on loopback.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// The public page listens there, or on the next free port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl DemoArgs {
    /// Gives the exit code: a demo that found a fault has not failed as a program.
    pub(super) fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        let Self { once, playbook, level, config, port } = self;
        logging();
        // A folder of its own, gone with the demo: a demo never touches a real journal.
        let folder = scratch(cx.term.lang())?;
        let options = DemoOptions { playbook, level, config, port, state: folder.path().join("state") };
        let json = cx.json();
        let runtime = runtime(cx.term.lang())?;
        runtime.block_on(async {
            let lang = cx.term.lang();
            let bars = Bars::new(cx.term.screen() && !json, lang);
            let mut listening = String::new();
            let mut show = |event: DemoEvent| match event {
                DemoEvent::Listening { public, console, links } => {
                    let (page, at) = (words::PUBLIC_PAGE.say(lang), words::CONSOLE.say(lang));
                    listening = format!("{page:<14} http://{public}\n{at:<14} http://{console}");
                    for (function, link) in links {
                        listening += &format!("\n{:<14} {link}", words::console_as(lang, function));
                    }
                    if !json {
                        bars.line(words::DEMO_REGION.say(lang));
                        bars.line(&listening);
                    }
                }
                DemoEvent::Approved if !json => bars.line(&format!("  · {}", words::DEMO_APPROVES.say(lang))),
                DemoEvent::Answered(by, text) if !json => bars.line(&format!("  · {by}: {text}")),
                DemoEvent::Approved | DemoEvent::Answered(..) => {}
                DemoEvent::Now(view) => bars.show(&view),
            };
            let (running, _far, report) = demo(options, &mut show).await.map_err(|e| match &e {
                DemoError::Start(e) => start_error(e, lang),
                DemoError::NotHere(_) => {
                    Error::new(Kind::Configuration, e.to_string(), words::DEMO_ONLY_HERE.say(lang))
                }
                DemoError::Refused(why) => {
                    let refused = why.refused();
                    let (why, help) = crate::words::refused(lang, &refused);
                    Error::new(Kind::Refused, why, help).coded(refused.code)
                }
            })?;
            bars.done();
            let fine = report.everybody && report.identical && report.answered > 0;
            if json {
                cx.term.json(&serde_json::to_value(&report).unwrap_or_default());
            } else {
                table(cx, &report);
            }
            if !once {
                cx.term.line("");
                cx.term.line(&listening);
                cx.term.line(words::ENDS_WITH.say(lang));
                until_told().await;
            }
            running.stop().await;
            Ok(if fine { 0 } else { 1 })
        })
    }
}

/// Function, channel, accepted, delivered, acknowledged, seconds; then the proof.
fn table(cx: &mut Context<'_>, report: &DemoReport) {
    let seconds = |s: Option<f64>| s.map_or_else(|| "-".to_owned(), |s| format!("{s:.0} s"));
    let (mut rows, lang) = (Vec::new(), cx.term.lang());
    let mut before = None;
    for row in &report.rows {
        let first = before != Some(&row.function);
        before = Some(&row.function);
        let answered = match (&row.answered_by, row.passed_on) {
            _ if !first => String::new(),
            (Some(by), _) if *by == row.function => by.to_string(),
            (Some(by), _) => words::asked_beside(lang, by),
            (None, 0) => words::NO_ANSWER_ASKED.say(lang).to_owned(),
            (None, n) => words::passed_on(lang, n),
        };
        rows.push(vec![
            said(if first { row.function.to_string() } else { String::new() }),
            said(channel(lang, row.channel)),
            said(row.gateway.clone()),
            // What is delivered was accepted; the moment is known of the later one.
            if row.delivered_s.is_some() { said(words::YES.say(lang)) } else { said(seconds(row.handed_over_s)) },
            said(seconds(row.delivered_s)),
            said(answered),
            said(if first { seconds(row.answered_s) } else { String::new() }),
        ]);
    }
    let heads = [words::FUNCTION, words::CHANNEL, words::GATEWAY, words::HEAD_ACCEPTED, words::HEAD_DELIVERED];
    let heads = heads.into_iter().chain([words::HEAD_ANSWERED_BY, words::HEAD_AFTER]).map(|w| w.say(lang));
    show(cx.term, &heads.collect::<Vec<_>>(), rows);
    cx.term.line("");
    cx.term.line(words::DEMO_SAME_TEXT.say(lang));
    let (same, differs, of) = (words::IDENTICAL.say(lang), words::DIFFERENT.say(lang), words::OF_THESE.say(lang));
    for p in &report.proofs {
        let verdict = if p.texts == p.equal { same } else { differs };
        let hue = if p.texts == p.equal { Hue::Good } else { Hue::Bad };
        let why = p.wrong.as_ref().map_or_else(String::new, |w| format!("  {w}"));
        cx.term.line_in(hue, &format!("  {:<10} {:>4} {of} {:<4} {verdict}{why}", p.gateway, p.equal, p.texts));
    }
    let read = words::PAGE_READ_BACK.say(lang);
    match report.public_equal {
        Some(true) => cx.term.line_in(Hue::Good, &format!("  {read}: {same}")),
        Some(false) => cx.term.line_in(Hue::Bad, &format!("  {read}: {differs}")),
        None => cx.term.line(&format!("  {}", words::PAGE_NOTHING_SAID.say(lang))),
    }
    if report.answered == 0 {
        cx.term.line_in(Hue::Bad, words::DEMO_NOBODY.say(lang));
    }
    let everybody = if report.everybody { words::DEMO_EVERYBODY } else { words::DEMO_SOMEBODY_NOT };
    cx.term.line_in(if report.everybody { Hue::Good } else { Hue::Bad }, everybody.say(lang));
}

/// Bars for a terminal; plain lines elsewhere.
struct Bars {
    all: Option<(MultiProgress, ProgressBar, ProgressBar, ProgressBar)>,
}

impl Bars {
    fn new(screen: bool, lang: Lang) -> Self {
        let style = ProgressStyle::with_template("{prefix:>14} {bar:32} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |all: &MultiProgress, prefix: &'static str| {
            let bar = all.add(ProgressBar::new(1));
            bar.set_style(style.clone());
            bar.set_prefix(prefix);
            bar
        };
        let all = screen.then(|| {
            let all = MultiProgress::new();
            let (a, d, k) = (
                bar(&all, words::ACCEPTED.say(lang)),
                bar(&all, words::DELIVERED.say(lang)),
                bar(&all, words::BAR_ANSWERED.say(lang)),
            );
            (all, a, d, k)
        });
        Self { all }
    }

    fn line(&self, text: &str) {
        match &self.all {
            // A terminal that is gone has nobody who reads.
            Some((all, ..)) => drop(all.println(text)),
            None => {
                #[expect(clippy::disallowed_macros, reason = "no bars: what is said is of the program itself")]
                let () = println!("{text}");
            }
        }
    }

    fn show(&self, view: &IncidentView) {
        let Some((_, accepted, delivered, acknowledged)) = &self.all else { return };
        let cells = || view.rows.iter().flat_map(|r| &r.cells);
        let count = |n: usize| n as u64;
        accepted.set_length(count(cells().count()));
        accepted.set_position(count(
            cells().filter(|c| matches!(c.state, DeliveryState::Accepted | DeliveryState::Delivered)).count(),
        ));
        delivered.set_length(count(cells().count()));
        delivered.set_position(count(cells().filter(|c| c.state == DeliveryState::Delivered).count()));
        let asked = || view.rows.iter().filter(|r| !matches!(r.state, AskView::NotAsked));
        acknowledged.set_length(count(asked().count()));
        acknowledged.set_position(count(asked().filter(|r| matches!(r.state, AskView::Answered { .. })).count()));
    }

    fn done(&self) {
        if let Some((_, a, d, k)) = &self.all {
            for bar in [a, d, k] {
                bar.abandon();
            }
        }
    }
}

/// A folder that goes with the demo.
fn scratch(lang: Lang) -> Result<Scratch, Error> {
    let dir = std::env::temp_dir();
    Scratch::new(&dir, "vardkase-demo-")
        .map_err(|e| Error::other(format!("{}: {e}", dir.display()), words::SET_TMPDIR.say(lang)))
}
