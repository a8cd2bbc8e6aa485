//! The description of the API (OpenAPI 3.1), made of the table that the routes are made of and of the types that are read and
//! written. It says nothing of a region, and needs no token.
//!
//! Must not: name a path, a parameter or a field by hand.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::asked::Takes;
use super::operations::{Method, Operation, operations, schema_of};
use crate::accounts::Right;
use crate::api::{EventsBegin, EventsEnd, EventsGap, Happened, PROBLEM_JSON, ROOT, Refusal, VERSION};

const SCHEMAS: &str = "/components/schemas";
/// What a schema is called that requests have otherwise than answers.
const IN_REQUESTS: &str = "Request";

const ABOUT: &str = "What the console and the command line do, other programs can, with a token. Every refusal is \
    `application/problem+json` (RFC 9457), in the language of `Accept-Language`; its `code` stays. A reader passes over fields that it \
    does not know; a request with a field too many is refused. Every answer names its server's version (`Vardkase-Version`).";

/// The whole description.
pub fn description() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.meta_schema = None;
        s.definitions_path = SCHEMAS.into();
    });
    let mut answers = settings.clone().for_serialize().into_generator();
    let mut requests = settings.for_deserialize().into_generator();
    let mut taken = Vec::new();
    for operation in operations() {
        let mut takes = Takes { schemas: &mut requests, parameters: Vec::new(), body: None };
        (operation.takes)(&mut takes);
        let Takes { parameters, body, .. } = takes;
        let answer = (operation.answer)(&mut answers);
        taken.push((operation, Value::from(parameters), body.map(Schema::to_value), answer));
    }
    let refusal = schema_of::<Refusal>(&mut answers).to_value();
    for of in [schema_of::<Happened>, schema_of::<EventsBegin>, schema_of::<EventsGap>, schema_of::<EventsEnd>] {
        of(&mut answers);
    }
    let (schemas, renamed) = together(definitions(&mut answers), definitions(&mut requests));
    let mut paths = Map::new();
    for (operation, mut parameters, mut body, answer) in taken {
        rename(&mut parameters, &renamed);
        body.iter_mut().for_each(|body| rename(body, &renamed));
        let method = if operation.method == Method::Get { "get" } else { "post" };
        let told = told(&operation, &parameters, body.as_ref(), answer.to_value());
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[method] = told;
    }
    let mut all = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Vardkase",
            "version": VERSION,
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": ROOT, "description": "The console's address" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Of `vardkase token add`, with the rights and duties that the program needs.",
            } },
            "responses": { "Refused": {
                "description": "It was not carried out.",
                "content": { PROBLEM_JSON: { "schema": refusal } },
            } },
            "schemas": schemas,
        },
    });
    plain(&mut all);
    all
}

