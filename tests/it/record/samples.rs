//! One event of every kind and change, with every variant that its form has.

use std::collections::BTreeMap;
use std::sync::Arc;

use vardkase::domain::delivery::{Cause, DeliveryState};
use vardkase::domain::drills::*;
use vardkase::domain::ids::*;
use vardkase::domain::incident::actor::Actor;
use vardkase::domain::incident::addresses::AddressKey;
use vardkase::domain::incident::after::*;
use vardkase::domain::incident::codes::CodeFor;
use vardkase::domain::incident::event::*;
use vardkase::domain::incident::facts::{Facts, PublicNews, Restore, Safety};
use vardkase::domain::incident::values::Standing;
use vardkase::domain::incident::values::*;
use vardkase::domain::ladder::{LevelIx, ModeIx, Propose};
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::{AnswerRule, ApprovalRule, Audience, Channel, DeputyRule, RowId, Then};
use vardkase::domain::private::Private;
use vardkase::domain::report::Rating;
use vardkase::domain::step::{Beat, StepKind};
use vardkase::domain::text::{Canonical, Fingerprint};
use vardkase::domain::time::At;
use vardkase::domain::words::NoteWord;

pub const WHEN: At = At(1_229_566_320_000);

fn sealed() -> Private {
    Private::Sealed([7; 16])
}

fn batch(item: Item) -> Batch {
    let sends = Arc::new(vec![
        Send { point: PointIx(3), gateway: 1, lang: 0 },
        Send { point: PointIx(300), gateway: 0, lang: 1 },
    ]);
    let trailers = BatchTrailers { texts: vec!["Svara JA 14".into(), "Reply YES 14".into()], of: vec![2, 0] };
    Batch { item, flags: 5, first: 128, sends, trailers }
}

fn facts(restore: Restore, safety: Safety) -> Facts {
    Facts {
        what: L10n::of([(Lang::SV, "Journalen ligger nere"), (Lang::EN, "Records system is down")]),
        scope: L10n::of([(Lang::SV, "sjukhus"), (Lang::EN, "hospitals")]),
        routines: vec!["paper-record".into()],
        since: WHEN,
        restore,
        next: WHEN + 3600,
        contact: "0980-319 240".into(),
        safety,
        known: L10n::of([(Lang::SV, "felet är funnet")]),
        unknown: L10n::default(),
        public_news: vec![PublicNews { at: WHEN, said: L10n::of([(Lang::SV, "vi tar prover igen")]), right: true }],
    }
}

fn ask() -> NewAsk {
    NewAsk {
        function: FunctionIx(4),
        asked: vec![FunctionIx(4), FunctionIx(200)],
        stage: 1,
        due: WHEN + 300,
        remind_at: Some(WHEN + 150),
        rule: AnswerRule::Required,
        needs: 2,
        before_shift: Some(FunctionIx(2)),
    }
}

fn approval() -> Approval {
    Approval {
        asked: vec![FunctionIx(1)],
        asked_at: WHEN,
        due: WHEN + 600,
        code: sealed(),
        wrong: 2,
        blocked: false,
        extended: true,
        delivered: true,
        beside: false,
        held: false,
        rejected: true,
        note: Some(3),
    }
}

fn message(seq: u32, kind: Kind, audience: Audience) -> NewMessage {
    let text = Canonical::new("LARM STABSLÄGE FS: Journalen ligger nere.").unwrap();
    let fingerprint = Fingerprint::of("14-1", "internal", "sv", text.as_str());
    NewMessage {
        seq,
        kind,
        audience,
        texts: BTreeMap::from([(Lang::SV, Draft { text, fingerprint, reviewed: true })]),
        replaces: Some(1),
    }
}

fn entry(source: Source) -> NewEntry {
    NewEntry {
        id: 2,
        source,
        audience: Audience::Internal,
        to: vec![FunctionIx(1), FunctionIx(2)],
        public: false,
        channels: Channel::ALL.to_vec(),
        answer: AnswerRule::Wanted,
        answer_within_s: Some(300),
        deputies: DeputyRule::After,
        rule: Some(ApprovalRule { by: FunctionIx(1), within_s: 600, then: Then::Escalate, finally: Then::Hold }),
        message: 1,
    }
}

