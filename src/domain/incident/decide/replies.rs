//! A reply from a duty point: which of the things that were asked there it answers.

use super::Decider;
use super::approve::entry_name;
use super::dry_run;
use super::report::sites_named;
use crate::domain::ids::{FunctionIx, IncidentNo, PointIx};
use crate::domain::incident::asks::served_by;
use crate::domain::incident::codes::{CodeFor, PENDING_EACH_MAX, STRANGERS_MAX};
use crate::domain::incident::event::Event;
use crate::domain::incident::input::{IfShared, Report, find_playbook};
use crate::domain::incident::reading::{Code, Reading, Verb, is_machine, read};
use crate::domain::incident::state::{EntryState, ProposalState};
use crate::domain::incident::values::{Item, PendingReport, Via};
use crate::domain::plan::Plan;
use crate::domain::words::NoteWord;

/// A report by SMS waits that long for its `JA code`, in seconds.
const PENDING_S: u32 = 1800;
/// A function is given [`PENDING_EACH_MAX`] codes in so many seconds.
const PENDING_AGAIN_S: u32 = 600;
/// So many reports may wait; the oldest gives way.
const PENDING_MAX: usize = 50;

impl Decider<'_> {
    pub(super) fn reply(&mut self, from: &[(IncidentNo, PointIx)], known: Option<PointIx>, text: &str) {
        if is_machine(text) {
            return;
        }
        let plan = self.state.plan.clone();
        let r = read(&plan, text);
        if from.is_empty() && known.is_none() {
            // Nobody with a duty address: refused and logged, never answered (RULES E2).
            self.stranger(&r);
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
            (Verb::Abort, _) => self.abort_reply(&from, &r),
            (Verb::None, _) => self.not_understood(&from),
            (_, Code::Number(no, _)) => self.numbered(&from, &r, *no),
            _ => self.bare(&from, &r),
        }
    }

    /// What looks like an answer and comes from nobody known is shown and alarmed, never dropped in silence (RULES C15).
    fn stranger(&mut self, r: &Reading) {
        let incident = match r.code {
            Code::Number(no, _) => Some(no).filter(|no| self.state.incidents.contains_key(no)),
            _ => None,
        };
        let answers = r.verb != Verb::None && (incident.is_some() || matches!(r.code, Code::Bare | Code::Six(_)));
        let of_late = self.state.strangers_of_late(self.now).map_or(0, |s| if answers { s.count } else { s.wrote });
        if of_late >= STRANGERS_MAX {
            return;
        }
        self.emit_event(if answers { Event::StrangerAnswered { incident } } else { Event::StrangerWrote });
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
        } else if matches!(r.verb, Verb::No | Verb::Failed) {
            // No function of these is named by what follows, so that who it was would be sealed nowhere.
            self.acts = true;
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
        let code = |q: &crate::domain::incident::state::Proposal| {
            let who = q.asked.iter().copied().find(|f| at_point.contains(f))?;
            Some(inc.code_of(CodeFor::Decision, q.id, who, &q.code).as_str().to_owned())
        };
        inc.proposals.iter().filter(here).filter_map(code).collect()
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

    pub(super) fn nothing_open(&mut self, from: &[(IncidentNo, PointIx)], asked: IncidentNo) {
        if let Some((no, p)) = from.iter().find(|f| f.0 == asked).or(from.first()).copied() {
            let to = self.inc(no).plan.point(p).functions.first().copied();
            if let Some(to) = to {
                self.note_to(no, to, &[p], NoteWord::NothingOpen, &|n| vec![("number", n.incident(asked))]);
            }
        }
    }

    /// Entries whose approver was asked at that address (RULES B2: accepted only from there).
    pub(super) fn approvals_at(&self, no: IncidentNo, p: PointIx) -> Vec<u32> {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        inc.entries
            .iter()
            .filter(|e| matches!(&e.state, EntryState::Waiting(a) if a.asked.iter().any(|f| at_point.contains(f))))
            .map(|e| e.id)
            .collect()
    }

    /// A code that belongs to nothing that waits: what was released meanwhile is said (RULES B5).
    pub(super) fn late_or_unknown(&mut self, from: &[(IncidentNo, PointIx)]) {
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
    pub(super) fn asked_at(&self, no: IncidentNo, entry: u32, p: PointIx) -> bool {
        let inc = self.inc(no);
        let at_point = &inc.plan.point(p).functions;
        inc.entry(entry).and_then(|e| e.rule.as_ref()).is_some_and(|r| {
            at_point.contains(&self.holds(&inc.plan, r.by))
                || self.chain(&inc.plan, r.by).iter().any(|d| at_point.contains(d))
        })
    }

    /// "Already released 03.24 by …" (RULES B5). Nothing changes.
    pub(super) fn already_released(&mut self, no: IncidentNo, p: PointIx, entry: u32) {
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

    /// What follows is the doing of one who wrote back.
    pub(super) fn acts_by_reply(&mut self, no: IncidentNo, who: FunctionIx) {
        self.acting = Some((self.inc(no).plan.function(who).id.clone(), Via::Reply));
        self.acts = true;
    }

    /// `OK code`, `NEJ code reason`, `VÄNTA code` (RULES B2).
    pub(super) fn approval_reply(&mut self, no: IncidentNo, p: PointIx, entry: u32, who: FunctionIx, r: &Reading) {
        let Some(EntryState::Waiting(a)) = self.inc(no).entry(entry).map(|e| e.state.clone()) else { return };
        if a.blocked {
            let number = self.inc(no).entry(entry).map(|e| self.inc(no).number(e.message));
            if let Some(number) = number {
                // Blocked by a program of before: all who were asked had one code.
                self.note_to(no, who, &[p], NoteWord::CodesBlocked, &|n| vec![("number", n.number(number))]);
            }
            return;
        }
        self.acts_by_reply(no, who);
        match r.verb {
            Verb::Yes if self.other_eyes(no, &[entry], who).is_err() => {
                let inc = self.inc(no);
                let Some(number) = inc.entry(entry).map(|e| inc.number(e.message)) else { return };
                self.note_to(no, who, &[p], NoteWord::OtherEyes, &|n| vec![("number", n.number(number))]);
                self.ask_if_last(no, entry, who);
            }
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
        // Whoever asks for codes again and again has enough of them, and pushes out nobody else's.
        let lately = |r: &&PendingReport| r.by == report.by && r.until + PENDING_AGAIN_S > self.now + PENDING_S;
        if self.state.pending.values().filter(lately).count() >= PENDING_EACH_MAX {
            return;
        }
        let own = self.state.pending.values().filter(|r| r.by == report.by).count() >= PENDING_EACH_MAX;
        if own || self.state.pending.len() >= PENDING_MAX {
            let may_go = |r: &&PendingReport| !own || r.by == report.by;
            let oldest = self.state.pending.iter().filter(|(_, r)| may_go(r)).min_by_key(|(_, r)| r.until);
            if let Some(code) = oldest.map(|(code, _)| code.clone()) {
                self.emit_event(Event::ReportGone { code, started: None });
            }
        }
        let code = self.code();
        self.emit_event(Event::ReportPending { code: code.clone().into(), report: report.clone() });
        self.report_note(p, Some((code, report)));
    }

    /// The answer to a report by SMS. There is no incident yet, so it leaves from the program itself.
    pub(super) fn report_note(&mut self, p: PointIx, summary: Option<(String, PendingReport)>) {
        let plan = self.state.plan.clone();
        // A playbook that is gone since can't be reported any more.
        let known = |(_, report): &(String, PendingReport)| plan.playbooks.contains_key(&report.playbook);
        let Some((code, report)) = summary.filter(known) else {
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

    /// `JA code` starts the report; anything else drops it. Tells whether it is the code of a report of that address.
    pub(super) fn pending_report(&mut self, known: Option<PointIx>, r: &Reading, code: &str) -> bool {
        let plan = self.state.plan.clone();
        let Some(report) = self.state.pending.get(&code.into()).cloned() else { return false };
        let by_me = |p: PointIx| plan.point(p).functions.iter().any(|f| plan.function(*f).id == report.by);
        let Some(p) = known.filter(|p| by_me(*p)) else { return false };
        let gone = |started| Event::ReportGone { code: code.into(), started };
        if r.verb != Verb::Yes {
            self.emit_event(gone(None));
            return true;
        }
        self.acting = Some((report.by.clone(), Via::Reply));
        let typed = Report { shared: IfShared::Ask, ..typed_report(&plan, &report) };
        if let Some(no) = self.says_the_same(&typed, &report.playbook, report.level, &report.sites) {
            self.emit_event(gone(Some(no)));
            self.system_note(p, NoteWord::AlreadyOpen, &|n| vec![("number", n.incident(no))]);
            return true;
        }
        let started = match self.report(&report.by, &typed) {
            Ok(no) => Some(no),
            // The same fault twice: news of the open one, since nobody can be asked by SMS (RULES D5 default).
            Err(refused) => refused
                .already
                .filter(|no| self.report(&report.by, &Report { shared: IfShared::AddTo(*no), ..typed }).is_ok()),
        };
        self.emit_event(gone(started));
        if started.is_none() {
            // A report that came to nothing is never silent.
            self.report_note(p, None);
        }
        true
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
