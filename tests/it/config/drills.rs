//! `playbooks/drills.yaml`: what is shipped begins, and each mistake is said with its place.

use vardkase::config::{Source, load};

fn checked(drills: &str) -> String {
    let mut files = Vec::new();
    for folder in ["channels", "contacts", "playbooks"] {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
                files.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    files.retain(|(name, _)| name != "playbooks/drills.yaml");
    files.push(("playbooks/drills.yaml".into(), drills.into()));
    files.sort();
    let found = match load(&Source::Files(files)) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    };
    let of_drills = found.iter().filter(|d| d.file == "playbooks/drills.yaml");
    let said = |d: &vardkase::yaml::Diagnostic| {
        format!("{}:{}: {} {}", d.file, d.line, d.message, d.help.clone().unwrap_or_default())
    };
    of_drills.map(said).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_drills_begin_when_they_are_meant_to() {
    let loaded = load(&Source::Shipped).unwrap();
    let zone = &loaded.plan.calendar;
    let from = "2027-01-15T00:00:00Z".parse().unwrap();
    let next = |id: &str| {
        let drill = loaded.drills.iter().find(|d| d.order.drill.id.as_ref().is_some_and(|i| i.as_str() == id)).unwrap();
        drill.next_used(&loaded.plan, from).map(|at| zone.local(at).strftime("%Y-%m-%d %H:%M %a").to_string())
    };
    assert_eq!(next("ways-by-day").as_deref(), Some("2027-03-09 10:00 Tue"));
    assert_eq!(next("ways-at-night").as_deref(), Some("2027-05-09 22:30 Sun"));
    assert_eq!(next("table-virus").as_deref(), Some("2027-10-13 13:00 Wed"));
    assert_eq!(next("records-without-mail"), None, "by hand");
    assert!(next("pagers-fs").is_some());
    let aims: Vec<_> = loaded.plan.objectives.iter().map(|o| (o.percent, o.within_s)).collect();
    assert_eq!(aims, [(90, 900)], "what real incidents are to show");
    let without = loaded.drills.iter().find(|d| !d.order.drill.without.is_empty()).unwrap();
    assert_eq!(without.order.drill.gateways_away, ["mail-int".into(), "web-intra".into()]);
}

#[test]
fn each_mistake_in_a_drill_is_said() {
    let drill = |lines: &str| format!("drills:\n  trial:\n    title: {{ sv: Prov, en: Trial }}\n{lines}");
    let test = "    kind: communication-test\n    to: [clin]\n    lead: [it-bered]\n";
    let table = "    kind: tabletop\n    playbook: malware\n    lead: [it-led]\n";
    for (lines, said) in [
        ("    kind: functional\n    playbook: ehr-dwn\n    lead: [it-led]\n".to_owned(), "did you mean \"ehr-down\"?"),
        ("    kind: functional\n    lead: [it-led]\n".to_owned(), "not said which playbook"),
        (test.replace("it-bered", "it-berd"), "did you mean \"it-bered\"?"),
        (test.replace("to: [clin]", "to: [clin, kommuner]"), "never reaches those outside of the region: kommuner"),
        (test.replace("    to: [clin]\n", ""), "not said whom this test addresses"),
        (format!("{test}    playbook: malware\n"), "plays no playbook"),
        (test.replace("communication-test", "gateway-test"), "which gateway this is a test of"),
        (test.replace("communication-test", "gateway-test") + "    gateway: sms-apo\n", "did you mean \"sms-api\"?"),
        (format!("{test}    without: [intro]\n"), "did you mean \"intra\"?"),
        (format!("{test}    cron: \"0 25 * * *\"\n"), "\"25\" is no hour"),
        (format!("{test}    cron: \"0 10 30 2 *\"\n"), "this time never comes"),
        (format!("{test}    cron: \"0 10 * * *\"\n    excluded: [{{ hours: \"09:00..11:00\" }}]\n"), "is excluded"),
        (format!("{test}    cron: \"0 7 * * *\"\n"), "within 30 min of a change of shift"),
        (format!("{test}    cron: \"0 7,10 * * *\"\n"), "a shift changes within 30 min"),
        (
            format!("{test}    cron: \"30 2 * * *\"\n    near_shift: true\n"),
            "the clock does not show 02:30: the drill begins at 03:30",
        ),
        (format!("{test}    cron: \"30 2 * OCT *\"\n    near_shift: true\n"), "twice: the drill begins at the first"),
        (format!("{test}    excluded: [{{ days: \"06-31..07-10\" }}]\n"), "are no days"),
        (format!("{test}    excluded: [{{ hours: \"25:00..06:00\" }}]\n"), "are no hours"),
        (format!("{test}    excluded: [{{ holidays: false }}]\n"), "excludes every time"),
        (
            format!("{test}    objectives: [{{ capability: {{ sv: Nås, en: Reached }}, percent: 101, within: 5m }}]\n"),
            "from 1 to 100",
        ),
        (
            format!(
                "{table}    injects:\n      - {{ after: 10m, text: {{ sv: A, en: A }} }}\n      - {{ after: 5m, text: {{ sv: B, en: B }} }}\n"
            ),
            "comes before the one above it",
        ),
        (
            format!("{table}    lasts: 5m\n    injects: [{{ after: 10m, text: {{ sv: A, en: A }} }}]\n"),
            "after the end of the drill",
        ),
    ] {
        let found = checked(&drill(&lines));
        assert!(found.contains(said), "{lines}\n{said}\n---\n{found}");
        assert!(found.contains("playbooks/drills.yaml:"), "{found}");
    }
    assert_eq!(checked(&drill(test)), "");
    assert_eq!(checked(&drill(table)), "");
    // Of real incidents alike.
    let one = |percent: u32, capability: &str| {
        format!("    - {{ capability: {{ {capability} }}, percent: {percent}, within: 5m }}\n")
    };
    let real = |lines: &str| drill(test) + "real:\n  objectives:\n" + lines;
    let whole = one(90, "sv: Nås, en: Reached");
    for (lines, said) in [
        (one(0, "sv: Nås, en: Reached"), "from 1 to 100"),
        (one(90, "sv: Nås"), "missing in en"),
        (whole.replace(", within: 5m", ""), "within"),
        (whole.replace("within", "withn"), "withn"),
        (whole.repeat(51), "more than 50 objectives"),
    ] {
        let found = checked(&real(&lines));
        assert!(found.contains(said) && found.contains("playbooks/drills.yaml:"), "{said}\n---\n{found}");
    }
    assert_eq!(checked(&real(&whole)), "");
    assert!(checked(&(drill(test) + "real: {}\n")).contains("objectives"));
}
