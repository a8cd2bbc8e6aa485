//! The store of a node among several: etcd says what comes next, the folder keeps it.
//!
//! It lives in the journal's writer thread as long as the process does. As a leader it appends: one transaction in etcd, which holds only
//! while the journal's head and the leader's key are what this node believes, and then the same frame into its own SQLite. As a
//! follower it takes over what others appended. Whether it is the one or the other the [`Fence`] says, at each attempt anew.
//!
//! **Must not**: answer that something is recorded before a majority has it; try anything new once the fence's time is up; change the
//! folder when its records are not those of the others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::super::sqlite::SqliteStore;
use super::super::{Append, Disks, Head, JournalError, OpenReader, Sealer, Store, hash_of};
use super::fence::{Fence, Held};
use super::group::{Encoded, GROUP_VALUE_BYTES_MAX, Group, Value, bytes_of};
use super::keys::{Keys, PartName};
use super::kv::{Act, Committed, Kv, KvError, Pair, Txn, When};
use super::waiter::Waiter;

/// Values that one question for what is new asks for at first: 4 MiB at most, which a slow line brings in time.
const PAGE_VALUES: usize = 4;
/// Most values that one question for what is new asks for, once they turn out to be small.
const PAGE_VALUES_MAX: usize = 256;
/// A page below this size asks for more values the next time.
const PAGE_BYTES_SMALL: usize = 256 << 10;
/// How long a question waits that no term bounds.
const ASK_WAIT: Duration = Duration::from_secs(6);
/// Between two attempts with the same bytes; twice as long each time, up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(25);
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// How this node keeps up with the others, for screens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Following {
    /// The last record in this node's folder.
    pub head: Head,
    /// The last record that all have agreed on, as it was last heard of.
    pub etcd_head: Option<Head>,
    /// Why it does not keep up, if it does not.
    pub error: Option<JournalError>,
    /// When it last had everything.
    pub at: Option<Instant>,
}

/// The journal of a node among several.
pub struct ClusterStore {
    local: SqliteStore,
    kv: Arc<dyn Kv>,
    keys: Keys,
    fence: Fence,
    waiter: Waiter,
    /// The last record that all have agreed on, as far as it is known here. The folder ends there too, unless its disk fails.
    head: Head,
    /// Something may be new.
    look: bool,
    /// The folder lacks what this node itself appended.
    disk_lags: bool,
    following: watch::Sender<Following>,
}

impl fmt::Debug for ClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClusterStore({})", self.head)
    }
}

/// An append that did not come through.
struct GaveUp {
    what: String,
    /// One of its attempts may have been carried out, or may be yet.
    doubt: bool,
    /// The last attempt was answered so, and is carried out or is not: it does not come later.
    no_space: bool,
    error: Option<JournalError>,
}

impl ClusterStore {
    /// A store over a folder that is open. Nothing is asked of etcd yet.
    pub(in crate::journal) fn new(
        local: SqliteStore,
        kv: Arc<dyn Kv>,
        keys: Keys,
        fence: Fence,
        waiter: Waiter,
    ) -> Self {
        let head = local.head();
        let following = Following { head, etcd_head: None, error: None, at: None };
        let following = watch::Sender::new(following);
        Self { local, kv, keys, fence, waiter, head, look: true, disk_lags: false, following }
    }

    /// Seals private values for batches of this store.
    pub(in crate::journal) fn sealer(&self) -> Sealer {
        self.local.sealer()
    }

    #[cfg(test)]
    pub(in crate::journal) fn local(&mut self) -> &mut SqliteStore {
        &mut self.local
    }

    /// Appends batches in one transaction of etcd. An error is that of all which had no reason of their own.
    fn append_some(&mut self, term: Held, batches: &[Append], answers: &mut Answered) -> Result<(), JournalError> {
        let sealer = self.local.sealer();
        let (group, each) = Group::of(self.head, batches, &sealer);
        let done = if group.count() > 0 { self.commit(&group, term) } else { Ok(()) };
        let refused =
            |e: &JournalError| each.iter().map(|a| a.as_ref().map_or_else(|own| own.clone(), |_| e.clone())).collect();
        match done {
            Ok(()) => answers.extend(each),
            Err(error) => {
                let all: Vec<_> = refused(&error);
                answers.extend(all.into_iter().map(Err));
                return Err(error);
            }
        }
        if group.count() > 0 {
            self.head = group.end;
            self.keep(&group);
        }
        Ok(())
    }

