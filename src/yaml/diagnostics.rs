//! What is wrong with a configuration, where, and what to do: for people on a terminal, and as JSON for editors.
//!
//! Must not: stop anything. A collector takes every mistake of one run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::signs::visible;

/// Whether a configuration can be used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It can't be used.
    Error,
    /// It can, and will hurt at night (RULES F).
    Warning,
}

/// A place in a file of a [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    pub file: u32,
    /// From 1; 0 = the file as a whole.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub len: u32,
}

impl Place {
    /// A file as a whole.
    pub fn whole(file: u32) -> Self {
        Self { file, ..Self::default() }
    }
}

/// The files that were read, so that a mistake can show its line.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Text>,
}

/// A file, with the places where its lines begin: many mistakes of a large one are shown as fast as few.
#[derive(Clone, Debug)]
struct Text {
    path: String,
    text: String,
    lines: Vec<usize>,
}

impl Sources {
    /// Takes a file; the number goes into [`Place::file`].
    pub fn add(&mut self, path: &str, text: &str) -> u32 {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(Text { path: path.into(), text: text.into(), lines });
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }
    /// The path of a file, relative to the configuration folder.
    pub fn path(&self, file: u32) -> &str {
        self.files.get(file as usize).map_or("", |f| &f.path)
    }
    /// The text of a line.
    pub fn line(&self, place: Place) -> Option<&str> {
        let file = self.files.get(place.file as usize)?;
        let from = *file.lines.get((place.line as usize).checked_sub(1)?)?;
        file.text.get(from..)?.lines().next()
    }
}

/// One mistake.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Diagnostic {
    /// Whether it is an error or a warning.
    pub severity: Severity,
    /// Which kind of mistake, for editors and for tests: `unknown-gateway`.
    pub code: &'static str,
    /// The file, relative to the configuration folder.
    pub file: String,
    /// From 1; 0 = the file as a whole.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub length: u32,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line as it stands in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// One too many: it is counted and not shown, so nobody looks for a near name.
    #[serde(skip)]
    muted: bool,
}

/// So many mistakes are kept; whoever has more mends these first.
pub const MISTAKES_MAX: usize = 500;
/// So many names are looked through for a near one.
const NAMES_MAX: usize = 2_000;

/// The most characters of a source line that are shown.
const EXCERPT_CHARS_MAX: usize = 160;

impl Diagnostic {
    /// `file:line:column`, or the file alone.
    fn whereabouts(&self) -> String {
        match self.line {
            0 => self.file.clone(),
            _ => format!("{}:{}:{}", self.file, self.line, self.column),
        }
    }

    /// A warning about a file that is no part of the configuration.
    pub fn of_file(file: &str, code: &'static str, message: String, help: &str) -> Self {
        Self {
            severity: Severity::Warning,
            code,
            file: visible(file),
            line: 0,
            column: 0,
            length: 0,
            message: visible(&message),
            help: Some(help.to_owned()),
            excerpt: None,
            muted: false,
        }
    }

    /// `file:line:column: message`, the source line with what is meant underlined, and the help.
    pub fn render(&self) -> String {
        let mut out = self.whereabouts();
        let warning = if self.severity == Severity::Warning { "warning: " } else { "" };
        let _ = writeln!(out, ": {warning}{}", self.message);
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            let pad = " ".repeat(number.len());
            // Long lines are shown from a little before what is meant.
            let start = (self.column as usize).saturating_sub(1);
            let skip = if start > EXCERPT_CHARS_MAX - 40 { start - 40 } else { 0 };
            let shown: String = excerpt.chars().skip(skip).take(EXCERPT_CHARS_MAX).collect();
            let width = (self.length.max(1) as usize).min(shown.chars().count().saturating_sub(start - skip).max(1));
            let _ = writeln!(out, "  {number} | {shown}");
            let _ = writeln!(out, "  {pad} | {}{}", " ".repeat(start - skip), "^".repeat(width));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "  help: {help}");
        }
        out
    }
}

/// Collects every mistake of one run.
#[derive(Debug, Default)]
pub struct Found {
    /// The files.
    pub sources: Sources,
    list: Vec<(Place, Diagnostic)>,
    /// Errors and warnings beyond [`MISTAKES_MAX`], and the one that was told last.
    more: (usize, usize),
    spare: Option<Box<Diagnostic>>,
    explained: Vec<(Place, String)>,
}

impl Found {
    /// Nothing found yet.
    pub fn new(sources: Sources) -> Self {
        Self { sources, ..Self::default() }
    }

