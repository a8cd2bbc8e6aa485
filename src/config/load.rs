//! From a folder, or from the folders that are compiled in, to a plan.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::check::{self, Depth};
use super::diagnostics::{Diagnostic, Found, Place, Severity};
use super::raw::{self, channels};
use super::resolve::{self, Raw, RosterFile};
use super::secrets::SecretRef;
use super::tests_block::TestCase;
use super::{de, yaml};
use crate::bounded::read_file;
use crate::domain::ids::{FunctionId, GatewayId, PointIx};
use crate::domain::plan::{Channel, Plan};

/// The most files in one of the three folders.
pub const FILES_MAX: usize = 2_000;
/// The folders, in the order in which they are read.
const FOLDERS: [&str; 3] = ["channels", "contacts", "playbooks"];
/// Calendars, for those who take turns; the folder need not be there.
pub(super) const ROSTERS: &str = "contacts/rosters/";

/// The fictional region, compiled in.
const SHIPPED: [(&str, Dir<'static>); 3] = [
    ("channels", include_dir!("$CARGO_MANIFEST_DIR/channels")),
    ("contacts", include_dir!("$CARGO_MANIFEST_DIR/contacts")),
    ("playbooks", include_dir!("$CARGO_MANIFEST_DIR/playbooks")),
];

/// Where configuration comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The fictional region that is compiled in.
    Shipped,
    /// A folder with `channels/`, `playbooks/` and `contacts/`.
    Dir(PathBuf),
    /// Files by path (`playbooks/flood.yaml`) with their text.
    Files(Vec<(String, String)>),
}

/// The addresses of duty points. Kept apart from the plan, never shown by Debug, never in a log.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contacts {
    addresses: Vec<Arc<str>>,
}

impl Contacts {
    /// Addresses, by duty point.
    pub fn new(addresses: Vec<Arc<str>>) -> Self {
        Self { addresses }
    }
    /// All of them, by duty point.
    pub fn addresses(&self) -> &[Arc<str>] {
        &self.addresses
    }
    /// The address of a duty point of the same plan.
    pub fn address(&self, p: PointIx) -> Option<&Arc<str>> {
        self.addresses.get(p.ix())
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.addresses.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }
    /// The duty point of a channel with that address, for answers that come in.
    pub fn find(&self, plan: &Plan, channel: Channel, address: &str) -> Option<PointIx> {
        let wanted = same_as(channel, address);
        let hit = self
            .addresses
            .iter()
            .zip(&plan.points)
            .position(|(a, p)| p.channel == channel && same_as(channel, a) == wanted);
        hit.and_then(|i| u32::try_from(i).ok()).map(PointIx)
    }
}
impl fmt::Debug for Contacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contacts({} addresses)", self.addresses.len())
    }
}

/// What two ways of writing one address have in common: gateways give numbers with `+`, with `00`, or with neither.
fn same_as(channel: Channel, address: &str) -> String {
    let normal = normal(channel, address);
    match channel {
        Channel::Sms | Channel::Fax => {
            let digits = normal.strip_prefix('+').or_else(|| normal.strip_prefix("00")).unwrap_or(&normal);
            digits.to_owned()
        }
        _ => normal,
    }
}

/// One way of writing an address: without spaces and hyphens in numbers, small letters in mail.
pub(super) fn normal(channel: Channel, address: &str) -> String {
    match channel {
        Channel::Email => address.trim().to_lowercase(),
        Channel::Sms | Channel::Fax => address.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect(),
        Channel::Paging | Channel::Web | Channel::Manual => address.trim().to_owned(),
    }
}

/// How a gateway is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayKind {
    /// SMTP.
    Smtp,
    /// SMPP 3.4.
    Smpp,
    /// An HTTP gateway for SMS.
    Http,
    /// A modem's spool.
    SmsSpool,
    /// The HylaFAX client protocol.
    Hylafax,
    /// A fax provider that takes mails.
    FaxMail,
    /// SNPP (RFC 1861).
    Snpp,
    /// TAP 1.8.
    Tap,
    /// ESPA 4.4.4.
    Espa,
    /// POCSAG as sound.
    Pocsag,
    /// A page of this program.
    Web,
    /// People walk it.
    Manual,
}

