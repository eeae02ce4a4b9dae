//! Closer looks: what the browsers show of TCP and TLS, on which they rely, and what the page makes of it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_range::{Authority, Behaviour, Range, Running, Service, SiteFile};
use serde_json::{Value, json};

use crate::lab::{self, Browser, Kind, Lab, Proxy, Squid, in_both_browsers, net, squid};
use crate::product::{self, Report};

const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
const NAME: &str = "host.example";

in_both_browsers!(
    lab_close_codes,
    lab_silent_tls_ends_after_half_a_minute,
    closer_untrusted_certificate,
    closer_no_http_but_tls,
    closer_refused_among_healthy,
    closer_dropped_or_silent,
    closer_closed_after_handshake,
    closer_through_a_proxy,
);

/// Ports of [`HOST`], one for each fate of a connection.
mod port {
    pub const HEALTHY: u16 = 443;
    pub const LOW: u16 = 444;
    pub const AMQP: u16 = 5671;
    pub const PLAIN: u16 = 8080;
    pub const UNTRUSTED: u16 = 9443;
    pub const DROPPED: u16 = 9090;
    pub const REFUSED: u16 = 9091;
    pub const SILENT: u16 = 9350;
    pub const SILENT_TOO: u16 = 9353;
    pub const SILENT_AFTER_TLS: u16 = 9351;
    pub const CLOSED_AFTER_TLS: u16 = 9352;
    pub const CLOSED_AFTER_ACCEPT: u16 = 10100;
}

/// The servers of a test; they end when this is dropped.
struct Servers {
    _own: Running,
    _stranger: Running,
}

/// A host on whose ports everything can be met.
async fn furnish(lab: &mut Lab) -> Servers {
    lab.net.dns(NAME, HOST);
    lab.net.up().await;
    net::drop_tcp(SocketAddrV4::new(HOST, port::DROPPED));
    let own = lab.serve([
        (HOST, port::HEALTHY, true, Behaviour::Answer),
        (HOST, port::LOW, true, Behaviour::Answer),
        (HOST, port::AMQP, true, Behaviour::NotHttp),
        (HOST, port::PLAIN, false, Behaviour::Answer),
        (HOST, port::SILENT, false, Behaviour::Silent),
        (HOST, port::SILENT_TOO, false, Behaviour::Silent),
        (HOST, port::SILENT_AFTER_TLS, true, Behaviour::Silent),
        (HOST, port::CLOSED_AFTER_TLS, true, Behaviour::CloseAfterHandshake),
        (HOST, port::CLOSED_AFTER_ACCEPT, true, Behaviour::CloseAfterAccept),
        (Ipv4Addr::LOCALHOST, port::HEALTHY, true, Behaviour::Answer),
    ]);
    let strange = Service { at: (HOST, port::UNTRUSTED).into(), tls: true, behaviour: Behaviour::Answer };
    let stranger = Range::start_services(&[strange], &Arc::new(Authority::new().unwrap()));
    Servers { _own: own, _stranger: stranger }
}

/// A page that does nothing by itself.
async fn blank(lab: &Lab, kind: Kind, proxy: Proxy) -> (Browser, connector_check_range::Site) {
    let folder = lab.dir.join("site");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<!doctype html><meta charset=utf-8><title>Lab</title>")
        .unwrap();
    let site_file = SiteFile::new(None, Vec::new(), BTreeMap::new());
    let site = connector_check_range::Site::start(0, &folder, &site_file).unwrap();
    let browser = Browser::start(lab, kind, proxy).await;
    browser.goto(&site.url()).await;
    (browser, site)
}

