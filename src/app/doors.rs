//! The doors of both listeners. What the command line says of them is judged before anything is bound; their certificates are looked
//! at on a beat, renewed when a whole new pair lies there, and missed in time.
//!
//! Must not: know TLS; `web/tls` does.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::dispatch::board::Board;
use crate::domain::lang::Lang;
use crate::web::door::Door;
use crate::web::proxies::{Proxy, TRUSTED_PROXIES_MAX, Trusted};
use crate::web::tls::{Bad, Certificates, Files, day, forget_noted};
use crate::words::{alarm, in_all, tls as words};

/// Certificates are looked at that often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// One that runs out sooner is an alarm.
const ENDS_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// And is told, not only shown, from then on: readers are about to be refused.
const ENDS_NOW: SignedDuration = SignedDuration::from_hours(24);

/// What the command line says of both.
#[derive(Clone, Default, Debug)]
pub struct Doors {
    /// The console's certificate; none: it speaks plain HTTP.
    pub console: Option<Files>,
    /// The public listener's.
    pub public: Option<Files>,
    /// Proxies that are believed when they say for whom they speak.
    pub trusted: Vec<Proxy>,
    /// Plain HTTP beyond this machine is meant.
    pub insecure: bool,
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Listener {
    /// Console, API, metrics.
    Console,
    /// Page, links, callbacks.
    Public,
}

impl Listener {
    /// As alarms name it.
    fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Public => "public",
        }
    }
    fn said(self, lang: Lang) -> &'static str {
        match self {
            Self::Console => words::CONSOLE.say(lang),
            Self::Public => words::PUBLIC.say(lang),
        }
    }
    /// What is before its options' names.
    fn prefix(self) -> &'static str {
        match self {
            Self::Console => "--",
            Self::Public => "--public-",
        }
    }
}

/// Why a listener is not opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shut {
    /// It would speak plain HTTP there.
    Plain { listener: Listener, address: SocketAddr },
    /// Its certificate can't be used.
    Certificate { listener: Listener, bad: Bad },
    /// More proxies than [`TRUSTED_PROXIES_MAX`].
    Proxies(usize),
}

impl Shut {
    /// What is wrong.
    pub fn why(&self, lang: Lang) -> String {
        match self {
            Self::Plain { listener, address } => words::plain(lang, listener.said(lang), address),
            Self::Certificate { listener, bad } => words::certificate(lang, listener.said(lang), bad.why(lang)),
            Self::Proxies(n) => words::proxies(lang, n, TRUSTED_PROXIES_MAX),
        }
    }
    /// What to do next.
    pub fn next(&self, lang: Lang) -> String {
        match self {
            Self::Plain { listener, .. } => words::plain_next(lang, listener.prefix()),
            Self::Certificate { bad, .. } => bad.next(lang),
            Self::Proxies(_) => words::PROXIES_NEXT.say(lang).into(),
        }
    }
}

/// What is not right with a listener that is open all the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandIn {
    listener: Listener,
    bad: Bad,
}

impl StandIn {
    /// What is wrong, and what is done meanwhile.
    pub fn said(&self, lang: Lang) -> String {
        alarm::certificate_stand_in(lang, self.listener.said(lang), self.bad.why(lang))
    }
    /// What to do next.
    pub fn next(&self, lang: Lang) -> String {
        self.bad.next(lang)
    }
}

/// Both doors.
#[derive(Debug)]
pub struct Open {
    /// The console's.
    pub console: Door,
    /// The public listener's.
    pub public: Door,
    /// Those that speak plain HTTP beyond this machine, because somebody meant it.
    plain: Vec<Listener>,
    /// Those that show a certificate of this run alone, with what is wrong with theirs.
    pub stand_ins: Vec<StandIn>,
}

