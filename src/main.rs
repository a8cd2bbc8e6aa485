//! Parse, run, map the error to an exit code.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(vardkase::main())
}
