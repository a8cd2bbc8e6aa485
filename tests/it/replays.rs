//! The eight outages of INCIDENTS, replayed against the shipped region, each with several seeds: all that they expect must hold. And that it
//! can fail: each kind of expectation does where it is wrong, a scenario that expects nothing does, and one with mistakes says where.

use std::sync::{Arc, LazyLock};

use vardkase::config::{Loaded, Source, load};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::Plan;
use vardkase::replay::{Outcome, Region, page, read, replay, shipped};
use vardkase::yaml::diagnostics::render_text;

/// Seeds of the gate.
const SEEDS: [u64; 3] = [1, 17, 4711];

static SHIPPED: LazyLock<(Loaded, Arc<Plan>)> = LazyLock::new(|| {
    let loaded = load(&Source::Shipped).expect("the shipped region loads");
    let plan = Arc::new(loaded.plan.clone());
    (loaded, plan)
});

fn region() -> Region<'static> {
    Region { plan: &SHIPPED.1, around: &SHIPPED.0.around }
}

fn outage(letter: &str) -> (String, String) {
    shipped().into_iter().find(|(name, _)| name.starts_with(&format!("{letter}-"))).expect("the outage")
}

fn run(name: &str, text: &str, seed: u64) -> Outcome {
    let scenario = read(name, text, region()).unwrap_or_else(|found| panic!("{}", render_text(&found)));
    replay(&scenario, region(), seed)
}

/// All that a scenario expects holds, and these are among it.
fn holds(letter: &str, named: &[&str]) {
    let (name, text) = outage(letter);
    for seed in SEEDS {
        let outcome = run(&name, &text, seed);
        assert!(outcome.passed, "seed {seed}:\n{}", render_text(&outcome.failures));
        for wanted in named {
            let there = outcome.expectations.iter().any(|e| e.held && e.that.get(Lang::EN).contains(wanted));
            assert!(there, "{name} expects no “{wanted}”");
        }
    }
}

#[test]
fn outage_a_malware() {
    holds(
        "a",
        &[
            "staff mode on 5 January",
            "medical technology and care are told that day, over ways that work",
            "mail and intranet never count",
            "the redirection stands in every text until it is lifted",
            "a conference twice a day for weeks",
            "STOPP works within a minute",
            "the patch task is overdue and visible until it is done",
        ],
    );
}

#[test]
fn outage_b_records() {
    holds(
        "b",
        &[
            "staff mode with the report, though it was only slow",
            "wards within ten minutes",
            "updates on their beat through 25 hours",
            "running again with the warning within a quarter of an hour",
        ],
    );
}

#[test]
fn outage_c_hall() {
    holds(
        "c",
        &[
            "staff mode at 07:00",
            "the mode is asked again after declining",
            "wards are told by something else than the intercoms",
            "the public has the holding text with its number within ten minutes",
            "the return is told in three stages, apart",
        ],
    );
}

#[test]
fn outage_d_images() {
    holds(
        "d",
        &[
            "“running, data incomplete” is a text of its own",
            "the right weekday for care",
            "the right weekday for the public",
            "open for 115 days",
            "days cost no more towards the end",
        ],
    );
}

#[test]
fn outage_e_lost_records() {
    holds(
        "e",
        &["known and unknown stand apart", "the correction is attempted at everybody", "a forecast a day for a month"],
    );
}

#[test]
fn outage_f_five_days() {
    holds("f", &["five days of updates on their beat", "no names, addresses or mobile numbers"]);
}

#[test]
fn outage_g_battery() {
    holds(
        "g",
        &[
            "nothing over hall A or the network counts after the battery",
            "no text orders the read-only copy that is down",
            "01:30 is not “running again”",
        ],
    );
}

#[test]
fn outage_h_personal_data() {
    holds("h", &["nothing public before the lawyer, whatever deadline passes", "four clocks run from the report"]);
}

