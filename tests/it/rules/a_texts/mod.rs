//! A. Texts.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod languages_and_followers;
mod phases;

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::region;
use crate::rules::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::asks;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::facts::{Restore, Safety};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::state::*;
use vardkase::domain::incident::values::*;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{Audience, Channel, Then};
use vardkase::domain::text::pages::{PageRules, pages};
use vardkase::domain::text::sms::{SmsLimits, fit};
use vardkase::domain::text::{Canonical, Charset};
use vardkase::domain::view::{costly, replaced};
use vardkase::domain::words::NoteWord;

const SV: Lang = Lang::SV;
const EN: Lang = Lang::EN;

/// Approves everything that waits, as KiB, number by number.
pub fn approve_all(t: &mut Timeline, no: IncidentNo) {
    let waiting: BTreeSet<u32> =
        t.inc(no).entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_))).map(|e| e.message).collect();
    for seq in waiting {
        let fingerprint = t.inc(no).message(seq).unwrap().texts[&SV].fingerprint;
        t.act(
            "kib",
            Action::Approve { number: MessageNo { incident: no, seq }, fingerprint, entry: None, works: true },
        )
        .unwrap();
    }
}

/// The number of the newest message of a kind.
pub fn newest_of(t: &Timeline, no: IncidentNo, audience: Audience, kind: impl Fn(Kind) -> bool) -> u32 {
    t.inc(no).messages.iter().rev().find(|m| m.audience == audience && kind(m.kind)).expect("no such message").seq
}

fn said(what: &str) -> News {
    News { what: Some(L10n::same(&[SV, EN], what)), ..News::default() }
}

fn exact(no: IncidentNo, seq: u32) -> MessageNo {
    MessageNo { incident: no, seq }
}

/// What stands around the canonical text of a send: (header, trailer). Written from the grammar, not from the product's code.
fn around(t: &Timeline, s: &Sent) -> (String, String) {
    let inc = t.inc(s.id.incident);
    let m = inc.message(s.message.unwrap()).unwrap();
    let texts: Vec<_> = m.texts.values().filter(|d| s.whole.contains(d.text.as_str())).collect();
    assert_eq!(texts.len(), 1, "exactly one language's canonical text is in {:?}", s.whole);
    let (before, after) = s.whole.split_once(texts[0].text.as_str()).unwrap();
    assert!(before.ends_with(&format!("{} ", texts[0].fingerprint)), "{before}");
    (before.to_owned(), after.to_owned())
}

#[test]
fn rule_a1_one_text_per_audience_and_language_on_all_channels() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    let mut channels = BTreeSet::new();
    for s in t.sent.iter().filter(|s| s.message == Some(1)) {
        channels.insert(s.channel);
        let text = t.text(no, 1, SV);
        assert!(s.whole.contains(&text), "{s:?}");
    }
    assert_eq!(channels, BTreeSet::from([Channel::Sms, Channel::Email, Channel::Fax, Channel::Paging]));
    let prints: BTreeSet<_> =
        t.inc(no).messages.iter().flat_map(|m| m.texts.values().map(|d| d.fingerprint.to_string())).collect();
    assert_eq!(prints.len(), 6, "three audiences in two languages each have a fingerprint of their own");
    let audiences: Vec<_> = t.inc(no).messages.iter().map(|m| m.audience).collect();
    assert_eq!(audiences, [Audience::Internal, Audience::Public, Audience::Outside]);
}

#[test]
fn rule_a1_codes_duty_addresses_and_internal_routines_never_leave() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    for m in t.inc(no).messages.iter().filter(|m| m.audience != Audience::Internal) {
        for text in m.texts.values().map(|d| d.text.as_str()) {
            for inner in ["Pappersjournal", "Paper records", "0980-319 206", "Svara", "JA 1", "säg"] {
                assert!(!text.contains(inner), "{inner} in {text}");
            }
            assert!(t.inc(no).codes.keys().all(|c| !text.contains(c.as_str())));
        }
    }
    let town = t.messages_to("town");
    assert_eq!(town.len(), 1);
    assert_eq!(around(&t, town[0]).1, "", "nothing that asks for an answer reaches an outside group");
    // A correction asks for an answer by default; an outside group is asked for no more than its row says.
    t.act("it-led", Action::Correct { number: exact(no, 1), news: said("Bara labbet") }).unwrap();
    approve_all(&mut t, no);
    let town = t.messages_to("town");
    assert_eq!(town.len(), 2);
    assert_eq!(around(&t, town[1]).1, "");
    assert!(t.inc(no).ask(t.plan().function_ix("town").unwrap()).is_none());
}

