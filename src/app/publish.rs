//! The public page is made anew whenever what it says changes, and on its beat (RULES D9); then it is read back over the wire
//! and compared, for nothing counts as published that can't be read (invariant 3).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::mirrors::{Publication, Told, alarm_name, alarm_text};
use super::task_set::Digest;
use super::training::Outward;
use crate::bounded;
use crate::clock::SharedClock;
use crate::config::Statement;
use crate::dispatch::engine::Handle;
use crate::domain::ids::{GatewayId, MessageNo};
use crate::domain::incident::input::Input;
use crate::domain::public_view::{PublicView, public_view};
use crate::domain::time::At;
use crate::web::page::{PageFrame, shown_texts};
use crate::web::public::PublicSite;
use crate::web::publication::{Expected, PUBLICATION_BYTES_MAX, whole};
use crate::words::alarm;

/// A page is read back within that time, or it counts as not published.
const READ_BACK_TIMEOUT: Duration = Duration::from_secs(5);
/// Everything is read back within that time, or it counts as not published: what changes meanwhile must not wait for longer.
const PROVE_TIMEOUT: Duration = Duration::from_secs(30);
/// The page is looked at again at least that often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The largest page that is read back.
const PAGE_BYTES_MAX: usize = 256 * 1024;

/// What the page is made with.
pub struct Publisher {
    /// Asks the loop for the state.
    pub handle: Handle,
    /// The site that readers get.
    pub site: Arc<PublicSite>,
    /// Where they reach it; empty: not known.
    pub public_url: String,
    pub clock: SharedClock,
    /// Where it must be seen, as the configuration says now.
    pub places: watch::Receiver<Places>,
    /// How our own listener is known where it speaks TLS.
    pub reader: Option<rustls::ClientConfig>,
    /// It is read back as readers get it, over the network; in training it is not read back.
    pub outward: Option<Outward>,
    /// What mirrors are to show.
    pub published: watch::Sender<Arc<Publication>>,
    /// How mirrors fared.
    pub told: mpsc::Receiver<Told>,
    /// This node decides: the proof of the page goes on record.
    pub leads: watch::Receiver<bool>,
}

/// Where the page must be seen.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Places {
    /// Where it is read back (`http://127.0.0.1:8080`): our own listener, or what stands before it.
    pub read_back: Vec<String>,
    /// The mirrors, with what each was built from.
    pub mirrors: BTreeMap<GatewayId, Digest>,
}

/// What decides whether the page must be made anew: everything but the times.
fn same(a: &PublicView, b: &PublicView) -> bool {
    let still = |v: &PublicView| PublicView { checked_at: b.checked_at, valid_until: b.valid_until, ..v.clone() };
    still(a) == still(b)
}

/// Half of its validity is gone: a reader never meets a page that has just run out.
fn is_stale(shown: &PublicView, now: At) -> bool {
    let half = (shown.valid_until.0 - shown.checked_at.0) / 2;
    now.0 >= shown.checked_at.0 + half
}

