//! What the program keeps of itself in the journal, beside what happened to incidents: seals of its head, rehearsals of the
//! restore, jumps of the machine's clock, numbers that gateways gave to deliveries. No rule decides by it; screens show it, and
//! auditors read it.
//!
//! How they are written is [`crate::record::system`]'s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gateway_refs::{GatewayRef, GatewayRefs};
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::time::At;
use crate::journal::{Hash, HeadSeal};
use crate::record::system::{
    Access1, BackedUp1, ClockStep1, Forgotten1, Format1, GatewayRefs1, HeadSeal1, Printed1, Rehearsal1, SystemForm,
};
use crate::record::{CannotRead, FORMAT};

/// A restore that was not rehearsed for so long is overdue (INCIDENTS lesson 47).
pub const REHEARSAL_DAYS_MAX: u32 = 30;
/// So many backups are remembered; the journal names all of them.
const BACKUPS_MAX: usize = 1_000;
/// So many incidents are remembered whose sheets were printed.
const PRINTED_INCIDENTS_MAX: usize = 100;
const DAY_S: u32 = 24 * 3600;

/// One such record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SystemRecord {
    /// The head was sealed.
    Sealed(HeadSeal),
    /// A restore was rehearsed.
    Rehearsed(Rehearsal),
    /// The machine's clock jumped.
    ClockStepped(ClockStep),
    /// Gateways accepted deliveries under these numbers.
    GatewayRefs(Vec<GatewayRef>),
    /// Private values of an incident were forgotten, in the same commit as this stands in.
    Forgotten(Forgotten),
    /// A backup was written.
    BackedUp(BackedUp),
    /// The journal goes on in this format.
    Format(RecordFormat),
    /// Somebody came in, was refused, was let in or shut out.
    Access(Access),
    /// A printer took sheets to walk with.
    Printed(Printed),
}

/// A printer took sheets to walk with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Printed {
    pub incident: IncidentNo,
    /// Its name in the configuration.
    pub printer: String,
    /// Which paper: `couriers`, `calls`.
    pub what: String,
    /// For whom, with which message.
    pub stops: Vec<(FunctionId, u32)>,
}

/// Who came in, and who may. IDs only: an account is one, and so is a device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Access {
    /// A word: `signed-in`, `account-added`.
    pub what: String,
    /// Which account, device, token or session it is about.
    pub whom: String,
    /// Who did it.
    pub by: String,
}

/// In which format a journal goes on, and who wrote that.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct RecordFormat {
    /// See [`crate::record::FORMAT`].
    pub format: u32,
    /// The version of the program.
    pub program: String,
}

impl RecordFormat {
    /// What this program writes.
    pub fn current() -> Self {
        Self { format: FORMAT, program: env!("CARGO_PKG_VERSION").into() }
    }
}

/// Private values of an incident were forgotten: addresses, notes, codes, reasons, contacts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Forgotten {
    /// Of which incident.
    pub incident: IncidentNo,
    /// On whose word; nobody's when its time was over.
    pub by: Option<FunctionId>,
    /// The reason that was given.
    pub reason: String,
}

/// A backup was written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct BackedUp {
    /// Into which file, as the machine that wrote it names it.
    pub file: String,
    /// The last record in it.
    pub seq: u64,
    /// That record's link, so that the file is known again.
    pub hash: Hash,
    /// When it was made.
    pub made_at: At,
    /// The keys are in it.
    pub with_keys: bool,
}

/// How a rehearsal of the restore ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, schemars::JsonSchema)]
pub struct Rehearsal {
    /// The restored journal is whole, and gave the same state.
    pub ok: bool,
    /// What was found, in words.
    pub what: String,
    /// Records that were restored.
    pub records: u64,
    /// When the backup was made that was restored.
    pub backup_at: At,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// The machine's clock was set, or the machine slept.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct ClockStep {
    /// By how many milliseconds it was ahead of (or, negative, behind) where it should have been.
    pub by_ms: i64,
}

