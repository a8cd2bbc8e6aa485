//! Lines of a calendar (RFC 5545, section 3.1) and the parts that they make: what stands between a BEGIN and its END. What turns
//! hang on is kept, and what looks as if it should have been that is a mistake; all else is read over.
//!
//! Must not: know what a property means.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Mistakes;
use crate::yaml::diagnostics::nearest;

/// Properties that turns hang on.
const READ: [&str; 21] = [
    "UID",
    "SEQUENCE",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "EXRULE",
    "STATUS",
    "SUMMARY",
    "DTSTAMP",
    "CALSCALE",
    "METHOD",
    "X-WR-TIMEZONE",
    "TZID",
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "BEGIN",
    "END",
];
/// Other properties of an event that are known, some of them near to those above.
const KNOWN: [&str; 33] = [
    "ACTION",
    "ATTACH",
    "ATTENDEE",
    "CATEGORIES",
    "CLASS",
    "COLOR",
    "COMMENT",
    "CONFERENCE",
    "CONTACT",
    "CREATED",
    "DESCRIPTION",
    "GEO",
    "IMAGE",
    "LAST-MODIFIED",
    "LOCATION",
    "NAME",
    "ORGANIZER",
    "PRIORITY",
    "RELATED-TO",
    "REQUEST-STATUS",
    "RESOURCES",
    "SOURCE",
    "URL",
    "LINK",
    "REFID",
    "CONCEPT",
    "STYLED-DESCRIPTION",
    "STRUCTURED-DATA",
    "PARTICIPANT-TYPE",
    "TRIGGER",
    "DUE",
    "TZNAME",
    "TRANSP",
];
/// Parts that turns hang on.
const PARTS: [&str; 5] = ["VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"];
/// Parts of one file that are kept.
pub const PARTS_MAX: usize = 10_000;

/// Names of properties that mean nothing, of one file, which are held against those that do.
pub const STRANGE_MAX: usize = 1_000;
/// The longest of those names.
const NAME_LEN_MAX: usize = 32;

/// How deep parts of a calendar lie within each other: a calendar, an event, its alarm and a little more.
pub const DEPTH_MAX: usize = 8;

/// A property, `NAME;PARAM=…:VALUE`.
#[derive(Clone, Debug)]
pub struct Property {
    /// The line on which it begins.
    pub line: u32,
    /// In capitals.
    pub name: String,
    /// Names in capitals, values without their quotes.
    params: Vec<(String, String)>,
    pub value: String,
}

impl Property {
    /// A parameter's value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A part: `VCALENDAR`, `VEVENT`, …
#[derive(Clone, Debug)]
pub struct Part {
    /// The line of its BEGIN.
    pub line: u32,
    /// In capitals.
    pub name: String,
    pub properties: Vec<Property>,
    pub parts: Vec<Part>,
}

impl Part {
    /// The properties of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |p| p.name == name)
    }
    /// The only property of that name; a second one is a mistake.
    pub fn one<'a>(&'a self, name: &'a str, mistakes: &mut Mistakes) -> Option<&'a Property> {
        let mut all = self.all(name);
        let first = all.next()?;
        if let Some(second) = all.next() {
            mistakes.add(second.line, format!("{name} stands here a second time: leave one of them"));
        }
        Some(first)
    }
}

/// What is read of a file, so far.
#[derive(Default)]
struct Reader {
    calendars: Vec<Part>,
    open: Vec<Part>,
    parts: usize,
    /// Names of properties that mean nothing here, which were judged.
    strange: HashSet<String>,
}

/// The calendars of a file. Where there are mistakes the file is not used.
pub fn calendars(text: &str, mistakes: &mut Mistakes) -> Vec<Part> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::default();
    let mut lines = (1u32..).zip(text.lines()).peekable();
    while let Some((line, first)) = lines.next() {
        let mut whole = Cow::Borrowed(first.trim_end_matches('\r'));
        while let Some((_, more)) = lines.next_if(|(_, l)| l.starts_with([' ', '\t'])) {
            whole.to_mut().push_str(more[1..].trim_end_matches('\r'));
        }
        if !whole.trim().is_empty() && !reader.take(line, &whole, mistakes) {
            return reader.calendars;
        }
    }
    if let Some(part) = reader.open.last() {
        mistakes.add(part.line, format!("{} has no END: the file is cut off; export it once more", part.name));
    } else if reader.calendars.is_empty() && mistakes.is_empty() {
        mistakes.add(0, NO_CALENDAR);
    }
    reader.calendars
}

