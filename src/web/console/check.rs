//! The second step of an act that sends a text: the exact text, who gets it at once, what waits for a yes. Nothing leaves without
//! having been on this page for the one who sends it; a text that has changed meanwhile is shown once more.
//!
//! Must not: show anything but what the rules themselves make of the act on a copy of the state.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};

use super::act::{Asked, Page as FormPage};
use super::acts::{Act, action};
use super::fields::{Fields, typed_time};
use super::form_words::{FormWord, form_words};
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::input::{Action, CommandId};
use crate::domain::incident::state::State as Domain;
use crate::domain::time::At;
use crate::domain::view::{self, EntryStateView, EntryView, IncidentView, TrialMessage, TrialView};
use crate::web::command::command;
use crate::web::phone::{OnPhone, on_phone};
use crate::web::problem::Problem;
use crate::web::{Ctx, api, auth};
use crate::words::console as w;

/// A text is sent so many seconds after it was shown at most; later it is shown once more.
const READ_S_MAX: u32 = 900;
/// Fields of the check itself.
const OWN: [&str; 5] = ["csrf", "go", "seen", "read", "once"];

form_words! {
    /// What a button of the two steps wants.
    enum Go {
        /// To read it.
        Check = "check",
        Send = "send",
    }
}

/// The address of an act's form, which is also the name of its draft.
pub(super) fn page_of(no: IncidentNo, act: Act) -> String {
    format!("/incidents/{}/{}", escaped(&no.to_string()), act.as_str())
}

#[derive(Template)]
#[template(path = "check.html")]
struct Page {
    ui: Ui,
    act: Act,
    view: IncidentView,
    trial: TrialView,
    /// What the form sent, with what the program filled in.
    fields: Fields,
    /// It was another text a moment ago.
    changed: bool,
    /// The key by which a second press is known.
    once: String,
}

impl Page {
    fn heading(&self) -> &'static str {
        self.ui.t(self.act.word())
    }
    fn path(&self) -> String {
        format!("/incidents/{}", escaped(&self.view.summary.no.to_string()))
    }
    fn form(&self) -> String {
        page_of(self.view.summary.no, self.act)
    }
    fn hidden(&self) -> impl Iterator<Item = &(String, String)> {
        self.fields.0.iter().filter(|(name, _)| !OWN.contains(&name.as_str()))
    }
    fn prints(&self) -> String {
        self.trial.prints()
    }
    fn read(&self) -> i64 {
        self.ui.now.0
    }
    /// As a telephone shows it, the reader's language first.
    fn shown(&self, m: &TrialMessage) -> Vec<OnPhone> {
        let mut texts: Vec<_> = m.message.texts.iter().collect();
        texts.sort_by_key(|(lang, _)| **lang != self.ui.lang);
        let previews: Vec<_> = m.at_once.iter().chain(&m.later.shown).cloned().collect();
        texts.into_iter().map(|(lang, t)| on_phone(*lang, &t.text, &previews)).collect()
    }
    fn print(&self, m: &TrialMessage, lang: &crate::domain::lang::Lang) -> String {
        m.message.texts.get(lang).map_or_else(String::new, |t| t.fingerprint.to_string())
    }
    /// For whom it waits, and for what.
    fn waits(&self, e: &EntryView) -> String {
        let ui = &self.ui;
        let to = if e.public { ui.t(w::THE_PUBLIC).into() } else { w::n_functions(ui.lang, e.to.len()) };
        match &e.state {
            EntryStateView::Waiting { approval } => {
                let asked = w::asked_first(ui.lang, ui.names(&approval.asked), ui.time(&approval.due));
                format!("{to}: {asked}")
            }
            EntryStateView::Quiet { until } => format!("{to}: {}", w::waits_till(ui.lang, ui.time(until))),
            _ => to,
        }
    }
    fn button(&self) -> String {
        match self.trial.told.len() {
            0 => self.ui.t(w::DO_IT_NOW).into(),
            n => w::send_to_n(self.ui.lang, n),
        }
    }
}

/// The act as it stands, and what it would send.
struct Tried {
    action: Action,
    trial: TrialView,
    /// What was sent, with the next update as it was worked out: the text that was read stays the text that leaves.
    fields: Fields,
}

/// Reads the form and tries it at that moment.
fn tried(
    s: &Domain,
    by: &FunctionId,
    no: IncidentNo,
    act: Act,
    mut fields: Fields,
    now: At,
    lang: crate::domain::lang::Lang,
) -> Result<Tried, Problem> {
    let view = view::incident(s, no, now).ok_or_else(|| api::no_incident(no))?;
    let once = |fields: &Fields| -> Result<(Action, TrialView), Problem> {
        let action = action(act, &s.plan, no, &view, fields, now)?;
        let trial = view::trial(s, no, by, &action, now)?;
        Ok((action, trial))
    };
    let (mut action, mut trial) = once(&fields)?;
    if act.has_news() && fields.some("next").is_none() {
        fields.0.retain(|(name, _)| name != "next");
        fields.0.push(("next".into(), typed_time(&s.plan, lang, trial.next, now)));
        (action, trial) = once(&fields)?;
    }
    Ok(Tried { action, trial, fields })
}

