//! A disruption is reported: number, level, mode, first texts.

use std::collections::BTreeSet;

use super::rows::Newly;
use super::{Decider, bad_text};
use crate::domain::drills::Drill;
use crate::domain::ids::{FunctionId, FunctionIx, IncidentNo, InfraId, PlaybookId, SiteId, Status, SystemId};
use crate::domain::incident::event::Change;
use crate::domain::incident::facts::{Facts, Restore, Safety};
use crate::domain::incident::input::{IfShared, News, Report, find_playbook, status};
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::render::ModeChange;
use crate::domain::incident::state::Incident;
use crate::domain::incident::values::{Kind, Phase};
use crate::domain::ladder::{LevelIx, ModeIx, Propose};
use crate::domain::lang::L10n;
use crate::domain::plan::{Plan, Playbook};
use crate::domain::reach::{self, Down};
use crate::domain::time::At;

/// So many reports and drills of one function go without a question within [`REPORTS_WITHIN_S`] (RULES D11).
pub const REPORTS_MAX: usize = 3;
/// The time that they are counted in, in seconds.
pub const REPORTS_WITHIN_S: u32 = 600;
/// A clock may be ahead by that much before "since" counts as a mistake, in seconds.
const CLOCK_AHEAD_S: u32 = 300;

impl Decider<'_> {
    /// A text more to everybody must fit under `deliveries_max`. What a stop, a correction or a deadline sends goes out anyway.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn room_for(&self, plan: &Plan, deliveries: usize) -> Result<(), Refused> {
        let max = plan.region.limits.deliveries_max;
        if deliveries + plan.points.len() <= max as usize {
            return Ok(());
        }
        Err(refuse!(TooManyDeliveries { max }))
    }

    pub(super) fn report(&mut self, by: &FunctionId, report: &Report) -> Result<IncidentNo, Refused> {
        self.report_as(by, report, None)
    }

    /// The same, as a drill that was ordered.
    pub(super) fn report_as(
        &mut self,
        by: &FunctionId,
        report: &Report,
        drill: Option<&Drill>,
    ) -> Result<IncidentNo, Refused> {
        let plan = self.state.plan.clone();
        let fx = self.duty(&plan, by)?;
        let playbook = find_playbook(&plan, &report.playbook)?;
        let book = &plan.playbooks[&playbook];
        let level = match &report.level {
            Some(name) => level_named(&plan, name)?,
            None => book.level,
        };
        let sites = sites_named(&plan, &report.sites, &book.sites)?;
        // The one place where an incident begins: none can begin as a real one in training, whatever way its report came.
        let status = status(report.exercise || self.state.drills_only);
        if status == Status::Actual {
            if let Some(incident) = self.says_the_same(report, &playbook, level, &sites) {
                return Err(refuse!(NothingNew { incident }));
            }
            match report.shared {
                IfShared::AddTo(no) => {
                    return self.add_report(by, no, report, level, sites).map(|()| no);
                }
                IfShared::Ask => {
                    if let Some(other) = self.sharing(book, &report.down) {
                        return Err(refuse!(SharesASystem { incident: other }).already(other));
                    }
                }
                IfShared::Separate => {}
            }
        } else if let Some(incident) = self.real_open() {
            // Beside a real incident a drill takes attention and ways, and its texts are one more thing to tell apart (RULES D17).
            return Err(refuse!(RealIsOpen { incident }));
        }
        self.brake(by, report)?;
        let max = plan.region.limits.open_incidents_max;
        if self.state.open().count() >= max as usize {
            return Err(refuse!(TooManyOpen { max }));
        }
        self.room_for(&plan, 0)?;
        let facts = self.facts(&plan, book, level, report)?;
        let n = 1 + match status {
            Status::Actual => self.state.actual_count,
            Status::Exercise => self.state.exercise_count,
        };
        let no = IncidentNo { status, n };
        self.check_typed(&facts)?;

        self.emit(no, Change::Opened { plan: plan.hash.clone(), playbook, level, sites, facts, by: fx });
        if !report.down.is_empty() {
            self.emit(no, Change::DownNamed { infra: report.down.clone(), by: fx });
        }
        if let Some(drill) = drill {
            self.emit(no, Change::DrillSet { drill: drill.clone() });
        }
        if self.inc(no).tests_ways() {
            self.test_ways(no);
            return Ok(no);
        }
        let drills = if status == Status::Actual { self.withdraw_drills() } else { Vec::new() };
        self.raise_by_level(no, &|_| true);
        self.fire_rows(no, Newly::All);
        self.tell_dependents(no);
        self.propose_by_level(no);
        self.open_steps(no, None);
        self.break_off(drills, no);
        Ok(no)
    }

    /// The open incident that says all that this report says (RULES D11), unless it is meant to be one of its own.
    pub(super) fn says_the_same(
        &self,
        report: &Report,
        playbook: &PlaybookId,
        level: LevelIx,
        sites: &[SiteId],
    ) -> Option<IncidentNo> {
        let named = match report.shared {
            IfShared::Separate => return None,
            IfShared::AddTo(no) => Some(no),
            IfShared::Ask => None,
        };
        let same = |inc: &&Incident| {
            let facts = &inc.facts;
            let is = |new: &Option<L10n>, old: &L10n| new.as_ref().is_none_or(|n| n == old);
            let at = |new: Option<At>, old: At| new.is_none_or(|n| n == old);
            !inc.is_drill()
                && named.is_none_or(|no| no == inc.no)
                && inc.phase == Phase::Open
                && inc.playbook == *playbook
                && level <= inc.level
                && sites.iter().all(|s| inc.sites.contains(s))
                && is(&report.what, &facts.what)
                && is(&report.scope, &facts.scope)
                && report.routines.as_ref().is_none_or(|r| *r == facts.routines)
                && report.restore.is_none_or(|r| r == facts.restore)
                && at(report.since, facts.since)
                && at(report.next, facts.next)
                && report.contact.as_ref().is_none_or(|c| *c == facts.contact)
                // Not to know is what a report says when nobody says anything.
                && (report.safety == facts.safety || report.safety == Safety::Unknown)
        };
        self.state.open().find(same).map(|inc| inc.no)
    }

    /// A fourth report or drill of one function in ten minutes must be meant (RULES D11).
    fn brake(&self, by: &FunctionId, report: &Report) -> Result<(), Refused> {
        // Drills hold up no real report.
        let drill = report.exercise || self.state.drills_only;
        let recent = self.state.incidents.values().filter(|i| i.opened + REPORTS_WITHIN_S > self.now);
        let recent = recent.filter(|i| drill || !i.is_drill());
        let mine = recent.filter(|i| i.plan.function(i.reporter).id == *by).count();
        if report.confirmed || mine < REPORTS_MAX {
            return Ok(());
        }
        Err(refuse!(ManyReports { count: mine, minutes: REPORTS_WITHIN_S / 60 }))
    }

    /// It is news of an open incident (RULES D5).
    fn add_report(
        &mut self,
        by: &FunctionId,
        no: IncidentNo,
        report: &Report,
        level: LevelIx,
        sites: Vec<SiteId>,
    ) -> Result<(), Refused> {
        let inc = self.open(no)?;
        if inc.is_drill() {
            return Err(refuse!(CannotAdd { incident: no }));
        }
        let mut all = inc.sites.clone();
        all.extend(sites.into_iter().filter(|s| !inc.sites.contains(s)));
        let level = inc.level.max(level);
        let news = News {
            what: report.what.clone(),
            scope: report.scope.clone(),
            routines: report.routines.clone(),
            restore: report.restore,
            next: report.next,
            contact: report.contact.clone(),
            // "Not known" is the default of a report, so only a yes is news.
            safety: (report.safety == Safety::Yes).then_some(Safety::Yes),
            level: inc.plan.ladders.level_at(level).map(|l| l.id.clone()),
            sites: Some(all),
            down: (!report.down.is_empty()).then(|| with_those(&inc.down, &report.down)),
            ..News::default()
        };
        // Any duty may report, and so may add (RULES D3).
        let plan = inc.plan.clone();
        let fx = self.duty(&plan, by)?;
        self.apply_news(no, Some(fx), &news, Kind::Update)
    }

    /// An open actual incident that shares a system or infrastructure.
    /// It does so too when what the one names hangs on what the other names.
    pub(super) fn sharing(&self, book: &Playbook, named: &[InfraId]) -> Option<IncidentNo> {
        let mine = reach::down_by(&self.state.plan, book, named);
        let shares = |i: &crate::domain::incident::state::Incident| {
            let other = i.book();
            let theirs = reach::down_of(i);
            let in_down = |b: &Playbook, named: &[InfraId], d: &Down| {
                let infra = b.infra.iter().chain(named).any(|x| d.infra.contains(x));
                b.systems.iter().any(|s| d.systems.contains(s)) || infra
            };
            in_down(other, &i.down, &mine) || in_down(book, named, &theirs)
        };
        self.state.open().find(|i| !i.is_drill() && shares(i)).map(|i| i.no)
    }

    fn facts(&self, plan: &Plan, book: &Playbook, level: LevelIx, r: &Report) -> Result<Facts, Refused> {
        let since = r.since.unwrap_or(self.now);
        if since > self.now + CLOCK_AHEAD_S {
            return Err(refuse!(SinceInFuture));
        }
        let beat = beat_s(plan, book, level);
        let next = r.next.unwrap_or(self.now + beat);
        if next <= self.now {
            return Err(refuse!(NextInPast));
        }
        for routine in r.routines.iter().flatten() {
            if !plan.routines.contains_key(routine) {
                return Err(refuse!(UnknownRoutine { routine }));
            }
        }
        known_infra(plan, &r.down)?;
        let down = reach::down_by(plan, book, &r.down);
        Ok(Facts {
            what: r.what.clone().unwrap_or_else(|| book.what.clone()),
            scope: r.scope.clone().unwrap_or_else(|| book.scope.clone()),
            routines: r.routines.clone().unwrap_or_else(|| book.routines.clone()),
            since,
            restore: r.restore.unwrap_or(Restore::Unknown { forecast: next }),
            next,
            contact: match &r.contact {
                Some(number) => contact_named(plan, number, &down)?,
                None => self.default_contact(plan, &book.systems, &down),
            },
            safety: r.safety,
            known: L10n::default(),
            unknown: L10n::default(),
            public_news: Vec::new(),
        })
    }

    /// The owner's duty phone, or that of its holder now; when it hangs on what is down, that of another who leads.
    pub(super) fn default_contact(&self, plan: &Plan, systems: &[SystemId], down: &Down) -> String {
        let owners = systems.iter().filter_map(|s| plan.system(s)).map(|s| s.owner);
        let all = owners
            .chain(plan.region.command.iter().copied())
            .chain([plan.region.switchboard])
            .chain(plan.region.last_resort.iter().copied());
        let phones: Vec<_> = all
            .filter(|f| f.ix() < plan.functions.len())
            .filter_map(|f| plan.function(self.holds(plan, f)).phone.as_ref())
            .filter(|p| p.publishable)
            .collect();
        phones.iter().find(|p| down.stands(&p.needs)).or(phones.first()).map(|p| p.number.clone()).unwrap_or_default()
    }

    /// Rendering what was typed before anything is kept.
    pub(super) fn check_typed(&self, facts: &Facts) -> Result<(), Refused> {
        let fields = [&facts.what, &facts.scope, &facts.known, &facts.unknown];
        let fields: Vec<&L10n> = fields.into_iter().chain(facts.public_news.iter().map(|n| &n.said)).collect();
        for text in fields.iter().flat_map(|l| l.0.values()).chain([&facts.contact]).filter(|t| !t.is_empty()) {
            crate::domain::text::Canonical::from_typed(text).map_err(|bad| bad_text(&bad))?;
        }
        // What waits for the public was measured when it was typed.
        let typed = facts.public_news.last().filter(|n| n.at == self.now).map(|n| &n.said);
        let measured = fields.iter().take(4).copied().chain(typed);
        let total: usize = measured.map(|l| l.0.values().map(|t| t.chars().count()).max().unwrap_or(0)).sum();
        if total > FIELDS_CHARS_MAX {
            return Err(refuse!(TextTooLong { chars: total, max: FIELDS_CHARS_MAX }));
        }
        Ok(())
    }

    /// Staff mode goes up by itself, at once (INCIDENTS lesson 12), at those sites of the incident. After the first release that
    /// is told like every raise (RULES A9).
    pub(super) fn raise_by_level(&mut self, no: IncidentNo, at: &dyn Fn(&SiteId) -> bool) {
        let inc = self.inc(no);
        let (mode, _) = wanted(inc);
        let sites: Vec<SiteId> = inc
            .sites
            .iter()
            .filter(|s| at(s) && inc.modes.get(*s).copied().unwrap_or_default() < mode)
            .cloned()
            .collect();
        if mode == ModeIx::NORMAL || sites.is_empty() {
            return;
        }
        let raised = sites.clone();
        let raises = sites.iter().any(|s| self.state.mode_of(s, inc) < mode);
        let from = sites.iter().map(|s| self.state.mode_of(s, inc)).min().unwrap_or_default();
        self.emit(no, Change::ModeSet { sites, mode, by: None, reason: String::new().into(), lower: false });
        self.settle_proposals(no.status, None, &raised);
        if raises {
            if self.inc(no).messages.iter().any(|m| m.released_at.is_some()) {
                self.tell_mode(no, ModeChange { from, to: mode, all_well: false });
            }
            self.redraw_others(no);
        }
    }
}

