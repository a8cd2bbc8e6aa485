//! Postfix's smtp-sink: a server without PIPELINING's doubts, and with faults to order.

use std::time::{Duration, Instant};

use vardkase::domain::delivery::SendError;
use vardkase::gateways::smtp::{SmtpConfig, Tls};
use vardkase::sim::smtp::Mail;
use vardkase::yaml::Secs;

use super::{port, said};
use crate::gateways::smtp::{TEXT, gateway, jobs, read_by_hand, send_all};

fn config(name: &str) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".into(),
        port: port(&format!("VARDKASE_PEER_SINK_{name}")),
        tls: Tls::None,
        from: "larm@region.example".into(),
        connections_max: 1,
        ..SmtpConfig::default()
    }
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smtp_sink.sh"]
async fn what_it_dumps_is_the_text() {
    let to: Vec<String> = (0..40).map(|i| format!("u{i}@fs.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    for pipelining in [true, false] {
        for connections_max in [1, 5] {
            let config = SmtpConfig { pipelining, connections_max, ..config("GOOD") };
            let (outcomes, _) = send_all(&gateway(config), jobs(&to)).await;
            assert!(outcomes.values().all(Result::is_ok), "{outcomes:?}");
        }
    }
    let mut seen = 0;
    for file in std::fs::read_dir(said("VARDKASE_PEER_SINK_DUMP")).expect("the dump") {
        let raw = std::fs::read(file.expect("a file").path()).expect("a mail");
        // The sink puts headers of its own in front: X-Client-Addr … X-Rcpt-Args, and Received.
        let mail = Mail::read("", &[], &raw);
        let number =
            mail.header("X-Vardkase-Delivery").and_then(|d| d.split('.').next_back()).expect("a number").to_owned();
        let args = mail.header("X-Rcpt-Args").expect("what was said at RCPT").to_owned();
        assert_eq!(args, format!("<u{number}@fs.example>"));
        assert_eq!(read_by_hand(mail.plain.trim_end(), None, "14-2", &[&format!("Svara JA 14 {number}")]), TEXT);
        seen += 1;
    }
    assert_eq!(seen, 4 * 40);
    println!("ok smtp-sink: {seen} mails are the same text");
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smtp_sink.sh"]
async fn each_fault_ends_as_it_must() {
    for pipelining in [true, false] {
        for (name, expected) in [
            ("BARE", "accepted"),
            ("DROP", "temporary"),
            ("LEAVE", "temporary"),
            ("SOFT", "temporary"),
            ("HARD", "permanent"),
        ] {
            let config = SmtpConfig { pipelining, ..config(name) };
            let (outcomes, _) =
                send_all(&gateway(config), jobs(&["a@fs.example", "b@fs.example", "c@fs.example"])).await;
            for result in outcomes.values() {
                let what = match result {
                    Ok(_) => "accepted",
                    Err(SendError::Temporary { .. }) => "temporary",
                    Err(SendError::Permanent { .. }) => "permanent",
                    Err(SendError::Unknown { .. }) => "unknown",
                };
                assert_eq!(what, expected, "{name}, pipelining {pipelining}: {result:?}");
            }
            println!("ok smtp-sink {name}, pipelining {pipelining}: {expected}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the real server: tests/peers/smtp_sink.sh"]
async fn a_slow_server_is_waited_for_as_long_as_was_said() {
    let from = Instant::now();
    let (outcomes, _) = send_all(&gateway(config("SLOW")), jobs(&["a@fs.example"])).await;
    assert!(outcomes[&0].is_ok() && from.elapsed() >= Duration::from_secs(2), "{outcomes:?}");
    let impatient = SmtpConfig { reply_timeout: Secs(1), accept_timeout: Secs(1), ..config("SLOW") };
    let (outcomes, _) = send_all(&gateway(impatient), jobs(&["a@fs.example"])).await;
    assert!(matches!(outcomes[&0], Err(SendError::Temporary { .. } | SendError::Unknown { .. })), "{outcomes:?}");
    println!("ok smtp-sink SLOW: {outcomes:?}");
}
