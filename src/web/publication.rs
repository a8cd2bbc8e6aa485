//! All of one publication: each page and feed, for our own listener and for mirrors, made together of one view, so that none says
//! what another does not (INCIDENTS lesson 27).
//!
//! Must not: decide when something is published, or send it anywhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use hyper::body::Bytes;

use super::feeds::{ENTRIES_MAX, atom_name, cap_name, entries, render_atom, render_cap, render_state};
use super::page::{Links, PageFrame, heading, render_embed, render_page, render_statement, words_of};
use super::public::{Pages, Published};
use crate::domain::lang::Lang;
use crate::domain::public_view::PublicView;
use crate::gateways::mirror::PageName;
use crate::words::public as w;

/// Bytes of everything that one publication puts into a mirror.
pub const PUBLICATION_BYTES_MAX: usize = 32 << 20;

/// What must be found where a page is read back.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Each text that exists in that language, whole. What stands before our listener may change the rest of the page.
    Texts(Lang),
    /// Its heading: it shows no text that somebody approved.
    Heading(String),
    /// These bytes: a program reads them.
    Bytes(Bytes),
}

/// One publication.
#[derive(Debug, Default)]
pub struct Whole {
    /// Our own pages, by path.
    pub own: Pages,
    /// What must be found at each path.
    pub expected: Vec<(String, Expected)>,
    /// Files for mirrors, in the order in which they are put: whatever a page leads to lies there before the page.
    pub mirrored: Vec<(PageName, Arc<[u8]>)>,
}

impl Whole {
    /// Bytes that it puts into a mirror.
    pub fn bytes(&self) -> usize {
        self.mirrored.iter().map(|(_, body)| body.len()).sum()
    }

    fn mirror(&mut self, name: &str, body: Arc<[u8]>) {
        if let Some(name) = PageName::new(name) {
            self.mirrored.push((name, body));
        }
    }

    /// A feed: the same bytes everywhere.
    fn feed(&mut self, name: &str, body: Vec<u8>, page: impl FnOnce(Bytes) -> Published) {
        let body = Bytes::from(body);
        self.mirror(name, Arc::from(&*body));
        let path = format!("/{name}");
        self.own.insert(path.as_str().into(), Arc::new(page(body.clone())));
        self.expected.push((path, Expected::Bytes(body)));
    }
}

/// Makes everything.
pub fn whole(view: &PublicView, frame: &PageFrame<'_>) -> Whole {
    let mut all = Whole::default();
    let languages = &frame.plan.region.languages;
    let until = view.valid_until.timestamp();
    for message in entries(view) {
        let body = render_cap(view, message, frame);
        all.feed(&cap_name(message), body, |b| Published::file(b, "application/cap+xml; charset=utf-8", until));
    }
    for lang in languages {
        let body = render_atom(view, *lang, frame);
        all.feed(&atom_name(*lang), body, |b| Published::file(b, "application/atom+xml; charset=utf-8", until));
    }
    all.feed("state.json", render_state(view, frame), |b| Published::for_everybody(b, "application/json", until));

    for lang in languages {
        let title = w::ACCESSIBILITY.say(words_of(*lang));
        let own = render_statement(view, *lang, frame, Links::Own);
        let path = format!("/{lang}/accessibility");
        all.own.insert(path.as_str().into(), Arc::new(Published::html(own, *lang, until)));
        all.expected.push((path, Expected::Heading(title.into())));
        let mirrored = render_statement(view, *lang, frame, Links::Mirror { depth: 2 });
        all.mirror(&format!("{lang}/accessibility/index.html"), mirrored.into_bytes().into());
    }
    for lang in languages {
        let title = heading(view.stands()).say(words_of(*lang));
        let own = render_embed(view, *lang, frame, Links::Own);
        let path = format!("/embed/{lang}");
        all.own.insert(path.as_str().into(), Arc::new(Published::framed(own, *lang, until)));
        all.expected.push((path, Expected::Heading(title.into())));
        let mirrored = render_embed(view, *lang, frame, Links::Mirror { depth: 2 });
        all.mirror(&format!("embed/{lang}/index.html"), mirrored.into_bytes().into());
    }
    for lang in languages {
        let page = Arc::new(Published::html(render_page(view, *lang, frame, Links::Own), *lang, until));
        all.own.insert(format!("/{lang}").into(), page.clone());
        all.expected.push((format!("/{lang}"), Expected::Texts(*lang)));
        let mirrored = render_page(view, *lang, frame, Links::Mirror { depth: 1 });
        all.mirror(&format!("{lang}/index.html"), mirrored.into_bytes().into());
        if *lang == frame.plan.lang() {
            all.own.insert("/".into(), page.clone());
            // The incident's page, for QR codes: what holds for it stands on the one page that there is.
            for number in incidents(view) {
                all.own.insert(format!("/i/{number}").into(), page.clone());
            }
        }
    }
    let own = frame.plan.lang();
    let copy: Arc<[u8]> = render_page(view, own, frame, Links::Mirror { depth: 2 }).into_bytes().into();
    for number in incidents(view) {
        all.mirror(&format!("i/{number}/index.html"), copy.clone());
    }
    // The first page last: whoever begins there finds what it leads to.
    all.mirror("index.html", render_page(view, own, frame, Links::Mirror { depth: 0 }).into_bytes().into());
    all
}

/// The incidents that have a text on the page.
fn incidents(view: &PublicView) -> BTreeSet<u32> {
    view.messages.iter().take(ENTRIES_MAX).map(|m| m.number.incident.n).collect()
}
