//! What is known of the gateways themselves: tests of them, and what these proved.

use serde::{Deserialize, Serialize};

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::private::Private;
use crate::domain::time::At;

/// Tests that are kept in memory; the journal keeps all of them.
pub const TESTS_MAX: usize = 200;
/// A test that was not handed over in that time is given up, in seconds: nobody wants an old one.
pub const TEST_TTL_S: u32 = 600;
/// An answer to a test counts that long, in seconds.
pub const TEST_ANSWER_WITHIN_S: u32 = 24 * 3600;

/// A test of a gateway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct GatewayTest {
    /// The system note's ordinal: the delivery is `0.17`.
    pub ordinal: u32,
    pub gateway: GatewayId,
    pub function: FunctionId,
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// The gateway took it.
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
