//! What the journal takes in a second, beside a plain file with `fdatasync` at the same batch size, in turns on one disk.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;

use super::Figure;
use super::machine::Scratch;
use crate::clock::mono;
use crate::journal::{Batch, Journal, NewRecord, OpenOptions};

/// One record, as SPEED compares.
const RECORD_BYTES: usize = 300;
/// Rounds, ours and the plain file's in turns, of which the median counts.
const ROUNDS: usize = 5;

/// Records a second with so many on their way to the disk at a time, each a batch of its own: the writer groups them.
///
/// # Errors
/// The disk does not take them.
pub fn ratio(in_flight: usize, records: u32) -> Result<Vec<Figure>, String> {
    let scratch = Scratch::new()?;
    let journal = Journal::open(&scratch.path().join("state"), OpenOptions::default()).map_err(|e| e.to_string())?;
    let mut file = File::create(scratch.path().join("plain")).map_err(|e| e.to_string())?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let from = mono();
        grouped(&journal, in_flight, records)?;
        ours.push(f64::from(records) / from.elapsed().as_secs_f64());
        let from = mono();
        appended(&mut file, in_flight, records).map_err(|e| e.to_string())?;
        plain.push(f64::from(records) / from.elapsed().as_secs_f64());
    }
    let median = |of: &mut Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    let (ours, plain) = (median(&mut ours), median(&mut plain));
    let named = |what: &str| format!("journal, {in_flight} in flight: {what}");
    Ok(vec![
        Figure::new(named("records"), ours, "/s").note("300 bytes each, durable, in SQLite with its chain"),
        Figure::new(named("append and fdatasync"), plain, "/s").note("the same number between two fdatasync"),
        Figure::new(named("the plain file is faster by"), plain / ours.max(1e-9), "x").gate(4.0),
    ])
}

fn grouped(journal: &Journal, in_flight: usize, records: u32) -> Result<(), String> {
    let (mut seq, end) = (journal.head().seq, journal.head().seq + u64::from(records));
    let mut pending = VecDeque::with_capacity(in_flight);
    while seq < end || !pending.is_empty() {
        while seq < end && pending.len() < in_flight {
            let batch = Batch::of(vec![NewRecord::new(1, 1, 0, vec![b'r'; RECORD_BYTES])]);
            pending.push_back(journal.submit_blocking(seq, batch).map_err(|e| e.to_string())?);
            seq += 1;
        }
        if let Some(oldest) = pending.pop_front() {
            oldest.wait().map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

fn appended(file: &mut File, together: usize, records: u32) -> std::io::Result<()> {
    let bytes = vec![b'r'; RECORD_BYTES * together];
    for _ in 0..(records as usize).div_ceil(together) {
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    Ok(())
}
