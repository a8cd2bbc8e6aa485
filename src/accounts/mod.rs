//! Who may come in, kept in one file of the state folder: accounts with a password and an authenticator app, duty devices, tokens of
//! programs. An account is an ID with rights to functions; no text is ever addressed to one.
//!
//! **Must not** know HTTP, cookies or sessions (`web/auth.rs`), or decide a rule of the domain.

#[cfg(any(test, feature = "internals"))]
pub mod authenticator;
mod book;
mod change;
pub mod passkey;
mod passkeys;
pub mod password;
pub mod public_key;
mod rights;
pub mod totp;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

pub use book::{
    ACCOUNTS_MAX, Account, Book, DEVICE_WARNING_DAYS, DEVICES_MAX, Device, LINKS_MAX, Link, RECENT_MAX, TOKENS_MAX,
    Token,
};
pub use change::{AccessView, AccountView, Change, Changed, DeviceView, PasskeyView, SessionView, TokenView};
#[cfg(test)]
pub use passkeys::PASSKEYS_MAX;
pub use passkeys::{LABEL_CHARS_MAX, handle};
pub use rights::{Functions, Right, Who, WhoId};

use crate::domain::ids::FunctionId;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::time::At;
use crate::private_files::{replace, sync_folder};
use book::DAY_S;
use password::Hashed;
use totp::{Code, SECRET_BYTES};

/// The file in the state folder.
pub const ACCESS_FILE: &str = "access.json";
/// The file with the link that makes the first account.
pub const FIRST_FILE: &str = "first-account";
/// Longest file that is read.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest link of the first account that is read.
const FIRST_BYTES_MAX: u64 = 256;
/// An account's ID has at most so many characters.
pub const ID_CHARS_MAX: usize = 32;
/// A link that makes a duty device is good for so many seconds, once.
pub const LINK_S: u32 = 600;
/// A token lasts so many days at most.
pub const TOKEN_DAYS_MAX: u32 = 730;
/// Codes for a lost authenticator.
const RECOVERY_CODES: usize = 8;
/// Codes before their time that are remembered; one more ends the oldest.
const EARLY_MAX: usize = 256;
/// A device's last use is kept that often, in seconds.
const USED_EVERY_S: u32 = 3600;

/// The accounts of one state folder. Whoever changes them holds the folder.
pub struct Accounts {
    /// Where they are kept, and where a copy; in memory alone when nowhere.
    folders: Vec<PathBuf>,
    book: Mutex<Book>,
    /// The hash of the link that makes the first account, as long as there is none.
    first: Mutex<Option<String>>,
    /// Codes that came before their time, and were told so: by account, with their step.
    early: Mutex<VecDeque<(String, u64)>>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts(…)")
    }
}

impl Accounts {
    /// In memory alone.
    #[cfg(any(test, feature = "internals"))]
    pub fn nowhere() -> Self {
        Self { folders: Vec::new(), book: Mutex::default(), first: Mutex::default(), early: Mutex::default() }
    }

    /// Those of a state folder. Each change is also written to `copy`, if it can be.
    ///
    /// # Errors
    /// The file can't be read, is damaged, or is of a newer program.
    pub fn open(folder: &Path, copy: Option<&Path>) -> io::Result<Self> {
        let path = folder.join(ACCESS_FILE);
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let book = match read_text(&path, FILE_BYTES_MAX) {
            Ok(text) => Book::read(&text).map_err(named)?,
            Err(e) if e.kind() == ErrorKind::NotFound => Book::default(),
            Err(e) => return Err(named(e)),
        };
        let first = read_text(&folder.join(FIRST_FILE), FIRST_BYTES_MAX).ok();
        let first = first.filter(|_| book.accounts.is_empty()).map(|secret| hash(secret.trim()));
        let folders = [Some(folder), copy].into_iter().flatten().map(Path::to_path_buf).collect();
        Ok(Self { folders, book: Mutex::new(book), first: Mutex::new(first), early: Mutex::default() })
    }

    /// The path of the link that makes the first account. It is made, into a file for its owner alone, unless there is one or an
    /// account is there.
    ///
    /// # Errors
    /// The disk does not take it, or there is no randomness.
    pub fn first_link(&self) -> io::Result<Option<String>> {
        let Some(folder) = self.folders.first().filter(|_| self.book().accounts.is_empty()) else { return Ok(None) };
        let secret = match read_text(&folder.join(FIRST_FILE), FIRST_BYTES_MAX) {
            Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
            _ => {
                let secret = secret()?;
                replace(folder, FIRST_FILE, format!("{secret}\n").as_bytes())?;
                secret
            }
        };
        *self.first() = Some(hash(&secret));
        Ok(Some(format!("/first/{secret}")))
    }

