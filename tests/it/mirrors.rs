//! The program as `serve` starts it, with a mirror in a folder and a watcher outside: what readers of the mirror see, and
//! when the watcher hears nothing.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vardkase::app::{Options, Running, start};
use vardkase::config::{Loaded, Source, load};
use vardkase::domain::ids::GatewayId;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::incident::state::EntryState;
use vardkase::domain::lang::Lang;
use vardkase::web::page::shown_texts;

const WITHIN: Duration = Duration::from_secs(30);

/// The shipped files, some of them replaced.
pub fn region(replaced: &[(&str, String)]) -> Loaded {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["channels", "contacts", "playbooks"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap());
            if path.ends_with(".yaml") && !replaced.iter().any(|(p, _)| *p == path) {
                files.push((path.clone(), std::fs::read_to_string(root.join(&path)).unwrap()));
            }
        }
    }
    files.extend(replaced.iter().map(|(path, text)| ((*path).to_owned(), text.clone())));
    load(&Source::Files(files)).unwrap_or_else(|all| panic!("{all:#?}"))
}

/// A file server for a folder, as small as it gets.
pub async fn serve_folder(root: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let root = root.to_owned();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let root = root.clone();
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let n = socket.read(&mut head).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&head[..n]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
                let (status, body) = match std::fs::read(root.join(path)) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = socket.write_all(head.as_bytes()).await;
                let _ = socket.write_all(&body).await;
            });
        }
    });
    url
}

pub async fn running(loaded: Loaded, state: &Path) -> Running {
    let options = Options {
        operation: vardkase::app::Operation::Real,
        state: state.join("state"),
        second_copy: None,
        public_listen: "127.0.0.1:0".parse().unwrap(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        console_url: None,
        sign_in: None,
        accept_lost_key: false,
        new: false,
        source: None,
        doors: vardkase::app::Doors::default(),
        cluster: None,
    };
    start(loaded, options).await.unwrap()
}

pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + WITHIN;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub async fn report(running: &Running) {
    let report = Report { playbook: "ehr-down".into(), level: Some("critical".into()), ..Report::default() };
    let input = Input::Command { who: None, by: "it-bered".into(), action: Box::new(Action::Report(report)) };
    running.handle.input(input).await.unwrap();
}

/// Breaks the glass for what waits for the public; gives the newest public text.
pub async fn release_public(running: &Running) -> String {
    let waiting = running.handle.query(|s, _| {
        let inc = s.incidents.values().next().unwrap();
        inc.entries
            .iter()
            .find(|e| e.public && matches!(e.state, EntryState::Waiting(_)))
            .map(|e| inc.number(e.message))
            .unwrap()
    });
    let number = waiting.await.unwrap();
    let action = Action::BreakGlass { number, reason: "prov".into() };
    let input = Input::Command { who: None, by: "tib".into(), action: Box::new(action) };
    running.handle.input(input).await.unwrap();
    let text = running.handle.query(move |s, _| {
        let inc = s.incidents.values().next().unwrap();
        inc.message(number.seq).unwrap().texts[&Lang::SV].text.to_string()
    });
    text.await.unwrap()
}

/// The shipped pages, and a mirror.
pub fn web_yaml(mirror: &str, readback: &str) -> String {
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("channels/web.yaml")).unwrap();
    format!(
        "{shipped}  web-mirror:\n    page: public\n    readback_url: {readback}\n    limits: {{ timeout: 2s }}\n    mirror: {{ {mirror} }}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_shows_what_is_published_and_is_an_alarm_when_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("www");
    std::fs::create_dir(&root).unwrap();
    let url = serve_folder(&root).await;
    let yaml = web_yaml(&format!("folder: {}", root.display()), &url);
    let running = running(region(&[("channels/web.yaml", yaml)]), dir.path()).await;
    let id = GatewayId::from("web-mirror");
    let board = running.handle.board().clone();
    until("the normal page", async || board.page(&id).filter(|p| p.equal)).await;
    let normal = std::fs::read_to_string(root.join("index.html")).unwrap();
    assert!(normal.contains("href=\"en/index.html\""), "links that hold in a folder");
    assert!(std::fs::read_to_string(root.join("sv/index.html")).unwrap().contains("href=\"../en/index.html\""));

    report(&running).await;
    let text = release_public(&running).await;
    let equal = |wanted| {
        let handle = running.handle.clone();
        async move || {
            let seen = handle.query(move |s, _| {
                let inc = s.incidents.values().next().unwrap();
                inc.messages.iter().any(|m| m.page_equal == Some(wanted)).then_some(())
            });
            seen.await.unwrap()
        }
    };
    until("proven", equal(true)).await;
    let page = std::fs::read_to_string(root.join("i/1/index.html")).unwrap();
    assert!(shown_texts(&page).contains(&text), "{text} is not in {page}");
    assert_eq!(page.replace("../../", ""), std::fs::read_to_string(root.join("index.html")).unwrap());
    // Feeds lie beside it, and readers of our own listener get the same bytes.
    let reader = reqwest::Client::builder().no_proxy().build().unwrap();
    let cap = std::fs::read_dir(root.join("cap")).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let cap = cap.filter(|n| n.starts_with("1-") && n.ends_with(".xml")).max().unwrap();
    for file in ["state.json".to_owned(), "feed.sv.atom".into(), "feed.en.atom".into(), format!("cap/{cap}")] {
        let there = std::fs::read_to_string(root.join(&file)).unwrap();
        let own = reader.get(format!("http://{}/{file}", running.public)).send().await.unwrap();
        assert_eq!(own.text().await.unwrap(), there, "{file}");
    }
    let state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(root.join("state.json")).unwrap()).unwrap();
    assert_eq!(state["messages"][0]["texts"]["sv"]["text"], *text);
    assert!(
        std::fs::read_to_string(root.join("sv/accessibility/index.html")).unwrap().contains("mailto:tillganglighet@")
    );

    // Somebody unmounts the disk.
    std::fs::rename(&root, dir.path().join("gone")).unwrap();
    let update =
        Action::Stop { incident: "1".parse().unwrap(), message: None, false_alarm: false, reason: "prov".into() };
    running.handle.input(Input::Command { who: None, by: "tib".into(), action: Box::new(update) }).await.unwrap();
    until("an alarm", async || board.stands("page web-mirror").then_some(())).await;
    let why = board.page(&id).unwrap();
    assert!(!why.equal && why.detail.contains("mounted"), "{}", why.detail);
    // It comes back, and what holds now is put there by itself.
    std::fs::rename(dir.path().join("gone"), &root).unwrap();
    until("well again", async || (!board.stands("page web-mirror")).then_some(())).await;
    assert!(board.page(&id).unwrap().equal);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_outside_hears_of_a_program_that_is_well_with_the_journals_head() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let n = socket.read(&mut head).await.unwrap_or(0);
            kept.lock().unwrap().push(String::from_utf8_lossy(&head[..n]).into_owned());
            let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
        }
    });
    let watch = format!("heartbeat: {{ url: \"{url}\", every: 10s }}\n");
    let running = running(region(&[("channels/watch.yaml", watch)]), dir.path()).await;
    let request = until("a sign of life", async || heard.lock().unwrap().first().cloned()).await;
    assert!(request.starts_with("GET /ping HTTP/1.1\r\n"), "{request}");
    let head = request.lines().find_map(|l| l.strip_prefix("vardkase-head: ")).unwrap();
    let (seq, letters) = head.split_once(' ').unwrap();
    assert!(seq.parse::<u64>().unwrap() >= 1 && letters.len() == 16, "{head}");
    until("it is shown", async || running.handle.board().heartbeat().filter(|h| h.taken_at.is_some())).await;
    running.stop().await;
}

