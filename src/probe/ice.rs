//! ICE over TCP: the one way in which Chromium's family shows whether TCP, and TLS, came about.
//!
//! The browser takes the endpoint for a TURN server. Whatever happens it reports an error for each address, and
//! the error carries a local address only where the connection was made: for `turn:` TCP, for `turns:` TCP and
//! TLS with a trusted certificate. That holds on any port, whatever the endpoint speaks, through CONNECT proxies
//! and from `https:` pages (measured in Chromium 156; `tests/browser/closer.rs`).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::observation::{Observation, Outcome, Probe};
use gloo_events::EventListener;
use js_sys::{Array, Function, JSON, Promise, Reflect};
use serde_json::json;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::EventTarget;

use crate::environment::AddressSpace;
use crate::js;
use crate::probe::slot::Slot;
use crate::probe::{Stopwatch, first};

/// Addresses of one connection. Chromium takes the first 32 TURN servers and drops the others without a word.
pub(crate) const ADDRESSES: usize = 30;

/// How far a look by ICE goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// `turn:`, TCP alone.
    Tcp,
    /// `turns:`, TCP and TLS.
    Tls,
}

impl Depth {
    /// As observations tell it.
    pub(crate) const fn probe(self) -> Probe {
        match self {
            Self::Tcp => Probe::Turn,
            Self::Tls => Probe::Turns,
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "turn",
            Self::Tls => "turns",
        }
    }
}

/// Whether ICE could tell anything about this endpoint. The local address is never shown for targets in private
/// networks and on this machine, and below port 1024 Chromium takes only three ports for a TURN server's.
///
/// Source: libwebrtc, `TurnPort::AllowedTurnPort`; both measured.
pub(crate) fn applies(endpoint: &Endpoint) -> bool {
    AddressSpace::of_host(&endpoint.host) == AddressSpace::Public
        && matches!(endpoint.port, 53 | 80 | 443 | 1024..)
}

/// Connects to all of these hosts and ports, at most [`ADDRESSES`], and tells each one's outcome, by its
/// position, once: an answer as soon as it is there, all others when the browser has done or the deadline is
/// over. Tells nothing of an address that the browser did not try, and nothing at all where there is no WebRTC.
/// Dropping the future closes the connections.
pub(crate) async fn look(
    authorities: &[String],
    depth: Depth,
    deadline: Duration,
    on_seen: impl Fn(usize, Observation),
) {
    let urls: Vec<_> = authorities.iter().map(|authority| url(authority, depth)).collect();
    let Ok(connection) = Connection::new(&urls) else { return };
    let inbox = Rc::new(Inbox::default());
    let (on_error, on_gathering) = (Rc::clone(&inbox), Rc::clone(&inbox));
    let target = connection.0.clone();
    let _listeners = (
        EventListener::new(&connection.0, "icecandidateerror", move |event| {
            on_error.errors.borrow_mut().push(CandidateError {
                url: js::text(event, "url"),
                connected: !js::text(event, "address").is_empty(),
            });
            on_error.news.fill(());
        }),
        EventListener::new(&connection.0, "icegatheringstatechange", move |_| {
            if js::text(&target, "iceGatheringState") == "complete" {
                on_gathering.complete.set(true);
                on_gathering.news.fill(());
            }
        }),
    );
    let stopwatch = Stopwatch::start();
    if connection.gather(deadline).await.is_err() {
        return;
    }
    let mut seen = vec![None; urls.len()];
    let tell = |at, outcome, ms| {
        on_seen(at, Observation { probe: depth.probe(), outcome, ms: Some(ms), detail: String::new() });
    };
    loop {
        let left = deadline.saturating_sub(stopwatch.elapsed());
        let in_time = first(inbox.news.filled(), left).await.is_some();
        let now = stopwatch.elapsed_ms();
        for error in inbox.errors.take() {
            // An address may be tried from several networks of this machine: one success is enough.
            let Some(at) = urls.iter().position(|url| is_same(url, &error.url)) else { continue };
            match (&seen[at], error.connected) {
                (Some((Outcome::Answered, _)), _) => {}
                (_, true) => {
                    seen[at] = Some((Outcome::Answered, now));
                    tell(at, Outcome::Answered, now);
                }
                (_, false) => seen[at] = Some((Outcome::Failed, now)),
            }
        }
        if in_time && !inbox.complete.get() {
            continue;
        }
        for (at, seen) in seen.into_iter().enumerate() {
            match seen {
                Some((Outcome::Answered, _)) => {}
                Some((outcome, ms)) => tell(at, outcome, ms),
                None if !in_time => tell(at, Outcome::TimedOut, now),
                None => {}
            }
        }
        return;
    }
}

