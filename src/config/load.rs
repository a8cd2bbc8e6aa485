//! From files to a checked plan: each step knows those before it, and none after it.

use super::check::{self, Depth};
use super::loaded::Loaded;
use super::proofs::Proofs;
use super::source::{self, Source};
use super::{parse, resolve};
use crate::yaml::{Diagnostic, Severity};

/// Reads, resolves and checks a configuration.
///
/// # Errors
/// Every mistake of all files, warnings included, sorted by file and line, when there is at least one error.
pub fn load(source: &Source) -> Result<Loaded, Vec<Diagnostic>> {
    load_to(source, Depth::Start)
}

/// The same, as closely as `check` looks: for a configuration that is to be taken while the old one still holds.
///
/// # Errors
/// As [`load`].
pub fn load_checked(source: &Source) -> Result<Loaded, Vec<Diagnostic>> {
    load_to(source, Depth::Check)
}

fn load_to(source: &Source, depth: Depth) -> Result<Loaded, Vec<Diagnostic>> {
    let (loaded, list) = load_all(source, depth, None);
    match loaded {
        Some(loaded) if list.iter().all(|d| d.severity == Severity::Warning) => Ok(Loaded { warnings: list, ..loaded }),
        _ => Err(list),
    }
}

/// The same, keeping what could be read when there are errors (for `check`).
pub(super) fn load_all(from: &Source, depth: Depth, proofs: Option<&Proofs>) -> (Option<Loaded>, Vec<Diagnostic>) {
    let (files, unread, mut found) = source::read(from);
    let hash = source::hash(&files);
    let raw = parse::parse(&files, &unread, &mut found);
    let base = match from {
        Source::Dir(dir) => Some(dir.as_path()),
        Source::Shipped | Source::Files(_) => None,
    };
    let resolved = resolve::resolve(&raw, base, &mut found);
    let mut loaded = resolved.loaded;
    loaded.plan.hash = match resolved.places.notes_of_the_program {
        // Another program may have other notes: with them it is another plan, though no file changed.
        true => source::hash_with_notes(&files),
        false => hash,
    };
    loaded.plan.index();
    if let Some(proofs) = proofs {
        proofs.date(&mut loaded.plan, &loaded.contacts);
    }
    // A circle is one whatever else is wrong: names that lead nowhere were left out of it.
    let circles = check::circles(&loaded.plan, &resolved.places, &mut found);
    // With a broken file or a name that leads nowhere, what is missing elsewhere would be guessed.
    let sound = !raw.broken.any() && !found.has_unknown_names() && !loaded.plan.functions.is_empty();
    if sound {
        check::run(&loaded, depth, &resolved.places, circles, &mut found);
        if let Some(proofs) = proofs {
            proofs.judge(&loaded.plan, &resolved.places, &mut found);
        }
    }
    let loaded = (sound && !found.has_errors()).then_some(loaded);
    (loaded, found.into_sorted())
}
