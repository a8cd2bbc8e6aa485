//! A kit for when everything else is gone: the program, its configuration, the directory, the plan of readiness and blank forms, in one
//! dated folder or in one envelope that only its recipients open.

mod age;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::context::Context;
use super::gateway;
use super::terminal::Hue;
use crate::config::{Loaded, Source, texts};
use crate::dispatch::recover::frozen;
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::error::{Error, Kind};
use crate::paper::directory::Numbers;
use crate::paper::{self, Occasion, Sheet, Style};
use crate::private_files;
use crate::words::{common, kit as words};
use crate::yaml::diagnostics::Diagnostic;
use age::Recipient;

/// A kit that is older is told by `check`.
const AGE_DAYS_MAX: i64 = 7;
/// What a kit is called: with the local time at which it was made.
const PREFIX: &str = "kit-";
/// An envelope's name ends so.
const ENVELOPE: &str = ".tar.age";
/// A kit that is being made.
const PART: &str = ".part";
/// What says when it was made, of what.
const LABEL: &str = "kit.json";
/// The most of an old kit's label that is read.
const LABEL_BYTES_MAX: u64 = 1 << 20;
/// The most entries of a folder that are looked through for the newest kit.
const ENTRIES_MAX: usize = 10_000;

/// Make a kit for when everything else is gone: the program, its configuration, the directory with every number, the plan of readiness and
/// blank forms.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase kit --out /media/stick --config region/\n  \
    vardkase kit --out /media/stick --config region/ --age age1…   only whoever has the key opens it\n  \
    vardkase check --config region/ --kit /media/stick            is it older than a week, or of another configuration?")]
pub struct KitArgs {
    /// The folder in which the kit is put, under a name with its date; what lies there stays.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// One envelope that only this recipient opens (`age1…`, see age-encryption.org); may be given again.
    #[arg(long, value_name = "RECIPIENT")]
    age: Vec<String>,
}

/// What says of a kit when it was made, of what, and what belongs into it.
#[derive(Serialize, Deserialize, Debug)]
struct Label {
    made: Timestamp,
    region: String,
    /// The plan's hash, as papers show its beginning.
    plan: String,
    version: String,
    /// SHA-256 of each file.
    files: std::collections::BTreeMap<String, String>,
}

/// A file of the kit.
struct Item {
    path: String,
    bytes: Vec<u8>,
    runs: bool,
}

impl KitArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let lang = cx.term.lang();
        let mut recipients = Vec::new();
        for typed in &self.age {
            let recipient = Recipient::parse(typed);
            recipients.push(recipient.ok_or_else(|| {
                Error::usage(words::no_recipient(lang, typed), words::WHICH_RECIPIENT.say(lang)).coded("recipient")
            })?);
        }
        let source = self.config.clone().map_or(Source::Shipped, Source::Dir);
        let loaded = gateway::loaded(cx, source.clone())?;
        let now = cx.now();
        let name = {
            let local = loaded.plan.calendar.local(now.timestamp());
            format!("{PREFIX}{}", local.strftime("%Y-%m-%d-%H%M%S"))
        };
        let failed = |e: io::Error| {
            let why = words::can_not_write(lang, self.out.display(), e);
            Error::new(Kind::Other, why, words::OTHER_PLACE.say(lang)).coded("kit-not-written")
        };
        let items = items(lang, &source, loaded, now)?;
        fs::create_dir_all(&self.out).map_err(failed)?;
        let made = match recipients.is_empty() {
            true => folder(&self.out, &name, &items),
            false => sealed(&self.out, &name, &items, &recipients),
        };
        let made = made.map_err(failed)?;
        let bytes: usize = items.iter().map(|i| i.bytes.len()).sum();
        if cx.json() {
            cx.term.json(&serde_json::json!({ "kit": made, "files": items.len(), "bytes": bytes, "sealed": !recipients.is_empty() }));
            return Ok(());
        }
        cx.term.line_in(Hue::Good, &words::made(lang, made.display(), items.len()));
        let keep = if recipients.is_empty() { words::KEEP_SAFE } else { words::KEEP_KEY };
        cx.term.line(keep.say(lang));
        Ok(())
    }
}

