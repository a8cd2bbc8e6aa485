//! Reads the catalogues of the words that screens show (`assets/words/*.ftl`, in Project Fluent's syntax) while the program
//! is built, and writes them as Rust: a constant for a word, a function for one with parameters, a type for what a refusal
//! says. The compiler then finds a key that no catalogue has, one that nobody uses, and one that is called with the wrong
//! parameters; what only the catalogues can get wrong is found here. Nothing is parsed when the program runs.
//!
//! Must not: know any word, or any language but for its plural rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};

/// Where the words stand in that no other language has.
const REFERENCE: &str = "en";
/// The languages that must have every word.
const COMPLETE: [&str; 2] = ["sv", "en"];
/// Languages whose plural has two forms, `one` for exactly 1 and `other` (CLDR). Another one names numbers, or is added here.
const ONE_AND_OTHER: [&str; 8] = ["sv", "en", "da", "no", "fi", "de", "nl", "et"];
/// Codes by which a language goes as well.
const ALSO: [(&str, &str); 2] = [("nb", "no"), ("nn", "no")];
/// The section of refusals: each says what was refused and why, and as an attribute what to do next. What follows [`CASE`] in
/// a key tells sentences of one code apart.
const REFUSALS: &str = "refusal";
const NEXT: &str = "next";
const CASE: &str = "--";

/// One message, or an attribute of one.
#[derive(Clone, PartialEq, Debug)]
enum Piece {
    Text(String),
    Given(String),
    Chosen { by: String, variants: Vec<(String, Vec<Piece>)>, other: Vec<Piece> },
}

/// A language's file.
struct Catalogue {
    lang: String,
    /// The sections that are whole in it; empty: all of them.
    covers: BTreeSet<String>,
    words: BTreeMap<String, Vec<Piece>>,
}

impl Catalogue {
    fn has_all(&self) -> bool {
        self.covers.is_empty()
    }
    fn covers(&self, section: &str) -> bool {
        self.has_all() || self.covers.contains(section)
    }
}

/// What is made of the catalogues.
#[derive(Debug)]
pub struct Made {
    /// Constants and functions: the words.
    pub words: String,
    /// What can be refused, with what each names: the domain makes them, and the words say them.
    pub refusals: String,
}

/// The generated modules, or everything that is wrong with the catalogues: language and text of each.
pub fn generate(files: &[(String, String)]) -> Result<Made, Vec<String>> {
    let mut found = Vec::new();
    let mut all: Vec<Catalogue> = files.iter().map(|(lang, text)| read(lang, text, &mut found)).collect();
    // The reference first: it is what a language without a column gets.
    all.sort_by_key(|c| (c.lang != REFERENCE, c.lang != "sv", c.lang.clone()));
    check(&all, &mut found);
    if found.is_empty() { Ok(Made { words: write(&all), refusals: write_refusals(&all[0]) }) } else { Err(found) }
}

fn read(lang: &str, text: &str, found: &mut Vec<String>) -> Catalogue {
    let mut catalogue = Catalogue { lang: lang.into(), covers: BTreeSet::new(), words: BTreeMap::new() };
    let (resource, errors) = match fluent_syntax::parser::parse(text) {
        Ok(resource) => (resource, Vec::new()),
        Err((resource, errors)) => (resource, errors),
    };
    for error in errors {
        let line = text.get(..error.pos.start).map_or(0, |before| before.lines().count().max(1));
        found.push(format!("{lang}.ftl:{line}: {error}"));
    }
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let mut keep = |key: String, pattern: &Pattern<&str>, found: &mut Vec<String>| {
                    let pieces = pieces(lang, &key, pattern, found);
                    if catalogue.words.insert(key.clone(), pieces).is_some() {
                        found.push(format!("{lang}.ftl: {key} stands there twice"));
                    }
                };
                if let Some(value) = &message.value {
                    keep(message.id.name.into(), value, found);
                }
                for attribute in &message.attributes {
                    keep(format!("{}.{}", message.id.name, attribute.id.name), &attribute.value, found);
                }
            }
            Entry::ResourceComment(comment) => {
                let covers = comment.content.iter().filter_map(|line| line.trim().strip_prefix("Covers:"));
                catalogue.covers.extend(covers.flat_map(|list| list.split(',')).map(|s| s.trim().to_owned()));
            }
            Entry::Term(term) => found.push(format!("{lang}.ftl: -{}: terms are not understood", term.id.name)),
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::Junk { .. } => {}
        }
    }
    catalogue
}

