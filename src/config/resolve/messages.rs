//! The words of each language: complete, with the variables that their templates need and no others.

use std::collections::BTreeMap;

use super::Resolver;
use crate::config::raw::messages::WordsEntry;
use crate::domain::lang::Lang;
use crate::domain::words::{Kinds, Labels, NoteWord, Replies, Words, variables};
use crate::yaml::diagnostics::Place;
use crate::yaml::{List, Name};

/// Marks a repeat in a language that has no word of its own for it.
const REPEATED: &str = "REPEATED";

impl Resolver<'_> {
    pub(super) fn messages(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.messages else { return };
        for (name, entry) in file.languages.iter() {
            let Some(lang) = self.lang(name) else { continue };
            let words = self.words(name.place, entry);
            self.places.words.insert(lang, name.place);
            self.places.holding.insert(lang, entry.holding.place);
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

    fn words(&mut self, place: Place, w: &WordsEntry) -> Words {
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
        };
        let mut weekdays: [String; 7] = Default::default();
        if w.weekdays.len() != 7 {
            let at = w.weekdays.first().map_or(place, |n| n.place);
            self.found.error(at, "weekdays", format!("a week has seven days, here are {}", w.weekdays.len()));
        }
        for (day, name) in weekdays.iter_mut().zip(w.weekdays.iter()) {
            *day = self.plain(name);
        }
        Words {
            mark: w.mark.value.clone(),
            drill_prefix: w.drill_prefix.value.clone(),
            kinds,
            labels,
            restore_unknown: self.template(&w.restore_unknown, &["time"], true),
            restored: self.plain(&w.restored),
            all_clear: self.plain(&w.all_clear),
            redirection_until: self.template(&w.redirection_until, &["text", "time"], true),
            mode_stays: self.template(&w.mode_stays, &["mode", "why"], true),
            mode_until_decided: self.plain(&w.mode_until_decided),
            deadline: self.plain(&w.deadline),
            public: self.plain(&w.public),
            stopped: self.template(&w.stopped, &["number"], true),
            holding: self.template(&w.holding, &["time", "call"], true),
            real_not_drill: self.plain(&w.real_not_drill),
            reminder: self.plain(&w.reminder),
            repeated: w.repeated.as_ref().map_or_else(|| REPEATED.to_owned(), |word| self.plain(word)),
            answer_by_reply: self.template(&w.answer_by_reply, &["code"], true),
            answer_by_phone: self.template(&w.answer_by_phone, &["phone", "code"], true),
            you_answer_for: self.template(&w.you_answer_for, &["functions"], true),
            weekdays,
            replies: self.replies(w),
            notes: self.notes(place, w),
        }
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
        };
        if replies.yes.is_empty() {
            self.found.error(w.mark.place, "reply", "no word means yes: nobody could answer");
        }
        replies
    }

    fn notes(&mut self, place: Place, w: &WordsEntry) -> BTreeMap<NoteWord, String> {
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
        let missing: Vec<&str> = NoteWord::ALL.iter().filter(|n| !notes.contains_key(*n)).map(|n| n.key()).collect();
        if !missing.is_empty() && !self.raw.broken.messages {
            let at = w.notes.first().map_or(place, |(n, _)| n.place);
            self.found.error(at, "missing-note", format!("notes are missing: {}", missing.join(", ")));
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