    /// What a majority has goes into the folder too. When its disk does not take it, it is recorded all the same, and comes later.
    fn keep(&mut self, group: &Group) {
        if let Err(error) = self.local.append_group(group) {
            if !self.disk_lags {
                tracing::error!(%error, "this node's own folder did not take what all sites have recorded; it is tried again");
            }
            group.forget.iter().for_each(|incident| self.local.sealer().forget(incident));
            (self.disk_lags, self.look) = (true, true);
        }
    }

    /// One group into etcd: whole or not at all.
    fn commit(&mut self, group: &Group, term: Held) -> Result<(), JournalError> {
        let first = group.before.seq + 1;
        let encoded = Encoded::of(&group.content());
        let leads = When::Created(self.keys.leader(), term.created);
        for (n, part) in encoded.parts.iter().enumerate() {
            let key = self.keys.part(PartName { first, hash: encoded.hash, n: n as u32 });
            let txn = Txn { when: vec![leads.clone()], acts: vec![Act::Put(key, part.clone(), None)] };
            match self.settle(&txn, term) {
                Ok(Committed { held: true, .. }) => {}
                Ok(_) => return Err(self.lost("another site decides", JournalError::NotLeader)),
                // Pieces that nobody names are nothing yet, whatever became of them.
                Err(gave_up) => return Err(self.gave_up(GaveUp { doubt: false, ..gave_up })),
            }
        }
        let head = self.keys.head();
        let txn = Txn {
            when: vec![When::Value(head.clone(), group.before.to_string().into_bytes()), leads],
            acts: vec![
                Act::Put(self.keys.journal(first), encoded.value.clone(), None),
                Act::Put(head, group.end.to_string().into_bytes(), None),
            ],
        };
        match self.settle(&txn, term) {
            Ok(Committed { held: true, .. }) => Ok(()),
            Ok(_) => self.judge(group, &encoded.value, term, None),
            // The one that uses the quota up is carried out all the same.
            Err(gave_up) if gave_up.no_space => self.judge(group, &encoded.value, term, Some(gave_up)),
            Err(gave_up) => Err(self.gave_up(gave_up)),
        }
    }

    /// Repeats the same bytes until it is known what became of them, as long as the term holds.
    fn settle(&self, txn: &Txn, term: Held) -> Result<Committed, GaveUp> {
        let (mut doubt, mut pause, mut tries) = (false, PAUSE_FIRST, 0);
        let mut what = String::from("the time of its term is up");
        while let Some(until) = self.until(term).filter(|_| self.waiter.goes_on(tries)) {
            match self.waiter.ask(self.kv.commit(txn.clone()), until) {
                Ok(committed) => return Ok(committed),
                Err(error @ (KvError::NoSpace | KvError::Refused(_))) => {
                    let no_space = error == KvError::NoSpace;
                    return Err(GaveUp { what: error.to_string(), doubt, no_space, error: Some(told(&error)) });
                }
                Err(error) => {
                    doubt |= matches!(error, KvError::Unknown(_));
                    what = error.to_string();
                }
            }
            self.waiter.pause(pause, until);
            pause = (pause * 2).min(PAUSE_MAX);
            tries += 1;
        }
        Err(GaveUp { what, doubt, no_space: false, error: None })
    }

    /// Until when this term holds, if it does.
    fn until(&self, term: Held) -> Option<Instant> {
        self.fence.held().filter(|now| now.created == term.created).map(|now| now.until)
    }

    fn gave_up(&mut self, GaveUp { what, doubt, error, .. }: GaveUp) -> JournalError {
        match error {
            // It surely was not carried out, and will not be: the term goes on.
            Some(error) if !doubt => error,
            _ => self.lost("etcd was not reached as long as the term held", JournalError::CutOff { what }),
        }
    }

    fn lost(&mut self, why: &'static str, error: JournalError) -> JournalError {
        self.fence.lose(why);
        self.look = true;
        error
    }