fn pieces(lang: &str, key: &str, pattern: &Pattern<&str>, found: &mut Vec<String>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for element in &pattern.elements {
        let piece = match element {
            PatternElement::TextElement { value } => Piece::Text((*value).into()),
            PatternElement::Placeable { expression } => match expression {
                Expression::Inline(InlineExpression::StringLiteral { value }) => {
                    let mut text = String::new();
                    fluent_syntax::unicode::unescape_unicode(&mut text, value).unwrap_or_default();
                    Piece::Text(text)
                }
                Expression::Inline(InlineExpression::VariableReference { id }) => Piece::Given(id.name.into()),
                Expression::Select { selector: InlineExpression::VariableReference { id }, variants } => {
                    let (mut named, mut other) = (Vec::new(), Vec::new());
                    for variant in variants {
                        let inner = pieces(lang, key, &variant.value, found);
                        let name = match variant.key {
                            VariantKey::Identifier { name } | VariantKey::NumberLiteral { value: name } => name,
                        };
                        let number = name.parse::<u64>().is_ok();
                        if variant.default {
                            other = inner;
                        } else if number || (name == "one" && ONE_AND_OTHER.contains(&lang)) {
                            named.push((name.to_owned(), inner));
                        } else {
                            found.push(format!("{lang}.ftl: {key}: [{name}] is neither a number nor a plural form"));
                        }
                    }
                    Piece::Chosen { by: id.name.into(), variants: named, other }
                }
                _ => {
                    found.push(format!(
                        "{lang}.ftl: {key}: only {{ $name }}, {{ \"text\" }} and a choice by number are understood"
                    ));
                    continue;
                }
            },
        };
        match (out.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(more)) => before.push_str(&more),
            (_, piece) => out.push(piece),
        }
    }
    out
}

/// The parameters, in the order in which they come first; true: chosen by.
fn parameters(pieces: &[Piece]) -> Vec<(String, bool)> {
    fn add(into: &mut Vec<(String, bool)>, name: &str, number: bool) {
        match into.iter_mut().find(|(n, _)| n == name) {
            Some((_, is)) => *is |= number,
            None => into.push((name.into(), number)),
        }
    }
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Given(name) => add(&mut out, name, false),
            Piece::Chosen { by, variants, other } => {
                add(&mut out, by, true);
                for inner in variants.iter().map(|(_, inner)| inner).chain([other]) {
                    parameters(inner).iter().for_each(|(name, number)| add(&mut out, name, *number));
                }
            }
        }
    }
    out
}

fn section(key: &str) -> &str {
    key.split('-').next().unwrap_or_default()
}

fn check(all: &[Catalogue], found: &mut Vec<String>) {
    let Some(reference) = all.first().filter(|c| c.lang == REFERENCE) else {
        found.push(format!("{REFERENCE}.ftl is missing"));
        return;
    };
    let sections: BTreeSet<&str> = reference.words.keys().map(|k| section(k)).collect();
    for must in COMPLETE {
        match all.iter().find(|c| c.lang == must) {
            None => found.push(format!("{must}.ftl is missing")),
            Some(c) if !c.has_all() => found.push(format!("{must}.ftl must have every section")),
            Some(_) => {}
        }
    }
    for key in reference.words.keys() {
        if !key.contains('-') {
            found.push(format!("{REFERENCE}.ftl: {key}: a key begins with its section, such as public-{key}"));
        }
        if section(key) == REFUSALS && !key.contains('.') && !reference.words.contains_key(&format!("{key}.{NEXT}")) {
            found.push(format!("{REFERENCE}.ftl: {key} does not say what to do next: .{NEXT}"));
        }
    }
    for c in all {
        for name in c.covers.iter().filter(|s| !sections.contains(s.as_str())) {
            found.push(format!("{}.ftl: there is no section {name}", c.lang));
        }
        for (key, words) in &reference.words {
            let Some(own) = c.words.get(key) else {
                if c.covers(section(key)) {
                    found.push(format!("{}.ftl: {key} is missing", c.lang));
                }
                continue;
            };
            let names = |p: &[Piece]| parameters(p).into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>();
            let (wanted, has) = (names(words), names(own));
            for name in has.difference(&wanted) {
                found.push(format!("{}.ftl: {key} has ${name}, and in {REFERENCE}.ftl it has not", c.lang));
            }
            for name in wanted.difference(&has) {
                found.push(format!("{}.ftl: {key} lacks ${name}", c.lang));
            }
        }
        for key in c.words.keys().filter(|key| !reference.words.contains_key(*key)) {
            found.push(format!("{}.ftl: {key} is not in {REFERENCE}.ftl", c.lang));
        }
    }
}

