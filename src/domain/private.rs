//! What must not stand in the chain of the journal: free notes, codes, what people wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that the journal keeps outside its chain, encrypted per incident; the chain holds a keyed commitment to it
/// (DESIGN §5). Never shown by Debug.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Private {
    /// The value itself, in memory only.
    Clear(String),
    /// In the chain: the commitment.
    Sealed([u8; 16]),
}

#[derive(Serialize, Deserialize)]
enum Flat {
    Clear(String),
    Sealed([u8; 16]),
}
impl Serialize for Private {
    /// Its words in formats that people read; which of both it is in the journal.
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            return s.serialize_str(self.as_str());
        }
        match self {
            Private::Clear(text) => Flat::Clear(text.clone()),
            Private::Sealed(commitment) => Flat::Sealed(*commitment),
        }
        .serialize(s)
    }
}
impl<'de> Deserialize<'de> for Private {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            return String::deserialize(d).map(Private::Clear);
        }
        Ok(match Flat::deserialize(d)? {
            Flat::Clear(text) => Private::Clear(text),
            Flat::Sealed(commitment) => Private::Sealed(commitment),
        })
    }
}

impl schemars::JsonSchema for Private {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Private".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "Words that the journal keeps sealed." })
    }
}

impl Private {
    /// The value, or nothing once it was forgotten.
    pub fn as_str(&self) -> &str {
        match self {
            Private::Clear(s) => s,
            Private::Sealed(_) => "",
        }
    }
    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}
impl Default for Private {
    fn default() -> Self {
        Private::Clear(String::new())
    }
}
impl From<&str> for Private {
    fn from(s: &str) -> Self {
        Private::Clear(s.into())
    }
}
impl From<String> for Private {
    fn from(s: String) -> Self {
        Private::Clear(s)
    }
}
impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(…)")
    }
}
