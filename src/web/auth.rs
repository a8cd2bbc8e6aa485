//! Who may come in to the console and the API: accounts by password and code or by a passkey, duty devices by their cookie, programs by tokens, and
//! whoever reads the state folder by its own token.
//!
//! What is kept of them is [`crate::accounts`]'; here are the ways in, and the sessions, which live in memory: a restart asks accounts
//! to sign in again, and duty devices nothing. What somebody may is looked up at each request: a device that is revoked acts no more.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use super::console::{Kept, Unsent};
use super::oidc::{OUTSIDE, Provider};
use crate::accounts::{Accounts, DEVICE_WARNING_DAYS, SessionView, Who, WhoId};
use crate::domain::ids::FunctionId;
use crate::domain::time::At;

mod cookie;
mod passkeys;
mod sign_in;
mod slow;

#[cfg(test)]
use cookie::COOKIE;
use cookie::cookie;
pub use cookie::{
    by_transport, clear_cookie, clear_oidc_cookie, oidc_cookie, set_cookie, set_device_cookie, set_oidc_cookie,
};
use passkeys::Challenges;
pub use passkeys::{Ceremony, ConsoleUrl, Passkeys};
use sign_in::{AwaitsCode, First, Hashing};
use slow::{Key, Slow};

/// The file in the state folder that holds the machine's own token.
pub const TOKEN_FILE: &str = "console-token";
/// Longest token file that is read.
const TOKEN_FILE_BYTES_MAX: u64 = 256;
/// A token of one's own must not be guessable while anybody waits.
pub const TOKEN_CHARS_MIN: usize = 20;
/// Sessions at one time; one more ends the one that was used least lately.
pub const SESSIONS_MAX: usize = 256;
/// A session that is not used ends after that, in seconds: a shift.
pub const SESSION_IDLE_S: u32 = 12 * 3600;
/// Every session of an account ends after that, in seconds.
pub const SESSION_S: u32 = 7 * 24 * 3600;
/// One that began at a provider ends after that, in seconds: then its groups are asked for again.
pub const SESSION_OUTSIDE_S: u32 = 12 * 3600;
/// Refusals that go on record in an hour; the log has them all.
const REFUSALS_ON_RECORD_MAX: u32 = 60;

/// The tokens, accounts and sessions.
pub struct Auth {
    /// Of the machine's token: two hashes are compared in the same time wherever they differ.
    token: [u8; 32],
    /// Of this run: by it the log names addresses.
    salt: [u8; 8],
    /// Who may come in.
    pub accounts: Arc<Accounts>,
    inner: Mutex<Inner>,
    slow: Mutex<Slow>,
    hashing: Hashing,
    /// Where browsers reach the console, as configured.
    url: Option<ConsoleUrl>,
    challenges: Arc<Challenges>,
    /// The house's own sign-in, beside accounts of this machine.
    provider: OnceLock<Arc<Provider>>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth(…)")
    }
}

#[derive(Default)]
struct Inner {
    /// By the hash of what the cookie holds: looking it up tells nothing about that.
    sessions: HashMap<[u8; 32], Session>,
    /// Whose password was right, and whose code is waited for.
    codes: HashMap<[u8; 32], AwaitsCode>,
    /// First accounts that are being set up.
    firsts: HashMap<[u8; 32], First>,
    /// Since when refusals are counted, and how many.
    refusals: (At, u32),
}

/// Somebody who came in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Stands in each form of this session.
    pub csrf: String,
    /// For which duty this browser acts ("Jag är: …").
    pub acting: Option<FunctionId>,
    /// The language that was chosen.
    pub lang: Option<String>,
    /// A form that could not be taken.
    pub kept: Option<Kept>,
    /// What was typed and is looked at once more before it is sent.
    pub unsent: Unsent,
    /// Who it is, and what that one may now.
    pub who: Who,
    /// When this device ends, where that is near.
    pub ends: Option<At>,
    /// What it is called in lists.
    pub id: String,
    began: At,
    used: At,
}

/// Why somebody does not come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// It is another token, or password, or there is no such account.
    Wrong,
    /// Too many wrong ones came lately; the next one is looked at after that many seconds. From this machine a right one always is.
    TooMany(u32),
    /// Too much is being hashed.
    Busy,
    /// The code is wrong.
    WrongCode,
    /// The passkey is not believed.
    WrongPasskey,
    /// The code was right and is used up.
    Used,
    /// The code is right by a clock that is so many seconds ahead of ours, or behind it.
    ClockOff(i64),
    /// It took too long, or too many codes were tried: from the beginning.
    Over,
}

