//! Drills: which are coming, going on and over; beginning one, ending one.

use clap::{Args, Subcommand};

use super::client::Answer;
use super::context::Context;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use super::typed::Target;
use crate::api::{DrillRequest, DrillsView, PlannedView, calls};
use crate::domain::drills::PastDrill;
use crate::domain::ids::FunctionId;
use crate::domain::incident::input::Action;
use crate::domain::lang::Lang;
use crate::domain::view::DrillForesight;
use crate::error::Error;
use crate::words::{cli as words, drill as w, drills};

/// Drills: list what is coming, going on and over; begin one, end one; what they came to. Nothing of a drill reaches the public or other organisations.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase drill list\n  \
    vardkase drill start ways-by-day --as it-duty            one of playbooks/drills.yaml\n  \
    vardkase drill start --playbook ehr-down --level outage --without intra,mail --as it-duty\n  \
    vardkase drill start --playbook malware --tabletop --as it-duty   at a table: no text leaves the program\n  \
    vardkase drill end X-14 --as it-duty                     everybody who was told hears that it is over\n  \
    vardkase drill abort X-14 --as it-duty                   the same, before it was carried out\n  \
    vardkase drill report X-14                               what it came to, from the journal\n  \
    vardkase drill report X-14 --format pdf --out report.pdf\n  \
    vardkase drill improve X-14 --action 'A second modem' --owner it-net --due 2026-12-20 --as it-duty\n  \
    vardkase drill improve X-14 3 --done 'drill X-17 showed it' --as it-net\n  \
    vardkase drill improve X-14 --none 'all went as planned' --as it-duty\n  \
    vardkase drill remark X-14 --strength 'All wards answered' --as it-duty\n  \
    vardkase drill feedback X-14 --well 'Clear texts' --change 'Call ward 7 first' --as ward-7\n  \
    vardkase drill rate X-14 2 S --reason 'two answered by hand' --as it-duty\n  \
    vardkase drill trends                                    drills and incidents side by side")]
pub struct DrillArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Show drills that are coming, going on, and over.
    List,
    /// Begin a drill. A terminal shows whom it reaches, and asks.
    Start {
        /// Which of `playbooks/drills.yaml`.
        #[arg(required_unless_present = "playbook", conflicts_with = "playbook")]
        drill: Option<String>,
        /// Else the playbook that is played, by its id, system, alias or a word of its title.
        #[arg(long)]
        playbook: Option<String>,
        /// The disruption level; the playbook's when missing.
        #[arg(long)]
        level: Option<String>,
        /// Which sites, with commas; the playbook's when missing.
        #[arg(long, value_name = "SITES", value_delimiter = ',')]
        sites: Vec<String>,
        /// At a table: no text leaves the program.
        #[arg(long, requires = "playbook", conflicts_with = "drill")]
        tabletop: bool,
        /// What is taken away, with commas: infrastructure, gateways, systems.
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        without: Vec<String>,
        /// Begin without asking.
        #[arg(long)]
        yes: bool,
        /// Only show whom it would reach, and over what.
        #[arg(long)]
        dry_run: bool,
    },
    /// End a drill that was carried out: everybody who was told hears that it is over.
    End {
        /// The number of the drill.
        #[arg(value_name = "NUMBER")]
        drill: Target,
    },
    /// Break a drill off: everybody who was told hears that it is over.
    Abort {
        /// The number of the drill.
        #[arg(value_name = "NUMBER")]
        drill: Target,
    },
    /// Make the report of a drill, or of a real incident, from the journal.
    Report(super::after::ReportOf),
    /// Plan what is to be better, change it, or say that it is done.
    Improve(Box<super::improve::ImproveArgs>),
    /// Write what you saw, while it goes on as well.
    Remark(super::improve::RemarkArgs),
    /// Say how it went, for the function of --as.
    Feedback(super::improve::FeedbackArgs),
    /// Rate an objective by hand: it stands beside what was computed.
    Rate(super::improve::RateArgs),
    /// Show what drills and incidents came to, side by side.
    Trends,
}

impl DrillArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.what {
            What::List => list(cx),
            What::Start { drill, playbook, level, sites, tabletop, without, yes, dry_run } => {
                let asked = DrillRequest {
                    by: cx.acting()?,
                    drill: drill.map(Into::into),
                    playbook,
                    level,
                    sites: super::news::sites(&sites),
                    tabletop,
                    without,
                    confirmed: yes,
                };
                start(cx, asked, yes, dry_run)
            }
            What::Report(of) => of.run(cx),
            What::Improve(args) => args.run(cx),
            What::Remark(args) => args.run(cx),
            What::Feedback(args) => args.run(cx),
            What::Rate(args) => args.run(cx),
            What::Trends => super::after::show_trends(cx),
            What::End { drill } => cx.act(&Action::DrillEnd { incident: drill.parts().0, abort: false }),
            What::Abort { drill } => cx.act(&Action::DrillEnd { incident: drill.parts().0, abort: true }),
        }
    }
}