/// One operation, as it is described.
fn told(operation: &Operation, parameters: &Value, body: Option<&Value>, answer: Value) -> Value {
    let mut responses = Map::new();
    let content = json!({ operation.content: { "schema": answer } });
    responses.insert("200".into(), json!({ "description": "It was done, or is told.", "content": content }));
    for status in refused(operation, parameters, body.is_some()) {
        responses.insert(status.to_string(), json!({ "$ref": "#/components/responses/Refused" }));
    }
    let mut told = json!({ "operationId": operation.id, "summary": operation.summary });
    match operation.right {
        None => told["security"] = json!([]),
        Some(right) => {
            let more = if operation.id == "command" { " What the action needs is asked for besides." } else { "" };
            told["description"] = format!("Asks for the right `{right}`.{more}").into();
        }
    }
    if parameters.as_array().is_some_and(|all| !all.is_empty()) {
        told["parameters"] = parameters.clone();
    }
    if let Some(schema) = body {
        told["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    told["responses"] = responses.into();
    told
}

/// With which statuses it may be refused: what follows from what it takes, and what its rules add.
fn refused(operation: &Operation, parameters: &Value, has_body: bool) -> BTreeSet<u16> {
    let mut all: BTreeSet<StatusCode> = BTreeSet::from([StatusCode::BAD_REQUEST]);
    if let Some(right) = operation.right {
        all.extend([StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]);
        if right != Right::Read {
            all.insert(StatusCode::FORBIDDEN);
        }
    }
    if operation.method == Method::Post {
        all.extend([StatusCode::FORBIDDEN, StatusCode::REQUEST_TIMEOUT]);
    }
    if has_body {
        all.extend([
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ]);
    }
    for parameter in parameters.as_array().into_iter().flatten() {
        all.insert(StatusCode::UNPROCESSABLE_ENTITY);
        if parameter["in"] == "path" {
            all.insert(StatusCode::NOT_FOUND);
        }
    }
    all.into_iter().map(|s| s.as_u16()).chain(operation.refused.iter().copied()).collect()
}

fn definitions(schemas: &mut SchemaGenerator) -> Map<String, Value> {
    schemas.take_definitions(true)
}

/// Answers tell every field, and requests may leave some out: what is therefore described in two ways gets two names. The names that
/// were changed are those of requests.
fn together(
    mut answers: Map<String, Value>,
    mut requests: Map<String, Value>,
) -> (Map<String, Value>, BTreeSet<String>) {
    let differs = |name: &String| answers.get(name).is_some_and(|there| there != &requests[name]);
    let mut renamed: BTreeSet<String> = requests.keys().filter(|name| differs(name)).cloned().collect();
    // What holds one that differs differs too, where answers have it.
    loop {
        let more = |name: &&String| {
            !renamed.contains(*name)
                && answers.contains_key(*name)
                && names(&requests[*name]).iter().any(|n| renamed.contains(n))
        };
        let more: Vec<String> = requests.keys().filter(more).cloned().collect();
        if more.is_empty() {
            break;
        }
        renamed.extend(more);
    }
    requests.values_mut().for_each(|schema| rename(schema, &renamed));
    for (name, schema) in requests {
        let name = if renamed.contains(&name) { name + IN_REQUESTS } else { name };
        answers.insert(name, schema);
    }
    answers.sort_keys();
    (answers, renamed)
}

/// The schemas that one names.
fn names(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(all) => {
            let own = all.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
            all.values().flat_map(names).chain(own.map(str::to_owned)).collect()
        }
        Value::Array(all) => all.iter().flat_map(names).collect(),
        _ => BTreeSet::new(),
    }
}

/// Leads to what is called otherwise now.
fn rename(schema: &mut Value, renamed: &BTreeSet<String>) {
    match schema {
        Value::Object(all) => {
            if let Some(Value::String(to)) = all.get_mut("$ref")
                && to.rsplit('/').next().is_some_and(|name| renamed.contains(name))
            {
                to.push_str(IN_REQUESTS);
            }
            all.values_mut().for_each(|value| rename(value, renamed));
        }
        Value::Array(all) => all.iter_mut().for_each(|value| rename(value, renamed)),
        _ => {}
    }
}

/// Comments are written for readers of the sources, whose links lead nowhere here; and what can be said plainly is.
fn plain(value: &mut Value) {
    match value {
        Value::Object(all) => {
            if let Some(Value::String(said)) = all.get_mut("description") {
                *said = without_links(said);
            }
            // A pair of the same, which every reader understands.
            if let Some(Value::Array(places)) = all.get("prefixItems")
                && let [first, rest @ ..] = &places[..]
                && rest.iter().all(|place| place == first)
            {
                let first = first.clone();
                all.shift_remove("prefixItems");
                all.insert("items".into(), first);
            }
            all.values_mut().for_each(plain);
        }
        Value::Array(all) => all.iter_mut().for_each(plain),
        _ => {}
    }
}

/// [`x`] and [`x`](y) become `x`.
fn without_links(said: &str) -> String {
    let mut parts = said.split("[`");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push('`');
        let Some((name, rest)) = part.split_once("`]") else {
            out.push_str(part);
            continue;
        };
        out.push_str(name);
        out.push('`');
        let rest = rest.strip_prefix('(').and_then(|r| r.split_once(')')).map_or(rest, |(_, rest)| rest);
        out.push_str(rest);
    }
    out
}

/// `GET /api/v1/openapi.json`. Made once.
pub(super) async fn served() -> Response {
    static WRITTEN: OnceLock<Bytes> = OnceLock::new();
    let bytes = WRITTEN.get_or_init(|| description().to_string().into()).clone();
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_comments_are_words_here() {
        assert_eq!(
            without_links("Of [`StatusView`] only, [`Auth::check`](a::b) too."),
            "Of `StatusView` only, `Auth::check` too."
        );
        assert_eq!(without_links("As [it] is."), "As [it] is.");
    }

    #[test]
    fn what_differs_between_request_and_answer_has_two_names_and_what_holds_it_too() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let held = json!({ "properties": { "a": { "$ref": "#/components/schemas/A" } } });
        let answers = object(json!({ "A": { "required": ["x"] }, "B": held, "C": true }));
        let requests = object(json!({ "A": {}, "B": held, "C": true, "D": held }));
        let (all, renamed) = together(answers, requests);
        assert_eq!(renamed.into_iter().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(all.keys().collect::<Vec<_>>(), ["A", "ARequest", "B", "BRequest", "C", "D"]);
        assert_eq!(all["D"]["properties"]["a"]["$ref"], "#/components/schemas/ARequest");
        assert_eq!(all["B"]["properties"]["a"]["$ref"], "#/components/schemas/A");
    }
}
