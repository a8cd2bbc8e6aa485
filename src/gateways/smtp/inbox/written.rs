//! The lines of a mail in which its writer may have answered. Left out: the mail that is answered (marked with `>` or standing
//! below the headers that Outlook writes), who wrote it and when, greetings, the own mail system's warnings, what telephones
//! write below. What a yes is in the region's languages is not known here: a few lines go on, in order. No IO.

use crate::domain::ids::{IncidentNo, MessageNo};

/// Lines that are looked at: whoever writes more did not mean a code.
const LINES_MAX: usize = 2_000;
/// Lines that are given on.
const GIVEN_MAX: usize = 6;
/// Characters of a line that are given on.
const LINE_CHARS_MAX: usize = 160;
/// Words of a line that is nothing but an answer: `Ja, jag tar det 14`.
const ANSWER_WORDS_MAX: usize = 5;
/// Words of a line that names what it is about by its subject alone: `Ja`, `Ja tack`.
const NUMBERED_WORDS_MAX: usize = 2;
/// Words of whom a greeting greets.
const NAME_WORDS_MAX: usize = 3;
/// Lines over which a program may wrap “Den … skrev …:”.
const ATTRIBUTION_LINES_MAX: usize = 4;
/// Bytes of a line that begins with a date and says who wrote.
const ATTRIBUTION_BYTES_MIN: usize = 16;
/// Lines within which the other headers follow Outlook's “Från:”.
const HEADER_LINES_MAX: usize = 5;

/// Sent, in the words of mail programs: of each language the labels of Outlook's headers.
const FROM: &[&str] = &["från", "from", "fra", "von", "lähettäjä", "de", "van"];
const SENT: &[&str] =
    &["skickat", "sent", "sendt", "gesendet", "lähetetty", "datum", "date", "dato", "päivämäärä", "verzonden"];
