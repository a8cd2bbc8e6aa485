//! What is left without some of it, against an oracle that shares no code with it: small random regions, every set of losses up to
//! three tried one by one, what stands worked out by going round until nothing changes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vardkase::domain::ids::{FunctionId, FunctionIx, GatewayId, GatewayIx, InfraId, PlaybookId, PointIx};
use vardkase::domain::ladder::LevelIx;
use vardkase::domain::plan::*;
use vardkase::domain::reach::cuts::SIZE_MAX;
use vardkase::domain::reach::left::{Around, Loss, Page, Reach};
use vardkase::domain::reach::net::When;
use vardkase::domain::reach::targets::Target;

type Needs = Vec<Vec<usize>>;

#[derive(Clone, Debug)]
struct Node {
    needs: Needs,
    holds: u32,
}

#[derive(Clone, Debug)]
struct Way {
    needs: Needs,
    channel: usize,
    answers: bool,
}

#[derive(Clone, Debug)]
struct Duty {
    /// Its points: gateways, and needs of its own.
    points: Vec<(usize, Needs)>,
    /// Held by the first duty at night.
    by_day: bool,
    deputies: Vec<usize>,
}

/// A region, as numbers.
#[derive(Clone, Debug)]
struct Small {
    nodes: Vec<Node>,
    ways: Vec<Way>,
    duties: Vec<Duty>,
    serve: Needs,
    /// What the pages hang on; whether it is a mirror.
    pages: Vec<(Needs, bool)>,
    approver: usize,
    last_resort: Vec<usize>,
    /// Whom the rows tell, and over which channels.
    rows: Vec<(Vec<usize>, Vec<usize>)>,
}

const CHANNELS: [Channel; 5] = [Channel::Sms, Channel::Email, Channel::Fax, Channel::Paging, Channel::Manual];
const MANUAL: usize = 4;

fn needs(entries: std::ops::Range<usize>) -> impl Strategy<Value = Needs> {
    prop::collection::vec(prop::collection::vec(0_usize..64, 1..3), entries)
}

fn small() -> impl Strategy<Value = Small> {
    let node =
        (needs(0..3), prop_oneof![Just(0_u32), Just(0), 1_u32..5]).prop_map(|(needs, holds)| Node { needs, holds });
    let way =
        (needs(0..3), 0_usize..5, any::<bool>()).prop_map(|(needs, channel, answers)| Way { needs, channel, answers });
    let duty = (
        prop::collection::vec((0_usize..64, needs(0..2)), 0..4),
        any::<bool>(),
        prop::collection::vec(0_usize..64, 0..3),
    );
    let duty = duty.prop_map(|(points, by_day, deputies)| Duty { points, by_day, deputies });
    let rows = prop::collection::vec(
        (prop::collection::vec(0_usize..64, 1..3), prop::collection::vec(0_usize..5, 1..3)),
        1..3,
    );
    let all = (
        prop::collection::vec(node, 1..8),
        prop::collection::vec(way, 1..5),
        prop::collection::vec(duty, 1..5),
        needs(0..2),
        prop::collection::vec((needs(0..3), any::<bool>()), 0..3),
        0_usize..64,
        prop::collection::vec(0_usize..64, 0..2),
        rows,
    );
    all.prop_map(|(nodes, ways, duties, serve, pages, approver, last_resort, rows)| {
        let mut it = Small { nodes, ways, duties, serve, pages, approver, last_resort, rows };
        let (nodes, ways, duties) = (it.nodes.len(), it.ways.len(), it.duties.len());
        let fit = |needs: &mut Needs| needs.iter_mut().flatten().for_each(|n| *n %= nodes);
        it.nodes.iter_mut().for_each(|n| fit(&mut n.needs));
        it.ways.iter_mut().for_each(|w| fit(&mut w.needs));
        it.pages.iter_mut().for_each(|(needs, _)| fit(needs));
        fit(&mut it.serve);
        for duty in &mut it.duties {
            duty.points.iter_mut().for_each(|(way, needs)| {
                *way %= ways;
                fit(needs);
            });
            duty.deputies.iter_mut().for_each(|d| *d %= duties);
        }
        it.duties[0].by_day = false;
        it.approver %= duties;
        it.last_resort.iter_mut().for_each(|d| *d %= duties);
        it.rows.iter_mut().for_each(|(to, _)| to.iter_mut().for_each(|d| *d %= duties));
        it
    })
}

