//! Whether the program lives and can act, and its numbers in the text format that everybody scrapes. IDs only.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Ctx;
use super::api::{admitted, denied};
use super::gateways::gateways_of;
use super::open_metrics::{CONTENT_TYPE, Labels, OpenMetrics};
use super::serve::Peer;
use crate::api::{GatewayView, Standing};
use crate::dispatch::board::WebhookState;
use crate::dispatch::engine::Meta;
use crate::dispatch::journal_view::latest_seal;
use crate::domain::ids::Status;
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::state::{EntryState, State as Domain};
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::journal::CopyState;

/// The loop answers within this time, or the program is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// 200 when the loop answers and everything is on disk; 503 with the reason otherwise.
pub(super) async fn ready(State(ctx): State<Ctx>) -> Response {
    match tokio::time::timeout(READY_TIMEOUT, ctx.handle.query(|_, m| m.on_record)).await {
        Ok(Ok(true)) => "ready\n".into_response(),
        Ok(Ok(false)) => (StatusCode::SERVICE_UNAVAILABLE, "NOT ON RECORD: nothing can be written\n").into_response(),
        Ok(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, "going down\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the loop does not answer\n").into_response(),
    }
}

/// All numbers, by bearer token.
pub(super) async fn metrics(State(ctx): State<Ctx>, request: Request) -> Response {
    if let Err(why) = admitted(&ctx, request.headers(), Peer::of(request.extensions()), true) {
        return denied(why);
    }
    match ctx.handle.query(text).await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(e) => super::problem::Problem::from(e).answer(true),
    }
}