fn changes() -> Vec<Change> {
    let of = MessageNo { incident: IncidentNo::actual(14), seq: 1 };
    let (fx, to) = (FunctionIx(5), Some(FunctionIx(6)));
    let sites: Vec<SiteId> = vec!["FS".into(), "HS".into()];
    let mut all = vec![
        Change::Opened {
            plan: "ab".repeat(32),
            playbook: "ehr-down".into(),
            level: LevelIx(2),
            sites: sites.clone(),
            facts: facts(Restore::Unknown { forecast: WHEN + 60 }, Safety::Unknown),
            by: fx,
        },
        Change::FactsSet { facts: facts(Restore::At(WHEN + 60), Safety::Yes), by: to, beat: Some(WHEN) },
        Change::ScopeSet { level: LevelIx(3), sites: sites.clone(), by: None },
        Change::ModeSet { sites: sites.clone(), mode: ModeIx(2), by: to, reason: sealed(), lower: true },
        Change::Reviewed { message: 2, lang: Lang::EN, by: fx },
        Change::EntryMoved { entry: 2, message: 3 },
        Change::ApprovalAsked { entry: 2, approval: approval() },
        Change::ApprovalEnded { entry: 2, end: ApprovalEnd::Rejected { by: fx, reason: sealed() } },
        Change::ReasonGiven { entry: 2, by: fx, reason: sealed() },
        Change::WrongCode { entries: vec![1, 2], blocked: true },
        Change::Quieted { entry: 2, until: WHEN },
        Change::EntryDropped { entry: 2, why: Dropped::Told },
        Change::NoteSent { id: 1, to: fx, word: NoteWord::ApprovalWanted, text: sealed(), batch: batch(Item::Note(1)) },
        Change::Rerouted { from: 9, batch: batch(Item::Message(1)) },
        Change::Withdrawn { ordinals: vec![1, 2, 300] },
        Change::Unanswered { ask: 1, by: fx, reason: sealed(), due: WHEN },
        Change::Escalated { ask: 1, to: vec![fx], stage: 2, due: WHEN, batch: batch(Item::Message(1)) },
        Change::Reminded { asks: vec![1, 2], batch: batch(Item::Message(1)) },
        Change::NotReached { asks: vec![1] },
        Change::AskedAgain { message: 1, entry: 2, asks: vec![ask()], batch: batch(Item::Message(1)) },
        Change::Proposed {
            mode: ModeIx(2),
            sites: sites.clone(),
            lower: false,
            asked: vec![fx],
            within_s: 900,
            due: WHEN,
            code: sealed(),
            next: vec![Propose { mode: ModeIx(3), decides: FunctionIx(7), within_s: 900 }],
        },
        Change::ProposedAgain { proposal: 1, to, due: WHEN },
        Change::NextProposed { proposal: 1 },
        Change::Decided { proposal: 1, yes: true, by: fx, reason: sealed(), again: WHEN },
        Change::ProposalMoot { proposal: 1 },
        Change::OverdueTold { count: 2 },
        Change::RestoreMissed,
        Change::Stopped { message: 1, by: fx, reason: sealed() },
        Change::DataConfirmed { by: fx },
        Change::Merged { into: IncidentNo::actual(15), by: fx },
        Change::ErrandAdded {
            owner: fx,
            functions: vec![FunctionIx(8)],
            message: 1,
            why: "no channel carries it".into(),
        },
        Change::ErrandDone { errand: 1, by: fx },
        Change::PageChecked { message: 1, equal: false },
        Change::Adopted {
            plan: "cd".repeat(32),
            by: fx,
            moved: Renumbering {
                functions: vec![(FunctionIx(0), FunctionIx(300)), (fx, fx)],
                points: vec![(PointIx(3), PointIx(4))],
                gateways: vec![MovedGateway { point: PointIx(3), from: 1, to: 0 }],
            },
        },
        Change::Archived,
    ];
    let kinds = [
        Kind::Alert,
        Kind::Mode,
        Kind::Update,
        Kind::Correction { of },
        Kind::Stopped { of },
        Kind::Restored,
        Kind::AllClear,
        Kind::Holding,
    ];
    let audiences = [Audience::Internal, Audience::Public, Audience::Outside].into_iter().cycle();
    all.extend(kinds.into_iter().zip(audiences).map(|(k, a)| Change::Drafted { message: message(2, k, a) }));
    let row = Source::Row(RowId { level: LevelIx(1), row: 2 });
    all.extend(
        [row, Source::Dependents, Source::Followers, Source::Holding, Source::Holding, Source::Holding]
            .map(|source| Change::EntryAdded { entry: entry(source) }),
    );
    all.extend([ReleasedBy::Playbook, ReleasedBy::Approval(fx), ReleasedBy::Deadline, ReleasedBy::BreakGlass(fx)].map(
        |by| Change::Released {
            entry: 2,
            by,
            batches: vec![batch(Item::Message(1))],
            asks: vec![ask()],
            dropped: vec![DroppedPath { point: PointIx(4), why: "no å".into() }],
            also: vec![fx],
        },
    ));
    let states = [
        DeliveryState::Queued,
        DeliveryState::Attempting,
        DeliveryState::Accepted,
        DeliveryState::Delivered,
        DeliveryState::Failed,
        DeliveryState::Unknown,
        DeliveryState::Expired,
        DeliveryState::Withdrawn,
    ];
    let results = (1..)
        .zip(states)
        .map(|(ordinal, state)| Outcome {
            ordinal,
            state,
            cause: Cause::new(if state == DeliveryState::Failed { "550 no such mailbox" } else { "" }),
        })
        .collect();
    all.push(Change::Results { results });
    all.extend([Via::Reply, Via::Link, Via::Console, Via::Phone { noted_by: FunctionIx(9) }].map(|via| {
        Change::Answered {
            asks: vec![1, 2],
            by: fx,
            at: WHEN,
            via,
            arrivals: vec![NewArrival { ask: 2, due: WHEN + 3600 }],
        }
    }));
    all.extend(
        [
            ClosedBy::Superseded(2),
            ClosedBy::NewerAnswer(3),
            ClosedBy::Stopped,
            ClosedBy::AllClear,
            ClosedBy::Merged(IncidentNo::actual(15)),
            ClosedBy::ShiftChange,
            ClosedBy::DrillStopped,
        ]
        .map(|by| Change::AsksClosed { asks: vec![1], by }),
    );
    all.extend([Phase::Open, Phase::Restored, Phase::Closed].map(|phase| Change::PhaseSet {
        phase,
        by: to,
        reason: sealed(),
    }));
    // What came later stands at the end: the incident's number goes by the place in the list.
    all.extend([
        Change::StepTold {
            step: 2,
            asked: vec![StepAsk { function: fx, who: FunctionIx(200) }],
            notes: vec![4, 300],
            late: 1,
            next_check: WHEN + 60,
        },
        Change::StepRound {
            step: 2,
            at: WHEN,
            code: sealed(),
            called: vec![StepAsk { function: fx, who: fx }],
            notes: vec![5],
            next_check: WHEN + 600,
        },
        Change::StepRolled { step: 2, due: WHEN + 3600, next_check: WHEN + 2700 },
        Change::StepAnswered { step: 2, functions: vec![fx], by: FunctionIx(7), yes: false, at: WHEN, via: Via::Reply },
        Change::StepBegun { step: 2, next_check: WHEN + 7200 },
        Change::StepMoved { step: 2, due: WHEN + 60, next_check: WHEN + 30, by: fx, reason: sealed() },
        Change::Arrived { functions: vec![fx], by: fx, at: WHEN, via: Via::Phone { noted_by: FunctionIx(9) } },
        Change::ArrivalMissed { functions: vec![fx, FunctionIx(300)] },
    ]);
    all.extend(StepKind::ALL.map(|kind| Change::StepOpened {
        step: NewStep {
            rule: "patch".into(),
            kind,
            title: L10n::of([(Lang::SV, "Byt disk"), (Lang::EN, "Change the disk")]),
            owner: fx,
            to: vec![fx, FunctionIx(300)],
            due: WHEN + 3600,
            lasts_s: 7200,
            beat: match kind {
                StepKind::Conference => Some(Beat::Daily(vec![510, 930])),
                StepKind::Task => Some(Beat::Every(3600)),
                _ => None,
            },
            code: sealed(),
            next_check: WHEN + 60,
            by: to,
        },
    }));
    all.extend([StepEnd::Done, StepEnd::Stopped, StepEnd::Over, StepEnd::Closed].map(|end| Change::StepEnded {
        step: 2,
        end,
        by: to,
        words: sealed(),
    }));
    all.extend(
        [false, true].map(|over| Change::Drafted {
            message: message(2, Kind::Redirection { step: 2, over }, Audience::Internal),
        }),
    );
    // The last of its time: which of the others is of a drill goes by its place.
    all.push(Change::DownNamed { infra: vec!["mob-1".into(), "pbx".into()], by: fx });
    all.push(Change::CodeGiven { of: CodeFor::Decision, id: 2, to: fx, code: sealed() });
    all.extend([(Some(fx), true), (None, false)].map(|(by, told)| Change::Acted { by, who: Actor(sealed()), told }));
    all
}

