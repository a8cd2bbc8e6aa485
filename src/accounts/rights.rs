//! What somebody may do here, and for which functions. A right is held beside the rules, never instead of them: what a function
//! may is theirs to say.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::FunctionId;
use crate::domain::incident::actor::Actor;
use crate::domain::incident::input::Action;

/// What one may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Look. Everybody who is let in may.
    Read,
    /// Answer for a function, and note what was answered.
    Answer,
    /// Report a disruption and lead it: news, correct, stop, running again, steps, gateways.
    Report,
    /// Yes, no and another wording to texts; release without approval.
    Approve,
    /// Staff modes.
    Decide,
    /// It is over.
    AllClear,
    /// Accounts, devices, tokens, configuration, forgetting.
    Administer,
}

impl Right {
    /// All of them.
    pub const ALL: [Right; 7] =
        [Right::Read, Right::Answer, Right::Report, Right::Approve, Right::Decide, Right::AllClear, Right::Administer];

    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Answer => "answer",
            Right::Report => "report",
            Right::Approve => "approve",
            Right::Decide => "decide",
            Right::AllClear => "all-clear",
            Right::Administer => "administer",
        }
    }

    /// What an action asks for.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::Ack { .. }
            | Action::PassOn { .. }
            | Action::FallbackFailed { .. }
            | Action::Unack { .. }
            | Action::Handover { .. }
            | Action::ErrandDone { .. }
            | Action::TestAnswered { .. }
            | Action::Arrived { .. }
            | Action::StepHave { .. }
            | Action::StepDone { .. }
            | Action::ImprovementDone { .. }
            | Action::Remark { .. }
            | Action::Feedback { .. } => Right::Answer,
            Action::Report(_)
            | Action::Update { .. }
            | Action::Correct { .. }
            | Action::Stop { .. }
            | Action::Merge { .. }
            | Action::Restored { .. }
            | Action::Relapse { .. }
            | Action::TestGateway { .. }
            | Action::TestAddresses { .. }
            | Action::GatewayOut { .. }
            | Action::GatewayIn { .. }
            | Action::StepStart { .. }
            | Action::StepStop { .. }
            | Action::StepMove { .. }
            | Action::DrillStart(_)
            | Action::DrillEnd { .. }
            | Action::Improve { .. }
            | Action::ImprovementDropped { .. }
            | Action::NoImprovement { .. }
            | Action::Rate { .. } => Right::Report,
            Action::Approve { .. }
            | Action::Reject { .. }
            | Action::Change { .. }
            | Action::Reviewed { .. }
            | Action::Wait { .. }
            | Action::BreakGlass { .. } => Right::Approve,
            Action::Mode { .. } | Action::Decide { .. } => Right::Decide,
            Action::DataComplete { .. } | Action::AllClear { .. } => Right::AllClear,
            Action::Adopt { .. } => Right::Administer,
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Right {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let named = Right::ALL.into_iter().find(|right| right.as_str() == text.trim());
        named.ok_or_else(|| Right::ALL.map(Right::as_str).join(", "))
    }
}

/// The functions for which somebody may act.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Functions(pub BTreeSet<FunctionId>);

impl Functions {
    /// Written so, it is all of them.
    pub const EVERY: &str = "*";

    /// All.
    pub fn every() -> Self {
        Self(BTreeSet::from([FunctionId::from(Self::EVERY)]))
    }
    /// Whether these are all.
    pub fn is_every(&self) -> bool {
        self.0.iter().any(|f| f.as_str() == Self::EVERY)
    }
    /// Whether that function is among them.
    pub fn has(&self, function: &FunctionId) -> bool {
        self.is_every() || self.0.contains(function)
    }
    /// The one that there is, where there is one.
    pub fn only(&self) -> Option<&FunctionId> {
        let mut all = self.0.iter();
        all.next().filter(|_| all.next().is_none() && !self.is_every())
    }
}

/// Who acts: an ID that says nothing of a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WhoId {
    /// Whoever reads the state folder on the machine itself.
    Machine,
    Account(String),
    Device(String),
    Token(String),
}

impl fmt::Display for WhoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhoId::Machine => f.write_str("machine"),
            WhoId::Account(id) => write!(f, "account {id}"),
            WhoId::Device(id) => write!(f, "device {id}"),
            WhoId::Token(id) => write!(f, "token {id}"),
        }
    }
}

/// Who acts, and what that one may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    pub id: WhoId,
    pub rights: BTreeSet<Right>,
    pub functions: Functions,
}

impl Who {
    /// Whoever reads the state folder: everything.
    pub fn machine() -> Self {
        Self { id: WhoId::Machine, rights: Right::ALL.into(), functions: Functions::every() }
    }
    /// As one pair of eyes (RULES H3). The token of a program that approves nothing, such as a monitor, is nobody.
    pub fn actor(&self) -> Option<Actor> {
        match &self.id {
            WhoId::Machine => Some(Actor::machine()),
            WhoId::Account(id) => Some(Actor::account(id)),
            WhoId::Device(id) => Some(Actor::device(id)),
            WhoId::Token(id) => self.may(Right::Approve).then(|| Actor::token(id)),
        }
    }
    /// Whether that one has the right.
    pub fn may(&self, right: Right) -> bool {
        right == Right::Read || self.rights.contains(&right)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_right_is_read_as_it_is_written_and_nothing_else_is() {
        for right in Right::ALL {
            assert_eq!(right.as_str().parse(), Ok(right));
            assert_eq!(serde_json::to_string(&right).unwrap(), format!("\"{right}\""));
        }
        assert!("root".parse::<Right>().unwrap_err().contains("all-clear"));
    }

    #[test]
    fn rule_h3_a_token_is_an_account_and_a_monitor_is_nobody() {
        let token = |rights: &[Right]| Who {
            id: WhoId::Token("t1".into()),
            rights: rights.iter().copied().collect(),
            functions: Functions::every(),
        };
        assert_eq!(token(&[Right::Report, Right::Approve]).actor(), Some(Actor::token("t1")));
        assert_eq!(token(&[Right::Report]).actor(), None);
        let account = Who { id: WhoId::Account("drift".into()), ..token(&[Right::Report]) };
        assert_eq!(account.actor(), Some(Actor::account("drift")), "a person, whatever the rights");
        assert_eq!(Who::machine().actor(), Some(Actor::machine()));
    }

    #[test]
    fn one_function_is_one_and_every_is_none_in_particular() {
        let of = |all: &[&str]| Functions(all.iter().map(|f| FunctionId::from(*f)).collect());
        assert_eq!(of(&["tib"]).only(), Some(&FunctionId::from("tib")));
        assert_eq!(of(&["tib", "kib"]).only(), None);
        assert_eq!(Functions::every().only(), None);
        assert!(Functions::every().has(&"kib".into()) && !of(&["tib"]).has(&"kib".into()));
        assert!(!Functions::default().has(&"tib".into()));
    }
}