fn node(n: usize) -> InfraId {
    InfraId::from(format!("n{n}"))
}

/// The same region as the program has it.
fn plan(of: &Small) -> (Plan, Around) {
    let named = |needs: &Needs| -> vardkase::domain::plan::Needs {
        needs.iter().map(|any| any.iter().map(|n| node(*n)).collect()).collect()
    };
    let mut plan = super::region::plan().plan;
    plan.infra = of
        .nodes
        .iter()
        .enumerate()
        .map(|(i, n)| Infra { id: node(i), needs: named(&n.needs), holds_s: (n.holds > 0).then_some(n.holds) })
        .collect();
    plan.systems.clear();
    let model = plan.functions[0].clone();
    let gateway = |id: String, channel, answers, needs| GatewayInfo {
        id: GatewayId::from(id),
        channel,
        capability: Capability::Whole { chars_max: None },
        answers,
        receipts: true,
        needs,
    };
    plan.gateways = of
        .ways
        .iter()
        .enumerate()
        .map(|(i, w)| gateway(format!("w{i}"), CHANNELS[w.channel], w.answers, named(&w.needs)))
        .collect();
    let mut around = Around { serve: named(&of.serve), ..Around::default() };
    for (i, (needs, mirror)) in of.pages.iter().enumerate() {
        plan.gateways.push(gateway(format!("p{i}"), Channel::Web, false, named(needs)));
        let page = if *mirror { Page::Mirror } else { Page::Own };
        around.pages.insert(GatewayId::from(format!("p{i}")), page);
    }
    let ix = |n: usize| FunctionIx(u32::try_from(n).unwrap());
    (plan.points, plan.functions) = (Vec::new(), Vec::new());
    for (f, duty) in of.duties.iter().enumerate() {
        let points = duty.points.iter().map(|(way, needs)| {
            plan.points.push(DutyPoint {
                channel: CHANNELS[of.ways[*way].channel],
                gateways: vec![GatewayIx(u32::try_from(*way).unwrap())],
                languages: Vec::new(),
                functions: vec![ix(f)],
                proven: None,
                needs: named(needs),
            });
            PointIx(u32::try_from(plan.points.len() - 1).unwrap())
        });
        let function = Function {
            id: FunctionId::from(format!("f{f}")),
            hours: if duty.by_day { Hours::Day { covered_by: ix(0) } } else { Hours::Always },
            deputies: duty.deputies.iter().map(|d| ix(*d)).collect(),
            points: points.collect(),
            ..model.clone()
        };
        plan.functions.push(function);
    }
    plan.region.last_resort = of.last_resort.iter().map(|d| ix(*d)).collect();
    let mut book = plan.playbooks.values().next().unwrap().clone();
    let approval = ApprovalRule { by: ix(of.approver), within_s: 600, then: Then::Escalate, finally: Then::Hold };
    let rows = of.rows.iter().map(|(to, over)| Row {
        to: To::Functions(to.iter().map(|d| ix(*d)).collect()),
        audience: Audience::Internal,
        channels: over.iter().map(|c| CHANNELS[*c]).collect(),
        approval: Some(approval.clone()),
        answer: None,
        answer_within_s: None,
        deputies: None,
        night: NightRule::Page,
        answers: None,
        arrive_within_s: None,
        if_unsafe: false,
    });
    book.levels = vec![LevelPlan { level: LevelIx(0), mode: None, propose: Vec::new(), notify: rows.collect() }];
    book.id = PlaybookId::from("book");
    plan.playbooks = BTreeMap::from([(book.id.clone(), book)]);
    plan.index();
    (plan, around)
}

// What follows is the oracle.

fn fed(needs: &Needs, up: &[bool]) -> bool {
    needs.iter().all(|any| any.iter().any(|n| up[*n]))
}

fn stand(of: &Small, lost: &[usize], charged: &[bool]) -> Vec<bool> {
    let mut up = vec![false; of.nodes.len()];
    for _ in 0..=of.nodes.len() {
        let stands = |n: usize| !lost.contains(&n) && (charged[n] || fed(&of.nodes[n].needs, &up));
        up = (0..of.nodes.len()).map(stands).collect();
    }
    up
}

fn at_once(of: &Small, lost: &[usize]) -> Vec<bool> {
    stand(of, lost, &of.nodes.iter().map(|n| n.holds > 0).collect::<Vec<_>>())
}

fn at_last(of: &Small, lost: &[usize]) -> Vec<bool> {
    stand(of, lost, &vec![false; of.nodes.len()])
}

