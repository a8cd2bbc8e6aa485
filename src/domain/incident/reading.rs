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
    pub code: Code,
    /// What followed: a reason, or the words of a report.
    pub rest: String,
}

/// How much of a reply is read, in characters: signatures and quoted texts come after.
const REPLY_CHARS_MAX: usize = 600;

/// Reads a reply: any case, punctuation and signatures aside.
pub fn read(plan: &Plan, text: &str) -> Reading {
    let text: String = text.chars().take(REPLY_CHARS_MAX).collect();
    // A mail quotes what it answers below; only the first line with words counts.
    let line = text.lines().map(str::trim).find(|l| l.chars().any(char::is_alphanumeric)).unwrap_or("").to_owned();
    let mut words: Vec<String> = line.split_whitespace().map(bare).filter(|w| !w.is_empty()).collect();
    split_first(plan, &mut words);
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
        return Reading { verb, code: first, rest: words[(1 + used).min(words.len())..].join(" ") };
    }
    Reading { verb, code, rest: words[rest_from.min(words.len())..].join(" ") }
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
        ];
        let plan = plan();
        for (text, verb, code, rest) in cases {
            let r = read(&plan, text);
            assert_eq!((r.verb, r.code, r.rest.as_str()), (verb, code, rest), "{text:?}");
        }
    }
}
