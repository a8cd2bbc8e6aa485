//! Every text that a playbook can send, from report to all clear, made by the rules themselves: what `check` measures, and what the
//! document of all texts shows.

use std::sync::Arc;

use super::rehearsal::Rehearsal;
use crate::domain::ids::{IncidentNo, MessageNo, SiteId};
use crate::domain::incident::asks;
use crate::domain::incident::facts::Restore;
use crate::domain::incident::input::{Action, News, Report, StepStart};
use crate::domain::incident::refused::Refused;
use crate::domain::incident::state::{Incident, ProposalState};
use crate::domain::incident::values::{Item, Kind};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{AnswerRule, Audience, Plan, Playbook};
use crate::domain::step::StepKind;
use crate::domain::text::Outgoing;
use crate::domain::time::At;

/// What people would type.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// News of the first update.
    pub news: L10n,
    /// News for the public, of the first update.
    pub public_news: L10n,
    /// The scope that a correction says.
    pub scope: Option<L10n>,
    /// Why something is stopped.
    pub reason: String,
}

/// A text that a playbook can send.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// What brought it, in plain words.
    pub label: &'static str,
    pub kind: Kind,
    pub audience: Audience,
    pub lang: Lang,
    /// As it leaves.
    pub out: Outgoing,
    /// Somebody is asked to answer it.
    pub asks: bool,
}

/// Minutes between two steps of the rehearsal, in seconds.
const STEP_S: u32 = 1800;
/// It is expected back that long after the first update, in seconds.
const BACK_S: u32 = 4 * 3600;

/// All texts of a playbook. What it can't do at all is left out.
///
/// # Errors
/// Its report is refused.
pub fn spoken(plan: &Arc<Plan>, report: &Report, typed: &Typed, now: At) -> Result<Vec<Spoken>, Refused> {
    let mut all = whole(plan, report, typed, now)?;
    all.extend(stopped(plan, report, typed, now)?);
    Ok(all)
}

struct Stage {
    rehearsal: Rehearsal,
    no: IncidentNo,
    seen: usize,
    all: Vec<Spoken>,
}

impl Stage {
    fn begin(plan: &Arc<Plan>, report: &Report, now: At, drills_before: u32) -> Result<Self, Refused> {
        let mut rehearsal = Rehearsal::new(plan, now);
        rehearsal.state.exercise_count = drills_before;
        rehearsal.state.actual_count = 13;
        let no = rehearsal.report(report)?;
        rehearsal.approve_all(no);
        let mut stage = Stage { rehearsal, no, seen: 0, all: Vec::new() };
        stage.keep("alert");
        Ok(stage)
    }

    fn inc(&self) -> Option<&Incident> {
        self.rehearsal.state.incidents.get(&self.no)
    }

    /// A step; one that is not possible in this playbook sends nothing.
    fn then(&mut self, label: &'static str, action: &dyn Fn() -> Action) {
        self.rehearsal.now = self.rehearsal.now + STEP_S;
        if self.rehearsal.act(action).is_ok() {
            self.rehearsal.approve_all(self.no);
        }
        self.keep(label);
    }

    /// Keeps what was said since.
    fn keep(&mut self, label: &'static str) {
        let Some(inc) = self.rehearsal.state.incidents.get(&self.no) else { return };
        for m in inc.messages.iter().skip(self.seen) {
            if m.released_at.is_none() {
                continue;
            }
            let asks = inc.entries.iter().any(|e| e.message == m.seq && e.answer != AnswerRule::None);
            let label = if m.kind == Kind::Holding { "holding" } else { label };
            for lang in inc.plan.region.languages.iter().filter(|l| m.texts.contains_key(l)) {
                let Some(out) = asks::outgoing(inc, Item::Message(m.seq), *lang) else { continue };
                self.all.push(Spoken { label, kind: m.kind, audience: m.audience, lang: *lang, out, asks });
            }
        }
        self.seen = inc.messages.len();
    }

    fn first(&self) -> MessageNo {
        let seq = self.inc().and_then(|i| {
            let mut told = i.messages.iter().filter(|m| m.audience == Audience::Internal && m.released_at.is_some());
            told.next().map(|m| m.seq)
        });
        MessageNo { incident: self.no, seq: seq.unwrap_or(1) }
    }

    /// The newest proposal of that kind that is asked.
    fn proposal(&self, lower: bool) -> Option<u32> {
        let asked = |p: &&crate::domain::incident::state::Proposal| p.lower == lower && p.state == ProposalState::Asked;
        self.inc()?.proposals.iter().find(asked).map(|p| p.id)
    }

    fn decide(&mut self, label: &'static str, lower: bool) {
        let Some(proposal) = self.proposal(lower) else { return };
        let incident = self.no;
        self.then(label, &|| Action::Decide {
            incident,
            proposal: Some(proposal),
            yes: true,
            reason: "rehearsal".into(),
        });
    }
}