impl Auth {
    /// With the machine's token, and accounts in memory alone.
    ///
    /// # Errors
    /// It is shorter than [`TOKEN_CHARS_MIN`].
    #[cfg(any(test, feature = "internals"))]
    pub fn new(token: &str) -> Result<Self, String> {
        Self::with(token, Accounts::nowhere())
    }

    /// With the machine's token and these accounts.
    ///
    /// # Errors
    /// It is shorter than [`TOKEN_CHARS_MIN`].
    pub fn with(token: &str, accounts: Accounts) -> Result<Self, String> {
        let token = token.trim();
        if token.chars().count() < TOKEN_CHARS_MIN {
            return Err(format!("the console's token must have at least {TOKEN_CHARS_MIN} characters"));
        }
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(|e| e.to_string())?;
        Ok(Self {
            token: hash(token),
            salt,
            accounts: Arc::new(accounts),
            inner: Mutex::default(),
            slow: Mutex::default(),
            hashing: Hashing::default(),
            url: None,
            provider: OnceLock::new(),
            challenges: Arc::new(Challenges::new().map_err(|e| e.to_string())?),
        })
    }

    /// Reads the accounts and the token of a state folder, or makes a token at the first start (mode 0600). The folder's lock is held
    /// by the caller. Each change of accounts is also written to `copy`.
    ///
    /// # Errors
    /// A file can't be read or written, is too short or damaged.
    pub fn load_or_create(folder: &Path, copy: Option<&Path>) -> io::Result<Self> {
        let path = folder.join(TOKEN_FILE);
        let text = match File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text)?;
                text
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let text = random_hex()?;
                write(folder, &path, &text)?;
                text
            }
            Err(e) => return Err(e),
        };
        let accounts = Accounts::open(folder, copy)?;
        Self::with(&text, accounts)
            .map_err(|why| io::Error::new(ErrorKind::InvalidData, format!("{}: {why}", path.display())))
    }

    /// Whether it is the machine's token.
    ///
    /// # Errors
    /// It is not, or too many wrong ones came from that address: then it is not looked at. Behind a proxy on this machine all have one
    /// address; there only wrong ones are slowed, so that nobody can lock out the duty officer by sending nonsense.
    pub fn check(&self, token: &str, from: Option<IpAddr>, now: At) -> Result<(), Denied> {
        self.judge(from, now, || same(&hash(token.trim()), &self.token).then_some(()))
    }

    fn judge<T>(&self, from: Option<IpAddr>, now: At, look: impl FnOnce() -> Option<T>) -> Result<T, Denied> {
        let from = place(from);
        let key = Key::Address(from);
        let wait = self.slow().wait(&key, now);
        if (wait.is_none() || from.is_none())
            && let Some(right) = look()
        {
            return Ok(right);
        }
        if let Some(seconds) = wait {
            return Err(Denied::TooMany(seconds));
        }
        self.slow().wrong(key, now);
        tracing::warn!(from = %self.id_of(from), "a wrong token was refused");
        Err(Denied::Wrong)
    }

    /// An address as the log names it: the same as long as the program runs, and nobody's in the next.
    fn id_of(&self, from: Option<IpAddr>) -> String {
        let Some(from) = from else { return "this machine".into() };
        let mut hash = Sha256::new();
        hash.update(self.token);
        hash.update(self.salt);
        hash.update(from.to_string());
        hex::encode(&hash.finalize()[..4])
    }

    /// Who shows the bearer of a request's header.
    ///
    /// # Errors
    /// As [`Auth::check`]; `None` when there is no such header.
    pub fn bearer(&self, headers: &HeaderMap, from: Option<IpAddr>, now: At) -> Option<Result<Who, Denied>> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("");
        // RFC 6750 2.1; the scheme's name in any case (RFC 9110 11.1).
        let token = value.split_once(' ').filter(|(s, _)| s.eq_ignore_ascii_case("bearer")).map_or("", |(_, t)| t);
        let token = token.trim();
        Some(self.judge(from, now, || {
            let machine = same(&hash(token), &self.token).then(Who::machine);
            machine.or_else(|| self.accounts.token(token, now))
        }))
    }

    /// Begins a session; gives the cookie's value. The one before, if any, is for the caller to end.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn sign_in(&self, who: &WhoId, now: At) -> io::Result<String> {
        let who = self.accounts.who(who, now).ok_or_else(|| io::Error::from(ErrorKind::PermissionDenied))?;
        self.sign_in_as(who, now)
    }

    /// The same, of whom another has looked at.
    ///
    /// # Errors
    /// As [`Auth::sign_in`].
    pub fn sign_in_as(&self, who: Who, now: At) -> io::Result<String> {
        let id = random_hex()?;
        self.begin(&id, random_hex()?, who, now);
        Ok(id)
    }

    /// Also by the house's own provider of sign-in.
    #[must_use]
    pub fn beside(self, provider: Option<Provider>) -> Self {
        if let Some(provider) = provider {
            self.comes_beside(provider);
        }
        self
    }

    /// The same, when its file is right only later. The first one stays.
    pub fn comes_beside(&self, provider: Provider) {
        let _ = self.provider.set(Arc::new(provider));
    }

    /// The house's own sign-in, beside accounts of this machine.
    pub fn provider(&self) -> Option<&Arc<Provider>> {
        self.provider.get()
    }

    /// What somebody in a session may now. Who came in by a provider may what his groups might then, as long as the session lasts.
    fn still(&self, who: &Who, now: At) -> Option<Who> {
        if is_from_outside(&who.id) { Some(who.clone()) } else { self.accounts.who(&who.id, now) }
    }

    fn begin(&self, id: &str, csrf: String, who: Who, now: At) {
        let key = hash(id);
        let mut inner = self.inner();
        let Inner { sessions, .. } = &mut *inner;
        sessions.retain(|_, s| s.lives(now));
        if sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = sessions.iter().min_by_key(|(_, s)| s.used).map(|(id, _)| *id)
        {
            sessions.remove(&oldest);
        }
        tracing::info!(session = %name_of(&key), who = %who.id, "somebody came in");
        let acting = who.functions.only().cloned();
        let session = Session {
            csrf,
            acting,
            lang: None,
            kept: None,
            unsent: Unsent::default(),
            who,
            ends: None,
            id: name_of(&key),
            began: now,
            used: now,
        };
        sessions.insert(key, session);
    }

    /// The session of a request's cookie; that of a duty device begins by itself.
    pub fn session(&self, headers: &HeaderMap, now: At) -> Option<Session> {
        let shown = cookie(headers)?;
        let key = hash(shown);
        if !self.inner().sessions.contains_key(&key) {
            let device = self.accounts.device(shown)?;
            let who = self.accounts.who(&WhoId::Device(device.id), now)?;
            // The same after a restart: a form that was open goes on.
            let csrf = hex::encode(&hash(&format!("form {shown}"))[..16]);
            self.begin(shown, csrf, who, now);
        }
        let mut inner = self.inner();
        let session = inner.sessions.get_mut(&key)?;
        let Some(who) = self.still(&session.who, now).filter(|_| session.lives(now)) else {
            inner.sessions.remove(&key);
            return None;
        };
        session.acting =
            session.acting.take().filter(|f| who.functions.has(f)).or_else(|| who.functions.only().cloned());
        session.who = who;
        if is_by_hand(headers) {
            session.used = now;
        }
        session.ends = match &session.who.id {
            WhoId::Device(_) => self
                .accounts
                .device(shown)
                .map(|d| d.ends())
                .filter(|ends| *ends < now + DEVICE_WARNING_DAYS * 24 * 3600),
            _ => None,
        };
        Some(session.clone())
    }

    /// A duty device is used by hand: its time begins anew. Gives the cookie that the browser is to keep from now on, once an hour.
    pub fn device_used(&self, headers: &HeaderMap, now: At) -> Option<String> {
        let shown = cookie(headers).filter(|_| is_by_hand(headers))?;
        let device = self.accounts.device(shown).filter(|d| now < d.ends())?;
        self.accounts.used(&device.id, now).then(|| set_device_cookie(shown))
    }

    /// Whether the request comes from a duty device whose time is over: an open incident begins it anew.
    pub fn device_over(&self, headers: &HeaderMap, now: At) -> Option<String> {
        let device = cookie(headers).and_then(|shown| self.accounts.device(shown))?;
        (now >= device.ends()).then_some(device.id)
    }

    /// Changes what a session remembers.
    pub fn change(&self, headers: &HeaderMap, change: impl FnOnce(&mut Session)) {
        if let Some(id) = cookie(headers) {
            self.change_by(id, change);
        }
    }

    /// The same, by the cookie's value.
    pub fn change_by(&self, id: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.inner().sessions.get_mut(&hash(id)) {
            change(session);
        }
    }

    /// Ends a session. A duty device stays one until it is revoked: it is asked for nothing when it comes again.
    pub fn sign_out(&self, headers: &HeaderMap) -> Option<WhoId> {
        let key = hash(cookie(headers)?);
        let ended = self.inner().sessions.remove(&key)?;
        tracing::info!(session = %name_of(&key), who = %ended.who.id, "somebody signed out");
        Some(ended.who.id)
    }

    /// Every session that lives, the newest first.
    pub fn sessions(&self, now: At) -> Vec<SessionView> {
        let inner = self.inner();
        let view =
            |s: &Session| SessionView { id: s.id.clone(), who: s.who.id.to_string(), began: s.began, used: s.used };
        let alive = |s: &&Session| s.lives(now) && self.still(&s.who, now).is_some();
        let mut all: Vec<SessionView> = inner.sessions.values().filter(alive).map(view).collect();
        all.sort_by_key(|s| std::cmp::Reverse(s.used));
        all
    }

    /// Ends the session that lists call so; gives whose it was.
    pub fn end(&self, id: &str) -> Option<WhoId> {
        let mut inner = self.inner();
        let key = inner.sessions.iter().find(|(_, s)| s.id == id).map(|(key, _)| *key)?;
        inner.sessions.remove(&key).map(|s| s.who.id)
    }

    /// Ends every session of that one, but for the one of these headers.
    pub fn end_all(&self, who: &WhoId, but: Option<&HeaderMap>) {
        let but = but.and_then(cookie).map(hash);
        self.inner().sessions.retain(|key, s| s.who.id != *who || but == Some(*key));
    }

    /// Whether one more refusal goes on record: whoever guesses fills no journal.
    pub fn refusal_goes_on_record(&self, now: At) -> bool {
        let mut inner = self.inner();
        let (since, count) = inner.refusals;
        if now.seconds_since(since) >= 3600 {
            inner.refusals = (now, 1);
            return true;
        }
        inner.refusals.1 = count.saturating_add(1);
        count < REFUSALS_ON_RECORD_MAX
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, now: At) -> bool {
        let longest = if is_from_outside(&self.who.id) { SESSION_OUTSIDE_S } else { SESSION_S };
        matches!(self.who.id, WhoId::Device(_)) || now < self.used + SESSION_IDLE_S && now < self.began + longest
    }
    /// Whether a form is of this session.
    pub fn sent_by(&self, csrf: &str) -> bool {
        same(&hash(csrf), &hash(&self.csrf))
    }
}

