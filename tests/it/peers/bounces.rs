//! Reports of failure of many mail servers, collected by others, each with the number of a mail of ours put in by
//! `tests/peers/bounces/collect.py`: what we take each for, beside what flufl.bounce takes it for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use vardkase::gateways::smtp::{any_mail, sample_mail_ids};

use super::said;

/// Failures that flufl.bounce does not call so, since it finds no address in them: each says in its own words that the mail was
/// not delivered.
const FAILED_BY_THEIR_WORDS: [(&str, &str); 3] = [
    ("bounce_01", "“Your mail cannot be delivered to the following address(es)”"),
    ("dumbass_01", "“The following mail could not be delivered. Reason: Exceeded Maximum Delivery Attempts”"),
    ("simple_43", "“A message that you sent could not be delivered to one or more of its recipients”"),
];
/// Of a hundred failures in a part for machines, so many must be found.
const MACHINE_MIN: usize = 97;
/// Of a hundred failures told in words, so many must be found.
const WORDS_MIN: usize = 75;
/// The collection has at least so many mails.
const MAILS_MIN: usize = 100;

#[test]
#[ignore = "needs the collection: tests/peers/bounces.sh"]
fn sample_ids_are_said() {
    let [token, message_id] = sample_mail_ids();
    std::fs::write(said("VARDKASE_PEER_IDS"), format!("{token}\n{message_id}\n")).unwrap();
}

#[test]
#[ignore = "needs the collection: tests/peers/bounces.sh"]
fn what_came_back_is_found_and_nothing_else() {
    let folder = PathBuf::from(said("VARDKASE_PEER_BOUNCES"));
    let expected = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let (mut shares, mut mails, mut wrong) = (BTreeMap::new(), 0, Vec::new());
    let mut how_many: BTreeMap<&str, usize> = BTreeMap::new();
    for line in expected.lines() {
        let [name, kind, verdict, how] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let told = any_mail(&std::fs::read(folder.join(format!("{name}.eml"))).unwrap());
        *how_many.entry(how).or_default() += 1;
        mails += 1;
        if verdict == "permanent" {
            let (found, all): &mut (usize, usize) = shares.entry(kind).or_default();
            *all += 1;
            *found += usize::from(told == "failed");
        }
        let known = FAILED_BY_THEIR_WORDS.iter().find(|(n, _)| *n == name);
        let agrees = (verdict == "permanent") == (told == "failed");
        if !agrees {
            let why = known.map_or("", |(_, why)| why);
            println!("   differs: {name} ({kind}): flufl.bounce says {verdict}, we say {told} {why}");
        }
        if told == "delivered" || told == "answer" || (told == "failed" && verdict != "permanent" && known.is_none()) {
            wrong.push(name);
        }
        // Without our number none of them is about a mail of ours.
        let strange = any_mail(&std::fs::read(folder.join(format!("{name}.raw"))).unwrap());
        assert!(!["failed", "delivered", "waits", "answer"].contains(&strange), "{name} is not ours, and is {strange}");
    }
    println!("   {mails} mails; our number stands where theirs was quoted or where the copy was cut out: {how_many:?}");
    assert!(mails >= MAILS_MIN, "only {mails} mails");
    assert!(wrong.is_empty(), "no failure, and taken for one or for something else: {wrong:?}");
    for (kind, least) in [("machine", MACHINE_MIN), ("words", WORDS_MIN)] {
        let (found, all) = shares[kind];
        let share = 100.0 * found as f64 / all as f64;
        println!("ok failures told to {kind}: {found} of {all} found, {share:.1} %, at least {least} % are asked for");
        assert!(100 * found >= least * all, "{kind}: {found} of {all}");
    }
}
