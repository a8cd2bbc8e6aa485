//! Signs that nobody sees in an editor and that change what others see: control characters, and those that turn the direction
//! of writing around. They have no business in a configuration, in its comments neither: a text would read differently on a
//! screen, in a terminal and on paper.

/// What stands behind a value, and never shows: the terminal's escape, the marks of direction, the separators of lines.
pub fn is_hidden(c: char) -> bool {
    let breaks = matches!(c, '\n' | '\t');
    c.is_control() && !breaks
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `U+202E, which turns the direction of writing`.
pub fn said(c: char) -> String {
    let what = match c {
        '\0' => "a null character",
        '\r' => "a carriage return, half of a line end",
        '\u{1b}' => "the escape character, which commands a terminal",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "which turns the direction of writing"
        }
        '\u{85}' | '\u{2028}' | '\u{2029}' => "a line end that editors do not show",
        '\u{feff}' => "the mark of a file's beginning, in its middle",
        _ => "a control character",
    };
    format!("U+{:04X}, {what}", u32::from(c))
}

/// Each of them, with its line and its column, both from 1. Line ends of Windows are line ends.
pub fn hidden(text: &str) -> impl Iterator<Item = (usize, usize, char)> + '_ {
    let (mut line, mut column) = (1, 0);
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        while let Some(c) = chars.next() {
            if c == '\n' {
                (line, column) = (line + 1, 0);
                continue;
            }
            column += 1;
            if is_hidden(c) && !(c == '\r' && chars.peek() == Some(&'\n')) {
                return Some((line, column, c));
            }
        }
        None
    })
}

/// The same text with `·` for each of them.
pub fn without(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { '·' } else { c }).collect()
}

/// The same text on one line, with `·` where something would be done to the terminal that shows it.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) || c.is_control() { '·' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_found_where_it_stands() {
        for (text, expected) in [
            ("a: å\r\nb: 2\n", None),
            ("a:\t1 # ok\n", None),
            ("a: 1\nå: \u{1b}[2J\n", Some((2, 4, '\u{1b}'))),
            ("# \u{202e}\n", Some((1, 3, '\u{202e}'))),
            ("a: 1\rb: 2\n", Some((1, 5, '\r'))),
            ("a: x\u{85}y\n", Some((1, 5, '\u{85}'))),
            ("a: x\u{2028}y\n", Some((1, 5, '\u{2028}'))),
            ("a: x\u{feff}\n", Some((1, 5, '\u{feff}'))),
            ("a: \u{0}\n", Some((1, 4, '\0'))),
            ("a: 1\r\r\n", Some((1, 5, '\r'))),
        ] {
            assert_eq!(hidden(text).next(), expected, "{text:?}");
        }
        for c in (0..=0x9f_u8).map(char::from).chain("\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{2029}".chars())
        {
            let plain = matches!(c, '\n' | '\t' | ' '..='~');
            assert_eq!(is_hidden(c), !plain, "{}", said(c));
            assert!(plain || !visible(&c.to_string()).contains(c));
        }
    }
}
