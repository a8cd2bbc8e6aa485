//! A mode that is proposed: the facts, what the mode means and whom it tells, yes or no.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::act::submit;
use super::acts::{Act, action};
use super::incident::number;
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::domain::incident::facts::Safety;
use crate::domain::view::{self, IncidentView, ModeMeaning, Obligation, ProposalStateView, ProposalView, What};
use crate::web::Ctx;
use crate::words::{console as w, desk as d};

#[derive(Template)]
#[template(path = "decide.html")]
struct Page {
    ui: Ui,
    view: IncidentView,
    /// All that wait for somebody, the one that was asked for first.
    proposals: Vec<ProposalView>,
    /// Those of the acting duty, with what silence means.
    mine: Vec<Obligation>,
    /// What the modes mean, and whom they tell.
    modes: Vec<ModeMeaning>,
}

impl Page {
    fn path(&self) -> String {
        format!("/incidents/{}", escaped(&self.view.summary.no.to_string()))
    }
    fn safety(&self) -> &'static str {
        self.ui.t(match self.view.facts.safety {
            Safety::Yes => d::IN_DANGER,
            Safety::No => d::NOT_IN_DANGER,
            Safety::Unknown => w::UNKNOWN,
        })
    }
    fn sites(&self) -> String {
        let sites: Vec<_> = self.view.summary.sites.iter().map(|(s, _)| s.clone()).collect();
        self.ui.where_it_is(&sites)
    }
    fn meaning(&self, p: &ProposalView) -> Option<&ModeMeaning> {
        self.modes.iter().find(|m| m.mode.id == p.mode.id)
    }
    /// What happens if nobody decides.
    fn silence(&self, p: &ProposalView) -> String {
        let it = self.mine.iter().find(|o| matches!(&o.what, What::Decide(it) if it.proposal.id == p.id));
        it.map_or_else(String::new, |o| self.ui.silence(&o.silence))
    }
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    proposal: String,
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    asked: Query<Asked>,
) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    let no = match number(path) {
        Ok(no) => no,
        Err(problem) => return refused(&ctx, &visitor, problem, "/").await,
    };
    let seen = visitor
        .look(&ctx, move |s, m, acting| {
            let view = view::incident(s, no, m.now)?;
            let mine: Vec<Obligation> = acting.map(|f| view::obligations(s, f, m.now)).unwrap_or_default();
            let mine = mine.into_iter().filter(|o| o.incident == no).collect();
            Some((view, mine, view::mode_meanings(s, no)))
        })
        .await;
    match seen {
        Ok((ui, Some((view, mine, modes)))) => {
            let open = |p: &&ProposalView| p.state == ProposalStateView::Asked;
            let mut proposals: Vec<ProposalView> = view.proposals.iter().filter(open).cloned().collect();
            proposals.sort_by_key(|p| p.id.to_string() != asked.proposal);
            html(&Page { ui, view, proposals, mine, modes })
        }
        Ok((_, None)) => refused(&ctx, &visitor, crate::web::api::no_incident(no), "/").await,
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Response> {
    let (by, no, fields) = visitor.asks(&ctx, number(path), form, "/").await?;
    let home = format!("/incidents/{}", escaped(&no.to_string()));
    let back = format!("{home}/decide?proposal={}", escaped(fields.get("proposal")));
    let read = visitor
        .look(&ctx, move |s, m, _| {
            let view = view::incident(s, no, m.now).ok_or_else(|| crate::web::api::no_incident(no))?;
            action(Act::Decide, &s.plan, no, &view, &fields, m.now)
        })
        .await;
    Ok(match read {
        Ok((_, Ok(action))) => submit(&ctx, &visitor, by, action, "/?done=decide", &back).await,
        Ok((_, Err(problem))) => refused(&ctx, &visitor, problem, &back).await,
        Err(e) => gone(e),
    })
}
