//! The curves as drawings: percent over minutes, a pattern and a letter for each line, and what was aimed at.

use super::moment;
use crate::domain::lang::Lang;
use crate::domain::report::{AfterReport, Curve, Earlier};
use crate::paper::picture::{LABEL_SIZE, Label, PICTURE_WIDTH, Pattern, Picture, Side, Stroke, sample, wide};
use crate::paper::{channel, span};
use crate::words::after as w;

/// Units of the drawing.
const LEFT: u16 = 44;
const RIGHT: u16 = 280;
const TOP: u16 = 14;
const BOTTOM: u16 = 140;
const HEIGHT: u16 = 179;
/// Lines that a drawing tells apart.
const PATTERNS: [Pattern; 4] = [Pattern::Whole, Pattern::Dashes, Pattern::DashDot, Pattern::Dots];
/// The letters at their ends.
const LETTERS: [char; 4] = ['A', 'B', 'C', 'D'];
/// Ends of the time axis, in seconds: the first that all of it fits into. A quarter of each is a time that people say.
const ENDS: [u32; 14] =
    [60, 120, 240, 480, 1_200, 2_400, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 2 * 86_400, 7 * 86_400];

/// Characters of a day: 2026-12-20.
const DAY_CHARS: usize = 10;

/// One line of a drawing.
struct Series<'c> {
    name: String,
    curve: &'c Curve,
}

/// Where a part of something stands, in tenths of a unit.
fn tenths(n: f64) -> u16 {
    // Within the drawing, which is far smaller than what a u16 holds.
    (n * 10.0).round().clamp(0.0, f64::from(u16::MAX)) as u16
}

/// A time axis.
pub(super) struct Axis {
    pub from: u16,
    pub to: u16,
    pub end_s: u32,
}

impl Axis {
    /// One that so many seconds fit into, between two places.
    pub fn of(from: u16, to: u16, needs_s: u32) -> Self {
        let needs = needs_s.max(1);
        Self { from, to, end_s: ENDS.into_iter().find(|end| *end >= needs).unwrap_or(needs) }
    }
    pub fn x(&self, s: u32) -> u16 {
        let part = f64::from(s.min(self.end_s)) / f64::from(self.end_s.max(1));
        tenths(f64::from(self.from) + part * f64::from(self.to - self.from))
    }
    /// Its marks, and their times.
    pub fn marks(&self, y: u16, picture: &mut Picture) {
        let quarter_wide = (self.to - self.from) * 10 / 4;
        for quarter in 0..=4_u32 {
            let s = self.end_s / 4 * quarter;
            let x = self.x(s);
            picture.strokes.push(thin(vec![(x, y), (x, y + 30)]));
            let time = span(s);
            // The last one ends where the drawing does.
            let last = (PICTURE_WIDTH * 10).saturating_sub(wide(&time) / 2 + 1);
            // Where there is no room for all of them, every other one is said.
            let narrow = (0..=4).any(|q| wide(&span(self.end_s / 4 * q)) + 30 > quarter_wide);
            if !narrow || quarter % 2 == 0 {
                picture.labels.push(line(time, x.min(last), y + 150, Side::Middle));
            }
        }
    }
}

fn height_of(percent: f64) -> u16 {
    tenths(f64::from(BOTTOM) - percent.clamp(0.0, 100.0) / 100.0 * f64::from(BOTTOM - TOP))
}

fn percent(n: u32, of: u32) -> f64 {
    f64::from(n) * 100.0 / f64::from(of.max(1))
}

pub(super) fn thin(points: Vec<(u16, u16)>) -> Stroke {
    Stroke { points, pattern: Pattern::Thin }
}

pub(super) fn line(text: String, x: u16, y: u16, side: Side) -> Label {
    Label { at: (x, y), side, text }
}

