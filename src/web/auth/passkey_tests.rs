//! Where passkeys are good, challenges, and who comes in.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use super::super::*;
use super::*;
use crate::accounts::authenticator::Authenticator;
use crate::accounts::{Change, Functions, PASSKEYS_MAX, Right, handle};

const NOW: At = At(1_800_000_000_000);

fn auth() -> Auth {
    let auth = Auth::new("0123456789abcdef0123").unwrap().reached_at("https://konsol.example".parse().ok());
    for id in ["it-1", "it-2"] {
        let (rights, functions) = (BTreeSet::from([Right::Report]), Functions::every());
        let password = Some("korrekt batteri ost".into());
        auth.accounts.change(&Change::AccountAdd { id: id.into(), password, rights, functions }, NOW).unwrap();
    }
    auth
}

fn host(name: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, name.parse().unwrap());
    headers
}

fn at(auth: &Auth) -> Place {
    let Passkeys::Here(place) = auth.passkeys(&host("konsol.example")) else { panic!("here") };
    place
}

/// An authenticator with a passkey of that account.
async fn added(auth: &Auth, account: &str, credential: &[u8]) -> Authenticator {
    let mut one = Authenticator::new(credential, "konsol.example", "https://konsol.example");
    one.user = auth.accounts.look(|book| handle(book.account(account).unwrap())).to_vec();
    let challenge = auth.challenge(&Ceremony::Add(account.into()), NOW).unwrap();
    auth.add_passkey(at(auth), account, "key 1", one.make(&challenge), NOW).await.unwrap();
    one
}

async fn comes_in(auth: &Auth, shown: Shown, now: At) -> Result<WhoId, (Option<String>, Denied)> {
    auth.by_passkey(at(auth), shown, None, now).await
}

fn refused(account: Option<&str>) -> Result<WhoId, (Option<String>, Denied)> {
    Err((account.map(Into::into), Denied::WrongPasskey))
}

