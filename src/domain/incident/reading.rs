//! What somebody wrote back, in the words of every configured language (RULES C5).

use crate::domain::ids::{IncidentNo, MessageNo};
use crate::domain::plan::Plan;

/// What was meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verb {
    /// I have it; yes.
    Yes,
    /// I can't; no.
    No,
    /// Our fallback failed.
    Failed,
    /// More time.
    Wait,
    /// This drill turned real.
    Real,
    /// A report by SMS.
    Report,
    /// I am there.
    Arrived,
    /// It is done.
    Done,
    /// It must not be done.
    Stop,
    /// The drill is to be broken off.
    Abort,
    /// Nothing that we know.
    None,
}

/// What it was said of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Code {
    Bare,
    /// Six digits: an approval, a decision, a report.
    Six(String),
    /// An incident or a message.
    Number(IncidentNo, Option<u32>),
    /// Something else that stood where a code stands.
    Other(String),
}

/// A reply, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    pub verb: Verb,
    /// The same where it is in doubt whether that was meant: then `verb` is none.
    pub said: Verb,
    pub code: Code,
    /// What followed: a reason, or the words of a report.
    pub rest: String,
}

/// How much of a reply is read, in characters: signatures and quoted texts come after.
const REPLY_CHARS_MAX: usize = 600;

/// So many lines are looked at: a greeting, a banner of the own mail system, the answer.
const LINES_MAX: usize = 12;
/// A greeting has so many words.
const GREETING_WORDS_MAX: usize = 4;
/// How people begin who do not begin with the answer. The words of an answer are the region's; these are anybody's.
const GREETINGS: &str = include_str!("../../../assets/replies/greetings.txt");
/// How people end: what follows is who they are.
const CLOSINGS: &str = include_str!("../../../assets/replies/closings.txt");
/// How machines begin: automatic replies of telephones, receipts that arrive as texts.
const MACHINES: &str = include_str!("../../../assets/replies/machines.txt");

/// Whether a machine wrote it: such a text is never an answer, and never answered (RULES C13). What only one telephone says is found by
/// its repeating itself.
pub fn is_machine(text: &str) -> bool {
    let begins: String = text.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(').chars().take(60).collect();
    let begins = begins.to_lowercase();
    let field = |name: &str| text.contains(name);
    // A receipt of SMPP 3.4, Appendix B, that came through as a text.
    let receipt = field("id:") && field("stat:") && (field("sub:") || field("dlvrd:") || field("done date:"));
    receipt || MACHINES.lines().any(|m| begins.starts_with(m))
}

/// Reads a reply: any case, punctuation and signatures aside. The first line that is an answer counts: one with a code or a number
/// wherever it stands, one without only where it begins the reply, a greeting aside. A yes that goes on in other words, and a
/// question, is a doubt and no answer (TRIALS I4, I5).
pub fn read(plan: &Plan, text: &str) -> Reading {
    let text: String = text.chars().take(REPLY_CHARS_MAX).collect();
    let quoted = |l: &&str| l.starts_with('>') || !l.chars().any(char::is_alphanumeric);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !quoted(l)).take(LINES_MAX).collect();
    let mut begins = true;
    let mut first = None;
    for line in lines {
        let read = read_line(plan, line);
        if read.verb != Verb::None && (begins || matches!(read.code, Code::Six(_) | Code::Number(..))) {
            return read;
        }
        begins &= is_greeting(line);
        if !begins {
            first.get_or_insert(read);
        }
    }
    first.unwrap_or(Reading { verb: Verb::None, said: Verb::None, code: Code::Bare, rest: String::new() })
}

fn is_greeting(line: &str) -> bool {
    let words: Vec<String> = line.split_whitespace().map(bare).collect();
    words.len() <= GREETING_WORDS_MAX && words.first().is_some_and(|w| GREETINGS.lines().any(|g| g == w.to_lowercase()))
}

