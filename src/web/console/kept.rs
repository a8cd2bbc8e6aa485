//! What somebody typed is kept when its form can't be taken (RULES H4): the session ended, the server was started anew, another
//! duty or another sign-in stands in its place. Before anybody signed in it travels in the sign-in form and nowhere else; after
//! that the session has it, until it is sent or the session ends. Nothing is carried out that was not looked at once more.
//!
//! Must not: keep what another site sent.

use std::fmt;
use std::time::Duration;

use askama::Template;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRequestParts;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::acts::Act;
use super::fields::NOT_PERSONAL;
use super::form_words::FormWord;
use super::ui::Ui;
use super::{Fields, Guest, Visitor, gone, html, own_path, sign_in};
use crate::domain::incident::refused::Refused;
use crate::domain::incident::typed::none_in;
use crate::domain::lang::Lang;
use crate::web::problem::Problem;
use crate::web::{BODY_BYTES_MAX, Ctx, api};
use crate::words::console as w;

/// Where it is shown.
pub(super) const PATH: &str = "/kept";
/// A form that nobody has signed in for is waited for so long.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Fields that are a form's own and nobody's words.
const OWN: [&str; 9] = ["csrf", "do", "step", "fingerprint", "down-asked", "go", "seen", "read", "once"];

/// A form that was not taken.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Where it was sent.
    path: String,
    /// Its fields, without the secret of its session.
    pairs: Vec<(String, String)>,
}

/// Somebody's words are in no log.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

impl Kept {
    fn of(path: &str, body: &[u8]) -> Self {
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        pairs.retain(|(name, _)| name != "csrf");
        Self { path: own_path(path).to_owned(), pairs }
    }
    /// As one field of the sign-in form.
    pub(super) fn written(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }
    /// From that field; nothing where it is empty, or another site sent it.
    pub(super) fn read(headers: &HeaderMap, path: &str, written: &str) -> Option<Self> {
        (is_own(headers) && !written.is_empty()).then(|| Self::of(path, written.as_bytes()))
    }
    /// Where it was sent.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
    /// What somebody typed or chose.
    fn typed(&self) -> impl Iterator<Item = (&str, &str)> {
        let shown = |(name, value): &&(String, String)| {
            !OWN.contains(&&**name) && !name.starts_with("was.") && !value.trim().is_empty()
        };
        self.pairs.iter().filter(shown).map(|(name, value)| (name.as_str(), value.as_str()))
    }
    /// A number of a person's in what was typed, unless whoever sends it has looked. A number to call is none.
    fn personal_number(&self) -> Option<Refused> {
        let looked = !self.field(NOT_PERSONAL).is_empty();
        let mut typed = self.typed().filter(|(name, _)| !looked && *name != "contact");
        typed.find_map(|(name, value)| none_in(name, value).err())
    }
    fn field(&self, name: &str) -> &str {
        self.pairs.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }
    /// Nobody typed anything: the page is read once more instead.
    fn is_bare(&self) -> bool {
        // A card's one button says what was shown: that is read once more, too.
        self.path == "/now" || self.path.starts_with("/approve/") && !["change", "reject"].contains(&self.field("do"))
    }
}

/// A page of this server sent it, as far as the browser says (Fetch Metadata; before that RFC 6454, 7).
fn is_own(headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).and_then(|v| v.to_str().ok());
    match (said("sec-fetch-site"), said("origin"), said(header::HOST.as_str())) {
        (Some(site), ..) => site == "same-origin",
        (None, Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, of)| of == host),
        _ => false,
    }
}

/// Keeps a form that its page would refuse for want of a session, a duty or the right secret, and asks about a person's number in one
/// that it would take.
pub(super) async fn keep(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Nobody's words are in what lets in, or in what a password stands.
    let asks = ["/sign-in", "/sign-out", "/acting", "/account"].contains(&path)
        || path.starts_with("/first/")
        || path.starts_with("/device/");
    if request.method() != Method::POST || asks {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let bytes = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return api::too_large(StatusCode::PAYLOAD_TOO_LARGE).answer(false),
        Err(_) => return api::too_large(StatusCode::REQUEST_TIMEOUT).answer(false),
    };
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let kept = Kept::of(&path, &bytes);
    let again = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    let session = ctx.auth.session(&parts.headers, ctx.clock.now().into());
    match session {
        _ if kept.is_bare() => next.run(again).await,
        Some(session) if session.acting.is_some() && session.sent_by(&secret(&bytes)) => {
            if let Some(refused) = kept.personal_number() {
                return asked(&ctx, parts, kept, refused).await;
            }
            let done = next.run(again).await;
            // What was refused is kept still.
            if done.status().is_redirection() && session.kept.as_ref() == Some(&kept) {
                ctx.auth.change(&parts.headers, |s| s.kept = None);
            }
            done
        }
        _ if !is_own(&parts.headers) => next.run(again).await,
        None => sign_in::keeping(&ctx, &Guest::of(&parts.uri, &parts.headers), &kept).await,
        Some(_) => {
            ctx.auth.change(&parts.headers, |s| s.kept = Some(kept));
            Redirect::to(PATH).into_response()
        }
    }
}

