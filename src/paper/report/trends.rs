//! What drills and incidents came to, side by side: a table, and a drawing of how many answered in time.

use super::grids::capital;
use super::{kind, moment, rating, took};
use crate::domain::lang::Lang;
use crate::domain::plan::Channel;
use crate::domain::report::Trend;
use crate::paper::picture::{Label, Pattern, Picture, Side, Stroke, sample};
use crate::paper::{Block, Occasion, Sheet, Table, channel, span};
use crate::words::{after as w, common, drill as dw, improve as iw};

/// Units of the drawing.
const LEFT: u16 = 44;
const RIGHT: u16 = 316;
const TOP: u16 = 18;
const BOTTOM: u16 = 130;
const HEIGHT: u16 = 152;
/// So many stand in the drawing, the newest: of more the numbers would cover each other.
const DRAWN_MAX: usize = 7;

/// The figures of one, as they stand in the table.
fn row(lang: Lang, zone: &str, t: &Trend) -> Vec<String> {
    let share = |n: u32| if t.asked == 0 { w::NOT_KNOWN.say(lang).to_owned() } else { format!("{n}/{}", t.asked) };
    let when = |s: Option<u32>| s.map_or_else(|| w::NEVER.say(lang).to_owned(), took);
    let of = |c: Channel| {
        t.channels.get(&c).map_or_else(|| "–".to_owned(), |c| format!("{}/{}", c.delivered.unwrap_or(c.accepted), c.of))
    };
    let mut cells = vec![
        format!("{} {}", t.no, t.title.get(lang)),
        kind(lang, t.drill).to_owned(),
        moment(lang, zone, t.begun),
        format!("{} ({})", share(t.within), span(t.within_s)),
        t.rating.map_or_else(|| "–".to_owned(), |r| rating(lang, r)),
        when(t.half_s),
        t.median_s.map_or_else(|| "–".to_owned(), took),
    ];
    cells.extend(CHANNELS.map(of));
    let (open, overdue) = (t.improvements_open, t.improvements_overdue);
    cells.push(if t.improvements == 0 { "–".to_owned() } else { iw::counts(lang, t.improvements, open, overdue) });
    cells
}

/// The channels that the table has.
const CHANNELS: [Channel; 4] = [Channel::Sms, Channel::Paging, Channel::Fax, Channel::Email];

fn table(lang: Lang, zone: &str, rows: &[Trend]) -> Table {
    let heads = [dw::DRILL, w::KIND, w::BEGUN, w::IN_TIME, w::RATING, w::HALF, w::T_MEDIAN];
    let mut head: Vec<String> = heads.iter().map(|h| h.say(lang).to_owned()).collect();
    head.extend(CHANNELS.map(|c| capital(channel(lang, c))));
    head.push(iw::IMPROVEMENTS.say(lang).to_owned());
    Table {
        caption: w::TRENDS.say(lang).to_owned(),
        head,
        rows: rows.iter().map(|t| row(lang, zone, t)).collect(),
        widths: vec![6, 4, 4, 4, 4, 3, 3, 2, 2, 2, 2, 4],
    }
}

/// A bar for each, the oldest first: real ones whole, drills hollow.
fn picture(lang: Lang, rows: &[Trend]) -> Picture {
    let mut drawn: Vec<&Trend> = rows.iter().filter(|t| t.asked > 0).take(DRAWN_MAX).collect();
    drawn.reverse();
    let (left, bottom) = (LEFT * 10, BOTTOM * 10);
    let height = (BOTTOM - TOP) * 10;
    let thin = |points: Vec<(u16, u16)>| Stroke { points, pattern: Pattern::Thin };
    let mut strokes = vec![thin(vec![(left, TOP * 10), (left, bottom), (RIGHT * 10, bottom)])];
    let mut labels = Vec::new();
    for mark in [0_u16, 50, 100] {
        let y = bottom - height / 100 * mark;
        strokes.push(thin(vec![(left - 30, y), (left, y)]));
        labels.push(Label { at: (left - 40, y + 40), side: Side::Left, text: format!("{mark} %") });
    }
    let step = (RIGHT - LEFT) * 10 / u16::try_from(drawn.len().max(1)).unwrap_or(1);
    let mut said = Vec::new();
    for (n, t) in (0_u16..).zip(&drawn) {
        let percent = u16::try_from(u64::from(t.within) * 100 / u64::from(t.asked.max(1))).unwrap_or(100).min(100);
        let (from, to) = (left + n * step + step / 5, left + (n + 1) * step - step / 5);
        let y = bottom - height / 100 * percent;
        let pattern = if t.drill.is_none() { Pattern::Whole } else { Pattern::Dashes };
        strokes.push(Stroke { points: vec![(from, bottom), (from, y), (to, y), (to, bottom)], pattern });
        let middle = from.midpoint(to);
        labels.push(Label { at: (middle, y - 30), side: Side::Middle, text: format!("{percent} %") });
        labels.push(Label { at: (middle, bottom + 120), side: Side::Middle, text: t.no.to_string() });
        if let Some(target) = t.target_percent {
            let aim = bottom - height / 100 * u16::from(target.min(100));
            let points = vec![(from - step / 10, aim), (to + step / 10, aim)];
            strokes.push(Stroke { points, pattern: Pattern::Aim });
        }
        said.push(format!("{} {percent} %", t.no));
    }
    let says = format!("{}: {}.", w::IN_TIME.say(lang), said.join(", "));
    let mut picture = Picture { says, height: HEIGHT, strokes, labels };
    for (pattern, word) in
        [(Pattern::Whole, w::TREND_REAL), (Pattern::Dashes, w::TREND_DRILL), (Pattern::Aim, w::TREND_TARGET)]
    {
        picture.mean(sample(pattern), word.say(lang).to_owned());
    }
    picture
}

/// Drills and incidents of a region side by side, the newest first. `older`: so many are not here.
pub fn trends(region: &str, zone: &str, on: Occasion, rows: &[Trend], older: u32) -> Sheet {
    let lang = on.lang;
    let marks = [(on.training, common::TRAINING), (on.fictional, common::FICTIONAL)].into_iter();
    let mut sheet = Sheet {
        lang,
        region: region.to_owned(),
        title: w::TRENDS.say(lang).to_owned(),
        standing: w::made_at(lang, moment(lang, zone, on.now)),
        marks: marks.filter(|(is, _)| *is).map(|(_, mark)| mark.say(lang).to_owned()).collect(),
        blocks: Vec::new(),
    };
    if rows.is_empty() {
        sheet.blocks.push(Block::Text(w::NO_TRENDS.say(lang).to_owned()));
        return sheet;
    }
    sheet.blocks.push(Block::Text(w::TRENDS_ARE.say(lang).to_owned()));
    if rows.iter().any(|t| t.asked > 0) {
        sheet.blocks.push(Block::Picture(picture(lang, rows)));
    }
    sheet.blocks.push(Block::Table(table(lang, zone, rows)));
    if older > 0 {
        sheet.blocks.push(Block::Text(w::older(lang, older)));
    }
    sheet
}
