//! What the link in a request for approval opens (RULES B2): every text of the incident that waits for that duty, each on its sheet,
//! with its buttons; its wording can be changed there. Looking does nothing, since scanners open links, and neither does an empty
//! form; each yes names the fingerprint that was read, so that a text which changed meanwhile is refused. The link is as good as
//! the duty's telephone was when it was sent there, for this incident, and dead when that is closed.

use askama::Template;
use axum::http::{Method, StatusCode};

use super::console::accepted_lang;
use super::console::sheet::{Frame, Sent, Sheet, Typed, Wanted, texts};
use super::problem::Problem;
use super::public::{Answer, Call};
use crate::dispatch::engine::Handle;
use crate::domain::ids::{DeliveryId, FunctionId, MessageNo};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::input::{Action, Input};
use crate::domain::incident::state::{Incident, State};
use crate::domain::incident::typed::no_personal_number;
use crate::domain::incident::values::{Item, Phase};
use crate::domain::lang::Lang;
use crate::domain::time::At;
use crate::domain::view::approvals_for;
use crate::domain::words::NoteWord;
use crate::words::{Section, Word, link as w};

/// Longest form that is read, in bytes: two languages of the longest text, or several of a common one, each letter escaped.
pub const FORM_BYTES_MAX: usize = 60 * 1024;
/// A form has no more fields than that: a text and a text instead in each of many languages.
pub const FORM_FIELDS_MAX: usize = 64;
/// The look of a sheet, and of what stands around it here.
const STYLE: &str =
    concat!(include_str!("../../assets/console/link.css"), include_str!("../../assets/console/sheet.css"));

#[derive(Template)]
#[template(path = "approve_link.html")]
struct Page {
    lang: Lang,
    region: String,
    fictional: bool,
    training: bool,
    seen: Option<Seen>,
    /// What a button did, or why it did nothing.
    did: Option<Result<&'static str, String>>,
    style: &'static str,
}

/// Why a button did nothing, and what to do next.
pub(super) fn undone(problem: &Problem, lang: Lang) -> String {
    let (what, next) = problem.said(lang);
    format!("{what} {next}")
}

/// What waits.
struct Seen {
    exercise: bool,
    mark: String,
    title: String,
    closed: bool,
    sheets: Vec<Sheet>,
}

impl Page {
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn others(&self) -> impl Iterator<Item = Lang> {
        Section::Link.languages().filter(|lang| *lang != self.lang)
    }
    fn own_name(&self, lang: &Lang) -> String {
        crate::words::own_name(*lang).map_or_else(|| lang.to_string(), str::to_owned)
    }
}

/// The duty that a note asked for approval, if this delivery is such a note.
pub fn asked(inc: &Incident, delivery: DeliveryId) -> Option<FunctionId> {
    let Item::Note(id) = inc.deliveries.get(delivery.ordinal as usize)?.item() else { return None };
    let note = inc.notes.get(id as usize).filter(|n| n.word == NoteWord::ApprovalWanted)?;
    Some(inc.plan.function(note.to).id.clone())
}

/// What the address says after its question mark: the language, and what was done by the form before.
fn query<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let pairs = call.query.as_deref()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(n, _)| *n == name).map(|(_, value)| value).next()
}

