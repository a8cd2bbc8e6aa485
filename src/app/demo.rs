//! The demo: far ends on loopback that speak the real protocols, a real report against them, people who answer and people who
//! do not, and a proof that every text arrived as it was meant. Times of people are shortened to seconds, and it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::loopback::{self, Loopback, Opts};
use super::running::{Options, Running, StartError, start};
use super::training::Operation;
use crate::accounts::Functions;
use crate::config::{Contacts, Loaded, Source, load};
use crate::dispatch::engine::Failed;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks::served_by;
use crate::domain::incident::facts::Safety;
use crate::domain::incident::input::{Action, Input, Report};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::{EntryState, State};
use crate::domain::incident::values::Phase;
use crate::domain::plan::{AnswerRule, Channel, Plan, PublicRule};
use crate::domain::view::{AskView, IncidentView, RowView, incident};
use crate::domain::words::NoteWord;
use crate::sim::verify::{Kind, received};

/// What the demo shows.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// `None`: one that shows most.
    pub playbook: Option<String>,
    /// `None`: [`LEVEL`] where the region has it, else the playbook's own.
    pub level: Option<String>,
    /// Another configuration; each of its gateways must be on loopback.
    pub config: Option<PathBuf>,
    /// The public page listens there, or on the next free port.
    pub port: u16,
    /// The state folder.
    pub state: PathBuf,
}

/// A duty and a channel.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DemoRow {
    /// Which duty.
    pub function: FunctionId,
    pub channel: Channel,
    pub gateway: String,
    /// Accepted so many seconds after the release.
    pub handed_over_s: Option<f64>,
    /// Delivered so many seconds after the release.
    pub delivered_s: Option<f64>,
    /// Who answered.
    pub answered_by: Option<FunctionId>,
    /// So many seconds after the report.
    pub answered_s: Option<f64>,
    /// Passed on to so many others.
    pub passed_on: usize,
}

/// What one gateway carried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Proof {
    pub gateway: String,
    /// Texts that were put together from what its far devices show.
    pub texts: usize,
    /// How many are the canonical text byte for byte.
    pub equal: usize,
    /// The first that is not.
    pub wrong: Option<String>,
}

/// How the demo ended.
#[derive(Clone, Debug, Serialize)]
pub struct DemoReport {
    pub incident: IncidentNo,
    /// Who was reached over what.
    pub rows: Vec<DemoRow>,
    /// Whether texts are identical, per gateway.
    pub proofs: Vec<Proof>,
    /// The public page was read back and is equal; `None` when nothing was said to the public.
    pub public_equal: Option<bool>,
    /// Every function was reached or escalated.
    pub everybody: bool,
    /// Every text is identical.
    pub identical: bool,
    /// Nothing was left to wait for, before its time was up.
    pub ended: bool,
    /// So many functions have an answer.
    pub answered: usize,
}

/// What happens, for whoever shows it.
#[derive(Clone, Debug)]
pub enum DemoEvent {
    /// Everything listens.
    Listening {
        /// The public page.
        public: SocketAddr,
        console: SocketAddr,
        /// Links that make a duty device of the browser that opens them, and of which function.
        links: Vec<(FunctionId, String)>,
    },
    /// The communicator said yes to a text.
    Approved,
    /// A function answered by SMS, with these words.
    Answered(FunctionId, String),
    Now(Box<IncidentView>),
}

/// The playbook that shows most of the built-in region.
const PLAYBOOK: &str = "ehr-down";
/// The level of the built-in region that has all of a report but what only a catastrophe brings.
const LEVEL: &str = "major";
/// People's answer times in the demo, in seconds.
const ANSWER_WITHIN_S: u32 = 8;
/// Approvals in the demo, in seconds: long enough for its KiB.
const APPROVE_WITHIN_S: u32 = 60;
/// The KiB reads that long.
const KIB_READS: Duration = Duration::from_secs(4);
/// It is looked at that often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Then it is over, whatever is still open.
const OVER_AFTER: Duration = Duration::from_secs(75);

/// For which functions a browser is let in, where the region has them; else for its first ones.
const LET_IN: [&str; 2] = ["tib", "kib"];
/// Each link may be opened so often…
const LINK_USES: u32 = 50;
/// …within so many seconds.
const LINK_S: u32 = 24 * 3600;

