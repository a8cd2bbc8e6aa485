//! The demo, end to end: a report, real protocols on loopback, answers, approval, escalation, and the proof of the texts.

use vardkase::app::demo::{DemoEvent, DemoOptions, demo};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_reached_or_passed_on_and_every_text_is_identical() {
    let state = tempfile::tempdir().unwrap();
    let options =
        DemoOptions { playbook: None, level: None, config: None, port: 18_080, state: state.path().join("state") };
    let mut approved = false;
    let mut show = |e: DemoEvent| approved |= matches!(e, DemoEvent::Approved);
    let (running, _far, report) = demo(options, &mut show).await.unwrap();
    assert!(report.identical, "{:?} {:?}", report.proofs, report.public_equal);
    assert!(report.everybody, "{:#?}", report.rows);
    assert_eq!(report.public_equal, Some(true));
    let gateways: Vec<&str> = report.proofs.iter().filter(|p| p.texts > 0).map(|p| p.gateway.as_str()).collect();
    for channel in ["sms-api", "mail-int", "fax-ip", "page-fs"] {
        assert!(gateways.contains(&channel), "{channel} carried nothing: {gateways:?}");
    }
    assert!(report.rows.iter().any(|r| r.passed_on > 0 && r.answered_by.as_ref().is_some_and(|b| *b != r.function)));
    assert!(approved);
    running.stop().await;
}

/// Nobody says yes to what it does not cover, and nothing is waited for until the time is up, at any level that the region has.
async fn answers_only_what_was_asked(playbook: &str, level: &str, port: u16) {
    let state = tempfile::tempdir().unwrap();
    let (playbook, level) = (Some(playbook.to_owned()), Some(level.to_owned()));
    let options = DemoOptions { playbook, level, config: None, port, state: state.path().join("state") };
    let (running, _far, report) = demo(options, &mut |_| {}).await.unwrap();
    let in_vain = running.handle.query(|state, _| {
        let who = |p| state.plan.point(p).functions.iter().map(|f| state.plan.function(*f).id.to_string());
        state.in_vain.iter().map(|(p, v)| (who(*p).collect(), v.count)).collect::<Vec<(Vec<String>, u32)>>()
    });
    let in_vain = in_vain.await.unwrap();
    let alarms: Vec<String> = running.handle.board().alarms().iter().map(|a| a.name.clone()).collect();
    running.stop().await;
    assert_eq!(in_vain, [], "{alarms:?}");
    assert!(!alarms.iter().any(|name| name.starts_with("answers-in-vain")), "{alarms:?}");
    assert!(report.ended && report.everybody && report.identical && report.answered > 0, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_degraded_nobody_answers_in_vain() {
    answers_only_what_was_asked("ehr-slow", "degraded", 18_180).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_outage_nobody_answers_in_vain() {
    answers_only_what_was_asked("ehr-down", "outage", 18_240).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_major_nobody_answers_in_vain() {
    answers_only_what_was_asked("ehr-down", "major", 18_300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_critical_nobody_answers_in_vain() {
    answers_only_what_was_asked("ehr-down", "critical", 18_360).await;
}

/// Another region, with another playbook, levels and languages: its people answer in its words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_region_is_shown_in_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in vardkase::config::minimal() {
        let (path, text) = match path.as_str() {
            "playbooks/ehr-down.yaml" => {
                ("playbooks/flood.yaml".to_owned(), text.replace("playbook: ehr-down", "playbook: flood"))
            }
            "contacts/organisation.yaml" => (path, text.replace("languages: [sv, en]", "languages: [en, sv]")),
            _ => (path, text),
        };
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let options = DemoOptions {
        playbook: None,
        level: None,
        config: Some(folder.path().to_owned()),
        port: 18_480,
        state: folder.path().join("state"),
    };
    let (mut approved, mut words) = (false, Vec::new());
    let mut show = |e: DemoEvent| match e {
        DemoEvent::Approved => approved = true,
        DemoEvent::Answered(_, text) => words.push(text),
        _ => {}
    };
    let (running, _far, report) = demo(options, &mut show).await.unwrap();
    running.stop().await;
    assert!(report.identical && report.everybody && approved, "{report:#?}");
    assert!(report.answered > 0);
    assert!(!words.is_empty() && words.iter().all(|w| w == "YES 1"), "{words:?}");
}
