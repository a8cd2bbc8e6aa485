//! What happened, from the server or from the folder itself.

use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::table::{self, said};
use crate::api::{LogPart, LogRecord, calls};
use crate::dispatch::evidence;
use crate::dispatch::forgotten::{instead, read_forgotten};
use crate::dispatch::record::{Decoder, Entry, unseal_actor};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::Event;
use crate::domain::time::At;
use crate::error::{Error, Kind};
use crate::journal::{Head, Reader, SealKey, SqliteReader};
use crate::private_files::create_new;
use crate::words::cli as words;

/// How often a followed journal is asked for more.
const FOLLOW_S: u64 = 1;
/// The most parts that one look takes, so that a server that always has more ends at last.
const PARTS_MAX: u32 = 100_000;

/// Show the journal: every record, or those of an incident; JSON is one record a line.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase log 14\n  \
    vardkase log --follow --json\n  \
    vardkase log --offline --state /var/lib/vardkase     without a server\n  \
    vardkase log --export evidence.jsonl                 for `vardkase verify --export` elsewhere")]
pub struct LogArgs {
    /// Of this incident only.
    incident: Option<IncidentNo>,
    /// After this record.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,
    /// Go on with what comes, until Ctrl-C.
    #[arg(long, conflicts_with = "offline")]
    follow: bool,
    /// Read the state folder itself: works with no server, and beside a running one.
    #[arg(long)]
    offline: bool,
    /// Write everything into a file as evidence: records, plans, seals; no address, note or code. Reads the state folder.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["incident", "after", "follow"])]
    export: Option<PathBuf>,
}

