//! Languages, and texts that exist in several.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A language by its two letters (ISO 639-1): `sv`, `en`, `da`, `no`, `fi`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lang([u8; 2]);

impl Lang {
    /// Swedish.
    pub const SV: Lang = Lang(*b"sv");
    /// English.
    pub const EN: Lang = Lang(*b"en");
    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl TryFrom<String> for Lang {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        match s.as_bytes() {
            [a, b] if a.is_ascii_lowercase() && b.is_ascii_lowercase() => Ok(Lang([*a, *b])),
            _ => Err(format!("“{s}” is not a language; write its two small letters, such as sv or en")),
        }
    }
}
impl From<Lang> for String {
    fn from(l: Lang) -> String {
        l.as_str().into()
    }
}
impl schemars::JsonSchema for Lang {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lang".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z]{2}$", "description": "A language by its two letters (ISO 639-1)." })
    }
}
impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The same thing said in several languages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, schemars::JsonSchema)]
#[serde(transparent)]
pub struct L10n(pub BTreeMap<Lang, String>);

impl L10n {
    /// The same words in every language (names, numbers).
    pub fn same(langs: &[Lang], text: &str) -> Self {
        Self(langs.iter().map(|l| (*l, text.to_owned())).collect())
    }
    /// In that language, or in any that there is: an alarm in the wrong language beats silence.
    pub fn get(&self, lang: Lang) -> &str {
        self.0.get(&lang).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
    /// Nothing is said in any language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Exactly that language.
    pub fn exact(&self, lang: Lang) -> Option<&str> {
        self.0.get(&lang).map(String::as_str)
    }
    /// From pairs.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub fn of<const N: usize>(pairs: [(Lang, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(l, t)| (l, t.to_owned())).collect())
    }
}
