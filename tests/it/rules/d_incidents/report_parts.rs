//! What stands beside the figures of a report: objectives of real incidents (D19), the proof that everybody got the same text
//! (invariant 2), addresses that are not proven (G8), earlier ones, and each function as a drawing.

use std::sync::Arc;

use super::report::*;
use super::*;
use vardkase::domain::drills::*;
use vardkase::domain::incident::addresses::{Proven, ProvenBy};
use vardkase::domain::report::*;
use vardkase::domain::time::At;
use vardkase::domain::view;
use vardkase::gateways::handed_over::handed_over;
use vardkase::paper::picture::Picture;
use vardkase::paper::report::{csv, sheet};
use vardkase::paper::{Block, Occasion, html, pdf, text};

/// The same region, whose real incidents are to show this.
fn with_objectives(t: &mut Timeline, objectives: Vec<Objective>) {
    let hash = format!("aimed-{}", objectives.len());
    let plan = Plan { objectives, hash, ..Plan::clone(&t.state.plan) };
    t.input(Input::NewPlan(Arc::new(plan))).unwrap();
}

fn on(t: &Timeline, lang: Lang) -> Occasion {
    Occasion { lang, now: t.now, fictional: true, training: false }
}

#[test]
fn rule_d19_a_real_incident_is_rated_by_the_plan_that_it_followed() {
    let mut t = Timeline::by_day();
    let before = t.ehr_down("outage");
    t.advance(60);
    assert!(read(&t, before).objectives.is_empty(), "its plan says nothing of it");
    t.act("it", clear(before)).unwrap();
    with_objectives(&mut t, vec![objective(50, 900)]);
    let no = t.ehr_down("outage");
    let followed = t.plan();
    // Another target is for the next one.
    with_objectives(&mut t, vec![objective(100, 60), objective(90, 900)]);
    t.advance(900);
    t.act("it", clear(no)).unwrap();
    let report = proven_of(no, followed, &t.events, &handed_over);
    let [aim] = &report.objectives[..] else { panic!("{:?}", report.objectives) };
    assert_eq!((aim.percent, aim.within_s, aim.asked), (50, 900, report.totals.asked));
    let of_rows = report.functions.iter().filter(|f| f.answered_s.is_some_and(|s| s <= 900)).count();
    assert_eq!(aim.within as usize, of_rows, "computed as a drill's");
    assert!(aim.rating.is_some() || aim.unrated.is_some());
    // It may be rated by hand, and no further than it has objectives.
    let rate = |objective| Action::Rate {
        incident: no,
        objective,
        rating: Rating::SomeChallenges,
        reason: "svar per telefon".into(),
    };
    assert_eq!(t.act("it", rate(2)).unwrap_err().code, "unknown-objective");
    t.act("it", rate(1)).unwrap();
    // A drill has its own, and no others.
    let drill = test_of_ways(&mut t, Vec::new());
    t.act("it", end(drill)).unwrap();
    assert!(read(&t, drill).objectives.is_empty());
}

/// What the journal has of an incident, with what gateways hand over made by `make`.
fn proven(t: &Timeline, no: IncidentNo, make: MakeForm<'_>) -> AfterReport {
    proven_of(no, t.plan(), &t.events, make)
}

fn proven_of(no: IncidentNo, plan: Arc<Plan>, events: &[(At, Event)], make: MakeForm<'_>) -> AfterReport {
    let mut reading = Reading::new(no, plan);
    for (at, event) in events {
        if let Event::Incident { no: of, change } = event
            && *of == no
        {
            reading.see(*at, change).unwrap();
        }
    }
    reading.report_with(RecordSeal::default(), make).unwrap()
}

#[test]
fn each_text_is_whole_in_every_form_in_which_it_was_handed_over() {
    let mut t = Timeline::by_day();
    let real = t.ehr_down("major");
    t.advance(900);
    let mut d = Timeline::by_day();
    let drill = test_of_ways(&mut d, Vec::new());
    d.advance(900);
    for (t, no) in [(&t, real), (&d, drill)] {
        let report = proven(t, no, &handed_over);
        assert!(report.identical.len() >= 3, "{:?}", report.identical);
        for row in &report.identical {
            let who = format!("{row:?}");
            let text = report.texts.iter().find(|x| x.message == row.message && x.lang == row.lang).unwrap();
            assert_eq!(text.fingerprint, row.fingerprint);
            if row.channel == Channel::Web {
                assert_eq!(row.unknown, Some(Unknowable::NotSeenEqual), "nobody could read it: {who}");
                continue;
            }
            assert_eq!((row.identical, row.unknown), (Identical::Whole, None), "{who}");
            assert!(row.forms > 0 && row.addresses > 0 && row.handed_over <= row.addresses, "{who}");
            assert!(row.units_min >= Some(1) && row.units_min <= row.units_max, "{who}");
            assert_eq!(text.sent.get(&row.channel), Some(&row.addresses), "{who}");
        }
        let channels: Vec<Channel> = report.identical.iter().map(|r| r.channel).collect();
        assert!(channels.contains(&Channel::Sms) && channels.contains(&Channel::Email), "{channels:?}");
        for (lang, said) in [(Lang::SV, "ja, hel och"), (Lang::EN, "yes, whole and")] {
            let made = text(&sheet(&report, on(t, lang)));
            assert!(made.contains(said), "{made}");
        }
        assert!(csv(&report).contains(",identical,whole,"));
    }
}

