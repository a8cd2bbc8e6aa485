//! What is known of the gateways themselves: how they stand, which were taken out by hand, tests of them, and what these proved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::addresses::AddressKey;
use super::values::Standing;
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::private::Private;
use crate::domain::time::At;

/// Tests that are kept in memory; the journal keeps all of them.
pub const TESTS_MAX: usize = 600;
/// So many addresses are tested at a time; those whose proof is oldest come first.
pub const ADDRESS_TESTS_MAX: usize = 200;
/// A test that was not handed over in that time is given up, in seconds: nobody wants an old one.
pub const TEST_TTL_S: u32 = 600;
/// An answer to a test counts that long, in seconds.
pub const TEST_ANSWER_WITHIN_S: u32 = 24 * 3600;

/// A gateway that is not healthy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Stand {
    pub standing: Standing,
    /// What was said of it.
    pub why: Option<Cause>,
    pub since: At,
}

/// A gateway that somebody took out. Why is in the journal alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct TakenOut {
    pub by: FunctionId,
    pub at: At,
}

/// How gateways stand, as routing counts with it (RULES G1, G6).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, Debug)]
pub struct Ways {
    /// Those that are not healthy.
    pub stands: BTreeMap<GatewayId, Stand>,
    /// Those that were taken out by hand: used only where no other way is left.
    pub out: BTreeMap<GatewayId, TakenOut>,
}

/// How good a way is; the smallest is the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    Healthy,
    /// Suspect, or it hangs on what is said to be down.
    Doubtful,
    Down,
    /// Taken out by hand.
    Out,
}

impl Ways {
    /// How a gateway stands.
    pub fn standing(&self, gateway: &GatewayId) -> Standing {
        self.stands.get(gateway).map_or(Standing::Healthy, |s| s.standing)
    }
    /// How good a way over it is.
    pub fn rank(&self, gateway: &GatewayId) -> Rank {
        if self.out.contains_key(gateway) {
            return Rank::Out;
        }
        match self.standing(gateway) {
            Standing::Healthy => Rank::Healthy,
            Standing::Suspect => Rank::Doubtful,
            Standing::Down => Rank::Down,
        }
    }
}

/// A test of a gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct GatewayTest {
    /// The system note's ordinal: the delivery is `0.17`.
    pub ordinal: u32,
    pub gateway: GatewayId,
    pub function: FunctionId,
    /// The address that it went to.
    pub key: Option<AddressKey>,
    /// Who wanted it.
    pub by: FunctionId,
    /// The code that an answer names.
    pub code: Private,
    pub at: At,
    /// Accepted or delivered then, whichever is known last.
    pub reached_at: Option<At>,
    /// When somebody answered.
    pub answered_at: Option<At>,
}

/// How far a test came that proved a gateway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// The gateway took it.
    #[serde(rename = "handed-over", alias = "accepted")]
    Accepted,
    /// The far device has it.
    Delivered,
    /// Somebody answered.
    Answered,
}

/// The newest test that came through.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Proof {
    /// When it was sent.
    pub at: At,
    pub function: FunctionId,
    /// How far it came.
    pub reached: Reached,
}

impl Reached {
    /// What a delivery's state proves.
    pub fn of(state: DeliveryState) -> Option<Self> {
        match state {
            DeliveryState::Accepted => Some(Self::Accepted),
            DeliveryState::Delivered => Some(Self::Delivered),
            _ => None,
        }
    }
}
