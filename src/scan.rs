//! One run: every check of a plan asked in stages, side by side, within a fixed time; and what failed, once more.
//!
//! When a check may start is decided in [`queue`], which knows neither clock nor browser. What stays in doubt when
//! the run is over is looked at more closely in [`closer`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::catalogue::{CheckId, Expect};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::observation::{Observation, Outcome, Probe};
use connector_check_diagnosis::plan::Plan;
use futures_util::future::{Either, Fuse};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, select_biased};

use crate::environment::Surroundings;
use crate::probe::timer::sleep;
use crate::probe::{Attempt, Ended, Stopwatch, ask_otherwise, rules};

mod batch;
pub mod closer;
pub mod queue;
mod readings;
mod stop;
mod times;

pub use batch::Batch;
pub use closer::{CloserLimits, Doubt, look_closer};
pub use queue::Deadlines;
pub use readings::read_responders;
pub use stop::StopSignal;

use queue::{Entry, Queue, Step};

/// What happens in a run and after it, in the order in which it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanEvent {
    /// The check's probe is under way. Does not come for a check that the browser refuses by rule, nor for a
    /// repeat.
    Started(CheckId),
    /// The check's probe has come to an end; after [`Self::Repeating`] the second one.
    Observed(CheckId, Observation),
    /// Comes right after a failure: the check is asked once more. A second [`Self::Observed`] follows, unless
    /// the run's time is over before a connection is free.
    Repeating(CheckId),
    /// The check was not asked: others hung, and no connection was free for it in time.
    NotStarted(CheckId),
    /// After the run: a closer look at the check has come to an end. Any number of them, in any order.
    Looked(CheckId, Observation),
}

/// A check that can be asked.
struct Asked {
    id: CheckId,
    endpoint: Endpoint,
    /// What must fail has passed when it fails.
    repeatable: bool,
}

/// Asks every check of the plan that has a complete address, and reports as it goes.
///
/// Each such check ends in exactly one [`ScanEvent::Observed`] or [`ScanEvent::NotStarted`]; one that failed and
/// ought not to is asked once more where the time allows, and has a second [`ScanEvent::Observed`] then. If the
/// run is stopped, every request is aborted, nothing more is reported, and the future ends. It ends no later than
/// [`Deadlines::total`] after its start, whatever is blocked. Dropping it is the same as stopping it.
///
/// Hands back the requests that hang, for [`look_closer`]; dropping them aborts them.
pub async fn scan(
    plan: Plan,
    surroundings: Surroundings,
    deadlines: Deadlines,
    stop: StopSignal,
    on_event: impl Fn(ScanEvent),
) -> Hanging {
    if stop.is_stopped() {
        return Hanging::default();
    }
    let (mut asked, mut entries) = (Vec::new(), Vec::new());
    for planned in plan.checks {
        let Some(endpoint) = planned.endpoint().cloned() else { continue };
        let id = planned.check.id;
        match rules::limit(&endpoint, &surroundings) {
            // Costs no connection, so it need not wait for one.
            Some(limit) => on_event(ScanEvent::Observed(id, Observation::prevented(limit))),
            None => {
                entries.push(Entry { stage: planned.stage, key: endpoint.authority() });
                let repeatable = planned.check.expect != Expect::Refusal;
                asked.push(Asked { id, endpoint, repeatable });
            }
        }
    }
    let hanging = RefCell::new(Hanging::default());
    let ask = async |item: usize, deadline| {
        let mut attempt = Attempt::begin(&asked[item].endpoint, &surroundings);
        let ended = attempt.ended(deadline).await;
        (attempt, ended)
    };
    let understand = async |item: usize, (attempt, ended): (Attempt, Ended), start| {
        let Asked { id, endpoint, .. } = &asked[item];
        // What ended while the page stood still is no result, and yet nothing more can come of it.
        let hangs = ended.hangs();
        let mut seen = attempt.meaning(ended, &surroundings).await;
        if hangs && seen.outcome == Outcome::TimedOut && seen.probe == Probe::Fetch {
            hanging.borrow_mut().0.insert(id.clone(), attempt);
        }
        if start == Start::Repeat && seen.probe == Probe::Fetch {
            if seen.outcome == Outcome::Failed
                && let Some(answer) = ask_otherwise(endpoint, &seen, &surroundings, deadlines.otherwise).await
            {
                return answer;
            }
            seen.probe = Probe::Repeat;
        }
        seen
    };
    let tell = |turn| match turn {
        Turn::Started(item, Start::First) => on_event(ScanEvent::Started(asked[item].id.clone())),
        Turn::Started(_, Start::Repeat) => {}
        Turn::GivenUp(item) => on_event(ScanEvent::NotStarted(asked[item].id.clone())),
        Turn::Ended(item, seen) => on_event(ScanEvent::Observed(asked[item].id.clone(), seen)),
        Turn::Repeating(item) => on_event(ScanEvent::Repeating(asked[item].id.clone())),
    };
    let repeat = |item: usize, seen: &Observation| asked[item].repeatable && seen.outcome == Outcome::Failed;
    work_off(Queue::new(entries, deadlines), &stop, ask, understand, repeat, tell).await;
    if stop.is_stopped() { Hanging::default() } else { hanging.take() }
}

