//! Figures of speed and memory, for comparing one build with another on one machine. Never a judgement: a machine under load
//! is slow, and a test that fails then teaches people to look away.
//!
//! Each measure runs in a process of its own, so that none finds the memory of another.

#![expect(clippy::disallowed_methods, reason = "figures are taken on the machine's own time")]

pub mod journal;
pub mod junk;
pub mod machine;
pub mod mail;
pub mod planning;
pub mod reach;
pub mod region;
pub mod replays;
pub mod report;
pub mod rig;
pub mod sending;
pub mod start;

use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// The seed of all regions.
pub const SEED: u64 = 14;

/// One figure.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// How much it was; nothing when it could not be measured.
    pub value: Option<f64>,
    pub unit: String,
    /// What it should stay under, when there is such a bound.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate: Option<f64>,
    /// Why there is no value, or how it was measured.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub note: String,
}

impl Figure {
    /// A figure without a bound.
    pub fn new(what: impl Into<String>, value: f64, unit: &str) -> Self {
        Self { what: what.into(), value: Some(value), unit: unit.into(), gate: None, note: String::new() }
    }
    /// It should stay under that.
    #[must_use]
    pub fn gate(mut self, gate: f64) -> Self {
        self.gate = Some(gate);
        self
    }
    /// How it was measured.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
    /// It could not be measured.
    pub fn none(what: impl Into<String>, unit: &str, why: impl Into<String>) -> Self {
        Self { what: what.into(), value: None, unit: unit.into(), gate: None, note: why.into() }
    }
}

/// How much a measurement does.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// A tenth of everything.
    pub quick: bool,
}

impl Amount {
    /// That many, or a tenth.
    pub fn of(self, n: u32) -> u32 {
        if self.quick { n.div_ceil(10) } else { n }
    }
}

/// The measures, in the order in which they run.
pub const MEASURES: &[&str] = &[
    "handoff-1",
    "handoff-1000",
    "handoff-100000",
    "smtp-10000",
    "smtp-100000",
    "smpp-10000",
    "smpp-100000",
    "journal-1",
    "journal-100",
    "journal-1000",
    "planning",
    "planning-asks",
    "reach-50",
    "reach-100",
    "reach-200",
    "reach-400",
    "start-empty",
    "start-full",
    "junk-answers",
    "replays",
    "report",
    "packages",
];

/// Runs one measure in this process.
///
/// # Errors
/// No such measure, or the machine does not give what it needs.
pub fn measure(name: &str, amount: Amount, exe: &Path) -> Result<Vec<Figure>, String> {
    let sized = |prefix: &str| name.strip_prefix(prefix).and_then(|n| n.parse::<u32>().ok());
    if let Some(n) = sized("handoff-") {
        return sending::handoff(if n > 1 { amount.of(n) } else { n });
    }
    if let Some(n) = sized("smtp-") {
        return sending::smtp(amount.of(n));
    }
    if let Some(n) = sized("smpp-") {
        return sending::smpp(amount.of(n));
    }
    if let Some(n) = sized("journal-").and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0) {
        return journal::ratio(n, amount.of(if n > 1 { 100_000 } else { 1_000 }));
    }
    if let Some(n) = sized("reach-") {
        return reach::cuts(n, amount.of(1_000));
    }
    match name {
        "planning" => planning::plan(amount.of(1_000_000), false),
        "planning-asks" => planning::plan(amount.of(1_000_000), true),
        "start-empty" => start::empty(exe),
        "start-full" => start::full(exe, amount.of(1_000_000)),
        "junk-answers" => junk::answers(amount.of(10_000)),
        "replays" => replays::all(),
        "report" => report::made(amount.of(10_000)),
        "packages" => Ok(vec![packages()]),
        _ => Err(format!("no measure is called “{name}”; there are: {}", MEASURES.join(", "))),
    }
}

/// Runs all measures, each in a process of its own, and tells each figure as it comes.
pub fn all(amount: Amount, exe: &Path, tell: &mut dyn FnMut(&Figure)) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    for name in MEASURES {
        let got = apart(name, amount, exe).unwrap_or_else(|why| vec![Figure::none(*name, "", why)]);
        for figure in &got {
            tell(figure);
        }
        figures.extend(got);
    }
    for ratio in ratios(&figures) {
        tell(&ratio);
        figures.push(ratio);
    }
    figures
}

fn apart(name: &str, amount: Amount, exe: &Path) -> Result<Vec<Figure>, String> {
    let mut command = Command::new(exe);
    command.args(["bench", "--json", "--only", name]).stdin(Stdio::null()).stderr(Stdio::inherit());
    if amount.quick {
        command.arg("--quick");
    }
    let out = command.output().map_err(|e| format!("{} does not start: {e}", exe.display()))?;
    #[derive(Deserialize)]
    struct Told {
        figures: Vec<Figure>,
    }
    let told: Result<Told, _> = serde_json::from_slice(&out.stdout);
    told.map(|t| t.figures).map_err(|_| {
        let said = String::from_utf8_lossy(&out.stdout);
        format!("it ended with {}: {}", out.status, said.chars().take(300).collect::<String>())
    })
}

/// CPU a delivery at the larger size against the smaller one: what grows faster than the number of deliveries shows here.
fn ratios(figures: &[Figure]) -> Vec<Figure> {
    let per_delivery = |protocol: &str| -> Vec<f64> {
        let prefix = format!("{protocol}: CPU a delivery");
        figures.iter().filter(|f| f.what.starts_with(&prefix)).filter_map(|f| f.value).collect()
    };
    let mut out = Vec::new();
    for protocol in ["SMTP", "SMPP"] {
        if let [small, large] = per_delivery(protocol)[..]
            && small > 0.0
        {
            let what = format!("{protocol}: CPU a delivery, ten times as many against as many");
            out.push(Figure::new(what, large / small, "x").gate(1.2));
        }
    }
    out
}

/// Packages that are built in, ours included: each is somebody else's work that must be trusted.
fn packages() -> Figure {
    let lock = include_str!("../../Cargo.lock");
    let n = lock.lines().filter(|l| *l == "[[package]]").count();
    let what = "packages in Cargo.lock";
    Figure::new(what, n as f64, "packages").gate(310.0).note("those of tests and of other systems are counted, too")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_grows_faster_than_its_number_shows() {
        let f = |what: &str, v| Figure::new(what, v, "µs");
        let all = [
            f("SMTP: CPU a delivery, 10000 deliveries", 20.0),
            f("SMTP: CPU a delivery, 100000 deliveries", 30.0),
            f("SMPP: CPU a delivery, 10000 deliveries", 9.0),
        ];
        let got = ratios(&all);
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].value, got[0].gate), (Some(1.5), Some(1.2)));
    }

    #[test]
    fn a_small_run_of_each_kind_gives_figures() {
        for n in ["handoff-1", "handoff-1000", "smtp-1000", "smpp-1000", "journal-100", "packages"] {
            let figures = measure(n, Amount { quick: true }, Path::new("none")).unwrap();
            assert!(!figures.is_empty() && figures.iter().all(|f| f.value.is_some_and(|v| v >= 0.0)), "{figures:?}");
        }
        assert_eq!(measure("reach-20", Amount { quick: true }, Path::new("none")).unwrap().len(), 1);
        assert!(planning::plan(1_000, true).unwrap().iter().any(|f| f.value == Some(24.0)), "bytes a delivery");
        assert!(measure("nothing", Amount { quick: true }, Path::new("none")).is_err());
    }
}
