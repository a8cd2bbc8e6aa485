//! Every operation of `/api/v1`, once: from this one table come the routes, the right that each asks for, and the description
//! ([`super::openapi`]). What an operation takes and answers is read off its handler's signature.

use axum::extract::State;
use axum::handler::Handler;
use axum::http::HeaderValue;
use axum::middleware;
use axum::response::Response;
use axum::routing::{self, MethodRouter};
use axum::{Extension, Json, Router};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::asked::{Answers, Asked, Described as _, Takes};
use super::events::{self, Streams};
use super::problem::{self, Problem};
use super::{Ctx, access, addresses, after, api, drills, gateways, openapi, records, reload};
use crate::accounts::Right;
use crate::api::{ProblemKind, TRAINING_HEADER, VERSION, VERSION_HEADER};

/// Whether it only reads: then the console's session is enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    Get,
    Post,
}

/// One operation.
pub(super) struct Operation {
    pub method: Method,
    /// Below `/api/v1`.
    pub path: &'static str,
    /// Its name in programs that are made of the description.
    pub id: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// The right without which nobody gets in; `None`: anybody may, without a token.
    pub right: Option<Right>,
    /// Statuses besides those that follow from what it takes.
    pub refused: &'static [u16],
    /// What the answer is called.
    pub content: &'static str,
    pub takes: fn(&mut Takes<'_>),
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    route: MethodRouter<Ctx>,
}

impl Operation {
    /// It is refused with these too.
    fn or(self, refused: &'static [u16]) -> Self {
        Self { refused, ..self }
    }

