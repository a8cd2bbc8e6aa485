//! What a text says depends on how far it is, and on who reads it (RULES A11 to A14, D10).

use super::*;
use crate::rules::c_answers::{DAY, region_with, share_sms};
use vardkase::domain::plan::PublicRule;
use vardkase::domain::public_view::{PublicState, public_view};

fn newest(t: &Timeline, no: IncidentNo, audience: Audience, lang: Lang) -> String {
    let m = t.inc(no).messages.iter().rev().find(|m| m.audience == audience && m.released_at.is_some()).unwrap();
    m.texts[&lang].text.as_str().to_owned()
}

fn restored(no: IncidentNo) -> Action {
    Action::Restored { incident: no, news: News::default() }
}

fn all_clear(t: &mut Timeline, no: IncidentNo) {
    t.act("owner", Action::DataComplete { incident: no }).unwrap();
    t.act("it-led", Action::AllClear { incident: no, override_reason: None }).unwrap();
}

fn mode(site: &str, mode: &str) -> Action {
    Action::Mode { site: site.into(), mode: mode.into(), reason: "läget".into() }
}

/// What a page shows of one incident, in Swedish.
fn on_page(t: &Timeline) -> Vec<String> {
    let view = public_view(&t.state, t.now);
    view.messages.iter().filter_map(|m| m.text.get(&SV).cloned()).collect()
}

#[test]
fn rule_a11_an_update_says_its_news_first_and_what_changed_when_nothing_was_typed() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    let known = Some(L10n::of([(SV, "Felet är hittat")]));
    t.act("it-led", Action::Update { incident: no, news: News { known, ..News::default() } }).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(said.starts_with("UPPDATERING STABSLÄGE FS HS: Felet är hittat. Journalen ligger nere. Gör nu:"), "{said}");
    let english = newest(&t, no, Audience::Internal, EN);
    assert!(english.starts_with("UPDATE STAFF MODE FS HS: Records system is down."), "no Swedish in it: {english}");
    let back = Some(Restore::At(t.now + 7200));
    t.act("it-led", Action::Update { incident: no, news: News { restore: back, ..News::default() } }).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(said.contains(": Åter i drift: 11.45, förut okänt. Journalen ligger nere."), "{said}");
    assert!(!said.contains("Felet är hittat"), "news is told once: {said}");
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(said.contains(": Inget nytt. Journalen ligger nere."), "{said}");
}

#[test]
fn rule_a11_a_correction_says_what_was_wrong_and_only_that() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    let news = News { scope: Some(L10n::of([(SV, "bara labbet"), (EN, "the laboratory only")])), ..News::default() };
    t.act("it-led", Action::Correct { number: exact(no, 1), news }).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(
        said.starts_with("RÄTTELSE av 1-1 STABSLÄGE FS HS: Rätt: bara labbet. Fel: sjukhusen. Journalen"),
        "{said}"
    );
    assert!(!said.contains("Gäller:") && !said.contains("Sedan:"), "what is right stands once: {said}");
}

/// INCIDENTS B: that samples may be mixed up was told seven hours after the return. What is typed with it stands in it, and nothing
/// else does: that it runs again is news enough.
#[test]
fn rule_a11_running_again_says_what_was_typed_with_it() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.advance(600);
    let known = Some(L10n::of([(SV, "Prover kan ha förväxlats"), (EN, "Samples may be mixed up")]));
    t.act("it-led", Action::Restored { incident: no, news: News { known, ..News::default() } }).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(
        said.contains(": Journalen fungerar igen sedan 09.55. Prover kan ha förväxlats. Fortsätt på papper"),
        "{said}"
    );
    let said = newest(&t, no, Audience::Internal, EN);
    assert!(said.contains("Samples may be mixed up. "), "{said}");
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.advance(600);
    let back = Some(Restore::At(t.now + 7200));
    t.act("it-led", Action::Restored { incident: no, news: News { restore: back, ..News::default() } }).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(said.contains(": Journalen fungerar igen sedan 09.55. Fortsätt på papper"), "{said}");
}

