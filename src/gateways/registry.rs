//! Every gateway that can be configured, by the file in which it stands. **Adding a protocol is one line here**: its key, the
//! words that editors show for it, and the type in its folder that reads what stands under the key.
//!
//! Configuration is read, checked and built through this table alone: whoever loads files knows no protocol.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub use super::entry::Limits;
use super::entry::{CharsetWord, SplitWord};
pub use super::manual::Coverage;
use super::manual::ManualGateway;
use super::way::{Envelope, Spoken};
pub use super::way::{GatewayConfig, Kind, Way};
pub use super::web::PageWord;
use super::web::WebGateway;
use super::{espa, fax_mail, hylafax, paging_http, pocsag, smpp, sms_http, sms_spool, smtp, snpp, tap};
use crate::yaml::{At, Found, List, Need, Node, Ordered, read};

/// One kind of gateway: what every entry of its file has, and the protocols, of which it has one.
macro_rules! gateways {
    (
        $(#[$about:meta])* $gateway:ident {
            $( $(#[$common_about:meta])* $common:ident: $common_type:ty, )+
        }
        $( $(#[$protocol_about:meta])* $key:ident: $config:ty, )+
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $gateway {
            $( $(#[$common_about])* pub $common: $common_type, )+
            $( $(#[$protocol_about])* #[serde(default)] pub $key: Option<At<$config>>, )+
        }
        impl $gateway {
            pub(super) fn protocols(&self) -> Vec<Spoken<'_>> {
                vec![$( Spoken::of(stringify!($key), self.$key.as_ref()) ),+]
            }
        }
    };
}

gateways! {
    /// An SMS gateway: exactly one protocol.
    SmsGateway {
        /// What it hangs on.
        #[serde(default)]
        needs: List<At<Need>>,
        /// What data_coding 0 means there: gsm7, latin1 or ascii7.
        alphabet: At<CharsetWord>,
        /// UCS-2 may be used for what the alphabet lacks.
        #[serde(default)]
        ucs2: bool,
        /// 16-bit reference in joined parts.
        #[serde(default)]
        ref16: bool,
        /// Joined, or separate.
        #[serde(default)]
        split: SplitWord,
        /// The most parts of one text.
        parts_max: At<u32>,
        /// Answers come back over it.
        #[serde(default)]
        answers: bool,
        /// It tells when the telephone has it.
        #[serde(default)]
        receipts: bool,
        /// Bounds of the gateway.
        #[serde(default)]
        limits: Limits,
    }
    /// SMPP 3.4 or 5.0.
    smpp: smpp::SmppConfig,
    /// An HTTP gateway.
    http: sms_http::SmsHttpConfig,
    /// A modem on this machine.
    spool: sms_spool::SpoolConfig,
}

gateways! {
    /// A mail server.
    EmailGateway {
        /// What it hangs on.
        #[serde(default)]
        needs: List<At<Need>>,
        /// Answers come back over it.
        #[serde(default)]
        answers: bool,
        /// It tells when the mailbox has it.
        #[serde(default)]
        receipts: bool,
        /// Bounds of the gateway.
        #[serde(default)]
        limits: Limits,
    }
    /// SMTP.
    #[schemars(required)]
    smtp: smtp::SmtpConfig,
}

gateways! {
    /// A way to fax machines: exactly one protocol.
    FaxGateway {
        /// What it hangs on.
        #[serde(default)]
        needs: List<At<Need>>,
        /// The most pages of one text.
        pages_max: At<u32>,
        /// The most characters of one text.
        chars_max: At<u32>,
        /// It tells when the far machine has every page.
        #[serde(default)]
        receipts: bool,
        /// Bounds of the gateway.
        #[serde(default)]
        limits: Limits,
    }
    /// The HylaFAX client protocol.
    hylafax: hylafax::HylafaxConfig,
    /// By mail to a provider.
    mail: fax_mail::FaxMailConfig,
}

gateways! {
    /// A paging transmitter: exactly one protocol.
    PagingGateway {
        /// What it hangs on.
        #[serde(default)]
        needs: List<At<Need>>,
        /// What it can show.
        charset: At<CharsetWord>,
        /// Characters of one page.
        chars_max: At<u32>,
        /// The most pages of one text.
        pages_max: At<u32>,
        /// The pagers can answer.
        #[serde(default)]
        answers: bool,
        /// It tells when the pager has it.
        #[serde(default)]
        receipts: bool,
        /// Bounds of the gateway.
        #[serde(default)]
        limits: Limits,
    }
    /// SNPP (RFC 1861).
    snpp: snpp::SnppConfig,
    /// TAP 1.8.
    tap: tap::TapConfig,
    /// ESPA 4.4.4.
    espa: espa::EspaConfig,
    /// POCSAG as sound.
    pocsag: pocsag::PocsagConfig,
    /// A provider's interface over HTTP.
    http: paging_http::PagingHttpConfig,
}

/// The files, each with the entries in it, in the order in which the plan has them.
macro_rules! files {
    ( $( $name:ident: $gateway:ty, $title:literal; )+ ) => {
        /// The gateways of all files, as they were read.
        #[derive(Default)]
        pub struct Files {
            $( $name: Option<file::Of<$gateway>>, )+
        }

        /// The files' names: `channels/sms.yaml`.
        pub const PATHS: &[&str] = &[$( concat!("channels/", stringify!($name), ".yaml") ),+];
        /// What [`schema`] knows.
        pub const NAMES: &[&str] = &[$( stringify!($name) ),+];

        impl Files {
            /// Reads one of [`PATHS`]. Says whether something in it had to be left out; `None`: the file is none of them.
            pub fn read(&mut self, path: &str, root: &Node, found: &mut Found) -> Option<bool> {
                $( if path == concat!("channels/", stringify!($name), ".yaml") {
                    let (file, left_out) = read(root, found);
                    self.$name = file;
                    return Some(left_out || self.$name.is_none());
                } )+
                None
            }

            /// Every entry that says how it is spoken to, with all that is wrong in it told to `found`.
            pub fn ways(&self, found: &mut Found) -> Vec<Way<'_>> {
                let mut ways = Vec::new();
                $( for (name, gateway) in self.$name.iter().flat_map(|f| f.gateways.iter()) {
                    ways.extend(gateway.way(name, found));
                } )+
                ways
            }
        }

        /// The JSON Schema of one of [`NAMES`].
        pub fn schema(name: &str) -> Option<Value> {
            $( if name == stringify!($name) {
                let mut schema = schemars::schema_for!(file::Of<$gateway>);
                schema.insert("title".into(), $title.into());
                schema.insert("description".into(), concat!("`channels/", stringify!($name), ".yaml`.").into());
                return Some(schema.to_value());
            } )+
            None
        }
    };
}

files! {
    sms: SmsGateway, "SmsFile";
    email: EmailGateway, "EmailFile";
    fax: FaxGateway, "FaxFile";
    paging: PagingGateway, "PagingFile";
    web: WebGateway, "WebFile";
    manual: ManualGateway, "ManualFile";
}

mod file {
    use super::*;

    /// A file of gateways.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Of<T> {
        /// By their names, in the order in which they are tried.
        pub gateways: Ordered<T>,
    }
}
