//! The eight outages of INCIDENTS, compiled in: whoever has the program alone can replay them.

use include_dir::{Dir, include_dir};

static SCENARIOS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/tests/scenarios");

/// Each by its name (`b-records-stockholm`), with its text, in order.
pub fn shipped() -> Vec<(String, String)> {
    let files = SCENARIOS.files().filter_map(|file| {
        let name = file.path().file_stem()?.to_string_lossy().into_owned();
        let yaml = file.path().extension().is_some_and(|e| e == "yaml");
        yaml.then(|| (name, String::from_utf8_lossy(file.contents()).into_owned()))
    });
    let mut all: Vec<(String, String)> = files.collect();
    all.sort();
    all
}
