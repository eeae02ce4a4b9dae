//! One run: every check of a plan asked in stages, side by side, within a fixed time.
//!
//! When a check may start is decided in [`queue`], which knows neither clock nor browser.

use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::catalogue::CheckId;
use connector_check_diagnosis::observation::Observation;
use connector_check_diagnosis::plan::Plan;
use futures_util::future::Fuse;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, select_biased};
use gloo_timers::future::sleep;

use crate::environment::Surroundings;
use crate::probe::{Stopwatch, probe, rules};

pub mod queue;
mod stop;

pub use queue::Deadlines;
pub use stop::StopSignal;

use queue::{Entry, Queue, Step};

/// What happens in a run, in the order in which it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanEvent {
    /// The check's probe is under way. Does not come for a check that the browser refuses by rule.
    Started(CheckId),
    /// The check's probe has come to an end.
    Observed(CheckId, Observation),
    /// The check was not asked: others hung, and no connection was free for it in time.
    NotStarted(CheckId),
}

/// Asks every check of the plan that has a complete address, and reports as it goes.
///
/// Each such check ends in exactly one [`ScanEvent::Observed`] or [`ScanEvent::NotStarted`], unless the run
/// is stopped: then every request is aborted, nothing more is reported, and the future ends. It ends no later
/// than [`Deadlines::total`] after its start, whatever is blocked. Dropping it is the same as stopping it.
pub async fn scan(
    plan: Plan,
    surroundings: Surroundings,
    deadlines: Deadlines,
    stop: StopSignal,
    on_event: impl Fn(ScanEvent),
) {
    let mut stopped = pin!(stop.stopped().fuse());
    let mut asked = Vec::new();
    for planned in plan.checks {
        let Some(endpoint) = planned.endpoint().cloned() else { continue };
        match rules::limit(&endpoint, &surroundings) {
            // Costs no connection, so it need not wait for one.
            Some(limit) => on_event(ScanEvent::Observed(planned.check.id, Observation::prevented(limit))),
            None => asked.push((planned.check.id, planned.stage, endpoint)),
        }
    }
    let entries = asked.iter().map(|(_, stage, endpoint)| Entry { stage: *stage, key: endpoint.authority() });
    let mut queue = Queue::new(entries.collect(), deadlines);
    let mut under_way = FuturesUnordered::new();
    let stopwatch = Stopwatch::start();
    loop {
        if stop.is_stopped() {
            return;
        }
        let until = match queue.next(stopwatch.elapsed()) {
            Step::Start { item, deadline } => {
                let (id, _, endpoint) = &asked[item];
                on_event(ScanEvent::Started(id.clone()));
                let surroundings = &surroundings;
                under_way.push(async move { (item, probe(endpoint, surroundings, deadline).await) });
                continue;
            }
            Step::GiveUp { item } => {
                on_event(ScanEvent::NotStarted(asked[item].0.clone()));
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
            (item, observation) = under_way.select_next_some() => {
                queue.settle(item);
                on_event(ScanEvent::Observed(asked[item].0.clone(), observation));
            }
            () = timer => {}
        }
    }
}

/// Timers count whole milliseconds, and round down.
const TICK: Duration = Duration::from_millis(1);
