//! The page itself: what it looks like, how it is used, what it promises to the page around it.
//!
//! What a network does is the scenarios' subject; here a few servers on loopback suffice.

mod accessibility;
mod capture;
mod catalogues;
mod element;
mod evidence;
mod failures;
mod keyboard;
mod layout;
mod pictures;
mod tls;

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_range::{Behaviour, Layout, Range, Running, Site, SiteFile};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::{Element, ElementRef};
use serde_json::{Value, json};

use crate::lab::{Browser, Kind, Lab, Proxy};
use crate::product::{dist, serve};

/// What every script of these tests may use: the element, waiting, comparing, opening everything.
pub const PRELUDE: &str = include_str!("page/prelude.js");

const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const TWO: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// The catalogue `small`: everything is decided within a second.
pub const SMALL: [(Ipv4Addr, u16, Behaviour); 4] = [
    (ONE, 8001, Behaviour::Answer),
    (ONE, 8002, Behaviour::Answer),
    (TWO, 8001, Behaviour::Answer),
    (TWO, 8002, Behaviour::Refuse),
];

/// The catalogue `slow`: one answer at once, and then a deadline to wait for.
const SLOW: [(Ipv4Addr, u16, Behaviour); 4] = [
    (ONE, 8011, Behaviour::Answer),
    (ONE, 8012, Behaviour::Silent),
    (TWO, 8011, Behaviour::Silent),
    (TWO, 8012, Behaviour::Silent),
];

/// The page with its servers in a browser.
struct Stage {
    browser: Browser,
    servers: Running,
    site: Site,
}

impl Stage {
    /// The page with `small` and `slow`, not yet opened; its files are as `edit` leaves them.
    async fn furnished(lab: &mut Lab, kind: Kind, edit: impl FnOnce(&Path)) -> Self {
        lab.net.up().await;
        let servers = SMALL.into_iter().chain(SLOW).map(|(ip, port, behaviour)| (ip, port, false, behaviour));
        let servers = lab.serve(servers);
        let folder = lab.dir.join("site");
        copy(&dist().join("site"), &folder);
        edit(&folder);
        let catalogues = [catalogue("small", &SMALL), catalogue("slow", &SLOW)];
        let catalogues = catalogues.map(|json| Catalogue::parse(&json.to_string()).expect("sound")).to_vec();
        let site = Site::start(0, &folder, &SiteFile::new(Some("small"), catalogues, [].into()));
        let browser = Browser::start(lab, kind, Proxy::Direct).await;
        Self { browser, servers, site: site.unwrap_or_else(|error| panic!("{error}")) }
    }

    /// The page with `small` and `slow`, opened, with the first run done.
    async fn done(lab: &mut Lab, kind: Kind) -> Self {
        let stage = Self::furnished(lab, kind, |_| ()).await;
        stage.open("").await;
        // What is seen behind the verdict changes the page once more.
        stage.js("await until(() => !element.dataset.closer, 'closer looks are over')").await;
        stage
    }

    /// The page with `small` and `slow`, opened, which waits to be started.
    async fn idle(lab: &mut Lab, kind: Kind) -> Self {
        let stage = Self::furnished(lab, kind, |site| {
            edit(&site.join("index.html"), "autorun=\"true\"", "autorun=\"false\"");
        })
        .await;
        stage.browser.goto(&stage.site.url()).await;
        stage.js("await until(() => shadow()?.querySelector('.cell'), 'a table')").await;
        stage
    }

    /// The page over the practice range, with the first run done.
    async fn practice(lab: &mut Lab, kind: Kind) -> Self {
        lab.net.up().await;
        let layout = Layout::named("practice").expect("it comes along");
        let servers = Range::start(&layout, &lab.authority);
        let site = serve(&SiteFile::of(&layout, servers.bound()));
        let stage = Self { browser: Browser::start(lab, kind, Proxy::Direct).await, servers, site };
        stage.browser.viewport(1024, 768).await;
        stage.open("").await;
        stage
    }

    /// Opens the page with this behind its address, and waits for its first run.
    async fn open(&self, behind: &str) {
        self.browser.goto(&(self.site.url() + behind)).await;
        self.browser.report().await;
    }

    /// Runs the body of an async function that may use [`PRELUDE`].
    async fn js(&self, script: &str) -> Value {
        self.browser.js_async(&format!("{PRELUDE}\n{script}")).await
    }

    /// Presses and releases a key.
    async fn press(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keyboard".to_owned());
        let keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.browser.client().perform_actions(keys).await.expect("a key can be pressed");
    }

    /// Chooses a file in the page's own field for it.
    async fn choose(&self, file: &Path) {
        let field =
            "return document.querySelector('connector-check').shadowRoot.querySelector('[type=file]')";
        let field = self.browser.js(field).await;
        let id = field.as_object().and_then(|field| field.values().next()?.as_str());
        let id = ElementRef::from(id.expect("the page has a field for files").to_owned());
        let field = Element::from_element_id(self.browser.client().clone(), id);
        field.send_keys(&file.display().to_string()).await.expect("a file can be chosen");
    }

    /// Connections that these servers have accepted so far.
    fn accepted(&self, servers: &[(Ipv4Addr, u16, Behaviour)]) -> usize {
        servers.iter().filter_map(|(ip, port, _)| self.servers.accepted((*ip, *port).into())).sum()
    }
}

/// A catalogue over servers on loopback, on plain HTTP.
pub fn catalogue(id: &str, servers: &[(Ipv4Addr, u16, Behaviour)]) -> Value {
    let region = |ip: &Ipv4Addr| format!("region-{}", ip.octets()[3]);
    let mut regions: Vec<_> = servers.iter().map(|(ip, ..)| region(ip)).collect();
    regions.dedup();
    let checks = servers.iter().map(|(ip, port, _)| {
        json!({
            "id": format!("{}-{port}", region(ip)), "group": "service", "title": format!("Port {port}"),
            "url": format!("http://{ip}:{port}/"), "region": region(ip), "need": "required",
            "expect": "answer", "purpose": "A test", "allow": ip.to_string(), "responder": false,
        })
    });
    json!({
        "format": "connector-check/catalogue@1", "id": id, "title": format!("The {id} one"),
        "updated": "2026-11-20", "sources": [{ "title": "A source", "url": "https://source.example/" }],
        "regions": regions.iter().map(|id| json!({ "id": id, "title": id })).collect::<Vec<_>>(),
        "placeholders": [], "checks": checks.collect::<Vec<_>>(),
    })
}

/// Replaces a text that must be in a file.
pub fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(text.contains(from), "{} has no {from}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("the lab's folder is there");
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the lab's folder is there");
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries.map(|entry| entry.expect("a folder can be read")) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a file can be copied");
        }
    }
}
