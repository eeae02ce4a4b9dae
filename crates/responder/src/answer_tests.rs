use http_body_util::{BodyExt as _, Empty};

use super::*;
use crate::limit::Limits;

fn site(limits: Limits) -> Site {
    Site {
        gate: Arc::new(Gate::new(limits)),
        ports: Ports { tls12: vec![10443], ..Ports::default() },
        health: "/healthz".to_owned(),
        max_request: 1000,
    }
}

fn connection() -> Connection {
    Connection { client: "192.0.2.7".parse().unwrap(), port: 80, tls: None }
}

fn ask(request: &Request<impl Body>) -> Response<Full<Bytes>> {
    answer(request, &connection(), &site(Limits::default()))
}

fn get(uri: &str) -> Request<Empty<Bytes>> {
    Request::get(uri).body(Empty::new()).unwrap()
}

fn body(response: Response<Full<Bytes>>) -> String {
    let bytes = futures_executor(response.into_body().collect());
    String::from_utf8(bytes.to_bytes().to_vec()).unwrap()
}

/// A body that is all there needs no runtime.
fn futures_executor<T: std::fmt::Debug, E: std::fmt::Debug>(future: impl Future<Output = Result<T, E>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future).unwrap()
}

fn reading(uri: &str) -> Reading {
    Reading::parse(&body(ask(&get(uri)))).unwrap()
}

#[test]
fn the_nonce_comes_back_and_nothing_else_does() {
    assert_eq!(reading("/?nonce=abc-1").nonce.as_deref(), Some("abc-1"));
    assert_eq!(reading("/any/path?x=1&nonce=abc").nonce.as_deref(), Some("abc"));
    for uri in ["/", "/?nonce=", "/?nonce=%3Cb%3E", "/?Nonce=a", "/?xnonce=a", "/?nonce"] {
        assert_eq!(reading(uri).nonce, None, "{uri}");
    }
}

#[test]
fn headers_of_proxies_are_told_and_cut_short() {
    let request = Request::get("/")
        .header("Host", "a.example:8080")
        .header("Via", "1.1 proxy-a")
        .header("Via", "1.1 proxy-b (squid)")
        .header("X-Forwarded-For", "10.0.0.1")
        .header("Forwarded", "for=10.0.0.1")
        .header("User-Agent", "x".repeat(1000))
        .header("Cookie", "secret=1")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let text = body(ask(&request));
    assert!(!text.contains("secret"), "{text}");
    let arrived = Reading::parse(&text).unwrap().request;
    assert_eq!(arrived.via, ["1.1 proxy-a", "1.1 proxy-b (squid)"]);
    assert_eq!(arrived.x_forwarded_for, ["10.0.0.1"]);
    assert_eq!(arrived.forwarded, ["for=10.0.0.1"]);
    assert_eq!(arrived.host.as_deref(), Some("a.example:8080"));
    assert_eq!(arrived.user_agent.unwrap().len(), MAX_TOLD);
}

#[test]
fn every_answer_may_be_read_by_any_page_and_is_never_kept() {
    for (request, status) in [
        (get("/"), 200),
        (get("/healthz"), 200),
        (Request::options("/").body(Empty::new()).unwrap(), 204),
        (Request::post("/").body(Empty::new()).unwrap(), 405),
    ] {
        let response = ask(&request);
        assert_eq!(response.status().as_u16(), status, "{request:?}");
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["timing-allow-origin"], "*");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
}

#[test]
fn the_health_path_tells_nothing_of_anyone() {
    assert_eq!(body(ask(&get("/healthz"))), "ok\n");
}

#[test]
fn long_bodies_are_refused() {
    let request = |bytes: usize| Request::get("/").body(Full::new(Bytes::from(vec![0; bytes]))).unwrap();
    assert_eq!(ask(&request(1000)).status(), StatusCode::OK);
    assert_eq!(ask(&request(1001)).status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn too_many_requests_are_told_so() {
    let site = site(Limits { rate: 1, burst: 2, ..Limits::default() });
    let statuses = [1, 2, 3].map(|_| answer(&get("/"), &connection(), &site).status().as_u16());
    assert_eq!(statuses, [200, 200, 429]);
}
