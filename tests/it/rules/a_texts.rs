//! A. Texts.

use std::collections::{BTreeMap, BTreeSet};

use super::region;
use super::timeline::*;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::*;
use vardkase::domain::incident::asks;
use vardkase::domain::incident::event::{Change, Event};
use vardkase::domain::incident::facts::{Restore, Safety};
use vardkase::domain::incident::input::*;
use vardkase::domain::incident::state::*;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{Audience, Channel, Then};
use vardkase::domain::text::pages::{PageRules, pages};
use vardkase::domain::text::sms::{Alphabet, SmsLimits, costly, fit, replaced};
use vardkase::domain::text::{Canonical, Charset};
use vardkase::domain::words::NoteWord;

const SV: Lang = Lang::SV;
const EN: Lang = Lang::EN;

/// Approves everything that waits, as KiB, number by number.
pub fn approve_all(t: &mut Timeline, no: IncidentNo) {
    let waiting: BTreeSet<u32> =
        t.inc(no).entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_))).map(|e| e.message).collect();
    for seq in waiting {
        let fingerprint = t.inc(no).message(seq).unwrap().texts[&SV].fingerprint;
        t.act("kib", Action::Approve { number: MessageNo { incident: no, seq }, fingerprint, entry: None }).unwrap();
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
    assert!(t.inc(no).ask(t.plan().fx("town").unwrap()).is_none());
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
            headers.entry((s.message.unwrap(), lang.to_owned())).or_default().insert(header);
            trailers.insert(trailer);
        }
        assert!(headers.values().all(|h| h.len() == 1), "the same header for all: {headers:?}");
        assert!(trailers.len() > 2, "reply, telephone, deputies: {trailers:?}");
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
    let no = t.ehr_down("major");
    assert_eq!(
        t.text(no, 1, SV),
        "LARM STABSLÄGE FS HS: Journalen ligger nere. Gör nu: Pappersjournal. Läs i läskopian. Gäller: sjukhusen. \
         Sedan: 09.45. Åter i drift: okänt, ny prognos 10.45. Nästa besked: 10.45. Kontakt: 0980-319 206."
    );
    assert_eq!(
        t.text(no, 1, EN),
        "ALERT STAFF MODE FS HS: Records system is down. Do now: Paper records. Use the read-only copy. Affects: the \
         hospitals. Since: 09.45. Expected back: unknown, new forecast 10.45. Next update: 10.45. Contact: 0980-319 206."
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
            &pages(&out, Some("Svara JA Ö-1"), &rules).map_or_else(|_| pages(&out, None, &rules).unwrap(), |p| p)[0];
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
        ("ÄNDRAT LÄGE FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS", "MODE CHANGED REINFORCED MODE FS, STAFF MODE HS"),
        (
            "ÅTER I DRIFT (data kontrolleras) FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS",
            "RUNNING AGAIN (data being checked) REINFORCED MODE FS, STAFF MODE HS",
        ),
        ("FARAN ÖVER FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS", "ALL CLEAR REINFORCED MODE FS, STAFF MODE HS"),
    ];
    assert_eq!(firsts, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn rule_a4_weekday_and_date_stand_in_since_when_it_is_not_today() {
    let mut t = Timeline::by_day();
    let since = Some(at("2008-12-17T23:05:00+01:00"));
    let no = t.report("it", Report { since, ..ehr_down("outage") });
    assert!(t.text(no, 1, SV).contains("Sedan: ons 17/12 23.05."), "{}", t.text(no, 1, SV));
    assert!(t.text(no, 1, EN).contains("Since: Wed 17/12 23.05."));
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
    assert!(t.inc(no).tasks.is_empty());
}

#[test]
fn rule_a5_a_text_no_path_can_carry_drops_out_for_that_function_only() {
    let mut t = Timeline::by_day();
    let no = t.report("it", with_ls(Some("Röntgen är nere")));
    assert_eq!(t.got("ward-ls", Kind::Alert).len(), 0, "never respelled, never cut");
    assert_eq!(t.got("icu", Kind::Alert).len(), 2, "the release is not blocked");
    let desk = t.plan().fx("desk").unwrap();
    let ward = t.plan().fx("ward-ls").unwrap();
    let [task] = &t.inc(no).tasks[..] else { panic!("{:?}", t.inc(no).tasks) };
    assert_eq!(
        (task.owner, &task.functions[..], task.message, task.why.as_str()),
        (desk, &[ward][..], 1, "has no “Ä”")
    );
    let read = t.notes_to("desk", NoteWord::ReadOut);
    assert_eq!(read.len(), 1);
    assert!(read[0].whole.contains("number=1-1; functions=ward-ls-sv; why=has no “Ä”"), "{}", read[0].whole);
    t.act("desk", Action::TaskDone { incident: no, task: 0 }).unwrap();
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
    assert!(t.inc(no).tasks.is_empty(), "ed has its SMS");
}

#[test]
fn rule_a5_when_every_path_fails_people_walk() {
    let mut t = Timeline::by_day();
    t.gateways_say = Some(DeliveryState::Failed);
    let no = t.report("it", Report { safety: Safety::Yes, ..ehr_down("major") });
    let icu: Vec<&str> = t.got("icu", Kind::Alert).iter().map(|s| s.gateway.as_str()).collect();
    assert_eq!(icu, ["sms", "fax", "modem"], "each gateway of the channel was tried");
    let f = t.plan().fx("icu").unwrap();
    assert_eq!(t.inc(no).tasks.iter().filter(|k| k.functions.contains(&f)).count(), 1);
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
    let listed: Vec<char> = costly(&typed, Alphabet::Gsm7).iter().map(|c| c.char).collect();
    assert_eq!(listed, ['–', '“', '”', '…']);
    assert!(costly(&typed, Alphabet::Gsm7).iter().all(|c| c.replacement.is_some()), "each has an offer");
    assert!(cost(&replaced(&typed, Alphabet::Gsm7)) < cost(&typed));
    approve_all(&mut t, no);
    assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains("“helt” …")));
    // What nobody can see is refused, not removed.
    let other = t.report("it", Report { shared: IfShared::Separate, ..ehr_down("major") });
    let texts = BTreeMap::from([(SV, "LARM\u{200b} x".to_owned())]);
    let refused = t.act("kib", Action::Change { number: exact(other, 1), texts }).unwrap_err();
    assert_eq!(refused.code, "bad-text");
    assert!(refused.why.contains("U+200B"), "{refused}");
}

