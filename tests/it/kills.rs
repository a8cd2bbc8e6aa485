//! The real program is killed in the middle of a broadcast, again and again (SIGKILL), and started anew. The far ends live in
//! this process and keep what arrived: nothing is lost, and what the journal knew as accepted never arrives again.
//!
//! `VARDKASE_KILLS=200` kills more often (`tests/run --long`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use vardkase::config::{Source, load};
use vardkase::dispatch::recover::{Recovered, recover, recover_from};
use vardkase::dispatch::replay::build;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::incident::values::Item;
use vardkase::domain::plan::Channel;
use vardkase::journal::{Checkpoint, SqliteReader, Unusable, VerifyOptions, verify};
use vardkase::sim::verify::{Kind as Lies, received};
use vardkase::sim::{Far, sms_http, smtp};

/// Functions with an SMS and a mail each.
const WIDE: usize = 1_000;
/// Longer than all of it takes; a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(240);
/// Nobody listens there (RFC 863 has no service on a machine of today).
const CLOSED: u16 = 9;

/// The real program as a server, ready.
pub struct Server {
    child: Child,
    console: String,
}

impl Server {
    fn start(config: &Path, state: &Path) -> Self {
        Self::start_at("127.0.0.1:0", Some(config), state)
    }

    /// With its console at that address; without a folder, of the fictional region.
    pub fn start_at(listen: &str, config: Option<&Path>, state: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vardkase"))
            .args(["serve", "--json", "--listen", listen, "--public-listen", "127.0.0.1:0"])
            .args(config.into_iter().flat_map(|dir| [Path::new("--config"), dir]))
            .arg("--state")
            .arg(state)
            .env_clear()
            .envs(
                ["SMS_API_PASSWORD", "SMS_MODEM_PASSWORD", "SMS_MODEM_CALLBACK", "FAX_IP_PASSWORD", "FAX_MOB_PASSWORD"]
                    .map(|name| (format!("VARDKASE_{name}"), "secret-of-the-test")),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut text = String::new();
        // It says where it listens once it is ready; the object may stand on several lines.
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            text.push_str(&line.unwrap());
            if let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) {
                return Self { child, console: json["console"].as_str().unwrap().to_owned() };
            }
        }
        panic!("it does not start: {:?}: {text}", child.wait());
    }

    fn ask(&self, state: &Path, args: &[&str]) {
        let out = Command::new(env!("CARGO_BIN_EXE_vardkase"))
            .args(args)
            .args(["--server", &self.console, "--state"])
            .arg(state)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The shipped region with a thousand duties more, its gateways turned to this process.
fn configure(dir: &Path, sms: u16, mail: u16, per_second: usize) {
    for folder in ["channels", "contacts", "playbooks"] {
        std::fs::create_dir(dir.join(folder)).unwrap();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let mut text = std::fs::read_to_string(&path).unwrap();
            match path.file_name().unwrap().to_str().unwrap() {
                "functions.yaml" => {
                    for n in 0..WIDE {
                        text.push_str(&format!(
                            "  w{n}:\n    title: {{ sv: enhet {n}, en: unit {n} }}\n    site: FS\n    answer_within: 30m\n    \
                             deputies: [iva]\n    reach:\n      - {{ sms: \"+4670174{:04}\", via: [sms-modem] }}\n      \
                             - {{ email: \"w{n}@fjallmark.example\", via: [mail-int] }}\n",
                            3_000 + n
                        ));
                    }
                }
                "groups.yaml" => {
                    let all: Vec<String> = (0..WIDE).map(|n| format!("w{n}")).collect();
                    text.push_str(&format!("  wide: [{}]\n", all.join(", ")));
                }
                "ehr-down.yaml" => {
                    let row = "      - { to: [lead, tech], channels: [sms, paging, fax, email], approval: none, answer_within: 5m }\n";
                    assert!(text.contains(row), "the shipped playbook has another first row");
                    let wide = "      - { to: [wide], channels: [sms, email], approval: none, answer: none }\n";
                    text = text.replace(row, &format!("{row}{wide}"));
                }
                "sms.yaml" => {
                    text = text.replace("port: 2775", &format!("port: {CLOSED}"));
                    text = text.replace("127.0.0.1:13013", &format!("127.0.0.1:{sms}"));
                    text = text.replace(
                        "window_max: 1, per_second_max: 1,",
                        &format!("window_max: 8, per_second_max: {per_second},"),
                    );
                    text = text.replace("connections_max: 1,", "connections_max: 4,");
                    text = text.replace("queue_len_max: 1000,", "queue_len_max: 10000,");
                }
                "email.yaml" => {
                    text = text
                        .replace("port: 2525", &format!("port: {mail}"))
                        .replace("port: 2526", &format!("port: {CLOSED}"));
                    text = text.replace("per_second_max: 2000", &format!("per_second_max: {per_second}"));
                }
                "fax.yaml" | "paging.yaml" => {
                    for port in [4441, 4442, 4443, 4559, 4560] {
                        text = text.replace(&format!("port: {port}"), &format!("port: {CLOSED}"));
                    }
                }
                _ => {}
            }
            std::fs::write(dir.join(&path), text).unwrap();
        }
    }
}

