//! Puts the figures together when all was read.

use std::collections::{BTreeMap, BTreeSet};

use super::curve::{Curve, count};
use super::identical::{MakeForm, identical};
use super::objective::{Asked, rate};
use super::reading::{Reading, ids};
use super::shown::{
    AfterReport, AnsweredVia, ChannelResult, FunctionResult, GroupReached, Identity, Milestones, Names, Reached,
    RecordSeal, SentText, Totals,
};
use super::written::Written;
use crate::domain::delivery::DeliveryState;
use crate::domain::drills::DrillKind;
use crate::domain::ids::{FunctionId, FunctionIx, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::state::{Delivery, Incident};
use crate::domain::incident::values::{Item, Via};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// A text at an address: what came of all its deliveries.
struct Sent {
    channel: Channel,
    planned: At,
    accepted: Option<At>,
    delivered: Option<At>,
    /// One of its gateways tells when the device has it.
    tells: bool,
    /// All of its deliveries were given up.
    failed: bool,
    withdrawn: bool,
    lang: u8,
}

type AllSent = BTreeMap<(u32, PointIx), Sent>;

fn first(a: Option<At>, b: Option<At>) -> Option<At> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn sent(reading: &Reading, inc: &Incident) -> AllSent {
    let mut all: AllSent = BTreeMap::new();
    for (d, seen) in inc.deliveries.iter().zip(&reading.seen) {
        let Item::Message(message) = d.item() else { continue };
        let point = inc.plan.point(d.point);
        let gateway = point.gateways.get(usize::from(d.gateway)).map(|g| inc.plan.gateway(*g));
        let failed = matches!(d.state, DeliveryState::Failed | DeliveryState::Expired) && seen.delivered.is_none();
        let withdrawn = d.state == DeliveryState::Withdrawn && seen.accepted.is_none();
        let tells = gateway.is_some_and(|g| g.receipts) || seen.delivered.is_some();
        let new = Sent {
            channel: point.channel,
            planned: seen.planned,
            accepted: seen.accepted,
            delivered: seen.delivered,
            tells,
            failed,
            withdrawn,
            lang: d.lang,
        };
        match all.get_mut(&(message, d.point)) {
            None => drop(all.insert((message, d.point), new)),
            Some(before) => {
                before.accepted = first(before.accepted, seen.accepted);
                before.delivered = first(before.delivered, seen.delivered);
                before.tells |= tells;
                before.failed &= failed;
                before.withdrawn &= withdrawn;
            }
        }
    }
    all
}

/// A function's row, and when it had its text.
struct Row {
    ix: FunctionIx,
    result: FunctionResult,
    accepted: Option<At>,
    asked: Option<Asked>,
    deputy_answered: bool,
}

/// Where each function stands: a plan looks for one from its beginning on.
type Places<'p> = BTreeMap<&'p str, FunctionIx>;

fn places(inc: &Incident) -> Places<'_> {
    (0..).map(FunctionIx).zip(&inc.plan.functions).map(|(ix, f)| (f.id.as_str(), ix)).collect()
}

