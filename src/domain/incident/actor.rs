//! Who stands behind what a function did, as far as a rule compares it (RULES H3): one name is one pair of eyes. It is private: the
//! journal seals it for its incident beside what happened, and it is forgotten with the incident. A program is nobody, and has none.
//!
//! Must not: hold a right, or be a receiver; no text is ever addressed to one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::FunctionIx;
use crate::domain::private::Private;

/// One that acts: an account or token, a duty device, an address that was asked, or the machine's own operator.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(pub Private);

/// What an actor is, for people who look after who acted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Behind {
    /// An account, by its ID.
    Account(String),
    /// A duty device, by its ID.
    Device(String),
    /// A program's token, by its ID.
    Token(String),
    /// An address that was asked: which one is not told.
    Address,
    /// Whoever reads the state folder.
    Machine,
    /// It was forgotten.
    Forgotten,
}

impl Actor {
    /// An account, by its ID.
    pub fn account(id: &str) -> Self {
        Self(format!("account {id}").into())
    }
    /// A duty device, by its ID.
    pub fn device(id: &str) -> Self {
        Self(format!("device {id}").into())
    }
    /// A token, by its ID: it counts as an account of its own.
    pub fn token(id: &str) -> Self {
        Self(format!("token {id}").into())
    }
    /// An address that was asked, by a keyed mark of it: what it asked and what it answers over any way is one.
    pub fn address(mark: &str) -> Self {
        Self(format!("address {mark}").into())
    }
    /// Whoever reads the state folder on the machine itself.
    pub fn machine() -> Self {
        Self("machine".into())
    }
    /// What it is.
    pub fn behind(&self) -> Behind {
        let said = self.0.as_str();
        let (kind, id) = said.split_once(' ').unwrap_or((said, ""));
        match kind {
            "account" => Behind::Account(id.to_owned()),
            "device" => Behind::Device(id.to_owned()),
            "token" => Behind::Token(id.to_owned()),
            "address" => Behind::Address,
            "machine" => Behind::Machine,
            _ => Behind::Forgotten,
        }
    }
}

/// Never shown by Debug.
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Actor(…)")
    }
}

/// What somebody did to an incident, with who that was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// For which function; `None`: for those of the address that was asked.
    pub by: Option<FunctionIx>,
    pub who: Actor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_is_can_be_told_and_stays_out_of_debug_output() {
        let all = [
            (Actor::account("drift"), Behind::Account("drift".into())),
            (Actor::device("d3"), Behind::Device("d3".into())),
            (Actor::token("t1"), Behind::Token("t1".into())),
            (Actor::address("ab12"), Behind::Address),
            (Actor::machine(), Behind::Machine),
            (Actor(Private::Sealed([7; 16])), Behind::Forgotten),
        ];
        for (actor, behind) in all {
            assert_eq!(actor.behind(), behind);
            assert_eq!(format!("{actor:?}"), "Actor(…)");
        }
        assert_ne!(Actor::account("x"), Actor::device("x"));
    }
}