    fn new<H, M, A>(method: Method, path: &'static str, (id, right, summary): Said, handler: H) -> Self
    where
        H: Handler<M, Ctx> + Answers<A>,
        M: 'static,
    {
        let route = match method {
            Method::Get => routing::get(handler),
            Method::Post => routing::post(handler),
        };
        Self {
            method,
            path,
            id,
            summary,
            right: Some(right),
            refused: &[],
            content: "application/json",
            takes: <H as Answers<A>>::takes,
            answer: <H as Answers<A>>::answer,
            route,
        }
    }
}

/// Name, right, summary.
type Said = (&'static str, Right, &'static str);

fn get<H, M, A>(path: &'static str, said: Said, handler: H) -> Operation
where
    H: Handler<M, Ctx> + Answers<A>,
    M: 'static,
{
    Operation::new(Method::Get, path, said, handler)
}

fn post<H, M, A>(path: &'static str, said: Said, handler: H) -> Operation
where
    H: Handler<M, Ctx> + Answers<A>,
    M: 'static,
{
    Operation::new(Method::Post, path, said, handler)
}

/// All of them. What a command needs beside the right to read is looked at when it was read.
pub(super) fn operations() -> Vec<Operation> {
    use Right::{Administer, Read, Report};
    vec![
        post("/commands", ("command", Read, "Does something, as a duty"), api::command).or(&[404, 409]),
        post("/dry-runs", ("dryRun", Read, "Says what a report would do, and does nothing"), api::dry_run_of)
            .or(&[404, 409]),
        get("/status", ("status", Read, "Modes, open incidents, gateways, alarms"), api::status),
        get("/incidents", ("incidents", Read, "The incidents in short"), api::incidents),
        get("/incidents/{no}", ("incident", Read, "One incident, whole"), api::incident),
        get(
            "/incidents/{no}/messages/{seq}/previews",
            ("previews", Read, "A text as each gateway would carry it"),
            api::previews,
        ),
        get(
            "/incidents/{no}/adopt",
            ("adoption", Read, "What the newest configuration would change in an open incident"),
            reload::adoption,
        ),
        get(
            "/incidents/{no}/report",
            ("afterReport", Read, "What an incident or a drill came to: the figures of its report"),
            after::report,
        )
        .or(&[404, 500]),
        get(
            "/incidents/closed",
            ("closedIncidents", Read, "Closed incidents that are kept"),
            records::closed_incidents,
        ),
        post(
            "/incidents/{no}/forget",
            ("forget", Administer, "Forgets what is private of a closed incident"),
            records::forget,
        )
        .or(&[409]),
        get("/drills", ("drills", Read, "Drills: planned, going on, ended"), drills::list),
        get("/drills/trends", ("drillTrends", Read, "What drills and incidents came to, side by side"), after::trends)
            .or(&[500]),
        post(
            "/drills/dry-runs",
            ("drillDryRun", Read, "Says what a drill would do, and does nothing"),
            drills::dry_run,
        )
        .or(&[404, 409]),
        post("/drills", ("drillStart", Report, "Begins a drill"), drills::start).or(&[404, 409]),
        get("/approvals", ("approvals", Read, "Texts that wait for a duty"), api::approvals).or(&[404]),
        get("/todo", ("todo", Read, "All that waits for a duty"), api::todo).or(&[404]),
        get("/functions", ("functions", Read, "The duties"), api::functions),
        get("/playbooks", ("playbooks", Read, "The playbooks"), api::playbooks),
        get("/lists", ("lists", Read, "All that a form offers"), api::lists),
        get("/cluster", ("cluster", Read, "Nodes with one journal: which decides, how far each is"), api::cluster),
        get("/gateways", ("gateways", Read, "Gateways, how they stand and why"), gateways::list),
        get("/gateways/tests", ("gatewayTests", Read, "Tests of late"), gateways::tests),
        post("/gateways/{id}/probe", ("probe", Report, "Logs in, reaches nobody"), gateways::probe),
        post("/gateways/{id}/test", ("gatewayTest", Report, "Sends a TEST to a duty"), gateways::test).or(&[409]),
        get("/addresses", ("addresses", Read, "Which addresses are proven"), addresses::list),
        get("/addresses/proofs", ("addressProofs", Administer, "The same, for a check elsewhere"), addresses::export),
        get("/log", ("log", Read, "The record, part by part"), api::log).or(&[404, 500]),
        get("/journal", ("journal", Read, "How the journal stands"), api::journal),
        get("/access", ("access", Administer, "Accounts, duty devices, tokens, sessions"), access::list),
        post("/access", ("accessChange", Administer, "Adds, disables, revokes one of them"), access::change)
            .or(&[404, 409]),
        post("/rehearsals", ("rehearsed", Administer, "A restore was rehearsed"), records::rehearsed),
        post("/backups", ("backedUp", Administer, "A backup was written"), records::backed_up).or(&[409]),
        post("/reload", ("reload", Administer, "Reads the configuration anew"), reload::reload).or(&[404]),
        get("/clock", ("clock", Read, "The server's time, and whether the machine's clock is followed"), reload::clock),
        post("/clock/accept", ("clockAccept", Administer, "The machine's clock is right"), reload::clock_accept)
            .or(&[404]),
        Operation {
            method: Method::Get,
            path: "/events",
            id: "events",
            summary: "What happens, as it happens",
            right: Some(Read),
            refused: &[500],
            content: "text/event-stream",
            takes: |takes| {
                Asked::<events::After>::describe(takes);
                takes.parameters.push(events::last_event_id());
            },
            answer: events::described,
            route: routing::get(events::events),
        },
        Operation {
            right: None,
            ..get("/problems", ("problems", Read, "Every kind of refusal, with its status"), problems)
        },
        Operation {
            method: Method::Get,
            path: "/openapi.json",
            id: "openapi",
            summary: "This description",
            right: None,
            refused: &[],
            content: "application/json",
            takes: |_| {},
            answer: |_| schemars::json_schema!({ "type": "object" }),
            route: routing::get(openapi::served),
        },
    ]
}

async fn problems() -> Result<Json<Vec<ProblemKind>>, Problem> {
    Ok(Json(problem::kinds()))
}

/// The routes below `/api/v1`, each behind its right.
pub(super) fn router(ctx: &Ctx) -> Router<Ctx> {
    let mut router = Router::new();
    for operation in operations() {
        let route = match operation.right {
            Some(right) => {
                let gate = api::Gate { ctx: ctx.clone(), right, reads: operation.method == Method::Get };
                operation.route.route_layer(middleware::from_fn_with_state(gate, api::token_asked))
            }
            None => operation.route,
        };
        router = router.route(operation.path, route);
    }
    router.layer(Extension(Streams::default())).layer(middleware::map_response_with_state(ctx.clone(), versioned))
}

async fn versioned(State(ctx): State<Ctx>, mut answer: Response) -> Response {
    if ctx.handle.board().is_training() {
        answer.headers_mut().insert(TRAINING_HEADER, HeaderValue::from_static("1"));
    }
    answer.headers_mut().insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    answer
}

/// The schema of a type, as answers have it.
pub(super) fn schema_of<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}
