//! The gateway against servers that do as they should, and that do not.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::ids::GatewayId;
use vardkase::gateways::Secret;
use vardkase::gateways::hylafax::{Hylafax, HylafaxConfig, Resolution};
use vardkase::gateways::{Gateway, GatewayEvent, Job};
use vardkase::sim::Far;
use vardkase::sim::hylafax::{Handle, Options, start};
use vardkase::yaml::Secs;

use super::{ALARM, actual, drill, job, text_of};

/// Longer than anything here takes; a test that gets here has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Rig {
    pub far: Far,
    pub server: Handle,
    pub gateway: Arc<Hylafax>,
    pub jobs: mpsc::Sender<Job>,
    pub events: mpsc::Receiver<GatewayEvent>,
    pub stop: watch::Sender<bool>,
    pub running: JoinHandle<()>,
}

pub async fn rig_with(options: Options, set: impl FnOnce(&mut HylafaxConfig)) -> Rig {
    let far = Far::default();
    let server = start(far.clone(), "fax-sim", options).await.unwrap();
    let mut config = HylafaxConfig {
        port: server.addr.port(),
        user: "vardkase".into(),
        connections_max: 1,
        waits_max: 0,
        poll_every: Secs(0),
        poll_min_ms: 5,
        reply_timeout: Secs(5),
        ..HylafaxConfig::default()
    };
    set(&mut config);
    let gateway = Arc::new(Hylafax::new(GatewayId::from("fax"), config));
    let (jobs, queue) = mpsc::channel(100);
    let (out, events) = mpsc::channel(100);
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.run(queue, out, stopped).await }
    });
    Rig { far, server, gateway, jobs, events, stop, running }
}

pub async fn rig(options: Options) -> Rig {
    rig_with(options, |_| {}).await
}

impl Rig {
    pub async fn event(&mut self) -> GatewayEvent {
        tokio::time::timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .expect("a gateway that runs")
    }
    pub async fn outcome(&mut self, ordinal: u32) -> Result<Accepted, SendError> {
        loop {
            match self.event().await {
                GatewayEvent::Outcome { delivery, result } => {
                    assert_eq!(delivery.ordinal, ordinal);
                    return result;
                }
                GatewayEvent::Down { .. } => {}
                other => panic!("{other:?} before the outcome"),
            }
        }
    }
    pub async fn receipt(&mut self) -> (u32, String, Result<(), SendError>) {
        loop {
            match self.event().await {
                GatewayEvent::Receipt { gateway, delivery, gateway_ref, result } => {
                    assert_eq!(gateway.as_str(), "fax");
                    return (delivery.expect("our delivery").ordinal, gateway_ref, result);
                }
                GatewayEvent::Down { .. } => {}
                other => panic!("{other:?} instead of a receipt"),
            }
        }
    }
    pub async fn send(&mut self, job: Job) -> Result<Accepted, SendError> {
        let ordinal = job.delivery.ordinal;
        self.jobs.send(job).await.unwrap();
        self.outcome(ordinal).await
    }
    pub fn commands(&self, connection: usize) -> Vec<String> {
        self.server.log().into_iter().filter(|l| l.connection == connection).map(|l| l.command).collect()
    }
    pub fn submitted(&self) -> usize {
        self.server.log().iter().filter(|l| l.command == "JSUBM").count()
    }
}

pub fn accepted(id: &str, pages: u16) -> Result<Accepted, SendError> {
    Ok(Accepted { gateway_ref: id.into(), delivered: false, units: pages })
}