impl LogArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        if let Some(file) = &self.export {
            return export(cx, file);
        }
        if self.offline {
            return self.offline(cx);
        }
        let mut after = self.after;
        let mut heads = true;
        loop {
            for _ in 0..PARTS_MAX {
                let part = self.part(cx, after)?;
                show(cx, &part.records, heads);
                heads &= part.records.is_empty();
                let on = part.after > after;
                after = after.max(part.after);
                if !part.more || !on || cx.term.gone() {
                    break;
                }
            }
            if !self.follow || cx.term.gone() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_secs(FOLLOW_S));
        }
    }

    fn part(&self, cx: &mut Context<'_>, after: u64) -> Result<LogPart, Error> {
        cx.call(&calls::log(self.incident, after))?.read()
    }

    /// Reads the folder. The chain is proved on the way: a broken record ends the reading, and says so.
    fn offline(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let reader = SqliteReader::open(&cx.global.state)?;
        let after = head_at(cx, &reader, self.after)?;
        let forgotten = read_forgotten(&reader)?;
        let mut records = Vec::new();
        let (mut unreadable, mut unread, mut decoder) = (None, None, Decoder::default());
        reader.read(after, &mut |record| match decoder.next(&record) {
            Ok(Entry::Part) => ControlFlow::Continue(()),
            Ok(Entry::System(at, system)) => {
                if system.concerns(self.incident) {
                    let (event, what) = (system.name().into(), system.json());
                    records.push(LogRecord {
                        seq: record.seq,
                        at,
                        incident: None,
                        event,
                        what,
                        hash: Some(hex::encode(record.hash)),
                    });
                }
                ControlFlow::Continue(())
            }
            Ok(Entry::Event { at, mut event, .. }) => {
                let concerns = self.incident.is_none_or(|no| event.incident() == Some(no));
                if concerns {
                    if let Some((at, _)) = event.incident().and_then(|no| forgotten.get(&no)) {
                        event.private_mut().into_iter().for_each(|value| *value = instead(*at).into());
                    }
                    if let Err(error) = unseal_actor(&mut event, |commitment| reader.unseal(commitment)) {
                        unread = Some(error);
                        return ControlFlow::Break(());
                    }
                    records.push(of(record.seq, at, &event, &record.hash));
                }
                ControlFlow::Continue(())
            }
            Err(bad) => {
                unreadable = Some(bad);
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = unread {
            return Err(error.into());
        }
        show(cx, &records, true);
        match unreadable {
            None => Ok(()),
            Some(bad) => Err(Error::new(Kind::Journal, bad.to_string(), cx.say(words::NEWEST_VERSION))),
        }
    }
}

/// Evidence, into a new file.
fn export(cx: &mut Context<'_>, file: &Path) -> Result<(), Error> {
    let state = cx.global.state.clone();
    let reader = SqliteReader::open(&state)?;
    let seals = evidence::seals(&reader)?;
    let lang = cx.term.lang();
    let failed = |e: std::io::Error| {
        Error::other(words::cant_be_written(lang, file.display(), e), words::NAME_NEW_FILE.say(lang))
    };
    let key = SealKey::load(&state)?;
    // The region as the seals have it; a journal without any is exported without a seal.
    let region = seals.last.as_ref().map_or("", |s| s.region.as_str());
    let key = key.filter(|_| !region.is_empty());
    let out = create_new(file).map_err(failed)?;
    let mut out = BufWriter::new(out);
    let head = match evidence::write(&reader, key.as_ref(), region, cx.now(), &mut out) {
        Ok(head) => head,
        Err(error) => {
            let _ = std::fs::remove_file(file);
            return Err(match error {
                evidence::CannotWrite::Journal(e) => e.into(),
                evidence::CannotWrite::File(e) => failed(e),
            });
        }
    };
    out.into_inner().map_err(|e| failed(e.into_error())).and_then(|f| f.sync_all().map_err(failed))?;
    let by = key.map(|k| hex::encode(k.public()));
    if cx.json() {
        cx.term.json(&json!({ "file": file, "records": head.seq, "head": head.to_string(), "key": by }));
        return Ok(());
    }
    cx.term.line(&format!("{}: {}", file.display(), words::records(lang, head.seq)));
    cx.term.line(&words::head(lang, head));
    match by {
        Some(key) => cx.term.line(&words::sealed_by(lang, key)),
        None => cx.term.line(words::NOT_SEALED.say(lang)),
    }
    cx.term.line(&words::export_elsewhere(lang, file.display()));
    Ok(())
}

fn head_at(cx: &Context<'_>, reader: &SqliteReader, seq: u64) -> Result<Head, Error> {
    let none = || Error::usage(words::no_record(cx.term.lang(), seq), cx.say(words::LEAVE_AFTER_OUT));
    reader.head_at(seq)?.ok_or_else(none)
}

/// Private values are still sealed in it.
fn of(seq: u64, at: At, event: &Event, hash: &[u8]) -> LogRecord {
    let hash = hex::encode(hash);
    // What has no JSON form is shown as programmers see it, rather than left out.
    let what = serde_json::to_value(event).unwrap_or_else(|_| json!(format!("{event:?}")));
    LogRecord { seq, at, incident: event.incident(), event: event.name().into(), what, hash: Some(hash) }
}

fn show(cx: &mut Context<'_>, records: &[LogRecord], heads: bool) {
    if cx.json() {
        // One record a line, on a screen too: it is made for programs.
        let lines = records.iter().filter_map(|r| serde_json::to_string(r).ok());
        return lines.for_each(|line| cx.term.raw(&format!("{line}\n")));
    }
    if records.is_empty() {
        return;
    }
    let mut rows = Vec::with_capacity(records.len());
    for r in records {
        // As it is recorded: what is compared with other logs has seconds and a zone.
        let at = r.at.to_string();
        let incident = r.incident.map(|no| no.to_string()).unwrap_or_default();
        rows.push([r.seq.to_string(), at, incident, r.event.replace('-', " ")].map(said).into());
    }
    let names = [cx.say(words::RECORD), cx.say(words::TIME), cx.say(words::INCIDENT), cx.say(words::WHAT)];
    table::show(cx.term, if heads { &names } else { &[] }, rows);
}
