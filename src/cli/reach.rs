//! What is left without some of it, and what it takes to silence somebody; from a configuration folder, offline.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::gateway;
use super::incident_show::channel;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::api::{Answerable, LeftThen, ReachAnswer, ReachCuts, ReachWithout, ReachedOver};
use crate::config::Loaded;
use crate::domain::ids::{FunctionId, PlaybookId};
use crate::domain::lang::Lang;
use crate::domain::plan::{Plan, Then};
use crate::domain::reach::NODES_MAX;
use crate::domain::reach::cuts::SIZE_MAX;
use crate::domain::reach::left::{Loss, Reach};
use crate::domain::reach::net::When;
use crate::domain::reach::worst::Cut;
use crate::error::{Error, Kind};
use crate::paper::loss;
use crate::paper::net::net_svg;
use crate::words::{Word, cli as words};
use crate::yaml::diagnostics::nearest;

/// The most sets of losses in the table; JSON has all of them.
const CUTS_SHOWN_MAX: usize = 60;

/// What is left without some of the infrastructure: who is reached over what; without names, the smallest sets of losses that
/// silence somebody, the worst first.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase reach --without intra,core --config region/   who is reached without those\n  \
    vardkase reach --without mob-1 --json\n  \
    vardkase reach --without hall-a --svg left.svg         the same as a picture\n  \
    vardkase reach --config region/                        what it takes to silence somebody")]
pub struct ReachArgs {
    /// What is lost: infrastructure, gateways, systems; several with commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "cuts")]
    without: Vec<String>,
    /// The smallest sets of losses that silence somebody: also what is shown without --without.
    #[arg(long)]
    cuts: bool,
    /// Also draws what hangs on what, with the lost parts marked.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

impl ReachArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let lang = cx.term.lang();
        let source = cx.source(self.config)?;
        let loaded = gateway::loaded(cx, source)?;
        let plan = &loaded.plan;
        let reach = Reach::of(plan, &loaded.around).ok_or_else(|| {
            let why = words::reach_too_much(lang, plan.infra.len());
            Error::new(Kind::Configuration, why, words::reach_at_most(lang, NODES_MAX))
        })?;
        let loss = Loss::named(plan, &self.without).map_err(|unknown| {
            let known = unknown.known.iter().map(String::as_str);
            let help = match nearest(&unknown.name, known) {
                Some(near) => words::did_you_mean(lang, near),
                None => words::there_are(lang, unknown.known.join(", ")),
            };
            Error::usage(words::reach_unknown(lang, &unknown.name), help).coded("unknown-name")
        })?;
        if let Some(path) = &self.svg {
            let made = net_svg(lang, plan, &reach, &loss, true).map_err(|e| Error::other(e.to_string(), ""))?;
            std::fs::write(path, made).map_err(|e| {
                let why = words::paper_can_not_write(lang, path.display(), e);
                Error::new(Kind::Configuration, why, words::PAPER_OTHER_PLACE.say(lang))
            })?;
            if !cx.json() {
                cx.term.line_in(Hue::Good, &words::paper_written(lang, path.display()));
            }
        }
        if self.without.is_empty() {
            cuts(cx, &loaded, &reach);
            return Ok(());
        }
        let answer = ReachWithout::of(plan, &reach, &loss);
        if cx.json() {
            cx.term.json(&ReachAnswer::Without(Box::new(answer)));
        } else {
            without(cx, plan, &loss, &answer);
        }
        Ok(())
    }
}