/// Each way in which a far device could show something else is found, channel by channel.
#[test]
fn a_form_that_does_not_hold_the_text_is_found() {
    type Spoil = fn(&mut Vec<String>);
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    t.advance(900);
    fn at_char(text: &str, n: usize) -> usize {
        text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
    }
    let spoils: [(&str, Spoil); 6] = [
        ("a letter is another", |units| {
            let at = at_char(&units[0], 30);
            let end = at_char(&units[0], 31);
            units[0].replace_range(at..end, "Q");
        }),
        ("the last unit is left out", |units| drop(units.pop())),
        ("the beginning is cut off", |units| {
            let end = at_char(&units[0], 25);
            units[0].drain(..end);
        }),
        ("a word more stands in it", |units| {
            let at = at_char(&units[0], 30);
            units[0].insert_str(at, "inte ");
        }),
        ("another fingerprint", |units| {
            for unit in units {
                let (number, rest) = unit.split_once(' ').unwrap();
                *unit = format!("{number} 000000{}", &rest[6..]);
            }
        }),
        ("nothing in it", |units| units.iter_mut().for_each(String::clear)),
    ];
    for (what, spoil) in spoils {
        for channel in [Channel::Sms, Channel::Paging, Channel::Email] {
            let make = |form: &Form<'_>| {
                let mut units = handed_over(form)?;
                if form.channel == channel {
                    spoil(&mut units);
                }
                Ok(units)
            };
            let report = proven(&t, no, &make);
            for row in &report.identical {
                let differs = row.identical == Identical::Differs;
                assert_eq!(differs, row.channel == channel, "{what} over {channel}: {row:?}");
            }
            assert!(text(&sheet(&report, on(&t, Lang::SV))).contains("EN TEXT STÄMMER INTE"), "{what}");
        }
    }
}

#[test]
fn a_text_that_was_changed_in_the_record_has_no_longer_its_fingerprint() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("outage");
    t.advance(60);
    let mut events = t.events.clone();
    let mut changed = 0;
    for (_, event) in &mut events {
        let Event::Incident { change, .. } = event else { continue };
        let Change::Drafted { message } = &mut **change else { continue };
        for draft in message.texts.values_mut() {
            let text = format!("{} Ring 112.", draft.text.as_str());
            draft.text = vardkase::domain::text::Canonical::new(&text).unwrap();
            changed += 1;
        }
    }
    assert!(changed > 0);
    let report = proven_of(no, t.plan(), &events, &handed_over);
    assert!(!report.identical.is_empty());
    assert!(report.identical.iter().all(|r| r.identical == Identical::Differs), "{:?}", report.identical);
}

#[test]
fn what_can_not_be_known_is_said_and_never_called_whole() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    t.advance(900);
    let report = proven(&t, no, &|_| Err("out of paper".into()));
    for row in report.identical.iter().filter(|r| r.channel != Channel::Web) {
        assert_eq!((row.identical, row.unknown, row.forms), (Identical::NotKnown, Some(Unknowable::NotMade), 0));
        assert_eq!((row.units_min, row.detail.as_deref()), (None, Some("out of paper")));
    }
    // Read back: what was seen there counts.
    let message =
        t.inc(no).entries.iter().find(|e| e.public && matches!(e.state, EntryState::Released { .. })).unwrap().message;
    let not_read = |(_, e): &(At, Event)| !matches!(e, Event::Incident { change, .. } if matches!(**change, Change::PageChecked { .. }));
    let unread: Vec<(At, Event)> = t.events.iter().filter(|e| not_read(e)).cloned().collect();
    let page = |events: &[(At, Event)]| {
        let report = proven_of(no, t.plan(), events, &handed_over);
        let number = t.inc(no).number(message);
        report.identical.into_iter().find(|r| r.channel == Channel::Web && r.message == number).unwrap()
    };
    assert_eq!(page(&unread).unknown, Some(Unknowable::NotReadBack));
    for (equal, identical) in [(true, Identical::Whole), (false, Identical::NotKnown)] {
        let mut events = unread.clone();
        events.push((t.now, Event::Incident { no, change: Box::new(Change::PageChecked { message, equal }) }));
        let page = page(&events);
        assert_eq!((page.identical, page.sent_as), (identical, SentAs::PublicPage));
    }
}

