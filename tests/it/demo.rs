//! The demo, end to end: a report, real protocols on loopback, answers, approval, escalation, and the proof of the texts.

use vardkase::app::demo::{DemoEvent, DemoOptions, demo};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_reached_or_passed_on_and_every_text_is_identical() {
    let state = tempfile::tempdir().unwrap();
    let options = DemoOptions {
        playbook: "ehr-down".into(),
        level: "major".into(),
        config: None,
        port: 18_080,
        state: state.path().join("state"),
    };
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
