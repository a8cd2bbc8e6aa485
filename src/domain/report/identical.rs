//! Whether everybody who was sent a text in one language was sent the same (invariant 2): each form in which it was handed over is made
//! once more, the text is taken out of it by the grammar alone ([`verify`], which calls none of the code that cuts and marks), and
//! compared with the text that was released. What can't be known so is said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::count;
use super::reading::Reading;
use crate::domain::ids::{GatewayIx, MessageNo, PointIx};
use crate::domain::incident::asks::outgoing;
use crate::domain::incident::state::{Entry, EntryState, Incident, Message};
use crate::domain::incident::trailers::around;
use crate::domain::incident::values::{Draft, Item};
use crate::domain::lang::Lang;
use crate::domain::plan::{Capability, Channel};
use crate::domain::text::verify::{Kind, Shown, fingerprint, received};
use crate::domain::text::{Fingerprint, Mark, Outgoing, fit};

/// Forms of one text in one language over one channel that are made once more: with what stands around it a text has many, and of more
/// the rest are counted.
pub const FORMS_MAX: usize = 300;

/// A text as a gateway is given it.
#[derive(Clone, Copy, Debug)]
pub struct Form<'f> {
    pub out: &'f Outgoing,
    /// What asks for the answer.
    pub trailer: Option<&'f str>,
    pub channel: Channel,
    pub capability: &'f Capability,
    pub lang: Lang,
}

/// Makes what a gateway hands over of a text: the units that the far device shows, in order; or says why it can't be made.
pub type MakeForm<'m> = &'m dyn Fn(&Form<'_>) -> Result<Vec<String>, String>;

/// As far as the domain knows it: how SMS and pages are cut. A mail and a fax are set by their gateways.
pub(super) fn cut(form: &Form<'_>) -> Result<Vec<String>, String> {
    match form.capability {
        Capability::Sms { .. } | Capability::Pages { .. } => {
            fit::shown(form.out, form.trailer, form.capability).map_err(|e| e.to_string())
        }
        Capability::Fax { .. } | Capability::Whole { .. } => Err("its gateway sets it".into()),
    }
}

/// What a text is parted into.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SentAs {
    Sms,
    PagerPages,
    FaxPages,
    /// One whole: a mail.
    Mail,
    PublicPage,
    /// People carry it.
    Errand,
}

impl SentAs {
    fn of(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Paging => Self::PagerPages,
            Channel::Fax => Self::FaxPages,
            Channel::Email => Self::Mail,
            Channel::Web => Self::PublicPage,
            Channel::Manual => Self::Errand,
        }
    }
}

/// What came of the comparison.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Identical {
    /// Every form holds the released text whole and unchanged, under its fingerprint.
    Whole,
    /// One of them does not.
    Differs,
    /// It can't be known: see `unknown`.
    NotKnown,
}

/// Why it can't be known.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unknowable {
    /// People carry it, and say or show it themselves.
    Carried,
    /// The page was not read back.
    NotReadBack,
    /// The page was not seen to be equal: it could not be read, or showed something else.
    NotSeenEqual,
    /// No text of a drill at a table leaves the program.
    StaysHere,
    /// A form could not be made once more.
    NotMade,
    /// There are more forms than are made.
    TooMany,
}

/// A text in one language, over one channel: in which forms it was handed over, and whether each holds it whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug, JsonSchema)]
pub struct IdenticalText {
    pub message: MessageNo,
    pub lang: Lang,
    pub channel: Channel,
    /// Of the released text; it stands in each form.
    pub fingerprint: Fingerprint,
    /// Addresses that it was sent to, tried or not.
    pub addresses: u32,
    /// Of these, so many had it handed over.
    pub handed_over: u32,
    pub sent_as: SentAs,
    /// The fewest parts or pages of one form; none: no form was made.
    pub units_min: Option<u32>,
    /// The most.
    pub units_max: Option<u32>,
    /// Forms that were made once more and compared: of several gateways, with what stands around the text.
    pub forms: u32,
    pub identical: Identical,
    /// Why it can't be known.
    pub unknown: Option<Unknowable>,
    /// What differs, or why a form could not be made; in English.
    pub detail: Option<String>,
}

/// What one group was sent.
#[derive(Default)]
struct Group {
    points: BTreeSet<PointIx>,
    accepted: BTreeSet<PointIx>,
    forms: BTreeSet<(GatewayIx, Option<Arc<str>>)>,
}

type Groups = BTreeMap<(u32, Lang, Channel), Group>;

fn groups(reading: &Reading, inc: &Incident) -> Groups {
    let mut all = Groups::new();
    for (d, seen) in inc.deliveries.iter().zip(&reading.seen) {
        let Item::Message(message) = d.item() else { continue };
        let Some(lang) = inc.plan.region.languages.get(usize::from(d.lang)).copied() else { continue };
        let point = inc.plan.point(d.point);
        let group = all.entry((message, lang, point.channel)).or_default();
        group.points.insert(d.point);
        if seen.accepted.is_some() {
            group.accepted.insert(d.point);
        }
        if let Some(gateway) = point.gateways.get(usize::from(d.gateway)) {
            group.forms.insert((*gateway, inc.trailer(d).cloned()));
        }
    }
    // Nobody's address: the page itself. Nothing of a drill stands there.
    let published = |e: &&Entry| e.public && matches!(e.state, EntryState::Released { .. });
    for entry in inc.entries.iter().filter(published).filter(|_| !inc.is_drill()) {
        for lang in inc.message(entry.message).into_iter().flat_map(|m| m.texts.keys()) {
            all.entry((entry.message, *lang, Channel::Web)).or_default();
        }
    }
    all
}

