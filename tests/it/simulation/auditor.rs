//! Judges a run by what the journal says and what far devices and gateways saw. Its model is its own: it reads records as
//! facts, asks no rule of the program what they mean, and reads texts by the grammar alone (`sim::verify`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::{DeliveryId, FunctionId, FunctionIx, GatewayId, IncidentNo, PointIx, Status};
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::after::{AfterChange, Progress};
use vardkase::domain::incident::event::{Batch, Change, Event, GatewayChange};
use vardkase::domain::incident::state::{Delivery, SYSTEM_NOTES};
use vardkase::domain::incident::values::Standing;
use vardkase::domain::incident::values::{Item, Kind, Phase, ReleasedBy};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::{AnswerRule, Audience, Capability, Channel, Hours, Plan};
use vardkase::domain::time::At;
use vardkase::sim::Shown;
use vardkase::sim::verify::{self, Kind as Lies};

use super::world::{DiskIs, Seen, short};

/// A timer that fires so much after its time is still in time: the disk may have been silent (ms).
const GRACE_MS: i64 = 25_000;
/// A disk that is well again has all that waited by then.
const WRITTEN_AGAIN_MS: i64 = 5_000;
/// A public text must be read back by then, or an alarm be raised.
const READ_BACK_S: u32 = 120;
/// A point is told for whom else it answers at most each five minutes, give or take what comes along.
const NAMED_AGAIN_S: u32 = 295;
const MARKS: [&str; 2] = ["ÖVNING", "EXERCISE"];

/// A configuration, by its hash.
pub struct Config {
    pub plan: Arc<Plan>,
    pub addresses: Vec<String>,
}

/// A record of the journal.
pub struct Record {
    pub seq: u64,
    pub at: At,
    pub event: Event,
}

struct Text {
    audience: Audience,
    kind: Kind,
    texts: BTreeMap<Lang, (String, String)>,
    stopped: Option<At>,
}

struct Entry {
    to: Vec<FunctionId>,
    audience: Audience,
    public: bool,
    message: u32,
    /// It waits for approval until then; in a standing alarm or not.
    waits: Option<(At, bool)>,
    quiet: Option<At>,
    ended: bool,
}

#[derive(PartialEq)]
enum AskIs {
    Waiting,
    Answered,
    NotReached,
    Closed,
}

struct Ask {
    function: FunctionId,
    rule: AnswerRule,
    /// Something must have happened to it by then.
    by: At,
    is: AskIs,
}

struct Sent {
    seq: u64,
    at: At,
    item: Item,
    functions: Vec<FunctionId>,
    addresses: BTreeSet<String>,
    gateway: GatewayId,
    channel: Channel,
    results: Vec<(u64, DeliveryState)>,
    withdrawn: bool,
    passed_on: bool,
    other_text: bool,
}

struct Inc {
    plan: Arc<Plan>,
    hashes: Vec<String>,
    /// Who reported, where the playbook asks for four eyes.
    never_approves: Option<FunctionIx>,
    open: bool,
    texts: Vec<Text>,
    notes: Vec<String>,
    entries: Vec<Entry>,
    asks: Vec<Ask>,
    sent: Vec<Sent>,
    /// (message, functions) that people walk.
    errands: Vec<(u32, Vec<FunctionId>)>,
    /// Public texts that are out: by when they must be read back.
    pages: BTreeMap<u32, At>,
    /// Which message addressed which function, over what.
    addressed: Vec<(u64, u32, FunctionId, bool)>,
    attempted: BTreeSet<FunctionId>,
    archived: bool,
    /// The record at which a drill was over: after it nothing but that is said (RULES D16).
    drill_over: Option<u64>,
    /// When which number went to which point by itself: not over another way, not at a shift. And whether as a reminder.
    told: BTreeMap<(PointIx, u32), Vec<(At, bool)>>,
    opened: At,
    /// Who stood behind the report, and behind the newest news.
    reported_by: Option<Actor>,
    news_by: Option<Actor>,
    /// People gave news at that moment.
    news_at: Option<At>,
    /// Entries that the public sees and somebody said yes to just now.
    said_yes: Vec<(At, u32)>,
    /// Whether each improvement is to be made yet; that none is needed; and how often it was told that the plan is missing.
    improvements: Vec<bool>,
    none_needed: bool,
    plan_missed: u32,
}

struct Auditor<'a> {
    configs: &'a BTreeMap<String, Config>,
    /// From and until when the program ran.
    lives: Vec<(At, At)>,
    incidents: BTreeMap<IncidentNo, Inc>,
    /// How gateways stand on record; the smallest is the best.
    ways: BTreeMap<GatewayId, u8>,
    out: BTreeSet<GatewayId>,
    wrong: Vec<String>,
}

