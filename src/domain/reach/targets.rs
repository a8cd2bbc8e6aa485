//! What it takes to silence somebody: the smallest sets of losses for each duty, approval and playbook, for the page, and for all.

use std::collections::{BTreeMap, BTreeSet};

use super::cuts::{Cuts, Families};
use super::left::{HOURS, Page, Reach, approvers};
use super::net::{Wants, When};
use crate::domain::ids::{FunctionIx, GatewayIx, PlaybookId, PointIx};
use crate::domain::plan::{Channel, Plan, To};

/// What can be silenced.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// Nobody is reached at all.
    Silent,
    PublicPage,
    /// Nobody who is asked by day can answer.
    Approval(PlaybookId),
    /// The same by night.
    ApprovalNight(PlaybookId),
    /// None of those it tells is reached over the channels of its rows.
    Playbook(PlaybookId),
    /// A duty, by its own points.
    Function(FunctionIx),
    /// A duty, by the points of whoever holds it at night.
    FunctionNight(FunctionIx),
}

impl Target {
    /// As it stands in JSON, and in `accepted:`.
    pub fn name(&self, plan: &Plan) -> String {
        match self {
            Target::Silent => "silent".into(),
            Target::PublicPage => "public-page".into(),
            Target::Approval(id) => format!("approval:{id}"),
            Target::ApprovalNight(id) => format!("approval-night:{id}"),
            Target::Playbook(id) => format!("playbook:{id}"),
            Target::Function(f) => format!("function:{}", plan.function(*f).id),
            Target::FunctionNight(f) => format!("function-night:{}", plan.function(*f).id),
        }
    }

    /// Every target of a plan, whether anything can silence it or not.
    pub fn all(reach: &Reach<'_>) -> Vec<Target> {
        let plan = reach.plan;
        let mut all = vec![Target::Silent];
        if !reach.around.pages.is_empty() {
            all.push(Target::PublicPage);
        }
        for (id, book) in &plan.playbooks {
            if !approvers(book).is_empty() {
                all.extend([Target::Approval(id.clone()), Target::ApprovalNight(id.clone())]);
            }
            let tells = |to: &To| matches!(to, To::Functions(f) if !f.is_empty());
            if book.levels.iter().flat_map(|l| &l.notify).any(|row| tells(&row.to)) {
                all.push(Target::Playbook(id.clone()));
            }
        }
        for f in (0..).map(FunctionIx).take(plan.functions.len()) {
            all.extend([Target::Function(f), Target::FunctionNight(f)]);
        }
        all.sort();
        all
    }
}

/// A way: what its gateway hangs on, and what its point does. Points that hang on the same are one.
type Way<'r> = (GatewayIx, &'r Wants);

/// Works out cuts, and keeps what several targets have in common.
struct Cutter<'r, 'p> {
    reach: &'r Reach<'p>,
    families: Families,
    /// What takes each node down.
    nodes: Vec<Cuts>,
    program: Cuts,
    /// What takes the program's own listener down.
    listener: Cuts,
    gateways: Vec<Cuts>,
    ways: BTreeMap<Way<'r>, Cuts>,
    /// Of those ways together.
    known: BTreeMap<Vec<Way<'r>>, Cuts>,
}

impl Reach<'_> {
    /// Every target with the sets of losses that silence it, each of that many at most: 1 to [`SIZE_MAX`](super::cuts::SIZE_MAX).
    pub fn cuts(&self, when: When, size_max: usize) -> Vec<(Target, Cuts)> {
        let mut cutter = Cutter::of(self, when, size_max);
        Target::all(self).into_iter().map(|target| (target.clone(), cutter.cuts(&target))).collect()
    }
}

impl<'r, 'p> Cutter<'r, 'p> {
    fn of(reach: &'r Reach<'p>, when: When, size_max: usize) -> Self {
        let mut families = Families::new(reach.net.count(), size_max);
        let nodes = families.of_nodes(&reach.net, when);
        let program = families.of_needs(&reach.serve, &nodes);
        let gateways: Vec<Cuts> = reach.gateways.iter().map(|wants| families.of_needs(wants, &nodes)).collect();
        let own = pages(reach, Page::Own);
        let mut listener = program.clone();
        if !own.is_empty() {
            let all = families.all_of(&own.iter().map(|g| &gateways[g.ix()]).collect::<Vec<_>>());
            listener = families.or(listener, &all);
        }
        let (ways, known) = (BTreeMap::new(), BTreeMap::new());
        Self { reach, families, nodes, program, listener, gateways, ways, known }
    }

