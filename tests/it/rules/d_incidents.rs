//! D. Incidents and modes.

#![expect(clippy::unwrap_used, reason = "tests")]

mod after;
mod danger;
mod drill_ends;
mod drills;
mod lifecycle;
mod plans;
mod public;
mod report;
mod report_parts;
mod rights;
mod stopped;

use super::c_answers::*;
use super::region::Builder;
use super::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::ask_list::*;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::state::*;
use vardkase::domain::incident::values::*;
use vardkase::domain::ladder::{LevelIx, ModeIx};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::*;
use vardkase::domain::words::NoteWord;

fn mode_at(t: &Timeline, site: &str) -> u8 {
    t.state.modes.get(&SiteId::from(site)).map_or(0, |m| m.0)
}

fn update(no: IncidentNo, news: News) -> Action {
    Action::Update { incident: no, news }
}

fn level(name: &str) -> News {
    News { level: Some(name.into()), ..News::default() }
}

fn restored(no: IncidentNo) -> Action {
    Action::Restored { incident: no, news: News::default() }
}

fn clear(no: IncidentNo) -> Action {
    Action::AllClear { incident: no, override_reason: Some("ägaren nås inte".into()) }
}

fn stop(no: IncidentNo, message: Option<u32>) -> Action {
    Action::Stop { incident: no, message, false_alarm: false, reason: "falsklarm".into() }
}

fn mode(site: &str, mode: &str) -> Action {
    Action::Mode { site: site.into(), mode: mode.into(), reason: "beslut".into() }
}

fn decide(no: IncidentNo, proposal: u32, yes: bool) -> Action {
    Action::Decide { incident: no, proposal: Some(proposal), yes, reason: "beslut".into() }
}

fn slow() -> Report {
    Report { playbook: "dictation-slow".into(), ..Report::default() }
}

/// A playbook of the region with other rows at its lowest level.
fn notify(b: &mut Builder, book: &str, rows: Vec<Row>) {
    let book = b.plan.playbooks.get_mut(&book.into()).unwrap();
    book.levels[0].notify = rows;
}

fn approve(t: &mut Timeline, no: IncidentNo, to: &str) {
    let (_, a) = t.waiting(no, to).unwrap_or_else(|| panic!("nothing waits for {to}"));
    t.reply("kib", Channel::Sms, &format!("OK {}", a.code.as_str()));
}

#[test]
fn rule_d3_a_decision_for_several_sites_moves_none_of_them_the_other_way() {
    let mut t = Timeline::by_day();
    let no = t.report("it", ehr_down("major"));
    // Reinforced mode is proposed for both hospitals; one of them goes further meanwhile.
    let proposal = t.inc(no).proposals.iter().find(|p| !p.lower && p.sites.len() > 1).unwrap().id;
    let disaster = Action::Mode { site: "FS".into(), mode: "disaster".into(), reason: "läget".into() };
    t.act("cl", disaster).unwrap();
    let top = t.state.modes[&SiteId::from("FS")];
    t.act("tib", decide(no, proposal, true)).unwrap();
    let own = |site: &str| t.inc(no).modes[&SiteId::from(site)];
    assert_eq!((t.state.modes[&SiteId::from("FS")], own("FS")), (top, top), "what stands higher stays");
    assert!(own("HS") > ModeIx(1) && own("HS") < top);
}
