//! What a person wrote in HTML, as lines, without the mail that it answers. Enough for what mail programs write: comments and
//! conditions, attributes with `>` in them, blocks that end a line, characters by name and number, and where each program puts
//! the mail that was answered. In time that grows with the length. No IO.

/// Elements within each other whose end is waited for.
const OPEN_MAX: usize = 200;
/// Characters of the name of an element.
const NAME_CHARS_MAX: usize = 20;
/// Bytes of one tag within which its end is looked for.
const TAG_BYTES_MAX: usize = 8 * 1024;
/// Characters of the name of a character (`&CounterClockwiseContourIntegral;` is of nobody's mail).
const ENTITY_CHARS_MAX: usize = 10;

/// What of an element is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As it stands.
    Yes,
    /// Nothing, up to its end.
    No,
    /// Nothing up to the quotation within it: who wrote it and when. What stands between and behind its quotations is an answer.
    Between,
    /// Nothing from here to the end of the mail.
    Never,
}

/// Where mail programs put the mail that is answered: an attribute of an element, and what that means.
const QUOTED: &[(&str, &str, Shown)] = &[
    // Gmail
    ("class", "gmail_quote", Shown::Between),
    ("class", "gmail_attr", Shown::No),
    ("class", "gmail_signature", Shown::No),
    // Outlook on the web, for Windows, for Mac, on phones
    ("id", "divrplyfwdmsg", Shown::Never),
    ("id", "appendonsend", Shown::Never),
    ("id", "olk_src_body_section", Shown::Never),
    ("id", "mail-editor-reference-message-container", Shown::Never),
    ("id", "ms-outlook-mobile-signature", Shown::No),
    // Yahoo, Thunderbird, Zimbra, Proton, GMX, Zoho, Apple
    ("class", "yahoo_quoted", Shown::No),
    ("class", "moz-cite-prefix", Shown::No),
    ("class", "moz-signature", Shown::No),
    ("data-marker", "__quoted_text__", Shown::Never),
    ("class", "protonmail_quote", Shown::No),
    ("name", "quote", Shown::No),
    ("class", "zmail_extra", Shown::No),
    ("class", "applemailsignature", Shown::No),
];

/// The lines of an HTML text that are its writer's own; a lone `>` stands where a quotation stood.
pub(super) fn own_lines(html: &str) -> String {
    let mut reader = Reader::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        reader.text(&rest[..at]);
        rest = &rest[at..];
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            // A comment may hold tags and `>`; conditional ones hide what is for Outlook alone.
            comment.find("-->").map_or("", |end| &comment[end + 3..])
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)) {
            let (tag, after) = tag(rest);
            match reader.tag(tag) {
                Some(name) => skipped(after, name),
                None => after,
            }
        } else {
            reader.text("<");
            &rest[1..]
        };
        if reader.ended {
            break;
        }
    }
    if !reader.ended {
        reader.text(rest);
    }
    reader.out
}

#[derive(Default)]
struct Reader {
    out: String,
    /// Elements whose end changes what is shown, with how deep they are within elements of their own name.
    open: Vec<(String, u32, Shown)>,
    /// The mail that is answered began, for good.
    ended: bool,
}

impl Reader {
    fn text(&mut self, text: &str) {
        if self.open.iter().any(|(.., shown)| *shown != Shown::Yes) {
            return;
        }
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                '&' => {
                    let (character, len) = character(rest);
                    self.out.push(character);
                    len
                }
                // A line's end in the source is a space to its reader.
                c if c.is_whitespace() && c != '\u{a0}' => {
                    if !self.out.ends_with([' ', '\n']) {
                        self.out.push(' ');
                    }
                    c.len_utf8()
                }
                c => {
                    self.out.push(c);
                    c.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
    }

    /// Reads a tag; the name of an element whose text is for nobody, if it is one.
    fn tag(&mut self, tag: &str) -> Option<&'static str> {
        let ends = tag.starts_with('/');
        let tag = tag.trim_start_matches('/');
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).take(NAME_CHARS_MAX).collect();
        let name = name.to_ascii_lowercase();
        if ["br", "p", "div", "tr", "li", "table", "hr", "blockquote", "h1", "h2", "h3", "pre"].contains(&name.as_str())
        {
            self.out.push('\n');
        }
        let hidden = ["head", "style", "script", "title", "template", "noscript"].iter().find(|n| **n == name);
        if let (Some(name), false) = (hidden, ends) {
            return Some(name);
        }
        if ends {
            self.end(&name);
        } else if !tag.ends_with('/') && !["br", "hr", "img", "input", "meta", "link"].contains(&name.as_str()) {
            self.begin(name, tag);
        }
        None
    }

    fn begin(&mut self, name: String, tag: &str) {
        for (open, depth, shown) in &mut self.open {
            if *open == name {
                *depth = depth.saturating_add(1);
            }
            // What stands behind the first quotation is between two, or an answer below.
            if *shown == Shown::Between && name == "blockquote" {
                *shown = Shown::Yes;
            }
        }
        let shown = if name == "blockquote" { Shown::No } else { shown_of(tag) };
        if name == "blockquote" && self.open.iter().all(|(.., shown)| *shown == Shown::Yes) {
            self.out.push_str(">\n");
        }
        match shown {
            Shown::Yes => {}
            Shown::Never => self.ended = true,
            shown if self.open.len() < OPEN_MAX => self.open.push((name, 0, shown)),
            // Nobody quotes so deep.
            _ => self.ended = true,
        }
    }

    fn end(&mut self, name: &str) {
        for (open, depth, _) in &mut self.open {
            if open == name && *depth > 0 {
                *depth -= 1;
            } else if open == name {
                open.clear();
            }
        }
        self.open.retain(|(open, ..)| !open.is_empty());
    }
}

