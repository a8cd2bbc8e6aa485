//! Telephone numbers as people write them. A number that is read wrongly reaches nobody, or somebody else: what is not plain is
//! refused with what to write.

/// The most digits of a telephone number (E.164), and the fewest that we believe.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Countries whose numbers never begin with 0 behind the country code: a 0 there is the one that is dialled at home.
const NO_ZERO_BEHIND: [&str; 17] =
    ["46", "47", "45", "358", "354", "298", "299", "49", "44", "353", "31", "32", "33", "41", "43", "48", "1"];

/// The number with its country code, without the spaces and signs that people write for reading: `+46 (0)70-174 06 05` is
/// `+46701740605`, since what stands in (0) is left out from abroad.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn international(text: &str) -> Result<String, (String, String)> {
    let usual = || "write it as \"+46701740605\", in quotes".to_owned();
    if let Some(c) = text.chars().find(|c| !c.is_ascii()) {
        let what = match c {
            _ if c.is_numeric() => "a digit of another script",
            _ if c.is_whitespace() => "a space of another kind",
            '\u{2010}'..='\u{2015}' | '\u{2212}' => "a dash of another kind",
            _ => "no part of a number",
        };
        let why = format!("holds “{c}” (U+{:04X}), {what}", u32::from(c));
        return Err((why, "write it by hand: +, the digits 0 to 9, plain spaces and hyphens".into()));
    }
    let plain = plain(text);
    if let Some(rest) = plain.strip_prefix("00") {
        return Err(("begins with 00".into(), format!("write +{rest}, in quotes")));
    }
    let Some(digits) = plain.strip_prefix('+') else {
        return Err(("is not a telephone number with its country code".into(), usual()));
    };
    if !DIGITS.contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) || digits.starts_with('0') {
        return Err(("is not a telephone number with its country code".into(), usual()));
    }
    if let Some((code, rest)) =
        NO_ZERO_BEHIND.iter().find_map(|code| Some((code, digits.strip_prefix(code)?.strip_prefix('0')?)))
    {
        let why = format!("has the 0 of calls at home behind +{code}");
        return Err((why, format!("leave the 0 out: \"+{code}{rest}\"")));
    }
    Ok(plain)
}

/// One way of writing a number: without spaces, hyphens and brackets, and without a (0) behind the country code.
pub fn plain(text: &str) -> String {
    let without = if text.trim_start().starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    without.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '/' | '.')).collect()
}

/// Whether people could dial it: digits, with a + before them, spaces and hyphens.
pub fn is_dialled(text: &str, digits: std::ops::RangeInclusive<usize>) -> bool {
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    digits.contains(&count)
        && text.char_indices().all(|(at, c)| c.is_ascii_digit() || matches!(c, ' ' | '-') || c == '+' && at == 0)
        && text.trim() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for good in [
            "+46701740605",
            "+46 70-174 06 05",
            "+46 (70) 174 06 05",
            "+46 (0)70-174 06 05",
            "+46(0)701740605",
            "+46 (0) 70 174 06 05",
            "+46 70/174.06.05",
        ] {
            assert_eq!(international(good).as_deref(), Ok("+46701740605"), "{good}");
        }
        // Where a 0 is part of the number.
        assert_eq!(international("+39 06 1234 5678").as_deref(), Ok("+390612345678"));
        for (bad, why, help) in [
            ("+460701740605", "the 0 of calls at home", "\"+46701740605\""),
            ("+46 070-174 06 05", "the 0 of calls at home", "\"+46701740605\""),
            ("0046701740605", "begins with 00", "+46701740605"),
            ("00 46 70 174 06 05", "begins with 00", "+46701740605"),
            ("0701740605", "country code", "+46"),
            ("+4698", "country code", "+46"),
            ("+0701740605", "country code", "+46"),
            ("+46\u{a0}70 174 06 05", "U+00A0", "by hand"),
            ("+46 70\u{2011}174 06 05", "U+2011", "by hand"),
            ("+４６701740605", "U+FF14", "by hand"),
            ("+46 70 174 06 05 anknytning 2", "country code", "+46"),
            ("+46701740605,+46701740606", "country code", "+46"),
            ("+4670174060512345", "country code", "+46"),
            ("tel:+46701740605", "country code", "+46"),
            ("", "country code", "+46"),
        ] {
            let (said, do_this) = international(bad).expect_err(bad);
            assert!(said.contains(why) && do_this.contains(help), "{bad}: {said}, {do_this}");
        }
    }

    #[test]
    fn numbers_to_be_dialled() {
        for good in ["1177", "112", "0980-319 240", "+46 980 319 240"] {
            assert!(is_dialled(good, 2..=15), "{good}");
        }
        for bad in ["", "ring 1177", "1177 ", "08+5", "０８", "1"] {
            assert!(!is_dialled(bad, 2..=15), "{bad}");
        }
    }
}
