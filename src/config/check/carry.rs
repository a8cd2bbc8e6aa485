//! Whether every gateway can carry every text of every playbook, in every language, as a drill (RULES A3, A5): the playbooks
//! are carried through and the texts measured as they leave; and what would drop out in the middle of the night.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::rehearsal::Rehearsal;
use super::spoken::{Spoken, Typed, report_of, spoken};
use crate::config::places::Places;
use crate::domain::ids::{GatewayIx, PlaybookId, PointIx};
use crate::domain::incident::input::Report;
use crate::domain::incident::refused::Refused;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Capability, Channel, Plan, Playbook};
use crate::domain::text::DoesNotFit;
use crate::domain::text::fit::units;
use crate::domain::time::At;
use crate::domain::words::fill;
use crate::words;
use crate::yaml::diagnostics::Found;

/// A first page has so many characters when no transmitter says otherwise.
const PAGE_CHARS: usize = 80;
/// The longest number that a header is measured with has as many digits as this drill's.
const DRILLS_BEFORE: u32 = 98;
const NUMBER: &str = "99-2";
const FINGERPRINT: &str = "7K4F2A";
/// A Wednesday in winter, by day and by night: weekdays with a long name stand in `since`.
const BY_DAY: &str = "2026-11-18T09:45:00Z";
const BY_NIGHT: &str = "2026-11-18T02:12:00Z";
/// What was reported began on another day: the longest way to say since when.
const SINCE_S: u32 = 26 * 3600;

