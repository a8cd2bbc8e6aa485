//! A drawing of lines and words that stands in a page and in a PDF alike: each line has a pattern and a letter of its own, and what they
//! mean stands below, so that nothing is told by colour, and all of it is read on the narrowest telephone.

use askama::Template;

use super::face::FACES;

/// Units wide; one is a point on paper. A telephone 320 px wide shows a unit as nearly a pixel.
pub const PICTURE_WIDTH: u16 = 320;

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
    /// The outline of a mark.
    Mark,
}

impl Pattern {
    /// Lengths drawn and left out, in tenths of a unit.
    pub fn dashes(self) -> &'static [u16] {
        match self {
            Self::Whole | Self::Thin | Self::Mark => &[],
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
            Self::Mark => 11,
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
pub const LABEL_SIZE: u16 = 12;

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

/// Units between two lines of words.
const LINE: u16 = LABEL_SIZE + 4;
/// How wide the piece of a line is that stands before what it means.
const SAMPLE: u16 = 24;
/// Where the middle of a sample lies before it has its place: in tenths of a unit, above it there is room for a mark.
pub const SAMPLE_Y: u16 = 100;

impl Picture {
    /// What a line, or a mark, means: on a line of its own below what is drawn so far. The middle of its sample lies at [`SAMPLE_Y`].
    pub fn mean(&mut self, mut sample: Vec<Stroke>, text: String) {
        let base = (self.height + LABEL_SIZE) * 10;
        let middle = base - 40;
        for stroke in &mut sample {
            stroke.points.iter_mut().for_each(|(_, y)| *y = (*y + middle).saturating_sub(SAMPLE_Y));
        }
        self.strokes.append(&mut sample);
        self.labels.push(Label { at: ((SAMPLE + 10) * 10, base), side: Side::Right, text });
        self.height += LINE;
    }
}

/// How wide a word is, in tenths of a unit.
pub fn wide(text: &str) -> u16 {
    // Far below what a u16 holds: words of a drawing are short.
    (FACES.regular.width(text, f32::from(LABEL_SIZE)) * 10.0).ceil().clamp(0.0, f32::from(u16::MAX)) as u16
}

/// A piece of a line, to be explained ([`Picture::mean`]).
pub fn sample(pattern: Pattern) -> Vec<Stroke> {
    vec![Stroke { points: vec![(20, SAMPLE_Y), (SAMPLE * 10, SAMPLE_Y)], pattern }]
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
