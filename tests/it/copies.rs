//! The journal's second copy, backups, rehearsals, seals and evidence, as the operator meets them: the real program, its files,
//! and what it says.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use vardkase::dispatch::journal_view::journal_view;
use vardkase::dispatch::record::{Decoder, Entry, encode_system};
use vardkase::dispatch::system_record::{ClockStep, Rehearsal, SystemRecord};
use vardkase::domain::incident::input::Action;
use vardkase::domain::lang::Lang;
use vardkase::domain::time::At;
use vardkase::journal::*;

use crate::cli::{Ran, run_with};
use crate::engine::rig::{self, Disk, Options, WITHIN, replay};

const WHEN: At = At(1_229_566_320_000);

fn seal(seq: u64) -> HeadSeal {
    HeadSeal { seq, hash: [1; 32], at_ms: WHEN.0, region: "fjallmark".into(), key: [2; 32], signature: vec![3; 64] }
}

fn rehearsal() -> Rehearsal {
    Rehearsal { ok: true, what: "the same state".into(), records: 1204, backup_at: WHEN, took_ms: 2500 }
}

/// A published kind and version never change.
#[test]
fn what_the_program_keeps_of_itself_is_written_the_same_way_for_ever() {
    let golden = [
        (
            1001,
            "sealed",
            SystemRecord::Sealed(seal(1204)),
            "b409010101010101010101010101010101010101010101010101010101010101010180f6e8fdc84709666a616c6c6d61726b\
             020202020202020202020202020202020202020202020202020202020202020240\
             0303030303030303030303030303030303030303030303030303030303030303\
             0303030303030303030303030303030303030303030303030303030303030303",
        ),
        (
            1002,
            "restore-rehearsed",
            SystemRecord::Rehearsed(rehearsal()),
            "010e7468652073616d65207374617465b40980f6e8fdc847c413",
        ),
        (1003, "clock-stepped", SystemRecord::ClockStepped(ClockStep { by_ms: -3_600_000 }), "ffb9b703"),
        (
            1004,
            "gateway-refs",
            SystemRecord::GatewayRefs(vec![
                ("14.17".parse().unwrap(), "0a".into()),
                ("X3.200".parse().unwrap(), "b1 b2".into()),
            ]),
            "02000e110230610103c801056231206232",
        ),
    ];
    for (kind, name, system, bytes) in golden {
        let record = encode_system(WHEN, &system);
        assert_eq!((record.kind, record.version, system.name()), (kind, 1, name));
        assert_eq!(hex::encode(&record.bytes), bytes, "{name}");
        let read = Decoder::default().next(&record.at(Head::START, &[])).unwrap();
        assert!(read == Entry::System(WHEN, system), "{name}");
    }
}

#[tokio::test]
async fn a_seal_stands_at_the_foot_of_what_leaves_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = rig::start(dir.path(), Options::default());
    rig.settled().await;
    assert!(rig.handle.record_system(SystemRecord::Sealed(seal(1204))).await.unwrap().on_record);
    assert!(rig.handle.record_system(SystemRecord::Rehearsed(rehearsal())).await.unwrap().on_record);
    rig.report().await;
    rig.until("sent", |_, far| !far.ids().is_empty()).await;
    rig.settled().await;
    for (_, job) in rig.far.took() {
        assert_eq!(job.head.foot, "Journal 1204 040G-2081-040G-2081");
        assert!(!job.out.text().contains("1204"), "outside of the text");
    }
    let view = rig.handle.query(|_, meta| journal_view(meta)).await.unwrap();
    assert_eq!(view.sealed.unwrap().foot, "1204 040G-2081-040G-2081");
    let state = rig.state().await;
    rig.stop().await;
    let again = replay(dir.path());
    assert!(again.state == state, "no rule knows of it");
    assert_eq!(again.kept.foot(), "Journal 1204 040G-2081-040G-2081", "after a restart too");
    assert!(again.kept.rehearsal.unwrap().1.ok);
}

#[tokio::test]
async fn an_incident_that_closes_is_told_to_who_seals() {
    let dir = tempfile::tempdir().unwrap();
    let rig = rig::start(dir.path(), Options::default());
    let mut closed = rig.handle.closed();
    rig.report().await;
    rig.settled().await;
    assert!(!closed.has_changed().unwrap());
    let no = *rig.state().await.incidents.keys().next().unwrap();
    rig.act("it-bered", Action::AllClear { incident: no, override_reason: Some("prov".into()) }).await;
    tokio::time::timeout(WITHIN, closed.changed()).await.unwrap().unwrap();
    rig.stop().await;
}

