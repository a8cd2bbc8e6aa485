//! Whether people can be reached: how each channel last did, and what is left for each duty, with what is down and what is out.
//!
//! Well is what is proven: a text that a far device has, or that somebody answered (RULES G5). A login that works, or a gateway that
//! took something, is neither.

use std::collections::{BTreeMap, BTreeSet};

use super::holds;
use crate::domain::delivery::{Cause, DeliveryState};
use crate::domain::ids::{FunctionId, FunctionIx, GatewayId, InfraId, PointIx, SiteId};
use crate::domain::incident::gateways::{Rank, Reached};
use crate::domain::incident::state::State;
use crate::domain::incident::values::{Phase, Standing};
use crate::domain::plan::{Channel, Plan};
use crate::domain::reach::{Down, down_after, fallen};
use crate::domain::time::At;

/// What the domain does not know by itself: what runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AlsoKnown {
    /// Gateways that can't be used as they are configured.
    pub unusable: BTreeSet<GatewayId>,
    /// Public pages by their gateway.
    pub pages: BTreeMap<GatewayId, PageProof>,
}

/// How a public page was last read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageProof {
    /// It was what had been published.
    pub equal: bool,
    /// When it last was; `None`: not since the start.
    pub at: Option<At>,
}

/// The answer, channel by channel and for the duties.
#[derive(Clone, PartialEq, Debug)]
pub struct ReachView {
    /// Those that some gateway carries, in the order in which they are shown.
    pub channels: Vec<ChannelView>,
    pub left: LeftView,
    /// Infrastructure that is said to be down, with all that hangs on it.
    pub down: Vec<InfraId>,
}

/// How a channel is; the sign on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelStanding {
    /// The last text reached somebody.
    Reached,
    /// The last text was taken by a gateway; whether it came further nobody knows.
    HandedOver,
    /// The last text did not get through.
    Failed,
    /// No gateway of it can be used.
    Down,
    /// Nothing went over it that is remembered.
    Untried,
    /// People walk it.
    Walked,
}

/// A channel.
#[derive(Clone, PartialEq, Debug)]
pub struct ChannelView {
    pub channel: Channel,
    pub standing: ChannelStanding,
    /// The last text that got through, and how far.
    pub last: Option<LastOut>,
    /// The last one that did not, when it is newer than [`Self::last`].
    pub failed: Option<(At, Option<Cause>)>,
    /// Duties that have an address on it.
    pub functions: u32,
    /// Its gateways that are not well.
    pub trouble: Vec<WayInTroubleView>,
}

/// Something that got through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastOut {
    pub at: At,
    pub how_far: Reached,
}

/// What is wrong with a gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WayTrouble {
    /// There is a doubt; it is still used.
    Suspect,
    Down,
    /// Taken out by hand.
    Out,
    /// It can't be used as it is configured.
    Unusable,
    /// It hangs on what is said to be down.
    CutOff,
}

/// A gateway that is not well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WayInTroubleView {
    pub gateway: GatewayId,
    pub what: WayTrouble,
    /// `None` where that is not known.
    pub since: Option<At>,
    /// What was said of it.
    pub why: Option<Cause>,
    /// Who took it out.
    pub by: Option<FunctionId>,
}

/// A duty that no text reaches: people call or walk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoWayView {
    pub function: FunctionId,
    pub site: SiteId,
    /// Its duty telephone, where it may be shown and what it hangs on stands.
    pub telephone: Option<String>,
}

/// What is left for the duties, each as it is reached now: by its holder, at the points whose turn it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LeftView {
    /// Nothing that works by itself reaches them.
    pub none: Vec<NoWayView>,
    /// A single way does.
    pub one: Vec<FunctionId>,
    /// How many have two ways or more.
    pub several: u32,
}

impl LeftView {
    /// How many can be reached by something that works.
    pub fn reached(&self) -> u32 {
        self.several.saturating_add(super::count(self.one.len()))
    }
}

/// How it is now.
pub fn reach(state: &State, now: At, also: &AlsoKnown) -> ReachView {
    let plan = &state.plan;
    let named: Vec<InfraId> = {
        let open = state.open().filter(|i| !i.is_drill() && i.phase == Phase::Open);
        let all: BTreeSet<InfraId> = open.flat_map(|i| fallen(i, now).infra).collect();
        all.into_iter().collect()
    };
    // What falls with both of two incidents has its own battery yet.
    let down = down_after(plan, &named, 0);
    let lasts = lasts(state, also);
    let mut channels = Vec::new();
    for channel in Channel::ALL {
        let gateways: Vec<_> = plan.gateways.iter().filter(|g| g.channel == channel).collect();
        if gateways.is_empty() {
            continue;
        }
        let trouble: Vec<_> = gateways.iter().filter_map(|g| trouble(state, &down, also, &g.id)).collect();
        let usable = trouble.iter().filter(|t| t.what != WayTrouble::Suspect).count() < gateways.len();
        let Outcomes { good, bad } = lasts.get(&channel).cloned().unwrap_or_default();
        let failed = bad.filter(|(at, _)| good.is_none_or(|g| g.at < *at));
        let standing = match (channel, usable, &failed, good.map(|g| g.how_far)) {
            (Channel::Manual, ..) => ChannelStanding::Walked,
            (_, false, ..) => ChannelStanding::Down,
            (_, _, Some(_), _) => ChannelStanding::Failed,
            (.., Some(Reached::Delivered | Reached::Answered)) => ChannelStanding::Reached,
            (.., Some(Reached::Accepted)) => ChannelStanding::HandedOver,
            (.., None) => ChannelStanding::Untried,
        };
        let on_it = |f: &&crate::domain::plan::Function| f.points.iter().any(|p| plan.point(*p).channel == channel);
        let functions = super::count(plan.functions.iter().filter(on_it).count());
        channels.push(ChannelView { channel, standing, last: good, failed, functions, trouble });
    }
    ReachView { channels, left: left(state, now, &down, also), down: down.infra.into_iter().collect() }
}