#[test]
fn rule_a11_after_running_again_nothing_is_told_in_the_present_that_has_ended() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("tib", mode("FS", "reinforced")).unwrap();
    let raised = newest(&t, no, Audience::Internal, SV);
    assert!(raised.contains(": Journalen ligger nere. Så är FÖRSTÄRKNINGSLÄGE. Gör nu:"), "{raised}");
    assert!(!raised.contains("Sedan:"), "{raised}");
    t.advance(600);
    t.act("it-led", restored(no)).unwrap();
    let said = newest(&t, no, Audience::Internal, SV);
    assert!(
        said.contains(": Journalen fungerar igen sedan 09.55. Fortsätt på papper tills FARAN ÖVER. Gäller:"),
        "{said}"
    );
    t.act("tib", mode("FS", "staff")).unwrap();
    let lowered = newest(&t, no, Audience::Internal, SV);
    assert!(
        lowered.starts_with("NU STABSLÄGE FS HS: FÖRSTÄRKNINGSLÄGE upphörde 09.55. Journalen fungerar igen."),
        "{lowered}"
    );
    all_clear(&mut t, no);
    let over = newest(&t, no, Audience::Internal, SV);
    assert!(
        over.contains(
            ": Journalen fungerar som vanligt sedan 09.55. För in pappersanteckningar. STABSLÄGE FS HS kvarstår"
        ),
        "{over}"
    );
    t.act("tib", mode("FS", "normal")).unwrap();
    let normal = newest(&t, no, Audience::Internal, SV);
    assert!(
        normal.contains(": STABSLÄGE upphörde 09.55. Journalen fungerar som vanligt. Så är NORMALLÄGE."),
        "{normal}"
    );
    for said in [said, lowered, over, normal] {
        for gone in ["ligger nere", "Gör nu", "Åter i drift:"] {
            assert!(!said.contains(gone), "{gone}: {said}");
        }
    }
}

#[test]
fn rule_a11_a_mode_that_was_lowered_asks_for_no_answer() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.act("tib", mode("FS", "reinforced")).unwrap();
    t.reply("it-led", Channel::Sms, "JA 1");
    t.act("tib", mode("FS", "staff")).unwrap();
    let seq = t.inc(no).messages.iter().rev().find(|m| m.kind == Kind::Mode).unwrap().seq;
    assert!(t.sent.iter().filter(|s| s.message == Some(seq)).all(|s| !s.whole.contains("Svara")));
}

#[test]
fn rule_a11_a_stop_says_false_alarm_only_where_who_stops_it_does() {
    for false_alarm in [false, true] {
        let mut t = Timeline::by_day();
        let no = t.ehr_down("outage");
        t.act("it-led", Action::Stop { incident: no, message: None, false_alarm, reason: "prov gick ut".into() })
            .unwrap();
        let said = newest(&t, no, Audience::Internal, SV);
        if false_alarm {
            assert!(
                said.contains(": Falskt larm 09.45. Journalen fungerar som vanligt. Avbryt reservrutinen."),
                "{said}"
            );
        } else {
            assert!(said.contains(": 1-1 gäller inte. Skäl: prov gick ut."), "{said}");
            assert!(!said.contains("som vanligt") && !said.contains("ligger nere"), "nobody says how it is: {said}");
        }
        assert!(said.contains("Skäl: prov gick ut."), "{said}");
    }
}

#[test]
fn rule_a11_a_false_alarm_tells_those_outside_of_no_routine_that_they_never_got() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { safety: Safety::Yes, ..ehr_down("major") });
    approve_all(&mut t, no);
    let stop = Action::Stop { incident: no, message: None, false_alarm: true, reason: "prov gick ut".into() };
    t.act("it-led", stop).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Outside, SV);
    assert!(said.contains(": Falskt larm 09.45. Journalen fungerar som vanligt. "), "{said}");
    assert!(
        !said.contains("reservrutin") && !said.contains("prov gick ut"),
        "what was typed inside stays there: {said}"
    );
    assert!(newest(&t, no, Audience::Internal, SV).contains("Avbryt reservrutinen."));
    let english = newest(&t, no, Audience::Outside, EN);
    assert!(english.contains("False alarm 09:45.") && !english.contains("fallback"), "{english}");
}