/// Links that make duty devices.
async fn links(running: &Running) -> Vec<(FunctionId, String)> {
    let asked = running.handle.query(|state, meta| {
        let named = LET_IN.into_iter().filter(|id| state.plan.function_ix(id).is_some()).map(FunctionId::from);
        let named: Vec<FunctionId> = named.collect();
        let first = || state.plan.functions.iter().take(LET_IN.len()).map(|f| f.id.clone()).collect();
        (if named.is_empty() { first() } else { named }, meta.now)
    });
    let Ok((functions, now)) = asked.await else { return Vec::new() };
    let link = |function: FunctionId| {
        let of = Functions([function.clone()].into());
        let path = running.accounts.device_link(&of, now + LINK_S, LINK_USES, now).ok()?.path?;
        Some((function, format!("http://{}{path}", running.console)))
    };
    functions.into_iter().filter_map(link).collect()
}

/// Starts everything, reports, plays the people and proves the texts. The server goes on running.
///
/// # Errors
/// An address that is not on this machine, a port that can't be had, a configuration with mistakes, a refused report.
pub async fn demo(
    options: DemoOptions,
    show: &mut (dyn FnMut(DemoEvent) + Send),
) -> Result<(Running, Loopback, DemoReport), DemoError> {
    let source = options.config.map_or(Source::Shipped, Source::Dir);
    let mut loaded = load(&source).map_err(|list| DemoError::Start(StartError::Config(list)))?;
    let far = loopback::start(&mut loaded, &Opts::default()).await.map_err(DemoError::NotHere)?;
    shorten(&mut loaded);
    let contacts = loaded.contacts.clone();
    let plan = loaded.plan.clone();
    let public_listen = free_from(options.port);
    let listen = free_from(public_listen.port().saturating_add(1));
    let running = start(
        loaded,
        Options {
            operation: Operation::Real,
            state: options.state,
            second_copy: None,
            public_listen,
            listen,
            public_url: Some(format!("http://{public_listen}")),
            console_url: None,
            sign_in: None,
            accept_lost_key: false,
            new: false,
            source: None,
            doors: super::doors::Doors::default(),
            cluster: None,
        },
    )
    .await
    .map_err(DemoError::Start)?;
    far.call_back_at(&format!("http://{}", running.public));
    let links = links(&running).await;
    show(DemoEvent::Listening { public: running.public, console: running.console, links });

    let report = Report {
        playbook: options.playbook.unwrap_or_else(|| shows_most(&plan)),
        level: options.level.or_else(|| plan.ladders.level(LEVEL).map(|_| LEVEL.to_owned())),
        // “No”, so that the approval shows (RULES B1).
        safety: Safety::No,
        ..Report::default()
    };
    let by = reporter(&plan);
    let input = Input::Command { who: None, by, action: Box::new(Action::Report(report)) };
    let done = running.handle.input(input).await.map_err(DemoError::Refused)?;
    let no = done.events.iter().find_map(crate::domain::incident::event::Event::incident);
    let no = no.ok_or_else(|| DemoError::Refused(Failed::Refused(refuse!(Nothing))))?;

    let people = People { plan: &plan, contacts: &contacts, far: &far, no };
    let (view, ended) = people.play(&running, show).await?;
    let proofs = prove(&running, &far, &plan, no).await?;
    let public_equal = public_equal(&running, no).await?;
    let everybody = view.rows.iter().all(|r| match r.state {
        // By night one holds several duties, and is told a little later for whom else to answer (RULES C12): the text is there.
        AskView::Waiting => r.asked.len() > 1 || told(r),
        _ => true,
    });
    let identical = proofs.iter().all(|p| p.texts == p.equal) && public_equal != Some(false);
    let answered = view.rows.iter().filter(|r| matches!(r.state, AskView::Answered { .. })).count();
    let report =
        DemoReport { incident: no, rows: rows(&view), proofs, public_equal, everybody, identical, ended, answered };
    Ok((running, far, report))
}

/// Why there is no demo.
#[derive(Debug)]
pub enum DemoError {
    /// A gateway that is not on this machine.
    NotHere(String),
    /// It did not start.
    Start(StartError),
    /// The report was refused, or the program ended.
    Refused(Failed),
}
impl std::fmt::Display for DemoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotHere(why) => f.write_str(why),
            Self::Refused(why) => write!(f, "{why}"),
            Self::Start(e) => write!(f, "{e}"),
        }
    }
}
impl std::error::Error for DemoError {}

