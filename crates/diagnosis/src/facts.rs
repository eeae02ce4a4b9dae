//! From a check's observations to what they prove: how far the path works, how far it does not, and in what
//! manner the attempt ended.

use serde::{Deserialize, Serialize};

use crate::catalogue::Expect;
use crate::common::{CLOSED_BY_TLS, Common, Way, requests};
use crate::endpoint::Scheme;
use crate::evidence::{CheckEvidence, Client, Engine};
use crate::observation::{
    BrowserLimit, CLOCK_GAP, Observation, Outcome, PERMISSION_POSSIBLE, PERMISSION_PROMPT, Probe, SENT,
};

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
    /// Nothing, until the browser gave up looking the name up.
    NameTimedOut,
    /// Nothing came of requests, while a WebSocket to the same place ended at once: the browser waits for somebody.
    Held,
    /// Something answered, and the browser keeps it from the page; or it asks for a permission first.
    Withheld,
    /// It failed or was silent, and a missing permission would look the same.
    PermissionPossible,
    /// It failed sooner than any packet could come back.
    AtOnce,
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

/// Milliseconds after which a browser gives up looking up a name that nobody answers for (measured: 13.1 s in Chromium
/// 156, 10.0 s in Firefox 153).
const fn name_give_up_ms(engine: Engine) -> std::ops::Range<f64> {
    match engine {
        Engine::Chromium => 12_200.0..14_600.0,
        Engine::Firefox => 9_500.0..11_500.0,
        Engine::Other => 0.0..0.0,
    }
}

/// Milliseconds after which an error is the end of a silence, and no refusal: a refusal takes round trips, on
/// Windows two seconds (documented).
const LATE_MS: std::ops::Range<f64> = 5_000.0..f64::INFINITY;

/// Milliseconds within which a WebSocket has ended "at once": a refusal of Windows, and room.
const SOON_MS: std::ops::Range<f64> = 0.0..4_000.0;

/// Milliseconds; what ends within them ended inside the browser, where every host is farther away.
const AT_ONCE_MS: f64 = 4.0;

/// The facts of a check; `None` where nothing was observed. `common` is that of the run.
pub fn facts(check: &CheckEvidence, common: &Common<'_>) -> Option<Facts> {
    let seen = check.observations();
    let place = check.endpoint();
    let scheme = place.map(|place| place.scheme);
    let tls = scheme.is_some_and(Scheme::is_tls);
    let shows_address = place.is_some_and(|place| common.address_shown.contains(place.host.as_str()));
    let manner = manner(check, common)?;
    let mut proven = None;
    let mut disproven: Option<Layer> = None;
    for observation in seen {
        let (works, fails) = shown(observation, tls, shows_address, common);
        proven = proven.max(works);
        disproven = match (disproven, fails) {
            (Some(low), Some(other)) => Some(low.min(other)),
            (low, other) => low.or(other),
        };
    }
    if manner == Manner::Answered {
        proven = Some(Layer::Http);
    }
    // A refused port turns ICE away at once, and a dropped one lets requests hang: between the two lies a listener
    // that takes the first words of TURN for the beginning of something longer, as OpenSSL does (measured).
    if shows_address && manner == Manner::Failed && turn_hangs(seen) {
        proven = proven.max(Some(Layer::Tcp));
    }
    // To a place that drops everything plain HTTP would hang, too.
    let ends_plainly = |seen: &Observation| {
        seen.probe == Probe::Plain && seen.outcome == Outcome::Failed && within(seen, &SOON_MS)
    };
    if tls && manner == Manner::Silent && common.way == Way::Direct && seen.iter().any(ends_plainly) {
        proven = proven.max(Some(Layer::Tcp));
    }
    // Where connections are accepted in the name of what cannot exist, a connection alone shows nothing.
    if check.check().expect == Expect::Tcp && proven == Some(Layer::Tcp) && !common.tcp_honest {
        proven = None;
    }
    // What was seen to work once works: a failure beside it is a matter of chance, not of the path.
    let disproven = disproven.filter(|layer| proven < Some(*layer));
    Some(Facts { proven, disproven, manner })
}

