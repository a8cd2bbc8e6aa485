//! The picture of a roster: a row for each week, a column for each day, a bar for each shift. Where bars stand and what is written on
//! them; the template draws. Nothing is told by colour alone: each bar has its word or number, a gap is hatched and named.

use super::ui::Ui;
use crate::domain::time::At;
use crate::domain::view::{DayView, DutyView, ShiftView, TurnsView};
use crate::paper::directory::turn_name;
use crate::words::paper as p;

/// Units of the drawing: on the narrowest telephone one is about a pixel.
const DAY: f32 = 52.0;
const HEAD: f32 = 26.0;
const BAR: f32 = 26.0;
const BETWEEN: f32 = 10.0;
const ROW: f32 = HEAD + BAR + BETWEEN;
/// About as wide is a character of the words on bars.
const CHAR: f32 = 6.2;
/// A bar that is narrower can't be seen.
const BAR_WIDTH_MIN: f32 = 1.5;
const DAYS_A_ROW: usize = 7;
/// Looks of bars besides that of a gap.
const LOOKS: usize = 3;

/// The drawing.
pub struct Picture {
    pub width: f32,
    pub height: f32,
    /// What it is, for those who don't see it.
    pub label: String,
    pub days: Vec<Day>,
    pub bars: Vec<Bar>,
    /// What short names on bars mean.
    pub legend: Vec<String>,
}

/// A column within a row.
pub struct Day {
    pub x: f32,
    pub y: f32,
    pub height: f32,
    pub text_x: f32,
    pub text_y: f32,
    pub note_y: f32,
    pub name: String,
    /// A month begins, or the day is longer or shorter than others.
    pub note: String,
    pub today: bool,
}

/// A shift, or its part within a row.
pub struct Bar {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub class: String,
    pub pattern: Option<&'static str>,
    /// Whole, with its times.
    pub title: String,
    /// As much as there is room for.
    pub text: String,
    pub text_x: f32,
    pub text_y: f32,
    pub plate_x: f32,
    pub plate_y: f32,
    pub plate_width: f32,
}

/// Draws it.
pub fn picture(ui: &Ui, duty: &DutyView, turns: &TurnsView) -> Picture {
    let rows = turns.days.chunks(DAYS_A_ROW);
    let mut days = Vec::new();
    let mut bars = Vec::new();
    for (n, row) in rows.clone().enumerate() {
        let y = n as f32 * ROW;
        days.extend(row.iter().enumerate().map(|(i, day)| column(ui, day, i, y)));
        bars.extend(turns.shifts.iter().filter_map(|s| bar(ui, duty, row, s, y + HEAD)));
    }
    let named = turns.days.first().zip(turns.days.last());
    let label = named
        .map_or_else(String::new, |(first, last)| p::four_weeks_of(ui.lang, ui.l(&duty.title), first.date, last.date));
    let mut legend: Vec<String> = Vec::new();
    for shift in turns.shifts.iter().filter(|s| !s.points.is_empty()) {
        let line = p::legend(ui.lang, short(&shift.points), turn_name(ui.lang, duty, &shift.points));
        if !legend.contains(&line) {
            legend.push(line);
        }
    }
    Picture { width: DAY * DAYS_A_ROW as f32, height: rows.len() as f32 * ROW, label, days, bars, legend }
}

fn column(ui: &Ui, day: &DayView, i: usize, y: f32) -> Day {
    let words = ui.plan.words(ui.lang);
    let weekday = &words.weekdays[usize::from(day.date.weekday().to_monday_zero_offset().unsigned_abs()) % 7];
    let hours = day.minutes() / 60;
    let note = match (hours, i == 0 || day.date.day() == 1) {
        (24, true) => day.date.strftime("%Y-%m").to_string(),
        (24, false) => String::new(),
        _ => format!("{hours} h"),
    };
    let x = i as f32 * DAY;
    Day {
        x,
        y,
        height: HEAD + BAR,
        text_x: x + 3.0,
        text_y: y + 11.0,
        note_y: y + 22.0,
        name: format!("{weekday} {}", day.date.day()),
        note,
        today: day.from <= ui.now && ui.now < day.to,
    }
}

/// Where a moment stands in a row; a long or short day is as wide as any other.
fn place(row: &[DayView], at: At) -> f32 {
    for (i, day) in row.iter().enumerate() {
        if at < day.to {
            let within = at.seconds_since(day.from) as f32 / (day.minutes().max(1) * 60) as f32;
            return (i as f32 + within) * DAY;
        }
    }
    row.len() as f32 * DAY
}

/// What stands for points where there is no room: their places, from 1.
fn short(points: &[usize]) -> String {
    points.iter().map(|n| (n + 1).to_string()).collect::<Vec<_>>().join("+")
}

fn bar(ui: &Ui, duty: &DutyView, row: &[DayView], shift: &ShiftView, y: f32) -> Option<Bar> {
    let (first, last) = (row.first()?, row.last()?);
    if shift.to <= first.from || shift.from >= last.to {
        return None;
    }
    let (x, end) = (place(row, shift.from.max(first.from)), place(row, shift.to.min(last.to)));
    let width = (end - x).max(BAR_WIDTH_MIN);
    let is_gap = shift.points.is_empty();
    let whole = if is_gap { ui.t(p::GAP).to_owned() } else { turn_name(ui.lang, duty, &shift.points) };
    let little = if is_gap { "–".to_owned() } else { short(&shift.points) };
    let room = |text: &str| text.chars().count() as f32 * CHAR + 6.0;
    let text = [whole, little].into_iter().find(|t| room(t) <= width).unwrap_or_default();
    let look = shift.points.iter().sum::<usize>() % LOOKS;
    let plate = room(&text);
    Some(Bar {
        x,
        y,
        width,
        height: BAR,
        class: if is_gap { "nobody".into() } else { format!("look{look}") },
        pattern: if is_gap { Some("gap") } else { (look == 2).then_some("other") },
        title: format!(
            "{} – {}: {}",
            ui.time(&shift.from),
            ui.time(&shift.to),
            turn_name(ui.lang, duty, &shift.points)
        ),
        text_x: x + width / 2.0,
        text_y: y + BAR / 2.0 + 4.0,
        plate_x: x + (width - plate) / 2.0,
        plate_y: y + (BAR - 16.0) / 2.0,
        plate_width: plate,
        text,
    })
}
