//! Approving: everything that waits for one approver, each text exactly as the devices will show it, number and fingerprint
//! large, the deadline beside it. The page is never loaded anew by itself: nobody approves what changed under his finger.

use std::borrow::Cow;
use std::collections::BTreeMap;

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::form_words::form_words;
use super::overview::Did;
use super::ui::Ui;
use super::{REFRESH_S, Visitor, escaped, gone, html, refused, words};
use crate::api::CommandDone;
use crate::dispatch::engine::Failed;
use crate::domain::ids::MessageNo;
use crate::domain::incident::input::Action;
use crate::domain::incident::refused::refuse;
use crate::domain::lang::Lang;
use crate::domain::view::{self, ApprovalView, PreviewView, PreviewsView};
use crate::web::Ctx;
use crate::web::command::command;
use crate::web::problem::Problem;
use crate::words::console as w;

form_words! {
    /// The buttons beside a text that waits.
    enum Wanted {
        /// Yes to what was read.
        Approve = "approve",
        /// Another wording.
        Change = "change",
        Reject = "reject",
        /// More time, once.
        Wait = "wait",
        /// A language that somebody else edited was read.
        Reviewed = "reviewed",
    }
}

#[derive(Template)]
#[template(path = "approve_list.html")]
struct ListPage {
    ui: Ui,
    approvals: Vec<ApprovalView>,
}

#[derive(Template)]
#[template(path = "approve.html")]
struct OnePage {
    ui: Ui,
    number: MessageNo,
    /// What waits under this number for the acting duty; the first deadline first.
    entries: Vec<ApprovalView>,
    previews: PreviewsView,
    offer_plain: BTreeMap<Lang, String>,
}

impl OnePage {
    fn then(&self, a: &ApprovalView) -> &'static str {
        words::then(self.ui.lang, a.approval.then, a.approval.finally)
    }
    fn cannot(&self, why: &crate::domain::text::DoesNotFit) -> String {
        crate::words::cannot(self.ui.lang, why)
    }
    /// One for each channel: the largest group. The others show what differs per receiver.
    fn main(&self) -> Vec<&PreviewView> {
        let mut seen = std::collections::BTreeSet::new();
        self.previews.shown.iter().filter(|p| seen.insert((p.channel, p.lang))).collect()
    }
    fn rest(&self) -> Vec<&PreviewView> {
        let mut seen = std::collections::BTreeSet::new();
        self.previews.shown.iter().filter(|p| !seen.insert((p.channel, p.lang))).collect()
    }
    fn costly(&self) -> bool {
        self.previews.texts.iter().any(|t| !t.costly.is_empty())
    }
    fn plain<'a>(&'a self, lang: &Lang, text: &'a str) -> &'a str {
        self.offer_plain.get(lang).map_or(text, String::as_str)
    }
    /// What the text says works, in the visitor's language where it says it there.
    fn works(&self) -> Option<&str> {
        let all = &self.entries.first()?.works;
        all.get(&self.ui.lang).or(all.values().next()).map(String::as_str)
    }
    /// The text without that.
    fn without<'a>(&self, lang: &Lang, text: &'a str) -> Cow<'a, str> {
        let claim = self.entries.first().and_then(|e| e.works.get(lang));
        claim.map_or(Cow::Borrowed(text), |c| text.replacen(c.as_str(), "", 1).replace("  ", " ").into())
    }
    fn extended(&self) -> bool {
        self.entries.iter().all(|e| e.approval.extended)
    }
}

pub async fn list(State(ctx): State<Ctx>, visitor: Visitor, did: Query<Did>) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    let seen = visitor.look(&ctx, |s, m, by| by.map(|by| view::approvals_for(s, by, m.now)).unwrap_or_default()).await;
    match seen {
        Ok((mut ui, approvals)) => {
            ui.refresh_s = Some(REFRESH_S);
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            html(&ListPage { ui, approvals })
        }
        Err(e) => gone(e),
    }
}

