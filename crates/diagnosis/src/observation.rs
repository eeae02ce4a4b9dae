//! What one probe of one endpoint saw, in the words every source of evidence shares.

use serde::{Deserialize, Serialize};

/// One look at one endpoint, in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// How the endpoint was asked.
    pub probe: Probe,
    /// What came of it.
    pub outcome: Outcome,
    /// Milliseconds from the start of the probe until its outcome; absent where nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
    /// For `prevented` the code of a [`BrowserLimit`]; otherwise free text for a reader, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A way of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// A rule of the browser that needs no traffic to be known.
    Rule,
    /// `fetch`, HEAD, `no-cors`: tells only whether some HTTP answer arrived.
    Fetch,
    /// The same once more, after a failure: whatever struck only once is not the network's state.
    Repeat,
    /// The same with a deadline beyond the times at which browsers and systems give up by themselves.
    Deep,
    /// `fetch`, GET, after HEAD has failed, Firefox: some servers close the connection instead of answering HEAD, and some
    /// lead to a dead place.
    Get,
    /// An event stream, Chromium's family: answered where the browser gives it up for good, as it does after any
    /// HTTP answer that the page may not read, redirects included; after a failure of the network it means to
    /// try again. With [`PERMISSION_POSSIBLE`] a missing permission ends it so, too.
    Stream,
    /// `fetch` of `http://` at the port of a TLS check: an answer of whatever kind shows a listener.
    Plain,
    /// `fetch` once more over the connection of one that answered: its time is one round trip.
    KeepAlive,
    /// `fetch` once more of what failed, for its time alone.
    Timed,
    /// ICE, `turns:` over TCP, Chromium's family: answered where TCP and TLS with a trusted certificate were
    /// completed; a failure says nothing by itself.
    Turns,
    /// ICE, `turn:` over TCP, Chromium's family: answered where TCP was completed; a failure says nothing by
    /// itself.
    Turn,
    /// `fetch`, GET, readable: what a responder tells of the request, as JSON of [`crate::responder::Look`] in the
    /// detail. A failure says nothing: hosts that are no responder cannot be read.
    Responder,
    /// Opening a WebSocket; where it closes, the detail is the close code. Firefox closes with 1015 where TCP
    /// was open and TLS or the certificate failed.
    WebSocket,
}

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Some HTTP answer arrived, whatever its status.
    Answered,
    /// The browser gave up with an error, which it never names.
    Failed,
    /// Nothing had happened when the probe's deadline was over.
    TimedOut,
    /// The browser itself would not ask; see [`BrowserLimit`].
    Prevented,
}

/// Why a browser refuses to ask although the network might let it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrowserLimit {
    /// Plain `http:` or `ws:` from an `https:` page.
    MixedContent,
    /// A port on the Fetch standard's list of bad ports.
    RestrictedPort,
    /// A Content-Security-Policy of the page or of the page around it.
    PagePolicy,
    /// Local Network Access: the permission was denied, or its prompt cannot appear.
    LocalNetwork,
}

impl BrowserLimit {
    /// Every limit, for tests and tables.
    pub const ALL: [Self; 4] =
        [Self::MixedContent, Self::RestrictedPort, Self::PagePolicy, Self::LocalNetwork];

    /// The stable code that stands in [`Observation::detail`].
    pub const fn code(self) -> &'static str {
        match self {
            Self::MixedContent => "mixed-content",
            Self::RestrictedPort => "restricted-port",
            Self::PagePolicy => "page-policy",
            Self::LocalNetwork => "local-network",
        }
    }

    /// The limit that a `prevented` observation names; `None` for any other text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.code() == code)
    }
}

impl Observation {
    /// A `fetch` that ended so after `ms` milliseconds.
    pub const fn fetched(outcome: Outcome, ms: f64) -> Self {
        Self { probe: Probe::Fetch, outcome, ms: Some(ms), detail: String::new() }
    }

    /// A probe that the browser would not make, known by rule before any traffic.
    pub fn prevented(limit: BrowserLimit) -> Self {
        Self { probe: Probe::Rule, outcome: Outcome::Prevented, ms: None, detail: limit.code().to_owned() }
    }

    /// Whether the detail is this note, or ends with it in brackets behind the browser's own words.
    pub fn notes(&self, note: &str) -> bool {
        self.detail == note || self.detail.ends_with(&format!("({note})"))
    }

    /// The limit that stood in the way, for a `prevented` observation.
    pub fn limit(&self) -> Option<BrowserLimit> {
        match self.outcome {
            Outcome::Prevented => BrowserLimit::from_code(&self.detail),
            Outcome::Answered | Outcome::Failed | Outcome::TimedOut => None,
        }
    }
}

/// Stands in [`Observation::detail`] where the clock ran on without the page: sleep, a frozen tab, a dialog.
/// Such a time-out says nothing about the network.
pub const CLOCK_GAP: &str = "clock-gap";

/// Stands in [`Observation::detail`] where the browser was still asking the user for a permission.
pub const PERMISSION_PROMPT: &str = "permission-prompt";

/// Noted where the page needs a permission for private addresses and does not have it, and nobody knows whether this
/// name has one: a failure or a silence may be the browser's doing.
pub const PERMISSION_POSSIBLE: &str = "permission-possible";

/// Noted with a failure where the browser tells that the request was sent all the same: TCP was connected, and over
/// `https:` TLS was completed. Firefox tells so by a duration above zero in its Resource Timing (measured).
pub const SENT: &str = "request-sent";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_alone_or_in_brackets_at_the_end() {
        let noted = |detail: &str| {
            let detail = detail.to_owned();
            Observation { detail, ..Observation::fetched(Outcome::Failed, 1.0) }.notes(SENT)
        };
        for (detail, expected) in [
            ("request-sent", true),
            ("TypeError: no (request-sent)", true),
            ("TypeError: request-sent", false),
            ("request-sent)", false),
            ("(request-sent) no", false),
            ("", false),
        ] {
            assert_eq!(noted(detail), expected, "{detail}");
        }
    }
}
