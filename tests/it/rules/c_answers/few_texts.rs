//! C12 and C14: how many texts one person gets, with gateways that accept when they like.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use vardkase::config::{Source, load};
use vardkase::domain::ids::{DeliveryId, PlaybookId};
use vardkase::domain::incident::facts::Safety;
use vardkase::domain::time::At;

/// A region whose gateways accept each text after a while of their own, 1 to 20 seconds, and deliver it as long after that; and whose
/// people say nothing.
struct Slow {
    t: Timeline,
    told_at: VecDeque<(At, DeliveryId, DeliveryState)>,
    seen: usize,
    dice: u32,
}

impl Slow {
    fn new(plan: Plan, when: &str, seed: u32) -> Self {
        let mut t = Timeline::starting(when, plan);
        t.gateways_say = None;
        Self { t, told_at: VecDeque::new(), seen: 0, dice: seed }
    }

    fn shipped(when: &str, seed: u32) -> Self {
        Self::new(load(&Source::Shipped).unwrap().plan, when, seed)
    }

    fn roll(&mut self, below: u32) -> u32 {
        self.dice = self.dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.dice >> 8) % below
    }

    /// What left since is accepted some time later.
    fn hand_over(&mut self) {
        while let Some(sent) = self.t.sent.get(self.seen) {
            let id = sent.id;
            self.seen += 1;
            let accepted = self.t.now + 1 + self.roll(20);
            let delivered = accepted + 1 + self.roll(20);
            if id.incident != SYSTEM_NOTES {
                self.told_at.push_back((accepted, id, DeliveryState::Accepted));
                self.told_at.push_back((delivered, id, DeliveryState::Delivered));
            }
        }
        self.told_at.make_contiguous().sort_by_key(|told| told.0);
    }

    /// Time passes; timers and gateways at their own moments.
    fn advance(&mut self, seconds: u32) {
        let until = self.t.now + seconds;
        loop {
            self.hand_over();
            let due = self.t.state.next_due();
            let told = self.told_at.front().map(|a| a.0);
            let Some(next) = due.into_iter().chain(told).min().filter(|n| *n <= until) else { break };
            self.t.now = self.t.now.max(next);
            let mut outcomes = Vec::new();
            while let Some((_, id, state)) = self.told_at.front().copied().filter(|a| a.0 <= self.t.now) {
                self.told_at.pop_front();
                outcomes.push((id, state));
            }
            if !outcomes.is_empty() {
                self.t.input(Input::outcomes(outcomes)).unwrap();
            }
            self.t.input(Input::Due).unwrap();
        }
        self.t.now = until;
    }

    /// Per duty point how many messages and notes it got, and of messages which, how often.
    fn got(&self) -> BTreeMap<PointIx, Vec<&Sent>> {
        let mut got: BTreeMap<PointIx, Vec<&Sent>> = BTreeMap::new();
        for s in self.t.sent.iter().filter(|s| s.id.incident != SYSTEM_NOTES) {
            let d = self.t.inc(s.id.incident).deliveries[s.id.ordinal as usize];
            got.entry(d.point).or_default().push(s);
        }
        got
    }

    /// What one function got over a channel: (messages, notes) at the phone that got most, or all units of it.
    fn at(&self, function: &str, channel: Channel) -> (usize, usize) {
        let plan = self.t.plan();
        let f = plan.function_ix(function).unwrap();
        let got = self.got();
        let points = plan.function(f).points.iter().filter(|p| plan.point(**p).channel == channel);
        let counts = points.filter_map(|p| got.get(p)).map(|all| {
            let messages = all.iter().filter(|s| s.message.is_some()).count();
            (messages, all.len() - messages)
        });
        counts.max().unwrap_or_default()
    }

    /// Pager pages to a function: what its gateway makes of each text.
    fn pages(&self, function: &str) -> u32 {
        use vardkase::domain::incident::asks::outgoing;
        use vardkase::domain::incident::trailers::units_with;
        let plan = self.t.plan();
        let f = plan.function_ix(function).unwrap();
        let mut pages = 0;
        for (p, all) in self.got() {
            let point = plan.point(p);
            if point.channel != Channel::Paging || !point.functions.contains(&f) {
                continue;
            }
            for s in all {
                let inc = self.t.inc(s.id.incident);
                let d = inc.deliveries[s.id.ordinal as usize];
                let lang = plan.region.languages[usize::from(d.lang)];
                let out = outgoing(inc, d.item(), lang).unwrap();
                let capability = &plan.gateway(point.gateways[usize::from(d.gateway)]).capability;
                pages += units_with(&out, inc.trailer(&d).map(|t| &**t), capability).unwrap();
            }
        }
        pages
    }
}

