//! A paper as PDF: A4, faces embedded, text that can be taken out, headings and lists tagged, an outline.
//!
//! It is made as PDF/UA-1 (ISO 14289-1): krilla refuses a document that lacks title, tags or outline. What stands around each page is
//! an artifact there (7.8), so that nobody hears it on every page; it is content once, below the title.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use krilla::color::luma;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, Tag, TagGroup, TagTree,
};
use krilla::{Document, SerializeSettings};

mod pages;
mod tables;

use super::face::{FACES, Face};
use super::picture::{LABEL_SIZE, Picture, Side};
use super::{Block, Qr, Sheet};
use crate::words::paper as words;

/// Pages of one paper: a directory of 1 000 duties has about 200.
pub const PAGES_MAX: usize = 2_000;

/// A4, in points.
const PAGE_WIDTH: f32 = 595.28;
const PAGE_HEIGHT: f32 = 841.89;
const MARGIN: f32 = 54.0;
const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
/// The head of a page begins there.
const HEAD_TOP: f32 = 30.0;
/// The foot of a page.
const FOOT_TOP: f32 = PAGE_HEIGHT - 40.0;
/// Content ends there.
const BOTTOM: f32 = FOOT_TOP - 12.0;
const SMALL: f32 = 8.5;
const MARK: f32 = 11.0;
const BODY: f32 = 10.0;
const TITLE: f32 = 22.0;
const LARGE: f32 = 16.0;
/// A line to write on by hand is so high, and a code so wide.
const BLANK: f32 = 30.0;
const CODE: f32 = 142.0;
const LEADING: f32 = 1.34;
/// Baseline below the top of a line, in sizes.
const ASCENT: f32 = 0.95;
/// Characters of a table, and what parts its columns.
const CELL: f32 = 9.0;
const CELL_GAP: f32 = 8.0;
/// What stands before a pair, and a list's sign.
const LABEL_WIDTH: f32 = 118.0;
const ITEM_INDENT: f32 = 14.0;
const SIGN: &str = "• ";

/// It would have more than [`PAGES_MAX`] pages, or could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong;

/// A run of characters on a line.
struct Run {
    x: f32,
    bold: bool,
    text: String,
    /// It stands before what it labels.
    label: bool,
    /// Which cell of a table it stands in, counted row by row, the heads first.
    cell: Option<usize>,
}

/// A line of a block.
struct Line {
    /// Which block; content of one block goes under one tag, whatever page it is on.
    block: usize,
    size: f32,
    /// Space above it, unless it is the first of a page.
    above: f32,
    runs: Vec<Run>,
    drawn: Drawn,
    /// It does not stand last on a page: a heading, what a table is called, its heads, a row that goes on.
    keep: bool,
}

/// What stands on a line beside characters.
enum Drawn {
    Nothing,
    /// A line to write on, from there to the margin.
    Blank(f32),
    Code(Qr),
    Picture(Box<Picture>),
    /// A rule below the line, as below a row of a table.
    Rule,
}

impl Line {
    fn height(&self) -> f32 {
        match &self.drawn {
            Drawn::Nothing => self.size * LEADING,
            Drawn::Rule => self.size * LEADING + 2.0,
            Drawn::Picture(picture) => f32::from(picture.height) + 6.0,
            Drawn::Blank(_) => BLANK,
            Drawn::Code(_) => CODE,
        }
    }
    /// How far below its top its characters stand: beside a line to write on they stand on it.
    fn lowered(&self) -> f32 {
        match self.drawn {
            Drawn::Blank(_) => BLANK - self.size * LEADING - 2.0,
            Drawn::Nothing | Drawn::Code(_) | Drawn::Picture(_) | Drawn::Rule => 0.0,
        }
    }
}

/// Where a line stands.
struct Set {
    top: f32,
    line: Line,
}

fn face(bold: bool) -> &'static Face {
    if bold { &FACES.bold } else { &FACES.regular }
}

/// The blocks with the title and what stands around each page before them.
fn whole(sheet: &Sheet) -> Vec<Block> {
    let mut all = vec![Block::Heading(1, sheet.title.clone())];
    all.extend(sheet.marks.iter().map(|m| Block::Text(m.clone())));
    all.push(Block::Text(format!("{}. {}", sheet.region, sheet.standing)));
    all.extend(sheet.blocks.iter().cloned());
    all
}

