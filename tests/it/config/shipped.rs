//! The shipped region: whole, clean of errors, its traps shown, its texts fit to be sent.

use std::collections::BTreeSet;

use vardkase::config::{Source, load, run_check};
use vardkase::domain::lang::Lang;
use vardkase::domain::plan::{Channel, To};
use vardkase::domain::step::StepKind;
use vardkase::domain::text::Charset;

#[test]
fn it_is_whole() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    assert_eq!((plan.functions.len(), plan.systems.len(), plan.gateways.len()), (35, 32, 16));
    assert_eq!((plan.playbooks.len(), plan.routines.len(), plan.groups.len()), (8, 12, 5));
    assert_eq!((plan.infra.len(), plan.region.sites.len()), (22, 5));
    assert_eq!(loaded.gateways.len(), plan.gateways.len());
    assert!(loaded.gateways.iter().zip(&plan.gateways).all(|(c, g)| c.id == g.id && c.channel == g.channel));
    assert_eq!(loaded.contacts.len(), plan.points.len());
    assert!(loaded.fictional);
    assert_eq!(plan.hash.len(), 64);
    assert!(plan.playbooks.keys().all(|p| loaded.tests.iter().any(|t| t.playbook == *p)), "every playbook has a test");
    let clocks = loaded.plan.playbooks.values().flat_map(|p| &p.steps).filter(|s| s.kind == StepKind::Clock);
    assert!(clocks.count() >= 4, "the clocks of the authorities");
    let text = serde_json::to_string(plan).expect("a plan is data");
    assert_eq!(&serde_json::from_str::<vardkase::domain::plan::Plan>(&text).expect("and back"), plan);
}

#[test]
fn nothing_of_it_leaves_this_machine() {
    let loaded = load(&Source::Shipped).expect("no errors");
    assert!(loaded.gateways.iter().all(|g| g.is_loopback()));
    let mut ports = BTreeSet::new();
    for (p, point) in loaded.plan.points.iter().enumerate() {
        let address = loaded.contacts.address(vardkase::domain::ids::PointIx(p as u32)).expect("an address");
        let fictional = match point.channel {
            Channel::Sms => address.strip_prefix("+467017406").is_some_and(|n| n.len() == 2 && n >= "05"),
            Channel::Fax => address.strip_prefix("+469803192").is_some_and(|n| n.len() == 2),
            Channel::Email => address.ends_with(".example"),
            Channel::Paging => address.len() == 3,
            Channel::Web | Channel::Manual => false,
        };
        assert!(fictional, "point {p} over {}", point.channel);
        ports.insert((point.channel, address.clone(), point.gateways.clone()));
    }
    assert_eq!(ports.len(), loaded.plan.points.len(), "each address is one duty point");
}

#[test]
fn the_plan_holds_no_address() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let text = format!("{} {:?}", serde_json::to_string(&loaded.plan).expect("a plan is data"), loaded.contacts);
    for p in 0..loaded.contacts.len() {
        let address = loaded.contacts.address(vardkase::domain::ids::PointIx(p as u32)).expect("an address");
        // Pager codes are three digits: they may occur in any number.
        assert!(address.len() == 3 || !text.contains(&**address), "an address is in the plan");
    }
}

#[test]
fn rule_c2_an_address_of_several_functions_is_one_duty_point() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    let shared =
        loaded.contacts.find(plan, Channel::Email, "Systemagare@fjallmark.example").expect("found in any case");
    let functions: Vec<&str> = plan.point(shared).functions.iter().map(|f| plan.function(*f).id.as_str()).collect();
    assert_eq!(functions, ["so-vard", "so-infra"]);
    assert_eq!(
        loaded.contacts.find(plan, Channel::Sms, "+46 70-174 06 05"),
        loaded.contacts.find(plan, Channel::Sms, "+46701740605")
    );
    assert_eq!(loaded.contacts.find(plan, Channel::Email, "+46701740605"), None);
}

