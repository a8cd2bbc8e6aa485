//! Tables: drawn on a screen, plain columns elsewhere. A colour never says what no word says.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use super::terminal::{Hue, Terminal, plain};

/// The least width that is worth a table.
const WIDTH_MIN: u16 = 60;
/// Where the width of the screen is not told.
const WIDTH: u16 = 100;

/// A line below the heads and no other: thirty duties must fit on a screen.
const LINED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Stands between two columns until the cells have their colours. No text has it: all are made plain.
const BETWEEN_COLUMNS: char = '\u{1f}';
/// Fills the lines between two rows until then.
const BETWEEN_ROWS: char = '\u{1e}';

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
    let colour = term.screen() && term.colour();
    let mut table = comfy_table::Table::new();
    table.set_header(heads.iter().map(|head| plain(head)));
    for row in &rows {
        table.add_row(row.iter().map(|cell| plain(&cell.text)));
    }
    let style = if term.screen() { LINED } else { NOTHING };
    table.load_style(if colour { marked(style) } else { style });
    if term.screen() {
        let marks = if colour { heads.len().saturating_sub(1) } else { 0 };
        let width = screen_width().unwrap_or(WIDTH).max(WIDTH_MIN);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width + marks as u16);
    } else {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    let drawn = table.trim_fmt();
    let shown = if colour { coloured(&drawn, heads.len(), &rows) } else { drawn };
    term.raw(&format!("{shown}\n"));
}

/// How wide the screen is that standard output goes to.
fn screen_width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// The style with marks between the cells, so that each is found again in what was drawn.
const fn marked(style: TableStyle) -> TableStyle {
    let below_heads = LineStyle { junction: style.header_separator.fill, ..style.header_separator };
    let between = ContentLineStyle::none().junction(BETWEEN_COLUMNS);
    style
        .header_lines(between)
        .header_separator(below_heads)
        .content_lines(between)
        .row_separator(LineStyle::none().fill(BETWEEN_ROWS).junction(BETWEEN_ROWS))
}

/// Puts the colours in, and takes the marks out. A cell of several lines is coloured in each.
fn coloured(drawn: &str, columns: usize, rows: &[Vec<Said>]) -> String {
    let head = vec![Some(Hue::Strong); columns];
    let hues = std::iter::once(head).chain(rows.iter().map(|row| row.iter().map(|cell| cell.hue).collect()));
    let hues: Vec<Vec<Option<Hue>>> = hues.collect();
    let mut row = 0;
    let mut lines: Vec<String> = Vec::new();
    for line in drawn.lines() {
        if line.starts_with(BETWEEN_ROWS) {
            row += 1;
        } else if line.starts_with('─') {
            // The heads end here. Their marks take part of the line.
            row += 1;
            lines.push(line.chars().skip(columns.saturating_sub(1)).collect());
        } else {
            let of_row = hues.get(row).map_or(&[][..], Vec::as_slice);
            let cells = line.split(BETWEEN_COLUMNS).zip(of_row.iter().copied().chain(std::iter::repeat(None)));
            let line: String = cells.map(|(cell, hue)| in_hue(cell, hue)).collect();
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}

/// The text in its colour, the spaces around it without.
fn in_hue(cell: &str, hue: Option<Hue>) -> String {
    let text = cell.trim();
    match hue {
        Some(hue) if !text.is_empty() => {
            let (before, after) = cell.split_once(text).unwrap_or_default();
            format!("{before}{}{after}", hue.paint(text))
        }
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;
    use std::rc::Rc;

    use super::*;
    use crate::cli::terminal::Setup;
    use crate::domain::lang::Lang;

    #[derive(Clone, Default)]
    struct Screen(Rc<RefCell<Vec<u8>>>);
    impl io::Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn drawn(screen: bool, colour: bool, rows: Vec<Vec<Said>>) -> String {
        let out = Screen::default();
        let (err, input) = (Box::new(io::sink()), Box::new(io::empty()));
        let setup = Setup { out: Box::new(out.clone()), err, input, asks: false, screen, colour, lang: Lang::EN };
        show(&mut Terminal::new(setup), &["duty", "texts", "how it stands"], rows);
        let bytes = out.0.borrow().clone();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn rows() -> Vec<Vec<Said>> {
        let long =
            "waits for an answer over SMS, e-mail, fax and paging, and goes to the next duty at 03.40 if none comes";
        vec![
            vec![said("Jour\u{1f}IT \u{1e}"), said("12"), hued(Hue::Good, "answered")],
            vec![hued(Hue::Bad, "chief"), said(""), hued(Hue::Wait, long)],
            vec![said("─"), hued(Hue::Faint, " "), said("two\nlines")],
        ]
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let plain = drawn(true, false, rows());
        let mut bare = drawn(true, true, rows());
        for hue in [Hue::Good, Hue::Wait, Hue::Bad, Hue::Strong, Hue::Faint] {
            let painted = hue.paint("");
            let (start, end) = painted.split_at(painted.len() - 4);
            bare = bare.replace(start, "").replace(end, "");
        }
        assert_eq!(bare, plain);
        assert!(!bare.contains([BETWEEN_COLUMNS, BETWEEN_ROWS]));
    }

    #[test]
    fn each_line_of_a_cell_has_its_colour() {
        let shown = drawn(true, true, rows());
        assert!(shown.starts_with(&format!(" {}", Hue::Strong.paint("duty"))), "{shown}");
        assert!(shown.contains(&Hue::Bad.paint("chief")) && shown.contains(&Hue::Good.paint("answered")), "{shown}");
        assert!(shown.matches("\x1b[33m").count() > 1, "{shown}");
        assert!(!drawn(false, true, rows()).contains('\x1b'), "no screen, no colours");
    }
}
