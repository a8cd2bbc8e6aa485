//! What a worker tells the loop.

use super::gateway_refs::GatewayRef;
use super::health::Standing;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::domain::incident::values::Doubt;
use crate::gateways::{AckToken, Address, Health};

/// What became of a delivery, and why if it did not go well. The reason has no address in it. `Queued`: the worker gives it back for
/// its gateway's sake; it waits for another way, and was not refused.
pub type Outcome = (DeliveryId, DeliveryState, Option<String>);

/// What a worker tells the loop.
#[derive(Clone, Debug)]
pub enum WorkerEvent {
    /// Under which numbers the gateway accepted what the next outcomes are about: told before them, so that whatever is on disk
    /// as accepted has its number there.
    Refs(Vec<GatewayRef>),
    /// Outcomes, in the order they came.
    Outcomes {
        /// Whose they are: it decides nothing of another's.
        gateway: GatewayId,
        of: Vec<Outcome>,
    },
    /// Somebody wrote back.
    Reply {
        gateway: GatewayId,
        from: Address,
        text: String,
        /// Told when it is on disk.
        ack: AckToken,
    },
    /// A gateway's health changed.
    Health {
        gateway: GatewayId,
        /// Whether it is handed deliveries.
        standing: Standing,
        health: Health,
        /// Why it is not trusted although it answers.
        doubt: Option<Doubt>,
    },
    /// There is room again after [`super::worker::Full`].
    Room {
        gateway: GatewayId,
        /// For how many.
        #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
        room: usize,
    },
    /// The worker has ended. The last event.
    Ended {
        gateway: GatewayId,
        /// Handed over, and no outcome came: to be repeated, marked, after the next start (invariant 4).
        on_the_wire: Vec<DeliveryId>,
        /// Never handed over.
        in_line: Vec<DeliveryId>,
    },
}
