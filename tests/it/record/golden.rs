//! Golden files: `tests/golden/record/` has one for each kind and version, made once, when it was published. They are compared
//! both ways, and never change. `UPDATE_GOLDEN=1` makes those that are missing and touches no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use vardkase::config::{Source, load};
use vardkase::domain::ids::{DeliveryId, FunctionIx, IncidentNo, PointIx};
use vardkase::domain::incident::event::Event;
use vardkase::domain::ladder::LevelIx;
use vardkase::domain::plan::*;
use vardkase::domain::roster::{Roster, Turn};
use vardkase::domain::step::{Beat, StepKind, StepRule, Within};
use vardkase::domain::text::Charset;
use vardkase::domain::words::TextWord;
use vardkase::record::system::{
    Access1, BackedUp1, ClockStep1, Forgotten1, Format1, GatewayRefs1, HeadSeal1, Part1, Printed1, Rehearsal1,
    SystemForm,
};
use vardkase::record::{self, Written, contacts, plan, system};

use super::samples::{events, without_facts};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/record")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap()).collect()
}

fn file_of(kind: u16, version: u16) -> PathBuf {
    folder().join(format!("{kind:04}-v{version}.txt"))
}

/// What a file holds, a line each; made of `now` when it is not there and may be made.
fn golden(file: &std::path::Path, now: Option<&[String]>) -> Vec<String> {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1");
    if let (false, true, Some(now)) = (file.exists(), update, now) {
        std::fs::write(file, now.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }
    // A word more in a list is published by a line more: what was published stays.
    if let (true, true, Some(now)) = (file.exists(), update, now) {
        let before = std::fs::read_to_string(file).unwrap();
        let before: Vec<&str> = before.lines().collect();
        if before.len() < now.len() && now.iter().zip(&before).all(|(now, before)| now == before) {
            std::fs::write(file, now.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        }
    }
    let Ok(text) = std::fs::read_to_string(file) else {
        panic!("{} is missing: a new kind or version is published by it; UPDATE_GOLDEN=1 makes it", file.display());
    };
    text.lines().map(str::to_owned).collect()
}

/// Events by the kind and version that they are written in.
fn by_kind() -> BTreeMap<(u16, u16), Vec<(Event, Written)>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events() {
        let written = record::encode(&event);
        all.entry((written.kind, written.version)).or_default().push((event, written));
    }
    all
}

#[test]
fn every_kind_of_event_is_written_and_read_as_it_was_published() {
    let samples = by_kind();
    let mut kinds = BTreeSet::new();
    for (kind, version, name) in record::kinds() {
        assert!(kinds.insert(kind), "kind {kind} stands twice");
        let Some(samples) = samples.get(&(kind, version)) else { panic!("{name} (kind {kind}) has no sample") };
        let now: Vec<String> = samples.iter().map(|(_, written)| hex(&written.bytes)).collect();
        let published = golden(&file_of(kind, version), Some(&now));
        assert_eq!(published, now, "{name} (kind {kind} version {version}) changed its published form");
        for (line, (event, _)) in published.iter().zip(samples) {
            let read = record::decode(kind, version, &unhex(line)).unwrap();
            assert!(read.event == *event && !read.incomplete, "{name} is read as something else: {:?}", read.event);
        }
    }
}

#[test]
fn every_older_version_of_an_event_is_read_by_its_upcaster() {
    for (kind, version) in record::older_versions() {
        assert!(record::kinds().any(|(k, now, _)| k == kind && version < now), "kind {kind} has no newer version");
        for line in golden(&file_of(kind, version), None) {
            let read = record::decode(kind, version, &unhex(&line)).unwrap();
            assert_eq!(record::encode(&read.event).kind, kind);
        }
    }
}

#[test]
fn what_format_0_wrote_is_read() {
    let mut expected: BTreeMap<String, Event> = BTreeMap::new();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for event in events() {
        let n = seen.entry(event.name()).or_insert(0);
        *n += 1;
        expected.insert(format!("{}/{n}", event.name()), without_facts(event));
    }
    let mut read = 0;
    for line in golden(&folder().join("format-0.txt"), None) {
        let [name, kind, bytes] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let decoded = record::decode(kind.parse().unwrap(), record::format0::VERSION, &unhex(bytes)).unwrap();
        assert!(decoded.incomplete, "{name}");
        assert!(decoded.event == expected[name], "{name} is read as something else: {:?}", decoded.event);
        read += 1;
    }
    assert!(read > 100);
}

fn system_samples() -> Vec<SystemForm> {
    let delivery =
        |n| DeliveryId { incident: if n == 0 { IncidentNo::actual(14) } else { IncidentNo::exercise(3) }, ordinal: n };
    vec![
        SystemForm::HeadSeal(HeadSeal1 {
            seq: 300,
            hash: [7; 32],
            at_ms: 1_229_566_320_000,
            region: "fjallmark".into(),
            key: [8; 32],
            signature: vec![9; 64],
        }),
        SystemForm::Rehearsal(Rehearsal1 {
            ok: true,
            what: "hel".into(),
            records: 300,
            backup_at: 1_229_566_320_000,
            took_ms: 1_500,
        }),
        SystemForm::ClockStep(ClockStep1 { by_ms: -3_600_000 }),
        SystemForm::GatewayRefs(GatewayRefs1::of([(delivery(0), "0000000A"), (delivery(300), "b1 b2")].into_iter())),
        SystemForm::Format(Format1 { format: 1, program: "0.1.0".into() }),
        SystemForm::Forgotten(Forgotten1::of(&IncidentNo::exercise(3), Some("tib".into()), "beslut 311".into())),
        SystemForm::BackedUp(BackedUp1 {
            file: "/b.vkb".into(),
            seq: 1204,
            hash: [7; 32],
            made_at: 1_229_566_320_000,
            with_keys: true,
        }),
        SystemForm::Access(Access1 {
            what: "device-added".into(),
            whom: "device d-k3x7pq2a".into(),
            by: "account it-1".into(),
        }),
        SystemForm::Printed(Printed1::of(
            &IncidentNo::actual(14),
            "staff-room".into(),
            "couriers".into(),
            vec![("icu".into(), 2), ("lab".into(), 1)],
        )),
    ]
}

#[test]
fn every_record_about_the_journal_is_written_and_read_as_it_was_published() {
    let samples = system_samples();
    assert_eq!(samples.len(), system::KINDS.len());
    for ((kind, version, name), form) in system::KINDS.iter().zip(samples) {
        let written = system::encode(&form);
        assert_eq!((written.kind, written.version), (*kind, *version), "{name}");
        let published = golden(&file_of(*kind, *version), Some(&[hex(&written.bytes)]));
        assert_eq!(published, [hex(&written.bytes)], "{name} changed its published form");
        assert_eq!(system::decode(*kind, *version, &unhex(&published[0])).unwrap(), form);
    }
    let part = Part1 { n: 1, of: 300, kind: 119, version: 1, bytes: b"part" };
    let written = part.encode();
    let published = golden(&file_of(written.kind, written.version), Some(&[hex(&written.bytes)]));
    assert_eq!(published, [hex(&written.bytes)], "a part changed its published form");
    let bytes = unhex(&published[0]);
    let read = Part1::decode(written.version, &bytes).unwrap();
    assert_eq!((read.n, read.of, read.kind, read.version, read.bytes), (1, 300, 119, 1, &b"part"[..]));
}

/// The shipped plan, with what it happens not to have.
fn sample_plan() -> Plan {
    let mut plan = load(&Source::Shipped).unwrap().plan;
    let charsets = [
        Charset::Utf8,
        Charset::Gsm7,
        Charset::Latin1,
        Charset::Iso646Se,
        Charset::Ascii7,
        Charset::Iso646No,
        Charset::Iso646Dk,
        Charset::Iso646De,
        Charset::Numeric,
    ];
    for (gateway, charset) in plan.gateways.iter_mut().zip(charsets) {
        gateway.capability = Capability::Pages { charset, chars_max: 240, pages_max: 4 };
    }
    let one = plan.gateways[0].clone();
    let capabilities = [
        Capability::Sms { charset: Charset::Gsm7, ucs2: true, ref16: false, separate: true, parts_max: 6 },
        Capability::Fax { pages_max: 2, chars_max: 2_500 },
        Capability::Whole { chars_max: Some(4_000) },
        Capability::Whole { chars_max: None },
    ];
    for (n, capability) in capabilities.into_iter().enumerate() {
        let id = format!("golden-{n}").as_str().into();
        plan.gateways.push(GatewayInfo { id, capability, ..one.clone() });
    }
    plan.functions[0].hours = Hours::Day { covered_by: FunctionIx(1) };
    let turn = Turn { from: 1_700_000_000, to: 1_700_600_000, points: vec![PointIx(0)] };
    plan.functions[0].roster = Roster::new(vec![turn]);
    plan.points[0].proven = Some(jiff::civil::date(2026, 11, 2));
    plan.region.seals_to = Some(FunctionIx(2));
    let publics = [PublicRule::Never, PublicRule::Holding, PublicRule::Approved];
    for (book, public) in plan.playbooks.values_mut().zip(publics) {
        book.public = public;
    }
    let finally = [Then::Release, Then::Escalate, Then::Hold];
    let book = plan.playbooks.values_mut().next().unwrap();
    let row = book.levels.iter().flat_map(|l| &l.notify).next().unwrap().clone();
    book.levels[0].notify.extend(finally.map(|finally| Row {
        approval: Some(ApprovalRule { by: FunctionIx(0), within_s: 600, then: Then::Escalate, finally }),
        answer: Some(AnswerRule::Wanted),
        deputies: Some(DeputyRule::After),
        night: NightRule::QuietUntil(420),
        answers: Some(2),
        arrive_within_s: Some(3_600),
        ..row.clone()
    }));
    book.steps.extend(StepKind::ALL.map(|kind| StepRule {
        id: format!("golden-{kind}"),
        level: LevelIx(1),
        kind,
        title: Default::default(),
        over: Default::default(),
        concerns: Default::default(),
        owner: FunctionIx(0),
        to: vec![FunctionIx(1)],
        within: if kind == StepKind::Clock { Within::Months(1) } else { Within::Seconds(3_600) },
        lasts_s: 60,
        beat: match kind {
            StepKind::Conference => Some(Beat::Daily(vec![510])),
            StepKind::Task => Some(Beat::Every(600)),
            _ => None,
        },
        at_once: true,
    }));
    plan.index();
    plan
}

#[test]
fn a_plan_is_written_and_read_as_it_was_published() {
    let sample = sample_plan();
    let now = String::from_utf8(plan::encode(&sample)).unwrap();
    let read = plan::decode(now.as_bytes()).unwrap();
    assert!(read == Plan { hash: String::new(), ..sample }, "a plan is read as another one");
    let published = golden(&folder().join(format!("plan-v{}.json", plan::FORMAT)), Some(&[now])).concat();
    let read = plan::decode(published.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(plan::encode(&read)).unwrap(), published, "the plan changed its published form");
    assert!(published.starts_with("{\"format\":2,"));
}

#[test]
fn an_older_plan_is_read_and_what_it_lacks_is_made_of_what_it_has() {
    let published = golden(&folder().join("plan-v1.json"), None).concat();
    let read = plan::decode(published.as_bytes()).unwrap();
    // Format 0 had no number in it.
    let without = published.replacen("\"format\":1,", "", 1);
    assert!(plan::decode(without.as_bytes()).unwrap() == read);
    assert_eq!(read.region.emergency, "112", "what stood in every text before a plan said it");
    for words in read.words.values() {
        assert!(words.texts.len() > 20, "its texts are there");
        assert!(words.texts[&TextWord::Restored][0].starts_with(|c: char| c.is_uppercase()));
        let at = "2026-11-18T09:45:00+01:00".parse().unwrap();
        let today = "2026-11-19T09:45:00+01:00".parse().unwrap();
        assert!(words.time(&read.calendar, at, today).ends_with(" 18/11 09.45"), "as it wrote times");
    }
}

#[test]
fn contacts_are_written_and_read_as_they_were_published() {
    let addresses: Vec<std::sync::Arc<str>> = vec!["+46701740605".into(), "tib@fjallmark.example".into()];
    let now = String::from_utf8(contacts::encode(&addresses)).unwrap();
    let published =
        golden(&folder().join(format!("contacts-v{}.json", contacts::FORMAT)), Some(std::slice::from_ref(&now)));
    assert_eq!(published, [now]);
    assert_eq!(contacts::decode(published[0].as_bytes()).unwrap(), addresses);
    assert_eq!(contacts::decode(b"[\"+46701740605\",\"tib@fjallmark.example\"]").unwrap(), addresses, "format 0");
}

/// A new kind or version without a new format would be met unprepared by a program that knows the format and not the kind.
#[test]
fn the_format_goes_up_with_each_kind_and_version() {
    let mut all: BTreeSet<(u16, u16)> = record::kinds().map(|(kind, version, _)| (kind, version)).collect();
    all.extend(record::older_versions());
    all.extend(system::KINDS.iter().map(|(kind, version, _)| (*kind, *version)));
    all.insert((system::PART, system::PART_VERSION));
    let now: Vec<String> = all.iter().map(|(kind, version)| format!("{kind}/{version}")).collect();
    let file = folder().join(format!("kinds-of-format-{}.txt", record::FORMAT));
    assert_eq!(
        golden(&file, Some(&now)),
        now,
        "raise record::FORMAT: there are other kinds and versions than in this one"
    );
}

/// What real incidents are to show is in the plan that an incident keeps; a plan that says nothing of it has the bytes that it had.
#[test]
fn a_plan_keeps_what_real_incidents_are_to_show() {
    let shipped = load(&Source::Shipped).unwrap().plan;
    let kept = plan::decode(&plan::encode(&shipped)).unwrap();
    assert!(!shipped.objectives.is_empty());
    assert_eq!(kept.objectives, shipped.objectives);
    let bytes = plan::encode(&Plan { objectives: Vec::new(), ..shipped });
    assert!(!String::from_utf8(bytes.clone()).unwrap().contains("objectives"));
    assert!(plan::decode(&bytes).unwrap().objectives.is_empty(), "an older plan has none");
}
