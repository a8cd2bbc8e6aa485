//! What a request of the API brings: read into a type, and described by the same type. A handler says what it takes and what it
//! answers by its own signature; [`Answers`] reads that off, so that the description can't say anything else.

use std::future::Future;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::{Extension, Json};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Ctx;
use super::api::too_large;
use super::events::Streams;
use super::problem::Problem;
use crate::accounts::Who;
use crate::api::IDEMPOTENCY_KEY;
use crate::domain::incident::refused::refuse;

/// The body of a request, and its bytes as they came.
pub(super) struct Body<T>(pub T, pub Bytes);

impl<T: DeserializeOwned> FromRequest<Ctx> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
            return Err(refuse!(NotJson).into());
        }
        let bytes = Bytes::from_request(request, ctx).await.map_err(|e| too_large(e.status()))?;
        Ok(Self(serde_json::from_slice(&bytes).map_err(Problem::input)?, bytes))
    }
}

/// What stands in the query.
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Ctx> for Asked<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Problem> {
        let Query(it) = Query::from_request_parts(parts, ctx).await.map_err(Problem::input)?;
        Ok(Self(it))
    }
}

/// What stands in the path, by the names that it has there.
pub(super) struct InPath<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Ctx> for InPath<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Problem> {
        let Path(it) = Path::from_request_parts(parts, ctx).await.map_err(Problem::input)?;
        Ok(Self(it))
    }
}

/// The ID of a command, as its sender chose it.
pub(super) struct Key(pub Option<HeaderValue>);

impl FromRequestParts<Ctx> for Key {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &Ctx) -> Result<Self, Problem> {
        Ok(Self(parts.headers.get(IDEMPOTENCY_KEY).cloned()))
    }
}

/// What an operation takes, while it is described.
pub(super) struct Takes<'a> {
    pub schemas: &'a mut SchemaGenerator,
    pub parameters: Vec<Value>,
    pub body: Option<Schema>,
}

impl Takes<'_> {
    /// Each field of `T` is a parameter there.
    fn fields<T: JsonSchema>(&mut self, place: &str) {
        let schema = T::json_schema(self.schemas).to_value();
        let needed = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for (name, schema) in schema.get("properties").and_then(Value::as_object).unwrap_or(&Map::new()) {
            let required = place == "path" || needed.iter().any(|n| n == name);
            let mut schema = schema.clone();
            let said = schema.as_object_mut().and_then(|s| s.remove("description"));
            let mut parameter = json!({ "name": name, "in": place, "required": required, "schema": schema });
            if let (Some(said), Some(parameter)) = (said, parameter.as_object_mut()) {
                parameter.insert("description".into(), said);
            }
            self.parameters.push(parameter);
        }
    }
}

/// What one argument of a handler adds to the description of its operation.
pub(super) trait Described {
    fn describe(_: &mut Takes<'_>) {}
}

impl Described for State<Ctx> {}
impl Described for Extension<Who> {}
impl Described for Extension<Streams> {}
impl Described for HeaderMap {}
impl<T: JsonSchema> Described for Body<T> {
    fn describe(takes: &mut Takes<'_>) {
        takes.body = Some(takes.schemas.subschema_for::<T>());
    }
}
impl<T: JsonSchema> Described for Asked<T> {
    fn describe(takes: &mut Takes<'_>) {
        takes.fields::<T>("query");
    }
}
impl<T: JsonSchema> Described for InPath<T> {
    fn describe(takes: &mut Takes<'_>) {
        takes.fields::<T>("path");
    }
}
impl Described for Key {
    fn describe(takes: &mut Takes<'_>) {
        takes.parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$" },
            "description": "The ID of the command: one that comes again under it is carried out once.",
        }));
    }
}

/// A handler whose signature says what it takes and what it answers.
pub(super) trait Answers<A> {
    fn takes(takes: &mut Takes<'_>);
    fn answer(schemas: &mut SchemaGenerator) -> Schema;
}

macro_rules! answers {
    ($($argument:ident),*) => {
        impl<F, Fut, T, $($argument),*> Answers<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
            Fut: Future<Output = Result<Json<T>, Problem>>,
            T: JsonSchema,
            $($argument: Described,)*
        {
            #[allow(unused_variables, reason = "a handler may take nothing")]
            fn takes(takes: &mut Takes<'_>) {
                $($argument::describe(takes);)*
            }
            fn answer(schemas: &mut SchemaGenerator) -> Schema {
                schemas.subschema_for::<T>()
            }
        }
    };
}
answers!();
answers!(A1);
answers!(A1, A2);
answers!(A1, A2, A3);
answers!(A1, A2, A3, A4);