/// What of the element with that tag is shown.
fn shown_of(tag: &str) -> Shown {
    let lower = tag.to_ascii_lowercase();
    if !["id", "class", "name", "data-marker"].iter().any(|a| lower.contains(a)) {
        return Shown::Yes;
    }
    let is = |(name, value, _): &&(&str, &str, Shown)| {
        let mut from = 0;
        while let Some(at) = lower[from..].find(name).map(|at| from + at) {
            from = at + name.len();
            let whole = lower[..at].ends_with(|c: char| c.is_whitespace() || c == '"' || c == '\'');
            let Some(given) = lower[from..].trim_start().strip_prefix('=').filter(|_| whole) else { continue };
            let given = given.trim_start();
            let given = match given.chars().next() {
                Some(quote @ ('"' | '\'')) => given[1..].split(quote).next().unwrap_or_default(),
                _ => given.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default(),
            };
            // Outlook puts `x_` before the names in what it carries on.
            if given.split_whitespace().any(|word| word.trim_start_matches("x_") == *value) {
                return true;
            }
        }
        false
    };
    QUOTED.iter().find(is).map_or(Shown::Yes, |(.., shown)| *shown)
}

/// A tag without its brackets, and what follows it. A `>` within an attribute's quotes does not end it.
fn tag(html: &str) -> (&str, &str) {
    let mut quote = None;
    let mut assigned = false;
    let begin = &html[..html.floor_char_boundary(TAG_BYTES_MAX)];
    for (at, c) in begin.char_indices().skip(1) {
        match (quote, c) {
            (None, '>') => return (&html[1..at], &html[at + 1..]),
            (None, '"' | '\'') if assigned => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
        assigned = c == '=' || (assigned && c.is_whitespace());
    }
    // A quote that never ends: the first `>` is the end after all. A tag without any end is the end of the mail.
    match begin.find('>') {
        Some(at) => (&html[1..at], &html[at + 1..]),
        None => ("", ""),
    }
}

/// What follows the end of an element whose text is for nobody.
fn skipped<'h>(html: &'h str, name: &str) -> &'h str {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        let after = &rest[at + 2..];
        if after.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
            return after.find('>').map_or("", |end| &after[end + 1..]);
        }
        rest = after;
    }
    ""
}

/// The character that `&…;` is, and how many bytes it takes; `&` alone for what is none.
fn character(text: &str) -> (char, usize) {
    let end = text.char_indices().skip(1).take(ENTITY_CHARS_MAX).find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '#');
    let Some((end, last)) = end else { return ('&', 1) };
    let name = &text[1..end];
    let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => n.parse().ok(),
    });
    let found = match (number, name) {
        // Programs that count as Windows does: 0x80 to 0x9f are no characters elsewhere.
        (Some(0x91 | 0x92), _) => Some('’'),
        (Some(0x93 | 0x94), _) => Some('”'),
        (Some(0x96 | 0x97), _) => Some('–'),
        (Some(n), _) => char::from_u32(n).filter(|c| !c.is_control() || c.is_whitespace()),
        (None, name) => NAMES.iter().find(|(n, _)| *n == name).map(|(_, c)| *c),
    };
    match found {
        Some(c) => (c, end + usize::from(last == ';')),
        None => ('&', 1),
    }
}