/// Answer times of seconds: nobody watches a demo for ten minutes.
fn shorten(loaded: &mut Loaded) {
    for f in &mut loaded.plan.functions {
        f.answer_within_s = ANSWER_WITHIN_S;
    }
    for row in loaded.plan.playbooks.values_mut().flat_map(|p| &mut p.levels).flat_map(|l| &mut l.notify) {
        if let Some(rule) = &mut row.approval {
            rule.within_s = rule.within_s.min(APPROVE_WITHIN_S);
        }
    }
}

/// The demo's playbook in the built-in region; in another one its namesake, else the first that tells the public.
fn shows_most(plan: &Plan) -> String {
    let public = || plan.playbooks.values().find(|p| p.public != PublicRule::Never).or(plan.playbooks.values().next());
    let namesake = plan.playbooks.values().find(|p| p.id.as_str() == PLAYBOOK);
    namesake.or_else(public).map_or_else(|| PLAYBOOK.to_owned(), |p| p.id.to_string())
}

/// Who reports: the first of those who may lead that has IT in its hands, else the first function.
fn reporter(plan: &Plan) -> FunctionId {
    let of = |id: &str| plan.functions.iter().find(|f| f.id.as_str() == id);
    let first =
        of("it-bered").or_else(|| plan.region.command.first().map(|f| plan.function(*f))).or(plan.functions.first());
    first.map_or_else(|| FunctionId::from("it-bered"), |f| f.id.clone())
}

/// The first free port from there on.
fn free_from(port: u16) -> SocketAddr {
    (port..port.saturating_add(200))
        .map(|p| SocketAddr::from((Ipv4Addr::LOCALHOST, p)))
        .find(|a| std::net::TcpListener::bind(a).is_ok())
        .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

struct People<'a> {
    plan: &'a Plan,
    contacts: &'a Contacts,
    far: &'a Loopback,
    no: IncidentNo,
}

impl People<'_> {
    /// Some answer by SMS when they were asked, some do not; the KiB approves with the code that was sent; whoever is asked
    /// beside answers for those who are silent. Gives how it stands then, and whether nothing was left to wait for.
    async fn play(
        &self,
        running: &Running,
        show: &mut (dyn FnMut(DemoEvent) + Send),
    ) -> Result<(IncidentView, bool), DemoError> {
        let began = tokio::time::Instant::now();
        let mut said = Said::default();
        let mut approved: BTreeSet<String> = BTreeSet::new();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let no = self.no;
            let look = running
                .handle
                .query(move |state, meta| (incident(state, no, meta.now), busy(state, no), waited_for(state, no)));
            let (view, busy, waited_for) = look.await.map_err(DemoError::Refused)?;
            let view = view.ok_or_else(|| {
                DemoError::Refused(Failed::Refused(refuse!(UnknownIncidentInMemory { incident: no })))
            })?;
            show(DemoEvent::Now(Box::new(view.clone())));
            for (word, code, number) in self.codes() {
                if began.elapsed() >= KIB_READS && approved.insert(code.clone()) {
                    let _ = self.far.reply_sms(&number, &format!("{word} {code}")).await;
                    show(DemoEvent::Approved);
                }
            }
            let mut open = false;
            for (i, row) in view.rows.iter().enumerate() {
                let Some(wait) = waited_for.get(&row.function) else { continue };
                // Every fourth is silent, and so are its deputies side by side; whoever is asked after them answers.
                let beside = beside(self.plan, &row.function);
                let can = wait.can_answer.iter().filter(|c| i % 4 != 3 || c.place > beside);
                let mut can = can.filter(|c| !said.has(c.point, wait.ask));
                let patience = Duration::from_millis(1200 + 350 * (i as u64 % 7));
                let who = can.next().filter(|_| told(row) && said.of(wait.ask) < wait.needs);
                open |= wait.asked_on || who.is_some() || said.of(wait.ask) > wait.given;
                if began.elapsed() >= patience
                    && let Some(who) = who
                    && let Some(text) = self.answer(who).await
                {
                    said.note(who.point, &who.covers);
                    show(DemoEvent::Answered(who.function.clone(), text));
                }
            }
            let ended = !open && !busy;
            if ended || began.elapsed() > OVER_AFTER {
                return Ok((view, ended));
            }
        }
    }

    /// What KiB's telephone shows to be approved: the word to write, the code, and the telephone's number.
    fn codes(&self) -> Vec<(String, String, String)> {
        let mut codes = Vec::new();
        // In the region's own words: what stands first in a request, and what stands before its code.
        let asks: Vec<(&str, &str)> = self
            .plan
            .words
            .values()
            .filter_map(|w| w.notes.get(&NoteWord::ApprovalEntry))
            .filter_map(|t| {
                let before = t.split("{code}").next()?.trim_end();
                Some((t.split('{').next()?.trim(), before.rsplit(|c: char| !c.is_alphanumeric()).next()?))
            })
            .collect();
        let sms = |id: &str| self.plan.gateways.iter().any(|g| g.id.as_str() == id && g.channel == Channel::Sms);
        for shown in self.far.far.all().into_iter().filter(|s| sms(&s.gateway)) {
            let words: Vec<&str> = shown.text.split(|c: char| !c.is_alphanumeric()).collect();
            for pair in words.windows(2).filter(|p| p[1].len() == 6 && p[1].bytes().all(|b| b.is_ascii_digit())) {
                if asks.iter().any(|(first, word)| shown.text.contains(first) && pair[0] == *word) {
                    codes.push((pair[0].to_owned(), pair[1].to_owned(), shown.to.clone()));
                }
            }
        }
        codes
    }

    /// Writes `JA 1`, in the duty's language, from its telephone; gives what was written.
    async fn answer(&self, who: &CanAnswer) -> Option<String> {
        let number = self.contacts.address(who.point)?;
        let f = self.plan.function(self.plan.function_ix(who.function.as_str())?);
        let yes = self.plan.words(f.lang).replies.yes.first()?.to_uppercase();
        let text = format!("{yes} {}", self.no);
        self.far.reply_sms(number, &text).await.ok().map(|_| text)
    }
}

