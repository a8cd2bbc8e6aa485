//! What somebody typed into a command, field by field, and that no number of a person's stands in it.
//!
//! Must not: look at what is chosen from a list, or at `contact`: a telephone number belongs there.

use std::collections::BTreeMap;

use super::input::{Action, News};
use super::refused::{Refused, refuse};
use crate::domain::lang::{L10n, Lang};
use crate::domain::personal_number::find;
use crate::domain::private::Private;

/// Refuses a command in whose words a number looks like a person's. Texts go to many, and the journal keeps them unalterably. Whoever
/// sends it says once that it is none; then this is not asked.
///
/// # Errors
/// The first such number, with its field and place.
pub fn no_personal_number(action: &Action) -> Result<(), Refused> {
    let mut first = Ok(());
    each(action, &mut |field, lang, text| {
        if first.is_ok() {
            first = match lang {
                Some(lang) => none_in(&format!("{field}.{lang}"), text),
                None => none_in(field, text),
            };
        }
    });
    first
}

/// The same for one text.
///
/// # Errors
/// As [`no_personal_number`].
pub fn none_in(field: &str, text: &str) -> Result<(), Refused> {
    let Some(found) = find(text) else { return Ok(()) };
    let (from, to) = (found.chars.start, found.chars.end - 1);
    Err(refuse!(PersonalNumber { field, from, to, register: found.register.name() }))
}

type See<'a> = dyn FnMut(&'static str, Option<Lang>, &str) + 'a;

/// Every text of a command, by the name that its field has in the API.
fn each(action: &Action, see: &mut See<'_>) {
    match action {
        Action::Report(r) => {
            words("what", r.what.as_ref(), see);
            words("scope", r.scope.as_ref(), see);
        }
        Action::DrillStart(order) => {
            words("what", order.report.what.as_ref(), see);
            words("scope", order.report.scope.as_ref(), see);
            words("title", Some(&order.drill.title), see);
            order.drill.injects.iter().for_each(|inject| words("text", Some(&inject.text), see));
        }
        Action::Reject { reason, replacement, .. } => {
            see("reason", None, reason.as_str());
            texts("replacement", replacement.as_ref(), see);
        }
        Action::Change { texts: changed, .. } => texts("texts", Some(changed), see),
        Action::Update { news, .. }
        | Action::Correct { news, .. }
        | Action::Restored { news, .. }
        | Action::Relapse { news, .. } => of_news(news, see),
        Action::BreakGlass { reason, .. }
        | Action::Unack { reason, .. }
        | Action::Stop { reason, .. }
        | Action::Mode { reason, .. }
        | Action::Decide { reason, .. }
        | Action::GatewayOut { reason, .. }
        | Action::GatewayIn { reason, .. }
        | Action::StepHave { reason, .. }
        | Action::StepStop { reason, .. }
        | Action::StepMove { reason, .. } => see("reason", None, reason.as_str()),
        Action::AllClear { override_reason, .. } => {
            if let Some(reason) = override_reason {
                see("override_reason", None, reason.as_str());
            }
        }
        Action::StepStart { start, .. } => words("title", start.title.as_ref(), see),
        Action::StepDone { reference, .. } => see("reference", None, reference.as_str()),
        Action::Improve { improvement: i, .. } => {
            let all = [("capability", &i.capability), ("issue", &i.issue), ("action", &i.action)];
            all.into_iter().for_each(|(field, words)| see(field, None, words.as_ref().map_or("", Private::as_str)));
        }
        Action::ImprovementDone { verified, .. } => see("verified", None, verified.as_str()),
        Action::ImprovementDropped { reason, .. }
        | Action::NoImprovement { reason, .. }
        | Action::Rate { reason, .. } => see("reason", None, reason.as_str()),
        Action::Remark { text, reference, analysis, recommendation, .. } => {
            let all =
                [("text", text), ("reference", reference), ("analysis", analysis), ("recommendation", recommendation)];
            all.into_iter().for_each(|(field, words)| see(field, None, words.as_str()));
        }
        Action::Feedback { went_well, went_badly, change, .. } => {
            let all = [("went_well", went_well), ("went_badly", went_badly), ("change", change)];
            all.into_iter().for_each(|(field, words)| see(field, None, words.as_str()));
        }
        Action::Approve { .. }
        | Action::Reviewed { .. }
        | Action::Wait { .. }
        | Action::Ack { .. }
        | Action::PassOn { .. }
        | Action::FallbackFailed { .. }
        | Action::Merge { .. }
        | Action::Handover { .. }
        | Action::DataComplete { .. }
        | Action::ErrandDone { .. }
        | Action::Adopt { .. }
        | Action::TestGateway { .. }
        | Action::TestAddresses { .. }
        | Action::TestAnswered { .. }
        | Action::Arrived { .. }
        | Action::DrillEnd { .. } => {}
    }
}

