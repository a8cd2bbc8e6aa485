//! Reporting in a hurry, on three pages that each have an address: what is down, how bad and where, and what will leave for whom; then
//! the button (RULES E1). What is typed is a draft from the first button on: nothing of it is lost, and it is sent once.
//!
//! Must not: send what was not on the screen of whoever sends it.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::drafts::Draft;
use super::fields::Fields;
use super::form_words::form_words;
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused};
use crate::dispatch::engine::{Done, Failed};
use crate::domain::ids::{FunctionId, IncidentNo, InfraId, SiteId};
use crate::domain::incident::decide::dry_run;
use crate::domain::incident::event::{Event, made};
use crate::domain::incident::facts::{Facts, Restore};
use crate::domain::incident::input::{Action, CommandId, IfShared, Report};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::render::investigating;
use crate::domain::incident::state::State as Domain;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::Audience;
use crate::domain::time::At;
use crate::domain::view::{
    self, Consequence, ForesightView, ListsView, PlaybookView, PublicThen, Silence, SummaryView, WaitView,
};
use crate::web::Ctx;
use crate::web::command::command;
use crate::web::problem::Problem;
use crate::words::{console as w, desk as d, public};

form_words! {
    /// Where a report goes on.
    enum Next {
        /// What it would do is shown.
        Check = "check",
        /// It is sent as it was shown.
        Send = "send",
        /// It is forgotten.
        Drop = "drop",
    }
}

/// Fields that are not what somebody typed.
const OWN: [&str; 4] = ["csrf", "step", "draft", "seal"];

/// Names of those who get something, with where they are.
type BySite = Vec<(String, Vec<FunctionId>)>;

#[derive(Template)]
#[template(path = "report_what.html")]
struct WhatPage {
    ui: Ui,
    books: Vec<PlaybookView>,
    /// What of each must be done, in the words of the ward.
    lines: Vec<String>,
    q: String,
    exercise: bool,
    drafts: Vec<Draft>,
    /// The draft that was asked for is not there any more.
    gone: bool,
}

#[derive(Template)]
#[template(path = "report_how.html")]
struct HowPage {
    ui: Ui,
    lists: ListsView,
    book: PlaybookView,
    fields: Fields,
    problem: Option<Problem>,
    contacts: Vec<(String, String)>,
    /// What each level brings.
    levels: Vec<Consequence>,
    /// What the texts would say of what nobody types.
    resolved: Option<Facts>,
    /// What was typed before.
    draft: Option<Draft>,
}

#[derive(Template)]
#[template(path = "report_check.html")]
struct CheckPage {
    ui: Ui,
    book: PlaybookView,
    draft: Draft,
    exercise: bool,
    seen: ForesightView,
    /// Of what was shown: nothing else is sent.
    seal: String,
    /// An open incident that the same fault may belong to (RULES D5).
    shared: Option<IncidentNo>,
    separate: bool,
    at_once: BySite,
    /// What the public reads meanwhile, in each language.
    page: Vec<(Lang, String)>,
    /// It was changed since it was shown.
    changed: bool,
}

#[derive(Template)]
#[template(path = "report_sent.html")]
struct SentPage {
    ui: Ui,
    it: SummaryView,
    told: usize,
    /// It was more of an incident that was open.
    added: bool,
    next: Option<(At, usize, Silence)>,
}

impl WhatPage {
    fn rows(&self) -> impl Iterator<Item = (&PlaybookView, &str)> {
        self.books.iter().zip(self.lines.iter().map(String::as_str))
    }
    fn title_of(&self, draft: &Draft) -> String {
        let book = self.ui.plan.playbooks.values().find(|b| b.id.as_str() == draft.get("playbook"));
        book.map_or_else(|| draft.get("playbook").to_owned(), |b| self.ui.l(&b.title).to_owned())
    }
}

