//! The page itself: what is read from the file equals the canonical text.

use std::io::Read;
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use vardkase::domain::lang::Lang;
use vardkase::domain::text::{Actual, Canonical, DoesNotFit, NO_MARK, Outgoing};
use vardkase::gateways::fax_page::{self, FaxPages};
use vardkase::sim::hylafax::pdf;

use super::{ALARM, actual, drill, head, job, text_of};

fn shown(out: &Outgoing, trailer: Option<&str>) -> (String, u16) {
    let made = fax_page::render(&job(1, "1", &Arc::new(out.clone()), trailer)).unwrap();
    (pdf::pages(&made.pdf).unwrap().join("\u{c}"), made.pages)
}

#[track_caller]
fn check_text(out: &Outgoing, trailer: Option<&str>) -> u16 {
    let (shown, pages) = shown(out, trailer);
    assert_eq!(shown.split('\u{c}').count(), usize::from(pages));
    assert_eq!(text_of(&shown, out, trailer).unwrap(), out.text());
    assert_eq!(fax_page::fits(out, &head("https://lage.fjallmark.example/h/14"), trailer, 99), Ok(pages));
    pages
}

#[test]
fn one_page_reads_as_the_whole_unit() {
    let out = actual(ALARM);
    let f = out.fingerprint().unwrap();
    assert_eq!(shown(&out, Some("Svara JA 14")).0, format!("14-2 {f} 1/1 {ALARM} Svara JA 14"));
    let out = drill(ALARM);
    let f = out.fingerprint().unwrap();
    assert_eq!(shown(&out, Some("Svara JA Ö-3")).0, format!("ÖVNING Ö-3-1 {f} 1/1 {ALARM} ÖVNING Svara JA Ö-3 ÖVNING"));
    assert_eq!(shown(&out, None).0, format!("ÖVNING Ö-3-1 {f} 1/1 {ALARM} ÖVNING"));
    let note = Outgoing::note::<Actual>("14", &Canonical::new("Besked behövs").unwrap(), NO_MARK);
    assert_eq!(shown(&note, None).0, "14 1/1 Besked behövs");
}

#[test]
fn a_long_text_takes_more_pages_each_with_its_header_and_mark() {
    let long = vec![ALARM; 18].join(" ");
    let out = drill(&long);
    assert!(check_text(&out, Some("Svara JA Ö-3")) >= 2);
    let (shown, _) = shown(&out, Some("Svara JA Ö-3"));
    for page in shown.split('\u{c}') {
        assert!(page.starts_with("ÖVNING Ö-3-1 ") && page.ends_with(" ÖVNING"), "{page:?}");
    }
}

#[test]
fn a_trailer_that_has_no_room_takes_the_last_line_along() {
    // Every number of lines around a full page, with a trailer of several lines.
    let trailer = "Svara JA 14 på SMS till 0980-319 210 eller ring växeln 0980-319 299. ".repeat(4);
    let trailer = trailer.trim_end();
    for words in 150..260 {
        let text = vec!["läge"; words * 2].join(" ");
        check_text(&actual(&text), Some(trailer));
    }
}

#[test]
fn words_longer_than_a_line_or_a_page_lose_nothing() {
    for text in ["å".repeat(200), format!("Kort {} slut", "öÄ".repeat(1_900)), "w".repeat(4_000)] {
        check_text(&actual(&text), Some("Svara JA 14"));
        check_text(&drill(&text), None);
    }
}

#[test]
fn what_the_face_lacks_is_named_and_never_replaced() {
    for (text, lacks) in [("Läge 🚑 rött", '🚑'), ("שלום", 'ש'), ("طوارئ", 'ط'), ("q\u{308}", '\u{308}')]
    {
        let out = Arc::new(actual(text));
        let made = fax_page::render(&job(1, "1", &out, None));
        assert_eq!(made, Err(DoesNotFit::Lacks(lacks)));
        assert_eq!(fax_page::fits(&out, &head(""), None, 5), Err(DoesNotFit::Lacks(lacks)));
    }
    let out = actual(ALARM);
    assert_eq!(fax_page::fits(&out, &head(""), Some("Svara 👍"), 5), Err(DoesNotFit::Lacks('👍')));
    // Greek, Cyrillic, typographic signs: all there.
    check_text(&actual("“Ærø – 50 % à 3 €” Ωμέγα Привет ŋ Đ Ő … ‰"), None);
}

