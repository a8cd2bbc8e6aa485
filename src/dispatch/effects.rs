//! From what was committed to what gateways get: jobs with shared bodies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::links::{LinkKey, link};
use super::queue::Queued;
use crate::clock::mono;
use crate::config::Contacts;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{DeliveryId, GatewayId, GatewayIx, IncidentNo, Status};
use crate::domain::incident::asks;
use crate::domain::incident::gateways::TEST_TTL_S;
use crate::domain::incident::render::mode_line;
use crate::domain::incident::state::{Delivery, Incident, SYSTEM_NOTES, State};
use crate::domain::incident::system_notes::ways_left;
use crate::domain::incident::trailers::around;
use crate::domain::incident::values::{Item, Kind};
use crate::domain::lang::Lang;
use crate::domain::plan::{AnswerRule, Channel, Plan};
use crate::domain::text::Outgoing;
use crate::domain::text::fit::units;
use crate::domain::time::At;
use crate::domain::words::NoteWord;
use crate::gateways::{Address, Job, MessageContext};

/// What stands around texts, and is not the domain's.
#[derive(Clone, Debug)]
pub struct Env {
    /// Where the public page is reached: links and QR codes. Empty: none are made.
    pub public_url: String,
    /// Makes answer links.
    pub link_key: Arc<LinkKey>,
}

/// Jobs per gateway.
pub type Jobs = BTreeMap<GatewayId, Vec<Queued>>;

/// Bodies of one item in one language.
struct Body {
    out: Arc<Outgoing>,
    head: Arc<MessageContext>,
}

/// What jobs are made of, and when.
#[derive(Clone, Copy, Debug)]
pub struct Maker<'a> {
    pub state: &'a State,
    pub env: &'a Env,
    /// The journal's last seal, for paper.
    pub foot: &'a str,
    /// Now: what has grown old has less time left (RULES D13).
    pub now: At,
}

