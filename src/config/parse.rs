//! Files to what is written in them: one type a file, nothing looked up. What can't be read is left out and said.

use serde::de::DeserializeOwned;

use super::raw;
use super::source::{Files as Sources, ROSTERS, file_error};
use crate::domain::personal_number;
use crate::gateways::registry::{self, Files};
use crate::yaml::{Found, Kind, Node, Place, parse as parse_yaml, read};

/// All files, as far as they could be read.
#[derive(Default)]
pub(super) struct Raw {
    pub organisation: Option<raw::contacts::Organisation>,
    pub functions: Option<raw::contacts::Functions>,
    pub groups: Option<raw::contacts::Groups>,
    pub systems: Option<raw::systems::Systems>,
    pub infrastructure: Option<raw::systems::Infrastructure>,
    pub readiness: Option<raw::readiness::Readiness>,
    pub messages: Option<raw::messages::Messages>,
    pub gateways: Files,
    pub watch: Option<raw::watch::WatchFile>,
    pub webhooks: Option<raw::webhooks::Webhooks>,
    pub printers: Option<raw::printers::Printers>,
    pub drills: Option<raw::drills::Drills>,
    /// With the file of each.
    pub playbooks: Vec<(u32, raw::playbook::Playbook)>,
    pub rosters: Vec<RosterFile>,
    pub broken: Broken,
}

/// What could not be read whole: names in it may exist nevertheless.
#[derive(Clone, Copy, Default)]
pub(super) struct Broken {
    pub organisation: bool,
    pub functions: bool,
    pub gateways: bool,
    pub infra: bool,
    pub systems: bool,
    pub readiness: bool,
    pub messages: bool,
    pub playbooks: bool,
}

impl Broken {
    /// Whether there is anything of the kind.
    pub fn any(self) -> bool {
        let Self { organisation, functions, gateways, infra, systems, readiness, messages, playbooks } = self;
        organisation || functions || gateways || infra || systems || readiness || messages || playbooks
    }
}

impl Raw {
    /// A file that could not be read at all.
    pub fn unreadable(&mut self, path: &str) {
        if path.ends_with('/') {
            // The whole folder.
            let of_folder: Vec<&str> = known().filter(|known| known.starts_with(path)).collect();
            return of_folder.into_iter().for_each(|known| self.unreadable(known));
        }
        let flag = match path {
            "channels/infrastructure.yaml" => &mut self.broken.infra,
            "contacts/functions.yaml" | "contacts/groups.yaml" => &mut self.broken.functions,
            path if path.starts_with(ROSTERS) => &mut self.broken.functions,
            "contacts/organisation.yaml" => &mut self.broken.organisation,
            "playbooks/messages.yaml" => &mut self.broken.messages,
            "playbooks/readiness.yaml" => &mut self.broken.readiness,
            "playbooks/systems.yaml" => &mut self.broken.systems,
            path if path.starts_with("channels/") => &mut self.broken.gateways,
            _ => &mut self.broken.playbooks,
        };
        *flag = true;
    }
}

/// A calendar as it was read.
pub(super) struct RosterFile {
    pub file: u32,
    /// Whose: the file's name without its ending.
    pub function: String,
    pub text: String,
}

/// The names of the files that have a meaning of their own, beside those of gateways.
const KNOWN: [&str; 11] = [
    "channels/infrastructure.yaml",
    "channels/printers.yaml",
    "channels/watch.yaml",
    "channels/webhooks.yaml",
    "contacts/functions.yaml",
    "contacts/groups.yaml",
    "contacts/organisation.yaml",
    "playbooks/drills.yaml",
    "playbooks/messages.yaml",
    "playbooks/readiness.yaml",
    "playbooks/systems.yaml",
];

/// The names of all files that have a meaning of their own.
fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.into_iter().chain(registry::PATHS.iter().copied())
}

/// The words of the built-in region: what another region leaves out is as there.
pub(super) fn shipped_messages() -> Option<raw::messages::Messages> {
    let text = super::source::messages_text()?;
    let mut found = Found::default();
    let root = parse_yaml(0, &text, &mut found)?;
    typed(&mut false, &root, &mut found)
}

pub(super) fn parse(files: &Sources, unread: &[String], found: &mut Found) -> Raw {
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
        if !known().any(|known| known == path) && !in_playbooks {
            let folder = path.split('/').next();
            let mut there: Vec<&str> = known().filter(|known| known.split('/').next() == folder).collect();
            there.sort_unstable();
            found.error(Place::whole(file), "file-name", "no file of this name is read here").nearest(path, there);
            continue;
        }
        let Some(root) = parse_yaml(file, text, found) else {
            raw.unreadable(path);
            continue;
        };
        personal_numbers(&root, found);
        if let Some(left_out) = raw.gateways.read(path, &root, found) {
            raw.broken.gateways |= left_out;
            continue;
        }
        match path.as_str() {
            "channels/infrastructure.yaml" => raw.infrastructure = typed(&mut raw.broken.infra, &root, found),
            "channels/printers.yaml" => raw.printers = typed(&mut raw.broken.gateways, &root, found),
            "channels/watch.yaml" => raw.watch = typed(&mut raw.broken.gateways, &root, found),
            "channels/webhooks.yaml" => raw.webhooks = typed(&mut raw.broken.gateways, &root, found),
            "contacts/functions.yaml" => raw.functions = typed(&mut raw.broken.functions, &root, found),
            "contacts/groups.yaml" => raw.groups = typed(&mut raw.broken.functions, &root, found),
            "contacts/organisation.yaml" => raw.organisation = typed(&mut raw.broken.organisation, &root, found),
            "playbooks/drills.yaml" => raw.drills = typed(&mut raw.broken.playbooks, &root, found),
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
            file_error(found, path, "missing-file", "the file is missing".into())
                .help("`vardkase config init DIR` writes one to begin with, with comments");
            raw.unreadable(path);
        }
    }
    raw
}

/// Keys whose values are numbers to call.
const TO_CALL: [&str; 7] = ["call", "contact", "emergency", "fax", "number", "outside_call", "sms"];

/// Whatever looks like a person's number in a file: texts go to many. A warning, since nobody can say here that it is none.
fn personal_numbers(node: &Node, found: &mut Found) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if let Some(number) = personal_number::find(text) {
                let message = format!("this looks like a person's number ({})", number.register.name());
                found.warning(node.place, "personal-number", message).help("no text may hold one: take it out");
            }
        }
        Kind::Seq(all) => all.iter().for_each(|one| personal_numbers(one, found)),
        Kind::Map(all) => {
            for (key, value) in all {
                let to_call = matches!(&key.kind, Kind::Scalar { text, .. } if TO_CALL.contains(&text.as_str()));
                if !to_call {
                    personal_numbers(value, found);
                }
            }
        }
    }
}

/// Reads the type; notes when something was left out, so that names in it are not called unknown.
fn typed<T: DeserializeOwned>(broken: &mut bool, root: &Node, found: &mut Found) -> Option<T> {
    let (value, left_out) = read(root, found);
    *broken |= left_out || value.is_none();
    value
}
