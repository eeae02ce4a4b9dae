//! What the page makes of each situation: real names, real ports, real faults, both browsers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use connector_check_diagnosis::catalogue::Group;
use connector_check_range::{Behaviour, Layout, Range, SiteFile};
use serde_json::{Value, json};

use crate::lab::{Browser, Kind, Lab, Proxy, Squid, in_both_browsers, net, squid};
use crate::product::{Fault, Report, World, dist, serve};

/// Milliseconds: the longest deadline of a probe is 8 s, the run may take 2 s more, and so much is allowed for a
/// machine that runs several browsers at once.
const RUN_MS: f64 = 8_000.0 + 2_000.0 + 1_000.0;

in_both_browsers!(
    everything_open,
    one_port_dropped,
    one_port_refused,
    region_gone,
    sign_in_blocked,
    everything_dead,
    everything_dropped,
    unplugged,
    canary_answering,
    inspecting_proxy,
    plain_proxy,
    single_file,
    bad_catalogue_refused,
    practice_range,
);

/// Opens the page in this world and hands back its first report.
async fn report_of(world: &World, mut lab: Lab, kind: Kind, proxy: Proxy) -> Report {
    let _servers = world.furnish(&mut lab);
    lab.net.up().await;
    let _squid = match proxy {
        Proxy::Direct => None,
        Proxy::Local(_) => Some(Squid::plain(&lab).await),
    };
    let page = world.page();
    let browser = Browser::start(&lab, kind, proxy).await;
    browser.viewport(1024, 768).await;
    browser.goto(&page.url()).await;
    read(&browser).await
}

async fn read(browser: &Browser) -> Report {
    let report = browser.report().await;
    browser.screenshot("done").await;
    let times = "const r = document.querySelector('connector-check').report;
                 return Date.parse(r.finished) - Date.parse(r.started);";
    let took = browser.js(times).await.as_f64().unwrap_or(f64::NAN);
    assert!(took <= RUN_MS, "the run took {took} ms");
    assert_eq!(report["format"], "connector-check/report@1");
    Report(report)
}

/// Every check was asked; exactly these were not reached, and every canary failed as it must.
fn assert_unreachable(report: &Report, world: &World, unreachable: &BTreeSet<String>) {
    assert_eq!(&report.with_status("unreachable"), unreachable);
    let others: BTreeSet<_> = world.all_ids().difference(unreachable).cloned().collect();
    assert_eq!(report.with_status("reachable"), others);
    let canaries = report.canaries();
    assert!(!canaries.is_empty() && canaries.values().all(|status| *status == "unreachable"), "{canaries:?}");
}

async fn everything_open(lab: Lab, kind: Kind) {
    let world = World::classic();
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    assert_unreachable(&report, &world, &BTreeSet::new());
    assert_eq!((report.verdict(), report.codes()), ("ready", vec!["all-reachable"]));
    assert_eq!(report.0["catalogue"]["id"], "classic-connector");
    assert_eq!(report.0["environment"]["page"], "http");
}

async fn one_port_dropped(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Dropped, |_, endpoint| endpoint.port == 9090);
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    let dropped = world.ids(|_, endpoint| endpoint.port == 9090);
    assert_unreachable(&report, &world, &dropped);
    assert_eq!((report.verdict(), report.codes()), ("blocked", vec!["port-dropped"]));
    assert_eq!(report.checks_of("port-dropped"), dropped);
}

async fn one_port_refused(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Refused, |_, endpoint| endpoint.port == 9091);
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    let refused = world.ids(|_, endpoint| endpoint.port == 9091);
    assert_unreachable(&report, &world, &refused);
    assert_eq!((report.verdict(), report.codes()), ("blocked", vec!["port-refused"]));
    assert_eq!(report.checks_of("port-refused"), refused);
}

async fn region_gone(lab: Lab, kind: Kind) {
    let east = |region: Option<&str>| region == Some("east-us");
    let world = World::classic().with(Fault::Dropped, |check, _| east(check.region.as_deref()));
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    let gone = world.ids(|check, _| east(check.region.as_deref()));
    assert_unreachable(&report, &world, &gone);
    assert_eq!((report.verdict(), report.codes()), ("blocked", vec!["region-unreachable"]));
    assert_eq!(report.checks_of("region-unreachable"), gone);
}

async fn sign_in_blocked(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Dropped, |check, _| check.group == Group::Login);
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    let login = world.ids(|check, _| check.group == Group::Login);
    assert_unreachable(&report, &world, &login);
    assert_eq!((report.verdict(), report.codes()), ("blocked", vec!["login-unreachable"]));
    assert_eq!(report.checks_of("login-unreachable"), login);
}

