//! A text as a telephone shows it: an SMS with what stands around it, or the public page's own parts. What it is made of came from
//! the function that releases (RULES A14); here it gets its form.

use crate::domain::incident::render::sentences;
use crate::domain::lang::Lang;
use crate::domain::plan::Channel;
use crate::domain::view::PreviewView;

/// A text in one language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OnPhone {
    pub lang: Lang,
    /// The messages of an SMS; or the parts of the public page, its heading first.
    pub units: Vec<String>,
    /// The public page.
    pub web: bool,
    /// How many SMS it takes; 0 where it is none.
    pub parts: u32,
    /// The pre-approved text goes in the place of one that nobody read (RULES A7).
    pub other_text: bool,
}

/// How that language of a text is shown: on the public page where it goes there, else as the SMS that most get, else word for word.
pub fn on_phone(lang: Lang, text: &str, previews: &[PreviewView]) -> OnPhone {
    let first = |channel| previews.iter().find(|p| p.channel == channel && p.lang == lang);
    if let Some(p) = first(Channel::Web) {
        let units = p.units.iter().flat_map(|text| sentences(text)).collect();
        return OnPhone { lang, units, web: true, parts: 0, other_text: p.other_text };
    }
    match first(Channel::Sms) {
        Some(p) => OnPhone { lang, units: p.units.clone(), web: false, parts: p.parts, other_text: p.other_text },
        None => OnPhone { lang, units: vec![text.to_owned()], web: false, parts: 0, other_text: false },
    }
}
