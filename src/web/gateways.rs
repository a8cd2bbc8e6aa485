//! The ways out over the API: how each stands, what it can do, what last proved it, and tests of it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::Ctx;
use super::api::json;
use super::problem::Problem;
use crate::dispatch::engine::{Done, Meta};
use crate::dispatch::health::Standing;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, FunctionId, GatewayId};
use crate::domain::incident::event::Event;
use crate::domain::incident::gateways::{GatewayChange, Reached};
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::state::{SYSTEM_NOTES, State as Domain};
use crate::domain::plan::{Capability, Channel, GatewayInfo};
use crate::domain::time::At;
use crate::gateways::Health;

/// Tests that one answer shows.
const TESTS_SHOWN_MAX: usize = 50;

/// What a gateway can do, or its far end: name and value.
pub type Can = Vec<(String, String)>;

/// How a gateway is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GatewayView {
    /// Which.
    pub id: GatewayId,
    /// Its channel.
    pub channel: Channel,
    /// `healthy`, `suspect`, `down`; `unusable` when it has no worker; `manual` and `page` need none.
    pub standing: String,
    /// What it last said of itself, or why it can't be used.
    pub detail: String,
    /// In line, waiting retries included.
    pub queue_len: usize,
    /// Waiting for room in that line.
    #[serde(default)]
    pub waiting: usize,
    /// Handed over, without an outcome yet.
    pub in_flight: usize,
    /// Handed over since the start, repeats included.
    pub handed_over_total: u64,
    /// Accepted since the start.
    pub accepted_total: u64,
    /// Seconds since something was accepted.
    pub last_accepted_s: Option<u64>,
    /// Seconds since anything was proven: a probe, a session, an accepted delivery.
    pub last_proof_s: Option<u64>,
    /// The newest test that came through.
    #[serde(default)]
    pub test: Option<TestProof>,
    /// What it carries, by the configuration.
    #[serde(default)]
    pub can: Can,
    /// What the far end said it can do.
    #[serde(default)]
    pub far_end: Can,
}

/// The newest test that came through.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestProof {
    /// When it was sent.
    pub at: At,
    /// Seconds since then.
    pub age_s: u32,
    /// To whom.
    pub function: FunctionId,
    /// How far it came.
    pub reached: Reached,
}

impl GatewayView {
    /// It should be handed deliveries, and is not.
    pub fn in_trouble(&self) -> bool {
        matches!(self.standing.as_str(), "suspect" | "down" | "unusable") || self.waiting > 0
    }
}

/// How the gateways of the plan for new incidents are.
pub fn gateways_of(state: &Domain, meta: &Meta) -> Vec<GatewayView> {
    state.plan.gateways.iter().map(|g| one(state, meta, g)).collect()
}

fn one(state: &Domain, meta: &Meta, g: &GatewayInfo) -> GatewayView {
    let seconds = |age: Option<std::time::Duration>| age.map(|a| a.as_secs());
    let test = state.proofs.get(&g.id).map(|p| TestProof {
        at: p.at,
        age_s: meta.now.seconds_since(p.at),
        function: p.function.clone(),
        reached: p.reached,
    });
    let without = |standing: &str, detail: &str| GatewayView {
        id: g.id.clone(),
        channel: g.channel,
        standing: standing.into(),
        detail: detail.into(),
        queue_len: 0,
        waiting: meta.waiting.get(&g.id).copied().unwrap_or(0),
        in_flight: 0,
        handed_over_total: 0,
        accepted_total: 0,
        last_accepted_s: None,
        last_proof_s: None,
        test: test.clone(),
        can: can(g),
        far_end: Vec::new(),
    };
    if let Some(worker) = meta.workers.get(&g.id) {
        let s = worker.snapshot();
        return GatewayView {
            standing: match s.standing {
                Standing::Healthy => "healthy",
                Standing::Suspect => "suspect",
                Standing::Down => "down",
            }
            .into(),
            detail: s.detail.to_string(),
            queue_len: s.queue_len,
            in_flight: s.in_flight,
            handed_over_total: s.handed_over_total,
            accepted_total: s.accepted_total,
            last_accepted_s: seconds(s.last_accepted_age),
            last_proof_s: seconds(s.last_proof_age),
            far_end: worker.far_end(),
            ..without("", "")
        };
    }
    if let Some(page) = meta.board.page(&g.id) {
        return GatewayView {
            accepted_total: page.published_total,
            handed_over_total: page.published_total,
            last_proof_s: page.proven_at.map(|at| meta.now.seconds_since(at).into()),
            far_end: page.far_end,
            ..without(if page.equal { "healthy" } else { "down" }, &page.detail)
        };
    }
    match (meta.unusable.get(&g.id), g.channel) {
        (Some(why), _) => without("unusable", why),
        (None, Channel::Manual) => without("manual", "people walk it"),
        (None, Channel::Web) => without("page", "the page of this program"),
        (None, _) => without("unusable", "it has no worker"),
    }
}

