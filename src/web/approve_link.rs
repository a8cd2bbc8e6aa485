//! What the link in a request for approval opens (RULES B2): every text of the incident that waits for that duty, word for
//! word, who gets it and until when, with its buttons. Looking does nothing, since scanners open links; each yes names the
//! fingerprint that was read, so that a text which changed meanwhile is refused. The link is as good as the duty's telephone
//! was when it was sent there, for this incident, and dead when that is closed.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::{Method, StatusCode};

use super::console::accepted_lang;
use super::problem::Problem;
use super::public::{Answer, Call};
use crate::dispatch::engine::Handle;
use crate::domain::ids::{DeliveryId, FunctionId, MessageNo};
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::state::{Incident, State};
use crate::domain::incident::values::{Item, Phase};
use crate::domain::lang::Lang;
use crate::domain::text::Fingerprint;
use crate::domain::time::At;
use crate::domain::view::{ApprovalView, approvals_for};
use crate::domain::words::NoteWord;
use crate::words::{Section, Word, link as w};

/// Longest form that is read: a reason with all its letters escaped.
const FORM_BYTES_MAX: usize = 8 * 1024;

#[derive(Template)]
#[template(path = "approve_link.html")]
struct Page {
    lang: Lang,
    region: String,
    fictional: bool,
    path: String,
    seen: Option<Seen>,
    /// What a button did, or why it did nothing.
    did: Option<Result<&'static str, String>>,
}

/// Why a button did nothing, and what to do next.
fn undone(problem: Problem, lang: Lang) -> String {
    let (what, next) = problem.said(lang);
    format!("{what} {next}")
}

/// The text that waits.
struct Seen {
    exercise: bool,
    mark: String,
    title: String,
    closed: bool,
    entries: Vec<Entry>,
}

struct Entry {
    view: ApprovalView,
    to: Vec<String>,
    due: String,
}

impl Page {
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    /// What the text says works, in the reader's language where it says it there.
    fn works<'a>(&self, view: &'a ApprovalView) -> Option<&'a str> {
        view.works.get(&self.lang).or(view.works.values().next()).map(String::as_str)
    }
    fn then(&self, a: &ApprovalView) -> &'static str {
        super::console::words::then(self.lang, a.approval.then, a.approval.finally)
    }
}

/// The duty that a note asked for approval, if this delivery is such a note.
pub fn asked(inc: &Incident, delivery: DeliveryId) -> Option<FunctionId> {
    let Item::Note(id) = inc.deliveries.get(delivery.ordinal as usize)?.item() else { return None };
    let note = inc.notes.get(id as usize).filter(|n| n.word == NoteWord::ApprovalWanted)?;
    Some(inc.plan.function(note.to).id.clone())
}

/// Answers the link of such a note.
pub async fn answer(handle: &Handle, by: FunctionId, delivery: DeliveryId, call: &Call) -> Answer {
    let lang = accepted_lang(&call.headers, Section::Link);
    let mut did = None;
    if call.method == Method::POST {
        did = Some(match action(&call.body, lang, delivery) {
            Ok((action, done)) => {
                match handle.input(Input::Command { by: by.clone(), action: Box::new(action) }).await {
                    Ok(_) => Ok(done),
                    Err(failed) => Err(undone(failed.into(), lang)),
                }
            }
            Err(said) => Err(said),
        });
    }
    let failed = did.as_ref().is_some_and(Result::is_err);
    let looked = handle.query(move |state, meta| {
        let around = (state.plan.region.name.clone(), meta.fictional);
        (around, seen(state, &by, delivery, lang, meta.now))
    });
    let ((region, fictional), seen) = looked.await.unwrap_or_default();
    let status = match &seen {
        None => StatusCode::NOT_FOUND,
        Some(s) if s.closed => StatusCode::GONE,
        Some(_) if failed => StatusCode::CONFLICT,
        Some(_) => StatusCode::OK,
    };
    let page = Page { lang, region, fictional, path: call.path.clone(), seen, did };
    Answer::html(status, page.render().unwrap_or_else(|_| status.to_string()))
}

fn seen(state: &State, by: &FunctionId, delivery: DeliveryId, lang: Lang, now: At) -> Option<Seen> {
    let inc = state.incidents.get(&delivery.incident)?;
    let plan = &inc.plan;
    let mut waiting = approvals_for(state, by, now);
    waiting.retain(|a| a.incident == inc.no);
    let name = |f: &FunctionId| {
        plan.function_ix(f.as_str()).map_or_else(|| f.to_string(), |f| plan.function(f).title.get(lang).to_owned())
    };
    let entry = |view: ApprovalView| Entry {
        to: view.to.iter().map(name).collect(),
        due: plan.words(lang).time(&plan.calendar, view.approval.due.timestamp(), now.timestamp()),
        view,
    };
    Some(Seen {
        exercise: inc.is_drill(),
        mark: plan.words(lang).mark.clone(),
        title: inc.book().title.get(lang).to_owned(),
        closed: inc.phase == Phase::Closed,
        entries: waiting.into_iter().map(entry).collect(),
    })
}

