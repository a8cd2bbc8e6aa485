//! `docs/configure/texts.md` is every text that the shipped playbooks can send, made by the rules themselves: what a reader of this page
//! reads is what a ward would. `UPDATE_DOCS=1` writes it anew.

use std::fmt::Write as _;
use std::sync::Arc;

use vardkase::config::{Source, Spoken, Typed, load, report_of, spoken};
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{Audience, Plan, Playbook};
use vardkase::domain::text::Charset;
use vardkase::domain::text::pages::{PageRules, pages};
use vardkase::domain::text::readable::{grade, lix, words};
use vardkase::domain::text::sms::{SmsLimits, fit};
use vardkase::domain::time::At;

use super::{root, update};

const FILE: &str = "docs/configure/texts.md";
/// A Wednesday by day, Swedish time 09.45.
const NOW: &str = "2026-11-18T09:45:00+01:00";

const HEAD: &str = "# Every text that is shipped

Made by the rules of the program from the shipped playbooks (`UPDATE_DOCS=1 cargo test --test it docs::`), at 09.45 on a weekday, each
at its highest level. Internal texts are shown as one SMS with what stands around them; after the language stand the characters of
the text, how many SMS it takes (in a drill), and how many pages of a pager (in a drill). What the public reads is shown with its
words and LIX or grade. Nobody of a ward or of the public has read them yet: let yours read them before you use them, and let a
lawyer read `privacy` and every clock.
";

fn typed() -> Typed {
    let l = |sv: &str, en: &str| L10n::of([(Lang::SV, sv), (Lang::EN, en)]);
    Typed {
        news: l("Felet är hittat", "The fault is found"),
        public_news: l("Alla vårdcentraler kan ta prover", "All health centres can take samples"),
        scope: Some(l("bara sjukhusen", "hospitals only")),
        reason: "prov gick ut som larm".into(),
    }
}

fn all(plan: &Arc<Plan>, playbook: &Playbook, exercise: bool) -> Vec<Spoken> {
    let now: At = NOW.parse::<jiff::Timestamp>().unwrap().into();
    let report = report_of(plan, playbook, exercise, now);
    spoken(plan, &report, &typed(), now).unwrap_or_else(|e| panic!("{}: {e:?}", playbook.id))
}

/// How a text is answered by SMS.
fn trailer(plan: &Plan, text: &Spoken, exercise: bool) -> Option<String> {
    let words = plan.words(text.lang);
    let code = if exercise { format!("{}-14", words.drill_prefix) } else { "14".to_owned() };
    text.asks.then(|| words.answer_by_reply.replace("{code}", &code))
}

fn counts(plan: &Plan, text: &Spoken, exercise: bool) -> (String, String) {
    let trailer = trailer(plan, text, exercise);
    let limits = SmsLimits { parts_max: 9, ..SmsLimits::default() };
    let sms = fit(&text.out, trailer.as_deref(), &limits).map_or("-".to_owned(), |f| f.parts.to_string());
    let charset = if text.lang == Lang::EN { Charset::Ascii7 } else { Charset::Iso646Se };
    let rules = PageRules { chars_max: 80, pages_max: 40, charset };
    (sms, pages(&text.out, None, &rules).map_or("-".to_owned(), |p| p.len().to_string()))
}

fn document(plan: &Arc<Plan>) -> String {
    let mut doc = HEAD.to_owned();
    for playbook in plan.playbooks.values() {
        let (real, drill) = (all(plan, playbook, false), all(plan, playbook, true));
        let _ = write!(doc, "\n## {}\n", playbook.id);
        let mut last = (String::new(), Audience::Internal);
        for text in &real {
            let head = (text.label.to_owned(), text.audience);
            if head != last {
                let _ = write!(doc, "\n### {}: {}\n\n", text.audience, text.label);
                last = head;
            }
            if text.audience == Audience::Public {
                let body = text.out.text();
                let hard = if text.lang == Lang::SV {
                    format!("LIX {:.0}", lix(body))
                } else {
                    format!("grade {:.0}", grade(body))
                };
                let _ = writeln!(doc, "- {} ({} words, {hard}): {body}", text.lang, words(body).len());
                continue;
            }
            let same = |d: &&Spoken| (d.label, d.audience, d.lang) == (text.label, text.audience, text.lang);
            let (sms, paged) = counts(plan, text, false);
            let in_drill = drill.iter().find(same).map(|d| counts(plan, d, true));
            let in_drill = in_drill.map_or(String::new(), |(s, p)| format!("; drill {s} SMS, {p} pages"));
            let chars = text.out.text().chars().count();
            let whole = text.out.whole(trailer(plan, text, false).as_deref());
            let _ =
                writeln!(doc, "- {} ({chars} characters, {sms} SMS, {paged} pages{in_drill}): `{whole}`", text.lang);
        }
        // One drill whole: the marks around it are the same in all.
        for d in drill.iter().filter(|d| d.label == "alert" && d.audience == Audience::Internal) {
            let _ = writeln!(doc, "- {} in a drill: `{}`", d.lang, d.out.whole(trailer(plan, d, true).as_deref()));
        }
    }
    doc
}

#[test]
fn rule_a11_every_shipped_text_is_in_the_document_as_the_rules_make_it() {
    let plan = Arc::new(load(&Source::Shipped).expect("the shipped configuration").plan);
    let made = document(&plan);
    let file = root().join(FILE);
    if update() {
        std::fs::write(&file, &made).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = there.lines().zip(made.lines()).find(|(a, b)| a != b);
    assert!(there == made, "{FILE} is not what the rules make (UPDATE_DOCS=1 writes it): {differs:?}");
}

#[test]
fn rule_a11_nothing_after_running_again_says_that_it_is_down() {
    let plan = Arc::new(load(&Source::Shipped).expect("the shipped configuration").plan);
    for playbook in plan.playbooks.values() {
        let over = |label: &str| {
            label.contains("running again") || label.contains("all clear") || label.contains("false alarm")
        };
        for text in all(&plan, playbook, false).iter().filter(|t| over(t.label)) {
            let said = text.out.text();
            let what = playbook.what.get(text.lang);
            let heading = playbook.public_words.as_ref().map_or("", |p| p.heading.get(text.lang));
            assert!(!said.contains(what), "{} {}: {said}", playbook.id, text.label);
            assert!(heading.is_empty() || !said.contains(heading), "{} {}: {said}", playbook.id, text.label);
            assert!(!said.contains("Gör nu") && !said.contains("Do now"), "{} {}: {said}", playbook.id, text.label);
        }
    }
}
