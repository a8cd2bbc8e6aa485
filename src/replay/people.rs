//! People who hold duties, as a scenario says they behave: what they write back to what arrived, and after how long. They know what stands
//! in the text and nothing else: codes are read out of it as a person reads them.

use super::dice::Dice;
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::words::NoteWord;

/// What people write who have not understood, or not read.
const NONSENSE: [&str; 6] = ["??", "Vem?", "sitter i bil", "ok vad menas", "Hej", "12"];
/// After nonsense the answer comes so much later, in milliseconds.
const SECOND_THOUGHT_MS: u64 = 60_000;

/// What somebody says to what is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Yes, after so many seconds.
    Yes(u32),
    No,
    /// Nothing.
    Never,
}

impl Verdict {
    pub fn of(after_s: Option<u32>) -> Self {
        after_s.map_or(Self::Never, Self::Yes)
    }
}

/// How whoever holds a duty behaves.
#[derive(Clone, Debug)]
pub struct Person {
    /// Seconds; `None`: never.
    pub answers_s: Option<u32>,
    pub jitter_s: u32,
    /// Of a hundred.
    pub nonsense: u32,
    pub approves: Verdict,
    pub decides: Verdict,
    pub reason: String,
    /// A task is done so many seconds after it was taken; `None`: never.
    pub does_s: Option<u32>,
    /// Of a hundred conferences.
    pub attends: u32,
    pub arrives_s: Option<u32>,
    /// Stops an intervention.
    pub stops_s: Option<u32>,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            answers_s: Some(180),
            jitter_s: 90,
            nonsense: 5,
            approves: Verdict::Yes(300),
            decides: Verdict::Yes(180),
            reason: "inte nu".into(),
            does_s: Some(6 * 3600),
            attends: 90,
            arrives_s: Some(1800),
            stops_s: None,
        }
    }
}

/// What was read.
pub enum Read<'a> {
    /// A message that asks for an answer with that number.
    Message { code: String },
    /// A note: its word and its text.
    Note { word: NoteWord, text: &'a str },
}

/// What is written back: after so many milliseconds, and what.
pub type Written = Vec<(u64, String)>;

impl Person {
    fn wait_ms(&self, after_s: u32, dice: &mut Dice) -> u64 {
        u64::from(after_s) * 1000 + dice.below(u64::from(self.jitter_s) * 1000 + 1)
    }

    /// How long until the answer to a text, by whatever way, in milliseconds.
    pub fn answer_ms(&self, dice: &mut Dice) -> Option<u64> {
        self.answers_s.map(|s| self.wait_ms(s, dice))
    }

    /// What is written back to what was read.
    pub fn writes(&self, read: &Read<'_>, plan: &Plan, lang: Lang, dice: &mut Dice) -> Written {
        let said = &plan.words(lang).replies;
        let word = |of: &[String]| of.first().map(|w| w.to_uppercase()).unwrap_or_default();
        let (yes, no) = (word(&said.yes), word(&said.no));
        let mut out: Written = Vec::new();
        match read {
            Read::Message { code } => {
                let Some(mut after) = self.answer_ms(dice) else { return out };
                if dice.percent(self.nonsense) {
                    let nonsense = NONSENSE[usize::try_from(dice.below(NONSENSE.len() as u64)).unwrap_or(0)];
                    out.push((after, nonsense.to_owned()));
                    after += SECOND_THOUGHT_MS;
                }
                out.push((after, format!("{yes} {code}")));
            }
            Read::Note { word: NoteWord::ApprovalWanted, text } => {
                let (after_s, verb, why) = match self.approves {
                    Verdict::Yes(after_s) => (after_s, "OK".to_owned(), String::new()),
                    Verdict::No => (self.answers_s.unwrap_or(300), no, format!(" {}", self.reason)),
                    Verdict::Never => return out,
                };
                let after = self.wait_ms(after_s, dice);
                out.extend(codes(text, &said.yes).into_iter().map(|code| (after, format!("{verb} {code}{why}"))));
            }
            Read::Note { word: NoteWord::DecisionWanted, text } => {
                let (after_s, verb, why) = match self.decides {
                    Verdict::Yes(after_s) => (after_s, yes, String::new()),
                    Verdict::No => (self.answers_s.unwrap_or(300), no, format!(" {}", self.reason)),
                    Verdict::Never => return out,
                };
                let after = self.wait_ms(after_s, dice);
                out.extend(codes(text, &said.yes).into_iter().map(|code| (after, format!("{verb} {code}{why}"))));
            }
            Read::Note { word: NoteWord::StepWanted, text } => {
                let (Some(after), Some(code)) = (self.answer_ms(dice), codes(text, &said.yes).pop()) else {
                    return out;
                };
                out.push((after, format!("{yes} {code}")));
                if let Some(does_s) = self.does_s {
                    let done = word(&said.done);
                    out.push((after + self.wait_ms(does_s, dice), format!("{done} {code} 1")));
                }
            }
            Read::Note { word: NoteWord::ConferenceCall, text } => {
                let (Some(after), Some(code)) = (self.answer_ms(dice), codes(text, &said.yes).pop()) else {
                    return out;
                };
                let verb = if dice.percent(self.attends) { yes } else { no };
                out.push((after, format!("{verb} {code}")));
            }
            Read::Note { word: NoteWord::InterventionNotice, text } => {
                let Some(code) = codes(text, &said.yes).pop() else { return out };
                match (self.stops_s, self.answer_ms(dice)) {
                    (Some(stops_s), _) => {
                        let stop = word(&said.stop);
                        out.push((u64::from(stops_s) * 1000, format!("{stop} {code} {}", self.reason)));
                    }
                    (None, Some(after)) => out.push((after, format!("{yes} {code}"))),
                    (None, None) => {}
                }
            }
            Read::Note { word: NoteWord::ArriveBy, text } => {
                let (Some(after_s), Some(code)) = (self.arrives_s, codes(text, &said.arrived).pop()) else {
                    return out;
                };
                out.push((self.wait_ms(after_s, dice), format!("{} {code}", word(&said.arrived))));
            }
            Read::Note { .. } => {}
        }
        out
    }
}

/// What stands after one of these words in a text, each once: `JA 629878`.
fn codes(text: &str, after: &[String]) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut all: Vec<String> = Vec::new();
    for pair in words.windows(2) {
        let asked = after.iter().any(|a| a.to_lowercase() == pair[0].to_lowercase());
        let code = pair[1].bytes().all(|b| b.is_ascii_digit());
        if asked && code && !all.iter().any(|c| c == pair[1]) {
            all.push(pair[1].to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_read_them() {
        let yes = ["ja".to_owned(), "ok".to_owned()];
        let text =
            "En text väntar. Godkänn före 10.05: 14-2 483920 till allmänheten. Svara OK 629878, NEJ 629878 skäl.";
        assert_eq!(codes(text, &yes), ["629878"]);
        assert_eq!(codes("Svara JA 1 eller NEJ 1. Svara JA 2.", &yes), ["1", "2"]);
        assert!(codes("Ring 0980-319 258", &yes).is_empty());
    }
}