/// A region whose ED reads English, then Swedish.
fn ed_reads_english() -> Timeline {
    let mut b = region::plan();
    let ed = b.fx("ed");
    for p in b.plan.function(ed).points.clone() {
        b.plan.points[p.ix()].languages = vec![EN, SV];
    }
    Timeline::starting("2008-12-18T09:45:00+01:00", b.plan)
}

#[test]
fn rule_a7_each_function_gets_its_language() {
    let mut t = ed_reads_english();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    assert!(t.got("ed", Kind::Alert).iter().all(|s| s.whole.contains(&t.text(no, 1, EN))));
    assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains(&t.text(no, 1, SV))));
}

#[test]
fn rule_a7_unreviewed_text_is_not_released_the_holding_text_of_that_language_goes() {
    let mut t = ed_reads_english();
    t.gateways_say = Some(DeliveryState::Delivered);
    let no = t.ehr_down("major");
    let english = t.text(no, 1, EN);
    let typed = t.text(no, 1, SV).replace("sjukhusen", "alla sjukhus");
    t.act("kib", Action::Change { number: exact(no, 1), texts: BTreeMap::from([(SV, typed.clone())]) }).unwrap();
    let seq = t.waiting(no, "ed").unwrap().0.message;
    let m = t.inc(no).message(seq).unwrap();
    assert!(m.texts[&SV].reviewed && !m.texts[&EN].reviewed);
    approve_all(&mut t, no);
    assert!(t.got("icu", Kind::Alert).iter().all(|s| s.whole.contains(&typed)));
    let ed = t.messages_to("ed");
    assert!(!ed.is_empty() && ed.iter().all(|s| s.kind == Some(Kind::Holding)), "{ed:?}");
    assert!(ed[0].whole.contains("We are investigating a disturbance. Next update 10.45."), "{}", ed[0].whole);
    // Neither a reminder nor an escalation lets it out.
    t.advance(3 * 3600);
    assert!(t.messages_to("ed").iter().filter(|s| s.message == Some(seq)).all(|s| !s.whole.contains(&english)));
    let out: Vec<&Sent> = t.sent.iter().filter(|s| s.message == Some(seq) && s.whole.contains(&english)).collect();
    assert!(out.is_empty(), "{out:?}");
}

