//! Sets of losses for people: the worst first, each with all that it silences, and with what would have to be added.

use std::collections::{BTreeMap, BTreeSet};

use super::cuts::Cuts;
use super::left::Reach;
use super::net::{NodeIx, Nodes, When, met};
use super::targets::Target;
use crate::domain::ids::InfraId;
use crate::domain::plan::Channel;

/// A set of losses, and what it silences at once, or what it silences later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// In the order of the alphabet.
    pub nodes: Vec<InfraId>,
    /// What it silences. What follows from the rest is left out: with everybody silent nobody else is named.
    pub silences: Vec<Target>,
    /// It does so at once; otherwise when the batteries are empty.
    pub at_once: bool,
    pub add: Add,
}

/// What would have to be added so that it silences them no longer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Add {
    /// A machine for the program that hangs on none of these.
    Machine,
    /// A page that hangs on none of these.
    Mirror,
    /// Addresses over these channels: gateways of theirs stand.
    Address(BTreeSet<Channel>),
    /// A gateway that hangs on none of these.
    Gateway,
}

impl Reach<'_> {
    /// All sets of losses, the worst first: the fewest losses, then those that silence at once, then whatever silences most.
    pub fn worst_first(&self, at_once: &[(Target, Cuts)], later: &[(Target, Cuts)]) -> Vec<Cut> {
        let mut by_set: BTreeMap<(Vec<NodeIx>, bool), BTreeSet<Target>> = BTreeMap::new();
        for (target, cuts) in later {
            let now = at_once.iter().find(|(t, _)| t == target).map(|(_, cuts)| cuts);
            for set in cuts.sets() {
                let at_once = now.is_some_and(|now| now.sets().any(|s| s.iter().all(|n| set.contains(n))));
                by_set.entry((set.to_vec(), at_once)).or_default().insert(target.clone());
            }
        }
        let rows = by_set.into_iter().map(|((set, at_once), targets)| self.cut(&set, at_once, &targets));
        let mut all: Vec<(u32, Cut)> = rows.collect();
        all.sort_by(|(a_weight, a), (b_weight, b)| {
            let key = |cut: &Cut| (cut.nodes.len(), !cut.at_once);
            key(a).cmp(&key(b)).then(b_weight.cmp(a_weight)).then_with(|| a.nodes.cmp(&b.nodes))
        });
        all.into_iter().map(|(_, cut)| cut).collect()
    }

    fn cut(&self, set: &[NodeIx], at_once: bool, targets: &BTreeSet<Target>) -> (u32, Cut) {
        let weight = targets.iter().map(weight).sum();
        let add = self.add(set, targets);
        let silent = targets.contains(&Target::Silent);
        let follows = |target: &Target| match target {
            Target::Silent | Target::PublicPage => false,
            Target::Approval(_) | Target::Playbook(_) | Target::Function(_) => silent,
            Target::ApprovalNight(id) => silent || targets.contains(&Target::Approval(id.clone())),
            Target::FunctionNight(f) => silent || targets.contains(&Target::Function(*f)),
        };
        let silences = targets.iter().filter(|t| !follows(t)).cloned().collect();
        (weight, Cut { nodes: self.sorted(set), silences, at_once, add })
    }

    fn add(&self, set: &[NodeIx], targets: &BTreeSet<Target>) -> Add {
        let mut lost = Nodes::none(self.net.count());
        for n in set {
            lost.put(*n);
        }
        let up = self.net.standing(&lost, When::AfterBatteries);
        if !met(&self.serve, &up) && targets.iter().any(|t| *t != Target::PublicPage) {
            return Add::Machine;
        }
        if targets.iter().all(|t| *t == Target::PublicPage) {
            return Add::Mirror;
        }
        let carries = |c: Channel| !matches!(c, Channel::Web | Channel::Manual);
        let gateways = self.plan.gateways.iter().zip(&self.gateways);
        let standing = gateways.filter(|(g, wants)| carries(g.channel) && met(wants, &up));
        let channels: BTreeSet<Channel> = standing.map(|(g, _)| g.channel).collect();
        if channels.is_empty() { Add::Gateway } else { Add::Address(channels) }
    }
}

/// How bad it is: everybody before a playbook or an approval, those before the page, and the page before a single duty.
fn weight(target: &Target) -> u32 {
    match target {
        Target::Silent => 1_000_000,
        Target::Playbook(_) => 1_000,
        Target::Approval(_) => 900,
        Target::ApprovalNight(_) => 800,
        Target::PublicPage => 500,
        Target::Function(_) => 2,
        Target::FunctionNight(_) => 1,
    }
}