/// Everything that belongs into it.
fn items(lang: Lang, source: &Source, loaded: Loaded, now: crate::domain::time::At) -> Result<Vec<Item>, Error> {
    let other = |e: &dyn std::fmt::Display| Error::other(e.to_string(), "");
    let mut items = Vec::new();
    let mut put = |path: &str, bytes: Vec<u8>, runs: bool| items.push(Item { path: path.to_owned(), bytes, runs });
    let program = std::env::current_exe().and_then(fs::read).map_err(|e| other(&e))?;
    put("vardkase", program, true);
    for (path, text) in texts(source) {
        put(&format!("config/{path}"), text.into_bytes(), false);
    }
    let Loaded { plan: whole, contacts, fictional, .. } = loaded;
    let (_, plan) = frozen(whole.clone());
    let address = |p| contacts.address(p).map(|a| a.to_string());
    let telephone = |f| whole.function(f).phone.as_ref().map(|p| p.number.clone());
    let numbers = Numbers { address: &address, telephone: &telephone };
    for language in [Lang::SV, Lang::EN] {
        let on = Occasion { lang: language, now, fictional, training: false };
        let papers: [(&str, Sheet); 3] = [
            ("directory", paper::directory::directory(&plan, on, Some(&numbers))),
            ("plan", paper::plan::plan(&plan, on)),
            ("forms", paper::forms::forms(&plan, on)),
        ];
        for (name, sheet) in papers {
            let made = paper::pdf(&sheet).map_err(|paper::TooLong| {
                let why = crate::words::cli::paper_too_long(lang, paper::PAGES_MAX);
                Error::new(Kind::Configuration, why, crate::words::cli::PAPER_SHORTER.say(lang))
            })?;
            put(&format!("{name}-{language}.pdf"), made, false);
            let page = paper::html(&sheet, Style::Within).map_err(|e| other(&e))?;
            put(&format!("{name}-{language}.html"), page.into_bytes(), false);
        }
    }
    put("README.txt", read_me(&plan, now, fictional).into_bytes(), false);
    let hash = |i: &Item| (i.path.clone(), hex::encode(Sha256::digest(&i.bytes)));
    let label = Label {
        made: now.timestamp(),
        region: plan.region.name.clone(),
        plan: plan.hash.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        files: items.iter().map(hash).collect(),
    };
    let bytes = serde_json::to_vec_pretty(&label).map_err(|e| other(&e))?;
    items.push(Item { path: LABEL.into(), bytes, runs: false });
    Ok(items)
}

fn read_me(plan: &Plan, now: crate::domain::time::At, fictional: bool) -> String {
    let of = |lang: Lang| {
        let at = plan.words(lang).dated_time(&plan.calendar, now.timestamp());
        let mark = if fictional { format!("{}\n", common::FICTIONAL.say(lang)) } else { String::new() };
        format!("{mark}{}\n", words::read_me(lang, plan.region.name.as_str(), at).replace(" ¶ ", "\n"))
    };
    format!("{}\n{}", of(Lang::SV), of(Lang::EN))
}

/// A folder for its owner alone: it has every number. Whole, or not at all.
fn folder(out: &Path, name: &str, items: &[Item]) -> io::Result<PathBuf> {
    let (part, made) = (out.join(format!("{name}{PART}")), out.join(name));
    let written = (|| {
        private_folder(&part)?;
        for item in items {
            let path = part.join(&item.path);
            if let Some(parent) = path.parent().filter(|p| !p.is_dir()) {
                for folder in missing(&part, parent) {
                    private_folder(&folder)?;
                }
            }
            let mut file = private_files::create_new(&path)?;
            file.write_all(&item.bytes)?;
            file.sync_all()?;
            if item.runs {
                set_runs(&path)?;
            }
        }
        private_files::name_new(&part, &made)
    })();
    if let Err(error) = written {
        // What was written of it says nothing that anybody could trust.
        let _ = fs::remove_dir_all(&part);
        return Err(error);
    }
    Ok(made)
}