    /// The transaction did not hold: an earlier attempt of it did, or somebody else was first. Or there was no space for it, and it was
    /// carried out or was not.
    fn judge(&mut self, group: &Group, value: &[u8], term: Held, no_space: Option<GaveUp>) -> Result<(), JournalError> {
        let (before, end) = (group.before, group.end);
        let keys = self.keys.clone();
        let patiently = |this: &mut Self, key: Vec<u8>| {
            let (mut pause, mut tries) = (PAUSE_FIRST, 0);
            let mut what = String::from("the time of its term is up");
            while let Some(until) = this.until(term).filter(|_| this.waiter.goes_on(tries)) {
                match this.one(key.clone(), until) {
                    Ok(pair) => return Ok(pair),
                    Err(error) => what = error.to_string(),
                }
                this.waiter.pause(pause, until);
                pause = (pause * 2).min(PAUSE_MAX);
                tries += 1;
            }
            Err(this.lost("etcd was not reached as long as the term held", JournalError::CutOff { what }))
        };
        let Some(pair) = patiently(self, keys.head())? else {
            let what = "there is nothing under its prefix any more".into();
            return Err(self.lost("the common journal is gone", JournalError::Cluster { what }));
        };
        let found = match read_head(&pair) {
            Ok(found) => found,
            Err(error) => return Err(self.lost("the common journal can't be read", error)),
        };
        if found == end {
            return Ok(());
        }
        if found.seq <= before.seq {
            return Err(match (found == before, no_space) {
                (true, Some(gave_up)) => self.gave_up(gave_up),
                (true, None) => self.lost("another site decides", JournalError::NotLeader),
                (false, _) => self.lost("the common journal is another one", JournalError::Apart { seq: found.seq }),
            });
        }
        // Somebody is further: behind what was appended here, or in its stead.
        let ours = patiently(self, keys.journal(before.seq + 1))?.is_some_and(|pair| pair.value == value);
        let conflict = JournalError::Conflict { expected: before.seq, found: found.seq };
        let error = self.lost("another site appended", conflict);
        if ours { Ok(()) } else { Err(error) }
    }

    /// A key with its value, if it is there.
    fn one(&self, key: Vec<u8>, until: Instant) -> Result<Option<Pair>, KvError> {
        let end = [&key[..], &[0]].concat();
        self.waiter.ask(self.kv.range(key, end, 1), until).map(|range| range.pairs.into_iter().next())
    }

    /// Takes over what others appended, up to what there was when this was called.
    fn catch_up(&mut self) -> Result<Head, JournalError> {
        let soon = || Instant::now() + ASK_WAIT;
        let Some(pair) = self.one(self.keys.head(), soon()).map_err(|e| told(&e))? else {
            return Err(JournalError::Cluster { what: "nothing was founded under its prefix".into() });
        };
        let goal = read_head(&pair)?;
        self.following.send_if_modified(|following| following.etcd_head.replace(goal) != Some(goal));
        let start = self.local.head();
        if start.seq > goal.seq {
            let what = format!(
                "it ends at record {}, and this folder at {}: etcd was put back from an older state, or is another one",
                goal.seq, start.seq
            );
            return Err(JournalError::Cluster { what });
        }
        let mut values = PAGE_VALUES;
        loop {
            let have = self.local.head();
            if have.seq >= goal.seq {
                if have.seq == goal.seq && have != goal {
                    return Err(JournalError::Apart { seq: have.seq });
                }
                self.head = have;
                self.disk_lags = false;
                return Ok(have);
            }
            let (from, to) = self.keys.journal_from(have.seq + 1);
            let page = self.waiter.ask(self.kv.range(from, to, values), soon()).map_err(|e| told(&e))?;
            if page.pairs.is_empty() {
                return Err(JournalError::Behind { have: have.seq, first: goal.seq + 1 });
            }
            let small = page.pairs.iter().map(|pair| pair.value.len()).sum::<usize>() < PAGE_BYTES_SMALL;
            values = if small { (values * 2).min(PAGE_VALUES_MAX) } else { PAGE_VALUES };
            for pair in page.pairs {
                let group = self.read_group(&pair, goal)?;
                self.local.append_group(&group)?;
            }
        }
    }

    /// What a value under `j/` holds, checked, pieces included.
    fn read_group(&mut self, pair: &Pair, goal: Head) -> Result<Group, JournalError> {
        let have = self.local.head().seq;
        let Some(first) = self.keys.first_of(&pair.key) else {
            return Err(JournalError::corrupt(have + 1, "a key among the records does not name one"));
        };
        if first != have + 1 {
            return Err(JournalError::Behind { have, first });
        }
        let group = match Value::read(&pair.value, first)? {
            Value::Whole(content) => Group::read(content)?,
            Value::InParts { hash, len, parts } => {
                let mut content = Vec::with_capacity(len);
                for n in 0..parts {
                    let until = Instant::now() + ASK_WAIT;
                    let key = self.keys.part(PartName { first, hash, n });
                    match self.one(key, until).map_err(|e| told(&e))? {
                        Some(part) if part.value.len() <= GROUP_VALUE_BYTES_MAX => {
                            content.extend_from_slice(&part.value)
                        }
                        Some(_) => return Err(JournalError::corrupt(first, "a piece of it is too large")),
                        None if self.one(pair.key.clone(), until).map_err(|e| told(&e))?.is_none() => {
                            return Err(JournalError::Behind { have, first: goal.seq + 1 });
                        }
                        None => return Err(JournalError::corrupt(first, "a piece of it is missing")),
                    }
                }
                if content.len() != len || hash_of(&content) != hash {
                    return Err(JournalError::corrupt(first, "its pieces are not what its hash says"));
                }
                Group::read(&content)?
            }
        };
        match group.before.seq == have {
            true => Ok(group),
            false => Err(JournalError::corrupt(first, "it does not begin where its key says")),
        }
    }

