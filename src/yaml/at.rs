//! The pieces that all files are made of: a value with its place, and lists and mappings that go on after a bad entry.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::de::{AT, NONE_OR, ONE_OR_MANY};
use super::diagnostics::Place;

/// A value and the place where it stands, for mistakes that are found later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct At<T> {
    /// What stands there.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A name, to be looked up.
pub type Name = At<String>;
/// The same thing in several languages.
pub type Texts = Ordered<At<String>>;

/// Written by the program itself: it stands nowhere.
impl<T> From<T> for At<T> {
    fn from(value: T) -> Self {
        Self { value, place: Place::default() }
    }
}
impl From<&str> for At<String> {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<T> std::ops::Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = At<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<At<T>, A::Error> {
                let mut number = || seq.next_element::<u32>().map(Option::unwrap_or_default);
                let place = Place { file: number()?, line: number()?, column: number()?, len: number()? };
                let value = seq.next_element()?.ok_or_else(|| A::Error::custom("a value is missing here"))?;
                Ok(At { value, place })
            }
        }
        d.deserialize_newtype_struct(AT, Parts(PhantomData))
    }
}

macro_rules! schema_of_inner {
    ($name:ident) => {
        impl<T: JsonSchema> JsonSchema for $name<T> {
            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }
            fn inline_schema() -> bool {
                T::inline_schema()
            }
            fn json_schema(g: &mut SchemaGenerator) -> Schema {
                T::json_schema(g)
            }
        }
    };
}
schema_of_inner!(At);

/// An entry that may be broken: it was said when it was read, and the rest goes on.
struct Attempt<T>(Option<T>);
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Attempt<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // With its place, so that a mistake that the type itself finds is said before it is passed over.
        Ok(Attempt(At::<T>::deserialize(d).ok().map(|at| at.value)))
    }
}

/// A list; entries that can't be read are said and left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T> std::ops::Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

struct Whole<T>(PhantomData<T>);
impl<'de, T: Deserialize<'de>> Visitor<'de> for Whole<T> {
    type Value = Vec<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(Attempt(item)) = seq.next_element()? {
            items.extend(item);
        }
        Ok(items)
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_seq(Whole(PhantomData)).map(List)
    }
}
impl<T: JsonSchema> JsonSchema for List<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("List_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": g.subschema_for::<T>() })
    }
}

/// A list, or one value for a list of one: `to: public`, `to: [lead, tech]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);
impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T> std::ops::Deref for OneOrMany<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_newtype_struct(ONE_OR_MANY, Whole(PhantomData)).map(OneOrMany)
    }
}
impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        let one = g.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// A value, or the word `none`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoneOr<T>(pub Option<T>);
impl<'de, T: Deserialize<'de>> Deserialize<'de> for NoneOr<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Option<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("none, or a value")
            }
            fn visit_none<E>(self) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Option<T>, D::Error> {
                T::deserialize(d).map(Some)
            }
        }
        d.deserialize_newtype_struct(NONE_OR, Either(PhantomData)).map(NoneOr)
    }
}
impl<T: JsonSchema> JsonSchema for NoneOr<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("NoneOr_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "none" }, g.subschema_for::<T>()] })
    }
}

/// A value of any form, as JSON has it: for what is handed on as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Json(pub serde_json::Value);
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(d).map(Json)
    }
}
impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// `name: value`, in the order of the file. Entries that can't be read are said and left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ordered<T>(pub Vec<(Name, T)>);
impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T> std::ops::Deref for Ordered<T> {
    type Target = [(Name, T)];
    fn deref(&self) -> &[(Name, T)] {
        &self.0
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("“name: value”")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Attempt(key), Attempt(value))) = map.next_entry()? {
                    entries.extend(key.zip(value));
                }
                Ok(Ordered(entries))
            }
        }
        d.deserialize_map(Entries(PhantomData))
    }
}
impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Map_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": g.subschema_for::<T>() })
    }
}
