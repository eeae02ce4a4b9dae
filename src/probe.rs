//! The only place that touches the network: from one endpoint to one observation.
//!
//! A browser names no cause: a request is answered, fails or hangs. What the browser itself prevents is
//! recognised here, so that it is never taken for the network's doing. How each browser behaves is measured
//! in `tests/probe.rs`.

use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use connector_check_diagnosis::observation::{
    BrowserLimit, CLOCK_GAP, Observation, Outcome, PERMISSION_POSSIBLE, PERMISSION_PROMPT, Probe, SENT,
};
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, join, select};

use crate::environment::{Family, Permission, Surroundings};

mod clock;
mod fetch;
pub(crate) mod ice;
mod policy;
pub(crate) mod reading;
pub mod rules;
mod sent;
mod slot;
mod stream;
pub(crate) mod timer;
mod websocket;

pub(crate) use clock::Stopwatch;
use fetch::Verb;
use timer::sleep;

/// Asks one endpoint, and says what came of it within `deadline`.
///
/// Sends at most one request, without cookies, credentials or referrer, and nothing at all where
/// [`rules::limit`] knows that the browser would refuse. Never fails: an interface that the browser lacks
/// is a failed probe with its reason. Dropping the future aborts the request.
pub async fn probe(endpoint: &Endpoint, surroundings: &Surroundings, deadline: Duration) -> Observation {
    match rules::limit(endpoint, surroundings) {
        Some(limit) => Observation::prevented(limit),
        None => Attempt::begin(endpoint, surroundings).outcome(surroundings, deadline).await,
    }
}

/// A request under way, aborted when dropped.
///
/// Whoever wants to wait longer must keep it. A new request would not begin anew: Chromium lets the connection
/// of an aborted one go on connecting and hands it to the next, so that it fails too early (measured).
pub(crate) struct Attempt {
    endpoint: Endpoint,
    policy: policy::Watch,
    sent: Option<sent::Watch>,
    stopwatch: Stopwatch,
    request: LocalBoxFuture<'static, Result<(), String>>,
}

/// How a request ended, before it is known what that means.
pub(crate) struct Ended {
    answer: Option<Answer>,
    ms: f64,
    spoilt: bool,
}

impl Ended {
    /// Whether the request goes on: neither the browser nor the page's policy has ended it.
    pub(crate) const fn hangs(&self) -> bool {
        self.answer.is_none()
    }
}

