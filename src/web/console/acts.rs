//! What can be done to an incident, and how a form that asks for it is read into an action of the domain.
//!
//! Must not: take one thing for another. Each word is read into its type here, at the edge; one that is not known is refused.

use super::fields::Fields;
use super::form_words::form_words;
use crate::domain::ids::{FunctionId, IncidentNo, MessageNo};
use crate::domain::incident::input::{Action, StepStart};
use crate::domain::incident::refused::refuse;
use crate::domain::lang::L10n;
use crate::domain::plan::Plan;
use crate::domain::private::Private;
use crate::domain::step::StepKind;
use crate::domain::time::At;
use crate::domain::view::IncidentView;
use crate::web::problem::Problem;

form_words! {
    /// What can be done to an incident, as it stands in addresses and forms.
    pub enum Act {
        /// An answer is noted.
        Ack = "ack",
        /// An answer was wrong.
        Unack = "unack",
        /// The next in turn is asked at once.
        PassOn = "pass-on",
        /// The fallback routine does not work.
        FallbackFailed = "fallback",
        /// News.
        Update = "update",
        /// What was said is wrong.
        Correct = "correct",
        /// It no longer holds.
        Stop = "stop",
        /// It runs again; data are being checked.
        Restored = "restored",
        /// It was not over.
        Relapse = "relapse",
        /// It is over, or its owner says that data are complete.
        AllClear = "all-clear",
        /// Yes or no to a proposed mode.
        Decide = "decide",
        /// An errand was walked.
        ErrandDone = "errand",
        /// Release without approval, on record.
        BreakGlass = "break-glass",
        /// Who answered is there.
        Arrived = "arrived",
        /// A step is answered, or done.
        Step = "step",
        /// A step begins.
        StepStart = "step-start",
        /// A step is not to be done.
        StepStop = "step-stop",
        /// A step gets another time.
        StepMove = "step-move",
    }
}

form_words! {
    /// What a step is answered with.
    enum StepAnswer {
        /// It is done.
        Done = "done",
        /// We have it, have read it, attend.
        Yes = "yes",
        /// We can't.
        No = "no",
    }
}

form_words! {
    /// The two buttons of a decision.
    enum Decision {
        /// As proposed.
        Yes = "1",
        /// Not so.
        No = "0",
    }
}

impl Act {
    /// It comes with new facts.
    pub fn has_news(self) -> bool {
        matches!(self, Act::Update | Act::Correct | Act::Restored | Act::Relapse)
    }
    /// It sends a text, which whoever sends it reads first.
    pub fn is_read_first(self) -> bool {
        self.has_news() || matches!(self, Act::AllClear | Act::Stop | Act::BreakGlass)
    }
}

/// What a form asks for. Nothing is guessed: a word that is not known is refused.
pub fn action(
    act: Act,
    plan: &Plan,
    no: IncidentNo,
    view: &IncidentView,
    fields: &Fields,
    now: At,
) -> Result<Action, Problem> {
    let function = || FunctionId::from(fields.get("function"));
    let reason = || Private::from(fields.get("reason"));
    let message = || fields.some("number").map(|_| fields.number("number")).transpose();
    let news = || fields.news(plan, view, now);
    Ok(match act {
        Act::Ack => Action::Ack {
            incident: no,
            message: message()?.map(|n: MessageNo| n.seq),
            function: function(),
            phone: fields.some("phone").is_some(),
            paper: fields.some("paper").is_some(),
            at: fields.time("at", plan, now)?,
        },
        Act::Unack => Action::Unack { incident: no, function: function(), reason: reason() },
        Act::PassOn => Action::PassOn { incident: no, function: function() },
        Act::FallbackFailed => Action::FallbackFailed { incident: no, function: function() },
        Act::Update => Action::Update { incident: no, news: news()? },
        Act::Correct => Action::Correct { number: fields.number("number")?, news: news()? },
        Act::Restored => Action::Restored { incident: no, news: news()? },
        Act::Relapse => Action::Relapse { incident: no, news: news()? },
        Act::Stop => Action::Stop {
            incident: no,
            message: message()?.map(|n: MessageNo| n.seq),
            false_alarm: fields.some("false-alarm").is_some(),
            reason: reason(),
        },
        Act::AllClear if fields.some("confirm").is_some() => Action::DataComplete { incident: no },
        Act::AllClear => Action::AllClear { incident: no, override_reason: fields.some("reason").map(Private::from) },
        Act::Decide => Action::Decide {
            incident: no,
            proposal: fields.some("proposal").map(|_| fields.number("proposal")).transpose()?,
            yes: match fields.word("yes")? {
                Decision::Yes => true,
                Decision::No => false,
            },
            reason: reason(),
        },
        Act::ErrandDone => Action::ErrandDone { incident: no, errand: fields.number("errand")? },
        Act::Arrived => Action::Arrived {
            incident: no,
            function: function(),
            phone: fields.some("phone").is_some(),
            at: fields.time("at", plan, now)?,
        },
        Act::Step => {
            let step = fields.number("step")?;
            let have = |yes: bool| Action::StepHave {
                incident: no,
                step,
                function: fields.some("function").map(FunctionId::from),
                yes,
                phone: fields.some("phone").is_some(),
                reason: fields.get("reference").into(),
            };
            match fields.word("answer")? {
                StepAnswer::Done => Action::StepDone { incident: no, step, reference: fields.get("reference").into() },
                StepAnswer::Yes => have(true),
                StepAnswer::No => have(false),
            }
        }
        Act::StepStart => Action::StepStart { incident: no, start: start(plan, fields, now)? },
        Act::StepStop => Action::StepStop { incident: no, step: fields.number("step")?, reason: reason() },
        Act::StepMove => Action::StepMove {
            incident: no,
            step: fields.number("step")?,
            due: fields.time("at", plan, now)?.ok_or_else(|| Problem::from(refuse!(BadInputNoTime)))?,
            reason: reason(),
        },
        Act::BreakGlass => Action::BreakGlass { number: fields.number("number")?, reason: reason() },
    })
}

/// A step that is begun: prepared, or typed.
fn start(plan: &Plan, fields: &Fields, now: At) -> Result<StepStart, Problem> {
    let to = fields.get("to").split([',', ' ']).filter(|t| !t.is_empty()).map(FunctionId::from).collect();
    let every = fields.some("every").map(|_| fields.number::<u32>("every")).transpose()?;
    Ok(StepStart {
        rule: fields.some("rule").map(str::to_owned),
        kind: fields.some("kind").filter(|_| fields.some("rule").is_none()).and_then(StepKind::named),
        title: fields.l10n("what", &plan.region.languages, &L10n::default()),
        owner: fields.some("owner").map(FunctionId::from),
        to,
        due: fields.time("at", plan, now)?,
        every_s: every.map(|m| m.saturating_mul(60)),
        lasts_s: None,
    })
}
