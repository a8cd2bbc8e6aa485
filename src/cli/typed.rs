//! What is typed, parsed once at the edge.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::domain::ids::{BadNumber, IncidentNo, MessageNo};
use crate::domain::incident::facts::Safety;
use crate::domain::lang::{L10n, Lang};
use crate::error::Error;
use crate::words::cli as words;

/// `14` or `14-2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Incident(IncidentNo),
    /// One of its messages.
    Message(MessageNo),
}

impl Target {
    /// The incident, and the message where one was named.
    pub fn parts(self) -> (IncidentNo, Option<u32>) {
        match self {
            Target::Incident(no) => (no, None),
            Target::Message(number) => (number.incident, Some(number.seq)),
        }
    }
}

impl FromStr for Target {
    type Err = BadNumber;
    fn from_str(s: &str) -> Result<Self, BadNumber> {
        // `Ö-3` is not a message: what stands before its last hyphen is not an incident.
        s.parse().map(Target::Message).or_else(|_| s.parse().map(Target::Incident))
    }
}

/// `TEXT`, or `sv=TEXT`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Worded {
    lang: Option<Lang>,
    text: String,
}

impl FromStr for Worded {
    type Err = std::convert::Infallible;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let tagged = s.split_once('=').and_then(|(l, text)| Some((Lang::try_from(l.to_owned()).ok()?, text)));
        Ok(match tagged {
            Some((lang, text)) => Self { lang: Some(lang), text: text.to_owned() },
            None => Self { lang: None, text: s.to_owned() },
        })
    }
}

/// A field in the languages that were given. Words without a language stand for all that were not named.
pub fn l10n(given: &[Worded], lang: Lang) -> Option<L10n> {
    let all: BTreeMap<Lang, String> = given.iter().map(|w| (w.lang.unwrap_or(lang), w.text.clone())).collect();
    (!all.is_empty()).then_some(L10n(all))
}

/// Whole texts: here the language must be said, since each is a text of its own with its own fingerprint.
pub fn texts(given: &[Worded], said_in: Lang) -> Result<BTreeMap<Lang, String>, Error> {
    let mut all = BTreeMap::new();
    for worded in given {
        let Some(lang) = worded.lang else {
            let (why, help) = (words::NO_LANGUAGE.say(said_in), words::TEXT_PER_LANGUAGE.say(said_in));
            return Err(Error::usage(why, help).coded("missing"));
        };
        if all.insert(lang, worded.text.clone()).is_some() {
            return Err(Error::usage(words::two_texts(said_in, lang), words::ONE_PER_LANGUAGE.say(said_in)));
        }
    }
    Ok(all)
}

/// Yes, no, unknown; in both languages.
pub fn safety(text: &str) -> Result<Safety, String> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "y" | "ja" | "j" => Ok(Safety::Yes),
        "no" | "n" | "nej" => Ok(Safety::No),
        "unknown" | "u" | "okänt" | "okand" | "?" => Ok(Safety::Unknown),
        _ => Err("write yes, no or unknown".into()),
    }
}

/// Not known.
pub fn is_unknown(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "unknown" | "okänt" | "okand" | "?")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_incidents_and_messages_are_told_apart() {
        let incident = |n| Target::Incident(IncidentNo::actual(n));
        assert_eq!("14".parse::<Target>().unwrap(), incident(14));
        assert_eq!("Ö-3".parse::<Target>().unwrap(), Target::Incident(IncidentNo::exercise(3)));
        let message = |incident| Target::Message(MessageNo { incident, seq: 2 });
        assert_eq!("14-2".parse::<Target>().unwrap(), message(IncidentNo::actual(14)));
        assert_eq!("Ö-3-2".parse::<Target>().unwrap(), message(IncidentNo::exercise(3)));
        assert_eq!("x3-2".parse::<Target>().unwrap(), message(IncidentNo::exercise(3)));
        assert!("14-".parse::<Target>().is_err());
    }

    #[test]
    fn a_language_is_two_letters_before_the_sign() {
        let given: Vec<Worded> = ["sv=Nere", "en=Down", "a=b"].map(|s| s.parse().unwrap()).into();
        let all = l10n(&given[..2], Lang::EN).unwrap();
        assert_eq!((all.exact(Lang::SV), all.exact(Lang::EN)), (Some("Nere"), Some("Down")));
        assert_eq!(l10n(&given[2..], Lang::SV).unwrap().exact(Lang::SV), Some("a=b"));
        assert_eq!(l10n(&[], Lang::SV), None);
        assert!(texts(&given[2..], Lang::EN).is_err());
        assert!(texts(&[given[0].clone(), given[0].clone()], Lang::EN).is_err());
    }
}
