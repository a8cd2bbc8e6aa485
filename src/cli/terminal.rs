//! Where the command line reads and writes: real, or given by a test.
//!
//! Nothing that comes from outside can move the cursor or recolour the screen: every line is made plain before it is shown.

use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;

use crate::domain::lang::Lang;
use crate::error::Error;
use crate::words::causes::cause;
use crate::words::{Section, Word, cli as words};

/// A question is asked so often before it is given up: a broken terminal must not loop.
const TRIES_MAX: u32 = 5;
/// The longest line that is read.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// Colours that mean something, always beside a word that says the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hue {
    /// Done, reached.
    Good,
    Wait,
    /// Not reached, an alarm.
    Bad,
    /// A heading.
    Strong,
    /// Of less weight.
    Faint,
}

impl Hue {
    fn start(self) -> &'static str {
        match self {
            Hue::Good => "\x1b[32m",
            Hue::Wait => "\x1b[33m",
            Hue::Bad => "\x1b[1;31m",
            Hue::Strong => "\x1b[1m",
            Hue::Faint => "\x1b[2m",
        }
    }

    /// The text in this colour.
    pub fn paint(self, text: &str) -> String {
        format!("{}{text}\x1b[0m", self.start())
    }
}

/// How a terminal is made.
pub struct Setup {
    /// What is asked for goes here.
    pub out: Box<dyn Write>,
    /// Questions and problems go here.
    pub err: Box<dyn Write>,
    /// Answers come from here.
    pub input: Box<dyn BufRead>,
    /// Somebody sits there who can be asked.
    pub asks: bool,
    /// What is written is seen by somebody, on a screen.
    pub screen: bool,
    /// With colours.
    pub colour: bool,
    /// What it says of its own is in this language.
    pub lang: Lang,
}

/// Where the command line reads and writes.
pub struct Terminal {
    with: Setup,
    gone: bool,
    /// A question was answered.
    typed_at: bool,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Terminal(asks: {}, screen: {})", self.with.asks, self.with.screen)
    }
}

