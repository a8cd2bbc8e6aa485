//! A printer that speaks IPP (RFC 8011): a job is handed over, and followed until the sheets lie in the tray.

use std::fmt;
use std::io::Cursor;
use std::time::Duration;

use axum::http::Uri;
use ipp::attribute::{IppAttribute, IppAttributes};
use ipp::model::{DelimiterTag, JobState};
use ipp::operation::IppOperation;
use ipp::operation::builder::IppOperationBuilder;
use ipp::parser::IppParser;
use ipp::payload::IppPayload;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use num_traits::FromPrimitive;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use tokio::time::sleep;

use crate::bounded::{no_answer, read_body, read_ca_file};
use crate::config::Printer;

/// The longest answer of a printer that is read.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// How often a job is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A job that has not ended by then is left to the printer.
const JOB_FOR: Duration = Duration::from_secs(600);
/// So many of its last jobs a printer is asked for, to find one of ours.
const JOBS_MAX: i32 = 100;
/// So many looks in a row may go wrong.
const LOOKS_FAILED_MAX: u32 = 30;
/// The port of IPP (RFC 8010, 4).
const PORT: u16 = 631;
/// What printers call paper, where they have several (PWG 5101.1).
const A4: &str = "iso_a4_210x297mm";

/// Why nothing came out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotPrinted {
    pub why: String,
    pub left: Left,
}

/// What is at the printer all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// It did not take the job.
    Nothing,
    /// It may have.
    Unsure,
    /// The job is there, or somebody cancelled it there: it is not sent again.
    TheJob,
}

impl fmt::Display for NotPrinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// How a job stands.
enum Stands {
    Done,
    /// Somebody at the printer does not want it.
    Cancelled,
    /// It will not come out.
    Ended(String),
    /// It waits for somebody: no paper.
    Held(String),
    Going,
}

/// A printer.
pub struct IppPrinter {
    uri: Uri,
    /// The same, as HTTP is spoken to it.
    http: String,
    client: reqwest::Client,
}

impl IppPrinter {
    /// As it is configured. Asks nothing.
    ///
    /// # Errors
    /// In words, with what to do.
    pub fn new(printer: &Printer) -> Result<Self, String> {
        let uri: Uri = printer.url.parse().map_err(|e| format!("url: {e}"))?;
        let host = uri.host().ok_or("url: no machine is named")?;
        let scheme = if uri.scheme_str() == Some("ipps") { "https" } else { "http" };
        let http = format!("{scheme}://{host}:{}{}", uri.port_u16().unwrap_or(PORT), uri.path());
        let mut builder = reqwest::Client::builder()
            .timeout(Duration::from_secs(printer.timeout_s.max(1).into()))
            .redirect(Policy::none())
            .no_proxy();
        if let Some(file) = &printer.ca_file {
            builder = builder.tls_certs_only(read_ca_file(file).map_err(|e| format!("ca_file: {e}"))?);
        }
        let client = builder.build().map_err(|e| format!("HTTP client: {e}"))?;
        Ok(Self { uri, http, client })
    }

