//! What an answer link opens when its incident is over: a function that was told says how it went, without signing in (RULES D20). The
//! link is as good as the telephone or mailbox that it was sent to, as long as the incident is in memory: a day. It shows nothing that
//! anybody wrote.

use askama::Template;
use axum::http::{Method, StatusCode};

use super::answer::pressed;
use super::approve_link::{pairs, undone};
use super::problem::Problem;
use super::public::{Answer, Call};
use crate::dispatch::engine::Handle;
use crate::domain::ids::{DeliveryId, FunctionId};
use crate::domain::incident::after::AFTER_CHARS_MAX;
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State;
use crate::domain::incident::typed::no_personal_number;
use crate::domain::incident::values::{Item, Phase};
use crate::domain::lang::Lang;
use crate::words::{Word, link as w};

/// The look of what stands behind a link.
const STYLE: &str = include_str!("../../assets/console/link.css");
/// The three questions, by the names of their fields.
const QUESTIONS: [(&str, Word); 3] =
    [("went_well", w::WENT_WELL), ("went_badly", w::WENT_BADLY), ("change", w::WHAT_TO_CHANGE)];

/// The address's query after a form was taken, so that a reload writes nothing twice.
const DONE: &str = "done=written";

#[derive(Template)]
#[template(path = "feedback_link.html")]
struct Page {
    lang: Lang,
    region: String,
    fictional: bool,
    training: bool,
    seen: Seen,
    written: bool,
    refused: Option<Undone>,
}

/// What is asked about.
pub struct Seen {
    exercise: bool,
    mark: String,
    no: String,
    title: String,
    /// For whom it can be said: ID and name.
    functions: Vec<(FunctionId, String)>,
}

/// Why a form was not taken, and what was typed into it.
#[derive(Default)]
struct Undone {
    why: String,
    status: StatusCode,
    /// Something in it looks like a person's number.
    personal: bool,
    typed: Vec<(String, String)>,
}

impl Page {
    fn style(&self) -> &'static str {
        STYLE
    }
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn chars_max(&self) -> usize {
        AFTER_CHARS_MAX
    }
    /// Fields, questions, and what was typed.
    fn questions(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        QUESTIONS.into_iter().map(|(name, word)| (name, word.say(self.lang), self.typed(name)))
    }
    fn typed(&self, name: &str) -> &str {
        let typed = self.refused.as_ref().map_or(&[][..], |undone| &undone.typed);
        typed.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// For whom somebody can say how it went who has this link: the functions at its address that were told, of an incident that is over and
/// still in memory.
pub fn asked(state: &State, delivery: DeliveryId, lang: Lang) -> Option<Seen> {
    let inc = state
        .incidents
        .get(&delivery.incident)
        .filter(|inc| inc.phase == Phase::Closed && inc.merged_into.is_none())?;
    if state.after.get(&inc.no).is_some_and(|after| after.forgotten) {
        return None;
    }
    let d = inc.deliveries.get(delivery.ordinal as usize)?;
    let Item::Message(_) = d.item() else { return None };
    let plan = &inc.plan;
    let told = |f: &&_| {
        inc.entries.iter().any(|e| e.to.contains(f)) && state.plan.function_ix(plan.function(**f).id.as_str()).is_some()
    };
    let functions: Vec<_> = plan.point(d.point).functions.iter().filter(told).collect();
    (!functions.is_empty()).then(|| Seen {
        exercise: inc.is_drill(),
        mark: plan.words(lang).mark.clone(),
        no: inc.no.written(&plan.words(lang).drill_prefix),
        title: inc.headline().get(lang).to_owned(),
        functions: functions
            .into_iter()
            .map(|f| (plan.function(*f).id.clone(), plan.function(*f).title.get(lang).to_owned()))
            .collect(),
    })
}

/// Answers such a link. GET and HEAD only look.
pub async fn answer(handle: &Handle, seen: Seen, delivery: DeliveryId, call: &Call, lang: Lang) -> Answer {
    let written =
        call.method != Method::POST && call.query.as_deref().is_some_and(|q| q.split('&').any(|pair| pair == DONE));
    let mut refused = None;
    // The button of a page from before the end answers nothing any more.
    let late = call.method == Method::POST && pressed(&call.body).is_some();
    if call.method == Method::POST && !late {
        match write(handle, &seen, delivery, call, lang).await {
            Ok(()) => {
                let mut answer = Answer::html(StatusCode::SEE_OTHER, "");
                answer.location = Some(format!("{}?{DONE}", call.path));
                return answer;
            }
            Err(undone) => refused = Some(undone),
        }
    }
    let status = match (late, &refused) {
        (true, _) => StatusCode::GONE,
        (false, Some(undone)) if undone.status.is_server_error() => undone.status,
        (false, Some(_)) => StatusCode::CONFLICT,
        (false, None) => StatusCode::OK,
    };
    let around = handle.query(|s, m| (s.plan.region.name.clone(), m.fictional)).await;
    let (region, fictional) = around.unwrap_or_default();
    let training = handle.board().is_training();
    let page = Page { lang, region, fictional, training, seen, written, refused };
    Answer::html(status, page.render().unwrap_or_else(|_| status.to_string()))
}

/// Writes what the form says.
async fn write(handle: &Handle, seen: &Seen, delivery: DeliveryId, call: &Call, lang: Lang) -> Result<(), Undone> {
    let why = |problem: Problem, typed, personal| Undone {
        why: undone(&problem, lang),
        status: problem.status,
        personal,
        typed,
    };
    let Some(typed) = pairs(&call.body) else {
        return Err(Undone { why: w::FORM_BROKEN.say(lang).to_owned(), ..Undone::default() });
    };
    let of = |name: &str| typed.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
    // Of those at this address alone.
    let function = seen.functions.iter().find(|(id, _)| id.as_str() == of("function")).map(|(id, _)| id.clone());
    let Some(by) = function else {
        return Err(why(refuse!(UnknownLink).into(), typed, false));
    };
    let action = Action::Feedback {
        incident: delivery.incident,
        went_well: of("went_well").into(),
        went_badly: of("went_badly").into(),
        change: of("change").into(),
    };
    if let (true, Err(refused)) = (of("not_personal").is_empty(), no_personal_number(&action)) {
        return Err(Undone { why: w::FEEDBACK_PERSONAL.say(lang).to_owned(), ..why(refused.into(), typed, true) });
    }
    let input = Input::Command { who: None, by, action: Box::new(action) };
    let done = handle.input_by_link(delivery, input).await;
    done.map(drop).map_err(|failed| why(failed.into(), typed, false))
}
