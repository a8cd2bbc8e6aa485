//! The figures as CSV (RFC 4180) for programs: a figure a line, under names that stay, in whatever language the report is read. What is not
//! known is an empty value.

use crate::domain::incident::after::Progress;
use crate::domain::report::{AfterReport, Curve, Identical};

/// The first line.
const HEAD: [&str; 5] = ["section", "item", "figure", "value", "unit"];
/// A cell that begins so is a formula to a spreadsheet.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One cell: a text that a spreadsheet would take for a formula is made harmless, and what needs quotes has them.
pub(super) fn cell(text: &str) -> String {
    let harmless = if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() };
    let quoted = harmless.contains(['"', ',', ';', '\n', '\r']);
    if quoted { format!("\"{}\"", harmless.replace('"', "\"\"")) } else { harmless }
}

struct Lines(String);

impl Lines {
    fn row(&mut self, cells: &[&str]) {
        self.0.push_str(&cells.iter().map(|c| cell(c)).collect::<Vec<_>>().join(","));
        self.0.push_str("\r\n");
    }
    fn figure(&mut self, section: &str, item: &str, figure: &str, value: Option<u32>, unit: &str) {
        let value = value.map(|v| v.to_string()).unwrap_or_default();
        self.row(&[section, item, figure, &value, unit]);
    }
    fn text(&mut self, section: &str, item: &str, figure: &str, value: &str) {
        self.row(&[section, item, figure, value, ""]);
    }
    fn curve(&mut self, section: &str, item: &str, figure: &str, curve: &Curve) {
        self.figure(section, item, &format!("{figure}-of"), Some(curve.of), "");
        for point in &curve.points {
            self.figure(section, item, &format!("{figure}-after-{}", point.s), Some(point.n), "");
        }
    }
}

/// The figures of a report.
pub fn csv(report: &AfterReport) -> String {
    let mut out = Lines(String::new());
    out.row(&HEAD);
    let i = &report.identity;
    let no = report.no.to_string();
    out.text("report", &no, "title", i.title.0.values().next().map_or("", String::as_str));
    out.text("report", &no, "begun", &i.begun.to_string());
    out.text("report", &no, "ended", &i.ended.map(|at| at.to_string()).unwrap_or_default());
    out.text("report", &no, "playbook", i.playbook.as_str());
    out.text("report", &no, "record", &report.seal.record.to_string());
    out.text("report", &no, "hash", &report.seal.hash);
    for (n, o) in (1_u32..).zip(&report.objectives) {
        let item = n.to_string();
        out.figure("objective", &item, "target", Some(u32::from(o.percent)), "percent");
        out.figure("objective", &item, "within", Some(o.within_s), "s");
        out.figure("objective", &item, "asked", Some(o.asked), "");
        out.figure("objective", &item, "in-time", Some(o.within), "");
        out.figure("objective", &item, "in-twice-the-time", Some(o.within_twice), "");
        out.text("objective", &item, "rating", &o.rating.map(|r| r.letter().to_string()).unwrap_or_default());
        if let Some(hand) = &o.by_hand {
            out.text("objective", &item, "rating-by-hand", &hand.rating.letter().to_string());
            out.text("objective", &item, "rating-by-hand-reason", hand.reason.as_str());
        }
    }
    let t = &report.totals;
    let totals = [
        ("told", Some(t.told)),
        ("asked", Some(t.asked)),
        ("answered", Some(t.answered)),
        ("in-own-time", Some(t.in_own_time)),
        ("never-answered", Some(t.never_answered)),
        ("deputies-asked", Some(t.deputies_asked)),
        ("deputies-answered", Some(t.deputies_answered)),
        ("answers-taken-back", Some(t.taken_back)),
        ("attempted", Some(t.attempted)),
        ("accepted", Some(t.accepted)),
        ("delivered", t.delivered),
        ("failed", Some(t.failed)),
        ("withdrawn", Some(t.withdrawn)),
        ("rerouted", Some(t.rerouted)),
        ("reminders", Some(t.reminders)),
        ("possible-repeats", Some(t.possible_repeats)),
        ("contradicted", Some(t.contradicted)),
        ("notes", Some(t.notes)),
    ];
    for (figure, value) in totals {
        out.figure("total", &no, figure, value, "");
    }
    let m = &report.milestones;
    let milestones = [
        ("first-reached", m.first_reached_s),
        ("first-answer", m.first_answer_s),
        ("first-owner", m.owners.first_s),
        ("all-owners", m.owners.all_s),
        ("first-ward", m.wards.first_s),
        ("all-wards", m.wards.all_s),
        ("public-page", m.public_page_s),
        ("public-page-proven", m.public_proven_s),
        ("mode", m.mode_s),
    ];
    for (figure, value) in milestones {
        out.figure("milestone", &no, figure, value, "s");
    }
    out.curve("functions", &no, "accepted", &report.reached.accepted);
    report.reached.delivered.iter().for_each(|c| out.curve("functions", &no, "delivered", c));
    out.curve("functions", &no, "answered", &report.reached.answered);
    for c in &report.channels {
        let item = c.channel.as_str();
        out.curve("channel", item, "accepted", &c.accepted);
        c.delivered.iter().for_each(|curve| out.curve("channel", item, "delivered", curve));
        out.figure("channel", item, "failed", Some(c.failed), "");
        out.figure("channel", item, "withdrawn", Some(c.withdrawn), "");
    }
    for f in &report.functions {
        let item = f.function.as_str();
        out.figure("function", item, "accepted", f.accepted_s, "s");
        out.figure("function", item, "delivered", f.delivered_s, "s");
        out.figure("function", item, "answered", f.answered_s, "s");
        out.text("function", item, "by", f.by.as_ref().map_or("", |by| by.as_str()));
    }
    for d in &report.dead {
        let functions: Vec<&str> = d.functions.iter().map(|f| f.as_str()).collect();
        out.figure("dead-address", &functions.join(" "), d.channel.as_str(), Some(d.texts), "texts");
    }
    for e in &report.earlier {
        let item = e.no.to_string();
        out.curve("earlier", &item, "accepted", &e.accepted);
        out.curve("earlier", &item, "answered", &e.answered);
    }
    written(&mut out, report, &no);
    for text in &report.texts {
        let item = format!("{} {}", text.message, text.lang);
        out.text("text", &item, "fingerprint", text.fingerprint.as_str());
        out.figure("text", &item, "addresses", Some(text.sent.values().sum()), "");
    }
    proofs(&mut out, report, &no);
    out.0
}

