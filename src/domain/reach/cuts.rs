//! The smallest sets of losses that take something down: minimal by inclusion, up to a size.
//!
//! What stands is a monotone function of the nodes, so what takes it down is a family of minimal sets. Families are put together from
//! below: a node is down when it is lost, or when of one entry of its needs all are down. Cut short at [`SIZE_MAX`] they stay exact: no
//! union is smaller than its parts. Circles are gone through from "everything is down" until nothing changes, which is the least fixpoint
//! of what stands.

use super::net::{Net, NodeIx, Nodes, Wants, When};

/// The most nodes of a set of losses that is looked for.
pub const SIZE_MAX: usize = 3;
/// The most sets of a family that are kept; of a larger one those of three losses are not all shown, which is said.
pub const CUTS_MAX: usize = 200_000;

/// A family of minimal sets of losses: something is down exactly when one of them is lost whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cuts {
    /// It is down whatever stands: the one set is empty.
    pub always: bool,
    pub ones: Vec<NodeIx>,
    pub twos: Vec<[NodeIx; 2]>,
    pub threes: Vec<[NodeIx; 3]>,
    /// There are more of three than are kept.
    pub more: bool,
}

impl Cuts {
    /// Nothing takes it down.
    pub fn never() -> Self {
        Self::default()
    }
    /// It is down already.
    pub fn always() -> Self {
        Self { always: true, ..Self::default() }
    }
    /// All sets: the smaller first, each in the order of the net.
    pub fn sets(&self) -> impl Iterator<Item = &[NodeIx]> {
        let ones = self.ones.chunks(1);
        ones.chain(self.twos.iter().map(|two| &two[..])).chain(self.threes.iter().map(|three| &three[..]))
    }
}

/// Puts families together. It keeps what it works with, since that is done a thousand times.
pub struct Families {
    len: usize,
    /// The most losses of a set.
    size_max: usize,
    pairs: Pairs,
    others: Pairs,
}

/// Which pairs there are.
struct Pairs {
    len: usize,
    bits: Vec<u64>,
    put: Vec<usize>,
}

impl Pairs {
    fn new(len: usize) -> Self {
        Self { len, bits: vec![0; (len * len).div_ceil(64)], put: Vec::new() }
    }
    fn take_all(&mut self, pairs: &[[NodeIx; 2]]) {
        for at in self.put.drain(..) {
            self.bits[at] = 0;
        }
        for [a, b] in pairs {
            let at = usize::from(*a) * self.len + usize::from(*b);
            self.bits[at / 64] |= 1 << (at % 64);
            self.put.push(at / 64);
        }
    }
    /// Whether a pair is there; the smaller first.
    fn has(&self, a: NodeIx, b: NodeIx) -> bool {
        let at = usize::from(a) * self.len + usize::from(b);
        self.bits[at / 64] >> (at % 64) & 1 == 1
    }
    fn within(&self, [a, b, c]: [NodeIx; 3]) -> bool {
        self.has(a, b) || self.has(a, c) || self.has(b, c)
    }
}

fn two(a: NodeIx, b: NodeIx) -> [NodeIx; 2] {
    if a < b { [a, b] } else { [b, a] }
}

fn three([a, b]: [NodeIx; 2], c: NodeIx) -> [NodeIx; 3] {
    if c < a {
        [c, a, b]
    } else if c < b {
        [a, c, b]
    } else {
        [a, b, c]
    }
}

impl Families {
    /// For nets of that many nodes, and sets of that many losses: [`SIZE_MAX`] at most.
    pub fn new(len: usize, size_max: usize) -> Self {
        Self { len, size_max, pairs: Pairs::new(len), others: Pairs::new(len) }
    }

    fn of(&self, ones: &[NodeIx]) -> Nodes {
        let mut nodes = Nodes::none(self.len);
        for n in ones {
            nodes.put(*n);
        }
        nodes
    }

    /// Takes out what holds another set, and what stands twice.
    fn smallest(&mut self, mut cuts: Cuts) -> Cuts {
        if cuts.always {
            return Cuts::always();
        }
        cuts.ones.sort_unstable();
        cuts.ones.dedup();
        let ones = self.of(&cuts.ones);
        cuts.twos.retain(|pair| !pair.iter().any(|n| ones.has(*n)));
        cuts.twos.sort_unstable();
        cuts.twos.dedup();
        self.pairs.take_all(&cuts.twos);
        cuts.threes.retain(|t| !t.iter().any(|n| ones.has(*n)) && !self.pairs.within(*t));
        cuts.threes.sort_unstable();
        cuts.threes.dedup();
        if cuts.ones.len() + cuts.twos.len() + cuts.threes.len() > CUTS_MAX {
            cuts.threes.truncate(CUTS_MAX.saturating_sub(cuts.ones.len() + cuts.twos.len()));
            cuts.more = true;
        }
        cuts
    }

    /// Down when either is.
    pub fn or(&mut self, mut a: Cuts, b: &Cuts) -> Cuts {
        a.always |= b.always;
        a.ones.extend(&b.ones);
        a.twos.extend(&b.twos);
        a.threes.extend(&b.threes);
        a.more |= b.more;
        self.smallest(a)
    }

