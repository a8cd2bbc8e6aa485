//! Types out of the tree of [`super::tree`], with serde, going on after a mistake: an unknown key is said and skipped; an
//! entry of a [`List`](super::List) or [`Ordered`](super::Ordered) that can't be read is said and left out.
//!
//! Strict on purpose: text that looks like a number or a yes must stand in quotes (a telephone number without its plus sign
//! reaches nobody), and only `true` and `false` are yes and no.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::diagnostics::{Diagnostic, Found, Place, missing};
use super::keys::{Levels, Meant};
use super::tree::{Kind, Node};

/// Asks for the place of a value beside the value ([`super::At`]).
pub const AT: &str = "$at";
/// A single value may stand for a list of one ([`super::OneOrMany`]).
pub const ONE_OR_MANY: &str = "$one-or-many";
/// `none` may stand for nothing ([`super::NoneOr`]).
pub const NONE_OR: &str = "$none-or";

/// A word that may be mistaken without taking its surroundings with it ([`word_or`]).
const WORD: &str = "$word";
/// A mistake that is told and passed over.
const SAY: &str = "$say";

/// Why a value could not be read. It is in the collector already when `said`.
#[derive(Debug)]
pub struct Fail {
    message: String,
    code: &'static str,
    wrong: Option<(String, &'static [&'static str])>,
    /// The key that is missing.
    missing: Option<&'static str>,
    said: bool,
}

impl Fail {
    fn of(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code, wrong: None, missing: None, said: false }
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Fail {}
// The words of serde are for programmers: each of its complaints has words of ours.
impl de::Error for Fail {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of("value", message.to_string())
    }
    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::of("missing-key", missing(field)) }
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("\"{variant}\" is not one of {}", expected.join(", "));
        Self { wrong: Some((variant.into(), expected)), ..Self::of("unknown-word", message) }
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("there is no key \"{field}\" here");
        Self { wrong: Some((field.into(), expected)), ..Self::of("unknown-key", message) }
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self::of("duplicate-key", format!("\"{field}\" stands here twice"))
    }
    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::of("type", "a value of another kind is wanted here")
    }
    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::of("type", "this value can't stand here")
    }
    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self::of("type", "there are too many or too few values here")
    }
}

/// Reads a word; one that is not understood is said, and `instead` stands for it: the rest of its surroundings is still looked at.
///
/// # Errors
/// What stands there is no single value, or its reader can't tell mistakes and go on (JSON).
pub fn word_or<'de, T, D>(d: D, instead: T) -> Result<T, D::Error>
where
    T: std::str::FromStr<Err = String>,
    D: Deserializer<'de>,
{
    struct Word<T>(T);
    impl<'de, T: std::str::FromStr<Err = String>> Visitor<'de> for Word<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a word")
        }
        fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<T, D::Error> {
            <String as de::Deserialize>::deserialize(d)?.parse().map_err(de::Error::custom)
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
            let text: String = seq.next_element()?.unwrap_or_default();
            match text.parse() {
                Ok(word) => Ok(word),
                Err(why) => {
                    seq.next_element_seed(Say(why))?;
                    Ok(self.0)
                }
            }
        }
    }
    d.deserialize_newtype_struct(WORD, Word(instead))
}

/// A mistake on its way to the collector.
struct Say(String);
impl<'de> DeserializeSeed<'de> for Say {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_newtype_struct(SAY, self)
    }
}
impl<'de> Visitor<'de> for Say {
    type Value = ();
    // The reader asks for what was expected, and tells it as it is.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// What all readers of one file share.
pub struct Cx<'f> {
    found: RefCell<&'f mut Found>,
    levels: RefCell<Levels>,
    left_out: Cell<bool>,
}

/// Reads a file's tree. `None` when its outermost mapping could not be read; the flag says whether something was left out.
pub fn read<T: DeserializeOwned>(root: &Node, found: &mut Found) -> (Option<T>, bool) {
    let cx = Cx { found: RefCell::new(found), levels: RefCell::default(), left_out: Cell::new(false) };
    let value = T::deserialize(De { node: root, cx: &cx }).ok();
    (value, cx.left_out.get())
}

