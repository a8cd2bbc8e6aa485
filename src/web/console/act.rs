//! What is done to an incident, one page for each act: it says what will happen, asks for what is needed, and has one button.
//! What sends a text shows that text first ([`super::check`]).

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::acts::{Act, action};
use super::fields::{Fields, typed_time};
use super::form_words::FormWord;
use super::incident::number;
use super::ui::Ui;
use super::{Visitor, check, escaped, gone, html, refused};
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::input::Action;
use crate::domain::incident::refused::refuse;
use crate::domain::view::{self, AskView, IncidentView, ListsView, StatusView};
use crate::web::Ctx;
use crate::web::command::command;
use crate::web::problem::Problem;
use crate::words::{Word, console as w};

#[derive(Template)]
#[template(path = "act.html")]
pub(super) struct Page {
    pub ui: Ui,
    pub act: Act,
    pub view: IncidentView,
    pub lists: ListsView,
    pub asked: Asked,
    /// What was typed here before: it was refused, or is looked at once more.
    pub typed: Fields,
    /// Why it could not be taken.
    pub problem: Option<Problem>,
}

/// What the address chose beforehand.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    function: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    errand: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    rule: String,
    /// The text is to be read before it leaves.
    pub check: Option<String>,
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
        self.act.has_news()
    }
    /// What was typed there, or what stands there before anybody types.
    fn value(&self, name: impl AsRef<str>, before: &str) -> String {
        let sent = self.typed.0.iter().find(|(n, _)| n == name.as_ref());
        sent.map_or_else(|| before.to_owned(), |(_, value)| value.clone())
    }
    fn field(&self, name: &str, lang: &crate::domain::lang::Lang) -> String {
        format!("{name}.{lang}")
    }
    fn is_typed(&self, name: &str) -> bool {
        self.typed.some(name).is_some()
    }
    /// Something besides the first fields was typed, or refused: it stands open.
    fn more_is_open(&self) -> bool {
        !self.typed.0.is_empty()
    }
    fn what_is_chosen(&self, name: &str, asked: &str, this: &impl ToString) -> bool {
        self.value(name, asked) == this.to_string()
    }
    fn heading(&self) -> &str {
        self.ui.t(self.act.word())
    }
    fn effect(&self) -> String {
        let n = self.view.summary.counts.addressed;
        let told = |word: Word| self.ui.t(word).to_owned();
        match self.act {
            Act::Ack => told(w::TOLD_REMINDERS_FUNCTION_END),
            Act::Unack => told(w::TOLD_QUESTION_GOES_ON_NEXT),
            Act::PassOn => told(w::TOLD_NEXT_TURN_ASKED_AT),
            Act::FallbackFailed => told(w::TOLD_OWNER_AND_TIB_TOLD),
            Act::Update => w::told_update(self.ui.lang, n),
            Act::Correct => w::told_correction(self.ui.lang, n),
            Act::Stop => told(w::TOLD_NOT_LEFT_WITHDRAWN_EVERYBODY),
            Act::Restored => w::told_restored(self.ui.lang, n),
            Act::Relapse => w::told_relapse(self.ui.lang, n),
            Act::AllClear => w::told_all_clear(self.ui.lang, n),
            Act::Decide => told(w::TOLD_THOSE_WHO_ASKED_TOLD),
            Act::Arrived => told(w::TOLD_NOBODY_WAITS_FOR_FUNCTION),
            Act::Step => told(w::TOLD_ANSWER_KEPT_DONE_TAKEN),
            Act::StepStart => told(w::TOLD_OWNER_AND_THOSE_CONCERNED),
            Act::StepStop => told(w::TOLD_THOSE_WHO_TOLD_BEGINS),
            Act::StepMove => told(w::TOLD_THOSE_CONCERNED_TOLD_NEW),
            Act::ErrandDone => told(w::TOLD_ERRAND_TAKEN_OFF_LIST),
            Act::BreakGlass => told(w::TOLD_TEXT_GOES_OUT_NOW),
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
    fn errands(&self) -> Vec<&view::ErrandView> {
        self.view.errands.iter().filter(|t| t.done_at.is_none()).collect()
    }
    fn steps(&self) -> Vec<&view::StepView> {
        self.view.steps.iter().filter(|s| !matches!(s.state, view::StepStateView::Ended { .. })).collect()
    }
    fn ticked(&self, site: &crate::domain::ids::SiteId) -> bool {
        if !self.typed.0.is_empty() {
            return self.typed.all("site").any(|s| s == site.as_str());
        }
        self.view.summary.sites.iter().any(|s| s.0 == *site)
    }
    fn is_down(&self, infra: &crate::domain::ids::InfraId) -> bool {
        match self.typed.down() {
            Some(down) => down.contains(infra),
            None => self.view.facts.down.contains(infra),
        }
    }
    fn text<'a>(&self, lang: &crate::domain::lang::Lang, text: &'a crate::domain::lang::L10n) -> &'a str {
        text.exact(*lang).unwrap_or("")
    }
    fn chosen(&self, wanted: &str, this: &impl ToString) -> bool {
        wanted == this.to_string()
    }
    fn level(&self) -> String {
        self.value("level", &self.view.summary.level.id)
    }
    fn safety(&self) -> String {
        self.value("safety", self.known_safety())
    }
    fn known_safety(&self) -> &'static str {
        match self.view.facts.safety {
            crate::domain::incident::facts::Safety::Yes => "yes",
            crate::domain::incident::facts::Safety::No => "no",
            crate::domain::incident::facts::Safety::Unknown => "unknown",
        }
    }
    fn restore(&self) -> String {
        match &self.view.facts.restore {
            crate::domain::incident::facts::Restore::At(at) => {
                self.value("restore", &typed_time(&self.ui.plan, self.ui.lang, *at, self.ui.now))
            }
            crate::domain::incident::facts::Restore::Unknown { .. } => self.value("restore", ""),
        }
    }
}

