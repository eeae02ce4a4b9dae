//! What is written down of requests: nothing unless asked, and addresses only where that is asked, too.

use std::io::{self, Write as _};
use std::net::IpAddr;

use connector_check_diagnosis::responder::{Hello, Tls, names};
use hyper::StatusCode;

/// What is written down of each request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Log {
    /// One line per request, and per handshake that failed.
    pub requests: bool,
    /// The client's address in that line.
    pub addresses: bool,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    Answered { port: u16, status: StatusCode, tls: Option<&'a Tls> },
    NoHandshake { port: u16, reason: &'a io::Error, offer: Option<&'a Hello> },
}

impl Log {
    pub(crate) const fn is_on(self) -> bool {
        self.requests
    }

    pub(crate) fn write(self, client: IpAddr, event: &Event<'_>) {
        if self.requests {
            // A log that cannot be written must not end a server.
            let _ = writeln!(io::stderr().lock(), "{}", self.line(client, event));
        }
    }

    fn line(self, client: IpAddr, event: &Event<'_>) -> String {
        let from = if self.addresses { format!(" from {client}") } else { String::new() };
        match event {
            Event::Answered { port, status, tls } => {
                let over = tls.map_or_else(String::new, |tls| {
                    let ja4 = tls.hello.as_ref().map_or("", |hello| hello.ja4.as_str());
                    format!(" {} {ja4}", names::version(tls.version))
                });
                format!("port {port}{from}: {}{over}", status.as_u16())
            }
            Event::NoHandshake { port, reason, offer } => {
                let offered = offer.map_or_else(String::new, |offer| {
                    let versions: Vec<_> =
                        offer.versions.iter().map(|version| names::version(*version)).collect();
                    format!(" (offered: {}; {})", versions.join(", "), offer.ja4)
                });
                format!("port {port}{from}: no handshake: {reason}{offered}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_only_where_asked() {
        let event = Event::Answered { port: 443, status: StatusCode::OK, tls: None };
        let client = "192.0.2.7".parse().unwrap();
        let line = |addresses| Log { requests: true, addresses }.line(client, &event);
        assert_eq!(line(false), "port 443: 200");
        assert_eq!(line(true), "port 443 from 192.0.2.7: 200");
    }
}