/// What is compared with.
struct Released<'r> {
    number: String,
    draft: &'r Draft,
    mark: Option<&'r str>,
    marks: &'r [&'r str],
}

impl Released<'_> {
    /// Compares one form with the text that was released.
    fn compare(&self, kind: Kind, units: &[String]) -> Result<(), String> {
        let whole = match kind {
            Kind::Fax => vec![units.join("\u{c}")],
            _ => units.to_vec(),
        };
        let shown = |(order, text): (u64, String)| Shown { to: String::new(), text, order, gateway: String::new() };
        let shown: Vec<Shown> = (0..).zip(whole).map(shown).collect();
        // What is read may be quoted in what went wrong: that it is wrong is enough here.
        let all = received(&shown, self.marks, |_| Some(kind)).map_err(|_| "is not of the form of a text")?;
        let [one] = &all[..] else { return Err(format!("holds {} texts", all.len())) };
        let header = (one.mark.as_deref(), one.number.as_str(), one.fingerprint.as_deref());
        if header != (self.mark, self.number.as_str(), Some(self.draft.fingerprint.as_str())) {
            return Err("has another header".into());
        }
        one.trailer_after(self.draft.text.as_str()).map(drop).map_err(|_| "holds another text".into())
    }
}

/// A row for each text, language and channel.
pub(super) fn identical(reading: &Reading, inc: &Incident, make: MakeForm<'_>) -> Vec<IdenticalText> {
    let marks: Vec<&str> = inc.plan.words.values().map(|w| w.mark.as_str()).collect();
    let row = |((seq, lang, channel), group): ((u32, Lang, Channel), Group)| {
        let message = inc.message(seq).filter(|m| m.released_at.is_some())?;
        let draft = message.texts.get(&lang)?;
        Some(judged(inc, message, (lang, draft), channel, &group, &marks, make))
    };
    groups(reading, inc).into_iter().filter_map(row).collect()
}

fn judged(
    inc: &Incident,
    message: &Message,
    (lang, draft): (Lang, &Draft),
    channel: Channel,
    group: &Group,
    marks: &[&str],
    make: MakeForm<'_>,
) -> IdenticalText {
    let number = inc.number(message.seq);
    let mut row = IdenticalText {
        message: number,
        lang,
        channel,
        fingerprint: draft.fingerprint,
        addresses: count(group.points.len()),
        handed_over: count(group.accepted.len()),
        sent_as: SentAs::of(channel),
        units_min: None,
        units_max: None,
        forms: 0,
        identical: Identical::NotKnown,
        unknown: None,
        detail: None,
    };
    let written = number.written(&inc.plan.words(lang).drill_prefix);
    // Counted anew: what the journal keeps as the text must still be what was approved.
    if fingerprint(&written, message.audience.as_str(), lang.as_str(), draft.text.as_str())
        != draft.fingerprint.as_str()
    {
        row.identical = Identical::Differs;
        row.detail = Some("the text does not have its fingerprint".into());
        return row;
    }
    let unknown = match channel {
        Channel::Web => match message.page_equal {
            Some(true) => {
                row.identical = Identical::Whole;
                return row;
            }
            // It showed something else, or could not be read: the journal has one word for both.
            Some(false) => Some(Unknowable::NotSeenEqual),
            None => Some(Unknowable::NotReadBack),
        },
        Channel::Manual => Some(Unknowable::Carried),
        _ if inc.stays_here() => Some(Unknowable::StaysHere),
        Channel::Sms | Channel::Email | Channel::Fax | Channel::Paging => None,
    };
    if unknown.is_some() {
        row.unknown = unknown;
        return row;
    }
    let Some(body) = outgoing(inc, Item::Message(message.seq), lang) else {
        row.unknown = Some(Unknowable::NotMade);
        return row;
    };
    let mark = body.mark().map(Mark::as_str);
    let released = Released { number: written, draft, mark, marks };
    row.identical = Identical::Whole;
    if group.forms.len() > FORMS_MAX {
        (row.identical, row.unknown) = (Identical::NotKnown, Some(Unknowable::TooMany));
    }
    for (gateway, chosen) in group.forms.iter().take(FORMS_MAX) {
        let capability = &inc.plan.gateway(*gateway).capability;
        let (lead, trailer) = chosen.as_deref().map(around).unwrap_or_default();
        let led = lead.map(|lead| body.led_by(lead));
        let form = Form { out: led.as_ref().unwrap_or(&body), trailer, channel, capability, lang };
        let units = match make(&form) {
            Ok(units) => units,
            Err(why) => {
                (row.identical, row.unknown, row.detail) = (Identical::NotKnown, Some(Unknowable::NotMade), Some(why));
                continue;
            }
        };
        row.forms += 1;
        let kind = Kind::of(capability);
        // A telephone joins its SMS: it shows one.
        let joined = || fit::units(form.out, trailer, capability).unwrap_or(1);
        let n = if kind == Kind::Joined { joined() } else { count(units.len()) };
        row.units_min = Some(row.units_min.map_or(n, |least| least.min(n)));
        row.units_max = Some(row.units_max.map_or(n, |most| most.max(n)));
        if let Err(why) = released.compare(kind, &units) {
            (row.identical, row.unknown) = (Identical::Differs, None);
            row.detail = Some(format!("over {}: {why}", inc.plan.gateway(*gateway).id));
            return row;
        }
    }
    row
}
