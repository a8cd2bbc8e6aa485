#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::config::{Source, Statement, load};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::values::Kind;
use crate::domain::lang::Lang;
use crate::domain::public_view::{Parts, PublicState};
use crate::domain::text::{Canonical, Fingerprint};

static PLAN: LazyLock<Plan> = LazyLock::new(|| load(&Source::Shipped).unwrap().plan);
static NOTHING: LazyLock<Statement> = LazyLock::new(Statement::default);

fn frame(public_url: &str) -> PageFrame<'_> {
    PageFrame { plan: &PLAN, fictional: false, training: false, statement: &NOTHING, public_url }
}

fn at(text: &str) -> At {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn number(seq: u32) -> MessageNo {
    MessageNo { incident: IncidentNo::actual(14), seq }
}

fn message(text: &str, instruction: usize) -> PublicMessage {
    PublicMessage {
        number: number(2),
        sites: vec!["FS".into(), "REG".into()],
        state: PublicState::Disturbance,
        earlier: Vec::new(),
        instruction: [(Lang::SV, instruction)].into(),
        kind: Kind::Alert,
        fingerprint: [(Lang::SV, Fingerprint::of("14-2", "public", "sv", text))].into(),
        text: [(Lang::SV, text.to_owned())].into(),
        released: at("2026-11-24T08:45:00Z"),
        next_update: None,
    }
}

fn view(messages: Vec<PublicMessage>) -> PublicView {
    PublicView {
        region: PublicState::Disturbance,
        sites: Vec::new(),
        messages,
        investigating: false,
        more_by: None,
        call: "1177".into(),
        emergency: "112".into(),
        checked_at: at("2026-11-24T08:46:00Z"),
        valid_until: at("2026-11-24T09:16:00Z"),
    }
}

/// What the elements of a name hold, read by nothing of the writer's.
fn held(xml: &[u8], name: &str) -> Vec<String> {
    let xml = std::str::from_utf8(xml).unwrap();
    let mut all = Vec::new();
    let mut rest = xml;
    while let Some(from) = rest.find(&format!("<{name}")) {
        let after = &rest[from + name.len() + 1..];
        if !after.starts_with(['>', ' ']) {
            rest = after;
            continue;
        }
        let begin = after.find('>').unwrap() + 1;
        let end = after.find(&format!("</{name}>")).unwrap();
        all.push(unescaped(&after[begin..end]));
        rest = &after[end..];
    }
    all
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        assert!(!before.contains(['<', '\r']), "{before:?}");
        let (name, next) = after.split_once(';').unwrap();
        out.push_str(before);
        out.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            code => char::from_u32(code.strip_prefix('#').unwrap().parse().unwrap()).unwrap(),
        });
        rest = next;
    }
    out + rest
}

fn joined(cap: &[u8]) -> String {
    let parts = ["headline", "description", "instruction"];
    parts.iter().flat_map(|name| held(cap, name)).collect::<Vec<_>>().join(" ")
}

/// As XML can hold it.
fn holdable(text: &str) -> String {
    let bad = |c: char| u32::from(c) < 0x20 && !"\t\n\r".contains(c) || "\u{fffe}\u{ffff}".contains(c);
    text.chars().map(|c| if bad(c) { '\u{fffd}' } else { c }).collect()
}

fn survives(text: &str, instruction: usize) {
    let m = message(text, instruction);
    let v = view(vec![m.clone()]);
    let cap = render_cap(&v, &m, &frame(""));
    assert_eq!(joined(&cap), holdable(text), "CAP");
    assert_eq!(held(&render_atom(&v, Lang::SV, &frame("")), "content"), [holdable(text)], "Atom");
    assert_eq!(
        held(&render_atom(&v, Lang::EN, &frame("")), "content"),
        [holdable(text)],
        "Atom, from another language"
    );
    let json: serde_json::Value = serde_json::from_slice(&render_state(&v, &frame(""))).unwrap();
    assert_eq!(json["messages"][0]["texts"]["sv"]["text"], *text, "JSON");
}

