//! The verifier itself: it takes what the grammar allows, and nothing else. It is `sim::verify`, which calls none of the
//! product's code; here it meets what the product makes of any text, whole and damaged.

use std::sync::Arc;

use proptest::prelude::*;
use vardkase::domain::text::pages::{PageRules, pages};
use vardkase::domain::text::sms::{SmsLimits, Split, parts};
use vardkase::domain::text::{Actual, Canonical, Charset, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::sim::Far;
use vardkase::sim::verify::{Kind, Received, Sent, Wrong, fingerprint, received};

/// The exercise marks of the shipped languages.
pub const MARKS: [&str; 2] = ["ÖVNING", "EXERCISE"];

/// A text as the dispatch would give it out.
pub fn outgoing(number: &str, language: &str, text: &str, mark: Option<&str>) -> Arc<Outgoing> {
    let f = Fingerprint::of(number, "internal", language, text);
    let text = Canonical::new(text).expect("canonical");
    Arc::new(match mark {
        None => Outgoing::message(&Text::<Actual>::new(number, f, text), NO_MARK),
        Some(m) => Outgoing::message(&Text::<Exercise>::new(number, f, text), Mark::new(m).expect("a word")),
    })
}

/// What the verifier is told of it.
pub fn sent<'a>(out: &'a Outgoing, trailer: Option<&'a str>) -> Sent<'a> {
    Sent {
        mark: out.mark().map(Mark::as_str),
        number: out.number(),
        fingerprint: out.fingerprint().map(Fingerprint::as_str),
        text: out.text(),
        trailer,
    }
}

fn put_together(kind: Kind, units: &[&str]) -> Result<Vec<Received>, Wrong> {
    let far = Far::default();
    for unit in units {
        far.show("g", "1", unit);
    }
    received(&far.all(), &MARKS, |_| Some(kind))
}

fn judge(kind: Kind, units: &[&str], sent: &Sent<'_>) -> Result<(), Wrong> {
    match put_together(kind, units)?.as_slice() {
        [one] => one.is(sent),
        all => Err(Wrong(format!("{} texts", all.len()))),
    }
}

fn real(text: &'static str, trailer: Option<&'static str>) -> Sent<'static> {
    Sent { mark: None, number: "14-2", fingerprint: Some("7K4F2A"), text, trailer }
}
fn drill(text: &'static str, trailer: Option<&'static str>) -> Sent<'static> {
    Sent { mark: Some("ÖVNING"), number: "Ö-3-1", fingerprint: Some("7K4F2A"), text, trailer }
}

