//! Single points of failure: one loss that silences the page, an approval, a playbook or everybody; and which of them somebody has
//! accepted, by name and reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::loaded::Loaded;
use crate::config::places::Places;
use crate::domain::ids::{InfraId, PlaybookId};
use crate::domain::plan::Plan;
use crate::domain::reach::left::Reach;
use crate::domain::reach::net::When;
use crate::domain::reach::targets::Target;
use crate::domain::reach::{Down, down};
use crate::yaml::diagnostics::Found;

/// What one loss takes down, by the place in the plan of what is lost.
pub(super) type Lost = [(usize, Down)];

/// What each loss takes down, batteries not counted on.
pub(super) fn lost(plan: &Plan) -> Vec<(usize, Down)> {
    plan.infra.iter().enumerate().map(|(i, x)| (i, down(plan, &[], std::slice::from_ref(&x.id)))).collect()
}

/// Whether somebody has accepted that a loss silences a target: by its own name, or by that of something which it takes down. Who
/// accepts that everybody falls has accepted it of each duty.
pub(super) fn is_accepted(loaded: &Loaded, target: &Target, down: &Down) -> bool {
    let by_name = target.name(&loaded.plan);
    let duty = matches!(target, Target::Function(_) | Target::FunctionNight(_));
    let everybody = duty.then(|| Target::Silent.name(&loaded.plan));
    let names = |cut: &String| *cut == by_name || Some(cut) == everybody.as_ref();
    loaded.accepted.iter().any(|a| down.infra.contains(&a.infra) && a.cuts.iter().any(names))
}

/// Of those, the ones that are nearest to what they silence: the end of a chain says most.
pub(super) fn nearest(plan: &Plan, killers: &[usize], lost: &Lost) -> Vec<usize> {
    let takes = |x: &usize, y: &usize| lost[*x].1.infra.contains(&plan.infra[*y].id);
    let farther = |x: &&usize| killers.iter().any(|y| y != *x && takes(x, y) && !takes(y, x));
    killers.iter().filter(|x| !farther(x)).copied().collect()
}

pub(super) fn check(loaded: &Loaded, places: &Places, lost: &Lost, found: &mut Found) {
    let plan = &loaded.plan;
    let Some(reach) = Reach::of(plan, &loaded.around) else { return };
    let cuts = reach.cuts(When::AfterBatteries, 1);
    let by_target: BTreeMap<Target, Vec<usize>> =
        cuts.into_iter().map(|(target, c)| (target, c.ones.iter().map(|n| usize::from(*n)).collect())).collect();
    accepted(loaded, &by_target, places, found);

    // What everybody hangs on is said once.
    let of = |target: &Target| by_target.get(target).cloned().unwrap_or_default();
    let everybody: BTreeSet<usize> = of(&Target::Silent).into_iter().collect();
    let mut by_loss: BTreeMap<usize, Vec<&Target>> = BTreeMap::new();
    for (target, killers) in &by_target {
        let follows = match target {
            Target::Silent | Target::PublicPage => false,
            Target::Approval(_) | Target::ApprovalNight(_) | Target::Playbook(_) => true,
            // One duty alone: that is said of the duty.
            Target::Function(_) | Target::FunctionNight(_) => continue,
        };
        let by_day: Vec<usize> = match target {
            Target::ApprovalNight(id) => of(&Target::Approval(id.clone())),
            _ => Vec::new(),
        };
        let open: Vec<usize> = killers
            .iter()
            .copied()
            .filter(|x| !(by_day.contains(x) || follows && everybody.contains(x)))
            .filter(|x| !is_accepted(loaded, target, &lost[*x].1))
            .collect();
        for x in nearest(plan, &open, lost) {
            by_loss.entry(x).or_default().push(target);
        }
    }
    for (x, targets) in by_loss {
        let infra = &plan.infra[x].id;
        let names: Vec<String> = targets.iter().map(|t| t.name(plan)).collect();
        let words: Vec<String> = targets.iter().map(|t| in_words(t)).collect();
        let help = format!(
            "give it a way that shares nothing with the others, or write down why it stays: accepted: {{ {infra}: {{ cuts: [{}], reason: … }} }}",
            names.join(", ")
        );
        let message = format!("losing \"{infra}\" alone silences {}", words.join(", "));
        found.warning(places.infra[x], "single-point", message).help(help);
    }
}

fn in_words(target: &Target) -> String {
    let book = |what: &str, id: &PlaybookId| format!("{what} \"{id}\"");
    match target {
        Target::Silent => "everybody".into(),
        Target::PublicPage => "the public page".into(),
        Target::Approval(id) => book("every approver of", id),
        Target::ApprovalNight(id) => book("every approver by night of", id),
        Target::Playbook(id) => book("everybody in", id),
        Target::Function(_) | Target::FunctionNight(_) => "a duty".into(),
    }
}

/// Names that lead nowhere, and acceptances that nothing needs.
fn accepted(loaded: &Loaded, by_target: &BTreeMap<Target, Vec<usize>>, places: &Places, found: &mut Found) {
    let plan = &loaded.plan;
    let names: BTreeMap<String, &Vec<usize>> = by_target.iter().map(|(t, killers)| (t.name(plan), killers)).collect();
    for (accepted, (place, cuts)) in loaded.accepted.iter().zip(&places.accepted) {
        let is = |x: &usize| plan.infra[*x].id == accepted.infra;
        for (cut, at) in accepted.cuts.iter().zip(cuts) {
            match names.get(cut) {
                None => {
                    let message = format!("\"{cut}\" is nothing that can be silenced");
                    found.error(*at, "unknown-target", message).nearest(cut, names.keys().map(String::as_str));
                }
                Some(killers) if !killers.iter().any(is) => {
                    let message = format!("{cut} does not fall with \"{}\" alone", accepted.infra);
                    found.warning(*at, "accepted-in-vain", message).help("take it out of accepted:");
                }
                Some(_) => {}
            }
        }
        if accepted.cuts.is_empty() {
            let InfraId(name) = &accepted.infra;
            found.error(*place, "accepted", format!("what losing \"{name}\" silences is missing")).help("write cuts:");
        }
    }
}
