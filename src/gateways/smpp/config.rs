//! One SMPP gateway, as it stands in `channels/sms.yaml` under `smpp:`.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Smpp;
use crate::domain::plan::Capability;
use crate::domain::text::sms::{SmsLimits, Split};
use crate::gateways::entry::Tls;
use crate::gateways::protocol::{BuildCx, Built, Entry, Facts, FarEnd, Protocol, bounded};
use crate::gateways::{Secret, sender};
use crate::yaml::{Found, Name, Secs};

/// How an SMPP session is bound (SMPP 3.4, 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum BindAs {
    /// One connection for both directions.
    #[default]
    Transceiver,
    /// Two connections, for gateways that know no transceiver.
    TransmitterAndReceiver,
}

/// The version told when the session is bound.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
pub enum Version {
    /// What nearly every gateway speaks.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// What some ask for. Everything that is sent is the same in both.
    #[serde(rename = "5.0")]
    V50,
}

impl Version {
    /// `interface_version` (SMPP 5.0, 4.7.13).
    pub const fn octet(self) -> u8 {
        match self {
            Version::V34 => 0x34,
            Version::V50 => 0x50,
        }
    }
}

/// Who puts the parts of a long SMS together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// The telephone, by a header that we write; every operator knows it.
    #[default]
    Udh,
    /// The telephone, by a header that the gateway writes (sar_* parameters).
    Sar,
    /// The gateway gets the text whole (message_payload) and cuts it.
    Payload,
}

/// How message numbers in receipts relate to those in answers. Appendix B of SMPP 3.4 calls them decimal; many gateways
/// answer with hexadecimal numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptIds {
    /// As given; when that is not found, converted. The far number must agree, too.
    #[default]
    Auto,
    /// As given, always.
    AsGiven,
    /// Hexadecimal in the answer, decimal in the receipt.
    HexInAnswer,
    /// Decimal in the answer, hexadecimal in the receipt.
    HexInReceipt,
}

/// SMPP 3.4.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["host", "port", "system_id", "from"]))]
pub struct SmppConfig {
    /// Name or address. An address spares the name service, which may be what is down.
    pub host: Name,
    /// Port; 2775 is registered, 3550 is usual with TLS.
    pub port: u16,
    /// TLS from the first byte, or none.
    pub tls: Tls,
    /// A CA file for TLS. Default: the machine's.
    pub ca_file: Option<PathBuf>,
    /// The name in the gateway's certificate. Default: host.
    pub tls_name: Option<String>,
    /// Who we are; at most 15 characters.
    pub system_id: String,
    /// The password; SMPP 3.4 has room for 8 characters, many gateways take more.
    pub password: Option<Secret>,
    /// The system type, as the operator wants it; at most 12 characters.
    pub system_type: String,
    /// The sender that telephones show; answers go to it. A number with +, a short number, or at most 11 letters and digits.
    pub from: Name,
    /// Seconds between enquiries while it is quiet.
    pub enquire_every: Secs,
    /// One connection for both directions, or two. limits.connections_max says how many sessions send.
    pub bind: BindAs,
    /// The version told when binding, in quotes: "3.4" or "5.0".
    pub version: Version,
    /// Who joins the parts of a long SMS. Without meaning when split is separate.
    pub join: Join,
    /// How message numbers stand in receipts: operators differ.
    pub receipt_ids: ReceiptIds,
    /// Type of number of the sender. Default: by its form (alphanumeric, short, international).
    pub from_ton: Option<u8>,
    /// Numbering plan of the sender. Default: by its form.
    pub from_npi: Option<u8>,
    /// Type of number of receivers that do not begin with + (SMPP 3.4, 5.2.5): 0 unknown, 2 national. Default: 0.
    pub to_ton: u8,
    /// Numbering plan of receivers. Default: 1 (telephony).
    pub to_npi: u8,
    /// The service type, as the operator wants it; at most 5 characters.
    pub service_type: String,
    /// The gateway is told after what time a text is of no use. Default: true.
    pub validity: bool,
    /// priority_flag of the most urgent texts, 0 to 3; some gateways refuse anything but 0. Default: 0.
    pub urgent_priority: u8,
    /// Each SMS carries our key for it (user_message_reference). Default: false.
    pub user_reference: bool,
    /// How long connecting and logging in may take. Default: 10s.
    pub connect_timeout: Secs,
    /// The longest wait before the next try to connect. Default: 30s.
    pub reconnect_max: Secs,
    /// Of the entry: alphabet, splitting, parts.
    #[serde(skip)]
    pub sms: SmsLimits,
    /// Of the entry: whether receipts are asked for.
    #[serde(skip)]
    pub receipts: bool,
    /// Of the entry: sessions at the same time that send; each has a window of its own.
    #[serde(skip)]
    pub binds: u16,
    /// Of the entry: the most submits without an answer.
    #[serde(skip)]
    pub window_max: u16,
    /// Of the entry: the most SMS a second over all sessions; 0 for no limit of ours.
    #[serde(skip)]
    pub per_second_max: u32,
    /// Of the entry: for the answer to a submit or an `enquire_link`.
    #[serde(skip)]
    pub response_timeout: Secs,
}

