//! Which port does what.

use std::collections::BTreeMap;
use std::fmt;

use connector_check_diagnosis::responder;

/// What a port does with whoever connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// HTTPS, TLS 1.2 and 1.3.
    Https,
    /// HTTP without TLS.
    Http,
    /// HTTPS, TLS 1.2 alone.
    Tls12,
    /// HTTPS, TLS 1.3 alone.
    Tls13,
    /// HTTPS with the certificate that is signed with SHA-512.
    Sha512,
    /// HTTPS that asks for a client certificate and takes none.
    ClientCertificate,
    /// TCP that sends back what it gets.
    Echo,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Https,
        Self::Http,
        Self::Tls12,
        Self::Tls13,
        Self::Sha512,
        Self::ClientCertificate,
        Self::Echo,
    ];

    /// The option that names the ports of this kind, without its dashes.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Https => "ports",
            Self::Http => "http",
            Self::Tls12 => "tls12",
            Self::Tls13 => "tls13",
            Self::Sha512 => "sha512",
            Self::ClientCertificate => "client-certificate",
            Self::Echo => "echo",
        }
    }

    /// Whether TLS comes first.
    pub const fn is_tls(self) -> bool {
        match self {
            Self::Https | Self::Tls12 | Self::Tls13 | Self::Sha512 | Self::ClientCertificate => true,
            Self::Http | Self::Echo => false,
        }
    }
}

/// Ports, each with its one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortMap(BTreeMap<u16, Kind>);

/// Why a list of ports was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortError {
    /// A part of the list that is no port.
    NoPort(String),
    /// A port that stands twice; where it stood first and where again.
    Twice(u16, Kind, Kind),
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPort(part) => {
                write!(f, "\"{part}\" is no port from 1 to 65535, and no range such as 10100-10120")
            }
            Self::Twice(port, first, again) => {
                write!(f, "port {port} stands in --{} and again in --{}", first.option(), again.option())
            }
        }
    }
}

impl std::error::Error for PortError {}

impl PortMap {
    /// Adds the ports of a list such as `443, 8080, 10100-10120`.
    pub fn add(&mut self, list: &str, kind: Kind) -> Result<(), PortError> {
        for part in list.split(',').map(str::trim) {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (Ok(from), Ok(to)) = (from.trim().parse::<u16>(), to.trim().parse::<u16>()) else {
                return Err(PortError::NoPort(part.to_owned()));
            };
            if from == 0 || to < from {
                return Err(PortError::NoPort(part.to_owned()));
            }
            for port in from..=to {
                if let Some(other) = self.0.insert(port, kind) {
                    return Err(PortError::Twice(port, other, kind));
                }
            }
        }
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some port is of this kind.
    pub fn has(&self, kind: Kind) -> bool {
        self.0.values().any(|other| *other == kind)
    }

    /// Every port, in order, with its kind.
    pub fn iter(&self) -> impl Iterator<Item = (u16, Kind)> + '_ {
        self.0.iter().map(|(port, kind)| (*port, *kind))
    }

    /// The ports of a kind, in order.
    pub fn of(&self, kind: Kind) -> Vec<u16> {
        self.iter().filter(|(_, other)| *other == kind).map(|(port, _)| port).collect()
    }

    /// Ports in order, the way [`Self::add`] reads them; neighbours become a range.
    pub fn written(ports: &[u16]) -> String {
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for port in ports {
            match runs.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(*port) => *last = *port,
                _ => runs.push((*port, *port)),
            }
        }
        let text = |(first, last): &(u16, u16)| match last - first {
            0 => first.to_string(),
            _ => format!("{first}-{last}"),
        };
        runs.iter().map(text).collect::<Vec<_>>().join(",")
    }

    /// What readings tell of these ports.
    pub fn told(&self) -> responder::Ports {
        responder::Ports {
            http: self.of(Kind::Http),
            tls12: self.of(Kind::Tls12),
            tls13: self.of(Kind::Tls13),
            sha512: self.of(Kind::Sha512),
            client_certificate: self.of(Kind::ClientCertificate),
            echo: self.of(Kind::Echo),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_ranges() {
        let mut ports = PortMap::default();
        ports.add("443,8080,9090,9091,9350,9352,5671,10100-10120", Kind::Https).unwrap();
        ports.add("80", Kind::Http).unwrap();
        assert_eq!(ports.of(Kind::Https).len(), 28);
        assert_eq!(ports.iter().next(), Some((80, Kind::Http)));
        assert_eq!(ports.told().http, [80]);
        assert_eq!(PortMap::written(&ports.of(Kind::Https)), "443,5671,8080,9090-9091,9350,9352,10100-10120");
    }

    #[test]
    fn what_is_no_port_is_named() {
        for bad in ["", "0", "x", "5-4", "1-", "70000", "1,,2", "0-3", "-5"] {
            let error = PortMap::default().add(bad, Kind::Https).unwrap_err();
            assert!(matches!(error, PortError::NoPort(_)), "{bad}: {error}");
        }
    }

    #[test]
    fn a_port_does_one_thing() {
        let mut ports = PortMap::default();
        ports.add("440-450", Kind::Https).unwrap();
        let error = ports.add("443", Kind::Echo).unwrap_err();
        assert_eq!(error.to_string(), "port 443 stands in --ports and again in --echo");
        assert!(PortMap::default().add("1,1", Kind::Http).is_err());
    }
}
