//! How the journal is, for screens, metrics and the watcher outside: its copies, its seals, the last rehearsal of a restore,
//! the machine's clock; and what of it somebody must look after, in words.

use serde::{Deserialize, Serialize};

use super::engine::Meta;
use crate::domain::lang::{L10n, Lang};
use crate::domain::time::At;
use crate::journal::{CopyState, HeadSeal};

/// A jump of the clock is shown for so long.
const CLOCK_SHOWN_S: u32 = 24 * 3600;

/// All of it.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct CopyView {
    /// Its folder.
    pub folder: String,
    /// The last record in it.
    pub records: u64,
    /// Commits are written to it.
    pub well: bool,
    /// Why not.
    pub why: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The disk ran full, and the reserve was given up.
    pub reserve_used: bool,
}

/// A seal.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct SealView {
    /// Of which record.
    pub seq: u64,
    /// When.
    pub at: At,
    /// As it stands at the foot of mails and faxes.
    pub foot: String,
    /// By whom.
    pub key: String,
}

/// A rehearsal.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct RehearsalView {
    /// When.
    pub at: At,
    /// Days since.
    pub age_days: u32,
    /// It went well.
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
        let (sv, en) = if n == 0 { ("Tillståndsmappen", "The state folder") } else { ("Kopian", "The second copy") };
        if let Some(why) = &copy.why {
            view.alarms.push(said(
                format!("{sv} på {} skrivs inte ({why}). Det som sker sparas på en disk.", copy.folder),
                format!("{en} in {} is not written ({why}). What happens is kept on one disk.", copy.folder),
            ));
        }
        if copy.reserve_used {
            view.alarms.push(said(
                format!("Disken är FULL under {}: reserven används. Frigör utrymme nu.", copy.folder),
                format!("The disk is FULL under {}: the reserve is in use. Free space now.", copy.folder),
            ));
        }
    }
    if let Some(why) = &meta.trouble {
        view.alarms
            .push(said(format!("Journalen kan inte skrivas: {why}"), format!("The journal can't be written: {why}")));
    }
    if view.same_disk {
        view.warnings.push(said(
            "Journalens båda kopior ligger på samma disk.",
            "Both copies of the journal lie on the same disk.",
        ));
    }
    if rehearsal_overdue {
        let (sv, en) = match &rehearsal {
            Some(r) if !r.ok => {
                (format!("Återläsningen misslyckades: {}", r.what), format!("The restore failed: {}", r.what))
            }
            Some(r) => (
                format!("Återläsningen provades för {} dagar sedan: `vardkase restore --rehearse`", r.age_days),
                format!("The restore was rehearsed {} days ago: `vardkase restore --rehearse`", r.age_days),
            ),
            None => (
                "Återläsningen har aldrig provats: `vardkase restore --rehearse`".into(),
                "The restore was never rehearsed: `vardkase restore --rehearse`".into(),
            ),
        };
        view.warnings.push(said(sv, en));
    }
    if let Some((at, step)) = meta.kept.clock_step.filter(|(at, _)| meta.now.seconds_since(*at) < CLOCK_SHOWN_S) {
        let s = step.by_ms / 1000;
        view.warnings.push(said(
            format!("Datorns klocka hoppade {s} s ({at}). Tiderna följer den bara framåt."),
            format!("The machine's clock jumped by {s} s ({at}). Times follow it forwards only."),
        ));
    }
    JournalView { copies, rehearsal, ..view }
}

/// The last seal: for the heartbeat to a watcher outside, and whoever else takes the head off the machine.
pub fn latest_seal(meta: &Meta) -> Option<&HeadSeal> {
    meta.kept.seal.as_ref().map(|(_, seal)| &**seal)
}

fn seal_view(seal: &HeadSeal) -> SealView {
    SealView { seq: seal.seq, at: At(seal.at_ms), foot: seal.foot(), key: super::recover::hex(&seal.key) }
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

fn said(sv: impl Into<String>, en: impl Into<String>) -> L10n {
    L10n::of([(Lang::SV, &sv.into()), (Lang::EN, &en.into())])
}
