//! What `vardkase reach --json` prints: what is left without some of it, or the smallest sets of losses that silence somebody.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, InfraId, PlaybookId, SystemId};
use crate::domain::plan::{Channel, Plan, Then};
use crate::domain::reach::cuts::{Cuts, SIZE_MAX};
use crate::domain::reach::left::{Asked, Left, Loss, Over, Reach, unanswered};
use crate::domain::reach::net::When;
use crate::domain::reach::targets::Target;

/// Either, by what was asked.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum ReachAnswer {
    /// `vardkase reach --without NAMES`.
    Without(Box<ReachWithout>),
    /// `vardkase reach --cuts`.
    Cuts(ReachCuts),
}

/// What is left without some of it.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct ReachWithout {
    /// What is lost, by its own names.
    pub without: Vec<String>,
    /// Just after the loss.
    pub at_once: LeftThen,
    /// When all batteries are empty.
    pub after_batteries: LeftThen,
    /// What falls between, in the order of time.
    pub falls: Vec<FallsAfter>,
    /// Gateways that count as standing because nothing says what they hang on.
    pub assumed: Vec<GatewayId>,
}

/// Infrastructure that falls at one moment.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct FallsAfter {
    /// Seconds after the loss.
    pub after_s: u64,
    /// What falls then.
    pub nodes: Vec<InfraId>,
}

/// What is left at one moment.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct LeftThen {
    /// Infrastructure that does not stand, what was lost among it.
    pub nodes_down: Vec<InfraId>,
    /// IT systems that do not work.
    pub systems_down: Vec<SystemId>,
    /// Gateways that stand and work by themselves.
    pub gateways_up: Vec<GatewayId>,
    /// Gateways that people walk and that stand: nobody counts as reached by them.
    pub manual_up: Vec<GatewayId>,
    /// The program itself runs.
    pub program: bool,
    /// Somebody can report at its console.
    pub console: bool,
    /// The public page stands.
    pub public_page: bool,
    /// Every function by day, by its own duty points.
    pub functions_day: BTreeMap<FunctionId, ReachedOver>,
    /// Functions that nothing reaches by day.
    pub unreachable_day: Vec<FunctionId>,
    /// Every function by night, by the duty points of whoever holds it then.
    pub functions_night: BTreeMap<FunctionId, ReachedOver>,
    /// Functions that nothing reaches by night.
    pub unreachable_night: Vec<FunctionId>,
    /// By day, of each playbook that asks for an approval; the worst, where it asks several.
    pub approval: BTreeMap<PlaybookId, Answerable>,
    /// The same by night.
    pub approval_night: BTreeMap<PlaybookId, Answerable>,
    /// By day, of each playbook that proposes a staff mode: whoever decides on it.
    pub decision: BTreeMap<PlaybookId, Answerable>,
    /// The same by night.
    pub decision_night: BTreeMap<PlaybookId, Answerable>,
    /// Texts that would not arrive, and at whom.
    pub not_arriving: Vec<NotArriving>,
}

/// How a function is reached.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct ReachedOver {
    /// The channels, in the order of the alphabet; none: it is not.
    pub over: Vec<Channel>,
    /// Whoever holds it or one of the deputies is reached.
    pub or_deputy: bool,
}

/// Whether a question reaches somebody who may answer it.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct Answerable {
    /// Somebody who is asked in turn is reached.
    pub told: bool,
    /// Somebody of them can answer, by a code or by a link.
    pub can_answer: bool,
    /// Of an approval that nobody can give: whether the text goes out, or some of it is held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
}

/// A text that would not arrive everywhere.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct NotArriving {
    /// Whose text.
    pub playbook: PlaybookId,
    /// The level that its row stands under.
    pub level: String,
    /// The row's place there, from 1.
    pub row: u32,
    /// The functions of the row that none of its channels reaches.
    pub functions: Vec<FunctionId>,
}

/// The smallest sets of losses, each as the names of infrastructure in the order of the alphabet; the smallest first. Targets are
/// `function:ID` (by day), `function-night:ID`, `public-page`, `approval:ID`, `approval-night:ID`, `playbook:ID` and `silent`.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Debug)]
pub struct ReachCuts {
    /// The most losses of a set.
    pub size_max: usize,
    /// What silences each target just after the loss.
    pub cuts_at_once: BTreeMap<String, Vec<Vec<InfraId>>>,
    /// What silences it when all batteries are empty.
    pub cuts_after_batteries: BTreeMap<String, Vec<Vec<InfraId>>>,
    /// Targets that can't be reached though nothing is lost: they stand in neither list.
    pub never: Vec<String>,
    /// Targets of which not all sets of three are told: there are too many.
    pub more: Vec<String>,
}