#[test]
fn there_are_eight_and_each_says_where_its_facts_come_from() {
    let letters: Vec<char> = shipped().iter().filter_map(|(name, _)| name.chars().next()).collect();
    assert_eq!(letters, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    for (name, text) in shipped() {
        let scenario = read(&name, &text, region()).unwrap_or_else(|found| panic!("{}", render_text(&found)));
        assert_eq!(scenario.id, name, "the file has the scenario's name");
        assert!(!scenario.facts.is_empty() && !scenario.unknown.is_empty(), "{name}");
        for said in [&scenario.title, &scenario.about].into_iter().chain(scenario.facts.iter().map(|f| &f.what)) {
            assert!(said.exact(Lang::SV).is_some() && said.exact(Lang::EN).is_some(), "{name}: {said:?}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_and_another_one_another() {
    let (name, text) = outage("c");
    let told = |seed| serde_json::to_string(&run(&name, &text, seed)).unwrap();
    assert_eq!(told(5), told(5));
    assert_ne!(told(5), told(6));
}

/// A day of slow records; what is expected of it comes last.
const BASE: &str = "scenario: base
title: { sv: a, en: a }
sources: { S: a source }
from: 2008-12-18 09:40
until: 2008-12-19 12:00
measure: { owners: [so-vard], wards: [clin] }
people:
  all: { answers: 3m, jitter: 1m }
  kib: { approves: 4m }
  it-led: { does: never }
happens:
  - { at: 2008-12-18 09:40, lost: [journal] }
  - { id: report, at: 2008-12-18 09:45, by: it-bered, report: { playbook: malware, level: major, safety: unknown } }
  - { id: news, at: 2008-12-18 10:30, by: it-bered, update: { next: 2h } }
  - { id: right, at: 2008-12-18 11:00, by: it-bered, correct: { scope: { sv: alla, en: all }, next: 3h } }
  - { id: back, at: 2008-12-18 14:00, by: it-led, restored: { next: 24h } }
";

fn with(expect: &str) -> String {
    format!("{BASE}expect:\n  - {{ that: {{ sv: x, en: x }}, {expect} }}\n")
}

/// Each kind of expectation: one that holds, and one of the same kind that does not.
#[test]
fn every_kind_of_expectation_can_fail() {
    let pairs = [
        ("after: report, within: 1s, mode: staff", "after: report, within: 1s, mode: disaster"),
        ("after: news, until: right, mode: staff", "until: report, mode: staff"),
        ("after: report, within: 10m, told: [clin]", "after: report, within: 1s, told: [clin]"),
        ("after: report, within: 10m, told: [iva], over: [fax]", "after: report, told: [mt-bered], over: [fax]"),
        ("uncounted: [email]", "uncounted: [sms]"),
        ("after: back, uncounted: [web-intra]", "uncounted: [pag-fs]"),
        ("text: { has: [Datavirus] }", "text: { has: [Datavirus, Bildarkivet] }"),
        ("text: { kinds: [update], always: [Datavirus] }", "text: { always: [Datavirus] }"),
        ("text: { to: [iva], never: [Bildarkivet] }", "text: { to: [iva], never: [Datavirus] }"),
        ("text: { to: public, has: ['1177'] }", "text: { to: public, never: ['1177'] }"),
        ("after: report, until: 2008-12-18 13:59, beat: 3h", "after: report, until: back, beat: 30m"),
        ("after: report, within: 10m, public: told", "until: 2008-12-18 09:44, public: told"),
        ("until: 2008-12-18 09:44, public: never", "public: never"),
        ("after: report, until: 2008-12-18 13:59, stage: open", "after: report, stage: open"),
        ("order: [report, restored]", "order: [restored, report]"),
        ("order: [news, back]", "order: [restored, closed]"),
        ("after: news, step: { step: patch, open: true }", "after: news, step: { step: clean, open: true }"),
        ("step: { step: clock, count: 4 }", "step: { step: clock, count: 5 }"),
        (
            "after: report, until: 2008-12-18 12:00, step: { step: early-warning, open: true }",
            "step: { step: patch, late: 1 }",
        ),
        ("after: right, within: 2h, corrected: true", "after: back, corrected: true"),
        ("few: { sms: 400 }", "few: { sms: 3 }"),
    ];
    for (good, bad) in pairs {
        let outcome = run("base.yaml", &with(good), 1);
        assert!(outcome.passed, "{good}:\n{}", render_text(&outcome.failures));
        let outcome = run("base.yaml", &with(bad), 1);
        assert!(!outcome.passed && !outcome.expectations[0].held, "{bad} holds: {}", outcome.expectations[0].seen);
        let said = render_text(&outcome.failures);
        assert!(said.starts_with("base.yaml:18:5: this does not hold: x") && said.contains("help: seen: "), "{said}");
    }
}

/// A no that is never asked again, days that cost more and more, a conference at another time: kinds that need a longer time.
#[test]
fn what_takes_longer_can_fail_too() {
    let fails = |letter: &str, from: &str, to: &str, said: &str| {
        let (name, text) = outage(letter);
        assert!(text.contains(from), "{name} has no {from}");
        let outcome = run(&name, &text.replace(from, to), 1);
        let failures = render_text(&outcome.failures);
        assert!(!outcome.passed && failures.contains(said), "{to}: {failures}");
    };
    fails("c", "asked_again: reinforced", "asked_again: staff", "nobody declined it");
    fails("c", "decides: \"no\", reason: \"behövs inte\"", "decides: \"yes\"", "nobody declined it");
    fails("h", "public: never", "public: told", "the public was never told");
    fails("f", "by: it-led, every: 115m", "by: it-led, every: 150m", "overdue");
    fails(
        "g",
        "update: { known: { sv: \"Delar av journalen går",
        "restored: { known: { sv: \"Delar av journalen går",
        "it was restored",
    );
    fails(
        "b",
        "known: { sv: \"Prover och remissvar kan ha förväxlats",
        "known: { sv: \"Allt är bra. Prover kan",
        "lacks \"förväxlats\"",
    );
    fails(
        "b",
        "history:\n  first_key_function: { earliest: 5m",
        "history:\n  first_key_function: { earliest: 1m",
        "later than in history",
    );
}

#[test]
fn with_dead_gateways_and_silent_people_hardly_anything_holds() {
    let (name, text) = outage("b");
    let dead = "  - { at: 2008-12-18 09:40, lost: [mob-1, mob-2, pag-fs, pag-hs, pag-ls, siptrunk, ext, hall-b] }\n";
    let text = text.replace("happens:\n", &format!("happens:\n{dead}")).replace("answers: 3m", "answers: never");
    let outcome = run(&name, &text, 1);
    let holds: Vec<&str> = outcome.expectations.iter().filter(|e| e.held).map(|e| e.that.get(Lang::EN)).collect();
    for told in ["wards within ten minutes", "the owner within ten minutes", "running again with the warning"] {
        assert!(!holds.iter().any(|h| h.contains(told)), "{told} holds though nothing arrives");
    }
    assert!(outcome.told.iter().all(|t| t.first_min.is_none()), "nobody got anything");
    assert!(outcome.beside.iter().all(|b| b.ours.minutes.is_none() || b.question == "mode"), "{:?}", outcome.beside);
}

#[test]
fn a_scenario_that_expects_nothing_fails() {
    for text in [BASE.to_owned(), format!("{BASE}expect: []\n")] {
        let outcome = run("base.yaml", &text, 1);
        assert!(!outcome.passed);
        assert!(render_text(&outcome.failures).starts_with("base.yaml:1:11: this scenario expects nothing"));
    }
}

/// Mistakes are said with their line and column, and with what was meant.
#[test]
fn mistakes_are_said_by_line() {
    let cases = [
        (
            "at: 2008-12-18 10:30",
            "at: 2008-12-18 09:41",
            "base.yaml:14:21: this comes before what stands above it (line 13: 2008-12-18 09:45)",
        ),
        (
            "at: 2008-12-18 10:30",
            "at: 2008-12-32 10:30",
            "base.yaml:14:21: \"2008-12-32 10:30\" is no moment on the wall",
        ),
        (
            "at: 2008-12-18 10:30",
            "at: 2009-03-29 02:30",
            "base.yaml:14:21: \"2009-03-29 02:30\" is on no clock: that hour is skipped when summer time begins",
        ),
        ("until: 2008-12-19 12:00", "until: 2008-12-18 09:40", "base.yaml:5:8: the end is not after the beginning"),
        ("until: 2008-12-19 12:00", "until: 2010-12-19 12:00", "base.yaml:5:8: this lasts more than 400 days"),
        (
            "lost: [journal]",
            "lost: [jurnal]",
            "base.yaml:12:36: no infrastructure, gateway, system or channel is called \"jurnal\"",
        ),
        ("playbook: malware", "playbook: malwar", "did you mean \"malware\"?"),
        ("level: major", "level: mayor", "did you mean \"major\"?"),
        ("by: it-led,", "by: it-lad,", "did you mean \"it-led\"?"),
        ("wards: [clin]", "wards: [clinic]", "no function or group is called \"clinic\""),
        ("kib: { approves: 4m }", "kib: { approves: 4q }", "is not a span of time"),
        ("id: news", "id: report", "\"report\" stands here twice"),
        ("update: { next: 2h } }", "update: { next: 2h }, all_clear: true }", "several things happen here"),
        (", update: { next: 2h } }", " }", "nothing happens here"),
        ("safety: unknown", "safty: unknown", "there is no key \"safty\" here"),
        ("scenario: base", "scenario: Base case", "a name has small letters, digits and hyphens"),
        ("{ sv: alla, en: all }", "{ sv: 19121212-1212, en: all }", "this looks like a person's number"),
    ];
    let text = with("after: report, within: 1s, mode: staff");
    for (from, to, said) in cases {
        assert!(text.contains(from), "{from}");
        let Err(found) = read("base.yaml", &text.replacen(from, to, 1), region()) else { panic!("{to} is taken") };
        let shown = render_text(&found);
        assert!(shown.contains(said), "{to}:\n{shown}");
        let placed = shown
            .lines()
            .any(|l| l.starts_with("base.yaml:") && l.split(':').take(3).skip(1).all(|n| n.parse::<u32>().is_ok()));
        assert!(placed, "{to}: no line and column:\n{shown}");
    }
    for (bad, said) in [
        ("after: nothing, mode: staff", "nothing happens under the name \"nothing\""),
        ("mode: staff, stage: open", "several things are expected here"),
        ("within: 1m", "nothing is expected here"),
        ("mode: stuff", "no mode is called \"stuff\""),
        ("told: [clin], over: [smoke]", "no channel is called \"smoke\""),
        ("text: { kinds: [alarm], has: [x] }", "no kind of text is called \"alarm\""),
        ("text: { to: public }", "nothing is expected of these texts"),
        ("stage: over", "is not open, restored or closed"),
        ("public: maybe", "is not told or never"),
        ("step: { step: patsh, open: true }", "did you mean \"patch\"?"),
        ("step: { step: patch }", "nothing is expected of this step"),
        ("step: { step: patch, ended: gone }", "is not done, stopped or over"),
        ("after: back, until: report, stage: open", "it ends before it begins"),
    ] {
        let Err(found) = read("base.yaml", &with(bad), region()) else { panic!("{bad} is taken") };
        assert!(render_text(&found).contains(said), "{bad}:\n{}", render_text(&found));
    }
}

#[test]
fn what_is_refused_is_said_where_it_stands() {
    let text = with("after: report, within: 1s, mode: staff").replace("by: it-led, restored", "by: iva, restored");
    let outcome = run("base.yaml", &text, 1);
    let said = render_text(&outcome.failures);
    assert!(said.starts_with("base.yaml:16:5: at 2008-12-18 14:00 this is refused:"), "{said}");
}

#[test]
fn the_page_says_it_all_in_both_languages() {
    let (name, text) = outage("b");
    let outcome = run(&name, &text, 1);
    for (lang, words) in [
        (
            Lang::SV,
            [
                "Historien bredvid vår",
                "Tidslinje",
                "Vad varje jour fick",
                "den åttonde på listan svarade",
                "mellan 5 och 34 min",
                "<html lang=\"sv\">",
            ],
        ),
        (
            Lang::EN,
            [
                "History beside ours",
                "Timeline",
                "What each duty got",
                "the eighth on the list answered",
                "between 5 and 34 min",
                "<html lang=\"en\">",
            ],
        ),
    ] {
        let page = page(&outcome, &SHIPPED.1, lang).unwrap();
        for word in words {
            assert!(page.contains(word), "{lang}: {word}");
        }
        assert!(!page.contains("<script") && page.contains("<svg") && page.contains("role=\"img\""));
        // What holds is said in a word, not by a colour.
        assert_eq!(page.matches("<li class=\"well\"><b>✓").count(), outcome.expectations.len());
    }
}

/// What the documents show is read, and holds.
#[test]
fn the_scenario_in_the_documents_holds() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operate/replay.md")).unwrap();
    let text = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a scenario");
    let outcome = run("replay.md", text, 1);
    assert!(outcome.passed, "{}", render_text(&outcome.failures));
}

/// The table in the documents is what the replays give. `UPDATE_DOCS=1` writes it anew.
#[test]
fn the_table_in_the_documents_is_what_the_replays_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operate/replay.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- replays -->\n", "<!-- end of replays -->\n");
    let (head, rest) = page.split_once(begin).expect("where the table begins");
    let (before, tail) = rest.split_once(end).expect("where it ends");
    let mut table = String::from(
        "| outage | | first key function | owners | all wards | public | mode | running again told |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (name, text) in shipped() {
        let outcome = run(&name, &text, 1);
        let title = outcome.title.get(Lang::EN).to_owned();
        let history: Vec<String> = outcome.beside.iter().map(|b| in_short(b.history.as_ref())).collect();
        let ours: Vec<String> =
            outcome.beside.iter().map(|b| b.ours.minutes.map_or("–".into(), |m| format!("{m:.1}"))).collect();
        table.push_str(&format!(
            "| {title} | history | {} |\n| | ours | {} |\n",
            history.join(" | "),
            ours.join(" | ")
        ));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{head}{begin}{table}{end}{tail}")).unwrap();
        return;
    }
    assert_eq!(before, table, "UPDATE_DOCS=1 cargo test --test it replays:: writes it anew");
}

fn in_short(history: Option<&vardkase::replay::Told>) -> String {
    let Some(h) = history else { return "unknown".into() };
    match (h.earliest_min, h.latest_min) {
        _ if h.never => "never".into(),
        (Some(a), Some(b)) if a < b => format!("{a:.0}–{b:.0}"),
        (Some(a), _) | (None, Some(a)) => format!("{a:.0}"),
        (None, None) => "no number".into(),
    }
}
