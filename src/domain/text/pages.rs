//! Pager pages, and other units that are sent apart: one text cut into numbered pages, each with header and mark.
//!
//! ```text
//! page     = header(k/n) chunk footer            the chunks, joined, are the text byte for byte
//! last     = header(k/n) chunk footer [SP trailer footer]
//! or, when the trailer does not fit there, pages of its own: header(k/n) chunk of the trailer footer
//! ```
//!
//! A text that fits one page carries no `k/n`. The trailer stands outside the text: no page holds a piece of both unless the
//! whole trailer fits behind the text. One that lists many duties (RULES C1) goes over several pages rather than taking the
//! pager out. Must not: shorten, respell, or know what a transmitter's protocol looks like.

use unicode_normalization::char::is_combining_mark;

use super::{Charset, DoesNotFit, Outgoing};

/// No transmitter sends more pages of one text than this, whatever its configuration says: `k/n` has at most three digits.
pub const PAGES_MAX: u32 = 999;

/// What one transmitter (or another gateway that sends units apart) allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageRules {
    /// Characters of one page, header and mark included.
    pub chars_max: u32,
    /// Pages of one text.
    pub pages_max: u32,
    /// What it can put on the air.
    pub charset: Charset,
}

/// What a text takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fit {
    /// Pages, the trailer included.
    pub pages: u32,
    /// Characters of the longest page.
    pub chars_longest: u32,
}

/// How many pages a text takes, without sending it: for `check`, for drafts, for choosing the language that fits.
///
/// # Errors
/// [`DoesNotFit`] says why the whole text can't go; there is no other way to go.
pub fn fit(out: &Outgoing, trailer: Option<&str>, rules: &PageRules) -> Result<Fit, DoesNotFit> {
    let pages = pages(out, trailer, rules)?;
    let chars_longest = pages.iter().map(|p| chars(p)).max().unwrap_or(0);
    Ok(Fit { pages: count(pages.len()), chars_longest })
}

/// The pages, in order, exactly as the far device shows them.
///
/// # Errors
/// [`DoesNotFit`] when a character is missing, the header leaves no room, or more than `pages_max` pages are needed.
pub fn pages(out: &Outgoing, trailer: Option<&str>, rules: &PageRules) -> Result<Vec<String>, DoesNotFit> {
    let whole = out.whole(trailer);
    if let Some(c) = rules.charset.first_missing(&whole) {
        return Err(DoesNotFit::Lacks(c));
    }
    let pages = if chars(&whole) <= rules.chars_max { vec![whole] } else { cut(out, trailer, rules.chars_max)? };
    let needs = count(pages.len());
    let max = rules.pages_max.min(PAGES_MAX);
    if needs > max {
        return Err(DoesNotFit::TooLong { needs, max, unit: "pages".into() });
    }
    Ok(pages)
}

/// Several pages. The header's length depends on how many digits `n` has, so each count of digits is tried in turn.
fn cut(out: &Outgoing, trailer: Option<&str>, chars_max: u32) -> Result<Vec<String>, DoesNotFit> {
    let mut needs = 0;
    for n_assumed in [9, 99, PAGES_MAX] {
        let Some(mut chunks) = chunks(out, out.text(), 0, n_assumed, chars_max) else {
            return Err(DoesNotFit::NoRoom);
        };
        let footer = out.footer();
        let of_text = count(chunks.len());
        // The trailer goes behind the last chunk when there is room, else on pages of its own.
        let mut behind = String::new();
        if let Some(trailer) = trailer {
            let last = chunks.last().map_or(0, |c| chars(c));
            let taken = chars(&out.header(Some((of_text, n_assumed)))) + last + 2 * chars(&footer);
            if taken + 1 + chars(trailer) <= chars_max {
                behind = format!(" {trailer}{footer}");
            } else {
                let own = self::chunks(out, trailer, of_text, n_assumed, chars_max).ok_or(DoesNotFit::NoRoom)?;
                chunks.extend(own);
            }
        }
        let n = count(chunks.len());
        needs = n;
        if n > n_assumed {
            continue;
        }
        let mut pages: Vec<String> =
            (1..).zip(&chunks).map(|(k, chunk)| format!("{}{chunk}{footer}", out.header(Some((k, n))))).collect();
        if let Some(last) = pages.last_mut() {
            last.push_str(&behind);
        }
        return Ok(pages);
    }
    Err(DoesNotFit::TooLong { needs, max: PAGES_MAX, unit: "pages".into() })
}

/// A text in pieces that fit a page behind `before` others, with `n` pages in its header. `None`: the header alone fills a
/// page.
fn chunks<'a>(out: &Outgoing, text: &'a str, before: u32, n: u32, chars_max: u32) -> Option<Vec<&'a str>> {
    let footer = chars(&out.footer());
    let mut rest = text;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        // `k` beyond three digits is refused later; counting on keeps the number of pages honest in the message.
        let taken = chars(&out.header(Some((before + count(chunks.len()) + 1, n)))) + footer;
        let room = chars_max.checked_sub(taken).filter(|room| *room > 0)?;
        let (chunk, after) = split(rest, room as usize)?;
        chunks.push(chunk);
        rest = after;
    }
    Some(chunks)
}