fn rows(reading: &Reading, inc: &Incident, places: &Places<'_>, all: &AllSent) -> Vec<Row> {
    let mut asks: BTreeMap<FunctionIx, Vec<usize>> = BTreeMap::new();
    for (id, ask) in inc.asks.iter().enumerate() {
        asks.entry(ask.function).or_default().push(id);
    }
    let until = reading.closed_at.unwrap_or(reading.last_at);
    let row = |(id, (told_at, messages)): (&FunctionId, &(At, BTreeSet<u32>))| {
        let ix = *places.get(id.as_str())?;
        let function = inc.plan.function(ix);
        let own = asks.get(&ix).map_or(&[][..], Vec::as_slice);
        let own: Vec<_> = own.iter().filter_map(|id| inc.asks.get(*id)).collect();
        let mut messages = messages.clone();
        messages.extend(own.iter().map(|a| a.message));
        let mut receivers: BTreeSet<FunctionIx> = own.iter().flat_map(|a| a.asked.iter().copied()).collect();
        receivers.insert(ix);
        let points: BTreeSet<PointIx> = receivers.iter().flat_map(|f| inc.plan.function(*f).points.clone()).collect();
        let had = || points.iter().flat_map(|p| messages.iter().filter_map(|m| all.get(&(*m, *p))));
        let accepted = had().filter_map(|s| s.accepted).min();
        let delivered = had().filter_map(|s| s.delivered).min();
        let since = own.iter().map(|a| a.since).min();
        let answers = own.iter().filter_map(|a| match &a.state {
            AskState::Answered { by, at, via } => Some((*at, *by, via, a.asked.first() != Some(by))),
            _ => None,
        });
        let answer = answers.min_by_key(|(at, ..)| *at);
        let answered_s = since.zip(answer.as_ref()).map(|(since, (at, ..))| at.seconds_since(since));
        Some(Row {
            ix,
            accepted,
            asked: since.map(|since| Asked { answered_s, had_s: until.seconds_since(since) }),
            deputy_answered: answer.as_ref().is_some_and(|(.., other)| *other),
            result: FunctionResult {
                function: id.clone(),
                told_at: *told_at,
                asked: since.is_some(),
                accepted_s: accepted.map(|at| at.seconds_since(*told_at)),
                delivered_s: delivered.map(|at| at.seconds_since(*told_at)),
                answered_s,
                within_s: function.answer_within_s,
                by: answer.as_ref().and_then(|(_, by, ..)| ids(inc, &[*by]).pop()),
                via: answer.as_ref().map(|(_, _, via, _)| match via {
                    Via::Reply => AnsweredVia::Reply,
                    Via::Link => AnsweredVia::Link,
                    Via::Console => AnsweredVia::Console,
                    Via::Phone { .. } => AnsweredVia::Phone,
                    Via::Paper { .. } => AnsweredVia::Paper,
                }),
                deputy_asked: reading.deputies.contains(id),
            },
        })
    };
    reading.told.iter().filter_map(row).collect()
}

fn group(rows: &[Row], opened: At, is_in: impl Fn(FunctionIx) -> bool) -> GroupReached {
    let all: Vec<&Row> = rows.iter().filter(|r| is_in(r.ix)).collect();
    let mut times: Vec<u32> = all.iter().filter_map(|r| r.accepted).map(|at| at.seconds_since(opened)).collect();
    times.sort_unstable();
    let whole = times.len() == all.len();
    GroupReached {
        of: count(all.len()),
        reached: count(times.len()),
        first_s: times.first().copied(),
        all_s: times.last().copied().filter(|_| whole),
    }
}

fn channels(all: &AllSent) -> Vec<ChannelResult> {
    let of = |channel: Channel| {
        let own: Vec<&Sent> = all.values().filter(|s| s.channel == channel).collect();
        let took = |at: fn(&Sent) -> Option<At>| -> Vec<u32> {
            own.iter().filter_map(|s| at(s).map(|at| at.seconds_since(s.planned))).collect()
        };
        let tells = own.iter().any(|s| s.tells);
        (!own.is_empty()).then(|| ChannelResult {
            channel,
            accepted: Curve::new(own.len(), took(|s| s.accepted)),
            delivered: tells.then(|| Curve::new(own.len(), took(|s| s.delivered))),
            failed: count(own.iter().filter(|s| s.failed).count()),
            withdrawn: count(own.iter().filter(|s| s.withdrawn).count()),
        })
    };
    Channel::ALL.into_iter().filter_map(of).collect()
}