#[test]
fn hard_texts_survive_cap_atom_and_json() {
    for text in [
        "Journalen är nere.",
        "A & B <c> ]]> \"d\" 'e'. &amp; &#13; &lt;script&gt;. Ring 112.",
        "🚑👩‍⚕️ Ambulans. שלום مرحبا. Ring.",
        "Två rader\noch\r\nen till. \tTab. \u{0}\u{1b}\u{fffe}. Slut.",
        " inledande blanksteg.  Två i rad.  Slut. ",
    ] {
        for at in 0..=text.len() + 1 {
            survives(text, at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
    #[test]
    fn any_text_survives_cap_atom_and_json(text in ".{0,120}", at in 0_usize..140) {
        survives(&text, at);
    }

    #[test]
    fn what_can_be_approved_survives_byte_for_byte(text in "([A-ZÅÄÖa-zåäö0-9<>&\"'.,?!:;/🚑-]{1,12} ?){1,20}", at in 0_usize..140) {
        if let Ok(text) = Canonical::from_typed(&text) {
            prop_assert_eq!(holdable(text.as_str()), text.as_str());
            survives(text.as_str(), at);
        }
    }
}

#[test]
fn a_text_is_cut_where_the_instruction_begins() {
    let text = "Journalen är nere. Det gäller alla. Kom som vanligt. Ring 112.";
    let parts = Parts::of(text, text.find("Kom").unwrap());
    assert_eq!(parts.headline, "Journalen är nere.");
    assert_eq!(parts.description, "Det gäller alla.");
    assert_eq!(parts.instruction, "Kom som vanligt. Ring 112.");
    let parts = Parts::of(text, text.find("Det").unwrap());
    assert_eq!((parts.description, parts.instruction), ("", "Det gäller alla. Kom som vanligt. Ring 112."));
    assert_eq!(Parts::of("Allt fungerar.", 3).headline, "Allt fungerar.");
}

#[test]
fn offsets_are_those_of_the_place_also_on_the_nights_when_clocks_change() {
    for (utc, local) in [
        ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"),
        ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"),
        ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00"),
    ] {
        let m = PublicMessage { released: at(utc), ..message("Journalen är nere.", 99) };
        let cap = render_cap(&view(vec![m.clone()]), &m, &frame(""));
        assert_eq!(held(&cap, "sent"), [local]);
    }
    let mut utc = PLAN.clone();
    utc.calendar.zone = crate::domain::calendar::Zone::named("UTC").unwrap();
    assert_eq!(moment(&utc, at("2026-03-29T01:00:00Z")), "2026-03-29T01:00:00+00:00", "never Z");
}

#[test]
fn a_cap_file_has_every_element_in_the_order_of_the_schema() {
    let text = "Journalen är nere. Det gäller alla. Kom som vanligt. Ring 112.";
    let m = PublicMessage {
        kind: Kind::Update,
        state: PublicState::Crisis,
        earlier: vec![(number(1), at("2026-11-24T08:40:00Z"))],
        ..message(text, text.find("Kom").unwrap())
    };
    let made = String::from_utf8(render_cap(&view(vec![m.clone()]), &m, &frame("https://Lage.Example:8443/"))).unwrap();
    let print = Fingerprint::of("14-2", "public", "sv", text);
    assert_eq!(
        made,
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
 <identifier>fjallmark.20261124084500.14-2</identifier>
 <sender>lage.example</sender>
 <sent>2026-11-24T09:45:00+01:00</sent>
 <status>Actual</status>
 <msgType>Update</msgType>
 <scope>Public</scope>
 <references>lage.example,fjallmark.20261124084000.14-1,2026-11-24T09:40:00+01:00</references>
 <incidents>14</incidents>
 <info>
  <language>sv-SE</language>
  <category>Health</category>
  <event>Allvarlig störning i vården</event>
  <responseType>Monitor</responseType>
  <urgency>Immediate</urgency>
  <severity>Severe</severity>
  <certainty>Observed</certainty>
  <expires>2026-11-24T10:16:00+01:00</expires>
  <senderName>Region Fjällmark</senderName>
  <headline>Journalen är nere.</headline>
  <description>Det gäller alla.</description>
  <instruction>Kom som vanligt. Ring 112.</instruction>
  <web>https://Lage.Example:8443/sv</web>
  <contact>1177</contact>
  <parameter>
   <valueName>fingerprint</valueName>
   <value>{print}</value>
  </parameter>
  <area>
   <areaDesc>Fjällstads sjukhus</areaDesc>
  </area>
  <area>
   <areaDesc>Region Fjällmark</areaDesc>
  </area>
 </info>
</alert>
"#
        )
    );
}

#[test]
fn names_hold_nothing_that_cap_forbids() {
    for url in ["", "https://lage.example/", "http://127.0.0.1:8080", "http://[::1]:80", "https://a,b<c&d e/", "x"] {
        let sender = authority(&frame(url));
        assert!(!sender.is_empty() && !sender.contains([' ', ',', '<', '&']), "{url}: {sender}");
    }
    assert_eq!(authority(&frame("")), "fjallmark.invalid");
    assert_eq!(authority(&frame("http://127.0.0.1:8080")), "127.0.0.1");
}

#[test]
fn feeds_are_bounded_and_have_the_newest() {
    let many: Vec<PublicMessage> = (0..ENTRIES_MAX as u32 + 50)
        .map(|n| PublicMessage {
            number: MessageNo { incident: IncidentNo::actual(n + 1), seq: 1 },
            ..message("Journalen är nere.", 99)
        })
        .collect();
    let v = view(many);
    let atom = render_atom(&v, Lang::SV, &frame(""));
    let ids = held(&atom, "id");
    assert_eq!(ids.len(), 1 + ENTRIES_MAX);
    assert_eq!(ids[0], "tag:fjallmark.invalid,2026:fjallmark/feed/sv");
    assert_eq!(ids[1], "tag:fjallmark.invalid,2026-11-24:fjallmark/1-1/sv");
    let json: serde_json::Value = serde_json::from_slice(&render_state(&v, &frame(""))).unwrap();
    assert_eq!(json["messages"].as_array().unwrap().len(), ENTRIES_MAX);
    let all = crate::web::publication::whole(&v, &frame(""));
    assert!(all.own.len() <= crate::web::public::PAGES_MAX, "{}", all.own.len());
    assert!(all.bytes() < crate::web::publication::PUBLICATION_BYTES_MAX, "{}", all.bytes());
}

#[test]
fn what_a_page_leads_to_lies_in_the_mirror_before_it() {
    let v = view(vec![message("Journalen är nere. Ring 112.", 99)]);
    let all = crate::web::publication::whole(&v, &frame(""));
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (name, _)) in all.mirrored.iter().enumerate() {
        assert_eq!(there.insert(name.as_str().to_owned(), at), None, "twice: {name:?}");
    }
    let mut links = 0;
    for (at, (name, body)) in all.mirrored.iter().enumerate() {
        let body = String::from_utf8_lossy(body);
        let base = url::join(name.as_str());
        for link in body.split("href=\"").skip(1).filter_map(|l| l.split('"').next()) {
            if link.contains(':') {
                continue;
            }
            links += 1;
            let to = url::resolved(&base, link);
            let lies = there.get(&to).unwrap_or_else(|| panic!("{name:?} leads to {to}, which is nowhere"));
            // Pages of the languages lead to each other: at the very first publication one is there before the other.
            let among_pages = to.ends_with("index.html");
            assert!(among_pages || *lies <= at, "{name:?} comes before {to}");
        }
    }
    assert!(links > 20, "{links}");
    assert_eq!(all.mirrored.last().unwrap().0.as_str(), "index.html");
    // And on our own listener.
    for (path, page) in &all.own {
        let html = page.text();
        for link in html.split("href=\"").skip(1).filter_map(|l| l.split('"').next()).filter(|l| l.starts_with('/')) {
            assert!(all.own.contains_key(link), "{path} leads to {link}, which is nowhere");
        }
    }
}

/// Relative references, as a reader follows them.
mod url {
    pub fn join(name: &str) -> Vec<String> {
        let mut parts: Vec<String> = name.split('/').map(str::to_owned).collect();
        parts.pop();
        parts
    }
    pub fn resolved(base: &[String], link: &str) -> String {
        let mut parts = base.to_vec();
        for part in link.split('/') {
            match part {
                ".." => drop(parts.pop()),
                part => parts.push(part.to_owned()),
            }
        }
        parts.join("/")
    }
}
