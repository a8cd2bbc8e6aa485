//! The simulation of the tests, for as long as one likes: `cargo run --release --example simulate -- --seeds 100000`.
//! `--from N` begins elsewhere, `--seed N` shows the timeline of one.
#![allow(clippy::collapsible_match, clippy::large_enum_variant)]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shares the files of the tests"
)]

#[path = "../tests/it/rules/region.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod region;
#[path = "../tests/it/simulation/mod.rs"]
mod simulation;

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = args.iter().position(|a| a == name)?;
        args.get(at + 1)?.parse::<u64>().ok()
    };
    if let Some(n) = number("--seed") {
        let ran = simulation::seed(n);
        println!("{}", simulation::run::timeline(&ran));
        println!("{:#?}", ran.violations);
        return (!ran.violations.is_empty()).into_code();
    }
    let sum = simulation::many(number("--from").unwrap_or(1), number("--seeds").unwrap_or(2_000), 10);
    println!("{}", simulation::report(&sum));
    let missing = sum.coverage.missing();
    if !missing.is_empty() {
        println!("never reached: {missing:?}");
    }
    (!sum.failed.is_empty()).into_code()
}

trait IntoCode {
    fn into_code(self) -> std::process::ExitCode;
}
impl IntoCode for bool {
    fn into_code(self) -> std::process::ExitCode {
        if self { std::process::ExitCode::FAILURE } else { std::process::ExitCode::SUCCESS }
    }
}
