//! The shipped region, and folders of valid and invalid configuration: adding a file adds a test.

use vardkase::config::{Source, load, run_check};

#[test]
fn the_shipped_region_loads() {
    let report = run_check(&Source::Shipped, false);
    println!("{}", report.text());
    let loaded = load(&Source::Shipped).expect("no errors");
    assert_eq!(loaded.plan.functions.len(), 31);
    assert_eq!(loaded.plan.systems.len(), 32);
    assert_eq!(loaded.plan.gateways.len(), 16);
    assert_eq!(loaded.plan.playbooks.len(), 8);
    assert_eq!(loaded.plan.routines.len(), 9);
    assert!(loaded.fictional);
    assert!(loaded.gateways.iter().all(|g| g.is_loopback()));
}
