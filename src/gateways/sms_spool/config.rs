//! One modem spool, as it stands in `channels/sms.yaml` under `spool:`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Spool;
use crate::domain::text::sms::{SmsLimits, Split};
use crate::gateways::Secret;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::yaml::{Found, List, Name, Secs};

/// The program that speaks to the modem.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Daemon {
    /// SMS Server Tools 3: smsd.
    #[default]
    Smstools,
    /// gammu-smsd with its FILES backend.
    Gammu,
}

/// The spool folders of a modem's daemon on this machine. Folders count from `folder`.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct SpoolConfig {
    /// smstools or gammu.
    pub daemon: Daemon,
    /// Where its folders lie, such as /var/spool/sms.
    pub folder: Name,
    /// Files to send. Default: outgoing; of gammu: outbox.
    #[serde(default)]
    pub outgoing: Option<PathBuf>,
    /// Where the daemon keeps what it has taken, queues included. Default: checked; gammu has none.
    #[serde(default)]
    pub queued: Option<List<PathBuf>>,
    /// What was sent. Default: sent.
    #[serde(default)]
    pub sent: Option<PathBuf>,
    /// What could not be sent. Default: failed; of gammu: error.
    #[serde(default)]
    pub failed: Option<PathBuf>,
    /// Answers. Default: incoming; of gammu: inbox. Read when answers is true.
    #[serde(default)]
    pub incoming: Option<PathBuf>,
    /// Status reports. Default: report; the same as incoming where the daemon has no folder of its own for them. Read when
    /// receipts is true.
    #[serde(default)]
    pub report: Option<PathBuf>,
    /// The queue of smstools that texts go to. Default: by its own rules.
    #[serde(default)]
    pub queue: String,
    /// How long our files stay among the sent ones: after a crash they tell what went out. Default: 7d.
    #[serde(default = "a_week")]
    pub keep: Secs,
    /// Where all of these are.
    #[serde(skip)]
    pub folders: Folders,
    /// Of the entry: alphabet, splitting, parts.
    #[serde(skip)]
    pub sms: SmsLimits,
    /// Of the entry: texts that may lie in the spool without an outcome.
    #[serde(skip, default = "texts_in_spool")]
    pub window_max: u16,
    /// Of the entry: after that a text that the daemon has not sent goes another way. A modem needs some 5 s for each SMS.
    #[serde(skip, default = "two_minutes")]
    pub accept_timeout: Secs,
    /// How often the folders are looked at.
    #[serde(skip, default = "half_a_second")]
    pub poll_interval_ms: u32,
}

fn a_week() -> Secs {
    Secs(7 * 86_400)
}

/// The daemon's folders, found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Folders {
    /// Where files to send go.
    pub outgoing: PathBuf,
    /// Where the daemon keeps what it has taken and not sent (`checked/` and queues of smstools; gammu has none).
    pub queued: Vec<PathBuf>,
    /// Where the daemon puts what it sent.
    pub sent: PathBuf,
    /// Where the daemon puts what it could not send.
    pub failed: PathBuf,
    /// Where answers come in; `None`: they are not read.
    pub incoming: Option<PathBuf>,
    /// Where status reports come in; `None`: none are asked for. smstools writes them among the answers when it has no
    /// `report` folder: then it is the same path.
    pub reports: Option<PathBuf>,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self {
            daemon: Daemon::Smstools,
            folder: Name::default(),
            outgoing: None,
            queued: None,
            sent: None,
            failed: None,
            incoming: None,
            report: None,
            queue: String::new(),
            keep: a_week(),
            folders: Folders::default(),
            sms: SmsLimits::default(),
            window_max: texts_in_spool(),
            accept_timeout: two_minutes(),
            poll_interval_ms: half_a_second(),
        }
    }
}

fn texts_in_spool() -> u16 {
    8
}
fn two_minutes() -> Secs {
    Secs(120)
}
fn half_a_second() -> u32 {
    500
}

impl SpoolConfig {
    /// The folders below `root`, where the daemon usually has them unless the file says otherwise.
    pub(in crate::gateways) fn folders(&self, root: &Path, answers: bool, receipts: bool) -> Folders {
        let usual = match self.daemon {
            Daemon::Smstools => ["outgoing", "checked", "sent", "failed", "incoming", "report"].map(Some),
            Daemon::Gammu => [Some("outbox"), None, Some("sent"), Some("error"), Some("inbox"), None],
        };
        let [outgoing, queued, sent, failed, incoming, reports] = usual.map(|name| name.map(|name| root.join(name)));
        let given = |given: &Option<PathBuf>| given.as_ref().map(|name| root.join(name));
        Folders {
            outgoing: given(&self.outgoing).or(outgoing).unwrap_or_default(),
            queued: match &self.queued {
                Some(List(given)) => given.iter().map(|name| root.join(name)).collect(),
                None => queued.into_iter().collect(),
            },
            sent: given(&self.sent).or(sent).unwrap_or_default(),
            failed: given(&self.failed).or(failed).unwrap_or_default(),
            incoming: given(&self.incoming).or(incoming).filter(|_| answers),
            reports: given(&self.report).or(reports).filter(|_| receipts),
        }
    }
}

impl Protocol for SpoolConfig {
    fn protocol(&self) -> &'static str {
        "smsspool"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        let name = entry.name;
        if self.folder.is_empty() {
            found.error(self.folder.place, "spool", "a spool without a folder");
        }
        if self.daemon == Daemon::Gammu && entry.receipts {
            let message =
                format!("gammu-smsd does not tell which SMS a status report is about (gateway \"{}\")", name.value);
            found.error(name.place, "spool-receipts", message).help("write receipts: false, or use smstools");
        }
        if self.queue.contains(|c: char| c.is_control()) {
            found.error(name.place, "spool-queue", "a queue's name is one line");
        }
    }

    fn host(&self) -> Option<&str> {
        None
    }

    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        if self.daemon == Daemon::Gammu && cx.receipts {
            return Err("gammu-smsd does not say which SMS a report is about: write receipts: false".into());
        }
        let mut config = self.clone();
        config.folders = self.folders(&cx.path(&self.folder.value), cx.answers, cx.receipts);
        config.sms = cx.sms_limits(Split::Udh8)?;
        config.window_max = cx.limits.window_max.map_or(config.window_max, bounded);
        config.accept_timeout = cx.limits.timeout.unwrap_or(config.accept_timeout);
        let (window_max, timeout_s) = (config.window_max.into(), config.accept_timeout.0);
        let gateway = Arc::new(Spool::new(cx.id.clone(), config));
        Ok(Built { window_max, ..Built::new(gateway, timeout_s) })
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        let folder = far.folder.to_string_lossy().into_owned();
        *self = Self { folder: folder.clone().into(), keep: self.keep, queue: self.queue.clone(), ..Self::default() };
        Facts::from([("folder", folder)])
    }
}
