//! What is done to an incident, one page for each act: it says what will happen, asks for what is needed, and has one button.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::fields::Fields;
use super::incident::number;
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::input::{Action, Input, StepStart};
use crate::domain::lang::L10n;
use crate::domain::plan::Plan;
use crate::domain::private::Private;
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::view::{self, AskView, IncidentView, ListsView, ProposalStateView, ProposalView, StatusView};
use crate::web::Ctx;
use crate::web::problem::Problem;

/// What can be done, as it stands in the address.
const ACTS: [&str; 18] = [
    "ack",
    "unack",
    "pass-on",
    "fallback",
    "update",
    "correct",
    "stop",
    "restored",
    "relapse",
    "all-clear",
    "decide",
    "errand",
    "break-glass",
    "arrived",
    "step",
    "step-start",
    "step-stop",
    "step-move",
];

#[derive(Template)]
#[template(path = "act.html")]
struct Page {
    ui: Ui,
    what: String,
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
    fn is(&self, what: &str) -> bool {
        self.what == what
    }
    /// Acts that come with new facts.
    fn has_news(&self) -> bool {
        matches!(self.what.as_str(), "update" | "correct" | "restored" | "relapse")
    }
    fn heading(&self) -> &str {
        match self.what.as_str() {
            "ack" => self.ui.t("Anteckna svar", "Note an answer"),
            "unack" => self.ui.t("Ta tillbaka ett svar", "Take an answer back"),
            "pass-on" => self.ui.t("Skicka vidare", "Pass on"),
            "fallback" => self.ui.t("Reservrutinen fungerar inte", "The fallback failed"),
            "update" => self.ui.t("Uppdatera", "Update"),
            "correct" => self.ui.t("Rätta", "Correct"),
            "stop" => self.ui.t("Stoppa", "Stop"),
            "restored" => self.ui.t("Åter i drift", "Running again"),
            "relapse" => self.ui.t("Det var inte över", "It was not over"),
            "all-clear" => self.ui.t("Faran över", "All clear"),
            "decide" => self.ui.t("Besluta om läge", "Decide on the mode"),
            "errand" => self.ui.t("Utfört", "Done"),
            "arrived" => self.ui.t("På plats", "Arrived"),
            "step" => self.ui.t("Steg", "Step"),
            "step-start" => self.ui.t("Börja ett steg", "Begin a step"),
            "step-stop" => self.ui.t("Stoppa steget", "Stop the step"),
            "step-move" => self.ui.t("Flytta tiden", "Move the time"),
            _ => self.ui.t("Sänd utan godkännande", "Release without approval"),
        }
    }
    fn effect(&self) -> String {
        let n = self.view.summary.counts.addressed;
        let told = |sv: &str, en: &str| self.ui.t(sv, en).replace("{n}", &n.to_string());
        match self.what.as_str() {
            "ack" => told("Påminnelser till den funktionen upphör.", "Reminders to that function end."),
            "unack" => told("Frågan går vidare till nästa i tur.", "The question goes on to the next in turn."),
            "pass-on" => told("Nästa i tur frågas genast.", "The next in turn is asked at once."),
            "fallback" => told("Systemägaren och TiB får veta genast.", "The owner and TiB are told at once."),
            "update" => told("{n} funktioner får den nya texten.", "{n} functions get the new text."),
            "correct" => told(
                "Alla som fått texten får rättelsen, {n} funktioner. Inget godkännande behövs internt.",
                "Everybody who got the text gets the correction, {n} functions. Internally no approval is needed.",
            ),
            "stop" => told(
                "Det som inte är sänt återkallas. Alla som fått texten får veta att den inte gäller.",
                "What has not left is withdrawn. Everybody who got the text is told that it does not hold.",
            ),
            "restored" => told(
                "{n} funktioner får veta att systemet går igen och att data kontrolleras. Händelsen är fortfarande öppen.",
                "{n} functions are told that it runs again and data are being checked. The incident stays open.",
            ),
            "relapse" => told("{n} funktioner larmas på nytt.", "{n} functions are alerted again."),
            "all-clear" => told(
                "{n} funktioner får veta att faran är över. Händelsen avslutas. Läget sänks inte av sig självt.",
                "{n} functions are told that it is over. The incident closes. The mode is not lowered by itself.",
            ),
            "decide" => told("De som frågats får veta beslutet.", "Those who were asked are told the decision."),
            "arrived" => told("Väntan på den funktionen upphör.", "Nobody waits for that function any more."),
            "step" => told(
                "Svaret sparas. Det som är klart stryks från listan.",
                "The answer is kept. What is done is taken off the list.",
            ),
            "step-start" => told(
                "Den som ansvarar och de som berörs får veta genast.",
                "The owner and those concerned are told at once.",
            ),
            "step-stop" => told(
                "De som fått veta att det börjar får veta att det inte görs.",
                "Those who were told that it begins are told that it is not done.",
            ),
            "step-move" => told("De som berörs får veta den nya tiden.", "Those concerned are told the new time."),
            "errand" => told("Ärendet stryks från listan.", "The errand is taken off the list."),
            _ => told("Texten sänds nu. Orsaken sparas.", "The text goes out now. The reason is kept."),
        }
    }
    /// The answer that is noted is somebody else's.
    fn for_another(&self) -> bool {
        self.ui.me.as_ref().is_none_or(|m| m.as_str() != self.asked.function)
    }
    fn risky(&self) -> bool {
        matches!(self.what.as_str(), "stop" | "all-clear" | "break-glass" | "unack" | "step-stop")
    }
    fn functions(&self) -> Vec<&view::RowView> {
        let wanted = |r: &&view::RowView| match self.what.as_str() {
            "unack" => matches!(r.state, AskView::Answered { .. }),
            "arrived" => r.arrival.as_ref().is_some_and(|a| a.arrived.is_none()),
            "ack" | "pass-on" => matches!(r.state, AskView::Waiting | AskView::NotReached { .. }),
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
        if ACTS.contains(&what.as_str()) {
            return Ok((no, what));
        }
        Err(Problem::new(StatusCode::NOT_FOUND, "unknown-path", "there is no such page", "see the incident"))
    });
    let (no, what) = match read {
        Ok(both) => both,
        Err(problem) => return refused(&ctx, &visitor, problem, "/").await,
    };
    match visitor.look(&ctx, move |s, m, _| (view::incident(s, no, m.now), view::lists(s, m.now))).await {
        Ok((ui, (Some(view), lists))) => html(&Page { ui, what, view, lists, asked: asked.0 }),
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
    let what = fields.get("do").to_owned();
    let home = format!("/incidents/{}", escaped(&no.to_string()));
    let back = if ACTS.contains(&what.as_str()) { format!("{home}/{what}") } else { home.clone() };
    let read = {
        visitor
            .look(&ctx, move |s, m, _| {
                let view = view::incident(s, no, m.now).ok_or_else(|| crate::web::api::no_incident(no))?;
                action(&s.plan, no, &view, &fields, m.now)
            })
            .await
    };
    let action = match read {
        Ok((_, Ok(action))) => action,
        Ok((_, Err(problem))) => return refused(&ctx, &visitor, problem, &back).await,
        Err(e) => return gone(e),
    };
    run_effects(&ctx, &visitor, by, action, &format!("{home}?done={what}"), &back).await
}

pub(super) async fn run_effects(
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

fn action(plan: &Plan, no: IncidentNo, view: &IncidentView, fields: &Fields, now: At) -> Result<Action, Problem> {
    let function = || FunctionId::from(fields.get("function"));
    let reason = || Private::from(fields.get("reason"));
    let message = || fields.some("number").map(|_| fields.number("number")).transpose();
    let news = || fields.news(plan, view, now);
    Ok(match fields.get("do") {
        "ack" => Action::Ack {
            incident: no,
            message: message()?.map(|n: crate::domain::ids::MessageNo| n.seq),
            function: function(),
            phone: fields.some("phone").is_some(),
            at: fields.time("at", plan, now)?,
        },
        "unack" => Action::Unack { incident: no, function: function(), reason: reason() },
        "pass-on" => Action::PassOn { incident: no, function: function() },
        "fallback" => Action::FallbackFailed { incident: no, function: function() },
        "update" => Action::Update { incident: no, news: news()? },
        "correct" => Action::Correct { number: fields.number("number")?, news: news()? },
        "restored" => Action::Restored { incident: no, news: news()? },
        "relapse" => Action::Relapse { incident: no, news: news()? },
        "stop" => Action::Stop {
            incident: no,
            message: message()?.map(|n: crate::domain::ids::MessageNo| n.seq),
            reason: reason(),
        },
        "all-clear" if fields.some("confirm").is_some() => Action::DataComplete { incident: no },
        "all-clear" => Action::AllClear { incident: no, override_reason: fields.some("reason").map(Private::from) },
        "decide" => Action::Decide {
            incident: no,
            proposal: fields.some("proposal").map(|_| fields.number("proposal")).transpose()?,
            yes: fields.get("yes") == "1",
            reason: reason(),
        },
        "errand" => Action::ErrandDone { incident: no, errand: fields.number("errand")? },
        "arrived" => Action::Arrived {
            incident: no,
            function: function(),
            phone: fields.some("phone").is_some(),
            at: fields.time("at", plan, now)?,
        },
        "step" => {
            let step = fields.number("step")?;
            match fields.get("answer") {
                "done" => Action::StepDone { incident: no, step, reference: fields.get("reference").into() },
                answer => Action::StepHave {
                    incident: no,
                    step,
                    function: fields.some("function").map(FunctionId::from),
                    yes: answer != "no",
                    phone: fields.some("phone").is_some(),
                    reason: fields.get("reference").into(),
                },
            }
        }
        "step-start" => Action::StepStart { incident: no, start: start(plan, fields, now)? },
        "step-stop" => Action::StepStop { incident: no, step: fields.number("step")?, reason: reason() },
        "step-move" => Action::StepMove {
            incident: no,
            step: fields.number("step")?,
            due: fields.time("at", plan, now)?.ok_or_else(|| Problem::input("a time is missing".to_owned()))?,
            reason: reason(),
        },
        "break-glass" => Action::BreakGlass { number: fields.number("number")?, reason: reason() },
        other => return Err(Problem::input(format!("“{other}” is nothing that can be done here"))),
    })
}

/// A step that is begun: prepared, or typed.
fn start(plan: &Plan, fields: &Fields, now: At) -> Result<StepStart, Problem> {
    let to = fields.get("to").split([',', ' ']).filter(|t| !t.is_empty()).map(FunctionId::from).collect();
    let every = fields.some("every").map(|_| fields.number::<u32>("every")).transpose()?;
    Ok(StepStart {
        rule: fields.some("rule").map(str::to_owned),
        kind: fields.some("kind").filter(|_| fields.some("rule").is_none()).and_then(StepKind::named),
        title: fields.l10n("what", &plan.region.languages, &L10n::default()),
        owner: fields.some("owner").map(FunctionId::from),
        to,
        due: fields.time("at", plan, now)?,
        every_s: every.map(|m| m.saturating_mul(60)),
        lasts_s: None,
    })
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
    run_effects(&ctx, &visitor, by, action, "/?done=mode", "/mode").await
}
