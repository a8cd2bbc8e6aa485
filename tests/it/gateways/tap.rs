//! TAP against the terminal of `sim`, and against a table of exchanges written out by hand from the specification.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vardkase::domain::delivery::{Accepted, SendError};
use vardkase::domain::text::{Charset, Fingerprint};
use vardkase::gateways::line::LineConfig;
use vardkase::gateways::tap::{TapConfig, TapGateway};
use vardkase::gateways::{Gateway, Secret};
use vardkase::sim::Far;
use vardkase::sim::tap::{self as sim, Behaviour, Options};
use vardkase::yaml::Secs;

use super::paging_rig::{TEXT, job, kind, outgoing, read_by_hand, send_all};

fn config(port: u16) -> TapConfig {
    TapConfig {
        line: LineConfig::tcp(([127, 0, 0, 1], port).into()),
        charset: Charset::Iso646Se,
        reply_timeout: Secs(1),
        ..TapConfig::default()
    }
}

fn gateway(config: TapConfig) -> TapGateway {
    TapGateway::new("page-fs".into(), config).expect("a gateway")
}

/// What each side says, in turn; the terminal speaks each line when it has read the one before.
async fn exchange(script: Vec<(Vec<u8>, &'static [u8])>) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let terminal = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a caller");
        for (expected, reply) in script {
            let mut heard = vec![0; expected.len()];
            tcp.read_exact(&mut heard).await.expect("what the caller says");
            assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&expected));
            tcp.write_all(reply).await.expect("a line");
        }
        let mut rest = Vec::new();
        tcp.read_to_end(&mut rest).await.expect("the end");
        assert_eq!(rest, b"", "nothing more is said");
    });
    (port, terminal)
}

/// A block as the specification builds it, with sums of its own.
fn block(body: &[u8]) -> Vec<u8> {
    let sum: u32 = body.iter().map(|b| u32::from(*b)).sum();
    let digits: String = [sum >> 8, sum >> 4, sum].iter().map(|n| char::from(b'0' + (n % 16) as u8)).collect();
    [body, digits.as_bytes(), b"\r"].concat()
}