/// What guesses from an address are counted by; nothing of this machine, where a proxy may be.
fn place(from: Option<IpAddr>) -> Option<IpAddr> {
    from.filter(|a| !a.is_loopback()).map(super::places::subscriber)
}

/// Whether somebody is there: what a page loads by itself is no use of a session. Browsers say when a person asked for a page (Fetch
/// Metadata, `Sec-Fetch-Mode` and `Sec-Fetch-User`); of one that says nothing each request is a use.
fn is_by_hand(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-mode") {
        None => true,
        Some(mode) => mode == "navigate" && headers.contains_key("sec-fetch-user"),
    }
}

/// No account of this machine: an ID of one has no colon.
fn is_from_outside(id: &WhoId) -> bool {
    matches!(id, WhoId::Account(id) if id.starts_with(OUTSIDE))
}

/// A session as the log names it.
fn name_of(key: &[u8; 32]) -> String {
    hex::encode(&key[..4])
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// In the same time wherever they differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |different, (x, y)| different | (x ^ y))) == 0
}

pub(super) fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let new = folder.join("console-token.new");
    match fs::remove_file(&new) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are a matter of Unix"))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(&new)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
#[path = "auth/tests.rs"]
mod ways_in;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123";

    fn headers(id: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {COOKIE}={id}").parse().unwrap());
        headers
    }

    #[test]
    fn wrong_tokens_are_slowed_and_the_right_one_never() {
        let auth = Auth::new(TOKEN).unwrap();
        let now = At(1_000_000_000);
        let proxy = Some(IpAddr::from([127, 0, 0, 1]));
        for _ in 0..slow::WRONG_BURST {
            assert_eq!(auth.check("nonsense", proxy, now), Err(Denied::Wrong));
        }
        assert_eq!(auth.check("nonsense", None, now), Err(Denied::TooMany(slow::WRONG_EVERY_S)));
        assert_eq!(auth.check(TOKEN, None, now), Ok(()));
        assert_eq!(auth.check("nonsense", None, now + slow::WRONG_EVERY_S), Err(Denied::Wrong));
        assert!(matches!(auth.check("nonsense", None, now + slow::WRONG_EVERY_S), Err(Denied::TooMany(_))));
    }

    #[test]
    fn whoever_guesses_is_slowed_by_address_and_nobody_else_is() {
        let auth = Auth::new(TOKEN).unwrap();
        let now = At(1_000_000_000);
        let (guesser, other) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        for _ in 0..slow::WRONG_BURST {
            assert_eq!(auth.check("nonsense", guesser, now), Err(Denied::Wrong));
        }
        assert!(matches!(auth.check(TOKEN, guesser, now), Err(Denied::TooMany(_))), "not looked at: guesses cost time");
        assert_eq!(auth.check(TOKEN, other, now), Ok(()));
        assert_eq!(auth.check(TOKEN, guesser, now + slow::WRONG_EVERY_S), Ok(()));
        for n in 0..20_000u32 {
            let _ = auth.check("nonsense", Some(IpAddr::from(n.to_be_bytes())), now);
        }
        assert!(auth.slow().len() <= slow::WRONG_ADDRESSES_MAX);
        assert!(!auth.id_of(guesser).contains('.') && auth.id_of(guesser) != auth.id_of(other));
    }

    #[test]
    fn a_page_that_loads_itself_anew_keeps_no_session_alive() {
        let auth = Auth::new(TOKEN).unwrap();
        let now = At(1_000_000_000);
        let id = auth.sign_in(&WhoId::Machine, now).unwrap();
        let mut anew = headers(&id);
        anew.insert("sec-fetch-mode", "navigate".parse().unwrap());
        let mut by_hand = anew.clone();
        by_hand.insert("sec-fetch-user", "?1".parse().unwrap());
        assert!(auth.session(&by_hand, now + 3600).is_some());
        for hour in 2..13 {
            assert!(auth.session(&anew, now + hour * 3600).is_some(), "{hour}");
        }
        assert!(auth.session(&anew, now + 13 * 3600).is_none(), "nobody was there for twelve hours");
    }

    #[test]
    fn sessions_end_by_time_and_by_number() {
        let auth = Auth::new(TOKEN).unwrap();
        let now = At(1_000_000_000);
        let first = auth.sign_in(&WhoId::Machine, now).unwrap();
        let session = auth.session(&headers(&first), now).unwrap();
        assert!(session.sent_by(&session.csrf) && !session.sent_by("") && !session.sent_by(&first));
        assert!(auth.session(&headers("another"), now).is_none());
        for n in 1..=u32::try_from(SESSIONS_MAX).unwrap() {
            auth.sign_in(&WhoId::Machine, now + n).unwrap();
        }
        assert!(auth.session(&headers(&first), now + 300).is_none(), "the one used least lately gave way");
        let last = auth.sign_in(&WhoId::Machine, now + 300).unwrap();
        assert!(auth.session(&headers(&last), now + 299 + SESSION_IDLE_S).is_some());
        assert!(auth.session(&headers(&last), now + 299 + 2 * SESSION_IDLE_S).is_none());
        let again = auth.sign_in(&WhoId::Machine, now).unwrap();
        auth.sign_out(&headers(&again));
        assert!(auth.session(&headers(&again), now).is_none());
    }

    #[test]
    fn the_token_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        Auth::load_or_create(folder.path(), None).unwrap();
        let file = folder.path().join(TOKEN_FILE);
        let token = fs::read_to_string(&file).unwrap();
        let again = Auth::load_or_create(folder.path(), None).unwrap();
        assert_eq!(again.check(&token, None, At(0)), Ok(()));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        assert_eq!(Auth::load_or_create(folder.path(), None).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(format!("{again:?}"), "Auth(…)");
    }
}