impl Doors {
    /// Judges what was said, with the certificates as they are. Binds nothing. A listener whose certificate can't be used is open with
    /// one of this run: no mistake in a file keeps the program from alerting, and none makes it speak plain HTTP.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn open(&self, listen: SocketAddr, public_listen: SocketAddr) -> Result<Open, Vec<Shut>> {
        let mut shut = Vec::new();
        if self.trusted.len() > TRUSTED_PROXIES_MAX {
            shut.push(Shut::Proxies(self.trusted.len()));
        }
        let trusted = Arc::new(Trusted(self.trusted.clone()));
        let (mut plain, mut stand_ins) = (Vec::new(), Vec::new());
        let mut stand_in = |listener, files: Files, bad: Bad| {
            stand_ins.push(StandIn { listener, bad });
            Certificates::stand_in(files)
        };
        let mut door = |listener, files: &Option<Files>, address: SocketAddr| {
            let read = |files: Files| Certificates::read(files.clone()).or_else(|bad| stand_in(listener, files, bad));
            let tls = match files.clone().map(read).transpose() {
                Ok(tls) => tls.map(Arc::new),
                Err(bad) => {
                    shut.push(Shut::Certificate { listener, bad });
                    return Door::default();
                }
            };
            if tls.is_none() && !address.ip().to_canonical().is_loopback() {
                plain.push(listener);
                if !self.insecure {
                    shut.push(Shut::Plain { listener, address });
                }
            }
            Door { tls, trusted: trusted.clone(), hsts: !self.insecure }
        };
        let console = door(Listener::Console, &self.console, listen);
        let public = door(Listener::Public, &self.public, public_listen);
        if shut.is_empty() { Ok(Open { console, public, plain, stand_ins }) } else { Err(shut) }
    }
}

impl Open {
    /// Looks after the certificates, and says what is open on purpose.
    pub fn watched(&self, board: &Board, clock: &SharedClock, state_dir: PathBuf) -> Watched {
        for listener in &self.plain {
            tracing::warn!(listener = listener.name(), "plain HTTP is spoken beyond this machine (--insecure)");
            let what = in_all(|lang| alarm::plain_http(lang, listener.said(lang)));
            board.raise(&plain_http(*listener), what, clock.now().into(), false);
        }
        for one in &self.stand_ins {
            tracing::error!("{}", one.said(Lang::EN));
            board.raise(&stand_in(one.listener), in_all(|lang| one.said(lang)), clock.now().into(), true);
        }
        let both = [(Listener::Console, &self.console), (Listener::Public, &self.public)];
        let certificates = both.into_iter().filter_map(|(l, door)| Some((l, door.tls.clone()?))).collect();
        let watched =
            Watched { certificates, failed: BTreeSet::new(), board: board.clone(), clock: clock.clone(), state_dir };
        watched.note();
        watched
    }
}

/// Certificates that are looked after.
pub struct Watched {
    certificates: Vec<(Listener, Arc<Certificates>)>,
    /// Those whose files could not be used when they were last looked at.
    failed: BTreeSet<Listener>,
    board: Board,
    clock: SharedClock,
    state_dir: PathBuf,
}

impl Watched {
    /// Looks until `stop` turns true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        if self.certificates.is_empty() {
            return;
        }
        loop {
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            let Ok(looked) = looked.await else { return };
            self = looked;
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Looks once. A pair is written in two steps: what can't be used at one look is an alarm at the next.
    fn look(&mut self) {
        let board = self.board.clone();
        let now = self.clock.now();
        let mut renewed = false;
        for (listener, certificates) in &self.certificates {
            match certificates.look(now) {
                Ok(new) => {
                    self.failed.remove(listener);
                    board.clear(&certificate_kept(*listener));
                    board.clear(&stand_in(*listener));
                    if new {
                        tracing::info!(listener = listener.name(), ends = %certificates.ends(), "a new certificate is in use");
                        renewed |= *listener == Listener::Console;
                    }
                }
                Err(bad) if certificates.stands_in() => {
                    let one = StandIn { listener: *listener, bad };
                    board.raise(&stand_in(*listener), in_all(|lang| one.said(lang)), now.into(), true);
                }
                Err(bad) if !self.failed.insert(*listener) => {
                    let what = in_all(|lang| alarm::certificate_kept(lang, listener.said(lang), bad.why(lang)));
                    board.raise(&certificate_kept(*listener), what, now.into(), false);
                }
                Err(_) => {}
            }
            let ends = certificates.ends();
            if certificates.stands_in() {
                continue;
            }
            let (begins, left) = (certificates.begins(), ends.duration_since(now));
            let not_yet = now < begins;
            if left > ENDS_SOON && !not_yet {
                board.clear(&certificate_ends(*listener));
            } else {
                let what = in_all(|lang| match (not_yet, left.is_negative()) {
                    (true, _) => alarm::certificate_not_yet(lang, listener.said(lang), day(begins)),
                    (_, true) => alarm::certificate_ended(lang, listener.said(lang), day(ends)),
                    _ => alarm::certificate_ends(lang, listener.said(lang), day(ends)),
                });
                board.raise(&certificate_ends(*listener), what, now.into(), not_yet || left < ENDS_NOW);
            }
        }
        if renewed {
            self.note();
        }
    }

    /// Leaves the console's certificate where the command line on this machine finds it.
    fn note(&self) {
        match self.certificates.iter().find(|(listener, _)| *listener == Listener::Console) {
            Some((_, certificates)) => {
                if let Err(error) = certificates.note(&self.state_dir) {
                    tracing::warn!(%error, "the console's certificate can't be noted: commands on this machine need --ca-file");
                }
            }
            None => forget_noted(&self.state_dir),
        }
    }
}