#[test]
fn rule_a2_what_differs_per_receiver_is_no_part_of_the_text() {
    for exercise in [false, true] {
        let mut t = Timeline::by_day();
        let no = t.report("it", Report { exercise, ..ehr_down("major") });
        approve_all(&mut t, no);
        t.advance(900);
        let mut headers: BTreeMap<(u32, String), BTreeSet<String>> = BTreeMap::new();
        let mut trailers = BTreeSet::new();
        for s in t.sent.iter().filter(|s| s.message.is_some()) {
            let (header, trailer) = around(&t, s);
            let lang = if s.whole.contains("ALERT") { "en" } else { "sv" };
            // What stands before the number is the receiver's own (RULES A14).
            let from = header.rmatch_indices(' ').nth(2).map_or(0, |(at, _)| at + 1);
            headers.entry((s.message.unwrap(), lang.to_owned())).or_default().insert(header[from..].to_owned());
            trailers.insert(trailer);
        }
        assert!(headers.values().all(|h| h.len() == 1), "the same header for all: {headers:?}");
        assert!(trailers.len() > 1, "reply, telephone: {trailers:?}");
        for m in &t.inc(no).messages {
            for (lang, d) in &m.texts {
                let prefix = if *lang == SV { "Ö" } else { "X" };
                let number = t.inc(no).number(m.seq).written(prefix);
                assert!(!d.text.as_str().contains(&number) && !d.text.as_str().contains(d.fingerprint.as_str()));
                assert!(!d.text.as_str().contains("ÖVNING") && !d.text.as_str().contains("EXERCISE"));
            }
        }
    }
}

#[test]
fn rule_a3_the_order_is_for_short_screens() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("major"));
    assert_eq!(
        t.text(no, 1, SV),
        "LARM STABSLÄGE FS HS: Journalen ligger nere. Gör nu: Pappersjournal. Läs i läskopian. Gäller: sjukhusen. \
         Sedan: 09.45. Åter i drift: okänt. Nästa besked: 10.45. Kontakt: 0980-319 206."
    );
    assert_eq!(
        t.text(no, 1, EN),
        "ALERT STAFF MODE FS HS: Records system is down. Do now: Paper records. Use the read-only copy. Affects: the \
         hospitals. Since: 09:45. Expected back: unknown. Next update: 10:45. Contact: 0980-319 206."
    );
    let print = t.inc(no).message(1).unwrap().texts[&SV].fingerprint;
    let sms = t.got("it", Kind::Alert).into_iter().find(|s| s.channel == Channel::Sms).unwrap();
    assert_eq!(sms.whole, format!("1-1 {print} {} Svara JA 1", t.text(no, 1, SV)));
}

#[test]
fn rule_a3_the_first_page_holds_mark_kind_mode_site_and_what() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { exercise: true, ..ehr_down("major") });
    for (lang, charset, words) in [
        (SV, Charset::Iso646Se, ["ÖVNING Ö-1-1", "LARM", "STABSLÄGE", "FS HS", "Journalen ligger nere"]),
        (EN, Charset::Ascii7, ["EXERCISE X-1-1", "ALERT", "STAFF MODE", "FS HS", "Records system"]),
    ] {
        let out = asks::outgoing(t.inc(no), Item::Message(1), lang).unwrap();
        let rules = PageRules { chars_max: 80, pages_max: 12, charset };
        let first =
            &pages(&out, Some("Svara JA Ö-1"), &rules).unwrap_or_else(|_| pages(&out, None, &rules).unwrap())[0];
        assert!(first.chars().count() <= 80);
        for word in words {
            assert!(first.contains(word), "{word} in {first:?}");
        }
        assert!(first.ends_with(words[0].split(' ').next().unwrap()), "{first}");
    }
}

