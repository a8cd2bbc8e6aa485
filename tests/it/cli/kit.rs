//! `vardkase kit`, and what `check` says of an old one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::run;

/// A kit of the shipped region, and where it lies.
fn made(dir: &Path) -> PathBuf {
    let ran = run(&["kit", "--out", dir.to_str().unwrap(), "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(told["sealed"], false);
    PathBuf::from(told["kit"].as_str().unwrap())
}

/// What `check` says of the kit in that folder.
fn judged(dir: &Path) -> Vec<String> {
    let ran = run(&["check", "--kit", dir.to_str().unwrap(), "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    let of_kit = told["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == "kit");
    of_kit.map(|d| d["message"].as_str().unwrap().to_owned()).collect()
}

fn label(kit: &Path, change: impl FnOnce(&mut Value)) {
    let path = kit.join("kit.json");
    let mut label: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut label);
    fs::write(path, label.to_string()).unwrap();
}

#[test]
fn a_kit_is_whole_for_its_owner_alone_and_runs_by_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let kit = made(dir.path());
    let mode = |path: &str| fs::metadata(kit.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("config"), mode("vardkase"), mode("directory-sv.pdf")), (0o700, 0o700, 0o700, 0o600));
    for paper in ["directory", "plan", "forms"] {
        for lang in ["sv", "en"] {
            assert!(fs::read(kit.join(format!("{paper}-{lang}.pdf"))).unwrap().starts_with(b"%PDF-"));
            assert!(
                fs::read_to_string(kit.join(format!("{paper}-{lang}.html"))).unwrap().starts_with("<!doctype html>")
            );
        }
    }
    let numbers = fs::read_to_string(kit.join("directory-sv.html")).unwrap();
    assert!(numbers.contains("+46701740605"), "every number is there: nothing else may be");
    assert!(fs::read_to_string(kit.join("README.txt")).unwrap().contains("--config config"));
    let program = kit.join("vardkase");
    let config = kit.join("config");
    let ran = std::process::Command::new(program).args(["check", "--config"]).arg(config).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    // A second one lies beside it, and the first is as it was.
    let before = fs::read(kit.join("kit.json")).unwrap();
    let names = |dir: &Path| fs::read_dir(dir).unwrap().count();
    if made(dir.path()) != kit {
        assert_eq!(names(dir.path()), 2);
    }
    assert_eq!(fs::read(kit.join("kit.json")).unwrap(), before);
}

#[test]
fn check_says_of_a_kit_that_it_is_old_damaged_of_another_configuration_or_missing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(judged(dir.path()), ["there is no kit"]);
    assert!(judged(&dir.path().join("nowhere"))[0].starts_with("no kit can be read there"));
    let kit = made(dir.path());
    assert_eq!(judged(dir.path()), [""; 0], "young, whole and of this configuration");
    let name = kit.file_name().unwrap().to_str().unwrap().to_owned();
    let ago = |days: i64| (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days)).to_string();
    label(&kit, |l| l["made"] = json!(ago(6)));
    assert_eq!(judged(dir.path()), [""; 0]);
    label(&kit, |l| l["made"] = json!(ago(8)));
    assert_eq!(judged(dir.path()), [format!("{name} is 8 days old")]);
    fs::write(kit.join("config/contacts/functions.yaml"), "functions: {}\n").unwrap();
    assert_eq!(
        judged(dir.path()),
        [format!("{name} is damaged: config/contacts/functions.yaml is not as it was made")]
    );
    label(&kit, |l| l["plan"] = json!("0000"));
    assert_eq!(judged(dir.path()), [format!("{name} is of another configuration")]);
    fs::write(kit.join("kit.json"), "{").unwrap();
    assert_eq!(judged(dir.path()), [format!("{name} is damaged: it has no kit.json")]);
    // What is half made is none, and an envelope tells its age by its name.
    fs::create_dir(dir.path().join("kit-2999-01-01-000000.part")).unwrap();
    fs::write(dir.path().join("kit-2998-01-01-000000.tar.age"), "closed").unwrap();
    assert_eq!(judged(dir.path()), [""; 0]);
    fs::remove_dir_all(&kit).unwrap();
    fs::rename(dir.path().join("kit-2998-01-01-000000.tar.age"), dir.path().join("kit-2020-01-01-000000.tar.age"))
        .unwrap();
    assert!(judged(dir.path())[0].ends_with("days old"));
}

#[test]
fn what_can_not_be_written_or_sealed_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let ran = run(&["kit", "--out", dir.path().to_str().unwrap(), "--age", "age1nobody"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("age1nobody") && ran.err.contains("age-keygen"), "{}", ran.err);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let ran = run(&["kit", "--out", file.join("under").to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("kit-not-written") || ran.out.contains("kit-not-written"), "{} {}", ran.out, ran.err);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
