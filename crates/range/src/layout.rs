//! Which server stands where: layouts are data, one TOML file each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::behaviour::Behaviour;

/// The layouts that come with the range, as they stand in `layouts/`: name and text.
const FILES: &[(&str, &str)] = &[
    ("practice", include_str!("../layouts/practice.toml")),
    ("all-open", include_str!("../layouts/all-open.toml")),
    ("port-dropped", include_str!("../layouts/port-dropped.toml")),
    ("port-refused", include_str!("../layouts/port-refused.toml")),
    ("region-gone", include_str!("../layouts/region-gone.toml")),
    ("everything-dead", include_str!("../layouts/everything-dead.toml")),
    ("canary-answers", include_str!("../layouts/canary-answers.toml")),
    ("probe-test", include_str!("../layouts/probe-test.toml")),
];

/// One server: where it listens, and what it does there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// Address and port.
    pub at: SocketAddr,
    /// Whether TLS comes first.
    pub tls: bool,
    /// What it does.
    pub behaviour: Behaviour,
}

/// A named arrangement of servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The name of its file.
    pub name: String,
    /// One line for a reader.
    pub title: String,
    /// What it shows, for a reader.
    pub about: String,
    /// The rows of the matrix, in order.
    pub regions: Vec<Region>,
    /// The two references beside the regions, if the layout has them.
    pub control: Option<Control>,
}

/// One row: an address with its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Stable name, unique in the layout.
    pub id: String,
    /// For a reader.
    pub title: String,
    /// Where its servers listen.
    pub address: IpAddr,
    /// Whether its servers speak TLS.
    pub tls: bool,
    /// What each port does.
    pub ports: BTreeMap<u16, Behaviour>,
}

/// A reference that ought to answer and a port that ought to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// What should answer.
    pub reference: Service,
    /// What should refuse.
    pub closed: Service,
}

/// Why a text is no layout: for a reader, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutError(String);

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LayoutError {}

impl Layout {
    /// The names of the layouts that come with the range.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The layout of this name, out of those that come with the range.
    pub fn named(name: &str) -> Result<Self, LayoutError> {
        let (name, text) = FILES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let known: Vec<_> = Self::names().collect();
            LayoutError(format!("there is no layout \"{name}\"; there are {}", known.join(", ")))
        })?;
        Self::parse(name, text)
    }

    /// Reads a layout file.
    pub fn parse(name: &str, text: &str) -> Result<Self, LayoutError> {
        let bad = |message: String| LayoutError(format!("layout \"{name}\": {message}"));
        let file: LayoutFile = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let mut regions = Vec::new();
        for region in file.region {
            let mut ports = BTreeMap::new();
            for (list, behaviour) in region.ports {
                for port in parse_ports(&list).map_err(|message| bad(format!("{}: {message}", region.id)))? {
                    if ports.insert(port, behaviour).is_some() {
                        return Err(bad(format!("{}: port {port} stands twice", region.id)));
                    }
                }
            }
            let RegionFile { id, title, address, tls, .. } = region;
            regions.push(Region { id, title, address, tls, ports });
        }
        let control = file.control.map(|control| Control {
            reference: Service {
                at: control.reference.at,
                tls: false,
                behaviour: control.reference.behaviour,
            },
            closed: Service { at: control.closed.at, tls: false, behaviour: control.closed.behaviour },
        });
        let layout = Self { name: name.to_owned(), title: file.title, about: file.about, regions, control };
        let mut places = BTreeSet::new();
        match layout.services().into_iter().find(|service| !places.insert(service.at)) {
            Some(service) => Err(bad(format!("{} stands twice", service.at))),
            None => Ok(layout),
        }
    }

    /// Every server of the layout.
    pub fn services(&self) -> Vec<Service> {
        let control = self.control.iter().flat_map(|control| [control.reference, control.closed]);
        self.regions.iter().flat_map(Region::services).chain(control).collect()
    }
}

impl Region {
    /// The servers of this region, by port.
    pub fn services(&self) -> impl Iterator<Item = Service> + '_ {
        self.ports.iter().map(|(port, behaviour)| Service {
            at: SocketAddr::new(self.address, *port),
            tls: self.tls,
            behaviour: *behaviour,
        })
    }
}

/// Reads `80, 443, 10100-10120`.
pub(crate) fn parse_ports(text: &str) -> Result<Vec<u16>, String> {
    let mut ports = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => ports.extend(first..=last),
            _ => return Err(format!("\"{part}\" is no port or range of ports such as 10100-10120")),
        }
    }
    Ok(ports)
}

/// Writes ports the way [`parse_ports`] reads them; neighbours become a range.
pub fn format_ports(ports: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for port in ports {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*port) => *last = *port,
            _ => runs.push((*port, *port)),
        }
    }
    let texts = runs.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayoutFile {
    title: String,
    about: String,
    #[serde(default)]
    region: Vec<RegionFile>,
    control: Option<ControlFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionFile {
    id: String,
    title: String,
    address: IpAddr,
    #[serde(default)]
    tls: bool,
    ports: BTreeMap<String, Behaviour>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlFile {
    reference: PlaceFile,
    closed: PlaceFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceFile {
    at: SocketAddr,
    behaviour: Behaviour,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ports of the documents of 2016 and 2017.
    const CLASSIC: &str = "80, 443, 5671, 8080, 9090, 9091, 9350, 9352, 10100-10120";

    #[test]
    fn every_layout_that_comes_along_is_sound() {
        for name in Layout::names() {
            let layout = Layout::named(name).unwrap();
            assert!(!layout.title.is_empty() && !layout.about.is_empty(), "{name}");
            for service in layout.services() {
                assert!(service.at.ip().is_loopback(), "{name}: {}", service.at);
            }
        }
    }

    #[test]
    fn the_regions_of_the_documents_have_every_port_of_the_documents() {
        for name in ["practice", "all-open", "port-dropped", "port-refused", "region-gone", "everything-dead"]
        {
            let layout = Layout::named(name).unwrap();
            for (id, address) in [("central-us", "127.0.0.2"), ("east-us", "127.0.0.3")] {
                let region = layout.regions.iter().find(|region| region.id == id).unwrap();
                assert_eq!(region.address, address.parse::<IpAddr>().unwrap(), "{name}");
                let ports: Vec<_> = region.ports.keys().copied().collect();
                assert_eq!(format_ports(&ports), CLASSIC, "{name}: {id}");
            }
        }
    }

    #[test]
    fn ports_are_read_and_written() {
        assert_eq!(parse_ports("80, 10-12").unwrap(), [80, 10, 11, 12]);
        assert_eq!(format_ports(&[10, 11, 12, 80, 90, 91]), "10-12, 80, 90, 91");
        for bad in ["", "0", "x", "5-4", "1-", "70000"] {
            assert!(parse_ports(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults_of_a_layout_are_named() {
        let region = |ports: &str| {
            format!(
                "title=\"T\"\nabout=\"A\"\n[[region]]\nid=\"r\"\ntitle=\"R\"\naddress=\"127.0.0.2\"\n\
                 [region.ports]\n{ports}"
            )
        };
        for (text, part) in [
            (region("\"80\" = \"answers\""), "is no behaviour"),
            (region("\"80\" = \"answer\"\n\"79-81\" = \"drop\""), "port 80 stands twice"),
            (region("\"x\" = \"answer\""), "\"x\" is no port"),
            (String::new(), "missing field"),
        ] {
            let error = Layout::parse("t", &text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(Layout::named("nowhere").unwrap_err().to_string().contains("practice"));
    }
}
