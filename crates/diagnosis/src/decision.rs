//! One check: from what was seen to a status. The table is [`status`]; everything else prepares its inputs.

use serde::{Deserialize, Serialize};

use crate::catalogue::Expect;
use crate::endpoint::Endpoint;
use crate::evidence::{CheckEvidence, Evidence, NotRun, Progress};
use crate::observation::{BrowserLimit, CLOCK_GAP, Outcome, PERMISSION_PROMPT};
use crate::plan::{Canary, Target};

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// This browser, on this user's route, reached it.
    Reachable,
    /// It was asked on a working network, and did not answer.
    Unreachable,
    /// Something answered in its name.
    Intercepted,
    /// The evidence does not decide.
    Inconclusive,
    /// The browser would not ask.
    NotTestable,
    /// It was not asked.
    Skipped,
}

/// Why a check has its status; each has a text of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reason {
    /// An answer arrived, and nothing on the path makes answers up.
    Answered,
    /// The browser gave up with an error.
    Failed,
    /// No answer within the deadline.
    TimedOut,
    /// A name that cannot exist failed, as it must.
    RefusedAsItMust,
    /// A name that cannot exist answered.
    AnsweredThoughImpossible,
    /// An answer arrived, but names that cannot exist get answers too.
    AnswersAreFabricated,
    /// An answer arrived, but a made-up name of the same domain gets one too.
    DomainAnswersAnything,
    /// An answer arrived, and no canary has said yet what answers are worth.
    CanaryUndecided,
    /// It failed or hung, and so did everything else.
    NothingAnswered,
    /// It failed, but a browser's request cannot tell whether TLS or TCP alone would have worked.
    NeedsAnotherProbe,
    /// A canary did not come to an end in time.
    CanaryTimedOut,
    /// The page slept or was frozen while the clock ran.
    ClockGap,
    /// The browser was asking the user for a permission.
    PermissionPrompt,
    /// The browser would not ask.
    Prevented(BrowserLimit),
    /// Placeholders without a value.
    WaitsFor(Vec<String>),
    /// Planned, but not run.
    NotRun(NotRun),
}

/// What one check's observations amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Some answer.
    Answered,
    /// An error.
    Failed,
    /// Nothing within the deadline.
    TimedOut,
    /// Nothing within the deadline, but the clock is not to be trusted.
    ClockGap,
    /// Nothing within the deadline, but the browser was waiting for the user.
    PermissionPrompt,
    /// The browser would not ask.
    Prevented(BrowserLimit),
}

/// What an answer to a check is worth, by the canaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Names that cannot exist failed.
    Clean,
    /// A name that cannot exist answered, with a certificate that the browser trusts.
    Fabricated,
    /// The check is plain HTTP, and a name that cannot exist answered over plain HTTP: an ordinary proxy does so.
    FabricatedPlain,
    /// A made-up name of the check's own domain answered, nothing else did.
    Doubtful,
    /// No canary has come to an end.
    Unknown,
}

/// Whether this run has shown that failures mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// Something beyond this machine answered.
    Proven,
    /// Nothing did.
    Unproven,
}

/// The decision table. Rows are read top to bottom; every combination has one.
pub fn status(seen: Seen, expect: Expect, trust: Trust, network: Network) -> (Status, Reason) {
    use Expect::{Answer, Refusal, Tcp, Tls};
    match (seen, expect, trust, network) {
        // The browser or the clock stood in the way: nothing is known of the network.
        (Seen::Prevented(limit), _, _, _) => (Status::NotTestable, Reason::Prevented(limit)),
        (Seen::ClockGap, _, _, _) => (Status::Inconclusive, Reason::ClockGap),
        (Seen::PermissionPrompt, _, _, _) => (Status::Inconclusive, Reason::PermissionPrompt),

        // A check that must fail.
        (Seen::Answered, Refusal, _, _) => (Status::Intercepted, Reason::AnsweredThoughImpossible),
        (Seen::Failed, Refusal, _, _) => (Status::Unreachable, Reason::RefusedAsItMust),
        (Seen::TimedOut, Refusal, _, _) => (Status::Inconclusive, Reason::CanaryTimedOut),

        // An answer is worth what the canaries say. HTTP over TLS proves TLS and TCP too.
        (Seen::Answered, Answer | Tls | Tcp, Trust::Clean, _) => (Status::Reachable, Reason::Answered),
        (Seen::Answered, Answer | Tls | Tcp, Trust::Fabricated, _) => {
            (Status::Intercepted, Reason::AnswersAreFabricated)
        }
        (Seen::Answered, Answer | Tls | Tcp, Trust::FabricatedPlain, _) => {
            (Status::Inconclusive, Reason::AnswersAreFabricated)
        }
        (Seen::Answered, Answer | Tls | Tcp, Trust::Doubtful, _) => {
            (Status::Inconclusive, Reason::DomainAnswersAnything)
        }
        (Seen::Answered, Answer | Tls | Tcp, Trust::Unknown, _) => {
            (Status::Inconclusive, Reason::CanaryUndecided)
        }

        // A failure means something only where the network has been seen to work.
        (Seen::Failed | Seen::TimedOut, Answer | Tls | Tcp, _, Network::Unproven) => {
            (Status::Inconclusive, Reason::NothingAnswered)
        }
        (Seen::Failed, Answer, _, Network::Proven) => (Status::Unreachable, Reason::Failed),
        (Seen::TimedOut, Answer | Tls | Tcp, _, Network::Proven) => (Status::Unreachable, Reason::TimedOut),
        // `fetch` fails on a healthy service that does not speak HTTP just as it does on a dead one.
        (Seen::Failed, Tls | Tcp, _, Network::Proven) => (Status::Inconclusive, Reason::NeedsAnotherProbe),
    }
}

