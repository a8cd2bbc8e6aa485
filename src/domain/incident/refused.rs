//! Why a command was not carried out: a code for programs, and what the sentence for people names.
//!
//! The sentences stand in `assets/words` under `refusal-`; from them `build/words.rs` writes a type for each, with a field for
//! each name in it, so that what is refused without its words, or without what they name, does not compile.
//!
//! Must not: hold a sentence in any language.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::IncidentNo;

/// Something that the sentence names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) enum Arg {
    /// A number, a name, what was typed.
    One(String),
    Many(Vec<String>),
}

impl<T: fmt::Display> From<T> for Arg {
    fn from(value: T) -> Self {
        Self::One(value.to_string())
    }
}

/// Several names in a row.
#[derive(Debug)]
pub(crate) struct List(Vec<String>);

impl List {
    pub(crate) fn of(all: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        Self(all.into_iter().map(|one| one.to_string()).collect())
    }
}
impl From<List> for Arg {
    fn from(list: List) -> Self {
        Self::Many(list.0)
    }
}

/// Why a command was not carried out. Nothing changed. Made by `refuse!` alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// A word for programs (`stale-fingerprint`).
    pub code: &'static str,
    /// The sentence: the code, or one of several of that code.
    key: &'static str,
    args: Vec<(&'static str, Arg)>,
    /// The open incident that the same fault was reported as (RULES D5): what is refused can be added to it.
    pub already: Option<IncidentNo>,
}

impl Refused {
    /// The same fault is open under that number.
    #[must_use]
    pub fn already(mut self, no: IncidentNo) -> Self {
        self.already = Some(no);
        self
    }
    /// The sentence, by its name in the catalogues.
    pub fn key(&self) -> &'static str {
        self.key
    }
    /// What the sentence names.
    pub fn given(&self, name: &str) -> Given<'_> {
        Given(self.args.iter().find(|(n, _)| *n == name).map(|(_, arg)| arg))
    }
}

/// A refusal on its way from the node that decides to the one that was asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct RefusedForm {
    key: String,
    args: Vec<(String, Arg)>,
    already: Option<IncidentNo>,
}

impl Refused {
    /// As it goes to another node.
    #[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "there is no other node"))]
    pub fn form(&self) -> RefusedForm {
        let args = self.args.iter().map(|(name, arg)| ((*name).to_owned(), arg.clone())).collect();
        RefusedForm { key: self.key.to_owned(), args, already: self.already }
    }
    /// As it came from another node. One that this program has no sentence for is told by its name.
    #[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "there is no other node"))]
    pub fn of(form: RefusedForm) -> Self {
        let RefusedForm { key, args, already } = form;
        let Some((key, code, names)) = SENTENCES.iter().find(|(known, ..)| **known == *key) else {
            return refuse!(RefusedElsewhere { what: key });
        };
        let known = |(name, arg): (String, Arg)| Some((*names.iter().find(|n| **n == name)?, arg));
        Self { code, key, args: args.into_iter().filter_map(known).collect(), already }
    }
}

/// For logs: the code, and what the sentence would name.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        self.args.iter().try_for_each(|(name, arg)| write!(f, ", {name}: {}", Given(Some(arg))))
    }
}
impl std::error::Error for Refused {}

/// Something that the sentence names, as it stands in it. Nothing is a dash.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a>(Option<&'a Arg>);

impl Given<'_> {
    /// What a plural is chosen by.
    pub fn number(self) -> u64 {
        match self.0 {
            Some(Arg::One(text)) => text.parse().unwrap_or(u64::MAX),
            Some(Arg::Many(all)) => all.len() as u64,
            None => 0,
        }
    }
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Arg::One(text)) if !text.is_empty() => f.write_str(text),
            Some(Arg::Many(all)) if !all.is_empty() => f.write_str(&all.join(", ")),
            _ => f.write_str("–"),
        }
    }
}

/// Makes a refusal: `refuse!(Closed { incident: no })`.
macro_rules! refuse {
    (@ $name:ident) => { $crate::domain::incident::refused::Arg::from($name) };
    (@ $name:ident $value:expr) => { $crate::domain::incident::refused::Arg::from($value) };
    ($what:ident $({ $($name:ident $(: $value:expr)?),* $(,)? })?) => {
        $crate::domain::incident::refused::Refused::from($crate::domain::incident::refused::$what {
            $($($name: $crate::domain::incident::refused::refuse!(@ $name $($value)?)),*)?
        })
    };
}
pub(crate) use refuse;

macro_rules! refusals {
    ($($(#[$doc:meta])* $what:ident($key:literal, $code:literal) { $($name:ident),* })*) => {
        /// The code of each sentence, in the order of the catalogue: one after another where several have the same.
        pub const CODES: &[&str] = &[$($code),*];
        /// Each sentence: its name, its code, and what it names.
        #[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "there is no other node"))]
        const SENTENCES: &[(&str, &str, &[&str])] = &[$(($key, $code, &[$(stringify!($name)),*])),*];
        $(
        $(#[$doc])*
        pub(crate) struct $what {
            $(pub(crate) $name: Arg),*
        }
        impl From<$what> for Refused {
            fn from($what { $($name),* }: $what) -> Self {
                Self { code: $code, key: $key, args: vec![$((stringify!($name), $name)),*], already: None }
            }
        }
    )* };
}

include!(concat!(env!("OUT_DIR"), "/refusals.rs"));

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_refusal_has_its_code_and_what_its_sentence_names() {
        let (by, asked) = ("iva", List::of(["kib", "tib"]));
        let refused = refuse!(NotYoursApprove { by, message: "14-2", asked });
        assert_eq!((refused.code, refused.key()), ("not-yours", "not-yours--approve"));
        assert_eq!(refused.given("asked").to_string(), "kib, tib");
        assert_eq!(refused.given("nothing").to_string(), "–");
        assert_eq!(refused.to_string(), "not-yours--approve, by: iva, message: 14-2, asked: kib, tib");
    }

    #[test]
    fn a_refusal_of_another_node_reads_as_its_own() {
        let refused = refuse!(NotYoursApprove { by: "iva", message: "14-2", asked: List::of(["kib", "tib"]) });
        let sent = serde_json::to_vec(&refused.form()).unwrap();
        assert_eq!(Refused::of(serde_json::from_slice(&sent).unwrap()), refused);
        let newer = RefusedForm { key: "of-a-newer-program".into(), args: vec![], already: None };
        assert_eq!(Refused::of(newer).to_string(), "refused-elsewhere, what: of-a-newer-program");
    }
}