/// The lines of a block; the space that ends its text parts it from the next for whoever takes the text out.
fn lines(index: usize, block: &Block) -> Vec<Line> {
    let broken = |text: &str, size: f32, bold: bool, x: f32, above: f32| -> Vec<Line> {
        let text = format!("{} ", face(bold).showable(text));
        let all = face(bold).break_lines(&text, size, WIDTH - x);
        let line = |(n, text): (usize, &str)| Line {
            block: index,
            size,
            above: if n == 0 { above } else { 0.0 },
            runs: vec![Run { x: MARGIN + x, bold, text: text.to_owned(), label: false, cell: None }],
            drawn: Drawn::Nothing,
            keep: false,
        };
        all.into_iter().enumerate().map(line).collect()
    };
    match block {
        Block::Heading(level, text) => {
            let mut all = match level {
                1 => broken(text, TITLE, true, 0.0, 0.0),
                2 => broken(text, 15.0, true, 0.0, 22.0),
                _ => broken(text, 11.0, true, 0.0, 11.0),
            };
            all.iter_mut().for_each(|line| line.keep = true);
            all
        }
        Block::Text(text) => broken(text, BODY, false, 0.0, 3.0),
        Block::Large(text) => broken(text, LARGE, false, 0.0, 8.0),
        Block::Blank(label) => {
            let mut all = broken(&format!("{label}:"), BODY, true, 0.0, 0.0);
            if let Some(last) = all.last_mut() {
                let width: f32 = last.runs.iter().map(|r| FACES.bold.width(&r.text, BODY)).sum();
                last.drawn = Drawn::Blank(MARGIN + width + 4.0);
            }
            all
        }
        Block::Code(code, _) => {
            let drawn = Drawn::Code(code.clone());
            vec![Line { block: index, size: BODY, above: 10.0, runs: Vec::new(), drawn, keep: false }]
        }
        Block::Break => Vec::new(),
        Block::Table(table) => {
            let mut all = broken(&table.caption, CELL, true, 0.0, 10.0);
            all.iter_mut().for_each(|line| line.keep = true);
            all.extend(tables::rows(index, table));
            all
        }
        Block::Picture(picture) => {
            let drawn = Drawn::Picture(Box::new(picture.clone()));
            vec![Line { block: index, size: BODY, above: 8.0, runs: Vec::new(), drawn, keep: false }]
        }
        Block::Item(text) => {
            let mut all = broken(text, BODY, false, ITEM_INDENT, 1.0);
            let sign = Run { x: MARGIN, bold: false, text: SIGN.to_owned(), label: true, cell: None };
            all.iter_mut().take(1).for_each(|first| first.runs.insert(0, Run { text: sign.text.clone(), ..sign }));
            all
        }
        Block::Pair(label, text) => {
            let mut all = broken(text, BODY, false, LABEL_WIDTH, 1.0);
            let label = format!("{}: ", FACES.bold.showable(label));
            let parts = FACES.bold.break_lines(&label, BODY, LABEL_WIDTH - 8.0);
            for (n, part) in parts.iter().enumerate() {
                let run = Run { x: MARGIN, bold: true, text: (*part).to_owned(), label: true, cell: None };
                match all.get_mut(n) {
                    Some(line) => line.runs.insert(0, run),
                    None => {
                        let drawn = Drawn::Nothing;
                        all.push(Line { block: index, size: BODY, above: 0.0, runs: vec![run], drawn, keep: false });
                    }
                }
            }
            all
        }
    }
}

/// What each block has on the pages: what labels it, and what it says.
#[derive(Clone, Default)]
struct Tagged {
    label: Vec<Identifier>,
    text: Vec<Identifier>,
    /// The cells of a table.
    cells: BTreeMap<usize, Vec<Identifier>>,
}

struct Pen<'a, 'p> {
    surface: &'a mut Surface<'p>,
}

