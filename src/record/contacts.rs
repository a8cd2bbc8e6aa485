//! The contacts that an incident keeps, as they are sealed beside the record that opens it: JSON, with its format.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CannotRead;

/// The format that is written now.
pub const FORMAT: u32 = 1;

/// Contacts, format 1.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contacts1 {
    format: u32,
    /// Addresses by duty point of the incident's plan.
    addresses: Vec<Arc<str>>,
}

/// What only tells the format.
#[derive(Deserialize)]
struct OfFormat {
    format: u32,
}

/// Addresses by duty point, as they are kept.
pub fn encode(addresses: &[Arc<str>]) -> Vec<u8> {
    // Writing JSON into memory can't fail for strings.
    serde_json::to_vec(&Contacts1 { format: FORMAT, addresses: addresses.to_vec() }).unwrap_or_default()
}

/// Reads them. Before there was a format they were a bare list.
///
/// # Errors
/// A newer format, or damaged bytes.
pub fn decode(bytes: &[u8]) -> Result<Vec<Arc<str>>, CannotRead> {
    let damaged = |e: serde_json::Error| CannotRead::Damaged(format!("its contacts: {e}"));
    if bytes.first() == Some(&b'[') {
        return serde_json::from_slice(bytes).map_err(damaged);
    }
    let OfFormat { format } = serde_json::from_slice(bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(CannotRead::NewerPart { what: "its contacts", format, known: FORMAT });
    }
    serde_json::from_slice::<Contacts1>(bytes).map(|c| c.addresses).map_err(damaged)
}
