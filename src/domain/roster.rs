//! At which of its duty points a function is reached, when they take turns: two duty telephones, week about.
//!
//! Must not: know how a calendar is written (configuration does), or leave anybody out: whoever the roster does not name, and
//! everybody while it names nobody, is reached as ever.

use serde::{Deserialize, Serialize};

use super::ids::PointIx;
use super::time::At;

/// One turn: nothing changes between its two moments.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Turn {
    /// Seconds since 1970.
    pub from: i64,
    /// Seconds since 1970; it is over then.
    pub to: i64,
    /// Who is reached.
    pub points: Vec<PointIx>,
}

/// The turns of a function, in order; none overlaps another.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(from = "Vec<Turn>", into = "Vec<Turn>")]
pub struct Roster {
    turns: Vec<Turn>,
    /// Who takes turns at all.
    named: Vec<PointIx>,
}

impl From<Vec<Turn>> for Roster {
    fn from(turns: Vec<Turn>) -> Self {
        Self::new(turns)
    }
}
impl From<Roster> for Vec<Turn> {
    fn from(roster: Roster) -> Self {
        roster.turns
    }
}

impl Roster {
    /// From turns in any order, which may overlap: then all who are named at a moment are reached.
    pub fn new(of: Vec<Turn>) -> Self {
        let mut changes: Vec<(i64, bool, PointIx)> = Vec::new();
        for turn in of.iter().filter(|t| t.from < t.to) {
            for p in &turn.points {
                changes.extend([(turn.from, true, *p), (turn.to, false, *p)]);
            }
        }
        changes.sort_unstable_by_key(|c| c.0);
        let (mut turns, mut at_work): (Vec<Turn>, Vec<PointIx>) = (Vec::new(), Vec::new());
        let mut since = 0;
        for together in changes.chunk_by(|a, b| a.0 == b.0) {
            let now = together[0].0;
            let mut points = at_work.clone();
            points.sort_unstable();
            points.dedup();
            match turns.last_mut() {
                _ if points.is_empty() => {}
                Some(last) if last.to == since && last.points == points => last.to = now,
                _ => turns.push(Turn { from: since, to: now, points }),
            }
            for (_, comes, p) in together {
                if *comes {
                    at_work.push(*p);
                } else if let Some(i) = at_work.iter().position(|x| x == p) {
                    at_work.swap_remove(i);
                }
            }
            since = now;
        }
        let mut named: Vec<PointIx> = turns.iter().flat_map(|t| t.points.iter().copied()).collect();
        named.sort_unstable();
        named.dedup();
        Self { turns, named }
    }

    /// The turns.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// There is none: all points are always reached.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Who has the turn at a moment; nobody between two turns.
    pub fn on(&self, at: At) -> Option<&Turn> {
        let now = at.0.div_euclid(1000);
        let next = self.turns.partition_point(|t| t.from <= now);
        self.turns[..next].last().filter(|t| now < t.to)
    }

    /// Whether `p` is reached at a moment: it has the turn, or takes none, or nobody has one.
    pub fn reaches(&self, p: PointIx, at: At) -> bool {
        !self.named.contains(&p) || self.on(at).is_none_or(|turn| turn.points.contains(&p))
    }

    /// The turns within a time, in seconds since 1970, with the gaps between them: there nobody has the turn.
    pub fn stretches(&self, from: i64, to: i64) -> Vec<Turn> {
        let mut all = Vec::new();
        let mut since = from;
        for turn in self.turns.iter().filter(|t| t.to > from && t.from < to) {
            if turn.from > since {
                all.push(Turn { from: since, to: turn.from, points: Vec::new() });
            }
            all.push(Turn { from: turn.from.max(from), to: turn.to.min(to), points: turn.points.clone() });
            since = turn.to;
        }
        if since < to {
            all.push(Turn { from: since, to, points: Vec::new() });
        }
        all
    }

    /// Whether a point takes turns at all.
    pub fn takes_turns(&self, p: PointIx) -> bool {
        self.named.contains(&p)
    }

    /// Whether somebody else is reached from a moment after `from`, and not after `to`, on.
    pub fn changes(&self, from: At, to: At) -> bool {
        let (from, to) = (from.0.div_euclid(1000), to.0.div_euclid(1000));
        let around = self.turns.partition_point(|t| t.to <= from);
        self.turns[around..]
            .iter()
            .take_while(|t| t.from <= to)
            .any(|t| (from < t.from && t.from <= to) || (from < t.to && t.to <= to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turn(from: i64, to: i64, points: &[u32]) -> Turn {
        Turn { from, to, points: points.iter().map(|p| PointIx(*p)).collect() }
    }
    fn at(s: i64) -> At {
        At(s * 1000)
    }

    #[test]
    fn turns_follow_each_other_and_what_overlaps_is_both() {
        let r = Roster::new(vec![turn(20, 30, &[2]), turn(10, 20, &[1]), turn(28, 40, &[1]), turn(50, 50, &[1])]);
        let all: Vec<_> = r.turns().iter().map(|t| (t.from, t.to, t.points.len())).collect();
        assert_eq!(all, [(10, 20, 1), (20, 28, 1), (28, 30, 2), (30, 40, 1)]);
        // Nobody has the turn: everybody is reached. 3 takes none: always.
        assert!(r.reaches(PointIx(1), at(9)) && r.reaches(PointIx(2), at(9)) && r.reaches(PointIx(3), at(15)));
        assert!(r.reaches(PointIx(1), at(10)) && !r.reaches(PointIx(2), at(19)));
        assert!(!r.reaches(PointIx(1), at(20)) && r.reaches(PointIx(2), at(20)));
        assert!(r.reaches(PointIx(1), at(29)) && r.reaches(PointIx(2), at(29)) && r.reaches(PointIx(2), at(40)));
        assert!(r.changes(at(9), at(10)) && !r.changes(at(10), at(19)) && r.changes(at(19), at(20)));
        assert!(r.changes(at(39), at(41)) && !r.changes(at(40), at(99)) && !r.changes(at(0), at(9)));
        assert!(Roster::default().reaches(PointIx(1), at(0)) && !Roster::default().changes(at(0), at(99)));
    }

    proptest! {
        #[test]
        fn at_every_moment_those_are_reached_whom_some_turn_names(
            turns in prop::collection::vec((0i64..40, 0i64..40, prop::collection::vec(0u32..4, 1..3)), 0..8)
        ) {
            let given: Vec<Turn> = turns.iter().map(|(a, b, p)| turn(*a, *b, p)).collect();
            let roster = Roster::new(given.clone());
            for now in -1..42 {
                let mut named: Vec<PointIx> =
                    given.iter().filter(|t| t.from <= now && now < t.to).flat_map(|t| t.points.clone()).collect();
                named.sort_unstable();
                named.dedup();
                let on = roster.on(at(now)).map_or(Vec::new(), |t| t.points.clone());
                prop_assert_eq!(on, named);
            }
        }
    }
}
