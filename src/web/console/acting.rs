//! For which duty one acts: one's own first, then what was searched for, then all by site. Only those for which one may.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::ui::Ui;
use super::{Visitor, gone, html, own_path, refused};
use crate::accounts::WhoId;
use crate::domain::ids::FunctionId;
use crate::domain::incident::refused::refuse;
use crate::domain::view;
use crate::web::Ctx;
use crate::web::command::may_act;
use crate::words::console as w;

/// So few are one's own, and are shown without searching.
const OWN_MAX: usize = 8;

#[derive(Template)]
#[template(path = "acting.html")]
struct ActingPage {
    ui: Ui,
    back: String,
    /// What is searched for.
    q: String,
    /// One's own, or those that were chosen of late.
    own: Vec<view::FunctionView>,
    /// What was found.
    found: Vec<view::FunctionView>,
    /// By site, in the region's order.
    sites: Vec<(String, Vec<view::FunctionView>)>,
    /// A duty device is signed out on the page of sign-ins.
    device: bool,
}

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    back: String,
    #[serde(default)]
    q: String,
}

pub(super) async fn page(State(ctx): State<Ctx>, visitor: Visitor, query: Query<Asked>) -> Response {
    let seen = visitor.look(&ctx, |s, m, _| (view::functions(s, m.now), s.plan.region.sites.clone())).await;
    let (ui, (mut functions, sites)) = match seen {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    let who = &visitor.session.who;
    functions.retain(|f| who.functions.has(&f.id));
    let recent = match &who.id {
        WhoId::Account(id) => ctx.auth.accounts.look(|book| book.account(id).map(|a| a.recent.clone())),
        _ => None,
    };
    let own: Vec<view::FunctionView> = match recent.filter(|r| !r.is_empty()) {
        _ if functions.len() <= OWN_MAX => functions.clone(),
        Some(recent) => recent.iter().filter_map(|id| functions.iter().find(|f| f.id == *id).cloned()).collect(),
        None => Vec::new(),
    };
    let q = query.q.trim().to_lowercase();
    let hit = |f: &&view::FunctionView| {
        f.id.as_str().contains(&q) || f.title.0.values().any(|title| title.to_lowercase().contains(&q))
    };
    let found = if q.is_empty() { Vec::new() } else { functions.iter().filter(hit).cloned().collect() };
    let sites = sites
        .iter()
        .map(|s| (ui.l(&s.name).to_owned(), functions.iter().filter(|f| f.site == s.id).cloned().collect()))
        .filter(|(_, all): &(_, Vec<_>)| !all.is_empty() && functions.len() > OWN_MAX)
        .collect();
    let device = matches!(who.id, WhoId::Device(_));
    let back = own_path(&query.back).to_owned();
    html(&ActingPage { ui, back, q: query.q.trim().to_owned(), own, found, sites, device })
}

pub(super) async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let fields = match visitor.fields(form) {
        Ok(fields) => fields,
        Err(problem) => return refused(&ctx, &visitor, problem, "/acting").await,
    };
    let id = FunctionId::from(fields.get("function"));
    let wanted = id.clone();
    match ctx.handle.query(move |s, _| s.plan.function_ix(wanted.as_str()).is_some()).await {
        Ok(true) => {}
        Ok(false) => {
            return refused(&ctx, &visitor, refuse!(UnknownFunction { function: id }).into(), "/acting").await;
        }
        Err(e) => return gone(e),
    }
    if let Err(not_his) = may_act(&visitor.session.who, &id) {
        return refused(&ctx, &visitor, not_his.into(), "/acting").await;
    }
    if let WhoId::Account(account) = visitor.session.who.id.clone() {
        let (accounts, chosen) = (ctx.auth.accounts.clone(), id.clone());
        let _ = tokio::task::spawn_blocking(move || accounts.chose(&account, &chosen)).await;
    }
    ctx.auth.change(&headers, |s| s.acting = Some(id));
    Redirect::to(own_path(fields.get("back"))).into_response()
}