fn totals(reading: &Reading, inc: &Incident, rows: &[Row], all: &AllSent, channels: &[ChannelResult]) -> Totals {
    let how_many = |is: &dyn Fn(&Row) -> bool| count(rows.iter().filter(|r| is(r)).count());
    let answered = |r: &Row| r.result.answered_s.is_some();
    let messages = || inc.deliveries.iter().filter(|d| matches!(d.item(), Item::Message(_)));
    let flagged = |flag: u8| count(messages().filter(|d| d.flags & flag != 0).count());
    let asked = how_many(&|r| r.result.asked);
    let answered_n = how_many(&answered);
    let sum = |of: fn(&ChannelResult) -> u32| channels.iter().map(of).sum::<u32>();
    let tells = channels.iter().any(|c| c.delivered.is_some());
    Totals {
        told: count(rows.len()),
        asked,
        answered: answered_n,
        in_own_time: how_many(&|r| r.result.answered_s.is_some_and(|s| s <= r.result.within_s)),
        never_answered: asked - answered_n,
        deputies_asked: how_many(&|r| r.result.deputy_asked),
        deputies_answered: how_many(&|r| r.deputy_answered),
        taken_back: reading.taken_back,
        attempted: count(all.len()),
        accepted: sum(|c| c.accepted.total()),
        delivered: tells.then(|| sum(|c| c.delivered.as_ref().map_or(0, Curve::total))),
        failed: sum(|c| c.failed),
        withdrawn: sum(|c| c.withdrawn),
        reminders: flagged(Delivery::REMINDER),
        possible_repeats: flagged(Delivery::REPEAT),
        rerouted: reading.rerouted,
        contradicted: reading.contradicted,
        notes: count(inc.notes.len()),
    }
}

fn reached(rows: &[Row], tells: bool) -> Reached {
    let took = |of: fn(&FunctionResult) -> Option<u32>| rows.iter().filter_map(|r| of(&r.result)).collect();
    let asked = rows.iter().filter(|r| r.result.asked).count();
    Reached {
        accepted: Curve::new(rows.len(), took(|r| r.accepted_s)),
        delivered: tells.then(|| Curve::new(rows.len(), took(|r| r.delivered_s))),
        answered: Curve::new(asked, took(|r| r.answered_s)),
    }
}

fn identity(reading: &Reading, inc: &Incident) -> Identity {
    let (plan, book, order) = (&inc.plan, inc.book(), inc.drill.as_deref());
    let drill = inc.is_drill().then(|| order.map_or(DrillKind::Functional, |d| d.kind));
    Identity {
        title: order.map_or_else(|| book.title.clone(), |d| d.title.clone()),
        region: plan.region.name.clone(),
        zone: plan.calendar.zone.name().to_owned(),
        plan: plan.hash.clone(),
        drill,
        begun: inc.opened,
        ended: reading.closed_at,
        end: inc.drill_end,
        announced: order.map(|d| d.announced),
        office_hours: plan.calendar.is_day(inc.opened.timestamp()),
        sites: inc.sites.clone(),
        playbook: inc.playbook.clone(),
        playbook_title: book.title.clone(),
        level: plan.ladders.level_at(inc.level).map(|l| l.label.clone()).unwrap_or_default(),
        scenario: if inc.tests_ways() { L10n::default() } else { inc.facts.what.clone() },
        ordered_by: ids(inc, &[inc.reporter]).pop().unwrap_or_else(|| FunctionId::from("")),
        led_by: inc.leader.and_then(|f| ids(inc, &[f]).pop()),
        leads: order.map(|d| d.leads.clone()).unwrap_or_default(),
        observers: order.map(|d| d.observers.clone()).unwrap_or_default(),
        without: order.map(|d| d.without.clone()).unwrap_or_default(),
        merged_into: inc.merged_into,
    }
}

fn texts(inc: &Incident, all: &AllSent) -> Vec<SentText> {
    let lang_of = |lang: u8| inc.plan.region.languages.get(usize::from(lang)).copied();
    let mut sent: BTreeMap<(u32, Lang), BTreeMap<Channel, u32>> = BTreeMap::new();
    for ((message, _), s) in all {
        if let Some(lang) = lang_of(s.lang) {
            *sent.entry((*message, lang)).or_default().entry(s.channel).or_default() += 1;
        }
    }
    let released = inc.messages.iter().filter_map(|m| Some((m, m.released_at?)));
    let each = released.flat_map(|(m, at)| m.texts.iter().map(move |(lang, draft)| (m, at, *lang, draft)));
    let text = |(m, at, lang, draft): (&crate::domain::incident::state::Message, At, Lang, &_)| {
        let draft: &crate::domain::incident::values::Draft = draft;
        SentText {
            message: inc.number(m.seq),
            audience: m.audience,
            lang,
            released_at: at,
            fingerprint: draft.fingerprint,
            text: draft.text.as_str().to_owned(),
            sent: sent.get(&(m.seq, lang)).cloned().unwrap_or_default(),
            stopped: m.stopped,
            page_equal: m.page_equal,
        }
    };
    each.map(text).collect()
}

