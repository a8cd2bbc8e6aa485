//! A paper as a page that prints well: what stands around it is repeated on each printed page, as the head of a table.

use askama::Template;

use super::{Part, Sheet};
use crate::words::{Word, paper as words};

/// How it looks, for a page that no server stands behind.
const STYLE: &str = include_str!("../../assets/console/paper.css");

/// Where the style is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style<'s> {
    /// Behind that address.
    At(&'s str),
    /// In the page itself: a file that is carried about.
    Within,
}

#[derive(Template)]
#[template(path = "paper.html")]
struct Page<'s> {
    sheet: &'s Sheet,
    style: Style<'s>,
}

/// One part as it stands in any page.
#[derive(Template)]
#[template(path = "paper_part.html")]
struct OnePart<'s> {
    part: Part<'s>,
}

/// The parts of a paper, to stand within another page: escaped, and ready to be put in.
///
/// # Errors
/// They could not be made.
pub fn parts(sheet: &Sheet) -> Result<String, askama::Error> {
    sheet.parts().into_iter().map(|part| OnePart { part }.render()).collect()
}

impl Page<'_> {
    fn parts(&self) -> Result<String, askama::Error> {
        parts(self.sheet)
    }
    fn t(&self, word: Word) -> &'static str {
        word.say(self.sheet.lang)
    }
}

/// The page.
///
/// # Errors
/// It could not be made.
pub fn html(sheet: &Sheet, style: Style<'_>) -> Result<String, askama::Error> {
    Page { sheet, style }.render()
}
