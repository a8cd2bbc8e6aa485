//! Every shipped gateway, from its YAML, against a far end that speaks its protocol: what the far devices show is the
//! canonical text, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use vardkase::app::gateways::{Built, build};
use vardkase::app::loopback::{self, Loopback, Opts};
use vardkase::config::{Loaded, Source, load};
use vardkase::domain::delivery::SendError;
use vardkase::domain::ids::{DeliveryId, GatewayId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::{Capability, Channel};
use vardkase::domain::text::{Charset, Outgoing};
use vardkase::gateways::callback::CallbackKind;
use vardkase::gateways::protocol::Env;
use vardkase::gateways::{Address, GatewayEvent, Job, MessageContext};
use vardkase::sim::relay::Line;
use vardkase::sim::verify::{Kind, received};

use crate::verifier::{MARKS, outgoing, sent};

/// Longer than anything here takes; a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(30);

const SV: &str = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: gå över till pappersjournal, skriv ut läkemedelslistan. \
    Gäller: sjukhus och vårdcentraler. Sedan: 03.12. Åter i drift: okänt. Nästa besked: 04.15. Kontakt: 0980-319200.";
const EN: &str = "ALERT STAFF MODE FS: Records system is down. Do now: change to paper records, print the drug list. \
    Applies to: hospitals and clinics. Since: 03.12. Running again: unknown. Next update: 04.15. Contact: 0980-319200.";

struct Rig {
    loaded: Loaded,
    loopback: Loopback,
    built: BTreeMap<GatewayId, Built>,
    jobs: BTreeMap<GatewayId, mpsc::Sender<Job>>,
    events: mpsc::Receiver<GatewayEvent>,
    events_in: mpsc::Sender<GatewayEvent>,
    _stop: watch::Sender<bool>,
    _running: JoinSet<()>,
}

async fn rig(opts: &Opts, public_url: Option<String>) -> Rig {
    let mut loaded = load(&Source::Shipped).expect("the shipped region");
    // The modem's pace is not what is tested here.
    loaded.gateways.iter_mut().for_each(|g| g.limits.per_second_max = None);
    let loopback = loopback::start(&mut loaded, opts).await.expect("far ends");
    let now = || "2008-12-18T09:45:00Z".parse().expect("a time");
    let all = build(
        &loaded,
        &Env { now: Arc::new(now), public_url, mail_key: [14; 32] },
        &vardkase::app::training::Ends::of(vardkase::app::Operation::Real),
        &|_| true,
    );
    let (events_in, events) = mpsc::channel(1_000);
    let (stop, stopped) = watch::channel(false);
    let (mut jobs, mut running, mut built) = (BTreeMap::new(), JoinSet::new(), BTreeMap::new());
    for b in all {
        let gateway = b.gateway.clone().unwrap_or_else(|why| panic!("{}: {why}", b.id));
        assert!(b.warnings.is_empty(), "{}: {:?}", b.id, b.warnings);
        let (sender, queue) = mpsc::channel(100);
        jobs.insert(b.id.clone(), sender);
        let (out, stopped) = (events_in.clone(), stopped.clone());
        running.spawn(async move { gateway.run(queue, out, stopped).await });
        built.insert(b.id.clone(), b);
    }
    Rig { loaded, loopback, built, jobs, events, events_in, _stop: stop, _running: running }
}

impl Rig {
    async fn event(&mut self) -> GatewayEvent {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("gateways that run")
    }
    async fn send(&self, id: &GatewayId, job: Job) {
        self.jobs[id].send(job).await.expect("a gateway that runs");
    }
    async fn outcome(&mut self, ordinal: u32) -> Result<(), SendError> {
        loop {
            if let GatewayEvent::Outcome { delivery, result } = self.event().await
                && delivery.ordinal == ordinal
            {
                return result.map(|_| ());
            }
        }
    }
    fn kind(&self, gateway: &str) -> Option<Kind> {
        self.loaded.plan.gateways.iter().find(|g| g.id.as_str() == gateway).map(|g| Kind::of(&g.capability))
    }
}

fn address(channel: Channel, ordinal: u32) -> Address {
    let n = 250 + ordinal;
    Address(match channel {
        Channel::Sms => format!("+46701740{n}").into(),
        Channel::Fax => format!("+46980319{n}").into(),
        Channel::Paging => format!("{n}").into(),
        _ => format!("duty-{n}@fjallmark.example").into(),
    })
}

fn job(ordinal: u32, channel: Channel, out: &Arc<Outgoing>, lang: Lang, trailer: &str) -> Job {
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: address(channel, ordinal),
        out: out.clone(),
        head: Arc::new(MessageContext {
            sender: "Region Fjällmark".into(),
            lang,
            title: "Journalen ligger nere".into(),
            mode_line: "FS STABSLÄGE".into(),
            page_url: String::new(),
            thread: "incident-14@fjallmark".into(),
            priority: 0,
            foot: String::new(),
        }),
        trailer: Some(trailer.into()),
        link: None,
        repeat: false,
        ttl_s: 1_800,
    }
}