#[tokio::test]
async fn exchanges_of_the_specification_byte_for_byte() {
    let f = Fingerprint::of("14-2", "internal", "sv", "LARM ö");
    let page = format!("\x02123\r14-2 {f} LARM |\r\x03").into_bytes();
    let on = |reply: &'static [u8]| (b"\x1bPG1\r".to_vec(), reply);
    let off = |reply: &'static [u8]| (b"\x04\r".to_vec(), reply);
    let wake = || (b"\r".to_vec(), &b"ID="[..]);
    type Script = Vec<(Vec<u8>, &'static [u8])>;
    let table: Vec<(&str, Script, Result<&str, SendError>)> = vec![
        (
            "the sample session: banner, one message, its answer, goodbye",
            vec![
                (b"\r".to_vec(), b"\r\nID="),
                on(b"\r114 Welcome\r\x06\r\x1b[p\r"),
                (block(&page), b"211 Page(s) sent\r\x06\r"),
                off(b"115 Goodbye\r\x1b\x04\r"),
            ],
            Ok("211 Page(s) sent"),
        ),
        (
            "no messages at all",
            vec![wake(), on(b"\x06\r\x1b[p\r"), (block(&page), b"\x06\r"), off(b"\x1b\x04\r")],
            Ok(""),
        ),
        (
            "the first CR goes unheard, the logon is asked for again, a block too",
            vec![
                (b"\r".to_vec(), b""),
                wake(),
                on(b"\x15\r"),
                on(b"\x06\r\x1b[p\r"),
                (block(&page), b"514 Checksum\r\x15\r"),
                (block(&page), b"\x15\r"),
                (block(&page), b"\x06\r"),
                off(b"\x1b\x04\r"),
            ],
            Ok(""),
        ),
        (
            "three times not understood",
            vec![
                wake(),
                on(b"\x06\r\x1b[p\r"),
                (block(&page), b"\x15\r"),
                (block(&page), b"\x15\r"),
                (block(&page), b"514 Checksum error\r\x15\r"),
                off(b"\x1b\x04\r"),
            ],
            Err(SendError::temporary("514 Checksum error")),
        ),
        (
            "abandoned: no such pager",
            vec![wake(), on(b"\x06\r\x1b[p\r"), (block(&page), b"511 No pager 123\r\x1e\r"), off(b"\x1b\x04\r")],
            Err(SendError::permanent("511 No pager …")),
        ),
        (
            "hung up by the terminal",
            vec![wake(), on(b"\x06\r\x1b[p\r"), (block(&page), b"501 Timeout\r\x1b\x04\r")],
            Err(SendError::temporary("501 Timeout")),
        ),
        (
            "refused at the logon",
            vec![wake(), on(b"508 Service not supported\r\x1b\x04\r")],
            Err(SendError::temporary("logon: 508 Service not supported")),
        ),
        (
            "refused at the end",
            vec![wake(), on(b"\x06\r\x1b[p\r"), (block(&page), b"\x06\r"), off(b"510 Illegal\r\x1e\r\x1b\x04\r")],
            Err(SendError::permanent("510 Illegal")),
        ),
    ];
    for (name, script, expected) in table {
        let (port, terminal) = exchange(script).await;
        let config = TapConfig { wake_every: Secs(1), ..config(port) };
        let (outcomes, _) = send_all(&gateway(config), vec![job(0, "123", outgoing("LARM ö", None))]).await;
        let expected = expected.map(|words| Accepted { gateway_ref: words.into(), delivered: false, units: 1 });
        assert_eq!(outcomes[&0], expected, "{name}");
        tokio::time::timeout(std::time::Duration::from_secs(5), terminal).await.expect(name).expect(name);
    }
}

#[tokio::test]
async fn a_long_page_goes_over_several_blocks() {
    for chars_max in [80, 300, 600] {
        let far = Far::default();
        let server = sim::start(far.clone(), "page-fs", Options::default()).await.expect("server");
        let config = TapConfig { chars_max, ..config(server.addr.port()) };
        let text = format!("{TEXT} {TEXT}");
        let (outcomes, downs) = send_all(&gateway(config), vec![job(0, "550", outgoing(&text, None))]).await;
        let pages: Vec<String> = far.all().into_iter().map(|s| s.text).collect();
        let accepted = outcomes[&0].as_ref().expect("accepted");
        assert_eq!((usize::from(accepted.units), accepted.delivered, downs.len()), (pages.len(), false, 0));
        assert_eq!(read_by_hand(&pages, None, "14-2"), text, "{chars_max}");
        let heard = server.heard();
        assert_eq!(heard.contains(&0x1f), chars_max > 240, "US only where one block is too short");
        assert_eq!(heard.iter().filter(|b| **b == 4).count(), 1, "one call for all pages");
    }
}

#[tokio::test]
async fn every_failure_is_temporary_permanent_or_unknown() {
    use Behaviour::{
        AckAndRefused, Busy, Closes, Cut, Garbage, Leaves, NotUnderstood, RefusedAtEnd, Silent, Slow, Unknown,
    };
    let cases = [
        (Unknown, "permanent"),
        (Busy, "temporary"),
        (NotUnderstood(2), "accepted"),
        (NotUnderstood(9), "temporary"),
        (Cut, "permanent"),
        (AckAndRefused, "permanent"),
        (RefusedAtEnd, "permanent"),
        (Silent, "unknown"),
        (Closes, "unknown"),
        (Leaves, "temporary"),
        (Garbage, "unknown"),
        (Slow(5), "accepted"),
    ];
    let far = Far::default();
    let behaviours = (100..).map(|n: u32| n.to_string()).zip(cases.map(|(b, _)| b)).collect();
    let options = Options { behaviours, password: "hem".into(), logons_nak: 1, ..Options::default() };
    let server = sim::start(far.clone(), "page-fs", options).await.expect("server");
    let config = TapConfig { password: Some(Secret::new("hem")), wake_every: Secs(1), ..config(server.addr.port()) };
    let out = outgoing("LARM", None);
    let mut jobs = Vec::new();
    for i in 0..12 {
        jobs.push(job(2 * i, &(100 + i).to_string(), out.clone()));
        jobs.push(job(2 * i + 1, "200", out.clone()));
    }
    let gateway = gateway(config);
    let (outcomes, _) = send_all(&gateway, jobs).await;
    for (i, (behaviour, expected)) in (0..).zip(cases) {
        let result = &outcomes[&(2 * i)];
        assert_eq!(kind(result), expected, "{behaviour:?}: {result:?}");
        assert!(outcomes[&(2 * i + 1)].is_ok(), "after {behaviour:?}: {outcomes:?}");
    }
    assert_eq!(far.all().iter().filter(|s| s.to == "200").count(), 12, "nobody twice, nobody forgotten");
    assert!(gateway.probe().await.ok);
}

#[tokio::test]
async fn a_wrong_password_and_no_terminal_are_the_gateways_fault() {
    let options = Options { password: "hem".into(), ..Options::default() };
    let server = sim::start(Far::default(), "page-fs", options).await.expect("server");
    let one = gateway(config(server.addr.port()));
    let jobs = vec![job(0, "1", outgoing("LARM", None)), job(1, "2", outgoing("LARM", None))];
    let (outcomes, downs) = send_all(&one, jobs).await;
    assert!(outcomes.values().all(|r| kind(r) == "temporary"), "{outcomes:?}");
    assert_eq!(downs, [Some("logon: 509 Invalid password".into())], "told once");
    let health = one.probe().await;
    assert_eq!((health.ok, health.detail.as_str()), (false, "logon: 509 Invalid password"));
    // A terminal that hears nothing.
    let deaf = Options { deaf: 99, ..Options::default() };
    let server = sim::start(Far::default(), "page-fs", deaf).await.expect("server");
    let config = TapConfig { wake_every: Secs(1), wakes_max: 2, ..config(server.addr.port()) };
    assert_eq!(gateway(config).probe().await.detail, "ID=: no answer in time");
    assert_eq!(server.heard(), b"\r\r");
}

#[tokio::test]
async fn what_a_terminal_lacks_is_refused_and_nothing_is_said() {
    let server = sim::start(Far::default(), "page-fs", Options::default()).await.expect("server");
    let ascii = TapConfig { charset: Charset::Ascii7, ..config(server.addr.port()) };
    let (outcomes, _) = send_all(&gateway(ascii), vec![job(0, "550", outgoing(TEXT, None))]).await;
    assert_eq!(kind(&outcomes[&0]), "permanent");
    let (outcomes, _) =
        send_all(&gateway(config(server.addr.port())), vec![job(0, "5\r5", outgoing("LARM", None))]).await;
    assert_eq!(kind(&outcomes[&0]), "permanent");
    assert!(server.heard().is_empty());
    for charset in [Charset::Utf8, Charset::Latin1, Charset::Gsm7] {
        assert!(TapGateway::new("x".into(), TapConfig { charset, ..config(1) }).is_err());
    }
    let password = Some(Secret::new("a\rb"));
    assert!(TapGateway::new("x".into(), TapConfig { password, ..config(1) }).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text in the languages of the north that the alphabet carries comes back byte for byte.
    #[test]
    fn any_text_comes_back(
        text in "LARM [a-zåäöÅÄÖ0-9.,:]{1,12}( [a-zåäöéA-ZÅÄÖ0-9.,:-]{1,14}){0,20}",
        norwegian in "ALARM [a-zæøåÆØÅ0-9.,:]{1,12}( [a-zæøåÆØÅ0-9.,:-]{1,14}){0,20}",
        chars_max in 60_u32..400,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for (text, charset) in
            [(&text, Charset::Iso646Se), (&norwegian, Charset::Iso646No), (&norwegian, Charset::Iso646Dk)]
        {
            let pages: Vec<String> = runtime.block_on(async {
                let far = Far::default();
                let options = Options { charset, ..Options::default() };
                let server = sim::start(far.clone(), "p", options).await.expect("server");
                let config = TapConfig { charset, chars_max, pages_max: 99, ..config(server.addr.port()) };
                let gateway: Arc<dyn Gateway> = Arc::new(gateway(config));
                let (outcomes, _) = send_all(gateway.as_ref(), vec![job(0, "550", outgoing(text, None))]).await;
                assert!(outcomes[&0].is_ok(), "{outcomes:?}");
                far.all().into_iter().map(|s| s.text).collect()
            });
            prop_assert_eq!(&read_by_hand(&pages, None, "14-2"), text);
        }
    }
}
