//! In what two texts differ, word by word: what is read beside each other need not be read twice.
//!
//! Must not: know markup. Whoever shows it says with a word and a line what is new and what is gone, never by colour alone.

/// A run of words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Run {
    /// In both.
    Same(String),
    /// Only in the earlier one.
    Gone(String),
    /// Only in the later one.
    New(String),
}

/// Texts with more words than this beside each other are shown whole, as gone and new: the table below grows with their product.
const WORDS_MAX: usize = 1_200;

/// The later text with what it took the place of: joined without what is gone it is the later text, without what is new the earlier.
pub fn difference(earlier: &str, later: &str) -> Vec<Run> {
    let (a, b): (Vec<&str>, Vec<&str>) = (earlier.split(' ').collect(), later.split(' ').collect());
    if a.len() > WORDS_MAX || b.len() > WORDS_MAX {
        return vec![Run::Gone(earlier.into()), Run::New(later.into())];
    }
    // The longest common row of words from each place on (Wagner and Fischer).
    let width = b.len() + 1;
    let mut longest = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut runs) = (0, 0, Runs::default());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            runs.push(Kind::Same, a[i]);
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || i < a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            runs.push(Kind::Gone, a[i]);
            i += 1;
        } else {
            runs.push(Kind::New, b[j]);
            j += 1;
        }
    }
    runs.done()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Gone,
    New,
}

/// Words that follow on from each other are one run; between two runs that are the same, what is gone stands before what is new.
#[derive(Default)]
struct Runs {
    done: Vec<Run>,
    same: Vec<String>,
    gone: Vec<String>,
    new: Vec<String>,
}

impl Runs {
    fn push(&mut self, kind: Kind, word: &str) {
        if kind == Kind::Same {
            self.close_change();
            self.same.push(word.to_owned());
            return;
        }
        self.close_same();
        if kind == Kind::Gone { &mut self.gone } else { &mut self.new }.push(word.to_owned());
    }
    fn close_same(&mut self) {
        if !self.same.is_empty() {
            self.done.push(Run::Same(std::mem::take(&mut self.same).join(" ")));
        }
    }
    fn close_change(&mut self) {
        if !self.gone.is_empty() {
            self.done.push(Run::Gone(std::mem::take(&mut self.gone).join(" ")));
        }
        if !self.new.is_empty() {
            self.done.push(Run::New(std::mem::take(&mut self.new).join(" ")));
        }
    }
    fn done(mut self) -> Vec<Run> {
        self.close_same();
        self.close_change();
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(runs: &[Run], without_new: bool) -> String {
        let shown = runs.iter().filter_map(|run| match run {
            Run::Same(words) => Some(words.as_str()),
            Run::Gone(words) => without_new.then_some(words.as_str()),
            Run::New(words) => (!without_new).then_some(words.as_str()),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn both_texts_can_be_read_from_their_difference() {
        let texts = [
            "",
            "Nere.",
            "LARM: Journalen är nere. Åter i drift: okänt. Nästa besked: 19.42.",
            "UPPDATERING: Åter i drift: 20.00, förut okänt. Journalen är nere. Nästa besked: 20.42.",
            "nere nere nere",
            "nere",
        ];
        for earlier in texts {
            for later in texts {
                let runs = difference(earlier, later);
                assert_eq!(joined(&runs, true), earlier, "{runs:?}");
                assert_eq!(joined(&runs, false), later, "{runs:?}");
            }
        }
        let runs = difference("Åter i drift: okänt. Kontakt: 1", "Åter i drift: 14.00. Kontakt: 1");
        let expected = [
            Run::Same("Åter i drift:".into()),
            Run::Gone("okänt.".into()),
            Run::New("14.00.".into()),
            Run::Same("Kontakt: 1".into()),
        ];
        assert_eq!(runs, expected);
        let long = "ord ".repeat(WORDS_MAX + 1);
        assert_eq!(difference(&long, "kort").len(), 2, "bounded");
    }
}
