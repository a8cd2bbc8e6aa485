//! `vardkase config print`: files to take along, from a folder and without a server.

use vardkase::sim::hylafax::pdf;

use super::run;

const REGION: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_directory_and_the_plan_are_printed_from_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (paper, language, title) in
        [("directory", "sv", "Katalog"), ("plan", "sv", "Beredskapsplan"), ("plan", "en", "Plan of readiness")]
    {
        let (to_pdf, to_html) = (path(&format!("{paper}.{language}.pdf")), path(&format!("{paper}.{language}.html")));
        let args = [
            "config",
            "print",
            paper,
            "--config",
            REGION,
            "--language",
            language,
            "--pdf",
            &to_pdf,
            "--html",
            &to_html,
        ];
        // Twice: a newer one takes the place of the one before.
        for _ in 0..2 {
            let ran = run(&args);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(ran.out.contains(&to_pdf) && ran.out.contains(&to_html), "{}", ran.out);
        }
        let pages = pdf::whole_pages(&std::fs::read(&to_pdf).unwrap()).unwrap();
        let html = std::fs::read_to_string(&to_html).unwrap();
        for text in pages.iter().chain([&html]) {
            assert!(text.contains(title) && text.contains("Påhittad region") && !text.contains("+46"), "{text}");
        }
        assert!(html.contains("<style>") && !html.contains("http"), "it needs nothing else");
    }
}

#[test]
fn numbers_that_may_not_stand_in_texts_are_printed_for_the_owner_of_the_machine_alone() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("safe.pdf").to_str().unwrap().to_owned();
    let page = dir.path().join("safe.html").to_str().unwrap().to_owned();
    let args = ["config", "print", "directory", "--with-numbers", "--pdf", &to, "--html", &page];
    let ran = run(&args);
    assert_eq!(ran.code, 2, "whose numbers? {}", ran.err);
    let with = [&args[..], &["--config", REGION, "--language", "sv"]].concat();
    let ran = run(&with);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let pages = pdf::whole_pages(&std::fs::read(&to).unwrap()).unwrap();
    for page in &pages {
        assert!(page.contains("SEKRETESS"), "{page}");
    }
    let html = std::fs::read_to_string(&page).unwrap();
    for text in [&pages.concat(), &html] {
        assert!(text.contains("+46701740605") && text.contains("0980-319 241"), "an address, and a hidden telephone");
    }
    #[cfg(unix)]
    for file in [&to, &page] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    // A file that is there, or a link to another place, is not written through.
    assert_eq!(run(&with).code, 2, "it is there already");
}

#[test]
fn what_can_not_be_printed_is_said_with_what_to_do() {
    let ran = run(&["config", "print", "plan"]);
    assert!(ran.code == 2 && ran.err.contains("--pdf FILE"), "{}", ran.err);
    let ran = run(&["config", "print", "plan", "--pdf", "/nowhere/at/all.pdf"]);
    assert!(ran.code == 2 && ran.err.contains("/nowhere/at/all.pdf"), "{}", ran.err);
    assert_eq!(run(&["config", "print", "weather", "--pdf", "x.pdf"]).code, 2);
}