    /// Down when both are.
    pub fn and(&mut self, a: &Cuts, b: &Cuts) -> Cuts {
        if a.always {
            return b.clone();
        }
        if b.always {
            return a.clone();
        }
        let (ones_a, ones_b) = (self.of(&a.ones), self.of(&b.ones));
        let both: Vec<NodeIx> = a.ones.iter().copied().filter(|n| ones_b.has(*n)).collect();
        let in_both = self.of(&both);
        let free = |ones: &[NodeIx]| ones.iter().copied().filter(|n| !in_both.has(*n)).collect::<Vec<_>>();
        let (free_a, free_b) = (free(&a.ones), free(&b.ones));
        let mut out = Cuts { ones: both, more: a.more || b.more, ..Cuts::default() };
        let kept = |set: &[NodeIx]| !set.iter().any(|n| in_both.has(*n));

        if self.size_max < 2 {
            return out;
        }
        self.pairs.take_all(&a.twos);
        self.others.take_all(&b.twos);
        let (pairs_a, pairs_b) = (&self.pairs, &self.others);
        for x in &free_a {
            out.twos.extend(free_b.iter().map(|y| two(*x, *y)));
        }
        out.twos.extend(a.twos.iter().filter(|p| kept(&p[..]) && (pairs_b.has(p[0], p[1]) || hits(&ones_b, &p[..]))));
        out.twos.extend(b.twos.iter().filter(|p| kept(&p[..]) && hits(&ones_a, &p[..])));

        if self.size_max < SIZE_MAX {
            return self.smallest(out);
        }
        for (ones, pairs) in [(&free_a, &b.twos), (&free_b, &a.twos)] {
            for pair in pairs.iter().filter(|p| kept(&p[..])) {
                out.threes.extend(ones.iter().filter(|n| !pair.contains(n)).map(|n| three(*pair, *n)));
            }
        }
        let by_end = ends(self.len, &b.twos, &kept);
        for pair in a.twos.iter().filter(|p| kept(&p[..])) {
            for end in pair {
                let far = by_end[usize::from(*end)].iter();
                out.threes.extend(far.filter(|n| !pair.contains(n)).map(|n| three(*pair, *n)));
            }
        }
        let in_b = |t: &[NodeIx; 3]| b.threes.binary_search(t).is_ok();
        let of_a = a.threes.iter().filter(|t| kept(&t[..]));
        out.threes.extend(of_a.filter(|t| hits(&ones_b, &t[..]) || pairs_b.within(**t) || in_b(t)));
        let of_b = b.threes.iter().filter(|t| kept(&t[..]));
        out.threes.extend(of_b.filter(|t| hits(&ones_a, &t[..]) || pairs_a.within(**t)));
        self.smallest(out)
    }

    /// What takes each node of a net down.
    pub fn of_nodes(&mut self, net: &Net, when: When) -> Vec<Cuts> {
        let mut all = vec![Cuts::always(); net.count()];
        for part in net.in_order() {
            let circle = part.len() > 1 || part.iter().any(|n| net.node(*n).needs.iter().flatten().any(|a| a == n));
            loop {
                let mut changed = false;
                for n in &part {
                    let node = net.node(*n);
                    let own = Cuts { ones: vec![*n], ..Cuts::default() };
                    let now = match when {
                        When::AtOnce if node.holds_s > 0 => own,
                        _ => {
                            let needs = self.of_needs(&node.needs, &all);
                            self.or(own, &needs)
                        }
                    };
                    changed |= all[usize::from(*n)] != now;
                    all[usize::from(*n)] = now;
                }
                if !(circle && changed) {
                    break;
                }
            }
        }
        all
    }

    /// What keeps needs from being met.
    pub fn of_needs(&mut self, needs: &Wants, nodes: &[Cuts]) -> Cuts {
        let mut cuts = Cuts::never();
        for any in needs {
            let all: Vec<&Cuts> = any.iter().filter_map(|n| nodes.get(usize::from(*n))).collect();
            let entry = self.all_of(&all);
            cuts = self.or(cuts, &entry);
        }
        cuts
    }

    /// What takes all of them down; of none: they are down.
    pub fn all_of(&mut self, families: &[&Cuts]) -> Cuts {
        let mut families = families.to_vec();
        families.sort_by_key(|c| (c.ones.len(), c.twos.len(), c.threes.len()));
        families.into_iter().fold(Cuts::always(), |all, one| self.and(&all, one))
    }
}

fn hits(ones: &Nodes, set: &[NodeIx]) -> bool {
    set.iter().any(|n| ones.has(*n))
}

/// The other ends of the pairs at each node.
fn ends(len: usize, pairs: &[[NodeIx; 2]], kept: &impl Fn(&[NodeIx]) -> bool) -> Vec<Vec<NodeIx>> {
    let mut ends = vec![Vec::new(); len];
    for [a, b] in pairs.iter().filter(|p| kept(&p[..])) {
        ends[usize::from(*a)].push(*b);
        ends[usize::from(*b)].push(*a);
    }
    ends
}
