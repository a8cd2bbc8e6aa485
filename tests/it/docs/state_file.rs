//! `docs/operate/state.schema.json` is the schema of `/state.json`, made of the types that write it. `UPDATE_DOCS=1` writes it anew.

use vardkase::web::feeds::StateFile;

use super::{root, update};

const FILE: &str = "docs/operate/state.schema.json";

#[test]
fn the_schema_of_the_state_is_that_of_the_program() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(StateFile)).unwrap() + "\n";
    let file = root().join(FILE);
    if update() {
        std::fs::write(&file, &schema).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == schema, "{FILE} is out of date: UPDATE_DOCS=1 cargo test --test it docs:: writes it");
}
