//! The link in a request for approval, over the real public listener, as the browser of a telephone uses it.

use std::net::TcpListener;
use std::sync::Arc;

use reqwest::{Client, StatusCode, redirect};
use tokio::sync::watch;

use vardkase::dispatch::engine::Handle;
use vardkase::dispatch::links::{LinkKey, link};
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Input, News, Report};
use vardkase::domain::incident::state::{Incident, State};
use vardkase::domain::incident::values::Item;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::Audience;
use vardkase::domain::words::NoteWord;
use vardkase::gateways::Boxed;
use vardkase::web::answer::answer;
use vardkase::web::door::Door;
use vardkase::web::public::{Answer, Call, Dynamic, Limits, Public, PublicSite, spawn_thread};

use super::site::{Site, between, hidden};

/// What the program puts behind the public listener.
struct Answers {
    handle: Handle,
    key: Arc<LinkKey>,
}

impl Dynamic for Answers {
    fn call(&self, call: Call) -> Boxed<'_, Answer> {
        Box::pin(async move { answer(&self.handle, &self.key, &call).await })
    }
}

/// A telephone that opened a link.
struct Telephone {
    client: Client,
    url: String,
    path: String,
    delivery: DeliveryId,
    _stop: watch::Sender<bool>,
}

impl Telephone {
    /// The link in the first request for approval to that duty.
    async fn of(site: &Site, duty: &'static str) -> Self {
        let found = site.handle.query(move |s: &State, _: &_| {
            let inc: &Incident = s.incidents.values().next().unwrap();
            let duty = inc.plan.function_ix(duty).unwrap();
            let is_it = |d: &vardkase::domain::incident::state::Delivery| match d.item() {
                Item::Note(n) => {
                    let note = &inc.notes[n as usize];
                    note.word == NoteWord::ApprovalWanted && note.to == duty
                }
                Item::Message(_) => false,
            };
            (inc.no, inc.deliveries.iter().position(is_it))
        });
        let (incident, at) = found.await.unwrap();
        let ordinal = u32::try_from(at.expect("a request")).unwrap();
        let delivery = DeliveryId { incident, ordinal };
        let path = link(&site.key, "", delivery);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let answers = Answers { handle: site.handle.clone(), key: site.key.clone() };
        let public = Public {
            site: Arc::new(PublicSite::new()),
            dynamic: Arc::new(answers),
            limits: Limits::default(),
            door: Door::default(),
        };
        spawn_thread(listener, public, stopped).unwrap();
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { client, url, path, delivery, _stop: stop }
    }
    async fn get(&self, query: &str, lang: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{}{query}", self.url, self.path)).header("accept-language", lang);
        let response = request.send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        (response.status(), response.text().await.unwrap())
    }
    /// Where it leads, or the page.
    async fn post(&self, form: &[(&str, &str)]) -> (StatusCode, String) {
        let request = self.client.post(format!("{}{}", self.url, self.path)).header("accept-language", "sv");
        let response = request.form(form).send().await.unwrap();
        let status = response.status();
        let to = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (status, to.unwrap_or(response.text().await.unwrap()))
    }
}

fn major() -> Report {
    Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }
}

/// The sheet of the text to the public: its number, its fingerprint, its text in a language.
async fn public_text(site: &Site) -> (String, String, String, String) {
    let texts = site.handle.query(|s: &State, _: &_| {
        let inc: &Incident = s.incidents.values().next().unwrap();
        let m = inc.messages.iter().rev().find(|m| m.audience == Audience::Public).unwrap();
        let text = |lang: &str| {
            let (_, draft) = m.texts.iter().find(|(l, _)| l.as_str() == lang).unwrap();
            (draft.fingerprint.to_string(), draft.text.to_string())
        };
        let ((print, sv), (_, en)) = (text("sv"), text("en"));
        (inc.number(m.seq).to_string(), print, sv, en)
    });
    texts.await.unwrap()
}