fn without(cx: &mut Context<'_>, plan: &Plan, loss: &Loss, answer: &ReachWithout) {
    let lang = cx.term.lang();
    let head = words::reach_without(lang, answer.without.join(", "));
    cx.term.line_in(Hue::Strong, &head);
    for system in &loss.systems {
        let line = words::reach_is_system(lang, system);
        cx.term.line_in(Hue::Faint, &line);
    }
    let same = answer.at_once == answer.after_batteries;
    if !same {
        let head = cx.say(words::REACH_AT_ONCE);
        cx.term.line_in(Hue::Strong, head);
    }
    left(cx, plan, &answer.at_once);
    if same {
        return;
    }
    for fall in &answer.falls {
        let line = words::reach_falls(lang, span(lang, fall.after_s), list(&fall.nodes));
        cx.term.line_in(Hue::Wait, &line);
    }
    let head = cx.say(words::REACH_LATER);
    cx.term.line_in(Hue::Strong, head);
    left(cx, plan, &answer.after_batteries);
}

/// What is left at one moment.
fn left(cx: &mut Context<'_>, plan: &Plan, left: &LeftThen) {
    let lang = cx.term.lang();
    let yes = |well: bool| match well {
        true => hued(Hue::Good, words::REACH_YES.say(lang)),
        false => hued(Hue::Bad, words::REACH_NO.say(lang)),
    };
    let row = |head: Word, cell: Said| vec![said(head.say(lang)), cell];
    let reached = |gone: usize| {
        let all = plan.functions.len();
        let hue = if gone == 0 { Hue::Good } else { Hue::Bad };
        hued(hue, words::reach_of(lang, all.saturating_sub(gone), all))
    };
    let or_none = |text: String| if text.is_empty() { said(words::REACH_NONE.say(lang)) } else { said(text) };
    let rows = vec![
        row(words::REACH_PROGRAM, yes(left.program)),
        row(words::REACH_CONSOLE, yes(left.console)),
        row(words::REACH_PAGE, yes(left.public_page)),
        row(words::REACH_DAY, reached(left.unreachable_day.len())),
        row(words::REACH_NIGHT, reached(left.unreachable_night.len())),
        row(words::REACH_DOWN, or_none(list(&left.nodes_down))),
        row(words::REACH_SYSTEMS, or_none(list(&left.systems_down))),
        row(words::REACH_GATEWAYS, or_none(list(&left.gateways_up))),
        row(words::REACH_MANUAL, or_none(list(&left.manual_up))),
    ];
    table::show(cx.term, &["", ""], rows);
    functions(cx, plan, left);
    questions(cx, left);
    let rows: Vec<Vec<Said>> = left
        .not_arriving
        .iter()
        .map(|n| vec![said(n.playbook.as_str()), said(format!("{} {}", n.level, n.row)), said(list(&n.functions))])
        .collect();
    if !rows.is_empty() {
        cx.term.line("");
        let heads = [words::REACH_TEXT, words::REACH_ROW, words::REACH_MISSES].map(|w| w.say(lang));
        table::show(cx.term, &heads, rows);
    }
}

/// Over what each duty is reached.
fn functions(cx: &mut Context<'_>, plan: &Plan, left: &LeftThen) {
    let lang = cx.term.lang();
    let over = |all: &BTreeMap<FunctionId, ReachedOver>, id: &FunctionId| {
        let Some(reached) = all.get(id) else { return said("") };
        let channels: Vec<&str> = reached.over.iter().map(|c| channel(lang, *c)).collect();
        match (channels.is_empty(), reached.or_deputy) {
            (false, _) => said(channels.join(", ")),
            (true, true) => hued(Hue::Wait, words::REACH_DEPUTY.say(lang)),
            (true, false) => hued(Hue::Bad, words::REACH_NOBODY.say(lang)),
        }
    };
    cx.term.line("");
    let rows = plan.functions.iter().map(|f| {
        let (day, night) = (over(&left.functions_day, &f.id), over(&left.functions_night, &f.id));
        vec![said(format!("{} ({})", f.title.get(lang), f.id)), day, night]
    });
    let heads = [words::FUNCTION, words::REACH_BY_DAY, words::REACH_BY_NIGHT_HEAD].map(|w| w.say(lang));
    table::show(cx.term, &heads, rows.collect());
}

