//! Mails as people and their programs write them: which lines go on.

use proptest::prelude::*;

use super::*;

const NO: IncidentNo = IncidentNo::actual(14);

fn check(text: &str, expected: &[&str]) {
    assert_eq!(answer_lines(text, NO), expected, "{text}");
}

/// TRIALS I5: the kinds of lines around an answer.
#[test]
fn trial_i5_greetings_and_warnings_stand_before_an_answer() {
    for text in [
        "Hej,\n\nJA 14\n",
        "Hej!\nJA 14",
        "God morgon Anna,\n\nJA 14\n\nMvh Anna Ek",
        "Hej Region, JA 14",
        "[EXTERNT MEJL] Klicka inte på länkar.\n\nJA 14",
        "[EXTERNT MEJL] JA 14",
        "[EXTERNAL]\nJA 14",
        "CAUTION: This email originated from outside of the organization.\nDo not click links or open attachments unless you\nknow the content is safe.\n\nJA 14",
        "CAUTION: This email originated from outside.\nJA 14",
        "Detta mejl kommer från en extern avsändare. Klicka inte på länkar.\nNej, öppna inget.\n\nJA 14",
        "*VARNING:* mejlet kommer utifrån\n________________________________\nJA 14",
        "Du får inte ofta e-post från larm@region.example. Läs om varför det är viktigt<https://aka.ms/x>\n\nJA 14",
        "STOP. THINK. Is this mail from somebody you know?\nOK to open?\n\nHello\n\nJA 14",
    ] {
        check(text, &["JA 14"]);
    }
}

#[test]
fn trial_i5_the_mail_that_is_answered_is_not_read() {
    for text in [
        "JA 14\n\n> 14-1 ABCDEF LARM\n> Svara NEJ 14\n",
        "> 14-1 ABCDEF LARM\n> Svara NEJ 14\n\nJA 14\n",
        "> Svara\n\nJA 14\n\n> NEJ 14",
        "JA 14\nDen 22 nov skrev Region <x@y>:\n> Svara NEJ 14\n",
        "Den 22 nov. 2026 kl. 03.12 skrev Region Fjällmark\n<larm@region.example>:\n\n> Svara NEJ 14\n\nJA 14",
        "On Sun, Nov 22, 2026 at 03:12, Region <\nlarm@region.example> wrote:\n\n> Svara NEJ 14\n\nJA 14",
        "JA 14\n\nOn 22/11/2026, 03:12, \"Region\" <larm@region.example> wrote:\n\n    Svara\n    NEJ 14",
        "JA 14\n\nSkickat från min iPhone\n\n> 22 nov. 2026 kl. 03:12 skrev Region <x@y>:\n>\n> NEJ 14",
        "JA 14\n\n-----Ursprungligt meddelande-----\nFrån: Region\nSkickat: den 22 november\nTill: iva\nÄmne: 14-1\n\nNEJ 14",
        "JA 14\n\n-----Original Message-----\nNEJ 14",
        "JA 14\n________________________________\nFrån: Region <x@y>\nSkickat: den 22 november 2026 03:12\nTill: iva\nÄmne: 14-1\n\nNEJ 14",
        "JA 14\n\nFrom: Region\nSent: Sunday\nTo: iva\nSubject: 14-1\n\nNEJ 14",
        "JA 14\n\n*Von:* Region\n*Gesendet:* Sonntag\n\nNEJ 14",
        "JA 14\n\nFra: Region\nDato: 22.11\nTil: iva\nEmne: 14-1\n\nNEJ 14",
        "JA 14\n\nLähettäjä: Region\nLähetetty: 22.11\n\nNEJ 14",
        "JA 14 Från: Region\n\nFrån: Region Skickat: den 22 nov Till: iva Ämne: 14-1 NEJ 14",
        "JA 14\n\nVidarebefordrat brev:\nNEJ 14",
        "JA 14\n\n-- \nNEJ 14 avdelningen\nwww",
    ] {
        let lines = answer_lines(text, NO);
        assert!(lines.iter().all(|l| l.starts_with("JA 14")) && lines.len() == 1, "{text}\n{lines:?}");
    }
}

