//! The figures as tables: each once, for paper, page, terminal and spreadsheet.

use super::curves::earlier;
use super::proofs::{identical, unproven};
use super::written::{element, one_line, progress, remark_kind};
use super::{clock, kind, moment, plays, rating, told, took};
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel};
use crate::domain::private::Private;
use crate::domain::report::{AfterReport, AnsweredVia, Curve, GroupReached, Unrated};
use crate::paper::{channel, span};
use crate::words::causes::cause;
use crate::words::{Word, after as w, drill as dw, improve as iw};

/// Minutes at which curves are read off.
const MINUTES: [u32; 11] = [1, 2, 5, 10, 15, 30, 45, 60, 120, 240, 480];

/// What stands in a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cell {
    Text(String),
    Count(u32),
    /// A time that something took.
    Seconds(u32),
    Never,
    NotKnown,
    Nothing,
}

impl Cell {
    /// As it is read.
    pub fn said(&self, lang: Lang) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(n) => n.to_string(),
            Self::Seconds(s) => took(*s),
            Self::Never => w::NEVER.say(lang).to_owned(),
            Self::NotKnown => w::NOT_KNOWN.say(lang).to_owned(),
            Self::Nothing => "–".to_owned(),
        }
    }
    pub fn of(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
    fn when(seconds: Option<u32>) -> Self {
        seconds.map_or(Self::Never, Self::Seconds)
    }
    fn known(n: Option<u32>) -> Self {
        n.map_or(Self::NotKnown, Self::Count)
    }
}

/// A table.
pub(super) struct Grid {
    pub title: String,
    pub head: Vec<String>,
    pub widths: Vec<u16>,
    pub rows: Vec<Vec<Cell>>,
}

/// With a capital, as heads begin.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

pub(super) fn grid(lang: Lang, title: Word, columns: &[(Word, u16)], rows: Vec<Vec<Cell>>) -> Grid {
    Grid {
        title: title.say(lang).to_owned(),
        head: columns.iter().map(|(word, _)| capital(word.say(lang))).collect(),
        widths: columns.iter().map(|(_, width)| *width).collect(),
        rows,
    }
}

/// All tables, in order.
pub(super) fn all(lang: Lang, report: &AfterReport) -> Vec<Grid> {
    let all = [
        identity,
        objectives,
        totals,
        reached,
        compared,
        channels,
        channel_minutes,
        milestones,
        updates,
        functions,
        dead,
        not_carried,
        story,
        improvements,
        remarks,
        feedback,
        texts,
        identical,
        unproven,
    ];
    all.into_iter().map(|make| make(lang, report)).filter(|grid| !grid.rows.is_empty()).collect()
}

fn identity(lang: Lang, report: &AfterReport) -> Grid {
    let i = &report.identity;
    let row = |word: Word, text: String| vec![Cell::of(word.say(lang)), Cell::of(text)];
    let rows = vec![
        row(w::NAME, i.title.get(lang).to_owned()),
        row(w::NUMBER, report.no.to_string()),
        row(w::KIND, kind(lang, i.drill).to_owned()),
        row(w::BEGUN, moment(lang, &i.zone, i.begun)),
        row(w::ENDED, i.ended.map_or_else(|| w::GOES_ON.say(lang).to_owned(), |at| moment(lang, &i.zone, at))),
        row(w::SITES, report.sites(lang)),
        row(w::PLAYBOOK, if plays(report) { i.playbook_title.get(lang).to_owned() } else { String::new() }),
        row(w::LEVEL, if plays(report) { i.level.get(lang).to_owned() } else { String::new() }),
        row(w::SEAL, format!("{} {}", report.seal.record, report.seal.hash)),
    ];
    grid(lang, w::WHAT_IT_WAS, &[(w::FIGURE, 2), (w::VALUE, 5)], rows)
}