#[test]
fn rule_a12_the_public_reads_a_grammar_of_its_own() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    assert_eq!(
        newest(&t, no, Audience::Public, SV),
        "Vårdens journalsystem fungerar inte. Det gäller sjukhusen sedan klockan 09.45. Vård kan ta längre tid. Kom till din \
         bokade tid. Akuten är öppen. Vi vet inte när det är löst. Nästa besked kommer klockan 10.45. Vid fara för liv: ring \
         112. För råd om vård: ring 0980-319 200. Avsändare: Region Små."
    );
    let known = Some(L10n::of([(SV, "Diskarna i hallen är trasiga")]));
    t.act("it-led", Action::Update { incident: no, news: News { known, ..News::default() } }).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(!said.contains("Diskarna"), "what is known inside stays inside: {said}");
    t.act("it-led", restored(no)).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(
        said.starts_with("Vårdens journalsystem fungerar igen sedan klockan 09.45. Vissa svar kan dröja. Nästa"),
        "{said}"
    );
}

fn told_to_the_public<const N: usize>(said: [(Lang, &str); N]) -> News {
    News { public_news: Some(L10n::of(said)), ..News::default() }
}

#[test]
fn rule_a12_news_for_the_public_is_typed_for_it_and_told_once() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.advance(900);
    let news = told_to_the_public([(SV, "Vårdcentralerna tar prover igen.")]);
    t.act("it-led", Action::Update { incident: no, news }).unwrap();
    // It waits for its approver, and more comes: nothing of it is lost.
    t.advance(60);
    let news = told_to_the_public([(SV, "Apoteken ser recepten igen")]);
    t.act("it-led", Action::Update { incident: no, news }).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(
        said.starts_with(
            "Vårdens journalsystem fungerar inte. Nytt klockan 10.00: Vårdcentralerna tar prover igen. Nytt klockan 10.01: \
             Apoteken ser recepten igen. Det gäller sjukhusen sedan klockan 09.45."
        ),
        "{said}"
    );
    let english = newest(&t, no, Audience::Public, EN);
    assert!(!english.contains("New at") && !english.contains("prover"), "what was typed in one language: {english}");
    let internal = newest(&t, no, Audience::Internal, SV);
    assert!(!internal.contains("Apoteken"), "it was typed for the public: {internal}");
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(!said.contains("Nytt klockan"), "it is told once: {said}");
    let number = exact(no, newest_of(&t, no, Audience::Public, |k| k == Kind::Update));
    let news = told_to_the_public([(SV, "Labbet i Havsby har stängt")]);
    t.act("it-led", Action::Correct { number, news }).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(
        said.starts_with("Vi rättar vårt besked från klockan 10.01. Labbet i Havsby har stängt. Vårdens journalsystem"),
        "{said}"
    );
    // A text that is stopped does not say it again, and what was typed by mistake is taken back before anybody reads it.
    t.act("it-led", Action::Update { incident: no, news: told_to_the_public([(SV, "Bussarna går")]) }).unwrap();
    approve_all(&mut t, no);
    let seq = newest_of(&t, no, Audience::Public, |k| k == Kind::Update);
    t.act("it-led", Action::Stop { incident: no, message: Some(seq), false_alarm: false, reason: "fel".into() })
        .unwrap();
    t.act("it-led", Action::Update { incident: no, news: told_to_the_public([(SV, "Fel ord")]) }).unwrap();
    let taken_back = News { public_news: Some(L10n::default()), ..News::default() };
    t.act("it-led", Action::Update { incident: no, news: taken_back }).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(!said.contains("Bussarna") && !said.contains("Fel ord"), "{said}");
}

