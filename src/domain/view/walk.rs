//! Whom somebody must walk to or call: the functions of an incident that no text is known to have reached, with the text word for word.

use std::collections::BTreeMap;

use serde::Serialize;

use super::incident::{Best, addressed};
use super::reach::{AlsoKnown, works};
use super::{count, holds};
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks;
use crate::domain::incident::state::State;
use crate::domain::incident::values::Item;
use crate::domain::lang::Lang;
use crate::domain::reach::fallen;
use crate::domain::time::At;

/// Why nobody is known to have it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum WhyWalk {
    /// No gateway could carry it, or all failed: an errand stands.
    NoWay,
    /// It was sent, and nothing shows that it arrived.
    Unknown,
    /// It arrived, and nobody has answered though an answer is asked for.
    NoAnswer,
}

/// A function that somebody goes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StopView {
    /// Its place in the round, from 1: by site, by where there, then by the plan's order.
    pub n: u32,
    pub function: FunctionIx,
    pub why: WhyWalk,
    /// The errand that it stands in.
    pub errand: Option<u32>,
    /// The message.
    pub message: u32,
    /// `14-5`, as it stands in texts.
    pub number: String,
    /// Mark, number, fingerprint and text, as every other channel carries it.
    pub texts: BTreeMap<Lang, String>,
    /// An answer is asked for.
    pub answer: bool,
    /// Every other way was tried, or none works while nothing shows that it arrived: somebody goes now.
    pub given_up: bool,
}

/// What is open at a function.
struct Open {
    why: WhyWalk,
    errand: Option<u32>,
    message: u32,
    answer: bool,
    given_up: bool,
}

/// Where somebody goes in an incident; `None`: there is none of that number.
pub fn walk(state: &State, no: IncidentNo, now: At) -> Option<Vec<StopView>> {
    let inc = state.incidents.get(&no)?;
    let down = fallen(inc, now);
    let also = AlsoKnown::default();
    let cut_off = |f: FunctionIx| {
        let points = inc.plan.points_at(holds(&inc.plan, f, now), now);
        !points.iter().any(|p| works(state, &inc.plan, &down, &also, *p))
    };
    let best = Best::of(inc);
    // What must be walked stands first; of a function that also lacks a newer text, the newer.
    let mut open: BTreeMap<FunctionIx, Open> = BTreeMap::new();
    for errand in inc.errands.iter().filter(|e| e.done.is_none()) {
        for f in &errand.functions {
            let before = open.get(f).map_or(0, |before| before.message);
            if errand.message >= before {
                let (why, id, answer) = (WhyWalk::NoWay, Some(errand.id), inc.ask(*f).is_some());
                open.insert(*f, Open { why, errand: id, message: errand.message, answer, given_up: true });
            }
        }
    }
    for told in addressed(inc) {
        let waits = told.ask.is_some_and(|a| a.state.is_open() || matches!(a.state, AskState::NotReached { .. }));
        let reached = best.of_function(inc, &told);
        let why = match (told.ask.is_some(), waits, reached.delivered) {
            // Answered: it has it.
            (true, false, _) => continue,
            (_, _, false) => WhyWalk::Unknown,
            (true, true, true) => WhyWalk::NoAnswer,
            (false, _, true) => continue,
        };
        let given_up = told.ask.is_some_and(|a| matches!(a.state, AskState::NotReached { .. }))
            || why == WhyWalk::Unknown && cut_off(told.function);
        let (message, answer) = (told.entry.message, told.ask.is_some());
        open.entry(told.function).or_insert(Open { why, errand: None, message, answer, given_up });
    }
    let plan = &inc.plan;
    let mut stops: Vec<_> = open.into_iter().collect();
    let where_to = |f: FunctionIx| (&plan.function(f).site, plan.function(f).place.get(plan.lang()));
    stops.sort_by(|(a, _), (b, _)| where_to(*a).cmp(&where_to(*b)).then(a.cmp(b)));
    let words = |message: u32, lang: Lang| asks::outgoing(inc, Item::Message(message), lang).map(|o| o.whole(None));
    let stop =
        |(n, (function, Open { why, errand, message, answer, given_up })): (usize, (FunctionIx, Open))| StopView {
            n: count(n + 1),
            function,
            why,
            errand,
            message,
            number: inc.number(message).written(&plan.words(plan.function(function).lang).drill_prefix),
            texts: plan.region.languages.iter().filter_map(|l| Some((*l, words(message, *l)?))).collect(),
            answer,
            given_up,
        };
    Some(stops.into_iter().enumerate().map(stop).collect())
}
