//! Exact bytes on the wire, and each channel against its gateway in `sim`.
mod hylafax;
pub mod smpp;
mod sms_http;
pub mod sms_spool;
pub(crate) mod smtp;
mod snpp;
