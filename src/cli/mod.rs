//! The command line: one command a file; its doc comment is its help, with an example.
//!
//! **Owns** what is typed and what is shown in a terminal: options, questions, tables, exit codes (listed in
//! [`crate::error`]). Commands that change something go to the server as a [`Action`](crate::domain::incident::input::Action)
//! over its JSON API; the server decides.
//!
//! **Must not** decide a rule, hold a secret on its command line, or wait without a limit: without a terminal nothing is
//! asked, and what is missing is an error (RULES E1).

mod access;
mod account;
mod ack;
mod addresses;
mod adopt;
mod after;
mod all_clear;
mod approve;
mod backup;
mod bench;
mod check;
mod client;
mod clock;
#[cfg(feature = "cluster")]
mod cluster;
mod completions;
mod config;
mod config_print;
mod context;
mod correct;
mod decide;
pub mod demo;
mod device;
mod drill;
mod forget;
mod gateway;
mod handover;
mod help;
mod improve;
mod incident;
mod incident_show;
mod kit;
mod level;
mod log;
mod merge;
mod mode;
mod news;
mod on_record;
mod preview;
mod reach;
mod reject;
mod relapse;
mod reload;
mod replay;
mod report;
mod report_ask;
mod restore;
mod restored;
mod roster;
mod schema;
pub mod serve;
mod status;
mod status_show;
mod step;
mod stop;
mod table;
pub mod terminal;
mod times;
mod token;
mod typed;
mod unack;
mod update;
mod verify;

use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::domain::lang::Lang;
use crate::error::Error;
use crate::words::cli as words;
use context::Context;
use terminal::Terminal;

/// Alarm and information in health care when IT fails: one text, every key function, every channel.
#[derive(Parser, Debug)]
#[command(
    name = "vardkase",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        vardkase report                        ask for everything, Enter takes what is shown\n  \
        vardkase status 14 --watch             who is reached, who answered, what is next\n  \
        vardkase approve 14-2 7K4F2A --as kib\n  \
        vardkase check --config region/        every mistake, by day\n\n\
        Exit codes: 0 done; 1 refused, or failed; 2 bad usage or configuration; 3 server not reachable;\n\
        4 not signed in; 5 journal in use or damaged; 6 no answer: it may have been carried out;\n\
        7 the journal is not the one that was noted elsewhere."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Every command")]
struct Global {
    /// The duty that acts (`kib`); asked for on a terminal when missing.
    #[arg(long = "as", global = true, env = "VARDKASE_AS", value_name = "FUNCTION")]
    acting: Option<String>,
    /// Where the server's console listens.
    #[arg(long, global = true, env = "VARDKASE_SERVER", value_name = "URL", default_value = client::SERVER)]
    server: String,
    /// The file with the token; `console-token` in the state folder unless given.
    #[arg(long, global = true, env = "VARDKASE_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<std::path::PathBuf>,
    /// PEM file with the authority of the server's certificate: no other is believed. Without it the machine's are, and on the server
    /// itself what stands beside the token.
    #[arg(long, global = true, env = "VARDKASE_CA_FILE", value_name = "FILE")]
    ca_file: Option<std::path::PathBuf>,
    /// The state folder.
    #[arg(long, global = true, env = "VARDKASE_STATE", value_name = "DIR", default_value = client::STATE)]
    state: std::path::PathBuf,
    /// Print JSON for programs, errors too; ask nothing.
    #[arg(long, global = true)]
    json: bool,
    /// What looks like a personal identity number in what is written is none.
    #[arg(long, global = true)]
    not_personal: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    Report(report::ReportArgs),
    Status(status::StatusArgs),
    Preview(preview::PreviewArgs),
    Approve(approve::ApproveArgs),
    Reject(reject::RejectArgs),
    Ack(ack::AckArgs),
    Unack(unack::UnackArgs),
    Update(update::UpdateArgs),
    Level(level::LevelArgs),
    Correct(correct::CorrectArgs),
    Stop(stop::StopArgs),
    Mode(mode::ModeArgs),
    Decide(decide::DecideArgs),
    Merge(merge::MergeArgs),
    Handover(handover::HandoverArgs),
    Drill(drill::DrillArgs),
    Incident(incident::IncidentArgs),
    Step(step::StepArgs),
    Restored(restored::RestoredArgs),
    Relapse(relapse::RelapseArgs),
    AllClear(all_clear::AllClearArgs),
    Gateway(gateway::GatewayArgs),
    Addresses(addresses::AddressesArgs),
    Log(log::LogArgs),
    Verify(verify::VerifyArgs),
    Forget(forget::ForgetArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Check(check::CheckArgs),
    Reach(reach::ReachArgs),
    Kit(kit::KitArgs),
    Replay(replay::ReplayArgs),
    Config(config::ConfigArgs),
    Roster(roster::RosterArgs),
    Schema(schema::SchemaArgs),
    Reload(reload::ReloadArgs),
    #[cfg(feature = "cluster")]
    Cluster(cluster::ClusterArgs),
    Adopt(adopt::AdoptArgs),
    Clock(clock::ClockArgs),
    Account(account::AccountArgs),
    Device(device::DeviceArgs),
    Token(token::TokenArgs),
    Serve(serve::ServeArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Bench(bench::BenchArgs),
}

/// Runs the program with what it was started with; gives its exit code.
pub fn main() -> u8 {
    run(std::env::args_os(), &mut Terminal::of_process())
}

/// Runs one command line, the program's name first; gives the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, term: &mut Terminal) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = args.iter().skip(1).take_while(|a| *a != "--").any(|a| a == "--json");
    if json {
        term.for_programs();
    }
    let mut command = help::in_language(command(), term.lang());
    let parsed = command
        .try_get_matches_from_mut(&args)
        .and_then(|mut found| Cli::from_arg_matches_mut(&mut found).map_err(|error| error.format(&mut command)));
    let result = match parsed {
        Ok(cli) => dispatch(cli, term),
        Err(said) if matches!(said.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let text = said.render();
            term.raw(&if term.colour() { text.ansi().to_string() } else { text.to_string() });
            return 0;
        }
        Err(said) => Err(not_understood(&said, term)),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            if json {
                term.json(&error.json());
            } else {
                term.problem(&error);
            }
            error.kind.exit_code()
        }
    }
}

