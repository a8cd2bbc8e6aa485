//! Draws a layout.
//!
//! The page is a tagged PDF. What belongs to the sent unit (header, text, mark, trailer) is content, in reading order; all
//! else (letterhead, labels, rules, the code) is an artifact (ISO 32000-1, 14.8.2.2). The content of all pages, put
//! together as it stands, is `header text [SP mark] [SP trailer [SP mark]]`, page by page: each run carries the space that
//! follows it, so that nobody has to guess where a line's end was a space.

use fast_qr::QRCode;
use krilla::color::luma;
use krilla::configure::{ConfigurationBuilder, PdfVersion};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, Tag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};

use super::layout::{
    GAP, LABEL_SIZE, LEADING, Layout, MARGIN, MARK_BOX, MODE_SIZE, PAGE_HEIGHT, PAGE_WIDTH, SENDER_SIZE, TITLE_SIZE,
    TOP, TRAILER_SIZE, WIDTH,
};
use crate::gateways::MessageContext;
use crate::paper::face::{FACES, Face};

/// Side of one module of the code: four lines of a standard fax (98 lines an inch), so that it is read at the coarsest.
pub(super) const MODULE: f32 = 4.0 * 72.0 / 98.0;
/// Baseline below the top of a line, in sizes.
const ASCENT: f32 = 0.95;
const RULE: f32 = 1.5;
/// The seal at the foot: beside the text, in the margin.
const FOOT_SIZE: f32 = 9.0;
const FOOT_ABOVE: f32 = 34.0;

struct Pen<'a, 'p> {
    surface: &'a mut Surface<'p>,
    content: Vec<Identifier>,
}

impl Pen<'_, '_> {
    fn set(&mut self, x: f32, top: f32, face: &Face, size: f32, text: &str) {
        let glyphs = face.glyphs(text);
        let at = Point::from_xy(x, top + size * ASCENT);
        self.surface.draw_glyphs(at, &glyphs, face.font.clone(), text, size, false);
    }
    /// A run of what is sent.
    fn content(&mut self, x: f32, top: f32, face: &Face, size: f32, text: &str) {
        let id = self.surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        self.set(x, top, face, size, text);
        self.surface.end_tagged();
        self.content.push(id);
    }
    /// Something beside it.
    fn beside(&mut self, draw: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)));
        draw(self);
        self.surface.end_tagged();
    }
    fn label(&mut self, x: f32, top: f32, face: &Face, size: f32, text: &str) {
        self.beside(|pen| pen.set(x, top, face, size, text));
    }
    fn fill(&mut self, rects: impl Iterator<Item = (f32, f32, f32, f32)>) {
        let mut path = PathBuilder::new();
        for (x, y, width, height) in rects {
            if let Some(rect) = Rect::from_xywh(x, y, width, height) {
                path.push_rect(rect);
            }
        }
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }
    fn rule(&mut self, top: f32) {
        self.beside(|pen| pen.fill(std::iter::once((MARGIN, top, WIDTH, RULE))));
    }
    /// The exercise mark, framed. `lead` is the space that parts it from what stands before it.
    fn mark(&mut self, top: f32, (mark, size): (&str, f32), lead: bool) {
        self.beside(|pen| {
            pen.surface.set_fill(None);
            pen.surface.set_stroke(Some(Stroke {
                width: 3.0,
                paint: luma::Color::black().into(),
                ..Stroke::default()
            }));
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(MARGIN, top, WIDTH, MARK_BOX) {
                path.push_rect(rect);
            }
            if let Some(path) = path.finish() {
                pen.surface.draw_path(&path);
            }
            pen.ink();
        });
        let face = &FACES.bold;
        let (word, shift) = if lead { (format!(" {mark}"), face.width(" ", size)) } else { (format!("{mark} "), 0.0) };
        let x = MARGIN + (WIDTH - face.width(mark, size)) / 2.0 - shift;
        self.content(x, top + (MARK_BOX - size) / 2.0 - size * 0.07, face, size, &word);
    }
    fn ink(&mut self) {
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill { paint: luma::Color::black().into(), ..Fill::default() }));
    }
}

/// The PDF. The same layout gives the same bytes: it holds no date, and its ID is a hash of its content.
pub(super) fn draw(layout: &Layout<'_>, head: &MessageContext, code: Option<&QRCode>) -> Option<Vec<u8>> {
    let configuration = ConfigurationBuilder::new().with_version(PdfVersion::Pdf14).finish().ok()?;
    let settings = SerializeSettings { configuration, xmp_metadata: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(Metadata::new().language(head.lang.as_str().to_owned()));
    let mut tags = TagTree::new();
    for k in 0..layout.pages.len() {
        let mut page = document.start_page_with(PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT)?);
        let mut surface = page.surface();
        let mut pen = Pen { surface: &mut surface, content: Vec::new() };
        pen.ink();
        draw_page(&mut pen, layout, code, k);
        if !head.foot.is_empty() {
            let foot = FACES.regular.showable(&head.foot);
            pen.label(MARGIN, PAGE_HEIGHT - FOOT_ABOVE, &FACES.regular, FOOT_SIZE, &foot);
        }
        let mut paragraph = TagGroup::new(Tag::P);
        for id in pen.content {
            paragraph.push(Node::Leaf(id));
        }
        tags.push(paragraph);
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tags);
    document.finish().ok()
}