pub fn events() -> Vec<Event> {
    let no = |i: usize| if i.is_multiple_of(2) { IncidentNo::actual(14) } else { IncidentNo::exercise(3) };
    let mut all: Vec<Event> =
        changes().into_iter().enumerate().map(|(i, c)| Event::Incident { no: no(i), change: Box::new(c) }).collect();
    let report = PendingReport {
        playbook: "ehr-down".into(),
        level: LevelIx(2),
        sites: vec!["FS".into()],
        by: "it".into(),
        until: WHEN,
    };
    all.extend([
        Event::PlanSet { plan: "ab".repeat(32) },
        Event::ReportPending { code: sealed(), report },
        Event::ReportGone { code: sealed(), started: Some(IncidentNo::actual(14)) },
        Event::CodeTried { function: "kib".into(), count: 5, until: Some(WHEN) },
        Event::StrangerAnswered { incident: Some(IncidentNo::exercise(3)) },
        Event::StrangerWrote,
        Event::InVain { point: PointIx(7), count: 3 },
        Event::Carried { key: [1; 16], body: [2; 8], incident: Some(IncidentNo::actual(14)), message: Some(2) },
        Event::SystemNoteResults {
            results: vec![Outcome { ordinal: 0, state: DeliveryState::Failed, cause: Cause::new("timeout") }],
        },
    ]);
    all.extend(
        [
            GatewayChange::TestSent {
                send: Send { point: PointIx(3), gateway: 0, lang: 1 },
                plan: "ab".repeat(32),
                gateway: "sms-api".into(),
                function: "tib".into(),
                by: "it".into(),
                code: sealed(),
                text: sealed(),
            },
            GatewayChange::TestAnswered { ordinal: 128 },
            GatewayChange::AlarmTold { alarms: vec!["gateway-out sms-api".into()] },
            GatewayChange::Stands {
                gateway: "sms-api".into(),
                standing: Standing::Down,
                why: Cause::new("no answer to the probe in 10 s"),
            },
            GatewayChange::Stands { gateway: "sms-api".into(), standing: Standing::Suspect, why: None },
            GatewayChange::Stands { gateway: "sms-api".into(), standing: Standing::Healthy, why: None },
            GatewayChange::TakenOut { gateway: "sms-api".into(), by: "it".into(), reason: sealed() },
            GatewayChange::PutBack { gateway: "sms-api".into(), by: "it".into(), reason: sealed() },
        ]
        .map(|change| Event::Gateway { change: Box::new(change) }),
    );
    let fx = FunctionIx(200);
    let since_format_4 = [
        Change::Untold { who: fx, asks: vec![1, 2], at: WHEN },
        Change::Told { who: fx, asks: vec![1, 2], batch: batch(Item::Message(1)) },
        Change::AlarmNamed { asks: vec![1] },
    ];
    all.extend(since_format_4.map(|change| Event::Incident { no: IncidentNo::actual(14), change: Box::new(change) }));
    all.extend(of_drills());
    all.extend(NoteWord::ALL.iter().map(|word| Event::SystemNote {
        send: Send { point: PointIx(3), gateway: 0, lang: 1 },
        plan: "ab".repeat(32),
        word: *word,
        text: sealed(),
    }));
    all
}