/// The longest number that a header is measured with has as many digits as this drill's.
const DRILLS_BEFORE: u32 = 13;

/// From the report to the all clear, and the mode after it.
fn whole(plan: &Arc<Plan>, report: &Report, typed: &Typed, now: At) -> Result<Vec<Spoken>, Refused> {
    let mut stage = Stage::begin(plan, report, now, DRILLS_BEFORE)?;
    let incident = stage.no;
    let back = stage.rehearsal.now + STEP_S + BACK_S;
    let said = (!typed.news.0.is_empty()).then(|| typed.news.clone());
    let public_news = (!typed.public_news.0.is_empty()).then(|| typed.public_news.clone());
    stage.then("update", &|| Action::Update {
        incident,
        news: News {
            known: said.clone(),
            public_news: public_news.clone(),
            restore: Some(Restore::At(back)),
            ..News::default()
        },
    });
    stage.then("update, nothing new", &|| Action::Update { incident, news: News::default() });
    let of = stage.first();
    stage.then("correction", &|| Action::Correct {
        number: of,
        news: News { scope: typed.scope.clone(), ..News::default() },
    });
    stage.decide("mode, raised", false);
    let rule = stage.inc().and_then(|i| i.book().steps.iter().find(|s| s.kind == StepKind::Redirection).cloned());
    if let Some(rule) = rule {
        let start = || StepStart { rule: Some(rule.id.clone()), ..StepStart::default() };
        stage.then("redirection", &|| Action::StepStart { incident, start: start() });
        let step = stage
            .inc()
            .and_then(|i| i.steps.iter().find(|s| s.kind() == StepKind::Redirection && s.is_open()).map(|s| s.id + 1));
        if let Some(step) = step {
            stage.then("redirection over", &|| Action::StepDone { incident, step, reference: "rehearsal".into() });
        }
    }
    stage.then("running again", &|| Action::Restored { incident, news: News::default() });
    lower(&mut stage, "mode, lowered after running again");
    stage.then("update, after running again", &|| Action::Update { incident, news: News::default() });
    stage.then("data complete", &|| Action::DataComplete { incident });
    stage.then("all clear", &|| Action::AllClear { incident, override_reason: Some("rehearsal".into()) });
    stage.decide("mode, lowered after all clear", true);
    Ok(stage.all)
}

/// From the highest mode to the one below it.
fn lower(stage: &mut Stage, label: &'static str) {
    let Some(inc) = stage.inc() else { return };
    let Some((site, mode)) = inc.modes.iter().max_by_key(|(_, m)| **m) else { return };
    let Some(below) = mode.0.checked_sub(1).filter(|b| *b > 0) else { return };
    let below = inc.plan.ladders.mode_at(crate::domain::ladder::ModeIx(below)).map(|m| m.id.clone());
    let all = inc.plan.region.sites.iter().filter(|s| s.id != inc.plan.region.whole);
    let everywhere = all.into_iter().all(|s| inc.modes.get(&s.id) == Some(mode));
    let site: SiteId = if everywhere { inc.plan.region.whole.clone() } else { site.clone() };
    let Some(below) = below else { return };
    stage.then(label, &|| Action::Mode { site: site.clone(), mode: below.clone(), reason: "rehearsal".into() });
}

/// One message that is stopped, and then all of it.
fn stopped(plan: &Arc<Plan>, report: &Report, typed: &Typed, now: At) -> Result<Vec<Spoken>, Refused> {
    let mut stage = Stage::begin(plan, report, now, DRILLS_BEFORE)?;
    let incident = stage.no;
    stage.then("update", &|| Action::Update { incident, news: News::default() });
    stage.all.clear();
    let newest = stage.inc().and_then(|i| i.newest(Audience::Internal).map(|m| m.seq));
    let reason = if typed.reason.is_empty() { "rehearsal" } else { &typed.reason };
    let stop = |message, false_alarm| Action::Stop { incident, message, false_alarm, reason: reason.into() };
    stage.then("stop of one message", &|| stop(newest, false));
    stage.then("stop, false alarm", &|| stop(None, true));
    Ok(stage.all)
}

/// The report that is rehearsed: the playbook at its highest level.
pub fn report_of(plan: &Plan, playbook: &Playbook, exercise: bool, since: At) -> Report {
    let highest = playbook.levels.last().and_then(|l| plan.ladders.level_at(l.level));
    Report {
        exercise,
        playbook: playbook.id.to_string(),
        level: highest.map(|l| l.id.clone()),
        since: Some(since),
        shared: crate::domain::incident::input::IfShared::Separate,
        ..Report::default()
    }
}