/// Shows what would be sent; or the form again, with why it would not.
pub(super) async fn page(
    ctx: &Ctx,
    visitor: &Visitor,
    no: IncidentNo,
    act: Act,
    fields: Fields,
    changed: bool,
) -> Response {
    let typed = Fields(fields.0.clone());
    let lang = visitor.lang;
    let seen = visitor
        .look(ctx, move |s, m, by| {
            let by = by.cloned()?;
            let view = view::incident(s, no, m.now)?;
            Some((view, tried(s, &by, no, act, fields, m.now, lang)))
        })
        .await;
    match (seen, auth::random_hex()) {
        (Ok((ui, Some((view, Ok(Tried { trial, fields, .. }))))), Ok(once)) => {
            let status = if changed { StatusCode::CONFLICT } else { StatusCode::OK };
            (status, html(&Page { ui, act, view, trial, fields, changed, once })).into_response()
        }
        (Ok((_, Some((_, Err(problem))))), _) => again(ctx, visitor, no, act, typed, problem).await,
        (Ok((_, None)), _) => refused(ctx, visitor, api::no_incident(no), "/").await,
        (Err(e), _) => gone(e),
        (_, Err(_)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The form as it was filled in, with why it could not be taken.
async fn again(ctx: &Ctx, visitor: &Visitor, no: IncidentNo, act: Act, typed: Fields, problem: Problem) -> Response {
    match visitor.look(ctx, move |s, m, _| (view::incident(s, no, m.now), view::lists(s, m.now))).await {
        Ok((ui, (Some(view), lists))) => {
            let status = problem.status;
            let asked = Asked::default();
            (status, html(&FormPage { ui, act, view, lists, asked, typed, problem: Some(problem) })).into_response()
        }
        Ok((_, (None, _))) => refused(ctx, visitor, problem, "/").await,
        Err(e) => gone(e),
    }
}

/// A form of the first step leads to the second, which shows the text or why there is none; one of the second is carried out if its text is the one that was read.
pub(super) async fn posted(
    ctx: &Ctx,
    visitor: &Visitor,
    headers: &HeaderMap,
    by: FunctionId,
    no: IncidentNo,
    act: Act,
    fields: Fields,
) -> Response {
    let form = page_of(no, act);
    ctx.auth.change(headers, |s| s.unsent.keep(&form, &own(&fields)));
    let typed = Fields(own(&fields));
    if Go::named(fields.get("go")) != Some(Go::Send) {
        // What is wrong with it is said there: *Back* never leads to a form that was sent.
        return Redirect::to(&format!("{form}?check=1")).into_response();
    }
    let id = match command_id(&by, &fields) {
        Ok(id) => id,
        Err(problem) => return again(ctx, visitor, no, act, typed, problem).await,
    };
    let (lang, who, tries) = (visitor.lang, by.clone(), Fields(typed.0.clone()));
    let (seen, read) = (fields.get("seen").to_owned(), fields.get("read").parse().ok().map(At));
    let look = visitor.look(ctx, move |s, m, _| {
        // A second press of the same button: what it did is told once more, and nothing is done.
        let again = s.carried.iter().any(|c| c.key == id.key);
        let before = Fields(tries.0.clone());
        let now = tried(s, &who, no, act, tries, m.now, lang)
            .or_else(|problem| if again { tried_blind(s, no, act, &before, m.now) } else { Err(problem) })?;
        // At the moment when it was read it would still be the same text: then only the clock has gone on.
        let fresh = read.is_some_and(|at: At| at <= m.now && m.now.seconds_since(at) <= READ_S_MAX);
        let same = fresh
            && read.is_some_and(|at| {
                let then = tried(s, &who, no, act, Fields(before.0.clone()), at, lang);
                then.is_ok_and(|then| then.trial.prints() == seen)
            });
        Ok::<_, Problem>((now.action, again || same))
    });
    let action = match look.await {
        Ok((_, Ok((action, true)))) => action,
        Ok((_, Ok((_, false)))) => return page(ctx, visitor, no, act, typed, true).await,
        Ok((_, Err(problem))) => return again(ctx, visitor, no, act, typed, problem).await,
        Err(e) => return gone(e),
    };
    match command(ctx, &visitor.session.who, by, action, Some(id), true).await {
        Ok(_) => {
            ctx.auth.change(headers, |s| s.unsent.end(&form));
            let home = format!("/incidents/{}", escaped(&no.to_string()));
            Redirect::to(&format!("{home}?done={}", act.as_str())).into_response()
        }
        Err(Failed::Refused(r)) => again(ctx, visitor, no, act, typed, r.into()).await,
        Err(e) => gone(e),
    }
}

/// The act as it was typed, for one that was carried out already and would be refused now.
fn tried_blind(s: &Domain, no: IncidentNo, act: Act, fields: &Fields, now: At) -> Result<Tried, Problem> {
    let view = view::incident(s, no, now).ok_or_else(|| api::no_incident(no))?;
    let action = action(act, &s.plan, no, &view, fields, now)?;
    let trial = TrialView { messages: Vec::new(), told: Vec::new(), next: now };
    Ok(Tried { action, trial, fields: Fields(fields.0.clone()) })
}

/// What was typed, without what belongs to the check.
fn own(fields: &Fields) -> Vec<(String, String)> {
    fields.0.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).cloned().collect()
}

/// What tells a second press from a new act: the key of the page that was read, and what was typed.
fn command_id(by: &FunctionId, fields: &Fields) -> Result<CommandId, Problem> {
    let mut body = Sha256::new();
    for (name, value) in own(fields) {
        body.update(name.as_bytes());
        body.update([0]);
        body.update(value.as_bytes());
        body.update([0]);
    }
    api::command_id(by, fields.get("once").as_bytes(), &body.finalize())
}