/// RULES F: each trap of the region is a warning, and an error under `--strict`.
#[test]
fn its_traps_show_as_warnings() {
    let report = run_check(&Source::Shipped, None, false);
    assert_eq!(report.exit_code, 0, "{}", report.text(Lang::EN));
    assert_eq!(run_check(&Source::Shipped, None, true).exit_code, 2);
    let all: Vec<(&str, &str)> = report.diagnostics.iter().map(|d| (d.code, d.message.as_str())).collect();
    let count = |code: &str| all.iter().filter(|(c, _)| *c == code).count();
    let one = |code: &str, with: &[&str]| {
        let hits = all.iter().filter(|(c, m)| *c == code && with.iter().all(|w| m.contains(w))).count();
        assert_eq!(hits, 1, "{code} {with:?}\n{}", report.text(Lang::EN));
    };
    // Primary care has nobody of its own at night.
    one("site-alone", &["PV has nobody of its own"]);
    assert_eq!(count("site-alone"), 1);
    // tib-2 → regdir → (night) tib is a circle.
    one("deputy-circle", &["\"tib-2\"", "\"regdir\"", "\"tib\""]);
    assert_eq!(count("deputy-circle"), 1);
    // Nine functions are their own only deputy at night.
    for f in ["presschef", "talesp", "cl-hs", "cl-ls", "op-koord", "lm-bered", "pv-led", "so-infra", "dso"] {
        one("own-only-deputy", &[&format!("\"{f}\" is its own only deputy")]);
    }
    assert_eq!(count("own-only-deputy"), 9);
    // The LS transmitter can't carry å ä ö nor the word ÖVNING.
    one("cannot-carry", &["\"page-ls\" carries no text in sv", "has no Ö"]);
    // core hangs on hall A alone; building control shares its power with hall A.
    for infra in ["core", "hall-a", "ups-a", "bms"] {
        one("heavy-loss", &[&format!("losing \"{infra}\"")]);
    }
    assert_eq!(
        count("heavy-loss"),
        4,
        "that two days without the grid silence everybody is accepted, and said by `reach`"
    );
    // The directory is on the intranet and falls with the telephones.
    one("switchboard-alone", &["telefoni", "katalog", "\"core\""]);
    // Loudspeakers in 35 of 42 wards.
    one("coverage", &["\"pa-fs\" reaches 35 of 42"]);
    // Addresses that no test has proven.
    assert_eq!(count("never-proven"), 4);
    // And nothing that would be a mistake of ours.
    for code in [
        "first-page",
        "single-path",
        "single-point",
        "accepted-in-vain",
        "contact",
        "answer-within",
        "cut-off",
        "point-differs",
        "no-number",
        "public-text",
        "long-text",
        "hard-word",
        "no-afterwards",
    ] {
        assert_eq!(count(code), 0, "{code}\n{}", report.text(Lang::EN));
    }
}

#[test]
fn rule_a3_mark_kind_mode_site_and_what_stand_on_a_pagers_first_page() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    for (lang, words) in &plan.words {
        let header = format!("{} {}-14-2 7K4F2A 1/9 ", words.mark, words.drill_prefix);
        for playbook in plan.playbooks.values() {
            for mode in &plan.ladders.modes {
                // All of the region stands without a site.
                for site in playbook
                    .sites
                    .iter()
                    .filter(|s| **s != plan.region.whole)
                    .map(|s| format!(" {s}"))
                    .chain(playbook.sites.contains(&plan.region.whole).then(String::new))
                {
                    let what = playbook.what.get(*lang);
                    let page = format!(
                        "{header}{} {}{site}: {what}. {}",
                        words.kinds.alert,
                        mode.label.get(*lang),
                        words.mark
                    );
                    assert!(page.chars().count() <= 80, "{} characters: {page}", page.chars().count());
                }
            }
        }
    }
}

#[test]
fn rule_a5_english_is_plain_ascii_and_swedish_fits_the_other_pagers() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    let mut texts: Vec<(Lang, &str)> = Vec::new();
    for l10n in plan
        .playbooks
        .values()
        .flat_map(|p| [&p.what, &p.scope, &p.after.up, &p.after.keep, &p.after.well, &p.after.after])
        .chain(plan.routines.values().map(|r| &r.text))
        .chain(plan.ladders.modes.iter().map(|m| &m.label))
    {
        texts.extend(l10n.0.iter().map(|(l, t)| (*l, t.as_str())));
    }
    for (lang, words) in &plan.words {
        texts.extend(words.notes.values().map(|t| (*lang, t.as_str())));
        texts.push((*lang, &words.mark));
        let internal = |t: &vardkase::domain::words::TextWord| !t.key().starts_with("public_");
        let texts_of = words.texts.iter().filter(|(t, _)| internal(t)).flat_map(|(_, parts)| parts);
        texts.extend(texts_of.map(|t| (*lang, t.as_str())));
    }
    for (lang, text) in texts {
        let plain: String = text.chars().filter(|c| !matches!(c, '{' | '}' | '_')).collect();
        if lang == Lang::EN {
            assert_eq!(Charset::Ascii7.first_missing(&plain), None, "{text}");
        }
        assert_eq!(Charset::Iso646Se.first_missing(&plain), None, "{text}");
        assert_eq!(Charset::Gsm7.first_missing(&plain), None, "{text}");
    }
    assert!(plan.words[&Lang::EN].drill_prefix.is_ascii());
}

