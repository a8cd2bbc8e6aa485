//! What may be changed about who comes in, as one form for console, API and command line, and what comes of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::passkey::Passkey;
use super::rights::{Functions, Right};
use crate::domain::time::At;

/// A change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// An account more. Without a password one is made.
    AccountAdd { id: String, password: Option<String>, rights: BTreeSet<Right>, functions: Functions },
    /// It comes in no more, and its sessions end.
    AccountDisable { id: String },
    /// Another secret for the authenticator app, other codes for when it is lost, and all sessions end.
    AccountResetTotp { id: String },
    /// Another password for who has lost his, and all sessions end. Without one it is made.
    AccountResetPassword { id: String, password: Option<String> },
    /// A passkey of an account comes in no more, and the account's sessions end.
    PasskeyRemove { account: String, id: String },
    /// A link that makes a duty device.
    DeviceAdd { functions: Functions },
    /// It comes in no more.
    DeviceRevoke { id: String },
    /// A token for a program.
    TokenAdd { rights: BTreeSet<Right>, functions: Functions, expires: At },
    /// It comes in no more.
    TokenRevoke { id: String },
    /// A session ends.
    SessionEnd { id: String },
}

impl Change {
    /// What stands on record of it.
    pub fn name(&self) -> &'static str {
        match self {
            Change::AccountAdd { .. } => "account-added",
            Change::AccountDisable { .. } => "account-disabled",
            Change::AccountResetTotp { .. } => "totp-reset",
            Change::AccountResetPassword { .. } => "password-reset",
            Change::PasskeyRemove { .. } => "passkey-removed",
            Change::DeviceAdd { .. } => "device-link-made",
            Change::DeviceRevoke { .. } => "device-revoked",
            Change::TokenAdd { .. } => "token-added",
            Change::TokenRevoke { .. } => "token-revoked",
            Change::SessionEnd { .. } => "session-ended",
        }
    }
}

/// A password may stand in it.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came of a change. What is secret in it is shown once and kept nowhere.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Changed {
    /// Of what was changed.
    pub id: String,
    /// The password that was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password: Option<String>,
    /// What an authenticator app takes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub otpauth: Option<String>,
    /// Codes for when the authenticator is lost, each good once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub recovery: Vec<String>,
    /// The path of the link that makes a duty device.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// Until when that link or token is good.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<At>,
    /// What the program sends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
}

impl fmt::Debug for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Changed({})", self.id)
    }
}

/// Who may come in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AccessView {
    pub accounts: Vec<AccountView>,
    pub devices: Vec<DeviceView>,
    pub tokens: Vec<TokenView>,
    pub sessions: Vec<SessionView>,
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AccountView {
    pub id: String,
    pub rights: BTreeSet<Right>,
    pub functions: Functions,
    pub disabled: bool,
    pub added: At,
    /// When it last signed in.
    pub used: Option<At>,
    /// Codes for a lost authenticator that are left.
    pub recovery_left: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<PasskeyView>,
}

/// A passkey.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PasskeyView {
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    pub added: At,
    pub used: Option<At>,
}

impl PasskeyView {
    /// As lists show it.
    pub fn of(it: &Passkey) -> Self {
        Self { id: it.id.clone(), label: it.label.clone(), added: it.added, used: it.used }
    }
}

/// A duty device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeviceView {
    pub id: String,
    pub functions: Functions,
    pub added: At,
    pub used: At,
    /// When it ends, unless it is used before, or an incident is open.
    pub ends: At,
}

/// A token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TokenView {
    pub id: String,
    pub rights: BTreeSet<Right>,
    pub functions: Functions,
    pub added: At,
    pub expires: At,
}

/// A session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SessionView {
    pub id: String,
    /// Whose: `account anna`, `device d-7k4f`.
    pub who: String,
    pub began: At,
    pub used: At,
}
