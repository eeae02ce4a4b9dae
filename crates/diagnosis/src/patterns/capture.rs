//! What a network capture shows: proxies that open no tunnel, attempts without an answer, TLS that fails.
//!
//! A capture is of some moment and of all programs of a machine, while the page asks now and by itself. So what only a
//! capture shows warns at most; where a probe of the same host and port fails as well it is as grave as that check.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use connector_check_capture::facts::{CaptureFacts, Connection, End, Exchange, Opening, Tls};

use super::{Matrix, Row, finding};
use crate::decision::Status;
use crate::finding::{Confidence, FindingCode, Severity};
use crate::guidance::port_list;
use crate::text::Message;

mod tls;

/// Ports that the connector's Service Bus client tries directly before it takes 443.
const SERVICE_BUS_PORTS: [u16; 3] = [9350, 9352, 5671];

/// More lines of evidence than this hide what they show.
const MAX_LINES: usize = 6;

/// An attempt that had less time than this until the capture ended may still have been answered. Windows waits at
/// least this long before its first repeat.
const TIME_TO_ANSWER_MS: f64 = 3_000.0;

/// No system repeats an attempt to connect sooner: 1 s (RFC 6298, section 2.1), less what clocks are off. What comes sooner is
/// the same packet, captured in several places of one machine, as pktmon does.
const TIME_TO_REPEAT_MS: f64 = 900.0;

/// A client that can answer a proxy's question does so within this time, its dialogue with a domain controller included. What
/// opens later may be another program, which has a name to give.
const TIME_TO_SIGN_IN_MS: f64 = 5_000.0;

/// Something that a capture shows of one place.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    /// A name, or an address where the capture holds no name.
    host: String,
    port: u16,
    line: Message,
}

