//! Blank forms for when no screen is left: a report, the log of an incident, answers, a courier sheet to write on.

use super::{Block, Occasion, Sheet};
use crate::domain::plan::Plan;
use crate::words::{Word, paper as words};

/// Lines of the log on a page.
const LOG_LINES: usize = 18;
/// Lines for answers.
const ANSWER_LINES: usize = 16;
/// Lines for a text that is written by hand.
const TEXT_LINES: usize = 8;

/// All of them, each on pages of its own.
pub fn forms(plan: &Plan, on: Occasion) -> Sheet {
    let lang = on.lang;
    let mut sheet = Sheet::new(plan, on, words::FORMS.say(lang));
    sheet.blocks.push(Block::Text(words::FORMS_HOW.say(lang).to_owned()));
    let mut form = |head: Word, how: Word, lines: &[Word], blank: usize| {
        sheet.blocks.push(Block::Break);
        sheet.heading(2, head.say(lang));
        sheet.blocks.push(Block::Text(how.say(lang).to_owned()));
        sheet.blocks.extend(lines.iter().map(|w| Block::Blank(w.say(lang).to_owned())));
        sheet.blocks.extend((0..blank).map(|n| Block::Blank((n + 1).to_string())));
    };
    let report = [
        words::FORM_SYSTEM,
        words::FORM_LEVEL,
        words::FORM_SITES,
        words::FORM_SAFETY,
        words::FORM_SINCE,
        words::FORM_BACK,
        words::FORM_KNOWN,
        words::FORM_UNKNOWN,
        words::FORM_NUMBER,
        words::FORM_BY,
        words::FORM_AT,
    ];
    form(words::FORM_REPORT, words::FORM_REPORT_HOW, &report, 0);
    form(words::FORM_LOG, words::FORM_LOG_HOW, &[], LOG_LINES);
    form(words::FORM_ANSWERS, words::FORM_ANSWERS_HOW, &[], ANSWER_LINES);
    let courier = [
        words::COURIER_TO,
        words::COURIER_SITE,
        words::COURIER_ANSWER,
        words::COURIER_RECEIVED_BY,
        words::COURIER_SIGNATURE,
        words::COURIER_AT,
    ];
    form(words::FORM_COURIER, words::FORM_COURIER_HOW, &courier, TEXT_LINES);
    sheet
}