/// Whether what looks like a person's number is one: what was typed stands there, to be changed with *Back*, or sent as it is.
async fn asked(ctx: &Ctx, mut parts: Parts, kept: Kept, refused: Refused) -> Response {
    let visitor = match Visitor::from_request_parts(&mut parts, ctx).await {
        Ok(visitor) => visitor,
        Err(sign_in) => return sign_in,
    };
    let problem = Problem::from(refused);
    match visitor.look(ctx, |_, _, _| ()).await {
        Ok((ui, ())) => (problem.status, html(&PersonalPage { ui, kept, problem })).into_response(),
        Err(e) => gone(e),
    }
}

fn secret(body: &Bytes) -> String {
    let of = form_urlencoded::parse(body).find(|(name, _)| name == "csrf");
    of.map_or_else(String::new, |(_, value)| value.into_owned())
}

#[derive(Template)]
#[template(path = "personal.html")]
struct PersonalPage {
    ui: Ui,
    kept: Kept,
    problem: Problem,
}

#[derive(Template)]
#[template(path = "kept.html")]
struct Page {
    ui: Ui,
    kept: Kept,
}

impl Page {
    /// What somebody typed or chose, by what its form calls it.
    fn typed(&self) -> impl Iterator<Item = (String, &str)> {
        self.kept.typed().map(|(name, value)| (self.label(name), value))
    }
    /// What its button does.
    fn act(&self) -> &'static str {
        let word = match self.kept.field("do") {
            "change" => w::CHANGE_THE_TEXT,
            "reject" => w::REJECT,
            named => Act::named(named).map_or(w::SEND_WHAT_IS_KEPT, Act::word),
        };
        self.ui.t(word)
    }
    fn label(&self, name: &str) -> String {
        let (of, lang) = name.split_once('.').map_or((name, None), |(of, lang)| (of, Some(lang)));
        let word = match of {
            "what" => w::WHAT_HAPPENED,
            "scope" => w::WHO_IS_AFFECTED,
            "known" => w::WE_KNOW,
            "unknown" => w::WE_DO_NOT_KNOW,
            "public_news" => w::NEW_FOR_THE_PUBLIC,
            "text" => w::THE_TEXT_IN,
            "level" => w::HOW_SERIOUS,
            "site" => w::WHERE,
            "safety" => w::ARE_PATIENTS_IN_DANGER,
            "down" => w::ALSO_DOWN,
            "restore" => w::RUNNING_AGAIN,
            "next" => w::NEXT_UPDATE_FIRST,
            "reason" => w::REASON,
            "function" => w::FUNCTION,
            _ => return name.to_owned(),
        };
        match lang.and_then(|l| Lang::try_from(l.to_owned()).ok()) {
            Some(lang) => format!("{} ({})", self.ui.t(word), self.ui.lang_name(&lang)),
            None => self.ui.t(word).to_owned(),
        }
    }
}

pub(super) async fn page(State(ctx): State<Ctx>, visitor: Visitor) -> Response {
    if let Err(choose) = visitor.acting() {
        return choose;
    }
    let Some(kept) = visitor.session.kept.clone() else { return Redirect::to("/").into_response() };
    match visitor.look(&ctx, |_, _, _| ()).await {
        Ok((ui, ())) => html(&Page { ui, kept }),
        Err(e) => gone(e),
    }
}

/// The kept form of a sign-in, if it brings one.
pub(super) fn of_sign_in(headers: &HeaderMap, fields: &Fields) -> Option<Kept> {
    Kept::read(headers, fields.get("next"), fields.get("kept"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_server_s_own_page_sent_is_kept() {
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            pairs.iter().map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value"))).collect()
        };
        for (sent, own) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://h:1"), ("host", "h:1")], false),
            (&[("origin", "http://h:1"), ("host", "h:1")], true),
            (&[("origin", "http://evil"), ("host", "h:1")], false),
            (&[("origin", "null"), ("host", "h:1")], false),
            (&[("host", "h:1")], false),
        ] {
            assert_eq!(is_own(&headers(sent)), own, "{sent:?}");
        }
        let own = headers(&[("sec-fetch-site", "same-origin")]);
        let kept = Kept::of("/incidents/14", b"csrf=x&do=update&known.sv=Felet+%C3%A4r+funnet&site=FS&site=HS");
        let again = Kept::read(&own, "/incidents/14", &kept.written()).expect("kept");
        assert_eq!(again, kept);
        assert_eq!(again.pairs.len(), 4, "the secret is not kept");
        assert_eq!(Kept::read(&HeaderMap::new(), "/", &kept.written()), None);
        assert_eq!(Kept::of("//evil.example", b"").path, "/");
        assert_eq!(format!("{kept:?}"), "Kept(…)");
    }
}
