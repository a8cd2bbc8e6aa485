//! What is done to an incident, one page for each act: it says what will happen, asks for what is needed, and has one button.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::acts::{Act, action};
use super::form_words::FormWord;
use super::incident::number;
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::dispatch::engine::Failed;
use crate::domain::ids::FunctionId;
use crate::domain::incident::input::{Action, Input};
use crate::domain::view::{self, AskView, IncidentView, ListsView, ProposalStateView, ProposalView, StatusView};
use crate::web::Ctx;
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "act.html")]
struct Page {
    ui: Ui,
    act: Act,
    view: IncidentView,
    lists: ListsView,
    asked: Asked,
}

/// What the address chose beforehand.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    function: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    proposal: String,
    #[serde(default)]
    errand: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    rule: String,
}

impl Page {
    fn path(&self) -> String {
        format!("/incidents/{}", escaped(&self.view.summary.no.to_string()))
    }
    fn is(&self, act: Act) -> bool {
        self.act == act
    }
    /// Acts that come with new facts.
    fn has_news(&self) -> bool {
        matches!(self.act, Act::Update | Act::Correct | Act::Restored | Act::Relapse)
    }
    fn heading(&self) -> &str {
        match self.act {
            Act::Ack => self.ui.t("Anteckna svar", "Note an answer"),
            Act::Unack => self.ui.t("Ta tillbaka ett svar", "Take an answer back"),
            Act::PassOn => self.ui.t("Skicka vidare", "Pass on"),
            Act::FallbackFailed => self.ui.t("Reservrutinen fungerar inte", "The fallback failed"),
            Act::Update => self.ui.t("Uppdatera", "Update"),
            Act::Correct => self.ui.t("Rätta", "Correct"),
            Act::Stop => self.ui.t("Stoppa", "Stop"),
            Act::Restored => self.ui.t("Åter i drift", "Running again"),
            Act::Relapse => self.ui.t("Det var inte över", "It was not over"),
            Act::AllClear => self.ui.t("Faran över", "All clear"),
            Act::Decide => self.ui.t("Besluta om läge", "Decide on the mode"),
            Act::ErrandDone => self.ui.t("Utfört", "Done"),
            Act::Arrived => self.ui.t("På plats", "Arrived"),
            Act::Step => self.ui.t("Steg", "Step"),
            Act::StepStart => self.ui.t("Börja ett steg", "Begin a step"),
            Act::StepStop => self.ui.t("Stoppa steget", "Stop the step"),
            Act::StepMove => self.ui.t("Flytta tiden", "Move the time"),
            Act::BreakGlass => self.ui.t("Sänd utan godkännande", "Release without approval"),
        }
    }
    fn effect(&self) -> String {
        let n = self.view.summary.counts.addressed;
        let told = |sv: &str, en: &str| self.ui.t(sv, en).replace("{n}", &n.to_string());
        match self.act {
            Act::Ack => told("Påminnelser till den funktionen upphör.", "Reminders to that function end."),
            Act::Unack => told("Frågan går vidare till nästa i tur.", "The question goes on to the next in turn."),
            Act::PassOn => told("Nästa i tur frågas genast.", "The next in turn is asked at once."),
            Act::FallbackFailed => told("Systemägaren och TiB får veta genast.", "The owner and TiB are told at once."),
            Act::Update => told("{n} funktioner får den nya texten.", "{n} functions get the new text."),
            Act::Correct => told(
                "Alla som fått texten får rättelsen, {n} funktioner. Inget godkännande behövs internt.",
                "Everybody who got the text gets the correction, {n} functions. Internally no approval is needed.",
            ),
            Act::Stop => told(
                "Det som inte är sänt återkallas. Alla som fått texten får veta att den inte gäller.",
                "What has not left is withdrawn. Everybody who got the text is told that it does not hold.",
            ),
            Act::Restored => told(
                "{n} funktioner får veta att systemet går igen och att data kontrolleras. Händelsen är fortfarande öppen.",
                "{n} functions are told that it runs again and data are being checked. The incident stays open.",
            ),
            Act::Relapse => told("{n} funktioner larmas på nytt.", "{n} functions are alerted again."),
            Act::AllClear => told(
                "{n} funktioner får veta att faran är över. Händelsen avslutas. Läget sänks inte av sig självt.",
                "{n} functions are told that it is over. The incident closes. The mode is not lowered by itself.",
            ),
            Act::Decide => told("De som frågats får veta beslutet.", "Those who were asked are told the decision."),
            Act::Arrived => told("Väntan på den funktionen upphör.", "Nobody waits for that function any more."),
            Act::Step => told(
                "Svaret sparas. Det som är klart stryks från listan.",
                "The answer is kept. What is done is taken off the list.",
            ),
            Act::StepStart => told(
                "Den som ansvarar och de som berörs får veta genast.",
                "The owner and those concerned are told at once.",
            ),
            Act::StepStop => told(
                "De som fått veta att det börjar får veta att det inte görs.",
                "Those who were told that it begins are told that it is not done.",
            ),
            Act::StepMove => told("De som berörs får veta den nya tiden.", "Those concerned are told the new time."),
            Act::ErrandDone => told("Ärendet stryks från listan.", "The errand is taken off the list."),
            Act::BreakGlass => told("Texten sänds nu. Orsaken sparas.", "The text goes out now. The reason is kept."),
        }
    }
    /// The answer that is noted is somebody else's.
    fn for_another(&self) -> bool {
        self.ui.me.as_ref().is_none_or(|m| m.as_str() != self.asked.function)
    }
    fn risky(&self) -> bool {
        matches!(self.act, Act::Stop | Act::AllClear | Act::BreakGlass | Act::Unack | Act::StepStop)
    }
    fn functions(&self) -> Vec<&view::RowView> {
        let wanted = |r: &&view::RowView| match self.act {
            Act::Unack => matches!(r.state, AskView::Answered { .. }),
            Act::Arrived => r.arrival.as_ref().is_some_and(|a| a.arrived.is_none()),
            Act::Ack | Act::PassOn => matches!(r.state, AskView::Waiting | AskView::NotReached { .. }),
            _ => true,
        };
        self.view.rows.iter().filter(wanted).collect()
    }
    fn released(&self) -> Vec<&view::MessageView> {
        self.view.messages.iter().rev().filter(|m| m.released_at.is_some() && !m.stopped).collect()
    }
    fn waiting(&self) -> Vec<&view::MessageView> {
        let waits = |m: &&view::MessageView| {
            let waiting = |e: &view::EntryView| {
                matches!(e.state, view::EntryStateView::Waiting { .. } | view::EntryStateView::Quiet { .. })
            };
            self.view.entries.iter().any(|e| e.message == m.number && waiting(e))
        };
        self.view.messages.iter().rev().filter(waits).collect()
    }
    fn proposals(&self) -> Vec<&ProposalView> {
        self.view.proposals.iter().filter(|p| p.state == ProposalStateView::Asked).collect()
    }
    fn errands(&self) -> Vec<&view::ErrandView> {
        self.view.errands.iter().filter(|t| t.done_at.is_none()).collect()
    }
    fn steps(&self) -> Vec<&view::StepView> {
        self.view.steps.iter().filter(|s| !matches!(s.state, view::StepStateView::Ended { .. })).collect()
    }
    fn ticked(&self, site: &crate::domain::ids::SiteId) -> bool {
        self.view.summary.sites.iter().any(|s| s.0 == *site)
    }
    fn text<'a>(&self, lang: &crate::domain::lang::Lang, text: &'a crate::domain::lang::L10n) -> &'a str {
        text.exact(*lang).unwrap_or("")
    }
    fn chosen(&self, wanted: &str, this: &impl ToString) -> bool {
        wanted == this.to_string()
    }
    fn safety(&self) -> &'static str {
        match self.view.facts.safety {
            crate::domain::incident::facts::Safety::Yes => "yes",
            crate::domain::incident::facts::Safety::No => "no",
            crate::domain::incident::facts::Safety::Unknown => "unknown",
        }
    }
    fn restore(&self) -> String {
        match &self.view.facts.restore {
            crate::domain::incident::facts::Restore::At(at) => self.ui.local(at),
            crate::domain::incident::facts::Restore::Unknown { .. } => String::new(),
        }
    }
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<(String, String)>, PathRejection>,
    asked: Query<Asked>,
) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    let read = path.map_err(|e| Problem::input(e.to_string())).and_then(|Path((no, what))| {
        let no = number(Ok(Path(no)))?;
        let unknown =
            || Problem::new(StatusCode::NOT_FOUND, "unknown-path", "there is no such page", "see the incident");
        Ok((no, Act::named(&what).ok_or_else(unknown)?))
    });
    let (no, act) = match read {
        Ok(both) => both,
        Err(problem) => return refused(&ctx, &visitor, problem, "/").await,
    };
    match visitor.look(&ctx, move |s, m, _| (view::incident(s, no, m.now), view::lists(s, m.now))).await {
        Ok((ui, (Some(view), lists))) => html(&Page { ui, act, view, lists, asked: asked.0 }),
        Ok((_, (None, _))) => refused(&ctx, &visitor, crate::web::api::no_incident(no), "/").await,
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let (no, fields) = match number(path).and_then(|n| Ok((n, visitor.fields(form)?))) {
        Ok(both) => both,
        Err(problem) => return refused(&ctx, &visitor, problem, "/").await,
    };
    let home = format!("/incidents/{}", escaped(&no.to_string()));
    let act: Act = match fields.word("do") {
        Ok(act) => act,
        Err(problem) => return refused(&ctx, &visitor, problem, &home).await,
    };
    let back = format!("{home}/{}", act.as_str());
    let read = {
        visitor
            .look(&ctx, move |s, m, _| {
                let view = view::incident(s, no, m.now).ok_or_else(|| crate::web::api::no_incident(no))?;
                action(act, &s.plan, no, &view, &fields, m.now)
            })
            .await
    };
    let action = match read {
        Ok((_, Ok(action))) => action,
        Ok((_, Err(problem))) => return refused(&ctx, &visitor, problem, &back).await,
        Err(e) => return gone(e),
    };
    submit(&ctx, &visitor, by, action, &format!("{home}?done={}", act.as_str()), &back).await
}

