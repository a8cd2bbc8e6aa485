//! Gateways: what they carry goes into the plan, how they are spoken to stays as it is for the code that builds them.

use super::Resolver;
use crate::config::loaded::Accepted;
use crate::domain::ids::{GatewayId, GatewayIx};
use crate::domain::plan::{Channel, GatewayInfo, Infra};
use crate::domain::reach::left::{Around, Page};
use crate::gateways::registry::{GatewayConfig, Kind, PageWord, Way};
use crate::yaml::Name;

impl Resolver<'_> {
    pub(super) fn infrastructure(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.infrastructure else { return };
        for (name, entry) in file.infrastructure.iter() {
            self.id(name);
            let holds_s = entry.holds.map(|s| s.0);
            self.plan.infra.push(Infra { id: name.as_str().into(), needs: Vec::new(), holds_s });
            self.places.infra.push(name.place);
        }
        for (i, (_, entry)) in file.infrastructure.iter().enumerate() {
            self.plan.infra[i].needs = self.needs(&entry.needs);
        }
    }

    /// What the program itself stands on, and which gateways are public pages.
    pub(super) fn around(&mut self, gateways: &[GatewayConfig]) -> Around {
        let raw = self.raw;
        let serve = raw.infrastructure.as_ref().and_then(|file| file.serve.as_ref());
        let (serve, console) = serve.map_or_else(Default::default, |s| (self.needs(&s.needs), self.needs(&s.console)));
        let page = |g: &GatewayConfig| match &g.kind {
            Kind::Page(page) if page.page == PageWord::Public => {
                let page = if page.mirror.is_some() { Page::Mirror } else { Page::Own };
                Some((g.id.clone(), page))
            }
            Kind::Page(_) | Kind::Protocol(_) | Kind::Walk(_) => None,
        };
        Around { serve, console, pages: gateways.iter().filter_map(page).collect() }
    }

    /// Single points of failure that stay. Whether they are what they are called is looked at when the plan is whole.
    pub(super) fn accepted(&mut self) -> Vec<Accepted> {
        let raw = self.raw;
        let mut all = Vec::new();
        for (name, entry) in raw.infrastructure.iter().flat_map(|file| file.accepted.iter()) {
            let infra = self.infra(name, name.place);
            if entry.reason.trim().is_empty() {
                self.found.error(entry.reason.place, "accepted", "why it stays is missing").help("write it down");
            }
            let cuts = entry.cuts.iter().map(|c| c.value.clone()).collect();
            self.places.accepted.push((name.place, entry.cuts.iter().map(|c| c.place).collect()));
            all.push(Accepted { infra, cuts, reason: entry.reason.value.clone() });
        }
        all
    }

    pub(super) fn gateways(&mut self) -> Vec<GatewayConfig> {
        let raw = self.raw;
        raw.gateways.ways(self.found).into_iter().enumerate().map(|(at, way)| self.gateway(at, way)).collect()
    }

    fn gateway(&mut self, at: usize, way: Way<'_>) -> GatewayConfig {
        let Way { name, channel, capability, answers, receipts, needs, limits, texts, kind } = way;
        self.id(name);
        let at = GatewayIx(u32::try_from(at).unwrap_or(u32::MAX));
        if self.gx.insert(name.value.clone(), at).is_some() {
            let message = format!("there is a gateway \"{}\" in another file of channels/", name.value);
            self.found.error(name.place, "duplicate-gateway", message);
        }
        for text in texts {
            self.texts(name.place, text);
        }
        let id = GatewayId::from(name.as_str());
        let needs = self.needs(needs);
        self.places.gateways.push(name.place);
        self.plan.gateways.push(GatewayInfo { id: id.clone(), channel, capability, answers, receipts, needs });
        GatewayConfig { id, channel, kind, limits, base: self.base.map(Into::into) }
    }

    /// The place of a gateway, for mistakes about it.
    pub(super) fn gateway_named(&mut self, name: &Name, channel: Channel) -> Option<GatewayIx> {
        let hit = self.gx.get(name.as_str()).copied();
        match hit {
            Some(g) if self.plan.gateways.get(g.ix()).is_some_and(|info| info.channel == channel) => Some(g),
            Some(_) => {
                let message = format!("gateway \"{}\" can't reach it: it does not carry {channel}", name.value);
                self.found.error(name.place, "wrong-channel", message);
                None
            }
            None => {
                let names: Vec<String> =
                    self.plan.gateways.iter().filter(|g| g.channel == channel).map(|g| g.id.to_string()).collect();
                let message = format!("gateway \"{}\" is one that no file in channels/ defines", name.value);
                let broken = self.raw.broken.gateways;
                self.unknown(broken, name, "unknown-gateway", message, names.iter().map(String::as_str));
                None
            }
        }
    }
}