#[derive(Clone, Copy)]
struct De<'a, 'f> {
    node: &'a Node,
    cx: &'a Cx<'f>,
}

impl<'a, 'f> De<'a, 'f> {
    fn say(&self, place: Place, code: &'static str, message: String, more: impl FnOnce(&mut Diagnostic)) -> Fail {
        self.cx.left_out.set(true);
        let mut found = self.cx.found.borrow_mut();
        more(found.error(place, code, message.clone()));
        Fail { said: true, ..Fail::of(code, message) }
    }

    fn fail(&self, code: &'static str, message: impl Into<String>) -> Fail {
        self.say(self.node.place, code, message.into(), |_| ())
    }

    /// Every mistake passes here once, at the innermost value that knows its place.
    fn placed<T>(&self, result: Result<T, Fail>) -> Result<T, Fail> {
        result.map_err(|fail| {
            if fail.said {
                return fail;
            }
            self.say(self.node.place, fail.code, fail.message, |diagnostic| {
                if let Some((wrong, names)) = fail.wrong {
                    diagnostic.nearest(&wrong, names.iter().copied());
                }
            })
        })
    }

    fn what(&self) -> &'static str {
        match &self.node.kind {
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Scalar { text, plain: true } if is_null(text) => "nothing",
            Kind::Scalar { .. } => "a single value",
        }
    }

    /// Text: in quotes if it could be read as something else.
    fn text(&self) -> Result<&str, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } if is_null(text) => Err(self.fail("type", "a value is missing here")),
            Kind::Scalar { text, plain: true } if looks_typed(text) => {
                let message = format!("{text} reads as a number, or as yes or no, where text is wanted");
                Err(self.say(self.node.place, "quotes", message, |d| d.help(format!("write it in quotes: \"{text}\""))))
            }
            Kind::Scalar { text, .. } if text.contains(['\n', '\r']) => {
                let message = "one line is wanted here, and this text has several";
                Err(self.say(self.node.place, "lines", message.into(), |d| {
                    d.help("write it in quotes, on one line; or begin it with >-")
                }))
            }
            Kind::Scalar { text, .. } => Ok(text),
            _ => Err(self.fail("type", format!("text is wanted here, not {}", self.what()))),
        }
    }

    /// A whole number up to the largest that goes.
    fn int_to(&self, max: u64) -> Result<u64, Fail> {
        match self.int()? {
            n if n <= max => Ok(n),
            n => Err(self.fail("type", format!("{n} is too large here: at most {max}"))),
        }
    }

    /// The entries of a struct: its unknown keys are said with what was meant, and what follows from one of them is not.
    fn entries<'de, V: Visitor<'de>>(
        self,
        entries: &[(Node, Node)],
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let is_known = |key: &Node| matches!(&key.kind, Kind::Scalar { text, .. } if fields.contains(&text.as_str()));
        let unknown = entries.iter().filter(|(key, _)| !is_known(key)).filter_map(|(key, _)| match &key.kind {
            Kind::Scalar { text, .. } => Some((key.place, text.clone())),
            _ => None,
        });
        self.cx.levels.borrow_mut().begin(fields, unknown.collect());
        let access = Entries { entries: entries.iter(), value: None, fields: Some(fields), cx: self.cx };
        let read = visitor.visit_map(access);
        let unknown = self.cx.levels.borrow_mut().end(self.node.place);
        let mut found = self.cx.found.borrow_mut();
        for (place, key, meant) in &unknown {
            let diagnostic = found.error(*place, "unknown-key", format!("there is no key \"{key}\" here"));
            meant.help(key, fields, diagnostic);
            match meant {
                Meant::Inside(_, inner) => found.explain_missing(*inner, key),
                Meant::Called(field) => found.explain_missing(self.node.place, field),
                Meant::Outside(..) | Meant::Nothing => {}
            }
        }
        drop(found);
        read.map_err(|fail| {
            let follows = fail.missing.is_some_and(|key| {
                let renamed = unknown.iter().any(|(.., meant)| matches!(meant, Meant::Called(field) if *field == key));
                renamed || self.cx.levels.borrow().strayed(key)
            });
            if follows {
                self.cx.left_out.set(true);
            }
            Fail { said: fail.said || follows, ..fail }
        })
    }

    fn int(&self) -> Result<u64, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } => match text.parse::<u64>() {
                Ok(n) if text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0')) => Ok(n),
                _ => Err(self.fail("type", format!("a whole number is wanted here, not \"{text}\""))),
            },
            Kind::Scalar { text, .. } => {
                Err(self.fail("type", format!("a whole number without quotes is wanted here, not \"{text}\"")))
            }
            _ => Err(self.fail("type", format!("a whole number is wanted here, not {}", self.what()))),
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn looks_typed(text: &str) -> bool {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
        && (text.parse::<f64>().is_ok() || text.starts_with("0x") || text.starts_with("0o"));
    number || matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE")
}