/// The settings of a kind, as they stand in YAML.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one a gateway, made once")]
pub enum Settings {
    /// SMTP.
    Smtp(Box<channels::SmtpEntry>),
    /// SMPP.
    Smpp(Box<channels::SmppEntry>),
    /// HTTP.
    Http(Box<channels::SmsHttpEntry>),
    /// A modem's spool.
    SmsSpool(Box<channels::SmsSpoolEntry>),
    /// HylaFAX.
    Hylafax(channels::HylafaxEntry),
    /// Fax by mail.
    FaxMail(Box<channels::FaxMailEntry>),
    /// SNPP.
    Snpp(channels::SnppEntry),
    /// TAP.
    Tap(channels::TapEntry),
    /// ESPA.
    Espa(channels::EspaEntry),
    /// POCSAG.
    Pocsag(channels::PocsagEntry),
    /// A page.
    Web(channels::WebGateway),
    /// A walk.
    Manual(channels::ManualGateway),
}

/// One configured way out, for the channel that speaks its protocol. Same position as in `plan.gateways`.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// `sms-api`.
    pub id: GatewayId,
    /// Its channel.
    pub channel: Channel,
    /// How it is spoken to.
    pub kind: GatewayKind,
    /// Host, port and the rest.
    pub settings: Settings,
    /// Its bounds, as far as they are given.
    pub limits: channels::LimitsEntry,
    /// The folder from which relative paths of secrets and CA files count; `None`: the shipped region.
    pub base: Option<PathBuf>,
}

impl GatewayConfig {
    /// Where its password lies, if it has one.
    pub fn password(&self) -> Option<SecretRef> {
        let entry = match &self.settings {
            Settings::Smtp(s) => &s.password,
            Settings::Smpp(s) => &s.password,
            Settings::Http(s) => &s.password,
            Settings::Hylafax(s) => &s.password,
            Settings::FaxMail(s) => &s.smtp.password,
            Settings::Snpp(s) => &s.password,
            Settings::Tap(s) => &s.password,
            Settings::Espa(_) | Settings::Pocsag(_) | Settings::SmsSpool(_) => return None,
            Settings::Web(w) => {
                let secret = w.mirror.as_ref().and_then(|m| m.secret());
                return SecretRef::of(&secret?.value, self.base.as_deref());
            }
            Settings::Manual(_) => return None,
        };
        SecretRef::of(&entry.as_ref()?.value, self.base.as_deref())
    }
    /// Where the password of the mailbox lies in which its reports come in, if it has one.
    pub fn mailbox_password(&self) -> Option<SecretRef> {
        match &self.settings {
            Settings::Smtp(s) => {
                let imap = s.mailbox.as_ref()?.value.imap.as_ref()?;
                SecretRef::of(&imap.password.value, self.base.as_deref())
            }
            _ => None,
        }
    }
    /// Where the secret part of its callback's path lies, if it has one.
    pub fn callback_secret(&self) -> Option<SecretRef> {
        match &self.settings {
            Settings::Http(s) => SecretRef::of(&s.callback_secret.as_ref()?.value, self.base.as_deref()),
            _ => None,
        }
    }
    /// Where the secret lies that its calls are signed with, if they are.
    pub fn callback_signature_secret(&self) -> Option<SecretRef> {
        match &self.settings {
            Settings::Http(s) => SecretRef::of(&s.callback_signature.as_ref()?.secret.value, self.base.as_deref()),
            _ => None,
        }
    }
    /// The host it connects to, if it does: `demo` refuses all but loopback.
    pub fn host(&self) -> Option<String> {
        match &self.settings {
            Settings::Smtp(s) => Some(s.host.value.clone()),
            Settings::Smpp(s) => Some(s.host.value.clone()),
            Settings::Hylafax(s) => Some(s.host.value.clone()),
            Settings::FaxMail(s) => Some(s.smtp.host.value.clone()),
            Settings::Snpp(s) => Some(s.host.value.clone()),
            // A device and a program are of this machine.
            Settings::Tap(s) => s.line.host.as_ref().map(|h| h.value.clone()),
            Settings::Espa(s) => s.line.host.as_ref().map(|h| h.value.clone()),
            Settings::Pocsag(s) => s.host.as_ref().map(|h| h.value.clone()),
            Settings::Http(s) => host_of(&s.url).map(str::to_owned),
            Settings::Web(s) => {
                let url = s.mirror.as_ref().and_then(|m| m.url()).unwrap_or(&s.readback_url);
                host_of(url).map(str::to_owned)
            }
            Settings::SmsSpool(_) | Settings::Manual(_) => None,
        }
    }
    /// Whether it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.host() {
            None => true,
            Some(host) => host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        }
    }
}

