//! Whether every gateway can carry every text of every playbook, in every language, at its longest, as a drill (RULES A3, A5).
//!
//! The text here is made as long as it can become; the domain composes the real one. Isolated on purpose: only
//! [`units`] knows how a text is divided, and only [`longest`] what it is made of.

use std::collections::BTreeSet;

use crate::config::diagnostics::Found;
use crate::config::resolve::Places;
use crate::domain::ids::{Gx, Px};
use crate::domain::lang::Lang;
use crate::domain::plan::{Carry, Channel, Plan, Playbook};
use crate::domain::step::StepKind;
use crate::domain::text::{CannotCarry, Charset, gsm7};
use crate::domain::words::fill;

/// A first page has so many characters when no transmitter says otherwise.
const PAGE_CHARS: usize = 80;
/// What a header holds besides the mark: ` Ö-14-2 7K4F2A 1/9 ` with the longest shipped drill prefix.
const NUMBER: &str = "14-2";
const FINGERPRINT: &str = "7K4F2A";
/// Longest local time with weekday: `tors 18/12 09.45`.
const MOMENT: &str = "18/12 09.45";

pub(super) fn check(plan: &Plan, places: &Places, found: &mut Found) {
    for &lang in plan.words.keys() {
        for playbook in plan.playbooks.values() {
            first_page(plan, places, found, playbook, lang);
        }
    }
    for (i, gateway) in plan.gateways.iter().enumerate() {
        if gateway.channel == Channel::Web {
            continue;
        }
        let g = Gx(u32::try_from(i).unwrap_or(u32::MAX));
        let points: Vec<Px> = (0..plan.points.len())
            .filter_map(|p| u32::try_from(p).ok())
            .map(Px)
            .filter(|p| plan.point(*p).gateways.contains(&g))
            .collect();
        // Manual ways out have no duty points: the default language is read out.
        let languages: BTreeSet<Lang> = match points.is_empty() {
            true => [plan.lang()].into(),
            false => points.iter().flat_map(|p| plan.point(*p).languages.iter().copied()).collect(),
        };
        let mut cannot: Vec<(Lang, String)> = Vec::new();
        for lang in languages {
            let mut reasons: Vec<(&str, CannotCarry)> = Vec::new();
            for playbook in plan.playbooks.values() {
                if let Err(why) = units(&gateway.carry, &sent(plan, playbook, lang)) {
                    reasons.push((playbook.id.as_str(), why));
                }
            }
            if let Some((first, why)) = reasons.first() {
                let which = match reasons.len() == plan.playbooks.len() {
                    true => format!("carries no text in {lang}"),
                    false if reasons.len() == 1 => format!("can't carry the text of {first} in {lang}"),
                    false => format!("can't carry {} texts in {lang}, that of {first} among them", reasons.len()),
                };
                cannot.push((lang, format!("{which}: {}", said(why))));
            }
        }
        for (lang, why) in &cannot {
            let instead = instead(plan, &points, *lang, &cannot);
            let message = format!("\"{}\" {why}", gateway.id);
            found.warning(places.gateways[i], "cannot-carry", message).help(instead);
        }
    }
}

/// In the plain words of a page in daytime.
fn said(why: &CannotCarry) -> String {
    match why {
        CannotCarry::Lacks(c) => format!("it has no {c}"),
        CannotCarry::TooLong { needs, max, unit } => format!("it would take {needs} {unit}, {max} go"),
        CannotCarry::NoRoom => "the header alone fills a unit".to_owned(),
    }
}

