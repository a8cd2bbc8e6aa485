//! The tables of `docs/configure/` are those of the JSON Schema. A page says where one stands and of what:
//!
//! ```text
//! <!-- table: sms gateways.*.smpp -->
//! …made from the schema…
//! <!-- end -->
//! ```
//!
//! `sms` is a name of `vardkase schema`, what follows the way to an object in it (`*`: any name, or any item of a list).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};
use vardkase::config::schema::schema;

use super::{Page, files, page, root, update};

const BEGIN: &str = "<!-- table: ";
const END: &str = "<!-- end -->";

/// A schema and its definitions.
struct Schema {
    whole: Value,
}

impl Schema {
    fn of(name: &str) -> Self {
        Self { whole: schema(name).unwrap_or_else(|| panic!("there is no schema “{name}”")) }
    }

    /// Follows references, and takes "or nothing" off.
    fn plain<'a>(&'a self, mut at: &'a Value) -> &'a Value {
        loop {
            if let Some(to) = at.get("$ref").and_then(Value::as_str) {
                at = self.whole.pointer(to.trim_start_matches('#')).unwrap_or_else(|| panic!("{to} leads nowhere"));
                continue;
            }
            let choices = at.get("anyOf").and_then(Value::as_array);
            let real: Vec<&Value> =
                choices.into_iter().flatten().filter(|c| c.get("type") != Some(&Value::from("null"))).collect();
            match real[..] {
                [only] => at = only,
                _ => return at,
            }
        }
    }

    /// What may stand at a place: itself, or what a list or a choice of it holds.
    fn inner<'a>(&'a self, at: &'a Value) -> Vec<&'a Value> {
        let at = self.plain(at);
        let mut all = vec![at];
        for choice in at.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
            all.extend(self.inner(choice));
        }
        all
    }

    /// The object at the end of a way.
    fn object(&self, way: &str) -> Option<&Value> {
        let mut at = self.plain(&self.whole);
        for step in way.split('.').filter(|s| !s.is_empty()) {
            let next = self.inner(at).into_iter().find_map(|here| match step {
                "*" => here.get("items").or(here.get("additionalProperties").filter(|v| v.is_object())),
                name => here.get("properties").and_then(|p| p.get(name)),
            });
            at = self.plain(next?);
        }
        self.inner(at).into_iter().find(|o| o.get("properties").is_some())
    }

    fn properties<'a>(&'a self, object: &'a Value) -> &'a Map<String, Value> {
        object.get("properties").and_then(Value::as_object).unwrap_or_else(|| panic!("{object} is not an object"))
    }

    /// What may be written, in a few words.
    fn kind(&self, at: &Value) -> String {
        let at = self.plain(at);
        if let Some(choices) = at.get("oneOf").or(at.get("anyOf")).and_then(Value::as_array) {
            let all: Vec<String> = choices.iter().map(|c| self.kind(c)).collect();
            return all.join(", ");
        }
        if let Some(words) = at.get("enum").and_then(Value::as_array) {
            return words.iter().filter_map(Value::as_str).map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
        }
        if let Some(word) = at.get("const").and_then(Value::as_str) {
            return format!("`{word}`");
        }
        let text = |key: &str| at.get(key).and_then(Value::as_str).unwrap_or_default();
        let kinds: Vec<&str> = match at.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect(),
            _ => vec!["anything"],
        };
        let kind = match kinds[..] {
            ["array"] => format!("list of {}", at.get("items").map_or("anything".into(), |i| self.kind(i))),
            ["object"] if at.get("properties").is_some() => "the table below".into(),
            ["object"] => {
                let value = at.get("additionalProperties").map_or("anything".into(), |v| self.kind(v));
                format!("name: {value}")
            }
            ["string"] if !text("pattern").is_empty() && !text("description").is_empty() => {
                let about = text("description").split(':').next().unwrap_or_default();
                about[..1].to_lowercase() + &about[1..]
            }
            ["string"] => "text".into(),
            ["boolean"] => "true or false".into(),
            ["integer"] | ["number"] => "number".into(),
            ref other => other.join(" or "),
        };
        // Small objects that stand in many places are written out where they stand.
        match self.object_keys(at) {
            Some(keys) if keys == ["env", "file"] => "`{ env: NAME }` or `{ file: PATH }`".into(),
            Some(keys) if kind == "the table below" => format!("{{ {} }}", keys.join(", ")),
            _ => kind,
        }
    }

    fn object_keys(&self, at: &Value) -> Option<Vec<String>> {
        Some(at.get("properties")?.as_object()?.keys().cloned().collect())
    }

    /// The lines of a table.
    fn table(&self, way: &str) -> String {
        let object = self.object(way).unwrap_or_else(|| panic!("“{way}” leads to no object"));
        let required: BTreeSet<&str> =
            object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut out = "| key | must | what is written | meaning |\n|---|---|---|---|\n".to_owned();
        for (key, value) in self.properties(object) {
            let must = if required.contains(key.as_str()) { "yes" } else { "" };
            let said = value.get("description").or(self.plain(value).get("description"));
            let mut meaning = said.and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
            for (word, about) in self.words(value) {
                meaning.push_str(&format!(" `{word}`: {about}"));
            }
            let cell = |text: &str| text.replace('|', "\\|");
            out.push_str(&format!("| `{key}` | {must} | {} | {} |\n", cell(&self.kind(value)), cell(&meaning)));
        }
        out
    }

    /// Words to choose from, with what each means.
    fn words(&self, value: &Value) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for at in self.inner(value) {
            for choice in at.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
                let about = choice.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
                if let Some(word) = choice.get("const").and_then(Value::as_str)
                    && !about.is_empty()
                {
                    all.push((word.to_owned(), about));
                }
            }
        }
        all
    }

    /// Every object, by one way to it.
    fn objects(&self) -> BTreeMap<String, &Value> {
        let mut all = BTreeMap::new();
        let mut open = vec![(String::new(), &self.whole)];
        while let Some((way, at)) = open.pop() {
            assert!(way.len() < 400, "{way}: the schema contains itself");
            for here in self.inner(at) {
                let with = |step: &str| format!("{way}.{step}").trim_start_matches('.').to_owned();
                if let Some(properties) = here.get("properties").and_then(Value::as_object) {
                    all.insert(way.clone(), here);
                    open.extend(properties.iter().map(|(key, value)| (with(key), value)));
                }
                for key in ["items", "additionalProperties"] {
                    open.extend(here.get(key).filter(|v| v.is_object()).map(|to| (with("*"), to)));
                }
            }
        }
        all
    }
}

