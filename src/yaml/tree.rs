//! YAML text to a tree in which every node knows its place. The only module that knows the YAML parser.
//!
//! The parser's own typed reader stops at the first mistake; a configuration is mended at night by somebody who wants all of
//! them. So its events become a tree here, and [`super::de`] reads types out of the tree and goes on after a mistake.
//! Anchors, aliases and tags are refused: one place says one thing, and a small file can't grow into a large one.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span};

use super::diagnostics::{Found, Place};
use super::{signs, syntax};

/// The most bytes of one file.
pub const FILE_BYTES_MAX: usize = 4 << 20;
/// The deepest nesting.
pub const DEPTH_MAX: usize = 24;
/// The most values in one file.
pub const NODES_MAX: usize = 200_000;
/// The most keys of one mapping, and the most entries of one list.
pub const ENTRIES_MAX: usize = 5_000;
/// The longest line, in bytes: nobody finds a mistake in a longer one.
pub const LINE_BYTES_MAX: usize = 16 << 10;

/// So many signs that can't be seen are shown of one file.
const SIGNS_MAX: usize = 10;
/// What to do with them.
const HIDDEN_HELP: &str = "it can't be seen, and changes what others read: remove it, in comments too";

/// A value and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub place: Place,
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// Text, number, yes or no: the type that reads it decides.
    Scalar {
        /// As written, escapes resolved.
        text: String,
        /// Whether it is written without quotes.
        plain: bool,
    },
    /// A list.
    Seq(Vec<Node>),
    /// `key: value`, in the order of the file. No key stands twice.
    Map(Vec<(Node, Node)>),
}

/// A collection that is still open while the events come.
enum Open {
    Seq(Place, Vec<Node>),
    Map { place: Place, entries: Vec<(Node, Node)>, seen: HashMap<String, u32>, key: Option<(Node, bool)> },
}

/// Reads one file. Mistakes go to `found`; without a tree (a syntax error) the answer is `None`.
pub fn parse(file: u32, text: &str, found: &mut Found) -> Option<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !is_readable(file, text, found) {
        return None;
    }
    let text = &*without_hidden(file, text, found);
    let mut tree = Tree { file, found, stack: Vec::new(), root: None, nodes: 0, documents: 0 };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => tree.take(event, place_of(file, &span))?,
            Err(e) => {
                let at = e.marker();
                let place = Place { file, line: number(at.line()), column: number(at.col() + 1), len: 1 };
                let (message, help) = syntax::said(e.kind());
                tree.found.error(place, "syntax", message).help(help);
                return None;
            }
        }
    }
    let Tree { root, found, .. } = tree;
    if root.is_none() {
        found.error(Place::whole(file), "empty", "the file is empty");
    }
    root
}

/// What can be said of a file before anything is read out of it: how large it is, and that nothing hides in it.
fn is_readable(file: u32, text: &str, found: &mut Found) -> bool {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file has {} bytes, at most {FILE_BYTES_MAX} go (FILE_BYTES_MAX)", text.len());
        found.error(Place::whole(file), "file-too-large", message);
        return false;
    }
    if let Some((at, line)) = text.split('\n').enumerate().find(|(_, line)| line.len() > LINE_BYTES_MAX) {
        let place = Place { file, line: number(at + 1), column: 1, len: 1 };
        let message = format!("this line has {} bytes, at most {LINE_BYTES_MAX} go (LINE_BYTES_MAX)", line.len());
        // The line itself is not shown: it is too long to be looked at.
        let told = found.error(place, "line-too-long", message);
        told.excerpt = None;
        told.help("write each key on a line of its own");
        return false;
    }
    true
}

/// The text with a dot for each sign that can't be seen, so that the rest of the file is still looked at.
fn without_hidden<'t>(file: u32, text: &'t str, found: &mut Found) -> Cow<'t, str> {
    let mut any = false;
    for (line, column, c) in signs::hidden(text).take(SIGNS_MAX) {
        any = true;
        let place = Place { file, line: number(line), column: number(column), len: 1 };
        found.error(place, "hidden-sign", format!("here stands {}", signs::said(c))).help(HIDDEN_HELP);
    }
    match any {
        true => signs::without(&text.replace("\r\n", "\n")).into(),
        false => text.into(),
    }
}

