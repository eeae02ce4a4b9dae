//! The catalogue and the site file that make a page test what the range really serves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use connector_check_diagnosis::catalogue::{Catalogue, Check, CheckId, Expect, FORMAT, Group, Need, Region};
use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use serde::{Deserialize, Serialize};

use crate::behaviour::Behaviour;
use crate::layout::{Layout, Service, parse_ports};

/// The file that a hosted page asks for beside itself.
pub const SITE_FILE: &str = "connector-check.site.json";

/// The id of the catalogue that the range makes.
pub const CATALOGUE_ID: &str = "practice";

/// The only format of site files there is.
const SITE_FORMAT: &str = "connector-check/site@1";

/// What a site tells the page that it hosts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteFile {
    /// Always `connector-check/site@1`.
    pub format: &'static str,
    /// Id of the catalogue shown first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Offered beside the built-in ones.
    pub catalogues: Vec<Catalogue>,
    /// What placeholder fields hold at first, by placeholder id.
    pub placeholders: BTreeMap<String, String>,
}

impl SiteFile {
    /// A site file with these parts.
    pub fn new(
        default: Option<&str>,
        catalogues: Vec<Catalogue>,
        placeholders: BTreeMap<String, String>,
    ) -> Self {
        Self { format: SITE_FORMAT, default: default.map(str::to_owned), catalogues, placeholders }
    }

    /// The site file of a layout: its catalogue, and its regions' hosts for the placeholders of other catalogues.
    /// `bound` is what was set up; all else is left out, for it would show a fault of this machine.
    pub fn of(layout: &Layout, bound: &[Service]) -> Self {
        let catalogue = catalogue(layout, bound);
        let default = catalogue.is_some().then_some(CATALOGUE_ID);
        let scheme = |tls| if tls { "https" } else { "http" };
        let hosts = layout.regions.iter().map(|region| {
            (region.id.clone(), format!("{}://{}", scheme(region.tls), url_host(region.address)))
        });
        Self::new(default, catalogue.into_iter().collect(), hosts.collect())
    }
}

/// The catalogue of a layout, with the servers in `bound`; `None` where there are none.
pub fn catalogue(layout: &Layout, bound: &[Service]) -> Option<Catalogue> {
    let words = PortWords::read();
    let bound: BTreeSet<_> = bound.iter().map(|service| service.at).collect();
    let mut checks = Vec::new();
    if let Some(control) = layout.control {
        let purpose = "Shows that this browser can reach its own machine";
        checks.push(reference(
            "reference",
            "Reference on this machine",
            control.reference,
            Expect::Answer,
            purpose,
        ));
        let purpose = "Nothing listens there: if it answers, something makes answers up";
        checks.push(reference(
            "closed",
            "Closed port on this machine",
            control.closed,
            Expect::Refusal,
            purpose,
        ));
    }
    for region in &layout.regions {
        for service in region.services() {
            let (title, purpose) = words.of(service.at.port());
            checks.push((
                service.at,
                Check {
                    id: CheckId(format!("{}-{}", region.id, service.at.port())),
                    group: Group::Service,
                    title: format!("{title}, {}", region.title),
                    url: url(service),
                    region: Some(region.id.clone()),
                    need: Need::Required,
                    expect: expect(service),
                    purpose,
                    allow: service.at.ip().to_string(),
                    responder: false,
                },
            ));
        }
    }
    let checks: Vec<_> =
        checks.into_iter().filter(|(at, _)| bound.contains(at)).map(|(_, check)| check).collect();
    let regions =
        layout.regions.iter().map(|region| Region { id: region.id.clone(), title: region.title.clone() });
    (!checks.is_empty()).then(|| Catalogue {
        format: FORMAT.to_owned(),
        id: CATALOGUE_ID.to_owned(),
        title: layout.title.clone(),
        updated: words.updated,
        sources: Vec::new(),
        regions: regions.collect(),
        placeholders: Vec::new(),
        checks,
    })
}