    /// Whether that is the secret of the link that makes the first account.
    pub fn is_first(&self, secret: &str) -> bool {
        let given = hash(secret);
        self.first().as_ref().is_some_and(|kept| same(kept.as_bytes(), given.as_bytes()))
    }

    /// What is kept.
    pub fn look<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.book())
    }

    /// Takes over a book that another node keeps with the same accounts: what is not in it ends.
    ///
    /// # Errors
    /// It is of a newer program, or damaged; the disk does not take it. Then nothing changed.
    #[cfg(feature = "cluster")]
    pub fn take_over(&self, text: &str) -> io::Result<()> {
        let book = Book::read(text)?;
        let any = !book.accounts.is_empty();
        let kept = self.change_book(|now| {
            *now = book;
            Ok(())
        });
        kept.map_err(|refused| io::Error::other(refused.to_string()))?;
        if any {
            *self.first() = None;
        }
        Ok(())
    }

    /// Who that is now; nobody who is disabled, revoked or over its time.
    pub fn who(&self, id: &WhoId, now: At) -> Option<Who> {
        self.book().who(id, now)
    }

    /// Who shows that token.
    pub fn token(&self, shown: &str, now: At) -> Option<Who> {
        let shown = hash(shown);
        let book = self.book();
        let token = book.tokens.iter().find(|t| same(t.secret.as_bytes(), shown.as_bytes()))?;
        book.who(&WhoId::Token(token.id.clone()), now)
    }

    /// The device whose cookie holds that, over its time or not.
    pub fn device(&self, shown: &str) -> Option<Device> {
        let shown = hash(shown);
        self.book().devices.iter().find(|d| same(d.secret.as_bytes(), shown.as_bytes())).cloned()
    }

    /// A device was used. That is kept once an hour; who asks is told whether it was. Blocking for as long as a file is written.
    pub fn used(&self, device: &str, now: At) -> bool {
        let due = |d: &&Device| d.id == device && now.0 > d.used.0 && now.seconds_since(d.used) >= USED_EVERY_S;
        if !self.book().devices.iter().any(|d| due(&d)) {
            return false;
        }
        let kept = self.change_book(|book| {
            book.devices.iter_mut().filter(|d| d.id == device).for_each(|d| d.used = now);
            Ok(())
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "that a device was used was not kept");
        }
        true
    }

    /// Carries a change out. Blocking: a password is hashed, a file is written.
    ///
    /// # Errors
    /// Why not; nothing has changed.
    pub fn change(&self, change: &Change, now: At) -> Result<Changed, Refused> {
        match change {
            Change::AccountAdd { id, password, rights, functions } => {
                let (pending, mut changed) = prepare(id, password.as_deref(), now)?;
                let account = Account { rights: rights.clone(), functions: functions.clone(), ..pending };
                self.add_account(account)?;
                changed.id.clone_from(id);
                Ok(changed)
            }
            Change::AccountDisable { id } => self.change_book(|book| {
                book.account_mut(id).ok_or_else(|| unknown("account", id))?.disabled = true;
                Ok(Changed { id: id.clone(), ..Changed::default() })
            }),
            Change::AccountResetTotp { id } => {
                let (secret, recovery) = (secret_bytes()?, recovery_codes()?);
                self.change_book(|book| {
                    let account = book.account_mut(id).ok_or_else(|| unknown("account", id))?;
                    account.totp = hex::encode(&secret);
                    account.recovery = recovery.iter().map(|c| hash(c)).collect();
                    let otpauth = Some(totp::uri(id, &secret));
                    Ok(Changed { id: id.clone(), otpauth, recovery: recovery.clone(), ..Changed::default() })
                })
            }
            Change::AccountResetPassword { id, password } => {
                if self.look(|book| book.account(id).is_none()) {
                    return Err(unknown("account", id));
                }
                let made = made_unless(password.as_deref())?;
                self.new_password(id, password.as_deref().or(made.as_deref()).unwrap_or_default())?;
                Ok(Changed { id: id.clone(), password: made, ..Changed::default() })
            }
            Change::PasskeyRemove { account, id } => {
                self.remove_passkey(account, id)?;
                Ok(Changed { id: id.clone(), ..Changed::default() })
            }
            Change::DeviceAdd { functions } => self.device_link(functions, now + LINK_S, 1, now),
            Change::DeviceRevoke { id } => self.change_book(|book| {
                let at = book.devices.iter().position(|d| d.id == *id).ok_or_else(|| unknown("device", id))?;
                book.devices.remove(at);
                Ok(Changed { id: id.clone(), ..Changed::default() })
            }),
            Change::TokenAdd { rights, functions, expires } => {
                let (id, shown) = (short_id("t")?, format!("vk_{}", secret().map_err(|e| not_kept(&e))?));
                let bad = *expires <= now || *expires > now + TOKEN_DAYS_MAX * DAY_S;
                if bad {
                    return Err(refuse!(BadExpiry { days: TOKEN_DAYS_MAX }));
                }
                self.change_book(|book| {
                    book.tidy(now);
                    if book.tokens.len() >= TOKENS_MAX {
                        return Err(refuse!(AccessFull { max: TOKENS_MAX }));
                    }
                    let (rights, functions) = (rights.clone(), functions.clone());
                    let secret = hash(&shown);
                    book.tokens.push(Token {
                        id: id.clone(),
                        secret,
                        rights,
                        functions,
                        added: now,
                        expires: *expires,
                    });
                    let (token, until) = (Some(shown.clone()), Some(*expires));
                    Ok(Changed { id: id.clone(), token, until, ..Changed::default() })
                })
            }
            Change::TokenRevoke { id } => self.change_book(|book| {
                let at = book.tokens.iter().position(|t| t.id == *id).ok_or_else(|| unknown("token", id))?;
                book.tokens.remove(at);
                Ok(Changed { id: id.clone(), ..Changed::default() })
            }),
            // Sessions are in no file.
            Change::SessionEnd { id } => Err(unknown("session", id)),
        }
    }

    /// A link that makes duty devices, so many times until then.
    ///
    /// # Errors
    /// No function, or the disk does not take it.
    pub fn device_link(&self, functions: &Functions, until: At, uses: u32, now: At) -> Result<Changed, Refused> {
        if functions.0.is_empty() {
            return Err(refuse!(NoFunctionNamed {}));
        }
        let secret = secret().map_err(|e| not_kept(&e))?;
        self.change_book(|book| {
            book.tidy(now);
            if book.links.len() >= LINKS_MAX {
                book.links.remove(0);
            }
            book.links.push(Link { secret: hash(&secret), functions: functions.clone(), until, uses });
            let path = Some(format!("/device/{secret}"));
            Ok(Changed { path, until: Some(until), ..Changed::default() })
        })
    }

    /// For which functions that link makes a device, if it is good.
    pub fn link(&self, secret: &str, now: At) -> Option<Functions> {
        let given = hash(secret);
        let book = self.book();
        let good = |l: &&Link| same(l.secret.as_bytes(), given.as_bytes()) && now < l.until && l.uses > 0;
        book.links.iter().find(good).map(|l| l.functions.clone())
    }

    /// Uses a link up: gives the new device's ID and what its cookie holds.
    ///
    /// # Errors
    /// It is not good any more; there are too many devices; the disk does not take it.
    pub fn enrol(&self, secret_of_link: &str, now: At) -> Result<(String, String), Refused> {
        let (given, id) = (hash(secret_of_link), short_id("d")?);
        let shown = secret().map_err(|e| not_kept(&e))?;
        self.change_book(|book| {
            book.tidy(now);
            let good = |l: &&mut Link| same(l.secret.as_bytes(), given.as_bytes());
            let link = book.links.iter_mut().find(good).ok_or_else(|| refuse!(LinkOver {}))?;
            if book.devices.len() >= DEVICES_MAX {
                return Err(refuse!(AccessFull { max: DEVICES_MAX }));
            }
            link.uses -= 1;
            let functions = link.functions.clone();
            book.devices.push(Device { id: id.clone(), secret: hash(&shown), functions, added: now, used: now });
            Ok((id.clone(), shown.clone()))
        })
    }

    /// Keeps an account that was prepared. The first one ends the link that makes it.
    ///
    /// # Errors
    /// One of that ID is there, or there are too many; the disk does not take it.
    pub fn add_account(&self, account: Account) -> Result<(), Refused> {
        if account.functions.0.is_empty()
            && account.rights.iter().any(|r| !matches!(r, Right::Read | Right::Administer))
        {
            return Err(refuse!(NoFunctionNamed {}));
        }
        self.change_book(|book| {
            if book.account(&account.id).is_some() {
                return Err(refuse!(AccountThere { account: account.id.clone() }));
            }
            if book.accounts.len() >= ACCOUNTS_MAX {
                return Err(refuse!(AccessFull { max: ACCOUNTS_MAX }));
            }
            book.accounts.push(account.clone());
            Ok(())
        })?;
        *self.first() = None;
        if let Some(folder) = self.folders.first() {
            match fs::remove_file(folder.join(FIRST_FILE)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, "the link of the first account is used up, and its file is still there");
                }
                _ => drop(sync_folder(folder)),
            }
        }
        Ok(())
    }

    /// The hash that a password of that account is held against. One that is not known, or disabled, has one that nothing matches.
    pub fn hashed(&self, account: &str) -> Hashed {
        let book = self.book();
        let kept = book.account(account).filter(|a| !a.disabled).map(|a| a.password.clone());
        kept.unwrap_or_else(Hashed::of_nobody)
    }

    /// Judges a code of the authenticator, or one of those for when it is lost, and uses it up. One that came before its time, and was
    /// told so, is used up as well: whoever guessed it does not come back when it is time.
    ///
    /// # Errors
    /// That it was used can't be kept: then it does not count.
    pub fn code(&self, account: &str, typed: &str, now: At) -> Result<Code, Refused> {
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        self.change_book(|book| {
            let Some(account) = book.account_mut(account).filter(|a| !a.disabled) else { return Ok(Code::Wrong) };
            let secret = hex::decode(&account.totp).unwrap_or_default();
            let mut code = totp::judge(&secret, typed, account.last_step, now);
            let given = hash(&typed.trim().to_uppercase());
            if let Some(at) = account.recovery.iter().position(|kept| same(kept.as_bytes(), given.as_bytes())) {
                account.recovery.remove(at);
                code = Code::Right(account.last_step);
            } else {
                code = match code {
                    Code::Right(step) if early.contains(&(account.id.clone(), step)) => Code::Used,
                    Code::ClockOff(ahead) if ahead > 0 => {
                        let step = totp::step_of(now + u32::try_from(ahead).unwrap_or(0));
                        early.truncate(EARLY_MAX - 1);
                        early.push_front((account.id.clone(), step));
                        code
                    }
                    _ => code,
                };
            }
            if let Code::Right(step) = code {
                account.last_step = step;
                account.used = Some(now);
            }
            Ok(code)
        })
    }

    /// A function was chosen: next time it stands first.
    pub fn chose(&self, account: &str, function: &FunctionId) {
        let kept = self.change_book(|book| {
            if let Some(account) = book.account_mut(account) {
                account.recent.retain(|f| f != function);
                account.recent.insert(0, function.clone());
                account.recent.truncate(RECENT_MAX);
            }
            Ok(())
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "which function was chosen was not kept");
        }
    }

    /// Another password.
    ///
    /// # Errors
    /// It is too weak, or the disk does not take it.
    pub fn new_password(&self, account: &str, password: &str) -> Result<(), Refused> {
        password::check(account, password)?;
        let hashed = Hashed::of(password)?;
        self.change_book(|book| {
            book.account_mut(account).ok_or_else(|| unknown("account", account))?.password = hashed.clone();
            Ok(())
        })
    }

    /// Who may come in, without sessions.
    pub fn view(&self, now: At) -> AccessView {
        let book = self.book();
        let account = |a: &Account| AccountView {
            id: a.id.clone(),
            rights: a.rights.clone(),
            functions: a.functions.clone(),
            disabled: a.disabled,
            added: a.added,
            used: a.used,
            recovery_left: a.recovery.len(),
            passkeys: a.passkeys.iter().map(PasskeyView::of).collect(),
        };
        let device = |d: &Device| DeviceView {
            id: d.id.clone(),
            functions: d.functions.clone(),
            added: d.added,
            used: d.used,
            ends: d.ends(),
        };
        let token = |t: &Token| TokenView {
            id: t.id.clone(),
            rights: t.rights.clone(),
            functions: t.functions.clone(),
            added: t.added,
            expires: t.expires,
        };
        AccessView {
            accounts: book.accounts.iter().map(account).collect(),
            devices: book.devices.iter().map(device).collect(),
            tokens: book.tokens.iter().filter(|t| now < t.expires).map(token).collect(),
            sessions: Vec::new(),
        }
    }

    /// Changes a copy, writes it, and takes it for true when it is written: one that can't be written has not happened.
    fn change_book<T>(&self, change: impl FnOnce(&mut Book) -> Result<T, Refused>) -> Result<T, Refused> {
        let mut book = self.book();
        let mut new = book.clone();
        let changed = change(&mut new)?;
        if let Some((folder, copies)) = self.folders.split_first()
            && new != *book
        {
            let text = new.text();
            replace(folder, ACCESS_FILE, text.as_bytes()).map_err(|e| not_kept(&e))?;
            for copy in copies {
                if let Err(error) = replace(copy, ACCESS_FILE, text.as_bytes()) {
                    tracing::warn!(%error, "accounts and devices were not copied to the second copy");
                }
            }
        }
        *book = new;
        Ok(changed)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn first(&self) -> MutexGuard<'_, Option<String>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An account that is not kept yet, with every right for every function, and what its owner must note down. Blocking: it hashes.
///
/// # Errors
/// The ID or the password will not do.
pub fn prepare(id: &str, password: Option<&str>, now: At) -> Result<(Account, Changed), Refused> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > ID_CHARS_MAX || !id.chars().all(good) {
        return Err(refuse!(BadAccount {
            account: id.chars().take(ID_CHARS_MAX).collect::<String>(),
            max: ID_CHARS_MAX
        }));
    }
    let made = made_unless(password)?;
    let password = password.or(made.as_deref()).unwrap_or_default();
    password::check(id, password)?;
    let (secret, recovery) = (secret_bytes()?, recovery_codes()?);
    let account = Account {
        id: id.to_owned(),
        password: Hashed::of(password)?,
        totp: hex::encode(&secret),
        last_step: 0,
        recovery: recovery.iter().map(|c| hash(c)).collect(),
        rights: BTreeSet::from(Right::ALL),
        functions: Functions::every(),
        disabled: false,
        added: now,
        used: None,
        recent: Vec::new(),
        passkeys: Vec::new(),
    };
    let otpauth = Some(totp::uri(id, &secret));
    Ok((account, Changed { id: id.to_owned(), password: made, otpauth, recovery, ..Changed::default() }))
}

