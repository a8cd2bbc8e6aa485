#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const NOW: At = At(1_800_000_000_000);
const DAY: u32 = 24 * 3600;

fn functions(all: &[&str]) -> Functions {
    Functions(all.iter().map(|f| FunctionId::from(*f)).collect())
}

fn add(accounts: &Accounts, id: &str, password: &str) -> Changed {
    let (rights, functions) = (BTreeSet::from([Right::Report]), functions(&["tib"]));
    let change = Change::AccountAdd { id: id.into(), password: Some(password.into()), rights, functions };
    accounts.change(&change, NOW).unwrap()
}

fn device(accounts: &Accounts, of: &[&str]) -> (String, String) {
    let path = accounts.change(&Change::DeviceAdd { functions: functions(of) }, NOW).unwrap().path.unwrap();
    accounts.enrol(path.strip_prefix("/device/").unwrap(), NOW).unwrap()
}

#[test]
fn what_is_kept_is_its_owners_alone_and_is_read_again() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let accounts = Accounts::open(folder.path(), Some(copy.path())).unwrap();
    let told = add(&accounts, "it-1", "korrekt batteri ost");
    let (id, shown) = device(&accounts, &["tib"]);
    let wanted = Change::TokenAdd { rights: [Right::Read].into(), functions: Functions::default(), expires: NOW + DAY };
    let token = accounts.change(&wanted, NOW).unwrap().token.unwrap();
    let file = folder.path().join(ACCESS_FILE);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    for secret in ["korrekt", shown.as_str(), &token, &told.recovery[0]] {
        assert!(!text.contains(secret), "{secret}");
    }
    for from in [folder.path(), copy.path()] {
        let again = Accounts::open(from, None).unwrap();
        assert!(again.hashed("it-1").is("korrekt batteri ost"));
        assert_eq!(again.device(&shown).unwrap().id, id);
        assert_eq!(again.token(&token, NOW).unwrap().rights, [Right::Read].into());
    }
    assert_eq!(format!("{accounts:?} {told:?}"), "Accounts(…) Changed(it-1)");
}

#[test]
fn a_code_that_was_told_to_be_early_is_none_when_its_time_has_come() {
    let accounts = Accounts::nowhere();
    let secret = totp::secret_of(&add(&accounts, "it-1", "korrekt batteri ost").otpauth.unwrap());
    let other = totp::secret_of(&add(&accounts, "it-2", "korrekt batteri ost").otpauth.unwrap());
    let later = NOW + 240;
    let guessed = totp::code_at(&secret, later);
    assert_eq!(accounts.code("it-1", &guessed, NOW), Ok(Code::ClockOff(240)));
    assert_eq!(accounts.code("it-1", &guessed, later), Ok(Code::Used));
    assert!(matches!(accounts.code("it-2", &totp::code_at(&other, later), later), Ok(Code::Right(_))));
    // Whose clock has been set right comes in by the next one.
    assert!(matches!(accounts.code("it-1", &totp::code_at(&secret, later + 30), later + 30), Ok(Code::Right(_))));
}

#[test]
fn a_damaged_file_is_told_and_so_is_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    for (text, said) in [
        ("", "damaged"),
        ("{", "damaged"),
        ("{\"version\":1,\"accounts\":[{}]}", "damaged"),
        ("{\"version\":1,\"more\":1}", "damaged"),
        ("{\"version\":2}", "newer"),
    ] {
        fs::write(folder.path().join(ACCESS_FILE), text).unwrap();
        let error = Accounts::open(folder.path(), None).unwrap_err();
        assert!(error.to_string().contains(said) && error.to_string().contains(ACCESS_FILE), "{text}: {error}");
    }
}

#[test]
fn what_can_not_be_written_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(folder.path(), None).unwrap();
    fs::create_dir(folder.path().join("access.json.new")).unwrap();
    let change = Change::DeviceAdd { functions: functions(&["tib"]) };
    assert_eq!(accounts.change(&change, NOW).unwrap_err().code, "access-not-kept");
    assert!(accounts.look(|book| book.links.is_empty()));
}

