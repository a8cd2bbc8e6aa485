//! YAML text to a tree in which every node knows its place. The only module that knows the YAML parser.
//!
//! The parser's own typed reader stops at the first mistake; a configuration is mended at night by somebody who wants all of
//! them. So its events become a tree here, and [`super::de`] reads types out of the tree and goes on after a mistake.
//! Anchors, aliases and tags are refused: one place says one thing, and a small file can't grow into a large one.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span};

use super::diagnostics::{Found, Place};

/// The most bytes of one file.
pub const FILE_BYTES_MAX: usize = 4 << 20;
/// The deepest nesting.
pub const DEPTH_MAX: usize = 24;
/// The most values in one file.
pub const NODES_MAX: usize = 400_000;

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
    Map { place: Place, entries: Vec<(Node, Node)>, seen: HashSet<String>, key: Option<(Node, bool)> },
}

/// Reads one file. Mistakes go to `found`; without a tree (a syntax error) the answer is `None`.
pub fn parse(file: u32, text: &str, found: &mut Found) -> Option<Node> {
    let whole = Place::whole(file);
    if text.len() > FILE_BYTES_MAX {
        found.error(whole, "file-too-large", format!("the file has {} bytes, at most {FILE_BYTES_MAX} go", text.len()));
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut stack: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut nodes = 0;
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(it) => it,
            Err(e) => {
                let at = e.marker();
                let place = Place { file, line: number(at.line()), column: number(at.col() + 1), len: 1 };
                found.error(place, "syntax", format!("this is not YAML: {}", e.info()));
                return None;
            }
        };
        let place = place_of(file, &span);
        let node = match event {
            Event::Scalar(value, style, anchor, tag) => {
                refuse_extras(found, place, anchor, tag.is_some());
                let plain = style == ScalarStyle::Plain;
                // Keys written `? key` and block scalars are allowed; their text is all that counts.
                Some(Node { place, kind: Kind::Scalar { text: Cow::into_owned(value), plain } })
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_extras(found, place, anchor, tag.is_some());
                stack.push(Open::Seq(Place { len: 1, ..place }, Vec::new()));
                None
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_extras(found, place, anchor, tag.is_some());
                let place = Place { len: 1, ..place };
                stack.push(Open::Map { place, entries: Vec::new(), seen: HashSet::new(), key: None });
                None
            }
            Event::SequenceEnd => match stack.pop() {
                Some(Open::Seq(place, items)) => Some(Node { place, kind: Kind::Seq(items) }),
                _ => return None,
            },
            Event::MappingEnd => match stack.pop() {
                Some(Open::Map { place, entries, .. }) => Some(Node { place, kind: Kind::Map(entries) }),
                _ => return None,
            },
            Event::Alias(_) => {
                found.error(place, "alias", "aliases are not used here; write the value out");
                Some(Node { place, kind: Kind::Scalar { text: String::new(), plain: true } })
            }
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    found.error(place, "documents", "a file has one document; remove the “---”");
                    return None;
                }
                None
            }
            _ => None,
        };
        if stack.len() > DEPTH_MAX {
            found.error(place, "too-deep", format!("more than {DEPTH_MAX} levels of nesting"));
            return None;
        }
        let Some(node) = node else { continue };
        nodes += 1;
        if nodes > NODES_MAX {
            found.error(whole, "file-too-large", format!("more than {NODES_MAX} values in one file"));
            return None;
        }
        match stack.last_mut() {
            None => root = Some(node),
            Some(Open::Seq(_, items)) => items.push(node),
            Some(Open::Map { entries, seen, key, .. }) => match key.take() {
                None => {
                    let fresh = match &node.kind {
                        Kind::Scalar { text, .. } => {
                            let fresh = seen.insert(text.clone());
                            if !fresh {
                                let first =
                                    entries.iter().find(|(k, _)| k.kind == node.kind).map(|(k, _)| k.place.line);
                                let note =
                                    found.error(node.place, "duplicate-key", format!("\"{text}\" stands here twice"));
                                if let Some(line) = first {
                                    note.help(format!("it stands in line {line} already; keep one of the two"));
                                }
                            }
                            fresh
                        }
                        _ => {
                            found.error(node.place, "key", "a key is one word, no list and no mapping");
                            false
                        }
                    };
                    *key = Some((node, fresh));
                }
                Some((name, fresh)) => {
                    if fresh {
                        entries.push((name, node));
                    }
                }
            },
        }
    }
    if root.is_none() {
        found.error(whole, "empty", "the file is empty");
    }
    root
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