#[test]
fn a_mirror_in_yaml_is_one_place_and_never_of_an_internal_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mistakes = |web: String| {
        let mut files = Vec::new();
        for folder in ["channels", "contacts", "playbooks"] {
            for file in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap());
                if path.ends_with(".yaml") && path != "channels/web.yaml" {
                    files.push((path.clone(), std::fs::read_to_string(root.join(&path)).unwrap()));
                }
            }
        }
        files.push(("channels/web.yaml".into(), web));
        let all = load(&Source::Files(files)).err().unwrap_or_default();
        all.into_iter().map(|d| d.message).collect::<Vec<_>>().join("\n")
    };
    let page = |mirror: &str| web_yaml(mirror, "https://web.example/");
    assert!(
        mistakes(page("folder: /a, webdav: { url: \"https://b.example/\" }"))
            .contains("a mirror is one place, here are 2")
    );
    assert!(mistakes(page("ca_file: x")).contains("a mirror is one place, here are 0"));
    assert!(mistakes(page("webdav: { url: \"b.example\" }")).contains("is not an address"));
    assert!(
        mistakes(page("s3: { endpoint: \"https://s.example\", bucket: \"a/b\", key_id: k, secret: { env: X } }"))
            .contains("is not the name of a bucket")
    );
    let internal = page("folder: /a").replace("web-mirror:\n    page: public", "web-mirror:\n    page: internal");
    assert!(mistakes(internal).contains("only the public page is mirrored"));
}