/// What happens to those who would have got it that way.
fn instead(plan: &Plan, points: &[Px], lang: Lang, cannot: &[(Lang, String)]) -> String {
    let mut parts = Vec::new();
    for p in points.iter().filter(|p| plan.point(**p).languages.contains(&lang)) {
        let point = plan.point(*p);
        let ids: Vec<&str> = point.functions.iter().map(|f| plan.function(*f).id.as_str()).collect();
        let other = point.languages.iter().find(|l| !cannot.iter().any(|(c, _)| c == *l));
        parts.push(match other {
            Some(other) => format!("{} gets {other} there", ids.join(", ")),
            None => {
                let over: BTreeSet<&str> = point
                    .functions
                    .iter()
                    .flat_map(|f| &plan.function(*f).points)
                    .filter(|q| *q != p)
                    .map(|q| plan.point(*q).channel.as_str())
                    .collect();
                match over.is_empty() {
                    true => format!("{} gets nothing: a task for the switchboard", ids.join(", ")),
                    false => {
                        format!("{} gets it over {}", ids.join(", "), over.into_iter().collect::<Vec<_>>().join(", "))
                    }
                }
            }
        });
    }
    const SHOWN_MAX: usize = 4;
    if parts.is_empty() {
        return "shorten the texts of the playbooks, or read them out in parts".into();
    }
    let more = parts.len().saturating_sub(SHOWN_MAX);
    parts.truncate(SHOWN_MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", parts.join("; "))
}

/// A text with everything that goes out with it.
struct Sent {
    /// Before the text; in each unit that is shown by itself, with `k/n`.
    header: String,
    text: String,
    /// After the text, and at the end of each unit.
    mark: String,
    trailer: String,
}

fn drill_header(plan: &Plan, lang: Lang) -> String {
    let words = plan.words(lang);
    format!("{} {}-{NUMBER} {FINGERPRINT} ", words.mark, words.drill_prefix)
}

fn sent(plan: &Plan, playbook: &Playbook, lang: Lang) -> Sent {
    let words = plan.words(lang);
    let phone = plan.functions.iter().filter_map(|f| f.phone.as_ref()).map(|p| p.number.as_str());
    let phone = phone.max_by_key(|n| n.chars().count()).unwrap_or("0000-000 000");
    let code = format!("{}-14", words.drill_prefix);
    let reply = fill(&words.answer_by_reply, &[("code", &code)]);
    let call = fill(&words.answer_by_phone, &[("phone", phone), ("code", &code)]);
    let trailer = if reply.chars().count() > call.chars().count() { reply } else { call };
    Sent { header: drill_header(plan, lang), text: longest(plan, playbook, lang), mark: words.mark.clone(), trailer }
}

/// The text at its longest: the longest kind that a first text or an update can have, mode, site, and times of another day.
fn longest(plan: &Plan, playbook: &Playbook, lang: Lang) -> String {
    let words = plan.words(lang);
    let long = |list: &mut dyn Iterator<Item = &str>| list.max_by_key(|s| s.chars().count()).unwrap_or("").to_owned();
    let kind = long(&mut [words.kinds.alert.as_str(), &words.kinds.update].into_iter());
    let mode = long(&mut plan.ladders.modes.iter().map(|m| m.label.get(lang)));
    let site = long(&mut plan.region.sites.iter().map(|s| s.id.as_str()));
    let day = long(&mut words.weekdays.iter().map(String::as_str));
    let moment = format!("{day} {MOMENT}");
    let routines: Vec<&str> =
        playbook.routines.iter().filter_map(|r| plan.routines.get(r)).map(|r| r.text.get(lang)).collect();
    let phone = plan.functions.iter().filter_map(|f| f.phone.as_ref()).filter(|p| p.publishable);
    let phone = long(&mut phone.map(|p| p.number.as_str()));
    let restore = fill(&words.restore_unknown, &[("time", &moment)]);
    let l = &words.labels;
    let mut fields = vec![playbook.what.get(lang).to_owned()];
    // As if every redirection that the playbook prepares held at once.
    let redirections = playbook.steps.iter().filter(|s| s.kind == StepKind::Redirection);
    for step in redirections {
        let said = fill(&words.redirection_until, &[("text", step.title.get(lang)), ("time", &moment)]);
        fields.push(format!("{}: {said}", l.redirection));
    }
    for (label, value) in [
        (&l.do_now, routines.join(". ")),
        (&l.scope, playbook.scope.get(lang).to_owned()),
        (&l.since, moment.clone()),
        (&l.restore, restore),
        (&l.next, moment),
        (&l.contact, phone),
    ] {
        if !value.is_empty() {
            fields.push(format!("{label}: {value}"));
        }
    }
    format!("{kind} {mode} {site}: {}.", fields.join(". "))
}

/// Mark, kind, mode, site and what stand on a pager's first page (RULES A3): the alert in every mode, an update in the modes
/// that the playbook raises by itself.
fn first_page(plan: &Plan, places: &Places, found: &mut Found, playbook: &Playbook, lang: Lang) {
    let words = plan.words(lang);
    let page = plan.gateways.iter().filter_map(|g| match g.carry {
        Carry::Pages { charset, chars_max, .. } => {
            charset.first_missing(&words.mark).is_none().then_some(chars_max as usize)
        }
        _ => None,
    });
    let page = page.min().unwrap_or(PAGE_CHARS);
    let header = drill_header(plan, lang).chars().count() + "1/9 ".len();
    let room = page.saturating_sub(header + 1 + words.mark.chars().count());
    let what = playbook.what.get(lang);
    let mut worst: Option<(usize, String)> = None;
    for (rung, mode) in plan.ladders.modes.iter().enumerate() {
        let raised = playbook.levels.iter().any(|l| l.mode.is_some_and(|m| usize::from(m.0) == rung));
        let kinds = [Some(&words.kinds.alert), raised.then_some(&words.kinds.update)];
        for kind in kinds.into_iter().flatten() {
            for site in &plan.region.sites {
                let begin = format!("{kind} {} {}: {what}.", mode.label.get(lang), site.id);
                let over = begin.chars().count().saturating_sub(room);
                if over > 0 && worst.as_ref().is_none_or(|(w, _)| over > *w) {
                    worst = Some((over, begin));
                }
            }
        }
    }
    if let Some((over, begin)) = worst {
        let place = places.what.get(&playbook.id).copied().unwrap_or_default();
        let message =
            format!("in {lang} the first page of a drill does not hold “{begin}”: {over} characters too many");
        found.warning(place, "first-page", message).help(format!("shorten what: by {over} characters"));
    }
}

/// How many units a text takes on a way out.
fn units(carry: &Carry, sent: &Sent) -> Result<u32, CannotCarry> {
    let text = format!("{}{} {} {}", sent.header, sent.text, sent.mark, sent.trailer);
    let count = |s: &str| u32::try_from(s.chars().count()).unwrap_or(u32::MAX);
    let within = |needs: u32, max: u32, unit: &'static str| match needs <= max {
        true => Ok(needs),
        false => Err(CannotCarry::TooLong { needs, max, unit: unit.to_owned() }),
    };
    match carry {
        Carry::Sms { charset, ucs2, ref16, separate, parts_max } => {
            let (length, one, many) = match (charset.first_missing(&text), charset) {
                (None, Charset::Gsm7) => {
                    let septets = text.chars().map(|c| u32::from(gsm7::septets(c).unwrap_or(2))).sum();
                    (septets, 160, if *ref16 { 152 } else { 153 })
                }
                (None, Charset::Ascii7) => (count(&text), 160, if *ref16 { 152 } else { 153 }),
                (None, _) => (count(&text), 140, 134),
                (Some(_), _) if *ucs2 => {
                    let units = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
                    (units, 70, if *ref16 { 66 } else { 67 })
                }
                (Some(c), _) => return Err(CannotCarry::Lacks(c)),
            };
            let overhead = count(&sent.header) + 4 + 1 + count(&sent.mark);
            let needs = match *separate {
                _ if length <= one => 1,
                false => length.div_ceil(many),
                true => count(&sent.text).div_ceil(one.saturating_sub(overhead).max(1)),
            };
            within(needs, *parts_max, "SMS parts")
        }
        Carry::Pages { charset, chars_max, pages_max } => {
            if let Some(c) = charset.first_missing(&text) {
                return Err(CannotCarry::Lacks(c));
            }
            let overhead = count(&sent.header) + 4 + 1 + count(&sent.mark);
            let room = chars_max.saturating_sub(overhead).max(1);
            within((count(&sent.text) + 1 + count(&sent.trailer)).div_ceil(room), *pages_max, "pages")
        }
        Carry::Fax { chars_max, .. } => within(count(&sent.text), *chars_max, "characters"),
        Carry::Whole { chars_max: Some(max) } => within(count(&sent.text), *max, "characters"),
        Carry::Whole { chars_max: None } => Ok(1),
    }
}
