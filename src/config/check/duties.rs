//! Addresses that were never proven, contacts that may not stand in a text, answers that can't come back.

use super::holders::ids;
use super::texts::publishes;
use crate::config::places::Places;
use crate::domain::ids::{FunctionIx, GatewayIx};
use crate::domain::plan::{AnswerRule, Channel, DutyPoint, Plan, Playbook, To};
use crate::domain::reach::down;
use crate::yaml::diagnostics::Found;

pub(super) fn check(plan: &Plan, places: &Places, found: &mut Found) {
    for (i, point) in plan.points.iter().enumerate() {
        if point.proven.is_none() {
            let message = format!("this {} address of {} was never proven", point.channel, ids(plan, &point.functions));
            found
                .warning(places.points[i], "never-proven", message)
                .help("send a test (vardkase addresses test), then write proven: with its date");
        }
    }
    let mut deaf: Vec<GatewayIx> = Vec::new();
    for playbook in plan.playbooks.values() {
        contact(plan, places, found, playbook);
        let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
        if publishes(playbook) && playbook.public_words.is_none() {
            let message = format!("playbook {} may publish, and has no text for the public", playbook.id);
            found.error(place, "no-public-text", message).help("write public_text:, or public: never");
        }
        for level in &playbook.levels {
            for (i, row) in level.notify.iter().enumerate() {
                let id = crate::domain::plan::RowId { level: level.level, row: u16::try_from(i).unwrap_or(u16::MAX) };
                let key = (playbook.id.clone(), id);
                let place = places.rows.get(&key).copied().unwrap_or_default();
                if row.to == To::Public && plan.region.call.is_empty() {
                    found
                        .error(place, "no-call", "a text for the public has no number to call")
                        .help("contacts/organisation.yaml: call");
                }
                if row.to == To::Public && plan.region.emergency.is_empty() {
                    found
                        .error(place, "no-emergency", "a text for the public has no emergency number")
                        .help("contacts/organisation.yaml: emergency");
                }
                let To::Functions(functions) = &row.to else { continue };
                if let Some(within) = row.answer_within_s {
                    let longer: Vec<FunctionIx> =
                        functions.iter().copied().filter(|f| plan.function(*f).answer_within_s < within).collect();
                    if !longer.is_empty() {
                        let message = format!(
                            "{within} s are longer than the own answer time of {}, which holds",
                            ids(plan, &longer)
                        );
                        let place = places.answer_within.get(&key).copied().unwrap_or(place);
                        found.warning(place, "answer-within", message).help("a playbook may only shorten it");
                    }
                }
                if row.channels.contains(&Channel::Sms) && row.answer != Some(AnswerRule::None) {
                    let points = functions.iter().flat_map(|f| &plan.function(*f).points).map(|p| plan.point(*p));
                    // A spare without a way back is none's only way: its texts name a telephone.
                    let one_way = |p: &&DutyPoint| p.gateways.iter().all(|g| !plan.gateway(*g).answers);
                    let over = points.filter(|p| p.channel == Channel::Sms).filter(one_way).flat_map(|p| &p.gateways);
                    for g in over {
                        if !deaf.contains(g) {
                            deaf.push(*g);
                            let message = format!(
                                "playbook {} asks for an answer by SMS over \"{}\", which has no way back",
                                playbook.id,
                                plan.gateway(*g).id
                            );
                            found
                                .error(places.gateways[g.ix()], "no-way-back", message)
                                .help("set answers: true if replies come in, or ask for no answer");
                        }
                    }
                }
            }
        }
    }
    long_waits(plan, places, found);
    let switchboard = plan.function(plan.region.switchboard);
    if switchboard.phone.as_ref().is_none_or(|p| !p.publishable) {
        let message = format!("\"{}\" has no number that may stand in a text", switchboard.id);
        found.warning(places.switchboard, "no-number", message).help("whoever has only a pager is asked to call it");
    }
}

/// Longer than that, nobody waits for an answer, an approval or a decision in a disruption, in seconds: a unit was mistaken.
const WAIT_S_MAX: u32 = 24 * 3600;

/// Deadlines that are so far away that nothing follows from them.
fn long_waits(plan: &Plan, places: &Places, found: &mut Found) {
    let mut say = |place, what: &str, id: &str, seconds: u32| {
        if seconds > WAIT_S_MAX {
            let message = format!("\"{id}\" has {} hours {what}", seconds / 3600);
            found.warning(place, "long-wait", message).help("minutes are m, hours h, days d");
        }
    };
    for (function, place) in plan.functions.iter().zip(&places.functions) {
        say(*place, "to answer", function.id.as_str(), function.answer_within_s);
    }
    for playbook in plan.playbooks.values() {
        for level in &playbook.levels {
            for (i, row) in level.notify.iter().enumerate() {
                let id = crate::domain::plan::RowId { level: level.level, row: u16::try_from(i).unwrap_or(u16::MAX) };
                let Some(approval) = &row.approval else { continue };
                let place = places.approvals.get(&(playbook.id.clone(), id)).copied().unwrap_or_default();
                say(place, "to approve", plan.function(approval.by).id.as_str(), approval.within_s);
            }
            for propose in &level.propose {
                let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
                say(place, "to decide", plan.function(propose.decides).id.as_str(), propose.within_s);
            }
        }
    }
}

/// The contact of a text is the owner's duty telephone, if it may be published and does not hang on what is down (RULES A10, E1).
fn contact(plan: &Plan, places: &Places, found: &mut Found, playbook: &Playbook) {
    let Some(system) = playbook.systems.first().and_then(|s| plan.system(s)) else { return };
    let owner = plan.function(system.owner);
    let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
    let mut say = |code, message| {
        found.warning(place, code, message).help("the one who reports must name another contact");
    };
    match &owner.phone {
        None => say("contact", format!("the owner \"{}\" has no duty telephone for the text", owner.id)),
        Some(phone) if !phone.publishable => {
            say("contact", format!("the duty telephone of the owner \"{}\" may not stand in a text", owner.id));
        }
        Some(phone) => {
            if !down(plan, &[], &playbook.infra).stands(&phone.needs) {
                say("contact", format!("the duty telephone of the owner \"{}\" hangs on what is down", owner.id));
            }
        }
    }
}