impl Attempt {
    /// Sends the request, as soon as its outcome is waited for.
    pub(crate) fn begin(endpoint: &Endpoint, surroundings: &Surroundings) -> Self {
        let url = endpoint.url();
        let tells = surroundings.agent.family == Family::Firefox && endpoint.scheme != Scheme::Wss;
        Self {
            policy: policy::Watch::new(&url),
            sent: tells.then(|| sent::Watch::new(&url)),
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
        let ended = self.ended(deadline).await;
        self.meaning(ended, surroundings).await
    }

    /// Ends with the request, or with the deadline. The connection is free then; see [`Self::meaning`].
    pub(crate) async fn ended(&mut self, deadline: Duration) -> Ended {
        let left = deadline.saturating_sub(self.stopwatch.elapsed());
        let answer = first(unless_blocked(&mut self.request, &self.policy), left).await;
        let ms = self.stopwatch.elapsed_ms();
        // A failure is one however long it took; a long time needs a page that was there to take it.
        let failed = matches!(answer, Some(Answer::Failed(_)));
        let busy = !failed && ms > LONG_MS && self.stopwatch.busy();
        Ended { answer, ms, spoilt: busy || self.stopwatch.spoilt(deadline) }
    }

    /// What the end of the request means, once the browser has had the time to tell all that it tells.
    pub(crate) async fn meaning(&self, ended: Ended, surroundings: &Surroundings) -> Observation {
        let probe = self.probe();
        let Ended { answer, ms, spoilt } = ended;
        let prevented = |limit| Observation { probe, ..Observation::prevented(limit) };
        let permission = rules::permission(&self.endpoint, surroundings);
        let possible = rules::possible_permission(&self.endpoint, surroundings);
        let (outcome, detail) = match answer {
            Some(Answer::Blocked) => return prevented(BrowserLimit::PagePolicy),
            // That it came is certain, its time is not.
            Some(Answer::Arrived) if spoilt => (Outcome::Answered, CLOCK_GAP.to_owned()),
            Some(Answer::Arrived) => (Outcome::Answered, String::new()),
            // A request that was under way when the machine slept fails on waking, whatever the network does.
            Some(Answer::Failed(_)) | None if spoilt => (Outcome::TimedOut, CLOCK_GAP.to_owned()),
            Some(Answer::Failed(text)) => {
                let (blocked, sent) = join(self.policy.blocked_after_all(), self.was_sent()).await;
                // Under isolation an answer without the right header fails just like silence (measured).
                if surroundings.isolated || blocked {
                    return prevented(BrowserLimit::PagePolicy);
                }
                let note = match (permission, possible) {
                    // Chromium refuses only after it has connected, so that the failure may be anything
                    // (measured).
                    (Some(Permission::Denied), _) => return prevented(BrowserLimit::LocalNetwork),
                    (Some(Permission::Prompt), _) => Some(PERMISSION_PROMPT),
                    (_, Some(Permission::Denied)) => Some(PERMISSION_POSSIBLE),
                    _ => sent.then_some(SENT),
                };
                // The detail of a closed WebSocket is its code alone.
                let note = note.filter(|_| probe == Probe::Fetch);
                (Outcome::Failed, note.map_or(text.clone(), |note| format!("{text} ({note})")))
            }
            None if permission == Some(Permission::Prompt) => {
                (Outcome::TimedOut, PERMISSION_PROMPT.to_owned())
            }
            None if possible == Some(Permission::Prompt) && probe == Probe::Fetch => {
                (Outcome::TimedOut, PERMISSION_POSSIBLE.to_owned())
            }
            None => (Outcome::TimedOut, String::new()),
        };
        Observation { probe, outcome, ms: Some(ms), detail }
    }

    async fn was_sent(&self) -> bool {
        match &self.sent {
            Some(sent) => first(sent.told(), policy::GRACE).await.unwrap_or(false),
            None => false,
        }
    }
}

/// After a failure that came twice: asks in the one way in which this browser shows answers that `fetch` cannot have.
/// Some servers answer with nothing but a redirect to a dead place, or forbid that other pages read them, or close the
/// connection at a HEAD; to `fetch` all of them fail. `None` where nothing answered so, either.
pub(crate) async fn ask_otherwise(
    endpoint: &Endpoint,
    failure: &Observation,
    surroundings: &Surroundings,
    deadline: Duration,
) -> Option<Observation> {
    let (url, stopwatch) = (endpoint.url(), Stopwatch::start());
    let (probe, answered) = match (surroundings.agent.family, endpoint.scheme) {
        (_, Scheme::Wss) | (Family::WebKit | Family::Other, _) => return None,
        (Family::Chromium, _) => (Probe::Stream, first(stream::answers(&url), deadline).await == Some(true)),
        (Family::Firefox, _) if !failure.notes(SENT) => {
            // It may have been an answer that led elsewhere. This request ends with the answer, and so was sent.
            let sent = sent::Watch::new(&url);
            let answer = first(fetch::ask(&url, Verb::Read), deadline).await?;
            let seen = Observation { probe: Probe::Get, ..failure.clone() };
            return match answer {
                Ok(()) => Some(Observation { outcome: Outcome::Answered, detail: String::new(), ..seen }),
                Err(text) if first(sent.told(), policy::GRACE).await == Some(true) => {
                    Some(Observation { detail: format!("{text} ({SENT})"), ..seen })
                }
                Err(_) => None,
            };
        }
        (Family::Firefox, _) => {
            let answer = first(fetch::ask(&url, Verb::Get), deadline).await;
            (Probe::Get, answer == Some(Ok(())))
        }
    };
    // A missing permission ends a stream as an answer does.
    let missing = rules::permission(endpoint, surroundings).is_some_and(|state| state != Permission::Granted);
    let possible = missing || rules::possible_permission(endpoint, surroundings).is_some();
    let detail = if possible && probe == Probe::Stream { PERMISSION_POSSIBLE } else { "" }.to_owned();
    let ms = Some(stopwatch.elapsed_ms());
    answered.then_some(Observation { probe, outcome: Outcome::Answered, ms, detail })
}

/// `http://` at the port of a TLS check, where the page may ask so: whatever answers, something listens.
pub(crate) async fn ask_plainly(
    endpoint: &Endpoint,
    surroundings: &Surroundings,
    deadline: Duration,
) -> Option<Observation> {
    let plain = Endpoint { scheme: Scheme::Http, path: "/".to_owned(), ..endpoint.clone() };
    let seen = probe(&plain, surroundings, deadline).await;
    (seen.outcome != Outcome::Prevented).then_some(Observation { probe: Probe::Plain, ..seen })
}

/// The close code of a WebSocket to this host and port, `ws:` where the endpoint is plain.
pub(crate) async fn close_code(
    endpoint: &Endpoint,
    surroundings: &Surroundings,
    deadline: Duration,
) -> Option<Observation> {
    let scheme = if endpoint.scheme.is_tls() { "wss" } else { "ws" };
    if rules::limit(endpoint, surroundings).is_some() {
        return None;
    }
    let (url, stopwatch) = (format!("{scheme}://{}/", endpoint.authority()), Stopwatch::start());
    let policy = policy::Watch::new(&url);
    let answer = first(unless_blocked(websocket::open(&url), &policy), deadline).await;
    let (outcome, detail) = match answer {
        // A policy that allows `https:` alone says nothing about the check.
        Some(Answer::Blocked) => return None,
        Some(Answer::Failed(_)) if policy.blocked_after_all().await => return None,
        Some(Answer::Arrived) => (Outcome::Answered, String::new()),
        Some(Answer::Failed(code)) => (Outcome::Failed, code),
        None => (Outcome::TimedOut, String::new()),
    };
    Some(Observation { probe: Probe::WebSocket, outcome, ms: Some(stopwatch.elapsed_ms()), detail })
}

/// Milliseconds; what takes longer is told as slow, or as silent, so that it had better be the network's doing.
const LONG_MS: f64 = 2_000.0;

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
        Scheme::Https | Scheme::Http => fetch::ask(&url, Verb::Head).await,
        Scheme::Wss => websocket::open(&url).await,
    }
}

/// What `work` came to; `None` where the deadline came first. Either way the other is dropped on return.
pub(crate) async fn first<T>(work: impl Future<Output = T>, deadline: Duration) -> Option<T> {
    match select(pin!(work), pin!(sleep(deadline))).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(((), _)) => None,
    }
}
