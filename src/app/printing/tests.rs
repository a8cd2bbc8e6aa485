//! A printer that lies, waits for paper, and breaks jobs off.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::ipp::{IppPrinter, Left, NotPrinted};
use crate::config::{Printed, Printer};

/// What the printer says next: to Print-Job, then to each look at the job, then to each look at itself.
#[derive(Clone)]
enum Says {
    /// IPP of a status, with attributes: (group, tag, name, value).
    Ipp(u16, Vec<(u8, u8, &'static str, Vec<u8>)>),
    Http(u16),
    Nonsense,
}

/// What it says, what it was asked, and the jobs that it knows: number, title, state.
type Script = Arc<Mutex<(VecDeque<Says>, Vec<Bytes>, Vec<(i32, &'static str, i32)>)>>;

fn ipp(status: u16, attributes: &[(u8, u8, &'static str, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![2, 0];
    out.extend(status.to_be_bytes());
    out.extend(1u32.to_be_bytes());
    let put = |out: &mut Vec<u8>, tag: u8, name: &str, value: &[u8]| {
        out.push(tag);
        out.extend(u16::try_from(name.len()).unwrap_or(0).to_be_bytes());
        out.extend(name.as_bytes());
        out.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
        out.extend(value);
    };
    out.push(1);
    put(&mut out, 0x47, "attributes-charset", b"utf-8");
    put(&mut out, 0x48, "attributes-natural-language", b"en");
    let mut group = 1;
    for (of, tag, name, value) in attributes {
        // Each job is a group of its own.
        if *of != group || *name == "job-id" {
            out.push(*of);
            group = *of;
        }
        put(&mut out, *tag, name, value);
    }
    out.push(3);
    out
}

fn job(id: i32) -> Says {
    Says::Ipp(0, vec![(2, 0x21, "job-id", id.to_be_bytes().to_vec())])
}

fn state(state: i32, reason: &str) -> Says {
    Says::Ipp(
        0,
        vec![
            (2, 0x23, "job-state", state.to_be_bytes().to_vec()),
            (2, 0x44, "job-state-reasons", reason.as_bytes().to_vec()),
        ],
    )
}

fn itself(reason: &str) -> Says {
    Says::Ipp(0, vec![(4, 0x44, "printer-state-reasons", reason.as_bytes().to_vec())])
}

async fn answer(State(script): State<Script>, body: Bytes) -> Response {
    let mut script = script.lock().expect("a lock");
    if body.get(2..4) == Some(&[0, 0x0a]) {
        // Get-Jobs.
        let ended = !body.windows(13).any(|w| w == b"not-completed");
        let jobs = script.2.iter().filter(|(.., state)| (*state >= 7) == ended);
        let attributes = jobs.flat_map(|(id, title, state)| {
            [
                (2, 0x21, "job-id", id.to_be_bytes().to_vec()),
                (2, if title.starts_with('\0') { 0x36 } else { 0x42 }, "job-name", title.as_bytes().to_vec()),
                (2, 0x23, "job-state", state.to_be_bytes().to_vec()),
            ]
        });
        return ipp(0, &attributes.collect::<Vec<_>>()).into_response();
    }
    script.1.push(body);
    let says = if script.0.len() > 1 { script.0.pop_front() } else { script.0.front().cloned() };
    match says {
        Some(Says::Ipp(status, attributes)) => ipp(status, &attributes).into_response(),
        Some(Says::Http(status)) => StatusCode::from_u16(status).expect("a status").into_response(),
        Some(Says::Nonsense) | None => "<html>it works!</html>".into_response(),
    }
}

/// Prints on a printer that says these, the last one for ever; how it ended, what it waited for, and what it was asked.
async fn printed(says: Vec<Says>) -> (Result<(), NotPrinted>, Vec<String>, Vec<Bytes>) {
    printed_where(Vec::new(), says).await
}

/// The same, on a printer that knows jobs already.
async fn printed_where(
    jobs: Vec<(i32, &'static str, i32)>,
    says: Vec<Says>,
) -> (Result<(), NotPrinted>, Vec<String>, Vec<Bytes>) {
    let script: Script = Arc::new(Mutex::new((says.into(), Vec::new(), jobs)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ipp://{}/ipp/print", listener.local_addr().expect("an address"));
    let router = Router::new().route("/ipp/print", post(answer)).with_state(script.clone());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let printer = Printer { id: "p".into(), url, prints: Printed::ALL.to_vec(), ca_file: None, timeout_s: 5 };
    let far = IppPrinter::new(&printer).expect("a printer");
    let held = Mutex::new(Vec::new());
    let ended =
        far.print("14 couriers", b"%PDF-1.7 sheets".to_vec(), |why| held.lock().expect("a lock").push(why.to_owned()));
    let ended = ended.await;
    server.abort();
    let asked = std::mem::take(&mut script.lock().expect("a lock").1);
    (ended, held.into_inner().expect("a lock"), asked)
}

#[tokio::test]
async fn a_job_is_handed_over_once_and_followed_until_it_is_done() {
    let (ended, held, asked) = printed(vec![job(7), state(9, "job-completed-successfully")]).await;
    assert_eq!(ended, Ok(()));
    assert!(held.is_empty());
    assert_eq!(asked.len(), 2);
    // Version 1.1, Print-Job (RFC 8011, 4.2.1), the document behind the attributes.
    assert_eq!(asked[0][..4], [1, 1, 0, 2]);
    assert!(asked[0].ends_with(b"\x03%PDF-1.7 sheets"));
    let text = String::from_utf8_lossy(&asked[0]).into_owned();
    assert!(text.contains("application/pdf") && text.contains("iso_a4_210x297mm") && text.contains("14 couriers"));
    assert_eq!(asked[1][2..4], [0, 9], "Get-Job-Attributes");
}

#[tokio::test]
async fn a_printer_without_paper_is_said_and_waited_for_and_nothing_is_sent_twice() {
    let says =
        vec![job(7), state(6, "printer-stopped"), itself("media-empty-error"), state(9, "job-completed-successfully")];
    let (ended, held, asked) = printed(says).await;
    assert_eq!((ended, held), (Ok(()), vec!["media-empty-error".to_owned()]));
    assert_eq!(asked.iter().filter(|a| a[2..4] == [0, 2]).count(), 1);
}

#[tokio::test]
async fn a_job_that_the_printer_took_before_a_crash_is_followed_and_not_sent_again() {
    let prints = |asked: &[Bytes]| asked.iter().filter(|a| a[2..4] == [0, 2]).count();
    // It waits, is printed, was printed; others' jobs stand before it.
    for job_state in [3, 5, 9] {
        let jobs = vec![(3, "14 calls", 9), (4, "14 couriers", job_state)];
        let (ended, _, asked) = printed_where(jobs, vec![state(9, "job-completed-successfully")]).await;
        assert_eq!((ended, prints(&asked)), (Ok(()), 0), "{job_state}");
        assert!(asked[0].windows(4).any(|w| w == 4_i32.to_be_bytes()), "it follows another job");
    }
    // Some give names with a language.
    let named = vec![(4, "\0\x02en\0\x0b14 couriers", 9)];
    let (ended, _, asked) = printed_where(named, vec![state(9, "job-completed-successfully")]).await;
    assert_eq!((ended, prints(&asked)), (Ok(()), 0));
    // Somebody cancelled it there meanwhile.
    let (ended, _, asked) = printed_where(vec![(4, "14 couriers", 7)], vec![state(7, "job-canceled-by-user")]).await;
    assert_eq!((ended.map_err(|e| e.left), prints(&asked)), (Err(Left::TheJob), 0));
    // What the printer gave up comes out of a new job; another paper's is no reason not to print this one.
    for jobs in [vec![(4, "14 couriers", 8)], vec![(4, "13 couriers", 9), (5, "14 couriers 2", 9)]] {
        let (ended, _, asked) = printed_where(jobs, vec![job(7), state(9, "job-completed-successfully")]).await;
        assert_eq!((ended, prints(&asked)), (Ok(()), 1));
    }
}

#[tokio::test]
async fn what_a_printer_refuses_gives_up_or_answers_with_nonsense_is_said() {
    for (says, why, left) in [
        (vec![Says::Ipp(0x040a, vec![])], "it refused", Left::Nothing),
        (vec![Says::Http(401)], "it answered HTTP 401", Left::Nothing),
        (
            vec![job(7), state(8, "document-format-error")],
            "the printer gave it up: document-format-error",
            Left::Nothing,
        ),
        // Whether it took the job nobody knows.
        (vec![Says::Nonsense], "what it answered is not IPP", Left::Unsure),
        // It took the job, and says not which; somebody there does not want it: a second one would be a second pile.
        (vec![Says::Ipp(0, vec![])], "it gave the job no number", Left::TheJob),
        (vec![job(7), state(7, "job-canceled-by-operator")], "somebody cancelled it", Left::TheJob),
    ] {
        let (ended, ..) = printed(says).await;
        let ended = ended.expect_err(why);
        assert!(ended.why.starts_with(why) && ended.left == left, "{ended:?}");
    }
}

#[test]
fn an_address_of_ipp_is_spoken_to_over_http() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let of = |url: &str| {
        IppPrinter::new(&Printer { id: "p".into(), url: url.into(), prints: Vec::new(), ca_file: None, timeout_s: 1 })
    };
    assert!(of("ipp://10.0.4.7/ipp/print").is_ok() && of("ipps://printer.example:1631/").is_ok());
    assert!(of("/ipp/print").is_err() && of("").is_err());
}
