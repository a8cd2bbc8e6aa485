//! Reporting in a hurry: choose what is down, one screen with the playbook's defaults, then what it will do, then the button
//! (RULES E1).

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::fields::Fields;
use super::form_words::form_words;
use super::ui::Ui;
use super::{Visitor, gone, html, refused};
use crate::api::{CommandDone, DryRunView};
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, IncidentNo, InfraId, SiteId};
use crate::domain::incident::decide::dry_run;
use crate::domain::incident::input::{Action, IfShared, Report};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::time::At;
use crate::domain::view::{self, ListsView, PlaybookView};
use crate::web::Ctx;
use crate::web::command::command;
use crate::web::problem::Problem;
use crate::words::console as w;

form_words! {
    /// Where a report goes on.
    enum Next {
        /// What it would do is shown.
        Check = "check",
        /// What was typed is shown once more.
        Edit = "edit",
        /// It is sent.
        Send = "send",
    }
}

#[derive(Template)]
#[template(path = "report_choose.html")]
struct ChoosePage {
    ui: Ui,
    lists: ListsView,
}

#[derive(Template)]
#[template(path = "report.html")]
struct FormPage {
    ui: Ui,
    lists: ListsView,
    book: PlaybookView,
    fields: Fields,
    problem: Option<Problem>,
    contacts: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "report_check.html")]
struct CheckPage {
    ui: Ui,
    book: PlaybookView,
    fields: Fields,
    exercise: bool,
    seen: Option<DryRunView>,
    /// An open incident that the same fault may belong to (RULES D5).
    shared: Option<IncidentNo>,
}

impl FormPage {
    /// What was typed, or the default.
    fn value<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        if self.fields.0.iter().any(|(n, _)| n == name) { self.fields.get(name) } else { default }
    }
    fn text<'a>(
        &'a self,
        name: &str,
        lang: &crate::domain::lang::Lang,
        text: &'a crate::domain::lang::L10n,
    ) -> &'a str {
        self.value(&format!("{name}.{lang}"), text.exact(*lang).unwrap_or(""))
    }
    fn ticked(&self, site: &SiteId) -> bool {
        let sent = self.fields.sites();
        if sent.is_empty() { self.book.sites.contains(site) } else { sent.contains(site) }
    }
    /// Said to be down with it.
    fn is_down(&self, infra: &InfraId) -> bool {
        self.fields.all("down").any(|d| d == infra.as_str())
    }
    /// Why it was not taken: what is meant all the same can be said in the form (RULES D11).
    fn refused_as(&self, code: &str) -> bool {
        self.problem.as_ref().is_some_and(|p| p.refused.code == code)
    }
    fn level(&self) -> &str {
        self.value("level", &self.book.level.id)
    }
}

impl CheckPage {
    fn sites_raised(&self) -> String {
        self.seen.as_ref().map_or_else(String::new, |s| self.ui.sites(&s.sites))
    }
}

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    playbook: String,
    #[serde(default)]
    exercise: String,
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, chosen: Query<Chosen>) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    if chosen.playbook.is_empty() {
        return match visitor.look(&ctx, |s, m, _| view::lists(s, m.now)).await {
            Ok((ui, lists)) => html(&ChoosePage { ui, lists }),
            Err(e) => gone(e),
        };
    }
    let mut fields = vec![("playbook".to_owned(), chosen.playbook.clone())];
    if !chosen.exercise.is_empty() {
        fields.push(("exercise".to_owned(), "1".to_owned()));
    }
    form(&ctx, &visitor, Fields(fields), None).await
}