/// What a gateway carries, by the configuration.
pub fn can(g: &GatewayInfo) -> Can {
    let set = |charset: &dyn std::fmt::Debug| format!("{charset:?}").to_lowercase();
    let text = match &g.capability {
        Capability::Sms { charset, ucs2, separate, parts_max, .. } => format!(
            "{}{}, at most {parts_max} parts, {}",
            set(charset),
            if *ucs2 { " or UCS-2" } else { "" },
            if *separate { "each a message of its own" } else { "joined" }
        ),
        Capability::Pages { charset, chars_max, pages_max } => {
            format!("{}, at most {pages_max} pages of {chars_max} characters", set(charset))
        }
        Capability::Fax { pages_max, chars_max } => format!("at most {pages_max} pages and {chars_max} characters"),
        Capability::Whole { chars_max: Some(max) } => format!("whole, at most {max} characters"),
        Capability::Whole { chars_max: None } => "whole".into(),
    };
    let receipts = match (g.channel, g.receipts) {
        (Channel::Web, _) => "read back and compared",
        (_, true) => "tells when the far device has it",
        (_, false) => "none: accepted is all that is known",
    };
    let answers = if g.answers { "come back over it" } else { "by telephone" };
    [("text", text.as_str()), ("receipts", receipts), ("answers", answers)].map(|(k, v)| (k.into(), v.into())).into()
}

pub(super) async fn list(State(ctx): State<Ctx>) -> Result<Json<Vec<GatewayView>>, Problem> {
    Ok(Json(ctx.handle.query(gateways_of).await?))
}

/// What a probe gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probed {
    /// Connected and logged in.
    pub ok: bool,
    /// What the far end said, or why not; what to do next.
    pub detail: String,
    /// What the far end said it can do.
    pub far_end: Can,
}

