//! Steps and answers that could not come: found by day.

use super::holders::ids;
use crate::config::places::{Places, Wants};
use crate::domain::holder::deputies_when;
use crate::domain::ids::FunctionIx;
use crate::domain::plan::{AnswerRule, Plan, Playbook, RowId, To};
use crate::domain::reach::down_by;
use crate::yaml::diagnostics::Found;

pub(super) fn check(plan: &Plan, places: &Places, found: &mut Found) {
    for (i, function) in plan.functions.iter().enumerate() {
        let f = FunctionIx(u32::try_from(i).unwrap_or(u32::MAX));
        if let Some(why) = too_few(plan, f, function.answers) {
            found
                .warning(places.functions[i], "too-few-to-answer", why)
                .help("give it more deputies, or ask for fewer answers");
        }
    }
    let mut says_arrived = true;
    for words in plan.words.values() {
        says_arrived &= !words.replies.arrived.is_empty();
    }
    for playbook in plan.playbooks.values() {
        hangs_on_what_is_down(plan, playbook, places, found);
        for level in &playbook.levels {
            for (i, row) in level.notify.iter().enumerate() {
                let id = RowId { level: level.level, row: u16::try_from(i).unwrap_or(u16::MAX) };
                let place = places.rows.get(&(playbook.id.clone(), id)).copied().unwrap_or_default();
                let To::Functions(functions) = &row.to else { continue };
                if row.arrive_within_s.is_some() && row.answer == Some(AnswerRule::None) {
                    found
                        .error(place, "arrive-unasked", "nobody comes who is not asked for an answer")
                        .help("write answer: required, or leave arrive_within: out");
                }
                if row.arrive_within_s.is_some() && !says_arrived {
                    let message = "no word of messages.yaml says that somebody has arrived";
                    found.warning(place, "no-arrived-word", message).help("replies: arrived: [framme]");
                }
                for f in functions {
                    let own = plan.function(*f).answers;
                    if let Some(why) = row.answers.filter(|a| *a > own).and_then(|a| too_few(plan, *f, a)) {
                        found
                            .warning(place, "too-few-to-answer", why)
                            .help("give it more deputies, or ask for fewer answers");
                    }
                }
            }
        }
    }
}

/// A text must not send people to what is down with it: the read-only copy, the telephone exchange.
fn hangs_on_what_is_down(plan: &Plan, playbook: &Playbook, places: &Places, found: &mut Found) {
    let down = down_by(plan, playbook, &[]);
    let lacks = |wants: &Wants| -> Option<String> {
        let infra = wants.infra.iter().find(|any| any.iter().all(|one| down.infra.contains(one)));
        let infra = infra.and_then(|any| any.first()).map(ToString::to_string);
        infra.or_else(|| wants.systems.iter().find(|s| down.systems.contains(*s)).map(ToString::to_string))
    };
    let book = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
    for routine in &playbook.routines {
        if let Some(what) = places.routine_wants.get(routine).and_then(lacks) {
            let message = format!(
                "playbook {} tells routine \"{routine}\", which needs \"{what}\": that is down too",
                playbook.id
            );
            found.warning(book, "hangs-on-what-is-down", message).help("name a routine that does without it");
        }
    }
    for step in &playbook.steps {
        let Some((place, wants)) = places.step_wants.get(&(playbook.id.clone(), step.id.clone())) else { continue };
        if let Some(what) = lacks(wants) {
            let message = format!("step \"{}\" needs \"{what}\", which is down in playbook {}", step.id, playbook.id);
            found.warning(*place, "hangs-on-what-is-down", message).help("say how it is done without it");
        }
    }
}

/// Fewer different duties hold it and its deputies, by day or by night, than must answer.
fn too_few(plan: &Plan, f: FunctionIx, answers: u8) -> Option<String> {
    let hours = [(true, "in office hours"), (false, "at night")];
    let (have, when) = hours
        .into_iter()
        .map(|(day, when)| (1 + deputies_when(plan, f, day).len(), when))
        .min_by_key(|(have, _)| *have)?;
    (have < usize::from(answers))
        .then(|| format!("{answers} answers are wanted of {}, and {when} {have} can be asked", ids(plan, &[f])))
}
