//! The directory: duties by site or group with what reaches them, and one duty with its turns of four weeks as a picture.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::turns_picture::{Picture, picture};
use super::ui::Ui;
use super::{Visitor, gone, html, refused};
use crate::domain::ids::{FunctionId, InfraId, SiteId};
use crate::domain::incident::refused::refuse;
use crate::domain::view::{DutyView, PointView, ShiftView, TurnView, TurnsView, directory, turns, with_proofs};
use crate::paper::directory::{point_name, turn_name};
use crate::paper::span;
use crate::web::Ctx;
use crate::words::console as w;
use crate::words::paper as p;

/// Duties of one page; the search finds the others.
const DUTIES_SHOWN_MAX: usize = 300;
/// Weeks of the picture.
const WEEKS: u32 = 4;

#[derive(serde::Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    by: String,
}

#[derive(Template)]
#[template(path = "directory.html")]
struct ListPage {
    ui: Ui,
    q: String,
    by_group: bool,
    found: usize,
    /// Those that are too many to be shown.
    more: usize,
    /// Heading, and the duties below it.
    sections: Vec<(String, Vec<DutyView>)>,
}

#[derive(Template)]
#[template(path = "duty.html")]
struct DutyPage {
    ui: Ui,
    duty: DutyView,
    /// Four weeks, and how they are drawn; `None` where nobody takes turns.
    drawn: Option<(TurnsView, Picture)>,
}

impl ListPage {
    /// What was searched for stands open, and a list that is one section anyway; else it is unfolded by site or group.
    fn open(&self) -> bool {
        !self.q.is_empty() || self.sections.len() == 1
    }
}

pub async fn list(State(ctx): State<Ctx>, visitor: Visitor, wanted: Query<Wanted>) -> Response {
    let q: String = wanted.q.trim().to_owned();
    let asked = q.clone();
    let (ui, mut all) =
        match visitor.look(&ctx, move |s, m, _| with_proofs(s, m.now, directory(&s.plan, m.now, &asked))).await {
            Ok(seen) => seen,
            Err(e) => return gone(e),
        };
    let found = all.len();
    all.truncate(DUTIES_SHOWN_MAX);
    let more = found - all.len();
    let by_group = wanted.by == "group";
    let sections = if by_group { by_groups(&ui, &all) } else { by_sites(&ui, &all) };
    html(&ListPage { ui, q, by_group, found, more, sections })
}

fn by_sites(ui: &Ui, all: &[DutyView]) -> Vec<(String, Vec<DutyView>)> {
    let of = |s: &crate::domain::plan::Site| {
        (ui.l(&s.name).to_owned(), all.iter().filter(|d| d.site == s.id).cloned().collect::<Vec<_>>())
    };
    ui.plan.region.sites.iter().map(of).filter(|(_, all)| !all.is_empty()).collect()
}

fn by_groups(ui: &Ui, all: &[DutyView]) -> Vec<(String, Vec<DutyView>)> {
    let of = |g: &crate::domain::ids::GroupId| {
        (g.to_string(), all.iter().filter(|d| d.groups.contains(g)).cloned().collect::<Vec<_>>())
    };
    let mut sections: Vec<_> = ui.plan.groups.keys().map(of).filter(|(_, all)| !all.is_empty()).collect();
    let rest: Vec<_> = all.iter().filter(|d| d.groups.is_empty()).cloned().collect();
    if !rest.is_empty() {
        sections.push((ui.t(p::NO_GROUP).to_owned(), rest));
    }
    sections
}

pub async fn duty(State(ctx): State<Ctx>, visitor: Visitor, path: Result<Path<FunctionId>, PathRejection>) -> Response {
    let Ok(Path(id)) = path else { return Redirect::to("/directory").into_response() };
    let wanted = id.clone();
    let seen = visitor
        .look(&ctx, move |s, m, _| {
            let plan = &s.plan;
            let fx = plan.function_ix(wanted.as_str())?;
            let found = with_proofs(s, m.now, directory(plan, m.now, wanted.as_str()));
            let duty = found.into_iter().find(|d| d.id == wanted)?;
            let today = plan.calendar.local(m.now.timestamp()).date();
            Some((duty, turns(plan, fx, today, WEEKS)))
        })
        .await;
    match seen {
        Ok((ui, Some((duty, turns)))) => {
            let drawn = turns.map(|turns| {
                let picture = picture(&ui, &duty, &turns);
                (turns, picture)
            });
            html(&DutyPage { ui, duty, drawn })
        }
        Ok((_, None)) => refused(&ctx, &visitor, refuse!(UnknownFunction { function: id }).into(), "/directory").await,
        Err(e) => gone(e),
    }
}

/// What both pages say of a duty.
impl Ui {
    fn point_name(&self, point: &PointView) -> String {
        point_name(self.lang, point)
    }
    /// When a test last proved it.
    fn proven(&self, point: &PointView) -> String {
        match point.age_days {
            None => self.t(p::NEVER).to_owned(),
            Some(0) => self.t(p::TODAY_OLD).to_owned(),
            Some(days) => p::days_old(self.lang, days),
        }
    }
    fn now_turn(&self, duty: &DutyView, turn: &TurnView) -> String {
        let who = turn_name(self.lang, duty, &turn.points);
        turn.until.map_or_else(|| who.clone(), |until| p::turn_until(self.lang, &who, self.time(&until)))
    }
    /// Who answers now, and until when.
    fn answers_now(&self, duty: &DutyView) -> String {
        let who = if duty.held_by == duty.id { self.t(p::ITSELF).to_owned() } else { self.name(&duty.held_by) };
        duty.held_until.map_or_else(|| who.clone(), |until| p::turn_until(self.lang, &who, self.time(&until)))
    }
    fn infra(&self, all: &[InfraId]) -> String {
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
    fn site_name(&self, id: &SiteId) -> String {
        let site = self.plan.region.sites.iter().find(|s| s.id == *id);
        site.map_or_else(|| id.to_string(), |s| self.l(&s.name).to_owned())
    }
    fn answer_time(&self, duty: &DutyView) -> String {
        let within = span(duty.answer_within_s);
        if duty.answers > 1 { p::answers_needed(self.lang, within, duty.answers) } else { within }
    }
    fn shift(&self, duty: &DutyView, shift: &ShiftView) -> String {
        turn_name(self.lang, duty, &shift.points)
    }
}