    fn push(&mut self, severity: Severity, place: Place, code: &'static str, message: String) -> &mut Diagnostic {
        let muted = self.list.len() >= MISTAKES_MAX;
        let diagnostic = Diagnostic {
            severity,
            code,
            file: self.sources.path(place.file).into(),
            line: place.line,
            column: place.column,
            length: place.len,
            message: visible(&message),
            help: None,
            excerpt: if muted { None } else { self.sources.line(place).map(visible) },
            muted,
        };
        if muted {
            match severity {
                Severity::Error => self.more.0 += 1,
                Severity::Warning => self.more.1 += 1,
            }
            return self.spare.insert(Box::new(diagnostic));
        }
        self.list.push((place, diagnostic));
        // The list is not empty: it was pushed just now.
        let last = self.list.len() - 1;
        &mut self.list[last].1
    }

    /// A key of what stands at `place` is there, under another name or in another place: that it is missing is not said, too.
    pub fn explain_missing(&mut self, place: Place, key: &str) {
        let missing = missing(key);
        self.list.retain(|(at, d)| !(*at == place && d.code == "missing-key" && d.message == missing));
        self.explained.push((place, key.to_owned()));
    }

    /// Says that a key is missing in what stands at `place`.
    pub fn missing_key(&mut self, place: Place, key: &str) {
        if !self.explained.iter().any(|(at, known)| *at == place && known == key) {
            self.error(place, "missing-key", missing(key));
        }
    }

    /// It can't be used.
    pub fn error(&mut self, place: Place, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, place, code, message.into())
    }

    /// It can, and will hurt at night.
    pub fn warning(&mut self, place: Place, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, place, code, message.into())
    }

    /// Whether a name could not be found: what hangs on it is not worth judging.
    pub fn has_unknown_names(&self) -> bool {
        self.list.iter().any(|(_, d)| d.severity == Severity::Error && d.code.starts_with("unknown-"))
    }

    /// Whether a whole file or folder could not be read.
    pub fn lacks_files(&self) -> bool {
        self.list.iter().any(|(_, d)| d.severity == Severity::Error && d.line == 0)
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.more.0 > 0 || self.list.iter().any(|(_, d)| d.severity == Severity::Error)
    }

    /// All of them: what concerns a whole file or folder first, since the rest may follow from it; then by file and line.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        let root = |d: &Diagnostic| !(d.line == 0 && d.severity == Severity::Error);
        self.list.sort_by(|(a, x), (b, y)| {
            (root(x), a, x.severity, x.code, &x.message).cmp(&(root(y), b, y.severity, y.code, &y.message))
        });
        self.list.dedup_by(|(_, a), (_, b)| a == b);
        let (errors, warnings) = self.more;
        if let Some(spare) = self.spare.filter(|_| errors + warnings > 0) {
            let severity = if errors > 0 { Severity::Error } else { Severity::Warning };
            let message = format!("{} more mistakes of all files are not shown (MISTAKES_MAX)", errors + warnings);
            let help = Some("mend those above first".to_owned());
            let last = Diagnostic { severity, code: "more", line: 0, column: 0, length: 0, message, help, ..*spare };
            self.list.push((Place::default(), last));
        }
        self.list.into_iter().map(|(_, d)| d).collect()
    }
}

impl Diagnostic {
    /// Says what to do.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(visible(&help.into()));
    }
    /// Says which name may have been meant, if one is near.
    pub fn nearest<'a>(&mut self, wrong: &str, names: impl IntoIterator<Item = &'a str>) {
        if self.muted {
            return;
        }
        let names: Vec<&str> = names.into_iter().collect();
        if let Some(near) = nearest(wrong, names.iter().copied()) {
            self.help(format!("did you mean \"{near}\"?"));
        } else if !names.is_empty() && names.len() <= 8 {
            self.help(format!("there are: {}", names.join(", ")));
        }
    }
}

/// That a key is missing.
pub(super) fn missing(key: &str) -> String {
    format!("\"{key}\" is missing here")
}

/// The name that is nearest to what was written, when few letters differ.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let low = wrong.to_lowercase();
    // One letter is near to every other: no hint is better than a wrong one.
    let bound = match wrong.chars().count() {
        0 | 1 => 0,
        n => (n / 3).clamp(1, 3),
    };
    let starts = |name: &str| low.chars().count() >= 3 && name.to_lowercase().starts_with(&low);
    let long = low.chars().count();
    names
        .into_iter()
        .take(NAMES_MAX)
        .filter_map(|name| {
            let starts = starts(name);
            // Lengths that differ by more differ in more letters.
            if !starts && name.chars().count().abs_diff(long) > bound {
                return None;
            }
            let far = distance(&low, &name.to_lowercase());
            (far <= bound || starts).then_some((far, name))
        })
        .min()
        .map(|(_, name)| name)
}

