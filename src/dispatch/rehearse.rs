//! A restore that was never tried is a hope (INCIDENTS B: two hours were lost because the restore had never been tested). A
//! rehearsal restores a backup into a scratch folder, proves its chain, carries it out again, and compares the state with the
//! running journal's at the same record.

use std::path::Path;
use std::sync::Arc;

use super::replay::Replay;
use super::system_record::Rehearsal;
use crate::clock::mono;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::journal::{JournalError, OpenOptions, Reader, SqliteReader, SqliteStore, read_backup, restore};

/// Rehearses a restore of `backup` into `scratch`, a folder that does not exist yet, and compares it with the journal in
/// `live`. What goes wrong is the result, not an error: it belongs on record.
pub fn rehearse(backup: &Path, live: &Path, scratch: &Path, plan: &Arc<Plan>) -> Rehearsal {
    let begin = mono();
    let info = read_backup(backup);
    let backup_at = info.as_ref().map_or(At(0), |info| At(info.made_at_ms));
    let records = info.as_ref().map_or(0, |info| info.head.seq);
    let result = info.map_err(|e| e.to_string()).and_then(|info| compare(backup, live, scratch, plan, info.with_keys));
    let (ok, what) = match result {
        Ok(what) => (true, what),
        Err(what) => (false, what),
    };
    let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    Rehearsal { ok, what, records, backup_at, took_ms }
}

fn compare(backup: &Path, live: &Path, scratch: &Path, plan: &Arc<Plan>, with_keys: bool) -> Result<String, String> {
    let words = |e: JournalError| e.to_string();
    // A backup without keys is rehearsed with the key that would be put beside it.
    let info = restore(backup, scratch, Some(live)).map_err(words)?;
    let ours = SqliteReader::open(live).map_err(words)?;
    match ours.head_at(info.head.seq).map_err(words)? {
        Some(head) if head == info.head => {}
        Some(_) => return Err(format!("the backup is of another history: record {} differs", info.head.seq)),
        None => return Err(format!("the backup goes on to record {}, the journal does not", info.head.seq)),
    }
    // Opened for writing, as a start would.
    let store = SqliteStore::open(scratch, OpenOptions::default()).map_err(words)?;
    let theirs = crate::journal::Store::open_reader(&store)().map_err(words)?;
    // Private values by their commitments: what was forgotten since the backup was made is not a difference.
    let replayed = |reader: &dyn Reader| {
        let mut replay = Replay::start(plan.clone());
        replay.go_on(reader, info.head.seq).map_err(|e| e.to_string())?;
        Ok::<Replay, String>(replay)
    };
    let (restored, running) = (replayed(&*theirs)?, replayed(&ours)?);
    if !restored.says_the_same(&running) {
        return Err("the state that the restored journal gives is another than the running one's".into());
    }
    let restored = restored.open(&*theirs).map_err(|e| e.to_string())?;
    let keys = if with_keys { "its own keys" } else { "the running journal's key" };
    Ok(format!("restored and proved with {keys}; the same state from {} events", restored.events))
}