#[test]
fn rule_a7_a_deputy_in_an_unreviewed_language_gets_the_holding_text() {
    // cl-fs answers for ed when ed is silent, and reads English only.
    let mut b = region::plan();
    let deputy = b.fx("cl-fs");
    for p in b.plan.function(deputy).points.clone() {
        b.plan.points[p.ix()].languages = vec![EN];
    }
    let tech = b.fx("ed");
    for p in b.plan.function(tech).points.clone() {
        b.plan.points[p.ix()].languages = vec![EN];
    }
    let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    book.levels[2].notify[0].deputies = Some(vardkase::domain::plan::DeputyRule::After);
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    let no = t.ehr_down("major");
    let typed = t.text(no, 1, SV).replace("sjukhusen", "alla sjukhus");
    t.act("kib", Action::Change { number: exact(no, 1), texts: BTreeMap::from([(SV, typed)]) }).unwrap();
    let seq = t.waiting(no, "ed").unwrap().0.message;
    approve_all(&mut t, no);
    t.advance(400);
    let got = t.messages_to("cl-fs");
    assert!(!got.is_empty(), "nobody is forgotten for a language's sake");
    assert!(got.iter().all(|s| s.message != Some(seq) && s.kind == Some(Kind::Holding)), "{got:?}");
}

#[test]
fn rule_a7_what_was_reviewed_goes_out() {
    let mut t = ed_reads_english();
    let no = t.ehr_down("major");
    let typed = t.text(no, 1, SV).replace("sjukhusen", "alla sjukhus");
    t.act("kib", Action::Change { number: exact(no, 1), texts: BTreeMap::from([(SV, typed)]) }).unwrap();
    let seq = t.waiting(no, "ed").unwrap().0.message;
    let refused = t.act("lab", Action::Reviewed { number: exact(no, seq), lang: EN }).unwrap_err();
    assert_eq!((refused.code, refused.help.as_str()), ("not-yours", "asked: kib"));
    t.act("kib", Action::Reviewed { number: exact(no, seq), lang: EN }).unwrap();
    approve_all(&mut t, no);
    assert!(t.got("ed", Kind::Alert).iter().all(|s| s.whole.contains(&t.text(no, seq, EN))));
    assert_eq!(t.got("ed", Kind::Holding).len(), 0);
}

/// Major at FS with icu told at once, ed silent so that cl-fs was asked for it, town and the page told.
fn everybody_told() -> (Timeline, IncidentNo) {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { safety: Safety::Yes, ..ehr_down("major") });
    approve_all(&mut t, no);
    t.advance(600);
    (t, no)
}

#[test]
fn rule_a8_a_correction_goes_to_everybody_who_was_ever_attempted() {
    let (mut t, no) = everybody_told();
    assert!(!t.messages_to("cl-fs").is_empty(), "a deputy was attempted");
    let told: BTreeSet<String> =
        t.sent.iter().filter(|s| s.message.is_some()).flat_map(|s| s.to.iter().cloned()).collect();
    t.clear();
    t.act("it-led", Action::Correct { number: exact(no, 1), news: said("Bara labbet är nere") }).unwrap();
    let is = |k: Kind| matches!(k, Kind::Correction { .. });
    let corrected: BTreeSet<String> =
        t.sent.iter().filter(|s| s.kind.is_some_and(is)).flat_map(|s| s.to.iter().cloned()).collect();
    let mut internal = told.clone();
    internal.remove("town");
    assert_eq!(corrected, internal, "an internal correction needs no approval");
    let seq = newest_of(&t, no, Audience::Internal, is);
    assert!(t.text(no, seq, SV).starts_with("RÄTTELSE av 1-1 "), "{}", t.text(no, seq, SV));
    // Outside groups and the public are corrected too, each of the number that it got, after approval.
    let outside = newest_of(&t, no, Audience::Outside, is);
    assert!(t.text(no, outside, SV).starts_with("RÄTTELSE av 1-3 "));
    let public = newest_of(&t, no, Audience::Public, is);
    assert!(t.text(no, public, SV).starts_with("RÄTTELSE av 1-2 "));
    assert!(t.inc(no).message(public).unwrap().released_at.is_none());
    approve_all(&mut t, no);
    assert_eq!(t.messages_to("town").len(), 1);
    assert!(t.inc(no).message(public).unwrap().released_at.is_some());
}

