//! Ports, domains and single hosts that fail: what is left where nothing closer to the cause is known.

use std::collections::{BTreeMap, BTreeSet};

use super::proxy::port_summary;
use super::seen::{hosts_count, hosts_of, ports_of};
use super::tls::summary as tls_summary;
use super::{Matrix, Row, finding, severity_of};
use crate::catalogue::Group;
use crate::common::{Way, requests};
use crate::decision::{Reason, Status};
use crate::endpoint::Endpoint;
use crate::facts::{gave_up_connecting, gave_up_tls};
use crate::finding::{Confidence, FindingCode, Severity};
use crate::observation::{Observation, Outcome, Probe};
use crate::text::Message;
use crate::timing::Step;

impl<'a> Matrix<'a> {
    /// A port fails on every host that was asked on it, while those hosts answer on other ports.
    pub(super) fn ports(&mut self) {
        let mut by_port: BTreeMap<u16, Vec<Row<'a>>> = BTreeMap::new();
        for row in self.failing(|_| true) {
            by_port.entry(row.port()).or_default().push(row);
        }
        let mut dropped = Vec::new();
        let mut refused = Vec::new();
        for (port, rows) in by_port {
            let asked = self
                .rows
                .iter()
                .filter(|row| row.port() == port && !self.explained.contains(row.id()))
                .filter(|row| !row.is(Status::Skipped) && self.host_answers(row.host()))
                .count();
            // A host that answers nowhere has a cause of its own, and tells nothing of the port.
            let rows: Vec<_> = rows.into_iter().filter(|row| self.host_answers(row.host())).collect();
            if rows.is_empty() || rows.len() < asked {
                continue;
            }
            // A firewall that drops is silent on all of them; one refusal speaks against it.
            if rows.iter().all(Row::silent) { dropped.extend(rows) } else { refused.extend(rows) }
        }
        self.dropped_ports(&dropped);
        // An error alone may be a refusal, a reset or TLS, and of a connection that is cut at once ICE may see as
        // little as of none (measured); the time says which.
        let common = self.common;
        let seen = |row: &Row<'_>| common.pace.step(row.check) == Some(Step::Refused);
        let confidence = if refused.iter().all(seen) { Confidence::Likely } else { Confidence::Possible };
        self.refused_ports(&refused, confidence);
    }

