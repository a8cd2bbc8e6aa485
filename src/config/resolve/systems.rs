//! IT systems and fallback routines.

use super::Resolver;
use crate::config::raw::systems::ClassWord;
use crate::domain::ids::{RoutineId, SystemId};
use crate::domain::ladder::Class;
use crate::domain::plan::{Routine, System};

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
            for need in entry.needs.iter() {
                let is_system = |n: &String| self.plan.systems.iter().any(|s| s.id.as_str() == n.as_str());
                match &need.0[..] {
                    [one] if is_system(one) => {
                        let id = SystemId::from(one.as_str());
                        self.plan.systems[i].needs_systems.push(id);
                    }
                    any if any.iter().any(is_system) => {
                        let message = "a|b is for infrastructure; a system stands alone";
                        self.found.error(need.place, "system-alternative", message);
                    }
                    [one] if !self.plan.infra.iter().any(|x| x.id.as_str() == one.as_str()) => {
                        let mut names: Vec<String> = self.plan.infra.iter().map(|x| x.id.to_string()).collect();
                        names.extend(self.plan.systems.iter().map(|s| s.id.to_string()));
                        let message = format!("\"{one}\" is neither infrastructure nor a system");
                        let name = crate::yaml::At { value: one.clone(), place: need.place };
                        let broken = self.raw.broken.infra || self.raw.broken.systems;
                        self.unknown(
                            broken,
                            &name,
                            "unknown-infrastructure",
                            message,
                            names.iter().map(String::as_str),
                        );
                    }
                    any => {
                        let ids = any.iter().map(|n| self.infra(n, need.place)).collect();
                        self.plan.systems[i].needs.push(ids);
                    }
                }
            }
        }
    }
}

pub(super) fn class(word: ClassWord) -> Class {
    match word {
        ClassWord::A => Class::A,
        ClassWord::B => Class::B,
        ClassWord::C => Class::C,
    }
}
