//! Answers that a browser keeps from the page: to `fetch` they fail like a broken network, and other interfaces tell.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_range::{Behaviour, SiteFile};
use serde_json::{Value, json};

use crate::lab::{Browser, Kind, Lab, Proxy, in_both_browsers};
use crate::product::{self, Report};

const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
const NAME: &str = "host.example";

in_both_browsers!(lab_kept_answers, answers_that_are_kept_are_not_red);

/// Ports of [`HOST`], each with the head of its answers.
const SAME_ORIGIN: u16 = 8081;
const REDIRECT: u16 = 8082;
const NO_HEAD: u16 = 8083;
/// Ports of [`HOST`] that have no answer.
const REFUSED: u16 = 8084;
const CLOSED: u16 = 8085;

/// Leads to where nothing listens.
const TO_NOWHERE: &str =
    "HTTP/1.1 302 Found\r\nLocation: http://host.example:9/\r\nContent-Length: 0\r\n\r\n";
const FOR_ITSELF: &str =
    "HTTP/1.1 200 OK\r\nCross-Origin-Resource-Policy: same-origin\r\nContent-Length: 0\r\n\r\n";
const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Answers every request to a port with this; HEAD only where it says so.
fn answer(port: u16, head: bool, text: &'static str) {
    let listener = TcpListener::bind((HOST, port)).unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || converse(connection, head, text));
        }
    });
}

fn converse(mut connection: TcpStream, head: bool, text: &str) {
    let mut buffer = [0; 4096];
    loop {
        let length = connection.read(&mut buffer).unwrap_or(0);
        let refused = buffer.starts_with(b"HEAD") && !head;
        if length == 0 || refused || connection.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

async fn furnish(lab: &mut Lab) -> connector_check_range::Running {
    lab.net.dns(NAME, HOST);
    lab.net.up().await;
    answer(SAME_ORIGIN, true, FOR_ITSELF);
    answer(REDIRECT, true, TO_NOWHERE);
    answer(NO_HEAD, false, PLAIN);
    lab.serve([(HOST, 80, false, Behaviour::Answer), (HOST, CLOSED, false, Behaviour::CloseAfterAccept)])
}

async fn lab_kept_answers(mut lab: Lab, kind: Kind) {
    let _servers = furnish(&mut lab).await;
    let page = product::serve(&SiteFile::new(None, Vec::new(), BTreeMap::new()));
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&page.url()).await;
    // Whether the stream was given up for good; and whether a request that fails is said to have taken any time.
    let ask = async |port: u16| {
        let script = format!(
            "const url = 'http://{NAME}:{port}/';
             const stream = new EventSource(url);
             await new Promise(resolve => {{ stream.onerror = resolve; }});
             const state = stream.readyState;
             stream.close();
             const entry = new Promise(resolve => {{
                 new PerformanceObserver(list => {{
                     for (const entry of list.getEntriesByName(url))
                         if (entry.initiatorType === 'fetch') resolve(entry.duration > 0);
                 }}).observe({{ type: 'resource' }});
                 setTimeout(resolve, 3000, null);
             }});
             const answered = await fetch(url, {{ method: 'HEAD', mode: 'no-cors', cache: 'no-store' }})
                 .then(() => true, () => false);
             return [answered, state, answered ? null : await entry];"
        );
        browser.js_async(&script).await
    };
    let expected = |state, sent: Option<bool>| match (kind, sent) {
        (Kind::Chromium, _) => json!([false, state]),
        // Given up in any case.
        (Kind::Firefox, Some(sent)) => json!([false, 2, sent]),
        (Kind::Firefox, None) => json!([false, 2]),
    };
    for (port, state, sent) in [
        (SAME_ORIGIN, 2, Some(true)),
        // Of a redirect Firefox tells only its last step, which was refused here: after no time, or after some.
        (REDIRECT, 2, None),
        (NO_HEAD, 2, Some(true)),
        (REFUSED, 0, Some(false)),
        (CLOSED, 0, Some(true)),
    ] {
        let mut told = ask(port).await;
        if let (true, Value::Array(all)) = (kind == Kind::Chromium || sent.is_none(), &mut told) {
            all.truncate(2);
        }
        assert_eq!(told, expected(state, sent), "{port}");
    }
}

async fn answers_that_are_kept_are_not_red(mut lab: Lab, kind: Kind) {
    let _servers = furnish(&mut lab).await;
    let ports = [80, SAME_ORIGIN, REDIRECT, NO_HEAD, REFUSED];
    let checks: Vec<_> = ports
        .iter()
        .map(|port| {
            json!({
                "id": format!("port-{port}"), "group": "service", "title": "Lab",
                "url": format!("http://{NAME}:{port}/"), "need": "required", "expect": "answer",
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
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&page.url()).await;
    let report = Report(browser.report().await);
    let status = |port: u16| report.status(&format!("port-{port}")).to_owned();
    assert_eq!((status(80).as_str(), status(REFUSED).as_str()), ("reachable", "unreachable"));
    assert_eq!(status(NO_HEAD), "reachable");
    match kind {
        Kind::Chromium => {
            assert_eq!((status(SAME_ORIGIN).as_str(), status(REDIRECT).as_str()), ("reachable", "reachable"));
        }
        // That the request was sent is all that is told.
        Kind::Firefox => {
            assert_eq!(
                (status(SAME_ORIGIN).as_str(), status(REDIRECT).as_str()),
                ("inconclusive", "inconclusive")
            );
        }
    }
}