fn certificate_kept(listener: Listener) -> String {
    format!("certificate-kept {}", listener.name())
}
fn stand_in(listener: Listener) -> String {
    format!("certificate-stand-in {}", listener.name())
}
fn certificate_ends(listener: Listener) -> String {
    format!("certificate-ends {}", listener.name())
}
fn plain_http(listener: Listener) -> String {
    format!("plain-http {}", listener.name())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use jiff::Timestamp;

    use super::*;
    use crate::clock::VirtualClock;
    use crate::web::tls::tests::lay;
    use crate::web::tls::tests::made::{LONG, Made};

    fn now() -> Timestamp {
        "2026-11-29T22:00:00Z".parse().unwrap()
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_it_is_meant() {
        let here = ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"].map(|a| a.parse().unwrap());
        let beyond =
            ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1"].map(|a| a.parse().unwrap());
        let doors = Doors::default();
        for at in here {
            assert!(doors.open(at, at).is_ok_and(|open| open.plain.is_empty() && open.console.hsts), "{at}");
        }
        for at in beyond {
            let shut = doors.open(at, at).unwrap_err();
            let plain = |listener| Shut::Plain { listener, address: at };
            assert_eq!(shut, [plain(Listener::Console), plain(Listener::Public)]);
            for lang in [Lang::SV, Lang::EN] {
                let (why, next) = (shut[1].why(lang), shut[1].next(lang));
                assert!(why.contains(&at.to_string()) && next.contains("--public-tls-cert"), "{why} {next}");
                assert!(next.contains("--insecure") && next.contains("127.0.0.1"), "{next}");
            }
            let meant = Doors { insecure: true, ..Doors::default() }.open(at, here[0]).unwrap();
            assert_eq!((meant.plain, meant.console.hsts), (vec![Listener::Console], false));
        }
        let proxy = "192.0.2.1".parse().unwrap();
        let many = Doors { trusted: vec![proxy; TRUSTED_PROXIES_MAX + 1], ..Doors::default() };
        assert_eq!(many.open(here[0], here[0]).unwrap_err(), [Shut::Proxies(TRUSTED_PROXIES_MAX + 1)]);
    }

    #[test]
    fn with_a_certificate_it_listens_everywhere_and_a_broken_one_is_replaced_and_told_until_it_is_right() {
        let dir = tempfile::tempdir().unwrap();
        let made = Made::own("larm.example", LONG);
        let files = lay(dir.path(), &made.certificate(), &made.key());
        let at = "0.0.0.0:443".parse().unwrap();
        let doors = Doors { console: Some(files.clone()), public: Some(files), ..Doors::default() };
        assert!(doors.open(at, at).is_ok_and(|open| open.plain.is_empty()));
        std::fs::write(dir.path().join("tls.key"), "").unwrap();
        // Plain HTTP is spoken for no mistake.
        let shut = Doors { public: None, ..doors.clone() }.open(at, at).unwrap_err();
        assert!(matches!(&shut[..], [Shut::Plain { listener: Listener::Public, .. }]), "{shut:?}");
        let open = doors.open(at, at).unwrap();
        assert!(open.console.tls.is_some() && open.public.tls.is_some() && open.plain.is_empty());
        assert_eq!(open.stand_ins.len(), 2);
        assert!(open.stand_ins[0].said(Lang::EN).contains("tls.key") && open.stand_ins[0].next(Lang::EN).len() > 20);
        let state = tempfile::tempdir().unwrap();
        let (board, clock) = (Board::default(), VirtualClock::stepped(now()));
        let shared: SharedClock = Arc::new(clock);
        let mut watched = open.watched(&board, &shared, state.path().to_owned());
        let noted = || std::fs::read(state.path().join(crate::web::tls::CERTIFICATE_FILE)).unwrap();
        let own = noted();
        let alarms = || board.alarms().into_iter().map(|a| (a.name, a.tell)).collect::<Vec<_>>();
        let told =
            [("certificate-stand-in console".to_owned(), true), ("certificate-stand-in public".to_owned(), true)];
        assert_eq!(alarms(), told);
        watched.look();
        assert_eq!(alarms(), told, "nothing else is alarmed: no day of a certificate that nobody asked for");
        lay(dir.path(), &made.certificate(), &made.key());
        watched.look();
        assert_eq!(alarms(), []);
        assert!(noted() != own && String::from_utf8(noted()).unwrap() == made.certificate());
    }

    #[test]
    fn a_certificate_is_renewed_missed_and_told_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let state = tempfile::tempdir().unwrap();
        let made = |to| Made::own("larm.example", ("200101000000Z", to));
        let first = made("261220220000Z");
        let files = lay(dir.path(), &first.certificate(), &first.key());
        let clock = VirtualClock::stepped(now());
        let board = Board::default();
        let doors = Doors { console: Some(files), ..Doors::default() };
        let any = "127.0.0.1:0".parse().unwrap();
        let open = doors.open(any, any).unwrap();
        let shared: SharedClock = Arc::new(clock.clone());
        let mut watched = open.watched(&board, &shared, state.path().to_owned());
        let noted = || std::fs::read_to_string(state.path().join(crate::web::tls::CERTIFICATE_FILE)).unwrap();
        let alarms = || board.alarms().into_iter().map(|a| (a.name, a.tell)).collect::<Vec<_>>();
        let day = Duration::from_secs(24 * 3600);

        watched.look();
        assert_eq!(alarms(), []);
        assert_eq!(noted(), first.certificate());
        // 21 days before its end nothing, 14 before it an alarm, on the last day it is told.
        clock.advance(7 * day);
        watched.look();
        assert_eq!(alarms(), [("certificate-ends console".to_owned(), false)]);
        assert!(board.alarms()[0].what.get(Lang::EN).contains("runs out on 2026-12-20"));
        clock.advance(13 * day + day / 2);
        watched.look();
        assert_eq!(alarms(), [("certificate-ends console".to_owned(), true)]);
        clock.advance(day);
        watched.look();
        assert!(board.alarms()[0].what.get(Lang::SV).contains("gick ut 2026-12-20"));

        // A new one comes in two steps; that takes no longer than a look.
        let second = made("270301000000Z");
        std::fs::write(dir.path().join("tls.pem"), second.certificate()).unwrap();
        watched.look();
        assert_eq!(alarms().len(), 1);
        watched.look();
        assert_eq!(alarms()[1], ("certificate-kept console".to_owned(), false));
        assert!(board.alarms()[1].what.get(Lang::EN).contains("tls.key"));
        lay(dir.path(), &second.certificate(), &second.key());
        watched.look();
        assert_eq!(alarms(), []);
        assert_eq!(noted(), second.certificate());
    }

    #[test]
    fn a_start_is_not_refused_for_a_certificate_that_has_run_out_or_a_clock_that_is_wrong() {
        let any = "127.0.0.1:0".parse().unwrap();
        for (from, to, said) in [
            ("200101000000Z", "261129000000Z", "ran out on 2026-11-29"),
            ("270101000000Z", "491231235959Z", "from 2027-01-01 on"),
        ] {
            let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let made = Made::own("larm.example", (from, to));
            let files = lay(dir.path(), &made.certificate(), &made.key());
            let open = Doors { public: Some(files), ..Doors::default() }.open(any, any).unwrap();
            let (board, clock) = (Board::default(), VirtualClock::stepped(now()));
            let shared: SharedClock = Arc::new(clock);
            let mut watched = open.watched(&board, &shared, state.path().to_owned());
            watched.look();
            let alarms = board.alarms();
            assert_eq!((alarms.len(), alarms[0].name.as_str(), alarms[0].tell), (1, "certificate-ends public", true));
            assert!(alarms[0].what.get(Lang::EN).contains(said), "{:?}", alarms[0].what);
        }
    }
}
