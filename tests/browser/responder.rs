//! The page and a responder: what a proxy that opens TLS gives away, and what a clean path never does, near and far.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_range::{Behaviour, Running, Site, SiteFile};
use connector_check_responder::options::{Task, parse};
use connector_check_responder::{Loaded, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use crate::lab::{Browser, Kind, Lab, Proxy, Squid, in_both_browsers, squid};
use crate::product::{Report, serve};

/// Where the responder is, to the page, and where it really listens, behind a line with a delay.
const HOST: &str = "probe.lab.example";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 40);
const BEHIND: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 40);

/// A host that the catalogue takes for a responder, and that is none.
const OTHER: &str = "other.lab.example";
const OTHER_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 41);

/// The responder's ports; the last speaks TLS 1.2 alone.
const PORTS: [u16; 3] = [443, 9090, 10443];

/// How long the readings may take to be in the report.
const REFINED: Duration = Duration::from_mins(1);

struct World {
    _others: Running,
    _server: Server,
    _lines: JoinSet<()>,
    page: Site,
}

impl World {
    async fn furnish(lab: &mut Lab, round_trip: Duration) -> Self {
        let others = lab.serve([(OTHER_ADDRESS, 443, true, Behaviour::Answer)]);
        let server = responder(lab);
        let mut lines = JoinSet::new();
        for port in PORTS {
            let listener = TcpListener::bind((ADDRESS, port)).await.expect("the lab has the address");
            lines.spawn(line(listener, port, round_trip / 2));
        }
        lab.net.dns(HOST, ADDRESS).dns(OTHER, OTHER_ADDRESS);
        lab.net.up().await;
        let page = serve(&SiteFile::new(Some("probes"), vec![catalogue()], [].into()));
        Self { _others: others, _server: server, _lines: lines, page }
    }
}

/// A responder as its users set it up, with a certificate that the browser trusts.
fn responder(lab: &Lab) -> Server {
    let (chain, key) = lab.authority.pem_for(HOST).expect("certificates can be made");
    let (chain_file, key_file) = (lab.dir.join("chain.pem"), lab.dir.join("key.pem"));
    fs::write(&chain_file, chain).expect("the lab's folder is there");
    fs::write(&key_file, key).expect("the lab's folder is there");
    let listen = BEHIND.to_string();
    let arguments = [
        "--listen".as_ref(),
        listen.as_ref(),
        "--ports".as_ref(),
        "443,9090".as_ref(),
        "--tls12".as_ref(),
        "10443".as_ref(),
        "--cert".as_ref(),
        chain_file.as_os_str(),
        "--key".as_ref(),
        key_file.as_os_str(),
    ];
    let Ok(Task::Serve(config)) = parse(arguments.map(std::ffi::OsStr::to_owned)) else {
        panic!("the options are sound");
    };
    let loaded = Loaded::of(&config).expect("the certificate is sound");
    Server::start(&config, loaded).expect("the ports are free")
}

fn catalogue() -> Catalogue {
    let check = |host: &str, port: u16| {
        json!({
            "id": format!("{}-{port}", host.split('.').next().unwrap_or_default()),
            "group": "service", "title": format!("{host} {port}"), "url": format!("https://{host}:{port}/"),
            "region": "lab", "need": "required", "expect": "answer", "purpose": "A test", "allow": host,
            "responder": true,
        })
    };
    let mut checks: Vec<Value> = PORTS.iter().map(|port| check(HOST, *port)).collect();
    checks.push(check(OTHER, 443));
    let json = json!({
        "format": "connector-check/catalogue@1", "id": "probes", "title": "Probes", "updated": "2026-11-20",
        "sources": [], "regions": [{"id": "lab", "title": "Lab"}], "checks": checks,
    });
    Catalogue::parse(&json.to_string()).expect("the catalogue is sound")
}

/// Carries connections on, each direction so much later.
async fn line(listener: TcpListener, port: u16, delay: Duration) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        connections.spawn(async move {
            let Ok(far) = TcpStream::connect((BEHIND, port)).await else { return };
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            tokio::join!(carry(near_read, far_write, delay), carry(far_read, near_write, delay));
        });
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sender, mut receiver) = unbounded_channel::<(Instant, Vec<u8>)>();
    let reading = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if sender.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due.into()).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(reading, writing);
}

/// The report once every responder has been read.
async fn report(browser: &Browser) -> Report {
    browser.report().await;
    let begun = Instant::now();
    while browser.js("return document.querySelector('connector-check').hasAttribute('data-closer')").await
        == true
    {
        assert!(begun.elapsed() < REFINED, "the readings come to an end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Report(browser.report().await)
}

/// What the responder told, by check.
fn readings(report: &Report) -> Vec<(String, Value)> {
    let checks = report.0["checks"].as_array().expect("a list");
    let looks = checks.iter().flat_map(|check| {
        let id = check["id"].as_str().unwrap_or_default().to_owned();
        let seen = check["observations"].as_array().cloned().unwrap_or_default();
        let looks = seen.into_iter().filter(|seen| seen["probe"] == "responder");
        looks.map(move |seen| {
            (id.clone(), serde_json::from_str(seen["detail"].as_str().unwrap_or_default()).expect("a look"))
        })
    });
    looks.collect()
}

async fn clean(mut lab: Lab, kind: Kind, round_trip: Duration) {
    let world = World::furnish(&mut lab, round_trip).await;
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    for _ in 0..2 {
        browser.goto(&world.page.url()).await;
        let report = report(&browser).await;
        assert!(!report.codes().contains(&"tls-intercepted"), "{:?}", report.0["findings"]);
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

async fn opened(mut lab: Lab, kind: Kind, round_trip: Duration) {
    let world = World::furnish(&mut lab, round_trip).await;
    let _squid = Squid::bumping_only(&lab, HOST).await;
    let browser = Browser::start(&lab, kind, Proxy::Local(squid::PORT)).await;
    for _ in 0..3 {
        browser.goto(&world.page.url()).await;
        let report = report(&browser).await;
        let findings = report.0["findings"].as_array().expect("a list");
        let found = findings.iter().find(|finding| finding["code"] == "tls-intercepted");
        let found = found.unwrap_or_else(|| panic!("{:?}", report.codes()));
        assert_eq!(found["confidence"], "proven", "{found}");
        assert_eq!(report.checks_of("tls-intercepted").len(), PORTS.len());
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

async fn responder_opened_near(lab: Lab, kind: Kind) {
    opened(lab, kind, Duration::from_millis(1)).await;
}

async fn responder_opened_far(lab: Lab, kind: Kind) {
    opened(lab, kind, Duration::from_millis(150)).await;
}

in_both_browsers!(responder_clean_near, responder_clean_far, responder_opened_near, responder_opened_far);
