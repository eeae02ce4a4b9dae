//! What the browsers do, measured with a page that only fetches: the product relies on each of these.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use connector_check_range::{Authority, Behaviour, Range, Service, Site, SiteFile};
use serde_json::json;

use crate::lab::{Browser, Kind, Lab, Proxy, Squid, in_both_browsers, net, run_program, squid};

const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
const STRANGER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);

/// How long a probe of these tests waits before it counts as pending.
const DEADLINE_MS: u32 = 3000;

in_both_browsers!(
    lab_direct,
    lab_untrusted_authority,
    lab_plain_proxy,
    lab_inspecting_proxy,
    lab_network_change
);

/// A page without anything in it, on loopback.
fn blank_page(lab: &Lab) -> Site {
    let folder = lab.dir.join("site");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("index.html"), "<!doctype html><meta charset=utf-8><title>Lab</title>").unwrap();
    Site::start(0, &folder, &SiteFile::new(None, Vec::new(), BTreeMap::new())).unwrap()
}

/// Asks the way the product does; `answered`, `failed` or `pending`, and milliseconds.
async fn ask(browser: &Browser, url: &str) -> (String, f64) {
    let script = format!(
        "const begun = performance.now();
         const outcome = await Promise.race([
             fetch('{url}', {{ method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit',
                               referrerPolicy: 'no-referrer' }}).then(r => 'answered', e => 'failed'),
             new Promise(r => setTimeout(r, {DEADLINE_MS}, 'pending')),
         ]);
         return [outcome, performance.now() - begun];"
    );
    let answer = browser.js_async(&script).await;
    eprintln!("{url}: {} after {:.1} ms", answer[0], answer[1].as_f64().unwrap_or(f64::NAN));
    (answer[0].as_str().unwrap_or_default().to_owned(), answer[1].as_f64().unwrap_or(f64::NAN))
}

async fn expect(browser: &Browser, url: &str, outcome: &str) {
    assert_eq!(ask(browser, url).await.0, outcome, "{url}");
}

async fn lab_direct(mut lab: Lab, kind: Kind) {
    lab.net.dns("host.example", HOST);
    lab.net.up().await;
    let servers = lab.serve([
        (HOST, 80, false, Behaviour::Answer),
        (HOST, 443, true, Behaviour::Answer),
        (HOST, 8080, true, Behaviour::Status(403)),
        (HOST, 9090, true, Behaviour::Answer),
        (HOST, 9350, true, Behaviour::Silent),
        (HOST, 9352, true, Behaviour::CloseAfterHandshake),
        (HOST, 5671, true, Behaviour::NotHttp),
        (HOST, 10100, true, Behaviour::CloseAfterAccept),
        (HOST, 10101, true, Behaviour::AnswerSlowly(Duration::from_millis(600))),
        (HOST, 10102, true, Behaviour::Drop),
        (HOST, 10103, true, Behaviour::Answer),
    ]);
    net::drop_tcp(SocketAddrV4::new(HOST, 9090));
    net::reject_tcp(SocketAddrV4::new(HOST, 10103));
    let site = blank_page(&lab);
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&site.url()).await;

    for answering in ["https://host.example/", "http://host.example/", "https://host.example:8080/"] {
        expect(&browser, answering, "answered").await;
    }
    let (outcome, ms) = ask(&browser, "https://host.example:10101/").await;
    assert!(outcome == "answered" && ms >= 600.0, "{outcome} after {ms} ms");
    for pending in [9090, 9350, 10102] {
        expect(&browser, &format!("https://host.example:{pending}/"), "pending").await;
    }
    for failed in [9091, 9352, 10100, 10103] {
        expect(&browser, &format!("https://host.example:{failed}/"), "failed").await;
    }
    // Firefox takes the header of AMQP for an answer of HTTP/0.9.
    let not_http = match kind {
        Kind::Chromium => "failed",
        Kind::Firefox => "answered",
    };
    expect(&browser, "https://host.example:5671/", not_http).await;
    for impossible in ["https://never.invalid/", "http://never.invalid/"] {
        expect(&browser, impossible, "failed").await;
    }
    expect(&browser, &format!("https://{HOST}/"), "answered").await;

    assert!(lab.net.asked().iter().any(|name| name == "never.invalid"));
    assert!(servers.accepted((HOST, 443).into()).unwrap_or(0) > 0);
    browser.viewport(1024, 768).await;
    assert_eq!(browser.js("return [innerWidth, innerHeight]").await, json!([1024, 768]));
    browser.screenshot("page").await;
}

async fn lab_untrusted_authority(mut lab: Lab, kind: Kind) {
    lab.net.dns("host.example", HOST).dns("stranger.example", STRANGER);
    lab.net.up().await;
    let _servers = lab.serve([(HOST, 443, true, Behaviour::Answer)]);
    let strange = Service { at: (STRANGER, 443).into(), tls: true, behaviour: Behaviour::Answer };
    let _stranger = Range::start_services(&[strange], &Arc::new(Authority::new().unwrap()));
    let site = blank_page(&lab);
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&site.url()).await;
    expect(&browser, "https://host.example/", "answered").await;
    expect(&browser, "https://stranger.example/", "failed").await;
}

async fn lab_plain_proxy(mut lab: Lab, kind: Kind) {
    lab.net.dns("host.example", HOST);
    lab.net.up().await;
    let _servers = lab.serve([(HOST, 443, true, Behaviour::Answer)]);
    let _squid = Squid::plain(&lab).await;
    let site = blank_page(&lab);
    let browser = Browser::start(&lab, kind, Proxy::Local(squid::PORT)).await;
    browser.goto(&site.url()).await;
    expect(&browser, "https://host.example/", "answered").await;
    expect(&browser, "https://host.example:9090/", "failed").await;
    expect(&browser, "https://never.invalid/", "failed").await;
    // The proxy's own error page.
    expect(&browser, "http://never.invalid/", "answered").await;
}

async fn lab_inspecting_proxy(mut lab: Lab, kind: Kind) {
    lab.net.dns("host.example", HOST);
    lab.net.up().await;
    let _servers = lab.serve([(HOST, 443, true, Behaviour::Answer)]);
    let _squid = Squid::bumping(&lab).await;
    let (authority, proxy) = (lab.authority_file(), format!("http://127.0.0.1:{}", squid::PORT));
    let authority = authority.display().to_string();
    let curl = [
        "curl",
        "-sS",
        "--max-time",
        "20",
        "-x",
        &proxy,
        "--cacert",
        &authority,
        "https://anything.invalid/",
    ];
    let made_up = run_program(&curl, "");
    assert!(made_up.contains("anything.invalid"), "{made_up}");

    let site = blank_page(&lab);
    let browser = Browser::start(&lab, kind, Proxy::Local(squid::PORT)).await;
    browser.goto(&site.url()).await;
    for url in ["https://host.example/", "https://host.example:9090/", "https://never.invalid/"] {
        expect(&browser, url, "answered").await;
    }
}

async fn lab_network_change(mut lab: Lab, kind: Kind) {
    lab.net.dns("host.example", HOST);
    lab.net.up().await;
    net::drop_tcp(SocketAddrV4::new(HOST, 443));
    let site = blank_page(&lab);
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&site.url()).await;
    let change = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        net::change_address();
    };
    let ((outcome, ms), ()) = tokio::join!(ask(&browser, "https://host.example/"), change);
    // Chromium ends every request, with the error that a refusal has, too.
    let expected = match kind {
        Kind::Chromium => "failed",
        Kind::Firefox => "pending",
    };
    assert_eq!(outcome, expected, "after {ms} ms");
}