/// The host of `http://user@host:port/path`.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    match host_port.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map(|(h, _)| h),
        None => Some(host_port.split_once(':').map_or(host_port, |(h, _)| h)),
    }
    .filter(|h| !h.is_empty())
}

/// A watcher outside, and the signs of life that it gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watch {
    /// Asked by GET.
    pub url: Option<String>,
    /// How often.
    pub url_every_s: u32,
    /// A function outside that gets a note.
    pub sms_to: Option<FunctionId>,
    /// How often.
    pub sms_every_s: u32,
    /// A CA file for TLS.
    pub ca_file: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout_s: u32,
}

/// What configuration gives.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Everything but addresses.
    pub plan: Plan,
    /// The addresses, by duty point.
    pub contacts: Contacts,
    /// How to speak to the gateways of the plan, in its order.
    pub gateways: Vec<GatewayConfig>,
    /// What would hurt at night.
    pub warnings: Vec<Diagnostic>,
    /// The region does not exist: every page and terminal says so.
    pub fictional: bool,
    /// What the playbooks' `tests:` blocks expect.
    pub tests: Vec<TestCase>,
    /// Who watches this program from outside, if anybody.
    pub watch: Option<Watch>,
}

/// Reads, resolves and checks a configuration.
///
/// # Errors
/// Every mistake of all files, warnings included, sorted by file and line, when there is at least one error.
pub fn load(source: &Source) -> Result<Loaded, Vec<Diagnostic>> {
    load_to(source, Depth::Start)
}

/// The same, as closely as `check` looks: for a configuration that is to be taken while the old one still holds.
///
/// # Errors
/// As [`load`].
pub fn load_checked(source: &Source) -> Result<Loaded, Vec<Diagnostic>> {
    load_to(source, Depth::Check)
}

fn load_to(source: &Source, depth: Depth) -> Result<Loaded, Vec<Diagnostic>> {
    let (loaded, list) = load_all(source, depth);
    match loaded {
        Some(loaded) if list.iter().all(|d| d.severity == Severity::Warning) => Ok(Loaded { warnings: list, ..loaded }),
        _ => Err(list),
    }
}

/// The same, keeping what could be read when there are errors (for `check`).
pub(super) fn load_all(source: &Source, depth: Depth) -> (Option<Loaded>, Vec<Diagnostic>) {
    let (files, unread, mut found) = read(source);
    let hash = hash(&files);
    let raw = parse(&files, &unread, &mut found);
    let base = match source {
        Source::Dir(dir) => Some(dir.as_path()),
        Source::Shipped | Source::Files(_) => None,
    };
    let resolved = resolve::resolve(&raw, base, &mut found);
    let mut loaded = resolved.loaded;
    loaded.plan.hash = hash;
    loaded.plan.index();
    // With a broken file or a name that leads nowhere, what is missing elsewhere would be guessed.
    let sound = !raw.broken.any() && !found.has_unknown_names() && !loaded.plan.functions.is_empty();
    if sound {
        check::run(&loaded, depth, &resolved.places, &mut found);
    }
    let loaded = (sound && !found.has_errors()).then_some(loaded);
    (loaded, found.into_sorted())
}

type Files = Vec<(String, String)>;