#[test]
fn rule_a4_kinds_are_the_first_word() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("it-led", Action::Update { incident: no, news: said("Fortfarande nere") }).unwrap();
    t.act("it-led", Action::Correct { number: exact(no, 2), news: said("Delvis nere") }).unwrap();
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "många patienter".into() })
        .unwrap();
    t.act("it-led", Action::Restored { incident: no, news: News::default() }).unwrap();
    t.act("owner", Action::DataComplete { incident: no }).unwrap();
    t.act("it-led", Action::AllClear { incident: no, override_reason: None }).unwrap();
    let firsts: Vec<(String, String)> = (1..=t.inc(no).messages.len())
        .map(|i| u32::try_from(i).unwrap())
        .map(|i| {
            let first = |l| t.text(no, i, l).split(':').next().unwrap().to_owned();
            (first(SV), first(EN))
        })
        .collect();
    let expected = [
        ("LARM STABSLÄGE FS HS", "ALERT STAFF MODE FS HS"),
        ("UPPDATERING STABSLÄGE FS HS", "UPDATE STAFF MODE FS HS"),
        ("RÄTTELSE av 1-2 STABSLÄGE FS HS", "CORRECTION of 1-2 STAFF MODE FS HS"),
        ("NU FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS", "NOW REINFORCED MODE FS, STAFF MODE HS"),
        ("ÅTER I DRIFT FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS", "RUNNING AGAIN REINFORCED MODE FS, STAFF MODE HS"),
        ("FARAN ÖVER FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS", "ALL CLEAR REINFORCED MODE FS, STAFF MODE HS"),
    ];
    assert_eq!(firsts, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn rule_a4_weekday_and_date_stand_in_since_when_it_is_not_today() {
    let mut t = Timeline::by_day();
    let since = Some(at("2008-12-17T23:05:00+01:00"));
    let no = t.report("it", Report { since, ..ehr_down("outage") });
    assert!(t.text(no, 1, SV).contains("Sedan: ons 17 dec 23.05."), "{}", t.text(no, 1, SV));
    assert!(t.text(no, 1, EN).contains("Since: Wed 17 Dec 23:05."));
    let today = Some(at("2008-12-18T00:01:00+01:00"));
    let other = t.report("it", Report { since: today, shared: IfShared::Separate, ..ehr_down("outage") });
    assert!(t.text(other, 1, SV).contains("Sedan: 00.01."));
}

/// `ehr-down` at major with patients in danger, LS included: the pager there has no å ä ö.
fn with_ls(what: Option<&str>) -> Report {
    Report {
        sites: ["FS", "HS", "LS"].map(SiteId::from).to_vec(),
        safety: Safety::Unknown,
        what: what.map(|w| L10n::same(&[SV, EN], w)),
        ..ehr_down("major")
    }
}

#[test]
fn rule_a5_a_transmitter_without_swedish_letters_carries_another_language_whole() {
    let mut t = Timeline::by_day();
    let no = t.report("it", with_ls(None));
    let ward = t.got("ward-ls", Kind::Alert);
    assert_eq!(ward.len(), 1);
    assert!(ward[0].whole.is_ascii());
    assert!(ward[0].whole.contains(&t.text(no, 1, EN)), "whole: {}", ward[0].whole);
    assert!(t.inc(no).errands.is_empty());
}

#[test]
fn rule_a5_a_text_no_path_can_carry_drops_out_for_that_function_only() {
    let mut t = Timeline::by_day();
    let no = t.report("it", with_ls(Some("Röntgen är nere")));
    assert_eq!(t.got("ward-ls", Kind::Alert).len(), 0, "never respelled, never cut");
    assert_eq!(t.got("icu", Kind::Alert).len(), 2, "the release is not blocked");
    let desk = t.plan().function_ix("desk").unwrap();
    let ward = t.plan().function_ix("ward-ls").unwrap();
    let [task] = &t.inc(no).errands[..] else { panic!("{:?}", t.inc(no).errands) };
    assert_eq!(
        (task.owner, &task.functions[..], task.message, task.why.as_str()),
        (desk, &[ward][..], 1, "has no “Ä”")
    );
    let read = t.notes_to("desk", NoteWord::ReadOut);
    assert_eq!(read.len(), 1);
    assert!(read[0].whole.contains("number=1-1; functions=ward-ls-sv; why=has no “Ä”"), "{}", read[0].whole);
    t.act("desk", Action::ErrandDone { incident: no, errand: 0 }).unwrap();
}

#[test]
fn rule_a5_where_another_path_carries_it_that_path_is_used_and_the_reason_kept() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { safety: Safety::Yes, ..with_ls(Some("Kassan visar $ fel")) });
    let ed = t.got("ed", Kind::Alert);
    assert_eq!(ed.iter().map(|s| s.channel).collect::<Vec<_>>(), [Channel::Sms], "the pager has no $");
    let pager = t.point("ed", Channel::Paging);
    let kept = t.events.iter().any(|(_, e)| match e {
        Event::Incident { change, .. } => {
            matches!(&**change, Change::Released { dropped, .. }
            if dropped.iter().any(|d| d.point == pager && d.why == "has no “$”"))
        }
        _ => false,
    });
    assert!(kept, "the plan record names the path and why");
    assert!(t.inc(no).errands.is_empty(), "ed has its SMS");
}

