//! The configuration is read anew while the program runs: only if it checks clean, for new incidents, and its gateways,
//! mirrors and signs of life change at once.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vardkase::app::{Options, Running, start};
use vardkase::config::{Source, load};
use vardkase::domain::ids::GatewayId;
use vardkase::sim::{Far, smtp};

use crate::mirrors::{serve_folder, web_yaml};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The shipped region, with mail as its only gateway, at these ports.
fn write_region(dir: &Path, mail: SocketAddr) {
    for folder in ["channels", "contacts", "playbooks"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), dir.join(folder).join(file.file_name())).unwrap();
        }
    }
    edit(dir, "channels/email.yaml", "port: 2525", &format!("port: {}", mail.port()));
}

fn edit(dir: &Path, file: &str, from: &str, to: &str) {
    let path = dir.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

struct Rig {
    running: Running,
    client: reqwest::Client,
    token: String,
}

impl Rig {
    async fn start(dir: &Path, state: &Path) -> Self {
        let source = Source::Dir(dir.to_owned());
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let options = Options {
            operation: vardkase::app::Operation::Real,
            state: state.to_owned(),
            second_copy: None,
            public_listen: any,
            listen: any,
            public_url: None,
            console_url: None,
            sign_in: None,
            accept_lost_key: false,
            new: false,
            source: Some(source.clone()),
            doors: vardkase::app::Doors::default(),
            cluster: None,
        };
        let running = start(load(&source).expect("a region that checks clean"), options).await.expect("starts");
        let token = fs::read_to_string(state.join(vardkase::web::auth::TOKEN_FILE)).unwrap().trim().to_owned();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { running, client, token }
    }
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("http://{}/api/v1/{path}", self.running.console);
        let answer = self.client.post(url).bearer_auth(&self.token).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
    async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.running.console);
        self.client.get(url).bearer_auth(&self.token).send().await.unwrap().json().await.unwrap()
    }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let arrived = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_configuration_holds_for_new_incidents_and_its_gateways_change_at_once() {
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (before, after) = (Far::default(), Far::default());
    let first = smtp::start(before.clone(), "mail-int", smtp::Options::default()).await.unwrap();
    let second = smtp::start(after.clone(), "mail-int", smtp::Options::default()).await.unwrap();
    write_region(dir.path(), first.addr);
    let rig = Rig::start(dir.path(), state.path()).await;
    let (status, told) = rig
        .post(
            "commands",
            json!({ "as": "it-bered", "action": { "report": { "playbook": "ehr-down", "level": "outage" } } }),
        )
        .await;
    assert_eq!(status, 200, "{told}");
    until("mail over the first server", || !before.all().is_empty()).await;

    // A mistake: nothing changes, and it is said where it is.
    edit(dir.path(), "contacts/functions.yaml", "answer_within: 5m", "answer_within: 5parsecs");
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!((status, told["code"].as_str()), (422, Some("config-mistakes")), "{told}");
    assert!(told["why"].as_str().unwrap().contains("contacts/functions.yaml:"), "{told}");

    // Mended, changed, and the mail server moved: what is said names the change, and mail goes there.
    edit(dir.path(), "contacts/functions.yaml", "answer_within: 5parsecs", "answer_within: 4m");
    edit(
        dir.path(),
        "channels/email.yaml",
        &format!("port: {}", first.addr.port()),
        &format!("port: {}", second.addr.port()),
    );
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["gateways"], json!(["mail-int"]), "{told}");
    let changes: Vec<&str> = told["changes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(changes.len() == 1 && changes[0].ends_with("answer_within_s: 300 → 240"), "{changes:?}");

    // The open incident keeps what it began with until it adopts the new one, which is shown first.
    assert_eq!(rig.get("incidents/1/adopt").await["changes"].as_array().unwrap().len(), 1);
    let (status, told) = rig.post("commands", json!({ "as": "tib", "action": { "adopt": { "incident": "1" } } })).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(rig.get("incidents/1/adopt").await["changes"], json!([]));

    let had = before.all().len();
    let (status, told) = rig
        .post(
            "commands",
            json!({ "as": "it-bered", "action": { "report": { "playbook": "pacs", "level": "outage" } } }),
        )
        .await;
    assert_eq!(status, 200, "{told}");
    until("mail over the second server", || !after.all().is_empty()).await;
    assert_eq!(before.all().len(), had, "nothing more over the first one");

    // Once more, with nothing changed.
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!((status, &told["changes"], &told["gateways"]), (200, &json!([]), &json!([])), "{told}");
    let (status, told) = rig.post("reload", json!({ "as": "nobody" })).await;
    assert_eq!((status, told["code"].as_str()), (404, Some("unknown-function")), "{told}");
    rig.running.stop().await;
}

