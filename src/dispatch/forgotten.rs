//! What was forgotten, for people: which incidents, when, on whose word; which backups still hold it; what is forgotten next.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::engine::Meta;
use super::record::{Decoder, Entry};
use super::system_record::{BackedUp, Forgotten, SystemRecord};
use crate::domain::ids::{FunctionId, IncidentNo, PlaybookId};
use crate::domain::incident::state::State;
use crate::domain::incident::values::Phase;
use crate::domain::time::At;
use crate::journal::{Head, JournalError, Reader};

/// By incident, when it was forgotten.
pub type ForgottenAt = BTreeMap<IncidentNo, At>;

/// The words that stand in the place of a value that was forgotten.
pub fn instead(at: At) -> String {
    format!("forgotten {}", day(at))
}

/// The day, as people read it in the journal: UTC.
pub fn day(at: At) -> String {
    at.timestamp().strftime("%Y-%m-%d").to_string()
}

/// When what belongs to an incident that closed then is forgotten; `None` when that lies beyond all calendars.
pub fn due(closed: At, months: u32) -> Option<At> {
    let closed = closed.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    let span = jiff::Span::new().try_months(months).ok()?;
    closed.checked_add(span).ok().map(|due| due.timestamp().into())
}

/// A backup that still holds what was forgotten since.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BackupView {
    /// The file, as the machine that wrote it names it.
    pub file: String,
    /// When it was made.
    pub made_at: At,
    /// The last record in it.
    pub records: u64,
    /// The keys are in it.
    pub with_keys: bool,
}

impl From<&BackedUp> for BackupView {
    fn from(b: &BackedUp) -> Self {
        Self { file: b.file.clone(), made_at: b.made_at, records: b.seq, with_keys: b.with_keys }
    }
}

/// A closed incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClosedView {
    /// Its number.
    pub no: IncidentNo,
    /// Its playbook.
    pub playbook: PlaybookId,
    /// When it was reported.
    pub opened: At,
    /// When it was closed.
    pub closed: At,
    /// Into which other one it was merged.
    pub merged_into: Option<IncidentNo>,
    /// What was private of it was forgotten: when, on whose word, why.
    pub forgotten: Option<ForgottenView>,
}

/// That an incident was forgotten.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ForgottenView {
    /// When they were forgotten.
    pub at: At,
    /// On whose word; nobody's when its time was over.
    pub by: Option<FunctionId>,
    /// The reason that was given.
    pub reason: String,
}

impl From<&(At, Forgotten)> for ForgottenView {
    fn from((at, f): &(At, Forgotten)) -> Self {
        Self { at: *at, by: f.by.clone(), reason: f.reason.clone() }
    }
}

/// All incidents that are closed, the newest first.
pub fn closed(state: &State, meta: &Meta) -> Vec<ClosedView> {
    let view = |no: IncidentNo, playbook: &PlaybookId, opened, closed, merged_into| ClosedView {
        no,
        playbook: playbook.clone(),
        opened,
        closed,
        merged_into,
        forgotten: meta.kept.forgotten.get(&no).map(ForgottenView::from),
    };
    let in_memory = state.incidents.values().filter(|i| i.phase == Phase::Closed);
    let in_memory = in_memory.map(|i| view(i.no, &i.playbook, i.opened, i.phase_at, i.merged_into));
    let archived = state.archived.iter().map(|(no, s)| view(*no, &s.playbook, s.opened, s.closed, s.merged_into));
    let mut all: Vec<ClosedView> = in_memory.chain(archived).collect();
    all.sort_by_key(|c| std::cmp::Reverse((c.closed, c.no)));
    all
}

/// The backups that hold what was private of an incident.
pub fn backups_of(state: &State, meta: &Meta, no: IncidentNo) -> Vec<BackupView> {
    let opened = state.archived.get(&no).map(|s| s.opened).or_else(|| state.incidents.get(&no).map(|i| i.opened));
    opened.map(|at| meta.kept.backups_since(at).map(BackupView::from).collect()).unwrap_or_default()
}

/// Which incidents the program has on record as forgotten.
pub fn forgotten_at(meta: &Meta) -> ForgottenAt {
    meta.kept.forgotten.iter().map(|(no, (at, _))| (*no, *at)).collect()
}

/// What a journal has on record as forgotten, without a running program.
///
/// # Errors
/// The disk does not give it. Where the chain is broken, what stands before that counts.
pub fn read_forgotten(reader: &dyn Reader) -> Result<BTreeMap<IncidentNo, (At, Forgotten)>, JournalError> {
    let (mut decoder, mut found) = (Decoder::default(), BTreeMap::new());
    let read = reader.read(Head::START, &mut |record| {
        if let Ok(Entry::System(at, SystemRecord::Forgotten(forgotten))) = decoder.next(&record) {
            found.insert(forgotten.incident, (at, forgotten));
        }
        ControlFlow::Continue(())
    });
    match read {
        Ok(_) | Err(JournalError::Corrupt { .. }) => Ok(found),
        Err(error) => Err(error),
    }
}
