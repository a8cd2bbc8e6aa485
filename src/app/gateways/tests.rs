use std::path::Path;

use super::*;
use crate::app::training::Operation;
use crate::config::{Source, load};

/// The shipped files, each secret in a file of that folder instead of the environment.
fn files(secrets: &Path) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["channels", "contacts", "playbooks"] {
        for file in std::fs::read_dir(root.join(folder)).expect("a shipped folder") {
            let name = file.expect("a shipped file").file_name().into_string().expect("a plain name");
            if !name.ends_with(".yaml") {
                continue;
            }
            let text = std::fs::read_to_string(root.join(folder).join(&name)).expect("a shipped file");
            let text = text.replace("{ env: ", &format!("{{ file: {}/", secrets.display()));
            files.push((format!("{folder}/{name}"), text));
        }
    }
    files
}

const SECRETS: [&str; 5] = [
    "VARDKASE_SMS_API_PASSWORD",
    "VARDKASE_SMS_MODEM_PASSWORD",
    "VARDKASE_SMS_MODEM_CALLBACK",
    "VARDKASE_FAX_IP_PASSWORD",
    "VARDKASE_FAX_MOB_PASSWORD",
];

fn secrets() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for name in SECRETS {
        std::fs::write(dir.path().join(name), format!("hemligt-nog-{}-4f1c9a07", name.len())).expect("a secret");
    }
    dir
}

fn loaded(files: Vec<(String, String)>) -> Loaded {
    load(&Source::Files(files)).unwrap_or_else(|all| panic!("{all:#?}"))
}

fn env() -> Env {
    let now = || "2008-12-18T09:45:00Z".parse().expect("a time");
    Env { now: Arc::new(now), public_url: Some("https://larm.region.example/".into()), mail_key: [14; 32] }
}

fn why(built: &Built) -> Option<&str> {
    built.gateway.as_ref().err().map(String::as_str)
}

#[test]
fn every_shipped_gateway_builds() {
    let dir = secrets();
    let loaded = loaded(files(dir.path()));
    let all = build(&loaded, &env(), &Ends::of(Operation::Real), &|_| true);
    let ids: Vec<&str> = all.iter().map(|b| b.id.as_str()).collect();
    assert_eq!(
        ids,
        ["sms-api", "sms-modem", "mail-int", "mail-ext", "fax-ip", "fax-mob", "page-fs", "page-hs", "page-ls"],
        "pages and walks have no gateway"
    );
    for b in &all {
        assert_eq!(why(b), None, "{}", b.id);
        assert!(b.warnings.is_empty());
        assert_eq!(loaded.plan.gateways[b.gx.ix()].id, b.id);
        let keeps = b.gateway.as_ref().is_ok_and(|g| g.keeps_jobs());
        assert_eq!(keeps, b.channel == Channel::Fax, "{}", b.id);
        assert_eq!(b.callback.is_some(), b.id.as_str() == "sms-modem");
    }
    let api = Bounds {
        queue_len_max: 10_000,
        per_second_max: 100,
        per_minute_max: 0,
        connections_max: 2,
        window_max: 32,
        timeout_s: 10,
    };
    assert_eq!(all[0].bounds, api);
    let fax = Bounds {
        queue_len_max: 1_000,
        per_second_max: 0,
        per_minute_max: 0,
        connections_max: 4,
        window_max: 1,
        timeout_s: 30,
    };
    assert_eq!((all[4].bounds, all[4].bounds.in_hand_max()), (fax, 4));
}

#[test]
fn a_missing_secret_costs_one_gateway_and_says_which() {
    let dir = secrets();
    std::fs::remove_file(dir.path().join("VARDKASE_SMS_API_PASSWORD")).expect("a secret");
    std::fs::write(dir.path().join("VARDKASE_FAX_MOB_PASSWORD"), "\n").expect("a secret");
    std::fs::remove_file(dir.path().join("VARDKASE_SMS_MODEM_CALLBACK")).expect("a secret");
    let all = build(&loaded(files(dir.path())), &env(), &Ends::of(Operation::Real), &|_| true);
    let broken: Vec<&str> = all.iter().filter(|b| b.gateway.is_err()).map(|b| b.id.as_str()).collect();
    assert_eq!(broken, ["sms-api", "fax-mob"]);
    let missing = why(&all[0]).expect("a reason");
    assert!(missing.starts_with("its password is missing: ") && missing.contains("VARDKASE_SMS_API_PASSWORD"));
    assert!(missing.ends_with("put it there and reload"), "{missing}");
    assert!(why(&all[5]).expect("a reason").starts_with("its password is empty: "));
    // Without a way back it still sends.
    assert!(all[1].callback.is_none() && all[1].gateway.is_ok());
    assert!(
        all[1].warnings[0].starts_with("no receipts and no answers come in over it: its callback_secret is missing")
    );
}

#[test]
fn a_callback_secret_that_breaks_an_address_is_not_used() {
    let dir = secrets();
    std::fs::write(dir.path().join("VARDKASE_SMS_MODEM_CALLBACK"), "a/b").expect("a secret");
    let all = build(&loaded(files(dir.path())), &env(), &Ends::of(Operation::Real), &|_| true);
    assert!(all[1].callback.is_none() && all[1].warnings[0].contains("only letters, digits"));
}

#[test]
fn a_callback_secret_that_can_be_guessed_is_not_used() {
    let dir = secrets();
    for weak in ["x", "hemligt", "aaaaaaaaaaaaaaaaaaaa"] {
        std::fs::write(dir.path().join("VARDKASE_SMS_MODEM_CALLBACK"), weak).expect("a secret");
        let all = build(&loaded(files(dir.path())), &env(), &Ends::of(Operation::Real), &|_| true);
        assert!(all[1].callback.is_none() && all[1].gateway.is_ok());
        assert!(all[1].warnings[0].contains("openssl rand -hex 16"), "{:?}", all[1].warnings);
    }
}

#[test]
fn a_gateway_that_signs_is_not_believed_without_the_secret_to_check_it() {
    let dir = secrets();
    let signed = |dir: &Path| {
        let entry =
            format!("callback_signature: {{ header: X-Signature, secret: {{ file: {}/signature }} }}", dir.display());
        let add =
            |text: String| text.replace("      callback_secret:", &format!("      {entry}\n      callback_secret:"));
        let files = files(dir).into_iter().map(|(name, text)| (name, add(text))).collect();
        build(&loaded(files), &env(), &Ends::of(Operation::Real), &|_| true).swap_remove(1)
    };
    let without = signed(dir.path());
    assert!(without.callback.is_none() && without.gateway.is_ok());
    assert!(without.warnings[0].starts_with("no receipts and no answers come in over it"), "{:?}", without.warnings);
    std::fs::write(dir.path().join("signature"), "690682c58266b93c67e6").expect("a secret");
    let signature = signed(dir.path()).callback.expect("a way back").signature.expect("a signature");
    assert_eq!((&*signature.header, signature.secret.expose()), ("X-Signature", "690682c58266b93c67e6"));
}