/// The tree while the events come.
struct Tree<'f> {
    file: u32,
    found: &'f mut Found,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Tree<'_> {
    /// One event. `None`: no tree comes of this file, and it was said.
    fn take(&mut self, event: Event<'_>, place: Place) -> Option<()> {
        let node = match event {
            Event::Scalar(value, style, anchor, tag) => {
                refuse_extras(self.found, place, anchor, tag.is_some());
                let plain = style == ScalarStyle::Plain;
                // Keys written `? key` and block scalars are allowed; their text is all that counts.
                let text = self.seen(place, value);
                Some(Node { place, kind: Kind::Scalar { text, plain } })
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_extras(self.found, place, anchor, tag.is_some());
                self.stack.push(Open::Seq(Place { len: 1, ..place }, Vec::new()));
                None
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_extras(self.found, place, anchor, tag.is_some());
                let place = Place { len: 1, ..place };
                self.stack.push(Open::Map { place, entries: Vec::new(), seen: HashMap::new(), key: None });
                None
            }
            Event::SequenceEnd => match self.stack.pop() {
                Some(Open::Seq(place, items)) => Some(Node { place, kind: Kind::Seq(items) }),
                _ => return None,
            },
            Event::MappingEnd => match self.stack.pop() {
                Some(Open::Map { place, entries, .. }) => Some(Node { place, kind: Kind::Map(entries) }),
                _ => return None,
            },
            Event::Alias(_) => {
                self.found.error(place, "alias", "aliases are not used here; write the value out");
                Some(Node { place, kind: Kind::Scalar { text: String::new(), plain: true } })
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.found.error(place, "documents", "a file has one document; remove the “---”");
                    return None;
                }
                None
            }
            _ => None,
        };
        if self.stack.len() > DEPTH_MAX {
            self.found.error(place, "too-deep", format!("more than {DEPTH_MAX} levels of nesting (DEPTH_MAX)"));
            return None;
        }
        let Some(node) = node else { return Some(()) };
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("more than {NODES_MAX} values in one file (NODES_MAX)");
            self.found.error(Place::whole(self.file), "file-too-large", message);
            return None;
        }
        self.put(node)
    }

    /// A value without signs that can't be seen: they can be written as `\u001b`, too.
    fn seen(&mut self, place: Place, value: Cow<'_, str>) -> String {
        let Some(c) = value.chars().find(|c| signs::is_hidden(*c)) else { return value.into_owned() };
        self.found.error(place, "hidden-sign", format!("this text holds {}", signs::said(c))).help(HIDDEN_HELP);
        value.chars().filter(|c| !signs::is_hidden(*c) && *c != '\n').collect()
    }

    /// Into what is open.
    fn put(&mut self, node: Node) -> Option<()> {
        let Self { found, stack, root, .. } = self;
        let (place, entries) = match stack.last_mut() {
            None => {
                *root = Some(node);
                return Some(());
            }
            Some(Open::Seq(place, items)) => {
                items.push(node);
                (*place, items.len())
            }
            Some(Open::Map { place, entries, seen, key }) => {
                match key.take() {
                    None => {
                        let fresh = is_fresh(&node, seen, found);
                        *key = Some((node, fresh));
                    }
                    Some((name, true)) => entries.push((name, node)),
                    Some((_, false)) => {}
                }
                (*place, seen.len())
            }
        };
        if entries > ENTRIES_MAX {
            found.error(place, "too-many", format!("more than {ENTRIES_MAX} entries in one place (ENTRIES_MAX)"));
            return None;
        }
        Some(())
    }
}

/// Whether a key stands there for the first time.
fn is_fresh(key: &Node, seen: &mut HashMap<String, u32>, found: &mut Found) -> bool {
    let Kind::Scalar { text, .. } = &key.kind else {
        found.error(key.place, "key", "a key is one word, no list and no mapping");
        return false;
    };
    let Some(line) = seen.insert(text.clone(), key.place.line) else { return true };
    seen.insert(text.clone(), line);
    found
        .error(key.place, "duplicate-key", format!("\"{text}\" stands here twice"))
        .help(format!("it stands in line {line} already; keep one of the two"));
    false
}

fn refuse_extras(found: &mut Found, place: Place, anchor: usize, tag: bool) {
    if anchor != 0 {
        found.error(place, "anchor", "anchors are not used here; write the value out where it is needed");
    }
    if tag {
        found.error(place, "tag", "tags such as “!!str” are not used here; use quotes for text");
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn place_of(file: u32, span: &Span) -> Place {
    let len =
        if span.start.line() == span.end.line() { span.end.index().saturating_sub(span.start.index()) } else { 1 };
    Place { file, line: number(span.start.line()), column: number(span.start.col() + 1), len: number(len).max(1) }
}

#[cfg(test)]
mod tests {
    use super::super::diagnostics::Sources;
    use super::*;

    fn check(text: &str, expected: &[(&str, u32, u32)]) {
        let mut sources = Sources::default();
        let file = sources.add("x.yaml", text);
        let mut found = Found::new(sources);
        let _ = parse(file, text, &mut found);
        let got: Vec<_> = found.into_sorted().into_iter().map(|d| (d.code, d.line, d.column)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn every_duplicate_key_is_found_at_its_place() {
        check(
            "a: 1\nå: 2\na: 3\nb: {c: 1, c: 2}\nå: 4\n",
            &[("duplicate-key", 3, 1), ("duplicate-key", 4, 11), ("duplicate-key", 5, 1)],
        );
    }

    #[test]
    fn what_can_grow_is_refused() {
        check("a: &x 1\nb: *x\nc: !!str 1\n", &[("anchor", 1, 7), ("alias", 2, 4), ("tag", 3, 10)]);
        check("", &[("empty", 0, 0)]);
        check("a: 1\n---\nb: 2\n", &[("documents", 2, 1)]);
        check(&format!("{}{}", "[".repeat(30), "]".repeat(30)), &[("too-deep", 1, 25)]);
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        check("a: [1, 2\nb: 3\n", &[("syntax", 2, 2)]);
    }
}
