//! What leaves the house: a header, one text, a mark. A drill text without its mark does not compile.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{Canonical, Fingerprint};

/// The exercise mark of one language (`ÖVNING`, `EXERCISE`): begins and ends everything that a far device shows as one unit
/// (invariant 6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark(Arc<str>);

impl Mark {
    /// From the words of a language. One word, letters only, so that it can't be empty or be mistaken for a number.
    pub fn new(word: &str) -> Option<Self> {
        (!word.is_empty() && word.chars().all(char::is_alphabetic)).then(|| Self(word.into()))
    }
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A real text carries no mark.
#[derive(Clone, Copy, Debug)]
pub enum Actual {}
/// A drill text carries one.
#[derive(Clone, Copy, Debug)]
pub enum Exercise {}

/// How a status is marked: `()` for [`Actual`], a [`Mark`] for [`Exercise`].
pub trait MarkedBy {
    /// What must be given to send such a text.
    type Mark: Clone + Into<Option<Mark>>;
}
/// No mark.
#[derive(Clone, Copy, Debug)]
pub struct NoMark;
impl From<NoMark> for Option<Mark> {
    fn from(_: NoMark) -> Self {
        None
    }
}
impl MarkedBy for Actual {
    type Mark = NoMark;
}
impl MarkedBy for Exercise {
    type Mark = Mark;
}

/// A canonical text with its number and fingerprint, real or drill by its type.
#[derive(Clone, Debug)]
pub struct Text<S> {
    number: Arc<str>,
    fingerprint: Fingerprint,
    text: Canonical,
    status: PhantomData<S>,
}

impl<S> Text<S> {
    /// A text with its number, as it stands in the header, and the fingerprint over number, audience, language and text.
    pub fn new(number: &str, fingerprint: Fingerprint, text: Canonical) -> Self {
        Self { number: number.into(), fingerprint, text, status: PhantomData }
    }
}

/// One body, shared by all who get it in that language. The only type that a gateway accepts, and it can't be made from a
/// drill text without its mark:
///
/// ```
/// use vardkase::domain::text::*;
/// let f = Fingerprint::of("Ö-3-1", "internal", "sv", "Prov");
/// let drill = Text::<Exercise>::new("Ö-3-1", f, Canonical::new("Prov").unwrap());
/// let out = Outgoing::message(&drill, Mark::new("ÖVNING").unwrap());
/// assert_eq!(out.whole(None), format!("ÖVNING Ö-3-1 {f} Prov ÖVNING"));
/// ```
///
/// ```compile_fail
/// use vardkase::domain::text::*;
/// let f = Fingerprint::of("Ö-3-1", "internal", "sv", "Prov");
/// let drill = Text::<Exercise>::new("Ö-3-1", f, Canonical::new("Prov").unwrap());
/// let out = Outgoing::message(&drill, NO_MARK);
/// ```
///
/// Nor can the mark be taken off later, or one text be put in another's place:
///
/// ```compile_fail,E0451
/// use vardkase::domain::text::*;
/// let note = Canonical::new("Prov").unwrap();
/// let out = Outgoing::note::<Exercise>("Ö-3", &note, Mark::new("ÖVNING").unwrap());
/// let real = Outgoing { mark: None, ..out };
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    mark: Option<Mark>,
    lead: Option<Arc<str>>,
    number: Arc<str>,
    fingerprint: Option<Fingerprint>,
    text: Arc<str>,
}

/// What a real text is marked with: nothing.
pub const NO_MARK: NoMark = NoMark;

impl Outgoing {
    /// A message.
    pub fn message<S: MarkedBy>(text: &Text<S>, mark: S::Mark) -> Self {
        Self {
            mark: mark.into(),
            lead: None,
            number: text.number.clone(),
            fingerprint: Some(text.fingerprint),
            text: text.text.shared(),
        }
    }

    /// A note: an operational text to one function. It may be personal, and is marked in drills like everything else.
    pub fn note<S: MarkedBy>(number: &str, text: &Canonical, mark: S::Mark) -> Self {
        Self { mark: mark.into(), lead: None, number: number.into(), fingerprint: None, text: text.shared() }
    }

    /// The same with words before its number, outside the text (RULES A14): `PÅMINNELSE`. In a drill they stand behind the mark.
    pub fn led_by(&self, lead: &str) -> Self {
        Self { lead: (!lead.is_empty()).then(|| lead.into()), ..self.clone() }
    }
    /// What stands before the number.
    pub fn lead(&self) -> Option<&str> {
        self.lead.as_deref()
    }