/// What was written from which telephone: each says yes once to what its yes covers.
#[derive(Default)]
struct Said(BTreeMap<u32, BTreeSet<PointIx>>);

impl Said {
    fn has(&self, point: PointIx, ask: u32) -> bool {
        self.0.get(&ask).is_some_and(|points| points.contains(&point))
    }
    /// So many wrote for it, whether their answers are there already or still on their way.
    fn of(&self, ask: u32) -> usize {
        self.0.get(&ask).map_or(0, BTreeSet::len)
    }
    fn note(&mut self, point: PointIx, asks: &[u32]) {
        for ask in asks {
            self.0.entry(*ask).or_default().insert(point);
        }
    }
}

/// What a function is waited for.
struct WaitedFor {
    ask: u32,
    /// So many are to answer, in all.
    needs: usize,
    /// So many did.
    given: usize,
    /// Whose yes covers it now, in the order in which they were asked.
    can_answer: Vec<CanAnswer>,
    /// Somebody knows of it whose answer is required. Who is told in some minutes for whom else to answer (RULES C12) is not
    /// waited for: nobody watches a demo for that long.
    asked_on: bool,
}

/// A telephone whose yes covers an ask (RULES C1).
struct CanAnswer {
    function: FunctionId,
    point: PointIx,
    /// As which of those who were asked.
    place: usize,
    /// All that its yes covers.
    covers: Vec<u32>,
}

/// For whom an answer is waited, and who may give it.
fn waited_for(state: &State, no: IncidentNo) -> BTreeMap<FunctionId, WaitedFor> {
    let Some(inc) = state.incidents.get(&no) else { return BTreeMap::new() };
    let plan: &Plan = &inc.plan;
    let sms = |p: &&PointIx| plan.point(**p).channel == Channel::Sms;
    let waits = |(f, id): (&FunctionIx, &u32)| {
        let ask = inc.asks.get(*id as usize).filter(|a| a.state == AskState::Waiting)?;
        let can = |(place, who): (usize, &FunctionIx)| {
            let function = plan.function(*who);
            let point = *function.points.iter().find(sms)?;
            let covers = served_by(inc, point);
            let function = function.id.clone();
            covers.contains(id).then_some(CanAnswer { function, point, place, covers })
        };
        let required = ask.rule == AnswerRule::Required;
        let waits = WaitedFor {
            ask: *id,
            needs: usize::from(ask.needs),
            given: ask.answers.len(),
            can_answer: ask.asked.iter().enumerate().filter_map(can).collect(),
            asked_on: required && ask.asked.last().is_some_and(|last| !inc.is_untold(*last, *id)),
        };
        Some((plan.function(*f).id.clone(), waits))
    };
    inc.asks.current().iter().filter_map(waits).collect()
}

/// Something of it is at least handed over.
fn told(row: &RowView) -> bool {
    row.cells.iter().any(|c| c.handed_over_s.is_some() || c.delivered_s.is_some())
}

/// How many deputies are asked side by side with a function.
fn beside(plan: &Plan, id: &FunctionId) -> usize {
    plan.function_ix(id.as_str()).map_or(0, |f| plan.function(f).deputies.len())
}