fn number(path: Result<Path<String>, PathRejection>) -> Result<MessageNo, Problem> {
    let Path(text) = path.map_err(Problem::input)?;
    text.parse().map_err(|_| refuse!(UnknownNumberUnread { typed: text }).into())
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    did: Query<Did>,
) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    let number = match number(path) {
        Ok(number) => number,
        Err(problem) => return refused(&ctx, &visitor, problem, "/approve").await,
    };
    let seen = visitor
        .look(&ctx, move |s, m, by| {
            let mut entries = by.map(|by| view::approvals_for(s, by, m.now)).unwrap_or_default();
            entries.retain(|a| a.number == number);
            (entries, view::previews(s, number.incident, number.seq, m.now))
        })
        .await;
    match seen {
        Ok((mut ui, (entries, Some(previews)))) if !entries.is_empty() => {
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            let offer_plain = previews
                .texts
                .iter()
                .filter(|t| t.costly.iter().any(|c| c.replacement.is_some()))
                .map(|t| (t.lang, view::replaced(&t.text)))
                .collect();
            html(&OnePage { ui, number, entries, previews, offer_plain })
        }
        Ok(_) => {
            let problem = Problem::new(StatusCode::NOT_FOUND, refuse!(NothingWaitsYours { message: number }));
            refused(&ctx, &visitor, problem, "/approve").await
        }
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    let (number, fields) = match number(path).and_then(|n| Ok((n, visitor.fields(form)?))) {
        Ok(both) => both,
        Err(problem) => return refused(&ctx, &visitor, problem, "/approve").await,
    };
    let back = format!("/approve/{}", escaped(&number.to_string()));
    let langs = match ctx.handle.query(|s, _| s.plan.region.languages.clone()).await {
        Ok(langs) => langs,
        Err(e) => return gone(e),
    };
    let wanted: Wanted = match fields.word("do") {
        Ok(wanted) => wanted,
        Err(problem) => return refused(&ctx, &visitor, problem, &back).await,
    };
    let action = (|| {
        Ok(match wanted {
            Wanted::Approve => {
                let entry = fields.some("entry").map(|_| fields.number("entry")).transpose()?;
                let (fingerprint, works) = (fields.number("fingerprint")?, fields.some("works").is_some());
                let approve = Action::Approve { number, fingerprint, entry, works };
                (approve, "approved")
            }
            Wanted::Change => {
                let texts = langs
                    .iter()
                    .filter(|l| fields.some(&format!("keep.{l}")).is_none())
                    .filter_map(|l| fields.some(&format!("text.{l}")).map(|t| (*l, t.to_owned())))
                    .filter(|(l, t)| fields.get(&format!("was.{l}")) != t)
                    .collect();
                (Action::Change { number, texts }, "changed")
            }
            Wanted::Reject => {
                let reason = fields.get("reason").into();
                (Action::Reject { number, reason, replacement: None }, "rejected")
            }
            Wanted::Wait => (Action::Wait { number }, "more-time"),
            Wanted::Reviewed => {
                let typed = fields.get("lang");
                let lang = Lang::try_from(typed.to_owned()).map_err(|_| refuse!(UnknownLanguageUnread { typed }))?;
                (Action::Reviewed { number, lang }, "reviewed")
            }
        })
    })();
    let (action, code) = match action {
        Ok(done) => done,
        Err(problem) => return refused(&ctx, &visitor, problem, &back).await,
    };
    match command(&ctx, &visitor.session.who, by, action, None).await {
        Ok(done) => {
            let to = match wanted {
                // The change made a new number, which the approver reads and approves (RULES B2).
                Wanted::Change => {
                    CommandDone::of(&done).message.map_or(back, |n| format!("/approve/{}", escaped(&n.to_string())))
                }
                Wanted::Wait | Wanted::Reviewed => back,
                Wanted::Approve | Wanted::Reject => "/approve".into(),
            };
            Redirect::to(&format!("{to}?done={code}")).into_response()
        }
        Err(Failed::Refused(r)) => refused(&ctx, &visitor, r.into(), &back).await,
        Err(e) => gone(e),
    }
}