#[test]
fn what_the_grammar_allows_is_taken() {
    let answer = Some("Svara JA 14");
    let cases: &[(Kind, &[&str], Sent<'_>)] = &[
        (Kind::Joined, &["14-2 7K4F2A Läge rött"], real("Läge rött", None)),
        (Kind::Joined, &["14-2 7K4F2A Läge rött Svara JA 14"], real("Läge rött", answer)),
        (Kind::Joined, &["14-2 7K4F2A 1/2 är ett tal"], real("1/2 är ett tal", None)),
        (Kind::Joined, &["ÖVNING Ö-3-1 7K4F2A Prov ÖVNING Svara JA 14 ÖVNING"], drill("Prov", answer)),
        (Kind::Apart, &["14-2 7K4F2A 1/2 Läge", "14-2 7K4F2A 2/2  rött"], real("Läge rött", None)),
        (Kind::Apart, &["14-2 7K4F2A 2/2  rött", "14-2 7K4F2A 1/2 Läge"], real("Läge rött", None)),
        (Kind::Apart, &["14-2 7K4F2A 1/2 Läge", "14-2 7K4F2A 2/2 Svara JA 14"], real("Läge", answer)),
        (
            Kind::Apart,
            &["ÖVNING Ö-3-1 7K4F2A 1/2 Pr ÖVNING", "ÖVNING Ö-3-1 7K4F2A 2/2 ov ÖVNING Svara JA 14 ÖVNING"],
            drill("Prov", answer),
        ),
        (Kind::Fax, &["14-2 7K4F2A 1/1 Läge rött Svara JA 14"], real("Läge rött", answer)),
        (Kind::Fax, &["14-2 7K4F2A 1/2 Läge \u{c}14-2 7K4F2A 2/2 rött"], real("Läge rött", None)),
        (Kind::Mail, &["14-2 7K4F2A Läge rött\n\nSvara JA 14"], real("Läge rött", answer)),
        (Kind::Mail, &["ÖVNING Ö-3-1 7K4F2A Prov ÖVNING\n\nSvara JA 14\n\nÖVNING"], drill("Prov", answer)),
        (Kind::Mail, &["ÖVNING Ö-3-1 7K4F2A Prov ÖVNING"], drill("Prov", None)),
        (Kind::Joined, &["14 Besked"], Sent { number: "14", fingerprint: None, ..real("Besked", None) }),
    ];
    for (kind, units, sent) in cases {
        assert_eq!(judge(*kind, units, sent), Ok(()), "{units:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    let answer = Some("Svara JA 14");
    let cases: &[(Kind, &[&str], Sent<'_>, &str)] = &[
        (Kind::Joined, &["14-2 7K4F2A Läge röt"], real("Läge rött", None), "departs from the text at byte 10"),
        (Kind::Joined, &["14-2 7K4F2A Lage rött"], real("Läge rött", None), "departs from the text at byte 1"),
        (Kind::Joined, &["14-2 7K4F2A Läge rött."], real("Läge rött", None), "behind the text stands “.”"),
        (Kind::Joined, &["14-2 7K4F2A Läge rött "], real("Läge rött", None), "loose spaces"),
        (Kind::Joined, &["14-2 7K4F2A Läge rött Svara JA 15"], real("Läge rött", answer), "the trailer is"),
        (Kind::Joined, &["14-2 7K4F2A Läge rött"], real("Läge rött", answer), "the trailer is None"),
        (Kind::Joined, &["14-2 7K4F2B Läge rött"], real("Läge rött", None), "the header is"),
        (Kind::Joined, &["14-3 7K4F2A Läge rött"], real("Läge rött", None), "the header is"),
        (Kind::Joined, &["14-2 7K4FUA Läge rött"], real("Läge rött", None), "is not a fingerprint"),
        (Kind::Joined, &["14-2 Läge rött"], real("Läge rött", None), "is not a fingerprint"),
        (Kind::Joined, &["Läge rött"], real("Läge rött", None), "is not a number"),
        (Kind::Joined, &["Läge"], real("Läge", None), "no header"),
        (Kind::Joined, &["14-2 7K4F2A Läge\u{fffd}rött"], real("Läge rött", None), "U+FFFD"),
        (Kind::Joined, &["14-2 7K4F2A Läge\nrött"], real("Läge rött", None), "U+000A"),
        (Kind::Joined, &["Ö-3-1 7K4F2A Prov ÖVNING"], drill("Prov", None), "a drill's number and no mark"),
        (Kind::Joined, &["ÖVNING Ö-3-1 7K4F2A Prov"], drill("Prov", None), "does not end with its mark"),
        (Kind::Joined, &["ÖVNING Ö-3-1 7K4F2A Prov ÖVNING Svara JA 14"], drill("Prov", answer), "does not end with"),
        (Kind::Joined, &["ÖVNING Ö-3-1 7K4F2A Prov Svara JA 14 ÖVNING"], drill("Prov", answer), "behind the text"),
        (Kind::Joined, &["ÖVNING 14-2 7K4F2A Prov ÖVNING"], drill("Prov", None), "a mark and a real number"),
        (Kind::Apart, &["14-2 7K4F2A 1/2 Läge"], real("Läge rött", None), "1 of 2 units came"),
        (Kind::Apart, &["14-2 7K4F2A 1/2 Läge", "14-2 7K4F2A 2/3  rött"], real("Läge rött", None), "2 texts"),
        (Kind::Apart, &["14-2 7K4F2A 1/2 Läge", "14-2 7K4F2A 2/2 rött"], real("Läge rött", None), "byte 5"),
        (
            Kind::Apart,
            &["ÖVNING Ö-3-1 7K4F2A 1/2 Pr", "ÖVNING Ö-3-1 7K4F2A 2/2 ov ÖVNING"],
            drill("Prov", None),
            "does not end with its mark",
        ),
        (Kind::Fax, &["14-2 7K4F2A Läge rött"], real("Läge rött", None), "a page without k/n"),
        (Kind::Fax, &["14-2 7K4F2A 1/2 Läge rött"], real("Läge rött", None), "page 1 of 1 says 1/2"),
        (
            Kind::Fax,
            &["14-2 7K4F2A 2/2 rött\u{c}14-2 7K4F2A 1/2 Läge "],
            real("Läge rött", None),
            "page 1 of 2 says 2/2",
        ),
        (Kind::Mail, &["14-2 7K4F2A Läge\nrött"], real("Läge rött", None), "U+000A"),
        (Kind::Mail, &["ÖVNING Ö-3-1 7K4F2A Prov ÖVNING\n\nSvara JA 14"], drill("Prov", answer), "the mail of a drill"),
    ];
    for (kind, units, sent, why) in cases {
        let found = judge(*kind, units, sent).expect_err(&format!("{units:?}"));
        assert!(found.0.contains(why), "{units:?}: {found}");
    }
}

#[test]
fn a_repeat_is_seen_as_one_and_a_second_sending_as_another() {
    let (one, two) = ("14-2 7K4F2A 1/2 Läge", "14-2 7K4F2A 2/2  rött");
    let whole = |units: &[&str]| {
        let all = put_together(Kind::Apart, units).expect("grammar");
        all.iter().map(|r| r.trailer_after("Läge rött").is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(whole(&[one, one, two]), [true], "page 1 was repeated after a fault");
    assert_eq!(whole(&[one, two, one, two]), [true, true]);
    assert_eq!(whole(&[one, two, one]), [true, false]);
}

#[test]
fn fingerprints_agree() {
    for (number, language, text) in [("14-2", "sv", "Läge rött"), ("Ö-3-1", "sv", "x"), ("X-3-1", "en", "Red")] {
        assert_eq!(
            fingerprint(number, "internal", language, text),
            Fingerprint::of(number, "internal", language, text).to_string()
        );
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let words = "[a-zA-Z0-9.,:;/åäöÅÄÖéü€{}\\[\\]|~^\\\\-]{1,30}|😀|1/2|14-2|ÖVNING|Svara";
    // A text begins with its kind: one that begins with k/n could not be told from a header.
    prop::collection::vec(words, 1..40).prop_map(|w| format!("LARM {}", w.join(" ")))
}

proptest! {
    #[test]
    fn any_text_comes_back_and_any_damage_is_found(
        text in any_text(),
        is_drill: bool,
        trailer in prop::option::of("Svara JA (Ö-3|14)( IVA-[0-9]{1,3})?"),
        chars_max in 60u32..400,
        damage in any::<prop::sample::Index>(),
    ) {
        let (number, mark) = if is_drill { ("Ö-3-1", Some("ÖVNING")) } else { ("14-2", None) };
        let out = outgoing(number, "sv", &text, mark);
        let trailer = trailer.as_deref();
        let sent = sent(&out, trailer);
        let rules = PageRules { chars_max, pages_max: 999, charset: Charset::Utf8 };
        let limits = |split| SmsLimits { split, parts_max: 999, ..SmsLimits::default() };
        let ways = [
            (Kind::Apart, pages(&out, trailer, &rules)),
            (Kind::Apart, parts(&out, trailer, &limits(Split::Separate)).map(|p| p.texts)),
            (Kind::Joined, parts(&out, trailer, &limits(Split::Udh8)).map(|p| vec![p.texts.concat()])),
        ];
        for (kind, units) in ways {
            let Ok(mut units) = units else { continue };
            let shown: Vec<&str> = units.iter().map(String::as_str).collect();
            prop_assert_eq!(judge(kind, &shown, &sent), Ok(()), "{:?}", shown);
            // One letter is lost somewhere.
            let nth = damage.index(units.len());
            let unit = &mut units[nth];
            let at = damage.index(unit.chars().count());
            *unit = unit.chars().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| c).collect();
            let shown: Vec<&str> = units.iter().map(String::as_str).collect();
            prop_assert!(judge(kind, &shown, &sent).is_err(), "not found: {:?}", shown);
        }
    }
}
