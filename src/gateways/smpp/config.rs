//! One SMPP gateway as an operator configures it.

use serde::Deserialize;

use crate::domain::text::sms::SmsLimits;
use crate::gateways::Secret;

/// How the session is bound (SMPP 3.4, 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum BindAs {
    /// One connection for both directions.
    #[default]
    Transceiver,
    /// Two connections, for gateways that know no transceiver.
    TransmitterAndReceiver,
}

/// The version that is told when the session is bound.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Debug)]
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

/// How message numbers in receipts relate to those in answers. Appendix B of SMPP 3.4 calls them decimal; many gateways
/// answer with hexadecimal numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Debug)]
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

/// An SMPP 3.4 gateway.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct SmppConfig {
    /// Name or IP address. An address spares the name service, which may be what is down.
    pub host: String,
    /// TCP port; 2775 is registered, 3550 is usual with TLS.
    pub port: u16,
    /// Whether the connection is TLS from its first byte.
    pub tls: bool,
    /// PEM file with the CA to trust; the machine's own CAs when empty.
    pub tls_ca_file: String,
    /// The name in the gateway's certificate; `host` when empty.
    pub tls_server_name: String,
    /// Who we are to the gateway; at most 15 characters.
    pub system_id: String,
    /// The password; SMPP 3.4 has room for 8 characters, many gateways take more.
    pub password: Secret,
    /// Mostly empty; at most 12 characters.
    pub system_type: String,
    /// How to bind.
    pub bind_as: BindAs,
    /// Sessions at the same time that send; each has a window of its own.
    pub binds: u16,
    /// The version told in `bind`.
    pub version: Version,
    /// What the receiver sees as sender: a number with `+`, a short number, or at most 11 letters and digits.
    pub from: String,
    /// Type of number of `from`; chosen by its form when absent.
    pub from_ton: Option<u8>,
    /// Numbering plan of `from`; chosen by its form when absent.
    pub from_npi: Option<u8>,
    /// Type of number of receivers that do not begin with `+` (SMPP 3.4, 5.2.5: 0 unknown, 2 national).
    pub to_ton: u8,
    /// Numbering plan of receivers (1 is ISDN).
    pub to_npi: u8,
    /// Mostly empty; at most 5 characters.
    pub service_type: String,
    /// Alphabet, splitting, parts.
    pub sms: SmsLimits,
    /// The most submits without an answer.
    pub window_max: u16,
    /// The most SMS a second over all sessions; 0 for no limit of ours.
    pub per_second_max: u32,
    /// Whether receipts are asked for.
    pub receipts: bool,
    /// How their numbers are written.
    pub receipt_ids: ReceiptIds,
    /// Whether the gateway is told after what time a text is no use.
    pub validity: bool,
    /// `priority_flag` of the most urgent texts; some gateways refuse anything but 0.
    pub urgent_priority_flag: u8,
    /// Whether each SMS carries a `user_message_reference` made of the delivery's ID.
    pub user_reference: bool,
    /// To connect, secure and bind.
    pub connect_timeout_s: u32,
    /// For the answer to a submit or an `enquire_link`.
    pub response_timeout_s: u32,
    /// Silence after which the gateway is asked whether it is there.
    pub enquire_link_s: u32,
    /// The longest wait before the next try to connect.
    pub backoff_max_s: u32,
}

impl Default for SmppConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 2775,
            tls: false,
            tls_ca_file: String::new(),
            tls_server_name: String::new(),
            system_id: String::new(),
            password: Secret::default(),
            system_type: String::new(),
            bind_as: BindAs::Transceiver,
            binds: 1,
            version: Version::V34,
            from: String::new(),
            from_ton: None,
            from_npi: None,
            to_ton: 0,
            to_npi: 1,
            service_type: String::new(),
            sms: SmsLimits::default(),
            window_max: 10,
            per_second_max: 0,
            receipts: true,
            receipt_ids: ReceiptIds::Auto,
            validity: true,
            urgent_priority_flag: 0,
            user_reference: false,
            connect_timeout_s: 10,
            response_timeout_s: 30,
            enquire_link_s: 30,
            backoff_max_s: 30,
        }
    }
}

impl SmppConfig {
    /// Everything that can't work, each with what to do. For `check`.
    pub fn problems(&self) -> Vec<String> {
        let mut all = Vec::new();
        let texts = [
            ("system_id", self.system_id.as_str(), 15),
            ("system_type", &self.system_type, 12),
            ("service_type", &self.service_type, 5),
            ("from", &self.from, 20),
            ("password", self.password.expose(), 64),
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
            ("connect_timeout_s", self.connect_timeout_s),
            ("response_timeout_s", self.response_timeout_s),
            ("enquire_link_s", self.enquire_link_s),
            ("backoff_max_s", self.backoff_max_s),
        ] {
            if value == 0 {
                all.push(format!("{name} must be at least 1"));
            }
        }
        all
    }
}
