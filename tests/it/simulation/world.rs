//! What lies outside the program: far devices and the people who carry them, the weather of gateways and disk, the agenda of
//! what happens when. It outlives the program's crashes. Everything that it sees is logged for the auditor.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use vardkase::clock::{Clock, VirtualClock};
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::{DeliveryId, GatewayId};
use vardkase::domain::incident::event::Event;
use vardkase::domain::plan::{Capability, Channel};
use vardkase::domain::text::fit;
use vardkase::domain::time::At;
use vardkase::gateways::Job;

use super::rng::Rng;

/// How a gateway is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Well,
    /// Everything that can go wrong with one delivery goes wrong now and then.
    Flaky,
    /// It takes minutes.
    Slow,
    /// It refuses for now, and its probe fails.
    Down,
    /// It takes and says nothing.
    Hung,
    /// Says yes and loses it: some say so later in a receipt.
    Liar,
    /// Says yes, loses it and tells nothing.
    Drops,
    /// Says "later" for ever: for a second, or for an hour.
    Later,
    /// Its answers are not understood; some went out.
    Unclear,
}

/// How the disk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiskIs {
    Fine,
    /// A commit takes seconds.
    Slow,
    /// Nothing comes back.
    Held,
    Full,
}

/// Where the program dies inside an append.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Torn {
    /// Before anything is written.
    Nothing,
    /// Some batches of the group are, or some bytes of it.
    Part,
    /// All of it is, and nobody was told.
    All,
}

/// What is on the agenda.
#[derive(Clone, Debug)]
pub enum Happening {
    Operator,
    Page,
    Shown { gateway: GatewayId, to: String, id: DeliveryId, units: Vec<String>, link: bool },
    Reply { channel: Channel, from: String, text: String },
    Link { id: DeliveryId, yes: bool },
    Receipt { gateway: GatewayId, id: Option<DeliveryId>, gateway_ref: String, ok: bool },
    Weather { gateway: GatewayId, way: Way },
    Disk(DiskIs),
    Config(usize),
    Shift,
    Crash,
    CrashInAppend(Torn),
    CrashAtTake,
    Stop,
}

/// What the world saw.
#[derive(Clone, Debug)]
pub enum Seen {
    Start {
        life: u32,
        seq: u64,
    },
    End {
        orderly: bool,
        durable: u64,
    },
    Took {
        gateway: GatewayId,
        id: DeliveryId,
        to: String,
        durable: u64,
        excused: bool,
        repeat: bool,
    },
    Shown {
        gateway: GatewayId,
        to: String,
        id: DeliveryId,
        units: Vec<String>,
    },
    /// `certain`: it said that nothing went out.
    Told {
        gateway: GatewayId,
        id: DeliveryId,
        what: &'static str,
        certain: bool,
    },
    Asked {
        what: String,
    },
    Done {
        events: Arc<Vec<Event>>,
        on_record: bool,
        durable: u64,
    },
    Refused {
        code: &'static str,
    },
    Reply {
        from: String,
        text: String,
    },
    Weather {
        gateway: GatewayId,
        way: Way,
    },
    Disk(DiskIs),
    Config(usize),
}

#[derive(Debug)]
struct Due(At, u64, Happening);
impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// What a gateway does with one job.
pub enum Fate {
    /// Tells that after so many milliseconds.
    Tell(u64, Say),
    /// Tells twice.
    Twice(u64, Say),
    /// Says nothing of it.
    Silence,
    /// Its code ends.
    Die,
    /// The program is dead.
    Dead,
}

/// What it tells.
#[derive(Clone, Copy, Debug)]
pub enum Say {
    Accepted { delivered: bool },
    Busy(Option<u32>),
    Refused,
    Unknown,
}

pub struct World {
    pub rng: Rng,
    pub clock: VirtualClock,
    /// The program is dead: nothing that its tasks still do counts.
    pub dead: bool,
    pub calm: bool,
    pub durable: u64,
    pub disk: DiskIs,
    /// The disk was full or held in this life: what left may never be on record (invariant 1's one exception).
    pub excused: bool,
    pub torn: Option<(u64, Torn)>,
    pub crash_at_take: Option<u64>,
    pub log: Vec<(At, Seen)>,
    pub ways: BTreeMap<GatewayId, Way>,
    /// Deliveries that the far devices show.
    pub shown: BTreeSet<DeliveryId>,
    agenda: BinaryHeap<Reverse<Due>>,
    ties: u64,
    refs: u64,
}

#[derive(Clone)]
pub struct Shared(Arc<Mutex<World>>, pub Arc<Notify>);

impl Shared {
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)), Arc::new(Notify::new()))
    }
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The program dies here and now.
    pub fn die(&self) {
        self.lock().dead = true;
        self.1.notify_one();
    }
    pub fn is_dead(&self) -> bool {
        self.lock().dead
    }
}

impl World {
    pub fn new(rng: Rng, clock: VirtualClock) -> Self {
        Self {
            rng,
            clock,
            dead: false,
            calm: false,
            durable: 0,
            disk: DiskIs::Fine,
            excused: false,
            torn: None,
            crash_at_take: None,
            log: Vec::new(),
            ways: BTreeMap::new(),
            shown: BTreeSet::new(),
            agenda: BinaryHeap::new(),
            ties: 0,
            refs: 0,
        }
    }