/// The command itself. `Ok` has an exit code, for what is not a failure of the program (`check` found mistakes).
fn dispatch(cli: Cli, term: &mut Terminal) -> Result<u8, Error> {
    let cx = &mut Context::new(cli.global, term);
    match cli.command {
        Command::Report(a) => a.run(cx),
        Command::Status(a) => a.run(cx),
        Command::Preview(a) => a.run(cx),
        Command::Approve(a) => a.run(cx),
        Command::Reject(a) => a.run(cx),
        Command::Ack(a) => a.run(cx),
        Command::Unack(a) => a.run(cx),
        Command::Update(a) => a.run(cx),
        Command::Level(a) => a.run(cx),
        Command::Correct(a) => a.run(cx),
        Command::Stop(a) => a.run(cx),
        Command::Mode(a) => a.run(cx),
        Command::Decide(a) => a.run(cx),
        Command::Merge(a) => a.run(cx),
        Command::Handover(a) => a.run(cx),
        Command::Drill(a) => a.run(cx),
        Command::Incident(a) => a.run(cx),
        Command::Step(a) => a.run(cx),
        Command::Restored(a) => a.run(cx),
        Command::Relapse(a) => a.run(cx),
        Command::AllClear(a) => a.run(cx),
        Command::Gateway(a) => return a.run(cx),
        Command::Addresses(a) => a.run(cx),
        Command::Log(a) => a.run(cx),
        Command::Verify(a) => return a.run(cx),
        Command::Forget(a) => a.run(cx),
        Command::Backup(a) => a.run(cx),
        Command::Restore(a) => return a.run(cx),
        Command::Check(a) => return a.run(cx),
        Command::Reach(a) => a.run(cx),
        Command::Kit(a) => a.run(cx),
        Command::Replay(a) => return a.run(cx),
        Command::Config(a) => a.run(cx),
        Command::Roster(a) => a.run(cx),
        Command::Schema(a) => a.run(cx),
        Command::Reload(a) => a.run(cx),
        #[cfg(feature = "cluster")]
        Command::Cluster(a) => a.run(cx),
        Command::Adopt(a) => a.run(cx),
        Command::Clock(a) => a.run(cx),
        Command::Account(a) => a.run(cx),
        Command::Device(a) => a.run(cx),
        Command::Token(a) => a.run(cx),
        Command::Serve(a) => a.run(cx),
        Command::Demo(a) => return a.run(cx),
        Command::Completions(a) => a.run(cx),
        Command::Bench(a) => a.run(cx),
    }
    .map(|()| 0)
}

/// The command line as a whole: for completions, and for whoever checks commands that are quoted somewhere.
pub fn command() -> clap::Command {
    Cli::command()
}

/// What clap found, where the terminal is not English; `None`: in clap's own words.
fn misuse(said: &clap::Error, lang: Lang) -> Option<String> {
    let given = |kind| said.get(kind).map(ToString::to_string).unwrap_or_default();
    let option = given(ContextKind::InvalidArg);
    match said.kind() {
        _ if lang == Lang::EN => None,
        ErrorKind::UnknownArgument => Some(words::unknown_option(lang, option)),
        ErrorKind::InvalidSubcommand => Some(words::unknown_command(lang, given(ContextKind::InvalidSubcommand))),
        ErrorKind::MissingRequiredArgument => Some(words::option_missing(lang, option)),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            Some(words::wrong_value(lang, given(ContextKind::InvalidValue), option))
        }
        _ => None,
    }
}

/// What clap says, in our form: the first paragraph is what, the rest is what to do.
fn not_understood(said: &clap::Error, term: &Terminal) -> Error {
    if said.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Error::usage(term.say(words::NO_COMMAND), term.say(words::SEE_HELP));
    }
    if let Some(why) = misuse(said, term.lang()) {
        return Error::usage(why, term.say(words::SEE_HELP));
    }
    let text = said.render().to_string();
    let text = text.replace("For more information, try '--help'.", "with --help, the command shows an example");
    let mut parts = text.trim().split("\n\n").map(str::trim);
    let why = parts.next().unwrap_or_default();
    let help: Vec<&str> = parts.map(|p| p.trim_start_matches("tip: ")).collect();
    Error::usage(why.trim_start_matches("error: "), help.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn what_was_written_wrong_is_said_in_swedish() {
        for (line, said) in [
            ("vardkase repor", "kommandot repor finns inte"),
            ("vardkase status --wach", "--wach finns inte här"),
            ("vardkase merge 15", "det saknas: --into"),
            ("vardkase check --format xml", "\"xml\" går inte för --format"),
        ] {
            let error = Cli::try_parse_from(line.split(' ')).expect_err("it is wrong");
            let why = misuse(&error, Lang::SV).unwrap_or_default();
            assert!(why.starts_with(said), "{line}: {why}");
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        for sub in command().get_subcommands() {
            let name = sub.get_name();
            let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.starts_with("Examples:\n  vardkase "), "{name}: {after}");
            assert!(after.contains(name), "{name}: the example shows another command");
            assert!(sub.get_about().is_some(), "{name} has no help");
        }
    }
}
