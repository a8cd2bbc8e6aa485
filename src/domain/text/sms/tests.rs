//! The joiner here is written from the grammar and calls none of the code above it.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Text};
use crate::domain::view::replaced;

fn real(text: &str) -> Outgoing {
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    Outgoing::message(&Text::<Actual>::new("14-2", f, Canonical::new(text).unwrap()), NO_MARK)
}
fn drill(text: &str) -> Outgoing {
    let f = Fingerprint::of("Ö-3-1", "internal", "sv", text);
    let text = Text::<Exercise>::new("Ö-3-1", f, Canonical::new(text).unwrap());
    Outgoing::message(&text, Mark::new("ÖVNING").unwrap())
}
fn limits(split: Split) -> SmsLimits {
    SmsLimits { split, parts_max: PARTS_MAX, ..SmsLimits::default() }
}

/// What a receiver puts together: the units that his phone shows, without numbering, marks and trailer.
fn join(split: Split, shown: &[String], number: &str, mark: Option<&str>, trailer: Option<&str>) -> String {
    let units: Vec<String> = if split == Split::Separate { shown.to_vec() } else { vec![shown.concat()] };
    let n = units.len();
    let mut text = String::new();
    for (i, unit) in units.iter().enumerate() {
        let mut rest = unit.as_str();
        if let Some(mark) = mark {
            rest = rest.strip_prefix(&format!("{mark} ")).expect("begins with the mark");
            assert!(rest.ends_with(&format!(" {mark}")), "ends with the mark: {unit}");
        }
        rest = rest.strip_prefix(&format!("{number} ")).expect("carries the number");
        assert_eq!(rest.as_bytes()[6], b' ', "six characters of fingerprint");
        rest = &rest[7..];
        if n > 1 {
            rest = rest.strip_prefix(&format!("{}/{n} ", i + 1)).expect("carries k/n");
        }
        let mut ends = Vec::new();
        ends.extend(mark);
        if i + 1 == n {
            ends.extend(trailer);
            ends.extend(trailer.and(mark));
        }
        for end in ends.into_iter().rev() {
            rest = rest.strip_suffix(&format!(" {end}")).expect("ends as the grammar says");
        }
        assert!(!rest.is_empty() && !rest.ends_with(' '), "chunk {rest:?}");
        text.push_str(rest);
    }
    text
}

/// What is on the air, counted from the standard's numbers and nothing else.
fn air_units(text: &str, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Ucs2 => text.encode_utf16().count(),
        Encoding::Gsm7 => text.chars().map(|c| if "^{}\\[~]|€\u{c}".contains(c) { 2 } else { 1 }).sum(),
    }
}

#[test]
fn the_limits_of_one_and_of_several_parts() {
    // Header "14-2 FFFFFF " is 12 characters.
    let cases = [
        (148, "a", Split::Udh8, 1, Encoding::Gsm7),
        (149, "a", Split::Udh8, 2, Encoding::Gsm7),
        (153 * 2 - 12, "a", Split::Udh8, 2, Encoding::Gsm7),
        (153 * 2 - 11, "a", Split::Udh8, 3, Encoding::Gsm7),
        (152 * 2 - 12, "a", Split::Udh16, 2, Encoding::Gsm7),
        (152 * 2 - 11, "a", Split::Udh16, 3, Encoding::Gsm7),
        (152 * 2 - 11, "a", Split::Sar, 3, Encoding::Gsm7),
        (74, "€", Split::Udh8, 1, Encoding::Gsm7),
        (75, "€", Split::Udh8, 2, Encoding::Gsm7),
        (58, "я", Split::Udh8, 1, Encoding::Ucs2),
        (59, "я", Split::Udh8, 2, Encoding::Ucs2),
        (67 * 2 - 11, "я", Split::Udh8, 3, Encoding::Ucs2),
        (66 * 2 - 11, "я", Split::Udh16, 3, Encoding::Ucs2),
        (29, "😀", Split::Udh8, 1, Encoding::Ucs2),
        (30, "😀", Split::Udh8, 2, Encoding::Ucs2),
    ];
    for (count, what, split, parts, encoding) in cases {
        let fit = fit(&real(&what.repeat(count)), None, &limits(split)).unwrap();
        assert_eq!((fit.parts, fit.encoding), (parts, encoding), "{count} × {what}, {split:?}");
        assert_eq!(fit.chars as usize, count + 12);
    }
}

