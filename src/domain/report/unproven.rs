//! Addresses of those who were told of which nobody knows that they reach somebody (RULES G8), as it is known when a report is made.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::count;
use super::shown::AfterReport;
use crate::domain::day::Day;
use crate::domain::ids::FunctionId;
use crate::domain::incident::addresses::ProvenBy;
use crate::domain::plan::{Channel, Plan};
use crate::domain::view::AddressView;

/// Addresses that are listed, those first that wait longest; the rest are counted.
pub const UNPROVEN_MAX: usize = 200;

/// An address that is not proven, without the address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct UnprovenAddress {
    /// Whom it reaches.
    pub functions: Vec<FunctionId>,
    pub channel: Channel,
    /// Which of the first function's addresses of that channel, from 1; none: it has one alone.
    pub nth: Option<u32>,
    /// When it was last proven; none: never.
    pub proven: Option<Day>,
    /// Days since then.
    pub age_days: Option<u32>,
    /// By what.
    pub by: Option<ProvenBy>,
}

/// Of the addresses of those who were told, those that are not proven.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Unproven {
    /// Addresses that were looked at.
    pub of: u32,
    /// Of these, so many are not proven, or were for the last time long ago.
    pub not_proven: u32,
    /// The first of them.
    pub addresses: Vec<UnprovenAddress>,
}

impl AfterReport {
    /// With the addresses of those who were told that are not proven. `all` are those of the plan for new incidents, as they stand now.
    #[must_use]
    pub fn with_addresses(mut self, all: &[AddressView], plan: &Plan) -> Self {
        let told: BTreeSet<&FunctionId> = self.functions.iter().map(|f| &f.function).collect();
        let of_told: Vec<&AddressView> = all.iter().filter(|a| a.functions.iter().any(|f| told.contains(f))).collect();
        let mut waits: Vec<&AddressView> = of_told.iter().copied().filter(|a| a.waits()).collect();
        waits.sort_by_key(|a| (std::cmp::Reverse(a.proven.map_or(u32::MAX, |p| p.age_days)), a.point));
        let unproven = Unproven {
            of: count(of_told.len()),
            not_proven: count(waits.len()),
            addresses: waits.into_iter().take(UNPROVEN_MAX).map(unproven).collect(),
        };
        for id in unproven.addresses.iter().flat_map(|a| &a.functions) {
            if let Some(f) = plan.function_ix(id.as_str()) {
                self.names.functions.entry(id.clone()).or_insert_with(|| plan.function(f).title.clone());
            }
        }
        self.unproven = Some(unproven);
        self
    }
}

fn unproven(a: &AddressView) -> UnprovenAddress {
    UnprovenAddress {
        functions: a.functions.clone(),
        channel: a.channel,
        nth: a.nth,
        proven: a.proven.map(|p| Day(p.date)),
        age_days: a.proven.map(|p| p.age_days),
        by: a.proven.map(|p| p.by),
    }
}