#[test]
fn rule_a8_running_again_and_all_clear_go_to_everybody() {
    let (mut t, no) = everybody_told();
    let told: BTreeSet<String> =
        t.sent.iter().filter(|s| s.message.is_some()).flat_map(|s| s.to.iter().cloned()).collect();
    t.clear();
    t.act("it-led", Action::Restored { incident: no, news: News::default() }).unwrap();
    approve_all(&mut t, no);
    t.act("owner", Action::DataComplete { incident: no }).unwrap();
    t.act("it-led", Action::AllClear { incident: no, override_reason: None }).unwrap();
    approve_all(&mut t, no);
    for kind in [Kind::Restored, Kind::AllClear] {
        let got: BTreeSet<String> =
            t.sent.iter().filter(|s| s.kind == Some(kind)).flat_map(|s| s.to.iter().cloned()).collect();
        assert!(got.is_superset(&told), "{kind:?}: {:?} missing", told.difference(&got));
        let public = newest_of(&t, no, Audience::Public, |k| k == kind);
        assert!(t.inc(no).message(public).unwrap().released_at.is_some());
    }
    assert!(t.got("town", Kind::AllClear).iter().all(|s| around(&t, s).1.is_empty()));
}

#[test]
fn rule_a8_a_deputy_of_an_outside_group_never_gets_the_internal_text() {
    let mut b = region::plan();
    b.deputies("town", &["press"]);
    let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    book.levels[2].notify[2].answer = Some(vardkase::domain::plan::AnswerRule::Required);
    b.plan.region.last_resort.clear();
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.advance(2000);
    assert!(!t.messages_to("press").is_empty(), "asked for the silent town");
    t.act("it-led", Action::Correct { number: exact(no, 1), news: said("Bara labbet är nere") }).unwrap();
    approve_all(&mut t, no);
    for s in t.messages_to("press") {
        assert_eq!(t.inc(no).message(s.message.unwrap()).unwrap().audience, Audience::Outside, "{s:?}");
    }
    assert!(
        t.messages_to("press").iter().any(|s| matches!(s.kind, Some(Kind::Correction { .. }))),
        "but it is corrected"
    );
}

#[test]
fn rule_a9_every_raise_and_lowering_is_told_without_approval() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let addressed: BTreeSet<String> =
        t.sent.iter().filter(|s| s.message.is_some()).flat_map(|s| s.to.iter().cloned()).collect();
    t.clear();
    t.act("tib", Action::Decide { incident: no, proposal: None, yes: true, reason: "".into() }).unwrap();
    let got = |t: &Timeline| -> BTreeSet<String> {
        t.sent.iter().filter(|s| s.kind == Some(Kind::Mode)).flat_map(|s| s.to.iter().cloned()).collect()
    };
    let mut expected = addressed.clone();
    expected.insert("press".into());
    assert_eq!(got(&t), expected, "those who are addressed, and press, whom readiness names for that mode");
    let seq = newest_of(&t, no, Audience::Internal, |k| k == Kind::Mode);
    assert!(t.text(no, seq, SV).starts_with("ÄNDRAT LÄGE FÖRSTÄRKNINGSLÄGE FS HS: Journalen ligger nere."));
    // Waiting drafts are rendered anew.
    let (entry, _) = t.waiting(no, "icu").unwrap();
    assert!(t.text(no, entry.message, SV).starts_with("LARM FÖRSTÄRKNINGSLÄGE FS HS:"));
    let (public, _) = t.waiting(no, "public").unwrap();
    assert!(t.text(no, public.message, SV).starts_with("LARM FÖRSTÄRKNINGSLÄGE FS HS:"));
    t.clear();
    t.act("cl", Action::Mode { site: "FS".into(), mode: "normal".into(), reason: "läget är lugnt".into() }).unwrap();
    assert_eq!(got(&t), expected);
    let seq = newest_of(&t, no, Audience::Internal, |k| k == Kind::Mode);
    assert!(
        t.text(no, seq, SV).starts_with("ÄNDRAT LÄGE FÖRSTÄRKNINGSLÄGE HS, NORMALLÄGE FS:"),
        "{}",
        t.text(no, seq, SV)
    );
}

#[test]
fn rule_a9_a_raise_by_level_is_told_too_but_none_before_the_first_release() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("degraded");
    assert_eq!(t.state.modes.get(&SiteId::from("FS")), None);
    assert_eq!(t.got("it", Kind::Mode).len(), 0, "the alert itself tells the first mode");
    t.act("it-led", Action::Update { incident: no, news: News { level: Some("D2".into()), ..News::default() } })
        .unwrap();
    assert_eq!(t.got("it", Kind::Mode).len(), 2, "over sms and pager");
    let seq = newest_of(&t, no, Audience::Internal, |k| k == Kind::Mode);
    assert!(t.text(no, seq, SV).starts_with("ÄNDRAT LÄGE STABSLÄGE FS HS:"));
}

