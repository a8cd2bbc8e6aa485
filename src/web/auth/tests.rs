//! The two steps in, and duty devices over a restart.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use crate::accounts::totp::{code_at, secret_of};
use crate::accounts::{Change, Functions, Right};

use super::*;

const TOKEN: &str = "0123456789abcdef0123";
const NOW: At = At(1_800_000_000_000);
const PASSWORD: &str = "korrekt batteri ost";

fn with_account() -> (Auth, Vec<u8>) {
    let auth = Auth::new(TOKEN).unwrap();
    let told = auth.accounts.change(&account("it-1"), NOW).unwrap();
    (auth, secret_of(&told.otpauth.unwrap()))
}

fn account(id: &str) -> Change {
    let (rights, functions) = (BTreeSet::from([Right::Report]), Functions::every());
    Change::AccountAdd { id: id.into(), password: Some(PASSWORD.into()), rights, functions }
}

fn at(n: u32) -> Option<IpAddr> {
    Some(IpAddr::from(n.to_be_bytes()))
}

fn headers(cookie: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, format!("{COOKIE}={cookie}").parse().unwrap());
    headers
}

#[tokio::test]
async fn ten_thousand_wrong_passwords_cost_little_and_the_right_one_comes_in_from_elsewhere() {
    let (auth, _) = with_account();
    let guesser = at(0xc000_0201);
    let mut hashed = 0;
    for n in 0..10_000 {
        match auth.password("it-1", &format!("wrong one {n}"), guesser, NOW).await {
            Err(Denied::Wrong) => hashed += 1,
            Err(Denied::TooMany(seconds)) => assert!(seconds > 0),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(hashed, slow::WRONG_BURST, "the others were turned away before anything was hashed");
    assert!(matches!(auth.password("it-1", PASSWORD, guesser, NOW).await, Err(Denied::TooMany(_))));
    assert!(auth.password("it-1", PASSWORD, at(0xc000_0202), NOW).await.is_ok(), "at once, from elsewhere");
    assert!(auth.password("it-1", PASSWORD, None, NOW).await.is_ok(), "and on the machine itself");
    assert!(auth.password("it-1", PASSWORD, guesser, NOW + slow::WRONG_EVERY_S).await.is_ok());
}

#[tokio::test]
async fn an_account_that_is_guessed_from_many_places_is_slowed_where_it_is_guessed() {
    let (auth, _) = with_account();
    for n in 0..slow::WRONG_BURST {
        assert_eq!(auth.password("it-1", "wrong", at(n * 256 + 1), NOW).await, Err(Denied::Wrong));
    }
    assert!(matches!(auth.password("it-1", PASSWORD, at(1), NOW).await, Err(Denied::TooMany(_))), "one that guessed");
    assert!(auth.password("it-1", PASSWORD, at(0xc000_0202), NOW).await.is_ok(), "one that did not");
    for n in 0..slow::WRONG_BURST {
        assert_eq!(auth.password(&format!("no-{n}"), "wrong", at(0xc000_0203), NOW).await, Err(Denied::Wrong));
    }
    assert!(matches!(auth.password("it-1", PASSWORD, at(0xc000_0203), NOW).await, Err(Denied::TooMany(_))));
}

#[tokio::test]
async fn many_at_once_are_counted_before_they_are_looked_at() {
    let (auth, _) = with_account();
    let auth = Arc::new(auth);
    let mut all = tokio::task::JoinSet::new();
    for n in 0..200 {
        let auth = auth.clone();
        all.spawn(async move { auth.password("it-1", &format!("wrong {n}"), at(0xc000_0201), NOW).await });
    }
    let answers = all.join_all().await;
    let hashed = answers.iter().filter(|a| **a == Err(Denied::Wrong)).count();
    assert_eq!(hashed, slow::WRONG_BURST as usize);
}

#[tokio::test]
async fn codes_are_bounded_by_password_and_account() {
    let (auth, secret) = with_account();
    let from = at(0xc000_0201);
    let waits = auth.password("it-1", PASSWORD, from, NOW).await.unwrap();
    for _ in 0..5 {
        assert_eq!(auth.code(&waits, "000000", from, NOW).await, Err(Denied::WrongCode));
    }
    assert_eq!(auth.code(&waits, &code_at(&secret, NOW), from, NOW).await, Err(Denied::Over), "five for a password");
    let elsewhere = at(0xc000_0202);
    let waits = auth.password("it-1", PASSWORD, elsewhere, NOW).await.unwrap();
    let who = auth.code(&waits, &code_at(&secret, NOW), elsewhere, NOW).await.unwrap();
    assert_eq!(who, WhoId::Account("it-1".into()));
    assert_eq!(auth.code(&waits, &code_at(&secret, NOW), elsewhere, NOW).await, Err(Denied::Over), "once");
    assert_eq!(auth.code("made up", "000000", elsewhere, NOW).await, Err(Denied::Over));
}

#[test]
fn a_duty_device_and_its_open_form_outlive_a_restart_and_an_account_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let auth = Auth::load_or_create(folder.path(), None).unwrap();
    let functions = Functions([FunctionId::from("tib")].into());
    let path = auth.accounts.change(&Change::DeviceAdd { functions }, NOW).unwrap().path.unwrap();
    let (_, shown) = auth.accounts.enrol(path.strip_prefix("/device/").unwrap(), NOW).unwrap();
    auth.accounts.change(&account("it-1"), NOW).unwrap();
    let id = auth.sign_in(&WhoId::Account("it-1".into()), NOW).unwrap();
    let before = auth.session(&headers(&shown), NOW).unwrap();
    assert!(auth.session(&headers(&id), NOW).is_some());
    let again = Auth::load_or_create(folder.path(), None).unwrap();
    let after = again.session(&headers(&shown), NOW).unwrap();
    assert!(after.sent_by(&before.csrf) && after.acting == Some("tib".into()));
    assert!(!after.sent_by(&shown) && !shown.contains(&after.csrf));
    assert!(again.session(&headers(&id), NOW).is_none());
    assert!(again.sign_in(&WhoId::Account("it-9".into()), NOW).is_err(), "nobody");
}

#[tokio::test]
async fn the_first_account_is_kept_when_its_authenticator_has_shown_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let auth = Auth::load_or_create(folder.path(), None).unwrap();
    auth.accounts.first_link().unwrap().unwrap();
    assert_eq!(auth.first("it-1", "kort", NOW).await.unwrap_err().code, "weak-password");
    let (waits, told) = auth.first("it-1", PASSWORD, NOW).await.unwrap();
    let (denied, _) = auth.first_confirmed(&waits, "000000", NOW).await.unwrap_err();
    assert_eq!(denied, Denied::WrongCode);
    assert!(auth.accounts.look(|book| book.accounts.is_empty()), "not yet");
    let code = code_at(&secret_of(&told.otpauth.unwrap()), NOW);
    let who = auth.first_confirmed(&waits, &code, NOW).await.unwrap();
    assert!(auth.accounts.who(&who, NOW).unwrap().may(Right::Administer));
    let (denied, _) = auth.first_confirmed(&waits, &code, NOW).await.unwrap_err();
    assert_eq!(denied, Denied::Over, "the others that were begun are over");
}

#[test]
fn refusals_fill_no_journal() {
    let auth = Auth::new(TOKEN).unwrap();
    let taken = (0..1_000).filter(|_| auth.refusal_goes_on_record(NOW)).count();
    assert_eq!(taken, REFUSALS_ON_RECORD_MAX as usize);
    assert!(auth.refusal_goes_on_record(NOW + 3600));
}

#[test]
fn what_a_page_loads_by_itself_keeps_no_session_alive() {
    let (auth, _) = with_account();
    let id = auth.sign_in(&WhoId::Account("it-1".into()), NOW).unwrap();
    let mut by_script = headers(&id);
    by_script.insert("sec-fetch-mode", "same-origin".parse().unwrap());
    for hour in 1..12 {
        assert!(auth.session(&by_script, NOW + hour * 3600).is_some(), "{hour}");
    }
    assert!(auth.session(&by_script, NOW + 12 * 3600).is_none());
}