impl Pen<'_, '_> {
    fn set(&mut self, x: f32, top: f32, bold: bool, size: f32, text: &str) {
        let face = face(bold);
        let at = Point::from_xy(x, top + size * ASCENT);
        self.surface.draw_glyphs(at, &face.glyphs(text), face.font.clone(), text, size, false);
    }
    fn content(&mut self, top: f32, size: f32, run: &Run) -> Identifier {
        let id = self.surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        self.set(run.x, top, run.bold, size, &run.text);
        self.surface.end_tagged();
        id
    }
    fn beside(&mut self, draw: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)));
        draw(self);
        self.surface.end_tagged();
    }
    fn rule(&mut self, top: f32) {
        self.fill([(MARGIN, top, WIDTH, 0.7)]);
    }
    fn fill(&mut self, rects: impl IntoIterator<Item = (f32, f32, f32, f32)>) {
        let mut path = PathBuilder::new();
        for rect in rects.into_iter().filter_map(|(x, y, w, h)| Rect::from_xywh(x, y, w, h)) {
            path.push_rect(rect);
        }
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }
    /// A drawing in one piece; what it says stands in its tag.
    fn picture(&mut self, top: f32, picture: &Picture) -> Identifier {
        let id = self.surface.start_tagged(ContentTag::Other);
        let place = |(x, y): (u16, u16)| (MARGIN + f32::from(x) / 10.0, top + f32::from(y) / 10.0);
        let fill = self.surface.get_fill().cloned();
        self.surface.set_fill(None);
        for stroke in &picture.strokes {
            let mut path = PathBuilder::new();
            for (n, at) in stroke.points.iter().enumerate() {
                let (x, y) = place(*at);
                if n == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
            }
            let array: Vec<f32> = stroke.pattern.dashes().iter().map(|n| f32::from(*n) / 10.0).collect();
            self.surface.set_stroke(Some(Stroke {
                paint: luma::Color::black().into(),
                width: f32::from(stroke.pattern.width()) / 10.0,
                dash: (!array.is_empty()).then_some(StrokeDash { array, offset: 0.0 }),
                ..Stroke::default()
            }));
            if let Some(path) = path.finish() {
                self.surface.draw_path(&path);
            }
        }
        self.surface.set_stroke(None);
        self.surface.set_fill(fill);
        let size = f32::from(LABEL_SIZE);
        for label in &picture.labels {
            let text = FACES.regular.showable(&label.text);
            let (x, y) = place(label.at);
            let width = FACES.regular.width(&text, size);
            let x = match label.side {
                Side::Right => x,
                Side::Left => x - width,
                Side::Middle => x - width / 2.0,
            };
            self.set(x, y - size * ASCENT, false, size, &text);
        }
        self.surface.end_tagged();
        id
    }
    /// A code in one piece; what it is stands in its tag.
    fn code(&mut self, top: f32, code: &Qr) -> Identifier {
        let id = self.surface.start_tagged(ContentTag::Other);
        let unit = CODE / code.side.max(1) as f32;
        let square = |(row, column, width): &(usize, usize, usize)| {
            (MARGIN + *column as f32 * unit, top + *row as f32 * unit, *width as f32 * unit, unit)
        };
        self.fill(code.runs.iter().map(square));
        self.surface.end_tagged();
        id
    }
}

/// What stands around each page.
struct Around<'s> {
    sheet: &'s Sheet,
    marks: Vec<String>,
    standing: Vec<String>,
}

impl<'s> Around<'s> {
    fn new(sheet: &'s Sheet) -> Self {
        let fit = |text: &str, size: f32, bold: bool, width: f32| {
            let text = face(bold).showable(text);
            face(bold).break_lines(&text, size, width).into_iter().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>()
        };
        Self {
            sheet,
            marks: sheet.marks.iter().flat_map(|m| fit(m, MARK, true, WIDTH)).collect(),
            standing: fit(&sheet.standing, SMALL, false, WIDTH - 90.0),
        }
    }
    /// Where content begins.
    fn bottom(&self) -> f32 {
        HEAD_TOP + self.marks.len() as f32 * MARK * LEADING + SMALL * LEADING + 14.0
    }
    fn draw(&self, pen: &mut Pen<'_, '_>, page: usize, of: usize) {
        let mut y = HEAD_TOP;
        for mark in &self.marks {
            let x = MARGIN + (WIDTH - FACES.bold.width(mark, MARK)) / 2.0;
            pen.set(x, y, true, MARK, mark);
            y += MARK * LEADING;
        }
        pen.set(MARGIN, y, true, SMALL, &FACES.bold.showable(&self.sheet.region));
        let title = FACES.regular.showable(&self.sheet.title);
        pen.set(MARGIN + WIDTH - FACES.regular.width(&title, SMALL), y, false, SMALL, &title);
        pen.rule(y + SMALL * LEADING + 2.0);
        pen.rule(FOOT_TOP - 4.0);
        for (n, line) in self.standing.iter().take(2).enumerate() {
            pen.set(MARGIN, FOOT_TOP + n as f32 * SMALL * LEADING, false, SMALL, line);
        }
        let number = words::page_of(self.sheet.lang, page, of);
        let x = MARGIN + WIDTH - FACES.regular.width(&number, SMALL);
        pen.set(x, FOOT_TOP, false, SMALL, &number);
    }
}

