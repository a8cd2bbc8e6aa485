//! Hands one job to the server. Everything before JSUBM can be begun again without harm; from the moment that JSUBM is
//! written, only its answer tells whether a fax will go out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::config::HylafaxConfig;
use super::follow::best_of_each_tag;
use super::session::{Fault, Session};
use super::wire::{self, Reply};
use crate::domain::delivery::SendError;
use crate::gateways::Job;
use crate::gateways::fax_number::dial_string;
use crate::gateways::fax_page::FaxDocument;
use crate::yaml::Secs;

/// Scheduling priority of what is most urgent (hfaxd: 0 to 255, small goes first; its default is 127).
const PRIORITY_FIRST: u8 = 80;

/// What JSUBM came to.
pub(super) enum Submitted {
    /// In the queue, under this number.
    Yes {
        /// The server's number.
        id: String,
    },
    /// Perhaps: this number may turn up in the queue.
    Perhaps { id: String, cause: String },
}

/// Why nothing was handed over.
pub(super) enum NotSubmitted {
    /// An answer that stands. The connection may hold half a job, so it is not used again.
    Error(SendError),
    /// The connection broke before JSUBM: on a fresh one it can be begun again.
    Lost(String),
}

impl From<Fault> for NotSubmitted {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(reply) => NotSubmitted::Error(refused(&reply)),
            Fault::Lost(why) => NotSubmitted::Lost(why),
        }
    }
}

/// RFC 959, 4.2.1: 4yz may be tried again, 5yz not. No room (452, 552) passes with time.
pub(super) fn refused(reply: &Reply) -> SendError {
    let cause = Fault::Refused(reply.clone()).cause();
    match reply.code {
        552 => SendError::temporary(cause),
        500..=599 => SendError::permanent(cause),
        _ => SendError::temporary(cause),
    }
}

/// A refusal that says nothing of this job: the server can't keep a document, or make any job, just now. Whatever its code
/// (`hfaxd` says 5yz when two connections have to create its sequence file at once), it may be mended while tries last.
fn of_the_server(fault: Fault) -> NotSubmitted {
    match fault {
        Fault::Refused(reply) => NotSubmitted::Error(SendError::temporary(Fault::Refused(reply).cause())),
        Fault::Lost(why) => NotSubmitted::Lost(why),
    }
}

/// The tag that a job carries on the server: the key of the delivery, and number and fingerprint, so that a repeat finds
/// an earlier try and nothing else. A note has no fingerprint: a hash of its text stands for it, because deliveries are
/// counted anew when somebody begins with an empty state folder.
pub(super) fn tag(job: &Job) -> String {
    let key = match job.out.fingerprint() {
        Some(fingerprint) => format!("{} {}.{fingerprint}", job.delivery, job.out.number()),
        None => {
            let hash = Sha256::digest(job.out.text().as_bytes());
            format!("{} {}.{:02x}{:02x}{:02x}", job.delivery, job.out.number(), hash[0], hash[1], hash[2])
        }
    };
    // The server's queue files are one byte a character: Ö-3-1 becomes X-3-1, which is understood the same.
    key.chars().map(|c| if c.is_ascii() { c } else { 'X' }).collect()
}

/// For so long a listing tells of tries that were made before it. After a restart every job is a possible repeat: one listing
/// serves a thousand of them.
const EARLIER_FRESH: Duration = Duration::from_secs(10);

/// Which tags stand on jobs that are on their way or went through, by the server's own listing. One that failed does not
/// count.
#[derive(Default)]
pub(super) struct Earlier(Option<(Instant, HashMap<String, u64>)>);

impl Earlier {
    /// A try was made of which the listing can't tell.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    /// The number of an earlier try.
    pub async fn find(&mut self, session: &mut Session, tag: &str) -> Result<Option<String>, Fault> {
        let fresh = |at: Instant| at.elapsed() < EARLIER_FRESH;
        let tags = match self.0.take() {
            Some((at, tags)) if fresh(at) => &self.0.insert((at, tags)).1,
            _ => {
                let at = Instant::now();
                session.command(wire::JOB_FORMAT).await?;
                let mut lines = wire::job_lines(&session.list("sendq").await?);
                lines.extend(wire::job_lines(&session.list("doneq").await?));
                lines.retain(|line| line.state != 'F');
                let by_id = lines.iter().filter_map(|l| Some((l.id.parse().ok()?, l))).collect();
                let tags = best_of_each_tag(&by_id).into_iter().map(|(tag, id)| (tag.to_owned(), id)).collect();
                &self.0.insert((at, tags)).1
            }
        };
        Ok(tags.get(tag).map(u64::to_string))
    }
}