fn of_news(news: &News, see: &mut See<'_>) {
    let all = [
        ("what", &news.what),
        ("scope", &news.scope),
        ("known", &news.known),
        ("unknown", &news.unknown),
        ("public_news", &news.public_news),
    ];
    for (field, text) in all {
        words(field, text.as_ref(), see);
    }
}

fn words(field: &'static str, text: Option<&L10n>, see: &mut See<'_>) {
    texts(field, text.map(|t| &t.0), see);
}

fn texts(field: &'static str, all: Option<&BTreeMap<Lang, String>>, see: &mut See<'_>) {
    for (lang, text) in all.into_iter().flatten() {
        see(field, Some(*lang), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "811228-9874";

    /// The command with that value in that place of its JSON.
    fn with(action: &str, field: &str, text: &str) -> Action {
        let quoted = format!("\"{text}\"");
        let json = action.replace(field, &quoted);
        assert_ne!(json, action, "{field}");
        serde_json::from_str(&json).unwrap_or_else(|e| panic!("{json}: {e}"))
    }

    #[test]
    fn every_field_that_somebody_writes_in_is_looked_at() {
        for (action, field) in [
            (r#"{"report":{"playbook":"ehr-down","what":{"sv":@}}}"#, "what.sv"),
            (r#"{"report":{"playbook":"ehr-down","scope":{"en":@}}}"#, "scope.en"),
            (r#"{"reject":{"number":"14-2","reason":@,"replacement":null}}"#, "reason"),
            (r#"{"reject":{"number":"14-2","reason":"","replacement":{"sv":@}}}"#, "replacement.sv"),
            (r#"{"change":{"number":"14-2","texts":{"sv":"","en":@}}}"#, "texts.en"),
            (r#"{"break_glass":{"number":"14-2","reason":@}}"#, "reason"),
            (r#"{"update":{"incident":"14","news":{"known":{"sv":@}}}}"#, "known.sv"),
            (r#"{"correct":{"number":"14-2","news":{"unknown":{"sv":@}}}}"#, "unknown.sv"),
            (r#"{"restored":{"incident":"14","news":{"public_news":{"sv":@}}}}"#, "public_news.sv"),
            (r#"{"relapse":{"incident":"14","news":{"what":{"sv":@}}}}"#, "what.sv"),
            (r#"{"stop":{"incident":"14","message":null,"reason":@}}"#, "reason"),
            (r#"{"mode":{"site":"FS","mode":"staff","reason":@}}"#, "reason"),
            (r#"{"decide":{"incident":"14","proposal":null,"yes":false,"reason":@}}"#, "reason"),
            (r#"{"all_clear":{"incident":"14","override_reason":@}}"#, "override_reason"),
            (r#"{"unack":{"incident":"14","function":"tib","reason":@}}"#, "reason"),
            (r#"{"gateway_out":{"gateway":"sms-api","reason":@}}"#, "reason"),
            (r#"{"step_start":{"incident":"14","start":{"title":{"sv":@}}}}"#, "title.sv"),
            (r#"{"step_done":{"incident":"14","step":1,"reference":@}}"#, "reference"),
            (r#"{"step_stop":{"incident":"14","step":1,"reason":@}}"#, "reason"),
            (r#"{"improve":{"incident":"14","improvement":{"capability":@}}}"#, "capability"),
            (r#"{"improve":{"incident":"14","improvement":{"issue":@}}}"#, "issue"),
            (r#"{"improve":{"incident":"14","improvement":{"action":@}}}"#, "action"),
            (r#"{"improvement_done":{"incident":"14","id":1,"verified":@}}"#, "verified"),
            (r#"{"improvement_dropped":{"incident":"14","id":1,"reason":@}}"#, "reason"),
            (r#"{"no_improvement":{"incident":"14","reason":@}}"#, "reason"),
            (r#"{"remark":{"incident":"14","kind":"strength","text":@}}"#, "text"),
            (r#"{"feedback":{"incident":"14","went_well":@}}"#, "went_well"),
            (r#"{"feedback":{"incident":"14","went_badly":@}}"#, "went_badly"),
            (r#"{"feedback":{"incident":"14","change":@}}"#, "change"),
            (r#"{"rate":{"incident":"14","objective":1,"rating":"unable","reason":@}}"#, "reason"),
        ] {
            let refused = no_personal_number(&with(action, "@", &format!("om {NUMBER}"))).expect_err(action);
            assert_eq!(
                refused,
                refuse!(PersonalNumber { field, from: 4, to: 14, register: "personnummer" }),
                "{action}"
            );
            assert_eq!(no_personal_number(&with(action, "@", "07.30")), Ok(()), "{action}");
        }
    }

    #[test]
    fn a_number_to_call_is_one() {
        let report = r#"{"report":{"playbook":"ehr-down","contact":@}}"#;
        assert_eq!(no_personal_number(&with(report, "@", NUMBER)), Ok(()));
    }
}
