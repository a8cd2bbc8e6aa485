//! The plan of readiness on paper: levels, what each raises and proposes, modes with who is told and who decides, playbooks in short,
//! the routines. As it was read and checked, in the words of the region.

use super::{Occasion, Sheet, channel, names, span};
use crate::domain::ids::FunctionIx;
use crate::domain::ladder::{Class, LevelIx, Mode, ModeIx, Propose, Right};
use crate::domain::lang::Lang;
use crate::domain::plan::{ApprovalRule, NightRule, Plan, Playbook, PublicRule, Row, Then, To};
use crate::domain::step::{StepRule, Within};
use crate::words::paper as words;

/// The paper.
pub fn plan(plan: &Plan, on: Occasion) -> Sheet {
    let mut sheet = Sheet::new(plan, on, words::PLAN.say(on.lang));
    let page = Page { plan, lang: on.lang };
    page.levels(&mut sheet);
    page.modes(&mut sheet);
    page.silence(&mut sheet);
    sheet.heading(2, words::PLAYBOOKS.say(on.lang));
    for book in plan.playbooks.values() {
        page.playbook(&mut sheet, book);
    }
    page.routines(&mut sheet);
    page.systems(&mut sheet);
    sheet
}

struct Page<'p> {
    plan: &'p Plan,
    lang: Lang,
}

