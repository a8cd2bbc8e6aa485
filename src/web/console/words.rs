//! Which words the console says for a state, a kind, a channel. What a far device shows comes from the plan, not from here.

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::MessageNo;
use crate::domain::incident::values::Phase;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel, Then};
use crate::domain::step::StepKind;
use crate::words::{console as w, drill, improve, link, proof};

/// `12 s`, `3 min`, `2 h 5 min`.
pub fn span(seconds: u32) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        _ if (seconds / 60).is_multiple_of(60) => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

pub fn channel(lang: Lang, c: Channel) -> &'static str {
    match c {
        Channel::Sms => "SMS",
        Channel::Email => w::E_MAIL.say(lang),
        Channel::Fax => "Fax",
        Channel::Paging => w::PAGER.say(lang),
        Channel::Web => w::WEB_PAGE.say(lang),
        Channel::Manual => w::CHANNEL_MANUAL.say(lang),
    }
}

pub fn audience(lang: Lang, a: Audience) -> &'static str {
    match a {
        Audience::Internal => w::INTERNAL.say(lang),
        Audience::Public => w::THE_PUBLIC.say(lang),
        Audience::Outside => w::OTHER_PROVIDERS_AND_MUNICIPALITIES.say(lang),
    }
}

pub fn step_kind(lang: Lang, kind: StepKind) -> &'static str {
    match kind {
        StepKind::Task => w::TASK.say(lang),
        StepKind::Clock => w::TO_AN_AUTHORITY.say(lang),
        StepKind::Intervention => w::INTERVENTION.say(lang),
        StepKind::Redirection => w::REDIRECTION.say(lang),
        StepKind::Conference => w::CONFERENCE.say(lang),
    }
}

pub fn phase(lang: Lang, p: Phase) -> &'static str {
    match p {
        Phase::Open => w::GOING_ON.say(lang),
        Phase::Restored => w::RUNNING_AGAIN_DATA_BEING.say(lang),
        Phase::Closed => w::PHASE_CLOSED.say(lang),
    }
}

pub fn kind(lang: Lang, kind: &str, of: Option<MessageNo>) -> String {
    let of = of.map_or_else(String::new, |n| n.to_string());
    match kind {
        "alert" => w::ALERT.say(lang).into(),
        "mode" => w::CHANGED_MODE.say(lang).into(),
        "update" => w::KIND_UPDATE.say(lang).into(),
        "correction" => format!("{} {of}", w::CORRECTION_OF.say(lang)),
        "stopped" => format!("{of} {}", w::DOES_NOT_HOLD.say(lang)),
        "restored" => w::RUNNING_AGAIN.say(lang).into(),
        "all_clear" => w::ALL_CLEAR.say(lang).into(),
        "redirection" => w::REDIRECTION.say(lang).into(),
        "redirection_over" => w::REDIRECTION_OVER.say(lang).into(),
        _ => w::KIND_HOLDING.say(lang).into(),
    }
}

/// A sign and a word: how far a text came. Never colour alone.
pub fn delivery(lang: Lang, state: DeliveryState) -> (&'static str, &'static str, &'static str) {
    match state {
        DeliveryState::Queued => ("·", w::QUEUED.say(lang), "wait"),
        DeliveryState::Attempting => ("…", w::SENDING.say(lang), "wait"),
        DeliveryState::Accepted => ("›", w::HANDED_OVER.say(lang), "sent"),
        DeliveryState::Delivered => ("✓", w::DELIVERED.say(lang), "good"),
        DeliveryState::Failed => ("✕", w::DELIVERY_FAILED.say(lang), "bad"),
        DeliveryState::Unknown => ("?", w::UNKNOWN.say(lang), "bad"),
        DeliveryState::Expired => ("✕", w::TOO_LATE.say(lang), "bad"),
        DeliveryState::Withdrawn => ("↩", w::WITHDRAWN.say(lang), "wait"),
    }
}

pub fn then(lang: Lang, then: Then, last: Then) -> &'static str {
    match (then, last) {
        (Then::Release, _) => link::THEN_RELEASE.say(lang),
        (Then::Escalate, Then::Release) => link::THEN_ESCALATE_RELEASE.say(lang),
        (Then::Escalate, _) => link::THEN_ESCALATE.say(lang),
        (Then::Hold, _) => link::THEN_HOLD.say(lang),
    }
}

/// What was just done, by the code in the address.
pub fn done(lang: Lang, code: &str) -> Option<&'static str> {
    Some(match code {
        "reported" => w::THE_ALARM_IS_OUT.say(lang),
        "approved" => w::APPROVED_TEXT_GOING_OUT.say(lang),
        "changed" => w::TEXT_CHANGED_AND_NEW.say(lang),
        "rejected" => w::REJECTED_NEXT_TURN_ASKED.say(lang),
        "more-time" => w::MORE_TIME_GIVEN_ONCE.say(lang),
        "other-asked" => w::OTHER_ASKED.say(lang),
        "reviewed" => w::THE_LANGUAGE_WAS_REVIEWED.say(lang),
        "ack" => w::THE_ANSWER_IS_NOTED.say(lang),
        "unack" => w::ANSWER_TAKEN_BACK_ASKING.say(lang),
        "update" => w::UPDATE_SENT_OR_WAITS.say(lang),
        "correct" => w::THE_CORRECTION_WAS_SENT.say(lang),
        "stop" => w::STOPPED_EVERYBODY_WHO_GOT.say(lang),
        "mode" => w::THE_MODE_WAS_CHANGED.say(lang),
        "decide" => w::DECISION_ON_RECORD.say(lang),
        "restored" => w::RUNNING_AGAIN_WAS_TOLD.say(lang),
        "test" => w::TEST_SENT_BELOW_HOW.say(lang),
        "tested" => proof::TESTS_WERE_SENT.say(lang),
        "probed" => w::GATEWAY_PROBED_NOBODY_REACHED.say(lang),
        "test-answered" => w::ANSWER_TEST_NOTED.say(lang),
        "gateway-out" => w::GATEWAY_WAS_TAKEN_OUT.say(lang),
        "gateway-in" => w::GATEWAY_WAS_PUT_BACK.say(lang),
        "arrived" => w::NOTED_ARRIVED.say(lang),
        "step" => w::ANSWER_STEP_NOTED.say(lang),
        "step-start" => w::STEP_BEGUN_THOSE_CONCERNED.say(lang),
        "step-stop" => w::STEP_STOPPED_THOSE_CONCERNED.say(lang),
        "step-move" => w::THE_TIME_WAS_CHANGED.say(lang),
        "drill-begun" => drill::HAS_BEGUN.say(lang),
        "drill-over" => drill::IS_OVER.say(lang),
        "all-clear" => w::ALL_CLEAR_WAS_TOLD.say(lang),
        "written" => improve::SAVED.say(lang),
        "thanks" => improve::THANKS.say(lang),
        _ => return None,
    })
}
