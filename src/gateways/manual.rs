//! Gateways that people walk (`channels/manual.yaml`): no machine speaks to anybody.

use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::Limits;
use super::way::{Envelope, Kind, Way};
use crate::domain::plan::{Capability, Channel};
use crate::yaml::{At, Found, List, Name, Need, Texts};

/// What shows that it was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptWord {
    /// Who walked it says so.
    Operator,
    /// The receiver signs.
    Signature,
}

/// A gateway that people walk.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualGateway {
    /// What it is called.
    pub title: Texts,
    /// What to do, for whoever walks it.
    pub how: Texts,
    /// What it hangs on.
    #[serde(default)]
    pub needs: List<At<Need>>,
    /// The most characters. Default: no bound.
    #[serde(default)]
    pub chars_max: Option<u32>,
    /// What shows that it was done.
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "it may be written, and says what always holds")
    )]
    pub receipt: ReceiptWord,
    /// Whom it reaches: the rest needs another way.
    #[serde(default)]
    pub coverage: Option<Coverage>,
}

/// Whom a gateway reaches.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Of what: wards.
    pub of: Texts,
    /// How many it reaches.
    pub reached: At<u32>,
    /// How many there are.
    pub total: u32,
}

impl Envelope for ManualGateway {
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>> {
        let mut texts = vec![&self.title, &self.how];
        if let Some(coverage) = &self.coverage {
            texts.push(&coverage.of);
            if coverage.reached.value > coverage.total {
                let message = format!("{} of {} can't be reached", coverage.reached.value, coverage.total);
                found.error(coverage.reached.place, "coverage", message);
            }
        }
        Some(Way {
            name,
            channel: Channel::Manual,
            capability: Capability::Whole { chars_max: self.chars_max },
            answers: false,
            receipts: true,
            needs: &self.needs,
            limits: Limits::default(),
            texts,
            kind: Kind::Walk(self.clone()),
        })
    }
}