/// Takes at most `room` characters from the front. A chunk never ends with a space, which pagers trim: the cut stands
/// before a space, so that the next chunk begins with it, or inside a word when the last half of the room has no space.
/// A letter keeps its combining marks as far as that is possible.
fn split(text: &str, room: usize) -> Option<(&str, &str)> {
    // Byte offsets of the possible cuts: after 1, 2, … `room` characters.
    let ends: Vec<usize> = text.char_indices().map(|(i, c)| i + c.len_utf8()).take(room).collect();
    let last = *ends.last()?;
    if last == text.len() {
        return Some((text, ""));
    }
    let next = |at: usize| text[at..].chars().next();
    let ends_well = |at: usize| !text[..at].ends_with(' ');
    let reach = &ends[room / 2..];
    let before_a_space = reach.iter().rev().find(|at| next(**at) == Some(' ') && ends_well(**at));
    let inside_a_word = || reach.iter().rev().find(|at| ends_well(**at) && !next(**at).is_some_and(is_combining_mark));
    let anywhere = || ends.iter().rev().find(|at| ends_well(**at));
    let at = *before_a_space.or_else(inside_a_word).or_else(anywhere)?;
    Some(text.split_at(at))
}

fn chars(text: &str) -> u32 {
    count(text.chars().count())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Text};

    fn outgoing(number: &str, text: &str, mark: Option<&str>) -> Outgoing {
        let f = Fingerprint::of(number, "internal", "sv", text);
        let canonical = Canonical::new(text).unwrap();
        match mark {
            None => Outgoing::message(&Text::<Actual>::new(number, f, canonical), NO_MARK),
            Some(m) => Outgoing::message(&Text::<Exercise>::new(number, f, canonical), Mark::new(m).unwrap()),
        }
    }

    fn rules(chars_max: u32) -> PageRules {
        PageRules { chars_max, pages_max: PAGES_MAX, charset: Charset::Utf8 }
    }

    /// What a person with the pages in the hand puts together, written from the grammar of the text alone.
    fn joined_by_hand(
        pages: &[String],
        mark: Option<&str>,
        number: &str,
        trailer: Option<&str>,
    ) -> Result<String, String> {
        let n = pages.len();
        let mut bodies: Vec<&str> = Vec::new();
        for (i, page) in pages.iter().enumerate() {
            let mut rest: &str = page;
            if let Some(mark) = mark {
                rest = rest.strip_prefix(mark).and_then(|r| r.strip_prefix(' ')).ok_or("no mark in front")?;
                rest = rest.strip_suffix(mark).and_then(|r| r.strip_suffix(' ')).ok_or("no mark at the end")?;
            }
            rest = rest.strip_prefix(number).and_then(|r| r.strip_prefix(' ')).ok_or("no number")?;
            let (fingerprint, after) = rest.split_at_checked(7).ok_or("no fingerprint")?;
            if !fingerprint.ends_with(' ') || fingerprint.trim().len() != 6 {
                return Err(format!("no fingerprint: {fingerprint:?}"));
            }
            rest = after;
            if n > 1 {
                rest = rest.strip_prefix(&format!("{}/{n} ", i + 1)).ok_or(format!("no {}/{n} in {page:?}", i + 1))?;
            }
            if rest.ends_with(' ') {
                return Err(format!("a pager would trim {page:?}"));
            }
            bodies.push(rest);
        }
        let Some(trailer) = trailer else { return Ok(bodies.concat()) };
        // On pages of its own, or behind the text and the text's own mark.
        if let Some(own) = (1..n).find(|from| bodies[*from..].concat() == trailer) {
            return Ok(bodies[..own].concat());
        }
        let whole = bodies.concat();
        let before = whole.strip_suffix(trailer).and_then(|b| b.strip_suffix(' ')).ok_or("no trailer at the end")?;
        let text = match mark {
            Some(m) => before.strip_suffix(m).and_then(|r| r.strip_suffix(' ')).ok_or("text not marked")?,
            None => before,
        };
        Ok(text.to_owned())
    }

    #[test]
    fn one_page_has_no_number_of_its_own() {
        let out = outgoing("14-2", "LARM FS: Journalen ligger nere.", None);
        let f = out.fingerprint().unwrap();
        assert_eq!(
            pages(&out, Some("Ring 0980-319200"), &rules(80)).unwrap(),
            [format!("14-2 {f} LARM FS: Journalen ligger nere. Ring 0980-319200")]
        );
    }

    #[test]
    fn pages_are_cut_before_a_space() {
        let out = outgoing("Ö-3-1", "aaaa bbbb cccc dddd", Some("ÖVNING"));
        let f = out.fingerprint().unwrap();
        // ÖVNING Ö-3-1 ffffff k/n … ÖVNING takes 31 characters; 9 are left.
        assert_eq!(
            pages(&out, Some("JA Ö-3"), &rules(40)).unwrap(),
            [
                format!("ÖVNING Ö-3-1 {f} 1/4 aaaa bbbb ÖVNING"),
                format!("ÖVNING Ö-3-1 {f} 2/4  cccc ÖVNING"),
                format!("ÖVNING Ö-3-1 {f} 3/4  dddd ÖVNING"),
                format!("ÖVNING Ö-3-1 {f} 4/4 JA Ö-3 ÖVNING"),
            ]
        );
    }

    #[test]
    fn a_trailer_that_lists_many_duties_takes_pages_of_its_own() {
        let out = outgoing("14-2", "LARM FS: Journalen är nere.", None);
        let f = out.fingerprint().unwrap();
        let trailer = "Du svarar nu för: ledning intensivvård, operationskoordinator Ring 0980-319258 och säg 14";
        assert_eq!(
            pages(&out, Some(trailer), &rules(60)).unwrap(),
            [
                format!("14-2 {f} 1/4 LARM FS: Journalen är nere."),
                format!("14-2 {f} 2/4 Du svarar nu för: ledning intensivvård,"),
                format!("14-2 {f} 3/4  operationskoordinator Ring 0980-319258 och"),
                format!("14-2 {f} 4/4  säg 14"),
            ]
        );
    }

    #[test]
    fn a_long_word_is_cut_inside_and_a_letter_keeps_its_marks() {
        assert_eq!(split("abcdefghij", 4), Some(("abcd", "efghij")));
        assert_eq!(split("ab cdefghij", 8), Some(("ab cdefg", "hij")), "the only space is out of reach");
        assert_eq!(split("abcdef ghij", 7), Some(("abcdef", " ghij")));
        assert_eq!(split("abcdef ghij", 6), Some(("abcdef", " ghij")));
        assert_eq!(split("abx\u{336}cd", 3), Some(("ab", "x\u{336}cd")));
        assert_eq!(split("a b", 2), Some(("a", " b")), "never ends with a space");
        assert_eq!(split(" b", 1), None, "no room for a space and a letter");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let out = outgoing("14-2", "Å i åa ä e ö, och det är en lång historia som fortsätter", None);
        let ascii = PageRules { charset: Charset::Ascii7, ..rules(80) };
        assert_eq!(fit(&out, None, &ascii), Err(DoesNotFit::Lacks('Å')));
        let two = PageRules { pages_max: 2, ..rules(40) };
        assert_eq!(
            fit(&out, None, &two),
            Err(DoesNotFit::TooLong { needs: 3, max: 2, unit: "pages".into() }),
            "{:?}",
            pages(&out, None, &rules(40))
        );
        assert_eq!(fit(&out, None, &rules(12)), Err(DoesNotFit::NoRoom));
        assert_eq!(fit(&out, None, &rules(0)), Err(DoesNotFit::NoRoom));
        let trailer = "Du svarar nu för: IVA, akuten, växeln. Ring 0980-319200 och säg 14";
        let short = PageRules { pages_max: 5, ..rules(40) };
        let too_long = DoesNotFit::TooLong { needs: 6, max: 5, unit: "pages".into() };
        assert_eq!(fit(&out, Some(trailer), &short), Err(too_long));
        assert_eq!(fit(&out, None, &rules(80)), Ok(Fit { pages: 1, chars_longest: 68 }));
    }

    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            4 => "[a-zåäö0-9.:,]{1,12}",
            1 => "[A-ZÅÄÖ-]{20,60}",
            1 => "[a€ß漢字😀]{1,8}",
        ];
        proptest::collection::vec(word, 1..120).prop_map(|words| words.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pages_joined_by_hand_are_the_text(
            text in text(),
            drill in any::<bool>(),
            trailer in proptest::option::of("[A-Z]{2} [0-9]{1,3}|[A-Z]{2}( [a-z]{1,11}){4,30}"),
            chars_max in 40u32..200,
        ) {
            let mark = drill.then_some("ÖVNING");
            let number = if drill { "Ö-3-1" } else { "14-2" };
            prop_assume!(Canonical::new(&text).is_ok());
            let out = outgoing(number, &text, mark);
            let pages = pages(&out, trailer.as_deref(), &rules(chars_max)).unwrap();
            for page in &pages {
                prop_assert!(page.chars().count() <= chars_max as usize, "{page:?}");
            }
            prop_assert_eq!(joined_by_hand(&pages, mark, number, trailer.as_deref()), Ok(text));
            let fit = fit(&out, trailer.as_deref(), &rules(chars_max)).unwrap();
            prop_assert_eq!(fit.pages as usize, pages.len());
        }

        #[test]
        fn no_limits_make_it_panic(text in text(), chars_max in 0u32..60, pages_max in 0u32..2000) {
            prop_assume!(Canonical::new(&text).is_ok());
            let out = outgoing("14-2", &text, None);
            let rules = PageRules { chars_max, pages_max, charset: Charset::Utf8 };
            let _ = fit(&out, Some("JA 14"), &rules);
        }
    }
}