/// A service that does not speak HTTP passes once it is connected to; `fetch` alone cannot tell.
fn expect(service: Service) -> Expect {
    match (service.behaviour, service.tls) {
        (Behaviour::NotHttp, true) => Expect::Tls,
        (Behaviour::NotHttp, false) => Expect::Tcp,
        (
            Behaviour::Answer
            | Behaviour::AnswerSlowly(_)
            | Behaviour::Status(_)
            | Behaviour::Refuse
            | Behaviour::Silent
            | Behaviour::CloseAfterAccept
            | Behaviour::CloseAfterHandshake
            | Behaviour::Drop,
            _,
        ) => Expect::Answer,
    }
}

fn reference(id: &str, title: &str, service: Service, expect: Expect, purpose: &str) -> (SocketAddr, Check) {
    let check = Check {
        id: id.into(),
        group: Group::Control,
        title: title.to_owned(),
        url: url(service),
        region: None,
        need: Need::Required,
        expect,
        purpose: purpose.to_owned(),
        allow: service.at.ip().to_string(),
        responder: false,
    };
    (service.at, check)
}

fn url(service: Service) -> String {
    let scheme = if service.tls { Scheme::Https } else { Scheme::Http };
    let (host, port) = (service.at.ip().to_string(), service.at.port());
    Endpoint { scheme, host, port, path: "/".to_owned() }.url()
}

fn url_host(address: std::net::IpAddr) -> String {
    match address {
        std::net::IpAddr::V4(v4) => v4.to_string(),
        std::net::IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// What each port is for, from `ports.toml`.
struct PortWords {
    updated: String,
    ports: BTreeMap<u16, (String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PortsFile {
    updated: String,
    port: Vec<PortFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PortFile {
    ports: String,
    title: String,
    purpose: String,
}

impl PortWords {
    fn read() -> Self {
        let file: PortsFile =
            toml::from_str(include_str!("../ports.toml")).expect("a test reads the file that is compiled in");
        let mut ports = BTreeMap::new();
        for entry in file.port {
            let numbers = parse_ports(&entry.ports).expect("a test reads the file that is compiled in");
            ports
                .extend(numbers.into_iter().map(|port| (port, (entry.title.clone(), entry.purpose.clone()))));
        }
        Self { updated: file.updated, ports }
    }

    fn of(&self, port: u16) -> (String, String) {
        self.ports
            .get(&port)
            .cloned()
            .unwrap_or_else(|| (format!("Port {port}"), "A port of the practice range".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_makes_a_catalogue_that_the_page_accepts() {
        for name in Layout::names() {
            let layout = Layout::named(name).unwrap();
            let services = layout.services();
            let catalogue = catalogue(&layout, &services).unwrap();
            assert_eq!(catalogue.checks.len(), services.len(), "{name}");
            let text = serde_json::to_string(&catalogue).unwrap();
            assert_eq!(Catalogue::parse(&text), Ok(catalogue), "{name}");
        }
    }

    #[test]
    fn what_was_not_set_up_is_left_out() {
        let layout = Layout::named("practice").unwrap();
        let bound: Vec<_> =
            layout.services().into_iter().filter(|service| service.at.port() >= 1024).collect();
        let site = SiteFile::of(&layout, &bound);
        let privileged = |check: &Check| check.id.0.ends_with("-80") || check.id.0.ends_with("-443");
        assert!(!site.catalogues[0].checks.iter().any(privileged));
        assert_eq!(site.placeholders["central-us"], "http://127.0.0.2");
        assert_eq!(SiteFile::of(&layout, &[]).default, None);
    }

    #[test]
    fn the_practice_catalogue_knows_every_port_by_name() {
        let layout = Layout::named("practice").unwrap();
        let catalogue = catalogue(&layout, &layout.services()).unwrap();
        for check in &catalogue.checks {
            assert!(!check.title.starts_with("Port "), "{}", check.id);
        }
        let registration = catalogue.checks.iter().find(|check| check.id.0 == "east-us-9090").unwrap();
        assert_eq!(registration.url, "http://127.0.0.3:9090/");
        assert_eq!(registration.title, "Registration, East US");
    }
}
