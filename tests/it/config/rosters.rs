//! Rosters: calendars as programs write them, and what comes of them.

use proptest::prelude::*;
use vardkase::config::rosters::{TIMES_MAX, parse};

/// Local times in the region's zone: from, to, who.
fn times(events: &str) -> Vec<(String, String, String)> {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n").replace("\r\n", "\n");
    let local = |s: i64| {
        let at = jiff::Timestamp::from_second(s).expect("a time").in_tz("Europe/Stockholm").expect("a zone");
        at.strftime("%m-%d %H:%M").to_string()
    };
    let mut all = parse(&text.replace('\n', "\r\n"), "Europe/Stockholm").unwrap_or_else(|e| panic!("{e:?}"));
    all.sort_by_key(|e| (e.from, e.to));
    all.into_iter().map(|e| (local(e.from), local(e.to), e.names.join("+"))).collect()
}

fn is(all: &[(String, String, String)], expected: &[(&str, &str, &str)]) {
    let all: Vec<_> = all.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(all, expected);
}

#[test]
fn a_turn_changes_at_the_same_hour_also_when_the_clocks_change() {
    let all = times(
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Stockholm:20261024T080000\r\n\
         DTEND;TZID=Europe/Stockholm:20261025T080000\r\nRRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:a\r\nEND:VEVENT\r\n",
    );
    is(
        &all,
        &[
            ("10-24 08:00", "10-25 08:00", "a"),
            ("10-25 08:00", "10-26 08:00", "a"),
            ("10-26 08:00", "10-27 08:00", "a"),
        ],
    );
}

#[test]
fn a_moved_time_and_one_that_falls_out_are_as_the_calendar_says() {
    // As Outlook writes it: its own name of the zone, a moved occurrence, an exception.
    let all = times(
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=W. Europe Standard Time:20261005T080000\r\n\
         DTEND;TZID=W. Europe Standard Time:20261005T160000\r\nRRULE:FREQ=DAILY;COUNT=4\r\n\
         EXDATE;TZID=W. Europe Standard Time:20261006T080000\r\nSUMMARY:a\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=W. Europe Standard Time:20261007T080000\r\n\
         DTSTART;TZID=W. Europe Standard Time:20261007T120000\r\n\
         DTEND;TZID=W. Europe Standard Time:20261007T160000\r\nSUMMARY:b\r\nEND:VEVENT\r\n",
    );
    is(
        &all,
        &[
            ("10-05 08:00", "10-05 16:00", "a"),
            ("10-07 12:00", "10-07 16:00", "b"),
            ("10-08 08:00", "10-08 16:00", "a"),
        ],
    );
}

#[test]
fn whole_days_and_times_of_no_zone_are_those_of_the_region() {
    let all = times(
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261005\r\nDTEND;VALUE=DATE:20261012\r\nSUMMARY:a, B\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20261012T060000Z\r\nDURATION:PT2H\r\nSUMMARY:b\r\nEND:VEVENT\r\n",
    );
    is(&all, &[("10-05 00:00", "10-12 00:00", "a+b"), ("10-12 08:00", "10-12 10:00", "b")]);
}

#[test]
fn a_rule_without_an_end_is_followed_for_years_and_none_eats_up_another() {
    let event = |day: u8, who: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:{who}\r\nDTSTART:202610{day:02}T080000\r\nDTEND:202610{:02}T080000\r\n\
             RRULE:FREQ=WEEKLY;INTERVAL=2\r\nSUMMARY:{who}\r\nEND:VEVENT\r\n",
            day + 7
        )
    };
    let all = times(&format!("{}{}", event(5, "a"), event(12, "b")));
    let of = |who: &str| all.iter().filter(|e| e.2 == who).count();
    assert!((520..=540).contains(&of("a")) && (520..=540).contains(&of("b")), "{} {}", of("a"), of("b"));
}

#[test]
fn a_rule_of_each_second_is_refused_and_ends_nobodys_night() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261005T080000\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\n\
                SUMMARY:a\nEND:VEVENT\nEND:VCALENDAR\n";
    let mistakes = parse(text, "Europe/Stockholm").expect_err("too many times");
    assert!(mistakes[0].what.contains(&TIMES_MAX.to_string()), "{mistakes:?}");
}

/// A calendar of one event in the file's own lines, behind `head` (zones).
fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.trim().replace('\n', "\r\n"))
}