impl HowPage {
    /// What was typed, or the default.
    fn value<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        if self.fields.0.iter().any(|(n, _)| n == name) { self.fields.get(name) } else { default }
    }
    fn text<'a>(&'a self, name: &str, lang: &Lang, text: &'a L10n) -> &'a str {
        self.value(&format!("{name}.{lang}"), text.exact(*lang).unwrap_or(""))
    }
    fn ticked(&self, site: &SiteId) -> bool {
        let sent = self.fields.sites();
        if sent.is_empty() { self.book.sites.contains(site) } else { sent.contains(site) }
    }
    /// Said to be down with it.
    fn is_down(&self, infra: &InfraId) -> bool {
        self.fields.all("down").any(|d| d == infra.as_str())
    }
    /// Why it was not taken: what is meant all the same can be said in the form (RULES D11).
    fn refused_as(&self, code: &str) -> bool {
        self.problem.as_ref().is_some_and(|p| p.refused.code == code)
    }
    /// The incident that says the same already.
    fn says_the_same(&self) -> Option<IncidentNo> {
        let problem = self.problem.as_ref().filter(|_| self.refused_as("nothing-new"))?;
        problem.refused.given("incident").to_string().parse().ok()
    }
    fn level(&self) -> &str {
        self.value("level", &self.book.level.id)
    }
    /// `larmar 26 funktioner, hela regionen i STABSLÄGE, allmänheten efter godkännande`
    fn consequence(&self, c: &Consequence) -> String {
        let Some(seen) = &c.seen else { return String::new() };
        let mut parts = vec![d::alerts(self.ui.lang, seen.duties)];
        if seen.mode.rung > 0 && !seen.sites.is_empty() {
            let mode = self.ui.l(&seen.mode.label);
            parts.push(d::sites_in_mode(self.ui.lang, self.ui.where_it_is(&seen.sites), mode));
        }
        let word = match seen.public {
            PublicThen::Nothing => None,
            PublicThen::AfterApproval => Some(d::PUBLIC_AFTER_APPROVAL),
            PublicThen::AtOnce => Some(d::PUBLIC_AT_ONCE),
        };
        parts.extend(word.map(|word| self.ui.t(word).to_owned()));
        parts.join(", ")
    }
    fn restore(&self, facts: &Facts) -> String {
        match facts.restore {
            Restore::At(at) => self.ui.time(&at),
            Restore::Unknown { .. } => self.ui.t(w::UNKNOWN).to_owned(),
        }
    }
    /// Something that stands under the fold was typed: then it is open.
    fn unfolded(&self) -> bool {
        let folded = ["what.", "scope.", "since", "restore", "next", "contact", "down"];
        let typed = |(n, v): &(String, String)| {
            let shipped = [("what.", &self.book.what), ("scope.", &self.book.scope)].into_iter().any(|(of, text)| {
                let lang = n.strip_prefix(of).and_then(|l| Lang::try_from(l.to_owned()).ok());
                lang.is_some_and(|lang| text.exact(lang).unwrap_or("") == v.trim())
            });
            n != "down-asked" && !v.trim().is_empty() && !shipped && folded.iter().any(|f| n.starts_with(f))
        };
        self.fields.0.iter().any(typed) || self.problem.is_some()
    }
}

impl CheckPage {
    fn lang(&self) -> Lang {
        self.ui.plan.lang()
    }
    /// The SMS in the region's first language, and those in others.
    fn sms(&self, first: bool) -> impl Iterator<Item = (&Lang, &view::PreviewView)> {
        self.seen.sms.iter().filter(move |(lang, _)| (**lang == self.lang()) == first)
    }
    fn waits_for(&self, it: &WaitView) -> String {
        match it.audience {
            Audience::Public => self.ui.t(d::PUBLIC_PAGE).to_owned(),
            Audience::Outside => self.ui.t(w::OTHER_PROVIDERS_AND_MUNICIPALITIES).to_owned(),
            Audience::Internal => d::functions(self.ui.lang, it.to.len()),
        }
    }
    fn do_it(&self) -> String {
        let n = self.seen.at_once.len();
        match (self.exercise, self.shared.is_some() && !self.separate) {
            (true, _) => d::start_drill_to(self.ui.lang, n),
            (false, true) => d::send_update_to(self.ui.lang, n),
            (false, false) => d::alert_now(self.ui.lang, n),
        }
    }
}

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    playbook: String,
    #[serde(default)]
    exercise: String,
    #[serde(default)]
    draft: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    gone: String,
    #[serde(default)]
    changed: String,
}

