//! Every cause that gateways and their workers give is there in Swedish. A cause is what stands in a call of `SendError`, in a
//! `Health`, or behind `as_str` and `text`, which say how a line was lost.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

/// Where causes are made: beside each other stand types whose value people read, and functions that return such words.
const OF_CALLS: [&str; 7] = ["temporary", "permanent", "unknown", "Health", "Lost", "Broken", "Temporary"];
const OF_FUNCTIONS: [&str; 5] = ["as_str", "text", "words", "out_reason", "fail_reason"];

/// Each literal in `stream` whose holes are `{}`.
fn literals(stream: TokenStream, out: &mut BTreeSet<String>) {
    let mut attribute = false;
    for token in stream {
        match token {
            TokenTree::Group(group) if !attribute => literals(group.stream(), out),
            TokenTree::Literal(literal) => out.extend(said(&literal.to_string())),
            TokenTree::Group(_) | TokenTree::Ident(_) => attribute = false,
            TokenTree::Punct(punct) => attribute = punct.as_char() == '#',
        }
    }
}

/// A text of a few words, as a form.
fn said(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut form = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '{' => {
                inside = true;
                form.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => form.push(c),
            _ => {}
        }
    }
    // Holes beside each other are one to whoever reads the line.
    let form = form.replace("{} {}", "{}").replace("{}{}", "{}");
    let words = form.replace("{}", "");
    let is_said = words.trim().contains(' ')
        && !words.starts_with('<')
        && words.chars().any(|c| c.is_ascii_lowercase())
        && !form.contains('\\');
    is_said.then_some(form)
}

fn causes(stream: TokenStream, out: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut test = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                if group.stream().to_string().replace(' ', "") == "cfg(test)" {
                    test = true;
                } else if std::mem::take(&mut test) {
                    // A module of tests: its body is the first group behind the attribute.
                } else {
                    causes(group.stream(), out);
                }
            }
            TokenTree::Ident(name) => {
                let before = at.checked_sub(1).map(|b| tokens[b].to_string());
                let name = name.to_string();
                if before.as_deref() == Some("fn") && OF_FUNCTIONS.contains(&&*name) {
                    let body = tokens[at..].iter().find_map(|t| match t {
                        TokenTree::Group(g) if g.delimiter() == proc_macro2::Delimiter::Brace => Some(g.stream()),
                        _ => None,
                    });
                    body.into_iter().for_each(|body| literals(body, out));
                } else if let (true, Some(TokenTree::Group(group))) = (OF_CALLS.contains(&&*name), tokens.get(at + 1)) {
                    literals(group.stream(), out);
                }
            }
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
}

#[test]
fn every_cause_is_there_in_swedish() {
    let pairs = std::fs::read_to_string(super::root().join("assets/causes/sv.txt")).unwrap();
    let english: BTreeSet<&str> = pairs.lines().filter(|l| !l.starts_with("= ") && !l.starts_with('#')).collect();
    let mut made = BTreeSet::new();
    for (file, text) in super::sources("src") {
        let at_work = file.starts_with("src/gateways/") || file.starts_with("src/dispatch/");
        if at_work && !super::names::is_test(&file) && !file.ends_with("/config.rs") {
            causes(text.parse().unwrap(), &mut made);
        }
    }
    assert!(made.len() > 100, "the sources were not read: {made:?}");
    // A piece that stands before `: …` or behind it is a line of its own or with what it is joined to.
    let known = |form: &str| {
        let joined = [format!("{form}: {{}}"), format!("{{}} {form}"), format!("{{}}{form}")];
        english.contains(form) || joined.iter().any(|j| english.contains(&**j))
    };
    let parts = |form: &str| form.split(": ").filter(|part| *part != "{}").all(known);
    let missing: Vec<&String> = made.iter().filter(|form| !known(form) && !parts(form)).collect();
    assert!(missing.is_empty(), "assets/causes/sv.txt lacks {missing:#?}");
}
