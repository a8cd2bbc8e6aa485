//! Fax by mail, through the session that mails use, to a provider who dials what stands before the @.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::gateways::fax_mail::{FaxMail, FaxMailConfig};
use vardkase::gateways::smtp::{SmtpConfig, SmtpGateway, Tls};
use vardkase::gateways::{Gateway, GatewayEvent, Job, Now};
use vardkase::sim::Far;
use vardkase::sim::smtp::{Handle, Options, start};

use super::hylafax::{ALARM, actual, drill, job, text_of};

const PATIENCE: Duration = Duration::from_secs(20);

struct Rig {
    far: Far,
    server: Handle,
    jobs: mpsc::Sender<Job>,
    events: mpsc::Receiver<GatewayEvent>,
    _stop: watch::Sender<bool>,
}

async fn rig() -> Rig {
    let far = Far::default();
    let server = start(far.clone(), "provider", Options::default()).await.unwrap();
    let smtp = SmtpConfig {
        port: server.addr.port(),
        tls: Tls::None,
        from: "fax@region.example".into(),
        connections_max: 1,
        ..SmtpConfig::default()
    };
    let mail = FaxMailConfig {
        to: "{number}@fax.example".into(),
        dial_prefix: Some("00".into()),
        smtp: smtp.clone(),
        pages_max: 3,
        ..FaxMailConfig::default()
    };
    let now: Now = Arc::new(|| "2008-12-18T09:45:00Z".parse().unwrap());
    let letters = Arc::new(FaxMail::new(mail).unwrap());
    let gateway = SmtpGateway::carrying("fax-mail".into(), smtp, now, [1; 32], letters).unwrap();
    assert!(!gateway.keeps_jobs(), "a mail that left is gone");
    let (jobs, queue) = mpsc::channel(16);
    let (out, events) = mpsc::channel(64);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move { gateway.run(queue, out, stopped).await });
    Rig { far, server, jobs, events, _stop: stop }
}

impl Rig {
    async fn send(&mut self, job: Job) -> Result<Accepted, SendError> {
        let delivery = job.delivery;
        self.jobs.send(job).await.unwrap();
        loop {
            match tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap() {
                GatewayEvent::Outcome { delivery: of, result } => {
                    assert_eq!(of, delivery);
                    return result;
                }
                GatewayEvent::Down { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_machine_shows_the_page_and_nothing_else() {
    let mut rig = rig().await;
    for (n, out) in [(1, Arc::new(actual(ALARM))), (2, Arc::new(drill(&vec![ALARM; 12].join(" "))))] {
        let accepted = rig.send(job(n, "+46 980-319 200", &out, Some("Svara JA 14"))).await.unwrap();
        assert!(!accepted.delivered, "the mail server has it, not the machine");
        let shown = rig.far.all().pop().unwrap();
        assert_eq!((shown.to.as_str(), shown.gateway.as_str()), ("0046980319200", "provider"));
        assert_eq!(shown.text.split('\u{c}').count(), usize::from(accepted.units));
        assert_eq!(text_of(&shown.text, &out, Some("Svara JA 14")).unwrap(), out.text());
    }
    let mails = rig.server.mails();
    assert!(mails.iter().all(|m| m.kinds == ["application/pdf"]), "no body that a provider makes a cover sheet of");
    assert!(mails[1].header("Subject").unwrap().starts_with("ÖVNING Ö-3-1 "));
    assert!(mails[1].header("Subject").unwrap().ends_with(" ÖVNING"));
}

#[tokio::test]
async fn what_can_not_go_is_refused_without_a_word_to_the_server() {
    let mut rig = rig().await;
    let out = Arc::new(actual(ALARM));
    for to in ["växeln", "a@b.example", "0980319200@fax.example\r\nRCPT TO:<x@y.example>"] {
        let refused = rig.send(job(1, to, &out, None)).await;
        assert_eq!(refused, Err(SendError::permanent("no number that can be dialled")));
    }
    let refused = rig.send(job(2, "0980319200", &Arc::new(actual("Läge 🚑")), None)).await;
    assert_eq!(refused, Err(SendError::permanent("the fax page has no “🚑”")));
    assert!(rig.far.all().is_empty());
}