pub(super) fn objectives(lang: Lang, report: &AfterReport) -> Grid {
    let by_hand = report.objectives.iter().any(|o| o.by_hand.is_some());
    let rows = (1_u32..).zip(&report.objectives).map(|(n, o)| {
        let result = match o.reached_percent() {
            Some(percent) => w::result(lang, o.within, o.asked, percent),
            None => w::NOT_KNOWN.say(lang).to_owned(),
        };
        let rated = match (o.rating, o.unrated) {
            (Some(rated), _) => rating(lang, rated),
            (None, Some(Unrated::NobodyAsked)) => w::UNRATED_NOBODY.say(lang).to_owned(),
            (None, _) if report.identity.ended.is_none() => w::UNRATED_YET.say(lang).to_owned(),
            (None, _) => w::UNRATED_TIME.say(lang).to_owned(),
        };
        let target = w::target(lang, o.percent, span(o.within_s));
        let capability = format!("{n}. {}", o.capability.get(lang));
        let mut row = vec![Cell::of(capability), Cell::of(target), Cell::of(result), Cell::of(rated)];
        if by_hand {
            let said = o.by_hand.as_ref().map(|hand| {
                let who = report.names_of(hand.by.as_slice(), lang);
                Cell::of(format!("{}: {} ({who})", rating(lang, hand.rating), one_line(&hand.reason)))
            });
            row.push(said.unwrap_or(Cell::Nothing));
        }
        row
    });
    let mut columns = vec![(w::CAPABILITY, 4), (w::TARGET_HEAD, 3), (w::RESULT_HEAD, 3), (w::RATING, 4)];
    columns.extend(by_hand.then_some((iw::BY_HAND, 5)));
    grid(lang, w::OBJECTIVES, &columns, rows.collect())
}

/// The moments at which a table of curves is read: those of the targets among them, until nothing rises any more.
fn moments<'c>(report: &AfterReport, curves: impl Iterator<Item = &'c Curve>) -> Vec<u32> {
    let last = curves.filter_map(|c| c.points.last()).map(|p| p.s).max().unwrap_or(0);
    let mut all: Vec<u32> = MINUTES.iter().map(|m| m * 60).collect();
    all.extend(report.objectives.iter().map(|o| o.within_s));
    all.push(last);
    all.retain(|s| *s <= last || report.objectives.iter().any(|o| o.within_s == *s));
    all.sort_unstable();
    all.dedup();
    all
}

fn share(n: u32, of: u32) -> Cell {
    if of == 0 { Cell::Nothing } else { Cell::of(format!("{n} ({} %)", u64::from(n) * 100 / u64::from(of))) }
}

pub(super) fn reached(lang: Lang, report: &AfterReport) -> Grid {
    let r = &report.reached;
    let curves = || r.delivered.iter().chain([&r.accepted, &r.answered]);
    let row = |s: u32| {
        let delivered = r.delivered.as_ref().map_or(Cell::NotKnown, |c| share(c.by(s), c.of));
        vec![
            Cell::Seconds(s),
            share(r.accepted.by(s), r.accepted.of),
            delivered,
            share(r.answered.by(s), r.answered.of),
        ]
    };
    let rows = moments(report, curves()).into_iter().map(row).collect();
    let columns = [(w::AFTER, 2), (w::HANDED_OVER, 3), (w::DELIVERED, 3), (w::ANSWERED, 3)];
    grid(lang, w::ALL_FUNCTIONS, &columns, rows)
}