#[test]
fn a_link_makes_one_device_within_its_time() {
    let accounts = Accounts::nowhere();
    let path = accounts.change(&Change::DeviceAdd { functions: functions(&["tib"]) }, NOW).unwrap().path.unwrap();
    let secret = path.strip_prefix("/device/").unwrap();
    assert_eq!(accounts.link(secret, NOW + LINK_S - 1), Some(functions(&["tib"])));
    assert_eq!(accounts.link(secret, NOW + LINK_S), None);
    assert_eq!(accounts.enrol(secret, NOW + LINK_S).unwrap_err().code, "link-over");
    let path = accounts.change(&Change::DeviceAdd { functions: functions(&["tib"]) }, NOW).unwrap().path.unwrap();
    let secret = path.strip_prefix("/device/").unwrap();
    let (id, _) = accounts.enrol(secret, NOW).unwrap();
    assert_eq!(accounts.enrol(secret, NOW).unwrap_err().code, "link-over", "once");
    let who = accounts.who(&WhoId::Device(id), NOW).unwrap();
    assert!(who.functions == functions(&["tib"]) && who.may(Right::Approve) && !who.may(Right::Administer));
    assert!(accounts.change(&Change::DeviceAdd { functions: Functions::default() }, NOW).is_err(), "for nobody");
}

#[test]
fn a_device_lasts_from_its_last_use_and_a_revoked_one_not_at_all() {
    let accounts = Accounts::nowhere();
    let (id, shown) = device(&accounts, &["tib"]);
    let who = |at: At| accounts.who(&WhoId::Device(id.clone()), at);
    assert!(who(NOW + 30 * DAY - 1).is_some() && who(NOW + 30 * DAY).is_none());
    assert!(!accounts.used(&id, NOW + 60), "not written at each page");
    assert!(accounts.used(&id, NOW + 29 * DAY));
    assert!(who(NOW + 58 * DAY).is_some());
    accounts.change(&Change::DeviceRevoke { id: id.clone() }, NOW).unwrap();
    assert!(who(NOW).is_none() && accounts.device(&shown).is_none());
    assert_eq!(accounts.change(&Change::DeviceRevoke { id: id.clone() }, NOW).unwrap_err().code, "unknown-device");
}

#[test]
fn a_token_ends_and_can_not_last_for_ever() {
    let accounts = Accounts::nowhere();
    let add = |expires: At| {
        let (rights, functions) = (BTreeSet::from([Right::Report]), functions(&["tib"]));
        accounts.change(&Change::TokenAdd { rights, functions, expires }, NOW)
    };
    let made = add(NOW + DAY).unwrap();
    let token = made.token.unwrap();
    assert!(accounts.token(&token, NOW + DAY - 1).is_some_and(|who| who.id == WhoId::Token(made.id.clone())));
    assert!(accounts.token(&token, NOW + DAY).is_none() && accounts.token("vk_", NOW).is_none());
    for expires in [NOW, NOW - 1, NOW + (TOKEN_DAYS_MAX + 1) * DAY] {
        assert_eq!(add(expires).unwrap_err().code, "bad-expiry");
    }
    accounts.change(&Change::TokenRevoke { id: made.id }, NOW).unwrap();
    assert!(accounts.token(&token, NOW).is_none());
}

#[test]
fn a_code_is_used_up_over_a_restart_and_recovery_codes_are_good_once() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(folder.path(), None).unwrap();
    let told = add(&accounts, "it-1", "korrekt batteri ost");
    let secret = totp::secret_of(&told.otpauth.unwrap());
    let code = totp::code_at(&secret, NOW);
    assert!(matches!(accounts.code("it-1", &code, NOW), Ok(Code::Right(_))));
    assert_eq!(accounts.code("it-1", &code, NOW), Ok(Code::Used));
    let again = Accounts::open(folder.path(), None).unwrap();
    assert_eq!(again.code("it-1", &code, NOW), Ok(Code::Used), "after a restart too");
    let typed = format!(" {} ", told.recovery[3].to_lowercase());
    assert!(matches!(again.code("it-1", &typed, NOW), Ok(Code::Right(_))));
    assert_eq!(again.code("it-1", &typed, NOW), Ok(Code::Wrong));
    assert_eq!(again.view(NOW).accounts[0].recovery_left, 7);
    let other = again.change(&Change::AccountResetTotp { id: "it-1".into() }, NOW).unwrap();
    let later = NOW + 300;
    assert_eq!(again.code("it-1", &totp::code_at(&secret, later), later), Ok(Code::Wrong));
    let secret = totp::secret_of(&other.otpauth.unwrap());
    assert!(matches!(again.code("it-1", &totp::code_at(&secret, later), later), Ok(Code::Right(_))));
    again.change(&Change::AccountDisable { id: "it-1".into() }, NOW).unwrap();
    assert!(!again.hashed("it-1").is("korrekt batteri ost"), "disabled");
    assert_eq!(again.code("it-1", &other.recovery[0], NOW), Ok(Code::Wrong));
    assert!(again.who(&WhoId::Account("it-1".into()), NOW).is_none());
}

