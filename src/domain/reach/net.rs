//! What hangs on what, as a net of numbers: which nodes stand when some are lost, and when the others fall as batteries run out.
//!
//! A node stands if it is not lost and, of each entry of its needs, at least one stands. Up is the *least* fixpoint, from the nodes that
//! need nothing: two that hold each other up only in a circle are down.
//!
//! Must not: know a plan, a name, or what is sent.

/// A node's place in its net.
pub type NodeIx = u16;

/// Needs: all of the list, any one of each entry.
pub type Wants = Vec<Vec<NodeIx>>;

/// A set of nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nodes(Vec<u64>);

impl Nodes {
    /// None of that many.
    pub fn none(of: usize) -> Self {
        Self(vec![0; of.div_ceil(64)])
    }
    pub fn has(&self, n: NodeIx) -> bool {
        self.0.get(usize::from(n) / 64).is_some_and(|w| w >> (n % 64) & 1 == 1)
    }
    /// Puts one in; says whether it was new. A node of another net is passed over.
    pub fn put(&mut self, n: NodeIx) -> bool {
        let Some(word) = self.0.get_mut(usize::from(n) / 64) else { return false };
        let was = *word;
        *word |= 1 << (n % 64);
        was != *word
    }
    pub fn take(&mut self, n: NodeIx) {
        if let Some(word) = self.0.get_mut(usize::from(n) / 64) {
            *word &= !(1 << (n % 64));
        }
    }
}

/// One node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Node {
    pub needs: Wants,
    /// Seconds that its battery holds without what it needs; 0: it has none.
    pub holds_s: u32,
}

/// All nodes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Net {
    nodes: Vec<Node>,
}

/// Which moment is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Just after the loss: each battery that is not lost itself holds.
    AtOnce,
    /// All batteries are empty.
    AfterBatteries,
}

/// Nodes that fall at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fall {
    /// Seconds after the loss.
    pub after_s: u64,
    /// In the order of the net.
    pub nodes: Vec<NodeIx>,
}

/// Whether these needs are met by what stands.
pub fn met(needs: &Wants, up: &Nodes) -> bool {
    needs.iter().all(|any| any.iter().any(|n| up.has(*n)))
}