fn major(playbook: &str) -> Report {
    Report { playbook: playbook.into(), level: Some("major".into()), safety: Safety::Unknown, ..Report::default() }
}

/// Nobody got the same number more often than once, once as a reminder, and once in five minutes with names of others; no
/// point more than eight texts in ten minutes (RULES C12).
fn few(s: &Slow, opened: At) {
    for (p, all) in s.got() {
        let texts: Vec<String> = all.iter().map(|x| format!("{} {}", x.at, x.whole)).collect();
        for (i, first) in all.iter().enumerate() {
            let within = all[i..].iter().take_while(|x| x.at.seconds_since(first.at) < 600).count();
            assert!(within <= 8, "{within} texts in ten minutes at {p:?}: {texts:#?}");
        }
        let mut numbers: BTreeMap<u32, Vec<&&Sent>> = BTreeMap::new();
        for x in &all {
            if let Some(m) = x.message {
                numbers.entry(m).or_default().push(x);
            }
        }
        for (m, times) in numbers {
            let reminders = times.iter().filter(|x| x.flags & Delivery::REMINDER != 0).count();
            assert!(reminders <= 1, "{reminders} reminders of {m} at {p:?}: {texts:#?}");
            let minutes = s.t.now.seconds_since(opened) / 300 + 1;
            let again = times.len().saturating_sub(1 + reminders);
            assert!(again <= minutes as usize, "{m} goes {again} times more to {p:?}: {texts:#?}");
        }
    }
}

#[test]
fn rule_c12_a_silent_tib_gets_few_texts_in_six_minutes() {
    for seed in 0..20 {
        let mut s = Slow::shipped("2026-11-28T03:12:00+01:00", seed);
        s.t.report("it-bered", major("ehr-down"));
        s.advance(360);
        let sent: Vec<_> = s.t.sent.iter().filter(|x| x.to.iter().any(|f| f == "tib")).collect();
        let said: Vec<String> = sent.iter().map(|x| format!("{} {} {}", x.at, x.channel, x.whole)).collect();
        let (messages, notes) = s.at("tib", Channel::Sms);
        assert!(messages <= 3 && notes <= 3, "seed {seed}: {messages} messages, {notes} notes: {said:#?}");
        assert!(s.pages("tib") <= 24, "seed {seed}: {} pages: {said:#?}", s.pages("tib"));
        let (messages, notes) = s.at("tib", Channel::Email);
        assert!(messages + notes <= 5, "seed {seed}: {messages} + {notes} mails: {said:#?}");
        let (messages, notes) = s.at("tib", Channel::Fax);
        assert!(messages + notes <= 3, "seed {seed}: {messages} + {notes} faxes: {said:#?}");
    }
}

#[test]
fn rule_c12_no_point_gets_more_than_eight_texts_in_ten_minutes_whatever_the_playbook() {
    let books: Vec<String> = load(&Source::Shipped).unwrap().plan.playbooks.keys().map(ToString::to_string).collect();
    for (i, book) in books.iter().enumerate() {
        for when in ["2026-11-28T03:12:00+01:00", "2026-11-26T10:00:00+01:00"] {
            let mut s = Slow::shipped(when, u32::try_from(i).unwrap());
            let opened = s.t.now;
            s.t.report("it-bered", Report { level: Some("critical".into()), ..major(book) });
            s.advance(1800);
            few(&s, opened);
        }
    }
}

#[test]
fn rule_c12_what_falls_due_in_a_moment_comes_along_in_one_text() {
    // Five functions with the same deputy, whose requests were accepted within four seconds.
    let plan = region_with(|b| {
        for f in ["icu", "ed", "cl", "cl-fs", "lab"] {
            b.deputies(f, &["tib"]);
            let f = b.function_ix(f);
            b.plan.functions[f.ix()].answer_within_s = 300;
        }
        let row = Row { ..b.row(&["icu", "ed", "cl", "cl-fs", "lab"], &[Channel::Sms, Channel::Email]) };
        let book = b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap();
        book.levels = vec![LevelPlan { level: LevelIx(0), mode: None, propose: vec![], notify: vec![row] }];
    });
    let mut t = Timeline::starting(DAY, plan);
    t.gateways_say = None;
    let no = t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() });
    let ids: Vec<DeliveryId> = t.sent.iter().map(|s| s.id).collect();
    for id in ids {
        t.now = t.now + 1;
        t.input(Input::outcomes([(id, DeliveryState::Accepted)])).unwrap();
    }
    t.clear();
    t.advance(310);
    let told: Vec<&Sent> = t.messages_to("tib").into_iter().filter(|s| s.channel == Channel::Sms).collect();
    let one = only(&told);
    for f in ["icu", "ed", "cl", "cl-fs", "lab"] {
        assert!(one.whole.contains(&format!("{f}-sv")), "{}", one.whole);
        assert_eq!(asked(&t, no, f).last().unwrap(), "tib");
    }
    t.reply("tib", Channel::Sms, "JA 1");
    for f in ["icu", "ed", "cl", "cl-fs", "lab"] {
        assert_eq!(stands(&t, no, f), "answered by tib");
    }
}

