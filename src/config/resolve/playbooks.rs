//! Playbooks: whom a level tells, over what, after whose approval.

use std::collections::BTreeMap;

use super::Resolver;
use crate::config::raw::playbook::{
    AnswerWord, Approval, AudienceWord, ChannelWord, LevelEntry, Playbook, PublicText, PublicWord, Row, ThenWord,
};
use crate::config::raw::readiness::DeputiesWord;
use crate::config::tests_block::{self, TestCase};
use crate::domain::ids::{PlaybookId, SiteId, SystemId};
use crate::domain::ladder::LevelIx;
use crate::domain::lang::L10n;
use crate::domain::plan::{
    self, Afterwards, AnswerRule, ApprovalRule, Audience, Channel, DeputyRule, LevelPlan, NightRule, OutsideWords,
    PublicRule, PublicWords, RowId, Then, To,
};
use crate::yaml::diagnostics::Place;
use crate::yaml::{At, Name, Night, Texts};

impl Resolver<'_> {
    pub(super) fn playbooks(&mut self) -> Vec<TestCase> {
        let raw = self.raw;
        let mut tests = Vec::new();
        for (file, entry) in &raw.playbooks {
            let playbook = self.playbook(*file, entry);
            let id = playbook.id.clone();
            if self.plan.playbooks.insert(id.clone(), playbook).is_some() {
                let message = format!("there is another playbook \"{id}\"");
                self.found.error(entry.playbook.place, "duplicate-playbook", message);
            }
            for test in entry.tests.iter() {
                tests.extend(self.test(&id, test));
            }
        }
        self.clashing_aliases();
        if raw.playbooks.is_empty() && !raw.broken.playbooks && !raw.broken.readiness {
            let place =
                raw.readiness.as_ref().and_then(|r| r.levels.first()).map_or_else(Place::default, |(n, _)| n.place);
            self.found.warning(place, "no-playbooks", "there is no playbook: nothing can be reported");
        }
        tests
    }

    /// A word that is typed at night means one playbook (RULES E1).
    fn clashing_aliases(&mut self) {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for (_, entry) in &self.raw.playbooks {
            known.insert(entry.playbook.as_str().to_lowercase(), entry.playbook.as_str());
        }
        for (_, entry) in &self.raw.playbooks {
            let id = entry.playbook.as_str();
            for alias in entry.aliases.iter() {
                let other = known.entry(alias.value.to_lowercase()).or_insert(id);
                if *other != id {
                    let message = format!("\"{}\" already means playbook \"{other}\"", alias.value);
                    self.found
                        .error(alias.place, "duplicate-alias", message)
                        .help("choose another word for one of them");
                }
            }
        }
    }

    fn playbook(&mut self, file: u32, entry: &Playbook) -> plan::Playbook {
        let place = entry.playbook.place;
        self.id(&entry.playbook);
        let id = PlaybookId::from(entry.playbook.as_str());
        let path = self.found.sources.path(file).to_owned();
        if path != format!("playbooks/{id}.yaml") {
            let message = format!("playbook \"{id}\" stands in {path}");
            self.found.error(place, "file-name", message).help(format!("name the file playbooks/{id}.yaml"));
        }
        self.places.playbooks.insert(id.clone(), place);
        let texts_at = |texts: &crate::yaml::Texts| texts.first().map_or(place, |(_, t)| t.place);
        self.places.what.insert(id.clone(), texts_at(&entry.message.what));
        self.places.scope.insert(id.clone(), texts_at(&entry.message.scope));
        let title = self.texts(place, &entry.title);
        let what = self.texts(place, &entry.message.what);
        let scope = self.texts(place, &entry.message.scope);
        for (_, text) in entry.message.what.iter().chain(entry.message.scope.iter()) {
            if text.ends_with('.') {
                self.found.warning(text.place, "full-stop", "the full stop is put by the program; this text gets two");
            }
        }
        let systems: Vec<SystemId> = entry.systems.iter().map(|s| self.system(s)).collect();
        let infra = entry.infrastructure.iter().map(|i| self.infra(i, i.place)).collect();
        let sites: Vec<SiteId> = entry.sites.iter().map(|s| self.site(s)).collect();
        let sites = if sites.is_empty() { vec![self.plan.region.whole.clone()] } else { sites };
        let routines = entry.message.routines.iter().map(|r| self.routine(r)).collect();
        let level = self.level(&entry.level);
        let mut levels: BTreeMap<LevelIx, LevelPlan> = BTreeMap::new();
        for (name, level_entry) in entry.levels.iter() {
            let at = self.level(name);
            let level_plan = self.level_plan(&id, at, level_entry);
            if levels.insert(at, level_plan).is_some() && !self.raw.broken.readiness {
                self.found.error(
                    name.place,
                    "duplicate-level",
                    format!("the level \"{}\" stands here twice", name.value),
                );
            }
        }
        if levels.range(..=level).all(|(_, l)| l.notify.is_empty()) && !self.raw.broken.playbooks {
            let message = format!("reported at \"{}\", this playbook tells nobody", entry.level.value);
            self.found
                .error(entry.level.place, "tells-nobody", message)
                .help("give that level, or one below it, a notify row");
        }
        let updates = entry.updates.as_ref();
        let overdue_tell = updates.and_then(|u| u.overdue.as_ref()).map(|o| self.function(&o.tell));
        let mildest = levels.keys().next().copied().unwrap_or(LevelIx(0));
        let steps = self.steps(entry, mildest);
        let m = &entry.message;
        let after = Afterwards {
            up: self.sentence(place, m.up.as_ref()),
            keep: self.sentence(place, m.keep.as_ref()),
            well: self.sentence(place, m.well.as_ref()),
            after: self.sentence(place, m.after.as_ref()),
        };
        let outside = entry.outside.as_ref();
        let outside = OutsideWords {
            open: self.sentence(place, outside.map(|o| &o.open)),
            restored: self.sentence(place, outside.and_then(|o| o.restored.as_ref())),
            closed: self.sentence(place, outside.and_then(|o| o.closed.as_ref())),
        };
        let public_words = entry.public_text.as_ref().map(|p| self.public_words(place, p));
        if let Some(heading) = entry.public_text.as_ref().and_then(|p| p.heading.first()) {
            self.places.public_words.insert(id.clone(), heading.1.place);
        }
        plan::Playbook {
            id,
            title,
            aliases: entry.aliases.iter().map(|a| a.value.clone()).collect(),
            systems,
            infra,
            sites,
            what,
            scope,
            routines,
            after,
            outside,
            public_words,
            level,
            levels: levels.into_values().collect(),
            update_every_s: updates.and_then(|u| u.every).map(|s| s.0),
            overdue_tell,
            public: match entry.public {
                PublicWord::Never => PublicRule::Never,
                PublicWord::Holding => PublicRule::Holding,
                PublicWord::Approved => PublicRule::Approved,
            },
            four_eyes: entry.four_eyes,
            steps,
        }
    }

    /// A sentence whose full stop is put by the program.
    fn sentence(&mut self, place: Place, texts: Option<&Texts>) -> L10n {
        let Some(texts) = texts else { return L10n::default() };
        for (_, text) in texts.iter().filter(|(_, t)| t.ends_with('.')) {
            self.found.warning(text.place, "full-stop", "the full stop is put by the program; this text gets two");
        }
        self.texts(place, texts)
    }

    fn public_words(&mut self, place: Place, p: &PublicText) -> PublicWords {
        PublicWords {
            heading: self.sentence(place, Some(&p.heading)),
            place: self.sentence(place, Some(&p.place)),
            means: self.texts(place, &p.means),
            todo: self.texts(place, &p.todo),
            works: self.optional(place, p.works.as_ref()),
            works_needs: p.works_needs.iter().map(|s| self.system(s)).collect(),
            up: self.sentence(place, Some(&p.up)),
            still: self.texts(place, &p.still),
            well: self.sentence(place, Some(&p.well)),
            after: self.texts(place, &p.after),
        }
    }

    fn level_plan(&mut self, id: &PlaybookId, level: LevelIx, entry: &LevelEntry) -> LevelPlan {
        let mode = entry.staff_mode.as_ref().map(|m| self.mode(m));
        let propose = self.propose(&entry.propose, Some(id));
        let mut notify = Vec::new();
        for at in entry.notify.iter() {
            let row_id = RowId { level, row: u16::try_from(notify.len()).unwrap_or(u16::MAX) };
            let key = (id.clone(), row_id);
            self.places.rows.insert(key.clone(), at.place);
            if let Some(within) = &at.answer_within {
                self.places.answer_within.insert(key.clone(), within.place);
            }
            if let Some(approval) = &at.approval.0 {
                self.places.approvals.insert(key, approval.by.place);
            }
            notify.push(self.row(at));
        }
        LevelPlan { level, mode, propose, notify }
    }

    fn row(&mut self, at: &At<Row>) -> plan::Row {
        let public = at.to.iter().any(|n| n.as_str() == "public");
        if public && at.to.len() > 1 {
            self.found.error(
                at.to[0].place,
                "public-alone",
                "public stands alone; give the functions a row of their own",
            );
        }
        if at.to.is_empty() && !self.raw.broken.playbooks {
            self.found.error(at.place, "tells-nobody", "this row tells nobody");
        }
        let names: Vec<Name> = at.to.iter().filter(|n| n.as_str() != "public").cloned().collect();
        let to = if public { To::Public } else { To::Functions(self.duties(&names)) };
        let audience = match at.audience {
            None if public => Audience::Public,
            None | Some(AudienceWord::Internal) => Audience::Internal,
            Some(AudienceWord::Public) => Audience::Public,
            Some(AudienceWord::Outside) => Audience::Outside,
        };
        if public && audience != Audience::Public {
            self.found.error(at.place, "audience", "what the public reads is a text for the public");
        }
        let mut channels = Vec::new();
        for word in at.channels.iter() {
            let channel = channel(word.value);
            if channels.contains(&channel) {
                self.found.warning(word.place, "channel-twice", format!("{channel} stands here twice"));
                continue;
            }
            if public != (channel == Channel::Web) && channel != Channel::Manual {
                let message = match public {
                    true => format!("the public is not reached over {channel}"),
                    false => "functions are not reached over web".to_owned(),
                };
                self.found.error(word.place, "channel", message).help("write a row with to: public for the page");
            }
            if !self.plan.gateways.iter().any(|g| g.channel == channel) && !self.raw.broken.gateways {
                let message = format!("no file in channels/ has a gateway for {channel}");
                self.found.error(word.place, "no-gateway", message);
            }
            channels.push(channel);
        }
        if channels.is_empty() {
            self.found.error(at.place, "no-channel", "this row goes out over nothing");
        }
        plan::Row {
            to,
            audience,
            channels,
            approval: at.approval.0.as_ref().map(|a| self.approval(a)),
            answer: at.answer.as_ref().map(|a| match a.value {
                AnswerWord::None => AnswerRule::None,
                AnswerWord::Wanted => AnswerRule::Wanted,
                AnswerWord::Required => AnswerRule::Required,
            }),
            answer_within_s: at.answer_within.as_ref().map(|s| s.0),
            deputies: at.deputies.map(|d| match d {
                DeputiesWord::Beside => DeputyRule::Beside,
                DeputiesWord::After => DeputyRule::After,
            }),
            night: match at.night {
                None | Some(Night::Page) => NightRule::Page,
                Some(Night::QuietUntil(clock)) => NightRule::QuietUntil(clock.0),
            },
            answers: self.answers(at.answers.as_ref()),
            arrive_within_s: at.arrive_within.as_ref().map(|s| s.0),
            if_unsafe: at.if_unsafe,
        }
    }

    fn approval(&mut self, entry: &Approval) -> ApprovalRule {
        let by = self.function(&entry.by);
        let finally = entry.finally.as_ref().map_or(Then::Hold, |f| then(f.value));
        if let Some(word) = entry.finally.as_ref().filter(|f| f.value == ThenWord::Escalate) {
            let message = "after the last of the chain there is nobody to escalate to";
            self.found.error(word.place, "finally", message).help("write release or hold");
        }
        ApprovalRule { by, within_s: entry.within.0, then: then(entry.then.value), finally }
    }

    fn test(&mut self, id: &PlaybookId, entry: &At<crate::config::raw::playbook::TestEntry>) -> Option<TestCase> {
        let report = &entry.report;
        let level = report.level.as_ref().map(|l| self.level(l));
        let sites = report.sites.iter().map(|s| self.site(s)).collect();
        let mut expect = Vec::new();
        for line in entry.expect.iter() {
            let to = match line.to.as_str() {
                "public" => None,
                _ => Some(self.function(&line.to)),
            };
            if line.never && (line.within.is_some() || line.after.is_some()) {
                self.found.error(line.place, "test", "never has no within and no after");
            }
            expect.push(tests_block::expect(line, to, channel(line.over.value)));
        }
        let Ok(at) = report.at.parse::<jiff::Timestamp>() else {
            let message = format!("\"{}\" is not a point in time", report.at.value);
            self.found
                .error(report.at.place, "time", message)
                .help("write it with its offset: \"2026-11-18T03:12:00+01:00\"");
            return None;
        };
        Some(TestCase {
            playbook: id.clone(),
            place: entry.place,
            level,
            at,
            sites,
            safety: report.safety,
            exercise: report.exercise,
            expect,
        })
    }
}

fn then(word: ThenWord) -> Then {
    match word {
        ThenWord::Release => Then::Release,
        ThenWord::Escalate => Then::Escalate,
        ThenWord::Hold => Then::Hold,
    }
}

fn channel(word: ChannelWord) -> Channel {
    match word {
        ChannelWord::Sms => Channel::Sms,
        ChannelWord::Email => Channel::Email,
        ChannelWord::Fax => Channel::Fax,
        ChannelWord::Paging => Channel::Paging,
        ChannelWord::Web => Channel::Web,
        ChannelWord::Manual => Channel::Manual,
    }
}
