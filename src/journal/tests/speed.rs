//! How fast it is: `cargo test --release --lib journal::tests::speed -- --ignored --nocapture`.

#![expect(clippy::disallowed_macros, reason = "figures are shown")]

use std::time::Instant;

use super::*;

#[test]
#[ignore = "a measurement, not a rule"]
fn a_million_records() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let begun = Instant::now();
    for n in 0..1000u64 {
        let records = (0..1000u64).map(|m| NewRecord::new(7, 1, 0, vec![(n ^ m) as u8; 60])).collect();
        append(&mut store, Batch::of(records)).unwrap();
        store.idle();
    }
    let took = begun.elapsed().as_secs_f64();
    println!("append, batches of 1000: {:.0} records/s", 1e6 / took);
    drop(store);
    let begun = Instant::now();
    let store = open(dir.path());
    let mut bytes = 0;
    let reader = store.open_reader()().unwrap();
    let head = reader.read(Head::START, &mut |record| {
        bytes += record.bytes.len();
        ControlFlow::Continue(())
    });
    assert_eq!((head.unwrap(), bytes), (store.head(), 60_000_000));
    println!("open and replay 1 000 000, verified: {:.3} s", begun.elapsed().as_secs_f64());
}

#[test]
#[ignore = "a measurement, not a rule"]
fn single_records_in_flight() {
    for in_flight in [1, 100, 1000] {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path(), OpenOptions::default()).unwrap();
        let total = if in_flight == 1 { 1000 } else { 50_000 };
        let mut waiting = std::collections::VecDeque::new();
        let begun = Instant::now();
        for n in 0..total {
            if waiting.len() == in_flight {
                Pending::wait(waiting.pop_front().unwrap()).unwrap();
            }
            waiting
                .push_back(journal.submit_blocking(n, Batch::of(vec![NewRecord::new(7, 1, 0, vec![1; 300])])).unwrap());
        }
        waiting.into_iter().for_each(|pending| assert!(pending.wait().is_ok()));
        println!("{in_flight} in flight: {:.0} records/s", total as f64 / begun.elapsed().as_secs_f64());
        journal.close();
    }
}