#[test]
fn rule_a12_whoever_approves_ticks_what_the_text_says_works() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let seq = newest_waiting(&t, no, Audience::Public);
    let fingerprint = t.inc(no).message(seq).unwrap().texts[&SV].fingerprint;
    let approve = |works| Action::Approve { number: exact(no, seq), fingerprint, entry: None, works };
    let refused = t.act("kib", approve(false)).unwrap_err();
    assert_eq!(refused.code, "works-not-ticked");
    assert!(refused.to_string().contains("Akuten är öppen."), "{refused}");
    t.act("kib", approve(true)).unwrap();
    // However it is spaced where an approver types it, it is what the text says.
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    let seq = newest_waiting(&t, no, Audience::Public);
    let spaced = |l| (l, t.text(no, seq, l).replace("Akuten är", "Akuten  \u{a0}är").replace("are open", "are\n open"));
    let texts = [SV, EN].into_iter().map(spaced).collect();
    t.act("kib", Action::Change { number: exact(no, seq), texts }).unwrap();
    let seq = newest_waiting(&t, no, Audience::Public);
    let fingerprint = t.inc(no).message(seq).unwrap().texts[&SV].fingerprint;
    let approve = Action::Approve { number: exact(no, seq), fingerprint, entry: None, works: false };
    assert_eq!(t.act("kib", approve).unwrap_err().code, "works-not-ticked");
    // A text that does not say it asks for nothing.
    t.act("it-led", Action::Update { incident: no, news: News::default() }).unwrap();
    let seq = newest_waiting(&t, no, Audience::Public);
    let without: BTreeMap<Lang, String> = [SV, EN]
        .iter()
        .map(|l| {
            (*l, t.text(no, seq, *l).replace(" Akuten är öppen.", "").replace(" Emergency departments are open.", ""))
        })
        .collect();
    t.act("kib", Action::Change { number: exact(no, seq), texts: without }).unwrap();
    let seq = newest_waiting(&t, no, Audience::Public);
    let fingerprint = t.inc(no).message(seq).unwrap().texts[&SV].fingerprint;
    t.act("kib", Action::Approve { number: exact(no, seq), fingerprint, entry: None, works: false }).unwrap();
}

#[test]
fn rule_a12_what_works_is_not_said_when_another_incident_hits_it() {
    let mut t = Timeline::by_day();
    t.report("it", Report { playbook: "malware".into(), level: Some("outage".into()), ..Report::default() });
    let no = t.report("it", Report { shared: IfShared::Separate, ..ehr_down("major") });
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(!said.contains("Akuten är öppen"), "{said}");
}

#[test]
fn rule_a13_what_an_approver_wrote_stays_until_it_runs_again() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let seq = newest_waiting(&t, no, Audience::Public);
    let typed = t
        .text(no, seq, SV)
        .replace("Vård kan ta längre tid.", "Labbet har öppet. Ring först.")
        .replace("Vårdens journalsystem fungerar inte.", "Vi har problem med journalerna.");
    let texts = BTreeMap::from([(SV, typed)]);
    t.act("kib", Action::Change { number: exact(no, seq), texts }).unwrap();
    approve_all(&mut t, no);
    let back = Some(Restore::At(t.now + 7200));
    t.act("it-led", Action::Update { incident: no, news: News { restore: back, ..News::default() } }).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(
        said.starts_with("Vi har problem med journalerna. Det gäller sjukhusen sedan klockan 09.45. Labbet har öppet."),
        "{said}"
    );
    assert!(said.contains("Vi räknar med att det är löst klockan 11.45. Nästa besked"), "facts are rendered: {said}");
    assert!(!said.contains("Vi vet inte när"), "what is no longer so is gone: {said}");
    // The other language was not read: it waits as holding text, not as the playbook's words beside another wording.
    let m = t.inc(no).messages.iter().rev().find(|m| m.audience == Audience::Public).unwrap();
    assert!(m.texts[&SV].reviewed && !m.texts[&EN].reviewed);
    t.act("it-led", restored(no)).unwrap();
    approve_all(&mut t, no);
    let said = newest(&t, no, Audience::Public, SV);
    assert!(!said.contains("Labbet") && said.starts_with("Vårdens journalsystem fungerar igen"), "{said}");
}

