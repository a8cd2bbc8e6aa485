//! What each folder of a protocol gives to the [`registry`](super::registry): its configuration, which is checked by day and
//! built when the program starts. Everybody else knows a protocol by this trait alone.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::callback::Callback;
use super::entry::Limits;
use super::{Gateway, Now};
use crate::domain::ids::GatewayId;
use crate::domain::plan::Capability;
use crate::domain::text::Charset;
use crate::domain::text::pages::PageRules;
use crate::domain::text::sms::{Alphabet, SmsLimits, Split};
use crate::yaml::addresses::check_host;
use crate::yaml::{At, Found, Name, Place, Secret};

/// The configuration of one gateway, as its protocol reads it from YAML.
pub trait Protocol: fmt::Debug + Send + Sync {
    /// Which protocol, for people; its far end in `sim` has the same name.
    fn protocol(&self) -> &'static str;
    /// A copy, to be changed.
    fn copy(&self) -> Box<dyn Protocol>;
    /// Says every mistake that can be seen in the files alone.
    fn check(&self, entry: &Entry<'_>, found: &mut Found);
    /// What the plan reckons with, where the protocol says more than the entry around it.
    fn capability(&self, of_entry: Capability) -> Capability {
        of_entry
    }
    /// The host that it connects to, if it does: a demo refuses all but loopback.
    fn host(&self) -> Option<&str>;
    /// Its secrets: another one means that the gateway must be built anew.
    fn secrets(&self) -> Vec<&Secret>;
    /// The gateway. Reads secrets and CA files, connects nowhere.
    ///
    /// # Errors
    /// What is missing or wrong, and what to do.
    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String>;
    /// Turns it to a far end on this machine, with credentials that are made up on the spot; says what that end must know.
    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts;
}

impl Clone for Box<dyn Protocol> {
    fn clone(&self) -> Self {
        self.copy()
    }
}

/// The entry of a gateway in its file, as far as its protocol may ask about it.
pub struct Entry<'e> {
    /// What the gateway is called, and where.
    pub name: &'e Name,
    /// Where the protocol's own keys begin.
    pub place: Place,
    /// Answers come back over it.
    pub answers: bool,
    /// It tells when the receiver has it.
    pub receipts: bool,
    /// Of pagers: their characters, and how many make a page.
    pub pages: Option<(At<Charset>, At<u32>)>,
}

impl Entry<'_> {
    /// Says which of these keys are left out.
    pub fn needs(&self, keys: &[(&'static str, bool)], found: &mut Found) {
        for (key, _) in keys.iter().filter(|(_, is_there)| !is_there) {
            found.missing_key(self.place, key);
        }
    }

    /// Says when a host that is there is none.
    pub fn host(&self, host: &Name, found: &mut Found) {
        if host.place.line > 0 {
            check_host(host, found);
        }
    }

    /// Says when a secret that is there lies nowhere, or in two places.
    pub fn secret(&self, secret: Option<&Secret>, found: &mut Found) {
        if let Some(secret) = secret {
            secret.check(found);
        }
    }

    /// Says that nobody answers over a protocol, where the entry says that somebody does.
    pub fn no_answers(&self, protocol: &str, found: &mut Found) {
        if self.answers {
            let message = format!("nobody answers over {protocol}");
            found.error(self.name.place, "pager-answers", message).help("leave out answers");
        }
    }

    /// Says that the protocol can't carry the letters of the entry, unless they are of seven bits (or, with `latin1`, eight).
    pub fn letters(&self, latin1: bool, why: &str, found: &mut Found) {
        let Some((charset, _)) = &self.pages else { return };
        let is_good = match charset.value {
            Charset::Utf8 | Charset::Gsm7 => false,
            Charset::Latin1 => latin1,
            _ => true,
        };
        if !is_good {
            let help = "write ascii7, iso646-se, iso646-fi, iso646-no, iso646-dk or iso646-de";
            found.error(charset.place, "charset", why.to_owned()).help(help);
        }
    }
}

/// What surrounds a gateway that is built.
pub struct BuildCx<'c> {
    /// What it is called.
    pub id: &'c GatewayId,
    /// What the plan reckons with.
    pub capability: &'c Capability,
    /// Answers that come back over it count.
    pub answers: bool,
    /// It promises receipts.
    pub receipts: bool,
    /// Bounds of its entry.
    pub limits: &'c Limits,
    /// From where relative paths count; `None`: the shipped region.
    pub base: Option<&'c Path>,
    /// What is the same for all gateways.
    pub env: &'c Env,
}

