//! A drawing of lines and words that stands in a page and in a PDF alike: each line has a pattern of its own and its name at its end, so
//! that nothing is told by colour.

use askama::Template;

/// Units wide; one is a point on paper.
pub const PICTURE_WIDTH: u16 = 487;

/// How a line is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    Whole,
    Dashes,
    Dots,
    DashDot,
    /// Thin: an axis, a mark.
    Thin,
    /// Thin, in short dashes: what is aimed at.
    Aim,
}

impl Pattern {
    /// Lengths drawn and left out, in tenths of a unit.
    pub fn dashes(self) -> &'static [u16] {
        match self {
            Self::Whole | Self::Thin => &[],
            Self::Dashes => &[70, 40],
            Self::Dots => &[15, 30],
            Self::DashDot => &[80, 30, 15, 30],
            Self::Aim => &[30, 25],
        }
    }
    /// Tenths of a unit.
    pub fn width(self) -> u16 {
        match self {
            Self::Thin | Self::Aim => 7,
            _ => 18,
        }
    }
}

/// A line through points, in tenths of a unit from the upper left corner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stroke {
    pub points: Vec<(u16, u16)>,
    pub pattern: Pattern,
}

/// On which side of its place a word stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Right,
    Left,
    Middle,
}

/// A word: where its line of writing begins, in tenths of a unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub at: (u16, u16),
    pub side: Side,
    pub text: String,
}

/// Height of the words, in units.
pub const LABEL_SIZE: u16 = 9;

/// A drawing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// What it shows, for those who don't see it.
    pub says: String,
    /// Units high.
    pub height: u16,
    pub strokes: Vec<Stroke>,
    pub labels: Vec<Label>,
}

#[derive(Template)]
#[template(path = "picture.svg")]
struct Drawn<'p> {
    picture: &'p Picture,
}

impl Drawn<'_> {
    fn tenth(&self, n: impl std::borrow::Borrow<u16>) -> String {
        tenth(*n.borrow())
    }
    fn path(&self, stroke: &Stroke) -> String {
        let place = |(n, (x, y)): (usize, &(u16, u16))| {
            format!("{}{} {}", if n == 0 { 'M' } else { 'L' }, tenth(*x), tenth(*y))
        };
        stroke.points.iter().enumerate().map(place).collect()
    }
    fn dashes(&self, stroke: &Stroke) -> String {
        stroke.pattern.dashes().iter().map(|n| tenth(*n)).collect::<Vec<_>>().join(" ")
    }
    fn anchor(&self, label: &Label) -> &'static str {
        match label.side {
            Side::Right => "start",
            Side::Left => "end",
            Side::Middle => "middle",
        }
    }
}

fn tenth(n: u16) -> String {
    if n.is_multiple_of(10) { (n / 10).to_string() } else { format!("{}.{}", n / 10, n % 10) }
}

impl Picture {
    /// To stand within a page.
    ///
    /// # Errors
    /// It could not be made.
    pub fn svg(&self) -> Result<String, askama::Error> {
        Drawn { picture: self }.render()
    }
}