/// What is wrong with a calendar of such events: lines and words.
fn wrong(events: &str) -> Vec<(u32, String)> {
    let text = format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", events.replace("\r\n", "\n"));
    match parse(&text, "Europe/Stockholm") {
        Ok(times) => panic!("it was taken: {times:?}\n{text}"),
        Err(mistakes) => mistakes.into_iter().map(|m| (m.line, m.what)).collect(),
    }
}

const MORNINGS: &str =
    "UID:1\nDTSTART;TZID=Europe/Stockholm:20261023T080000\nDTEND;TZID=Europe/Stockholm:20261023T160000\nSUMMARY:a";

fn mornings(more: &str) -> String {
    event(&format!("{MORNINGS}\nRRULE:FREQ=DAILY;COUNT=4\n{more}"))
}

fn a_time(more: &str) -> String {
    event(&format!("UID:1\n{more}\nSUMMARY:b"))
}

#[test]
fn a_series_in_utc_and_an_end_in_utc_are_just_that() {
    let all = times(&event(
        "UID:1\nDTSTART:20261024T060000Z\nDTEND:20261024T140000Z\nRRULE:FREQ=DAILY;UNTIL=20261026T055959Z\nSUMMARY:a",
    ));
    is(&all, &[("10-24 08:00", "10-24 16:00", "a"), ("10-25 07:00", "10-25 15:00", "a")]);
    let local = "UID:1\nDTSTART;TZID=Europe/Stockholm:20261024T080000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261026T070000Z\nSUMMARY:a";
    is(
        &times(&event(local)),
        &[
            ("10-24 08:00", "10-24 09:00", "a"),
            ("10-25 08:00", "10-25 09:00", "a"),
            ("10-26 08:00", "10-26 09:00", "a"),
        ],
    );
}

#[test]
fn a_moved_time_belongs_to_its_uid_however_it_is_written() {
    let other = event(&MORNINGS.replace("UID:1", "UID:2").replace("SUMMARY:a", "SUMMARY:c"));
    for id in [
        "RECURRENCE-ID:20261024T060000Z",
        "RECURRENCE-ID;TZID=America/New_York:20261024T020000",
        "RECURRENCE-ID:20261024T080000",
    ] {
        let moved = a_time(&format!("{id}\nSEQUENCE:7\nDTSTART;TZID=Europe/Stockholm:20261024T120000\nDURATION:PT1H"));
        is(
            &times(&format!("{moved}{other}{}", mornings("SEQUENCE:3"))),
            &[
                ("10-23 08:00", "10-23 16:00", "a"),
                ("10-23 08:00", "10-23 16:00", "c"),
                ("10-24 12:00", "10-24 13:00", "b"),
                ("10-25 08:00", "10-25 16:00", "a"),
                ("10-26 08:00", "10-26 16:00", "a"),
            ],
        );
    }
}

#[test]
fn what_is_cancelled_is_out_and_the_highest_sequence_holds() {
    let cancelled = a_time("RECURRENCE-ID;TZID=Europe/Stockholm:20261024T080000\nSTATUS:CANCELLED");
    let older = event(&format!("{MORNINGS}\nSEQUENCE:1").replace("T08", "T06").replace("SUMMARY:a", "SUMMARY:old"));
    let gone = a_time("DTSTART:20261001T080000\nDURATION:PT1H\nSTATUS:CANCELLED").replace("UID:1", "UID:9");
    is(
        &times(&format!("{}{cancelled}{older}{gone}", mornings("SEQUENCE:2"))),
        &[
            ("10-23 08:00", "10-23 16:00", "a"),
            ("10-25 08:00", "10-25 16:00", "a"),
            ("10-26 08:00", "10-26 16:00", "a"),
        ],
    );
    let twice = wrong(&format!("{}{}", mornings(""), mornings("")));
    assert!(twice[0].0 == 9 && twice[0].1.contains("line 2"), "{twice:?}");
    let half = wrong(&format!(
        "{}{}",
        mornings("STATUS:CANCELLED"),
        a_time("RECURRENCE-ID:20261024T060000Z\nDTSTART:20261024T060000Z\nDURATION:PT1H")
    ));
    assert_eq!(half[0].0, 10, "{half:?}");
}

#[test]
fn this_and_all_that_follow_move() {
    let all = times(&format!(
        "{}{}",
        mornings(""),
        a_time(
            "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Stockholm:20261025T080000\nDTSTART;TZID=Europe/Stockholm:20261025T090000\nDURATION:PT2H"
        )
    ));
    is(
        &all,
        &[
            ("10-23 08:00", "10-23 16:00", "a"),
            ("10-24 08:00", "10-24 16:00", "a"),
            ("10-25 09:00", "10-25 11:00", "b"),
            ("10-26 09:00", "10-26 11:00", "b"),
        ],
    );
}

