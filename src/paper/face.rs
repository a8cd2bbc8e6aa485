//! The two faces of what is set on paper: which characters they have, how wide those are, and where a line breaks.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider, charmap::Charmap};

use crate::domain::text::DoesNotFit;

/// Liberation Sans, regular and bold (`assets/fonts/README.md`).
pub(crate) static FACES: LazyLock<Faces> = LazyLock::new(|| Faces {
    regular: Face::new(include_bytes!("../../assets/fonts/LiberationSans-Regular.ttf")),
    bold: Face::new(include_bytes!("../../assets/fonts/LiberationSans-Bold.ttf")),
});

/// Both faces.
pub(crate) struct Faces {
    pub regular: Face,
    pub bold: Face,
}

/// One face.
pub(crate) struct Face {
    /// For the document.
    pub font: Font,
    chars: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units_per_em: f32,
}

/// Scripts whose letters change form or direction with their neighbours. One glyph a character would show them wrong, and a
/// text that is shown wrong is worse than one that takes another way (RULES A5). A combining mark that is left in NFC has no
/// letter to sit on.
fn needs_shaping(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x483..=0x489 | 0x590..=0x10ff | 0x1200..=0x1cff
        | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0x2d00..=0x2dff | 0xa980..=0xabff | 0xfb1d..=0xfdff | 0xfe20..=0xfe2f
        | 0xfe70..=0xfeff)
}

impl Face {
    fn new(ttf: &'static [u8]) -> Self {
        let read = FontRef::new(ttf).expect("a face that is compiled in, and that every test of the page reads");
        let font = Font::new(ttf.to_vec().into(), 0).expect("the same face");
        Self {
            units_per_em: font.units_per_em(),
            font,
            chars: read.charmap(),
            metrics: read.glyph_metrics(Size::unscaled(), LocationRef::default()),
        }
    }

    fn glyph(&self, c: char) -> Option<(skrifa::GlyphId, f32)> {
        let glyph = self.chars.map(c).filter(|g| g.to_u32() != 0)?;
        Some((glyph, self.metrics.advance_width(glyph)? / self.units_per_em))
    }

    /// Whether the face shows that character as it should be.
    pub fn has(&self, c: char) -> bool {
        !needs_shaping(c) && self.glyph(c).is_some()
    }

    /// The first character that can't be shown.
    pub fn check(&self, text: &str) -> Result<(), DoesNotFit> {
        text.chars().find(|c| !self.has(*c)).map_or(Ok(()), |c| Err(DoesNotFit::Lacks(c)))
    }

    /// What can't be shown becomes a question mark. For the words around a text only, never for the text.
    pub fn showable(&self, text: &str) -> String {
        text.chars().map(|c| if self.has(c) { c } else { '?' }).collect()
    }

    fn advance(&self, c: char) -> f32 {
        self.glyph(c).map_or(0.0, |(_, advance)| advance)
    }

    /// Width in points.
    pub fn width(&self, text: &str, size_pt: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size_pt
    }

    /// One glyph for each character: no ligature, no kerning. What is extracted from the page is then what was set.
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .filter_map(|(at, c)| {
                let (glyph, advance) = self.glyph(c)?;
                let range = at..at + c.len_utf8();
                Some(KrillaGlyph::new(GlyphId::new(glyph.to_u32()), advance, 0.0, 0.0, 0.0, range, None))
            })
            .collect()
    }

    /// Breaks a text into lines whose concatenation is the text: a line that ends at a space keeps that space (it may hang
    /// over the edge, where nobody sees it); a word longer than a line is broken where the line is full, with nothing added.
    pub fn break_lines<'t>(&self, text: &'t str, size_pt: f32, width_pt: f32) -> Vec<&'t str> {
        let mut lines = Vec::new();
        let (mut start, mut width, mut after_space) = (0, 0.0, None);
        for (at, c) in text.char_indices() {
            let advance = self.advance(c) * size_pt;
            if c == ' ' {
                after_space = Some((at + 1, width + advance));
            } else if width + advance > width_pt && at > start {
                match after_space {
                    Some((next, before)) if next > start => {
                        lines.push(&text[start..next]);
                        start = next;
                        width -= before;
                    }
                    _ => {
                        lines.push(&text[start..at]);
                        start = at;
                        width = 0.0;
                    }
                }
                after_space = None;
                // What followed the space may itself be longer than a line only if it was longer before the break too:
                // it was set character by character, so it is at most one line.
            }
            width += advance;
        }
        if start < text.len() {
            lines.push(&text[start..]);
        }
        lines
    }
}