/// Nothing may be called unreachable while nothing shows that there is a network at all.
fn assert_no_network(report: &Report, world: &World) {
    assert_eq!(report.with_status("inconclusive"), world.all_ids());
    assert_eq!((report.verdict(), report.codes()), ("blocked", vec!["no-internet"]));
}

async fn everything_dead(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Unnamed, |_, _| true);
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    assert_no_network(&report, &world);
}

async fn everything_dropped(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Dropped, |_, _| true);
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    assert_no_network(&report, &world);
}

/// No answer counts, and the page says why.
fn assert_fabricated(report: &Report, world: &World) {
    assert_eq!(report.with_status("reachable"), BTreeSet::new());
    assert_eq!(report.with_status("intercepted"), world.all_ids());
    assert_ne!(report.verdict(), "ready");
    for code in ["answers-fabricated", "tls-intercepted"] {
        assert!(report.codes().contains(&code), "{:?}", report.codes());
    }
    assert_eq!(report.canaries()["canary-https"], "intercepted");
}

async fn unplugged(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Unnamed, |_, _| true);
    net::unplug();
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    assert_eq!((report.with_status("reachable"), report.with_status("unreachable")), Default::default());
    let code = match kind {
        Kind::Chromium => "browser-offline",
        // Firefox says that it is online whatever happens.
        Kind::Firefox => "no-internet",
    };
    assert_eq!((report.verdict(), report.codes()), ("blocked", vec![code]));
}

async fn canary_answering(mut lab: Lab, kind: Kind) {
    let world = World::classic();
    let everything = Ipv4Addr::new(198, 51, 100, 99);
    lab.net.dns_everything_else(everything);
    let _box =
        lab.serve([(everything, 443, true, Behaviour::Answer), (everything, 80, false, Behaviour::Answer)]);
    let report = report_of(&world, lab, kind, Proxy::Direct).await;
    assert_fabricated(&report, &world);
}

async fn inspecting_proxy(mut lab: Lab, kind: Kind) {
    // Blocked ports answer, too, with the proxy's own page.
    let world = World::classic().with(Fault::Refused, |_, endpoint| endpoint.port == 9090);
    let _servers = world.furnish(&mut lab);
    lab.net.up().await;
    let _squid = Squid::bumping(&lab).await;
    let page = world.page();
    let browser = Browser::start(&lab, kind, Proxy::Local(squid::PORT)).await;
    browser.viewport(1024, 768).await;
    browser.goto(&page.url()).await;
    assert_fabricated(&read(&browser).await, &world);
}

async fn plain_proxy(lab: Lab, kind: Kind) {
    let world = World::classic().with(Fault::Refused, |_, endpoint| endpoint.port == 9090);
    let report = report_of(&world, lab, kind, Proxy::Local(squid::PORT)).await;
    assert_eq!(report.with_status("unreachable"), world.ids(|_, endpoint| endpoint.port == 9090));
    // Tunnels are honest, but the proxy answers plain HTTP itself: those answers say nothing.
    let plain = world.ids(|_, endpoint| !endpoint.scheme.is_tls());
    assert_eq!(report.with_status("inconclusive"), plain);
    assert_eq!(report.canaries()["canary-http"], "intercepted");
    assert_eq!(report.verdict(), "blocked");
    assert!(report.codes().contains(&"port-refused"), "{:?}", report.codes());
    assert!(!report.codes().contains(&"tls-intercepted"), "{:?}", report.codes());
}

async fn single_file(mut lab: Lab, kind: Kind) {
    let world = World::entra();
    let _servers = world.furnish(&mut lab);
    lab.net.up().await;
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.viewport(1024, 768).await;
    browser.goto(&format!("file://{}", dist().join("connector-check.html").display())).await;
    let report = read(&browser).await;
    assert_eq!(report.0["environment"]["page"], "file");
    assert_eq!(report.with_status("reachable"), world.all_ids());
    assert_eq!(report.status("registration"), "skipped");
    assert!(report.codes().contains(&"waiting-for-input"), "{:?}", report.codes());
    let own = browser.js(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('http'))",
    );
    assert_eq!(own.await, json!([]), "one file, and nothing beside it");

    // The other catalogue, handed over the way a page around it would.
    let mut classic = World::classic().catalogue;
    for placeholder in &mut classic.placeholders {
        placeholder.default = Some("download.msappproxy.net".to_owned());
    }
    let classic = serde_json::to_string(&classic).expect("a catalogue can be written");
    let script = format!(
        "const element = document.querySelector('connector-check');
         element.catalogue = {classic};
         return (await element.run()).catalogue.id;"
    );
    assert_eq!(browser.js_async(&script).await, "classic-connector");
}