const NO_CALENDAR: &str = "this is not a calendar: BEGIN:VCALENDAR";

impl Reader {
    /// Takes a line; `false`: what follows says nothing more.
    fn take(&mut self, line: u32, text: &str, mistakes: &mut Mistakes) -> bool {
        let property = property(line, text);
        let begins = property.as_ref().is_some_and(|p| p.name == "BEGIN");
        if self.open.is_empty() && self.calendars.is_empty() && !begins {
            mistakes.add(0, NO_CALENDAR);
            return false;
        }
        let Some(property) = property else {
            mistakes.add(
                line,
                "this is no line of a calendar (NAME:VALUE); what goes on from the line before begins with a space",
            );
            return true;
        };
        let value = property.value.trim().to_ascii_uppercase();
        match (property.name.as_str(), self.open.last_mut()) {
            ("BEGIN", None) if value != "VCALENDAR" => {
                mistakes.add(line, format!("{value} stands outside of a calendar: BEGIN:VCALENDAR goes before it"));
                return false;
            }
            ("BEGIN", _) => return self.begin(line, value, mistakes),
            ("END", _) => return self.end(line, &value, mistakes),
            (_, None) => mistakes.add(line, "this stands behind the end of the calendar: take it out"),
            (name, Some(part)) if READ.contains(&name) => part.properties.push(property),
            (name, Some(part)) if part.name == "VEVENT" && !name.starts_with("X-") && !KNOWN.contains(&name) => {
                let is_new =
                    name.len() <= NAME_LEN_MAX && self.strange.len() < STRANGE_MAX && !self.strange.contains(name);
                if let Some(near) = is_new.then(|| nearest(name, READ)).flatten() {
                    mistakes.add(line, format!("{name} means nothing in a calendar: is it {near}?"));
                } else if is_new {
                    self.strange.insert(name.to_owned());
                }
            }
            _ => {}
        }
        true
    }

    fn begin(&mut self, line: u32, name: String, mistakes: &mut Mistakes) -> bool {
        self.parts += usize::from(PARTS.contains(&name.as_str()));
        if self.open.len() >= DEPTH_MAX {
            mistakes.add(line, format!("parts lie in each other more than {DEPTH_MAX} deep: an END is missing above"));
            return false;
        }
        if self.parts > PARTS_MAX {
            mistakes.add(0, format!("it has more than {PARTS_MAX} parts: leave out what is long over"));
            return false;
        }
        if name == "VCALENDAR" && !self.open.is_empty() {
            mistakes.add(line, "a calendar begins within another one: END:VCALENDAR is missing before it");
            return false;
        }
        self.open.push(Part { line, name, properties: Vec::new(), parts: Vec::new() });
        true
    }

    fn end(&mut self, line: u32, name: &str, mistakes: &mut Mistakes) -> bool {
        match self.open.pop() {
            Some(part) if part.name == name => match self.open.last_mut() {
                Some(around) if PARTS.contains(&name) => around.parts.push(part),
                Some(_) => {}
                None => self.calendars.push(part),
            },
            Some(part) => {
                let what = format!("END:{name} ends nothing: {} of line {} is still open", part.name, part.line);
                mistakes.add(line, what);
                return false;
            }
            None => mistakes.add(line, format!("END:{name} ends nothing: its BEGIN is missing")),
        }
        true
    }
}

/// `NAME;PARAM="a:b";OTHER=c:VALUE`.
fn property(line: u32, text: &str) -> Option<Property> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
    let end = text.find(|c| !is_name(c)).filter(|end| *end > 0)?;
    // A group before the name (`item1.SUMMARY`) says nothing.
    let name = text[..end].rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
    let mut params = Vec::new();
    let mut rest = &text[end..];
    while let Some(after) = rest.strip_prefix(';') {
        let (param, value) = after.split_once('=')?;
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find([';', ':'])?),
        };
        params.push((param.trim().to_ascii_uppercase(), value.to_owned()));
        // Several values of one parameter (`MEMBER="a","b"`): none of those that are read here has them.
        rest = &behind[end_of_param(behind)?..];
    }
    Some(Property { line, name, params, value: rest.strip_prefix(':')?.to_owned() })
}

/// Where the next parameter or the value begins.
fn end_of_param(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(i, c)| {
        quoted ^= c == '"';
        (!quoted && (c == ';' || c == ':')).then_some(i)
    })
}

/// A text without its backslashes (section 3.3.11).
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out
}