macro_rules! ints {
    ($($name:ident $max:expr,)*) => { $(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
            let n = self.int_to($max)?;
            self.placed(visitor.visit_u64(n))
        }
    )* };
}

impl<'de> Deserializer<'de> for De<'_, '_> {
    type Error = Fail;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } if is_null(text) => self.placed(visitor.visit_unit()),
            Kind::Scalar { text, plain: true } if matches!(text.as_str(), "true" | "false") => {
                self.placed(visitor.visit_bool(text == "true"))
            }
            Kind::Scalar { text, plain: true } if looks_typed(text) => match text.parse::<i64>() {
                Ok(n) if n.to_string() == *text => self.placed(visitor.visit_i64(n)),
                _ => {
                    let message = format!("{text} may be a number or text");
                    Err(self
                        .say(self.node.place, "quotes", message, |d| d.help(format!("write it in quotes: \"{text}\""))))
                }
            },
            Kind::Scalar { text, .. } => self.placed(visitor.visit_str(text)),
            Kind::Seq(_) => self.deserialize_seq(visitor),
            Kind::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } if text == "true" => self.placed(visitor.visit_bool(true)),
            Kind::Scalar { text, plain: true } if text == "false" => self.placed(visitor.visit_bool(false)),
            Kind::Scalar { text, .. } => {
                Err(self.fail("type", format!("true or false is wanted here, without quotes, not \"{text}\"")))
            }
            _ => Err(self.fail("type", format!("true or false is wanted here, not {}", self.what()))),
        }
    }

    ints! {
        deserialize_u8 u8::MAX.into(),
        deserialize_u16 u16::MAX.into(),
        deserialize_u32 u32::MAX.into(),
        deserialize_u64 u64::MAX,
        deserialize_i8 i8::MAX.unsigned_abs().into(),
        deserialize_i16 i16::MAX.unsigned_abs().into(),
        deserialize_i32 i32::MAX.unsigned_abs().into(),
        deserialize_i64 i64::MAX.unsigned_abs(),
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let text = self.text()?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => self.placed(visitor.visit_char(c)),
            _ => Err(self.fail("type", format!("one character is wanted here, not \"{text}\""))),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let text = self.text()?;
        self.placed(visitor.visit_str(text))
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_str(visitor)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, .. } => self.placed(visitor.visit_str(text)),
            _ => Err(self.fail("type", format!("a key is wanted here, not {}", self.what()))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } if is_null(text) => self.placed(visitor.visit_none()),
            _ => self.placed(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fail> {
        match name {
            AT => self.placed(visitor.visit_seq(PlaceThenValue { de: self, step: 0 })),
            WORD => self.placed(visitor.visit_seq(Twice(self))),
            SAY => {
                // Nothing is left out: what stands beside it is read, and names in it are known.
                let why = (&visitor as &dyn de::Expected).to_string();
                let key = self.cx.levels.borrow().key().map(|key| format!("{key}: "));
                let message = format!("{}{why}", key.unwrap_or_default());
                self.cx.found.borrow_mut().error(self.node.place, "value", message);
                visitor.visit_unit()
            }
            ONE_OR_MANY => match &self.node.kind {
                Kind::Scalar { .. } => {
                    let one = std::slice::from_ref(self.node);
                    self.placed(visitor.visit_seq(Items { items: one.iter(), cx: self.cx }))
                }
                _ => self.deserialize_seq(visitor),
            },
            NONE_OR => match &self.node.kind {
                Kind::Scalar { text, .. } if text == "none" => self.placed(visitor.visit_none()),
                _ => self.placed(visitor.visit_some(self)),
            },
            _ => self.placed(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Seq(items) => self.placed(visitor.visit_seq(Items { items: items.iter(), cx: self.cx })),
            _ => Err(self.fail("type", format!("a list is wanted here, not {}", self.what()))),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Map(entries) => self.placed(visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
                fields: None,
                cx: self.cx,
            })),
            _ => Err(self.fail("type", format!("\"key: value\" is wanted here, not {}", self.what()))),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Map(entries) => self.placed(self.entries(entries, fields, visitor)),
            _ => {
                let message = format!("\"key: value\" is wanted here, not {}", self.what());
                let keys = format!("the keys are {}", fields.join(", "));
                Err(self.say(self.node.place, "type", message, |d| d.help(keys)))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        match &self.node.kind {
            Kind::Scalar { text, .. } => {
                let word: StrDeserializer<'_, Fail> = text.as_str().into_deserializer();
                self.placed(visitor.visit_enum(word))
            }
            _ => Err(self.fail("type", format!("one word is wanted here, not {}", self.what()))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

/// The items of a list.
struct Items<'a, 'f> {
    items: std::slice::Iter<'a, Node>,
    cx: &'a Cx<'f>,
}
impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Fail;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fail> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let de = De { node, cx: self.cx };
        de.placed(seed.deserialize(de)).map(Some)
    }
}

/// The same value, again and again: its text, then the place for what is wrong with it.
struct Twice<'a, 'f>(De<'a, 'f>);
impl<'de> de::SeqAccess<'de> for Twice<'_, '_> {
    type Error = Fail;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fail> {
        seed.deserialize(self.0).map(Some)
    }
}

/// The entries of a mapping; with `fields`, unknown keys are said and passed over.
struct Entries<'a, 'f> {
    entries: std::slice::Iter<'a, (Node, Node)>,
    value: Option<(&'a str, &'a Node)>,
    fields: Option<&'static [&'static str]>,
    cx: &'a Cx<'f>,
}
impl<'de> de::MapAccess<'de> for Entries<'_, '_> {
    type Error = Fail;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fail> {
        for (key, value) in self.entries.by_ref() {
            if let (Some(fields), Kind::Scalar { text, .. }) = (self.fields, &key.kind)
                && !fields.contains(&text.as_str())
            {
                continue;
            }
            let name = if let Kind::Scalar { text, .. } = &key.kind { text.as_str() } else { "" };
            self.value = Some((name, value));
            let de = De { node: key, cx: self.cx };
            return de.placed(seed.deserialize(de)).map(Some);
        }
        Ok(None)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fail> {
        match self.value.take() {
            Some((key, node)) => {
                let de = De { node, cx: self.cx };
                self.cx.levels.borrow_mut().enter(key);
                let read = de.placed(seed.deserialize(de));
                self.cx.levels.borrow_mut().leave();
                read
            }
            None => Err(de::Error::custom("a value was read before its key")),
        }
    }
}

/// File, line, column, length, value.
struct PlaceThenValue<'a, 'f> {
    de: De<'a, 'f>,
    step: u8,
}
impl<'de> de::SeqAccess<'de> for PlaceThenValue<'_, '_> {
    type Error = Fail;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fail> {
        let place = self.de.node.place;
        let number = match self.step {
            0 => place.file,
            1 => place.line,
            2 => place.column,
            3 => place.len,
            4 => {
                self.step = 5;
                return seed.deserialize(self.de).map(Some);
            }
            _ => return Ok(None),
        };
        self.step += 1;
        seed.deserialize(number.into_deserializer()).map(Some)
    }
}