#[test]
fn rule_a5_when_every_path_fails_people_walk() {
    let mut t = Timeline::by_day();
    t.gateways_say = Some(DeliveryState::Failed);
    let no = t.report("it", Report { safety: Safety::Yes, ..ehr_down("major") });
    let icu: Vec<&str> = t.got("icu", Kind::Alert).iter().map(|s| s.gateway.as_str()).collect();
    assert_eq!(icu, ["sms", "fax", "modem"], "each gateway of the channel was tried");
    let f = t.plan().function_ix("icu").unwrap();
    assert_eq!(t.inc(no).errands.iter().filter(|k| k.functions.contains(&f)).count(), 1);
}

#[test]
fn rule_a6_typed_characters_are_shown_with_their_cost_and_never_replaced_in_silence() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let plain = t.text(no, 1, SV);
    let typed = plain.replace("ligger nere", "ligger nere – “helt” …");
    let number = exact(no, 1);
    t.act("kib", Action::Change { number, texts: BTreeMap::from([(SV, typed.clone())]) }).unwrap();
    let (entry, _) = t.waiting(no, "icu").unwrap();
    assert_eq!(t.text(no, entry.message, SV), typed, "not one letter changed");
    let cost = |text: &str| {
        let out = asks::note_outgoing(t.inc(no), text, SV).unwrap();
        fit(&out, None, &SmsLimits::default()).unwrap().parts
    };
    assert!(cost(&typed) > cost(&plain), "{} > {}", cost(&typed), cost(&plain));
    let listed: Vec<char> = costly(&typed).iter().map(|c| c.character).collect();
    assert_eq!(listed, ['–', '“', '”', '…']);
    assert!(costly(&typed).iter().all(|c| c.replacement.is_some()), "each has an offer");
    assert!(cost(&replaced(&typed)) < cost(&typed));
    approve_all(&mut t, no);
    assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains("“helt” …")));
    // What nobody can see is refused, not removed.
    let other = t.report("it", Report { shared: IfShared::Separate, ..ehr_down("major") });
    let texts = BTreeMap::from([(SV, "LARM\u{200b} x".to_owned())]);
    let refused = t.act("kib", Action::Change { number: exact(other, 1), texts }).unwrap_err();
    assert_eq!(refused.code, "bad-text");
    assert_eq!(refused.given("character").to_string(), "U+200B", "{refused}");
}
