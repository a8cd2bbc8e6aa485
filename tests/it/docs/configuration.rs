//! YAML in the documents loads. What is to be checked is marked on the line above the fence:
//!
//! ```text
//! <!-- yaml: playbooks/ehr-down.yaml -->              the whole file, in place of the shipped one
//! <!-- yaml: channels/sms.yaml gateways -->           entries of that mapping; those of the same name are replaced
//! ```

use std::path::Path;

use vardkase::config::{Source, load};

use super::{docs, files, page, pages, root};

const MARK: &str = "<!-- yaml: ";

/// The shipped folders, in a folder of the test's own.
fn shipped(dir: &Path) {
    for folder in ["playbooks", "contacts", "channels"] {
        for end in [".yaml", ".ics"] {
            for path in files(Path::new(folder), end) {
                let to = dir.join(&path);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(root().join(&path), to).unwrap();
            }
        }
    }
}

/// The file with these entries of a top-level mapping; entries of the same names are replaced.
fn merged(file: &str, mapping: &str, entries: &[&str]) -> String {
    let own = |line: &str| line.strip_prefix("  ").filter(|l| !l.starts_with([' ', '#', '-'])).is_some();
    let name = |line: &str| line.trim().split(':').next().unwrap_or_default().to_owned();
    let given: Vec<String> = entries.iter().filter(|l| own(l)).map(|l| name(l)).collect();
    let head = format!("{mapping}:");
    let (mut out, mut inside, mut skipped, mut there) = (Vec::new(), false, false, false);
    for line in file.lines() {
        if !line.starts_with([' ', '#']) && !line.is_empty() {
            inside = line.split(" #").next().unwrap_or_default().trim_end() == head;
            skipped = false;
            out.push(line);
            if inside {
                there = true;
                out.extend(entries);
            }
            continue;
        }
        if inside && own(line) {
            skipped = given.contains(&name(line));
        }
        if !skipped {
            out.push(line);
        }
    }
    if !there {
        out.push(&head);
        out.extend(entries);
    }
    out.join("\n") + "\n"
}

#[test]
fn marked_configuration_in_the_documents_loads() {
    let (mut wrong, mut found) = (Vec::new(), 0);
    for page in pages() {
        for fence in page.fences().iter().filter(|f| f.kind == "yaml") {
            let Some(mark) = fence.before.strip_prefix(MARK).and_then(|m| m.strip_suffix(" -->")) else { continue };
            found += 1;
            let dir = tempfile::tempdir().unwrap();
            shipped(dir.path());
            let (file, mapping) = mark.split_once(' ').unwrap_or((mark, ""));
            let path = dir.path().join(file);
            let text = match mapping {
                "" => fence.inside.join("\n") + "\n",
                mapping => {
                    let before = std::fs::read_to_string(&path).unwrap_or_default();
                    // The fence may show the mapping's own name.
                    let shown = format!("{mapping}:");
                    let entries: Vec<&str> = fence
                        .inside
                        .iter()
                        .copied()
                        .filter(|l| l.split(" #").next().unwrap_or_default().trim_end() != shown)
                        .collect();
                    merged(&before, mapping, &entries)
                }
            };
            std::fs::write(&path, &text).unwrap();
            if let Err(list) = load(&Source::Dir(dir.path().to_path_buf())) {
                let said: Vec<String> =
                    list.iter().map(|d| format!("    {}:{}: {}", d.file, d.line, d.message)).collect();
                wrong.push(format!("{}:{}:\n{}", page.name(), fence.line, said.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found > 10, "only {found} marked pieces were found");
}

#[test]
fn every_yaml_in_the_pages_on_configuration_is_marked() {
    let mut wrong = Vec::new();
    for page in docs().iter().filter(|p| p.name().starts_with("docs/configure/")) {
        for fence in page.fences().iter().filter(|f| f.kind == "yaml" && !f.before.starts_with(MARK)) {
            wrong.push(format!("{}:{}", page.name(), fence.line));
        }
    }
    assert!(wrong.is_empty(), "these are checked by nothing; mark them, or fence them as text:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_three_folders_has_its_page() {
    let index = page("docs/configure/README.md").text;
    for folder in ["playbooks", "contacts", "channels"] {
        for path in files(Path::new(folder), ".yaml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_playbook = std::fs::read_to_string(root().join(&path)).unwrap().contains("\nplaybook: ")
                || std::fs::read_to_string(root().join(&path)).unwrap().starts_with("playbook: ");
            assert!(
                is_playbook || index.contains(&format!("`{name}`")),
                "docs/configure/README.md does not name {name}"
            );
        }
    }
}

#[test]
fn entries_replace_those_of_the_same_name() {
    let file = "# a\ngateways:\n  # b\n  one:\n    x: 1\n  two: { y: 2 }\nmore: 1\n";
    let now = merged(file, "gateways", &["  two: { y: 3 }", "  three: {}"]);
    assert_eq!(now, "# a\ngateways:\n  two: { y: 3 }\n  three: {}\n  # b\n  one:\n    x: 1\nmore: 1\n");
    assert_eq!(merged("a: 1\n", "b", &["  c: 1"]), "a: 1\nb:\n  c: 1\n");
}
