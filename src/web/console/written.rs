//! What is written after an incident: forms below its report, one for each kind, and a page on which a function says how it went. A form
//! that could not be taken stands there still, with what was typed.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::after;
use super::fields::Fields;
use super::form_words::form_words;
use super::incident::number;
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::dispatch::engine::{Failed, Meta};
use crate::domain::day::Day;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::after::{AFTER_CHARS_MAX, Element, RemarkKind};
use crate::domain::incident::decide::may_plan;
use crate::domain::incident::input::{Action, Improving};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::lang::Lang;
use crate::domain::report::{AfterReport, PlannedImprovement, Rating};
use crate::domain::view::acts_for;
use crate::web::Ctx;
use crate::web::command::command;
use crate::web::problem::Problem;
use crate::words::{console as w, improve as iw};

/// So much of a word that nobody knows is shown again.
const SHOWN_MAX: usize = 40;

form_words! {
    /// The forms below a report.
    enum Wanted {
        /// An improvement is planned, or changed.
        Improve = "improve",
        /// It is done.
        Done = "done",
        /// It will not be made.
        Drop = "drop",
        /// None is needed.
        NoneNeeded = "none",
        Remark = "remark",
        Rate = "rate",
    }
}

/// What was typed and could not be taken, and why.
#[derive(Default)]
pub(super) struct Typed {
    fields: Fields,
    pub problem: Option<Problem>,
}

impl Typed {
    /// It was typed into that form.
    pub fn is_in(&self, act: &str, id: &str) -> bool {
        self.problem.is_some() && self.fields.get("do") == act && self.fields.get("id") == id
    }
    /// What was typed there, or what stands there before anybody types.
    pub fn value(&self, act: &str, id: &str, name: &str, before: &str) -> String {
        if self.is_in(act, id) { self.fields.get(name).to_owned() } else { before.to_owned() }
    }
}

/// What the forms offer.
pub(super) struct Forms {
    /// Whoever looks at it may plan.
    pub may_plan: bool,
    /// Improvements of which the acting duty says that they are done: it sees to them, or covers whoever does.
    pub own: Vec<u32>,
    /// More is taken: it was neither merged nor forgotten, nor is it too old.
    pub open: bool,
    /// It is over: plans are made.
    pub ended: bool,
    pub improvements: Vec<PlannedImprovement>,
    /// Objectives, by what they ask for.
    pub objectives: Vec<String>,
    pub typed: Typed,
}

impl Forms {
    pub fn new(report: &AfterReport, lang: Lang, typed: Typed) -> Self {
        Self {
            may_plan: false,
            own: Vec::new(),
            open: false,
            ended: report.identity.ended.is_some(),
            improvements: report.written.improvements.clone(),
            objectives: report.objectives.iter().map(|o| o.capability.get(lang).to_owned()).collect(),
            typed,
        }
    }
    /// Characters that a text may have.
    pub fn chars_max(&self) -> usize {
        AFTER_CHARS_MAX
    }
    /// A day in its field; nothing where there is none.
    pub fn day(&self, day: &Option<Day>) -> String {
        day.map(|d| d.to_string()).unwrap_or_default()
    }
}

/// What the acting duty may write after that one: plan; of which improvements it says that they are done; anything at all.
pub(super) fn may_write(
    state: &Domain,
    meta: &Meta,
    me: Option<&FunctionId>,
    no: IncidentNo,
) -> (bool, Vec<u32>, bool) {
    let after = state.after.get(&no);
    let ended = after.and_then(|a| a.ended.as_ref());
    let plans = ended.zip(me).is_some_and(|(ended, me)| may_plan(&state.plan, ended, no, me, meta.now).is_ok());
    let ix = |id: &FunctionId| state.plan.function_ix(id.as_str());
    let mine = |owner: &FunctionId| {
        me.and_then(ix).zip(ix(owner)).is_some_and(|(me, owner)| acts_for(&state.plan, me, &[owner], meta.now))
    };
    let improvements = after.map_or(&[][..], |a| &a.improvements);
    let own = improvements.iter().map(|i| &i.what).filter(|i| mine(&i.owner)).map(|i| i.id).collect();
    let merged = match (state.incidents.get(&no), state.archived.get(&no)) {
        (Some(inc), _) => inc.merged_into.is_some(),
        (None, Some(summary)) => summary.merged_into.is_some(),
        (None, None) => false,
    };
    let at_hand = state.incidents.contains_key(&no) || after.is_some();
    (plans, own, at_hand && !merged && !after.is_some_and(|a| a.forgotten))
}

fn day(fields: &Fields, name: &str) -> Result<Option<Day>, Problem> {
    let typed = |text: &str| -> String { text.chars().take(SHOWN_MAX).collect() };
    let read = |text: &str| text.parse::<Day>().map_err(|_| refuse!(BadInputDay { typed: typed(text) }).into());
    fields.some(name).map(read).transpose()
}

/// One of several that a form offers; nothing chosen is none, and what it does not offer is refused.
fn one_of<T>(fields: &Fields, name: &str, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let Some(typed) = fields.some(name) else { return Ok(None) };
    let shown = || typed.chars().take(SHOWN_MAX).collect::<String>();
    of(typed).map(Some).ok_or_else(|| refuse!(BadInputUnread { typed: shown() }).into())
}