#[test]
fn rule_g8_addresses_of_those_who_were_told_are_named_by_function_and_age_alone() {
    let mut t = Timeline::by_day();
    let no = test_of_ways(&mut t, Vec::new());
    t.advance(300);
    let all = view::addresses(&t.state, t.now);
    let report = read(&t, no).with_addresses(&all, &t.state.plan);
    let told: Vec<&str> = report.functions.iter().map(|f| f.function.as_str()).collect();
    let unproven = report.unproven.as_ref().unwrap();
    assert!(unproven.of > 0 && (unproven.of as usize) < all.len(), "of those who were told alone");
    assert_eq!(unproven.not_proven, unproven.of, "nobody has proven one");
    for a in &unproven.addresses {
        assert!(a.functions.iter().any(|f| told.contains(&f.as_str())) && a.proven.is_none() && a.age_days.is_none());
        assert!(a.functions.iter().all(|f| report.names.functions.contains_key(f)));
    }
    let said = text(&sheet(&report, on(&t, Lang::SV)));
    let counted = format!("{0} av {0} adresser till dem", unproven.of);
    assert!(said.contains("Adresser som inte är prövade") && said.contains(&counted), "{said}");
    // Those that were never proven stand before those that were long ago; of many the first are named, and the rest counted.
    let own = all.iter().find(|a| a.functions.iter().any(|f| told.contains(&f.as_str()))).unwrap();
    let mut many: Vec<view::AddressView> = std::iter::repeat_n(own.clone(), UNPROVEN_MAX + 5).collect();
    let proof =
        |day: &str, age_days| Some(Proven { by: ProvenBy::Receipt, date: day.parse().unwrap(), at: None, age_days });
    many[0].proven = proof("2008-12-01", 17);
    many[1].proven = proof("2008-01-01", 352);
    many[2].proven = proof("2008-06-01", 200);
    let few = read(&t, no).with_addresses(&many[..4], &t.state.plan).unproven.unwrap();
    let ages: Vec<Option<u32>> = few.addresses.iter().map(|a| a.age_days).collect();
    assert_eq!((few.of, few.not_proven, &ages[..]), (4, 3, &[None, Some(352), Some(200)][..]));
    let report = read(&t, no).with_addresses(&many, &t.state.plan);
    let unproven = report.unproven.as_ref().unwrap();
    assert_eq!((unproven.not_proven as usize, unproven.addresses.len()), (UNPROVEN_MAX + 4, UNPROVEN_MAX));
    assert!(text(&sheet(&report, on(&t, Lang::EN))).contains("4 more are not proven."));
}

fn pictures(blocks: &[Block]) -> Vec<&Picture> {
    let mut all = Vec::new();
    for block in blocks {
        if let Block::Picture(picture) = block {
            all.push(picture);
        }
    }
    all
}

