//! The first gateway fails without saying so: the text comes by the next (RULES G1 to G4). Real servers, real time.

use std::path::Path;
use std::time::{Duration, Instant};

use vardkase::app::{Options, start};
use vardkase::config::{Source, load, minimal};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, Report};

use super::sms_far::shown;
use super::{port, said};

/// Longer than the longest wait of a rule: four minutes where fewer than five were accepted and none has a receipt (RULES G3).
const WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Nobody listens there (RFC 863 has no service on a machine of today).
const CLOSED: u16 = 9;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Smpp,
    Http,
}

impl Kind {
    fn at(self, fault: &str) -> u16 {
        if fault == "dead" { CLOSED } else { port(&format!("WAYS_{self:?}_{fault}").to_uppercase()) }
    }

    fn gateway(self, name: &str, fault: &str) -> String {
        let head = format!(
            "  {name}:\n    alphabet: gsm7\n    parts_max: 3\n    answers: true\n    receipts: {}\n",
            fault != "well"
        );
        let port = self.at(fault);
        head + &match self {
            Self::Smpp => format!(
                "    smpp: {{ host: 127.0.0.1, port: {port}, system_id: tester, password: {{ env: WAYS_SMPP_PASSWORD }}, from: \"71700\" }}\n"
            ),
            Self::Http => format!(
                "    http:\n      url: http://127.0.0.1:{port}/send\n      preset: generic\n      body: form\n      \
                 fields: {{ to: \"{{to}}\", from: \"{{from}}\", text: \"{{text}}\", id: \"{{id}}\", callback: \"{{callback}}\" }}\n      \
                 success: accepted\n      user: vardkase\n      password: {{ env: WAYS_HTTP_PASSWORD }}\n      from: \"+46701740699\"\n      \
                 callback_secret: {{ env: WAYS_CALLBACK }}\n"
            ),
        }
    }
}

/// The small region with two SMS gateways and nothing else that reaches a person; its numbers are this case's own.
fn configure(dir: &Path, first: Kind, fault: &str, next: Kind, nth: usize) {
    for (path, text) in minimal() {
        let text = match path.as_str() {
            "channels/sms.yaml" => {
                format!("gateways:\n{}{}", first.gateway("first", fault), next.gateway("next", "well"))
            }
            "channels/email.yaml" => continue,
            "contacts/functions.yaml" => {
                let without = text.lines().filter(|l| !l.contains("{ email:"));
                without.collect::<Vec<_>>().join("\n").replace("+467017406", &format!("+46701{nth}406"))
            }
            "playbooks/ehr-down.yaml" => text.replace("[sms, email]", "[sms]"),
            _ => text,
        };
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// How long it took from the report until the IT duty officer's telephone showed the alert by the next gateway.
async fn until_shown(first: Kind, fault: &'static str, nth: usize) -> Option<Duration> {
    let next = if first == Kind::Smpp { Kind::Http } else { Kind::Smpp };
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), first, fault, next, nth);
    let loaded = load(&Source::Dir(dir.path().into())).unwrap_or_else(|e| panic!("{e:#?}"));
    let free = || std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options {
        operation: vardkase::app::Operation::Real,
        state: dir.path().join("state"),
        second_copy: None,
        public_listen: free(),
        listen: free(),
        public_url: None,
        console_url: None,
        sign_in: None,
        accept_lost_key: false,
        new: false,
        source: None,
        doors: vardkase::app::Doors::default(),
        cluster: None,
    };
    let running = start(loaded, options).await.unwrap_or_else(|e| panic!("{e}"));
    let report =
        Report { playbook: "ehr-down".into(), level: Some("outage".into()), safety: Safety::No, ..Report::default() };
    let began = Instant::now();
    running
        .handle
        .input(Input::Command { who: None, by: "tib".into(), action: Box::new(Action::Report(report)) })
        .await
        .unwrap();
    let far = Path::new(&said("WAYS_DIR")).join(format!("{next:?}-well").to_lowercase()).join("shown");
    let telephone = format!("+46701{nth}40607");
    let mut took = None;
    while took.is_none() && began.elapsed() < WITHIN {
        tokio::time::sleep(LOOK_EVERY).await;
        let there =
            far.exists() && shown(&far).iter().any(|(to, text)| *to == telephone && text.contains("Journalen är nere"));
        took = there.then(|| began.elapsed());
    }
    running.stop().await;
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real servers: tests/peers/ways.sh"]
async fn what_the_first_gateway_does_not_bring_comes_by_the_next() {
    let faults = ["dead", "odd", "later", "drop"];
    let cases = [Kind::Smpp, Kind::Http].into_iter().flat_map(|kind| faults.map(|fault| (kind, fault)));
    let all: Vec<_> = (1..)
        .zip(cases)
        .map(|(nth, (kind, fault))| (kind, fault, tokio::spawn(until_shown(kind, fault, nth))))
        .collect();
    let mut missing = Vec::new();
    for (kind, fault, task) in all {
        let took = task.await.unwrap();
        println!(
            "{:<5} {fault:<6} {}",
            format!("{kind:?}"),
            took.map_or("never".into(), |t| format!("{:.1} s", t.as_secs_f32()))
        );
        if took.is_none() {
            missing.push(format!("{kind:?} {fault}"));
        }
    }
    assert!(missing.is_empty(), "never came by the next gateway: {missing:?}");
}
