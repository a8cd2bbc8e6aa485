//! What is left of a whole plan without some of it: which gateways stand, who is reached over what by day and by night, who can approve
//! and decide, whether the public page stands, which texts would not arrive; at once, and when all batteries are empty.
//!
//! Each answer is about ways that work by themselves: what people walk is listed apart, and nobody counts as reached by it.

use std::collections::{BTreeMap, BTreeSet};

use super::net::{Net, NodeIx, Nodes, Wants, When, met};
use super::{Down, net_of, systems_down, wants};
use crate::domain::holder::{deputies_when, holder_when};
use crate::domain::ids::{FunctionIx, GatewayId, GatewayIx, InfraId, PlaybookId, PointIx, SystemId};
use crate::domain::plan::{ApprovalRule, Channel, Needs, Plan, Playbook, RowId, Then, To};

/// Where a page stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// This program's own listener shows it to the public, and takes answers by link.
    Own,
    /// Another server shows it. It takes no answers.
    Mirror,
}

/// What no incident depends on, and is no part of the plan.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Around {
    /// What the program itself hangs on; empty: that is not told, and it stands.
    pub serve: Needs,
    /// What the console and its API are reached over.
    pub console: Needs,
    /// The gateways that are public pages.
    pub pages: BTreeMap<GatewayId, Page>,
}

/// What is lost.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Loss {
    pub infra: BTreeSet<InfraId>,
    pub gateways: BTreeSet<GatewayId>,
    /// No way hangs on a system: only other systems do.
    pub systems: BTreeSet<SystemId>,
}

/// A name that is nothing which could be lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    pub name: String,
    /// All names that there are.
    pub known: Vec<String>,
}

impl Loss {
    /// What people call it: infrastructure, a gateway, a system or one of its aliases.
    ///
    /// # Errors
    /// The first name that is none of them.
    pub fn named(plan: &Plan, names: &[String]) -> Result<Self, Unknown> {
        let mut loss = Self::default();
        for name in names.iter().map(|n| n.trim()) {
            let is = |other: &str| other.to_lowercase() == name.to_lowercase();
            let system = || {
                let by_id = plan.systems.iter().find(|s| is(s.id.as_str()));
                by_id.or_else(|| plan.systems.iter().find(|s| s.aliases.iter().any(|a| is(a))))
            };
            if let Some(infra) = plan.infra.iter().find(|x| is(x.id.as_str())) {
                loss.infra.insert(infra.id.clone());
            } else if let Some(gateway) = plan.gateways.iter().find(|g| is(g.id.as_str())) {
                loss.gateways.insert(gateway.id.clone());
            } else if let Some(system) = system() {
                loss.systems.insert(system.id.clone());
            } else {
                let mut known: Vec<String> = plan.infra.iter().map(|x| x.id.to_string()).collect();
                known.extend(plan.gateways.iter().map(|g| g.id.to_string()));
                known.extend(plan.systems.iter().map(|s| s.id.to_string()));
                known.extend(plan.systems.iter().flat_map(|s| s.aliases.iter().cloned()));
                return Err(Unknown { name: name.to_owned(), known });
            }
        }
        Ok(loss)
    }

    /// The names of all of it, in the order of the alphabet.
    pub fn names(&self) -> Vec<String> {
        let infra = self.infra.iter().map(ToString::to_string);
        let gateways = self.gateways.iter().map(ToString::to_string);
        let mut all: Vec<String> = infra.chain(gateways).chain(self.systems.iter().map(ToString::to_string)).collect();
        all.sort();
        all
    }
}

/// Whether a question reaches somebody who may answer it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Somebody who is asked in turn is reached.
    pub told: bool,
    /// Somebody of them can answer: by a code, or by a link.
    pub can_answer: bool,
}

/// A text that would not arrive: a row of a playbook, and whom it misses by day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    pub playbook: PlaybookId,
    pub row: RowId,
    pub functions: Vec<FunctionIx>,
}

/// How a duty is reached.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Over {
    /// The channels; none: it is not.
    pub channels: BTreeSet<Channel>,
    /// Whoever holds it, or one of the deputies, is reached.
    pub or_deputy: bool,
}