/// One line of a reply.
fn read_line(plan: &Plan, line: &str) -> Reading {
    let mut words: Vec<String> = line.split_whitespace().map(bare).filter(|w| !w.is_empty()).collect();
    split_first(plan, &mut words);
    // "Hej, JA 14".
    if words.len() > 1 && verb(plan, &[words[0].to_lowercase()]).0 == Verb::None && is_greeting(&words[0]) {
        words.remove(0);
    }
    let lower: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
    let (verb, mut used) = verb(plan, &lower);
    // "Ja, jag tar det 14": the same said twice.
    while verb != Verb::None && used < lower.len() {
        match self::verb(plan, &lower[used..]) {
            (again, more) if again == verb => used += more,
            _ => break,
        }
    }
    // The code stands right after the verb; before it, when people write "14 ja".
    let (code, rest_from) = match words.get(used).map(|w| code_of(w)) {
        Some(Code::Other(_)) | None => (Code::Bare, used),
        Some(code) => (code, used + 1),
    };
    if verb == Verb::None
        && let Some(first @ (Code::Six(_) | Code::Number(..))) = words.first().map(|w| code_of(w))
    {
        let (verb, used) = self::verb(plan, &lower[1..]);
        return Reading { verb, said: verb, code: first, rest: words[(1 + used).min(words.len())..].join(" ") };
    }
    let rest = words[rest_from.min(words.len())..].join(" ");
    let says_yes = matches!(verb, Verb::Yes | Verb::Real | Verb::Arrived | Verb::Abort);
    let doubt = says_yes && (line.contains('?') || (code == Code::Bare && !is_signature(line, &rest)));
    Reading { verb: if doubt { Verb::None } else { verb }, said: verb, code, rest }
}

/// Nothing stands behind a bare yes but who says it.
fn is_signature(line: &str, rest: &str) -> bool {
    let first = rest.split_whitespace().next().unwrap_or_default().to_lowercase();
    first.is_empty() || CLOSINGS.lines().any(|c| c == first) || line.contains(" /") || line.contains(" --")
}

/// "JA14", "ja,14": a yes and its code without a space between them.
fn split_first(plan: &Plan, words: &mut Vec<String>) {
    let Some(first) = words.first() else { return };
    let Some(at) = first.find(|c: char| c.is_ascii_digit()) else { return };
    let (word, code) = (bare(&first[..at]), first[at..].to_owned());
    if verb(plan, &[word.to_lowercase()]).0 != Verb::None {
        words.splice(0..1, [word, code]);
    }
}

fn code_of(word: &str) -> Code {
    if word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()) {
        return Code::Six(word.to_owned());
    }
    if !word.bytes().any(|b| b.is_ascii_digit()) {
        return Code::Other(word.to_owned());
    }
    if let Ok(no) = word.parse::<IncidentNo>() {
        return Code::Number(no, None);
    }
    match word.parse::<MessageNo>() {
        Ok(number) => Code::Number(number.incident, Some(number.seq)),
        Err(_) => Code::Other(word.to_owned()),
    }
}

/// The longest phrase that the line begins with.
fn verb(plan: &Plan, words: &[String]) -> (Verb, usize) {
    let mut best = (Verb::None, 0);
    for w in plan.words.values() {
        let r = &w.replies;
        let all = [
            (Verb::Yes, &r.yes),
            (Verb::No, &r.no),
            (Verb::Failed, &r.failed),
            (Verb::Wait, &r.wait),
            (Verb::Real, &r.real),
            (Verb::Report, &r.report),
            (Verb::Arrived, &r.arrived),
            (Verb::Done, &r.done),
            (Verb::Stop, &r.stop),
            (Verb::Abort, &r.abort),
        ];
        for (verb, phrases) in all {
            for phrase in phrases {
                let phrase: Vec<String> = phrase.split_whitespace().map(|p| bare(p).to_lowercase()).collect();
                if phrase.len() > best.1 && words.len() >= phrase.len() && words[..phrase.len()] == phrase[..] {
                    best = (verb, phrase.len());
                }
            }
        }
    }
    best
}