/// `authority` is `host:port`; IPv6 in brackets.
fn url(authority: &str, depth: Depth) -> String {
    format!("{}:{authority}?transport=tcp", depth.scheme())
}

/// Whether the browser means this address; brackets around IPv6 may be missing in its word.
fn is_same(url: &str, told: &str) -> bool {
    let bare = |c: &char| !matches!(c, '[' | ']');
    url.chars().filter(bare).eq(told.chars().filter(bare))
}

/// What the browser has reported and nobody has looked at yet.
#[derive(Default)]
struct Inbox {
    errors: RefCell<Vec<CandidateError>>,
    complete: Cell<bool>,
    news: Slot<()>,
}

struct CandidateError {
    url: String,
    connected: bool,
}

/// An `RTCPeerConnection`, closed when dropped.
struct Connection(EventTarget);

impl Connection {
    fn new(urls: &[String]) -> Result<Self, JsValue> {
        let constructor = js::get(&js::global(), "RTCPeerConnection").dyn_into::<Function>()?;
        let configuration = JSON::parse(&configuration(urls))?;
        let connection = Reflect::construct(&constructor, &Array::of1(&configuration))?;
        Ok(Self(connection.dyn_into()?))
    }

    /// Begins to connect. Without something to negotiate about the browser would not; nothing is ever sent to a
    /// peer, as there is none.
    async fn gather(&self, deadline: Duration) -> Result<(), JsValue> {
        js::call(&self.0, "createDataChannel", &JsValue::from_str("connector-check"))?;
        let described = js::call(&self.0, "setLocalDescription", &JsValue::UNDEFINED)?;
        let described = first(JsFuture::from(Promise::resolve(&described)), deadline).await;
        described.unwrap_or(Ok(JsValue::UNDEFINED)).map(|_| ())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // An object without the method has nothing to close.
        let _ = js::call(&self.0, "close", &JsValue::UNDEFINED);
    }
}

/// Relays only, so that no address of this machine is looked for and no UDP is sent. TURN demands credentials;
/// these belong to nobody.
fn configuration(urls: &[String]) -> String {
    json!({
        "iceServers": [{ "urls": urls, "username": "connector-check", "credential": "connector-check" }],
        "iceTransportPolicy": "relay",
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_recognised_in_the_browsers_spelling() {
        let v6 = Endpoint::parse("https://[2001:db8::1]:9090/").map(|endpoint| endpoint.authority());
        let asked = url(&v6.unwrap(), Depth::Tls);
        assert_eq!(asked, "turns:[2001:db8::1]:9090?transport=tcp");
        assert!(is_same(&asked, &asked) && is_same(&asked, "turns:2001:db8::1:9090?transport=tcp"));
        assert!(!is_same(&asked, "turn:[2001:db8::1]:9090?transport=tcp"));
    }

    #[test]
    fn private_targets_and_low_ports_are_left_out() {
        for (url, expected) in [
            ("https://host.example/", true),
            ("http://host.example/", true),
            ("https://host.example:5671/", true),
            ("https://203.0.113.1:9090/", true),
            ("https://host.example:444/", false),
            ("https://10.0.0.1/", false),
            ("https://[fd00::1]/", false),
            ("https://127.0.0.2:9090/", false),
            ("https://localhost/", false),
        ] {
            assert_eq!(applies(&Endpoint::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn only_relays_are_looked_for() {
        let configuration: serde_json::Value =
            serde_json::from_str(&configuration(&["turn:a:1?transport=tcp".to_owned()])).unwrap();
        assert_eq!(configuration["iceTransportPolicy"], "relay");
        assert_eq!(configuration["iceServers"][0]["urls"], json!(["turn:a:1?transport=tcp"]));
    }
}
