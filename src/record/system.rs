//! Records about the journal itself: seals of its head, rehearsals of a restore, jumps of the machine's clock, numbers that
//! gateways gave to deliveries, and the format that the journal goes on in. No rule decides by them.

use serde::{Deserialize, Serialize};

use super::frozen::Frozen;
use super::values::Number1;
use super::{CannotRead, Written};
use crate::domain::ids::{DeliveryId, IncidentNo};

/// The head was sealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeadSeal1 {
    /// The record that was the last.
    pub seq: u64,
    /// Its link of the chain.
    pub hash: [u8; 32],
    /// When, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// Whose journal.
    pub region: String,
    /// The public key.
    pub key: [u8; 32],
    /// By that key.
    pub signature: Vec<u8>,
}

/// A restore was rehearsed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rehearsal1 {
    /// The restored journal is whole, and gave the same state.
    pub ok: bool,
    /// What was found, in words.
    pub what: String,
    /// Records that were restored.
    pub records: u64,
    /// When the backup was made that was restored, in milliseconds since 1970, UTC.
    pub backup_at: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// The machine's clock jumped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClockStep1 {
    /// By how many milliseconds.
    pub by_ms: i64,
}

/// Gateways accepted deliveries under these numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GatewayRefs1(Vec<GatewayRef1>);

/// Incident, ordinal, the gateway's number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct GatewayRef1 {
    incident: Number1,
    ordinal: u32,
    name: String,
}

/// The journal goes on in this format. Written before the first record of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Format1 {
    /// See [`super::FORMAT`].
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
}

/// Private values of an incident were forgotten.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forgotten1 {
    incident: Number1,
    by: Option<String>,
    reason: String,
}

impl Forgotten1 {
    /// The incident that they belonged to, the duty on whose word, if it was not time alone, and why.
    pub fn of(incident: &IncidentNo, by: Option<String>, reason: String) -> Self {
        Self { incident: Number1::freeze(incident), by, reason }
    }

    /// The same again.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn thaw(self) -> Result<(IncidentNo, Option<String>, String), CannotRead> {
        Ok((self.incident.thaw()?, self.by, self.reason))
    }
}

/// A printer took sheets to walk with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Printed1 {
    incident: Number1,
    /// Its name in the configuration.
    pub printer: String,
    /// Which paper.
    pub what: String,
    /// Function and message.
    pub stops: Vec<(String, u32)>,
}

impl Printed1 {
    /// Of which incident, which printer, which paper, for whom with which message.
    pub fn of(incident: &IncidentNo, printer: String, what: String, stops: Vec<(String, u32)>) -> Self {
        Self { incident: Number1::freeze(incident), printer, what, stops }
    }

    /// Of which incident.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn incident(&self) -> Result<IncidentNo, CannotRead> {
        Ok(self.incident.clone().thaw()?)
    }
}

/// A backup was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BackedUp1 {
    /// The file, as the machine that wrote it names it.
    pub file: String,
    /// The last record in it.
    pub seq: u64,
    /// That record's link.
    pub hash: [u8; 32],
    /// When, in milliseconds since 1970, UTC.
    pub made_at: i64,
    /// The keys are in it.
    pub with_keys: bool,
}

/// Somebody came in, was refused, was let in or shut out. IDs only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Access1 {
    /// A word: `signed-in`, `account-added`.
    pub what: String,
    /// Which account, device, token or session it is about.
    pub whom: String,
    /// Who did it.
    pub by: String,
}

/// The kind of a part of a record that is larger than the journal takes in one.
pub const PART: u16 = super::SYSTEM_KINDS_FROM;
/// The version of it that is written now.
pub const PART_VERSION: u16 = 1;

/// A part of a record. The last one carries the private values of the whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part1<'a> {
    /// Which, counted from 0.
    pub n: u32,
    /// Of how many.
    pub of: u32,
    /// The kind of the whole.
    pub kind: u16,
    pub version: u16,
    /// The bytes of the part.
    #[serde(borrow)]
    pub bytes: &'a [u8],
}

impl<'a> Part1<'a> {
    /// As it is written now.
    pub fn encode(&self) -> Written {
        super::written(PART, PART_VERSION, self)
    }

