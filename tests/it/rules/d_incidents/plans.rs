//! `adopt`: an open incident goes on with another plan; everything is found again by its ID.

use std::sync::Arc;

use super::*;

/// The same region with every function, point and gateway in another place.
fn moved(change: impl FnOnce(&mut Builder)) -> Arc<Plan> {
    let mut b = super::super::region::plan();
    change(&mut b);
    let p = &mut b.plan;
    p.hash = "moved".into();
    let (functions, points, gateways) =
        (p.functions.len() as u32 - 1, p.points.len() as u32 - 1, p.gateways.len() as u32 - 1);
    let f = |x: &mut FunctionIx| x.0 = functions - x.0;
    let fs = |xs: &mut Vec<FunctionIx>| xs.iter_mut().for_each(f);
    p.functions.reverse();
    for x in &mut p.functions {
        fs(&mut x.deputies);
        x.points.iter_mut().for_each(|q| q.0 = points - q.0);
        if let Hours::Day { covered_by } = &mut x.hours {
            f(covered_by);
        }
    }
    p.points.reverse();
    for x in &mut p.points {
        fs(&mut x.functions);
        x.gateways.iter_mut().for_each(|g| g.0 = gateways - g.0);
    }
    p.gateways.reverse();
    p.systems.iter_mut().for_each(|s| f(&mut s.owner));
    fs(&mut p.region.last_resort);
    fs(&mut p.region.command);
    f(&mut p.region.switchboard);
    for m in &mut p.ladders.modes {
        fs(&mut m.tell);
        m.rights.iter_mut().for_each(|r| {
            fs(&mut r.raise_by);
            fs(&mut r.lower_by);
        });
    }
    p.ladders.least.iter_mut().flat_map(|l| &mut l.propose).for_each(|s| f(&mut s.decides));
    for book in p.playbooks.values_mut() {
        book.overdue_tell.iter_mut().for_each(f);
        for level in &mut book.levels {
            level.propose.iter_mut().for_each(|s| f(&mut s.decides));
            for row in &mut level.notify {
                if let To::Functions(to) = &mut row.to {
                    fs(to);
                }
                row.approval.iter_mut().for_each(|a| f(&mut a.by));
            }
        }
    }
    p.index();
    Arc::new(b.plan)
}

fn ids(plan: &Plan, all: &[FunctionIx]) -> Vec<String> {
    all.iter().map(|f| plan.function(*f).id.to_string()).collect()
}

/// Everything that an incident holds of functions, points and gateways, by their IDs.
fn told(inc: &Incident) -> Vec<String> {
    let p = &inc.plan;
    let id = |f: FunctionIx| p.function(f).id.to_string();
    let mut all = vec![format!("reporter {} data {:?}", id(inc.reporter), inc.data_confirmed.map(id))];
    for d in &inc.deliveries {
        let point = p.point(d.point);
        let gateway = &p.gateway(point.gateways[usize::from(d.gateway)]).id;
        all.push(format!("{:?} {:?} {} {gateway} {:?}", d.item(), ids(p, &point.functions), point.channel, d.state));
    }
    for e in &inc.entries {
        let by = match &e.state {
            EntryState::Waiting(a) => format!("waits {:?} {:?}", ids(p, &a.asked), a.due),
            EntryState::Released { by: ReleasedBy::Approval(f), .. } => format!("approved {}", id(*f)),
            EntryState::Released { by: ReleasedBy::BreakGlass(f), .. } => format!("glass {}", id(*f)),
            other => format!("{other:?}"),
        };
        all.push(format!("{:?} {:?} {by}", ids(p, &e.to), e.rule.as_ref().map(|r| id(r.by))));
    }
    for (f, n) in inc.asks.current() {
        let a = &inc.asks[*n as usize];
        let state = match &a.state {
            AskState::Answered { by, via: Via::Phone { noted_by }, .. } => format!("{} by {}", id(*by), id(*noted_by)),
            AskState::Answered { by, .. } => id(*by),
            other => format!("{other:?}"),
        };
        all.push(format!(
            "ask {} {} {:?} {state} {:?}",
            id(*f),
            id(a.function),
            ids(p, &a.asked),
            a.before_shift.map(id)
        ));
    }
    for q in &inc.proposals {
        let by = match &q.state {
            ProposalState::Accepted { by, .. } | ProposalState::Declined { by, .. } => id(*by),
            other => format!("{other:?}"),
        };
        all.push(format!("proposal {:?} {by}", ids(p, &q.asked)));
    }
    all.extend(inc.notes.iter().map(|n| format!("note {} {:?}", id(n.to), n.word)));
    let done = |t: &Errand| t.done.map(|d| id(d.1));
    all.extend(inc.errands.iter().map(|t| format!("task {} {:?} {:?}", id(t.owner), ids(p, &t.functions), done(t))));
    all.push(format!("{:?}", inc.attempted.iter().map(|f| id(*f)).collect::<std::collections::BTreeSet<_>>()));
    all.sort();
    all
}

