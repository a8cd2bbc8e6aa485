//! Which line stands on which page.

use super::{BOTTOM, Block, Line, PAGES_MAX, Set, TooLong, lines};

/// Shares lines out over pages. What follows a heading stays with it as far as a page goes: a duty is not torn apart.
pub(super) fn paginate(blocks: &[Block], top: f32) -> Result<Vec<Vec<Set>>, TooLong> {
    let mut chunks: Vec<(bool, Vec<Line>)> = Vec::new();
    let mut after_heading = false;
    for (index, block) in blocks.iter().enumerate() {
        let is_heading = matches!(block, Block::Heading(..));
        let breaks = *block == Block::Break;
        match chunks.last_mut() {
            Some((_, chunk)) if !breaks && (!is_heading || after_heading) => chunk.extend(lines(index, block)),
            _ => chunks.push((breaks, lines(index, block))),
        }
        after_heading = is_heading || breaks;
    }
    let (mut pages, mut page, mut y): (Vec<Vec<Set>>, Vec<Set>, f32) = (Vec::new(), Vec::new(), top);
    for (breaks, chunk) in chunks {
        if breaks && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            y = top;
        }
        let height: f32 = chunk.iter().map(|l| l.above + l.height()).sum();
        let torn = height > BOTTOM - top;
        if !page.is_empty() && !torn && y + height > BOTTOM {
            pages.push(std::mem::take(&mut page));
            y = top;
        }
        let needs = needed(&chunk);
        for (line, needs) in chunk.into_iter().zip(needs) {
            if !page.is_empty() && y + needs > BOTTOM {
                pages.push(std::mem::take(&mut page));
                y = top;
            }
            if !page.is_empty() {
                y += line.above;
            }
            let height = line.height();
            page.push(Set { top: y, line });
            y += height;
        }
        if pages.len() >= PAGES_MAX {
            return Err(TooLong);
        }
    }
    pages.push(page);
    Ok(pages)
}

/// The room that each line needs to stand where it is: its own, and that of what must follow it at once, as far as a page goes.
fn needed(lines: &[Line]) -> Vec<f32> {
    let mut all = vec![0.0; lines.len()];
    let mut below = 0.0;
    for (line, needs) in lines.iter().zip(&mut all).rev() {
        let own = line.above + line.height();
        below = if line.keep { own + below } else { own };
        *needs = if below > BOTTOM / 2.0 { own } else { below };
    }
    all
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::paper::Table;

    #[test]
    fn a_heading_and_the_heads_of_a_table_stand_with_what_follows() {
        let table = Table {
            caption: "Numbers".into(),
            head: vec!["What".into(), "How much".into()],
            rows: vec![vec!["a".into(), "1".into()]; 7],
            widths: vec![1, 1],
        };
        for texts in 0..60 {
            let mut blocks = vec![Block::Heading(2, "First".into())];
            blocks.extend(vec![Block::Text("A line.".into()); texts]);
            blocks.push(Block::Heading(3, "Second".into()));
            blocks.extend(vec![Block::Table(table.clone()); 30]);
            let pages = paginate(&blocks, 60.0).unwrap();
            let last_ones: Vec<_> = pages.iter().filter_map(|page| page.last()).collect();
            assert!(last_ones.len() > 2 && last_ones.iter().all(|set| !set.line.keep), "{texts} lines before");
        }
    }
}
