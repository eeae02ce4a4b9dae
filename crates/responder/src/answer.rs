//! From a request to its answer.

use std::net::IpAddr;
use std::sync::Arc;

use connector_check_diagnosis::responder::{
    CLOSE, Client, FORMAT, NONCE, Ports, Reading, Request as Arrived, Tls, is_nonce,
};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};

use crate::limit::Gate;

/// Headers that tell of something on the way, besides `Via` and `Forwarded`.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Lets any page read how long each phase took (Resource Timing).
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Whoever asks too often is told to come back in so many seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// Characters of one header that are told: enough to know a proxy by.
const MAX_TOLD: usize = 256;

/// Headers of one name that are told.
const MAX_HEADERS_TOLD: usize = 8;

/// What every connection shares.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ports: Ports,
    /// Where whoever looks after the server asks whether it is well; an answer there says nothing else.
    pub(crate) health: String,
    /// Bytes of the longest request.
    pub(crate) max_request: usize,
}

/// What is known of a connection before any request.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: IpAddr,
    pub(crate) port: u16,
    pub(crate) tls: Option<Tls>,
}

/// Answers a request. The body is never read: nothing here takes one.
pub(crate) fn answer(
    request: &Request<impl Body>,
    connection: &Connection,
    site: &Site,
) -> Response<Full<Bytes>> {
    if !site.gate.may_ask(connection.client) {
        let mut response = text(StatusCode::TOO_MANY_REQUESTS, "too many requests from your address\n");
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        return response;
    }
    if request.body().size_hint().upper().is_none_or(|bytes| bytes > site.max_request as u64) {
        let mut response = text(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long\n");
        if request.version() < Version::HTTP_2 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        return response;
    }
    match *request.method() {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => {
            let mut response = text(StatusCode::NO_CONTENT, "");
            let headers = response.headers_mut();
            headers
                .insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
            return response;
        }
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD and OPTIONS are answered\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            return response;
        }
    }
    if request.uri().path() == site.health {
        return text(StatusCode::OK, "ok\n");
    }
    let reading = Reading {
        format: FORMAT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        nonce: nonce(request.uri().query()),
        client: Client { address: connection.client.to_string() },
        request: arrived(request, connection.port),
        tls: connection.tls.clone(),
        ports: site.ports.clone(),
    };
    match serde_json::to_vec(&reading) {
        Ok(json) => respond(StatusCode::OK, json.into(), "application/json"),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written\n"),
    }
}

/// Whether the connection is to end with the answer to this.
pub(crate) fn is_last<B>(request: &Request<B>) -> bool {
    pairs(request.uri().query()).any(|pair| pair == CLOSE)
}

/// The nonce, where it may be echoed.
fn nonce(query: Option<&str>) -> Option<String> {
    let (_, nonce) = pairs(query).find(|(name, _)| *name == NONCE)?;
    is_nonce(nonce).then(|| nonce.to_owned())
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='))
}

fn arrived(request: &Request<impl Body>, port: u16) -> Arrived {
    let headers = request.headers();
    let protocol = match request.version() {
        Version::HTTP_2 => "h2",
        Version::HTTP_10 => "http/1.0",
        _ => "http/1.1",
    };
    // HTTP/2 has the authority in the target, HTTP/1 in a header.
    let authority = request.uri().authority().map(|authority| shortened(authority.as_str().as_bytes()));
    Arrived {
        method: request.method().to_string(),
        port,
        protocol: protocol.to_owned(),
        host: authority.or_else(|| headers.get(header::HOST).map(|host| shortened(host.as_bytes()))),
        user_agent: headers.get(header::USER_AGENT).map(|agent| shortened(agent.as_bytes())),
        via: all(headers, &header::VIA),
        forwarded: all(headers, &header::FORWARDED),
        x_forwarded_for: all(headers, &X_FORWARDED_FOR),
    }
}

fn all(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers.get_all(name).iter().take(MAX_HEADERS_TOLD).map(|value| shortened(value.as_bytes())).collect()
}

fn shortened(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(MAX_TOLD).collect()
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, Bytes::from_static(text.as_bytes()), "text/plain; charset=utf-8")
}

fn respond(status: StatusCode, body: Bytes, kind: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status != StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
    headers.insert(TIMING_ALLOW_ORIGIN, any);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
