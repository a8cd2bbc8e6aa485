//! “Are the addresses proven?”: those that wait for a test, with the button that sends one, and below, folded, the rest.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::response::Response;

use super::act::submit;
use super::overview::Did;
use super::ui::Ui;
use super::{Visitor, gone, html, words};
use crate::domain::incident::addresses::{PROOF_OLD_DAYS, ProvenBy};
use crate::domain::incident::input::Action;
use crate::domain::plan::Channel;
use crate::domain::view::{AddressView, addresses};
use crate::web::Ctx;
use crate::words::{console as w, paper as p, proof};

const HERE: &str = "/reach/addresses";

#[derive(Template)]
#[template(path = "addresses.html")]
struct Page {
    ui: Ui,
    waiting: Vec<AddressView>,
    proven: Vec<AddressView>,
    /// Channels that addresses wait on, for the choice.
    channels: Vec<Channel>,
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, did: Query<Did>) -> Response {
    match visitor.look(&ctx, |s, m, _| addresses(s, m.now)).await {
        Ok((mut ui, all)) => {
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            let (waiting, proven): (Vec<_>, Vec<_>) = all.into_iter().partition(AddressView::waits);
            let mut channels: Vec<Channel> = waiting.iter().map(|a| a.channel).collect();
            channels.sort_unstable();
            channels.dedup();
            html(&Page { ui, waiting, proven, channels })
        }
        Err(e) => gone(e),
    }
}

/// Sends tests.
pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Response> {
    let (by, (), fields) = visitor.asks(&ctx, Ok(()), form, HERE).await?;
    let channel = Channel::ALL.into_iter().find(|c| c.as_str() == fields.get("channel"));
    let at_night = fields.get("at_night") == "1";
    let action = Action::TestAddresses { older_than_days: PROOF_OLD_DAYS, channel, at_night };
    Ok(submit(&ctx, &visitor, by, action, "/reach/addresses?done=tested", HERE).await)
}

impl Page {
    fn counts(&self) -> String {
        proof::counts(self.ui.lang, self.waiting.len() + self.proven.len(), self.waiting.len())
    }
    fn over(&self, a: &AddressView) -> String {
        let name = self.ui.channel(&a.channel);
        a.nth.map_or_else(|| name.to_owned(), |n| format!("{name} {n}"))
    }
    /// By what and when, in words.
    fn said(&self, a: &AddressView) -> String {
        let lang = self.ui.lang;
        let Some(proven) = a.proven else { return self.ui.t(proof::NEVER).to_owned() };
        let by = match proven.by {
            ProvenBy::Configuration => proof::BY_CONFIGURATION,
            ProvenBy::Receipt => proof::BY_RECEIPT,
            ProvenBy::Answer => proof::BY_ANSWER,
        };
        let when = match (proven.at, proven.age_days) {
            (Some(at), 0) => self.ui.time(&at),
            (_, 0) => self.ui.t(p::TODAY_OLD).to_owned(),
            (_, days) => p::days_old(lang, days),
        };
        format!("{} {when}", by.say(lang))
    }
    fn since(&self, a: &AddressView) -> Option<String> {
        let lang = self.ui.lang;
        let failed = a.failed.map(|at| proof::failed(lang, self.ui.time(&at)));
        let asked = a.asked.map(|at| proof::asked(lang, self.ui.time(&at)));
        let all: Vec<String> = [failed, asked].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
    fn sign(&self, a: &AddressView) -> &'static str {
        match a.proven {
            None => "–",
            Some(p) if p.is_old() => "◔",
            Some(_) => "✔",
        }
    }
}
