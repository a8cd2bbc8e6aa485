//! Who may come in to the console and the API: one token of the state folder, as a bearer or by the sign-in form.
//!
//! The token opens every acting function: it tells that somebody belongs to the house. Which duty may do what is the rules'
//! affair, and each act is on record with its duty. Sessions live in memory: a restart asks for the token again.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use super::console::{Kept, Unsent};
use crate::domain::ids::FunctionId;
use crate::domain::time::At;

/// The file in the state folder that holds the token.
pub const TOKEN_FILE: &str = "console-token";
/// Longest token file that is read.
const TOKEN_FILE_BYTES_MAX: u64 = 256;
/// A token of one's own must not be guessable while anybody waits.
pub const TOKEN_CHARS_MIN: usize = 20;
/// Sessions at one time; one more ends the one that was used least lately.
pub const SESSIONS_MAX: usize = 256;
/// A session that is not used ends after that, in seconds: a shift.
pub const SESSION_IDLE_S: u32 = 12 * 3600;
/// Every session ends after that, in seconds.
pub const SESSION_S: u32 = 7 * 24 * 3600;
/// Wrong tokens in a row that are answered at once…
pub const WRONG_BURST: u32 = 10;
/// …and one more for each so many seconds.
pub const WRONG_EVERY_S: u32 = 6;
/// So many addresses from which wrong tokens came are remembered.
pub const WRONG_ADDRESSES_MAX: usize = 4_096;
/// The cookie's name.
pub const COOKIE: &str = "vardkase";

/// The token and the sessions.
pub struct Auth {
    /// Of the token: two hashes are compared in the same time wherever they differ.
    token: [u8; 32],
    /// Of this run: by it the log names addresses.
    salt: [u8; 8],
    inner: Mutex<Inner>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth(…)")
    }
}

#[derive(Default)]
struct Inner {
    /// By the hash of the ID in the cookie: looking it up tells nothing about the ID.
    sessions: HashMap<[u8; 32], Session>,
    /// Wrong tokens since, as seconds that must pass: of each address, and together.
    wrong: HashMap<Option<IpAddr>, At>,
}

/// Somebody who signed in.
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
    began: At,
    used: At,
}

/// Why somebody does not come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// It is another token.
    Wrong,
    /// Too many wrong ones came lately; the next one is looked at after that many seconds. From this machine a right one always is.
    TooMany(u32),
}

impl Auth {
    /// With a token.
    ///
    /// # Errors
    /// It is shorter than [`TOKEN_CHARS_MIN`].
    pub fn new(token: &str) -> Result<Self, String> {
        let token = token.trim();
        if token.chars().count() < TOKEN_CHARS_MIN {
            return Err(format!("the console's token must have at least {TOKEN_CHARS_MIN} characters"));
        }
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(|e| e.to_string())?;
        Ok(Self { token: hash(token), salt, inner: Mutex::default() })
    }

    /// Reads the token of a state folder, or makes one at the first start (mode 0600). The folder's lock is held by the
    /// caller.
    ///
    /// # Errors
    /// The file can't be read or written, or is too short.
    pub fn load_or_create(folder: &Path) -> io::Result<Self> {
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
        Self::new(&text).map_err(|why| io::Error::new(ErrorKind::InvalidData, format!("{}: {why}", path.display())))
    }

    /// Whether it is the token.
    ///
    /// # Errors
    /// It is not, or too many wrong ones came from that address: then it is not looked at. Behind a proxy on this machine all have one
    /// address; there only wrong ones are slowed, so that nobody can lock out the duty officer by sending nonsense.
    pub fn check(&self, token: &str, from: Option<IpAddr>, now: At) -> Result<(), Denied> {
        let from = from.filter(|a| !a.is_loopback()).map(super::places::subscriber);
        let full = now + WRONG_BURST * WRONG_EVERY_S;
        let mut inner = self.inner();
        let next = inner.wrong.get(&from).copied().unwrap_or_default().max(now) + WRONG_EVERY_S;
        let too_many = next > full;
        if !(too_many && from.is_some()) && same(&hash(token.trim()), &self.token) {
            return Ok(());
        }
        if too_many {
            return Err(Denied::TooMany(next.seconds_since(full).max(1)));
        }
        if inner.wrong.len() >= WRONG_ADDRESSES_MAX {
            inner.wrong.retain(|_, until| *until > now);
        }
        if inner.wrong.len() >= WRONG_ADDRESSES_MAX {
            // Guessed from everywhere at once: the one that is free first gives way.
            let first = inner.wrong.iter().min_by_key(|(_, until)| **until).map(|(address, _)| *address);
            first.map(|address| inner.wrong.remove(&address));
        }
        inner.wrong.insert(from, next);
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

    /// The bearer of a request's header.
    ///
    /// # Errors
    /// As [`Auth::check`]; `None` when there is no such header.
    pub fn bearer(&self, headers: &HeaderMap, from: Option<IpAddr>, now: At) -> Option<Result<(), Denied>> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("");
        // RFC 6750 2.1; the scheme's name in any case (RFC 9110 11.1).
        let token = value.split_once(' ').filter(|(s, _)| s.eq_ignore_ascii_case("bearer")).map_or("", |(_, t)| t);
        Some(self.check(token, from, now))
    }

