//! What a source file names, read from its tokens: comments and texts name nothing, and no form of a path is overlooked (`use`
//! with braces, `super::super`, a whole path in the middle of a function or of a macro's call).

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path that stands somewhere in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// From the crate's root (`domain`, `plan`, `Plan`), or as written when it does not begin in this crate (`std`, `fs`).
    pub path: Vec<String>,
    /// It begins in this crate.
    pub own: bool,
    /// It stands below `#[cfg(test)]`.
    pub test: bool,
}

impl Named {
    /// `domain::plan::Plan`.
    pub fn text(&self) -> String {
        self.path.join("::")
    }
}

/// What a file holds, as far as the rules of this folder ask for it.
#[derive(Default, Debug)]
pub struct Source {
    /// Paths of two words and more, and single ones that begin in this crate.
    pub named: Vec<Named>,
    /// Macros that are called outside tests, without `!`.
    pub macros: Vec<String>,
    /// Public types, traits, constants and free functions outside tests that say nothing about themselves. A method may: its
    /// type has said most.
    pub undocumented: Vec<String>,
}

/// Reads a file of `src/`.
pub fn read(file: &str, text: &str) -> Source {
    let stream: TokenStream = text.parse().unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut source = Source::default();
    walk(stream, &mut Place { module: module_of(file), test: is_test(file), methods: false }, &mut source);
    source
}

/// Files that hold tests and nothing else.
pub fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("/tests/")
}

/// `src/journal/tests/mod.rs` → `journal::tests`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

#[derive(Clone)]
struct Place {
    module: Vec<String>,
    test: bool,
    methods: bool,
}

fn walk(stream: TokenStream, place: &mut Place, out: &mut Source) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let (mut test, mut documented, mut methods) = (false, false, false);
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(p) if p.as_char() == '#' => {
                if let Some(TokenTree::Group(attribute)) = tokens.get(at + 1) {
                    let words = attribute.stream().to_string().replace(' ', "");
                    test |= words == "cfg(test)";
                    documented |= words.starts_with("doc");
                    walk(attribute.stream(), place, out);
                    at += 1;
                }
            }
            TokenTree::Ident(word) if word == "pub" && !place.test && !test && !place.methods => {
                if let Some(name) = public_item(&tokens[at + 1..])
                    && !documented
                {
                    out.undocumented.push(name);
                }
            }
            TokenTree::Ident(word) if word == "mod" && is_brace(tokens.get(at + 2)) => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    let mut inner = place.clone();
                    inner.module.push(name.to_string());
                    inner.test |= test;
                    walk(body.stream(), &mut inner, out);
                    at += 2;
                    (test, documented) = (false, false);
                }
            }
            TokenTree::Ident(word) => {
                methods |= word == "impl";
                let outside = Place { test: place.test || test, ..place.clone() };
                at += path(&tokens[at..], &[], &outside, out);
                continue;
            }
            TokenTree::Group(group) => {
                let block = group.delimiter() == Delimiter::Brace;
                let mut inner = Place { test: place.test || test, methods: methods && block, ..place.clone() };
                walk(group.stream(), &mut inner, out);
                if block {
                    (test, documented, methods) = (false, false, false);
                }
            }
            TokenTree::Punct(p) if matches!(p.as_char(), ';' | ',') => {
                (test, documented, methods) = (false, false, methods && p.as_char() == ',');
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_brace(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace)
}

/// The name of what `pub` stands before, if it is an item that should say what it is for. A field and a re-export need not.
fn public_item(tokens: &[TokenTree]) -> Option<String> {
    let mut words = tokens.iter().map_while(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        // `pub extern "C" fn`.
        TokenTree::Literal(_) => Some(String::new()),
        _ => None,
    });
    loop {
        match words.next()?.as_str() {
            "fn" | "struct" | "enum" | "trait" | "type" | "static" | "union" => return words.next(),
            "const" => match words.next()?.as_str() {
                "fn" => return words.next(),
                "unsafe" | "async" | "extern" => {}
                name => return Some(name.to_owned()),
            },
            "unsafe" | "async" | "extern" | "" => {}
            _ => return None,
        }
    }
}