fn id(name: &str) -> GatewayId {
    GatewayId::from(name)
}

#[tokio::test]
async fn every_shipped_gateway_shows_the_canonical_text_byte_for_byte() {
    let mut rig = rig(&Opts::default(), None).await;
    let texts = [
        (outgoing("14-2", "sv", SV, None), Lang::SV, "Svara JA 14"),
        (outgoing("Ö-3-1", "sv", SV, Some("ÖVNING")), Lang::SV, "Svara JA Ö-3"),
        (outgoing("14-2", "en", EN, None), Lang::EN, "Reply JA 14"),
        (outgoing("X-3-1", "en", EN, Some("EXERCISE")), Lang::EN, "Reply JA X-3"),
        // Characters in the places of brackets, in the extension table, and across a cut.
        (outgoing("14-3", "sv", "ÅÄÖÜÉåäöüé ".repeat(20).trim_end(), None), Lang::SV, "Svara JA 14"),
    ];
    let mut expected = BTreeMap::new();
    let mut waits = BTreeSet::new();
    for gateway in rig.loaded.plan.gateways.clone() {
        if !rig.jobs.contains_key(&gateway.id) {
            continue;
        }
        for (i, (out, lang, trailer)) in texts.iter().enumerate() {
            let ordinal = expected.len() as u32;
            let is_ascii = matches!(gateway.capability, Capability::Pages { charset: Charset::Ascii7, .. });
            let goes = !is_ascii || out.whole(None).is_ascii();
            expected.insert(ordinal, (gateway.id.clone(), gateway.channel, i, goes));
            // A fax and an SMS are with the receiver when the receipt says so.
            if goes && (gateway.channel == Channel::Fax || gateway.id.as_str() == "sms-api") {
                waits.insert(ordinal);
            }
            rig.send(&gateway.id, job(ordinal, gateway.channel, out, *lang, trailer)).await;
        }
    }
    let mut outcomes = BTreeMap::new();
    while outcomes.len() < expected.len() || !waits.is_empty() {
        match rig.event().await {
            GatewayEvent::Outcome { delivery, result } => {
                let (gateway, _, text, goes) = &expected[&delivery.ordinal];
                match &result {
                    Err(SendError::Permanent { .. }) if !goes => {}
                    Ok(_) if *goes => {}
                    other => panic!("{gateway}, text {text}: {other:?}"),
                }
                assert!(outcomes.insert(delivery.ordinal, result).is_none(), "two outcomes for {delivery}");
            }
            GatewayEvent::Receipt { delivery, result, .. } => {
                assert_eq!(result, Ok(()));
                waits.remove(&delivery.expect("our key").ordinal);
            }
            GatewayEvent::Down { cause, gateway } => assert_eq!(cause, None, "{gateway}"),
            other => panic!("{other:?}"),
        }
    }

    let all = received(&rig.loopback.far.all(), &MARKS, |g| rig.kind(g)).expect("units of the grammar");
    let carried = expected.values().filter(|e| e.3).count();
    assert_eq!(carried, 8 * 5 + 2, "everything but Swedish over the transmitter without å ä ö");
    assert_eq!(all.len(), carried, "each text once");
    for (ordinal, (gateway, channel, text, _)) in expected.iter().filter(|(_, e)| e.3) {
        let to = address(*channel, *ordinal);
        // SMPP carries a number's type beside its digits, not a plus.
        let one = all
            .iter()
            .find(|r| r.gateway == gateway.as_str() && r.to.trim_start_matches('+') == to.0.trim_start_matches('+'));
        let (out, _, trailer) = &texts[*text];
        let one = one.unwrap_or_else(|| panic!("{gateway}: text {text} did not arrive"));
        assert_eq!(one.is(&sent(out, Some(trailer))), Ok(()), "{gateway}, text {text}");
    }
    // Several units did arrive, so that joining was put to the test.
    let pages = rig.loopback.far.all().iter().filter(|s| s.gateway == "page-fs").count();
    assert!(pages > 5 * 2, "{pages} pages");
}

