//! One check: from what was seen to a status. The table is [`status`]; everything else prepares its inputs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::catalogue::{CheckId, Expect};
use crate::common::{Common, requests};
use crate::endpoint::{Endpoint, Scheme};
use crate::evidence::{Evidence, NotRun, Progress};
use crate::facts::{Facts, Layer, Manner, Reached, facts};
use crate::observation::{BrowserLimit, CLOCK_GAP, Observation, Outcome, Probe};
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
    /// TCP connected, but no TLS handshake with a trusted certificate came about.
    TlsFails,
    /// TCP connected, and nothing came back over it.
    SilentAfterConnect,
    /// TLS works, but no HTTP answer was seen; a browser hides some answers, so this decides nothing.
    TlsWithoutHttp,
    /// TCP does not connect, or is closed at once, while the same host accepts connections on another port.
    ConnectionRefused,
    /// A name that cannot exist failed, as it must.
    RefusedAsItMust,
    /// A name that cannot exist answered.
    AnsweredThoughImpossible,
    /// An answer arrived, but names that cannot exist get answers too.
    AnswersAreFabricated,
    /// An answer arrived, but a made-up name of the same domain gets one too.
    DomainAnswersAnything,
    /// An answer arrived, and something makes answers up, though not for made-up names of the same domain.
    DomainMayBeSpared,
    /// An answer arrived over plain HTTP, and over TLS the same host has no certificate that the browser trusts.
    HostUnproven,
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
    /// No answer, and the browser gave up looking the name up.
    NameTimedOut,
    /// No answer to requests, while a WebSocket to the same place ended at once.
    Held,
    /// Something answered, and the browser keeps it from the page.
    Withheld,
    /// A missing permission for the local network would look the same.
    PermissionPossible,
    /// It failed before anything could have come back.
    AtOnce,
    /// The browser would not ask.
    Prevented(BrowserLimit),
    /// Placeholders without a value.
    WaitsFor(Vec<String>),
    /// Planned, but not run.
    NotRun(NotRun),
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
    /// A name that cannot exist answered, but a made-up name of the check's own domain failed: inspection may spare it.
    Spared,
    /// The check is plain HTTP, and where the same host was asked over TLS, nobody could show its certificate.
    Stranger,
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
pub fn status(facts: Facts, expect: Expect, trust: Trust, network: Network) -> (Status, Reason) {
    use Layer::{Http, Tcp, Tls};
    let Facts { proven, disproven, manner } = facts;
    let needed = match expect {
        Expect::Refusal => return refusal(proven, manner),
        Expect::Answer => Http,
        Expect::Tls => Tls,
        Expect::Tcp => Tcp,
    };
    if proven >= Some(needed) {
        return worth(trust);
    }
    match (needed, proven, disproven, manner, network) {
        // The browser may have stood in the way, however far the path works.
        (_, _, _, Manner::Held, _) => (Status::Inconclusive, Reason::Held),
        (_, _, _, Manner::Withheld, _) => (Status::Inconclusive, Reason::Withheld),
        (_, _, _, Manner::PermissionPossible, _) => (Status::Inconclusive, Reason::PermissionPossible),

        // The path works up to a layer below what is needed.
        (Http, Some(Tls), _, _, _) => (Status::Inconclusive, Reason::TlsWithoutHttp),
        (_, Some(_), _, Manner::Silent | Manner::ConnectTimedOut, _) => {
            (Status::Unreachable, Reason::SilentAfterConnect)
        }
        (_, Some(_), Some(_), _, _) => (Status::Unreachable, Reason::TlsFails),

        // The browser or the clock stood in the way: nothing is known of the network.
        (_, None, _, Manner::Prevented(limit), _) => (Status::NotTestable, Reason::Prevented(limit)),
        (_, None, _, Manner::ClockGap, _) => (Status::Inconclusive, Reason::ClockGap),
        (_, None, _, Manner::PermissionPrompt, _) => (Status::Inconclusive, Reason::PermissionPrompt),
        (_, None, _, Manner::AtOnce, _) => (Status::Inconclusive, Reason::AtOnce),

        // A failure means something only where the network has been seen to work.
        (
            _,
            None,
            _,
            Manner::Failed | Manner::Silent | Manner::ConnectTimedOut | Manner::NameTimedOut,
            Network::Unproven,
        ) => (Status::Inconclusive, Reason::NothingAnswered),
        (_, None, _, Manner::NameTimedOut, Network::Proven) => (Status::Unreachable, Reason::NameTimedOut),
        (Http, None, _, Manner::Silent | Manner::ConnectTimedOut, Network::Proven)
        | (Tls | Tcp, None, _, Manner::ConnectTimedOut, Network::Proven)
        | (Tls | Tcp, None, Some(Tcp), Manner::Silent, Network::Proven) => {
            (Status::Unreachable, Reason::TimedOut)
        }
        (_, None, Some(Tcp), Manner::Failed, Network::Proven) => {
            (Status::Unreachable, Reason::ConnectionRefused)
        }
        (Http, None, _, Manner::Failed, Network::Proven) => (Status::Unreachable, Reason::Failed),
        // Half a proof; or a failure where the service need not speak HTTP: `fetch` fails there in health, too.
        // The last row cannot be, as an answer proves HTTP.
        (_, Some(_), None, _, _)
        | (Tls | Tcp, None, _, Manner::Failed | Manner::Silent, Network::Proven)
        | (_, None, _, Manner::Answered, _) => (Status::Inconclusive, Reason::NeedsAnotherProbe),
    }
}