/// Folders between that one and `to` which are not there, the outer first.
fn missing(from: &Path, to: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        to.ancestors().take_while(|p| *p != from).filter(|p| !p.is_dir()).map(Path::to_path_buf).collect();
    all.reverse();
    all
}

fn private_folder(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are a matter of Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A stick that keeps no modes runs nothing, and takes the rest.
fn set_runs(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
            Err(e) if e.kind() != io::ErrorKind::PermissionDenied => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// One envelope.
fn sealed(out: &Path, name: &str, items: &[Item], recipients: &[Recipient]) -> io::Result<PathBuf> {
    let mut archive = tar::Builder::new(Vec::new());
    for item in items {
        let mut header = tar::Header::new_ustar();
        header.set_size(item.bytes.len() as u64);
        header.set_mode(if item.runs { 0o700 } else { 0o600 });
        archive.append_data(&mut header, format!("{name}/{}", item.path), item.bytes.as_slice())?;
    }
    let content = archive.into_inner()?;
    let bytes =
        age::envelope(&content, recipients).map_err(|_| io::Error::other("the machine gives no random numbers"))?;
    let (part, made) = (out.join(format!("{name}{ENVELOPE}{PART}")), out.join(format!("{name}{ENVELOPE}")));
    let written = (|| {
        let mut file = private_files::create_new(&part)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        private_files::name_new(&part, &made)
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    Ok(made)
}

/// What is wrong with the newest kit of a folder, for `check`; nothing: it is young, whole and of this configuration.
pub fn judged(dir: &Path, source: &Source, now: Timestamp) -> Option<Diagnostic> {
    let warn =
        |message: String, help: &str| Some(Diagnostic::of_file(&dir.display().to_string(), "kit", message, help));
    let make = "vardkase kit --out DIR";
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) => return warn(format!("no kit can be read there: {e}"), make),
    };
    let is_kit = |name: &String| name.starts_with(PREFIX) && !name.ends_with(PART);
    let names = entries.take(ENTRIES_MAX).filter_map(|e| e.ok()?.file_name().into_string().ok()).filter(is_kit);
    let Some(newest) = names.max() else { return warn("there is no kit".into(), make) };
    let Ok(loaded) = crate::config::load(source) else { return None };
    if newest.ends_with(ENVELOPE) {
        // Closed: its name alone says when it was made.
        let local = newest.trim_start_matches(PREFIX).trim_end_matches(ENVELOPE);
        let made = jiff::civil::DateTime::strptime("%Y-%m-%d-%H%M%S", local).ok();
        let made =
            made.and_then(|m| Some(m.to_zoned(loaded.plan.calendar.local(now).time_zone().clone()).ok()?.timestamp()));
        return made.and_then(|made| old(&newest, made, now)).and_then(|m| warn(m, make));
    }
    let label = crate::bounded::read_file(&dir.join(&newest).join(LABEL), LABEL_BYTES_MAX)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Label>(&bytes).ok());
    let Some(label) = label else { return warn(format!("{newest} is damaged: it has no {LABEL}"), make) };
    let (_, plan) = frozen(loaded.plan);
    if label.plan != plan.hash {
        return warn(format!("{newest} is of another configuration"), make);
    }
    for (path, hash) in &label.files {
        let whole = fs::read(dir.join(&newest).join(path)).is_ok_and(|b| hex::encode(Sha256::digest(&b)) == *hash);
        if !whole {
            return warn(format!("{newest} is damaged: {path} is not as it was made"), make);
        }
    }
    old(&newest, label.made, now).and_then(|m| warn(m, make))
}

fn old(name: &str, made: Timestamp, now: Timestamp) -> Option<String> {
    let days = now.duration_since(made).as_hours() / 24;
    (days >= AGE_DAYS_MAX).then(|| format!("{name} is {days} days old"))
}
