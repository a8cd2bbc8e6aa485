//! The simulation: the real loop, workers, rules and journal in one thread on virtual time, with seeded randomness. Gateways
//! are slow, lose, duplicate, answer late, accept and die; disks fill, hang and tear; the program is killed between any two
//! steps; people answer late, twice, wrongly, never. After each run an auditor of its own ([`auditor`]) judges by the journal
//! and by what far devices showed.
//!
//! `VARDKASE_SEEDS=200` runs so many seeds; `VARDKASE_SEED=17` one, with its timeline. Longer: `cargo run --release --example
//! simulate -- --seeds 100000`.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "a test that can not go on has failed")]

pub mod auditor;
pub mod coverage;
mod ends;
mod operator;
mod rng;
pub mod run;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use coverage::{Coverage, RULES};

/// Each so many'th seed has its journal in real files.
const FILES_EVERY: u64 = 16;

/// Runs a seed as the others do.
pub fn seed(n: u64) -> run::Ran {
    run::run(n, n % FILES_EVERY == FILES_EVERY - 1)
}

/// What many seeds gave.
#[derive(Default)]
pub struct Sum {
    pub seeds: u64,
    pub records: u64,
    pub lives: u64,
    pub coverage: Coverage,
    /// Seeds that failed, with what was wrong.
    pub failed: Vec<(u64, Vec<String>)>,
    pub seconds: f64,
}

/// Runs seeds on all cores until they are done, or `failures_max` of them failed.
pub fn many(from: u64, seeds: u64, failures_max: usize) -> Sum {
    let next = AtomicU64::new(from);
    let sum = Mutex::new(Sum::default());
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= from + seeds || sum.lock().unwrap().failed.len() >= failures_max {
                        return;
                    }
                    let ran = std::panic::catch_unwind(|| seed(n));
                    let mut sum = sum.lock().unwrap();
                    sum.seeds += 1;
                    match ran {
                        Ok(ran) => {
                            sum.records += ran.records.len() as u64;
                            sum.lives += u64::from(ran.lives);
                            sum.coverage.add(&ran.coverage);
                            if !ran.violations.is_empty() {
                                sum.failed.push((n, ran.violations));
                            }
                        }
                        Err(_) => sum.failed.push((n, vec!["a panic; see above".into()])),
                    }
                }
            });
        }
    });
    let mut sum = sum.into_inner().unwrap();
    sum.seconds = began.elapsed().as_secs_f64();
    sum.failed.sort_by_key(|f| f.0);
    sum
}

/// What was reached, as a table.
pub fn report(sum: &Sum) -> String {
    let mut out = format!(
        "{} seeds, {} lives of the program, {} records, {:.1} s, {:.0} seeds a minute\n",
        sum.seeds,
        sum.lives,
        sum.records,
        sum.seconds,
        sum.seeds as f64 / sum.seconds.max(0.001) * 60.0
    );
    out.push_str("rules reached:\n");
    for rule in RULES {
        out.push_str(&format!("  {:>9}  {rule}\n", sum.coverage.reached.get(rule).copied().unwrap_or(0)));
    }
    out.push_str("faults met:\n");
    for (what, n) in &sum.coverage.met {
        out.push_str(&format!("  {n:>9}  {what}\n"));
    }
    for (seed, wrong) in &sum.failed {
        out.push_str(&format!("FAILED: seed {seed} (VARDKASE_SEED={seed} shows its timeline)\n"));
        for w in wrong.iter().take(6) {
            out.push_str(&format!("    {w}\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many failed seeds are shown; then it is enough.
    const FAILURES_MAX: usize = 5;

    fn number(name: &str) -> Option<u64> {
        std::env::var(name).ok()?.parse().ok()
    }

    #[test]
    fn nothing_is_lost_and_nobody_forgotten() {
        if let Some(n) = number("VARDKASE_SEED") {
            let ran = seed(n);
            println!("{}", run::timeline(&ran));
            assert!(ran.violations.is_empty(), "seed {n}: {:#?}", ran.violations);
            return;
        }
        let seeds = number("VARDKASE_SEEDS").unwrap_or(2_000);
        let sum = many(1, seeds, FAILURES_MAX);
        println!("{}", report(&sum));
        assert!(sum.failed.is_empty(), "{}", report(&sum));
        let missing = sum.coverage.missing();
        assert!(seeds < 1_000 || missing.is_empty(), "never reached: {missing:?}");
    }

    #[test]
    fn a_seed_gives_the_same_run_again() {
        for n in [3, 4, 15] {
            let (a, b) = (run::timeline(&seed(n)), run::timeline(&seed(n)));
            let at = a.lines().zip(b.lines()).find(|(x, y)| x != y);
            assert!(a == b, "seed {n} parts at {at:?}");
        }
    }
}
