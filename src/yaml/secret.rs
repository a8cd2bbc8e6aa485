//! Secrets: the files say where they lie (`{ env: NAME }`, `{ file: PATH }`), never what they are. Read when a gateway starts,
//! never shown.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::{At, Found, Place};
use crate::bounded::{read_text, why};

/// The most bytes of a secret's file.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Where a secret lies: `{ env: NAME }` or `{ file: PATH }`, one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SecretEntry {
    /// Name of an environment variable.
    #[serde(default)]
    env: Option<String>,
    /// Path of a file; relative paths count from the configuration folder.
    #[serde(default)]
    file: Option<PathBuf>,
}

/// A password, key or token: where it lies, and what it is once it was read. Debug shows where, never what it is nor how long;
/// nothing writes it (no `Serialize`, no `Display`).
#[derive(Clone, Default)]
pub struct Secret {
    env: Option<String>,
    file: Option<PathBuf>,
    value: String,
    place: Place,
}

impl Secret {
    /// A secret that somebody has already: made up for a gateway on loopback, or for a test.
    pub fn new(secret: impl Into<String>) -> Self {
        Self { value: secret.into(), ..Self::default() }
    }

    /// A secret that lies in a file, and was not read yet.
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(path.into()), ..Self::default() }
    }

    /// The secret itself, for the wire only. Empty before it was read.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether there is none, or it was not read yet.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// Says it when the files name no place, or two.
    pub fn check(&self, found: &mut Found) {
        if self.env.is_some() == self.file.is_some() {
            found
                .error(self.place, "secret", "a secret lies in one place")
                .help("write { env: NAME } or { file: PATH }; no secret stands in these files");
        }
    }

    /// The same secret, read. Relative paths count from `base`; `what` names it (`password`).
    ///
    /// # Errors
    /// What is missing, where it was looked for, and what to do; never the secret.
    pub fn read(&self, what: &str, base: Option<&Path>) -> Result<Self, String> {
        if self.env.is_none() && self.file.is_none() {
            return if self.is_empty() { Err(format!("its {what} is empty")) } else { Ok(self.clone()) };
        }
        let mut read = self.clone();
        read.file = self.file.as_ref().map(|file| base.map_or_else(|| file.clone(), |b| b.join(file)));
        // A program can't see what its environment became later.
        let then = if read.file.is_some() { "put it there and reload" } else { "set it and start the program again" };
        read.value = read.fetch().map_err(|e| format!("its {what} is missing: {e}; {then}"))?;
        if read.is_empty() {
            return Err(format!("its {what} is empty: {}; {then}", read.whereabouts()));
        }
        Ok(read)
    }

    /// The secret as it is now: its file is read again, so that a renewed token or a changed password needs no restart. A file
    /// that can't be read now leaves what was read before.
    pub async fn now(&self) -> Self {
        if self.file.is_none() {
            return self.clone();
        }
        let secret = self.clone();
        let read = tokio::task::spawn_blocking(move || secret.fetch().ok().filter(|s| !s.is_empty()));
        match read.await {
            Ok(Some(value)) => Self { value, ..self.clone() },
            _ => self.clone(),
        }
    }

    fn fetch(&self) -> Result<String, String> {
        if let Some(name) = &self.env {
            return std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"));
        }
        let Some(path) = &self.file else { return Ok(self.value.clone()) };
        let shown = path.display();
        let text = read_text(path, SECRET_BYTES_MAX).map_err(|e| format!("{shown}: {}", why(&e)))?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn whereabouts(&self) -> String {
        match (&self.env, &self.file) {
            (Some(name), _) => format!("the environment variable {name}"),
            (_, Some(path)) => path.display().to_string(),
            _ => "made up".into(),
        }
    }
}

/// Equal are secrets that are the same, wherever they lie.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.env, &self.file, self.is_empty()) {
            (Some(name), ..) => write!(f, "Secret(env {name})"),
            (_, Some(path), _) => write!(f, "Secret(file {})", path.display()),
            (None, None, true) => f.write_str("Secret(none)"),
            (None, None, false) => f.write_str("Secret(…)"),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let At { value: SecretEntry { env, file }, place } = At::<SecretEntry>::deserialize(d)?;
        Ok(Self { env, file, value: String::new(), place })
    }
}
impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        SecretEntry::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SecretEntry::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(env: Option<&str>, file: Option<&str>) -> Secret {
        Secret { env: env.map(Into::into), file: file.map(Into::into), ..Secret::default() }
    }

    #[tokio::test]
    async fn a_secret_is_read_again_and_never_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("pw"), "hemligt\n").expect("a file");
        let secret = of(None, Some("pw")).read("password", Some(dir.path())).expect("a secret");
        assert_eq!(secret.expose(), "hemligt");
        assert!(!format!("{secret:?} {:?}", Some(&secret)).contains("hemligt"));
        std::fs::write(dir.path().join("pw"), "nytt\r\n").expect("a file");
        assert_eq!(secret.now().await, Secret::new("nytt"));
        std::fs::write(dir.path().join("pw"), "\n").expect("a file");
        assert_eq!(secret.now().await, Secret::new("hemligt"), "nobody logs in with nothing");
        let empty = of(None, Some("pw")).read("password", Some(dir.path())).expect_err("an empty file");
        assert!(empty.starts_with("its password is empty: ") && empty.ends_with("put it there and reload"), "{empty}");
        let absent = of(Some("VARDKASE_NO_SUCH_SECRET"), None).read("password", None);
        let why = "its password is missing: the environment variable VARDKASE_NO_SUCH_SECRET is not set; set it and start \
                   the program again";
        assert_eq!(absent, Err(why.into()));
        assert_eq!(format!("{:?} {:?}", Secret::new("hemligt"), Secret::default()), "Secret(…) Secret(none)");
    }

    #[test]
    fn no_file_can_say_a_secret_itself() {
        assert!(serde_json::from_str::<SecretEntry>(r#"{"value":"hemligt"}"#).is_err());
        let mut found = Found::default();
        of(Some("A"), Some("b")).check(&mut found);
        of(None, None).check(&mut found);
        assert_eq!(found.into_sorted().len(), 1, "said once for each place");
        assert!(!format!("{:?}", of(Some("A"), Some("b"))).contains('b'));
    }
}
