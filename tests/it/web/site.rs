//! A running console: what `serve` needs, from an empty folder. The clock stands still until it is moved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use vardkase::clock::{SharedClock, VirtualClock};
use vardkase::config::{Contacts, Source, load};
use vardkase::dispatch::effects::Env;
use vardkase::dispatch::engine::{Handle, Parts, build};
use vardkase::dispatch::links::LinkKey;
use vardkase::dispatch::recover::recover;
use vardkase::dispatch::retry::Jitter;
use vardkase::dispatch::worker::{WORKER_EVENTS_MAX, Worker, WorkerLimits};
use vardkase::domain::delivery::Accepted;
use vardkase::domain::ids::{FunctionId, GatewayId, IncidentNo};
use vardkase::domain::incident::event::Event;
use vardkase::domain::incident::input::{Action, Input, Report};
use vardkase::domain::plan::{Channel, Plan};
use vardkase::gateways::{Boxed, Events, Gateway, GatewayEvent, Health, Job, Jobs, Stop};
use vardkase::journal::{Journal, OpenOptions};
use vardkase::web::auth::Auth;
use vardkase::web::door::Door;
use vardkase::web::log::JournalLog;
use vardkase::web::oidc::Provider;
use vardkase::web::{Ctx, Drafts, router, serve};

pub const TOKEN: &str = "a-token-for-tests-only-0123456789";

/// Takes everything; what goes over a channel with receipts is on the far device at once.
struct Takes {
    id: GatewayId,
    receipts: bool,
    taken: Taken,
}

/// What gateways took, in order.
pub type Taken = Arc<Mutex<Vec<(GatewayId, Job)>>>;

impl Gateway for Takes {
    fn run(&self, mut jobs: Jobs, out: Events, mut stop: Stop) -> Boxed<'_, ()> {
        Box::pin(async move {
            loop {
                let job = tokio::select! {
                    _ = stop.wait_for(|s| *s) => return,
                    job = jobs.recv() => job,
                };
                let Some(job) = job else { return };
                self.taken.lock().unwrap().push((self.id.clone(), job.clone()));
                let accepted = Accepted { delivered: self.receipts, ..Accepted::default() };
                let event = GatewayEvent::Outcome { delivery: job.delivery, result: Ok(accepted) };
                if out.send(event).await.is_err() {
                    return;
                }
            }
        })
    }
    fn probe(&self) -> Boxed<'_, Health> {
        Box::pin(async { Health { ok: true, detail: "a gateway of tests".into() } })
    }
}

pub struct Site {
    pub url: String,
    pub handle: Handle,
    pub clock: VirtualClock,
    pub plan: Plan,
    pub contacts: Contacts,
    pub key: Arc<LinkKey>,
    pub taken: Taken,
    client: Client,
    _stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

/// A configuration that can't be read anew.
struct NoReload;
impl vardkase::web::reload::Reload for NoReload {
    fn reload(
        &self,
    ) -> vardkase::gateways::Boxed<'_, Result<vardkase::api::Reloaded, vardkase::web::reload::NotReloaded>> {
        Box::pin(async { Err(vardkase::web::reload::NotReloaded::Failed("not here".into())) })
    }
    fn changes(&self, _: &Plan, _: &Plan) -> Vec<String> {
        Vec::new()
    }
}

impl Site {
    /// At 09.45 on a Tuesday.
    pub async fn start() -> Self {
        Self::with(&Source::Shipped, Door::default()).await
    }

    /// The same, entered by another door.
    pub async fn start_behind(door: Door) -> Self {
        Self::with(&Source::Shipped, door).await
    }

    /// The same with another configuration.
    pub async fn of(source: &Source) -> Self {
        Self::with(source, Door::default()).await
    }

    /// With a provider of sign-in beside its own accounts.
    pub async fn start_beside(provider: Provider) -> Self {
        Self::with_all(&Source::Shipped, Door::default(), Some(provider)).await
    }

    async fn with(source: &Source, door: Door) -> Self {
        Self::with_all(source, door, None).await
    }

