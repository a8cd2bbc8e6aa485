//! The ladders from below up: levels and modes out of order, and a severer level that means less.

use crate::config::places::Places;
use crate::domain::ladder::{Class, Least, LevelIx, ModeIx};
use crate::domain::plan::Plan;
use crate::yaml::Found;

/// What people call staff modes, from below up (Swedish, Norwegian, Danish and English), as their names begin.
const MODES: [&[&str]; 4] = [
    &["normal", "grön", "green"],
    &["stab", "staff", "gul", "yellow", "stand"],
    &["förstärk", "forstark", "reinforc", "enhanced", "orange"],
    &["katastrof", "disaster", "röd", "red", "major"],
];

pub(super) fn check(plan: &Plan, places: &Places, found: &mut Found) {
    let ordered = levels(plan, places, found) & modes(plan, places, found);
    // What is lower than what, nobody knows before they are in order.
    if ordered {
        least(plan, places, found);
        playbooks(plan, places, found);
    }
}

/// D1, D2, D3: whoever numbers levels numbers them upwards.
fn levels(plan: &Plan, places: &Places, found: &mut Found) -> bool {
    let mut ordered = true;
    let number = |text: &str| {
        let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.parse::<u32>().ok()
    };
    let all = &plan.ladders.levels;
    for (at, pair) in all.windows(2).enumerate() {
        let [below, above] = pair else { continue };
        if number(&below.alias).zip(number(&above.alias)).is_some_and(|(below, above)| above < below) {
            let message = format!("\"{}\" ({}) stands above \"{}\" ({})", above.id, above.alias, below.id, below.alias);
            let place = places.levels.get(at + 1).copied().unwrap_or_default();
            found.error(place, "level-order", message).help("levels stand from the mildest to the severest");
            ordered = false;
        } else if above.beat_s > below.beat_s {
            let message = format!("\"{}\" is severer than \"{}\", and has fewer updates", above.id, below.id);
            let place = places.levels.get(at + 1).copied().unwrap_or_default();
            found.warning(place, "level-order", message).help("levels stand from the mildest to the severest");
        }
    }
    ordered
}

fn modes(plan: &Plan, places: &Places, found: &mut Found) -> bool {
    let mut ordered = true;
    let height = |at: usize| {
        let mode = &plan.ladders.modes[at];
        let begins = |text: &str, words: &[&str]| words.iter().any(|word| text.to_lowercase().starts_with(word));
        (0..MODES.len()).find(|h| begins(&mode.id, MODES[*h]) || mode.label.0.values().any(|l| begins(l, MODES[*h])))
    };
    for at in 1..plan.ladders.modes.len() {
        if height(at - 1).zip(height(at)).is_some_and(|(below, above)| above < below) {
            let message =
                format!("\"{}\" stands above \"{}\"", plan.ladders.modes[at].id, plan.ladders.modes[at - 1].id);
            let place = places.modes.get(at).copied().unwrap_or_default();
            found.error(place, "mode-order", message).help("modes stand from normal up to the highest");
            ordered = false;
        }
    }
    ordered
}

/// A level includes what those below it bring: a lower mode there is never raised.
fn least(plan: &Plan, places: &Places, found: &mut Found) {
    let all = &plan.ladders.least;
    for (at, row) in all.iter().enumerate() {
        let before = |other: &&Least| {
            other.class == row.class && other.level < row.level && other.mode > row.mode && !other.if_unsafe
        };
        if row.mode > ModeIx::NORMAL
            && let Some(lower) = all.iter().find(before)
        {
            let class = match row.class {
                Class::A => 'A',
                Class::B => 'B',
                Class::C => 'C',
            };
            let name = |level: LevelIx| plan.ladders.level_at(level).map_or("", |l| l.id.as_str());
            let message = format!(
                "for class {class}, \"{}\" brings a lower mode than \"{}\", which it includes",
                name(row.level),
                name(lower.level)
            );
            let place = places.least.get(at).copied().unwrap_or_default();
            found
                .warning(place, "least-order", message)
                .help("the higher of the two holds; a severer level brings as much or more");
        }
    }
}

/// The same in a playbook.
fn playbooks(plan: &Plan, places: &Places, found: &mut Found) {
    for playbook in plan.playbooks.values() {
        let mut highest: Option<(ModeIx, &str)> = None;
        for level in &playbook.levels {
            let Some(mode) = level.mode else { continue };
            let id = plan.ladders.level_at(level.level).map_or("", |l| l.id.as_str());
            match highest {
                Some((before, of)) if mode < before => {
                    let message = format!(
                        "in playbook {}, \"{id}\" raises a lower mode than \"{of}\", which it includes",
                        playbook.id
                    );
                    let place = places.playbooks.get(&playbook.id).copied().unwrap_or_default();
                    found.warning(place, "level-order", message).help("leave staff_mode out there, or raise it");
                }
                _ => highest = Some((mode, id)),
            }
        }
    }
}