/// Second by second: what falls when.
fn second_by_second(of: &Small, lost: &[usize]) -> Vec<(u64, Vec<usize>)> {
    let len = of.nodes.len();
    let last = at_last(of, lost);
    let gone = |n: usize| lost.contains(&n) || last[n];
    // Who hangs on whom, over any number of steps, through what neither is lost nor stands for good.
    let mut hangs = vec![vec![false; len]; len];
    for n in (0..len).filter(|n| !gone(*n)) {
        for any in of.nodes[n].needs.iter().filter(|any| any.iter().all(|a| !last[*a])) {
            any.iter().filter(|a| !gone(**a)).for_each(|a| hangs[n][*a] = true);
        }
    }
    for via in 0..len {
        let reaches = |a: usize, b: usize| hangs[a][b] || hangs[a][via] && hangs[via][b];
        hangs = (0..len).map(|a| (0..len).map(|b| reaches(a, b)).collect()).collect();
    }
    let mut left: Vec<u32> = (0..len).map(|n| if gone(n) { 0 } else { of.nodes[n].holds }).collect();
    let charged = |left: &[u32]| left.iter().map(|l| *l > 0).collect::<Vec<_>>();
    let mut up = stand(of, lost, &charged(&left));
    let mut falls = Vec::new();
    for second in 1..=64 {
        let now = charged(&left);
        let before = left.clone();
        for n in (0..len).filter(|n| now[*n]) {
            let mut others = now.clone();
            let circle = |m: usize| m == n && hangs[n][n] || hangs[n][m] && hangs[m][n];
            others.iter_mut().enumerate().filter(|(m, _)| circle(*m)).for_each(|(_, charged)| *charged = false);
            if !fed(&of.nodes[n].needs, &stand(of, lost, &others)) {
                left[n] -= 1;
            }
        }
        let still = stand(of, lost, &charged(&left));
        let fallen: Vec<usize> = (0..len).filter(|n| up[*n] && !still[*n]).collect();
        if !fallen.is_empty() {
            falls.push((second, fallen));
        }
        up = still;
        if before == left {
            break;
        }
    }
    falls
}

struct Seen<'o> {
    of: &'o Small,
    up: Vec<bool>,
}

impl Seen<'_> {
    fn program(&self) -> bool {
        fed(&self.of.serve, &self.up)
    }
    fn over(&self, duty: usize) -> BTreeSet<usize> {
        let points = self.of.duties[duty].points.iter();
        let stands = points.filter(|(way, needs)| {
            let way = &self.of.ways[*way];
            self.program() && way.channel != MANUAL && fed(&way.needs, &self.up) && fed(needs, &self.up)
        });
        stands.map(|(way, _)| self.of.ways[*way].channel).collect()
    }
    fn holder(&self, duty: usize, day: bool) -> usize {
        if !day && self.of.duties[duty].by_day { 0 } else { duty }
    }
    fn chain(&self, by: usize, day: bool) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([by]);
        for _ in 0..self.of.duties.len() {
            // Whoever holds a deputy's duty then has deputies as well.
            // The one that was asked first is not asked again, were it a deputy of its own deputy.
            let deputies = all.iter().flat_map(|d| self.of.duties[*d].deputies.clone());
            let more: Vec<usize> = deputies.filter(|d| *d != by).collect();
            all.extend(more.iter().map(|d| self.holder(*d, day)));
            all.extend(more);
        }
        all.extend(&self.of.last_resort);
        all.into_iter().map(|d| self.holder(d, day)).collect()
    }
    fn page(&self) -> bool {
        self.of.pages.iter().any(|(needs, mirror)| (*mirror || self.program()) && fed(needs, &self.up))
    }
    fn can_answer(&self, day: bool) -> bool {
        let own: Vec<_> = self.of.pages.iter().filter(|(_, mirror)| !mirror).collect();
        let listens = self.program() && (own.is_empty() || own.iter().any(|(needs, _)| fed(needs, &self.up)));
        self.chain(self.of.approver, day).iter().any(|d| {
            self.of.duties[*d].points.iter().any(|(way, needs)| {
                let way = &self.of.ways[*way];
                let link = listens && matches!(CHANNELS[way.channel], Channel::Sms | Channel::Email);
                let stands = self.program() && fed(&way.needs, &self.up) && fed(needs, &self.up);
                stands && way.channel != MANUAL && (way.answers || link)
            })
        })
    }
    fn told(&self, day: bool) -> bool {
        self.chain(self.of.approver, day).iter().any(|d| !self.over(*d).is_empty())
    }
    /// Every target, and whether it is silent.
    fn silent(&self) -> BTreeMap<String, bool> {
        let mut all = BTreeMap::new();
        for d in 0..self.of.duties.len() {
            all.insert(format!("function:f{d}"), self.over(d).is_empty());
            all.insert(format!("function-night:f{d}"), self.over(self.holder(d, false)).is_empty());
        }
        all.insert("silent".into(), (0..self.of.duties.len()).all(|d| self.over(d).is_empty()));
        if !self.of.pages.is_empty() {
            all.insert("public-page".into(), !self.page());
        }
        all.insert("approval:book".into(), !self.can_answer(true));
        all.insert("approval-night:book".into(), !self.can_answer(false));
        let rows = &self.of.rows;
        let reached = rows.iter().any(|(to, over)| to.iter().any(|d| self.over(*d).iter().any(|c| over.contains(c))));
        all.insert("playbook:book".into(), !reached);
        all
    }
}

