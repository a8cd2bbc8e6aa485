//! A reply from a duty point: which of the things that were asked there it answers.

use super::Decider;
use super::approve::entry_name;
use super::dry_run;
use super::report::sites_named;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::asks::served_by;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::{IfShared, Report, find_playbook};
use crate::domain::incident::reading::{Code, Reading, Verb, read};
use crate::domain::incident::state::{EntryState, ProposalState};
use crate::domain::incident::values::{Item, PendingReport, Via};
use crate::domain::plan::Plan;
use crate::domain::words::NoteWord;

/// A report by SMS waits that long for its `JA code`, in seconds.
const PENDING_S: u32 = 1800;
/// So many reports may wait; the oldest gives way.
const PENDING_MAX: usize = 50;

impl Decider<'_> {
    pub(super) fn reply(&mut self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>, text: &str) {
        let plan = self.state.plan.clone();
        let r = read(&plan, text);
        if from.is_empty() && known.is_none() {
            // Nobody with a duty address: refused and logged, never answered (RULES E2).
            self.emit_event(Event::StrangerWrote);
            return;
        }
        let from: Vec<(IncidentNo, PointIx)> =
            from.iter().copied().filter(|(no, _)| self.state.incidents.contains_key(no)).collect();
        if self.test_reply(known, &r, from.is_empty()) {
            return;
        }
        match (&r.verb, &r.code) {
            (Verb::Report, _) => self.report_by_sms(known, &r.rest),
            (Verb::Arrived, Code::Number(..) | Code::Bare | Code::Other(_)) => self.arrived_reply(&from, &r),
            (Verb::Stop | Verb::Done, Code::Number(..) | Code::Bare | Code::Other(_)) => self.step_by_verb(&from, &r),
            (_, Code::Six(code)) => self.six_digits(&from, known, &r, &code.clone()),
            (Verb::Real, _) => self.drill_turned_real(&from, known, &r),
            (Verb::None, _) => self.not_understood(&from),
            (_, Code::Number(no, _)) => self.numbered(&from, &r, *no),
            _ => self.bare(&from, &r),
        }
    }

    /// `JA 14`, `NEJ 14`, `FEL 14`.
    fn numbered(&mut self, from: &[(IncidentNo, PointIx)], r: &Reading, no: IncidentNo) {
        let Some((_, p)) = from.iter().copied().find(|f| f.0 == no) else {
            self.nothing_open(from, no);
            return;
        };
        if !self.takes_answers(no) {
            self.nothing_open(from, no);
            return;
        }
        let done = match r.verb {
            Verb::Yes => self.answer_from(no, p, Via::Reply),
            Verb::No => self.pass_on_from(no, p),
            Verb::Failed => {
                let inc = self.inc(no);
                let at_point = &inc.plan.point(p).functions;
                let mut whose: Vec<FunctionIx> =
                    at_point.iter().copied().filter(|f| inc.attempted.contains(f)).collect();
                if whose.is_empty() {
                    whose.clone_from(at_point);
                }
                self.fallback_failed(no, &whose);
                !whose.is_empty()
            }
            _ => false,
        };
        if !done {
            self.not_understood(&[(no, p)]);
        }
    }

    /// A bare answer binds only if exactly one request went to that address in the last hour, and drill and actual requests
    /// never share one (RULES C3).
    fn bare(&mut self, from: &[(IncidentNo, PointIx)], r: &Reading) {
        let recent: Vec<(IncidentNo, PointIx)> =
            from.iter().copied().filter(|(no, p)| self.asked_recently(*no, *p)).collect();
        // Approvals and decisions that wait there are requests too.
        let others = from.iter().any(|(no, p)| {
            !self.approvals_at(*no, *p).is_empty()
                || !self.decisions_at(*no, *p).is_empty()
                || !self.steps_at(*no, *p).is_empty()
        });
        let waiting: Vec<(IncidentNo, PointIx)> =
            from.iter().copied().filter(|(no, p)| self.waits_at(*no, *p) || recent.contains(&(*no, *p))).collect();
        let mixed = waiting.iter().any(|w| waiting.iter().any(|v| v.0.status != w.0.status));
        match recent.as_slice() {
            [(no, _)] if !others && !mixed => self.numbered(from, r, *no),
            _ if mixed => self.which_code(from, &waiting),
            _ => self.which_code(from, &recent),
        }
    }

    /// Something asked at that address still waits for its answer.
    fn waits_at(&self, no: IncidentNo, p: PointIx) -> bool {
        let inc = self.inc(no);
        self.takes_answers(no) && served_by(inc, p).iter().any(|id| inc.asks[*id as usize].state.is_open())
    }

    /// Codes of the decisions that are asked at that address.
    fn decisions_at(&self, no: IncidentNo, p: PointIx) -> Vec<String> {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        let here = |q: &&crate::domain::incident::state::Proposal| {
            q.state == ProposalState::Asked && q.asked.iter().any(|f| at_point.contains(f))
        };
        inc.proposals.iter().filter(here).map(|q| q.code.as_str().to_owned()).collect()
    }

    fn asked_recently(&self, no: IncidentNo, p: PointIx) -> bool {
        let inc = self.inc(no);
        let limit = inc.plan.region.limits.bare_answer_s;
        let asks = served_by(inc, p);
        if asks.is_empty() || !self.takes_answers(no) {
            return false;
        }
        // The hour begins when the request went to this address: a deputy is asked later than the function.
        let since = |id: &u32| inc.asks.get(*id as usize).is_some_and(|a| self.now.seconds_since(a.since) <= limit);
        asks.iter().any(since)
            || inc.deliveries.iter().rev().any(|d| {
                d.point == p
                    && self.now.seconds_since(inc.opened + d.changed_s) <= limit
                    && asks.iter().any(|id| d.item() == Item::Message(inc.asks[*id as usize].message))
            })
    }

    pub(super) fn which_code(&mut self, from: &[(IncidentNo, PointIx)], open: &[(IncidentNo, PointIx)]) {
        let listed: Vec<IncidentNo> = if open.is_empty() {
            from.iter().map(|f| f.0).filter(|no| self.takes_answers(*no)).collect()
        } else {
            open.iter().map(|o| o.0).collect()
        };
        let others = |(no, p): &(IncidentNo, PointIx)| {
            self.decisions_at(*no, *p).into_iter().chain(self.steps_at(*no, *p)).collect::<Vec<_>>()
        };
        let decisions: Vec<String> = from.iter().flat_map(others).collect();
        if let Some((no, p)) = open.first().or(from.first()).copied() {
            let to = self.inc(no).plan.point(p).functions.first().copied();
            if let Some(to) = to {
                self.note_to(no, to, &[p], NoteWord::WhichCode, &|n| {
                    let mut codes: Vec<String> = listed.iter().map(|i| n.incident(*i)).collect();
                    codes.extend(decisions.iter().cloned());
                    vec![("codes", codes.join(", "))]
                });
            }
        }
    }

    pub(super) fn not_understood(&mut self, from: &[(IncidentNo, PointIx)]) {
        let listed: Vec<IncidentNo> = from.iter().map(|f| f.0).filter(|no| self.takes_answers(*no)).collect();
        if let Some((no, p)) = from.first().copied() {
            let to = self.inc(no).plan.point(p).functions.first().copied();
            if let Some(to) = to {
                self.note_to(no, to, &[p], NoteWord::NotUnderstood, &|n| {
                    let codes: Vec<String> = listed.iter().map(|i| n.incident(*i)).collect();
                    vec![("codes", codes.join(", "))]
                });
            }
        }
    }

    fn nothing_open(&mut self, from: &[(IncidentNo, PointIx)], asked: IncidentNo) {
        if let Some((no, p)) = from.iter().find(|f| f.0 == asked).or(from.first()).copied() {
            let to = self.inc(no).plan.point(p).functions.first().copied();
            if let Some(to) = to {
                self.note_to(no, to, &[p], NoteWord::NothingOpen, &|n| vec![("number", n.incident(asked))]);
            }
        }
    }

    /// Entries whose approver was asked at that address (RULES B2: accepted only from there).
    fn approvals_at(&self, no: IncidentNo, p: PointIx) -> Vec<u32> {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        inc.entries
            .iter()
            .filter(|e| matches!(&e.state, EntryState::Waiting(a) if a.asked.iter().any(|f| at_point.contains(f))))
            .map(|e| e.id)
            .collect()
    }

    fn six_digits(&mut self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>, r: &Reading, code: &str) {
        if self.state.pending.contains_key(&code.into()) {
            self.pending_report(known, r, code);
            return;
        }
        let mut guessed: Vec<(IncidentNo, PointIx, Vec<u32>)> = Vec::new();
        for (no, p) in from.iter().copied() {
            let waiting = self.approvals_at(no, p);
            let hit = waiting.iter().copied().find(|id| {
                matches!(self.inc(no).entry(*id).map(|e| &e.state), Some(EntryState::Waiting(a)) if a.code.as_str() == code)
            });
            if let Some(entry) = hit {
                self.approval_reply(no, p, entry, r);
                return;
            }
            if let Some(step) = self.step_of_code(no, p, code) {
                self.step_reply(no, p, step, r, code);
                return;
            }
            let at_point = self.inc(no).plan.point(p).functions.clone();
            let proposal = self
                .inc(no)
                .proposals
                .iter()
                .find(|q| q.code.as_str() == code && q.asked.iter().any(|f| at_point.contains(f)));
            if let Some((id, who)) = proposal.map(|q| (q.id, q.asked.iter().copied().find(|f| at_point.contains(f)))) {
                if let Some(who) = who
                    && matches!(r.verb, Verb::Yes | Verb::No)
                {
                    self.acts_by_reply(no, who);
                    self.decided(no, id, r.verb == Verb::Yes, who, &r.rest.clone().into());
                } else {
                    self.not_understood(&[(no, p)]);
                }
                return;
            }
            // A code that was used, or voided when the text changed, does not count as a guess: say how it stands.
            let once = self.inc(no).codes.get(&code.into()).copied();
            if let Some(entry) = once.filter(|e| self.asked_at(no, *e, p)) {
                self.spent_code(no, p, entry, &waiting);
                return;
            }
            if !waiting.is_empty() {
                guessed.push((no, p, waiting));
            }
        }
        let Some((no, p, entries)) = guessed.into_iter().next() else {
            match known {
                // No incident to answer from: a report whose code has run out, most likely. Silence would look like a start.
                Some(p) if from.is_empty() => self.report_note(p, None),
                _ => self.late_or_unknown(from),
            }
            return;
        };
        self.wrong_code(no, p, &entries);
    }

    /// Five wrong codes block SMS for that request and raise an alarm (RULES B2).
    fn wrong_code(&mut self, no: IncidentNo, p: PointIx, entries: &[u32]) {
        let plan = self.plan(no);
        let max = plan.region.limits.wrong_codes_max;
        let wrong = entries
            .iter()
            .filter_map(|id| match &self.inc(no).entry(*id)?.state {
                EntryState::Waiting(a) => Some(a.wrong),
                _ => None,
            })
            .max()
            .unwrap_or(0)
            + 1;
        let blocked = wrong >= max;
        self.emit(no, Change::WrongCode { entries: entries.to_vec(), blocked });
        let to = plan.point(p).functions.first().copied();
        if let Some(to) = to
            && !blocked
        {
            self.note_to(no, to, &[p], NoteWord::WrongCode, &|_| vec![("left", (max - wrong).to_string())]);
        }
        if wrong == max {
            let number = entries.first().and_then(|id| self.inc(no).entry(*id)).map(|e| self.inc(no).number(e.message));
            if let Some(number) = number {
                let mut tell = vec![plan.region.switchboard];
                tell.extend(plan.region.last_resort.first());
                tell.extend(to);
                for f in tell {
                    self.note(no, f, NoteWord::CodesBlocked, &|n| vec![("number", n.number(number))]);
                }
            }
        }
    }

    /// A code that belongs to nothing that waits: what was released meanwhile is said (RULES B5).
    fn late_or_unknown(&mut self, from: &[(IncidentNo, PointIx)]) {
        for (no, p) in from.iter().copied() {
            let inc = self.inc(no);
            let ids = inc.entries.iter().rev().filter(|e| matches!(e.state, EntryState::Released { .. })).map(|e| e.id);
            let asked_here = ids.into_iter().find(|id| self.asked_at(no, *id, p));
            if let Some(entry) = asked_here {
                self.already_released(no, p, entry);
                return;
            }
        }
        self.not_understood(from);
    }

    /// Whether the approver of an entry, or one who may be asked after it, is reached at that point.
    fn asked_at(&self, no: IncidentNo, entry: u32, p: PointIx) -> bool {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        inc.entry(entry).and_then(|e| e.rule.as_ref()).is_some_and(|r| {
            at_point.contains(&self.holds(&inc.plan, r.by))
                || self.chain(&inc.plan, r.by).iter().any(|d| at_point.contains(d))
        })
    }

    /// "Already released 03.24 by …" (RULES B5). Nothing changes.
    fn already_released(&mut self, no: IncidentNo, p: PointIx, entry: u32) {
        let inc = self.inc(no);
        let Some(e) = inc.entry(entry) else { return };
        let EntryState::Released { at, by } = e.state else { return };
        let number = inc.number(e.message);
        let Some(to) = inc.plan.point(p).functions.first().copied() else { return };
        self.note_to(no, to, &[p], NoteWord::AlreadyReleased, &|n| {
            use crate::domain::incident::values::ReleasedBy as R;
            let by = match by {
                R::Approval(f) | R::BreakGlass(f) => n.title(f),
                R::Playbook | R::Deadline => n.plan.words(n.lang).deadline.clone(),
            };
            vec![("number", n.number(number)), ("time", n.time(at)), ("by", by)]
        });
    }

    /// A code that was good once: its text went out, or the text changed and the approver gets the newest request again.
    fn spent_code(&mut self, no: IncidentNo, p: PointIx, entry: u32, waiting: &[u32]) {
        if matches!(self.inc(no).entry(entry).map(|e| &e.state), Some(EntryState::Released { .. })) {
            self.already_released(no, p, entry);
            return;
        }
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        let asked = match inc.entry(entry).map(|e| &e.state) {
            Some(EntryState::Waiting(a)) if waiting.contains(&entry) => {
                a.asked.iter().copied().find(|f| at_point.contains(f))
            }
            _ => None,
        };
        match asked {
            Some(f) => self.page_approver(no, f, true),
            None => self.not_understood(&[(no, p)]),
        }
    }

    /// What follows is the doing of one who wrote back.
    fn acts_by_reply(&mut self, no: IncidentNo, who: FunctionIx) {
        self.acting = Some((self.inc(no).plan.function(who).id.clone(), Via::Reply));
    }

    /// `OK code`, `NEJ code reason`, `VÄNTA code` (RULES B2).
    fn approval_reply(&mut self, no: IncidentNo, p: PointIx, entry: u32, r: &Reading) {
        let Some(EntryState::Waiting(a)) = self.inc(no).entry(entry).map(|e| e.state.clone()) else { return };
        let at_point = self.inc(no).plan.point(p).functions.clone();
        let Some(who) = a.asked.iter().copied().find(|f| at_point.contains(f)) else { return };
        if a.blocked {
            let number = self.inc(no).entry(entry).map(|e| self.inc(no).number(e.message));
            if let Some(number) = number {
                self.note_to(no, who, &[p], NoteWord::CodesBlocked, &|n| vec![("number", n.number(number))]);
            }
            return;
        }
        self.acts_by_reply(no, who);
        match r.verb {
            Verb::Yes if self.four_eyes(no, who).is_ok() => {
                self.approved(no, &[entry], who);
                self.verdict_noted(no, who, p, entry, NoteWord::ApprovedNoted);
            }
            Verb::No if !r.rest.is_empty() => {
                self.rejected(no, &[entry], who, &r.rest.clone().into());
                self.verdict_noted(no, who, p, entry, NoteWord::RejectedNoted);
            }
            Verb::Wait => {
                self.extend(no, &[entry]);
                // The request again: it shows until when.
                self.page_approver(no, who, false);
            }
            _ => self.not_understood(&[(no, p)]),
        }
    }

    /// Whoever approves or rejects by a reply reads that it was understood, at the address that it came from.
    fn verdict_noted(&mut self, no: IncidentNo, who: FunctionIx, p: PointIx, entry: u32, word: NoteWord) {
        let inc = self.inc(no);
        let Some(entry) = inc.entry(entry).cloned() else { return };
        let number = inc.number(entry.message);
        self.note_to(no, who, &[p], word, &|n| {
            vec![("number", n.number(number)), ("to", entry_name(n.plan, &entry, n.lang))]
        });
    }

    /// `LARM journal D3` from a known duty address gets summary, count and code back (RULES E2).
    fn report_by_sms(&mut self, known: Option<PointIx>, words: &str) {
        let plan = self.state.plan.clone();
        let Some(p) = known else {
            self.emit_event(Event::StrangerWrote);
            return;
        };
        let Some(by) = plan.point(p).functions.first().copied() else { return };
        let words: Vec<&str> = words.split_whitespace().collect();
        let level = words.iter().find_map(|w| plan.ladders.level(w));
        let Some(book) = words.iter().find_map(|w| find_playbook(&plan, w).ok()) else {
            self.report_note(p, None);
            return;
        };
        let level = level.unwrap_or(plan.playbooks[&book].level);
        let named: Vec<_> = words
            .iter()
            .filter_map(|w| plan.region.sites.iter().find(|s| s.id.as_str().eq_ignore_ascii_case(w)))
            .map(|s| s.id.clone())
            .collect();
        let sites = sites_named(&plan, &named, &plan.playbooks[&book].sites).unwrap_or_default();
        let report = PendingReport {
            playbook: book,
            level,
            sites,
            by: plan.function(by).id.clone(),
            until: self.now + PENDING_S,
        };
        self.keep_pending(p, report);
    }

    /// Keeps a report and sends its summary with the code.
    pub(super) fn keep_pending(&mut self, p: PointIx, report: PendingReport) {
        if self.state.pending.len() >= PENDING_MAX {
            let oldest = self.state.pending.iter().min_by_key(|r| r.1.until).map(|r| r.0.clone());
            if let Some(code) = oldest {
                self.emit_event(Event::ReportGone { code });
            }
        }
        let code = self.code();
        self.emit_event(Event::ReportPending { code: code.clone().into(), report: report.clone() });
        self.report_note(p, Some((code, report)));
    }

    /// The answer to a report by SMS. There is no incident yet, so it leaves from the program itself.
    fn report_note(&mut self, p: PointIx, summary: Option<(String, PendingReport)>) {
        let plan = self.state.plan.clone();
        let Some((code, report)) = summary else {
            let books: Vec<&str> = plan.playbooks.keys().map(|k| k.as_str()).collect();
            self.system_note(p, NoteWord::NotUnderstood, &|_| vec![("codes", books.join(", "))]);
            return;
        };
        let typed = typed_report(&plan, &report);
        let seen = dry_run(self.state, &report.by, &typed, self.now);
        let (mode, count) = seen.map_or((Default::default(), 0), |f| (f.mode, f.duties));
        let title = plan.playbooks[&report.playbook].title.clone();
        let level = plan.ladders.level_at(report.level).map(|l| l.label.clone()).unwrap_or_default();
        self.system_note(p, NoteWord::ReportSummary, &|n| {
            vec![
                ("title", title.get(n.lang).to_owned()),
                ("level", level.get(n.lang).to_owned()),
                ("sites", n.sites(&report.sites)),
                ("mode", n.mode(mode)),
                ("count", count.to_string()),
                ("code", code.clone()),
            ]
        });
    }

    /// `JA code` starts the report; anything else drops it.
    fn pending_report(&mut self, known: Option<PointIx>, r: &Reading, code: &str) {
        let plan = self.state.plan.clone();
        let Some(report) = self.state.pending.get(&code.into()).cloned() else { return };
        let mine = known.is_some_and(|p| plan.point(p).functions.iter().any(|f| plan.function(*f).id == report.by));
        if !mine {
            self.emit_event(Event::StrangerWrote);
            return;
        }
        self.emit_event(Event::ReportGone { code: code.into() });
        if r.verb != Verb::Yes {
            return;
        }
        self.acting = Some((report.by.clone(), Via::Reply));
        let typed = Report { shared: IfShared::Ask, ..typed_report(&plan, &report) };
        if let Some(no) = self.says_the_same(&typed, &report.playbook, report.level, &report.sites) {
            if let Some(p) = known {
                self.system_note(p, NoteWord::AlreadyOpen, &|n| vec![("number", n.incident(no))]);
            }
        } else if let Err(refused) = self.report(&report.by, &typed) {
            // The same fault twice: news of the open one, since nobody can be asked by SMS (RULES D5 default).
            let added = refused
                .already
                .is_some_and(|no| self.report(&report.by, &Report { shared: IfShared::AddTo(no), ..typed }).is_ok());
            // A report that came to nothing is never silent.
            if let Some(p) = known
                && !added
            {
                self.report_note(p, None);
            }
        }
    }

    /// Decisions asked at that point are told by their code only; this finds them for the console.
    pub(super) fn open_proposals(&self, no: IncidentNo) -> Vec<u32> {
        let inc = self.inc(no);
        let open = |s: &ProposalState| matches!(s, ProposalState::Asked | ProposalState::Declined { .. });
        inc.proposals.iter().filter(|p| open(&p.state)).map(|p| p.id).collect()
    }
}

/// The report that a pending one stands for.
fn typed_report(plan: &Plan, report: &PendingReport) -> Report {
    Report {
        playbook: report.playbook.to_string(),
        level: plan.ladders.level_at(report.level).map(|l| l.id.clone()),
        sites: report.sites.clone(),
        shared: IfShared::Separate,
        // It is started with a code that was asked for.
        confirmed: true,
        ..Report::default()
    }
}