/// All that is wrong with a run.
pub fn audit(configs: &BTreeMap<String, Config>, records: &[Record], log: &[(At, Seen)], end: At) -> Vec<String> {
    let mut lives: Vec<(At, At)> = Vec::new();
    let (mut bad_since, mut well_since) = (None, None);
    for (at, seen) in log {
        match seen {
            Seen::Start { .. } => lives.push((*at, end)),
            Seen::Disk(DiskIs::Fine) => well_since = Some(*at),
            Seen::Disk(_) => (bad_since, well_since) = (Some(*at), None),
            Seen::End { durable, .. } => {
                let Some(life) = lives.last_mut() else { continue };
                life.1 = *at;
                let unwritten = well_since.is_none_or(|well: At| at.0 - well.0 < WRITTEN_AGAIN_MS);
                if let Some(bad) = bad_since.filter(|_| unwritten) {
                    // What it did from memory went down with it, and is done again: only what was written is seen.
                    let written = records.iter().filter(|r| r.seq <= *durable && r.at <= *at).map(|r| r.at).max();
                    life.1 = written.map_or(bad, |w| w.max(bad)).max(life.0);
                }
            }
            _ => {}
        }
    }
    let mut a = Auditor {
        configs,
        lives,
        incidents: BTreeMap::new(),
        ways: BTreeMap::new(),
        out: BTreeSet::new(),
        wrong: Vec::new(),
    };
    let mut last = At(i64::MIN);
    for r in records {
        if r.at < last {
            a.wrong.push(format!("#{}: time goes back", r.seq));
        }
        last = r.at;
        match &r.event {
            Event::Incident { no, change } => a.change(r.seq, r.at, *no, change),
            Event::After { incident, by, change, .. } => a.afterwards(r.seq, *incident, by.is_some(), change),
            Event::Gateway { change } => a.gateway(change),
            _ => {}
        }
    }
    a.at_the_end(end);
    let ghosts = a.ghosts(log);
    a.takes(log, &ghosts);
    a.repeats(log);
    a.shown(log, &ghosts);
    a.done(records, log);
    a.wrong.truncate(20);
    a.wrong
}

