//! Why a gateway that answers is not trusted (RULES G2 to G4): it says "later" and nothing else, it accepts and the receipts that it
//! promises don't come, or nobody understands its answers. Pure: it is told what happened, and asked how it stands.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::incident::values::Doubt;
use crate::gateways::Address;

/// A gateway that has said nothing but "later" for so long is not healthy: alerts move to the next way.
pub const LATER: Duration = Duration::from_secs(10);
/// What is no alert moves after that.
pub const LATER_OTHERS: Duration = Duration::from_secs(60);
/// When the wait is over, the doubt is too, and the gateway gets its next chance. It lasts at least so long after the last "later".
const LATER_DOUBT: Duration = Duration::from_secs(60);
/// After so many accepted deliveries…
const SILENT_MIN: u32 = 5;
/// …without any receipt for so long, a gateway that promises receipts is silent…
const SILENT: Duration = Duration::from_secs(120);
/// …and after fewer when so long passed.
const SILENT_FEW: Duration = Duration::from_secs(240);
/// A gateway whose answer was not understood gets its next chance after that.
const UNCLEAR: Duration = Duration::from_secs(600);
/// A gateway that refused deliveries to so many addresses for good, and accepted none between, refuses us and not them.
pub const REFUSED_MIN: usize = 3;

/// What is held against a gateway.
#[derive(Debug)]
pub struct Doubts {
    /// It promises receipts, and they come soon where it works.
    receipts_promised: bool,
    /// It has said nothing but "later" since then.
    later_since: Option<Instant>,
    /// That counts until then.
    later_until: Option<Instant>,
    /// Accepted since the last receipt: how many, when the first and the one that makes it enough.
    accepted: u32,
    first_at: Option<Instant>,
    enough_at: Option<Instant>,
    silent: bool,
    unclear_until: Option<Instant>,
    /// To whom it refused deliveries for good since it accepted one: a wrong address of one duty is one of them, however often.
    refused: Vec<Address>,
    refusal: String,
    /// What was said last that is held against it.
    said: String,
}

impl Doubts {
    /// Nothing yet.
    pub fn new(receipts_promised: bool) -> Self {
        Self {
            receipts_promised,
            later_since: None,
            later_until: None,
            accepted: 0,
            first_at: None,
            enough_at: None,
            silent: false,
            unclear_until: None,
            refused: Vec::new(),
            refusal: String::new(),
            said: String::new(),
        }
    }

    /// It asked to wait until `until`.
    pub fn later(&mut self, said: &str, until: Instant, now: Instant) {
        self.later_since.get_or_insert(now);
        let counts = until.max(now + LATER_DOUBT);
        self.later_until = Some(self.later_until.map_or(counts, |before| before.max(counts)));
        said.clone_into(&mut self.said);
    }

    /// It has said nothing but "later" since then.
    pub fn later_since(&self) -> Option<Instant> {
        self.later_since
    }

    /// It took something.
    pub fn accepted(&mut self, now: Instant) {
        (self.later_since, self.later_until, self.unclear_until) = (None, None, None);
        self.refused.clear();
        if !self.receipts_promised {
            return;
        }
        self.accepted = self.accepted.saturating_add(1);
        self.first_at.get_or_insert(now);
        if self.accepted >= SILENT_MIN {
            self.enough_at.get_or_insert(now);
        }
    }

    /// Its session is up again: what it said before is over.
    pub fn session_up(&mut self) {
        (self.later_since, self.later_until) = (None, None);
    }

    /// It told of something that it took, good or bad.
    pub fn receipt(&mut self) {
        (self.accepted, self.first_at, self.enough_at, self.silent) = (0, None, None, false);
    }

    /// Nobody knows what became of something, and a repeat gave no more.
    pub fn unclear(&mut self, said: &str, now: Instant) {
        self.unclear_until = Some(now + UNCLEAR);
        said.clone_into(&mut self.said);
    }

    /// It refused a delivery for good.
    pub fn refused(&mut self, to: &Address, said: &str) {
        if self.refused.len() < REFUSED_MIN && !self.refused.contains(to) {
            self.refused.push(to.clone());
        }
        said.clone_into(&mut self.refusal);
    }

    /// It refuses everybody: what it last said.
    pub fn refuses(&self) -> Option<&str> {
        (self.refused.len() >= REFUSED_MIN).then_some(self.refusal.as_str())
    }

    /// What is held against it now.
    pub fn look(&mut self, now: Instant) -> Option<Doubt> {
        let over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if over(self.later_until) {
            (self.later_since, self.later_until) = (None, None);
        }
        if over(self.unclear_until) {
            self.unclear_until = None;
        }
        self.silent |= over(self.silent_at());
        if self.is_late(now) {
            Some(Doubt::Later)
        } else if self.silent {
            Some(Doubt::Silent)
        } else {
            self.unclear_until.map(|_| Doubt::Unclear)
        }
    }