impl Net {
    pub fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }
    pub fn count(&self) -> usize {
        self.nodes.len()
    }
    pub fn node(&self, n: NodeIx) -> &Node {
        &self.nodes[usize::from(n)]
    }
    /// Every node, in order.
    pub fn all(&self) -> impl Iterator<Item = NodeIx> + use<> {
        (0..self.nodes.len()).map_while(|i| NodeIx::try_from(i).ok())
    }

    /// What stands without those.
    pub fn standing(&self, lost: &Nodes, when: When) -> Nodes {
        let mut charged = Nodes::none(self.count());
        if when == When::AtOnce {
            for n in self.all().filter(|n| self.node(*n).holds_s > 0) {
                charged.put(n);
            }
        }
        self.up(lost, &charged)
    }

    /// The least fixpoint: what is not lost and needs nothing, has a battery with something in it, or whose needs are met.
    fn up(&self, lost: &Nodes, charged: &Nodes) -> Nodes {
        let mut up = Nodes::none(self.count());
        let mut open: Vec<NodeIx> = self.all().filter(|n| !lost.has(*n)).collect();
        loop {
            let before = open.len();
            open.retain(|n| {
                let stands = charged.has(*n) || met(&self.node(*n).needs, &up);
                if stands {
                    up.put(*n);
                }
                !stands
            });
            if open.len() == before {
                return up;
            }
        }
    }

    /// Which nodes fall later, and when. A battery runs from the moment at which its node's own needs are met no longer, so that those
    /// of a chain add up. What hangs on that node itself feeds it never: batteries in one circle run side by side.
    pub fn falls(&self, lost: &Nodes) -> Vec<Fall> {
        let last = self.standing(lost, When::AfterBatteries);
        let mut charged = Nodes::none(self.count());
        let batteries: Vec<NodeIx> =
            self.all().filter(|n| self.node(*n).holds_s > 0 && !lost.has(*n) && !last.has(*n)).collect();
        for n in &batteries {
            charged.put(*n);
        }
        let circles = self.circles(lost, &last);
        let mut empty_at: Vec<Option<u64>> = vec![None; batteries.len()];
        let (mut now, mut falls) = (0_u64, Vec::new());
        let mut up = self.up(lost, &charged);
        loop {
            // Each turn empties a battery: there are no more turns than batteries.
            for (i, n) in batteries.iter().enumerate() {
                if empty_at[i].is_none() && !self.fed(*n, lost, &charged, &up, &circles) {
                    empty_at[i] = Some(now + u64::from(self.node(*n).holds_s));
                }
            }
            let next =
                batteries.iter().zip(&empty_at).filter(|(n, _)| charged.has(**n)).filter_map(|(_, at)| *at).min();
            let Some(next) = next else { return falls };
            now = next;
            for (n, at) in batteries.iter().zip(&empty_at) {
                if *at == Some(now) {
                    charged.take(*n);
                }
            }
            let still = self.up(lost, &charged);
            let nodes: Vec<NodeIx> = self.all().filter(|n| up.has(*n) && !still.has(*n)).collect();
            if !nodes.is_empty() {
                falls.push(Fall { after_s: now, nodes });
            }
            up = still;
        }
    }

    /// Whether a node's needs are met by something else than its own circle's batteries.
    fn fed(&self, n: NodeIx, lost: &Nodes, charged: &Nodes, up: &Nodes, circles: &[Option<u32>]) -> bool {
        match circles[usize::from(n)] {
            None => met(&self.node(n).needs, up),
            circle => {
                let mut others = charged.clone();
                for m in self.all().filter(|m| circles[usize::from(*m)] == circle) {
                    others.take(m);
                }
                met(&self.node(n).needs, &self.up(lost, &others))
            }
        }
    }

    /// The circle of each node that lies on one, among those that neither are lost nor stand for good.
    fn circles(&self, lost: &Nodes, last: &Nodes) -> Vec<Option<u32>> {
        let open = |n: NodeIx| !lost.has(n) && !last.has(n);
        let mut of = vec![None; self.count()];
        let hangs_on = |n: NodeIx| {
            let entries = self.node(n).needs.iter().filter(|any| !any.iter().any(|a| last.has(*a)));
            entries.flatten().copied().filter(|a| open(*a)).collect::<Vec<_>>()
        };
        let all: Vec<NodeIx> = self.all().filter(|n| open(*n)).collect();
        for (number, members) in (0_u32..).zip(parts(self.count(), &all, hangs_on)) {
            if let [only] = members[..]
                && !hangs_on(only).contains(&only)
            {
                continue;
            }
            for m in members {
                of[usize::from(m)] = Some(number);
            }
        }
        of
    }

    /// The nodes in parts, each after what it hangs on: those of a circle are one part.
    pub fn in_order(&self) -> Vec<Vec<NodeIx>> {
        let all: Vec<NodeIx> = self.all().collect();
        parts(self.count(), &all, |n| self.node(n).needs.iter().flatten().copied().collect())
    }
}

/// Strongly connected parts (Tarjan 1972), what is hung on before what hangs. Without recursion: a chain may be long.
fn parts(len: usize, all: &[NodeIx], hangs_on: impl Fn(NodeIx) -> Vec<NodeIx>) -> Vec<Vec<NodeIx>> {
    let (mut met_as, mut low) = (vec![usize::MAX; len], vec![usize::MAX; len]);
    let (mut stack, mut on_stack) = (Vec::new(), Nodes::none(len));
    let (mut number, mut found) = (0, Vec::new());
    for root in all {
        if met_as[usize::from(*root)] != usize::MAX {
            continue;
        }
        let mut way: Vec<(NodeIx, Vec<NodeIx>, usize)> = Vec::new();
        let mut enter = Some(*root);
        loop {
            if let Some(n) = enter.take() {
                (met_as[usize::from(n)], low[usize::from(n)]) = (number, number);
                number += 1;
                stack.push(n);
                on_stack.put(n);
                way.push((n, hangs_on(n), 0));
            }
            let Some((n, next, at)) = way.last_mut() else { break };
            let n = *n;
            if let Some(to) = next.get(*at).copied() {
                *at += 1;
                if met_as[usize::from(to)] == usize::MAX {
                    enter = Some(to);
                } else if on_stack.has(to) {
                    low[usize::from(n)] = low[usize::from(n)].min(met_as[usize::from(to)]);
                }
                continue;
            }
            if low[usize::from(n)] == met_as[usize::from(n)] {
                let mut members = Vec::new();
                while let Some(m) = stack.pop() {
                    on_stack.take(m);
                    members.push(m);
                    if m == n {
                        break;
                    }
                }
                members.sort_unstable();
                found.push(members);
            }
            way.pop();
            if let Some((above, ..)) = way.last() {
                low[usize::from(*above)] = low[usize::from(*above)].min(low[usize::from(n)]);
            }
        }
    }
    found
}
