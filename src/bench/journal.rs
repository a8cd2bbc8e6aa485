//! What the journal takes in a second, beside a plain file with `fdatasync` at the same batch size, in turns on one disk.

use std::fs::File;
use std::io::Write;

use tokio::time::Instant;

use super::Figure;
use super::machine::scratch;
use crate::clock::mono;
use crate::journal::{Batch, Journal, NewRecord, OpenOptions};

/// One record, as SPEED compares.
const RECORD_BYTES: usize = 300;
/// Rounds, ours and the plain file's in turns, of which the median counts.
const ROUNDS: usize = 5;

/// Records a second with so many on their way to the disk at a time: as one batch, as the loop hands over what it decided
/// together, and each as a batch of its own, which the writer groups.
///
/// # Errors
/// The disk does not take them.
pub fn ratio(in_flight: usize, records: u32) -> Result<Vec<Figure>, String> {
    let scratch = scratch()?;
    let journal = Journal::open(&scratch.path().join("state"), OpenOptions::default()).map_err(|e| e.to_string())?;
    let mut file = File::create(scratch.path().join("plain")).map_err(|e| e.to_string())?;
    let rounds = (records as usize).div_ceil(in_flight);
    let mut of: [Vec<f64>; 3] = Default::default();
    let per_second = |from: Instant| (rounds * in_flight) as f64 / from.elapsed().as_secs_f64();
    for _ in 0..ROUNDS {
        for (way, rates) in of.iter_mut().enumerate() {
            let from = mono();
            match way {
                0 => (0..rounds).try_for_each(|_| together(&journal, in_flight, 1))?,
                1 => (0..rounds).try_for_each(|_| together(&journal, 1, in_flight))?,
                _ => appended(&mut file, in_flight, rounds).map_err(|e| e.to_string())?,
            }
            rates.push(per_second(from));
        }
    }
    let [batch, each, plain] = of.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    let named = |what: &str| format!("journal, {in_flight} in flight: {what}");
    let mut figures = vec![
        Figure::new(named("records, as one batch"), batch, "/s")
            .note("300 bytes each, durable, in SQLite with its chain"),
        Figure::new(named("records, each a batch of its own"), each, "/s"),
        Figure::new(named("append and fdatasync"), plain, "/s").note("the same number between two fdatasync"),
        Figure::new(named("the plain file against one batch"), plain / batch.max(1e-9), "x").gate(4.0),
        Figure::new(named("the plain file against batches of their own"), plain / each.max(1e-9), "x").gate(4.0),
    ];
    if in_flight == 1 {
        // It is the same thing.
        figures.remove(4);
        figures.remove(1);
    }
    Ok(figures)
}

/// Hands so many batches over and waits until the last of them is on disk, and with it all.
fn together(journal: &Journal, records: usize, batches: usize) -> Result<(), String> {
    let mut seq = journal.head().seq;
    let mut pending = Vec::with_capacity(batches);
    for _ in 0..batches {
        let batch = Batch::of(vec![NewRecord::new(1, 1, 0, vec![b'r'; RECORD_BYTES]); records]);
        pending.push(journal.submit_blocking(seq, batch).map_err(|e| e.to_string())?);
        seq += records as u64;
    }
    pending.into_iter().rev().try_for_each(|p| p.wait().map(drop)).map_err(|e| e.to_string())
}

fn appended(file: &mut File, together: usize, rounds: usize) -> std::io::Result<()> {
    let bytes = vec![b'r'; RECORD_BYTES * together];
    for _ in 0..rounds {
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    Ok(())
}