/// Connects and logs in, now. Never reaches a person.
pub(super) async fn probe(
    State(ctx): State<Ctx>,
    path: Result<Path<GatewayId>, PathRejection>,
) -> Result<Json<Probed>, Problem> {
    let Path(id) = path.map_err(|e| Problem::input(e.to_string()))?;
    let wanted = id.clone();
    let (view, worker) = ctx
        .handle
        .query(move |s, m| {
            let view = s.plan.gateways.iter().find(|g| g.id == wanted).map(|g| one(s, m, g));
            (view, m.workers.get(&wanted).cloned())
        })
        .await?;
    match (view, worker) {
        (_, Some(worker)) => {
            let Health { ok, detail } = worker.probe().await;
            Ok(Json(Probed { ok, detail, far_end: worker.far_end() }))
        }
        (Some(view), None) => {
            let ok = matches!(view.standing.as_str(), "healthy" | "page" | "manual");
            Ok(Json(Probed { ok, detail: view.detail, far_end: view.far_end }))
        }
        (None, None) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-gateway",
            format!("no gateway is called “{id}”"),
            "see /api/v1/gateways",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestWanted {
    #[serde(rename = "as")]
    by: FunctionId,
    function: FunctionId,
}

/// What was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestsSent {
    /// It is on disk.
    pub on_record: bool,
    /// The tests, one per duty point.
    pub tests: Vec<u32>,
}

/// Sends a marked test to a function.
pub(super) async fn test(
    State(ctx): State<Ctx>,
    path: Result<Path<GatewayId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TestsSent>, Problem> {
    let Path(gateway) = path.map_err(|e| Problem::input(e.to_string()))?;
    let TestWanted { by, function } = json(&headers, body)?;
    let action = Box::new(Action::TestGateway { gateway, function });
    let done = ctx.handle.input(Input::Command { by, action }).await?;
    let tests = sent(&ctx, &done).await?;
    Ok(Json(TestsSent { on_record: done.on_record, tests }))
}

/// Which tests these are. They were decided together: their codes tell them from others.
async fn sent(ctx: &Ctx, done: &Done) -> Result<Vec<u32>, Problem> {
    let codes = done.events.iter().filter_map(|e| match e {
        Event::Gateway { change } => match &**change {
            GatewayChange::TestSent { code, .. } => Some(code.clone()),
            _ => None,
        },
        _ => None,
    });
    let codes: Vec<_> = codes.collect();
    let found = ctx
        .handle
        .query(move |s, _| s.tests.iter().filter(|t| codes.contains(&t.code)).map(|t| t.ordinal).collect::<Vec<u32>>());
    Ok(found.await?)
}

/// How a test stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestView {
    /// Its number.
    pub id: u32,
    /// Over which gateway.
    pub gateway: GatewayId,
    /// To whom.
    pub function: FunctionId,
    /// Who wanted it.
    pub by: FunctionId,
    /// When.
    pub at: At,
    /// How it stands.
    pub state: DeliveryState,
    /// Why, when it did not go well.
    pub why: String,
    /// Accepted or delivered then, whichever is known last.
    pub reached_at: Option<At>,
    /// Answered then.
    pub answered_at: Option<At>,
    /// Receipts come over this gateway: delivered can be waited for.
    pub receipts: bool,
    /// Answers come over it, otherwise by telephone.
    pub answers: bool,
}

/// The newest tests, the newest first.
pub fn tests_of(state: &Domain, meta: &Meta) -> Vec<TestView> {
    let all = state.tests.iter().rev().take(TESTS_SHOWN_MAX);
    all.map(|t| {
        let info = state.plan.gateways.iter().find(|g| g.id == t.gateway);
        let state_now = state.system_notes.get(t.ordinal as usize).map_or(DeliveryState::Unknown, |n| n.state);
        let good = matches!(
            state_now,
            DeliveryState::Accepted | DeliveryState::Delivered | DeliveryState::Queued | DeliveryState::Attempting
        );
        let why = meta.reasons.get(&DeliveryId { incident: SYSTEM_NOTES, ordinal: t.ordinal }).filter(|_| !good);
        TestView {
            id: t.ordinal,
            gateway: t.gateway.clone(),
            function: t.function.clone(),
            by: t.by.clone(),
            at: t.at,
            state: state_now,
            why: why.cloned().unwrap_or_default(),
            reached_at: t.reached_at,
            answered_at: t.answered_at,
            receipts: info.is_some_and(|g| g.receipts),
            answers: info.is_some_and(|g| g.answers),
        }
    })
    .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    gateway: Option<GatewayId>,
}

pub(super) async fn tests(
    State(ctx): State<Ctx>,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<TestView>>, Problem> {
    let Query(Which { gateway }) = query.map_err(|e| Problem::input(e.to_string()))?;
    let mut all = ctx.handle.query(tests_of).await?;
    all.retain(|t| gateway.as_ref().is_none_or(|g| t.gateway == *g));
    Ok(Json(all))
}