/// Answers the link of such a note. What was done leads on to the page anew, so that a reload does nothing twice.
pub async fn answer(handle: &Handle, by: FunctionId, delivery: DeliveryId, call: &Call) -> Answer {
    let asked = query(call, "lang").and_then(|lang| Section::Link.language(lang));
    let lang = asked.unwrap_or_else(|| accepted_lang(&call.headers, Section::Link));
    let mut did = query(call, "done").and_then(|code| done(code, lang)).map(Ok);
    let (mut typed, mut at) = (Typed::default(), None);
    if call.method == Method::POST {
        match act(handle, &by, delivery, call, lang).await {
            Ok(code) => {
                let lang = asked.map_or_else(String::new, |lang| format!("&lang={lang}"));
                let mut answer = Answer::html(StatusCode::SEE_OTHER, "");
                answer.location = Some(format!("{}?done={code}{lang}", call.path));
                return answer;
            }
            Err(why) => {
                did = Some(Err(why.said));
                (typed, at) = (why.typed, why.number);
            }
        }
    }
    let failed = did.as_ref().is_some_and(Result::is_err);
    let path = asked.map_or_else(|| call.path.clone(), |lang| format!("{}?lang={lang}", call.path));
    let who = handle.asked_at(delivery).await.ok().flatten();
    let looked = handle.query(move |state, meta| {
        let around = (state.plan.region.name.clone(), meta.fictional);
        (around, seen(state, &by, who, delivery, lang, meta.now, &path, &typed, at))
    });
    let ((region, fictional), seen) = looked.await.unwrap_or_default();
    let status = match &seen {
        None => StatusCode::NOT_FOUND,
        Some(s) if s.closed => StatusCode::GONE,
        Some(_) if failed => StatusCode::CONFLICT,
        Some(_) => StatusCode::OK,
    };
    let training = handle.board().is_training();
    let page = Page { lang, region, fictional, training, seen, did, style: STYLE };
    Answer::html(status, page.render().unwrap_or_else(|_| status.to_string()))
}

/// Why nothing was done, and what was typed.
#[derive(Default)]
struct Undone {
    said: String,
    typed: Typed,
    number: Option<MessageNo>,
}

/// What a form of this link asks for is done; gives the word for it.
async fn act(
    handle: &Handle,
    by: &FunctionId,
    delivery: DeliveryId,
    call: &Call,
    lang: Lang,
) -> Result<&'static str, Undone> {
    let broken = || Undone { said: w::FORM_BROKEN.say(lang).to_owned(), ..Undone::default() };
    let pairs = pairs(&call.body).ok_or_else(broken)?;
    let number = number(&pairs, delivery).ok_or_else(broken)?;
    let now = handle.query(move |s, _| texts(s, number)).await.ok().flatten().unwrap_or_default();
    let sent = Sent(&pairs);
    let why = |problem: Problem| Undone { said: undone(&problem, lang), typed: sent.typed(), number: Some(number) };
    if sent.asks_other() {
        let asked = handle.input(Input::AskBeside { number, by: by.clone() }).await;
        return asked.map(|_| "other-asked").map_err(|failed| why(failed.into()));
    }
    let (action, wanted): (Action, Wanted) = sent.action(number, &now).map_err(|_| broken())?;
    if let (false, Err(refused)) = (sent.not_personal(), no_personal_number(&action)) {
        let mut undone = why(refused.into());
        undone.typed.personal = true;
        return Err(undone);
    }
    let input = Input::Command { who: None, by: by.clone(), action: Box::new(action) };
    match handle.input_by_link(delivery, input).await {
        Ok(_) => Ok(match wanted {
            Wanted::Approve => "approved",
            Wanted::Change => "changed",
            Wanted::Reject => "rejected",
            Wanted::Wait => "more-time",
            Wanted::Reviewed => "reviewed",
            Wanted::Ask => "other-asked",
        }),
        Err(failed) => Err(why(failed.into())),
    }
}

fn done(code: &str, lang: Lang) -> Option<&'static str> {
    let word = match code {
        "approved" => w::APPROVED,
        "changed" => w::CHANGED_READ_IT,
        "rejected" => w::REJECTED_ASKED,
        "more-time" => w::MORE_TIME_GIVEN,
        "other-asked" => w::OTHER_ASKED,
        "reviewed" => w::REVIEWED,
        _ => return None,
    };
    Some(word.say(lang))
}

/// A form's fields; nothing of one that is too large.
pub(super) fn pairs(body: &[u8]) -> Option<Vec<(String, String)>> {
    let short = body.len() <= FORM_BYTES_MAX;
    short.then(|| form_urlencoded::parse(body).into_owned().take(FORM_FIELDS_MAX).collect())
}