    pub fn now(&self) -> At {
        self.clock.now().into()
    }
    pub fn see(&mut self, seen: Seen) {
        let now = self.now();
        if std::env::var_os("VARDKASE_TRACE").is_some() {
            eprintln!("{now} {}", format!("{seen:?}").chars().take(200).collect::<String>());
        }
        self.log.push((now, seen));
    }
    pub fn plan(&mut self, after_ms: u64, what: Happening) {
        self.plan_at(At(self.now().0 + after_ms as i64), what);
    }
    pub fn plan_at(&mut self, at: At, what: Happening) {
        self.ties += 1;
        self.agenda.push(Reverse(Due(at, self.ties, what)));
    }
    pub fn next_at(&self) -> Option<At> {
        self.agenda.peek().map(|Reverse(d)| d.0)
    }
    pub fn take_next(&mut self) -> Option<Happening> {
        self.agenda.pop().map(|Reverse(d)| d.2)
    }
    /// Only what is on its way to people stays: everything else has come to an end.
    pub fn calm_down(&mut self) {
        self.calm = true;
        self.torn = None;
        self.crash_at_take = None;
        self.disk = DiskIs::Fine;
        for way in self.ways.values_mut() {
            *way = Way::Well;
        }
        let keep = |d: &Reverse<Due>| matches!(d.0.2, Happening::Shown { .. } | Happening::Receipt { .. });
        self.agenda = std::mem::take(&mut self.agenda).into_iter().filter(keep).collect();
        self.see(Seen::Disk(DiskIs::Fine));
    }

    /// A gateway takes a job: what becomes of it.
    pub fn took(&mut self, gateway: &GatewayId, job: &Job, how: &Capability) -> Fate {
        let (durable, excused) = (self.durable, self.excused);
        let (id, to) = (job.delivery, job.to.0.to_string());
        self.see(Seen::Took { gateway: gateway.clone(), id, to: to.clone(), durable, excused, repeat: job.repeat });
        let way = self.ways.get(gateway).copied().unwrap_or(Way::Well);
        let quick = self.rng.between(1, 900);
        let minutes = self.rng.between(30_000, 400_000);
        let delivered = self.rng.percent(10);
        let yes = Say::Accepted { delivered: false };
        let dice = self.rng.below(100);
        let transit = self.rng.between(1, 6_000);
        let crash = self.crash_at_take.as_mut().is_some_and(|n| {
            *n = n.saturating_sub(1);
            *n == 0
        });
        if crash {
            // The far end has it, and the program dies before it hears so.
            self.crash_at_take = None;
            if dice < 70 {
                self.show(gateway, job, how, transit);
            }
            self.dead = true;
            return Fate::Dead;
        }
        match (way, dice) {
            (Way::Well, 0..90) => {
                self.show(gateway, job, how, transit);
                self.receipt(gateway, id, transit, true);
                Fate::Tell(quick, Say::Accepted { delivered })
            }
            (Way::Well, 90..94) | (Way::Flaky, 0..30) => {
                self.show(gateway, job, how, transit);
                Fate::Tell(quick, yes)
            }
            (Way::Well, 94..97) | (Way::Flaky, 30..42) => Fate::Tell(quick, Say::Busy(None)),
            (Way::Well, _) | (Way::Flaky, 42..50) => Fate::Tell(quick, Say::Refused),
            (Way::Flaky, 50..58) => {
                // Accepted, shown twice, and told twice.
                self.show(gateway, job, how, transit);
                self.show(gateway, job, how, transit + 700);
                Fate::Twice(quick, yes)
            }
            (Way::Flaky, 58..66) => {
                self.show(gateway, job, how, transit);
                Fate::Tell(quick, Say::Unknown)
            }
            (Way::Flaky, 66..72) => Fate::Tell(quick, Say::Unknown),
            (Way::Flaky, 72..80) => {
                self.show(gateway, job, how, transit);
                Fate::Die
            }
            (Way::Flaky, 80..86) => Fate::Die,
            (Way::Flaky, 86..92) => {
                // The answer comes after everybody gave up on it.
                self.show(gateway, job, how, transit);
                Fate::Tell(minutes, yes)
            }
            (Way::Flaky, _) => Fate::Tell(quick, Say::Busy(Some((dice as u32 - 90) * 7))),
            (Way::Slow, 0..80) => {
                self.show(gateway, job, how, minutes / 2);
                Fate::Tell(minutes / 3, yes)
            }
            (Way::Slow, _) => {
                self.show(gateway, job, how, minutes * 2);
                Fate::Tell(minutes, yes)
            }
            (Way::Down, 0..95) => Fate::Tell(quick, Say::Busy(None)),
            (Way::Down, _) => Fate::Tell(quick, Say::Refused),
            (Way::Hung, _) => {
                if dice < 50 {
                    self.show(gateway, job, how, transit);
                }
                Fate::Silence
            }
            (Way::Drops, _) => Fate::Tell(quick, yes),
            (Way::Later, _) => Fate::Tell(quick, Say::Busy(Some(if dice < 60 { 1 } else { 3_600 }))),
            (Way::Unclear, _) => {
                if dice < 50 {
                    self.show(gateway, job, how, transit);
                }
                Fate::Tell(quick, Say::Unknown)
            }
            (Way::Liar, _) => {
                if dice < 40 {
                    self.receipt(gateway, id, transit, false);
                }
                Fate::Tell(quick, yes)
            }
        }
    }

