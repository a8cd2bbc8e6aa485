#![no_main]

#[path = "../../tests/it/bytes/targets.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::mail_report(bytes));
