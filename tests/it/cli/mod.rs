//! The command line as its users meet it: exit codes, texts, and exactly what it asks of the server.

mod access;
mod after;
mod asking;
mod json;
mod kit;
mod offline;
mod papers;
mod reach;
mod replay;
mod requests;
mod server;
mod shown;
mod slow_hand;
mod tampered;

use std::process::{Command, Output, Stdio};

/// What a run gave.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program with nobody at the keyboard, in a folder where there is nothing.
pub fn run(args: &[&str]) -> Ran {
    run_with(args, &[])
}

/// The same with variables of the environment.
pub fn run_with(args: &[&str], env: &[(&str, &str)]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_vardkase"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}
