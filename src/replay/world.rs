//! What stands and what does not, moment by moment: what was lost, batteries that run out later, which gateways work then.

use std::collections::{BTreeMap, BTreeSet};

use super::Region;
use super::scenario::Lost;
use crate::domain::ids::{GatewayIx, InfraId, PointIx};
use crate::domain::reach::Down;
use crate::domain::reach::left::Reach;
use crate::domain::time::At;

/// How things stand.
pub struct World {
    lost: Lost,
    /// Fell when their batteries were empty.
    fallen: BTreeSet<InfraId>,
    /// Will fall then, if nothing feeds them before.
    falls: BTreeMap<InfraId, At>,
    pub down: Down,
    /// By gateway.
    up: Vec<bool>,
}

impl World {
    /// All is well.
    pub fn new(region: Region<'_>) -> Self {
        let up = vec![true; region.plan.gateways.len()];
        Self { lost: Lost::default(), fallen: BTreeSet::new(), falls: BTreeMap::new(), down: Down::default(), up }
    }

    pub fn lose(&mut self, region: Region<'_>, lost: &Lost, now: At) {
        self.lost.add(lost);
        self.look(region, now);
    }

    pub fn regain(&mut self, region: Region<'_>, there: &Lost, now: At) {
        self.lost.take(there);
        self.look(region, now);
    }

    /// Batteries that are empty by now.
    pub fn batteries(&mut self, region: Region<'_>, now: At) {
        let empty: Vec<InfraId> = self.falls.iter().filter(|(_, at)| **at <= now).map(|(x, _)| x.clone()).collect();
        self.fallen.extend(empty);
        self.look(region, now);
    }

    /// When the next battery is empty.
    pub fn next_fall(&self) -> Option<At> {
        self.falls.iter().filter(|(x, _)| !self.fallen.contains(*x)).map(|(_, at)| *at).min()
    }

    fn look(&mut self, region: Region<'_>, now: At) {
        let Some(reach) = Reach::of(region.plan, region.around) else { return };
        let left = reach.without(&self.lost.loss);
        let later: BTreeSet<InfraId> = left.after_batteries.nodes_down.into_iter().collect();
        self.fallen.retain(|x| later.contains(x));
        self.falls.retain(|x, _| later.contains(x));
        for (after_s, nodes) in left.falls {
            let at = now + u32::try_from(after_s).unwrap_or(u32::MAX);
            for node in nodes {
                // A battery that runs already goes on running.
                self.falls.entry(node).or_insert(at);
            }
        }
        self.down.infra = left.at_once.nodes_down.into_iter().chain(self.fallen.iter().cloned()).collect();
        let program = self.down.stands(&region.around.serve);
        for (g, info) in region.plan.gateways.iter().enumerate() {
            let lost = self.lost.loss.gateways.contains(&info.id);
            self.up[g] = program && self.down.stands(&info.needs) && !lost;
        }
    }

    /// Whether a gateway works.
    pub fn works(&self, g: GatewayIx) -> bool {
        self.up.get(g.ix()).copied().unwrap_or(false)
    }

    /// Whether what is handed over for a point comes there, and somebody can read it.
    pub fn arrives(&self, region: Region<'_>, p: PointIx) -> bool {
        let point = region.plan.point(p);
        self.down.stands(&point.needs) && !self.lost.channels.contains(&point.channel)
    }

    /// Whether the public sees the page.
    pub fn page_stands(&self, region: Region<'_>) -> bool {
        let mut pages =
            region.plan.gateways.iter().enumerate().filter(|(_, g)| region.around.pages.contains_key(&g.id));
        pages.any(|(i, _)| self.up[i])
    }

    /// The switchboard can be called.
    pub fn switchboard_answers(&self, region: Region<'_>) -> bool {
        let switchboard = region.plan.functions.get(region.plan.region.switchboard.ix());
        switchboard.and_then(|f| f.phone.as_ref()).is_some_and(|phone| self.down.stands(&phone.needs))
    }

    /// What is down now, by name.
    pub fn names(&self) -> Vec<String> {
        let channels = self.lost.channels.iter().map(|c| c.as_str().to_owned());
        self.down.infra.iter().map(ToString::to_string).chain(channels).collect()
    }
}
