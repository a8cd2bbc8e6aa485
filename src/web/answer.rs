//! What an answer link opens: what is asked, for whom, and two buttons. Looking at it does nothing, since mail scanners open
//! every link; only the button answers. A link is dead when its incident is closed, and says so.
//!
//! The page needs no sign-in: the 128 bits of the link are the key to this one delivery. It shows no address and no other
//! function than those that this duty point answers for.

use askama::Template;
use axum::http::{Method, StatusCode};

use crate::dispatch::engine::{Failed, Handle};
use crate::dispatch::links::{self, LinkKey};
use crate::domain::ids::DeliveryId;
use crate::domain::incident::ask_list::AskState;
use crate::domain::incident::asks::served_by;
use crate::domain::incident::input::Input;
use crate::domain::incident::state::{Incident, State};
use crate::domain::incident::values::{Item, Phase};
use crate::domain::lang::Lang;
use crate::domain::time::At;

use super::approve_link;
use super::console::accepted_lang;
use super::feedback_link;
use super::public::{Answer, Call};
use crate::words::{Section, Word, link as w};

/// Longest form that is read: `do=yes`.
const FORM_BYTES_MAX: usize = 64;

#[derive(Template)]
#[template(path = "answer.html")]
struct Page {
    lang: Lang,
    region: String,
    fictional: bool,
    training: bool,
    shown: Shown,
}

