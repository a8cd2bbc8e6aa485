//! The state as a checkpoint holds it. Plans stand in it by their hashes, and private values as they came from the journal:
//! as commitments. Whoever reads it back gives both again.
//!
//! Must not: know where it is kept, or what a commitment is of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ask_list::{Ask, AskList};
use super::state::{EntryState, Incident, ProposalState, State};
use super::steps::{Step, StepState};
use crate::domain::plan::Plan;
use crate::domain::private::Private;

/// A plan by its hash: `#[serde(with = "by_hash")]`. What is read back is a plan with that hash and nothing else, until
/// [`State::with_plans`] puts the true one in its place.
pub(super) mod by_hash {
    use super::{Arc, Deserialize, Deserializer, Plan, Serializer};

    /// Writes its hash.
    pub fn serialize<S: Serializer>(plan: &Plan, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&plan.hash)
    }

    /// A plan that is nothing but its hash.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<Plan>, D::Error> {
        Ok(Arc::new(Plan { hash: String::deserialize(d)?, ..Plan::default() }))
    }
}

impl Serialize for AskList {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self)
    }
}
impl<'de> Deserialize<'de> for AskList {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::<Ask>::deserialize(d).map(AskList::from)
    }
}

/// A plan that a saved state names, and that is not at hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoPlan(pub String);
impl std::fmt::Display for NoPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it names plan {}, which is not stored", self.0)
    }
}
impl std::error::Error for NoPlan {}

impl State {
    /// The plans that something in memory goes by: that of new incidents, and those of incidents.
    pub fn plans_in_use(&self) -> BTreeSet<&str> {
        self.incidents.values().map(|i| i.plan.hash.as_str()).chain([self.plan.hash.as_str()]).collect()
    }

    /// A state that was read back, with its plans.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn with_plans(mut self, plans: BTreeMap<String, Arc<Plan>>) -> Result<Self, NoPlan> {
        let find = |hash: &str| plans.get(hash).cloned().ok_or_else(|| NoPlan(hash.to_owned()));
        self.plan = find(&self.plan.hash)?;
        for inc in self.incidents.values_mut() {
            inc.plan = find(&inc.plan.hash)?;
            if !inc.plan.playbooks.contains_key(&inc.playbook) {
                return Err(NoPlan(inc.plan.hash.clone()));
            }
        }
        self.plans = plans;
        Ok(self)
    }

    /// Gives every private value in memory to `change`, in a fixed order.
    ///
    /// # Errors
    /// What `change` says.
    pub fn change_private<E>(&mut self, change: &mut impl FnMut(&mut Private) -> Result<(), E>) -> Result<(), E> {
        keys(&mut self.pending, change)?;
        self.system_notes.iter_mut().try_for_each(|n| change(&mut n.text))?;
        self.tests.iter_mut().try_for_each(|t| change(&mut t.code))?;
        self.started.iter_mut().try_for_each(|s| change(&mut s.code))?;
        self.after.values_mut().try_for_each(|a| a.change_private(change))?;
        self.incidents.values_mut().try_for_each(|inc| inc.change_private(change))
    }
}

impl Incident {
    fn change_private<E>(&mut self, change: &mut impl FnMut(&mut Private) -> Result<(), E>) -> Result<(), E> {
        for entry in &mut self.entries {
            if let EntryState::Waiting(approval) = &mut entry.state {
                change(&mut approval.code)?;
            }
        }
        for proposal in &mut self.proposals {
            change(&mut proposal.code)?;
            if let ProposalState::Declined { reason, .. } = &mut proposal.state {
                change(reason)?;
            }
        }
        self.notes.iter_mut().try_for_each(|n| change(&mut n.text))?;
        self.rejections.iter_mut().try_for_each(|r| change(&mut r.reason))?;
        [&mut self.reported_by, &mut self.news_by].into_iter().flatten().try_for_each(|who| change(&mut who.0))?;
        for Step { new, spent, state, .. } in &mut self.steps {
            change(&mut new.code)?;
            spent.iter_mut().try_for_each(&mut *change)?;
            if let StepState::Ended { words, .. } = state {
                change(words)?;
            }
        }
        keys(&mut self.own_codes, change)?;
        keys(&mut self.codes, change)
    }
}

/// Private values that are keys.
fn keys<V, E>(map: &mut BTreeMap<Private, V>, change: &mut impl FnMut(&mut Private) -> Result<(), E>) -> Result<(), E> {
    let changed = std::mem::take(map).into_iter().map(|(mut key, value)| change(&mut key).map(|()| (key, value)));
    *map = changed.collect::<Result<_, E>>()?;
    Ok(())
}
