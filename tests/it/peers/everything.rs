//! Everything at once: the records system is down, critical, and every kind of far end takes its part of it. What came out
//! there is compared with the texts of the journal by the verifier that calls none of the product's code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use vardkase::app::{Options, Running, start};
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::incident::state::EntryState;
use vardkase::domain::incident::values::Item;
use vardkase::domain::plan::{Audience, Channel};
use vardkase::sim::Far;
use vardkase::sim::smtp::Mail;
use vardkase::sim::verify::{Kind, received};
use vardkase::web::page::shown_texts;

use super::fax::{calls, codes, words_read};
use super::kannel::printed;
use super::paging::{queued, swedish};
use super::sms_far::shown;
use super::{port, said};
use crate::mirrors::region;

/// Longer than all of it takes; the faxes take longest. Reminders, at half the time for an answer, come after it.
const WITHIN: Duration = Duration::from_secs(140);

/// A text that must have come out somewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Expected {
    gateway: String,
    to: String,
    number: String,
    fingerprint: String,
    audience: &'static str,
    lang: String,
    text: String,
}

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The shipped region; its gateways are the far ends.
fn files() -> Vec<(&'static str, String)> {
    let sms = format!(
        "gateways:
  sms-api:
    needs: [inet-1|inet-2|mob-2, mob-1|mob-2]
    alphabet: gsm7
    parts_max: 3
    answers: true
    receipts: true
    limits: {{ connections_max: 2, window_max: 32, per_second_max: 100, queue_len_max: 10000, timeout: 10s }}
    smpp: {{ host: 127.0.0.1, port: {}, system_id: tester, password: {{ env: ALL_SMPP }}, from: \"71700\", enquire_every: 30s }}
  sms-modem:
    needs: [mob-2]
    alphabet: gsm7
    parts_max: 3
    answers: true
    receipts: true
    limits: {{ connections_max: 2, per_second_max: 50, queue_len_max: 1000, timeout: 30s }}
    http: {{ url: \"http://127.0.0.1:{}/cgi-bin/sendsms\", preset: kannel, user: tester, password: {{ env: ALL_KANNEL }}, from: \"72112\", callback_secret: {{ env: ALL_CALLBACK }} }}
",
        port("ALL_SMPP_PORT"),
        port("ALL_KANNEL_PORT"),
    );
    let email = file("channels/email.yaml")
        .replace("port: 2525", &format!("port: {}", port("VARDKASE_PEER_SMTP")))
        .replace("port: 2526", &format!("port: {}", port("VARDKASE_PEER_SMTP")));
    let fax_port = format!("port: {}", port("VARDKASE_PEER_FAX_PORT"));
    let fax = file("channels/fax.yaml").replace("port: 4559", &fax_port).replace("port: 4560", &fax_port);
    let snpp = format!("port: {}, user: root, jqueue: true", port("VARDKASE_PEER_SNPP"));
    let paging = file("channels/paging.yaml")
        .replace("port: 4441", &snpp)
        .replace("port: 4443", &snpp)
        .replace("level: 1", "level: 2")
        .replace(
            "snpp: { host: 127.0.0.1, port: 4442, level: 2 }",
            &format!("pocsag: {{ folder: {}, baud: 1200 }}", said("ALL_POCSAG")),
        );
    let web = format!(
        "{}  web-mirror:\n    page: public\n    readback_url: {}\n    limits: {{ timeout: 5s }}\n    mirror: {{ {} }}\n",
        file("channels/web.yaml"),
        said("MIRROR_READBACK"),
        said("MIRROR_YAML")
    );
    // Every third telephone is behind the second SMS gateway, and the pagers are at three transmitters: by night, when few
    // duties are held, each still has its part.
    let (mut telephones, mut pagers) = (0, 0);
    let mut functions = String::new();
    for line in file("contacts/functions.yaml").lines() {
        let mut line = line.to_owned();
        if line.contains("{ sms: ") && !line.contains("via:") {
            telephones += 1;
            if telephones % 3 == 0 {
                line = line.replace(", proven", ", via: [sms-modem], proven");
            }
        }
        if line.contains("via: [page-fs]") {
            pagers += 1;
            line = line
                .replace("page-fs", ["page-fs", "page-hs", "page-ls"][pagers % 3])
                .replace("[page-ls]", "[page-ls], languages: [sv, en]");
        }
        functions.push_str(&line);
        functions.push('\n');
    }
    vec![
        ("channels/sms.yaml", sms),
        ("channels/email.yaml", email),
        ("channels/fax.yaml", fax),
        ("channels/paging.yaml", paging),
        ("channels/web.yaml", web),
        ("contacts/functions.yaml", functions),
    ]
}

/// What waits is approved by the one who is asked.
async fn approve(running: &Running) {
    let waiting = running.handle.query(|state, _| {
        let mut all = Vec::new();
        for inc in state.incidents.values() {
            for e in inc.entries.iter() {
                let EntryState::Waiting(a) = &e.state else { continue };
                let (Some(m), Some(by)) = (inc.message(e.message), a.asked.first()) else { continue };
                let Some(draft) = m.texts.values().next() else { continue };
                all.push((inc.plan.function(*by).id.clone(), inc.number(e.message), draft.fingerprint));
            }
        }
        all
    });
    for (by, number, fingerprint) in waiting.await.unwrap() {
        let action = Action::Approve { number, fingerprint, entry: None, works: true };
        let who = Some(Actor::account(by.as_str()));
        // A second entry of the same text was approved with the first.
        let _ = running.handle.input(Input::Command { who, by, action: Box::new(action) }).await;
    }
}

/// Texts for which nothing more will happen; `None` while something is still on its way.
async fn ended(running: &Running, addresses: &BTreeMap<u32, String>) -> Result<Vec<Expected>, String> {
    let addresses = addresses.clone();
    let all = running.handle.query(move |state, _| {
        let mut all = Vec::new();
        for inc in state.incidents.values() {
            if inc.entries.iter().any(|e| matches!(e.state, EntryState::Waiting(_))) {
                return Err("an approval is waited for".to_owned());
            }
            for (n, d) in inc.deliveries.iter().enumerate() {
                let Item::Message(seq) = d.item() else { continue };
                let point = inc.plan.point(d.point);
                let gateway = inc.plan.gateway(point.gateways[usize::from(d.gateway)]);
                let whole = match point.channel {
                    Channel::Sms | Channel::Fax => d.state == DeliveryState::Delivered,
                    _ => matches!(d.state, DeliveryState::Accepted | DeliveryState::Delivered),
                };
                if !whole {
                    return Err(format!("{}.{n} over {} is {:?}", inc.no, gateway.id, d.state));
                }
                let lang = inc.plan.region.languages[usize::from(d.lang)];
                let m = inc.message(seq).unwrap();
                let draft = &m.texts[&lang];
                all.push(Expected {
                    gateway: gateway.id.to_string(),
                    to: addresses[&d.point.0].clone(),
                    number: inc.number(seq).to_string(),
                    fingerprint: draft.fingerprint.to_string(),
                    audience: m.audience.as_str(),
                    lang: lang.to_string(),
                    text: draft.text.to_string(),
                });
            }
        }
        Ok(all)
    });
    all.await.unwrap()
}

fn decoded(file: &Path) -> Vec<(String, String)> {
    let done = Command::new("multimon-ng")
        .args(["-q", "-c", "-a", "POCSAG1200", "-f", "alpha", "-C", "SE", "-t", "raw"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let page = |line: &str| {
        let (head, page) = line.split_once("Alpha:")?;
        let ric = head.split_whitespace().nth(2)?.to_owned();
        let page = page.strip_prefix("   ").unwrap_or(page);
        Some((ric, page.split("<EOT>").next().unwrap_or_default().to_owned()))
    };
    text.lines().filter_map(page).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().map(|f| f.unwrap().path()).collect();
    all.sort();
    all
}

/// What everybody's devices show. Faxes are read by themselves.
fn far_ends() -> Far {
    let far = Far::default();
    for (to, text) in shown(&PathBuf::from(said("SMPP_DIR")).join("shown")) {
        far.show("sms-api", &to, &text);
    }
    for (to, text) in printed(Path::new(&said("KANNEL_DIR")), |_| false) {
        far.show("sms-modem", &to, &text);
    }
    for domain in entries(Path::new(&said("VARDKASE_PEER_MAILDIRS"))) {
        for user in entries(&domain) {
            let name = |p: &Path| p.file_name().unwrap().to_str().unwrap().to_owned();
            let to = format!("{}@{}", name(&user), name(&domain));
            for mail in entries(&user.join("new")) {
                far.show("mail", &to, Mail::read("", &[], &std::fs::read(mail).unwrap()).plain.trim_end());
            }
        }
    }
    for (pager, pages) in queued(Path::new(&said("VARDKASE_PEER_SPOOL"))) {
        for page in pages {
            far.show("snpp", &pager, &swedish(&page));
        }
    }
    for sound in entries(Path::new(&said("ALL_POCSAG"))) {
        for (ric, page) in decoded(&sound) {
            far.show("pocsag", &ric, &page);
        }
    }
    far
}

/// Where a gateway's texts come out.
fn end_of(gateway: &str) -> &str {
    match gateway {
        "mail-int" | "mail-ext" => "mail",
        "page-fs" | "page-ls" => "snpp",
        "page-hs" => "pocsag",
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real servers: tests/peers/everything.sh"]
async fn the_same_text_comes_out_of_every_far_end() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let files = files();
    let loaded = region(&files.iter().map(|(p, t)| (*p, t.clone())).collect::<Vec<_>>());
    let addresses: BTreeMap<u32, String> = (0..loaded.plan.points.len())
        .map(|i| u32::try_from(i).unwrap())
        .map(|i| (i, loaded.contacts.address(vardkase::domain::ids::PointIx(i)).unwrap().to_string()))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        operation: vardkase::app::Operation::Real,
        state: dir.path().join("state"),
        second_copy: None,
        public_listen: format!("127.0.0.1:{}", port("ALL_PUBLIC_PORT")).parse().unwrap(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: Some(format!("http://127.0.0.1:{}", port("ALL_PUBLIC_PORT"))),
        console_url: None,
        sign_in: None,
        accept_lost_key: false,
        new: false,
        source: None,
        doors: vardkase::app::Doors::default(),
        cluster: None,
    };
    let running = start(loaded, options).await.unwrap();
    let began = Instant::now();
    let report =
        Report { playbook: "ehr-down".into(), level: Some("critical".into()), safety: Safety::No, ..Report::default() };
    running
        .handle
        .input(Input::Command { who: None, by: "it-bered".into(), action: Box::new(Action::Report(report)) })
        .await
        .unwrap();
    let mut last = String::new();
    let expected = loop {
        approve(&running).await;
        match ended(&running, &addresses).await {
            Ok(all) => break all,
            Err(why) => {
                assert!(began.elapsed() < WITHIN, "not in time: {why}");
                if why != last {
                    println!("{:6.1} s: {why}", began.elapsed().as_secs_f64());
                    last = why;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    println!("{} texts are out after {:.1} s", expected.len(), began.elapsed().as_secs_f64());

    let kinds = BTreeMap::from([
        ("sms-api", Kind::Joined),
        ("sms-modem", Kind::Joined),
        ("mail", Kind::Mail),
        ("snpp", Kind::Apart),
        ("pocsag", Kind::Apart),
    ]);
    let came = {
        // Postfix delivers when it likes.
        let wanted = expected.iter().filter(|e| !e.gateway.starts_with("fax")).count();
        loop {
            let all = received(&far_ends().all(), &["ÖVNING", "EXERCISE"], |end| kinds.get(end).copied());
            match all {
                Ok(all) if all.iter().filter(|r| r.fingerprint.is_some()).count() >= wanted => break all,
                other => assert!(began.elapsed() < WITHIN, "{:?}", other.map(|all| all.len())),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let mut table: BTreeMap<(String, &str, String), (usize, usize)> = BTreeMap::new();
    let mut wanted: BTreeMap<(String, String, String, String), Vec<&Expected>> = BTreeMap::new();
    for e in expected.iter().filter(|e| !e.gateway.starts_with("fax")) {
        let key = (end_of(&e.gateway).to_owned(), e.to.clone(), e.number.clone(), e.fingerprint.clone());
        wanted.entry(key).or_default().push(e);
    }
    for r in came.iter().filter(|r| r.fingerprint.is_some()) {
        let key = (r.gateway.clone(), r.to.clone(), r.number.clone(), r.fingerprint.clone().unwrap());
        let e =
            wanted.get_mut(&key).and_then(Vec::pop).unwrap_or_else(|| panic!("nobody sent {key:?}, or it came twice"));
        r.trailer_after(&e.text).unwrap_or_else(|why| panic!("{key:?}: {why}"));
        assert_eq!(r.mark, None, "this is not a drill");
        let row = table.entry((e.gateway.clone(), e.audience, e.lang.clone())).or_default();
        *row = (row.0 + 1, row.1 + e.text.len());
    }
    let lost: Vec<_> = wanted.into_iter().filter(|(_, left)| !left.is_empty()).map(|(key, _)| key).collect();
    assert!(lost.is_empty(), "never came: {lost:#?}");

    let received_faxes = PathBuf::from(said("VARDKASE_PEER_FAX_RECEIVED"));
    let all_calls = calls(&received_faxes);
    for e in expected.iter().filter(|e| e.gateway.starts_with("fax")) {
        let local = &e.to[e.to.len() - 8..];
        let code = format!("#{}.{}", e.number, e.fingerprint);
        let faxes: Vec<PathBuf> = all_calls
            .iter()
            .filter(|c| c["number"].as_str().is_some_and(|n| n.ends_with(local)))
            .filter_map(|c| c["file"].as_str().map(PathBuf::from))
            .filter(|f| codes(f).first().is_some_and(|c| c.ends_with(&code)))
            .collect();
        assert_eq!(faxes.len(), 1, "{} {code} of {:?}", e.to, all_calls.len());
        let pages = words_read(&faxes[0], &e.text, None).unwrap_or_else(|why| panic!("{} {code}: {why}", e.to));
        assert_eq!(codes(&faxes[0]).len(), pages, "a code on every page");
        let row = table.entry((e.gateway.clone(), e.audience, e.lang.clone())).or_default();
        *row = (row.0 + 1, row.1 + e.text.len());
    }
    // Notes go by fax too; every text that does is there as it is in the journal.
    let documents: Vec<String> = pdfs().iter().map(|p| pdf_text(p)).collect();
    for e in expected.iter().filter(|e| e.gateway.starts_with("fax")) {
        assert!(documents.contains(&e.text), "no PDF at the server has {} as it is: {documents:#?}", e.number);
    }

    public_page(&running).await;
    println!("{:10} {:9} {:3} {:>6} {:>8}", "gateway", "audience", "", "texts", "bytes");
    for ((gateway, audience, lang), (texts, bytes)) in &table {
        println!("{gateway:10} {audience:9} {lang:3} {texts:6} {bytes:8}  identical");
    }
    let gateways: BTreeSet<&str> = table.keys().map(|(g, _, _)| g.as_str()).collect();
    for kind in ["sms-api", "sms-modem", "mail-int", "fax-ip", "page-fs", "page-hs", "page-ls"] {
        assert!(gateways.contains(kind), "nothing went over {kind}: {gateways:?}");
    }
    running.stop().await;
}

/// The documents that HylaFAX was given and still has.
fn pdfs() -> Vec<PathBuf> {
    let all = entries(&PathBuf::from(said("ALL_FAX_SPOOL")).join("docq"));
    all.into_iter().filter(|p| std::fs::read(p).is_ok_and(|b| b.starts_with(b"%PDF"))).collect()
}

/// What a reader of PDF that is not ours takes out of it: the text, as it runs over its pages.
fn pdf_text(pdf: &Path) -> String {
    let done = Command::new("pdftotext").arg("-raw").arg(pdf).arg("-").output().unwrap();
    let read = String::from_utf8(done.stdout).unwrap();
    let heads = ["Meddelande ", "Message "];
    let ends = ["Så svarar du", "Fortsätter på nästa sida", "How to answer", "Continues on the next page"];
    let mut text = Vec::new();
    for page in read.split('\u{c}').filter(|p| !p.trim().is_empty()) {
        let lines = page.lines().skip_while(|l| !heads.iter().any(|h| l.starts_with(h))).skip(1);
        text.extend(lines.take_while(|l| !ends.contains(l)));
    }
    text.join(" ")
}

/// What a browser shows of a page.
fn dom(url: &str) -> String {
    let done = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom", url])
        .output()
        .unwrap();
    String::from_utf8(done.stdout).unwrap()
}

/// The mirrored page in a browser: each public text whole, in both languages; no code, no duty's address, no internal routine.
async fn public_page(running: &Running) {
    let (texts, secrets) = running
        .handle
        .query(|state, _| {
            let mut texts = Vec::new();
            let mut secrets: Vec<String> = Vec::new();
            for inc in state.incidents.values() {
                for m in inc.messages.iter().filter(|m| m.audience == Audience::Public && m.released_at.is_some()) {
                    texts.extend(m.texts.iter().map(|(lang, d)| (*lang, d.text.to_string())));
                }
                secrets.extend(inc.proposals.iter().map(|p| p.code.as_str().to_owned()));
                let inner = inc.plan.routines.values().filter(|r| r.outside.is_none());
                secrets.extend(inner.flat_map(|r| r.text.0.values().map(ToString::to_string).collect::<Vec<_>>()));
            }
            (texts, secrets)
        })
        .await
        .unwrap();
    assert!(texts.len() >= 2, "a public text in each language");
    let base = said("MIRROR_READBACK").trim_end_matches('/').to_owned();
    for (lang, text) in texts {
        let page = dom(&format!("{base}/{lang}/index.html"));
        let written = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(shown_texts(&page).contains(&written), "{lang}: not there, whole: {text}\n{page}");
        for secret in secrets.iter().chain(&crate::peers::mirror::addresses()).filter(|s| s.len() > 3) {
            assert!(!page.contains(secret.as_str()), "{lang}: “{secret}” is on the public page");
        }
        println!("ok the page in a browser, {lang}: {} bytes are the same, nothing internal", text.len());
    }
}
