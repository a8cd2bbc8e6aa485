//! Lesson 10: recurring conferences with attendance.

use super::*;

fn plan(beat: Beat) -> Plan {
    with_steps(|b| {
        let mut bridge = rule(b, "bridge", StepKind::Conference, "tib", &["icu", "ed", "lab"], 0);
        bridge.beat = Some(beat);
        vec![bridge]
    })
}

fn ids(t: &Timeline, all: impl Iterator<Item = FunctionIx>) -> Vec<String> {
    all.map(|f| t.plan().function(f).id.to_string()).collect()
}

#[test]
fn lesson_10_attendance_is_an_answer_and_who_is_missing_is_told() {
    let mut t = Timeline::starting(DAY, plan(Beat::Every(3600)));
    let no = slow(&mut t);
    assert_eq!(noted(&t, NoteWord::ConferenceCall), ["icu", "ed", "lab"]);
    let first = code(&t, no, 1);
    t.reply("icu", Channel::Sms, &format!("ja {first}"));
    // Whoever can't come sends the deputy: it is called at once.
    t.clear();
    t.reply("ed", Channel::Sms, &format!("nej {first}"));
    assert_eq!(noted(&t, NoteWord::ConferenceCall), ["cl-fs"]);
    t.reply("cl-fs", Channel::Sms, &format!("ja {first}"));
    t.clear();
    t.advance(900 + 600);
    let missing = t.notes_to("tib", NoteWord::ConferenceMissing);
    assert!(missing[0].whole.contains("functions=lab-sv"), "{}", missing[0].whole);
    let round = step_of(&t, no, 1).rounds[0].clone();
    assert_eq!(ids(&t, round.answers.iter().filter(|(_, a)| a.yes).map(|(f, _)| *f)), ["icu", "ed"]);
    assert_eq!(ids(&t, round.answers.values().map(|a| a.by)), ["icu", "cl-fs"]);
    // The next round has a code of its own; the old one no longer counts.
    t.clear();
    t.advance(3600 - 600);
    assert_eq!(noted(&t, NoteWord::ConferenceCall), ["icu", "ed", "lab"]);
    assert_ne!(code(&t, no, 1), first);
    t.reply("lab", Channel::Email, &format!("ja {first}"));
    assert_eq!(step_of(&t, no, 1).rounds[1].answers.len(), 0);
    assert_eq!(noted(&t, NoteWord::StepOver), ["lab"]);
    let second = code(&t, no, 1);
    t.reply("lab", Channel::Email, &format!("ja {second}"));
    t.reply("lab", Channel::Email, &format!("ja {second}"));
    assert_eq!(step_of(&t, no, 1).rounds[1].answers.len(), 1);
    // It ends with the incident.
    t.act("it-led", clear(no)).unwrap();
    t.clear();
    t.advance(5 * 3600);
    assert!(noted(&t, NoteWord::ConferenceCall).is_empty() && noted(&t, NoteWord::ConferenceMissing).is_empty());
}

#[test]
fn lesson_10_twice_a_day_at_its_local_times() {
    let mut t = Timeline::starting(DAY, plan(Beat::Daily(vec![8 * 60 + 30, 15 * 60 + 30])));
    let no = slow(&mut t);
    assert!(noted(&t, NoteWord::ConferenceCall).is_empty());
    let mut rounds = Vec::new();
    for _ in 0..6 {
        t.advance(12 * 3600);
        rounds = step_of(&t, no, 1).rounds.iter().map(|r| r.at.to_string()).collect();
    }
    assert_eq!(
        rounds,
        [
            "2008-12-18T14:30:00Z",
            "2008-12-19T07:30:00Z",
            "2008-12-19T14:30:00Z",
            "2008-12-20T07:30:00Z",
            "2008-12-20T14:30:00Z",
            "2008-12-21T07:30:00Z"
        ]
    );
}

#[test]
fn lesson_10_rounds_that_were_slept_through_are_not_held_after_the_fact() {
    let mut t = Timeline::starting(DAY, plan(Beat::Every(3600)));
    let no = slow(&mut t);
    t.clear();
    // The program was down for a day and a half: one look, at once.
    t.now = t.now + 36 * 3600;
    t.input(Input::Due).unwrap();
    assert!(step_of(&t, no, 1).rounds.len() <= 2, "{}", step_of(&t, no, 1).rounds.len());
    assert!(noted(&t, NoteWord::ConferenceMissing).len() <= 1);
    let now = t.now;
    assert!(step_of(&t, no, 1).new.due >= now);
}

#[test]
fn lesson_10_its_owner_ends_it_and_only_its_owner() {
    let mut t = Timeline::starting(DAY, plan(Beat::Every(3600)));
    let no = slow(&mut t);
    let c = code(&t, no, 1);
    t.reply("icu", Channel::Sms, &format!("klar {c}"));
    assert_eq!(how(&t, no, 1), "open");
    t.reply("tib", Channel::Sms, &format!("klar {c}"));
    assert_eq!(how(&t, no, 1), "done");
}
