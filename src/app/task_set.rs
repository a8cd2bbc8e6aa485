//! Parts of the program that follow the configuration beside the gateways: each runs under a name in a task of its own, and
//! one that is configured differently ends before its successor begins, so that two never speak for one place.

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

/// The parts, by their names.
pub struct TaskSet<K> {
    /// `None` once the program goes down: nothing starts any more.
    slots: Mutex<Option<BTreeMap<K, Slot>>>,
}

impl<K> Default for TaskSet<K> {
    fn default() -> Self {
        Self { slots: Mutex::new(Some(BTreeMap::new())) }
    }
}

impl<K: Ord + Clone> TaskSet<K> {
    fn slots(&self) -> MutexGuard<'_, Option<BTreeMap<K, Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part of that name runs, whatever it was built from.
    pub fn runs(&self, name: &K) -> bool {
        self.slots().as_ref().is_some_and(|s| s.get(name).is_some_and(|s| s.built_from.is_some()))
    }

    /// A part of that name runs and was built from just this.
    pub fn runs_as(&self, name: &K, digest: &Digest) -> bool {
        self.slots().as_ref().is_some_and(|s| s.get(name).is_some_and(|s| s.built_from.as_ref() == Some(digest)))
    }

    /// The names of those that run.
    pub fn names(&self) -> Vec<K> {
        let slots = self.slots();
        slots.iter().flatten().filter(|(_, s)| s.built_from.is_some()).map(|(name, _)| name.clone()).collect()
    }

    /// Starts a part under that name; what ran there is told to end, and ends first.
    pub fn start<F>(&self, name: K, digest: Digest, part: impl FnOnce(watch::Receiver<bool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        self.put(name, Some(digest), stop, part(stopped));
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
        let Some(slots) = &mut *slots else { return };
        let before = slots.remove(&name).map(|slot| {
            let _ = slot.stop.send(true);
            slot.task
        });
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            part.await;
        });
        slots.insert(name, Slot { built_from, stop, task });
    }

    /// Ends all; from now on nothing starts.
    pub async fn stop(&self) {
        let all = self.slots().take().unwrap_or_default();
        for slot in all.values() {
            let _ = slot.stop.send(true);
        }
        for slot in all.into_values() {
            let _ = slot.task.await;
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
}