/// What is left at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// Infrastructure that does not stand, what was lost among it.
    pub nodes_down: Vec<InfraId>,
    pub systems_down: Vec<SystemId>,
    /// Gateways that work by themselves.
    pub gateways_up: Vec<GatewayId>,
    /// Gateways that people walk.
    pub manual_up: Vec<GatewayId>,
    /// The program runs.
    pub program: bool,
    /// It can be reported to at its console.
    pub console: bool,
    pub public_page: bool,
    /// By day, each by its own points; in the order of the plan.
    pub day: Vec<Over>,
    /// By night, each by the points of whoever holds it then.
    pub night: Vec<Over>,
    /// Of each playbook that asks for an approval, by day and by night. Where it has several, the worst.
    pub approvals: BTreeMap<PlaybookId, [Asked; 2]>,
    /// Of each playbook that proposes a staff mode: whoever decides it.
    pub decisions: BTreeMap<PlaybookId, [Asked; 2]>,
    pub missed: Vec<Missed>,
}

/// What is left at once and later, and what falls between.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhatIsLeft {
    pub at_once: Left,
    pub after_batteries: Left,
    /// Seconds after the loss, and what falls then.
    pub falls: Vec<(u64, Vec<InfraId>)>,
}

/// A plan that can be asked.
pub struct Reach<'p> {
    pub(super) plan: &'p Plan,
    pub(super) around: &'p Around,
    pub(super) net: Net,
    /// By gateway and by duty point.
    pub(super) gateways: Vec<Wants>,
    pub(super) points: Vec<Wants>,
    pub(super) serve: Wants,
    console: Wants,
}

/// Day and night.
pub(super) const HOURS: [bool; 2] = [true, false];

impl<'p> Reach<'p> {
    /// `None`: there is more than [`super::NODES_MAX`].
    pub fn of(plan: &'p Plan, around: &'p Around) -> Option<Self> {
        let (net, places) = net_of(plan)?;
        let wants = |needs: &Needs| wants(&places, needs);
        Some(Self {
            plan,
            around,
            net,
            gateways: plan.gateways.iter().map(|g| wants(&g.needs)).collect(),
            points: plan.points.iter().map(|p| wants(&p.needs)).collect(),
            serve: wants(&around.serve),
            console: wants(&around.console),
        })
    }