/// Whether everybody got the same text, and which addresses are not proven.
fn proofs(out: &mut Lines, report: &AfterReport, no: &str) {
    for t in &report.identical {
        let item = format!("{} {} {}", t.message, t.lang, t.channel);
        let judged = match t.identical {
            Identical::Whole => "whole",
            Identical::Differs => "differs",
            Identical::NotKnown => "not-known",
        };
        out.text("identical", &item, "identical", judged);
        out.text("identical", &item, "fingerprint", t.fingerprint.as_str());
        let figures = [
            ("addresses", Some(t.addresses)),
            ("handed-over", Some(t.handed_over)),
            ("forms", Some(t.forms)),
            ("units-min", t.units_min),
            ("units-max", t.units_max),
        ];
        for (figure, value) in figures {
            out.figure("identical", &item, figure, value, "");
        }
    }
    let Some(u) = &report.unproven else { return };
    out.figure("addresses", no, "looked-at", Some(u.of), "");
    out.figure("addresses", no, "not-proven", Some(u.not_proven), "");
    for a in &u.addresses {
        let functions: Vec<&str> = a.functions.iter().map(|f| f.as_str()).collect();
        out.figure("address-not-proven", &functions.join(" "), a.channel.as_str(), a.age_days, "days");
    }
}

/// What people wrote: their own words as they wrote them.
fn written(out: &mut Lines, report: &AfterReport, no: &str) {
    let written = &report.written;
    if let Some(none) = &written.none_needed {
        out.text("plan", no, "none-needed", none.reason.as_str());
    }
    for i in &written.improvements {
        let item = i.id.to_string();
        let progress = match i.progress {
            Progress::Open => "open",
            Progress::Done => "done",
            Progress::Dropped => "dropped",
        };
        let figures = [
            ("capability", i.capability.as_str()),
            ("issue", i.issue.as_str()),
            ("action", i.action.as_str()),
            ("element", i.element.as_str()),
            ("owner", i.owner.as_str()),
            ("start", &i.start.map(|day| day.to_string()).unwrap_or_default()),
            ("due", &i.due.to_string()),
            ("progress", progress),
            ("verified", i.verified.as_str()),
        ];
        for (figure, value) in figures {
            out.text("improvement", &item, figure, value);
        }
    }
    for (n, remark) in (1_u32..).zip(&written.remarks) {
        let item = n.to_string();
        out.text("remark", &item, remark.kind.as_str(), remark.text.as_str());
        let more = [
            ("reference", &remark.reference),
            ("analysis", &remark.analysis),
            ("recommendation", &remark.recommendation),
        ];
        for (figure, words) in more.into_iter().filter(|(_, words)| !words.is_empty()) {
            out.text("remark", &item, figure, words.as_str());
        }
    }
    for f in &written.feedback {
        let item = f.function.as_str();
        out.text("feedback", item, "went-well", f.went_well.as_str());
        out.text("feedback", item, "went-badly", f.went_badly.as_str());
        out.text("feedback", item, "change", f.change.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_stands_in_its_place() {
        for (text, written) in [
            ("IT-beredskap", "IT-beredskap"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+46 \"x\", y", "\"'+46 \"\"x\"\", y\""),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
