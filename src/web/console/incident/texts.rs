//! What was said: each text, the newest first, with what is new in it against the one before, who said yes, when, to whom.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{Head, Tab, look};
use crate::domain::ids::FunctionId;
use crate::domain::lang::Lang;
use crate::domain::view::{EntryStateView, MessageView, TextView};
use crate::web::Ctx;
use crate::web::console::ui::Ui;
use crate::web::console::{Visitor, html};
use crate::web::difference::{Run, difference};
use crate::words::{console as w, paper as p};

#[derive(Template)]
#[template(path = "incident/texts.html")]
struct Page {
    ui: Ui,
    head: Head,
}

impl Page {
    fn messages(&self) -> impl Iterator<Item = &MessageView> {
        self.head.view.messages.iter().rev()
    }
    /// What a text is read against: the one that it took the place of, else the one that went to the same readers before it.
    fn earlier(&self, m: &MessageView) -> Option<&MessageView> {
        let all = &self.head.view.messages;
        if let Some(replaced) = m.replaces {
            return all.iter().find(|e| e.number == replaced);
        }
        all.iter().rev().find(|e| e.number < m.number && e.audience == m.audience && e.released_at.is_some())
    }
    /// The text in runs of words, and against which number.
    fn runs(&self, m: &MessageView, lang: &Lang, text: &TextView) -> Vec<Run> {
        match self.earlier(m).and_then(|e| e.texts.get(lang)) {
            Some(earlier) => difference(&earlier.text, &text.text),
            None => vec![Run::Same(text.text.clone())],
        }
    }
    /// The visitor's language first; it stands open.
    fn texts<'a>(&self, m: &'a MessageView) -> Vec<(&'a Lang, &'a TextView)> {
        let mut all: Vec<_> = m.texts.iter().collect();
        all.sort_by_key(|(lang, _)| **lang != self.ui.lang);
        all
    }
    fn to(&self, m: &MessageView) -> Vec<FunctionId> {
        let sent = self
            .head
            .view
            .entries
            .iter()
            .filter(|e| e.message == m.number && matches!(e.state, EntryStateView::Released { .. }));
        let mut all: Vec<FunctionId> = sent.flat_map(|e| e.to.iter().cloned()).collect();
        all.sort();
        all.dedup();
        all
    }
    fn is_public(&self, m: &MessageView) -> bool {
        self.head.view.entries.iter().any(|e| e.message == m.number && e.public)
    }
    fn waits(&self, m: &MessageView) -> bool {
        let waits = |e: &&crate::domain::view::EntryView| {
            matches!(e.state, EntryStateView::Waiting { .. } | EntryStateView::Quiet { .. })
        };
        self.head.view.entries.iter().filter(waits).any(|e| e.message == m.number)
    }
    /// The number that took its place before it went out.
    fn newer(&self, m: &MessageView) -> Option<&MessageView> {
        self.head.view.messages.iter().find(|n| n.replaces == Some(m.number))
    }
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, path: Result<Path<String>, PathRejection>) -> Response {
    match look(&ctx, &visitor, path, Tab::Texts, |_, _, _, _| ()).await {
        Ok((ui, head, ())) => html(&Page { ui, head }),
        Err(answer) => answer,
    }
}