fn picture(lang: Lang, what: &str, all: &[Series<'_>], aim: Option<(u8, u32)>) -> Picture {
    let last = all.iter().filter_map(|s| s.curve.points.last()).map(|p| p.s).max().unwrap_or(0);
    let axis = Axis::of(LEFT, RIGHT, last.max(aim.map_or(0, |(_, within)| within + within / 4)));
    let (left, right, bottom) = (LEFT * 10, RIGHT * 10, BOTTOM * 10);
    let said = all.iter().map(|s| says(lang, s)).collect::<Vec<_>>().join("; ");
    let mut picture =
        Picture { says: format!("{what}: {said}."), height: HEIGHT, strokes: Vec::new(), labels: Vec::new() };
    picture.strokes.push(thin(vec![(left, TOP * 10), (left, bottom), (right, bottom)]));
    for mark in [0_u8, 25, 50, 75, 100] {
        let y = height_of(f64::from(mark));
        picture.strokes.push(thin(vec![(left - 30, y), (left, y)]));
        picture.labels.push(line(format!("{mark} %"), left - 40, y + 40, Side::Left));
    }
    axis.marks(bottom, &mut picture);
    picture.labels.push(line(w::SINCE_TOLD.say(lang).to_owned(), left, bottom + 320, Side::Right));
    if let Some((target, within_s)) = aim {
        let (x, y) = (axis.x(within_s), height_of(f64::from(target)));
        for points in [vec![(left, y), (x, y)], vec![(x, y), (x, bottom)]] {
            picture.strokes.push(Stroke { points, pattern: Pattern::Aim });
        }
    }
    // Where each line ends, from the top: letters of those that end together stand beside each other.
    let mut ends: Vec<(u16, char)> = Vec::new();
    for ((series, pattern), letter) in all.iter().zip(PATTERNS).zip(LETTERS) {
        let curve = series.curve;
        let mut points = vec![(left, bottom)];
        let mut y = bottom;
        for point in &curve.points {
            let x = axis.x(point.s);
            points.push((x, y));
            y = height_of(percent(point.n, curve.of));
            points.push((x, y));
        }
        points.push((right, y));
        picture.strokes.push(Stroke { points, pattern });
        ends.push((y, letter));
        let means = format!("{letter}  {}: {}/{}", series.name, curve.total(), curve.of);
        picture.mean(sample(pattern), means);
    }
    ends.sort_unstable();
    let mut together: Vec<(u16, String)> = Vec::new();
    for (y, letter) in ends {
        match together.last_mut() {
            Some((before, letters)) if y - *before < LABEL_SIZE * 10 => letters.push(letter),
            _ => together.push((y, letter.to_string())),
        }
    }
    for (y, letters) in together {
        picture.labels.push(line(letters, right + 40, y + 40, Side::Right));
    }
    if let Some((target, within_s)) = aim {
        picture.mean(sample(Pattern::Aim), w::the_target(lang, target, span(within_s)));
    }
    picture
}

/// A line for those who don't see it.
fn says(lang: Lang, series: &Series<'_>) -> String {
    let curve = series.curve;
    let half =
        curve.half_s().map(|s| w::half_after(lang, span(s))).unwrap_or_else(|| w::HALF_NEVER.say(lang).to_owned());
    format!("{} {}/{}, {half}", series.name, curve.total(), curve.of)
}

/// Functions: text handed over, delivered, answered.
pub(super) fn of_functions(lang: Lang, report: &AfterReport) -> Picture {
    let r = &report.reached;
    let mut all = vec![Series { name: w::ANSWERED.say(lang).to_owned(), curve: &r.answered }];
    all.extend(r.delivered.as_ref().map(|curve| Series { name: w::DELIVERED.say(lang).to_owned(), curve }));
    all.push(Series { name: w::HANDED_OVER.say(lang).to_owned(), curve: &r.accepted });
    let aim = report.objectives.first().map(|o| (o.percent, o.within_s));
    picture(lang, w::ALL_FUNCTIONS.say(lang), &all, aim)
}

/// Channels: texts at addresses, delivered where that is told, else handed over.
pub(super) fn of_channels(lang: Lang, report: &AfterReport) -> Picture {
    let series = |c: &'_ crate::domain::report::ChannelResult| {
        let word = if c.delivered.is_some() { w::DELIVERED } else { w::HANDED_OVER };
        format!("{} {}", channel(lang, c.channel), word.say(lang))
    };
    let curves =
        report.channels.iter().map(|c| Series { name: series(c), curve: c.delivered.as_ref().unwrap_or(&c.accepted) });
    picture(lang, w::BY_CHANNEL.say(lang), &curves.take(PATTERNS.len()).collect::<Vec<_>>(), None)
}

/// Those who answered, beside those of earlier ones.
pub(super) fn compared(lang: Lang, report: &AfterReport) -> Picture {
    let mut all = vec![Series { name: w::THIS_ONE.say(lang).to_owned(), curve: &report.reached.answered }];
    all.extend(report.earlier.iter().map(|e| Series { name: earlier(report, lang, e), curve: &e.answered }));
    let aim = report.objectives.first().map(|o| (o.percent, o.within_s));
    picture(lang, w::COMPARED.say(lang), &all, aim)
}

/// An earlier one by its number and day.
pub(super) fn earlier(report: &AfterReport, lang: Lang, e: &Earlier) -> String {
    let day: String = moment(lang, &report.identity.zone, e.begun).chars().take(DAY_CHARS).collect();
    format!("{} {day}", e.no)
}