/// What a form asks for.
fn action(wanted: Wanted, incident: IncidentNo, fields: &Fields) -> Result<Action, Problem> {
    let reason = || fields.get("reason").into();
    Ok(match wanted {
        Wanted::Improve => {
            let element = one_of(fields, "element", |name| Element::ALL.into_iter().find(|e| e.as_str() == name))?;
            // What stands in the form is what it shall be: an empty field empties it.
            let improvement = Improving {
                capability: Some(fields.get("capability").into()),
                issue: Some(fields.get("issue").into()),
                action: Some(fields.get("action").into()),
                element,
                owner: fields.some("owner").map(FunctionId::from),
                start: day(fields, "start")?,
                due: day(fields, "due")?,
            };
            let id = fields.some("id").map(|_| fields.number("id")).transpose()?;
            Action::Improve { incident, id, improvement }
        }
        Wanted::Done => {
            let verified = fields.get("verified").into();
            Action::ImprovementDone { incident, id: fields.number("id")?, verified }
        }
        Wanted::Drop => Action::ImprovementDropped { incident, id: fields.number("id")?, reason: reason() },
        Wanted::NoneNeeded => Action::NoImprovement { incident, reason: reason() },
        Wanted::Remark => {
            let kind = one_of(fields, "kind", |name| RemarkKind::ALL.into_iter().find(|k| k.as_str() == name))?;
            let words = |name: &str| fields.get(name).into();
            Action::Remark {
                incident,
                kind: kind.unwrap_or(RemarkKind::Observation),
                text: words("text"),
                reference: words("reference"),
                analysis: words("analysis"),
                recommendation: words("recommendation"),
            }
        }
        Wanted::Rate => {
            let rating =
                one_of(fields, "rating", Rating::of_letter)?.ok_or_else(|| refuse!(BadInputUnread { typed: "" }))?;
            Action::Rate { incident, objective: fields.number("objective")?, rating, reason: reason() }
        }
    })
}

type InIncident = Result<Path<String>, PathRejection>;
type Posted = Result<Form<Vec<(String, String)>>, FormRejection>;

/// Writes what one of the forms says.
pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    no: InIncident,
    form: Posted,
) -> Result<Response, Response> {
    let (by, no, fields) = visitor.asks(&ctx, number(no), form, "/earlier").await?;
    let path = format!("/incidents/{}/report", escaped(&no.to_string()));
    let wanted = fields.word("do").and_then(|wanted| action(wanted, no, &fields));
    let problem = match wanted {
        Ok(action) => match command(&ctx, &visitor.session.who, by, action, None, true).await {
            Ok(_) => return Ok(Redirect::to(&format!("{path}?done=written")).into_response()),
            Err(Failed::Refused(why)) => why.into(),
            Err(e) => return Err(gone(e)),
        },
        Err(problem) => problem,
    };
    let typed = Typed { fields, problem: Some(problem) };
    Ok(after::shown(&ctx, &visitor, Ok(Path(no.to_string())), None, typed).await)
}

#[derive(Template)]
#[template(path = "feedback.html")]
struct FeedbackPage {
    ui: Ui,
    no: IncidentNo,
    /// For whom.
    function: FunctionId,
    /// What it said before, or what was typed and not taken.
    went_well: String,
    went_badly: String,
    change: String,
    /// It has said something before.
    again: bool,
    problem: Option<Problem>,
}

impl FeedbackPage {
    fn chars_max(&self) -> usize {
        AFTER_CHARS_MAX
    }
}

/// The page on which a function says how it went.
async fn feedback(ctx: &Ctx, visitor: &Visitor, by: FunctionId, no: IncidentNo, typed: Option<Typed>) -> Response {
    let me = by.clone();
    let look = move |s: &Domain, _: &Meta, _: Option<&FunctionId>| {
        let known = s.incidents.contains_key(&no) || s.archived.contains_key(&no);
        let before = s.after.get(&no).and_then(|a| a.feedback.get(&me)).map(|said| said.what.clone());
        (known, before)
    };
    let (ui, (known, before)) = match visitor.look(ctx, look).await {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    if !known {
        return refused(ctx, visitor, refuse!(UnknownIncidentOnRecord { incident: no }).into(), "/earlier").await;
    }
    let again = before.is_some();
    let said = before
        .map_or_else(Default::default, |f| [f.went_well, f.went_badly, f.change].map(|text| text.as_str().to_owned()));
    let (said, problem) = match typed {
        Some(Typed { fields, problem }) => {
            (["went_well", "went_badly", "change"].map(|name| fields.get(name).to_owned()), problem)
        }
        None => (said, None),
    };
    let [went_well, went_badly, change] = said;
    let status = problem.as_ref().map_or(StatusCode::OK, |p| p.status);
    let page = FeedbackPage { ui, no, function: by, went_well, went_badly, change, again, problem };
    (status, html(&page)).into_response()
}

pub async fn feedback_page(State(ctx): State<Ctx>, visitor: Visitor, no: InIncident) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    match number(no) {
        Ok(no) => feedback(&ctx, &visitor, by, no, None).await,
        Err(problem) => refused(&ctx, &visitor, problem, "/earlier").await,
    }
}

pub async fn feedback_posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    no: InIncident,
    form: Posted,
) -> Result<Response, Response> {
    let (by, no, fields) = visitor.asks(&ctx, number(no), form, "/earlier").await?;
    let words = |name: &str| fields.get(name).into();
    let (went_well, went_badly, change) = (words("went_well"), words("went_badly"), words("change"));
    let action = Action::Feedback { incident: no, went_well, went_badly, change };
    match command(&ctx, &visitor.session.who, by.clone(), action, None, true).await {
        Ok(_) => {
            let path = format!("/incidents/{}/report?done=thanks", escaped(&no.to_string()));
            Ok(Redirect::to(&path).into_response())
        }
        Err(Failed::Refused(why)) => {
            let typed = Typed { fields, problem: Some(why.into()) };
            Ok(feedback(&ctx, &visitor, by, no, Some(typed)).await)
        }
        Err(e) => Err(gone(e)),
    }
}
