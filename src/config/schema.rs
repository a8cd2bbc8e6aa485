//! JSON Schema of each YAML file, from the types that read it: for editors, and for `vardkase schema`.

use schemars::JsonSchema;
use serde_json::Value;

use super::raw::{channels, contacts, messages, playbook, readiness, systems};

/// The names that [`schema`] knows.
pub const NAMES: [&str; 15] = [
    "playbook",
    "functions",
    "groups",
    "organisation",
    "systems",
    "readiness",
    "messages",
    "infrastructure",
    "sms",
    "email",
    "fax",
    "paging",
    "web",
    "watch",
    "manual",
];

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
        "sms" => of::<channels::SmsFile>(),
        "email" => of::<channels::EmailFile>(),
        "fax" => of::<channels::FaxFile>(),
        "paging" => of::<channels::PagingFile>(),
        "web" => of::<channels::WebFile>(),
        "watch" => of::<channels::WatchFile>(),
        "manual" => of::<channels::ManualFile>(),
        _ => return None,
    })
}

fn of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}
