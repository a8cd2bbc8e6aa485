//! The report after a drill or an incident, as a paper: what it was, what came of it, in figures, pictures and words. The same figures go
//! into files for programs and spreadsheets.
//!
//! Must not: know the plan. All names stand in the report.

mod curves;
mod figures;
mod grids;
mod proofs;
mod strips;
mod trends;
mod written;
mod xlsx;
mod zip;

pub use figures::csv;
pub use trends::trends;
pub use written::{element, progress, remark_kind};
pub use xlsx::xlsx;

use jiff::tz::TimeZone;

use super::{Block, Occasion, Sheet, Table};
use crate::domain::calendar::Zone;
use crate::domain::drills::{DrillEnd, DrillKind};
use crate::domain::lang::{L10n, Lang};
use crate::domain::report::{AfterReport, Rating, StoryLine};
use crate::domain::time::At;
use crate::words::events::event_word;
use crate::words::{Word, after as w, common, drill as dw, drills};

/// Characters of the plan's hash that are shown.
const HASH_CHARS: usize = 12;
/// Rows of one table on paper; spreadsheets and JSON have all.
const ROWS_MAX: usize = 500;

/// A moment on its day, as the region's clocks show it.
fn moment(lang: Lang, zone: &str, at: At) -> String {
    let zone = Zone::named(zone).map_or(TimeZone::UTC, |z| z.0);
    let form = if lang == Lang::SV { "%Y-%m-%d %H.%M" } else { "%Y-%m-%d %H:%M" };
    at.timestamp().to_zoned(zone).strftime(form).to_string()
}

/// The time of the day alone, with its seconds.
fn clock(lang: Lang, zone: &str, at: At) -> String {
    let zone = Zone::named(zone).map_or(TimeZone::UTC, |z| z.0);
    let form = if lang == Lang::SV { "%H.%M.%S" } else { "%H:%M:%S" };
    at.timestamp().to_zoned(zone).strftime(form).to_string()
}

/// What something took, to the second where that is seen.
fn took(seconds: u32) -> String {
    match seconds {
        61..3_600 if !seconds.is_multiple_of(60) => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => super::span(seconds),
    }
}

/// It played a playbook: a test of ways has one only to be told from others.
fn plays(report: &AfterReport) -> bool {
    report.identity.drill != Some(DrillKind::CommunicationTest)
}

/// What kind it was.
fn kind(lang: Lang, drill: Option<DrillKind>) -> &'static str {
    drill.map_or_else(|| w::REAL.say(lang), |kind| drills::kind(lang, kind))
}

/// A rating by its letter and in words.
pub fn rating(lang: Lang, rating: Rating) -> String {
    let word = match rating {
        Rating::Performed => w::RATED_P,
        Rating::SomeChallenges => w::RATED_S,
        Rating::MajorChallenges => w::RATED_M,
        Rating::Unable => w::RATED_U,
    };
    format!("{} – {}", rating.letter(), word.say(lang))
}

/// What happened, in a sentence without its time.
fn told(report: &AfterReport, lang: Lang, line: &StoryLine) -> Option<(&'static str, String)> {
    let word = if line.event == "failed" { w::EVENT_FAILED } else { event_word(&line.event)? };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(line.message.map(|m| m.to_string()));
    parts.extend(line.what.as_ref().map(|what| what.get(lang).to_owned()).filter(|t| !t.is_empty()));
    parts.extend(line.yes.map(|yes| if yes { dw::YES } else { dw::NO }.say(lang).to_owned()));
    parts.extend(line.texts.map(|n| w::n_texts(lang, n)));
    match line.functions.as_slice() {
        [] => {}
        few if few.len() <= 6 => parts.push(report.names_of(few, lang)),
        many => parts.push(w::n_functions(lang, many.len())),
    }
    let alone = line.functions.as_slice() == line.by.as_slice();
    parts.extend(line.by.iter().filter(|_| !alone).map(|by| w::by(lang, report.name(by, lang))));
    Some((word.say(lang), parts.join(" · ")))
}

struct Writer<'r> {
    lang: Lang,
    report: &'r AfterReport,
    sheet: Sheet,
}