/// What was named before and what is named now, each once.
fn with_those(before: &[InfraId], now: &[InfraId]) -> Vec<InfraId> {
    let new = now.iter().filter(|x| !before.contains(x));
    before.iter().chain(new).cloned().collect()
}

/// Infrastructure by what was typed.
pub(super) fn known_infra(plan: &Plan, named: &[InfraId]) -> Result<(), Refused> {
    match named.iter().find(|x| !plan.infra.iter().any(|i| i.id == **x)) {
        Some(infra) => Err(refuse!(UnknownInfra { infra, all: List::of(plan.infra.iter().map(|i| &i.id)) })),
        None => Ok(()),
    }
}

/// Whether a number that stands in texts is no telephone that hangs on what is down.
pub(super) fn stands(plan: &Plan, number: &str, down: &Down) -> bool {
    let mut phones = plan.functions.iter().filter_map(|f| f.phone.as_ref()).filter(|p| p.number == number).peekable();
    phones.peek().is_none() || phones.any(|p| down.stands(&p.needs))
}

/// What all free fields together may have, in characters.
const FIELDS_CHARS_MAX: usize = 2_000;
/// Functions that a refusal names to choose from.
const CONTACTS_SHOWN_MAX: usize = 8;

/// A level by what was typed.
pub(super) fn level_named(plan: &Plan, name: &str) -> Result<LevelIx, Refused> {
    plan.ladders.level(name).ok_or_else(|| {
        let levels = List::of(plan.ladders.levels.iter().map(|l| format!("{} ({})", l.id, l.alias)));
        refuse!(UnknownLevel { level: name, levels })
    })
}

