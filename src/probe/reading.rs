//! Asking a responder what it saw: a readable GET with a nonce, and what the browser tells of its own part.

use std::time::Duration;

use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::observation::Observation;
use connector_check_diagnosis::responder::{CLOSE, Engine, Look, MAX_READING, NONCE, Phases, Reading, Sent};
use gloo_net::http::{Method, RequestBuilder};
use gloo_timers::future::sleep;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReferrerPolicy, RequestCache, RequestCredentials, RequestMode, RequestRedirect};

use super::fetch::AbortOnDrop;
use super::{Stopwatch, first};
use crate::js;

/// Bytes of a nonce.
const NONCE_BYTES: u32 = 16;

/// A browser enters a request into its timings a moment after it has handed over the answer.
const TIMING_WAIT: Duration = Duration::from_millis(50);

/// Requests for one reading: the first may go over the connection of the check itself, the second may overtake the
/// word that it ends.
const TRIES: usize = 3;

/// What a connection is given to end.
const CLOSING: Duration = Duration::from_millis(50);

/// Requests that a browser keeps timings of; 250 by default, which one run and its repeats exceed.
const TIMINGS_KEPT: u32 = 4_000;

/// What a responder there tells of a request; `None` where none answers within `deadline`, or something else
/// does: hosts that are no responder may be as reachable as any.
///
/// Asks again where the browser has used a connection that was open already: the handshake is what is to be seen, and
/// each answer ends its connection. Sends GETs without cookies, credentials or referrer. Dropping the future aborts it.
pub(crate) async fn read(endpoint: &Endpoint, deadline: Duration) -> Option<Observation> {
    let performance = js::get(&js::global(), "performance");
    let _ = js::call(&performance, "setResourceTimingBufferSize", &TIMINGS_KEPT.into());
    let whole = Stopwatch::start();
    let mut seen = None;
    for _ in 0..TRIES {
        let left = deadline.saturating_sub(whole.elapsed());
        let stopwatch = Stopwatch::start();
        let Some(look) = once(endpoint, &performance, left).await else { break };
        let (ms, done) = (stopwatch.elapsed_ms(), look.phases.is_none_or(|phases| phases.is_fresh()));
        seen = Some((look, ms));
        if done {
            break;
        }
        sleep(CLOSING).await;
    }
    let (mut look, ms) = seen?;
    if !look.phases.is_some_and(|phases| phases.is_fresh()) {
        // Something between keeps connections open; the request of the run itself may have made that one.
        let before = entries(&performance, &endpoint.url());
        let newest = before.iter().rev().filter_map(phases).find(Phases::is_fresh);
        look.phases = newest.or(look.phases);
    }
    Some(look.observation(ms))
}

/// Asks once.
async fn once(endpoint: &Endpoint, performance: &JsValue, deadline: Duration) -> Option<Look> {
    let nonce = nonce()?;
    let plain = endpoint.url();
    let joint = if plain.contains('?') { '&' } else { '?' };
    let (close, yes) = CLOSE;
    let url = format!("{plain}{joint}{NONCE}={nonce}&{close}={yes}");
    let text = first(get(&url), deadline).await??;
    let mut reading = Reading::parse(&text).ok()?;
    // Not for the report: whose address that is, is nobody's business.
    reading.client.address.clear();
    reading.request.user_agent = None;
    let mut own = entries(performance, &url);
    if own.is_empty() {
        sleep(TIMING_WAIT).await;
        own = entries(performance, &url);
    }
    let protocol = own.first().map(|entry| js::text(entry, "nextHopProtocol")).unwrap_or_default();
    let phases = own.first().and_then(phases);
    let sent = Sent { nonce, host: endpoint.host.clone(), engine: engine(), protocol };
    Some(Look { sent, phases, reading })
}

