//! Runs that share a network and a browser.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use connector_check_diagnosis::catalogue::{Catalogue, Check, CheckId, FORMAT, Region};
use connector_check_range::{Site, SiteFile};
use nix::sched::{CloneFlags, unshare};

use crate::certificates::Certificates;
use crate::cover::cover_names;
use crate::delay::{self, End};
use crate::expectation::Case;
use crate::fate;
use crate::internet::{self, Internet};
use crate::place::{NAME_SERVER, Placed, place};
use crate::process::run;
use crate::scenario::{Kind, Network, Page, Scenario};
use crate::session::{Session, Visit, Visited};

/// Where the browser is. Private, as machines of companies are.
const CLIENT: &str = "10.77.0.2/24";

/// The element in which the page looks for a catalogue of its publisher.
const CATALOGUE_ELEMENT: &str = "connector-check-catalogue";

/// The id of every scenario's catalogue.
const CATALOGUE_ID: &str = "lab";

/// Runs that share a network and a browser in it.
pub struct Group {
    /// What is shared by all hosts.
    pub network: Network,
    /// How far away everything is, in milliseconds.
    pub round_trip: u64,
    /// The browser.
    pub kind: Kind,
    /// What is run in it.
    pub runs: Vec<Run>,
}

/// One scenario, in one case.
#[derive(Clone)]
pub struct Run {
    /// Its name among the tests.
    pub name: String,
    /// Which scenario.
    pub scenario: Arc<Scenario>,
    /// Which case.
    pub case: Case,
}

