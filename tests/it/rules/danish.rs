//! A third language: of the texts by YAML alone (`examples/danish/`), of the public page by a catalogue.

use super::timeline::*;
use vardkase::config::{Source, Statement, load, run_check};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::incident::input::{Action, Report};
use vardkase::domain::incident::values::Kind;
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::Channel;
use vardkase::domain::public_view::public_view;
use vardkase::domain::words::NoteWord;
use vardkase::web::page::{PageFrame, render_public};

fn source() -> Source {
    Source::Dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/danish").into())
}

#[test]
fn the_example_has_no_warning() {
    assert_eq!(run_check(&source(), None, true).text(Lang::EN), "fine\n");
}

#[test]
fn a_danish_region_alerts_is_answered_and_shows_its_page_in_danish() {
    let plan = load(&source()).expect("no errors").plan;
    let da = plan.lang();
    assert_eq!(da.as_str(), "da");
    let statement = Statement { contact: "tilgaengelighed@fjordland.example".into(), ..Statement::default() };
    let frame = PageFrame { plan: &plan, fictional: true, training: false, statement: &statement, public_url: "" };
    let mut t = Timeline::starting("2026-11-18T09:45:00+01:00", plan.clone());
    let page = |t: &Timeline, lang| render_public(&public_view(&t.state, t.now), lang, &frame);
    let calm = page(&t, da);
    for said in [
        "<html lang=\"da\">",
        "Ingen kendte forstyrrelser</h1>",
        "Vi kender ikke til forstyrrelser i sundhedsvæsenet.",
        "Ved livsfare: ring",
        "Opdigtet region / Fictional region",
        "<a href=\"/en\" lang=\"en\" hreflang=\"en\">English</a>",
    ] {
        assert!(calm.contains(said), "{said}: {calm}");
    }
    assert!(page(&t, Lang::EN).contains("hreflang=\"da\">Dansk</a>"));

    let report = Report { playbook: "journal".into(), safety: Safety::No, ..Report::default() };
    let no = t.report("it", report.clone());
    let told = t.got("vagt", Kind::Alert)[0].whole.clone();
    assert!(told.contains("ALARM STABSBEREDSKAB: Journal nede. Gør nu: Journal på papir."), "{told}");
    assert!(told.contains("Gælder: hospitaler") && told.ends_with("Svar JA 1"), "{told}");
    t.reply("vagt", Channel::Sms, "Jeg tager den");
    let thanks = t.notes_to("vagt", NoteWord::YouOwnIt)[0].whole.clone();
    assert!(thanks.contains("Tak. Du leder arbejdet: Journal nede."), "{thanks}");
    assert!(matches!(t.ask(no, "vagt").state, vardkase::domain::incident::ask_list::AskState::Answered { .. }));
    t.advance(700);
    let disturbed = page(&t, da);
    assert!(disturbed.contains("Forstyrrelse i sundhedsvæsenet</h1>"), "{disturbed}");
    assert!(
        disturbed.contains("<h2>Vi undersøger en fejl, der påvirker behandlingen.</h2>"),
        "the holding text: {disturbed}"
    );

    let over = Action::AllClear { incident: no, override_reason: Some("ejeren kan ikke nås".into()) };
    t.act("it", over).unwrap();
    let drill = t.report("it", Report { exercise: true, ..report });
    let drilled = t.messages_to("vagt").last().map(|s| s.whole.clone()).unwrap();
    assert!(drilled.starts_with("ØVELSE Ø-1-1 ") && drilled.ends_with("ØVELSE"), "{drill}: {drilled}");
    t.reply("it", Channel::Sms, "AFBRYD Ø-1");
    let over = t.notes_to("vagt", NoteWord::DrillIsOver)[0].whole.clone();
    assert!(
        over.starts_with("ØVELSE Ø-1 ØVELSEN ER SLUT ") && over.contains(". Arbejd som normalt. Tak. ØVELSE"),
        "{over}"
    );
}
