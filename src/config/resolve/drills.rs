//! Drills: whom they address, what is taken away, when they begin.

use jiff::civil::{Date, date};

use super::Resolver;
use crate::config::CronTime;
use crate::config::drills::{Away, Days, Excluded, PlannedDrill};
use crate::config::raw::drills::{DrillEntry, ExcludedEntry, KindWord, ObjectiveEntry};
use crate::domain::drills::{Drill, DrillKind, Inject, Objective};
use crate::domain::ids::{DrillId, FunctionId, FunctionIx, GatewayId, PlaybookId};
use crate::domain::incident::input::{DrillOrder, Report};
use crate::domain::incident::steps::is_outside;
use crate::domain::plan::{Channel, Plan};
use crate::domain::reach::left::{Around, Loss};
use crate::yaml::{At, Clock, List, Name};

/// A communication test is over after an hour, unless it says otherwise.
const TEST_LASTS_S: u32 = 3600;
/// Objectives of one drill, or of real incidents.
const OBJECTIVES_MAX: usize = 50;

impl Resolver<'_> {
    pub(super) fn drills(&mut self, around: &Around) -> Vec<PlannedDrill> {
        let Some(file) = &self.raw.drills else { return Vec::new() };
        if let Some(real) = &file.real {
            self.plan.objectives = self.objectives(&real.objectives);
        }
        let of_all = self.excluded(&file.excluded);
        let all = file.drills.iter().map(|(name, entry)| self.drill(name, entry, &of_all, around));
        all.collect()
    }

    fn drill(&mut self, name: &Name, entry: &DrillEntry, of_all: &[Excluded], around: &Around) -> PlannedDrill {
        self.id(name);
        let title = self.texts(name.place, &entry.title);
        let kind = match entry.kind.value {
            KindWord::CommunicationTest => DrillKind::CommunicationTest,
            KindWord::Tabletop => DrillKind::Tabletop,
            KindWord::Functional => DrillKind::Functional,
            KindWord::GatewayTest => DrillKind::GatewayTest,
        };
        let is_test = matches!(kind, DrillKind::CommunicationTest | DrillKind::GatewayTest);
        let playbook = self.played(name, entry, is_test);
        let level = entry.level.as_ref().map(|l| self.level(l));
        let sites = entry.sites.iter().map(|s| self.site(s)).collect();
        let leads = self.duties(&entry.lead);
        if leads.is_empty() && !self.raw.broken.playbooks {
            self.found.error(name.place, "drill", "nobody leads this drill").help("give it lead: [a function]");
        }
        let observers = self.duties(&entry.observers);
        let to = self.addressed(name, entry, is_test);
        let gateway = self.tested(name, entry, kind);
        let away = self.taken_away(&entry.without, around);
        let soon_to = entry.announced.as_ref().map(|a| self.duties(&a.to)).unwrap_or_default();
        let soon_to = if soon_to.is_empty() { leads.clone() } else { soon_to };
        let ids = |plan: &Plan, all: &[FunctionIx]| -> Vec<FunctionId> {
            all.iter().filter_map(|f| plan.functions.get(f.ix())).map(|f| f.id.clone()).collect()
        };
        let objectives = self.objectives(&entry.objectives);
        let injects = self.injects(name, entry, kind);
        let cron = entry.cron.as_ref().and_then(|text| match CronTime::read(text) {
            Ok(cron) => Some(cron),
            Err(why) => {
                self.found.error(text.place, "cron", why);
                None
            }
        });
        let mut excluded = of_all.to_vec();
        excluded.extend(self.excluded(&entry.excluded));
        let level = level.and_then(|l| self.plan.ladders.level_at(l)).map(|l| l.id.clone());
        let drill = Drill {
            id: Some(DrillId::from(name.as_str())),
            title,
            kind,
            announced: entry.announced.is_some(),
            leads: ids(&self.plan, &leads),
            observers: ids(&self.plan, &observers),
            to: ids(&self.plan, &to),
            gateway,
            without: away.names,
            gateways_away: away.gateways,
            objectives,
            injects,
            lasts_s: entry.lasts.map(|l| l.0).or((kind == DrillKind::CommunicationTest).then_some(TEST_LASTS_S)),
        };
        let report =
            Report { exercise: true, playbook, level, sites, down: away.infra, confirmed: true, ..Report::default() };
        self.places
            .drills
            .insert(DrillId::from(name.as_str()), (name.place, entry.cron.as_ref().map_or(name.place, |c| c.place)));
        PlannedDrill {
            by: ids(&self.plan, &leads).into_iter().next().unwrap_or_else(|| "".into()),
            order: DrillOrder { report, drill },
            cron,
            soon_s: entry.announced.as_ref().map(|a| a.before.0),
            soon_to: ids(&self.plan, &soon_to),
            near_shift: entry.near_shift,
            excluded,
        }
    }

    fn objectives(&mut self, entries: &List<ObjectiveEntry>) -> Vec<Objective> {
        let mut objectives = Vec::new();
        for o in entries.iter() {
            let place = o.percent.place;
            let capability = self.texts(place, &o.capability);
            if !(1..=100).contains(&o.percent.value) {
                self.found.error(place, "percent", "percent is a number from 1 to 100");
            }
            if objectives.len() >= OBJECTIVES_MAX {
                let message = format!("more than {OBJECTIVES_MAX} objectives: nobody reads them all");
                self.found.error(place, "objectives", message).help("keep those that decide something");
                break;
            }
            objectives.push(Objective { capability, percent: o.percent.value, within_s: o.within.0 });
        }
        objectives
    }

    /// The playbook that is played; for a test any, since it says nothing of one.
    fn played(&mut self, name: &Name, entry: &DrillEntry, is_test: bool) -> String {
        let first = self.plan.playbooks.keys().next().map(ToString::to_string).unwrap_or_default();
        match (&entry.playbook, is_test) {
            (Some(playbook), true) => {
                let message = "a test has a text of its own; it plays no playbook";
                self.found.error(playbook.place, "drill", message).help("take playbook: out, or choose another kind");
                first
            }
            (None, true) => first,
            (None, false) => {
                self.found.error(name.place, "drill", "it is not said which playbook this drill plays");
                first
            }
            (Some(playbook), false) => {
                if !self.plan.playbooks.contains_key(&PlaybookId::from(playbook.as_str())) {
                    let known: Vec<String> = self.plan.playbooks.keys().map(ToString::to_string).collect();
                    let message = format!("\"{}\" is not a playbook of playbooks/", playbook.value);
                    let broken = self.raw.broken.playbooks;
                    self.unknown(broken, playbook, "unknown-playbook", message, known.iter().map(String::as_str));
                }
                playbook.value.clone()
            }
        }
    }

    fn addressed(&mut self, name: &Name, entry: &DrillEntry, is_test: bool) -> Vec<FunctionIx> {
        let mut to = self.duties(&entry.to);
        match (is_test, entry.to.first()) {
            (true, None) => {
                let note = self.found.error(name.place, "drill", "it is not said whom this test addresses");
                note.help("give it to: [functions and groups]");
            }
            (false, Some(first)) => {
                let message = "whom a drill addresses stands in its playbook";
                self.found.error(first.place, "drill", message).help("take to: out, or choose communication-test");
            }
            _ => {}
        }
        let outside: Vec<String> = to
            .iter()
            .filter(|f| f.ix() < self.plan.functions.len() && is_outside(&self.plan, **f))
            .map(|f| self.plan.function(*f).id.to_string())
            .collect();
        if !outside.is_empty() {
            let message = format!("a drill never reaches those outside of the region: {}", outside.join(", "));
            self.found.error(entry.to.first().map_or(name.place, |n| n.place), "drill-outside", message);
            to.retain(|f| !is_outside(&self.plan, *f));
        }
        to
    }

    fn tested(&mut self, name: &Name, entry: &DrillEntry, kind: DrillKind) -> Option<GatewayId> {
        match (&entry.gateway, kind == DrillKind::GatewayTest) {
            (None, false) => None,
            (None, true) => {
                self.found.error(name.place, "drill", "it is not said which gateway this is a test of");
                None
            }
            (Some(gateway), false) => {
                self.found.error(gateway.place, "drill", "only a gateway-test names a gateway");
                None
            }
            (Some(gateway), true) => {
                let id = GatewayId::from(gateway.as_str());
                let known = self.plan.gateways.iter().find(|g| g.id == id).map(|g| g.channel);
                match known {
                    None => {
                        let names: Vec<String> = self.plan.gateways.iter().map(|g| g.id.to_string()).collect();
                        let message = format!("\"{}\" is a gateway of no file in channels/", gateway.value);
                        let broken = self.raw.broken.gateways;
                        self.unknown(broken, gateway, "unknown-gateway", message, names.iter().map(String::as_str));
                    }
                    Some(Channel::Web | Channel::Manual) => {
                        self.found.error(gateway.place, "drill", "no TEST goes over this gateway");
                    }
                    Some(_) => {}
                }
                Some(id)
            }
        }
    }

    /// What is taken away, by its own names; the gateways that fall with it at once; the infrastructure.
    fn taken_away(&mut self, names: &List<Name>, around: &Around) -> Away {
        let mut typed = Vec::new();
        for name in names.iter() {
            match Loss::named(&self.plan, std::slice::from_ref(&name.value)) {
                Ok(_) => typed.push(name.value.clone()),
                Err(unknown) => {
                    let message = format!("\"{}\" is no infrastructure, gateway or system", name.value);
                    let broken = self.raw.broken.infra || self.raw.broken.gateways || self.raw.broken.systems;
                    self.unknown(broken, name, "unknown-loss", message, unknown.known.iter().map(String::as_str));
                }
            }
        }
        Away::of(&self.plan, around, &typed).unwrap_or_default()
    }

    fn injects(&mut self, name: &Name, entry: &DrillEntry, kind: DrillKind) -> Vec<Inject> {
        let mut injects: Vec<Inject> = Vec::new();
        for inject in entry.injects.iter() {
            if kind != DrillKind::Tabletop {
                self.found.error(inject.after.place, "inject", "only a tabletop is told more while it goes on");
            }
            let after_s = inject.after.value.0;
            if injects.last().is_some_and(|before| before.after_s > after_s) {
                let message = "this inject comes before the one above it";
                self.found.error(inject.after.place, "inject-order", message).help("write injects in their order");
            }
            if entry.lasts.is_some_and(|lasts| lasts.0 <= after_s) {
                self.found.error(inject.after.place, "inject", "this inject comes after the end of the drill");
            }
            let to = self.duties(&inject.to);
            let to = to.iter().filter_map(|f| self.plan.functions.get(f.ix())).map(|f| f.id.clone()).collect();
            injects.push(Inject { after_s, text: self.texts(name.place, &inject.text), to });
        }
        injects
    }

    fn excluded(&mut self, all: &List<At<ExcludedEntry>>) -> Vec<Excluded> {
        let mut excluded = Vec::new();
        for entry in all.iter() {
            let days = entry.days.as_ref().and_then(|text| {
                let days = days(text);
                if days.is_none() {
                    let message = format!("\"{}\" are no days", text.value);
                    let help = "write 2026-12-21..2027-01-06, each year 06-20..08-15, or one day 12-24";
                    self.found.error(text.place, "days", message).help(help);
                }
                days
            });
            let hours = entry.hours.as_ref().and_then(|text| {
                let hours = hours(text);
                if hours.is_none() {
                    let message = format!("\"{}\" are no hours", text.value);
                    self.found.error(text.place, "hours", message).help("write 22:00..06:00");
                }
                hours
            });
            let is_nothing = entry.days.is_none() && entry.hours.is_none() && !entry.holidays;
            if is_nothing {
                let message = "this excludes every time";
                self.found.error(entry.place, "excluded", message).help("give it days:, hours: or holidays: true");
            }
            if !is_nothing {
                excluded.push(Excluded { days, hours, holidays: entry.holidays });
            }
        }
        excluded
    }
}

fn days(text: &str) -> Option<Days> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (from.trim(), to.trim());
    if let (Some(from), Some(to)) = (whole(from), whole(to)) {
        return (from <= to).then_some(Days::Dates(from, to));
    }
    Some(Days::EachYear(of_year(from)?, of_year(to)?))
}

fn whole(text: &str) -> Option<Date> {
    text.parse::<crate::yaml::Day>().ok().map(|d| d.0)
}

/// A day of each year; 29 February is one.
fn of_year(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-').filter(|(m, d)| m.len() == 2 && d.len() == 2)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    Date::new(date(2024, 1, 1).year(), month, day).ok().map(|d| (d.month(), d.day()))
}

fn hours(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once("..")?;
    let read = |t: &str| t.trim().parse::<Clock>().ok().map(|c| c.0);
    let (from, to) = (read(from)?, read(to)?);
    (from != to).then_some((from, to))
}