#[test]
fn rule_a13_a_request_names_times_in_own_words_that_hold_no_longer() {
    let mut t = Timeline::by_day();
    let no = t.report("it", Report { restore: Some(Restore::At(t.now + 7200)), ..ehr_down("major") });
    let seq = newest_waiting(&t, no, Audience::Public);
    let typed = t.text(no, seq, SV).replace("Vård kan ta längre tid.", "Labbet öppnar klockan 11.45. Ring först.");
    t.act("kib", Action::Change { number: exact(no, seq), texts: BTreeMap::from([(SV, typed)]) }).unwrap();
    approve_all(&mut t, no);
    t.clear();
    let back = Some(Restore::At(t.now + 3 * 3600));
    t.act("it-led", Action::Update { incident: no, news: News { restore: back, ..News::default() } }).unwrap();
    let said = &t.notes_to("kib", NoteWord::ApprovalWanted)[0].whole;
    assert!(said.contains("OBS: 11.45 i texten gäller inte längre."), "{said}");
    assert!(!said.contains("OBS: 12.45"), "what holds is not named: {said}");
}

#[test]
fn rule_a14_a_note_that_asks_is_one_page_with_a_number_where_nothing_comes_back() {
    let mut t = Timeline::by_day();
    t.ehr_down("major");
    let asked = t.notes_to("kib", NoteWord::ApprovalWanted);
    assert!(asked.iter().all(|s| s.channel == Channel::Sms) && !asked.is_empty());
    let called = t.notes_to("kib", NoteWord::CallIn);
    assert_eq!(called.iter().map(|s| s.channel).collect::<Vec<_>>(), [Channel::Paging]);
    // What one must know to stop it in time, with the number to call, stays whole.
    assert!(!NoteWord::InterventionNotice.asks_back() && NoteWord::StepWanted.asks_back());
}

#[test]
fn rule_a13_internally_it_replaces_news_and_routines_and_the_rest_is_rendered() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let seq = newest_waiting(&t, no, Audience::Internal);
    let typed =
        t.text(no, seq, SV).replace("Gör nu: Pappersjournal. Läs i läskopian.", "Använd reservdatorn i receptionen.");
    t.act("kib", Action::Change { number: exact(no, seq), texts: BTreeMap::from([(SV, typed)]) }).unwrap();
    t.act("tib", mode("FS", "reinforced")).unwrap();
    let seq = newest_waiting(&t, no, Audience::Internal);
    let said = t.text(no, seq, SV);
    assert!(
        said.contains(
            "FÖRSTÄRKNINGSLÄGE FS, STABSLÄGE HS: Journalen ligger nere. Använd reservdatorn i receptionen. Gäller:"
        ),
        "{said}"
    );
    assert!(!said.contains("Pappersjournal"), "{said}");
}

/// The newest text of an audience that somebody must approve.
fn newest_waiting(t: &Timeline, no: IncidentNo, audience: Audience) -> u32 {
    let waits = |e: &&Entry| e.audience == audience && matches!(e.state, EntryState::Waiting(_));
    t.inc(no).entries.iter().filter(waits).map(|e| e.message).max().expect("nothing waits")
}

#[test]
fn rule_a14_leads_stand_before_the_number_and_the_trailer_asks_only_for_the_answer() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.advance(400);
    let reminded: Vec<_> = t.sent.iter().filter(|s| s.whole.starts_with("PÅMINNELSE 1-1 ")).collect();
    assert!(!reminded.is_empty(), "a reminder says so first");
    assert!(reminded.iter().all(|s| s.whole.ends_with("Svara JA 1") || s.channel != Channel::Sms));
    let deputy: Vec<_> = t.sent.iter().filter(|s| s.whole.starts_with("DU SVARAR NU FÖR: ")).collect();
    assert!(!deputy.is_empty(), "a deputy hears for whom");
    for s in &t.sent {
        let seq = s.message.unwrap_or(0);
        let lead = s.whole.split_once(&format!(" {}-{seq} ", no.n)).map_or("", |(lead, _)| lead);
        assert!(
            !lead.contains("Svara") && lead.to_uppercase().starts_with(lead.split(':').next().unwrap()),
            "{}",
            s.whole
        );
    }
}