impl Maker<'_> {
    /// Makes the jobs of an incident's deliveries with these ordinals. Bodies are shared by all receivers of a language, trailers
    /// by all who are asked the same.
    pub fn jobs(self, inc: &Incident, contacts: &Contacts, ordinals: impl Iterator<Item = u32>, into: &mut Jobs) {
        self.make(inc, contacts, ordinals, &leaves, into);
    }

    /// As [`Maker::jobs`], of those that a gateway accepted and of which no more is known: for what the far end is asked about
    /// after a restart, never to be sent.
    pub fn accepted(self, inc: &Incident, contacts: &Contacts, ordinals: impl Iterator<Item = u32>, into: &mut Jobs) {
        self.make(inc, contacts, ordinals, &|s| s == DeliveryState::Accepted, into);
    }

    /// The job of a note that belongs to no incident.
    pub fn system_note(self, ordinal: u32, contacts: &Contacts, into: &mut Jobs) {
        let Self { state, now, .. } = self;
        let Some(note) = state.system_notes.get(ordinal) else { return };
        let Some(plan) = state.plans.get(&note.plan) else { return };
        let point = plan.point(note.send.point);
        let lang = plan.region.languages.get(usize::from(note.send.lang)).copied().unwrap_or(plan.lang());
        let (Some(gateway), Some(to)) =
            (point.gateways.get(usize::from(note.send.gateway)), contacts.address(note.send.point))
        else {
            return;
        };
        let test = note.word == NoteWord::Test;
        let ttl_s = if test { TEST_TTL_S } else { plan.region.limits.delivery_ttl_s };
        let waits = note.state != DeliveryState::Accepted;
        let Some(out) = asks::system_note_outgoing(note.word, note.text.as_str()) else { return };
        let head = MessageContext {
            sender: plan.region.name.clone(),
            lang,
            title: plan.region.name.clone(),
            mode_line: String::new(),
            page_url: String::new(),
            thread: format!("system@{}", plan.region.id),
            priority: note_priority(note.word),
            foot: String::new(),
        };
        let job = Job {
            delivery: DeliveryId { incident: SYSTEM_NOTES, ordinal },
            to: Address(to.clone()),
            out: Arc::new(out),
            head: Arc::new(head),
            trailer: None,
            link: None,
            repeat: false,
            ttl_s: ttl_s.saturating_sub(if waits { now.seconds_since(note.at) } else { 0 }),
        };
        // A test asks about this gateway, now: it neither waits for it to get well nor outlives its question.
        into.entry(plan.gateway(*gateway).id.clone()).or_default().push(Queued {
            job,
            last_path: !test && ways_left(state, note, now).is_empty(),
            since: mono(),
            if_repeated: None,
        });
    }

    /// What is left of the time of a delivery, from when it was planned over whichever way first.
    fn left_s(self, inc: &Incident, d: &Delivery) -> u32 {
        inc.plan.region.limits.delivery_ttl_s.saturating_sub(self.now.seconds_since(inc.opened + d.planned_s))
    }

    fn make(
        self,
        inc: &Incident,
        contacts: &Contacts,
        ordinals: impl Iterator<Item = u32>,
        wanted: &dyn Fn(DeliveryState) -> bool,
        into: &mut Jobs,
    ) {
        let Self { state, env, foot, .. } = self;
        let plan: &Plan = &inc.plan;
        if inc.stays_here() {
            // The one place where a text meets an address: of what is held at a table no job is made (RULES D18).
            return;
        }
        let since = mono();
        let mut bodies: HashMap<(Item, u8), Option<Body>> = HashMap::new();
        let mut led: HashMap<(Item, u8, String), Arc<Outgoing>> = HashMap::new();
        let mut repeated: HashMap<(Item, u8, GatewayIx, u32), Option<Arc<Outgoing>>> = HashMap::new();
        for ordinal in ordinals {
            let Some(d) = inc.deliveries.get(ordinal as usize).copied() else { continue };
            if !wanted(d.state) {
                continue;
            }
            let may_be_out = d.state != DeliveryState::Queued;
            let lang = plan.region.languages.get(usize::from(d.lang)).copied().unwrap_or(plan.lang());
            let point = plan.point(d.point);
            let Some(gateway) = point.gateways.get(usize::from(d.gateway)).copied() else { continue };
            if inc.is_away(&plan.gateway(gateway).id) {
                // No way of the drill leads there, and whoever makes jobs says that it failed.
                continue;
            }
            let (item, id) = (d.item(), DeliveryId { incident: inc.no, ordinal });
            let body = bodies.entry((item, d.lang)).or_insert_with(|| body(state, inc, env, foot, item, lang));
            let (Some(body), Some(to)) = (body.as_ref(), contacts.address(d.point)) else { continue };
            // As it was planned, word for word: it stands in the event, and nothing here chooses another.
            let (lead, trailer) = inc.trailer(&d).map(|chosen| around(chosen)).unwrap_or_default();
            let out = match lead {
                None => body.out.clone(),
                Some(lead) => {
                    let key = (item, d.lang, lead.to_owned());
                    led.entry(key).or_insert_with(|| Arc::new(body.out.led_by(lead))).clone()
                }
            };
            let trailer: Option<Arc<str>> = trailer.map(Arc::from);
            let asks = trailer.is_some();
            let approval = matches!(item, Item::Note(n) if inc.notes.get(n as usize).is_some_and(|n| n.word == NoteWord::ApprovalWanted));
            let links = (asks || approval) && !env.public_url.is_empty();
            let mail = links && point.channel == Channel::Email;
            // An approver reads the whole text first: on a telephone that is behind the link (RULES B2), where it has room. The
            // link is a key to one delivery, and stands in no event.
            let trailer = trailer.or_else(|| {
                let url = (links && approval && point.channel == Channel::Sms)
                    .then(|| link(&env.link_key, &env.public_url, id))?;
                units(&body.out, Some(&url), &plan.gateway(gateway).capability).is_ok().then(|| Arc::from(url))
            });
            // What may be there already says so, where there is room for it (RULES G4).
            let planned_repeat = d.flags & Delivery::REPEAT != 0;
            let if_repeated = repeated.entry((item, d.lang, gateway, d.trailer)).or_insert_with(|| {
                let marked = repeat_of(&out, &plan.words(lang).repeated, planned_repeat)?;
                units(&marked, trailer.as_deref(), &plan.gateway(gateway).capability).is_ok().then(|| Arc::new(marked))
            });
            let mut if_repeated = if_repeated.clone();
            // What was accepted is followed as it was sent, and goes out no more.
            let marks = may_be_out && d.state != DeliveryState::Accepted;
            let out = if marks { if_repeated.take().unwrap_or(out) } else { out };
            let job = Job {
                delivery: id,
                to: Address(to.clone()),
                out,
                head: body.head.clone(),
                trailer,
                link: mail.then(|| Arc::from(link(&env.link_key, &env.public_url, id))),
                repeat: planned_repeat || may_be_out,
                ttl_s: if d.state == DeliveryState::Accepted {
                    plan.region.limits.delivery_ttl_s
                } else {
                    self.left_s(inc, &d)
                },
            };
            let waits = point.gateways.len() <= 1 || d.flags & Delivery::WAITS != 0;
            let last_path = waits || is_last(&inc.tried(ordinal), point.gateways.len());
            into.entry(plan.gateway(gateway).id.clone()).or_default().push(Queued {
                job,
                last_path,
                since,
                if_repeated,
            });
        }
    }
}