/// Those who had answered, beside those of earlier ones; and when the texts had been handed over.
pub(super) fn compared(lang: Lang, report: &AfterReport) -> Grid {
    let r = &report.reached;
    let own = std::iter::once((w::THIS_ONE.say(lang).to_owned(), &r.answered, &r.accepted));
    let earlier = report.earlier.iter().map(|e| (earlier(report, lang, e), &e.answered, &e.accepted));
    let all: Vec<(String, &Curve, &Curve)> = own.chain(earlier).collect();
    let rows = moments(report, all.iter().map(|(_, answered, _)| *answered));
    let row = |s: u32| {
        let cells = all.iter().map(|(_, answered, _)| share(answered.by(s), answered.of));
        std::iter::once(Cell::Seconds(s)).chain(cells).collect()
    };
    let mut rows: Vec<Vec<Cell>> = rows.into_iter().map(row).collect();
    let half = |of: &Curve| of.half_s().map_or(Cell::Never, Cell::Seconds);
    let halves = |word: Word, cells: Vec<Cell>| std::iter::once(Cell::of(word.say(lang))).chain(cells).collect();
    rows.push(halves(w::HALF_ANSWERED, all.iter().map(|(_, answered, _)| half(answered)).collect()));
    rows.push(halves(w::HALF_HANDED_OVER, all.iter().map(|(_, _, accepted)| half(accepted)).collect()));
    if report.earlier.is_empty() {
        rows.clear();
    }
    let heads = std::iter::once(w::AFTER.say(lang).to_owned()).chain(all.iter().map(|(name, ..)| name.clone()));
    Grid {
        title: w::COMPARED.say(lang).to_owned(),
        head: heads.map(|head| capital(&head)).collect(),
        widths: std::iter::repeat_n(2, all.len() + 1).collect(),
        rows,
    }
}

pub(super) fn channel_minutes(lang: Lang, report: &AfterReport) -> Grid {
    let rows = moments(report, report.channels.iter().flat_map(|c| c.delivered.iter().chain([&c.accepted])));
    let cell = |s: u32, c: &crate::domain::report::ChannelResult| {
        let curve = c.delivered.as_ref().unwrap_or(&c.accepted);
        share(curve.by(s), curve.of)
    };
    let row = |s: u32| {
        let cells = report.channels.iter().map(|c| cell(s, c));
        std::iter::once(Cell::Seconds(s)).chain(cells).collect()
    };
    let heads = report.channels.iter().map(|c| {
        let word = if c.delivered.is_some() { w::DELIVERED } else { w::HANDED_OVER };
        format!("{} {}", channel(lang, c.channel), word.say(lang))
    });
    Grid {
        title: w::BY_CHANNEL.say(lang).to_owned(),
        head: std::iter::once(w::AFTER.say(lang).to_owned()).chain(heads).map(|head| capital(&head)).collect(),
        widths: std::iter::repeat_n(2, report.channels.len() + 1).collect(),
        rows: rows.into_iter().map(row).collect(),
    }
}

pub(super) fn channels(lang: Lang, report: &AfterReport) -> Grid {
    let rows = report.channels.iter().map(|c| {
        let accepted = &c.accepted;
        vec![
            Cell::of(channel(lang, c.channel)),
            Cell::Count(accepted.of),
            Cell::Count(accepted.total()),
            Cell::known(c.delivered.as_ref().map(Curve::total)),
            Cell::Count(c.failed),
            accepted.median_s().map_or(Cell::Nothing, Cell::Seconds),
            match &c.delivered {
                None => Cell::NotKnown,
                Some(curve) => curve.median_s().map_or(Cell::Nothing, Cell::Seconds),
            },
        ]
    });
    let columns = [
        (w::CHANNEL, 3),
        (w::TEXTS_SENT, 2),
        (w::HANDED_OVER, 3),
        (w::DELIVERED, 3),
        (w::GIVEN_UP, 2),
        (w::MIDDLE_HANDED, 3),
        (w::MIDDLE_DELIVERED, 3),
    ];
    grid(lang, w::CHANNELS, &columns, rows.collect())
}