    /// What stands as far as anybody knows: nothing says what it hangs on.
    pub fn assumed(&self) -> Vec<&'p GatewayId> {
        let none = |g: &&'p crate::domain::plan::GatewayInfo| g.needs.is_empty() && g.channel != Channel::Manual;
        self.plan.gateways.iter().filter(none).map(|g| &g.id).collect()
    }

    /// What is lost, as nodes.
    fn lost(&self, loss: &Loss) -> Nodes {
        let mut lost = Nodes::none(self.net.count());
        for n in self.net.all().filter(|n| loss.infra.contains(self.name(*n))) {
            lost.put(n);
        }
        lost
    }

    /// The gateways that fall with those at once. It asks no function and no playbook: those of a plan with mistakes may lead nowhere.
    pub fn fallen_gateways(&self, loss: &Loss) -> Vec<GatewayId> {
        let up = self.net.standing(&self.lost(loss), When::AtOnce);
        let program = met(&self.serve, &up);
        let stands = |(g, wants): &(&crate::domain::plan::GatewayInfo, &Wants)| {
            met(wants, &up) && !loss.gateways.contains(&g.id) && (program || g.channel == Channel::Manual)
        };
        let all = self.plan.gateways.iter().zip(&self.gateways);
        all.filter(|g| !stands(g)).map(|(g, _)| g.id.clone()).collect()
    }

    /// What is left without those.
    pub fn without(&self, loss: &Loss) -> WhatIsLeft {
        let lost = self.lost(loss);
        let falls = self.net.falls(&lost).into_iter();
        WhatIsLeft {
            at_once: self.left(loss, &self.net.standing(&lost, When::AtOnce)),
            after_batteries: self.left(loss, &self.net.standing(&lost, When::AfterBatteries)),
            falls: falls.map(|f| (f.after_s, self.sorted(&f.nodes))).collect(),
        }
    }

    pub(super) fn name(&self, n: NodeIx) -> &'p InfraId {
        &self.plan.infra[usize::from(n)].id
    }

    /// The names of nodes, in the order of the alphabet.
    pub fn sorted(&self, nodes: &[NodeIx]) -> Vec<InfraId> {
        let mut names: Vec<InfraId> = nodes.iter().map(|n| self.name(*n).clone()).collect();
        names.sort();
        names
    }

    /// How many steps each infrastructure stands above what needs nothing, in the order of the plan: it stands above all that it needs,
    /// and those of a circle stand side by side.
    pub fn steps(&self) -> Vec<usize> {
        let mut steps = vec![0; self.net.count()];
        for part in self.net.in_order() {
            let below =
                part.iter().flat_map(|n| self.net.node(*n).needs.iter().flatten()).filter(|n| !part.contains(n));
            let step = below.map(|n| steps[usize::from(*n)] + 1).max().unwrap_or(0);
            part.iter().for_each(|n| steps[usize::from(*n)] = step);
        }
        steps
    }

    fn left(&self, loss: &Loss, up: &Nodes) -> Left {
        let plan = self.plan;
        let down: Vec<NodeIx> = self.net.all().filter(|n| !up.has(*n)).collect();
        let nodes_down = self.sorted(&down);
        let program = met(&self.serve, up);
        let stands = |g: usize| met(&self.gateways[g], up) && !loss.gateways.contains(&plan.gateways[g].id);
        let works = |g: usize| program && stands(g);
        let listed = |manual: bool| -> Vec<GatewayId> {
            let of_kind = (0..plan.gateways.len()).filter(|g| (plan.gateways[*g].channel == Channel::Manual) == manual);
            let mut up: Vec<GatewayId> = of_kind
                .filter(|g| if manual { stands(*g) } else { works(*g) })
                .map(|g| plan.gateways[g].id.clone())
                .collect();
            up.sort();
            up
        };
        let page = |g: usize| self.around.pages.get(&plan.gateways[g].id).copied();
        let gateways = || 0..plan.gateways.len();
        let own = |g: &usize| page(*g) == Some(Page::Own);
        let moment = Moment {
            reach: self,
            up,
            works: gateways().map(works).collect(),
            // Without a page of its own, the listener stands where the program does.
            listener: program && (!gateways().any(|g| own(&g)) || gateways().filter(own).any(stands)),
        };
        let of_hours = |f: FunctionIx, is_day: bool| moment.over(f, is_day);
        let functions = || (0..).map(FunctionIx).take(plan.functions.len());
        let systems = Down { infra: nodes_down.iter().cloned().collect(), systems: BTreeSet::new() };
        let named: Vec<SystemId> = loss.systems.iter().cloned().collect();
        Left {
            systems_down: systems_down(plan, &systems, &named).into_iter().collect(),
            nodes_down,
            gateways_up: listed(false),
            manual_up: listed(true),
            program,
            console: program && met(&self.console, up),
            public_page: gateways().any(|g| match page(g) {
                Some(Page::Own) => works(g),
                Some(Page::Mirror) => stands(g),
                None => false,
            }),
            day: functions().map(|f| of_hours(f, true)).collect(),
            night: functions().map(|f| of_hours(f, false)).collect(),
            approvals: moment.asked(approvers),
            decisions: moment.asked(deciders),
            missed: moment.missed(),
        }
    }

    /// Whoever holds a duty by day or by night.
    pub(super) fn holder(&self, f: FunctionIx, is_day: bool) -> FunctionIx {
        holder_when(self.plan, f, is_day).unwrap_or_else(|circle| circle.last)
    }

    /// Who is asked in turn: the holder, the deputies, the last resort.
    pub(super) fn chain(&self, by: FunctionIx, is_day: bool) -> BTreeSet<FunctionIx> {
        let last = self.plan.region.last_resort.iter().map(|l| self.holder(*l, is_day));
        let deputies = deputies_when(self.plan, by, is_day).into_iter();
        [self.holder(by, is_day)].into_iter().chain(deputies).chain(last).collect()
    }

    /// Every way to a duty that works by itself: a point, and a gateway that can reach it.
    pub(super) fn ways(&self, f: FunctionIx) -> impl Iterator<Item = (PointIx, GatewayIx)> + use<'p> {
        let plan = self.plan;
        let points = plan.function(f).points.iter().filter(|p| plan.point(**p).channel != Channel::Manual);
        points.flat_map(move |p| plan.point(*p).gateways.iter().map(|g| (*p, *g)))
    }

    /// An answer comes back over it by a code.
    pub(super) fn takes_codes(&self, g: GatewayIx) -> bool {
        self.plan.gateway(g).answers
    }

    /// A link is sent over it.
    pub(super) fn carries_links(&self, g: GatewayIx) -> bool {
        matches!(self.plan.gateway(g).channel, Channel::Sms | Channel::Email)
    }
}