fn names(inc: &Incident, places: &Places<'_>, report: &AfterReport) -> Names {
    let told = report.functions.iter().flat_map(|f| f.by.iter().chain([&f.function]));
    let identity = &report.identity;
    let some = identity.led_by.iter().chain([&identity.ordered_by]).chain(&identity.leads).chain(&identity.observers);
    let lists = report.dead.iter().flat_map(|d| &d.functions);
    let lists = lists.chain(report.not_carried.iter().flat_map(|n| &n.functions));
    let story = report.story.iter().flat_map(|l| l.functions.iter().chain(&l.by));
    let all: BTreeSet<&FunctionId> = told.chain(some).chain(lists).chain(story).collect();
    let title = |id: &FunctionId| Some((id.clone(), inc.plan.function(*places.get(id.as_str())?).title.clone()));
    let sites = inc.plan.region.sites.iter().filter(|s| inc.sites.contains(&s.id));
    Names {
        functions: all.into_iter().filter_map(title).collect(),
        sites: sites.map(|s| (s.id.clone(), s.name.clone())).collect(),
    }
}

/// The report.
pub(super) fn report(reading: &Reading, inc: &Incident, seal: RecordSeal, make: MakeForm<'_>) -> AfterReport {
    let all = sent(reading, inc);
    let places = places(inc);
    let mut rows = rows(reading, inc, &places, &all);
    let channels = channels(&all);
    let totals = totals(reading, inc, &rows, &all, &channels);
    let since = |at: Option<At>| at.map(|at| at.seconds_since(inc.opened));
    // Whoever reports it has it: that is no answer.
    let answers = inc.asks.iter().filter_map(|a| match &a.state {
        AskState::Answered { by, at, .. } => Some(*at).filter(|at| *by != inc.reporter || *at > a.since),
        _ => None,
    });
    let systems = inc.book().systems.iter().filter_map(|s| inc.plan.system(s));
    let owners: BTreeSet<FunctionIx> = systems.map(|s| s.owner).collect();
    let milestones = Milestones {
        first_reached_s: since(rows.iter().filter_map(|r| r.accepted).min()),
        first_answer_s: since(answers.min()),
        owners: group(&rows, inc.opened, |f| owners.contains(&f)),
        wards: group(&rows, inc.opened, |f| inc.plan.function(f).care),
        public_page_s: since(reading.public_at),
        public_proven_s: since(reading.proven_at),
        mode_s: since(reading.mode_at),
    };
    let asked: Vec<Asked> = rows.iter().filter_map(|r| r.asked).collect();
    let objectives = inc.objectives().iter().map(|o| rate(o, &asked)).collect();
    let reached = reached(&rows, totals.delivered.is_some());
    // Whoever never answered first, then those who took longest.
    let slow = |r: &Row| (!r.result.asked, r.result.answered_s.is_some(), std::cmp::Reverse(r.result.answered_s));
    rows.sort_by_key(slow);
    let mut report = AfterReport {
        no: inc.no,
        identity: identity(reading, inc),
        objectives,
        totals,
        reached,
        channels,
        functions: rows.into_iter().map(|r| r.result).collect(),
        dead: reading.dead(inc),
        not_carried: reading.not_carried.iter().cloned().collect(),
        updates: reading.updates,
        milestones,
        story: reading.story.clone(),
        story_cut: reading.story_cut,
        texts: texts(inc, &all),
        identical: identical(reading, inc, make),
        unproven: None,
        earlier: Vec::new(),
        written: Written::default(),
        seal,
        names: Names::default(),
    };
    report.names = names(inc, &places, &report);
    report
}
