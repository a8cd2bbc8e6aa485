//! Help in the language of the terminal. English stands with each option, where it is read by whoever changes it; another language
//! is a file of pairs, and a test finds what has none and what nobody uses.

use std::collections::BTreeMap;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

use crate::domain::lang::Lang;
use crate::words::pairs;

const SV: &str = include_str!("../../assets/help/sv.txt");

type Pairs = BTreeMap<&'static str, &'static str>;

/// The command line with its help in that language; English where there is no file of it.
pub(super) fn in_language(command: Command, lang: Lang) -> Command {
    if lang != Lang::SV {
        return command;
    }
    let pairs: Pairs = pairs::of(SV).collect();
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let mut command = told(command.disable_version_flag(true).arg(version.help("Print version")), &pairs);
    // clap makes the subcommand `help` when it puts the rest together.
    command.build();
    with_help(command, said(&pairs, "Print help of a command"))
}

fn with_help(mut command: Command, about: &'static str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        let is_help = name == "help";
        command = command.mut_subcommand(name, |sub| if is_help { sub.about(about) } else { with_help(sub, about) });
    }
    command
}

fn said(pairs: &Pairs, english: &str) -> &'static str {
    pairs.get(english).copied().unwrap_or("?")
}

/// A text, paragraph by paragraph and line by line.
fn text(pairs: &Pairs, english: &StyledStr) -> String {
    let english = english.to_string();
    let line = |line: &str| {
        let (command, note) = parts(line);
        match pairs.get(note) {
            Some(said) => format!("{command}{said}"),
            None => line.to_owned(),
        }
    };
    english.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What is typed, up to the note behind it. A line that is no command is all note.
fn parts(line: &str) -> (&str, &str) {
    if !line.trim_start().starts_with("vardkase ") {
        return line.split_at(line.len() - line.trim_start().len());
    }
    let body = line.trim_end();
    match body[2..].find("  ") {
        Some(gap) => {
            let at = 2 + gap;
            let note = body[at..].trim_start();
            body.split_at(body.len() - note.len())
        }
        None => (body, ""),
    }
}

fn told(mut command: Command, pairs: &Pairs) -> Command {
    let options = said(pairs, "Options");
    if let Some(about) = command.get_about().cloned() {
        command = command.about(text(pairs, &about));
    }
    if let Some(long) = command.get_long_about().cloned() {
        command = command.long_about(text(pairs, &long));
    }
    if let Some(after) = command.get_after_help().cloned() {
        command = command.after_help(text(pairs, &after));
    }
    // Below a heading of ours, clap would sort them by name.
    let mut place = 0;
    command = command.mut_args(|arg| {
        place += 1;
        let (help, long) = (arg.get_help().cloned(), arg.get_long_help().cloned());
        let heading = match arg.get_help_heading() {
            Some(english) => said(pairs, english),
            None if arg.is_positional() => said(pairs, "Arguments"),
            None => options,
        };
        let takes = arg.get_action().takes_values();
        let mut help = help.map(|t| text(pairs, &t)).unwrap_or_default();
        let default: Vec<_> = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
        if takes && !default.is_empty() && !arg.is_hide_default_value_set() {
            help.push_str(&format!(" [{}: {}]", said(pairs, "default"), default.join(" ")));
        }
        let arg = arg.help(help);
        let arg = arg.help_heading(heading).display_order(place);
        let arg = if takes { arg.hide_possible_values(true).hide_default_value(true) } else { arg };
        match long {
            Some(long) => arg.long_help(text(pairs, &long)),
            None => arg,
        }
    });
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let help = help.help(said(pairs, "Print help")).help_heading(options);
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| told(sub, pairs));
    }
    command.disable_help_flag(true).arg(help).subcommand_help_heading(said(pairs, "Commands")).help_template(format!(
        "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
        said(pairs, "Usage")
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What clap says by itself.
    const OWN: [&str; 8] = [
        "Usage",
        "Commands",
        "Arguments",
        "Options",
        "Print help",
        "Print version",
        "Print help of a command",
        "default",
    ];

    /// Every line of help that somebody may see.
    fn lines(command: &Command, all: &mut BTreeSet<String>) {
        let mut texts: Vec<String> = Vec::new();
        texts.extend(
            [command.get_about(), command.get_long_about(), command.get_after_help()]
                .into_iter()
                .flatten()
                .map(ToString::to_string),
        );
        for arg in command.get_arguments().filter(|a| !a.is_hide_set()) {
            texts.extend([arg.get_help(), arg.get_long_help()].into_iter().flatten().map(ToString::to_string));
            texts.extend(arg.get_help_heading().map(str::to_owned));
        }
        let notes = texts.iter().flat_map(|t| t.lines()).map(|line| parts(line).1.to_owned());
        all.extend(notes.filter(|note| !note.is_empty()));
        for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
            lines(sub, all);
        }
    }

    #[test]
    fn every_line_of_help_is_there_in_swedish_and_no_other() {
        let mut all: BTreeSet<String> = OWN.map(str::to_owned).into();
        lines(&super::super::command(), &mut all);
        let pairs: Pairs = pairs::of(SV).collect();
        let missing: Vec<&String> = all.iter().filter(|line| !pairs.contains_key(line.as_str())).collect();
        let unused: Vec<&&str> = pairs.keys().filter(|line| !all.contains(**line)).collect();
        assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:#?}\nunused: {unused:#?}");
    }

    #[test]
    fn swedish_help_is_sound_and_shows_no_english_heading() {
        let mut command = in_language(super::super::command(), Lang::SV);
        command.clone().debug_assert();
        let overview = command.render_help().to_string();
        assert!(!overview.contains("?:"), "a heading twice translated: {overview}");
        for name in ["report", "ack", "step"] {
            let shown = command.find_subcommand_mut(name).expect("a command").render_long_help().to_string();
            for english in ["Usage:", "Options:", "Arguments:", "Examples:", "Every command:", "Print help", "[default"]
            {
                assert!(!shown.contains(english), "{name}: {english}\n{shown}");
            }
        }
    }
}
