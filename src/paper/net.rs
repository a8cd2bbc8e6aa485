//! The picture of what hangs on what: infrastructure in columns, each to the right of what it needs, then the gateways, and over what
//! each function is reached. What is lost, what falls with it and what falls later is marked. Nothing is told by colour alone: each box
//! that does not stand has a sign, and a frame of its own.
//!
//! Where boxes stand and what is written on them; the template draws.

use std::collections::BTreeMap;

use askama::Template;

use super::{channel, span};
use crate::domain::ids::{GatewayId, InfraId};
use crate::domain::lang::Lang;
use crate::domain::plan::{Channel, Needs, Plan};
use crate::domain::reach::left::{Loss, Reach, WhatIsLeft};
use crate::words::{Word, paper as words};

/// Units of the drawing.
const COLUMN: f32 = 132.0;
const BOX_WIDTH: f32 = 100.0;
const BOX_HEIGHT: f32 = 30.0;
/// From one box of a column to the next, at least.
const BOX_STEP: f32 = 40.0;
const ROW: f32 = 17.0;
const MARGIN: f32 = 12.0;
const HEAD: f32 = 40.0;
/// The names of functions.
const NAMES: f32 = 210.0;
/// A column of the functions' table.
const CELL: f32 = 50.0;
/// Characters that a box has room for, and a function's name.
const BOX_CHARS: usize = 15;
const NAME_CHARS: usize = 34;
/// Rounds of sorting: each takes out some crossings, more change nothing that is seen.
const SWEEPS: usize = 8;
/// The channels of the functions' table: ways that work by themselves and end at a device.
const CHANNELS: [Channel; 4] = [Channel::Sms, Channel::Email, Channel::Fax, Channel::Paging];

/// How something stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stands {
    Up,
    /// It is what was lost.
    Lost,
    /// It fell with it.
    Down,
    /// Its battery is empty so many seconds later.
    Later(u64),
}

impl Stands {
    fn class(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Lost => "lost",
            Self::Down => "down",
            Self::Later(_) => "later",
        }
    }
    fn sign(self) -> &'static str {
        match self {
            Self::Up => "",
            Self::Lost => "✖ ",
            Self::Down => "▼ ",
            Self::Later(_) => "◔ ",
        }
    }
}

/// A box: infrastructure, or a gateway.
struct Node {
    x: f32,
    y: f32,
    stands: Stands,
    gateway: bool,
    text: String,
    /// Whole, with how it stands.
    title: String,
    /// A second line: when it falls.
    note: String,
}

/// A line from what is needed to what needs it.
struct Wire {
    path: String,
    /// Any one of several is enough.
    any: bool,
    cut: bool,
}

/// A function.
struct Row {
    y: f32,
    name: String,
    title: String,
    /// Nothing that works by itself reaches it, at once or later.
    silent: bool,
    cells: Vec<Cell>,
}

struct Cell {
    x: f32,
    sign: &'static str,
}

#[derive(Template)]
#[template(path = "net.svg")]
struct Picture {
    width: f32,
    height: f32,
    label: String,
    heads: Vec<(f32, String)>,
    nodes: Vec<Node>,
    wires: Vec<Wire>,
    rows: Vec<Row>,
    rows_x: f32,
    legend: Vec<String>,
    /// A file of its own, with its style.
    whole: bool,
}

const STYLE: &str = include_str!("../../assets/console/net.css");

impl Picture {
    fn style(&self) -> &'static str {
        STYLE
    }
    fn box_width(&self) -> f32 {
        BOX_WIDTH
    }
    fn box_height(&self) -> f32 {
        BOX_HEIGHT
    }
    fn legend_y(&self, line: &usize) -> f32 {
        self.height - MARGIN - ROW * (self.legend.len() - 1 - line) as f32
    }
}

/// Draws it: as a file of its own, or to stand within a page.
///
/// # Errors
/// It could not be made.
pub fn net_svg(lang: Lang, plan: &Plan, reach: &Reach<'_>, loss: &Loss, whole: bool) -> Result<String, askama::Error> {
    picture(lang, plan, reach, loss, whole).render()
}