#[test]
fn exceptions_and_further_times_come_as_days_times_lists_and_periods() {
    let all = times(&mornings(
        "EXDATE;VALUE=DATE:20261024\nEXDATE:20261026T070000Z,20270101T080000Z\n\
         RDATE;TZID=Europe/Stockholm:20261101T080000,20261102T090000\n\
         RDATE;VALUE=PERIOD;TZID=Europe/Stockholm:20261103T080000/PT1H,20261104T080000/20261104T100000",
    ));
    is(
        &all,
        &[
            ("10-23 08:00", "10-23 16:00", "a"),
            ("10-25 08:00", "10-25 16:00", "a"),
            ("11-01 08:00", "11-01 16:00", "a"),
            ("11-02 09:00", "11-02 17:00", "a"),
            ("11-03 08:00", "11-03 09:00", "a"),
            ("11-04 08:00", "11-04 10:00", "a"),
        ],
    );
    let near = wrong(&mornings("EXDATE;TZID=Europe/Stockholm:20261024T090000"));
    assert!(near[0].0 == 8 && near[0].1.contains("begins at 08.00"), "{near:?}");
}

#[test]
fn a_zone_of_the_files_own_and_two_rules() {
    let zone = "BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\n\
                TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n\
                DTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n\
                END:DAYLIGHT\r\nEND:VTIMEZONE\r\n";
    let all = times(&format!(
        "{zone}{}",
        event(
            "UID:1\nDTSTART;TZID=Customized Time Zone:20261024T220000\nDTEND;TZID=Customized Time Zone:20261025T060000\n\
             RRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:a"
        )
    ));
    is(
        &all,
        &[
            ("10-24 22:00", "10-25 06:00", "a"),
            ("10-25 22:00", "10-26 06:00", "a"),
            ("10-31 22:00", "11-01 06:00", "a"),
        ],
    );
    let unknown = wrong(&event("UID:1\nDTSTART;TZID=Customized Time Zone:20261024T220000\nDURATION:PT1H\nSUMMARY:a"));
    assert!(unknown[0].0 == 4 && unknown[0].1.contains("Europe/Stockholm"), "{unknown:?}");
}

#[test]
fn nights_on_which_the_clocks_change() {
    let lasting = |length: &str, start: &str| {
        let all = times(&event(&format!("UID:1\nDTSTART;TZID=Europe/Stockholm:{start}\n{length}\nSUMMARY:a")));
        (all[0].0.clone(), all[0].1.clone())
    };
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(lasting("DURATION:PT24H", "20261024T080000"), both("10-24 08:00", "10-25 07:00"));
    assert_eq!(lasting("DURATION:P1D", "20261024T080000"), both("10-24 08:00", "10-25 08:00"));
    // 02.30 is left out in March, and comes twice in October.
    assert_eq!(lasting("DURATION:PT1H", "20260329T023000"), both("03-29 03:30", "03-29 04:30"));
    assert_eq!(lasting("DURATION:PT3H", "20261025T023000"), both("10-25 02:30", "10-25 04:30"));
    // Nothing is left of that hour on that night alone.
    let hour = "UID:1\nDTSTART;TZID=Europe/Stockholm:20260328T020000\nDTEND;TZID=Europe/Stockholm:20260328T030000\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:a";
    is(&times(&event(hour)), &[("03-28 02:00", "03-28 03:00", "a"), ("03-30 02:00", "03-30 03:00", "a")]);
}

#[test]
fn several_calendars_folded_lines_and_a_mark_of_the_byte_order() {
    let one = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:2026\r\n 1005\r\nSUMM\r\n\tARY:a\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let text = format!("\u{feff}{one}{}", one.replace("UID:1", "UID:2").replace("1005", "1006"));
    let all = parse(&text, "Europe/Stockholm").expect("it is read");
    assert_eq!(all.iter().map(|e| (e.to - e.from, e.line)).collect::<Vec<_>>(), [(86_400, 2), (86_400, 11)]);
}

