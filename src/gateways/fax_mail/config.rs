//! One fax provider that takes mails, as it stands in `channels/fax.yaml` under `mail:`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::FaxMail;
use crate::domain::plan::Capability;
use crate::gateways::Secret;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::gateways::smtp::{SmtpConfig, SmtpGateway};
use crate::yaml::{Found, Name};

/// What stands for the number in the provider's address.
pub const NUMBER: &str = "{number}";

/// Fax by mail: the page as a PDF to a provider, who dials. It never tells that a fax was delivered.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct FaxMailConfig {
    /// The provider's address, with {number} where the number goes: "{number}@fax.provider.example".
    pub to: Name,
    /// What a leading + becomes ("00", or ""). Default: it stays.
    #[serde(default)]
    pub dial_prefix: Option<String>,
    /// The subject, where the provider reads it (a PIN, a customer's number). Default: number, fingerprint and title.
    #[serde(default)]
    pub subject: Option<String>,
    /// The mail server that takes it.
    pub smtp: SmtpConfig,
    /// Of the entry: a longer text is not sent by fax.
    #[serde(skip)]
    pub pages_max: u16,
}

impl Protocol for FaxMailConfig {
    fn protocol(&self) -> &'static str {
        "faxmail"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        self.smtp.check_server(entry, found);
        let parts: Vec<&str> = self.to.split(NUMBER).collect();
        if parts.len() != 2 || parts[0].contains('@') || !parts[1].contains('@') {
            let message = format!("\"{}\" is not the address of a fax provider", self.to.value);
            found
                .error(self.to.place, "fax-address", message)
                .help("write {number} where the number goes: \"{number}@fax.provider.example\"");
        }
        if entry.receipts || self.smtp.mailbox.is_some() {
            let name = entry.name;
            let message = format!("gateway \"{}\" would take a report on the mail for one on the fax", name.value);
            found
                .error(name.place, "fax-receipts", message)
                .help("a mail server knows nothing of the machine that is called: leave out receipts and mailbox");
        }
    }

    fn host(&self) -> Option<&str> {
        Some(&self.smtp.host)
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.smtp.secrets()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let Capability::Fax { pages_max, .. } = cx.capability else {
            return Err(format!("{} is not a fax gateway in the plan", cx.id));
        };
        // A report on the mail says nothing of the fax: none is asked for.
        let smtp = SmtpConfig { mailbox: None, answers: false, ..self.smtp.settled(cx)? };
        let (connections_max, timeout_s) = (smtp.connections_max.into(), smtp.timeout_s());
        let config = Self { pages_max: bounded(*pages_max), smtp: smtp.clone(), ..self.clone() };
        let letters = Arc::new(FaxMail::new(config)?);
        let (now, key) = (cx.env.now.clone(), cx.env.mail_key);
        let gateway = SmtpGateway::carrying(cx.id.clone(), smtp, now, key, letters)?;
        Ok(Built { connections_max, ..Built::new(Arc::new(gateway), timeout_s) })
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        self.smtp.turn_server_to(far)
    }
}