/// The body of a readable answer with status 200 that came from this very address.
async fn get(url: &str) -> Option<String> {
    let abort = AbortOnDrop::new().ok()?;
    let request = RequestBuilder::new(url)
        .method(Method::GET)
        .mode(RequestMode::Cors)
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::Omit)
        .referrer_policy(ReferrerPolicy::NoReferrer)
        // A responder never redirects.
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&abort.signal()))
        .build()
        .ok()?;
    let request = web_sys::Request::from(request);
    let answer = js::call(&js::global(), "fetch", &request).ok()?;
    let response = JsFuture::from(Promise::resolve(&answer)).await.ok()?;
    if js::get(&response, "status").as_f64() != Some(200.0) {
        return None;
    }
    let reader = call0(&js::get(&response, "body"), "getReader")?;
    let mut bytes = Vec::new();
    loop {
        let chunk = call0(&reader, "read")?;
        let chunk = JsFuture::from(Promise::resolve(&chunk)).await.ok()?;
        if js::get(&chunk, "done").is_truthy() {
            return String::from_utf8(bytes).ok();
        }
        let piece: Uint8Array = js::get(&chunk, "value").dyn_into().ok()?;
        if bytes.len() + piece.length() as usize > MAX_READING {
            return None;
        }
        bytes.extend(piece.to_vec());
    }
}

/// The browser's engine, where its interfaces say the same as its user-agent text, which anyone may change.
fn engine() -> Option<Engine> {
    let global = js::global();
    let user_agent = js::text(&js::get(&global, "navigator"), "userAgent");
    let is_gecko = !js::get(&global, "mozInnerScreenX").is_undefined();
    let is_chromium = !js::get(&global, "webkitRequestFileSystem").is_undefined();
    match (is_chromium, is_gecko) {
        (true, false) => Some(Engine::Chromium(major(&user_agent, "Chrome/")?)),
        (false, true) => Some(Engine::Firefox(major(&user_agent, "Firefox/")?)),
        _ => None,
    }
}

/// The number behind a mark in a user-agent text.
fn major(user_agent: &str, mark: &str) -> Option<u32> {
    let (_, version) = user_agent.split_once(mark)?;
    version.split('.').next()?.parse().ok()
}

/// Random letters that no cache and no proxy can know.
fn nonce() -> Option<String> {
    let bytes = Uint8Array::new_with_length(NONCE_BYTES);
    js::call(&js::get(&js::global(), "crypto"), "getRandomValues", &bytes).ok()?;
    // Two hexadecimal digits each.
    let digits = bytes.to_vec().into_iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    Some(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
}

/// A browser's timings of an address, newest last.
fn entries(performance: &JsValue, url: &str) -> Vec<JsValue> {
    let found = js::call(performance, "getEntriesByName", &url.into());
    found.ok().and_then(|found| found.dyn_into::<Array>().ok()).map(|list| list.to_vec()).unwrap_or_default()
}

/// How long each part took; `None` where the browser keeps it to itself.
fn phases(entry: &JsValue) -> Option<Phases> {
    let at = |name: &str| js::get(entry, name).as_f64().unwrap_or_default();
    let (request, response) = (at("requestStart"), at("responseStart"));
    if request <= 0.0 || response <= 0.0 {
        return None;
    }
    let (begun, secure, connected) = (at("connectStart"), at("secureConnectionStart"), at("connectEnd"));
    let span = |from: f64, to: f64| (to - from).max(0.0);
    Some(Phases {
        dns: span(at("domainLookupStart"), at("domainLookupEnd")),
        tcp: span(begun, if secure > 0.0 { secure } else { connected }),
        tls: if secure > 0.0 { span(secure, connected) } else { 0.0 },
        http: span(request, response),
    })
}

fn call0(object: &JsValue, method: &str) -> Option<JsValue> {
    js::call(object, method, &JsValue::UNDEFINED).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_stands_behind_its_mark() {
        assert_eq!(major("Mozilla/5.0 HeadlessChrome/156.0.0.0 Safari/537.36", "Chrome/"), Some(156));
        assert_eq!(major("Mozilla/5.0 Gecko/20100101 Firefox/153.0", "Firefox/"), Some(153));
        assert_eq!(major("Mozilla/5.0 Gecko/20100101 Firefox/153.0", "Chrome/"), None);
        assert_eq!(major("Chrome/x", "Chrome/"), None);
    }
}