/// How far the path was seen to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// Not even a name.
    Nothing,
    /// The name resolved.
    Name,
    /// TCP connected.
    Tcp,
    /// TLS completed.
    Tls,
    /// HTTP answered.
    Http,
}

/// A check's status once it is decided; `None` while something that may still come decides it.
pub fn decide(check: &CheckEvidence, evidence: &Evidence) -> Option<(Status, Reason)> {
    let endpoint = match &check.planned.target {
        Target::WaitsFor(ids) => return Some((Status::Skipped, Reason::WaitsFor(ids.clone()))),
        Target::Endpoint(endpoint) => endpoint,
    };
    let seen = match &check.progress {
        Progress::NotRun(why) => return Some((Status::Skipped, Reason::NotRun(*why))),
        // An unfinished check at the end of a run is one that was stopped.
        Progress::Waiting | Progress::Running => {
            return evidence.finished.then_some((Status::Skipped, Reason::NotRun(NotRun::Stopped)));
        }
        Progress::Observed(_) => seen(check)?,
    };
    let trust = trust(endpoint, evidence);
    let network = network(endpoint, evidence);
    let may_change = match seen {
        Seen::Answered => trust == Trust::Unknown,
        Seen::Failed | Seen::TimedOut => network == Network::Unproven,
        Seen::ClockGap | Seen::PermissionPrompt | Seen::Prevented(_) => false,
    };
    if may_change && !evidence.finished && check.check().expect != Expect::Refusal {
        return None;
    }
    Some(status(seen, check.check().expect, trust, network))
}

/// How far a decided check is known to have come.
pub fn reached(status: Status, reason: &Reason) -> Option<Reached> {
    (status == Status::Reachable && *reason == Reason::Answered).then_some(Reached::Http)
}

/// The last observation decides: later probes look closer.
fn seen(check: &CheckEvidence) -> Option<Seen> {
    let last = check.observations().last()?;
    Some(match last.outcome {
        Outcome::Answered => Seen::Answered,
        Outcome::Failed => Seen::Failed,
        Outcome::TimedOut if last.detail == CLOCK_GAP => Seen::ClockGap,
        Outcome::TimedOut if last.detail == PERMISSION_PROMPT => Seen::PermissionPrompt,
        Outcome::TimedOut => Seen::TimedOut,
        // A limit that this version does not know is still the browser's doing.
        Outcome::Prevented => Seen::Prevented(last.limit().unwrap_or(BrowserLimit::PagePolicy)),
    })
}

/// What an answer of this endpoint is worth.
///
/// A fabricated answer over TLS needs a certificate that the browser trusts, so a plain-HTTP canary says
/// nothing about TLS: behind an ordinary proxy the first answers with the proxy's own error page while
/// tunnels stay honest. The other way round, whoever fabricates TLS certainly fabricates plain HTTP.
pub fn trust(endpoint: &Endpoint, evidence: &Evidence) -> Trust {
    let tls = endpoint.scheme.is_tls();
    let mut failed = false;
    let mut doubtful = false;
    let mut fabricated_plain = false;
    for canary in evidence.checks.iter().filter(|check| check.check().expect == Expect::Refusal) {
        let Some(place) = canary.planned.endpoint() else { continue };
        let canary_tls = place.scheme.is_tls();
        match (seen(canary), &canary.planned.canary) {
            (Some(Seen::Answered), Some(Canary::Domain(domain))) => {
                doubtful |= tls
                    && endpoint.host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'));
            }
            (Some(Seen::Answered), Some(Canary::Anywhere) | None) => {
                if canary_tls {
                    return Trust::Fabricated;
                }
                fabricated_plain |= !tls;
            }
            (Some(Seen::Failed), _) => failed |= canary_tls == tls,
            (
                Some(Seen::TimedOut | Seen::ClockGap | Seen::PermissionPrompt | Seen::Prevented(_)) | None,
                _,
            ) => {}
        }
    }
    if fabricated_plain {
        Trust::FabricatedPlain
    } else if doubtful {
        Trust::Doubtful
    } else if failed || endpoint.is_loopback() {
        // Nothing lies between a page and its own machine that could make answers up.
        Trust::Clean
    } else {
        Trust::Unknown
    }
}

/// Whether a failure of this endpoint means anything: something else beyond this machine has answered.
pub fn network(endpoint: &Endpoint, evidence: &Evidence) -> Network {
    let answered = || {
        evidence.checks.iter().any(|check| {
            seen(check) == Some(Seen::Answered)
                && check.planned.endpoint().is_some_and(|place| !place.is_loopback())
        })
    };
    if endpoint.is_loopback() || answered() { Network::Proven } else { Network::Unproven }
}