/// A check that must fail: any layer that needs the other end's identity makes it a success.
fn refusal(proven: Option<Layer>, manner: Manner) -> (Status, Reason) {
    match (proven, manner) {
        (Some(Layer::Tls | Layer::Http), _) | (_, Manner::Answered) => {
            (Status::Intercepted, Reason::AnsweredThoughImpossible)
        }
        // A name that is looked up in vain is refused in its way.
        (_, Manner::Failed | Manner::AtOnce | Manner::NameTimedOut) => {
            (Status::Unreachable, Reason::RefusedAsItMust)
        }
        (_, Manner::Silent | Manner::ConnectTimedOut) => (Status::Inconclusive, Reason::CanaryTimedOut),
        (_, Manner::Held) => (Status::Inconclusive, Reason::Held),
        (_, Manner::Withheld) => (Status::Inconclusive, Reason::Withheld),
        (_, Manner::PermissionPossible) => (Status::Inconclusive, Reason::PermissionPossible),
        (_, Manner::Prevented(limit)) => (Status::NotTestable, Reason::Prevented(limit)),
        (_, Manner::ClockGap) => (Status::Inconclusive, Reason::ClockGap),
        (_, Manner::PermissionPrompt) => (Status::Inconclusive, Reason::PermissionPrompt),
    }
}

/// What was needed was seen; what that is worth, the canaries say.
const fn worth(trust: Trust) -> (Status, Reason) {
    match trust {
        Trust::Clean => (Status::Reachable, Reason::Answered),
        Trust::Fabricated => (Status::Intercepted, Reason::AnswersAreFabricated),
        Trust::FabricatedPlain => (Status::Inconclusive, Reason::AnswersAreFabricated),
        Trust::Doubtful => (Status::Inconclusive, Reason::DomainAnswersAnything),
        Trust::Spared => (Status::Inconclusive, Reason::DomainMayBeSpared),
        Trust::Stranger => (Status::Inconclusive, Reason::HostUnproven),
        Trust::Unknown => (Status::Inconclusive, Reason::CanaryUndecided),
    }
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// Which check.
    pub id: CheckId,
    /// Status and why; `None` while it is open.
    pub decision: Option<(Status, Reason)>,
    /// How far the path was seen to work; `None` where nothing tells.
    pub reached: Option<Reached>,
    /// Milliseconds of the observation that decided.
    pub duration_ms: Option<f64>,
}

impl CheckResult {
    /// The status, once it is decided.
    pub fn status(&self) -> Option<Status> {
        self.decision.as_ref().map(|(status, _)| *status)
    }
}

/// A run as a whole, read once: the facts of every check, and what answers and failures are worth.
pub struct Reading<'a> {
    evidence: &'a Evidence,
    /// In the order of the evidence.
    facts: Vec<Option<Facts>>,
    /// Whether something beyond this machine answered.
    beyond: bool,
    /// Hosts to which TLS was tried, and in no case with a certificate that the browser trusts.
    strangers: BTreeSet<&'a str>,
    /// What all checks have in common.
    pub common: Common<'a>,
}

impl<'a> Reading<'a> {
    /// Reads a run.
    pub fn of(evidence: &'a Evidence) -> Self {
        let common = Common::of(evidence);
        let facts: Vec<_> = evidence.checks.iter().map(|check| facts(check, &common)).collect();
        let strangers = strangers(evidence, &facts);
        let mut reading = Self { evidence, facts, beyond: false, strangers, common };
        reading.beyond = evidence.checks.iter().zip(&reading.facts).any(|(check, facts)| {
            // Made-up answers come from wherever they please, even from this machine's own proxy.
            let genuine = |place: &Endpoint| !place.is_loopback() && reading.trust(place) == Trust::Clean;
            !check.earlier
                && check.check().expect != Expect::Refusal
                && facts.is_some_and(|facts| facts.proven.is_some())
                && check.planned.endpoint().is_some_and(genuine)
        });
        reading
    }

