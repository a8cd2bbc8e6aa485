//! Where everything stands. All measures in points, from the top left corner of an A4 page; no drawing.

use super::words::{Words, words};
use crate::domain::text::{DoesNotFit, Outgoing};
use crate::gateways::MessageContext;
use crate::paper::face::{FACES, Face};

/// A4.
pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;
/// Fax machines print a line of their own at the top and cut a little at the sides.
pub(super) const MARGIN: f32 = 48.0;
pub(super) const TOP: f32 = 40.0;
const BOTTOM: f32 = PAGE_HEIGHT - 40.0;
pub(super) const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
/// The text is set in the largest of these that needs one page; a longer text takes more pages, never smaller type.
const TEXT_SIZES: [f32; 4] = [20.0, 18.0, 16.0, TEXT_SIZE_MIN];
const TEXT_SIZE_MIN: f32 = 14.0;
/// Space from line to line, in sizes.
pub(super) const LEADING: f32 = 1.36;
/// The exercise mark at the top and the bottom of each page: as large as the page allows.
const MARK_SIZE: f32 = 40.0;
const MARK_SIZE_MIN: f32 = 14.0;
pub(super) const MARK_BOX: f32 = 54.0;
/// Number, fingerprint, page.
const NUMBER_SIZE: f32 = 22.0;
const NUMBER_SIZE_MIN: f32 = 14.0;
pub(super) const LABEL_SIZE: f32 = 12.0;
pub(super) const SENDER_SIZE: f32 = 15.0;
pub(super) const TITLE_SIZE: f32 = 15.0;
pub(super) const MODE_SIZE: f32 = 20.0;
pub(super) const TRAILER_SIZE: f32 = 18.0;
/// The space between blocks.
pub(super) const GAP: f32 = 14.0;
/// Lines that a field of the letterhead may take. It repeats what the text says, so it may end in an ellipsis; the text
/// never does.
const LETTERHEAD_LINES_MAX: usize = 2;
/// Pages that one fax may have: a bound for the layout itself; a gateway's own limit is lower.
pub(super) const LAYOUT_PAGES_MAX: usize = 99;

/// Everything that is drawn, page by page.
pub(super) struct Layout<'t> {
    pub words: Words,
    pub mark: Option<(&'t str, f32)>,
    pub sender: Vec<String>,
    pub title: Vec<String>,
    pub mode: Vec<String>,
    /// Number, and fingerprint when there is one.
    pub number: &'t str,
    pub fingerprint: Option<&'t str>,
    pub number_size: f32,
    pub text_size: f32,
    /// The text's lines; their concatenation is the text.
    pub pages: Vec<Vec<&'t str>>,
    pub trailer: Vec<&'t str>,
    /// Where the letterhead ends and the row with the number begins.
    pub number_top: f32,
    /// Where the text begins and must have ended.
    pub text_top: f32,
    pub text_bottom: f32,
}