/// A page with its tables as the schema has them; and what they are of.
fn with_tables(page: &Page, shown: &mut Vec<(String, String)>) -> String {
    let mut out = String::new();
    let mut lines = page.text.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(what) = line.strip_prefix(BEGIN).and_then(|r| r.strip_suffix(" -->")) else { continue };
        let (name, way) = what.split_once(' ').unwrap_or((what, ""));
        shown.push((name.to_owned(), way.to_owned()));
        // An empty line, or a renderer takes the table for HTML.
        out.push_str(&format!("\n{}\n{END}\n", Schema::of(name).table(way)));
        let end = lines.by_ref().any(|l| l == END);
        assert!(end, "{}: the table “{what}” has no {END}", page.name());
    }
    out
}

#[test]
fn the_tables_of_the_configuration_are_those_of_the_schema() {
    let mut shown = Vec::new();
    let mut old = Vec::new();
    for path in files(Path::new("docs"), ".md") {
        let page = page(path);
        let now = with_tables(&page, &mut shown);
        if now != page.text {
            if update() {
                std::fs::write(root().join(&page.path), now).unwrap();
            } else {
                old.push(page.name());
            }
        }
    }
    assert!(old.is_empty(), "{old:?} are old: run UPDATE_DOCS=1 cargo test --test it docs::");
    assert!(shown.len() > 20, "only {} tables were found", shown.len());
    // Every object of every file is shown somewhere; what is the same in several places, once.
    let mut names: BTreeSet<String> = shown.iter().map(|(name, _)| name.clone()).collect();
    for folder in ["playbooks", "contacts", "channels"] {
        let stems = files(Path::new(folder), ".yaml")
            .into_iter()
            .map(|p| p.file_stem().unwrap().to_string_lossy().into_owned());
        names.extend(stems.filter(|stem| schema(stem).is_some()));
    }
    let schemas: BTreeMap<&str, Schema> = names.iter().map(|n| (n.as_str(), Schema::of(n))).collect();
    let shown: Vec<&Value> = shown
        .iter()
        .filter_map(|(name, way)| schemas.get(name.as_str()).and_then(|s| s.object(way)))
        .map(|o| o.get("properties").unwrap())
        .collect();
    let mut missing = Vec::new();
    for (name, schema) in &schemas {
        for (way, object) in schema.objects() {
            let small = schema.object_keys(object).is_some_and(|k| k == ["env", "file"]);
            if !small && !shown.contains(&object.get("properties").unwrap()) {
                missing.push(format!("{BEGIN}{name} {way} -->"));
            }
        }
    }
    assert!(missing.is_empty(), "no page has these tables:\n{}", missing.join("\n"));
}
