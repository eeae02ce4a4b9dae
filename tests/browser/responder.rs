//! The page and a responder: what a proxy that opens TLS gives away, and what a clean path never does, near and far.

mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::lab::{Browser, Kind, Lab, Proxy, in_both_browsers};
use world::{HOST, PORTS, Way, World, readings, report};

async fn clean(mut lab: Lab, kind: Kind, round_trip: Duration) {
    let world = World::furnish(&mut lab, round_trip).await;
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    for _ in 0..2 {
        browser.goto(&world.page.url()).await;
        let report = report(&browser).await;
        assert_eq!(Way::Clean.fault(&report), None);
        assert_eq!(report.codes(), ["all-reachable"]);
        assert_eq!(
            report.with_status("reachable").len(),
            PORTS.len() + 1,
            "a host that is no responder, too"
        );
        let readings = readings(&report);
        let ids: BTreeSet<_> = readings.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["probe-10443", "probe-443", "probe-9090"].into());
        for (id, look) in &readings {
            let version = if id == "probe-10443" { "0x0303" } else { "0x0304" };
            assert_eq!(look["reading"]["tls"]["version"], version, "{id}");
            assert_eq!(look["reading"]["tls"]["sni"], HOST);
            assert!(look["sent"]["engine"].is_object(), "the engine is known: {look}");
            assert_eq!(look["sent"]["protocol"], look["reading"]["request"]["protocol"]);
            let tls = look["phases"]["tls"].as_f64().unwrap_or_default();
            assert!(tls >= 0.9 * round_trip.as_secs_f64() * 1000.0, "a handshake was timed: {id}: {look}");
        }
    }
    let shown = browser
        .js("return document.querySelector('connector-check').shadowRoot.querySelector('.tls').textContent")
        .await;
    let shown = shown.as_str().unwrap_or_default();
    assert!(shown.contains("TLS 1.3") && shown.contains("Schannel"), "{shown}");
    assert_eq!(shown.matches("TCP ").count(), PORTS.len(), "every phase of each reading: {shown}");
}

async fn opened(mut lab: Lab, kind: Kind, way: Way, round_trip: Duration) {
    let world = World::furnish(&mut lab, round_trip).await;
    let (_squid, proxy) = way.furnish(&lab).await;
    let browser = Browser::start(&lab, kind, proxy).await;
    for _ in 0..2 {
        browser.goto(&world.page.url()).await;
        let report = report(&browser).await;
        assert_eq!(way.fault(&report), None);
        assert_eq!(report.verdict(), "blocked");
        assert!(!report.codes().contains(&"answers-fabricated"), "the canaries failed honestly");
        assert!(!report.codes().contains(&"all-reachable"), "{:?}", report.codes());
    }
}

async fn responder_clean_near(lab: Lab, kind: Kind) {
    clean(lab, kind, Duration::from_millis(1)).await;
}

async fn responder_clean_far(lab: Lab, kind: Kind) {
    clean(lab, kind, Duration::from_millis(150)).await;
}

async fn responder_clean_through_a_proxy(mut lab: Lab, kind: Kind) {
    let world = World::furnish(&mut lab, Duration::from_millis(1)).await;
    let (_squid, proxy) = Way::Tunnelled.furnish(&lab).await;
    let browser = Browser::start(&lab, kind, proxy).await;
    browser.goto(&world.page.url()).await;
    let report = report(&browser).await;
    assert_eq!(Way::Tunnelled.fault(&report), None);
    assert!(report.codes().contains(&"all-reachable"), "{:?}", report.codes());
}

async fn responder_opened_near(lab: Lab, kind: Kind) {
    opened(lab, kind, Way::Opened, Duration::from_millis(1)).await;
}

async fn responder_opened_unseen(lab: Lab, kind: Kind) {
    opened(lab, kind, Way::OpenedUnseen, Duration::from_millis(1)).await;
}

async fn responder_opened_far(lab: Lab, kind: Kind) {
    opened(lab, kind, Way::Opened, Duration::from_millis(150)).await;
}

in_both_browsers!(
    responder_clean_near,
    responder_clean_far,
    responder_clean_through_a_proxy,
    responder_opened_near,
    responder_opened_unseen,
    responder_opened_far
);