/// The first page, or the second when something was chosen.
pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, chosen: Query<Chosen>) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let now = ctx.clock.now().into();
    // In training each report is a drill; the form says so from its first page on.
    let exercise = !chosen.exercise.is_empty() || ctx.handle.board().is_training();
    if !chosen.draft.is_empty() {
        return match ctx.drafts.find(&chosen.draft, now) {
            Some(Draft { sent: Some(no), .. }) => Redirect::to(&sent_path(no, false)).into_response(),
            Some(draft) => form(&ctx, &visitor, Fields(draft.pairs.clone()), None, Some(draft)).await,
            None => Redirect::to("/report?gone=1").into_response(),
        };
    }
    if chosen.playbook.is_empty() {
        return what(&ctx, &visitor, &by, &chosen, exercise).await;
    }
    // Going back to it shows what was typed.
    let same = |d: &Draft| d.get("playbook") == chosen.playbook && d.get("exercise").is_empty() != exercise;
    let draft = ctx.drafts.of(&by, now).into_iter().find(same);
    let mut fields = vec![("playbook".to_owned(), chosen.playbook.clone())];
    if exercise {
        fields.push(("exercise".to_owned(), "1".to_owned()));
    }
    let fields = draft.as_ref().map_or(fields, |d| d.pairs.clone());
    form(&ctx, &visitor, Fields(fields), None, draft).await
}

