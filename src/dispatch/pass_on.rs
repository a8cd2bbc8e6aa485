//! What a node that does not decide passes on to the one that does, and what comes back. The form is between programs of one cluster,
//! sealed on its way; private values are in the clear inside.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::engine::{Handle, Place, Request};
use super::record::encode_system;
use super::system_record::{Forgotten, SystemRecord};
use crate::domain::ids::{DeliveryId, FunctionId, MessageNo};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::input::{Action, CommandId, Input};
use crate::domain::incident::refused::{Refused, RefusedForm, refuse};
use crate::domain::plan::Channel;
use crate::domain::time::At;
use crate::gateways::Boxed;
use crate::record;

/// Something that only the node that decides can do.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub enum Wanted {
    /// A command; its ID makes that it is carried out once, however often and to whomever it is passed on (RULES D11).
    Command {
        key: [u8; 16],
        body: [u8; 8],
        who: Option<Actor>,
        by: FunctionId,
        action: Box<Action>,
        /// The delivery whose link it came by.
        link: Option<DeliveryId>,
    },
    /// The button behind a delivery's link.
    Link { delivery: DeliveryId, yes: bool },
    /// Whoever comes after is asked for a text.
    AskBeside { number: MessageNo, by: FunctionId },
    /// Somebody wrote back.
    Reply { channel: Channel, from: String, text: String },
    /// Something about the journal itself, as it is recorded.
    System { kind: u16, version: u16, bytes: Vec<u8> },
    /// What is private of an incident is to be forgotten.
    Forget(Forgotten),
    /// A gateway called back.
    Call(Called),
}

/// A gateway's call, as it reached a node.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Called {
    pub path: String,
    pub query: Option<String>,
    /// Names and values; those that a signature may stand in are among them.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// What became of it.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub enum Passed {
    /// It is on record, there.
    Done {
        place: Place,
    },
    Refused(RefusedForm),
    /// What a gateway is answered.
    Answered {
        status: u16,
        body: Vec<u8>,
    },
}

impl Passed {
    /// A refusal, for whoever asked.
    pub fn refused(refused: &Refused) -> Self {
        Self::Refused(refused.form())
    }
}

/// Passes something on to the node that decides, whichever that is, and waits for what becomes of it.
pub trait PassOn: Send + Sync {
    /// What came of it. While no node decides, it waits for one for a while, and refuses then.
    fn pass_on(&self, wanted: Wanted) -> Boxed<'_, Passed>;
}

/// Cheap to clone.
pub type PassesOn = Arc<dyn PassOn>;

impl Wanted {
    /// What has to be passed on of a request, with a fresh ID for what has none. `None`: it is the deciding node's own affair.
    pub(super) fn of(input: Input, link: Option<DeliveryId>) -> Option<Self> {
        Some(match input {
            Input::Command { who, by, action } => {
                let mut id = [0; 24];
                getrandom::fill(&mut id).ok()?;
                let (mut key, mut body) = ([0; 16], [0; 8]);
                key.copy_from_slice(&id[..16]);
                body.copy_from_slice(&id[16..]);
                Self::Command { key, body, who, by, action, link }
            }
            Input::Once { id: CommandId { key, body }, who, by, action } => {
                Self::Command { key, body, who, by, action, link }
            }
            Input::Link { delivery, yes, .. } => Self::Link { delivery, yes },
            Input::AskBeside { number, by } => Self::AskBeside { number, by },
            _ => return None,
        })
    }

    pub(super) fn of_system(record: &SystemRecord) -> Self {
        let record = encode_system(At(0), record);
        Self::System { kind: record.kind, version: record.version, bytes: record.bytes }
    }
}

/// What became of something that another node passed on.
#[derive(Debug)]
pub enum Carried {
    /// This comes back.
    Out(Passed),
    /// It is a gateway's call, and not for the loop.
    Call(Called),
    /// This node does not decide any more: the next one finds it where it lies.
    Not,
}

/// Refusals of a loop that does not decide any more.
const OVER: [&str; 3] = ["leader-changed", "no-leader", "going-down"];

/// Carries out what another node passed on.
pub async fn carry_out(handle: &Handle, wanted: Wanted) -> Carried {
    let done = match wanted {
        Wanted::Command { key, body, who, by, action, link } => {
            let input = Input::Once { id: CommandId { key, body }, who, by, action };
            match link {
                Some(delivery) => handle.input_by_link(delivery, input).await,
                None => handle.input(input).await,
            }
        }
        Wanted::Link { delivery, yes } => handle.input(Input::Link { who: None, delivery, yes }).await,
        Wanted::AskBeside { number, by } => handle.input(Input::AskBeside { number, by }).await,
        Wanted::Reply { channel, from, text } => {
            handle.reply(channel, from, text).await;
            return Carried::Out(Passed::Done { place: Place::default() });
        }
        Wanted::System { kind, version, bytes } => {
            match record::system::decode(kind, version, &bytes).and_then(SystemRecord::of) {
                Ok(record) => handle.record_system(record).await,
                Err(why) => return Carried::Out(Passed::refused(&refuse!(RefusedElsewhere { what: why }))),
            }
        }
        Wanted::Forget(forgotten) => handle.forget(forgotten).await,
        Wanted::Call(called) => return Carried::Call(called),
    };
    match done.map_err(|failed| failed.refused()) {
        Ok(done) => Carried::Out(Passed::Done { place: done.place }),
        Err(refused) if OVER.contains(&refused.code) => Carried::Not,
        Err(refused) => Carried::Out(Passed::refused(&refused)),
    }
}

/// Takes the place of a loop that is not there: everybody is told so.
pub(crate) fn nobody(request: Request) {
    match request {
        Request::Input { reply: Some(reply), .. }
        | Request::System { reply, .. }
        | Request::Forget { reply, .. }
        | Request::Config { reply, .. } => drop(reply.send(Err(refuse!(NoLeader)))),
        Request::Input { reply: None, .. } | Request::Reply { .. } | Request::Query(_) | Request::Asked { .. } => {}
    }
}