/// Who must approve, of each entry of a playbook that asks for it.
pub fn approvers(book: &Playbook) -> Vec<FunctionIx> {
    let rows = book.levels.iter().flat_map(|l| &l.notify);
    let all: BTreeSet<FunctionIx> = rows.filter_map(|r| r.approval.as_ref()).map(|a| a.by).collect();
    all.into_iter().collect()
}

/// Who decides on a staff mode that the playbook proposes.
pub fn deciders(book: &Playbook) -> Vec<FunctionIx> {
    let all: BTreeSet<FunctionIx> = book.levels.iter().flat_map(|l| &l.propose).map(|p| p.decides).collect();
    all.into_iter().collect()
}

/// What becomes of a text when nobody answers: it goes out, or some of it is held back.
pub fn unanswered(book: &Playbook) -> Then {
    let rows = book.levels.iter().flat_map(|l| &l.notify);
    let ends = |a: &ApprovalRule| match a.then {
        Then::Escalate => a.finally,
        then => then,
    };
    let held = rows.filter_map(|r| r.approval.as_ref()).any(|a| ends(a) == Then::Hold);
    if held { Then::Hold } else { Then::Release }
}

/// One moment.
struct Moment<'r, 'p> {
    reach: &'r Reach<'p>,
    up: &'r Nodes,
    /// By gateway.
    works: Vec<bool>,
    listener: bool,
}

impl Moment<'_, '_> {
    fn stands(&self, (p, g): (PointIx, GatewayIx)) -> bool {
        self.works[g.ix()] && met(&self.reach.points[p.ix()], self.up)
    }

    /// Over what its own points are reached.
    fn channels(&self, f: FunctionIx) -> BTreeSet<Channel> {
        let standing = self.reach.ways(f).filter(|way| self.stands(*way));
        standing.map(|(p, _)| self.reach.plan.point(p).channel).collect()
    }

    fn over(&self, f: FunctionIx, is_day: bool) -> Over {
        // By day its own points, also of one that is held by another then.
        let holder = if is_day { f } else { self.reach.holder(f, false) };
        let channels = self.channels(holder);
        let deputies = || deputies_when(self.reach.plan, f, is_day);
        let or_deputy = !channels.is_empty() || deputies().iter().any(|d| !self.channels(*d).is_empty());
        Over { channels, or_deputy }
    }

    fn asked(&self, whom: fn(&Playbook) -> Vec<FunctionIx>) -> BTreeMap<PlaybookId, [Asked; 2]> {
        let mut all = BTreeMap::new();
        for (id, book) in &self.reach.plan.playbooks {
            let by = whom(book);
            if by.is_empty() {
                continue;
            }
            let worst = |is_day: bool| {
                let each = by.iter().map(|by| self.asks(*by, is_day));
                each.fold(Asked { told: true, can_answer: true }, |a, b| Asked {
                    told: a.told && b.told,
                    can_answer: a.can_answer && b.can_answer,
                })
            };
            all.insert(id.clone(), HOURS.map(worst));
        }
        all
    }

    fn asks(&self, by: FunctionIx, is_day: bool) -> Asked {
        let chain = self.reach.chain(by, is_day);
        let ways = || chain.iter().flat_map(|f| self.reach.ways(*f)).filter(|way| self.stands(*way));
        let answers =
            |(_, g): (PointIx, GatewayIx)| self.reach.takes_codes(g) || self.listener && self.reach.carries_links(g);
        Asked { told: ways().next().is_some(), can_answer: ways().any(answers) }
    }

    fn missed(&self) -> Vec<Missed> {
        let mut all = Vec::new();
        for (id, book) in &self.reach.plan.playbooks {
            for level in &book.levels {
                for (row, at) in level.notify.iter().zip(0_u16..) {
                    let To::Functions(to) = &row.to else { continue };
                    let misses = |f: &&FunctionIx| self.channels(**f).iter().all(|c| !row.channels.contains(c));
                    let functions: Vec<FunctionIx> = to.iter().filter(misses).copied().collect();
                    if !functions.is_empty() {
                        let row = RowId { level: level.level, row: at };
                        all.push(Missed { playbook: id.clone(), row, functions });
                    }
                }
            }
        }
        all
    }
}
