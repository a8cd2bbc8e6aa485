//! The directory: each duty with where it is reached, who holds it now, who has the turn, and what it hangs on. Addresses are no
//! part of it; a number is where the plan says that it may stand in texts (RULES A10).

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::{holds, id, ids};
use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, GroupId, InfraId, PointIx, SiteId};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Channel, Function, Hours, Needs, Plan};
use crate::domain::reach::{Down, down};
use crate::domain::time::At;

/// Shifts of one picture: what a roster by the hour has in four weeks. Further ones are not drawn, and that is said.
pub const SHIFTS_SHOWN_MAX: usize = 700;

/// A duty in the directory.
#[derive(Clone, PartialEq, Debug)]
pub struct DutyView {
    pub id: FunctionId,
    /// What it is called.
    pub title: L10n,
    /// What it is called where many are listed.
    pub short: L10n,
    pub site: SiteId,
    /// Where at the site.
    pub place: L10n,
    pub groups: Vec<GroupId>,
    /// Who holds it now: itself, or who covers it.
    pub held_by: FunctionId,
    /// Until when that is so; `None` where it never changes.
    pub held_until: Option<At>,
    /// Who covers it outside of office hours.
    pub covered_by: Option<FunctionId>,
    /// Whom it acts for outside of office hours.
    pub covers: Vec<FunctionId>,
    /// Asked beside it or after it, in this order.
    pub deputies: Vec<FunctionId>,
    /// Its answer time, in seconds.
    pub answer_within_s: u32,
    /// So many of those who are asked for it must answer.
    pub answers: u8,
    pub lang: Lang,
    pub phone: Option<PhoneView>,
    /// In the order of the configuration.
    pub points: Vec<PointView>,
    /// Who has the turn; `None` where nobody takes turns.
    pub turn: Option<TurnView>,
    /// What its points, their gateways and its telephone hang on.
    pub needs: Vec<InfraId>,
    /// The loss of any one of these takes every way to it.
    pub falls_with: Vec<InfraId>,
}

/// A duty telephone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneView {
    /// As people dial it; `None` where it may not be shown.
    pub number: Option<String>,
    /// What it hangs on.
    pub needs: Vec<InfraId>,
}

/// A duty point, without its address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointView {
    pub point: PointIx,
    pub channel: Channel,
    /// Which of the function's points of that channel, from 1; `None` where it has one alone.
    pub nth: Option<u32>,
    /// In the order in which they are tried.
    pub gateways: Vec<GatewayId>,
    /// When a test last proved it.
    pub proven: Option<Date>,
    /// Days since then.
    pub age_days: Option<u32>,
    /// It takes turns with others.
    pub takes_turns: bool,
    /// It is reached now.
    pub reached_now: bool,
    /// What it hangs on itself.
    pub needs: Vec<InfraId>,
}

/// Who has the turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnView {
    /// Places in [`DutyView::points`]; nobody's turn when empty: then all of them are reached.
    pub points: Vec<usize>,
    /// Until then; `None`: nothing that follows is known.
    pub until: Option<At>,
}

/// The turns of some weeks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnsView {
    pub days: Vec<DayView>,
    /// In order, gaps included; they touch each other.
    pub shifts: Vec<ShiftView>,
    /// There are more than are shown.
    pub cut: bool,
}

/// A day of the region's calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayView {
    pub date: Date,
    /// Its midnight.
    pub from: At,
    /// The next midnight: 23 or 25 hours later where the clocks change.
    pub to: At,
}

impl DayView {
    /// How long it is, in minutes.
    pub fn minutes(&self) -> u32 {
        self.to.seconds_since(self.from) / 60
    }
}

/// A stretch in which nothing changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShiftView {
    pub from: At,
    pub to: At,
    /// Places in [`DutyView::points`]; a gap when empty.
    pub points: Vec<usize>,
}

/// The duties that a search finds, in the plan's order; all of them when nothing is asked for.
pub fn directory(plan: &Plan, now: At, wanted: &str) -> Vec<DutyView> {
    let words: Vec<String> = wanted.split_whitespace().map(str::to_lowercase).collect();
    let lost: Vec<(InfraId, Down)> =
        plan.infra.iter().map(|i| (i.id.clone(), down(plan, &[], std::slice::from_ref(&i.id)))).collect();
    let day_until = plan.calendar.day_changes(now.timestamp()).map(At::from);
    let all = (0..).map(FunctionIx).zip(&plan.functions);
    all.filter(|(fx, f)| words.is_empty() || finds(plan, *fx, f, &words))
        .map(|(fx, f)| duty(plan, fx, f, now, day_until, &lost))
        .collect()
}

/// Each word stands in a title, an ID, the site's name or a group.
fn finds(plan: &Plan, fx: FunctionIx, f: &Function, words: &[String]) -> bool {
    let site = plan.region.sites.iter().find(|s| s.id == f.site);
    let texts = [&f.title, &f.short, &f.place].into_iter().chain(site.map(|s| &s.name)).flat_map(|t| t.0.values());
    let mut hay = texts.map(|t| t.to_lowercase()).collect::<Vec<_>>();
    hay.push(f.id.as_str().to_lowercase());
    hay.push(f.site.as_str().to_lowercase());
    hay.extend(plan.groups.iter().filter(|(_, of)| of.contains(&fx)).map(|(g, _)| g.as_str().to_lowercase()));
    words.iter().all(|w| hay.iter().any(|h| h.contains(w)))
}