/// What the browser tells of each address by ICE within ten seconds: `Some(true)` for an error that carries a local
/// address, `Some(false)` for one that does not, `None` for nothing; and whether it had done by then.
async fn ice(browser: &Browser, urls: &[String]) -> (BTreeMap<String, Option<bool>>, bool) {
    let script = format!(
        "const urls = {urls};
         const connection = new RTCPeerConnection({{
             iceServers: [{{ urls, username: 'lab', credential: 'lab' }}], iceTransportPolicy: 'relay' }});
         const events = [];
         const done = new Promise(resolve => {{
             connection.onicecandidateerror = event => events.push([event.url, event.address]);
             connection.onicegatheringstatechange = () =>
                 connection.iceGatheringState === 'complete' && resolve(true);
             setTimeout(resolve, 10000, false);
         }});
         connection.createDataChannel('lab');
         await connection.setLocalDescription();
         const complete = await done;
         connection.close();
         return {{ events, complete }};",
        urls = json!(urls),
    );
    let told = browser.js_async(&script).await;
    let mut seen: BTreeMap<_, _> = urls.iter().map(|url| (url.clone(), None)).collect();
    for event in told["events"].as_array().unwrap() {
        // Many come twice.
        let address = seen.get_mut(event[0].as_str().unwrap()).expect("an address that was asked for");
        *address = Some(*address == Some(true) || event[1].is_string());
    }
    (seen, told["complete"] == true)
}

/// Asks these ports of [`NAME`] by `turn:` and by `turns:`.
async fn ice_of_ports(browser: &Browser, ports: &[u16]) -> BTreeMap<u16, (Option<bool>, Option<bool>)> {
    let url = |scheme: &str, port: &u16| format!("{scheme}:{NAME}:{port}?transport=tcp");
    let urls = |scheme| ports.iter().map(|port| url(scheme, port)).collect::<Vec<_>>();
    let ((tcp, _), (tls, _)) = (ice(browser, &urls("turn")).await, ice(browser, &urls("turns")).await);
    ports.iter().map(|port| (*port, (tcp[&url("turn", port)], tls[&url("turns", port)]))).collect()
}

#[test]
fn lab_ice_shows_an_address_where_tcp_and_tls_were_completed() {
    lab::run("closer::lab_ice", async |mut lab| {
        let _servers = furnish(&mut lab).await;
        let (browser, _site) = blank(&lab, Kind::Chromium, Proxy::Direct).await;
        let expected = BTreeMap::from([
            (port::HEALTHY, (Some(true), Some(true))),
            (port::AMQP, (Some(true), Some(true))),
            (port::CLOSED_AFTER_TLS, (Some(true), Some(true))),
            (port::PLAIN, (Some(true), Some(false))),
            (port::UNTRUSTED, (Some(true), Some(false))),
            (port::REFUSED, (Some(false), Some(false))),
            (port::DROPPED, (None, None)),
            // Whoever waits for TLS closes when STUN comes instead.
            (port::SILENT_AFTER_TLS, (Some(true), None)),
            // Comes only after 40 s.
            (port::SILENT, (None, None)),
        ]);
        let ports: Vec<_> = expected.keys().copied().collect();
        assert_eq!(ice_of_ports(&browser, &ports).await, expected);
        // A connection that is closed at once may be gone before the browser has looked at its address: the
        // product must not take a missing one for "no connection was made".
        let closed = ice_of_ports(&browser, &[port::CLOSED_AFTER_ACCEPT]).await;
        assert!(matches!(closed[&port::CLOSED_AFTER_ACCEPT], (Some(_), Some(false))), "{closed:?}");

        let one = async |url: &str| {
            let (seen, complete) = ice(&browser, &[url.to_owned()]).await;
            (seen[url], complete)
        };
        // Said to have failed, although it connected: private targets show no address.
        assert_eq!(one("turns:127.0.0.1:443?transport=tcp").await, (Some(false), true));
        // Not even tried.
        assert_eq!(one(&format!("turns:{NAME}:{}?transport=tcp", port::LOW)).await, (None, true));
        // Told with its brackets.
        assert_eq!(one("turn:[2001:db8::1]:9091?transport=tcp").await, (Some(false), true));
        assert_eq!(one("turns:never.invalid:443?transport=tcp").await, (Some(false), true));

        let many: Vec<_> = (10101..10141).map(|port| format!("turn:{NAME}:{port}?transport=tcp")).collect();
        let (seen, complete) = ice(&browser, &many).await;
        assert!(complete);
        assert_eq!(seen.values().filter(|seen| seen.is_some()).count(), 32, "the others are not tried");
    });
}

