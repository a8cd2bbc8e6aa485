//! The whole state as JSON, for an intranet, a screen in a hall or a monitor. `format` grows when a field changes its meaning or goes;
//! new fields come without that.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{cap_name, entries, moment};
use crate::domain::incident::render::investigating;
use crate::domain::incident::values::Kind;
use crate::domain::lang::Lang;
use crate::domain::public_view::{PublicMessage, PublicState, PublicView};
use crate::web::page::{PageFrame, heading, site_name, words_of};

/// The format that this program writes.
const FORMAT: u32 = 1;

/// The state of the public page. Times are RFC 3339 with the offset of the region; texts are by language (`sv`, `en`).
#[derive(Serialize, JsonSchema, Debug)]
pub struct StateFile {
    /// The format: 1. It grows when a field changes its meaning or goes; others may come without that.
    pub format: u32,
    /// The region's name.
    pub region: String,
    /// The region does not exist: nothing here is true of anybody.
    pub fictional: bool,
    /// It is run in training: nothing here is true.
    pub training: bool,
    /// How the page stands: normal, over, withdrawn, investigated, disturbance, crisis-investigated or crisis.
    pub state: String,
    /// The page's heading, by language.
    pub heading: BTreeMap<String, String>,
    /// Something goes on that no approved text speaks of yet.
    pub investigating: bool,
    /// What the page says while nothing is approved, by language; none otherwise.
    pub investigated: Option<BTreeMap<String, String>>,
    /// As of when all of this is.
    pub checked_at: String,
    /// After that, nothing here may be relied on.
    pub valid_until: String,
    /// The emergency number.
    pub emergency: String,
    /// The number for advice.
    pub call: String,
    /// How it is at each site.
    pub sites: Vec<SiteState>,
    /// The texts that stand, the newest first.
    pub messages: Vec<MessageState>,
}

/// How it is at one site.
#[derive(Serialize, JsonSchema, Debug)]
pub struct SiteState {
    /// Its name, by language.
    pub name: BTreeMap<String, String>,
    /// normal, disturbance or crisis.
    pub state: String,
}

/// One text that stands.
#[derive(Serialize, JsonSchema, Debug)]
pub struct MessageState {
    /// Its number, as 14-2.
    pub number: String,
    /// What it is: alert, update, correction, restored, all-clear, withdrawn or holding.
    pub kind: String,
    /// When it was released.
    pub released: String,
    /// When the next word is due; none when it is over.
    pub next_update: Option<String>,
    /// Its CAP file, from where this file lies.
    pub cap: String,
    /// The text in each language that somebody has read it in.
    pub texts: BTreeMap<String, TextState>,
}

/// A text in one language.
#[derive(Serialize, JsonSchema, Debug)]
pub struct TextState {
    /// The whole text, as it was approved.
    pub text: String,
    /// Its first sentence.
    pub headline: String,
    /// Six letters that differ where texts do.
    pub fingerprint: String,
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Alert => "alert",
        Kind::Update | Kind::Mode | Kind::Redirection { .. } => "update",
        Kind::Correction { .. } => "correction",
        Kind::Stopped { .. } => "withdrawn",
        Kind::Restored => "restored",
        Kind::AllClear => "all-clear",
        Kind::Holding => "holding",
    }
}

fn site_state(state: PublicState) -> &'static str {
    match state {
        PublicState::Normal => "normal",
        PublicState::Disturbance => "disturbance",
        PublicState::Crisis => "crisis",
    }
}

fn message(m: &PublicMessage, frame: &PageFrame<'_>) -> MessageState {
    let text = |(lang, text): (&Lang, &String)| {
        let print = m.fingerprint.get(lang).map_or_else(String::new, ToString::to_string);
        let headline = m.parts(*lang).map_or_else(String::new, |p| p.headline.to_owned());
        (lang.to_string(), TextState { text: text.clone(), headline, fingerprint: print })
    };
    MessageState {
        number: m.number.to_string(),
        kind: kind(m.kind).into(),
        released: moment(frame.plan, m.released),
        next_update: m.next_update.map(|at| moment(frame.plan, at)),
        cap: cap_name(m),
        texts: m.text.iter().map(text).collect(),
    }
}

/// The state as JSON.
pub fn render_state(view: &PublicView, frame: &PageFrame<'_>) -> Vec<u8> {
    let plan = frame.plan;
    let by_lang = |said: &dyn Fn(Lang) -> String| -> BTreeMap<String, String> {
        plan.region.languages.iter().map(|l| (l.to_string(), said(*l))).collect()
    };
    let nothing_approved = view.investigating && view.messages.is_empty();
    let file = StateFile {
        format: FORMAT,
        region: plan.region.name.clone(),
        fictional: frame.fictional,
        training: frame.training,
        state: view.stands().as_str().into(),
        heading: by_lang(&|l| heading(view.stands()).say(words_of(l)).to_owned()),
        investigating: view.investigating,
        investigated: nothing_approved.then(|| by_lang(&|l| investigating(plan, l, view.more_by, view.checked_at))),
        checked_at: moment(plan, view.checked_at),
        valid_until: moment(plan, view.valid_until),
        emergency: view.emergency.clone(),
        call: view.call.clone(),
        sites: view
            .sites
            .iter()
            .map(|(id, state)| SiteState {
                name: by_lang(&|l| site_name(plan, id, l).to_owned()),
                state: site_state(*state).into(),
            })
            .collect(),
        messages: entries(view).map(|m| message(m, frame)).collect(),
    };
    // Writing into memory fails only if a field's own writing does; none of these can.
    let mut json = serde_json::to_vec_pretty(&file).unwrap_or_default();
    json.push(b'\n');
    json
}