/// The files, and the paths of those that could not be read.
fn read(source: &Source) -> (Files, Vec<String>, Found) {
    let mut found = Found::default();
    let mut unread = Vec::new();
    let mut files: Files = match source {
        Source::Files(files) => files.clone(),
        Source::Shipped => shipped_files(),
        Source::Dir(dir) => read_dir(dir, &mut unread, &mut found),
    };
    files.sort();
    for (path, text) in &files {
        found.sources.add(path, text);
    }
    (files, unread, found)
}

/// The fictional region, file by file: what `--config` starts from.
pub(super) fn shipped_files() -> Files {
    let mut files = Vec::new();
    for (folder, shipped) in &SHIPPED {
        for file in shipped.files() {
            let name = file.path().to_string_lossy();
            if name.ends_with(".yaml") {
                files.push((format!("{folder}/{name}"), String::from_utf8_lossy(file.contents()).into_owned()));
            }
        }
    }
    files.sort();
    files
}

/// Mistakes about files that were not read have a path of their own.
fn file_error(found: &mut Found, path: &str, code: &'static str, message: String) {
    found.error(Place::whole(u32::MAX), code, message).file = path.into();
}

fn read_dir(dir: &Path, unread: &mut Vec<String>, found: &mut Found) -> Files {
    let mut files = Vec::new();
    for folder in FOLDERS {
        match std::fs::read_dir(dir.join(folder)) {
            Ok(entries) => read_files(entries, &format!("{folder}/"), ".yaml", &mut files, unread, found),
            Err(e) => {
                let message = format!("the folder {} can't be read: {e}", dir.join(folder).display());
                file_error(found, folder, "folder", message);
                unread.extend(KNOWN.iter().filter(|k| k.starts_with(folder)).map(|k| (*k).to_owned()));
            }
        }
    }
    match std::fs::read_dir(dir.join(ROSTERS)) {
        Ok(entries) => read_files(entries, ROSTERS, ".ics", &mut files, unread, found),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => file_error(found, ROSTERS, "folder", format!("the folder can't be read: {e}")),
    }
    files
}

fn read_files(
    entries: std::fs::ReadDir,
    folder: &str,
    ending: &str,
    files: &mut Files,
    unread: &mut Vec<String>,
    found: &mut Found,
) {
    for entry in entries.flatten().take(FILES_MAX) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}{name}");
        if name.starts_with('.') || entry.path().is_dir() {
            continue;
        }
        if name.ends_with(".yml") {
            file_error(found, &path, "file-name", format!("{path} is not read: rename it to end in .yaml"));
        }
        if !name.ends_with(ending) {
            continue;
        }
        match read_file(&entry.path(), yaml::FILE_BYTES_MAX as u64) {
            Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
                file_error(found, &path, "file-too-large", e.to_string());
                unread.push(path);
            }
            Err(e) => {
                file_error(found, &path, "file", format!("the file can't be read: {e}"));
                unread.push(path);
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => files.push((path, text)),
                Err(e) => {
                    let at = e.utf8_error().valid_up_to();
                    let line = 1 + e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
                    let message = format!("line {line} is not UTF-8; save the file as UTF-8");
                    file_error(found, &path, "encoding", message);
                    unread.push(path);
                }
            },
        }
    }
}

