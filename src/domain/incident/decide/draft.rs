//! Texts are rendered in every language and get a number; drafts that wait are rendered anew when a fact changes.

use std::collections::{BTreeMap, BTreeSet};

use super::Decider;
use super::report::care_at_once;
use crate::domain::ids::{FunctionIx, IncidentNo};
use crate::domain::incident::event::{Change, NewEntry, NewMessage};
use crate::domain::incident::public_news::told;
use crate::domain::incident::render::{Before, Brief, Own, Telling, fingerprint, text};
use crate::domain::incident::standing::{redirection, standing};
use crate::domain::incident::state::{Entry, EntryState, Incident, Message};
use crate::domain::incident::values::{Draft, Kind, Phase, ReleasedBy};
use crate::domain::lang::Lang;
use crate::domain::plan::Audience;
use crate::domain::text::{BadText, Canonical};

impl Decider<'_> {
    /// Renders, numbers and keeps a text.
    pub(super) fn draft(&mut self, no: IncidentNo, kind: Kind, audience: Audience) -> u32 {
        let inc = self.inc(no);
        let texts = match self.render(inc, kind, audience) {
            Ok(texts) => texts,
            // Facts are checked before they are kept, so this can only be a template; the shortest truth goes.
            Err(_) => self.title_only(inc),
        };
        // Where an approver's own wording stands in one language, nobody has read the others (RULES A7, A13).
        let unread = |l: &Lang| {
            own_message(inc, kind, audience).and_then(|m| m.texts.get(l)).is_some_and(|draft| !draft.reviewed)
        };
        let texts = texts.into_iter().map(|(l, t)| (l, (t, !unread(&l)))).collect();
        self.draft_with(no, kind, audience, texts, None)
    }

    /// Numbers and keeps texts that are there: each with whether it was reviewed.
    pub(super) fn draft_with(
        &mut self,
        no: IncidentNo,
        kind: Kind,
        audience: Audience,
        texts: BTreeMap<Lang, (Canonical, bool)>,
        replaces: Option<u32>,
    ) -> u32 {
        let inc = self.inc(no);
        let seq = inc.next_seq();
        let number = inc.number(seq);
        let texts = texts
            .into_iter()
            .map(|(lang, (text, reviewed))| {
                let fingerprint = fingerprint(&inc.plan, number, audience, lang, &text);
                (lang, Draft { text, fingerprint, reviewed })
            })
            .collect();
        self.emit(no, Change::Drafted { message: NewMessage { seq, kind, audience, texts, replaces } });
        seq
    }

    /// The texts of all languages of the region.
    pub(super) fn render(
        &self,
        inc: &Incident,
        kind: Kind,
        audience: Audience,
    ) -> Result<BTreeMap<Lang, Canonical>, BadText> {
        let modes = self.state.modes_for(inc);
        let stays: Vec<IncidentNo> = self
            .state
            .open()
            .filter(|o| o.no != inc.no && o.no.status == inc.no.status)
            .filter(|o| modes.iter().any(|(site, mode)| *mode > Default::default() && o.modes.get(site) == Some(mode)))
            .map(|o| o.no)
            .collect();
        let standing = standing(inc);
        let public_told = if audience == Audience::Public { told(inc) } else { Vec::new() };
        let corrected = match kind {
            Kind::Correction { of } | Kind::Stopped { of } => inc.message(of.seq),
            _ => inc.newest(audience),
        };
        let mut brief = Brief {
            plan: &inc.plan,
            book: inc.book(),
            facts: &inc.facts,
            sites: &inc.sites,
            level: inc.level,
            phase: match (kind, inc.phase) {
                (Kind::AllClear, Phase::Restored) | (_, Phase::Closed) => Telling::Closed(inc.phase_at),
                (Kind::AllClear, Phase::Open) => Telling::Closed(self.now),
                (_, Phase::Restored) => Telling::Restored(inc.phase_at),
                (_, Phase::Open) if inc.is_stopped() => Telling::Stopped,
                (_, Phase::Open) => Telling::Open,
            },
            modes: &modes,
            kind,
            audience,
            now: self.now,
            real_not_drill: audience == Audience::Internal && self.after_drill(inc, kind),
            standing: &standing,
            redirection: match kind {
                Kind::Redirection { step, .. } => redirection(inc, step),
                _ => None,
            },
            stays: &stays,
            // What this correction or update changes: what an earlier update changed was told by it.
            before: self.told_before(inc, audience).map(|m| Before {
                facts: &m.facts,
                sites: &m.sites,
                level: m.level,
            }),
            public_told: &public_told,
            sent: corrected.and_then(|m| m.released_at),
            other: match kind {
                Kind::Stopped { .. } => inc.newest(audience).map(|m| inc.number(m.seq)),
                _ => None,
            },
            mode: self.mode_change,
            stop: self.stop_words.as_ref(),
            works: audience == Audience::Public && self.works(inc),
            tests_ways: inc.tests_ways(),
            own: &[],
        };
        let own = own_message(inc, kind, audience).map_or_else(Vec::new, |m| own_words(inc, m, &brief));
        brief.own = &own;
        inc.plan.region.languages.iter().map(|l| text(&brief, *l).map(|t| (*l, t))).collect()
    }

    /// What those had heard who are told now: the newest text, or the one before that which still waits for them.
    fn told_before<'m>(&self, inc: &'m Incident, audience: Audience) -> Option<&'m Message> {
        let Some(first) = self.waits_since else { return inc.newest(audience) };
        let told = |m: &&Message| m.audience == audience && m.released_at.is_some() && !m.stopped;
        inc.messages.iter().take_while(|m| m.seq < first).filter(told).last()
    }

    /// Whether what a playbook says works does: none of the systems that it is about is hit, by this incident or by another, and
    /// no redirection holds (TEXTS: it is a claim).
    fn works(&self, inc: &Incident) -> bool {
        let Some(words) = &inc.book().public_words else { return false };
        if !standing(inc).is_empty() {
            return false;
        }
        let hit = |i: &Incident| {
            let down = crate::domain::reach::down(&i.plan, &i.book().systems, &i.book().infra);
            words.works_needs.iter().any(|s| down.systems.contains(s) || i.book().systems.contains(s))
        };
        let others = self.state.open().filter(|o| o.no != inc.no && !o.is_drill() && o.phase == Phase::Open);
        !hit(inc) && !others.into_iter().any(hit)
    }

    /// What went wrong and where, in the playbook's own title.
    fn title_only(&self, inc: &Incident) -> BTreeMap<Lang, Canonical> {
        let title = &inc.book().title;
        let text = |l: Lang| Canonical::from_typed(title.get(l)).or_else(|_| Canonical::new("LARM"));
        inc.plan.region.languages.iter().filter_map(|l| text(*l).ok().map(|t| (*l, t))).collect()
    }

    /// Some function that gets its first real text with this one got a drill text in the last 24 h (RULES D1). A real text
    /// takes the mark of the drill from its receivers.
    fn after_drill(&self, inc: &Incident, kind: Kind) -> bool {
        if inc.is_drill() || self.state.drilled.is_empty() {
            return false;
        }
        let plan = &inc.plan;
        let limit = plan.region.limits.after_drill_s;
        let to = match kind {
            Kind::Alert => self.first_addressed(inc),
            Kind::Mode => {
                let top = self.state.modes_for(inc).into_iter().map(|m| m.1).max().unwrap_or_default();
                plan.ladders.mode_at(top).map(|m| m.tell.iter().copied().collect()).unwrap_or_default()
            }
            _ => BTreeSet::new(),
        };
        let drilled = |f: FunctionIx| {
            self.state.drilled.get(&plan.function(f).id).is_some_and(|at| self.now.seconds_since(*at) < limit)
        };
        to.into_iter().any(|f| drilled(f) || drilled(self.holds(plan, f)))
    }

    /// Who the rows of the incident's level address, their deputies, and the owners of what depends on what is down: known
    /// before the first entry exists.
    fn first_addressed(&self, inc: &Incident) -> BTreeSet<FunctionIx> {
        let plan = &inc.plan;
        let rows = inc.book().levels.iter().filter(|l| l.level <= inc.level).flat_map(|l| &l.notify);
        let mut to: BTreeSet<FunctionIx> = rows
            .flat_map(|r| match &r.to {
                crate::domain::plan::To::Functions(all) => all.as_slice(),
                crate::domain::plan::To::Public => &[],
            })
            .copied()
            .filter(|f| {
                let site = &plan.function(*f).site;
                *site == plan.region.whole || inc.sites.contains(site)
            })
            .collect();
        to.extend(to.clone().into_iter().flat_map(|f| plan.function(f).deputies.iter().copied()));
        let down = crate::domain::reach::down_of(inc);
        to.extend(plan.systems.iter().filter(|s| down.systems.contains(&s.id)).map(|s| s.owner));
        to
    }

    /// A fact changed: drafts that wait get a new number and new codes, and keep their deadlines (RULES B4).
    pub(super) fn redraw_waiting(&mut self, no: IncidentNo) {
        let waiting: Vec<(u32, u32)> = self
            .inc(no)
            .entries
            .iter()
            .filter(|e| matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. }))
            .map(|e| (e.id, e.message))
            .collect();
        let mut redrawn: BTreeMap<u32, u32> = BTreeMap::new();
        for (entry, old) in &waiting {
            if redrawn.contains_key(old) {
                continue;
            }
            let Some(message) = self.inc(no).message(*old) else { continue };
            let (kind, audience) = (message.kind, message.audience);
            let before: Vec<Canonical> = message.texts.values().map(|d| d.text.clone()).collect();
            let first = self.inc(no).moved.iter().filter(|(of, _)| of == entry).map(|(_, seq)| *seq).min();
            self.waits_since = Some(first.unwrap_or(*old));
            let after = self.render(self.inc(no), kind, audience);
            if after.is_ok_and(|a| a.into_values().eq(before)) {
                continue;
            }
            let new = self.draft(no, kind, audience);
            redrawn.insert(*old, new);
        }
        self.waits_since = None;
        let moved: Vec<u32> = waiting
            .into_iter()
            .filter_map(|(entry, old)| redrawn.get(&old).map(|new| self.move_entry(no, entry, *new)))
            .collect();
        self.release_care(no);
        self.ask_moved(no, &moved);
    }

    /// What became true while a first text waited: care functions get it at once (RULES B1), the others of its entry wait on.
    fn release_care(&mut self, no: IncidentNo) {
        if !care_at_once(self.inc(no)) {
            return;
        }
        let inc = self.inc(no);
        let plan = inc.plan.clone();
        let told: BTreeSet<FunctionIx> = inc
            .entries
            .iter()
            .filter(|e| matches!(e.state, EntryState::Released { .. }))
            .flat_map(|e| e.to.iter().copied())
            .collect();
        let first = |e: &&Entry| {
            let alert = inc.message(e.message).is_some_and(|m| m.kind == Kind::Alert);
            alert && e.audience == Audience::Internal && e.rule.is_some()
        };
        let waiting: Vec<Entry> = inc
            .entries
            .iter()
            .filter(first)
            .filter(|e| matches!(e.state, EntryState::Waiting(_) | EntryState::Quiet { .. }))
            .cloned()
            .collect();
        for e in waiting {
            let care: Vec<FunctionIx> =
                e.to.iter().copied().filter(|f| plan.function(*f).care && !told.contains(f)).collect();
            if care.is_empty() {
                continue;
            }
            if care.len() == e.to.len() {
                self.release(no, e.id, ReleasedBy::Playbook);
                continue;
            }
            let id = u32::try_from(self.inc(no).entries.len()).unwrap_or(u32::MAX);
            let entry = NewEntry {
                id,
                source: e.source,
                audience: e.audience,
                to: care,
                public: e.public,
                channels: e.channels,
                answer: e.answer,
                answer_within_s: e.answer_within_s,
                deputies: e.deputies,
                rule: None,
                message: e.message,
            };
            self.emit(no, Change::EntryAdded { entry });
            self.release(no, id, ReleasedBy::Playbook);
        }
    }

    /// A site's mode is a fact of every incident there: their drafts that wait are rendered anew too (RULES A9, B4).
    pub(super) fn redraw_others(&mut self, no: IncidentNo) {
        let others: Vec<IncidentNo> = self
            .state
            .open()
            .map(|i| i.no)
            .filter(|o| *o != no && !self.inc(no).is_drill() && o.status == no.status)
            .collect();
        for other in others {
            self.redraw_waiting(other);
        }
    }

    /// An entry goes on with another message.
    pub(super) fn move_entry(&mut self, no: IncidentNo, entry: u32, message: u32) -> u32 {
        self.emit(no, Change::EntryMoved { entry, message });
        entry
    }
}

