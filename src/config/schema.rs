//! JSON Schema of each YAML file, from the types that read it: for editors, and for `vardkase schema`.

use schemars::JsonSchema;
use serde_json::Value;

use super::raw::{contacts, drills, messages, playbook, printers, readiness, systems, watch, webhooks};
use crate::gateways::registry;

/// The names that [`schema`] knows, beside those of gateways.
const NAMES: [&str; 12] = [
    "playbook",
    "functions",
    "groups",
    "organisation",
    "systems",
    "readiness",
    "messages",
    "infrastructure",
    "watch",
    "webhooks",
    "printers",
    "drills",
];

/// The names that [`schema`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(registry::NAMES.iter().copied())
}

/// The schema of a file. `None`: there is no file of that name.
pub fn schema(name: &str) -> Option<Value> {
    Some(match name {
        "playbook" => of::<playbook::Playbook>(),
        "functions" => of::<contacts::Functions>(),
        "groups" => of::<contacts::Groups>(),
        "organisation" => of::<contacts::Organisation>(),
        "systems" => of::<systems::Systems>(),
        "readiness" => of::<readiness::Readiness>(),
        "messages" => of::<messages::Messages>(),
        "infrastructure" => of::<systems::Infrastructure>(),
        "watch" => of::<watch::WatchFile>(),
        "printers" => of::<printers::Printers>(),
        "webhooks" => of::<webhooks::Webhooks>(),
        "drills" => of::<drills::Drills>(),
        _ => return registry::schema(name),
    })
}

fn of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}