/// The texts of all words in one, so that they lie in the program as they are: a pointer to each would be made to fit when the
/// program starts, and cost every server a page of memory a few words.
#[derive(Default)]
struct Texts {
    all: String,
    /// Where each text lies, in bytes.
    lies: BTreeMap<String, (usize, usize)>,
    /// A row a word, a column a language.
    rows: Vec<Vec<(usize, usize)>>,
}

impl Texts {
    /// The row of a word.
    fn add(&mut self, columns: impl Iterator<Item = String>) -> usize {
        let row = columns.map(|text| {
            let all = &mut self.all;
            *self.lies.entry(text).or_insert_with_key(|text| {
                all.push_str(text);
                (all.len() - text.len(), all.len())
            })
        });
        let row = row.collect();
        self.rows.push(row);
        self.rows.len() - 1
    }
}

fn write(all: &[Catalogue]) -> String {
    let mut texts = Texts::default();
    let mut out = String::from("// Written by build/words.rs from assets/words.\n");
    let reference = &all[0];
    let sections: BTreeSet<&str> = reference.words.keys().map(|k| section(k)).collect();
    let _ = writeln!(out, "const COLUMNS: usize = {};", all.len());
    let _ = writeln!(out, "/// Each language with the sections that are whole in it.");
    let _ = writeln!(out, "const CATALOGUES: [(&str, &[&str]); COLUMNS] = [");
    let first = |c: &Catalogue| COMPLETE.iter().position(|l| *l == c.lang).unwrap_or(COMPLETE.len());
    let mut ordered: Vec<&Catalogue> = all.iter().collect();
    ordered.sort_by_key(|c| first(c));
    for c in ordered {
        let whole: Vec<_> = sections.iter().filter(|s| c.covers(s)).collect();
        let _ = writeln!(out, "    ({:?}, &{whole:?}),", c.lang);
    }
    let _ = writeln!(out, "];\n/// Where a language's words stand; one without a catalogue has those of {REFERENCE}.");
    let _ = writeln!(out, "fn column(lang: Lang) -> usize {{\n    match lang.as_str() {{");
    for (column, c) in all.iter().enumerate().skip(1) {
        let also = ALSO.iter().filter(|(_, of)| *of == c.lang).map(|(also, _)| format!(" | {also:?}"));
        let _ = writeln!(out, "        {:?}{} => {column},", c.lang, also.collect::<String>());
    }
    out.push_str("        _ => 0,\n    }\n}\n");
    for name in sections {
        let _ = writeln!(out, "pub(crate) mod {name} {{\n    use super::*;");
        for (key, words) in reference.words.iter().filter(|(key, _)| section(key) == name) {
            write_word(&mut out, &mut texts, all, key, words);
        }
        if name == REFUSALS {
            write_said(&mut out, reference);
        }
        out.push_str("}\n");
    }
    let _ = writeln!(out, "const TEXTS: &str = {:?};", texts.all);
    let _ = writeln!(out, "static LIES: [[(u32, u32); COLUMNS]; {}] = {:?};", texts.rows.len(), texts.rows);
    out
}

/// What is made of a key without its section: `not-yours--approve.next` is `not_yours_approve_next`.
fn function(name: &str) -> String {
    name.replace(CASE, "-").replace(['-', '.'], "_")
}

fn constant(name: &str) -> String {
    function(name).to_uppercase()
}

/// `not-yours--approve` is `NotYoursApprove`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').filter(|word| !word.is_empty()).map(capital).collect()
}

/// The names of refusals, without their section.
fn refusals(reference: &Catalogue) -> impl Iterator<Item = &str> {
    reference
        .words
        .keys()
        .filter_map(|k| k.strip_prefix(REFUSALS)?.strip_prefix('-'))
        .filter(|name| !name.contains('.'))
}

/// Says a refusal by its key.
fn write_said(out: &mut String, reference: &Catalogue) {
    let call = |name: &str| {
        let given = parameters(&reference.words[&format!("{REFUSALS}-{name}")]);
        if given.is_empty() {
            return format!("{}.say(lang).to_owned()", constant(name));
        }
        let given: Vec<String> = given.iter().map(|(n, _)| format!("it.given({n:?})")).collect();
        format!("{}(lang, {})", function(name), given.join(", "))
    };
    out.push_str("    pub(crate) fn said(lang: Lang, it: &Refused) -> Option<(String, String)> {\n");
    out.push_str("        Some(match it.key() {\n");
    for name in refusals(reference) {
        let _ = writeln!(out, "            {name:?} => ({}, {}),", call(name), call(&format!("{name}.{NEXT}")));
    }
    out.push_str("            _ => return None,\n        })\n    }\n");
}