/// All sets of losses up to three, the smaller first.
fn sets(len: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = (0..1_usize << len)
        .map(|bits| (0..len).filter(|n| bits >> n & 1 == 1).collect::<Vec<_>>())
        .filter(|set: &Vec<usize>| set.len() <= 3)
        .collect();
    all.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    all
}

fn names(nodes: impl IntoIterator<Item = usize>) -> Vec<InfraId> {
    nodes.into_iter().map(node).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_smallest_set_of_losses_is_found_and_no_other(of in small()) {
        let (plan, around) = plan(&of);
        let reach = Reach::of(&plan, &around).unwrap();
        for (when, stands) in [(When::AtOnce, at_once as fn(&Small, &[usize]) -> Vec<bool>), (When::AfterBatteries, at_last)] {
            let mut expected: BTreeMap<String, Vec<Vec<usize>>> = BTreeMap::new();
            for set in sets(of.nodes.len()) {
                let seen = Seen { of: &of, up: stands(&of, &set) };
                for (target, silent) in seen.silent() {
                    let cuts = expected.entry(target).or_default();
                    if silent && !cuts.iter().any(|cut| cut.iter().all(|n| set.contains(n))) {
                        cuts.push(set.clone());
                    }
                }
            }
            let mut found: BTreeMap<String, Vec<Vec<usize>>> = BTreeMap::new();
            for (target, cuts) in reach.cuts(when, SIZE_MAX) {
                let sets = cuts.sets().map(|set| set.iter().map(|n| usize::from(*n)).collect());
                let sets: Vec<Vec<usize>> = if cuts.always { vec![Vec::new()] } else { sets.collect() };
                prop_assert!(!cuts.more);
                found.insert(target.name(&plan), sets);
            }
            prop_assert_eq!(&found, &expected, "{:?}", when);
            // Cut short earlier, the same without the larger.
            for (target, cuts) in reach.cuts(when, 1) {
                let small: Vec<_> = cuts.sets().map(|set| set.iter().map(|n| usize::from(*n)).collect::<Vec<_>>()).collect();
                let mut wanted = expected[&target.name(&plan)].clone();
                wanted.retain(|set| set.len() == 1);
                prop_assert_eq!(small, wanted);
            }
        }
    }

    #[test]
    fn what_is_left_is_what_is_left(of in small(), lost in prop::collection::btree_set(0_usize..8, 0..3)) {
        let lost: Vec<usize> = lost.into_iter().filter(|n| *n < of.nodes.len()).collect();
        let (plan, around) = plan(&of);
        let reach = Reach::of(&plan, &around).unwrap();
        let loss = Loss { infra: names(lost.iter().copied()).into_iter().collect(), ..Loss::default() };
        let left = reach.without(&loss);
        for (told, up) in [(&left.at_once, at_once(&of, &lost)), (&left.after_batteries, at_last(&of, &lost))] {
            let seen = Seen { of: &of, up };
            prop_assert_eq!(&told.nodes_down, &names((0..of.nodes.len()).filter(|n| !seen.up[*n])));
            prop_assert_eq!(told.program, seen.program());
            prop_assert_eq!(told.public_page, seen.page());
            let channels = |over: BTreeSet<usize>| over.into_iter().map(|c| CHANNELS[c]).collect::<BTreeSet<_>>();
            for d in 0..of.duties.len() {
                prop_assert_eq!(&told.day[d].channels, &channels(seen.over(d)));
                prop_assert_eq!(&told.night[d].channels, &channels(seen.over(seen.holder(d, false))));
            }
            for (at, day) in [true, false].into_iter().enumerate() {
                let asked = told.approvals[&PlaybookId::from("book")][at];
                prop_assert_eq!((asked.told, asked.can_answer), (seen.told(day), seen.can_answer(day)));
            }
        }
        let falls: Vec<(u64, Vec<InfraId>)> =
            second_by_second(&of, &lost).into_iter().map(|(s, nodes)| (s, names(nodes))).collect();
        prop_assert_eq!(left.falls, falls);
    }
}

