//! The number of a fax machine, as both ways to one want it.

/// The number to dial: digits, `*`, `#`, and a leading `+`. Spaces and signs that people write for reading are left out;
/// anything else is not a number, and never reaches the server.
pub fn dial_string(address: &str, international_prefix: Option<&str>) -> Option<String> {
    let mut dialled = String::new();
    for (at, c) in address.trim_matches(' ').char_indices() {
        match c {
            '0'..='9' | '*' | '#' => dialled.push(c),
            '+' if at == 0 => dialled.push_str(international_prefix.unwrap_or("+")),
            ' ' | '-' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    let digits = dialled.bytes().filter(u8::is_ascii_digit).count();
    ((2..=24).contains(&digits)).then_some(dialled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_numbers_are_dialled() {
        let dial = |a| dial_string(a, None);
        assert_eq!(dial("+46 (0)980-319 200").as_deref(), Some("+460980319200"));
        assert_eq!(dial_string("+46980319200", Some("00")).as_deref(), Some("0046980319200"));
        assert_eq!(dial_string("+46980319200", Some("")).as_deref(), Some("46980319200"));
        for bad in ["", "+", "x", "1", "070\"\r\nJKILL 5", "070\r\n", "0980@319", "00+46", &"1".repeat(40)] {
            assert_eq!(dial(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_dialled_is_a_number(address in "\\PC{0,30}") {
            if let Some(dialled) = dial_string(&address, None) {
                prop_assert!(dialled.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c)));
            }
        }
    }
}
