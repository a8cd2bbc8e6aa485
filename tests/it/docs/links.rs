//! Every relative link and every anchor leads somewhere, every page is in the table of contents, pictures are small.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::{Page, docs, files, page, pages, root};

/// Pictures are looked at over bad lines too, in bytes.
const PICTURE_BYTES_MAX: u64 = 150 * 1024;

/// `a/b/../c` as `a/c`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let mut out = String::new();
    // Links and code in a heading count by their words.
    let text = heading.replace("](", " ](").replace('`', "");
    let text = text.split(" ](").next().unwrap_or_default().replace(['[', '*'], "");
    for c in text.trim().to_lowercase().chars() {
        match c {
            ' ' => out.push('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => out.push(c),
            _ => {}
        }
    }
    out
}

/// Every anchor of a page: its headings, and what is named by `<a id="…">`.
pub(super) fn anchors(page: &Page) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (_, line) in page.prose() {
        if let Some(heading) = line.strip_prefix('#') {
            let base = slug(heading.trim_start_matches('#'));
            let free = (0..).map(|n| if n == 0 { base.clone() } else { format!("{base}-{n}") });
            let free = free.take(1_000).find(|s| !all.contains(s));
            all.extend(free);
        }
        for rest in line.split("id=\"").skip(1) {
            all.extend(rest.split('"').next().map(str::to_owned));
        }
    }
    all
}

/// Where a page's links go, with the line that they stand in.
fn targets(page: &Page) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (n, line) in page.prose() {
        // Code in a line is not a link.
        let text: String =
            line.split('`').enumerate().map(|(i, s)| if i % 2 == 0 { s } else { "code" }).collect::<Vec<_>>().join("");
        for rest in text.split("](").skip(1) {
            let end = rest.find(')').unwrap_or_else(|| panic!("{}:{n}: a link does not end", page.name()));
            all.push((n, rest[..end].split(" \"").next().unwrap_or_default().to_owned()));
        }
        for word in ["src=\"", "href=\""] {
            for rest in text.split(word).skip(1) {
                all.extend(rest.split('"').next().map(|t| (n, t.to_owned())));
            }
        }
    }
    all
}

#[test]
fn every_link_leads_somewhere() {
    let all = pages();
    let known: BTreeMap<PathBuf, BTreeSet<String>> = all.iter().map(|p| (p.path.clone(), anchors(p))).collect();
    let mut wrong = Vec::new();
    for page in &all {
        for (n, target) in targets(page) {
            if ["http://", "https://", "mailto:"].iter().any(|s| target.starts_with(s)) {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = match file {
                "" => page.path.clone(),
                file => plain(&page.path.parent().unwrap().join(file)),
            };
            if !root().join(&to).exists() {
                wrong.push(format!("{}:{n}: {target}: there is no {}", page.name(), to.display()));
            } else if !anchor.is_empty() && !known.get(&to).is_some_and(|a| a.contains(anchor)) {
                wrong.push(format!("{}:{n}: {target}: {} has no such anchor", page.name(), to.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let summary = page("docs/SUMMARY.md");
    let mut listed = BTreeSet::new();
    for (_, target) in targets(&summary) {
        let to = plain(&Path::new("docs").join(&target));
        assert!(listed.insert(to), "SUMMARY.md lists {target} twice");
    }
    let missing: Vec<String> =
        docs().iter().filter(|p| p.path != summary.path && !listed.contains(&p.path)).map(Page::name).collect();
    assert!(missing.is_empty(), "SUMMARY.md does not list {missing:?}");
}

#[test]
fn every_page_begins_with_its_title_and_names_no_machine() {
    for page in pages() {
        let first = page.text.lines().find(|l| !l.trim().is_empty() && !l.starts_with("<!--")).unwrap_or_default();
        assert!(first.starts_with("# "), "{} does not begin with a title", page.name());
        for word in ["/work/", "/root/", "/tmp/wt", "TODO", "FIXME", "HOUSE"] {
            assert!(!page.text.contains(word), "{} has {word}", page.name());
        }
    }
}

#[test]
fn every_picture_is_small_and_is_shown() {
    let shown: String = pages().into_iter().map(|p| p.text).collect();
    for picture in files(Path::new("docs"), ".png") {
        let bytes = std::fs::metadata(root().join(&picture)).unwrap().len();
        assert!(bytes <= PICTURE_BYTES_MAX, "{} has {bytes} bytes", picture.display());
        let name = picture.file_name().unwrap().to_string_lossy().into_owned();
        assert!(shown.contains(&name), "no page shows {}", picture.display());
    }
}

#[test]
fn anchors_are_as_readers_know_them() {
    for (heading, expected) in
        [("Two commands", "two-commands"), ("`smpp`: SMPP 3.4", "smpp-smpp-34"), ("At 03.12", "at-0312")]
    {
        assert_eq!(slug(heading), expected);
    }
}