#[test]
fn lab_ice_goes_through_a_proxy() {
    lab::run("closer::lab_ice_proxy", async |mut lab| {
        let _servers = furnish(&mut lab).await;
        let _squid = Squid::plain(&lab).await;
        let (browser, _site) = blank(&lab, Kind::Chromium, Proxy::Local(squid::PORT)).await;
        let expected = BTreeMap::from([
            (port::HEALTHY, (Some(true), Some(true))),
            (port::AMQP, (Some(true), Some(true))),
            (port::UNTRUSTED, (Some(true), Some(false))),
            (port::REFUSED, (Some(false), Some(false))),
            (port::DROPPED, (None, None)),
        ]);
        let ports: Vec<_> = expected.keys().copied().collect();
        assert_eq!(ice_of_ports(&browser, &ports).await, expected);
        let log = std::fs::read_to_string(lab.dir.join("squid-access.log")).unwrap();
        assert!(log.contains(&format!("CONNECT {NAME}:{}", port::AMQP)), "{log}");
    });
}

/// The close code of a WebSocket, `null` where it did not end within so many milliseconds; and how long it took.
async fn websocket(browser: &Browser, port: u16, deadline_ms: u32) -> (Value, f64) {
    let script = format!(
        "const begun = performance.now();
         const socket = new WebSocket('wss://{NAME}:{port}/');
         const code = await new Promise(resolve => {{
             socket.onclose = event => resolve(event.code);
             socket.onopen = () => resolve('open');
             setTimeout(resolve, {deadline_ms}, null);
         }});
         socket.close();
         return [code, performance.now() - begun];"
    );
    let told = browser.js_async(&script).await;
    (told[0].clone(), told[1].as_f64().unwrap_or(f64::NAN))
}

async fn lab_close_codes(mut lab: Lab, kind: Kind) {
    let _servers = furnish(&mut lab).await;
    let (browser, _site) = blank(&lab, kind, Proxy::Direct).await;
    let tls_failed = match kind {
        Kind::Chromium => 1006,
        Kind::Firefox => 1015,
    };
    for (port, code) in [
        (port::UNTRUSTED, json!(tls_failed)),
        (port::PLAIN, json!(tls_failed)),
        (port::HEALTHY, json!(1006)),
        (port::AMQP, json!(1006)),
        (port::REFUSED, json!(1006)),
        (port::CLOSED_AFTER_TLS, json!(1006)),
        (port::CLOSED_AFTER_ACCEPT, json!(1006)),
        (port::DROPPED, Value::Null),
        (port::SILENT, Value::Null),
    ] {
        assert_eq!(websocket(&browser, port, 5000).await.0, code, "{port}");
    }
    // Firefox opens one at a time to each address; closing makes room for the next one.
    assert_eq!(websocket(&browser, port::DROPPED, 300).await.0, Value::Null);
    let (code, ms) = websocket(&browser, port::UNTRUSTED, 15_000).await;
    assert!(code == tls_failed && ms < 2000.0, "{code} after {ms} ms");
}

async fn lab_silent_tls_ends_after_half_a_minute(mut lab: Lab, kind: Kind) {
    let _servers = furnish(&mut lab).await;
    let (browser, _site) = blank(&lab, kind, Proxy::Direct).await;
    let script = format!(
        "const request = (port, signal) =>
             fetch(`https://{NAME}:${{port}}/`, {{ method: 'HEAD', mode: 'no-cors', cache: 'no-store', signal }});
         const ask = port => {{
             const begun = performance.now();
             const told = what => [what, performance.now() - begun];
             return Promise.race([
                 request(port).then(() => told('answered'), () => told('failed')),
                 new Promise(resolve => setTimeout(() => resolve(told('pending')), 35000)),
             ]);
         }};
         const askAfterAborting = port =>
             request(port, AbortSignal.timeout(8000)).catch(() => ask(port));
         return await Promise.all([ask({}), ask({}), ask({}), askAfterAborting({})]);",
        port::SILENT,
        port::SILENT_AFTER_TLS,
        port::DROPPED,
        port::SILENT_TOO,
    );
    let told = browser.js_async(&script).await;
    let ms = |at: usize| told[at][1].as_f64().unwrap();
    assert!(told[0][0] == "failed" && (29_000.0..34_000.0).contains(&ms(0)), "{told}");
    assert_eq!((&told[1][0], &told[2][0]), (&json!("pending"), &json!("pending")));
    // Chromium does not begin anew: it takes over the connection of the request that was aborted 8 s before.
    let late = match kind {
        Kind::Chromium => 21_000.0..26_000.0,
        Kind::Firefox => 29_000.0..34_000.0,
    };
    assert!(told[3][0] == "failed" && late.contains(&ms(3)), "{told}");
}

