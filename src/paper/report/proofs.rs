//! What is proven, and what is not: that everybody got the same text, and that addresses reach somebody.

use super::Writer;
use super::grids::{Cell, Grid, grid};
use crate::domain::incident::addresses::PROOF_OLD_DAYS;
use crate::domain::lang::Lang;
use crate::domain::report::{AfterReport, Identical, IdenticalText, SentAs, Unknowable, UnprovenAddress};
use crate::paper::channel;
use crate::words::{after as w, drill as dw};

/// In which form a text was handed over: `SMS: 1–2`.
fn sent_as(lang: Lang, t: &IdenticalText) -> Cell {
    let word = match t.sent_as {
        SentAs::Sms => w::AS_SMS,
        SentAs::PagerPages => w::AS_PAGER,
        SentAs::FaxPages => w::AS_FAX,
        SentAs::Mail => w::AS_MAIL,
        SentAs::PublicPage => w::AS_PAGE,
        SentAs::Errand => w::AS_ERRAND,
    }
    .say(lang);
    match (t.units_min, t.units_max) {
        _ if t.sent_as == SentAs::Mail => Cell::of(word),
        (Some(least), Some(most)) if least == most => Cell::of(format!("{word}: {least}")),
        (Some(least), Some(most)) => Cell::of(format!("{word}: {least}–{most}")),
        _ => Cell::of(word),
    }
}

fn judged(lang: Lang, t: &IdenticalText) -> Cell {
    let word = match (t.identical, t.unknown) {
        (Identical::Whole, _) => w::SAME_WHOLE,
        (Identical::Differs, _) => w::SAME_DIFFERS,
        (Identical::NotKnown, Some(Unknowable::Carried)) => w::SAME_CARRIED,
        (Identical::NotKnown, Some(Unknowable::NotReadBack)) => w::SAME_NOT_READ_BACK,
        (Identical::NotKnown, Some(Unknowable::NotSeenEqual)) => w::SAME_NOT_SEEN_EQUAL,
        (Identical::NotKnown, Some(Unknowable::StaysHere)) => w::SAME_STAYS_HERE,
        (Identical::NotKnown, Some(Unknowable::TooMany)) => w::SAME_TOO_MANY,
        (Identical::NotKnown, Some(Unknowable::NotMade) | None) => w::SAME_NOT_MADE,
    };
    Cell::of(word.say(lang))
}

pub(super) fn identical(lang: Lang, report: &AfterReport) -> Grid {
    let rows = report.identical.iter().map(|t| {
        let addresses = match t.sent_as {
            SentAs::PublicPage => Cell::Nothing,
            _ => Cell::of(format!("{}/{}", t.handed_over, t.addresses)),
        };
        let forms = if t.forms == 0 { Cell::Nothing } else { Cell::Count(t.forms) };
        vec![
            Cell::of(t.message.to_string()),
            Cell::of(t.lang.as_str()),
            Cell::of(channel(lang, t.channel)),
            addresses,
            sent_as(lang, t),
            forms,
            Cell::of(t.fingerprint.as_str()),
            judged(lang, t),
        ]
    });
    let columns = [
        (dw::NUMBER, 4),
        (w::LANGUAGE, 5),
        (w::CHANNEL, 4),
        (w::HANDED_OVER, 6),
        (w::IN_WHICH_FORM, 6),
        (w::FORMS_COMPARED, 5),
        (w::FINGERPRINT, 6),
        (w::SAME_TEXT, 8),
    ];
    grid(lang, w::IDENTICAL, &columns, rows.collect())
}

fn last_proven(lang: Lang, a: &UnprovenAddress) -> Cell {
    match (a.proven, a.age_days) {
        (Some(day), Some(days)) => Cell::of(w::proven_on(lang, day, days)),
        _ => Cell::Never,
    }
}

pub(super) fn unproven(lang: Lang, report: &AfterReport) -> Grid {
    let all = report.unproven.as_ref().map_or(&[][..], |u| &u.addresses);
    let rows = all.iter().map(|a| {
        let nth = a.nth.map(|n| format!(" {n}")).unwrap_or_default();
        vec![
            Cell::of(report.names_of(&a.functions, lang)),
            Cell::of(format!("{}{nth}", channel(lang, a.channel))),
            last_proven(lang, a),
        ]
    });
    let columns = [(w::FUNCTION, 6), (w::CHANNEL, 2), (w::LAST_PROVEN, 4)];
    grid(lang, w::UNPROVEN, &columns, rows.collect())
}

impl Writer<'_> {
    /// Whether everybody got the same text, and which addresses nobody knows to reach somebody.
    pub(super) fn proofs(&mut self) {
        let (lang, report) = (self.lang, self.report);
        if !report.identical.is_empty() {
            self.heading(w::IDENTICAL);
            self.text(self.say(w::IDENTICAL_HOW));
            if report.identical.iter().any(|t| t.identical == Identical::Differs) {
                self.text(self.say(w::IDENTICAL_FAILS));
            }
            self.grid(identical(lang, report));
        }
        let Some(u) = &report.unproven else { return };
        if u.of > 0 {
            self.heading(w::UNPROVEN);
            self.text(w::unproven_of(lang, u.not_proven, u.of, PROOF_OLD_DAYS));
            self.grid(unproven(lang, report));
            let left = usize::try_from(u.not_proven).unwrap_or(usize::MAX).saturating_sub(u.addresses.len());
            if left > 0 {
                self.text(w::unproven_left(lang, left));
            }
        }
    }
}
