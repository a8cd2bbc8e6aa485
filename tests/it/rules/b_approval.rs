//! B. Who gets the first text, and approval.

use super::timeline::*;
use vardkase::domain::incident::state::*;

#[test]
fn rule_b1_care_waits_for_kib_when_patients_are_safe_and_tech_does_not() {
    let mut t = Timeline::by_day();
    let no = t.ehr_down("major");
    assert_eq!(t.got("it", Kind::Alert).len(), 2);
    assert_eq!(t.got("icu", Kind::Alert).len(), 0);
    let (_, approval) = t.waiting(no, "icu").unwrap();
    t.reply("kib", vardkase::domain::plan::Channel::Sms, &format!("OK {}", approval.code.as_str()));
    assert_eq!(t.got("icu", Kind::Alert).len(), 2, "sms and fax");
}