#[test]
fn rule_c12_who_was_told_of_others_a_moment_ago_is_told_later_and_answers_for_them_only_then() {
    let plan = region_with(|b| {
        for (f, within) in [("icu", 60), ("ed", 120)] {
            b.deputies(f, &["tib"]);
            let f = b.function_ix(f);
            b.plan.functions[f.ix()].answer_within_s = within;
        }
        let row = b.row(&["icu", "ed", "tib"], &[Channel::Sms]);
        let book = b.plan.playbooks.get_mut(&"dictation-slow".into()).unwrap();
        book.levels = vec![LevelPlan { level: LevelIx(0), mode: None, propose: vec![], notify: vec![row] }];
    });
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("desk", Report { playbook: "dictation-slow".into(), ..Report::default() });
    t.clear();
    t.advance(61);
    assert!(only(&t.messages_to("tib")).whole.contains("icu-sv"));
    t.clear();
    t.advance(70);
    assert_eq!(asked(&t, no, "ed"), ["ed", "tib"]);
    assert!(t.messages_to("tib").is_empty(), "told a moment ago: {:?}", t.messages_to("tib"));
    // What it does not know of it does not answer.
    t.reply("tib", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "icu"), "answered by tib");
    assert_eq!(stands(&t, no, "ed"), "waiting");
    t.advance(300);
    let told: Vec<&Sent> = t.messages_to("tib");
    assert!(told.iter().any(|s| s.whole.contains("ed-sv") && !s.whole.contains("icu-sv")), "{told:?}");
    t.reply("tib", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "ed"), "answered by tib");
}

#[test]
fn rule_c12_the_standing_alarm_is_one_note_for_all() {
    let mut s = Slow::shipped("2026-11-28T03:12:00+01:00", 7);
    s.t.report("it-bered", major("ehr-down"));
    s.advance(3600);
    let alarms: Vec<&Sent> = s.t.notes_to("vaxel", NoteWord::NotReached);
    let mut times: Vec<At> = alarms.iter().map(|a| a.at).collect();
    times.dedup();
    assert!(!times.is_empty(), "somebody is not reached in an hour");
    assert!(times.windows(2).all(|w| w[1].seconds_since(w[0]) >= 300), "{times:?}");
}

#[test]
fn rule_c14_who_acts_is_not_asked_for_the_text_that_tells_it() {
    let mut t = Timeline::by_day();
    let no = t.report("it", ehr_down("outage"));
    // `it` reported: for itself that is the answer.
    assert_eq!(stands(&t, no, "it"), "answered by it");
    assert!(t.messages_to("it").iter().all(|s| !s.whole.contains("Svara JA")), "{:?}", t.messages_to("it"));
    t.clear();
    t.act("tib", Action::Mode { site: "HS".into(), mode: "reinforced".into(), reason: "".into() }).unwrap();
    let told = t.got("tib", Kind::Mode);
    assert!(!told.is_empty() && told.iter().all(|s| !s.whole.contains("Svara JA")), "{told:?}");
    assert_eq!(stands(&t, no, "tib"), "answered by tib");
}

#[test]
fn rule_c14_what_one_does_is_no_answer_for_those_whom_one_covers() {
    let plan = region_with(|b| b.deputies("icu", &["it"]));
    let mut t = Timeline::starting(DAY, plan);
    let no = t.report("it", Report { safety: Default::default(), ..ehr_down("major") });
    assert_eq!(stands(&t, no, "it"), "answered by it");
    assert_eq!(stands(&t, no, "icu"), "waiting");
}

