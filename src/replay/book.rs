//! Looks up the names of a scenario in a plan, and says where one leads nowhere and which was meant.

use jiff::civil::{Date, DateTime};
use jiff::tz::AmbiguousOffset;

use super::form::{NewsEntry, ReportEntry, SafetyWord, StartEntry};
use super::scenario::{Lost, NewsOf};
use crate::domain::ids::{FunctionId, FunctionIx, InfraId, RoutineId, SiteId};
use crate::domain::incident::facts::{Restore, Safety};
use crate::domain::incident::input::{IfShared, News, Report, StepStart};
use crate::domain::ladder::ModeIx;
use crate::domain::lang::{L10n, Lang};
use crate::domain::personal_number;
use crate::domain::plan::{Channel, Plan};
use crate::domain::reach::left::Loss;
use crate::domain::step::StepKind;
use crate::domain::time::At as Moment;
use crate::yaml::{Found, Name, Place, Texts};

/// A plan and the mistakes so far.
pub struct Book<'b, 'f> {
    pub plan: &'b Plan,
    pub found: &'f mut Found,
}

impl Book<'_, '_> {
    fn unknown<'n>(&mut self, name: &Name, what: &str, code: &'static str, all: impl IntoIterator<Item = &'n str>) {
        let message = format!("no {what} is called \"{}\"", name.value);
        self.found.error(name.place, code, message).nearest(name, all);
    }

    /// A moment on the region's wall.
    pub fn time(&mut self, text: &Name) -> Option<Moment> {
        let read = text.replacen(' ', "T", 1).parse::<DateTime>().ok().filter(|_| text.len() == 16);
        let zone = &self.plan.calendar.zone.0;
        if read.is_some_and(|wall| matches!(zone.to_ambiguous_zoned(wall).offset(), AmbiguousOffset::Gap { .. })) {
            let message = format!("\"{}\" is on no clock: that hour is skipped when summer time begins", text.value);
            self.found.error(text.place, "time", message).help("write the moment before it, or an hour later");
            return None;
        }
        let moment = read.and_then(|wall| self.placed(wall));
        if moment.is_none() {
            let message = format!("\"{}\" is no moment on the wall", text.value);
            self.found.error(text.place, "time", message).help("write it as 2008-12-18 09:45");
        }
        moment
    }

    /// The same, or a day: its beginning.
    pub fn time_or_day(&mut self, text: &Name) -> Option<Moment> {
        match text.parse::<Date>().ok().filter(|_| text.len() == 10) {
            Some(day) => self.placed(day.at(0, 0, 0, 0)),
            None => self.time(text),
        }
    }

    fn placed(&self, wall: DateTime) -> Option<Moment> {
        let placed = self.plan.calendar.zone.0.to_ambiguous_zoned(wall).compatible().ok()?;
        Some(placed.timestamp().into())
    }

    /// A moment as it stands in files.
    pub fn written(&self, at: Moment) -> String {
        self.plan.calendar.local(at.timestamp()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Text in several languages. A person's number must not stand in one.
    pub fn said(&mut self, texts: &Texts) -> L10n {
        let mut said = L10n::default();
        for (lang, text) in texts.iter() {
            if personal_number::find(text).is_some() {
                let told = self.found.error(text.place, "personal-number", "this looks like a person's number");
                told.help("no text may hold one: take it out");
            }
            match Lang::try_from(lang.value.clone()) {
                Ok(l) => {
                    said.0.insert(l, text.value.clone());
                }
                Err(why) => {
                    self.found.error(lang.place, "language", why);
                }
            }
        }
        said
    }

    /// `5m`, or `never`.
    pub fn span_or_never(&mut self, name: &Name) -> Option<u32> {
        if name.value == "never" {
            return None;
        }
        match name.parse::<crate::yaml::Lapse>() {
            Ok(span) => Some(span.0),
            Err(why) => {
                self.found.error(name.place, "value", format!("{why}, or never"));
                None
            }
        }
    }

    pub fn function(&mut self, name: &Name) -> Option<FunctionIx> {
        let found = self.plan.function_ix(name);
        if found.is_none() {
            let all: Vec<&str> = self.plan.functions.iter().map(|f| f.id.as_str()).collect();
            self.unknown(name, "function", "unknown-function", all);
        }
        found
    }

    /// Functions and groups, each function once.
    pub fn functions(&mut self, names: &[Name]) -> Vec<FunctionIx> {
        let plan = self.plan;
        let mut all: Vec<FunctionIx> = Vec::new();
        for name in names {
            let group = plan.groups.iter().find(|(id, _)| id.as_str() == name.value);
            match (group, plan.function_ix(name)) {
                (Some((_, of)), _) => all.extend(of.iter().copied()),
                (None, Some(f)) => all.push(f),
                (None, None) => {
                    let groups = plan.groups.keys().map(|g| g.as_str());
                    let known: Vec<&str> = plan.functions.iter().map(|f| f.id.as_str()).chain(groups).collect();
                    self.unknown(name, "function or group", "unknown-function", known);
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|f| seen.insert(*f));
        all
    }

    pub fn sites(&mut self, names: &[Name]) -> Vec<SiteId> {
        let mut all = Vec::new();
        for name in names {
            match self.plan.region.sites.iter().find(|s| s.id.as_str() == name.value) {
                Some(site) => all.push(site.id.clone()),
                None => {
                    let known: Vec<&str> = self.plan.region.sites.iter().map(|s| s.id.as_str()).collect();
                    self.unknown(name, "site", "unknown-site", known);
                }
            }
        }
        all
    }

    pub fn mode(&mut self, name: &Name) -> Option<ModeIx> {
        let found = self.plan.ladders.mode(name);
        if found.is_none() {
            let all: Vec<&str> = self.plan.ladders.modes.iter().map(|m| m.id.as_str()).collect();
            self.unknown(name, "mode", "unknown-mode", all);
        }
        found
    }

    fn level(&mut self, name: Option<&Name>) -> Option<String> {
        let name = name?;
        let found = self.plan.ladders.level(name).and_then(|l| self.plan.ladders.level_at(l)).map(|l| l.id.clone());
        if found.is_none() {
            let all: Vec<&str> = self.plan.ladders.levels.iter().map(|l| l.id.as_str()).collect();
            self.unknown(name, "level", "unknown-level", all);
        }
        found
    }

    /// A kind of gateway by its word.
    pub fn channel(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// What is lost: infrastructure, gateways, systems, or a channel that nobody can read.
    pub fn lost(&mut self, names: &[Name]) -> Lost {
        let mut lost = Lost { names: names.iter().map(|n| n.value.clone()).collect(), ..Lost::default() };
        for name in names {
            if let Some(channel) = Self::channel(name) {
                lost.channels.insert(channel);
                continue;
            }
            match Loss::named(self.plan, std::slice::from_ref(&name.value)) {
                Ok(loss) => lost.add(&Lost { loss, ..Lost::default() }),
                Err(unknown) => {
                    let known: Vec<&str> = unknown.known.iter().map(String::as_str).collect();
                    self.unknown(name, "infrastructure, gateway, system or channel", "unknown-infrastructure", known);
                }
            }
        }
        lost
    }

    fn infra(&mut self, names: &[Name]) -> Vec<InfraId> {
        let mut all = Vec::new();
        for name in names {
            match self.plan.infra.iter().find(|i| i.id.as_str() == name.value) {
                Some(infra) => all.push(infra.id.clone()),
                None => {
                    let known: Vec<&str> = self.plan.infra.iter().map(|i| i.id.as_str()).collect();
                    self.unknown(name, "infrastructure", "unknown-infrastructure", known);
                }
            }
        }
        all
    }

    fn routines(&mut self, names: &[Name]) -> Option<Vec<RoutineId>> {
        for name in names {
            if !self.plan.routines.keys().any(|r| r.as_str() == name.value) {
                let known: Vec<&str> = self.plan.routines.keys().map(|r| r.as_str()).collect();
                self.unknown(name, "routine", "unknown-routine", known);
            }
        }
        (!names.is_empty()).then(|| names.iter().map(|n| RoutineId::from(n.as_str())).collect())
    }

    fn safety(word: Option<SafetyWord>) -> Option<Safety> {
        word.map(|word| match word {
            SafetyWord::Yes => Safety::Yes,
            SafetyWord::No => Safety::No,
            SafetyWord::Unknown => Safety::Unknown,
        })
    }

    fn maybe_said(&mut self, texts: Option<&Texts>) -> Option<L10n> {
        texts.map(|t| self.said(t))
    }

    pub fn report(&mut self, entry: &ReportEntry) -> Option<Report> {
        let known = self.plan.playbooks.keys().any(|p| p.as_str() == entry.playbook.value);
        if !known {
            let all: Vec<&str> = self.plan.playbooks.keys().map(|p| p.as_str()).collect();
            self.unknown(&entry.playbook, "playbook", "unknown-playbook", all);
            return None;
        }
        Some(Report {
            playbook: entry.playbook.value.clone(),
            level: self.level(entry.level.as_ref()),
            sites: self.sites(&entry.sites),
            safety: Self::safety(entry.safety).unwrap_or_default(),
            what: self.maybe_said(entry.what.as_ref()),
            scope: self.maybe_said(entry.scope.as_ref()),
            down: self.infra(&entry.down),
            since: entry.since.as_ref().and_then(|t| self.time(t)),
            restore: entry.back.as_ref().and_then(|t| self.time(t)).map(Restore::At),
            shared: IfShared::Separate,
            ..Report::default()
        })
    }

    pub fn news(&mut self, entry: &NewsEntry) -> NewsOf {
        let sites = self.sites(&entry.sites);
        let down = self.infra(&entry.down);
        let news = News {
            level: self.level(entry.level.as_ref()),
            sites: (!sites.is_empty()).then_some(sites),
            safety: Self::safety(entry.safety),
            what: self.maybe_said(entry.what.as_ref()),
            scope: self.maybe_said(entry.scope.as_ref()),
            routines: self.routines(&entry.routines),
            known: self.maybe_said(entry.known.as_ref()),
            unknown: self.maybe_said(entry.unknown.as_ref()),
            public_news: self.maybe_said(entry.public.as_ref()),
            down: (!down.is_empty()).then_some(down),
            restore: entry.back.as_ref().and_then(|t| self.time(t)).map(Restore::At),
            ..News::default()
        };
        NewsOf { news, next_s: entry.next.map(|s| s.0) }
    }

    pub fn start(&mut self, entry: &StartEntry) -> StepStart {
        if let Some(rule) = &entry.rule {
            self.step(rule);
        }
        let kind = entry.kind.as_ref().and_then(|kind| {
            let found = StepKind::named(kind);
            if found.is_none() {
                self.unknown(kind, "kind of step", "unknown-step", StepKind::ALL.iter().map(|k| k.as_str()));
            }
            found
        });
        // Groups are known to the rules; here it is only asked whether there are such.
        self.functions(&entry.to);
        StepStart {
            rule: entry.rule.as_ref().map(|r| r.value.clone()),
            kind,
            title: self.maybe_said(entry.title.as_ref()),
            to: entry.to.iter().map(|n| FunctionId::from(n.as_str())).collect(),
            every_s: entry.every.map(|s| s.0),
            ..StepStart::default()
        }
    }

    /// A step of a playbook, or a kind.
    pub fn step(&mut self, name: &Name) {
        let plan = self.plan;
        let rules = plan.playbooks.values().flat_map(|b| &b.steps).map(|r| r.id.as_str());
        let known: Vec<&str> = rules.chain(StepKind::ALL.iter().map(|k| k.as_str())).collect();
        if !known.contains(&name.value.as_str()) {
            self.unknown(name, "step", "unknown-step", known);
        }
    }

    /// That nothing stands where something must.
    pub fn wants(&mut self, place: Place, message: &str, help: &str) {
        self.found.error(place, "missing-key", message).help(help);
    }
}