fn picture(lang: Lang, plan: &Plan, reach: &Reach<'_>, loss: &Loss, whole: bool) -> Picture {
    let left = reach.without(loss);
    let steps = reach.steps();
    let last = steps.iter().max().map_or(0, |s| s + 1);
    // Infrastructure, then gateways: their places in one list.
    let infra = plan.infra.len();
    let column = |i: usize| if i < infra { steps[i] } else { last };
    let count = infra + plan.gateways.len();
    let places: BTreeMap<&InfraId, usize> = plan.infra.iter().enumerate().map(|(i, x)| (&x.id, i)).collect();
    let needs = |i: usize| -> &Needs { if i < infra { &plan.infra[i].needs } else { &plan.gateways[i - infra].needs } };
    let stands: Vec<Stands> = (0..count)
        .map(|i| {
            if i < infra { of_infra(&left, loss, &plan.infra[i].id) } else { of_gateway(plan, &left, loss, i - infra) }
        })
        .collect();
    let mut links = Vec::new();
    for i in 0..count {
        for any in needs(i) {
            links.extend(any.iter().filter_map(|n| places.get(n)).map(|from| (*from, i, any.len() > 1)));
        }
    }
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
    (0..count).for_each(|i| columns[column(i)].push(i));
    untangle(&mut columns, &links);

    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0) as f32 * BOX_STEP;
    let body = tallest.max(plan.functions.len() as f32 * ROW);
    let mut at = vec![(0.0, 0.0); count];
    for (c, column) in columns.iter().enumerate() {
        let step = body / column.len().max(1) as f32;
        for (n, i) in column.iter().enumerate() {
            at[*i] = (MARGIN + c as f32 * COLUMN, HEAD + (n as f32 + 0.5) * step - BOX_HEIGHT / 2.0);
        }
    }
    let wires = links.iter().map(|(from, to, any)| {
        let ((x1, y1), (x2, y2)) = (at[*from], at[*to]);
        let (x1, y1, y2) = (x1 + BOX_WIDTH, y1 + BOX_HEIGHT / 2.0, y2 + BOX_HEIGHT / 2.0);
        let bend = (x2 - x1) / 2.0;
        Wire {
            path: format!("M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}", x1 + bend, x2 - bend),
            any: *any,
            cut: stands[*from] != Stands::Up,
        }
    });
    let nodes = (0..count).map(|i| {
        let name = if i < infra { plan.infra[i].id.as_str() } else { plan.gateways[i - infra].id.as_str() };
        let how = in_words(lang, stands[i]);
        let note = match stands[i] {
            Stands::Later(s) => words::net_after(lang, span(u32::try_from(s).unwrap_or(u32::MAX))),
            _ => String::new(),
        };
        let text = cut_short(&format!("{}{name}", stands[i].sign()), BOX_CHARS);
        let (x, y) = at[i];
        Node { x, y, stands: stands[i], gateway: i >= infra, text, title: format!("{name}: {how}"), note }
    });
    let rows_x = MARGIN + (last + 1) as f32 * COLUMN;
    let rows = rows(lang, plan, &left, rows_x, body);
    let head = |c: usize, word: Word| (MARGIN + c as f32 * COLUMN, word.say(lang).to_owned());
    let mut heads =
        vec![head(0, words::NET_INFRA), head(last, words::NET_GATEWAYS), head(last + 1, words::NET_FUNCTIONS)];
    let cells = CHANNELS.iter().enumerate();
    heads.extend(cells.map(|(n, c)| (rows_x + NAMES + n as f32 * CELL, channel(lang, *c).to_owned())));
    let legend: Vec<String> = [words::NET_LEGEND_BOXES, words::NET_LEGEND_WIRES, words::NET_LEGEND_CELLS]
        .iter()
        .map(|w| w.say(lang).to_owned())
        .collect();
    let names = loss.names().join(", ");
    Picture {
        width: rows_x + NAMES + CHANNELS.len() as f32 * CELL + MARGIN,
        height: HEAD + body + MARGIN * 2.0 + ROW * legend.len() as f32,
        label: if names.is_empty() { words::NET_ALL.say(lang).to_owned() } else { words::net_without(lang, names) },
        heads,
        nodes: nodes.collect(),
        wires: wires.collect(),
        rows,
        rows_x,
        legend,
        whole,
    }
}

fn of_infra(left: &WhatIsLeft, loss: &Loss, id: &InfraId) -> Stands {
    if loss.infra.contains(id) {
        return Stands::Lost;
    }
    if left.at_once.nodes_down.contains(id) {
        return Stands::Down;
    }
    let falls = left.falls.iter().find(|(_, nodes)| nodes.contains(id));
    falls.map_or(Stands::Up, |(after_s, _)| Stands::Later(*after_s))
}

