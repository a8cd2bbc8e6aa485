//! A paper before it is set: headings, lines and lists in reading order, and what stands around them on every page.

use super::picture::Picture;
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::words::{common, paper as words};

/// Characters of the plan's hash that are shown: enough to tell two plans apart.
const HASH_CHARS: usize = 12;

/// The most squares of a code's side: on 5 cm one is half a millimetre.
const QR_SIDE_MAX: usize = 101;

/// When and for whom a paper is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Occasion {
    pub lang: Lang,
    pub now: At,
    /// The region does not exist: each page says so.
    pub fictional: bool,
    /// It comes from training: each page says so.
    pub training: bool,
}

/// A paper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    pub lang: Lang,
    pub region: String,
    pub title: String,
    /// From when it holds, when it was printed, of which plan: on every page.
    pub standing: String,
    /// What must be seen on every page before all else.
    pub marks: Vec<String>,
    pub blocks: Vec<Block>,
}

/// A piece of a paper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// From 2, below the title.
    Heading(u8, String),
    Text(String),
    /// One of a list.
    Item(String),
    /// What it is, and what is said of it.
    Pair(String, String),
    /// A text that is read out, or at arm's length.
    Large(String),
    /// What is written there by hand.
    Blank(String),
    /// A QR code, and what it is for those who don't see it.
    Code(Qr, String),
    /// Rows and columns.
    Table(Table),
    /// A drawing of lines and words.
    Picture(Picture),
    /// What follows begins a page.
    Break,
}

/// Rows and columns, with what stands above the columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// What it is a table of.
    pub caption: String,
    pub head: Vec<String>,
    /// Each with as many cells as there are heads; the first names the row.
    pub rows: Vec<Vec<String>>,
    /// How wide each column is, against the others.
    pub widths: Vec<u16>,
}

/// Blocks that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part<'s> {
    Heading(u8, &'s str),
    Text(&'s str),
    Items(Vec<&'s str>),
    Pairs(Vec<(&'s str, &'s str)>),
    Large(&'s str),
    Blank(&'s str),
    Code(&'s Qr, &'s str),
    Table(&'s Table),
    Picture(&'s Picture),
    Break,
}

/// A QR code as squares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qr {
    /// So many squares make a side.
    pub side: usize,
    /// Dark ones: row, column, how many beside each other.
    pub runs: Vec<(usize, usize, usize)>,
}

impl Qr {
    /// Of that text; `None`: it is too long for one that a telephone still reads from paper.
    pub fn of(text: &str) -> Option<Self> {
        let code = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::L).build().ok()?;
        if code.size > QR_SIDE_MAX {
            return None;
        }
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for row in 0..code.size {
            for column in (0..code.size).filter(|c| code[row][*c].value()) {
                match runs.last_mut() {
                    Some((r, from, width)) if *r == row && *from + *width == column => *width += 1,
                    _ => runs.push((row, column, 1)),
                }
            }
        }
        Some(Self { side: code.size, runs })
    }

    /// As the path of a picture with a square to a unit.
    pub fn path(&self) -> String {
        self.runs.iter().map(|(row, column, width)| format!("M{column} {row}h{width}v1h-{width}z")).collect()
    }
}

impl Sheet {
    /// With what stands around it, and nothing in it yet.
    pub fn new(plan: &Plan, on: Occasion, title: &str) -> Self {
        let local = plan.calendar.local(on.now.timestamp());
        let hash: String = plan.hash.chars().take(HASH_CHARS).collect();
        let at = plan.words(on.lang).dated_time(&plan.calendar, on.now.timestamp());
        Self {
            lang: on.lang,
            region: plan.region.name.clone(),
            title: title.to_owned(),
            standing: words::standing(on.lang, local.date(), at, hash),
            marks: [(on.training, common::TRAINING), (on.fictional, common::FICTIONAL)]
                .into_iter()
                .filter(|(is, _)| *is)
                .map(|(_, mark)| mark.say(on.lang).to_owned())
                .collect(),
            blocks: Vec::new(),
        }
    }
    /// A heading, from level 2.
    pub fn heading(&mut self, level: u8, text: impl Into<String>) {
        self.blocks.push(Block::Heading(level, text.into()));
    }
    /// A line of a list.
    pub fn item(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Item(text.into()));
    }
    /// What something is; nothing where nothing is said of it.
    pub fn pair(&mut self, label: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.blocks.push(Block::Pair(label.to_owned(), text));
        }
    }
    /// The blocks, lists put together.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<Part<'_>> = Vec::new();
        for block in &self.blocks {
            match (block, parts.last_mut()) {
                (Block::Item(text), Some(Part::Items(all))) => all.push(text),
                (Block::Pair(label, text), Some(Part::Pairs(all))) => all.push((label, text)),
                (Block::Item(text), _) => parts.push(Part::Items(vec![text])),
                (Block::Pair(label, text), _) => parts.push(Part::Pairs(vec![(label, text)])),
                (Block::Heading(level, text), _) => parts.push(Part::Heading(*level, text)),
                (Block::Text(text), _) => parts.push(Part::Text(text)),
                (Block::Large(text), _) => parts.push(Part::Large(text)),
                (Block::Blank(label), _) => parts.push(Part::Blank(label)),
                (Block::Code(code, what), _) => parts.push(Part::Code(code, what)),
                (Block::Table(table), _) => parts.push(Part::Table(table)),
                (Block::Picture(picture), _) => parts.push(Part::Picture(picture)),
                (Block::Break, _) => parts.push(Part::Break),
            }
        }
        parts
    }
}
