//! Pages that this program publishes (`channels/web.yaml`): spoken to in no protocol, but perhaps mirrored to another server.

use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::Limits;
use super::mirror::MirrorConfig;
use super::way::{Envelope, Kind, Way};
use crate::domain::plan::{Capability, Channel};
use crate::yaml::addresses::{check_url, host_of};
use crate::yaml::{At, Found, List, Name, Need, Secret};

/// Who reads a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PageWord {
    /// Everybody.
    Public,
    /// The staff.
    Internal,
}

/// A page.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebGateway {
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// Who reads it.
    pub page: PageWord,
    /// Bounds of the gateway.
    #[serde(default)]
    pub limits: Limits,
    /// Where it is read back: what does not stand there was not published.
    pub readback_url: Name,
    /// Where the page is put, when another server shows it. Without: this program's own listener shows it.
    #[serde(default)]
    pub mirror: Option<At<MirrorConfig>>,
}

impl WebGateway {
    /// Its secrets.
    pub fn secrets(&self) -> Vec<&Secret> {
        self.mirror.iter().filter_map(|m| m.secret()).collect()
    }

    /// The host that it connects to.
    pub fn host(&self) -> Option<&str> {
        host_of(self.mirror.as_ref().and_then(|m| m.url()).unwrap_or(&self.readback_url))
    }
}

impl Envelope for WebGateway {
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>> {
        check_url(&self.readback_url, found);
        if let Some(mirror) = &self.mirror {
            mirror.value.check(mirror.place, found);
            if self.page != PageWord::Public {
                let message = "only the public page is mirrored: nothing internal may lie on a server outside";
                found.error(mirror.place, "mirror", message);
            }
        }
        self.limits.check(name, found);
        Some(Way {
            name,
            channel: Channel::Web,
            capability: Capability::Whole { chars_max: None },
            answers: false,
            receipts: true,
            needs: &self.needs,
            limits: self.limits.clone(),
            texts: Vec::new(),
            kind: Kind::Page(Box::new(self.clone())),
        })
    }
}
