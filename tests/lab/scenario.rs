//! Scenario files: a network, and what the page is to say of it. `tests/scenarios/README.md` describes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use connector_check_diagnosis::catalogue::{Expect as Need, Group};
use serde::Deserialize;

use crate::expectation::{Case, Exception, Expectation};
use crate::fate::{Fate, Truth};

/// Round trips in milliseconds, where a file names none.
const ROUND_TRIPS: [u64; 2] = [4, 60];

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// The file's name.
    #[serde(skip)]
    pub name: String,
    /// One line for a reader.
    pub title: String,
    /// Why it is what it is: shown where it fails.
    #[serde(default)]
    pub about: String,
    /// How the page is opened.
    #[serde(default = "pages")]
    pub pages: Vec<Page>,
    /// In which browsers.
    #[serde(default = "browsers")]
    pub browsers: Vec<Kind>,
    /// How far away everything is, in milliseconds.
    #[serde(default = "round_trips")]
    pub round_trips: Vec<u64>,
    /// What is shared by all hosts.
    #[serde(default)]
    pub network: Network,
    /// Domains below which every name is at one of the hosts, by its id.
    #[serde(default)]
    pub wildcards: BTreeMap<String, String>,
    /// The hosts that the page tests.
    pub host: Vec<Host>,
    /// What the page is to say.
    pub expect: Expectation,
    /// What it is to say instead in some cases.
    #[serde(default)]
    pub except: Vec<Exception>,
}

/// How a page is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// From this machine over plain HTTP, which browsers trust as they trust HTTPS.
    Http,
    /// From a public address over HTTPS.
    Https,
    /// From a file.
    File,
}

/// Which browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Chromium of the system.
    Chromium,
    /// Firefox of the system.
    Firefox,
}

/// Scenarios with the same network share one, and a browser in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// The proxy that the browser is set to.
    #[serde(default)]
    pub proxy: Proxy,
    /// Ports to which the proxy makes no connection.
    #[serde(default)]
    pub proxy_denies: Vec<u16>,
    /// What comes of questions for names that nobody has.
    #[serde(default)]
    pub other_names: OtherNames,
    /// The one domain, as hosts name theirs, whose TLS a proxy that inspects leaves alone.
    #[serde(default)]
    pub exempt: Option<String>,
    /// The one domain whose TLS such a proxy ends at all.
    #[serde(default)]
    pub inspects_only: Option<String>,
    /// Whether Local Network Access is switched off, as a company's policy can.
    #[serde(default)]
    pub local_network_free: bool,
    /// Whether the browser has a window on a screen; without one it cannot show dialogs.
    #[serde(default)]
    pub headed: bool,
}

/// The proxy of a network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proxy {
    /// None.
    #[default]
    None,
    /// Passes on whatever is allowed.
    Plain,
    /// Wants a password.
    Basic,
    /// Wants a Kerberos ticket.
    Negotiate,
    /// Nothing listens.
    Down,
    /// Accepts, and never says a word.
    Silent,
    /// Ends TLS itself, with an authority that the browser trusts.
    Inspects,
    /// Ends TLS itself, with an authority that the browser does not know.
    InspectsUnknown,
}

/// What comes of questions for names that nobody has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherNames {
    /// They do not exist.
    #[default]
    Nobody,
    /// No answer, to any question.
    Silence,
    /// Every name, those of the hosts too, is at a portal: its HTTP leads to a page for signing in, and its HTTPS has
    /// a certificate that nobody trusts.
    Portal,
    /// They are at a machine that answers for everything, with certificates that the browser trusts.
    Everything,
    /// They are at a machine with advertisements: its HTTP answers, its HTTPS has a certificate that nobody trusts.
    Adverts,
}