fn text(state: &Domain, meta: &Meta) -> String {
    let mut numbers = OpenMetrics::with_prefix("vardkase");
    let mut add = |name: &str, help: &str, values: Vec<(Labels, f64)>| numbers.gauges(name, help, values);
    let one = |value: f64| vec![(Vec::new(), value)];
    add("on_record", "1 when everything is on disk", one(f64::from(u8::from(meta.on_record))));
    add("journal_records", "Number of the last record", one(meta.seq as f64));
    let copies = &meta.disks.copies;
    let of_copies = |value: fn(&CopyState) -> f64| -> Vec<(Labels, f64)> {
        let label = |n: usize| vec![("copy", if n == 0 { "state" } else { "second" }.to_owned())];
        copies.iter().enumerate().map(|(n, c)| (label(n), value(c))).collect()
    };
    add(
        "journal_copy_up",
        "1 when commits are written to this copy",
        of_copies(|c| f64::from(u8::from(c.out.is_none()))),
    );
    add("journal_copy_records", "Number of the last record in this copy", of_copies(|c| c.head.seq as f64));
    add("journal_reserve_used", "1 when its disk ran full", of_copies(|c| f64::from(u8::from(c.reserve_used))));
    add("journal_same_disk", "1 when both copies lie on one device", one(f64::from(u8::from(meta.disks.same_disk))));
    let age = |at: Option<At>| at.map(|at| (Vec::new(), f64::from(meta.now.seconds_since(at)))).into_iter().collect();
    add("journal_seal_age_seconds", "Since the head was sealed", age(latest_seal(meta).map(|s| At(s.at_ms))));
    let rehearsed = meta.kept.rehearsal.as_ref().filter(|(_, r)| r.ok).map(|(at, _)| *at);
    add("restore_rehearsal_age_seconds", "Since a restore was rehearsed and went well", age(rehearsed));
    let overdue = f64::from(u8::from(meta.kept.rehearsal_overdue(meta.now)));
    add("restore_rehearsal_overdue", "1 when it failed or is too long ago", one(overdue));
    add("config_warnings", "What check warns of", one(meta.warnings as f64));
    let status = |s: Status| if s == Status::Actual { "actual" } else { "exercise" };
    let open = |s: Status| state.open().filter(|i| i.no.status == s).count() as f64;
    let both = [Status::Actual, Status::Exercise];
    let by_status = both.map(|s| (vec![("status", status(s).to_owned())], open(s)));
    add("incidents_open", "Open incidents", by_status.to_vec());
    let modes = state.plan.region.sites.iter().map(|s| {
        let mode = state.modes.get(&s.id).map_or(0, |m| m.0);
        (vec![("site", s.id.to_string())], f64::from(mode))
    });
    add("staff_mode", "Rung of the staff mode of a site, 0 is normal", modes.collect());

    let (mut waiting, mut not_reached, mut answered, mut approvals) = (0, 0, 0, 0);
    let mut oldest_overdue = 0_u32;
    let mut deliveries: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for inc in state.open().filter(|i| !i.is_drill()) {
        for ask in inc.asks.current().keys().filter_map(|f| inc.ask(*f)) {
            match ask.state {
                AskState::Waiting => waiting += 1,
                AskState::NotReached { .. } => not_reached += 1,
                AskState::Answered { .. } => answered += 1,
                AskState::Closed { .. } => {}
            }
        }
        for e in &inc.entries {
            if let EntryState::Waiting(a) = &e.state {
                approvals += 1;
                oldest_overdue = oldest_overdue.max(meta.now.seconds_since(a.due));
            }
        }
        for d in &inc.deliveries {
            let name = serde_json::to_value(d.state).ok().and_then(|v| v.as_str().map(str::to_owned));
            *deliveries.entry(name.unwrap_or_default()).or_default() += 1;
        }
    }
    let asks = [("waiting", waiting), ("not_reached", not_reached), ("answered", answered)];
    let asks = asks.map(|(state, n)| (vec![("state", state.to_owned())], f64::from(n)));
    let shown =
        || state.open().filter(|i| !i.is_drill()).map(|i| crate::domain::view::summary(state, i, meta.now).counts);
    let far = |of: fn(&crate::domain::view::Counts) -> u32| f64::from(shown().map(|c| of(&c)).sum::<u32>());
    let far = [
        ("addressed", far(|c| c.addressed)),
        ("handed_over", far(|c| c.handed_over)),
        ("delivered", far(|c| c.delivered)),
        ("answered", far(|c| c.acknowledged)),
        ("reached", far(|c| c.reached)),
    ];
    let far = far.map(|(how, n)| (vec![("how", how.to_owned())], n));
    add(
        "functions",
        "Functions of open incidents by how far the newest text came; reached: delivered or answered",
        far.to_vec(),
    );
    add("asks", "Functions of open incidents by how their answer stands", asks.to_vec());
    add("approvals_waiting", "Texts that wait for approval", one(f64::from(approvals)));
    add("approval_overdue_seconds", "How long the oldest approval is overdue", one(f64::from(oldest_overdue)));
    // Closed incidents too: a notification that is still due outlives its incident.
    let steps = || state.incidents.values().filter(|i| !i.is_drill()).flat_map(|i| &i.steps).filter(|s| s.is_open());
    let by_kind = StepKind::ALL
        .map(|k| (vec![("kind", k.as_str().to_owned())], steps().filter(|s| s.kind() == k).count() as f64));
    add("steps_open", "Steps that are open, by kind", by_kind.to_vec());
    add("steps_late", "Steps that are late", one(steps().filter(|s| s.is_late(meta.now)).count() as f64));
    let deliveries = deliveries.into_iter().map(|(state, n)| (vec![("state", state)], f64::from(n)));
    add("deliveries", "Deliveries of open incidents by how they stand", deliveries.collect());

    let gateways = gateways_of(state, meta);
    let mut of = |name: &str, help: &str, value: fn(&GatewayView) -> Option<f64>| {
        let values = gateways.iter().filter_map(|g| Some((vec![("gateway", g.id.to_string())], value(g)?)));
        add(name, help, values.collect());
    };
    of("gateway_up", "1 when it is handed deliveries", |g| match g.standing {
        Standing::Healthy => Some(1.0),
        Standing::Suspect | Standing::Down | Standing::Out | Standing::Unusable => Some(0.0),
        Standing::Manual | Standing::Page | Standing::Unknown => None,
    });
    of("gateway_queue_length", "Deliveries in its queue", |g| Some(g.queue_len as f64));
    of("gateway_in_flight", "Handed over, without an outcome yet", |g| Some(g.in_flight as f64));
    of("gateway_waiting", "Deliveries that wait for room in its queue", |g| Some(g.waiting as f64));
    of("gateway_test_age_seconds", "Since a test last came through", |g| g.test.as_ref().map(|t| f64::from(t.age_s)));
    of("gateway_proof_age_seconds", "Since anything was proven", |g| g.last_proof_s.map(|s| s as f64));
    let mut count = |name: &str, help: &str, value: fn(&GatewayView) -> u64| {
        let values = gateways.iter().map(|g| (vec![("gateway", g.id.to_string())], value(g) as f64));
        numbers.counters(name, help, values);
    };
    count("gateway_handed_over_total", "Handed over since the start", |g| g.handed_over_total);
    count("gateway_accepted_total", "Accepted since the start", |g| g.accepted_total);
    count("gateway_unmatched_receipts_total", "Receipts that belong to no delivery known here", |g| g.unmatched_total);

    let mut add = |name: &str, help: &str, values: Vec<(Labels, f64)>| numbers.gauges(name, help, values);

    let alarms = meta.board.alarms();
    add("alarms", "Parts of the program that are not well", one(alarms.len() as f64));
    let alarms = alarms.iter().map(|a| (vec![("alarm", a.name.clone())], f64::from(meta.now.seconds_since(a.since))));
    add("alarm_age_seconds", "How long an alarm of the program's own parts stands", alarms.collect());
    let audit = meta.board.audited_at().map(|at| (Vec::new(), f64::from(meta.now.seconds_since(at))));
    add("audit_age_seconds", "Since the auditor last looked", audit.into_iter().collect());
    let beat = meta.board.heartbeat().and_then(|h| h.taken_at);
    let beat = beat.map(|at| (Vec::new(), f64::from(meta.now.seconds_since(at))));
    add("heartbeat_age_seconds", "Since the watcher outside last took a sign of life", beat.into_iter().collect());

    let webhooks = meta.board.webhooks();
    let mut of = |name: &str, help: &str, value: fn(&WebhookState) -> f64| {
        add(name, help, webhooks.iter().map(|(id, w)| (vec![("webhook", id.clone())], value(w))).collect());
    };
    of("webhook_up", "1 when it took the last call", |w| f64::from(u8::from(w.why.is_empty())));
    of("webhook_behind_records", "Records that it was not told of yet", |w| w.behind as f64);

    numbers.finish()
}