    /// Begins a session; gives the cookie's value.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn sign_in(&self, now: At) -> io::Result<String> {
        let (id, csrf) = (random_hex()?, random_hex()?);
        let mut inner = self.inner();
        inner.sessions.retain(|_, s| s.lives(now));
        if inner.sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = inner.sessions.iter().min_by_key(|(_, s)| s.used).map(|(id, _)| *id)
        {
            inner.sessions.remove(&oldest);
        }
        tracing::info!(session = %name_of(&hash(&id)), "somebody signed in");
        inner.sessions.insert(
            hash(&id),
            Session { csrf, acting: None, lang: None, kept: None, unsent: Unsent::default(), began: now, used: now },
        );
        Ok(id)
    }

    /// The session of a request's cookie.
    pub fn session(&self, headers: &HeaderMap, now: At) -> Option<Session> {
        let key = hash(cookie(headers)?);
        let mut inner = self.inner();
        let session = inner.sessions.get_mut(&key)?;
        if !session.lives(now) {
            inner.sessions.remove(&key);
            return None;
        }
        if is_by_hand(headers) {
            session.used = now;
        }
        Some(session.clone())
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

    /// Ends a session.
    pub fn sign_out(&self, headers: &HeaderMap) {
        if let Some(id) = cookie(headers) {
            let key = hash(id);
            if self.inner().sessions.remove(&key).is_some() {
                tracing::info!(session = %name_of(&key), "somebody signed out");
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, now: At) -> bool {
        now < self.used + SESSION_IDLE_S && now < self.began + SESSION_S
    }
    /// Whether a form is of this session.
    pub fn sent_by(&self, csrf: &str) -> bool {
        same(&hash(csrf), &hash(&self.csrf))
    }
}

/// The `Set-Cookie` value of a session (RFC 6265bis): no script reads it, no other site sends it.
pub fn set_cookie(id: &str) -> String {
    format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict")
}

/// What makes the browser forget it.
pub fn clear_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// Whether somebody is there: a page that loads itself anew is no use of a session. Browsers say when a person asked for a page
/// (Fetch Metadata, `Sec-Fetch-User`); of one that says nothing each request is a use.
fn is_by_hand(headers: &HeaderMap) -> bool {
    let says = |name: &str, what: &str| headers.get(name).is_some_and(|v| v.as_bytes() == what.as_bytes());
    !says("sec-fetch-mode", "navigate") || headers.contains_key("sec-fetch-user")
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
        for _ in 0..WRONG_BURST {
            assert_eq!(auth.check("nonsense", proxy, now), Err(Denied::Wrong));
        }
        assert_eq!(auth.check("nonsense", None, now), Err(Denied::TooMany(WRONG_EVERY_S)));
        assert_eq!(auth.check(TOKEN, None, now), Ok(()));
        assert_eq!(auth.check("nonsense", None, now + WRONG_EVERY_S), Err(Denied::Wrong));
        assert!(matches!(auth.check("nonsense", None, now + WRONG_EVERY_S), Err(Denied::TooMany(_))));
    }

    #[test]
    fn whoever_guesses_is_slowed_by_address_and_nobody_else_is() {
        let auth = Auth::new(TOKEN).unwrap();
        let now = At(1_000_000_000);
        let (guesser, other) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        for _ in 0..WRONG_BURST {
            assert_eq!(auth.check("nonsense", guesser, now), Err(Denied::Wrong));
        }
        assert!(matches!(auth.check(TOKEN, guesser, now), Err(Denied::TooMany(_))), "not looked at: guesses cost time");
        assert_eq!(auth.check(TOKEN, other, now), Ok(()));
        assert_eq!(auth.check(TOKEN, guesser, now + WRONG_EVERY_S), Ok(()));
        for n in 0..20_000u32 {
            let _ = auth.check("nonsense", Some(IpAddr::from(n.to_be_bytes())), now);
        }
        assert!(auth.inner().wrong.len() <= WRONG_ADDRESSES_MAX);
        assert!(!auth.id_of(guesser).contains('.') && auth.id_of(guesser) != auth.id_of(other));
    }

    #[test]
    fn a_page_that_loads_itself_anew_keeps_no_session_alive() {
        let auth = Auth::new(TOKEN).unwrap();
        let now = At(1_000_000_000);
        let id = auth.sign_in(now).unwrap();
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
        let first = auth.sign_in(now).unwrap();
        let session = auth.session(&headers(&first), now).unwrap();
        assert!(session.sent_by(&session.csrf) && !session.sent_by("") && !session.sent_by(&first));
        assert!(auth.session(&headers("another"), now).is_none());
        for n in 1..=u32::try_from(SESSIONS_MAX).unwrap() {
            auth.sign_in(now + n).unwrap();
        }
        assert!(auth.session(&headers(&first), now + 300).is_none(), "the one used least lately gave way");
        let last = auth.sign_in(now + 300).unwrap();
        assert!(auth.session(&headers(&last), now + 299 + SESSION_IDLE_S).is_some());
        assert!(auth.session(&headers(&last), now + 299 + 2 * SESSION_IDLE_S).is_none());
        let again = auth.sign_in(now).unwrap();
        auth.sign_out(&headers(&again));
        assert!(auth.session(&headers(&again), now).is_none());
    }

    #[test]
    fn the_token_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        Auth::load_or_create(folder.path()).unwrap();
        let file = folder.path().join(TOKEN_FILE);
        let token = fs::read_to_string(&file).unwrap();
        let again = Auth::load_or_create(folder.path()).unwrap();
        assert_eq!(again.check(&token, None, At(0)), Ok(()));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        assert_eq!(Auth::load_or_create(folder.path()).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(format!("{again:?}"), "Auth(…)");
    }
}
