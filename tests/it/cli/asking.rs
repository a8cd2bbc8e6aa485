//! Questions on a terminal: Enter takes what is shown, nothing is sent without a yes.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::{Value, json};
use vardkase::cli::run;
use vardkase::cli::terminal::{Setup, Terminal};
use vardkase::domain::lang::Lang;

use super::server::{Asked, Fake, says};

#[derive(Clone, Default)]
pub struct Screen(Rc<RefCell<Vec<u8>>>);
impl Screen {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("UTF-8")
    }
}
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs with somebody at the keyboard who types this; gives the exit code and all that was shown.
fn typed(args: &str, keys: &'static str, fake: &Fake, lang: Lang) -> (u8, String) {
    let screen = Screen::default();
    let mut term = Terminal::new(Setup {
        out: Box::new(screen.clone()),
        err: Box::new(screen.clone()),
        input: Box::new(keys.as_bytes()),
        asks: true,
        screen: true,
        colour: false,
        lang,
    });
    let args = format!("vardkase {args} --server {}", fake.url);
    let code = run(args.split_whitespace().map(OsString::from), &mut term);
    (code, screen.text())
}

/// A server with one playbook and a region in Stockholm.
fn region(shares: bool) -> Fake {
    let l10n = |sv: &str, en: &str| json!({ "sv": sv, "en": en });
    let level = |rung: u8, id: &str| json!({ "rung": rung, "id": id, "label": l10n(id, id) });
    let playbook = json!({
        "id": "ehr-down", "title": l10n("Journalen ligger nere", "Records system is down"), "aliases": ["emr"],
        "systems": ["journal"], "sites": ["FS", "LS"], "level": level(2, "major"), "what": l10n("Nere", "Down"),
        "scope": l10n("sjukhus", "hospitals"), "routines": [], "public": "approved", "four_eyes": false,
    });
    let levels = json!([
        { "level": level(1, "outage"), "alias": "D2", "beat_s": 3600 },
        { "level": level(2, "major"), "alias": "D3", "beat_s": 3600 },
    ]);
    let lists = json!({
        "languages": ["sv", "en"], "sites": [], "levels": levels, "modes": [], "routines": [],
        "playbooks": [playbook], "functions": [],
    });
    Fake::new(move |a| match a.line.as_str() {
        "GET /api/v1/lists" => says(200, lists.clone()),
        "GET /api/v1/status" => says(200, json!({ "status": { "zone": "Europe/Stockholm" } })),
        "POST /api/v1/dry-runs" if shares && a.body.as_ref().is_some_and(|b| b["report"]["shared"] == "ask") => says(
            409,
            json!({
                "code": "shares-a-system", "why": "the same systems are concerned by one that is open", "help": "add",
                "already": "14",
            }),
        ),
        "POST /api/v1/dry-runs" => says(
            200,
            json!({
                "mode": { "rung": 1, "id": "staff", "label": l10n("STABSLÄGE", "STAFF MODE") },
                "sites": ["FS", "LS"], "duties": 18, "deliveries": 40, "waiting": 2,
            }),
        ),
        "POST /api/v1/commands" => {
            says(200, json!({ "on_record": true, "incident": "15", "message": "15-1", "events": ["opened"] }))
        }
        other => panic!("{other}"),
    })
}

fn command(asked: &[Asked]) -> Option<Value> {
    asked.iter().find(|a| a.line == "POST /api/v1/commands").and_then(|a| a.body.clone())
}

#[test]
fn rule_e1_enter_accepts_the_defaults_and_the_last_screen_says_what_will_happen() {
    let fake = region(false);
    //          as       playbook level sites since restore contact safety scope yes
    let keys = "it-duty\n1\n\n\n\n\n\n\n\ny\n";
    let (code, shown) = typed("report", keys, &fake, Lang::EN);
    assert_eq!(code, 0, "{shown}");
    for line in [
        "Disruption level [major]: ",
        "Where (sites, with commas) [FS,LS]: ",
        "Since [now]: ",
        "Expected back [unknown]: ",
        "Contact [the owner's duty phone]: ",
        "Patients in danger (yes, no, unknown) [unknown]: ",
        "Scope [hospitals]: ",
        "raises FS, LS → STAFF MODE, pages 18 duties now, 2 texts wait for approval\n",
        "Send? [y/n]: ",
        "Follow: vardkase status 15 --watch",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let body = command(&fake.asked()).expect("a report");
    let report = &body["action"]["report"];
    assert_eq!(
        (&body["as"], &report["playbook"], &report["level"]),
        (&"it-duty".into(), &"ehr-down".into(), &"major".into())
    );
    for default in ["since", "restore", "contact", "scope", "what", "next"] {
        assert_eq!(report[default], Value::Null, "{default} is the server's default");
    }
    assert_eq!((&report["safety"], &report["sites"]), (&"unknown".into(), &json!([])));
}

#[test]
fn answers_are_taken_and_mistakes_are_asked_again() {
    let fake = region(false);
    let keys =
        "journal\nD9\nD2\nFS\n25:00\n2031-01-15 03:12\n2031-01-15 05:00\n0980-319200\nperhaps\nnej\nhela FS\nj\n";
    let (code, shown) = typed("report --as it-duty", keys, &fake, Lang::SV);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("höjer FS, LS → STABSLÄGE, larmar 18 funktioner nu"), "{shown}");
    let body = command(&fake.asked()).expect("a report");
    let report = &body["action"]["report"];
    assert_eq!(
        (&report["playbook"], &report["level"], &report["sites"]),
        (&"journal".into(), &"outage".into(), &json!(["FS"]))
    );
    assert_eq!(report["since"], "2031-01-15T02:12:00Z");
    assert_eq!(report["restore"], json!({ "at": "2031-01-15T04:00:00Z" }));
    assert_eq!((&report["safety"], &report["scope"]), (&"no".into(), &json!({ "sv": "hela FS" })));
}

