//! The frozen words of one language, as they stand in the plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::frozen::{Damaged, Frozen, frozen_enum, frozen_struct};
use super::values::NoteWord1;
use crate::domain::words::{self, TextWord};

/// Everything that stands in a text in one language.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::record) struct Wording1 {
    mark: String,
    drill_prefix: String,
    kinds: Kinds1,
    labels: Labels1,
    #[serde(default)]
    times: Option<Times2>,
    #[serde(default)]
    not_known: String,
    restore_unknown: String,
    #[serde(default)]
    redirection_until: String,
    mode_stays: String,
    mode_until_decided: String,
    #[serde(default)]
    texts: BTreeMap<TextWord2, Vec<String>>,
    real_not_drill: String,
    reminder: String,
    #[serde(default)]
    repeated: String,
    answer_by_reply: String,
    answer_by_phone: String,
    you_answer_for: String,
    deadline: String,
    public: String,
    weekdays: [String; 7],
    replies: Replies1,
    notes: BTreeMap<NoteWord1, String>,
    #[serde(flatten)]
    older: Older,
}

/// What format 1 had in place of `texts`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
struct Older {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    restored: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    all_clear: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    stopped: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    holding: String,
}

impl Frozen<words::Words> for Wording1 {
    fn freeze(from: &words::Words) -> Self {
        let words::Words {
            mark,
            drill_prefix,
            kinds,
            labels,
            times,
            not_known,
            restore_unknown,
            redirection_until,
            mode_stays,
            mode_until_decided,
            texts,
            real_not_drill,
            reminder,
            repeated,
            answer_by_reply,
            answer_by_phone,
            you_answer_for,
            deadline,
            public,
            weekdays,
            replies,
            notes,
        } = from;
        Self {
            mark: mark.clone(),
            drill_prefix: drill_prefix.clone(),
            kinds: Frozen::freeze(kinds),
            labels: Frozen::freeze(labels),
            times: Some(Frozen::freeze(times)),
            not_known: not_known.clone(),
            restore_unknown: restore_unknown.clone(),
            redirection_until: redirection_until.clone(),
            mode_stays: mode_stays.clone(),
            mode_until_decided: mode_until_decided.clone(),
            texts: Frozen::freeze(texts),
            real_not_drill: real_not_drill.clone(),
            reminder: reminder.clone(),
            repeated: repeated.clone(),
            answer_by_reply: answer_by_reply.clone(),
            answer_by_phone: answer_by_phone.clone(),
            you_answer_for: you_answer_for.clone(),
            deadline: deadline.clone(),
            public: public.clone(),
            weekdays: weekdays.clone(),
            replies: Frozen::freeze(replies),
            notes: Frozen::freeze(notes),
            older: Older::default(),
        }
    }

    fn thaw(self) -> Result<words::Words, Damaged> {
        let mut thawed = words::Words {
            mark: self.mark,
            drill_prefix: self.drill_prefix,
            kinds: self.kinds.thaw()?,
            labels: self.labels.thaw()?,
            times: self.times.map(Frozen::thaw).transpose()?.unwrap_or_default(),
            not_known: self.not_known,
            restore_unknown: self.restore_unknown,
            redirection_until: self.redirection_until,
            mode_stays: self.mode_stays,
            mode_until_decided: self.mode_until_decided,
            texts: self.texts.thaw()?,
            real_not_drill: self.real_not_drill,
            reminder: self.reminder,
            repeated: self.repeated,
            answer_by_reply: self.answer_by_reply,
            answer_by_phone: self.answer_by_phone,
            you_answer_for: self.you_answer_for,
            deadline: self.deadline,
            public: self.public,
            weekdays: self.weekdays,
            replies: self.replies.thaw()?,
            notes: self.notes.thaw()?,
        };
        if thawed.texts.is_empty() {
            thawed.texts = self.older.texts(&thawed);
        }
        Ok(thawed)
    }
}