impl ReachWithout {
    pub fn of(plan: &Plan, reach: &Reach<'_>, loss: &Loss) -> Self {
        let left = reach.without(loss);
        Self {
            without: loss.names(),
            at_once: LeftThen::of(plan, &left.at_once),
            after_batteries: LeftThen::of(plan, &left.after_batteries),
            falls: left.falls.into_iter().map(|(after_s, nodes)| FallsAfter { after_s, nodes }).collect(),
            assumed: sorted(reach.assumed().into_iter().cloned()),
        }
    }
}

impl LeftThen {
    fn of(plan: &Plan, left: &Left) -> Self {
        let all = |over: &[Over]| -> BTreeMap<FunctionId, ReachedOver> {
            plan.functions.iter().zip(over).map(|(f, over)| (f.id.clone(), ReachedOver::of(over))).collect()
        };
        let unreached = |over: &[Over]| {
            let none = plan.functions.iter().zip(over).filter(|(_, over)| over.channels.is_empty());
            sorted(none.map(|(f, _)| f.id.clone()))
        };
        let asked = |all: &BTreeMap<PlaybookId, [Asked; 2]>, at: usize, approval: bool| {
            let then = |id: &PlaybookId, asked: &Asked| {
                let book = plan.playbooks.get(id).filter(|_| approval && !asked.can_answer);
                book.map(unanswered)
            };
            let one = |(id, asked): (&PlaybookId, &[Asked; 2])| {
                let Asked { told, can_answer } = asked[at];
                (id.clone(), Answerable { told, can_answer, then: then(id, &asked[at]) })
            };
            all.iter().map(one).collect::<BTreeMap<_, _>>()
        };
        let name = |f: &FunctionIx| plan.function(*f).id.clone();
        Self {
            nodes_down: left.nodes_down.clone(),
            systems_down: left.systems_down.clone(),
            gateways_up: left.gateways_up.clone(),
            manual_up: left.manual_up.clone(),
            program: left.program,
            console: left.console,
            public_page: left.public_page,
            functions_day: all(&left.day),
            unreachable_day: unreached(&left.day),
            functions_night: all(&left.night),
            unreachable_night: unreached(&left.night),
            approval: asked(&left.approvals, 0, true),
            approval_night: asked(&left.approvals, 1, true),
            decision: asked(&left.decisions, 0, false),
            decision_night: asked(&left.decisions, 1, false),
            not_arriving: left
                .missed
                .iter()
                .map(|m| NotArriving {
                    playbook: m.playbook.clone(),
                    level: plan.ladders.level_at(m.row.level).map(|l| l.id.clone()).unwrap_or_default(),
                    row: u32::from(m.row.row) + 1,
                    functions: sorted(m.functions.iter().map(name)),
                })
                .collect(),
        }
    }
}

impl ReachedOver {
    fn of(over: &Over) -> Self {
        let mut channels: Vec<Channel> = over.channels.iter().copied().collect();
        channels.sort_by_key(|c| c.as_str());
        Self { over: channels, or_deputy: over.or_deputy }
    }
}

impl ReachCuts {
    pub fn of(plan: &Plan, reach: &Reach<'_>) -> Self {
        let mut all = Self {
            size_max: SIZE_MAX,
            cuts_at_once: BTreeMap::new(),
            cuts_after_batteries: BTreeMap::new(),
            never: Vec::new(),
            more: Vec::new(),
        };
        for when in [When::AtOnce, When::AfterBatteries] {
            for (target, cuts) in reach.cuts(when, SIZE_MAX) {
                all.put(plan, reach, when, &target, &cuts);
            }
        }
        all
    }

    fn put(&mut self, plan: &Plan, reach: &Reach<'_>, when: When, target: &Target, cuts: &Cuts) {
        let name = target.name(plan);
        let told = |list: &mut Vec<String>| {
            if !list.contains(&name) {
                list.push(name.clone());
            }
        };
        if cuts.always {
            return told(&mut self.never);
        }
        if cuts.more {
            told(&mut self.more);
        }
        let mut sets: Vec<Vec<InfraId>> = cuts.sets().map(|set| reach.sorted(set)).collect();
        sets.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        let into = match when {
            When::AtOnce => &mut self.cuts_at_once,
            When::AfterBatteries => &mut self.cuts_after_batteries,
        };
        into.insert(name, sets);
    }
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all
}