/// What there is to say.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Shown {
    /// No such link.
    Unknown,
    /// The incident is over.
    Over { no: String },
    /// The program can't answer now.
    Later,
    /// Waited for, or answered.
    Asked(Box<Asked>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Asked {
    exercise: bool,
    mark: String,
    no: String,
    number: String,
    fingerprint: String,
    title: String,
    text: String,
    text_lang: Lang,
    /// The functions that this duty point answers for and that nobody has answered for: one press answers for all of them.
    functions: Vec<String>,
    /// Who has it, when, and for which functions.
    answered: Vec<(String, String, String)>,
    /// An answer is waited for.
    open: bool,
    /// What the button did.
    did: Option<Did>,
    /// The path of this page.
    path: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Did {
    Yes,
    PassedOn,
    Nothing,
}

/// The look of what stands behind a link.
const STYLE: &str = include_str!("../../assets/console/link.css");

impl Page {
    fn style(&self) -> &'static str {
        STYLE
    }
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
}

/// Answers `/a/{delivery}/{token}`. GET and HEAD only look.
pub async fn answer(handle: &Handle, key: &LinkKey, call: &Call) -> Answer {
    let lang = accepted_lang(&call.headers, Section::Link);
    let Some(delivery) = links::check(key, &call.path) else {
        return page(handle, lang, StatusCode::NOT_FOUND, Shown::Unknown).await;
    };
    let of = move |state: &State, _: &_| approve_link::asked(state.incidents.get(&delivery.incident)?, delivery);
    if let Ok(Some(by)) = handle.query(of).await {
        return approve_link::answer(handle, by, delivery, call).await;
    }
    // Over: whoever was told says how it went.
    if let Ok(Some(seen)) = handle.query(move |state, _| feedback_link::asked(state, delivery, lang)).await {
        return feedback_link::answer(handle, seen, delivery, call, lang).await;
    }
    let mut did = None;
    if call.method == Method::POST {
        did = Some(Did::Nothing);
        if let Some(yes) = pressed(&call.body) {
            did = match handle.input(Input::Link { who: None, delivery, yes }).await {
                Ok(_) => Some(if yes { Did::Yes } else { Did::PassedOn }),
                // Answered meanwhile, by this button or another: the page says by whom.
                Err(Failed::Refused(_)) => Some(Did::Nothing),
                Err(Failed::GoingDown) => {
                    return page(handle, lang, StatusCode::SERVICE_UNAVAILABLE, Shown::Later).await;
                }
            };
        }
    }
    let path = call.path.clone();
    match handle.query(move |state, meta| shown(state, delivery, lang, did, meta.now, path)).await {
        Ok(shown) => {
            let status = match shown {
                Shown::Asked(_) => StatusCode::OK,
                Shown::Over { .. } => StatusCode::GONE,
                Shown::Unknown | Shown::Later => StatusCode::NOT_FOUND,
            };
            page(handle, lang, status, shown).await
        }
        Err(_) => page(handle, lang, StatusCode::SERVICE_UNAVAILABLE, Shown::Later).await,
    }
}

/// Which button: `do=yes` or `do=no`.
pub(super) fn pressed(body: &[u8]) -> Option<bool> {
    let body = std::str::from_utf8(body).ok().filter(|b| b.len() <= FORM_BYTES_MAX)?;
    body.split('&').find_map(|pair| match pair {
        "do=yes" => Some(true),
        "do=no" => Some(false),
        _ => None,
    })
}

fn shown(state: &State, delivery: DeliveryId, lang: Lang, did: Option<Did>, now: At, path: String) -> Shown {
    let no = delivery.incident;
    let Some(inc) = state.incidents.get(&no) else {
        return if state.archived.contains_key(&no) { Shown::Over { no: no.to_string() } } else { Shown::Unknown };
    };
    if inc.phase == Phase::Closed {
        return Shown::Over { no: no.to_string() };
    }
    asked(inc, delivery, lang, did, now, path).map_or(Shown::Unknown, |a| Shown::Asked(Box::new(a)))
}

fn asked(inc: &Incident, delivery: DeliveryId, lang: Lang, did: Option<Did>, now: At, path: String) -> Option<Asked> {
    let plan = &inc.plan;
    let d = inc.deliveries.get(delivery.ordinal as usize)?;
    let Item::Message(seq) = d.item() else { return None };
    let message = inc.message(seq)?;
    let text_lang = plan.region.languages.get(usize::from(d.lang)).copied().unwrap_or(plan.lang());
    let draft = message.texts.get(&text_lang).or_else(|| message.texts.values().next())?;
    let asks: Vec<_> = served_by(inc, d.point).into_iter().filter_map(|id| inc.asks.get(id as usize)).collect();
    let name = |f| plan.function(f).title.get(lang).to_owned();
    let time = |at: At| plan.words(lang).time(&plan.calendar, at.timestamp(), now.timestamp());
    Some(Asked {
        exercise: inc.is_drill(),
        mark: plan.words(lang).mark.clone(),
        no: inc.no.written(&plan.words(text_lang).drill_prefix),
        number: inc.number(seq).written(&plan.words(text_lang).drill_prefix),
        fingerprint: draft.fingerprint.to_string(),
        title: inc.headline().get(lang).to_owned(),
        text: draft.text.as_str().to_owned(),
        text_lang,
        functions: asks.iter().filter(|a| a.state.is_open()).map(|a| name(a.function)).collect(),
        answered: {
            let mut by_whom: Vec<(String, String, Vec<String>)> = Vec::new();
            for a in &asks {
                let AskState::Answered { by, at, .. } = &a.state else { continue };
                let (who, when) = (name(*by), time(*at));
                match by_whom.iter_mut().find(|w| (&w.0, &w.1) == (&who, &when)) {
                    Some(known) => known.2.push(name(a.function)),
                    None => by_whom.push((who, when, vec![name(a.function)])),
                }
            }
            by_whom.into_iter().map(|(who, when, of)| (who, when, of.join(", "))).collect()
        },
        open: asks.iter().any(|a| a.state.is_open()),
        did,
        path,
    })
}

async fn page(handle: &Handle, lang: Lang, status: StatusCode, shown: Shown) -> Answer {
    let around = handle.query(|s, m| (s.plan.region.name.clone(), m.fictional)).await;
    let (region, fictional) = around.unwrap_or_default();
    let training = handle.board().is_training();
    let page = Page { lang, region, fictional, training, shown };
    Answer::html(status, page.render().unwrap_or_else(|_| status.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_button_acts() {
        for (body, expected) in [
            (&b"do=yes"[..], Some(true)),
            (b"do=no", Some(false)),
            (b"x=1&do=yes", Some(true)),
            (b"", None),
            (b"do=maybe", None),
            (b"\xff\xfe", None),
            (&[b'&'; 100], None),
        ] {
            assert_eq!(pressed(body), expected);
        }
    }
}