    /// Silence alone may be a server's. That a port is silent on every host, or that no way of asking connects to it,
    /// speaks for a firewall.
    fn dropped_ports(&mut self, rows: &[Row<'a>]) {
        let hosts_of_port = |port| {
            let of_port = rows.iter().filter(|row| row.port() == port);
            of_port.map(Row::host).collect::<BTreeSet<_>>().len()
        };
        let (sure, open): (Vec<_>, Vec<_>) =
            rows.iter().copied().partition(|row| hosts_of_port(row.port()) > 1 || self.never_connected(row));
        self.port_finding(FindingCode::PortDropped, &sure, Confidence::Likely);
        self.silent_ports(&open);
    }

    /// Dropped, or accepted and never answered.
    fn silent_ports(&mut self, rows: &[Row<'a>]) {
        let Some(first) = rows.first() else { return };
        if rows.iter().all(|row| self.never_connected(row)) {
            self.port_finding(FindingCode::PortDropped, rows, Confidence::Possible);
            return;
        }
        let hosts: BTreeSet<_> = rows.iter().map(Row::host).collect();
        let evidence = self.lines_with_healthy(rows, |row| hosts.contains(row.host()));
        let command = format!("Test-NetConnection {} -Port {}", first.host(), first.port());
        let mut candidates = vec![(FindingCode::PortDropped, Confidence::Possible)];
        // Once nothing more will come, what hangs may as well be a server.
        if rows.iter().any(|row| looked_deep(row)) {
            candidates.push((FindingCode::AcceptedThenSilent, Confidence::Possible));
        }
        let summary = |code| match code {
            FindingCode::AcceptedThenSilent => tls_summary(FindingCode::AcceptedThenSilent.as_str(), rows),
            _ => port_summary(code, rows),
        };
        self.push_candidates(&candidates, rows, summary, &evidence, &command);
    }

    /// Whether plain HTTP hung on the port of a TLS check, too, which a server of TLS ends at once; or the system gave up
    /// connecting. That ICE hangs says less: some servers wait for the rest of its first message. A request that ended
    /// at any other time was ended by somebody.
    fn never_connected(&self, row: &Row<'a>) -> bool {
        let seen = row.check.observations();
        let hung = |seen: &Observation| seen.probe == Probe::Plain && seen.outcome == Outcome::TimedOut;
        match seen.iter().find(|seen| seen.probe == Probe::Deep && seen.outcome == Outcome::Failed) {
            Some(ended) => gave_up_connecting(ended, self.common.client),
            None => seen.iter().any(hung),
        }
    }

    pub(super) fn port_finding(&mut self, code: FindingCode, rows: &[Row<'a>], confidence: Confidence) {
        if rows.is_empty() {
            return;
        }
        let hosts: BTreeSet<_> = rows.iter().map(Row::host).collect();
        let mut evidence = self.lines_with_healthy(rows, |row| hosts.contains(row.host()));
        if confidence == Confidence::Possible {
            let command = format!("Test-NetConnection {} -Port {}", rows[0].host(), rows[0].port());
            evidence.push(Message::new("evidence-separates").text("command", command));
        }
        self.push(code, confidence, rows, port_summary(code, rows), evidence);
    }

    /// Every host under one allow rule fails.
    pub(super) fn domains(&mut self) {
        let mut by_rule: BTreeMap<&str, Vec<Row<'a>>> = BTreeMap::new();
        for row in self.failing(|row| !row.rule().is_empty()) {
            by_rule.entry(row.rule()).or_default().push(row);
        }
        for (rule, rows) in by_rule {
            let asked = self.rows.iter().filter(|row| row.rule() == rule && !row.is(Status::Skipped)).count();
            let elsewhere = self.rows.iter().any(|row| row.rule() != rule && row.is(Status::Reachable));
            if rows.len() < asked || !elsewhere {
                continue;
            }
            let hosts = hosts_count(&rows);
            let confidence = if hosts > 1 { Confidence::Likely } else { Confidence::Possible };
            let summary = Message::new("finding-domain-blocked")
                .text("rule", rule)
                .text("ports", ports_of(&rows))
                .count("count", hosts);
            let evidence = self.lines_with_healthy(&rows, |row| row.rule() != rule);
            // Each host of a service domain may be spared, but not all of them at once.
            self.service_silent |=
                hosts > 1 && rows.iter().all(|row| row.check.check().group == Group::Service);
            let severity = if self.service_silent {
                severity_of(&rows).min(Severity::Warning)
            } else {
                severity_of(&rows)
            };
            self.explain(&rows);
            let code = FindingCode::DomainBlocked;
            self.findings.push(finding(code, severity, confidence, &rows, summary, evidence));
            self.unnamed(&rows);
        }
    }

    /// A host that answers nowhere, among siblings under the same rule and port that do.
    pub(super) fn retired(&mut self) {
        for row in self.failing(|_| true) {
            let siblings = |other: &&Row<'_>| {
                other.rule() == row.rule()
                    && other.port() == row.port()
                    && other.host() != row.host()
                    && other.is(Status::Reachable)
            };
            let healthy = self.rows.iter().filter(siblings).count();
            if healthy < 2 || self.host_answers(row.host()) {
                continue;
            }
            let summary = Message::new("finding-endpoint-retired")
                .text("host", row.host())
                .text("rule", row.rule())
                .count("count", healthy);
            let evidence =
                self.lines_with_healthy(&[row], |o| o.rule() == row.rule() && o.port() == row.port());
            self.explain(&[row]);
            let code = FindingCode::EndpointRetired;
            self.findings.push(finding(
                code,
                Severity::Info,
                Confidence::Possible,
                &[row],
                summary,
                evidence,
            ));
        }
    }

    /// Failures without a pattern, by host and kind.
    pub(super) fn remaining_failures(&mut self) {
        let mut groups: BTreeMap<(bool, &str), Vec<Row<'a>>> = BTreeMap::new();
        for row in self.failing(|_| true) {
            groups.entry((row.silent(), row.host())).or_default().push(row);
        }
        for ((silent, _), rows) in groups {
            if silent {
                self.silent_ports(&rows);
            } else {
                self.refused_ports(&rows, Confidence::Possible);
            }
            self.unnamed(&rows);
        }
    }

    /// Names that nobody answers for.
    pub(super) fn names(&mut self) {
        let rows = self.failing(|row| row.reason() == Some(&Reason::NameTimedOut));
        self.name_finding(Confidence::Likely, &rows);
        self.explain(&rows);
        // As quick as a name that cannot exist, and not as quick as a host: named beside what else it may be.
        let common = self.common;
        for quicker in [true, false] {
            let rows = self.failing(|row| {
                row.reason() == Some(&Reason::Failed)
                    && !self.host_answers(row.host())
                    && common.pace.like_no_name(row.check) == Some(quicker)
            });
            let confidence = if quicker { Confidence::Likely } else { Confidence::Possible };
            self.name_finding(confidence, &rows);
        }
    }

    /// Where a host fails at once on every port, its name may not resolve; without a proxy the browser looks it up.
    fn unnamed(&mut self, rows: &[Row<'a>]) {
        let named: BTreeSet<_> = self
            .findings
            .iter()
            .filter(|finding| finding.code == FindingCode::NameNotResolved)
            .flat_map(|finding| finding.checks.clone())
            .collect();
        let rows: Vec<_> = rows
            .iter()
            .copied()
            .filter(|row| {
                self.common.way != Way::Proxy
                    && (row.reason() == Some(&Reason::Failed) || ended_late(row))
                    && row.endpoint.is_some_and(Endpoint::is_named)
                    && !self.host_answers(row.host())
                    && self.common.pace.step(row.check).is_none()
                    && !named.contains(row.id())
            })
            .collect();
        self.name_finding(Confidence::Possible, &rows);
    }

    fn name_finding(&mut self, confidence: Confidence, rows: &[Row<'a>]) {
        let Some(first) = rows.first() else { return };
        let summary = Message::new("finding-name-not-resolved")
            .text("hosts", hosts_of(rows))
            .count("count", hosts_count(rows));
        let mut evidence = self.lines_with_healthy(rows, |_| true);
        let command = format!("Resolve-DnsName {}", first.host());
        evidence.push(Message::new("evidence-separates").text("command", command));
        let code = FindingCode::NameNotResolved;
        self.findings.push(finding(code, severity_of(rows), confidence, rows, summary, evidence));
    }
}

/// Whether the last request ended by itself, and took as long as silence: name servers that wait for others let it.
fn ended_late(row: &Row<'_>) -> bool {
    let last = row.check.observations().iter().rfind(|seen| requests(seen));
    row.reason() == Some(&Reason::TimedOut)
        && last.is_some_and(|last| last.outcome == Outcome::Failed && !gave_up_tls(last))
}

/// Whether a request was given all the time there is.
fn looked_deep(row: &Row<'_>) -> bool {
    row.check.observations().iter().any(|seen| seen.probe == Probe::Deep)
}