#[test]
fn rule_a1_a_public_text_names_no_routine_and_privacy_is_never_public() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    assert!(plan.routines.values().all(|r| r.outside.is_none()), "internal routines never leave");
    let privacy = &plan.playbooks[&"privacy".into()];
    assert_eq!(privacy.public, vardkase::domain::plan::PublicRule::Never);
    let rows = privacy.levels.iter().flat_map(|l| &l.notify);
    assert!(rows.clone().count() > 0 && rows.clone().all(|r| r.to != To::Public));
}

#[test]
fn rule_d7_levels_have_aliases_and_d6_degraded_wakes_two_at_night() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    for (alias, id) in [("D1", "degraded"), ("d2", "outage"), ("D3", "major"), ("D4", "critical")] {
        let level = plan.ladders.level(alias).and_then(|l| plan.ladders.level_at(l)).expect("a level");
        assert_eq!(level.id, id);
    }
    let slow = &plan.playbooks[&"ehr-slow".into()];
    let mut paged = Vec::new();
    let mut told = Vec::new();
    for row in slow.levels[0].notify.iter().filter(|row| !row.if_unsafe) {
        let To::Functions(functions) = &row.to else { continue };
        let ids = functions.iter().map(|f| plan.function(*f).id.to_string());
        match (row.night, row.answer) {
            (vardkase::domain::plan::NightRule::QuietUntil(390), _) => (),
            (_, Some(vardkase::domain::plan::AnswerRule::None)) => told.extend(ids),
            _ => paged.extend(ids),
        }
    }
    assert_eq!(paged, ["it-bered", "app-jour"]);
    assert_eq!(told, ["tib"]);
}

#[test]
fn rule_d3_rights_are_those_of_the_house() {
    let loaded = load(&Source::Shipped).expect("no errors");
    let plan = &loaded.plan;
    let f = |id: &str| plan.function_ix(id).expect("a function");
    let mode = |id: &str| plan.ladders.mode(id).expect("a mode");
    let may = |who: &str, site: &str, to: &str| plan.ladders.may_raise(f(who), &site.into(), mode(to));
    assert!(may("nat-jour", "HS", "staff"), "any duty reports into staff mode");
    assert!(may("tib", "REG", "reinforced") && !may("it-bered", "REG", "reinforced"));
    assert!(may("cl-fs", "FS", "reinforced") && !may("cl-fs", "HS", "reinforced"), "its own site only");
    assert!(may("cl-reg", "FS", "disaster") && !may("tib", "FS", "disaster"));
    for lowers in ["tib", "cl-reg"] {
        assert!(plan.ladders.may_lower(f(lowers), &"FS".into(), mode("staff")));
    }
    assert!(!plan.ladders.may_lower(f("it-bered"), &"FS".into(), mode("staff")));
}

#[test]
fn a_folder_with_the_same_files_is_the_same_plan() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["channels", "contacts", "playbooks"] {
        std::fs::create_dir(dir.path().join(folder)).expect("a folder");
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder").flatten() {
            std::fs::copy(entry.path(), dir.path().join(folder).join(entry.file_name())).expect("a copy");
        }
    }
    let source = Source::Dir(dir.path().to_owned());
    let shipped = load(&Source::Shipped).expect("no errors").plan;
    assert_eq!(load(&source).expect("no errors").plan, shipped);
    // One letter makes another plan.
    let groups = dir.path().join("contacts/groups.yaml");
    let text = std::fs::read_to_string(&groups).expect("a file");
    std::fs::write(&groups, format!("{text}# changed\n")).expect("written");
    assert_ne!(load(&source).expect("no errors").plan.hash, shipped.hash);
    // What can't be read is said, with the file.
    std::fs::write(&groups, b"groups:\n  a: [\xff]\n").expect("written");
    std::fs::write(dir.path().join("playbooks/x.yml"), "a: 1\n").expect("written");
    std::fs::remove_dir_all(dir.path().join("channels")).expect("removed");
    let said: Vec<_> = load(&source).expect_err("errors").into_iter().map(|d| (d.file, d.code)).collect();
    let expected = [("contacts/groups.yaml", "encoding"), ("playbooks/x.yml", "file-name"), ("channels", "folder")];
    assert_eq!(said, expected.map(|(file, code)| (file.to_owned(), code)));
}
