//! The gateways over the API: how each stands, what it can do, what last proved it, and tests of it.

use axum::extract::State;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Ctx;
use super::asked::{Asked, Body, InPath};
use super::problem::Problem;
use crate::accounts::Who;
use crate::api::{Can, GatewayView, OutView, Probed, Standing, TestProof, TestRequest, TestView, TestsSent};
use crate::dispatch::engine::{Done, Meta};
use crate::dispatch::health;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::GatewayId;
use crate::domain::incident::event::Event;
use crate::domain::incident::event::GatewayChange;
use crate::domain::incident::input::Action;
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::plan::{Capability, Channel, GatewayInfo};
use crate::gateways::Health;

/// Tests that one answer shows.
const TESTS_SHOWN_MAX: usize = 50;

/// How the gateways of the plan for new incidents are.
pub fn gateways_of(state: &Domain, meta: &Meta) -> Vec<GatewayView> {
    state.plan.gateways.iter().map(|g| one(state, meta, g)).collect()
}

fn one(state: &Domain, meta: &Meta, g: &GatewayInfo) -> GatewayView {
    let view = as_it_runs(state, meta, g);
    let Some(out) = state.ways.out.get(&g.id) else { return view };
    GatewayView { standing: Standing::Out, out: Some(OutView { by: out.by.clone(), at: out.at }), ..view }
}

fn as_it_runs(state: &Domain, meta: &Meta, g: &GatewayInfo) -> GatewayView {
    let seconds = |age: Option<std::time::Duration>| age.map(|a| a.as_secs());
    let test = state.proofs.get(&g.id).map(|p| TestProof {
        at: p.at,
        age_s: meta.now.seconds_since(p.at),
        function: p.function.clone(),
        how_far: p.reached,
    });
    let without = |standing: Standing, detail: &str| GatewayView {
        id: g.id.clone(),
        channel: g.channel,
        standing,
        detail: detail.into(),
        out: None,
        queue_len: 0,
        waiting: meta.waiting.get(&g.id).copied().unwrap_or(0),
        in_flight: 0,
        handed_over_total: 0,
        accepted_total: 0,
        unmatched_total: 0,
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
                health::Standing::Healthy => Standing::Healthy,
                health::Standing::Suspect => Standing::Suspect,
                health::Standing::Down => Standing::Down,
            },
            detail: s.detail.to_string(),
            queue_len: s.queue_len,
            in_flight: s.in_flight,
            handed_over_total: s.handed_over_total,
            accepted_total: s.accepted_total,
            unmatched_total: s.unmatched_total,
            last_accepted_s: seconds(s.last_accepted_age),
            last_proof_s: seconds(s.last_proof_age),
            far_end: worker.far_end(),
            ..without(Standing::Unusable, "")
        };
    }
    if let Some(page) = meta.board.page(&g.id) {
        return GatewayView {
            accepted_total: page.published_total,
            handed_over_total: page.published_total,
            last_proof_s: page.proven_at.map(|at| meta.now.seconds_since(at).into()),
            far_end: page.far_end,
            ..without(if page.equal { Standing::Healthy } else { Standing::Down }, &page.detail)
        };
    }
    match (meta.unusable.get(&g.id), g.channel) {
        (Some(why), _) => without(Standing::Unusable, why),
        (None, Channel::Manual) => without(Standing::Manual, "people walk it"),
        (None, Channel::Web) => without(Standing::Page, "the page of this program"),
        (None, _) => without(Standing::Unusable, "it has no worker"),
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

/// A gateway in a path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct InGateway {
    /// Its name in the configuration.
    id: GatewayId,
}

/// Connects and logs in, now. Never reaches a person.
pub(super) async fn probe(
    State(ctx): State<Ctx>,
    InPath(InGateway { id }): InPath<InGateway>,
) -> Result<Json<Probed>, Problem> {
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
            let ok = matches!(view.standing, Standing::Healthy | Standing::Page | Standing::Manual);
            Ok(Json(Probed { ok, detail: view.detail, far_end: view.far_end }))
        }
        (None, None) => Err(refuse!(UnknownGatewayLook { gateway: id }).into()),
    }
}

/// Sends a marked test to a function.
pub(super) async fn test(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    InPath(InGateway { id: gateway }): InPath<InGateway>,
    Body(TestRequest { by, function }, _): Body<TestRequest>,
) -> Result<Json<TestsSent>, Problem> {
    let action = Action::TestGateway { gateway, function };
    let done = super::command::command(&ctx, &who, by, action, None, true).await?;
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

/// The newest tests, the newest first.
pub fn tests_of(state: &Domain, _: &Meta) -> Vec<TestView> {
    let all = state.tests.iter().rev().take(TESTS_SHOWN_MAX);
    all.map(|t| {
        let info = state.plan.gateways.iter().find(|g| g.id == t.gateway);
        let state_now = state.system_notes.get(t.ordinal).map_or(DeliveryState::Unknown, |n| n.state);
        let good = matches!(
            state_now,
            DeliveryState::Accepted | DeliveryState::Delivered | DeliveryState::Queued | DeliveryState::Attempting
        );
        let cause = state.system_notes.get(t.ordinal).and_then(|n| n.cause.as_ref()).filter(|_| !good);
        TestView {
            id: t.ordinal,
            gateway: t.gateway.clone(),
            function: t.function.clone(),
            by: t.by.clone(),
            at: t.at,
            state: state_now,
            why: cause.map(ToString::to_string).unwrap_or_default(),
            taken_at: t.reached_at,
            answered_at: t.answered_at,
            receipts: info.is_some_and(|g| g.receipts),
            answers: info.is_some_and(|g| g.answers),
        }
    })
    .collect()
}

/// Which tests.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Of this gateway alone.
    gateway: Option<GatewayId>,
}

pub(super) async fn tests(
    State(ctx): State<Ctx>,
    Asked(Which { gateway }): Asked<Which>,
) -> Result<Json<Vec<TestView>>, Problem> {
    let mut all = ctx.handle.query(tests_of).await?;
    all.retain(|t| gateway.as_ref().is_none_or(|g| t.gateway == *g));
    Ok(Json(all))
}