async fn form(ctx: &Ctx, visitor: &Visitor, fields: Fields, problem: Option<Problem>) -> Response {
    let wanted = fields.get("playbook").to_owned();
    let seen = visitor
        .look(ctx, move |s, m, _| {
            let lists = view::lists(s, m.now);
            let book = lists.playbooks.iter().find(|p| p.id.as_str() == wanted).cloned();
            // Numbers that may stand in a text, and whose they are; other addresses are never shown.
            let contacts: Vec<(String, FunctionId)> = s
                .plan
                .functions
                .iter()
                .filter_map(|f| Some((f.phone.as_ref().filter(|p| p.publishable)?.number.clone(), f.id.clone())))
                .collect();
            (lists, book, contacts)
        })
        .await;
    match seen {
        Ok((ui, (lists, Some(book), contacts))) => {
            let contacts = contacts.into_iter().map(|(n, f)| (n, ui.name(&f))).collect();
            let status = problem.as_ref().map_or(StatusCode::OK, |p| p.status);
            (status, html(&FormPage { ui, lists, book, fields, problem, contacts })).into_response()
        }
        Ok((_, (_, None, _))) => Redirect::to("/report").into_response(),
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form_sent: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let fields = match visitor.fields(form_sent) {
        Ok(fields) => fields,
        Err(problem) => return refused(&ctx, &visitor, problem, "/report").await,
    };
    let read = {
        let fields = Fields(fields.0.clone());
        visitor.look(&ctx, move |s, m, _| report_of(s, &fields, m.now)).await
    };
    let report = match read {
        Ok((_, Ok(report))) => report,
        Ok((_, Err(problem))) => return form(&ctx, &visitor, fields, Some(problem)).await,
        Err(e) => return gone(e),
    };
    match fields.word("step") {
        Ok(Next::Check) => check(&ctx, &visitor, by, report, fields).await,
        Ok(Next::Edit) => form(&ctx, &visitor, fields, None).await,
        Ok(Next::Send) => send(&ctx, &visitor, by, report, fields).await,
        Err(problem) => refused(&ctx, &visitor, problem, "/report").await,
    }
}

fn report_of(state: &Domain, fields: &Fields, now: At) -> Result<Report, Problem> {
    let plan = &state.plan;
    let langs = &plan.region.languages;
    let book = plan.playbooks.values().find(|p| p.id.as_str() == fields.get("playbook"));
    let shared = match fields.get("shared") {
        "separate" => IfShared::Separate,
        "" | "ask" => IfShared::Ask,
        no => IfShared::AddTo(no.parse().map_err(|_| refuse!(UnknownIncidentUnread { typed: no }))?),
    };
    Ok(Report {
        exercise: fields.some("exercise").is_some(),
        playbook: fields.get("playbook").to_owned(),
        level: fields.some("level").map(str::to_owned),
        sites: fields.sites(),
        what: book.and_then(|b| fields.l10n("what", langs, &b.what)),
        scope: book.and_then(|b| fields.l10n("scope", langs, &b.scope)),
        routines: None,
        since: fields.time("since", plan, now)?,
        restore: fields.time("restore", plan, now)?.map(crate::domain::incident::facts::Restore::At),
        next: fields.time("next", plan, now)?,
        contact: fields.some("contact").map(str::to_owned),
        safety: fields.safety(),
        down: fields.down().unwrap_or_default(),
        shared,
        confirmed: fields.some("confirmed").is_some(),
    })
}

/// An open incident that shares a system, as the rules find it: tried, and refused.
fn shared_with(state: &Domain, by: &FunctionId, report: &Report, now: At) -> Option<IncidentNo> {
    let tried = dry_run(state, by, &Report { shared: IfShared::Ask, ..report.clone() }, now);
    tried.err()?.already
}

/// What the report will do, before the button.
async fn check(ctx: &Ctx, visitor: &Visitor, by: FunctionId, report: Report, mut fields: Fields) -> Response {
    let asked = report.shared == IfShared::Ask;
    let exercise = report.exercise;
    let wanted = report.playbook.clone();
    let seen = visitor
        .look(ctx, move |s, m, _| {
            let shared = shared_with(s, &by, &report, m.now);
            // The default is to add: the same fault is not alarmed twice (RULES D5).
            let report = match shared {
                Some(no) if asked => Report { shared: IfShared::AddTo(no), ..report },
                _ => report,
            };
            let foreseen = dry_run(s, &by, &report, m.now).map(|f| DryRunView::of(s, f));
            let book = view::playbooks(s).into_iter().find(|p| p.id.as_str() == wanted);
            (shared, report.shared, foreseen, book)
        })
        .await;
    match seen {
        Ok((ui, (shared, choice, Ok(seen), Some(book)))) => {
            fields.0.retain(|(n, _)| n != "shared" && n != "step" && n != "csrf");
            let choice = match choice {
                IfShared::AddTo(no) => no.to_string(),
                IfShared::Separate => "separate".into(),
                IfShared::Ask => "ask".into(),
            };
            fields.0.push(("shared".into(), choice));
            html(&CheckPage { ui, book, fields, exercise, seen: Some(seen), shared })
        }
        Ok((_, (_, _, Err(refused), _))) => form(ctx, visitor, fields, Some(refused.into())).await,
        Ok((_, (_, _, _, None))) => Redirect::to("/report").into_response(),
        Err(e) => gone(e),
    }
}

async fn send(ctx: &Ctx, visitor: &Visitor, by: FunctionId, report: Report, fields: Fields) -> Response {
    let action = Action::Report(report);
    match command(ctx, &visitor.session.who, by, action, None).await {
        Ok(done) => {
            let to = CommandDone::of(&done).incident.map_or_else(
                || "/?done=reported".to_owned(),
                |no| format!("/incidents/{}?done=reported", super::escaped(&no.to_string())),
            );
            Redirect::to(&to).into_response()
        }
        Err(Failed::Refused(refused)) => form(ctx, visitor, fields, Some(refused.into())).await,
        Err(e) => gone(e),
    }
}
