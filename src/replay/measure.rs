//! Our answers to the questions that history is asked: when the first key function, the owners, the wards and the public were told, when a
//! mode stood, how soon "running again" was told; and over what, although what was down.

use super::Region;
use super::judge::is_for;
use super::run::Run;
use super::scenario::{Question, Scenario, What};
use super::seen::{Got, Item};
use crate::domain::ids::FunctionIx;
use crate::domain::incident::values::Kind;
use crate::domain::ladder::ModeIx;
use crate::domain::plan::{Audience, Channel};
use crate::domain::time::At;

/// Our answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// After the beginning; of "running again", after it ran again.
    pub after_ms: Option<i64>,
    /// Over what.
    pub over: Vec<Channel>,
    /// What was down then.
    pub down: Vec<String>,
}

/// Our answer to one.
pub fn answer(question: Question, scenario: &Scenario, region: Region<'_>, run: &Run) -> Answer {
    let m = Measure { scenario, region, run };
    match question {
        Question::FirstKeyFunction => m.first(),
        Question::Owners => m.all(&scenario.owners, scenario.from, |_| true),
        Question::Wards => m.all(&scenario.wards, scenario.from, |_| true),
        Question::Public => m.public(),
        Question::Mode => m.mode(),
        Question::Restored => m.restored(),
    }
}

/// When a function first had a text.
pub fn first_told(f: FunctionIx, region: Region<'_>, run: &Run) -> Option<At> {
    let text = |g: &&Got| matches!(g.what, Item::Message { .. }) && is_for(region, g, f);
    run.seen.got.iter().filter(text).filter_map(|g| g.arrived).min()
}

struct Measure<'m> {
    scenario: &'m Scenario,
    region: Region<'m>,
    run: &'m Run,
}

impl Measure<'_> {
    fn at(&self, at: At, from: At, over: Vec<Channel>) -> Answer {
        Answer { after_ms: Some(at.0 - from.0), over, down: self.run.seen.down_at(at).to_vec() }
    }

    fn first(&self) -> Answer {
        let text = |g: &&Got| {
            let inside = matches!(g.what, Item::Message { audience: Audience::Internal, .. });
            inside && g.arrived.is_some()
        };
        let first = self.run.seen.got.iter().filter(text).min_by_key(|g| g.arrived);
        match first.and_then(|g| Some((g.arrived?, g.channel))) {
            Some((at, channel)) => self.at(at, self.scenario.from, vec![channel]),
            None => Answer::default(),
        }
    }

    /// When the last of them had one.
    fn all(&self, who: &[FunctionIx], from: At, which: impl Fn(&Got) -> bool) -> Answer {
        let (mut last, mut over) = (from, Vec::new());
        for f in who {
            let own = |g: &&Got| matches!(g.what, Item::Message { .. }) && which(g) && is_for(self.region, g, *f);
            let first = self.run.seen.got.iter().filter(own).filter(|g| g.arrived.is_some()).min_by_key(|g| g.arrived);
            let Some((at, channel)) = first.and_then(|g| Some((g.arrived?, g.channel))) else {
                return Answer::default();
            };
            last = last.max(at);
            if !over.contains(&channel) {
                over.push(channel);
            }
        }
        over.sort_unstable();
        if who.is_empty() { Answer::default() } else { self.at(last, from, over) }
    }

    fn public(&self) -> Answer {
        match self.run.seen.page.first() {
            Some((at, ..)) => self.at(*at, self.scenario.from, vec![Channel::Web]),
            None => Answer::default(),
        }
    }

    fn mode(&self) -> Answer {
        match self.run.seen.modes.iter().find(|(.., mode)| *mode > ModeIx::NORMAL) {
            Some((at, ..)) => self.at(*at, self.scenario.from, Vec::new()),
            None => Answer::default(),
        }
    }

    fn restored(&self) -> Answer {
        let is = |i: &usize| matches!(self.scenario.happens.get(*i).map(|h| &h.what), Some(What::Restored(_)));
        let Some((at, _)) = self.run.seen.done.iter().find(|(_, i)| is(i)) else { return Answer::default() };
        let at = *at;
        let who = if self.scenario.wards.is_empty() { &self.scenario.owners } else { &self.scenario.wards };
        self.all(who, at, |g| matches!(g.what, Item::Message { kind: Kind::Restored, .. }) && g.planned >= at)
    }
}