/// One host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// Its name is `ID.SCENARIO.example`, or `ID.DOMAIN.SCENARIO.example`; its checks are `ID-PORT`.
    pub id: String,
    /// Hosts of one domain have one allow rule.
    pub domain: Option<String>,
    /// The region of its checks.
    pub region: Option<String>,
    /// The group of its checks.
    #[serde(default = "service")]
    pub group: Group,
    /// How much its checks matter.
    #[serde(default = "required")]
    pub need: connector_check_diagnosis::catalogue::Need,
    /// What the name server says.
    #[serde(default)]
    pub dns: Dns,
    /// Whether it is in the private range beside the public one.
    #[serde(default)]
    pub private: bool,
    /// Whether it is named by its address.
    #[serde(default)]
    pub by_address: bool,
    /// So many hosts like this one, `ID1` and so on.
    #[serde(default)]
    pub times: Option<u16>,
    /// Ports asked over plain HTTP.
    #[serde(default = "plain")]
    pub plain: BTreeSet<u16>,
    /// What becomes of connections, by ports such as `80, 10100-10120`.
    pub ports: BTreeMap<String, Fate>,
    /// What suffices on a port, where that is no HTTP answer.
    #[serde(default)]
    pub suffices: BTreeMap<String, Need>,
}

/// What the name server says of a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dns {
    /// Its address.
    #[default]
    Address,
    /// There is no such name.
    NoName,
    /// The name server has failed.
    ServerFailure,
    /// The name server does not want to.
    Refused,
    /// Nothing.
    Silence,
    /// 0.0.0.0, as filters say.
    Sinkhole,
    /// An address at which everything is dropped, and then its own.
    DeadFirst,
    /// The address of a page that says that the name is blocked: its HTTP answers, its HTTPS has a certificate that
    /// nobody trusts.
    BlockPage,
}

impl Scenario {
    /// Reads every file of a folder.
    ///
    /// # Panics
    /// Where one of them cannot be read; with the place.
    pub fn read_all(folder: &Path) -> Vec<Self> {
        let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<_> = files.map(|file| file.expect("a folder can be listed").path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        files.sort();
        let scenarios: Vec<_> = files.iter().map(|file| Self::read(file)).collect();
        assert!(!scenarios.is_empty(), "there is no scenario in {}", folder.display());
        scenarios
    }

    fn read(file: &Path) -> Self {
        let place = file.display();
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{place}: {error}"));
        let mut scenario: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        scenario.name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        scenario.multiply();
        for host in scenario.wildcards.values() {
            assert!(scenario.host.iter().any(|known| known.id == *host), "{place}: there is no host {host}");
        }
        for case in scenario.cases() {
            if let Err(error) = scenario.expected(case).check(&scenario) {
                panic!("{place}: {error}");
            }
        }
        scenario
    }

    /// Writes hosts out that stand for several.
    fn multiply(&mut self) {
        let hosts = std::mem::take(&mut self.host);
        for host in hosts {
            match host.times {
                None => self.host.push(host),
                Some(times) => self.host.extend((1..=times).map(|number| host.numbered(number))),
            }
        }
    }

    /// In what the scenario is run.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for browser in &self.browsers {
            for round_trip in &self.round_trips {
                for page in &self.pages {
                    cases.push(Case { browser: *browser, round_trip: *round_trip, page: *page });
                }
            }
        }
        cases
    }

    /// What the page is to say in this case.
    pub fn expected(&self, case: Case) -> Expectation {
        let mut expected = self.expect.clone();
        for exception in self.except.iter().filter(|exception| exception.applies(case)) {
            expected = expected.with(exception);
        }
        expected
    }

    /// Why this is expected in this case, in lines for a reader.
    pub fn reasons(&self, case: Case) -> String {
        let exceptions = self.except.iter().filter(|exception| exception.applies(case));
        let reasons = [self.about.as_str()].into_iter().chain(exceptions.map(|e| e.because.as_str()));
        let mut lines = String::new();
        for reason in reasons.filter(|text| !text.is_empty()) {
            writeln!(lines, "  ({reason})").expect("a String takes everything");
        }
        lines
    }

    /// Every host with every port of its own, and what becomes of connections there.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Host, u16, &Fate)> {
        self.host.iter().flat_map(|host| {
            host.ports.iter().flat_map(move |(ports, fate)| {
                ports_of(ports).into_iter().map(move |port| (host, port, fate))
            })
        })
    }
}