/// A watcher that takes every sign of life; counts them.
async fn watcher() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping", listener.local_addr().unwrap());
    let heard = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let count = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
        }
    });
    (url, heard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mirrors_and_signs_of_life_change_with_the_configuration() {
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mail = smtp::start(Far::default(), "mail-int", smtp::Options::default()).await.unwrap();
    write_region(dir.path(), mail.addr);
    let shipped = fs::read_to_string(dir.path().join("channels/web.yaml")).unwrap();
    let rig = Rig::start(dir.path(), state.path()).await;
    let board = rig.running.handle.board().clone();
    let id = GatewayId::from("web-mirror");
    assert!(board.page(&id).is_none() && board.heartbeat().is_none());

    // A mirror and a watcher come.
    let (one, two) = (state.path().join("one"), state.path().join("two"));
    let (url, heard) = watcher().await;
    let mut places = Vec::new();
    for folder in [&one, &two] {
        fs::create_dir(folder).unwrap();
        places.push(web_yaml(&format!("folder: {}", folder.display()), &serve_folder(folder).await));
    }
    fs::write(dir.path().join("channels/web.yaml"), &places[0]).unwrap();
    let watch = dir.path().join("channels/watch.yaml");
    fs::write(&watch, format!("heartbeat: {{ url: \"{url}\", every: 10s }}\n")).unwrap();
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!((status, &told["gateways"]), (200, &json!(["web-mirror"])), "{told}");
    assert!(told["changes"].to_string().contains("heartbeat"), "{told}");
    until("the page at the mirror", || board.page(&id).is_some_and(|p| p.equal)).await;
    assert!(one.join("index.html").exists());

    // Nothing changed: both go on, the watcher is asked on its beat.
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!((status, &told["gateways"], &told["changes"]), (200, &json!([]), &json!([])), "{told}");
    until("a sign of life", || board.heartbeat().is_some_and(|h| h.taken_at.is_some())).await;
    assert_eq!(heard.load(std::sync::atomic::Ordering::SeqCst), 1);

    // The mirror moves: the page is put there, and what was the mirror is left alone.
    fs::write(dir.path().join("channels/web.yaml"), &places[1]).unwrap();
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!((status, &told["gateways"]), (200, &json!(["web-mirror"])), "{told}");
    until("the page at its new place", || two.join("index.html").exists() && board.page(&id).is_some_and(|p| p.equal))
        .await;

    // It can't be written any more; then it is configured no longer, and so is the watcher: no state, no alarm.
    until("the folder is gone", || fs::remove_dir_all(&two).is_ok()).await;
    let (status, told) = rig
        .post(
            "commands",
            json!({ "as": "it-bered", "action": { "report": { "playbook": "ehr-down", "level": "critical" } } }),
        )
        .await;
    assert_eq!(status, 200, "{told}");
    until("an alarm", || board.stands("page web-mirror")).await;
    fs::write(dir.path().join("channels/web.yaml"), &shipped).unwrap();
    fs::remove_file(&watch).unwrap();
    let (status, told) = rig.post("reload", json!({ "as": "it-bered" })).await;
    assert_eq!(status, 200, "{told}");
    until("both are forgotten", || {
        board.page(&id).is_none() && board.heartbeat().is_none() && !board.stands("page web-mirror")
    })
    .await;
    rig.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_are_told_change_with_the_configuration() {
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mail = smtp::start(Far::default(), "mail-int", smtp::Options::default()).await.unwrap();
    write_region(dir.path(), mail.addr);
    let rig = Rig::start(dir.path(), state.path()).await;
    let board = rig.running.handle.board().clone();
    let (url, called) = watcher().await;
    let (file, secret) = (dir.path().join("channels/webhooks.yaml"), state.path().join("secret"));
    let entry = format!("{{ url: \"{url}\", secret: {{ file: {} }}, events: [opened] }}", secret.display());
    let write = |id: &str| fs::write(&file, format!("webhooks:\n  {id}: {entry}\n")).unwrap();
    let of = |id: &str| board.webhooks().remove(id);
    let calls = || called.load(std::sync::atomic::Ordering::SeqCst);
    let reload = || rig.post("reload", json!({ "as": "it-bered" }));

    // One without a secret is an alarm that is shown, and nobody is called.
    write("desk");
    let (status, told) = reload().await;
    assert_eq!(status, 200, "{told}");
    assert!(board.stands("webhook desk") && of("desk").unwrap().why.contains("it is not there"), "{:?}", of("desk"));
    // With it, it is told that it begins, and what happens.
    fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let (_, told) = reload().await;
    assert!(told["changes"].to_string().contains("webhook desk"), "{told}");
    until("the first call", || calls() == 1 && !board.stands("webhook desk")).await;
    let report = json!({ "as": "it-bered", "action": { "report": { "playbook": "ehr-down", "level": "critical" } } });
    assert_eq!(rig.post("commands", report).await.0, 200);
    until("what happened", || calls() == 2 && of("desk").is_some_and(|w| w.why.is_empty() && w.behind == 0)).await;

    // As before, it goes on; under another name it begins anew, and the one before is forgotten, with its place.
    assert_eq!(reload().await.1["changes"], json!([]));
    let place = |id: &str| state.path().join("webhooks").join(id).exists();
    until("its place", || place("desk")).await;
    write("board");
    assert_eq!(reload().await.0, 200);
    until("the other one", || calls() == 3 && of("board").is_some() && of("desk").is_none() && !place("desk")).await;
    fs::remove_file(&file).unwrap();
    assert_eq!(reload().await.0, 200);
    until("both are forgotten", || board.webhooks().is_empty() && !place("board")).await;
    rig.running.stop().await;
}
