//! Training never turns outwards. The real program runs an incident over every channel, with answers, in a region whose every gateway,
//! mirror, watcher and webhook is a trap on this machine: in training no trap is touched, and the process never has a socket but its two
//! listeners and what they took in. The same region for real touches the traps: so the traps and the look at the sockets can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::run_with;
use crate::web::between;

/// Longer than all of it takes; a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(90);
/// The sockets of the program are looked at that often.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Listens, counts who comes, and hangs up.
struct Trap {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, came) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = came.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { port, came }
    }
    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

/// The shipped region with a trap in the place of every far end, and with a mirror, a watcher, a webhook and a modem beside.
struct Region {
    dir: tempfile::TempDir,
    traps: BTreeMap<&'static str, Trap>,
}

impl Region {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut traps = BTreeMap::new();
        let mut trap = |name: &'static str| {
            let trap = Trap::new();
            let port = trap.port;
            traps.insert(name, trap);
            port.to_string()
        };
        for folder in ["channels", "contacts", "playbooks"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            for file in fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                let mut text = fs::read_to_string(&path).unwrap();
                let far_ends: &[(&str, &'static str)] = match path.file_name().unwrap().to_str().unwrap() {
                    "sms.yaml" => &[("port: 2775", "smpp"), ("127.0.0.1:13013", "sms over http")],
                    "email.yaml" => &[("port: 2525", "mail"), ("port: 2526", "second mail")],
                    "fax.yaml" => &[("port: 4559", "fax"), ("port: 4560", "second fax")],
                    "paging.yaml" => {
                        &[("port: 4441", "pager"), ("port: 4442", "second pager"), ("port: 4443", "third pager")]
                    }
                    "web.yaml" => &[("127.0.0.1:8080/\n", "read back"), ("127.0.0.1:8080/intra", "second read back")],
                    _ => &[],
                };
                for (from, name) in far_ends {
                    assert!(text.contains(from), "{} has no {from}", path.display());
                    let port = trap(name);
                    let to = match from.split_once(':') {
                        Some(("port", _)) => format!("port: {port}"),
                        Some((host, rest)) => {
                            format!("{host}:{port}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
                        }
                        None => panic!("{from}"),
                    };
                    text = text.replace(from, &to);
                }
                fs::write(dir.path().join(&path), text).unwrap();
            }
        }
        let web = dir.path().join("channels/web.yaml");
        let mirror = format!(
            "  web-mirror:\n    page: public\n    readback_url: http://127.0.0.1:{0}/\n    \
             mirror: {{ webdav: {{ url: \"http://127.0.0.1:{0}/lage/\" }} }}\n",
            trap("mirror")
        );
        fs::write(&web, fs::read_to_string(&web).unwrap() + &mirror).unwrap();
        let watch = format!("heartbeat: {{ url: \"http://127.0.0.1:{}/ping\", every: 60s }}\n", trap("watcher"));
        fs::write(dir.path().join("channels/watch.yaml"), watch).unwrap();
        let webhooks = format!(
            "webhooks:\n  desk:\n    url: http://127.0.0.1:{}/hook\n    secret: {{ env: VARDKASE_HOOK }}\n",
            trap("webhook")
        );
        fs::write(dir.path().join("channels/webhooks.yaml"), webhooks).unwrap();
        Self { dir, traps }
    }
    fn touched(&self) -> BTreeSet<&'static str> {
        self.traps.iter().filter(|(_, trap)| trap.came() > 0).map(|(name, _)| *name).collect()
    }
}

fn secrets() -> Vec<(String, &'static str)> {
    let names = ["SMS_API_PASSWORD", "SMS_MODEM_PASSWORD", "SMS_MODEM_CALLBACK", "FAX_IP_PASSWORD", "FAX_MOB_PASSWORD"];
    let mut all: Vec<_> = names.map(|name| (format!("VARDKASE_{name}"), "secret-of-the-test")).into_iter().collect();
    all.push(("VARDKASE_HOOK".into(), SECRET));
    all
}

/// The real program, and what its sockets were.
struct Server {
    child: Child,
    console: String,
    public: String,
    state: PathBuf,
    /// Sockets that are neither a listener nor taken in by one, as they were seen.
    strange: Arc<Mutex<BTreeSet<String>>>,
    looks: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
}