/// Without the punctuation around it.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lang::Lang;
    use crate::domain::words::{Replies, Words};

    fn plan() -> Plan {
        let s = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let words = |yes: &[&str], no: &[&str], failed: &[&str]| Words {
            replies: Replies {
                yes: s(yes),
                no: s(no),
                failed: s(failed),
                wait: s(&["vänta"]),
                real: s(&["skarpt"]),
                report: s(&["larm"]),
                arrived: s(&["framme", "på plats"]),
                done: s(&["klar"]),
                stop: s(&["stopp"]),
                abort: s(&["avbryt"]),
            },
            ..Words::default()
        };
        Plan {
            words: [
                (Lang::SV, words(&["ja", "ok", "jag tar det"], &["nej"], &["fel"])),
                (Lang::EN, words(&["yes", "ok", "i have it"], &["no"], &["failed"])),
            ]
            .into(),
            ..Plan::default()
        }
    }

    #[test]
    fn rule_c5_what_people_write_is_understood() {
        use Code::*;
        let n = |n, m| Number(IncidentNo::actual(n), m);
        let cases = [
            ("ja 14", Verb::Yes, n(14, None), ""),
            ("JA 14.", Verb::Yes, n(14, None), ""),
            ("Ja, 14-2! /Jouren", Verb::Yes, n(14, Some(2)), "Jouren"),
            ("Yes 14", Verb::Yes, n(14, None), ""),
            ("OK", Verb::Yes, Bare, ""),
            ("jag tar det 14", Verb::Yes, n(14, None), ""),
            ("Jag tar det", Verb::Yes, Bare, ""),
            ("I have it 14", Verb::Yes, n(14, None), ""),
            ("14 ja", Verb::Yes, n(14, None), ""),
            ("\n\nja ö-3\n> citat", Verb::Yes, Number(IncidentNo::exercise(3), None), ""),
            ("ok 123456", Verb::Yes, Six("123456".into()), ""),
            ("NEJ 123456 fel sjukhus", Verb::No, Six("123456".into()), "fel sjukhus"),
            ("nej 14", Verb::No, n(14, None), ""),
            ("FEL 14 reservdatorn startar inte", Verb::Failed, n(14, None), "reservdatorn startar inte"),
            ("vänta 123456", Verb::Wait, Six("123456".into()), ""),
            ("SKARPT", Verb::Real, Bare, ""),
            ("framme 14", Verb::Arrived, n(14, None), ""),
            ("På plats.", Verb::Arrived, Bare, ""),
            ("KLAR 123456 dnr 2026-17", Verb::Done, Six("123456".into()), "dnr 2026-17"),
            ("STOPP 123456 patient i maskinen", Verb::Stop, Six("123456".into()), "patient i maskinen"),
            ("stopp!", Verb::Stop, Bare, ""),
            ("larm journal D3", Verb::Report, Bare, "journal D3"),
            ("👍", Verb::None, Bare, ""),
            ("jaja 14", Verb::None, Bare, "jaja 14"),
            ("", Verb::None, Bare, ""),
            ("nejd", Verb::None, Bare, "nejd"),
            // Who answers, and a greeting, before it or on its line (TRIALS I5).
            ("Hej,\n\nJA 1", Verb::Yes, n(1, None), ""),
            ("Hej Region Små!\nja", Verb::Yes, Bare, ""),
            ("Hej, ja 14", Verb::Yes, n(14, None), ""),
            ("[EXTERNT MEJL] Öppna inga länkar.\n\nJA 14\nMvh Anna", Verb::Yes, n(14, None), ""),
            ("Ja /Anna på IVA", Verb::Yes, Bare, "Anna på IVA"),
            ("Ja, mvh Anna Ek", Verb::Yes, Bare, "mvh Anna Ek"),
            // What is no yes (TRIALS I4).
            ("OK, tack för ditt mejl!", Verb::None, Bare, "tack för ditt mejl"),
            ("Ok vad?", Verb::None, Bare, "vad"),
            ("ja?", Verb::None, Bare, ""),
            ("JA 14?", Verb::None, n(14, None), ""),
            ("Ok. Your ticket 4711", Verb::None, Bare, "Your ticket 4711"),
            ("Ja, jag är ledig till den 14", Verb::None, Bare, "jag är ledig till den 14"),
            ("Jag kör bil.\nOK", Verb::None, Bare, "Jag kör bil"),
            ("> JA 14\nvem är det", Verb::None, Bare, "vem är det"),
        ];
        let plan = plan();
        for text in [
            "Autosvar: jag kör bil",
            "I’m driving with Do Not Disturb While Driving turned on.",
            "id:0123 sub:001 dlvrd:001 submit date:2611220100 done date:2611220101 stat:DELIVRD err:000 text:",
            "[Leveransrapport] Till +46…",
            "Meddelandet har levererats till mottagaren.",
        ] {
            assert!(is_machine(text), "{text}");
        }
        for (text, verb, code, rest) in cases {
            assert!(!is_machine(text), "{text}");
            let r = read(&plan, text);
            assert_eq!((r.verb, r.code, r.rest.as_str()), (verb, code, rest), "{text:?}");
        }
    }
}
