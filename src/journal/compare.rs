//! Two copies of a journal, held against each other before a start: the shorter is repaired from the longer when it is its
//! beginning; two that differ are told apart at the first record that does, and left alone: either may be the true one
//! (INCIDENTS D: two servers that each believed the other dead).

use std::path::Path;

use super::Reader;
use super::chain::Head;
use super::error::JournalError;
use super::folder::{DB_FILE, KEY_FILE, copy_side_keys, read_key};
use super::read::{SqliteReader, open_read_only};
use super::schema::is_bare;
use super::second_copy::CatchUp;

/// How two copies stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Both hold the same records.
    Equal,
    /// The first is the beginning of the second.
    FirstBehind,
    /// The second is the beginning of the first.
    SecondBehind,
}

/// What was done before a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repaired {
    /// What the state folder held.
    pub from: Head,
    /// What it holds now, taken from the second copy.
    pub to: Head,
}

/// Holds two copies against each other.
///
/// # Errors
/// [`JournalError::Differ`], with the first record that differs; or one of them can't be read there.
pub fn compare(first: &Path, second: &Path) -> Result<Standing, JournalError> {
    let (a, b) = (SqliteReader::open(first)?, SqliteReader::open(second)?);
    let (head_a, head_b) = (a.head()?, b.head()?);
    let common = head_a.seq.min(head_b.seq);
    if a.head_at(common)? == b.head_at(common)? {
        return Ok(match head_a.seq.cmp(&head_b.seq) {
            std::cmp::Ordering::Less => Standing::FirstBehind,
            std::cmp::Ordering::Equal => Standing::Equal,
            std::cmp::Ordering::Greater => Standing::SecondBehind,
        });
    }
    // Each link holds all before it: where one differs, all later ones do.
    let (mut same, mut differs) = (0, common);
    while differs - same > 1 {
        let middle = same + (differs - same) / 2;
        match a.head_at(middle)? == b.head_at(middle)? {
            true => same = middle,
            false => differs = middle,
        }
    }
    Err(JournalError::Differ { seq: differs, first: (first.into(), head_a.seq), second: (second.into(), head_b.seq) })
}

/// Whether a folder holds a journal. A file of no length, or without a table, is what a crash before the first record leaves.
fn has_journal(dir: &Path) -> bool {
    let file = dir.join(DB_FILE);
    // What can't be read may be one.
    let bare = || open_read_only(&file).ok().and_then(|conn| is_bare(&conn).ok()).unwrap_or(false);
    std::fs::metadata(&file).is_ok_and(|meta| meta.len() > 0) && !bare()
}

/// Brings the state folder up to its second copy, where the copy is longer; the other direction is the running journal's.
/// `None`: there was nothing to do. A second copy that can't be read stops no start: it is out, and told.
///
/// # Errors
/// The two differ, or the state folder does not take the repair.
pub(crate) fn settle(state: &Path, second_copy: &Path) -> Result<Option<Repaired>, JournalError> {
    if !has_journal(second_copy) {
        return Ok(None);
    }
    let from = match has_journal(state) {
        false => Head::START,
        true => {
            match compare(state, second_copy) {
                Ok(Standing::FirstBehind) => {}
                Ok(Standing::Equal | Standing::SecondBehind) => {
                    bring_back_key(state, second_copy);
                    return Ok(None);
                }
                Err(error @ JournalError::Differ { .. }) => return Err(error),
                Err(error) => {
                    // Whichever it is: opening the state folder says it, or the copy is out and says it.
                    tracing::warn!(%error, "the two copies of the journal could not be compared");
                    return Ok(None);
                }
            }
            bring_back_key(state, second_copy);
            SqliteReader::open(state)?.head()?
        }
    };
    let to = CatchUp::new(second_copy, state).step()?;
    copy_side_keys(second_copy, state);
    tracing::warn!(from = from.seq, to = to.seq, "the state folder was repaired from the second copy of the journal");
    Ok(Some(Repaired { from, to }))
}

/// A key file that is gone comes back from the second copy, if it is of the same journal.
fn bring_back_key(state: &Path, second_copy: &Path) {
    if state.join(KEY_FILE).exists() {
        return;
    }
    let same = || -> Option<bool> {
        let check = |dir: &Path| -> Option<Vec<u8>> {
            let reader = SqliteReader::open(dir).ok()?;
            reader.conn.query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0)).ok()
        };
        let key = read_key(second_copy).ok()??;
        Some(check(state)?[..] == key.check_value()[..] && check(state) == check(second_copy))
    };
    if same() == Some(true)
        && let Ok(Some(key)) = read_key(second_copy)
        && super::folder::write_key(state, &key).is_ok()
    {
        tracing::warn!("the key file was missing and was taken from the second copy");
    }
}