#[test]
fn rule_a9_drafts_of_another_incident_at_the_site_name_the_new_mode() {
    let mut t = Timeline::by_day();
    let first = t.ehr_down("major");
    let (before, old) = t.waiting(first, "icu").unwrap();
    t.report("it", Report { playbook: "malware".into(), ..ehr_down("outage") });
    t.act("tib", Action::Mode { site: "FS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    let (after, new) = t.waiting(first, "icu").unwrap();
    assert!(after.message > before.message);
    assert!(t.text(first, after.message, SV).starts_with("LARM FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS:"));
    assert_eq!(old.due, new.due);
}

#[test]
fn rule_a9_what_was_lowered_by_decision_is_not_raised_again_by_an_update() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("tib", Action::Mode { site: "FS".into(), mode: "normal".into(), reason: "lugnt".into() }).unwrap();
    t.act("it-led", Action::Update { incident: no, news: said("Fortfarande nere") }).unwrap();
    assert_eq!(t.state.modes[&SiteId::from("FS")].0, 0);
    assert_eq!(t.state.modes[&SiteId::from("HS")].0, 1);
}

#[test]
fn rule_a10_contact_must_be_publishable_and_work() {
    let mut b = region::plan();
    let lab = b.fx("lab");
    b.plan.functions[lab.ix()].phone.as_mut().unwrap().publishable = false;
    let led = b.fx("it-led");
    b.plan.functions[led.ix()].phone.as_mut().unwrap().needs = vec![vec!["hall".into()]];
    let book = b.plan.playbooks.get_mut(&"ehr-down".into()).unwrap();
    book.infra = vec!["hall".into()];
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", b.plan);
    let report = |contact: &str| Report { contact: Some(contact.into()), ..ehr_down("outage") };
    for (contact, code) in [
        ("lab", "contact-not-publishable"),
        ("0980-319 211", "contact-not-publishable"),
        ("070-174 06 05", "unknown-contact"),
        ("it-led", "contact-is-down"),
    ] {
        let refused = t.act("it", Action::Report(report(contact))).unwrap_err();
        assert_eq!(refused.code, code, "{contact}");
        assert!(
            refused.help.starts_with("give a function whose duty phone may be published, such as tib"),
            "{refused:?}"
        );
    }
    assert!(t.state.incidents.is_empty());
    let no = t.report("it", report("desk"));
    assert!(t.text(no, 1, SV).ends_with("Kontakt: 0980-319 213."), "{}", t.text(no, 1, SV));
}

#[test]
fn rule_a10_the_public_text_has_the_number_for_the_public_instead() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let (entry, _) = t.waiting(no, "public").unwrap();
    let text = t.text(no, entry.message, SV);
    assert!(text.ends_with("Ring: 0980-319 200."), "{text}");
    assert!(!text.contains("Kontakt"), "{text}");
    assert!(Canonical::new(&text).is_ok());
    // The all clear too.
    approve_all(&mut t, no);
    t.act("it-led", Action::AllClear { incident: no, override_reason: Some("larmet var prov".into()) }).unwrap();
    let seq = newest_of(&t, no, Audience::Public, |k| k == Kind::AllClear);
    assert!(t.text(no, seq, SV).ends_with("Ring: 0980-319 200."));
}

#[test]
fn rule_a8_followers_of_a_later_update_wait_once() {
    // A second update while the first still waits for KiB: one draft, rendered anew, not two of the same.
    let mut t = Timeline::by_day();
    t.gateways_say = Some(DeliveryState::Delivered);
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.act("it-led", Action::Update { incident: no, news: said("Första") }).unwrap();
    t.advance(60);
    let restore = Some(Restore::At(t.now + 7200));
    t.act("it-led", Action::Update { incident: no, news: News { restore, ..said("Andra") } }).unwrap();
    let icu = t.plan().fx("icu").unwrap();
    let waiting: Vec<&Entry> =
        t.inc(no).entries.iter().filter(|e| matches!(e.state, EntryState::Waiting(_)) && e.to.contains(&icu)).collect();
    assert_eq!(waiting.len(), 1);
    assert!(t.text(no, waiting[0].message, SV).starts_with("UPPDATERING STABSLÄGE FS HS: Andra."));
    let rule = waiting[0].rule.clone().unwrap();
    assert_eq!((rule.within_s, rule.then), (600, Then::Release));
}
