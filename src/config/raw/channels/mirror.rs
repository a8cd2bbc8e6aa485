//! Mirrors of the public page (`channels/web.yaml`).

use schemars::JsonSchema;
use serde::Deserialize;

use super::SecretEntry;
use crate::config::raw::{At, Name, Secs};

/// Where the public page is mirrored; one of the three.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MirrorEntry {
    /// A folder on this machine, which a web server serves. It must exist.
    #[serde(default)]
    pub folder: Option<Name>,
    /// WebDAV.
    #[serde(default)]
    pub webdav: Option<WebDavEntry>,
    /// An S3-compatible store.
    #[serde(default)]
    pub s3: Option<S3Entry>,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// How long connecting may take. Default: 5s.
    #[serde(default)]
    pub connect_timeout: Option<Secs>,
}

/// A WebDAV collection.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebDavEntry {
    /// Its address (`https://web.example/larm/`).
    pub url: Name,
    /// The user.
    #[serde(default)]
    pub user: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<At<SecretEntry>>,
}

/// A bucket of an S3-compatible store.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Entry {
    /// Scheme, host and port (`https://s3.eu-north-1.amazonaws.com`).
    pub endpoint: Name,
    /// Its region. Default: us-east-1, which most compatible stores take.
    #[serde(default)]
    pub region: Option<String>,
    /// The bucket.
    pub bucket: Name,
    /// Before each key.
    #[serde(default)]
    pub prefix: String,
    /// The bucket stands in the host's name (`bucket.s3.example`), not in the path. Default: false.
    #[serde(default)]
    pub virtual_host: bool,
    /// The access key's name.
    pub key_id: String,
    /// The secret access key.
    pub secret: At<SecretEntry>,
}

impl MirrorEntry {
    /// Where its secret lies, if it has one.
    pub fn secret(&self) -> Option<&At<SecretEntry>> {
        let password = self.webdav.as_ref().and_then(|d| d.password.as_ref());
        password.or(self.s3.as_ref().map(|s| &s.secret))
    }
    /// The address that it connects to, if it does.
    pub fn url(&self) -> Option<&Name> {
        self.webdav.as_ref().map(|d| &d.url).or(self.s3.as_ref().map(|s| &s.endpoint))
    }
    /// How many of the three were given.
    pub fn kinds(&self) -> usize {
        usize::from(self.folder.is_some()) + usize::from(self.webdav.is_some()) + usize::from(self.s3.is_some())
    }
}