impl Auditor<'_> {
    /// When a timer that is due must have fired, seen when the program ran.
    fn latest(&self, due: At) -> At {
        for (from, until) in &self.lives {
            let start = due.max(*from);
            let by = At(start.0 + GRACE_MS);
            if by <= *until {
                return by;
            }
        }
        At(i64::MAX)
    }

    fn gateway(&mut self, change: &GatewayChange) {
        match change {
            GatewayChange::Stands { gateway, standing, .. } => {
                let rank = match standing {
                    Standing::Healthy => 0,
                    Standing::Suspect => 1,
                    Standing::Down => 2,
                };
                self.ways.insert(gateway.clone(), rank);
            }
            GatewayChange::TakenOut { gateway, .. } => drop(self.out.insert(gateway.clone())),
            GatewayChange::PutBack { gateway, .. } => drop(self.out.remove(gateway)),
            _ => {}
        }
    }

    fn rank(&self, gateway: &GatewayId) -> u8 {
        if self.out.contains(gateway) { 3 } else { self.ways.get(gateway).copied().unwrap_or(0) }
    }

    fn in_time(&mut self, seq: u64, at: At, due: At, what: impl FnOnce() -> String) {
        if at > self.latest(due) {
            self.wrong.push(format!("#{seq}: {} was due at {due}, and nothing happened until {at}", what()));
        }
    }

    fn change(&mut self, seq: u64, at: At, no: IncidentNo, change: &Change) {
        if let Change::Opened { plan, playbook, by, .. } = change {
            let Some(config) = self.configs.get(plan) else {
                self.wrong.push(format!("#{seq}: {no} opens with a plan that nobody gave"));
                return;
            };
            let inc = Inc {
                plan: config.plan.clone(),
                hashes: vec![plan.clone()],
                never_approves: config.plan.playbooks.get(playbook).is_some_and(|p| p.four_eyes).then_some(*by),
                open: true,
                texts: Vec::new(),
                notes: Vec::new(),
                entries: Vec::new(),
                asks: Vec::new(),
                sent: Vec::new(),
                errands: Vec::new(),
                pages: BTreeMap::new(),
                addressed: Vec::new(),
                attempted: BTreeSet::new(),
                archived: false,
                drill_over: None,
                told: BTreeMap::new(),
                opened: at,
                reported_by: None,
                news_by: None,
                news_at: Some(at),
                said_yes: Vec::new(),
                improvements: Vec::new(),
                none_needed: false,
                plan_missed: 0,
            };
            if self.incidents.insert(no, inc).is_some() {
                self.wrong.push(format!("#{seq}: {no} opens twice"));
            }
            return;
        }
        let Some(mut inc) = self.incidents.remove(&no) else {
            self.wrong.push(format!("#{seq}: {no} was never opened"));
            return;
        };
        self.change_of(seq, at, no, &mut inc, change);
        self.incidents.insert(no, inc);
    }

    /// What is written when it is over (RULES D20): improvements are counted without a gap and planned of what has ended, and nobody is
    /// told that a plan is missing that is there, nor more than twice.
    fn afterwards(&mut self, seq: u64, no: IncidentNo, somebody: bool, change: &AfterChange) {
        let Some(inc) = self.incidents.get_mut(&no) else {
            self.wrong.push(format!("#{seq}: {no} was never opened, and is written of"));
            return;
        };
        let mut wrong = |what: &str| self.wrong.push(format!("#{seq}: {no} {what}"));
        if inc.open && !matches!(change, AfterChange::Remark(_) | AfterChange::Feedback(_)) {
            wrong("a plan of improvements, before it is over");
        }
        if somebody == matches!(change, AfterChange::PlanMissing(_) | AfterChange::Forgotten) {
            wrong("who wrote it is not said, or is who did not");
        }
        match change {
            AfterChange::Improvement(i) => {
                let (n, open) = (i.id as usize, i.progress == Progress::Open);
                let known = inc.improvements.len();
                match inc.improvements.get_mut(n.wrapping_sub(1)) {
                    Some(before) => *before = open,
                    None if n == known + 1 && open => inc.improvements.push(open),
                    None => wrong("an improvement with a number that it can't have"),
                }
                if i.action.is_empty() || !open && i.verified.is_empty() {
                    wrong("an improvement without what is to be done, or ended without a word");
                }
                inc.none_needed &= !open;
            }
            AfterChange::NoneNeeded(_) if inc.improvements.contains(&true) => wrong("none is needed, beside one"),
            AfterChange::NoneNeeded(_) => inc.none_needed = true,
            AfterChange::PlanMissing(n) => {
                inc.plan_missed += 1;
                if *n != inc.plan_missed || *n > 2 || inc.none_needed || !inc.improvements.is_empty() {
                    wrong("the plan is missing, it is told, and it is not so, or too often");
                }
            }
            AfterChange::Remark(_) | AfterChange::Feedback(_) | AfterChange::Rated(_) | AfterChange::Forgotten => {}
        }
    }

    fn change_of(&mut self, seq: u64, at: At, no: IncidentNo, inc: &mut Inc, change: &Change) {
        let plan = inc.plan.clone();
        let id = |f: &FunctionIx| plan.function(*f).id.clone();
        for entry in inc.said_yes.extract_if(.., |(then, _)| *then != at).map(|(_, entry)| entry).collect::<Vec<_>>() {
            self.wrong
                .push(format!("#{seq}: {no} nobody stands behind the yes to entry {entry}, which the public sees"));
        }
        match change {
            Change::Acted { who, told, .. } => {
                for (_, entry) in inc.said_yes.drain(..) {
                    if [&inc.reported_by, &inc.news_by].into_iter().flatten().any(|before| before == who) {
                        let what = "one pair of eyes told and approved what the public sees";
                        self.wrong.push(format!("#{seq}: {no} {what}, entry {entry}"));
                    }
                }
                let news = inc.news_at.take() == Some(at);
                if news != *told {
                    self.wrong.push(format!("#{seq}: {no} who acted gave news: {news}, and the record says {told}"));
                }
                match news {
                    true if at == inc.opened => inc.reported_by = Some(who.clone()),
                    true => inc.news_by = Some(who.clone()),
                    false => {}
                }
            }
            Change::FactsSet { by: Some(_), .. } | Change::ScopeSet { by: Some(_), .. } | Change::DownNamed { .. } => {
                inc.news_at = Some(at)
            }
            Change::Drafted { message } => {
                let number = |lang: &Lang| format!("{}-{}", no.written(&plan.words(*lang).drill_prefix), message.seq);
                let mut texts = BTreeMap::new();
                for (lang, d) in &message.texts {
                    let print =
                        verify::fingerprint(&number(lang), message.audience.as_str(), lang.as_str(), d.text.as_str());
                    if print != d.fingerprint.as_str() {
                        self.wrong.push(format!("#{seq}: {} has the fingerprint {}", number(lang), d.fingerprint));
                    }
                    texts.insert(*lang, (print, d.text.to_string()));
                }
                if message.seq as usize != inc.texts.len() + 1 {
                    self.wrong.push(format!("#{seq}: {no} numbers its texts {}", message.seq));
                }
                inc.texts.push(Text { audience: message.audience, kind: message.kind, texts, stopped: None });
            }
            Change::EntryAdded { entry } => {
                // A drill trains the approval of a public text too; it is published nowhere (RULES D1).
                if no.status == Status::Exercise && entry.audience == Audience::Outside {
                    self.wrong.push(format!("#{seq}: a drill addresses the {}", entry.audience));
                }
                inc.entries.push(Entry {
                    to: entry.to.iter().map(id).collect(),
                    audience: entry.audience,
                    public: entry.public,
                    message: entry.message,
                    waits: None,
                    quiet: None,
                    ended: false,
                });
            }
            Change::EntryMoved { entry, message } => {
                if let Some(e) = inc.entries.get_mut(*entry as usize) {
                    e.message = *message;
                }
            }
            Change::ApprovalAsked { entry, approval } => {
                let Some(e) = inc.entries.get_mut(*entry as usize) else { return };
                let before = e.waits.replace((approval.due, approval.held));
                e.quiet = None;
                if let Some((due, _)) = before {
                    self.in_time(seq, at, due, || format!("{no} approval of entry {entry}"));
                    let moved_later = approval.due > due && at < due;
                    if moved_later && !approval.extended {
                        self.wrong.push(format!("#{seq}: {no} the deadline of entry {entry} moves later by itself"));
                    }
                }
            }
            Change::Quieted { entry, until } => {
                if let Some(e) = inc.entries.get_mut(*entry as usize) {
                    e.quiet = Some(*until);
                }
            }
            Change::EntryDropped { entry, .. } => self.entry_ends(seq, at, no, inc, *entry),
            Change::Released { entry, by, batches, asks, also, .. } => {
                if matches!(by, ReleasedBy::Approval(f) if Some(*f) == inc.never_approves) {
                    self.wrong.push(format!("#{seq}: {no} who reported approves entry {entry} alone"));
                }
                self.entry_ends(seq, at, no, inc, *entry);
                let Some(e) = inc.entries.get(*entry as usize) else { return };
                let (message, public, to) = (e.message, e.public, e.to.clone());
                if matches!(by, ReleasedBy::Approval(_)) && (public || e.audience == Audience::Public) {
                    inc.said_yes.push((at, *entry));
                }
                if public && no.status == Status::Actual {
                    inc.pages.entry(message).or_insert(at + READ_BACK_S);
                }
                inc.attempted.extend(to.iter().cloned());
                inc.attempted.extend(also.iter().map(id));
                for f in to {
                    inc.addressed.push((seq, message, f, public));
                }
                for b in batches {
                    self.batch(seq, at, no, inc, b, true);
                    self.few(seq, at, no, inc, b);
                }
                for a in asks {
                    let by = a.due + a.due.seconds_since(at);
                    inc.asks.push(Ask { function: id(&a.function), rule: a.rule, by, is: AskIs::Waiting });
                }
            }
            Change::AskedAgain { batch, asks, .. } => {
                self.batch(seq, at, no, inc, batch, true);
                for a in asks {
                    let by = a.due + a.due.seconds_since(at);
                    inc.asks.push(Ask { function: id(&a.function), rule: a.rule, by, is: AskIs::Waiting });
                }
            }
            Change::NoteSent { text, batch, .. } => {
                inc.notes.push(text.as_str().to_owned());
                self.batch(seq, at, no, inc, batch, true);
            }
            Change::Escalated { ask, to, due, batch, .. } => {
                self.ask_moves(seq, at, no, inc, *ask);
                if let Some(a) = inc.asks.get_mut(*ask as usize) {
                    // Its time may have been up while somebody had answered.
                    (a.is, a.by) = (AskIs::Waiting, (*due).max(at));
                }
                inc.attempted.extend(to.iter().map(id));
                self.batch(seq, at, no, inc, batch, true);
                self.few(seq, at, no, inc, batch);
            }
            Change::Reminded { batch, .. } | Change::Told { batch, .. } => {
                self.batch(seq, at, no, inc, batch, true);
                self.few(seq, at, no, inc, batch);
            }
            Change::Rerouted { from, batch } => {
                if let Some(d) = inc.sent.get_mut(*from as usize) {
                    d.passed_on = true;
                }
                self.batch(seq, at, no, inc, batch, false);
            }
            Change::Answered { asks, .. } => self.asks_become(seq, at, no, inc, asks, || AskIs::Answered),
            Change::NotReached { asks } => self.asks_become(seq, at, no, inc, asks, || AskIs::NotReached),
            Change::AsksClosed { asks, .. } => self.asks_become(seq, at, no, inc, asks, || AskIs::Closed),
            Change::Unanswered { ask, due, .. } => {
                if let Some(a) = inc.asks.get_mut(*ask as usize) {
                    // Its time may have been up while somebody had answered.
                    (a.is, a.by) = (AskIs::Waiting, (*due).max(at));
                }
            }
            Change::Results { results } => {
                for r in results {
                    match inc.sent.get_mut(r.ordinal as usize) {
                        Some(d) => d.results.push((seq, r.state)),
                        None => self.wrong.push(format!("#{seq}: {no} has no delivery {}", r.ordinal)),
                    }
                }
            }
            Change::Withdrawn { ordinals } => {
                for o in ordinals {
                    if let Some(d) = inc.sent.get_mut(*o as usize) {
                        d.withdrawn = true;
                    }
                }
            }
            Change::Stopped { message, .. } => {
                inc.news_at = Some(at);
                inc.pages.remove(message);
                if let Some(t) = inc.texts.get_mut(*message as usize - 1) {
                    t.stopped = Some(at);
                }
            }
            Change::PageChecked { message, .. } => {
                if no.status == Status::Exercise {
                    self.wrong.push(format!("#{seq}: {no} a drill is said to stand on the public page"));
                }
                if let Some(due) = inc.pages.remove(message) {
                    self.in_time(seq, at, due, || format!("{no} the page with text {message}"));
                }
            }
            Change::DrillOver { .. } => inc.drill_over = Some(seq),
            Change::ErrandAdded { functions, message, .. } => {
                inc.errands.push((*message, functions.iter().map(id).collect()));
            }
            Change::PhaseSet { phase, by, .. } => {
                inc.open = *phase != Phase::Closed;
                inc.news_at = by.map(|_| at).or(inc.news_at);
            }
            Change::Merged { .. } => inc.open = false,
            Change::Adopted { plan, .. } => match self.configs.get(plan) {
                Some(config) => {
                    inc.plan = config.plan.clone();
                    inc.hashes.push(plan.clone());
                    // Points have other places.
                    inc.told.clear();
                    let addresses: Vec<BTreeSet<String>> =
                        inc.sent.iter().map(|s| self.addresses(inc, &s.functions, s.channel)).collect();
                    for (s, more) in inc.sent.iter_mut().zip(addresses) {
                        s.addresses.extend(more);
                    }
                }
                None => self.wrong.push(format!("#{seq}: {no} adopts a plan that nobody gave")),
            },
            Change::Archived => {
                inc.archived = true;
                if inc.open {
                    self.wrong.push(format!("#{seq}: {no} leaves memory while it is open"));
                }
            }
            _ => {}
        }
    }

    fn addresses(&self, inc: &Inc, functions: &[FunctionId], channel: Channel) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for config in inc.hashes.iter().filter_map(|h| self.configs.get(h)) {
            for (p, address) in config.plan.points.iter().zip(&config.addresses) {
                let here = |f: &FunctionIx| functions.contains(&config.plan.function(*f).id);
                if p.channel == channel && p.functions.iter().any(here) {
                    all.insert(address.clone());
                }
            }
        }
        all
    }

    /// `fresh`: nothing was tried before it.
    fn batch(&mut self, seq: u64, at: At, no: IncidentNo, inc: &mut Inc, b: &Batch, fresh: bool) {
        if b.first as usize != inc.sent.len() {
            self.wrong.push(format!("#{seq}: {no} counts its deliveries from {}, not {}", b.first, inc.sent.len()));
        }
        let plan = inc.plan.clone();
        for s in b.sends.iter() {
            let point = plan.point(PointIx(s.point.0));
            let functions: Vec<FunctionId> = point.functions.iter().map(|f| plan.function(*f).id.clone()).collect();
            let gateway = plan.gateway(point.gateways[usize::from(s.gateway)]).id.clone();
            let best = point.gateways.iter().map(|g| self.rank(&plan.gateway(*g).id)).min().unwrap_or(0);
            if fresh && self.rank(&gateway) > best {
                self.wrong.push(format!("#{seq}: {no} goes over {gateway} although there is a better way"));
            }
            let addresses = self.addresses(inc, &functions, point.channel);
            if no.status == Status::Exercise && functions.iter().any(|f| f.as_str() == "town") {
                self.wrong.push(format!("#{seq}: a drill leaves the house"));
            }
            inc.sent.push(Sent {
                seq,
                at,
                item: b.item,
                functions,
                addresses,
                gateway,
                channel: point.channel,
                results: Vec::new(),
                withdrawn: false,
                passed_on: false,
                other_text: b.flags & Delivery::OTHER_TEXT != 0,
            });
        }
    }

    /// A number goes to a point once, once as a reminder, and with names of others at most each five minutes (RULES C12).
    fn few(&mut self, seq: u64, at: At, no: IncidentNo, inc: &mut Inc, b: &Batch) {
        let Item::Message(message) = b.item else { return };
        let reminder = b.flags & Delivery::REMINDER != 0;
        for s in b.sends.iter() {
            let told = inc.told.entry((s.point, message)).or_default();
            let texts: Vec<At> = told.iter().filter(|t| !t.1).map(|t| t.0).collect();
            let again = match (reminder, texts.as_slice()) {
                (true, _) => told.iter().any(|t| t.1),
                // The text itself, and then names.
                (false, [] | [_]) => false,
                (false, [.., last]) => at.seconds_since(*last) < NAMED_AGAIN_S,
            };
            if again {
                let to: Vec<&FunctionId> =
                    inc.plan.point(s.point).functions.iter().map(|f| &inc.plan.function(*f).id).collect();
                self.wrong.push(format!("#{seq}: {no} {message} goes to {to:?} again at {at}, after {told:?}"));
            }
            told.push((at, reminder));
        }
    }

    fn entry_ends(&mut self, seq: u64, at: At, no: IncidentNo, inc: &mut Inc, entry: u32) {
        let Some(e) = inc.entries.get_mut(entry as usize) else { return };
        if std::mem::replace(&mut e.ended, true) {
            self.wrong.push(format!("#{seq}: {no} entry {entry} ends twice"));
        }
        let due = e.waits.take().map(|w| w.0).or(e.quiet.take());
        if let Some(due) = due {
            self.in_time(seq, at, due, || format!("{no} entry {entry}"));
        }
    }

    fn ask_moves(&mut self, seq: u64, at: At, no: IncidentNo, inc: &Inc, ask: u32) {
        if let Some(a) = inc.asks.get(ask as usize)
            && a.is == AskIs::Waiting
            && a.rule == AnswerRule::Required
        {
            let f = a.function.clone();
            self.in_time(seq, at, a.by, || format!("{no} the answer of {f} (ask {ask})"));
        }
    }

    fn asks_become(&mut self, seq: u64, at: At, no: IncidentNo, inc: &mut Inc, asks: &[u32], is: impl Fn() -> AskIs) {
        for id in asks {
            self.ask_moves(seq, at, no, inc, *id);
            match inc.asks.get_mut(*id as usize) {
                Some(a) => a.is = is(),
                None => self.wrong.push(format!("#{seq}: {no} has no ask {id}")),
            }
        }
    }

    /// Everybody or an alarm; no approval waits for ever.
    fn at_the_end(&mut self, end: At) {
        let mut wrong = Vec::new();
        for (no, inc) in &self.incidents {
            for (id, e) in inc.entries.iter().enumerate() {
                if let Some((due, held)) = e.waits {
                    if !held {
                        wrong.push(format!("{no} entry {id} still waits for approval at the end, in no alarm"));
                    }
                    if end > self.latest(due) {
                        wrong.push(format!("{no} entry {id} waits since {due}"));
                    }
                } else if let Some(until) = e.quiet {
                    if end > self.latest(until) {
                        wrong.push(format!("{no} entry {id} is quiet although it is morning: {until}"));
                    }
                } else if !e.ended {
                    wrong.push(format!("{no} entry {id} is neither out, nor waits, nor was given up"));
                }
            }
            for (id, a) in inc.asks.iter().enumerate() {
                if a.is == AskIs::Waiting && !inc.open {
                    wrong.push(format!("{no} ask {id} of {} is open after the end", a.function));
                }
                if a.is == AskIs::Waiting && a.rule == AnswerRule::Required && end > self.latest(a.by) {
                    wrong.push(format!("{no} ask {id}: {} was forgotten, due {}", a.function, a.by));
                }
            }
            for (message, due) in &inc.pages {
                if !inc.archived && end > self.latest(*due) {
                    wrong.push(format!("{no} public text {message} was neither read back nor an alarm, due {due}"));
                }
            }
            self.addressed(*no, inc, &mut wrong);
            dead_ends(*no, inc, &mut wrong);
        }
        self.wrong.extend(wrong);
    }

    /// Each addressed function has a delivery of its own, or people walk.
    fn addressed(&self, no: IncidentNo, inc: &Inc, wrong: &mut Vec<String>) {
        for (seq, message, f, public) in &inc.addressed {
            if *public {
                continue;
            }
            let mut who = vec![f.clone()];
            for config in inc.hashes.iter().filter_map(|h| self.configs.get(h)) {
                let mut now = config.plan.function_ix(f.as_str());
                while let Some(x) = now {
                    now = match config.plan.function(x).hours {
                        Hours::Day { covered_by } => Some(covered_by),
                        Hours::Always => None,
                    };
                    let id = config.plan.function(x).id.clone();
                    if who.contains(&id) && id != *f {
                        break;
                    }
                    who.push(id);
                }
            }
            let reached = |s: &Sent| {
                (s.item == Item::Message(*message) || s.other_text && s.seq == *seq)
                    && s.functions.iter().any(|x| who.contains(x))
            };
            let walked = inc.errands.iter().any(|(m, fs)| m == message && fs.contains(f));
            if !inc.sent.iter().any(reached) && !walked {
                wrong.push(format!("#{seq}: {no} text {message} addresses {f}, and neither sends nor walks"));
            }
        }
    }

    /// Numbers that went out from memory and were given again after a crash: what was never on record can't be known
    /// (invariant 1's one exception).
    fn ghosts(&self, log: &[(At, Seen)]) -> BTreeSet<DeliveryId> {
        let mut ghosts = BTreeSet::new();
        for (at, seen) in log {
            if let Seen::Took { id, excused: true, .. } = seen {
                let sent = self.incidents.get(&id.incident).and_then(|i| i.sent.get(id.ordinal as usize));
                if sent.is_none_or(|s| s.at > *at) {
                    ghosts.insert(*id);
                }
            }
        }
        ghosts
    }

    /// An outcome that nobody knows is repeated once, not again and again (RULES G4).
    fn repeats(&mut self, log: &[(At, Seen)]) {
        let mut unknown: BTreeMap<DeliveryId, u32> = BTreeMap::new();
        for (at, seen) in log {
            match seen {
                // What the program knew went down with it.
                Seen::Start { .. } => unknown.clear(),
                Seen::Told { id, what: "unknown", .. } => {
                    let n = unknown.entry(*id).or_default();
                    *n += 1;
                    if *n > 2 {
                        self.wrong.push(format!("{at}: {id} went out {n} times, each time with nobody knowing"));
                    }
                }
                _ => {}
            }
        }
    }

    /// What gateways took: committed before, never again once it is known to be accepted, to the right address, marked when it
    /// may be a repeat.
    fn takes(&mut self, log: &[(At, Seen)], ghosts: &BTreeSet<DeliveryId>) {
        let mut uncertain: BTreeMap<DeliveryId, bool> = BTreeMap::new();
        for (at, seen) in log {
            match seen {
                Seen::Told { id, certain, .. } => {
                    if *certain {
                        uncertain.insert(*id, false);
                    }
                }
                Seen::Took { gateway, id, to, durable, excused, repeat } => {
                    if id.incident == SYSTEM_NOTES || ghosts.contains(id) {
                        continue;
                    }
                    let before = uncertain.insert(*id, true);
                    if before == Some(true) && !repeat && !excused {
                        self.wrong.push(format!("{at}: {id} may be a repeat and does not say so"));
                    }
                    let sent = self.incidents.get(&id.incident).and_then(|i| i.sent.get(id.ordinal as usize));
                    let Some(sent) = sent else {
                        if !excused {
                            self.wrong.push(format!("{at}: {gateway} took {id}, which is in no journal"));
                        }
                        continue;
                    };
                    if *excused {
                        continue;
                    }
                    // Its time counts on while nothing runs (RULES D13).
                    let ttl_s = self.incidents.get(&id.incident).map_or(0, |i| i.plan.region.limits.delivery_ttl_s);
                    if at.seconds_since(sent.at) > ttl_s + 60 {
                        let since = sent.at;
                        self.wrong.push(format!("{at}: {gateway} took {id}, planned {since}: too old by then"));
                    }
                    if sent.seq > *durable {
                        let seq = sent.seq;
                        self.wrong.push(format!("{at}: {gateway} took {id} before #{seq} was on disk ({durable})"));
                    }
                    if !sent.addresses.contains(to) || sent.gateway != *gateway {
                        self.wrong.push(format!("{at}: {id} goes to a wrong address or over {gateway}"));
                    }
                    let known = sent.results.iter().find(|(seq, s)| {
                        *seq <= *durable && matches!(s, DeliveryState::Accepted | DeliveryState::Delivered)
                    });
                    if let Some((seq, state)) = known {
                        let state = short(*state);
                        self.wrong.push(format!("{at}: {gateway} took {id} again, known as {state} since #{seq}"));
                    }
                }
                _ => {}
            }
        }
    }

    /// What far devices showed: the canonical text byte for byte, marked in drills and only there; told when it was stopped.
    fn shown(&mut self, log: &[(At, Seen)], ghosts: &BTreeSet<DeliveryId>) {
        for (at, seen) in log {
            let Seen::Shown { gateway, to, id, units } = seen else { continue };
            if id.incident == SYSTEM_NOTES || ghosts.contains(id) {
                continue;
            }
            let Some(inc) = self.incidents.get(&id.incident) else { continue };
            let Some(sent) = inc.sent.get(id.ordinal as usize) else { continue };
            let capability = inc.plan.gateways.iter().find(|g| g.id == *gateway).map(|g| &g.capability);
            let lies = match capability {
                Some(Capability::Fax { .. }) => Lies::Fax,
                Some(capability) => Lies::of(capability),
                None => continue,
            };
            let all: Vec<Shown> = (0..)
                .zip(units)
                .map(|(order, u)| Shown { to: to.clone(), text: u.clone(), order, gateway: gateway.to_string() })
                .collect();
            let got = match verify::received(&all, &MARKS, |_| Some(lies)) {
                Ok(got) => got,
                Err(e) => {
                    self.wrong.push(format!("{at}: {id}: {e}"));
                    continue;
                }
            };
            let [got] = got.as_slice() else {
                self.wrong.push(format!("{at}: {id} shows {} texts", got.len()));
                continue;
            };
            let drill = id.incident.status == Status::Exercise;
            if got.mark.is_some() != drill {
                self.wrong.push(format!("{at}: {id} is marked {:?}", got.mark));
            }
            match sent.item {
                Item::Message(seq) => {
                    let Some(text) = inc.texts.get(seq as usize - 1) else { continue };
                    let same = text.texts.values().any(|(print, canonical)| {
                        got.fingerprint.as_ref() == Some(print) && got.trailer_after(canonical).is_ok()
                    });
                    if !same {
                        self.wrong.push(format!("{at}: {id} is not the canonical text {seq}: {units:?}"));
                    }
                    // Every address that has a stopped text is told (RULES D2).
                    if let Some(stopped) = text.stopped
                        && !matches!(text.kind, Kind::Stopped { .. })
                    {
                        let told = |s: &Sent| {
                            let Item::Message(m) = s.item else { return false };
                            let Some(Text { kind: Kind::Stopped { of }, audience, .. }) = inc.texts.get(m as usize - 1)
                            else {
                                return false;
                            };
                            of.seq >= seq
                                && *audience == text.audience
                                && s.at >= stopped
                                && s.functions.iter().any(|f| sent.functions.contains(f))
                        };
                        let walked = inc.errands.iter().any(|(m, fs)| {
                            matches!(inc.texts.get(*m as usize - 1), Some(Text { kind: Kind::Stopped { .. }, .. }))
                                && fs.iter().any(|f| sent.functions.contains(f))
                        });
                        if !inc.sent.iter().any(told) && !walked {
                            let who = &sent.functions;
                            self.wrong
                                .push(format!("{at}: {id} shows {who:?} text {seq}, stopped, and nobody tells them"));
                        }
                    }
                }
                Item::Note(n) => {
                    let text = inc.notes.get(n as usize).map(String::as_str).unwrap_or_default();
                    if got.trailer_after(text).is_err() {
                        self.wrong.push(format!("{at}: {id} is not note {n}: {units:?}"));
                    }
                }
            }
        }
    }

    /// What was answered with "done, on record" is in the journal, and was when it was said.
    fn done(&mut self, records: &[Record], log: &[(At, Seen)]) {
        for (at, seen) in log {
            let Seen::Done { events, on_record: true, durable } = seen else { continue };
            let Some(first) = events.first() else { continue };
            let there = records.iter().enumerate().any(|(i, r)| {
                r.event == *first
                    && records.get(i + events.len() - 1).is_some_and(|last| last.seq <= *durable)
                    && records[i..].iter().zip(events.iter()).all(|(r, e)| r.event == *e)
            });
            if !there {
                let what = first.name();
                self.wrong.push(format!("{at}: done was said of {what}, which is not on record (by {durable})"));
            }
        }
    }
}

