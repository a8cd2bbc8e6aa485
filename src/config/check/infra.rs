//! What falls together: circles, functions on one path, systems that one loss takes down.

use std::collections::BTreeSet;

use super::holders::ids;
use super::single::{self, Lost, is_accepted};
use crate::config::loaded::Loaded;
use crate::config::places::Places;
use crate::domain::ids::{FunctionIx, GatewayIx, InfraId, PointIx, SystemId};
use crate::domain::ladder::Class;
use crate::domain::plan::{Plan, To};
use crate::domain::reach::targets::Target;
use crate::domain::reach::{Down, down};
use crate::gateways::registry::GatewayConfig;
use crate::yaml::diagnostics::{Found, Place};

pub(super) fn check(loaded: &Loaded, places: &Places, circles: bool, found: &mut Found) {
    let Loaded { plan, gateways, .. } = loaded;
    for (i, g) in gateways.iter().enumerate() {
        coverage(g, places.gateways[i], found);
    }
    if circles {
        return;
    }
    let lost = single::lost(plan);
    single::check(loaded, places, &lost, found);
    single_paths(loaded, places, found, &lost);
    heavy_losses(loaded, places, found, &lost);
    unreachable_in_playbooks(plan, places, found);
}

/// Infrastructure that needs itself can never start; systems likewise.
pub(super) fn circles(plan: &Plan, places: &Places, found: &mut Found) -> bool {
    // What nothing defines is said elsewhere, and counts as up.
    let known: BTreeSet<&InfraId> = plan.infra.iter().map(|x| &x.id).collect();
    let mut up: BTreeSet<&InfraId> = BTreeSet::new();
    loop {
        let before = up.len();
        for infra in &plan.infra {
            if infra.needs.iter().all(|any| any.iter().any(|one| up.contains(one) || !known.contains(one))) {
                up.insert(&infra.id);
            }
        }
        if up.len() == before {
            break;
        }
    }
    // Walk from each that never starts to one it waits for, until the walk comes back.
    let mut said: BTreeSet<&InfraId> = BTreeSet::new();
    let waits_for = |id: &InfraId| {
        let infra = plan.infra.iter().find(|x| x.id == *id)?;
        let any = infra.needs.iter().find(|any| any.iter().all(|one| !up.contains(one) && known.contains(one)))?;
        plan.infra.iter().map(|x| &x.id).find(|x| Some(*x) == any.first())
    };
    let mut any = false;
    for infra in plan.infra.iter().filter(|x| !up.contains(&x.id)) {
        let mut way = vec![&infra.id];
        while let Some(next) = way.last().and_then(|last| waits_for(last)) {
            if let Some(from) = way.iter().position(|w| *w == next) {
                let circle = &way[from..];
                if !circle.iter().any(|c| said.contains(c)) {
                    let names: Vec<&str> = circle.iter().chain([&next]).map(|c| c.as_str()).collect();
                    let at =
                        plan.infra.iter().position(|x| x.id == *next).map_or_else(Place::default, |i| places.infra[i]);
                    found.error(at, "infrastructure-circle", format!("a circle: {}", names.join(" needs ")));
                    said.extend(circle.iter().copied());
                }
                any = true;
                break;
            }
            way.push(next);
        }
    }
    for (i, system) in plan.systems.iter().enumerate() {
        let mut way = vec![&system.id];
        let mut seen: BTreeSet<&SystemId> = [&system.id].into();
        let mut open: Vec<(&SystemId, usize)> = vec![(&system.id, 0)];
        while let Some((id, next)) = open.last_mut() {
            let needs = plan.system(id).map_or(&[][..], |s| &s.needs_systems[..]);
            let Some(need) = needs.get(*next) else {
                open.pop();
                way.pop();
                continue;
            };
            *next += 1;
            if *need == system.id {
                // Said once, at the first of its members.
                if way.iter().all(|w| plan.systems.iter().position(|s| s.id == **w) >= Some(i)) {
                    let names: Vec<&str> = way.iter().chain([&need]).map(|w| w.as_str()).collect();
                    found.error(places.systems[i], "system-circle", format!("a circle: {}", names.join(" needs ")));
                }
                any = true;
                break;
            }
            if seen.insert(need) {
                way.push(need);
                open.push((need, 0));
            }
        }
    }
    any
}

fn coverage(gateway: &GatewayConfig, place: Place, found: &mut Found) {
    if let Some(c) = gateway.coverage()
        && c.reached.value < c.total
    {
        let of = c.of.first().map_or("", |(_, t)| t.value.as_str());
        let message = format!("\"{}\" reaches {} of {} {of}", gateway.id, c.reached.value, c.total);
        let place = if c.reached.place.line > 0 { c.reached.place } else { place };
        found.warning(place, "coverage", message).help(format!("{} need another way", c.total - c.reached.value));
    }
}

/// Whether a function can be reached with that down.
fn reachable(plan: &Plan, f: FunctionIx, down: &Down) -> bool {
    let works = |g: &GatewayIx| down.stands(&plan.gateway(*g).needs);
    let stands = |p: &PointIx| down.stands(&plan.point(*p).needs);
    plan.function(f).points.iter().any(|p| stands(p) && plan.point(*p).gateways.iter().any(works))
}

