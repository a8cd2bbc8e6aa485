//! The curves as drawings: percent over minutes, a pattern for each line, its name at its end, and what was aimed at.

use crate::domain::lang::Lang;
use crate::domain::report::{AfterReport, Curve};
use crate::paper::picture::{LABEL_SIZE, Label, Pattern, Picture, Side, Stroke};
use crate::paper::{channel, span};
use crate::words::after as w;

/// Units of the drawing.
const LEFT: u16 = 34;
const RIGHT: u16 = 330;
const TOP: u16 = 14;
const BOTTOM: u16 = 150;
const HEIGHT: u16 = 182;
/// Lines that a drawing tells apart.
const PATTERNS: [Pattern; 4] = [Pattern::Whole, Pattern::Dashes, Pattern::DashDot, Pattern::Dots];
/// Ends of the time axis, in seconds: the first that all of it fits into. A quarter of each is a time that people say.
const ENDS: [u32; 14] =
    [60, 120, 240, 480, 1_200, 2_400, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 2 * 86_400, 7 * 86_400];

/// One line of a drawing.
struct Series<'c> {
    name: String,
    curve: &'c Curve,
}

fn tenths(n: f64) -> u16 {
    // Within the drawing, which is far smaller than what a u16 holds.
    (n * 10.0).round().clamp(0.0, f64::from(u16::MAX)) as u16
}

struct Axes {
    end_s: u32,
}

impl Axes {
    fn x(&self, s: u32) -> u16 {
        let part = f64::from(s.min(self.end_s)) / f64::from(self.end_s.max(1));
        tenths(f64::from(LEFT) + part * f64::from(RIGHT - LEFT))
    }
    fn y(percent: f64) -> u16 {
        tenths(f64::from(BOTTOM) - percent.clamp(0.0, 100.0) / 100.0 * f64::from(BOTTOM - TOP))
    }
}

fn percent(n: u32, of: u32) -> f64 {
    f64::from(n) * 100.0 / f64::from(of.max(1))
}

fn line(text: String, x: u16, y: u16, side: Side) -> Label {
    Label { at: (x, y), side, text }
}

fn picture(lang: Lang, what: &str, all: &[Series<'_>], aim: Option<(u8, u32)>) -> Picture {
    let last = all.iter().filter_map(|s| s.curve.points.last()).map(|p| p.s).max().unwrap_or(0);
    let needs = last.max(aim.map_or(0, |(_, within)| within + within / 4)).max(1);
    let end_s = ENDS.into_iter().find(|end| *end >= needs).unwrap_or(needs);
    let axes = Axes { end_s };
    let thin = |points: Vec<(u16, u16)>| Stroke { points, pattern: Pattern::Thin };
    let (left, bottom) = (LEFT * 10, BOTTOM * 10);
    let mut strokes = vec![thin(vec![(left, TOP * 10), (left, bottom), (RIGHT * 10, bottom)])];
    let mut labels = Vec::new();
    for mark in [0_u8, 25, 50, 75, 100] {
        let y = Axes::y(f64::from(mark));
        strokes.push(thin(vec![(left - 30, y), (left, y)]));
        labels.push(line(format!("{mark} %"), left - 40, y + 30, Side::Left));
    }
    for quarter in 0..=4_u32 {
        let s = end_s / 4 * quarter;
        let x = axes.x(s);
        strokes.push(thin(vec![(x, bottom), (x, bottom + 30)]));
        labels.push(line(span(s), x, bottom + 130, Side::Middle));
    }
    labels.push(line(w::SINCE_TOLD.say(lang).to_owned(), RIGHT * 10, bottom + 260, Side::Left));
    if let Some((target, within_s)) = aim {
        let (x, y) = (axes.x(within_s), Axes::y(f64::from(target)));
        for points in [vec![(left, y), (x, y)], vec![(x, y), (x, bottom)]] {
            strokes.push(Stroke { points, pattern: Pattern::Aim });
        }
        let side = if x > 2_400 { Side::Left } else { Side::Right };
        let place = if side == Side::Left { x - 20 } else { x + 30 };
        let below = if target > 90 { y + 110 } else { y - 30 };
        labels.push(line(w::target(lang, target, span(within_s)), place, below, side));
    }
    // Where each line ends, from the top: their names do not cover each other.
    let mut ends: Vec<(u16, String, Pattern)> = Vec::new();
    for (series, pattern) in all.iter().zip(PATTERNS) {
        let curve = series.curve;
        let mut points = vec![(left, bottom)];
        let mut y = bottom;
        for point in &curve.points {
            let x = axes.x(point.s);
            points.push((x, y));
            y = Axes::y(percent(point.n, curve.of));
            points.push((x, y));
        }
        points.push((RIGHT * 10, y));
        strokes.push(Stroke { points, pattern });
        ends.push((y, format!("{}: {}/{}", series.name, curve.total(), curve.of), pattern));
    }
    ends.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let step = LABEL_SIZE * 10 + 20;
    let mut free = TOP * 10;
    let below = ends.len();
    for (n, (y, text, pattern)) in ends.into_iter().enumerate() {
        let room_below = u16::try_from(below - n - 1).unwrap_or(0) * step;
        let place = (y + 30).max(free).min(bottom + 30 - room_below.min(bottom));
        free = place + step;
        // Lines that lie on each other are told apart by the piece before the name.
        let (from, to, middle) = (RIGHT * 10 + 60, RIGHT * 10 + 260, place - 30);
        strokes.push(Stroke { points: vec![(from, middle), (to, middle)], pattern });
        labels.push(line(text, to + 40, place, Side::Right));
    }
    let said = all.iter().map(|s| says(lang, s)).collect::<Vec<_>>().join("; ");
    Picture { says: format!("{what}: {said}."), height: HEIGHT, strokes, labels }
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