    /// Reads a part of any version that there ever was.
    ///
    /// # Errors
    /// A version that this program does not know, or damaged bytes.
    pub fn decode(version: u16, bytes: &'a [u8]) -> Result<Self, CannotRead> {
        if version != PART_VERSION {
            return Err(CannotRead::Newer { kind: PART, version, known: Some(PART_VERSION) });
        }
        postcard::from_bytes(bytes).map_err(|e| CannotRead::Damaged(e.to_string()))
    }
}

/// One such record, in the form of its kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SystemForm {
    /// Kind 1001.
    HeadSeal(HeadSeal1),
    /// Kind 1002.
    Rehearsal(Rehearsal1),
    /// Kind 1003.
    ClockStep(ClockStep1),
    /// Kind 1004.
    GatewayRefs(GatewayRefs1),
    /// Kind 1005.
    Format(Format1),
    /// Kind 1006.
    Forgotten(Forgotten1),
    /// Kind 1007.
    BackedUp(BackedUp1),
    /// Kind 1008.
    Access(Access1),
    /// Kind 1009.
    Printed(Printed1),
}

/// Kinds with the version that is written now.
pub const KINDS: &[(u16, u16, &str)] = &[
    (1_001, 1, "HeadSeal"),
    (1_002, 1, "Rehearsal"),
    (1_003, 1, "ClockStep"),
    (1_004, 1, "GatewayRefs"),
    (1_005, 1, "Format"),
    (1_006, 1, "Forgotten"),
    (1_007, 1, "BackedUp"),
    (1_008, 1, "Access"),
    (1_009, 1, "Printed"),
];

impl GatewayRefs1 {
    /// From deliveries and the numbers that they got.
    pub fn of<'a>(refs: impl Iterator<Item = (DeliveryId, &'a str)>) -> Self {
        let one = |(id, name): (DeliveryId, &str)| GatewayRef1 {
            incident: Number1::freeze(&id.incident),
            ordinal: id.ordinal,
            name: name.to_owned(),
        };
        Self(refs.map(one).collect())
    }

    /// Deliveries and the numbers that they got.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn thaw(self) -> Result<Vec<(DeliveryId, String)>, CannotRead> {
        let one = |r: GatewayRef1| Ok((DeliveryId { incident: r.incident.thaw()?, ordinal: r.ordinal }, r.name));
        self.0.into_iter().map(one).collect()
    }
}

/// A record as it is written now.
pub fn encode(form: &SystemForm) -> Written {
    match form {
        SystemForm::HeadSeal(form) => super::written(1_001, 1, form),
        SystemForm::Rehearsal(form) => super::written(1_002, 1, form),
        SystemForm::ClockStep(form) => super::written(1_003, 1, form),
        SystemForm::GatewayRefs(form) => super::written(1_004, 1, form),
        SystemForm::Format(form) => super::written(1_005, 1, form),
        SystemForm::Forgotten(form) => super::written(1_006, 1, form),
        SystemForm::BackedUp(form) => super::written(1_007, 1, form),
        SystemForm::Access(form) => super::written(1_008, 1, form),
        SystemForm::Printed(form) => super::written(1_009, 1, form),
    }
}

/// Reads a record of any version that there ever was.
///
/// # Errors
/// A kind or version that this program does not know, or damaged bytes.
pub fn decode(kind: u16, version: u16, bytes: &[u8]) -> Result<SystemForm, CannotRead> {
    Ok(match (kind, version) {
        (1_001, 1) => SystemForm::HeadSeal(super::from_bytes(bytes)?),
        (1_002, 1) => SystemForm::Rehearsal(super::from_bytes(bytes)?),
        (1_003, 1) => SystemForm::ClockStep(super::from_bytes(bytes)?),
        (1_004, 1) => SystemForm::GatewayRefs(super::from_bytes(bytes)?),
        (1_005, 1) => SystemForm::Format(super::from_bytes(bytes)?),
        (1_006, 1) => SystemForm::Forgotten(super::from_bytes(bytes)?),
        (1_007, 1) => SystemForm::BackedUp(super::from_bytes(bytes)?),
        (1_008, 1) => SystemForm::Access(super::from_bytes(bytes)?),
        (1_009, 1) => SystemForm::Printed(super::from_bytes(bytes)?),
        _ => {
            let known = KINDS.iter().find(|(k, ..)| *k == kind).map(|(_, version, _)| *version);
            return Err(CannotRead::Newer { kind, version, known });
        }
    })
}