#[test]
fn what_is_not_understood_is_said_with_its_line_and_what_to_write() {
    let cases = [
        ("RRULE:FREQ=DAYLY", "is it DAILY?"),
        ("RRULE:FREQ=DAILY;UNTL=20261231T000000Z", "is it UNTIL?"),
        ("RRULE:FREQ=YEARLY;BYEASTER=1", "BYEASTER is not followed"),
        ("RRULE:FREQ=DAILY;COUNT=2;UNTIL=20261231T000000Z", "leave one"),
        ("RRULE:FREQ=DAILY;INTERVAL=0", "write a number from 1"),
        ("RRULE:FREQ=WEEKLY;BYDAY=2MO", "MONTHLY or YEARLY only"),
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "gives no time"),
        ("RRULE:FREQ=DAILY;UNTIL=20261024T073000", "write UNTIL as a time in UTC"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3", "move DTSTART"),
        ("RULE:FREQ=DAILY", "is it RRULE?"),
        ("EXRULE:FREQ=DAILY", "EXDATE"),
        ("RDATE;VALUE=DATE:20261101", "write it with the time"),
        ("EXDATE:20261301T080000", "write 20261005T080000"),
        ("DURATION:PT1H", "leave one of them"),
        ("SEQUENCE:new", "is no number"),
        ("nonsense", "NAME:VALUE"),
    ];
    for (line, said) in cases {
        let found = wrong(&event(&format!("{MORNINGS}\n{line}")));
        assert!(found.len() == 1 && found[0].0 == 7 && found[0].1.contains(said), "{line}: {found:?}");
    }
    let endless = wrong(&event("UID:1\nDTSTART:20261005T080000\nSUMMARY:a"));
    assert!(endless[0].0 == 2 && endless[0].1.contains("no end"), "{endless:?}");
    let open = parse("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "Europe/Stockholm").expect_err("cut off");
    assert!(open[0].line == 2 && open[0].what.contains("no END"), "{open:?}");
}

#[test]
fn a_small_file_takes_no_more_than_a_large_one_may() {
    let numbers = |to: u32| (1..=to).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let day = |rule: &str| event(&format!("UID:1\nDTSTART:19700101T000000\nDURATION:PT1S\nRRULE:{rule}\nSUMMARY:a"));
    let each_minute = format!("FREQ=DAILY;BYHOUR=0,{};BYMINUTE=0,{0};BYSECOND=0,{0}", numbers(23));
    let mut huge = vec![
        day("FREQ=SECONDLY;COUNT=2000000000"),
        day("FREQ=MINUTELY"),
        day(&each_minute),
        day("FREQ=HOURLY"),
        day("FREQ=DAILY;COUNT=999999999"),
        day(&format!("FREQ=YEARLY;BYYEARDAY={};BYHOUR={}", numbers(366), numbers(23))),
        // Nothing is ever found, again and again.
        format!("{}", "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9\n".repeat(40)),
        "BEGIN:VEVENT\n".repeat(200),
    ];
    huge[6] = event(&format!("UID:1\nDTSTART:19700101T000000\nDURATION:PT1S\n{}SUMMARY:a", huge[6]));
    for events in &huge {
        let found = wrong(events);
        assert!(found.len() <= 100, "{}", found.len());
    }
    // A zone with as many rules as go into the file.
    let rule = "BEGIN:DAYLIGHT\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=DAILY\nEND:DAYLIGHT\n";
    let zone = format!("BEGIN:VTIMEZONE\nTZID:x\n{}END:VTIMEZONE\n", rule.repeat(50));
    let found = wrong(&format!("{zone}{}", event("UID:1\nDTSTART;TZID=x:20261005T080000\nDURATION:PT1S\nSUMMARY:a")));
    assert!(found[0].1.contains(&TIMES_MAX.to_string()), "{found:?}");
}

proptest! {
    #[test]
    fn any_calendar_gives_times_or_mistakes(
        lines in prop::collection::vec(
            prop_oneof![
                Just("BEGIN:VEVENT".to_owned()), Just("END:VEVENT".into()), Just("SUMMARY:a".into()),
                Just("DTSTART:20261005T080000".into()), Just("DTEND:20261005T090000".into()), Just("DURATION:P1D".into()),
                Just("RRULE:FREQ=MONTHLY;BYDAY=5MO;COUNT=20".into()), Just("RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2".into()),
                Just("EXDATE:20261005T080000".into()), Just("RECURRENCE-ID:20261005T080000".into()), "\\PC{0,30}",
            ], 0..14)
    ) {
        let text = format!("BEGIN:VCALENDAR\n{}\nEND:VCALENDAR\n", lines.join("\n"));
        match parse(&text, "Europe/Stockholm") {
            Ok(all) => prop_assert!(!all.is_empty() && all.iter().all(|e| e.from < e.to && !e.names.is_empty())),
            Err(mistakes) => prop_assert!(!mistakes.is_empty()),
        }
    }
}
