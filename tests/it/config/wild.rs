//! No bytes bring the loader down: it answers with diagnostics, whatever stands in the files.

use std::path::Path;

use proptest::prelude::*;
use vardkase::config::{Source, run_check};
use vardkase::domain::lang::Lang;

fn shipped() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["channels", "contacts", "playbooks"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push((format!("{folder}/{name}"), std::fs::read_to_string(entry.path()).expect("a file")));
        }
    }
    files.sort();
    files
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

#[test]
fn a_file_that_was_cut_off_is_said_not_fatal() {
    let files = shipped();
    for (i, (path, text)) in files.iter().enumerate() {
        for step in 0..12 {
            let cut = boundary(text, text.len() * step / 12);
            let mut changed = files.clone();
            changed[i].1 = text[..cut].to_owned();
            let report = run_check(&Source::Files(changed), None, false);
            assert!(report.exit_code == 0 || !report.diagnostics.is_empty(), "{path} cut at {cut}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_file(which in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut files = shipped();
        let i = which.index(files.len());
        files[i].1 = String::from_utf8_lossy(&bytes).into_owned();
        run_check(&Source::Files(files), None, true);
    }

    #[test]
    fn any_yaml_like_text_in_any_file(which in any::<prop::sample::Index>(), text in "([a-zåäö]{1,6}: ?|- |\\[|\\]|\\{|\\}|, |\n|  |'|\"|&a |\\*a|!!x |\\||>|%|#|[0-9]{1,4}){0,60}") {
        let mut files = shipped();
        let i = which.index(files.len());
        files[i].1 = text;
        run_check(&Source::Files(files), None, true);
    }

    #[test]
    fn any_value_replaced(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), len in 0_usize..30, with in "\\PC{0,12}") {
        let mut files = shipped();
        let i = which.index(files.len());
        let text = &files[i].1;
        let from = boundary(text, at.index(text.len()));
        let to = boundary(text, from + len).max(from);
        files[i].1 = format!("{}{with}{}", &text[..from], &text[to..]);
        let report = run_check(&Source::Files(files), None, false);
        let _ = (report.text(Lang::EN), report.json());
    }
}