/// Characters by name: those of the languages of the north, and of typography.
const NAMES: &[(&str, char)] = &[
    ("nbsp", '\u{a0}'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("aring", 'å'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("Aring", 'Å'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("aelig", 'æ'),
    ("oslash", 'ø'),
    ("AElig", 'Æ'),
    ("Oslash", 'Ø'),
    ("eacute", 'é'),
    ("Eacute", 'É'),
    ("egrave", 'è'),
    ("agrave", 'à'),
    ("uuml", 'ü'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("eth", 'ð'),
    ("thorn", 'þ'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("euro", '€'),
    ("sect", '§'),
    ("shy", '\u{ad}'),
    ("zwnj", '\u{200c}'),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(html: &str, expected: &[&str]) {
        let text = own_lines(html);
        let lines: Vec<String> = text
            .lines()
            .map(|l| l.replace('\u{a0}', " ").trim().to_owned())
            .filter(|l| !["", ">"].contains(&l.as_str()))
            .collect();
        assert_eq!(lines, expected, "{html}");
    }

    #[test]
    fn trial_i5_html_is_read_as_its_reader_sees_it() {
        check("<div>JA&nbsp;14</div>", &["JA 14"]);
        check("<!-- a > b --><p>JA 14", &["JA 14"]);
        check("<!--[if mso]><p>nej</p><![endif]--><![if !mso]><p>JA 14</p><![endif]>", &["JA 14"]);
        check("<html><head><title>x</title><style>p { a: '>' }</style></head><body><p>JA 14</p>", &["JA 14"]);
        check("<SCRIPT>if (a < b) nej</Script >JA 14", &["JA 14"]);
        check("<img alt=\"a > b\" src='>'>JA 14", &["JA 14"]);
        check("<p title=don't>JA 14</p>", &["JA 14"]);
        check(
            "J&aring; &Aring;&#229;&#xE5;&AMP;&amp;&oslash;&nbsp&#8217;&#146; &unknown; & &",
            &["Jå Ååå&AMP;&ø ’’ &unknown; & &"],
        );
        check("1 < 2 <b>JA</b>\n   14<br>tack", &["1 < 2 JA 14", "tack"]);
        check("<table><tr><td>[EXTERN]</td></tr></table><p>JA 14</p>", &["[EXTERN]", "JA 14"]);
    }

    #[test]
    fn trial_i5_what_is_answered_is_not_read() {
        check(
            "<p>JA 14</p><blockquote><p>nej</p><blockquote>x</blockquote>y</blockquote><p>Anna</p>",
            &["JA 14", "Anna"],
        );
        let gmail = "<div class=\"gmail_quote gmail_quote_container\"><div dir=ltr class=gmail_attr>Den … skrev:<br></div>\
            <blockquote class=\"gmail_quote\" style=\"margin:0\"><div>Svara NEJ 14</div></blockquote></div>";
        check(&format!("<div dir=ltr>JA 14</div><br>{gmail}"), &["JA 14"]);
        check(&format!("{gmail}<div>JA 14</div>"), &["JA 14"]);
        check(
            "<div class=gmail_quote>Den … skrev:<div><blockquote>nej</blockquote></div><div>JA 14</div></div>",
            &["JA 14"],
        );
        for outlook in [
            "<hr><div id=\"divRplyFwdMsg\" dir=ltr>Från: …</div>",
            "<div id='x_divRplyFwdMsg'>Från: …</div>",
            "<div id=appendonsend></div>",
            "<div id=\"mail-editor-reference-message-container\"><div>",
            "<span id=\"OLK_SRC_BODY_SECTION\">",
        ] {
            check(&format!("<p>JA 14</p>{outlook}<p>Svara NEJ 14</p>"), &["JA 14"]);
        }
        check(
            "<div class=\"moz-cite-prefix\">Den … skrev:</div><blockquote type=cite>x</blockquote><p>JA 14</p>",
            &["JA 14"],
        );
        check("<p data-class=\"gmail_quote\">JA 14</p><p class=no id=divs>tack</p>", &["JA 14", "tack"]);
    }

    #[test]
    fn what_never_ends_costs_no_more_than_its_length() {
        let began = std::time::Instant::now();
        for piece in [
            "<",
            "<a ",
            "<!--",
            "<style>",
            "<blockquote>",
            "<div class=gmail_quote>",
            "</div>",
            "&#",
            "<a b=\"",
            "<p id=",
            "<head></",
        ] {
            let html = piece.repeat(10_000);
            let _ = own_lines(&html);
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_html_makes_it_panic(html in "(\\PC|[<>&;/\"'=\n#x]|<div|<blockquote>|</|<!--|-->|class=gmail_quote|&#x?[0-9]){0,60}") {
            let _ = own_lines(&html);
        }
    }
}