impl Page<'_> {
    fn names(&self, all: &[FunctionIx]) -> String {
        names(self.plan, self.lang, all)
    }
    fn name(&self, f: FunctionIx) -> &str {
        self.plan.function(f).title.get(self.lang)
    }
    fn mode(&self, m: ModeIx) -> &str {
        self.plan.ladders.mode_at(m).map_or("", |m| m.label.get(self.lang))
    }
    fn level(&self, l: LevelIx) -> &str {
        self.plan.ladders.level_at(l).map_or("", |l| l.label.get(self.lang))
    }

    fn levels(&self, sheet: &mut Sheet) {
        let lang = self.lang;
        sheet.heading(2, words::LEVELS.say(lang));
        for (rung, level) in (0u8..).zip(&self.plan.ladders.levels) {
            sheet.heading(3, format!("{} ({})", level.label.get(lang), level.alias));
            sheet.pair(words::NEW_TEXT_EVERY.say(lang), span(level.beat_s));
            let deputies = if level.deputies_beside { words::ASKED_BESIDE } else { words::ASKED_IN_TURN };
            sheet.pair(words::DEPUTIES.say(lang), deputies.say(lang));
            if level.care_at_once {
                sheet.pair(words::CARE.say(lang), words::CARE_AT_ONCE.say(lang));
            }
            for (class, label) in [(Class::A, words::CLASS_A), (Class::B, words::CLASS_B), (Class::C, words::CLASS_C)] {
                sheet.pair(label.say(lang), self.brings(LevelIx(rung), class));
            }
        }
    }

    /// What a level asks for, for a system of a class.
    fn brings(&self, level: LevelIx, class: Class) -> String {
        let least = |unsafe_| self.plan.ladders.least_for(level, &[class], unsafe_);
        let ((sure, propose), (in_doubt, _)) = (least(false), least(true));
        let mut all = Vec::new();
        if sure > ModeIx::NORMAL {
            all.push(words::raises(self.lang, self.mode(sure)));
        }
        if in_doubt > sure {
            all.push(words::raises_if_unsafe(self.lang, self.mode(in_doubt)));
        }
        // What is raised already needs no decision.
        all.extend(propose.iter().filter(|p| p.mode > sure).map(|p| self.proposes(p)));
        if all.is_empty() { words::RAISES_NOTHING.say(self.lang).to_owned() } else { all.join("; ") }
    }
    fn proposes(&self, p: &Propose) -> String {
        words::proposes(self.lang, self.name(p.decides), self.mode(p.mode), span(p.within_s))
    }

    fn modes(&self, sheet: &mut Sheet) {
        let lang = self.lang;
        sheet.heading(2, words::MODES.say(lang));
        for mode in &self.plan.ladders.modes {
            sheet.heading(3, mode.label.get(lang));
            sheet.pair(words::MEANS.say(lang), mode.line.get(lang));
            sheet.pair(words::TOLD.say(lang), self.names(&mode.tell));
            sheet.pair(words::MAY_RAISE.say(lang), self.rights(mode, |r| &r.raise_by));
            sheet.pair(words::MAY_LOWER.say(lang), self.rights(mode, |r| &r.lower_by));
        }
    }
    fn rights(&self, mode: &Mode, of: impl Fn(&Right) -> &Vec<FunctionIx>) -> String {
        let one = |r: &Right| {
            let sites: Vec<&str> = r.sites.iter().map(|s| s.as_str()).collect();
            let who = if of(r).is_empty() { words::ANY_DUTY.say(self.lang).to_owned() } else { self.names(of(r)) };
            if sites.is_empty() { who } else { format!("{who} ({})", sites.join(", ")) }
        };
        // A right for some sites that names nobody says nothing of this.
        let told = mode.rights.iter().filter(|r| r.sites.is_empty() || !of(r).is_empty());
        told.map(one).collect::<Vec<_>>().join("; ")
    }

    fn silence(&self, sheet: &mut Sheet) {
        let (lang, region) = (self.lang, &self.plan.region);
        sheet.heading(2, words::WHEN_NOBODY_ANSWERS.say(lang));
        sheet.pair(words::LAST_RESORT.say(lang), self.names(&region.last_resort));
        sheet.pair(words::MAY_LEAD.say(lang), self.names(&region.command));
        if let Some(f) = self.plan.functions.get(region.switchboard.ix()) {
            sheet.pair(words::WALKS.say(lang), f.title.get(lang));
        }
        sheet.pair(words::EMERGENCY.say(lang), &*region.emergency);
        sheet.pair(words::CALL_PUBLIC.say(lang), &*region.call);
        sheet.pair(words::HOLDING_AFTER.say(lang), span(region.holding_after_s));
    }

    fn playbook(&self, sheet: &mut Sheet, book: &Playbook) {
        let lang = self.lang;
        sheet.heading(3, book.title.get(lang));
        sheet.pair(words::WHAT.say(lang), book.what.get(lang));
        sheet.pair(words::SCOPE.say(lang), book.scope.get(lang));
        let sites: Vec<&str> = book.sites.iter().map(|s| self.site(s)).collect();
        sheet.pair(words::SITES.say(lang), sites.join(", "));
        let systems = book.systems.iter().filter_map(|s| self.plan.system(s)).map(|s| s.title.get(lang));
        sheet.pair(words::SYSTEMS.say(lang), systems.collect::<Vec<_>>().join(", "));
        sheet.pair(words::REPORTED_AS.say(lang), self.level(book.level));
        let routines = book.routines.iter().filter_map(|r| self.plan.routines.get(r)).map(|r| r.text.get(lang));
        sheet.pair(words::FIRST_MEASURES.say(lang), routines.map(|r| format!("{r}.")).collect::<Vec<_>>().join(" "));
        for at in &book.levels {
            let mut all = Vec::new();
            if let Some(mode) = at.mode {
                all.push(words::raises(lang, self.mode(mode)));
            }
            all.extend(at.propose.iter().map(|p| self.proposes(p)));
            all.extend(at.notify.iter().map(|row| self.row(row)));
            sheet.pair(&words::at_level(lang, self.level(at.level)), format!("{}.", all.join(". ")));
        }
        for step in &book.steps {
            sheet.pair(words::STEP.say(lang), self.step(step));
        }
        sheet.pair(
            words::THE_PUBLIC.say(lang),
            match book.public {
                PublicRule::Never => words::PUBLIC_NEVER,
                PublicRule::Holding => words::PUBLIC_HOLDING,
                PublicRule::Approved => words::PUBLIC_APPROVED,
            }
            .say(lang),
        );
        if book.four_eyes {
            sheet.pair(words::FOUR_EYES.say(lang), words::REPORTER_DOES_NOT_APPROVE.say(lang));
        }
        sheet.pair(words::ID.say(lang), book.id.as_str());
    }
    fn site(&self, id: &crate::domain::ids::SiteId) -> &str {
        self.plan.region.sites.iter().find(|s| s.id == *id).map_or("", |s| s.name.get(self.lang))
    }

    /// Who is told, over what, and who must say yes first.
    fn row(&self, row: &Row) -> String {
        let lang = self.lang;
        let who = match &row.to {
            To::Functions(all) => self.names(all),
            To::Public => words::THE_PUBLIC.say(lang).to_owned(),
        };
        let over: Vec<&str> = row.channels.iter().map(|c| channel(lang, *c)).collect();
        let when = match &row.approval {
            None => words::AT_ONCE.say(lang).to_owned(),
            Some(rule) => self.approval(rule),
        };
        let mut text = words::tells(lang, who, over.join(", "), when);
        if row.if_unsafe {
            text.push_str(words::ONLY_IF_UNSAFE.say(lang));
        }
        if let NightRule::QuietUntil(minute) = row.night {
            text.push_str(&words::at_night_from(lang, format!("{:02}.{:02}", minute / 60, minute % 60)));
        }
        text
    }
    fn approval(&self, rule: &ApprovalRule) -> String {
        let then = match (rule.then, rule.finally) {
            (Then::Release, _) => words::THEN_RELEASE,
            (Then::Escalate, Then::Hold) => words::THEN_ESCALATE_HOLD,
            (Then::Escalate, _) => words::THEN_ESCALATE,
            (Then::Hold, _) => words::THEN_HOLD,
        };
        words::approves(self.lang, self.name(rule.by), span(rule.within_s), then.say(self.lang))
    }
    fn step(&self, step: &StepRule) -> String {
        let within = match step.within {
            Within::Seconds(s) => span(s),
            Within::Months(n) => words::months(self.lang, n),
        };
        words::step_line(self.lang, step.title.get(self.lang), self.name(step.owner), within, self.level(step.level))
    }

    fn routines(&self, sheet: &mut Sheet) {
        sheet.heading(2, words::ROUTINES.say(self.lang));
        for routine in self.plan.routines.values() {
            let urgent = if routine.urgent { words::URGENT.say(self.lang) } else { "" };
            sheet.item(format!("{}.{urgent}", routine.text.get(self.lang)));
        }
    }
    fn systems(&self, sheet: &mut Sheet) {
        let lang = self.lang;
        sheet.heading(2, words::SYSTEMS.say(lang));
        for (class, label) in [(Class::A, words::CLASS_A), (Class::B, words::CLASS_B), (Class::C, words::CLASS_C)] {
            let all: Vec<_> = self.plan.systems.iter().filter(|s| s.class == class).collect();
            if all.is_empty() {
                continue;
            }
            sheet.heading(3, label.say(lang));
            for system in all {
                let routine = self.plan.routines.get(&system.routine).map_or("", |r| r.text.get(lang));
                sheet.item(words::system_line(lang, system.title.get(lang), self.name(system.owner), routine));
            }
        }
    }
}