impl SystemRecord {
    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        match self {
            SystemRecord::Sealed(_) => "sealed",
            SystemRecord::Rehearsed(_) => "restore-rehearsed",
            SystemRecord::ClockStepped(_) => "clock-stepped",
            SystemRecord::GatewayRefs(_) => "gateway-refs",
            SystemRecord::Format(_) => "format",
            SystemRecord::Forgotten(_) => "forgotten",
            SystemRecord::BackedUp(_) => "backed-up",
            SystemRecord::Access(_) => "access",
            SystemRecord::Printed(_) => "sheets-at-printer",
        }
    }

    /// Whether it belongs in the log of that incident, or of all.
    pub fn concerns(&self, incident: Option<IncidentNo>) -> bool {
        match (self, incident) {
            (_, None) => true,
            (SystemRecord::Forgotten(forgotten), Some(no)) => forgotten.incident == no,
            (SystemRecord::Printed(printed), Some(no)) => printed.incident == no,
            _ => false,
        }
    }

    /// What it says, for the log.
    pub fn json(&self) -> serde_json::Value {
        match self {
            SystemRecord::Sealed(seal) => serde_json::json!({
                "seq": seal.seq, "hash": hex::encode(seal.hash), "at": At(seal.at_ms), "region": seal.region,
                "key": hex::encode(seal.key), "signature": hex::encode(&seal.signature),
            }),
            SystemRecord::Rehearsed(rehearsal) => serde_json::to_value(rehearsal).unwrap_or_default(),
            SystemRecord::ClockStepped(step) => serde_json::to_value(step).unwrap_or_default(),
            SystemRecord::Forgotten(forgotten) => serde_json::to_value(forgotten).unwrap_or_default(),
            SystemRecord::BackedUp(BackedUp { file, seq, hash: link, made_at, with_keys }) => serde_json::json!({
                "file": file, "seq": seq, "hash": hex::encode(link), "made_at": made_at, "with_keys": with_keys,
            }),
            SystemRecord::GatewayRefs(refs) => {
                let one = |(delivery, name): &GatewayRef| (delivery.to_string(), name.clone().into());
                serde_json::Value::Object(refs.iter().map(one).collect())
            }
            SystemRecord::Format(format) => serde_json::to_value(format).unwrap_or_default(),
            SystemRecord::Access(access) => serde_json::to_value(access).unwrap_or_default(),
            SystemRecord::Printed(printed) => serde_json::to_value(printed).unwrap_or_default(),
        }
    }

    /// As it is written.
    pub(super) fn form(&self) -> SystemForm {
        match self {
            SystemRecord::Sealed(seal) => {
                let HeadSeal { seq, hash, at_ms, region, key, signature } = seal.clone();
                SystemForm::HeadSeal(HeadSeal1 { seq, hash, at_ms, region, key, signature })
            }
            SystemRecord::Rehearsed(rehearsal) => {
                let Rehearsal { ok, what, records, backup_at, took_ms } = rehearsal.clone();
                SystemForm::Rehearsal(Rehearsal1 { ok, what, records, backup_at: backup_at.0, took_ms })
            }
            SystemRecord::ClockStepped(ClockStep { by_ms }) => SystemForm::ClockStep(ClockStep1 { by_ms: *by_ms }),
            SystemRecord::GatewayRefs(refs) => {
                SystemForm::GatewayRefs(GatewayRefs1::of(refs.iter().map(|(id, name)| (*id, name.as_str()))))
            }
            SystemRecord::Forgotten(Forgotten { incident, by, reason }) => {
                let by = by.as_ref().map(ToString::to_string);
                SystemForm::Forgotten(Forgotten1::of(incident, by, reason.clone()))
            }
            SystemRecord::BackedUp(BackedUp { file, seq, hash, made_at, with_keys }) => {
                SystemForm::BackedUp(BackedUp1 {
                    file: file.clone(),
                    seq: *seq,
                    hash: *hash,
                    made_at: made_at.0,
                    with_keys: *with_keys,
                })
            }
            SystemRecord::Access(Access { what, whom, by }) => {
                SystemForm::Access(Access1 { what: what.clone(), whom: whom.clone(), by: by.clone() })
            }
            SystemRecord::Printed(Printed { incident, printer, what, stops }) => {
                let stops = stops.iter().map(|(f, message)| (f.to_string(), *message)).collect();
                SystemForm::Printed(Printed1::of(incident, printer.clone(), what.clone(), stops))
            }
            SystemRecord::Format(RecordFormat { format, program }) => {
                SystemForm::Format(Format1 { format: *format, program: program.clone() })
            }
        }
    }

    /// From the form that it was written in.
    pub(super) fn of(form: SystemForm) -> Result<Self, CannotRead> {
        Ok(match form {
            SystemForm::HeadSeal(HeadSeal1 { seq, hash, at_ms, region, key, signature }) => {
                SystemRecord::Sealed(HeadSeal { seq, hash, at_ms, region, key, signature })
            }
            SystemForm::Rehearsal(Rehearsal1 { ok, what, records, backup_at, took_ms }) => {
                SystemRecord::Rehearsed(Rehearsal { ok, what, records, backup_at: At(backup_at), took_ms })
            }
            SystemForm::ClockStep(ClockStep1 { by_ms }) => SystemRecord::ClockStepped(ClockStep { by_ms }),
            SystemForm::GatewayRefs(refs) => SystemRecord::GatewayRefs(refs.thaw()?),
            SystemForm::Format(Format1 { format, program }) if format > FORMAT => {
                return Err(CannotRead::NewerFormat { format, program });
            }
            SystemForm::Format(Format1 { format, program }) => SystemRecord::Format(RecordFormat { format, program }),
            SystemForm::Forgotten(form) => {
                let (incident, by, reason) = form.thaw()?;
                SystemRecord::Forgotten(Forgotten { incident, by: by.map(Into::into), reason })
            }
            SystemForm::Printed(form) => {
                let incident = form.incident()?;
                let Printed1 { printer, what, stops, .. } = form;
                let stops = stops.into_iter().map(|(f, message)| (f.into(), message)).collect();
                SystemRecord::Printed(Printed { incident, printer, what, stops })
            }
            SystemForm::Access(Access1 { what, whom, by }) => SystemRecord::Access(Access { what, whom, by }),
            SystemForm::BackedUp(BackedUp1 { file, seq, hash, made_at, with_keys }) => {
                SystemRecord::BackedUp(BackedUp { file, seq, hash, made_at: At(made_at), with_keys })
            }
        })
    }
}