#[tokio::test]
async fn a_duty_answers_over_either_sms_gateway() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let mut rig = rig(&Opts::default(), Some(base.clone())).await;
    rig.loopback.call_back_at(&base);
    let callback = rig.built[&id("sms-modem")].callback.clone().expect("callbacks");
    let (out, paths_in) = (rig.events_in.clone(), mpsc::channel(10));
    let (paths_in, mut paths) = paths_in;
    let secret = callback.secret.expose().to_owned();
    let _web = JoinSet::from_iter([async move {
        loop {
            let (mut tcp, _) = listener.accept().await.expect("a caller");
            let mut request = Vec::new();
            let (path, body) = loop {
                tcp.read_buf(&mut request).await.expect("a request");
                let text = String::from_utf8_lossy(&request);
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.split_once("Content-Length: ").and_then(|(_, l)| l.split("\r\n").next());
                if body.len() >= length.and_then(|l| l.parse().ok()).unwrap_or(0) {
                    break (head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned());
                }
            };
            let kind = if path.ends_with("/reply") { CallbackKind::Reply } else { CallbackKind::Receipt };
            let told = (callback.reader)(kind, "", body.as_bytes()).expect("a callback");
            tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("somebody listens");
            paths_in.send(path).await.expect("the test");
            if let Some(event) = told {
                out.send(event).await.expect("the test");
            }
        }
    }]);

    // The modem's receipt comes by callback, at the address that the request gave.
    let text = outgoing("14-2", "sv", SV, None);
    rig.send(&id("sms-modem"), job(1, Channel::Sms, &text, Lang::SV, "Svara JA 14")).await;
    let (mut taken, mut delivered) = (false, false);
    while !(taken && delivered) {
        match rig.event().await {
            GatewayEvent::Outcome { result, .. } => taken = result.is_ok(),
            GatewayEvent::Receipt { delivery, result: Ok(()), .. } => {
                delivered = delivery.is_some_and(|d| d.ordinal == 1)
            }
            GatewayEvent::Down { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(paths.recv().await, Some(format!("/cb/sms-modem/{secret}/receipt")));

    // A session is needed for the other one.
    rig.send(&id("sms-api"), job(2, Channel::Sms, &text, Lang::SV, "Svara JA 14")).await;
    assert_eq!(rig.outcome(2).await, Ok(()));
    for gateway in ["sms-api", "sms-modem"] {
        assert!(rig.loopback.reply_over(&id(gateway), "+46701740252", "JA 14 å").await);
        let reply = loop {
            match rig.event().await {
                GatewayEvent::Reply { gateway, from, text, .. } => break (gateway, from.0.to_string(), text),
                GatewayEvent::Receipt { .. } | GatewayEvent::Down { .. } => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(reply, (id(gateway), "+46701740252".to_owned(), "JA 14 å".to_owned()));
    }
    // The first that is there takes it.
    assert_eq!(rig.loopback.reply(Channel::Sms, "+46701740252", "JA 14").await, Ok(id("sms-api")));
    rig.loopback.set_line(&id("sms-api"), Line { is_up: false, latency_ms: 0 });
    assert_eq!(rig.loopback.reply_sms("+46701740252", "JA 14").await, Ok(id("sms-modem")));
    assert!(rig.loopback.reply(Channel::Fax, "+46980319250", "JA").await.is_err());
}

#[tokio::test]
async fn a_line_that_is_cut_fails_for_now_and_works_again_when_it_is_mended() {
    let (cut, slow) = (Line { is_up: false, latency_ms: 0 }, Line { is_up: true, latency_ms: 20 });
    let opts = Opts { lines: [(id("sms-modem"), cut), (id("mail-int"), slow)].into(), ..Opts::default() };
    let mut rig = rig(&opts, None).await;
    let text = outgoing("14-2", "sv", SV, None);
    for (n, (gateway, channel)) in
        (0..).zip([("sms-modem", Channel::Sms), ("mail-ext", Channel::Email), ("page-fs", Channel::Paging)])
    {
        let (gateway, ordinal) = (id(gateway), 10 * n);
        rig.loopback.set_line(&gateway, cut);
        let addr = rig.loopback.end(&gateway).expect("a far end").line.addr;
        while tokio::net::TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
        rig.send(&gateway, job(ordinal, channel, &text, Lang::SV, "Svara JA 14")).await;
        let failed = rig.outcome(ordinal).await;
        assert!(matches!(failed, Err(SendError::Temporary { .. })), "{gateway}: {failed:?}");
        rig.loopback.set_line(&gateway, Line::default());
        while tokio::net::TcpStream::connect(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
        rig.send(&gateway, job(ordinal + 1, channel, &text, Lang::SV, "Svara JA 14")).await;
        assert_eq!(rig.outcome(ordinal + 1).await, Ok(()), "{gateway}");
    }
    let begun = std::time::Instant::now();
    rig.send(&id("mail-int"), job(90, Channel::Email, &text, Lang::SV, "Svara JA 14")).await;
    assert_eq!(rig.outcome(90).await, Ok(()));
    assert!(begun.elapsed() >= Duration::from_millis(60), "greeting, EHLO and the text's answer are each late");
}

#[tokio::test]
async fn an_address_that_is_not_on_this_machine_is_refused_by_name() {
    let files = vardkase::config::shipped().into_iter().map(|(path, text)| {
        let text = match path.as_str() {
            "channels/sms.yaml" => text.replace("host: 127.0.0.1", "host: smsc.operator.example"),
            "channels/paging.yaml" => text.replace("127.0.0.1, port: 4442", "192.0.2.7, port: 4442"),
            _ => text,
        };
        (path, text)
    });
    let mut loaded = load(&Source::Files(files.collect())).expect("the shipped region, elsewhere");
    let refused = loopback::start(&mut loaded, &Opts::default()).await.err().expect("a refusal");
    assert!(
        refused.starts_with("gateway sms-api points at smsc.operator.example; gateway page-hs points at 192.0.2.7: "),
        "{refused}"
    );
}