/// The number that a form is about: of this link's incident alone.
fn number(pairs: &[(String, String)], delivery: DeliveryId) -> Option<MessageNo> {
    let number: MessageNo = pairs.iter().find(|(name, _)| name == "number")?.1.trim().parse().ok()?;
    (number.incident == delivery.incident).then_some(number)
}

#[expect(clippy::too_many_arguments, reason = "what the page is of, and what was typed on it")]
fn seen(
    state: &State,
    by: &FunctionId,
    who: Option<Actor>,
    delivery: DeliveryId,
    lang: Lang,
    now: At,
    path: &str,
    typed: &Typed,
    at: Option<MessageNo>,
) -> Option<Seen> {
    let inc = state.incidents.get(&delivery.incident)?;
    let mut numbers: Vec<MessageNo> = Vec::new();
    for a in approvals_for(state, by, now).into_iter().filter(|a| a.incident == inc.no) {
        if !numbers.contains(&a.number) {
            numbers.push(a.number);
        }
    }
    let sheet = |number: MessageNo| {
        let (path, csrf, who) = (path.to_owned(), String::new(), who.clone());
        let frame = Frame { lang, path, csrf, from: at, change: false, who, typed: Typed::default() };
        let mut sheet = Sheet::of(state, number, by, now, frame)?;
        // What was typed over an earlier number stands in the form of the one that took its place.
        if at.is_some_and(|at| at == number || sheet.history.before.contains(&at)) {
            sheet.typed = typed.clone();
        }
        Some(sheet)
    };
    Some(Seen {
        exercise: inc.is_drill(),
        mark: inc.plan.words(lang).mark.clone(),
        title: inc.headline().get(lang).to_owned(),
        closed: inc.phase == Phase::Closed,
        sheets: numbers.into_iter().filter_map(sheet).collect(),
    })
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
                Seen { exercise: false, mark: "ÖVNING".into(), title: "T".into(), closed: false, sheets: Vec::new() };
            let did = Some(Err(undone(&failed.into(), lang)));
            Page { lang, region: String::new(), fictional: false, training: false, seen: Some(seen), did, style: "" }
                .render()
                .unwrap()
        };
        let refused = || Failed::Refused(refuse!(FourEyes { by: "so-vard", incident: 14 }));
        let sv = page(Lang::SV, refused());
        let said = "so-vard har rapporterat händelse 14 och får inte själv godkänna texten. Be en ersättare";
        assert!(sv.contains(said), "{sv}");
        assert!(page(Lang::EN, refused()).contains("✘ so-vard reported incident 14 and may not approve the text"));
        assert!(page(Lang::SV, Failed::GoingDown).contains("Programmet stängs av; inget är gjort."));
    }

    #[test]
    fn a_form_acts_on_its_own_incident_and_has_its_limits() {
        let delivery = DeliveryId { incident: IncidentNo::actual(14), ordinal: 3 };
        let of = |body: &str| pairs(body.as_bytes()).and_then(|pairs| number(&pairs, delivery));
        assert_eq!(of("do=wait&number=14-2").unwrap().seq, 2);
        for bad in ["", "do=approve", "number=15-2", "number=x", "%", "number="] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(pairs(&vec![b'a'; FORM_BYTES_MAX + 1]), None);
        let many = "a=1&".repeat(10_000);
        assert_eq!(pairs(many.as_bytes()).unwrap().len(), FORM_FIELDS_MAX);
        // Two languages of the longest text fit, each letter escaped.
        let long = "%C3%A5".repeat(crate::domain::text::TEXT_CHARS_MAX);
        let form = format!("do=change&number=14-2&text.sv={long}&text.en={long}");
        assert!(form.len() <= FORM_BYTES_MAX && of(&form).is_some());
    }
}