fn duty(
    plan: &Plan,
    fx: FunctionIx,
    f: &Function,
    now: At,
    day_until: Option<At>,
    lost: &[(InfraId, Down)],
) -> DutyView {
    let is_day_only = matches!(f.hours, Hours::Day { .. });
    DutyView {
        id: f.id.clone(),
        title: f.title.clone(),
        short: f.short.clone(),
        site: f.site.clone(),
        place: f.place.clone(),
        groups: plan.groups.iter().filter(|(_, of)| of.contains(&fx)).map(|(g, _)| g.clone()).collect(),
        held_by: id(plan, holds(plan, fx, now)),
        held_until: day_until.filter(|_| is_day_only),
        covered_by: match f.hours {
            Hours::Day { covered_by } => Some(id(plan, covered_by)),
            Hours::Always => None,
        },
        covers: ids(plan, plan.covers(fx)),
        deputies: ids(plan, &f.deputies),
        answer_within_s: f.answer_within_s,
        answers: f.answers,
        lang: f.lang,
        phone: f.phone.as_ref().map(|p| PhoneView {
            number: Some(p.number.clone()).filter(|n| p.publishable && !n.is_empty()),
            needs: flat(&p.needs),
        }),
        points: points(plan, f, now),
        turn: turn(f, now),
        needs: needs(plan, f),
        falls_with: falls_with(plan, f, lost),
    }
}

fn points(plan: &Plan, f: &Function, now: At) -> Vec<PointView> {
    let today = plan.calendar.local(now.timestamp()).date();
    let of = |c: Channel| f.points.iter().filter(move |p| plan.point(**p).channel == c);
    let one = |ix: &PointIx| {
        let p = plan.point(*ix);
        let nth = of(p.channel).position(|x| x == ix).and_then(|n| u32::try_from(n + 1).ok());
        let days = |d: Date| today.since(d).map_or(0, |span| span.get_days());
        PointView {
            point: *ix,
            channel: p.channel,
            nth: nth.filter(|_| of(p.channel).count() > 1),
            gateways: p.gateways.iter().map(|g| plan.gateway(*g).id.clone()).collect(),
            proven: p.proven,
            age_days: p.proven.map(|d| u32::try_from(days(d)).unwrap_or(0)),
            takes_turns: f.roster.takes_turns(*ix),
            reached_now: f.roster.reaches(*ix, now),
            needs: flat(&p.needs),
        }
    };
    f.points.iter().map(one).collect()
}

/// Places of points in a function's own list.
fn places(f: &Function, points: &[PointIx]) -> Vec<usize> {
    f.points.iter().enumerate().filter(|(_, p)| points.contains(p)).map(|(i, _)| i).collect()
}

fn turn(f: &Function, now: At) -> Option<TurnView> {
    if f.roster.is_empty() {
        return None;
    }
    let second = now.0.div_euclid(1000);
    let at = |s: i64| At(s * 1000);
    Some(match f.roster.on(now) {
        Some(turn) => TurnView { points: places(f, &turn.points), until: Some(at(turn.to)) },
        None => {
            let next = f.roster.turns().iter().find(|t| t.from > second);
            TurnView { points: Vec::new(), until: next.map(|t| at(t.from)) }
        }
    })
}

/// The turns of so many weeks from a day on; `None` where nobody takes turns.
pub fn turns(plan: &Plan, f: FunctionIx, first: Date, weeks: u32) -> Option<TurnsView> {
    let f = plan.function(f);
    if f.roster.is_empty() {
        return None;
    }
    let midnight = |day: Date| day.to_zoned(plan.calendar.zone.0.clone()).map(|z| At::from(z.timestamp())).ok();
    let mut days = Vec::new();
    for n in 0..i64::from(weeks) * 7 {
        let date = first.checked_add(n.days()).ok()?;
        days.push(DayView { date, from: midnight(date)?, to: midnight(date.tomorrow().ok()?)? });
    }
    let (from, to) = (days.first()?.from.0 / 1000, days.last()?.to.0 / 1000);
    let stretches = f.roster.stretches(from, to);
    let cut = stretches.len() > SHIFTS_SHOWN_MAX;
    let shifts = stretches.into_iter().take(SHIFTS_SHOWN_MAX);
    let shifts =
        shifts.map(|s| ShiftView { from: At(s.from * 1000), to: At(s.to * 1000), points: places(f, &s.points) });
    Some(TurnsView { days, shifts: shifts.collect(), cut })
}

fn flat(needs: &Needs) -> Vec<InfraId> {
    let all: BTreeSet<&InfraId> = needs.iter().flatten().collect();
    all.into_iter().cloned().collect()
}

fn needs(plan: &Plan, f: &Function) -> Vec<InfraId> {
    let mut all: BTreeSet<&InfraId> = f.phone.iter().flat_map(|p| p.needs.iter().flatten()).collect();
    for p in &f.points {
        let p = plan.point(*p);
        all.extend(p.needs.iter().flatten());
        all.extend(p.gateways.iter().flat_map(|g| plan.gateway(*g).needs.iter().flatten()));
    }
    all.into_iter().cloned().collect()
}

/// Of a chain of things that hang on each other, the one that is nearest to the function says most.
fn falls_with(plan: &Plan, f: &Function, lost: &[(InfraId, Down)]) -> Vec<InfraId> {
    let stands = |down: &Down| {
        f.points
            .iter()
            .map(|p| plan.point(*p))
            .any(|p| down.stands(&p.needs) && p.gateways.iter().any(|g| down.stands(&plan.gateway(*g).needs)))
    };
    let killers: Vec<&(InfraId, Down)> = lost.iter().filter(|(_, down)| !stands(down)).collect();
    if killers.len() == lost.len() {
        return Vec::new(); // It has no way at all.
    }
    let nearer = |x: &(InfraId, Down), y: &(InfraId, Down)| x.1.infra.contains(&y.0) && !y.1.infra.contains(&x.0);
    killers.iter().filter(|x| !killers.iter().any(|y| nearer(x, y))).map(|(i, _)| i.clone()).collect()
}