async fn what(ctx: &Ctx, visitor: &Visitor, by: &FunctionId, chosen: &Chosen, exercise: bool) -> Response {
    let seen = visitor.look(ctx, |s, _, _| view::playbooks(s)).await;
    let (ui, books) = match seen {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    let q = chosen.q.trim().to_lowercase();
    let books: Vec<PlaybookView> = books.into_iter().filter(|b| fits(&ui, b, &q)).collect();
    let lines = books.iter().map(|b| line_of(&ui, b)).collect();
    let drafts = ctx.drafts.of(by, ui.now);
    html(&WhatPage { ui, books, lines, q: chosen.q.clone(), exercise, drafts, gone: !chosen.gone.is_empty() })
}

/// Whether what was typed stands in what a playbook is called or is about, in any language.
fn fits(ui: &Ui, book: &PlaybookView, q: &str) -> bool {
    let systems = book.systems.iter().filter_map(|id| ui.plan.systems.iter().find(|s| s.id == *id));
    let words = systems.flat_map(|s| s.title.0.values().chain(&s.aliases));
    let own = book.title.0.values().chain(book.what.0.values()).chain(book.scope.0.values()).chain(&book.aliases);
    q.split_whitespace().all(|part| {
        let has = |text: &String| text.to_lowercase().contains(part);
        own.clone().any(has) || words.clone().any(has) || book.id.as_str().contains(part)
    })
}

/// Whom a playbook concerns and what they do at once.
fn line_of(ui: &Ui, book: &PlaybookView) -> String {
    let scope = std::iter::once(ui.l(&book.scope).to_owned());
    let routine = book.routines.first().and_then(|r| ui.plan.routines.get(r)).map(|r| ui.l(&r.text).to_owned());
    let all: Vec<String> = scope.chain(routine).filter(|t| !t.is_empty()).collect();
    all.join(" · ")
}

async fn form(
    ctx: &Ctx,
    visitor: &Visitor,
    fields: Fields,
    problem: Option<Problem>,
    draft: Option<Draft>,
) -> Response {
    let wanted = fields.get("playbook").to_owned();
    let typed = Fields(fields.0.clone());
    let by = visitor.session.acting.clone();
    let seen = visitor
        .look(ctx, move |s, m, _| {
            let lists = view::lists(s, m.now);
            let book = lists.playbooks.iter().find(|p| p.id.as_str() == wanted).cloned();
            // Numbers that may stand in a text, and whose they are; other addresses are never shown.
            let contacts: Vec<(String, FunctionId)> = s
                .plan
                .functions
                .iter()
                .filter_map(|f| Some((f.phone.as_ref().filter(|p| p.publishable)?.number.clone(), f.id.clone())))
                .collect();
            // What somebody typed wrongly is not in the way of what the levels bring.
            let bare = Fields(typed.0.iter().filter(|(n, _)| n == "playbook" || n == "site").cloned().collect());
            let report = report_of(s, &typed, m.now).or_else(|_| report_of(s, &bare, m.now)).ok();
            let tried = report.zip(by).map(|(r, by)| view::consequences(s, &by, &r, m.now)).unwrap_or_default();
            (lists, book, contacts, tried)
        })
        .await;
    match seen {
        Ok((ui, (lists, Some(book), contacts, (levels, resolved)))) => {
            let contacts = contacts.into_iter().map(|(n, f)| (n, ui.name(&f))).collect();
            let status = problem.as_ref().map_or(StatusCode::OK, |p| p.status);
            let page = HowPage { ui, lists, book, fields, problem, contacts, levels, resolved, draft };
            (status, html(&page)).into_response()
        }
        Ok((_, (_, None, ..))) => Redirect::to("/report").into_response(),
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    form_sent: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Response> {
    let (by, (), fields) = visitor.asks(&ctx, Ok(()), form_sent, "/report").await?;
    Ok(match fields.word("step") {
        Ok(Next::Check) => check(&ctx, &visitor, by, fields).await,
        Ok(Next::Send) => send(&ctx, &visitor, by, &fields).await,
        Ok(Next::Drop) => {
            let (id, now) = (fields.get("draft").to_owned(), ctx.clock.now().into());
            keep(&ctx, move |drafts| drafts.forget(&id, now)).await;
            Redirect::to("/report").into_response()
        }
        Err(problem) => refused(&ctx, &visitor, problem, "/report").await,
    })
}

/// Drafts are written to the disk: beside what waits for the network.
async fn keep(ctx: &Ctx, change: impl FnOnce(&super::Drafts) + Send + 'static) {
    let drafts = ctx.drafts.clone();
    // A draft that could not be kept is in the form still.
    let _ = tokio::task::spawn_blocking(move || change(&drafts)).await;
}

fn report_of(state: &Domain, fields: &Fields, now: At) -> Result<Report, Problem> {
    let plan = &state.plan;
    let langs = &plan.region.languages;
    let book = plan.playbooks.values().find(|p| p.id.as_str() == fields.get("playbook"));
    let shared = match fields.get("shared") {
        "separate" => IfShared::Separate,
        "" | "ask" => IfShared::Ask,
        no => IfShared::AddTo(no.parse().map_err(|_| refuse!(UnknownIncidentUnread { typed: no }))?),
    };
    Ok(Report {
        exercise: fields.some("exercise").is_some(),
        playbook: fields.get("playbook").to_owned(),
        level: fields.some("level").map(str::to_owned),
        sites: fields.sites(),
        what: book.and_then(|b| fields.l10n("what", langs, &b.what)),
        scope: book.and_then(|b| fields.l10n("scope", langs, &b.scope)),
        routines: None,
        since: fields.past("since", plan, now)?,
        restore: fields.coming("restore", plan, now)?.map(Restore::At),
        next: fields.coming("next", plan, now)?,
        contact: fields.some("contact").map(str::to_owned),
        safety: fields.safety(),
        down: fields.down().unwrap_or_default(),
        shared,
        confirmed: fields.some("confirmed").is_some(),
    })
}

/// An open incident that shares a system, as the rules find it: tried, and refused.
fn shared_with(state: &Domain, by: &FunctionId, report: &Report, now: At) -> Option<IncidentNo> {
    let tried = dry_run(state, by, &Report { shared: IfShared::Ask, ..report.clone() }, now);
    tried.err()?.already
}

/// Keeps what was typed, and leads on to what it would do; or shows what is wrong with it.
async fn check(ctx: &Ctx, visitor: &Visitor, by: FunctionId, fields: Fields) -> Response {
    let now: At = ctx.clock.now().into();
    let before = ctx.drafts.find(fields.get("draft"), now).filter(|d| d.by == by && d.sent.is_none());
    // One draft for each playbook of a duty: typed in two windows, the later one stays, and the other is not sent unseen.
    let same = |d: &Draft| {
        d.get("playbook") == fields.get("playbook") && d.get("exercise").is_empty() == fields.get("exercise").is_empty()
    };
    let before = before.or_else(|| ctx.drafts.of(&by, now).into_iter().find(same));
    let mut pairs: Vec<(String, String)> = fields.0;
    pairs.retain(|(n, _)| !OWN.contains(&n.as_str()));
    let draft = match before {
        Some(before) => Draft { pairs, at: now, ..before },
        None => match Draft::begin(by.clone(), pairs, now) {
            Ok(draft) => draft,
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    };
    let kept = draft.clone();
    keep(ctx, move |drafts| drafts.keep(kept)).await;
    // What is wrong with it is said there too: *Back* then never leads to a form that was sent.
    let there = ctx.drafts.find(&draft.id, now).as_ref() == Some(&draft);
    match foreseen(ctx, visitor, by, &draft).await {
        Ok(Err(problem)) if !there => form(ctx, visitor, Fields(draft.pairs.clone()), Some(problem), Some(draft)).await,
        Ok(_) => Redirect::to(&format!("/report/check?draft={}", draft.id)).into_response(),
        Err(e) => gone(e),
    }
}

/// What a draft would do, with the open incident that it may be more of and whether it is one of its own.
type Foreseen = (Ui, ForesightView, PlaybookView, Option<IncidentNo>, bool);

async fn foreseen(
    ctx: &Ctx,
    visitor: &Visitor,
    by: FunctionId,
    draft: &Draft,
) -> Result<Result<Foreseen, Problem>, Failed> {
    let fields = Fields(draft.pairs.clone());
    let seen = visitor
        .look(ctx, move |s, m, _| {
            let report = report_of(s, &fields, m.now)?;
            let shared = if report.exercise { None } else { shared_with(s, &by, &report, m.now) };
            let report = settled(report, shared);
            let separate = report.shared == IfShared::Separate;
            let seen = view::foresee(s, &by, &report, m.now)?;
            let found = view::playbooks(s).into_iter().find(|p| p.id.as_str() == fields.get("playbook"));
            let book = found.ok_or_else(|| Problem::from(refuse!(UnknownPath)))?;
            Ok::<_, Problem>((seen, book, shared, separate))
        })
        .await?;
    let (ui, seen) = seen;
    Ok(seen.map(|(seen, book, shared, separate)| (ui, seen, book, shared, separate)))
}

/// The default is to add: the same fault is not alarmed twice (RULES D5).
fn settled(report: Report, shared: Option<IncidentNo>) -> Report {
    match shared {
        Some(no) if report.shared == IfShared::Ask => Report { shared: IfShared::AddTo(no), ..report },
        _ => report,
    }
}

pub async fn check_page(State(ctx): State<Ctx>, visitor: Visitor, chosen: Query<Chosen>) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let now = ctx.clock.now().into();
    let draft = match ctx.drafts.find(&chosen.draft, now) {
        Some(Draft { sent: Some(no), .. }) => return Redirect::to(&sent_path(no, false)).into_response(),
        Some(draft) => draft,
        None => return Redirect::to("/report?gone=1").into_response(),
    };
    match foreseen(&ctx, &visitor, by, &draft).await {
        Ok(Ok((ui, seen, book, shared, separate))) => {
            let exercise = !draft.get("exercise").is_empty();
            let at_once = by_site(&ui, &seen.at_once);
            let page = meanwhile(&ui, &seen);
            let (seal, changed) = (seal(&draft), !chosen.changed.is_empty());
            html(&CheckPage { ui, book, draft, exercise, seen, seal, shared, separate, at_once, page, changed })
        }
        Ok(Err(problem)) => form(&ctx, &visitor, Fields(draft.pairs.clone()), Some(problem), Some(draft)).await,
        Err(e) => gone(e),
    }
}

fn by_site(ui: &Ui, functions: &[FunctionId]) -> BySite {
    let at = |id: &FunctionId| ui.plan.function_ix(id.as_str()).map(|f| ui.plan.function(f).site.clone());
    let sites = ui.plan.region.sites.iter().map(|s| {
        let here = functions.iter().filter(|f| at(f).as_ref() == Some(&s.id)).cloned().collect();
        (ui.l(&s.name).to_owned(), here)
    });
    sites.filter(|(_, here): &(_, Vec<_>)| !here.is_empty()).collect()
}

/// What the public page will say until somebody approves more.
fn meanwhile(ui: &Ui, seen: &ForesightView) -> Vec<(Lang, String)> {
    let Some(page) = &seen.page else { return Vec::new() };
    let say = |lang: Lang| {
        let newest = page.messages.first().and_then(|m| m.text.get(&lang));
        match newest {
            Some(text) => text.clone(),
            None if page.investigating => investigating(&ui.plan, lang, page.more_by, ui.now),
            None => public::KNOW_OF_NONE.say(lang).to_owned(),
        }
    };
    ui.plan.region.languages.iter().map(|lang| (*lang, say(*lang))).collect()
}

/// Of what somebody saw before the button: the draft as it was.
fn seal(draft: &Draft) -> String {
    let mut hash = Sha256::new();
    for (name, value) in &draft.pairs {
        hash.update(name.len().to_be_bytes());
        hash.update(name);
        hash.update(value.len().to_be_bytes());
        hash.update(value);
    }
    hex::encode(&hash.finalize()[..8])
}

async fn send(ctx: &Ctx, visitor: &Visitor, by: FunctionId, fields: &Fields) -> Response {
    let now: At = ctx.clock.now().into();
    let draft = match ctx.drafts.find(fields.get("draft"), now) {
        // Pressed twice, or gone back to: it was sent, and is not sent again.
        Some(Draft { sent: Some(no), .. }) => return Redirect::to(&sent_path(no, false)).into_response(),
        Some(draft) if draft.by == by => draft,
        _ => return Redirect::to("/report?gone=1").into_response(),
    };
    if fields.get("seal") != seal(&draft) {
        return Redirect::to(&format!("/report/check?draft={}&changed=1", draft.id)).into_response();
    }
    let typed = Fields(draft.pairs.clone());
    let reporter = by.clone();
    let read = visitor
        .look(ctx, move |s, m, _| {
            let report = report_of(s, &typed, m.now)?;
            let shared = if report.exercise { None } else { shared_with(s, &reporter, &report, m.now) };
            Ok::<_, Problem>(settled(report, shared))
        })
        .await;
    let report = match read {
        Ok((_, Ok(report))) => report,
        Ok((_, Err(problem))) => {
            return form(ctx, visitor, Fields(draft.pairs.clone()), Some(problem), Some(draft)).await;
        }
        Err(e) => return gone(e),
    };
    let added = matches!(report.shared, IfShared::AddTo(_));
    match command(ctx, &visitor.session.who, by, Action::Report(report), Some(once(&draft)), true).await {
        Ok(done) => {
            let Some(no) = incident_of(&done) else { return Redirect::to("/?done=reported").into_response() };
            let id = draft.id.clone();
            keep(ctx, move |drafts| drafts.sent(&id, no, now)).await;
            Redirect::to(&sent_path(no, added)).into_response()
        }
        Err(Failed::Refused(refused)) => {
            form(ctx, visitor, Fields(draft.pairs.clone()), Some(refused.into()), Some(draft)).await
        }
        Err(e) => gone(e),
    }
}

/// A draft is one command, however often its button is pressed.
fn once(draft: &Draft) -> CommandId {
    let key = Sha256::new().chain_update(b"draft").chain_update([0]).chain_update(&draft.id).finalize();
    let body = Sha256::digest(seal(draft));
    let mut id = CommandId { key: [0; 16], body: [0; 8] };
    id.key.iter_mut().zip(&key).for_each(|(to, from)| *to = *from);
    id.body.iter_mut().zip(&body).for_each(|(to, from)| *to = *from);
    id
}

/// Of which incident it is, this time or the time before.
fn incident_of(done: &Done) -> Option<IncidentNo> {
    let before = done.events.iter().find_map(|e| match e {
        Event::Carried { incident, .. } => *incident,
        _ => None,
    });
    made(&done.events).0.or(before)
}

fn sent_path(no: IncidentNo, added: bool) -> String {
    format!("/report/sent?incident={}{}", escaped(&no.to_string()), if added { "&added=1" } else { "" })
}

#[derive(Deserialize)]
pub struct Sent {
    #[serde(default)]
    incident: String,
    #[serde(default)]
    added: String,
}

/// What was done, and that nothing more has to be.
pub async fn sent_page(State(ctx): State<Ctx>, visitor: Visitor, sent: Query<Sent>) -> Response {
    let Ok(no) = sent.incident.parse::<IncidentNo>() else { return Redirect::to("/").into_response() };
    let seen = visitor
        .look(&ctx, move |s, m, _| {
            let inc = s.incidents.get(&no)?;
            Some((view::summary(s, inc, m.now), inc.attempted.len(), view::next_unanswered(inc, m.now)))
        })
        .await;
    match seen {
        Ok((ui, Some((it, told, next)))) => html(&SentPage { ui, it, told, added: !sent.added.is_empty(), next }),
        Ok((_, None)) => refused(&ctx, &visitor, crate::web::api::no_incident(no), "/").await,
        Err(e) => gone(e),
    }
}