#[test]
fn passkeys_are_good_under_one_name_over_tls_or_on_the_machine_itself() {
    for (url, asked, expected) in [
        ("https://konsol.example", "konsol.example", Some("https://konsol.example")),
        ("https://Konsol.Example:443/", "KONSOL.example", Some("https://konsol.example")),
        ("https://konsol.example:8443", "konsol.example:8443", Some("https://konsol.example:8443")),
        ("http://localhost:8081", "localhost:8081", Some("http://localhost:8081")),
        ("https://konsol.example", "192.0.2.7", None),
        ("https://konsol.example", "konsol.example.evil.example", None),
        ("https://konsol.example", "konsol.example:8443", None),
        ("http://konsol.example", "konsol.example", None),
        ("https://192.0.2.7", "192.0.2.7", None),
        ("https://[2001:db8::7]", "[2001:db8::7]", None),
    ] {
        let auth = Auth::new("0123456789abcdef0123").unwrap().reached_at(Some(url.parse().unwrap()));
        let here = match auth.passkeys(&host(asked)) {
            Passkeys::Here(place) => Some(place.origin),
            _ => None,
        };
        assert_eq!(here.as_deref(), expected, "{url} {asked}");
    }
    let auth = Auth::new("0123456789abcdef0123").unwrap();
    assert_eq!(auth.passkeys(&host("konsol.example")), Passkeys::Nowhere);
    for wrong in
        ["konsol.example", "ftp://konsol.example", "https://", "https://a@konsol.example", "https://konsol.example/x"]
    {
        assert!(wrong.parse::<ConsoleUrl>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn one_comes_in_by_a_passkey_once_for_each_challenge() {
    let auth = auth();
    let mut one = added(&auth, "it-1", b"one").await;
    let challenge = auth.challenge(&Ceremony::ComeIn, NOW).unwrap();
    let shown = one.show(&challenge);
    assert_eq!(comes_in(&auth, shown.clone(), NOW).await, Ok(WhoId::Account("it-1".into())));
    assert_eq!(comes_in(&auth, shown, NOW).await, refused(Some("it-1")), "what was overheard is over");
    let late = one.show(&auth.challenge(&Ceremony::ComeIn, NOW).unwrap());
    assert_eq!(comes_in(&auth, late.clone(), NOW + CHALLENGE_S).await, refused(Some("it-1")));
    assert!(comes_in(&auth, late, NOW + CHALLENGE_S - 1).await.is_ok(), "one that was refused uses nothing up");
    let made_up = one.show(&base64url(&[7; 56]));
    assert_eq!(comes_in(&auth, made_up, NOW).await, refused(Some("it-1")));
    let of_another_kind = one.show(&auth.challenge(&Ceremony::Add("it-1".into()), NOW).unwrap());
    assert_eq!(comes_in(&auth, of_another_kind, NOW).await, refused(Some("it-1")));
    let of_another_run = self::auth().challenge(&Ceremony::ComeIn, NOW).unwrap();
    assert_eq!(comes_in(&auth, one.show(&of_another_run), NOW).await, refused(Some("it-1")));
    assert!(auth.accounts.view(NOW).accounts[0].passkeys[0].used.is_some());
}

#[tokio::test]
async fn a_passkey_is_its_accounts_alone_and_gone_with_it() {
    let auth = auth();
    let (mut one, mut two) = (added(&auth, "it-1", b"one").await, added(&auth, "it-2", b"two").await);
    let give = || auth.challenge(&Ceremony::ComeIn, NOW).unwrap();
    let honest = two.user.clone();
    two.user = one.user.clone();
    assert_eq!(comes_in(&auth, two.show(&give()), NOW).await, refused(Some("it-2")), "it says it is of another");
    two.user = Vec::new();
    assert_eq!(comes_in(&auth, two.show(&give()), NOW).await, refused(Some("it-2")), "or of nobody");
    two.user = honest;
    let mut unknown = two.show(&give());
    unknown.credential = b"three".to_vec();
    assert_eq!(comes_in(&auth, unknown, NOW).await, refused(None));
    assert!(comes_in(&auth, two.show(&give()), NOW).await.is_ok());
    // The same authenticator's is added once, to nobody else either; a challenge of one account is none of another.
    let again = async |account: &str, of: &str| {
        let challenge = auth.challenge(&Ceremony::Add(of.into()), NOW).unwrap();
        auth.add_passkey(at(&auth), account, "key 2", one.make(&challenge), NOW).await.unwrap_err().code
    };
    assert_eq!(again("it-1", "it-1").await, "passkey-there");
    assert_eq!(again("it-2", "it-2").await, "passkey-there");
    assert_eq!(again("it-2", "it-1").await, "bad-passkey");
    auth.accounts.change(&Change::AccountDisable { id: "it-1".into() }, NOW).unwrap();
    assert_eq!(comes_in(&auth, one.show(&give()), NOW).await, refused(None), "disabled");
    let id = auth.accounts.view(NOW).accounts[1].passkeys[0].id.clone();
    let remove = Change::PasskeyRemove { account: "it-2".into(), id };
    auth.accounts.change(&remove, NOW).unwrap();
    assert_eq!(auth.accounts.change(&remove, NOW).unwrap_err().code, "unknown-passkey");
    assert_eq!(comes_in(&auth, two.show(&give()), NOW).await, refused(None), "removed");
}

#[tokio::test]
async fn an_account_has_a_bounded_number_of_them_with_names_that_can_be_read() {
    let auth = auth();
    for n in 0..PASSKEYS_MAX {
        added(&auth, "it-1", &[u8::try_from(n).unwrap() + 1]).await;
    }
    let add = async |label: &str| {
        let one = Authenticator::new(b"one more", "konsol.example", "https://konsol.example");
        let challenge = auth.challenge(&Ceremony::Add("it-1".into()), NOW).unwrap();
        auth.add_passkey(at(&auth), "it-1", label, one.make(&challenge), NOW).await.unwrap_err().code
    };
    assert_eq!(add("one more").await, "access-full");
    for label in ["", "  ", &"x".repeat(33), "a\u{7}b"] {
        assert_eq!(add(label).await, "bad-label", "{label}");
    }
}

#[test]
fn challenges_that_were_used_are_remembered_in_a_bounded_number() {
    let challenges = Challenges::new().unwrap();
    let give = || challenges.give(&Ceremony::ComeIn, NOW).unwrap();
    let first = give();
    assert!(challenges.use_up(&first, NOW) && !challenges.use_up(&first, NOW));
    for _ in 1..CHALLENGES_USED_MAX {
        assert!(challenges.use_up(&give(), NOW));
    }
    assert!(!challenges.use_up(&give(), NOW), "none is forgotten before its time");
    assert!(challenges.use_up(&give(), NOW + CHALLENGE_S));
}