/// What is handed to a gateway.
fn leaves(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Queued | DeliveryState::Unknown | DeliveryState::Attempting)
}

/// A text that may be there already, which says so before anything else that stands before it; none where it says so as planned.
fn repeat_of(out: &Outgoing, word: &str, planned: bool) -> Option<Outgoing> {
    if planned || word.is_empty() {
        return None;
    }
    Some(out.led_by(&out.lead().map_or_else(|| word.to_owned(), |lead| format!("{word}. {lead}"))))
}

/// All ways of a point were tried, its own included: a way that the incident impairs is tried last, wherever it stands in the
/// point's list, so that its place there says nothing.
fn is_last(tried: &[u8], ways: usize) -> bool {
    (0..ways).all(|place| tried.iter().any(|t| usize::from(*t) == place))
}

fn body(state: &State, inc: &Incident, env: &Env, foot: &str, item: Item, lang: Lang) -> Option<Body> {
    let out = asks::outgoing(inc, item, lang)?;
    let plan = &inc.plan;
    let priority = match item {
        // A note is a question to one duty: it goes before what is told to many. What became of an answer goes last.
        Item::Note(n) => inc.notes.get(n as usize).map_or(0, |n| note_priority(n.word)),
        Item::Message(m) => {
            let kind = inc.message(m).map_or(Kind::Update, |m| m.kind);
            let asked = inc.entries.iter().any(|e| e.message == m && e.answer != AnswerRule::None);
            kind.priority() * 2 + u8::from(!asked)
        }
    };
    let head = MessageContext {
        sender: plan.region.name.clone(),
        lang,
        title: inc.headline().get(lang).to_owned(),
        mode_line: mode_line(plan, &state.modes_for(inc), lang),
        page_url: page_url(env, inc.no),
        thread: thread(inc.no, &plan.region.id),
        priority,
        foot: foot.into(),
    };
    Some(Body { out: Arc::new(out), head: Arc::new(head) })
}

/// Behind every kind of message.
const AFTER_ALL_PRIORITY: u8 = u8::MAX - 1;
/// Below every kind of message (RULES C13).
const IN_RETURN_PRIORITY: u8 = u8::MAX;

fn note_priority(word: NoteWord) -> u8 {
    match word {
        // Behind the all clear of the same drill.
        NoteWord::DrillIsOver => AFTER_ALL_PRIORITY,
        _ if word.is_in_return() => IN_RETURN_PRIORITY,
        _ => 0,
    }
}

/// The incident's page, for QR codes.
pub fn page_url(env: &Env, no: IncidentNo) -> String {
    if env.public_url.is_empty() || no.status == Status::Exercise {
        return String::new();
    }
    format!("{}/i/{}", env.public_url.trim_end_matches('/'), no.n)
}

fn thread(no: IncidentNo, region: &str) -> String {
    let drill = if no.status == Status::Exercise { "x" } else { "" };
    format!("incident-{drill}{}@{region}", no.n)
}