#[test]
fn adopted_incidents_keep_deliveries_asks_approvals_and_answers_by_id() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", Report { sites: vec!["REG".into()], ..ehr_down("major") });
    // Answers of each kind, an approval, a decision, a shift, a failed gateway.
    t.reply("it", Channel::Sms, "JA 1");
    t.act(
        "desk",
        Action::Ack { incident: no, message: None, function: "it-led".into(), phone: true, paper: false, at: None },
    )
    .unwrap();
    t.input(Input::Shift { functions: vec!["it".into()] }).unwrap();
    approve(&mut t, no, "icu");
    t.act("tib", decide(no, 0, true)).unwrap();
    let sms = t.got("icu", Kind::Alert)[0].id;
    t.input(Input::outcomes(vec![(sms, DeliveryState::Failed)])).unwrap();
    t.advance(120);
    let (waits, approval) = t.waiting(no, "public").unwrap();
    let before = told(t.inc(no));

    let plan = moved(|_| {});
    t.input(Input::NewPlan(plan)).unwrap();
    assert_eq!(told(t.inc(no)), before, "a new plan is for new incidents");
    t.act("tib", Action::Adopt { incident: no }).unwrap();
    assert_eq!(t.inc(no).plan.hash, "moved");
    assert_eq!(told(t.inc(no)), before);
    assert_eq!(t.act("tib", Action::Adopt { incident: no }).unwrap_err().code, "same-plan");

    // It goes on: codes hold, deadlines run, answers count.
    assert_eq!(t.waiting(no, "public").unwrap().1.due, approval.due);
    approve(&mut t, no, "public");
    assert!(matches!(t.inc(no).entry(waits.id).unwrap().state, EntryState::Released { .. }));
    t.reply("it", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it"), "answered by it");
    t.advance(7200);
    assert!(t.inc(no).asks.iter().all(|a| a.state != AskState::Waiting || a.rule != AnswerRule::Required));
}

#[test]
fn adopt_is_refused_when_something_that_is_used_is_gone() {
    let refused = |change: &dyn Fn(&mut Builder)| {
        let mut t = Timeline::by_day();
        t.gateways_say = None;
        let no = t.ehr_down("major");
        t.input(Input::NewPlan(moved(|b| change(b)))).unwrap();
        let before = t.state.clone();
        let refused = t.act("tib", Action::Adopt { incident: no }).unwrap_err();
        assert_eq!(refused.code, "cannot-adopt");
        assert!(t.state == before);
        refused.to_string()
    };
    let function = |b: &mut Builder| {
        let f = b.function_ix("icu");
        b.plan.functions[f.ix()].id = "iva".into();
    };
    assert!(refused(&function).contains("function: icu"));
    assert!(
        refused(&|b: &mut Builder| drop(b.plan.playbooks.remove(&"ehr-down".into()))).contains("playbook: ehr-down")
    );
    assert!(refused(&|b: &mut Builder| b.plan.region.languages = vec![Lang::EN]).contains("--languages"));
    assert!(refused(&|b: &mut Builder| b.plan.ladders.levels[0].id = "slow".into()).contains("--ladders"));
    assert!(refused(&|b: &mut Builder| b.plan.region.sites.retain(|s| s.id.as_str() != "HS")).contains("site: HS"));
    let point = |b: &mut Builder| {
        let f = b.function_ix("tib-2");
        b.plan.functions[f.ix()].points.clear();
    };
    assert!(refused(&point).contains("--point, functions: tib-2"));
    let gateway = |b: &mut Builder| b.plan.gateways[0].id = "other".into();
    assert!(refused(&gateway).contains("--gateway, functions: "));
}