const OTHER: &[&str] = &[
    "till",
    "to",
    "til",
    "an",
    "vastaanottaja",
    "ämne",
    "subject",
    "emne",
    "betreff",
    "aihe",
    "kopia",
    "cc",
    "kopi",
    "kopio",
    "aan",
    "onderwerp",
];
/// “wrote”, in the words of mail programs.
const WROTE: &[&str] = &["skrev", "wrote", "schrieb", "kirjoitti", "skreiv", "a écrit", "schreef"];
/// What stands between an answer and the mail below it that bears no other mark, in small letters, dashes and spaces aside.
const MAIL_BELOW: &[&str] = &[
    "ursprungligt meddelande",
    "original message",
    "originalmeddelande",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "ursprüngliche nachricht",
    "original-nachricht",
    "originalnachricht",
    "vidarebefordrat meddelande",
    "vidarebefordrat brev",
    "forwarded message",
    "begin forwarded message",
    "videresendt meddelelse",
    "weitergeleitete nachricht",
];
/// How a line begins that telephones and programs write by themselves, in small letters.
const OF_THE_PROGRAM: &[&str] = &[
    "skickat från min",
    "skickat från outlook",
    "skickat från e-post",
    "skickades från",
    "skickat med",
    "sänt från min",
    "hämta outlook för",
    "sent from my",
    "sent from outlook",
    "sent from mail",
    "sent from yahoo",
    "sent via",
    "sent with",
    "get outlook for",
    "sendt fra min",
    "sendt fra outlook",
    "hent outlook",
    "skaff deg outlook",
    "lähetetty ",
    "hanki outlook",
    "von meinem",
    "gesendet von",
    "outlook für",
    "verzonden vanaf",
    "zjqcmq",
    "<https://aka.ms/",
];
/// How a warning begins that a mail system puts into what comes from outside, in small letters, signs aside.
const WARNINGS: &[&str] = &[
    "caution",
    "warning",
    "varning",
    "external",
    "extern",
    "obs",
    "attention",
    "achtung",
    "advarsel",
    "viktigt",
    "this email originated",
    "this e-mail originated",
    "this message originated",
    "this message came from",
    "this email came from",
    "this email is from",
    "this message is from an external",
    "this sender",
    "you don't often get",
    "you don’t often get",
    "some people who received",
    "do not click",
    "think before",
    "stop. think",
    "stop and think",
    "detta mejl kommer",
    "detta mail kommer",
    "detta e-post",
    "detta meddelande kommer",
    "det här mejlet kommer",
    "det här meddelandet kommer",
    "det här e-post",
    "mejlet kommer från",
    "meddelandet kommer från",
    "e-postmeddelandet kommer",
    "klicka inte",
    "öppna inte",
    "var försiktig",
    "du får inte ofta",
    "vissa som har fått",
    "avsändaren är extern",
    "denne e-mail",
    "denne e-post",
    "denne mail",
    "du får ikke ofte",
    "tämä viesti",
    "tämä sähköposti",
    "diese e-mail",
    "diese nachricht",
];
/// What people say before they answer, in small letters, signs aside.
const GREETINGS: &[&str] = &[
    "hej",
    "hejsan",
    "hej hej",
    "hejhej",
    "hej alla",
    "hallå",
    "halloj",
    "tjena",
    "tja",
    "tjenare",
    "god morgon",
    "godmorgon",
    "god kväll",
    "god dag",
    "goddag",
    "god natt",
    "bästa",
    "kära",
    "hi",
    "hello",
    "hey",
    "dear",
    "dear all",
    "good morning",
    "good evening",
    "good day",
    "hei",
    "hei hei",
    "hallo",
    "moi",
    "terve",
    "morgen",
    "guten tag",
    "guten morgen",
    "kjære",
    "kære",
];
/// How people end, in small letters.
const ENDINGS: &[&str] = &[
    "mvh",
    "med vänlig",
    "vänliga hälsningar",
    "vänlig hälsning",
    "hälsningar",
    "bästa hälsningar",
    "best regards",
    "kind regards",
    "regards",
    "vh",
    "hilsen",
    "med venlig",
    "med vennlig",
    "terveisin",
    "viele grüße",
    "mit freundlichen",
];
/// How the line begins that says who wrote when, in small letters: the only lines that a program wraps before its `:`.
const WHEN: &[&str] = &[
    "den ", "on ", "am ", "le ", "op ", "på ", "til ", "mån", "tis", "ons", "tors", "fre", "lör", "sön", "man", "tir",
    "tor", "lør", "søn", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
];

/// The lines of `text` that may be an answer about `incident`, the likeliest first: those that hold its number and little else,
/// and then the others in their order. Nothing of the mail that is answered is among them.
pub(super) fn answer_lines(text: &str, incident: IncidentNo) -> Vec<String> {
    let mut lines: Vec<String> = own_lines(text).iter().filter_map(|line| without_greeting(line)).collect();
    // Stable: lines of a kind stay in order.
    lines.sort_by_key(|line| !is_answer_with(line, incident));
    lines.truncate(GIVEN_MAX);
    lines
}

/// The line with the number of the message that the subject names, if it names one of this incident and the line names none. A
/// reply brings our subject back; only messages have number and fingerprint there, so a note that asks for a code gets none.
pub(super) fn with_number(line: &str, subject: &str, incident: IncidentNo) -> String {
    let short = line.split_whitespace().count() <= NUMBERED_WORDS_MAX;
    let plain = short && !line.contains(|c: char| c.is_ascii_digit() || c == '?');
    match message_of(subject).filter(|m| m.0.incident == incident && plain) {
        // Behind the line, where a code stands; before a name it would be none.
        Some((_, written)) => format!("{} {written}", line.trim_end_matches(|c: char| !c.is_alphanumeric())),
        None => line.to_owned(),
    }
}

/// What a person wrote as the subject instead of ours: `JA 14`.
pub(super) fn answer_in_subject(subject: &str, incident: IncidentNo) -> Option<String> {
    let line = tidy(subject);
    let of_ours = message_of(&line).is_some() || line.starts_with(|c: char| c.is_ascii_digit());
    let answered = line.split_whitespace().next().is_some_and(|w| w.ends_with(':'));
    (!of_ours && !answered && is_answer_with(&line, incident)).then_some(line)
}