/// Requests without an outcome when their deadlines were over, which go on until this is dropped. A WebSocket is
/// never among them: Firefox gives up on it after 20 s, whatever the cause (measured).
#[derive(Default)]
pub struct Hanging(HashMap<CheckId, Attempt>);

/// Which time an entry is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    First,
    Repeat,
}

/// What happens to an entry of a queue, by its position.
enum Turn {
    Started(usize, Start),
    GivenUp(usize),
    Ended(usize, Observation),
    Repeating(usize),
}

/// What has come of an entry.
enum Stage<T> {
    /// Its request has ended, and the connection is free.
    Ended(usize, Start, T),
    /// It is known what that means.
    Understood(usize, Observation),
}

/// Starts what the queue lets start, until everything has ended or the signal to stop comes.
///
/// What a request's end means may take a browser a moment to tell; the connection is free meanwhile.
async fn work_off<T>(
    mut queue: Queue,
    stop: &StopSignal,
    ask: impl AsyncFn(usize, Duration) -> T,
    understand: impl AsyncFn(usize, T, Start) -> Observation,
    repeat: impl Fn(usize, &Observation) -> bool,
    tell: impl Fn(Turn),
) {
    let (ask, understand) = (&ask, &understand);
    let mut stopped = pin!(stop.stopped().fuse());
    let mut under_way = FuturesUnordered::new();
    let stopwatch = Stopwatch::start();
    loop {
        if stop.is_stopped() {
            return;
        }
        let until = match queue.next(stopwatch.elapsed()) {
            Step::Start { item, deadline } => {
                let start = if queue.is_repeated(item) { Start::Repeat } else { Start::First };
                tell(Turn::Started(item, start));
                let asking = async move { Stage::Ended(item, start, ask(item, deadline).await) };
                under_way.push(Either::Left(asking));
                continue;
            }
            Step::GiveUp { item } => {
                tell(Turn::GivenUp(item));
                continue;
            }
            Step::Wait { until } => until,
            Step::Done => return,
        };
        let mut timer = pin!(until.map_or_else(Fuse::terminated, |until| {
            sleep(until.saturating_sub(stopwatch.elapsed()) + TICK).fuse()
        }));
        select_biased! {
            () = stopped => return,
            stage = under_way.select_next_some() => match stage {
                Stage::Ended(item, start, end) => {
                    queue.free(item);
                    let understanding =
                        async move { Stage::Understood(item, understand(item, end, start).await) };
                    under_way.push(Either::Right(understanding));
                }
                Stage::Understood(item, seen) => {
                    queue.settle(item);
                    let again = repeat(item, &seen) && queue.repeat(item, stopwatch.elapsed());
                    tell(Turn::Ended(item, seen));
                    if again {
                        tell(Turn::Repeating(item));
                    }
                }
            },
            () = timer => {}
        }
    }
}

/// Timers count whole milliseconds, and round down.
const TICK: Duration = Duration::from_millis(1);