/// What one observation shows: the layer that works, and the layer that does not. Whatever is not listed shows
/// neither. Each row is a measurement; the module comment of each probe says where.
fn shown(
    seen: &Observation,
    tls: bool,
    shows_address: bool,
    common: &Common<'_>,
) -> (Option<Layer>, Option<Layer>) {
    match (seen.probe, seen.outcome) {
        // Every browser.
        (
            Probe::Fetch | Probe::Repeat | Probe::Deep | Probe::Get | Probe::WebSocket | Probe::Responder,
            Outcome::Answered,
        ) => (Some(Layer::Http), None),
        // A proxy that connects in vain is given up as late.
        (Probe::Deep, Outcome::Failed) if tls && common.way == Way::Direct && gave_up_tls(seen) => {
            (Some(Layer::Tcp), Some(Layer::Tls))
        }
        (Probe::Plain, Outcome::Answered) if common.way == Way::Direct => (Some(Layer::Tcp), None),

        // Chromium. Without an address nothing is proven: it is missing for private targets too. It means
        // something where the same host has shown one.
        (Probe::Turns, Outcome::Answered) => (Some(Layer::Tls), None),
        (Probe::Turn, Outcome::Answered) => (Some(Layer::Tcp), None),
        (Probe::Turns, Outcome::Failed) if shows_address => (None, Some(Layer::Tls)),
        (Probe::Turn, Outcome::Failed) if shows_address => (None, Some(Layer::Tcp)),

        // Firefox.
        (Probe::Fetch | Probe::Repeat | Probe::Get, Outcome::Failed)
            if tls && seen.notes(SENT) && common.sent_proves =>
        {
            (Some(Layer::Tls), None)
        }
        (Probe::Fetch | Probe::Repeat | Probe::Get | Probe::Plain, Outcome::Failed)
            if (!tls || seen.probe == Probe::Plain) && seen.notes(SENT) && common.way == Way::Direct =>
        {
            (Some(Layer::Tcp), None)
        }
        (Probe::WebSocket, Outcome::Failed) if seen.detail == CLOSED_BY_TLS => {
            // Plain HTTP that ends in TLS: the browser knows the host as one for HTTPS only.
            (Some(Layer::Tcp), tls.then_some(Layer::Tls))
        }
        _ => (None, None),
    }
}

/// Whether a request ended when browsers give up waiting for TLS on an open connection, or a proxy's answer.
pub(crate) fn gave_up_tls(seen: &Observation) -> bool {
    within(seen, &TLS_GIVE_UP_MS)
}

/// Whether a request ended when the system gives up connecting; others than Windows take minutes.
pub(crate) fn gave_up_connecting(seen: &Observation, client: Client) -> bool {
    client.windows && within(seen, &CONNECT_GIVE_UP_MS)
}

/// How the attempts over HTTP ended; the best of them counts, then the latest.
fn manner(check: &CheckEvidence, common: &Common<'_>) -> Option<Manner> {
    let seen = check.observations();
    let wss = check.endpoint().is_some_and(|place| place.scheme == Scheme::Wss);
    let ice = |outcome| {
        seen.iter().any(|seen| matches!(seen.probe, Probe::Turn | Probe::Turns) && seen.outcome == outcome)
    };
    let must_fail = check.check().expect == Expect::Refusal;
    let mut manners: Vec<_> = Vec::new();
    for request in seen {
        manners.push(match request.probe {
            // An address is shown of public targets only, and for these no permission is asked.
            Probe::Stream if request.notes(PERMISSION_POSSIBLE) && !ice(Outcome::Answered) => {
                Manner::Withheld
            }
            Probe::WebSocket if !wss => continue,
            // What cannot be read may be reachable all the same.
            Probe::Responder if request.outcome == Outcome::Answered => Manner::Answered,
            // What must fail has failed, however long it took.
            _ if must_fail && requests(request) && request.outcome == Outcome::Failed => Manner::Failed,
            Probe::Rule | Probe::WebSocket => manner_of(request, common),
            _ if requests(request) => manner_of(request, common),
            _ => continue,
        });
    }
    for best in [Manner::Answered, Manner::Withheld] {
        if manners.contains(&best) {
            return Some(best);
        }
    }
    // A look that was spoilt takes nothing away from one that was not.
    let sound = |manner: &&Manner| !matches!(manner, Manner::ClockGap);
    let last = manners.iter().rev().find(sound).or(manners.last()).copied();
    // Closer looks without a request have seen nothing come back.
    let last = last.or((!seen.is_empty()).then_some(Manner::Silent))?;
    let host = check.endpoint().map_or("", |place| place.host.as_str());
    let elsewhere = common.answered.contains(host);
    let websocket = |outcome| {
        let mut all = seen.iter().filter(|seen| seen.probe == Probe::WebSocket && !wss);
        all.any(|seen| seen.outcome == outcome && within(seen, &SOON_MS))
    };
    let no_proxy = common.way == Way::Direct || common.sent_proves;
    Some(match last {
        // Far away an error takes as long as silence: Firefox tries ten times, and a WebSocket once.
        Manner::Silent | Manner::NameTimedOut if no_proxy && !silent(seen) && websocket(Outcome::Failed) => {
            Manner::Failed
        }
        Manner::Silent | Manner::PermissionPrompt | Manner::PermissionPossible
            if websocket(Outcome::Failed) || websocket(Outcome::Answered) =>
        {
            Manner::Held
        }
        // Permissions are asked for addresses, not for ports. And ICE is asked for none, nor is Firefox' WebSocket.
        Manner::PermissionPossible if silent(seen) && (elsewhere || nothing_else_either(seen)) => {
            Manner::Silent
        }
        Manner::PermissionPossible if elsewhere && !silent(seen) => Manner::Failed,
        Manner::NameTimedOut if elsewhere => Manner::Silent,
        // On one host a firewall nearby may be as quick, and chooses by port.
        Manner::Failed if !elsewhere && at_once(seen) && common.pace.nearest().is_some() => {
            if ice(Outcome::Failed) || ice(Outcome::TimedOut) { Manner::Failed } else { Manner::AtOnce }
        }
        other => other,
    })
}

