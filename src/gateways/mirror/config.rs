//! One mirror of the public page, as it stands in `channels/web.yaml` under `mirror:`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gateways::Secret;
use crate::yaml::addresses::check_url;
use crate::yaml::{Found, Name, Place, Secs};

/// Where the public page is mirrored; one of the three.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MirrorConfig {
    /// A folder on this machine, which a web server serves. It must exist: an unmounted disk must not be mistaken for an empty
    /// mirror.
    pub folder: Option<PathBuf>,
    /// WebDAV.
    pub webdav: Option<WebDavConfig>,
    /// An S3-compatible store.
    pub s3: Option<S3Config>,
    /// A CA file for TLS. Default: the machine's.
    pub ca_file: Option<PathBuf>,
    /// How long connecting may take. Default: 5s.
    pub connect_timeout: Secs,
    /// Of the page: where readers find it; pages are read back there too.
    #[serde(skip)]
    pub readback_url: String,
    /// Of the page: how long a request may take.
    #[serde(skip)]
    pub request_timeout: Secs,
}

impl Default for MirrorConfig {
    fn default() -> Self {
        Self {
            folder: None,
            webdav: None,
            s3: None,
            ca_file: None,
            connect_timeout: Secs(5),
            readback_url: String::new(),
            request_timeout: Secs(10),
        }
    }
}

/// A WebDAV collection.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebDavConfig {
    /// Its address (`https://web.example/larm/`).
    pub url: Name,
    /// The user.
    #[serde(default)]
    pub user: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// A bucket of an S3-compatible store.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Scheme, host and port (`https://s3.eu-north-1.amazonaws.com`).
    pub endpoint: Name,
    /// Its region. Default: us-east-1, which most compatible stores take.
    #[serde(default = "us_east_1")]
    pub region: String,
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
    pub secret: Secret,
}

fn us_east_1() -> String {
    "us-east-1".into()
}

impl MirrorConfig {
    /// Its secret, if it has one.
    pub fn secret(&self) -> Option<&Secret> {
        let password = self.webdav.as_ref().and_then(|d| d.password.as_ref());
        password.or(self.s3.as_ref().map(|s| &s.secret))
    }

    /// The address that it connects to, if it does.
    pub fn url(&self) -> Option<&Name> {
        self.webdav.as_ref().map(|d| &d.url).or(self.s3.as_ref().map(|s| &s.endpoint))
    }

    /// Says every mistake that can be seen in the file alone.
    pub fn check(&self, place: Place, found: &mut Found) {
        let kinds = [self.folder.is_some(), self.webdav.is_some(), self.s3.is_some()];
        let kinds = kinds.iter().filter(|is_there| **is_there).count();
        if kinds != 1 {
            found
                .error(place, "mirror", format!("a mirror is one place, here are {kinds}"))
                .help("write one of folder, webdav and s3; two are two mirrors");
        }
        if let Some(url) = self.url() {
            check_url(url, found);
        }
        if self.folder.as_ref().is_some_and(|f| f.to_string_lossy().trim().is_empty()) {
            found.error(place, "mirror", "the folder has no name");
        }
        if let Some(s3) = &self.s3
            && (s3.bucket.is_empty() || s3.bucket.contains(|c: char| c.is_whitespace() || c == '/'))
        {
            found.error(s3.bucket.place, "mirror", format!("\"{}\" is not the name of a bucket", s3.bucket.value));
        }
        if let Some(secret) = self.secret() {
            secret.check(found);
        }
    }

    /// Reads its secret and finds its files, which count from `base`.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn settled(&self, base: Option<&Path>) -> Result<Self, String> {
        let mut config = self.clone();
        for path in [&mut config.folder, &mut config.ca_file].into_iter().flatten() {
            *path = base.map_or_else(|| path.clone(), |b| b.join(&*path));
        }
        let password = config.webdav.as_mut().and_then(|d| d.password.as_mut());
        if let Some(secret) = password.or(config.s3.as_mut().map(|s| &mut s.secret)) {
            *secret = secret.read("password", base)?;
        }
        Ok(config)
    }
}
