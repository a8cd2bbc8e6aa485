//! How many of a number of them had come so far, over time: a curve that never falls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Points of one curve: of more moments some are put together, and none is shown earlier than it was.
pub const CURVE_POINTS_MAX: usize = 240;

/// So many had come by then.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct Point {
    /// Seconds after each was told.
    pub s: u32,
    /// So many by then, this moment included.
    pub n: u32,
}

/// How many of a number of them had come, over the time since each was told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, Default, JsonSchema)]
pub struct Curve {
    /// Of so many.
    pub of: u32,
    /// Where it rises, in order; empty: nothing came.
    pub points: Vec<Point>,
}

impl Curve {
    /// From the seconds that each took; those that never came are not among them.
    pub fn new(of: usize, mut seconds: Vec<u32>) -> Self {
        seconds.sort_unstable();
        let distinct = seconds.chunk_by(|a, b| a == b).count();
        let last = seconds.last().copied().unwrap_or(0);
        let room = u32::try_from(CURVE_POINTS_MAX - 1).unwrap_or(1);
        let step = if distinct > CURVE_POINTS_MAX { last / room + 1 } else { 1 };
        let mut points: Vec<Point> = Vec::with_capacity(distinct.min(CURVE_POINTS_MAX));
        for s in seconds {
            let s = s.div_ceil(step).saturating_mul(step);
            match points.last_mut() {
                Some(point) if point.s == s => point.n += 1,
                last => {
                    let before = last.map_or(0, |p| p.n);
                    points.push(Point { s, n: before + 1 });
                }
            }
        }
        Self { of: count(of), points }
    }

    /// So many came at all.
    pub fn total(&self) -> u32 {
        self.points.last().map_or(0, |p| p.n)
    }

    /// So many had come after so many seconds.
    pub fn by(&self, s: u32) -> u32 {
        self.points.iter().take_while(|p| p.s <= s).last().map_or(0, |p| p.n)
    }

    /// When half of all had come; `None`: that never happened, or there are none.
    pub fn half_s(&self) -> Option<u32> {
        let half = self.of.div_ceil(2);
        self.points.iter().find(|p| half > 0 && p.n >= half).map(|p| p.s)
    }

    /// What the middle one of those that came took.
    pub fn median_s(&self) -> Option<u32> {
        let middle = self.total().div_ceil(2);
        self.points.iter().find(|p| middle > 0 && p.n >= middle).map(|p| p.s)
    }
}

/// A number of things, as reports have it.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_says_how_many_had_come() {
        let curve = Curve::new(5, vec![60, 5, 5, 300]);
        let points = [(5, 2), (60, 3), (300, 4)].map(|(s, n)| Point { s, n });
        assert_eq!(curve, Curve { of: 5, points: points.to_vec() });
        assert_eq!([4, 5, 59, 60, 1000].map(|s| curve.by(s)), [0, 2, 2, 3, 4]);
        assert_eq!((curve.half_s(), curve.median_s(), curve.total()), (Some(60), Some(5), 4));
        let nothing = Curve::new(0, vec![]);
        assert_eq!((nothing.half_s(), nothing.median_s(), nothing.total()), (None, None, 0));
        assert_eq!(Curve::new(4, vec![1]).half_s(), None, "half never came");
    }

    #[test]
    fn many_moments_are_put_together_and_none_is_shown_earlier() {
        let all: Vec<u32> = (0..10_000).collect();
        let curve = Curve::new(10_000, all);
        assert!(curve.points.len() <= CURVE_POINTS_MAX, "{}", curve.points.len());
        assert_eq!(curve.total(), 10_000);
        for point in &curve.points {
            assert!(point.n <= point.s + 1, "{point:?} is earlier than it was");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_curve_never_falls_and_never_passes_what_came(all in proptest::collection::vec(0_u32..20_000, 0..2_000)) {
            let came = all.len();
            let curve = Curve::new(came + 3, all);
            proptest::prop_assert!(curve.points.len() <= CURVE_POINTS_MAX);
            proptest::prop_assert!(curve.points.windows(2).all(|w| w[0].s < w[1].s && w[0].n < w[1].n));
            proptest::prop_assert_eq!(curve.total() as usize, came);
        }
    }
}
