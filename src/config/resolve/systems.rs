//! IT systems and fallback routines.

use super::Resolver;
use crate::config::places::Wants;
use crate::config::raw::systems::ClassWord;
use crate::domain::ids::{RoutineId, SystemId};
use crate::domain::ladder::Class;
use crate::domain::plan::{Routine, System};
use crate::yaml::{At, List, Need};

impl Resolver<'_> {
    pub(super) fn systems(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.systems else { return };
        for (name, entry) in file.routines.iter() {
            self.id(name);
            let text = self.texts(name.place, &entry.text);
            let outside = entry.outside.as_ref().map(|t| self.texts(name.place, t));
            let id = RoutineId::from(name.as_str());
            self.places.routines.insert(id.clone(), name.place);
            self.plan.routines.insert(id, Routine { text, outside, urgent: entry.urgent });
        }
        for (name, entry) in file.systems.iter() {
            self.id(name);
            let title = self.texts(name.place, &entry.title);
            let owner = self.function(&entry.owner);
            let routine = self.routine(&entry.routine);
            if self.plan.infra.iter().any(|i| i.id.as_str() == name.as_str()) {
                let message = format!(
                    "\"{}\" is a name in channels/infrastructure.yaml too; needs could mean either",
                    name.value
                );
                self.found.error(name.place, "two-meanings", message);
            }
            self.places.systems.push(name.place);
            self.plan.systems.push(System {
                id: SystemId::from(name.as_str()),
                title,
                aliases: entry.aliases.iter().map(|a| a.value.clone()).collect(),
                class: class(entry.class),
                owner,
                needs: Vec::new(),
                needs_systems: Vec::new(),
                routine,
            });
        }
        for (i, (_, entry)) in file.systems.iter().enumerate() {
            let Wants { infra, systems } = self.wants(&entry.needs);
            let system = &mut self.plan.systems[i];
            (system.needs, system.needs_systems) = (infra, systems);
        }
        for (name, entry) in file.routines.iter().filter(|(_, entry)| !entry.needs.is_empty()) {
            let wants = self.wants(&entry.needs);
            self.places.routine_wants.insert(RoutineId::from(name.as_str()), wants);
        }
    }

    /// Infrastructure and systems by name.
    pub(super) fn wants(&mut self, needs: &List<At<Need>>) -> Wants {
        let mut wants = Wants::default();
        for need in needs.iter() {
            let is_system = |n: &String| self.plan.systems.iter().any(|s| s.id.as_str() == n.as_str());
            match &need.0[..] {
                [one] if is_system(one) => wants.systems.push(SystemId::from(one.as_str())),
                any if any.iter().any(is_system) => {
                    let message = "a|b is for infrastructure; a system stands alone";
                    self.found.error(need.place, "system-alternative", message);
                }
                [one] if !self.plan.infra.iter().any(|x| x.id.as_str() == one.as_str()) => {
                    let mut names: Vec<String> = self.plan.infra.iter().map(|x| x.id.to_string()).collect();
                    names.extend(self.plan.systems.iter().map(|s| s.id.to_string()));
                    let message = format!("\"{one}\" is neither infrastructure nor a system");
                    let name = At { value: one.clone(), place: need.place };
                    let broken = self.raw.broken.infra || self.raw.broken.systems;
                    self.unknown(broken, &name, "unknown-infrastructure", message, names.iter().map(String::as_str));
                }
                any => {
                    let ids = any.iter().map(|n| self.infra(n, need.place)).collect();
                    wants.infra.push(ids);
                }
            }
        }
        wants
    }
}

pub(super) fn class(word: ClassWord) -> Class {
    match word {
        ClassWord::A => Class::A,
        ClassWord::B => Class::B,
        ClassWord::C => Class::C,
    }
}
