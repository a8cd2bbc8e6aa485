//! Proves a journal, offline.

use std::convert::Infallible;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::terminal::Hue;
use crate::bounded::read_text;
use crate::config::{Source, load};
use crate::dispatch::beside::{MissingPlan, destroyed_off_record, missing_plans};
use crate::dispatch::evidence;
use crate::dispatch::forgotten::{day, read_forgotten};
use crate::dispatch::replay::{Replay, build};
use crate::dispatch::system_record::Forgotten;
use crate::domain::lang::Lang;
use crate::domain::time::At;
use crate::error::{Error, Kind};
use crate::journal::{
    Checkpoint, Head, Reader, Report, ShortHead, SqliteReader, Unusable, VerifyOptions, What, verify,
};
use crate::words::cli as words;

/// Largest file of feet: one an hour for ten years is below it.
const FEET_BYTES_MAX: u64 = 16 << 20;

/// Prove that the journal is whole and unchanged; says the first broken record.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase verify --state /var/lib/vardkase\n  \
    vardkase verify --state copy/ --expect 1204:9f2c…     with the head that was noted elsewhere\n  \
    vardkase verify --foot \"1204 7K4F-2A9B-3C5D-8E1F\"     with what stands at the foot of a mail or fax\n  \
    vardkase verify --foot feet.txt                        with all that were noted, one on each line\n  \
    vardkase verify --export evidence.jsonl               of `vardkase log --export`, with no state folder")]
pub struct VerifyArgs {
    /// A head that was noted elsewhere: the only proof against somebody who computed a new chain.
    #[arg(long, value_name = "SEQ:HASH")]
    expect: Option<Head>,
    /// The same from the foot of a mail or a fax (`Journal 1204 7K4F-…`), or a file with one on each line.
    #[arg(long, value_name = "JOURNAL|FILE", value_parser = noted)]
    foot: Vec<Noted>,
    /// Prove this file of `vardkase log --export` instead of a state folder.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// The key that seals must be by, as it was noted elsewhere.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl VerifyArgs {
    /// Gives the exit code: a journal that is not whole has been told about in full.
    pub fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        if let Some(file) = &self.export {
            return self.export(cx, file);
        }
        let state = cx.global.state.clone();
        let mut report = verify(&state, VerifyOptions { expect: self.expect })?;
        let reader = SqliteReader::open(&state)?;
        let seals = evidence::seals(&reader)?;
        let on_record = read_forgotten(&reader)?;
        let checkpoint = checkpoint_says(&state, &reader);
        let lang = cx.term.lang();
        let feet = feet(lang, &self.foot)?;
        look_beside(lang, &reader, &mut report)?;
        let doubt = self.doubt(lang, &reader, &seals, report.records, &feet, &checkpoint);
        let code = exit_code(&report, doubt.as_ref());
        let compared = Compared { feet: &feet, expect: self.expect };
        let doubt = doubt.map(|d| d.why);
        if cx.json() {
            let mut value = as_json(&report);
            value["seals_proved"] = seals.proved.into();
            value["sealed"] = seals.last.as_ref().map(|s| json!({ "seq": s.seq, "at": At(s.at_ms) })).into();
            value["seal_keys"] = seals.keys.iter().map(hex::encode).collect::<Vec<_>>().into();
            value["doubt"] = doubt.into();
            value["foot"] = report.head.map(|h| ShortHead::of(h).to_string()).into();
            value["compared_up_to"] = compared.up_to().into();
            let says = |seq: &u64| format!("says what the journal says up to record {seq}");
            value["checkpoint"] = checkpoint.as_ref().map_or_else(ToString::to_string, says).into();
            value["forgotten"] = on_record
                .iter()
                .map(|(no, (at, f))| json!({ "incident": no, "at": at, "by": f.by, "reason": f.reason }))
                .collect::<Vec<_>>()
                .into();
            cx.term.json(&value);
            return Ok(code);
        }
        if let Some(doubt) = &doubt {
            cx.term.line_in(Hue::Bad, &words::not_proved(lang, doubt));
        }
        let head = report.head.map_or_else(|| words::NONE.say(lang).to_owned(), |h| h.to_string());
        match &report.fault {
            None => cx.term.line_in(Hue::Good, &words::records_proved(lang, report.records)),
            Some(fault) => cx.term.line_in(Hue::Bad, &words::broken_at(lang, fault)),
        }
        if report.fault.is_some() {
            cx.term.line(&words::records_before(lang, report.records));
        }
        cx.term.line(&words::head(lang, head));
        if let Some(head) = report.head {
            cx.term.line(&words::foot(lang, ShortHead::of(head)));
        }
        if let Some(seq) = compared.up_to() {
            cx.term.line(&words::compared(lang, compared.count(), seq));
        }
        let keys: Vec<String> = seals.keys.iter().map(hex::encode).collect();
        match &seals.last {
            Some(last) => {
                cx.term.line(&words::seals(lang, seals.proved, last.seq, At(last.at_ms), keys.join(", ")));
            }
            None => cx.term.line(words::NO_SEALS.say(lang)),
        }
        let (proved, forgotten) = (report.private_proved, report.private_forgotten);
        let without_key = report.private_without_key;
        cx.term.line(&words::private(lang, proved, forgotten, without_key));
        for (no, (at, Forgotten { by, reason, .. })) in &on_record {
            let by = by.as_ref().map(|by| format!(", {by}")).unwrap_or_default();
            cx.term.line(&format!("{no}: {}{by}: {reason}", words::forgotten_on(lang, day(*at))));
        }
        match &checkpoint {
            Ok(seq) => cx.term.line(&words::checkpoint(lang, seq)),
            Err(Unusable::Missing) => cx.term.line(words::CHECKPOINT_NONE.say(lang)),
            Err(why) => cx.term.line_in(Hue::Wait, &words::checkpoint_unused(lang, why)),
        }
        for fault in &report.side_faults {
            cx.term.line_in(Hue::Bad, &words::beside_chain(lang, fault));
        }
        let untold = report.side_faults_count.saturating_sub(report.side_faults.len() as u64);
        if untold > 0 {
            cx.term.line(&words::more_beside_chain(lang, untold));
        }
        if code != 0 {
            cx.term.help(words::VERIFY_KEEP.say(lang));
        } else if compared.up_to().is_none() {
            cx.term.help(&words::not_compared(lang, report.records));
        }
        Ok(code)
    }
}