pub(super) fn totals(lang: Lang, report: &AfterReport) -> Grid {
    let t = &report.totals;
    let via = |via: AnsweredVia| report.functions.iter().filter(|f| f.via == Some(via)).count();
    let via = |of: AnsweredVia| Cell::Count(u32::try_from(via(of)).unwrap_or(u32::MAX));
    let rows = [
        (w::T_TOLD, Cell::Count(t.told)),
        (w::T_ASKED, Cell::Count(t.asked)),
        (w::T_ANSWERED, Cell::Count(t.answered)),
        (w::T_IN_OWN_TIME, Cell::Count(t.in_own_time)),
        (w::T_NEVER_ANSWERED, Cell::Count(t.never_answered)),
        (w::T_HALF, report.reached.answered.half_s().map_or(Cell::Never, Cell::Seconds)),
        (w::T_MEDIAN, report.reached.answered.median_s().map_or(Cell::Nothing, Cell::Seconds)),
        (w::T_BY_REPLY, via(AnsweredVia::Reply)),
        (w::T_BY_LINK, via(AnsweredVia::Link)),
        (w::T_BY_CONSOLE, via(AnsweredVia::Console)),
        (w::T_BY_PHONE, via(AnsweredVia::Phone)),
        (w::T_BY_PAPER, via(AnsweredVia::Paper)),
        (w::T_DEPUTIES_ASKED, Cell::Count(t.deputies_asked)),
        (w::T_DEPUTIES_ANSWERED, Cell::Count(t.deputies_answered)),
        (w::T_TAKEN_BACK, Cell::Count(t.taken_back)),
        (w::T_ATTEMPTED, Cell::Count(t.attempted)),
        (w::T_ACCEPTED, Cell::Count(t.accepted)),
        (w::T_DELIVERED, Cell::known(t.delivered)),
        (w::T_FAILED, Cell::Count(t.failed)),
        (w::T_WITHDRAWN, Cell::Count(t.withdrawn)),
        (w::T_REROUTED, Cell::Count(t.rerouted)),
        (w::T_REMINDERS, Cell::Count(t.reminders)),
        (w::T_REPEATS, Cell::Count(t.possible_repeats)),
        (w::T_CONTRADICTED, Cell::Count(t.contradicted)),
        (w::T_NOTES, Cell::Count(t.notes)),
    ];
    let rows = rows.into_iter().map(|(word, cell)| vec![Cell::of(word.say(lang)), cell]).collect();
    grid(lang, w::NUMBERS, &[(w::FIGURE, 5), (w::VALUE, 2)], rows)
}

pub(super) fn milestones(lang: Lang, report: &AfterReport) -> Grid {
    let m = &report.milestones;
    let group = |word: Word, g: GroupReached| {
        let who = word.say(lang);
        let all = if g.of == 0 { Cell::Nothing } else { Cell::when(g.all_s) };
        let first = if g.of == 0 { Cell::Nothing } else { Cell::when(g.first_s) };
        vec![Cell::of(format!("{who} ({}/{})", g.reached, g.of)), first, all]
    };
    let one = |word: Word, s: Option<u32>| vec![Cell::of(word.say(lang)), Cell::when(s), Cell::Nothing];
    let mut rows = vec![
        one(w::M_FIRST_REACHED, m.first_reached_s),
        one(w::M_FIRST_ANSWER, m.first_answer_s),
        group(w::M_OWNERS, m.owners),
        group(w::M_WARDS, m.wards),
    ];
    // Nothing of a drill stands on the public page.
    if !report.is_drill() {
        rows.push(one(w::M_PUBLIC, m.public_page_s));
        rows.push(one(w::M_PROVEN, m.public_proven_s));
    }
    rows.push(one(w::M_MODE, m.mode_s));
    grid(lang, w::FROM_THE_REPORT, &[(w::UNTIL, 5), (w::THE_FIRST, 2), (w::ALL_OF_THEM, 2)], rows)
}

pub(super) fn updates(lang: Lang, report: &AfterReport) -> Grid {
    let u = report.updates;
    if u.in_time + u.late + u.overdue_told == 0 {
        return grid(lang, w::UPDATES, &[], Vec::new());
    }
    let worst = if u.late > 0 { Cell::Seconds(u.worst_late_s) } else { Cell::Nothing };
    let rows = [
        (w::U_IN_TIME, Cell::Count(u.in_time)),
        (w::U_LATE, Cell::Count(u.late)),
        (w::U_WORST, worst),
        (w::U_TOLD, Cell::Count(u.overdue_told)),
    ];
    let rows = rows.into_iter().map(|(word, cell)| vec![Cell::of(word.say(lang)), cell]).collect();
    grid(lang, w::UPDATES, &[(w::FIGURE, 5), (w::VALUE, 2)], rows)
}