    /// Catches up, and tells how that went.
    fn follow(&mut self) -> Result<Head, JournalError> {
        let result = self.catch_up();
        let (head, error, now) = (self.local.head(), result.as_ref().err().cloned(), Instant::now());
        self.following.send_modify(|following| {
            if let Some(error) = error.as_ref().filter(|e| following.error.as_ref() != Some(*e)) {
                tracing::warn!(%error, "this node does not keep up with the other sites");
            }
            following.at = if error.is_none() { Some(now) } else { following.at };
            (following.head, following.error) = (head, error);
        });
        result
    }
}

type Answered = Vec<Result<Head, JournalError>>;

/// What etcd said, for whoever asked the journal.
pub(super) fn told(error: &KvError) -> JournalError {
    let what = error.to_string();
    match error {
        KvError::Refused(_) => JournalError::Cluster { what },
        KvError::Down(_) | KvError::Unknown(_) | KvError::NoSpace => JournalError::CutOff { what },
    }
}

/// The head, as its key holds it.
pub(super) fn read_head(pair: &Pair) -> Result<Head, JournalError> {
    let head = std::str::from_utf8(&pair.value).ok().and_then(|text| text.parse().ok());
    head.ok_or_else(|| JournalError::Cluster { what: "its head is none".into() })
}

/// How many of the batches go into one value: those that surely fit, or one alone.
fn fitting(batches: &[Append]) -> usize {
    let mut bytes = 0usize;
    let fit = batches.iter().take_while(|append| {
        bytes = bytes.saturating_add(bytes_of(&append.batch));
        bytes < GROUP_VALUE_BYTES_MAX
    });
    fit.count().max(1)
}

impl Store for ClusterStore {
    fn head(&self) -> Head {
        self.head
    }

    fn append(&mut self, group: &[Append]) -> Vec<Result<Head, JournalError>> {
        let waiter = self.waiter.clone();
        let _clock = waiter.enter();
        let mut answers = Vec::with_capacity(group.len());
        let (mut rest, mut over) = (group, None);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            rest = later;
            let error = match (over.take(), self.fence.held()) {
                (None, Some(term)) => {
                    over = self.append_some(term, now, &mut answers).err();
                    continue;
                }
                (None, None) => JournalError::NotLeader,
                (Some(error), _) => error,
            };
            answers.extend(now.iter().map(|_| Err(error.clone())));
            over = Some(error);
        }
        answers
    }

    fn idle(&mut self) {
        self.local.idle();
        let waiter = self.waiter.clone();
        let _clock = waiter.enter();
        // Who holds the term has appended itself what is new.
        if std::mem::take(&mut self.look) && (self.disk_lags || self.fence.held().is_none()) {
            // It is told to those who watch.
            let _ = self.follow();
        }
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.local.heads()
    }

    fn open_reader(&self) -> OpenReader {
        self.local.open_reader()
    }

    fn disks(&self) -> Option<watch::Receiver<Disks>> {
        self.local.disks()
    }

    fn wake(&mut self) {
        self.look = true;
    }

    fn caught_up(&mut self) -> Result<Head, JournalError> {
        let waiter = self.waiter.clone();
        let _clock = waiter.enter();
        self.follow()
    }

    fn take(&mut self, group: &[u8]) -> Result<Head, JournalError> {
        let seq = self.local.head().seq + 1;
        let Value::Whole(content) = Value::read(group, seq)? else {
            return Err(JournalError::corrupt(seq, "another node sent a part of an append alone"));
        };
        let head = self.local.append_group(&Group::read(content)?)?;
        if head.seq > self.head.seq {
            self.head = head;
        }
        self.look = true;
        Ok(head)
    }

    fn following(&self) -> Option<watch::Receiver<Following>> {
        Some(self.following.subscribe())
    }
}
