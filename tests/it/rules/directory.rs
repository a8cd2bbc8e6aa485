//! The directory's view: where a duty is reached, what it hangs on, whose turn it is.

use jiff::civil::Date;

use vardkase::domain::calendar::Zone;
use vardkase::domain::ids::{FunctionId, FunctionIx, GatewayId, GroupId, InfraId, PointIx, SiteId};
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{Capability, DutyPoint, GatewayInfo, Infra, Phone};
use vardkase::domain::plan::{Channel, Function, Hours, Plan};
use vardkase::domain::roster::{Roster, Turn};
use vardkase::domain::time::At;
use vardkase::domain::view::{TurnView, directory, turns};

fn at(s: &str) -> At {
    s.parse::<jiff::Timestamp>().unwrap().into()
}
fn infra(id: &str, needs: &[&str]) -> Infra {
    let needs = needs.iter().map(|n| vec![InfraId::from(*n)]).collect();
    Infra { id: InfraId::from(id), needs, holds_s: None }
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
        gateways: vec![vardkase::domain::ids::GatewayIx(gateway)],
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
        place: Default::default(),
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

fn plan_of_nobody() -> Plan {
    plan(&[])
}

#[test]
fn a_duty_says_where_it_is_reached_and_what_it_hangs_on() {
    let plan = plan(&[
        ("2026-11-16T08:00:00+01:00", "2026-11-23T08:00:00+01:00", 0),
        ("2026-11-23T08:00:00+01:00", "2026-11-30T08:00:00+01:00", 1),
    ]);
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
    let number = |plan: &Plan| directory(plan, at("2026-11-24T09:45:00+01:00"), "")[0].phone.clone().unwrap().number;
    assert_eq!(number(&plan), None);
    plan.functions[0].phone.as_mut().unwrap().publishable = true;
    assert_eq!(number(&plan).as_deref(), Some("0980-1"));
}

#[test]
fn a_search_finds_by_title_id_site_and_group() {
    let plan = plan(&[]);
    let now = at("2026-11-24T09:45:00+01:00");
    for (wanted, found) in
        [("", 1), ("nät", 1), ("NETWORK call", 1), ("nat", 1), ("reg", 1), ("tech nät", 1), ("iva", 0), ("nät x", 0)]
    {
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
    assert!(turns(&plan_of_nobody(), FunctionIx(0), first, 4).is_none());
}