#[test]
fn without_a_yes_nothing_is_sent() {
    for keys in ["1\n\n\n\n\n\n\n\nn\n", "1\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "1\n\n\n", ""] {
        let fake = region(false);
        let (code, shown) = typed("report --as it-duty", keys, &fake, Lang::EN);
        assert_ne!(code, 0, "{keys:?}: {shown}");
        assert_eq!(command(&fake.asked()), None, "{keys:?}");
    }
}

#[test]
fn rule_d5_a_terminal_asks_whether_it_is_the_same_fault() {
    for (answer, shared) in [("\ny\n", json!({ "add_to": "14" })), ("s\ny\n", json!("separate"))] {
        let fake = region(true);
        let keys: &'static str = Box::leak(format!("1\n\n\n\n\n\n\n\n{answer}").into_boxed_str());
        let (code, shown) = typed("report --as it-duty", keys, &fake, Lang::EN);
        assert_eq!(code, 0, "{shown}");
        assert!(shown.contains("Add to it (a) or report it as separate (s) [a]: "), "{shown}");
        let body = command(&fake.asked()).expect("a report");
        assert_eq!(body["action"]["report"]["shared"], shared);
    }
}

#[test]
fn approving_shows_the_text_and_binds_the_yes_to_it() {
    let approval = json!({
        "incident": "14", "exercise": false, "title": { "sv": "Journalen", "en": "Records" }, "number": "14-2", "entry": 1,
        "audience": "internal", "fingerprints": { "sv": "7K4F2A" }, "texts": { "sv": "LARM \u{1b}[2J FS" },
        "unreviewed": [], "to": ["icu"], "public": false, "channels": ["fax"], "four_eyes": false,
        "approval": {
            "asked": ["kib"], "asked_at": "2031-01-15T02:12:00Z", "due": "2031-01-15T02:22:00Z", "then": "release",
            "finally": "release", "extended": false, "delivered": true, "held": false, "rejected": false, "blocked": false,
        },
    });
    let server = move || {
        let approval = approval.clone();
        Fake::new(move |a| match a.line.as_str() {
            "GET /api/v1/approvals?as=kib" => says(200, json!([approval])),
            "GET /api/v1/status" => says(200, json!({ "status": { "zone": "Europe/Stockholm" } })),
            _ => says(200, json!({ "on_record": true, "incident": "14", "message": "14-2", "events": ["released"] })),
        })
    };
    let fake = server();
    let (code, shown) = typed("approve --as kib", "y\n", &fake, Lang::EN);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("LARM ·[2J FS"), "a text moves no cursor: {shown}");
    assert!(shown.contains("Approve 14-2 7K4F2A? [y/n]: "), "{shown}");
    let action = json!({ "approve": { "number": "14-2", "fingerprint": "7K4F2A", "entry": null } });
    assert_eq!(command(&fake.asked()), Some(json!({ "as": "kib", "action": action })));
    for (args, keys) in
        [("approve --as kib", "ok\nsure\n"), ("approve 14-2 --as kib", "n\n"), ("approve 15-1 --as kib", "y\n")]
    {
        let fake = server();
        let (code, shown) = typed(args, keys, &fake, Lang::EN);
        assert_eq!(code, 1, "{args}: {shown}");
        assert_eq!(command(&fake.asked()), None, "{args}: a bare OK never approves (RULES B2)");
    }
}

#[test]
fn what_looks_like_a_person_s_number_is_asked_about_once_and_never_sent_unasked() {
    let fake = Fake::new(|a| match a.body.as_ref().map(|b| b["not_personal"] == true) {
        Some(false) => says(422, json!({ "code": "personal-number", "why": "In reason …", "help": "Take it out." })),
        _ => says(200, json!({ "on_record": true, "incident": "14", "events": [] })),
    });
    let stop = "stop 14 --reason 811228-9874 --as tib";
    let (code, screen) = typed(stop, "n\n", &fake, Lang::EN);
    assert_ne!(code, 0);
    assert!(screen.contains("something other than a personal identity number?"), "{screen}");
    assert_eq!(fake.asked().len(), 1);
    let (code, screen) = typed(stop, "y\n", &fake, Lang::SV);
    assert_eq!((code, screen.matches("annat än ett personnummer?").count()), (0, 1), "{screen}");
    let sent: Vec<bool> = fake.asked().iter().filter_map(|a| Some(a.body.as_ref()?["not_personal"] == true)).collect();
    assert_eq!(sent, [false, false, true], "no; no, then yes");
    let (code, screen) = typed(&format!("{stop} --not-personal"), "", &fake, Lang::EN);
    assert_eq!((code, screen.contains('?')), (0, false), "{screen}");
}