impl Default for SmppConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 0,
            tls: Tls::None,
            ca_file: None,
            tls_name: None,
            system_id: String::new(),
            password: None,
            system_type: String::new(),
            from: Name::default(),
            enquire_every: Secs(30),
            bind: BindAs::Transceiver,
            version: Version::V34,
            join: Join::Udh,
            receipt_ids: ReceiptIds::Auto,
            from_ton: None,
            from_npi: None,
            to_ton: 0,
            to_npi: 1,
            service_type: String::new(),
            validity: true,
            urgent_priority: 0,
            user_reference: false,
            connect_timeout: Secs(10),
            reconnect_max: Secs(30),
            sms: SmsLimits::default(),
            receipts: true,
            binds: 1,
            window_max: 10,
            per_second_max: 0,
            response_timeout: Secs(30),
        }
    }
}

impl SmppConfig {
    /// Everything that can't work, each with what to do.
    pub fn problems(&self) -> Vec<String> {
        let mut all = Vec::new();
        let texts = [
            ("system_id", self.system_id.as_str(), 15),
            ("system_type", &self.system_type, 12),
            ("service_type", &self.service_type, 5),
            ("from", self.from.as_str(), 20),
            ("password", self.password.as_ref().map_or("", Secret::expose), 64),
        ];
        for (name, text, len_max) in texts {
            if text.len() > len_max {
                all.push(format!("{name} is longer than {len_max} characters, which SMPP 3.4 can't carry"));
            }
            if !text.is_ascii() || text.bytes().any(|b| b == 0) {
                all.push(format!("{name} has characters that are not ASCII"));
            }
        }
        for (name, value) in [
            ("port", u32::from(self.port)),
            ("window_max", u32::from(self.window_max)),
            ("connections_max", u32::from(self.binds)),
            ("connect_timeout", self.connect_timeout.0),
            ("timeout", self.response_timeout.0),
            ("enquire_every", self.enquire_every.0),
            ("reconnect_max", self.reconnect_max.0),
        ] {
            if value == 0 {
                all.push(format!("{name} must be at least 1"));
            }
        }
        all
    }
}

impl Protocol for SmppConfig {
    fn protocol(&self) -> &'static str {
        "smpp"
    }

    fn copy(&self) -> Box<dyn Protocol> {
        Box::new(self.clone())
    }

    fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        entry.needs(
            &[
                ("host", self.host.place.line > 0),
                ("port", self.port != 0),
                ("system_id", !self.system_id.is_empty()),
                ("from", !self.from.is_empty()),
            ],
            found,
        );
        entry.host(&self.host, found);
        entry.secret(self.password.as_ref(), found);
        sender::check(&self.from, entry, found);
        if matches!(self.tls, Tls::Starttls | Tls::Opportunistic) {
            let message = "SMPP has no STARTTLS: its connection is TLS from the first byte, or not at all";
            found.error(self.host.place, "smpp-tls", message).help("write tls: tls or tls: none");
        }
    }

    fn capability(&self, mut of_entry: Capability) -> Capability {
        if let Capability::Sms { ref16, .. } = &mut of_entry {
            // The header that a gateway writes for sar_* has a reference of 16 bits.
            *ref16 |= self.join == Join::Sar;
        }
        of_entry
    }

    fn host(&self) -> Option<&str> {
        Some(&self.host)
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.password.iter().collect()
    }

    fn build(&self, cx: &BuildCx<'_>) -> Result<Built, String> {
        let mut config = self.clone();
        cx.read("password", &mut config.password)?;
        cx.settle(&mut config.ca_file);
        if matches!(config.tls, Tls::Starttls | Tls::Opportunistic) {
            return Err("SMPP has no STARTTLS: write tls: tls".into());
        }
        config.sms = cx.sms_limits(match config.join {
            Join::Udh => Split::Udh8,
            Join::Sar => Split::Sar,
            Join::Payload => Split::Payload,
        })?;
        config.receipts = cx.receipts;
        config.binds = cx.limits.connections_max.map_or(config.binds, bounded);
        config.window_max = cx.limits.window_max.map_or(config.window_max, bounded);
        config.per_second_max = cx.limits.per_second_max.unwrap_or(config.per_second_max);
        config.response_timeout = cx.limits.timeout.unwrap_or(config.response_timeout);
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let (connections_max, window_max) = (config.binds.into(), config.window_max.into());
        let timeout_s = config.response_timeout.0;
        let gateway = Arc::new(Smpp::new(cx.id.clone(), config));
        Ok(Built { connections_max, window_max, ..Built::new(gateway, timeout_s) })
    }

    fn turn_to(&mut self, far: &FarEnd<'_>) -> Facts {
        let password = (far.made)(8);
        self.password = Some(Secret::new(&*password));
        (self.host.value, self.port) = (far.addr.ip().to_string(), far.addr.port());
        (self.tls, self.ca_file) = (Tls::None, None);
        Facts::from([("system_id", self.system_id.clone()), ("password", password)])
    }
}
