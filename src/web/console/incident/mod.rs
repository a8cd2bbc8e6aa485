//! One incident in four pages: what holds and what must be done now, who has it, the texts, what happened. What stands around
//! all four is here. Each act has a page of its own.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;

use super::ui::Ui;
use super::{Visitor, escaped, gone, refused};
use crate::dispatch::engine::Meta;
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::decide::{leaders, leads};
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State as Domain;
use crate::domain::incident::values::Phase;
use crate::domain::view::{self, AskView, IncidentView, NextStep, RowView, RungView};
use crate::web::Ctx;
use crate::web::problem::Problem;
use crate::words::{Word, console as w};

pub mod now;
pub mod texts;
pub mod timeline;
pub mod who;

/// A page of an incident, as its address ends; the first has nothing there. No act may be called so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    Now,
    Who,
    Texts,
    Timeline,
}

impl Tab {
    const ALL: [Tab; 4] = [Tab::Now, Tab::Who, Tab::Texts, Tab::Timeline];

    pub fn as_str(self) -> &'static str {
        match self {
            Tab::Now => "",
            Tab::Who => "who",
            Tab::Texts => "texts",
            Tab::Timeline => "timeline",
        }
    }
    fn word(self) -> Word {
        match self {
            Tab::Now => w::TAB_NOW,
            Tab::Who => w::TAB_WHO,
            Tab::Texts => w::TAB_TEXTS,
            Tab::Timeline => w::TAB_TIMELINE,
        }
    }
}

/// What stands around the four pages.
pub struct Head {
    pub view: IncidentView,
    tab: Tab,
    /// The acting duty may lead it.
    may: bool,
    /// Who leads it.
    leaders: Vec<FunctionId>,
}

impl Head {
    fn of(state: &Domain, meta: &Meta, no: IncidentNo, by: Option<&FunctionId>, tab: Tab) -> Option<Self> {
        let view = view::incident(state, no, meta.now)?;
        let inc = state.incidents.get(&no)?;
        let may = by.is_some_and(|by| leads(inc, by, meta.now).is_ok());
        let mut leaders: Vec<FunctionId> = leaders(inc).iter().map(|f| inc.plan.function(*f).id.clone()).collect();
        leaders.sort();
        leaders.dedup();
        Some(Self { view, tab, may, leaders })
    }
    pub fn path(&self) -> String {
        path(self.view.summary.no)
    }
    /// Its pages: address, name, whether it is this one.
    pub fn tabs(&self) -> Vec<(String, Word, bool)> {
        let link = |tab: Tab| match tab {
            Tab::Now => self.path(),
            tab => format!("{}/{}", self.path(), tab.as_str()),
        };
        Tab::ALL.into_iter().map(|tab| (link(tab), tab.word(), tab == self.tab)).collect()
    }
    /// A word that a template has by reference.
    pub fn say(&self, ui: &Ui, word: &Word) -> &'static str {
        ui.t(*word)
    }
    pub fn is_open(&self) -> bool {
        self.view.summary.phase != Phase::Closed
    }
    pub fn is_restored(&self) -> bool {
        self.view.summary.phase == Phase::Restored
    }
    pub fn leads(&self) -> bool {
        self.may
    }
    /// Why the buttons of those who lead it are not here.
    pub fn led_by(&self, ui: &Ui) -> String {
        w::led_by(ui.lang, ui.names(&self.leaders))
    }
    /// How it is, in a sentence or two.
    pub fn state(&self, ui: &Ui) -> String {
        let s = &self.view.summary;
        match s.phase {
            Phase::Open if s.overdue => w::state_late(
                ui.lang,
                ui.time(&s.since),
                s.counts.acknowledged,
                s.counts.asked,
                ui.time(&s.next_update),
            ),
            Phase::Open => w::state_open(
                ui.lang,
                ui.time(&s.since),
                s.counts.acknowledged,
                s.counts.asked,
                ui.time(&s.next_update),
            ),
            Phase::Restored => w::state_restored(ui.lang, ui.time(&s.phase_at), ui.time(&s.next_update)),
            Phase::Closed => w::state_closed(ui.lang, ui.time(&s.phase_at)),
        }
    }
    /// Each mode once, with its sites.
    pub fn modes(&self, ui: &Ui) -> Vec<(&RungView, String)> {
        let mut all: Vec<(&RungView, Vec<_>)> = Vec::new();
        for (site, mode) in &self.view.summary.sites {
            match all.iter_mut().find(|(m, _)| m.rung == mode.rung) {
                Some((_, sites)) => sites.push(site.clone()),
                None => all.push((mode, vec![site.clone()])),
            }
        }
        all.sort_by_key(|(mode, _)| std::cmp::Reverse(mode.rung));
        all.into_iter().map(|(mode, sites)| (mode, ui.sites(&sites))).collect()
    }
}

fn path(no: IncidentNo) -> String {
    format!("/incidents/{}", escaped(&no.to_string()))
}

