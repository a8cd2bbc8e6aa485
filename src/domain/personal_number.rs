//! Finds the numbers by which Nordic registers know a person, so that none gets into a text that many read and a journal that
//! nobody can alter. With their dates and check digits: a telephone number is seldom one.
//!
//! Sources: Skatteverket SKV 704 (personnummer, samordningsnummer), CPR-kontoret “Personnummeret i CPR”, Skatteetaten
//! “Fødselsnummer”, Digi- ja väestötietovirasto “The personal identity code”.

use std::ops::Range;

/// Whose register knows the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    Sweden,
    Denmark,
    Norway,
    Finland,
}

impl Register {
    /// What the number is called there.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sweden => "personnummer",
            Self::Denmark => "CPR-nummer",
            Self::Norway => "fødselsnummer",
            Self::Finland => "HETU",
        }
    }
}

/// A number that looks like a person's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub register: Register,
    /// Its characters in the text, counted from 1.
    pub chars: Range<usize>,
}

/// The first such number in a text.
pub fn find(text: &str) -> Option<Found> {
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).filter(|at| begins(&chars, *at)).find_map(|at| {
        let (register, length) = number(&chars[at..])?;
        Some(Found { register, chars: at + 1..at + 1 + length })
    })
}

/// A digit that continues nothing: neither a word, nor a longer number, nor `+46…`.
fn begins(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|i| chars[i]);
    chars[at].is_ascii_digit() && before.is_none_or(|c| !c.is_alphanumeric() && c != '+')
}

/// The number that stands there, and how many characters it has.
fn number(chars: &[char]) -> Option<(Register, usize)> {
    let first = digits(chars);
    let separator = chars.get(first.len()).copied();
    let rest = chars.get(first.len() + 1..).unwrap_or_default();
    let second = digits(rest);
    let joined = || [&first[..], &second[..]].concat();
    let whole = first.len() + 1 + second.len();
    let after = |length: usize| chars.get(length).is_none_or(|c| !c.is_alphanumeric());
    let dash = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2013}' | ' ' | '\u{a0}');
    match (first.len(), separator, second.len()) {
        (6, Some(s), 3) if after(whole + 1) => {
            let check = rest.get(3)?;
            (is_finnish_sign(s) && is_finnish(&joined(), *check)).then_some((Register::Finland, whole + 1))
        }
        (6 | 8, Some(s), 4) if after(whole) && (dash(s) || s == '+') => {
            let all = joined();
            let ten = &all[all.len() - 10..];
            if is_swedish(ten, true) {
                return Some((Register::Sweden, whole));
            }
            // Since 2007 Denmark gives numbers without a check digit: the date and the dash are all there is.
            (all.len() == 10 && dash(s) && s != ' ' && is_date(ten[0..2].into(), &ten[2..4]))
                .then_some((Register::Denmark, whole))
        }
        (6, Some(s), 5) if after(whole) && dash(s) => is_norwegian(&joined()).then_some((Register::Norway, whole)),
        (10, ..) if after(10) => match &first[..] {
            // Nothing but the check digit tells it from a telephone number: only with a day that a month has.
            ten if is_swedish(ten, false) => Some((Register::Sweden, 10)),
            ten if is_date(ten[0..2].into(), &ten[2..4]) && is_danish(ten) => Some((Register::Denmark, 10)),
            _ => None,
        },
        (11, ..) if after(11) => is_norwegian(&first).then_some((Register::Norway, 11)),
        (12, ..) if after(12) => {
            let century = matches!(first[0..2], [1, 8 | 9] | [2, 0]);
            (century && is_swedish(&first[2..], true)).then_some((Register::Sweden, 12))
        }
        _ => None,
    }
}

fn digits(chars: &[char]) -> Vec<u32> {
    chars.iter().map_while(|c| c.to_digit(10)).collect()
}

fn two(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |n, d| n * 10 + d)
}