/// What the journal's own proof can't know: plans that records name, and what was forgotten on record.
fn look_beside(lang: Lang, reader: &SqliteReader, report: &mut Report) -> Result<(), Error> {
    for MissingPlan { seq, plan } in missing_plans(reader)? {
        report.side(What::Blob, words::plan_missing(lang, plan), seq);
    }
    for label in destroyed_off_record(reader, &report.forgotten)? {
        report.side(What::Private, words::off_record(lang, label), None);
    }
    Ok(())
}

/// What speaks against the journal, though its chain holds.
struct Doubt {
    why: String,
    /// It was noted elsewhere, where nobody could change it together with the journal.
    contradicted: bool,
}

fn exit_code(report: &Report, doubt: Option<&Doubt>) -> u8 {
    let expected = report.fault.as_ref().is_some_and(|fault| fault.what == What::Expected);
    if expected || doubt.is_some_and(|doubt| doubt.contradicted) {
        Kind::Contradicted.exit_code()
    } else if doubt.is_some() || !report.is_whole() {
        Kind::Journal.exit_code()
    } else {
        0
    }
}

/// What a journal was held against.
struct Compared<'f> {
    feet: &'f [ShortHead],
    expect: Option<Head>,
}

impl Compared<'_> {
    fn count(&self) -> usize {
        self.feet.len() + usize::from(self.expect.is_some())
    }
    /// Up to which record it is proved that nothing was cut off.
    fn up_to(&self) -> Option<u64> {
        self.feet.iter().map(|foot| foot.seq).chain(self.expect.map(|head| head.seq)).max()
    }
}

/// What `--foot` takes.
#[derive(Clone, Debug)]
enum Noted {
    Foot(ShortHead),
    File(PathBuf),
}

fn noted(text: &str) -> Result<Noted, Infallible> {
    Ok(text.parse().map_or_else(|_| Noted::File(text.into()), Noted::Foot))
}

/// All that was noted. A line that is not understood is an error, for it would be compared with nothing.
fn feet(lang: Lang, noted: &[Noted]) -> Result<Vec<ShortHead>, Error> {
    let mut feet = Vec::new();
    for noted in noted {
        let file = match noted {
            Noted::Foot(foot) => {
                feet.push(*foot);
                continue;
            }
            Noted::File(file) => file,
        };
        let name = file.display();
        let text = read_text(file, FEET_BYTES_MAX)
            .map_err(|e| Error::usage(words::cant_be_read(lang, &name, e), words::FEET_FORM.say(lang)))?;
        let before = feet.len();
        for (n, line) in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).enumerate() {
            if line.is_empty() {
                continue;
            }
            let foot = foot_in(line);
            feet.push(
                foot.ok_or_else(|| Error::usage(words::feet_bad(lang, &name, n + 1), words::FEET_FORM.say(lang)))?,
            );
        }
        if feet.len() == before {
            return Err(Error::usage(words::feet_none(lang, &name), words::FEET_FORM.say(lang)));
        }
    }
    Ok(feet)
}

/// The foot in a line, with whatever stands before and after it: a date, the region, what the function for seals got.
fn foot_in(line: &str) -> Option<ShortHead> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let whole = words.iter().find_map(|word| word.parse().map(ShortHead::of).or_else(|_| word.parse()).ok());
    whole.or_else(|| words.windows(2).find_map(|two| two.join(" ").parse().ok()))
}

