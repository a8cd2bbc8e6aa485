//! Rosters that `tests/peers/roster.sh` made: what we read of each goes into `ours.json` beside them, which a Python script compares
//! with what two packages of PyPI read.

use std::path::Path;

use serde_json::{Map, Value, json};
use vardkase::config::rosters::parse;

use super::said;

#[test]
#[ignore = "tests/peers/roster.sh"]
fn every_roster_is_read_for_the_judge() {
    for folder in said("VARDKASE_PEER_ROSTERS").split(':').map(Path::new) {
        let mut all = Map::new();
        for file in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if file.extension().is_some_and(|e| e == "ics") {
                let name = file.file_name().expect("a name").to_string_lossy().into_owned();
                all.insert(name, read(&std::fs::read_to_string(&file).expect("UTF-8")));
            }
        }
        assert!(!all.is_empty(), "{} has no calendar", folder.display());
        std::fs::write(folder.join("ours.json"), Value::Object(all).to_string()).expect("written");
    }
}

fn read(text: &str) -> Value {
    match parse(text, "Europe/Stockholm") {
        Ok(times) => {
            json!({ "times": times.iter().map(|t| json!([t.from, t.to, t.names.join(",")])).collect::<Vec<_>>() })
        }
        Err(mistakes) => {
            json!({ "refused": mistakes.iter().map(|m| format!("{}: {}", m.line, m.what)).collect::<Vec<_>>() })
        }
    }
}