#[test]
fn too_many_pages_are_known_before_anything_is_sent() {
    let long = actual(&vec![ALARM; 18].join(" "));
    let needs = fax_page::fits(&long, &head(""), None, 99).unwrap();
    let too_long = DoesNotFit::TooLong { needs: needs.into(), max: 1, unit: "pages".into() };
    assert_eq!(fax_page::fits(&long, &head(""), None, 1), Err(too_long));
    let trailer = "ring växeln ".repeat(400);
    assert_eq!(fax_page::fits(&actual(ALARM), &head(""), Some(trailer.trim_end()), 99), Err(DoesNotFit::NoRoom));
}

#[test]
fn a_letterhead_of_any_length_leaves_the_text_alone() {
    let out = Arc::new(actual(ALARM));
    for field in ["", "x", &"Fjällmarks universitetssjukhus ".repeat(20), &"å".repeat(500), "🚑 שלום", "a\u{c}b\nc"]
    {
        let mut job = job(1, "1", &out, Some("Svara JA 14"));
        let mut letterhead = head(&"https://lage.fjallmark.example/".repeat(9));
        letterhead.sender = field.into();
        letterhead.title = field.into();
        letterhead.mode_line = field.into();
        letterhead.lang = Lang::EN;
        job.head = Arc::new(letterhead);
        let made = fax_page::render(&job).unwrap();
        let shown = pdf::pages(&made.pdf).unwrap().join("\u{c}");
        assert_eq!(text_of(&shown, &out, Some("Svara JA 14")).unwrap(), ALARM);
    }
}

#[test]
fn the_same_text_gives_the_same_bytes_and_is_made_once() {
    let first = fax_page::render(&job(1, "1", &Arc::new(drill(ALARM)), Some("Svara JA"))).unwrap();
    let again = fax_page::render(&job(2, "2", &Arc::new(drill(ALARM)), Some("Svara JA"))).unwrap();
    assert_eq!(first, again);

    let pages = FaxPages::default();
    let one = pages.get(&job(1, "1", &Arc::new(drill(ALARM)), Some("Svara JA"))).unwrap();
    let two = pages.get(&job(2, "2", &Arc::new(drill(ALARM)), Some("Svara JA"))).unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    let other = pages.get(&job(2, "2", &Arc::new(drill(ALARM)), Some("Svara NEJ"))).unwrap();
    assert!(!Arc::ptr_eq(&one, &other));
    let other = pages.get(&job(2, "2", &Arc::new(actual(ALARM)), Some("Svara JA"))).unwrap();
    assert!(!Arc::ptr_eq(&one, &other));
    for n in 0..fax_page::BODIES_KEPT_MAX {
        pages.get(&job(2, "2", &Arc::new(actual(&format!("Text {n}"))), None)).unwrap();
    }
    let anew = pages.get(&job(1, "1", &Arc::new(drill(ALARM)), Some("Svara JA"))).unwrap();
    assert!(!Arc::ptr_eq(&one, &anew) && one == anew);
}

/// The filled rectangles of the first page, in points from its top left corner.
fn rectangles(file: &[u8]) -> Vec<[f32; 4]> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = file[at..].windows(7).position(|w| w == b"stream\n") {
        at += start + 7;
        let mut content = String::new();
        let inflated = flate2::read::ZlibDecoder::new(&file[at..]).read_to_string(&mut content);
        if inflated.is_err() || !content.contains(" Tf") || !found.is_empty() {
            continue;
        }
        for path in content.split(" m ") {
            let numbers: Vec<f32> = path
                .split([' ', '\n'])
                .map_while(|w| w.parse().or((w == "l").then_some(f32::NAN).ok_or(())).ok())
                .collect();
            // The point before `m` is the last two numbers of the piece before; the third corner is opposite.
            if let [_, _, l1, right, bottom, l2, left, _, l3, ..] = numbers[..]
                && l1.is_nan()
                && l2.is_nan()
                && l3.is_nan()
            {
                found.push([left, bottom, right, f32::NAN]);
            }
        }
    }
    found
}