impl<'t> Layout<'t> {
    /// Sets the page around a code of that side length.
    pub fn new(
        out: &'t Outgoing,
        head: &MessageContext,
        trailer: Option<&'t str>,
        code_side: f32,
    ) -> Result<Self, DoesNotFit> {
        let (regular, bold) = (&FACES.regular, &FACES.bold);
        regular.check(out.text())?;
        bold.check(out.number())?;
        let words = words(head.lang);

        let mark = match out.mark() {
            None => None,
            Some(mark) => {
                let mark = mark.as_str();
                bold.check(mark)?;
                let size = MARK_SIZE.min((WIDTH - 2.0 * GAP) / bold.width(mark, 1.0).max(0.01));
                if size < MARK_SIZE_MIN {
                    return Err(DoesNotFit::NoRoom);
                }
                Some((mark, size))
            }
        };

        let beside = WIDTH - code_side - if code_side > 0.0 { GAP } else { 0.0 };
        let field = |text: &str, size, face: &Face| {
            let text = face.showable(text);
            let mut lines: Vec<String> =
                face.break_lines(&text, size, beside).into_iter().map(|l| l.trim_end().to_owned()).collect();
            if lines.len() > LETTERHEAD_LINES_MAX {
                lines.truncate(LETTERHEAD_LINES_MAX);
                if let Some(last) = lines.last_mut() {
                    while last.pop().is_some() && face.width(last, size) + face.width(" …", size) > beside {}
                    last.push_str(" …");
                }
            }
            lines
        };
        let sender = field(&head.sender, SENDER_SIZE, bold);
        let mut mode = field(&head.mode_line, MODE_SIZE, bold);
        // What stands before a text stands above it: no part of it (RULES A14).
        if let Some(lead) = out.lead() {
            mode.splice(0..0, field(lead, MODE_SIZE, bold));
        }
        let title = field(&head.title, TITLE_SIZE, regular);
        let letterhead = LEADING
            * (sender.len() as f32 * SENDER_SIZE + mode.len() as f32 * MODE_SIZE + title.len() as f32 * TITLE_SIZE);
        let top = TOP + if mark.is_some() { MARK_BOX + GAP } else { 0.0 };
        let number_top = top + letterhead.max(code_side) + GAP;

        let fingerprint = out.fingerprint().map(|f| f.as_str());
        // The widest page number counts, so that every page looks the same.
        let values = bold.width(out.number(), 1.0)
            + fingerprint.map_or(0.0, |f| bold.width(f, 1.0))
            + bold.width("99/99", 1.0)
            + 1.0;
        let labels = [words.message, words.incident].iter().map(|w| regular.width(w, LABEL_SIZE)).fold(0.0, f32::max)
            + regular.width(words.check, LABEL_SIZE)
            + regular.width(words.page, LABEL_SIZE)
            + 3.0 * LABEL_SIZE
            + 2.0 * GAP;
        let number_size = NUMBER_SIZE.min((WIDTH - labels) / values);
        if number_size < NUMBER_SIZE_MIN {
            return Err(DoesNotFit::NoRoom);
        }

        let text_top = number_top + NUMBER_SIZE * LEADING + GAP;
        let text_bottom = BOTTOM - if mark.is_some() { MARK_BOX + GAP } else { 0.0 };
        let trailer = match trailer {
            None => Vec::new(),
            Some(trailer) => {
                bold.check(trailer)?;
                bold.break_lines(trailer, TRAILER_SIZE, WIDTH)
            }
        };

        let mut layout = Self {
            words,
            mark,
            sender,
            title,
            mode,
            number: out.number(),
            fingerprint,
            number_size,
            text_size: TEXT_SIZE_MIN,
            pages: Vec::new(),
            trailer,
            number_top,
            text_top,
            text_bottom,
        };
        for size in TEXT_SIZES {
            layout.text_size = size;
            layout.pages = layout.paginate(regular.break_lines(out.text(), size, WIDTH))?;
            if layout.pages.len() == 1 {
                break;
            }
        }
        if layout.pages.len() > LAYOUT_PAGES_MAX {
            return Err(DoesNotFit::TooLong {
                needs: u32::try_from(layout.pages.len()).unwrap_or(u32::MAX),
                max: LAYOUT_PAGES_MAX as u32,
                unit: "pages".into(),
            });
        }
        Ok(layout)
    }

    /// What stands under the text on the last page: the mark that ends the text, a rule, the trailer.
    pub fn trailer_height(&self) -> f32 {
        if self.trailer.is_empty() {
            return 0.0;
        }
        let mark = if self.mark.is_some() { self.text_size * LEADING } else { 0.0 };
        mark + 2.0 * GAP + LABEL_SIZE * LEADING + self.trailer.len() as f32 * TRAILER_SIZE * LEADING
    }

    /// Shares out the lines. Every page has at least one, the last has room for the trailer, the others for the note that
    /// the text goes on.
    fn paginate(&self, lines: Vec<&'t str>) -> Result<Vec<Vec<&'t str>>, DoesNotFit> {
        let line = self.text_size * LEADING;
        let room = self.text_bottom - self.text_top;
        let fit = |height: f32| (height / line).floor().max(0.0) as usize;
        let last = fit(room - self.trailer_height());
        let full = fit(room - GAP - LABEL_SIZE * LEADING);
        if last == 0 || full == 0 {
            return Err(DoesNotFit::NoRoom);
        }
        let (mut rest, mut pages) = (&lines[..], Vec::new());
        while rest.len() > last {
            let (page, more) = rest.split_at(full.min(rest.len() - 1));
            pages.push(page.to_vec());
            rest = more;
        }
        pages.push(rest.to_vec());
        Ok(pages)
    }
}
