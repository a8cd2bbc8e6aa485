//! What a set of losses silences and what would have to be added, in words.

use super::channel;
use crate::domain::ids::{FunctionIx, PlaybookId};
use crate::domain::lang::Lang;
use crate::domain::plan::{Channel, Plan};
use crate::domain::reach::cuts::Cuts;
use crate::domain::reach::targets::Target;
use crate::domain::reach::worst::{Add, Cut};
use crate::words::paper as words;

/// The most names in one cell of a table.
const NAMES_SHOWN_MAX: usize = 4;

/// What a set of losses silences, by kind: few by their names, many by their number.
pub fn silenced(lang: Lang, plan: &Plan, cut: &Cut, targets: &[(Target, Cuts)]) -> String {
    let of = |is: fn(&Target) -> bool| cut.silences.iter().filter(move |t| is(t));
    let mut parts: Vec<String> =
        of(|t| matches!(t, Target::Silent | Target::PublicPage)).map(|t| in_words(lang, plan, t)).collect();
    let approvals = of(|t| matches!(t, Target::Approval(_))).count();
    let all = targets.iter().filter(|(t, _)| matches!(t, Target::Approval(_))).count();
    let approval: Vec<String> =
        of(|t| matches!(t, Target::Approval(_) | Target::ApprovalNight(_))).map(|t| in_words(lang, plan, t)).collect();
    match approvals > 1 && approvals == all {
        true => parts.push(words::LOSS_NO_APPROVAL.say(lang).to_owned()),
        false => parts.extend(approval),
    }
    parts.extend(of(|t| matches!(t, Target::Playbook(_))).map(|t| in_words(lang, plan, t)));
    let duties: Vec<String> =
        of(|t| matches!(t, Target::Function(_) | Target::FunctionNight(_))).map(|t| in_words(lang, plan, t)).collect();
    if !duties.is_empty() {
        parts.push(some(lang, &duties));
    }
    parts.join("; ")
}

/// The first of many, and how many more.
fn some(lang: Lang, all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(NAMES_SHOWN_MAX).map(String::as_str).collect();
    match all.len().saturating_sub(NAMES_SHOWN_MAX) {
        0 => shown.join(", "),
        more => words::loss_and_more(lang, shown.join(", "), more),
    }
}

/// What a target is called within a sentence.
pub fn in_words(lang: Lang, plan: &Plan, target: &Target) -> String {
    let title =
        |id: &PlaybookId| plan.playbooks.get(id).map_or_else(String::new, |b| format!("{} ({id})", b.title.get(lang)));
    let duty = |f: FunctionIx| {
        let f = plan.function(f);
        format!("{} ({})", f.title.get(lang), f.id)
    };
    match target {
        Target::Silent => words::LOSS_SILENT.say(lang).to_owned(),
        Target::PublicPage => words::LOSS_THE_PAGE.say(lang).to_owned(),
        Target::Approval(id) => words::loss_the_approval(lang, title(id)),
        Target::ApprovalNight(id) => words::loss_the_approval_night(lang, title(id)),
        Target::Playbook(id) => words::loss_the_playbook(lang, title(id)),
        Target::Function(f) => duty(*f),
        Target::FunctionNight(f) => words::loss_by_night(lang, duty(*f)),
    }
}

/// What would have to be added; why it stays, where that was accepted.
pub fn advice(lang: Lang, cut: &Cut, accepted: Option<&str>) -> String {
    if let Some(reason) = accepted {
        return words::loss_accepted(lang, reason);
    }
    match &cut.add {
        Add::Machine => words::LOSS_ADD_MACHINE.say(lang).to_owned(),
        Add::Mirror => words::LOSS_ADD_MIRROR.say(lang).to_owned(),
        Add::Gateway => words::LOSS_ADD_GATEWAY.say(lang).to_owned(),
        Add::Address(channels) => {
            let channels: Vec<&str> = channels.iter().map(|c: &Channel| channel(lang, *c)).collect();
            words::loss_add_address(lang, channels.join(", "))
        }
    }
}