impl Group {
    /// Runs everything. `Err` says why the system does not permit it.
    ///
    /// # Panics
    /// Where the network or the browser cannot be set up.
    pub fn run(&self, dir: &Path) -> Result<Vec<Visited>, String> {
        let _old = fs::remove_dir_all(dir);
        fs::create_dir_all(dir).expect("the target folder can be written to");
        let mut scenarios: Vec<Arc<Scenario>> = Vec::new();
        for run in &self.runs {
            if !scenarios.iter().any(|scenario| Arc::ptr_eq(scenario, &run.scenario)) {
                scenarios.push(Arc::clone(&run.scenario));
            }
        }
        let places = place(&scenarios);
        let certificates = Arc::new(Certificates::new(dir));
        let (ends, end) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        thread::scope(|scope| {
            let (places, certificates) = (&places, &certificates);
            let internet = scope.spawn(move || self.internet(places, certificates, dir, &ends, stopped));
            let client = scope.spawn(move || self.client(places, certificates, dir, &end));
            let visited = client.join();
            // Whoever has ended already does not hear it.
            let _ended = stop.send(());
            let internet = internet.join();
            match (visited, internet) {
                (Ok(visited), Ok(())) => visited,
                (_, Err(panic)) | (Err(panic), _) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// The thread of the far end.
    fn internet(
        &self,
        places: &[Placed],
        certificates: &Arc<Certificates>,
        dir: &Path,
        ends: &mpsc::Sender<Result<End, String>>,
        stopped: tokio::sync::oneshot::Receiver<()>,
    ) {
        let end = match internet::enter() {
            Ok(end) => end,
            Err(reason) => {
                // The other thread says so.
                let _gone = ends.send(Err(reason));
                return;
            }
        };
        runtime().block_on(async {
            let sites: Vec<_> =
                places.iter().map(|place| Internet::serves_page(place).then(|| site(place))).collect();
            let pages: Vec<_> = sites.iter().map(|site| site.as_ref().map(address)).collect();
            let internet = Internet::furnish(&self.network, places, &pages, certificates, dir);
            let _internet = internet.await;
            // Whoever has ended already does not need it.
            let _gone = ends.send(Ok(end));
            let _stop = stopped.await;
        });
        internet::leave();
    }

    /// The thread of the near end.
    fn client(
        &self,
        places: &[Placed],
        certificates: &Certificates,
        dir: &Path,
        other: &mpsc::Receiver<Result<End, String>>,
    ) -> Result<Vec<Visited>, String> {
        let Ok(other) = other.recv() else { panic!("the far end was not set up") };
        let other = other?;
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
            .map_err(|error| format!("the system refuses a network namespace ({error})"))?;
        cover_names(dir, NAME_SERVER);
        run(&["ip", "link", "set", "lo", "up"], "");
        let end = End::open().map_err(|error| format!("the system refuses a TUN device ({error})"))?;
        // IPv6 would give itself an address a second later, and Chromium ends every request when addresses change.
        run(&["ip", "link", "set", delay::NAME, "addrgenmode", "none", "up"], "");
        run(&["ip", "addr", "add", CLIENT, "dev", delay::NAME], "");
        run(&["ip", "route", "add", "default", "dev", delay::NAME], "");
        run(&["nft", "-f", "-"], &nearby(places));
        delay::join(end, other, Duration::from_micros(self.round_trip * 500))
            .expect("threads can be started");
        let visited = runtime().block_on(async {
            let session = Session::start(self.kind, &self.network, &certificates.trusted_file(), dir).await;
            let mut sites = BTreeMap::new();
            let mut visits = Vec::new();
            for run in &self.runs {
                let place = places.iter().find(|place| Arc::ptr_eq(&place.scenario, &run.scenario));
                let place = place.expect("every scenario has a place");
                let folder = dir.join(run.name.replace("::", "-"));
                fs::create_dir_all(&folder).expect("the lab's folder is there");
                let url = match run.case.page {
                    Page::Http => {
                        let site = sites.entry(run.scenario.name.clone()).or_insert_with(|| site(place));
                        site.url()
                    }
                    Page::Https => format!("https://{}/", place.page_name()),
                    Page::File => format!("file://{}", single_file(place, &folder).display()),
                };
                visits.push(Visit { url, dir: folder });
            }
            session.visit(&visits).await
        });
        run(&["ip", "link", "del", delay::NAME], "");
        Ok(visited)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The firewall of the client's own machine.
fn nearby(places: &[Placed]) -> String {
    let mut rules =
        String::from("add table inet lab\nadd chain inet lab out { type filter hook output priority 0; }\n");
    for place in places {
        for (host, port, fate) in place.scenario.endpoints() {
            if fate.path == fate::Path::ResetNearby {
                let address = address_of(place, &host.id);
                let rule = format!(
                    "add rule inet lab out ip daddr {address} tcp dport {port} reject with tcp reset\n"
                );
                rules.push_str(&rule);
            }
        }
    }
    rules
}

fn address_of(place: &Placed, id: &str) -> Ipv4Addr {
    let at = place.scenario.host.iter().position(|host| host.id == id);
    place.hosts[at.expect("a host of the scenario")]
}

/// Serves the built page on loopback, with the scenario's catalogue chosen.
fn site(place: &Placed) -> Site {
    let site_file = SiteFile::new(Some(CATALOGUE_ID), vec![catalogue(place)], BTreeMap::new());
    Site::start(0, &dist().join("site"), &site_file).unwrap_or_else(|error| panic!("{error}"))
}

/// Where a site listens.
fn address(site: &Site) -> SocketAddr {
    let url = site.url();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    address.parse().expect("a site is served at an address")
}

/// The single file with the scenario's catalogue built in.
fn single_file(place: &Placed, folder: &Path) -> PathBuf {
    let source = dist().join("connector-check.html");
    let page = fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let catalogue = serde_json::to_string(&catalogue(place)).expect("a catalogue can be written");
    let end = page.rfind("</head>").expect("the page has a head");
    let (head, rest) = page.split_at(end);
    let element =
        format!("<script type=\"application/json\" id=\"{CATALOGUE_ELEMENT}\">{catalogue}</script>\n");
    let file = folder.join("page.html");
    fs::write(&file, format!("{head}{element}{rest}")).expect("the lab's folder is there");
    file
}

/// Where the built page is.
fn dist() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/dist");
    std::env::var_os("CONNECTOR_CHECK_DIST").map_or_else(|| beside.into(), PathBuf::from)
}

/// What the page is to test.
fn catalogue(place: &Placed) -> Catalogue {
    let scenario = &place.scenario;
    let mut regions: Vec<Region> = Vec::new();
    let mut checks = Vec::new();
    for (host, port, _) in scenario.endpoints() {
        if let Some(id) = &host.region
            && !regions.iter().any(|region| region.id == *id)
        {
            regions.push(Region { id: id.clone(), title: id.clone() });
        }
        let address = address_of(place, &host.id).to_string();
        let by_address = |name: String| if host.by_address { address.clone() } else { name };
        let scheme = if host.plain.contains(&port) { "http" } else { "https" };
        checks.push(Check {
            id: CheckId(host.check(port)),
            group: host.group,
            title: format!("{}, port {port}", host.id),
            url: format!("{scheme}://{}:{port}/", by_address(host.name(&scenario.name))),
            region: host.region.clone(),
            need: host.need,
            expect: host.suffices(port),
            purpose: "Lab".to_owned(),
            allow: by_address(host.rule(&scenario.name)),
            responder: false,
        });
    }
    Catalogue {
        format: FORMAT.to_owned(),
        id: CATALOGUE_ID.to_owned(),
        title: scenario.title.clone(),
        updated: "2026-11-20".to_owned(),
        sources: Vec::new(),
        regions,
        placeholders: Vec::new(),
        checks,
    }
}
