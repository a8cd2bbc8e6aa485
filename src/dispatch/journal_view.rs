//! How the journal is, for screens, metrics and the watcher outside: its copies, its seals, the last rehearsal of a restore,
//! the machine's clock; and what of it somebody must look after, in words.

use serde::{Deserialize, Serialize};

use super::engine::Meta;
use crate::domain::lang::L10n;
use crate::domain::time::At;
use crate::journal::{CopyState, HeadSeal};
use crate::words::{alarm, in_all};

/// A jump of the clock is shown for so long.
const CLOCK_SHOWN_S: u32 = 24 * 3600;

/// All of it.
#[derive(Clone, Default, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalView {
    /// Its copies, the state folder first.
    pub copies: Vec<CopyView>,
    /// Both lie on one device.
    pub same_disk: bool,
    /// The last seal.
    pub sealed: Option<SealView>,
    /// The last rehearsal of a restore.
    pub rehearsal: Option<RehearsalView>,
    /// It failed, or is too long ago.
    pub rehearsal_overdue: bool,
    /// What must be looked after at once.
    pub alarms: Vec<L10n>,
    /// What must be looked after by day.
    pub warnings: Vec<L10n>,
}

/// A copy.
#[derive(Clone, Default, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CopyView {
    pub folder: String,
    /// The last record in it.
    pub records: u64,
    /// Commits are written to it.
    pub well: bool,
    pub why: Option<String>,
    pub help: Option<String>,
    /// The disk ran full, and the reserve was given up.
    pub reserve_used: bool,
}

/// A seal.
#[derive(Clone, Default, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SealView {
    /// Of which record.
    pub seq: u64,
    pub at: At,
    /// As it stands at the foot of mails and faxes.
    pub foot: String,
    pub key: String,
}

/// A rehearsal.
#[derive(Clone, Default, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RehearsalView {
    pub at: At,
    /// Days since it was done.
    pub age_days: u32,
    /// Whether it went well.
    pub ok: bool,
    /// What was found.
    pub what: String,
}

/// How it is now.
pub fn journal_view(meta: &Meta) -> JournalView {
    let copies: Vec<CopyView> = meta.disks.copies.iter().map(copy_view).collect();
    let rehearsal = meta.kept.rehearsal.as_ref().map(|(at, r)| RehearsalView {
        at: *at,
        age_days: meta.now.seconds_since(*at) / (24 * 3600),
        ok: r.ok,
        what: r.what.clone(),
    });
    let rehearsal_overdue = meta.kept.rehearsal_overdue(meta.now);
    let mut view = JournalView {
        sealed: latest_seal(meta).map(seal_view),
        same_disk: meta.disks.same_disk,
        rehearsal_overdue,
        ..JournalView::default()
    };
    for (n, copy) in copies.iter().enumerate() {
        if let Some(why) = &copy.why {
            view.alarms.push(match n {
                0 => in_all(|lang| alarm::state_folder_not_written(lang, &copy.folder, why)),
                _ => in_all(|lang| alarm::copy_not_written(lang, &copy.folder, why)),
            });
        }
        if copy.reserve_used {
            view.alarms.push(in_all(|lang| alarm::reserve_used(lang, &copy.folder)));
        }
    }
    if let Some(why) = &meta.trouble {
        view.alarms.push(in_all(|lang| alarm::journal_not_written(lang, why)));
    }
    if view.same_disk {
        view.warnings.push(alarm::SAME_DISK.in_all());
    }
    if rehearsal_overdue {
        view.warnings.push(match &rehearsal {
            Some(r) if !r.ok => in_all(|lang| alarm::restore_failed(lang, &r.what)),
            Some(r) => in_all(|lang| alarm::restore_long_ago(lang, r.age_days)),
            None => alarm::RESTORE_NEVER.in_all(),
        });
    }
    if let Some((at, step)) = meta.kept.clock_step.filter(|(at, _)| meta.now.seconds_since(*at) < CLOCK_SHOWN_S) {
        let s = step.by_ms / 1000;
        view.warnings.push(in_all(|lang| alarm::clock_jumped(lang, s, at)));
    }
    JournalView { copies, rehearsal, ..view }
}

/// The last seal: for the heartbeat to a watcher outside, and whoever else takes the head off the machine.
pub fn latest_seal(meta: &Meta) -> Option<&HeadSeal> {
    meta.kept.seal.as_ref().map(|(_, seal)| &**seal)
}

fn seal_view(seal: &HeadSeal) -> SealView {
    SealView { seq: seal.seq, at: At(seal.at_ms), foot: seal.foot(), key: hex::encode(seal.key) }
}

fn copy_view(copy: &CopyState) -> CopyView {
    CopyView {
        folder: copy.dir.display().to_string(),
        records: copy.head.seq,
        well: copy.out.is_none(),
        why: copy.out.as_ref().map(ToString::to_string),
        help: copy.out.as_ref().map(|e| e.hint()),
        reserve_used: copy.reserve_used,
    }
}
