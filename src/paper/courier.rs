//! What is walked and called when nothing else reaches: a sheet for each function, in the order of the way, to be signed, and the list of
//! those to call. Each carries the text word for word, under its number and fingerprint.

use super::{Block, Occasion, Qr, Sheet};
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::view::{StopView, WhyWalk};
use crate::words::paper as words;

/// A sheet for each stop, each on a page of its own, in the language of whoever gets it.
pub fn couriers(plan: &Plan, on: Occasion, stops: &[StopView]) -> Sheet {
    let lang = on.lang;
    let mut sheet = Sheet::new(plan, on, words::COURIER_SHEETS.say(lang));
    if stops.is_empty() {
        sheet.blocks.push(Block::Text(words::NOBODY_TO_WALK_TO.say(lang).to_owned()));
        return sheet;
    }
    sheet.blocks.push(Block::Text(words::courier_how(lang, stops.len())));
    for stop in stops {
        let f = plan.function(stop.function);
        sheet.item(words::courier_stop(lang, stop.n, f.title.get(lang), place(plan, lang, stop).as_str()));
    }
    for stop in stops {
        let f = plan.function(stop.function);
        let text = text(plan, stop);
        sheet.blocks.push(Block::Break);
        sheet.heading(2, words::courier_sheet(lang, stop.number.as_str(), stop.n));
        sheet.pair(words::COURIER_TO.say(lang), f.title.get(lang));
        sheet.pair(words::COURIER_SITE.say(lang), place(plan, lang, stop));
        sheet.pair(words::COURIER_WHY.say(lang), why(lang, stop.why));
        sheet.blocks.push(Block::Large(text.to_owned()));
        if stop.answer {
            sheet.blocks.push(Block::Blank(words::COURIER_ANSWER.say(lang).to_owned()));
        }
        for blank in [words::COURIER_RECEIVED_BY, words::COURIER_SIGNATURE, words::COURIER_AT, words::COURIER_FALLBACK]
        {
            sheet.blocks.push(Block::Blank(blank.say(lang).to_owned()));
        }
        if let Some(code) = Qr::of(text) {
            sheet.blocks.push(Block::Code(code, words::COURIER_CODE_IS.say(lang).to_owned()));
            sheet.blocks.push(Block::Text(words::COURIER_CODE.say(lang).to_owned()));
        }
        sheet
            .blocks
            .push(Block::Text(words::courier_back(lang, plan.function(plan.region.switchboard).title.get(lang))));
    }
    sheet
}

/// The list of those to call: the texts to read out first, then everybody in the same order, with room for what they say.
pub fn calls(plan: &Plan, on: Occasion, stops: &[StopView]) -> Sheet {
    let lang = on.lang;
    let mut sheet = Sheet::new(plan, on, words::CALL_LIST.say(lang));
    if stops.is_empty() {
        sheet.blocks.push(Block::Text(words::NOBODY_TO_CALL.say(lang).to_owned()));
        return sheet;
    }
    sheet.blocks.push(Block::Text(words::CALL_HOW.say(lang).to_owned()));
    let mut texts: Vec<&str> = stops.iter().map(|s| text(plan, s)).collect();
    texts.sort_unstable();
    texts.dedup();
    sheet.heading(2, words::CALL_TEXT.say(lang));
    sheet.blocks.extend(texts.into_iter().map(|t| Block::Large(t.to_owned())));
    sheet.heading(2, words::CALL_WHOM.say(lang));
    for stop in stops {
        let f = plan.function(stop.function);
        sheet.heading(3, format!("{}. {}, {}", stop.n, f.title.get(lang), place(plan, lang, stop)));
        let number = f.phone.as_ref().filter(|p| p.publishable).map(|p| p.number.as_str());
        sheet.pair(words::TELEPHONE.say(lang), number.unwrap_or(words::CALL_IN_THE_SAFE.say(lang)));
        sheet.pair(words::CALL_MESSAGE.say(lang), stop.number.clone());
        sheet.blocks.push(Block::Blank(words::CALL_WHO_AND_WHEN.say(lang).to_owned()));
    }
    sheet
}

/// As the function reads it.
fn text<'s>(plan: &Plan, stop: &'s StopView) -> &'s str {
    let lang = plan.function(stop.function).lang;
    stop.texts.get(&lang).or_else(|| stop.texts.values().next()).map_or("", String::as_str)
}

/// Where somebody goes: the site, and where there.
fn place(plan: &Plan, lang: Lang, stop: &StopView) -> String {
    let f = plan.function(stop.function);
    let site = plan.region.sites.iter().find(|s| s.id == f.site).map_or(f.site.as_str(), |s| s.name.get(lang));
    match f.place.get(lang) {
        "" => site.to_owned(),
        place => format!("{site}, {place}"),
    }
}

fn why(lang: Lang, why: WhyWalk) -> &'static str {
    match why {
        WhyWalk::NoWay => words::WALK_NO_WAY,
        WhyWalk::Unknown => words::WALK_UNKNOWN,
        WhyWalk::NoAnswer => words::WALK_NO_ANSWER,
    }
    .say(lang)
}
