//! The ladders: levels, modes, rights, the least mode of a level.

use super::Resolver;
use super::systems::class;
use crate::config::raw::readiness::{DeputiesWord, ProposeEntry};
use crate::domain::ids::PlaybookId;
use crate::domain::ladder::{Least, Level, Mode, ModeIx, Propose, Right};

/// A rung is one byte.
const RUNGS_MAX: usize = 26;

impl Resolver<'_> {
    pub(super) fn readiness(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.readiness else { return };
        for (name, entry) in file.levels.iter() {
            self.id(name);
            for word in [name, &entry.alias] {
                if self.plan.ladders.level(word).is_some() {
                    let message = format!("\"{}\" is the name of another level already", word.value);
                    self.found.error(word.place, "duplicate-level", message);
                }
            }
            let label = self.texts(name.place, &entry.label);
            self.places.levels.push(name.place);
            self.plan.ladders.levels.push(Level {
                id: name.value.clone(),
                alias: entry.alias.value.clone(),
                label,
                beat_s: entry.beat.0,
                deputies_beside: entry.deputies == Some(DeputiesWord::Beside),
                care_at_once: entry.care_at_once,
            });
        }
        for (name, entry) in file.modes.iter() {
            self.id(name);
            let label = self.texts(name.place, &entry.label);
            for text in label.0.values() {
                if self.plan.ladders.mode(text).is_some() {
                    self.found.error(name.place, "duplicate-mode", format!("\"{text}\" is another mode already"));
                }
            }
            let line = self.optional(name.place, entry.line.as_ref());
            let ended = self.optional(name.place, entry.ended.as_ref());
            let id = name.value.clone();
            self.places.modes.push(name.place);
            self.plan.ladders.modes.push(Mode { id, label, line, ended, tell: Vec::new(), rights: Vec::new() });
        }
        let (levels, modes) = (self.plan.ladders.levels.len(), self.plan.ladders.modes.len());
        if (levels == 0 || modes < 2 || levels > RUNGS_MAX || modes > RUNGS_MAX) && !raw.broken.readiness {
            let place = file.levels.first().or(None).map_or_else(Default::default, |(n, _)| n.place);
            let message =
                format!("{levels} levels and {modes} modes; at least 1 level, 2 modes, at most {RUNGS_MAX} of each");
            self.found.error(place, "ladder", message);
        }
        for (i, (_, entry)) in file.modes.iter().enumerate() {
            let tell = self.duties(&entry.tell);
            let mut rights = Vec::new();
            for right in entry.rights.iter() {
                let sites = right.sites.iter().map(|s| self.site(s)).collect();
                let raise_by = right.raise_by.as_ref().map(|names| self.duties(names)).unwrap_or_default();
                let lower_by = self.duties(&right.lower_by);
                rights.push(Right { sites, raise_by, lower_by, deputy_after_s: right.deputy_after.0 });
            }
            let mode = &mut self.plan.ladders.modes[i];
            mode.tell = tell;
            mode.rights = rights;
        }
        for (i, (name, entry)) in file.modes.iter().enumerate().skip(1).filter(|_| !raw.broken.functions) {
            let everywhere = |r: &&Right| r.sites.is_empty();
            let rights = &self.plan.ladders.modes[i].rights;
            if rights.iter().filter(everywhere).all(|r| r.lower_by.is_empty()) {
                let message = format!("nobody may lower a site out of \"{}\"", name.value);
                self.found.error(name.place, "no-right", message).help("give a right without sites: with lower_by");
            }
            if entry.rights.is_empty() {
                self.found.error(name.place, "no-right", format!("nobody may raise a site to \"{}\"", name.value));
            }
        }
        for at in file.least.iter() {
            let level = self.level(&at.level);
            let mode = at.mode.as_ref().map(|m| self.mode(m)).unwrap_or(ModeIx::NORMAL);
            let propose = self.propose(&at.propose, None);
            for word in at.class.iter() {
                let (class, propose) = (class(*word), propose.clone());
                self.places.least.push(at.place);
                self.plan.ladders.least.push(Least { level, class, mode, propose, if_unsafe: at.if_unsafe });
            }
        }
    }

    /// Proposals, in their order.
    pub(super) fn propose(&mut self, list: &[ProposeEntry], playbook: Option<&PlaybookId>) -> Vec<Propose> {
        let mut all: Vec<Propose> = Vec::new();
        for entry in list {
            let (mode, decides) = (self.mode(&entry.mode), self.function(&entry.decides));
            if all.last().is_some_and(|before| before.mode >= mode) && !self.raw.broken.readiness {
                let message = format!("\"{}\" is no higher than the proposal before it", entry.mode.value);
                self.found.error(entry.mode.place, "propose-order", message);
            }
            self.places.proposals.push((entry.mode.place, decides, playbook.cloned()));
            all.push(Propose { mode, decides, within_s: entry.within.value.0 });
        }
        all
    }
}