impl Matrix<'_> {
    /// Findings of a capture, where there is one.
    pub(super) fn capture(&mut self) {
        let Some(capture) = self.evidence.supplements.capture.clone() else { return };
        let facts = &capture.facts;
        let before = self.findings.len();
        self.tunnels(facts);
        self.attempts(facts);
        self.tls_of_capture(facts);
        if self.findings.len() == before && facts.container.is_some() {
            self.nothing_fails(facts);
        }
    }

    /// Says that a capture shows no failure, of how much, and what it cannot show.
    fn nothing_fails(&mut self, facts: &CaptureFacts) {
        let tested: BTreeSet<&str> = self.rows.iter().map(Row::host).collect();
        let of_service = |connection: &&Connection| {
            let mut names = connection.host().into_iter().chain(connection.names.iter().map(String::as_str));
            names.any(|name| tested.contains(name) || tls::is_of_service(name))
        };
        let count = |holds: &dyn Fn(&&Connection) -> bool| facts.connections.iter().filter(holds).count();
        let related = count(&of_service);
        let mut evidence = vec![
            Message::new("evidence-capture-connections")
                .count("count", facts.connections.len())
                .count("related", related),
        ];
        let hidden = |connection: &&Connection| connection.tls.as_ref().is_some_and(Tls::hides_certificates);
        let answered = Answered::of(facts);
        let spared = |why: Spared| count(&|c| fails(c) && answered.speaks_against(c) == Some(why));
        let pending = |c: &&Connection| fails(c) && answered.speaks_against(c).is_none();
        for (id, count) in [
            ("evidence-capture-hidden", count(&hidden)),
            ("evidence-capture-inbound", spared(Spared::FromOutside)),
            ("evidence-capture-other-family", spared(Spared::OtherFamily)),
            ("evidence-capture-pending", count(&pending)),
            (
                "evidence-capture-left-out",
                usize::try_from(facts.totals.connections_left_out).unwrap_or(usize::MAX),
            ),
        ] {
            if count > 0 {
                evidence.push(Message::new(id).count("count", count));
            }
        }
        let code = FindingCode::CaptureWithoutFailure;
        let mut summary = Message::new(format!("finding-{code}")).count("count", related);
        if related == 0 {
            summary.id += "-elsewhere";
        }
        self.findings.push(finding(code, Severity::Info, Confidence::Possible, &[], summary, evidence));
    }

    fn tunnels(&mut self, facts: &CaptureFacts) {
        let exchanges = || facts.connections.iter().flat_map(|c| c.http.iter().map(move |e| (c, e)));
        let connects = || exchanges().filter(|(_, exchange)| exchange.is_connect());
        let mut opened: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (_, exchange) in connects().filter(|(_, exchange)| exchange.status.is_some_and(opens)) {
            opened.entry(exchange.target.as_str()).or_default().push(exchange.at_ms);
        }
        // A proxy that asks first and then opens is satisfied; one that fails and opens later had a bad moment.
        let opens_later = |exchange: &Exchange, status: u16| {
            let until = if status == 407 { exchange.at_ms + TIME_TO_SIGN_IN_MS } else { f64::INFINITY };
            let mut times = opened.get(exchange.target.as_str()).into_iter().flatten();
            times.any(|at| (exchange.at_ms..=until).contains(at))
        };
        let refused: Vec<(&Connection, &Exchange, u16)> = connects()
            .filter_map(|(c, e)| e.status.filter(|status| !opens(*status)).map(|status| (c, e, status)))
            .filter(|(_, exchange, status)| !opens_later(exchange, *status))
            .collect();
        let shown = |(connection, exchange, status): &(&Connection, &Exchange, u16)| {
            let (host, port) = exchange.authority().unwrap_or((&exchange.target, 443));
            let schemes = exchange.proxy_authenticate.join(", ");
            let line = if *status == 407 && !schemes.is_empty() {
                Message::new("evidence-capture-connect-schemes").text("schemes", schemes)
            } else {
                Message::new("evidence-capture-connect")
            };
            let line = line
                .text("target", exchange.target.clone())
                .text("status", status.to_string())
                .text("proxy", place(&connection.server.address.to_string(), connection.server.port));
            Shown { host: host.to_owned(), port, line }
        };
        let (asks, others): (Vec<_>, Vec<_>) = refused.iter().partition(|(_, _, status)| *status == 407);
        let asks: Vec<Shown> = asks.into_iter().map(shown).collect();
        let others_shown: Vec<Shown> = others.iter().map(|refused| shown(refused)).collect();
        let statuses: BTreeSet<String> = others.iter().map(|(_, _, status)| status.to_string()).collect();
        self.show(FindingCode::ConnectNeedsAuthentication, Confidence::Proven, &asks, |summary| summary);
        self.show(FindingCode::ConnectRefused, Confidence::Proven, &others_shown, |summary| {
            summary.text("statuses", statuses.into_iter().collect::<Vec<_>>().join(", "))
        });
    }

    fn attempts(&mut self, facts: &CaptureFacts) {
        let proxied = facts.connections.iter().any(|connection| {
            let mut tunnels = connection.http.iter().filter(|exchange| exchange.is_connect());
            tunnels.any(|exchange| exchange.status.is_some_and(opens))
        });
        let answered = Answered::of(facts);
        let mut silent: Vec<&Connection> = Vec::new();
        let mut refused: Vec<&Connection> = Vec::new();
        for connection in facts.connections.iter().filter(|c| answered.speaks_against(c).is_none()) {
            match connection.opening {
                Opening::Unanswered if was_given_time(connection, facts) => silent.push(connection),
                Opening::Refused | Opening::Unreachable => refused.push(connection),
                Opening::Unanswered | Opening::Answered | Opening::NotCaptured => {}
            }
        }
        let tested: BTreeSet<&str> = self.rows.iter().map(Row::host).collect();
        let shown = |list: &[&Connection], of_service_bus: bool| -> Vec<Shown> {
            let chosen = list
                .iter()
                .filter(|connection| SERVICE_BUS_PORTS.contains(&connection.server.port) == of_service_bus);
            chosen.flat_map(|connection| attempt(connection, &tested, &answered)).collect()
        };
        let direct = [shown(&silent, true), shown(&refused, true)].concat();
        let (silent, refused) = (shown(&silent, false), shown(&refused, false));
        self.show(FindingCode::SynUnanswered, Confidence::Likely, &silent, |summary| summary);
        self.show(FindingCode::SynRefused, Confidence::Likely, &refused, |summary| summary);
        let route = if proxied { "proxy" } else { "direct" };
        self.show(FindingCode::ServiceBusDirectAttempt, Confidence::Likely, &direct, |mut summary| {
            summary.id += "-";
            summary.id += route;
            summary
        });
        if proxied
            && let Some(direct) =
                self.findings.iter_mut().find(|f| f.code == FindingCode::ServiceBusDirectAttempt)
        {
            // It falls back to 443 through the proxy.
            direct.severity = Severity::Info;
        }
    }

    /// Adds a finding of these, if there are any.
    fn show(
        &mut self,
        code: FindingCode,
        confidence: Confidence,
        shown: &[Shown],
        summary: impl FnOnce(Message) -> Message,
    ) {
        let places: BTreeSet<(String, u16)> = shown.iter().map(|one| (one.host.clone(), one.port)).collect();
        let Some((first, _)) = places.first() else { return };
        let same = |row: &Row<'_>| places.contains(&(row.host().to_owned(), row.port()));
        let rows = self.select(same);
        let fails: Vec<_> = rows.iter().copied().filter(|row| row.is(Status::Unreachable)).collect();
        let reached: Vec<_> = rows.iter().copied().filter(|row| row.is(Status::Reachable)).collect();
        let mut evidence = Vec::new();
        for one in shown {
            if evidence.len() < MAX_LINES && !evidence.contains(&one.line) {
                evidence.push(one.line.clone());
            }
        }
        if shown.len() > evidence.len() {
            evidence.push(Message::new("evidence-more").count("count", shown.len() - evidence.len()));
        }
        let beside =
            |id: &str, row: &Row<'_>| Message::new(id).text("endpoint", place(row.host(), row.port()));
        evidence.extend(fails.iter().map(|row| beside("evidence-capture-supported", row)));
        evidence.extend(reached.iter().map(|row| beside("evidence-capture-contradicted", row)));
        let severity = if fails.is_empty() { Severity::Warning } else { super::severity_of(&fails) };
        let ports: Vec<u16> = places.iter().map(|(_, port)| *port).collect();
        let hosts: BTreeSet<&str> = places.iter().map(|(host, _)| host.as_str()).collect();
        let words = Message::new(format!("finding-{code}"))
            .text("host", first.clone())
            .text("ports", port_list(&ports))
            .count("count", hosts.len());
        let listed = [fails, reached].concat();
        let mut found = finding(code, severity, confidence, &listed, summary(words), evidence);
        let known =
            |(host, port): &(String, u16)| listed.iter().any(|r| r.host() == host && r.port() == *port);
        found.places = places.into_iter().filter(|place| !known(place)).collect();
        self.findings.push(found);
    }
}