/// Sites by what was typed; the whole region is all of them.
pub(super) fn sites_named(plan: &Plan, typed: &[SiteId], default: &[SiteId]) -> Result<Vec<SiteId>, Refused> {
    let given = if typed.is_empty() { default } else { typed };
    let mut sites = Vec::new();
    for site in given {
        let known = plan.region.sites.iter().find(|s| s.id.as_str().eq_ignore_ascii_case(site.as_str()));
        match known {
            Some(s) if s.id != plan.region.whole => sites.push(s.id.clone()),
            Some(_) => sites.extend(plan.region.sites.iter().map(|s| s.id.clone()).filter(|s| *s != plan.region.whole)),
            None => {
                let sites = List::of(plan.region.sites.iter().map(|s| &s.id));
                return Err(refuse!(UnknownSite { site, sites }));
            }
        }
    }
    let mut seen = BTreeSet::new();
    sites.retain(|s| seen.insert(s.clone()));
    Ok(sites)
}

/// Seconds between updates.
pub(super) fn beat_s(plan: &Plan, book: &Playbook, level: LevelIx) -> u32 {
    book.update_every_s.or_else(|| plan.ladders.level_at(level).map(|l| l.beat_s)).unwrap_or(3600).max(60)
}

/// A number to call: publishable, and not hanging on what is down (RULES A10, E1).
pub(super) fn contact_named(plan: &Plan, typed: &str, down: &Down) -> Result<String, Refused> {
    let by_function = plan.function_ix(typed.trim()).map(|f| plan.function(f));
    let digits = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
    let by_number = plan
        .functions
        .iter()
        .find(|f| f.phone.as_ref().is_some_and(|p| !digits(typed).is_empty() && digits(&p.number) == digits(typed)));
    let offer = || {
        let free =
            plan.functions.iter().filter(|f| f.phone.as_ref().is_some_and(|p| p.publishable && down.stands(&p.needs)));
        List::of(free.map(|f| &f.id).take(CONTACTS_SHOWN_MAX))
    };
    let found = by_function.or(by_number).and_then(|f| f.phone.as_ref().map(|phone| (&f.id, phone)));
    let Some((function, phone)) = found else {
        return Err(refuse!(UnknownContact { functions: offer() }));
    };
    if !phone.publishable {
        return Err(refuse!(ContactNotPublishable { function, functions: offer() }));
    }
    if !down.stands(&phone.needs) {
        return Err(refuse!(ContactIsDown { function, functions: offer() }));
    }
    Ok(phone.number.clone())
}