/// Reads a path that begins at the first token, with what stands before it in a `use`; how many tokens it takes.
fn path(tokens: &[TokenTree], before: &[String], place: &Place, out: &mut Source) -> usize {
    let mut words = before.to_vec();
    let mut at = 0;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        words.push(word.to_string());
        at += 1;
        if !is_colons(&tokens[at..]) {
            break;
        }
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(_)) => at += 2,
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                each_of(group, &words, place, out);
                return at + 3;
            }
            _ => break,
        }
    }
    if matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == '!') && !place.test {
        out.macros.extend(words.last().cloned());
    }
    keep(words, place, out);
    at.max(1)
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    let colon = |t: Option<&TokenTree>| matches!(t, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    colon(tokens.first()) && colon(tokens.get(1))
}

/// `{a::b, c::{d, e}}` behind a path.
fn each_of(group: &Group, before: &[String], place: &Place, out: &mut Source) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    for one in tokens.split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ',')) {
        match one.first() {
            Some(TokenTree::Ident(_)) => {
                path(one, before, place, out);
            }
            Some(_) => keep(before.to_vec(), place, out),
            None => {}
        }
    }
}

/// Notes a path, from the root if it begins in this crate.
fn keep(words: Vec<String>, place: &Place, out: &mut Source) {
    let mut module = place.module.clone();
    let mut rest = words.as_slice();
    let own = match rest.first().map(String::as_str) {
        Some("crate") => {
            module.clear();
            true
        }
        Some("self") if rest.len() > 1 => true,
        Some("super") => true,
        _ => false,
    };
    if own && rest[0] != "super" {
        rest = &rest[1..];
    }
    while own && rest.first().is_some_and(|word| word == "super") {
        module.pop();
        rest = &rest[1..];
    }
    if own {
        module.extend_from_slice(rest);
        out.named.push(Named { path: module, own, test: place.test });
    } else if rest.len() > 1 {
        out.named.push(Named { path: rest.to_vec(), own, test: place.test });
    }
}

#[test]
fn every_form_of_a_path_is_seen() {
    let text = r#"
        //! crate::app in a comment, "crate::web" in a text.
        use std::{fs, io::{self, Read}};
        use super::{plan, super::journal::*};
        use crate::{cli::{a, b}, domain};
        pub fn f() { let x = crate::dispatch::engine(3); vec![self::g(), super::super::sim::h()] }
        /// Said.
        pub const fn h() {}
        pub struct S { pub field: u8 }
        impl S { pub fn method(self) {} }
        pub use other::Thing;
        #[cfg(test)]
        mod tests { use super::*; use tokio::time; pub fn t() { println!("crate::bench") } }
        #[derive(Debug)]
        pub enum E { A }
    "#;
    let source = read("src/domain/incident/state.rs", text);
    let of = |own: bool, test: bool| -> Vec<String> {
        source.named.iter().filter(|n| n.own == own && n.test == test).map(Named::text).collect()
    };
    assert_eq!(
        of(true, false),
        [
            "domain::incident::plan",
            "domain::journal",
            "cli::a",
            "cli::b",
            "domain",
            "dispatch::engine",
            "domain::incident::state::g",
            "domain::sim::h",
        ]
    );
    assert_eq!(of(false, false), ["std::fs", "std::io::self", "std::io::Read", "other::Thing"]);
    assert_eq!(of(true, true), ["domain::incident::state"]);
    assert_eq!(of(false, true), ["tokio::time"]);
    assert_eq!((source.macros.as_slice(), source.undocumented.join(" ").as_str()), (&["vec".to_owned()][..], "f S E"));
}
