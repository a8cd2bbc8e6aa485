//! The words that the program's own screens show: console, public page, pages behind links, command line, alarms, the
//! furniture of fax pages. They stand in `assets/words/`, a file a language, and become constants and functions while the
//! program is built (`build/words.rs`), so that the compiler finds a key that is missing, unused, or has the wrong
//! parameters; nothing is parsed at run time. See `docs/develop/words.md`.
//!
//! Must not: hold a text that goes out to anybody. Those are the region's own (`playbooks/messages.yaml`).

pub(crate) mod causes;
pub(crate) mod drills;
pub(crate) mod events;
pub(crate) mod pairs;

use std::borrow::Borrow;
use std::fmt::Display;

use crate::domain::incident::refused::{Given, Refused};
use crate::domain::lang::{L10n, Lang};
use crate::domain::text::DoesNotFit;

/// A word or sentence without parameters, in every language that has a catalogue; English where one lacks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word(u16);

impl Word {
    /// The words in that language.
    pub(crate) fn say(self, lang: Lang) -> &'static str {
        let (from, to) = LIES[usize::from(self.0)][column(lang)];
        &TEXTS[from as usize..to as usize]
    }
    /// In every language that has all words of alarms.
    pub(crate) fn in_all(self) -> L10n {
        in_all(|lang| self.say(lang).to_owned())
    }
}

/// What plurals are chosen by.
pub(crate) trait Count: Display + Copy {
    fn number(self) -> u64;
}
macro_rules! counts {
    ($($kind:ty),*) => {
        $(impl Count for $kind {
            fn number(self) -> u64 {
                u64::try_from(self).unwrap_or(u64::MAX)
            }
        })*
    };
}
// Templates give what they show by reference, the language too.
impl<C: Count> Count for &C {
    fn number(self) -> u64 {
        (*self).number()
    }
}
counts!(u8, u32, u64, usize);
impl Count for Given<'_> {
    fn number(self) -> u64 {
        Given::number(self)
    }
}

/// A section of the catalogues, as a language covers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Section {
    /// What the program's parts say of themselves.
    Alarm,
    /// Prompts and tables of the command line.
    Cli,
    Console,
    /// Pages behind links.
    Link,
    /// The public page and its feeds.
    Public,
    /// What was refused and why.
    Refusal,
}

impl Section {
    fn key(self) -> &'static str {
        match self {
            Section::Alarm => "alarm",
            Section::Cli => "cli",
            Section::Console => "console",
            Section::Link => "link",
            Section::Public => "public",
            Section::Refusal => "refusal",
        }
    }
    /// The languages in which all of it can be said.
    pub(crate) fn languages(self) -> impl Iterator<Item = Lang> {
        let whole = CATALOGUES.iter().filter(move |(_, sections)| sections.contains(&self.key()));
        whole.filter_map(|(lang, _)| Lang::try_from((*lang).to_owned()).ok())
    }
    /// That language, if all of it can be said in it. What follows the two letters (`sv-SE`, `da_DK.UTF-8`) does not matter.
    pub(crate) fn language(self, text: &str) -> Option<Lang> {
        let letters: String = text.chars().take(2).collect::<String>().to_lowercase();
        self.languages().find(|lang| lang.as_str() == letters)
    }
}

/// Said in every language that has all words of alarms.
pub(crate) fn in_all(said: impl Fn(Lang) -> String) -> L10n {
    L10n(Section::Alarm.languages().map(|lang| (lang, said(lang))).collect())
}

/// What a language calls itself; `None`: it has no catalogue.
pub(crate) fn own_name(lang: Lang) -> Option<&'static str> {
    let known = column(lang) != 0 || CATALOGUES.iter().any(|(name, _)| *name == lang.as_str());
    known.then(|| language::OWN.say(lang))
}

/// Why a gateway can't carry a text.
pub(crate) fn cannot(lang: Lang, why: &DoesNotFit) -> String {
    match why {
        DoesNotFit::Lacks(c) => format!("{} “{c}”", console::CANT_SHOW.say(lang)),
        DoesNotFit::TooLong { needs, max, .. } => {
            let (a, b) = (console::TOO_LONG_NEEDS.say(lang), console::FIT.say(lang));
            format!("{a} {needs}, {max} {b}")
        }
        DoesNotFit::NoRoom => console::NO_ROOM.say(lang).into(),
    }
}

/// What was refused and why, and what to do next.
pub(crate) fn refused(lang: Lang, refused: &Refused) -> (String, String) {
    // Each is made by its name in the catalogues.
    refusal::said(lang, refused).unwrap_or_else(|| (refused.to_string(), String::new()))
}

include!(concat!(env!("OUT_DIR"), "/words.rs"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::refused::refuse;

    #[test]
    fn a_language_says_what_it_has_and_english_says_the_rest() {
        let lang = |letters: &str| Lang::try_from(letters.to_owned()).expect("two letters");
        for (letters, page) in [("sv", "Sida"), ("da", "Side"), ("nb", "Side"), ("fi", "Sivu"), ("de", "Page")] {
            assert_eq!(fax::PAGE.say(lang(letters)), page, "{letters}");
        }
        assert_eq!(cli::REASON.say(lang("da")), "Reason");
        assert_eq!(own_name(lang("da")), Some("Dansk"));
        assert_eq!(own_name(lang("de")), None, "its two letters must do");
    }

    #[test]
    fn a_refusal_says_what_it_was_given() {
        let merged = refuse!(ClosedMerged { incident: 14, into: "Ö-3" });
        let (why, next) = refused(Lang::SV, &merged);
        assert_eq!((&*why, &*next), ("Händelse 14 fortsätter som händelse Ö-3.", "Fortsätt i händelse Ö-3."));
        let mistakes = refuse!(ConfigMistakes { count: 1, mistakes: "a:1:1: b" });
        assert_eq!(refused(Lang::EN, &mistakes).0, "The configuration has one mistake; nothing has changed:\na:1:1: b");
    }

    #[test]
    fn parameters_stand_in_their_places() {
        assert_eq!(alarm::gateway_down(Lang::SV, "sms-api"), "sms-api är ur bruk");
        assert_eq!(console::told_relapse(Lang::SV, 1_u32), "En funktion larmas på nytt.");
        assert_eq!(console::told_relapse(Lang::EN, 18_usize), "18 functions are alerted again.");
        let said = in_all(|lang| alarm::steps_late(lang, 2, "1-2", "14"));
        let languages: Vec<_> = said.0.keys().copied().collect();
        assert_eq!(languages, [Lang::EN, Lang::SV], "a language that lacks alarms leaves them to English");
    }

    #[test]
    fn a_screen_speaks_what_it_can_say_whole() {
        assert_eq!(Section::Console.languages().collect::<Vec<_>>(), [Lang::SV, Lang::EN]);
        assert_eq!(Section::Cli.language("sv_SE.UTF-8"), Some(Lang::SV));
        assert_eq!(Section::Cli.language("da_DK.UTF-8"), None);
        assert_eq!(Section::Link.language("da-DK;q=0.8").map(|l| l.to_string()).as_deref(), Some("da"));
        assert_eq!(Section::Link.language("d"), None);
    }
}