impl Writer<'_> {
    fn say(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn heading(&mut self, word: Word) {
        let text = word.say(self.lang);
        self.sheet.heading(2, text);
    }
    fn text(&mut self, text: impl Into<String>) {
        self.sheet.blocks.push(Block::Text(text.into()));
    }
    fn pair(&mut self, label: Word, text: impl Into<String>) {
        self.sheet.pair(label.say(self.lang), text);
    }
    fn l(&self, text: &L10n) -> String {
        text.get(self.lang).to_owned()
    }
    /// A table, unless it has no rows.
    fn grid(&mut self, grid: grids::Grid) {
        let left = grid.rows.len().saturating_sub(ROWS_MAX);
        let rows = grid.rows.iter().take(ROWS_MAX);
        let table = Table {
            caption: grid.title,
            head: grid.head,
            rows: rows.map(|row| row.iter().map(|cell| cell.said(self.lang)).collect()).collect(),
            widths: grid.widths,
        };
        if !table.rows.is_empty() {
            self.sheet.blocks.push(Block::Table(table));
        }
        if left > 0 {
            let more = w::more_rows(self.lang, left);
            self.text(more);
        }
    }

    fn identity(&mut self) {
        let (lang, report) = (self.lang, self.report);
        let i = &report.identity;
        self.heading(w::WHAT_IT_WAS);
        self.pair(w::NAME, self.l(&i.title));
        self.pair(w::NUMBER, report.no.to_string());
        self.pair(w::KIND, kind(lang, i.drill));
        self.pair(w::BEGUN, moment(lang, &i.zone, i.begun));
        let ended = match i.ended {
            Some(at) => moment(lang, &i.zone, at),
            None => self.say(w::GOES_ON).to_owned(),
        };
        self.pair(w::ENDED, ended);
        let end = i.end.map(|end| match end {
            DrillEnd::Done => dw::END_DONE.say(lang).to_owned(),
            DrillEnd::Aborted => dw::END_ABORTED.say(lang).to_owned(),
            DrillEnd::BrokenOff(no) => dw::end_broken_off(lang, no),
            DrillEnd::TurnedReal => dw::END_REAL.say(lang).to_owned(),
        });
        self.pair(w::HOW_IT_ENDED, end.unwrap_or_default());
        if report.is_drill() {
            let said = match i.announced {
                Some(true) => dw::YES,
                Some(false) => dw::NO,
                None => w::NOT_KNOWN,
            };
            self.pair(w::ANNOUNCED, said.say(lang));
        }
        self.pair(w::HOURS, self.say(if i.office_hours { w::OFFICE_HOURS } else { w::OUT_OF_HOURS }));
        self.pair(w::SITES, report.sites(lang));
        if plays(report) {
            self.pair(w::PLAYBOOK, self.l(&i.playbook_title));
            self.pair(w::LEVEL, self.l(&i.level));
        }
        self.pair(w::SCENARIO, self.l(&i.scenario));
        let ordered = if report.is_drill() { w::ORDERED_BY } else { w::REPORTED_BY };
        self.pair(ordered, report.name(&i.ordered_by, lang));
        self.pair(w::LED_BY, report.names_of(i.led_by.as_slice(), lang));
        self.pair(w::DRILL_LEADS, report.names_of(&i.leads, lang));
        self.pair(w::OBSERVERS, report.names_of(&i.observers, lang));
        self.pair(w::WITHOUT, i.without.join(", "));
        self.pair(w::FUNCTIONS_IN_IT, w::n_functions(lang, report.totals.told));
        self.pair(w::GOES_ON_IN, i.merged_into.map(|no| no.to_string()).unwrap_or_default());
    }

    fn objectives(&mut self) {
        if self.report.objectives.is_empty() {
            return;
        }
        self.heading(w::OBJECTIVES);
        self.text(self.say(w::RATED_HOW));
        let grid = grids::objectives(self.lang, self.report);
        self.grid(grid);
    }

    fn curves(&mut self) {
        let (lang, report) = (self.lang, self.report);
        self.heading(w::REACHED);
        self.text(self.say(w::COUNTED_FROM));
        if report.reached.accepted.of > 0 {
            self.sheet.heading(3, w::ALL_FUNCTIONS.say(lang));
            self.sheet.blocks.push(Block::Picture(curves::of_functions(lang, report)));
            self.grid(grids::reached(lang, report));
        }
        if !report.earlier.is_empty() {
            self.sheet.heading(3, w::COMPARED.say(lang));
            self.text(self.say(w::COMPARED_WITH));
            self.sheet.blocks.push(Block::Picture(curves::compared(lang, report)));
            self.grid(grids::compared(lang, report));
        }
        if !report.channels.is_empty() {
            self.sheet.heading(3, w::BY_CHANNEL.say(lang));
            self.sheet.blocks.push(Block::Picture(curves::of_channels(lang, report)));
            self.grid(grids::channel_minutes(lang, report));
            self.grid(grids::channels(lang, report));
        }
        self.grid(grids::totals(lang, report));
    }

    fn rest(&mut self) {
        let (lang, report) = (self.lang, self.report);
        self.heading(w::FROM_THE_REPORT);
        self.grid(grids::milestones(lang, report));
        self.grid(grids::updates(lang, report));
        self.heading(w::EACH_FUNCTION);
        let (drawn, left) = strips::drawn(report);
        if !drawn.is_empty() {
            self.text(self.say(w::STRIPS_SHOW));
            self.sheet.blocks.extend(strips::of_functions(lang, report).into_iter().map(Block::Picture));
            if left > 0 {
                self.text(w::strips_left(lang, left));
            }
        }
        self.grid(grids::functions(lang, report));
        if !report.dead.is_empty() {
            self.heading(w::DEAD);
            self.text(self.say(w::DEAD_MEANS));
            self.grid(grids::dead(lang, report));
        }
        if !report.not_carried.is_empty() {
            self.heading(w::NOT_CARRIED);
            self.grid(grids::not_carried(lang, report));
        }
        self.heading(w::TIMELINE);
        self.grid(grids::story(lang, report));
        if report.story_cut {
            self.text(self.say(w::STORY_CUT));
        }
        self.written();
        self.heading(w::TEXTS);
        self.text(self.say(w::ONE_TEXT));
        self.grid(grids::texts(lang, report));
        for text in &report.texts {
            self.sheet.heading(3, format!("{} · {}", text.message, text.lang));
            self.sheet.blocks.push(Block::Text(text.text.replace('\n', " ")));
        }
        self.proofs();
        self.heading(w::SEAL);
        self.text(w::seal_says(lang, report.seal.record));
        self.pair(w::SEAL_HASH, report.seal.hash.clone());
        self.heading(w::SIGNED);
        for label in [w::SIGN_LED, w::SIGN_DATE] {
            self.sheet.blocks.push(Block::Blank(label.say(lang).to_owned()));
        }
    }
}

/// What stands around each page.
fn empty(report: &AfterReport, on: Occasion, title: String) -> Sheet {
    let lang = on.lang;
    let hash: String = report.identity.plan.chars().take(HASH_CHARS).collect();
    let marks = [(on.training, common::TRAINING), (on.fictional, common::FICTIONAL), (report.is_drill(), w::IS_DRILL)];
    let marks = marks.into_iter().filter(|(is, _)| *is);
    Sheet {
        lang,
        region: report.identity.region.clone(),
        title,
        standing: w::standing(lang, moment(lang, &report.identity.zone, on.now), report.seal.record, hash),
        marks: marks.map(|(_, mark)| mark.say(lang).to_owned()).collect(),
        blocks: Vec::new(),
    }
}

/// The report as a paper.
pub fn sheet(report: &AfterReport, on: Occasion) -> Sheet {
    let lang = on.lang;
    let title = w::title(lang, report.no, report.identity.title.get(lang));
    let mut writer = Writer { lang, report, sheet: empty(report, on, title) };
    if report.identity.ended.is_none() {
        writer.text(w::DRAFT_GOES_ON.say(lang));
    }
    writer.identity();
    writer.objectives();
    writer.curves();
    writer.rest();
    writer.sheet
}