/// Who answered in a capture.
struct Answered<'a> {
    servers: BTreeSet<End>,
    /// By name and port.
    places: BTreeMap<(&'a str, u16), BTreeSet<IpAddr>>,
    clients: BTreeSet<IpAddr>,
}

/// Why an attempt that fails says nothing about the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spared {
    /// The same server answered another attempt.
    Server,
    /// It comes from outside and goes to a machine that gets out itself: the one that the capture is of.
    FromOutside,
    /// It goes over IPv6 to a name that answers over IPv4, or the other way around: clients try both (RFC 8305).
    OtherFamily,
}

impl<'a> Answered<'a> {
    fn of(facts: &'a CaptureFacts) -> Self {
        let mut answered =
            Self { servers: BTreeSet::new(), places: BTreeMap::new(), clients: BTreeSet::new() };
        for connection in facts.connections.iter().filter(|c| c.opening == Opening::Answered) {
            answered.servers.insert(connection.server);
            answered.clients.insert(connection.client.address);
            for name in names(connection) {
                let place = answered.places.entry((name, connection.server.port)).or_default();
                place.insert(connection.server.address);
            }
        }
        answered
    }

    /// Where else the name of this attempt answered.
    fn elsewhere(&self, connection: &'a Connection) -> impl Iterator<Item = &IpAddr> {
        names(connection).filter_map(|name| self.places.get(&(name, connection.server.port))).flatten()
    }

