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
    let texts = [&f.title, &f.short].into_iter().chain(site.map(|s| &s.name)).flat_map(|t| t.0.values());
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::calendar::Zone;
    use crate::domain::plan::{Capability, DutyPoint, GatewayInfo, Infra, Phone};
    use crate::domain::roster::{Roster, Turn};

    fn at(s: &str) -> At {
        s.parse::<jiff::Timestamp>().unwrap().into()
    }
    fn infra(id: &str, needs: &[&str]) -> Infra {
        let needs = needs.iter().map(|n| vec![InfraId::from(*n)]).collect();
        Infra { id: InfraId::from(id), needs, holds_min: None }
    }
    fn gateway(id: &str, channel: Channel, needs: &str) -> GatewayInfo {
        GatewayInfo {
            id: GatewayId::from(id),
            channel,
            capability: Capability::Whole { chars_max: None },
            answers: true,
            receipts: true,
            needs: vec![vec![InfraId::from(needs)]],
        }
    }
    fn point(channel: Channel, gateway: u32, proven: Option<&str>) -> DutyPoint {
        DutyPoint {
            channel,
            gateways: vec![crate::domain::ids::GatewayIx(gateway)],
            languages: vec![Lang::SV],
            functions: vec![FunctionIx(0)],
            proven: proven.map(|d| d.parse().unwrap()),
            needs: Vec::new(),
        }
    }

    /// A duty with two telephones that take turns, and a mailbox; both gateways hang on one hall.
    fn plan(turns: &[(&str, &str, u32)]) -> Plan {
        let at = |s: &str| at(s).0 / 1000;
        let turn = |(from, to, p): &(&str, &str, u32)| Turn { from: at(from), to: at(to), points: vec![PointIx(*p)] };
        let function = Function {
            id: FunctionId::from("nat"),
            title: L10n::of([(Lang::SV, "Nätjour"), (Lang::EN, "Network on call")]),
            short: L10n::default(),
            site: SiteId::from("REG"),
            hours: Hours::Day { covered_by: FunctionIx(0) },
            answer_within_s: 600,
            answers: 1,
            deputies: vec![FunctionIx(0)],
            points: vec![PointIx(0), PointIx(1), PointIx(2)],
            roster: Roster::new(turns.iter().map(turn).collect()),
            lang: Lang::SV,
            care: false,
            shifts: Vec::new(),
            phone: Some(Phone { number: "0980-1".into(), publishable: false, needs: vec![vec![InfraId::from("pbx")]] }),
            may_own: None,
        };
        let mut plan = Plan {
            infra: vec![infra("hall", &[]), infra("net", &["hall"]), infra("mob", &["hall"]), infra("pbx", &[])],
            gateways: vec![gateway("sms", Channel::Sms, "mob"), gateway("mail", Channel::Email, "net")],
            points: vec![
                point(Channel::Sms, 0, Some("2026-10-05")),
                point(Channel::Sms, 0, None),
                point(Channel::Email, 1, None),
            ],
            functions: vec![function],
            groups: [(GroupId::from("tech"), vec![FunctionIx(0)])].into(),
            ..Plan::default()
        };
        plan.calendar.zone = Zone::named("Europe/Stockholm").unwrap();
        (plan.calendar.day_from_min, plan.calendar.day_to_min) = (450, 990);
        plan.index();
        plan
    }

    #[test]
    fn a_duty_says_where_it_is_reached_and_what_it_hangs_on() {
        let plan = plan(&[("2026-11-23T08:00:00+01:00", "2026-11-30T08:00:00+01:00", 1)]);
        let now = at("2026-11-24T09:45:00+01:00");
        let all = directory(&plan, now, "");
        let duty = &all[0];
        let shown: Vec<_> = duty.points.iter().map(|p| (p.channel, p.nth, p.age_days, p.reached_now)).collect();
        assert_eq!(
            shown,
            [
                (Channel::Sms, Some(1), Some(50), false),
                (Channel::Sms, Some(2), None, true),
                (Channel::Email, None, None, true)
            ]
        );
        assert_eq!(duty.turn, Some(TurnView { points: vec![1], until: Some(at("2026-11-30T08:00:00+01:00")) }));
        assert_eq!(duty.held_until, Some(at("2026-11-24T16:30:00+01:00")));
        let names = |all: &[InfraId]| all.iter().map(|i| i.as_str().to_owned()).collect::<Vec<_>>().join(" ");
        assert_eq!((names(&duty.needs), names(&duty.falls_with)), ("mob net pbx".into(), "hall".into()));
        assert_eq!(duty.groups, [GroupId::from("tech")]);
    }

    #[test]
    fn a_number_that_may_not_stand_in_texts_is_no_part_of_it() {
        let mut plan = plan(&[]);
        let number =
            |plan: &Plan| directory(plan, at("2026-11-24T09:45:00+01:00"), "")[0].phone.clone().unwrap().number;
        assert_eq!(number(&plan), None);
        plan.functions[0].phone.as_mut().unwrap().publishable = true;
        assert_eq!(number(&plan).as_deref(), Some("0980-1"));
    }

    #[test]
    fn a_search_finds_by_title_id_site_and_group() {
        let plan = plan(&[]);
        let now = at("2026-11-24T09:45:00+01:00");
        for (wanted, found) in [
            ("", 1),
            ("nät", 1),
            ("NETWORK call", 1),
            ("nat", 1),
            ("reg", 1),
            ("tech nät", 1),
            ("iva", 0),
            ("nät x", 0),
        ] {
            assert_eq!(directory(&plan, now, wanted).len(), found, "{wanted}");
        }
    }

    #[test]
    fn four_weeks_have_each_day_once_and_the_night_of_the_clock_change_is_longer() {
        // The clocks go back on 2026-10-25.
        let plan = plan(&[
            ("2026-10-19T08:00:00+02:00", "2026-10-25T02:30:00+02:00", 0),
            ("2026-10-25T02:30:00+01:00", "2026-11-02T08:00:00+01:00", 1),
        ]);
        let first: Date = "2026-10-19".parse().unwrap();
        let four = turns(&plan, FunctionIx(0), first, 4).unwrap();
        assert_eq!(four.days.len(), 28);
        assert!(four.days.windows(2).all(|d| d[0].to == d[1].from));
        let long: Vec<_> = four.days.iter().filter(|d| d.minutes() != 1440).map(|d| (d.date, d.minutes())).collect();
        assert_eq!(long, [("2026-10-25".parse().unwrap(), 1500)]);
        let shifts: Vec<_> = four.shifts.iter().map(|s| (s.from, s.to, s.points.clone())).collect();
        let expected = [
            ("2026-10-19T00:00:00+02:00", "2026-10-19T08:00:00+02:00", vec![]),
            ("2026-10-19T08:00:00+02:00", "2026-10-25T02:30:00+02:00", vec![0]),
            ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", vec![]),
            ("2026-10-25T02:30:00+01:00", "2026-11-02T08:00:00+01:00", vec![1]),
            ("2026-11-02T08:00:00+01:00", "2026-11-16T00:00:00+01:00", vec![]),
        ];
        assert_eq!(shifts, expected.map(|(from, to, points)| (at(from), at(to), points)));
        // In the gap all are reached, and it is said until when.
        let gap = directory(&plan, at("2026-10-18T12:00:00+02:00"), "")[0].turn.clone().unwrap();
        assert_eq!(gap, TurnView { points: vec![], until: Some(at("2026-10-19T08:00:00+02:00")) });
        assert!(turns(&self::plan(&[]), FunctionIx(0), first, 4).is_none());
    }
}