/// The document. The same paper gives the same bytes.
///
/// # Errors
/// [`TooLong`].
pub fn pdf(sheet: &Sheet) -> Result<Vec<u8>, TooLong> {
    let around = Around::new(sheet);
    let blocks = whole(sheet);
    let pages = pages::paginate(&blocks, around.bottom())?;
    let configuration =
        ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish().map_err(|_| TooLong)?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let title = format!("{} – {}", sheet.title, sheet.region);
    document.set_metadata(
        Metadata::new().title(title).language(sheet.lang.as_str().to_owned()).creator("vardkase".to_owned()),
    );
    let mut tagged = vec![Tagged::default(); blocks.len()];
    let mut starts: Vec<Option<(usize, f32)>> = vec![None; blocks.len()];
    let of = pages.len();
    for (k, lines) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or(TooLong)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        surface.set_fill(Some(Fill { paint: luma::Color::black().into(), ..Fill::default() }));
        let mut pen = Pen { surface: &mut surface };
        pen.beside(|pen| around.draw(pen, k + 1, of));
        for of in lines.chunk_by(|a, b| a.line.block == b.line.block) {
            let block = of[0].line.block;
            starts[block].get_or_insert((k, of[0].top));
            for Set { top, line } in of {
                match &line.drawn {
                    Drawn::Nothing => {}
                    Drawn::Blank(from) => {
                        let rule = (*from, top + BLANK - 2.0, MARGIN + WIDTH - from, 0.7);
                        pen.beside(|pen| pen.fill([rule]));
                    }
                    Drawn::Code(code) => tagged[block].text.push(pen.code(*top, code)),
                    Drawn::Picture(picture) => tagged[block].text.push(pen.picture(*top, picture)),
                    Drawn::Rule => {
                        let rule = (MARGIN, top + line.size * LEADING + 1.0, WIDTH, 0.4);
                        pen.beside(|pen| pen.fill([rule]));
                    }
                }
            }
            // A label is whole before what it labels, though it stands beside it: so it is read.
            for is_label in [true, false] {
                for Set { top, line } in of {
                    for run in line.runs.iter().filter(|r| r.label == is_label) {
                        let id = pen.content(top + line.lowered(), line.size, run);
                        match run.cell {
                            Some(cell) => tagged[block].cells.entry(cell).or_default().push(id),
                            None if is_label => tagged[block].label.push(id),
                            None => tagged[block].text.push(id),
                        }
                    }
                }
            }
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tree(sheet, &blocks, tagged));
    document.set_outline(outline(&blocks, &starts));
    document.finish().map_err(|error| {
        tracing::error!(?error, "a paper could not be made");
        TooLong
    })
}

fn group(tag: impl Into<krilla::tagging::TagKind>, ids: Vec<Identifier>) -> TagGroup {
    TagGroup::with_children(tag, ids.into_iter().map(Node::Leaf).collect())
}

/// Headings, paragraphs, and lists whose labels stand before them (14.8.4.3.3).
fn tree(sheet: &Sheet, blocks: &[Block], tagged: Vec<Tagged>) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(sheet.lang.as_str().to_owned()));
    let mut list: Option<(bool, TagGroup)> = None;
    for (block, Tagged { label, text, cells }) in blocks.iter().zip(tagged) {
        let of_items = match block {
            Block::Item(_) => Some(true),
            Block::Pair(..) => Some(false),
            Block::Break => continue,
            Block::Heading(..)
            | Block::Text(_)
            | Block::Large(_)
            | Block::Blank(_)
            | Block::Code(..)
            | Block::Table(_)
            | Block::Picture(_) => None,
        };
        if list.as_ref().map(|(kind, _)| *kind) != of_items
            && let Some((_, done)) = list.take()
        {
            tree.push(done);
        }
        match (block, of_items) {
            (Block::Heading(level, title), _) => {
                let level = NonZeroU16::new(u16::from(*level)).unwrap_or(NonZeroU16::MIN);
                tree.push(group(Tag::Hn(level, Some(title.clone())), text));
            }
            (Block::Code(_, what), _) => tree.push(group(Tag::Figure(Some(what.clone())), text)),
            (Block::Picture(picture), _) => tree.push(group(Tag::Figure(Some(picture.says.clone())), text)),
            (Block::Table(table), _) => tree.push(tables::group(table, text, cells)),
            (_, Some(items)) => {
                let mut item = TagGroup::new(Tag::LI);
                item.push(group(Tag::Lbl, label));
                item.push(group(Tag::LBody, text));
                let numbering = if items { ListNumbering::Disc } else { ListNumbering::None };
                list.get_or_insert_with(|| (items, TagGroup::new(Tag::L(numbering)))).1.push(item);
            }
            (_, None) => tree.push(group(Tag::P, text)),
        }
    }
    if let Some((_, done)) = list {
        tree.push(done);
    }
    tree
}

fn outline(blocks: &[Block], starts: &[Option<(usize, f32)>]) -> Outline {
    let mut outline = Outline::new();
    let mut open: Option<OutlineNode> = None;
    for (block, start) in blocks.iter().zip(starts) {
        let (Block::Heading(level, text), Some((page, top))) = (block, start) else { continue };
        let node = OutlineNode::new(text.clone(), XyzDestination::new(*page, Point::from_xy(MARGIN, *top)));
        match (level, &mut open) {
            (3.., Some(above)) => above.push_child(node),
            _ => {
                if let Some(done) = open.replace(node) {
                    outline.push_child(done);
                }
            }
        }
    }
    if let Some(done) = open {
        outline.push_child(done);
    }
    outline
}