/// A password of 120 bits, where none was given.
fn made_unless(given: Option<&str>) -> Result<Option<String>, Refused> {
    match given {
        Some(_) => Ok(None),
        None => Ok(Some(grouped(&bytes::<15>()?, 6))),
    }
}

fn unknown(what: &str, id: &str) -> Refused {
    let id: String = id.chars().take(ID_CHARS_MAX).collect();
    match what {
        "account" => refuse!(UnknownAccount { id }),
        "device" => refuse!(UnknownDevice { id }),
        "passkey" => refuse!(UnknownPasskey { id }),
        "session" => refuse!(UnknownSession { id }),
        _ => refuse!(UnknownToken { id }),
    }
}

fn not_kept(why: &dyn fmt::Display) -> Refused {
    refuse!(AccessNotKept { detail: why })
}

fn bytes<const N: usize>() -> Result<[u8; N], Refused> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| not_kept(&e))?;
    Ok(bytes)
}

fn secret_bytes() -> Result<Vec<u8>, Refused> {
    Ok(bytes::<SECRET_BYTES>()?.to_vec())
}

/// 160 bits.
fn secret() -> io::Result<String> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

/// `d-k3x7pq`: what people say to each other; it opens nothing.
fn short_id(kind: &str) -> Result<String, Refused> {
    Ok(format!("{kind}-{}", totp::base32(&bytes::<5>()?).to_lowercase()))
}

/// 56 bits each, good once.
fn recovery_codes() -> Result<Vec<String>, Refused> {
    (0..RECOVERY_CODES).map(|_| Ok(grouped(&bytes::<7>()?, 6))).collect()
}

fn grouped(bytes: &[u8], every: usize) -> String {
    let letters: Vec<char> = totp::base32(bytes).chars().collect();
    letters.chunks(every).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What is kept of a secret that nobody can guess.
fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// In the same time wherever they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && std::hint::black_box(a.iter().zip(b).fold(0, |different, (x, y)| different | (x ^ y))) == 0
}

fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
    if read as u64 > bytes_max {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("it is longer than {bytes_max} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