impl Older {
    /// The texts of format 1, part by part: its own words where it has any, and nothing in the present that has ended.
    /// `{said}` is what broke, in every phase.
    fn texts(&self, w: &words::Words) -> BTreeMap<TextWord, Vec<String>> {
        use TextWord as T;
        let l = &w.labels;
        let field = |label: &str, var: &str| format!("{label}: {{{var}}}.");
        let stopped = self.stopped.clone();
        let call = field(&l.call, "call");
        let facts = || [field(&l.scope, "where"), field(&l.since, "since"), field(&l.restore, "fixed")];
        let tail = || [field(&l.next, "next"), "{tail}".to_owned()];
        let holding = self.holding.replace("{time}", "{next}");
        let mut texts: BTreeMap<T, Vec<String>> = BTreeMap::new();
        let mut put = |word: T, parts: &[&str]| texts.insert(word, parts.iter().map(|p| (*p).to_owned()).collect());
        put(T::Alert, &["{what}.", "{core}"]);
        put(T::Update, &["{news}.", "{what}.", "{core}"]);
        put(T::Mode, &["{what}.", "{core}"]);
        put(T::ModeRestored, &[&field(&l.next, "next")]);
        put(T::ModeClosed, &[]);
        put(T::Correction, &["{what}.", "{core}"]);
        put(T::FalseAlarm, &[&format!("{}.", stopped), "{stays}."]);
        put(T::Stopped, &[&format!("{}.", stopped), "{stays}."]);
        put(T::Restored, &[&format!("{}.", self.restored), "{core}"]);
        put(T::AllClear, &[&format!("{}.", self.all_clear), "{stays}."]);
        put(T::Redirection, &["{redirection}.", "{what}.", &field(&l.next, "next"), &field(&l.contact, "contact")]);
        put(T::RedirectionOver, &["{text}."]);
        put(T::Holding, &[&format!("{holding}.")]);
        put(T::NothingNew, &[]);
        put(T::OutsideWhat, &["{what}"]);
        put(T::PublicTail, &[&call]);
        put(T::PublicWhere, &["{where}"]);
        put(T::PublicFixedAt, &["{back}"]);
        put(T::PublicHolding, &[&format!("{holding}.")]);
        put(T::PublicRestored, &[&format!("{{said}}: {}.", self.restored), &tail()[0], &tail()[1]]);
        put(T::PublicAllClear, &[&format!("{{said}}: {}.", w.kinds.all_clear), "{tail}"]);
        put(T::PublicFalseAlarm, &[&format!("{}.", stopped), "{tail}"]);
        put(T::PublicStopped, &[&format!("{}.", stopped), "{tail}"]);
        for word in [T::PublicAlert, T::PublicUpdate, T::PublicCorrection] {
            let parts: Vec<String> = ["{heading}.".to_owned()].into_iter().chain(facts()).chain(tail()).collect();
            put(word, &parts.iter().map(String::as_str).collect::<Vec<_>>());
        }
        texts
    }
}

frozen_enum! {
    /// Which text.
    #[serde(rename_all = "snake_case")]
    TextWord2 of TextWord {
        Alert = 0,
        Update = 1,
        Mode = 2,
        ModeRestored = 3,
        ModeClosed = 4,
        Correction = 5,
        FalseAlarm = 6,
        Stopped = 7,
        Restored = 8,
        AllClear = 9,
        Redirection = 10,
        RedirectionOver = 11,
        Holding = 12,
        Changed = 13,
        NothingNew = 14,
        OutsideWhat = 15,
        PublicAlert = 16,
        PublicUpdate = 17,
        PublicCorrection = 18,
        PublicRestored = 19,
        PublicAllClear = 20,
        PublicFalseAlarm = 21,
        PublicStopped = 22,
        PublicHolding = 23,
        PublicInvestigating = 24,
        PublicTail = 25,
        PublicFixedAt = 26,
        PublicFixedUnknown = 27,
        PublicWhere = 28,
        OldInText = 29,
        PublicNews = 30,
        OutsideFalseAlarm = 31,
    }
}

frozen_struct! {
    /// How times are written.
    Times2 of words::Times {
        time: String,
        day: String,
        public_time: String,
        public_day: String,
        months: [String; 12],
        public_weekdays: [String; 7],
        public_months: [String; 12],
    }
    /// The first words of a text.
    Kinds1 of words::Kinds {
        alert: String,
        mode: String,
        update: String,
        correction: String,
        restored: String,
        all_clear: String,
        #[serde(default)]
        redirection: String,
        #[serde(default)]
        redirection_over: String,
    }
    /// What stands before each field.
    Labels1 of words::Labels {
        do_now: String,
        scope: String,
        since: String,
        restore: String,
        next: String,
        contact: String,
        call: String,
        known: String,
        unknown: String,
        #[serde(default)]
        redirection: String,
        #[serde(default)]
        for_you: String,
    }
    /// What people write back.
    Replies1 of words::Replies {
        yes: Vec<String>,
        no: Vec<String>,
        failed: Vec<String>,
        wait: Vec<String>,
        real: Vec<String>,
        report: Vec<String>,
        #[serde(default)]
        arrived: Vec<String>,
        #[serde(default)]
        done: Vec<String>,
        #[serde(default)]
        stop: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        abort: Vec<String>,
    }
}