/// What happens next to an ask that is open, in a sentence.
pub fn next(ui: &Ui, row: &RowView) -> String {
    match &row.next {
        NextStep::Answered | NextStep::NotWanted | NextStep::Closed => String::new(),
        NextStep::SilenceIsEnough => ui.t(w::NO_REMINDER).into(),
        NextStep::Remind { at } => w::next_remind(ui.lang, ui.time(at)),
        NextStep::Ask { who, at } => w::next_ask(ui.lang, ui.time(at), short(ui, who)),
        NextStep::Alarm { at } => w::next_alarm(ui.lang, ui.time(at)),
        NextStep::Call => ui.t(w::CALL_THEM).into(),
    }
}

/// What a duty is called where many are listed.
pub fn short(ui: &Ui, id: &FunctionId) -> String {
    match ui.plan.function_ix(id.as_str()) {
        Some(f) => ui.plan.function(f).short_name(ui.lang).to_owned(),
        None => id.to_string(),
    }
}

/// A telephone to reach a duty by: its own where it may stand in texts, else the switchboard's (RULES A10). As people read it, and
/// as a telephone dials it.
pub fn telephone(ui: &Ui, id: &FunctionId) -> Option<(String, String)> {
    let of = |f| ui.plan.function(f).phone.as_ref().filter(|p| p.publishable);
    let own = ui.plan.function_ix(id.as_str()).and_then(of);
    let number = &own.or_else(|| of(ui.plan.region.switchboard))?.number;
    let dialled: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    (!dialled.is_empty()).then(|| (number.clone(), dialled))
}

/// How an answer stands, in a sign, a word and a class.
pub struct AnswerWords {
    pub sign: &'static str,
    pub word: String,
    pub more: String,
    pub class: &'static str,
}

pub fn answer(ui: &Ui, row: &RowView) -> AnswerWords {
    let plain = |sign, word: &str, class| AnswerWords { sign, word: word.into(), more: String::new(), class };
    match &row.state {
        AskView::NotAsked => plain("–", ui.t(w::NO_ANSWER_ASKED), "wait"),
        AskView::Waiting => AnswerWords { more: next(ui, row), ..plain("○", ui.t(w::NO_ANSWER), "wait") },
        AskView::Answered { by, at, via, noted_by } => {
            let mut more = ui.time(at);
            if *by != row.function {
                more = format!("{more} · {}", ui.name(by));
            }
            if let Some(noted) = noted_by {
                let how = if via == "paper" { w::ON_PAPER_NOTED_BY } else { w::BY_PHONE_NOTED_BY };
                more = format!("{more} · {} {}", ui.t(how), ui.name(noted));
            }
            AnswerWords { more, ..plain("✔", ui.t(w::HAVE_ANSWERED), "good") }
        }
        AskView::NotReached { at } => {
            AnswerWords { more: ui.time(at), ..plain("✖", ui.t(w::NOT_REACHED_CALL), "bad") }
        }
        AskView::Closed { by, number, at } => {
            let word = match by.as_str() {
                "superseded" => ui.t(w::SUPERSEDED_BY),
                "newer_answer" => ui.t(w::ANSWERED_AT),
                "stopped" => ui.t(w::STOPPED),
                "all_clear" => ui.t(w::NO_ANSWER_ALL_CLEAR),
                "merged" => ui.t(w::GOES_ON_IN),
                "shift_change" => ui.t(w::SHIFT_CHANGE),
                _ => ui.t(w::THE_DRILL_WAS_STOPPED),
            };
            let word = number.as_ref().map_or_else(|| word.to_owned(), |n| format!("{word} {n}"));
            AnswerWords { sign: "–", word, more: ui.time(at), class: "wait" }
        }
    }
}

/// Looks at an incident for one of its pages.
async fn look<T: Send + 'static>(
    ctx: &Ctx,
    visitor: &Visitor,
    path: Result<Path<String>, PathRejection>,
    tab: Tab,
    more: impl FnOnce(&Domain, &Meta, &Head, Option<&FunctionId>) -> T + Send + 'static,
) -> Result<(Ui, Head, T), Response> {
    let no = match number(path) {
        Ok(no) => no,
        Err(problem) => return Err(refused(ctx, visitor, problem, "/").await),
    };
    let seen = visitor.look(ctx, move |s, m, by| {
        let head = Head::of(s, m, no, by, tab)?;
        let more = more(s, m, &head, by);
        Some((head, more))
    });
    match seen.await {
        Ok((ui, Some((head, more)))) => Ok((ui, head, more)),
        Ok((_, None)) => Err(refused(ctx, visitor, crate::web::api::no_incident(no), "/").await),
        Err(e) => Err(gone(e)),
    }
}

pub(super) fn number(path: Result<Path<String>, PathRejection>) -> Result<IncidentNo, Problem> {
    let Path(text) = path.map_err(Problem::input)?;
    text.parse().map_err(|_| refuse!(UnknownIncidentUnread { typed: text }).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::console::acts::Act;
    use crate::web::console::form_words::FormWord;

    #[test]
    fn no_act_has_the_address_of_a_page() {
        for tab in Tab::ALL {
            assert_eq!(Act::named(tab.as_str()), None, "{tab:?}");
        }
    }
}
