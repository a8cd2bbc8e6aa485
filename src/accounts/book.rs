//! What the file of the state folder holds: accounts, duty devices, tokens of programs, and links that are out. Secrets stand in it
//! as hashes, but for those of authenticator apps, which must be computed with.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use super::passkey::Passkey;
use super::passkeys::PASSKEYS_MAX;
use super::password::Hashed;
use super::rights::{Functions, Right, Who, WhoId};
use crate::domain::ids::FunctionId;
use crate::domain::time::At;

/// The version of the file that is written.
const VERSION: u32 = 1;
/// Accounts at most.
pub const ACCOUNTS_MAX: usize = 500;
/// Duty devices at most.
pub const DEVICES_MAX: usize = 1_000;
/// Tokens of programs at most.
pub const TOKENS_MAX: usize = 200;
/// Links that are out at one time; one more ends the oldest.
pub const LINKS_MAX: usize = 100;
/// Functions that an account chose of late.
pub const RECENT_MAX: usize = 5;
/// A duty device lasts so many days from its last use.
const DEVICE_DAYS: u32 = 30;
/// So many days before its end that is said.
pub const DEVICE_WARNING_DAYS: u32 = 5;
pub(super) const DAY_S: u32 = 24 * 3600;

/// The whole file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    version: u32,
    #[serde(default)]
    pub accounts: Vec<Account>,
    #[serde(default)]
    pub devices: Vec<Device>,
    #[serde(default)]
    pub tokens: Vec<Token>,
    #[serde(default)]
    pub links: Vec<Link>,
}

impl Default for Book {
    fn default() -> Self {
        Self { version: VERSION, accounts: Vec::new(), devices: Vec::new(), tokens: Vec::new(), links: Vec::new() }
    }
}

/// Somebody with a password and an authenticator app. The ID names no person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub id: String,
    pub password: Hashed,
    /// The authenticator's secret.
    pub totp: String,
    /// The newest step whose code was used.
    pub last_step: u64,
    /// Hashes of codes that each replace one of the authenticator's.
    pub recovery: Vec<String>,
    pub rights: BTreeSet<Right>,
    pub functions: Functions,
    #[serde(default)]
    pub disabled: bool,
    pub added: At,
    /// When it last signed in.
    pub used: Option<At>,
    /// For which functions it acted of late, the newest first.
    #[serde(default)]
    pub recent: Vec<FunctionId>,
    /// Each lets in by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
}

/// A telephone or computer that acts for its duties.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    pub id: String,
    /// The hash of what its cookie holds.
    pub secret: String,
    pub functions: Functions,
    pub added: At,
    pub used: At,
}

/// What a program shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    pub id: String,
    /// Its hash.
    pub secret: String,
    pub rights: BTreeSet<Right>,
    pub functions: Functions,
    pub added: At,
    pub expires: At,
}

/// A link that makes a duty device of the browser that opens it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its hash.
    pub secret: String,
    pub functions: Functions,
    pub until: At,
    /// So often it may still be used.
    pub uses: u32,
}

macro_rules! shows_its_id {
    ($($kind:ident),*) => { $(
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($kind), "({})"), self.id)
            }
        }
    )* };
}
shows_its_id!(Account, Device, Token);
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

impl Device {
    /// When it ends, unless it is used before.
    pub fn ends(&self) -> At {
        self.used + DEVICE_DAYS * DAY_S
    }
}

impl Book {
    /// Reads the file.
    ///
    /// # Errors
    /// It is damaged, is of a newer program, or holds more than may be.
    pub fn read(text: &str) -> io::Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let damaged = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let Versioned { version } = serde_json::from_str(text).map_err(|e| damaged(format!("it is damaged: {e}")))?;
        if version != VERSION {
            return Err(damaged(format!("a newer vardkase wrote it: version {version}, and this one reads {VERSION}")));
        }
        let book: Self = serde_json::from_str(text).map_err(|e| damaged(format!("it is damaged: {e}")))?;
        let full = book.accounts.len() > ACCOUNTS_MAX
            || book.devices.len() > DEVICES_MAX
            || book.tokens.len() > TOKENS_MAX
            || book.links.len() > LINKS_MAX
            || book.accounts.iter().any(|a| a.passkeys.len() > PASSKEYS_MAX);
        if full { Err(damaged("it holds more than may be".into())) } else { Ok(book) }
    }

    /// As it is written.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Who that is now, and what that one may; nothing of one that is disabled, revoked, or over its time. A duty device has all rights
    /// of its functions and administers nothing.
    pub fn who(&self, id: &WhoId, now: At) -> Option<Who> {
        let (rights, functions) = match id {
            WhoId::Machine => return Some(Who::machine()),
            WhoId::Account(id) => {
                let account = self.accounts.iter().find(|a| a.id == *id && !a.disabled)?;
                (account.rights.clone(), account.functions.clone())
            }
            WhoId::Device(id) => {
                let device = self.devices.iter().find(|d| d.id == *id && now < d.ends())?;
                let rights = Right::ALL.into_iter().filter(|r| *r != Right::Administer).collect();
                (rights, device.functions.clone())
            }
            WhoId::Token(id) => {
                let token = self.tokens.iter().find(|t| t.id == *id && now < t.expires)?;
                (token.rights.clone(), token.functions.clone())
            }
        };
        Some(Who { id: id.clone(), rights, functions })
    }

    /// The account of that ID.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|a| a.id == id)
    }
    pub(super) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|a| a.id == id)
    }

    /// Takes out what is over: links, and tokens and devices that ended a while ago.
    pub(super) fn tidy(&mut self, now: At) {
        self.links.retain(|l| l.uses > 0 && now < l.until);
        self.tokens.retain(|t| now < t.expires + DEVICE_DAYS * DAY_S);
        // A device that an open incident kept alive is touched each time; one that is long over has no cookie any more.
        self.devices.retain(|d| now < d.ends() + 400 * DAY_S);
    }
}