/// The newest text of that audience that an approver worded himself, while its words stay: until it runs again (RULES A13).
pub(super) fn own_message(inc: &Incident, kind: Kind, audience: Audience) -> Option<&Message> {
    if inc.phase != Phase::Open || !matches!(kind, Kind::Alert | Kind::Update | Kind::Correction { .. } | Kind::Mode) {
        return None;
    }
    let since = inc.messages.iter().rposition(|m| m.kind == Kind::Restored).map_or(0, |at| at + 1);
    let mine = |m: &&Message| m.audience == audience && !m.stopped && !typed_in(inc, m).is_empty();
    inc.messages.iter().skip(since).rev().find(mine)
}

/// The languages in which a message was worded by hand, over the one that it replaces.
fn typed_in<'a>(inc: &'a Incident, m: &'a Message) -> Vec<(Lang, &'a Canonical)> {
    let Some(old) = m.replaces.and_then(|seq| inc.message(seq)) else { return Vec::new() };
    let typed = |(l, d): (&Lang, &'a Draft)| {
        let same = old.texts.get(l).is_some_and(|before| before.text == d.text);
        // What was typed into the text before this one stays too.
        let kept = typed_in(inc, old).iter().any(|(of, _)| of == l);
        (d.reviewed && (!same || kept)).then_some((*l, &d.text))
    };
    m.texts.iter().filter_map(typed).collect()
}

/// What stays of what was typed: without what the facts of then said.
fn own_words(inc: &Incident, m: &Message, brief: &Brief<'_>) -> Vec<(Lang, Own)> {
    let then = Brief { facts: &m.facts, sites: &m.sites, level: m.level, kind: m.kind, ..*brief };
    typed_in(inc, m).into_iter().map(|(lang, text)| (lang, Own::of(text.as_str(), &then, lang))).collect()
}