/// How long closer looks may go on behind the verdict: 35 s, and so much for a machine that runs several browsers
/// at once.
const CLOSER: Duration = Duration::from_mins(1);

/// Waits until nothing refines the report any more, and hands it back.
async fn final_report(browser: &Browser) -> Report {
    browser.report().await;
    let begun = Instant::now();
    let going_on = "return document.querySelector('connector-check').hasAttribute('data-closer')";
    while browser.js(going_on).await == true {
        assert!(begun.elapsed() < CLOSER, "closer looks do not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    browser.screenshot("final").await;
    Report(browser.report().await)
}

/// Runs the page over these ports of the host, each with what is expected of it, and beside them a healthy one.
async fn final_report_of(mut lab: Lab, kind: Kind, proxy: Proxy, ports: &[(u16, &str)]) -> Report {
    let _servers = furnish(&mut lab).await;
    let _squid = match proxy {
        Proxy::Direct => None,
        Proxy::Local(_) => Some(Squid::plain(&lab).await),
    };
    let checks: Vec<_> = [(port::HEALTHY, "answer")]
        .iter()
        .chain(ports)
        .map(|(port, expect)| {
            let scheme = if *port == port::PLAIN { "http" } else { "https" };
            json!({
                "id": id(*port), "group": "service", "title": format!("Port {port}"),
                "url": format!("{scheme}://{NAME}:{port}/"), "need": "required", "expect": expect,
                "purpose": "Lab", "allow": NAME,
            })
        })
        .collect();
    let catalogue = json!({
        "format": "connector-check/catalogue@1", "id": "lab", "title": "Lab", "updated": "2026-11-20",
        "sources": [], "regions": [], "checks": checks,
    });
    let catalogue = Catalogue::parse(&catalogue.to_string()).unwrap();
    let page = product::serve(&SiteFile::new(Some("lab"), vec![catalogue], BTreeMap::new()));
    let browser = Browser::start(&lab, kind, proxy).await;
    browser.viewport(1024, 768).await;
    browser.goto(&page.url()).await;
    final_report(&browser).await
}

fn id(port: u16) -> String {
    format!("port-{port}")
}

/// How far a check is known to have come.
fn reached(report: &Report, port: u16) -> &Value {
    let checks = report.0["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id(port).as_str());
    &check.unwrap_or_else(|| panic!("no check {}", id(port)))["reached"]
}

/// The outcomes of one way of asking, in order.
fn outcomes<'a>(report: &'a Report, port: u16, probe: &str) -> Vec<&'a str> {
    let checks = report.0["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id(port).as_str()).unwrap();
    let seen = check["observations"].as_array().unwrap().iter().filter(|seen| seen["probe"] == probe);
    seen.filter_map(|seen| seen["outcome"].as_str()).collect()
}

fn confidence<'a>(report: &'a Report, code: &str) -> &'a str {
    let findings = report.0["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["code"] == code);
    finding.and_then(|finding| finding["confidence"].as_str()).unwrap_or("missing")
}

fn assert_tls_fails(report: &Report, port: u16) {
    assert_eq!((report.status(&id(port)), reached(report, port)), ("unreachable", &json!("tcp")));
    for code in ["certificate-not-trusted", "tls-handshake-refused"] {
        assert!(report.checks_of(code).contains(&id(port)), "{:?}", report.codes());
        assert_ne!(confidence(report, code), "proven", "a browser cannot tell the two apart");
    }
    for code in ["port-refused", "port-dropped"] {
        assert!(!report.codes().contains(&code), "{:?}", report.codes());
    }
}

async fn closer_untrusted_certificate(lab: Lab, kind: Kind) {
    let report = final_report_of(lab, kind, Proxy::Direct, &[(port::UNTRUSTED, "answer")]).await;
    assert_eq!(report.status(&id(port::HEALTHY)), "reachable");
    assert_tls_fails(&report, port::UNTRUSTED);
    assert_eq!(outcomes(&report, port::UNTRUSTED, "repeat"), ["failed"]);
}

async fn closer_no_http_but_tls(lab: Lab, kind: Kind) {
    let report = final_report_of(lab, kind, Proxy::Direct, &[(port::AMQP, "tls")]).await;
    // Firefox takes the header of AMQP for an answer of HTTP/0.9.
    let far = match kind {
        Kind::Chromium => "tls",
        Kind::Firefox => "http",
    };
    assert_eq!((report.status(&id(port::AMQP)), reached(&report, port::AMQP)), ("reachable", &json!(far)));
    assert_eq!((report.verdict(), report.codes()), ("ready", vec!["all-reachable"]));
}

async fn closer_refused_among_healthy(lab: Lab, kind: Kind) {
    let report = final_report_of(lab, kind, Proxy::Direct, &[(port::REFUSED, "answer")]).await;
    assert_eq!(report.status(&id(port::REFUSED)), "unreachable");
    assert_eq!(reached(&report, port::REFUSED), &Value::Null);
    assert!(report.checks_of("port-refused").contains(&id(port::REFUSED)));
    if kind == Kind::Chromium {
        assert_eq!(outcomes(&report, port::HEALTHY, "turn"), ["answered"], "it calibrates");
        assert_eq!(outcomes(&report, port::REFUSED, "turn"), ["failed"]);
        for code in ["certificate-not-trusted", "tls-handshake-refused"] {
            assert!(!report.codes().contains(&code), "{:?}", report.codes());
        }
    }
}

async fn closer_dropped_or_silent(lab: Lab, kind: Kind) {
    // Plain HTTP in the list lets the page see that there is no proxy, which would hide what is behind it.
    let ports = [(port::PLAIN, "answer"), (port::DROPPED, "answer"), (port::SILENT, "answer")];
    let report = final_report_of(lab, kind, Proxy::Direct, &ports).await;
    assert_eq!(report.status(&id(port::DROPPED)), "unreachable");
    assert_eq!(reached(&report, port::DROPPED), &Value::Null);
    assert_eq!(outcomes(&report, port::DROPPED, "deep"), ["timed-out"]);
    assert_eq!(report.checks_of("port-dropped"), [id(port::DROPPED)].into());
    assert_eq!(
        (report.status(&id(port::SILENT)), reached(&report, port::SILENT)),
        ("unreachable", &json!("tcp"))
    );
    assert_eq!(outcomes(&report, port::SILENT, "deep"), ["failed"]);
    assert_eq!(report.checks_of("accepted-then-silent"), [id(port::SILENT)].into());
}

async fn closer_closed_after_handshake(lab: Lab, kind: Kind) {
    let report = final_report_of(lab, kind, Proxy::Direct, &[(port::CLOSED_AFTER_TLS, "answer")]).await;
    assert_ne!(report.status(&id(port::CLOSED_AFTER_TLS)), "reachable");
    match kind {
        Kind::Chromium => {
            // A browser hides the end of the connection as it hides answers that are no HTTP.
            assert_eq!(report.status(&id(port::CLOSED_AFTER_TLS)), "inconclusive");
            assert_eq!(reached(&report, port::CLOSED_AFTER_TLS), "tls");
        }
        // That the request was sent tells that TLS was there.
        Kind::Firefox => assert_eq!(reached(&report, port::CLOSED_AFTER_TLS), "tls"),
    }
    for code in ["certificate-not-trusted", "tls-handshake-refused"] {
        assert!(!report.codes().contains(&code), "{:?}", report.codes());
    }
}

async fn closer_through_a_proxy(lab: Lab, kind: Kind) {
    let ports = [(port::UNTRUSTED, "answer"), (port::AMQP, "tls"), (port::REFUSED, "answer")];
    let report = final_report_of(lab, kind, Proxy::Local(squid::PORT), &ports).await;
    assert_eq!(
        (report.status(&id(port::UNTRUSTED)), reached(&report, port::UNTRUSTED)),
        ("unreachable", &json!("tcp"))
    );
    assert_eq!(report.status(&id(port::AMQP)), "reachable");
    assert_eq!(
        (report.status(&id(port::REFUSED)), reached(&report, port::REFUSED)),
        ("unreachable", &Value::Null)
    );
}
