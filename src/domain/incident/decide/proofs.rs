//! What proves an address (RULES G8): what people did from it, and tests of those that were not proven for long.

use super::Decider;
use crate::domain::ids::{DeliveryId, FunctionId, IncidentNo, PointIx, Status};
use crate::domain::incident::event::{Event, GatewayChange};
use crate::domain::incident::gateways::{ADDRESS_TESTS_MAX, TEST_ANSWER_WITHIN_S};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::plan::Channel;

impl Decider<'_> {
    /// A reply that was valid proves the address that it came from: somebody reads there. A test that was answered proves the address
    /// that the test went to, wherever the answer came from; that stands in its own event.
    pub(super) fn was_it_a_proof(&mut self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>) {
        // A report comes by itself: it shows that one can write from there, not that a text arrives.
        let says_nothing = |e: &Event| match e {
            Event::Gateway { change } => matches!(**change, GatewayChange::TestAnswered { .. }),
            Event::ReportPending { .. } => true,
            _ => false,
        };
        if !self.was_valid() || self.events.iter().any(says_nothing) {
            return;
        }
        let addresses = &self.state.addresses;
        let now = |p: PointIx| addresses.key(addresses.newest(&self.state.plan.hash), p);
        let then = |no: &IncidentNo, p: PointIx| addresses.key(self.state.incidents.get(no)?.book, p);
        let key = known.and_then(now).or_else(|| from.iter().find_map(|(no, p)| then(no, *p)));
        if let Some(key) = key {
            self.emit_event(Event::AddressAnswered { key });
        }
    }

    /// Whoever acts behind a link has read the text that it came with.
    pub(super) fn link_used(&mut self, delivery: DeliveryId) {
        let inc = self.state.incidents.get(&delivery.incident);
        let key = inc
            .and_then(|i| i.addressed_at(delivery.ordinal))
            .and_then(|(book, point)| self.state.addresses.key(book, point));
        if let Some(key) = key {
            self.emit_event(Event::AddressAnswered { key });
        }
    }

    /// Sends a marked test to each address that was not proven for so long, those first that wait longest. One that was just asked is
    /// not asked again before its answer is late.
    pub(super) fn test_addresses(
        &mut self,
        by: &FunctionId,
        older_than_days: u32,
        channel: Option<Channel>,
        at_night: bool,
    ) -> Result<(), Refused> {
        let plan = self.state.plan.clone();
        self.duty(&plan, by)?;
        if let Some(open) = self.state.open().find(|i| i.no.status == Status::Actual) {
            return Err(refuse!(RealIsOpenTests { incident: open.no }));
        }
        if plan.calendar.is_night(self.now.timestamp()) && !at_night {
            return Err(refuse!(ByNight {}));
        }
        let mut due: Vec<(i64, PointIx)> = Vec::new();
        for (p, point) in (0..).map(PointIx).zip(&plan.points) {
            let wanted = channel.is_none_or(|c| c == point.channel) && !point.functions.is_empty();
            if !wanted || matches!(point.channel, Channel::Web | Channel::Manual) || self.is_being_tested(p) {
                continue;
            }
            match self.state.proven(p, self.now) {
                None => due.push((i64::MIN, p)),
                Some(proven) if proven.age_days > older_than_days => due.push((-i64::from(proven.age_days), p)),
                Some(_) => {}
            }
        }
        due.sort_unstable();
        let mut sent = 0;
        for (_, p) in due {
            if sent == ADDRESS_TESTS_MAX {
                break;
            }
            sent += usize::from(self.test_address(by, p));
        }
        if sent == 0 {
            return Err(refuse!(AllProven { days: older_than_days }));
        }
        Ok(())
    }

    /// A test of that address is out, and its answer may still come.
    fn is_being_tested(&self, p: PointIx) -> bool {
        let key = self.state.addresses.key(self.state.addresses.newest(&self.state.plan.hash), p);
        let open = |at| self.now.seconds_since(at) <= TEST_ANSWER_WITHIN_S;
        key.is_some() && self.state.tests.iter().any(|t| t.key == key && t.answered_at.is_none() && open(t.at))
    }

    /// Over the best gateway that carries it; whether there is one.
    fn test_address(&mut self, by: &FunctionId, p: PointIx) -> bool {
        let plan = self.state.plan.clone();
        let point = plan.point(p);
        let Some(function) = point.functions.first().map(|f| plan.function(*f).id.clone()) else { return false };
        let mut places: Vec<usize> = (0..point.gateways.len()).collect();
        places.sort_by_key(|i| self.state.ways.rank(&plan.gateway(point.gateways[*i]).id));
        for place in places {
            let gateway = plan.gateway(point.gateways[place]).id.clone();
            let code = self.code();
            if let Some((send, text)) = self.test_text(p, place, &gateway, &function, &code) {
                let (code, text) = (code.into(), text.into());
                let (plan, by) = (plan.hash.clone(), by.clone());
                self.ways(GatewayChange::TestSent { send, plan, gateway, function, by, code, text });
                return true;
            }
        }
        false
    }
}
