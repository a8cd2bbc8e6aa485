//! Prints what somebody walks and calls with: as soon as nothing else is left for a function of a real incident, its sheet and the list of
//! those to call come out of each printer that is configured, once. What came out stands on record, so that a start prints nothing again.

mod ipp;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::sleep;

pub use self::ipp::{IppPrinter, Left, NotPrinted};
use super::task_set::Digest;
use crate::clock::SharedClock;
use crate::config::{Printed, Printer};
use crate::dispatch::engine::{Handle, Meta};
use crate::dispatch::system_record::{self, SystemRecord};
use crate::domain::ids::{FunctionId, IncidentNo};
use crate::domain::incident::state::State;
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::domain::view::{StopView, walk};
use crate::paper::{self, Occasion, Sheet};
use crate::words::{alarm, in_all};

/// What comes up within this time is printed together.
const TOGETHER: Duration = Duration::from_secs(20);
/// After a change it is looked so much later.
const SETTLED: Duration = Duration::from_secs(5);
/// It is looked so often, whatever happens.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A job that the printer did not take is sent again after that.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// One of which nobody knows whether it did: no printer is to make a pile of it.
const AGAIN_UNSURE: Duration = Duration::from_secs(600);

/// So much of the mark in a job's title.
const TITLE_MARK_BYTES: usize = 4;

/// The alarm of a printer that prints nothing.
pub fn alarm_name(id: &str) -> String {
    format!("printer {id}")
}

/// What people read of it.
pub fn alarm_text(id: &str, why: &str) -> L10n {
    in_all(|lang| alarm::printer(lang, id, why))
}

/// What a printer is built from.
pub fn digest(printer: &Printer) -> Digest {
    Sha256::digest(format!("{printer:?}")).into()
}

/// What is to be printed of an incident.
struct Due {
    incident: IncidentNo,
    opened: At,
    what: Printed,
    plan: Arc<Plan>,
    stops: Vec<StopView>,
    now: At,
    fictional: bool,
}

impl Due {
    /// The first real incident with somebody to walk to whose sheet that printer did not take yet.
    fn of(state: &State, meta: &Meta, printer: &Printer) -> Option<Self> {
        printer.prints.iter().find_map(|what| Self::of_paper(state, meta, &printer.id, *what))
    }

    fn of_paper(state: &State, meta: &Meta, printer: &str, what: Printed) -> Option<Self> {
        state.open().filter(|i| !i.is_drill()).find_map(|inc| {
            let printed = meta.kept.printed.get(&inc.no);
            let id = |stop: &StopView| inc.plan.function(stop.function).id.clone();
            let out = |stop: &StopView| {
                printed.is_some_and(|all| {
                    all.contains(&(printer.to_owned(), what.as_str().to_owned(), id(stop), stop.message))
                })
            };
            let mut stops = walk(state, inc.no, meta.now)?;
            stops.retain(|stop| stop.given_up && !out(stop));
            let (plan, now, fictional) = (inc.plan.clone(), meta.now, meta.fictional);
            (!stops.is_empty()).then_some(Self {
                incident: inc.no,
                opened: inc.opened,
                what,
                plan,
                stops,
                now,
                fictional,
            })
        })
    }

    fn sheet(&self) -> Sheet {
        let lang = self.plan.region.languages.first().copied().unwrap_or(Lang::EN);
        let on = Occasion { lang, now: self.now, fictional: self.fictional, training: false };
        match self.what {
            Printed::Couriers => paper::courier::couriers(&self.plan, on, &self.stops),
            Printed::Calls => paper::courier::calls(&self.plan, on, &self.stops),
        }
    }

    /// What the printer's list of jobs says: the same paper has the same title, so that it is known there after a crash. Its last word
    /// tells installations apart that share a printer.
    fn title(&self) -> String {
        let of = (
            self.opened.timestamp().as_millisecond(),
            self.stops.iter().map(|s| (s.function, s.message)).collect::<Vec<_>>(),
        );
        let mark = Sha256::digest(format!("{of:?}"));
        let mark: String = mark.iter().take(TITLE_MARK_BYTES).map(|b| format!("{b:02x}")).collect();
        format!("{} {} {mark}", self.incident, self.what.as_str())
    }

    fn on_record(&self, printer: &str) -> SystemRecord {
        let stop = |s: &StopView| -> (FunctionId, u32) { (self.plan.function(s.function).id.clone(), s.message) };
        let stops = self.stops.iter().map(stop).collect();
        let (incident, printer, what) = (self.incident, printer.to_owned(), self.what.as_str().to_owned());
        SystemRecord::Printed(system_record::Printed { incident, printer, what, stops })
    }
}

/// Prints on one printer.
pub struct Printing {
    pub printer: Printer,
    pub far: IppPrinter,
    pub handle: Handle,
    pub clock: SharedClock,
}

impl Printing {
    /// Until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.handle.changed();
        loop {
            let printer = self.printer.clone();
            let Ok(due) = self.handle.query(move |s, m| Due::of(s, m, &printer).is_some()).await else { return };
            let step = async {
                if due {
                    sleep(TOGETHER).await;
                    sleep(self.print().await).await;
                    return;
                }
                tokio::select! {
                    () = sleep(LOOK_EVERY) => {}
                    // An alert is many changes: they are looked at together.
                    _ = changed.changed() => sleep(SETTLED).await,
                }
            };
            tokio::select! {
                _ = stop.changed() => return,
                () = step => {}
            }
        }
    }

    /// Prints all that is due now, a paper at a time; how long to wait before more is tried.
    async fn print(&self) -> Duration {
        loop {
            let printer = self.printer.clone();
            let Ok(Some(due)) = self.handle.query(move |s, m| Due::of(s, m, &printer)).await else { break };
            let (title, on_record) = (due.title(), due.on_record(&self.printer.id));
            let set = tokio::task::spawn_blocking(move || paper::pdf(&due.sheet())).await;
            let Ok(Ok(pdf)) = set else {
                self.raise("the sheets have too many pages for one job");
                return AGAIN_UNSURE;
            };
            let printed = self.far.print(&title, pdf, |why| self.raise(why)).await;
            match printed {
                Ok(()) => self.handle.board().clear(&alarm_name(&self.printer.id)),
                Err(NotPrinted { why, left: Left::Nothing }) => {
                    self.raise(&why);
                    return AGAIN_AFTER;
                }
                Err(NotPrinted { why, left: Left::Unsure }) => {
                    self.raise(&why);
                    return AGAIN_UNSURE;
                }
                // It is in the printer's hands: a second job would be a second pile.
                Err(NotPrinted { why, left: Left::TheJob }) => self.raise(&why),
            }
            if self.handle.record_system(on_record).await.is_err() {
                return AGAIN_AFTER;
            }
        }
        Duration::ZERO
    }

    fn raise(&self, why: &str) {
        let (name, text) = (alarm_name(&self.printer.id), alarm_text(&self.printer.id, why));
        self.handle.board().raise(&name, text, self.clock.now().into(), true);
    }
}