    /// Begins and ends each unit of a drill; a real text has none.
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }
    /// The number of the message; of the incident for a note.
    pub fn number(&self) -> &str {
        &self.number
    }
    /// A note has none: it is outside identical content.
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }
    /// The canonical text, or the note.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `[mark SP] [lead SP] number SP [fingerprint SP] [k/n SP]`, for one unit of several or for the only one. The lead stands
    /// in the first.
    pub fn header(&self, part: Option<(u32, u32)>) -> String {
        let mut header = String::with_capacity(40);
        let first = part.is_none_or(|(k, _)| k == 1);
        for word in [
            self.mark.as_ref().map(Mark::as_str),
            self.lead.as_deref().filter(|_| first),
            Some(&*self.number),
            self.fingerprint.as_ref().map(Fingerprint::as_str),
        ]
        .into_iter()
        .flatten()
        {
            header.push_str(word);
            header.push(' ');
        }
        if let Some((k, n)) = part {
            header.push_str(&format!("{k}/{n} "));
        }
        header
    }

    /// What ends each unit: ` mark` in a drill, else nothing.
    pub fn footer(&self) -> String {
        self.mark.as_ref().map_or_else(String::new, |m| format!(" {}", m.as_str()))
    }

    /// All of it as one unit: `header text [SP mark] [SP trailer]`. In a drill the mark comes after the trailer too, so
    /// that the unit ends with it.
    pub fn whole(&self, trailer: Option<&str>) -> String {
        let mut whole = self.header(None);
        whole.push_str(&self.text);
        let footer = self.footer();
        whole.push_str(&footer);
        if let Some(trailer) = trailer {
            whole.push(' ');
            whole.push_str(trailer);
            whole.push_str(&footer);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_real_text_carries_header_text_and_trailer() {
        let f = Fingerprint::of("14-2", "internal", "sv", "Larm");
        let text = Text::<Actual>::new("14-2", f, Canonical::new("Larm").unwrap());
        let out = Outgoing::message(&text, NO_MARK);
        assert_eq!(out.whole(None), format!("14-2 {f} Larm"));
        assert_eq!(out.whole(Some("Svara JA 14")), format!("14-2 {f} Larm Svara JA 14"));
    }

    #[test]
    fn a_drill_unit_begins_and_ends_with_the_mark() {
        let mark = Mark::new("ÖVNING").unwrap();
        let f = Fingerprint::of("Ö-3-1", "internal", "sv", "Larm");
        let text = Text::<Exercise>::new("Ö-3-1", f, Canonical::new("Larm").unwrap());
        let out = Outgoing::message(&text, mark.clone());
        assert_eq!(out.whole(Some("Svara JA Ö-3")), format!("ÖVNING Ö-3-1 {f} Larm ÖVNING Svara JA Ö-3 ÖVNING"));
        let note = Outgoing::note::<Exercise>("Ö-3", &Canonical::new("Besked").unwrap(), mark);
        assert_eq!(note.whole(None), "ÖVNING Ö-3 Besked ÖVNING");
    }

    #[test]
    fn rule_a14_a_lead_stands_before_the_number_and_behind_the_mark_of_a_drill() {
        let f = Fingerprint::of("14-2", "internal", "sv", "Larm");
        let text = Text::<Actual>::new("14-2", f, Canonical::new("Larm").unwrap());
        let out = Outgoing::message(&text, NO_MARK).led_by("PÅMINNELSE");
        assert_eq!(out.whole(None), format!("PÅMINNELSE 14-2 {f} Larm"));
        assert_eq!(out.header(Some((2, 3))), format!("14-2 {f} 2/3 "), "only the first unit has it");
        let f = Fingerprint::of("Ö-3-1", "internal", "sv", "Larm");
        let text = Text::<Exercise>::new("Ö-3-1", f, Canonical::new("Larm").unwrap());
        let out = Outgoing::message(&text, Mark::new("ÖVNING").unwrap()).led_by("PÅMINNELSE");
        assert_eq!(out.whole(None), format!("ÖVNING PÅMINNELSE Ö-3-1 {f} Larm ÖVNING"));
    }

    #[test]
    fn a_mark_is_one_word() {
        assert!(Mark::new("").is_none());
        assert!(Mark::new("ÖVNING ÖVNING").is_none());
        assert!(Mark::new("14").is_none());
    }
}
