//! Secrets: references in YAML, read when a gateway starts, never shown.

use std::fmt;
use std::path::{Path, PathBuf};

use super::raw::channels::SecretEntry;
use crate::bounded::read_text;

/// The most bytes of a secret's file.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// A password or key. Debug and Display show nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the wire only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl From<String> for Secret {
    fn from(s: String) -> Self {
        Self(s)
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(PathBuf),
    /// Nowhere: the program made it up for a gateway on loopback.
    Made(Secret),
}

impl SecretRef {
    /// From YAML. `None` unless exactly one place is named.
    pub fn of(entry: &SecretEntry, base: Option<&Path>) -> Option<Self> {
        if let Some(made) = &entry.made {
            return Some(Self::Made(made.clone()));
        }
        match (&entry.env, &entry.file) {
            (Some(name), None) => Some(Self::Env(name.clone())),
            (None, Some(path)) => Some(Self::File(base.map_or_else(|| PathBuf::from(path), |b| b.join(path)))),
            _ => None,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is missing and where it was looked for; never the secret.
    pub fn read(&self) -> Result<Secret, String> {
        match self {
            Self::Env(name) => {
                std::env::var(name).map(Secret).map_err(|_| format!("the environment variable {name} is not set"))
            }
            Self::Made(secret) => Ok(secret.clone()),
            Self::File(path) => {
                let shown = path.display();
                let text = read_text(path, SECRET_BYTES_MAX).map_err(|e| format!("{shown}: {e}"))?;
                Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_and_never_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("pw"), "hemligt\n").expect("a file");
        let entry = SecretEntry { env: None, file: Some("pw".into()), ..SecretEntry::default() };
        let secret = SecretRef::of(&entry, Some(dir.path())).and_then(|r| r.read().ok()).expect("a secret");
        assert_eq!(secret.reveal(), "hemligt");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        let both = SecretEntry { env: Some("A".into()), file: Some("b".into()), ..SecretEntry::default() };
        assert_eq!(SecretRef::of(&both, None), None);
        let absent = SecretRef::Env("VARDKASE_NO_SUCH_SECRET".into());
        assert_eq!(absent.read(), Err("the environment variable VARDKASE_NO_SUCH_SECRET is not set".into()));
    }

    #[test]
    fn no_file_can_say_a_secret_itself() {
        assert!(serde_json::from_str::<SecretEntry>(r#"{"made":"hemligt"}"#).is_err());
        let schema = crate::config::schema::schema("sms").expect("a schema").to_string();
        assert!(schema.contains("callback_secret") && !schema.contains("\"made\""));
        let made = SecretEntry { made: Some("hemligt".to_owned().into()), ..SecretEntry::default() };
        assert!(!format!("{made:?} {:?}", SecretRef::of(&made, None)).contains("hemligt"));
    }
}
