//! What Linux tells of a process: processor time and resident memory; and a folder that goes away.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::private_files::Scratch;

/// Linux counts processor time in hundredths of a second for every program.
const TICKS_PER_S: f64 = 100.0;
/// Bytes of a page.
const PAGE_BYTES: u64 = 4096;

/// Processor seconds that this process has used, in all its threads. 0 where `/proc` is not there.
pub fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15, the first after the name is 3.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut ticks = after.split_whitespace().skip(11).map_while(|f| f.parse::<f64>().ok());
    (ticks.next().unwrap_or(0.0) + ticks.next().unwrap_or(0.0)) / TICKS_PER_S
}

/// Resident bytes of a process (`self` or its ID).
pub fn resident_bytes(process: &str) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|p| p.parse::<u64>().ok()).unwrap_or(0) * PAGE_BYTES
}

/// Processor cores.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A state folder under the system's own folder for temporary files; gone when this is dropped.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    /// It holds its own folder, so the state has one within.
    _around: Scratch,
}

impl StateFolder {
    /// Where it is, once somebody makes it.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A state folder that is not there yet.
///
/// # Errors
/// No randomness, or no room.
pub fn scratch() -> Result<StateFolder, String> {
    let dir = std::env::temp_dir();
    let around = Scratch::new(&dir, "vardkase-bench-").map_err(|e| format!("no folder in {}: {e}", dir.display()))?;
    Ok(StateFolder { path: around.path().join("state"), _around: around })
}

/// Milliseconds.
pub fn ms(t: Duration) -> f64 {
    t.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_uses() {
        let mut x = 1u64;
        while cpu_s() < 0.02 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(resident_bytes("self") > 1 << 20);
        assert_eq!(resident_bytes("none"), 0);
    }
}