    /// What the check at this position came to.
    pub fn result(&self, at: usize) -> CheckResult {
        let check = &self.evidence.checks[at];
        let decision = self.decide(at);
        CheckResult {
            id: check.check().id.clone(),
            reached: decision.as_ref().and_then(|(status, _)| self.reached(at, *status)),
            decision,
            duration_ms: duration(check.observations()),
        }
    }

    /// The status of the check at this position once it is decided; `None` while something that may still come
    /// decides it.
    fn decide(&self, at: usize) -> Option<(Status, Reason)> {
        let check = &self.evidence.checks[at];
        let finished = self.evidence.finished;
        let endpoint = match &check.planned.target {
            Target::WaitsFor(ids) => return Some((Status::Skipped, Reason::WaitsFor(ids.clone()))),
            Target::Endpoint(endpoint) => endpoint,
        };
        if let Progress::NotRun(why) = &check.progress {
            return Some((Status::Skipped, Reason::NotRun(*why)));
        }
        if matches!(check.progress, Progress::Repeating(_)) && !finished {
            return None;
        }
        let Some(facts) = self.facts[at] else {
            // An unfinished check at the end of a run is one that was stopped.
            return finished.then_some((Status::Skipped, Reason::NotRun(NotRun::Stopped)));
        };
        let trust = self.trust(endpoint);
        let network = self.network(endpoint);
        let may_change = match facts.manner {
            Manner::Answered => trust == Trust::Unknown,
            Manner::Failed | Manner::Silent | Manner::ConnectTimedOut | Manner::NameTimedOut => {
                network == Network::Unproven
            }
            Manner::ClockGap
            | Manner::PermissionPrompt
            | Manner::PermissionPossible
            | Manner::Held
            | Manner::Withheld
            | Manner::AtOnce
            | Manner::Prevented(_) => false,
        };
        if may_change && !finished && check.check().expect != Expect::Refusal {
            return None;
        }
        // A WebSocket that is not opened may have been answered: browsers do not say.
        if endpoint.scheme == Scheme::Wss && facts.manner == Manner::Failed && facts.proven.is_none() {
            return Some((Status::Inconclusive, Reason::NeedsAnotherProbe));
        }
        Some(status(facts, check.check().expect, trust, network))
    }

    /// How far the check at this position is known to have come. Under fabricated answers nothing is known.
    fn reached(&self, at: usize, status: Status) -> Option<Reached> {
        match status {
            Status::Intercepted | Status::NotTestable | Status::Skipped => return None,
            Status::Reachable | Status::Unreachable | Status::Inconclusive => {}
        }
        let endpoint = self.evidence.checks[at].planned.endpoint()?;
        let proven = self.facts[at]?.proven.filter(|_| self.trust(endpoint) == Trust::Clean);
        match proven? {
            Layer::Tcp => Some(Reached::Tcp),
            Layer::Tls => Some(Reached::Tls),
            Layer::Http => Some(Reached::Http),
        }
    }