#[test]
fn whoever_lost_his_password_gets_another_that_is_made_or_given() {
    let accounts = Accounts::nowhere();
    let told = add(&accounts, "it-1", "korrekt batteri ost");
    let reset = |id: &str, password: Option<&str>| {
        accounts.change(&Change::AccountResetPassword { id: id.into(), password: password.map(Into::into) }, NOW)
    };
    let made = reset("it-1", None).unwrap();
    assert!(made.otpauth.is_none() && made.recovery.is_empty(), "the authenticator stays");
    assert!(!accounts.hashed("it-1").is("korrekt batteri ost"));
    assert!(accounts.hashed("it-1").is(&made.password.unwrap()));
    assert_eq!(reset("it-1", Some("ett annat bra ord")).unwrap().password, None, "what was given is not told again");
    assert!(accounts.hashed("it-1").is("ett annat bra ord"));
    assert!(matches!(accounts.code("it-1", &told.recovery[0], NOW), Ok(Code::Right(_))));
    assert_eq!(reset("it-1", Some("kort")).unwrap_err().code, "weak-password");
    assert_eq!(reset("it-9", None).unwrap_err().code, "unknown-account");
    assert!(accounts.hashed("it-1").is("ett annat bra ord"), "nothing has changed");
}

#[test]
fn the_link_of_the_first_account_is_its_owners_alone_and_dead_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(folder.path(), None).unwrap();
    let path = accounts.first_link().unwrap().unwrap();
    let file = folder.path().join(FIRST_FILE);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
    let again = Accounts::open(folder.path(), None).unwrap();
    assert_eq!(again.first_link().unwrap().unwrap(), path, "the same after a restart");
    let secret = path.strip_prefix("/first/").unwrap();
    assert!(again.is_first(secret) && !again.is_first("") && !again.is_first(&secret[1..]));
    add(&again, "it-1", "korrekt batteri ost");
    assert!(!again.is_first(secret) && !file.exists());
    assert_eq!(again.first_link().unwrap(), None);
    let after = Accounts::open(folder.path(), None).unwrap();
    assert!(!after.is_first(secret));
}

#[test]
fn an_account_is_no_persons_name_and_there_is_one_of_each() {
    let accounts = Accounts::nowhere();
    add(&accounts, "it-1", "korrekt batteri ost");
    let wanted = |id: &str, password: &str, of: &[&str]| {
        let (rights, functions) = (BTreeSet::from([Right::Report]), functions(of));
        let change = Change::AccountAdd { id: id.into(), password: Some(password.into()), rights, functions };
        accounts.change(&change, NOW).unwrap_err().code
    };
    assert_eq!(wanted("it-1", "korrekt batteri ost", &["tib"]), "account-there");
    for id in ["", "Anna Ek", "a/b", &"x".repeat(33), "a\nb"] {
        assert_eq!(wanted(id, "korrekt batteri ost", &["tib"]), "bad-account", "{id}");
    }
    assert_eq!(wanted("it-2", "kort", &["tib"]), "weak-password");
    assert_eq!(wanted("it-2", "korrekt batteri ost", &[]), "no-function-named");
    let change = Change::AccountAdd {
        id: "it-2".into(),
        password: None,
        rights: [Right::Administer].into(),
        functions: Functions::default(),
    };
    let made = accounts.change(&change, NOW).unwrap();
    assert!(accounts.hashed("it-2").is(&made.password.unwrap()), "the one that was made");
    assert_eq!(made.recovery.len(), RECOVERY_CODES);
}

#[test]
fn links_and_devices_have_a_limit() {
    let accounts = Accounts::nowhere();
    let change = Change::DeviceAdd { functions: functions(&["tib"]) };
    let first = accounts.change(&change, NOW).unwrap().path.unwrap();
    for _ in 0..LINKS_MAX {
        accounts.change(&change, NOW).unwrap();
    }
    assert_eq!(accounts.look(|book| book.links.len()), LINKS_MAX);
    assert_eq!(accounts.link(first.strip_prefix("/device/").unwrap(), NOW), None, "the oldest gave way");
    let text = format!("{{\"version\":1,\"links\":[{}]}}", "null,".repeat(3));
    assert!(Book::read(&text).is_err());
}
