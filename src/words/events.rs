//! What happened, in the words of the screens, by the name of the event. Steps of the program's own (a draft, an entry, a result) are not among
//! them: they stand in the log.

use crate::words::{Word, event as w};

/// What people are told of, by the event's name in the log.
const TOLD: [(&str, Word); 47] = [
    ("opened", w::OPENED),
    ("facts", w::FACTS),
    ("level-and-sites", w::LEVEL_AND_SITES),
    ("mode", w::MODE),
    ("reviewed", w::REVIEWED),
    ("approval-asked", w::APPROVAL_ASKED),
    ("approval-ended", w::APPROVAL_ENDED),
    ("quiet-until", w::QUIET_UNTIL),
    ("released", w::RELEASED),
    ("note", w::NOTE),
    ("withdrawn", w::WITHDRAWN),
    ("answered", w::ANSWERED),
    ("answer-taken-back", w::ANSWER_TAKEN_BACK),
    ("escalated", w::ESCALATED),
    ("reminded", w::REMINDED),
    ("not-reached", w::NOT_REACHED),
    ("asked-again", w::ASKED_AGAIN),
    ("proposed", w::PROPOSED),
    ("proposed-again", w::PROPOSED),
    ("next-proposed", w::PROPOSED),
    ("decided", w::DECIDED),
    ("stopped", w::STOPPED),
    ("phase", w::PHASE),
    ("data-confirmed", w::DATA_CONFIRMED),
    ("merged", w::MERGED),
    ("errand", w::ERRAND),
    ("errand-done", w::ERRAND_DONE),
    ("adopted", w::ADOPTED),
    ("step", w::STEP),
    ("conference-called", w::CONFERENCE_CALLED),
    ("step-answered", w::STEP_ANSWERED),
    ("step-begun", w::STEP_BEGUN),
    ("step-moved", w::STEP_MOVED),
    ("step-ended", w::STEP_ENDED),
    ("arrived", w::ARRIVED),
    ("drill", w::DRILL),
    ("drill-over", w::DRILL_OVER),
    ("inject", w::INJECT),
    ("improvement", w::IMPROVEMENT),
    ("improvement-done", w::IMPROVEMENT_DONE),
    ("improvement-dropped", w::IMPROVEMENT_DROPPED),
    ("no-improvement", w::NO_IMPROVEMENT),
    ("remark", w::REMARK),
    ("feedback", w::FEEDBACK),
    ("rated", w::RATED),
    ("gateway-out", w::GATEWAY_OUT),
    ("gateway-in", w::GATEWAY_IN),
];

/// What is said to whoever does it, beside these, and told to nobody else: a campaign has hundreds.
const SAID: [(&str, Word); 1] = [("gateway-test", w::GATEWAY_TEST)];

/// The names of what people are told of.
pub(crate) fn told() -> impl Iterator<Item = &'static str> {
    TOLD.into_iter().map(|(name, _)| name)
}

/// What people are told of an event, by its name in the log; `None`: it is the program's own step.
pub(crate) fn event_word(name: &str) -> Option<Word> {
    TOLD.into_iter().chain(SAID).find(|(told, _)| *told == name).map(|(_, word)| word)
}
