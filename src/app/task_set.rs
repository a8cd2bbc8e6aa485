//! What runs as the configuration says: gateways, mirrors, signs of life. Each part runs under a name in a task of its own. What
//! is new starts, what is configured differently is replaced, what is as before goes on, and what can't be started as it is wanted
//! now goes on as it was.
//!
//! A part is replaced in one of two ways. One that speaks for a place ends before its successor begins, so that two never speak
//! for it ([`TaskSet::start`]). One that has work in its hands goes on beside its successor until somebody lets it end
//! ([`TaskSet::start_beside`]).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a part was built from; another digest means that it must be built anew.
pub type Digest = [u8; 32];

/// A part that runs, or that was told to end.
struct Slot {
    /// `None`: it is configured no longer.
    built_from: Option<Digest>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

struct Slots<K> {
    parts: BTreeMap<K, Slot>,
    /// Parts whose place others took; they may still run.
    replaced: Vec<Slot>,
    /// The program goes down: nothing starts any more.
    is_closed: bool,
}

/// The parts, by their names.
pub struct TaskSet<K> {
    slots: Mutex<Slots<K>>,
}

impl<K> Default for TaskSet<K> {
    fn default() -> Self {
        Self { slots: Mutex::new(Slots { parts: BTreeMap::new(), replaced: Vec::new(), is_closed: false }) }
    }
}

/// What became of a wish.
#[derive(Debug)]
pub struct Reconciled<K, E> {
    /// These began, or began anew.
    pub started: Vec<K>,
    /// These could not be built, and nothing of that name runs. Parts that could not be built anew go on as they were.
    pub unusable: Vec<(K, E)>,
    /// These run and are configured no longer; whether they end is for the caller to say.
    pub gone: Vec<K>,
}

impl<K: Ord + Clone> TaskSet<K> {
    fn slots(&self) -> MutexGuard<'_, Slots<K>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares what is `wanted` with what runs: builds what differs, and begins what could be built.
    pub fn reconcile<P, E>(
        &self,
        wanted: impl IntoIterator<Item = (K, Digest)>,
        mut build: impl FnMut(&K) -> Result<P, E>,
        mut begin: impl FnMut(&K, Digest, P),
    ) -> Reconciled<K, E> {
        let wanted: BTreeMap<K, Digest> = wanted.into_iter().collect();
        let gone = self.names().into_iter().filter(|name| !wanted.contains_key(name)).collect();
        let mut told = Reconciled { started: Vec::new(), unusable: Vec::new(), gone };
        for (name, digest) in wanted {
            if self.runs_as(&name, &digest) {
                continue;
            }
            match build(&name) {
                Ok(part) => {
                    begin(&name, digest, part);
                    told.started.push(name);
                }
                Err(_) if self.runs(&name) => {}
                Err(why) => told.unusable.push((name, why)),
            }
        }
        told
    }

    /// A part of that name runs, whatever it was built from.
    pub fn runs(&self, name: &K) -> bool {
        self.slots().parts.get(name).is_some_and(|s| s.built_from.is_some())
    }

    /// A part of that name runs and was built from just this.
    pub fn runs_as(&self, name: &K, digest: &Digest) -> bool {
        self.slots().parts.get(name).is_some_and(|s| s.built_from.as_ref() == Some(digest))
    }

    /// The names of those that run.
    pub fn names(&self) -> Vec<K> {
        let slots = self.slots();
        slots.parts.iter().filter(|(_, s)| s.built_from.is_some()).map(|(name, _)| name.clone()).collect()
    }

    /// Starts a part under that name; what ran there is told to end, and ends first.
    pub fn start<F>(&self, name: K, digest: Digest, part: impl FnOnce(watch::Receiver<bool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        self.put(name, Some(digest), stop, part(stopped));
    }

    /// Starts a part under that name; what ran there goes on beside it until [`Replaced::end`], and ends with the set at the
    /// latest.
    pub fn start_beside<F>(&self, name: K, digest: Digest, part: impl FnOnce(watch::Receiver<bool>) -> F) -> Replaced
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut slots = self.slots();
        if slots.is_closed {
            return Replaced::default();
        }
        let (stop, stopped) = watch::channel(false);
        let slot = Slot { built_from: Some(digest), stop, task: tokio::spawn(part(stopped)) };
        slots.replaced.retain(|s| !s.task.is_finished());
        let before = slots.parts.insert(name, slot);
        let replaced = Replaced(before.iter().map(|slot| slot.stop.clone()).collect());
        slots.replaced.extend(before);
        replaced
    }

    /// Ends the part of that name; then `after` is done.
    pub fn end(&self, name: &K, after: impl FnOnce() + Send + 'static) {
        if self.runs(name) {
            self.put(name.clone(), None, watch::channel(false).0, async move { after() });
        }
    }