/// Who can't approve or decide.
fn questions(cx: &mut Context<'_>, left: &LeftThen) {
    let lang = cx.term.lang();
    let mut rows = Vec::new();
    let mut put = |what: Word, all: &BTreeMap<_, Answerable>| {
        for (playbook, asked) in all.iter().filter(|(_, a)| !a.can_answer) {
            let told = if asked.told { words::REACH_TOLD_ONLY } else { words::REACH_NOT_TOLD };
            let then = match asked.then {
                None => "",
                Some(Then::Release) => words::REACH_GOES_OUT.say(lang),
                Some(Then::Hold | Then::Escalate) => words::REACH_IS_HELD.say(lang),
            };
            let playbook: &PlaybookId = playbook;
            rows.push(vec![said(what.say(lang)), said(playbook.as_str()), hued(Hue::Bad, told.say(lang)), said(then)]);
        }
    };
    put(words::REACH_APPROVAL, &left.approval);
    put(words::REACH_APPROVAL_NIGHT, &left.approval_night);
    put(words::REACH_DECISION, &left.decision);
    put(words::REACH_DECISION_NIGHT, &left.decision_night);
    if !rows.is_empty() {
        cx.term.line("");
        let heads = ["", words::REACH_TEXT.say(lang), words::REACH_STATE.say(lang), ""];
        table::show(cx.term, &heads, rows);
    }
}

fn cuts(cx: &mut Context<'_>, loaded: &Loaded, reach: &Reach<'_>) {
    let (plan, lang) = (&loaded.plan, cx.term.lang());
    if cx.json() {
        cx.term.json(&ReachAnswer::Cuts(ReachCuts::of(plan, reach)));
        return;
    }
    let (now, later) = (reach.cuts(When::AtOnce, SIZE_MAX), reach.cuts(When::AfterBatteries, SIZE_MAX));
    let all = reach.worst_first(&now, &later);
    let never: Vec<String> =
        later.iter().filter(|(_, c)| c.always).map(|(t, _)| loss::in_words(lang, plan, t)).collect();
    if !never.is_empty() {
        let line = words::reach_never(lang, never.join(", "));
        cx.term.line_in(Hue::Bad, &line);
    }
    if all.is_empty() {
        let line = words::reach_no_cuts(lang, SIZE_MAX);
        cx.term.line(&line);
        return;
    }
    let shown = all.iter().take(CUTS_SHOWN_MAX).map(|cut| {
        let when = if cut.at_once { words::REACH_NOW } else { words::REACH_BATTERIES };
        let hue = if cut.nodes.len() == 1 { Hue::Bad } else { Hue::Wait };
        let names = hued(hue, list(&cut.nodes));
        vec![
            names,
            said(loss::silenced(lang, plan, cut, &later)),
            said(when.say(lang)),
            said(advice(lang, loaded, cut)),
        ]
    });
    let heads = [words::REACH_LOSS, words::REACH_SILENCES, words::REACH_WHEN, words::REACH_ADD].map(|w| w.say(lang));
    let rows = shown.collect();
    table::show(cx.term, &heads, rows);
    let more = all.len().saturating_sub(CUTS_SHOWN_MAX);
    if more > 0 || later.iter().any(|(_, c)| c.more) {
        let line = words::reach_more(lang, more);
        cx.term.line_in(Hue::Faint, &line);
    }
}

/// What would have to be added; why it stays, where somebody has accepted all of it.
fn advice(lang: Lang, loaded: &Loaded, cut: &Cut) -> String {
    let accepted = loaded.accepted.iter().find(|a| a.covers(&loaded.plan, cut));
    loss::advice(lang, cut, accepted.map(|a| a.reason.as_str()))
}

fn list<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A span of time as people say it.
fn span(lang: Lang, seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if lang == Lang::SV { said.join(" ").replace(" h", " tim") } else { said.join(" ") }
}
