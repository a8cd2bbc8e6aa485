//! The file that `serve --oidc` names: which provider is asked, and what its groups may do here. Whoever is in none of them may nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::accounts::{Functions, Right};
use crate::bounded::{read_text, why};
use crate::domain::plan::Plan;
use crate::yaml::diagnostics::Sources;
use crate::yaml::{At, Diagnostic, FILE_BYTES_MAX, Found, List, Place, Secret, parse, read};

/// Groups that may be named.
const GROUPS_MAX: usize = 500;

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    issuer: At<String>,
    client_id: String,
    client_secret: Option<Secret>,
    name: String,
    #[serde(default)]
    scopes: List<String>,
    #[serde(default = "groups")]
    groups_claim: String,
    ca_file: Option<PathBuf>,
    groups: List<Entry>,
}

fn groups() -> String {
    "groups".into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    group: String,
    rights: List<Right>,
    #[serde(default)]
    functions: List<At<String>>,
}

/// What a group of the provider may do here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    pub name: String,
    pub rights: BTreeSet<Right>,
    pub functions: Functions,
}

/// The file, checked, with its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// As the provider writes itself, byte for byte.
    pub issuer: String,
    pub client_id: String,
    /// A provider that asks for none knows us by PKCE alone.
    pub secret: Option<Secret>,
    /// On the button.
    pub name: String,
    /// Besides `openid`.
    pub scopes: Vec<String>,
    /// Where the ID token says the groups.
    pub groups_claim: String,
    pub ca_file: Option<PathBuf>,
    pub groups: Vec<Group>,
}

impl Settings {
    /// Reads the file of that name.
    ///
    /// # Errors
    /// Every mistake of it.
    pub fn load(path: &Path, plan: &Plan) -> Result<Self, Vec<Diagnostic>> {
        let shown = path.display().to_string();
        match read_text(path, FILE_BYTES_MAX as u64) {
            Ok(text) => Self::read(&shown, &text, path.parent(), plan),
            Err(error) => {
                let mut sources = Sources::default();
                let file = sources.add(&shown, "");
                let mut found = Found::new(sources);
                found.error(Place::whole(file), "unreadable", format!("it can't be read: {}", why(&error)));
                Err(found.into_sorted())
            }
        }
    }

    /// Reads its text. Relative paths count from `base`.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn read(name: &str, text: &str, base: Option<&Path>, plan: &Plan) -> Result<Self, Vec<Diagnostic>> {
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let mut found = Found::new(sources);
        let written = parse(file, text, &mut found).and_then(|root| read::<File>(&root, &mut found).0);
        let settings = written.map(|written| checked(written, file, base, plan, &mut found));
        match settings {
            Some(settings) if !found.has_errors() => Ok(settings),
            _ => Err(found.into_sorted()),
        }
    }

    /// What somebody in these groups may; nothing for who is in none that is named. Rights and functions of all groups add up.
    pub fn granted(&self, groups: &[String]) -> Option<(BTreeSet<Right>, Functions)> {
        let mut all = self.groups.iter().filter(|g| groups.contains(&g.name)).peekable();
        all.peek()?;
        let (mut rights, mut functions) = (BTreeSet::new(), BTreeSet::new());
        for group in all {
            rights.extend(group.rights.iter().copied());
            functions.extend(group.functions.0.iter().cloned());
        }
        Some((rights, Functions(functions)))
    }
}

fn checked(file: File, number: u32, base: Option<&Path>, plan: &Plan, found: &mut Found) -> Settings {
    let whole = Place::whole(number);
    if secure(&file.issuer.value).is_none() {
        let said = "an issuer is an address with https:// (on this machine http:// too)";
        found.error(file.issuer.place, "issuer", said);
    }
    for (what, text) in [("client_id", &file.client_id), ("name", &file.name), ("groups_claim", &file.groups_claim)] {
        if text.trim().is_empty() {
            found.error(whole, "empty", format!("`{what}` is empty"));
        }
    }
    let secret = file.client_secret.and_then(|secret| {
        secret.check(found);
        match secret.read("client_secret", base) {
            Ok(read) => Some(read),
            Err(why) => {
                found.error(whole, "secret", why);
                None
            }
        }
    });
    let entries: Vec<Entry> = file.groups.0;
    if entries.is_empty() || entries.len() > GROUPS_MAX {
        found.error(whole, "groups", format!("name 1 to {GROUPS_MAX} groups: whoever is in none may nothing"));
    }
    let groups = entries.into_iter().map(|entry| {
        let rights: BTreeSet<Right> = entry.rights.0.into_iter().collect();
        let functions: Vec<At<String>> = entry.functions.0;
        for function in &functions {
            if function.value != Functions::EVERY && plan.function_ix(&function.value).is_none() {
                found.error(function.place, "unknown-function", format!("there is no function {}", function.value));
            }
        }
        let acts = rights.iter().any(|r| !matches!(r, Right::Read | Right::Administer));
        if acts && functions.is_empty() {
            found.error(whole, "no-function", format!("the group {} acts for no function", entry.group));
        }
        let functions = Functions(functions.into_iter().map(|f| f.value.as_str().into()).collect());
        Group { name: entry.group, rights, functions }
    });
    let groups = groups.collect();
    Settings {
        issuer: file.issuer.value,
        client_id: file.client_id,
        secret,
        name: file.name,
        scopes: file.scopes.0.into_iter().filter(|s| s != "openid").collect(),
        groups_claim: file.groups_claim,
        ca_file: file.ca_file.map(|file| base.map_or_else(|| file.clone(), |b| b.join(&file))),
        groups,
    }
}

/// An address that nobody on the way reads or changes: over TLS, or on this machine.
pub(super) fn secure(text: &str) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(text).ok()?;
    let host = url.host_str()?;
    let here =
        host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()) || host == "[::1]";
    (url.scheme() == "https" || url.scheme() == "http" && here).then_some(url)
}