fn of_gateway(plan: &Plan, left: &WhatIsLeft, loss: &Loss, at: usize) -> Stands {
    let gateway = &plan.gateways[at];
    if loss.gateways.contains(&gateway.id) {
        return Stands::Lost;
    }
    let has = |all: &[GatewayId], manual: &[GatewayId]| all.contains(&gateway.id) || manual.contains(&gateway.id);
    let (now, then) = (&left.at_once, &left.after_batteries);
    match (has(&now.gateways_up, &now.manual_up), has(&then.gateways_up, &then.manual_up)) {
        (false, _) => Stands::Down,
        (true, true) => Stands::Up,
        // It falls with the last fall that takes something it hangs on; which one that is, its boxes say.
        (true, false) => Stands::Later(falls_after(plan, left, &gateway.needs)),
    }
}

/// When needs are met no longer: the first moment at which all of one entry has fallen. With the program itself, when that is last.
fn falls_after(plan: &Plan, left: &WhatIsLeft, needs: &Needs) -> u64 {
    let falls_at = |id: &InfraId| match left.at_once.nodes_down.contains(id) {
        true => Some(0),
        false => left.falls.iter().find(|(_, nodes)| nodes.contains(id)).map(|(s, _)| *s),
    };
    let known = |id: &&InfraId| plan.infra.iter().any(|x| x.id == **id);
    let entry = |any: &Vec<InfraId>| any.iter().filter(known).map(falls_at).collect::<Option<Vec<_>>>();
    let all = needs.iter().filter_map(entry).filter_map(|at| at.into_iter().max());
    let program = left.falls.iter().map(|(s, _)| *s).max().unwrap_or(0);
    all.min().unwrap_or(program)
}

fn in_words(lang: Lang, stands: Stands) -> String {
    match stands {
        Stands::Up => words::NET_UP.say(lang).to_owned(),
        Stands::Lost => words::NET_LOST.say(lang).to_owned(),
        Stands::Down => words::NET_DOWN.say(lang).to_owned(),
        Stands::Later(s) => words::net_later(lang, span(u32::try_from(s).unwrap_or(u32::MAX))),
    }
}

fn rows(lang: Lang, plan: &Plan, left: &WhatIsLeft, x: f32, body: f32) -> Vec<Row> {
    let step = (body / plan.functions.len().max(1) as f32).min(ROW * 1.5);
    let row = |(n, f): (usize, &crate::domain::plan::Function)| {
        let (now, then) = (&left.at_once.day[n].channels, &left.after_batteries.day[n].channels);
        let cell = |(c, channel): (usize, &Channel)| {
            let has = f.points.iter().any(|p| plan.point(*p).channel == *channel);
            let sign = match (has, now.contains(channel), then.contains(channel)) {
                (false, ..) => "",
                (true, true, true) => "●",
                (true, true, false) => "◔",
                (true, false, _) => "✖",
            };
            Cell { x: x + NAMES + c as f32 * CELL + 8.0, sign }
        };
        let silent = then.is_empty();
        let title = f.title.get(lang).to_owned();
        let name = cut_short(&if silent { format!("⚠ {title}") } else { title.clone() }, NAME_CHARS);
        Row {
            y: HEAD + (n as f32 + 0.5) * step,
            name,
            title: format!("{title} ({})", f.id),
            silent,
            cells: CHANNELS.iter().enumerate().map(cell).collect(),
        }
    };
    plan.functions.iter().enumerate().map(row).collect()
}

/// Sorts each column by where the boxes stand that its boxes hang on, and then the other way, until few lines cross.
fn untangle(columns: &mut [Vec<usize>], links: &[(usize, usize, bool)]) {
    let count = columns.iter().map(Vec::len).sum();
    let mut beside: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to, _) in links {
        beside[*from].push(*to);
        beside[*to].push(*from);
    }
    for _ in 0..SWEEPS {
        for c in 0..columns.len() {
            let mut height = vec![0.0; count];
            for column in columns.iter() {
                for (n, i) in column.iter().enumerate() {
                    height[*i] = (n as f32 + 0.5) / column.len() as f32;
                }
            }
            let middle = |i: &usize| match beside[*i].len() {
                0 => height[*i],
                n => beside[*i].iter().map(|b| height[*b]).sum::<f32>() / n as f32,
            };
            let mut sorted: Vec<(f32, usize)> = columns[c].iter().map(|i| (middle(i), *i)).collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            columns[c] = sorted.into_iter().map(|(_, i)| i).collect();
        }
    }
}

fn cut_short(text: &str, chars_max: usize) -> String {
    match text.chars().count() > chars_max {
        true => text.chars().take(chars_max - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}