/// Uploads the body if need be, makes the job and submits it.
pub(super) async fn submit(
    session: &mut Session,
    config: &HylafaxConfig,
    job: &Job,
    document: &Arc<FaxDocument>,
) -> Result<Submitted, NotSubmitted> {
    let bad = |what: &str| NotSubmitted::Error(SendError::permanent(format!("{what} can't stand in a command")));
    let number = dial_string(&job.to.0, config.dial_prefix.as_deref())
        .ok_or_else(|| NotSubmitted::Error(SendError::permanent("no number that can be dialled")))?;
    let from = wire::quoted(&config.from).ok_or_else(|| bad("from"))?;
    let modem = wire::quoted(config.modem.as_deref().unwrap_or("any")).ok_or_else(|| bad("modem"))?;
    let tag = wire::quoted(&tag(job)).ok_or_else(|| bad("the tag"))?;

    let mut name = session.upload(document).await.map_err(of_the_server)?;
    let id = wire::job_id(&session.command("JNEW").await.map_err(of_the_server)?)
        .ok_or_else(|| NotSubmitted::Lost("the server gives a job no number".into()))?
        .to_owned();
    session.command(&format!("JPARM FROMUSER {from}")).await?;
    session.command(&format!("JPARM LASTTIME {}", wire::last_time(job.ttl_s))).await?;
    session.command(&format!("JPARM MAXDIALS {}", config.dials_max)).await?;
    session.command(&format!("JPARM MAXTRIES {}", config.tries_max)).await?;
    if let Some(Secs(after_s)) = config.retry_after {
        session.command(&format!("JPARM RETRYTIME {}", wire::retry_time(after_s))).await?;
    }
    // An old server may not know these two: the fax goes all the same.
    let priority = PRIORITY_FIRST.saturating_add(job.head.priority).min(127);
    session.ask(&format!("JPARM SCHEDPRI {priority}")).await?;
    session.ask(&format!("JPARM JOBINFO {tag}")).await?;
    session.command(&format!("JPARM DIALSTRING \"{number}\"")).await?;
    session.command("JPARM NOTIFY \"none\"").await?;
    session.command(&format!("JPARM MODEM {modem}")).await?;
    session.command(&format!("JPARM VRES {}", config.resolution.lines_an_inch())).await?;
    session.command("JPARM PAGEWIDTH 209").await?;
    session.command("JPARM PAGELENGTH 296").await?;
    session.command("JPARM PAGECHOP \"none\"").await?;
    if let Err(fault) = session.command(&format!("JPARM DOCUMENT {name}")).await {
        // 550 No such file: the server kept the body for one job only.
        if !matches!(&fault, Fault::Refused(reply) if reply.code == 550) {
            return Err(fault.into());
        }
        session.forget(document);
        name = session.upload(document).await.map_err(of_the_server)?;
        session.command(&format!("JPARM DOCUMENT {name}")).await?;
    }

    if let Err(fault) = session.write("JSUBM").await {
        return Ok(Submitted::Perhaps { id, cause: format!("{} while it was submitted", fault.cause()) });
    }
    session.used = true;
    match session.reply().await {
        Ok(reply) if reply.done() => Ok(Submitted::Yes { id }),
        // The scheduler did not answer `hfaxd` in time, or `hfaxd` is going down: the job may be in the queue.
        Ok(reply) if reply.code == 421 || reply.text.to_lowercase().contains("time") || reply.preliminary() => {
            Ok(Submitted::Perhaps { id, cause: Fault::Refused(reply).cause() })
        }
        Ok(reply) => Err(NotSubmitted::Error(refused(&reply))),
        Err(fault) => Ok(Submitted::Perhaps { id, cause: format!("{} after it was submitted", fault.cause()) }),
    }
}
