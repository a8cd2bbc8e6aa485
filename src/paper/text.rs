//! A paper as lines of text, for a terminal or a mail: headings underlined, tables in columns, a picture by what it says.

use super::{Part, Sheet, Table};

/// Characters of a line that is broken by words; a table may be wider.
const LINE_CHARS: usize = 100;
/// Characters of one cell; what is longer goes on in the line below.
const CELL_CHARS_MAX: usize = 44;

/// The lines.
pub fn text(sheet: &Sheet) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    for mark in &sheet.marks {
        line(mark);
    }
    line(&sheet.title);
    line(&"=".repeat(width(&sheet.title)));
    line(&format!("{}. {}", sheet.region, sheet.standing));
    for part in sheet.parts() {
        match part {
            Part::Heading(level, text) => {
                line("");
                line(text);
                if level <= 2 {
                    line(&"-".repeat(width(text)));
                }
            }
            Part::Text(text) | Part::Large(text) => wrapped(text, LINE_CHARS).iter().for_each(|l| line(l)),
            Part::Items(items) => items.iter().for_each(|item| hung("- ", item, &mut line)),
            Part::Pairs(pairs) => {
                let column = pairs.iter().map(|(label, _)| width(label)).max().unwrap_or(0) + 2;
                for (label, text) in pairs {
                    let label = format!("{label}:");
                    hung(&format!("{label}{}", " ".repeat(column.saturating_sub(width(&label)))), text, &mut line);
                }
            }
            Part::Blank(label) => line(&format!("{label}: ______________________________")),
            Part::Code(_, what) => line(&format!("[{what}]")),
            Part::Picture(picture) => hung("", &picture.says, &mut line),
            Part::Table(table) => columns(table, &mut line),
            Part::Break => line(""),
        }
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Broken between words; a word that is too long stands alone.
fn wrapped(text: &str, chars: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if width(last) + 1 + width(word) <= chars => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A text behind its label, and below it where it goes on.
fn hung(label: &str, text: &str, line: &mut impl FnMut(&str)) {
    let indent = width(label);
    for (n, part) in wrapped(text, LINE_CHARS.saturating_sub(indent).max(CELL_CHARS_MAX)).iter().enumerate() {
        if n == 0 { line(&format!("{label}{part}")) } else { line(&format!("{}{part}", " ".repeat(indent))) }
    }
}

fn columns(table: &Table, line: &mut impl FnMut(&str)) {
    line("");
    line(&format!("{}:", table.caption));
    let rows: Vec<Vec<Vec<String>>> = std::iter::once(&table.head)
        .chain(&table.rows)
        .map(|row| row.iter().map(|cell| wrapped(cell, CELL_CHARS_MAX)).collect())
        .collect();
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).flatten();
        cells.map(|l| width(l)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.head.len()).map(widest).collect();
    for (n, row) in rows.iter().enumerate() {
        for k in 0..row.iter().map(Vec::len).max().unwrap_or(0) {
            let cell = |(cell, wide): (&Vec<String>, &usize)| {
                let text = cell.get(k).map_or("", String::as_str);
                format!("{text}{}", " ".repeat(wide.saturating_sub(width(text))))
            };
            line(&format!("  {}", row.iter().zip(&widths).map(cell).collect::<Vec<_>>().join("  ")));
        }
        if n == 0 {
            line(&format!("  {}", widths.iter().map(|w| "-".repeat(*w)).collect::<Vec<_>>().join("  ")));
        }
    }
}