#[test]
fn neither_an_escape_nor_a_surrogate_pair_is_split() {
    // 12 characters of header + 140 put the next character across position 153.
    let parts = parts(&real(&format!("{}{}", "a".repeat(140), "€".repeat(40))), None, &limits(Split::Udh8)).unwrap();
    assert_eq!(air_units(&parts.texts[0], Encoding::Gsm7), 152);
    let parts =
        super::parts(&real(&format!("{}{}", "я".repeat(54), "😀".repeat(20))), None, &limits(Split::Udh8)).unwrap();
    assert_eq!(air_units(&parts.texts[0], Encoding::Ucs2), 66);
}

#[test]
fn separate_sms_each_carry_header_and_mark() {
    let out = drill("Journalen ligger nere. ".repeat(12).trim_end());
    let f = out.fingerprint().unwrap();
    let parts = parts(&out, Some("Svara JA Ö-3"), &limits(Split::Separate)).unwrap();
    assert_eq!(parts.texts.len(), 3);
    assert!(parts.texts[0].starts_with(&format!("ÖVNING Ö-3-1 {f} 1/3 Journalen")));
    assert!(parts.texts[0].ends_with(" ÖVNING"));
    assert!(parts.texts[1].starts_with(&format!("ÖVNING Ö-3-1 {f} 2/3  ")), "the next chunk begins with the space");
    assert!(parts.texts[2].ends_with(" ÖVNING Svara JA Ö-3 ÖVNING"));
}

#[test]
fn a_short_text_goes_whole_without_numbering() {
    let out = real("Larm");
    let parts = parts(&out, Some("Svara JA 14"), &limits(Split::Separate)).unwrap();
    assert_eq!(parts.texts, [out.whole(Some("Svara JA 14"))]);
}

#[test]
fn what_cannot_go_says_why() {
    let long = real(&"a".repeat(1000));
    let three = SmsLimits { parts_max: 3, ..SmsLimits::default() };
    assert_eq!(fit(&long, None, &three), Err(DoesNotFit::TooLong { needs: 7, max: 3, unit: "SMS parts".into() }));
    let chars = SmsLimits { chars_max: 459, ..limits(Split::Udh8) };
    assert_eq!(fit(&long, None, &chars), Err(DoesNotFit::TooLong { needs: 1012, max: 459, unit: "characters".into() }));
    let no_ucs2 = SmsLimits { ucs2: false, ..SmsLimits::default() };
    assert_eq!(fit(&real("a “b”"), None, &no_ucs2), Err(DoesNotFit::Lacks('“')));
    assert!(fit(&real("åäö"), None, &no_ucs2).is_ok());
    let ascii = SmsLimits { alphabet: Alphabet::Ascii, ..no_ucs2 };
    assert_eq!(fit(&real("åäö"), None, &ascii), Err(DoesNotFit::Lacks('å')));
    assert_eq!(fit(&real(&"a".repeat(400)), Some(&"b".repeat(160)), &limits(Split::Separate)), Err(DoesNotFit::NoRoom));
}

#[test]
fn the_alphabet_of_the_gateway_decides_what_data_coding_0_holds() {
    let text = "åäö €";
    let by = |alphabet| encoding(text, &SmsLimits { alphabet, ..SmsLimits::default() });
    assert_eq!(by(Alphabet::Gsm7), Ok(Encoding::Gsm7));
    assert_eq!(by(Alphabet::Latin1), Ok(Encoding::Ucs2), "ISO 8859-1 has no €");
    assert_eq!(octets("åäö{", Encoding::Gsm7, Alphabet::Latin1).unwrap(), b"\xe5\xe4\xf6{");
    assert_eq!(octets("åäö{", Encoding::Gsm7, Alphabet::Gsm7).unwrap(), b"\x0f\x7b\x7c\x1b\x28");
    assert_eq!(octets("å😀", Encoding::Ucs2, Alphabet::Gsm7).unwrap(), b"\x00\xe5\xd8\x3d\xde\x00");
    assert_eq!(octets("ç", Encoding::Gsm7, Alphabet::Latin1), Err('ç'), "the handset would not show it");
}