/// Functions of the incident's sites and of the region; only those of `sites`, when some are given.
pub(super) fn addressed(
    plan: &Plan,
    inc: &crate::domain::incident::state::Incident,
    all: &[FunctionIx],
    sites: &[SiteId],
) -> Vec<FunctionIx> {
    let here = |f: &&FunctionIx| {
        let site = &plan.function(**f).site;
        if sites.is_empty() { *site == plan.region.whole || inc.sites.contains(site) } else { sites.contains(site) }
    };
    let mut to: Vec<FunctionIx> = all.iter().filter(here).copied().collect();
    let mut seen = BTreeSet::new();
    to.retain(|f| seen.insert(*f));
    to
}

/// Care functions get the first internal text with no approval when the level says so, patients may be in danger, or a routine
/// is urgent (RULES B1).
pub(super) fn care_at_once(inc: &crate::domain::incident::state::Incident) -> bool {
    inc.plan.ladders.level_at(inc.level).is_some_and(|l| l.care_at_once)
        || inc.facts.safety.counts_as_unsafe()
        || inc.facts.routines.iter().any(|r| inc.plan.routines.get(r).is_some_and(|r| r.urgent))
}

/// The mode that an incident asks for by its level, and what it proposes.
pub(super) fn wanted(inc: &Incident) -> (ModeIx, Vec<Propose>) {
    wanted_with(inc, inc.facts.safety.counts_as_unsafe())
}

/// The same, were patients in danger or not.
pub(super) fn wanted_with(inc: &Incident, danger: bool) -> (ModeIx, Vec<Propose>) {
    let plan = &inc.plan;
    let book = inc.book();
    let classes: Vec<_> = book.systems.iter().filter_map(|s| plan.system(s)).map(|s| s.class).collect();
    let (mut mode, mut propose) = plan.ladders.least_for(inc.level, &classes, danger);
    for level in book.levels.iter().filter(|l| l.level <= inc.level) {
        mode = mode.max(level.mode.unwrap_or_default());
        let higher = level.propose.iter().map(|p| p.mode).max() >= propose.iter().map(|p| p.mode).max();
        if !level.propose.is_empty() && higher {
            propose.clone_from(&level.propose);
        }
    }
    (mode, propose)
}
