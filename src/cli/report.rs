//! A disruption is reported: with options nothing is asked, without them everything is (RULES E1).

use clap::Args;

use super::client::Answer;
use super::context::Context;
use super::news;
use super::report_ask;
use super::terminal::Hue;
use super::times::Side;
use super::typed::{self, Worded};
use crate::api::{DryRunView, calls};
use crate::domain::ids::SiteId;
use crate::domain::incident::facts::Safety;
use crate::domain::incident::input::{Action, IfShared, Report};
use crate::error::Error;
use crate::words::cli as words;

/// Report a disruption. Without a playbook, a terminal asks one question after another; Enter takes what is shown.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase report                                     ask for everything\n  \
    vardkase report journal D3 --safety no --since 03:12 --as it-duty\n  \
    vardkase report ehr-down --exercise --as drill-lead\n  \
    vardkase report ehr-down major --dry-run            what would it raise, whom would it page?")]
pub struct ReportArgs {
    /// What is down: a playbook by its id, system, alias or a word of its title.
    playbook: Option<String>,
    /// The disruption level (`major`, `D3`); the playbook's when missing.
    #[arg(requires = "playbook")]
    level: Option<String>,
    /// The level, by its other flag.
    #[arg(long = "level", value_name = "LEVEL", hide = true, conflicts_with = "level")]
    level_named: Option<String>,
    /// Which sites, with commas; the playbook's when missing.
    #[arg(long, value_name = "SITES", value_delimiter = ',')]
    sites: Vec<String>,
    /// Patients in danger: yes, no, unknown (which counts as yes).
    #[arg(long, value_parser = typed::safety, value_name = "YES|NO|UNKNOWN")]
    safety: Option<Safety>,
    /// Since when (`03:12`, `20m ago`); now when missing.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Expected back: a time, or `unknown`.
    #[arg(long, value_name = "TIME")]
    restore: Option<String>,
    /// With `--restore unknown`: when the next forecast comes.
    #[arg(long, value_name = "TIME", requires = "restore")]
    forecast: Option<String>,
    /// When the next update comes.
    #[arg(long, value_name = "TIME")]
    next: Option<String>,
    /// The number to call; the owner's duty phone when missing.
    #[arg(long, value_name = "NUMBER")]
    contact: Option<String>,
    /// What happened, as TEXT or sv=TEXT, once per language.
    #[arg(long, value_name = "TEXT")]
    what: Vec<Worded>,
    /// Who is affected.
    #[arg(long, value_name = "TEXT")]
    scope: Vec<Worded>,
    /// A fallback routine to use now; all of them, once each.
    #[arg(long = "do", value_name = "ROUTINE")]
    routines: Vec<String>,
    /// Infrastructure that is down with it, with commas: other ways are taken first.
    #[arg(long, value_name = "INFRASTRUCTURE", value_delimiter = ',')]
    down: Vec<String>,
    /// A drill: marked everywhere, with ladders of its own.
    #[arg(long)]
    exercise: bool,
    /// If an open incident shares a system: add to it. So it is where nobody can be asked.
    #[arg(long, conflicts_with_all = ["separate", "exercise"])]
    add: bool,
    /// If an open incident shares a system: report it as separate.
    #[arg(long, conflicts_with = "exercise")]
    separate: bool,
    /// It is meant, though this duty has reported often in the last minutes.
    #[arg(long)]
    yes: bool,
    /// Only show what it would do.
    #[arg(long)]
    dry_run: bool,
}

impl ReportArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (add, dry_run, asking) = (self.add, self.dry_run, self.playbook.is_none());
        if asking && !cx.asks() {
            let (why, help) = (cx.say(words::NOT_SAID_WHAT), cx.say(words::NAME_PLAYBOOK));
            return Err(Error::usage(why, help).coded("missing"));
        }
        let acting = cx.acting()?;
        let mut report = self.read(cx)?;
        if asking {
            report_ask::all(cx, &mut report)?;
        }
        if !asking && !dry_run {
            let answer = settled(cx, &mut report, add, |cx, report| cx.command(&Action::Report(report.clone())))?;
            return cx.show_done(&answer);
        }
        let seen = settled(cx, &mut report, add, |cx, report| cx.call(&calls::dry_run(&acting, report)))?;
        if dry_run {
            return show_dry_run(cx, &seen, &report);
        }
        show_dry_run(cx, &seen, &report)?;
        let question = format!("{}?", cx.say(words::SEND));
        if cx.term.ask_yes(&question) != Some(true) {
            return Err(Error::other(cx.say(words::NOT_SENT), cx.say(words::REPORT_AGAIN)).coded("not-confirmed"));
        }
        cx.act(&Action::Report(report))
    }

    fn read(self, cx: &mut Context<'_>) -> Result<Report, Error> {
        let lang = cx.term.lang();
        Ok(Report {
            exercise: self.exercise,
            playbook: self.playbook.unwrap_or_default(),
            level: self.level.or(self.level_named),
            sites: news::sites(&self.sites),
            what: typed::l10n(&self.what, lang),
            scope: typed::l10n(&self.scope, lang),
            routines: news::routines(&self.routines),
            since: cx.time_of(self.since.as_deref(), Side::Past)?,
            restore: news::restore(cx, self.restore.as_deref(), self.forecast.as_deref())?,
            next: cx.time_of(self.next.as_deref(), Side::Future)?,
            contact: self.contact,
            safety: self.safety.unwrap_or_default(),
            down: news::infra(&self.down),
            shared: if self.separate { IfShared::Separate } else { IfShared::Ask },
            confirmed: self.yes,
        })
    }
}