#[test]
fn rule_a6_typed_characters_are_shown_with_their_cost() {
    let typed = format!("“{}” – …", "a".repeat(280));
    let out = real(&typed);
    assert_eq!(fit(&out, None, &limits(Split::Udh8)).unwrap().parts, 5);
    let offered = replaced(&typed);
    assert_eq!(offered, format!("\"{}\" - ...", "a".repeat(280)));
    assert_eq!(fit(&real(&offered), None, &limits(Split::Udh8)).unwrap().parts, 2);
}

fn texts() -> impl Strategy<Value = Canonical> {
    let word = prop_oneof![
        8 => "[a-zåäöÅÄÖ0-9.,:]{1,12}",
        2 => "[{}\\[\\]€|~^]{1,20}",
        1 => "[a-z]{100,300}",
        1 => "[а-я“”–…😀🚑]{1,30}",
        1 => "[0-9]{1,2}/[0-9]{1,2}",
    ];
    let only_gsm = prop_oneof![8 => "[a-zåäö.,:]{1,12}", 2 => "[{}€]{1,20}", 1 => "[a-z]{100,300}"];
    prop_oneof![prop::collection::vec(word, 1..80), prop::collection::vec(only_gsm, 1..80)]
        .prop_filter_map("canonical", |words| Canonical::from_typed(&words.join(" ")).ok())
}

proptest! {
    #[test]
    fn a_receiver_gets_the_text_back(
        text in texts(),
        is_drill: bool,
        trailer in prop::option::of("Svara JA [0-9]{1,3}"),
        split in prop::sample::select(vec![Split::Udh8, Split::Udh16, Split::Sar, Split::Payload, Split::Separate]),
        alphabet in prop::sample::select(vec![Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii]),
        parts_max in 1u16..40,
        chars_max in prop::sample::select(vec![0u32, 160, 459, 2000]),
        ucs2: bool,
    ) {
        let out = if is_drill { drill(text.as_str()) } else { real(text.as_str()) };
        let (number, mark) = if is_drill { ("Ö-3-1", Some("ÖVNING")) } else { ("14-2", None) };
        let limits = SmsLimits { alphabet, ucs2, split, parts_max, chars_max };
        let trailer = trailer.as_deref();
        let Ok(parts) = parts(&out, trailer, &limits) else {
            prop_assert!(fit(&out, trailer, &limits).is_err());
            return Ok(());
        };
        prop_assert_eq!(join(split, &parts.texts, number, mark, trailer), text.as_str());
        prop_assert!(parts.texts.len() <= usize::from(parts_max));
        let max = match (parts.texts.len(), split, parts.encoding) {
            (1, _, Encoding::Gsm7) | (_, Split::Separate, Encoding::Gsm7) => 160,
            (1, _, Encoding::Ucs2) | (_, Split::Separate, Encoding::Ucs2) => 70,
            (_, Split::Udh8 | Split::Payload, Encoding::Gsm7) => 153,
            (_, Split::Udh8 | Split::Payload, Encoding::Ucs2) => 67,
            (_, _, Encoding::Gsm7) => 152,
            (_, _, Encoding::Ucs2) => 66,
        };
        for part in &parts.texts {
            prop_assert!(air_units(part, parts.encoding) <= max);
            prop_assert!(octets(part, parts.encoding, alphabet).is_ok());
        }
        prop_assert_eq!(fit(&out, trailer, &limits).unwrap().parts as usize, parts.texts.len());
    }

    #[test]
    fn without_limits_every_text_goes(text in texts(), is_drill: bool) {
        let out = if is_drill { drill(text.as_str()) } else { real(text.as_str()) };
        for split in [Split::Udh8, Split::Separate] {
            prop_assert!(fit(&out, Some("Svara JA 14"), &limits(split)).is_ok());
        }
    }
}
