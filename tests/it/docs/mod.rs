//! The documents are true: links lead somewhere, tables are those of the schema, quoted commands are understood, configuration
//! in them loads, every alarm and metric is explained, and what comments name exists.
//!
//! `UPDATE_DOCS=1 cargo test --test it docs::` writes the generated tables anew.

mod alarms;
mod api;
mod commands;
mod configuration;
mod links;
mod named;
mod shown_by;
mod state_file;
mod tables;
mod texts;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A page: its path from the root of the repository, and its text.
struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    fn name(&self) -> String {
        self.path.to_string_lossy().replace('\\', "/")
    }
    /// The lines outside fenced code, with their numbers.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut fenced = false;
        self.text.lines().enumerate().filter_map(move |(n, line)| {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                return None;
            }
            (!fenced).then_some((n + 1, line))
        })
    }
    /// Fenced blocks: the line before, the word behind the fence, the lines inside.
    fn fences(&self) -> Vec<Fence<'_>> {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut all = Vec::new();
        let mut n = 0;
        while n < lines.len() {
            if let Some(kind) = lines[n].trim_start().strip_prefix("```") {
                let end =
                    (n + 1..lines.len()).find(|i| lines[*i].trim_start().starts_with("```")).unwrap_or(lines.len());
                let before = (0..n).rev().map(|i| lines[i]).find(|l| !l.trim().is_empty()).unwrap_or_default();
                all.push(Fence { line: n + 1, before, kind: kind.trim(), inside: lines[n + 1..end].to_vec() });
                n = end;
            }
            n += 1;
        }
        all
    }
}

struct Fence<'a> {
    line: usize,
    before: &'a str,
    kind: &'a str,
    inside: Vec<&'a str>,
}

/// Every file below a folder whose name ends so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                all.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    all.sort();
    all
}

fn page(path: impl Into<PathBuf>) -> Page {
    let path = path.into();
    let text = std::fs::read_to_string(root().join(&path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Page { path, text }
}

/// All Markdown of the repository.
fn pages() -> Vec<Page> {
    let top = std::fs::read_dir(root()).unwrap().map(|e| PathBuf::from(e.unwrap().file_name()));
    let mut all: Vec<PathBuf> = top.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    for folder in ["docs", "layout", "assets"] {
        all.extend(files(Path::new(folder), ".md"));
    }
    all.sort();
    all.into_iter().map(page).collect()
}

fn docs() -> Vec<Page> {
    files(Path::new("docs"), ".md").into_iter().map(page).collect()
}

/// True when generated parts are to be written.
fn update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some_and(|v| v == "1")
}