#[test]
fn a_drill_is_compared_with_the_latest_of_the_same_and_a_real_one_with_real_ones() {
    let mut t = Timeline::by_day();
    let held = |t: &mut Timeline, seconds: u32| {
        let no = test_of_ways(t, vec![objective(50, 300)]);
        t.advance(seconds);
        t.reply("desk", Channel::Sms, &format!("JA {no}"));
        t.advance(600);
        t.act("it", end(no)).unwrap();
        no
    };
    let all: Vec<IncidentNo> = (0..5).map(|n| held(&mut t, 30 + n * 30)).collect();
    let of = |t: &Timeline, no| earlier(&t.state, no).into_iter().map(|(_, no)| no).collect::<Vec<_>>();
    assert!(of(&t, all[0]).is_empty(), "the first has none");
    assert_eq!(of(&t, all[2]), [all[1], all[0]]);
    assert_eq!(of(&t, all[4]), [all[3], all[2], all[1]], "three, the newest first");
    // One that was broken off is no measure, neither is a real incident.
    let aborted = test_of_ways(&mut t, Vec::new());
    t.advance(10);
    t.act("it", Action::DrillEnd { incident: aborted, abort: true }).unwrap();
    let real = t.ehr_down("outage");
    t.advance(60);
    t.act("it", clear(real)).unwrap();
    let last = held(&mut t, 20);
    assert_eq!(of(&t, last), [all[4], all[3], all[2]]);
    assert!(of(&t, real).is_empty());
    t.advance(60);
    let again = t.ehr_down("outage");
    assert_eq!(of(&t, again), [real]);
    assert!(of(&t, IncidentNo::actual(99)).is_empty());

    let mut report = read(&t, all[2]);
    assert!(!text(&sheet(&report, on(&t, Lang::SV))).contains("jämfört med"), "nothing is said where there is none");
    report.earlier = of(&t, all[2]).into_iter().map(|no| Earlier::of(read(&t, no))).collect();
    let sheet = sheet(&report, on(&t, Lang::SV));
    let said = text(&sheet);
    for word in ["Svarade, jämfört med tidigare", "Den här", "Ö-2 2008-12-18", "Ö-1 2008-12-18", "hälften hade"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // Told apart without colours: a pattern and a letter each, and the target is drawn.
    let picture = pictures(&sheet.blocks).into_iter().find(|p| p.says.starts_with("Svarade, jämfört")).unwrap();
    let patterns: std::collections::BTreeSet<&[u16]> =
        picture.strokes.iter().filter(|s| s.pattern.width() > 15).map(|s| s.pattern.dashes()).collect();
    assert_eq!(patterns.len(), 3, "one whole and two in dashes of their own");
    assert!(picture.labels.iter().any(|l| l.text == "ABC"), "they end together: {:?}", picture.labels);
    for label in ["A  den här: 1/4", "B  Ö-2 2008-12-18: 1/4", "C  Ö-1 2008-12-18: 1/4", "mål: 50 % inom 5 min"] {
        assert!(picture.labels.iter().any(|l| l.text == label), "{label}: {:?}", picture.labels);
    }
    let figures = csv(&report);
    assert!(figures.contains("earlier,Ö-2,answered-after-60,1,"), "{figures}");
    assert!(figures.contains("earlier,Ö-1,answered-of,4,"), "{figures}");
}

/// Every drawing of a report holds all of itself: no line and no word leaves it, on the narrowest screen and on a page.
#[test]
fn each_drawing_holds_its_lines_and_words_and_fits_onto_a_page() {
    use vardkase::paper::picture::{PICTURE_WIDTH, Side, wide};
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    t.advance(300);
    t.reply("desk", Channel::Sms, "JA 1");
    t.advance(3600);
    let mut report = read(&t, no);
    report.objectives = vec![rate(&objective(90, 900), &[])];
    report.earlier = vec![Earlier::of(read(&t, no)); EARLIER_MAX];
    // More functions than fit, with names longer than their room.
    let one = report.functions[0].clone();
    report.functions.resize(60, one);
    for title in report.names.functions.values_mut() {
        let long = "Medicinskt ledningsansvarig läkare på akutmottagningen";
        *title = vardkase::domain::lang::L10n::of([(Lang::SV, long), (Lang::EN, long)]);
    }
    for lang in [Lang::SV, Lang::EN] {
        let sheet = sheet(&report, on(&t, lang));
        let all = pictures(&sheet.blocks);
        assert_eq!(all.len(), 5, "functions, earlier ones, channels, each function twice");
        for picture in all {
            let (width, height) = (PICTURE_WIDTH * 10, picture.height * 10);
            assert!(picture.height < 420, "{} is higher than half a page: {}", picture.says, picture.height);
            for (x, y) in picture.strokes.iter().flat_map(|s| &s.points) {
                assert!(*x <= width && *y <= height, "{}: {x} {y}", picture.says);
            }
            let mut lines: std::collections::BTreeMap<u16, Vec<(i32, i32, &String)>> = Default::default();
            for label in &picture.labels {
                let (x, wide) = (i32::from(label.at.0), i32::from(wide(&label.text)));
                let (from, to) = match label.side {
                    Side::Right => (x, x + wide),
                    Side::Left => (x - wide, x),
                    Side::Middle => (x - wide / 2, x + wide / 2),
                };
                assert!(from >= 0 && to <= i32::from(width), "{}: “{}” {from} {to}", picture.says, label.text);
                assert!(label.at.1 <= height, "{}: “{}”", picture.says, label.text);
                lines.entry(label.at.1).or_default().push((from, to, &label.text));
            }
            for (_, mut words) in lines {
                words.sort_unstable();
                assert!(words.windows(2).all(|w| w[0].1 < w[1].0), "they cover each other: {words:?}");
            }
        }
        let page = html(&sheet, vardkase::paper::Style::Within).unwrap();
        assert!(page.contains(if lang == Lang::SV { "40 funktioner till står" } else { "40 functions more" }));
        assert!(pdf(&sheet).is_ok_and(|bytes| bytes.starts_with(b"%PDF")));
    }
}
