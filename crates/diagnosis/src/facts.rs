//! From a check's observations to what they prove: how far the path works, how far it does not, and in what
//! manner the attempt ended.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::endpoint::Scheme;
use crate::evidence::{CheckEvidence, Evidence};
use crate::observation::{BrowserLimit, CLOCK_GAP, Observation, Outcome, PERMISSION_PROMPT, Probe};

/// How far a path was seen to work.
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

/// A layer that can be proven or disproven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// A TCP connection.
    Tcp,
    /// A TLS handshake with a certificate that the browser trusts.
    Tls,
    /// An HTTP answer.
    Http,
}

/// How the attempts ended where nothing answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Manner {
    /// Something answered.
    Answered,
    /// The browser gave up with an error, and did so again.
    Failed,
    /// Nothing within the deadline.
    Silent,
    /// Nothing, until the operating system gave up connecting.
    ConnectTimedOut,
    /// Nothing within the deadline, but the clock is not to be trusted.
    ClockGap,
    /// Nothing within the deadline, but the browser was waiting for the user.
    PermissionPrompt,
    /// The browser would not ask.
    Prevented(BrowserLimit),
}

/// What one check's observations amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The highest layer that was seen to work.
    pub proven: Option<Layer>,
    /// The lowest layer that was seen not to work.
    pub disproven: Option<Layer>,
    /// How the attempts ended.
    pub manner: Manner,
}

/// Milliseconds after which Windows gives up connecting (four unanswered repetitions of the SYN, documented), with
/// room for a slow machine.
const CONNECT_GIVE_UP_MS: std::ops::Range<f64> = 18_500.0..25_000.0;

/// Milliseconds after which both browsers give up waiting for TLS on an open connection (measured: 30.1 s in
/// Chromium 156, 30.5 s in Firefox 153), with room for a slow machine.
const TLS_GIVE_UP_MS: std::ops::Range<f64> = 29_000.0..34_000.0;

/// Milliseconds after which an error is the end of a silence, and no refusal: a refusal takes round trips, on
/// Windows two seconds (documented).
const LATE_MS: std::ops::Range<f64> = 5_000.0..f64::INFINITY;

/// The close code with which Firefox says that TLS failed on an open connection (measured).
const CLOSED_BY_TLS: &str = "1015";

/// The hosts for any port of which ICE has shown an address, so that a missing one means something there.
pub fn address_shown(evidence: &Evidence) -> BTreeSet<&str> {
    let shown = |check: &&CheckEvidence| {
        check
            .observations()
            .iter()
            .any(|seen| matches!(seen.probe, Probe::Turn | Probe::Turns) && seen.outcome == Outcome::Answered)
    };
    evidence.checks.iter().filter(shown).filter_map(host).collect()
}

fn host(check: &CheckEvidence) -> Option<&str> {
    check.planned.endpoint().map(|endpoint| endpoint.host.as_str())
}

/// The facts of a check; `None` where nothing was observed. `address_shown` is that of the run.
pub fn facts(check: &CheckEvidence, address_shown: &BTreeSet<&str>) -> Option<Facts> {
    let shows_address = host(check).is_some_and(|host| address_shown.contains(host));
    let seen = check.observations();
    let wss = check.planned.endpoint().is_some_and(|endpoint| endpoint.scheme == Scheme::Wss);
    let manner = manner(seen, wss)?;
    let tls = check.planned.endpoint().is_some_and(|endpoint| endpoint.scheme.is_tls());
    let mut proven = None;
    let mut disproven: Option<Layer> = None;
    for observation in seen {
        let (works, fails) = match (observation.probe, observation.outcome) {
            (
                Probe::Fetch | Probe::Repeat | Probe::Deep | Probe::WebSocket | Probe::Responder,
                Outcome::Answered,
            ) => (Some(Layer::Http), None),
            (Probe::Turns, Outcome::Answered) => (Some(Layer::Tls), None),
            (Probe::Turn, Outcome::Answered) => (Some(Layer::Tcp), None),
            (Probe::WebSocket, Outcome::Failed) if tls && observation.detail == CLOSED_BY_TLS => {
                (Some(Layer::Tcp), Some(Layer::Tls))
            }
            (Probe::Deep, Outcome::Failed) if tls && within(observation, &TLS_GIVE_UP_MS) => {
                (Some(Layer::Tcp), Some(Layer::Tls))
            }
            // Without an address nothing is proven: it is missing for private targets too. It means something
            // where the same host has shown one.
            (Probe::Turns, Outcome::Failed) if shows_address => (None, Some(Layer::Tls)),
            (Probe::Turn, Outcome::Failed) if shows_address => (None, Some(Layer::Tcp)),
            _ => (None, None),
        };
        proven = proven.max(works);
        disproven = match (disproven, fails) {
            (Some(low), Some(other)) => Some(low.min(other)),
            (low, other) => low.or(other),
        };
    }
    // What was seen to work once works: a failure beside it is a matter of chance, not of the path.
    let disproven = disproven.filter(|layer| proven < Some(*layer));
    Some(Facts { proven, disproven, manner })
}

/// How the attempts over HTTP ended; the best of them counts, then the latest.
fn manner(seen: &[Observation], wss: bool) -> Option<Manner> {
    let requests = seen.iter().filter(|observation| match observation.probe {
        Probe::Rule | Probe::Fetch | Probe::Repeat | Probe::Deep => true,
        Probe::WebSocket => wss,
        // What cannot be read may be reachable all the same.
        Probe::Responder => observation.outcome == Outcome::Answered,
        Probe::Turns | Probe::Turn => false,
    });
    let manners: Vec<_> = requests.map(manner_of).collect();
    if manners.contains(&Manner::Answered) {
        return Some(Manner::Answered);
    }
    // A look that was spoilt takes nothing away from one that was not.
    let sound = |manner: &&Manner| !matches!(manner, Manner::ClockGap);
    let last = manners.iter().rev().find(sound).or(manners.last()).copied();
    // Closer looks without a request have seen nothing come back.
    last.or((!seen.is_empty()).then_some(Manner::Silent))
}

fn manner_of(observation: &Observation) -> Manner {
    match observation.outcome {
        Outcome::Answered => Manner::Answered,
        Outcome::Failed if observation.probe == Probe::Deep && within(observation, &CONNECT_GIVE_UP_MS) => {
            Manner::ConnectTimedOut
        }
        // Silence that ends late is silence all the same; what fails at once fails.
        Outcome::Failed if within(observation, &LATE_MS) => Manner::Silent,
        Outcome::Failed => Manner::Failed,
        Outcome::TimedOut if observation.detail == CLOCK_GAP => Manner::ClockGap,
        Outcome::TimedOut if observation.detail == PERMISSION_PROMPT => Manner::PermissionPrompt,
        Outcome::TimedOut => Manner::Silent,
        // A limit that this version does not know is still the browser's doing.
        Outcome::Prevented => Manner::Prevented(observation.limit().unwrap_or(BrowserLimit::PagePolicy)),
    }
}

fn within(observation: &Observation, span: &std::ops::Range<f64>) -> bool {
    observation.ms.is_some_and(|ms| span.contains(&ms))
}