/// What the journal knows, as a start would find it.
fn read(state: &Path, config: &Path) -> Recovered {
    let plan = load(&Source::Dir(config.into())).unwrap_or_else(|e| panic!("{e:?}")).plan;
    recover(&SqliteReader::open(state).unwrap(), Arc::new(plan)).unwrap()
}

/// The wide deliveries by gateway and address, with their state.
fn wide(known: &Recovered) -> BTreeMap<(String, String), DeliveryState> {
    let mut all = BTreeMap::new();
    for inc in known.state.incidents.values() {
        for d in inc.deliveries.iter().filter(|d| d.item() == Item::Message(1)) {
            let point = inc.plan.point(d.point);
            let function = inc.plan.function(point.functions[0]).id.clone();
            let wide = function.as_str().strip_prefix('w').is_some_and(|n| n.parse::<usize>().is_ok());
            if wide {
                let gateway = inc.plan.gateway(point.gateways[usize::from(d.gateway)]).id.to_string();
                let to = known.contacts[&inc.no].address(d.point).unwrap().to_string();
                all.insert((gateway, to), d.state);
            }
        }
    }
    all
}

fn over(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Accepted | DeliveryState::Delivered)
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_repeats_only_what_it_did_not_know() {
    let kills: usize = std::env::var("VARDKASE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let per_second = (WIDE / (kills / 5).max(1)).max(5);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let far = Far::default();
    let (sms, mail) = runtime.block_on(async {
        let opts = sms_http::Opts { by_ending: false, ..Default::default() };
        let sms = sms_http::SimSmsHttp::start(far.clone(), "sms-modem", opts).await.unwrap();
        let mail = smtp::start(far.clone(), "mail-int", smtp::Options::default()).await.unwrap();
        (sms, mail)
    });
    let dir = tempfile::tempdir().unwrap();
    let (config, state) = (dir.path().join("region"), dir.path().join("state"));
    std::fs::create_dir(&config).unwrap();
    configure(&config, sms.addr.port(), mail.addr.port(), per_second);

    let began = Instant::now();
    let mut server = Server::start(&config, &state);
    let report = ["report", "ehr-down", "outage", "--safety", "no", "--as", "it-bered"];
    server.ask(&state, &report);
    // Random moments, the same in each run: SplitMix64.
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |n: u64| {
        dice = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(0x9e37_79b9_7f4a_7c15);
        (dice >> 33) % n
    };
    let (mut sent_twice, mut windows) = (Vec::new(), Vec::new());
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    let mut seen = 0;
    let mut killed_in_flight = 0;
    for _ in 0..kills {
        std::thread::sleep(Duration::from_millis(random(260)));
        server.kill();
        let shown = far.all();
        again(&shown[seen..], &known, &mut sent_twice);
        let before = wide(&read(&state, &config));
        known = before.iter().filter(|(_, s)| over(**s)).map(|(k, _)| k.clone()).collect();
        killed_in_flight += usize::from(known.len() < 2 * WIDE);
        // What arrived and is not on record as accepted: these may come again.
        let arrived: BTreeSet<_> = shown.iter().map(|s| (s.gateway.clone(), s.to.clone())).collect();
        windows.push(arrived.iter().filter(|k| before.contains_key(*k) && !known.contains(*k)).count());
        seen = shown.len();
        server = Server::start(&config, &state);
        assert!(began.elapsed() < PATIENCE, "too slow");
    }
    // Left alone, it comes to an end.
    let last = loop {
        let now = wide(&read(&state, &config));
        if now.len() == 2 * WIDE && now.values().all(|s| over(*s)) {
            break now;
        }
        assert!(began.elapsed() < PATIENCE, "{} of {} accepted", now.values().filter(|s| over(**s)).count(), 2 * WIDE);
        std::thread::sleep(Duration::from_millis(300));
    };
    server.kill();
    let shown = far.all();
    again(&shown[seen..], &known, &mut sent_twice);
    assert!(sent_twice.is_empty(), "known as accepted and sent again: {sent_twice:?}");

    let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
    let recovered = read(&state, &config);
    let inc = recovered.state.incidents.values().next().unwrap();
    let texts: Vec<String> = inc.message(1).unwrap().texts.values().map(|d| d.text.to_string()).collect();
    let lies = |gateway: &str| {
        let capability = inc.plan.gateways.iter().find(|g| g.id.as_str() == gateway)?;
        Some(if capability.channel == Channel::Email { Lies::Mail } else { Lies::of(&capability.capability) })
    };
    for text in received(&shown, &["ÖVNING", "EXERCISE"], lies).unwrap() {
        let key = (text.gateway.clone(), text.to.clone());
        if text.number == "1-1" && last.contains_key(&key) {
            // At the foot of a mail stands the journal's seal, once there is one.
            let foot = |t: &Option<String>| t.as_deref().is_none_or(|t| t.starts_with("Journal "));
            let whole = texts.iter().any(|t| text.trailer_after(t).is_ok_and(|t| foot(&t)));
            assert!(whole, "not the canonical text: {text:?}");
            *times.entry(key).or_default() += 1;
        }
    }
    let lost: Vec<_> = last.keys().filter(|k| !times.contains_key(*k)).collect();
    let repeated: usize = times.values().map(|n| n - 1).sum();
    let may: usize = windows.iter().sum();
    println!(
        "{kills} kills ({killed_in_flight} in the middle of the broadcast), {} deliveries, {} lost, {repeated} repeated; \
         {may} had arrived and were not on record when it was killed; {:.1} s",
        last.len(),
        lost.len(),
        began.elapsed().as_secs_f64()
    );
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(killed_in_flight * 2 >= kills, "the broadcast was over too early: slow it down");
    let report = verify(&state, VerifyOptions::default()).unwrap();
    assert!(report.fault.is_none(), "{report:?}");
}

fn again(shown: &[vardkase::sim::Shown], known: &BTreeSet<(String, String)>, twice: &mut Vec<(String, String)>) {
    for s in shown {
        let key = (s.gateway.clone(), s.to.clone());
        let first = s.text.starts_with("1-1 ");
        if first && known.contains(&key) {
            twice.push(key);
        }
    }
}

/// What a start finds with the checkpoint that lies there, and with none.
fn with_and_without(state: &Path, config: &Path) -> (Recovered, Recovered, Option<Unusable>) {
    let plan = Arc::new(load(&Source::Dir(config.into())).unwrap_or_else(|e| panic!("{e:?}")).plan);
    let reader = SqliteReader::open(state).unwrap();
    let found = Checkpoint::read(state, &build());
    let (with, not_used) = recover_from(&reader, plan.clone(), found).unwrap();
    (with, recover(&reader, plan).unwrap(), not_used)
}

/// A program that is told to stop writes a checkpoint; it is killed in the middle of that, at another moment each time.
#[test]
fn killed_while_it_writes_a_checkpoint_it_starts_from_the_journal() {
    let kills = std::env::var("VARDKASE_KILLS").ok().and_then(|n| n.parse::<u64>().ok()).unwrap_or(40) / 4;
    let dir = tempfile::tempdir().unwrap();
    let (config, state) = (dir.path().join("region"), dir.path().join("state"));
    std::fs::create_dir(&config).unwrap();
    configure(&config, CLOSED, CLOSED, 1_000);
    let server = Server::start(&config, &state);
    server.ask(&state, &["report", "ehr-down", "outage", "--safety", "no", "--as", "it-bered"]);
    server.kill();
    let mut used = 0;
    for n in 0..kills.max(2) {
        let mut server = Server::start(&config, &state);
        let told = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let until = Instant::now() + Duration::from_millis(n * 400 / kills.max(2));
        while Instant::now() < until && server.child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.kill();
        let (with, without, not_used) = with_and_without(&state, &config);
        match not_used {
            None => used += 1,
            Some(Unusable::Missing) => {}
            Some(why) => panic!("a kill left half of a checkpoint under its name: {why}"),
        }
        assert_eq!(with.head, without.head);
        let mut found = with.state;
        found.plans.clone_from(&without.state.plans);
        assert!(found == without.state && with.contacts == without.contacts, "kill {n}: another state");
    }
    // One that ends in peace leaves a checkpoint of all that there is.
    let mut server = Server::start(&config, &state);
    Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    let until = Instant::now() + PATIENCE;
    while server.child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (with, without, not_used) = with_and_without(&state, &config);
    let kept = Checkpoint::read(&state, &build()).unwrap();
    assert!(not_used.is_none() && kept.head == without.head && with.head == without.head);
    eprintln!("{kills} kills around a checkpoint; one was there after {used} of them");
}