/// The code's pixels on a standard fax (204 by 98 dots an inch), read by a decoder that is not ours.
fn read_code(file: &[u8], module: f32) -> Vec<String> {
    let dark: Vec<[f32; 4]> = rectangles(file).into_iter().map(|[l, b, r, _]| [l, b - module, r, b]).collect();
    let (width, height) = (1_686, 1_146);
    // A decoder wants square pixels: each line is doubled, as a fax machine prints it.
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height * 2, |x, y| {
        let (x, y) = ((x as f32 + 0.5) * 72.0 / 204.0, ((y / 2) as f32 + 0.5) * 72.0 / 98.0);
        if dark.iter().any(|[l, t, r, b]| (*l..*r).contains(&x) && (*t..*b).contains(&y)) { 0 } else { 255 }
    });
    image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect()
}

#[test]
fn the_code_gives_page_number_and_fingerprint_at_the_coarsest_resolution() {
    let module = 4.0 * 72.0 / 98.0;
    let out = Arc::new(actual(ALARM));
    let f = out.fingerprint().unwrap();
    let made = fax_page::render(&job(1, "1", &out, Some("Svara JA 14"))).unwrap();
    assert_eq!(read_code(&made.pdf, module), [format!("https://lage.fjallmark.example/h/14#14-2.{f}")]);

    let mut without = job(1, "1", &out, None);
    without.head = Arc::new(head(""));
    let made = fax_page::render(&without).unwrap();
    assert_eq!(read_code(&made.pdf, module), [format!("vardkase:14-2.{f}")]);

    // An address too long for the place beside the letterhead: the short form, never a code that nobody can read.
    without.head = Arc::new(head(&format!("https://lage.fjallmark.example/{}", "x".repeat(400))));
    let made = fax_page::render(&without).unwrap();
    assert_eq!(read_code(&made.pdf, module), [format!("vardkase:14-2.{f}")]);
}

fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => "[a-zåäöæøéA-ZÅÄÖÆØÉ0-9.,:;()/\\-–”“%€]{1,12}",
        1 => "[åäöÅÄÖæøéwi]{1,400}",
    ];
    proptest::collection::vec(word, 1..120)
        .prop_map(|words| words.join(" ").chars().take(4_000).collect::<String>().trim_end().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_back(text in texts(), exercise: bool, trailer in proptest::option::of("[A-Za-zåäö0-9]{1,9}( [A-Za-zåäö0-9]{1,9}){0,20}")) {
        let out = if exercise { drill(&text) } else { actual(&text) };
        let (shown, pages) = shown(&out, trailer.as_deref());
        prop_assert_eq!(text_of(&shown, &out, trailer.as_deref()), Ok(text));
        prop_assert_eq!(shown.split('\u{c}').count(), usize::from(pages));
    }

    #[test]
    fn the_reader_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..30_000) {
        let _ = pdf::pages(&bytes);
        let mut file = fax_page::render(&job(1, "1", &Arc::new(actual("Läge")), None)).unwrap().pdf;
        let cut = cut % file.len();
        file[cut] = file[cut].wrapping_add(1);
        let _ = pdf::pages(&file);
        let _ = pdf::pages(&file[..cut]);
    }
}

/// A second reader, which is not ours at all. Its lines lose the space at their end, so they are joined by one.
#[test]
#[ignore = "needs pdftotext (poppler-utils)"]
fn pdftotext_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fax.pdf");
    let long = vec![ALARM; 18].join(" ");
    for out in [actual(ALARM), drill(ALARM), actual(&long), drill(&long)] {
        let made = fax_page::render(&job(1, "1", &Arc::new(out.clone()), Some("Svara JA 14"))).unwrap();
        std::fs::write(&file, &made.pdf).unwrap();
        let read = Command::new("pdftotext").args(["-raw"]).arg(&file).arg("-").output().unwrap();
        let read = String::from_utf8(read.stdout).unwrap();
        let mut text = Vec::new();
        for page in read.split('\u{c}').filter(|p| !p.trim().is_empty()) {
            let lines = page.lines().skip_while(|l| !l.starts_with("Meddelande ")).skip(1);
            text.extend(lines.take_while(|l| !["ÖVNING", "Så svarar du", "Fortsätter på nästa sida"].contains(l)));
        }
        assert_eq!(text.join(" "), out.text());
    }
}
