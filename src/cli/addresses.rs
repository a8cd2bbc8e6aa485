//! Which addresses are proven, a test to those that are not, and the proofs for a check elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::context::Context;
use super::incident_show::channel;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::api::{AddressProofView, PROOFS_FORM, ProofExport, calls};
use crate::config::Proofs;
use crate::domain::incident::addresses::ProvenBy;
use crate::domain::incident::input::Action;
use crate::domain::lang::Lang;
use crate::domain::plan::Channel;
use crate::domain::time::At;
use crate::error::{Error, Kind};
use crate::private_files;
use crate::words::{cli as words, proof as w};

/// The largest file of proofs that is read: over a hundred thousand addresses.
const PROOFS_BYTES_MAX: u64 = 16 << 20;
/// In place of a file: the running server is asked.
const SERVER: &str = "server";

/// Which addresses somebody was reached at: by receipts, answers and tests. Sends a test to those that are not proven.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase addresses list                       those that wait for a test\n  \
    vardkase addresses list --all\n  \
    vardkase addresses test --as it-duty          a note that begins with TEST, to all that were not proven for 90 days\n  \
    vardkase addresses test --older-than 30 --channel email --as it-duty\n  \
    vardkase addresses export --out proofs.json   for vardkase check --proofs")]
pub struct AddressesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Show addresses, without the address: by what each was proven, and when.
    List {
        /// Those that are proven too.
        #[arg(long)]
        all: bool,
        /// Of this channel alone.
        #[arg(long, value_enum, value_name = "CHANNEL")]
        channel: Option<Over>,
    },
    /// Send a note that begins with TEST to each address that was not proven for so long; whoever gets it answers.
    Test {
        /// Not proven for so many days, or never.
        #[arg(long, value_name = "DAYS", default_value_t = crate::domain::incident::addresses::PROOF_OLD_DAYS)]
        older_than: u32,
        /// Of this channel alone.
        #[arg(long, value_enum, value_name = "CHANNEL")]
        channel: Option<Over>,
        /// At night too.
        #[arg(long)]
        at_night: bool,
    },
    /// Write what proves addresses into a file that `check --proofs` reads. It can be turned back into addresses: keep it as you keep the
    /// contact book.
    Export {
        /// The file; it must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// A channel that a test goes over.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Over {
    Sms,
    Email,
    Fax,
    Paging,
}

impl From<Over> for Channel {
    fn from(over: Over) -> Self {
        match over {
            Over::Sms => Self::Sms,
            Over::Email => Self::Email,
            Over::Fax => Self::Fax,
            Over::Paging => Self::Paging,
        }
    }
}

impl AddressesArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.what {
            What::List { all, channel } => list(cx, all, channel.map(Channel::from)),
            What::Test { older_than, channel, at_night } => {
                let channel = channel.map(Channel::from);
                cx.act(&Action::TestAddresses { older_than_days: older_than, channel, at_night })
            }
            What::Export { out } => export(cx, &out),
        }
    }
}

fn list(cx: &mut Context<'_>, all: bool, only: Option<Channel>) -> Result<(), Error> {
    let answer = cx.call(&calls::addresses())?;
    if cx.json() {
        cx.term.json(&answer);
        return Ok(());
    }
    let of_channel = |a: &AddressProofView| only.is_none_or(|c| c == a.channel);
    let addresses: Vec<AddressProofView> = answer.read()?.into_iter().filter(of_channel).collect();
    let lang = cx.term.lang();
    let waits = addresses.iter().filter(|a| a.waits).count();
    let now = cx.now();
    let rows: Vec<Vec<Said>> = addresses.iter().filter(|a| all || a.waits).map(|a| row(cx, lang, now, a)).collect();
    if !rows.is_empty() {
        let heads = [w::DUTY, w::WAY, w::LAST_PROVEN, w::SINCE_THEN];
        table::show(cx.term, &heads.map(|h| h.say(lang)), rows);
    }
    let hue = if waits == 0 { Hue::Good } else { Hue::Wait };
    cx.term.line_in(hue, &w::counts(lang, addresses.len(), waits));
    Ok(())
}

fn row(cx: &mut Context<'_>, lang: Lang, now: At, a: &AddressProofView) -> Vec<Said> {
    let names: Vec<&str> = a.functions.iter().map(crate::domain::ids::FunctionId::as_str).collect();
    let over = channel(lang, a.channel);
    let over = a.nth.map_or_else(|| over.to_owned(), |n| format!("{over} {n}"));
    let proven = match (a.proven_by, &a.proven_on) {
        (Some(by), Some(day)) => said(format!("{day} {}", proven_by(lang, by))),
        _ => hued(Hue::Bad, words::NEVER.say(lang).to_uppercase()),
    };
    let mut since = Vec::new();
    since.extend(a.failed_at.map(|at| w::failed(lang, cx.clock(at, now))));
    since.extend(a.asked_at.map(|at| w::asked(lang, cx.clock(at, now))));
    vec![said(names.join(", ")), said(over), proven, hued(Hue::Wait, since.join("; "))]
}

/// By what, in words.
pub fn proven_by(lang: Lang, by: ProvenBy) -> &'static str {
    match by {
        ProvenBy::Configuration => w::BY_CONFIGURATION,
        ProvenBy::Receipt => w::BY_RECEIPT,
        ProvenBy::Answer => w::BY_ANSWER,
    }
    .say(lang)
}

fn export(cx: &mut Context<'_>, out: &Path) -> Result<(), Error> {
    let export: ProofExport = cx.call(&calls::address_proofs())?.read()?;
    let json = serde_json::to_vec_pretty(&export).unwrap_or_default();
    let lang = cx.term.lang();
    private_files::write_new(out, &json)
        .map_err(|e| Error::new(Kind::Refused, w::not_written(lang, out.display(), e), w::NAME_ANOTHER.say(lang)))?;
    if cx.json() {
        cx.term.json(&serde_json::json!({ "file": out, "proofs": export.proofs.len() }));
    } else {
        cx.term.line_in(Hue::Good, &w::exported(lang, export.proofs.len(), out.display()));
    }
    Ok(())
}

/// What proves addresses, from a file or from the running server.
///
/// # Errors
/// It can't be read, is of another form, or nobody answers.
pub(super) fn proofs(cx: &mut Context<'_>, from: &Path) -> Result<Proofs, Error> {
    let lang = cx.term.lang();
    let export: ProofExport = if from == Path::new(SERVER) {
        cx.call(&calls::address_proofs())?.read()?
    } else {
        let wrong = |why: String| Error::new(Kind::Configuration, why, w::EXPORT_AGAIN.say(lang));
        let bytes =
            crate::bounded::read_file(from, PROOFS_BYTES_MAX).map_err(|e| wrong(format!("{}: {e}", from.display())))?;
        serde_json::from_slice(&bytes)
            .map_err(|e| wrong(format!("{}:{}:{}: {e}", from.display(), e.line(), e.column())))?
    };
    if export.form != PROOFS_FORM {
        let why = w::other_form(lang, export.form, PROOFS_FORM);
        return Err(Error::new(Kind::Configuration, why, w::EXPORT_AGAIN.say(lang)));
    }
    let days: BTreeMap<String, Date> =
        export.proofs.into_iter().filter_map(|p| Some((p.mark, p.proven_on.parse().ok()?))).collect();
    Ok(Proofs { salt: export.salt, days, today: cx.now().timestamp().to_zoned(jiff::tz::TimeZone::UTC).date() })
}
