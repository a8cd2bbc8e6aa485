//! Steps and answers that could not come: found by day.

use super::holders::ids;
use crate::config::places::Places;
use crate::domain::holder::deputies_when;
use crate::domain::ids::FunctionIx;
use crate::domain::plan::{AnswerRule, Plan, RowId, To};
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