fn serve(config: &Path, state: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vardkase"));
    command
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--config"])
        .arg(config)
        .arg("--state")
        .arg(state)
        .args(["--public-url", "http://127.0.0.1:1/"])
        .args(more)
        .env_clear()
        .envs(secrets())
        .stdin(Stdio::null());
    command
}

impl Server {
    fn start(config: &Path, state: &Path, more: &[&str]) -> Self {
        let mut child = serve(config, state, more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (strange, looks, done) = (Arc::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, counted, end, pid) = (Arc::clone(&strange), looks.clone(), done.clone(), child.id());
        std::thread::spawn(move || {
            let mut listeners = BTreeSet::new();
            while !end.load(Ordering::SeqCst) {
                look(pid, &mut listeners, &seen);
                counted.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while serde_json::from_str::<Value>(&text).is_err() {
            assert!(out.read_line(&mut text).unwrap() > 0, "it does not start: {text}");
        }
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(said["training"], json!(more.contains(&"--training")));
        let of = |key: &str| said[key].as_str().unwrap().to_owned();
        Self { child, console: of("console"), public: of("public"), state: state.into(), strange, looks, done }
    }

    /// A command of the command line, which must be taken; what it says, beside first.
    fn ask(&self, args: &[&str]) -> (String, String) {
        let state = self.state.to_str().unwrap();
        let ran = run_with(&[args, &["--server", &self.console, "--state", state]].concat(), &[]);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        (ran.err, ran.out)
    }

    fn strange(&self) -> BTreeSet<String> {
        self.strange.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.done.store(true, Ordering::SeqCst);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks at all sockets that the process has. One that is neither a listener nor taken in by one is strange; so is anything of UDP or
/// raw. Pairs of Unix sockets without a name are how the runtime hears of signals. One that was closed meanwhile is known to nobody.
fn look(pid: u32, listeners: &mut BTreeSet<u16>, strange: &Mutex<BTreeSet<String>>) {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return };
    let of_socket = |link: PathBuf| {
        let link = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        Some(link)
    };
    let mine: BTreeSet<String> = open.flatten().filter_map(|fd| of_socket(fs::read_link(fd.path()).ok()?)).collect();
    let table = |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    let mut tcp = Vec::new();
    for name in ["tcp", "tcp6"] {
        for line in table(name).lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (Some(local), Some(state), Some(inode)) = (words.get(1), words.get(3), words.get(9)) else { continue };
            let port = local.rsplit(':').next().and_then(|p| u16::from_str_radix(p, 16).ok()).unwrap_or(0);
            if mine.contains(*inode) {
                tcp.push((port, *state == "0A", line.to_owned()));
            }
        }
    }
    listeners.extend(tcp.iter().filter(|(_, listens, _)| *listens).map(|(port, ..)| *port));
    let mut strange = strange.lock().unwrap();
    strange.extend(tcp.iter().filter(|(port, ..)| !listeners.contains(port)).map(|(.., line)| line.clone()));
    if listeners.len() > 2 {
        strange.insert(format!("listens on {listeners:?}"));
    }
    for name in ["udp", "udp6", "raw", "raw6", "icmp", "netlink", "packet", "unix"] {
        for line in table(name).lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_nameless = name == "unix" && words.len() <= 7;
            if !is_nameless && words.iter().any(|word| mine.contains(*word)) {
                strange.insert(format!("{name}: {line}"));
            }
        }
    }
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A report, and a yes to every text that waits for one, so that it goes out over each channel.
fn incident(server: &Server, no: &str) {
    server.ask(&["report", "ehr-down", "--level", "critical", "--as", "it-bered"]);
    let waiting = waiting(server, no);
    assert!(!waiting.is_empty());
    for number in waiting {
        server.ask(&["approve", &number, "--break-glass", "practice", "--as", "tib"]);
    }
}

fn view(server: &Server, no: &str) -> Value {
    serde_json::from_str(&server.ask(&["status", no, "--json"]).1).unwrap()
}

/// The numbers of texts that wait for a yes.
fn waiting(server: &Server, no: &str) -> BTreeSet<String> {
    let view = view(server, no);
    let entries = view["entries"].as_array().unwrap().iter();
    let waits = entries.filter(|entry| entry["state"]["state"] == "waiting");
    waits.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
}

/// Which channels the incident's texts came over, and how many texts are still on their way.
fn carried(server: &Server, no: &str) -> (BTreeSet<String>, usize) {
    let view = view(server, no);
    let rows = view["rows"].as_array().unwrap().iter();
    let cells: Vec<&Value> = rows.flat_map(|row| row["cells"].as_array().unwrap()).collect();
    let is_there = |cell: &&&Value| matches!(cell["state"].as_str(), Some("handed-over" | "delivered"));
    let over = cells.iter().filter(is_there).map(|cell| cell["channel"].as_str().unwrap().to_owned()).collect();
    let on_the_way = |cell: &&&Value| matches!(cell["state"].as_str(), Some("queued" | "attempting" | "unknown"));
    (over, cells.iter().filter(on_the_way).count())
}

#[test]
fn for_real_the_traps_are_touched_and_the_sockets_are_seen() {
    let region = Region::new();
    let server = Server::start(region.dir.path(), &region.dir.path().join("state"), &[]);
    incident(&server, "1");
    // Fax and the second ways come when the first ones are given up: not waited for here.
    let expected = ["smpp", "sms over http", "mail", "pager", "mirror", "watcher", "webhook"];
    until("a connection to each trap", || {
        let touched = region.touched();
        expected.iter().all(|name| touched.contains(name))
    });
    until("a socket of its own", || !server.strange().is_empty());
}

/// A browser that signed in with the server's token and acts for a duty.
struct Browser {
    client: reqwest::Client,
    console: String,
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn sign_in(server: &Server, duty: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let token = fs::read_to_string(server.state.join(vardkase::web::auth::TOKEN_FILE)).unwrap();
        let url = format!("{}/sign-in", server.console);
        let shown = client.get(&url).header("accept", "text/html").send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("TRAINING"), "{shown}");
        let answer = client.post(url).form(&[("token", token.trim()), ("next", "/")]).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut browser = Self { client, console: server.console.clone(), cookie, csrf: String::new() };
        let page = browser.page("/acting", "sv").await;
        browser.csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
        browser.post("/acting", &[("function", duty), ("back", "/")]).await;
        browser
    }
    async fn page(&self, path: &str, lang: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.console)).header("cookie", &self.cookie);
        let answer = request.header("accept", "text/html").header("accept-language", lang).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let mut form = fields.to_vec();
        form.push(("csrf", &self.csrf));
        let request = self.client.post(format!("{}{path}", self.console)).header("cookie", &self.cookie);
        let answer = request.form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path} {fields:?}");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }
}

/// An answer of one press on the page of training that begins so: the number of its text, and its words.
fn offered(page: &str, begins: &str) -> Option<(String, String)> {
    page.split("<section class=\"arrived\"").skip(1).find_map(|arrived| {
        let answers = arrived.split("name=\"text\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let answer = answers.filter(|text| text.starts_with(begins)).map(str::to_owned).next()?;
        Some((between(arrived, "name=\"n\" value=\"", "\"").to_owned(), answer))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_training_nothing_leaves_and_everything_can_be_practised() {
    let region = Region::new();
    let state = region.dir.path().join("state");
    let server = Server::start(region.dir.path(), &state, &["--training"]);
    let kib = Browser::sign_in(&server, "kib").await;

    // Reported as in earnest, and an exercise all the same; the command line says where it is, beside what was asked for.
    let (beside, _) = server.ask(&["report", "ehr-down", "--level", "critical", "--as", "it-bered"]);
    assert!(beside.contains("TRAINING"), "{beside}");
    let status: Value = serde_json::from_str(&server.ask(&["status", "--json"]).1).unwrap();
    assert_eq!(status["training"], true);
    let open = status["status"]["open"].as_array().unwrap();
    assert!(open.len() == 1 && open[0]["exercise"] == true, "{open:?}");

    // KiB approves by the code that came to its telephone; somebody who was alerted answers.
    let (end, before) = (Instant::now() + PATIENCE, waiting(&server, "X-1"));
    assert!(!before.is_empty());
    let mut done = BTreeSet::new();
    while done.len() < 2 {
        assert!(Instant::now() < end, "only {done:?}");
        for (of, begins) in [("kib", "OK "), ("", "JA Ö-1")] {
            let page = kib.page(&format!("/training?of={of}"), "sv").await;
            if !done.contains(of)
                && let Some((n, text)) = offered(&page, begins)
            {
                let to = kib.post("/training", &[("n", &n), ("text", &text), ("of", of)]).await;
                assert!(to.starts_with("/training?said=sent"), "{to}");
                done.insert(of);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until("KiB's yes and an answer on record", || {
        let answered = view(&server, "X-1")["rows"].to_string().contains("answered");
        answered && waiting(&server, "X-1") != before
    });
    for number in waiting(&server, "X-1") {
        server.ask(&["approve", &number, "--break-glass", "practice", "--as", "tib"]);
    }
    until("all texts at their devices", || {
        let (over, on_the_way) = carried(&server, "X-1");
        on_the_way == 0 && ["sms", "paging", "email", "fax"].iter().all(|c| over.contains(*c))
    });

    // Each page says so in each language, each text is marked at both ends, and nothing was said to the public.
    for (lang, said) in [("sv", "UTBILDNINGSLÄGE / TRAINING"), ("en", "TRAINING / UTBILDNINGSLÄGE")] {
        for path in
            ["/", "/report", "/approve", "/reach", "/more", "/system", "/directory", "/incidents/X-1", "/training"]
        {
            let page = kib.page(path, lang).await;
            assert!(page.contains("class=\"band training\"") && page.contains(said), "{path} {lang}: {page}");
        }
        // What is refused before anybody is known says so too.
        let nowhere = kib.client.get(format!("{}/nowhere", server.console)).header("accept", "text/html");
        let refused = nowhere.send().await.unwrap();
        assert_eq!(refused.status(), 404);
        assert!(refused.text().await.unwrap().contains("UTBILDNINGSLÄGE / TRAINING"));
        for path in [
            format!("/{lang}"),
            format!("/embed/{lang}"),
            format!("/{lang}/accessibility"),
            format!("/feed.{lang}.atom"),
        ] {
            let answer = kib.client.get(format!("{}{path}", server.public)).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let page = answer.text().await.unwrap();
            assert!(page.contains(said) && !page.contains("data-fingerprint"), "{path}: {page}");
        }
    }
    let page = kib.page("/training", "sv").await;
    let units: Vec<&str> = page.split("<pre>").skip(1).map(|rest| rest.split("</pre>").next().unwrap()).collect();
    assert!(units.len() > 20, "{}", units.len());
    for unit in units {
        let marked = |mark: &str| unit.starts_with(mark) && unit.trim_end().ends_with(mark);
        assert!(marked("ÖVNING") || marked("EXERCISE"), "{unit}");
    }
    let feed = kib.client.get(format!("{}/state.json", server.public)).send().await.unwrap();
    let feed: Value = feed.json().await.unwrap();
    assert_eq!((feed["training"].as_bool(), feed["messages"].as_array().map(Vec::len)), (Some(true), Some(0)));

    // What is asked about gateways, and a configuration that is read anew.
    server.ask(&["gateway", "list"]);
    // Over the API, which has more patience than the command line: all of the region is checked.
    let token = fs::read_to_string(state.join(vardkase::web::auth::TOKEN_FILE)).unwrap();
    let reload = kib.client.post(format!("{}/api/v1/reload", server.console)).bearer_auth(token.trim());
    let answer = reload.json(&json!({ "as": "it-bered" })).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("vardkase-training")), (200, true));

    assert_eq!(region.touched(), BTreeSet::new());
    assert_eq!(server.strange(), BTreeSet::new());
    assert!(server.looks.load(Ordering::SeqCst) > 100, "the sockets were hardly looked at");
}

#[test]
fn training_and_real_operation_keep_out_of_each_others_folders() {
    let dir = tempfile::tempdir().unwrap();
    let region = Region::new();
    for (first, second, why) in [
        (&["--training"][..], &[][..], "is a state folder of training"),
        (&[][..], &["--training"][..], "not a state folder of training"),
    ] {
        let state = dir.path().join(format!("state{}", first.len()));
        drop(Server::start(region.dir.path(), &state, first));
        let refused = serve(region.dir.path(), &state, second).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr) + String::from_utf8_lossy(&refused.stdout);
        assert!(refused.status.code() == Some(2) && said.contains(why) && said.contains("--"), "{said}");
        // The way that it was begun in goes on.
        drop(Server::start(region.dir.path(), &state, first));
    }
}