/// A net of names, for what is said in words.
fn falls(nodes: &[(&str, &[&[&str]], u32)], lost: &[&str]) -> (Vec<String>, Vec<(u64, Vec<String>)>, Vec<String>) {
    let infra = |(id, needs, holds): &(&str, &[&[&str]], u32)| Infra {
        id: InfraId::from(*id),
        needs: needs.iter().map(|any| any.iter().map(|n| InfraId::from(*n)).collect()).collect(),
        holds_s: (*holds > 0).then_some(*holds),
    };
    let plan = Plan { infra: nodes.iter().map(infra).collect(), ..Plan::default() };
    let around = Around::default();
    let names: Vec<String> = lost.iter().map(|n| (*n).to_owned()).collect();
    let left = Reach::of(&plan, &around).unwrap().without(&Loss::named(&plan, &names).unwrap());
    let said = |all: Vec<InfraId>| all.into_iter().map(|n| n.to_string()).collect::<Vec<_>>();
    let falls = left.falls.into_iter().map(|(s, nodes)| (s, said(nodes))).collect();
    (said(left.at_once.nodes_down), falls, said(left.after_batteries.nodes_down))
}

fn all(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[test]
fn two_halls_that_feed_each_other_stand_by_the_grid_and_by_nothing_else() {
    let net: &[(&str, &[&[&str]], u32)] =
        &[("grid", &[], 0), ("a", &[&["grid", "b"]], 0), ("b", &[&["a"]], 0), ("c", &[&["d"]], 0), ("d", &[&["c"]], 0)];
    let (down, falls_then, later) = falls(net, &[]);
    assert_eq!(down, all(&["c", "d"]), "a circle with nothing below it never stood");
    assert!(falls_then.is_empty());
    assert_eq!(later, down);
    assert_eq!(falls(net, &["grid"]).0, all(&["a", "b", "c", "d", "grid"]));
    let routing = |nodes: &[(&str, &[&[&str]], u32)], lost: &str| {
        let infra = |(id, needs, _): &(&str, &[&[&str]], u32)| Infra {
            id: InfraId::from(*id),
            needs: needs.iter().map(|any| any.iter().map(|n| InfraId::from(*n)).collect()).collect(),
            holds_s: None,
        };
        let plan = Plan { infra: nodes.iter().map(infra).collect(), ..Plan::default() };
        let down = vardkase::domain::reach::down(&plan, &[], &[InfraId::from(lost)]);
        down.infra.into_iter().map(|i| i.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(routing(&net[..3], "grid"), all(&["a", "b", "grid"]), "an incident counts the same way");
    assert_eq!(routing(&net[..3], "b"), all(&["b"]));
}

#[test]
fn batteries_of_a_chain_add_up_and_those_of_a_circle_do_not() {
    let chain: &[(&str, &[&[&str]], u32)] =
        &[("grid", &[], 0), ("ups", &[&["grid"]], 1620), ("hall", &[&["ups"]], 90), ("net", &[&["hall"]], 0)];
    let (down, then, later) = falls(chain, &["grid"]);
    assert_eq!(down, all(&["grid"]));
    assert_eq!(then, [(1620, all(&["ups"])), (1710, all(&["hall", "net"]))]);
    assert_eq!(later, all(&["grid", "hall", "net", "ups"]));
    // A battery that is lost holds nothing.
    assert_eq!(
        falls(chain, &["ups"]),
        (all(&["ups"]), vec![(90, all(&["hall", "net"]))], all(&["hall", "net", "ups"]))
    );

    let circle: &[(&str, &[&[&str]], u32)] =
        &[("grid", &[], 0), ("a", &[&["grid", "b"]], 60), ("b", &[&["grid", "a"]], 60)];
    assert_eq!(falls(circle, &["grid"]).1, [(60, all(&["a", "b"]))]);
    // The hall with the longer battery feeds the other as long as it holds.
    let halls: &[(&str, &[&[&str]], u32)] = &[
        ("grid", &[], 0),
        ("ups-a", &[&["grid"]], 600),
        ("ups-b", &[&["grid"]], 60),
        ("a", &[&["ups-a", "b"]], 0),
        ("b", &[&["ups-b", "a"]], 0),
    ];
    assert_eq!(falls(halls, &["grid"]).1, [(60, all(&["ups-b"])), (600, all(&["a", "b", "ups-a"]))]);
}

#[test]
fn names_that_can_be_lost_are_infrastructure_gateways_and_systems_by_any_of_their_names() {
    let region = vardkase::config::load(&vardkase::config::Source::Shipped).unwrap();
    let named = |names: &[&str]| Loss::named(&region.plan, &all(names));
    let alias = region.plan.systems.iter().find(|s| !s.aliases.is_empty()).unwrap();
    let loss = named(&["core", "SMS-api", " intra", alias.aliases[0].as_str()]).unwrap();
    assert_eq!(loss.infra.len(), 2);
    assert_eq!(loss.gateways, BTreeSet::from([GatewayId::from("sms-api")]));
    assert_eq!(loss.systems, BTreeSet::from([alias.id.clone()]));
    let unknown = named(&["core", "cores"]).unwrap_err();
    assert_eq!(unknown.name, "cores");
    assert!(unknown.known.iter().any(|k| k == "core"));
    let reach = Reach::of(&region.plan, &region.around).unwrap();
    let left = reach.without(&named(&["sms-api"]).unwrap());
    assert!(!left.at_once.gateways_up.contains(&GatewayId::from("sms-api")));
    assert!(left.at_once.nodes_down.is_empty(), "a gateway takes nothing with it");
}

#[test]
fn the_worst_comes_first_and_says_what_to_add() {
    let of = Small {
        nodes: vec![
            Node { needs: vec![], holds: 0 },
            Node { needs: vec![], holds: 0 },
            Node { needs: vec![vec![0]], holds: 60 },
        ],
        ways: vec![
            Way { needs: vec![vec![1]], channel: 0, answers: true },
            Way { needs: vec![vec![2]], channel: 1, answers: false },
        ],
        duties: vec![
            Duty { points: vec![(0, vec![]), (1, vec![])], by_day: false, deputies: vec![] },
            Duty { points: vec![(0, vec![])], by_day: false, deputies: vec![] },
        ],
        serve: vec![],
        pages: vec![(vec![vec![0]], false)],
        approver: 0,
        last_resort: vec![],
        rows: vec![(vec![0], vec![0, 1])],
    };
    let (plan, around) = plan(&of);
    let reach = Reach::of(&plan, &around).unwrap();
    let cuts = |when| reach.cuts(when, SIZE_MAX);
    let worst = reach.worst_first(&cuts(When::AtOnce), &cuts(When::AfterBatteries));
    let said: Vec<(Vec<String>, Vec<String>, bool)> = worst
        .iter()
        .map(|c| {
            let names = c.nodes.iter().map(|n| n.to_string()).collect();
            (names, c.silences.iter().map(|t| t.name(&plan)).collect(), c.at_once)
        })
        .collect();
    use vardkase::domain::reach::worst::Add;
    assert_eq!(said[0], (all(&["n0"]), all(&["public-page"]), true));
    assert_eq!(worst[0].add, Add::Mirror);
    assert_eq!(said[1], (all(&["n1"]), all(&["function:f1"]), true));
    assert_eq!(worst[1].add, Add::Address(BTreeSet::from([Channel::Email])));
    // Everybody: what follows from it is not said again.
    let silent = said.iter().find(|(names, ..)| names == &all(&["n1", "n2"])).unwrap();
    assert_eq!((&silent.1, silent.2), (&all(&["silent"]), true));
    let rows: Vec<_> = said.iter().filter(|(names, ..)| names == &all(&["n0", "n1"])).collect();
    let [now, later] = rows[..] else { panic!("{rows:?}") };
    assert_eq!((&now.1, now.2), (&all(&["approval:book"]), true), "no link, and no code");
    assert_eq!((&later.1, later.2), (&all(&["silent"]), false), "the battery holds for a while");
    assert!(Target::all(&reach).contains(&Target::PublicPage));
}