    async fn with_all(source: &Source, door: Door, provider: Option<Provider>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loaded = load(source).unwrap();
        let (plan, contacts) = (loaded.plan.clone(), loaded.contacts.clone());
        let clock = VirtualClock::stepped("2026-11-24T09:45:00+01:00".parse().unwrap());
        let shared: SharedClock = Arc::new(clock.clone());
        let journal = Journal::open(folder.path(), OpenOptions::default()).unwrap();
        let recovered = recover(journal.reader().unwrap().as_ref(), Arc::new(plan.clone())).unwrap();
        let (stop, stopped) = watch::channel(false);
        let (news_tx, news) = mpsc::channel(WORKER_EVENTS_MAX);
        let taken = Taken::default();
        let workers: BTreeMap<GatewayId, _> = plan
            .gateways
            .iter()
            .filter(|g| !matches!(g.channel, Channel::Web | Channel::Manual))
            .map(|g| {
                let gateway = Arc::new(Takes { id: g.id.clone(), receipts: g.receipts, taken: taken.clone() });
                let (limits, jitter) = (WorkerLimits::default(), Jitter::seeded(1));
                (g.id.clone(), Worker::start(g.id.clone(), gateway, limits, news_tx.clone(), jitter, stopped.clone()))
            })
            .collect();
        let key = Arc::new(LinkKey::from_bytes([7; 32]));
        let env = Env { public_url: "https://lage.example".into(), link_key: key.clone() };
        let (engine, handle) = build(Parts {
            journal: journal.clone(),
            recovered,
            loaded,
            env,
            clock: shared.clone(),
            workers,
            unusable: BTreeMap::new(),
            news,
        });
        tokio::spawn(engine.run(plan.clone(), stopped.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let named = format!("http://localhost:{}", at.port()).parse().ok();
        let auth = Arc::new(Auth::new(TOKEN).unwrap().reached_at(named).beside(provider));
        let ctx = Ctx {
            handle: handle.clone(),
            auth,
            clock: shared,
            log: Arc::new(JournalLog(journal)),
            drafts: Arc::new(Drafts::load(folder.path())),
            reload: Arc::new(NoReload),
        };
        let url = format!("http://{at}");
        tokio::spawn(serve(listener, door, router(ctx), stopped));
        // Installed by another test already, or by this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()
            .unwrap();
        Self { url, handle, clock, plan, contacts, key, taken, client, _stop: stop, _folder: folder }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }
    pub async fn api(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, &format!("/api/v1{path}")).bearer_auth(TOKEN).send().await.unwrap()).await
    }
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.request(Method::POST, &format!("/api/v1{path}")).bearer_auth(TOKEN).json(body);
        answer(request.send().await.unwrap()).await
    }
    pub async fn command(&self, by: &str, action: Value) -> (StatusCode, Value) {
        self.post("/commands", &json!({ "as": by, "action": action })).await
    }
    /// The shipped records system is down at FS; real unless told otherwise.
    pub async fn report(&self, report: Report) -> IncidentNo {
        let report = Report { playbook: "ehr-down".into(), sites: vec!["FS".into()], ..report };
        let by = FunctionId::from("it-bered");
        let done = self
            .handle
            .input(Input::Command { who: None, by, action: Box::new(Action::Report(report)) })
            .await
            .unwrap();
        let no = done.events.iter().find_map(Event::incident).unwrap();
        self.settle().await;
        no
    }
    /// Until nothing is on its way to a gateway any more.
    pub async fn settle(&self) {
        let mut changed = self.handle.changed();
        loop {
            let busy = self
                .handle
                .query(|s, _| {
                    use vardkase::domain::delivery::DeliveryState::{Attempting, Queued};
                    s.incidents.values().flat_map(|i| &i.deliveries).any(|d| matches!(d.state, Queued | Attempting))
                })
                .await
                .unwrap();
            if !busy {
                return;
            }
            tokio::time::timeout(Duration::from_secs(20), changed.changed()).await.unwrap().unwrap();
        }
    }
    /// Moves the clock and waits for what falls due.
    pub async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        // The loop looks at its timers with each input: this one waits for them.
        self.handle.input(Input::Due).await.unwrap();
        self.settle().await;
    }

    /// A browser that signed in and acts for a duty.
    pub async fn browser(&self, duty: &str) -> Browser<'_> {
        let form = [("token", TOKEN), ("next", "/")];
        let response = self.request(Method::POST, "/sign-in").form(&form).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let mut browser = Browser {
            site: self,
            cookie: cookie.split(';').next().unwrap().to_owned(),
            csrf: String::new(),
            lang: "sv".into(),
        };
        let page = browser.get("/acting").await.1;
        browser.csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
        let (status, _) = browser.post("/acting", &[("function", duty), ("back", "/")]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        browser
    }
}

async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: no JSON: {text}"));
    (status, value)
}

pub fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from} in {text}")) + from.len();
    &text[start..start + text[start..].find(to).unwrap()]
}

/// The hidden fields of a page, as a browser would send them.
pub fn hidden(page: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let text = text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
        text.replace("&#38;", "&")
    };
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1).map(|rest| {
        let (name, rest) = rest.split_once('"').unwrap();
        let value = rest.strip_prefix(" value=\"").unwrap().split('"').next().unwrap();
        (name.to_owned(), plain(value))
    });
    fields.collect()
}

pub struct Browser<'a> {
    site: &'a Site,
    pub cookie: String,
    pub csrf: String,
    pub lang: String,
}

impl Browser<'_> {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.site.request(method, path).header("cookie", &self.cookie);
        request.header("accept", "text/html").header("accept-language", &self.lang)
    }
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.request(Method::GET, path).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }
    /// A file, which must be there: its kind, and what it holds.
    pub async fn bytes(&self, path: &str) -> (String, Vec<u8>) {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.bytes().await.unwrap().to_vec())
    }
    /// The page, which must be there.
    pub async fn page(&self, path: &str) -> String {
        let (status, text) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }
    /// An act that shows its text first: its form, then the page with the text, then the button there. Gives where that leads, or
    /// the page that refuses.
    pub async fn through(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let (status, to) = self.post(path, fields).await;
        if status != StatusCode::SEE_OTHER || !to.ends_with("?check=1") {
            return (status, to);
        }
        let read = self.page(&to).await;
        self.press(path, &read).await
    }
    /// Presses the button of a page whose form is filled in.
    pub async fn press(&self, path: &str, page: &str) -> (StatusCode, String) {
        let hidden = hidden(page);
        let fields: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.post_bare(path, &fields).await
    }
    /// A form with the session's secret; gives where it leads, or the page.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let mut form = fields.to_vec();
        form.push(("csrf", &self.csrf));
        self.post_bare(path, &form).await
    }
    pub async fn post_bare(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let response = self.request(Method::POST, path).form(form).send().await.unwrap();
        let status = response.status();
        let to = response.headers().get("location").map(|l| l.to_str().unwrap().to_owned());
        // A form of two steps that can't be taken says why at the second.
        if let Some(to) = to.as_ref().filter(|to| to.ends_with("?check=1") || to.starts_with("/report/check?")) {
            let (status, page) = self.get(to).await;
            if !status.is_success() {
                return (status, page);
            }
        }
        (status, to.unwrap_or(response.text().await.unwrap()))
    }
}
