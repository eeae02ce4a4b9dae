//! What a network capture shows: proxies that open no tunnel, attempts without an answer, TLS that fails.
//!
//! A capture is of some moment and of all programs of a machine, while the page asks now and by itself. So what only a
//! capture shows warns at most; where a probe of the same host and port fails as well it is as grave as that check.

use std::collections::{BTreeMap, BTreeSet};

use connector_check_capture::facts::{CaptureFacts, Connection, Exchange, Opening};

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
        let hidden = |connection: &&Connection| {
            connection.tls.as_ref().is_some_and(connector_check_capture::facts::Tls::hides_certificates)
        };
        for (id, count) in [
            ("evidence-capture-hidden", count(&hidden)),
            ("evidence-capture-pending", count(&|connection| connection.opening == Opening::Unanswered)),
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
        let opened: BTreeMap<&str, f64> = connects()
            .filter(|(_, exchange)| exchange.status.is_some_and(|status| (200..300).contains(&status)))
            .map(|(_, exchange)| (exchange.target.as_str(), exchange.at_ms))
            .collect();
        let refused: Vec<(&Connection, &Exchange, u16)> = connects()
            .filter_map(|(c, e)| e.status.filter(|status| !(200..300).contains(status)).map(|s| (c, e, s)))
            // A proxy that asks first and then opens is satisfied.
            .filter(|(_, exchange, _)| {
                opened.get(exchange.target.as_str()).is_none_or(|at| *at < exchange.at_ms)
            })
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
            tunnels.any(|exchange| exchange.status.is_some_and(|status| (200..300).contains(&status)))
        });
        let answers: BTreeSet<_> = facts
            .connections
            .iter()
            .filter(|connection| connection.opening == Opening::Answered)
            .map(|connection| connection.server)
            .collect();
        let mut silent: Vec<&Connection> = Vec::new();
        let mut refused: Vec<&Connection> = Vec::new();
        for connection in facts.connections.iter().filter(|c| !answers.contains(&c.server)) {
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
            chosen.flat_map(|connection| attempt(connection, &tested)).collect()
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

/// Whether an answer would have come before the capture ended.
fn was_given_time(connection: &Connection, facts: &CaptureFacts) -> bool {
    let repeated = connection.syns_ms.last().is_some_and(|at| at - connection.start_ms >= TIME_TO_REPEAT_MS);
    repeated || facts.duration_ms - connection.start_ms >= TIME_TO_ANSWER_MS
}

/// An attempt under each name of its address that is tested, else under the first, else under the address.
fn attempt(connection: &Connection, tested: &BTreeSet<&str>) -> Vec<Shown> {
    let (address, port) = (connection.server.address.to_string(), connection.server.port);
    let id = match connection.opening {
        Opening::Refused => "evidence-capture-refused",
        Opening::Unreachable => "evidence-capture-unreachable",
        Opening::Unanswered | Opening::Answered | Opening::NotCaptured => "evidence-capture-unanswered",
    };
    let tries = usize::try_from(connection.syn_retransmissions).unwrap_or(usize::MAX).saturating_add(1);
    let shown = |host: &str, place: String| {
        let line = Message::new(id).text("place", place).count("count", tries);
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
