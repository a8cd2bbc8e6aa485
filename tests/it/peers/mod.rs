//! Against servers that nobody here wrote. Each test is started by its script under `tests/peers/`, which starts the server and
//! says by environment variables where it is.

mod bounces;
mod etcd;
mod etcd_cluster;
mod etcd_journal;
mod etcd_kv;
mod everything;
mod fax;
mod kannel;
mod mail;
mod mirror;
mod paging;
mod roster;
mod sink;
mod smpp;
mod smpp_speed;
mod sms_far;
mod sms_spool;
mod ways;

/// What the script says.
fn said(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the script in tests/peers that belongs to this test"))
}

fn port(name: &str) -> u16 {
    said(name).parse().expect("a port")
}
