//! The written form is a contract: what was written once is read by every later version, to the byte.

mod earlier;
mod golden;
mod refused;
mod samples;
