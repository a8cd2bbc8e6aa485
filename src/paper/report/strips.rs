//! What came of each function as a drawing: a line of time for each, the slowest first, with a mark of its own for what was handed over,
//! delivered and answered.

use super::curves::{Axis, line, thin};
use super::took;
use crate::domain::lang::Lang;
use crate::domain::report::{AfterReport, FunctionResult};
use crate::paper::picture::{Pattern, Picture, SAMPLE_Y, Side, Stroke, wide};
use crate::words::after as w;

/// Functions that are drawn. The table has all.
pub const STRIPS_MAX: usize = 20;
/// Of these, so many stand in one drawing: half a page of paper.
const ROWS_MAX: usize = 10;

/// Units of the drawing.
const LEFT: u16 = 8;
const RIGHT: u16 = 300;
/// Beside the marks of the first moment.
const NAMES: u16 = 16;
const TOP: u16 = 4;
/// Of one function: its name, and its line.
const ROW: u16 = 30;
/// Between a name and what came of it, in tenths of a unit.
const BETWEEN: u16 = 60;

/// What is marked on a line.
#[derive(Clone, Copy)]
enum Mark {
    /// A bar across the line.
    Told,
    /// A triangle above the line: marks of one moment do not cover each other.
    HandedOver,
    /// A square below it.
    Delivered,
    /// A cross on it.
    Answered,
    /// A short bar in dashes.
    OwnTime,
}

impl Mark {
    /// Where its middle lies, on a line that lies at `y`.
    fn middle(self, y: u16) -> u16 {
        match self {
            Self::HandedOver => y.saturating_sub(48),
            Self::Delivered => y + 48,
            Self::Told | Self::Answered | Self::OwnTime => y,
        }
    }
    fn strokes(self, (x, y): (u16, u16)) -> Vec<Stroke> {
        let whole = |points: Vec<(u16, u16)>| Stroke { points, pattern: Pattern::Mark };
        let middle = self.middle(y);
        let (l, r, u, d) = (x.saturating_sub(32), x + 32, middle.saturating_sub(32), middle + 32);
        match self {
            Self::Told => vec![whole(vec![(x, y.saturating_sub(70)), (x, y + 70)])],
            Self::HandedOver => vec![whole(vec![(l, d), (x, u), (r, d), (l, d)])],
            Self::Delivered => vec![whole(vec![(l, u), (r, u), (r, d), (l, d), (l, u)])],
            Self::Answered => vec![whole(vec![(l, u), (r, d)]), whole(vec![(l, d), (r, u)])],
            Self::OwnTime => {
                vec![Stroke { points: vec![(x, y.saturating_sub(70)), (x, y + 70)], pattern: Pattern::Aim }]
            }
        }
    }
}

fn came(lang: Lang, f: &FunctionResult) -> String {
    match (f.asked, f.answered_s) {
        (false, _) => w::NOT_ASKED.say(lang).to_owned(),
        (true, None) => w::NEVER_ANSWERED.say(lang).to_owned(),
        (true, Some(s)) => w::answered_after(lang, took(s)),
    }
}

/// As much of a name as there is room for.
fn shortened(name: &str, room: u16) -> String {
    let mut kept = name.to_owned();
    while wide(&kept) > room && !kept.is_empty() {
        let short: Vec<char> = kept.trim_end_matches('…').chars().collect();
        let less: String = short[..short.len().saturating_sub(1)].iter().collect();
        kept = if less.is_empty() { less } else { format!("{}…", less.trim_end()) };
    }
    kept
}

/// The functions that stand in it, and how many more there are.
pub(super) fn drawn(report: &AfterReport) -> (&[FunctionResult], usize) {
    let shown = report.functions.len().min(STRIPS_MAX);
    (&report.functions[..shown], report.functions.len() - shown)
}

/// The drawings, by one measure of time.
pub(super) fn of_functions(lang: Lang, report: &AfterReport) -> Vec<Picture> {
    let (rows, _) = drawn(report);
    // Whoever never answers makes the axis no longer than the time that he had.
    let times = |f: &FunctionResult| {
        let own = f.asked.then_some(f.within_s);
        [f.accepted_s, f.delivered_s, f.answered_s, own].into_iter().flatten().max()
    };
    let axis = Axis::of(LEFT, RIGHT, rows.iter().filter_map(times).max().unwrap_or(0));
    let parts = rows.chunks(ROWS_MAX).enumerate();
    parts.map(|(n, rows)| picture(lang, report, n * ROWS_MAX + 1, rows, &axis)).collect()
}

/// `from` is the place of its first row, from 1.
fn picture(lang: Lang, report: &AfterReport, from: usize, rows: &[FunctionResult], axis: &Axis) -> Picture {
    let says = w::strips_say(lang, from, from + rows.len() - 1);
    let mut picture = Picture { says, height: 0, strokes: Vec::new(), labels: Vec::new() };
    let mut top = TOP;
    for f in rows {
        let (base, y) = ((top + 10) * 10, (top + 21) * 10);
        let came = came(lang, f);
        let room = ((RIGHT - NAMES) * 10).saturating_sub(wide(&came) + BETWEEN);
        let name = shortened(&report.name(&f.function, lang), room);
        picture.labels.push(line(name, NAMES * 10, base, Side::Right));
        picture.labels.push(line(came, RIGHT * 10, base, Side::Left));
        picture.strokes.push(thin(vec![(axis.x(0), y), (axis.x(axis.end_s), y)]));
        let own = f.asked.then_some(f.within_s);
        let marks = [
            (Mark::Told, Some(0)),
            (Mark::OwnTime, own),
            (Mark::HandedOver, f.accepted_s),
            (Mark::Delivered, f.delivered_s),
            (Mark::Answered, f.answered_s),
        ];
        for (mark, s) in marks {
            picture.strokes.extend(s.into_iter().flat_map(|s| mark.strokes((axis.x(s), y))));
        }
        top += ROW;
    }
    let bottom = (top + 4) * 10;
    picture.strokes.push(thin(vec![(axis.x(0), bottom), (axis.x(axis.end_s), bottom)]));
    axis.marks(bottom, &mut picture);
    picture.height = top + 26;
    let meanings = [
        (Mark::Told, w::MARK_TOLD),
        (Mark::HandedOver, w::HANDED_OVER),
        (Mark::Delivered, w::DELIVERED),
        (Mark::Answered, w::ANSWERED),
        (Mark::OwnTime, w::MARK_OWN_TIME),
    ];
    for (mark, word) in meanings {
        picture.mean(mark.strokes((120, SAMPLE_Y + SAMPLE_Y - mark.middle(SAMPLE_Y))), word.say(lang).to_owned());
    }
    picture
}