/// A day as two digits.
struct Day(u32);
impl From<&[u32]> for Day {
    fn from(digits: &[u32]) -> Self {
        Self(two(digits))
    }
}

/// Whether any year has that day.
fn is_date(day: Day, month: &[u32]) -> bool {
    let days = match two(month) {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day.0)
}

/// YYMMDDNNNC with the check digit of Luhn; a coordination number has 60 more as its day.
fn is_swedish(ten: &[u32], coordination_too: bool) -> bool {
    let day = two(&ten[4..6]);
    let day = if coordination_too && day > 60 { day - 60 } else { day };
    let sum: u32 = ten
        .iter()
        .enumerate()
        .map(|(i, d)| match d * (2 - i as u32 % 2) {
            n if n > 9 => n - 9,
            n => n,
        })
        .sum();
    is_date(Day(day), &ten[2..4]) && sum.is_multiple_of(10)
}

fn weighed(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// DDMMYYNNNC, modulus 11.
fn is_danish(ten: &[u32]) -> bool {
    weighed(ten, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// DDMMYYNNNCC, two check digits modulus 11; a D-number has 40 more as its day, an H-number 40 more as its month.
fn is_norwegian(eleven: &[u32]) -> bool {
    let (day, month) = (two(&eleven[0..2]), two(&eleven[2..4]));
    let day = if day > 40 { day - 40 } else { day };
    let month = if month > 40 { month - 40 } else { month };
    is_date(Day(day), &[month / 10, month % 10])
        && weighed(eleven, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighed(eleven, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Which sign tells the century (since 2023 there are more of them).
fn is_finnish_sign(sign: char) -> bool {
    matches!(sign, '+' | '-' | 'A'..='F' | 'U'..='Y')
}

/// DDMMYY, sign, NNN, and the check character.
fn is_finnish(nine: &[u32], check: char) -> bool {
    const CHECKS: &[u8] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let number = nine.iter().fold(0, |n, d| n * 10 + d);
    is_date(nine[0..2].into(), &nine[2..4])
        && CHECKS.get(number as usize % 31).is_some_and(|c| char::from(*c) == check.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that the registers publish as examples, or that are in no register: of test ranges.
    #[test]
    fn numbers_of_four_registers_are_found_with_their_place() {
        for (text, register, chars) in [
            ("811228-9874", Register::Sweden, 1..12),
            ("19811228-9874", Register::Sweden, 1..14),
            ("198112289874", Register::Sweden, 1..13),
            ("8112289874", Register::Sweden, 1..11),
            ("811228+9874", Register::Sweden, 1..12),
            ("811228\u{2013}9874", Register::Sweden, 1..12),
            ("Patient 811228-9874 söker", Register::Sweden, 9..20),
            ("(811228 9874)", Register::Sweden, 2..13),
            ("701063-2391", Register::Sweden, 1..12),
            ("åäö: 131052-308T.", Register::Finland, 6..17),
            ("131052A308T", Register::Finland, 1..12),
            ("311299-7007", Register::Denmark, 1..12),
            ("3112997007", Register::Denmark, 1..11),
            ("010165-1234", Register::Denmark, 1..12),
            ("01010750160", Register::Norway, 1..12),
            ("010107 50160", Register::Norway, 1..13),
            ("41010750154", Register::Norway, 1..12),
        ] {
            assert_eq!(find(text), Some(Found { register, chars }), "{text}");
        }
    }

    #[test]
    fn what_is_no_person_s_number_is_let_through() {
        for text in [
            "",
            "070-174 06 05",
            "+46701740605",
            "0701740605",
            "08-123 456 78",
            "811228-9875",
            "811328-9874",
            "8112289875",
            "131052-308U",
            "01010750161",
            "14-2 ERDA7H",
            "INC0012345678",
            "2026-11-29 18.49",
            "a811228-9874",
            "811228-9874b",
            "11811228-98741",
            "20261129",
            "1177",
            "ticket 4711-811228",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