/// Something is still on its way: an approval, a delivery, the proof of the page.
fn busy(state: &State, no: IncidentNo) -> bool {
    use crate::domain::delivery::DeliveryState as S;
    state.incidents.get(&no).is_some_and(|i| {
        i.phase == Phase::Open
            && (i.entries.iter().any(|e| matches!(e.state, EntryState::Waiting(_)))
                || i.deliveries.iter().any(|d| matches!(d.state, S::Queued | S::Attempting | S::Unknown))
                || i.entries.iter().any(|e| {
                    let released = matches!(e.state, EntryState::Released { .. });
                    e.public && released && i.message(e.message).is_some_and(|m| m.page_equal.is_none())
                }))
    })
}

fn rows(view: &IncidentView) -> Vec<DemoRow> {
    let mut rows = Vec::new();
    for row in &view.rows {
        let (answered_by, answered_s) = match &row.state {
            AskView::Answered { by, at, .. } => {
                (Some(by.clone()), Some((at.0 - view.summary.opened.0) as f64 / 1000.0))
            }
            _ => (None, None),
        };
        let passed_on = row.asked.len().saturating_sub(1);
        for cell in row.cells.iter().filter(|c| c.of == row.function || row.asked.first() == Some(&c.of)) {
            rows.push(DemoRow {
                function: row.function.clone(),
                channel: cell.channel,
                gateway: cell.gateway.to_string(),
                handed_over_s: cell.handed_over_s.map(f64::from),
                delivered_s: cell.delivered_s.map(f64::from),
                answered_by: answered_by.clone(),
                answered_s,
                passed_on,
            });
        }
    }
    rows
}

/// Puts together what every far device shows and compares it with the journal's canonical texts, by the independent verifier.
async fn prove(running: &Running, far: &Loopback, plan: &Plan, no: IncidentNo) -> Result<Vec<Proof>, DemoError> {
    let texts: BTreeMap<(String, String), String> = running
        .handle
        .query(move |state, _| {
            let inc = state.incidents.get(&no);
            let mut texts = BTreeMap::new();
            for (inc, m) in inc.into_iter().flat_map(|i| i.messages.iter().map(move |m| (i, m))) {
                for (lang, draft) in &m.texts {
                    let number = inc.number(m.seq).written(&inc.plan.words(*lang).drill_prefix);
                    texts.insert((number, draft.fingerprint.to_string()), draft.text.to_string());
                }
            }
            texts
        })
        .await
        .map_err(DemoError::Refused)?;
    let kinds: BTreeMap<String, Kind> =
        plan.gateways.iter().map(|g| (g.id.to_string(), Kind::of(&g.capability))).collect();
    let marks: Vec<String> = plan.words.values().map(|w| w.mark.clone()).collect();
    let marks: Vec<&str> = marks.iter().map(String::as_str).collect();
    let mut proofs: BTreeMap<String, Proof> = BTreeMap::new();
    match received(&far.far.all(), &marks, |g| kinds.get(g).copied()) {
        Ok(all) => {
            for r in all {
                // Notes are outside identical content.
                let Some(print) = r.fingerprint.clone() else { continue };
                let proof = proofs.entry(r.gateway.clone()).or_insert_with(|| Proof {
                    gateway: r.gateway.clone(),
                    texts: 0,
                    equal: 0,
                    wrong: None,
                });
                proof.texts += 1;
                let judged = match texts.get(&(r.number.clone(), print)) {
                    Some(text) => r.trailer_after(text).map(|_| ()).map_err(|w| w.0),
                    None => Err(format!("{} carries a fingerprint of no text", r.number)),
                };
                match judged {
                    Ok(()) => proof.equal += 1,
                    Err(why) => proof.wrong = proof.wrong.take().or(Some(why)),
                }
            }
        }
        Err(wrong) => {
            proofs.insert("?".into(), Proof { gateway: "?".into(), texts: 1, equal: 0, wrong: Some(wrong.0) });
        }
    }
    Ok(proofs.into_values().collect())
}

/// What the public page's proof says.
async fn public_equal(running: &Running, no: IncidentNo) -> Result<Option<bool>, DemoError> {
    let proof = running.handle.query(move |state, _| {
        let inc = state.incidents.get(&no)?;
        let published =
            inc.entries.iter().rev().find(|e| e.public && matches!(e.state, EntryState::Released { .. }))?;
        inc.message(published.message)?.page_equal
    });
    proof.await.map_err(DemoError::Refused)
}