/// Edit distance with neighbouring letters swapped counted as one (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

/// So many warnings of a kind are shown whole; more of them stand together at the end, so that they bury nothing.
const ALIKE_MAX: usize = 3;
/// So many of those have a line of their own.
const ALIKE_LINES_MAX: usize = 8;

/// All of them for a terminal: errors and rare warnings as they come, then warnings of which there are many, the first of a kind
/// whole. The same error at many places (one name that nothing defines) is shown where it comes first, with the other places.
pub fn render_text(list: &[Diagnostic]) -> String {
    let mut often: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    let mut same: BTreeMap<(&str, &str), Vec<&Diagnostic>> = BTreeMap::new();
    for d in list {
        match d.severity {
            Severity::Warning => often.entry(d.code).or_default().push(d),
            Severity::Error => same.entry((d.code, &d.message)).or_default().push(d),
        }
    }
    often.retain(|_, alike| alike.len() > ALIKE_MAX);
    same.retain(|_, alike| alike.len() > ALIKE_MAX);
    let mut blocks: Vec<String> = Vec::new();
    for d in list {
        match d.severity {
            Severity::Warning if often.contains_key(d.code) => {}
            Severity::Warning => blocks.push(d.render()),
            Severity::Error => match same.get(&(d.code, d.message.as_str())) {
                None => blocks.push(d.render()),
                Some(alike) if std::ptr::eq(alike[0], d) => {
                    blocks.push(rendered_once(alike, "more of the same", false))
                }
                Some(_) => {}
            },
        }
    }
    blocks.extend(often.values().map(|alike| rendered_once(alike, "more like it", true)));
    blocks.join("\n")
}

/// The first whole, the others by their places.
fn rendered_once(alike: &[&Diagnostic], what: &str, with_message: bool) -> String {
    let Some((first, more)) = alike.split_first() else { return String::new() };
    let mut block = first.render();
    let _ = writeln!(block, "  {} {what}:", more.len());
    for d in more.iter().take(ALIKE_LINES_MAX) {
        let message = if with_message { format!(": {}", d.message) } else { String::new() };
        let _ = writeln!(block, "    {}{message}", d.whereabouts());
    }
    if more.len() > ALIKE_LINES_MAX {
        let _ = writeln!(block, "    … and {} (--format json names each)", more.len() - ALIKE_LINES_MAX);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["sms-backup", "sms-api", "fax-ip", "iva"];
        for (wrong, near) in [
            ("sms-b", Some("sms-backup")),
            ("smsapi", Some("sms-api")),
            ("fax-pi", Some("fax-ip")),
            ("SMS-API", Some("sms-api")),
            ("iv", Some("iva")),
            ("pager", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong, names), near, "{wrong}");
        }
    }

    #[test]
    fn what_is_found_often_stands_together_at_the_end() {
        let mut sources = Sources::default();
        let file = sources.add("contacts/functions.yaml", &"x: 1\n".repeat(40));
        let mut found = Found::new(sources);
        let at = |line| Place { file, line, column: 1, len: 1 };
        for line in 1..=30 {
            found.warning(at(line), "never-proven", format!("number {line} was never proven"));
        }
        found.error(at(31), "unknown-group", "there is no such group");
        found.warning(at(32), "no-number", "no number");
        let text = render_text(&found.into_sorted());
        let heads: Vec<&str> = text.lines().filter(|l| l.starts_with("contacts/")).collect();
        assert_eq!(
            heads,
            [
                "contacts/functions.yaml:31:1: there is no such group",
                "contacts/functions.yaml:32:1: warning: no number",
                "contacts/functions.yaml:1:1: warning: number 1 was never proven"
            ]
        );
        assert!(
            text.contains("  29 more like it:\n    contacts/functions.yaml:2:1: number 2 was never proven\n"),
            "{text}"
        );
        assert!(text.ends_with("    … and 21 (--format json names each)\n"), "{text}");
    }

    #[test]
    fn a_mistake_shows_its_line() {
        let mut sources = Sources::default();
        let file = sources.add("playbooks/flood.yaml", "a: 1\n  å: sms-b\n");
        let mut found = Found::new(sources);
        let place = Place { file, line: 2, column: 6, len: 5 };
        found
            .error(place, "unknown-gateway", "step uses gateway \"sms-b\", which no file in channels/ defines")
            .nearest("sms-b", ["sms-backup"]);
        let text = render_text(&found.into_sorted());
        assert_eq!(
            text,
            "playbooks/flood.yaml:2:6: step uses gateway \"sms-b\", which no file in channels/ defines\n  \
             2 |   å: sms-b\n    |      ^^^^^\n  help: did you mean \"sms-backup\"?\n"
        );
    }
}
