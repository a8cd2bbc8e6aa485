//! “Do we reach people?”: a line for each channel, what is left for the duties, and below, folded, the gateways for the technician.

use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};

use super::ui::Ui;
use super::{Visitor, gone, html};
use crate::api::GatewayView;
use crate::dispatch::engine::Meta;
use crate::domain::ids::{GatewayId, SiteId};
use crate::domain::incident::gateways::Reached;
use crate::domain::incident::state::State as Domain;
use crate::domain::plan::Channel;
use crate::domain::view::{
    AlsoKnown, ChannelStanding, ChannelView, PageProof, ReachView, WayInTroubleView, WayTrouble, reach,
};
use crate::paper::channel;
use crate::web::Ctx;
use crate::web::gateways::gateways_of;
use crate::words::{console as w, paper as p, proof};

#[derive(Template)]
#[template(path = "reach.html")]
struct Page {
    ui: Ui,
    seen: ReachView,
    gateways: Vec<GatewayView>,
}

/// What the loop does not decide by: gateways without a worker, and how pages stand.
fn also_known(state: &Domain, meta: &Meta) -> AlsoKnown {
    let mut also = AlsoKnown { unusable: meta.unusable.keys().cloned().collect(), ..AlsoKnown::default() };
    for g in state.plan.gateways.iter().filter(|g| g.channel == Channel::Web) {
        let page = match meta.board.page(&g.id) {
            Some(page) => PageProof { equal: page.equal, at: page.proven_at },
            None => PageProof { equal: !meta.board.stands("page own"), at: None },
        };
        also.pages.insert(g.id.clone(), page);
    }
    also
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    let looked = visitor.look(&ctx, |s, m, _| (reach(s, m.now, &also_known(s, m)), gateways_of(s, m))).await;
    match looked {
        Ok((ui, (seen, gateways))) => html(&Page { ui, seen, gateways }),
        Err(e) => gone(e),
    }
}

/// Where the list of gateways was.
pub async fn moved() -> Redirect {
    Redirect::permanent("/reach")
}

impl Page {
    fn sign(&self, c: &ChannelView) -> &'static str {
        match c.standing {
            ChannelStanding::Reached => "✔",
            ChannelStanding::HandedOver => "○",
            ChannelStanding::Failed => "⚠",
            ChannelStanding::Down => "✖",
            ChannelStanding::Untried => "–",
            ChannelStanding::Walked => "○",
        }
    }
    fn class(&self, c: &ChannelView) -> &'static str {
        match c.standing {
            ChannelStanding::Reached => "well",
            ChannelStanding::Failed | ChannelStanding::Down => "ill",
            ChannelStanding::HandedOver | ChannelStanding::Untried | ChannelStanding::Walked => "plain",
        }
    }
    fn word(&self, c: &ChannelView) -> &'static str {
        self.ui.t(match c.standing {
            ChannelStanding::Reached => p::WORD_REACHED,
            ChannelStanding::HandedOver => p::WORD_HANDED_OVER,
            ChannelStanding::Failed => p::WORD_FAILED,
            ChannelStanding::Down => p::WORD_DOWN,
            ChannelStanding::Untried => p::WORD_UNTRIED,
            ChannelStanding::Walked => p::WORD_WALKED,
        })
    }
    fn name(&self, c: &ChannelView) -> String {
        let name = channel(self.ui.lang, c.channel);
        let mut chars = name.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }
    /// What last happened on it, in whole words.
    fn said(&self, c: &ChannelView) -> Vec<String> {
        let lang = self.ui.lang;
        let last = c.last.map(|l| match (c.channel, l.how_far) {
            (Channel::Web, _) => p::page_shown(lang, self.ui.time(&l.at)),
            (_, Reached::Accepted) => p::handed_over_last(lang, self.ui.time(&l.at)),
            (_, Reached::Delivered) => p::reached_last(lang, self.ui.time(&l.at)),
            (_, Reached::Answered) => p::answered_last(lang, self.ui.time(&l.at)),
        });
        let mut said = Vec::new();
        match c.standing {
            ChannelStanding::Walked => said.push(self.ui.t(p::WALKED).to_owned()),
            ChannelStanding::Down => said.push(self.ui.t(p::DOWN_ALL).to_owned()),
            ChannelStanding::Untried => said.push(self.ui.t(p::UNTRIED).to_owned()),
            ChannelStanding::Failed if c.channel == Channel::Web => said.push(self.ui.t(p::PAGE_NOT_SHOWN).to_owned()),
            ChannelStanding::Failed => {
                let (at, why) = c.failed.as_ref().map_or((None, None), |(at, why)| (Some(at), why.as_ref()));
                let told = at.map_or_else(String::new, |at| p::failed_last(lang, self.ui.time(at)));
                said.push(why.map_or_else(|| told.clone(), |why| format!("{told}: {}", self.ui.cause(why.as_str()))));
            }
            ChannelStanding::Reached | ChannelStanding::HandedOver => {}
        }
        match (c.standing, c.last) {
            (ChannelStanding::Failed, Some(l)) if l.how_far > Reached::Accepted && c.channel != Channel::Web => {
                said.push(p::before_that(lang, self.ui.time(&l.at)));
            }
            (ChannelStanding::Walked, _) => {}
            _ => said.extend(last),
        }
        if c.functions > 0 {
            said.push(p::functions_on_it(lang, c.functions));
        }
        said
    }
    /// What is wrong with one of its gateways, and since when.
    fn trouble(&self, t: &WayInTroubleView) -> String {
        let lang = self.ui.lang;
        let mut said = match t.what {
            WayTrouble::Suspect => self.ui.t(p::WAY_SUSPECT).to_owned(),
            WayTrouble::Down => self.ui.t(p::WAY_DOWN).to_owned(),
            WayTrouble::Out => p::way_out(lang, t.by.as_ref().map_or_else(String::new, |by| self.ui.name(by))),
            WayTrouble::Unusable => self.ui.t(p::WAY_UNUSABLE).to_owned(),
            WayTrouble::CutOff => self.ui.t(p::WAY_CUT_OFF).to_owned(),
        };
        if let Some(since) = &t.since {
            said.push_str(", ");
            said.push_str(&p::since(lang, self.ui.time(since)));
        }
        if let Some(why) = &t.why {
            said.push_str(": ");
            said.push_str(&self.ui.cause(why.as_str()));
        }
        said
    }
    fn gateway<'t>(&self, t: &'t WayInTroubleView) -> &'t GatewayId {
        &t.gateway
    }
    /// How many there are and how many are left, in one sentence.
    fn left(&self) -> String {
        let left = &self.seen.left;
        let all = left.none.len() + left.one.len() + left.several as usize;
        if left.several as usize == all {
            return p::left_all(self.ui.lang, all);
        }
        p::left_counts(self.ui.lang, left.reached(), all, left.several, left.one.len())
    }
    fn site(&self, id: &SiteId) -> String {
        let site = self.ui.plan.region.sites.iter().find(|s| s.id == *id);
        site.map_or_else(|| id.to_string(), |s| self.ui.l(&s.name).to_owned())
    }
    fn down(&self) -> String {
        self.seen.down.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}
