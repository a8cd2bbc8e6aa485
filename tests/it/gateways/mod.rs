//! Exact bytes on the wire, and each channel against its gateway in `sim`.
mod espa;
mod fax_mail;
mod hylafax;
mod paging_http;
mod paging_loopback;
pub(crate) mod paging_rig;
mod pocsag;
mod sending;
pub mod smpp;
mod sms_http;
pub mod sms_spool;
pub(crate) mod smtp;
mod snpp;
mod snpp_two_way;
mod tap;