/// Since format 9.
fn of_drills() -> Vec<Event> {
    let no = IncidentNo::exercise(3);
    let title = L10n::of([(Lang::SV, "Journalen utan intranät"), (Lang::EN, "Records without the intranet")]);
    let drill = |kind| Drill {
        id: Some("records".into()),
        title: title.clone(),
        kind,
        announced: true,
        leads: vec!["it".into()],
        observers: vec!["kib".into()],
        to: vec!["tib".into()],
        gateway: Some("sms-api".into()),
        without: vec!["intra".into()],
        gateways_away: vec!["mail".into()],
        objectives: vec![Objective { capability: title.clone(), percent: 90, within_s: 900 }],
        injects: vec![Inject { after_s: 600, text: title.clone(), to: vec!["tib".into()] }],
        lasts_s: Some(3600),
    };
    let by_hand = Drill { id: None, gateway: None, lasts_s: None, ..drill(DrillKind::Functional) };
    let figures = Figures { asked: 17, answered: 9, half_s: Some(240) };
    let mut all: Vec<Change> =
        [DrillKind::CommunicationTest, DrillKind::Tabletop, DrillKind::Functional, DrillKind::GatewayTest]
            .map(|kind| Change::DrillSet { drill: drill(kind) })
            .into();
    all.push(Change::DrillSet { drill: by_hand });
    let ends = [DrillEnd::Done, DrillEnd::Aborted, DrillEnd::BrokenOff(IncidentNo::actual(14)), DrillEnd::TurnedReal];
    all.extend(ends.map(|end| Change::DrillOver { end, by: Some(FunctionIx(200)), figures }));
    all.push(Change::DrillOver { end: DrillEnd::Done, by: None, figures: Figures::default() });
    all.push(Change::InjectGiven { inject: 2 });
    let mut all: Vec<Event> = all.into_iter().map(|c| Event::Incident { no, change: Box::new(c) }).collect();
    let fates = [
        Fate::Started(no),
        Fate::Tested(4),
        Fate::RealOpen(IncidentNo::actual(14)),
        Fate::Clock,
        Fate::Excluded,
        Fate::NearShift,
        Fate::Missed,
        Fate::Refused("too-many-open".into()),
    ];
    all.extend(fates.map(|fate| Event::DrillMoment { drill: "records".into(), planned: WHEN, fate }));
    all.push(Event::DrillAnnounced { drill: "records".into(), planned: WHEN });
    let keys = vec![AddressKey(0), AddressKey(0x0123_4567_89ab_cdef), AddressKey(u64::MAX)];
    all.push(Event::AddressesKnown { plan: "ab12".into(), keys });
    all.push(Event::AddressAnswered { key: AddressKey(7) });
    all.extend(of_after());
    all
}