#[test]
fn rule_a14_of_many_functions_as_many_as_fit_are_named_and_the_rest_are_counted() {
    let many = ["icu", "ed", "tib", "it", "it-led", "cl", "cl-fs", "desk"];
    let plan = region_with(|b| {
        for f in many {
            let f = b.function_ix(f);
            b.plan.functions[f.ix()].title =
                L10n::same(&[SV, EN], &format!("funktion nummer {} med ett mycket långt namn som tar stor plats", f.0));
        }
        for f in &many[1..] {
            share_sms(b, "icu", f);
        }
    });
    let mut t = Timeline::starting(DAY, plan);
    t.report("it", Report { safety: Safety::Yes, ..ehr_down("major") });
    let first = t.messages_to("icu").into_iter().find(|s| s.channel == Channel::Sms).unwrap().whole.clone();
    let lead = first.split(" 1-1 ").next().unwrap();
    assert!(lead.starts_with("DU SVARAR NU FÖR: funktion nummer"), "{lead}");
    let (names, more) = lead.rsplit_once(" +").unwrap_or_else(|| panic!("all are named: {lead}"));
    let named = names.split(", ").count();
    assert!(named >= 2 && more.parse::<usize>().unwrap() >= 1, "{lead}");
    assert!(first.ends_with("Svara JA 1"), "what asks for the answer is never cut: {first}");
    let parts = first.chars().count().div_ceil(153);
    assert!(parts <= 3, "{parts} SMS: {first}");
}

#[test]
fn rule_a14_a_preview_of_the_page_is_what_the_page_will_show() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    let seq = newest_waiting(&t, no, Audience::Public);
    let texts = BTreeMap::from([(SV, t.text(no, seq, SV).replace("Vård kan", "All vård kan"))]);
    t.act("kib", Action::Change { number: exact(no, seq), texts }).unwrap();
    let seq = newest_waiting(&t, no, Audience::Public);
    let preview = vardkase::domain::view::previews(&t.state, no, seq, t.now).unwrap();
    let shown: BTreeMap<Lang, String> =
        preview.shown.iter().filter(|s| s.channel == Channel::Web).map(|s| (s.lang, s.units.concat())).collect();
    approve_all(&mut t, no);
    let view = public_view(&t.state, t.now);
    assert_eq!(view.messages[0].text, shown, "language by language, what leaves");
}

#[test]
fn rule_d10_the_closing_text_goes_within_the_beat_where_nobody_approved_another() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.act("it-led", restored(no)).unwrap();
    approve_all(&mut t, no);
    all_clear(&mut t, no);
    assert!(on_page(&t)[0].contains("fungerar igen"), "what was approved stands until then");
    t.advance(t.inc(no).plan.region.page_valid_s);
    assert!(on_page(&t)[0].starts_with("Vårdens journalsystem fungerar som vanligt sedan"), "{:?}", on_page(&t));
}

#[test]
fn rule_d10_what_is_never_public_leaves_the_page_alone_modes_included() {
    let mut plan = region::plan().plan;
    for p in plan.playbooks.values_mut() {
        p.public = PublicRule::Never;
    }
    let mut t = Timeline::starting("2008-12-18T09:45:00+01:00", plan);
    t.ehr_down("major");
    let view = public_view(&t.state, t.now);
    assert!(!t.state.modes.is_empty(), "the mode is raised");
    assert_eq!((view.region, view.investigating), (PublicState::Normal, false));
    assert!(view.sites.iter().all(|(_, s)| *s == PublicState::Normal));
}

#[test]
fn rule_d10_a_stop_of_what_was_public_publishes_the_wrong_alarm_text_at_once() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    approve_all(&mut t, no);
    t.advance(60);
    let stop = Action::Stop { incident: no, message: None, false_alarm: true, reason: "prov".into() };
    t.act("it-led", stop).unwrap();
    let [said] = &on_page(&t)[..] else { panic!("{:?}", on_page(&t)) };
    assert!(
        said.starts_with("Vårt besked från klockan 09.45 var fel. Vårdens journalsystem fungerar som vanligt."),
        "{said}"
    );
    assert!(!said.contains("prov"), "why is not for the public: {said}");
}
