//! *Now*: what the acting duty must do, one card and one button for each; what goes on; how the sites are.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::ui::Ui;
use super::{REFRESH_S, Visitor, gone, html, refused, words};
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, IncidentNo, MessageNo};
use crate::domain::incident::input::Action;
use crate::domain::view::{self, Obligation, Silence, SiteView, StatusView, SummaryView, What};
use crate::web::Ctx;
use crate::web::command::command;
use crate::words::{console as w, desk as d, improve as iw, link};

/// So many of those whom nobody reached are named on a card.
const NAMED_MAX: usize = 3;

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    ui: Ui,
    status: StatusView,
    musts: Vec<Obligation>,
    /// Of each open incident, whom nobody reached.
    not_reached: Vec<(IncidentNo, Vec<FunctionId>)>,
}

/// What was just done.
#[derive(Deserialize)]
pub struct Did {
    #[serde(default)]
    pub done: String,
}

/// The same, with how many.
#[derive(Deserialize)]
pub struct DidMany {
    #[serde(default)]
    done: String,
    #[serde(default)]
    n: usize,
    /// So many of these had an answer already, or could not be answered any more.
    #[serde(default)]
    not: usize,
}

impl Ui {
    /// What happens if nobody does anything, as the end of a sentence.
    pub fn silence(&self, silence: &Silence) -> String {
        match silence {
            Silence::Ask(who) => d::then_asked(self.lang, self.in_sentence(who)),
            Silence::AskAgain => self.t(d::THEN_ASKED_AGAIN).into(),
            Silence::Release => d::then(self.lang, link::THEN_RELEASE.say(self.lang)),
            Silence::Hold => d::then(self.lang, link::THEN_HOLD.say(self.lang)),
            Silence::Alarm => self.t(d::THEN_ALARM).into(),
            Silence::Alarmed => self.t(d::ALREADY_ALARMED).into(),
            Silence::Late => self.t(d::THEN_LATE).into(),
            Silence::Nothing => String::new(),
        }
    }
    /// A duty within a sentence: without a capital, unless it is an abbreviation or a name.
    fn in_sentence(&self, id: &FunctionId) -> String {
        let name = self.name(id);
        let mut letters = name.chars();
        match (letters.next(), letters.clone().next()) {
            (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
                first.to_lowercase().chain(letters).collect()
            }
            _ => name,
        }
    }
    /// The same sites as people say them: the whole region when it is all of them.
    pub fn where_it_is(&self, sites: &[crate::domain::ids::SiteId]) -> String {
        let region = &self.plan.region;
        let real = || region.sites.iter().filter(|s| s.id != region.whole);
        if sites.contains(&region.whole) || real().all(|s| sites.contains(&s.id)) {
            return self.t(d::WHOLE_REGION).into();
        }
        let named = sites.iter().map(|id| match region.sites.iter().find(|s| s.id == *id) {
            Some(site) => self.l(&site.name).to_owned(),
            None => id.to_string(),
        });
        named.collect::<Vec<_>>().join(", ")
    }
    /// Names, the first few of them.
    pub fn some_names(&self, ids: &[FunctionId]) -> String {
        let mut names: Vec<String> = ids.iter().take(NAMED_MAX).map(|i| self.short(i)).collect();
        if ids.len() > NAMED_MAX {
            names.push("…".into());
        }
        names.join(", ")
    }
    /// How long something goes on.
    pub fn since(&self, at: &crate::domain::time::At) -> String {
        words::span(self.now.seconds_since(*at))
    }
}

impl Page {
    fn is_late(&self, o: &Obligation) -> bool {
        matches!(o.what, What::Improvement(_))
            || o.silence == Silence::Alarmed
            || o.due.is_some_and(|at| self.ui.late(&at))
    }
    /// Who is not reached of an incident.
    fn silent(&self, i: &SummaryView) -> &[FunctionId] {
        self.not_reached.iter().find(|(no, _)| *no == i.no).map_or(&[], |(_, all)| all)
    }
    fn sites_of(&self, i: &SummaryView) -> String {
        let sites: Vec<_> = i.sites.iter().map(|(s, _)| s.clone()).collect();
        self.ui.where_it_is(&sites)
    }
    /// The sites themselves, without the one that stands for all.
    fn sites(&self) -> Vec<&SiteView> {
        self.status.sites.iter().filter(|s| !s.whole).collect()
    }
    /// One line says it when all sites agree.
    fn same(&self) -> Option<&SiteView> {
        let sites = self.sites();
        let first = sites.first().copied()?;
        sites.iter().all(|s| s.mode == first.mode).then_some(first)
    }
    /// Answers of all that goes on, so that the script can say how many are new.
    fn answers(&self) -> u32 {
        self.status.open.iter().map(|i| i.counts.acknowledged).sum()
    }
    fn named(&self, functions: &[FunctionId]) -> bool {
        functions.len() <= NAMED_MAX
    }
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, did: Query<DidMany>) -> Response {
    let seen = visitor
        .look(&ctx, |s, m, acting| {
            let musts = acting.map(|f| view::obligations(s, f, m.now)).unwrap_or_default();
            let silent = s.open().map(|i| (i.no, view::not_reached(i))).collect();
            (view::status(s, m.now), musts, silent)
        })
        .await;
    let (mut ui, (status, musts, not_reached)) = match seen {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    // What has a button is never loaded anew under a hand.
    let has_form = musts.iter().any(|o| matches!(o.what, What::Answer { .. } | What::Decide(_)));
    ui.refresh_s = (!has_form).then_some(REFRESH_S);
    ui.done = match did.done.as_str() {
        "answered" if did.not > 0 => Some(d::answered_in_part(ui.lang, did.n, did.not)),
        "answered" => Some(d::answered(ui.lang, did.n)),
        done => words::done(ui.lang, done).map(str::to_owned),
    };
    html(&Page { ui, status, musts, not_reached })
}

/// Whoever comes here by going back sees the page.
pub async fn to_now() -> Response {
    Redirect::to("/").into_response()
}

/// The one button that answers for all functions of a card, as one `JA` by SMS does. Each is an answer of its own on record; what
/// was shown is answered and nothing else, and what could not be is said.
pub async fn answered(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Response> {
    let (by, (), fields) = visitor.asks(&ctx, Ok(()), form, "/").await?;
    let message: MessageNo = match fields.number("message") {
        Ok(message) => message,
        Err(problem) => return Err(refused(&ctx, &visitor, problem, "/").await),
    };
    let functions: Vec<FunctionId> = fields.all("function").map(FunctionId::from).collect();
    let (mut taken, mut first_refusal, mut not) = (0, None, 0);
    for function in functions {
        let action = Action::Ack {
            incident: message.incident,
            message: Some(message.seq),
            function,
            phone: false,
            paper: false,
            at: None,
        };
        match command(&ctx, &visitor.session.who, by.clone(), action, None, true).await {
            Ok(_) => taken += 1,
            Err(Failed::Refused(why)) => {
                not += 1;
                first_refusal.get_or_insert(why);
            }
            Err(e) => return Err(gone(e)),
        }
    }
    Ok(match first_refusal {
        // Pressed twice: what it says is already so.
        Some(why) if taken == 0 && why.code != "answered-already" => refused(&ctx, &visitor, why.into(), "/").await,
        _ => Redirect::to(&format!("/?done=answered&n={taken}&not={not}")).into_response(),
    })
}