/// Whether ICE found no end to connecting over TCP.
fn turn_hangs(seen: &[Observation]) -> bool {
    let mut turns = seen.iter().filter(|seen| seen.probe == Probe::Turn).peekable();
    turns.peek().is_some() && turns.all(|seen| seen.outcome == Outcome::TimedOut)
}

/// Whether the last request had no end.
fn silent(seen: &[Observation]) -> bool {
    seen.iter().rfind(|seen| requests(seen)).is_some_and(|seen| seen.outcome == Outcome::TimedOut)
}

/// Whether ways of asking that need no permission were silent, too.
fn nothing_else_either(seen: &[Observation]) -> bool {
    let free = |seen: &&Observation| matches!(seen.probe, Probe::Turn | Probe::WebSocket);
    let mut others = seen.iter().filter(free).peekable();
    others.peek().is_some() && others.all(|seen| seen.outcome == Outcome::TimedOut)
}

/// Whether every request failed before anything could have come back.
pub fn at_once(seen: &[Observation]) -> bool {
    let failed: Vec<_> = seen.iter().filter(|seen| requests(seen)).collect();
    failed.len() > 1
        && failed
            .iter()
            .all(|seen| seen.outcome == Outcome::Failed && seen.ms.is_some_and(|ms| ms <= AT_ONCE_MS))
}

fn manner_of(observation: &Observation, common: &Common<'_>) -> Manner {
    match observation.outcome {
        Outcome::Answered => Manner::Answered,
        Outcome::Failed
            if observation.probe == Probe::Deep
                && within(observation, &name_give_up_ms(common.client.engine)) =>
        {
            Manner::NameTimedOut
        }
        Outcome::Failed
            if observation.probe == Probe::Deep && gave_up_connecting(observation, common.client) =>
        {
            Manner::ConnectTimedOut
        }
        // Silence that ends late is silence all the same; what fails at once fails.
        Outcome::Failed if within(observation, &LATE_MS) => Manner::Silent,
        // Headless, a permission that would be asked for is denied without a word.
        Outcome::Failed if observation.notes(PERMISSION_POSSIBLE) || observation.notes(PERMISSION_PROMPT) => {
            Manner::PermissionPossible
        }
        Outcome::Failed => Manner::Failed,
        Outcome::TimedOut if observation.detail == CLOCK_GAP => Manner::ClockGap,
        Outcome::TimedOut if observation.detail == PERMISSION_PROMPT => Manner::PermissionPrompt,
        Outcome::TimedOut if observation.notes(PERMISSION_POSSIBLE) => Manner::PermissionPossible,
        Outcome::TimedOut => Manner::Silent,
        // A limit that this version does not know is still the browser's doing.
        Outcome::Prevented => Manner::Prevented(observation.limit().unwrap_or(BrowserLimit::PagePolicy)),
    }
}

fn within(observation: &Observation, span: &std::ops::Range<f64>) -> bool {
    observation.ms.is_some_and(|ms| span.contains(&ms))
}