/// What the journal names a plan by: SHA-256 over the sorted paths and bytes.
fn hash(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (path, text) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// The names of the files that have a meaning of their own.
const KNOWN: [&str; 14] = [
    "channels/email.yaml",
    "channels/fax.yaml",
    "channels/infrastructure.yaml",
    "channels/manual.yaml",
    "channels/paging.yaml",
    "channels/sms.yaml",
    "channels/watch.yaml",
    "channels/web.yaml",
    "contacts/functions.yaml",
    "contacts/groups.yaml",
    "contacts/organisation.yaml",
    "playbooks/messages.yaml",
    "playbooks/readiness.yaml",
    "playbooks/systems.yaml",
];

fn parse(files: &Files, unread: &[String], found: &mut Found) -> Raw {
    let mut raw = Raw::default();
    for path in unread {
        raw.unreadable(path);
    }
    for (i, (path, text)) in files.iter().enumerate() {
        let file = u32::try_from(i).unwrap_or(u32::MAX);
        let in_playbooks = path.starts_with("playbooks/");
        if let Some(name) = path.strip_prefix(ROSTERS) {
            let function = name.trim_end_matches(".ics").to_owned();
            raw.rosters.push(RosterFile { file, function, text: text.clone() });
            continue;
        }
        if !KNOWN.contains(&path.as_str()) && !in_playbooks {
            found
                .error(Place::whole(file), "file-name", "no file of this name is read here")
                .nearest(path, KNOWN.iter().copied().filter(|k| k.split('/').next() == path.split('/').next()));
            continue;
        }
        let Some(root) = yaml::parse(file, text, found) else {
            raw.unreadable(path);
            continue;
        };
        match path.as_str() {
            "channels/email.yaml" => raw.email = typed(&mut raw.broken.gateways, &root, found),
            "channels/fax.yaml" => raw.fax = typed(&mut raw.broken.gateways, &root, found),
            "channels/infrastructure.yaml" => raw.infrastructure = typed(&mut raw.broken.infra, &root, found),
            "channels/manual.yaml" => raw.manual = typed(&mut raw.broken.gateways, &root, found),
            "channels/paging.yaml" => raw.paging = typed(&mut raw.broken.gateways, &root, found),
            "channels/sms.yaml" => raw.sms = typed(&mut raw.broken.gateways, &root, found),
            "channels/watch.yaml" => raw.watch = typed(&mut raw.broken.gateways, &root, found),
            "channels/web.yaml" => raw.web = typed(&mut raw.broken.gateways, &root, found),
            "contacts/functions.yaml" => raw.functions = typed(&mut raw.broken.functions, &root, found),
            "contacts/groups.yaml" => raw.groups = typed(&mut raw.broken.functions, &root, found),
            "contacts/organisation.yaml" => raw.organisation = typed(&mut raw.broken.organisation, &root, found),
            "playbooks/messages.yaml" => raw.messages = typed(&mut raw.broken.messages, &root, found),
            "playbooks/readiness.yaml" => raw.readiness = typed(&mut raw.broken.readiness, &root, found),
            "playbooks/systems.yaml" => raw.systems = typed(&mut raw.broken.systems, &root, found),
            _ => {
                let playbook: Option<raw::playbook::Playbook> = typed(&mut raw.broken.playbooks, &root, found);
                raw.playbooks.extend(playbook.map(|p| (file, p)));
            }
        }
    }
    for (path, there) in [
        ("channels/infrastructure.yaml", raw.infrastructure.is_some() || raw.broken.infra),
        ("contacts/functions.yaml", raw.functions.is_some() || raw.broken.functions),
        ("contacts/organisation.yaml", raw.organisation.is_some() || raw.broken.organisation),
        ("playbooks/messages.yaml", raw.messages.is_some() || raw.broken.messages),
        ("playbooks/readiness.yaml", raw.readiness.is_some() || raw.broken.readiness),
        ("playbooks/systems.yaml", raw.systems.is_some() || raw.broken.systems),
    ] {
        if !there {
            file_error(found, path, "missing-file", "the file is missing".into());
            raw.unreadable(path);
        }
    }
    raw
}

/// Reads the type; notes when something was left out, so that names in it are not called unknown.
fn typed<T: DeserializeOwned>(broken: &mut bool, root: &yaml::Node, found: &mut Found) -> Option<T> {
    let (value, left_out) = de::read(root, found);
    *broken |= left_out || value.is_none();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_an_address() {
        for (url, host) in [
            ("http://127.0.0.1:13013/send", Some("127.0.0.1")),
            ("https://u:p@sms.example/x?y", Some("sms.example")),
            ("http://[::1]:80/", Some("::1")),
            ("http:///x", None),
            ("x", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    #[test]
    fn contacts_show_nothing() {
        let contacts = Contacts::new(vec!["+46701740605".into()]);
        assert_eq!(format!("{contacts:?}"), "Contacts(1 addresses)");
    }
}