    fn cuts(&mut self, target: &Target) -> Cuts {
        let plan = self.reach.plan;
        match target {
            Target::Silent => {
                let all = (0..).map(FunctionIx).take(plan.functions.len());
                let ways = all.flat_map(|f| self.reach.ways(f)).collect();
                self.all_of(ways)
            }
            Target::PublicPage => self.page(),
            Target::Approval(id) => self.approval(id, HOURS[0]),
            Target::ApprovalNight(id) => self.approval(id, HOURS[1]),
            Target::Playbook(id) => self.playbook(id),
            Target::Function(f) => self.all_of(self.reach.ways(*f).collect()),
            Target::FunctionNight(f) => self.all_of(self.reach.ways(self.reach.holder(*f, false)).collect()),
        }
    }

    fn way(&self, (p, g): (PointIx, GatewayIx)) -> Way<'r> {
        (g, &self.reach.points[p.ix()])
    }

    fn of_way(&mut self, (g, point): Way<'r>) -> Cuts {
        if let Some(known) = self.ways.get(&(g, point)) {
            return known.clone();
        }
        let point_down = self.families.of_needs(point, &self.nodes);
        let cuts = self.families.or(point_down, &self.gateways[g.ix()]);
        let cuts = self.families.or(cuts, &self.program);
        self.ways.insert((g, point), cuts.clone());
        cuts
    }

    /// Down when all of these ways are.
    fn all_of(&mut self, ways: Vec<(PointIx, GatewayIx)>) -> Cuts {
        let ways: BTreeSet<Way<'r>> = ways.into_iter().map(|way| self.way(way)).collect();
        let ways: Vec<Way<'r>> = ways.into_iter().collect();
        if let Some(known) = self.known.get(&ways) {
            return known.clone();
        }
        let each: Vec<Cuts> = ways.iter().map(|way| self.of_way(*way)).collect();
        let cuts = self.families.all_of(&each.iter().collect::<Vec<_>>());
        self.known.insert(ways, cuts.clone());
        cuts
    }

    fn page(&mut self) -> Cuts {
        let own = pages(self.reach, Page::Own);
        let mut each = Vec::new();
        for g in own {
            each.push(self.families.or(self.gateways[g.ix()].clone(), &self.program));
        }
        // What a mirror shows stays when the program is gone.
        each.extend(pages(self.reach, Page::Mirror).into_iter().map(|g| self.gateways[g.ix()].clone()));
        self.families.all_of(&each.iter().collect::<Vec<_>>())
    }

    fn approval(&mut self, id: &PlaybookId, is_day: bool) -> Cuts {
        let mut worst = Cuts::never();
        for by in self.reach.plan.playbooks.get(id).map(approvers).unwrap_or_default() {
            let chain = self.reach.chain(by, is_day);
            let ways: BTreeSet<Way<'r>> =
                chain.iter().flat_map(|f| self.reach.ways(*f)).map(|way| self.way(way)).collect();
            let mut each = Vec::new();
            for way in ways {
                let down = self.of_way(way);
                if self.reach.takes_codes(way.0) {
                    each.push(down);
                } else if self.reach.carries_links(way.0) {
                    each.push(self.families.or(down, &self.listener));
                }
            }
            let nobody = self.families.all_of(&each.iter().collect::<Vec<_>>());
            worst = self.families.or(worst, &nobody);
        }
        worst
    }

    fn playbook(&mut self, id: &PlaybookId) -> Cuts {
        let plan = self.reach.plan;
        let mut ways = Vec::new();
        for row in plan.playbooks.get(id).into_iter().flat_map(|b| &b.levels).flat_map(|l| &l.notify) {
            let To::Functions(to) = &row.to else { continue };
            let over = |channel: Channel| row.channels.contains(&channel);
            let of_row = to.iter().flat_map(|f| self.reach.ways(*f)).filter(|(p, _)| over(plan.point(*p).channel));
            ways.extend(of_row);
        }
        self.all_of(ways)
    }
}

fn pages(reach: &Reach<'_>, kind: Page) -> Vec<GatewayIx> {
    let gateways = (0..).map(GatewayIx).zip(&reach.plan.gateways);
    gateways.filter(|(_, g)| reach.around.pages.get(&g.id) == Some(&kind)).map(|(ix, _)| ix).collect()
}
