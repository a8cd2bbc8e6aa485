//! The words of each language: complete, with the variables that their templates need and no others.

use std::collections::BTreeMap;

use super::Resolver;
use crate::config::check::Avoid;
use crate::config::parse::shipped_messages;
use crate::config::raw::messages::{TimesEntry, WordsEntry};
use crate::domain::lang::Lang;
use crate::domain::words::{Kinds, Labels, NoteWord, Replies, TextWord, Times, Words, variables};
use crate::yaml::diagnostics::Place;
use crate::yaml::{At, List, Name};

impl Resolver<'_> {
    pub(super) fn messages(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.messages else { return };
        for (name, entry) in file.languages.iter() {
            let Some(lang) = self.lang(name) else { continue };
            let words = self.words(name.place, &lang, entry);
            self.places.words.insert(lang, name.place);
            let strings = |all: &List<Name>| all.iter().map(|n| n.value.clone()).collect();
            let avoid = Avoid { public: strings(&entry.public_avoid), internal: strings(&entry.avoid) };
            self.places.avoid.insert(lang, avoid);
            self.plan.words.insert(lang, words);
        }
        if raw.broken.messages || raw.broken.organisation {
            return;
        }
        let missing: Vec<&str> =
            self.plan.region.languages.iter().filter(|l| !self.plan.words.contains_key(*l)).map(Lang::as_str).collect();
        if !missing.is_empty() {
            let place = file.languages.first().map_or_else(Place::default, |(n, _)| n.place);
            let message = format!("the words of {} are missing", missing.join(", "));
            self.found.error(place, "missing-language", message).help("contacts/organisation.yaml names the languages");
        }
    }

    fn words(&mut self, place: Place, lang: &Lang, w: &WordsEntry) -> Words {
        let one_word = |t: &str| !t.is_empty() && t.chars().all(char::is_alphanumeric);
        for (name, what) in [(&w.mark, "the exercise mark"), (&w.drill_prefix, "the drill prefix")] {
            if !one_word(name) {
                let message = format!("{what} is one word of letters, not \"{}\"", name.value);
                self.found.error(name.place, "mark", message);
            }
        }
        // `Ö-3` is understood when it comes back; other letters are not (see IncidentNo).
        if format!("{}-1", w.drill_prefix.value).parse() != Ok(crate::domain::ids::IncidentNo::exercise(1)) {
            let message = format!("an answer with \"{}-1\" would not be understood", w.drill_prefix.value);
            self.found.error(w.drill_prefix.place, "mark", message).help("use Ö, O, Ø or X");
        }
        let kinds = Kinds {
            alert: self.plain(&w.kinds.alert),
            mode: self.plain(&w.kinds.mode),
            update: self.plain(&w.kinds.update),
            correction: self.template(&w.kinds.correction, &["number"], true),
            restored: self.plain(&w.kinds.restored),
            all_clear: self.plain(&w.kinds.all_clear),
            redirection: self.plain(&w.kinds.redirection),
            redirection_over: self.plain(&w.kinds.redirection_over),
        };
        let l = &w.labels;
        let labels = Labels {
            do_now: self.plain(&l.do_now),
            scope: self.plain(&l.scope),
            since: self.plain(&l.since),
            restore: self.plain(&l.restore),
            next: self.plain(&l.next),
            contact: self.plain(&l.contact),
            call: self.plain(&l.call),
            known: self.plain(&l.known),
            unknown: self.plain(&l.unknown),
            redirection: self.plain(&l.redirection),
            for_you: self.plain(&l.for_you),
        };
        let weekdays = self.names(place, &w.weekdays, "a week has seven days");
        Words {
            mark: w.mark.value.clone(),
            drill_prefix: w.drill_prefix.value.clone(),
            kinds,
            labels,
            times: self.times(place, &w.times),
            not_known: self.plain(&w.not_known),
            restore_unknown: self.template(&w.restore_unknown, &["time"], true),
            redirection_until: self.template(&w.redirection_until, &["text", "time"], true),
            mode_stays: self.template(&w.mode_stays, &["mode", "why"], true),
            mode_until_decided: self.plain(&w.mode_until_decided),
            deadline: self.plain(&w.deadline),
            public: self.plain(&w.public),
            texts: self.text_words(place, w),
            real_not_drill: self.plain(&w.real_not_drill),
            reminder: self.plain(&w.reminder),
            repeated: self.plain(&w.repeated),
            answer_by_reply: self.template(&w.answer_by_reply, &["code"], true),
            answer_by_phone: self.template(&w.answer_by_phone, &["phone", "code"], true),
            you_answer_for: self.template(&w.you_answer_for, &["functions"], true),
            weekdays,
            replies: self.replies(w),
            notes: self.notes(place, lang, w),
        }
    }

    fn times(&mut self, place: Place, t: &TimesEntry) -> Times {
        Times {
            time: self.template(&t.time, &["hour", "minute"], true),
            day: self.template(&t.day, &["weekday", "day", "month", "time"], false),
            public_time: self.template(&t.public_time, &["time"], true),
            public_day: self.template(&t.public_day, &["weekday", "day", "month", "time"], false),
            months: self.names(place, &t.months, "a year has twelve months"),
            public_weekdays: self.names(place, &t.public_weekdays, "a week has seven days"),
            public_months: self.names(place, &t.public_months, "a year has twelve months"),
        }
    }

    /// Names of days or months: all of them.
    fn names<const N: usize>(&mut self, place: Place, names: &List<Name>, wanted: &str) -> [String; N]
    where
        [String; N]: Default,
    {
        let mut all: [String; N] = Default::default();
        if names.len() != N {
            let at = names.first().map_or(place, |n| n.place);
            self.found.error(at, "weekdays", format!("{wanted}, here are {}", names.len()));
        }
        for (to, name) in all.iter_mut().zip(names.iter()) {
            *to = self.plain(name);
        }
        all
    }

    /// What texts are made of. Each is there, says what it must, and names nothing that nobody fills.
    fn text_words(&mut self, place: Place, w: &WordsEntry) -> BTreeMap<TextWord, Vec<String>> {
        let mut texts = BTreeMap::new();
        for (name, parts) in w.texts.iter() {
            let Some(word) = TextWord::ALL.iter().copied().find(|t| t.key() == name.as_str()) else {
                let message = format!("there is no text \"{}\"", name.value);
                let note = self.found.error(name.place, "unknown-text", message);
                note.nearest(name, TextWord::ALL.iter().map(|t| t.key()));
                continue;
            };
            let known: Vec<&str> = word.needs().iter().chain(word.vars()).copied().collect();
            for part in parts.iter() {
                self.canonical(part);
                for var in variables(part).into_iter().filter(|v| !known.contains(v)) {
                    let message = format!("nothing fills {{{var}}} here");
                    let note = self.found.error(part.place, "unknown-variable", message);
                    note.nearest(&At { value: var.to_owned(), place: part.place }, known.iter().copied());
                }
            }
            let used: Vec<&str> = parts.iter().flat_map(|p| variables(p)).collect();
            let missing: Vec<String> =
                word.needs().iter().filter(|n| !used.contains(*n)).map(|n| format!("{{{n}}}")).collect();
            if !missing.is_empty() {
                let message = format!("{} must stand in this text", missing.join(", "));
                self.found.error(name.place, "missing-variable", message);
            }
            texts.insert(word, parts.iter().map(|p| p.value.clone()).collect());
        }
        let missing: Vec<&str> = TextWord::ALL.iter().filter(|t| !texts.contains_key(*t)).map(|t| t.key()).collect();
        if !missing.is_empty() && !self.raw.broken.messages {
            let at = w.texts.first().map_or(place, |(n, _)| n.place);
            self.found.error(at, "missing-text", format!("texts are missing: {}", missing.join(", ")));
        }
        texts
    }

    fn replies(&mut self, w: &WordsEntry) -> Replies {
        let mut seen: BTreeMap<String, &'static str> = BTreeMap::new();
        let mut list = |r: &mut Self, names: &List<Name>, what: &'static str| -> Vec<String> {
            for name in names.iter() {
                let low = name.to_lowercase();
                if name.trim().is_empty() {
                    r.found.error(name.place, "reply", "an empty answer means nothing");
                } else if let Some(before) = seen.insert(low, what) {
                    let message = format!("\"{}\" means {before} already; it can't mean {what}", name.value);
                    r.found.error(name.place, "reply", message);
                }
            }
            names.iter().map(|n| n.value.clone()).collect()
        };
        let replies = Replies {
            yes: list(self, &w.replies.yes, "yes"),
            no: list(self, &w.replies.no, "no"),
            failed: list(self, &w.replies.failed, "failed"),
            wait: list(self, &w.replies.wait, "wait"),
            real: list(self, &w.replies.real, "real"),
            report: list(self, &w.replies.report, "report"),
            arrived: list(self, &w.replies.arrived, "arrived"),
            done: list(self, &w.replies.done, "done"),
            stop: list(self, &w.replies.stop, "stop"),
            abort: list(self, &w.replies.abort, "abort"),
        };
        if replies.yes.is_empty() {
            self.found.error(w.mark.place, "reply", "no word means yes: nobody could answer");
        }
        replies
    }

    fn notes(&mut self, place: Place, lang: &Lang, w: &WordsEntry) -> BTreeMap<NoteWord, String> {
        let mut notes = BTreeMap::new();
        for (name, text) in w.notes.iter() {
            let word = NoteWord::ALL.iter().copied().find(|n| n.key() == name.as_str());
            match word {
                Some(word) => {
                    notes.insert(word, self.template(text, word.vars(), false));
                }
                None => {
                    let message = format!("there is no note \"{}\"", name.value);
                    let note = self.found.error(name.place, "unknown-note", message);
                    note.nearest(name, NoteWord::ALL.iter().map(|n| n.key()));
                }
            }
        }
        let lacks = |notes: &BTreeMap<NoteWord, String>| NoteWord::ALL.iter().any(|n| !notes.contains_key(n));
        if lacks(&notes) {
            self.places.notes_of_the_program = true;
            let shipped = shipped_messages();
            let same = shipped.iter().flat_map(|m| m.languages.iter()).find(|(name, _)| name.as_str() == lang.as_str());
            for (name, text) in same.iter().flat_map(|(_, entry)| entry.notes.iter()) {
                if let Some(word) = NoteWord::ALL.iter().find(|n| n.key() == name.as_str()) {
                    notes.entry(*word).or_insert_with(|| text.value.clone());
                }
            }
        }
        let missing: Vec<&str> = NoteWord::ALL.iter().filter(|n| !notes.contains_key(*n)).map(|n| n.key()).collect();
        if !missing.is_empty() && !self.raw.broken.messages {
            let at = w.notes.first().map_or(place, |(n, _)| n.place);
            self.found
                .error(at, "missing-note", format!("notes are missing: {}", missing.join(", ")))
                .help("only the languages of the built-in region have notes of their own");
        }
        notes
    }

    fn plain(&mut self, text: &Name) -> String {
        self.template(text, &[], true)
    }

    /// A text with `{variables}`. All that are known must stand in it: a note without its code can't be answered.
    fn template(&mut self, text: &Name, known: &[&str], all_needed: bool) -> String {
        self.canonical(text);
        let used = variables(text);
        for name in &used {
            if !known.contains(name) {
                let message = format!("nothing fills {{{name}}} here");
                let note = self.found.error(text.place, "unknown-variable", message);
                note.nearest(name, known.iter().copied());
            }
        }
        let missing: Vec<String> = known.iter().filter(|k| !used.contains(*k)).map(|k| format!("{{{k}}}")).collect();
        if !missing.is_empty() {
            let message = format!("{} must stand in this text", missing.join(", "));
            if all_needed || missing.iter().any(|m| m == "{code}" || m == "{codes}" || m == "{entries}") {
                self.found.error(text.place, "missing-variable", message);
            } else {
                self.found.warning(text.place, "missing-variable", message.replace("must", "should"));
            }
        }
        text.value.clone()
    }
}
