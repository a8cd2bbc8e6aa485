//! Types out of the tree of [`super::tree`], with serde, going on after a mistake: an unknown key is said and skipped; an
//! entry of a [`List`](super::List) or [`Ordered`](super::Ordered) that can't be read is said and left out.
//!
//! Strict on purpose: text that looks like a number or a yes must stand in quotes (a telephone number without its plus sign
//! reaches nobody), and only `true` and `false` are yes and no.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::diagnostics::{Diagnostic, Found, Place};
use super::tree::{Kind, Node};

/// Asks for the place of a value beside the value ([`super::At`]).
pub const AT: &str = "$at";
/// A single value may stand for a list of one ([`super::OneOrMany`]).
pub const ONE_OR_MANY: &str = "$one-or-many";
/// `none` may stand for nothing ([`super::NoneOr`]).
pub const NONE_OR: &str = "$none-or";

/// Why a value could not be read. It is in the collector already when `said`.
#[derive(Debug)]
pub struct Fail {
    message: String,
    code: &'static str,
    wrong: Option<(String, &'static [&'static str])>,
    said: bool,
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Fail {}
impl de::Error for Fail {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), code: "value", wrong: None, said: false }
    }
    fn missing_field(field: &'static str) -> Self {
        Self { message: format!("\"{field}\" is missing here"), code: "missing-key", wrong: None, said: false }
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("\"{variant}\" is not one of {}", expected.join(", "));
        Self { message, code: "unknown-word", wrong: Some((variant.into(), expected)), said: false }
    }
}

/// What all readers of one file share.
pub struct Cx<'f> {
    found: RefCell<&'f mut Found>,
    left_out: Cell<bool>,
}

/// Reads a file's tree. `None` when its outermost mapping could not be read; the flag says whether something was left out.
pub fn read<T: DeserializeOwned>(root: &Node, found: &mut Found) -> (Option<T>, bool) {
    let cx = Cx { found: RefCell::new(found), left_out: Cell::new(false) };
    let value = T::deserialize(De { node: root, cx: &cx }).ok();
    (value, cx.left_out.get())
}

#[derive(Clone, Copy)]
struct De<'a, 'f> {
    node: &'a Node,
    cx: &'a Cx<'f>,
}

impl De<'_, '_> {
    fn say(&self, place: Place, code: &'static str, message: String, more: impl FnOnce(&mut Diagnostic)) -> Fail {
        self.cx.left_out.set(true);
        let mut found = self.cx.found.borrow_mut();
        more(found.error(place, code, message.clone()));
        Fail { message, code, wrong: None, said: true }
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
            Kind::Scalar { text, .. } => Ok(text),
            _ => Err(self.fail("type", format!("text is wanted here, not {}", self.what()))),
        }
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
    ($($name:ident)*) => { $(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
            let n = self.int()?;
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

    ints! { deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 }

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
            Kind::Map(entries) => self.placed(visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
                fields: Some(fields),
                cx: self.cx,
            })),
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
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
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
        self.items.next().map(|node| seed.deserialize(De { node, cx: self.cx })).transpose()
    }
}

/// The entries of a mapping; with `fields`, unknown keys are said and passed over.
struct Entries<'a, 'f> {
    entries: std::slice::Iter<'a, (Node, Node)>,
    value: Option<&'a Node>,
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
                let mut found = self.cx.found.borrow_mut();
                found
                    .error(key.place, "unknown-key", format!("there is no key \"{text}\" here"))
                    .nearest(text, fields.iter().copied());
                continue;
            }
            self.value = Some(value);
            return seed.deserialize(De { node: key, cx: self.cx }).map(Some);
        }
        Ok(None)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fail> {
        match self.value.take() {
            Some(node) => seed.deserialize(De { node, cx: self.cx }),
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