/// What is the same for all gateways of a program.
#[derive(Clone)]
pub struct Env {
    /// Where the time comes from.
    pub now: Now,
    /// Where gateways reach the public listener (`https://larm.region.example`), for those whose YAML does not say it.
    pub public_url: Option<String>,
    /// Signs the words by which reports and answers name a mail; the same at each start.
    pub mail_key: [u8; 32],
}

impl BuildCx<'_> {
    /// Relative paths count from the configuration folder.
    pub fn path(&self, given: impl AsRef<Path>) -> PathBuf {
        self.base.map_or_else(|| given.as_ref().to_owned(), |base| base.join(given.as_ref()))
    }

    /// Makes a path count from the configuration folder, if there is one.
    pub fn settle(&self, path: &mut Option<PathBuf>) {
        if let Some(path) = path {
            *path = self.path(&*path);
        }
    }

    /// Reads a secret, if there is one. `what` names it in what goes wrong.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn read(&self, what: &str, secret: &mut Option<Secret>) -> Result<(), String> {
        if let Some(secret) = secret {
            *secret = secret.read(what, self.base)?;
        }
        Ok(())
    }

    /// How texts go to pagers.
    ///
    /// # Errors
    /// When the plan has no pagers here.
    pub fn page_rules(&self) -> Result<PageRules, String> {
        match self.capability {
            Capability::Pages { charset, chars_max, pages_max } => {
                Ok(PageRules { chars_max: *chars_max, pages_max: *pages_max, charset: *charset })
            }
            _ => Err(format!("{} is not a pager transmitter in the plan", self.id)),
        }
    }

    /// How SMS go, with the telephone (`Split::Udh8`), or whoever `join` says, putting their parts together.
    ///
    /// # Errors
    /// When the plan has no SMS here.
    pub fn sms_limits(&self, join: Split) -> Result<SmsLimits, String> {
        let Capability::Sms { charset, ucs2, ref16, separate, parts_max } = self.capability else {
            return Err(format!("{} is not an SMS gateway in the plan", self.id));
        };
        Ok(SmsLimits {
            alphabet: match charset {
                Charset::Latin1 => Alphabet::Latin1,
                Charset::Ascii7 => Alphabet::Ascii,
                _ => Alphabet::Gsm7,
            },
            ucs2: *ucs2,
            split: match (separate, join, ref16) {
                (true, ..) => Split::Separate,
                (false, Split::Udh8, true) => Split::Udh16,
                (false, join, _) => join,
            },
            parts_max: bounded(*parts_max),
            chars_max: 0,
        })
    }
}

/// As much of a number as goes.
pub fn bounded(n: u32) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// A gateway that was built.
pub struct Built {
    pub gateway: Arc<dyn Gateway>,
    /// Connections at the same time.
    pub connections_max: u32,
    /// Unanswered requests on one of them.
    pub window_max: u32,
    /// How long an answer may take.
    pub timeout_s: u32,
    /// Where its receipts and answers come in, when it calls back.
    pub callback: Option<Callback>,
    /// It runs, but less than its YAML wants.
    pub warnings: Vec<String>,
}

impl Built {
    /// A gateway with one connection and one unanswered request, which calls nobody back.
    pub fn new(gateway: Arc<dyn Gateway>, timeout_s: u32) -> Self {
        Self { gateway, connections_max: 1, window_max: 1, timeout_s, callback: None, warnings: Vec::new() }
    }
}

/// A far end on this machine that is to stand for the real one.
pub struct FarEnd<'f> {
    pub addr: SocketAddr,
    /// A folder of its own, for those that are spoken to by files; nothing is there yet.
    pub folder: PathBuf,
    /// Makes up so many letters and digits that nobody knew before.
    pub made: &'f dyn Fn(usize) -> String,
}

/// What a far end must know to play its part, by name: `user`, `password`, `callback_secret`, and what its protocol has beside.
pub type Facts = std::collections::BTreeMap<&'static str, String>;
