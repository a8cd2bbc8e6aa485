//! The questions of a report, one by one. Enter takes what is shown (RULES E1).

use super::context::Context;
use super::news;
use super::table::{self, hued, said};
use super::terminal::Hue;
use super::times::Side;
use super::typed;
use crate::api::calls;
use crate::domain::incident::facts::Safety;
use crate::domain::incident::input::Report;
use crate::domain::lang::L10n;
use crate::domain::view::{LevelView, ListsView, PlaybookView};
use crate::error::Error;
use crate::words::{Word, cli as words};

/// Asks for all that was not given as an option.
pub fn all(cx: &mut Context<'_>, report: &mut Report) -> Result<(), Error> {
    let ListsView { playbooks, levels, .. } = cx.call(&calls::lists())?.read()?;

    let chosen = ask_playbook(cx, report, &playbooks)?;
    ask_level(cx, report, &levels, chosen)?;
    if report.sites.is_empty() {
        let own: Vec<&str> = chosen.map(|p| p.sites.iter().map(|s| s.as_str()).collect()).unwrap_or_default();
        let own = if own.is_empty() { cx.say(words::BY_PLAYBOOK).to_owned() } else { own.join(",") };
        let typed = ask(cx, words::WHICH_SITES, &own)?;
        if typed != own {
            report.sites = news::sites(&typed.split(',').map(str::to_owned).collect::<Vec<_>>());
        }
    }
    if report.since.is_none() {
        let now = cx.say(words::NOW);
        let typed = ask_time(cx, words::SINCE, now, Side::Past)?;
        report.since = typed;
    }
    if report.restore.is_none() {
        let unknown = cx.say(words::UNKNOWN);
        let at = ask_time(cx, words::RESTORE, unknown, Side::Future)?;
        report.restore = at.map(crate::domain::incident::facts::Restore::At);
    }
    if report.contact.is_none() {
        let default = cx.say(words::OWNERS_PHONE);
        let typed = ask(cx, words::CONTACT, default)?;
        report.contact = (typed != default).then_some(typed);
    }
    if report.safety == Safety::Unknown {
        let (question, default) = (cx.say(words::SAFETY), cx.say(words::UNKNOWN));
        let (not_clear, how) = (cx.say(words::NOT_CLEAR), cx.say(words::YES_NO_UNKNOWN));
        let read = |text: &str| typed::safety(text).map_err(|_| Error::usage(not_clear, how));
        report.safety = cx.term.ask_for(question, Some(default), read).ok_or_else(|| ended(cx))?;
    }
    if report.scope.is_none() {
        let default = chosen.map(|p| cx.in_lang(&p.scope).to_owned()).filter(|s| !s.is_empty());
        let default = default.unwrap_or_else(|| cx.say(words::BY_PLAYBOOK).to_owned());
        let typed = ask(cx, words::SCOPE, &default)?;
        if typed != default {
            let lang = cx.term.lang();
            report.scope = Some(L10n([(lang, typed)].into()));
        }
    }
    Ok(())
}

/// A number of the list, or any word that the server finds a playbook by.
fn ask_playbook<'a>(
    cx: &mut Context<'_>,
    report: &mut Report,
    playbooks: &'a [PlaybookView],
) -> Result<Option<&'a PlaybookView>, Error> {
    let rows = playbooks.iter().enumerate().map(|(i, p)| {
        let title = cx.in_lang(&p.title);
        vec![hued(Hue::Strong, (i + 1).to_string()), said(p.id.as_str()), said(title), said(p.aliases.join(", "))]
    });
    let rows: Vec<_> = rows.collect();
    table::show(cx.term, &[], rows);
    let question = cx.say(words::WHICH_PLAYBOOK);
    let typed = cx.term.ask(question, None).ok_or_else(|| ended(cx))?;
    let low = typed.to_lowercase();
    let by_number = typed.parse::<usize>().ok().and_then(|n| playbooks.get(n.checked_sub(1)?));
    let known = by_number.or_else(|| playbooks.iter().find(|p| p.id.as_str() == low));
    report.playbook = known.map_or(typed, |p| p.id.to_string());
    Ok(known)
}

fn ask_level(
    cx: &mut Context<'_>,
    report: &mut Report,
    levels: &[LevelView],
    chosen: Option<&PlaybookView>,
) -> Result<(), Error> {
    if report.level.is_some() {
        return Ok(());
    }
    let shown: Vec<String> =
        levels.iter().map(|l| format!("{} {} ({})", l.alias, l.level.id, cx.in_lang(&l.level.label))).collect();
    cx.term.line(&shown.join("   "));
    let by_playbook = cx.say(words::BY_PLAYBOOK);
    let default = chosen.map_or_else(|| by_playbook.to_owned(), |p| p.level.id.clone());
    let (question, lang) = (cx.say(words::WHICH_LEVEL), cx.term.lang());
    let read = |typed: &str| {
        let named = |l: &&LevelView| l.level.id.eq_ignore_ascii_case(typed) || l.alias.eq_ignore_ascii_case(typed);
        match levels.iter().find(named) {
            Some(level) => Ok(Some(level.level.id.clone())),
            None if typed == by_playbook => Ok(None),
            None => Err(Error::usage(words::no_level(lang, typed), words::TYPE_ONE_ABOVE.say(lang))),
        }
    };
    report.level = cx.term.ask_for(question, Some(&default), read).ok_or_else(|| ended(cx))?;
    Ok(())
}

fn ask(cx: &mut Context<'_>, question: Word, default: &str) -> Result<String, Error> {
    let question = cx.say(question);
    cx.term.ask(question, Some(default)).ok_or_else(|| ended(cx))
}

/// A time, or nothing when the default stands.
fn ask_time(
    cx: &mut Context<'_>,
    question: Word,
    default: &str,
    side: Side,
) -> Result<Option<crate::domain::time::At>, Error> {
    /// A time that is not understood is asked for again, so often.
    const TRIES_MAX: u32 = 5;
    for _ in 0..TRIES_MAX {
        let typed = ask(cx, question, default)?;
        if typed == default || typed::is_unknown(&typed) {
            return Ok(None);
        }
        match cx.time(&typed, side) {
            Ok(at) => return Ok(Some(at)),
            Err(error) => cx.term.notice(&format!("  {}: {}", error.why, error.help)),
        }
    }
    Err(ended(cx))
}

fn ended(cx: &Context<'_>) -> Error {
    Error::usage(cx.say(words::NOT_ALL_ANSWERED), cx.say(words::REPORT_AGAIN_OR)).coded("missing")
}
