//! The offline proof: reads a journal without its lock and says whether anything was changed, removed, moved or added.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use super::chain::{Head, hash_of};
use super::error::JournalError;
use super::read::{SqliteReader, scan};
use super::schema::foreign;
use super::vault::{Commitment, IncidentKey};
use super::{Reader, RecordRef};

/// Most faults listed beside the chain; all of them are counted.
pub const SIDE_FAULTS_MAX: usize = 100;

/// What the proof is held against.
#[derive(Clone, Copy, Default, Debug)]
pub struct VerifyOptions {
    /// A head that was noted elsewhere, the only proof against somebody who computed a new chain.
    pub expect: Option<Head>,
}

/// What was found.
#[derive(Clone, Default, Debug)]
pub struct Report {
    /// Records that are proved: all before the fault, if there is one.
    pub records: u64,
    /// The head after them: to be noted elsewhere.
    pub head: Option<Head>,
    /// The first record that is broken.
    pub fault: Option<Fault>,
    /// Private values that were opened and are what their records committed to.
    pub private_proved: u64,
    /// Private values of forgotten incidents.
    pub private_forgotten: u64,
    /// Under which names they were sealed: each must be on record as forgotten.
    pub forgotten: BTreeSet<String>,
    /// Private values that could not be opened for want of a key.
    pub private_without_key: u64,
    /// Frozen plans that are what their names say.
    pub blobs_proved: u64,
    /// How many faults there are beside the chain.
    pub side_faults_count: u64,
    /// The first of them.
    pub side_faults: Vec<Fault>,
}

impl Report {
    /// Whether everything that could be looked at is as it was written.
    pub fn is_whole(&self) -> bool {
        self.fault.is_none() && self.side_faults_count == 0
    }

    /// Takes up a fault beside the chain.
    pub(crate) fn side(&mut self, what: What, text: impl Into<String>, seq: impl Into<Option<u64>>) {
        self.side_faults_count += 1;
        if self.side_faults.len() < SIDE_FAULTS_MAX {
            self.side_faults.push(Fault { what, seq: seq.into(), text: text.into() });
        }
    }
}

/// Where a fault lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A record: changed, missing, moved, added, or not readable.
    Record,
    /// The head that was noted elsewhere is not in this journal.
    Expected,
    /// A private value is missing or not what was committed to.
    Private,
    /// A blob is not what its name says.
    Blob,
    /// Something stands in the database that was never made by this program, or its tables are not as it made them.
    Foreign,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub what: What,
    /// The record, where that is known.
    pub seq: Option<u64>,
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "record {seq}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            None => writeln!(f, "the journal is whole: {} records", self.records)?,
            Some(fault) => writeln!(f, "the journal is BROKEN after {} records: {fault}", self.records)?,
        }
        if let Some(head) = self.head {
            writeln!(f, "head {head}")?;
        }
        let Self { private_proved, private_forgotten, private_without_key, .. } = self;
        write!(f, "private values: {private_proved} proved, {private_forgotten} forgotten")?;
        match private_without_key {
            0 => writeln!(f)?,
            n => writeln!(f, ", {n} not opened for want of the key")?,
        }
        writeln!(f, "frozen plans: {} proved", self.blobs_proved)?;
        self.side_faults.iter().try_for_each(|fault| writeln!(f, "fault: {fault}"))?;
        match self.side_faults_count.saturating_sub(self.side_faults.len() as u64) {
            0 => Ok(()),
            more => writeln!(f, "and {more} faults more"),
        }
    }
}

/// Verifies a state folder, or a `journal.db` with or without its `key` beside it. Works beside a running process.
///
/// # Errors
/// Only when there is nothing to verify: no journal, a newer format, a disk that does not give it. Faults are in the report.
pub fn verify(path: &Path, options: VerifyOptions) -> Result<Report, JournalError> {
    let reader = SqliteReader::open(path)?;
    let mut report = Report::default();
    let chain = verify_chain(&reader, options.expect, &mut report);
    if let Err(error) = chain {
        match error {
            JournalError::Corrupt { seq, what } => {
                if let Some(before) = seq.map(|seq| seq.saturating_sub(1)).filter(|before| *before < report.records) {
                    report.records = before;
                    report.head = reader.head_at(before).ok().flatten();
                }
                report.fault = Some(Fault { what: What::Record, seq, text: what });
            }
            other => return Err(other),
        }
    } else if let Some(expect) = options.expect.filter(|expect| expect.seq > report.records && report.fault.is_none()) {
        let text = format!("the journal ends before it; the head expected is {}", expect.seq);
        report.fault = Some(Fault { what: What::Expected, seq: Some(report.records + 1), text });
    }
    // A damaged page beside the chain is a fault like any other.
    type Check = fn(&SqliteReader, &mut Report) -> rusqlite::Result<()>;
    let beside: [(What, Check); 3] =
        [(What::Private, verify_private), (What::Blob, verify_blobs), (What::Foreign, verify_foreign)];
    for (what, check) in beside {
        if let Err(error) = check(&reader, &mut report) {
            report.side(what, error.to_string(), None);
        }
    }
    Ok(report)
}