/// A type for each refusal, with what its sentences name.
fn write_refusals(reference: &Catalogue) -> String {
    let mut out = String::from("// Written by build/words.rs from assets/words.\nrefusals! {\n");
    for name in refusals(reference) {
        let key = format!("{REFUSALS}-{name}");
        let both = [&reference.words[&key][..], &reference.words[&format!("{key}.{NEXT}")]].concat();
        let given: Vec<String> = parameters(&both).into_iter().map(|(n, _)| n.replace('-', "_")).collect();
        let shown = parts(&reference.words[&key], &mut |p| format!("{{ ${p} }}")).replace('\n', " ");
        let code = name.split(CASE).next().unwrap_or_default();
        let _ = writeln!(out, "    #[doc = {shown:?}]");
        let _ = writeln!(out, "    {}({name:?}, {code:?}) {{ {} }}", type_name(name), given.join(", "));
    }
    out.push_str("}\n");
    out
}

fn write_word(out: &mut String, texts: &mut Texts, all: &[Catalogue], key: &str, words: &[Piece]) {
    let name = &key[section(key).len() + 1..];
    let given = parameters(words);
    let in_each = all.iter().map(|c| c.words.get(key).map_or(words, Vec::as_slice));
    if let ([] | [Piece::Text(_)], true) = (words, given.is_empty()) {
        let text = |pieces: &[Piece]| match pieces {
            [Piece::Text(text)] => text.clone(),
            _ => String::new(),
        };
        let _ = writeln!(out, "    /// {}", text(words).replace('\n', " "));
        let row = texts.add(in_each.map(text));
        let _ = writeln!(out, "    pub(crate) const {}: Word = Word({row});", constant(name));
        return;
    }
    // A parameter that any language chooses by is a number.
    let number = |name: &str| {
        all.iter().filter_map(|c| c.words.get(key)).any(|w| parameters(w).contains(&(name.to_owned(), true)))
    };
    let takes: Vec<String> = given
        .iter()
        .map(|(n, _)| format!("{}: impl {}", n.replace('-', "_"), if number(n) { "Count" } else { "Display" }))
        .collect();
    let shown: String = parts(words, &mut |p| format!("{{ ${p} }}"));
    let _ = writeln!(out, "    /// {}", shown.replace('\n', " "));
    let _ = writeln!(
        out,
        "    pub(crate) fn {}(lang: impl Borrow<Lang>, {}) -> String {{",
        function(name),
        takes.join(", ")
    );
    let columns: Vec<&[Piece]> = in_each.collect();
    let others: Vec<_> = columns.iter().enumerate().skip(1).filter(|(_, p)| **p != columns[0]).collect();
    let same = expression(columns[0]);
    if others.is_empty() {
        // Signs alone, in every language.
        let _ = writeln!(out, "        let _ = lang;\n        {same}\n    }}");
        return;
    }
    out.push_str("        match column(*lang.borrow()) {\n");
    for (column, pieces) in others {
        let _ = writeln!(out, "            {column} => {},", expression(pieces));
    }
    let _ = writeln!(out, "            _ => {same},\n        }}\n    }}");
}

/// For the comment over a function.
fn parts(pieces: &[Piece], given: &mut dyn FnMut(&str) -> String) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Given(name) => out.push_str(&given(name)),
            Piece::Chosen { other, .. } => out.push_str(&parts(other, given)),
        }
    }
    out
}

/// A choice becomes one of whole sentences, so that what is written is one `format!` each.
fn expression(pieces: &[Piece]) -> String {
    let Some(at) = pieces.iter().position(|p| matches!(p, Piece::Chosen { .. })) else {
        let (mut plain, mut format, mut given) = (String::new(), String::new(), false);
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    plain.push_str(text);
                    format.push_str(&text.replace('{', "{{").replace('}', "}}"));
                }
                Piece::Given(name) => {
                    given = true;
                    let _ = write!(format, "{{{}}}", name.replace('-', "_"));
                }
                Piece::Chosen { .. } => {}
            }
        }
        return if given { format!("format!({format:?})") } else { format!("{plain:?}.to_owned()") };
    };
    let Piece::Chosen { by, variants, other } = &pieces[at] else { return String::new() };
    let whole = |inner: &[Piece]| expression(&[&pieces[..at], inner, &pieces[at + 1..]].concat());
    let mut out = String::new();
    for (name, inner) in variants {
        let number = if name == "one" { "1" } else { name };
        let _ = write!(out, "if {}.number() == {number} {{ {} }} else ", by.replace('-', "_"), whole(inner));
    }
    let _ = write!(out, "{{ {} }}", whole(other));
    out
}