/// A function whose every path failed is walked to; not for what a drill said that is over.
fn dead_ends(no: IncidentNo, inc: &Inc, wrong: &mut Vec<String>) {
    let dead = |s: &Sent| {
        matches!(s.results.last(), Some((_, DeliveryState::Failed | DeliveryState::Expired)))
            || s.withdrawn && s.results.is_empty()
    };
    let mut by: BTreeMap<(u32, &FunctionId), Vec<&Sent>> = BTreeMap::new();
    for s in &inc.sent {
        if let Item::Message(m) = s.item {
            for f in s.functions.iter().filter(|f| inc.attempted.contains(*f)) {
                by.entry((m, f)).or_default().push(s);
            }
        }
    }
    for ((m, f), all) in by {
        let text = inc.texts.get(m as usize - 1);
        let stopped = text.is_some_and(|t| t.stopped.is_some());
        let last_word = text.is_some_and(|t| matches!(t.kind, Kind::AllClear));
        let failed_at = all.iter().filter_map(|s| s.results.last()).map(|(seq, _)| *seq).max();
        if !last_word && inc.drill_over.is_some_and(|over| failed_at > Some(over)) {
            continue;
        }
        let withdrawn = all.iter().any(|s| s.withdrawn);
        if stopped || withdrawn || !all.iter().all(|s| dead(s)) || all.iter().any(|s| s.passed_on && !dead(s)) {
            continue;
        }
        if !inc.errands.iter().any(|(t, fs)| *t == m && fs.contains(f)) {
            wrong.push(format!("{no}: every path of {f} failed for text {m}, and nobody walks"));
        }
    }
}
