//! What must not stand in the chain of the journal: free notes, codes, what people wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that the journal keeps outside its chain, encrypted per incident; the chain holds a keyed commitment to it
/// (DESIGN §5). Never shown by Debug.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Private {
    /// In memory.
    Clear(String),
    /// In the chain: the commitment.
    Sealed([u8; 16]),
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