fn draw_page(pen: &mut Pen<'_, '_>, layout: &Layout<'_>, code: Option<&QRCode>, k: usize) {
    let (regular, bold) = (&FACES.regular, &FACES.bold);
    let mut y = TOP;
    if let Some(mark) = layout.mark {
        pen.mark(y, mark, false);
        y += MARK_BOX + GAP;
    }
    if let Some(code) = code {
        pen.beside(|pen| draw_code(pen, code, y));
    }
    for (lines, face, size) in
        [(&layout.sender, bold, SENDER_SIZE), (&layout.mode, bold, MODE_SIZE), (&layout.title, regular, TITLE_SIZE)]
    {
        for line in lines {
            pen.label(MARGIN, y, face, size, line);
            y += size * LEADING;
        }
    }

    draw_number(pen, layout, k);
    pen.rule(layout.text_top - GAP);

    let mut y = layout.text_top;
    let line_height = layout.text_size * LEADING;
    for line in &layout.pages[k] {
        pen.content(MARGIN, y, regular, layout.text_size, line);
        y += line_height;
    }
    if k + 1 < layout.pages.len() {
        pen.label(MARGIN, y + GAP, regular, LABEL_SIZE, layout.words.continues);
    } else if !layout.trailer.is_empty() {
        draw_trailer(pen, layout, y);
    }
    if let Some(mark) = layout.mark {
        pen.mark(layout.text_bottom + GAP, mark, true);
    }
}

/// `Meddelande 14-2   Kontrollkod 7K4F2A   Sida 1/2`: small labels, large values on one baseline.
fn draw_number(pen: &mut Pen<'_, '_>, layout: &Layout<'_>, k: usize) {
    let (regular, bold) = (&FACES.regular, &FACES.bold);
    let size = layout.number_size;
    let drop = (size - LABEL_SIZE) * ASCENT;
    let part = format!("{}/{}", k + 1, layout.pages.len());
    let first = if layout.fingerprint.is_some() { layout.words.message } else { layout.words.incident };
    let columns = [
        Some((first, layout.number)),
        layout.fingerprint.map(|f| (layout.words.check, f)),
        Some((layout.words.page, part.as_str())),
    ];
    let width =
        |(label, value): (&str, &str)| regular.width(label, LABEL_SIZE) + LABEL_SIZE * 0.6 + bold.width(value, size);
    let used: f32 = columns.iter().flatten().map(|c| width(*c)).sum();
    let gaps = columns.iter().flatten().count().saturating_sub(1).max(1) as f32;
    let gap = (WIDTH - used) / gaps;
    let mut x = MARGIN;
    for (label, value) in columns.into_iter().flatten() {
        pen.label(x, layout.number_top + drop, regular, LABEL_SIZE, label);
        let at = x + regular.width(label, LABEL_SIZE) + LABEL_SIZE * 0.6;
        pen.content(at, layout.number_top, bold, size, &format!("{value} "));
        x += width((label, value)) + gap;
    }
}

/// Under the text: in a drill the mark that ends it, then a rule, then what asks for the answer.
fn draw_trailer(pen: &mut Pen<'_, '_>, layout: &Layout<'_>, mut y: f32) {
    let (regular, bold) = (&FACES.regular, &FACES.bold);
    if let Some((mark, _)) = layout.mark {
        let lead = bold.width(" ", layout.text_size);
        pen.content(MARGIN - lead, y, bold, layout.text_size, &format!(" {mark}"));
        y += layout.text_size * LEADING;
    }
    y += GAP;
    pen.rule(y);
    y += GAP;
    pen.label(MARGIN, y, regular, LABEL_SIZE, layout.words.answer);
    y += LABEL_SIZE * LEADING;
    for (i, line) in layout.trailer.iter().enumerate() {
        let (line, lead) =
            if i == 0 { (format!(" {line}"), bold.width(" ", TRAILER_SIZE)) } else { ((*line).to_owned(), 0.0) };
        pen.content(MARGIN - lead, y, bold, TRAILER_SIZE, &line);
        y += TRAILER_SIZE * LEADING;
    }
}

/// The code stands at the right edge, its quiet zone reaching into the margin and the gap.
fn draw_code(pen: &mut Pen<'_, '_>, code: &QRCode, top: f32) {
    let left = MARGIN + WIDTH - code.size as f32 * MODULE;
    let dark = (0..code.size).flat_map(|row| {
        let line = &code[row];
        // Neighbours in one rectangle: no hairlines between them when the page is made a bitmap.
        let mut runs = Vec::new();
        let mut column = 0;
        while column < code.size {
            let length = line[column..code.size].iter().take_while(|m| m.value()).count();
            if length > 0 {
                runs.push((left + column as f32 * MODULE, top + row as f32 * MODULE, length as f32 * MODULE, MODULE));
            }
            column += length.max(1);
        }
        runs
    });
    pen.fill(dark);
}
