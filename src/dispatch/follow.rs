//! A node that does not decide: it carries out what the journal says as it comes, answers questions from that, and passes on what
//! somebody wants done. When it is to decide, its state is ready: nothing is read again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::engine::{self, Desk, Done, Meta, Place, Request, Touched};
use super::follower::Follower;
use super::pass_on::{Passed, PassesOn, Wanted, nobody};
use super::record::{Decoder, Entry};
use super::recover::{CannotRecover, Recovered};
use crate::clock::SharedClock;
use crate::config::Loaded;
use crate::domain::incident::event::{Change, Event};
use crate::domain::incident::input::Input;
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::incident::values::Phase;
use crate::journal::Journal;

/// What was passed on is waited for in the own journal for so long: then it is told as done, without what it brought about.
const SEEN_WITHIN: Duration = Duration::from_secs(5);
/// A journal that can't be read is tried again after that.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// Requests that are passed on at one time; more wait at the desk.
const PASSED_ON_MAX: usize = 256;

/// What a node has that follows.
pub struct Following {
    pub desk: Desk,
    pub follower: Follower,
    /// Its own configuration: what it would decide with.
    pub loaded: Loaded,
    pub journal: Journal,
    pub clock: SharedClock,
    /// The way to the node that decides.
    pub leader: PassesOn,
}

/// How following ended.
pub enum Next {
    /// This node is to decide, from here.
    Decide { desk: Desk, recovered: Box<Recovered>, loaded: Box<Loaded> },
    /// It was told to end.
    Ended,
    /// The journal says what this program does not understand, or can't be read. Somebody has to look.
    Stuck { desk: Desk, why: CannotRecover },
}

impl Following {
    /// Follows until `elected` says up to where the journal must be known before this node decides, or `stop` turns true.
    pub async fn run(self, mut elected: watch::Receiver<Option<u64>>, mut stop: watch::Receiver<bool>) -> Next {
        let Self { mut desk, mut follower, mut loaded, journal, clock, leader } = self;
        let mut meta = Meta { board: desk.board.clone(), ..Meta::of(&loaded) };
        let mut heads = journal.heads();
        let applied = watch::Sender::new(follower.head().seq);
        let (done, mut room) = mpsc::channel::<()>(PASSED_ON_MAX);
        let mut on_way = 0;
        for look in std::mem::take(&mut desk.looks) {
            follower.show(&mut meta, &journal, &clock, look);
        }
        heads.mark_changed();
        loop {
            let due = elected.borrow_and_update().is_some_and(|seq| follower.head().seq >= seq);
            if due {
                let recovered = Box::new(follower.into_recovered());
                return Next::Decide { desk, recovered, loaded: Box::new(loaded) };
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return Next::Ended,
                changed = heads.changed() => {
                    if changed.is_err() {
                        return Next::Ended;
                    }
                    heads.borrow_and_update();
                    let reader = journal.clone();
                    let read = tokio::task::spawn_blocking(move || {
                        let read = follower.go_on(&reader);
                        (follower, read)
                    });
                    let Ok((read_on, read)) = read.await else { return Next::Ended };
                    follower = read_on;
                    match read {
                        Ok(events) => {
                            applied.send_replace(follower.head().seq);
                            told(&desk, &events);
                        }
                        Err(CannotRecover::Journal(error)) => {
                            tracing::error!(%error, "the journal can't be read on; it is tried again");
                            tokio::time::sleep(READ_AGAIN).await;
                            heads.mark_changed();
                        }
                        Err(why) => return Next::Stuck { desk, why },
                    }
                }
                Some(()) = room.recv(), if on_way > 0 => on_way -= 1,
                request = desk.rx.recv(), if on_way < PASSED_ON_MAX => {
                    let Some(request) = request else { return Next::Ended };
                    match request {
                        Request::Query(look) => follower.show(&mut meta, &journal, &clock, look),
                        Request::Asked { delivery, reply } => {
                            let (state, contacts) = follower.known();
                            drop(reply.send(engine::asked_at(state, contacts, journal.sealer(), delivery)));
                        }
                        Request::Config { loaded: new, reply, .. } => {
                            meta.take_up(&new);
                            loaded = *new;
                            // It takes effect when this node decides; until then that of the node that does is in force.
                            drop(reply.send(Ok(Done::nothing(true))));
                        }
                        other => {
                            on_way += 1;
                            let (leader, journal, applied) = (leader.clone(), journal.clone(), applied.subscribe());
                            let done = done.clone();
                            tokio::spawn(async move {
                                passed_on(other, &leader, &journal, applied).await;
                                // The loop counts; when it is gone nobody does.
                                let _ = done.send(()).await;
                            });
                        }
                    }
                }
                _ = elected.changed() => {}
            }
        }
    }
}

/// Whoever looks at screens is told what happened, as by the loop that decided it.
fn told(desk: &Desk, events: &[Event]) {
    if !events.is_empty() {
        desk.touched.send_modify(|touched: &mut Touched| touched.add(events));
    }
    if events.iter().any(closes) {
        desk.closed.send_modify(|n| *n += 1);
    }
    desk.changed.send_modify(|n| *n += 1);
}

fn closes(event: &Event) -> bool {
    matches!(event, Event::Incident { change, .. } if matches!(**change, Change::PhaseSet { phase: Phase::Closed, .. }))
}

/// Passes one request on, and answers it when what came of it can be seen here too.
async fn passed_on(request: Request, leader: &PassesOn, journal: &Journal, applied: watch::Receiver<u64>) {
    let (wanted, reply) = match request {
        Request::Input { input, link, reply } => match Wanted::of(*input, link) {
            Some(wanted) => (wanted, reply),
            None => return nobody(Request::Input { input: Box::new(Input::Due), link, reply }),
        },
        Request::Reply { channel, from, text } => (Wanted::Reply { channel, from, text }, None),
        Request::System { record, reply } => (Wanted::of_system(&record), Some(reply)),
        Request::Forget { forgotten, reply } => (Wanted::Forget(*forgotten), Some(reply)),
        other => return nobody(other),
    };
    let answer = match leader.pass_on(wanted).await {
        Passed::Done { place } => Ok(seen(place, journal, applied).await),
        Passed::Refused(form) => Err(Refused::of(form)),
        Passed::Answered { .. } => Err(refuse!(NoLeader)),
    };
    if let Some(reply) = reply {
        let _ = reply.send(answer);
    }
}

/// What was done there, read where it stands in the own journal.
async fn seen(place: Place, journal: &Journal, mut applied: watch::Receiver<u64>) -> Done {
    let last = place.last;
    let here =
        tokio::time::timeout(SEEN_WITHIN, applied.wait_for(|seq| *seq >= last)).await.is_ok_and(|seen| seen.is_ok());
    if !here || place.events.is_empty() {
        return Done { place, ..Done::nothing(true) };
    }
    let (journal, at) = (journal.clone(), place.clone());
    let read = tokio::task::spawn_blocking(move || events_at(&journal, &at)).await;
    let events = read.ok().flatten().unwrap_or_default();
    Done { events: Arc::new(events), on_record: true, place }
}

/// The events of a place; private values stay sealed. `None`: they can't be read.
fn events_at(journal: &Journal, place: &Place) -> Option<Vec<Event>> {
    let reader = journal.reader().ok()?;
    let from = reader.head_at(place.after).ok()??;
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    let read = reader.read(from, &mut |record| {
        if let Ok(Entry::Event { event, .. }) = decoder.next(&record) {
            events.push(event);
        }
        if record.seq < place.last { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) }
    });
    read.ok()?;
    events.get(place.events.clone()).map(<[Event]>::to_vec)
}
