//! Printers that sheets to walk with come out of (`channels/printers.yaml`).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{Name, Ordered, Secs};

/// `channels/printers.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Printers {
    /// Each by its ID.
    pub printers: Ordered<PrinterEntry>,
}

/// A printer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrinterEntry {
    /// Where it is: ipp://10.0.4.7/ipp/print, or ipps://.
    pub url: Name,
    /// What comes out of it: couriers, calls. Default: both.
    #[serde(default)]
    pub prints: Vec<Name>,
    /// A CA file for TLS. Default: the machine's.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// How long an answer may take. Default: 20s.
    #[serde(default)]
    pub timeout: Option<Secs>,
}
