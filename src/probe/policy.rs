//! Content-Security-Policy: the one limit of the browser that announces itself.

use std::rc::Rc;
use std::time::Duration;

use connector_check_diagnosis::endpoint::Endpoint;
use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{SecurityPolicyViolationEvent, SecurityPolicyViolationEventDisposition};

use crate::probe::slot::Slot;

/// How long after a failed request the announcement may still come. Mostly it comes within 10 ms after the
/// rejection; the longest measured was 96 ms, in a busy Chromium.
pub(super) const GRACE: Duration = Duration::from_millis(150);

/// Listens for violations that concern one address, until dropped.
pub(super) struct Watch {
    violation: Rc<Slot<()>>,
    _listener: Option<EventListener>,
}

impl Watch {
    /// Begins to listen.
    pub(super) fn new(url: &str) -> Self {
        let violation = Rc::new(Slot::new());
        let document = web_sys::window().and_then(|window| window.document());
        let listener = document.map(|document| {
            let (violation, url) = (Rc::clone(&violation), url.to_owned());
            EventListener::new(&document, "securitypolicyviolation", move |event| {
                if event
                    .dyn_ref::<SecurityPolicyViolationEvent>()
                    // A policy that only reports blocks nothing.
                    .filter(|event| event.disposition() == SecurityPolicyViolationEventDisposition::Enforce)
                    .is_some_and(|event| concerns(&event.blocked_uri(), &url))
                {
                    violation.fill(());
                }
            })
        });
        Self { violation, _listener: listener }
    }

    /// Ends when a policy has blocked the address.
    pub(super) async fn blocked(&self) {
        self.violation.filled().await;
    }

    /// Whether a policy turns out to have blocked the address, after its request has failed.
    pub(super) async fn blocked_after_all(&self) -> bool {
        super::first(self.blocked(), GRACE).await.is_some()
    }
}

/// Whether a violation's `blockedURI` means `url`: the address itself, its origin, or the scheme
/// alone, which is all that the standard tells of a WebSocket's address.
///
/// Source: <https://www.w3.org/TR/CSP3/#strip-url-for-use-in-reports>.
fn concerns(blocked_uri: &str, url: &str) -> bool {
    if matches!(blocked_uri, "wss" | "ws") {
        return url.split(':').next() == Some(blocked_uri);
    }
    match (Endpoint::parse(blocked_uri), Endpoint::parse(url)) {
        (Ok(blocked), Ok(probed)) => {
            let same_origin =
                (blocked.scheme, &blocked.host, blocked.port) == (probed.scheme, &probed.host, probed.port);
            same_origin && (blocked.path == probed.path || blocked.path == "/")
        }
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_concerns_its_own_address_and_no_neighbour() {
        let url = "https://host.example:9090/a?b=c";
        for (blocked, yes) in [
            (url, true),
            ("https://host.example:9090", true),
            ("https://host.example:9090/", true),
            ("https://host.example:9090/other", false),
            ("https://host.example:9091/a?b=c", false),
            ("https://host.example/", false),
            ("http://host.example:9090/a?b=c", false),
            ("wss", false),
            ("inline", false),
            ("", false),
        ] {
            assert_eq!(concerns(blocked, url), yes, "{blocked}");
        }
        assert!(concerns("wss", "wss://host.example/"));
        assert!(concerns("wss://host.example/", "wss://host.example/"));
    }
}