impl Act {
    /// What it is called on a button.
    pub fn word(self) -> Word {
        match self {
            Act::Ack => w::NOTE_AN_ANSWER,
            Act::Unack => w::TAKE_AN_ANSWER_BACK,
            Act::PassOn => w::PASS_ON,
            Act::FallbackFailed => w::THE_FALLBACK_FAILED,
            Act::Update => w::DO_UPDATE,
            Act::Correct => w::CORRECT,
            Act::Stop => w::STOP,
            Act::Restored => w::RUNNING_AGAIN,
            Act::Relapse => w::IT_WAS_NOT_OVER,
            Act::AllClear => w::ALL_CLEAR,
            Act::Decide => w::DECIDE_ON_THE_MODE,
            Act::ErrandDone => w::DO_TASK,
            Act::Arrived => w::ARRIVED,
            Act::Step => w::STEP,
            Act::StepStart => w::BEGIN_A_STEP,
            Act::StepStop => w::STOP_THE_STEP,
            Act::StepMove => w::MOVE_THE_TIME,
            Act::BreakGlass => w::RELEASE_WITHOUT_APPROVAL,
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
    let read = path.map_err(Problem::input).and_then(|Path((no, what))| {
        let no = number(Ok(Path(no)))?;
        Ok((no, Act::named(&what).ok_or_else(|| refuse!(UnknownPath))?))
    });
    let (no, act) = match read {
        Ok(both) => both,
        Err(problem) => return refused(&ctx, &visitor, problem, "/").await,
    };
    let draft = visitor.session.unsent.of(&check::page_of(no, act)).map(<[_]>::to_vec);
    if let (true, Some(_), Some(pairs)) = (act.is_read_first(), &asked.check, &draft) {
        return check::page(&ctx, &visitor, no, act, Fields(pairs.clone()), false).await;
    }
    match visitor.look(&ctx, move |s, m, _| (view::incident(s, no, m.now), view::lists(s, m.now))).await {
        Ok((ui, (Some(view), lists))) => {
            let typed = Fields(draft.unwrap_or_default());
            html(&Page { ui, act, view, lists, asked: asked.0, typed, problem: None })
        }
        Ok((_, (None, _))) => refused(&ctx, &visitor, crate::web::api::no_incident(no), "/").await,
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Response> {
    let (by, no, fields) = visitor.asks(&ctx, number(path), form, "/").await?;
    let home = format!("/incidents/{}", escaped(&no.to_string()));
    let act: Act = match fields.word("do") {
        Ok(act) => act,
        Err(problem) => return Err(refused(&ctx, &visitor, problem, &home).await),
    };
    let own_it = act == Act::AllClear && fields.some("confirm").is_some();
    if act.is_read_first() && !own_it {
        return Ok(check::posted(&ctx, &visitor, &headers, by, no, act, fields).await);
    }
    if act == Act::Ack && fields.all("function").count() > 1 {
        return Ok(take_all(&ctx, &visitor, by, no, &fields, &home).await);
    }
    let back = format!("{home}/{}", act.as_str());
    let read = visitor.look(&ctx, move |s, m, _| {
        let view = view::incident(s, no, m.now).ok_or_else(|| crate::web::api::no_incident(no))?;
        action(act, &s.plan, no, &view, &fields, m.now)
    });
    Ok(match read.await {
        Ok((_, Ok(action))) => {
            submit(&ctx, &visitor, by, action, &format!("{home}?done={}", act.as_str()), &back).await
        }
        Ok((_, Err(problem))) => refused(&ctx, &visitor, problem, &back).await,
        Err(e) => gone(e),
    })
}

/// So many functions are answered for at one press.
const TAKEN_MAX: usize = 200;

/// One press answers for all functions that it names, as one SMS does (RULES C2): what somebody else answered meanwhile stays so.
async fn take_all(
    ctx: &Ctx,
    visitor: &Visitor,
    by: FunctionId,
    no: IncidentNo,
    fields: &Fields,
    home: &str,
) -> Response {
    let (mut taken, mut why) = (0, None);
    for function in fields.all("function").take(TAKEN_MAX).map(FunctionId::from) {
        let ack = Action::Ack { incident: no, message: None, function, phone: false, paper: false, at: None };
        match command(ctx, &visitor.session.who, by.clone(), ack, None, true).await {
            Ok(_) => taken += 1,
            Err(Failed::Refused(r)) => why = Some(r),
            Err(e) => return gone(e),
        }
    }
    match why {
        Some(why) if taken == 0 => refused(ctx, visitor, why.into(), home).await,
        _ => Redirect::to(&format!("{home}?done=ack")).into_response(),
    }
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
    // What its form said was looked at before it came here (`kept.rs`).
    match command(ctx, &visitor.session.who, by, action, None, true).await {
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
) -> Result<Response, Response> {
    let (by, (), fields) = visitor.asks(&ctx, Ok(()), form, "/mode").await?;
    let action = Action::Mode {
        site: fields.get("site").into(),
        mode: fields.get("mode").to_owned(),
        reason: fields.get("reason").into(),
    };
    Ok(submit(&ctx, &visitor, by, action, "/?done=mode", "/mode").await)
}