/// Stands in every bad catalogue and nowhere else.
const STRANGER: &str = "stranger.example";

async fn bad_catalogue_refused(mut lab: Lab, kind: Kind) {
    let world = World::classic();
    let _servers = world.furnish(&mut lab);
    lab.net.up().await;
    let page = world.page();
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&page.url()).await;
    read(&browser).await;
    // Readings of test hosts come after the verdict, and write the report anew.
    let before = browser
        .js_async(
            "const element = document.querySelector('connector-check');
             while (element.hasAttribute('data-closer')) await new Promise((resolve) => setTimeout(resolve, 20));
             return element.report;",
        )
        .await;
    for (spoil, place) in [
        ("c.format = 'connector-check/catalogue@2'", "catalogue@2"),
        ("c.colour = 'red'", "colour"),
        ("c.checks[1].id = c.checks[0].id", "check \"reference\""),
        ("c.checks[1].url = 'ftp://bad.example/'", "check \"login-microsoftonline\""),
        ("c.checks[1].region = 'atlantis'", "atlantis"),
        ("c.checks[1].purpose = 'x'.repeat(2 ** 20)", "1048576"),
        ("c.checks = []", "checks"),
    ] {
        let script = format!(
            "const element = document.querySelector('connector-check');
             const c = {catalogue};
             c.checks[2].url = 'https://{STRANGER}/';
             {spoil};
             const error = new Promise((resolve, reject) => {{
                 element.addEventListener('connector-check:error', e => resolve(e.detail.message), {{ once: true }});
                 setTimeout(reject, 5000, 'no error was told');
             }});
             element.catalogue = c;
             return [await error, element.catalogue, element.state, element.shadowRoot.textContent];",
            catalogue = serde_json::to_string(&world.catalogue).expect("a catalogue can be written"),
        );
        let answer = browser.js_async(&script).await;
        let message = answer[0].as_str().unwrap_or_default();
        assert!(message.contains(place), "{spoil}: {message}");
        assert_eq!((&answer[1], &answer[2]), (&json!("classic-connector"), &json!("done")), "{spoil}");
        assert!(answer[3].as_str().unwrap_or_default().contains(place), "{spoil}: the page does not say it");
    }
    assert_eq!(browser.js("return document.querySelector('connector-check').report").await, before);
    assert!(!lab.net.asked().iter().any(|name| name == STRANGER), "it was run all the same");
}

async fn practice_range(mut lab: Lab, kind: Kind) {
    lab.net.up().await;
    let layout = Layout::named("practice").expect("it comes along");
    let running = Range::start(&layout, &lab.authority);
    assert_eq!(running.left_out().len(), 0, "{:?}", running.left_out());
    let page = serve(&SiteFile::of(&layout, running.bound()));
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.viewport(1024, 768).await;
    browser.goto(&page.url()).await;
    let report = read(&browser).await;
    let mut wrong = BTreeMap::new();
    for region in &layout.regions {
        for service in region.services() {
            let id = format!("{}-{}", region.id, service.at.port());
            let expected: &[_] = match (service.behaviour, kind) {
                // Firefox takes any text for an answer of HTTP/0.9.
                (Behaviour::Answer | Behaviour::AnswerSlowly(_) | Behaviour::Status(_), _)
                | (Behaviour::NotHttp, Kind::Firefox) => &["reachable"],
                (Behaviour::NotHttp, Kind::Chromium) => &["inconclusive"],
                // Where Firefox tells that the request was sent, it may be an answer that pages may not have.
                (Behaviour::CloseAfterAccept | Behaviour::CloseAfterHandshake, Kind::Firefox) => {
                    &["inconclusive", "unreachable"]
                }
                (Behaviour::Refuse | Behaviour::Silent | Behaviour::Drop, _)
                | (Behaviour::CloseAfterAccept | Behaviour::CloseAfterHandshake, Kind::Chromium) => {
                    &["unreachable"]
                }
            };
            let seen = report.status(&id).to_owned();
            if !expected.contains(&seen.as_str()) {
                wrong.insert(id, seen);
            }
        }
    }
    assert_eq!(wrong, BTreeMap::new());
    assert_eq!((report.status("reference"), report.status("closed")), ("reachable", "unreachable"));
    assert_eq!(report.0["catalogue"]["id"], Value::from("practice"));
    assert_eq!(report.verdict(), "blocked");
    assert!(report.codes().contains(&"region-unreachable"), "{:?}", report.codes());
}
