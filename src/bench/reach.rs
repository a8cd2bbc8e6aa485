//! What it takes to silence somebody: all smallest sets of losses of a region with so much infrastructure and so many duties.

use super::machine::ms;
use super::{Figure, SEED};
use crate::clock::mono;
use crate::config::{Source, load};
use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, GatewayIx, InfraId, PointIx};
use crate::domain::plan::{Capability, Channel, DutyPoint, Function, GatewayInfo, Hours, Infra, Needs, Plan, To};
use crate::domain::reach::cuts::SIZE_MAX;
use crate::domain::reach::left::{Around, Reach};
use crate::domain::reach::net::When;

/// A number below a bound, by a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// One or two entries of one to three of what stands before `below`, none farther than `back`.
    fn needs(&mut self, below: usize, back: usize) -> Needs {
        let entries = 1 + self.below(2);
        let any =
            |dice: &mut Self| (0..=dice.below(3)).map(|_| infra(below - 1 - dice.below(back.min(below)))).collect();
        (0..entries).map(|_| any(self)).collect()
    }
}

fn infra(n: usize) -> InfraId {
    InfraId::from(format!("n{n}"))
}

fn ix(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A region of that size: a tenth of its infrastructure needs nothing, a tenth has a battery, each tenth piece is a gateway's, and duties
/// have two to five points of which half hang on something of their own.
fn region(shipped: Plan, nodes: usize, duties: usize) -> Plan {
    let mut dice = Dice(SEED);
    let Some(model) = shipped.functions.first().cloned() else { return shipped };
    let mut plan =
        Plan { infra: Vec::new(), gateways: Vec::new(), points: Vec::new(), functions: Vec::new(), ..shipped };
    for n in 0..nodes {
        let rooted = n < nodes / 10 + 1;
        let needs = if rooted { Vec::new() } else { dice.needs(n, nodes / 4 + 1) };
        let holds_s = (dice.below(10) == 0).then_some(600);
        plan.infra.push(Infra { id: infra(n), needs, holds_s });
    }
    let channels = [Channel::Sms, Channel::Email, Channel::Fax, Channel::Paging];
    for g in 0..nodes / 10 + 1 {
        plan.gateways.push(GatewayInfo {
            id: GatewayId::from(format!("g{g}")),
            channel: channels[g % channels.len()],
            capability: Capability::Whole { chars_max: None },
            answers: g % 2 == 0,
            receipts: true,
            needs: dice.needs(nodes, nodes),
        });
    }
    for f in 0..duties {
        let first = plan.points.len();
        for _ in 0..2 + dice.below(4) {
            let g = dice.below(plan.gateways.len());
            let needs = if dice.below(2) == 0 { vec![vec![infra(dice.below(nodes))]] } else { Vec::new() };
            plan.points.push(DutyPoint {
                channel: plan.gateways[g].channel,
                gateways: vec![GatewayIx(ix(g))],
                languages: Vec::new(),
                functions: vec![FunctionIx(ix(f))],
                proven: None,
                needs,
            });
        }
        plan.functions.push(Function {
            id: FunctionId::from(format!("f{f}")),
            hours: if f % 3 == 1 { Hours::Day { covered_by: FunctionIx(0) } } else { Hours::Always },
            deputies: vec![FunctionIx(ix((f + 1) % duties))],
            points: (first..plan.points.len()).map(|p| PointIx(ix(p))).collect(),
            ..model.clone()
        });
    }
    plan.region.last_resort = vec![FunctionIx(0)];
    for book in plan.playbooks.values_mut() {
        for row in book.levels.iter_mut().flat_map(|l| &mut l.notify) {
            if let To::Functions(to) = &mut row.to {
                *to = (0..10).map(|_| FunctionIx(ix(dice.below(duties)))).collect();
            }
            if let Some(approval) = &mut row.approval {
                approval.by = FunctionIx(ix(dice.below(duties)));
            }
        }
    }
    plan.index();
    plan
}

/// All sets of losses of a region with so much infrastructure, at once and after batteries.
///
/// # Errors
/// The shipped region can't be read.
pub fn cuts(nodes: u32, duties: u32) -> Result<Vec<Figure>, String> {
    let shipped = load(&Source::Shipped).map_err(|_| "the shipped region has mistakes".to_owned())?;
    let wanted = |n: u32| usize::try_from(n).unwrap_or(1).max(1);
    let plan = region(shipped.plan, wanted(nodes), wanted(duties));
    let around = Around::default();
    let from = mono();
    let reach = Reach::of(&plan, &around).ok_or_else(|| "too much infrastructure".to_owned())?;
    let found = [When::AtOnce, When::AfterBatteries].map(|when| reach.cuts(when, SIZE_MAX));
    let took = from.elapsed();
    let sets: usize = found.iter().flatten().map(|(_, cuts)| cuts.sets().count()).sum();
    let figure = Figure::new(format!("all sets of losses: {nodes} nodes, {duties} duties"), ms(took), "ms");
    let figure = figure.note(format!("{sets} sets, at once and after batteries"));
    Ok(vec![if nodes <= 200 { figure.gate(2_000.0) } else { figure }])
}