pub(super) fn check(plan: &Arc<Plan>, places: &Places, found: &mut Found) {
    for &lang in plan.words.keys() {
        for playbook in plan.playbooks.values() {
            first_page(plan, places, found, playbook, lang);
        }
    }
    let spoken: Vec<(&PlaybookId, Vec<Spoken>)> =
        plan.playbooks.values().map(|p| (&p.id, texts(plan, p, places, found))).collect();
    for (i, gateway) in plan.gateways.iter().enumerate() {
        if gateway.channel == Channel::Web {
            continue;
        }
        let g = GatewayIx(u32::try_from(i).unwrap_or(u32::MAX));
        let points: Vec<PointIx> = (0..plan.points.len())
            .filter_map(|p| u32::try_from(p).ok())
            .map(PointIx)
            .filter(|p| plan.point(*p).gateways.contains(&g))
            .collect();
        // Manual gateways have no duty points: the default language is read out.
        let languages: BTreeSet<Lang> = match points.is_empty() {
            true => [plan.lang()].into(),
            false => points.iter().flat_map(|p| plan.point(*p).languages.iter().copied()).collect(),
        };
        let mut cannot: Vec<(Lang, String)> = Vec::new();
        for lang in languages {
            let trailer = trailer(plan, lang);
            let mut reasons: Vec<(&str, DoesNotFit)> = Vec::new();
            for (playbook, texts) in &spoken {
                let of_lang = texts.iter().filter(|t| t.lang == lang);
                let why = of_lang.filter_map(|t| units(&t.out, Some(&trailer), &gateway.capability).err()).next();
                reasons.extend(why.map(|why| (playbook.as_str(), why)));
            }
            if let Some((first, why)) = reasons.first() {
                let which = match reasons.len() == plan.playbooks.len() {
                    true => format!("carries no text in {lang}"),
                    false if reasons.len() == 1 => format!("can't carry every text of {first} in {lang}"),
                    false => format!("can't carry texts of {} playbooks in {lang}, {first} among them", reasons.len()),
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
    by_night(plan, places, found);
}

/// All texts of a playbook at its highest level that go out over gateways, from report to all clear: as a drill, and to those outside
/// as they are, since no drill reaches them. What the public reads stands on pages.
fn texts(plan: &Arc<Plan>, playbook: &Playbook, places: &Places, found: &mut Found) -> Vec<Spoken> {
    let now = moment(BY_DAY);
    let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
    let since = At(now.0 - i64::from(SINCE_S) * 1000);
    let all = |exercise, audience| -> Result<Vec<Spoken>, Refused> {
        let mut all = spoken(plan, &report_of(plan, playbook, exercise, since), &Typed::default(), now)?;
        all.retain(|s| s.audience == audience);
        Ok(all)
    };
    let both = all(true, Audience::Internal).and_then(|drill| Ok([drill, all(false, Audience::Outside)?].concat()));
    match both {
        Ok(all) => all,
        Err(why) => {
            let message = format!(
                "a drill of {} at its highest level is refused: {}",
                playbook.id,
                words::refused(Lang::EN, &why).0
            );
            found.warning(place, "no-drill", message).help("see who may report at that level, and what the texts need");
            Vec::new()
        }
    }
}

fn drill(plan: &Plan, playbook: &Playbook, now: At) -> Report {
    report_of(plan, playbook, true, At(now.0 - i64::from(SINCE_S) * 1000))
}

fn moment(text: &str) -> At {
    text.parse::<jiff::Timestamp>().map_or(At(0), At::from)
}

/// Who would lose which path at 03.12, when one duty answers for many and the list of them stands behind the text.
fn by_night(plan: &Arc<Plan>, places: &Places, found: &mut Found) {
    let mut lost: BTreeMap<PointIx, (String, Vec<&PlaybookId>)> = BTreeMap::new();
    for playbook in plan.playbooks.values() {
        let mut rehearsal = Rehearsal::new(plan, moment(BY_NIGHT));
        rehearsal.state.exercise_count = DRILLS_BEFORE;
        rehearsal.answers = false;
        let Ok(no) = rehearsal.report(&drill(plan, playbook, rehearsal.now)) else { continue };
        rehearsal.approve_all(no);
        for dropped in rehearsal.dropped {
            let (_, of) = lost.entry(dropped.point).or_insert_with(|| (dropped.why, Vec::new()));
            if !of.contains(&&playbook.id) {
                of.push(&playbook.id);
            }
        }
    }
    for (point, (why, of)) in lost {
        let p = plan.point(point);
        let ids: Vec<&str> = p.functions.iter().map(|f| plan.function(*f).id.as_str()).collect();
        let of: Vec<&str> = of.into_iter().map(PlaybookId::as_str).collect();
        let message = format!("at night {} does not get {} over {}: {why}", ids.join(", "), of.join(", "), p.channel);
        let help = "its other paths carry it; without one it is a task for the switchboard";
        let place = places.points.get(point.ix()).copied().unwrap_or_default();
        found.warning(place, "dropped-at-night", message).help(help);
    }
}

/// In the plain words of a page in daytime.
fn said(why: &DoesNotFit) -> String {
    match why {
        DoesNotFit::Lacks(c) => format!("it has no {c}"),
        DoesNotFit::TooLong { needs, max, unit } => format!("it would take {needs} {unit}, {max} go"),
        DoesNotFit::NoRoom => "the header alone fills a unit".to_owned(),
    }
}

/// What happens to those who would have got it that way.
fn instead(plan: &Plan, points: &[PointIx], lang: Lang, cannot: &[(Lang, String)]) -> String {
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
    /// So many are named in one warning.
    const SHOWN_MAX: usize = 4;
    if parts.is_empty() {
        return "shorten the texts of the playbooks, or read them out in parts".into();
    }
    let more = parts.len().saturating_sub(SHOWN_MAX);
    parts.truncate(SHOWN_MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", parts.join("; "))
}

fn drill_header(plan: &Plan, lang: Lang) -> String {
    let words = plan.words(lang);
    format!("{} {}-{NUMBER} {FINGERPRINT} ", words.mark, words.drill_prefix)
}

/// The longest trailer for a function that answers for itself alone.
fn trailer(plan: &Plan, lang: Lang) -> String {
    let words = plan.words(lang);
    let phone = plan.functions.iter().filter_map(|f| f.phone.as_ref()).map(|p| p.number.as_str());
    let phone = phone.max_by_key(|n| n.chars().count()).unwrap_or("0000-000 000");
    let code = format!("{}-99", words.drill_prefix);
    let reply = fill(&words.answer_by_reply, &[("code", &code)]);
    let call = fill(&words.answer_by_phone, &[("phone", phone), ("code", &code)]);
    if reply.chars().count() > call.chars().count() { reply } else { call }
}

/// Mark, kind, mode, site and what stand on a pager's first page (RULES A3): the alert in every mode, an update in the modes
/// that the playbook raises by itself.
fn first_page(plan: &Plan, places: &Places, found: &mut Found, playbook: &Playbook, lang: Lang) {
    let words = plan.words(lang);
    let page = plan.gateways.iter().filter_map(|g| match g.capability {
        Capability::Pages { charset, chars_max, .. } => {
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
            for site in named_sites(plan, playbook) {
                let begin = format!("{kind} {}{site}: {what}.", mode.label.get(lang));
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

/// The sites as texts name them: all of the region stands without one.
fn named_sites(plan: &Plan, playbook: &Playbook) -> Vec<String> {
    if playbook.sites.contains(&plan.region.whole) {
        return vec![String::new()];
    }
    playbook.sites.iter().map(|s| format!(" {s}")).collect()
}