impl Terminal {
    /// That of the process.
    pub fn of_process() -> Self {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let var = |name: &str| std::env::var(name).ok();
        let screen = stdout.is_terminal();
        let dumb = var("TERM").is_some_and(|t| t == "dumb") || var("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self::new(Setup {
            asks: stdin.is_terminal() && stderr.is_terminal(),
            screen,
            colour: screen && !dumb,
            lang: lang_of_locale(var),
            out: Box::new(stdout),
            err: Box::new(stderr),
            input: Box::new(io::BufReader::new(stdin)),
        })
    }

    /// One that is given.
    pub fn new(with: Setup) -> Self {
        Self { with, gone: false, typed_at: false }
    }

    /// Somebody can be asked.
    pub fn asks(&self) -> bool {
        self.with.asks
    }

    /// Somebody has answered a question, and would have to do so again.
    pub fn was_typed_at(&self) -> bool {
        self.typed_at
    }
    /// What is written is seen on a screen.
    pub fn screen(&self) -> bool {
        self.with.screen
    }
    /// With colours.
    pub fn colour(&self) -> bool {
        self.with.colour
    }
    /// The language of the screen.
    pub fn lang(&self) -> Lang {
        self.with.lang
    }
    /// Why a text did not come further, or how a gateway is.
    pub fn cause<'l>(&self, line: &'l str) -> Cow<'l, str> {
        cause(self.lang(), line)
    }
    /// Programs read English.
    pub fn for_programs(&mut self) {
        self.with.lang = Lang::EN;
    }
    /// A word in that language.
    pub(crate) fn say(&self, word: Word) -> &'static str {
        word.say(self.with.lang)
    }
    /// Nobody reads any more (`vardkase log --follow | head`).
    pub fn gone(&self) -> bool {
        self.gone
    }

    /// A line of what was asked for.
    pub fn line(&mut self, text: &str) {
        let text = plain(text);
        self.raw(&format!("{text}\n"));
    }
    /// The same with a colour.
    pub fn line_in(&mut self, hue: Hue, text: &str) {
        let text = self.paint(hue, &plain(text));
        self.raw(&format!("{text}\n"));
    }
    /// A text with a colour, where there are colours.
    pub fn paint(&self, hue: Hue, text: &str) -> String {
        if self.with.colour { hue.paint(text) } else { text.to_owned() }
    }
    /// As it is: only for what this program made.
    pub fn raw(&mut self, text: &str) {
        let out = &mut self.with.out;
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.gone = true;
        }
    }
    /// One JSON value.
    pub fn json(&mut self, value: &impl Serialize) {
        let text = if self.with.screen { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        self.raw(&format!("{}\n", text.unwrap_or_default()));
    }
    /// Something that must be seen, beside what was asked for.
    pub fn notice(&mut self, text: &str) {
        let text = plain(text);
        self.aside(&format!("{text}\n"));
    }
    /// A failure: what it is and what to do next.
    pub fn problem(&mut self, error: &Error) {
        let (wrong, now) = (self.say(words::ERROR), self.say(words::HELP));
        let mut text = format!("{wrong}: {}\n", error.why.trim_end());
        if !error.help.is_empty() {
            text.push_str(&format!("{now}: {}\n", error.help.trim_end()));
        }
        self.aside(&plain(&text));
    }
    /// What to do next, beside what was asked for.
    pub fn help(&mut self, next: &str) {
        let now = self.say(words::HELP);
        self.notice(&format!("{now}: {next}"));
    }
    fn aside(&mut self, text: &str) {
        // Where even this can't be written, the exit code still says it.
        let err = &mut self.with.err;
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Asks; Enter takes `default`. `None`: the input has ended.
    pub fn ask(&mut self, question: &str, default: Option<&str>) -> Option<String> {
        let default_shown = default.map(|d| format!(" [{}]", plain(d))).unwrap_or_default();
        for _ in 0..TRIES_MAX {
            self.aside(&format!("{}{default_shown}: ", plain(question)));
            let answer = self.read_line()?;
            match (answer.trim(), default) {
                ("", Some(default)) => return Some(default.to_owned()),
                ("", None) => {}
                (typed, _) => return Some(typed.to_owned()),
            }
        }
        None
    }

    /// Asks for something that nobody beside the screen shall read. Blanks are part of it. `None`: the input has ended.
    pub fn ask_hidden(&mut self, question: &str) -> Option<String> {
        self.aside(&format!("{}: ", plain(question)));
        let quiet = Quiet::begin();
        let answer = self.read_line();
        drop(quiet);
        self.aside("\n");
        answer.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Asks until the answer can be read; Enter takes `default`.
    pub fn ask_for<T>(
        &mut self,
        question: &str,
        default: Option<&str>,
        mut read: impl FnMut(&str) -> Result<T, Error>,
    ) -> Option<T> {
        for _ in 0..TRIES_MAX {
            match read(&self.ask(question, default)?) {
                Ok(value) => return Some(value),
                Err(error) => self.notice(&format!("  {}: {}", error.why, error.help)),
            }
        }
        None
    }

    /// Yes or no. Nothing is taken for a yes but a yes.
    pub fn ask_yes(&mut self, question: &str) -> Option<bool> {
        let shown = self.say(words::YES_NO);
        for _ in 0..TRIES_MAX {
            self.aside(&format!("{} [{shown}]: ", plain(question)));
            match self.read_line()?.trim().to_lowercase().as_str() {
                "y" | "yes" | "j" | "ja" => return Some(true),
                "n" | "no" | "nej" => return Some(false),
                _ => {}
            }
        }
        None
    }

    fn read_line(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let mut limited = io::Read::take(&mut self.with.input, LINE_BYTES_MAX);
        let n = limited.read_until(b'\n', &mut bytes).ok()?;
        self.typed_at |= n > 0;
        (n > 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The terminal shows nothing of what is typed, as long as this lives.
struct Quiet {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl Quiet {
    fn begin() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut quiet) = before.clone() {
            quiet.local_modes.remove(LocalModes::ECHO);
            // Where it can't be had the question is asked all the same.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &quiet);
        }
        Self { before }
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(not(unix))]
impl Quiet {
    fn begin() -> Self {
        Self {}
    }
}

/// Without what moves a cursor or turns the writing round; line ends stay.
pub fn plain(text: &str) -> String {
    let bad = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars().map(|c| if bad(c) { '·' } else { c }).collect()
}

/// The language of the screen by the locale, as POSIX ranks its variables.
fn lang_of_locale(var: impl Fn(&str) -> Option<String>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| var(name).filter(|v| !v.is_empty()));
    locale.and_then(|locale| Section::Cli.language(&locale)).unwrap_or(Lang::EN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &'static str) -> Terminal {
        Terminal::new(Setup {
            out: Box::new(io::sink()),
            err: Box::new(io::sink()),
            input: Box::new(text.as_bytes()),
            asks: true,
            screen: true,
            colour: false,
            lang: Lang::EN,
        })
    }

    #[test]
    fn the_locale_chooses() {
        let with = |pairs: &'static [(&str, &str)]| {
            lang_of_locale(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(with(&[("LANG", "sv_SE.UTF-8")]), Lang::SV);
        assert_eq!(with(&[("LANG", "sv_SE.UTF-8"), ("LC_ALL", "C")]), Lang::EN);
        assert_eq!(with(&[("LANG", "sv_SE.UTF-8"), ("LC_ALL", "")]), Lang::SV);
        assert_eq!(with(&[("LANG", "da_DK.UTF-8")]), Lang::EN, "the command line has no Danish words");
        assert_eq!(with(&[]), Lang::EN);
    }

    #[test]
    fn enter_takes_the_default() {
        let mut term = typed("\n journal \n");
        assert_eq!(term.ask("playbook", Some("ehr-down")).as_deref(), Some("ehr-down"));
        assert_eq!(term.ask("playbook", Some("ehr-down")).as_deref(), Some("journal"));
        assert_eq!(term.ask("playbook", Some("ehr-down")), None, "the input has ended");
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        let mut term = typed("\nok\nsure\nJA\nn\n");
        assert_eq!(term.ask_yes("send?"), Some(true));
        assert_eq!(term.ask_yes("send?"), Some(false));
        assert_eq!(term.ask_yes("send?"), None);
    }

    #[test]
    fn a_question_is_not_asked_for_ever() {
        assert_eq!(typed("\n\n\n\n\n\n\n\n").ask("what", None), None);
    }

    #[test]
    fn texts_from_outside_move_no_cursor() {
        assert_eq!(plain("a\x1b[2Jb\u{202e}c\nd\r"), "a·[2Jb·c\nd·");
    }
}
