//! The console as a browser without script uses it.

use reqwest::{Method, StatusCode};
use serde_json::json;

use vardkase::dispatch::links::link;
use vardkase::domain::ids::DeliveryId;
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::Report;
use vardkase::domain::incident::values::Item;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::Audience;
use vardkase::domain::words::NoteWord;
use vardkase::web::answer::answer;
use vardkase::web::public::Call;

use super::site::{Site, between};

fn major() -> Report {
    Report { level: Some("major".into()), safety: Safety::No, ..Report::default() }
}

#[tokio::test]
async fn one_signs_in_with_the_token_and_forms_belong_to_the_session() {
    let site = Site::start().await;
    let first = site.request(Method::GET, "/incidents/1?show=open").header("accept", "text/html").send().await.unwrap();
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    assert_eq!(first.headers()["location"], "/sign-in?next=/incidents/1%3Fshow%3Dopen");
    let wrong = site.request(Method::POST, "/sign-in").form(&[("token", "nonsense")]).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    assert!(!wrong.headers().contains_key("set-cookie"));

    let browser = site.browser("it-bered").await;
    let report = [("playbook", "ehr-down"), ("step", "send"), ("site", "FS"), ("safety", "no")];
    for csrf in ["", "0123456789abcdef0123456789abcdef"] {
        let mut form = report.to_vec();
        form.push(("csrf", csrf));
        assert_eq!(browser.post_bare("/report", &form).await.0, StatusCode::FORBIDDEN);
    }
    // Another site's form, even with a right secret.
    let foreign = site
        .request(Method::POST, "/report")
        .header("cookie", &browser.cookie)
        .header("sec-fetch-site", "cross-site")
        .form(&[("csrf", browser.csrf.as_str())])
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    // A session reads the API, and never acts by it.
    let by_cookie = |method: Method, path: &str| site.request(method, path).header("cookie", &browser.cookie).send();
    assert_eq!(by_cookie(Method::GET, "/api/v1/status").await.unwrap().status(), StatusCode::OK);
    assert_eq!(by_cookie(Method::POST, "/api/v1/commands").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(site.api("/incidents").await.1, json!([]), "nothing was done");

    assert_eq!(browser.post("/sign-out", &[]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/").await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_person_s_number_is_asked_about_in_a_browser_too_that_does_not_say_where_its_forms_come_from() {
    let site = Site::start().await;
    let no = site.report(major()).await.to_string();
    let browser = site.browser("it-bered").await;
    let path = format!("/incidents/{no}");
    let update = [("do", "update"), ("known.sv", "Journal 19811228-9874 saknas"), ("site", "FS")];
    let (status, page) = browser.post(&path, &update).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Är det ett personnummer?") && page.contains("name=\"not_personal\""), "{page}");
    // Its one button says that it is none.
    let mut fields = super::site::hidden(&page);
    fields.push(("not_personal".into(), "1".into()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let (status, to) = browser.post_bare(&path, &fields).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{path}/update?check=1")));
}

#[tokio::test]
async fn no_form_sends_a_text_that_was_not_shown() {
    let site = Site::start().await;
    let no = site.report(major()).await.to_string();
    let browser = site.browser("it-bered").await;
    let path = format!("/incidents/{no}");
    let before = site.api(&path).await.1["messages"].clone();
    for act in ["update", "restored"] {
        let (status, to) = browser.post(&path, &[("do", act), ("site", "FS"), ("confirm", "1")]).await;
        assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{path}/{act}?check=1")));
    }
    assert_eq!(site.api(&path).await.1["messages"], before);
}

#[tokio::test]
async fn rule_h4_what_was_typed_outlives_the_session_that_it_was_typed_in() {
    let site = Site::start().await;
    let no = site.report(major()).await.to_string();
    let browser = site.browser("it-bered").await;
    let update =
        [("do", "update"), ("known.sv", "Felet är funnet & rättas"), ("site", "FS"), ("csrf", "of-another-session")];
    let path = format!("/incidents/{no}");
    let send = |cookie: &str, path: &str, form: &[(&str, &str)], from: &'static str| {
        let request = site.request(Method::POST, path).header("cookie", cookie).header("sec-fetch-site", from);
        request.header("accept", "text/html").header("accept-language", "sv").form(form).send()
    };
    // The session is gone: what was typed travels with the sign-in, and a page of another site brings nothing.
    let away = send("", &path, &update, "same-site").await.unwrap();
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    let page = send("", &path, &update, "same-origin").await.unwrap().text().await.unwrap();
    assert!(page.contains("Det du skrev är kvar"), "{page}");
    let kept = between(&page, "name=\"kept\" value=\"", "\"").replace("&#38;", "&");
    let wrong = [("token", "nonsense"), ("next", &path), ("kept", &kept)];
    let page = send("", "/sign-in?lang=sv", &wrong, "same-origin").await.unwrap().text().await.unwrap();
    assert!(page.contains("name=\"kept\""), "a wrong token loses nothing: {page}");
    let sign_in = [("token", super::site::TOKEN), ("next", &path), ("kept", &kept)];
    let response = send("", "/sign-in?lang=sv", &sign_in, "same-origin").await.unwrap();
    assert_eq!(response.headers()["location"], "/acting?back=/kept");
    let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = |path: &str| site.request(Method::GET, path).header("cookie", &cookie).send();
    let page = get("/acting?back=/kept").await.unwrap().text().await.unwrap();
    let csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
    // Nobody has said for which duty: it is kept still.
    let mut again = update.to_vec();
    again[3] = ("csrf", &csrf);
    assert_eq!(send(&cookie, &path, &again, "same-origin").await.unwrap().headers()["location"], "/kept");
    let acting = [("function", "it-bered"), ("back", "/kept"), ("csrf", &csrf)];
    assert_eq!(send(&cookie, "/acting", &acting, "same-origin").await.unwrap().headers()["location"], "/kept");
    let page = get("/kept").await.unwrap().text().await.unwrap();
    assert!(page.contains("Felet är funnet &#38; rättas") && !page.contains("of-another-session"), "{page}");
    let before = site.api(&path).await.1["messages"].as_array().unwrap().len();
    // The text is read before it leaves; what was typed is in the form still.
    let response = send(&cookie, &path, &again, "same-origin").await.unwrap();
    assert_eq!(response.headers()["location"], format!("{path}/update?check=1"));
    let form = get(&format!("{path}/update")).await.unwrap().text().await.unwrap();
    assert!(form.contains("value=\"Felet är funnet &#38; rättas\""), "{form}");
    let read = get(&format!("{path}/update?check=1")).await.unwrap().text().await.unwrap();
    let fields = super::site::hidden(&read);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let response = send(&cookie, &path, &fields, "same-origin").await.unwrap();
    assert_eq!(response.headers()["location"], format!("{path}?done=update"));
    assert!(site.api(&path).await.1["messages"].as_array().unwrap().len() > before, "it was carried out");
    assert_eq!(get("/kept").await.unwrap().headers()["location"], "/", "and is kept no longer");
    // What was refused stands in its form still; a yes to a text has no words to keep, and is read once more.
    let refused = [("do", "update"), ("next", "2020-01-01T00:00"), ("known.sv", "Kvar"), ("csrf", "x")];
    send(&cookie, &path, &refused, "same-origin").await.unwrap();
    let mut again = refused.to_vec();
    again[3] = ("csrf", &csrf);
    let response = send(&cookie, &path, &again, "same-origin").await.unwrap();
    assert_eq!(response.headers()["location"], format!("{path}/update?check=1"));
    let refused = get(&format!("{path}/update?check=1")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("Kvar"));
    let yes = [("do", "approve"), ("fingerprint", "7K4F2A")];
    let response = send("", "/approve/1-2", &yes, "same-origin").await.unwrap();
    assert_eq!(response.headers()["location"], "/sign-in?next=/approve/1-2");
    // A form of an earlier sign-in in a browser that signed in again.
    let stale = send(&browser.cookie, &path, &update, "same-origin").await.unwrap();
    assert_eq!(stale.headers()["location"], "/kept");
}

#[tokio::test]
async fn rule_b2_a_text_is_read_as_devices_show_it_changed_and_approved_by_its_fingerprint() {
    let site = Site::start().await;
    site.report(major()).await;
    let kib = site.browser("kib").await;
    let list = kib.page("/approve").await;
    assert!(list.contains("http-equiv=\"refresh\""), "no form: it is loaded anew");
    let number = between(&list, "href=\"/approve/", "\"").to_owned();
    let page = kib.page(&format!("/approve/{number}")).await;
    assert!(!page.contains("http-equiv=\"refresh\""), "nobody approves what changed under his finger");
    let print = between(&page, "name=\"fingerprint\" value=\"", "\"").to_owned();
    assert!(page.contains(&format!("{number} {print} ")), "previews carry number and fingerprint");
    assert!(page.contains("10 min kvar") || page.contains("20 min kvar") || page.contains("s kvar"), "{page}");

    // Changed: a new number, the other language unreviewed; the old fingerprint no longer approves.
    let field = |page: &str, lang: &str| {
        let begins = format!("<textarea name=\"text.{lang}\" lang=\"{lang}\" rows=\"7\" maxlength=\"4000\">");
        between(page, &begins, "</textarea>").to_owned()
    };
    let (text, en) = (field(&page, "sv"), field(&page, "en"));
    let new = format!("{text} Använd papper – “genast”.");
    // What can't be taken is not lost.
    let bad = format!("{new}\u{200b}");
    let (status, refused) = kib.post(&format!("/approve/{number}"), &[("do", "change"), ("text.sv", &bad)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(field(&refused, "sv").ends_with("“genast”.\u{200b}") && refused.contains("role=\"alert\""), "{refused}");
    let change = [("do", "change"), ("text.sv", new.as_str()), ("text.en", &en)];
    let (status, to) = kib.post(&format!("/approve/{number}"), &change).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{to}");
    let changed = kib.page(&to).await;
    let new_number = between(&to, "/approve/", "?").to_owned();
    assert_ne!(new_number, number);
    assert!(changed.contains("Jag har läst den"), "the English text waits for a reader");
    assert!(changed.contains("<ins>Använd papper – “genast”.</ins>"), "what is new is marked: {changed}");
    assert!(changed.contains(&format!("ersatte {number}")), "{changed}");
    // The number before leads on to it, and says so.
    let (status, to) = kib.get(&format!("/approve/{number}")).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{to}");
    let led = kib.page(&format!("/approve/{new_number}?from={number}")).await;
    assert!(led.contains(&format!("Texten har ersatts av {new_number}. Det nya är markerat.")), "{led}");
    assert!(changed.contains("SMS kan bli"), "what costs is shown with what it would cost replaced (RULES A6)");
    let stale = [("do", "approve"), ("fingerprint", print.as_str())];
    assert_eq!(kib.post(&format!("/approve/{new_number}"), &stale).await.0, StatusCode::CONFLICT);
    let (status, _) = kib.post(&format!("/approve/{new_number}"), &[("do", "reviewed"), ("lang", "en")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let print = between(&changed, "name=\"fingerprint\" value=\"", "\"").to_owned();
    let approve = [("do", "approve"), ("fingerprint", print.as_str())];
    // Somebody else may not.
    let iva = site.browser("iva").await;
    let (status, refused) = iva.post(&format!("/approve/{new_number}"), &approve).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(refused.contains("iva har inte fått frågan om att godkänna"), "{refused}");
    let (status, to) = kib.post(&format!("/approve/{new_number}"), &approve).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/approve?done=approved"));
    site.settle().await;
    let texts = kib.page("/incidents/1/texts").await;
    assert!(texts.contains("“genast”") && texts.contains("godkänd av "), "it was sent as it was typed: {texts}");
    // Who comes late reads what became of it; there is nothing to press.
    let late = kib.page(&format!("/approve/{new_number}")).await;
    assert!(late.contains("Godkänd och sänd ") && !late.contains("value=\"approve\""), "{late}");
}

#[tokio::test]
async fn rule_b3_who_said_no_reads_who_is_asked_now_and_the_next_reads_why() {
    let site = Site::start().await;
    site.report(major()).await;
    let kib = site.browser("kib").await;
    let number = between(&kib.page("/approve").await, "href=\"/approve/", "\"").to_owned();
    let path = format!("/approve/{number}");
    let (status, page) = kib.post(&path, &[("do", "reject"), ("reason", " "), ("instead.sv", "Ring 1177.")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains(">Ring 1177.</textarea>"), "what was typed stays: {page}");
    let (status, to) = kib.post(&path, &[("do", "reject"), ("reason", "obegriplig <b>text</b>")]).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{path}?done=rejected")));
    let page = kib.page(&path).await;
    assert!(!page.contains("value=\"approve\"") && page.contains("Nu frågas "), "{page}");
    let asked = site.api("/incidents/1").await.1["entries"].as_array().unwrap().iter().find_map(|e| {
        let asked = e["state"]["approval"]["asked"].as_array()?;
        (e["message"] == *number && asked.len() > 1).then(|| asked.last().unwrap().as_str().unwrap().to_owned())
    });
    let next = site.browser(&asked.expect("the next is asked")).await;
    let page = next.page(&path).await;
    assert!(page.contains("obegriplig &#60;b&#62;text&#60;/b&#62;”") && page.contains("value=\"approve\""), "{page}");
}

#[tokio::test]
async fn nothing_leaves_whose_text_was_not_read_and_a_second_press_sends_nothing() {
    let site = Site::start().await;
    site.report(major()).await;
    let lead = site.browser("it-led").await;
    let count = || async { site.api("/incidents/1").await.1["messages"].as_array().unwrap().len() };
    let before = count().await;
    let update = [("do", "update"), ("known.sv", "Reservdrift startar <i>"), ("next", "10.30"), ("restore", "11.15")];
    let (status, to) = lead.post("/incidents/1", &update).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/incidents/1/update?check=1"));
    let read = lead.page(&to).await;
    assert!(read.contains("Reservdrift startar &#60;i&#62;") && read.contains("Nästa besked: 10.30"), "{read}");
    assert!(read.contains("Åter i drift: 11.15") && read.contains("Sänd nu till "), "{read}");
    assert_eq!(count().await, before, "nothing has left");
    // Back: the form has what was typed.
    let form = lead.page("/incidents/1/update").await;
    assert!(form.contains("value=\"Reservdrift startar &#60;i&#62;\"") && form.contains("value=\"11.15\""), "{form}");
    // Some minutes of reading change nothing but the clock.
    site.pass(130).await;
    let (status, to) = lead.press("/incidents/1", &read).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/incidents/1?done=update"), "{to}");
    let once = count().await;
    assert!(once > before);
    // What was read is what left.
    let texts = site.api("/incidents/1").await.1["messages"].clone();
    let new = texts.as_array().unwrap().iter().skip(before).find(|m| m["audience"] == "internal").unwrap();
    let sent = new["texts"]["sv"]["text"].as_str().unwrap().replace('<', "&#60;").replace('>', "&#62;");
    assert!(read.contains(&sent), "{sent} was not on the page: {read}");
    let (status, to) = lead.press("/incidents/1", &read).await;
    assert_eq!((status, to.as_str(), count().await), (StatusCode::SEE_OTHER, "/incidents/1?done=update", once));
    // Somebody else says something meanwhile: the text is another one, and is read once more.
    lead.post("/incidents/1", &[("do", "update"), ("known.sv", "Kvar att rätta")]).await;
    let read = lead.page("/incidents/1/update?check=1").await;
    let news = json!({ "update": { "incident": "1", "news": { "contact": "0980-319 250" } } });
    assert_eq!(site.command("it-bered", news).await.0, StatusCode::OK);
    let between_them = count().await;
    let (status, page) = lead.press("/incidents/1", &read).await;
    assert_eq!((status, count().await), (StatusCode::CONFLICT, between_them), "{page}");
    assert!(page.contains("Texten har ändrats sedan du läste den.") && page.contains("Kvar att rätta"), "{page}");
    assert_eq!(lead.press("/incidents/1", &page).await.0, StatusCode::SEE_OTHER);
    // An old page is read once more too.
    lead.post("/incidents/1", &[("do", "stop"), ("reason", "fel ort")]).await;
    let read = lead.page("/incidents/1/stop?check=1").await;
    assert!(read.contains("fel ort"), "{read}");
    site.pass(901).await;
    assert_eq!(lead.press("/incidents/1", &read).await.0, StatusCode::CONFLICT);
    // What is refused stands in its form still.
    let (status, page) = lead.post("/incidents/1", &[("do", "update"), ("known.sv", "Kvar"), ("next", "25.61")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("value=\"Kvar\"") && page.contains("value=\"25.61\""), "{page}");
    let (status, page) = lead.post("/incidents/1", &[("do", "stop"), ("reason", "")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
}

#[tokio::test]
async fn one_press_answers_for_all_that_a_duty_is_asked_for() {
    let site = Site::start().await;
    site.report(major()).await;
    site.pass(400).await;
    let todo = site.api("/todo?as=tib").await.1;
    let mine = todo["answers"].as_array().unwrap().len();
    assert!(mine > 1, "{todo}");
    let tib = site.browser("tib").await;
    let page = tib.page("/incidents/1").await;
    assert_eq!(page.matches("value=\"ack\"").count(), 1, "one card: {page}");
    let form = between(&page, "<form method=\"post\" action=\"/incidents/1\">", "</form>");
    assert_eq!(form.matches("name=\"function\"").count(), mine);
    let (status, to) = tib.press("/incidents/1", form).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/incidents/1?done=ack"));
    assert_eq!(site.api("/todo?as=tib").await.1["answers"], json!([]));
    assert_eq!(tib.press("/incidents/1", form).await.0, StatusCode::CONFLICT, "once");
}

#[tokio::test]
async fn who_has_not_answered_stands_first_and_is_called() {
    let site = Site::start().await;
    site.report(major()).await;
    site.pass(70).await;
    let vaxel = site.browser("vaxel").await;
    let now = vaxel.page("/incidents/1").await;
    assert!(now.contains("Har inte svarat (") && now.contains("href=\"tel:"), "{now}");
    assert!(!now.contains("/update\"") && now.contains("Händelsen leds av "), "who may not is told why: {now}");
    let page = vaxel.page("/incidents/1/who").await;
    assert!(!page.contains("<form") && page.contains("<time data-due=\""), "{page}");
    assert!(page.contains("ej svarat") && page.contains("framme"));
    let form = vaxel.page("/incidents/1/ack?function=tib").await;
    assert!(form.contains("value=\"tib\" selected"), "{form}");
    let (status, to) =
        vaxel.post("/incidents/1", &[("do", "ack"), ("function", "tib"), ("phone", "1"), ("at", "09.46")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/incidents/1?done=ack"));
    let page = vaxel.page("/incidents/1/who").await;
    assert!(page.contains("per telefon, noterat av"), "{page}");
    let open = vaxel.page("/incidents/1/who?show=open").await;
    assert!(!open.contains("per telefon, noterat av"), "only who has not answered");
    let story = vaxel.page("/incidents/1/timeline").await;
    assert!(story.contains("<b>rapporterat</b> IT-beredskap") && story.contains("per telefon, noterat av"), "{story}");
    let answers = vaxel.page("/incidents/1/timeline?show=answers").await;
    assert!(answers.contains("per telefon, noterat av") && !answers.contains("<b>rapporterat</b>"), "{answers}");
    let (status, _) = vaxel.post("/incidents/1", &[("do", "stop"), ("reason", "fel")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the switchboard may not stop it");
    for what in ["update", "correct", "stop", "restored", "decide", "ack", "unack", "break-glass", "fallback"] {
        let page = vaxel.page(&format!("/incidents/1/{what}")).await;
        assert!(page.contains("<form") && page.contains("name=\"csrf\""), "{what}");
        assert!(!page.contains("datetime-local"), "{what}");
    }
    for unknown in
        ["/incidents/1/explode", "/incidents/99", "/incidents/99/who", "/incidents/99/texts", "/incidents/99/timeline"]
    {
        assert_eq!(vaxel.get(unknown).await.0, StatusCode::NOT_FOUND, "{unknown}");
    }

    let lead = site.browser("it-led").await;
    let update = [("do", "update"), ("known.sv", "Reservdrift startar"), ("level", "major"), ("safety", "no")];
    let (status, to) = lead.through("/incidents/1", &update).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{to}");
    let page = lead.page("/incidents/1/texts").await;
    assert!(page.contains("Reservdrift startar."), "{page}");
    assert!(page.contains("<ins>") && page.contains("jämförd med"), "what is new is marked: {page}");
    // What is down, and what the public reads: typed, and taken back.
    let facts = || async { site.api("/incidents/1").await.1["facts"].clone() };
    let base = [("do", "update"), ("level", "major"), ("safety", "no"), ("down-asked", "1")];
    let with = |more: &[(&'static str, &'static str)]| [&base[..], more].concat();
    let news = with(&[("public_news.sv", "Labbet är öppet"), ("down", "core")]);
    assert_eq!(lead.through("/incidents/1", &news).await.0, StatusCode::SEE_OTHER);
    assert_eq!(facts().await["down"], json!(["core"]));
    assert_eq!(facts().await["public_news"][0]["sv"], "Labbet är öppet");
    let drop = with(&[("public_news.sv", ""), ("public_news-drop", "1")]);
    assert_eq!(lead.through("/incidents/1", &drop).await.0, StatusCode::SEE_OTHER);
    assert_eq!((facts().await["down"].clone(), facts().await["public_news"].clone()), (json!(null), json!(null)));
}

#[tokio::test]
async fn hostile_words_stay_words_and_no_page_shows_an_address() {
    let site = Site::start().await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=y>";
    let what = L10n::of([(Lang::SV, evil), (Lang::EN, evil)]);
    site.report(Report { exercise: true, ..Report::default() }).await;
    site.report(Report { what: Some(what.clone()), scope: Some(what), ..major() }).await;
    let addresses = super::api::addresses(&site);
    let mut kib = site.browser("kib").await;
    let list = kib.page("/approve").await;
    let number = between(&list, "href=\"/approve/", "\"").to_owned();
    let path = format!("/approve/{number}");
    let (status, _) = kib.post(&path, &[("do", "reject"), ("reason", evil), ("instead.sv", evil)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let number = between(&kib.page("/approve").await, "href=\"/approve/", "\"").to_owned();
    let lead = site.browser("it-led").await;
    let typed = [("do", "update"), ("known.sv", evil), ("known.en", evil), ("unknown.sv", evil)];
    assert_eq!(lead.post("/incidents/1", &typed).await.0, StatusCode::SEE_OTHER);
    for path in ["/incidents/1/update", "/incidents/1/update?check=1"] {
        let page = lead.page(path).await;
        assert!(page.contains("onerror=y") && !page.contains("<img"), "{path}: {page}");
    }
    for lang in ["sv", "en"] {
        kib.lang = lang.into();
        for path in [
            "/",
            "/acting",
            "/report",
            "/report?playbook=ehr-down",
            "/approve",
            "/mode",
            "/more",
            "/earlier",
            "/system",
            "/report/sent?incident=1",
            "/incidents/1/decide",
            "/incidents/1",
            "/incidents/1/who",
            "/incidents/1/texts",
            "/incidents/1/timeline",
            "/incidents/%C3%96-1",
            "/incidents/%C3%96-1/texts",
            "/incidents/1/update",
            "/incidents/1/ack",
            "/incidents/1/stop",
            &format!("/approve/{number}"),
        ] {
            let page = kib.page(path).await;
            for tag in ["<script>", "<img", "onerror=y>", "\"'>"] {
                assert!(!page.contains(tag), "{path} has {tag}");
            }
            assert!(page.contains("Påhittad region / Fictional region"), "{path}");
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{path}");
            // The real text says that it is none, to those who had the drill (RULES D1).
            let said = page.replace("EJ ÖVNING", "").replace("NOT AN EXERCISE", "");
            assert_eq!(said.contains("ÖVNING") || said.contains("EXERCISE"), page.contains("drillmark"), "{path}");
            for address in &addresses {
                assert!(!page.contains(address.as_str()), "{path} shows {address}");
            }
        }
    }
    let response = site.request(Method::GET, "/sign-in").send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

fn call(method: Method, path: &str, body: &'static str) -> Call {
    Call { method, path: path.into(), query: None, headers: Default::default(), body: body.into() }
}

#[tokio::test]
async fn a_link_is_looked_at_without_acting_and_dies_with_its_incident() {
    let site = Site::start().await;
    let no = site.report(major()).await;
    // The delivery to TiB's duty phone.
    let tib = site.plan.function_ix("tib").unwrap();
    let ordinal = site
        .handle
        .query(move |s, _| {
            let inc = &s.incidents[&no];
            let at_tib = |p| inc.plan.point(p).functions.contains(&tib);
            inc.deliveries.iter().position(|d| matches!(d.item(), Item::Message(_)) && at_tib(d.point))
        })
        .await
        .unwrap()
        .unwrap();
    let delivery = DeliveryId { incident: no, ordinal: u32::try_from(ordinal).unwrap() };
    let path = link(&site.key, "", delivery);
    let open = |body: &'static str, method: Method| {
        let call = call(method, &path, body);
        let site = &site;
        async move {
            let a = answer(&site.handle, &site.key, &call).await;
            (a.status, String::from_utf8(a.body.to_vec()).unwrap())
        }
    };
    for method in [Method::GET, Method::HEAD] {
        let (status, page) = open("do=yes", method).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("Jag tar det") && page.contains("1-1"), "{page}");
    }
    let answered = || async {
        let (_, v) = site.api("/incidents/1").await;
        v["rows"].as_array().unwrap().iter().find(|r| r["function"] == "tib").unwrap()["state"]["state"].clone()
    };
    assert_eq!(answered().await, "waiting", "mail scanners open links");
    let (status, _) = open("", Method::POST).await;
    assert_eq!((status, answered().await), (StatusCode::OK, json!("waiting")), "no button was pressed");
    let (status, page) = open("do=yes", Method::POST).await;
    assert_eq!((status, answered().await), (StatusCode::OK, json!("answered")));
    assert!(page.contains("Tack. Ditt svar är noterat.") && !page.contains("<form"), "{page}");

    let forged = call(Method::POST, &path.replace("/a/1.", "/a/2."), "do=yes");
    assert_eq!(answer(&site.handle, &site.key, &forged).await.status, StatusCode::NOT_FOUND);
    for address in super::api::addresses(&site) {
        assert!(!page.contains(&address));
    }
    let restored = json!({ "restored": { "incident": "1", "news": {} } });
    assert_eq!(site.command("it-led", restored).await.0, StatusCode::OK);
    let clear = json!({ "all_clear": { "incident": "1", "override_reason": "kontrollerat" } });
    let (status, done) = site.command("tib", clear).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let (status, page) = open("do=yes", Method::POST).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(page.contains("är avslutad. Inget svar behövs.") && !page.contains("Jag tar det"), "{page}");

    // RULES D20: whoever was told says there how it went; what is wrong with it is said, and nothing typed is lost.
    let (status, page) = open("", Method::GET).await;
    assert!(
        status == StatusCode::OK && page.contains("Hur gick det?") && page.contains("name=\"went_well\""),
        "{page}"
    );
    let written = || async {
        let feedback = site.handle.query(move |s, _| s.after.get(&no).map(|a| a.feedback.clone())).await.unwrap();
        feedback
            .unwrap_or_default()
            .into_iter()
            .map(|(f, said)| (f.to_string(), said.what.went_badly.as_str().to_owned()))
            .collect::<Vec<_>>()
    };
    for (body, said) in [
        ("function=tib&went_badly=+", "Texten är tom"),
        ("function=kib&went_badly=sent", "<h2>"),
        ("went_badly=sent", "<h2>"),
        ("function=tib&went_badly=sent+om+811228-9874", "not_personal"),
    ] {
        let (status, page) = open(body, Method::POST).await;
        assert!(status == StatusCode::CONFLICT && page.contains("✘") && page.contains(said), "{body}: {page}");
        assert!(written().await.is_empty(), "{body}");
    }
    let (_, page) = open("function=tib&went_badly=%3Cscript%3E+811228-9874", Method::POST).await;
    assert!(!page.contains("<script>") && page.contains("&#60;script&#62; 811228-9874"), "{page}");
    let (status, _) = open("function=tib&went_badly=S%C3%A5+sent&change=Ring+f%C3%B6rst", Method::POST).await;
    assert_eq!((status, written().await), (StatusCode::SEE_OTHER, vec![("tib".to_owned(), "Så sent".to_owned())]));
    let (_, page) = open("", Method::GET).await;
    assert!(!page.contains("Så sent"), "the link shows nothing that anybody wrote");
}

#[tokio::test]
async fn rule_b2_the_link_in_the_request_shows_what_waits_and_approves_what_was_read() {
    let site = Site::start().await;
    let no = site.report(Report { safety: Safety::No, ..major() }).await;
    // What left for KiB by SMS: the request, with its link behind it.
    let sent = |no| {
        site.handle.query(move |s: &vardkase::domain::incident::state::State, _: &_| {
            let inc: &vardkase::domain::incident::state::Incident = &s.incidents[&no];
            let notes = inc.deliveries.iter().enumerate().filter_map(|(i, d)| match d.item() {
                Item::Note(n) if inc.notes[n as usize].word == NoteWord::ApprovalWanted => Some(i),
                _ => None,
            });
            notes.map(|i| u32::try_from(i).unwrap()).collect::<Vec<_>>()
        })
    };
    let ordinal = sent(no).await.unwrap()[0];
    let path = link(&site.key, "", DeliveryId { incident: no, ordinal });
    site.settle().await;
    let with_link =
        |(_, job): &&(_, vardkase::gateways::Job)| job.trailer.as_deref().is_some_and(|t| t.contains("/a/1."));
    assert!(site.taken.lock().unwrap().iter().any(|j| with_link(&j)), "no request over SMS has its link");
    let open = |body: String, method: Method| {
        let call = Call { method, path: path.clone(), query: None, headers: Default::default(), body: body.into() };
        let site = &site;
        async move {
            let a = answer(&site.handle, &site.key, &call).await;
            (a.status, a.location.unwrap_or_else(|| String::from_utf8(a.body.to_vec()).unwrap()))
        }
    };
    let (status, page) = open("do=approve&number=1-1".into(), Method::GET).await;
    assert_eq!(status, StatusCode::OK);
    let text = site
        .handle
        .query(move |s, _| s.incidents[&no].messages[0].texts.values().next().unwrap().clone())
        .await
        .unwrap();
    assert!(page.contains(text.text.as_str()) && page.contains(text.fingerprint.as_str()), "{page}");
    let waiting = || async { site.api("/approvals?as=kib").await.1.as_array().unwrap().len() };
    let before = waiting().await;
    assert!(before >= 2, "the wards and the public");
    let (status, page) = open("do=approve&number=1-1&fingerprint=000000".into(), Method::POST).await;
    assert_eq!((status, waiting().await), (StatusCode::CONFLICT, before), "{page}");
    assert!(page.contains("Kontrollkoden 000000 hör inte till 1-1 eller någon annan text i händelsen."), "{page}");
    let (status, page) = open("do=reject&number=1-1&reason=".into(), Method::POST).await;
    assert_eq!((status, waiting().await), (StatusCode::CONFLICT, before), "{page}");
    // An empty form, and one of nonsense, do nothing.
    for body in ["", "number=1-1", "do=&number=1-1", "do=approve", "do=volcano&number=1-1", "do=approve&number=2-1"] {
        let (status, page) = open(body.into(), Method::POST).await;
        assert_eq!((status, waiting().await), (StatusCode::CONFLICT, before), "{body}: {page}");
        assert!(page.contains("Formuläret kom inte fram helt."), "{page}");
    }
    let (status, page) = open(format!("do=approve&number=1-1&fingerprint={}", text.fingerprint), Method::POST).await;
    assert_eq!((status, waiting().await), (StatusCode::SEE_OTHER, before - 1), "{page}");
    assert_eq!(page, format!("{path}?done=approved"), "a reload does nothing twice");
    let (status, page) = open(format!("do=approve&number=1-1&fingerprint={}", text.fingerprint), Method::POST).await;
    assert_eq!((status, waiting().await), (StatusCode::CONFLICT, before - 1), "once: {page}");
    // What the public's text says works is ticked, or it is not approved (RULES A12).
    let public = site.handle.query(move |s, _| {
        let inc: &vardkase::domain::incident::state::Incident = &s.incidents[&no];
        let m = inc.messages.iter().find(|m| m.audience == Audience::Public).unwrap();
        (m.seq, m.texts[&Lang::SV].fingerprint)
    });
    let (seq, fingerprint) = public.await.unwrap();
    let (_, page) = open(String::new(), Method::GET).await;
    let boxed = between(&page, &format!("value=\"{no}-{seq}\""), "</form>");
    assert!(boxed.contains("name=\"works\"") && boxed.contains("required"), "{page}");
    let approve = format!("do=approve&number={no}-{seq}&fingerprint={fingerprint}");
    let (status, page) = open(approve.clone(), Method::POST).await;
    assert_eq!((status, waiting().await), (StatusCode::CONFLICT, before - 1), "{page}");
    let (status, page) = open(approve + "&works=1", Method::POST).await;
    assert_eq!((status, waiting().await), (StatusCode::SEE_OTHER, before - 2), "{page}");
    for address in super::api::addresses(&site) {
        assert!(!page.contains(&address));
    }
}

#[tokio::test]
async fn half_sent_sign_ins_hold_nobody_up_and_a_request_names_its_host() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::start().await;
    let host = site.url.trim_start_matches("http://").to_owned();
    let mut halves = Vec::new();
    for _ in 0..300 {
        let mut half = tokio::net::TcpStream::connect(&host).await.unwrap();
        let head = "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 40\r\n\r\ntoken=";
        half.write_all(head.as_bytes()).await.unwrap();
        halves.push(half);
    }
    assert_eq!(site.api("/status").await.0, StatusCode::OK);
    let mut answer = [0; 12];
    let mut bare = tokio::net::TcpStream::connect(&host).await.unwrap();
    bare.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").await.unwrap();
    bare.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400", "no host");
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_by_a_sign_in() {
    let site = Site::start().await;
    for next in [
        "/%09/evil.example/",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/%0d%0aX: y",
        "/\t/evil.example",
    ] {
        let get = site.request(Method::GET, "/sign-in").query(&[("next", next)]).send().await.unwrap();
        let page = get.text().await.unwrap();
        let form = [("token", super::site::TOKEN), ("next", next)];
        let sent = site.request(Method::POST, "/sign-in").form(&form).send().await.unwrap();
        let to = sent.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.starts_with("/acting?back=/"), "{next}: {to}");
        let back = between(&page, "name=\"next\" value=\"", "\"");
        let own = back == "/" || back.starts_with("/%");
        assert!(own && !to.contains("//evil") && !to.contains("%09/") && !to.contains('\\'), "{next}: {back} {to}");
    }
}

#[tokio::test]
async fn connections_that_say_nothing_hold_nobody_up() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::start().await;
    let host = site.url.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(tokio::net::TcpStream::connect(&host).await.unwrap());
    }
    assert_eq!(site.api("/status").await.0, StatusCode::OK);
    let mut huge = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(40_000));
    // The server may close before it has read all of it.
    let _ = huge.write_all(head.as_bytes()).await;
    let mut answer = [0; 12];
    if huge.read_exact(&mut answer).await.is_ok() {
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn lesson_50_steps_show_owner_and_deadline_and_end_in_the_console() {
    let site = Site::start().await;
    site.report(major()).await;
    site.settle().await;
    let owner = site.browser("so-vard").await;
    let page = owner.page("/incidents/1").await;
    for shown in [
        "S2</span>",
        "<b>Uppgift</b>",
        "Jämför journalen med pappren",
        "senast ",
        "<b>Konferens</b>",
        "Förberett:",
        "Stabsmöte via växeln",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(owner.page("/").await.contains("/incidents/1/step?step=2"), "it waits for its owner");
    assert!(owner.page("/incidents/1/step?step=2").await.contains("name=\"answer\" value=\"done\""));
    let (status, to) = owner.post("/incidents/1", &[("do", "step"), ("step", "2"), ("answer", "yes")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/incidents/1?done=step"));
    let done = [("do", "step"), ("step", "2"), ("answer", "done"), ("reference", "ärende 17")];
    assert_eq!(owner.post("/incidents/1", &done).await.0, StatusCode::SEE_OTHER);
    assert!(owner.page("/incidents/1").await.contains("✔ klart"));
    assert!(owner.post("/incidents/1", &done).await.0.is_client_error(), "once");

    // A prepared redirection, by somebody who leads; one's own, by hand; both with their forms.
    let tib = site.browser("tib").await;
    assert!(tib.page("/incidents/1/step-start?rule=divert").await.contains("bara till Havsby"));
    let (status, _) = tib.post("/incidents/1", &[("do", "step-start"), ("rule", "divert")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let fields = [
        ("do", "step-start"),
        ("kind", "intervention"),
        ("what.sv", "IT tar över avdelning 7"),
        ("what.en", "IT takes over ward 7"),
        ("to", "iva, op-koord"),
        ("at", "2020-01-01T00:00"),
    ];
    assert!(tib.page("/incidents/1/step-start").await.contains("name=\"what.sv\""));
    let refused = tib.post("/incidents/1", &fields).await;
    assert!(refused.0.is_client_error(), "{refused:?}");
    site.settle().await;
    let (_, incident) = site.api("/incidents/1").await;
    let steps = incident["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(steps.iter().filter(|s| s["kind"] == "redirection").count(), 1);
    assert!(incident["messages"].as_array().unwrap().iter().any(|m| m["kind"] == "redirection"));
    assert!(tib.page("/incidents/1/step-move?step=3").await.contains("name=\"at\""));
    let stop = [("do", "step-stop"), ("step", "3"), ("reason", "fel sjukhus")];
    assert_eq!(tib.post("/incidents/1", &stop).await.0, StatusCode::SEE_OTHER);
}