#[tokio::test]
async fn a_text_is_changed_read_and_approved_behind_its_link() {
    let site = Site::start().await;
    site.report(major()).await;
    let kib = Telephone::of(&site, "kib").await;
    let (number, print, sv, en) = public_text(&site).await;
    let (status, page) = kib.get("", "sv-SE,sv;q=0.9").await;
    assert_eq!(status, StatusCode::OK);
    // The public page's own parts, who is asked if nobody answers, and by when.
    let heading = sv.split_once(". ").unwrap().0;
    assert!(page.contains(&format!("<h3>{heading}.</h3>")), "{page}");
    assert!(page.contains("Till allmänheten · webbsidan") && page.contains(" kvar</time> (10.05)"), "{page}");
    assert!(page.contains("Gör du inget: ") && !page.contains("<script") && !page.contains(" style="), "{page}");
    let of_public = between(&page, "Till allmänheten · webbsidan", "</section>");
    assert!(
        of_public.contains(&format!("value=\"{print}\"")) && of_public.contains("type=\"checkbox\" name=\"works\"")
    );

    // Another wording of one language, whatever the form sends along of the other.
    let wording = sv.replacen(heading, "Journalen ligger nere", 1);
    let change = [("do", "change"), ("number", &number), ("text.sv", &wording), ("text.en", &en)];
    let (status, to) = kib.post(&change).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{}?done=changed", kib.path)));
    let (new, new_print, text, _) = public_text(&site).await;
    assert_ne!((&new, &text), (&number, &sv));
    let (_, page) = kib.get("?done=changed", "sv").await;
    assert!(page.contains("Texten är ändrad och har fått ett nytt nummer."), "{page}");
    assert!(page.contains("<ins>") && page.contains("<del>") && page.contains(&format!("{new} ersatte {number}")));
    // The other language counts as unreviewed: what goes instead is shown, and it can be read there.
    assert!(page.contains("value=\"reviewed\"") && page.contains("den förhandsgodkända texten"), "{page}");
    // What was read before the change is no yes to what stands there now; the page shows what is new.
    let stale = [("do", "approve"), ("number", &*number), ("fingerprint", &*print), ("works", "1")];
    let (status, page) = kib.post(&stale).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains(&format!("Texten har ersatts av {new}. Det nya är markerat.")), "{page}");
    let read = [("do", "reviewed"), ("number", &*new), ("lang", "en")];
    assert_eq!(kib.post(&read).await.0, StatusCode::SEE_OTHER);
    // A new wording of the earlier number is refused, and stands in the form still.
    let late = [("do", "change"), ("number", &*number), ("text.sv", "Skrivet på tåget.")];
    let (status, page) = kib.post(&late).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains(">Skrivet på tåget.</textarea>"), "{page}");
    let (status, to) =
        kib.post(&[("do", "approve"), ("number", &new), ("fingerprint", &new_print), ("works", "1")]).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{}?done=approved", kib.path)));
    site.settle().await;
    let sent = site.api("/incidents/1").await.1["messages"].clone();
    let sent = sent.as_array().unwrap().iter().find(|m| m["number"] == *new).unwrap().clone();
    assert_eq!(sent["texts"]["sv"]["text"], *text, "what was read is what left");
    assert!(sent["released_at"].is_string() && sent["texts"]["en"]["reviewed"] == true, "{sent}");
}

#[tokio::test]
async fn a_person_s_number_behind_the_link_is_asked_about_and_nothing_typed_is_lost() {
    let site = Site::start().await;
    site.report(major()).await;
    let kib = Telephone::of(&site, "kib").await;
    let (number, _, sv, _) = public_text(&site).await;
    let wording = format!("{sv} Journal 19811228-9874 saknas.");
    let change = [("do", "change"), ("number", &*number), ("text.sv", &wording)];
    let reject = [("do", "reject"), ("number", &*number), ("reason", "gäller 811228-9874")];
    for form in [change, reject] {
        let (status, page) = kib.post(&form).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(page.contains("personnummer") && page.contains("name=\"not_personal\""), "{page}");
        assert!(page.contains("9874"), "what was typed stands there still");
        assert_eq!(public_text(&site).await.2, sv, "nothing was done");
    }
    let (_, page) = kib.get("", "sv").await;
    assert!(!page.contains("not_personal"), "nobody is asked who typed none");
    let mut looked = change.to_vec();
    looked.push(("not_personal", "1"));
    assert_eq!(kib.post(&looked).await.0, StatusCode::SEE_OTHER);
    assert!(public_text(&site).await.2.contains("9874"));
}