    fn put(
        &self,
        name: K,
        built_from: Option<Digest>,
        stop: watch::Sender<bool>,
        part: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut slots = self.slots();
        if slots.is_closed {
            return;
        }
        let before = slots.parts.remove(&name).map(|slot| {
            let _ = slot.stop.send(true);
            slot.task
        });
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            part.await;
        });
        slots.parts.insert(name, Slot { built_from, stop, task });
    }

    /// Tells all to end; from now on nothing starts.
    pub fn close(&self) {
        let mut slots = self.slots();
        slots.is_closed = true;
        for slot in slots.parts.values().chain(&slots.replaced) {
            let _ = slot.stop.send(true);
        }
    }

    /// Waits until all have ended that were told to.
    pub async fn ended(&self) {
        let all: Vec<Slot> = {
            let mut slots = self.slots();
            let replaced = std::mem::take(&mut slots.replaced);
            std::mem::take(&mut slots.parts).into_values().chain(replaced).collect()
        };
        for slot in all {
            let _ = slot.task.await;
        }
    }

    /// Ends all; from now on nothing starts.
    pub async fn stop(&self) {
        self.close();
        self.ended().await;
    }
}

/// Parts whose place others took, and which still run.
#[derive(Default)]
#[must_use = "they run until they are told to end"]
pub struct Replaced(Vec<watch::Sender<bool>>);

impl Replaced {
    /// Adds those of `more`.
    pub fn extend(&mut self, more: Replaced) {
        self.0.extend(more.0);
    }
    /// Tells them to end: what is in their hands is finished first.
    pub fn end(self) {
        for stop in self.0 {
            let _ = stop.send(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Said = Arc<Mutex<Vec<String>>>;

    fn part(said: &Said, name: &'static str) -> impl FnOnce(watch::Receiver<bool>) -> Boxed {
        let said = said.clone();
        move |mut stop| {
            Box::pin(async move {
                let say =
                    |what: &str| said.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} {what}"));
                say("begins");
                let _ = stop.wait_for(|stop| *stop).await;
                // What it does at its end takes a while.
                tokio::task::yield_now().await;
                say("ends");
            })
        }
    }
    type Boxed = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

    #[tokio::test]
    async fn a_part_ends_before_its_successor_begins_and_nothing_starts_after_the_end() {
        let (kept, said) = (TaskSet::default(), Said::default());
        kept.start("a", [1; 32], part(&said, "first"));
        assert!(kept.runs_as(&"a", &[1; 32]) && !kept.runs_as(&"a", &[2; 32]));
        tokio::task::yield_now().await;
        kept.start("a", [2; 32], part(&said, "second"));
        kept.start("b", [1; 32], part(&said, "other"));
        let last = said.clone();
        kept.end(&"a", move || last.lock().unwrap_or_else(PoisonError::into_inner).push("a is forgotten".into()));
        assert!(!kept.runs(&"a"));
        assert_eq!(kept.names(), ["b"]);
        kept.stop().await;
        kept.start("c", [1; 32], part(&said, "late"));
        tokio::task::yield_now().await;
        let of_a: Vec<String> = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of_a: Vec<&str> = of_a.iter().map(String::as_str).filter(|l| !l.starts_with("other")).collect();
        assert_eq!(of_a, ["first begins", "first ends", "second begins", "second ends", "a is forgotten"]);
    }

    #[tokio::test]
    async fn what_is_as_before_goes_on_and_what_cannot_be_built_anew_goes_on_as_it_was() {
        let (set, said) = (TaskSet::default(), Said::default());
        let reconcile = |wanted: &[(&'static str, u8)], broken: &[&str]| {
            set.reconcile(
                wanted.iter().map(|(name, digest)| (*name, [*digest; 32])),
                |name| if broken.contains(name) { Err("no secret") } else { Ok(*name) },
                |name, digest, built| set.start(*name, digest, part(&said, built)),
            )
        };
        let told = reconcile(&[("a", 1), ("b", 1), ("c", 1)], &["c"]);
        assert_eq!((told.started, told.unusable, told.gone), (vec!["a", "b"], vec![("c", "no secret")], vec![]));
        let told = reconcile(&[("a", 1), ("b", 2), ("c", 1)], &["b"]);
        assert_eq!((told.started, told.unusable, told.gone), (vec!["c"], vec![], vec![]));
        assert!(set.runs_as(&"b", &[1; 32]), "as it was");
        let told = reconcile(&[("a", 1), ("b", 2)], &[]);
        assert_eq!((told.started, told.unusable, told.gone), (vec!["b"], vec![], vec!["c"]));
        assert!(set.runs(&"c"), "whether it ends, the caller says");
        set.stop().await;
        let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(said.iter().filter(|line| *line == "a begins").count(), 1, "{said:?}");
    }

    #[tokio::test]
    async fn one_with_work_in_its_hands_goes_on_beside_its_successor() {
        let (set, said) = (TaskSet::default(), Said::default());
        let lines = || said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        set.start_beside("a", [1; 32], part(&said, "first")).end();
        tokio::task::yield_now().await;
        let replaced = set.start_beside("a", [2; 32], part(&said, "second"));
        tokio::task::yield_now().await;
        assert_eq!(lines(), ["first begins", "second begins"]);
        assert!(set.runs_as(&"a", &[2; 32]));
        replaced.end();
        while !lines().contains(&"first ends".to_owned()) {
            tokio::task::yield_now().await;
        }
        // One that nobody let end is waited for all the same.
        let _kept = set.start_beside("a", [3; 32], part(&said, "third"));
        set.stop().await;
        set.start_beside("b", [1; 32], part(&said, "late")).end();
        let said = lines();
        assert!(said.contains(&"second ends".into()) && said.contains(&"third ends".into()), "{said:?}");
        assert!(!said.iter().any(|line| line.starts_with("late")), "{said:?}");
    }
}
