//! What the whole run says about what each check's observations mean, gathered once.

use std::collections::BTreeSet;

use crate::catalogue::Expect;
use crate::endpoint::Endpoint;
use crate::evidence::{CheckEvidence, Client, Evidence};
use crate::observation::{Observation, Outcome, Probe, SENT};
use crate::plan::Canary;
use crate::timing::Pace;

/// What stands between the browser and the network, as far as plain HTTP in the name of what cannot exist tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It was refused, and never answered: no proxy.
    Direct,
    /// It was answered, and TLS was not, as an ordinary proxy does it; or a request over TLS was sent, which only a proxy
    /// takes.
    Proxy,
    /// It could not be asked, or hung, or everything is answered.
    Hidden,
    /// Nothing of the kind was to be asked.
    NotAsked,
}

/// Facts about the run, of use for every check of it.
#[derive(Debug, Clone)]
pub struct Common<'a> {
    /// What asked.
    pub client: Client,
    /// The hosts for any port of which ICE has shown an address, so that a missing one means something there.
    pub address_shown: BTreeSet<&'a str>,
    /// The hosts that have answered an HTTP request on any port.
    pub answered: BTreeSet<&'a str>,
    /// What stands between, by plain HTTP in the name of what cannot exist.
    pub way: Way,
    /// Whether it proves TLS that a request over TLS was sent: one for a name that cannot exist was refused unsent. Through
    /// a proxy every request is sent, to the proxy (measured in Firefox 153; `tests/browser/closer.rs`).
    pub sent_proves: bool,
    /// Whether no connection was made in the name of something that cannot exist.
    pub tcp_honest: bool,
    /// How long a round trip takes.
    pub pace: Pace<'a>,
}

impl<'a> Common<'a> {
    /// Reads a run.
    pub fn of(evidence: &'a Evidence) -> Self {
        let with = |seen: fn(&Observation) -> bool| -> BTreeSet<&'a str> {
            let checks = evidence.checks.iter().filter(|check| check.observations().iter().any(seen));
            checks.filter_map(CheckEvidence::endpoint).map(|place| place.host.as_str()).collect()
        };
        let plain = |answer| impossible(evidence, |place| !place.scheme.is_tls(), answer);
        let tls = |answer| impossible(evidence, |place| place.scheme.is_tls(), answer);
        let answers = |seen: &Observation| requests(seen) && seen.outcome == Outcome::Answered;
        let refused = |seen: &Observation| requests(seen) && seen.outcome == Outcome::Failed;
        let sent = |seen: &Observation| refused(seen) && seen.notes(SENT);
        let way = match (plain(&answers), plain(&refused)) {
            (true, _) if !tls(&answers) => Way::Proxy,
            _ if tls(&sent) => Way::Proxy,
            (false, true) => Way::Direct,
            (false, false) if !plain(&|_| true) => Way::NotAsked,
            _ => Way::Hidden,
        };
        Self {
            client: evidence.client,
            address_shown: with(|seen| {
                matches!(seen.probe, Probe::Turn | Probe::Turns) && seen.outcome == Outcome::Answered
            }),
            answered: with(|seen| {
                requests(seen) && seen.outcome == Outcome::Answered && seen.probe != Probe::Stream
            }),
            way,
            sent_proves: tls(&refused) && !tls(&sent),
            tcp_honest: !tls(&connects),
            pace: Pace::of(evidence),
        }
    }
}

/// Whether this was a request over HTTP.
pub fn requests(seen: &Observation) -> bool {
    match seen.probe {
        Probe::Fetch | Probe::Repeat | Probe::Deep | Probe::Get | Probe::Stream => true,
        Probe::Rule
        | Probe::Plain
        | Probe::KeepAlive
        | Probe::Timed
        | Probe::Turns
        | Probe::Turn
        | Probe::WebSocket
        | Probe::Responder => false,
    }
}

/// Whether this shows a TCP connection without showing TLS.
fn connects(seen: &Observation) -> bool {
    match seen.probe {
        Probe::Turn => seen.outcome == Outcome::Answered,
        Probe::WebSocket => seen.outcome == Outcome::Failed && seen.detail == CLOSED_BY_TLS,
        _ => false,
    }
}

/// The close code with which Firefox says that TLS failed on an open connection (measured).
pub const CLOSED_BY_TLS: &str = "1015";

/// Whether such a thing was seen of a name that can exist nowhere, of this kind.
fn impossible(
    evidence: &Evidence,
    kind: impl Fn(&Endpoint) -> bool,
    seen: &dyn Fn(&Observation) -> bool,
) -> bool {
    let canaries = evidence.checks.iter().filter(|check| {
        check.check().expect == Expect::Refusal && check.planned.canary == Some(Canary::Anywhere)
    });
    let mut canaries = canaries.filter(|check| check.endpoint().is_some_and(&kind));
    canaries.any(|check| check.observations().iter().any(seen))
}