    fn receipt(&mut self, gateway: &GatewayId, id: DeliveryId, transit: u64, ok: bool) {
        if self.rng.percent(70) {
            let known = self.rng.percent(90);
            self.refs += 1;
            let what = Happening::Receipt {
                gateway: gateway.clone(),
                id: known.then_some(id),
                gateway_ref: if known { format!("r{id}") } else { format!("nobody knows {}", self.refs) },
                ok,
            };
            self.plan(transit + 900, what);
        }
    }

    /// The far device shows it after a while: as its channel shows it.
    fn show(&mut self, gateway: &GatewayId, job: &Job, how: &Capability, after_ms: u64) {
        let trailer = job.trailer.as_deref();
        let units = match how {
            Capability::Sms { .. } | Capability::Pages { .. } => match fit::shown(&job.out, trailer, how) {
                Ok(units) => units,
                // Its channel would refuse it: the auditor finds a text with no units.
                Err(why) => vec![format!("CAN'T CARRY {why}: {}", job.out.whole(trailer))],
            },
            Capability::Fax { .. } => {
                vec![format!("{}{}{}", job.out.header(Some((1, 1))), job.out.text(), job.out.footer())]
            }
            Capability::Whole { .. } => {
                let mut mail = job.out.whole(None);
                if let Some(trailer) = trailer {
                    mail.push_str(&format!("\n\n{trailer}"));
                    if let Some(mark) = job.out.mark() {
                        mail.push_str(&format!("\n\n{}", mark.as_str()));
                    }
                }
                vec![mail]
            }
        };
        let (id, to, link) = (job.delivery, job.to.0.to_string(), job.link.is_some());
        self.plan(after_ms, Happening::Shown { gateway: gateway.clone(), to, id, units, link });
    }

    /// Somebody reads what a device shows, and does something about it, or not.
    pub fn read(&mut self, channel: Channel, to: &str, id: DeliveryId, units: &[String], link: bool) {
        if self.calm {
            return;
        }
        let text = units.join(" ");
        let delay = match self.rng.below(10) {
            0..4 => self.rng.between(5_000, 120_000),
            4..7 => self.rng.between(120_000, 900_000),
            7..8 => self.rng.between(3_600_000, 10_000_000),
            _ => return,
        };
        if link && self.rng.percent(60) {
            let yes = self.rng.percent(85);
            self.plan(delay, Happening::Link { id, yes });
        }
        if channel != Channel::Sms {
            return;
        }
        let after = |words: &str| {
            let at = text.find(words)? + words.len();
            let rest: String = text[at..].chars().take_while(|c| !c.is_whitespace() && *c != ';').collect();
            (!rest.is_empty()).then_some(rest)
        };
        let says = match (after("code="), after("Svara JA ").or_else(|| after("Reply YES "))) {
            (Some(code), _) if code.len() == 6 => match self.rng.below(12) {
                0..5 => format!("OK {code}"),
                5 => format!("Ja {code}."),
                6 => format!("NEJ {code} fel text"),
                7 => format!("VÄNTA {code}"),
                8 => format!("OK {}", self.rng.between(100_000, 999_999)),
                9 => "OK".into(),
                10 => "👍".into(),
                _ => format!("nej {code}"),
            },
            (_, Some(code)) => match self.rng.below(16) {
                0..6 => format!("JA {code}"),
                6 => format!("Ja, jag tar det {code}\n-- \nmvh"),
                7 => "ja".into(),
                8 => format!("NEJ {code}"),
                9 => format!("FEL {code}"),
                10 => "JA 99".into(),
                11 => "SKARPT".into(),
                12 => "vad menas".into(),
                13 => format!("yes {code}"),
                14 => "larm journal D2 HS".into(),
                _ => format!("JA{code}"),
            },
            _ => return,
        };
        let from = match self.rng.below(12) {
            0 => to.replacen('+', "00", 1),
            1 => to.trim_start_matches('+').to_owned(),
            2 if self.rng.percent(30) => "+46701740699".to_owned(),
            _ => to.to_owned(),
        };
        let twice = self.rng.percent(12);
        let reply = Happening::Reply { channel, from, text: says };
        if twice {
            self.plan(delay + 1_500, reply.clone());
        }
        self.plan(delay, reply);
    }
}

/// What a state is called in the timeline.
pub fn short(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "queued",
        DeliveryState::Attempting => "attempting",
        DeliveryState::Accepted => "accepted",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "failed",
        DeliveryState::Unknown => "unknown",
        DeliveryState::Expired => "expired",
        DeliveryState::Withdrawn => "withdrawn",
    }
}
