//! The eight outages of INCIDENTS, replayed against the shipped region, each with several seeds: all that they expect must hold. And that it
//! can fail: a scenario that expects the opposite does, one that expects nothing does, and one with mistakes says where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use vardkase::config::{Loaded, Source, load};
use vardkase::domain::plan::Plan;
use vardkase::replay::{Outcome, Region, read, replay};
use vardkase::yaml::diagnostics::render_text;

/// Seeds of the gate.
const SEEDS: [u64; 3] = [1, 17, 4711];

static SHIPPED: LazyLock<(Loaded, Arc<Plan>)> = LazyLock::new(|| {
    let loaded = load(&Source::Shipped).expect("the shipped region loads");
    let plan = Arc::new(loaded.plan.clone());
    (loaded, plan)
});

fn region() -> Region<'static> {
    Region { plan: &SHIPPED.1, around: &SHIPPED.0.around }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path());
    entries
        .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&p).unwrap()))
        .collect()
}

fn run(name: &str, text: &str, seed: u64) -> Outcome {
    let scenario = read(name, text, region()).unwrap_or_else(|found| panic!("{}", render_text(&found)));
    replay(&scenario, region(), seed)
}

fn holds(letter: &str) {
    let files = files();
    let (name, text) = files.iter().find(|(name, _)| name.starts_with(&format!("{letter}-"))).expect("the outage");
    for seed in SEEDS {
        let outcome = run(name, text, seed);
        assert!(outcome.passed, "seed {seed}:\n{}", render_text(&outcome.failures));
    }
}

#[test]
fn outage_b_holds() {
    holds("b");
}
