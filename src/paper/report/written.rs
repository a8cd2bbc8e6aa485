//! What people wrote after it, on paper: each improvement, remark and answer with lines of its own, since a text may be long.

use super::{Writer, moment};
use crate::domain::incident::after::{Element, Progress, RemarkKind};
use crate::domain::lang::Lang;
use crate::domain::private::Private;
use crate::domain::report::PlannedImprovement;
use crate::words::improve as w;

/// What an improvement is about.
pub fn element(lang: Lang, element: Element) -> &'static str {
    match element {
        Element::Plan => w::ELEMENT_PLAN,
        Element::Organisation => w::ELEMENT_ORGANISATION,
        Element::Equipment => w::ELEMENT_EQUIPMENT,
        Element::Training => w::ELEMENT_TRAINING,
        Element::Exercise => w::ELEMENT_EXERCISE,
    }
    .say(lang)
}

/// How far an improvement is.
pub fn progress(lang: Lang, i: &PlannedImprovement) -> &'static str {
    match (i.progress, i.overdue) {
        (Progress::Open, true) => w::OVERDUE,
        (Progress::Open, false) => w::OPEN,
        (Progress::Done, _) => w::DONE,
        (Progress::Dropped, _) => w::DROPPED,
    }
    .say(lang)
}

/// What a remark is.
pub fn remark_kind(lang: Lang, kind: RemarkKind) -> &'static str {
    match kind {
        RemarkKind::Strength => w::KIND_STRENGTH,
        RemarkKind::Improve => w::KIND_IMPROVE,
        RemarkKind::Observation => w::KIND_OBSERVATION,
    }
    .say(lang)
}

/// Somebody's words on one line.
pub(super) fn one_line(text: &Private) -> String {
    text.as_str().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Writer<'_> {
    /// What went well and what can be better, the plan, what those who took part say.
    pub(super) fn written(&mut self) {
        let written = &self.report.written;
        if !written.remarks.is_empty() {
            self.heading(w::REMARKS);
            RemarkKind::ALL.into_iter().for_each(|kind| self.remarks(kind));
        }
        if written.plan_due.is_some() || !written.improvements.is_empty() {
            self.plan();
        }
        if !written.feedback.is_empty() {
            self.heading(w::FEEDBACK);
            self.feedback();
        }
        if written.forgotten {
            self.text(self.say(w::FORGOTTEN));
        }
    }

    fn remarks(&mut self, kind: RemarkKind) {
        let (lang, report) = (self.lang, self.report);
        let of_kind = || report.written.remarks.iter().filter(|r| r.kind == kind);
        if of_kind().next().is_some() {
            self.sheet.heading(3, remark_kind(lang, kind));
        }
        for remark in of_kind() {
            let who = report.names_of(remark.by.as_slice(), lang);
            let said = w::said(lang, who, moment(lang, &report.identity.zone, remark.at));
            self.text(format!("{} ({said})", one_line(&remark.text)));
            self.pair(w::REFERENCE, one_line(&remark.reference));
            self.pair(w::ANALYSIS, one_line(&remark.analysis));
            self.pair(w::RECOMMENDATION, one_line(&remark.recommendation));
        }
    }

    fn plan(&mut self) {
        let (lang, report) = (self.lang, self.report);
        let written = &report.written;
        self.heading(w::PLAN);
        if let Some(none) = &written.none_needed {
            let who = report.names_of(none.by.as_slice(), lang);
            let said = w::said(lang, who, moment(lang, &report.identity.zone, none.at));
            self.pair(w::NONE_NEEDED, format!("{} ({said})", one_line(&none.reason)));
        } else if let (Some(due), true) = (written.plan_due, written.improvements.is_empty()) {
            self.text(w::plan_due(lang, due));
        }
        for i in &written.improvements {
            self.sheet.heading(3, w::numbered(lang, i.id, i.due, progress(lang, i)));
            self.pair(w::ACTION, one_line(&i.action));
            self.pair(w::ISSUE, one_line(&i.issue));
            self.pair(w::CAPABILITY, one_line(&i.capability));
            self.pair(w::ELEMENT, element(lang, i.element));
            self.pair(w::OWNER, report.name(&i.owner, lang));
            self.pair(w::START, i.start.map(|day| day.to_string()).unwrap_or_default());
            let verified = if i.progress == Progress::Dropped { w::DROPPED_WHY } else { w::VERIFIED };
            self.pair(verified, one_line(&i.verified));
        }
    }

    fn feedback(&mut self) {
        let (lang, report) = (self.lang, self.report);
        for f in &report.written.feedback {
            self.sheet.heading(3, report.name(&f.function, lang));
            self.pair(w::WENT_WELL, one_line(&f.went_well));
            self.pair(w::WENT_BADLY, one_line(&f.went_badly));
            self.pair(w::CHANGE, one_line(&f.change));
        }
    }
}