/// So many things a report may leave open: which playbook, whether it is meant, to which incident it belongs.
const OPEN_MAX: usize = 3;

/// Tries until all is settled that a report leaves open: each can be open once.
fn settled<T>(
    cx: &mut Context<'_>,
    report: &mut Report,
    add: bool,
    call: impl Fn(&mut Context<'_>, &Report) -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 0..OPEN_MAX {
        match call(cx, report) {
            Ok(answer) => return Ok(answer),
            Err(error) => settle(cx, error, report, add)?,
        }
    }
    call(cx, report)
}

/// What the report leaves open. The same fault twice (RULES D5): a terminal asks, else it is added to the one that is open. A word
/// that may be several playbooks, and many reports in a short time (RULES D11): only a terminal can ask.
fn settle(cx: &mut Context<'_>, error: Error, report: &mut Report, add: bool) -> Result<(), Error> {
    match error.code.as_str() {
        "ambiguous-playbook" if cx.asks() => {
            cx.term.notice(&error.why);
            let question = cx.say(words::WHICH_OF_THEM);
            report.playbook = cx.term.ask(question, None).ok_or(error)?;
            return Ok(());
        }
        "many-reports" if cx.asks() && !report.confirmed => {
            cx.term.notice(&error.why);
            let question = format!("{}?", cx.say(words::MEAN_IT));
            report.confirmed = cx.term.ask_yes(&question) == Some(true);
            return if report.confirmed { Ok(()) } else { Err(error) };
        }
        _ => {}
    }
    let Some(other) = error.already.filter(|_| report.shared == IfShared::Ask) else { return Err(error) };
    let separate = !add && cx.asks() && {
        cx.term.notice(&error.why);
        let question = cx.say(words::ADD_OR_SEPARATE);
        let (neither, how) = (cx.say(words::NEITHER), cx.say(words::ONE_LETTER));
        let read = |typed: &str| match typed.to_lowercase().as_str() {
            "a" | "add" | "l" | "lägg till" => Ok(false),
            "s" | "separate" | "för sig" => Ok(true),
            _ => Err(Error::usage(neither, how)),
        };
        let default = cx.say(words::ADD_LETTER);
        cx.term.ask_for(question, Some(default), read).ok_or(error)?
    };
    if separate {
        report.shared = IfShared::Separate;
    } else {
        let said = format!("{} {other}", cx.say(words::ADDED));
        cx.term.notice(&said);
        report.shared = IfShared::AddTo(other);
    }
    Ok(())
}

/// "Raises FS to STABSLÄGE, pages 18 duties now".
fn show_dry_run(cx: &mut Context<'_>, seen: &Answer<DryRunView>, report: &Report) -> Result<(), Error> {
    if cx.json() {
        cx.term.json(seen);
        return Ok(());
    }
    let DryRunView { playbook, mode, sites, duties, waiting, .. } = seen.read()?;
    let mode = cx.in_lang(&mode.label).to_owned();
    let drill = if report.exercise { format!("{}: ", cx.say(words::DRILL)) } else { String::new() };
    let took = playbook.map(|id| format!("{id}: ")).unwrap_or_default();
    let sites: Vec<&str> = sites.iter().map(SiteId::as_str).collect();
    let raises = match sites.is_empty() {
        true => cx.say(words::RAISES_NOTHING).to_owned(),
        false => format!("{} {} → {mode}", cx.say(words::RAISES), sites.join(", ")),
    };
    let pages = format!("{} {duties} {}", cx.say(words::PAGES), cx.say(words::DUTIES_NOW));
    let waits = if waiting > 0 { format!(", {waiting} {}", cx.say(words::WAIT_FOR_APPROVAL)) } else { String::new() };
    cx.term.line_in(Hue::Strong, &format!("{drill}{took}{raises}, {pages}{waits}"));
    Ok(())
}
