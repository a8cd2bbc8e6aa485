//! Yes to a waiting text.

use clap::Args;

use super::context::Context;
use super::terminal::Hue;
use crate::api::calls;
use crate::domain::ids::MessageNo;
use crate::domain::incident::input::Action;
use crate::domain::lang::Lang;
use crate::domain::text::Fingerprint;
use crate::domain::view::ApprovalView;
use crate::error::Error;
use crate::words::cli as words;

/// Approve a waiting text that was read: its fingerprint says which. Without one, a terminal shows it and asks.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase approve                                show what waits, and ask\n  \
    vardkase approve 14-2 7K4F2A --as kib\n  \
    vardkase approve 14-2 --reviewed en --as kib    this language was read too\n  \
    vardkase approve 14-2 --wait --as kib           more time, once\n  \
    vardkase approve 14-2 --break-glass 'KiB and deputy silent' --as tib")]
pub struct ApproveArgs {
    /// The message.
    number: Option<MessageNo>,
    /// What was read, as it stands beside the number.
    fingerprint: Option<Fingerprint>,
    /// For one entry only.
    #[arg(long, value_name = "ENTRY", requires = "fingerprint")]
    entry: Option<u32>,
    /// What the text says works does.
    #[arg(long, requires = "fingerprint")]
    works: bool,
    /// A language that somebody else edited was read; nothing is approved yet.
    #[arg(long, value_name = "LANG", value_parser = lang, requires = "number", conflicts_with = "fingerprint")]
    reviewed: Option<Lang>,
    /// More time, once; nothing is approved.
    #[arg(long, requires = "number", conflicts_with_all = ["fingerprint", "reviewed"])]
    wait: bool,
    /// Release in spite of all, on record, for this reason.
    #[arg(long, value_name = "REASON", requires = "number", conflicts_with_all = ["fingerprint", "reviewed", "wait"])]
    break_glass: Option<String>,
}

fn lang(text: &str) -> Result<Lang, String> {
    Lang::try_from(text.to_owned())
}

impl ApproveArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let action = match self {
            Self { number: Some(number), reviewed: Some(lang), .. } => Action::Reviewed { number, lang },
            Self { number: Some(number), wait: true, .. } => Action::Wait { number },
            Self { number: Some(number), break_glass: Some(reason), .. } => {
                Action::BreakGlass { number, reason: reason.into() }
            }
            Self { number: Some(number), fingerprint: Some(fingerprint), entry, works, .. } => {
                Action::Approve { number, fingerprint, entry, works }
            }
            Self { number, .. } => return ask(cx, number),
        };
        cx.act(&action)
    }
}

/// Shows what waits for this duty, and asks. A yes is bound to the text that was shown.
fn ask(cx: &mut Context<'_>, number: Option<MessageNo>) -> Result<(), Error> {
    if !cx.asks() {
        let (why, help) = (cx.say(words::APPROVE_MISSING), cx.say(words::APPROVE_HOW));
        return Err(Error::usage(why, help).coded("missing"));
    }
    let acting = cx.acting()?;
    let mut waiting: Vec<ApprovalView> = cx.call(&calls::approvals(&acting))?.read()?;
    waiting.retain(|a| number.is_none_or(|n| n == a.number));
    if waiting.is_empty() {
        let why = number
            .map_or_else(|| cx.say(words::NOTHING_WAITS).to_owned(), |n| words::waits_not(cx.term.lang(), n, &acting));
        return Err(Error::other(why, cx.say(words::SEE_STATUS)).coded("nothing-waits"));
    }
    for one in &waiting {
        show(cx, one);
    }
    let chosen = match (number, &waiting[..]) {
        (Some(number), _) => number,
        (None, [first, rest @ ..]) if rest.iter().all(|a| a.number == first.number) => first.number,
        (None, _) => {
            let (question, lang) = (cx.say(words::WHICH_NUMBER), cx.term.lang());
            let read = |typed: &str| {
                let unknown = || Error::usage(words::none_of_these(lang, typed), words::TYPE_AS_SHOWN.say(lang));
                let number: MessageNo = typed.parse().map_err(|_| unknown())?;
                waiting.iter().any(|a| a.number == number).then_some(number).ok_or_else(unknown)
            };
            cx.term.ask_for(question, None, read).ok_or_else(|| stopped(cx))?
        }
    };
    let print = waiting.iter().filter(|a| a.number == chosen).find_map(|a| a.fingerprints.values().next().copied());
    let fingerprint =
        print.ok_or_else(|| Error::other(words::has_no_text(cx.term.lang(), chosen), cx.say(words::SEE_PREVIEW)))?;
    let lang = cx.term.lang();
    let claim =
        waiting.iter().find(|a| a.number == chosen).and_then(|a| a.works.get(&lang).or(a.works.values().next()));
    let works = claim.is_some();
    if let Some(claim) = claim
        && cx.term.ask_yes(&format!("{} “{claim}”?", words::IS_IT_SO.say(lang))) != Some(true)
    {
        return Err(Error::other(cx.say(words::NOT_APPROVED), cx.say(words::CHANGE_TAKES_OUT)).coded("not-confirmed"));
    }
    let question = format!("{} {chosen} {fingerprint}?", cx.say(words::APPROVE_IT));
    if cx.term.ask_yes(&question) != Some(true) {
        return Err(stopped(cx));
    }
    cx.act(&Action::Approve { number: chosen, fingerprint, entry: None, works })
}

fn stopped(cx: &Context<'_>) -> Error {
    Error::other(cx.say(words::NOT_APPROVED), cx.say(words::REJECT_SAYS_NO)).coded("not-confirmed")
}

fn show(cx: &mut Context<'_>, one: &ApprovalView) {
    let now = cx.now();
    let due = cx.clock(one.approval.due, now);
    let lang = cx.term.lang();
    let to = if one.public { cx.say(words::THE_PUBLIC).to_owned() } else { words::n_functions(lang, one.to.len()) };
    let channels: Vec<&str> = one.channels.iter().map(|c| super::incident_show::channel(lang, *c)).collect();
    let drill = if one.exercise { format!("{} ", cx.say(words::DRILL)) } else { String::new() };
    let title = cx.in_lang(&one.title).to_owned();
    let until = cx.say(words::UNTIL);
    let head = format!("{drill}{} {title}: {to}, {}; {until} {due}", one.number, channels.join(" "));
    cx.term.line_in(Hue::Strong, &head);
    let not_read = format!("  {}", cx.say(words::NOT_READ));
    for (lang, text) in &one.texts {
        let print = one.fingerprints.get(lang).map(ToString::to_string).unwrap_or_default();
        let unread = if one.unreviewed.contains(lang) { &*not_read } else { "" };
        cx.term.line(&format!("  [{lang}] {print}{unread}\n  {text}"));
    }
    if one.four_eyes {
        cx.term.line_in(Hue::Wait, &format!("  {}", cx.say(words::FOUR_EYES)));
    }
}