/// Gives the command, and leads on: to where it shows, or to why not and back.
pub(super) async fn submit(
    ctx: &Ctx,
    visitor: &Visitor,
    by: FunctionId,
    action: Action,
    to: &str,
    back: &str,
) -> Response {
    match ctx.handle.input(Input::Command { by, action: Box::new(action) }).await {
        Ok(_) => Redirect::to(to).into_response(),
        Err(Failed::Refused(r)) => refused(ctx, visitor, r.into(), back).await,
        Err(e) => gone(e),
    }
}

#[derive(Template)]
#[template(path = "mode.html")]
struct ModePage {
    ui: Ui,
    status: StatusView,
    lists: ListsView,
}

pub async fn mode_page(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    match visitor.look(&ctx, |s, m, _| (view::status(s, m.now), view::lists(s, m.now))).await {
        Ok((ui, (status, lists))) => html(&ModePage { ui, status, lists }),
        Err(e) => gone(e),
    }
}

pub async fn mode_posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let fields = match visitor.fields(form) {
        Ok(fields) => fields,
        Err(problem) => return refused(&ctx, &visitor, problem, "/mode").await,
    };
    let action = Action::Mode {
        site: fields.get("site").into(),
        mode: fields.get("mode").to_owned(),
        reason: fields.get("reason").into(),
    };
    submit(&ctx, &visitor, by, action, "/?done=mode", "/mode").await
}