pub(super) fn functions(lang: Lang, report: &AfterReport) -> Grid {
    let tells = report.totals.delivered.is_some();
    let rows = report.functions.iter().map(|f| {
        let answered = match (f.asked, f.answered_s) {
            (false, _) => Cell::Nothing,
            (true, s) => Cell::when(s),
        };
        let via = f.via.map(|via| match via {
            AnsweredVia::Reply => w::VIA_REPLY,
            AnsweredVia::Link => w::VIA_LINK,
            AnsweredVia::Console => w::VIA_CONSOLE,
            AnsweredVia::Phone => w::VIA_PHONE,
            AnsweredVia::Paper => w::VIA_PAPER,
        });
        let mut who: Vec<String> = Vec::new();
        who.extend(f.by.iter().filter(|by| **by != f.function).map(|by| report.name(by, lang)));
        who.extend(via.map(|word| word.say(lang).to_owned()));
        if f.deputy_asked {
            who.push(w::DEPUTY_ASKED.say(lang).to_owned());
        }
        let delivered = if tells { Cell::when(f.delivered_s) } else { Cell::NotKnown };
        vec![
            Cell::of(report.name(&f.function, lang)),
            Cell::of(clock(lang, &report.identity.zone, f.told_at)),
            Cell::when(f.accepted_s),
            delivered,
            answered,
            if who.is_empty() { Cell::Nothing } else { Cell::of(who.join(", ")) },
        ]
    });
    let columns =
        [(w::FUNCTION, 5), (w::TOLD_AT, 3), (w::HANDED_OVER, 3), (w::DELIVERED, 3), (w::ANSWERED, 3), (w::BY_WHOM, 5)];
    grid(lang, w::EACH_FUNCTION, &columns, rows.collect())
}

pub(super) fn dead(lang: Lang, report: &AfterReport) -> Grid {
    let rows = report.dead.iter().map(|d| {
        let said = d.cause.as_ref().map_or(Cell::NotKnown, |c| Cell::of(cause(lang, c.as_str()).into_owned()));
        vec![
            Cell::of(report.names_of(&d.functions, lang)),
            Cell::of(channel(lang, d.channel)),
            Cell::Count(d.texts),
            said,
        ]
    });
    let columns = [(w::FUNCTION, 5), (w::CHANNEL, 2), (w::TEXTS_SENT, 2), (w::WHY, 5)];
    grid(lang, w::DEAD, &columns, rows.collect())
}

pub(super) fn not_carried(lang: Lang, report: &AfterReport) -> Grid {
    let rows = report.not_carried.iter().map(|n| {
        vec![
            Cell::of(report.names_of(&n.functions, lang)),
            Cell::of(channel(lang, n.channel)),
            Cell::of(n.message.to_string()),
            Cell::of(cause(lang, &n.why).into_owned()),
        ]
    });
    let columns = [(w::FUNCTION, 5), (w::CHANNEL, 2), (w::TEXT, 2), (w::WHY, 5)];
    grid(lang, w::NOT_CARRIED, &columns, rows.collect())
}

pub(super) fn story(lang: Lang, report: &AfterReport) -> Grid {
    let rows = report.story.iter().filter_map(|line| {
        let (what, detail) = told(report, lang, line)?;
        let detail = if detail.is_empty() { Cell::Nothing } else { Cell::of(detail) };
        Some(vec![Cell::of(moment(lang, &report.identity.zone, line.at)), Cell::of(what), detail])
    });
    let columns = [(w::WHEN, 3), (w::WHAT, 4), (w::WHO, 8)];
    grid(lang, w::TIMELINE, &columns, rows.collect())
}