fn start(cx: &mut Context<'_>, mut asked: DrillRequest, yes: bool, dry_run: bool) -> Result<(), Error> {
    if dry_run || !yes && cx.asks() {
        let seen = cx.call(&calls::drill_dry_run(asked.clone()))?;
        show(cx, &seen)?;
        if dry_run {
            return Ok(());
        }
        let question = format!("{}?", cx.say(w::START));
        if cx.term.ask_yes(&question) != Some(true) {
            return Err(Error::other(cx.say(words::NOT_SENT), cx.say(w::START_AGAIN)).coded("not-confirmed"));
        }
        asked.confirmed = true;
    }
    let answer = cx.call(&calls::drill_start(asked))?;
    cx.show_done(&answer)
}

/// Whom it reaches and over what, in words.
fn show(cx: &mut Context<'_>, seen: &Answer<DrillForesight>) -> Result<(), Error> {
    if cx.json() {
        cx.term.json(seen);
        return Ok(());
    }
    let seen = seen.read()?;
    let lang = cx.term.lang();
    let head = format!("{}: {} ({})", cx.say(words::DRILL), cx.in_lang(&seen.title), drills::kind(lang, seen.kind));
    cx.term.line_in(Hue::Strong, &head);
    for line in drills::foreseen(lang, &seen) {
        cx.term.line(&line);
    }
    Ok(())
}

fn list(cx: &mut Context<'_>) -> Result<(), Error> {
    let answer = cx.call(&calls::drills())?;
    if cx.json() {
        cx.term.json(&answer);
        return Ok(());
    }
    let DrillsView { planned, running, past } = answer.read()?;
    let lang = cx.term.lang();
    cx.term.line_in(Hue::Strong, cx.say(w::COMING));
    let mut rows = Vec::with_capacity(planned.len());
    for p in &planned {
        rows.push(coming(cx, lang, p));
    }
    let heads = [w::DRILL, w::KIND, w::NEXT, w::ANNOUNCED, w::LAST];
    table::show(cx.term, &heads.map(|h| h.say(lang)), rows);
    for p in &planned {
        let Some(tested) = &p.tested else { continue };
        let now = cx.now();
        let at = cx.clock(tested.at, now);
        let silent = tested.silent.iter().map(FunctionId::as_str).collect::<Vec<_>>().join(", ");
        let hue = if tested.silent.is_empty() { Hue::Good } else { Hue::Wait };
        cx.term.line_in(hue, &format!("{}: {}", p.id, drills::tested(lang, &at, tested, &silent)));
    }
    cx.term.line_in(Hue::Strong, cx.say(w::RUNNING));
    if running.is_empty() {
        cx.term.line(cx.say(w::NONE));
    }
    for r in &running {
        let now = cx.now();
        let begun = cx.clock(r.begun, now);
        let line = format!("{}  {}: {}", r.no, cx.in_lang(&r.title), drills::stands(lang, &begun, r.figures));
        cx.term.line_in(Hue::Wait, &line);
    }
    cx.term.line_in(Hue::Strong, cx.say(w::PAST));
    if past.is_empty() {
        cx.term.line(cx.say(w::NONE));
        return Ok(());
    }
    let mut rows = Vec::with_capacity(past.len());
    for p in &past {
        rows.push(over(cx, lang, p));
    }
    let heads = [w::NUMBER, w::DRILL, w::KIND, w::BEGUN, w::ANNOUNCED, w::RESULT];
    table::show(cx.term, &heads.map(|h| h.say(lang)), rows);
    Ok(())
}

fn announced(lang: Lang, announced: bool) -> Said {
    said(if announced { w::YES } else { w::NO }.say(lang))
}

fn coming(cx: &mut Context<'_>, lang: Lang, p: &PlannedView) -> Vec<Said> {
    let now = cx.now();
    let next = p.next.map(|at| cx.clock(at, now));
    let last = p.last.as_ref().map(|m| (cx.clock(m.planned, now), m.fate.is_run(), drills::fate(lang, &m.fate)));
    vec![
        said(format!("{} {}", p.id, p.title.get(lang))),
        said(drills::kind(lang, p.kind)),
        said(next.unwrap_or_else(|| w::BY_HAND.say(lang).to_owned())),
        announced(lang, p.announced),
        match last {
            None => said("-"),
            Some((at, true, what)) => said(format!("{at} {what}")),
            Some((at, false, what)) => hued(Hue::Wait, format!("{at} {what}")),
        },
    ]
}

fn over(cx: &mut Context<'_>, lang: Lang, p: &PastDrill) -> Vec<Said> {
    let now = cx.now();
    vec![
        said(p.no.to_string()),
        said(p.title.get(lang)),
        said(drills::kind(lang, p.kind)),
        said(cx.clock(p.begun, now)),
        announced(lang, p.announced),
        said(drills::result(lang, p)),
    ]
}