/// What people write after an incident.
fn of_after() -> Vec<Event> {
    let day = |text: &str| text.parse().unwrap();
    let improvement = |id, element, progress, start| {
        AfterChange::Improvement(Improvement {
            id,
            capability: sealed(),
            issue: sealed(),
            action: sealed(),
            element,
            owner: "it".into(),
            start,
            due: day("2026-12-20"),
            progress,
            verified: sealed(),
        })
    };
    let mut all: Vec<AfterChange> =
        (1..).zip(Element::ALL).map(|(id, element)| improvement(id, element, Progress::Open, None)).collect();
    all.push(improvement(200, Element::Plan, Progress::Done, Some(day("2026-11-30"))));
    all.push(improvement(201, Element::Plan, Progress::Dropped, None));
    all.push(AfterChange::NoneNeeded(sealed()));
    let [text, reference, analysis, recommendation] = [1, 2, 3, 4].map(|n| Private::Sealed([n; 16]));
    let remark = Remark { kind: RemarkKind::Improve, text, reference, analysis, recommendation };
    all.extend(RemarkKind::ALL.map(|kind| AfterChange::Remark(Remark { kind, ..remark.clone() })));
    all.push(AfterChange::Feedback(Feedback { went_well: sealed(), went_badly: sealed(), change: sealed() }));
    let rated = |rating| AfterChange::Rated(ByHand { objective: 2, rating, reason: sealed() });
    all.extend(Rating::ALL.map(rated));
    all.extend([AfterChange::PlanMissing(2), AfterChange::Forgotten]);
    let event = |(n, change): (usize, AfterChange)| Event::After {
        incident: if n.is_multiple_of(2) { IncidentNo::actual(14) } else { IncidentNo::exercise(3) },
        by: (!matches!(change, AfterChange::PlanMissing(_) | AfterChange::Forgotten)).then(|| "it".into()),
        who: n.is_multiple_of(3).then(|| Actor(sealed())),
        change: Box::new(change),
    };
    all.into_iter().enumerate().map(event).collect()
}

/// As format 0 had it: without what a rule decided.
pub fn without_facts(mut event: Event) -> Event {
    if let Event::ReportGone { started, .. } = &mut event {
        *started = None;
    }
    if let Event::SystemNoteResults { results } = &mut event {
        *results = vec![Outcome { ordinal: 0, state: DeliveryState::Accepted, cause: None }];
    }
    let Event::Incident { change, .. } = &mut event else { return event };
    for batch in change.batches_mut() {
        batch.trailers = BatchTrailers::default();
    }
    match &mut **change {
        Change::Released { asks, .. } | Change::AskedAgain { asks, .. } => asks.iter_mut().for_each(|a| a.needs = 1),
        Change::Answered { arrivals, .. } => arrivals.clear(),
        Change::Adopted { moved, .. } => *moved = Renumbering::default(),
        Change::Opened { facts, .. } | Change::FactsSet { facts, .. } => facts.public_news.clear(),
        Change::Results { results } => results.iter_mut().for_each(|r| r.cause = None),
        _ => {}
    }
    event
}
