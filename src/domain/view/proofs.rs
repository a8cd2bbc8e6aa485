//! Which addresses are proven, and which are a hope (RULES G8).

use jiff::civil::Date;

use super::directory::DutyView;
use crate::domain::ids::{FunctionId, PointIx};
use crate::domain::incident::addresses::Proven;
use crate::domain::incident::gateways::TEST_ANSWER_WITHIN_S;
use crate::domain::incident::state::State;
use crate::domain::plan::Channel;
use crate::domain::time::At;

/// An address of duties, without the address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressView {
    pub point: PointIx,
    /// Whom it reaches; the first of them names it.
    pub functions: Vec<FunctionId>,
    pub channel: Channel,
    /// Which of the first function's addresses of that channel, from 1; `None` where it has one alone.
    pub nth: Option<u32>,
    /// When it was last proven; `None`: never.
    pub proven: Option<Proven>,
    /// The last text to it failed, then; nothing proved it after that.
    pub failed: Option<At>,
    /// A test went to it then, and its answer may still come.
    pub asked: Option<At>,
}

impl AddressView {
    /// It waits for a test. That a text failed is no reason: most often that is the gateway's doing, and says nothing of the address.
    pub fn waits(&self) -> bool {
        self.proven.is_none_or(|p| p.is_old())
    }
}

/// The addresses of the plan for new incidents that a text goes to, in the order of its functions.
pub fn addresses(state: &State, now: At) -> Vec<AddressView> {
    let plan = &state.plan;
    let mut all: Vec<AddressView> = Vec::with_capacity(plan.points.len());
    for function in &plan.functions {
        for p in &function.points {
            let point = plan.point(*p);
            let first = point.functions.first().is_some_and(|f| plan.function(*f).id == function.id);
            if !first || matches!(point.channel, Channel::Web | Channel::Manual) {
                continue;
            }
            let of_channel = || function.points.iter().filter(|x| plan.point(**x).channel == point.channel);
            let nth = of_channel().position(|x| x == p).and_then(|n| u32::try_from(n + 1).ok());
            let known = state.address_proof(*p).copied().unwrap_or_default();
            all.push(AddressView {
                point: *p,
                functions: point.functions.iter().map(|f| plan.function(*f).id.clone()).collect(),
                channel: point.channel,
                nth: nth.filter(|_| of_channel().count() > 1),
                proven: state.proven(*p, now),
                failed: known.failed.filter(|failed| known.last().is_none_or(|last| last < *failed)),
                asked: asked(state, *p, now),
            });
        }
    }
    all
}

fn asked(state: &State, point: PointIx, now: At) -> Option<At> {
    let key = state.addresses.key(state.addresses.newest(&state.plan.hash), point)?;
    let open = state.tests.iter().rev().filter(|t| t.key == Some(key) && t.answered_at.is_none());
    open.map(|t| t.at).find(|at| now.seconds_since(*at) <= TEST_ANSWER_WITHIN_S)
}

/// Days on which points were last proven, in their order: what is typed and what the program knows.
pub fn proven_days(state: &State, now: At) -> Vec<Option<Date>> {
    (0..).map(PointIx).take(state.plan.points.len()).map(|p| state.proven(p, now).map(|p| p.date)).collect()
}

/// The same in duties that were looked up.
pub fn with_proofs(state: &State, now: At, mut duties: Vec<DutyView>) -> Vec<DutyView> {
    for point in duties.iter_mut().flat_map(|d| &mut d.points) {
        let proven = state.proven(point.point, now);
        (point.proven, point.age_days) = (proven.map(|p| p.date), proven.map(|p| p.age_days));
    }
    duties
}