#[tokio::test]
async fn the_commands_of_a_job_in_order() {
    let options = Options { password: Some("hemligt".into()), ..Options::default() };
    let mut rig = rig_with(options, |c| {
        c.password = Some(Secret::new("hemligt"));
        c.admin_password = Some(Secret::new("adm"));
        c.retry_after = Some(Secs(90));
        c.resolution = Resolution::Standard;
        c.modem = Some("ttyFAX0".into());
    })
    .await;
    let out = Arc::new(actual(ALARM));
    let f = out.fingerprint().unwrap();
    assert_eq!(rig.send(job(7, "+46 980-319 200", &out, Some("Svara JA 14"))).await, accepted("1", 1));
    let first = [
        "USER vardkase",
        "PASS hemligt",
        "ADMIN adm",
        "TZONE GMT",
        "TYPE I",
        "IDLE 7200",
        "PASV",
        "STOT",
        "JNEW",
        "JPARM FROMUSER \"Vardkase\"",
        "JPARM LASTTIME 000030",
        "JPARM MAXDIALS 12",
        "JPARM MAXTRIES 3",
        "JPARM RETRYTIME 0130",
        "JPARM SCHEDPRI 80",
        &format!("JPARM JOBINFO \"14.7 14-2.{f}\""),
        "JPARM DIALSTRING \"+46980319200\"",
        "JPARM NOTIFY \"none\"",
        "JPARM MODEM \"ttyFAX0\"",
        "JPARM VRES 98",
        "JPARM PAGEWIDTH 209",
        "JPARM PAGELENGTH 296",
        "JPARM PAGECHOP \"none\"",
        "JPARM DOCUMENT /tmp/doc1.ps",
        "JSUBM",
    ];
    assert_eq!(rig.commands(0), first);

    assert_eq!(rig.receipt().await, (7, "1".into(), Ok(())));
    let look = ["JOBFMT \"%j|%a|%p|%y|%J|%s\"", "PASV", "LIST sendq"];
    assert_eq!(rig.commands(1)[6..9], look);

    let shown = rig.far.all();
    assert_eq!((shown.len(), shown[0].to.as_str(), shown[0].gateway.as_str()), (1, "+46980319200", "fax-sim"));
    assert_eq!(text_of(&shown[0].text, &out, Some("Svara JA 14")).unwrap(), ALARM);

    // The second job of the same body: same connection, no second upload.
    assert_eq!(rig.send(job(8, "0980319201", &out, Some("Svara JA 14"))).await, accepted("2", 1));
    assert_eq!(rig.commands(0)[first.len()], "JNEW");
    assert_eq!(rig.server.uploads().len(), 1);

    rig.stop.send(true).unwrap();
    tokio::time::timeout(PATIENCE, rig.running).await.expect("an end in time").unwrap();
    assert_eq!(rig.server.log().last().map(|l| l.command.clone()).as_deref(), Some("QUIT"));
}

#[tokio::test]
async fn what_becomes_of_a_job_at_each_kind_of_number() {
    let mut rig = rig(Options::default()).await;
    let out = Arc::new(drill(ALARM));
    // The server has dialled as often as it may: all that fails is over for this gateway.
    let p = SendError::permanent;
    let ends: [(&str, Result<(), SendError>); 6] = [
        ("0980310000", Ok(())),
        ("0980310001", Err(p("Busy signal detected; too many attempts to dial"))),
        ("0980310002", Err(p("No answer from remote; too many attempts to dial"))),
        ("0980310004", Err(p("No carrier detected"))),
        ("0980310005", Err(p("DONE with 0 of 1 pages"))),
        ("0980310006", Err(p("the fax server lost the job: it is in no queue"))),
    ];
    for (n, (number, end)) in (0u32..).zip(ends) {
        let id = (n + 1).to_string();
        assert_eq!(rig.send(job(n, number, &out, None)).await, accepted(&id, 1), "{number}");
        assert_eq!(rig.receipt().await, (n, id, end), "{number}");
    }
    assert_eq!(rig.far.all().len(), 1);
    assert_eq!(text_of(&rig.far.all()[0].text, &out, None).unwrap(), ALARM);
}