/// What a form asks for, of this incident alone.
fn action(body: &[u8], lang: Lang, delivery: DeliveryId) -> Result<(Action, &'static str), String> {
    let broken = || w::FORM_BROKEN.say(lang).to_owned();
    if body.len() > FORM_BYTES_MAX {
        return Err(broken());
    }
    let fields: BTreeMap<String, String> = serde_form(body);
    let field = |name: &str| fields.get(name).map_or("", |v| v.trim());
    let number: MessageNo = field("number").parse().map_err(|_| broken())?;
    if number.incident != delivery.incident {
        return Err(broken());
    }
    match field("do") {
        "approve" => {
            let fingerprint: Fingerprint = field("fingerprint").parse().map_err(|_| broken())?;
            // A number that can't be read is not taken for "all of them".
            let entry = match field("entry") {
                "" => None,
                entry => Some(entry.parse().map_err(|_| broken())?),
            };
            let works = !field("works").is_empty();
            Ok((Action::Approve { number, fingerprint, entry, works }, w::APPROVED.say(lang)))
        }
        "reject" => {
            let reason = field("reason");
            if reason.is_empty() {
                return Err(w::WRITE_REASON.say(lang).to_owned());
            }
            Ok((Action::Reject { number, reason: reason.into(), replacement: None }, w::REJECTED.say(lang)))
        }
        "wait" => Ok((Action::Wait { number }, w::MORE_TIME_GIVEN.say(lang))),
        _ => Err(broken()),
    }
}

/// A form's fields; of those that come twice, the first.
fn serde_form(body: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        fields.entry(name).or_insert(value);
    }
    fields
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::dispatch::engine::Failed;
    use crate::domain::ids::IncidentNo;
    use crate::domain::incident::refused::refuse;

    #[test]
    fn what_was_refused_is_said_in_the_language_of_the_page() {
        let page = |lang, failed: Failed| {
            let seen =
                Seen { exercise: false, mark: "ÖVNING".into(), title: "T".into(), closed: false, entries: Vec::new() };
            let did = Some(Err(undone(failed.into(), lang)));
            let (region, path) = (String::new(), "/a/1.x".into());
            Page { lang, region, fictional: false, path, seen: Some(seen), did }.render().unwrap()
        };
        let refused = || Failed::Refused(refuse!(FourEyes { by: "so-vard", incident: 14 }));
        let sv = page(Lang::SV, refused());
        let said = "so-vard har rapporterat händelse 14 och får inte själv godkänna texten. Be en ersättare";
        assert!(sv.contains(said), "{sv}");
        assert!(page(Lang::EN, refused()).contains("✘ so-vard reported incident 14 and may not approve the text"));
        assert!(page(Lang::SV, Failed::GoingDown).contains("Programmet stängs av; inget är gjort."));
    }

    #[test]
    fn a_form_acts_on_its_own_incident_and_says_what_is_missing() {
        let delivery = DeliveryId { incident: IncidentNo::actual(14), ordinal: 3 };
        let read = |body: &str| action(body.as_bytes(), Lang::EN, delivery);
        let (approve, _) = read("do=approve&number=14-2&fingerprint=7K4F2A&entry=1").unwrap();
        assert!(matches!(approve, Action::Approve { entry: Some(1), .. }), "{approve:?}");
        let (reject, _) = read("do=reject&number=14-2&reason=fel+telefon%C3%A5nummer").unwrap();
        assert!(matches!(reject, Action::Reject { reason, .. } if reason.as_str() == "fel telefonånummer"));
        assert!(matches!(read("do=wait&number=14-2").unwrap().0, Action::Wait { .. }));
        assert_eq!(read("do=reject&number=14-2&reason=+").unwrap_err(), "Write a reason.");
        for bad in [
            "",
            "do=approve&number=14-2",
            "do=approve&number=15-2&fingerprint=7K4F2A",
            "do=x&number=14-2",
            "%",
            "do=approve&number=14-2&fingerprint=7K4F2A&entry=x",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&"a".repeat(FORM_BYTES_MAX + 1)).is_err());
    }
}
