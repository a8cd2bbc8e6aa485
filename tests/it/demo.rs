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
