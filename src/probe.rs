//! The only place that touches the network: from one endpoint to one observation.
//!
//! A browser names no cause: a request is answered, fails or hangs. What the browser itself prevents is
//! recognised here, so that it is never taken for the network's doing. How each browser behaves is measured
//! in `tests/probe.rs`.

use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use connector_check_diagnosis::observation::{
    BrowserLimit, CLOCK_GAP, Observation, Outcome, PERMISSION_PROMPT, Probe,
};
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use gloo_timers::future::sleep;

use crate::environment::{Permission, Surroundings};

mod clock;
mod fetch;
pub(crate) mod ice;
mod policy;
pub(crate) mod reading;
pub mod rules;
mod slot;
mod websocket;

pub(crate) use clock::Stopwatch;

/// Asks one endpoint, and says what came of it within `deadline`.
///
/// Sends at most one request, without cookies, credentials or referrer, and nothing at all where
/// [`rules::limit`] knows that the browser would refuse. Never fails: an interface that the browser lacks
/// is a failed probe with its reason. Dropping the future aborts the request.
pub async fn probe(endpoint: &Endpoint, surroundings: &Surroundings, deadline: Duration) -> Observation {
    match rules::limit(endpoint, surroundings) {
        Some(limit) => Observation::prevented(limit),
        None => Attempt::begin(endpoint).outcome(surroundings, deadline).await,
    }
}

/// A request under way, aborted when dropped.
///
/// Whoever wants to wait longer must keep it. A new request would not begin anew: Chromium lets the connection
/// of an aborted one go on connecting and hands it to the next, so that it fails too early (measured).
pub(crate) struct Attempt {
    endpoint: Endpoint,
    policy: policy::Watch,
    stopwatch: Stopwatch,
    request: LocalBoxFuture<'static, Result<(), String>>,
}

impl Attempt {
    /// Sends the request, as soon as its outcome is waited for.
    pub(crate) fn begin(endpoint: &Endpoint) -> Self {
        let url = endpoint.url();
        Self {
            policy: policy::Watch::new(&url),
            stopwatch: Stopwatch::start(),
            request: ask(endpoint.scheme, url).boxed_local(),
            endpoint: endpoint.clone(),
        }
    }

    /// How the endpoint is asked.
    pub(crate) const fn probe(&self) -> Probe {
        match self.endpoint.scheme {
            Scheme::Https | Scheme::Http => Probe::Fetch,
            Scheme::Wss => Probe::WebSocket,
        }
    }

    /// What came of it within `deadline` from its beginning. After a time-out it may be asked again, with more
    /// time.
    pub(crate) async fn outcome(&mut self, surroundings: &Surroundings, deadline: Duration) -> Observation {
        let probe = self.probe();
        let prevented = |limit| Observation { probe, ..Observation::prevented(limit) };
        let left = deadline.saturating_sub(self.stopwatch.elapsed());
        let answer = first(unless_blocked(&mut self.request, &self.policy), left).await;
        let ms = self.stopwatch.elapsed_ms();
        let overslept = self.stopwatch.overslept(deadline);
        let permission = rules::permission(&self.endpoint, surroundings);
        let (outcome, detail) = match answer {
            Some(Answer::Blocked) => return prevented(BrowserLimit::PagePolicy),
            Some(Answer::Arrived) => (Outcome::Answered, String::new()),
            // A request that was under way when the machine slept fails on waking, whatever the network does.
            Some(Answer::Failed(_)) | None if overslept => (Outcome::TimedOut, CLOCK_GAP.to_owned()),
            Some(Answer::Failed(text)) => {
                // Under isolation an answer without the right header fails just like silence (measured).
                if surroundings.isolated || self.policy.blocked_after_all().await {
                    return prevented(BrowserLimit::PagePolicy);
                }
                match permission {
                    // Chromium refuses only after it has connected, so that the failure may be anything
                    // (measured).
                    Some(Permission::Denied) => return prevented(BrowserLimit::LocalNetwork),
                    // The detail of a closed WebSocket is its code alone.
                    Some(Permission::Prompt) if probe == Probe::Fetch => {
                        (Outcome::Failed, format!("{text} ({PERMISSION_PROMPT})"))
                    }
                    Some(Permission::Prompt | Permission::Granted) | None => (Outcome::Failed, text),
                }
            }
            None if permission == Some(Permission::Prompt) => {
                (Outcome::TimedOut, PERMISSION_PROMPT.to_owned())
            }
            None => (Outcome::TimedOut, String::new()),
        };
        Observation { probe, outcome, ms: Some(ms), detail }
    }
}

/// What came of a request.
enum Answer {
    /// Something answered.
    Arrived,
    /// The browser gave up, with this text.
    Failed(String),
    /// The page's policy forbade it.
    Blocked,
}

/// The request's outcome, or that it was blocked: Chromium leaves a blocked WebSocket without any event of
/// its own for ever (measured).
async fn unless_blocked(request: impl Future<Output = Result<(), String>>, policy: &policy::Watch) -> Answer {
    match select(pin!(request), pin!(policy.blocked())).await {
        Either::Left((Ok(()), _)) => Answer::Arrived,
        Either::Left((Err(text), _)) => Answer::Failed(text),
        Either::Right(((), _)) => Answer::Blocked,
    }
}

/// One request; the error is the browser's text.
async fn ask(scheme: Scheme, url: String) -> Result<(), String> {
    match scheme {
        Scheme::Https | Scheme::Http => fetch::head(&url).await,
        Scheme::Wss => websocket::open(&url).await,
    }
}

/// What `work` came to; `None` where the deadline came first. Either way the other is dropped on return.
pub(crate) async fn first<T>(work: impl Future<Output = T>, deadline: Duration) -> Option<T> {
    match select(pin!(work), sleep(deadline)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(((), _)) => None,
    }
}
