//! A folder of configuration that somebody else can write to: what is no file, what leads elsewhere, what is too much. All of it is
//! refused with its reason, and soon.

use std::path::Path;
use std::time::{Duration, Instant};

use vardkase::config::{CheckReport, FILES_MAX, Source, run_check};
use vardkase::domain::lang::Lang;

/// The built-in region in a folder of its own.
fn region() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in vardkase::config::minimal() {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    dir
}

/// No hostile file is looked at for longer, on a slow machine that does other things too.
const SOON: Duration = Duration::from_secs(60);

fn check(dir: &Path) -> CheckReport {
    let begun = Instant::now();
    let report = run_check(&Source::Dir(dir.into()), None, false);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    report
}

/// What is found first, since the rest may follow from it.
fn first(dir: &Path) -> (String, String) {
    let report = check(dir);
    assert_eq!(report.exit_code, 2);
    let first = report.diagnostics.first().expect("a mistake");
    (first.file.clone(), first.message.clone())
}

#[test]
fn what_is_no_file_or_leads_elsewhere_is_refused_with_its_reason() {
    let outside = tempfile::NamedTempFile::new().expect("a file");
    let link = |to: &Path, at: &Path| std::os::unix::fs::symlink(to, at).expect("a link");
    let kinds: [(&str, &dyn Fn(&Path)); 7] = [
        ("a named pipe", &|at| {
            let mode = rustix::fs::Mode::RUSR;
            rustix::fs::mknodat(rustix::fs::CWD, at, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        }),
        ("a socket", &|at| drop(std::os::unix::net::UnixListener::bind(at).expect("a socket"))),
        ("leads out of the folder", &|at| link(Path::new("/dev/zero"), at)),
        ("leads out of the folder", &|at| link(outside.path(), at)),
        ("leads out of the folder", &|at| link(Path::new("../../../../../../etc/passwd"), at)),
        ("it is not there", &|at| link(Path::new("nowhere.yaml"), at)),
        ("a link to itself", &|at| link(Path::new("a.yaml"), at)),
    ];
    for (reason, make) in kinds {
        let dir = region();
        make(&dir.path().join("playbooks/a.yaml"));
        let (file, message) = first(dir.path());
        assert_eq!(file, "playbooks/a.yaml");
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn a_folder_that_leads_elsewhere_is_refused_and_a_link_within_is_read() {
    let (dir, other) = (region(), region());
    let groups = dir.path().join("contacts/groups.yaml");
    std::fs::rename(&groups, dir.path().join("contacts/.groups-2")).expect("moved");
    std::os::unix::fs::symlink(".groups-2", &groups).expect("a link");
    assert_eq!(check(dir.path()).exit_code, 0, "{}", check(dir.path()).text(Lang::EN));
    std::fs::remove_dir_all(dir.path().join("contacts")).expect("removed");
    std::os::unix::fs::symlink(other.path().join("contacts"), dir.path().join("contacts")).expect("a link");
    let (file, message) = first(dir.path());
    assert_eq!(file, "contacts");
    assert!(message.contains("leads out of the folder"), "{message}");
}

#[test]
fn missing_files_and_folders_are_the_one_thing_that_is_said() {
    let text = |dir: &Path| check(dir).text(Lang::EN);
    let empty = tempfile::tempdir().expect("a folder");
    assert!(text(empty.path()).contains("there is no configuration in"), "{}", text(empty.path()));
    assert_eq!(check(empty.path()).counts(), (1, 0));
    assert_eq!(check(&empty.path().join("nothing")).counts(), (1, 0));
    for gone in ["channels", "contacts", "playbooks", "playbooks/readiness.yaml", "contacts/organisation.yaml"] {
        let dir = region();
        let at = dir.path().join(gone);
        if at.is_dir() { std::fs::remove_dir_all(at) } else { std::fs::remove_file(at) }.expect("removed");
        let report = check(dir.path());
        assert_eq!(report.counts().0, 1, "{}", report.text(Lang::EN));
        let first = &report.diagnostics[0];
        assert!(first.file.trim_end_matches('/') == gone && first.message.contains("is missing"), "{first:?}");
    }
}

#[test]
fn what_is_too_much_is_refused_soon_with_the_name_of_the_limit() {
    let many = |n: usize, entry: &dyn Fn(usize) -> String| (0..n).map(entry).collect::<String>();
    let files: [(&str, String); 10] = [
        ("FILE_BYTES_MAX", many(800_000, &|i| format!("  key-{i}: [tib]\n"))),
        ("ENTRIES_MAX", format!("groups:\n{}", many(200_000, &|i| format!("  k{i}: 1\n")))),
        ("ENTRIES_MAX", format!("groups:\n  a:\n{}", many(200_000, &|_| "  - b\n".into()))),
        ("NODES_MAX", format!("groups:\n{}", many(4_000, &|i| format!("  k{i}: [{}]\n", "a,".repeat(60))))),
        ("MISTAKES_MAX", format!("groups:\n{}", many(4_000, &|_| "  a: [tib]\n".into()))),
        ("MISTAKES_MAX", format!("groups:\n{}", many(3_000, &|i| format!("  k{i}: [tibb{i}, itt{i}]\n")))),
        ("LINE_BYTES_MAX", format!("groups: {{ a: [{}] }}\n", "tib, ".repeat(700_000))),
        ("DEPTH_MAX", format!("groups:\n{}", "[\n".repeat(1_000_000))),
        ("DEPTH_MAX", many(200, &|i| format!("{}a:\n", " ".repeat(i)))),
        ("here stands U+0000", "\0\n".repeat(1_000_000)),
    ];
    for (limit, text) in files {
        let dir = region();
        std::fs::write(dir.path().join("contacts/groups.yaml"), text).expect("a file");
        let text = check(dir.path()).text(Lang::EN);
        assert!(text.contains(limit), "{limit}: {}", text.chars().take(2_000).collect::<String>());
        assert!(text.len() < 400_000, "{limit}: {}", text.len());
    }
    let bomb = (1..40).fold("groups:\n  a0: &a0 [tib, tib]\n".to_owned(), |all, i| {
        format!("{all}  a{i}: &a{i} [*a{}, *a{}]\n", i - 1, i - 1)
    });
    let dir = region();
    std::fs::write(dir.path().join("contacts/groups.yaml"), bomb).expect("a file");
    assert!(check(dir.path()).text(Lang::EN).contains("aliases are not used here"));
}

#[test]
fn too_many_files_and_bytes_are_refused_with_the_name_of_the_limit() {
    let dir = region();
    for i in 0..FILES_MAX {
        std::fs::write(dir.path().join(format!("playbooks/p{i}.yaml")), "playbook: x\n").expect("a file");
    }
    assert!(first(dir.path()).1.contains("(FILES_MAX)"));
    let dir = region();
    for i in 0..10 {
        let line = format!("# {}\n", "x".repeat(4_000));
        std::fs::write(dir.path().join(format!("playbooks/p{i}.yaml")), line.repeat(1_000)).expect("a file");
    }
    let report = check(dir.path());
    assert!(report.diagnostics.iter().any(|d| d.message.contains("(TOTAL_BYTES_MAX)")), "{}", report.text(Lang::EN));
}