    /// It asks to wait longer than alerts can, or has done nothing else for that long.
    fn is_late(&self, now: Instant) -> bool {
        let waits = self.later_until.is_some_and(|until| until > now + LATER_DOUBT);
        self.later_since.is_some_and(|since| waits || now >= since + LATER)
    }

    fn silent_at(&self) -> Option<Instant> {
        let enough = self.enough_at.map(|at| at + SILENT);
        let few = self.first_at.map(|at| at + SILENT_FEW);
        [enough, few].into_iter().flatten().min()
    }

    /// When [`Doubts::look`] may say something else by itself.
    pub fn next_look(&self, now: Instant) -> Option<Instant> {
        let late = self.later_since.map(|since| since + LATER);
        let silent = self.silent_at().filter(|_| !self.silent);
        let all = [late, self.later_until, silent, self.unclear_until];
        all.into_iter().flatten().filter(|at| *at > now).min()
    }

    /// For people: what is held against it.
    pub fn words(&self, doubt: Doubt) -> String {
        match doubt {
            Doubt::Later => format!("it asks us to wait: {}", self.said),
            Doubt::Silent => format!("it accepted {} deliveries and told what became of none", self.accepted),
            Doubt::Unclear => format!("nobody knows whether texts left: {}", self.said),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn rule_g2_later_for_ten_seconds_is_a_doubt_and_an_acceptance_ends_it() {
        let now = Instant::now();
        let mut d = Doubts::new(false);
        d.later("HTTP 503", now + S, now);
        assert_eq!(d.look(now + 9 * S), None, "anybody may be busy for a moment");
        d.later("HTTP 503", now + 10 * S, now + 9 * S);
        assert_eq!(d.look(now + 10 * S), Some(Doubt::Later));
        d.accepted(now + 11 * S);
        assert_eq!((d.look(now + 11 * S), d.next_look(now + 11 * S)), (None, None));
    }

    #[test]
    fn rule_g2_a_long_wait_is_a_doubt_at_once_and_until_it_is_over() {
        let now = Instant::now();
        let mut d = Doubts::new(false);
        d.later("HTTP 429", now + 3600 * S, now);
        assert_eq!(d.look(now), Some(Doubt::Later));
        assert_eq!(d.look(now + 3599 * S), Some(Doubt::Later));
        assert_eq!(d.look(now + 3600 * S), None, "the wait is over: it gets its next chance");
    }

    #[test]
    fn rule_g3_five_accepted_without_a_receipt_for_two_minutes_are_a_doubt_and_fewer_after_four() {
        let now = Instant::now();
        let mut d = Doubts::new(true);
        for n in 0..4 {
            d.accepted(now + n * S);
        }
        assert_eq!(d.look(now + 239 * S), None);
        assert_eq!(d.look(now + 240 * S), Some(Doubt::Silent), "all of them, for four minutes");
        d.receipt();
        assert_eq!(d.look(now + 240 * S), None);
        for n in 300..305 {
            d.accepted(now + n * S);
        }
        assert_eq!(d.look(now + 423 * S), None);
        assert_eq!(d.look(now + 424 * S), Some(Doubt::Silent));
        assert_eq!(d.look(now + 9000 * S), Some(Doubt::Silent), "until one comes");
        let mut without = Doubts::new(false);
        (0..100).for_each(|_| without.accepted(now));
        assert_eq!(without.look(now + 9000 * S), None, "none are promised");
    }

    #[test]
    fn whoever_refuses_three_in_a_row_refuses_us_and_one_wrong_address_is_one() {
        let to = |n: u8| Address(format!("+4670000000{n}").into());
        let mut d = Doubts::new(false);
        for _ in 0..10 {
            d.refused(&to(1), "HTTP 402");
        }
        d.refused(&to(2), "HTTP 402");
        assert_eq!(d.refuses(), None);
        d.accepted(Instant::now());
        d.refused(&to(3), "HTTP 402");
        assert_eq!(d.refuses(), None, "not in a row");
        d.refused(&to(4), "HTTP 402");
        d.refused(&to(5), "HTTP 402, no credit");
        assert_eq!(d.refuses(), Some("HTTP 402, no credit"));
        d.accepted(Instant::now());
        assert_eq!(d.refuses(), None, "it is over with the first that it takes");
    }

    #[test]
    fn rule_g4_an_answer_that_nobody_understands_is_a_doubt_until_something_is_accepted() {
        let now = Instant::now();
        let mut d = Doubts::new(false);
        d.unclear("HTTP 200, not understood: MERCI", now);
        assert_eq!(d.look(now + S), Some(Doubt::Unclear));
        assert!(d.words(Doubt::Unclear).contains("MERCI"));
        assert_eq!(d.look(now + 600 * S), None, "its next chance");
        d.unclear("MERCI", now + 600 * S);
        d.accepted(now + 601 * S);
        assert_eq!(d.look(now + 601 * S), None);
    }
}