impl Publisher {
    /// Publishes until `stop` turns true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.handle.changed();
        let client = match self.outward.map(|outward| reader(self.reader.take(), outward)).transpose() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "the page can't be read back");
                return;
            }
        };
        let mut shown: Option<PublicView> = None;
        let mut expected = Vec::new();
        let mut statement = Statement::default();
        let mut revision = 0;
        // Our own pages were read back and were equal.
        let mut proven = false;
        // Each mirror's last word.
        let mut mirrored: BTreeMap<GatewayId, Told> = BTreeMap::new();
        let mut said = None;
        loop {
            let places = self.places.borrow_and_update().clone();
            let view = self.handle.query(|state, meta| {
                let plan = &state.plan;
                (public_view(state, meta.now), plan.clone(), meta.fictional, meta.statement.clone())
            });
            let Ok((view, plan, fictional, stated)) = view.await else { return };
            let now = self.clock.now();
            let stale = shown.as_ref().is_some_and(|s| is_stale(s, now.into()));
            let fresh = shown.as_ref().is_none_or(|s| !same(s, &view)) || statement != stated;
            if fresh || stale {
                statement = stated;
                let (training, public_url) = (self.outward.is_none(), self.public_url.as_str());
                let frame = PageFrame { plan: &plan, fictional, training, statement: &statement, public_url };
                let all = whole(&view, &frame);
                let bytes = all.bytes();
                expected = all.expected;
                if bytes > PUBLICATION_BYTES_MAX || !self.site.publish(all.own) {
                    tracing::error!(bytes, "the public page has too many parts and was not changed");
                    let what = alarm::PAGE_TOO_LARGE.in_all();
                    self.handle.board().raise("page parts", what, now.into(), true);
                } else {
                    self.handle.board().clear("page parts");
                }
                revision += 1;
                // Also when there is no mirror: one that is configured later finds what it must show.
                self.published.send_replace(Arc::new(Publication { revision, pages: all.mirrored }));
                proven = false;
                said = None;
            }
            let view = if fresh || stale { shown.insert(view) } else { shown.get_or_insert(view) };
            if !proven {
                proven = match &client {
                    Some(client) => {
                        let prove = self.prove(client, view, &expected, &places.read_back);
                        tokio::time::timeout(PROVE_TIMEOUT, prove).await.unwrap_or(false)
                    }
                    // No drill reaches the page: there is nothing on it to prove.
                    None => true,
                };
                self.own_alarm(proven);
            }
            let mirrors = || places.mirrors.keys().map(|id| mirrored.get(id).filter(|t| t.revision == revision));
            let all_mirrors = mirrors().all(|t| t.is_some_and(|t| t.equal));
            let one_failed = !proven || mirrors().flatten().any(|t| !t.equal);
            // Equal everywhere, not equal somewhere, or not known yet.
            let equal = if one_failed { Some(false) } else { (proven && all_mirrors).then_some(true) };
            if let Some(equal) = equal
                && said != Some(equal)
                && *self.leads.borrow_and_update()
            {
                said = Some(equal);
                self.tell(view, equal).await;
            }
            tokio::select! {
                _ = stop.changed() => return,
                _ = changed.changed() => {}
                Ok(()) = self.places.changed() => {
                    // What was proven was so in other places, and the last word of a mirror that moved is of where it was.
                    proven = false;
                    let now = self.places.borrow();
                    mirrored.retain(|id, _| now.mirrors.get(id) == places.mirrors.get(id));
                }
                Some(told) = self.told.recv() => {
                    mirrored.insert(told.gateway.clone(), told);
                }
                Ok(()) = self.leads.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Reads every page and feed of our own back and looks for what must be there.
    async fn prove(
        &self,
        client: &reqwest::Client,
        view: &PublicView,
        expected: &[(String, Expected)],
        read_back: &[String],
    ) -> bool {
        for base in read_back {
            for (path, expected) in expected {
                let url = format!("{}{path}", base.trim_end_matches('/'));
                let read = page_as_read(client, &url).await;
                if !read.is_some_and(|read| is_there(expected, &read, view)) {
                    tracing::error!(%path, "the public page can't be read back as it was published");
                    return false;
                }
            }
        }
        true
    }

    fn own_alarm(&self, proven: bool) {
        let own = GatewayId::from("own");
        if proven {
            self.handle.board().clear(&alarm_name(&own));
        } else {
            self.handle.board().raise(&alarm_name(&own), alarm_text(&own), self.clock.now().into(), true);
        }
    }

    /// Tells the domain how the page stands: in all places together.
    async fn tell(&self, view: &PublicView, equal: bool) {
        let messages: Vec<MessageNo> = view.messages.iter().map(|m| m.number).collect();
        if !messages.is_empty()
            && let Err(error) = self.handle.input(Input::PageChecked { messages, equal }).await
        {
            tracing::warn!(%error, "the proof of the public page was not recorded");
        }
    }
}

/// What reads the page back, as readers do.
fn reader(tls: Option<rustls::ClientConfig>, _: Outward) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder().timeout(READ_BACK_TIMEOUT).no_proxy();
    match tls {
        Some(tls) => client.tls_backend_preconfigured(tls),
        None => client,
    }
    .build()
}

/// A page as a reader gets it; none when it can't be had whole within its limits.
async fn page_as_read(client: &reqwest::Client, url: &str) -> Option<Vec<u8>> {
    let answer = client.get(url).send().await.ok().filter(|a| a.status().is_success())?;
    bounded::read_body(answer, PAGE_BYTES_MAX).await.ok()
}

/// What was read holds what must be there.
fn is_there(expected: &Expected, read: &[u8], view: &PublicView) -> bool {
    let html = String::from_utf8_lossy(read);
    match expected {
        Expected::Bytes(bytes) => read == &**bytes,
        Expected::Heading(heading) => html.contains(&format!("{}</h1>", escaped(heading))),
        Expected::Texts(lang) => {
            let shown = shown_texts(&html);
            view.messages.iter().all(|m| m.text.get(lang).is_none_or(|text| shown.contains(&escaped(text))))
        }
    }
}

/// As the page has it.
fn escaped(text: &str) -> String {
    askama::filters::escape(text, askama::filters::Html).map_or_else(|never| match never {}, |text| text.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_page_that_never_ends_is_left_at_its_limit() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let url = format!("http://{}/sv", listener.local_addr().expect("bound"));
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let far_end = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a reader");
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {
                counted.fetch_add(4096, Ordering::Relaxed);
            }
        });
        let client = reqwest::Client::builder().timeout(READ_BACK_TIMEOUT).no_proxy().build().expect("a client");
        assert_eq!(page_as_read(&client, &url).await, None);
        // Beside the runtime, whose connection must let go of the socket first.
        let ended = tokio::task::spawn_blocking(move || far_end.join()).await.expect("a thread");
        ended.expect("the reader went away");
        // What lies in the buffers of two sockets comes on top.
        let sent = sent.load(Ordering::Relaxed);
        assert!(sent < PAGE_BYTES_MAX + (16 << 20), "{sent} bytes were taken");
    }
}
