//! The file that `serve --cluster` names: which node this is, and where etcd is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bounded::{read_text, why};
use crate::journal::etcd;
use crate::yaml::diagnostics::Sources;
use crate::yaml::{At, Diagnostic, FILE_BYTES_MAX, Found, List, Place, parse, read};

/// Longest name of a node.
const NAME_CHARS_MAX: usize = 40;

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    node: At<String>,
    #[serde(default)]
    site: String,
    etcd: Members,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    endpoints: List<At<String>>,
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default = "prefix")]
    prefix: At<String>,
    #[serde(default)]
    insecure: bool,
}

fn prefix() -> At<String> {
    At { value: "/vardkase/".into(), place: Place::whole(0) }
}

/// The file, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Who we are among the nodes: `fs-1`.
    pub node: String,
    /// The site that it stands at, for people.
    pub site: String,
    pub etcd: etcd::Settings,
}

impl Settings {
    /// Reads the file of that name. Relative paths in it count from where it lies.
    ///
    /// # Errors
    /// Every mistake of it.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let shown = path.display().to_string();
        match read_text(path, FILE_BYTES_MAX as u64) {
            Ok(text) => Self::read(&shown, &text, path.parent()),
            Err(error) => {
                let mut sources = Sources::default();
                let file = sources.add(&shown, "");
                let mut found = Found::new(sources);
                found.error(Place::whole(file), "unreadable", format!("it can't be read: {}", why(&error)));
                Err(found.into_sorted())
            }
        }
    }

    /// Reads its text.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn read(name: &str, text: &str, base: Option<&Path>) -> Result<Self, Vec<Diagnostic>> {
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let mut found = Found::new(sources);
        let written = parse(file, text, &mut found).and_then(|root| read::<File>(&root, &mut found).0);
        let settings = written.map(|written| checked(written, file, base, &mut found));
        match settings {
            Some(settings) if !found.has_errors() => Ok(settings),
            _ => Err(found.into_sorted()),
        }
    }
}

fn checked(file: File, number: u32, base: Option<&Path>, found: &mut Found) -> Settings {
    let File { node, site, etcd: Members { endpoints, ca, cert, key, prefix, insecure } } = file;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if node.value.is_empty() || node.value.len() > NAME_CHARS_MAX || !node.value.chars().all(is_name) {
        let said = format!("a node is named with a-z, 0-9 and -, at most {NAME_CHARS_MAX} of them: `node: fs-1`");
        found.error(node.place, "node-name", said);
    }
    let at = |file: Option<PathBuf>| file.map(|file| base.map_or(file.clone(), |base| base.join(&file)));
    let first = endpoints.first().map_or(Place::whole(number), |e| e.place);
    let endpoints = endpoints.iter().map(|e| e.value.clone()).collect();
    let mut prefix = prefix.value;
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    let etcd = etcd::Settings { endpoints, ca: at(ca), cert: at(cert), key: at(key), prefix, insecure };
    for bad in etcd.check() {
        found.error(first, "etcd", bad.to_string());
    }
    Settings { node: node.value, site, etcd }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const GOOD: &str = "node: fs-1\nsite: FS\netcd:\n  endpoints: [https://a.example:2379, https://b.example:2379]\n  \
                        ca: ca.pem\n  cert: node.pem\n  key: node.key\n  prefix: /vardkase\n";

    #[test]
    fn the_file_says_who_we_are_and_where_etcd_is() {
        let read = Settings::read("cluster.yaml", GOOD, Some(Path::new("/etc/vardkase"))).unwrap();
        assert_eq!((&*read.node, &*read.site, &*read.etcd.prefix), ("fs-1", "FS", "/vardkase/"));
        assert_eq!(read.etcd.ca.unwrap(), Path::new("/etc/vardkase/ca.pem"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (from, to, said) in [
            ("fs-1", "\"FS 1\"", "a-z"),
            ("https://a.example:2379", "http://a.example:2379", "https://"),
            ("  key: node.key\n", "", "belong together"),
            ("site", "sites", "sites"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let list = Settings::read("cluster.yaml", &text, None).unwrap_err();
            let text: Vec<String> = list.iter().map(|d| format!("{}:{}: {}", d.file, d.line, d.message)).collect();
            assert!(text.iter().any(|line| line.contains(said) && line.starts_with("cluster.yaml:")), "{to}: {text:?}");
        }
    }
}