/// Every function over two paths that share nothing (INCIDENTS lesson 20): no single loss takes all of them.
fn single_paths(loaded: &Loaded, places: &Places, found: &mut Found, lost: &Lost) {
    let plan = &loaded.plan;
    for i in 0..plan.functions.len() {
        let f = FunctionIx(u32::try_from(i).unwrap_or(0));
        let function = plan.function(f);
        let place = places.functions[i];
        let mut channels: Vec<_> = function.points.iter().map(|p| plan.point(*p).channel).collect();
        channels.sort();
        channels.dedup();
        if function.points.is_empty() {
            let message = format!("\"{}\" can't be reached: it has no duty point", function.id);
            found.error(place, "unreachable", message).help("give it reach: with at least two channels");
            continue;
        }
        if let [only] = channels[..] {
            let message = format!("\"{}\" is reached over {only} alone", function.id);
            found.warning(place, "single-path", message).help("give it a second channel");
        }
        let target = Target::Function(f);
        let killers: Vec<usize> = lost
            .iter()
            .filter(|(_, down)| !reachable(plan, f, down) && !is_accepted(loaded, &target, down))
            .map(|(x, _)| *x)
            .collect();
        let nearest = single::nearest(plan, &killers, lost);
        let nearest: Vec<&str> = nearest.into_iter().map(|x| plan.infra[x].id.as_str()).collect();
        if !nearest.is_empty() {
            let message = format!("every way to \"{}\" hangs on {}", function.id, nearest.join(", and on "));
            found.warning(place, "single-path", message).help("give it a way that shares nothing with the others");
        }
    }
}

/// One loss that takes more than half of what care can't do without, or all that the switchboard works with. One that is known to
/// silence everybody needs no more words.
fn heavy_losses(loaded: &Loaded, places: &Places, found: &mut Found, lost: &Lost) {
    let plan = &loaded.plan;
    let vital: Vec<&SystemId> = plan.systems.iter().filter(|s| s.class == Class::A).map(|s| &s.id).collect();
    let switchboard = plan.region.switchboard;
    let own: Vec<usize> = (0..plan.systems.len()).filter(|i| plan.systems[*i].owner == switchboard).collect();
    let mut worst: Option<(usize, Vec<usize>)> = None;
    for (x, down) in lost.iter().filter(|(_, down)| !is_accepted(loaded, &Target::Silent, down)) {
        let count = vital.iter().filter(|s| down.systems.contains(**s)).count();
        if vital.len() >= 4 && count * 2 > vital.len() {
            let ways = plan.gateways.iter().filter(|g| !down.stands(&g.needs)).count();
            let message = format!(
                "losing \"{}\" takes down {count} of {} class A systems and {ways} of {} gateways",
                plan.infra[*x].id,
                vital.len(),
                plan.gateways.len()
            );
            found.warning(places.infra[*x], "heavy-loss", message);
        }
        let mine: Vec<usize> = own.iter().copied().filter(|i| down.systems.contains(&plan.systems[*i].id)).collect();
        let fewer = |(y, before): &(usize, Vec<usize>)| {
            mine.len() > before.len() || (mine.len() == before.len() && down.infra.len() < lost[*y].1.infra.len())
        };
        if mine.len() >= 2 && worst.as_ref().is_none_or(fewer) {
            worst = Some((*x, mine));
        }
    }
    if let Some((x, mine)) = worst {
        let names: Vec<&str> = mine.iter().map(|i| plan.systems[*i].id.as_str()).collect();
        let message = format!(
            "losing \"{}\" takes {} from \"{}\", which walks the manual gateways",
            plan.infra[x].id,
            names.join(", "),
            plan.function(switchboard).id
        );
        found
            .warning(places.switchboard, "switchboard-alone", message)
            .help("keep the directory on paper and on another network");
    }
}

/// INCIDENTS lesson 25: the gateways that the incident itself takes away.
fn unreachable_in_playbooks(plan: &Plan, places: &Places, found: &mut Found) {
    for playbook in plan.playbooks.values().filter(|p| !p.infra.is_empty()) {
        let down = down(plan, &[], &playbook.infra);
        let mut cut: Vec<FunctionIx> = Vec::new();
        for level in &playbook.levels {
            for row in &level.notify {
                let To::Functions(functions) = &row.to else { continue };
                let over = |f: &FunctionIx| {
                    plan.function(*f).points.iter().any(|p| {
                        let point = plan.point(*p);
                        row.channels.contains(&point.channel)
                            && down.stands(&point.needs)
                            && point.gateways.iter().any(|g| down.stands(&plan.gateway(*g).needs))
                    })
                };
                cut.extend(functions.iter().filter(|f| !over(f)));
            }
        }
        cut.sort();
        cut.dedup();
        if !cut.is_empty() {
            let message = format!("what this playbook is about takes every way to {}", ids(plan, &cut));
            let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
            found.warning(place, "cut-off", message).help("add a channel, or a gateway that hangs on something else");
        }
    }
}