/// The newest outcomes of a channel.
#[derive(Clone, PartialEq, Debug, Default)]
struct Outcomes {
    good: Option<LastOut>,
    bad: Option<(At, Option<Cause>)>,
}

impl Outcomes {
    fn good(&mut self, at: At, how_far: Reached) {
        if self.good.is_none_or(|g| (g.at, g.how_far) < (at, how_far)) {
            self.good = Some(LastOut { at, how_far });
        }
    }
    fn bad(&mut self, at: At, cause: Option<&Cause>) {
        if self.bad.as_ref().is_none_or(|(before, _)| *before < at) {
            self.bad = Some((at, cause.cloned()));
        }
    }
    fn of(&mut self, state: DeliveryState, at: At, cause: Option<&Cause>) {
        match Reached::of(state) {
            Some(how_far) => self.good(at, how_far),
            None if matches!(state, DeliveryState::Failed | DeliveryState::Unknown | DeliveryState::Expired) => {
                self.bad(at, cause);
            }
            None => {}
        }
    }
}

/// Per channel the newest outcomes of what really left: messages, notes and tests, drills too. What another gateway took over counts
/// for that one.
fn lasts(state: &State, also: &AlsoKnown) -> BTreeMap<Channel, Outcomes> {
    let mut all: BTreeMap<Channel, Outcomes> = BTreeMap::new();
    for inc in state.incidents.values() {
        for (ordinal, d) in (0u32..).zip(&inc.deliveries) {
            let at = inc.opened + d.changed_s;
            let of = all.entry(inc.plan.point(d.point).channel).or_default();
            of.of(d.state, at, inc.causes.get(&ordinal));
        }
    }
    for (_, note) in state.system_notes.iter().filter(|(_, n)| n.plan == state.plan.hash) {
        let of = all.entry(state.plan.point(note.send.point).channel).or_default();
        of.of(note.state, note.at, note.cause.as_ref());
    }
    for g in &state.plan.gateways {
        if let Some(proof) = state.proofs.get(&g.id) {
            all.entry(g.channel).or_default().good(proof.at, proof.reached);
        }
        match also.pages.get(&g.id) {
            Some(PageProof { equal: true, at: Some(at) }) => {
                all.entry(g.channel).or_default().good(*at, Reached::Delivered);
            }
            Some(PageProof { equal: false, at }) => {
                let since = at.map_or(At(0), |a| a + 1);
                all.entry(g.channel).or_default().bad(since, None);
            }
            _ => {}
        }
    }
    all
}

fn trouble(state: &State, down: &Down, also: &AlsoKnown, id: &GatewayId) -> Option<WayInTroubleView> {
    let of = |what| WayInTroubleView { gateway: id.clone(), what, since: None, why: None, by: None };
    if let Some(out) = state.ways.out.get(id) {
        return Some(WayInTroubleView { since: Some(out.at), by: Some(out.by.clone()), ..of(WayTrouble::Out) });
    }
    if also.unusable.contains(id) {
        return Some(of(WayTrouble::Unusable));
    }
    if let Some(stand) = state.ways.stands.get(id).filter(|s| s.standing != Standing::Healthy) {
        let what = if stand.standing == Standing::Down { WayTrouble::Down } else { WayTrouble::Suspect };
        return Some(WayInTroubleView { since: Some(stand.since), why: stand.why.clone(), ..of(what) });
    }
    let info = state.plan.gateways.iter().find(|g| g.id == *id)?;
    (!down.stands(&info.needs)).then(|| of(WayTrouble::CutOff))
}

/// Whether a text can go there now over something that works by itself: what people walk is no such way.
pub(super) fn works(state: &State, plan: &Plan, down: &Down, also: &AlsoKnown, p: PointIx) -> bool {
    let point = plan.point(p);
    let way = |g: &crate::domain::ids::GatewayIx| {
        let g = plan.gateway(*g);
        down.stands(&g.needs) && state.ways.rank(&g.id) < Rank::Down && !also.unusable.contains(&g.id)
    };
    point.channel != Channel::Manual && down.stands(&point.needs) && point.gateways.iter().any(way)
}

fn left(state: &State, now: At, down: &Down, also: &AlsoKnown) -> LeftView {
    let plan = &state.plan;
    let mut left = LeftView::default();
    for (fx, f) in (0..).map(FunctionIx).zip(&plan.functions) {
        let points = plan.points_at(holds(plan, fx, now), now);
        match points.iter().filter(|p| works(state, plan, down, also, **p)).count() {
            0 => {
                let phone = f.phone.iter().find(|p| p.publishable && !p.number.is_empty() && down.stands(&p.needs));
                let telephone = phone.map(|p| p.number.clone());
                left.none.push(NoWayView { function: f.id.clone(), site: f.site.clone(), telephone });
            }
            1 => left.one.push(f.id.clone()),
            _ => left.several += 1,
        }
    }
    left
}
