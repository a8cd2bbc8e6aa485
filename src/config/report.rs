//! What `vardkase check` found, for terminals and editors.

use serde::Serialize;

use super::check::Depth;
use super::load::load_all;
use super::proofs::Proofs;
use super::source::Source;
use crate::domain::lang::Lang;
use crate::words::cli as words;
use crate::yaml::diagnostics::{Diagnostic, Severity, render_text};

/// What `vardkase check` found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Everything, by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// 0: fine, perhaps with warnings. 2: errors.
    pub exit_code: u8,
}

/// Checks a configuration, with what is known of its addresses. With `strict`, warnings are errors.
pub fn run_check(source: &Source, proofs: Option<&Proofs>, strict: bool) -> CheckReport {
    let (_, diagnostics) = load_all(source, Depth::Check, proofs);
    CheckReport { diagnostics: Vec::new(), exit_code: 0 }.and(diagnostics, strict)
}

impl CheckReport {
    /// With what else was found.
    pub fn and(mut self, more: impl IntoIterator<Item = Diagnostic>, strict: bool) -> Self {
        self.diagnostics.extend(more);
        if strict {
            self.diagnostics.iter_mut().for_each(|d| d.severity = Severity::Error);
        }
        let errors = self.diagnostics.iter().any(|d| d.severity == Severity::Error);
        self.exit_code = if errors { 2 } else { 0 };
        self
    }
    /// How many errors and how many warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        (errors, self.diagnostics.len() - errors)
    }
    /// For a terminal. What was found is English; how much it is stands in that language.
    pub fn text(&self, lang: Lang) -> String {
        let (errors, warnings) = self.counts();
        let mut out = render_text(&self.diagnostics);
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&match (errors, warnings) {
            (0, 0) => words::CHECK_FINE.say(lang).to_owned(),
            (0, w) => words::check_fine_with(lang, words::check_warnings(lang, w)),
            (e, 0) => words::check_errors(lang, e),
            (e, w) => format!("{}, {}", words::check_errors(lang, e), words::check_warnings(lang, w)),
        });
        out.push('\n');
        out
    }
    /// The report as JSON for editors.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|_| "{}".into())
    }
}