    /// What an answer of this endpoint is worth.
    ///
    /// A fabricated answer over TLS needs a certificate that the browser trusts, so a plain-HTTP canary says
    /// nothing about TLS: behind an ordinary proxy the first answers with the proxy's own error page while
    /// tunnels stay honest. The other way round, whoever fabricates TLS certainly fabricates plain HTTP.
    fn trust(&self, endpoint: &Endpoint) -> Trust {
        let tls = endpoint.scheme.is_tls();
        let mut failed = false;
        let mut spared = false;
        let mut doubtful = false;
        let mut fabricated = false;
        let mut fabricated_plain = false;
        for (canary, facts) in self.evidence.checks.iter().zip(&self.facts) {
            let Some(place) = canary.planned.endpoint().filter(|_| canary.check().expect == Expect::Refusal)
            else {
                continue;
            };
            // Nothing on a path can answer for this machine, and this machine says nothing about a path.
            if place.is_loopback() != endpoint.is_loopback() {
                continue;
            }
            let canary_tls = place.scheme.is_tls();
            let below =
                |domain: &str| endpoint.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
            // ICE may have found TLS where HTTP said nothing: that is an answer in the name, too.
            let manner = facts.map(|facts| match facts.proven {
                Some(Layer::Tls | Layer::Http) => Manner::Answered,
                Some(Layer::Tcp) | None => facts.manner,
            });
            match (manner, &canary.planned.canary) {
                (Some(Manner::Answered), Some(Canary::Domain(domain))) => {
                    doubtful |= tls
                        && endpoint
                            .host
                            .strip_suffix(domain.as_str())
                            .is_some_and(|rest| rest.ends_with('.'));
                }
                (Some(Manner::Answered), Some(Canary::Anywhere) | None) => {
                    fabricated |= canary_tls;
                    fabricated_plain |= !canary_tls && !tls;
                }
                (Some(Manner::Failed | Manner::AtOnce | Manner::NameTimedOut), Some(Canary::Anywhere)) => {
                    failed |= canary_tls == tls;
                }
                (
                    Some(Manner::Failed | Manner::AtOnce | Manner::NameTimedOut),
                    Some(Canary::Domain(domain)),
                ) => {
                    failed |= tls && below(domain);
                    spared |= tls && below(domain);
                }
                // Not come to an end; or one dead host of the catalogue, which shows nothing about others.
                (Some(Manner::Failed | Manner::AtOnce | Manner::NameTimedOut), None)
                | (
                    Some(
                        Manner::Silent
                        | Manner::ConnectTimedOut
                        | Manner::ClockGap
                        | Manner::PermissionPrompt
                        | Manner::PermissionPossible
                        | Manner::Held
                        | Manner::Withheld
                        | Manner::Prevented(_),
                    )
                    | None,
                    _,
                ) => {}
            }
        }
        if fabricated {
            if spared && !doubtful { Trust::Spared } else { Trust::Fabricated }
        } else if fabricated_plain {
            Trust::FabricatedPlain
        } else if doubtful {
            Trust::Doubtful
        } else if !tls && !endpoint.is_loopback() && self.strangers.contains(endpoint.host.as_str()) {
            Trust::Stranger
        } else if failed || endpoint.is_loopback() {
            // Nothing lies between a page and its own machine that could make answers up.
            Trust::Clean
        } else {
            Trust::Unknown
        }
    }

    /// Whether a failure of this endpoint means anything: something else beyond this machine has answered.
    fn network(&self, endpoint: &Endpoint) -> Network {
        if endpoint.is_loopback() || self.beyond { Network::Proven } else { Network::Unproven }
    }
}

/// Hosts to which connections were made, and on none of them TLS with a certificate that the browser trusts: whatever
/// answers there over plain HTTP may be anybody, such as the page of a filter that says what it blocks.
fn strangers<'a>(evidence: &'a Evidence, facts: &[Option<Facts>]) -> BTreeSet<&'a str> {
    let tls = || {
        let checks = evidence.checks.iter().zip(facts);
        checks.filter_map(|(check, facts)| {
            let place = check.planned.endpoint().filter(|place| place.scheme.is_tls())?;
            Some((place.host.as_str(), (*facts)?))
        })
    };
    let known: BTreeSet<_> =
        tls().filter(|(_, facts)| facts.proven >= Some(Layer::Tls)).map(|(host, _)| host).collect();
    let fails = |facts: &Facts| facts.proven == Some(Layer::Tcp) && facts.disproven == Some(Layer::Tls);
    tls().filter(|(host, facts)| fails(facts) && !known.contains(host)).map(|(host, _)| host).collect()
}

/// Of the request that was answered first; else of the WebSocket that was answered soonest; else of the first request, or
/// where there is none, of what ended soonest. Requests follow each other; everything else arrives in any order.
fn duration(seen: &[Observation]) -> Option<f64> {
    // The time of an answer that came while the clock stood still is nobody's.
    let time = |seen: &Observation| seen.ms.filter(|_| !seen.notes(CLOCK_GAP));
    let soonest = |these: &dyn Fn(&Observation) -> bool| {
        seen.iter().filter(|seen| these(seen)).filter_map(time).min_by(f64::total_cmp)
    };
    let answered = |seen: &Observation| seen.outcome == Outcome::Answered;
    let opened = |seen: &Observation| seen.probe == Probe::WebSocket && answered(seen);
    if let Some(request) = seen.iter().find(|seen| requests(seen) && answered(seen)) {
        time(request)
    } else if seen.iter().any(opened) {
        soonest(&opened)
    } else if let Some(request) = seen.iter().find(|seen| requests(seen)) {
        time(request)
    } else {
        soonest(&|_| true)
    }
}