impl Scenario {
    /// How far a patient client gets that does everything right and has no secret; `None` where clients differ for
    /// good reasons.
    pub fn truth(&self, host: &Host, port: u16, fate: &Fate) -> Option<Truth> {
        let named = match host.dns {
            Dns::Address => true,
            // A client may try the second address, or not.
            Dns::DeadFirst => return None,
            Dns::NoName
            | Dns::ServerFailure
            | Dns::Refused
            | Dns::Silence
            | Dns::Sinkhole
            | Dns::BlockPage => host.by_address,
        };
        let passed = match self.network.proxy {
            Proxy::None => true,
            Proxy::Plain => !self.network.proxy_denies.contains(&port),
            // Where something answers, it is not the host.
            Proxy::Inspects | Proxy::InspectsUnknown if !self.network.inspects(host.domain.as_deref()) => {
                true
            }
            Proxy::Basic
            | Proxy::Negotiate
            | Proxy::Down
            | Proxy::Silent
            | Proxy::Inspects
            | Proxy::InspectsUnknown => false,
        };
        let honest = match self.network.other_names {
            OtherNames::Nobody | OtherNames::Adverts => true,
            OtherNames::Silence | OtherNames::Portal | OtherNames::Everything => false,
        };
        if named && passed && honest { fate.truth } else { Some(Truth::Nothing) }
    }
}

impl Network {
    /// Whether a proxy that inspects does so for hosts of this domain.
    pub fn inspects(&self, domain: Option<&str>) -> bool {
        match (&self.exempt, &self.inspects_only) {
            (Some(exempt), _) => domain != Some(exempt),
            (None, Some(only)) => domain == Some(only),
            (None, None) => true,
        }
    }
}

impl Host {
    /// Its name in this scenario.
    pub fn name(&self, scenario: &str) -> String {
        match &self.domain {
            None => format!("{}.{scenario}.example", self.id),
            Some(domain) => format!("{}.{domain}.{scenario}.example", self.id),
        }
    }

    /// The rule that a firewall would need for it.
    pub fn rule(&self, scenario: &str) -> String {
        match &self.domain {
            None => self.name(scenario),
            Some(domain) => format!("*.{domain}.{scenario}.example"),
        }
    }

    /// What suffices on a port.
    pub fn suffices(&self, port: u16) -> Need {
        let found = self.suffices.iter().find(|(ports, _)| ports_of(ports).contains(&port));
        found.map_or(Need::Answer, |(_, need)| *need)
    }

    /// The id of a check.
    pub fn check(&self, port: u16) -> String {
        format!("{}-{port}", self.id)
    }

    fn numbered(&self, number: u16) -> Self {
        Self {
            id: format!("{}{number}", self.id),
            domain: self.domain.clone(),
            region: self.region.clone(),
            group: self.group,
            need: self.need,
            dns: self.dns,
            private: self.private,
            by_address: self.by_address,
            times: None,
            plain: self.plain.clone(),
            ports: self.ports.clone(),
            suffices: self.suffices.clone(),
        }
    }
}

/// Reads `80, 443, 10100-10120`.
///
/// # Panics
/// Where it is something else.
pub fn ports_of(text: &str) -> Vec<u16> {
    let number = |part: &str| part.trim().parse::<u16>().unwrap_or_else(|_| panic!("\"{text}\": no ports"));
    text.split(',')
        .flat_map(|part| match part.split_once('-') {
            None => number(part)..=number(part),
            Some((first, last)) => number(first)..=number(last),
        })
        .collect()
}

fn pages() -> Vec<Page> {
    vec![Page::Http]
}

fn browsers() -> Vec<Kind> {
    vec![Kind::Chromium, Kind::Firefox]
}

fn round_trips() -> Vec<u64> {
    ROUND_TRIPS.into()
}

const fn service() -> Group {
    Group::Service
}

const fn required() -> connector_check_diagnosis::catalogue::Need {
    connector_check_diagnosis::catalogue::Need::Required
}

fn plain() -> BTreeSet<u16> {
    [80].into()
}
