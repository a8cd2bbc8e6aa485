//! Rosters: the names in a calendar become duty points of its function.

use super::Resolver;
use crate::config::raw::contacts::FunctionEntry;
use crate::config::rosters::{self, Mistake};
use crate::domain::ids::PointIx;
use crate::domain::roster::{Roster, Turn};
use crate::yaml::Name;
use crate::yaml::diagnostics::Place;

impl Resolver<'_> {
    pub(super) fn rosters(&mut self) {
        let raw = self.raw;
        for roster in &raw.rosters {
            let whole = Place::whole(roster.file);
            let Some(f) = self.fx.get(roster.function.as_str()).copied() else {
                let name = Name { value: roster.function.clone(), place: whole };
                self.function(&name);
                continue;
            };
            let at = |line: u32| Place { line, column: u32::from(line > 0), ..whole };
            let zone = self.plan.calendar.zone.name().to_owned();
            let entries = match rosters::parse(&roster.text, &zone) {
                Ok(entries) => entries,
                Err(mistakes) => {
                    for Mistake { line, what } in mistakes {
                        self.found.error(at(line), "roster", what);
                    }
                    continue;
                }
            };
            let ids = self.point_ids.get(&f).cloned().unwrap_or_default();
            let mut turns = Vec::with_capacity(entries.len());
            let mut unknown: Vec<(String, u32)> = Vec::new();
            for entry in entries {
                let mut points: Vec<PointIx> = Vec::new();
                for name in entry.names {
                    match ids.iter().find(|(id, _)| *id == name) {
                        Some((_, p)) => points.push(*p),
                        None if unknown.iter().any(|(n, _)| *n == name) => {}
                        None => unknown.push((name, entry.line)),
                    }
                }
                turns.push(Turn { from: entry.from, to: entry.to, points });
            }
            for (name, line) in unknown {
                let message = format!("\"{name}\" is not the id of a duty point of \"{}\"", roster.function);
                let error = self.found.error(at(line), "unknown-point", message);
                if ids.is_empty() {
                    error.help("give its duty points ids under reach: { id: phone-a, sms: … }");
                } else {
                    error.nearest(&name, ids.iter().map(|(id, _)| id.as_str()));
                }
            }
            let new = Roster::new(turns);
            self.gap(&new, at(0), &roster.function);
            self.plan.functions[f.ix()].roster = new;
        }
    }

    /// Between two turns everybody is reached: that is safe, and seldom what was meant.
    fn gap(&mut self, roster: &Roster, place: Place, function: &str) {
        let Some(gap) = roster.turns().windows(2).find(|w| w[0].to < w[1].from) else { return };
        let local = |s: i64| {
            let at = crate::domain::time::At(s * 1000).timestamp();
            self.plan.calendar.local(at).strftime("%Y-%m-%d %H.%M").to_string()
        };
        let message =
            format!("nobody has the turn of \"{function}\" from {} to {}", local(gap[0].to), local(gap[1].from));
        self.found.warning(place, "roster-gap", message).help("all of its duty points are reached then");
    }

    /// What rosters call the duty points of a function.
    pub(super) fn point_ids(&mut self, entry: &FunctionEntry, points: &[Option<PointIx>]) -> Vec<(String, PointIx)> {
        let mut ids: Vec<(String, PointIx)> = Vec::new();
        for (at, p) in entry.reach.iter().zip(points) {
            let (Some(id), Some(p)) = (&at.id, p) else { continue };
            self.id(id);
            // As it is compared with a calendar's words.
            let name = id.value.to_lowercase();
            if ids.iter().any(|(known, _)| *known == name) {
                self.found.error(id.place, "point-id-twice", format!("\"{}\" stands here twice", id.value));
            }
            ids.push((name, *p));
        }
        ids
    }
}