/// The number and the fingerprint behind it, as they stand in the subjects of our messages.
fn message_of(subject: &str) -> Option<(MessageNo, String)> {
    let words: Vec<&str> = subject.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let fingerprint = pair[1].len() == 6 && pair[1].bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        Some((pair[0].parse().ok().filter(|_| fingerprint)?, pair[0].to_owned()))
    })
}

/// Few words, and one of them is the incident's number, or that of a message of it.
fn is_answer_with(line: &str, incident: IncidentNo) -> bool {
    let of_it = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        // "JA14"
        let digits = word.trim_start_matches(|c: char| c.is_alphabetic() && !"ÖöOoØøXx".contains(c));
        let is = |w: &str| {
            w.parse::<IncidentNo>().is_ok_and(|no| no == incident)
                || w.parse::<MessageNo>().is_ok_and(|m| m.incident == incident)
        };
        is(word) || is(digits)
    };
    line.split_whitespace().count() <= ANSWER_WORDS_MAX && line.split_whitespace().any(of_it)
}

/// The lines that the writer wrote.
fn own_lines(text: &str) -> Vec<String> {
    let all: Vec<String> = text.lines().take(LINES_MAX).map(tidy).collect();
    let mut own: Vec<String> = Vec::new();
    // Within a warning, until an empty line; within a signature, until a quotation.
    let (mut warned, mut signed) = (false, false);
    let mut at = 0;
    while let Some(line) = all.get(at) {
        let lower = line.to_lowercase();
        if is_quoted(line) {
            (warned, signed) = (false, false);
        } else if begins_mail_below(&all[at..], &lower) {
            break;
        } else if line.is_empty() {
            warned = false;
        } else if signed {
        } else if line == "--" {
            signed = true;
        } else if let Some((lines, marked)) = attribution(&all[at..]) {
            // What follows is the other's, marked or to the end.
            if !marked {
                break;
            }
            at += lines;
            continue;
        } else if OF_THE_PROGRAM.iter().any(|p| lower.starts_with(p)) {
        } else {
            let rest = behind_mark(line);
            warned |= is_warning(rest);
            // A warning that no empty line ends may stand right above the answer.
            let answers =
                rest.split_whitespace().count() <= ANSWER_WORDS_MAX && rest.contains(|c: char| c.is_ascii_digit());
            if (!warned || (answers && !is_warning(rest))) && rest.contains(char::is_alphanumeric) {
                own.push(rest.chars().take(LINE_CHARS_MAX).collect());
            }
        }
        at += 1;
    }
    own
}

