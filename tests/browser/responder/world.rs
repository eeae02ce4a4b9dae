//! A responder at some distance, the page that asks it, and what lies between: nothing, a proxy, or one that opens TLS.

use std::fmt;
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

use crate::lab::{Browser, Lab, Proxy, Squid, squid};
use crate::product::{Report, serve};

/// Where the responder is, to the page, and where it really listens, behind a line with a delay.
pub const HOST: &str = "probe.lab.example";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 40);
const BEHIND: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 40);

/// A host that the catalogue takes for a responder, and that is none.
const OTHER: &str = "other.lab.example";
const OTHER_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 41);

/// The responder's ports; the last speaks TLS 1.2 alone.
pub const PORTS: [u16; 3] = [443, 9090, 10443];

/// How long the readings may take to be in the report.
const REFINED: Duration = Duration::from_mins(1);

/// Everything that a page needs to ask a responder.
pub struct World {
    _others: Running,
    _server: Server,
    _lines: JoinSet<()>,
    /// The page.
    pub page: Site,
}

impl World {
    /// The network, with the responder so far away.
    pub async fn furnish(lab: &mut Lab, round_trip: Duration) -> Self {
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

/// What lies between the browser and the responder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Clean,
    /// A proxy that passes tunnels on as they are.
    Tunnelled,
    /// A proxy that opens the responder's TLS, by an authority that the browser trusts, and says so in `Via`.
    Opened,
    /// The same, and it says nothing.
    OpenedUnseen,
}

impl Way {
    /// The proxy on the way, if there is one, and how the browser gets to it.
    pub async fn furnish(self, lab: &Lab) -> (Option<Squid>, Proxy) {
        let squid = match self {
            Self::Clean => return (None, Proxy::Direct),
            Self::Tunnelled => Squid::plain(lab).await,
            Self::Opened => Squid::bumping_only(lab, HOST).await,
            Self::OpenedUnseen => Squid::bumping_unseen(lab, HOST).await,
        };
        (Some(squid), Proxy::Local(squid::PORT))
    }

    /// What is wrong with a report of this way: an interception that is not proven on every port, or one that is none.
    pub fn fault(self, report: &Report) -> Option<String> {
        let findings = report.0["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = findings.iter().find(|finding| finding["code"] == "tls-intercepted");
        match (self, found) {
            (Self::Clean | Self::Tunnelled, Some(found)) => Some(format!("accused: {found}")),
            (Self::Clean | Self::Tunnelled, None) => {
                let read = readings(report).len();
                // Of what was not read nothing could have been said.
                (read != PORTS.len()).then(|| format!("{read} of {} ports were read", PORTS.len()))
            }
            (Self::Opened | Self::OpenedUnseen, None) => Some(format!("not found: {:?}", report.codes())),
            (Self::Opened | Self::OpenedUnseen, Some(found)) => {
                let ports = report.checks_of("tls-intercepted").len();
                (found["confidence"] != "proven" || ports != PORTS.len())
                    .then(|| format!("not proven: {found}"))
            }
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clean => "clean",
            Self::Tunnelled => "clean, through a proxy",
            Self::Opened => "opened",
            Self::OpenedUnseen => "opened, without a word of it",
        })
    }
}

/// The report once every responder has been read.
pub async fn report(browser: &Browser) -> Report {
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
pub fn readings(report: &Report) -> Vec<(String, Value)> {
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
