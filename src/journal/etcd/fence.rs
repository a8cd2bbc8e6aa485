//! Whether this node may write, and until when. The term's keeper sets it, the store asks it before each attempt: nothing is tried once
//! the time is up, whatever etcd still thinks.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

/// A term that is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// The revision that made the leader's key: a later term has another one.
    pub created: i64,
    /// Until when the lease holds for sure, counted from before it was asked for.
    pub until: Instant,
}

/// What the fence last said.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Standing {
    /// The term, which may have run out since.
    pub held: Option<Held>,
    /// Why the last one ended.
    pub why: Option<&'static str>,
}

/// Shared by the term's keeper and the store; clones are one.
#[derive(Clone, Default, Debug)]
pub struct Fence(Arc<watch::Sender<Standing>>);

impl Fence {
    /// Nothing is held.
    pub fn new() -> Self {
        Self::default()
    }
    /// A term begins.
    pub fn hold(&self, held: Held) {
        self.0.send_replace(Standing { held: Some(held), why: None });
    }
    /// Its lease was kept alive. Nothing, when it is lost by now.
    pub fn renew(&self, until: Instant) {
        self.0.send_modify(|standing| {
            if let Some(held) = &mut standing.held {
                held.until = held.until.max(until);
            }
        });
    }
    /// It is over. The first reason stays.
    pub fn lose(&self, why: &'static str) {
        self.0.send_if_modified(|standing| {
            let was = standing.held.take().is_some();
            if was {
                standing.why = Some(why);
            }
            was
        });
    }
    /// The term, while it holds.
    pub fn held(&self) -> Option<Held> {
        self.0.borrow().held.filter(|held| Instant::now() < held.until)
    }
    /// Why the last one ended.
    pub fn why(&self) -> Option<&'static str> {
        self.0.borrow().why
    }
    /// Tells each change. That time has run out is nobody's change: see [`held`](Self::held).
    pub fn changed(&self) -> watch::Receiver<Standing> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_term_holds_until_its_time_or_until_it_is_lost() {
        let fence = Fence::new();
        assert_eq!(fence.held(), None);
        let term = Held { created: 7, until: Instant::now() + Duration::from_secs(3) };
        fence.hold(term);
        assert_eq!(fence.held(), Some(term));
        tokio::time::advance(Duration::from_secs(2)).await;
        let later = Instant::now() + Duration::from_secs(3);
        fence.renew(later);
        fence.renew(term.until);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(fence.held(), Some(Held { until: later, ..term }));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(fence.held(), None, "its time is up");
        fence.hold(Held { created: 9, until: later + Duration::from_secs(9) });
        let mut changed = fence.changed();
        fence.lose("cut off");
        fence.lose("later");
        assert_eq!((fence.held(), fence.why()), (None, Some("cut off")));
        assert!(changed.has_changed().is_ok_and(|c| c));
        assert_eq!(changed.borrow_and_update().held, None);
        fence.renew(later + Duration::from_secs(90));
        assert_eq!(fence.held(), None, "what is lost is not renewed");
    }
}
