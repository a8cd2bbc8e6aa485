//! Evidence: the journal's records, the plans that they name and the seals, as one file of text, so that somebody else can
//! prove on another machine, with this program or with thirty lines of a script, that nothing was changed.
//!
//! ```text
//! {"evidence":1,"region":…,"made_at":…,"records":N,"head":"N:hash","key":…}     one line
//! {"seq":1,"kind":2,"version":1,"at_ms":…,"commitments":[…],"bytes":…,"hash":…}  a line a record; hexadecimal; see the
//!                                                                                chain's definition in `journal/chain.rs`
//! {"plan":hash,"json":…}                                                        a line a plan; SHA-256 of `json` is its name
//! {"seal":{"seq":N,…}}                                                          the head, sealed when the file was written
//! {"end":true}
//! ```
//!
//! It holds no address, no note and no code: of private values the chain has commitments only.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read, Write};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::record::{Decoder, Entry};
use super::recover::unhex;
use super::replay::plans_named;
use super::system_record::SystemRecord;
use crate::domain::ids::IncidentNo;
use crate::domain::time::At;
use crate::journal::{Hash, Head, HeadSeal, JournalError, NewRecord, Reader, RecordRef, SealKey, ShortHead, hash_of};

/// Version of the file.
const FORMAT: u32 = 1;
/// Longest line: a plan of the largest size that the journal takes, with every character escaped.
const LINE_BYTES_MAX: u64 = 400 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Top {
    evidence: u32,
    region: String,
    made_at: At,
    records: u64,
    head: String,
    /// Whose seals are in it, where that is known.
    key: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    seq: u64,
    kind: u16,
    version: u16,
    at_ms: i64,
    commitments: Vec<String>,
    bytes: String,
    hash: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanLine {
    plan: String,
    json: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealLine {
    seal: SealText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealText {
    seq: u64,
    hash: String,
    at_ms: i64,
    region: String,
    key: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: bool,
}

/// What the evidence proved.
#[derive(Clone, Default, Debug, Serialize)]
pub struct Proof {
    /// Whose it says it is.
    pub region: String,
    /// Records whose links were computed and fit.
    pub records: u64,
    /// The head after them.
    pub head: String,
    /// Plans that are what their names say.
    pub plans: u64,
    /// Seals that are genuine and of this chain.
    pub seals: u64,
    /// By whom they are. Compare it with what was noted elsewhere: whoever forges the chain can forge these too, with a key of
    /// his own.
    pub keys: BTreeSet<String>,
    /// Incidents whose private values were forgotten, and when.
    pub forgotten: BTreeMap<IncidentNo, At>,
    /// Up to which record a seal reaches, and when that was made.
    pub sealed: Option<(u64, At)>,
}

/// The first thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong(pub String);
impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Wrong {}

/// Whether a seal in a chain is genuine and of that chain. `link` is the chain's own at the record that it seals.
fn judge(seal: &HeadSeal, link: Option<Hash>) -> Result<(), &'static str> {
    match link {
        _ if !seal.is_genuine() => Err("the seal's signature is not genuine"),
        None => Err("the seal is of a record that is not there"),
        Some(hash) if hash != seal.hash => Err("the seal is of another chain"),
        Some(_) => Ok(()),
    }
}

/// Seals of a journal, for `verify`: how many are genuine, the last one, and the first that is not.
#[derive(Clone, Default, Debug)]
pub struct Seals {
    /// Genuine, and of this chain.
    pub proved: u64,
    /// The last of them.
    pub last: Option<HeadSeal>,
    /// By whom they are.
    pub keys: BTreeSet<[u8; 32]>,
    /// The first that is not, and in which record it stands.
    pub fault: Option<(u64, &'static str)>,
}

/// Looks at all seals of a journal. Where the chain itself is broken, those before that are looked at.
///
/// # Errors
/// The disk does not give it.
pub fn seals(reader: &dyn Reader) -> Result<Seals, JournalError> {
    let mut found = Seals::default();
    let mut links = Links::default();
    let mut decoder = Decoder::default();
    let read = reader.read(Head::START, &mut |record| {
        if let Ok(Entry::System(_, SystemRecord::Sealed(seal))) = decoder.next(&record) {
            match judge(&seal, links.at(seal.seq)) {
                Ok(()) => {
                    found.proved += 1;
                    found.keys.insert(seal.key);
                    found.last = Some(seal);
                }
                Err(why) => found.fault = found.fault.or(Some((record.seq, why))),
            }
        }
        links.push(record.hash);
        ControlFlow::Continue(())
    });
    match read {
        Ok(_) | Err(JournalError::Corrupt { .. }) => Ok(found),
        Err(error) => Err(error),
    }
}

/// The links that were seen, in order.
#[derive(Default)]
struct Links(Vec<Hash>);
impl Links {
    fn push(&mut self, hash: Hash) {
        self.0.push(hash);
    }
    fn at(&self, seq: u64) -> Option<Hash> {
        let ix = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.0.get(ix).copied()
    }
}

/// Why evidence could not be written.
#[derive(Debug)]
pub enum CannotWrite {
    Journal(JournalError),
    File(std::io::Error),
}
impl From<JournalError> for CannotWrite {
    fn from(e: JournalError) -> Self {
        Self::Journal(e)
    }
}
impl From<std::io::Error> for CannotWrite {
    fn from(e: std::io::Error) -> Self {
        Self::File(e)
    }
}

/// Writes evidence. Gives the head that it holds.
///
/// # Errors
/// The journal is broken, or the file is not taken.
pub fn write(
    reader: &dyn Reader,
    key: Option<&SealKey>,
    region: &str,
    now: At,
    out: &mut dyn Write,
) -> Result<Head, CannotWrite> {
    let head = reader.head()?;
    let key_text = key.map(|key| hex::encode(key.public()));
    let top = Top {
        evidence: FORMAT,
        region: region.into(),
        made_at: now,
        records: head.seq,
        head: head.to_string(),
        key: key_text,
    };
    line(out, &top)?;
    let mut plans: BTreeSet<String> = BTreeSet::new();
    let (mut decoder, mut failed) = (Decoder::default(), None);
    reader.read(Head::START, &mut |record| {
        if record.seq > head.seq {
            return ControlFlow::Break(());
        }
        if let Ok(Entry::Event { event, .. }) = decoder.next(&record) {
            plans.extend(plans_named(&event).into_iter().map(str::to_owned));
        }
        match line(out, &text_of(&record)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(e) = failed {
        return Err(e.into());
    }
    for name in plans {
        // One that is gone is left out, and its proof then says which; an empty line would be a lie.
        let bytes = unhex(&name).map(|hash| reader.get_blob(&hash)).transpose()?.flatten();
        if let Some(json) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            line(out, &PlanLine { plan: name, json })?;
        }
    }
    if let Some(key) = key {
        let seal = key.seal(head, now.0, region);
        let HeadSeal { seq, hash, at_ms, region, key, signature } = seal;
        let seal = SealText {
            seq,
            hash: hex::encode(hash),
            at_ms,
            region,
            key: hex::encode(key),
            signature: hex::encode(&signature),
        };
        line(out, &SealLine { seal })?;
    }
    line(out, &End { end: true })?;
    out.flush()?;
    Ok(head)
}

fn text_of(record: &RecordRef<'_>) -> RecordLine {
    RecordLine {
        seq: record.seq,
        kind: record.kind,
        version: record.version,
        at_ms: record.at_ms,
        commitments: record.commitments().map(|c| hex::encode(c.0)).collect(),
        bytes: hex::encode(record.bytes),
        hash: hex::encode(record.hash),
    }
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// What evidence is held against.
#[derive(Clone, Default, Debug)]
pub struct Expected {
    /// The key that seals must be by.
    pub key: Option<String>,
    /// A head that was noted elsewhere.
    pub head: Option<Head>,
    /// Heads from the feet of mails and faxes.
    pub feet: Vec<ShortHead>,
}

/// Proves evidence. Needs nothing but the file.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn prove(input: &mut dyn BufRead, expected: &Expected) -> Result<Proof, Wrong> {
    let mut lines = Lines { input, n: 0, text: Vec::new() };
    let first = lines.next()?.ok_or_else(|| Wrong("the file is empty".into()))?;
    let top: Top =
        serde_json::from_slice(first).map_err(|_| Wrong("line 1: this is not evidence of a journal".into()))?;
    if top.evidence != FORMAT {
        return Err(Wrong(format!("line 1: it has format {}; this program knows {FORMAT}", top.evidence)));
    }
    let mut proof = Proof { region: top.region.clone(), ..Proof::default() };
    let mut chain = Chain::new(expected);
    let mut ended = false;
    let mut plans: BTreeSet<String> = BTreeSet::new();
    while let Some(text) = lines.next()? {
        let text = text.to_vec();
        let at = lines.n;
        let wrong = |what: String| Wrong(format!("line {at}: {what}"));
        if ended {
            return Err(wrong("something stands behind the end".into()));
        }
        if let Ok(record) = serde_json::from_slice::<RecordLine>(&text) {
            if !plans.is_empty() || chain.closed {
                return Err(wrong("a record stands behind the records".into()));
            }
            chain.take(&record, &mut proof).map_err(wrong)?;
        } else if let Ok(PlanLine { plan, json }) = serde_json::from_slice(&text) {
            if hex::encode(hash_of(json.as_bytes())) != plan {
                return Err(wrong(format!("plan {plan} is not what its name says")));
            }
            proof.plans += 1;
            plans.insert(plan);
        } else if let Ok(SealLine { seal }) = serde_json::from_slice(&text) {
            let seal = seal_of(&seal).ok_or_else(|| wrong("the seal is not written as one".into()))?;
            chain.closed = true;
            chain.seal(&seal, &mut proof).map_err(wrong)?;
        } else if serde_json::from_slice::<End>(&text).is_ok_and(|end| end.end) {
            ended = true;
        } else {
            return Err(wrong("this is not a record, plan, seal or end".into()));
        }
    }
    let head = chain.head;
    if !ended {
        return Err(Wrong(format!("the file is cut off behind line {} (record {})", lines.n, head.seq)));
    }
    if head.seq != top.records || head.to_string() != top.head {
        return Err(Wrong(format!("line 1 names the head {}, and the records end in {head}", top.head)));
    }
    if let Some((plan, seq)) = chain.named.iter().find(|(plan, _)| !plans.contains(*plan)) {
        return Err(Wrong(format!("record {seq} names plan {plan}, which is missing")));
    }
    if let Some(missing) = expected.head.filter(|e| e.seq > head.seq).map(|e| e.seq) {
        return Err(Wrong(format!(
            "the records end at {}, before the head that was noted elsewhere ({missing})",
            head.seq
        )));
    }
    if let Some(missing) = expected.feet.iter().map(|e| e.seq).find(|seq| *seq > head.seq) {
        return Err(Wrong(format!(
            "the records end at {}, before the head that was noted elsewhere ({missing})",
            head.seq
        )));
    }
    proof.head = head.to_string();
    Ok(proof)
}

/// The chain as it is computed anew.
struct Chain<'e> {
    head: Head,
    links: Links,
    decoder: Decoder,
    named: BTreeMap<String, u64>,
    expected: &'e Expected,
    closed: bool,
}

impl<'e> Chain<'e> {
    fn new(expected: &'e Expected) -> Self {
        Self {
            head: Head::START,
            links: Links::default(),
            decoder: Decoder::default(),
            named: BTreeMap::new(),
            expected,
            closed: false,
        }
    }

    fn take(&mut self, line: &RecordLine, proof: &mut Proof) -> Result<(), String> {
        let seq = self.head.seq + 1;
        if line.seq != seq {
            return Err(format!("record {seq} is missing: record {} stands here", line.seq));
        }
        let damaged = || format!("record {seq} is not written as one");
        let bytes = bytes_of(&line.bytes).ok_or_else(damaged)?;
        let commitments: Option<Vec<[u8; 16]>> =
            line.commitments.iter().map(|c| bytes_of(c)?.try_into().ok()).collect();
        let commitments = commitments.ok_or_else(damaged)?;
        let record = NewRecord::new(line.kind, line.version, line.at_ms, bytes);
        let seen = record.linked(self.head, &commitments).ok_or_else(damaged)?;
        if hex::encode(seen.hash) != line.hash {
            return Err(format!("record {seq} was changed: its link is {}, not {}", hex::encode(seen.hash), line.hash));
        }
        if self.expected.head.is_some_and(|e| e.seq == seq && e.hash != seen.hash)
            || self.expected.feet.iter().any(|e| e.seq == seq && ShortHead::of(seen) != *e)
        {
            return Err(format!("record {seq} is not the one that was noted elsewhere: the chain was computed anew"));
        }
        match self.decoder.next(&record.at(seen, &commitments)) {
            Ok(Entry::System(_, SystemRecord::Sealed(seal))) => self.seal(&seal, proof)?,
            Ok(Entry::System(at, SystemRecord::Forgotten(forgotten))) => {
                proof.forgotten.insert(forgotten.incident, at);
            }
            Ok(Entry::Event { event, .. }) => {
                for plan in plans_named(&event) {
                    self.named.entry(plan.to_owned()).or_insert(seq);
                }
            }
            // The chain proves what this program can't read.
            Ok(_) | Err(_) => {}
        }
        self.links.push(seen.hash);
        self.head = seen;
        proof.records = seq;
        Ok(())
    }

    fn seal(&mut self, seal: &HeadSeal, proof: &mut Proof) -> Result<(), String> {
        judge(seal, self.links.at(seal.seq)).map_err(|why| format!("{why} (of record {})", seal.seq))?;
        let by = hex::encode(seal.key);
        if let Some(key) = self.expected.key.as_ref().filter(|key| !key.eq_ignore_ascii_case(&by)) {
            return Err(format!("the seal of record {} is by {by}, not by {key}", seal.seq));
        }
        if seal.region != proof.region {
            return Err(format!("the seal of record {} is of the region “{}”", seal.seq, seal.region));
        }
        proof.seals += 1;
        proof.keys.insert(by);
        proof.sealed = proof.sealed.max(Some((seal.seq, At(seal.at_ms))));
        Ok(())
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |c: u8| char::from(c).to_digit(16);
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()).collect()
}

fn seal_of(text: &SealText) -> Option<HeadSeal> {
    Some(HeadSeal {
        seq: text.seq,
        hash: bytes_of(&text.hash)?.try_into().ok()?,
        at_ms: text.at_ms,
        region: text.region.clone(),
        key: bytes_of(&text.key)?.try_into().ok()?,
        signature: bytes_of(&text.signature)?,
    })
}

/// Lines with a bound, and their numbers.
struct Lines<'i> {
    input: &'i mut dyn BufRead,
    n: u64,
    text: Vec<u8>,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<&[u8]>, Wrong> {
        self.text.clear();
        let n = self.n + 1;
        let read = (&mut *self.input).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.text);
        let read = read.map_err(|e| Wrong(format!("line {n} can't be read: {e}")))?;
        if read == 0 {
            return Ok(None);
        }
        self.n = n;
        if self.text.pop() != Some(b'\n') {
            return Err(Wrong(format!("the file is cut off in line {n}")));
        }
        Ok(Some(&self.text))
    }
}