#[tokio::test]
async fn refusals_before_and_at_submission() {
    let mut rig = rig(Options::default()).await;
    let out = Arc::new(actual(ALARM));
    let refused = rig.send(job(1, "0980310009", &out, None)).await;
    let why = "HylaFAX 460: Failed to submit job 1: Unspecified reason (scheduler NAK'd request).";
    assert_eq!(refused, Err(SendError::temporary(why)));
    let refused = rig.send(job(2, "0980310010", &out, None)).await;
    assert!(matches!(refused, Err(SendError::Permanent { .. })), "{refused:?}");
    // Half a job was left on that connection: the next one is fresh.
    assert_eq!(rig.server.connections(), 2);
    for not_a_number in ["", "växeln", "0980\"\r\nJKILL 1", "0980319200@mail.example"] {
        let refused = rig.send(job(3, not_a_number, &out, None)).await;
        assert_eq!(refused, Err(SendError::permanent("no number that can be dialled")));
    }
    let refused = rig.send(job(4, "0980310000", &Arc::new(actual("Läge 🚑")), None)).await;
    assert_eq!(refused, Err(SendError::permanent("the fax page has no “🚑”")));
    let refused = rig.send(job(5, "0980310000", &Arc::new(actual(&"ö".repeat(4_000))), None)).await;
    assert!(matches!(refused, Ok(Accepted { units: 2.., .. })), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_can_make_no_job_is_tried_again() {
    let mut rig = rig(Options { no_jobs: true, ..Options::default() }).await;
    let refused = rig.send(job(1, "0980310000", &Arc::new(actual(ALARM)), None)).await;
    let why = "HylaFAX 503: Unable to open sequence number file sendq/seqf; File exists.";
    assert_eq!(refused, Err(SendError::temporary(why)));
}

#[tokio::test]
async fn a_text_over_the_pages_of_the_gateway_is_refused_whole() {
    let mut rig = rig_with(Options::default(), |c| c.pages_max = 1).await;
    let refused = rig.send(job(5, "0980310000", &Arc::new(actual("ö ".repeat(1_999).trim_end())), None)).await;
    assert!(matches!(&refused, Err(SendError::Permanent { cause }) if cause.contains("at most 1 go")), "{refused:?}");
    assert_eq!(rig.server.connections(), 0);
}

#[tokio::test]
async fn a_connection_lost_after_submission_is_unknown_and_a_fax_that_went_closes_it() {
    let mut rig = rig(Options::default()).await;
    let out = Arc::new(actual(ALARM));
    let lost = rig.send(job(1, "0980310007", &out, None)).await;
    assert!(matches!(lost, Err(SendError::Unknown { .. })), "{lost:?}");
    assert_eq!(rig.receipt().await, (1, "1".into(), Ok(())));

    for (n, number) in [(2, "0980310008"), (3, "0980310011")] {
        let lost = rig.send(job(n, number, &out, None)).await;
        assert!(matches!(lost, Err(SendError::Unknown { .. })), "{lost:?}");
    }
    // Nothing was queued: no receipt for these, and the next job's is the next event.
    assert_eq!(rig.send(job(4, "0980310000", &out, None)).await, accepted("4", 1));
    assert_eq!(rig.receipt().await, (4, "4".into(), Ok(())));
}

#[tokio::test]
async fn a_submission_that_is_never_answered_is_unknown() {
    let mut rig = rig_with(Options::default(), |c| c.reply_timeout = Secs(1)).await;
    let lost = rig.send(job(1, "0980310013", &Arc::new(actual(ALARM)), None)).await;
    assert_eq!(lost, Err(SendError::unknown("no reply in time after it was submitted")));
}

#[tokio::test]
async fn a_repeat_finds_the_earlier_try_instead_of_sending_twice() {
    let mut rig = rig(Options::default()).await;
    let out = Arc::new(actual(ALARM));
    let lost = rig.send(job(1, "0980310007", &out, None)).await;
    assert!(matches!(lost, Err(SendError::Unknown { .. })), "{lost:?}");
    let mut repeat = job(1, "0980310007", &out, None);
    repeat.repeat = true;
    assert_eq!(rig.receipt().await, (1, "1".into(), Ok(())));
    assert_eq!(rig.send(repeat).await, accepted("1", 1));
    assert_eq!(rig.receipt().await, (1, "1".into(), Ok(())));
    assert_eq!((rig.far.all().len(), rig.submitted()), (1, 1));

    // One that failed does not count, nor one of another delivery.
    assert_eq!(rig.send(job(2, "0980310001", &out, None)).await, accepted("2", 1));
    assert!(rig.receipt().await.2.is_err());
    for (n, number) in [(2, "0980310001"), (3, "0980310000")] {
        let mut repeat = job(n, number, &out, None);
        repeat.repeat = true;
        assert_eq!(rig.send(repeat).await, accepted(&(n + 1).to_string(), 1));
        let _ = rig.receipt().await;
    }
}

#[tokio::test]
async fn servers_that_refuse_or_babble_are_down_and_the_job_may_be_tried_again() {
    let user_reply = Some("530 User vardkase denied.".to_owned());
    for (options, cause) in [
        (Options { user_reply, ..Options::default() }, "HylaFAX 530: User vardkase denied."),
        (Options { password: Some("x".into()), ..Options::default() }, "HylaFAX 530: Login incorrect."),
        (Options { garbage: true, ..Options::default() }, "what the server answers is not a reply"),
        (Options { silent: true, ..Options::default() }, "no reply in time"),
    ] {
        let mut rig = rig_with(options, |c| c.reply_timeout = Secs(1)).await;
        let out = Arc::new(actual(ALARM));
        rig.jobs.send(job(1, "0980310000", &out, None)).await.unwrap();
        match rig.event().await {
            GatewayEvent::Down { gateway, cause: Some(down) } => {
                assert_eq!((gateway.as_str(), down.as_str()), ("fax", cause));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(rig.outcome(1).await, Err(SendError::temporary(cause)));
        let health = rig.gateway.probe().await;
        assert!(!health.ok && health.detail.starts_with(cause), "{health:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_once_and_recovery_too() {
    // A port that was free a moment ago.
    let port = {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        free.local_addr().unwrap().port()
    };
    let mut rig = rig_with(Options::default(), |c| c.port = port).await;
    let out = Arc::new(actual(ALARM));
    for n in 0..2 {
        rig.jobs.send(job(n, "0980310000", &out, None)).await.unwrap();
    }
    assert!(matches!(rig.event().await, GatewayEvent::Down { cause: Some(_), .. }));
    for n in 0..2 {
        match rig.event().await {
            GatewayEvent::Outcome { delivery, result: Err(SendError::Temporary { .. }) } => {
                assert_eq!(delivery.ordinal, n);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn odd_servers_deliver_all_the_same() {
    for options in [
        Options { one_use_documents: true, ..Options::default() },
        Options { close_after_job: true, ..Options::default() },
        Options { stale: true, ..Options::default() },
        Options { slow: true, ..Options::default() },
    ] {
        let name = format!("{options:?}");
        let mut rig = rig(options).await;
        let out = Arc::new(drill(ALARM));
        for n in 0..3 {
            let got = rig.send(job(n, "0980310000", &out, Some("Svara JA Ö-3"))).await;
            assert_eq!(got, accepted(&(n + 1).to_string(), 1), "{name}");
            assert_eq!(rig.receipt().await, (n, (n + 1).to_string(), Ok(())), "{name}");
        }
        assert_eq!(rig.submitted(), 3, "{name}");
        for shown in rig.far.all() {
            assert_eq!(text_of(&shown.text, &out, Some("Svara JA Ö-3")).unwrap(), ALARM);
        }
    }
}

#[tokio::test]
async fn many_jobs_over_two_connections_each_end_once() {
    let mut rig = rig_with(Options::default(), |c| c.connections_max = 2).await;
    let out = Arc::new(actual(ALARM));
    for n in 0..40 {
        rig.jobs.send(job(n, "0980310000", &out, None)).await.unwrap();
    }
    let (mut outcomes, mut receipts) = (Vec::new(), Vec::new());
    while receipts.len() < 40 {
        match rig.event().await {
            GatewayEvent::Outcome { delivery, result } => {
                result.unwrap();
                outcomes.push(delivery.ordinal);
            }
            GatewayEvent::Receipt { delivery, result, .. } => {
                result.unwrap();
                let ordinal = delivery.unwrap().ordinal;
                assert!(outcomes.contains(&ordinal), "a receipt before its outcome");
                receipts.push(ordinal);
            }
            other => panic!("{other:?}"),
        }
    }
    outcomes.sort_unstable();
    receipts.sort_unstable();
    let all: Vec<u32> = (0..40).collect();
    assert_eq!((&outcomes, &receipts), (&all, &all));
    assert!(rig.server.uploads().len() <= 2);
    // No more jobs: the gateway ends by itself when the last one has.
    drop(rig.jobs);
    tokio::time::timeout(PATIENCE, rig.running).await.expect("an end in time").unwrap();
}

#[tokio::test]
async fn a_probe_asks_for_the_scheduler() {
    let rig = rig(Options::default()).await;
    let health = rig.gateway.probe().await;
    assert!(health.ok, "{health:?}");
    assert_eq!(health.detail, "HylaFAX scheduler on sim: Running; Modem ttyFAX0 (+46.8.555000): Running and idle");
    assert!(rig.far.all().is_empty() && rig.submitted() == 0);
}
