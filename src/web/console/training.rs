//! Only in training: the texts that arrived at far devices which do not exist, and answers from there.
//!
//! Whoever signed in reads what arrives at any duty, codes too, and answers for it: everybody practises both ends. An answer goes in as
//! one that a gateway brought, from the device's address, so that the rules judge it as they would. No address is shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::domain::ids::{DeliveryId, FunctionId, PointIx};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::{SYSTEM_NOTES, State as Domain};
use crate::domain::plan::Plan;
use crate::gateways::trainee::Arrived;
use crate::web::Ctx;
use crate::web::problem::Problem;
use crate::words::{console as w, training as t};

/// Texts on the page: the newest.
const SHOWN_MAX: usize = 100;
/// Characters of an answer.
const ANSWER_CHARS_MAX: usize = 300;
/// Answers that are offered below a text.
const OFFERED_MAX: usize = 6;
/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// A text at its device.
struct Text {
    arrived: Arc<Arrived>,
    /// The duties that the device belongs to.
    functions: Vec<FunctionId>,
    /// Answers of one press; empty where nobody can answer.
    offered: Vec<String>,
    /// Somebody can write back from there.
    answers: bool,
}

#[derive(Template)]
#[template(path = "training.html")]
struct Page {
    ui: Ui,
    texts: Vec<Text>,
    /// Duties at whose devices something arrived.
    functions: BTreeSet<FunctionId>,
    /// The one that is looked at.
    of: String,
    /// What became of the last answer.
    said: &'static str,
}

impl Page {
    fn titles(&self, text: &Text) -> String {
        text.functions.iter().map(|f| self.ui.name(f)).collect::<Vec<_>>().join(", ")
    }
    fn at(&self, text: &Text) -> String {
        self.ui.time(&text.arrived.at.into())
    }
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    of: String,
    #[serde(default)]
    said: String,
}

/// The device that a delivery went to, in its plan.
fn device(state: &Domain, delivery: DeliveryId) -> Option<(Arc<Plan>, PointIx)> {
    if delivery.incident == SYSTEM_NOTES {
        let note = state.system_notes.get(delivery.ordinal)?;
        return Some((state.plans.get(&note.plan)?.clone(), note.send.point));
    }
    let inc = state.incidents.get(&delivery.incident)?;
    Some((inc.plan.clone(), inc.deliveries.get(delivery.ordinal as usize)?.point))
}

/// A word before a code (`OK 629878`), as the text itself asks for it.
fn coded(unit: &str) -> Vec<String> {
    let words: Vec<&str> = unit.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let is_word = |w: &str| w.chars().count() > 1 && w.chars().all(char::is_uppercase);
    let is_code = |w: &str| w.len() == CODE_DIGITS && w.bytes().all(|b| b.is_ascii_digit());
    words.windows(2).filter(|p| is_word(p[0]) && is_code(p[1])).map(|p| format!("{} {}", p[0], p[1])).collect()
}

/// What one press answers: what the text asks for by its codes, else yes and no to its incident.
fn offered(plan: &Plan, point: PointIx, arrived: &Arrived) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for answer in arrived.units.iter().flat_map(|unit| coded(unit)) {
        if !all.contains(&answer) && all.len() < OFFERED_MAX {
            all.push(answer);
        }
    }
    if all.is_empty() && arrived.delivery.incident != SYSTEM_NOTES {
        let lang = plan.point(point).languages.first().copied().unwrap_or(plan.lang());
        let words = plan.words(lang);
        let number = arrived.delivery.incident.written(&words.drill_prefix);
        let both = [&words.replies.yes, &words.replies.no].into_iter().filter_map(|all| all.first());
        all.extend(both.map(|word| format!("{} {number}", word.to_uppercase())));
    }
    all
}

fn text(state: &Domain, arrived: Arc<Arrived>) -> Text {
    let Some((plan, point)) = device(state, arrived.delivery) else {
        return Text { arrived, functions: Vec::new(), offered: Vec::new(), answers: false };
    };
    let functions = plan.point(point).functions.iter().map(|f| plan.function(*f).id.clone()).collect();
    let answers = plan.gateways.iter().any(|g| g.id == arrived.gateway && g.answers);
    let offered = if answers { offered(&plan, point, &arrived) } else { Vec::new() };
    Text { arrived, functions, offered, answers }
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, asked: Query<Asked>) -> Response {
    let of = asked.of.clone();
    let seen = visitor.look(&ctx, move |state, meta, _| {
        let mut texts: Vec<Text> = meta.board.inbox()?.newest().into_iter().map(|a| text(state, a)).collect();
        let functions: BTreeSet<FunctionId> = texts.iter().flat_map(|t| t.functions.iter().cloned()).collect();
        texts.retain(|t| of.is_empty() || t.functions.iter().any(|f| f.as_str() == of));
        texts.truncate(SHOWN_MAX);
        Some((texts, functions))
    });
    let said = match asked.said.as_str() {
        "sent" => "sent",
        "gone" => "gone",
        "empty" => "empty",
        _ => "",
    };
    match seen.await {
        Ok((ui, Some((texts, functions)))) => html(&Page { ui, texts, functions, of: asked.of.clone(), said }),
        Ok((_, None)) => Problem::from(refuse!(UnknownPath)).answer(false),
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Some(inbox) = ctx.handle.board().inbox() else { return Problem::from(refuse!(UnknownPath)).answer(false) };
    let fields = match visitor.fields(form) {
        Ok(fields) => fields,
        Err(problem) => return refused(&ctx, &visitor, problem, "/training").await,
    };
    let back = |said: &str| {
        let of = fields.some("of").map_or_else(String::new, |of| format!("&of={}", escaped(of)));
        Redirect::to(&format!("/training?said={said}{of}")).into_response()
    };
    let Some(arrived) = fields.get("n").parse().ok().and_then(|n| inbox.get(n)) else { return back("gone") };
    let answer: String = fields.get("text").chars().take(ANSWER_CHARS_MAX).collect();
    if answer.is_empty() {
        return back("empty");
    }
    ctx.handle.reply(arrived.channel, arrived.to.0.to_string(), answer).await;
    back("sent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_offered_as_the_text_asks_for_them() {
        for (unit, expected) in [
            ("ÖVNING Ö-3 Godkänn. Svara OK 629878, NEJ 629878 skäl eller VÄNTA 629878 ÖVNING", 3),
            ("Ring 0980-319 258 och säg 14.", 0),
            ("ÖVNING Ö-3-1 7K4F2A LARM: Ring 112233 nu. ÖVNING", 0),
        ] {
            assert_eq!(coded(unit).len(), expected, "{unit}: {:?}", coded(unit));
        }
        assert_eq!(coded("Svara OK 629878")[0], "OK 629878");
    }
}