/// For spreadsheets; on paper each has lines of its own ([`super::written`]).
fn improvements(lang: Lang, report: &AfterReport) -> Grid {
    let words = |text: &Private| if text.is_empty() { Cell::Nothing } else { Cell::of(text.as_str()) };
    let rows = report.written.improvements.iter().map(|i| {
        vec![
            Cell::Count(i.id),
            words(&i.capability),
            words(&i.issue),
            words(&i.action),
            Cell::of(element(lang, i.element)),
            Cell::of(report.name(&i.owner, lang)),
            i.start.map_or(Cell::Nothing, |day| Cell::of(day.to_string())),
            Cell::of(i.due.to_string()),
            Cell::of(progress(lang, i)),
            words(&i.verified),
        ]
    });
    let columns = [
        (dw::NUMBER, 1),
        (iw::CAPABILITY, 4),
        (iw::ISSUE, 4),
        (iw::ACTION, 5),
        (iw::ELEMENT, 2),
        (iw::OWNER, 3),
        (iw::START, 2),
        (iw::DUE, 2),
        (iw::STATUS, 2),
        (iw::VERIFIED, 4),
    ];
    grid(lang, iw::PLAN, &columns, rows.collect())
}

fn remarks(lang: Lang, report: &AfterReport) -> Grid {
    let words = |text: &Private| if text.is_empty() { Cell::Nothing } else { Cell::of(text.as_str()) };
    let rows = report.written.remarks.iter().map(|r| {
        vec![
            Cell::of(remark_kind(lang, r.kind)),
            Cell::of(r.text.as_str()),
            words(&r.reference),
            words(&r.analysis),
            words(&r.recommendation),
            Cell::of(report.names_of(r.by.as_slice(), lang)),
            Cell::of(moment(lang, &report.identity.zone, r.at)),
        ]
    });
    let columns = [
        (w::KIND, 2),
        (iw::REMARK, 8),
        (iw::REFERENCE, 3),
        (iw::ANALYSIS, 5),
        (iw::RECOMMENDATION, 5),
        (w::FUNCTION, 3),
        (w::WHEN, 3),
    ];
    grid(lang, iw::REMARKS, &columns, rows.collect())
}

fn feedback(lang: Lang, report: &AfterReport) -> Grid {
    let words = |text: &Private| if text.is_empty() { Cell::Nothing } else { Cell::of(text.as_str()) };
    let rows = report.written.feedback.iter().map(|f| {
        vec![
            Cell::of(report.name(&f.function, lang)),
            words(&f.went_well),
            words(&f.went_badly),
            words(&f.change),
            Cell::of(moment(lang, &report.identity.zone, f.at)),
        ]
    });
    let columns = [(w::FUNCTION, 3), (iw::WENT_WELL, 5), (iw::WENT_BADLY, 5), (iw::CHANGE, 5), (w::WHEN, 3)];
    grid(lang, iw::FEEDBACK, &columns, rows.collect())
}

pub(super) fn texts(lang: Lang, report: &AfterReport) -> Grid {
    let rows = report.texts.iter().map(|t| {
        let over = |(c, n): (&Channel, &u32)| format!("{} {n}", channel(lang, *c));
        let sent: Vec<String> = t.sent.iter().map(over).collect();
        let audience = match t.audience {
            Audience::Internal => w::AUDIENCE_INTERNAL,
            Audience::Public => w::AUDIENCE_PUBLIC,
            Audience::Outside => w::AUDIENCE_OUTSIDE,
        };
        let page = match (t.page_equal, t.stopped) {
            (_, true) => w::WAS_STOPPED.say(lang),
            (Some(true), _) => w::PAGE_EQUAL.say(lang),
            (Some(false), _) => w::PAGE_NOT_EQUAL.say(lang),
            (None, _) => "",
        };
        vec![
            Cell::of(t.message.to_string()),
            Cell::of(t.lang.as_str()),
            Cell::of(audience.say(lang)),
            Cell::of(t.fingerprint.as_str()),
            if sent.is_empty() { Cell::Nothing } else { Cell::of(sent.join(", ")) },
            if page.is_empty() { Cell::Nothing } else { Cell::of(page) },
        ]
    });
    let columns =
        [(dw::NUMBER, 2), (w::LANGUAGE, 2), (w::AUDIENCE, 3), (w::FINGERPRINT, 3), (w::SENT_TO, 5), (w::REMARK, 4)];
    grid(lang, w::TEXTS, &columns, rows.collect())
}
