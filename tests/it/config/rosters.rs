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
