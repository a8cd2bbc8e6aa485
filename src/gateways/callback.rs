//! Calls that come from a far end: under which path of the public listener, and who reads them. Receiving is the web
//! server's.

use std::fmt;
use std::sync::Arc;

use super::http_api::Signature;
use super::{GatewayEvent, Secret};
use crate::domain::ids::GatewayId;

/// Where calls come in, from the root of the public listener.
pub const PREFIX: &str = "/cb/";

/// What a far end calls for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallbackKind {
    /// News of a delivery.
    Receipt,
    /// Somebody wrote back.
    Reply,
}

/// Why a call was not understood. Goes back as 400.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadCallback(pub String);
impl fmt::Display for BadCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for BadCallback {}

/// Reads one call, from its query and body. `None`: a state on the way, nothing to tell.
pub type Reader = dyn Fn(CallbackKind, &str, &[u8]) -> Result<Option<GatewayEvent>, BadCallback> + Send + Sync;

/// Where receipts and answers of a gateway come in.
#[derive(Clone)]
pub struct Callback {
    /// Reads the calls.
    pub reader: Arc<Reader>,
    /// The secret part of the path: without it the answer is 404.
    pub secret: Secret,
    /// A call without it is answered 403.
    pub signature: Option<Signature>,
}

/// The path under which a gateway calls back, from the root of the public listener.
pub fn path(id: &GatewayId, secret: &Secret, kind: CallbackKind) -> String {
    let kind = match kind {
        CallbackKind::Receipt => "receipt",
        CallbackKind::Reply => "reply",
    };
    format!("{PREFIX}{id}/{}/{kind}", secret.expose())
}