/// Where the organisation names a function for it, and nowhere else.
#[tokio::test]
async fn the_function_that_seals_go_to_gets_them_by_mail() {
    let dir = tempfile::tempdir().unwrap();
    let rig = rig::start(dir.path(), Options::default());
    let send = || async {
        let text = "Journal 1204 040G-2081-040G-2081 fjallmark".to_owned();
        rig.handle.input(vardkase::domain::incident::input::Input::SendSeal { text }).await.unwrap()
    };
    assert!(send().await.events.is_empty());
    let mut loaded = rig::shipped();
    loaded.plan.region.seals_to = loaded.plan.function_ix("regdir");
    rig.handle.config(loaded, Default::default()).await.unwrap();
    assert_eq!(send().await.events.len(), 1);
    rig.until("sent", |_, far| !far.ids().is_empty()).await;
    let took = rig.far.took();
    let (gateway, job) = &took[0];
    assert!(took.len() == 1 && job.out.text().ends_with("040G-2081-040G-2081 fjallmark"), "{}", job.out.text());
    let channel = rig.loaded.plan.gateways.iter().find(|g| g.id == *gateway).unwrap().channel;
    assert_eq!(channel, vardkase::domain::plan::Channel::Email);
    rig.stop().await;
}

#[tokio::test]
async fn a_restore_is_overdue_after_30_days_and_when_it_failed() {
    let dir = tempfile::tempdir().unwrap();
    let rig = rig::start(dir.path(), Options::default());
    rig.settled().await;
    let look = || async { rig.handle.query(|_, meta| journal_view(meta)).await.unwrap() };
    let day = Duration::from_secs(24 * 3600);
    assert!(!look().await.rehearsal_overdue, "a new journal has time");
    rig.clock.advance(31 * day);
    let view = look().await;
    assert!(view.rehearsal_overdue && view.warnings[0].get(Lang::EN).contains("never rehearsed"));
    rig.handle.record_system(SystemRecord::Rehearsed(rehearsal())).await.unwrap();
    assert!(!look().await.rehearsal_overdue);
    rig.clock.advance(29 * day);
    let view = look().await;
    assert!(!view.rehearsal_overdue && view.rehearsal.unwrap().age_days == 29);
    rig.clock.advance(2 * day);
    assert!(look().await.warnings[0].get(Lang::EN).contains("31 days ago"));
    let failed = Rehearsal { ok: false, what: "record 7 differs".into(), ..rehearsal() };
    rig.handle.record_system(SystemRecord::Rehearsed(failed)).await.unwrap();
    assert!(look().await.warnings[0].get(Lang::SV).contains("record 7 differs"));
    rig.stop().await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_says_why_on_every_screen_and_still_takes_reports() {
    let dir = tempfile::tempdir().unwrap();
    let rig = rig::start(dir.path(), Options::default());
    rig.settled().await;
    rig.gate.set(Disk::Full);
    assert!(!rig.report().await.on_record);
    // What is kept of the journal itself waits with the rest, and in order.
    assert!(
        !rig.handle.record_system(SystemRecord::ClockStepped(ClockStep { by_ms: 61_000 })).await.unwrap().on_record
    );
    let look = || async { rig.handle.query(|_, meta| journal_view(meta)).await.unwrap() };
    let view = look().await;
    assert!(view.alarms.iter().any(|a| a.get(Lang::EN).contains("the disk is full")), "{view:?}");
    assert!(view.warnings.iter().any(|a| a.get(Lang::EN).contains("was set by 61 s")), "{view:?}");
    rig.gate.set(Disk::Fine);
    let back = async {
        while !rig.on_record().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WITHIN, back).await.unwrap();
    assert!(look().await.alarms.is_empty());
    rig.settled().await;
    let state = rig.state().await;
    rig.stop().await;
    let again = replay(dir.path());
    assert!(again.state == state && again.kept.clock_step.unwrap().1.by_ms == 61_000);
}

/// The server as a process, on ports of its own.
struct Server {
    child: Child,
    url: String,
    public: String,
    state: PathBuf,
}

impl Server {
    fn start(state: &Path, more: &[&str]) -> Self {
        let program = env!("CARGO_BIN_EXE_vardkase");
        Self::of(Command::new(program), state, more).unwrap_or_else(|said| panic!("it does not start: {said}"))
    }

    fn of(mut command: Command, state: &Path, more: &[&str]) -> Result<Self, String> {
        let mut child = command
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--state"])
            .arg(state)
            .args(more)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while serde_json::from_str::<Value>(&text).is_err() {
            if out.read_line(&mut text).unwrap() == 0 {
                let mut said = String::new();
                child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                child.wait().unwrap();
                return Err(text + &said);
            }
        }
        let said: Value = serde_json::from_str(&text).unwrap();
        if said["console"].is_null() {
            // An error is JSON, too.
            child.wait().unwrap();
            return Err(text);
        }
        let of = |key: &str| said[key].as_str().unwrap().to_owned();
        Ok(Self { child, url: of("console"), public: of("public"), state: state.into() })
    }

    /// The command line against it.
    fn run(&self, args: &[&str]) -> Ran {
        let env = [
            ("VARDKASE_SERVER", self.url.as_str()),
            ("VARDKASE_STATE", self.state.to_str().unwrap()),
            ("VARDKASE_AS", "it-bered"),
        ];
        run_with(args, &env)
    }

    fn status(&self) -> Value {
        let ran = self.run(&["status", "--json"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    fn until(&self, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let status = self.status();
            if so(&status) {
                return status;
            }
            assert!(begin.elapsed() < WITHIN, "never: {what}: {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn offline(state: &Path, args: &[&str]) -> Ran {
    run_with(args, &[("VARDKASE_STATE", state.to_str().unwrap()), ("VARDKASE_SERVER", "http://127.0.0.1:9")])
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[test]
fn two_copies_a_backup_a_rehearsal_and_evidence_of_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let (state, second) = (dir.path().join("state"), dir.path().join("second"));
    let server = Server::start(&state, &["--second-copy", second.to_str().unwrap()]);
    let ran = server.run(&["report", "ehr-down", "--level", "major"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let status = server.until("sealed", |s| s["journal"]["sealed"]["seq"].as_u64().is_some_and(|seq| seq > 0));
    let copies = status["journal"]["copies"].as_array().unwrap();
    assert!(copies.len() == 2 && copies.iter().all(|c| c["well"] == true), "{status}");
    assert_eq!(status["journal"]["same_disk"], true);
    let shown = server.run(&["status"]).out;
    assert!(shown.contains("Both copies of the journal lie on the same disk"), "{shown}");
    assert!(shown.contains("Restore rehearsed: never"), "{shown}");

    // A backup beside the running server, and a rehearsal of exactly that file.
    let backup = path(dir.path(), "now.vkb");
    let ran = server.run(&["backup", &backup]);
    assert!(ran.code == 0 && ran.out.contains("records, proved"), "{}{}", ran.out, ran.err);
    assert_eq!(server.run(&["backup", &backup]).code, 5, "it overwrites nothing");
    let ran = server.run(&["restore", "--rehearse", &backup]);
    assert!(ran.code == 0 && ran.out.starts_with("the restore works"), "{}{}", ran.out, ran.err);
    let ran = server.run(&["restore", "--rehearse", "--json"]);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(said["rehearsal"]["ok"] == true && said["recorded"] == true, "{said}");
    let status = server.status();
    assert_eq!(
        (&status["journal"]["rehearsal"]["ok"], &status["journal"]["rehearsal"]["age_days"]),
        (&true.into(), &0.into())
    );
    let log = server.run(&["log", "--json"]).out;
    assert_eq!(log.matches("\"restore-rehearsed\"").count(), 2, "on record");
    assert!(log.contains("\"sealed\""));

    // A backup of another history is told, and that too is on record.
    let other = dir.path().join("other");
    drop(SqliteStore::open(&other, OpenOptions::default()).unwrap());
    std::fs::copy(state.join("key"), other.join("not-the-key")).unwrap();
    let mut store = SqliteStore::open(&other, OpenOptions::default()).unwrap();
    let record = NewRecord::new(5, 1, 0, vec![4]);
    store.append(&[Append { expected_seq: 0, batch: Batch::of(vec![record]) }]);
    drop(store);
    let foreign = path(dir.path(), "foreign.vkb");
    assert_eq!(offline(&other, &["backup", &foreign]).code, 0);
    let ran = server.run(&["restore", "--rehearse", &foreign]);
    assert!(ran.code == 5 && ran.out.contains("THE RESTORE FAILED: the backup is of another history"), "{}", ran.out);
    let status = server.status();
    assert!(status["journal"]["rehearsal_overdue"] == true, "{status}");

    // The machine dies. Both copies hold the same; the foot of what was sent proves it.
    let foot = status["journal"]["sealed"]["foot"].as_str().unwrap().to_owned();
    let key = status["journal"]["sealed"]["key"].as_str().unwrap().to_owned();
    server.kill();
    assert!(matches!(compare(&state, &second), Ok(Standing::Equal)), "each commit is on both");
    let ran = offline(&second, &["verify", "--foot", &foot, "--key", &key]);
    assert!(ran.code == 0 && ran.out.contains("seals: "), "{}{}", ran.out, ran.err);
    let forged = foot.replace(|c: char| c.is_ascii_alphabetic(), "Z");
    assert_eq!(offline(&second, &["verify", "--foot", &forged]).code, 7);
    assert_eq!(offline(&second, &["verify", "--key", &"ab".repeat(32)]).code, 7);

    // The state folder is lost: the second copy fills a new one, links and seals by the same hand.
    std::fs::remove_dir_all(&state).unwrap();
    let server = Server::start(&state, &["--second-copy", second.to_str().unwrap()]);
    let status = server.until("sealed", |s| s["journal"]["sealed"]["key"].as_str().is_some());
    assert_eq!(status["journal"]["sealed"]["key"], key.as_str());
    assert_eq!(std::fs::read(state.join("link-key")).unwrap(), std::fs::read(second.join("link-key")).unwrap());
    assert_eq!(status["status"]["open"].as_array().unwrap().len(), 1, "the incident goes on");
    server.kill();

    // Without a server a rehearsal is recorded in the folder itself.
    let ran = offline(&state, &["restore", "--rehearse"]);
    assert!(ran.code == 0, "{}{}", ran.out, ran.err);
    assert!(offline(&state, &["log", "--offline", "--json"]).out.contains("the same state from"), "{}", ran.out);

    // A restored folder starts.
    let fresh = dir.path().join("fresh");
    let ran = offline(&fresh, &["restore", &backup]);
    assert!(ran.code == 0 && ran.out.contains("restored and proved"), "{}{}", ran.out, ran.err);
    assert_eq!(offline(&fresh, &["restore", &backup]).code, 5, "not into a folder that holds something");
    let server = Server::start(&fresh, &[]);
    assert_eq!(server.status()["status"]["open"].as_array().unwrap().len(), 1);
    assert_eq!(server.run(&["restore", "--rehearse"]).code, 0, "a record of its own");
    server.kill();

    // Two that went different ways are not put together.
    let refused =
        Server::of(Command::new(env!("CARGO_BIN_EXE_vardkase")), &fresh, &["--second-copy", second.to_str().unwrap()]);
    let said = refused.err().expect("refused");
    assert!(said.contains("differ from record") && said.contains("vardkase log --offline --after"), "{said}");
}

#[test]
fn evidence_is_proved_without_the_folder_and_names_the_first_thing_that_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let server = Server::start(&state, &[]);
    assert_eq!(server.run(&["report", "ehr-down", "--level", "major"]).code, 0);
    server.until("sealed", |s| s["journal"]["sealed"]["seq"].as_u64().is_some());
    server.kill();
    let file = path(dir.path(), "evidence.jsonl");
    let ran = offline(&state, &["log", "--export", &file, "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    let (head, key) = (said["head"].as_str().unwrap().to_owned(), said["key"].as_str().unwrap().to_owned());
    let text = std::fs::read_to_string(&file).unwrap();
    let shipped = rig::shipped();
    let sms = shipped.plan.gateways.iter().position(|g| g.id.as_str().contains("sms"));
    assert!(sms.is_some() && !text.contains("07017406"), "no address");
    std::fs::remove_dir_all(&state).unwrap();

    let nowhere = dir.path().join("nowhere");
    let proved = offline(&nowhere, &["verify", "--export", &file, "--expect", &head, "--key", &key, "--json"]);
    assert_eq!(proved.code, 0, "{}{}", proved.out, proved.err);
    let proof: Value = serde_json::from_str(&proved.out).unwrap();
    let n = proof["proof"]["records"].as_u64().unwrap();
    assert!(n > 5 && proof["proof"]["plans"] == 1 && proof["proof"]["seals"].as_u64() >= Some(2), "{proof}");
    assert_eq!(proof["proof"]["sealed"][0], n, "sealed to the end");

    let lines: Vec<&str> = text.lines().collect();
    let put = |lines: Vec<String>| {
        let file = path(dir.path(), "forged.jsonl");
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        let ran = offline(&nowhere, &["verify", "--export", &file]);
        assert_eq!(ran.code, 5, "{}", ran.out);
        ran.out
    };
    let owned = || lines.iter().map(|l| (*l).to_owned()).collect::<Vec<String>>();
    let at = |of: &str| lines.iter().position(|l| l.starts_with(of)).unwrap();
    let with = |n: usize, from: &str, to: &str| {
        let mut all = owned();
        assert!(all[n].contains(from), "{}", all[n]);
        all[n] = all[n].replacen(from, to, 1);
        all
    };
    // A record changed, missing, doubled; another time; the head; a plan; a seal; the end.
    let changed = put(with(3, "\"bytes\":\"4", "\"bytes\":\"5"));
    assert!(changed.contains("NOT PROVED: line 4: record 3 was changed"), "{changed}");
    let mut all = owned();
    all.remove(3);
    assert!(put(all).contains("line 4: record 3 is missing"));
    let mut all = owned();
    all.insert(3, all[3].clone());
    assert!(put(all).contains("line 5: record 4 is missing: record 3 stands here"));
    assert!(put(with(2, "\"at_ms\":", "\"at_ms\":1")).contains("line 3: record 2 was changed"));
    assert!(
        put(with(0, &format!("\"records\":{n}"), &format!("\"records\":{}", n + 1))).contains("line 1 names the head")
    );
    let plan = at("{\"plan\"");
    assert!(put(with(plan, "jall", "jell")).contains("is not what its name says"));
    let mut all = owned();
    all.remove(plan);
    assert!(put(all).contains("which is missing"));
    let seal = at("{\"seal\"");
    let forged = put(with(seal, "\"at_ms\":1", "\"at_ms\":2"));
    assert!(forged.contains(&format!("line {}: the seal's signature is not genuine", seal + 1)), "{forged}");
    let mut all = owned();
    all.truncate(4);
    assert!(put(all).contains("the file is cut off behind line 4 (record 3)"));
    assert!(put(vec!["{}".into()]).contains("line 1: this is not evidence"));
    std::fs::write(path(dir.path(), "torn"), &text[..text.len() - 5]).unwrap();
    assert!(offline(&nowhere, &["verify", "--export", &path(dir.path(), "torn")]).out.contains("cut off in line"));

    // What only something noted elsewhere shows.
    let by = |args: &[&str]| offline(&nowhere, &[&["verify", "--export", &file][..], args].concat());
    assert!(by(&["--key", &"ab".repeat(32)]).out.contains("not by abab"));
    let elsewhere = format!("3:{}", "00".repeat(32));
    assert!(by(&["--expect", &elsewhere]).out.contains("record 3 is not the one that was noted elsewhere"));
    assert!(by(&["--foot", "999999 040G-2081-040G-2081"]).out.contains("before the head that was noted elsewhere"));
    assert!(by(&[]).err.contains("compare the key or a head"), "said when nothing was compared");
}

/// Somebody opens more connections to the public page than the process may have files: the console, the journal and reports go
/// on.
#[test]
fn out_of_file_descriptors_outside_is_no_trouble_inside() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 160 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_vardkase")]);
    let server = Server::of(shell, &state, &[]).unwrap();
    let at = server.public.trim_start_matches("http://").to_owned();
    let held: Vec<TcpStream> = (0..250).map_while(|_| TcpStream::connect(&at).ok()).collect();
    assert!(held.len() > 160, "the listener's queue takes them: {}", held.len());
    std::thread::sleep(Duration::from_millis(200));
    let ran = server.run(&["report", "ehr-down", "--level", "major", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(said["on_record"], true);
    assert_eq!(server.status()["on_record"], true);
    let backup = path(dir.path(), "b");
    assert_eq!(server.run(&["backup", &backup]).code, 0);
    drop(held);
}