#[test]
fn rule_c13_after_three_notes_in_return_that_change_nothing_no_more_come_until_it_says_something_valid() {
    let mut t = Timeline::by_day();
    let no = t.report("desk", ehr_down("outage"));
    t.clear();
    for _ in 0..20 {
        t.reply("it", Channel::Sms, "Jag kör bil och svarar senare");
    }
    assert_eq!(t.notes_to("it", NoteWord::NotUnderstood).len(), 3);
    t.reply("it", Channel::Sms, "JA 1");
    assert_eq!(stands(&t, no, "it"), "answered by it", "what is valid counts all the same");
    assert_eq!(t.notes_to("it", NoteWord::YouOwnIt).len(), 1);
    // What was confirmed is not confirmed for ever.
    for _ in 0..20 {
        t.reply("it", Channel::Sms, "JA 1");
    }
    assert_eq!(t.notes_to("it", NoteWord::YouOwnIt).len(), 4);
    t.advance(24 * 3600);
    t.clear();
    t.reply("it", Channel::Sms, "hallå?");
    assert_eq!(t.notes_to("it", NoteWord::NotUnderstood).len(), 1, "a day later it is counted anew");
}

/// A pager's server, or a telephone, that says yes to each text that it gets.
#[test]
fn rule_c13_what_answers_everything_with_yes_ends_by_itself() {
    for (channel, said) in
        [(Channel::Sms, "YES"), (Channel::Paging, "YES"), (Channel::Sms, "JA 1"), (Channel::Sms, "vad?")]
    {
        let mut t = Timeline::by_day();
        t.report("desk", ehr_down("major"));
        let got =
            |t: &Timeline| t.sent.iter().filter(|s| s.channel == channel && s.to.iter().any(|f| f == "tib")).count();
        let (mut answered, mut rounds) = (0, 0);
        while answered < got(&t) {
            answered += 1;
            t.reply("tib", channel, said);
            rounds += 1;
            assert!(rounds < 40, "{channel:?} {said}: no end");
        }
        assert!(got(&t) <= 12, "{channel:?} {said}: {} texts", got(&t));
    }
}

const TABLE: &str = "docs/develop/few-texts.md";
const TABLE_HEAD: &str = "# How many texts a silent duty gets

Made by the rules of the program (`UPDATE_DOCS=1 cargo test --test it few_texts`): each shipped playbook at its highest level, reported
on a Saturday at 03.12, patient safety not known, and nobody answers for 30 minutes. Gateways accept each text after 1 to 20 seconds and
deliver it as long after that. SMS are those of the telephone that gets most: texts that
have a number, and notes beside them. Pages are all pages of the pager. By [C12](rules.md#c12) nobody's telephone gets more than eight
texts in ten minutes, and TiB in six minutes of `ehr-down` at major at most 3 + 3 SMS, 24 pages, 5 mails, 3 faxes. Before that rule
those were 11 SMS on each of two telephones, 114 pages, 16 mails and 12 faxes, with four equal reminders in one second.

";

/// What a night brings to each: SMS with texts, SMS with notes, pages, mails, faxes.
fn night(book: &str) -> Vec<(&'static str, [usize; 5])> {
    let mut s = Slow::shipped("2026-11-28T03:12:00+01:00", 1);
    let highest = s.t.plan().playbooks[&PlaybookId::from(book)].levels.last().map(|l| l.level);
    let level = highest.and_then(|l| s.t.plan().ladders.level_at(l).map(|l| l.id.clone()));
    s.t.report("it-bered", Report { level, ..major(book) });
    s.advance(1800);
    let got = |f| {
        let (messages, notes) = s.at(f, Channel::Sms);
        let whole = |channel| s.at(f, channel).0 + s.at(f, channel).1;
        [messages, notes, s.pages(f) as usize, whole(Channel::Email), whole(Channel::Fax)]
    };
    [("TiB", "tib"), ("KiB", "kib"), ("ICU", "iva"), ("switchboard", "vaxel")].map(|(name, f)| (name, got(f))).to_vec()
}

#[test]
fn the_table_of_what_a_silent_duty_gets_is_true() {
    use std::fmt::Write as _;
    let mut table = TABLE_HEAD.to_owned();
    table +=
        "| playbook | duty | SMS: texts | SMS: notes | pages | mails | faxes |\n|---|---|---:|---:|---:|---:|---:|\n";
    for book in load(&Source::Shipped).unwrap().plan.playbooks.keys() {
        for (name, [messages, notes, pages, mails, faxes]) in night(book.as_str()) {
            let _ = writeln!(table, "| `{book}` | {name} | {messages} | {notes} | {pages} | {mails} | {faxes} |");
        }
    }
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("UPDATE_DOCS").is_some_and(|v| v == "1") {
        std::fs::write(&file, &table).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == table, "{TABLE} is out of date: UPDATE_DOCS=1 writes it");
}
