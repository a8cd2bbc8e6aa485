//! A table in a PDF: its rows as lines, and its cells under their tags.

use std::collections::BTreeMap;

use krilla::tagging::{Identifier, TableHeaderScope, Tag, TagGroup};

use super::group as tagged;
use super::{CELL, CELL_GAP, Drawn, Line, MARGIN, Run, WIDTH, face};
use crate::paper::Table;

/// The rows of a table: each as many lines as its longest cell has, with a rule below the last of them.
pub(super) fn rows(index: usize, table: &Table) -> Vec<Line> {
    let columns = table.head.len();
    let sum = table.widths.iter().map(|w| f32::from(*w)).sum::<f32>().max(1.0);
    let mut places = Vec::with_capacity(columns);
    let mut x = MARGIN;
    for column in 0..columns {
        let width = WIDTH * f32::from(table.widths.get(column).copied().unwrap_or(0)) / sum;
        places.push((x, (width - CELL_GAP).max(1.0)));
        x += width;
    }
    let mut all = Vec::new();
    for (row, cells) in std::iter::once(&table.head).chain(&table.rows).enumerate() {
        let first = all.len();
        for (column, (text, (x, width))) in cells.iter().zip(&places).enumerate() {
            let bold = row == 0;
            let text = format!("{} ", face(bold).showable(text));
            for (n, part) in face(bold).break_lines(&text, CELL, *width).into_iter().enumerate() {
                while all.len() <= first + n {
                    let above = if all.len() == first { 2.0 } else { 0.0 };
                    let drawn = Drawn::Nothing;
                    all.push(Line { block: index, size: CELL, above, runs: Vec::new(), drawn, keep: true });
                }
                let cell = Some(row * columns + column);
                all[first + n].runs.push(Run { x: *x, bold, text: part.to_owned(), label: false, cell });
            }
        }
        if let Some(last) = all.last_mut() {
            last.drawn = Drawn::Rule;
            last.keep = row == 0;
        }
    }
    all
}

/// A table with its heads: those above the columns, and those that name the rows (14.8.4.8.3).
pub(super) fn group(table: &Table, caption: Vec<Identifier>, mut cells: BTreeMap<usize, Vec<Identifier>>) -> TagGroup {
    let columns = table.head.len();
    let mut all = TagGroup::new(Tag::Table);
    all.push(tagged(Tag::Caption, caption));
    let (mut head, mut body) = (TagGroup::new(Tag::THead), TagGroup::new(Tag::TBody));
    for row in 0..=table.rows.len() {
        let mut of_row = TagGroup::new(Tag::TR);
        for column in 0..columns {
            let ids = cells.remove(&(row * columns + column)).unwrap_or_default();
            of_row.push(match (row, column) {
                (0, _) => tagged(Tag::TH(TableHeaderScope::Column), ids),
                (_, 0) => tagged(Tag::TH(TableHeaderScope::Row), ids),
                _ => tagged(Tag::TD, ids),
            });
        }
        if row == 0 { head.push(of_row) } else { body.push(of_row) }
    }
    all.push(head);
    if !table.rows.is_empty() {
        all.push(body);
    }
    all
}