    /// Whether it comes from elsewhere to the machine that the capture is of.
    fn is_from_outside(&self, connection: &Connection) -> bool {
        let (client, server) = (connection.client.address, connection.server.address);
        client != server && self.clients.contains(&server)
    }

    fn speaks_against(&self, connection: &'a Connection) -> Option<Spared> {
        let server = connection.server.address;
        if self.servers.contains(&connection.server) {
            Some(Spared::Server)
        } else if self.is_from_outside(connection) {
            Some(Spared::FromOutside)
        } else if self.elsewhere(connection).any(|address| address.is_ipv6() != server.is_ipv6()) {
            Some(Spared::OtherFamily)
        } else {
            None
        }
    }
}

/// What the server of a connection is called, without tunnels.
fn names(connection: &Connection) -> impl Iterator<Item = &str> {
    let direct = connection.host().filter(|_| connection.connect().is_none());
    direct.into_iter().chain(connection.names.iter().map(String::as_str))
}

/// Whether an attempt to connect was refused or had no answer.
const fn fails(connection: &Connection) -> bool {
    match connection.opening {
        Opening::Unanswered | Opening::Refused | Opening::Unreachable => true,
        Opening::Answered | Opening::NotCaptured => false,
    }
}

/// Whether a proxy that answers so has opened a tunnel.
fn opens(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Whether an answer would have come before the capture ended.
fn was_given_time(connection: &Connection, facts: &CaptureFacts) -> bool {
    let repeated = connection.syns_ms.last().is_some_and(|at| at - connection.start_ms >= TIME_TO_REPEAT_MS);
    repeated || facts.duration_ms - connection.start_ms >= TIME_TO_ANSWER_MS
}

/// An attempt under each name of its address that is tested, else under the first, else under the address.
fn attempt<'a>(connection: &'a Connection, tested: &BTreeSet<&str>, answered: &Answered<'a>) -> Vec<Shown> {
    let (address, port) = (connection.server.address.to_string(), connection.server.port);
    let id = match connection.opening {
        Opening::Refused => "evidence-capture-refused",
        Opening::Unreachable => "evidence-capture-unreachable",
        Opening::Unanswered | Opening::Answered | Opening::NotCaptured => "evidence-capture-unanswered",
    };
    let tries = usize::try_from(connection.syn_retransmissions).unwrap_or(usize::MAX).saturating_add(1);
    let shown = |host: &str, place: String| {
        let other = answered.elsewhere(connection).next();
        let line = Message::new(if other.is_some() { format!("{id}-here") } else { id.to_owned() });
        let line = line.text("place", place).count("count", tries);
        let line = other.into_iter().fold(line, |line, other| line.text("other", other.to_string()));
        Shown { host: host.to_owned(), port, line }
    };
    let named = |name: &String| shown(name, format!("{} ({address})", place(name, port)));
    let known = connection.names.iter().filter(|name| tested.contains(name.as_str()));
    let mut attempts: Vec<_> = known.map(named).collect();
    if attempts.is_empty() {
        attempts.push(connection.names.first().map_or_else(|| shown(&address, place(&address, port)), named));
    }
    attempts
}

fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
