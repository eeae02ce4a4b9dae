//! The product in a lab: the hosts of a catalogue, the built page, and what its report says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use connector_check_diagnosis::catalogue::{Catalogue, Check};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::plan::{Fill, Plan};
use connector_check_range::{Behaviour, Running, Site, SiteFile};
use serde_json::Value;

use crate::lab::{Lab, net};

/// Where the hosts of the catalogue are, one address each from here on; public to a browser.
const FIRST_HOST: u32 = u32::from_be_bytes([203, 0, 113, 10]);

/// What becomes of an endpoint; all others answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A firewall drops what is sent to it.
    Dropped,
    /// Nothing listens.
    Refused,
    /// Its name does not exist.
    Unnamed,
}

/// A catalogue, and what becomes of its endpoints.
#[derive(Debug)]
pub struct World {
    /// What the page shall test.
    pub catalogue: Catalogue,
    fill: Fill,
    endpoints: Vec<(Check, Endpoint)>,
    faults: BTreeMap<Endpoint, Fault>,
}

/// The servers of a world; they end when this is dropped.
#[derive(Debug)]
pub struct Standing {
    _servers: Running,
}

impl World {
    /// The ports of the documents, with test hosts in both regions.
    pub fn classic() -> Self {
        let hosts = [
            ("central-us", "central-us.portcheck.msappproxy.net"),
            ("east-us", "east-us.portcheck.msappproxy.net"),
        ];
        Self::of(include_str!("../../catalogues/classic-connector.json"), &hosts)
    }

    /// The current connector, as it is before anyone typed a tenant.
    pub fn entra() -> Self {
        Self::of(include_str!("../../catalogues/entra-connector.json"), &[])
    }

    fn of(text: &str, fill: &[(&str, &str)]) -> Self {
        let catalogue = Catalogue::parse(text).expect("built-in catalogues are sound");
        let fill: Fill = fill.iter().map(|(id, host)| ((*id).to_owned(), (*host).to_owned())).collect();
        let plan = Plan::new(&catalogue, &fill, "unused");
        let listed = plan.checks.iter().filter(|planned| planned.canary.is_none());
        let endpoints =
            listed.filter_map(|planned| Some((planned.check.clone(), planned.endpoint()?.clone()))).collect();
        Self { catalogue, fill, endpoints, faults: BTreeMap::new() }
    }

    /// Gives these endpoints a fault.
    #[must_use]
    pub fn with(mut self, fault: Fault, pick: impl Fn(&Check, &Endpoint) -> bool) -> Self {
        let picked: Vec<_> =
            self.endpoints.iter().filter(|(check, endpoint)| pick(check, endpoint)).collect();
        assert!(!picked.is_empty(), "the catalogue has no such check");
        self.faults.extend(picked.into_iter().map(|(_, endpoint)| (endpoint.clone(), fault)));
        self
    }

    /// Makes it so, but for the network's [`net::Net::up`].
    pub fn furnish(&self, lab: &mut Lab) -> Standing {
        let hosts: BTreeSet<&str> =
            self.endpoints.iter().map(|(_, endpoint)| endpoint.host.as_str()).collect();
        let addresses: BTreeMap<&str, Ipv4Addr> =
            hosts.into_iter().zip((FIRST_HOST..).map(Ipv4Addr::from)).collect();
        let mut servers = BTreeMap::new();
        for (_, endpoint) in &self.endpoints {
            let fault = self.faults.get(endpoint);
            let address = addresses[endpoint.host.as_str()];
            if fault != Some(&Fault::Unnamed) {
                lab.net.dns(&endpoint.host, address);
            }
            match fault {
                Some(Fault::Dropped) => net::drop_tcp(SocketAddrV4::new(address, endpoint.port)),
                Some(Fault::Refused | Fault::Unnamed) => {}
                None => {
                    servers.insert((address, endpoint.port), endpoint.scheme.is_tls());
                }
            }
        }
        let servers = servers.into_iter().map(|((ip, port), tls)| (ip, port, tls, Behaviour::Answer));
        Standing { _servers: lab.serve(servers) }
    }

    /// Serves the built page on loopback, with this catalogue chosen and filled.
    pub fn page(&self) -> Site {
        let site_file = SiteFile::new(Some(&self.catalogue.id), Vec::new(), self.fill.clone());
        serve(&site_file)
    }

    /// The ids of the checks that this holds for.
    pub fn ids(&self, pick: impl Fn(&Check, &Endpoint) -> bool) -> BTreeSet<String> {
        let picked = self.endpoints.iter().filter(|(check, endpoint)| pick(check, endpoint));
        picked.map(|(check, _)| check.id.to_string()).collect()
    }

    /// The ids of all checks with a complete address.
    pub fn all_ids(&self) -> BTreeSet<String> {
        self.ids(|_, _| true)
    }
}

/// Serves the built page on loopback with this site file.
pub fn serve(site_file: &SiteFile) -> Site {
    Site::start(0, &dist().join("site"), site_file).unwrap_or_else(|error| panic!("{error}"))
}

/// Where the built page is.
pub fn dist() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/dist");
    std::env::var_os("CONNECTOR_CHECK_DIST").map_or_else(|| beside.into(), PathBuf::from)
}

/// A report, to be asked about.
#[derive(Debug)]
pub struct Report(pub Value);

impl Report {
    /// `ready`, `degraded`, `blocked` or `inconclusive`.
    pub fn verdict(&self) -> &str {
        self.0["verdict"].as_str().unwrap_or_default()
    }

    /// The codes of the findings, in order.
    pub fn codes(&self) -> Vec<&str> {
        self.list("findings").iter().filter_map(|finding| finding["code"].as_str()).collect()
    }

    /// The checks that a finding is about.
    pub fn checks_of(&self, code: &str) -> BTreeSet<String> {
        let finding = self.list("findings").iter().find(|finding| finding["code"] == code);
        let finding = finding.unwrap_or_else(|| panic!("no {code} among {:?}", self.codes()));
        let checks = finding["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        checks.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// The ids of the checks of this status, canaries apart.
    pub fn with_status(&self, status: &str) -> BTreeSet<String> {
        let checks = self.list("checks").iter().filter(|check| check["status"] == status);
        let ids = checks.filter_map(|check| check["id"].as_str().map(str::to_owned));
        ids.filter(|id| !id.starts_with("canary-")).collect()
    }

    /// The status of one check.
    pub fn status(&self, id: &str) -> &str {
        let check = self.list("checks").iter().find(|check| check["id"] == id);
        check.and_then(|check| check["status"].as_str()).unwrap_or("missing")
    }

    /// The canaries' statuses, by id.
    pub fn canaries(&self) -> BTreeMap<&str, &str> {
        self.list("checks")
            .iter()
            .filter_map(|check| Some((check["id"].as_str()?, check["status"].as_str()?)))
            .filter(|(id, _)| id.starts_with("canary-"))
            .collect()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.0[name].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}