/// On one line, each space one.
fn tidy(line: &str) -> String {
    let unseen =
        |c: char| c.is_control() || c.is_whitespace() || "\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}\u{ad}".contains(c);
    // What has no width holds no words apart.
    let words = line.split(|c: char| unseen(c) && !"\u{200b}\u{ad}".contains(c));
    let words = words.map(|w| w.replace(['\u{200b}', '\u{ad}'], "")).filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn is_quoted(line: &str) -> bool {
    line.starts_with(['>', '|', '»', '＞'])
}

/// The bare words of a line: dashes, stars and underscores are drawn around separators and labels.
fn bare(lower: &str) -> &str {
    lower.trim_matches(|c: char| "-_*=~ :".contains(c))
}

/// Whether a mail follows that bears no mark: a separator, or the headers that Outlook writes.
fn begins_mail_below(lines: &[String], lower: &str) -> bool {
    let words = bare(lower);
    let drawn = lower.starts_with(['-', '_', '*']) || lower.ends_with(':');
    if MAIL_BELOW.contains(&words) && drawn {
        return true;
    }
    if !label(lower).is_some_and(|l| FROM.contains(&l)) {
        return false;
    }
    // All on one line, when a program made HTML plain.
    let has = |words: &[&str], text: &str| words.iter().any(|w| text.contains(&format!(" {w}:")));
    if has(SENT, lower) && has(OTHER, lower) {
        return true;
    }
    let next = lines.iter().skip(1).filter(|l| !l.is_empty()).take(HEADER_LINES_MAX);
    let labels: Vec<String> = next.filter_map(|l| label(&l.to_lowercase()).map(str::to_owned)).collect();
    let known = |of: &[&str]| labels.iter().any(|l| of.contains(&l.as_str()));
    known(SENT) || labels.iter().filter(|l| OTHER.contains(&l.as_str())).count() > 1
}

/// `*från:* region` → `från`.
fn label(lower: &str) -> Option<&str> {
    let (label, _) = lower.split_once(':')?;
    Some(bare(label)).filter(|l| l.chars().count() <= 16)
}

/// How many lines “Den 22 nov. 2026 kl. 03.12 skrev Region <x@y>:” takes, which a program may wrap, and whether what follows is
/// marked.
fn attribution(lines: &[String]) -> Option<(usize, bool)> {
    let mut joined = String::new();
    for (at, line) in lines.iter().take(ATTRIBUTION_LINES_MAX).enumerate() {
        let lower = line.to_lowercase();
        let when = WHEN.iter().any(|w| lower.starts_with(w))
            || (line.starts_with(|c: char| c.is_ascii_digit()) && line.len() > ATTRIBUTION_BYTES_MIN);
        let begins = when || WROTE.iter().any(|w| lower.contains(&format!(" {w} ")));
        // Over several lines only what begins so; and the next one that begins so is another.
        let wraps = line.ends_with(':') || begins;
        if line.is_empty() || is_quoted(line) || (at == 0 && !wraps) || (at > 0 && when) {
            return None;
        }
        joined.push(' ');
        joined.push_str(&lower);
        if line.ends_with(':') {
            let wrote = WROTE.iter().any(|w| joined.contains(&format!(" {w} ")) || joined.contains(&format!(" {w}:")));
            let dated = joined.contains(|c: char| c.is_ascii_digit()) || joined.contains('@');
            let marked = lines[at + 1..].iter().find(|l| !l.is_empty()).is_some_and(|l| is_quoted(l));
            // Any line that ends so right above a quotation says nothing by itself.
            return ((wrote && dated) || (marked && (wrote || at == 0))).then_some((at + 1, marked));
        }
    }
    None
}

/// `[EXTERNT MEJL] JA 14` → `JA 14`.
fn behind_mark(line: &str) -> &str {
    let mark = line.strip_prefix('[').and_then(|l| l.split_once(']'));
    match mark {
        Some((mark, rest)) if mark.to_lowercase().contains("extern") => rest.trim_start_matches([' ', ':', '-']),
        _ => line,
    }
}

fn is_warning(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
    WARNINGS.iter().any(|w| {
        let rest = words.strip_prefix(w);
        // "OBS! …", "EXTERNAL EMAIL", "externt mejl"; not "observera 14".
        rest.is_some_and(|r| w.contains(' ') || !r.starts_with(char::is_alphanumeric) || (*w == "extern"))
    })
}

/// `Hej!` → nothing, `Hej Anna, ja 14` → `ja 14`.
fn without_greeting(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let begins = |g: &&&str| {
        lower.strip_prefix(**g).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
    };
    if ENDINGS.iter().any(|e| begins(&e)) && !line.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let greeting = GREETINGS.iter().filter(begins);
    let Some(greeting) = greeting.max_by_key(|g| g.len()) else { return Some(line.to_owned()) };
    // As many characters in small letters as in large ones, in these languages.
    let rest: String = line.chars().skip(greeting.chars().count()).collect();
    let bare = |text: &str| text.trim_start_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let Some((named, after)) = rest.split_once([',', '!', '.', '–', ':']) else {
        // Whom it greets, or the answer: that is for others to know.
        return Some(bare(&rest)).filter(|rest| !rest.is_empty());
    };
    let after = bare(after);
    let greets = named.split_whitespace().count() <= NAME_WORDS_MAX && !named.contains(|c: char| c.is_ascii_digit());
    if !greets || after.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(bare(&rest));
    }
    Some(after).filter(|after| !after.is_empty())
}

#[cfg(test)]
#[path = "written_tests.rs"]
mod tests;