#[tokio::test]
async fn rule_b3_a_no_behind_the_link_says_why_and_who_is_asked_and_more_time_is_given_once() {
    let site = Site::start().await;
    site.report(major()).await;
    let kib = Telephone::of(&site, "kib").await;
    let (number, ..) = public_text(&site).await;
    assert_eq!(kib.post(&[("do", "wait"), ("number", &number)]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = kib.get("?done=more-time", "en").await;
    let sheet = between(&page, "To the public", "</section>");
    assert!(page.contains("More time, once.") && !sheet.contains("value=\"wait\""), "{page}");
    // Without a reason nothing happens, and what was typed stands there.
    let hostile = "<img src=x>\"'";
    let bare = [("do", "reject"), ("number", &*number), ("reason", " "), ("instead.sv", hostile)];
    let (status, page) = kib.post(&bare).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains(">&#60;img src=x&#62;&#34;&#39;</textarea>") && !page.contains("<img"), "{page}");
    let reject = [("do", "reject"), ("number", &*number), ("reason", hostile)];
    assert_eq!(kib.post(&reject).await.0, StatusCode::SEE_OTHER);
    let (_, page) = kib.get("?done=rejected", "da").await;
    let sheet = between(&page, "Til offentligheden", "</section>");
    assert!(page.contains("lang=\"da\"") && sheet.contains("afviste") && sheet.contains("Nu spørges "), "{sheet}");
    assert!(!sheet.contains("value=\"approve\"") && !page.contains("<img"), "no button is left: {sheet}");
    for address in super::api::addresses(&site) {
        assert!(!page.contains(&address), "{address}");
    }
}

#[tokio::test]
async fn a_scanner_that_follows_links_and_sends_empty_forms_does_nothing() {
    let site = Site::start().await;
    site.report(major()).await;
    let kib = Telephone::of(&site, "kib").await;
    let before = site.api("/log").await.1;
    for query in ["", "?done=approved", "?lang=en", "?lang=da&done=changed", "?do=approve&number=1-1", "?%", "?lang=x"]
    {
        assert_eq!(kib.get(query, "*").await.0, StatusCode::OK, "{query}");
    }
    let (_, page) = kib.get("", "sv").await;
    // Every form as it stands, without its button: what a scanner sends that fills nothing in.
    for form in page.split("<form ").skip(1) {
        let fields = hidden(form.split("</form>").next().unwrap());
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(kib.post(&fields).await.0, StatusCode::CONFLICT, "{fields:?}");
    }
    let large = "x".repeat(61 * 1024);
    assert_eq!(kib.post(&[("do", "wait"), ("number", "1-1"), ("text.sv", &large)]).await.0, StatusCode::CONFLICT);
    let other = [("do", "wait"), ("number", "2-1")];
    assert_eq!(kib.post(&other).await.0, StatusCode::CONFLICT, "of its own incident alone");
    assert_eq!(site.api("/log").await.1, before, "nothing was done");
}

/// The telephone that gave the newest news says no yes to what the public sees: its sheet says so, and asks somebody else.
#[tokio::test]
async fn rule_h3_behind_the_link_it_is_said_before_the_button_who_is_asked_instead() {
    let site = Site::start().await;
    let incident = site.report(major()).await;
    let kib = Telephone::of(&site, "kib").await;
    let of_public = |page: &str| between(page, "Till allmänheten · webbsidan", "</section>").to_owned();
    let before = of_public(&kib.get("", "sv").await.1);
    assert!(before.contains("value=\"approve\"") && !before.contains("value=\"ask\""), "{before}");
    let known = Some(L10n::same(&[Lang::SV, Lang::EN], "felet är hittat"));
    let action = Box::new(Action::Update { incident, news: News { known, ..News::default() } });
    let input = Input::Command { who: None, by: "it-bered".into(), action };
    site.handle.input_by_link(kib.delivery, input).await.unwrap();
    site.settle().await;
    let (number, ..) = public_text(&site).await;
    let page = of_public(&kib.get("", "sv").await.1);
    assert!(page.contains("Därför godkänner någon annan den här texten för allmänheten."), "{page}");
    assert!(!page.contains("value=\"approve\"") && page.contains("value=\"reject\""), "{page}");
    let (status, to) = kib.post(&[("do", "ask"), ("number", &number)]).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{}?done=other-asked", kib.path)));
    let (_, page) = kib.get("?done=other-asked", "sv").await;
    assert!(page.contains("Någon annan är frågad.") && page.contains("är frågad. Svarar ingen avgörs det "), "{page}");
}