fn verify_chain(reader: &SqliteReader, expect: Option<Head>, report: &mut Report) -> Result<(), JournalError> {
    let failed = |e: rusqlite::Error| JournalError::sqlite("looking for private values", &e);
    let mut known =
        reader.conn.prepare("SELECT EXISTS (SELECT 1 FROM private WHERE commitment = ?1)").map_err(failed)?;
    report.head = Some(Head::START);
    let mut unexpected = None;
    scan(&reader.conn, Head::START, &mut |record: RecordRef<'_>| {
        if expect.is_some_and(|expect| expect.seq == record.seq && expect.hash != record.hash) {
            unexpected = Some(record.seq);
            return ControlFlow::Break(());
        }
        report.records = record.seq;
        report.head = Some(record.head());
        for commitment in record.commitments() {
            match known.query_row([commitment.0], |row| row.get(0)) {
                Ok(true) => {}
                Ok(false) => {
                    report.side(What::Private, format!("its private value {commitment} is missing"), record.seq);
                }
                Err(error) => report.side(What::Private, failed(error).to_string(), record.seq),
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(seq) = unexpected {
        let text = "its hash is not the one expected: the chain was computed anew from here or before".into();
        report.fault = Some(Fault { what: What::Expected, seq: Some(seq), text });
    }
    Ok(())
}

fn verify_private(reader: &SqliteReader, report: &mut Report) -> rusqlite::Result<()> {
    // In the order of incidents, so that each key is unwrapped once.
    let mut rows = reader.conn.prepare(
        "SELECT commitment, incident, sealed, wrapped FROM private LEFT JOIN keys USING (incident) ORDER BY incident",
    )?;
    let mut rows = rows.query([])?;
    let mut key: Option<(String, Option<IncidentKey>)> = None;
    while let Some(row) = rows.next()? {
        let (commitment, incident) = (Commitment(row.get(0)?), row.get::<_, String>(1)?);
        let (sealed, wrapped): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(2)?, row.get(3)?);
        let (sealed, wrapped) = match (sealed, wrapped) {
            (None, None) => {
                report.private_forgotten += 1;
                if !report.forgotten.contains(&incident) {
                    report.forgotten.insert(incident);
                }
                continue;
            }
            (Some(sealed), Some(wrapped)) => (sealed, wrapped),
            (None, Some(_)) => {
                report.side(What::Private, format!("private value {commitment} is gone, its key is not"), None);
                continue;
            }
            (Some(_), None) => {
                report.side(What::Private, format!("the key of private value {commitment} is gone, it is not"), None);
                continue;
            }
        };
        if key.as_ref().is_none_or(|(of, _)| *of != incident) {
            let unwrapped = reader.master.as_ref().and_then(|master| master.unwrap_key(&incident, &wrapped));
            key = Some((incident, unwrapped));
        }
        match key.as_ref().and_then(|(_, key)| key.as_ref()) {
            None => report.private_without_key += 1,
            Some(key) if key.open(commitment, &sealed).is_some() => report.private_proved += 1,
            Some(_) => {
                report.side(What::Private, format!("private value {commitment} is not what was committed to"), None);
            }
        }
    }
    Ok(())
}

fn verify_foreign(reader: &SqliteReader, report: &mut Report) -> rusqlite::Result<()> {
    foreign(&reader.conn)?.into_iter().for_each(|found| report.side(What::Foreign, found, None));
    Ok(())
}

fn verify_blobs(reader: &SqliteReader, report: &mut Report) -> rusqlite::Result<()> {
    let mut rows = reader.conn.prepare("SELECT hash, bytes FROM blobs")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (name, bytes) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?);
        if hash_of(bytes)[..] == *name {
            report.blobs_proved += 1;
        } else {
            report.side(What::Blob, "a frozen plan is not what its name says", None);
        }
    }
    Ok(())
}