/// Carries the journal out again up to its checkpoint's record, and compares. It proves nothing of the journal, which decides:
/// one that says something else would make a start wrong.
fn checkpoint_says(state: &Path, reader: &SqliteReader) -> Result<u64, Unusable> {
    let checkpoint = Checkpoint::read(state, &build())?;
    let replay = Replay::of(&checkpoint, reader)?;
    let body = |why: String| Unusable::Body(why);
    let plan = load(&Source::Shipped).map_err(|_| body("the built-in region can't be read".into()))?.plan;
    let mut again = Replay::start(Arc::new(plan));
    again.go_on(reader, checkpoint.head.seq).map_err(|e| body(e.to_string()))?;
    if !again.says_the_same(&replay) {
        return Err(body("the journal says something else: delete the file `checkpoint`".into()));
    }
    Ok(checkpoint.head.seq)
}

impl VerifyArgs {
    /// What seals, the checkpoint, and the feet of mails have against the journal; first what was noted elsewhere.
    fn doubt(
        &self,
        lang: Lang,
        reader: &SqliteReader,
        seals: &evidence::Seals,
        records: u64,
        feet: &[ShortHead],
        checkpoint: &Result<u64, Unusable>,
    ) -> Option<Doubt> {
        let contradicted = |why| Some(Doubt { why, contradicted: true });
        let here = |why| Some(Doubt { why, contradicted: false });
        if let Some(key) = &self.key
            && let Some(other) = seals.keys.iter().map(hex::encode).find(|k| !k.eq_ignore_ascii_case(key))
        {
            return contradicted(words::doubt_key(lang, other, key));
        }
        for foot in feet {
            match reader.head_at(foot.seq) {
                Ok(Some(head)) if ShortHead::of(head) == *foot => {}
                Ok(Some(_)) => return contradicted(words::doubt_other(lang, foot.seq)),
                Ok(None) => return contradicted(words::doubt_short(lang, records, foot.seq)),
                Err(e) => return here(e.to_string()),
            }
        }
        if let Some((seq, why)) = seals.fault {
            return here(words::doubt_seal(lang, seq, why));
        }
        match checkpoint {
            Err(Unusable::NotInJournal(seq)) => here(words::doubt_checkpoint(lang, seq)),
            _ => None,
        }
    }

    fn export(&self, cx: &mut Context<'_>, file: &Path) -> Result<u8, Error> {
        let lang = cx.term.lang();
        let unread = |e: std::io::Error| {
            Error::other(words::cant_be_read(lang, file.display(), e), words::EXPORT_NAME.say(lang))
        };
        let mut input = BufReader::new(File::open(file).map_err(unread)?);
        let feet = feet(lang, &self.foot)?;
        let expected = evidence::Expected { key: self.key.clone(), head: self.expect, feet };
        let proof = evidence::prove(&mut input, &expected);
        let code = if proof.is_ok() { 0 } else { Kind::Journal.exit_code() };
        if cx.json() {
            cx.term.json(&match &proof {
                Ok(proof) => json!({ "whole": true, "proof": proof }),
                Err(wrong) => json!({ "whole": false, "wrong": wrong.to_string() }),
            });
            return Ok(code);
        }
        match proof {
            Ok(proof) => {
                cx.term
                    .line_in(Hue::Good, &format!("{}: {}", file.display(), words::records_proved(lang, proof.records)));
                cx.term.line(&words::head(lang, proof.head));
                cx.term.line(&words::export_proved(lang, proof.plans, proof.seals));
                for (no, at) in &proof.forgotten {
                    cx.term.line(&format!("{no}: {}", words::forgotten_on(lang, day(*at))));
                }
                if let Some((seq, at)) = proof.sealed {
                    cx.term.line(&words::export_sealed(lang, seq, at));
                }
                for key in &proof.keys {
                    cx.term.line(&words::sealed_by(lang, key));
                }
                if self.key.is_none() && self.expect.is_none() && self.foot.is_empty() {
                    cx.term.help(words::EXPORT_COMPARE.say(lang));
                }
            }
            Err(wrong) => {
                cx.term.line_in(Hue::Bad, &words::not_proved(lang, wrong));
                cx.term.help(words::EXPORT_ASK_ANEW.say(lang));
            }
        }
        Ok(code)
    }
}

fn as_json(report: &Report) -> Value {
    let fault = |f: &crate::journal::Fault| json!({ "seq": f.seq, "what": f.to_string() });
    json!({
        "whole": report.is_whole(),
        "records": report.records,
        "head": report.head.map(|h| h.to_string()),
        "fault": report.fault.as_ref().map(fault),
        "private_proved": report.private_proved,
        "private_forgotten": report.private_forgotten,
        "private_without_key": report.private_without_key,
        "side_faults": report.side_faults.iter().map(fault).collect::<Vec<_>>(),
        "side_faults_count": report.side_faults_count,
    })
}