    /// Prints a PDF, and comes back when it lies in the tray. `held` is told what the printer waits for. A job of that title that the
    /// printer still knows is followed instead: the program ended, or its answer was lost, after it had taken it.
    ///
    /// # Errors
    /// [`NotPrinted`].
    pub async fn print(&self, title: &str, pdf: Vec<u8>, held: impl Fn(&str)) -> Result<(), NotPrinted> {
        let not = |why: String| NotPrinted { why, left: Left::Nothing };
        let left = |why: String| NotPrinted { why, left: Left::TheJob };
        let job = if let Some(job) = self.there_already(title).await {
            job
        } else {
            let attributes = self.ask(self.job(title).map_err(not)?, pdf).await;
            let attributes = attributes.map_err(|NoAnswer { why, may_be_there }| NotPrinted {
                why,
                left: if may_be_there { Left::Unsure } else { Left::Nothing },
            })?;
            let job = integer(&attributes, DelimiterTag::JobAttributes, "job-id");
            job.ok_or_else(|| left("it gave the job no number".into()))?
        };
        let (mut last, mut failed) = ("it says nothing of the job".to_owned(), 0);
        let follow = async {
            loop {
                match self.stands(job).await {
                    Ok(Stands::Done) => return Ok(()),
                    Ok(Stands::Cancelled) => return Err(left("somebody cancelled it at the printer".into())),
                    Ok(Stands::Ended(why)) => return Err(not(why)),
                    Ok(Stands::Held(why)) => {
                        held(&why);
                        (last, failed) = (why, 0);
                    }
                    Ok(Stands::Going) => failed = 0,
                    Err(why) => {
                        (last, failed) = (why, failed + 1);
                        if failed >= LOOKS_FAILED_MAX {
                            return Err(left(last.clone()));
                        }
                    }
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(JOB_FOR, follow).await {
            Ok(ended) => ended,
            Err(_) => Err(left(format!("it has not printed for ten minutes: {last}"))),
        }
    }

    fn job(&self, title: &str) -> Result<IppRequestResponse, String> {
        let empty = IppPayload::empty();
        let job = IppOperationBuilder::print_job(self.uri.clone(), empty)
            .user_name("vardkase")
            .job_title(title)
            .document_format("application/pdf");
        let media = A4.try_into().map_err(|e| format!("{e}"))?;
        let media = IppAttribute::with_name("media", IppValue::Keyword(media)).map_err(|e| e.to_string())?;
        Ok(job.attribute(media).build().map_err(|e| e.to_string())?.into_ipp_request())
    }

    /// The job of that title that waits, is printed, was printed or was cancelled there. A printer that doesn't say has none.
    async fn there_already(&self, title: &str) -> Option<i32> {
        for which in ["not-completed", "completed"] {
            // One that keeps the ended ones from us may tell of the others all the same.
            let Ok(attributes) = self.ask(self.jobs(which).ok()?, Vec::new()).await else { continue };
            let found = attributes.groups_of(DelimiterTag::JobAttributes).find(|job| {
                job.get("job-name").is_some_and(|name| is_called(name.value(), title))
                    && job.get("job-state").and_then(|state| number(state.value())).and_then(JobState::from_i32)
                        != Some(JobState::Aborted)
            });
            if let Some(job) = found.and_then(|job| number(job.get("job-id")?.value())) {
                return Some(job);
            }
        }
        None
    }

    /// Get-Jobs (RFC 8011, 4.2.6).
    fn jobs(&self, which: &'static str) -> Result<IppRequestResponse, String> {
        let look = IppOperationBuilder::get_jobs(self.uri.clone()).user_name("vardkase").build();
        let mut look = look.map_err(|e| e.to_string())?.into_ipp_request();
        let keyword = |word: &str| word.try_into().map(IppValue::Keyword).map_err(|e| format!("{e}"));
        let wanted = ["job-id", "job-name", "job-state"].map(keyword).into_iter().collect::<Result<_, _>>()?;
        for (name, value) in [
            ("limit", IppValue::Integer(JOBS_MAX)),
            ("requested-attributes", IppValue::Array(wanted)),
            ("which-jobs", keyword(which)?),
        ] {
            let attribute = IppAttribute::with_name(name, value).map_err(|e| e.to_string())?;
            look.attributes_mut().add(DelimiterTag::OperationAttributes, attribute);
        }
        Ok(look)
    }

    async fn stands(&self, job: i32) -> Result<Stands, String> {
        let look = IppOperationBuilder::get_job_attributes(self.uri.clone(), job).build().map_err(|e| e.to_string())?;
        let attributes = self.ask(look.into_ipp_request(), Vec::new()).await.map_err(|e| e.why)?;
        let state = integer(&attributes, DelimiterTag::JobAttributes, "job-state").and_then(JobState::from_i32);
        let reasons = words(&attributes, DelimiterTag::JobAttributes, "job-state-reasons");
        Ok(match state {
            Some(JobState::Completed) => Stands::Done,
            Some(JobState::Canceled) => Stands::Cancelled,
            Some(JobState::Aborted) => Stands::Ended(format!("the printer gave it up: {reasons}")),
            Some(JobState::ProcessingStopped | JobState::PendingHeld) => Stands::Held(self.trouble(&reasons).await),
            Some(JobState::Pending | JobState::Processing) => match self.trouble("").await {
                trouble if trouble.is_empty() => Stands::Going,
                trouble => Stands::Held(trouble),
            },
            None => return Err("it says nothing of the job".into()),
        })
    }

    /// What the printer says is wrong with it: `media-empty`. Nothing where it says nothing.
    async fn trouble(&self, besides: &str) -> String {
        let look = IppOperationBuilder::get_printer_attributes(self.uri.clone()).attribute("printer-state-reasons");
        let Ok(look) = look.build() else { return besides.to_owned() };
        let Ok(attributes) = self.ask(look.into_ipp_request(), Vec::new()).await else { return besides.to_owned() };
        let said = words(&attributes, DelimiterTag::PrinterAttributes, "printer-state-reasons");
        // `-report` stops nothing (RFC 8011, 5.4.12), nor does what is low. A warning may: printers call an empty tray one.
        let stops = |r: &&str| !r.is_empty() && *r != "none" && !r.ends_with("-report") && !r.contains("-low");
        let said: Vec<&str> = said.split(", ").filter(stops).collect();
        if said.is_empty() { besides.to_owned() } else { said.join(", ") }
    }

    async fn ask(&self, request: IppRequestResponse, document: Vec<u8>) -> Result<IppAttributes, NoAnswer> {
        let mut body = request.to_bytes().to_vec();
        body.extend(document);
        let no = |why: String, may_be_there| NoAnswer { why, may_be_there };
        let sent = self.client.post(&self.http).header(CONTENT_TYPE, "application/ipp").body(body).send().await;
        let answer = sent.map_err(|e| no(no_answer(&e).to_string(), !e.is_connect()))?;
        if !answer.status().is_success() {
            return Err(no(format!("it answered HTTP {}", answer.status().as_u16()), false));
        }
        let bytes = read_body(answer, ANSWER_BYTES_MAX).await.map_err(|e| no(e.to_string(), true))?;
        let answer = IppParser::new(ipp::reader::IppReader::new(Cursor::new(bytes))).parse();
        let answer = answer.map_err(|_| no("what it answered is not IPP".into(), true))?;
        let status = answer.header().status_code();
        if !status.is_success() {
            return Err(no(format!("it refused: {status}"), false));
        }
        Ok(answer.attributes().clone())
    }
}

/// Why a printer gave no good answer.
struct NoAnswer {
    why: String,
    /// It may have taken what was said.
    may_be_there: bool,
}

fn value<'a>(all: &'a IppAttributes, group: DelimiterTag, name: &str) -> Option<&'a IppValue> {
    all.groups_of(group).find_map(|g| g.get(name)).map(IppAttribute::value)
}

fn integer(all: &IppAttributes, group: DelimiterTag, name: &str) -> Option<i32> {
    number(value(all, group, name)?)
}

/// Printers give names with a language or without (RFC 8011, 5.1.3).
fn is_called(value: &IppValue, title: &str) -> bool {
    match value {
        IppValue::NameWithoutLanguage(name) | IppValue::NameWithLanguage { name, .. } => name.to_string() == title,
        _ => false,
    }
}

fn number(value: &IppValue) -> Option<i32> {
    match value {
        IppValue::Integer(n) | IppValue::Enum(n) => Some(*n),
        _ => None,
    }
}

/// Keywords, in a row.
fn words(all: &IppAttributes, group: DelimiterTag, name: &str) -> String {
    let one = |v: &IppValue| v.to_string().chars().filter(|c| c.is_ascii_graphic()).take(60).collect::<String>();
    match value(all, group, name) {
        Some(IppValue::Array(many)) => many.iter().take(8).map(one).collect::<Vec<_>>().join(", "),
        Some(v) => one(v),
        None => String::new(),
    }
}