#[test]
fn trial_i5_what_telephones_write_below_is_no_answer() {
    for below in [
        "Skickat från min iPhone",
        "Sent from my Galaxy",
        "Hämta Outlook för iOS<https://aka.ms/o0ukef>",
        "Get Outlook for Android",
        "Sendt fra min iPhone",
        "Von meinem iPhone gesendet",
        "Lähetetty iPhonesta",
    ] {
        check(&format!("Ja\n\n{below}"), &["Ja"]);
    }
}

/// The number makes a line the likeliest; the others keep their order, and there are few of them.
#[test]
fn the_likeliest_line_comes_first() {
    check("Jag sitter i bilen.\nKommer strax.\n\nJA 14\n", &["JA 14", "Jag sitter i bilen.", "Kommer strax."]);
    check(
        "Jag ringde 1177 och fick svaret att det gäller 14\nja",
        &["Jag ringde 1177 och fick svaret att det gäller 14", "ja"],
    );
    check("tack\nJA14", &["JA14", "tack"]);
    check("tack\nja 14-2.", &["ja 14-2.", "tack"]);
    check("tack\nja 15", &["tack", "ja 15"]);
    check("Hej jag tar det", &["jag tar det"]);
    check("Hej\u{200b}, ja\u{ad}", &["ja"]);
    assert_eq!(answer_lines("tack\nja ö-3", IncidentNo::exercise(3)), ["ja ö-3", "tack"]);
    assert_eq!(answer_lines(&"x\n".repeat(100), NO).len(), GIVEN_MAX);
    check("👍", &[]);
    check("Hej!\n\n> JA 14", &[]);
}

/// TRIALS I5: the number stands in the subject alone.
#[test]
fn trial_i5_the_subject_of_ours_names_what_a_bare_answer_is_about() {
    let ours = "Re: 14-1 7K4F2A LARM STABSLÄGE";
    for (line, subject, expected) in [
        ("ja", ours, "ja 14-1"),
        ("Ja!", ours, "Ja 14-1"),
        ("Ja tack.", "Sv: PÅMINNELSE 14-1 7K4F2A LARM", "Ja tack 14-1"),
        ("ja", "ÖVNING 14-1 7K4F2A x ÖVNING", "ja 14-1"),
        // What is not bare stays as it is: it is for others to doubt it.
        ("ok, tack för ditt mejl!", ours, "ok, tack för ditt mejl!"),
        ("OK vad?", ours, "OK vad?"),
        ("ja 15", ours, "ja 15"),
        // A note asks for a code, and bears no fingerprint.
        ("ja", "Re: 14 Ska texten gå ut?", "ja"),
        ("ja", "Re: 15-1 7K4F2A LARM", "ja"),
        ("ja", "", "ja"),
    ] {
        assert_eq!(with_number(line, subject, NO), expected, "{line} {subject}");
    }
    assert_eq!(with_number("ja", "ÖVNING Ö-3-1 7K4F2A x", IncidentNo::exercise(3)), "ja Ö-3-1");
    for (subject, expected) in [
        ("JA 14", Some("JA 14")),
        ("nej 14-1", Some("nej 14-1")),
        ("Re: JA 14", None),
        (ours, None),
        ("14 Ja eller nej", None),
        ("14-1 7K4F2A LARM", None),
        ("ja", None),
    ] {
        assert_eq!(answer_in_subject(subject, NO).as_deref(), expected, "{subject}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_words_make_it_panic(text in "(\\PC|[>\n:*]|skrev |Från: |Skickat: |\\[EXTERN\\]|Hej|14-1 |--|-----Original Message-----){0,60}") {
        let lines = answer_lines(&text, NO);
        prop_assert!(lines.len() <= GIVEN_MAX && lines.iter().all(|l| l.chars().count() <= LINE_CHARS_MAX));
        let _ = (with_number(&text, &text, NO), answer_in_subject(&text, NO));
    }

    /// Whatever stands around it, what is marked as quoted never goes on.
    #[test]
    fn a_quoted_yes_is_never_given_on(above in "\\PC{0,20}", below in "\\PC{0,20}") {
        let text = format!("{above}\n\n> JA 14 zzz\n\n{below}\n");
        prop_assert!(answer_lines(&text, NO).iter().all(|l| !l.contains("zzz")));
    }
}
