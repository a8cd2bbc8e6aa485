//! Tables: drawn on a screen, plain columns elsewhere. A colour never says what no word says.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, TableStyle};

use super::terminal::{Hue, Terminal, plain};

/// The least width that is worth a table.
const WIDTH_MIN: u16 = 60;
/// Where the width of the screen is not told.
const WIDTH: u16 = 100;

/// A line below the heads and no other: thirty duties must fit on a screen.
const LINED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// A cell with what it means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// What stands there.
    pub text: String,
    /// In which colour.
    pub hue: Option<Hue>,
}

/// A cell without colour.
pub fn said(text: impl Into<String>) -> Said {
    Said { text: text.into(), hue: None }
}

/// A cell with a colour.
pub fn hued(hue: Hue, text: impl Into<String>) -> Said {
    Said { text: text.into(), hue: Some(hue) }
}

/// Shows a table.
pub fn show(term: &mut Terminal, heads: &[&str], rows: Vec<Vec<Said>>) {
    let mut table = comfy_table::Table::new();
    table.set_header(heads.iter().map(|h| cell(&hued(Hue::Strong, *h))));
    for row in &rows {
        table.add_row(row.iter().map(cell));
    }
    // comfy-table would write to standard output's terminal as it sees fit; what is a screen was decided already.
    let width = table.width().unwrap_or(WIDTH).max(WIDTH_MIN);
    table.force_no_tty();
    if term.screen() {
        table.load_style(LINED).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    } else {
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    }
    if term.colour() {
        table.enforce_styling();
    }
    term.raw(&format!("{}\n", table.trim_fmt()));
}

fn cell(said: &Said) -> Cell {
    let cell = Cell::new(plain(&said.text));
    match said.hue {
        None => cell,
        Some(Hue::Good) => cell.fg(Color::DarkGreen),
        Some(Hue::Wait) => cell.fg(Color::DarkYellow),
        Some(Hue::Bad) => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Some(Hue::Strong) => cell.add_attribute(Attribute::Bold),
        Some(Hue::Faint) => cell.add_attribute(Attribute::Dim),
    }
}