/// What of it is known now.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, Debug)]
pub struct SystemState {
    /// The last seal, and the number of the record that holds it.
    pub seal: Option<(u64, Arc<HeadSeal>)>,
    /// The last rehearsal, and when it was.
    pub rehearsal: Option<(At, Arc<Rehearsal>)>,
    /// The last jump of the clock, and when it was.
    pub clock_step: Option<(At, ClockStep)>,
    /// The numbers under which gateways accepted what has no receipt yet.
    pub refs: GatewayRefs,
    /// Incidents whose private values were forgotten: when, on whose word, and why.
    pub forgotten: BTreeMap<IncidentNo, (At, Forgotten)>,
    /// The backups that were written, the oldest first.
    pub backups: VecDeque<BackedUp>,
    /// Sheets that printers took, by incident: printer, paper, function, message.
    pub printed: BTreeMap<IncidentNo, BTreeSet<(String, String, FunctionId, u32)>>,
    /// When the first record was written: nothing is overdue before there was time to do it.
    pub since: Option<At>,
    /// The format that the journal goes on in; 0 before there was one.
    pub format: u32,
}

impl SystemState {
    /// Takes note of a record.
    pub fn apply(&mut self, seq: u64, at: At, record: &SystemRecord) {
        match record {
            SystemRecord::Sealed(seal) => self.seal = Some((seq, Arc::new(seal.clone()))),
            SystemRecord::Rehearsed(rehearsal) => self.rehearsal = Some((at, Arc::new(rehearsal.clone()))),
            SystemRecord::ClockStepped(step) => self.clock_step = Some((at, *step)),
            SystemRecord::GatewayRefs(refs) => {
                refs.iter().for_each(|(delivery, name)| self.refs.insert(*delivery, name.clone()));
            }
            SystemRecord::Format(format) => self.format = format.format,
            // Who may come in stands in a file of its own; here it is for whoever reads the record.
            SystemRecord::Access(_) => {}
            SystemRecord::Printed(printed) => {
                let of = self.printed.entry(printed.incident).or_default();
                let (printer, what) = (&printed.printer, &printed.what);
                of.extend(printed.stops.iter().map(|(f, m)| (printer.clone(), what.clone(), f.clone(), *m)));
                while self.printed.len() > PRINTED_INCIDENTS_MAX {
                    self.printed.pop_first();
                }
            }
            SystemRecord::Forgotten(forgotten) => {
                self.forgotten.insert(forgotten.incident, (at, forgotten.clone()));
            }
            SystemRecord::BackedUp(backup) => {
                if self.backups.len() >= BACKUPS_MAX {
                    self.backups.pop_front();
                }
                self.backups.push_back(backup.clone());
            }
        }
    }

    /// The backups that hold what was private of an incident that was reported then: those that were written since.
    pub fn backups_since(&self, opened: At) -> impl Iterator<Item = &BackedUp> {
        self.backups.iter().filter(move |b| b.made_at >= opened)
    }

    /// A restore has not been rehearsed for too long, or the last rehearsal failed.
    pub fn rehearsal_overdue(&self, now: At) -> bool {
        let last_good = self.rehearsal.as_ref().filter(|(_, r)| r.ok).map(|(at, _)| *at);
        let failed = self.rehearsal.as_ref().is_some_and(|(_, r)| !r.ok);
        let since = last_good.or(self.since);
        failed || since.is_some_and(|at| now.seconds_since(at) > REHEARSAL_DAYS_MAX * DAY_S)
    }

    /// What stands at the foot of mails and faxes; empty as long as nothing was sealed.
    pub fn foot(&self) -> String {
        self.seal.as_ref().map(|(_, seal)| format!("Journal {}", seal.foot())).unwrap_or_default()
    }
}
