//! Exact bytes on the wire, and each channel against its gateway in `sim`.
mod fax_mail;
mod hylafax;
mod smpp;
mod sms_http;
pub(crate) mod smtp;
mod snpp;
